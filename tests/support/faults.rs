//! System calls that fail: strace runs the program, and lets some of its calls end with an error.

use std::path::Path;
use std::process::Command;

use super::store::Store;

/// `program` of this store, with `calls` (as `openat`) failing as `fault` says (`error=EIO`, `error=EPERM:when=2`);
/// only those that are given one of `paths`, unless there are none.
pub fn failing(store: &Store, program: &Path, calls: &str, fault: &str, paths: &[&Path]) -> Command {
    let mut command = store.command("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:{fault}")]);
    for path in paths {
        command.arg("-P").arg(path);
    }
    command.arg(program);
    command
}

//! What a process inherits from whoever started it, and must not depend on.
use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, fstat, umask};
use nix::unistd::dup2_stderr;

use crate::error::{At, Result};

/// Files have the modes that they are made with, whatever the logger, cron or the shell has set.
///
/// Under a umask of 077 a web server could not read the pictures, and under 000 a program that is started
/// by us could make files that anybody may write to.
pub(super) fn make_files_as_told() {
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
}

/// A write to a file that may not grow any further (`RLIMIT_FSIZE`, `ulimit -f`) fails with an error, as on a full
/// disk, and does not end the process silently: SIGXFSZ is blocked.
///
/// SIGXCPU keeps its meaning, as SIGTERM does: whoever limits the time of a process wants it to end, and it may end
/// anywhere. SIGPIPE is ignored by Rust's runtime.
pub(super) fn let_large_writes_fail() {
    let mut held_back = SigSet::empty();
    held_back.add(Signal::SIGXFSZ);
    // It fails only for a wrong argument.
    let _ = held_back.thread_block();
}

/// Nothing that is said goes where the answers go. snmpd gives the programs of its `pass_persist` one pipe for both standard
/// output and standard error, and would take a warning for an answer. On a terminal they are for the same reader.
///
/// # Errors
/// When there is no `/dev/null` that standard error could be led to.
pub(super) fn keep_words_out_of_the_answers() -> Result<()> {
    let (answers, words) = (std::io::stdout(), std::io::stderr());
    let is_one = match (fstat(&answers), fstat(&words)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    };
    if is_one && !answers.is_terminal() {
        let nowhere = Path::new("/dev/null");
        let file = OpenOptions::new().write(true).open(nowhere).at("open", nowhere)?;
        dup2_stderr(file).at("lead standard error to", nowhere)?;
    }
    Ok(())
}

/// After a long time of broken rolls there are many chunks to hold open.
pub(super) fn allow_many_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

//! Real multilog, fed through a pipe.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::store::{MAILLOGS, Store};

/// A running multilog without `t`: the lines bring their labels. It and its processor are a
/// process group of their own. Dropped, it is killed.
pub struct Multilog {
    child: Child,
    stdin: Option<ChildStdin>,
}

/// Makes `link` lead to the program, unless it does already: several loggers may begin at once.
pub fn link_to_maillogs(link: &Path) {
    match symlink(MAILLOGS, link) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => panic!("symlink: {error}"),
        _ => {}
    }
}

impl Multilog {
    /// Rolls at `size` bytes through `sendlog` into the store's directory, and keeps every chunk.
    pub fn start(store: &Store, size: u32) -> Self {
        Self::by("sendlog", store, &store.logs(), size, Stdio::inherit())
    }

    /// The same with another processor and in another directory; its stderr and that of the processor go to `stderr`.
    pub fn by(processor: &str, store: &Store, dir: &Path, size: u32, stderr: Stdio) -> Self {
        let link = store.path("bin").join(processor);
        link_to_maillogs(&link);
        let mut child = store
            .command("multilog")
            .arg("n100000")
            .arg(format!("s{size}"))
            .arg(format!("!exec '{}'", link.display()))
            .arg(dir)
            .stdin(Stdio::piped())
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .expect("multilog");
        let stdin = child.stdin.take();
        Self { child, stdin }
    }

    /// Hands lines over; blocks while multilog waits for its processor and the pipe is full.
    pub fn feed(&mut self, lines: &[u8]) {
        let stdin = self.stdin.as_mut().expect("not finished yet");
        stdin.write_all(lines).expect("multilog reads");
    }

    /// Hands lines over until multilog is no more.
    pub fn feed_until_killed(&mut self, lines: &[u8]) {
        let stdin = self.stdin.as_mut().expect("not finished yet");
        for line in super::lines(lines) {
            if stdin.write_all(line).is_err() {
                return;
            }
        }
    }

    /// Ends the input and waits until everything is written and processed.
    pub fn finish(mut self) {
        drop(self.stdin.take());
        let status = self.child.wait().expect("waiting for multilog");
        assert!(status.success(), "multilog: {status}");
    }

    /// A handle that can kill it from another thread.
    pub fn group(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a multilog that was killed.
    pub fn wait_killed(mut self) {
        drop(self.stdin.take());
        self.child.wait().expect("waiting for multilog");
    }
}

impl Drop for Multilog {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            kill(self.child.id());
            let _ = self.child.wait();
        }
    }
}

/// `kill -9` of a multilog and its processor at once.
pub fn kill(group: u32) {
    // The shell's own kill: the program of that name is in a package of its own.
    let command = format!("kill -9 -{group}");
    let _ = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status();
}

/// All of `log` through one multilog.
pub fn log_through(store: &Store, size: u32, log: &[u8]) {
    let mut multilog = Multilog::start(store, size);
    multilog.feed(log);
    multilog.finish();
}

//! Processes as /proc shows them, and what is done to them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::support::process::state;
use crate::support::store::MAILLOGS;

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).expect("a process id"))
}

/// Sends a signal; that nobody is there any more is fine.
pub fn send(process: u32, signal: Signal) {
    let _ = kill(pid(process), signal);
}

/// `kill -9` of a process group.
pub fn kill_group(group: u32) {
    let _ = killpg(pid(group), Signal::SIGKILL);
}

/// Who started it, or has taken it over.
pub fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// Does it run or sleep or stand still?
pub fn is_alive(process: u32) -> bool {
    state(process).is_some_and(|letter| !matches!(letter, 'Z' | 'X'))
}

/// Stops it, and waits until it stands. `false`: it came to its end before.
pub fn stop(process: u32) -> bool {
    send(process, Signal::SIGSTOP);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match state(process) {
            Some('T') => return true,
            None | Some('Z' | 'X') => return false,
            // Within the kernel, as in fsync(2), it does not hear yet.
            Some(_) => assert!(Instant::now() < deadline, "process {process} does not stop"),
        }
    }
}

/// Kills it, and waits until it is gone.
pub fn kill_and_wait(process: u32) {
    send(process, Signal::SIGKILL);
    let deadline = Instant::now() + Duration::from_secs(60);
    while is_alive(process) {
        assert!(Instant::now() < deadline, "process {process} does not die");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Waits until `ready`, as long as it may take on a busy machine whose loggers pause.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while !ready() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes that `process` started and that are its children still.
fn children(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// The maillogs that run under `logger`, itself or with a shell between.
pub fn processors(logger: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for child in children(logger) {
        if is_maillogs(child) {
            found.push(child);
        } else {
            found.extend(children(child).into_iter().filter(|&grandchild| is_maillogs(grandchild)));
        }
    }
    found
}

fn is_maillogs(process: u32) -> bool {
    static OURS: LazyLock<PathBuf> = LazyLock::new(|| fs::canonicalize(MAILLOGS).expect("the program"));
    fs::read_link(format!("/proc/{process}/exe")).is_ok_and(|exe| exe == *OURS)
}

/// Does it hold the `flock` on this file?
pub fn holds_lock(process: u32, file: &Path) -> bool {
    let Ok(meta) = fs::metadata(file) else { return false };
    let (process, inode) = (process.to_string(), format!(":{}", meta.ino()));
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1) == Some(&"FLOCK") && words.get(4) == Some(&&*process) && words[5].ends_with(&inode)
    })
}

/// Processes whose working directory is `dir` or below it.
pub fn inhabitants(dir: &Path) -> Vec<u32> {
    let dir: PathBuf = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let entries = fs::read_dir("/proc").expect("/proc");
    let processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let lives_there =
        |process: &u32| fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|cwd| cwd.starts_with(&dir));
    processes.filter(lives_there).collect()
}

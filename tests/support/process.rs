//! Other processes: signals for them, and what Linux tells of them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::wait_until;

/// Sends `signal` (`STOP`, `CONT`, `KILL`) to a process.
pub fn send(signal: &str, pid: u32) {
    // The shell's own kill: the program of that name is in a package of its own.
    let status = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status();
    assert!(status.expect("sh").success(), "kill -{signal} {pid}");
}

/// Stops a process of ours, and waits until it is stopped; unless it has ended.
pub fn stop(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        send("STOP", child.id());
        wait_until("it is stopped", || state(child.id()).is_none_or(|s| s == 'T' || s == 'Z'));
    }
}

/// Lets a process of ours go on; unless it has ended.
pub fn go_on(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        send("CONT", child.id());
    }
}

/// The state of a process: `T` is stopped, `Z` has ended.
pub fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold anything.
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Does the process hold the `flock` on `file`?
pub fn holds(pid: u32, file: &Path) -> bool {
    descriptors(pid, file).iter().any(|number| {
        fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}"))
            .is_ok_and(|info| info.lines().any(|line| line.starts_with("lock:") && line.contains("FLOCK")))
    })
}

/// Has the process opened `file`?
pub fn has_open(pid: u32, file: &Path) -> bool {
    !descriptors(pid, file).is_empty()
}

fn descriptors(pid: u32, file: &Path) -> Vec<String> {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let of_file = entries.filter(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == file));
    of_file.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The processes that `parent` started and has not waited for.
pub fn children(parent: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").expect("/proc").flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
            after.split(' ').nth(1).and_then(|ppid| ppid.parse().ok()) == Some(parent)
        })
        .collect()
}

/// Kills a process of ours and those that it started; also while a test fails.
pub fn kill_with_children(child: &mut Child) {
    let started = if matches!(child.try_wait(), Ok(None)) { children(child.id()) } else { Vec::new() };
    let _ = child.kill();
    let _ = child.wait();
    for pid in started {
        let _ = Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).stderr(Stdio::null()).status();
    }
}

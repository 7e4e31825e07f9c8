//! The faults: which calls a run makes, and what can happen at each of them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::support::preload;

/// One fault, as `INJECT` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of call.
    pub group: String,
    /// Which of them, from 1; that and every later one where `sticky`.
    pub number: u32,
    pub sticky: bool,
    /// What happens at it.
    pub what: String,
    /// The file that the call was made on in the undisturbed run.
    pub path: String,
}

impl Fault {
    /// The value of `INJECT`.
    pub fn spec(&self) -> String {
        let plus = if self.sticky { "+" } else { "" };
        format!("{} {}{plus} {}", self.group, self.number, self.what)
    }

    /// As written in a list of cases: `GROUP N WHAT`.
    pub fn of(spec: &str) -> Self {
        let words: Vec<&str> = spec.split(' ').collect();
        let [group, number, what] = words[..] else { panic!("{spec}: is not GROUP N WHAT") };
        let sticky = number.ends_with('+');
        let number = number.trim_end_matches('+').parse().expect("a number");
        Fault { group: group.to_owned(), number, sticky, what: what.to_owned(), path: String::new() }
    }

    /// The signal that the process is to die of; `None`: it is to go on.
    pub fn kills(&self) -> bool {
        self.what.starts_with("SIG") && !self.what.starts_with("SIGPIPE")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INJECT={:?} ({})", self.spec(), self.path)
    }
}

/// A call that a run makes: its group, its number within the group, and its file.
#[derive(Clone, Debug)]
pub struct Made {
    pub group: String,
    pub number: u32,
    pub path: String,
}

/// The calls in a log of the library.
pub fn made(log: &Path) -> Vec<Made> {
    let text = fs::read(log).expect("the log of the calls");
    let text = String::from_utf8_lossy(&text);
    let calls = text.lines().filter(|line| !line.starts_with("injected"));
    calls
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().expect("GROUP N FILE").to_owned();
            let (group, number, path) = (word(), word(), word());
            Made { group, number: number.parse().expect("a number"), path }
        })
        .collect()
}

/// Everything that can happen at one of these calls.
pub fn faults(calls: &[Made]) -> Vec<Fault> {
    let mut all = Vec::new();
    for Made { group, number, path } in calls {
        let (once, from_here_on) = what_happens(group, *number);
        for (list, sticky) in [(once, false), (from_here_on, true)] {
            for what in list {
                let what = (*what).to_owned();
                let (group, path) = (group.clone(), path.clone());
                all.push(Fault { group, number: *number, sticky, what, path });
            }
        }
    }
    all
}

/// What can happen at a call of `group` once, and what can happen at it and at all that follow.
fn what_happens(group: &str, number: u32) -> (&'static [&'static str], &'static [&'static str]) {
    match group {
        "open" => (&["EIO", "EMFILE", "ENFILE", "ESTALE", "EACCES", "ENOMEM", "EINTR"], &["EMFILE", "EIO"]),
        "create" => (
            &["EIO", "ENOSPC", "EDQUOT", "EMFILE", "EROFS", "EACCES", "ESTALE", "EINTR", "EIO-after"],
            &["ENOSPC", "EROFS"],
        ),
        "opendir" => (&["EIO", "EMFILE", "EACCES", "ESTALE", "ENOMEM"], &["EMFILE"]),
        "readdir" => (&["EIO", "ESTALE"], &[]),
        "closedir" => (&["EIO", "EINTR"], &["EIO"]),
        "read" => (&["EIO", "ESTALE", "EINTR", "short"], &["EIO", "short"]),
        "write" => {
            (&["EIO", "ENOSPC", "EDQUOT", "EINTR", "EPIPE", "SIGPIPE", "short"], &["ENOSPC", "EIO", "short"])
        }
        "fsync" | "fdatasync" => (&["EIO", "ENOSPC", "EDQUOT"], &["EIO"]),
        "rename" => (&["EIO", "ENOSPC", "EROFS", "EACCES", "ESTALE", "EIO-after"], &["EIO"]),
        "link" => (&["EIO", "EMLINK", "ENOSPC", "EACCES", "EIO-after"], &["EPERM"]),
        "unlink" => (&["EIO", "EROFS", "EACCES", "EIO-after"], &["EIO"]),
        "mkdir" => (&["EIO", "ENOSPC", "EROFS", "EACCES", "EIO-after"], &["ENOSPC"]),
        "truncate" => (&["EIO", "ENOSPC", "EINTR"], &["EIO"]),
        "allocate" => (&["ENOSPC", "EDQUOT", "EIO", "EINTR", "EOPNOTSUPP"], &["ENOSPC"]),
        "mmap" => (&["ENOMEM", "EACCES"], &["ENOMEM"]),
        "msync" => (&["EIO"], &["EIO"]),
        "close" => (&["EIO", "EINTR", "ENOSPC"], &["EIO"]),
        "stat" => (&["EIO", "ESTALE", "EACCES", "ENOMEM"], &["EIO"]),
        "lock" => (&["EIO", "ENOLCK", "EINTR"], &["ENOLCK"]),
        "chmod" | "chown" => (&["EIO", "EROFS", "EPERM"], &["EPERM"]),
        "ids" => (&["EPERM", "EIO"], &["EPERM"]),
        "dup" => (&["EMFILE"], &["EMFILE"]),
        "seek" => (&["EIO"], &[]),
        "readlink" => (&["EIO", "EACCES"], &["EIO"]),
        "lookup" => (&["EIO", "EMFILE"], &["EIO"]),
        "change" if number.is_multiple_of(4) => {
            (&["SIGKILL", "SIGKILL-after", "SIGTERM", "SIGINT-after", "SIGHUP", "SIGALRM-after"], &[])
        }
        "change" => (&["SIGKILL", "SIGKILL-after"], &[]),
        other => panic!("calls of an unknown group {other}"),
    }
}

/// The library.
pub fn library() -> &'static Path {
    static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| preload::library("tests/torture/inject/inject.c"));
    &LIBRARY
}

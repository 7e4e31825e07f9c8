//! A syslog file that is rotated in every way that exists, while it is written and read.
//!
//! Each line carries its number and the number's square, and toaster.conf sums both up: a line lost and another
//! doubled would have to agree in count, sum and sum of squares to go unnoticed.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::store::{Answer, Store};

const LINES: u64 = 100_000;
const ROTATIONS: u64 = 20;

const OWN: &str = r#"
[[counter]]
protocol = "smtp"
name = "number"
match = 'u(?<n>[0-9]+)q[0-9]+@example'
sum = "n"

[[counter]]
protocol = "smtp"
name = "square"
match = 'u[0-9]+q(?<n>[0-9]+)@example'
sum = "n"
"#;

/// The writer (syslogd) and whoever rotates its file.
struct Syslog {
    path: PathBuf,
    file: File,
    written: u64,
}

impl Syslog {
    fn begin(path: PathBuf) -> Self {
        let file = append(&path);
        Syslog { path, file, written: 0 }
    }

    /// Writes up to line `until`, in writes of several lines, the last of which may be cut in its middle.
    fn write(&mut self, until: u64) {
        let mut text = String::new();
        for n in self.written + 1..=until {
            let second = n * 3600 / LINES;
            text += &format!(
                "Sep 28 {:02}:{:02}:{:02} mx1 vpopmail[{}]: vchkpw-smtp: (PLAIN) login success u{n}q{}@example.org:192.0.2.7\n",
                20 + second / 3600,
                second / 60 % 60,
                second % 60,
                n % 30_000,
                n * n,
            );
        }
        self.written = until;
        self.file.write_all(text.as_bytes()).expect("writing the log");
    }

    /// A line in two writes, with `between` in their middle.
    fn write_in_two(&mut self, between: impl FnOnce()) {
        let n = self.written + 1;
        let line = format!(
            "Sep 28 21:00:00 mx1 vpopmail[1]: vchkpw-smtp: (PLAIN) login success u{n}q{}@example.org:192.0.2.7\n",
            n * n
        );
        let (head, tail) = line.split_at(60);
        self.file.write_all(head.as_bytes()).expect("writing the log");
        between();
        self.file.write_all(tail.as_bytes()).expect("writing the log");
        self.written = n;
    }

    fn older(&self, n: u64, suffix: &str) -> PathBuf {
        self.path.with_file_name(format!("maillog.{n}{suffix}"))
    }

    /// `maillog.N` → `maillog.N+1` for all of them.
    fn shift(&self) {
        for n in (0..ROTATIONS + 2).rev() {
            for suffix in ["", ".gz", ".bz2", ".xz", ".zst"] {
                let from = self.older(n, suffix);
                if from.exists() {
                    fs::rename(from, self.older(n + 1, suffix)).expect("shifting");
                }
            }
        }
    }

    fn reopen(&mut self) {
        self.file = append(&self.path);
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).expect("the log")
}

fn compress(program: &str, path: &Path) {
    let mut command = Command::new(program);
    if program == "zstd" {
        command.args(["-q", "--rm"]);
    }
    let status = command.arg(path).status().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(status.success(), "{program}: {status}");
}

/// Writes 100,000 lines and rotates 20 times by `rotate`, with updates and queries now and then; gives how many
/// lines were lost and how many were doubled.
fn torture(mut rotate: impl FnMut(&mut Syslog, u64, &dyn Fn(u64))) -> (i128, i128) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("maillog");
    let store = Store::with(&format!("logs_syslog = {path:?}\n{OWN}"));
    let mut log = Syslog::begin(path);
    let mut before = 0;
    let mut asked = 0;
    let poll = |n: u64| {
        // An odd pattern: several rotations between two updates, queries in between.
        match n % 7 {
            0 | 3 => drop(store.run(&["update", "smtp"])),
            1 | 4 => drop(store.run(&["smtp"])),
            _ => {}
        }
    };
    for n in 0..ROTATIONS {
        log.write((2 * n + 1) * LINES / (2 * ROTATIONS));
        poll(n);
        log.write_in_two(|| poll(n + 1));
        rotate(&mut log, n, &poll);
        poll(n + 2);
        log.write((n + 1) * LINES / ROTATIONS);
        if n % 3 == 0 {
            let answer = number(&store, "smtp_auth_success");
            assert!(answer >= before, "a query went back from {before} to {answer}");
            before = answer;
            asked += 1;
        }
    }
    assert!(asked > 5);
    store.run(&["update"]);
    let (count, sum, squares) =
        (number(&store, "smtp_auth_success"), number(&store, "number"), number(&store, "square"));
    let n = i128::from(LINES);
    let all = (n, n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6);
    if (count, sum, squares) == all {
        return (0, 0);
    }
    (
        all.0 - count.min(all.0),
        count.max(all.0) - all.0 + i128::from((count, sum, squares) != all && count == all.0),
    )
}

fn number(store: &Store, key: &str) -> i128 {
    Answer::parse(&store.run(&["smtp"])).text(key).parse().expect("a whole number")
}

fn report(way: &str, (lost, doubled): (i128, i128)) {
    println!("{way}: {LINES} lines, {ROTATIONS} rotations: lost {lost}, doubled {doubled}");
    assert_eq!((lost, doubled), (0, 0), "{way}");
}

#[test]
fn renamed() {
    report(
        "rename",
        torture(|log, n, poll| {
            log.shift();
            fs::rename(&log.path, log.older(0, "")).expect("rotating");
            poll(n + 3);
            // Until it is told to open its file again, syslogd goes on in the old one.
            log.write(log.written + 50);
            poll(n + 4);
            log.reopen();
        }),
    );
}

#[test]
fn copied_and_truncated() {
    report(
        "copytruncate",
        torture(|log, n, poll| {
            log.shift();
            // The writer pauses: what is written between copy and truncation, the tool itself loses.
            fs::copy(&log.path, log.older(0, "")).expect("copying");
            poll(n + 3);
            log.file.set_len(0).expect("truncating");
            poll(n + 4);
        }),
    );
}

#[test]
fn compressed_at_once() {
    report(
        "compressed at once",
        torture(|log, n, poll| {
            log.shift();
            let program = ["gzip", "bzip2", "xz", "zstd"][usize::try_from(n % 4).expect("small")];
            fs::rename(&log.path, log.older(0, "")).expect("rotating");
            log.reopen();
            if n % 2 == 0 {
                poll(n + 3);
            }
            compress(program, &log.older(0, ""));
        }),
    );
}

#[test]
fn named_by_date() {
    report(
        "renamed with dates",
        torture(|log, n, poll| {
            let day = log.path.with_file_name(format!("maillog-202609{:02}", n / 2 + 1));
            let name = if n % 2 == 0 {
                day
            } else {
                day.with_extension("").with_file_name(format!("maillog-202609{:02}-1", n / 2 + 1))
            };
            fs::rename(&log.path, &name).expect("rotating");
            log.reopen();
            poll(n + 3);
            if n % 3 == 0 {
                compress("gzip", &name);
            }
        }),
    );
}

//! One who holds the lock is stopped, and goes on or is killed later: queries answer all the while, rolls wait.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::count;
use crate::support::process::{self, has_open, holds};
use crate::support::store::{Answer, Store, assert_same_bytes};
use crate::support::{full_size, lines, rrd, traffic, wait_until};

const PROTOCOLS: [&str; 13] = [
    "send",
    "rbl",
    "smtp",
    "pop3",
    "imap",
    "webmail",
    "spamassassin",
    "qmailscanner",
    "delivery",
    "postfix",
    "haraka",
    "rspamd",
    "queue",
];
/// What syslog says, and which counter of which protocol it raises.
const LOGINS: [(&str, &str, &str); 2] = [
    ("vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7", "smtp", "smtp_auth_success"),
    (
        "spamd[9]: spamd: clean message (0.1/5.0) for a:89 in 1.3 seconds, 1200 bytes.",
        "spamassassin",
        "sa_ham",
    ),
];

/// Where the holder is stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// It has the lock of `send`.
    Locked,
    /// It has those of the protocols that read syslog.
    AllLocked,
    /// Its journal is there: the commit has happened, and is not over.
    Committing,
}

/// What becomes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    IsKilled,
}

#[test]
fn stopped_with_the_lock() {
    stopped(When::Locked, Then::GoesOn);
}

#[test]
fn killed_with_the_lock() {
    stopped(When::Locked, Then::IsKilled);
}

#[test]
fn stopped_with_the_locks_of_all_who_read_syslog() {
    stopped(When::AllLocked, Then::GoesOn);
}

#[test]
fn killed_with_the_locks_of_all_who_read_syslog() {
    stopped(When::AllLocked, Then::IsKilled);
}

#[test]
fn stopped_in_mid_commit() {
    stopped(When::Committing, Then::GoesOn);
}

#[test]
fn killed_in_mid_commit() {
    stopped(When::Committing, Then::IsKilled);
}

/// A store whose logs grow piece by piece.
struct Growing {
    store: Store,
    /// What comes next, oldest first.
    pieces: std::vec::IntoIter<Vec<u8>>,
    /// What stands in `current` or stood there.
    logged: Vec<u8>,
    /// Of each of [`LOGINS`] the lines that were written.
    logins: u64,
}

impl Growing {
    fn new() -> Self {
        let log = traffic(71, 0.2, 1.0);
        let all: Vec<&[u8]> = lines(&log).collect();
        let pieces: Vec<Vec<u8>> = all.chunks(all.len().div_ceil(60)).map(<[&[u8]]>::concat).collect();
        Self { store: Store::with_syslog(), pieces: pieces.into_iter(), logged: Vec::new(), logins: 0 }
    }

    /// More lines in `current` and in syslog.
    fn grow(&mut self) {
        let piece = self.pieces.next().expect("more of the log: it was never met at the right moment");
        self.logged.extend(&piece);
        let append = |path: PathBuf, text: &[u8]| {
            let mut file = OpenOptions::new().append(true).create(true).open(path).expect("a log");
            file.write_all(text).expect("appending");
        };
        append(self.store.logs().join("current"), &piece);
        let text: String =
            (0..500).flat_map(|_| LOGINS.map(|(text, ..)| format!("Jun 19 09:12:24 mx1 {text}\n"))).collect();
        self.logins += 500;
        append(self.store.syslog(), text.as_bytes());
    }

    /// `current` becomes `previous`, as in a roll, and its processor is started. Gives it, what it was given, and
    /// where its output goes.
    fn roll(&mut self) -> (Child, Vec<u8>, PathBuf) {
        let (current, previous) = (self.store.logs().join("current"), self.store.logs().join("previous"));
        fs::rename(&current, &previous).expect("a roll");
        let chunk = fs::read(&previous).expect("previous");
        self.grow();
        (self.process(), chunk, self.store.logs().join("processed"))
    }

    fn process(&self) -> Child {
        let logs = self.store.logs();
        self.store
            .command(self.store.sendlog())
            .current_dir(&logs)
            .stdin(File::open(logs.join("previous")).expect("previous"))
            .stdout(File::create(logs.join("processed")).expect("processed"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("sendlog")
    }

    /// An `update` that is stopped at the right moment.
    fn stop(&mut self, when: When) -> Child {
        let state = self.store.base().join("state");
        loop {
            self.grow();
            // While a backup reads the RRD, a commit waits for it behind its journal.
            let backup =
                (when == When::Committing).then(|| rrd::lock(&self.store.rrd()).expect("nobody writes"));
            let mut update = self
                .store
                .command(crate::support::store::MAILLOGS)
                .args(["update", "--flush"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("update");
            let pid = update.id();
            let there = || match when {
                When::Locked => holds(pid, &state.join("send.lock")),
                When::AllLocked => {
                    ["smtp", "spamassassin"].iter().all(|p| holds(pid, &state.join(format!("{p}.lock"))))
                }
                When::Committing => state.join("send.journal").exists(),
            };
            while !there() && update.try_wait().expect("update").is_none() {}
            process::stop(&mut update);
            drop(backup);
            if process::state(pid) == Some('T') && there() {
                return update;
            }
            // It was over before it stood still.
            process::go_on(&mut update);
            assert!(update.wait().expect("update").success());
        }
    }

    /// Panics unless every protocol's query is right and quick, five at a time.
    fn ask(&self) {
        for protocol in PROTOCOLS {
            std::thread::scope(|scope| {
                for _ in 0..5 {
                    scope.spawn(|| {
                        let begun = Instant::now();
                        let output = self.store.maillogs(&[protocol]);
                        let took = begun.elapsed();
                        assert!(output.status.success(), "{protocol}: {output:?}");
                        assert!(took < Duration::from_secs(3), "{protocol}: {took:?}");
                        self.assert_right(protocol, &Answer::parse(&String::from_utf8_lossy(&output.stdout)));
                    });
                }
            });
        }
    }

    fn assert_right(&self, protocol: &str, answer: &Answer) {
        if protocol == "send" {
            answer.assert_counts(&count::count(&self.logged));
        }
        for (_, of, key) in LOGINS {
            if of == protocol {
                assert_eq!(answer.text(key), self.logins.to_string(), "{protocol}: {key}");
            }
        }
    }
}

fn stopped(when: When, then: Then) {
    let mut growing = Growing::new();
    growing.grow();
    growing.store.flush();
    let mut update = growing.stop(when);
    growing.grow();
    growing.ask();

    let waits = when != When::AllLocked;
    let (mut roll, chunk, processed) = growing.roll();
    let begun = Instant::now();
    if !waits {
        assert!(roll.wait().expect("the roll").success(), "nobody holds its lock");
    }
    growing.ask();
    // It looks for some seconds before it says so.
    let output = growing.store.maillogs(&["check"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let holder = format!("by process {} (", update.id());
    let name = if waits { "send.lock" } else { "smtp.lock" };
    assert!(text.lines().any(|line| line.contains(name) && line.contains(&holder)), "{holder}\n{text}");
    if waits {
        wait_until("it waits for two seconds", || begun.elapsed() > Duration::from_secs(2));
        assert!(
            has_open(roll.id(), &growing.store.base().join("state/send.lock")),
            "it does not wait for it"
        );
        assert_eq!(roll.try_wait().expect("the roll"), None, "it does not wait");
        assert_eq!(fs::read(&processed).expect("processed"), b"", "passed through without the lock");
    }
    if waits && full_size() {
        let code = roll.wait().expect("the roll").code();
        let waited = begun.elapsed();
        assert_eq!(code, Some(111));
        assert!((30..45).contains(&waited.as_secs()), "it gave up after {waited:?}");
        assert_eq!(fs::read(&processed).expect("processed"), b"", "passed through without the lock");
        growing.ask();
        roll = growing.process();
    }

    let signal = if then == Then::GoesOn { "CONT" } else { "KILL" };
    process::send(signal, update.id());
    assert_eq!(update.wait().expect("update").success(), then == Then::GoesOn);
    if waits {
        let output = roll.wait_with_output().expect("the roll");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    let store = &growing.store;
    assert_same_bytes("passed through", &fs::read(&processed).expect("processed"), &chunk);
    fs::remove_file(store.logs().join("previous")).expect("previous");
    growing.ask();
    store.flush();
    growing.ask();
    assert_same_bytes("the archive", &store.archived(), &chunk);
    let bins = count::by_bin(&growing.logged, 60);
    let (first, last) = (bins.keys().next().expect("bins") - 60, *bins.keys().last().expect("bins"));
    let rows = rrd::fetch(&store.rrd(), 60, first, last);
    for (key, expected) in count::count(&growing.logged) {
        if !count::FRACTIONS.contains(&key) {
            assert_eq!(rows[rrd::source_of(key)].values().sum::<u128>(), expected, "{key} in the RRD");
        }
    }
}

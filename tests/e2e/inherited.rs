//! What a process inherits from a logger, from cron or from a shell: its umask, its limits, where its output goes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::labelled;
use crate::support::store::{Answer, MAILLOGS, Store, stderr};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// `program` after the shell has done `first`.
fn after(store: &Store, first: &str, program: impl AsRef<Path>) -> Command {
    let mut command = store.command("sh");
    command.arg("-c").arg(format!("{first} && exec \"$@\"")).arg("sh").arg(program.as_ref());
    command
}

/// Everything below `dir`, by its path below it: is it a directory, and its mode.
fn modes(dir: &Path) -> Vec<(String, bool, u32)> {
    fn walk(top: &Path, dir: &Path, all: &mut Vec<(String, bool, u32)>) {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let meta = fs::symlink_metadata(&path).expect("metadata");
            let name = path.strip_prefix(top).expect("below it").display().to_string();
            all.push((name, meta.is_dir(), meta.permissions().mode() & 0o7777));
            if meta.is_dir() {
                walk(top, &path, all);
            }
        }
    }
    let mut all = Vec::new();
    walk(dir, dir, &mut all);
    all.sort();
    all
}

#[test]
fn files_have_their_modes_whatever_the_umask_is() {
    for umask in ["000", "027", "077", "0177"] {
        let store = Store::with("graphs_dir = \"www/mail/graphs\"\n");
        fs::remove_dir(store.logs()).expect("rmdir");
        fs::create_dir(store.logs()).expect("mkdir");
        fs::write(store.logs().join("current"), "").expect("a log");
        let before: BTreeSet<String> = modes(&store.base()).into_iter().map(|(name, ..)| name).collect();
        let start = now() - 900;
        let mut chunk: String =
            (0..20).map(|n| labelled(start + n * 10, n, &format!("new msg {n}"))).collect();
        // Its last line goes on in the next chunk, and waits in a file that nobody else may read.
        chunk += labelled(start + 200, 1, "new msg 20").trim_end_matches("20\n");
        let set = format!("umask {umask}");
        let rolled = store.postprocess_by(&mut after(&store, &set, store.sendlog()), chunk.as_bytes());
        assert!(rolled.status.success(), "{}", stderr(&rolled));
        for words in [&["update", "--flush"][..], &["graph", "messages", "--period", "day"]] {
            let output = after(&store, &set, MAILLOGS).args(words).output().expect("sh");
            assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        }
        let found: Vec<_> =
            modes(&store.base()).into_iter().filter(|(name, ..)| !before.contains(name)).collect();
        for (name, is_dir, mode) in &found {
            let wanted = match name.rsplit('.').next() {
                _ if *is_dir => 0o755,
                Some("lock" | "packing" | "held") => 0o600,
                _ => 0o644,
            };
            assert_eq!(format!("{mode:o}"), format!("{wanted:o}"), "umask {umask}: {name}");
        }
        let is_there = |wanted: &str| found.iter().any(|(name, ..)| name.ends_with(wanted));
        for wanted in [
            "counters/send.txt",
            "state/send.state",
            "state/send.lock",
            "state/send.held",
            "state/.send.minutes",
            "counters/.send.minutes",
            "counters/.send.state",
            "rrd/send.rrd",
            "rrd/.send.state",
            "/sendlog",
            "www/mail/graphs",
            ".png",
            ".html",
        ] {
            assert!(is_there(wanted), "umask {umask}: {wanted} is missing: {found:?}");
        }
    }
}

/// Blocks of 512 bytes, for `ulimit -f`: from a file that cannot be begun to one that holds everything but the RRD.
const LIMITS: [u32; 9] = [0, 1, 2, 4, 8, 32, 64, 128, 300];

#[test]
fn a_roll_that_may_write_no_larger_files_is_tried_again() {
    let start = now() - 3_000;
    let chunk: String = (0..1_000).map(|n| labelled(start + n, n, &format!("new msg {n}"))).collect();
    // 54 bytes a line: more than 64 blocks, fewer than 128.
    assert!((64 * 512..128 * 512).contains(&chunk.len()), "{}", chunk.len());
    for limit in LIMITS {
        let store = Store::new();
        let limited = &mut after(&store, &format!("ulimit -f {limit}"), store.sendlog());
        let rolled = store.postprocess_by(limited, chunk.as_bytes());
        if limit <= 64 {
            assert_eq!(rolled.status.code(), Some(111), "{limit}: {}: {}", rolled.status, stderr(&rolled));
            assert!(stderr(&rolled).contains("File too large; exit 111"), "{limit}: {}", stderr(&rolled));
            assert_eq!(store.query().text("message_new"), "1000", "{limit}: `previous` still has the lines");
            assert!(store.archived().is_empty(), "{limit}");
            let again = store.postprocess(chunk.as_bytes());
            assert!(again.status.success(), "{limit}: {}", stderr(&again));
            assert!(again.stdout == chunk.as_bytes(), "{limit}: what was passed through");
        } else {
            // Only the RRD is larger than that, and it stops no log.
            assert!(rolled.status.success(), "{limit}: {}: {}", rolled.status, stderr(&rolled));
            assert!(stderr(&rolled).contains("send.rrd"), "{limit}: {}", stderr(&rolled));
        }
        store.flush();
        assert_eq!(store.query().text("message_new"), "1000", "{limit}");
        assert!(store.archived() == chunk.as_bytes(), "{limit}: the archive");
        let step = 60;
        let (begin, end) = (start / step * step - step, now() / step * step + step);
        let rows = crate::support::rrd::fetch(&store.rrd(), step, begin, end);
        assert_eq!(rows["message_new"].values().sum::<u128>(), 1_000, "{limit}: the RRD");
    }
}

#[test]
fn an_update_that_may_write_no_larger_files_fails_and_says_so() {
    for limit in LIMITS {
        let store = Store::with_syslog();
        let line = |n: u64| {
            format!(
                "Sep 28 22:45:{:02} mx1 dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, mpid={n}, session=<s>\n",
                n % 60
            )
        };
        fs::write(store.syslog(), (0..500).map(line).collect::<String>()).expect("a syslog");
        let output =
            after(&store, &format!("ulimit -f {limit}"), MAILLOGS).arg("update").output().expect("sh");
        assert!(output.status.code().is_some(), "{limit}: {}", output.status);
        if limit <= 1 {
            assert_eq!(output.status.code(), Some(1), "{limit}: {}", stderr(&output));
            assert!(stderr(&output).contains("cannot write: File too large"), "{limit}: {}", stderr(&output));
        }
        let counted = || Answer::parse(&store.run(&["imap"])).text("imap_connect").to_owned();
        assert_eq!(counted(), "500", "{limit}: before the next update");
        store.run(&["update"]);
        assert_eq!(counted(), "500", "{limit}");
    }
}

/// `maillogs WORDS` with its standard output on `stdout`: its exit code, and what it said.
fn printing_to(store: &Store, words: &[&str], stdout: impl Into<Stdio>) -> (Option<i32>, String) {
    let output: Output =
        store.command(MAILLOGS).args(words).stdout(stdout).stderr(Stdio::piped()).output().expect("maillogs");
    (output.status.code(), stderr(&output))
}

const PRINTING: [&[&str]; 12] = [
    &["help"],
    &["--help"],
    &["--version"],
    &["help", "send"],
    &["graph", "--help"],
    &["check"],
    &["check", "--format", "json"],
    &["config"],
    &["config", "--toml"],
    &["show"],
    &["send"],
    &["imap"],
];

#[test]
fn what_cannot_be_printed_is_no_success() {
    let store = Store::with_syslog();
    fs::write(store.syslog(), "").expect("a syslog");
    store.run(&["update"]);
    for words in PRINTING {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let (code, said) = printing_to(&store, words, full);
        assert_eq!(code, Some(1), "{words:?}: {said}");
        assert_eq!(said, "maillogs: standard output: cannot write: No space left on device\n", "{words:?}");
    }
    // Called by a logger's name, too.
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = store.command(store.sendlog()).arg("--help").stdout(full).output().expect("sendlog");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error_unless_it_is_a_poller() {
    let store = Store::with_syslog();
    fs::write(store.syslog(), "").expect("a syslog");
    store.run(&["update"]);
    for words in PRINTING {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        let open = printing_to(&store, words, write);
        let mut text = String::new();
        read.read_to_string(&mut text).expect("UTF-8");
        assert!(!text.is_empty(), "{words:?}");
        let (read, write) = std::io::pipe().expect("a pipe");
        drop(read);
        let closed = printing_to(&store, words, write);
        if matches!(words, ["send" | "imap"]) {
            let said = "maillogs: standard output: cannot write: Broken pipe\n";
            assert_eq!(closed, (Some(1), said.to_owned()), "{words:?}");
        } else {
            assert_eq!(closed, open, "{words:?}");
        }
    }
}

//! A program whose stderr a logger keeps, as Dovecot's under multilog, svlogd or s6-log, and `logs_syslog` names
//! `DIR/current`: many lines, which the test itself writes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::store::{Answer, Store};
use crate::support::wait_until;

const LINES: u64 = 6_000;

/// As Dovecot writes it where its `log_path` is /dev/stderr.
fn line(n: u64) -> String {
    format!(
        "imap-login: Info: Login: user=<u{n}q{}@example.org>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, mpid={n}, TLS, session=<s{n}>\n",
        n * n
    )
}

const OWN: &str = r#"
[[counter]]
protocol = "imap"
name = "number"
match = 'user=<u(?<n>[0-9]+)q[0-9]+@example'
sum = "n"

[[counter]]
protocol = "imap"
name = "square"
match = 'user=<u[0-9]+q(?<n>[0-9]+)@example'
sum = "n"
"#;

/// The logger's command line in `dir`, which rolls every `size` bytes or so and keeps every file.
pub(super) fn logger(program: &str, size: u32, dir: &Path) -> Command {
    let mut command = Command::new(program);
    match program {
        "multilog" | "s6-log" => command.args(["t", "n1000", &format!("s{size}")]),
        "svlogd" => {
            fs::write(dir.join("config"), format!("s{size}\nn1000\n")).expect("config");
            command.arg("-tt")
        }
        other => panic!("{other}"),
    };
    command.arg(dir).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

pub(super) fn rolls(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).expect("the log directory");
    entries.filter(|e| e.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().starts_with('@'))).count()
}

fn value(store: &Store, key: &str) -> i128 {
    Answer::parse(&store.run(&["imap"])).text(key).parse().expect("a whole number")
}

/// Lines of a real file, by wc(1).
fn lines_in(dir: &Path) -> u64 {
    let command = format!("cat '{}'/@* '{0}/current' 2>/dev/null | wc -l", dir.display());
    let output = Command::new("sh").args(["-c", &command]).output().expect("wc");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

fn write(logger: &mut Child, from: u64, to: u64) {
    let text: String = (from..to).map(line).collect();
    logger.stdin.as_mut().expect("a pipe").write_all(text.as_bytes()).expect("writing to the logger");
}

/// Writes all lines, while updates and queries are made that nothing waits for.
fn through(program: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let log: PathBuf = dir.path().join("dovecot");
    fs::create_dir(&log).expect("mkdir");
    let store = Store::with(&format!("logs_syslog = {:?}\n{OWN}", log.join("current")));
    let mut child = logger(program, 15_000, &log).spawn().unwrap_or_else(|e| panic!("{program}: {e}"));
    write(&mut child, 1, 11);
    wait_until("the first lines are there", || lines_in(&log) == 10);
    store.run(&["update", "imap"]);
    let (mut asked, mut before) = (0, 0);
    let mut from = 11;
    // Pieces of odd sizes: sometimes several rolls lie between two polls, sometimes several polls within one.
    for (turn, size) in [7, 400, 13, 120, 3, 90, 260, 31].into_iter().cycle().enumerate() {
        let to = (from + size).min(LINES + 1);
        write(&mut child, from, to);
        from = to;
        match turn % 3 {
            0 => drop(store.run(&["update", "imap"])),
            1 => {
                let answer = value(&store, "imap_ssl_success");
                assert!(answer >= before, "{program}: a query fell from {before} to {answer}");
                assert!(answer < i128::from(from), "{program}: {answer} of {from} lines");
                (before, asked) = (answer, asked + 1);
            }
            _ => {}
        }
        if from > LINES {
            break;
        }
    }
    drop(child.stdin.take());
    assert!(child.wait().expect("the logger").success(), "{program}");
    let n = i128::from(LINES);
    let all = (n, n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6);
    assert_eq!(lines_in(&log), LINES, "{program} has kept every line");
    assert!(rolls(&log) >= 20 && asked >= 10, "{program}: {} rolls, {asked} queries", rolls(&log));
    for _ in 0..2 {
        let got = (value(&store, "imap_ssl_success"), value(&store, "number"), value(&store, "square"));
        assert_eq!(got, all, "{program}");
        store.run(&["update", "imap"]);
    }
}

#[test]
fn dovecot_under_multilog() {
    through("multilog");
}

#[test]
fn dovecot_under_svlogd() {
    through("svlogd");
}

#[test]
fn dovecot_under_s6_log() {
    through("s6-log");
}

/// The real samples of a directory that s6-log left, with a roll behind the last poll.
#[test]
fn a_roll_behind_the_last_poll_is_counted() {
    for rolled in ["previous", "@400000006b0b11f1304a86a4.s", "@400000006b0b11f1304a86a4.u"] {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::with(&format!("logs_syslog = {:?}\n", dir.path().join("current")));
        let stamps = [
            "6b0b11f11be9baa4",
            "6b0b11f11be9be8c",
            "6b0b11f1304a7ed4",
            "6b0b11f1304a86a4",
            "6b0b11f224a4ed94",
            "6b0b11f224a4f564",
        ];
        let text = |range: std::ops::Range<usize>| -> String {
            stamps[range].iter().zip(1..).map(|(stamp, n)| format!("@40000000{stamp} {}", line(n))).collect()
        };
        let current = dir.path().join("current");
        fs::write(&current, text(0..3)).expect("current");
        store.run(&["update"]);
        fs::write(&current, text(0..4)).expect("current");
        fs::rename(&current, dir.path().join(rolled)).expect("a roll");
        assert_eq!(value(&store, "imap_ssl_success"), 4, "{rolled}: in the middle of the roll");
        fs::write(&current, text(4..6)).expect("current");
        assert_eq!(value(&store, "imap_ssl_success"), 6, "{rolled}");
        let output = store.maillogs(&["update"]);
        assert!(output.status.success() && output.stderr.is_empty(), "{rolled}: {output:?}");
        assert_eq!(value(&store, "imap_ssl_connect"), 6, "{rolled}");
    }
}

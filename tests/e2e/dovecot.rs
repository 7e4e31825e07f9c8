//! Real Dovecot, whose log is its stderr, under multilog, svlogd and s6-log: what its clients did is what is counted,
//! though the logger rolls every few lines while updates and queries are made.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::dovecot::{Dovecot, Visit};
use crate::support::store::{Answer, Store};
use crate::support::wait_until;

use super::logger_logs::{logger, rolls};

/// Each round has every visit twice in plain text and once with TLS, all at the same time.
const ROUNDS: u64 = 20;
const VISITS: [Visit; 5] = [Visit::Right, Visit::Wrong, Visit::Second, Visit::Silent, Visit::Leave];

/// The sum of the numbers in the names of users: once for each visit of somebody who named a user.
const OWN: &str = r#"
[[counter]]
protocol = "imap"
name = "number"
match = 'user=<user(?<n>[0-9]+)q>'
sum = "n"
"#;

/// The keys with what the clients have done: a visit is a connection, whether or not there was a login. Who names the
/// right password at last has logged in.
fn expected() -> Vec<(&'static str, u64)> {
    let (plain, tls) = (2 * ROUNDS, ROUNDS);
    // Users are numbered from 1 on, three for each of the five visits; the first three of the five name one.
    let number = (0..ROUNDS).flat_map(|round| (1..=9).map(move |n| round * 15 + n)).sum();
    vec![
        ("imap_success", 2 * plain),
        ("imap_ssl_success", 2 * tls),
        ("imap_connect", 5 * plain),
        ("imap_ssl_connect", 5 * tls),
        ("imap_fail", plain),
        ("imap_ssl_fail", tls),
        ("number", number),
    ]
}

/// How many lines of all files in `dir` grep -E finds.
fn grep(dir: &Path, pattern: &str) -> u64 {
    let command = format!("cat '{}'/@* '{0}/current' 2>/dev/null | grep -cE '{pattern}'", dir.display());
    let output = Command::new("sh").args(["-c", &command]).output().expect("grep");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

fn ask(store: &Store) -> Answer {
    Answer::parse(&store.run(&["imap"]))
}

fn connections(answer: &Answer) -> u64 {
    let number = |key| answer.text(key).parse::<u64>().expect("a whole number");
    number("imap_connect") + number("imap_ssl_connect")
}

fn round(dovecot: &Dovecot, round: u64) {
    let visits = VISITS.into_iter().flat_map(|visit| [(visit, false), (visit, false), (visit, true)]);
    std::thread::scope(|scope| {
        for (n, (visit, tls)) in (1..).zip(visits) {
            scope.spawn(move || dovecot.visit(visit, tls, &format!("user{}q", round * 15 + n)));
        }
    });
}

/// `more` is of Dovecot's configuration.
fn through(program: &str, more: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("dovecot");
    fs::create_dir(&log).expect("mkdir");
    let store = Store::with(&format!("logs_syslog = {:?}\n{OWN}", log.join("current")));
    let mut logger = logger(program, 4_096, &log).spawn().unwrap_or_else(|e| panic!("{program}: {e}"));
    let stdin = logger.stdin.take().expect("a pipe");
    // Its debugging brings many lines of other kinds.
    let mut dovecot =
        Dovecot::start(Stdio::from(stdin), &format!("auth_verbose = yes\nlog_debug = category=auth\n{more}"));
    dovecot.wait_until_it_runs(|| fs::read_to_string(log.join("current")).unwrap_or_default());
    store.run(&["update", "imap"]);
    let mut before = 0;
    for n in 0..ROUNDS {
        std::thread::scope(|scope| {
            scope.spawn(|| round(&dovecot, n));
            if n % 3 == 0 {
                store.run(&["update", "imap"]);
            }
            let answer = connections(&ask(&store));
            assert!(answer >= before, "{program}: a query fell from {before} to {answer}");
            assert!(answer <= (n + 1) * 15, "{program}: {answer} connections in round {n}");
            before = answer;
        });
    }
    let ends = "imap-login: Info: .* rip=";
    wait_until("every visit is logged", || grep(&log, ends) == 15 * ROUNDS);
    dovecot.stop();
    assert!(logger.wait().expect("the logger").success(), "{program}");
    assert!(rolls(&log) >= 20, "{program}: {} rolls", rolls(&log));

    let expected = expected();
    let split = |pattern: &str| {
        let tls = grep(&log, &format!("{pattern}.*, TLS, session="));
        [grep(&log, pattern) - tls, tls]
    };
    let success = split("imap-login: Info: (Login|Logged in): user=<");
    let fail = split("imap-login: Info: [^<]*auth failed, .* user=<");
    let connect = split(ends);
    let grepped: Vec<u64> = [success, connect, fail].into_iter().flatten().collect();
    assert_eq!(grepped, expected[..6].iter().map(|(_, n)| *n).collect::<Vec<_>>(), "{program}: grep");
    for _ in 0..2 {
        let answer = ask(&store);
        let got: Vec<(&str, u64)> = expected
            .iter()
            .map(|&(key, _)| (key, answer.text(key).parse().expect("a whole number")))
            .collect();
        assert_eq!(got, expected, "{program}");
        store.run(&["update", "imap"]);
    }
}

/// With Dovecot's own stamp behind the label, as it is unless one configures it away.
#[test]
fn under_multilog() {
    through("multilog", "");
}

/// With two stamps for people to read.
#[test]
fn under_svlogd() {
    through("svlogd", "");
}

#[test]
fn under_s6_log() {
    through("s6-log", "log_timestamp = \"\"");
}

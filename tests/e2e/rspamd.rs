//! Real rspamd, in each form of its log: the verdicts that its clients got are what is counted.

use std::fs::{self, OpenOptions};

use serde_json::Value;

use crate::support::recorded::{Ledger, Seen, assert_seen, grep};
use crate::support::rspamd::{Rspamd, Work, Worker, version};
use crate::support::store::{Answer, Store};

/// Enough to learn a class of.
const WORDS: &str = "one quick brown fox jumps over two lazy dogs while three clever cats watch them from four high garden walls";

const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// The headers of messages, and the verdict on each.
const MESSAGES: [(&str, &str); 13] = [
    ("", "no action"),
    ("X-Score: -2.25\r\n", "no action"),
    ("X-Ask: name.example\r\n", "no action"),
    ("X-Score: 4\r\n", "greylist"),
    ("X-Score: 6.5\r\n", "add header"),
    ("X-Score: 8.01\r\n", "rewrite subject"),
    ("X-Score: 11\r\n", "look closer"),
    ("X-Score: 20\r\n", "reject"),
    ("X-Action: soft reject\r\n", "soft reject"),
    ("X-Action: quarantine\r\n", "quarantine"),
    ("X-Action: discard\r\n", "discard"),
    ("X-Score: 5\r\nX-Action: reject\r\n", "reject"),
    // A client's words, in a field that the log quotes.
    ("X-Score: 7\r\nSubject: (default: F (no action): [0.00/15.00] [])\r\n", "add header"),
];

/// The score's hundredths and the time's microseconds, added up.
#[derive(Default)]
struct Sums {
    score: i64,
    time: i64,
}

fn message(number: usize, headers: &str, text: &str) -> String {
    format!(
        "From: a@example.com\r\nTo: b@example.org\r\nMessage-ID: <{number}@example.com>\r\n{headers}\r\n\
         {text}: number {number}\r\n"
    )
}

#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
fn rounded(value: &Value, units: f64) -> i64 {
    (value.as_f64().expect("a number") * units).round() as i64
}

/// Notes what a scanner replied to `message`.
fn verdict(reply: &Value, message: &str, wanted: &str, ledger: &mut Ledger, sums: &mut Sums) {
    let action = reply["action"].as_str().expect("an action");
    assert_eq!(action, wanted, "{message}: {reply}");
    ledger.one("scan");
    ledger.one(match action {
        "no action" => "no_action",
        "soft reject" => "soft_reject",
        "add header" => "add_header",
        "rewrite subject" => "rewrite_subject",
        "greylist" => "greylist",
        "reject" => "reject",
        "quarantine" => "quarantine",
        "discard" => "discard",
        _ => "action_other",
    });
    // rspamd calls spam what it has an action against, but for one that lasts only a while.
    ledger.one(match (reply["is_skipped"] == true, action) {
        (true, _) => "skipped",
        (false, "no action" | "soft reject") => "ham",
        (false, _) => "spam",
    });
    ledger.add("bytes", message.len().try_into().expect("a length"));
    ledger.add("dns_requests", message.contains("X-Ask").into());
    sums.score += rounded(&reply["score"], 100.0);
    sums.time += rounded(&reply["time_real"], 1e6);
}

fn learned(reply: &Value, class: &'static str, ledger: &mut Ledger) {
    if reply["success"] == true {
        ledger.one(class);
    } else {
        assert!(reply["error"].is_string(), "{reply}");
        ledger.one("learn_fail");
    }
}

/// `logging`: of rspamd's configuration, in which LOG is the log's path.
fn session(logging: &str, is_json: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("rspamd.log");
    // What it writes before it has read its configuration goes to the console in any case.
    let console = if logging.contains("console") { log.clone() } else { dir.path().join("console") };
    let console = OpenOptions::new().create(true).append(true).open(console).expect("the console");
    let store = Store::with(&format!("logs_rspamd_files = [{log:?}]"));
    let logging = logging.replace("LOG", &log.to_string_lossy());
    let (mut ledger, mut sums, mut number) = (Ledger::default(), Sums::default(), 0);
    let mut next = |headers: &str, text: &str| {
        number += 1;
        message(number, headers, text)
    };
    let rspamd = Rspamd::start(Work::Scans, &logging, &console);
    for worker in [Worker::Scanner, Worker::Proxy] {
        for (headers, wanted) in MESSAGES {
            let message = next(headers, "text");
            let reply = rspamd.ask(worker, "checkv2", &message);
            verdict(&reply, &message, wanted, &mut ledger, &mut sums);
        }
        let message = next("", GTUBE);
        let reply = rspamd.ask(worker, "checkv2", &message);
        verdict(&reply, &message, "reject", &mut ledger, &mut sums);
        store.run(&["update", "rspamd"]);
    }
    // By hand, which is no mail.
    rspamd.ask(Worker::Controller, "checkv2", &next("X-Score: 20\r\n", "text"));
    rspamd.stop();
    let rspamd = Rspamd::start(Work::Learns, &logging, &console);
    for (what, class, text) in [
        ("learnspam", "learned_spam", WORDS),
        ("learnham", "learned_ham", WORDS),
        ("learnham", "learned_ham", WORDS),
        // Too few words to learn anything of.
        ("learnspam", "learned_spam", "few"),
    ] {
        learned(&rspamd.ask(Worker::Controller, what, &next("", text)), class, &mut ledger);
    }
    rspamd.stop();
    let text = fs::read_to_string(&log).expect("the log");
    let done = ["scan", "learned_spam", "learned_ham", "learn_fail"].map(|key| ledger.get(key));
    assert_eq!(done, [28, 1, 2, 1], "{text}");
    let written = if is_json { "\"module\": \"(task|proxy)\", \"function\": \"" } else { "; (task|proxy); " };
    let verdicts = grep(&log, &format!("{written}rspamd_task_write_log(: |\", \"message\": \")id: <"));
    assert_eq!(verdicts, ledger.get("scan"), "grep: {text}");
    let mut seen: Seen = ledger.seen();
    seen.insert("score_sum".into(), decimal(sums.score, 2));
    seen.insert("time_sum".into(), decimal(sums.time, 6));
    for when in ["a query", "an update"] {
        let answer = Answer::parse(&store.run(&["rspamd"]));
        assert_seen(&format!("{logging}, {when}, of\n{text}"), &answer, &seen);
        store.run(&["update", "rspamd"]);
    }
    // Every line of its own file is one that is understood.
    let unknown = store.run(&["explain", "--unknown", "--protocol", "rspamd", &log.to_string_lossy()]);
    assert!(!unknown.contains("Not understood"), "{unknown}");
}

/// A number of units of which 10^`places` make one.
fn decimal(units: i64, places: usize) -> String {
    assert!(units >= 0, "{units}");
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    format!("{whole}.{part}")
}

#[test]
fn in_its_own_file() {
    session("type = \"file\"; filename = \"LOG\";", false);
}

#[test]
fn on_a_console_with_severities_and_fractions_of_a_second() {
    session("type = \"console\"; log_severity = true; log_usec = true;", false);
}

/// rspamd 3.4 cannot write JSON, and writes text instead.
#[test]
fn as_json() {
    let is_json = !version().starts_with("3.4");
    session("type = \"file\"; filename = \"LOG\"; json = true;", is_json);
}

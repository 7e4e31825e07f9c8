//! Real postfix: what its clients were told, and what the server saw to which it delivers, is what is counted. Where postfix
//! cannot be run, a session is read that was recorded.

use std::fs;
use std::path::Path;

use crate::support::postfix::{Postfix, hindrance};
use crate::support::recorded::{self, Ledger, Seen, assert_seen, grep, in_pieces, sum};
use crate::support::smtp::{Client, Reply, Sink, Transaction};
use crate::support::store::{Answer, Store};
use crate::support::wait_until;

const NAME: &str = "postfix";

/// Notes a reply: whoever is turned away is told so.
fn noted(reply: &Reply, wanted: u16, ledger: &mut Ledger) {
    let code = reply.code;
    assert_eq!(code, wanted, "{reply:?}");
    ledger.add("rejected", (code >= 400).into());
    ledger.add("rejected_temp", (400..500).contains(&code).into());
}

fn turned_away(postfix: &Postfix, ledger: &mut Ledger) {
    let mut client = Client::connect(postfix.address(), "bad_[helo");
    assert_eq!(client.says("MAIL FROM:<a@example.com>").code, 250);
    noted(&client.says("RCPT TO:<known@relay.example>"), 501, ledger);
    client.says("QUIT");

    let mut client = Client::connect(postfix.address(), "client.example");
    assert_eq!(client.says("MAIL FROM:<a@example.com>").code, 250);
    for (recipient, code) in [
        ("a@elsewhere.example", 554),
        ("unknown@relay.example", 550),
        ("put-off@relay.example", 450),
        ("nobody@local.example", 550),
        ("x@error.example", 554),
        // No words of a client count.
        ("\"x, status=sent (250 ok\"@elsewhere.example", 554),
        ("known@relay.example", 250),
    ] {
        noted(&client.says(&format!("RCPT TO:<{recipient}>")), code, ledger);
    }
    noted(&client.data("X-Asked: denied\r\n\r\nhello\r\n"), 550, ledger);
    // A command that is unknown is an error of the client and no rejection.
    assert_eq!(client.says("BLURB").code, 500);
    client.says("QUIT");
}

/// Senders and recipients, those of a line of one message.
const MESSAGES: [(&str, &[&str]); 7] = [
    ("relay@example.com", &["taken@sink.example", "u.451.4.2.1@sink.example", "v.550.5.1.1@sink.example"]),
    ("relay@example.com", &["mail@local.example", "x@discard.example", "x@closed.example"]),
    ("relay@example.com", &["dot-w.550.5.7.1@sink.example"]),
    ("relay@example.com", &["dot-x.452.4.3.1@sink.example"]),
    ("gone.550.5.1.1@example.com", &["y.550.5.1.1@sink.example"]),
    ("relay@example.com", &["once-z.450.4.7.1@sink.example"]),
    // An address that imitates the end of a line.
    ("relay@example.com", &["\"a>, relay=x, delay=0, status=sent (\"@sink.example"]),
];

/// How many lines with a status come of them at once, by hand. Each message that fails for somebody is one more, which tells
/// the sender.
const AT_ONCE: usize = (3 + 1) + 3 + (1 + 1) + 1 + (1 + 1) + 1 + 1;
/// How many messages wait then for another attempt at one recipient each; how many lines there are after it.
const PUT_OFF: usize = 4;
const AGAIN: usize = AT_ONCE + PUT_OFF;
/// One of them was taken. The others are given up, without an attempt, and their senders are told.
const GIVEN_UP: usize = 3;
const IN_THE_END: usize = AGAIN + GIVEN_UP;

/// How many lines with a status there are.
fn told(log: &Path) -> usize {
    let text = fs::read_to_string(log).expect("the log");
    text.lines().filter(|line| line.contains(": to=<") && line.contains(", delays=")).count()
}

fn sends(postfix: &Postfix) {
    for (sender, recipients) in MESSAGES {
        let mut client = Client::connect(postfix.address(), "client.example");
        assert_eq!(client.says(&format!("MAIL FROM:<{sender}>")).code, 250);
        for recipient in recipients {
            let reply = client.says(&format!("RCPT TO:<{recipient}>"));
            assert_eq!(reply.code, 250, "{recipient}: {reply:?}");
        }
        assert_eq!(client.data("Subject: s\r\n\r\nhello\r\n").code, 250);
        client.says("QUIT");
    }
}

/// The counters of failures for the status that an address asks for.
fn class(address: &str) -> Option<(&'static str, &'static str)> {
    match address.split('@').next()?.split('.').nth(3)? {
        "1" => Some(("deferred_address", "bounced_address")),
        "2" => Some(("deferred_mailbox", "bounced_mailbox")),
        "3" => Some(("deferred_system", "bounced_system")),
        "7" => Some(("deferred_policy", "bounced_policy")),
        _ => None,
    }
}

fn seen_by_the_sink(transactions: &[Transaction], ledger: &mut Ledger) {
    for (recipient, code) in transactions.iter().flat_map(Transaction::outcomes) {
        let classes = class(recipient);
        if recipient.starts_with('"') {
            // What may mean two things is not counted.
            ledger.one("postfix_other");
            continue;
        }
        match code / 100 {
            2 => ledger.one("sent"),
            4 => {
                ledger.one("deferred");
                ledger.one(classes.expect("a class").0);
            }
            _ => {
                ledger.one("bounced");
                ledger.one(classes.expect("a class").1);
            }
        }
    }
}

/// What the sink cannot see: one is put into a mailbox, one is thrown away, and one is tried twice where nobody listens. And
/// what was given up.
fn unseen_by_the_sink(ledger: &mut Ledger) {
    ledger.add("sent", 2);
    ledger.add("deferred", 2);
    ledger.add("deferred_network", 2);
    ledger.add("expired", GIVEN_UP as u64);
}

/// Which lines tell of a delivery.
const TOLD: &str = r"postfix(/relay)?/(smtp|local|discard|retry)\[\d+\]: [0-9A-Za-z]+: to=<.*, status=";

/// What grep finds is what was seen; the seconds nobody but postfix knows, so that they are added to it.
fn completed(log: &Path, mut seen: Seen) -> Seen {
    let text = fs::read_to_string(log).expect("the log");
    for (key, pattern) in [
        ("deferred", format!(r"{TOLD}deferred \(")),
        ("bounced", format!(r"{TOLD}bounced \(")),
        ("expired", r"/qmgr\[\d+\]: [0-9A-Za-z]+: from=<.*>, status=force-expired, ".into()),
        ("rejected", r"/(smtpd|cleanup)\[\d+\]: [0-9A-Za-z]+: reject: ".into()),
    ] {
        assert_eq!(grep(log, &pattern).to_string(), seen[key], "grep finds {key} in\n{text}");
    }
    seen.insert(
        "delay_sum".into(),
        sum(log, &format!(r"^(?!.*relay=x)(?=.*{TOLD}).* delay=\K[0-9.]+(?=, delays=)")),
    );
    seen
}

fn recorded_session() {
    let dir = tempfile::tempdir().expect("a directory");
    let (log, seen) = recorded::read(NAME);
    let file = dir.path().join("log");
    fs::write(&file, &log).expect("the log");
    let seen = completed(&file, seen);
    assert_seen("as recorded", &in_pieces("logs_syslog = \"LOG\"\n", "postfix", &log), &seen);
}

#[test]
fn what_postfix_delivers_and_turns_away() {
    if let Some(why) = hindrance() {
        recorded::said(why);
        recorded_session();
        return;
    }
    let (sink, mut ledger) = (Sink::start(), Ledger::default());
    let mut postfix = Postfix::start(sink.address());
    let log = postfix.log();
    let store = Store::with(&format!("logs_syslog = {log:?}"));
    turned_away(&postfix, &mut ledger);
    store.run(&["update", "postfix"]);
    sends(&postfix);
    wait_until("all messages were tried", || told(&log) == AT_ONCE && postfix.waiting() == Some(PUT_OFF));
    postfix.try_again();
    wait_until("they were tried again", || told(&log) == AGAIN && postfix.waiting() == Some(GIVEN_UP));
    postfix.give_up();
    wait_until("the rest is given up", || told(&log) == IN_THE_END && postfix.waiting() == Some(0));
    postfix.stop();
    seen_by_the_sink(&sink.transactions(), &mut ledger);
    unseen_by_the_sink(&mut ledger);
    recorded::keep(NAME, &fs::read(&log).expect("the log"), &ledger.seen());
    let seen = completed(&log, ledger.seen());
    for when in ["a query", "an update"] {
        assert_seen(when, &Answer::parse(&store.run(&["postfix"])), &seen);
        store.run(&["update", "postfix"]);
    }
}

#[test]
fn as_it_was_recorded() {
    recorded_session();
}

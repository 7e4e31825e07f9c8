//! `postfix`: what postfix delivers, puts off, bounces and turns away.
//!
//! ```text
//! postfix/smtp[1]: QID: to=<ADDRESS>, [orig_to=<ADDRESS>, ]relay=R, [conn_use=N, ]delay=D, [delays=A/B/C/D, ][tls=T, ]
//!                  [dsn=X.Y.Z, ]status=sent|deferred|bounced (REPLY)
//! postfix/qmgr[1]: QID: from=<ADDRESS>, status=expired, returned to sender
//! postfix/smtpd[1]: NOQUEUE: reject: RCPT from HOST[IP]: 550 5.7.1 …
//! ```
//!
//! Source: `log_adhoc.c`, `qmgr_active.c`, `smtpd_check.c`, `postscreen_smtpd.c`, `cleanup_milter.c`. Any part may stand
//! between `postfix`, or the name of an instance (`postfix-out`), and the program: `postfix/submission/smtpd`.
//!
//! The recipient stands first, and a quoted one may imitate what follows. So a line in which that can be read in two
//! ways is not read. Lines `QID: host … said: …` and `connect to …` come before the line with the status of the same
//! attempt.
use super::card::templates;
use super::card::{IN_SYSLOG, Protocol, Writers};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::{CounterKind, events, of_kind};
use super::counter_table::counters;
use super::decimal::nanos;
use super::program::{doubtful, program};
use super::scan::{find_all, number};
use crate::line::Line;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, Unit, family, family_in};
use crate::reading::role::{Fact, Of, Overview, Role, Subject, answer, row};
use crate::reading::stage::Stage;
use memchr::memchr;

/// The protocol `postfix`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "postfix",
        title: "Postfix",
        about: "deliveries and rejections of postfix",
        counters: COUNTERS,
        classify: &classify,
        writers: Some(Writers { tags: &[b"postfix/", b"postfix-"], sentences: &[], settled: &SETTLED }),
        main_counters: &[
            ("sent", "Sent"),
            ("deferred", "Deferred"),
            ("bounced", "Bounced"),
            ("rejected", "Rejected"),
        ],
        templates: templates!["postfix", "postfix-reasons", "postfix-rejected"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const ENDED: &[&str] = &["sent", "deferred", "bounced", "expired"];

const PAGE: Overview = Overview {
    heard: "",
    lines: &["sent", "deferred", "bounced", "expired", "rejected", "postfix_other"],
    answers: &[
        answer(Role::Delivered, Of::Mta, &["sent"]),
        answer(Role::PutOff, Of::Mta, &["deferred"]),
        answer(Role::Failed, Of::Mta, &["bounced", "expired"]),
    ],
    subjects: &[
        Subject {
            words: "deliveries put off",
            graph: "postfix",
            keys: &["deferred"],
            lists: false,
            of: Some(Of::Mta),
            among: ENDED,
            color: "warn",
            facts: &[Fact::Share("of what was tried in that time")],
        },
        Subject {
            words: "deliveries failed",
            graph: "postfix",
            keys: &["bounced", "expired"],
            lists: false,
            of: Some(Of::Mta),
            among: ENDED,
            color: "bad",
            facts: &[Fact::Share("of what was tried in that time")],
        },
        Subject {
            words: "rejections of Postfix",
            graph: "postfix-rejected",
            keys: &["rejected"],
            lists: false,
            of: None,
            among: &[],
            color: "plum-area",
            facts: &[],
        },
    ],
    rows: &[
        row(Stage::Connections, "Rejected by Postfix", &["rejected"]),
        row(Stage::Deliveries, "Sent by Postfix", &["sent"]),
        row(Stage::Deliveries, "Put off by Postfix", &["deferred"]),
        row(Stage::Deliveries, "Failed in Postfix", &["bounced", "expired"]),
    ],
    stage: Stage::Deliveries,
};

const FAMILIES: &[Family] = &[
    family(
        "postfix_deliveries",
        "delivery attempts of Postfix that ended",
        &["status"],
        &[
            Key("sent", &["sent"]),
            Key("deferred", &["deferred"]),
            Key("bounced", &["bounced"]),
            Key("expired", &["expired"]),
        ],
    ),
    family_in(
        "postfix_delay",
        "seconds from arrival to the end of each attempt",
        Unit::Seconds,
        &[],
        &[Key("delay_sum", &[])],
    ),
    family(
        "postfix_rejections",
        "commands, connections and messages that Postfix turned away",
        &[],
        &[Key("rejected", &[])],
    ),
    family(
        "postfix_temporary_rejections",
        "of these, those that the client may try again",
        &[],
        &[Key("rejected_temp", &[])],
    ),
    family(
        "postfix_delivery_problems",
        "delivery attempts of Postfix that were put off or failed, by the class of the status",
        &["status", "class"],
        &[
            Key("deferred_address", &["deferred", "address"]),
            Key("deferred_mailbox", &["deferred", "mailbox"]),
            Key("deferred_system", &["deferred", "system"]),
            Key("deferred_network", &["deferred", "network"]),
            Key("deferred_protocol", &["deferred", "protocol"]),
            Key("deferred_content", &["deferred", "content"]),
            Key("deferred_policy", &["deferred", "policy"]),
            Key("bounced_address", &["bounced", "address"]),
            Key("bounced_mailbox", &["bounced", "mailbox"]),
            Key("bounced_system", &["bounced", "system"]),
            Key("bounced_network", &["bounced", "network"]),
            Key("bounced_protocol", &["bounced", "protocol"]),
            Key("bounced_content", &["bounced", "content"]),
            Key("bounced_policy", &["bounced", "policy"]),
        ],
    ),
    family(
        "postfix_other_lines",
        "lines of deliveries that are not read, for they may mean two things",
        &[],
        &[Key("postfix_other", &[])],
    ),
];

counters! {
    const COUNTERS = [
        SENT: events("sent", "deliveries done: not messages, one that goes through a content filter is delivered twice"),
        DEFERRED: events("deferred", "deliveries put off, to be tried again"),
        BOUNCED: events("bounced", "deliveries that failed for good"),
        EXPIRED: events("expired", "messages given back because they had been in the queue too long"),
        DELAY_SUM: of_kind(
            CounterKind::Sum,
            "delay_sum",
            "seconds from arrival to the end of each attempt: a load, no latency, for each attempt counts the wait again",
        ),
        REJECTED: events("rejected", "commands, connections and messages turned away"),
        REJECTED_TEMP: events("rejected_temp", "of these, those that the client may try again"),
        DEFERRED_ADDRESS: events("deferred_address", "deliveries put off for the address (status 4.1)"),
        DEFERRED_MAILBOX: events("deferred_mailbox", "deliveries put off for the mailbox (4.2)"),
        DEFERRED_SYSTEM: events("deferred_system", "deliveries put off for the system of the recipient (4.3)"),
        DEFERRED_NETWORK: events("deferred_network", "deliveries put off for the network or its routes (4.4)"),
        DEFERRED_PROTOCOL: events("deferred_protocol", "deliveries put off for the protocol (4.5)"),
        DEFERRED_CONTENT: events("deferred_content", "deliveries put off for the content (4.6)"),
        DEFERRED_POLICY: events("deferred_policy", "deliveries put off for security or policy (4.7)"),
        BOUNCED_ADDRESS: events("bounced_address", "deliveries that failed for the address (status 5.1)"),
        BOUNCED_MAILBOX: events("bounced_mailbox", "deliveries that failed for the mailbox (5.2)"),
        BOUNCED_SYSTEM: events("bounced_system", "deliveries that failed for the system of the recipient (5.3)"),
        BOUNCED_NETWORK: events("bounced_network", "deliveries that failed for the network or its routes (5.4)"),
        BOUNCED_PROTOCOL: events("bounced_protocol", "deliveries that failed for the protocol (5.5)"),
        BOUNCED_CONTENT: events("bounced_content", "deliveries that failed for the content (5.6)"),
        BOUNCED_POLICY: events("bounced_policy", "deliveries that failed for security or policy (5.7)"),
        OTHER: events("postfix_other", "lines of deliveries that are not read, for they may mean two things"),
    ];
}

/// What the programs say of each connection and of each message besides, under the usual tags.
const SETTLED: [(&[u8], &[u8]); 12] = [
    (b"postfix/smtpd", b"connect from "),
    (b"postfix/smtpd", b"disconnect from "),
    (b"postfix/smtpd", b"lost connection after "),
    (b"postfix/smtpd", b"timeout after "),
    (b"postfix/smtpd", b"warning: "),
    (b"postfix/anvil", b"statistics: "),
    (b"postfix/postscreen", b"CONNECT from "),
    (b"postfix/postscreen", b"DISCONNECT "),
    (b"postfix/postscreen", b"PASS "),
    (b"postfix/postscreen", b"PREGREET "),
    (b"postfix/dnsblog", b"addr "),
    (b"postfix/smtp", b"connect to "),
];

/// The programs that deliver.
const DELIVERING: [&[u8]; 9] =
    [b"smtp", b"lmtp", b"local", b"virtual", b"pipe", b"error", b"retry", b"discard", b"relay"];

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    let (name, text) = program(line, place);
    let process = process(name).filter(|_| !line.continuation && !doubtful(line));
    let Some(process) = process else {
        return if place == LogKind::Dedicated { Verdict::Unknown } else { Verdict::Foreign };
    };
    let Some(text) = queued(text) else { return Verdict::Known };
    if DELIVERING.contains(&process) {
        if text.starts_with(b"to=<") && delivered(text, raise).is_none() {
            raise.one(OTHER);
            return Verdict::Unknown;
        }
    } else if process == b"qmgr" {
        if is_expired(text) {
            raise.one(EXPIRED);
        }
    } else if matches!(process, b"smtpd" | b"postscreen" | b"cleanup")
        && let Some(told) = text.strip_prefix(b"milter-").unwrap_or(text).strip_prefix(b"reject: ")
    {
        raise.one(REJECTED);
        if is_temporary(told) == Some(true) {
            raise.one(REJECTED_TEMP);
        }
    }
    Verdict::Known
}

/// `from=<ADDRESS>, status=expired, returned to sender`, or `force-expired`, at the end: the address is the sender's.
fn is_expired(text: &[u8]) -> bool {
    let ends: [&[u8]; 2] =
        [b">, status=expired, returned to sender", b">, status=force-expired, returned to sender"];
    text.starts_with(b"from=<") && is_whole(text) && ends.iter().any(|end| text.ends_with(end))
}

/// The last part of a tag whose first one is postfix's or an instance's.
fn process(tag: &[u8]) -> Option<&[u8]> {
    let rest = tag.strip_prefix(b"postfix")?;
    if !matches!(rest.first(), Some(b'/' | b'-')) {
        return None;
    }
    rest.rsplit(|&b| b == b'/').next().filter(|process| process.len() < rest.len())
}

/// What follows `QID: ` or `NOQUEUE: `.
fn queued(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().position(|b| !b.is_ascii_alphanumeric()).filter(|&len| len > 0)?;
    let (id, rest) = text.split_at(len);
    let is_level = matches!(id, b"warning" | b"error" | b"fatal" | b"panic");
    rest.strip_prefix(b": ").filter(|_| !is_level)
}

/// Is the text known to its end? Postfix's own lines are shorter than 4,096 bytes with stamp, host and tag, which take at most
/// 256 of them, and daemons of syslog cut longer ones. What stands at the end of a text that was cut may be the
/// recipient's or the sender's.
fn is_whole(text: &[u8]) -> bool {
    text.len() < 4096 - 256
}

/// Counts `to=<ADDRESS>, … relay=R, …, status=S (`. `None`: it cannot be read in one way only.
fn delivered(text: &[u8], raise: &mut Raise<'_>) -> Option<()> {
    const RELAY: &[u8] = b", relay=";
    const STATUS: &[u8] = b", status=";
    let statuses = find_all(text, STATUS).filter(|at| status(&text[at + STATUS.len()..]).is_some());
    let end = statuses.last().filter(|_| is_whole(text))?;
    let mut relays = find_all(text.get(..end)?, RELAY);
    let (relay, None) = (relays.next()?, relays.next()) else { return None };
    // From here on all is postfix's own, as far as the reply.
    let (mut delay, mut class, mut rest) = (None, None, text.get(relay + 2..)?);
    let status = loop {
        // No field before the last one has a comma.
        rest = rest.get(memchr(b',', rest)? + 1..)?.strip_prefix(b" ")?;
        if let Some(told) = rest.strip_prefix(b"status=") {
            break status(told)?;
        } else if let Some(told_seconds) = rest.strip_prefix(b"delay=") {
            delay = seconds(told_seconds);
        } else if let Some(code) = rest.strip_prefix(b"dsn=") {
            class = class_of(code);
        }
    };
    let (key, first) = match status {
        b"sent" => (SENT, None),
        b"deferred" | b"SOFTBOUNCE" => (DEFERRED, Some(DEFERRED_ADDRESS)),
        b"bounced" => (BOUNCED, Some(BOUNCED_ADDRESS)),
        // An address was only looked at (sendmail -bv, verify(8)).
        b"deliverable" | b"undeliverable" => return Some(()),
        _ => return None,
    };
    raise.one(key);
    if let (Some(first), Some(class)) = (first, class) {
        raise.one(first + class);
    }
    if let Some(delay) = delay {
        raise.add(DELAY_SUM, delay);
    }
    Some(())
}

/// The word that ` (` follows.
fn status(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().position(|b| !b.is_ascii_alphabetic())?;
    let (word, rest) = text.split_at(len);
    (rest.starts_with(b" (") && !word.is_empty()).then_some(word)
}

/// The class of `4.Y.Z` or `5.Y.Z`, counted from 0.
fn class_of(code: &[u8]) -> Option<usize> {
    let (kind, rest) = code.split_first()?;
    let (class, rest) = rest.strip_prefix(b".").and_then(number)?;
    let is_code = matches!(kind, b'4' | b'5') && rest.starts_with(b".") && (1..=7).contains(&class);
    usize::try_from(class).ok().filter(|_| is_code).map(|class| class - 1)
}

/// Seconds, as far as a comma, in units of 10⁻⁹. Postfix writes at most six places, and a digit last.
fn seconds(text: &[u8]) -> Option<u64> {
    let number = text.get(..memchr(b',', text)?)?;
    let places = number.iter().rev().position(|b| *b == b'.').unwrap_or(1);
    let seconds = nanos(number).filter(|_| (1..=9).contains(&places))?;
    u64::try_from(seconds).ok()
}

/// `COMMAND from HOST[IP]: CODE`, with postscreen `[IP]:PORT: CODE`: is CODE temporary? `None`: it has another form, as
/// that of a header or a body that cleanup(8) refuses, which it quotes.
fn is_temporary(text: &[u8]) -> Option<bool> {
    let command = text.iter().position(|b| !(b.is_ascii_uppercase() || *b == b'-')).filter(|&len| len > 0)?;
    let client = text.get(command..)?.strip_prefix(b" from ")?;
    // Neither a host nor an address has a bracket or a blank.
    let host = client.iter().position(|b| matches!(b, b'[' | b' '))?;
    let address = client.get(host..)?.strip_prefix(b"[")?;
    let rest = address.get(memchr(b']', address)? + 1..)?.strip_prefix(b":")?;
    let rest = number(rest).map_or(Some(rest), |(_, rest)| rest.strip_prefix(b":"))?;
    Some(rest.strip_prefix(b" ")?.starts_with(b"4"))
}

#[cfg(test)]
mod tests;

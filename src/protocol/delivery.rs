//! `delivery`: what Dovecot does with the mail that it is given: `lmtp`, `lda`, `deliver`, and Pigeonhole's sieve in them.
//!
//! ```text
//! dovecot: lda(USER)<PID><SESSION>: msgid=<ID>: saved mail to INBOX
//! dovecot: lmtp(PID, USER): SESSION: sieve: msgid=<ID>: stored mail into mailbox 'INBOX'     (2.0 to 2.2)
//! deliver(USER): msgid=<ID>: save failed to INBOX: Quota exceeded (mailbox for user is full)  (the tag itself)
//! lmtp(USER)<PID><SESSION>: Info: sieve: msgid=<ID>: fileinto action: stored mail into …      (Dovecot's own log)
//! ```
//!
//! These are actions, not messages: a message that is forwarded and kept counts twice. `imap(USER)…: sieve: ` is a script
//! of the IMAP server that runs when mail is moved, no delivery.
//!
//! The Message-ID is the sender's, and stands before the sentence that says what was done. So the last sentence of the
//! line decides. What may follow a sentence is a mailbox, an error or an address.
use super::card::templates;
use super::card::{IN_SYSLOG, Protocol, Writers};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::events;
use super::counter_table::counters;
use super::login;
use super::program::{doubtful, program, unheaded};
use super::scan::{find_all, number, word};
use crate::line::Line;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, family};
use crate::reading::role::{Of, Overview, Role, Subject, answer, row};
use crate::reading::stage::Stage;
use memchr::{memchr, memmem, memrchr_iter};

/// The protocol `delivery`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "delivery",
        title: "Dovecot deliveries",
        about: "deliveries of Dovecot's LMTP server, LDA and sieve",
        counters: COUNTERS,
        classify: &classify,
        writers: Some(Writers { tags: &TAGS, sentences: &[], settled: &SETTLED }),
        main_counters: &[
            ("saved", "Saved"),
            ("forwarded", "Forwarded"),
            ("rejected", "Rejected"),
            ("quota", "Over quota"),
            ("failed", "Failed"),
        ],
        templates: templates!["delivery", "sieve"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const PAGE: Overview = Overview {
    heard: "",
    lines: &["saved", "forwarded", "discarded", "rejected", "quota", "failed", "sieve_login", "sieve_fail"],
    answers: &[
        answer(Role::LoggedIn, Of::Logins("sieve"), &["sieve_login"]),
        answer(Role::LoginFailed, Of::Logins("sieve"), &["sieve_fail"]),
    ],
    subjects: &[
        Subject {
            words: "messages that Dovecot gave back",
            graph: "delivery",
            keys: &["rejected"],
            lists: false,
            of: None,
            among: &[],
            color: "bad",
            facts: &[],
        },
        Subject {
            words: "messages for mailboxes that were full",
            graph: "delivery",
            keys: &["quota"],
            lists: false,
            of: None,
            among: &[],
            color: "warn",
            facts: &[],
        },
        Subject {
            words: "messages that Dovecot could not store",
            graph: "delivery",
            keys: &["failed"],
            lists: false,
            of: None,
            among: &[],
            color: "bad",
            facts: &[],
        },
    ],
    rows: &[
        row(Stage::Deliveries, "Saved by Dovecot", &["saved"]),
        row(Stage::Deliveries, "Not saved", &["rejected", "quota", "failed"]),
    ],
    stage: Stage::Deliveries,
};

const FAMILIES: &[Family] = &[
    family(
        "mailbox_deliveries",
        "what Dovecot did with messages",
        &["action"],
        &[
            Key("saved", &["saved"]),
            Key("forwarded", &["forwarded"]),
            Key("duplicate", &["duplicate"]),
            Key("discarded", &["discarded"]),
            Key("rejected", &["rejected"]),
            Key("vacation", &["vacation"]),
            Key("quota", &["mailbox_full"]),
            Key("failed", &["failed"]),
        ],
    ),
    family(
        "logins",
        "logins, by whether the connection was encrypted (unknown: the log does not say) and how they ended",
        &["service", "tls", "result"],
        &[
            Key("sieve_login", &["sieve", "unknown", "success"]),
            Key("sieve_fail", &["sieve", "unknown", "failure"]),
        ],
    ),
];

counters! {
    const COUNTERS = [
        SAVED: events("saved", "messages stored in a mailbox"),
        FORWARDED: events("forwarded", "messages that a sieve script sent on to another address"),
        DUPLICATE: events("duplicate", "messages not sent on because they had been before"),
        DISCARDED: events("discarded", "messages that a sieve script threw away"),
        REJECTED: events("rejected", "messages given back to the sender, by a sieve script or because they could not be stored"),
        QUOTA: events("quota", "attempts to store a message that failed because the mailbox was full"),
        FAILED: events("failed", "attempts to store a message that failed for other reasons"),
        VACATION: events("vacation", "vacation replies sent"),
        SIEVE_LOGIN: events("sieve_login", "logins to edit sieve scripts"),
        SIEVE_FAIL: events("sieve_fail", "failed logins to edit sieve scripts"),
    ];
}

/// The processes that deliver.
const PROCESSES: [&[u8]; 3] = [b"lmtp", b"lda", b"deliver"];

const TAGS: [&[u8]; 6] = [b"dovecot", b"Info", b"managesieve-login", b"lmtp(", b"lda(", b"deliver("];

/// What Dovecot's other processes say.
const SETTLED: [(&[u8], &[u8]); 8] = [
    (b"dovecot", b"imap-login: "),
    (b"dovecot", b"pop3-login: "),
    (b"dovecot", b"submission-login: "),
    (b"dovecot", b"imap("),
    (b"dovecot", b"pop3("),
    (b"dovecot", b"auth: "),
    (b"dovecot", b"auth("),
    (b"dovecot", b"auth-worker("),
];

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    if line.continuation {
        return foreign(place);
    }
    if let Some(text) = of_delivery(line, place) {
        let Some(rest) = reported(text) else { return Verdict::Known };
        // The last sentence of a line that was cut is not known, and the Message-ID may hold others.
        let Some(done) = done(rest).filter(|_| text.len() < CUT) else { return Verdict::Unknown };
        if let Some(counter) = done {
            raise.one(counter);
        }
        return Verdict::Known;
    }
    let (name, text) = program(line, place);
    let is_dovecot = matches!(name, b"dovecot" | b"Info") && !doubtful(line);
    let login = if is_dovecot {
        text.strip_prefix(b"Info: ").unwrap_or(text).strip_prefix(b"managesieve-login: ")
    } else {
        (name == b"managesieve-login" && !doubtful(line)).then_some(text)
    };
    let Some(message) = login else { return if is_dovecot { Verdict::Foreign } else { foreign(place) } };
    let (end, verdict) = login::dovecot_login(message);
    match end {
        Some(login::End::Success) => raise.one(SIEVE_LOGIN),
        Some(login::End::Failure) => raise.one(SIEVE_FAIL),
        None => {}
    }
    verdict
}

/// What a line is that no program of this protocol wrote.
fn foreign(place: LogKind) -> Verdict {
    if place == LogKind::Dedicated { Verdict::Unknown } else { Verdict::Foreign }
}

/// A longer text may have been cut: by a daemon of syslog, at 4,096 bytes or more, of which stamp, host and tag before the text
/// take at most 256.
const CUT: usize = 4096 - 256;

/// What a process that delivers says, without its name and its user. `None`: another one wrote the line.
fn of_delivery<'a>(line: &Line<'a>, place: LogKind) -> Option<&'a [u8]> {
    match line.tag {
        Some(b"dovecot") if !doubtful(line) => process(line.text),
        // Dovecot's own log names no host. There the process stands in the place of the tag, and as far as its first
        // blank in the place of the host: `lmtp(PID, USER): `.
        Some(_) if line.host.is_none() || doubtful(line) => process(line.after_stamp),
        Some(tag) => name(tag).filter(|rest| rest.is_empty()).map(|_| line.text),
        None if unheaded(line, place) || doubtful(line) => process(line.after_stamp),
        None => None,
    }
}

/// `PROCESS(USER)<PID><SESSION>: ` before what is returned.
fn process(text: &[u8]) -> Option<&[u8]> {
    name(text)?.strip_prefix(b": ")
}

/// `PROCESS(USER)`, `PROCESS(PID, USER)`, and perhaps `<PID><SESSION>`: what follows. The first bracket ends the
/// user: Dovecot knows nobody with one in his name, unless `auth_username_chars` was changed.
fn name(text: &[u8]) -> Option<&[u8]> {
    let user = PROCESSES.iter().find_map(|process| text.strip_prefix(*process))?.strip_prefix(b"(")?;
    let rest = user.get(memchr(b')', user)? + 1..)?;
    let Some((_, session)) = rest.strip_prefix(b"<").and_then(number) else { return Some(rest) };
    let session = session.strip_prefix(b"><")?;
    session.get(memchr(b'>', session)? + 1..)
}

/// `[DATE TIME ][Info: ][SESSION: ][sieve: ]msgid=REST`: REST. What Dovecot itself could not do, it says with `Error: `.
fn reported(text: &[u8]) -> Option<&[u8]> {
    let text = level(undated(text));
    let text = level(sessionless(text));
    text.strip_prefix(b"sieve: ").unwrap_or(text).strip_prefix(b"msgid=")
}

/// Without `2011-01-21 20:03:19 `, which Dovecot 1.x writes behind its name.
fn undated(text: &[u8]) -> &[u8] {
    const STAMP: &[u8] = b"0000-00-00 00:00:00 ";
    let is_stamp = |stamp: &[u8]| {
        stamp
            .iter()
            .zip(STAMP)
            .all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form })
    };
    match text.split_at_checked(STAMP.len()) {
        Some((stamp, rest)) if is_stamp(stamp) => rest,
        _ => text,
    }
}

fn level(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"Info: ").or_else(|| text.strip_prefix(b"Error: ")).unwrap_or(text)
}

/// Without the number of the session, a word of base64, perhaps with the number of the recipient (`:2`).
fn sessionless(text: &[u8]) -> &[u8] {
    let (session, rest) = word(text);
    let Some(session) = session.strip_suffix(b":") else { return text };
    let is_session = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b':');
    let is_level = matches!(session, b"sieve" | b"Warning" | b"Debug" | b"Fatal" | b"Panic");
    if !session.is_empty() && !is_level && session.iter().all(is_session) { rest } else { text }
}

/// What was done, by the last sentence of `rest`: a counter, or nothing to be counted. `None`: there is no sentence that
/// is known.
fn done(rest: &[u8]) -> Option<Option<usize>> {
    let sentences = memrchr_iter(b':', rest).filter_map(|at| rest.get(at..)?.strip_prefix(b": "));
    let (told, counter) = sentences.filter_map(|told| Some((told, sentence(told)?))).next()?;
    // A Message-ID ends with this. Of the sentences only some that count nothing have it, once, behind an address: else the
    // one that was found stands in the Message-ID.
    let own = usize::from(counter.is_none() && told.starts_with(b"failed to "));
    (find_all(told, b">: ").count() <= own).then_some(counter)
}

/// The sentences, by how they begin, and what they count. Pigeonhole 2.4 has `redirect action: ` and the like before them.
const SENTENCES: [(&[u8], Option<usize>); 23] = [
    (b"saved mail to ", Some(SAVED)),
    (b"stored mail into mailbox ", Some(SAVED)),
    (b"forwarded to <", Some(FORWARDED)),
    (b"discarded duplicate forward to <", Some(DUPLICATE)),
    (b"marked message to be discarded ", Some(DISCARDED)),
    (b"Marked message to be discarded ", Some(DISCARDED)),
    (b"discarded message", Some(DISCARDED)),
    (b"rejected message from <", Some(REJECTED)),
    (b"rejected: ", Some(REJECTED)),
    (b"save failed to ", Some(FAILED)),
    (b"failed to store into mailbox ", Some(FAILED)),
    (b"sent vacation response to <", Some(VACATION)),
    (b"left message in mailbox ", None),
    // `… aborted`, `… skipped`.
    (b"store into mailbox ", None),
    (b"Store into mailbox ", None),
    (b"not sending reject", None),
    (b"discarded vacation reply", None),
    (b"discarded duplicate vacation", None),
    (b"discarding vacation response ", None),
    (b"not forwarding message", None),
    // What could not be sent; the message itself is stored then.
    (b"failed to redirect message to <", None),
    (b"failed to send ", None),
    (b"failed to check for duplicate", None),
];

/// What a sentence counts. `None`: it is none.
fn sentence(text: &[u8]) -> Option<Option<usize>> {
    let (_, counter) = SENTENCES.iter().find(|(begin, _)| text.starts_with(begin))?;
    let is_full = *counter == Some(FAILED) && memmem::find(text, b": Quota exceeded").is_some();
    Some(if is_full { Some(QUOTA) } else { *counter })
}

#[cfg(test)]
mod tests;

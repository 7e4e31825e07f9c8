//! `haraka`: what Haraka says of sessions, messages, refusals and outbound deliveries, in each of its log formats.
//!
//! | line: who, and how the message begins | counts |
//! |---|---|
//! | `core`: `connect`, `disconnect` | sessions, and what the whole session came to |
//! | `core`: `message`, `queue` with `code=OK` | messages |
//! | `core`: `hook=…` with a `retval` of `DENY…` | what a plugin asked for, which is not always what the client got |
//! | `auth/…`: `delaying for …`, `AUTH user=…` | logins |
//! | `outbound`: `delivered file=`, `Temp failing `, `bouncing mail: `, `Double bounce: ` | outbound deliveries |
//!
//! `recipient <…> code=OK` may have been refused in the end (no plugin took the recipient), so neither `sender` nor
//! `recipient` lines count; `disconnect` has the truth. `deny` likewise: karma and delay_deny turn most refusals into
//! points of a score.
mod counters;
mod families;
mod format;
mod page;

use super::card::{IN_SYSLOG, Protocol, Writers, templates};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::decimal::{digits, nanos};
use super::program::{doubtful, program, unheaded};
use crate::line::Line;
use counters::{
    AUTH_FAIL, AUTH_OK, BYTES, CONNECT, COUNTERS, DATA_SECONDS, DENY, DENY_OVERRIDDEN, DISCONNECT, EARLY,
    ERRORS, MESSAGE, MSG_OK, OTHER, OUT_BOUNCED, OUT_DEFERRED, OUT_DELIVERED, OUT_DOUBLE, OUT_FIRST,
    OUT_RCPT, OUT_SECONDS, OUT_TLS, QUEUED, RCPT_OK, REFUSED, RELAY, SESSION_SECONDS, TLS, TXNS, deny_of,
};
use format::{DELIVERED, Entry, Fields, LONG, Said};

/// The protocol `haraka`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "haraka",
        title: "Haraka",
        about: "sessions, messages, refusals and outbound deliveries of Haraka",
        counters: COUNTERS,
        classify: &classify,
        writers: Some(Writers { tags: &[b"haraka"], sentences: &[], settled: &SETTLED }),
        files_key: Some("logs_haraka_files"),
        main_counters: &[
            ("connect", "Sessions"),
            ("msg_ok", "Messages"),
            ("rcpt_reject", "Refused recipients"),
            ("out_delivered", "Delivered"),
        ],
        templates: templates!["haraka-sessions", "haraka-messages", "haraka-denials", "haraka-outbound"],
        families: families::FAMILIES,
        page: page::PAGE,
        ..IN_SYSLOG
    }
}

/// The lines that quote what clients say: with `level=protocol` in log.ini most lines are such. (Those of the default format
/// begin with a bracket, as what illumos puts before a text does, and are the classifier's.)
const SETTLED: [(&[u8], &[u8]); 6] = [
    (b"haraka", b"level=PROTOCOL "),
    (b"haraka", b"level=DATA "),
    (b"haraka", b"level=DEBUG "),
    (b"haraka", b"{\"level\":\"PROTOCOL\","),
    (b"haraka", b"{\"level\":\"DATA\","),
    (b"haraka", b"{\"level\":\"DEBUG\","),
];

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    let (name, text) = program(line, place);
    let own = place == LogKind::Dedicated;
    let text = match name {
        b"haraka" => Some(text),
        // Without a header nothing but its form tells that it is Haraka's. In a log of its own any name that a text seems
        // to begin with is Haraka's word.
        _ if unheaded(line, place) => Some(line.text),
        _ => None,
    };
    let is_certain = name == b"haraka" || own;
    match text.filter(|_| !line.continuation && !doubtful(line)) {
        // `loglevel: INFO` looks like a program and its text.
        None if own && format::is_of_the_start(line.after_stamp) => Verdict::Known,
        None if own => Verdict::Unknown,
        None => Verdict::Foreign,
        Some(text) => match format::entry(text) {
            Some(Entry::Quoted) if is_certain => Verdict::Known,
            Some(Entry::Said(said)) => {
                count(&said, raise);
                Verdict::Known
            }
            None if is_certain && format::is_of_the_start(text) => Verdict::Known,
            None if is_certain => {
                raise.one(OTHER);
                Verdict::Unknown
            }
            Some(Entry::Quoted) | None => Verdict::Foreign,
        },
    }
}

fn count(said: &Said<'_>, raise: &mut Raise<'_>) {
    match &*said.origin {
        b"core" => core(said, raise),
        b"outbound" => outbound(said, raise),
        plugin if plugin.starts_with(b"auth/") => auth(plugin, &said.message, raise),
        _ => {}
    }
}

fn outbound(said: &Said<'_>, raise: &mut Raise<'_>) {
    let begins = |beginning: &[u8]| said.message.starts_with(beginning);
    let fields = said.says(b"").then(|| said.fields(0));
    if let Some(fields) = fields.filter(|fields| fields.get(DELIVERED).is_some()) {
        delivered(&fields, raise);
    } else if begins(b"Temp failing ") {
        raise.one(OUT_DEFERRED);
    } else if begins(b"bouncing mail: ") || begins(b"Bouncing mail: ") {
        raise.one(OUT_BOUNCED);
    } else if begins(b"Double bounce: ") {
        raise.one(OUT_DOUBLE);
    }
}

/// Up to Haraka 3.2, and since 3.3.
const OVERRIDDEN: [&[u8]; 2] =
    [b"deny(soft?) overriden by deny hook", b"deny(soft?) overridden by deny hook"];

fn core(said: &Said<'_>, raise: &mut Raise<'_>) {
    // The words that stand before the pairs are followed by a blank.
    let fields = |words: &[u8], key: &[u8]| {
        said.says(words).then(|| said.fields(words.len())).filter(|fields| fields.get(key).is_some())
    };
    // The key that has to be there is the first one, before all that a client may choose.
    if fields(b"connect", b"ip").is_some() {
        raise.one(CONNECT);
    } else if let Some(fields) = fields(b"disconnect", b"ip") {
        disconnected(&fields, raise);
    } else if let Some(fields) = fields(b"message", b"mid") {
        raise.one(MESSAGE);
        seconds(&fields, b"delay", DATA_SECONDS, raise);
    } else if let Some(fields) = fields(b"queue", b"code") {
        if *fields.text(b"code") == *b"OK" {
            raise.one(QUEUED);
        }
    } else if OVERRIDDEN.iter().any(|words| said.message.starts_with(words)) {
        raise.one(DENY_OVERRIDDEN);
    } else if let Some(fields) = fields(b"", b"hook") {
        // `params` is the client's and stands before `retval`.
        let denies = fields.sound && fields.text(b"retval").starts_with(b"DENY");
        if denies && *fields.text(b"hook") != *b"deny" && fields.get(b"plugin").is_some() {
            raise.one(DENY);
            raise.one(deny_of(&fields.text(b"plugin")));
        }
    }
}

fn disconnected(fields: &Fields<'_>, raise: &mut Raise<'_>) {
    raise.one(DISCONNECT);
    seconds(fields, b"time", SESSION_SECONDS, raise);
    for (key, counter) in [(&b"relay"[..], RELAY), (b"early", EARLY), (b"tls", TLS)] {
        flag(fields, key, counter, raise);
    }
    if !fields.sound {
        return;
    }
    for (key, counter) in [(&b"errors"[..], ERRORS), (b"txns", TXNS), (b"bytes", BYTES)] {
        raise.add(counter, fields.get(key).and_then(digits).unwrap_or(0));
    }
    for (key, first) in [(&b"rcpts"[..], RCPT_OK), (b"msgs", MSG_OK)] {
        if let Some(numbers) = fields.get(key).and_then(three) {
            numbers.iter().zip(first..).for_each(|(number, counter)| raise.add(counter, *number));
        }
    }
    if !fields.text(b"lr").is_empty() {
        raise.one(REFUSED);
    }
}

fn delivered(fields: &Fields<'_>, raise: &mut Raise<'_>) {
    raise.one(OUT_DELIVERED);
    seconds(fields, b"delay", OUT_SECONDS, raise);
    flag(fields, b"tls", OUT_TLS, raise);
    if fields.sound {
        raise.add(OUT_RCPT, fields.get(b"rcpts").and_then(three).map_or(0, |[accepted, ..]| accepted));
        if fields.get(b"fails") == Some(b"0") {
            raise.one(OUT_FIRST);
        }
    }
}

/// Raises `counter` by the seconds of `key`.
fn seconds(fields: &Fields<'_>, key: &[u8], counter: usize, raise: &mut Raise<'_>) {
    let seconds = fields.get(key).filter(|_| fields.sound).and_then(nanos);
    raise.net(counter, seconds.filter(|&seconds| seconds >= 0).unwrap_or(0));
}

/// Raises `counter` if `key` is `Y`.
fn flag(fields: &Fields<'_>, key: &[u8], counter: usize, raise: &mut Raise<'_>) {
    if fields.sound && *fields.text(key) == *b"Y" {
        raise.one(counter);
    }
}

/// `A/B/C`.
fn three(text: &[u8]) -> Option<[u64; 3]> {
    let mut numbers = text.split(|&b| b == b'/').map(digits);
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(three)
}

/// Logins. Only two plugins tell of those that succeed.
fn auth(plugin: &[u8], message: &[u8], raise: &mut Raise<'_>) {
    let delay = message.strip_prefix(b"delaying for ").and_then(|rest| rest.strip_suffix(b" seconds"));
    if delay.is_some_and(|delay| digits(delay).is_some()) {
        raise.one(AUTH_FAIL);
    } else if matches!(plugin, b"auth/auth_vpopmaild" | b"auth/auth_proxy")
        && message.starts_with(b"AUTH user=\"")
        // The user's name may hold the same words, so it is the end that counts, and only where nothing was cut off.
        && message.ends_with(b" success=true")
        && message.len() < LONG
    {
        raise.one(AUTH_OK);
    }
}

#[cfg(test)]
mod tests;

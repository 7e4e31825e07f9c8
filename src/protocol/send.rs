//! `send`: what qmail-send(8) logs of messages and deliveries.
//!
//! Source of the lines: qmail-send.c's `log1`/`log3` calls (qmail-log(5)); dialects of indimail
//! (` queueN` ends every line), splogger(8), notqmail, s/qmail, and sagredo's four channels (`suppl0`, `suppl1`: what
//! goes through them goes to remote hosts; but the counters of slots in use are those of the channel `remote`, whose
//! limit is concurrencyremote, as they always were). The text decides by how it
//! begins, never by a word within it: remote servers choose the words of a delivery report.
mod attempts;
mod bulk;
mod counters;
mod families;
mod follow;
mod mta;
mod page;
mod places;
mod result;

use super::bulk::Bulk;
use super::card::templates;
use super::card::{CounterFile, Directories, IN_SYSLOG, Processor, Protocol, Writers};
use super::classify::{Classify, LogKind, Raise, Settings, Verdict, nanofraction};
use super::counter::Counter;
use super::memory::Memory;
use super::providers::{self, Providers};
use super::reasons::{self, Outcome, Reasons};
use super::scan::{fraction, number};
use super::section::{Section, Version};
use super::times;
use crate::line::Line;
use bulk::SendBulk;
use counters::*;
use follow::{Follow, TAGS, is_supplementary};
use result::{result, word};

/// The protocol `send`, where qmail-send has a log of its own.
pub const SEND: Protocol = Protocol {
    name: "send",
    title: "Deliveries",
    about: "messages and deliveries of qmail-send",
    counters: COUNTERS,
    classify: &|line, place, raise| classify(line, place, Reasons::Shipped, raise),
    follow: Some(&|line, place, memory, raise| FOLLOW.line(line, place, memory, raise)),
    follows_messages: true,
    attempts: Some(&attempts::SHIPPED),
    bulk: Some(&|| Box::new(SendBulk::with(Reasons::Shipped, FOLLOW))),
    sections: &[REASONS_SECTION, PROVIDERS_SECTION, TIMES_SECTION],
    reads_syslog: false,
    writers: Some(Writers { tags: TAGS, sentences: &[], settled: &[] }),
    processor: Some(Processor {
        name: "sendlog",
        about: "Be the processor of qmail-send's logger (also by the name sendlog)",
        directories: Some(Directories { key: "logs_send_dirs", default: "send" }),
    }),
    counter_file: Some(CounterFile { key: "logs_send_count", default: "send.txt" }),
    main_counters: &[
        ("message_new", "New messages"),
        ("delivery_success", "Delivered"),
        ("delivery_deferral", "Put off"),
        ("delivery_failure", "Failed"),
    ],
    templates: templates!["deliveries", "concurrency", "messages", "throughput"],
    leads_the_page: true,
    families: families::SEND,
    mta: mta::SEND,
    page: page::SEND,
    ..IN_SYSLOG
};

/// What is followed where toaster.conf is silent.
const FOLLOW: Follow =
    Follow { providers: (Providers::Shipped, PROVIDERS), times: Some(TIMES), reasons: Reasons::Shipped };

const REASONS_SECTION: Section = Section {
    name: "reasons",
    title: "Why deliveries fail",
    about: "why deliveries were put off or failed",
    first: WHY,
    counters: reasons::COUNTERS,
    main_counters: &[
        ("why_greylisted", "Greylisted"),
        ("why_rate_limited", "Too fast"),
        ("why_reputation", "Distrusted"),
        ("why_blocklisted", "On a block list"),
        ("why_user_unknown", "No such mailbox"),
        ("why_connection", "No connection"),
    ],
    families: families::REASONS,
    mta: mta::REASONS,
    page: page::SECTION,
    templates: templates!["reasons"],
    unknown: Some(reasons::UNKNOWN),
    table: Some(&|| Reasons::Shipped.version()),
};

const PROVIDERS_SECTION: Section = Section {
    name: "providers",
    title: "Large providers",
    about: "deliveries to Google, Microsoft, Yahoo and others",
    first: PROVIDERS,
    counters: providers::COUNTERS,
    main_counters: &[
        ("ok_google", "Google took"),
        ("def_google", "Google put off"),
        ("ok_microsoft", "Microsoft took"),
        ("def_microsoft", "Microsoft put off"),
        ("ok_yahoo", "Yahoo took"),
        ("def_yahoo", "Yahoo put off"),
    ],
    families: families::PROVIDERS,
    mta: &[],
    page: page::SECTION,
    templates: templates!["providers", "deferred"],
    unknown: None,
    table: Some(&|| Providers::Shipped.version()),
};

const TIMES_SECTION: Section = Section {
    name: "times",
    title: "How long mail takes",
    about: "how long deliveries take, and messages are in the queue",
    first: TIMES,
    counters: times::COUNTERS,
    main_counters: &[
        ("first_1s", "Delivered within 1 s"),
        ("first_1m", "within 1 min"),
        ("first_1h", "within 1 h"),
        ("queue_longer", "In the queue over 5 days"),
    ],
    families: families::TIMES,
    mta: &[],
    page: page::SECTION,
    templates: templates!["times", "times-remote", "times-queue"],
    unknown: None,
    table: None,
};

/// The protocol `send`: toaster.conf may name other tables of reasons and of providers, or leave a section out.
pub fn protocol(settings: &Settings) -> Protocol {
    let send = Protocol { reads_syslog: settings.send_in_syslog, ..SEND };
    let (reasons, providers) = (settings.reasons, settings.providers);
    if matches!((reasons, providers), (Reasons::Shipped, Providers::Shipped)) && !settings.no_times {
        let attempts = Some(attempts::table(reasons, providers, WHY, &settings.hide));
        return Protocol { attempts, ..send };
    }
    with_sections(send, settings)
}

/// `send` with the sections that are wanted. A protocol lives as long as the process, so that what it is made of may be leaked.
fn with_sections(send: Protocol, settings: &Settings) -> Protocol {
    let Settings { reasons, providers, no_times, ref hide, .. } = *settings;
    let has_times = !no_times;
    let reasons_version: &'static Version = Box::leak(Box::new(move || reasons.version()));
    let providers_version: &'static Version = Box::leak(Box::new(move || providers.version()));
    let reasons_section = Section { table: Some(reasons_version), ..REASONS_SECTION };
    let providers_section = Section { table: Some(providers_version), ..PROVIDERS_SECTION };
    let wanted = [
        (reasons_section, !matches!(reasons, Reasons::Off)),
        (providers_section, !matches!(providers, Providers::Off)),
        (TIMES_SECTION, has_times),
    ];
    let mut counters: Vec<Counter> = MESSAGES.to_vec();
    let mut sections = Vec::new();
    let mut firsts = [0; 3];
    for ((section, is_wanted), first) in wanted.into_iter().zip(&mut firsts) {
        if is_wanted {
            *first = counters.len();
            sections.push(Section { first: *first, ..section });
            counters.extend_from_slice(section.counters);
        }
    }
    let follow = Follow { providers: (providers, firsts[1]), times: has_times.then_some(firsts[2]), reasons };
    // Without the lines of their beginnings it is not known where attempts go.
    let has_attempts = follow.counts() && !matches!(reasons, Reasons::Off);
    let classify: &'static Classify =
        Box::leak(Box::new(move |line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>| {
            classify(line, place, reasons, raise)
        }));
    let followed: &'static super::bulk::Follow = Box::leak(Box::new(
        move |line: &Line<'_>, place: LogKind, memory: &mut Memory<'_>, raise: &mut Raise<'_>| {
            follow.line(line, place, memory, raise);
        },
    ));
    let bulk = Box::leak(Box::new(move || Box::new(SendBulk::with(reasons, follow)) as Box<dyn Bulk>));
    Protocol {
        counters: counters.leak(),
        sections: sections.leak(),
        classify,
        follow: follow.counts().then_some(followed),
        follows_messages: has_times,
        attempts: has_attempts.then(|| attempts::table(reasons, providers, firsts[0], hide)),
        bulk: Some(bulk),
        ..send
    }
}

fn classify(line: &Line<'_>, place: LogKind, reasons: Reasons, raise: &mut Raise<'_>) -> Verdict {
    let ours = place == LogKind::Dedicated || line.tag.is_some_and(|tag| TAGS.contains(&tag));
    if !ours {
        return Verdict::Foreign;
    }
    if line.continuation {
        return Verdict::Known;
    }
    let mut known = event(line.text, reasons, raise);
    if known.is_none() && place == LogKind::Dedicated && line.after_stamp.len() != line.text.len() {
        // `status: local 1/10` and `delivery 1: success: ` behind a container's stamp look like a header of syslog.
        known = event(line.after_stamp, reasons, raise);
    }
    match (known, place) {
        (Some(()), _) => Verdict::Known,
        (None, place) => rest(line, place, raise),
    }
}

/// Raises what a text counts that is none of the rare ones. `None`: no prefix claims it.
#[inline]
fn event(text: &[u8], reasons: Reasons, raise: &mut Raise<'_>) -> Option<()> {
    // The first byte decides among the prefixes, so that a line is compared with at most two.
    match text.first() {
        Some(b'd') => text.strip_prefix(b"delivery ").map(|rest| delivery(rest, reasons, raise)),
        Some(b's') => {
            if let Some(rest) = text.strip_prefix(b"status:") {
                status(rest, raise);
                Some(())
            } else {
                text.strip_prefix(b"starting delivery ").map(|rest| starting(rest, raise))
            }
        }
        Some(b'n') => text.starts_with(b"new msg").then(|| raise.one(MESSAGE_NEW)),
        Some(b'e') => text.starts_with(b"end msg").then(|| raise.one(MESSAGE_END)),
        Some(b'i') => text.strip_prefix(b"info msg ").map(|rest| info(rest, raise)),
        Some(b'b') => text.starts_with(b"bounce").then(|| raise.one(MESSAGE_BOUNCE)),
        _ => None,
    }
}

/// Text after `info msg `: `N: bytes B from <SENDER> qp Q uid U`.
fn info(rest: &[u8], raise: &mut Raise<'_>) {
    raise.one(MESSAGE_INFO);
    let bytes = word(rest)
        .and_then(|rest| rest.strip_prefix(b": bytes "))
        .and_then(number)
        .filter(|(_, rest)| rest.starts_with(b" from"));
    if let Some((bytes, _)) = bytes {
        raise.add(MESSAGE_BYTES, bytes);
    }
}

/// Text after `starting delivery `: `N: msg M to local RECIPIENT`, `… to remote RECIPIENT`, `… to suppl0 RECIPIENT`.
fn starting(rest: &[u8], raise: &mut Raise<'_>) {
    raise.one(START_DELIVERY);
    let place = word(rest)
        .and_then(|rest| rest.strip_prefix(b": msg "))
        .and_then(word)
        .and_then(|rest| rest.strip_prefix(b" to "));
    if let Some(place) = place {
        if place.starts_with(b"local ") {
            raise.one(START_LOCAL);
        } else if place.starts_with(b"remote ") || is_supplementary(place) {
            raise.one(START_REMOTE);
        }
    }
}

/// Text after `delivery `: `N: success: REPORT`, `N: deferral: …`, `N: failure: …`.
fn delivery(rest: &[u8], reasons: Reasons, raise: &mut Raise<'_>) {
    raise.one(DELIVERY);
    let Some((outcome, report)) = result(rest) else { return };
    match outcome {
        Outcome::Success => raise.one(DELIVERY_SUCCESS),
        Outcome::Deferral => raise.one(DELIVERY_DEFERRAL),
        Outcome::Failure => raise.one(DELIVERY_FAILURE),
    }
    if outcome != Outcome::Success {
        raise_why(reasons.why(report, outcome), raise);
    }
}

/// Text after `status:`: ` local A/B[ (held)] remote C/D[ exitasap …]`, or ` exiting`.
fn status(rest: &[u8], raise: &mut Raise<'_>) {
    let Some(rest) = rest.strip_prefix(b" local ") else {
        raise.one(OTHER);
        return;
    };
    raise.one(STATUS);
    let Some((local, local_limit, rest)) = fraction(rest) else { return };
    let rest = rest.strip_prefix(b" (held)").unwrap_or(rest);
    let Some((remote, remote_limit, rest)) = rest.strip_prefix(b" remote ").and_then(fraction) else {
        return;
    };
    if local_limit == 0 || remote_limit == 0 || !(rest.is_empty() || rest[0] == b' ') {
        return;
    }
    raise.add(STATUS_LOCALP, nanofraction(local, local_limit));
    raise.add(STATUS_REMOTEP, nanofraction(remote, remote_limit));
    raise.add(STATUS_LOCAL_SUM, local);
    raise.add(STATUS_REMOTE_SUM, remote);
    raise.peak(PEAK_LOCAL, local);
    raise.peak(PEAK_REMOTE, remote);
    raise.level(LIMIT_LOCAL, local_limit);
    raise.level(LIMIT_REMOTE, remote_limit);
}

/// What no prefix claims.
#[cold]
fn rest(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    // Not everything that runs under qmail's name in syslog is qmail-send.
    if place == LogKind::Dedicated && (line.time.is_none() || line.text.is_empty()) {
        raise.one(MESSAGE_OTHER);
        return Verdict::Unknown;
    }
    let kinds: [(&[u8], usize); 4] = [
        (b"double bounce: ", DOUBLE_BOUNCE),
        (b"triple bounce: ", TRIPLE_BOUNCE),
        (b"warning: ", WARNING),
        (b"alert: ", ALERT),
    ];
    for (prefix, counter) in kinds {
        if line.text.starts_with(prefix)
            || (place == LogKind::Dedicated && line.after_stamp.starts_with(prefix))
        {
            raise.one(OTHER);
            raise.one(counter);
            return Verdict::Known;
        }
    }
    if place == LogKind::Shared {
        return Verdict::Foreign;
    }
    raise.one(OTHER);
    // indimail's `local: …` and `remote: …`.
    let told = [b"local: " as &[u8], b"remote: "].iter().any(|p| line.text.starts_with(p));
    if told { Verdict::Known } else { Verdict::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_syslog_only_what_qmail_send_alone_writes() {
        let raised = |line: &str| {
            let mut values = vec![0; COUNTERS.len()];
            let line = crate::line::Parser::new(10, 1_790_635_513).parse(line.as_bytes());
            let verdict = (SEND.classify)(&line, LogKind::Shared, &mut Raise(&mut values));
            let raised =
                COUNTERS.iter().zip(values).filter(|(_, v)| *v != 0).map(|(c, _)| c.key).collect::<Vec<_>>();
            (raised, verdict)
        };
        for (text, keys) in [
            ("new msg 1", vec!["message_new"]),
            ("alert: cannot start: unable to read controls", vec!["other", "alert"]),
            ("warning: unable to stat mess/3/78833", vec!["other", "warning"]),
            ("triple bounce: discarding bounce/1236", vec!["other", "triple_bounce"]),
            ("status: exiting", vec!["other"]),
        ] {
            assert_eq!(
                raised(&format!("Jun 19 09:12:25 mx1 qmail: {text}")),
                (keys, Verdict::Known),
                "{text}"
            );
            assert_eq!(
                raised(&format!("Jun 19 09:12:25 mx1 other: {text}")),
                (vec![], Verdict::Foreign),
                "{text}"
            );
        }
        for text in ["tcpserver: warning: x", "simscan:[1]:CLEAN (0/0):1s:x", "", "remote: a b 814"] {
            assert_eq!(
                raised(&format!("Jun 19 09:12:25 mx1 qmail: {text}")),
                (vec![], Verdict::Foreign),
                "{text}"
            );
        }
    }
}

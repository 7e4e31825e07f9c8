//! `rspamd`: the verdict on each message that rspamd scans, and what it learns.
//!
//! | where | shape |
//! |---|---|
//! | its own file, behind the stamp | `[[SEVERITY] ]#PID(WORKER) <ID>; MODULE; FUNCTION: MESSAGE` |
//! | syslog, tag `rspamd` | `<ID>; MODULE; FUNCTION: MESSAGE` |
//! | a console under systemd | `(WORKER) <ID>; MODULE; FUNCTION: MESSAGE` |
//! | JSON, in a file or in syslog | `{"ts": …, "module": "MODULE", "function": "FUNCTION", "message": "MESSAGE"}` |
//!
//! The verdict is the MESSAGE of `rspamd_task_write_log` in the modules `task` and `proxy`; in `csession` somebody scans by
//! hand. An administrator may change it (`log_format`): then no field is guessed, and `rspamd_other` counts.
mod envelope;
mod verdict;

use super::card::{IN_SYSLOG, Protocol, Writers, templates};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::{CounterKind, events, of_kind};
use super::counter_table::counters;
use super::program::{doubtful, program, unheaded};
use crate::line::Line;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, Unit, family, family_in};
use crate::reading::role::{Fact, Of, Overview, Role, Subject, answer, row};
use crate::reading::stage::Stage;
use envelope::Record;

/// The protocol `rspamd`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "rspamd",
        title: "rspamd",
        about: "verdicts of rspamd",
        counters: COUNTERS,
        classify: &classify,
        writers: Some(Writers { tags: &[b"rspamd"], sentences: &[], settled: &[] }),
        files_key: Some("logs_rspamd_files"),
        main_counters: &[("ham", "Ham"), ("spam", "Spam"), ("reject", "Rejected")],
        templates: templates!["rspamd", "rspamd-actions", "rspamd-effort"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const PAGE: Overview = Overview {
    heard: "",
    lines: &["scan", "learned_spam", "learned_ham", "learned_other", "learn_fail", "rspamd_other"],
    answers: &[answer(Role::Spam, Of::Scanner, &["spam"]), answer(Role::Ham, Of::Scanner, &["ham"])],
    subjects: &[Subject {
        words: "messages that are spam",
        graph: "rspamd",
        keys: &["spam"],
        lists: false,
        of: Some(Of::Scanner),
        among: &["spam", "ham"],
        color: "warn",
        facts: &[Fact::Share("of what was looked at in that time")],
    }],
    rows: &[
        row(Stage::Filters, "Spam, by rspamd", &["spam"]),
        row(Stage::Filters, "Rejected by rspamd", &["reject"]),
    ],
    stage: Stage::Filters,
};

const FAMILIES: &[Family] = &[
    family(
        "rspamd_messages",
        "messages that rspamd scanned",
        &["verdict"],
        &[Key("spam", &["spam"]), Key("ham", &["ham"]), Key("skipped", &["skipped"])],
    ),
    family("rspamd_scans", "messages scanned", &[], &[Key("scan", &[])]),
    family(
        "rspamd_actions",
        "messages, by what is to be done with them",
        &["action"],
        &[
            Key("reject", &["reject"]),
            Key("soft_reject", &["soft_reject"]),
            Key("greylist", &["greylist"]),
            Key("add_header", &["add_header"]),
            Key("rewrite_subject", &["rewrite_subject"]),
            Key("no_action", &["no_action"]),
            Key("quarantine", &["quarantine"]),
            Key("discard", &["discard"]),
            Key("action_other", &["other"]),
        ],
    ),
    family("rspamd_scores", "sum of the scores of all messages", &[], &[Key("score_sum", &[])]),
    family_in("rspamd_scan", "seconds that scanning took", Unit::Seconds, &[], &[Key("time_sum", &[])]),
    family_in("rspamd_scanned", "bytes of the messages", Unit::Bytes, &[], &[Key("bytes", &[])]),
    family("rspamd_dns_requests", "DNS requests of rspamd", &[], &[Key("dns_requests", &[])]),
    family(
        "rspamd_learned",
        "messages learned",
        &["class"],
        &[Key("learned_spam", &["spam"]), Key("learned_ham", &["ham"]), Key("learned_other", &["other"])],
    ),
    family("rspamd_learn_failures", "messages that could not be learned", &[], &[Key("learn_fail", &[])]),
    family("rspamd_other_lines", "verdicts of a form that is not known", &[], &[Key("rspamd_other", &[])]),
];

counters! {
    const COUNTERS = [
        SCAN: events("scan", "messages scanned"),
        SPAM: events("spam", "messages that are spam"),
        HAM: events("ham", "messages that are not spam"),
        SKIPPED: events("skipped", "messages that were not looked at"),
        REJECT: events("reject", "messages to be rejected"),
        SOFT_REJECT: events("soft_reject", "messages to be put off"),
        GREYLIST: events("greylist", "messages to be greylisted"),
        ADD_HEADER: events("add_header", "messages to be marked with a header"),
        REWRITE_SUBJECT: events("rewrite_subject", "messages whose subject is to be rewritten"),
        NO_ACTION: events("no_action", "messages to be let through"),
        QUARANTINE: events("quarantine", "messages to be put into quarantine"),
        DISCARD: events("discard", "messages to be thrown away"),
        ACTION_OTHER: events("action_other", "messages with other actions"),
        SCORE_SUM: of_kind(CounterKind::Net, "score_sum", "sum of the scores of all messages"),
        TIME_SUM: of_kind(CounterKind::Sum, "time_sum", "seconds that scanning took"),
        BYTES: events("bytes", "bytes of the messages"),
        DNS_REQUESTS: events("dns_requests", "DNS requests"),
        LEARNED_SPAM: events("learned_spam", "messages learned as spam"),
        LEARNED_HAM: events("learned_ham", "messages learned as ham"),
        LEARNED_OTHER: events("learned_other", "messages learned as another class"),
        LEARN_FAIL: events("learn_fail", "messages that could not be learned"),
        OTHER: events("rspamd_other", "verdicts of a form that is not known"),
    ];
}

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    let (name, text) = program(line, place);
    let own = place == LogKind::Dedicated;
    let (text, is_certain) = match name {
        b"rspamd" => (text, true),
        // Without a header nothing but its form tells that it is rspamd's.
        _ if unheaded(line, place) => (line.text, own),
        _ => return if own { Verdict::Unknown } else { Verdict::Foreign },
    };
    if line.continuation || doubtful(line) {
        return if own { Verdict::Unknown } else { Verdict::Foreign };
    }
    let is_headed = line.tag.is_some();
    match envelope::record(text).filter(|record| is_certain || record.is_placed) {
        Some(record) => count(&record, is_headed, raise),
        None if is_certain => Verdict::Unknown,
        None => Verdict::Foreign,
    }
}

/// `is_headed`: it came through a syslog daemon.
fn count(record: &Record<'_>, is_headed: bool, raise: &mut Raise<'_>) -> Verdict {
    let message = &*record.message;
    match (&*record.module, &*record.function) {
        (b"task" | b"proxy", b"rspamd_task_write_log") => {
            let is_cut = record.is_cut || may_be_cut(message.len(), is_headed);
            if let Some(found) = verdict::read(message, is_cut) {
                raise_verdict(&found, raise);
            } else {
                raise.one(OTHER);
                return Verdict::Unknown;
            }
        }
        (_, b"rspamd_controller_learn_fin_task") => {
            if let Some(class) = learned(message) {
                raise.one(match class {
                    b"spam" => LEARNED_SPAM,
                    b"ham" => LEARNED_HAM,
                    _ => LEARNED_OTHER,
                });
            } else if message.starts_with(b"cannot learn <") {
                raise.one(LEARN_FAIL);
            }
        }
        _ => {}
    }
    Verdict::Known
}

fn raise_verdict(found: &verdict::Found<'_>, raise: &mut Raise<'_>) {
    raise.one(SCAN);
    raise.one(match found.flag {
        verdict::Flag::Spam => SPAM,
        verdict::Flag::Ham => HAM,
        verdict::Flag::Skipped => SKIPPED,
    });
    raise.one(match found.action {
        b"reject" => REJECT,
        b"soft reject" => SOFT_REJECT,
        b"greylist" => GREYLIST,
        b"add header" => ADD_HEADER,
        b"rewrite subject" => REWRITE_SUBJECT,
        b"no action" => NO_ACTION,
        b"quarantine" => QUARANTINE,
        b"discard" => DISCARD,
        _ => ACTION_OTHER,
    });
    raise.net(SCORE_SUM, found.score.unwrap_or(0));
    if let Some(effort) = &found.effort {
        raise.add(BYTES, effort.bytes);
        raise.net(TIME_SUM, effort.time);
        raise.add(DNS_REQUESTS, effort.dns_requests);
    }
}

/// CLASS of `<IP> learned message as CLASS: MESSAGE-ID`. All of it but the Message-ID is rspamd's.
fn learned(message: &[u8]) -> Option<&[u8]> {
    let address = message.strip_prefix(b"<")?;
    let end = address.iter().position(|b| matches!(b, b' ' | b'>'))?;
    let class = address.get(end..)?.strip_prefix(b"> learned message as ")?;
    class.split(|&b| b == b':').next()
}

/// May a message of this length be one of which the end was cut off? Then a sender who fills it up chose what stands at its
/// end. rspamd keeps 8,192 bytes of a message, 2,048 on some processors; syslog daemons keep as much of a line (rsyslogd
/// 8,096) or 1,024 bytes of it, header included.
fn may_be_cut(length: usize, is_headed: bool) -> bool {
    // Of the syslog's header and of what rspamd puts before a message, and the difference of rsyslogd.
    const HEADERS: usize = 400;
    let before = |limit: usize, by: usize| (limit.saturating_sub(by)..=limit).contains(&length);
    length + 256 >= crate::line::LINE_LIMIT
        || before(2048, 8)
        || before(8192, 8)
        || (is_headed && [1024, 2048, 8192].iter().any(|&limit| before(limit, HEADERS)))
}

#[cfg(test)]
mod tests;

//! `qmailscanner`: what qmail-scanner says of each message it looked at.
//!
//! Tag `qmail-scanner`, message `VERDICT:RC:0(IP):SA:0(SCORE/REQUIRED): SECONDS BYTES SENDER RECIPIENT SUBJECT …`.
//! Sender and subject are the client's, the verdict before them is not.
use super::card::templates;
use super::card::{CounterFile, IN_SYSLOG, OlderFile, Protocol, Writers};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::events;
use super::counter_table::counters;
use super::program::{doubtful, program};
use crate::line::Line;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, family};
use crate::reading::role::{Of, Overview, Role, Subject, answer, row};
use crate::reading::stage::Stage;
use memchr::memmem;

/// The protocol `qmailscanner`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "qmailscanner",
        title: "qmail-scanner",
        about: "verdicts of qmail-scanner",
        counters: COUNTERS,
        classify: &classify,
        writers: Some(Writers {
            tags: &[b"qmail-scanner"],
            sentences: &[],
            settled: &[(b"qmail-scanner", b"Clear:RC:")],
        }),
        counter_file: Some(CounterFile { key: "logs_virus_count", default: "virus.txt" }),
        older_files: &[OlderFile::Alone("virus.txt")],
        stored: &[("qs_virii", "qs_virus")],
        main_counters: &[("qs_clean", "Clean"), ("qs_virii", "Viruses"), ("qs_spam", "Spam")],
        // The viruses of all scanners are drawn in one graph.
        templates: templates!["virus"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const PAGE: Overview = Overview {
    heard: "",
    lines: &["qs_clean", "qs_virii", "qs_spam"],
    answers: &[answer(Role::Spam, Of::Scanner, &["qs_spam"]), answer(Role::Ham, Of::Scanner, &["qs_clean"])],
    subjects: &[Subject {
        words: "messages with a virus",
        graph: "virus",
        keys: &["qs_virii"],
        lists: false,
        of: None,
        among: &[],
        color: "bad",
        facts: &[],
    }],
    rows: &[row(Stage::Filters, "Viruses found by qmail-scanner", &["qs_virii"])],
    stage: Stage::Filters,
};

const FAMILIES: &[Family] = &[family(
    "qmailscanner_messages",
    "messages that qmail-scanner looked at",
    &["verdict"],
    &[Key("qs_clean", &["clean"]), Key("qs_virii", &["virus"]), Key("qs_spam", &["spam"])],
)];

counters! {
    const COUNTERS = [
        CLEAN: events("qs_clean", "messages in which nothing was found"),
        VIRII: events("qs_virii", "messages with a virus, or against a policy"),
        SPAM: events("qs_spam", "messages marked, refused or deleted as spam"),
    ];
}

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    let (name, text) = program(line, place);
    if name != b"qmail-scanner" || line.continuation || doubtful(line) {
        return if place == LogKind::Dedicated { Verdict::Unknown } else { Verdict::Foreign };
    }
    if let Some(end) = memmem::find(text, b":RC:") {
        let verdict = text.get(..end).unwrap_or_default();
        raise.one(match verdict {
            b"Clear" => CLEAN,
            _ if verdict.starts_with(b"SPAM-") || verdict.starts_with(b"SA:SPAM-") => SPAM,
            _ => VIRII,
        });
    }
    Verdict::Known
}

//! `qmailscanner`: what qmail-scanner says of each message it looked at.
//!
//! Tag `qmail-scanner`, message `VERDICT:RC:0(IP):SA:0(SCORE/REQUIRED): SECONDS BYTES SENDER RECIPIENT SUBJECT …`.
//! Sender and subject are the client's, the verdict before them is not.
use super::program::{doubtful, program};
use super::table::counters;
use super::{Place, Protocol, Raise, Settings, Verdict, events};
use crate::line::Line;
use memchr::memmem;

/// The protocol `qmailscanner`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "qmailscanner",
        about: "verdicts of qmail-scanner",
        counters: COUNTERS,
        classify: &classify,
        home: Place::Shared,
        measured: false,
        stored: &[("qs_virii", "qs_virus")],
        aliases: &[],
        samples: SAMPLES,
    }
}

counters! {
    const COUNTERS = [
        CLEAN: events("qs_clean", "messages in which nothing was found"),
        VIRII: events("qs_virii", "messages with a virus, or against a policy"),
        SPAM: events("qs_spam", "messages marked, refused or deleted as spam"),
    ];
}

fn classify(line: &Line<'_>, place: Place, raise: &mut Raise<'_>) -> Verdict {
    let (name, text) = program(line, place);
    if name != b"qmail-scanner" || line.continuation || doubtful(line) {
        return if place == Place::Own { Verdict::Unknown } else { Verdict::Foreign };
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

const SAMPLES: &[super::Sample] = &[
    (
        "Mar 19 08:21:14 h1 qmail-scanner[25042]: Clear:RC:0(192.0.2.234):SA:0(0.0/6.0): 1.681359 3302 \
         list-admin@example.com bob@example.org [list:27685]_Sync <2006@example.com> 1142752873.25044-0.mx1:898",
        &[("qs_clean", 1)],
    ),
    (
        "Mar 19 08:36:37 h1 qmail-scanner[31528]: Clear:RC:0(198.51.100.64):SA:1(8.1/6.0): 4.195255 1371 \
         x@example.com bob@example.org Buy <33@example.net> 1142753793.31530-0.mx1:134",
        &[("qs_clean", 1)],
    ),
    (
        "Sep 28 22:52:01 mx1 qmail-scanner[4001]: CLAMDSCAN:Eicar-Test-Signature:RC:0(198.51.100.8):SA:0(0.0/6.0): \
         0.281359 802 bob@example.com alice@example.org Clear:RC:0 <a1@example.com> 1790635921.4003-0.mx1:898",
        &[("qs_virii", 1)],
    ),
    (
        "Sep 28 22:52:02 mx1 qmail-scanner[4002]: SA:SPAM-TAGGED:RC:0(198.51.100.8):SA:1(8.1/6.0): 1.195255 1371 \
         bob@example.com alice@example.org Buy <a2@example.com> 1790635922.4004-0.mx1:134",
        &[("qs_spam", 1)],
    ),
    (
        "Sep 28 22:52:02 mx1 qmail-scanner[4002]: SPAM-DELETED:RC:0(198.51.100.8): 1.1 13 a b c",
        &[("qs_spam", 1)],
    ),
    (
        "Sep 28 22:52:05 mx1 qmail-scanner[4005]: Policy:BANNED:RC:0(198.51.100.8): 0.1 13 a b c",
        &[("qs_virii", 1)],
    ),
    ("Sep 28 22:52:05 mx1 qmail-scanner[4005]: cannot open /var/spool/qscan/tmp: No space left", &[]),
    ("Sep 28 22:52:05 mx1 kernel: Clear:RC:0(198.51.100.8)", &[]),
];

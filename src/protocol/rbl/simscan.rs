//! simscan, which scans messages before qmail-queue(8) has them.
//!
//! `simscan:[PID]:STATE (SCORES):TIME:SUBJECT OR VIRUS:IP:SENDER:RECIPIENTS`: the state ends at ` (` or `:`. The
//! subject is the sender's. Source: log_message() of simscan.c.
use super::common::{self, known, unknown};
use crate::protocol::scan::number;
use crate::protocol::{Raise, Sample, Verdict};

/// Raises what a line counts, `rest` being what follows `simscan:` or `simscan: `.
pub(super) fn classify(rest: &[u8], raise: &mut Raise<'_>) -> Verdict {
    let counter = match state(rest) {
        // Its debug mode tells with or without a PID, and with a blank before the text.
        None => common::OTHER,
        Some(b"CLEAN") => common::HAM,
        Some(b"SPAM REJECT" | b"SPAM DROPPED") => common::SPAMASSASSIN,
        Some(b"VIRUS" | b"VIRUS DROPPED" | b"ATTACH") => common::VIRUS,
        Some(b"REGEX") => common::SIMSCAN_REGEX,
        Some(b"SPAM PASS" | b"PASSTHRU") => common::SIMSCAN_PASS,
        Some(b"RELAYCLIENT") => common::SIMSCAN_RELAY,
        Some(_) => return unknown(raise),
    };
    known(counter, raise)
}

/// The state in `[PID]:STATE…`; `None` if it is a message of the debug mode.
fn state(rest: &[u8]) -> Option<&[u8]> {
    let (_, rest) = number(rest.strip_prefix(b"[")?)?;
    let rest = rest.strip_prefix(b"]:").filter(|rest| !rest.starts_with(b" "))?;
    let field = &rest[..memchr::memchr(b':', rest).unwrap_or(rest.len())];
    Some(&field[..memchr::memmem::find(field, b" (").unwrap_or(field.len())])
}

/// Lines that document and test this group.
pub(super) const SAMPLES: &[Sample] = &[
    (
        "@400000006abaee6000000000 simscan:[4001]:CLEAN (1.20/5.00/5.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("ham", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:SPAM REJECT (15.10/5.00/12.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("spamassassin", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:SPAM DROPPED (15.10/5.00/12.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("spamassassin", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:VIRUS:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("virus", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:VIRUS DROPPED:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("virus", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:ATTACH:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("virus", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:REGEX:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_regex", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:SPAM PASS (6.10/5.00/12.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_pass", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:PASSTHRU (9.20/5.00/5.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_pass", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:RELAYCLIENT:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_relay", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:CLEANISH:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("other", 1)],
    ),
    (
        "simscan:[4001]:CLEAN (0.99/0.70):0.1s:VIRUS: read this:198.51.100.8:b@example.com:a@example.org",
        &[("count", 1), ("ham", 1)],
    ),
    ("@400000006abaee6000000000 simscan:[4015]: clamdscan detected a virus", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 simscan: big file (5242880 bytes); skipping SpamAssassin",
        &[("count", 1), ("other", 1)],
    ),
];

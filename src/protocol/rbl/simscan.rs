//! simscan, which scans messages before qmail-queue(8) has them.
//!
//! `simscan:[PID]:STATE (SCORES):TIME:SUBJECT OR VIRUS:IP:SENDER:RECIPIENTS`: the state ends at ` (` or `:`. The
//! subject is the sender's. Source: log_message() of simscan.c.
use super::common::{self, known, unknown};
use crate::protocol::classify::{Raise, Verdict};
use crate::protocol::scan::number;

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

//! s/qmail and SPAMCONTROL: `Accept::TYPE::CONDITION P:… S:… H:… F:… T:…` and the same with `Reject`.
//!
//! HELO (`H:`), sender and recipient are the client's. Types: smtpdlog.c and qmail-mrtg.c of s/qmail.
use super::common::{AUTH_FAIL, AUTH_OK, known, unknown};
use crate::protocol::classify::{Raise, Verdict};
use crate::protocol::counter::events;
use crate::protocol::counter_table::{counters, groups, named_counters};

named_counters! {
    const TYPES, REJECTIONS = [
        b"SMTP": events("reject_smtp", "rejections of s/qmail for the SMTP dialogue"),
        b"SNDR": events("reject_sndr", "rejections of s/qmail for the client (HELO, relaying)"),
        b"ORIG": events("reject_orig", "rejections of s/qmail for the sender"),
        b"RCPT": events("reject_rcpt", "rejections of s/qmail for the recipient"),
        b"DATA": events("reject_data", "rejections of s/qmail for what the message holds"),
        b"AUTH": events("reject_auth", "rejections of s/qmail for a failed authentication"),
        b"SPF": events("reject_spf", "rejections of s/qmail by SPF"),
        b"TLS": events("reject_tls", "rejections of s/qmail for want of TLS"),
        b"RBL": events("reject_rbl", "rejections of s/qmail by a DNS list"),
    ];
}
counters! {
    const DECISIONS = [
        ACCEPT: events("accept", "what s/qmail let in: clients, senders, recipients"),
        REJECT: events("reject", "what s/qmail turned away, by any reject_"),
    ];
}
groups! {
    pub(super) const COUNTERS = [
        DECISION: DECISIONS,
        REJECTION: REJECTIONS,
        OTHER_TYPE: &[events("reject_other", "rejections of s/qmail of other types")],
    ];
}

/// Raises what a line counts, `rest` being what follows `Accept::`; the counters begin `at`.
pub(super) fn accept(rest: &[u8], at: usize, raise: &mut Raise<'_>) -> Verdict {
    let Some(kind) = kind(rest) else { return unknown(raise) };
    raise.one(at + DECISION + ACCEPT);
    if kind == b"AUTH" {
        raise.one(AUTH_OK);
    }
    if position(kind).is_some() { Verdict::Known } else { Verdict::Unknown }
}

/// Raises what a line counts, `rest` being what follows `Reject::`; the counters begin `at`.
pub(super) fn reject(rest: &[u8], at: usize, raise: &mut Raise<'_>) -> Verdict {
    let Some(kind) = kind(rest) else { return unknown(raise) };
    raise.one(at + DECISION + REJECT);
    if kind == b"AUTH" {
        raise.one(AUTH_FAIL);
    }
    match position(kind) {
        Some(position) => known(at + REJECTION + position, raise),
        None => {
            raise.one(at + OTHER_TYPE);
            Verdict::Unknown
        }
    }
}

/// `TYPE` of `TYPE::…`: one word in capitals.
fn kind(rest: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b':', rest).filter(|end| rest[*end..].starts_with(b"::"))?;
    let kind = &rest[..end];
    (!kind.is_empty() && !kind.contains(&b' ')).then_some(kind)
}

fn position(kind: &[u8]) -> Option<usize> {
    TYPES.iter().position(|name| *name == kind)
}

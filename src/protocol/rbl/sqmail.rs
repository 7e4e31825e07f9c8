//! s/qmail and SPAMCONTROL: `Accept::TYPE::CONDITION P:… S:… H:… F:… T:…` and the same with `Reject`.
//!
//! HELO (`H:`), sender and recipient are the client's. Types: smtpdlog.c and qmail-mrtg.c of s/qmail.
use super::keys::{AUTH_FAIL, AUTH_OK, SQMAIL};
use super::{known, unknown};
use crate::protocol::{Counter, Raise, Sample, Verdict, count};

const TYPES: [(&[u8], &str, &str); 9] = [
    (b"SMTP", "reject_smtp", "rejections of s/qmail for the SMTP dialogue"),
    (b"SNDR", "reject_sndr", "rejections of s/qmail for the client (HELO, relaying)"),
    (b"ORIG", "reject_orig", "rejections of s/qmail for the sender"),
    (b"RCPT", "reject_rcpt", "rejections of s/qmail for the recipient"),
    (b"DATA", "reject_data", "rejections of s/qmail for what the message holds"),
    (b"AUTH", "reject_auth", "rejections of s/qmail for a failed authentication"),
    (b"SPF", "reject_spf", "rejections of s/qmail by SPF"),
    (b"TLS", "reject_tls", "rejections of s/qmail for want of TLS"),
    (b"RBL", "reject_rbl", "rejections of s/qmail by a DNS list"),
];

// Positions after SQMAIL.
const ACCEPT: usize = 0;
const REJECT: usize = 1;
const OTHER_TYPE: usize = 2 + TYPES.len();
/// How many counters there are.
pub(super) const LEN: usize = OTHER_TYPE + 1;

/// The counters, in the order of the table.
pub(super) fn counters() -> Vec<Counter> {
    let mut counters = vec![
        count("accept", "accept", "what s/qmail let in: clients, senders, recipients"),
        count("reject", "reject", "what s/qmail turned away, by any reject_"),
    ];
    counters.extend(TYPES.iter().map(|(_, key, help)| count(key, key, help)));
    counters.push(count("reject_other", "reject_other", "rejections of s/qmail of other types"));
    counters
}

/// Raises what a line counts, `rest` being what follows `Accept::`.
pub(super) fn accept(rest: &[u8], raise: &mut Raise<'_>) -> Verdict {
    let Some(kind) = kind(rest) else { return unknown(raise) };
    raise.one(SQMAIL + ACCEPT);
    if kind == b"AUTH" {
        raise.one(AUTH_OK);
    }
    if position(kind).is_some() { Verdict::Known } else { Verdict::Unknown }
}

/// Raises what a line counts, `rest` being what follows `Reject::`.
pub(super) fn reject(rest: &[u8], raise: &mut Raise<'_>) -> Verdict {
    let Some(kind) = kind(rest) else { return unknown(raise) };
    raise.one(SQMAIL + REJECT);
    if kind == b"AUTH" {
        raise.one(AUTH_FAIL);
    }
    match position(kind) {
        Some(at) => known(SQMAIL + 2 + at, raise),
        None => {
            raise.one(SQMAIL + OTHER_TYPE);
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
    TYPES.iter().position(|t| t.0 == kind)
}

/// Lines that document and test this group.
pub(super) const SAMPLES: &[Sample] = &[
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 502 Accept::RCPT::Recipients_Cdb P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("accept", 1)],
    ),
    (
        "@400000006abaee6000000000 Accept::ORIG::Local_Sender P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("accept", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 502 Accept::AUTH::plain P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("accept", 1), ("qmail_smtpd_auth_ok", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::SMTP::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_smtp", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::SNDR::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_sndr", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::ORIG::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_orig", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::RCPT::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_rcpt", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::DATA::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_data", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::SPF::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_spf", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::TLS::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_tls", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::RBL::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_rbl", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::AUTH::plain P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_auth", 1), ("qmail_smtpd_auth_fail", 1)],
    ),
    (
        "@400000006abaee6000000000 Reject::MOON::Full P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_other", 1)],
    ),
    ("@400000006abaee6000000000 Reject: x", &[("count", 1), ("other", 1)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        let counters = counters();
        assert_eq!(counters[ACCEPT].key, "accept");
        assert_eq!(counters[REJECT].key, "reject");
        assert_eq!(counters[OTHER_TYPE].key, "reject_other");
        assert_eq!(counters.len(), LEN);
        for (kind, key, _) in TYPES {
            assert_eq!(key, format!("reject_{}", String::from_utf8_lossy(kind).to_lowercase()));
        }
    }
}

//! The qlog patch of qmail-smtpd: what became of each recipient and each message.
//!
//! `result=R code=C reason=REASON detail=D helo=H …`: HELO and what follows it are the client's, so the reason is
//! taken from its place. Reasons: the callers of qsmtpdlog() in qmail-smtpd.c (sagredo's).
//! The same rejection has a line of its own too, so that these raise no other counter.
use super::common::known;
use crate::protocol::classify::{Raise, Verdict};
use crate::protocol::counter::{count, events};
use crate::protocol::counter_table::{groups, named_counters};
use crate::protocol::scan::word;

/// A counter of a reason: key, DS name if that is another, and what was decided.
macro_rules! decision {
    ($key:literal, $why:literal) => {
        events($key, concat!("qlog lines, ", $why))
    };
    ($key:literal, $ds:literal, $why:literal) => {
        count($key, $ds, concat!("qlog lines, ", $why))
    };
}
named_counters! {
    const REASONS, DECISIONS = [
        b"alarmtimeout": decision!("qlog_alarmtimeout", "rejected: the client said nothing for too long"),
        b"out_of_memory": decision!("qlog_out_of_memory", "rejected: out of memory"),
        b"cannot_read_controls": decision!("qlog_cannot_read_controls", "qlog_no_controls", "rejected: the control files cannot be read"),
        b"unknown_ip_me": decision!("qlog_unknown_ip_me", "rejected: own addresses unknown"),
        b"max_rcpt_exceeded": decision!("qlog_max_rcpt_exceeded", "qlog_max_rcpt", "rejected: too many recipients"),
        b"bad_newlines": decision!("qlog_bad_newlines", "rejected: a bare line feed"),
        b"pregreet": decision!("qlog_pregreet", "rejected: talked before the greeting"),
        b"databytes_limit_exceeded": decision!("qlog_databytes_limit_exceeded", "qlog_databytes", "rejected: larger than control/databytes allows"),
        b"not_in_rcpthosts": decision!("qlog_not_in_rcpthosts", "qlog_not_rcpthosts", "rejected: not in control/rcpthosts"),
        b"authfailed": decision!("qlog_authfailed", "rejected: authentication failed"),
        b"authinvalid": decision!("qlog_authinvalid", "rejected: unknown method of authentication"),
        b"authrequired": decision!("qlog_authrequired", "rejected: not authenticated"),
        b"authnotmailfrom": decision!("qlog_authnotmailfrom", "qlog_authnotmailfr", "rejected: the sender is not the user"),
        b"validrcptto": decision!("qlog_validrcptto", "rejected: not in control/validrcptto"),
        b"brtlimit": decision!("qlog_brtlimit", "rejected: too many bad recipients"),
        b"nomailbox": decision!("qlog_nomailbox", "rejected: no such mailbox"),
        b"chkuser": decision!("qlog_chkuser", "rejected: the recipient, by CHKUSER"),
        b"chkusersender": decision!("qlog_chkusersender", "rejected: the sender, by CHKUSER"),
        b"rcptcheck": decision!("qlog_rcptcheck", "rejected: by the program of RCPTCHECK"),
        b"nullsenderdenied": decision!("qlog_nullsenderdenied", "qlog_nullsender", "rejected: an empty sender"),
        b"dontrelay": decision!("qlog_dontrelay", "rejected: a relay test"),
        b"empf": decision!("qlog_empf", "rejected: by policy (eMPF)"),
        b"rblreject": decision!("qlog_rblreject", "rejected for good: by a DNS list"),
        b"rbldelay": decision!("qlog_rbldelay", "rejected for now: by a DNS list"),
        b"spf": decision!("qlog_spf", "rejected: by SPF"),
        b"qregexbhelo": decision!("qlog_qregexbhelo", "rejected: by control/badhelo"),
        b"qregexbmf": decision!("qlog_qregexbmf", "rejected: by control/badmailfrom"),
        b"qregexbmt": decision!("qlog_qregexbmt", "rejected: by control/badrcptto"),
        b"qqtfailure": decision!("qlog_qqtfailure", "rejected: qmail-queue could not be started"),
        b"rcptto": decision!("qlog_rcptto", "accepted: the recipient exists"),
        b"relayclient": decision!("qlog_relayclient", "accepted: the client may relay"),
        b"rcpthosts": decision!("qlog_rcpthosts", "accepted: in control/rcpthosts"),
        b"spp": decision!("qlog_spp", "accepted: by a plugin (qmail-spp)"),
        b"queueaccept": decision!("qlog_queueaccept", "accepted: the message is in the queue"),
        b"queuereject": decision!("qlog_queuereject", "rejected for good: the message, by qmail-queue"),
        b"queue_delay": decision!("qlog_queue_delay", "rejected for now: the message, by qmail-queue"),
        b"message_loop": decision!("qlog_message_loop", "rejected: the message goes round in circles"),
    ];
}
groups! {
    pub(super) const COUNTERS = [
        DECISION: DECISIONS,
        OTHER_REASON: &[events("qlog_other", "qlog lines of other reasons")],
    ];
}

/// Raises what a line counts, `rest` being what follows `qlogenvelope: ` or `qlogreceived: `; the counters begin `at`.
pub(super) fn classify(rest: &[u8], at: usize, raise: &mut Raise<'_>) -> Verdict {
    match reason(rest).and_then(|reason| REASONS.iter().position(|r| *r == reason)) {
        Some(reason) => known(at + DECISION + reason, raise),
        None => {
            raise.one(at + OTHER_REASON);
            Verdict::Unknown
        }
    }
}

/// The third field.
fn reason(rest: &[u8]) -> Option<&[u8]> {
    let (_, rest) = word(rest.strip_prefix(b"result=")?);
    let (_, rest) = word(rest.strip_prefix(b"code=")?);
    Some(word(rest.strip_prefix(b"reason=")?).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_after_their_reasons() {
        for (reason, counter) in REASONS.iter().zip(DECISIONS) {
            assert_eq!(counter.key, format!("qlog_{}", String::from_utf8_lossy(reason)));
        }
    }
}

//! The qlog patch of qmail-smtpd: what became of each recipient and each message.
//!
//! `result=R code=C reason=REASON detail=D helo=H …`: HELO and what follows it are the client's, so the reason is
//! taken from its place. Reasons: the callers of qsmtpdlog() in qmail-smtpd.c (sagredo's).
//! The same rejection has a line of its own too, so that these raise no other counter.
use super::common::known;
use crate::protocol::scan::word;
use crate::protocol::table::{groups, named_counters};
use crate::protocol::{Raise, Sample, Verdict, count, events};

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

/// Lines that document and test this group.
pub(super) const SAMPLES: &[Sample] = &[
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=alarmtimeout detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_alarmtimeout", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=out_of_memory detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_out_of_memory", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=cannot_read_controls detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_cannot_read_controls", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=unknown_ip_me detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_unknown_ip_me", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=max_rcpt_exceeded detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_max_rcpt_exceeded", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=bad_newlines detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_bad_newlines", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=pregreet detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_pregreet", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=databytes_limit_exceeded detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_databytes_limit_exceeded", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=not_in_rcpthosts detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_not_in_rcpthosts", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authfailed detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authfailed", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authinvalid detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authinvalid", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authrequired detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authrequired", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authnotmailfrom detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authnotmailfrom", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=validrcptto detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_validrcptto", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=brtlimit detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_brtlimit", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=nomailbox detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_nomailbox", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=chkuser detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_chkuser", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=chkusersender detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_chkusersender", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=rcptcheck detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rcptcheck", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=nullsenderdenied detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_nullsenderdenied", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=dontrelay detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_dontrelay", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=empf detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_empf", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=rblreject detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rblreject", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=rbldelay detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rbldelay", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=spf detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_spf", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qregexbhelo detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qregexbhelo", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qregexbmf detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qregexbmf", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qregexbmt detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qregexbmt", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qqtfailure detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qqtfailure", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=rcptto detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rcptto", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=relayclient detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_relayclient", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=rcpthosts detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rcpthosts", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=spp detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_spp", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=accepted code=250 reason=queueaccept detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_queueaccept", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=queuereject detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_queuereject", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=queue_delay detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_queue_delay", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=message_loop detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_message_loop", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=moon detail=",
        &[("count", 1), ("qlog_other", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected helo=x reason=spf",
        &[("count", 1), ("qlog_other", 1)],
    ),
];

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

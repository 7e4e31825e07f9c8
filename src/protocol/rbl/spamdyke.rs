//! spamdyke, which stands between tcpserver and qmail-smtpd.
//!
//! `CODE from: … to: … origin_ip: … origin_rdns: … auth: … encryption: … reason: …`: only the code is spamdyke's,
//! all but the address after it is the client's. Codes of spamdyke 4 and 5: REJECTION_DATA of spamdyke.h.
use super::common::{OTHER, known};
use crate::protocol::classify::{Raise, Verdict};
use crate::protocol::counter::{count, events};
use crate::protocol::counter_table::{counters, groups, named_counters};
use crate::protocol::scan::word;

counters! {
    const VERDICTS = [
        ALLOWED: events("spamdyke_allowed", "recipients and connections that spamdyke let in"),
        REFUSED: events("spamdyke_denied", "recipients that spamdyke turned away, by any denied_"),
    ];
}

/// A counter of a `DENIED_`: key, DS name, and why.
macro_rules! denied {
    ($key:literal, $ds:literal, $why:literal) => {
        count($key, $ds, concat!("recipients that spamdyke turned away: ", $why))
    };
}
// What follows `DENIED_`, in alphabetical order.
named_counters! {
    const REASONS, DENIALS = [
        b"ACCESS_DENIED": denied!("denied_access_denied", "denied_access", "the access file"),
        b"AUTH_REQUIRED": denied!("denied_auth_required", "denied_auth", "for want of authentication"),
        b"BLACKLIST_IP": denied!("denied_blacklist_ip", "denied_blacklist_ip", "the blacklist of addresses"),
        b"BLACKLIST_NAME": denied!("denied_blacklist_name", "denied_black_name", "the blacklist of host names"),
        b"EARLYTALKER": denied!("denied_earlytalker", "denied_earlytalker", "talking before the greeting"),
        b"GRAYLISTED": denied!("denied_graylisted", "denied_graylisted", "the graylist"),
        b"HEADER_BLACKLISTED": denied!("denied_header_blacklisted", "denied_header_black", "the blacklist of headers"),
        b"IDENTICAL_SENDER_RECIPIENT": denied!("denied_identical_sender_recipient", "denied_identical", "a sender that is the recipient"),
        b"INVALID_RECIPIENT": denied!("denied_invalid_recipient", "denied_invalid_rcpt", "a recipient that does not exist"),
        b"IP_IN_CC_RDNS": denied!("denied_ip_in_cc_rdns", "denied_ip_cc_rdns", "a host name with the address and a country code"),
        b"IP_IN_RDNS": denied!("denied_ip_in_rdns", "denied_ip_in_rdns", "a host name with the address and a banned keyword"),
        b"OTHER": denied!("denied_other", "denied_other", "qmail-smtpd itself"),
        b"RBL_MATCH": denied!("denied_rbl_match", "denied_rbl_match", "a DNS list of addresses"),
        b"RDNS_MISSING": denied!("denied_rdns_missing", "denied_rdns_missing", "the want of a host name"),
        b"RDNS_RESOLVE": denied!("denied_rdns_resolve", "denied_rdns_resolve", "a host name that does not resolve"),
        b"RECIPIENT_BLACKLISTED": denied!("denied_recipient_blacklisted", "denied_rcpt_black", "the blacklist of recipients"),
        b"REJECT_ALL": denied!("denied_reject_all", "denied_reject_all", "no mail being accepted"),
        b"RELAYING": denied!("denied_relaying", "denied_relaying", "not being allowed to relay"),
        b"RHSBL_MATCH": denied!("denied_rhsbl_match", "denied_rhsbl_match", "a DNS list of domains"),
        b"SENDER_BLACKLISTED": denied!("denied_sender_blacklisted", "denied_sender_black", "the blacklist of senders"),
        b"SENDER_NOT_AUTH": denied!("denied_sender_not_auth", "denied_sender_auth", "a sender that is not the user"),
        b"SENDER_NOT_LOCAL": denied!("denied_sender_not_local", "denied_sender_local", "a sender that is not local"),
        b"SENDER_NO_MX": denied!("denied_sender_no_mx", "denied_sender_no_mx", "a sender's domain without a mail exchanger"),
        b"TOO_MANY_RECIPIENTS": denied!("denied_too_many_recipients", "denied_too_many", "too many recipients"),
        b"UNAVAILABLE_RECIPIENT": denied!("denied_unavailable_recipient", "denied_unavailable", "a recipient that takes no mail now"),
        b"UNPARSEABLE": denied!("denied_unparseable", "denied_unparseable", "input that cannot be read"),
        b"UNQUALIFIED_RECIPIENT": denied!("denied_unqualified_recipient", "denied_unqualified", "a recipient without a domain"),
        b"ZERO_RECIPIENTS": denied!("denied_zero_recipients", "denied_zero_rcpt", "no valid recipient"),
    ];
}

counters! {
    const ENDS = [
        TIMEOUT: events("spamdyke_timeout", "connections that spamdyke closed for their silence"),
        FAILED_AUTH: count("spamdyke_failed_auth", "spamdyke_fail_auth", "failed authentications with spamdyke"),
        FAILED_TLS: events("spamdyke_failed_tls", "TLS handshakes with spamdyke that failed"),
        UNKNOWN_AUTH: count(
            "spamdyke_unknown_auth",
            "spamdyke_unkn_auth",
            "methods of authentication spamdyke does not know",
        ),
        OTHER_CODE: events("spamdyke_other", "spamdyke's lines with other codes"),
    ];
}
groups! {
    pub(super) const COUNTERS = [
        VERDICT: VERDICTS,
        DENIAL: DENIALS,
        END: ENDS,
    ];
}

/// Raises what a line counts, `rest` being what follows `spamdyke[PID]: `; the counters begin `at`.
pub(super) fn classify(rest: &[u8], at: usize, raise: &mut Raise<'_>) -> Verdict {
    let (code, _) = word(rest);
    if let Some(denied) = code.strip_prefix(b"DENIED_") {
        raise.one(at + VERDICT + REFUSED);
        return match REASONS.binary_search(&denied) {
            Ok(reason) => known(at + DENIAL + reason, raise),
            Err(_) => other_code(at, raise),
        };
    }
    match code {
        b"ALLOWED" | b"TLS_ENCRYPTED" => known(at + VERDICT + ALLOWED, raise),
        _ if code.starts_with(b"ALLOWED_") => known(at + VERDICT + ALLOWED, raise),
        b"TIMEOUT" => known(at + END + TIMEOUT, raise),
        b"FAILED_AUTH" => known(at + END + FAILED_AUTH, raise),
        b"FAILED_TLS" => known(at + END + FAILED_TLS, raise),
        b"UNKNOWN_AUTH" => known(at + END + UNKNOWN_AUTH, raise),
        _ if code.starts_with(b"FILTER_") || is_level(code) => known(OTHER, raise),
        _ => other_code(at, raise),
    }
}

/// `ERROR:`, or with the place in its source `ERROR(function()@file.c:12):`; the same of its other levels.
fn is_level(code: &[u8]) -> bool {
    let levels: [&[u8]; 5] = [b"ERROR", b"DEBUG", b"EXCESSIVE", b"INFO", b"VERBOSE"];
    let follows = |level: &&[u8]| code.strip_prefix(*level).and_then(|rest| rest.first());
    levels.iter().filter_map(follows).any(|b| matches!(b, b':' | b'('))
}

#[cold]
fn other_code(at: usize, raise: &mut Raise<'_>) -> Verdict {
    raise.one(at + END + OTHER_CODE);
    Verdict::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_sorted_and_their_keys_are_in_lower_case() {
        assert!(REASONS.is_sorted());
        for (code, counter) in REASONS.iter().zip(DENIALS) {
            assert_eq!(counter.key, format!("denied_{}", String::from_utf8_lossy(code).to_lowercase()));
        }
    }
}

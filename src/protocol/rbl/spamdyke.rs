//! spamdyke, which stands between tcpserver and qmail-smtpd.
//!
//! `CODE from: … to: … origin_ip: … origin_rdns: … auth: … encryption: … reason: …`: only the code is spamdyke's,
//! all but the address after it is the client's. Codes of spamdyke 4 and 5: REJECTION_DATA of spamdyke.h.
use super::keys::{OTHER, SPAMDYKE};
use super::known;
use crate::protocol::scan::word;
use crate::protocol::{Counter, Raise, Sample, Verdict, count};

// Positions after SPAMDYKE.
const ALLOWED: usize = 0;
const REFUSED: usize = 1;
const TIMEOUT: usize = 2 + DENIED.len();
const FAILED_AUTH: usize = TIMEOUT + 1;
const FAILED_TLS: usize = TIMEOUT + 2;
const UNKNOWN_AUTH: usize = TIMEOUT + 3;
const OTHER_CODE: usize = TIMEOUT + 4;
/// How many counters there are.
pub(super) const LEN: usize = OTHER_CODE + 1;

/// What follows `DENIED_`, in alphabetical order; key; DS name; help.
type Denied = (&'static [u8], &'static str, &'static str, &'static str);
const DENIED: [Denied; 28] = [
    (b"ACCESS_DENIED", "denied_access_denied", "denied_access", "the access file"),
    (b"AUTH_REQUIRED", "denied_auth_required", "denied_auth", "for want of authentication"),
    (b"BLACKLIST_IP", "denied_blacklist_ip", "denied_blacklist_ip", "the blacklist of addresses"),
    (b"BLACKLIST_NAME", "denied_blacklist_name", "denied_black_name", "the blacklist of host names"),
    (b"EARLYTALKER", "denied_earlytalker", "denied_earlytalker", "talking before the greeting"),
    (b"GRAYLISTED", "denied_graylisted", "denied_graylisted", "the graylist"),
    (b"HEADER_BLACKLISTED", "denied_header_blacklisted", "denied_header_black", "the blacklist of headers"),
    (
        b"IDENTICAL_SENDER_RECIPIENT",
        "denied_identical_sender_recipient",
        "denied_identical",
        "a sender that is the recipient",
    ),
    (
        b"INVALID_RECIPIENT",
        "denied_invalid_recipient",
        "denied_invalid_rcpt",
        "a recipient that does not exist",
    ),
    (
        b"IP_IN_CC_RDNS",
        "denied_ip_in_cc_rdns",
        "denied_ip_cc_rdns",
        "a host name with the address and a country code",
    ),
    (
        b"IP_IN_RDNS",
        "denied_ip_in_rdns",
        "denied_ip_in_rdns",
        "a host name with the address and a banned keyword",
    ),
    (b"OTHER", "denied_other", "denied_other", "qmail-smtpd itself"),
    (b"RBL_MATCH", "denied_rbl_match", "denied_rbl_match", "a DNS list of addresses"),
    (b"RDNS_MISSING", "denied_rdns_missing", "denied_rdns_missing", "the want of a host name"),
    (b"RDNS_RESOLVE", "denied_rdns_resolve", "denied_rdns_resolve", "a host name that does not resolve"),
    (
        b"RECIPIENT_BLACKLISTED",
        "denied_recipient_blacklisted",
        "denied_rcpt_black",
        "the blacklist of recipients",
    ),
    (b"REJECT_ALL", "denied_reject_all", "denied_reject_all", "no mail being accepted"),
    (b"RELAYING", "denied_relaying", "denied_relaying", "not being allowed to relay"),
    (b"RHSBL_MATCH", "denied_rhsbl_match", "denied_rhsbl_match", "a DNS list of domains"),
    (b"SENDER_BLACKLISTED", "denied_sender_blacklisted", "denied_sender_black", "the blacklist of senders"),
    (b"SENDER_NOT_AUTH", "denied_sender_not_auth", "denied_sender_auth", "a sender that is not the user"),
    (b"SENDER_NOT_LOCAL", "denied_sender_not_local", "denied_sender_local", "a sender that is not local"),
    (
        b"SENDER_NO_MX",
        "denied_sender_no_mx",
        "denied_sender_no_mx",
        "a sender's domain without a mail exchanger",
    ),
    (b"TOO_MANY_RECIPIENTS", "denied_too_many_recipients", "denied_too_many", "too many recipients"),
    (
        b"UNAVAILABLE_RECIPIENT",
        "denied_unavailable_recipient",
        "denied_unavailable",
        "a recipient that takes no mail now",
    ),
    (b"UNPARSEABLE", "denied_unparseable", "denied_unparseable", "input that cannot be read"),
    (
        b"UNQUALIFIED_RECIPIENT",
        "denied_unqualified_recipient",
        "denied_unqualified",
        "a recipient without a domain",
    ),
    (b"ZERO_RECIPIENTS", "denied_zero_recipients", "denied_zero_rcpt", "no valid recipient"),
];

/// The counters, in the order of the table.
pub(super) fn counters() -> Vec<Counter> {
    let mut counters = vec![
        count("spamdyke_allowed", "spamdyke_allowed", "recipients and connections that spamdyke let in"),
        count("spamdyke_denied", "spamdyke_denied", "recipients that spamdyke turned away, by any denied_"),
    ];
    counters.extend(DENIED.iter().map(|(_, key, ds, why)| {
        // The table is made once a process.
        count(key, ds, format!("recipients that spamdyke turned away: {why}").leak())
    }));
    counters.extend([
        count("spamdyke_timeout", "spamdyke_timeout", "connections that spamdyke closed for their silence"),
        count("spamdyke_failed_auth", "spamdyke_fail_auth", "failed authentications with spamdyke"),
        count("spamdyke_failed_tls", "spamdyke_failed_tls", "TLS handshakes with spamdyke that failed"),
        count(
            "spamdyke_unknown_auth",
            "spamdyke_unkn_auth",
            "methods of authentication spamdyke does not know",
        ),
        count("spamdyke_other", "spamdyke_other", "spamdyke's lines with other codes"),
    ]);
    counters
}

/// Raises what a line counts, `rest` being what follows `spamdyke[PID]: `.
pub(super) fn classify(rest: &[u8], raise: &mut Raise<'_>) -> Verdict {
    let (code, _) = word(rest);
    if let Some(denied) = code.strip_prefix(b"DENIED_") {
        raise.one(SPAMDYKE + REFUSED);
        return match DENIED.binary_search_by(|d| d.0.cmp(denied)) {
            Ok(at) => known(SPAMDYKE + 2 + at, raise),
            Err(_) => other_code(raise),
        };
    }
    match code {
        b"ALLOWED" | b"TLS_ENCRYPTED" => known(SPAMDYKE + ALLOWED, raise),
        _ if code.starts_with(b"ALLOWED_") => known(SPAMDYKE + ALLOWED, raise),
        b"TIMEOUT" => known(SPAMDYKE + TIMEOUT, raise),
        b"FAILED_AUTH" => known(SPAMDYKE + FAILED_AUTH, raise),
        b"FAILED_TLS" => known(SPAMDYKE + FAILED_TLS, raise),
        b"UNKNOWN_AUTH" => known(SPAMDYKE + UNKNOWN_AUTH, raise),
        _ if code.starts_with(b"FILTER_") || is_level(code) => known(OTHER, raise),
        _ => other_code(raise),
    }
}

/// `ERROR:`, or with the place in its source `ERROR(function()@file.c:12):`; the same of its other levels.
fn is_level(code: &[u8]) -> bool {
    let levels: [&[u8]; 5] = [b"ERROR", b"DEBUG", b"EXCESSIVE", b"INFO", b"VERBOSE"];
    let follows = |level: &&[u8]| code.strip_prefix(*level).and_then(|rest| rest.first());
    levels.iter().filter_map(follows).any(|b| matches!(b, b':' | b'('))
}

#[cold]
fn other_code(raise: &mut Raise<'_>) -> Verdict {
    raise.one(SPAMDYKE + OTHER_CODE);
    Verdict::Unknown
}

/// Lines that document and test this group.
pub(super) const SAMPLES: &[Sample] = &[
    (
        "@400000006abaee6000000000 spamdyke[29300]: ALLOWED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_allowed", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: ALLOWED_TLS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_allowed", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: TLS_ENCRYPTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_allowed", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_ACCESS_DENIED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_access_denied", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_AUTH_REQUIRED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_auth_required", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_BLACKLIST_IP from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_blacklist_ip", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_BLACKLIST_NAME from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_blacklist_name", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_EARLYTALKER from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_earlytalker", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_GRAYLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_graylisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_HEADER_BLACKLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_header_blacklisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_IDENTICAL_SENDER_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_identical_sender_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_INVALID_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_invalid_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_IP_IN_CC_RDNS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_ip_in_cc_rdns", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_IP_IN_RDNS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_ip_in_rdns", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_OTHER from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_other", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RBL_MATCH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rbl_match", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RDNS_MISSING from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rdns_missing", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RDNS_RESOLVE from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rdns_resolve", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RECIPIENT_BLACKLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_recipient_blacklisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_REJECT_ALL from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_reject_all", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RELAYING from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_relaying", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RHSBL_MATCH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rhsbl_match", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_BLACKLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_blacklisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_NOT_AUTH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_not_auth", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_NOT_LOCAL from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_not_local", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_NO_MX from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_no_mx", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_TOO_MANY_RECIPIENTS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_too_many_recipients", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_UNAVAILABLE_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_unavailable_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_UNPARSEABLE from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_unparseable", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_UNQUALIFIED_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_unqualified_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_ZERO_RECIPIENTS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_zero_recipients", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_BY_MOON from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("spamdyke_other", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: TIMEOUT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown) reason: TIMEOUT",
        &[("count", 1), ("spamdyke_timeout", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: FAILED_AUTH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_failed_auth", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: FAILED_TLS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_failed_tls", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: UNKNOWN_AUTH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_unknown_auth", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: WHATEVER from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_other", 1)],
    ),
    (
        "Mar  9 11:10:38 mx1 spamdyke[29401]: FILTER_RBL_MATCH ip: 198.51.100.20 rbl: zen.spamhaus.org",
        &[("count", 1), ("other", 1)],
    ),
    ("Mar  9 11:10:38 mx1 spamdyke[29401]: ERROR: unable to write 26 bytes", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DEBUG(filter_rdns()@filter.c:40): checking",
        &[("count", 1), ("other", 1)],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_sorted_and_their_keys_are_in_lower_case() {
        assert!(DENIED.is_sorted_by(|a, b| a.0 < b.0));
        for (code, key, _, _) in DENIED {
            assert_eq!(key, format!("denied_{}", String::from_utf8_lossy(code).to_lowercase()));
        }
    }

    #[test]
    fn positions() {
        let counters = counters();
        for (position, key) in [
            (ALLOWED, "spamdyke_allowed"),
            (REFUSED, "spamdyke_denied"),
            (2, "denied_access_denied"),
            (TIMEOUT, "spamdyke_timeout"),
            (FAILED_AUTH, "spamdyke_failed_auth"),
            (FAILED_TLS, "spamdyke_failed_tls"),
            (UNKNOWN_AUTH, "spamdyke_unknown_auth"),
            (OTHER_CODE, "spamdyke_other"),
        ] {
            assert_eq!(counters[position].key, key);
        }
        assert_eq!(counters.len(), LEN);
    }
}

//! What is taken many at once raises what the classifier raises, line by line.
use super::super::super::bulk::tests::comparison::{self, log_of};
use super::super::super::card::Protocol;
use super::super::super::classify::Settings;
use super::super::protocol;
use crate::line::LINE_LIMIT;
use proptest::prelude::*;

fn rbl() -> Protocol {
    protocol(&Settings::default())
}

/// One with lists of toaster.conf.
fn with_own_lists() -> Protocol {
    let list = |name: &str, pattern: &str| (name.to_owned(), regex::bytes::Regex::new(pattern).unwrap());
    protocol(&Settings {
        lists: vec![list("mine", "list\\.example"), list("spamcop", "spam.?cop|late$")],
        ..Settings::default()
    })
}

/// Texts that stand in such a log all day, and rarer ones.
const USUAL: [&str; 22] = [
    "tcpserver: status: 1/40",
    "tcpserver: pid 210485 from 198.51.100.4",
    "tcpserver: ok 210485 mx.example.org:192.0.2.1:25 :198.51.100.4::40000",
    "tcpserver: deny 210486 mx.example.org:192.0.2.1:25 :198.51.100.66::51234",
    "tcpserver: end 210485 status 256",
    "tcpserver: status: 0/40 sql: 0",
    "sslserver: pid 5 from 198.51.100.4",
    "CHKUSER accepted sender: from <a@example.com::> remote <h:unknown:198.51.100.4> rcpt <> : sender accepted",
    "CHKUSER accepted rcpt: from <a@example.com::> remote <h:unknown:198.51.100.4> rcpt <b@example.org> : found",
    "CHKUSER rejected rcpt: from <a@example.com::> remote <h:unknown:198.51.100.4> rcpt <c@example.org> : not existing",
    "CHKUSER relaying rcpt: from <a@example.com:b:> remote <h:unknown:198.51.100.4> rcpt <c@example.net> : client",
    "rblsmtpd: 198.51.100.66 pid 31: 451 http://www.spamhaus.org/query/bl?ip=198.51.100.66",
    "rblsmtpd: 198.51.100.66 pid 31: 553 Blocked - see http://www.spamcop.net/bl.shtml?198.51.100.66 late",
    "rblsmtpd: 198.51.100.66 pid 31 bl.list.example: 451 no",
    "rblsmtpd:  pid 7 from 192.0.2.1: 451 psbl.example",
    "rbl: ip=192.0.2.1 query=zen.spamhaus.org result=reject message='x'",
    "421 badiprbl: ip 192.0.2.1 rbl: bl.spamcop.net",
    "Accept::SNDR::Rcpt_To: S:a.example P:ESMTP H:h F:a@example.com T:b@example.org",
    "Reject::SNDR::Bad_Helo: S:a.example P:ESMTP H:h F:a@example.com T:b@example.org",
    "simscan:[4001]:CLEAN (0.10/5.00):0.01s:x:192.0.2.1:a@example.org:b@example.org",
    "qmail-smtpd: badmailfrom: x",
    "something that nobody knows",
];

#[test]
fn all_lines_of_the_window_are_taken() {
    let texts = USUAL.map(str::as_bytes);
    // The line that ends the log is one as well.
    assert_eq!(comparison::is_the_same(&rbl(), &log_of(texts)), USUAL.len() + 1);
    assert_eq!(comparison::is_the_same(&with_own_lists(), &log_of(texts)), USUAL.len() + 1);
}

#[test]
fn whatever_byte_stands_anywhere_both_count_the_same() {
    comparison::every_byte_counts_the_same(&rbl(), b"tcpserver: status: 1/40", &USUAL.map(str::as_bytes));
}

#[test]
fn a_text_may_end_anywhere() {
    let (plain, own) = (rbl(), with_own_lists());
    for protocol in [plain, own] {
        comparison::ends_anywhere_count_the_same(&protocol, b"x", &USUAL.map(str::as_bytes));
    }
}

#[test]
fn numbers_are_taken_that_a_classifier_would_read_so() {
    let rbl = rbl();
    for n in
        ["0", "7", "0010", "9999999", "10000000", "99999999999999", "18446744073709551616", "", "-1", "1 "]
    {
        for text in [
            "status: N/40",
            "status: 1/N",
            "pid N from x",
            "ok N x",
            "end N status 0",
            "deny N",
            "ssl N accept",
        ] {
            let text = format!("tcpserver: {}", text.replace('N', n));
            comparison::is_the_same(&rbl, &log_of([text.as_bytes(), text.as_bytes()]));
        }
    }
}

#[test]
fn the_samples_count_the_same() {
    let programs = [
        "tcpserver",
        "chkuser",
        "rblsmtpd",
        "simscan",
        "spamdyke",
        "sqmail",
        "qlog",
        "qmail-smtpd",
        "other",
        "by-line",
    ];
    for protocol in [rbl(), with_own_lists()] {
        let taken = comparison::the_samples_count_the_same(&protocol, &programs);
        assert!(taken > 300, "{taken} lines");
    }
}

/// The list may be told by the last bytes of a line, and a line may be longer than is looked at.
#[test]
fn long_texts_count_the_same() {
    let at_the_limit = [96, 59, 58, 57, 27, 26, 25, 0].map(|less| LINE_LIMIT - less);
    for length in [60, 90, LINE_LIMIT + 904].into_iter().chain(at_the_limit) {
        for end in ["", "spamhaus", "late", "psbl."] {
            let long = "x".repeat(length);
            let texts = [
                format!("rblsmtpd: 198.51.100.66 pid 31: 451 {long}{end}"),
                format!("tcpserver: status: 1/40 {long}{end}"),
                format!("badiprbl {long}{end}"),
                format!("CHKUSER accepted {long}: {end}"),
            ];
            for protocol in [rbl(), with_own_lists()] {
                comparison::is_the_same(&protocol, &log_of(texts.iter().map(String::as_bytes)));
            }
        }
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let usual = || proptest::sample::select(&USUAL[..]).prop_map(|text| text.as_bytes().to_vec());
    prop_oneof![
        4 => usual(),
        2 => (usual(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut text, at, byte)| {
            let at = at.index(text.len());
            text[at] = if byte == b'\n' { b' ' } else { byte };
            text
        }),
        1 => (usual(), usual(), any::<prop::sample::Index>()).prop_map(|(a, b, at)| {
            [&a[..at.index(a.len())], &b[at.index(b.len())..]].concat()
        }),
        1 => "[ -~]{0,80}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn any_lines_count_the_same(texts in proptest::collection::vec(text(), 0..60)) {
        comparison::is_the_same(&rbl(), &log_of(texts.iter().map(Vec::as_slice)));
    }
}

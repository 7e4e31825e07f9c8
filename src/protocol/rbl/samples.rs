//! Lines that document `rbl`: each group's, then those of tcpserver(1), qmail-smtpd's own and of no group.
use super::{chkuser, qlog, rblsmtpd, simscan, spamdyke, sqmail};
use crate::protocol::Sample;

/// All of them: each shape at least once, each counter raised by one of them.
pub(super) fn all() -> Vec<Sample> {
    let groups = [rblsmtpd::SAMPLES, chkuser::SAMPLES, simscan::SAMPLES, spamdyke::SAMPLES, sqmail::SAMPLES];
    [groups.concat(), qlog::SAMPLES.to_vec(), REST.to_vec()].concat()
}

const REST: &[Sample] = &[
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: badhelo: <localhost> matches pattern: localhost",
        &[("count", 1), ("badhelo", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: badmailfrom: <badhelo:@example.com> at 198.51.100.8",
        &[("count", 1), ("badmailfrom", 1)],
    ),
    (
        "@400000006abaee6000000000 badmailto: 198.51.100.8 alice@example.org",
        &[("count", 1), ("badmailto", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: badrcptto: <alice@example.org> at 198.51.100.8",
        &[("count", 1), ("badmailto", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: auth: auth-success type=cram user=<alice@example.org>",
        &[("count", 1), ("qmail_smtpd_auth_ok", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: auth: auth-failed type=login user=<auth-success type=x>",
        &[("count", 1), ("qmail_smtpd_auth_fail", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: Reverse DNS lookup failed for 198.51.100.8",
        &[("count", 1), ("dns", 1)],
    ),
    (
        "@400000006abaee6000000000 tcpserver: pid 210485 from 198.51.100.4",
        &[("count", 1), ("tcp_connect", 1)],
    ),
    (
        "@400000006abaee6000000000 tcpserver: ok 6 mail.example.com:192.0.2.10:25 rblsmtpd.spamhaus.example:198.51.100.5:evil:4000",
        &[("count", 1), ("tcp_ok", 1)],
    ),
    (
        "@400000006abaee6000000000 tcpserver: deny 210486 mail.example.com:192.0.2.10:25 :198.51.100.66::51234",
        &[("count", 1), ("tcp_deny", 1)],
    ),
    ("@400000006abaee6000000000 sslserver: end 311 status 0", &[("count", 1), ("tcp_end", 1)]),
    (
        "@400000006abaee6000000000 tcpserver: status: 7/40",
        &[("count", 1), ("tcp_status", 1), ("peak_smtp", 7)],
    ),
    ("tcpsvd: info: status 2/400", &[("count", 1), ("tcp_status", 1), ("peak_smtp", 2)]),
    ("tcpsvd: info: pid 22692 from 192.0.2.52", &[("count", 1), ("tcp_connect", 1)]),
    ("tcpsvd: info: concurrency 22692 192.0.2.52 2/6", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 tcpserver: warning: dropping connection, unable to fork: temporary failure",
        &[("count", 1), ("other", 1)],
    ),
    ("Mar  9 11:10:38 mx1 tcpserver: status: 3/40", &[("count", 1), ("tcp_status", 1), ("peak_smtp", 3)]),
    ("mail recv: pid 210394 from <spamhaus@example.com> qp 210429", &[("count", 1), ("other", 1)]),
    ("x", &[("count", 1), ("other", 1)]),
    ("@400000006abaee6000000000 ", &[]),
    ("", &[]),
    ("Jun 19 09:12:25 mx1 qmail: 1276913545.100000+rblsmtpd: the rest of a long line", &[]),
];

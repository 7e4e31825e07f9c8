//! What real syslog daemons write of the programs' messages: each counts once, whatever stands before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::store::{Answer, Store, stderr};
use crate::support::syslogds::{Syslogd, wait_for_line};

const STAMP: &str = "Sep 28 22:45:13";

/// One message of each program, as it hands them to syslog(3).
const MESSAGES: [&str; 15] = [
    "qmail: 1790635513.900254 new msg 71198",
    "qmail: 1790635513.900255 starting delivery 1: msg 71198 to remote alice@example.org",
    "smtpd: 1790635513.900256 simscan:[4001]:CLEAN (0.1/5.0):1.2s:subject:192.0.2.7:a@example.org:b@example.org",
    "smtpd: 1790635513.900257 rblsmtpd: 192.0.2.54 pid 9: 451 http://www.spamhaus.org/query/bl?ip=192.0.2.54",
    "vpopmail[7]: vchkpw-smtp: (PLAIN) login success alice@example.org:192.0.2.7",
    "vpopmail[8]: vchkpw-pop3: password fail (pass: 'x') alice@example.org:192.0.2.7",
    "dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, TLS, session=<s>",
    "dovecot[77]: pop3-login: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): \
     user=<alice>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10",
    "imapd: Connection, ip=[::ffff:192.0.2.7]",
    "courier-pop3s: LOGIN, user=alice, ip=[::ffff:192.0.2.7], port=[40005]",
    "spamd[9]: spamd: clean message (0.5/5.0) for alice:89 in 0.1 seconds, 20 bytes.",
    "qmail-scanner[3]: Clear:RC:0(192.0.2.1):SA:0(0.0/6.0): 1.681359 3302 a b c",
    "roundcube: <a1b2> Successful login for alice (ID: 1) from 192.0.2.7 in session a1b2",
    "kernel: vchkpw-smtp: (PLAIN) login success mallory@example.org:192.0.2.7",
    LAST,
];

const LAST: &str = "test: that is all";

/// All counters that they raise, counted by hand. What is not named is 0.
const RAISED: [(&str, &[(&str, &str)]); 8] = [
    ("send", &[("message_new", "1"), ("start_delivery", "1"), ("start_delivery_remote", "1")]),
    ("rbl", &[("count", "2"), ("ham", "1"), ("spamhaus", "1")]),
    ("smtp", &[("smtp_auth_connect", "1"), ("smtp_auth_success", "1")]),
    ("pop3", &[("pop3_connect", "2"), ("pop3_fail", "1"), ("pop3_ssl_success", "1")]),
    ("imap", &[("imap_connect", "1"), ("imap_ssl_connect", "1"), ("imap_ssl_success", "1")]),
    ("webmail", &[("webmail_connect", "1"), ("webmail_success", "1")]),
    (
        "spamassassin",
        &[
            ("sa_ham", "1"),
            ("ham_score", "50"),
            ("threshhold", "500"),
            ("ham_seconds", "10"),
            ("ham_bytes", "2000"),
            ("ham_score_sum", "0.5"),
            ("ham_seconds_sum", "0.1"),
            ("ham_bytes_sum", "20"),
            ("threshold_sum", "5"),
        ],
    ),
    ("qmailscanner", &[("qs_clean", "1")]),
];

/// Panics unless `log` counts each message once, when it is read by a query and after an update.
fn counts_once(log: &Path) {
    let methods = "send_log_method = \"syslog\"\nsmtpd_log_method = \"syslog\"\n";
    let store = Store::with(&format!("logs_syslog = {log:?}\n{methods}"));
    let text = std::fs::read_to_string(log).expect("the log");
    for when in ["a query", "an update"] {
        for (protocol, raised) in RAISED {
            let answer = Answer::parse(&store.run(&[protocol]));
            let got: BTreeMap<&str, &str> = answer
                .keys()
                .into_iter()
                .map(|key| (key, answer.text(key)))
                .filter(|(_, v)| *v != "0")
                .collect();
            assert_eq!(got, raised.iter().copied().collect(), "{protocol}, {when}, of\n{text}");
        }
        store.run(&["update"]);
    }
}

#[test]
fn rsyslogd_with_every_template() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str| dir.path().join(name);
    let files = ["traditional", "rfc5424", "doubled", "file"].map(file);
    let templates =
        ["RSYSLOG_TraditionalFileFormat", "RSYSLOG_SyslogProtocol23Format", "doubled", "RSYSLOG_FileFormat"];
    let doubled =
        "template(name=\"doubled\" type=\"string\" string=\"%TIMESTAMP% %HOSTNAME% %syslogtag% %msg%\\n\")";
    let named: Vec<(&Path, &str)> = files.iter().map(PathBuf::as_path).zip(templates).collect();
    let daemon = Syslogd::rsyslogd(dir.path(), doubled, &named);
    daemon.send(STAMP, &MESSAGES);
    for file in &files {
        wait_for_line(file, "that is all");
        counts_once(file);
    }
    for (file, before) in [(&files[1], " - -  vchkpw-smtp: "), (&files[2], "vpopmail[7]:  vchkpw-smtp: ")] {
        let text = std::fs::read_to_string(file).expect("the log");
        assert!(text.contains(before), "there are two blanks: {text}");
    }
}

#[test]
fn busyboxs_syslogd_with_and_without_a_host() {
    for (options, before) in
        [(&[][..], " mail.info vpopmail[7]: vchkpw-smtp: "), (&["-S"], ":13 vpopmail[7]: vchkpw-smtp: ")]
    {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("messages");
        let daemon = Syslogd::busybox(dir.path(), options, &log);
        daemon.send(STAMP, &MESSAGES);
        wait_for_line(&log, LAST);
        counts_once(&log);
        let text = std::fs::read_to_string(&log).expect("the log");
        assert!(text.contains(before), "{text}");
    }
}

#[test]
fn syslog_ng_in_its_formats() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = ["bsd", "iso", "protocol"].map(|name| dir.path().join(name));
    let daemon = Syslogd::syslog_ng(
        dir.path(),
        &[
            format!("file({:?})", files[0]),
            format!("file({:?} template(\"${{ISODATE}} ${{HOST}} ${{MSGHDR}}${{MSG}}\\n\"))", files[1]),
            format!("file({:?} flags(syslog-protocol))", files[2]),
        ],
    );
    daemon.send(STAMP, &MESSAGES);
    for file in &files {
        wait_for_line(file, "that is all");
        counts_once(file);
    }
}

/// Lines of a container's runtime as the log of a protocol's own, through a logger's processor.
#[test]
fn a_logger_may_hand_over_a_containers_lines() {
    let store = Store::new();
    let chunk = "2026-09-28T22:45:01.123456789Z stdout F new msg 1\n\
                 2026-09-28T22:45:02.123456789Z stderr P delivery 1: succ\n\
                 2026-09-28T22:45:02.123456789Z stderr F ess: did_0+0+1/\n\
                 2026-09-28T22:45:03.123456789Z status: local 1/10 remote 2/20\n\
                 2026-09-28T22:45:04.5+02:00 mx1 qmail: end msg 1\n\
                 {\"log\":\"bounce msg \\u003c1\\u003e qp 2\\n\",\"stream\":\"stdout\",\"time\":\"2026-09-28T22:45:05Z\"}\n\
                 qmail-1  | starting delivery 2: msg 1 to local a@example.org\n";
    let output = store.postprocess(chunk.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(output.stdout, chunk.as_bytes(), "the logger gets them as they are");
    assert_eq!(store.archived(), chunk.as_bytes(), "and so does the archive");
    let answer = store.query();
    for (key, value) in [
        ("message_new", "1"),
        ("delivery", "1"),
        ("delivery_success", "1"),
        ("status", "1"),
        ("message_end", "1"),
        ("message_bounce", "1"),
        ("start_delivery_local", "1"),
        ("other", "0"),
        ("message_other", "0"),
    ] {
        assert_eq!(answer.text(key), value, "{key}");
    }
}

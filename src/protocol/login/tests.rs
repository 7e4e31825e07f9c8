//! Lines that pretend to be others, and whatever bytes: through all six protocols of syslog.

use proptest::prelude::*;

use super::*;
use crate::line::Parser;
use crate::protocol::card::Protocol;
use crate::protocol::counter::CounterKind;
use crate::protocol::{imap, pop3, qmailscanner, smtp, spamassassin, webmail};

/// The positions `keys` in `counters` are those of `PREFIXconnect`, `PREFIXsuccess`, `PREFIXfail`.
fn protocols(settings: &Settings) -> Vec<Protocol> {
    let all = [
        smtp::protocol,
        pop3::protocol,
        imap::protocol,
        webmail::protocol,
        spamassassin::protocol,
        qmailscanner::protocol,
    ];
    all.iter().map(|make| make(settings)).collect()
}

/// What `line` raises in which protocol, as `KEY AMOUNT`, and which of them call it theirs.
fn raised_by(protocols: &[Protocol], line: &[u8], place: LogKind) -> (Vec<String>, Vec<&'static str>) {
    let parsed = Parser::new(10, 1_790_636_400).parse(line);
    let (mut raised, mut theirs) = (Vec::new(), Vec::new());
    for protocol in protocols {
        let mut values = vec![0; protocol.counters.len()];
        let verdict = (protocol.classify)(&parsed, place, &mut Raise(&mut values));
        let counted = protocol.counters.iter().zip(values).filter(|(_, value)| *value != 0);
        let before = raised.len();
        raised.extend(counted.map(|(counter, value)| format!("{} {value}", counter.key)));
        assert!(verdict != Verdict::Foreign || raised.len() == before, "foreign, but counted: {raised:?}");
        if verdict != Verdict::Foreign {
            theirs.push(protocol.name);
        }
    }
    (raised, theirs)
}

/// What `line` of syslog raises, sorted.
fn raised(line: &str) -> Vec<String> {
    raised_with(&Settings::default(), line)
}

fn raised_with(settings: &Settings, line: &str) -> Vec<String> {
    let (mut raised, _) = raised_by(&protocols(settings), line.as_bytes(), LogKind::Shared);
    raised.sort();
    raised
}

#[test]
fn a_user_of_any_name_fails_as_a_user() {
    for (line, expected) in [
        (
            "mx1 imapd: LOGIN FAILED, user=LOGIN, user=root, ip=[127.0.0.1], ip=[::ffff:198.51.100.8]",
            vec!["imap_fail 1"],
        ),
        ("mx1 pop3d: LOGIN FAILED, user=Connection, ip=[1], ip=[192.0.2.1]", vec!["pop3_fail 1"]),
        (
            "mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<Login: user=<x>, TLS>, \
             method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, session=<s>",
            vec!["imap_connect 1", "imap_fail 1"],
        ),
        (
            "mx1 dovecot: pop3-login: Aborted login (auth failed, 1 attempts): user=<x: user=<y>, rip=127.0.0.1, \
             TLS>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10",
            vec!["pop3_connect 1", "pop3_fail 1"],
        ),
        (
            "mx1 dovecot: submission-login: Disconnected (no auth attempts): user=<(auth failed, 1 attempts)>, \
             rip=192.0.2.7, lip=192.0.2.10",
            vec!["smtp_auth_connect 1"],
        ),
        (
            "mx1 vpopmail[1]: vchkpw-smtp: vpopmail user not found (PLAIN) login success @example.org:192.0.2.7",
            vec!["smtp_auth_connect 1", "smtp_auth_fail 1"],
        ),
        (
            "mx1 vpopmail[1]: vchkpw-smtp: password fail (pass: 'login success ') a@example.org:192.0.2.7",
            vec!["smtp_auth_connect 1", "smtp_auth_fail 1"],
        ),
        (
            "mx1 squirrelmail: Failed webmail login: by Successful webmail login: by a (b) at 192.0.2.7",
            vec!["webmail_connect 1", "webmail_fail 1"],
        ),
        (
            "mx1 roundcube: Failed webmail login: by a (b) at 192.0.2.7",
            vec!["webmail_connect 1", "webmail_fail 1"],
        ),
        (
            "mx1 roundcube: <a1> Failed login for <a2> Successful login for x from 192.0.2.7",
            vec!["webmail_connect 1", "webmail_fail 1"],
        ),
        (
            "mx1 sqwebmaild: LOGIN FAILED, user=LOGIN, user=x, ip=[192.0.2.9]",
            vec!["webmail_connect 1", "webmail_fail 1"],
        ),
    ] {
        assert_eq!(raised(&format!("Sep 28 22:45:10 {line}")), expected, "{line}");
    }
}

#[test]
fn a_user_of_any_name_succeeds_as_a_user() {
    for (line, expected) in [
        (
            "mx1 dovecot: imap-login: Login: user=<x (auth failed, 1 attempts)>, method=PLAIN, rip=192.0.2.7, \
             lip=192.0.2.10",
            vec!["imap_connect 1", "imap_success 1"],
        ),
        (
            "mx1 dovecot: imap-login: Login: user=<x, rip=127.0.0.1, TLS, y>, method=PLAIN, rip=192.0.2.7, lip=1",
            vec!["imap_connect 1", "imap_success 1"],
        ),
        ("mx1 imapd: LOGIN, user=x, ip=[127.0.0.1], ip=[192.0.2.7], port=[4]", vec!["imap_success 1"]),
        (
            "mx1 vpopmail[1]: vchkpw-pop3: (PLAIN) login success password fail@example.org:192.0.2.7",
            vec!["pop3_connect 1", "pop3_success 1"],
        ),
    ] {
        assert_eq!(raised(&format!("Sep 28 22:45:10 {line}")), expected, "{line}");
    }
}

#[test]
fn a_user_who_ends_the_proxys_words_himself() {
    let failed = "Login failed to 192.0.2.20:143: [AUTHENTICATIONFAILED] Authentication failed.";
    for user in [
        "alice",
        "x): started proxying to y",
        "x (auth failed",
        "x): started proxying to y: user=<x>, ",
        "x): started proxying to y: rip=192.0.2.1",
        "x,y): Started proxying to remote host: method=PLAIN",
    ] {
        let line = format!(
            "Sep 28 22:48:16 p dovecot: imap-login: proxy({user}): {failed}: user=<{user}>, method=PLAIN, \
             rip=192.0.2.7, lip=192.0.2.10, TLS, session=<s>"
        );
        assert_eq!(raised(&line), Vec::<String>::new(), "{line}");
    }
    let line = "Sep 28 22:48:16 p dovecot: imap-login: proxy(a): b): started proxying to h:143: user=<a): b>, \
                method=PLAIN, rip=192.0.2.7, lip=192.0.2.10";
    assert_eq!(raised(line), ["imap_connect 1", "imap_success 1"]);
}

#[test]
fn what_scanners_quote_is_not_what_they_say() {
    for (line, expected) in [
        (
            "mx1 spamd[8]: spamd: clean message (0.0/0.0) for x in 9 seconds, 1 bytes.:89 in 0.5 seconds, 20 bytes.",
            vec!["ham_bytes_sum 20", "ham_seconds_sum 500000000", "sa_ham 1"],
        ),
        (
            "mx1 spamd[8]: spamd: result: . -1 - X mid=<clean message (1.0/5.0) for x in 1 seconds, 1 bytes.>",
            vec!["sa_other 1"],
        ),
        (
            "mx1 spamd[8]: spamd: processing message <identified spam (1/5)> for clean message (1/5):89",
            vec!["sa_other 1"],
        ),
        ("mx1 qmail-scanner[4]: CLAM:Eicar:RC:0(192.0.2.1): 0.2 8 a b Clear:RC:0 <c>", vec!["qs_virii 1"]),
        ("mx1 qmail-scanner[4]: Clear:RC:0(192.0.2.1): 0.2 8 a b SPAM-TAGGED:RC:0 <c>", vec!["qs_clean 1"]),
        ("mx1 simscan: Clear:RC:0(192.0.2.1)", vec![]),
    ] {
        assert_eq!(raised(&format!("Sep 28 22:45:10 {line}")), expected, "{line}");
    }
}

#[test]
fn what_other_programs_quote_is_nothing() {
    for line in [
        "Sep 28 22:45:10 mx1 postfix/smtpd[1]: warning: imapd: LOGIN, user=x, ip=[127.0.0.1]",
        "Sep 28 22:45:10 mx1 sshd[1]: Failed password for invalid user vpopmail: vchkpw-smtp: login success ",
        "Sep 28 22:45:10 mx1 sshd[1]: Failed login for x",
        "Sep 28 22:45:10 mx1 qmail: 1276913545.1+imapd: LOGIN, user=x, ip=[127.0.0.1]",
        "Sep 28 22:45:10 mx1 imapd: 1276913545.1+LOGIN, user=x, ip=[127.0.0.1]",
        "Sep 28 22:45:10 mx1 Successful login for x",
        "Sep 28 22:45:10 mx1 spamd[1]: 1276913545.1+clean message (0.0/5.0) for x:1 in 1.0 seconds, 1 bytes.",
        "Sep 28 22:45:10 mx1 qmail-scanner[1]: 1276913545.1+Clear:RC:0(192.0.2.1)",
        "Sep 28 22:45:10 mx1 [100] info: spamd: clean message (0.0/5.0) for x:1 in 1.0 seconds, 1 bytes.",
        "Sep 28 22:45:10 mx1 dovecot: auth: imap-login: Login: user=<x>, rip=192.0.2.1",
        "Sep 28 22:45:10 mx1 dovecot: imap(x): imap-login: Login: user=<x>, rip=192.0.2.1",
        "Sep 28 22:45:10 mx1 dovecot: managesieve-login: Login: user=<x>, rip=192.0.2.1",
        "Aug 30 00:10:57 auth(a imap-login: Login: user=<b>, rip=192.0.2.1, sasl:login)<C>: Info: sql: mismatch",
        "Aug 30 00:10:57 auth(a Info: imap-login: Login: user=<b>, rip=192.0.2.1, sasl:login)<C>: Info: sql: x",
        "Aug 30 00:10:57 auth(a spamd: clean message (1/5) for x:1 in 1 seconds, 1 bytes.",
        "Aug 30 00:10:57 auth(a qmail-scanner: Clear:RC:0(192.0.2.1)",
        "Aug 30 00:10:57 auth(a x: Successful webmail login: by x",
    ] {
        assert_eq!(raised(line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn logins_from_this_machine_are_webmails() {
    let all = Settings { webmail_loopback_all: true, ..Settings::default() };
    let courier =
        |tag: &str, ip: &str| format!("Sep 28 22:45:10 mx1 {tag}: LOGIN, user=a, ip=[{ip}], port=[1]");
    let dovecot = |process: &str, ip: &str| {
        format!(
            "Sep 28 22:45:10 mx1 dovecot: {process}: Login: user=<a>, method=PLAIN, rip={ip}, lip=::1, TLS"
        )
    };
    let webmail =
        |settings: &Settings, line: &str| raised_with(settings, line).contains(&"webmail_success 1".into());
    for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        for (line, usual) in [
            (courier("imapd", ip), true),
            (courier("imapd-ssl", ip), false),
            (dovecot("imap-login", ip), false),
        ] {
            assert_eq!((webmail(&Settings::default(), &line), webmail(&all, &line)), (usual, true), "{line}");
        }
        for line in [courier("pop3d", ip), dovecot("pop3-login", ip)] {
            assert!(!webmail(&all, &line), "{line}");
        }
    }
    for ip in
        ["128.0.0.1", "::2", "::ffff:128.0.0.1", "127.x", "127.0.0.1.example.org", "", "2001:db8::7f00:1"]
    {
        for line in [courier("imapd", ip), courier("imapd-ssl", ip), dovecot("imap-login", ip)] {
            assert!(!webmail(&all, &line), "{line}");
        }
    }
    assert!(!webmail(&all, &dovecot("imap-login", "192.0.2.7").replace("<a>", "<a, rip=127.0.0.1, x>")));
    // Only the success, never a connection; and never a failure.
    assert_eq!(raised(&courier("imapd", "::1")), ["imap_success 1", "webmail_success 1"]);
    let failed = "Sep 28 22:45:10 mx1 dovecot: imap-login: Aborted login: user=<a>, rip=127.0.0.1, lip=::1";
    assert_eq!(raised_with(&all, failed), ["imap_connect 1", "imap_fail 1"]);
}

#[test]
fn ports_without_a_name() {
    let ports = [(2525, "submission".to_owned()), (9993, "imaps".to_owned()), (7, "echo".to_owned())];
    let settings = Settings { vchkpw_ports: ports.into(), ..Settings::default() };
    let line = |service: &str| {
        format!("Sep 28 22:45:10 mx1 vpopmail[1]: vchkpw-{service}: (PLAIN) login success a:1")
    };
    for (service, expected) in [
        ("2525", vec!["smtp_auth_connect 1", "smtp_auth_success 1"]),
        ("9993", vec!["imap_ssl_connect 1", "imap_ssl_success 1"]),
        ("7", vec![]),
        ("26", vec![]),
        ("68061", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(raised_with(&settings, &line(service)), expected, "{service}");
    }
}

#[test]
fn only_vchkpws_own_words_are_a_success() {
    for (rest, success) in [
        ("login success a:1", true),
        ("(CRAM-MD5) login success a:1", true),
        ("system password login success a:1", true),
        ("() login success a:1", false),
        ("(A B) login success a:1", false),
        ("(PLAIN)login success a:1", false),
        ("(PLAIN) system password login success a:1", false),
        ("login successful a:1", false),
        ("login success", false),
        (" login success a:1", false),
        ("", false),
    ] {
        let end = if success { "smtp_auth_success 1" } else { "smtp_auth_fail 1" };
        let line = format!("Sep 28 22:45:10 mx1 vpopmail[1]: vchkpw-smtp: {rest}");
        assert_eq!(raised(&line), ["smtp_auth_connect 1", end], "{line}");
    }
}

#[test]
fn what_no_rule_knows_is_called_so() {
    for (line, protocol, verdict) in [
        ("mx1 dovecot: imap-login: Something new: user=<a>, rip=192.0.2.1", "imap", Verdict::Unknown),
        ("mx1 dovecot: imap-login: Something new: user=<a>, rip=192.0.2.1", "pop3", Verdict::Foreign),
        ("mx1 dovecot: imap-login: Error: no certificate", "imap", Verdict::Known),
        (
            "mx1 dovecot: imap-login: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<a>, method=PLAIN, rip=192.0.2.1",
            "imap",
            Verdict::Known,
        ),
        (
            "mx1 dovecot: imap-login: Info: Internal login failure (pid=7 id=1): user=<a>, method=PLAIN, rip=192.0.2.1",
            "imap",
            Verdict::Known,
        ),
        ("mx1 imapd-ssl: ip=[192.0.2.1], An unexpected TLS packet was received.", "imap", Verdict::Known),
        ("mx1 imapd: Maximum connection limit reached for ::ffff:192.0.2.1", "imap", Verdict::Known),
        ("mx1 pop3d: LOGIN: DEBUG: ip=[192.0.2.1], command=USER", "pop3", Verdict::Known),
        ("mx1 pop3d-ssl: Unexpected SSL connection shutdown.", "pop3", Verdict::Known),
        ("mx1 pop3d: Good morning", "pop3", Verdict::Unknown),
        ("mx1 pop3d: Good morning", "imap", Verdict::Foreign),
        ("mx1 vpopmail[1]: vchkpw: login success a:1", "smtp", Verdict::Known),
        ("mx1 vpopmail[1]: vchkpw-0: login success a:1", "smtp", Verdict::Known),
        ("mx1 vpopmail[1]: vchkpw-gopher: login success a:1", "smtp", Verdict::Unknown),
        ("mx1 vpopmail[1]: message repeated 2 times: [ vchkpw-smtp: x]", "smtp", Verdict::Foreign),
        ("mx1 roundcube: Good morning", "webmail", Verdict::Unknown),
        (
            "mx1 roundcube: <a> User alice@example.org [192.0.2.1]; Message <b> for c",
            "webmail",
            Verdict::Known,
        ),
        (
            "mx1 dovecot: imap-login: Debug: SSL alert: close notify: user=<>, rip=192.0.2.1, lip=192.0.2.2",
            "imap",
            Verdict::Known,
        ),
        (
            "mx1 spamd[1]: spamd: still running as root: user not specified with -u",
            "spamassassin",
            Verdict::Known,
        ),
        ("mx1 spamd[1]: Still running as root: user not specified with -u", "spamassassin", Verdict::Known),
        ("mx1 sqwebmaild: Good morning", "webmail", Verdict::Unknown),
        ("mx1 squirrelmail: Good morning", "webmail", Verdict::Unknown),
        ("mx1 spamd[1]: spamd: Good morning", "spamassassin", Verdict::Unknown),
        ("mx1 spamd[1]: spamd: server started on UNIX domain socket", "spamassassin", Verdict::Known),
        ("mx1 kernel: Good morning", "webmail", Verdict::Foreign),
    ] {
        let line = format!("Sep 28 22:45:10 {line}");
        let parsed = Parser::new(10, 1_790_636_400).parse(line.as_bytes());
        let all = protocols(&Settings::default());
        let protocol = all.iter().find(|p| p.name == protocol).unwrap();
        let mut values = vec![0; protocol.counters.len()];
        assert_eq!((protocol.classify)(&parsed, LogKind::Shared, &mut Raise(&mut values)), verdict, "{line}");
    }
}

/// All sample lines of this directory's programs.
fn samples() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut lines = Vec::new();
    for program in ["courier", "dovecot", "vchkpw", "webmail", "spamd", "qmail-scanner", "other"] {
        for file in std::fs::read_dir(root.join(program)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                lines.extend(std::fs::read_to_string(path).unwrap().lines().map(str::to_owned));
            }
        }
    }
    lines
}

/// How often `line` is counted as a login or a verdict, at most: once, and once more for webmail from loopback.
fn at_most_one_program_wrote(line: &[u8], settings: &Settings) {
    let (raised, _) = raised_by(&protocols(settings), line, LogKind::Shared);
    let of = |ends: &[&str]| -> Vec<&String> {
        let ends = |key: &&String| ends.iter().any(|end| key.trim_end_matches(" 1").ends_with(end));
        raised.iter().filter(ends).collect()
    };
    let logins = of(&["_success", "_fail"]);
    let webmail = logins.iter().filter(|key| key.starts_with("webmail_")).count();
    assert!(logins.len() - webmail <= 1 && webmail <= 1, "{raised:?}");
    assert!(logins.len() < 2 || logins.iter().all(|key| key.contains("_success")), "{raised:?}");
    assert!(of(&["_connect"]).len() <= 1, "{raised:?}");
    assert!(
        of(&["sa_spam", "sa_ham", "sa_other", "qs_clean", "qs_virii", "qs_spam"]).len() <= 1,
        "{raised:?}"
    );
    let scanned = raised.iter().any(|key| key.starts_with("sa_") || key.starts_with("qs_"));
    assert!(!scanned || logins.is_empty(), "{raised:?}");
}

#[test]
fn no_line_is_counted_for_two_programs() {
    let lines = samples();
    assert!(lines.len() > 200);
    for loopback_all in [false, true] {
        let settings = Settings { webmail_loopback_all: loopback_all, ..Settings::default() };
        for line in &lines {
            at_most_one_program_wrote(line.as_bytes(), &settings);
            // Whose text it is is said by the tag alone.
            for other in &lines {
                let text = Parser::new(10, 1_790_636_400).parse(other.as_bytes()).text;
                let Some(at) = line.find("]: ").filter(|at| line.is_char_boundary(at + 3)) else { break };
                let mut mixed = line.as_bytes()[..at + 3].to_vec();
                mixed.extend_from_slice(text);
                at_most_one_program_wrote(&mixed, &settings);
            }
        }
    }
}

/// A sample line that was cut, had a byte changed, or got another's end.
fn nearly_a_sample() -> impl Strategy<Value = Vec<u8>> {
    let line = || prop::sample::select(samples());
    (line(), line(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(line, other, at, cut, byte)| {
            let (mut line, other) = (line.into_bytes(), other.into_bytes());
            let at = at.index(line.len());
            line[at] = byte;
            if byte % 2 == 0 {
                line.truncate(at + 1);
                line.extend_from_slice(&other[cut.index(other.len())..]);
            }
            line
        },
    )
}

/// `protocol` bears `line`, and raises nothing below 0 but what may be.
fn bears(protocol: usize, line: &[u8]) {
    let settings = Settings { webmail_loopback_all: true, ..Settings::default() };
    let protocol = &protocols(&settings)[protocol];
    for place in [LogKind::Dedicated, LogKind::Shared] {
        let mut values = vec![0; protocol.counters.len()];
        let parsed = Parser::new(10, 1_790_636_400).parse(line);
        let verdict = (protocol.classify)(&parsed, place, &mut Raise(&mut values));
        if verdict == Verdict::Foreign {
            assert!(values.iter().all(|value| *value == 0));
        }
        for (counter, value) in protocol.counters.iter().zip(&values) {
            assert!(*value >= 0 || matches!(counter.kind, CounterKind::Net), "{}: {value}", counter.key);
        }
        // A second look gives the same.
        let mut again = vec![0; protocol.counters.len()];
        assert_eq!((protocol.classify)(&parsed, place, &mut Raise(&mut again)), verdict);
        assert_eq!(values, again);
    }
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), nearly_a_sample()]
}

proptest! {
    #[test]
    fn smtp_bears_any_bytes(line in any_line()) {
        bears(0, &line);
    }

    #[test]
    fn pop3_bears_any_bytes(line in any_line()) {
        bears(1, &line);
    }

    #[test]
    fn imap_bears_any_bytes(line in any_line()) {
        bears(2, &line);
    }

    #[test]
    fn webmail_bears_any_bytes(line in any_line()) {
        bears(3, &line);
    }

    #[test]
    fn spamassassin_bears_any_bytes(line in any_line()) {
        bears(4, &line);
    }

    #[test]
    fn qmailscanner_bears_any_bytes(line in any_line()) {
        bears(5, &line);
    }

    #[test]
    fn any_line_is_of_one_program(line in any_line()) {
        at_most_one_program_wrote(&line, &Settings::default());
    }
}

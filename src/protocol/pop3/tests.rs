//! What a POP3 server's own directory holds besides logins.

use super::*;
use crate::line::Parser;

/// What `line` raises in a log of its own: `(key, amount)`.
fn own(line: &str) -> (Vec<(&'static str, i128)>, Verdict) {
    let protocol = protocol(&Settings::default());
    let mut values = vec![0; protocol.counters.len()];
    let parsed = Parser::new(10, 1_790_636_400).parse(line.as_bytes());
    let verdict = (protocol.classify)(&parsed, LogKind::Dedicated, &mut Raise(&mut values));
    let raised = protocol.counters.iter().zip(values).filter(|(_, value)| *value != 0);
    (raised.map(|(counter, value)| (counter.key, value)).collect(), verdict)
}

#[test]
fn connections_in_its_own_directory() {
    for (line, raised) in [
        ("@400000006abaee2b1ec911e8 tcpserver: status: 0/40", vec![("tcp_status", 1)]),
        ("@400000006abaee2c27017201 tcpserver: status: 40/40", vec![("tcp_status", 1), ("peak_pop3", 40)]),
        (
            "@400000006abaee2d2f39d21a tcpserver: status: 1/40 sql: 0",
            vec![("tcp_status", 1), ("peak_pop3", 1)],
        ),
        ("tcpsvd: info: status 2/400", vec![("tcp_status", 1), ("peak_pop3", 2)]),
        ("@400000006abaee2e37723233 tcpserver: pid 210485 from 198.51.100.4", vec![("tcp_connect", 1)]),
        (
            "@400000006abaee2f040fc84c tcpserver: ok 5 mx:192.0.2.10:110 deny:198.51.100.5:end:4000",
            vec![("tcp_ok", 1)],
        ),
        (
            "@400000006abaee321cb8e897 tcpserver: deny 6 mx:192.0.2.10:110 :198.51.100.66::51234",
            vec![("tcp_deny", 1)],
        ),
        ("@400000006abaee3b2b197f78 sslserver: end 311 status 0", vec![("tcp_end", 1)]),
        ("@400000006abaee35356208e2 tcpserver: warning: dropping connection, unable to fork", vec![]),
    ] {
        assert_eq!(own(line), (raised, Verdict::Known), "{line}");
    }
    for line in ["tcpserver: status: x/40", "tcpserver: status: 99999999999999999999/9", "tcpserver: pidgin"]
    {
        assert_eq!(own(line), (vec![], Verdict::Unknown), "{line}");
    }
}

#[test]
fn logins_in_its_own_directory() {
    let failure = vec![("pop3_connect", 1), ("pop3_fail", 1)];
    for (line, raised, verdict) in [
        (
            "@400000004c91b044077a9e94 pop3-login: Info: Aborted login: user=<a>, rip=192.0.2.1",
            failure.clone(),
            Verdict::Known,
        ),
        (
            "@400000004c91b044077a9e94 vpopmail[7]: vchkpw-pop3: password fail a:192.0.2.1",
            failure,
            Verdict::Known,
        ),
        (
            "@400000004c91b044077a9e94 pop3d: LOGIN, user=a, ip=[192.0.2.1]",
            vec![("pop3_success", 1)],
            Verdict::Known,
        ),
        (
            "@400000004c91b044077a9e94 imap-login: Info: Login: user=<a>, rip=192.0.2.1",
            vec![],
            Verdict::Foreign,
        ),
        ("@400000004c91b044077a9e94 qmail-popup: out of memory", vec![], Verdict::Unknown),
    ] {
        assert_eq!(own(line), (raised, verdict), "{line}");
    }
}

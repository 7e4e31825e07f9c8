//! `pop3`: who logs in to fetch mail: vchkpw(8), Courier, dovecot; and the connections that tcpserver(1) takes.
//!
//! The lines are those of `login`. In a directory of the POP3 server's own multilog(8) the same
//! rules hold, and tcpserver's lines stand there too: those are not looked for in syslog, where SMTP's would be
//! among them.
use super::login::{self, Keys, Rules, Service};
use super::program::program;
use super::table::{counters, groups};
use super::{Place, Protocol, Raise, Settings, Verdict, events, tcpserver};
use crate::line::Line;

/// The protocol `pop3`: `logs_vchkpw_ports` may name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    let rules = Rules::new(settings);
    Protocol {
        name: "pop3",
        about: "logins over POP3",
        counters: COUNTERS,
        classify: Box::leak(Box::new(move |line: &Line<'_>, place: Place, raise: &mut Raise<'_>| {
            classify(line, place, &rules, raise)
        })),
        home: Place::Shared,
        measured: false,
        stored: &[],
        aliases: &[],
        samples: SAMPLES,
    }
}

/// Plain, then encrypted.
const KEYS: [Keys; 2] = [
    Keys { connect: LOGIN + CONNECT, success: LOGIN + SUCCESS, fail: LOGIN + FAIL },
    Keys { connect: LOGIN + SSL_CONNECT, success: LOGIN + SSL_SUCCESS, fail: LOGIN + SSL_FAIL },
];

counters! {
    const LOGINS = [
        CONNECT: events("pop3_connect", "connections over plain POP3, as far as they are logged"),
        SSL_CONNECT: events("pop3_ssl_connect", "connections over encrypted POP3, as far as they are logged"),
        SUCCESS: events("pop3_success", "logins over plain POP3"),
        SSL_SUCCESS: events("pop3_ssl_success", "logins over encrypted POP3"),
        FAIL: events("pop3_fail", "failed logins over plain POP3"),
        SSL_FAIL: events("pop3_ssl_fail", "failed logins over encrypted POP3"),
    ];
}
groups! {
    const COUNTERS = [
        LOGIN: LOGINS,
        TCP: &tcpserver::counters("peak_pop3"),
    ];
}

fn classify(line: &Line<'_>, place: Place, rules: &Rules, raise: &mut Raise<'_>) -> Verdict {
    if place == Place::Own {
        let (name, rest) = program(line, place);
        if tcpserver::is_program(name) {
            return tcpserver::classify(rest, tcpserver::Slots { first: TCP, other: None }, raise);
        }
    }
    login::classify(line, place, Service::Pop3, rules, &KEYS, raise)
}

const SAMPLES: &[super::Sample] = &[
    ("Sep 28 22:45:05 mx1 pop3d: Connection, ip=[::ffff:192.0.2.7]", &[("pop3_connect", 1)]),
    (
        "Jun 1 00:12:06 server1 courierpop3login: LOGIN, user=web10_alice, ip=[::ffff:198.51.100.100]",
        &[("pop3_success", 1)],
    ),
    (
        "Apr 23 21:59:38 dns2 pop3d: LOGIN FAILED, user=info@example.com, ip=[::ffff:198.51.100.76]",
        &[("pop3_fail", 1)],
    ),
    ("Jan 3 02:07:37 web pop3d-ssl: Connection, ip=[::ffff:198.51.100.200]", &[("pop3_ssl_connect", 1)]),
    (
        "Sep 28 22:45:07 mx1 pop3d-ssl: LOGIN, user=alice@example.org, ip=[::ffff:192.0.2.7], port=[40005], \
         protocol=POP3",
        &[("pop3_ssl_success", 1)],
    ),
    ("Jan 3 02:07:44 web pop3d-ssl: LOGIN FAILED, ip=[::ffff:198.51.100.200]", &[("pop3_ssl_fail", 1)]),
    (
        "Jul  7 12:57:06 srv vpopmail[21466]: vchkpw-pop3s: (PLAIN) login success user@example.com:192.0.2.4",
        &[("pop3_ssl_connect", 1), ("pop3_ssl_success", 1)],
    ),
    (
        "Sep 28 22:45:24 mx1 vpopmail[7024]: vchkpw-pop3: system password fail (pass: 'secret') root:192.0.2.7",
        &[("pop3_connect", 1), ("pop3_fail", 1)],
    ),
    (
        "Jan 29 09:33:58 pop3-login: Info: Aborted login (auth failed, 1 attempts in 2 secs): user=<user16>, \
         method=PLAIN, rip=203.0.113.109",
        &[("pop3_connect", 1), ("pop3_fail", 1)],
    ),
    (
        "Oct 18 17:54:03 host dovecot: pop3-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, \
         lip=192.0.2.10, TLS",
        &[("pop3_ssl_connect", 1), ("pop3_ssl_success", 1)],
    ),
    ("Oct 18 14:23:37 host dovecot: imap-login: Login: user=<alice>, rip=192.0.2.7, TLS", &[]),
    ("Sep 28 22:45:05 mx1 tcpserver: pid 210485 from 198.51.100.4", &[]),
    ("@400000006abaee2e37723233 tcpserver: pid 210485 from 198.51.100.4", &[("tcp_connect", 1)]),
    (
        "@400000006abaee2f040fc84c tcpserver: ok 210485 mx:192.0.2.10:110 :198.51.100.4::56124",
        &[("tcp_ok", 1)],
    ),
    (
        "@400000006abaee321cb8e897 tcpserver: deny 210486 mx:192.0.2.10:110 :198.51.100.66::5",
        &[("tcp_deny", 1)],
    ),
    ("@400000006abaee3324f148b0 tcpserver: end 210485 status 0", &[("tcp_end", 1)]),
    ("@40000000433225833b6e1a8c tcpserver: status: 5/30", &[("tcp_status", 1), ("peak_pop3", 5)]),
];

#[cfg(test)]
mod tests;

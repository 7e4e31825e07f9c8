//! `imap`: who logs in to read mail over IMAP: vchkpw(8), Courier, dovecot.
//!
//! The lines are those of `login`.
use super::login::{self, Keys, Service};
use super::table::counters;
use super::{Place, Protocol, Settings, events};

/// The protocol `imap`: `logs_vchkpw_ports` may name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    Protocol {
        name: "imap",
        about: "logins over IMAP",
        counters: COUNTERS,
        classify: login::classifier(Service::Imap, KEYS, settings),
        home: Place::Shared,
        measured: false,
        stored: &[],
        aliases: &[],
        samples: SAMPLES,
    }
}

/// Plain, then encrypted.
const KEYS: [Keys; 2] = [
    Keys { connect: CONNECT, success: SUCCESS, fail: FAIL },
    Keys { connect: SSL_CONNECT, success: SSL_SUCCESS, fail: SSL_FAIL },
];

counters! {
    const COUNTERS = [
        SUCCESS: events("imap_success", "logins over plain IMAP"),
        SSL_SUCCESS: events("imap_ssl_success", "logins over encrypted IMAP"),
        CONNECT: events("imap_connect", "connections over plain IMAP, as far as they are logged"),
        SSL_CONNECT: events("imap_ssl_connect", "connections over encrypted IMAP, as far as they are logged"),
        FAIL: events("imap_fail", "failed logins over plain IMAP"),
        SSL_FAIL: events("imap_ssl_fail", "failed logins over encrypted IMAP"),
    ];
}

const SAMPLES: &[super::Sample] = &[
    ("Sep 28 22:45:02 mx1 imapd[811]: Connection, ip=[2001:db8::7]", &[("imap_connect", 1)]),
    (
        "Sep 28 22:45:02 mx1 imapd[811]: LOGIN, user=alice@example.org, ip=[2001:db8::7], port=[40002], \
         protocol=IMAP",
        &[("imap_success", 1)],
    ),
    ("Sep 21 00:40:57 server01 imaplogin: LOGIN FAILED, ip=[::ffff:127.0.0.1]", &[("imap_fail", 1)]),
    (
        "Feb 20 13:46:05 localhost imapd-ssl: Connection, ip=[::ffff:198.51.100.100]",
        &[("imap_ssl_connect", 1)],
    ),
    (
        "Feb 20 13:46:05 localhost imapd-ssl: LOGIN, user=foo, ip=[::ffff:198.51.100.100], protocol=IMAP",
        &[("imap_ssl_success", 1)],
    ),
    (
        "Apr 17 19:17:12 server imapd-ssl: LOGIN FAILED, method=PLAIN, ip=[::ffff:192.0.2.4]",
        &[("imap_ssl_fail", 1)],
    ),
    (
        "Jul  5 07:45:29 srv vpopmail[31411]: vchkpw-imaps: (PLAIN) login success user@example.com:192.0.2.4",
        &[("imap_ssl_connect", 1), ("imap_ssl_success", 1)],
    ),
    (
        "Sep 28 22:45:11 mx1 vpopmail[7011]: vchkpw-imap: password fail alice@example.org:192.0.2.7",
        &[("imap_connect", 1), ("imap_fail", 1)],
    ),
    (
        "Jun 23 15:04:05 Info: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10",
        &[("imap_connect", 1), ("imap_success", 1)],
    ),
    (
        "@400000004c91b044077a9e94 imap-login: Info: Aborted login (auth failed, 1 attempts): \
         user=<user1@example.com>, method=CRAM-MD5, rip=198.51.100.100, lip=203.0.113.100, TLS",
        &[("imap_ssl_connect", 1), ("imap_ssl_fail", 1)],
    ),
    (
        "Sep 28 22:48:18 proxy1 dovecot[77]: imap-login: proxy(alice@example.org,192.0.2.20:143): Started proxying \
         to remote host (0.012 secs): user=<alice@example.org>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, TLS",
        &[("imap_ssl_connect", 1), ("imap_ssl_success", 1)],
    ),
    (
        "Sep 28 22:48:22 mx1 dovecot: imap-login: Disconnected: Connection queue full: user=<>, rip=192.0.2.7, \
         lip=192.0.2.10, session=<s22>",
        &[("imap_connect", 1)],
    ),
    ("Sep 28 22:45:03 mx1 imapd[811]: LOGOUT, user=alice@example.org, ip=[2001:db8::7], time=1", &[]),
    ("May  9 08:06:13 mx1 imapd[22167]: Authenticated user=carol host=client.example.com [192.0.2.8]", &[]),
];

//! `webmail`: who logs in through a browser: sqwebmail, squirrelmail, roundcube, vchkpw(8) on their behalf, and
//! IMAP logins from this machine.
//!
//! The lines are those of `login`.
use super::login::{self, Keys, Service};
use super::table::counters;
use super::{Place, Protocol, Settings, events};

/// The protocol `webmail`: `webmail_loopback` says whose logins from loopback are its own, `logs_vchkpw_ports` may
/// name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    Protocol {
        name: "webmail",
        about: "logins through webmail",
        counters: COUNTERS,
        classify: login::classifier(Service::Webmail, KEYS, settings),
        home: Place::Shared,
        measured: false,
        stored: &[("webmail_connect", "connect"), ("webmail_success", "success"), ("webmail_fail", "fail")],
        aliases: &[],
        samples: SAMPLES,
    }
}

/// One pair of counters, encrypted or not.
const KEYS: [Keys; 2] = [Keys { connect: CONNECT, success: SUCCESS, fail: FAIL }; 2];

counters! {
    const COUNTERS = [
        CONNECT: events("webmail_connect", "attempts to log in through webmail"),
        SUCCESS: events("webmail_success", "logins through webmail, and over IMAP from this machine"),
        FAIL: events("webmail_fail", "failed attempts to log in through webmail"),
    ];
}

const SAMPLES: &[super::Sample] = &[
    (
        "Jul  7 11:14:22 srv vpopmail[19938]: vchkpw-webmail: (PLAIN) login success user@example.com:127.0.0.1",
        &[("webmail_connect", 1), ("webmail_success", 1)],
    ),
    (
        "Feb 21 10:24:41 mx1 sqwebmaild: LOGIN, user=alice@example.net, ip=[192.0.2.209]",
        &[("webmail_connect", 1), ("webmail_success", 1)],
    ),
    (
        "Feb 21 10:27:00 mx1 sqwebmaild: LOGIN FAILED, user=alice@example.net, ip=[192.0.2.209]",
        &[("webmail_connect", 1), ("webmail_fail", 1)],
    ),
    (
        "Sep 28 22:49:03 mx1 httpd[100]: Successful webmail login: by alice (example.org) at 192.0.2.7 on \
         09/28/2026 22:49:03: ",
        &[("webmail_connect", 1), ("webmail_success", 1)],
    ),
    (
        "Sep 28 22:49:06 mx1 squirrelmail: Failed webmail login: by Successful webmail login (example.org) at \
         192.0.2.7 on 09/28/2026 22:49:06: Unknown user or password incorrect.",
        &[("webmail_connect", 1), ("webmail_fail", 1)],
    ),
    ("Sep 28 22:49:04 mx1 squirrelmail: Webmail logout: by alice (example.org) at 192.0.2.7", &[]),
    (
        "Sep 28 22:50:01 mx1 roundcube: <a1b2c3d4> Successful login for alice@example.org (ID: 1) from 192.0.2.7 in \
         session a1b2c3d4e5f6a7b8",
        &[("webmail_connect", 1), ("webmail_success", 1)],
    ),
    (
        "[22-Jan-2013 22:28:21 +0200]: FAILED login for user1 from 192.0.2.43",
        &[("webmail_connect", 1), ("webmail_fail", 1)],
    ),
    ("Sep 28 22:50:02 mx1 roundcube[99]: <a1b2c3d5> IMAP Error: Login failed for alice from 192.0.2.7", &[]),
    (
        "Sep 28 22:45:01 mx1 imapd: LOGIN, user=alice@example.org, ip=[::ffff:127.0.0.1], port=[40001], \
         protocol=IMAP",
        &[("webmail_success", 1)],
    ),
    ("Sep 28 22:45:01 mx1 imapd: LOGIN FAILED, user=alice@example.org, ip=[::ffff:127.0.0.1]", &[]),
];

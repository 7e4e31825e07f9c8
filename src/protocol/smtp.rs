//! `smtp`: who authenticates to send mail: vchkpw(8) and dovecot's submission-login.
//!
//! The lines are those of `login`.
use super::login::{self, Keys, Service};
use super::table::counters;
use super::{Place, Protocol, Settings, events};

/// The protocol `smtp`: `logs_vchkpw_ports` may name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    Protocol {
        name: "smtp",
        about: "authentication for sending mail",
        counters: COUNTERS,
        classify: login::classifier(Service::Smtp, KEYS, settings),
        home: Place::Shared,
        measured: false,
        stored: &[
            ("smtp_auth_connect", "connect"),
            ("smtp_auth_success", "success"),
            ("smtp_auth_fail", "fail"),
        ],
        aliases: &[],
        samples: SAMPLES,
    }
}

/// One pair of counters, encrypted or not.
const KEYS: [Keys; 2] = [Keys { connect: CONNECT, success: SUCCESS, fail: FAIL }; 2];

counters! {
    const COUNTERS = [
        CONNECT: events("smtp_auth_connect", "attempts to authenticate for sending mail"),
        SUCCESS: events("smtp_auth_success", "those that succeeded"),
        FAIL: events("smtp_auth_fail", "those that failed"),
    ];
}

const SAMPLES: &[super::Sample] = &[
    (
        "Jul  7 11:08:51 srv vpopmail[19743]: vchkpw-submission: (CRAM-MD5) login success user@example.com:192.0.2.4",
        &[("smtp_auth_connect", 1), ("smtp_auth_success", 1)],
    ),
    (
        "<21>Sep 28 22:40:23 vpopmail[7]: vchkpw-smtp: null password given alice@example.invalid:2001:db8::1",
        &[("smtp_auth_connect", 1), ("smtp_auth_fail", 1)],
    ),
    (
        "Sep 28 22:45:16 mx1 vpopmail[7016]: vchkpw-2525: (PLAIN) login success alice@example.org:192.0.2.7",
        &[("smtp_auth_connect", 1), ("smtp_auth_success", 1)],
    ),
    ("Sep 28 22:45:18 mx1 vpopmail[7018]: vchkpw-0: (PLAIN) login success alice@example.org:192.0.2.7", &[]),
    ("Sep 28 22:45:42 mx1 vpopmail[7042]: vchkpw: login success alice@example.org:192.0.2.7", &[]),
    (
        "Sep 28 22:48:10 mx1 dovecot[77]: submission-login: Logged in: user=<alice@example.org>, method=PLAIN, \
         rip=192.0.2.7, lip=192.0.2.10, TLS, session=<s10>",
        &[("smtp_auth_connect", 1), ("smtp_auth_success", 1)],
    ),
    (
        "Aug 29 03:53:52 server dovecot: submission-login: Remote closed connection (auth failed, 1 attempts in 2 \
         secs): user=<user24>, method=PLAIN, rip=192.0.2.169, lip=0.0.0.0",
        &[("smtp_auth_connect", 1), ("smtp_auth_fail", 1)],
    ),
    (
        "Sep 28 22:47:05 mx1 dovecot[241]: submission-login: Login aborted: Connection closed (no auth attempts in 3 \
         secs) (no_auth_attempts): user=<>, rip=192.0.2.7, lip=192.0.2.10, TLS, session=<5>",
        &[("smtp_auth_connect", 1)],
    ),
];

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

//! `imap`: who logs in to read mail over IMAP: vchkpw(8), Courier, dovecot.
//!
//! Which programs' lines these are is decided in `login`.
use super::card::templates;
use super::card::{CounterFile, IN_SYSLOG, Protocol};
use super::classify::Settings;
use super::counter::events;
use super::counter_table::counters;
use super::login::{self, Service, Slots};
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, family};
use crate::reading::role::{Fact, Of, Overview, Role, answer, failed_logins, row};
use crate::reading::stage::Stage;

/// The protocol `imap`: `logs_vchkpw_ports` may name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    Protocol {
        name: "imap",
        title: "IMAP",
        about: "logins over IMAP",
        counters: COUNTERS,
        classify: login::classifier(Service::Imap, KEYS, settings),
        writers: Some(login::writers(Service::Imap, settings)),
        counter_file: Some(CounterFile { key: "logs_imap_count", default: "imap.txt" }),
        main_counters: &[
            ("imap_ssl_success", "Logins, encrypted"),
            ("imap_success", "Logins, plain"),
            ("imap_ssl_fail", "Failed, encrypted"),
            ("imap_fail", "Failed, plain"),
        ],
        templates: templates!["imap"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const OK: &[&str] = &["imap_success", "imap_ssl_success"];
const FAILED: &[&str] = &["imap_fail", "imap_ssl_fail"];

const PAGE: Overview = Overview {
    heard: "",
    lines: &["imap_success", "imap_ssl_success", "imap_fail", "imap_ssl_fail"],
    answers: &[
        answer(Role::LoggedIn, Of::Logins("imap"), OK),
        answer(Role::LoginFailed, Of::Logins("imap"), FAILED),
    ],
    subjects: &[failed_logins(
        "failed IMAP logins",
        "imap",
        FAILED,
        &[Fact::Encrypted(&["imap_fail"], &["imap_ssl_fail"]), Fact::Succeeded(OK)],
    )],
    rows: &[row(Stage::Logins, "IMAP, succeeded", OK), row(Stage::Logins, "IMAP, failed", FAILED)],
    stage: Stage::Logins,
};

const FAMILIES: &[Family] = &[
    family(
        "logins",
        "logins, by whether the connection was encrypted (unknown: the log does not say) and how they ended",
        &["service", "tls", "result"],
        &[
            Key("imap_success", &["imap", "no", "success"]),
            Key("imap_fail", &["imap", "no", "failure"]),
            Key("imap_ssl_success", &["imap", "yes", "success"]),
            Key("imap_ssl_fail", &["imap", "yes", "failure"]),
        ],
    ),
    family(
        "login_connections",
        "connections of mail programs, as far as they are logged",
        &["service", "tls"],
        &[Key("imap_connect", &["imap", "no"]), Key("imap_ssl_connect", &["imap", "yes"])],
    ),
];

/// Plain, then encrypted.
const KEYS: [Slots; 2] = [
    Slots { connect: CONNECT, success: SUCCESS, fail: FAIL },
    Slots { connect: SSL_CONNECT, success: SSL_SUCCESS, fail: SSL_FAIL },
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

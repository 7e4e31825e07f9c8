//! `webmail`: who logs in through a browser: sqwebmail, squirrelmail, roundcube, vchkpw(8) on their behalf, and
//! IMAP logins from this machine.
//!
//! The lines are those of `login`.
use super::card::templates;
use super::card::{CounterFile, IN_SYSLOG, OlderFile, Protocol};
use super::classify::Settings;
use super::counter::events;
use super::counter_table::counters;
use super::login::{self, Service, Slots};
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, family};
use crate::reading::role::{Fact, Of, Overview, Role, answer, failed_logins, row};
use crate::reading::stage::Stage;

/// The protocol `webmail`: `webmail_loopback` says whose logins from loopback are its own, `logs_vchkpw_ports` may
/// name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    Protocol {
        name: "webmail",
        title: "Webmail",
        about: "logins through webmail",
        counters: COUNTERS,
        classify: login::classifier(Service::Webmail, KEYS, settings),
        writers: Some(login::writers(Service::Webmail, settings)),
        files_key: Some("logs_webmail_files"),
        counter_file: Some(CounterFile { key: "logs_web_count", default: "webmail.txt" }),
        older_files: &[OlderFile::Alone("web.txt"), OlderFile::Alone("webmail.txt")],
        stored: &[("webmail_connect", "connect"), ("webmail_success", "success"), ("webmail_fail", "fail")],
        main_counters: &[("webmail_success", "Logins"), ("webmail_fail", "Failed logins")],
        templates: templates!["webmail"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const OK: &[&str] = &["webmail_success"];
const FAILED: &[&str] = &["webmail_fail"];

const PAGE: Overview = Overview {
    heard: "",
    lines: &["webmail_success", "webmail_fail"],
    answers: &[
        answer(Role::LoggedIn, Of::Logins("webmail"), OK),
        answer(Role::LoginFailed, Of::Logins("webmail"), FAILED),
    ],
    subjects: &[failed_logins("failed webmail logins", "webmail", FAILED, &[Fact::Succeeded(OK)])],
    rows: &[row(Stage::Logins, "Webmail, succeeded", OK), row(Stage::Logins, "Webmail, failed", FAILED)],
    stage: Stage::Logins,
};

const FAMILIES: &[Family] = &[
    family(
        "logins",
        "logins, by whether the connection was encrypted (unknown: the log does not say) and how they ended",
        &["service", "tls", "result"],
        &[
            Key("webmail_success", &["webmail", "unknown", "success"]),
            Key("webmail_fail", &["webmail", "unknown", "failure"]),
        ],
    ),
    family(
        "login_connections",
        "connections of mail programs, as far as they are logged",
        &["service", "tls"],
        &[Key("webmail_connect", &["webmail", "unknown"])],
    ),
];

/// One pair of counters, encrypted or not.
const KEYS: [Slots; 2] = [Slots { connect: CONNECT, success: SUCCESS, fail: FAIL }; 2];

counters! {
    const COUNTERS = [
        CONNECT: events("webmail_connect", "attempts to log in through webmail"),
        SUCCESS: events("webmail_success", "logins through webmail, and over IMAP from this machine"),
        FAIL: events("webmail_fail", "failed attempts to log in through webmail"),
    ];
}

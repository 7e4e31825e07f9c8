//! `smtp`: who authenticates to send mail: vchkpw(8) and dovecot's submission-login.
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

/// The protocol `smtp`: `logs_vchkpw_ports` may name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    Protocol {
        name: "smtp",
        title: "SMTP logins",
        about: "authentication for sending mail",
        counters: COUNTERS,
        classify: login::classifier(Service::Smtp, KEYS, settings),
        writers: Some(login::writers(Service::Smtp, settings)),
        counter_file: Some(CounterFile { key: "logs_smtp_count", default: "smtp_auth.txt" }),
        // The file that version 5 wrote when it was called for `smtp`; that of the versions before it; and the file
        // into which version 4 counted both authentication and blocked mail.
        older_files: &[
            OlderFile::Alone("smtp.txt"),
            OlderFile::Alone("smtp_auth.txt"),
            OlderFile::Shared("smtp_rbl.txt"),
        ],
        stored: &[
            ("smtp_auth_connect", "connect"),
            ("smtp_auth_success", "success"),
            ("smtp_auth_fail", "fail"),
        ],
        main_counters: &[
            ("smtp_auth_connect", "Attempts"),
            ("smtp_auth_success", "Succeeded"),
            ("smtp_auth_fail", "Failed"),
        ],
        templates: templates!["smtp-auth"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const OK: &[&str] = &["smtp_auth_success"];
const FAILED: &[&str] = &["smtp_auth_fail"];

const PAGE: Overview = Overview {
    heard: "",
    lines: &["smtp_auth_success", "smtp_auth_fail"],
    answers: &[
        answer(Role::LoggedIn, Of::Logins("smtp"), OK),
        answer(Role::LoginFailed, Of::Logins("smtp"), FAILED),
    ],
    subjects: &[failed_logins("failed SMTP logins", "smtp-auth", FAILED, &[Fact::Succeeded(OK)])],
    rows: &[row(Stage::Logins, "SMTP, succeeded", OK), row(Stage::Logins, "SMTP, failed", FAILED)],
    stage: Stage::Logins,
};

const FAMILIES: &[Family] = &[
    family(
        "logins",
        "logins, by whether the connection was encrypted (unknown: the log does not say) and how they ended",
        &["service", "tls", "result"],
        &[
            Key("smtp_auth_success", &["smtp", "unknown", "success"]),
            Key("smtp_auth_fail", &["smtp", "unknown", "failure"]),
        ],
    ),
    family(
        "login_connections",
        "connections of mail programs, as far as they are logged",
        &["service", "tls"],
        &[Key("smtp_auth_connect", &["smtp", "unknown"])],
    ),
];

/// One pair of counters, encrypted or not.
const KEYS: [Slots; 2] = [Slots { connect: CONNECT, success: SUCCESS, fail: FAIL }; 2];

counters! {
    const COUNTERS = [
        CONNECT: events("smtp_auth_connect", "attempts to authenticate for sending mail"),
        SUCCESS: events("smtp_auth_success", "those that succeeded"),
        FAIL: events("smtp_auth_fail", "those that failed"),
    ];
}

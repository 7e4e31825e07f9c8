//! `pop3`: who logs in to fetch mail: vchkpw(8), Courier, dovecot; and the connections that tcpserver(1) takes.
//!
//! The lines are those of `login`. In a directory of the POP3 server's own multilog(8) the same
//! rules hold, and tcpserver's lines stand there too: those are not looked for in syslog, where SMTP's would be
//! among them.
use super::card::templates;
use super::card::{CounterFile, Directories, IN_SYSLOG, Processor, Protocol};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::events;
use super::counter_table::{counters, groups};
use super::login::{self, Rules, Service, Slots};
use super::program::program;
use super::tcpserver;
use crate::line::Line;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, family};
use crate::reading::role::{Fact, Of, Overview, Role, answer, failed_logins, row};
use crate::reading::stage::Stage;

/// The protocol `pop3`: `logs_vchkpw_ports` may name more of its ports.
pub fn protocol(settings: &Settings) -> Protocol {
    let rules = login::rules(settings);
    Protocol {
        name: "pop3",
        title: "POP3",
        about: "logins over POP3",
        counters: COUNTERS,
        classify: Box::leak(Box::new(move |line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>| {
            classify(line, place, &rules, raise)
        })),
        reads_syslog: settings.pop3_in_syslog,
        writers: Some(login::writers(Service::Pop3, settings)),
        processor: Some(Processor {
            name: "pop3log",
            about: "Be the processor of the POP3 server's logger",
            directories: Some(Directories { key: "logs_pop3_dirs", default: "pop3" }),
        }),
        counter_file: Some(CounterFile { key: "logs_pop3_count", default: "pop3.txt" }),
        main_counters: &[
            ("pop3_ssl_success", "Logins, encrypted"),
            ("pop3_success", "Logins, plain"),
            ("pop3_ssl_fail", "Failed, encrypted"),
            ("pop3_fail", "Failed, plain"),
        ],
        templates: templates!["pop3"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const OK: &[&str] = &["pop3_success", "pop3_ssl_success"];
const FAILED: &[&str] = &["pop3_fail", "pop3_ssl_fail"];

const PAGE: Overview = Overview {
    heard: "",
    lines: &["pop3_success", "pop3_ssl_success", "pop3_fail", "pop3_ssl_fail"],
    answers: &[
        answer(Role::LoggedIn, Of::Logins("pop3"), OK),
        answer(Role::LoginFailed, Of::Logins("pop3"), FAILED),
    ],
    subjects: &[failed_logins(
        "failed POP3 logins",
        "pop3",
        FAILED,
        &[Fact::Encrypted(&["pop3_fail"], &["pop3_ssl_fail"]), Fact::Succeeded(OK)],
    )],
    rows: &[row(Stage::Logins, "POP3, succeeded", OK), row(Stage::Logins, "POP3, failed", FAILED)],
    stage: Stage::Logins,
};

const FAMILIES: &[Family] = &[
    family(
        "logins",
        "logins, by whether the connection was encrypted (unknown: the log does not say) and how they ended",
        &["service", "tls", "result"],
        &[
            Key("pop3_success", &["pop3", "no", "success"]),
            Key("pop3_fail", &["pop3", "no", "failure"]),
            Key("pop3_ssl_success", &["pop3", "yes", "success"]),
            Key("pop3_ssl_fail", &["pop3", "yes", "failure"]),
        ],
    ),
    family(
        "login_connections",
        "connections of mail programs, as far as they are logged",
        &["service", "tls"],
        &[Key("pop3_connect", &["pop3", "no"]), Key("pop3_ssl_connect", &["pop3", "yes"])],
    ),
    family(
        "tcpserver_connections",
        "connections of a tcpserver, by what became of them",
        &["service", "event"],
        &[
            Key("tcp_connect", &["pop3", "accepted"]),
            Key("tcp_ok", &["pop3", "let_in"]),
            Key("tcp_deny", &["pop3", "turned_away"]),
            Key("tcp_end", &["pop3", "ended"]),
        ],
    ),
    family(
        "tcpserver_status_lines",
        "status lines of a tcpserver, one at every connect and end",
        &["service"],
        &[Key("tcp_status", &["pop3"])],
    ),
    family(
        "tcpserver_connections_peak",
        "most connections at once in the last complete step",
        &["service"],
        &[Key("peak_pop3", &["pop3"])],
    ),
];

/// Plain, then encrypted.
const KEYS: [Slots; 2] = [
    Slots { connect: LOGIN + CONNECT, success: LOGIN + SUCCESS, fail: LOGIN + FAIL },
    Slots { connect: LOGIN + SSL_CONNECT, success: LOGIN + SSL_SUCCESS, fail: LOGIN + SSL_FAIL },
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

fn classify(line: &Line<'_>, place: LogKind, rules: &Rules, raise: &mut Raise<'_>) -> Verdict {
    if place == LogKind::Dedicated {
        let (name, rest) = program(line, place);
        if tcpserver::is_program(name) {
            return tcpserver::classify(rest, tcpserver::Slots { first: TCP, other: None }, raise);
        }
    }
    login::classify(line, place, Service::Pop3, rules, &KEYS, raise)
}

#[cfg(test)]
mod tests;

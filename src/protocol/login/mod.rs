//! Logins: what the programs that ask for a password say of it, for `smtp`, `pop3`, `imap` and `webmail`.
//!
//! One file a program; each turns a text into [`Said`]:
//!
//! | file | programs |
//! |---|---|
//! | `vchkpw` | vpopmail's vchkpw(8), for every service |
//! | `courier` | Courier's POP3 and IMAP servers |
//! | `dovecot` | dovecot's login processes, 1.0 to 2.4 |
//! | `web` | sqwebmail, squirrelmail, roundcube |
//!
//! To add one: a function from a text to `Said`, and its tag in [`read`]. A rule compares the beginning of a text,
//! or what the program itself put there: users, and who pretends to be one, choose their names.
mod courier;
mod dovecot;
mod vchkpw;
mod web;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use vchkpw::SERVICES;

use super::program::{doubtful, program, unheaded};
use super::{Classify, Place, Raise, Settings, Verdict};
use crate::line::Line;

/// What one logs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Smtp,
    Pop3,
    Imap,
    Webmail,
}

/// A service, and whether it is encrypted from the first byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Door {
    service: Service,
    tls: bool,
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Success,
    Failure,
}

/// What a line tells of one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Login {
    tls: bool,
    /// The line also stands for the connection.
    connect: bool,
    end: Option<End>,
}

/// What a line says to one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// Nothing: another program's.
    Foreign,
    /// Nothing: of one of these programs, for another service.
    Elsewhere,
    /// Understood, but nothing to count.
    Nothing,
    /// No rule knows it.
    Unknown,
    Login(Login),
    /// A connection ended before a login, in words that no rule knows.
    Ended {
        /// Was it encrypted?
        tls: bool,
    },
}

/// What toaster.conf says of logins.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// vchkpw's ports without a name.
    ports: BTreeMap<u16, Door>,
    /// Every IMAP login from loopback is webmail's, not only those to Courier's `imapd`.
    loopback_all: bool,
}

impl Rules {
    pub(super) fn new(settings: &Settings) -> Rules {
        let door = |(&port, name): (&u16, &String)| Some((port, vchkpw::door(name.as_bytes())?));
        Rules {
            ports: settings.vchkpw_ports.iter().filter_map(door).collect(),
            loopback_all: settings.webmail_loopback_all,
        }
    }
}

/// Where a protocol has its counters, by position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub connect: usize,
    pub success: usize,
    pub fail: usize,
}

/// How the protocol of `service` reads a line, for as long as the process lives.
pub(super) fn classifier(service: Service, keys: [Keys; 2], settings: &Settings) -> &'static Classify {
    let rules = Rules::new(settings);
    Box::leak(Box::new(move |line: &Line<'_>, place: Place, raise: &mut Raise<'_>| {
        classify(line, place, service, &rules, &keys, raise)
    }))
}

/// Raises what `line` says of logins to `service`: of encrypted ones under the second of `keys`.
#[inline]
pub(super) fn classify(
    line: &Line<'_>,
    place: Place,
    service: Service,
    rules: &Rules,
    keys: &[Keys; 2],
    raise: &mut Raise<'_>,
) -> Verdict {
    match read(line, place, service, rules) {
        Said::Foreign if place == Place::Own => Verdict::Unknown,
        Said::Foreign | Said::Elsewhere => Verdict::Foreign,
        Said::Nothing => Verdict::Known,
        Said::Unknown => Verdict::Unknown,
        Said::Ended { tls } => {
            raise.one(keys[usize::from(tls)].connect);
            Verdict::Unknown
        }
        Said::Login(login) => {
            let keys = keys[usize::from(login.tls)];
            if login.connect {
                raise.one(keys.connect);
            }
            match login.end {
                Some(End::Success) => raise.one(keys.success),
                Some(End::Failure) => raise.one(keys.fail),
                None => {}
            }
            Verdict::Known
        }
    }
}

/// What `line` says to `service`.
#[inline]
fn read(line: &Line<'_>, place: Place, service: Service, rules: &Rules) -> Said {
    let (name, text) = program(line, place);
    let said = match name {
        b"vpopmail" => vchkpw::read(text, service, rules),
        b"dovecot" | b"Info" => dovecot::read(text, service, rules),
        b"imap-login" | b"pop3-login" | b"submission-login" => dovecot::process(name, text, service, rules),
        b"imapd" | b"imapd-ssl" | b"imaplogin" | b"pop3d" | b"pop3d-ssl" | b"pop3login"
        | b"courierpop3login" | b"courier-imapd" | b"courier-imaps" | b"courier-pop3d" | b"courier-pop3s" => {
            courier::read(name, text, service, rules)
        }
        // These quote mail; squirrelmail's sentences under any other name are believed.
        b"spamd" | b"qmail-scanner" => Said::Foreign,
        _ if service == Service::Webmail => web::read(name, unheaded(line, place), line.host.is_none(), text),
        _ => Said::Foreign,
    };
    if said != Said::Foreign && (line.continuation || doubtful(line)) { Said::Foreign } else { said }
}

/// Is `address` one of 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104?
fn is_loopback(address: &[u8]) -> bool {
    let address = std::str::from_utf8(address).ok().and_then(|text| text.parse::<IpAddr>().ok());
    address.is_some_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
pub(super) mod tests;

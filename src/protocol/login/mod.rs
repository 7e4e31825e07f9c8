//! Logins: what the programs that ask for a password say of it, for `smtp`, `pop3`, `imap` and `webmail`.
//!
//! One file a program; each turns a text into [`LoginVerdict`]:
//!
//! | file | programs |
//! |---|---|
//! | `vchkpw` | vpopmail's vchkpw(8), for every service |
//! | `courier` | Courier's POP3 and IMAP servers |
//! | `dovecot` | dovecot's login processes, 1.0 to 2.4 |
//! | `web` | sqwebmail, squirrelmail, roundcube |
//!
//! To add one: a function from a text to `LoginVerdict`, and its tag in [`read`]. A rule compares the beginning of a text,
//! or what the program itself put there: users, and who pretends to be one, choose their names.
mod courier;
mod dovecot;
mod parts;
mod vchkpw;
mod web;

pub(super) use parts::{End, Rules, Service};
pub use vchkpw::SERVICES;

use parts::LoginVerdict;

use super::card::Writers;
use super::classify::{Classify, LogKind, Raise, Settings, Verdict};
use super::program::{doubtful, program, unheaded};
use crate::line::Line;

/// What `settings` say of logins.
pub(super) fn rules(settings: &Settings) -> Rules {
    let listener = |(&port, name): (&u16, &String)| Some((port, vchkpw::listener(name.as_bytes())?));
    Rules {
        ports: settings.vchkpw_ports.iter().filter_map(listener).collect(),
        loopback_all: settings.webmail_loopback_all,
    }
}

/// Where a protocol has its counters, by position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    pub connect: usize,
    pub success: usize,
    pub fail: usize,
}

/// How the protocol of `service` reads a line, for as long as the process lives.
pub(super) fn classifier(service: Service, keys: [Slots; 2], settings: &Settings) -> &'static Classify {
    let rules = rules(settings);
    Box::leak(Box::new(move |line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>| {
        classify(line, place, service, &rules, &keys, raise)
    }))
}

/// Raises what `line` says of logins to `service`: of encrypted ones under the second of `keys`.
#[inline]
pub(super) fn classify(
    line: &Line<'_>,
    place: LogKind,
    service: Service,
    rules: &Rules,
    keys: &[Slots; 2],
    raise: &mut Raise<'_>,
) -> Verdict {
    match read(line, place, service, rules) {
        LoginVerdict::Foreign if place == LogKind::Dedicated => Verdict::Unknown,
        LoginVerdict::Foreign | LoginVerdict::Elsewhere => Verdict::Foreign,
        LoginVerdict::Nothing => Verdict::Known,
        LoginVerdict::Unknown => Verdict::Unknown,
        LoginVerdict::Ended { tls } => {
            raise.one(keys[usize::from(tls)].connect);
            Verdict::Unknown
        }
        LoginVerdict::Login(login) => {
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

/// Tags of syslog, and the services to which [`read`] reads what stands under them.
const TAGS: [(&[u8], &[Service]); 17] = {
    use Service::{Imap, Pop3, Smtp, Webmail};
    [
        (b"vpopmail", &[Smtp, Pop3, Imap, Webmail]),
        (b"dovecot", &[Smtp, Pop3, Imap, Webmail]),
        (b"Info", &[Smtp, Pop3, Imap, Webmail]),
        (b"submission-login", &[Smtp]),
        (b"pop3-login", &[Pop3]),
        (b"pop3d", &[Pop3]),
        (b"pop3d-ssl", &[Pop3]),
        (b"pop3login", &[Pop3]),
        (b"courierpop3login", &[Pop3]),
        (b"courier-pop3d", &[Pop3]),
        (b"courier-pop3s", &[Pop3]),
        (b"imap-login", &[Imap, Webmail]),
        (b"imapd", &[Imap, Webmail]),
        (b"imapd-ssl", &[Imap, Webmail]),
        (b"imaplogin", &[Imap, Webmail]),
        (b"courier-imapd", &[Imap, Webmail]),
        (b"courier-imaps", &[Imap, Webmail]),
    ]
};

/// The programs whose lines of syslog [`read`] reads for `service`.
pub(super) fn writers(service: Service, settings: &Settings) -> Writers {
    let is_its = |services: &[Service]| services.contains(&service);
    let mut tags: Vec<&[u8]> =
        TAGS.iter().filter(|(_, services)| is_its(services)).map(|(tag, _)| *tag).collect();
    let mut sentences: &[&[u8]] = &[];
    if service == Service::Webmail {
        tags.extend(web::TAGS);
        sentences = &web::SENTENCES;
    }
    let rules = rules(settings);
    let mut settled = vchkpw::settled(service);
    settled.extend(dovecot::settled(service, &rules));
    settled.extend(courier::settled(service, &rules));
    // As a protocol these live as long as the process.
    Writers { tags: tags.leak(), sentences, settled: settled.leak() }
}

/// How a login ended of which another one of Dovecot's login processes says `message`, if it did, and whether that was
/// understood.
pub(super) fn dovecot_login(message: &[u8]) -> (Option<End>, Verdict) {
    match dovecot::login(message.strip_prefix(b"Info: ").unwrap_or(message)) {
        LoginVerdict::Login(login) => (login.end, Verdict::Known),
        LoginVerdict::Nothing => (None, Verdict::Known),
        _ => (None, Verdict::Unknown),
    }
}

/// What `line` says to `service`.
#[inline]
fn read(line: &Line<'_>, place: LogKind, service: Service, rules: &Rules) -> LoginVerdict {
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
        b"spamd" | b"qmail-scanner" => LoginVerdict::Foreign,
        _ if service == Service::Webmail => web::read(name, unheaded(line, place), line.host.is_none(), text),
        _ => LoginVerdict::Foreign,
    };
    if said != LoginVerdict::Foreign && (line.continuation || doubtful(line)) {
        LoginVerdict::Foreign
    } else {
        said
    }
}

#[cfg(test)]
pub(super) mod tests;

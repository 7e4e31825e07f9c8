//! vchkpw(8) of vpopmail: tag `vpopmail`, message `vchkpw-SERVICE: REST`, one line a login (vchkpw.c).
//!
//! REST of a success is `(PLAIN) login success USER:IP`; every other is a failure, which may quote the password.
use super::parts::{End, Listener, Login, LoginVerdict, Rules, Service};

/// The services that vchkpw names.
pub const SERVICES: [&str; 8] = ["smtp", "smtps", "submission", "pop3", "pop3s", "imap", "imaps", "webmail"];

/// The service that vchkpw calls `name`, by the port it was called on.
pub(super) fn listener(name: &[u8]) -> Option<Listener> {
    let (service, tls) = match name {
        b"smtp" | b"submission" => (Service::Smtp, false),
        b"smtps" => (Service::Smtp, true),
        b"pop3" => (Service::Pop3, false),
        b"pop3s" => (Service::Pop3, true),
        b"imap" => (Service::Imap, false),
        b"imaps" => (Service::Imap, true),
        b"webmail" => (Service::Webmail, false),
        _ => return None,
    };
    Some(Listener { service, tls })
}

/// `text` is what follows the tag.
pub(super) fn read(text: &[u8], want: Service, rules: &Rules) -> LoginVerdict {
    let Some(rest) = text.strip_prefix(b"vchkpw") else {
        // vpopmail's library: databases, quotas.
        return LoginVerdict::Elsewhere;
    };
    let Some(rest) = rest.strip_prefix(b"-") else {
        // Builds without a service in the name.
        return if rest.starts_with(b":") { LoginVerdict::Nothing } else { LoginVerdict::Unknown };
    };
    // The longest name is "submission".
    let Some(end) = rest.iter().take(16).position(|&b| b == b':') else { return LoginVerdict::Unknown };
    let (name, rest) = rest.split_at(end);
    let listener = match (listener(name), port(name)) {
        (Some(listener), _) => listener,
        (None, Some(port)) => match rules.ports.get(&port) {
            Some(&listener) => listener,
            None => return LoginVerdict::Nothing,
        },
        (None, None) => return LoginVerdict::Unknown,
    };
    if listener.service != want {
        return LoginVerdict::Elsewhere;
    }
    let success = rest.strip_prefix(b": ").is_some_and(is_success);
    let end = if success { End::Success } else { End::Failure };
    LoginVerdict::Login(Login { tls: listener.tls, connect: true, end: Some(end) })
}

/// A service by name, how its texts begin, and how its usual ones do.
type Usual = (&'static str, &'static [u8], [&'static [u8]; 8]);

/// Every service with its usual texts.
macro_rules! usual {
    ($($name:literal),*) => {
        [$((
            $name,
            concat!("vchkpw-", $name, ":").as_bytes(),
            [
                concat!("vchkpw-", $name, ": (PLAIN) login success ").as_bytes(),
                concat!("vchkpw-", $name, ": (LOGIN) login success ").as_bytes(),
                concat!("vchkpw-", $name, ": (CRAM-MD5) login success ").as_bytes(),
                concat!("vchkpw-", $name, ": (APOP) login success ").as_bytes(),
                concat!("vchkpw-", $name, ": login success ").as_bytes(),
                concat!("vchkpw-", $name, ": password fail ").as_bytes(),
                concat!("vchkpw-", $name, ": vpopmail user not found ").as_bytes(),
                concat!("vchkpw-", $name, ": invalid user/").as_bytes(),
            ],
        )),*]
    };
}
const USUAL: [Usual; 8] = usual!["smtp", "smtps", "submission", "pop3", "pop3s", "imap", "imaps", "webmail"];

/// Beginnings of texts that settle what a line says to `want`: those of other services, and the usual ones of its own.
pub(super) fn settled(want: Service) -> Vec<(&'static [u8], &'static [u8])> {
    let mut settled = Vec::with_capacity(64);
    for (name, begin, usual) in &USUAL {
        if listener(name.as_bytes()).is_some_and(|listener| listener.service == want) {
            settled.extend(usual.map(|usual| (&b"vpopmail"[..], usual)));
        } else {
            settled.push((b"vpopmail", begin));
        }
    }
    settled
}

/// `login success `, `(WORD) login success ` or `system password login success `.
fn is_success(rest: &[u8]) -> bool {
    let rest = match rest.strip_prefix(b"(") {
        Some(method) => {
            let word = method.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
            match method.get(word..).and_then(|rest| rest.strip_prefix(b") ")) {
                Some(rest) if word > 0 => rest,
                _ => return false,
            }
        }
        None => rest.strip_prefix(b"system password ").unwrap_or(rest),
    };
    rest.starts_with(b"login success ")
}

/// A port without a name: a number that has no more digits than 65535.
fn port(name: &[u8]) -> Option<u16> {
    if name.is_empty() || name.len() > 5 {
        return None;
    }
    let port =
        name.iter().try_fold(0u32, |port, b| b.is_ascii_digit().then(|| port * 10 + u32::from(b - b'0')));
    port.and_then(|port| u16::try_from(port).ok())
}

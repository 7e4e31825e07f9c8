//! dovecot's login processes (login-common/client-common.c), 1.0 to 2.4.
//!
//! ```text
//! dovecot: imap-login: Login: user=<USER>, method=PLAIN, rip=IP, lip=IP, mpid=1, TLS, session=<…>
//! dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<USER>, method=PLAIN, rip=IP, …
//! dovecot[241]: imap-login: Login aborted: Connection closed (auth failed, …) (auth_failed): user=<USER>, …
//! ```
//!
//! HEAD, up to the first `: user=<`, `: method=` or `: rip=`, is the server's own; what follows may be the client's,
//! up to ` rip=`, after which all is the server's again.
//!
//! A connection that ends before a login has one line, of whatever HEAD: up to 2.3 HEAD is the reason itself, such as
//! `Maximum number of connections from user+IP exceeded (…)`. Besides that line it may have others with an address,
//! which say by their first word that they are no end: `Error: `, `Warning: `, `Debug: `, `ID sent: `, `proxy(USER): `.
use super::parts::{End, Login, LoginVerdict, Rules, Service, is_loopback};
use crate::protocol::scan::{find_all, rfind};

/// Text after the tag `dovecot`, or after a leading `Info: `: `[Info: ]PROCESS: MESSAGE`.
pub(super) fn read(text: &[u8], want: Service, rules: &Rules) -> LoginVerdict {
    let text = text.strip_prefix(b"Info: ").unwrap_or(text);
    let names: [&[u8]; 3] = [b"imap-login", b"pop3-login", b"submission-login"];
    for name in names {
        if let Some(message) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix(b": ")) {
            return process(name, message, want, rules);
        }
    }
    LoginVerdict::Elsewhere
}

/// What the process `name` says.
pub(super) fn process(name: &[u8], message: &[u8], want: Service, rules: &Rules) -> LoginVerdict {
    let service = match name {
        b"imap-login" => Service::Imap,
        b"pop3-login" => Service::Pop3,
        _ => Service::Smtp,
    };
    let message = message.strip_prefix(b"Info: ").unwrap_or(message);
    if service == want {
        return login(message);
    }
    if want == Service::Webmail && service == Service::Imap && rules.loopback_all {
        let success = matches!(login(message), LoginVerdict::Login(Login { end: Some(End::Success), .. }));
        if success && address(message).is_some_and(is_loopback) {
            return LoginVerdict::Login(Login { tls: false, connect: false, end: Some(End::Success) });
        }
    }
    LoginVerdict::Elsewhere
}

/// Beginnings of texts that settle what a line says to `want`: those of other processes.
pub(super) fn settled(want: Service, rules: &Rules) -> Vec<(&'static [u8], &'static [u8])> {
    const PROCESSES: [(&[u8], Option<Service>); 9] = [
        (b"imap-login: ", Some(Service::Imap)),
        (b"pop3-login: ", Some(Service::Pop3)),
        (b"submission-login: ", Some(Service::Smtp)),
        (b"imap(", None),
        (b"pop3(", None),
        (b"lda(", None),
        (b"lmtp(", None),
        (b"auth: ", None),
        (b"auth-worker(", None),
    ];
    let is_read = |service: Service| {
        service == want || (want == Service::Webmail && service == Service::Imap && rules.loopback_all)
    };
    let others = PROCESSES.iter().filter(|(_, service)| !service.is_some_and(is_read));
    others.map(|(text, _)| (&b"dovecot"[..], *text)).collect()
}

/// What one of the login processes says.
pub(super) fn login(message: &[u8]) -> LoginVerdict {
    let Some(cut) = separator(message) else { return LoginVerdict::Nothing };
    let (head, client) = message.split_at(cut);
    let end = if head.starts_with(b"proxy(") {
        // The user's name stands in HEAD: one that ends HEAD itself is not believed.
        if !proxied(head) || client.get(1..).and_then(separator).is_some() {
            return LoginVerdict::Nothing;
        }
        Some(End::Success)
    } else if head == b"Login" || head == b"Logged in" {
        Some(End::Success)
    } else if is_no_end(head) {
        return LoginVerdict::Nothing;
    } else if failed(head) {
        Some(End::Failure)
    } else if dropped(head) {
        None
    } else {
        // Without an address it is no line of a connection.
        return if elements(client).is_some() {
            LoginVerdict::Ended { tls: is_tls(client) }
        } else {
            LoginVerdict::Unknown
        };
    };
    LoginVerdict::Login(Login { tls: is_tls(client), connect: true, end })
}

/// Where the first `: user=<`, `: method=` or `: rip=` begins.
fn separator(message: &[u8]) -> Option<usize> {
    find_all(message, b": ").find(|&at| {
        let rest = message.get(at + 2..).unwrap_or_default();
        rest.starts_with(b"user=<") || rest.starts_with(b"method=") || rest.starts_with(b"rip=")
    })
}

/// `proxy(USER): started proxying to HOST`, 2.4 `proxy(USER,HOST): Started proxying to remote host`. The last `): `
/// is the server's, whatever USER holds.
fn proxied(head: &[u8]) -> bool {
    let told = rfind(head, b"): ").and_then(|at| head.get(at + 3..)).unwrap_or_default();
    told.starts_with(b"started proxying to ") || told.starts_with(b"Started proxying to ")
}

fn failed(head: &[u8]) -> bool {
    const REASONS: [&[u8]; 7] = [
        b"auth failed",
        b"authorization failed",
        b"proxy dest auth",
        b"tried to use dis",
        b"user disabled)",
        b"password expired)",
        b"login disabled)",
    ];
    head == b"Aborted login"
        || memchr::memchr_iter(b'(', head).any(|at| {
            let reason = head.get(at + 1..).unwrap_or_default();
            REASONS.iter().any(|known| reason.starts_with(known)) || attempted(reason)
        })
}

/// `N authentication attempts)` of 1.x, with N > 0.
fn attempted(reason: &[u8]) -> bool {
    let digits = reason.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = reason.split_at(digits);
    number.iter().any(|&b| b != b'0') && rest.starts_with(b" authentication attempts)")
}

fn dropped(head: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 11] = [
        b"Aborted login",
        b"Login aborted",
        b"Disconnected",
        b"Client has quit",
        b"Remote closed",
        b"Maximum number of connections",
        b"Internal login failure",
        b"Authentication response too large",
        b"Timeout while finishing login",
        b"Too many invalid ",
        b"proxy: Logging in to ",
    ];
    BEGINNINGS.iter().any(|beginning| head.starts_with(beginning))
}

/// Told beside the end of a connection, which has a line of its own.
fn is_no_end(head: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 7] =
        [b"Error: ", b"Warning: ", b"Debug: ", b"Fatal: ", b"Panic: ", b"ID sent: ", b"proxy: Remote "];
    BEGINNINGS.iter().any(|beginning| head.starts_with(beginning))
}

/// What follows the last ` rip=`: `IP, lip=IP, …`, written by the server alone.
fn elements(client: &[u8]) -> Option<&[u8]> {
    // From the end on no letter is as rare as this one.
    memchr::memrchr_iter(b'r', client).find_map(|at| {
        let (before, field) = client.split_at(at);
        field.strip_prefix(b"rip=").filter(|_| before.last() == Some(&b' '))
    })
}

/// The client's address.
fn address(client: &[u8]) -> Option<&[u8]> {
    elements(client)?.split(|&b| b == b',').next()
}

/// Is one of the elements `TLS`, 2.4's slip `TSL`, `TLS: ERROR` or `TLS handshaking…`? (`secured` is a local link.)
fn is_tls(client: &[u8]) -> bool {
    let Some(elements) = elements(client) else { return false };
    // There are fewer of this letter than of elements.
    memchr::memchr_iter(b'T', elements).any(|at| {
        let (before, element) = elements.split_at(at);
        if !before.ends_with(b", ") {
            return false;
        }
        let Some(rest) = element.strip_prefix(b"TLS").or_else(|| element.strip_prefix(b"TSL")) else {
            return false;
        };
        let whole = rest.is_empty() || rest.starts_with(b", ");
        whole || element.starts_with(b"TLS:") || element.starts_with(b"TLS handshaking")
    })
}

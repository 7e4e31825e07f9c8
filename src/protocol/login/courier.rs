//! Courier's `imapd` and `pop3d`, their `-ssl` twins, the names of before 2003 (`imaplogin`, `pop3login`, Debian's
//! `courierpop3login`), and those of ALT Linux and Plesk (`courier-imapd`, `courier-imaps`, `courier-pop3d`,
//! `courier-pop3s`).
//!
//! `Connection, ip=[IP]`, then `LOGIN, user=USER, ip=[IP], port=[P], protocol=IMAP` or `LOGIN FAILED, …`: the
//! connection has a line of its own. UW imapd and Cyrus use the same tags for other words.
use super::parts::{End, Login, LoginVerdict, Rules, Service, is_loopback};
use crate::protocol::scan::rfind;

/// `tag` is one of Courier's, `text` what follows it.
pub(super) fn read(tag: &[u8], text: &[u8], want: Service, rules: &Rules) -> LoginVerdict {
    let tls = tag.ends_with(b"-ssl") || tag.ends_with(b"s");
    let name = tag.strip_prefix(b"courier-").unwrap_or(tag);
    let service = if name.starts_with(b"imap") { Service::Imap } else { Service::Pop3 };
    if service == want {
        return login(tls, text);
    }
    // Webmail that runs here asks the IMAP server.
    let theirs = want == Service::Webmail && service == Service::Imap && (!tls || rules.loopback_all);
    if theirs && text.starts_with(b"LOGIN, user=") && from_loopback(text) {
        return LoginVerdict::Login(Login { tls: false, connect: false, end: Some(End::Success) });
    }
    LoginVerdict::Elsewhere
}

/// Beginnings of texts that settle what a line says to `want`.
pub(super) fn settled(want: Service, rules: &Rules) -> Vec<(&'static [u8], &'static [u8])> {
    const TAGS: [&[u8]; 4] = [b"imapd", b"imapd-ssl", b"pop3d", b"pop3d-ssl"];
    const LOGIN: &[u8] = b"LOGIN, user=";
    const OTHERS: [&[u8]; 5] = [b"Connection, ip=", b"LOGIN FAILED", b"LOGOUT", b"TIMEOUT", b"DISCONNECTED"];
    let mut settled = Vec::new();
    for tag in TAGS {
        settled.extend(OTHERS.map(|text| (tag, text)));
        // Where the login came from is told at the end of the text.
        let is_read =
            want == Service::Webmail && (tag == b"imapd" || (tag == b"imapd-ssl" && rules.loopback_all));
        if !is_read {
            settled.push((tag, LOGIN));
        }
    }
    settled
}

fn login(tls: bool, text: &[u8]) -> LoginVerdict {
    if text.starts_with(b"LOGIN, user=") {
        LoginVerdict::Login(Login { tls, connect: false, end: Some(End::Success) })
    } else if text.starts_with(b"LOGIN FAILED") {
        LoginVerdict::Login(Login { tls, connect: false, end: Some(End::Failure) })
    } else if text.starts_with(b"Connection, ip=") {
        LoginVerdict::Login(Login { tls, connect: true, end: None })
    } else {
        // How sessions end, what TLS says (of port scans above all), limits, and the debugging of logins.
        const USUAL: [&[u8]; 9] = [
            b"LOGOUT",
            b"TIMEOUT",
            b"DISCONNECTED",
            b"Disconnected",
            b"couriertls: ",
            b"ip=[",
            b"Unexpected SSL connection shutdown",
            b"Maximum connection limit reached",
            b"LOGIN: ",
        ];
        // UW's imapd and Cyrus: not our program, whose format has not changed.
        const OTHERS: [&[u8]; 12] = [
            b"Login user=",
            b"Login failed user=",
            b"Login disabled user=",
            b"Authenticated user=",
            b"Logout user=",
            b"Autologout user=",
            b"Killed user=",
            b"imap service init",
            b"imaps SSL service init",
            b"accepted connection",
            b"login: ",
            b"badlogin: ",
        ];
        let begins = |words: &[&[u8]]| words.iter().any(|word| text.starts_with(word));
        match (begins(&USUAL), begins(&OTHERS)) {
            (true, _) => LoginVerdict::Nothing,
            (_, true) => LoginVerdict::Elsewhere,
            _ => LoginVerdict::Unknown,
        }
    }
}

/// Is the address in the last `ip=[…]` of loopback? After it come only the server's own words; before it the user's.
fn from_loopback(text: &[u8]) -> bool {
    const FIELD: &[u8] = b", ip=[";
    let address = rfind(text, FIELD).and_then(|at| text.get(at + FIELD.len()..));
    address.is_some_and(|address| {
        let end = address.iter().position(|&b| b == b']');
        end.and_then(|end| address.get(..end)).is_some_and(is_loopback)
    })
}

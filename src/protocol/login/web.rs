//! Webmail programs: one line a login, which stands for the connection too.
//!
//! | program | lines |
//! |---|---|
//! | sqwebmail | tag `sqwebmaild`: `LOGIN, user=…`, `LOGIN FAILED, user=…` |
//! | squirrelmail's squirrel_logger | any tag (PHP's): `Successful webmail login: by …`, `Failed webmail login: by …` |
//! | roundcube | tag `roundcube`, or its own file: `[<SESSION> ]Successful login for …`, `Failed login for …` |
use super::{End, Login, Said};

const fn login(end: End) -> Said {
    Said::Login(Login { tls: false, connect: true, end: Some(end) })
}

/// What the program `name` says; `unheaded`: no header of syslog stands before it.
#[inline]
pub(super) fn read(name: &[u8], unheaded: bool, text: &[u8]) -> Said {
    match name {
        b"sqwebmaild" => sqwebmail(text),
        b"roundcube" => {
            let login = roundcube(text).or_else(|| squirrelmail(text));
            login.unwrap_or_else(|| other(roundcube_tells(text)))
        }
        b"squirrelmail" => squirrelmail(text).unwrap_or_else(|| other(text.starts_with(b"Webmail "))),
        b"" if unheaded => roundcube(text).or_else(|| squirrelmail(text)).unwrap_or(Said::Foreign),
        _ => squirrelmail(text).unwrap_or(Said::Foreign),
    }
}

fn other(known: bool) -> Said {
    if known { Said::Nothing } else { Said::Unknown }
}

fn sqwebmail(text: &[u8]) -> Said {
    if text.starts_with(b"LOGIN, ") {
        login(End::Success)
    } else if text.starts_with(b"LOGIN FAILED, ") {
        login(End::Failure)
    } else {
        Said::Unknown
    }
}

/// squirrel_logger 2.x: its sentences, whoever logs them.
#[inline]
fn squirrelmail(text: &[u8]) -> Option<Said> {
    let end = match text.first()? {
        b'S' if text.starts_with(b"Successful webmail login: by ") => End::Success,
        b'F' if text.starts_with(b"Failed webmail login: by ") => End::Failure,
        _ => return None,
    };
    Some(login(end))
}

/// roundcube's userlogins, and the error that it logs with each failure.
fn roundcube(text: &[u8]) -> Option<Said> {
    let text = sessionless(text);
    if text.starts_with(b"Successful login for ") {
        Some(login(End::Success))
    } else if text.starts_with(b"Failed login for ") || text.starts_with(b"FAILED login for ") {
        Some(login(End::Failure))
    } else {
        text.starts_with(b"IMAP Error: ").then_some(Said::Nothing)
    }
}

/// What else roundcube logs to syslog: mail it sent (`User alice@example.org [IP]; Message for …`) and errors.
fn roundcube_tells(text: &[u8]) -> bool {
    let text = sessionless(text);
    let known: [&[u8]; 4] = [b"User ", b"PHP Error: ", b"SMTP Error: ", b"DB Error: "];
    known.iter().any(|known| text.starts_with(known))
}

/// Without `<SESSION> `, of the characters that PHP allows there.
fn sessionless(text: &[u8]) -> &[u8] {
    let Some(session) = text.strip_prefix(b"<") else { return text };
    let len = session.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b',')).count();
    session.get(len..).and_then(|rest| rest.strip_prefix(b"> ")).unwrap_or(text)
}

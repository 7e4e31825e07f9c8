//! Webmail programs: one line a login, which stands for the connection too.
//!
//! | program | lines |
//! |---|---|
//! | sqwebmail | tag `sqwebmaild`: `LOGIN, user=…`, `LOGIN FAILED, user=…` |
//! | squirrelmail's squirrel_logger | any tag (PHP's): `Successful webmail login: by …`, `Failed webmail login: by …` |
//! | roundcube | tag `roundcube`, or its own file: `[<SESSION> ]Successful login for …`, `Failed login for …` |
//! | roundcube with `log_driver = stdout` | the same behind the log's name: `userlogins: `; php-fpm may quote that |
use super::parts::{End, Login, LoginVerdict};
use crate::protocol::scan::{number, program};

const fn login(end: End) -> LoginVerdict {
    LoginVerdict::Login(Login { tls: false, connect: true, end: Some(end) })
}

/// What the program `name` says; `unheaded`: no header of syslog stands before it; `hostless`: no host does.
#[inline]
pub(super) fn read(name: &[u8], unheaded: bool, hostless: bool, text: &[u8]) -> LoginVerdict {
    match name {
        b"userlogins" | b"errors" | b"sendmail" if hostless => {
            stdout(name, text).unwrap_or(LoginVerdict::Foreign)
        }
        b"sqwebmaild" => sqwebmail(text),
        b"roundcube" => {
            let login = roundcube(text).or_else(|| squirrelmail(text));
            login.unwrap_or_else(|| other(roundcube_tells(text)))
        }
        b"squirrelmail" => squirrelmail(text).unwrap_or_else(|| other(text.starts_with(b"Webmail "))),
        b"WARNING" if unheaded => php_fpm(text).unwrap_or(LoginVerdict::Foreign),
        b"" if unheaded => roundcube(text).or_else(|| squirrelmail(text)).unwrap_or(LoginVerdict::Foreign),
        _ => squirrelmail(text).unwrap_or(LoginVerdict::Foreign),
    }
}

fn other(known: bool) -> LoginVerdict {
    if known { LoginVerdict::Nothing } else { LoginVerdict::Unknown }
}

fn sqwebmail(text: &[u8]) -> LoginVerdict {
    if text.starts_with(b"LOGIN, ") {
        login(End::Success)
    } else if text.starts_with(b"LOGIN FAILED, ") {
        login(End::Failure)
    } else {
        LoginVerdict::Unknown
    }
}

/// The tags of these programs, but for squirrel_logger's, which may be any.
pub(super) const TAGS: [&[u8]; 3] = [b"sqwebmaild", b"roundcube", b"squirrelmail"];

/// How the lines of squirrel_logger 2.x begin, whoever logs them.
pub(super) const SENTENCES: [&[u8]; 2] = [b"Successful webmail login: by ", b"Failed webmail login: by "];

/// squirrel_logger's sentences.
#[inline]
fn squirrelmail(text: &[u8]) -> Option<LoginVerdict> {
    let end = match text.first()? {
        b'S' if text.starts_with(SENTENCES[0]) => End::Success,
        b'F' if text.starts_with(SENTENCES[1]) => End::Failure,
        _ => return None,
    };
    Some(login(end))
}

/// roundcube's userlogins, and the error that it logs with each failure.
fn roundcube(text: &[u8]) -> Option<LoginVerdict> {
    let text = sessionless(text);
    if text.starts_with(b"Successful login for ") {
        Some(login(End::Success))
    } else if text.starts_with(b"Failed login for ") || text.starts_with(b"FAILED login for ") {
        Some(login(End::Failure))
    } else {
        text.starts_with(b"IMAP Error: ").then_some(LoginVerdict::Nothing)
    }
}

/// What roundcube writes to its standard output: the name of the log, and the line.
fn stdout(log: &[u8], text: &[u8]) -> Option<LoginVerdict> {
    let login = if log == b"userlogins" { roundcube(text) } else { None };
    login.or_else(|| {
        (roundcube_tells(text) || sessionless(text).starts_with(b"IMAP Error: "))
            .then_some(LoginVerdict::Nothing)
    })
}

/// The same where php-fpm(8) puts it into words of its own (`decorate_workers_output`, its default):
/// `WARNING: [pool www] child 8 said into stdout: "userlogins: …"`; `text` is what follows `WARNING: `.
fn php_fpm(text: &[u8]) -> Option<LoginVerdict> {
    let rest = text.strip_prefix(b"[pool ")?;
    let rest = &rest[memchr::memchr(b']', rest)?..];
    let (_, rest) = number(rest.strip_prefix(b"] child ")?)?;
    let quoted = rest.strip_prefix(b" said into stdout: \"")?;
    let (name, text) = program(quoted)?;
    matches!(name, b"userlogins" | b"errors" | b"sendmail").then(|| stdout(name, text))?
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

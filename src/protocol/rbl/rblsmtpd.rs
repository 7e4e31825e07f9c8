//! rblsmtpd(1), and a qmail-smtpd that asks DNS lists itself.
//!
//! | line after `rblsmtpd: ` | writer |
//! |---|---|
//! | `IP pid N: CODE TXT` | ucspi-tcp, ucspi-ssl |
//! | `IP pid N LIST: CODE TXT` | patched: the list before the code |
//! | ` pid N from IP: CODE TXT` | indimail's ucspi-tcp-x, two blanks in all |
//! | `LIST blocked IP HOST …` | patched; HOST is the client's |
//!
//! CODE is 451 or 553. Without a code they tell of other things: `greetdelay: `, and `Sender <…>`, which is the
//! client's.
use super::common::{self, known, unknown};
use super::lists::Lists;
use crate::protocol::classify::{Raise, Verdict};
use crate::protocol::scan::{number, word};

/// What such a line says.
enum Said<'a> {
    /// A client was turned away; the text that names the list.
    Blocked(&'a [u8]),
    /// No client was turned away.
    Else,
}

/// Raises what a line counts, `rest` being what follows `rblsmtpd: `.
pub(super) fn classify(rest: &[u8], lists: &Lists, raise: &mut Raise<'_>) -> Verdict {
    match said(rest) {
        Some(Said::Blocked(named)) => lists.raise(named, raise),
        Some(Said::Else) => known(common::OTHER, raise),
        None => unknown(raise),
    }
}

/// The text that names a list in a line of which [`classify`] reads `rest`. `None`: it names none.
pub(super) fn list(rest: &[u8]) -> Option<&[u8]> {
    match said(rest) {
        Some(Said::Blocked(named)) => Some(named),
        Some(Said::Else) | None => None,
    }
}

/// `None`: a form that we do not know.
fn said(rest: &[u8]) -> Option<Said<'_>> {
    if rest.starts_with(b"fatal: ") || rest.starts_with(b"warning: ") {
        return Some(Said::Else);
    }
    // The IP address is empty in indimail's form, and where nothing set TCPREMOTEIP; behind syslog's tag the blank before
    // `pid` is gone, too.
    let (first, rest) = if rest.starts_with(b"pid ") { (&b""[..], rest) } else { word(rest) };
    if rest.starts_with(b"blocked ") {
        return (!first.is_empty()).then_some(Said::Blocked(first));
    }
    let (_, rest) = number(rest.strip_prefix(b"pid ")?)?;
    if let Some(message) = rest.strip_prefix(b": ") {
        return with_code(message);
    }
    let (list, message) = word(rest.strip_prefix(b" ")?);
    if list == b"from" {
        let (ip, message) = word(message);
        return if ip.ends_with(b":") { with_code(message) } else { None };
    }
    let list = list.strip_suffix(b":")?;
    code(message).map(|_| Said::Blocked(list))
}

/// `CODE TXT`, or any message without a code.
fn with_code(message: &[u8]) -> Option<Said<'_>> {
    if let Some(text) = code(message) {
        return Some(Said::Blocked(text));
    }
    // Another code would be another program's idea of this form.
    let another = word(message).0.len() == 3 && message.iter().take(3).all(u8::is_ascii_digit);
    (!another).then_some(Said::Else)
}

/// What follows the code 451 or 553.
fn code(message: &[u8]) -> Option<&[u8]> {
    let (code, text) = word(message);
    matches!(code, b"451" | b"553").then_some(text)
}

/// Raises what qmail-smtpd's `rbl: ip=I query=LIST result=R message='TXT'` counts, `rest` being what follows
/// `rbl: ip=`: the list, if it turned the client away.
pub(super) fn asked(rest: &[u8], lists: &Lists, raise: &mut Raise<'_>) -> Verdict {
    match fields(rest) {
        Some((list, b"reject" | b"delay")) => lists.raise(list, raise),
        Some((_, b"pass" | b"accept" | b"ignore" | b"dnserr")) => known(common::OTHER, raise),
        _ => unknown(raise),
    }
}

/// The list that turned a client away in a line of which [`asked`] reads `rest`.
pub(super) fn asked_list(rest: &[u8]) -> Option<&[u8]> {
    fields(rest).filter(|(_, result)| matches!(*result, b"reject" | b"delay")).map(|(list, _)| list)
}

/// The list and the result.
fn fields(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_ip, rest) = word(rest);
    let (list, rest) = word(rest.strip_prefix(b"query=")?);
    Some((list, word(rest.strip_prefix(b"result=")?).0))
}

//! Which program wrote a line: syslog's tag, or where syslog has not been, what the text begins with.
use super::classify::LogKind;
use crate::line::Line;

/// The program that wrote `line` and what it wrote. The name is empty where none is given.
///
/// Programs that log by themselves (dovecot's own log, multilog(8)) put `NAME: ` or `NAME[PID]: ` before the text.
/// A header of syslog that names a host but no program is believed: then the text is not searched for a name.
#[inline]
pub(super) fn program<'a>(line: &Line<'a>, place: LogKind) -> (&'a [u8], &'a [u8]) {
    match line.tag {
        Some(tag) => (tag, line.text),
        None if unheaded(line, place) => named(line.text).unwrap_or((b"", line.text)),
        None => (b"", line.text),
    }
}

/// Is it a line without a header of syslog?
#[inline]
pub(super) fn unheaded(line: &Line<'_>, place: LogKind) -> bool {
    line.tag.is_none() && (line.host.is_none() || place == LogKind::Dedicated)
}

/// Is what stands in the host's place no host? dovecot's own log has `auth(USER,…)<…>: ` there, and what follows a
/// blank within USER looks like a program then.
#[inline]
pub(super) fn doubtful(line: &Line<'_>) -> bool {
    line.host.is_some_and(|host| host.contains(&b'('))
}

/// `NAME: TEXT` or `NAME[PID]: TEXT`: NAME and TEXT.
fn named(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // The longest name that anyone asks for is "submission-login".
    let len = text.iter().take(32).position(|b| !(b.is_ascii_alphanumeric() || *b == b'-'))?;
    let (name, rest) = text.split_at(len);
    let rest = match rest.strip_prefix(b"[") {
        Some(pid) => {
            let digits = pid.iter().take(12).take_while(|b| b.is_ascii_digit()).count();
            pid.get(digits..)?.strip_prefix(b"]")?
        }
        None => rest,
    };
    let rest = rest.strip_prefix(b": ")?;
    (!name.is_empty()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Parser;

    fn of(line: &str, place: LogKind) -> (String, String) {
        let line = Parser::new(10, 1_790_636_400).parse(line.as_bytes());
        let (name, text) = program(&line, place);
        (String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(text).into_owned())
    }

    #[test]
    fn by_the_tag_or_by_the_text() {
        for (line, name, text) in [
            ("Sep 28 22:45:01 mx1 imapd[4]: LOGIN, x", "imapd", "LOGIN, x"),
            ("@400000004c91b044077a9e94 imap-login: Info: x", "imap-login", "Info: x"),
            ("imapd[811]: LOGIN", "imapd", "LOGIN"),
            ("Sep 28 22:45:01 imapd: LOGIN", "imapd", "LOGIN"),
            ("[28-Sep-2026 22:40:23 +0000]: <s> Successful", "", "<s> Successful"),
            ("FAILED login for a: b", "", "FAILED login for a: b"),
            (": x", "", ": x"),
            ("imapd[8x]: LOGIN", "", "imapd[8x]: LOGIN"),
            ("imapd:LOGIN", "", "imapd:LOGIN"),
            ("", "", ""),
        ] {
            assert_eq!(of(line, LogKind::Shared), (name.to_owned(), text.to_owned()), "{line}");
        }
    }

    #[test]
    fn a_header_without_a_program_is_believed() {
        let line = "Sep 28 22:45:01 mx1 hello imapd: LOGIN";
        assert_eq!(of(line, LogKind::Shared).0, "");
        let line = Parser::new(10, 1_790_636_400).parse(line.as_bytes());
        assert!(!unheaded(&line, LogKind::Shared) && unheaded(&line, LogKind::Dedicated));
    }

    #[test]
    fn a_host_has_no_bracket() {
        let doubt = |line: &str| doubtful(&Parser::new(10, 1_790_636_400).parse(line.as_bytes()));
        assert!(doubt("Aug 30 00:10:57 auth(a imap-login: Login: user=<b>, rip=192.0.2.1, TLS"));
        assert!(!doubt("Aug 30 00:10:57 mx1 imap-login: Login: user=<b>, rip=192.0.2.1, TLS"));
        assert!(!doubt("Aug 30 00:10:57 imap-login: Login: user=<b>, rip=192.0.2.1, TLS"));
    }
}

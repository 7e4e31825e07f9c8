//! Host and tag, between a syslog stamp and a program's text.

use super::fields::{Line, without_marks};
use super::stamp::Stamp;
use super::unix;

/// What stands between a syslog stamp and the text, and the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header<'a> {
    host: Option<&'a [u8]>,
    tag: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    /// What a journal has taken apart already.
    pub(super) fn of(host: Option<&'a [u8]>, tag: Option<&'a [u8]>, rest: &'a [u8]) -> Self {
        Header { host, tag, rest }
    }

    /// The host's name; empty: it has none.
    pub(super) fn host(&self) -> &'a [u8] {
        self.host.unwrap_or_default()
    }

    /// Is a program named?
    pub(super) fn has_tag(&self) -> bool {
        self.tag.is_some()
    }

    /// Makes the line. `time` is that of the stamp; a fraction that splogger put before the text is more exact, and
    /// is used instead. `after_stamp`: the text that this header stands before.
    pub(super) fn line(self, time: Option<Stamp>, after_stamp: &'a [u8]) -> Line<'a> {
        let Header { host, tag, rest } = self;
        let mut rest = without_blanks(rest);
        if tag.is_some() && rest.first() == Some(&b'[') {
            rest = without_blanks(&rest[message_id(rest)..]);
        }
        match unix::fraction_or_end(rest) {
            Some(fraction) => Line {
                time: Some(fraction.time),
                tag,
                host,
                text: &rest[fraction.len..],
                after_stamp,
                continuation: fraction.continuation,
            },
            None => Line { time, tag, host, text: rest, after_stamp, continuation: false },
        }
    }
}

/// What follows the blanks and tabs that `line` begins with.
#[inline]
fn without_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    &line[blanks..]
}

/// The length of `[ID 583609 mail.info] ` of illumos and Solaris, 0 where it is not there.
fn message_id(line: &[u8]) -> usize {
    let Some(inner) = line.strip_prefix(b"[ID ") else { return 0 };
    let digits = inner.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    let level = (1..=6).contains(&digits).then(|| inner[digits..].strip_prefix(b" "));
    let level = level.flatten().and_then(|rest| rest.split(|&b| b == b']').next());
    match level {
        Some(level) if is_level(level) && inner[digits + 1 + level.len()..].starts_with(b"] ") => {
            4 + digits + 1 + level.len() + 2
        }
        _ => 0,
    }
}

/// Is it `FACILITY.SEVERITY`, as BusyBox's syslogd, OpenWrt's logread and illumos write it?
fn is_level(word: &[u8]) -> bool {
    const FACILITIES: [&[u8]; 25] = [
        b"mail",
        b"user",
        b"daemon",
        b"auth",
        b"authpriv",
        b"syslog",
        b"kern",
        b"lpr",
        b"news",
        b"uucp",
        b"cron",
        b"ftp",
        b"security",
        b"audit",
        b"ntp",
        b"console",
        b"mark",
        b"local0",
        b"local1",
        b"local2",
        b"local3",
        b"local4",
        b"local5",
        b"local6",
        b"local7",
    ];
    const SEVERITIES: [&[u8]; 11] = [
        b"info", b"notice", b"warn", b"warning", b"err", b"error", b"crit", b"alert", b"emerg", b"panic",
        b"debug",
    ];
    // The longest is "authpriv.warning".
    let Some(dot) = word.iter().take(9).position(|&b| b == b'.').filter(|_| word.len() <= 16) else {
        return false;
    };
    FACILITIES.contains(&&word[..dot]) && SEVERITIES.contains(&&word[dot + 1..])
}

/// What the first word after a stamp may be, if it is no tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hosts {
    /// The host, whatever follows: RFC 3164.
    Any,
    /// The host if a program or a repetition follows: a container's stamps look like those of a syslogd, and no host
    /// stands behind them.
    WithTag,
    /// Never a host.
    None,
}

/// Host and tag, after the stamp.
///
/// The first word is the host unless it is a tag. What comes without either (spamd's own log: `[100] info: …`) or
/// begins as text does (`last message repeated 3 times` of a syslogd that leaves the host out) has neither.
pub(super) fn header(line: &[u8], hosts: Hosts) -> Header<'_> {
    let line = without_blanks(&line[facility(line)..]);
    let none = Header { host: None, tag: None, rest: line };
    if hosts == Hosts::WithTag && line.starts_with(b"{") {
        return none;
    }
    if let Some((tag, rest)) = tag(line) {
        return Header { host: None, tag: Some(tag), rest };
    }
    if line.starts_with(b"[") || line.starts_with(REPEATED) || unix::fraction(line).is_some() {
        return none;
    }
    let (host, rest) = word(line);
    let rest = without_blanks(rest);
    if is_level(host) {
        // Without a host: `-S`, or logread.
        let tag = tag(rest);
        return Header { host: None, tag: tag.map(|(tag, _)| tag), rest: tag.map_or(rest, |(_, rest)| rest) };
    }
    if hosts == Hosts::None || (hosts == Hosts::WithTag && !host.iter().all(in_host)) {
        return none;
    }
    let host = (!host.is_empty()).then_some(host);
    if let Some((tag, rest)) = tag(rest) {
        return Header { host, tag: Some(tag), rest };
    }
    let (level, after) = word(rest);
    if is_level(level) {
        let after = without_blanks(after);
        let tag = tag(after);
        return Header { host, tag: tag.map(|(tag, _)| tag), rest: tag.map_or(after, |(_, rest)| rest) };
    }
    if hosts == Hosts::WithTag && !rest.starts_with(REPEATED) {
        return none;
    }
    Header { host, tag: None, rest }
}

/// What a syslogd writes instead of equal lines.
const REPEATED: &[u8] = b"last message repeated ";

/// May it stand in the name or the address of a host? syslog-ng writes those that a line came through as well
/// (`chain_hostnames`: `source@mx1/relay`), and an address may name its interface (`fe80::1%eth0`).
fn in_host(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-' | b'/' | b'@' | b'%')
}

/// The length of `<2.6> ` or `<mail.info> `, 0 where it is not there.
fn facility(line: &[u8]) -> usize {
    let Some(inner) = line.strip_prefix(b"<") else {
        return 0;
    };
    // The longest names are "authpriv" and "warning".
    let len = inner.iter().take(20).take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
    if inner[..len].contains(&b'.') && inner[len..].starts_with(b"> ") { len + 3 } else { 0 }
}

/// `tag: `, `tag[PID]: `, or the same at the line's end: the tag without `[PID]`, and what follows, with its blanks.
fn tag(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = line.iter().position(|b| matches!(b, b' ' | b':' | b'['))?;
    let (tag, mut rest) = line.split_at(len);
    if tag.is_empty() {
        return None;
    }
    if rest[0] == b'[' {
        let close = rest.iter().position(|b| matches!(b, b' ' | b']'))?;
        rest = rest[close..].strip_prefix(b"]")?;
    }
    let rest = rest.strip_prefix(b":")?;
    matches!(rest.first(), None | Some(b' ' | b'\t')).then_some((tag, rest))
}

/// Host, application and text of RFC 5424, after the stamp: `host app PID msgid sd text`. `-` stands for nothing.
///
/// Where one of them is missing the rest is text.
pub(super) fn rfc5424(line: &[u8]) -> Header<'_> {
    let value = |word| (word != b"-" as &[u8] && word != b"" as &[u8]).then_some(word);
    let (host, rest) = word(line);
    let (tag, rest) = word(rest);
    let (_pid, rest) = word(rest);
    let (_message_id, rest) = word(rest);
    let rest = without_blanks(&rest[structured_data(rest)..]);
    let rest = without_marks(rest);
    Header { host: value(host), tag: value(tag), rest }
}

/// The length of `-` or `[id name="value" …][…]` with the blank after it; 0 where it is neither.
fn structured_data(line: &[u8]) -> usize {
    let end = if line.starts_with(b"-") { 1 } else { elements(line) };
    match line.get(end) {
        Some(b' ') if end > 0 => end + 1,
        None => end,
        _ => 0,
    }
}

/// The length of any number of `[…]`; 0 where the last one has no end.
fn elements(line: &[u8]) -> usize {
    let mut end = 0;
    while line[end..].starts_with(b"[") {
        match element(&line[end..]) {
            Some(len) => end += len,
            None => return 0,
        }
    }
    end
}

/// The length of one `[…]`, in whose quoted values `"`, `\` and `]` are escaped by `\`.
fn element(line: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Up to the first blank, and what follows that blank.
pub(super) fn word(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', line) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => line.split_at(line.len()),
    }
}

impl<'a> Line<'a> {
    /// A line that comes in parts, as journald has it. `time` is when it was logged; a fraction of splogger(8) before
    /// the text is more exact, and is used instead. One `\r` at the text's end is not part of it.
    pub fn of_parts(time: Stamp, host: Option<&'a [u8]>, tag: Option<&'a [u8]>, text: &'a [u8]) -> Line<'a> {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        Header::of(host, tag, text).line(Some(time), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host, tag and text, `-` where there is none.
    fn parts(header: Header<'_>) -> [String; 3] {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let or_dash = |value: Option<&[u8]>| value.map_or("-".to_string(), text);
        [or_dash(header.host), or_dash(header.tag), text(header.rest)]
    }

    #[test]
    fn host_and_tag() {
        for (line, expected) in [
            ("mx1 qmail: new msg 1", ["mx1", "qmail", "new msg 1"]),
            ("mx1 qmail[77]: new msg 1", ["mx1", "qmail", "new msg 1"]),
            ("qmail: new msg 1", ["-", "qmail", "new msg 1"]),
            ("vpopmail[7]: vchkpw-smtp: x", ["-", "vpopmail", "vchkpw-smtp: x"]),
            ("mx1 dovecot: imap-login: Login: x", ["mx1", "dovecot", "imap-login: Login: x"]),
            ("pop3-login: Info: Aborted login: x", ["-", "pop3-login", "Info: Aborted login: x"]),
            ("mx1 postfix/smtpd[1]: x", ["mx1", "postfix/smtpd", "x"]),
            ("mx1 qmail:", ["mx1", "qmail", ""]),
            ("mx1 qmail: ", ["mx1", "qmail", ""]),
            ("mx1", ["mx1", "-", ""]),
            ("", ["-", "-", ""]),
            ("2001:db8::1 qmail: x", ["2001:db8::1", "qmail", "x"]),
            ("2001:db8:: qmail: x", ["2001:db8::", "qmail", "x"]),
            ("192.0.2.1 qmail: x", ["192.0.2.1", "qmail", "x"]),
            ("<2.6> mx1 qmail: x", ["mx1", "qmail", "x"]),
            ("<mail.info> mx1 qmail: x", ["mx1", "qmail", "x"]),
            ("<authpriv.warning> mx1 qmail: x", ["mx1", "qmail", "x"]),
            ("mx1 last message repeated 3 times", ["mx1", "-", "last message repeated 3 times"]),
            ("last message repeated 3 times", ["-", "-", "last message repeated 3 times"]),
            (
                "mx1 syslogd: last message repeated 3 times",
                ["mx1", "syslogd", "last message repeated 3 times"],
            ),
            ("[100] info: spamd: x", ["-", "-", "[100] info: spamd: x"]),
            ("sogod [26818]: x", ["sogod", "-", "[26818]: x"]),
            ("mx1 : x", ["mx1", "-", ": x"]),
            ("mx1 tag[1 2]: x", ["mx1", "-", "tag[1 2]: x"]),
            ("mx1 tag[1: x", ["mx1", "-", "tag[1: x"]),
            ("mx1 simscan:[4001]:CLEAN: x", ["mx1", "-", "simscan:[4001]:CLEAN: x"]),
        ] {
            assert_eq!(said(line, Hosts::Any), expected, "{line}");
        }
    }

    #[test]
    fn facility_and_severity_before_the_tag() {
        for (line, expected) in [
            ("mx1 mail.info qmail: x", ["mx1", "qmail", "x"]),
            ("mx1 mail.info dovecot[27366]: x", ["mx1", "dovecot", "x"]),
            ("mx1 local7.notice x y", ["mx1", "-", "x y"]),
            ("mail.info qmail: x", ["-", "qmail", "x"]),
            ("authpriv.warning qmail[7]: x", ["-", "qmail", "x"]),
            ("daemon.err x y", ["-", "-", "x y"]),
            ("<2.6> mx1 mail.debug qmail: x", ["mx1", "qmail", "x"]),
            ("mx1 mail.info: x", ["mx1", "mail.info", "x"]),
            ("mail.infos qmail: x", ["mail.infos", "qmail", "x"]),
            ("mails.info qmail: x", ["mails.info", "qmail", "x"]),
            ("mail.example.org qmail: x", ["mail.example.org", "qmail", "x"]),
            ("mx1 mail.none qmail: x", ["mx1", "-", "mail.none qmail: x"]),
        ] {
            for hosts in [Hosts::Any, Hosts::WithTag] {
                let alone = expected[1] == "-" && hosts == Hosts::WithTag && line.contains("none");
                let expected = if alone { ["-", "-", line] } else { expected };
                assert_eq!(said(line, hosts), expected, "{line}");
            }
        }
    }

    #[test]
    fn a_host_that_a_program_must_follow() {
        for (line, expected) in [
            ("mx1 qmail: x", ["mx1", "qmail", "x"]),
            ("2001:db8::1 qmail[7]: x", ["2001:db8::1", "qmail", "x"]),
            ("fe80::1%eth0 qmail: x", ["fe80::1%eth0", "qmail", "x"]),
            ("s_net@mx1/relay qmail: x", ["s_net@mx1/relay", "qmail", "x"]),
            ("qmail: x", ["-", "qmail", "x"]),
            ("mx1 last message repeated 2 times", ["mx1", "-", "last message repeated 2 times"]),
            ("new msg 1", ["-", "-", "new msg 1"]),
            ("<a1b2> Successful login: x", ["-", "-", "<a1b2> Successful login: x"]),
            ("level=NOTICE uuid: x", ["-", "-", "level=NOTICE uuid: x"]),
            ("{\"a\": b: c", ["-", "-", "{\"a\": b: c"]),
            ("auth(a imap-login: x", ["-", "-", "auth(a imap-login: x"]),
            ("stdout host qmail: x", ["-", "-", "stdout host qmail: x"]),
            ("", ["-", "-", ""]),
        ] {
            assert_eq!(said(line, Hosts::WithTag), expected, "{line}");
        }
        assert_eq!(said("mx1 qmail: x", Hosts::None), ["-", "-", "mx1 qmail: x"]);
        assert_eq!(said("qmail: x", Hosts::None), ["-", "qmail", "x"]);
        assert_eq!(said("mail.info qmail: x", Hosts::None), ["-", "qmail", "x"]);
        assert_eq!(said("[7] info: spamd: x", Hosts::None), ["-", "-", "[7] info: spamd: x"]);
    }

    #[test]
    fn what_stands_between_the_tag_and_the_text() {
        for (line, text) in [
            ("mx1 qmail:  new msg 1", "new msg 1"),
            ("mx1 qmail: \t new msg 1", "new msg 1"),
            ("mx1 qmail:\tnew msg 1", "new msg 1"),
            ("mx1  qmail:   1790635513.9 new msg 1", "new msg 1"),
            ("mx1 qmail:  1790635513.9  new msg 1", " new msg 1"),
            ("mx1 haraka:  [core]  hook=x", "[core]  hook=x"),
            ("mx1 qmail: [ID 748625 mail.info] 1276913544.622077 new msg 78833", "new msg 78833"),
            ("mx1 qmail: [ID 1 mail.error]  new msg 1", "new msg 1"),
            ("vpopmail[2]: [ID 801593 auth.notice] vchkpw-smtp: x", "vchkpw-smtp: x"),
            ("mx1 qmail: [ID 7486255 mail.info] x", "[ID 7486255 mail.info] x"),
            ("mx1 qmail: [ID 748625 mail.loud] x", "[ID 748625 mail.loud] x"),
            ("mx1 qmail: [ID  mail.info] x", "[ID  mail.info] x"),
            ("mx1 qmail: [ID 748625 mail.info]x", "[ID 748625 mail.info]x"),
            ("mx1 qmail: x [ID 748625 mail.info] y", "x [ID 748625 mail.info] y"),
            ("mx1 [ID 748625 mail.info] y", "[ID 748625 mail.info] y"),
        ] {
            assert_eq!(said(line, Hosts::Any)[2], text, "{line:?}");
        }
    }

    /// Host, tag and text of the line that has the header `line`.
    fn said(line: &str, hosts: Hosts) -> [String; 3] {
        let line = header(line.as_bytes(), hosts).line(None, b"");
        parts(Header { host: line.host, tag: line.tag, rest: line.text })
    }

    #[test]
    fn rfc_5424() {
        for (line, expected) in [
            ("host app 123 - - text", ["host", "app", "text"]),
            ("- - - - - text", ["-", "-", "text"]),
            ("host app 123 ID47 [a@1 k=\"v\"] text", ["host", "app", "text"]),
            ("host app - - [a k=\"]\\\"] \" l=\"\"][b] text", ["host", "app", "text"]),
            ("host app - - - \u{feff}text", ["host", "app", "text"]),
            ("host app - - -", ["host", "app", ""]),
            ("host app - - [a]", ["host", "app", ""]),
            ("host app - - [a text", ["host", "app", "[a text"]),
            ("host app - - text", ["host", "app", "text"]),
            ("host app - - -  text", ["host", "app", "text"]),
            ("host app - - [a] \t text", ["host", "app", "text"]),
            ("host app - - - \u{feff} text", ["host", "app", " text"]),
            ("host app", ["host", "app", ""]),
            ("", ["-", "-", ""]),
        ] {
            assert_eq!(parts(rfc5424(line.as_bytes())), expected, "{line}");
        }
    }
}

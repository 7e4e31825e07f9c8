//! syslog: stamp, host and tag before a program's text.
//!
//! | form | source |
//! |---|---|
//! | `Sep 28 22:45:13 host tag[PID]: text`, local time, no year | RFC 3164; syslogd(8) |
//! | `Sep 28 22:45:13 <2.6> host …`, `<mail.info>` | FreeBSD's syslogd(8) `-v`, `-vv` |
//! | `2024-12-03T10:11:12.123456+01:00 host tag[PID]: text` | RFC 3339; rsyslog of Debian 12 and later |
//! | `<22>1 2026-03-01T10:00:00Z host app PID msgid [sd] text` | RFC 5424 |
//! | `2026-11-28 10:00:00 host tag: text`, local time | templates that people write |
//! | `<22>` before any, host missing | /dev/log; RFC 3164 |
//! | `Sep 28 22:45:13 host mail.info tag[PID]: text`; with `-S` no host | BusyBox's syslogd |
//! | `tag[PID]: [ID 583609 mail.info] text` | illumos and Solaris |
//!
//! Behind the tag any run of blanks and tabs is none of the text: a program's message begins with a blank of its own,
//! and a template may add another. After it splogger(8) puts the time of the line itself:
//! `qmail: 1276913544.622077 new msg 78833`.

use chrono::{Datelike, TimeZone};

use super::civil::{self, Civil, Clock, TimeOfDay};
use super::{Line, Stamp, unix};

/// A stamp without its year.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Yearless {
    month: u32,
    day: u32,
    time: TimeOfDay,
}

impl Yearless {
    /// As it was in `year`; `None`: that year has no such date.
    pub(super) fn in_year(self, year: i32) -> Option<Civil> {
        Civil::new(year, self.month, self.day, self.time)
    }
}

/// Gives stamps without a year the one that puts them nearest to the file's mtime and at most a day after it: a
/// line is older than its file, but a clock may have been set back.
#[derive(Debug)]
pub(super) struct Years {
    /// The local year of the latest possible line.
    year: i32,
    /// That line's unix time.
    latest: i64,
    /// The last minute that was asked for, (month, day, hour, minute), and its year.
    last: Option<([u32; 4], i32)>,
}

impl Years {
    /// `mtime` in unix seconds; `clock` says which local year that is.
    pub(super) fn new<Tz: TimeZone>(mtime: i64, clock: &Clock<Tz>) -> Self {
        let latest = mtime.clamp(0, super::END - 1) + 86_400;
        Years { year: clock.local(latest).year(), latest, last: None }
    }

    /// The instant of a yearless stamp in a line of `host`. `None`: no year has that date, or it would be before 1970.
    pub(super) fn instant<Tz: TimeZone>(
        &mut self,
        stamp: Yearless,
        clock: &mut Clock<Tz>,
        host: &[u8],
    ) -> Option<Stamp> {
        let Yearless { month, day, time } = stamp;
        let minute = [month, day, time.hour, time.minute];
        if let Some((last, year)) = self.last
            && last == minute
        {
            return Civil::new(year, month, day, time)?.local(clock, host);
        }
        // The limit holds for the whole minute, so that all of its lines are of one year. 29 February may be up to
        // eight years ago (there was none in 1900, there will be none in 2100).
        let start = TimeOfDay { second: 0, nanos: 0, ..time };
        let fits = |&year: &i32| {
            let instant = Civil::new(year, month, day, start).and_then(|civil| civil.first(clock));
            instant.is_some_and(|stamp| stamp.secs <= self.latest)
        };
        let year = (self.year - 8..=self.year).rev().find(fits)?;
        self.last = Some((minute, year));
        Civil::new(year, month, day, time)?.local(clock, host)
    }
}

/// The RFC 3164 stamp that `line` begins with, and its length with the blank. The day is `8`, ` 8` or `08`; a
/// fraction after the seconds is allowed (journalctl `-o short-precise`, spamd's own log).
pub(super) fn rfc3164(line: &[u8]) -> Option<(Yearless, usize)> {
    let month = civil::month(line.get(..3)?)?;
    let mut at = 3 + blanks(&line[3..], 2)?;
    let day = match civil::two(&line[at..]) {
        Some(day) => {
            at += 2;
            day
        }
        None => {
            let digit = line.get(at).filter(|b| b.is_ascii_digit())?;
            at += 1;
            u32::from(digit - b'0')
        }
    };
    at += blanks(&line[at..], 1)?;
    let (time, len) = civil::time_of_day(&line[at..])?;
    at += len;
    at += blanks(&line[at..], 1)?;
    Some((Yearless { month, day, time }, at))
}

/// How many blanks `line` begins with, at least one and at most `most`.
fn blanks(line: &[u8], most: usize) -> Option<usize> {
    let count = line.iter().take(most).take_while(|&&b| b == b' ').count();
    (count > 0).then_some(count)
}

/// The RFC 3339 stamp that `line` begins with, and its length with the blank.
pub(super) fn rfc3339(line: &[u8]) -> Option<(Stamp, usize)> {
    let (time, len) = rfc3339_of(line)?;
    (line.get(len) == Some(&b' ')).then_some((time, len + 1))
}

/// The RFC 3339 stamp that `line` begins with, whatever follows, and its length. `+0000` is a zone, too: journalctl's
/// `-o short-iso` leaves the colon out.
pub(super) fn rfc3339_of(line: &[u8]) -> Option<(Stamp, usize)> {
    if line.get(10) != Some(&b'T') {
        return None;
    }
    let (when, len) = civil::date_time(line)?;
    let (offset, zone) = civil::zone(&line[len..])?;
    Some((when.at_offset(offset)?, len + zone))
}

/// The length of the `<PRI>` that `line` begins with: a number up to 191 (RFC 3164).
pub(super) fn priority(line: &[u8]) -> Option<usize> {
    let inner = line.strip_prefix(b"<")?;
    let digits = inner.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let value = inner[..digits].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    ((1..=3).contains(&digits) && value <= 191 && inner.get(digits) == Some(&b'>')).then_some(digits + 2)
}

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

    /// The line: `time` is the stamp's, splogger's fraction is truer. `after_stamp`: of what this is the header.
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
pub(super) fn rfc5424_header(line: &[u8]) -> Header<'_> {
    let value = |word| (word != b"-" as &[u8] && word != b"" as &[u8]).then_some(word);
    let (host, rest) = word(line);
    let (tag, rest) = word(rest);
    let (_pid, rest) = word(rest);
    let (_message_id, rest) = word(rest);
    let rest = without_blanks(&rest[structured_data(rest)..]);
    let rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
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
            assert_eq!(parts(rfc5424_header(line.as_bytes())), expected, "{line}");
        }
    }

    #[test]
    fn a_priority_is_a_number_up_to_191() {
        assert_eq!(priority(b"<0>x"), Some(3));
        assert_eq!(priority(b"<191>x"), Some(5));
        for line in [&b"<>x"[..], b"<192>x", b"<1000>x", b"<2.6> x", b"<a1b2c3d4> x", b"<22", b"22>", b""] {
            assert_eq!(priority(line), None, "{}", line.escape_ascii());
        }
    }
}

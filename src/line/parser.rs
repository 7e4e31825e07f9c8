//! Finds the stamp of a line: the first byte tells which function reads it.

use chrono::{Local, TimeZone};

use super::fields::{Line, without_marks};
use super::header::{self, Hosts};
use super::same_header::SameHeader;
use super::stamp::Stamp;
use super::tai64n::{self, tai64n};
use super::{bracket, civil, container, ctime, rspamd, syslog, unix};

/// Takes lines apart, which are given to it in the order of their file. Keeps the last local minute it converted, so one
/// parser a file is fastest.
///
/// The result depends on what was parsed before in one case only: a local time without an offset, in an hour that comes
/// twice because the clock was set back. There it depends on nothing but the lines before it in this reading, `written`,
/// and what [`Parser::resume`] was told.
#[derive(Debug)]
pub struct Parser<Tz: TimeZone = Local> {
    tai_offset: i64,
    clock: civil::Clock<Tz>,
    years: syslog::Years,
    is_own: bool,
}

impl Parser {
    /// `tai_offset`: seconds between a TAI64N label and unix time, `logs_tai_offset` (10, or 37 for s6-log).
    /// `written`: when the file was last written, unix seconds; gives RFC 3164 stamps their year.
    pub fn new(tai_offset: i64, written: i64) -> Self {
        Parser::in_zone(Local, tai_offset, written)
    }
}

impl<Tz: TimeZone> Parser<Tz> {
    /// As [`Parser::new`], with local time being that of `zone`.
    pub(super) fn in_zone(zone: Tz, tai_offset: i64, written: i64) -> Self {
        let clock = civil::Clock::new(zone, written);
        let years = syslog::Years::new(written, &clock);
        Parser { tai_offset, clock, years, is_own: false }
    }

    /// For a log that holds one protocol's lines and no others: docker compose's names may stand before them.
    #[must_use]
    pub fn of_own_log(self, is_own: bool) -> Self {
        Parser { is_own, ..self }
    }

    /// The next lines stand in the next file, which was last written at `written`.
    pub fn turn_to(&mut self, written: i64) {
        self.years = syslog::Years::new(written, &self.clock);
        self.clock.passes.turn_to(written);
    }

    /// The next lines were written after a reading at `since` (unix seconds; 0: not known), and the newest line
    /// before them has the time `last` (unix seconds; 0: there is none).
    pub fn resume(&mut self, last: i64, since: i64) {
        self.clock.passes.resume(last, since);
    }

    /// What the lines that follow `raw` may have in common with it, which was taken apart to `line` just now. `None`: nothing
    /// that could be compared, or it is of a time at which a clock was set back.
    pub fn same_header(&self, raw: &[u8], line: &Line<'_>) -> Option<SameHeader> {
        SameHeader::of(raw, line, self.clock.plain_minute())
    }

    /// Lines that have the header `header` stood here, the last of them at `secs` (unix), and were not given to
    /// [`Parser::parse`].
    pub fn has_passed(&mut self, header: &SameHeader, secs: i64) {
        if header.is_local() {
            self.clock.passes.plain(secs);
        }
    }

    /// Takes `line` apart. It is without its newline; one `\r` at its end is not part of the text.
    ///
    /// Never fails: what begins with none of these stamps is text as a whole. A line of a container's log is read by
    /// itself, even if it is a part of one, and its text keeps JSON's escapes: see [`super::Parts`].
    #[inline]
    pub fn parse<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let line = without_marks(line);
        if container::may_begin(line) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(wrapped) = container::wrapped(line, line) {
                return self.inside(wrapped.text, wrapped.time);
            }
        }
        self.unwrapped(line)
    }

    /// As [`Parser::parse`], for a line that is of no container's log.
    #[inline]
    pub(super) fn unwrapped<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.plain(line).unwrap_or_else(|| self.without_stamp(line))
    }

    /// Takes apart what a program in a container wrote. If it has a stamp of its own, that is used instead of `time`,
    /// when the runtime received it.
    pub(super) fn inside<'a>(&mut self, text: &'a [u8], time: Option<Stamp>) -> Line<'a> {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let line = self.plain(text).unwrap_or_else(|| Line::bare(text));
        Line { time: line.time.or(time), ..line }
    }

    #[cold]
    fn without_stamp<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let inner = if self.is_own { container::compose(line) } else { None };
        inner.map_or_else(|| Line::bare(line), |inner| self.inside(inner, None))
    }

    /// Tries every stamp. `None`: the line has none.
    #[inline]
    fn plain<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        if let Some(b'@') = line.first() {
            return Some(after_label(tai64n(line, self.tai_offset)?, &line[tai64n::LABEL..]));
        }
        self.other(line)
    }

    /// Every stamp but a TAI64N label at the line's beginning.
    fn other<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        match line.first()? {
            b'<' => self.with_priority(line),
            b'[' => {
                bracket::stamp(line, &mut self.clock).map(|(time, len)| Line::stamped(time, &line[len..]))
            }
            b'0'..=b'9' => self.digits(line),
            // The object is the text, too: its other members say what happened.
            b'{' => rspamd::object(line).map(|time| Line::stamped(time, line)),
            // Months and weekdays share three letters.
            b'F' | b'M' | b'S' => self.rfc3164(line).or_else(|| self.ctime(line)),
            b'A'..=b'R' => self.rfc3164(line),
            b'T' | b'W' => self.ctime(line),
            _ => None,
        }
    }

    /// `<PRI>` and what may follow it: RFC 5424's version, or any other stamp.
    fn with_priority<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let rest = &line[syslog::priority(line)?..];
        if let Some(versioned) = rest.strip_prefix(b"1 ") {
            // A machine without a clock has `-` (NILVALUE) for the time.
            let (time, header) = match versioned.strip_prefix(b"- ") {
                Some(header) => (None, header),
                None => {
                    let (time, len) = syslog::rfc3339(versioned)?;
                    (Some(time), &versioned[len..])
                }
            };
            return Some(header::rfc5424(header).line(time, header));
        }
        match rest.first()? {
            b'@' => Some(after_label(tai64n(rest, self.tai_offset)?, &rest[tai64n::LABEL..])),
            b'<' => None,
            _ => self.other(rest),
        }
    }

    /// Stamps that begin with a digit: a date, or seconds.
    fn digits<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        if line.get(4) != Some(&b'-') {
            let fraction = unix::fraction(line)?;
            let text = &line[fraction.len..];
            return Some(Line { continuation: fraction.continuation, ..Line::stamped(fraction.time, text) });
        }
        if let Some((label, len)) = civil::label(line) {
            return Some(after_label(label.instant(&mut self.clock)?, &line[len..]));
        }
        if let Some((when, len)) = rspamd::label(line) {
            return Some(Line::stamped(when.local(&mut self.clock, b"")?, &line[len..]));
        }
        if line.get(10) == Some(&b' ') {
            // With blanks for the T and the zone it is a stamp only if a program is named behind it.
            let (when, len) = civil::date_time(line)?;
            let rest = line[len..].strip_prefix(b" ")?;
            let header = header::header(rest, Hosts::WithTag);
            let time = if header.has_tag() { when.local(&mut self.clock, header.host()) } else { None };
            return Some(header.line(Some(time?), rest));
        }
        let (time, len) = syslog::rfc3339(line)?;
        let rest = &line[len..];
        if let Some((_, len)) = rspamd::label(rest) {
            return Some(Line::stamped(time, &rest[len..]));
        }
        Some(header::header(rest, Hosts::WithTag).line(Some(time), rest))
    }

    fn rfc3164<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (stamp, len) = syslog::rfc3164(line)?;
        let rest = &line[len..];
        let header = header::header(rest, Hosts::Any);
        let time = self.years.instant(stamp, &mut self.clock, header.host())?;
        Some(header.line(Some(time), rest))
    }

    fn ctime<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (when, len) = ctime::stamp(line)?;
        let rest = &line[len..];
        Some(header::header(rest, Hosts::None).line(Some(when.local(&mut self.clock, b"")?), rest))
    }
}

/// What follows a logger's own label: text, before which a second stamp may stand (the `T` of s6-log `t T`, or that of a
/// program that stamps its lines itself, as spamd and dovecot do). The label has said the time, the second stamp is
/// dropped.
#[inline]
pub(super) fn after_label(time: Stamp, rest: &[u8]) -> Line<'_> {
    if rest.first().is_some_and(u8::is_ascii_digit) {
        if let Some((_, len)) = civil::local_label(rest).or_else(|| rspamd::label(rest)) {
            return Line::stamped(time, &rest[len..]);
        }
        if let Some(fraction) = unix::fraction(rest) {
            let text = &rest[fraction.len..];
            return Line { continuation: fraction.continuation, ..Line::stamped(time, text) };
        }
        if let Some((_, len)) = syslog::rfc3339(rest) {
            return Line::stamped(time, &rest[len..]);
        }
    } else if rest.first().is_some_and(u8::is_ascii_uppercase) {
        let len =
            syslog::rfc3164(rest).map(|(_, len)| len).or_else(|| ctime::stamp(rest).map(|(_, len)| len));
        return Line::stamped(time, &rest[len.unwrap_or(0)..]);
    }
    Line::stamped(time, rest)
}

/// The instant of the second stamp of a line that has s6-log's both (`t T`), the TAI64N label first. In an hour that
/// comes twice it is the first one.
pub fn second_stamp(line: &[u8], parser: &mut Parser) -> Option<Stamp> {
    let (stamp, _) = civil::local_label(line.get(tai64n::LABEL..)?)?;
    stamp.first(&mut parser.clock)
}

/// The length of the label that a logger wrote at the beginning of `line`, with the blank or blanks after it:
/// TAI64N, svlogd's `-tt` and `-ttt`, s6-log's `T` and `t T` (both together), tai64nlocal's form.
///
/// `None`: `line` begins with no such label. Stamps of syslog and of programs are none.
pub fn label_len(line: &[u8]) -> Option<usize> {
    match line.first()? {
        b'@' => {
            // An offset moves the ends of what is a stamp by seconds; nothing is stamped there.
            tai64n(line, 10)?;
            let second = civil::local_label(&line[tai64n::LABEL..]).map_or(0, |(_, len)| len);
            Some(tai64n::LABEL + second)
        }
        b'0'..=b'9' => civil::label(line).map(|(_, len)| len),
        _ => None,
    }
}

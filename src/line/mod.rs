//! Stamps: what stands before the text of a log line, and what instant it means.
//!
//! A [`Parser`] takes one line and says when it was written, by which program on which host, and where its text
//! begins. The families of stamps, one file each:
//!
//! | file | stamps |
//! |---|---|
//! | `tai64n` | TAI64N labels: multilog(8), svlogd(8) `-t`, s6-log `t` |
//! | `civil` | date and time without a header: svlogd `-tt`/`-ttt`, s6-log `T`, tai64nlocal(8); local time |
//! | `unix` | seconds with a fraction: splogger(8), tai64nfrac, accustamp |
//! | `syslog` | RFC 3164, 3339, 5424, `<PRI>`, FreeBSD's `-v`: stamp, host, tag |
//! | `bracket` | roundcube's own files: `[28-Sep-2026 22:40:23 +0000]: ` |
//! | `ctime` | `Sat Nov 28 17:36:25 2026 `: OpenWrt's logread, spamd's own file |
//!
//! Before all of them a container's runtime may have put something of its own: `container`, and `parts`, which joins a
//! line that it took in piece by piece.
//!
//! Where clocks are set back, a local time without an offset has two instants: `passes` says which one is meant.
//!
//! To add one: write a function from a line to a stamp and a length, and call it in [`Parser::parse`] under the
//! first byte it begins with. This module knows no files, no clock but the zone of this machine, and no protocols.

mod bracket;
mod civil;
mod container;
mod ctime;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod parts;
mod passes;
mod syslog;
mod tai64n;
mod unix;

use chrono::{Local, TimeZone};

pub use civil::untai;
pub use parts::{Parts, part_of};
pub use tai64n::tai64n;

/// A line is classified by its first bytes; how long it goes on does not matter, so that a line of a gigabyte costs no
/// memory.
pub const LINE_LIMIT: usize = 4096;

/// An instant in unix time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stamp {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    pub secs: i64,
    /// Nanoseconds after that second, at most 999,999,999.
    pub nanos: u32,
}

/// 2263-01-01T00:00:00Z: the first second that is too late for a stamp.
const END: i64 = 9_246_182_400;

impl Stamp {
    /// The instant `secs` s + `nanos` ns after 1970, if a log line can bear it: from 1970 to the end of 2262, with
    /// less than a second of nanoseconds.
    #[inline]
    pub fn new(secs: i64, nanos: u32) -> Option<Stamp> {
        ((0..END).contains(&secs) && nanos < 1_000_000_000).then_some(Stamp { secs, nanos })
    }
}

/// A log line taken apart. All slices are parts of the line that was parsed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// When it was written; `None`: it has no stamp.
    pub time: Option<Stamp>,
    /// The program that syslog names, without `[PID]`.
    pub tag: Option<&'a [u8]>,
    /// The host that syslog names.
    pub host: Option<&'a [u8]>,
    /// What follows stamp, syslog header and splogger's fraction.
    pub text: &'a [u8],
    /// All that follows the stamp. Where no syslogd put a header there, a text such as `status: local 1/10` looks as if
    /// it had one; a protocol that finds nothing in `text` may look here.
    pub after_stamp: &'a [u8],
    /// splogger's `SEC.USEC+text`: the rest of the line before, counts nothing.
    pub continuation: bool,
}

impl<'a> Line<'a> {
    /// A line of one stamp and text: no syslog header.
    #[inline]
    fn stamped(time: Stamp, text: &'a [u8]) -> Line<'a> {
        Line::stamped_or_not(Some(time), text)
    }

    /// A line without a syslog header.
    #[inline]
    fn stamped_or_not(time: Option<Stamp>, text: &'a [u8]) -> Line<'a> {
        Line { time, tag: None, host: None, text, after_stamp: text, continuation: false }
    }

    /// A line that comes in parts, as journald has it. `time` is when it was logged; a fraction of splogger(8) before
    /// the text is truer. One `\r` at the text's end is not part of it.
    pub fn of_parts(time: Stamp, host: Option<&'a [u8]>, tag: Option<&'a [u8]>, text: &'a [u8]) -> Line<'a> {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        syslog::Header::of(host, tag, text).line(Some(time), text)
    }

    /// A line without a stamp: all of it is text.
    fn bare(text: &'a [u8]) -> Line<'a> {
        Line::stamped_or_not(None, text)
    }
}

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
    fn in_zone(zone: Tz, tai_offset: i64, written: i64) -> Self {
        let clock = civil::Clock::new(zone, written);
        let years = syslog::Years::new(written, &clock);
        Parser { tai_offset, clock, years, is_own: false }
    }

    /// For a log that holds one protocol's lines and no others: docker compose's names may stand before them.
    #[must_use]
    pub fn of_own_log(self, is_own: bool) -> Self {
        Parser { is_own, ..self }
    }

    /// The lines that come stand in the file that follows, which was last written at `written`.
    pub fn turn_to(&mut self, written: i64) {
        self.years = syslog::Years::new(written, &self.clock);
        self.clock.passes.turn_to(written);
    }

    /// The lines that come are new since a look at `since` (unix seconds; 0: not known), and the newest line before them
    /// is of `last` (unix seconds; 0: there is none).
    pub fn resume(&mut self, last: i64, since: i64) {
        self.clock.passes.resume(last, since);
    }

    /// Takes `line` apart. It is without its newline; one `\r` at its end is not part of the text.
    ///
    /// Never fails: what begins with none of these stamps is text as a whole. A line of a container's log is read by
    /// itself, even if it is a part of one, and its text keeps JSON's escapes: see [`Parts`].
    #[inline]
    pub fn parse<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
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
    fn unwrapped<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.plain(line).unwrap_or_else(|| self.without_stamp(line))
    }

    /// What a program in a container wrote. Its own stamp is truer than `time`, when the runtime took it in.
    fn inside<'a>(&mut self, text: &'a [u8], time: Option<Stamp>) -> Line<'a> {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let line = self.plain(text).unwrap_or_else(|| Line::bare(text));
        Line { time: line.time.or(time), ..line }
    }

    #[cold]
    fn without_stamp<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let inner = if self.is_own { container::compose(line) } else { None };
        inner.map_or_else(|| Line::bare(line), |inner| self.inside(inner, None))
    }

    /// Every stamp. `None`: the line has none.
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
            return Some(syslog::rfc5424_header(header).line(time, header));
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
        if line.get(10) == Some(&b' ') {
            // With blanks for the T and the zone it is a stamp only if a program is named behind it.
            let (when, len) = civil::date_time(line)?;
            let rest = line[len..].strip_prefix(b" ")?;
            let header = syslog::header(rest, syslog::Hosts::WithTag);
            let time = if header.has_tag() { when.local(&mut self.clock, header.host()) } else { None };
            return Some(header.line(Some(time?), rest));
        }
        let (time, len) = syslog::rfc3339(line)?;
        let rest = &line[len..];
        Some(syslog::header(rest, syslog::Hosts::WithTag).line(Some(time), rest))
    }

    fn rfc3164<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (stamp, len) = syslog::rfc3164(line)?;
        let rest = &line[len..];
        let header = syslog::header(rest, syslog::Hosts::Any);
        let time = self.years.instant(stamp, &mut self.clock, header.host())?;
        Some(header.line(Some(time), rest))
    }

    fn ctime<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (when, len) = ctime::stamp(line)?;
        let rest = &line[len..];
        Some(syslog::header(rest, syslog::Hosts::None).line(Some(when.local(&mut self.clock, b"")?), rest))
    }
}

/// What follows a logger's own label: text, before which a second stamp may stand (the `T` of s6-log `t T`, or that of a
/// program that stamps its lines itself, as spamd and dovecot do). The label has said the time, the second stamp is
/// dropped.
#[inline]
fn after_label(time: Stamp, rest: &[u8]) -> Line<'_> {
    if rest.first().is_some_and(u8::is_ascii_digit) {
        if let Some((_, len)) = civil::local_label(rest) {
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

#[cfg(test)]
mod tests;

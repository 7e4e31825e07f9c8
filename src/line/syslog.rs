//! syslog: the stamp, before host, tag (`header`) and a program's text.
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
use super::stamp::{END, Stamp};

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
        let latest = mtime.clamp(0, END - 1) + 86_400;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_a_number_up_to_191() {
        assert_eq!(priority(b"<0>x"), Some(3));
        assert_eq!(priority(b"<191>x"), Some(5));
        for line in [&b"<>x"[..], b"<192>x", b"<1000>x", b"<2.6> x", b"<a1b2c3d4> x", b"<22", b"22>", b""] {
            assert_eq!(priority(line), None, "{}", line.escape_ascii());
        }
    }
}

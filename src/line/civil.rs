//! Dates and times of day: labels of that form, and their way to unix time and back.
//!
//! | label | zone | who |
//! |---|---|---|
//! | `2026-09-28_22:45:13.90025 `, `2026-09-28T22:45:13.90025 ` | UTC | svlogd(8) `-tt`, `-ttt` |
//! | `2026-09-28 22:45:13.900254022  ` (two blanks) | local | s6-log `T` |
//! | `2026-09-28 22:45:13.900254022 ` | local | tai64nlocal(8) |
//!
//! **Local time** is not one-to-one. Where clocks are set back, an hour has two instants: `passes` says which one is
//! meant. Where they are set forward, an hour has none: what stands there is read by the clock of before, as mktime(3)
//! does, so 02:30 becomes 03:30.

use std::cell::Cell;

use chrono::{DateTime, Local, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};

use super::passes::Passes;
use super::stamp::Stamp;

/// A time of day as written: hour, minute, second (60 in a leap second), nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TimeOfDay {
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub nanos: u32,
}

/// A date and time of day as written: an instant once a zone is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Civil {
    /// Up to the minute: zones are counted in minutes, and 23:59:60 needs no day of its own.
    minute: NaiveDateTime,
    second: u32,
    nanos: u32,
}

impl Civil {
    /// `None`: there is no such date. 1969 and 2263 are let in, as in some zone they still are 1970 or 2262.
    pub(super) fn new(year: i32, month: u32, day: u32, time: TimeOfDay) -> Option<Civil> {
        if !(1969..=2263).contains(&year) {
            return None;
        }
        let minute = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(time.hour, time.minute, 0)?;
        Some(Civil { minute, second: time.second, nanos: time.nanos })
    }

    /// The instant of this time in a zone that is `offset` seconds ahead of UTC.
    pub(super) fn at_offset(self, offset: i64) -> Option<Stamp> {
        Stamp::new(self.minute.and_utc().timestamp() - offset + i64::from(self.second), self.nanos)
    }

    /// The instant of this time in the zone of `clock`, for a line of `host`.
    pub(super) fn local<Tz: TimeZone>(self, clock: &mut Clock<Tz>, host: &[u8]) -> Option<Stamp> {
        let minute = clock.minute(self.minute);
        let secs = if minute.is_near {
            let (earlier, later) = (minute.secs, minute.later.unwrap_or(minute.secs));
            let second = i64::from(self.second);
            clock.passes.near(earlier + second, later + second, host)
        } else {
            let secs = minute.secs + i64::from(self.second);
            clock.passes.plain(secs);
            secs
        };
        Stamp::new(secs, self.nanos)
    }

    /// As [`Civil::local`], the first of two instants, and without a thought of the lines before and after.
    pub(super) fn first<Tz: TimeZone>(self, clock: &mut Clock<Tz>) -> Option<Stamp> {
        Stamp::new(clock.minute(self.minute).secs + i64::from(self.second), self.nanos)
    }
}

/// A local minute in unix time.
#[derive(Clone, Copy, Debug)]
struct Minute {
    /// Its beginning; the first one, if it comes twice.
    secs: i64,
    /// The second one.
    later: Option<i64>,
    /// Is it within hours of a time that comes twice? Then the order of lines is noted.
    is_near: bool,
}

/// Local time of a zone → unix time. Asking the zone costs much more than the rest of a line, so the last answer is
/// kept: lines come in runs of the same minute.
#[derive(Debug)]
pub(super) struct Clock<Tz> {
    zone: Tz,
    last: Option<(NaiveDateTime, Minute)>,
    /// A span of [`SPAN`] by its number, and whether it is near a time that comes twice.
    span: (i64, bool),
    pub(super) passes: Passes,
}

/// The zone is asked once for each span of this length (seconds) whether a time that comes twice is near.
const SPAN: i64 = 1800;

/// How many seconds before and after the moment at which the clock is set back count as near it.
const NEAR: i64 = 3 * 3600;

impl<Tz: TimeZone> Clock<Tz> {
    /// `written`: when the file was last written that holds the lines, unix seconds.
    pub(super) fn new(zone: Tz, written: i64) -> Self {
        Clock { zone, last: None, span: (i64::MIN, false), passes: Passes::new(written) }
    }

    /// Local date and time of `secs` (unix).
    pub(super) fn local(&self, secs: i64) -> NaiveDateTime {
        local(&self.zone, secs).unwrap_or_default()
    }

    /// The begin of the local minute that was asked for last, unix seconds. `None`: it is near a time that comes twice.
    pub(super) fn plain_minute(&self) -> Option<i64> {
        self.last.filter(|(_, minute)| !minute.is_near).map(|(_, minute)| minute.secs)
    }

    /// A local minute in unix time.
    fn minute(&mut self, minute: NaiveDateTime) -> Minute {
        match self.last {
            Some((last, known)) if last == minute => known,
            _ => {
                let (secs, later) = resolve(&self.zone, minute);
                let known = Minute { secs, later, is_near: later.is_some() || self.is_near(secs) };
                self.last = Some((minute, known));
                known
            }
        }
    }

    /// Is the clock set back within hours of `secs`?
    fn is_near(&mut self, secs: i64) -> bool {
        let number = secs.div_euclid(SPAN);
        if self.span.0 != number {
            let ahead = |at| ahead(&self.zone, at);
            let (begin, end) = (number * SPAN, (number + 1) * SPAN);
            self.span = (number, ahead(begin - NEAR) > ahead(end + NEAR));
        }
        self.span.1
    }
}

/// Unix seconds of a local time, and the later ones if it comes twice; see the head of this file for gaps and folds.
fn resolve<Tz: TimeZone>(zone: &Tz, local: NaiveDateTime) -> (i64, Option<i64>) {
    let (first, second) = match zone.offset_from_local_datetime(&local) {
        MappedLocalTime::Single(offset) => return (unix(local, &offset), None),
        MappedLocalTime::Ambiguous(a, b) => (unix(local, &a), unix(local, &b)),
        MappedLocalTime::None => return (in_gap(zone, local), None),
    };
    // chrono calls the end of a fold ambiguous although the earlier clock never showed it: look from the other side.
    let shown = |secs: i64| self::local(zone, secs) == Some(local);
    let (earlier, later) = (first.min(second), first.max(second));
    match (shown(earlier), shown(later)) {
        (true, true) if earlier < later => (earlier, Some(later)),
        (false, true) => (later, None),
        _ => (earlier, None),
    }
}

/// Unix seconds of a local time that was skipped, read by the clock from before the change. A gap is an hour or less,
/// except on islands that moved across the date line.
fn in_gap<Tz: TimeZone>(zone: &Tz, local: NaiveDateTime) -> i64 {
    let before = |hours| {
        let earlier = local.checked_sub_signed(TimeDelta::hours(hours))?;
        zone.offset_from_local_datetime(&earlier).latest()
    };
    match [1, 2, 3, 25].into_iter().find_map(before) {
        Some(offset) => unix(local, &offset),
        None => local.and_utc().timestamp(),
    }
}

fn unix(local: NaiveDateTime, offset: &impl Offset) -> i64 {
    local.and_utc().timestamp() - i64::from(offset.fix().local_minus_utc())
}

/// The local time of unix `secs`; `None`: it is beyond the range of the calendar.
fn local<Tz: TimeZone>(zone: &Tz, secs: i64) -> Option<NaiveDateTime> {
    let utc = DateTime::from_timestamp(secs, 0)?.naive_utc();
    utc.checked_add_offset(zone.offset_from_utc_datetime(&utc).fix())
}

/// A label of this file's first table, and whether it is in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label {
    when: Civil,
    utc: bool,
}

impl Label {
    pub(super) fn instant<Tz: TimeZone>(self, clock: &mut Clock<Tz>) -> Option<Stamp> {
        if self.utc { self.when.at_offset(0) } else { self.when.local(clock, b"") }
    }
}

/// The label that `line` begins with, and its length with its blanks.
pub(super) fn label(line: &[u8]) -> Option<(Label, usize)> {
    match line.get(10)? {
        b' ' => local_label(line).map(|(when, len)| (Label { when, utc: false }, len)),
        b'_' | b'T' => {
            let (when, len) = date_time(line)?;
            // Five digits and a blank: "….90025Z " is RFC 3339.
            (len == 25 && line.get(len) == Some(&b' ')).then_some((Label { when, utc: true }, len + 1))
        }
        _ => None,
    }
}

/// As [`label`], only the local form: nine digits, one blank or two.
pub(super) fn local_label(line: &[u8]) -> Option<(Civil, usize)> {
    if line.get(10) != Some(&b' ') {
        return None;
    }
    let (when, len) = date_time(line)?;
    if len != 29 || line.get(len) != Some(&b' ') {
        return None;
    }
    let second = line.get(len + 1) == Some(&b' ');
    Some((when, len + 1 + usize::from(second)))
}

/// `2026-09-28T22:45:13.900254` with any byte in place of the `T`: the time and its length.
pub(super) fn date_time(line: &[u8]) -> Option<(Civil, usize)> {
    if line.get(4) != Some(&b'-') || line.get(7) != Some(&b'-') {
        return None;
    }
    let year = two(line)? * 100 + two(&line[2..])?;
    let (time, len) = time_of_day(line.get(11..)?)?;
    let when = Civil::new(year as i32, two(&line[5..])?, two(&line[8..])?, time)?;
    Some((when, 11 + len))
}

/// `22:45:13`, perhaps with a fraction: the time and its length.
pub(super) fn time_of_day(line: &[u8]) -> Option<(TimeOfDay, usize)> {
    if line.get(2) != Some(&b':') || line.get(5) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (two(line)?, two(&line[3..])?, two(&line[6..])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (nanos, len) = match line.get(8) {
        Some(b'.') => fraction(&line[8..])?,
        _ => (0, 0),
    };
    Some((TimeOfDay { hour, minute, second, nanos }, 8 + len))
}

/// `.` and one to nine digits: nanoseconds and length.
pub(super) fn fraction(line: &[u8]) -> Option<(u32, usize)> {
    let digits = line.strip_prefix(b".")?;
    let count = digits.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let value = digits[..count].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    Some((value * 10_u32.pow(9 - count as u32), 1 + count))
}

/// `Z`, `+02:00` or `+0200`: seconds ahead of UTC, and the length.
pub(super) fn zone(line: &[u8]) -> Option<(i64, usize)> {
    let sign = match line.first()? {
        b'Z' | b'z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = two(&line[1..])?;
    let colon = usize::from(line.get(3) == Some(&b':'));
    let minutes = two(line.get(3 + colon..)?)?;
    (hours <= 23 && minutes <= 59).then_some((sign * i64::from(hours * 60 + minutes) * 60, 5 + colon))
}

/// The month that three letters name.
pub(super) fn month(name: &[u8]) -> Option<u32> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// The two digits that `line` begins with.
pub(super) fn two(line: &[u8]) -> Option<u32> {
    let [tens, ones] = *line.first_chunk::<2>()?;
    let both = tens.is_ascii_digit() && ones.is_ascii_digit();
    both.then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// Appends `stamp` to `out` as tai64nlocal(8) writes it, in local time and without a blank at the end:
/// `2020-06-25 08:00:09.681525500`.
pub fn untai(stamp: Stamp, out: &mut Vec<u8>) {
    thread_local! {
        /// A minute (unix) and by how many seconds local time is ahead in it.
        static LAST: Cell<Option<(i64, i64)>> = const { Cell::new(None) };
    }
    let minute = stamp.secs.div_euclid(60);
    let ahead = match LAST.get() {
        Some((last, ahead)) if last == minute => ahead,
        _ => {
            let ahead = ahead(&Local, stamp.secs);
            LAST.set(Some((minute, ahead)));
            ahead
        }
    };
    write_local(stamp, ahead, out);
}

/// By how many seconds local time is ahead of UTC at unix `secs`; 0 beyond the range of stamps.
fn ahead<Tz: TimeZone>(zone: &Tz, secs: i64) -> i64 {
    let stamp = Stamp::new(secs, 0);
    stamp.and_then(|stamp| local(zone, stamp.secs)).map_or(0, |local| local.and_utc().timestamp() - secs)
}

fn write_local(stamp: Stamp, ahead: i64, out: &mut Vec<u8>) {
    use chrono::{Datelike, Timelike};

    let Some(local) = stamp.secs.checked_add(ahead).and_then(|secs| DateTime::<Utc>::from_timestamp(secs, 0))
    else {
        // No calendar goes there; Stamp::new lets no such stamp in.
        out.extend_from_slice(format!("{}.{:09}", stamp.secs, stamp.nanos).as_bytes());
        return;
    };
    let digits = |value: u32, count: u32, out: &mut Vec<u8>| {
        out.extend((0..count).rev().map(|place| b'0' + (value / 10_u32.pow(place) % 10) as u8));
    };
    digits(local.year().unsigned_abs(), 4, out);
    for (before, value) in [
        (b'-', local.month()),
        (b'-', local.day()),
        (b' ', local.hour()),
        (b':', local.minute()),
        (b':', local.second()),
    ] {
        out.push(before);
        digits(value, 2, out);
    }
    out.push(b'.');
    digits(stamp.nanos, 9, out);
}

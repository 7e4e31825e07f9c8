//! Days and hours by the local clock, as people compare them: the same weekday, the same time of the day.
//!
//! Weeks are taken from the calendar and not from seconds, so that 17:27 stays 17:27 when the clocks were changed between.
use chrono::{Days, Local, NaiveDate, NaiveTime, TimeZone};

use crate::chart::when::unix;

/// Seconds of half an hour.
pub const HALF_HOUR: i64 = 1_800;
/// Half-hours of a day of 24 hours.
pub const HALF_HOURS: usize = 48;

/// So many earlier weeks a weekday is compared with.
pub const WEEKS: u64 = 4;

/// Before this hour of the local day its numbers are those of a few hours of the night, and what was before is told first.
pub const MORNING: i64 = 6;

/// When the local day began in which `time` lies, Unix seconds.
pub fn midnight(time: i64) -> i64 {
    naive_date(time).map_or(time.div_euclid(86_400) * 86_400, |date| unix(date.and_time(NaiveTime::MIN)))
}

/// What the local clock showed at `time`, so many days earlier. Of a time that the clock showed twice on that day it is the
/// first.
pub fn days_before(time: i64, days: u64) -> i64 {
    let local = Local.timestamp_opt(time, 0).single().map(|local| local.naive_local());
    let earlier = local.and_then(|local| local.checked_sub_days(Days::new(days)));
    match earlier {
        Some(earlier) if days > 0 => unix(earlier),
        _ => time - i64::try_from(days).unwrap_or_default() * 86_400,
    }
}

/// The half-hours of the last 24 hours, `(begin, end)`, oldest first, as the local clock divides them. In the last one lies
/// the moment before `now`.
pub fn half_hours(now: i64) -> Vec<(i64, i64)> {
    let offset = Local.timestamp_opt(now, 0).single().map_or(0, |local| local.offset().local_minus_utc());
    let shown = now - 1 + i64::from(offset);
    let last = shown.div_euclid(HALF_HOUR) * HALF_HOUR - i64::from(offset);
    let count = i64::try_from(HALF_HOURS).unwrap_or_default();
    (0..count).map(|n| last - (count - 1 - n) * HALF_HOUR).map(|begin| (begin, begin + HALF_HOUR)).collect()
}

/// The same stretch by the local clock, so many days earlier, as long as it is now.
pub fn stretch_before((from, to): (i64, i64), days: u64) -> (i64, i64) {
    let begin = days_before(from, days);
    (begin, begin + (to - from))
}

/// The local day until `now`, so many days earlier until the same time of the clock: `(from, to)`.
pub fn day_until(now: i64, days: u64) -> (i64, i64) {
    let to = days_before(now, days);
    (midnight(to), to)
}

/// The name of the local weekday of `time`: `Saturday`.
pub fn weekday(time: i64) -> String {
    format_of(time, "%A")
}

/// The same in short: `Sat`.
pub fn short_weekday(time: i64) -> String {
    format_of(time, "%a")
}

/// The time of the local clock: `17:27`.
pub fn clock(time: i64) -> String {
    format_of(time, "%H:%M")
}

/// From when to when, as it is told at `now`: `12:30–14:00`; where it began on an earlier day, that is told, and the one on which it
/// ended, if that is another: `Fri 21:00–22:00`, `Fri 22:00–Sat 02:00`.
pub fn span(from: i64, to: i64, now: i64) -> String {
    let (begin, end) = (clock(from), clock(to));
    let ends_at = midnight(to - 1);
    if midnight(from) == midnight(now - 1) {
        format!("{begin}–{end}")
    } else if midnight(from) == ends_at {
        format!("{} {begin}–{end}", short_weekday(from))
    } else {
        format!("{} {begin}–{} {end}", short_weekday(from), short_weekday(to - 1))
    }
}

/// The local day of `time`: `Sat 5 Dec`.
pub fn day(time: i64) -> String {
    format_of(time, "%a %-d %b")
}

/// The local date without the year: `5 Dec`.
pub fn date(time: i64) -> String {
    format_of(time, "%-d %b")
}

/// The local year.
pub fn year(time: i64) -> String {
    format_of(time, "%Y")
}

/// Hours of the local day that have passed.
pub fn hour(time: i64) -> i64 {
    (time - midnight(time)).div_euclid(3_600)
}

/// As an attribute `datetime` has it.
pub fn machine(time: i64) -> String {
    format_of(time, "%Y-%m-%dT%H:%M:%S%:z")
}

fn format_of(time: i64, format: &str) -> String {
    let local = Local.timestamp_opt(time, 0).single();
    local.map_or_else(|| format!("@{time}"), |local| local.format(format).to_string())
}

fn naive_date(time: i64) -> Option<NaiveDate> {
    Local.timestamp_opt(time, 0).single().map(|local| local.date_naive())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// The name of the variable by which a test knows that it runs in a zone of its own.
    const ZONE: &str = "MAILLOGS_TEST_IN_ZONE";

    /// What the test `name` of this module does where it is in `zone`: a process has one zone.
    fn in_zone(zone: &str, name: &str, check: impl Fn()) {
        if std::env::var(ZONE).is_ok_and(|there| there == name) {
            return check();
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("page::local::tests::{name}"), "--nocapture"])
            .env("TZ", zone)
            .env(ZONE, name)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }

    /// `date -d TEXT +%s` of the zone of this process.
    fn date(text: &str) -> i64 {
        let output = Command::new("date").args(["-d", text, "+%s"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
    }

    #[test]
    fn a_stretch_of_an_earlier_day_says_which() {
        in_zone("Asia/Kolkata", "a_stretch_of_an_earlier_day_says_which", || {
            let at = |text: &str| date(&format!("2026-10-{text}"));
            let now = at("31 10:07");
            assert_eq!(span(at("31 08:00"), at("31 09:30"), now), "08:00–09:30");
            assert_eq!(span(at("30 21:00"), at("30 22:00"), now), "Fri 21:00–22:00");
            assert_eq!(span(at("30 22:30"), at("31 00:00"), now), "Fri 22:30–00:00");
            assert_eq!(span(at("30 10:30"), at("31 10:30"), now), "Fri 10:30–Sat 10:30");
            assert_eq!(span(at("30 23:30"), at("31 00:00"), at("31 00:00")), "23:30–00:00");
        });
    }

    #[test]
    fn weeks_are_those_of_the_calendar_in_munich() {
        in_zone("Europe/Berlin", "weeks_are_those_of_the_calendar_in_munich", || {
            // Sunday 25 October 2026 has 25 hours, Sunday 29 March 2026 has 23.
            let now = date("2026-10-31 17:27:36");
            assert_eq!(date("2026-10-24 17:27:36") + 7 * 86_400 + 3_600, now);
            assert_eq!(day_until(now, 7), (date("2026-10-24 00:00"), date("2026-10-24 17:27:36")));
            assert_eq!(day_until(now, 0), (date("2026-10-31 00:00"), now));
            let changed = date("2026-10-25 17:27");
            assert_eq!(changed - midnight(changed), (17 + 1) * 3_600 + 27 * 60);
            // 02:30 was twice on that day, and not at all on the other one.
            assert_eq!(days_before(date("2026-11-01 02:30"), 7), date("2026-10-25 02:30 CEST"));
            assert_eq!(days_before(date("2026-04-05 02:30"), 7), date("2026-03-29 03:30"));
            let slots = half_hours(date("2026-10-25 02:10 CET"));
            assert_eq!(slots.len(), 48);
            assert_eq!(*slots.last().unwrap(), (date("2026-10-25 02:00 CET"), date("2026-10-25 02:30 CET")));
            assert_eq!(slots[0].0, date("2026-10-24 03:30"));
            assert_eq!(slots[45].0, date("2026-10-25 02:30 CEST") - 1_800);
            assert_eq!(stretch_before(slots[47], 7).0, date("2026-10-18 02:00"));
        });
    }

    #[test]
    fn half_hours_are_those_of_the_local_clock_in_kathmandu() {
        in_zone("Asia/Kathmandu", "half_hours_are_those_of_the_local_clock_in_kathmandu", || {
            let now = date("2026-11-28 17:27");
            let last = *half_hours(now).last().unwrap();
            assert_eq!((clock(last.0).as_str(), clock(last.1).as_str()), ("17:00", "17:30"));
            assert!(last.0.rem_euclid(1_800) == 900, "the zone is three quarters of an hour off");
            // On the boundary it is the one that is over.
            assert_eq!(half_hours(date("2026-11-28 17:30")).last().unwrap().1, date("2026-11-28 17:30"));
        });
    }

    #[test]
    fn times_for_people() {
        in_zone("UTC", "times_for_people", || {
            let time = 1_795_886_856; // 2026-11-28 17:27:36 UTC
            assert_eq!((weekday(time).as_str(), clock(time).as_str()), ("Saturday", "17:27"));
            assert_eq!(day(time), "Sat 28 Nov");
            assert_eq!(machine(time), "2026-11-28T17:27:36+00:00");
        });
    }
}

//! The clock of this place over the time of some pictures: by how much it is ahead of UTC, and when that changes.
//!
//! chrono is asked once for all pictures. Labels are then computed with numbers alone, and the script of the page is told
//! the same numbers, so that both name a time alike.

use chrono::{DateTime, Local, NaiveDateTime, TimeZone};

const DAY: i64 = 86_400;

/// Distances from UTC, each from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Seconds east of Greenwich before the first change.
    first: i64,
    /// When the clocks change, Unix seconds, and how far east they are from then on; the earliest first.
    changes: Vec<(i64, i64)>,
}

impl Clock {
    /// The local one between two times, Unix seconds.
    pub(crate) fn local(from: i64, to: i64) -> Self {
        Self::of(from, to, |time| {
            Local.timestamp_opt(time, 0).single().map_or(0, |local| local.offset().local_minus_utc().into())
        })
    }

    /// One that is `east` seconds ahead of UTC at a time. A change that is taken back within a day is not found: there is none
    /// in any zone.
    pub(crate) fn of(from: i64, to: i64, east: impl Fn(i64) -> i64) -> Self {
        let first = east(from);
        let mut changes = Vec::new();
        let (mut time, mut before) = (from, first);
        while time < to {
            let next = time + DAY;
            let after = east(next);
            if after != before {
                let (mut low, mut high) = (time, next);
                while high - low > 1 {
                    let middle = i64::midpoint(low, high);
                    if east(middle) == before { low = middle } else { high = middle }
                }
                changes.push((high, after));
            }
            (time, before) = (next, after);
        }
        Self { first, changes }
    }

    /// How far ahead of UTC it is at `time`, in seconds.
    pub(crate) fn east(&self, time: i64) -> i64 {
        self.changes.iter().rev().find(|(at, _)| *at <= time).map_or(self.first, |(_, east)| *east)
    }

    /// What it shows at `time`, in seconds since it showed the beginning of 1970.
    pub(crate) fn shown(&self, time: i64) -> i64 {
        time + self.east(time)
    }

    /// What it shows at `time`, by the format of chrono.
    pub(crate) fn format(&self, time: i64, format: &str) -> String {
        self.date(time).format(format).to_string()
    }

    /// What it shows at `time`.
    pub(crate) fn date(&self, time: i64) -> NaiveDateTime {
        DateTime::from_timestamp(self.shown(time), 0).unwrap_or_default().naive_utc()
    }

    /// For the page's script, of the time between two times: how far east it is at the first, then each change and how far east
    /// it is from then on, all in Unix seconds and with a space between.
    pub(crate) fn offsets(&self, from: i64, to: i64) -> String {
        let within = self.changes.iter().filter(|(at, _)| (from + 1..to).contains(at));
        within.fold(self.east(from).to_string(), |text, (at, east)| format!("{text} {at} {east}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-29 01:00 UTC, when the clocks of Berlin are put forward.
    const SPRING: i64 = 1_774_746_000;

    fn berlin(time: i64) -> i64 {
        if (SPRING..SPRING + 210 * DAY).contains(&time) { 7_200 } else { 3_600 }
    }

    #[test]
    fn changes_are_found_to_the_second_and_told_where_they_matter() {
        let clock = Clock::of(SPRING - 300 * DAY, SPRING + 300 * DAY, berlin);
        for time in [SPRING - 1, SPRING, SPRING + 210 * DAY - 1, SPRING + 210 * DAY, SPRING - 300 * DAY] {
            assert_eq!(clock.east(time), berlin(time), "{time}");
        }
        assert_eq!(clock.offsets(SPRING - DAY, SPRING + DAY), format!("3600 {SPRING} 7200"));
        assert_eq!(clock.offsets(SPRING, SPRING + DAY), "7200");
        assert_eq!(clock.offsets(SPRING - DAY, SPRING), "3600");
        assert_eq!(clock.format(SPRING - 1, "%a %-d %b %H:%M:%S"), "Sun 29 Mar 01:59:59");
        assert_eq!(clock.format(SPRING, "%H:%M:%S"), "03:00:00");
    }

    #[test]
    fn the_local_clock_is_what_date_shows() {
        let from = 1_795_434_360;
        let clock = Clock::local(from - 400 * DAY, from);
        for time in (0..400).map(|day| from - day * DAY) {
            let date =
                std::process::Command::new("date").args(["-d", &format!("@{time}"), "+%F %T"]).output();
            let date = String::from_utf8(date.unwrap().stdout).unwrap();
            assert_eq!(clock.format(time, "%F %T"), date.trim(), "{time}");
        }
    }
}

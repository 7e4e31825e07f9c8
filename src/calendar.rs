//! The local date of a time, fast for many times of the same day; and times for people.
use chrono::{Datelike, Local, NaiveDate, NaiveTime, TimeZone};

/// A time for people, in local time to the minute.
pub fn to_the_minute(secs: i64) -> String {
    let time = Local.timestamp_opt(secs, 0).earliest();
    time.map_or_else(|| secs.to_string(), |time| time.format("%Y-%m-%d %H:%M").to_string())
}

/// As [`to_the_minute`], to the second.
pub fn to_the_second(secs: i64) -> String {
    let time = Local.timestamp_opt(secs, 0).earliest();
    time.map_or_else(|| secs.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// The local day that `secs` (unix seconds) lies in, `YYYYMMDD`, and when it begins. Where midnight is skipped or comes twice, that is
/// the first second of the date.
pub fn day_of(secs: i64) -> (u32, i64) {
    let date = |secs: i64| Local.timestamp_opt(secs, 0).earliest().map(|time| time.date_naive());
    let Some(day) = date(secs) else { return (19_700_101, secs) };
    if let Some(midnight) = midnight(day) {
        return (number_of(day), midnight);
    }
    // The first second of the date is between the last one that is known to be before it, and one that is in it.
    let (mut before, mut within) = (secs - 2 * 86_400, secs);
    while within - before > 1 {
        let middle = before + (within - before) / 2;
        if date(middle) < Some(day) {
            before = middle;
        } else {
            within = middle;
        }
    }
    (number_of(day), within)
}

/// When a local date begins. `None`: midnight is skipped or comes twice, where the clocks change then.
fn midnight(date: NaiveDate) -> Option<i64> {
    Local.from_local_datetime(&date.and_time(NaiveTime::MIN)).single().map(|time| time.timestamp())
}

/// `YYYYMMDD`.
fn number_of(date: NaiveDate) -> u32 {
    date.year().unsigned_abs() * 10_000 + date.month() * 100 + date.day()
}

/// The local date of a line, remembered from one line to the next.
#[derive(Debug)]
pub struct Calendar {
    now: i64,
    from: i64,
    to: i64,
    day: u32,
}

impl Calendar {
    /// `now` in unix seconds.
    pub fn new(now: i64) -> Self {
        Calendar { now, from: i64::MAX, to: i64::MIN, day: 0 }
    }

    /// `YYYYMMDD` in local time. A line whose stamp is more than a day in the future counts as today's.
    #[inline]
    pub fn day(&mut self, secs: i64) -> u32 {
        let secs = if secs > self.now + 86_400 { self.now } else { secs };
        if secs < self.from || secs >= self.to {
            self.turn_to(secs);
        }
        self.day
    }

    /// Today.
    pub fn today(&mut self) -> u32 {
        self.day(self.now)
    }

    #[cold]
    fn turn_to(&mut self, secs: i64) {
        let Some(date) = Local.timestamp_opt(secs, 0).earliest().map(|t| t.date_naive()) else {
            (self.from, self.to, self.day) = (secs, secs + 1, 19_700_101);
            return;
        };
        // Where midnight is skipped or comes twice: one second at a time.
        let end = date.succ_opt().and_then(midnight);
        (self.from, self.to) = match (midnight(date), end) {
            (Some(from), Some(to)) if (from..to).contains(&secs) => (from, to),
            _ => (secs, secs + 1),
        };
        self.day = number_of(date);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of the variable by which a test knows that it runs in a zone of its own: a process has one zone.
    const ZONE: &str = "MAILLOGS_TEST_ZONE_OF_DAYS";

    /// `date -d TEXT +%s` of the zone of this process.
    fn date(text: &str) -> i64 {
        let output = std::process::Command::new("date").args(["-d", text, "+%s"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
    }

    /// The first second of each date in zones where the clocks change at midnight and at other times, and where the day has 23
    /// or 25 hours.
    #[test]
    fn a_day_begins_with_its_first_second() {
        let zones: [(&str, &[(&str, &str)]); 5] = [
            ("Europe/Berlin", &[("2026-10-25 23:59:59", "2026-10-25"), ("2026-03-29 12:00", "2026-03-29")]),
            // Midnight was skipped.
            (
                "America/Sao_Paulo",
                &[("2017-10-15 05:00", "2017-10-15 01:00"), ("2018-02-17 22:00", "2018-02-17")],
            ),
            // It came twice.
            ("America/Havana", &[("2026-11-01 08:00", "2026-11-01 00:00 CDT")]),
            ("Asia/Kathmandu", &[("2026-11-28 00:00", "2026-11-28")]),
            ("Pacific/Apia", &[("2011-12-31 07:00", "2011-12-31")]),
        ];
        if let Ok(zone) = std::env::var(ZONE) {
            let (_, days) = zones.iter().find(|(name, _)| *name == zone).unwrap();
            for (time, begin) in *days {
                assert_eq!(day_of(date(time)).1, date(begin), "{zone} {time}");
            }
            return;
        }
        for (zone, _) in zones {
            let name = "calendar::tests::a_day_begins_with_its_first_second";
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name, "--nocapture"])
                .env("TZ", zone)
                .env(ZONE, zone)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
        }
    }

    #[test]
    fn the_day_is_the_local_one() {
        let now = 1_790_635_513;
        let mut calendar = Calendar::new(now);
        for secs in [now, now - 86_400, now - 3600 * 30, now, now + 3600] {
            let expected: u32 =
                Local.timestamp_opt(secs, 0).unwrap().format("%Y%m%d").to_string().parse().unwrap();
            assert_eq!(calendar.day(secs), expected);
        }
        let today = calendar.today();
        assert_eq!(calendar.day(now + 10 * 86_400), today);
    }
}

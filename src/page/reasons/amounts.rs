//! What counters gained by hours of the local day, and on earlier weekdays until the same minute.
use serde::Serialize;

use crate::page::history::History;
use crate::page::local;
use crate::reading::Reading;
use crate::reading::attempts::{Series, Sum};

/// A time on the axis of hours.
#[derive(Debug, Serialize)]
pub struct Tick {
    /// `06`.
    pub label: String,
    /// Where it stands, in per cent of the day.
    pub at: f64,
}

/// The counters of one protocol and of its sections.
pub(super) struct Amounts<'a> {
    readings: Vec<&'a Reading>,
    history: &'a History<'a>,
    /// Until when is known what the day has, Unix seconds.
    until: i64,
    /// The hours of the local day: when each begins and ends.
    hours: Vec<(i64, i64)>,
    /// The last same weekdays, each until the clock showed what it shows at `until`.
    earlier: Vec<(i64, i64)>,
}

impl<'a> Amounts<'a> {
    /// Those of `of`, one of `readings`, at `now`, on the local day that begins at `begin`.
    pub(super) fn new(
        of: &Reading,
        readings: &'a [Reading],
        history: &'a History<'a>,
        begin: i64,
        now: i64,
    ) -> Self {
        let hours = hours(begin);
        let end = hours.last().map_or(now, |(_, end)| *end);
        let until = of.seen.min(now).min(end);
        let same_day = |week: u64| match local::days_before(begin, 7 * week) {
            earlier if until == end => (local::midnight(earlier), end_of_day(earlier)),
            _ => local::day_until(until, 7 * week),
        };
        let earlier = (1..=local::WEEKS).map(same_day).collect();
        Amounts {
            // A protocol and its sections have one file.
            readings: readings.iter().filter(|reading| reading.rrd == of.rrd).collect(),
            history,
            until,
            hours,
            earlier,
        }
    }

    pub(super) fn until(&self) -> i64 {
        self.until
    }

    /// Is the day over, and all of it known?
    pub(super) fn is_over(&self) -> bool {
        self.hours.last().is_some_and(|(_, end)| *end == self.until)
    }

    fn reading(&self, key: &str) -> Option<&'a Reading> {
        self.readings.iter().find(|reading| reading.counter(key).is_some()).copied()
    }

    /// Did the counter ever count anything?
    pub(super) fn has_moved(&self, key: &str) -> bool {
        let value = self.reading(key).and_then(|reading| reading.counter(key)?.value);
        value.is_some_and(|value| value.moved)
    }

    fn grew(&self, key: &'static str, from: i64, to: i64) -> Option<f64> {
        self.history.grew(self.reading(key)?.protocol, [key], from, to)
    }

    /// What `sum` gained; `None`: of a part of it, it is not known.
    fn gained(&self, sum: &Sum, from: i64, to: i64) -> Option<f64> {
        for key in &sum.unless {
            if self.grew(key, from, to)? > 0.0 {
                return None;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "it is 1 or -1")]
        let term = |(key, times): (&'static str, i128)| Some(self.grew(key, from, to)? * times as f64);
        sum.terms().map(term).sum::<Option<f64>>().map(|sum| sum.max(0.0))
    }

    /// What `sum` gained in each hour of the day, as far as the hour has begun.
    pub(super) fn by_hour(&self, sum: &Sum) -> Vec<Hours> {
        let hours = self.hours.iter().filter(|(begin, _)| *begin < self.until);
        hours
            .map(|(begin, end)| Hours {
                begin: *begin,
                end: *end,
                value: self.gained(sum, *begin, (*end).min(self.until)),
            })
            .collect()
    }

    /// How many hours the day has.
    pub(super) fn hours(&self) -> usize {
        self.hours.len()
    }

    /// The lowest and the highest share that `part` had of `all` on the last four same weekdays until the same minute, and on
    /// how many of them that is known. `None`: on none.
    pub(super) fn usual(&self, part: &Sum, all: &[&Sum]) -> Option<(f64, f64, usize)> {
        let share = |(from, to): &(i64, i64)| {
            let all = all.iter().map(|sum| self.gained(sum, *from, *to)).sum::<Option<f64>>()?;
            let part = self.gained(part, *from, *to)?;
            (all > 0.0).then(|| part / all)
        };
        let shares: Vec<f64> = self.earlier.iter().filter_map(share).collect();
        let first = *shares.first()?;
        let ends =
            shares.iter().fold((first, first), |(low, high), share| (low.min(*share), high.max(*share)));
        Some((ends.0, ends.1, shares.len()))
    }

    /// Where 00, 06, 12, 18 and 24 stand.
    pub(super) fn axis(&self) -> Vec<Tick> {
        let (Some((begin, _)), Some((_, end))) = (self.hours.first(), self.hours.last()) else {
            return Vec::new();
        };
        let whole = float(end - begin);
        let tick = |label: &str, time: i64| Tick {
            label: label.to_owned(),
            at: 100.0 * float(time - begin) / whole,
        };
        let within = ["06", "12", "18"].into_iter().filter_map(|label| {
            let hour = self.hours.iter().find(|(begin, _)| local::clock(*begin) == format!("{label}:00"));
            hour.map(|(begin, _)| tick(label, *begin))
        });
        std::iter::once(tick("00", *begin)).chain(within).chain([tick("24", *end)]).collect()
    }
}

/// An hour of the day, and what it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hours {
    pub(super) begin: i64,
    pub(super) end: i64,
    /// `None`: it is not known.
    pub(super) value: Option<f64>,
}

/// All attempts of a place.
pub(super) fn all(series: &Series) -> [&Sum; 3] {
    [&series.delivered, &series.put_off, &series.failed]
}

const HOUR: i64 = 3600;

/// When the local day of `time` ends.
fn end_of_day(time: i64) -> i64 {
    // Somewhere in the next day, whatever the clock does.
    local::midnight(local::midnight(time) + 36 * HOUR)
}

/// The hours of the local day of `time`. There are 24, and 23 or 25 where the clock is changed; the last one may be shorter.
fn hours(time: i64) -> Vec<(i64, i64)> {
    let begin = local::midnight(time);
    let end = end_of_day(time);
    let mut hours = Vec::new();
    let mut at = begin;
    while at < end {
        hours.push((at, (at + HOUR).min(end)));
        at += HOUR;
    }
    hours
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
fn float(seconds: i64) -> f64 {
    seconds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of the variable by which a test knows that it runs in a zone of its own: a process has one zone.
    const ZONE: &str = "MAILLOGS_TEST_ZONE_OF_HOURS";

    /// `date -d TEXT +%s` of the zone of this process.
    fn date(text: &str) -> i64 {
        let output = std::process::Command::new("date").args(["-d", text, "+%s"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
    }

    #[test]
    fn a_day_has_the_hours_that_it_has() {
        if std::env::var_os(ZONE).is_none() {
            let name = "page::reasons::amounts::tests::a_day_has_the_hours_that_it_has";
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name, "--nocapture"])
                .env("TZ", "Europe/Berlin")
                .env(ZONE, "1")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        for (day, count) in [("2026-11-28", 24), ("2026-10-25", 25), ("2026-03-29", 23)] {
            let hours = hours(date(&format!("{day} 17:27")));
            assert_eq!((hours.len(), hours[0].0), (count, date(day)), "{day}");
            let (_, end) = hours.last().unwrap();
            assert_eq!(*end, date(&format!("{day} 23:59:59")) + 1);
            assert!(hours.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
        let clocks: Vec<String> =
            hours(date("2026-10-25 12:00")).iter().map(|(begin, _)| local::clock(*begin)).collect();
        assert_eq!(clocks[1..5], ["01:00", "02:00", "02:00", "03:00"]);
    }
}

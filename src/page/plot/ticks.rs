//! What stands at the axes: lines and labels, in per cent of the picture.

use serde::Serialize;

use super::clock::Clock;
use crate::chart::axis::Axis;
use crate::chart::legend::number;
use crate::chart::period::{Period, Span};

/// Every change of the clocks, and everything that a label can name, is a multiple of this many seconds of UTC.
const QUARTER: i64 = 900;
const DAY: i64 = 86_400;
/// Of a line that is nearer to the right edge than this, in per cent, the label would stand out of the page.
const EDGE: f64 = 98.0;

/// A line and its label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Tick {
    /// Per cent of the picture's width from the left, or of its height from the bottom.
    pub at: String,
    pub label: String,
    /// What is added to the label where there is room.
    pub more: String,
    /// Is it left out where there is little room?
    pub minor: bool,
}

/// A part of a whole, in per cent and short: two digits after the point are a fiftieth of a pixel.
pub(super) fn per_cent(part: f64, whole: f64) -> String {
    let text = format!("{:.2}", 100.0 * part / whole);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How far apart labels of the time axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Every {
    /// Seconds, at most a day.
    Seconds(i64),
    Day,
    Week,
    Month,
}

impl Every {
    fn of(period: Period) -> Self {
        match period {
            Period::Hour => Self::Seconds(600),
            Period::Day => Self::Seconds(3 * 3_600),
            Period::Week => Self::Day,
            Period::Month => Self::Week,
            Period::Year => Self::Month,
        }
    }

    /// In less than this many seconds after one begins, the next one does not.
    fn shortest(self) -> i64 {
        match self {
            Self::Seconds(_) => 0,
            Self::Day => 20 * 3_600,
            Self::Week => 6 * DAY,
            Self::Month => 27 * DAY,
        }
    }

    /// Which of these a time lies in that the clock shows so: a number that grows with time.
    fn number(self, clock: &Clock, time: i64) -> i64 {
        use chrono::Datelike;
        match self {
            Self::Seconds(seconds) => clock.shown(time).div_euclid(seconds),
            Self::Day => clock.shown(time).div_euclid(DAY),
            // 1970-01-01 was a Thursday; weeks begin on Monday.
            Self::Week => (clock.shown(time).div_euclid(DAY) + 3).div_euclid(7),
            Self::Month => {
                let date = clock.date(time);
                i64::from(date.year()) * 12 + i64::from(date.month0())
            }
        }
    }
}

/// The times at which something new begins by the clock, from `start` on and before `end`: hours that come twice begin twice, days
/// once, and what the clock leaves out begins with what it shows instead.
fn beginnings(every: Every, clock: &Clock, start: i64, end: i64) -> Vec<i64> {
    // Ten minutes begin at every five of a clock that is three quarters of an hour beside UTC.
    let grain = match every {
        Every::Seconds(..QUARTER) => QUARTER / 3,
        _ => QUARTER,
    };
    // Between two of these of the clock nothing begins, unless the clock is changed.
    let unit = match every {
        Every::Seconds(seconds) => seconds,
        _ => DAY,
    };
    let next = |time: i64| {
        let next = time + unit - clock.shown(time).rem_euclid(unit);
        let next = (next + grain - 1).div_euclid(grain) * grain;
        if clock.east(next) == clock.east(time) { next } else { time + grain }
    };
    let first = start.div_euclid(grain) * grain - grain;
    let mut highest = every.number(clock, first);
    let mut found = Vec::new();
    let mut time = first + grain;
    while time < end {
        let number = every.number(clock, time);
        let is_round = |seconds: i64| clock.shown(time).rem_euclid(seconds) == 0;
        let begins = number > highest || matches!(every, Every::Seconds(seconds) if is_round(seconds));
        if begins && time >= start {
            found.push(time);
        }
        highest = highest.max(number);
        time = if begins && every.shortest() > 0 { time + every.shortest() } else { next(time) };
    }
    found
}

/// When each local hour begins between two times, or each local day, or each month.
pub(crate) fn begins(of: Period, clock: &Clock, start: i64, end: i64) -> Vec<i64> {
    let every = match of {
        Period::Hour => Every::Seconds(600),
        Period::Day => Every::Seconds(3_600),
        Period::Week | Period::Month => Every::Day,
        Period::Year => Every::Month,
    };
    beginnings(every, clock, start, end)
}

/// Lines and labels of the time axis.
pub(super) fn of_time(period: Period, span: Span, clock: &Clock) -> Vec<Tick> {
    use chrono::{Datelike, Timelike};
    let every = Every::of(period);
    let tick = |time: i64| {
        let date = clock.date(time);
        let format = |format: &str| date.format(format).to_string();
        let is_midnight = date.num_seconds_from_midnight() == 0;
        let (label, more, minor) = match every {
            Every::Seconds(_) if is_midnight => (format("%a %-d"), String::new(), false),
            // A day that begins at 01:00 begins here.
            Every::Seconds(_) if clock.date(time - 1).date() != date.date() => {
                (format("%a %-d"), String::new(), false)
            }
            Every::Seconds(seconds) if seconds < 3_600 => {
                (format("%H:%M"), String::new(), !date.minute().is_multiple_of(20))
            }
            Every::Seconds(_) => (format("%H:%M"), String::new(), !date.hour().is_multiple_of(6)),
            Every::Day => (format("%a"), format(" %-d"), false),
            Every::Week => (format("%-d %b"), String::new(), false),
            Every::Month if date.month() == 1 => (format("%Y"), String::new(), false),
            Every::Month => (format("%b"), String::new(), date.month0() % 2 == 1),
        };
        let at = float(time - span.start) / float(span.end - span.start) * 100.0;
        let is_near_the_edge = at > EDGE;
        Tick {
            at: per_cent(at, 100.0),
            label: if is_near_the_edge { String::new() } else { label },
            more: if is_near_the_edge { String::new() } else { more },
            minor,
        }
    };
    beginnings(every, clock, span.start, span.end).into_iter().map(tick).collect()
}

/// Lines and labels of the left axis, at most `most` of them, in per cent of its height.
pub(super) fn of_values(axis: &Axis, most: usize) -> Vec<Tick> {
    let mut step = axis.minor * f64::from(axis.label_every);
    let count = |step: f64| ((axis.upper / step).floor() - (axis.lower / step).ceil()) as usize + 1;
    // Twice 1, 2, 5 and 25 are round too.
    while count(step) > most {
        step *= 2.0;
    }
    let decimals = axis.format.split_once('.').and_then(|(_, rest)| rest.chars().next()?.to_digit(10));
    let unit = axis.format.split_once("lf").map_or("", |(_, unit)| unit);
    let first = (axis.lower / step).ceil();
    (0..count(step))
        .map(|n| {
            let value = (first + n as f64) * step;
            let shown = value / 10_f64.powi(axis.exponent);
            let text = number(shown, decimals.unwrap_or_default() as usize, f64::INFINITY);
            Tick {
                at: per_cent(value - axis.lower, axis.upper - axis.lower),
                label: format!("{text}{unit}"),
                more: String::new(),
                minor: false,
            }
        })
        .collect()
}

fn float(seconds: i64) -> f64 {
    seconds as f64
}

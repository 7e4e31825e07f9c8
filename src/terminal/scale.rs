//! The axes: labels at the left, and times below.

use chrono::{DateTime, Datelike, Days, Local, NaiveDate, NaiveDateTime, TimeZone};

use super::raster::Scale;
use crate::chart::axis::{Axis, axis};
use crate::chart::period::Span;

/// The left axis of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Left {
    pub scale: Scale,
    /// Lines of the chart.
    pub rows: usize,
    /// Line, from 1 at the bottom, and label; 0 is the axis below the chart. A bar that is as high as the label says
    /// ends in that line.
    pub labels: Vec<(usize, String)>,
}

impl Left {
    /// Columns of the widest label.
    pub(super) fn width(&self) -> usize {
        self.labels.iter().map(|(_, label)| label.len()).max().unwrap_or(1)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a few hundred lines
fn whole(value: f64) -> usize {
    value.clamp(0.0, 10_000.0) as usize
}

#[allow(clippy::cast_precision_loss)] // a few hundred lines
fn float(value: usize) -> f64 {
    value as f64
}

/// The axis for values from `lowest` to `highest` in about `rows` lines, every label as far from the next; in exactly
/// `rows` lines if they are `exact`.
pub(super) fn left(lowest: f64, highest: f64, rows: usize, exact: bool) -> Left {
    let axis = axis(lowest, highest);
    let major = axis.minor * f64::from(axis.label_every);
    let (mut scale, mut rows) = (Scale { lower: axis.lower, upper: axis.upper }, rows.max(1));
    let apart = (float(rows) * major / (axis.upper - axis.lower)).round();
    if !exact && apart >= 1.0 {
        let below = (-axis.lower / major * apart - 1e-6).ceil().max(0.0);
        let above = (axis.upper / major * apart - 1e-6).ceil().max(1.0);
        rows = whole(below + above);
        scale = Scale { lower: -below / apart * major, upper: above / apart * major };
    }
    let lines = float(rows) * major / (scale.upper - scale.lower);
    // In very few lines they are near to each other, but there is one besides that of zero.
    let most = (scale.upper.max(-scale.lower) / major + 1e-6).floor().max(1.0);
    let every =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|every| lines * every >= 1.0).unwrap_or(10.0).min(most);
    let mut labels = Vec::new();
    let mut tick = (scale.lower / (major * every) - 1e-6).ceil();
    while tick * major * every <= scale.upper * (1.0 + 1e-9) && labels.len() < 100 {
        let value = tick * major * every;
        labels.push((whole((scale.at(value, rows) - 1e-6).ceil()), label(&axis, value)));
        tick += 1.0;
    }
    Left { scale, rows, labels }
}

/// A value as the axis writes it.
fn label(axis: &Axis, value: f64) -> String {
    let (decimals, unit) = axis.format.trim_start_matches("%.").split_once("lf").unwrap_or(("0", ""));
    let scaled = value / 10_f64.powi(axis.exponent);
    let text = format!("{scaled:.*}", decimals.parse().unwrap_or(0));
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|b| b"0.".contains(&b)) => format!("{zero}{unit}"),
        _ => format!("{text}{unit}"),
    }
}

/// How far the labels of the time axis are from each other.
#[derive(Debug, Clone, Copy)]
enum Every {
    Minutes(u32),
    Days(i32),
    /// Mondays.
    Weeks(i32),
    Months(u32),
    Years(i32),
}

/// From narrow to wide, with the seconds of each and the columns of its labels.
const STEPS: [(Every, i64, i64); 20] = [
    (Every::Minutes(1), 60, 6),
    (Every::Minutes(5), 300, 6),
    (Every::Minutes(15), 900, 6),
    (Every::Minutes(30), 1_800, 6),
    (Every::Minutes(60), 3_600, 6),
    (Every::Minutes(120), 7_200, 6),
    (Every::Minutes(180), 10_800, 6),
    (Every::Minutes(360), 21_600, 6),
    (Every::Minutes(720), 43_200, 6),
    (Every::Days(1), 86_400, 6),
    (Every::Days(2), 172_800, 6),
    (Every::Days(3), 259_200, 6),
    (Every::Weeks(1), 604_800, 6),
    (Every::Weeks(2), 1_209_600, 6),
    (Every::Months(1), 2_419_200, 3),
    (Every::Months(2), 5_097_600, 3),
    (Every::Months(3), 7_776_000, 3),
    (Every::Months(6), 15_552_000, 3),
    (Every::Years(1), 31_536_000, 4),
    (Every::Years(5), 157_680_000, 4),
];

/// Where labels of the time axis stand, in columns of which `span` has `width`, and what they say, in local time.
pub(super) fn times(span: Span, width: usize) -> Vec<(usize, String)> {
    let length = (span.end - span.start).max(1);
    let columns = i64::try_from(width).unwrap_or(i64::MAX);
    let fits = |(every, seconds, letters): &&(Every, i64, i64)| {
        // Of a month Mondays say more.
        let is_odd = matches!(every, Every::Days(3)) && length > 14 * 86_400;
        !is_odd && seconds * columns / length >= letters + 3
    };
    let every = STEPS.iter().find(fits).map_or(Every::Years(10), |(every, ..)| *every);
    let mut labels = Vec::new();
    for (time, label) in local_times(every, span) {
        let column = (time - span.start) * columns / length;
        if (0..columns).contains(&column) && (span.start..span.end).contains(&time) {
            labels.push((usize::try_from(column).unwrap_or_default(), label));
        }
    }
    labels
}

fn local_times(every: Every, span: Span) -> Vec<(i64, String)> {
    let date = |time: i64| Local.timestamp_opt(time, 0).single().map(|local| local.date_naive());
    let (Some(mut day), Some(last)) = (date(span.start), date(span.end)) else { return Vec::new() };
    let mut times = Vec::new();
    while day <= last && day.year() < 10_000 {
        let number = day.num_days_from_ce();
        let form = match every {
            Every::Minutes(_) => Some("%a %-d"),
            Every::Days(days) => (number % days == 0).then_some("%a %-d"),
            Every::Weeks(weeks) => (number % (7 * weeks) == 1).then_some("%-d %b"),
            Every::Months(months) => (day.day() == 1 && day.month0() % months == 0).then_some("%b"),
            Every::Years(years) => (day.ordinal() == 1 && day.year() % years == 0).then_some("%Y"),
        };
        if let Some((form, time)) = form.zip(begin_of(day)) {
            times.push((time, day.format(form).to_string()));
        }
        if let Every::Minutes(minutes) = every {
            for minute in (minutes..1_440).step_by(minutes as usize) {
                let Some(clock) = day.and_hms_opt(minute / 60, minute % 60, 0) else { continue };
                let [first, second] = shown_at(clock);
                let both = first.into_iter().chain(second.filter(|_| minutes <= 60));
                times.extend(both.map(|time| (time, clock.format("%H:%M").to_string())));
            }
        }
        let Some(next) = day.checked_add_days(Days::new(1)) else { break };
        day = next;
    }
    times.sort();
    times
}

/// When clocks show `clock`, Unix seconds: never in an hour that summer time leaves out, twice in one that comes twice.
fn shown_at(clock: NaiveDateTime) -> [Option<i64>; 2] {
    let local = Local.from_local_datetime(&clock);
    // chrono takes the first moment of an hour that is left out for one that is.
    let shown = |time: Option<DateTime<Local>>| {
        let time = time?.timestamp();
        let shows = Local.timestamp_opt(time, 0).single()?.naive_local();
        (shows == clock).then_some(time)
    };
    let [first, second] = [local.earliest(), local.latest()].map(shown);
    [first, second.filter(|_| first != second)]
}

/// When a day begins, Unix seconds: at midnight, or where clocks are put forward then, after that.
fn begin_of(day: NaiveDate) -> Option<i64> {
    let mut quarters = (0..12).filter_map(|n| day.and_hms_opt(n / 4, n % 4 * 15, 0));
    quarters.find_map(|clock| shown_at(clock)[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::period::Period;

    #[test]
    fn every_axis_of_values_has_a_number_besides_zero() {
        for rows in 1..=30 {
            for n in 0..400 {
                let highest = 1.07_f64.powi(n - 200);
                for exact in [true, false] {
                    for (low, high) in [(0.0, highest), (-highest, highest / 3.0), (-highest, 0.0)] {
                        let left = left(low, high, rows, exact);
                        assert!(!exact || left.rows == rows);
                        let is_zero = |label: &str| label.bytes().all(|b| b"0. kMGT".contains(&b));
                        let numbers = left.labels.iter().filter(|(_, label)| !is_zero(label)).count();
                        assert!(numbers > 0, "{rows} lines, {low} to {high}: {left:?}");
                        assert!(left.labels.iter().all(|(line, _)| *line <= left.rows), "{left:?}");
                    }
                }
            }
        }
    }

    /// A terminal has 40 columns at least, of which an axis takes ten at most.
    #[test]
    fn every_axis_of_time_has_two_labels_at_least() {
        for period in Period::ALL {
            // Whatever day, hour and season it is.
            for n in 0..500 {
                let span = period.span(1_795_434_360 + n * 2_345_678, 60);
                for width in [29, 33, 40, 75, 140, 290] {
                    let labels = times(span, width);
                    assert!(labels.len() >= 2, "{period:?} in {width} columns: {labels:?}");
                    assert!(labels.windows(2).all(|pair| pair[0].0 < pair[1].0), "{labels:?}");
                }
            }
        }
    }
}

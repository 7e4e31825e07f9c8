//! The axes: labels at the left, and times below.

use chrono::{Datelike, Days, Local, NaiveDate, TimeZone};

use super::super::axis::{Axis, axis};
use super::super::period::Span;
use super::raster::Scale;

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
    let every = [1.0, 2.0, 5.0, 10.0].into_iter().find(|every| lines * every >= 1.0).unwrap_or(10.0);
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
    Mondays,
    Months(u32),
    Years(i32),
}

/// From narrow to wide, with the seconds of each and the columns of its labels.
const STEPS: [(Every, i64, i64); 18] = [
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
    (Every::Mondays, 604_800, 6),
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
    let fits = |(_, seconds, letters): &&(Every, i64, i64)| seconds * columns / length >= letters + 3;
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
    let mut push = |day: NaiveDate, minute: u32, form: &str| {
        let local = day.and_hms_opt(minute / 60, minute % 60, 0);
        // An hour that summer time leaves out has no label.
        let Some(local) = local.and_then(|local| Local.from_local_datetime(&local).earliest()) else {
            return;
        };
        times.push((local.timestamp(), local.format(form).to_string()));
    };
    while day <= last && day.year() < 10_000 {
        match every {
            Every::Minutes(minutes) => {
                for minute in (0..1_440).step_by(minutes as usize) {
                    push(day, minute, if minute == 0 { "%a %-d" } else { "%H:%M" });
                }
            }
            Every::Days(days) if day.num_days_from_ce() % days == 0 => push(day, 0, "%a %-d"),
            Every::Mondays if day.num_days_from_ce() % 7 == 1 => push(day, 0, "%-d %b"),
            Every::Months(months) if day.day() == 1 && day.month0() % months == 0 => push(day, 0, "%b"),
            Every::Years(years) if day.ordinal() == 1 && day.year() % years == 0 => push(day, 0, "%Y"),
            _ => {}
        }
        let Some(next) = day.checked_add_days(Days::new(1)) else { break };
        day = next;
    }
    times
}

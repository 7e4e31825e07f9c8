//! The values of a picture as a table for people: by hours, days or months of the local clock.

use serde::Serialize;

use crate::chart::legend::{self, number};
use crate::chart::period::{Period, Span};
use crate::chart::rows::{self, Values, Waiting};
use crate::chart::scene;
use crate::chart::template::{Source, Template};
use crate::page::plot::Material;
use crate::page::plot::clock::Clock;
use crate::page::plot::ticks::begins;

/// A table of values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Table {
    /// What a row of it is: `Hour`.
    pub each: &'static str,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// A row of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    pub time: String,
    pub cells: Vec<String>,
}

/// What is told of a data.
struct Told {
    data: usize,
    /// Is it how many there were? Else it is a mean.
    counted: bool,
}

/// The table of what `template` shows of a period, of which `values` are drawn.
pub(crate) fn table(
    template: &Template,
    period: Period,
    values: &Values,
    material: Material<'_>,
) -> Option<Table> {
    let Material { readings, files, clock } = material;
    let span = finer(period, values.span, clock);
    if span == values.span {
        return Some(of(template, period, values, clock));
    }
    // They were read a moment ago: why they cannot be now is told by the next page.
    let values = rows::load(template, span, readings, Waiting::LeftOut, files).ok()??;
    Some(of(template, period, &values, clock))
}

/// The span in rows that end where an hour, a day or a month here does: those of a month's picture are of two hours, and an RRD
/// has shorter ones of the same time; those of a year's are days of UTC, which begin within a day here. Half-hours end where a
/// day does but in the few zones that are a quarter of an hour beside them: a month there is told to that quarter.
fn finer(period: Period, span: Span, clock: &Clock) -> Span {
    let row = match period {
        Period::Week if clock.east(span.end) % 1_800 != 0 => 300,
        Period::Month => 1_800,
        Period::Year => 7_200,
        _ => span.row,
    };
    // Of other steps than minutes there are other rows.
    if span.row % row == 0 { Span { row, ..span } } else { span }
}

fn of(template: &Template, period: Period, values: &Values, clock: &Clock) -> Table {
    let span = values.span;
    let mut columns = Vec::new();
    let mut told = Vec::new();
    for draw in scene::without_stats(template, values) {
        let Some(data) = draw.data.filter(|data| template.data[*data].shift.is_none()) else {
            continue;
        };
        if let Some(name) = draw.legend {
            columns.push(name);
            told.push(Told { data, counted: template.data[data].rate });
        }
    }
    let mut starts = vec![span.start];
    starts.extend(begins(period, clock, span.start + 1, span.end));
    let ends = starts.iter().skip(1).copied().chain([span.end]);
    let parts: Vec<(i64, Vec<Option<f64>>)> = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| {
            (*start, told.iter().map(|told| value(template, values, told, *start, end)).collect())
        })
        .collect();
    // As few digits as tell the means of a column apart.
    let decimals: Vec<usize> = (0..told.len())
        .map(|n| {
            let known: Vec<f64> = parts.iter().filter_map(|(_, cells)| cells[n]).collect();
            if told[n].counted { 0 } else { legend::decimals(&known) }
        })
        .collect();
    let rows = parts.iter().enumerate().map(|(n, (start, cells))| Row {
        time: time(period, clock, *start, n == 0),
        cells: cells
            .iter()
            .zip(&decimals)
            .map(|(value, decimals)| value.map_or_else(|| "–".to_owned(), |v| number(v, *decimals, 1e9)))
            .collect(),
    });
    let each = match period {
        Period::Hour => "Ten minutes",
        Period::Day => "Hour",
        Period::Week | Period::Month => "Day",
        Period::Year => "Month",
    };
    Table { each, columns, rows: rows.collect() }
}

/// When a row begins; the `first` one may begin within an hour, a day or a month.
fn time(period: Period, clock: &Clock, start: i64, first: bool) -> String {
    let (format, from) = match period {
        Period::Hour => return clock.format(start, "%H:%M"),
        Period::Day => return clock.format(start, "%a %H:%M"),
        Period::Week | Period::Month => ("%a %-d %b", " from %H:%M"),
        Period::Year => ("%b %Y", " from the %-d."),
    };
    let is_whole = begins(period, clock, start, start + 1).contains(&start);
    clock.format(start, &if first && !is_whole { format!("{format}{from}") } else { format.to_owned() })
}

/// How many there were in the rows whose middle lies between two times, or their mean; none where nothing is known.
fn value(template: &Template, values: &Values, told: &Told, start: i64, end: i64) -> Option<f64> {
    let (span, edge) = (values.span, values.edge(told.data));
    let weights = match template.data[told.data].source {
        Source::Mean { per, .. } => Some(&values.values[per]),
        _ => None,
    };
    let (mut sum, mut time) = (0.0, 0.0);
    let all = &values.values[told.data];
    // The first row whose middle is not before a time.
    let from = |time: i64| {
        let rows = (time - (span.row_end(0) - span.row / 2) + span.row - 1).div_euclid(span.row);
        usize::try_from(rows).unwrap_or_default().min(all.len())
    };
    let between = from(start)..from(end);
    for (row, value) in between.clone().zip(&all[between]).filter(|(_, value)| value.is_finite()) {
        let row_end = span.row_end(row);
        let seconds = (row_end.min(edge.seen) - edge.known(row_end - span.row, row_end)).max(0) as f64;
        let weight = seconds * weights.map_or(1.0, |weights| weights[row]);
        sum += value * weight;
        time += weight;
    }
    match told.counted {
        _ if time <= 0.0 => None,
        true => Some(sum.round()),
        false => Some(sum / time * template.factor_of(told.data)),
    }
}

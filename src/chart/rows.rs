//! The values behind a picture: rows of the RRDs, made whole at their newest end, and what the
//! template computes from them.
//!
//! librrd knows nothing after the last update, but a source that was read since has logged nothing:
//! those rows are zero. And a row of five minutes or a day is not in the file before it is over:
//! the newest one is computed from the steps that are.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use super::files::{Columns, Files, Table, Wanted};
pub(crate) use super::known::Edge;
use super::known::{Stretch, fill, newest_row, resample};
use super::period::{Span, nearest_row, next_row};
use super::template::{Source, Template};
use crate::reading::{Measure, Reading};
use crate::store::rrd::fetch::Cf;
use crate::store::rrd::open::OpenRrd;

/// One DS of an RRD over a span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filled {
    /// What librrd is to open: see [`OpenRrd::name`].
    pub path: PathBuf,
    pub ds: String,
    /// The counter never moved and has no DS: it is 0 where `ds`, another one of the file, is known.
    pub absent: bool,
    pub cf: Cf,
    /// The rows of the file: those of the picture, or where it is drawn by `shift` seconds later than it was, earlier ones,
    /// which may be longer. The times of `edge`, `patch` and `first` are theirs.
    pub span: Span,
    pub shift: i64,
    pub edge: Edge,
    /// The end and the value of a row that is drawn and that the file does not have yet.
    pub patch: Option<(i64, f64)>,
    /// End and value of the row of which only the later part is known. In the file its sum is divided by the whole
    /// length of the row.
    pub first: Option<(i64, f64)>,
    /// The value after the last update: 0, because nothing was logged, or the last measurement, if that still holds.
    pub quiet: f64,
}

/// Everything that a picture shows.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    pub span: Span,
    /// For each of the template's data: the DS, if it is one and its RRD exists.
    pub filled: Vec<Option<Filled>>,
    /// For each of the template's data: one value for each row, NaN where unknown.
    pub values: Vec<Vec<f64>>,
    /// The edge of the RRD that ends first.
    pub edge: Edge,
    /// For each of the template's data: from when on it is known.
    pub since: Vec<Option<i64>>,
    /// For each of the template's data: by how many seconds it is drawn later than it was. None: it is not drawn, because
    /// the span is too long for that.
    pub shifts: Vec<Option<i64>>,
    /// Its RRDs, which stay open until it is drawn.
    pub held: Vec<Arc<OpenRrd>>,
}

impl Values {
    /// What is known of one of the template's data, by the times at which it is drawn.
    pub(crate) fn edge(&self, data: usize) -> Edge {
        Edge { since: self.since[data], ..self.edge }.later(self.shifts[data].unwrap_or_default())
    }

    /// librrd's message, in which the RRDs are named by their paths.
    pub(crate) fn words(&self, said: &str) -> String {
        self.held.iter().fold(said.to_owned(), |text, held| held.words(&text))
    }
}

/// What becomes of the bins that wait for the RRD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// They are not shown. What was measured last is taken to hold up to the time until which was read.
    LeftOut,
    /// The caller adds them to the rows, which say nothing of that time.
    Added,
}

/// The values of `template` over `span`; none when no RRD of it has any data yet, or no DS of it.
///
/// # Errors
/// One line that names the RRD, or the template's key that does not fit to it.
pub(crate) fn load(
    template: &Template,
    span: Span,
    readings: &[Reading],
    waiting: Waiting,
    files: &Files,
) -> Result<Option<Values>, String> {
    let mut held: Vec<Arc<OpenRrd>> = Vec::new();
    let mut filled = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    let mut since: Vec<Option<i64>> = Vec::new();
    let mut shifts: Vec<Option<i64>> = Vec::new();
    let mut edge: Option<Edge> = None;
    let unknown = || vec![f64::NAN; span.rows()];
    for (n, data) in template.data.iter().enumerate() {
        match &data.source {
            Source::Rpn(rpn) | Source::Mean { rpn, .. } => {
                let rows = || rpn.rows(span.rows(), |data| &values[data]);
                // What it is computed from has one shift.
                let shift = rpn.uses().map(|data| shifts[data]).min().flatten();
                let computed = shift.map_or_else(unknown, |_| rows());
                filled.push(None);
                values.push(computed);
                since.push(rpn.uses().filter_map(|data| since[data]).min());
                shifts.push(shift);
            }
            Source::Ds { protocol, ds, cf } => {
                let Some(shift) = data.shift.map_or(Some(0), |shift| shift.seconds(span)) else {
                    filled.push(None);
                    values.push(unknown());
                    since.push(None);
                    shifts.push(None);
                    continue;
                };
                let mut column = None;
                if let Some(reading) = readings.iter().find(|reading| reading.protocol == *protocol) {
                    let file = files.file(&reading.rrd);
                    if let Some(rrd) = file.rrd()?.filter(|rrd| !held.iter().any(|h| Arc::ptr_eq(h, rrd))) {
                        held.push(Arc::clone(rrd));
                    }
                    let step = i64::from(reading.step.max(1));
                    if let Some(table) = file.table(Wanted { cf: *cf, drawn: span, shift, step })? {
                        let shown = Shown::of(reading, &table, waiting);
                        if shift == 0 {
                            let first = edge.get_or_insert(shown.edge);
                            if shown.edge.seen < first.seen {
                                *first = shown.edge;
                            }
                        }
                        column = shown.column(ds, *cf).map_err(|names| {
                            format!(
                                "{}: data[{n}].ds: {} has no `{ds}`; it has {names}",
                                template.file,
                                reading.rrd.display(),
                            )
                        })?;
                    }
                }
                since.push(column.as_ref().and_then(|(c, _)| c.edge.since));
                shifts.push(Some(column.as_ref().map_or(shift, |(c, _)| c.shift)));
                let (column, rows) = match column {
                    Some((column, rows)) => (Some(column), rows),
                    None => (None, unknown()),
                };
                values.push(match &column {
                    Some(column) if column.shift != 0 => column.later(&rows, span),
                    _ => rows,
                });
                filled.push(column);
            }
        }
    }
    if filled.iter().flatten().all(|filled: &Filled| filled.absent) {
        return Ok(None);
    }
    Ok(edge.map(|edge| Values { span, filled, values, edge, since, shifts, held }))
}

impl Filled {
    /// Its `values` by the rows of a picture's `span`, in which they are drawn later than they were.
    fn later(&self, values: &[f64], span: Span) -> Vec<f64> {
        let row = |row: usize| {
            let end = span.row_end(row) - self.shift;
            let at = usize::try_from((end - 1 - self.span.start).div_euclid(self.span.row)).ok()?;
            // A longer row that is not over is not drawn at all.
            let is_over = self.span.row == span.row || self.span.row_end(at) <= self.edge.horizon;
            values.get(at).copied().filter(|_| is_over)
        };
        (0..span.rows()).map(|n| row(n).unwrap_or(f64::NAN)).collect()
    }
}

/// The rows of a protocol's RRD, and what is known of them.
struct Shown<'t> {
    reading: &'t Reading,
    table: &'t Table,
    edge: Edge,
    waiting: Waiting,
}

impl<'t> Shown<'t> {
    fn of(reading: &'t Reading, table: &'t Table, waiting: Waiting) -> Self {
        let (span, last_update) = (table.span, table.last_update);
        let seen = seen(reading, span, waiting).max(last_update);
        // A server's first hours: better the rate of a few minutes than an empty picture.
        let young = table.empty && last_update > span.start;
        let horizon = match young {
            true => next_row(seen, span.row),
            false => nearest_row(seen, span.row),
        };
        Self { reading, table, edge: Edge { last_update, seen, horizon, since: None }, waiting }
    }

    /// The data source `ds` and its values, by the rows of the table's span. Where the file has none, the counter never moved, and is 0 where anything is
    /// known; a level that is measured is not known at all before the next commit gives it one. If no counter has it, the
    /// error lists the names of those that exist.
    fn column(&self, ds: &str, cf: Cf) -> Result<Option<(Filled, Vec<f64>)>, String> {
        let Self { reading, table, waiting, .. } = *self;
        let (span, shift) = (table.span, table.shift);
        let counter = reading.source(ds);
        let (index, absent) = match table.names.iter().position(|there| there == ds) {
            Some(index) => (index, false),
            None if counter.is_none() => return Err(table.names.join(", ")),
            None if reading.measured => return Ok(None),
            None => (table.best_known(), true),
        };
        let nothing = |column: &[f64]| -> Vec<f64> {
            column.iter().map(|value| if value.is_finite() { 0.0 } else { *value }).collect()
        };
        let pick = |columns: &'t Columns| -> Cow<'t, [f64]> {
            let column = columns.column(index);
            if absent { nothing(column).into() } else { column.into() }
        };
        let (column, newest) = (pick(&table.rows), pick(&table.newest));
        let edge = Edge { since: since(reading, table.rows.when, &column), ..self.edge };
        // Of what is measured the file knows nothing before the first measurement, not even 0.
        let is_level = counter.is_some_and(|counter| counter.measure == Measure::Level);
        let measured = reading.measured && is_level;
        let divided = cf == Cf::Average && !measured;
        let mut values = resample(table.rows.when, &column, span, cf, edge, divided);
        let whole = table.rows.when.step == span.row;
        let first = edge.since.filter(|_| divided && whole).and_then(|since| {
            let row = usize::try_from((since - span.start).div_euclid(span.row)).ok()?;
            let value = values.get(row).filter(|value| value.is_finite())?;
            Some((span.row_end(row), *value)).filter(|(end, _)| *end <= edge.last_update)
        });
        let quiet = match newest.iter().rev().find(|value| value.is_finite()) {
            Some(value) if measured && waiting == Waiting::LeftOut => *value,
            _ => 0.0,
        };
        let newest = newest_row(table.newest.when, &newest, span.row, edge, cf, quiet);
        let patch = fill(&mut values, span, edge, newest, quiet);
        let (path, ds) = (table.name.clone(), table.names.get(index).cloned().unwrap_or_default());
        Ok(Some((Filled { path, ds, absent, cf, span, shift, edge, patch, first, quiet }, values)))
    }
}

/// Until when what the RRD does not have did not happen. In rows as short as a step, one that waits for the RRD would be
/// drawn as if nothing had happened in it; in a longer one it is a small part.
fn seen(reading: &Reading, span: Span, waiting: Waiting) -> i64 {
    let first = reading.waiting.first().map(|(begin, _)| *begin);
    let first = first.filter(|_| waiting == Waiting::LeftOut && span.row <= i64::from(reading.step));
    first.map_or(reading.seen, |first| first.min(reading.seen))
}

/// From when on `column` is known, if the file has no value for the row that contains this moment.
fn since(reading: &Reading, rows: Stretch, column: &[f64]) -> Option<i64> {
    let place = (reading.since - rows.first_end).div_euclid(rows.step);
    let before = match usize::try_from(place) {
        Ok(before) => column.get(before).is_none_or(|value| value.is_nan()),
        Err(_) => true,
    };
    (reading.since > 0 && before).then_some(reading.since)
}

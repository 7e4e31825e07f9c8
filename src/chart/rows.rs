//! The values behind a picture: rows of the RRDs, made whole at their newest end, and what the
//! template computes from them.
//!
//! librrd knows nothing after the last update, but a source that was read since has logged nothing:
//! those rows are zero. And a row of five minutes or a day is not in the file before it is over:
//! the newest one is computed from the steps that are.

use std::path::PathBuf;
use std::rc::Rc;

use super::period::{Span, nearest_row, next_row};
use super::template::{Source, Template};
use crate::error::Error;
use crate::reading::{Measure, Reading};
use crate::store::rrd::fetch::{Cf, Reader, Rows};
use crate::store::rrd::open::OpenRrd;

/// Where an RRD's knowledge ends, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The end of the last step that is in the file.
    pub last_update: i64,
    /// Until when the sources were read, never before `last_update`. Nothing was logged between the two.
    pub seen: i64,
    /// Rows that end after this are not drawn: of the row in which `seen` lies, half must have
    /// passed, or its rate would be that of a few minutes. Their counts are in the legend.
    pub horizon: i64,
    /// From when on values are known. The row in which this moment lies is weighted by the part that is known.
    pub since: Option<i64>,
}

impl Edge {
    /// From when on the row from `begin` to `end` is known.
    pub(crate) fn known(&self, begin: i64, end: i64) -> i64 {
        self.since.filter(|since| (begin..end).contains(since)).unwrap_or(begin)
    }
}

/// One DS of an RRD over a span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filled {
    /// What librrd is to open: see [`OpenRrd::name`].
    pub path: PathBuf,
    pub ds: String,
    /// The counter never moved and has no DS: it is 0 where `ds`, another one of the file, is known.
    pub absent: bool,
    pub cf: Cf,
    pub edge: Edge,
    /// The end and the value of a row that is drawn and that the file does not have yet.
    pub patch: Option<(i64, f64)>,
    /// End and value of the row of which only the later part is known. In the file its sum is divided by the whole
    /// length of the row.
    pub first: Option<(i64, f64)>,
    /// The value after the last update: 0, because nothing was logged, or the last measurement, if that still holds.
    pub quiet: f64,
    pub values: Vec<f64>,
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
    /// Its RRDs, which stay open until it is drawn.
    pub held: Vec<Rc<OpenRrd>>,
}

impl Values {
    /// What is known of one of the template's data.
    pub(crate) fn edge(&self, data: usize) -> Edge {
        Edge { since: self.since[data], ..self.edge }
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
) -> Result<Option<Values>, String> {
    let mut files: Vec<(&Reading, Cf, Option<Table>)> = Vec::new();
    let mut opened: Vec<(&Reading, Option<Rc<OpenRrd>>)> = Vec::new();
    let mut filled = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    let mut since: Vec<Option<i64>> = Vec::new();
    let mut edge: Option<Edge> = None;
    for (n, data) in template.data.iter().enumerate() {
        match &data.source {
            Source::Rpn(rpn) | Source::Mean { rpn, .. } => {
                let row = |i| rpn.eval(|data| values[data][i]);
                let computed = (0..span.rows()).map(row).collect();
                filled.push(None);
                values.push(computed);
                since.push(rpn.uses().filter_map(|data| since[data]).min());
            }
            Source::Ds { protocol, ds, cf } => {
                let of_protocol = readings.iter().find(|reading| reading.protocol == *protocol);
                let found = match of_protocol {
                    None => None,
                    Some(reading) => open(reading, &mut opened)?.map(|held| (reading, held)),
                };
                let column = match found {
                    None => None,
                    Some((reading, held)) => {
                        let known =
                            files.iter().position(|(r, c, _)| r.protocol == reading.protocol && c == cf);
                        let index = match known {
                            Some(index) => index,
                            None => {
                                let table =
                                    Table::read(reading, &held, *cf, span).map_err(|e| e.to_string())?;
                                files.push((reading, *cf, table));
                                files.len() - 1
                            }
                        };
                        let (reading, _, table) = &files[index];
                        match table {
                            None => None,
                            Some(table) => {
                                let first = edge.get_or_insert(table.edge);
                                if table.edge.seen < first.seen {
                                    *first = table.edge;
                                }
                                table.column(reading, ds, *cf, span, waiting).map_err(|names| {
                                    format!(
                                        "{}: data[{n}].ds: {} has no `{ds}`; it has {names}",
                                        template.file,
                                        reading.rrd.display(),
                                    )
                                })?
                            }
                        }
                    }
                };
                let unknown = || vec![f64::NAN; span.rows()];
                values.push(column.as_ref().map_or_else(unknown, |c| c.values.clone()));
                since.push(column.as_ref().and_then(|c| c.edge.since));
                filled.push(column);
            }
        }
    }
    if filled.iter().flatten().all(|filled: &Filled| filled.absent) {
        return Ok(None);
    }
    let held = opened.into_iter().filter_map(|(_, held)| held).collect();
    Ok(edge.map(|edge| Values { span, filled, values, edge, since, held }))
}

/// The RRD of `reading`, opened once for all that is drawn of it. `None`: there is none.
fn open<'s>(
    reading: &'s Reading,
    opened: &mut Vec<(&'s Reading, Option<Rc<OpenRrd>>)>,
) -> Result<Option<Rc<OpenRrd>>, String> {
    if let Some((_, held)) = opened.iter().find(|(known, _)| known.protocol == reading.protocol) {
        return Ok(held.clone());
    }
    let held = OpenRrd::open(&reading.rrd).map_err(|error| error.to_string())?.map(Rc::new);
    opened.push((reading, held.clone()));
    Ok(held)
}

/// All columns of one RRD by one consolidation function.
struct Table {
    edge: Edge,
    rows: Rows,
    /// The steps of the row that is not over yet.
    newest: Rows,
    /// What librrd is to open.
    name: PathBuf,
}

impl Table {
    /// `None` if nothing was ever written to the file.
    ///
    /// # Errors
    /// One line that names the file.
    fn read(reading: &Reading, rrd: &OpenRrd, cf: Cf, span: Span) -> Result<Option<Self>, Error> {
        let file = Reader::of(rrd)?;
        let last_update = file.last_update();
        let seen = reading.seen.max(last_update);
        // A little more than the newest row: whether the last step is known says whether anything
        // was ever written, since every step is written at its end.
        let step = i64::from(reading.step.max(1));
        let from = last_update.div_euclid(span.row) * span.row - 2 * step;
        let newest = file.fetch(cf, from, last_update, step)?;
        if newest.values.iter().all(|value| value.is_nan()) {
            return Ok(None);
        }
        let rows = file.fetch(cf, span.start, span.end, span.row)?;
        // A server's first hours: better the rate of a few minutes than an empty picture.
        let young = rows.values.iter().all(|value| value.is_nan()) && last_update > span.start;
        let horizon = match young {
            true => next_row(seen, span.row),
            false => nearest_row(seen, span.row),
        };
        let edge = Edge { last_update, seen, horizon, since: None };
        Ok(Some(Self { edge, rows, newest, name: rrd.name().to_owned() }))
    }

    /// The values of the data source `ds`. Where the file has none, the counter never moved, and is 0 where anything is
    /// known; a level that is measured is not known at all before the next commit gives it one. If no counter has it, the
    /// error lists the names of those that exist.
    fn column(
        &self,
        reading: &Reading,
        ds: &str,
        cf: Cf,
        span: Span,
        waiting: Waiting,
    ) -> Result<Option<Filled>, String> {
        let is_there = |name: &str| self.rows.names.iter().position(|there| there == name);
        let (index, absent) = match is_there(ds) {
            Some(index) => (index, false),
            None if reading.source(ds).is_none() => return Err(self.rows.names.join(", ")),
            None if reading.measured => return Ok(None),
            None => (self.best_known(), true),
        };
        let pick = |rows: &Rows| -> Vec<f64> {
            let column = rows.values.iter().skip(index).step_by(rows.names.len().max(1));
            column.map(|value| if absent && value.is_finite() { 0.0 } else { *value }).collect()
        };
        let (column, newest) = (pick(&self.rows), pick(&self.newest));
        let edge = Edge { since: since(reading, &self.rows, &column), ..self.edge };
        // Of what is measured the file knows nothing before the first measurement, not even 0.
        let is_level = reading.source(ds).is_some_and(|counter| counter.measure == Measure::Level);
        let measured = reading.measured && is_level;
        let divided = cf == Cf::Average && !measured;
        let mut values = resample(&self.rows, &column, span, cf, edge, divided);
        let first = edge.since.filter(|_| divided && self.rows.step == span.row).and_then(|since| {
            let row = usize::try_from((since - span.start).div_euclid(span.row)).ok()?;
            let value = values.get(row).filter(|value| value.is_finite())?;
            Some((span.row_end(row), *value)).filter(|(end, _)| *end <= edge.last_update)
        });
        let quiet = match newest.iter().rev().find(|value| value.is_finite()) {
            Some(value) if measured && waiting == Waiting::LeftOut => *value,
            _ => 0.0,
        };
        let newest = newest_row(&self.newest, &newest, span.row, edge, cf, quiet);
        let patch = fill(&mut values, span, edge, newest, quiet);
        let (path, ds) = (self.name.clone(), self.rows.names.get(index).cloned().unwrap_or_default());
        Ok(Some(Filled { path, ds, absent, cf, edge, patch, first, quiet, values }))
    }

    /// The column that is known for most of the rows: of what joined the file later the time before may be unknown.
    fn best_known(&self) -> usize {
        let names = self.rows.names.len();
        let known = |index: &usize| {
            let of = |rows: &Rows| {
                rows.values.iter().skip(*index).step_by(names).filter(|value| value.is_finite()).count()
            };
            (of(&self.rows), of(&self.newest))
        };
        // Of several the first.
        (0..names).rev().max_by_key(known).unwrap_or_default()
    }
}

/// From when on `column` is known, if the file has no value for the row that contains this moment.
fn since(reading: &Reading, rows: &Rows, column: &[f64]) -> Option<i64> {
    let place = (reading.since - rows.first_end).div_euclid(rows.step);
    let before = match usize::try_from(place) {
        Ok(before) => column.get(before).is_none_or(|value| value.is_nan()),
        Err(_) => true,
    };
    (reading.since > 0 && before).then_some(reading.since)
}

/// When row `index` of `rows` ends.
fn row_end(rows: &Rows, index: usize) -> i64 {
    rows.first_end + i64::try_from(index).unwrap_or_default() * rows.step
}

#[allow(clippy::cast_precision_loss)] // seconds of a span are far below 2^52
fn float(value: i64) -> f64 {
    value as f64
}

/// The rows of `span` from rows of the file, which may be finer, coarser, and more of them. A row of the file that is
/// `divided` by all of its time, though not all of it is known, is made a rate of the time that is.
fn resample(rows: &Rows, column: &[f64], span: Span, cf: Cf, edge: Edge, divided: bool) -> Vec<f64> {
    let mut sum = vec![0.0; span.rows()];
    let mut weight = vec![0.0; span.rows()];
    for (i, value) in column.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let (begin, end) = (row_end(rows, i) - rows.step, row_end(rows, i));
        let known = edge.known(begin, end);
        let value = if divided { value * float(rows.step) / float(end - known) } else { *value };
        let end = end.min(span.end);
        let mut from = known.max(span.start);
        while from < end {
            let target = (from - span.start) / span.row;
            let until = (span.start + (target + 1) * span.row).min(end);
            let target = usize::try_from(target).unwrap_or_default();
            let seconds = float(until - from);
            match cf {
                Cf::Average => sum[target] += value * seconds,
                Cf::Max if weight[target] > 0.0 => sum[target] = f64::max(sum[target], value),
                Cf::Max => sum[target] = value,
            }
            weight[target] += seconds;
            from = until;
        }
    }
    let values = sum.into_iter().zip(weight);
    values
        .map(|(sum, weight)| match cf {
            _ if weight == 0.0 => f64::NAN,
            Cf::Average => sum / weight,
            Cf::Max => sum,
        })
        .collect()
}

/// The value of the row in which the last update lies, from its steps, up to `seen`: what was
/// logged divided by the time that was seen of it; after the last update it is `quiet`.
fn newest_row(steps: &Rows, column: &[f64], row: i64, edge: Edge, cf: Cf, quiet: f64) -> f64 {
    let from = edge.last_update.div_euclid(row) * row;
    let until = edge.seen.min(from + row);
    let mut sum = 0.0;
    let mut highest = f64::NAN;
    for (i, value) in column.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let end = row_end(steps, i).min(until);
        let begin = (row_end(steps, i) - steps.step).max(from);
        if begin < end {
            sum += value * float(end - begin);
            highest = f64::max(highest, *value);
        }
    }
    match cf {
        _ if highest.is_nan() => f64::NAN,
        Cf::Average => {
            (sum + quiet * float((until - edge.last_update).max(0))) / float(until - edge.known(from, until))
        }
        Cf::Max => highest,
    }
}

/// Fills in what the file does not say: `newest` for the row of the last update, `quiet` up to `seen`.
/// What lies before the first data stays unknown. Gives the end and value of the row of the last
/// update if it is drawn.
fn fill(values: &mut [f64], span: Span, edge: Edge, newest: f64, quiet: f64) -> Option<(i64, f64)> {
    let mut patch = None;
    for (i, value) in values.iter_mut().enumerate() {
        let end = span.row_end(i);
        if end <= edge.last_update {
            continue;
        }
        *value = if end - span.row >= edge.seen {
            f64::NAN
        } else if end - span.row < edge.last_update {
            patch = (newest.is_finite() && end <= edge.horizon).then_some((end, newest));
            newest
        } else {
            quiet
        };
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Span = Span { start: 0, end: 1_200, row: 300 };

    fn rows(step: i64, first_end: i64, values: &[f64]) -> Rows {
        Rows { step, first_end, names: vec!["a".into()], values: values.to_vec() }
    }

    fn same(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_nan() && b.is_nan() || a == b)
    }

    #[test]
    fn rows_of_any_length_keep_their_sum() {
        let nan = f64::NAN;
        let edge = Edge { last_update: 1_200, seen: 1_200, horizon: 1_200, since: None };
        let average = |rows: &Rows| resample(rows, &rows.values, SPAN, Cf::Average, edge, true);
        assert!(same(&average(&rows(300, 0, &[9., 1., 2., nan, 4., 9.])), &[1., 2., nan, 4.]));
        assert!(same(&average(&rows(600, 600, &[1., 3.])), &[1., 1., 3., 3.]));
        assert!(same(&average(&rows(150, 150, &[1., 3., nan, 2., nan, nan, 0., 8.])), &[2., 2., nan, 4.]));
        let fine = rows(150, 150, &[1., 3., nan, 2., nan, nan, -1., -8.]);
        assert!(same(&resample(&fine, &fine.values, SPAN, Cf::Max, edge, false), &[3., 2., nan, -1.]));
    }

    #[test]
    fn a_row_that_is_not_over_counts_what_was_seen_of_it() {
        // 120 in the first two minutes of the row 600..900, then nothing, seen until 840.
        let steps = rows(60, 540, &[7., 7., 1., 1.]);
        let edge = Edge { last_update: 720, seen: 840, horizon: 900, since: None };
        assert_eq!(newest_row(&steps, &steps.values, 300, edge, Cf::Average, 0.0), 0.5);
        assert_eq!(newest_row(&steps, &steps.values, 300, edge, Cf::Max, 0.0), 1.0);
        let later = Edge { seen: 9_000, ..edge };
        assert_eq!(newest_row(&steps, &steps.values, 300, later, Cf::Average, 0.0), 0.4);
    }

    #[test]
    fn what_is_measured_holds_until_it_is_measured_again() {
        let steps = rows(60, 660, &[7., 7.]);
        let edge = Edge { last_update: 720, seen: 1_100, horizon: 1_200, since: None };
        let newest = newest_row(&steps, &steps.values, 300, edge, Cf::Average, 7.0);
        assert_eq!(newest, 7.0);
        let mut values = [7., 7., f64::NAN, f64::NAN];
        fill(&mut values, SPAN, edge, newest, 7.0);
        assert!(same(&values, &[7., 7., 7., 7.]), "{values:?}");
    }

    #[test]
    fn a_quiet_night_is_zero_and_the_future_unknown() {
        let nan = f64::NAN;
        let filled = |last_update, seen| {
            let mut values = [nan, 5., nan, nan];
            let horizon = nearest_row(seen, 300);
            let edge = Edge { last_update, seen, horizon, since: None };
            let patch = fill(&mut values, SPAN, edge, 0.4, 0.0);
            (values, patch)
        };
        let (values, patch) = filled(600, 1_200);
        assert!(same(&values, &[nan, 5., 0., 0.]) && patch.is_none());
        let (values, patch) = filled(720, 1_200);
        assert!(same(&values, &[nan, 5., 0.4, 0.]) && patch == Some((900, 0.4)));
        // Not half of the row has passed: counted, not drawn.
        let (values, patch) = filled(720, 740);
        assert!(same(&values, &[nan, 5., 0.4, nan]) && patch.is_none());
        let (values, patch) = filled(720, 760);
        assert!(same(&values, &[nan, 5., 0.4, nan]) && patch == Some((900, 0.4)));
    }
}

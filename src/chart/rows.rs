//! The values behind a picture: rows of the RRDs, made whole at their newest end, and what the
//! template computes from them.
//!
//! librrd knows nothing after the last update, but a source that was read since has logged nothing:
//! those rows are zero. And a row of five minutes or a day is not in the file before it is over:
//! the newest one is computed from the steps that are.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;

pub(crate) use super::known::Edge;
use super::known::{fill, newest_row, resample};
use super::period::{Span, nearest_row, next_row};
use super::template::{Source, Template};
use crate::error::Error;
use crate::reading::{Measure, Reading};
use crate::store::rrd::fetch::{Cf, Reader, Rows};
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
    /// For each of the template's data: by how many seconds it is drawn later than it was. None: it is not drawn, because
    /// the span is too long for that.
    pub shifts: Vec<Option<i64>>,
    /// Its RRDs, which stay open until it is drawn.
    pub held: Vec<Rc<OpenRrd>>,
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
) -> Result<Option<Values>, String> {
    let mut files: Vec<(&Reading, Cf, i64, Option<Table>)> = Vec::new();
    let mut opened: Vec<(&Reading, Option<Rc<OpenRrd>>)> = Vec::new();
    let mut filled = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    let mut since: Vec<Option<i64>> = Vec::new();
    let mut shifts: Vec<Option<i64>> = Vec::new();
    let mut edge: Option<Edge> = None;
    let unknown = || vec![f64::NAN; span.rows()];
    for (n, data) in template.data.iter().enumerate() {
        match &data.source {
            Source::Rpn(rpn) | Source::Mean { rpn, .. } => {
                let rows = || rpn.rows(span.rows(), |data, row| values[data][row]);
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
                let of_protocol = readings.iter().find(|reading| reading.protocol == *protocol);
                let found = match of_protocol {
                    None => None,
                    Some(reading) => open(reading, &mut opened)?.map(|held| (reading, held)),
                };
                let column = match found {
                    None => None,
                    Some((reading, held)) => {
                        let known = files.iter().position(|(r, c, s, _)| {
                            r.protocol == reading.protocol && c == cf && *s == shift
                        });
                        let index = match known {
                            Some(index) => index,
                            None => {
                                let table = Table::read(reading, &held, *cf, span, shift, waiting)
                                    .map_err(|e| e.to_string())?;
                                files.push((reading, *cf, shift, table));
                                files.len() - 1
                            }
                        };
                        let (reading, _, _, table) = &files[index];
                        match table {
                            None => None,
                            Some(table) => {
                                if shift == 0 {
                                    let first = edge.get_or_insert(table.edge);
                                    if table.edge.seen < first.seen {
                                        *first = table.edge;
                                    }
                                }
                                table.column(reading, ds, *cf, waiting).map_err(|names| {
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
                values.push(column.as_ref().map_or_else(unknown, |column| column.over(span)));
                since.push(column.as_ref().and_then(|c| c.edge.since));
                shifts.push(Some(column.as_ref().map_or(shift, |c| c.shift)));
                filled.push(column);
            }
        }
    }
    if filled.iter().flatten().all(|filled: &Filled| filled.absent) {
        return Ok(None);
    }
    let held = opened.into_iter().filter_map(|(_, held)| held).collect();
    Ok(edge.map(|edge| Values { span, filled, values, edge, since, shifts, held }))
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

impl Filled {
    /// Its values by the rows of a picture's `span`.
    fn over(&self, span: Span) -> Vec<f64> {
        if self.shift == 0 {
            return self.values.clone();
        }
        let row = |row: usize| {
            let end = span.row_end(row) - self.shift;
            let at = usize::try_from((end - 1 - self.span.start).div_euclid(self.span.row)).ok()?;
            // A longer row that is not over is not drawn at all.
            let is_over = self.span.row == span.row || self.span.row_end(at) <= self.edge.horizon;
            self.values.get(at).copied().filter(|_| is_over)
        };
        (0..span.rows()).map(|n| row(n).unwrap_or(f64::NAN)).collect()
    }
}

/// All columns of one RRD by one consolidation function.
struct Table {
    /// What of the file is shown, by its own times, and by how many seconds later it is drawn.
    span: Span,
    shift: i64,
    edge: Edge,
    rows: Rows,
    /// The steps of the row that is not over yet.
    newest: Rows,
    /// What librrd is to open.
    name: PathBuf,
    /// See [`Table::best_known`].
    best_known: OnceCell<usize>,
}

impl Table {
    /// What is drawn in `drawn` and was `shift` seconds earlier. `None` if nothing was ever written to the file.
    ///
    /// # Errors
    /// One line that names the file.
    fn read(
        reading: &Reading,
        rrd: &OpenRrd,
        cf: Cf,
        drawn: Span,
        mut shift: i64,
        waiting: Waiting,
    ) -> Result<Option<Self>, Error> {
        let file = Reader::of(rrd)?;
        let (mut span, mut rows) = earlier_rows(&file, cf, drawn, shift, drawn.row)?;
        if span.row > drawn.row {
            // librrd moves rows by whole ones only.
            shift = nearest_row(shift, span.row);
            (span, rows) = earlier_rows(&file, cf, drawn, shift, span.row)?;
        }
        let last_update = file.last_update();
        let seen = seen(reading, span, waiting).max(last_update);
        // A little more than the newest row: whether the last step is known says whether anything
        // was ever written, since every step is written at its end.
        let step = i64::from(reading.step.max(1));
        let from = last_update.div_euclid(span.row) * span.row - 2 * step;
        let newest = file.fetch(cf, from, last_update, step)?;
        if newest.values.iter().all(|value| value.is_nan()) {
            return Ok(None);
        }
        // A server's first hours: better the rate of a few minutes than an empty picture.
        let young = rows.values.iter().all(|value| value.is_nan()) && last_update > span.start;
        let horizon = match young {
            true => next_row(seen, span.row),
            false => nearest_row(seen, span.row),
        };
        let edge = Edge { last_update, seen, horizon, since: None };
        Ok(Some(Self {
            span,
            shift,
            edge,
            rows,
            newest,
            name: rrd.name().to_owned(),
            best_known: OnceCell::new(),
        }))
    }

    /// The values of the data source `ds`. Where the file has none, the counter never moved, and is 0 where anything is
    /// known; a level that is measured is not known at all before the next commit gives it one. If no counter has it, the
    /// error lists the names of those that exist.
    fn column(
        &self,
        reading: &Reading,
        ds: &str,
        cf: Cf,
        waiting: Waiting,
    ) -> Result<Option<Filled>, String> {
        let (span, shift) = (self.span, self.shift);
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
        Ok(Some(Filled { path, ds, absent, cf, span, shift, edge, patch, first, quiet, values }))
    }

    /// The column that is known for most of the rows: of what joined the file later the time before may be unknown.
    fn best_known(&self) -> usize {
        *self.best_known.get_or_init(|| {
            let names = self.rows.names.len();
            let known = |rows: &Rows| {
                let mut known = vec![0_usize; names];
                for row in rows.values.chunks_exact(names.max(1)) {
                    for (known, value) in known.iter_mut().zip(row) {
                        *known += usize::from(value.is_finite());
                    }
                }
                known
            };
            let (rows, newest) = (known(&self.rows), known(&self.newest));
            // Of several the first.
            (0..names).rev().max_by_key(|index| (rows[*index], newest[*index])).unwrap_or_default()
        })
    }
}

/// The rows of `file`, near to `row` seconds, that are drawn in `drawn` and were `shift` seconds earlier, and the span of
/// them. Those of an earlier time may be kept only in longer rows.
fn earlier_rows(file: &Reader<'_>, cf: Cf, drawn: Span, shift: i64, row: i64) -> Result<(Span, Rows), Error> {
    let (start, end) = (drawn.start - shift, drawn.end - shift);
    let rows = file.fetch(cf, start, end, row)?;
    let span = match shift {
        0 => drawn,
        _ => {
            let row = rows.step.max(drawn.row);
            Span { start: start.div_euclid(row) * row, end: next_row(end, row), row }
        }
    };
    Ok((span, rows))
}

/// Until when what the RRD does not have did not happen. In rows as short as a step, one that waits for the RRD would be
/// drawn as if nothing had happened in it; in a longer one it is a small part.
fn seen(reading: &Reading, span: Span, waiting: Waiting) -> i64 {
    let first = reading.waiting.first().map(|(begin, _)| *begin);
    let first = first.filter(|_| waiting == Waiting::LeftOut && span.row <= i64::from(reading.step));
    first.map_or(reading.seen, |first| first.min(reading.seen))
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

//! The rows of one RRD: of each time the finest that are left.
use std::path::Path;

use crate::chart::files::{Files, by_column};
use crate::reading::Counter;

/// What a file has.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) names: Vec<String>,
    /// When rows begin and end, the oldest first.
    rows: Vec<(i64, i64)>,
    /// Column by column the mean a second of each row, NaN where it is unknown.
    rates: Vec<f64>,
    /// When its last row ends.
    pub(super) end: i64,
    /// The column that is known for most of the rows: of what joined the file later the time before may be unknown.
    best: usize,
}

/// A row of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) begin: i64,
    pub(super) end: i64,
    at: usize,
}

/// Where a file has a counter.
#[derive(Clone, Copy)]
pub(super) struct Column<'f> {
    rates: &'f [f64],
    /// The counter never moved and has no data source: it is 0 where the column is known.
    absent: bool,
}

impl Column<'_> {
    pub(super) fn of(self, row: Row) -> Option<f64> {
        let rate = self.rates.get(row.at).copied().filter(|rate| rate.is_finite())?;
        Some(if self.absent { 0.0 } else { rate })
    }
}

impl File {
    /// The rows of the file at `path` that end after `from`. `None`: there is no file.
    pub(super) fn read(path: &Path, from: i64, files: &Files) -> Result<Option<Self>, String> {
        let Some(stretches) = files.finest(path, from.max(0))? else { return Ok(None) };
        let mut file = Self::default();
        let mut rates = Vec::new();
        for stretch in stretches {
            let width = stretch.names.len().max(1);
            let end = |n: usize| stretch.first_end + i64::try_from(n).unwrap_or_default() * stretch.step;
            let rows = (0..stretch.values.len() / width).map(end);
            file.rows.extend(rows.map(|end| (end - stretch.step, end)));
            rates.extend_from_slice(&stretch.values);
            file.names = stretch.names;
        }
        file.rates = by_column(&rates, file.names.len());
        file.end = file.rows.last().map_or(0, |row| row.1);
        let known = |at: &usize| file.rates_of(*at).iter().filter(|rate| rate.is_finite()).count();
        // Of several the first.
        file.best = (0..file.names.len()).rev().max_by_key(known).unwrap_or_default();
        Ok(Some(file))
    }

    /// The rows in which anything is above 0, `(begin, end)`, the oldest first.
    pub(super) fn moved(&self) -> Vec<(i64, i64)> {
        let mut moved = vec![false; self.rows.len()];
        for at in 0..self.names.len() {
            for (moved, rate) in moved.iter_mut().zip(self.rates_of(at)) {
                *moved |= *rate > 0.0;
            }
        }
        let rows = self.rows.iter().zip(moved);
        rows.filter(|(_, moved)| *moved).map(|(row, _)| *row).collect()
    }

    /// When the first row begins of which anything is known.
    pub(super) fn known_since(&self) -> Option<i64> {
        let best = self.best();
        self.rows().find(|row| best.of(*row).is_some()).map(|row| row.begin)
    }

    /// Makes unknown what lies in the stretch.
    pub(super) fn forget(&mut self, (begin, end): (i64, i64)) {
        let count = self.rows.len();
        let first = self.rows.partition_point(|row| row.0 < begin);
        let behind = self.rows.partition_point(|row| row.1 <= end);
        if first < behind {
            for rates in self.rates.chunks_exact_mut(count) {
                rates[first..behind].fill(f64::NAN);
            }
        }
    }

    fn rates_of(&self, index: usize) -> &[f64] {
        let count = self.rows.len();
        self.rates.get(index * count..(index + 1) * count).unwrap_or_default()
    }

    /// All rows.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = Row> {
        let row = |(at, (begin, end)): (usize, &(i64, i64))| Row { begin: *begin, end: *end, at };
        self.rows.iter().enumerate().map(row)
    }

    /// The rows of which a part lies between the two.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = Row> {
        let first = self.rows.partition_point(|(_, end)| *end <= from);
        self.rows().skip(first).take_while(move |row| row.begin < to)
    }

    /// The column that is known for most of the rows.
    pub(super) fn best(&self) -> Column<'_> {
        Column { rates: self.rates_of(self.best), absent: false }
    }

    /// The column of `counter`. What never moved has none, and was 0 wherever the file knows anything; but of what is
    /// measured the file knows nothing before the first measurement.
    pub(super) fn column(&self, counter: &Counter, measured: bool) -> Option<Column<'_>> {
        match self.names.iter().position(|name| name == counter.ds) {
            Some(index) => Some(Column { rates: self.rates_of(index), absent: false }),
            None if measured => None,
            None => Some(Column { absent: true, ..self.best() }),
        }
    }

    /// The level in the row in which `at` lies, or that ends there.
    pub(super) fn level(&self, counter: &Counter, at: i64) -> Option<f64> {
        let row = self.rows().nth(self.rows.partition_point(|(_, end)| *end < at))?;
        self.column(counter, true)?.of(row).filter(|_| row.begin < at)
    }
}

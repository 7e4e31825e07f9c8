//! The rows of one RRD: of each time the finest that are left.
use std::path::Path;

use crate::reading::Counter;
use crate::store::rrd::fetch::Reader;
use crate::store::rrd::finest::{FineRow, Finest};
use crate::store::rrd::open::OpenRrd;

/// What a file has.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<FineRow>,
    /// When its last row ends.
    pub(super) end: i64,
    /// The column that is known for most of the rows: of what joined the file later the time before may be unknown.
    pub(super) best: usize,
}

/// Where a file has a counter.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) index: usize,
    /// The counter never moved and has no data source: it is 0 where the column is known.
    pub(super) absent: bool,
}

impl Column {
    pub(super) fn of(self, row: &FineRow) -> Option<f64> {
        let rate = row.rates.get(self.index).copied().filter(|rate| rate.is_finite())?;
        Some(if self.absent { 0.0 } else { rate })
    }
}

impl File {
    /// The rows of the file at `path` that end after `from`. `None`: there is no file, or nothing is in it.
    pub(super) fn read(path: &Path, from: i64) -> Result<Option<Self>, String> {
        let Some(held) = OpenRrd::open(path).map_err(|e| e.to_string())? else { return Ok(None) };
        let reader = Reader::of(&held).map_err(|e| e.to_string())?;
        let Finest { names, rows } = reader.finest(from.max(0)).map_err(|e| e.to_string())?;
        drop(reader);
        let known =
            |at: &usize| rows.iter().filter(|row| row.rates.get(*at).is_some_and(|v| v.is_finite())).count();
        // Of several the first.
        let best = (0..names.len()).rev().max_by_key(known).unwrap_or_default();
        let end = rows.last().map_or(0, |row| row.end);
        Ok(Some(Self { names, rows, end, best }))
    }

    /// The rows of which a part lies between the two.
    pub(super) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = &FineRow> {
        let first = self.rows.partition_point(|row| row.end <= from);
        self.rows.iter().skip(first).take_while(move |row| row.begin < to)
    }

    /// The column of `counter`. What never moved has none, and was 0 wherever the file knows anything; but of what is
    /// measured the file knows nothing before the first measurement.
    pub(super) fn column(&self, counter: &Counter, measured: bool) -> Option<Column> {
        match self.names.iter().position(|name| name == counter.ds) {
            Some(index) => Some(Column { index, absent: false }),
            None if measured => None,
            None => Some(Column { index: self.best, absent: true }),
        }
    }

    /// The level in the row in which `at` lies, or that ends there.
    pub(super) fn level(&self, counter: &Counter, at: i64) -> Option<f64> {
        let row = self.rows.get(self.rows.partition_point(|row| row.end < at))?;
        self.column(counter, true)?.of(row).filter(|_| row.begin < at)
    }
}

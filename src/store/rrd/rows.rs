//! The minutes that a file has.
use std::path::Path;

use super::fetch::{Cf, Reader};
use super::open::OpenRrd;
use crate::error::Result;
use crate::protocol::{Counter, CounterKind, Protocol};

/// What an RRD has of its minutes, by their begin: the values by position in the protocol's table, 0 where it has none.
pub type Rows = std::collections::BTreeMap<i64, Vec<i128>>;

/// The same, with nothing where the file has no value.
pub type KnownRows = std::collections::BTreeMap<i64, Vec<Option<i128>>>;

/// The rows of one step that a file has of the time from `from` to `to` (unix seconds, multiples of `step`). Where
/// only longer rows are left of it there are none.
///
/// # Errors
/// When it cannot be read.
pub fn rows(path: &Path, protocol: &Protocol, step: i64, from: i64, to: i64) -> Result<Rows> {
    let known = known_rows(path, protocol, step, from, to)?;
    let or_nothing = |row: Vec<Option<i128>>| row.into_iter().map(|value| value.unwrap_or(0)).collect();
    Ok(known.into_iter().map(|(begin, row)| (begin, or_nothing(row))).collect())
}

/// As [`rows`], but tells what the file does not know from what is 0.
///
/// # Errors
/// When it cannot be read.
pub fn known_rows(path: &Path, protocol: &Protocol, step: i64, from: i64, to: i64) -> Result<KnownRows> {
    let Some(held) = OpenRrd::open(path)? else { return Ok(KnownRows::new()) };
    let data = Reader::of(&held)?.fetch(Cf::Average, from, to, step)?;
    if data.step != step {
        return Ok(KnownRows::new());
    }
    let names = &data.names;
    let places: Vec<Option<usize>> = protocol
        .counters
        .iter()
        .map(|c| names.iter().position(|name| !c.ds.is_empty() && name == c.ds))
        .collect();
    let mut rows = KnownRows::new();
    let mut begin = data.first_end - step;
    for row in data.values.chunks_exact(names.len()) {
        let value = |(counter, place): (&Counter, &Option<usize>)| {
            let rate = place.and_then(|i| row.get(i)).copied().filter(|rate| rate.is_finite())?;
            Some(amount(counter.kind, rate, step))
        };
        rows.insert(begin, protocol.counters.iter().zip(&places).map(value).collect());
        begin += step;
    }
    Ok(rows)
}

/// The value, in the units of the counter, that a rate over `step` seconds was made from.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an RRD holds doubles")]
pub fn amount(kind: CounterKind, rate: f64, step: i64) -> i128 {
    match kind {
        CounterKind::Count => (rate * step as f64).round() as i128,
        CounterKind::Sum | CounterKind::Net => (rate * step as f64 * 1e9).round() as i128,
        CounterKind::Peak | CounterKind::Level => rate.round() as i128,
        CounterKind::Derived(_) => 0,
    }
}

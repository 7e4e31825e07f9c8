//! Bins, pushed to a file.
use super::arithmetic::{Arithmetic, Updated};
use super::header::Header;
use super::locked::LockedRrd;
use super::schema::{DAY, HEARTBEAT, source_of};
use crate::error::{Error, Result};
use crate::protocol::{CounterKind, Protocol};
use crate::tally::Values;

/// Measurements that are further apart than this (seconds) say nothing of the time between them.
const HOLDS_BACK: i64 = 3600;

/// This number of updates is computed and written at a time, so that the rows of no more than these are in memory.
const AT_A_TIME: usize = 1000;

/// One update: the values of `[begin, begin + step)` by position in the protocol's table. Where they are unknown, so is the time
/// since the update before.
pub type Update = (i64, Values);

/// Pushes `updates` to the RRD at `path`.
#[cfg(test)]
pub(crate) fn push(path: &std::path::Path, protocol: &Protocol, step: i64, updates: &[Update]) -> Result<()> {
    use super::header::Look;
    let gone = || Error::Message(format!("{}: is gone", path.display()));
    let rrd = LockedRrd::open(path)?.ok_or_else(gone)?;
    match rrd.peek()? {
        Look::Sound(header) => rrd.push(&header, protocol, step, updates),
        Look::Broken(why) => Err(Error::Message(format!("{}: is damaged: {why}", path.display()))),
        Look::Missing => Err(gone()),
    }
}

impl LockedRrd {
    /// Writes what `updates` (oldest first, all after the last update) make of the file that had the header `before`, and
    /// makes it durable. Whatever was written of it already, by a process that died, is written again.
    ///
    /// # Errors
    /// When the updates do not fit to the file, or it cannot be written. [`LockedRrd::write_header`] undoes what was done.
    pub fn push(&self, before: &Header, protocol: &Protocol, step: i64, updates: &[Update]) -> Result<()> {
        let refused = |why| Error::Message(format!("{}: {why}", self.path().display()));
        let mut after: Option<Header> = None;
        for some in updates.chunks(AT_A_TIME) {
            let updated = updated(after.as_ref().unwrap_or(before), protocol, step, some).map_err(refused)?;
            self.write_rows(&updated.rows)?;
            after = Some(Header::parse(updated.header, before.mark.size, before.file).map_err(refused)?);
        }
        // Last, so that the file ends where it did until all rows are written.
        after.map_or(Ok(()), |after| self.write_header(&after.bytes))
    }
}

/// The name of a data source that the file lacks though its counter moves in `updates`.
pub fn lacking<'p>(header: &Header, protocol: &'p Protocol, updates: &[Update]) -> Option<&'p str> {
    let lacks: Vec<bool> = protocol
        .counters
        .iter()
        .map(|counter| {
            source_of(counter).is_some() && header.sources.iter().all(|source| source.name != counter.ds)
        })
        .collect();
    if !lacks.contains(&true) {
        return None;
    }
    let known = updates.iter().filter(|(_, values)| !values.are_unknown());
    let mut moved = known.flat_map(|(_, values)| values.iter());
    moved.find(|(at, value)| *value != 0 && lacks[*at]).map(|(at, _)| protocol.counters[at].ds)
}

/// What `updates` make of a file that has this header.
pub(super) fn updated(
    header: &Header,
    protocol: &Protocol,
    step: i64,
    updates: &[Update],
) -> std::result::Result<Updated, String> {
    let sources = sources(header, protocol)?;
    let zeros = vec![0.0; sources.len()];
    let mut arithmetic = Arithmetic::of(header)?;
    if let Some(name) = lacking(header, protocol, updates) {
        return Err(format!("has no data source {name:?}, which moved; it gets one at the next run"));
    }
    let mut known_to = header.last_update;
    let mut values = zeros.clone();
    let mut bin = Vec::new();
    for (begin, packed) in updates {
        if packed.are_unknown() {
            known_to = begin + step;
            arithmetic.update(known_to, &vec![f64::NAN; sources.len()])?;
            continue;
        }
        packed.unpack(&mut bin);
        if *begin > known_to {
            // Over a gap that is longer than the heartbeat nothing is known; that must not reach
            // into the day's row, which would leave it out of its average.
            let midnight = begin.div_euclid(DAY) * DAY;
            if begin - known_to > i64::from(HEARTBEAT) && midnight < *begin {
                arithmetic.update(midnight, &zeros)?;
            }
            if protocol.measured {
                arithmetic.update(*begin, &since_the_last_one(&sources, &bin, begin - known_to))?;
            } else {
                arithmetic.update(*begin, &zeros)?;
            }
        }
        known_to = begin + step;
        values.clear();
        values.extend(sources.iter().map(|source| source.value(&bin)));
        arithmetic.update(known_to, &values)?;
    }
    Ok(arithmetic.finish())
}

/// The counter that a data source of a file is for.
struct Source {
    /// Its position in the protocol's table.
    counter: usize,
    kind: CounterKind,
}

/// The counters of a file's data sources, in the order of the file.
fn sources(header: &Header, protocol: &Protocol) -> std::result::Result<Vec<Source>, String> {
    let of = |name: &str| {
        let counter = protocol.counters.iter().position(|counter| !name.is_empty() && counter.ds == name);
        let counter = counter.ok_or_else(|| format!("its data source {name:?} is no counter of ours"))?;
        Ok(Source { counter, kind: protocol.counters[counter].kind })
    };
    header.sources.iter().map(|source| of(&source.name)).collect()
}

impl Source {
    fn value(&self, bin: &[i128]) -> f64 {
        let value = bin[self.counter];
        #[expect(
            clippy::cast_precision_loss,
            reason = "an RRD holds doubles; a bin's delta is far below 2^53"
        )]
        match self.kind {
            CounterKind::Sum | CounterKind::Net => value as f64 / 1e9,
            _ => value as f64,
        }
    }
}

/// The values between two measurements: of gauges what the second one found, if the two are not far apart, and
/// otherwise unknown; of counters 0.
fn since_the_last_one(sources: &[Source], bin: &[i128], seconds: i64) -> Vec<f64> {
    let value = |source: &Source| match (source.kind.is_gauge(), seconds <= HOLDS_BACK) {
        (false, _) => 0.0,
        (true, true) => source.value(bin),
        (true, false) => f64::NAN,
    };
    sources.iter().map(value).collect()
}

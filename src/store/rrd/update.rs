//! Bins, pushed to a file.
use std::path::Path;

use nix::errno::Errno;
use rrd::ops::update::{BatchTime, Datum, Options};

use super::librrd::{is_locked, librrd, refused, time};
use super::open::OpenRrd;
use super::patient::Pauses;
use super::schema::{DAY, HEARTBEAT};
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};
use crate::protocol::{CounterKind, Protocol};

/// Measurements that are further apart than this (seconds) say nothing of the time between them.
const HOLDS_BACK: i64 = 3600;

/// One update: the values of `[begin, begin + step)` by position in the protocol's table.
pub type Update = (i64, Vec<i128>);

/// Pushes `updates` (oldest first, all after `last_update`) and makes them durable.
///
/// Not atomic: whoever calls it keeps the header and puts it back when this fails.
pub fn push(path: &Path, protocol: &Protocol, step: i64, last_update: i64, updates: &[Update]) -> Result<()> {
    let kinds: Vec<(usize, CounterKind)> = protocol
        .counters
        .iter()
        .enumerate()
        .filter(|(_, c)| !matches!(c.kind, CounterKind::Derived(_)))
        .map(|(i, c)| (i, c.kind))
        .collect();
    let zeros = vec![Datum::Int(0); kinds.len()];
    let mut batch: Vec<(BatchTime, Vec<Datum>)> = Vec::with_capacity(updates.len() * 2);
    let mut known_to = last_update;
    for (begin, values) in updates {
        if *begin > known_to {
            // Over a gap that is longer than the heartbeat librrd knows nothing; that must not reach
            // into the day's row, which would leave it out of its average.
            let midnight = begin.div_euclid(DAY) * DAY;
            if begin - known_to > i64::from(HEARTBEAT) && midnight < *begin {
                batch.push((time(midnight).into(), zeros.clone()));
            }
            let gap = if protocol.measured {
                since_the_last_one(&kinds, values, begin - known_to)
            } else {
                zeros.clone()
            };
            batch.push((time(*begin).into(), gap));
        }
        known_to = begin + step;
        batch.push((time(known_to).into(), kinds.iter().map(|(i, kind)| datum(*kind, values[*i])).collect()));
    }
    if batch.is_empty() {
        return Ok(());
    }
    let gone = || Error::Message(format!("{}: is gone", path.display()));
    let held = OpenRrd::open(path)?.ok_or_else(gone)?;
    disk::change(Change::Write(path), || Ok(update(&held, &batch))).at("update", path)??;
    // librrd writes through a shared mapping: an fdatasync of the file covers it.
    disk::fdatasync(path, held.file())
}

fn update(held: &OpenRrd, batch: &[(BatchTime, Vec<Datum>)]) -> Result<()> {
    has_no_holes(held)?;
    let mut pauses = Pauses::new();
    loop {
        let result = {
            let _alone = librrd();
            rrd::ops::update::update_all(held.name(), Options::default(), batch)
        };
        match result {
            // A reader (rrdtool graph, a backup) holds librrd's own lock; it is over soon.
            Err(e) if is_locked(&e) && pauses.wait() => {}
            Err(e) if is_locked(&e) => {
                let path = held.path().display();
                let text = format!("{path}: another program holds a lock on it (fuser {path} names it)");
                return Err(Error::Message(text));
            }
            result => return result.map_err(|e| refused(held.path(), held.words(&e.to_string()))),
        }
    }
}

/// Allocates what a copy that leaves out zeros (rsync -S, cp --sparse) has left out of the file: librrd writes
/// through a mapping, and on a full disk a write into a hole of it is no error but the end of the process.
fn has_no_holes(held: &OpenRrd) -> Result<()> {
    let path = held.path();
    let file = std::fs::File::options().read(true).write(true).open(held.name()).at("open", path)?;
    let size = file.metadata().at("look at", path)?.len();
    match nix::fcntl::posix_fallocate(&file, 0, i64::try_from(size).unwrap_or(i64::MAX)) {
        Err(e @ (Errno::ENOSPC | Errno::EDQUOT)) => Err(e).at("write", path),
        // Not every file system can tell.
        _ => Ok(()),
    }
}

/// The values between two measurements: of gauges what the second one found, if the two are not far apart, and
/// otherwise unknown; of counters 0.
fn since_the_last_one(kinds: &[(usize, CounterKind)], values: &[i128], seconds: i64) -> Vec<Datum> {
    let gauge = |(i, kind): &(usize, CounterKind)| match (kind.is_gauge(), seconds <= HOLDS_BACK) {
        (false, _) => Datum::Int(0),
        (true, true) => datum(*kind, values[*i]),
        (true, false) => Datum::Unspecified,
    };
    kinds.iter().map(gauge).collect()
}

fn datum(kind: CounterKind, value: i128) -> Datum {
    #[expect(clippy::cast_precision_loss, reason = "an RRD holds doubles; a bin's delta is far below 2^53")]
    match kind {
        CounterKind::Sum | CounterKind::Net => Datum::Float(value as f64 / 1e9),
        _ => u64::try_from(value).map_or(Datum::Float(value as f64), Datum::Int),
    }
}

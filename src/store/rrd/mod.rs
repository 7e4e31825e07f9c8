//! The round robin databases: the only place that writes them, and the only user of librrd.
//!
//! One RRD a protocol. Data sources of counts and sums are ABSOLUTE and get one update a step, at the
//! end of the bin, with the bin's delta: `row × step` read back is the count, to the message. A gap is
//! pushed as zero, because it was read and there was nothing in it.
pub(crate) mod graph_v;
pub mod header;
pub mod held;
mod history;
pub mod patient;
pub mod transplant;
mod zone;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use nix::errno::Errno;
use rrd::ConsolidationFn;
use rrd::error::RrdError;
use rrd::ops::create::{Archive, DataSource, DataSourceName};
use rrd::ops::update::{BatchTime, Datum, Options};

use crate::disk::{self, Change};
use crate::error::{At, Error, Result};
use crate::protocol::{Counter, Kind, Protocol};
use header::Source;
use held::Held;
use patient::Pauses;

/// librrd keeps two processes apart, but not two threads of one: every call holds this.
pub(crate) static LIBRRD: Mutex<()> = Mutex::new(());

pub(crate) fn librrd() -> MutexGuard<'static, ()> {
    LIBRRD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ten years: a gap in the log is known to be zero however long it was.
const HEARTBEAT: u32 = 315_360_000;
const DAY: i64 = 86_400;

/// Measurements that are further apart than this (seconds) say nothing of the time between them.
const HELD: i64 = 3600;

/// (seconds a row, seconds kept): 1 min × 2 d, 5 min × 14 d, 30 min × 62 d, 2 h × 2 y, 1 d × 10 y.
const ROWS: [(u32, u32); 5] = [
    (60, 2 * 86_400),
    (300, 14 * 86_400),
    (1800, 62 * 86_400),
    (7200, 731 * 86_400),
    (86_400, 3653 * 86_400),
];

/// (steps a row, rows) for a step of `own` seconds. Rows finer than a step become rows of one step, kept
/// for the longest of their times.
fn rows_of(own: u32) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> = Vec::new();
    for (row, span) in ROWS {
        let steps = (row / own).max(1);
        let rows = span / (steps * own);
        match all.last_mut() {
            Some((same, most)) if *same == steps => *most = (*most).max(rows),
            _ => all.push((steps, rows)),
        }
    }
    all
}

/// What the archives of a file are.
pub fn archives_of(step: u32) -> Vec<header::Archive> {
    let of = |function: &'static str| {
        rows_of(step).into_iter().map(move |(steps, rows)| header::Archive {
            function: function.to_owned(),
            rows: rows as usize,
            steps: steps as usize,
        })
    };
    of("AVERAGE").chain(of("MAX")).collect()
}

const ABSOLUTE: &str = "ABSOLUTE";
const GAUGE: &str = "GAUGE";

/// What the data sources of a protocol's file are.
pub fn sources_of(protocol: &Protocol) -> Vec<Source> {
    let of = |counter: &Counter| {
        let (kind, has_minimum) = match counter.kind {
            Kind::Derived(_) => return None,
            Kind::Count | Kind::Sum => (ABSOLUTE, true),
            // A negative term is told from "unknown" by having no minimum.
            Kind::Net => (ABSOLUTE, false),
            Kind::Peak | Kind::Level => (GAUGE, true),
        };
        Some(Source { name: counter.ds.to_owned(), kind: kind.to_owned(), has_minimum })
    };
    protocol.counters.iter().filter_map(of).collect()
}

/// One update: the values of `[begin, begin + step)` by position in the protocol's table.
pub type Update = (i64, Vec<i128>);

/// Makes a new RRD at `path` that holds `updates`, oldest first: as a temporary file that is renamed,
/// so that it is there whole or not at all. What stands there is replaced, and gone if this fails.
///
/// librrd is told that nothing happened since 00:00 UTC of the day on which it begins: a consolidated row that began
/// before the file would leave the unknown part out of its average and be too high. The rows that are over by then are
/// made unknown afterwards.
pub fn create(path: &Path, protocol: &Protocol, step: i64, updates: &[Update]) -> Result<()> {
    create_from(path, protocol, step, updates, &Past::Known(i64::MAX))
}

/// What a new file has of the time before its first bin.
#[derive(Clone, Debug)]
pub enum Past {
    /// It is known that nothing happened since then (unix seconds), and nothing of the time before.
    Known(i64),
    /// What this file has.
    Of(PathBuf),
}

/// As [`create`], with a past.
pub fn create_from(
    path: &Path,
    protocol: &Protocol,
    step: i64,
    updates: &[Update],
    past: &Past,
) -> Result<()> {
    let temporary = disk::temporary(path);
    let first = updates.first().map_or(0, |u| u.0);
    let begin = match past {
        Past::Known(since) => first.min(*since).div_euclid(step) * step,
        Past::Of(_) => first,
    };
    let made = create_at(&temporary, protocol, step, begin, updates).and_then(|()| {
        history::forget(&temporary, begin)?;
        if let Past::Of(before) = past {
            history::take_over(before, &temporary, begin)?;
        }
        disk::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), disk::sync_dir)
    });
    if made.is_err() {
        let _ = disk::remove(&temporary);
        // One that may vanish with the power, or that a process which died has made of the same updates: they wait
        // now, and must not stand in it as well.
        let _ = disk::remove(path);
    }
    made
}

/// A file in which nothing happened from 00:00 UTC of the day of `begin` up to the first of `updates`.
fn create_at(path: &Path, protocol: &Protocol, step: i64, begin: i64, updates: &[Update]) -> Result<()> {
    disk::remove(path)?;
    let start = begin.div_euclid(DAY) * DAY;
    let mut sources = Vec::new();
    for source in sources_of(protocol) {
        let name = DataSourceName::new(&source.name).map_err(|e| refused(path, e))?;
        let minimum = source.has_minimum;
        sources.push(if source.kind == ABSOLUTE {
            DataSource::absolute(&name, HEARTBEAT, minimum.then_some(0), None)
        } else {
            DataSource::gauge(&name, HEARTBEAT, minimum.then_some(0.0), None)
        });
    }
    let mut archives = Vec::new();
    let own = u32::try_from(step).unwrap_or(60);
    for cf in [ConsolidationFn::Avg, ConsolidationFn::Max] {
        for (steps, rows) in rows_of(own) {
            archives.push(Archive::new(cf, 0.5, steps, rows).map_err(|e| refused(path, e))?);
        }
    }
    {
        let _alone = librrd();
        let step = Duration::from_secs(u64::from(own));
        disk::change(Change::Create(path), || {
            Ok(rrd::ops::create::create(path, time(start), step, false, None, &[], &sources, &archives))
        })
        .at("create", path)?
        .map_err(|e| refused(path, e))?;
    }
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).at("chmod", path)?;
    push(path, protocol, step, start, updates)
}

/// Pushes `updates` (oldest first, all after `last_update`) and makes them durable.
///
/// Not atomic: whoever calls it keeps the header and puts it back when this fails.
pub fn push(path: &Path, protocol: &Protocol, step: i64, last_update: i64, updates: &[Update]) -> Result<()> {
    let kinds: Vec<(usize, Kind)> = protocol
        .counters
        .iter()
        .enumerate()
        .filter(|(_, c)| !matches!(c.kind, Kind::Derived(_)))
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
            let gap = if protocol.measured { held(&kinds, values, begin - known_to) } else { zeros.clone() };
            batch.push((time(*begin).into(), gap));
        }
        known_to = begin + step;
        batch.push((time(known_to).into(), kinds.iter().map(|(i, kind)| datum(*kind, values[*i])).collect()));
    }
    if batch.is_empty() {
        return Ok(());
    }
    let gone = || Error::Message(format!("{}: is gone", path.display()));
    let held = Held::open(path)?.ok_or_else(gone)?;
    disk::change(Change::Write(path), || Ok(update(&held, &batch))).at("update", path)??;
    // librrd writes through a shared mapping: an fdatasync of the file covers it.
    disk::fdatasync(path, held.file())
}

/// What an RRD has of its minutes, by their begin: the values by position in the protocol's table, 0 where it has none.
pub type Rows = std::collections::BTreeMap<i64, Vec<i128>>;

/// The rows of one step that a file has of the time from `from` to `to` (unix seconds, multiples of `step`). Where
/// only longer rows are left of it there are none.
///
/// # Errors
/// When librrd cannot read it.
pub fn rows(path: &Path, protocol: &Protocol, step: i64, from: i64, to: i64) -> Result<Rows> {
    let Some(held) = Held::open(path)? else { return Ok(Rows::new()) };
    let data = {
        let _alone = librrd();
        let resolution = Duration::from_secs(u64::try_from(step).unwrap_or(60));
        rrd::ops::fetch::fetch(held.name(), ConsolidationFn::Avg, time(from), time(to), resolution)
            .map_err(|e| refused(path, held.words(&e.to_string())))?
    };
    let names = data.ds_names();
    let places: Vec<Option<usize>> = protocol
        .counters
        .iter()
        .map(|c| names.iter().position(|name| !c.ds.is_empty() && name == c.ds))
        .collect();
    let mut rows = Rows::new();
    let mut before: Option<i64> = None;
    for row in data.rows().iter() {
        let end = row.timestamp().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let end = i64::try_from(end).unwrap_or(i64::MAX);
        if before.is_some_and(|before| end - before != step) {
            return Ok(Rows::new());
        }
        before = Some(end);
        let value = |(counter, place): (&Counter, &Option<usize>)| {
            let rate = place.and_then(|i| row.as_slice().get(i)).copied().filter(|rate| rate.is_finite());
            amount(counter.kind, rate.unwrap_or(0.0), step)
        };
        rows.insert(end - step, protocol.counters.iter().zip(&places).map(value).collect());
    }
    Ok(rows)
}

/// What a rate over one step came from.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an RRD holds doubles")]
fn amount(kind: Kind, rate: f64, step: i64) -> i128 {
    match kind {
        Kind::Count => (rate * step as f64).round() as i128,
        Kind::Sum | Kind::Net => (rate * step as f64 * 1e9).round() as i128,
        Kind::Peak | Kind::Level => rate.round() as i128,
        Kind::Derived(_) => 0,
    }
}

fn update(held: &Held, batch: &[(BatchTime, Vec<Datum>)]) -> Result<()> {
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
fn has_no_holes(held: &Held) -> Result<()> {
    let path = held.path();
    let file = std::fs::File::options().read(true).write(true).open(held.name()).at("open", path)?;
    let size = file.metadata().at("look at", path)?.len();
    match nix::fcntl::posix_fallocate(&file, 0, i64::try_from(size).unwrap_or(i64::MAX)) {
        Err(e @ (Errno::ENOSPC | Errno::EDQUOT)) => Err(e).at("write", path),
        // Not every file system can tell.
        _ => Ok(()),
    }
}

/// What lies between two measurements: as long as they are not far apart, what the second one found; else nobody
/// knows. Nothing was counted there.
fn held(kinds: &[(usize, Kind)], values: &[i128], seconds: i64) -> Vec<Datum> {
    let gauge = |(i, kind): &(usize, Kind)| match (kind.is_gauge(), seconds <= HELD) {
        (false, _) => Datum::Int(0),
        (true, true) => datum(*kind, values[*i]),
        (true, false) => Datum::Unspecified,
    };
    kinds.iter().map(gauge).collect()
}

/// Is it only that another process has the file locked?
pub fn is_locked(error: &RrdError) -> bool {
    matches!(error, RrdError::LibRrdError(text) if text.contains("could not lock"))
}

fn datum(kind: Kind, value: i128) -> Datum {
    #[expect(clippy::cast_precision_loss, reason = "an RRD holds doubles; a bin's delta is far below 2^53")]
    match kind {
        Kind::Sum | Kind::Net => Datum::Float(value as f64 / 1e9),
        _ => u64::try_from(value).map_or(Datum::Float(value as f64), Datum::Int),
    }
}

fn time(secs: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap_or(0))
}

fn refused(path: &Path, error: impl std::fmt::Display) -> Error {
    let text = error.to_string();
    let text = text.strip_prefix("librrd: ").unwrap_or(&text).trim_matches('"').to_owned();
    // librrd says nothing at all when the disk is full at create.
    let text = if text.is_empty() { "no reason given (is the disk full?)".to_owned() } else { text };
    Error::Rrd { path: path.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use header::{Header, Look, look};

    fn update(begin: i64, new: i128) -> Update {
        let mut values = vec![0; SEND.counters.len()];
        values[SEND.index("message_new").unwrap()] = new;
        values[SEND.index("status_localp").unwrap()] = new * 100_000_000;
        values[SEND.index("peak_local").unwrap()] = new;
        (begin, values)
    }

    fn sound(path: &Path) -> Header {
        match look(path).unwrap() {
            Look::Sound(header) => *header,
            other => panic!("{other:?}"),
        }
    }

    fn fetch(path: &Path, from: i64, to: i64, resolution: u64, ds: &str) -> Vec<(i64, f64)> {
        let _alone = librrd();
        let data = rrd::ops::fetch::fetch(
            path,
            ConsolidationFn::Avg,
            time(from),
            time(to),
            Duration::from_secs(resolution),
        )
        .unwrap();
        let i = data.ds_names().iter().position(|n| n == ds).unwrap();
        data.rows()
            .iter()
            .map(|r| {
                let end = r.timestamp().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
                (i64::try_from(end).unwrap(), r.as_slice()[i])
            })
            .filter(|(_, v)| !v.is_nan())
            .collect()
    }

    const T: i64 = 1_790_000_040 / 60 * 60;

    #[test]
    fn a_measurement_holds_back_to_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("queue.rrd");
        let protocol = crate::protocol::queue::protocol(&crate::protocol::Settings::default());
        let noon = 1_790_640_000;
        let at = |begin: i64, messages: i128| {
            let mut values = vec![0; protocol.counters.len()];
            values[protocol.index("queue_reads").unwrap()] = 1;
            values[protocol.index("messages").unwrap()] = messages;
            (begin, values)
        };
        create(
            &path,
            &protocol,
            60,
            &[at(noon, 7), at(noon + 300, 9), at(noon + 8040, 4), at(noon + 8340, 0)],
        )
        .unwrap();
        let rows: std::collections::BTreeMap<i64, f64> =
            fetch(&path, noon - 60, noon + 8460, 60, "messages").into_iter().collect();
        assert!(!rows.contains_key(&noon), "nobody measured before");
        assert_eq!(rows[&(noon + 60)], 7.0);
        for end in (noon + 120..=noon + 360).step_by(60) {
            assert_eq!(rows[&end], 9.0, "{}", end - noon);
        }
        assert!(!rows.contains_key(&(noon + 3960)), "more than an hour");
        assert_eq!(rows[&(noon + 8280)], 0.0);
        let reads: f64 = fetch(&path, noon - 60, noon + 8460, 60, "queue_reads")
            .iter()
            .map(|r| r.1 * 60.0)
            .filter(|v| v.is_finite())
            .sum();
        assert!((reads - 4.0).abs() < 1e-9, "{reads}");
    }

    #[test]
    fn a_longer_step_shortens_no_archive() {
        assert_eq!(rows_of(60), [(1, 2880), (5, 4032), (30, 2976), (120, 8772), (1440, 3653)]);
        assert_eq!(
            rows_of(300),
            [(1, 4032), (6, 2976), (24, 8772), (288, 3653)],
            "5 minutes are kept 14 days"
        );
        assert_eq!(rows_of(86_400), [(1, 3653)]);
    }

    #[test]
    fn rows_are_the_bins_and_gaps_are_zero() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rrd");
        create(&path, &SEND, 60, &[update(T, 7), update(T + 600, 5)]).unwrap();
        let rows = fetch(&path, T - 120, T + 660, 60, "message_new");
        for (end, value) in rows {
            let expected = match end - 60 - T {
                0 => 7.0,
                600 => 5.0,
                _ => 0.0,
            };
            assert!((value * 60.0 - expected).abs() < 1e-9, "{end}: {value}");
        }
        push(&path, &SEND, 60, T + 660, &[update(T + 660, 3)]).unwrap();
        let total: f64 = fetch(&path, T, T + 720, 60, "message_new").iter().map(|r| r.1 * 60.0).sum();
        assert!((total - 15.0).abs() < 1e-9);
        let share: f64 = fetch(&path, T, T + 720, 60, "status_localp").iter().map(|r| r.1 * 60.0).sum();
        assert!((share - 1.5).abs() < 1e-9);
    }

    #[test]
    fn the_header_says_what_rrd_info_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rrd");
        create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
        let header = sound(&path);
        let _alone = librrd();
        let mut info = rrd::ops::info::info(&path).unwrap();
        let mut count = |key: &str| info.remove(key).unwrap().into_count().unwrap();
        assert_eq!(header.bytes.len() as u64, count("header_size"));
        assert_eq!(header.last_update as u64, count("last_update"));
        assert_eq!(header.step, count("step"));
        assert_eq!(header.sources.len(), SEND.counters.len() - 1);
    }

    #[test]
    fn the_same_updates_after_the_header_is_put_back_give_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rrd");
        create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
        let before = sound(&path);
        let updates: Vec<Update> =
            (1..200).map(|i| update(T + 60 * i + if i > 100 { 6000 } else { 0 }, i.into())).collect();
        push(&path, &SEND, 60, before.last_update, &updates).unwrap();
        let once = std::fs::read(&path).unwrap();
        header::put_back(&path, &before.bytes).unwrap();
        push(&path, &SEND, 60, before.last_update, &updates).unwrap();
        assert!(once == std::fs::read(&path).unwrap());
    }

    #[test]
    fn damage_is_seen_before_librrd_sees_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rrd");
        assert!(matches!(look(&path).unwrap(), Look::Missing));
        create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
        let good = std::fs::read(&path).unwrap();
        let header = sound(&path);
        for length in (0..header.bytes.len()).step_by(97).chain([good.len() - 1]) {
            std::fs::write(&path, &good[..length]).unwrap();
            assert!(matches!(look(&path).unwrap(), Look::Broken(_)), "{length} bytes");
        }
        // Numbers with which librrd writes beyond its buffers: the step, the steps of a row, the last update.
        let row = 128 + 120 * header.sources.len() + 32;
        for (at, numbers) in [
            (40, &[0, 86_401, 1 << 62, u64::MAX][..]),
            (row, &[0, 1 << 40, u64::MAX]),
            (header.live_head().start, &[1 << 40, 1 << 63, u64::MAX]),
        ] {
            for number in numbers {
                let mut bad = good.clone();
                bad[at..at + 8].copy_from_slice(&number.to_le_bytes());
                std::fs::write(&path, &bad).unwrap();
                assert!(matches!(look(&path).unwrap(), Look::Broken(_)), "{number} at {at}");
            }
        }
        // And words that librrd does not know, or that do not end.
        let archive = 128 + 120 * header.sources.len();
        for (at, word) in [
            (128, &b"a_name_of_just_twenty"[..20]),
            (148, b"COMPUTE"),
            (148, b"GAUGES"),
            (archive, b"FAILURES"),
            (archive, b"AX"),
            (header.pdp_prep(0).start, &[b'7'; 30]),
        ] {
            let mut bad = good.clone();
            bad[at..at + word.len()].copy_from_slice(word);
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(look(&path).unwrap(), Look::Broken(_)), "{} at {at}", word.escape_ascii());
        }
        let schema = 128 + 120 * (header.sources.len() + 10);
        for byte in (0..schema).step_by(13) {
            let mut bad = good.clone();
            bad[byte] ^= 4;
            std::fs::write(&path, &bad).unwrap();
            let noticed = match look(&path).unwrap() {
                Look::Sound(h) => h.mark != header.mark,
                _ => true,
            };
            assert!(noticed, "byte {byte}");
        }
    }
}

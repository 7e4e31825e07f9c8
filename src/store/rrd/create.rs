//! A new file.
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::header::Header;
use super::header::Source;
use super::locked::LockedRrd;
use super::mark::RrdMark;
use super::schema::{DAY, HEARTBEAT, MAY_BE_UNKNOWN, Wanted, archives_of};
use super::update::Update;
use super::{history, layout};
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};
use crate::ledger::{Digest, digest};
use crate::protocol::Protocol;

/// Makes a new RRD of all counters, without a past.
///
/// # Errors
/// When it cannot be written.
#[cfg(any(test, fuzzing))]
pub fn create(path: &Path, protocol: &Protocol, step: i64, updates: &[Update]) -> Result<()> {
    create_from(path, protocol, step, &Wanted::all(protocol), updates, &Past::Known(i64::MAX))
}

/// What a new file has of the time before its first bin.
#[derive(Clone, Debug)]
pub enum Past {
    /// That nothing happened since this time (unix seconds). The time before it is unknown.
    Known(i64),
    /// The rows of this file.
    Of(PathBuf),
}

/// Makes a new RRD at `path` that holds `updates`, oldest first: as a temporary file that is renamed, so that it is
/// there whole or not at all. A file that stands there is replaced, and is gone if this fails.
///
/// It begins as if nothing had happened since 00:00 UTC of its first day: a consolidated row that began before the file
/// would leave the unknown part out of its average and be too high. The rows that are over by then are made unknown
/// afterwards, but for what `past` knows of them.
pub fn create_from(
    path: &Path,
    protocol: &Protocol,
    step: i64,
    wanted: &Wanted,
    updates: &[Update],
    past: &Past,
) -> Result<()> {
    let temporary = disk::temporary(path);
    let first = updates.first().map_or(0, |u| u.0);
    let begin = match past {
        Past::Known(since) => first.min(*since).div_euclid(step) * step,
        Past::Of(_) => first,
    };
    let made = create_at(&temporary, protocol, step, wanted, begin, updates).and_then(|()| {
        history::forget(&temporary, begin)?;
        if let Past::Of(before) = past {
            history::take_over(before, &temporary, wanted, begin)?;
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
fn create_at(
    path: &Path,
    protocol: &Protocol,
    step: i64,
    wanted: &Wanted,
    begin: i64,
    updates: &[Update],
) -> Result<()> {
    let blank = blank(&wanted.sources, step, begin.div_euclid(DAY) * DAY);
    let file = disk::create(path, 0o644)?;
    disk::change(Change::Write(path), || write(&file, &blank)).at("write", path)?;
    drop(file);
    let gone = || Error::Message(format!("{}: is gone", path.display()));
    LockedRrd::open(path)?.ok_or_else(gone)?.push(&blank, protocol, step, updates)
}

/// All rows of a new file are unknown.
fn write(file: &File, blank: &Header) -> io::Result<()> {
    let unknown = f64::NAN.to_le_bytes().repeat(blank.sources.len());
    let mut out = BufWriter::with_capacity(1 << 18, file);
    out.write_all(&blank.bytes)?;
    for _ in 0..blank.archives.iter().map(|archive| archive.rows).sum() {
        out.write_all(&unknown)?;
    }
    out.flush()
}

/// The header of a file without any update since `start` (unix seconds), as `rrdtool create` makes it.
pub fn blank(sources: &[Source], step: i64, start: i64) -> Header {
    let sources = sources.to_vec();
    let step = u32::try_from(step).unwrap_or(60);
    let archives = archives_of(step);
    let size = layout::header_size(sources.len(), archives.len());
    let rows: usize = archives.iter().map(|archive| archive.rows).sum();
    let mut header = Header {
        bytes: vec![0; size],
        file: (0, 0),
        mark: RrdMark { size: (size + rows * 8 * sources.len()) as u64, schema: Digest::default() },
        last_update: start,
        sources,
        archives,
        step: u64::from(step),
    };
    let mut bytes = std::mem::take(&mut header.bytes);
    layout::put_text(&mut bytes, 0, layout::VERSION, "RRD");
    layout::put_text(&mut bytes, layout::VERSION, 5, "0003");
    layout::put_float(&mut bytes, layout::FLOAT_COOKIE, layout::COOKIE);
    layout::put_integer(&mut bytes, layout::SOURCES, header.sources.len() as u64);
    layout::put_integer(&mut bytes, layout::ARCHIVES, header.archives.len() as u64);
    layout::put_integer(&mut bytes, layout::STEP, header.step);
    layout::put_time(&mut bytes, header.live_head().start, start);
    let in_a_step = start.rem_euclid(i64::from(step)).unsigned_abs();
    for (number, source) in header.sources.iter().enumerate() {
        let at = header.definition(number);
        layout::put_text(&mut bytes, at, layout::WORD, &source.name);
        layout::put_text(&mut bytes, at + layout::KIND, layout::WORD, &source.kind);
        layout::put_integer(&mut bytes, at + layout::HEARTBEAT, u64::from(HEARTBEAT));
        let minimum = if source.has_minimum { 0.0 } else { f64::NAN };
        layout::put_float(&mut bytes, at + layout::MINIMUM, minimum);
        layout::put_float(&mut bytes, at + layout::MAXIMUM, f64::NAN);
        let at = header.pdp_prep(number).start;
        layout::put_text(&mut bytes, at, layout::LAST_VALUE, "U");
        layout::put_integer(&mut bytes, at + layout::UNKNOWN_SECONDS, in_a_step);
        layout::put_float(&mut bytes, at + layout::AMOUNT, f64::NAN);
    }
    let steps = start.unsigned_abs() / header.step;
    for (number, archive) in header.archives.iter().enumerate() {
        let at = header.definition(header.sources.len() + number);
        layout::put_text(&mut bytes, at, layout::WORD, &archive.function);
        layout::put_integer(&mut bytes, at + layout::ROWS, archive.rows as u64);
        layout::put_integer(&mut bytes, at + layout::STEPS, archive.steps as u64);
        layout::put_float(&mut bytes, at + layout::XFF, MAY_BE_UNKNOWN);
        for source in 0..header.sources.len() {
            let at = header.cdp_prep(number, source).start;
            layout::put_float(&mut bytes, at + layout::VALUE, f64::NAN);
            layout::put_integer(&mut bytes, at + layout::UNKNOWN_STEPS, steps % archive.steps as u64);
        }
        // The first row that is written is that at the archive's beginning.
        let pointer = header.cdp_prep(header.archives.len(), 0).start + layout::POINTER * number;
        layout::put_integer(&mut bytes, pointer, (archive.rows - 1) as u64);
    }
    header.mark.schema = digest(&[&bytes[..header.schema()]]);
    header.bytes = bytes;
    header
}

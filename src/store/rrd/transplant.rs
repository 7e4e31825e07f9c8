//! A file with other data sources, made from one whose history it goes on with.
//!
//! `rrdcreate --source` is not exact enough for this. To a data source that the old file lacks it gives an
//! unknown past, in the rows that are still open too: librrd leaves the unknown part out of such a row's
//! average, so that `row × step` of the first day is too high, or, where more than half is unknown, lost.
//! Here every byte of a data source that stays is copied: its rows, and what it brought to the open ones.
//! A new one is 0 in the rows that are open, which makes `row × step` its counter from the first row on. In the rows
//! that are finished it is 0 where anything is known, if it was counted then and never moved; every byte is then that
//! of a file that had it from the beginning. Otherwise it is unknown in them.
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::carry::Carry;
use super::create::blank;
use super::header::{Header, Look, Source, peek};
use super::schema::{DAY, Wanted};
use super::update::updated;
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};
use crate::protocol::Protocol;
use crate::tally::Values;

/// Makes the file `to`, durably: the data sources that are `wanted`, with the history that `old`, the file at
/// `from`, has of them. The archives are those of `old`, which must be those of [`super::create_from()`].
///
/// # Errors
/// When a file cannot be read or written. `to` may be there then, and be anything.
pub fn transplant(
    from: &Path,
    old: &Header,
    to: &Path,
    protocol: &Protocol,
    step: i64,
    wanted: &Wanted,
) -> Result<Header> {
    let changed = |path: &Path, why: &str| {
        Error::Message(format!("{}: its data sources cannot be changed: {why}", path.display()))
    };
    let blank = of_zeros(old, protocol, step, &wanted.sources).map_err(|why| changed(from, &why))?;
    if blank.archives != old.archives || blank.last_update != old.last_update {
        return Err(changed(from, "its archives or its last update are not those that a new file has"));
    }
    let file = disk::create(to, 0o644)?;
    let Some(source) = disk::open(from)? else { return Err(changed(from, "it was removed")) };
    disk::change(Change::Write(to), || write(&source, old, &blank, wanted, &file)).at("write", to)?;
    disk::fsync(to, &file)?;
    if let Some(dir) = to.parent() {
        disk::sync_dir(dir)?;
    }
    match peek(to)? {
        Look::Sound(new) if new.last_update == old.last_update && new.sources == blank.sources => Ok(*new),
        _ => Err(changed(from, "the new file is not what was written to it")),
    }
}

/// The header of a file that is made now, all of whose data sources were 0 up to the last update of
/// `old`.
fn of_zeros(
    old: &Header,
    protocol: &Protocol,
    step: i64,
    sources: &[Source],
) -> std::result::Result<Header, String> {
    // Two days hold the beginning of every row that is open.
    let begin = old.last_update - 2 * DAY;
    let values = Values::of(&vec![0; protocol.counters.len()]);
    let zeros = [(begin, values.clone()), (old.last_update - step, values)];
    let blank = blank(sources, step, begin.div_euclid(DAY) * DAY);
    let made = updated(&blank, protocol, step, &zeros)?;
    Header::parse(made.header, blank.mark.size, blank.file)
}

fn write(source: &File, old: &Header, blank: &Header, wanted: &Wanted, to: &File) -> io::Result<()> {
    let carry = Carry::of(&old.sources, wanted);
    let mut header = blank.bytes.clone();
    let mut copy = |to: std::ops::Range<usize>, from: std::ops::Range<usize>| {
        header[to].copy_from_slice(&old.bytes[from]);
    };
    copy(blank.live_head(), old.live_head());
    copy(blank.pointers(), old.pointers());
    for (new, origin) in carry.origins().iter().enumerate() {
        let Some(origin) = *origin else { continue };
        copy(blank.pdp_prep(new), old.pdp_prep(origin));
        for archive in 0..blank.archives.len() {
            copy(blank.cdp_prep(archive, new), old.cdp_prep(archive, origin));
        }
    }
    let mut out = BufWriter::with_capacity(1 << 18, to);
    out.write_all(&header)?;
    let mut rows = BufReader::with_capacity(1 << 18, source);
    rows.seek(SeekFrom::Start(old.bytes.len() as u64))?;
    let (mut row, mut carried) = (vec![0; 8 * old.sources.len()], Vec::new());
    for _ in 0..old.archives.iter().map(|a| a.rows).sum() {
        rows.read_exact(&mut row)?;
        carry.row(&row, &mut carried);
        out.write_all(&carried)?;
    }
    out.flush()
}

//! The rows of a new file that are over already: what it does not know, and what an older file knows of them.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::carry::Carry;
use super::header::{Header, Look, peek};
use super::places::Places;
use super::schema::{DAY, Wanted};
use crate::disk::{self, Change};
use crate::error::{At, Result};

/// Makes the rows of the file at `path` unknown that end at `until` (unix seconds) or before. Those that are open then
/// stay as they are, so that `row × step` is what was counted in them.
///
/// # Errors
/// When the file cannot be read or written.
pub fn forget(path: &Path, until: i64) -> Result<()> {
    let Look::Sound(header) = peek(path)? else { return Ok(()) };
    let file = File::options().write(true).open(path).at("open", path)?;
    let unknown = f64::NAN.to_le_bytes().repeat(header.sources.len());
    let blank = || {
        for places in Places::of(&header) {
            let mut end = places.oldest().max(until.div_euclid(DAY) * DAY);
            while end <= until.min(places.newest) {
                file.write_all_at(&unknown, places.place(end))?;
                end += places.period;
            }
        }
        Ok(())
    };
    disk::change(Change::Write(path), blank).at("write", path)?;
    disk::fdatasync(path, &file)
}

/// Writes into the file at `to`, which knows nothing of the time up to `until` (unix seconds), the rows that the file at
/// `from` has of it. They must have the same archives and step; where they have not, nothing is done. The
/// data sources of `to` are `wanted`.
///
/// # Errors
/// When a file cannot be read or written.
pub fn take_over(from: &Path, to: &Path, wanted: &Wanted, until: i64) -> Result<()> {
    let (Look::Sound(old), Look::Sound(new)) = (peek(from)?, peek(to)?) else { return Ok(()) };
    if new.sources != wanted.sources || old.archives != new.archives || old.step != new.step {
        return Ok(());
    }
    let Some(source) = disk::open(from)? else { return Ok(()) };
    let file = File::options().write(true).open(to).at("open", to)?;
    disk::change(Change::Write(to), || {
        copy(&source, &old, &file, &new, &Carry::of(&old.sources, wanted), until)
    })
    .at("write", to)?;
    disk::fdatasync(to, &file)
}

fn copy(from: &File, old: &Header, to: &File, new: &Header, carry: &Carry, until: i64) -> io::Result<()> {
    let (mut row, mut carried) = (vec![0; 8 * old.sources.len()], Vec::new());
    for (theirs, ours) in Places::of(old).into_iter().zip(Places::of(new)) {
        let mut end = theirs.oldest().max(ours.oldest());
        while end <= until.min(theirs.newest).min(ours.newest) {
            from.read_exact_at(&mut row, theirs.place(end))?;
            carry.row(&row, &mut carried);
            to.write_all_at(&carried, ours.place(end))?;
            end += ours.period;
        }
    }
    Ok(())
}

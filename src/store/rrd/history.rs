//! The rows of a new file that are over already: what it does not know, and what an older file knows of them.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::header::{Header, Look, peek};
use super::schema::DAY;
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
        let mut begin = header.bytes.len() as u64;
        for number in 0..header.archives.len() {
            let rows = Rows::of(&header, number, begin);
            let mut end = rows.oldest().max(until.div_euclid(DAY) * DAY);
            while end <= until.min(rows.newest) {
                file.write_all_at(&unknown, rows.place(end))?;
                end += rows.period;
            }
            begin = rows.end();
        }
        Ok(())
    };
    disk::change(Change::Write(path), blank).at("write", path)?;
    disk::fdatasync(path, &file)
}

/// Where the rows of an archive are in their file.
struct Rows {
    /// Seconds that a row covers.
    period: i64,
    count: i64,
    /// When the newest row ends, unix seconds: at the last multiple of its length.
    newest: i64,
    /// The number of the newest row.
    pointer: i64,
    begin: u64,
    width: u64,
}

impl Rows {
    /// Those of archive `number`, which begin at the byte `begin`.
    fn of(header: &Header, number: usize, begin: u64) -> Self {
        let archive = &header.archives[number];
        let period = i64::try_from(archive.steps as u64 * header.step).unwrap_or(i64::MAX);
        Self {
            period,
            count: i64::try_from(archive.rows).unwrap_or(0),
            newest: header.last_update.div_euclid(period) * period,
            pointer: i64::try_from(header.pointer(number)).unwrap_or(0),
            begin,
            width: 8 * header.sources.len() as u64,
        }
    }

    /// When the oldest row ends.
    fn oldest(&self) -> i64 {
        self.newest - (self.count - 1) * self.period
    }

    /// The byte at which the row that ends at `end` begins.
    fn place(&self, end: i64) -> u64 {
        let back = (self.newest - end) / self.period;
        let at = (self.pointer - back).rem_euclid(self.count);
        self.begin + u64::try_from(at).unwrap_or(0) * self.width
    }

    /// The byte after the last row.
    fn end(&self) -> u64 {
        self.begin + u64::try_from(self.count).unwrap_or(0) * self.width
    }
}

/// Writes into the file at `to`, which knows nothing of the time up to `until` (unix seconds), the rows that the file at
/// `from` has of it. They must have the same data sources, archives and step; where they have not, nothing
/// is done.
///
/// # Errors
/// When a file cannot be read or written.
pub fn take_over(from: &Path, to: &Path, until: i64) -> Result<()> {
    let (Look::Sound(old), Look::Sound(new)) = (peek(from)?, peek(to)?) else { return Ok(()) };
    if old.sources != new.sources || old.archives != new.archives || old.step != new.step {
        return Ok(());
    }
    let Some(source) = disk::open(from)? else { return Ok(()) };
    let file = File::options().write(true).open(to).at("open", to)?;
    disk::change(Change::Write(to), || copy(&source, &old, &file, &new, until)).at("write", to)?;
    disk::fdatasync(to, &file)
}

fn copy(from: &File, old: &Header, to: &File, new: &Header, until: i64) -> io::Result<()> {
    let mut row = vec![0; 8 * old.sources.len()];
    let mut begin = old.bytes.len() as u64;
    for number in 0..old.archives.len() {
        let (theirs, ours) = (Rows::of(old, number, begin), Rows::of(new, number, begin));
        let mut end = theirs.oldest().max(ours.oldest());
        while end <= until.min(theirs.newest).min(ours.newest) {
            from.read_exact_at(&mut row, theirs.place(end))?;
            to.write_all_at(&row, ours.place(end))?;
            end += ours.period;
        }
        begin = ours.end();
    }
    Ok(())
}

//! The past of one file, given to another that was made after it.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::header::{Header, Look, look};
use crate::error::{At, Result};
use crate::store::disk::{self, Change};

/// Writes into the file at `to`, which knows nothing of the time up to `until` (unix seconds, 00:00 UTC), the rows that
/// the file at `from` has of it. They must have the same data sources, archives and step; where they have not, nothing
/// is done.
///
/// # Errors
/// When a file cannot be read or written.
pub fn take_over(from: &Path, to: &Path, until: i64) -> Result<()> {
    let (Look::Sound(old), Look::Sound(new)) = (look(from)?, look(to)?) else { return Ok(()) };
    if old.sources != new.sources || old.archives != new.archives || old.step != new.step {
        return Ok(());
    }
    let Some(source) = disk::open(from)? else { return Ok(()) };
    let file = File::options().write(true).open(to).at("open", to)?;
    disk::change(Change::Write(to), || copy(&source, &old, &file, &new, until)).at("write", to)?;
    disk::fdatasync(to, &file)
}

fn copy(from: &File, old: &Header, to: &File, new: &Header, until: i64) -> io::Result<()> {
    let width = 8 * old.sources.len();
    let mut row = vec![0; width];
    let mut begin = old.bytes.len() as u64;
    for (number, archive) in old.archives.iter().enumerate() {
        let period = i64::try_from(archive.steps as u64 * old.step).unwrap_or(i64::MAX);
        let rows = i64::try_from(archive.rows).unwrap_or(0);
        // The newest row of an archive ends at the last multiple of its length.
        let newest = |header: &Header| header.last_update.div_euclid(period) * period;
        let place = |header: &Header, end: i64| {
            let back = (newest(header) - end) / period;
            let at = (i64::try_from(header.pointer(number)).unwrap_or(0) - back).rem_euclid(rows);
            begin + u64::try_from(at).unwrap_or(0) * width as u64
        };
        let oldest = |header: &Header| newest(header) - (rows - 1) * period;
        let mut end = oldest(old).max(oldest(new));
        while end <= until.min(newest(old)).min(newest(new)) {
            from.read_exact_at(&mut row, place(old, end))?;
            to.write_all_at(&row, place(new, end))?;
            end += period;
        }
        begin += archive.rows as u64 * width as u64;
    }
    Ok(())
}

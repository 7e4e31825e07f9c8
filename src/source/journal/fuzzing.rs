//! A door for the fuzz targets: what journalctl writes, without journalctl.
use std::io::{self, BufRead};

use super::entry::Entry;
use super::export::Reader;

/// Gives each entry of `from` with its cursor to `each`; `None`: it has no message, or no time.
///
/// # Errors
/// When `from` is not in the export format, or cannot be read.
pub fn entries(from: impl BufRead, mut each: impl FnMut(&str, Option<Entry<'_>>)) -> io::Result<()> {
    let mut reader = Reader::new(from);
    while let Some(record) = reader.next()? {
        each(record.cursor(), record.entry());
    }
    Ok(())
}

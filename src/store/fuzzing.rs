//! Doors for the fuzz targets: the journal, and the rows of a file.
use std::path::Path;

use super::journal::Journal;
use super::record::{decode, encode};
use super::rrd::fetch::{Cf, Reader};
use super::rrd::open::OpenRrd;

/// A journal that is written again; `None`: `bytes` are none.
pub fn journal(bytes: &[u8]) -> Option<Vec<u8>> {
    decode::<Journal>(bytes).map(|journal| encode(&journal))
}

/// How many values the last day of the file at `path` has.
///
/// # Errors
/// Why it cannot be read.
pub fn rows(path: &Path) -> Result<usize, String> {
    let rrd = OpenRrd::open(path).map_err(|e| e.to_string())?.ok_or("there is none")?;
    let reader = Reader::of(&rrd).map_err(|e| e.to_string())?;
    let end = reader.last_update();
    let rows = reader.fetch(Cf::Average, end.saturating_sub(86_400), end, 300).map_err(|e| e.to_string())?;
    Ok(rows.values.len())
}

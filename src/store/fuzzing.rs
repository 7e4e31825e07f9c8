//! Doors for the fuzz targets: the journal, and what librrd makes of a file.
use std::path::Path;

use super::journal::Journal;
use super::record::{decode, encode};
use super::rrd::graph_v::{Cf, fetch, last_update};

/// A journal that is written again; `None`: `bytes` are none.
pub fn journal(bytes: &[u8]) -> Option<Vec<u8>> {
    decode::<Journal>(bytes).map(|journal| encode(&journal))
}

/// How many values librrd finds in the last day of the file at `path`.
///
/// # Errors
/// librrd's own words.
pub fn rows(path: &Path) -> Result<usize, String> {
    let end = last_update(path).map_err(|e| e.to_string())?;
    let rows = fetch(path, Cf::Average, end.saturating_sub(86_400), end, 300).map_err(|e| e.to_string())?;
    Ok(rows.values.len())
}

//! Log directories that were read before and that a query does not find.
use std::io;
use std::path::{Path, PathBuf};

use super::read_options::GIVEN_UP;
use crate::ledger::Identity;
use crate::source::directory::{Chunk, Found, Listing};
use crate::source::identity::{grew_from, head};
use crate::store::state::State;

/// The directories among `opened` without which a query cannot answer, because lines that were read from them and are
/// not committed yet would be missing. A renamed directory is not among them: its chunks stand in a new directory,
/// and are recognised by their content.
///
/// # Errors
/// When a chunk cannot be read.
pub fn needed(state: &State, opened: &[(PathBuf, Listing)], now: i64) -> io::Result<Vec<PathBuf>> {
    let gone: Vec<PathBuf> = opened
        .iter()
        .filter(|(dir, listing)| {
            listing.is_missing && !is_noted(state, dir) && was_read_lately(state, dir, now)
        })
        .map(|(dir, _)| dir.clone())
        .collect();
    let mut renamed = 0;
    for (dir, listing) in opened.iter().filter(|_| !gone.is_empty()) {
        let is_new = !state.ledger.directories.iter().any(|known| Path::new(&known.path) == dir);
        renamed += usize::from(is_new && holds_what_is_known(state, listing)?);
    }
    Ok(if renamed < gone.len() { gone } else { Vec::new() })
}

/// Has an update noticed as well that it is gone? Then everything that was read from it is committed.
fn is_noted(state: &State, dir: &Path) -> bool {
    state.unread.iter().any(|name| Path::new(name) == dir)
}

/// Is the newest counted line of the log directory `dir` less than a day old? An older directory is given up, and a
/// query answers without it.
fn was_read_lately(state: &State, dir: &Path, now: i64) -> bool {
    let known = state.ledger.directories.iter().find(|known| Path::new(&known.path) == dir);
    known.is_some_and(|known| known.last_time > now - GIVEN_UP)
}

fn holds_what_is_known(state: &State, listing: &Listing) -> io::Result<bool> {
    for found in &listing.chunks {
        if let Found::Open(chunk) = found
            && is_known(state, chunk)?
        {
            return Ok(true);
        }
    }
    Ok(!listing.done.is_empty())
}

fn is_known(state: &State, chunk: &Chunk) -> io::Result<bool> {
    if let Some(label) = head(&chunk.file, chunk.role.is_finished())?.label {
        return Ok(state.ledger.find(&Identity::Label(label)).is_some());
    }
    for cursor in &state.ledger.cursors {
        if grew_from(cursor, &chunk.file, &chunk.meta)? {
            return Ok(true);
        }
    }
    Ok(false)
}

//! Two copies of a protocol's state: one beside its counter file, one beside its RRD.
//!
//! State, counters and RRDs may lie on different disks, and be lost or restored from a backup one without the
//! others. Each copy says which store it belongs to and how far that was, so that the next process goes on from
//! whatever of the three is newest: a state that is gone, damaged or older than the rest costs nothing, and an
//! older copy of the counter file is told from one that somebody edited.
//!
//! A copy is written last of all and without an fsync: it is never newer than the state but after a restore. One
//! that a loss of power has torn has a wrong checksum, and is no copy.
use std::fs::File;
use std::path::{Path, PathBuf};

use super::commit::Store;
use super::disk;
use super::state::{State, decode, number_of};
use crate::error::{Result, warn};

/// As many bytes of a copy tell the number of its commit.
const FRONT: usize = 64;

impl Store {
    /// The copy beside the counter file.
    pub(super) fn counters_copy(&self) -> PathBuf {
        self.counter_file.with_file_name(format!(".{}.state", self.protocol.name))
    }

    /// The copy beside the RRD.
    pub(super) fn rrd_copy(&self) -> PathBuf {
        self.rrd.with_file_name(format!(".{}.state", self.protocol.name))
    }

    /// A copy of the state that a later commit left than `known`, the newest of them; of any store where `known` is
    /// `None`. And where it stands.
    ///
    /// # Errors
    /// When a copy is there and cannot be read.
    pub(super) fn newer_copy(&self, known: Option<&State>) -> Result<Option<(State, PathBuf)>> {
        let mut newest: Option<(State, PathBuf)> = None;
        for path in [self.counters_copy(), self.rrd_copy()] {
            let least = newest.as_ref().map(|(state, _)| state).or(known);
            if let Some(state) = read_newer(&path, least)? {
                newest = Some((state, path));
            }
        }
        Ok(newest)
    }

    /// Writes the copies of `bytes`, which are those of the state. Nothing depends on them while all is well: what
    /// cannot be written is said, and the one that stands there stays.
    pub(super) fn write_copies(&self, bytes: &[u8], has_rrd: bool) {
        let counters = self.counts().then(|| self.counters_copy());
        let rrd = Some(self.rrd_copy()).filter(|copy| has_rrd && counters.as_ref() != Some(copy));
        for path in counters.into_iter().chain(rrd) {
            if let Err(e) = disk::replace_lightly(&path, bytes, 0o644) {
                warn(format_args!("{e}; it is a second copy of the state, and nothing else is missing"));
            }
        }
    }
}

/// The state at `path` if it is of a later commit than `known`, and of the same store.
fn read_newer(path: &Path, known: Option<&State>) -> Result<Option<State>> {
    let Ok(Some(file)) = open(path) else { return Ok(None) };
    if let Some(known) = known {
        let mut front = [0; FRONT];
        let got = disk::read_at(&file, &mut front, 0).unwrap_or(0);
        if number_of(&front[..got]).is_none_or(|number| number <= known.number) {
            return Ok(None);
        }
    }
    let state = disk::read(path)?.and_then(|bytes| decode::<State>(&bytes));
    Ok(state.filter(|copy| known.is_none_or(|k| copy.number > k.number && copy.store == k.store)))
}

/// What is no file of ours is no copy; so is what is not there.
fn open(path: &Path) -> Result<Option<File>> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => disk::open(path),
        _ => Ok(None),
    }
}

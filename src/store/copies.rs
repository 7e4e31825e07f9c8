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
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::commit::Store;
use super::ledger::Digest;
use super::state::{State, decode, digest, number_of};
use super::{counters, disk};
use crate::error::{At, Result, warn};

/// A counter file that was written so much (seconds) before the last commit is no edit that somebody made since.
const OLD: i64 = 3600;

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
        for (path, is_beside_rrd) in [(self.counters_copy(), false), (self.rrd_copy(), true)] {
            let least = newest.as_ref().map(|(state, _)| state).or(known);
            match read_newer(&path, least) {
                Ok(Some(state)) => newest = Some((state, path)),
                Ok(None) => {}
                // Where there is a state, nothing that is wrong with an RRD stops the mail log, and a reader may be one
                // that has no right to the other directories.
                Err(e) if least.is_some() && (is_beside_rrd || e.is_denied()) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(newest)
    }

    /// Is what stands in the counter file's place an older one of ours, from a backup? Where its neighbour says so, or
    /// its time: an edit is younger than the last commit.
    pub(super) fn is_older_copy(&self, state: &State, bytes: &[u8], now: i64) -> bool {
        let copy = disk::read_within(&self.counters_copy(), disk::LARGEST_RECORD).ok().flatten();
        let copy = copy.and_then(|bytes| decode::<State>(&bytes));
        let is_beside_it = copy.is_some_and(|copy| {
            copy.store == state.store
                && copy.number < state.number
                && copy.counter_file == Some(digest(&[bytes]))
        });
        let mtime = |path: &Path| std::fs::symlink_metadata(path).map_or(i64::MAX, |meta| meta.mtime());
        // A clock that was ahead may have told when that was.
        let last = state.committed.min(mtime(&self.file("state"))).min(now);
        let is_old = state.committed != 0 && mtime(&self.counter_file) < last - OLD;
        is_beside_it || (is_old && counters::is_as_we_write(self.protocol, bytes))
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
    let Some(file) = open(path)? else { return Ok(None) };
    if let Some(known) = known {
        let mut front = [0; FRONT];
        let got = disk::read_at(&file, &mut front, 0).at("read", path)?;
        if number_of(&front[..got]).is_none_or(|number| number <= known.number) {
            return Ok(None);
        }
    }
    let state = disk::read_within(path, disk::LARGEST_RECORD)?.and_then(|bytes| decode::<State>(&bytes));
    // A state of an older version has no name yet.
    let is_of_it = |copy: &State, k: &State| copy.store == k.store || k.store == Digest::default();
    Ok(state.filter(|copy| known.is_none_or(|k| copy.number > k.number && is_of_it(copy, k))))
}

/// What is no file of ours is no copy; so is what is not there. One that cannot be looked at may be either.
fn open(path: &Path) -> Result<Option<File>> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => disk::open(path),
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e).at("look at", path),
    }
}

//! Two copies of a protocol's state: one beside its counter file, one beside its RRD.
//!
//! State, counters and RRDs may lie on different disks, and be lost or restored from a backup one without the
//! others. Each copy says which store it belongs to and how far that was, so that the next process goes on from
//! whatever of the three is newest: a state that is gone, damaged or older than the rest costs nothing, and an
//! older copy of the counter file is told from one that somebody edited.
//!
//! A copy is written last of all and without an fsync, so it is newer than the state only after a restore. One that a
//! loss of power has torn has a wrong checksum, and is no copy.
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::counters;
use super::files::Store;
use super::record::{LARGEST_RECORD, decode, number_of};
use super::state::State;
use crate::disk;
use crate::error::{At, Result};
use crate::ledger::{Digest, digest};
use crate::say::warn;

/// A counter file that was last written more than this (seconds) before the last commit was not edited since then.
const OLD: i64 = 3600;

/// No store reaches this number of commits. A copy that claims more was not written by maillogs.
const MOST: u64 = 1 << 48;

/// How many bytes of a copy are read to learn the number of its commit.
const FRONT: usize = 64;

impl Store {
    /// The newest copy of the state that a commit after `known` has left, and its path. If `known` is `None`, the
    /// copy may be of any store.
    ///
    /// # Errors
    /// When a copy is there and cannot be read.
    pub(super) fn newer_copy(&self, known: Option<&State>) -> Result<Option<(State, PathBuf)>> {
        let mut newest: Option<(State, PathBuf)> = None;
        for (path, is_beside_rrd) in [(self.counters_copy(), false), (self.rrd_copy(), true)] {
            let least = newest.as_ref().map(|(state, _)| state).or(known);
            match read_newer(&path, least) {
                Ok(Some(state)) if self.is_copy_of(&state, known) => newest = Some((state, path)),
                Ok(Some(_)) => {}
                Ok(None) => {}
                // Where there is a state, nothing that is wrong with an RRD stops the mail log, and a reader may be one
                // that has no right to the other directories.
                Err(e) if least.is_some() && (is_beside_rrd || e.is_denied()) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(newest)
    }

    /// Is `copy` one of this store, of which `known` is the state? A state of a version before these copies has no name:
    /// then the counter file has to be the one that was written with the copy, or the version before has gone on since.
    /// And a store that was copied, with an `rrd_dir` that stayed, is another one.
    fn is_copy_of(&self, copy: &State, known: Option<&State>) -> bool {
        let is_named = known.is_none_or(|known| known.store == copy.store);
        let is_written = || {
            let bytes = disk::read(&self.counter_file).ok().flatten();
            bytes.is_some_and(|bytes| copy.counter_file == Some(digest(&[&bytes])))
        };
        let is_unnamed = known.is_some_and(|known| known.store == Digest::default());
        if !(is_named || (is_unnamed && is_written())) {
            return false;
        }
        let (ours, its) = (self.real_base(), PathBuf::from(&copy.base));
        if copy.base.is_empty() || its == ours {
            return true;
        }
        let there = disk::read_within(
            &its.join("state").join(format!("{}.state", self.protocol.name)),
            LARGEST_RECORD,
        );
        let there = there.ok().flatten().and_then(|bytes| decode::<State>(&bytes));
        there.is_none_or(|there| there.store != copy.store)
    }

    /// Is the counter file an older one of ours, restored from a backup? The copy of the state beside it tells that,
    /// or its time: an edit would be younger than the last commit.
    pub(super) fn is_older_copy(&self, state: &State, bytes: &[u8], now: i64) -> bool {
        let copy = disk::read_within(&self.counters_copy(), LARGEST_RECORD).ok().flatten();
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
        let front = |digest: Digest| u64::from_le_bytes(digest[..8].try_into().unwrap_or_default());
        let was_ours = state.counter_files.contains(&front(digest(&[bytes])));
        is_beside_it || was_ours || (is_old && counters::is_as_we_write(self.protocol, bytes))
    }

    /// The paths of the copies of `state`.
    fn copies_of(&self, state: &State) -> impl Iterator<Item = PathBuf> + use<> {
        let counters = self.counts().then(|| self.counters_copy());
        let has_rrd = state.rrd.is_some() && self.rrd.is_file();
        let rrd = Some(self.rrd_copy()).filter(|copy| has_rrd && counters.as_ref() != Some(copy));
        counters.into_iter().chain(rrd)
    }

    /// Is a copy missing or of an earlier commit than `state`? It could not be written then, and of a protocol that counts
    /// nothing more no further commit would write it.
    pub(super) fn copies_are_behind(&self, state: &State) -> bool {
        let is_behind = |path: PathBuf| match open(&path) {
            Ok(None) => true,
            Ok(Some(file)) => {
                let mut front = [0; FRONT];
                let got = disk::read_at(&file, &mut front, 0).unwrap_or(0);
                number_of(&front[..got]).is_none_or(|number| number < state.number)
            }
            Err(_) => false,
        };
        state.number > 0 && self.copies_of(state).any(is_behind)
    }

    /// Writes the copies of `state`, of which `bytes` is the record. Nothing depends on them while all is well: what
    /// cannot be written is said, and the one that stands there stays.
    pub(super) fn write_copies(&self, bytes: &[u8], state: &State) {
        for path in self.copies_of(state) {
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
    let state = disk::read_within(path, LARGEST_RECORD)?.and_then(|bytes| decode::<State>(&bytes));
    Ok(state.filter(|copy| known.is_none_or(|k| copy.number > k.number) && copy.number < MOST))
}

/// Opens a copy. `None`: there is none, or something else stands there. It is an error if it cannot be examined,
/// because then it may be a copy.
fn open(path: &Path) -> Result<Option<File>> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => disk::open(path),
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e).at("look at", path),
    }
}

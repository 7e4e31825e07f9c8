//! The right to write, and what may be done with it besides a commit.
use std::path::Path;

use super::archive::Intent;
use super::aside;
use super::beginnings::Beginnings;
use super::files::Store;
use super::lock::Lock;
use super::record::{decode, encode, read_or_aside};
use super::state::State;
use super::vanished::{PATIENCE, until};
use crate::calendar::to_the_minute;
use crate::disk;
use crate::error::{Error, Result};
use crate::say::warn;

/// Where the state of a session came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateOrigin {
    /// Read from the state file.
    Known,
    /// There was none: the first run.
    First,
    /// There was none, but a counter file: taken over from the Perl maillogs.
    TakenOver,
    /// It was damaged: what the sources hold now is taken as known.
    Damaged,
}

/// The right to write, from [`Store::open`].
#[derive(Debug)]
pub struct Session<'s> {
    pub(super) store: &'s Store,
    pub(super) _lock: Lock,
    /// The last commit.
    pub state: State,
    /// Where it came from.
    pub origin: StateOrigin,
    /// The counter file was changed by hand: there is something to commit.
    pub edited: bool,
    /// There was a journal that cannot be read: state and RRD may be further than the counter file and the state.
    pub(super) lost_journal: bool,
    /// The beginnings of lines that wait for their rest.
    pub(super) held: Beginnings,
    pub(super) intent: Option<Intent>,
    /// The archive file that was appended to last since the last commit, and its length.
    pub(super) archived: Option<(String, u64)>,
}

impl Session<'_> {
    /// Writes `state`, which differs from the last commit only in when its sources were last read. A single rename is
    /// enough: if a loss of power undoes it, nothing else is lost.
    ///
    /// # Errors
    /// When it cannot be written; nothing has happened then.
    pub fn note(&mut self, mut state: State) -> Result<()> {
        self.take_held(&mut state)?;
        disk::replace(&self.store.file("state"), &encode(&state), 0o644)?;
        self.state = state;
        self.put_back_held();
        Ok(())
    }

    /// Writes the copies of the state that a commit could not write.
    ///
    /// # Errors
    /// When the pieces cannot be written.
    pub fn mend_copies(&mut self) -> Result<()> {
        if self.store.copies_are_behind(&self.state) {
            let mut state = self.state.clone();
            self.take_held(&mut state)?;
            self.store.write_copies(&encode(&state), &state);
        }
        Ok(())
    }

    /// Reads the pieces, before the state is.
    pub(super) fn read_held(&mut self, now: i64) -> Result<()> {
        let path = self.store.file("held");
        let Some(bytes) = read_or_aside(&path, now)? else { return Ok(()) };
        match decode(&bytes) {
            Some(held) => self.held = held,
            None if bytes.is_empty() => {}
            None => {
                let kept = aside::set_aside(&path, "corrupt", now)?;
                warn(format_args!("{}: damaged, {kept}", path.display()));
            }
        }
        Ok(())
    }

    /// Puts the pieces into the state that was read.
    pub(super) fn put_back_held(&mut self) {
        if !self.held.put_into(&mut self.state) {
            self.edited = true;
            warn(format_args!(
                "{}: lacks the beginning of a line that waits for its rest; that line is not counted",
                self.store.file("held").display()
            ));
        }
    }

    /// Takes the pieces out of `state`, which is about to be written, and makes them durable first.
    pub(super) fn take_held(&mut self, state: &mut State) -> Result<()> {
        let mut held = self.held.clone();
        if held.take_from(state) {
            held.write(&self.store.file("held"))?;
            disk::sync_dir(&self.store.state_dir)?;
        }
        self.held = held;
        Ok(())
    }

    /// Forgets the pieces that `state`, which was written, does not name. If they cannot be removed now, a later
    /// commit does it.
    pub(super) fn drop_held(&mut self, state: &State) {
        let held = self.held.named_in(state);
        if held != self.held && held.write(&self.store.file("held")).is_ok() {
            self.held = held;
        }
    }

    /// Fails while `dir` is gone, because nothing can be committed without it, until it has been gone for an hour.
    /// `go_on` says how to go on without it at once.
    ///
    /// # Errors
    /// While the directory is waited for.
    pub(super) fn wait_for(&mut self, dir: &Path, go_on: &str, now: i64) -> Result<()> {
        let mut state = self.state.clone();
        let until = until(&mut state.vanished, dir, PATIENCE, now);
        if state.vanished != self.state.vanished && until.is_some() {
            self.note(state)?;
        } else {
            self.state = state;
        }
        let Some(until) = until else { return Ok(()) };
        Err(Error::Message(format!(
            "{}: is gone with everything in it (is its disk not mounted?); it is waited for until {}; {go_on}",
            dir.display(),
            to_the_minute(until)
        )))
    }

    /// Notes that `dir` is there. If it is gone again later, the waiting begins anew.
    pub(super) fn is_there(&mut self, dir: &Path) {
        if self.state.vanished.remove(&*dir.to_string_lossy()).is_some() {
            self.edited = true;
        }
    }
}

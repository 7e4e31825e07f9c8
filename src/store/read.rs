//! The last commit, for whoever has no lock.
use super::beginnings;
use super::files::Store;
use super::journal::Journal;
use super::record::{decode, read_any};
use super::state::State;
use crate::error::{Error, Result};

impl Store {
    /// The last commit, without a lock: the journal's if one is there, else the state's, or a copy of a later one.
    /// `None`: nothing was ever committed, or what there is cannot be read (the next commit says so).
    ///
    /// # Errors
    /// When a file is there and may not be read.
    pub fn read(&self) -> Result<Option<State>> {
        let mut newest = self.last_commit()?;
        if let Some(state) = &mut newest {
            state.remap_to(self.protocol);
        }
        Ok(newest)
    }

    /// As [`Store::read`], with the counters that the table had at that commit.
    pub(super) fn last_commit(&self) -> Result<Option<State>> {
        // A commit between two reads moves the journal's content to the state: look again.
        let mut lacking = None;
        for _ in 0..100 {
            let journal = self.read_journal()?;
            let state = read_any(&self.file("state"))?;
            let again = self.read_journal()?;
            if journal.as_ref().map(|j| j.state.number) != again.as_ref().map(|j| j.state.number) {
                continue;
            }
            let state = state.and_then(|bytes| decode::<State>(&bytes));
            let mut newest = match (journal.map(|j| j.state), state) {
                (Some(j), Some(s)) => Some(if j.number >= s.number { j } else { s }),
                (j, s) => j.or(s),
            };
            // A part of the store may have been lost, or restored from a backup.
            if let Some((copy, _)) = self.newer_copy(newest.as_ref())? {
                newest = Some(copy);
            }
            if let Some(state) = &mut newest
                && !beginnings::put_back(&self.file("held"), state)?
                && lacking != Some(state.number)
            {
                lacking = Some(state.number);
                continue;
            }
            return Ok(newest);
        }
        Err(Error::Message(format!("{}: changes faster than it can be read", self.journal().display())))
    }

    pub(super) fn read_journal(&self) -> Result<Option<Journal>> {
        Ok(read_any(&self.journal())?.and_then(|bytes| decode(&bytes)))
    }
}

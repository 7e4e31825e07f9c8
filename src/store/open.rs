//! Opening a store to write: the lock, and everything that has to be in order before anything is read.
use std::time::Duration;

use super::beginnings::Beginnings;
use super::files::Store;
use super::lock::lock;
use super::session::{Session, StateOrigin};
use super::state::State;
use crate::disk;
use crate::error::Result;

impl Store {
    /// Takes the lock, waiting at most `patience`, finishes or undoes what a crash left, and brings the RRD's
    /// data sources up to date.
    ///
    /// # Errors
    /// [`crate::error::Error::Locked`]; or when state or archive cannot be written.
    pub fn open(&self, patience: Duration, now: i64) -> Result<Session<'_>> {
        disk::make_dir(&self.state_dir)?;
        let lock = lock(&self.file("lock"), patience)?;
        self.refuse_to_take_turns()?;
        let mut session = Session {
            store: self,
            _lock: lock,
            state: State::new(self.protocol),
            origin: StateOrigin::Known,
            edited: false,
            lost_journal: false,
            held: Beginnings::default(),
            intent: None,
            archived: None,
        };
        session.recover(now)?;
        if self.counts()
            && let Some(dir) = self.counter_file.parent()
        {
            disk::make_dir(dir)?;
        }
        session.migrate(now)?;
        Ok(session)
    }
}

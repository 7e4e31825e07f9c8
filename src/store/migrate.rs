//! The RRD follows what is counted: a counter that moves for the first time, or that a newer maillogs or toaster.conf
//! brings, gets its data source, and what the file holds of the others stays. `wanted` says which counters have one.
//!
//! 1. The new file is made beside the old one, which stands untouched, and made durable.
//! 2. **A commit of its own** names it as the RRD that was written last.
//! 3. It is renamed over the old one.
//!
//! Whoever opens the store next finishes 3, or, where 2 did not come about, removes what 1 left. Another step
//! is another matter: its rows mean something else, and the file is set aside.
use super::session::{Session, StateOrigin};
use super::state::State;
use super::upgrade::{self, Begun};
use super::wanted;
use crate::error::Result;
use crate::say::warn;

impl Session<'_> {
    /// Makes room in the RRD for the counters that move for the first time in `state`, which is to be committed next.
    /// Before anything of that is written: so the file that the journal tells of has them.
    ///
    /// # Errors
    /// When the commit cannot be written.
    pub fn join_sources(&mut self, state: &mut State, now: i64) -> Result<()> {
        let moved = |state: &State| wanted::moved(self.store.protocol, state, &[]);
        if state.rrd.is_none() || moved(state) == moved(&self.state) {
            return Ok(());
        }
        self.migrate_for(Some(state), now)?;
        state.rrd = self.state.rrd;
        state.table = self.state.table;
        state.newcomers.clone_from(&self.state.newcomers);
        state.counter_files.clone_from(&self.state.counter_files);
        Ok(())
    }

    /// After recovery, before anything is read. What is wrong with an RRD is said and waits, as its bins do.
    ///
    /// # Errors
    /// When the commit cannot be written.
    pub(super) fn migrate(&mut self, now: i64) -> Result<()> {
        self.migrate_for(None, now)
    }

    /// `next`: what is to be committed next, if it is known already.
    fn migrate_for(&mut self, next: Option<&State>, now: i64) -> Result<()> {
        let store = self.store;
        if let Err(e) = upgrade::finish(store, self.state.rrd, now) {
            warn(format_args!("{e}; the graphs wait"));
            return Ok(());
        }
        // Where it is not known yet what was committed, the commit that makes it known comes first.
        if self.origin != StateOrigin::Known || self.lost_journal {
            return Ok(());
        }
        let (mark, unknown) = match upgrade::begin(store, next.unwrap_or(&self.state), now) {
            Ok(Begun::Nothing) => return Ok(()),
            Ok(Begun::Complete) => {
                self.is_ready();
                return Ok(());
            }
            Ok(Begun::Made { mark, unknown }) => (mark, unknown),
            Err(e) => {
                warn(format_args!("{e}; the counters go on, the graphs wait"));
                return Ok(());
            }
        };
        let mut state = self.state.clone();
        state.rrd = Some(mark);
        state.table = State::table_of(state.keys.iter().map(String::as_str));
        self.commit_what_was_read(state, Vec::new(), now)?;
        self.state.newcomers.clear();
        match upgrade::finish(store, self.state.rrd, now) {
            Err(e) => warn(format_args!("{e}; the graphs wait")),
            // That a counter moves for the first time is nothing to be told of.
            Ok(()) if unknown.is_empty() => {}
            Ok(()) => {
                let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
                let path = store.rrd.display();
                warn(format_args!("{path}: has new data sources: {}", upgrade::list(&unknown)));
            }
        }
        Ok(())
    }

    /// The RRD has the data sources of all counters that moved or are new.
    fn is_ready(&mut self) {
        self.state.table = State::table_of(self.state.keys.iter().map(String::as_str));
        self.state.newcomers.clear();
    }
}

//! The RRD follows the protocol's table: a counter that a newer maillogs or toaster.conf brings gets its data
//! source, and what the file holds of the others stays.
//!
//! 1. The new file is made beside the old one, which stands untouched, and made durable.
//! 2. **A commit of its own** names it as the RRD that was written last.
//! 3. It is renamed over the old one.
//!
//! Whoever opens the store next finishes 3, or, where 2 did not come about, removes what 1 left. Another step
//! is another matter: its rows mean something else, and the file is set aside.
use super::session::{Session, StateOrigin};
use super::upgrade;
use crate::error::Result;
use crate::say::warn;

impl Session<'_> {
    /// After recovery, before anything is read. What is wrong with an RRD is said and waits, as its bins do.
    ///
    /// # Errors
    /// When the commit cannot be written.
    pub(super) fn migrate(&mut self, now: i64) -> Result<()> {
        let store = self.store;
        if let Err(e) = upgrade::finish(store, self.state.rrd, now) {
            warn(format_args!("{e}; the graphs wait"));
            return Ok(());
        }
        // Where it is not known yet what was committed, the commit that makes it known comes first.
        if self.origin != StateOrigin::Known || self.lost_journal {
            return Ok(());
        }
        let mark = match upgrade::begin(store, self.state.rrd, now) {
            Ok(None) => return Ok(()),
            Ok(Some(mark)) => mark,
            Err(e) => {
                warn(format_args!("{e}; the counters go on, the graphs wait"));
                return Ok(());
            }
        };
        let mut state = self.state.clone();
        state.rrd = Some(mark);
        self.commit(state, Vec::new(), now)?;
        if let Err(e) = upgrade::finish(store, self.state.rrd, now) {
            warn(format_args!("{e}; the graphs wait"));
        }
        Ok(())
    }
}

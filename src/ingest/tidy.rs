//! The archive's days that are over.
use std::time::Duration;

use super::job::Job;
use crate::calendar::Calendar;
use crate::error::Result;
use crate::store::pack;

impl Job<'_> {
    /// Compresses the archive's days that are over; where it is asked for, removes the old ones.
    /// `logs` are the names that archives of any protocol have.
    ///
    /// # Errors
    /// When a file of the archive cannot be read, written or removed.
    pub fn tidy(&self, logs: &[&str], patience: Duration) -> Result<()> {
        let (config, store, now) = (self.config, self.store(), (self.clock)());
        let Some(log) = self.feed.log.as_deref().filter(|_| config.logs_archive) else { return Ok(()) };
        let today = Calendar::new(now).today();
        let kept = i64::from(config.logs_archive_days) * 86_400;
        let days = pack::days(&store.base)?;
        let oldest = Calendar::new(now - kept).today();
        // A clock that is ahead for once must not make all of them old: as many as are kept are never too many.
        let surplus = days.len().saturating_sub(config.logs_archive_days as usize);
        for (n, day) in days.into_iter().enumerate() {
            if config.logs_archive_purge && day < oldest && n < surplus {
                pack::purge(&store.base, day, logs)?;
            } else if day < today {
                pack::pack(&store, log, day, now, patience)?;
            }
        }
        Ok(())
    }
}

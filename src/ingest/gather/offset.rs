//! Which offset the labels of the directory have that is read.
use std::path::Path;

use super::Gather;
use crate::error::{At, Result};
use crate::source::directory::{Found, Listing, Role};
use crate::source::offset::{MULTILOG, learn};

impl Gather {
    /// The key of toaster.conf rules; without it what the files of the directory told until now, these chunks included.
    pub(super) fn find_offset(&mut self, directory: usize, path: &Path, listing: &Listing) -> Result<()> {
        let agreed = self.agreed();
        let here = &mut self.state.ledger.directories[directory];
        for found in &listing.chunks {
            if let Found::Open(chunk) = found
                && chunk.role != Role::Orphan
            {
                learn(&mut here.offset, chunk, self.how.now).at("read", &path.join(&chunk.name))?;
            }
        }
        let found = if here.path.is_empty() { agreed } else { here.offset.known };
        let known = Some(i64::from(found)).filter(|known| *known > 0);
        self.tai_offset = self.how.tai_offset.or(known).unwrap_or(MULTILOG);
        self.plan.labels_are_ahead_by(self.tai_offset);
        let used = u8::try_from(self.tai_offset).unwrap_or_default();
        if here.offset.used != used {
            // The newest line is the same, and known by the same label: its time is another now.
            if here.offset.used > 0 && here.last_time > 0 {
                here.last_time += i64::from(here.offset.used) - self.tai_offset;
            }
            here.offset.used = used;
        }
        Ok(())
    }

    /// What all directories tell of which something is certain; 0: they differ, or there is none. A stdin that belongs to
    /// no directory comes from one of them.
    fn agreed(&self) -> u8 {
        let mut known =
            self.state.ledger.directories.iter().map(|d| d.offset.known).filter(|known| *known > 0);
        let first = known.next().unwrap_or(0);
        if known.all(|other| other == first) { first } else { 0 }
    }
}

//! What tells the time of a directory's lines: by how much its labels are ahead, and what was logged before.
use std::path::Path;

use super::Intake;
use crate::error::{At, Result};
use crate::ledger::{Cursor, Directory};
use crate::line::Parser;
use crate::source::directory::{Chunk, Found, Listing, Role};
use crate::source::offset::{MULTILOG, learn};

impl Intake {
    /// By how many seconds the labels of a directory are ahead of unix time: as the key of toaster.conf says, or
    /// without it as the files of the directory have shown until now, these chunks included.
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

    /// The offset that all directories with a certain offset agree on; 0: they differ, or there is none. A stdin that
    /// belongs to no directory comes from one of them.
    fn agreed(&self) -> u8 {
        let mut known =
            self.state.ledger.directories.iter().map(|d| d.offset.known).filter(|known| *known > 0);
        let first = known.next().unwrap_or(0);
        if known.all(|other| other == first) { first } else { 0 }
    }

    /// The moment (unix seconds; 0: not known) after which the lines that `cursor` has still to count were written:
    /// for a chunk that was read before, that reading; for a new `current`, the last reading of all sources.
    pub(super) fn written_after(
        &self,
        directory: usize,
        chunk: &Chunk,
        cursor: &Cursor,
        is_known: bool,
    ) -> i64 {
        let was_read = self.state.ledger.directories[directory].last_time > 0;
        match chunk.role {
            _ if is_known && cursor.counted > 0 => cursor.seen,
            Role::Current if !is_known && was_read => self.state.seen,
            _ => 0,
        }
    }

    pub(super) fn stamp_of(&self, here: &Directory, text: &[u8]) -> Option<i64> {
        self.parser_after(here).parse(text).time.map(|stamp| stamp.secs)
    }

    /// For a line of the directory that was put together, which comes after all that was counted.
    pub(super) fn parser_after(&self, here: &Directory) -> Parser {
        let mut parser = self.parser(self.how.now);
        parser.resume(here.last_time, 0);
        parser
    }

    /// A stamped line's own local day, else that of the line before, else today.
    pub(super) fn day_of(&mut self, here: &mut Directory, stamp: Option<i64>) -> u32 {
        match stamp {
            Some(secs) => here.archive_day = self.calendar.day(secs),
            None if here.archive_day == 0 => here.archive_day = self.calendar.today(),
            None => {}
        }
        here.archive_day
    }
}

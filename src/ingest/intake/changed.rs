//! Chunks that are not as they were when they were counted.
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Intake;
use crate::calendar::to_the_second;
use crate::ledger::{Cursor, Directory};
use crate::line::Stamp;
use crate::say::warn;
use crate::source::directory::Chunk;
use crate::source::file::AHEAD;
use crate::source::identity::tail;
use crate::source::lines::{Parted, part_by_time};

impl Intake {
    /// Handles a chunk that is not as it was when it was counted: an older copy of it, one that lost its end with the
    /// power, or one that was edited. Its labels tell which lines were counted: those that are not later than the
    /// last counted line of its directory.
    ///
    /// Returns `true` for such a chunk. From then on it has a position of its own, because other files begin with the
    /// same line.
    ///
    /// A chunk that begins with an unknown line is taken for a changed one only if it holds that last line, to the
    /// nanosecond, and earlier ones before it. A chunk that only has older lines comes late, and counts.
    pub(super) fn by_time(
        &self,
        directory: usize,
        chunk: &Chunk,
        size: u64,
        is_known: bool,
        cursor: &mut Cursor,
        path: &Path,
    ) -> io::Result<bool> {
        let here = &self.state.ledger.directories[directory];
        if here.path.is_empty() {
            // An earlier, shorter feed of the same chunk: what it has is counted.
            return Ok(false);
        }
        let until = (here.last_time, i64::from(here.last_nanos));
        let fits = || {
            Ok::<bool, io::Error>(match cursor.tail {
                _ if size < cursor.counted => false,
                Some(known) => tail(&chunk.file, cursor.counted)? == known,
                None => true,
            })
        };
        if (is_known && fits()?) || (!is_known && (here.last_time == 0 || !here.labelled)) {
            return Ok(false);
        }
        let mut parser = self.parser(chunk.meta.mtime());
        let Parted { mut place, earlier, later, holds } =
            part_by_time(&chunk.file, size, &mut parser, until, (i64::MIN, 0))?;
        if !is_known && !holds {
            return Ok(false);
        }
        if !here.labelled {
            // Nothing tells which of its lines are later.
            place = cursor.counted.min(size);
        }
        let was = if is_known {
            format!("when {} bytes of it were counted", cursor.counted)
        } else {
            "when it was counted".to_owned()
        };
        let by = if here.labelled {
            let until = to_the_second(until.0);
            format!(
                "{earlier} lines, up to {until}, are taken as counted before, and {later} later ones are counted"
            )
        } else {
            "its lines have no labels: all of them are taken as counted before".to_owned()
        };
        warn(format_args!(
            "{}: is not as it was {was} (cut short, edited or restored from a copy): {by}; what was logged after that and does not stand there is missing from the counters",
            path.display()
        ));
        (cursor.counted, cursor.archived) = (place, cursor.archived.min(place));
        Ok(true)
    }

    /// A stamped line of a directory. The times of its lines need not rise: chunks come late, and clocks are set back.
    #[inline]
    pub(super) fn meets(&mut self, here: &mut Directory, stamp: Stamp) {
        self.before = stamp.secs;
        if (stamp.secs, stamp.nanos) > (here.last_time, here.last_nanos) && stamp.secs <= self.how.now + AHEAD
        {
            (here.last_time, here.last_nanos) = (stamp.secs, stamp.nanos);
        }
    }
}

//! The table as a commit keeps it. Places and classes are named once, so that another version, which may have others, reads it.
use serde::{Deserialize, Serialize};

use super::super::reasons::CLASSES;
use crate::calendar::day_of;

/// The place of what ended without a beginning that was seen.
pub(in crate::protocol) const UNSEEN: &str = "unseen";

/// Two days of it, and those that a clock that was set back made days to come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// From when on it has everything, unix seconds. 0: it is not counted. [`FROM_THE_BEGINNING`]: as long as the protocol is.
    pub since: i64,
    /// The keys of places.
    pub places: Vec<String>,
    /// The keys of classes; the first one is what succeeded.
    pub classes: Vec<String>,
    /// Today's and yesterday's, and those to come, the newest last; a day without anything is left out.
    pub days: Vec<Day>,
    /// The last texts.
    pub texts: Vec<Text>,
}

/// A table that is as old as its protocol's counters.
pub const FROM_THE_BEGINNING: i64 = 1;

impl Kept {
    /// The position of a place in `places`, those of the table. Where another version called it by a name that this one does not have, it is not
    /// known where an attempt went: left out it would be missing in all sums.
    pub fn place(&self, places: &[&str], place: u8) -> usize {
        let position = |key: &str| places.iter().position(|known| *known == key);
        let key = self.places.get(usize::from(place));
        key.and_then(|key| position(key)).or_else(|| position(UNSEEN)).unwrap_or_default()
    }

    /// The position of a class in [`CLASSES`]. What another version called by a name that this one does not have, no rule of this
    /// one knows.
    pub fn class(&self, class: u8) -> usize {
        let key = self.classes.get(usize::from(class));
        let known = key.and_then(|key| CLASSES.iter().position(|known| known == key));
        known.unwrap_or(CLASSES.len() - 1)
    }
}

/// From when on a table has everything that was kept at `kept_at`, by a clock that may have been ahead, and said to have it from
/// `since` on. All times in unix seconds.
///
/// Who kept it dropped all days before its yesterday. If `now` is before that, today may be one of them, and they are not known:
/// to tell them as nothing would be wrong.
pub fn whole_since(since: i64, kept_at: i64, now: i64) -> i64 {
    if since == 0 || kept_at <= now {
        return since;
    }
    let yesterday = |secs: i64| day_of(day_of(secs).1 - 1).1;
    let begin = yesterday(kept_at);
    if begin <= yesterday(now) { since } else { since.max(begin.min(now)) }
}

/// A local day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// `YYYYMMDD`.
    pub date: u32,
    /// What is not 0, in the order of places, and of classes within.
    pub cells: Vec<Cell>,
}

/// The attempts of a day to one place that ended for one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// A position in [`Kept::places`].
    pub place: u8,
    /// A position in [`Kept::classes`].
    pub class: u8,
    /// Those that are tried again; of the first class those that succeeded.
    pub put_off: u64,
    /// Those that are not.
    pub failed: u64,
}

/// The last text of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// A position in [`Kept::classes`].
    pub class: u8,
    /// Of what failed for good? Else of what is tried again.
    pub failed: bool,
    /// When it was logged, unix nanoseconds.
    pub nanos: i64,
    /// Are addresses taken out of it?
    pub hidden: bool,
    /// What was said.
    pub text: String,
}

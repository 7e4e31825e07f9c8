//! The table as a commit keeps it. Places and classes are named once, so that another version, which may have others, reads it.
use serde::{Deserialize, Serialize};

/// Two days of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// From when on it has everything, unix seconds. 0: it is not counted. [`FROM_THE_BEGINNING`]: as long as the protocol is.
    pub since: i64,
    /// The keys of places.
    pub places: Vec<String>,
    /// The keys of classes; the first one is what succeeded.
    pub classes: Vec<String>,
    /// Today's and yesterday's, the newest last; a day without anything is left out.
    pub days: Vec<Day>,
    /// The last texts.
    pub texts: Vec<Text>,
}

/// A table that is as old as its protocol's counters.
pub const FROM_THE_BEGINNING: i64 = 1;

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

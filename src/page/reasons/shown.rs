//! Which day's attempts are told.
use crate::reading::attempts::{Attempts, Day, Text};

/// Which day that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Today,
    Yesterday,
}

/// A day's attempts.
pub(super) struct Shown<'a> {
    pub(super) which: Which,
    pub(super) day: &'a Day,
    /// From when on all attempts are known, Unix seconds; 0: nothing is known yet.
    pub(super) since: i64,
    /// Of each class that has one, the last text of both days.
    pub(super) texts: &'a [Text],
}

impl<'a> Shown<'a> {
    pub(super) fn new(attempts: &'a Attempts, which: Which) -> Self {
        let day = match which {
            Which::Today => &attempts.today,
            Which::Yesterday => &attempts.yesterday,
        };
        Self { which, day, since: attempts.since, texts: &attempts.texts }
    }

    /// Is it known from its beginning on? One that is not says nothing of the same time of other days.
    pub(super) fn is_whole(&self) -> bool {
        self.since <= self.day.begin
    }
}

//! A section of a protocol: counters that are asked for, shown and drawn by a name of their own.
use std::fmt;

use super::counter::Counter;
use crate::reading::family::Family;
use crate::reading::mta::Fact;
use crate::reading::role::Overview;

/// A part of a protocol: some of its counters, which stand one behind the other.
#[derive(Clone, Copy)]
pub struct Section {
    /// As in `maillogs NAME`, and in templates.
    pub name: &'static str,
    /// Its heading on the pages.
    pub title: &'static str,
    /// One line for the usage.
    pub about: &'static str,
    /// The position of its first counter in the protocol's table.
    pub first: usize,
    /// Its counters.
    pub counters: &'static [Counter],
    /// As [`super::Protocol::main_counters`].
    pub main_counters: &'static [(&'static str, &'static str)],
    /// As [`super::Protocol::families`].
    pub families: &'static [Family],
    /// As [`super::Protocol::mta`].
    pub mta: &'static [Fact],
    /// As [`super::Protocol::page`].
    pub page: Overview,
    /// As [`super::Protocol::templates`].
    pub templates: &'static [(&'static str, &'static str)],
    /// The counter of what its rules do not know, if it has rules: where that is more than a tenth of all, they are too
    /// old, or something has changed.
    pub unknown: Option<Unknown>,
    /// The version of the table of rules by which its counters are raised, if there is such a table. A commit keeps it: counts
    /// of two tables are not to be compared without knowing that.
    pub table: Option<&'static Version>,
}

/// Tells the version of a table.
pub type Version = dyn Fn() -> u32 + Send + Sync;

/// A counter that should stay small beside others.
#[derive(Clone, Copy, Debug)]
pub struct Unknown {
    /// Its key.
    pub key: &'static str,
    /// The number of counters, from the section's first on, that have everything together.
    pub of: usize,
    /// What to do, for people.
    pub way: &'static str,
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Section {
    /// Is the counter at `position` in the protocol's table one of it?
    pub fn has(&self, position: usize) -> bool {
        (self.first..self.first + self.counters.len()).contains(&position)
    }
}

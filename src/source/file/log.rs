//! A log that somebody reads, and what tells the time of its lines.
use std::path::{Path, PathBuf};

use super::siblings::Names;
use crate::source::opener::Opener;

/// What the time of a line is computed with.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// `logs_tai_offset`.
    pub tai_offset: i64,
    /// Unix seconds.
    pub now: i64,
}

/// A log that somebody reads: its name, and what toaster.conf says of it.
#[derive(Clone, Copy)]
pub(super) struct Log<'a> {
    pub path: &'a Path,
    /// Where rotated files are put.
    pub olddir: Option<&'a Path>,
    /// Other logs that toaster.conf names and that are read: neither they nor their rotations are rotations of this one,
    /// whatever their names.
    pub others: &'a [PathBuf],
    pub clock: Clock,
    pub opener: &'a dyn Opener,
}

impl Log<'_> {
    /// Is the file at `path` another log, or a rotation of one that has the name of a rotation of this one?
    pub(super) fn is_of_another(&self, path: &Path) -> bool {
        let is_kin = |other: &PathBuf| kin_by_name(self.path, other) && kin_by_name(other, path);
        self.others.iter().any(|other| other == path || is_kin(other))
    }
}

/// Does the name of the file at `path` begin as that of the log at `log`, as the name of a rotation or a copy of it does?
fn kin_by_name(log: &Path, path: &Path) -> bool {
    let name_of = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name_of(log).zip(name_of(path)).is_some_and(|(log, name)| Names::new([log], []).kin(&name).is_some())
}

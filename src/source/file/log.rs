//! A log that somebody reads, and what tells the time of its lines.
use std::path::Path;

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
    pub clock: Clock,
    pub opener: &'a dyn Opener,
}

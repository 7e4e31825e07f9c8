//! How a reading is to be done.
use crate::store::session::StateOrigin;

/// A syslog file or a log directory that is gone for longer than this (seconds) is given up.
pub const GIVEN_UP: i64 = 86_400;

/// How the reading is to be done.
#[derive(Clone, Copy, Debug)]
pub struct ReadOptions {
    /// Seconds a bin.
    pub step: i64,
    /// `logs_tai_offset`; `None`: what the directory's files tell.
    pub tai_offset: Option<i64>,
    /// Unix seconds.
    pub now: i64,
    /// `logs_archive`; off: "archived up to" moves with the count.
    pub archive: bool,
    /// May a line be counted without its rest because that did not come in time? Only a commit may do so, because it
    /// depends on the clock.
    pub may_time_out: bool,
    /// What a chunk without a cursor means.
    pub origin: StateOrigin,
    /// Count stdin even if it is known.
    pub force: bool,
    /// With a damaged state: what was logged up to this time (seconds, nanoseconds) was counted.
    pub known_until: Option<(i64, i64)>,
}

//! What the fuzz targets share. A target is a few lines in `fuzz_targets`; what must hold is said in the modules here.
//!
//! Every target asks more than that nothing panics: each names something that must be true of any bytes at all, and
//! computes it another way.

pub mod archives;
pub mod chunks;
pub mod classify;
pub mod config;
pub mod counter_file;
pub mod journal;
pub mod own;
pub mod picture;
pub mod records;
pub mod rrd;
pub mod scratch;
pub mod stamps;

use maillogs::source::lines::LINE_LIMIT;

/// 2026-09-28 23:00 UTC: now, in every target.
pub const NOW: i64 = 1_790_636_400;

/// The lines of a log, each as far as a classifier sees it.
pub fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.split(|&b| b == b'\n').map(|line| &line[..line.len().min(LINE_LIMIT)])
}

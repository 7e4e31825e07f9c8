//! An instant, as a log line can bear it.

/// An instant in unix time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stamp {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    pub secs: i64,
    /// Nanoseconds after that second, at most 999,999,999.
    pub nanos: u32,
}

/// 2263-01-01T00:00:00Z: the first second that is too late for a stamp.
pub(super) const END: i64 = 9_246_182_400;

impl Stamp {
    /// The instant `secs` s + `nanos` ns after 1970, if a log line can bear it: from 1970 to the end of 2262, with
    /// less than a second of nanoseconds.
    #[inline]
    pub fn new(secs: i64, nanos: u32) -> Option<Stamp> {
        ((0..END).contains(&secs) && nanos < 1_000_000_000).then_some(Stamp { secs, nanos })
    }
}

//! One number of a protocol, and what kind of number it is.
use crate::reading::Measure;

/// What kind of number a counter is.
#[derive(Clone, Copy, Debug)]
pub enum CounterKind {
    /// Whole events; only ever grows. RRD: ABSOLUTE.
    Count,
    /// A sum of fractions in units of 10⁻⁹, each term rounded once, so that any order of the lines
    /// gives the same sum; only ever grows. RRD: ABSOLUTE.
    Sum,
    /// As [`CounterKind::Sum`], of terms that may be below 0 (a spam score): it may fall. RRD: ABSOLUTE.
    Net,
    /// The highest value in a bin. RRD: GAUGE.
    Peak,
    /// The last value in a bin. RRD: GAUGE.
    Level,
    /// Computed by the query from the other values, in units of 10⁻⁹; stored nowhere.
    Derived(fn(&Known<'_>) -> i128),
}

impl CounterKind {
    /// Is it stored in the counter file for ever?
    pub fn is_odometer(self) -> bool {
        matches!(self, CounterKind::Count | CounterKind::Sum | CounterKind::Net)
    }

    /// Does it describe one bin instead of all time?
    pub fn is_gauge(self) -> bool {
        matches!(self, CounterKind::Peak | CounterKind::Level)
    }

    /// What its values are, for whoever need not know how they come about.
    pub fn measure(self) -> Measure {
        match self {
            CounterKind::Count => Measure::Count,
            CounterKind::Sum => Measure::Sum,
            CounterKind::Net => Measure::Net,
            CounterKind::Peak | CounterKind::Level => Measure::Level,
            CounterKind::Derived(_) => Measure::Derived,
        }
    }
}

/// What a [`CounterKind::Derived`] value may be computed from, all by position in the protocol's table, or in that of the
/// section that has the value.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Odometers and gauges.
    pub values: &'a [i128],
    /// Of each counter: the newest local day (`YYYYMMDD`; 0: none yet) on which it moved, by the lines' own
    /// time, and by how much it did on that day.
    pub newest_day: &'a [(u32, i128)],
}

/// One number of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// Name in the query, and in the counter file unless [`Protocol::stored`](super::card::Protocol::stored) has another.
    pub key: &'static str,
    /// Name of the data source in the RRD, at most 19 of `[A-Za-z0-9_-]`; empty for derived ones.
    pub ds: &'static str,
    /// What kind of number it is.
    pub kind: CounterKind,
    /// One line for people.
    pub help: &'static str,
}

/// A counter of whole events.
pub const fn count(key: &'static str, ds: &'static str, help: &'static str) -> Counter {
    Counter { key, ds, kind: CounterKind::Count, help }
}

/// A counter of whole events whose key is its DS name too.
pub const fn events(key: &'static str, help: &'static str) -> Counter {
    of_kind(CounterKind::Count, key, help)
}

/// A value that the query computes.
pub const fn derived(key: &'static str, compute: fn(&Known<'_>) -> i128, help: &'static str) -> Counter {
    Counter { key, ds: "", kind: CounterKind::Derived(compute), help }
}

/// A counter of another kind whose key is its DS name too.
pub const fn of_kind(kind: CounterKind, key: &'static str, help: &'static str) -> Counter {
    Counter { key, ds: key, kind, help }
}

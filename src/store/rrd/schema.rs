//! What a file of ours is made of: data sources and archives.
use super::header::{Archive, Source};
use crate::protocol::{Counter, CounterKind, Protocol};

/// An RRD that ends up to this much after now (seconds) is waited for; what ends later was fed by a clock that was
/// wrong by days.
pub const FUTURE: i64 = 86_400;

/// Ten years: a gap in the log is known to be zero however long it was.
pub(super) const HEARTBEAT: u32 = 315_360_000;
pub(super) const DAY: i64 = 86_400;
/// The part of a row that may be unknown.
pub(super) const MAY_BE_UNKNOWN: f64 = 0.5;

/// (seconds a row, seconds kept): 1 min × 2 d, 5 min × 14 d, 30 min × 62 d, 2 h × 2 y, 1 d × 10 y.
const RRAS: [(u32, u32); 5] = [
    (60, 2 * 86_400),
    (300, 14 * 86_400),
    (1800, 62 * 86_400),
    (7200, 731 * 86_400),
    (86_400, 3653 * 86_400),
];

/// (steps a row, rows) for a step of `own` seconds. Rows finer than a step become rows of one step, kept
/// for the longest of their times.
pub(super) fn rows_of(own: u32) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> = Vec::new();
    for (row, span) in RRAS {
        let steps = (row / own).max(1);
        let rows = span / (steps * own);
        match all.last_mut() {
            Some((same, most)) if *same == steps => *most = (*most).max(rows),
            _ => all.push((steps, rows)),
        }
    }
    all
}

/// What the archives of a file are.
pub fn archives_of(step: u32) -> Vec<Archive> {
    let of = |function: &'static str| {
        rows_of(step).into_iter().map(move |(steps, rows)| Archive {
            function: function.to_owned(),
            rows: rows as usize,
            steps: steps as usize,
        })
    };
    of("AVERAGE").chain(of("MAX")).collect()
}

const ABSOLUTE: &str = "ABSOLUTE";
const GAUGE: &str = "GAUGE";

/// The data source of a counter; a derived one has none.
pub fn source_of(counter: &Counter) -> Option<Source> {
    let (kind, has_minimum) = match counter.kind {
        CounterKind::Derived(_) => return None,
        CounterKind::Count | CounterKind::Sum => (ABSOLUTE, true),
        // A negative term is told from "unknown" by having no minimum.
        CounterKind::Net => (ABSOLUTE, false),
        CounterKind::Peak | CounterKind::Level => (GAUGE, true),
    };
    Some(Source { name: counter.ds.to_owned(), kind: kind.to_owned(), has_minimum })
}

/// The data sources of all counters of a protocol.
pub fn sources_of(protocol: &Protocol) -> Vec<Source> {
    protocol.counters.iter().filter_map(source_of).collect()
}

/// The data sources that a file is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// In the order of the protocol's table.
    pub sources: Vec<Source>,
    /// For each of them: if an older file, of which the rows are taken over, lacks it, was it 0 in the rows of which
    /// that file knows anything? Otherwise it is unknown in them.
    pub were_zero: Vec<bool>,
}

impl Wanted {
    /// Those of all counters, of which nothing is known where an older file lacks them.
    #[cfg(any(test, fuzzing))]
    pub(super) fn all(protocol: &Protocol) -> Self {
        let sources = sources_of(protocol);
        Self { were_zero: vec![false; sources.len()], sources }
    }
}

//! What charts are drawn from: the RRD of each protocol and what is counted in it.
use std::path::PathBuf;

/// An RRD that graphs may draw from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What templates call it.
    pub protocol: String,
    /// The file; it need not exist yet.
    pub rrd: PathBuf,
    /// Seconds of a step.
    pub step: u32,
    /// When its sources were last read to their end, Unix seconds: up to here nothing in the RRD
    /// means that nothing happened.
    pub seen: i64,
    /// From when on nothing in the RRD means that nothing happened, Unix seconds; 0: since its first row.
    pub since: i64,
    /// Does it measure something at times? Before the first time the RRD knows nothing of it.
    pub measured: bool,
    /// Is what was measured last drawn up to `seen`?
    pub holds: bool,
    /// What is counted in it.
    pub counters: Vec<Counted>,
}

/// One DS of an RRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The counter's name.
    pub key: String,
    /// Its DS.
    pub ds: String,
    /// What its numbers are.
    pub measure: Measure,
    /// Where it is defined.
    pub defined_by: DefinedBy,
}

/// What a counter's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Events.
    Count,
    /// Sums of anything.
    Amount,
    /// What stands at a time.
    Level,
}

/// Where a counter is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinedBy {
    /// In the binary.
    BuiltIn,
    /// By `[[rbl]]` of toaster.conf.
    List,
    /// By `[[counter]]`.
    Counter,
}

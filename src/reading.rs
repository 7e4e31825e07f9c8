//! What a protocol is at: one plain value, which the read side makes ([`crate::query`]), and of which the query's line, the
//! pages, the pictures and the charts in the terminal are functions. It knows no store, no file format and no clock.
pub mod attempts;
pub mod family;
pub mod mta;
pub mod role;
pub mod stage;
pub mod steps;
pub mod threshold;

use std::path::PathBuf;

use attempts::Attempts;
use family::Family;
use mta::Fact;
use role::Overview;

/// A protocol at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// As in `maillogs NAME`, and in templates.
    pub protocol: &'static str,
    /// Its heading on the pages; empty: its name.
    pub title: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// The counters that tell most of it, each with words for people: `(key, label)`; none: the first of its counters.
    pub main_counters: &'static [(&'static str, &'static str)],
    /// What it is a second instance of; `None`: it is none.
    pub like: Option<Like>,
    /// Its RRD; the file need not exist yet.
    pub rrd: PathBuf,
    /// Seconds of a step of the RRD, and of a bin that waits for it.
    pub step: u32,
    /// The number of the commit that this is based on; 0: none yet, or it cannot be read.
    pub commit: u64,
    /// Until when its sources were read to their end, Unix seconds; 0: never. Up to here nothing in the RRD means that
    /// nothing happened.
    pub seen: i64,
    /// From when on nothing in the RRD means that nothing happened, Unix seconds; 0: since its first row.
    pub since: i64,
    /// Until when the RRD has everything, Unix seconds; 0: nothing is in it yet. `waiting` begins here.
    pub pushed: i64,
    /// Until when every step is complete, so that no line is expected in it any more, Unix seconds; 0: none is.
    pub settled: i64,
    /// Are its levels measured now and then, and hold in between? Before the first time the RRD knows nothing of them.
    pub measured: bool,
    /// Was every source read to its end? Where only the last commit was read, none was.
    pub complete: bool,
    /// Why something could not be read: a source, and then the values are those of the last commit; or the last commit,
    /// and then no counter has a value.
    pub failed: Option<String>,
    /// Which source is closed to this user: the values are right, and its lines since the last commit are not in them.
    pub closed: Option<String>,
    /// Why nothing is known yet, where nothing was ever counted: then every value is 0 because nobody has looked.
    pub unknown: Option<String>,
    /// Bytes that lay beyond the last commit.
    pub new_bytes: u64,
    /// What is told of the whole protocol; `None`: this is a section of it.
    pub whole: Option<Whole>,
    /// By which metrics and labels other programs know `counters`.
    pub families: &'static [Family],
    /// What they say of the mail server, as MTA-MIB asks.
    pub mta: &'static [Fact],
    /// What the overview of the pages has to know of it.
    pub page: Overview,
    /// In the order of the query.
    pub counters: Vec<Counter>,
    /// What the RRD does not have yet: the begin of each bin, Unix seconds, and what each of `counters` has in it, in
    /// their order and the units of their measures. Oldest first.
    pub waiting: Vec<(i64, Vec<i128>)>,
    /// Where each of `counters` stood at the end of a minute (of a step of the RRD): that end, Unix seconds, and the totals;
    /// of a level what it was. Oldest first; empty, unless it was asked for.
    pub minutes: Vec<(i64, Vec<Option<i128>>)>,
    /// How attempts to deliver ended today and yesterday. `None`: this protocol has none, it is a section of one, or the last
    /// commit cannot be read.
    pub attempts: Option<Attempts>,
}

/// What is told of a protocol, and not of its sections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// When the last commit was made, Unix seconds; 0: not known.
    pub committed: i64,
    /// Lines of the protocol's programs that a rule knows, and lines of them that no rule knows; none: the last commit cannot be
    /// read.
    pub lines: Option<(u64, u64)>,
    /// Its sources, by path, each with the stamp of the newest line that was counted, Unix seconds; 0: there was none.
    pub sources: Vec<(String, i64)>,
}

/// What a protocol, or a section of one, is a second instance of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like {
    /// The name of the protocol that is the second instance; its sections have this too.
    pub instance: &'static str,
    /// The built-in protocol, or the section of one, whose numbers these are for the instance's lines.
    pub part: &'static str,
    /// The templates of that, by name and text, that are drawn for the instance as well.
    pub templates: &'static [(&'static str, &'static str)],
}

/// One number of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// As the query names it.
    pub key: &'static str,
    /// Its data source (DS) in the RRD; empty for a derived one, which has none.
    pub ds: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// What its values are.
    pub measure: Measure,
    /// Where it is defined.
    pub defined_by: DefinedBy,
    /// What it is at; none: the last commit cannot be read.
    pub value: Option<Value>,
}

/// What was read or measured longer ago than this (seconds) may have changed since.
pub const OLD: i64 = 900;

/// What a counter is at, in units of its measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Value {
    /// All that was ever counted; of a level and a derived one, what it is now.
    pub total: i128,
    /// By how much it grew on the local day of the reading; none for a level and a derived one.
    pub today: Option<i128>,
    /// Did it ever count anything?
    pub moved: bool,
}

/// What a counter's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Whole events; it only ever grows.
    Count,
    /// A sum of anything, in units of 10⁻⁹; it only ever grows.
    Sum,
    /// As [`Measure::Sum`], of terms that may be below 0: it may fall.
    Net,
    /// What stands at a time, a whole number.
    Level,
    /// Computed from the others, in units of 10⁻⁹; no RRD has it.
    Derived,
}

/// Where a counter is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinedBy {
    /// In the binary.
    BuiltIn,
    /// By `[[rbl]]` of toaster.conf.
    List,
    /// By `[[counter]]`; or its protocol has no template of the binary, as those of toaster.conf: its graph is made of
    /// its counters.
    Counter,
}

impl Reading {
    /// What a monitoring system is to be told of it: it could not be read, or is closed to this user.
    pub fn trouble(&self) -> Option<&String> {
        self.failed.as_ref().or(self.closed.as_ref())
    }

    /// The counter that the query names `key`.
    pub fn counter(&self, key: &str) -> Option<&Counter> {
        self.counters.iter().find(|counter| counter.key == key)
    }

    /// The counter of the data source `ds`.
    pub fn source(&self, ds: &str) -> Option<&Counter> {
        self.sources().find(|counter| counter.ds == ds)
    }

    /// The counters that have a data source in the RRD.
    pub fn sources(&self) -> impl Iterator<Item = &Counter> {
        self.counters.iter().filter(|counter| !counter.ds.is_empty())
    }
}

/// Units of 10⁻⁹ that make 1.
const NANO: u128 = 1_000_000_000;

impl Measure {
    /// Are its values in units of 10⁻⁹?
    pub fn is_fraction(self) -> bool {
        matches!(self, Self::Sum | Self::Net | Self::Derived)
    }

    /// A value as the query, the counter file and the pages have it: a decimal number without trailing zeros.
    pub fn print(self, value: i128) -> String {
        if !self.is_fraction() {
            return value.to_string();
        }
        let sign = if value < 0 { "-" } else { "" };
        let (whole, part) = (value.unsigned_abs() / NANO, value.unsigned_abs() % NANO);
        if part == 0 {
            return format!("{sign}{whole}");
        }
        let part = format!("{part:09}");
        format!("{sign}{whole}.{}", part.trim_end_matches('0'))
    }

    /// A value as charts compute with it: of 1, not of 10⁻⁹.
    #[expect(clippy::cast_precision_loss, reason = "a chart needs no 53 bits")]
    pub fn float(self, value: i128) -> f64 {
        if self.is_fraction() { value as f64 / 1e9 } else { value as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_trailing_zeros() {
        for (value, printed) in [
            (0, "0"),
            (100_000_000, "0.1"),
            (12_500_000_000, "12.5"),
            (1, "0.000000001"),
            (3_000_000_000, "3"),
            (-1_234_500_000_000, "-1234.5"),
        ] {
            for measure in [Measure::Sum, Measure::Net, Measure::Derived] {
                assert_eq!(measure.print(value), printed, "{measure:?}");
            }
            for measure in [Measure::Count, Measure::Level] {
                assert_eq!(measure.print(value), value.to_string(), "{measure:?}");
            }
        }
    }

    #[test]
    fn what_has_no_data_source_is_found_by_its_key_only() {
        let counter = |key, ds, measure| {
            let (help, defined_by, value) = ("", DefinedBy::BuiltIn, None);
            Counter { key, ds, help, measure, defined_by, value }
        };
        let counters = vec![counter("mean", "", Measure::Derived), counter("mails", "m", Measure::Count)];
        let reading = Reading { counters, ..Reading::default() };
        assert_eq!(reading.counter("mean").map(|counter| counter.measure), Some(Measure::Derived));
        assert_eq!(reading.source("m").map(|counter| counter.key), Some("mails"));
        assert_eq!((reading.source(""), reading.sources().count()), (None, 1));
    }
}

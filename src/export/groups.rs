//! Readings → metrics: named groups of numbers with labels, for every format that has labels.
use std::collections::BTreeMap;

use crate::reading::family::{Bucket, Family, Unit};
use crate::reading::{Counter, DefinedBy, Measure, Reading};

/// Numbers of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name: `maillogs_deliveries`, `maillogs_delivery_duration_seconds`. Formats add `_total` and the like.
    pub name: String,
    /// One line for people.
    pub help: String,
    /// The unit that its name ends with; empty: none.
    pub unit: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Its numbers.
    pub series: Vec<Series>,
}

/// What the values of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They only grow.
    Counter,
    /// They stand at something.
    Gauge,
    /// Counts by bounds.
    Histogram,
}

/// One number, or one histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Names and values of its labels; values hold any text.
    pub labels: Vec<(&'static str, String)>,
    /// Where it stands.
    pub value: Amount,
}

/// Where a series stands. Numbers are decimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// At this number.
    Number(String),
    /// A histogram.
    Histogram {
        /// Each bound, the last one `+Inf`, with how many values are within it.
        buckets: Vec<(&'static str, u128)>,
        /// The sum of the values.
        sum: String,
    },
}

/// The groups of all counters that have a value, in the order of the readings. Counters of one name are in one group, also
/// where several protocols have them.
pub fn groups(readings: &[Reading]) -> Vec<Group> {
    let mut all = Groups::default();
    // What nobody has counted yet is no 0.
    let known = || readings.iter().filter(|reading| reading.unknown.is_none());
    for reading in known() {
        for family in reading.families {
            all.family(reading, family);
        }
        for counter in &reading.counters {
            all.other(reading, counter);
        }
    }
    for reading in known() {
        all.state(reading);
    }
    all.0
}

#[derive(Default)]
struct Groups(Vec<Group>);

impl Groups {
    fn push(&mut self, name: &str, help: &str, unit: &'static str, kind: Kind, series: Series) {
        let mut full = format!("maillogs_{name}");
        if !unit.is_empty() {
            full += "_";
            full += unit;
        }
        match self.0.iter_mut().find(|group| group.name == full) {
            Some(group) => group.series.push(series),
            None => {
                self.0.push(Group { name: full, help: help.to_owned(), unit, kind, series: vec![series] });
            }
        }
    }

    /// The counters of a family.
    fn family(&mut self, reading: &Reading, family: &Family) {
        let unit = match family.unit {
            Unit::None => "",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
        };
        let mut histograms: BTreeMap<Vec<&'static str>, Vec<(Bucket, &Counter)>> = BTreeMap::new();
        for counter in &reading.counters {
            let Some(place) = family.place(counter.key).filter(|_| counter.measure != Measure::Derived)
            else {
                continue;
            };
            if let Some(bucket) = place.bucket {
                histograms.entry(place.values).or_default().push((bucket, counter));
            } else if let Some(value) = counter.value {
                let labels = labels(reading, family, &place.values);
                let value = Amount::Number(counter.measure.print(value.total));
                self.push(family.name, family.help, unit, kind(counter.measure), Series { labels, value });
            }
        }
        for (values, counters) in histograms {
            if let Some(value) = histogram(&counters) {
                let labels = labels(reading, family, &values);
                self.push(family.name, family.help, unit, Kind::Histogram, Series { labels, value });
            }
        }
    }

    /// A counter that no family has: one of toaster.conf, of a list or of a protocol without families.
    fn other(&mut self, reading: &Reading, counter: &Counter) {
        let Some(value) = counter.value.filter(|_| counter.measure != Measure::Derived) else { return };
        if reading.families.iter().any(|family| family.place(counter.key).is_some()) {
            return;
        }
        let value = Amount::Number(counter.measure.print(value.total));
        let of = instance(reading);
        if counter.defined_by == DefinedBy::List {
            let labels = [vec![("list", counter.key.to_owned())], of].concat();
            let help = "connections that a DNS list turned away";
            return self.push("blocked", help, "", Kind::Counter, Series { labels, value });
        }
        let labels = vec![("protocol", reading.protocol.to_owned()), ("key", counter.key.to_owned())];
        let (name, help, kind) = match counter.measure {
            Measure::Count => ("events", "what toaster.conf or a protocol counts, by its key", Kind::Counter),
            Measure::Sum => ("sums", "what toaster.conf or a protocol adds up, by its key", Kind::Counter),
            _ => ("levels", "what toaster.conf or a protocol measures, by its key", Kind::Gauge),
        };
        self.push(name, help, "", kind, Series { labels, value });
    }

    /// What a protocol itself is at.
    fn state(&mut self, reading: &Reading) {
        let Some(whole) = &reading.whole else { return };
        let protocol = || vec![("protocol", reading.protocol.to_owned())];
        let mut gauge = |name: &str, help: &str, unit, labels, value: String| {
            self.push(name, help, unit, Kind::Gauge, Series { labels, value: Amount::Number(value) });
        };
        gauge(
            "up",
            "1: all sources could be read; 0: one could not, or the last commit cannot be read",
            "",
            protocol(),
            u8::from(reading.failed.is_none()).to_string(),
        );
        if reading.seen > 0 {
            let help = "when the sources were last read to their end";
            gauge("read_timestamp", help, "seconds", protocol(), reading.seen.to_string());
        }
        if whole.committed > 0 {
            let help = "when the last commit was made";
            gauge("commit_timestamp", help, "seconds", protocol(), whole.committed.to_string());
        }
        for (source, time) in whole.sources.iter().filter(|(_, time)| *time > 0) {
            let labels = [protocol(), vec![("source", source.clone())]].concat();
            let help = "the stamp of the newest line that was counted of a source";
            gauge("last_line_timestamp", help, "seconds", labels, time.to_string());
        }
        let mut counter = |name: &str, help: &str, labels, value: u64| {
            let value = Amount::Number(value.to_string());
            self.push(name, help, "", Kind::Counter, Series { labels, value });
        };
        counter("commits", "commits", protocol(), reading.commit);
        for (understood, lines) in [("yes", whole.understood), ("no", whole.not_understood)] {
            let labels = [protocol(), vec![("understood", understood.to_owned())]].concat();
            counter("lines", "lines of a protocol's programs", labels, lines);
        }
    }
}

fn kind(measure: Measure) -> Kind {
    match measure {
        Measure::Count | Measure::Sum => Kind::Counter,
        Measure::Net | Measure::Level | Measure::Derived => Kind::Gauge,
    }
}

fn labels(reading: &Reading, family: &Family, values: &[&'static str]) -> Vec<(&'static str, String)> {
    let own = family.labels.iter().zip(values).map(|(name, value)| (*name, (*value).to_owned()));
    own.chain(instance(reading)).collect()
}

/// The label that tells a second instance of a protocol from the first.
fn instance(reading: &Reading) -> Vec<(&'static str, String)> {
    reading.like.iter().map(|like| ("log", like.instance.to_owned())).collect()
}

/// `None`: a part of it has no value.
fn histogram(counters: &[(Bucket, &Counter)]) -> Option<Amount> {
    let (mut buckets, mut within, mut sum) = (Vec::new(), 0u128, String::new());
    for (bucket, counter) in counters {
        let total = counter.value?.total;
        match bucket {
            Bucket::Within(bound) => {
                within += u128::try_from(total).unwrap_or(0);
                buckets.push((*bound, within));
            }
            Bucket::Sum => sum = counter.measure.print(total),
        }
    }
    Some(Amount::Histogram { buckets, sum })
}

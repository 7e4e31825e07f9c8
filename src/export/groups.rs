//! Readings → metrics: named groups of numbers with labels, for every format that has labels.
use std::collections::BTreeMap;

use crate::reading::family::{Bucket, Family, Unit, is_whole};
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
    /// Where its values come from.
    pub source: Source,
}

/// Where the values of a series come from. Readings and counters are told by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A counter of a reading.
    Counter(usize, usize),
    /// Counters of a reading that are a histogram together.
    Histogram {
        /// The reading.
        reading: usize,
        /// Each bound, the last one `+Inf`, with the counter of what is within it and beyond the one before.
        buckets: Vec<(&'static str, usize)>,
        /// The counter that is the sum of the values.
        sum: Option<usize>,
    },
    /// No counter: this number.
    Said(String),
}

/// Where a series stands. Numbers are decimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// At this number.
    Number(String),
    /// A histogram.
    Histogram {
        /// Each bound, the last one `+Inf`, with how many values are within it.
        buckets: Vec<(&'static str, i128)>,
        /// The sum of the values.
        sum: String,
    },
}

impl Series {
    /// Where it stands now. `None`: that is not known.
    pub fn now(&self, readings: &[Reading]) -> Option<Amount> {
        self.amount(readings, &|reading, counter| {
            Some(readings.get(reading)?.counters.get(counter)?.value?.total)
        })
    }

    /// The reading that it is of; `None`: it is no counter.
    pub fn reading(&self) -> Option<usize> {
        match &self.source {
            Source::Counter(reading, _) | Source::Histogram { reading, .. } => Some(*reading),
            Source::Said(_) => None,
        }
    }

    /// Where it stood at the end of the `minute`-th of its reading's minutes. `None`: that is not known, or it is no counter.
    pub fn then(&self, readings: &[Reading], minute: usize) -> Option<Amount> {
        if matches!(self.source, Source::Said(_)) {
            return None;
        }
        self.amount(readings, &|reading, counter| {
            let (_, totals) = readings.get(reading)?.minutes.get(minute)?;
            *totals.get(counter)?
        })
    }

    fn amount(&self, readings: &[Reading], total: &dyn Fn(usize, usize) -> Option<i128>) -> Option<Amount> {
        let print = |reading: usize, counter: usize| {
            let measure = readings.get(reading)?.counters.get(counter)?.measure;
            Some(measure.print(total(reading, counter)?))
        };
        match &self.source {
            Source::Said(number) => Some(Amount::Number(number.clone())),
            Source::Counter(reading, counter) => print(*reading, *counter).map(Amount::Number),
            Source::Histogram { reading, buckets, sum } => {
                let mut within = 0;
                let buckets = buckets.iter().map(|(bound, counter)| {
                    within += total(*reading, *counter)?;
                    Some((*bound, within))
                });
                let buckets = buckets.collect::<Option<_>>()?;
                Some(Amount::Histogram { buckets, sum: sum.and_then(|sum| print(*reading, sum))? })
            }
        }
    }
}

/// The groups of all counters, in the order of the readings, and what is told of whole protocols. Counters of one name are in
/// one group, also where several protocols have them. A reading of which nothing is known yet has no counter in it.
pub fn groups(readings: &[Reading]) -> Vec<Group> {
    let mut all = Groups::default();
    // What nobody has counted yet is no 0.
    let known = || readings.iter().enumerate().filter(|(_, reading)| reading.unknown.is_none());
    for (at, reading) in known() {
        for family in reading.families {
            all.family(at, reading, family);
        }
        for (counter, what) in reading.counters.iter().enumerate() {
            all.other(at, reading, counter, what);
        }
    }
    for (_, reading) in known() {
        all.state(reading);
    }
    all.0
}

/// The groups of many hosts, each with its name in a label `host`, and when the newest minute of each protocol came; and the
/// readings of all of them, of which the groups tell.
pub fn of_hosts(hosts: &[(String, Vec<Reading>)]) -> (Vec<Group>, Vec<Reading>) {
    let (mut all, mut of_all) = (Vec::<Group>::new(), Vec::new());
    for (host, readings) in hosts {
        let mut of_host = Groups(groups(readings));
        for reading in readings.iter().filter(|reading| reading.seen > 0) {
            let labels = vec![("protocol", reading.protocol.to_owned())];
            let source = Source::Said(reading.seen.to_string());
            let help = "the end of the newest minute that has come of a host";
            of_host.push("newest_minute_timestamp", help, "seconds", Kind::Gauge, Series { labels, source });
        }
        for mut group in of_host.0 {
            for series in &mut group.series {
                series.labels.push(("host", host.clone()));
                if let Source::Counter(reading, _) | Source::Histogram { reading, .. } = &mut series.source {
                    *reading += of_all.len();
                }
            }
            match all.iter_mut().find(|known| known.name == group.name) {
                Some(known) => known.series.append(&mut group.series),
                None => all.push(group),
            }
        }
        of_all.extend_from_slice(readings);
    }
    (all, of_all)
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
    fn family(&mut self, at: usize, reading: &Reading, family: &Family) {
        let unit = match family.unit {
            Unit::None => "",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
        };
        let mut histograms: BTreeMap<Vec<&'static str>, Vec<(Bucket, usize)>> = BTreeMap::new();
        for (position, counter) in reading.counters.iter().enumerate() {
            let place = family.place(counter.key).filter(|_| may_be_in_family(reading, counter));
            let Some(place) = place else { continue };
            if let Some(bucket) = place.bucket {
                histograms.entry(place.values).or_default().push((bucket, position));
                continue;
            }
            let labels = labels(reading, family, &place.values);
            let source = Source::Counter(at, position);
            self.push(family.name, family.help, unit, kind(counter.measure), Series { labels, source });
        }
        for (values, counters) in histograms {
            let (mut buckets, mut sum) = (Vec::new(), None);
            for (bucket, position) in counters {
                match bucket {
                    Bucket::Within(bound) => buckets.push((bound, position)),
                    Bucket::Sum => sum = Some(position),
                }
            }
            // Of a histogram that was asked for in part nothing can be told.
            if sum.is_some() && is_whole(&buckets.iter().map(|(bound, _)| *bound).collect::<Vec<_>>()) {
                let labels = labels(reading, family, &values);
                let source = Source::Histogram { reading: at, buckets, sum };
                self.push(family.name, family.help, unit, Kind::Histogram, Series { labels, source });
            }
        }
    }

    /// A counter that no family has: one of toaster.conf, of a list or of a protocol without families.
    fn other(&mut self, at: usize, reading: &Reading, position: usize, counter: &Counter) {
        let has_family = reading.families.iter().any(|family| family.place(counter.key).is_some());
        if counter.measure == Measure::Derived || (may_be_in_family(reading, counter) && has_family) {
            return;
        }
        let source = Source::Counter(at, position);
        if counter.defined_by == DefinedBy::List {
            let labels = [vec![("list", counter.key.to_owned())], instance(reading)].concat();
            let help = "connections that a DNS list turned away";
            return self.push("blocked", help, "", Kind::Counter, Series { labels, source });
        }
        let labels = vec![("protocol", reading.protocol.to_owned()), ("key", counter.key.to_owned())];
        let (name, help, kind) = match counter.measure {
            Measure::Count => ("events", "what toaster.conf or a protocol counts, by its key", Kind::Counter),
            Measure::Sum => ("sums", "what toaster.conf or a protocol adds up, by its key", Kind::Counter),
            _ => ("levels", "what toaster.conf or a protocol measures, by its key", Kind::Gauge),
        };
        self.push(name, help, "", kind, Series { labels, source });
    }

    /// What a protocol itself is at.
    fn state(&mut self, reading: &Reading) {
        let Some(whole) = &reading.whole else { return };
        let protocol = || vec![("protocol", reading.protocol.to_owned())];
        let mut gauge = |name: &str, help: &str, unit, labels, value: String| {
            self.push(name, help, unit, Kind::Gauge, Series { labels, source: Source::Said(value) });
        };
        gauge(
            "up",
            "1: all sources could be read; 0: one could not, or the last commit cannot be read",
            "",
            protocol(),
            u8::from(reading.trouble().is_none()).to_string(),
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
            let source = Source::Said(value.to_string());
            self.push(name, help, "", Kind::Counter, Series { labels, source });
        };
        let Some((understood, not)) = whole.lines else { return };
        counter("commits", "commits", protocol(), reading.commit);
        for (understood, lines) in [("yes", understood), ("no", not)] {
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

/// One of toaster.conf is in no family, whatever its name begins with.
fn may_be_in_family(reading: &Reading, counter: &Counter) -> bool {
    let is_own = counter.defined_by != DefinedBy::BuiltIn && !reading.families.is_empty();
    counter.measure != Measure::Derived && !is_own
}

//! By which name, and with which labels, monitoring systems know a number: families of counters that may be added up.
//!
//! A protocol's card has the families of its counters; the formats with labels are made of them.

/// Counters that other programs know by one name and tell apart by labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name without `maillogs_` and without unit and suffix: `deliveries`.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// What its values are measured in.
    pub unit: Unit,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Its counters.
    pub members: &'static [Member],
}

/// What values are measured in. It stands in the name of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Events, or whatever the name says.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// Counters of a family, with the values of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The counter of this key.
    Key(&'static str, &'static [&'static str]),
    /// All counters whose keys begin so: what follows is the value of the first label.
    Rest(&'static str, &'static [&'static str]),
    /// A histogram: the counters `BEGIN_BOUND` are its buckets, and `BEGIN_seconds` is its sum.
    Histogram(&'static str, &'static [&'static str]),
}

/// A family of events.
pub const fn family(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    members: &'static [Member],
) -> Family {
    Family { name, help, unit: Unit::None, labels, members }
}

/// A family of a unit.
pub const fn family_in(
    name: &'static str,
    help: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    members: &'static [Member],
) -> Family {
    Family { name, help, unit, labels, members }
}

/// The place of a counter in a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The values of the family's labels, in their order.
    pub values: Vec<&'static str>,
    /// What the counter is of a histogram; `None`: the family is none.
    pub bucket: Option<Bucket>,
}

/// What a counter is of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// It counts what is within this bound (of seconds, in decimals) and beyond the one before; `+Inf`: beyond all.
    Within(&'static str),
    /// It is the sum of the values.
    Sum,
}

impl Family {
    /// The place of the counter `key` in this family. `None`: it is not in it.
    pub fn place(&self, key: &'static str) -> Option<Place> {
        self.members.iter().find_map(|member| member.place(key))
    }
}

impl Member {
    fn place(&self, key: &'static str) -> Option<Place> {
        match *self {
            Member::Key(known, values) => {
                (known == key).then(|| Place { values: values.to_vec(), bucket: None })
            }
            Member::Rest(prefix, values) => {
                let rest = key.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
                Some(Place { values: [&[rest], values].concat(), bucket: None })
            }
            Member::Histogram(prefix, values) => {
                let bucket = bucket(key.strip_prefix(prefix)?.strip_prefix('_')?)?;
                Some(Place { values: values.to_vec(), bucket: Some(bucket) })
            }
        }
    }
}

/// The bounds of histograms: as keys end, and in seconds.
const BOUNDS: [(&str, &str); 17] = [
    ("500ms", "0.5"),
    ("1s", "1"),
    ("2s", "2"),
    ("5s", "5"),
    ("10s", "10"),
    ("30s", "30"),
    ("1m", "60"),
    ("2m", "120"),
    ("5m", "300"),
    ("10m", "600"),
    ("30m", "1800"),
    ("1h", "3600"),
    ("4h", "14400"),
    ("12h", "43200"),
    ("1d", "86400"),
    ("2d", "172800"),
    ("5d", "432000"),
];

/// The fewest bounds that a histogram has.
const FEWEST: usize = 12;

/// Are these all bounds of a histogram, in their order?
pub fn is_whole(bounds: &[&str]) -> bool {
    let Some((&"+Inf", finite)) = bounds.split_last() else { return false };
    finite.len() >= FEWEST && finite.iter().zip(BOUNDS).all(|(bound, (_, known))| *bound == known)
}

fn bucket(end: &str) -> Option<Bucket> {
    match end {
        "longer" => Some(Bucket::Within("+Inf")),
        "seconds" => Some(Bucket::Sum),
        _ => BOUNDS.iter().find(|(name, _)| *name == end).map(|(_, seconds)| Bucket::Within(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_by_its_key_or_by_how_that_begins() {
        const FAMILY: Family = family(
            "x",
            "",
            &["list", "kind"],
            &[Member::Key("mine", &["a", "b"]), Member::Rest("denied_", &["c"])],
        );
        let values = |key| FAMILY.place(key).map(|place| place.values);
        assert_eq!(values("mine"), Some(vec!["a", "b"]));
        assert_eq!(values("denied_other"), Some(vec!["other", "c"]));
        assert_eq!((values("denied_"), values("min"), values("xdenied_y")), (None, None, None));
    }

    #[test]
    fn bounds_are_told_in_seconds() {
        const FAMILY: Family = family("x", "", &["to"], &[Member::Histogram("first", &["all"])]);
        let bucket = |key| FAMILY.place(key).and_then(|place| place.bucket);
        assert_eq!(bucket("first_500ms"), Some(Bucket::Within("0.5")));
        assert_eq!(bucket("first_1h"), Some(Bucket::Within("3600")));
        assert_eq!(bucket("first_longer"), Some(Bucket::Within("+Inf")));
        assert_eq!(bucket("first_seconds"), Some(Bucket::Sum));
        assert_eq!((bucket("first_p50"), bucket("firsts"), bucket("remote_1s")), (None, None, None));
    }
}

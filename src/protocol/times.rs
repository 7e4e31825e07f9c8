//! How long deliveries take, and how long messages are in the queue: histograms with fixed bounds.
//!
//! Each bucket is a counter of its own: `remote_5s` counts what took more than 2 s (the bound before it) and at most 5 s. So
//! a quantile is exact to the bound over any period, and the histograms of several hosts can be added up.
use super::counter::{Counter, CounterKind, Known, derived};
use super::counter_table::groups;

const SECOND: i64 = 1_000_000_000;

/// The upper bounds in nanoseconds. Deliveries use the first twelve of them.
pub const BOUNDS: [i64; 17] = [
    SECOND / 2,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    60 * SECOND,
    120 * SECOND,
    300 * SECOND,
    600 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    4 * 3_600 * SECOND,
    12 * 3_600 * SECOND,
    24 * 3_600 * SECOND,
    2 * 24 * 3_600 * SECOND,
    5 * 24 * 3_600 * SECOND,
];

/// qmail-remote gives up long before an hour is over.
const SHORT: usize = 12;

/// The counters of a histogram: `NAME_BOUND` for each bound, `NAME_longer`, and `NAME_seconds`, their sum.
macro_rules! histogram {
    (const $table:ident = $name:literal, $what:literal: $($bound:literal)*) => {
        const $table: &[Counter] = &[
            $(bucket(concat!($name, "_", $bound), concat!($what, ", in at most ", $bound, " (and more than the bound before)")),)*
            bucket(concat!($name, "_longer"), concat!($what, ", in more than the last bound")),
            Counter {
                key: concat!($name, "_seconds"),
                ds: concat!($name, "_seconds"),
                kind: CounterKind::Sum,
                help: concat!($what, ": the sum of the times, in seconds"),
            },
        ];
    };
}

const fn bucket(key: &'static str, help: &'static str) -> Counter {
    Counter { key, ds: key, kind: CounterKind::Count, help }
}

histogram! {
    const REMOTE_TIMES = "remote", "deliveries to other hosts that ended, however they did":
        "500ms" "1s" "2s" "5s" "10s" "30s" "1m" "2m" "5m" "10m" "30m" "1h"
}
histogram! {
    const LOCAL_TIMES = "local", "deliveries to local mailboxes that ended, however they did":
        "500ms" "1s" "2s" "5s" "10s" "30s" "1m" "2m" "5m" "10m" "30m" "1h"
}
histogram! {
    const FIRST_TIMES = "first", "messages of which a delivery succeeded for the first time, since they were taken into the queue":
        "500ms" "1s" "2s" "5s" "10s" "30s" "1m" "2m" "5m" "10m" "30m" "1h" "4h" "12h" "1d" "2d" "5d"
}
histogram! {
    const QUEUE_TIMES = "queue", "messages that left the queue, since they were taken into it":
        "500ms" "1s" "2s" "5s" "10s" "30s" "1m" "2m" "5m" "10m" "30m" "1h" "4h" "12h" "1d" "2d" "5d"
}
const UNSEEN_TIMES: &[Counter] = &[
    bucket(
        "queue_unseen",
        "messages that left the queue and whose beginning is not in the log: they are in no histogram",
    ),
    bucket(
        "delivery_unseen",
        "deliveries that ended and whose beginning is not in the log: they are in no histogram",
    ),
];

const QUANTILES: &[Counter] = &[
    derived(
        "remote_p50",
        |known| REMOTE_TIME.quantile(known, 50),
        "seconds in which half of the deliveries to other hosts ended on the newest day; as all of these exact to the bound: the next higher one, and the last one for what took longer",
    ),
    derived(
        "remote_p95",
        |known| REMOTE_TIME.quantile(known, 95),
        "seconds in which 95 of 100 deliveries to other hosts ended on the newest day",
    ),
    derived(
        "remote_p99",
        |known| REMOTE_TIME.quantile(known, 99),
        "seconds in which 99 of 100 deliveries to other hosts ended on the newest day",
    ),
    derived(
        "local_p50",
        |known| LOCAL_TIME.quantile(known, 50),
        "seconds in which half of the deliveries to local mailboxes ended on the newest day",
    ),
    derived(
        "local_p95",
        |known| LOCAL_TIME.quantile(known, 95),
        "seconds in which 95 of 100 deliveries to local mailboxes ended on the newest day",
    ),
    derived(
        "local_p99",
        |known| LOCAL_TIME.quantile(known, 99),
        "seconds in which 99 of 100 deliveries to local mailboxes ended on the newest day",
    ),
    derived(
        "first_p50",
        |known| FIRST_TIME.quantile(known, 50),
        "seconds after which half of the messages of the newest day had a first delivery that succeeded; if it grows, see maillogs reasons and providers",
    ),
    derived(
        "first_p95",
        |known| FIRST_TIME.quantile(known, 95),
        "seconds after which 95 of 100 messages of the newest day had a first delivery that succeeded",
    ),
    derived(
        "first_p99",
        |known| FIRST_TIME.quantile(known, 99),
        "seconds after which 99 of 100 messages of the newest day had a first delivery that succeeded",
    ),
    derived(
        "queue_p50",
        |known| QUEUE_TIME.quantile(known, 50),
        "seconds after which half of the messages of the newest day left the queue",
    ),
    derived(
        "queue_p95",
        |known| QUEUE_TIME.quantile(known, 95),
        "seconds after which 95 of 100 messages of the newest day left the queue",
    ),
    derived(
        "queue_p99",
        |known| QUEUE_TIME.quantile(known, 99),
        "seconds after which 99 of 100 messages of the newest day left the queue",
    ),
];

groups! {
    pub(super) const COUNTERS = [
        AT_FIRST: QUANTILES,
        REMOTE: REMOTE_TIMES,
        LOCAL: LOCAL_TIMES,
        FIRST: FIRST_TIMES,
        QUEUE: QUEUE_TIMES,
        UNSEEN: UNSEEN_TIMES,
    ];
}

/// Messages, and deliveries, of which the beginning was not seen.
pub(super) const UNSEEN_QUEUE: usize = UNSEEN;
pub(super) const UNSEEN_DELIVERY: usize = UNSEEN + 1;

/// One of the histograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// The position of its first counter in the section.
    pub first: usize,
    /// The number of its bounds.
    pub bounds: usize,
}

/// Deliveries to other hosts.
pub const REMOTE_TIME: Histogram = Histogram { first: REMOTE, bounds: SHORT };
/// Deliveries to local mailboxes.
pub const LOCAL_TIME: Histogram = Histogram { first: LOCAL, bounds: SHORT };
/// From the beginning of a message to the first delivery of it that succeeded.
pub const FIRST_TIME: Histogram = Histogram { first: FIRST, bounds: BOUNDS.len() };
/// From the beginning of a message to its end.
pub const QUEUE_TIME: Histogram = Histogram { first: QUEUE, bounds: BOUNDS.len() };

impl Histogram {
    /// The position of the counter, in the section, of what took `nanos`.
    #[inline]
    pub fn bucket(self, nanos: i64) -> usize {
        self.first + BOUNDS.iter().take(self.bounds).take_while(|bound| nanos > **bound).count()
    }

    /// The bound within which `percent` of 100 of what was counted on the newest day lie, in units of 10⁻⁹ seconds; 0: nothing
    /// was counted. Of what took longer than the last bound it is only known that it did.
    fn quantile(self, known: &Known<'_>, percent: i128) -> i128 {
        let buckets = known.newest_day.get(self.first..=self.first + self.bounds).unwrap_or_default();
        let day = buckets.iter().map(|(day, _)| *day).max().unwrap_or(0);
        let counts = || buckets.iter().map(|(of, count)| if *of == day { *count } else { 0 });
        let all: i128 = counts().sum();
        if all == 0 {
            return 0;
        }
        let mut sum = 0;
        let bucket = counts().take_while(|count| {
            sum += count;
            sum * 100 < percent * all
        });
        let at = bucket.count().min(self.bounds - 1);
        BOUNDS.get(at).copied().map_or(0, i128::from)
    }

    /// The position of the sum of the times.
    #[inline]
    pub fn sum(self) -> usize {
        self.first + self.bounds + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_bucket_of_the_next_bound() {
        let key = |histogram: Histogram, nanos: i64| COUNTERS[histogram.bucket(nanos)].key;
        for (nanos, remote, queue) in [
            (0, "remote_500ms", "queue_500ms"),
            (500_000_000, "remote_500ms", "queue_500ms"),
            (500_000_001, "remote_1s", "queue_1s"),
            (5_000_000_000, "remote_5s", "queue_5s"),
            (1_800_000_000_001, "remote_1h", "queue_1h"),
            (3_600_000_000_001, "remote_longer", "queue_4h"),
            (432_000_000_000_000, "remote_longer", "queue_5d"),
            (432_000_000_000_001, "remote_longer", "queue_longer"),
        ] {
            assert_eq!((key(REMOTE_TIME, nanos), key(QUEUE_TIME, nanos)), (remote, queue), "{nanos}");
        }
        let sums = [REMOTE_TIME, LOCAL_TIME, FIRST_TIME, QUEUE_TIME].map(|h| COUNTERS[h.sum()].key);
        assert_eq!(sums, ["remote_seconds", "local_seconds", "first_seconds", "queue_seconds"]);
        assert_eq!(COUNTERS[UNSEEN_QUEUE].key, "queue_unseen");
        assert_eq!(COUNTERS[UNSEEN_DELIVERY].key, "delivery_unseen");
    }

    #[test]
    fn a_quantile_is_the_bound_within_which_so_much_of_the_newest_day_lies() {
        let mut newest_day = vec![(0, 0); COUNTERS.len()];
        let mut set = |key: &str, day: u32, count: i128| {
            newest_day[COUNTERS.iter().position(|counter| counter.key == key).unwrap()] = (day, count);
        };
        set("first_500ms", 20_261_130, 50);
        set("first_5s", 20_261_130, 44);
        // Of the day before.
        set("first_10s", 20_261_129, 1_000);
        set("first_1h", 20_261_130, 5);
        set("first_longer", 20_261_130, 1);
        set("queue_longer", 20_261_130, 3);
        let quantile = |key: &str| {
            let counter = COUNTERS.iter().find(|counter| counter.key == key).unwrap();
            let CounterKind::Derived(compute) = counter.kind else { panic!("{key}") };
            compute(&Known { values: &[], newest_day: &newest_day })
        };
        // By hand: 50 of 100 within 0.5 s, 94 within 5 s, 99 within an hour.
        let seconds = |n: i128| n * 1_000_000_000;
        assert_eq!(quantile("first_p50"), seconds(1) / 2);
        assert_eq!((quantile("first_p95"), quantile("first_p99")), (seconds(3_600), seconds(3_600)));
        assert_eq!((quantile("queue_p50"), quantile("remote_p99")), (seconds(432_000), 0));
    }

    /// The bounds that the names say, read as people read them.
    #[test]
    fn the_names_say_the_bounds() {
        let seconds = |name: &str| -> f64 {
            let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap();
            let number: f64 = name[..digits].parse().unwrap();
            number
                * match &name[digits..] {
                    "ms" => 0.001,
                    "s" => 1.0,
                    "m" => 60.0,
                    "h" => 3_600.0,
                    "d" => 86_400.0,
                    other => panic!("{other}"),
                }
        };
        for histogram in [REMOTE_TIME, LOCAL_TIME, FIRST_TIME, QUEUE_TIME] {
            for (at, bound) in BOUNDS.iter().enumerate().take(histogram.bounds) {
                let name = COUNTERS[histogram.first + at].key.split_once('_').unwrap().1;
                #[allow(clippy::cast_precision_loss)]
                let bound = *bound as f64 / 1e9;
                assert!((seconds(name) - bound).abs() < 1e-9, "{name} {bound}");
            }
        }
    }
}

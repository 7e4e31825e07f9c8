//! What we write is, to the byte, what librrd writes.
//!
//! Two things are let pass. What is unknown may be any of the many bit patterns of NaN. And librrd does not round a
//! decimal to the double that is nearest: the tests but for one take values that it reads as they are.
use std::path::PathBuf;

use proptest::prelude::*;
use rrd::ConsolidationFn::{Avg, Last, Max, Min};
use rrd::ops::create::{Archive, DataSource, DataSourceName, create as librrd_create};

use super::super::arithmetic::Arithmetic;
use super::super::layout::LAST_VALUE;
use super::super::locked::LockedRrd;
use super::reference::{as_librrd_reads, bring, differences, spelt};
use super::*;
use crate::protocol::{Counter, CounterKind, IN_SYSLOG, Protocol, Settings, builtin};

/// Two copies of a file: the one that librrd goes on with, and ours.
struct Pair {
    _dir: tempfile::TempDir,
    librrds: PathBuf,
    ours: PathBuf,
}

impl Pair {
    fn of(make: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let (librrds, ours) = (dir.path().join("librrds.rrd"), dir.path().join("ours.rrd"));
        make(&librrds);
        std::fs::copy(&librrds, &ours).unwrap();
        Self { _dir: dir, librrds, ours }
    }

    /// Pushes to both; they must be the same after it.
    fn push(&self, protocol: &Protocol, step: i64, bins: &[Update]) -> Result<(), String> {
        let spelt = spelt(protocol, step, sound(&self.librrds).last_update, bins);
        bring(&self.librrds, &spelt);
        push(&self.ours, protocol, step, bins).unwrap();
        self.same()
    }

    /// Brings single updates to both.
    fn bring(&self, updates: &[(i64, Vec<f64>)]) -> Result<(), String> {
        bring(&self.librrds, updates);
        self.bring_to_ours(updates);
        self.same()
    }

    fn bring_to_ours(&self, updates: &[(i64, Vec<f64>)]) {
        let before = sound(&self.ours);
        let mut arithmetic = Arithmetic::of(&before).unwrap();
        for (time, values) in updates {
            arithmetic.update(*time, values).unwrap();
        }
        let (updated, rrd) = (arithmetic.finish(), LockedRrd::open(&self.ours).unwrap().unwrap());
        rrd.write_rows(&updated.rows).unwrap();
        rrd.write_header(&updated.header).unwrap();
    }

    fn same(&self) -> Result<(), String> {
        match differences(&self.librrds, &self.ours)[..] {
            [] => Ok(()),
            [first, ..] => Err(format!("{first}; the header has {} bytes", sound(&self.librrds).bytes.len())),
        }
    }
}

/// A value whose decimal digits librrd reads without rounding: a whole number, or a number of eighths.
fn value(kind: CounterKind, random: u64) -> i128 {
    let few = i128::from(random >> 8 & 0x3ff);
    let size = match random & 7 {
        0..=2 => 0,
        3 => 1,
        4 => few * 1_000_003,
        _ => few,
    };
    // What has a minimum and falls below it is unknown.
    let sign = if random >> 20 & 15 < if matches!(kind, CounterKind::Net) { 7 } else { 1 } { -1 } else { 1 };
    match kind {
        CounterKind::Sum | CounterKind::Net => sign * size * 125_000_000,
        CounterKind::Derived(_) => 0,
        _ => sign * size,
    }
}

/// Numbers that are always the same for one seed (splitmix64).
fn numbers(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// One bin for each of `gaps`, which tells how many steps lie between it and the end of the bin before; the first gap is
/// counted from `begin`.
fn bins(protocol: &Protocol, step: i64, begin: i64, gaps: &[i64], seed: u64) -> Vec<Update> {
    let mut next = numbers(seed);
    let mut at = begin;
    let bin = |gap: &i64| {
        let begin = at + gap * step;
        at = begin + step;
        (begin, protocol.counters.iter().map(|counter| value(counter.kind, next())).collect())
    };
    gaps.iter().map(bin).collect()
}

const TABLE: &[Counter] = &[
    Counter { key: "count", ds: "count", kind: CounterKind::Count, help: "" },
    Counter { key: "sum", ds: "sum", kind: CounterKind::Sum, help: "" },
    Counter { key: "net", ds: "net", kind: CounterKind::Net, help: "" },
    Counter { key: "peak", ds: "peak", kind: CounterKind::Peak, help: "" },
    Counter { key: "level", ds: "level", kind: CounterKind::Level, help: "" },
];
const READ: Protocol = Protocol { name: "p", counters: TABLE, ..IN_SYSLOG };
const MEASURED: Protocol = Protocol { measured: true, ..READ };

/// 2026-09-21 13:20 UTC, the begin of a bin of 60, 300 and 7200 seconds only by rounding down.
const BEGIN: i64 = 1_790_000_400;

#[test]
fn of_every_protocol() {
    for (seed, protocol) in builtin(&Settings::default()).into_iter().enumerate() {
        let seed = seed as u64;
        let mut next = numbers(seed);
        let mut gaps =
            || (0..60).map(|i| if i % 7 == 6 { (next() % 300) as i64 } else { 0 }).collect::<Vec<_>>();
        let pair =
            Pair::of(|path| create(path, protocol, 60, &bins(protocol, 60, BEGIN, &[0], seed)).unwrap());
        for round in 0..3 {
            let from = sound(&pair.ours).last_update;
            let same = pair.push(protocol, 60, &bins(protocol, 60, from, &gaps(), seed + 100 * round));
            assert_eq!(same, Ok(()), "{} {round}", protocol.name);
        }
    }
}

#[test]
fn over_the_end_of_every_archive() {
    for (step, protocol) in [(60, READ), (300, MEASURED), (7200, READ)] {
        let begin = BEGIN / step * step;
        let pair =
            Pair::of(|path| create(path, &protocol, step, &bins(&protocol, step, begin, &[0], 1)).unwrap());
        let longest = archives_of(u32::try_from(step).unwrap()).last().unwrap().clone();
        let all = i64::try_from(longest.steps * longest.rows).unwrap();
        // 900 bins with gaps of a 400th of the longest archive go round it twice, and no gap is longer than the heartbeat.
        let gaps = vec![all / 400; 900];
        for (round, gaps) in gaps.chunks(300).enumerate() {
            let from = sound(&pair.ours).last_update;
            assert_eq!(
                pair.push(&protocol, step, &bins(&protocol, step, from, gaps, round as u64)),
                Ok(()),
                "step {step}, round {round}"
            );
        }
        // Without gaps, twice around the shortest.
        let shortest = archives_of(u32::try_from(step).unwrap())[0].rows * 2 + 7;
        let from = sound(&pair.ours).last_update;
        let close = bins(&protocol, step, from, &vec![0; shortest.min(9000)], 9);
        assert_eq!(pair.push(&protocol, step, &close), Ok(()), "step {step}, without gaps");
    }
}

fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![
        12 => Just(0i64),
        4 => 1i64..70,
        2 => 70i64..3000,
        1 => 3000i64..300_000,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pushed(
        step in prop::sample::select(vec![60i64, 300, 7200]),
        measured: bool,
        pushes in prop::collection::vec(prop::collection::vec(gap(), 1..40), 1..4),
        // Longer than the heartbeat; at most one of them.
        eleven_years in prop::option::weighted(0.3, 0usize..40),
        seed: u64,
    ) {
        let protocol = if measured { MEASURED } else { READ };
        let begin = BEGIN / step * step;
        let pair = Pair::of(|path| create(path, &protocol, step, &bins(&protocol, step, begin, &[0], seed)).unwrap());
        for (round, mut gaps) in pushes.into_iter().enumerate() {
            // Time ends in 2263 here: no gap but that one is longer than 208 days.
            gaps.iter_mut().for_each(|gap| *gap = (*gap).min(300_000 * 60 / step));
            if let Some(gap) = eleven_years.filter(|_| round == 0).and_then(|at| gaps.get_mut(at)) {
                *gap = 11 * 366 * 86_400 / step + 5;
            }
            let from = sound(&pair.ours).last_update;
            let bins = bins(&protocol, step, from, &gaps, seed ^ round as u64);
            prop_assert_eq!(pair.push(&protocol, step, &bins), Ok(()));
        }
    }

    /// Files of any form, and updates at any time, as somebody else's `rrdtool update` makes them.
    #[test]
    fn whatever_is_brought_at_any_time(
        step in prop::sample::select(vec![1u64, 10, 60, 300]),
        heartbeat in prop::sample::select(vec![30u32, 700, 100_000]),
        archives in prop::collection::vec((0usize..4, 1u32..40, 1u32..30, 0u32..10), 1..6),
        updates in prop::collection::vec(
            (
                prop_oneof![3 => 1i64..20, 3 => 50i64..70, 2 => 100i64..2000, 1 => 2000i64..200_000],
                prop::collection::vec(prop_oneof![
                    2 => Just(f64::NAN), 2 => Just(0.0), 4 => (-400i32..4000).prop_map(|n| f64::from(n) / 8.0),
                ], 4..=4),
            ),
            1..60,
        ),
        // Where one update of the file ends, and the next one begins.
        batch in 1usize..20,
    ) {
        let start = 1_790_000_123;
        let pair = Pair::of(|path| {
            let name = |name: &str| DataSourceName::new(name).unwrap();
            let sources = [
                DataSource::absolute(&name("free"), heartbeat, None, None),
                DataSource::absolute(&name("bound"), heartbeat, Some(0), Some(3)),
                DataSource::gauge(&name("level"), heartbeat, None, None),
                DataSource::gauge(&name("low"), heartbeat, Some(-3.5), Some(200.25)),
            ];
            let archives: Vec<Archive> = archives
                .iter()
                .map(|(function, steps, rows, xff)| {
                    Archive::new([Avg, Max, Min, Last][*function], f64::from(*xff) / 10.0, *steps, *rows).unwrap()
                })
                .collect();
            let step = Duration::from_secs(step);
            let _alone = librrd();
            librrd_create(path, time(start), step, false, None, &[], &sources, &archives).unwrap();
        });
        let mut at = start;
        let updates: Vec<(i64, Vec<f64>)> = updates.into_iter().map(|(after, values)| {
            at += after;
            (at, values)
        }).collect();
        for batch in updates.chunks(batch) {
            prop_assert_eq!(pair.bring(batch), Ok(()));
        }
    }

    /// librrd divides once for each bit of the number of decimals, of which there are at most nine, and rounds each
    /// time. So what it reads is at most two doubles beside the nearest one, which is ours.
    #[test]
    fn a_decimal_is_not_always_read_as_the_nearest_double(nanos in 0i64..4_000_000_000_000_000) {
        let nearest = nanos as f64 / 1e9;
        let read = as_librrd_reads(&nearest.to_string());
        prop_assert!(nearest.to_bits().abs_diff(read.to_bits()) <= 2, "{nearest:?} {read:?}");
        prop_assert!((nearest - read).abs() <= nearest * 4.5e-16);
        let pair = Pair::of(|path| create(path, &READ, 60, &bins(&READ, 60, BEGIN / 60 * 60, &[0], 1)).unwrap());
        let end = sound(&pair.ours).last_update + 60;
        bring(&pair.librrds, &[(end, vec![1.0, nearest, 1.0, 1.0, 1.0])]);
        pair.bring_to_ours(&[(end, vec![1.0, read, 1.0, 1.0, 1.0])]);
        // With the double that librrd has read everything is the same, but for the text that it was read from.
        let text = sound(&pair.ours).pdp_prep(1).start;
        let others = differences(&pair.librrds, &pair.ours);
        prop_assert!(others.iter().all(|at| (text..text + LAST_VALUE).contains(at)), "{others:?} {text}");
        prop_assert!(nearest != read || others.is_empty());
    }
}

#[test]
fn an_update_that_others_left_within_a_step_is_gone_on_with() {
    let at = BEGIN / 300 * 300;
    let pair = Pair::of(|path| create(path, &MEASURED, 300, &bins(&MEASURED, 300, at, &[0, 3], 5)).unwrap());
    let last = sound(&pair.ours).last_update;
    // With a fraction of a second, which only librrd writes.
    for path in [&pair.librrds, &pair.ours] {
        let text = format!("{}.25:1:2:3:4:5", last + 17);
        let status =
            std::process::Command::new("rrdtool").arg("update").arg(path).arg(text).status().unwrap();
        assert!(status.success());
    }
    assert_eq!(pair.bring(&[(last + 40, vec![f64::NAN, 1.0, 2.5, f64::NAN, 7.0])]), Ok(()));
    assert_eq!(pair.push(&MEASURED, 300, &bins(&MEASURED, 300, last + 300, &[0, 0, 40], 6)), Ok(()));
}

#[test]
fn what_no_file_of_ours_has_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.rrd");
    let made = |source: DataSource| {
        let archive = Archive::new(Avg, 0.5, 1, 100).unwrap();
        let _alone = librrd();
        librrd_create(&path, time(BEGIN), Duration::from_secs(60), false, None, &[], &[source], &[archive])
            .unwrap();
    };
    let bins = [(BEGIN / 60 * 60 + 60, vec![1; TABLE.len()].into())];
    let name = |name: &str| DataSourceName::new(name).unwrap();
    for (source, words) in [
        (DataSource::counter(&name("count"), 600, None, None), "count is a COUNTER"),
        (DataSource::absolute(&name("other"), 600, None, None), "\"other\" is no counter of ours"),
    ] {
        made(source);
        let before = std::fs::read(&path).unwrap();
        let error = push(&path, &READ, 60, &bins).unwrap_err().to_string();
        assert!(error.contains("x.rrd") && error.contains(words), "{error}");
        assert!(before == std::fs::read(&path).unwrap());
    }
    create(&path, &READ, 60, &bins).unwrap();
    let error = push(&path, &READ, 60, &bins).unwrap_err().to_string();
    assert!(error.contains("x.rrd: it was updated at"), "{error}");
}

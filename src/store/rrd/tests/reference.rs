//! librrd as the reference: what it makes of the same updates.
use std::path::Path;
use std::time::Duration;

use rrd::ConsolidationFn::{Avg, Max};
use rrd::ops::create::{Archive, DataSource, DataSourceName, create};
use rrd::ops::update::{BatchTime, Datum, Options, update_all};

use super::super::librrd::librrd;
use super::super::schema::{DAY, HEARTBEAT, rows_of};
use super::time;
use crate::protocol::{Counter, CounterKind, Protocol};
use crate::store::rrd::Update;

/// Lets librrd bring `values` (NaN: unknown) to the file, each with its time.
pub(super) fn bring(path: &Path, updates: &[(i64, Vec<f64>)]) {
    let datum = |value: &f64| if value.is_nan() { Datum::Unspecified } else { Datum::Float(*value) };
    let batch: Vec<(BatchTime, Vec<Datum>)> =
        updates.iter().map(|(at, values)| (time(*at).into(), values.iter().map(datum).collect())).collect();
    let _alone = librrd();
    update_all(path, Options::default(), &batch).unwrap();
}

/// The updates that a push of `bins` is made of, all after `last_update`.
pub(super) fn spelt(
    protocol: &Protocol,
    step: i64,
    last_update: i64,
    bins: &[Update],
) -> Vec<(i64, Vec<f64>)> {
    let counters: Vec<(usize, CounterKind)> = protocol
        .counters
        .iter()
        .enumerate()
        .filter(|(_, counter)| !matches!(counter.kind, CounterKind::Derived(_)))
        .map(|(i, counter)| (i, counter.kind))
        .collect();
    let value = |kind: CounterKind, value: i128| match kind {
        CounterKind::Sum | CounterKind::Net => value as f64 / 1e9,
        _ => value as f64,
    };
    let mut all = Vec::new();
    let mut end = last_update;
    for (begin, values) in bins {
        if *begin > end {
            let midnight = begin.div_euclid(DAY) * DAY;
            if begin - end > i64::from(HEARTBEAT) && *begin != midnight {
                all.push((midnight, vec![0.0; counters.len()]));
            }
            let in_the_gap = |(i, kind): &(usize, CounterKind)| match kind.is_gauge() && protocol.measured {
                true if begin - end <= 3600 => value(*kind, values.get(*i)),
                true => f64::NAN,
                false => 0.0,
            };
            all.push((*begin, counters.iter().map(in_the_gap).collect()));
        }
        end = begin + step;
        all.push((end, counters.iter().map(|(i, kind)| value(*kind, values.get(*i))).collect()));
    }
    all
}

/// The bytes at which two files differ, in steps of eight, but for the bits of what is unknown in both.
pub(super) fn differences(a: &Path, b: &Path) -> Vec<usize> {
    let (a, b) = (std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    assert_eq!(a.len(), b.len());
    let float = |word: &[u8]| f64::from_le_bytes(word.try_into().unwrap());
    let pairs = a.chunks(8).zip(b.chunks(8)).enumerate();
    let other = pairs.filter(|(_, (a, b))| a != b && !(float(a).is_nan() && float(b).is_nan()));
    other.map(|(word, _)| word * 8).collect()
}

/// The double that librrd makes of a decimal without an exponent: it reads all digits as one integer, which it divides
/// by a power of ten for each bit that is set in the number of decimals, and rounds each time.
pub(super) fn as_librrd_reads(text: &str) -> f64 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.trim_start_matches('-').bytes().chain(decimals.bytes());
    let mut number = digits.fold(0.0, |number, digit| number * 10.0 + f64::from(digit - b'0'));
    for bit in 0..6 {
        if decimals.len() >> bit & 1 == 1 {
            number /= 10f64.powi(1 << bit);
        }
    }
    if whole.starts_with('-') { -number } else { number }
}

/// Lets librrd make a file without any update since `start`.
pub(super) fn make(path: &Path, protocol: &Protocol, step: i64, start: i64) {
    let minimum = |kind: CounterKind| !matches!(kind, CounterKind::Net);
    let source = |counter: &Counter| {
        if matches!(counter.kind, CounterKind::Derived(_)) {
            return None;
        }
        let name = DataSourceName::new(counter.ds).unwrap();
        let least = minimum(counter.kind);
        match counter.kind {
            kind if kind.is_gauge() => Some(DataSource::gauge(&name, HEARTBEAT, least.then_some(0.0), None)),
            _ => Some(DataSource::absolute(&name, HEARTBEAT, least.then_some(0), None)),
        }
    };
    let sources: Vec<DataSource> = protocol.counters.iter().filter_map(source).collect();
    let rows = rows_of(u32::try_from(step).unwrap());
    let archive = |cf| move |(steps, rows): &(u32, u32)| Archive::new(cf, 0.5, *steps, *rows).unwrap();
    let archives: Vec<Archive> = rows.iter().map(archive(Avg)).chain(rows.iter().map(archive(Max))).collect();
    let step = Duration::from_secs(step.unsigned_abs());
    let _alone = librrd();
    create(path, time(start), step, false, None, &[], &sources, &archives).unwrap();
}

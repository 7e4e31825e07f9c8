//! librrd as the reference: what it makes of the same updates.
use std::path::Path;

use rrd::ops::update::{BatchTime, Datum, Options, update_all};

use super::super::librrd::{librrd, time};
use super::super::schema::{DAY, HEARTBEAT};
use crate::protocol::{CounterKind, Protocol};
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
                true if begin - end <= 3600 => value(*kind, values[*i]),
                true => f64::NAN,
                false => 0.0,
            };
            all.push((*begin, counters.iter().map(in_the_gap).collect()));
        }
        end = begin + step;
        all.push((end, counters.iter().map(|(i, kind)| value(*kind, values[*i])).collect()));
    }
    all
}

/// Where two files differ, but for the bits of what is unknown in both: the first of these eight bytes, and how many
/// there are.
pub(super) fn difference(a: &Path, b: &Path) -> Option<(usize, usize)> {
    let (a, b) = (std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    assert_eq!(a.len(), b.len());
    let float = |word: &[u8]| f64::from_le_bytes(word.try_into().unwrap());
    let pairs = a.chunks(8).zip(b.chunks(8)).enumerate();
    let mut other = pairs.filter(|(_, (a, b))| a != b && !(float(a).is_nan() && float(b).is_nan()));
    let (first, _) = other.next()?;
    Some((first * 8, 1 + other.count()))
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

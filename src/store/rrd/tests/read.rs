//! What is read of a file is what librrd reads.
use proptest::prelude::*;
use rrd::ConsolidationFn::{Avg, Max};

use super::super::fetch::{Cf, Reader};
use super::super::open::OpenRrd;
use super::*;

/// A file of two days with a gap.
fn file(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("x.rrd");
    let bins: Vec<Update> =
        (0..2000).map(|n| update(T + 60 * n + n / 700 * 40_000, (n % 50).into())).collect();
    create(&path, &SEND, 60, &bins).unwrap();
    path
}

fn same(path: &Path, cf: Cf, start: i64, end: i64, step: i64) {
    let held = OpenRrd::open(path).unwrap().unwrap();
    let ours = Reader::of(&held).unwrap().fetch(cf, start, end, step).unwrap();
    let function = if cf == Cf::Average { Avg } else { Max };
    let resolution = Duration::from_secs(step.unsigned_abs());
    let _alone = librrd();
    let theirs = rrd::ops::fetch::fetch(path, function, time(start), time(end), resolution).unwrap();
    let what = format!("{cf:?} {start}..{end} by {step}");
    assert_eq!(Duration::from_secs(ours.step.unsigned_abs()), theirs.step(), "{what}");
    assert_eq!(time(ours.first_end), theirs.start(), "{what}");
    assert_eq!(ours.names, theirs.ds_names(), "{what}");
    let values: Vec<f64> = theirs.rows().iter().flat_map(|row| row.as_slice().to_vec()).collect();
    assert_eq!(ours.values.len(), values.len(), "{what}");
    let other = ours.values.iter().zip(&values).position(|(a, b)| a != b && !(a.is_nan() && b.is_nan()));
    assert_eq!(other, None, "{what}");
}

#[test]
fn at_the_edges_of_every_archive() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path());
    let last = sound(&path).last_update;
    for archive in archives_of(60) {
        let period = 60 * i64::try_from(archive.steps).unwrap();
        let all = period * i64::try_from(archive.rows).unwrap();
        let begin = last / period * period - all;
        for cf in [Cf::Average, Cf::Max] {
            for from in [begin - 1, begin, begin + 1, begin + period, last - 1, last, last + 5 * period] {
                for (length, step) in
                    [(0, 60), (1, period), (3 * period, period), (all / 7, period), (period, 1)]
                {
                    same(&path, cf, from, from + length, step);
                }
            }
        }
    }
    same(&path, Cf::Average, 0, 100, 60);
    same(&path, Cf::Max, last + 86_400 * 400, last + 86_400 * 401, 60);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn at_any_time(
        spans in prop::collection::vec(
            (-400_000_000i64..1_000_000, 0i64..400_000, prop::sample::select(vec![1i64, 60, 200, 300, 2000, 86_400])),
            1..30,
        ),
        max: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path());
        let last = sound(&path).last_update;
        for (from, length, step) in spans {
            same(&path, if max { Cf::Max } else { Cf::Average }, last + from, last + from + length, step);
        }
    }

    /// Numbers that an update changes have no checksum: whatever they are, computing and reading end without a panic.
    #[test]
    fn of_any_numbers(bytes in prop::collection::vec((any::<u64>(), any::<prop::sample::Index>()), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rrd");
        create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
        let header = sound(&path);
        let mut damaged = header.bytes.clone();
        for (number, place) in bytes {
            let words = (header.bytes.len() - header.schema()) / 8;
            let at = header.schema() + 8 * place.index(words);
            // Of each kind of number some that are near to what they should be.
            let number = if number % 3 == 0 { number % 97 } else { number };
            damaged[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        std::os::unix::fs::FileExt::write_all_at(
            &std::fs::File::options().write(true).open(&path).unwrap(), &damaged, 0,
        ).unwrap();
        if let Look::Sound(found) = peek(&path).unwrap() {
            let from = found.last_update / 60 * 60 + 60;
            let _ = push(&path, &SEND, 60, &[update(from, 3), update(from + 60_000, 4)]);
            let held = OpenRrd::open(&path).unwrap().unwrap();
            let reader = Reader::of(&held).unwrap();
            for cf in [Cf::Average, Cf::Max] {
                reader.fetch(cf, from - 400_000, from + 86_400, 300).unwrap();
            }
        }
    }
}

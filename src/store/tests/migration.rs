//! The RRD follows the table, and not a message of its history is lost, whatever dies when.
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

use rrd::ConsolidationFn;

use super::*;
use crate::disk::crash;
use crate::protocol::{CounterKind, Known, count, of_kind};
use crate::store::rrd::header::{Header, Look, peek};
use crate::store::rrd::{Update, archives_of, create, librrd, push};
use crate::store::session::StateOrigin;
use crate::store::state::State;

fn twice(known: &Known<'_>) -> i128 {
    known.values[1] * 2
}

const OLD: &[Counter] = &[
    of_kind(CounterKind::Derived(twice), "twice", "no data source"),
    count("a", "a", "events"),
    of_kind(CounterKind::Sum, "s", "a sum of fractions"),
    of_kind(CounterKind::Net, "n", "may be negative"),
    of_kind(CounterKind::Peak, "p", "a gauge"),
];
/// All of [`OLD`], in another order, and more.
pub(super) const NEW: &[Counter] = &[
    of_kind(CounterKind::Peak, "p", "a gauge"),
    count("x", "x", "new"),
    count("a", "a", "events"),
    of_kind(CounterKind::Net, "n", "may be negative"),
    of_kind(CounterKind::Level, "l", "a new gauge"),
    of_kind(CounterKind::Sum, "s", "a sum of fractions"),
];
const KEPT: [&str; 4] = ["a", "s", "n", "p"];

/// Some value for a counter in the bin that begins at `begin`: the same in every table.
pub(super) fn value(key: &str, begin: i64) -> i128 {
    let mixed = (begin / 60 + i64::from(key.as_bytes()[0])).wrapping_mul(2_654_435_761) >> 7;
    let small = i128::from(mixed.rem_euclid(50));
    match key {
        "s" => small * 333_333_333,
        "n" => (small - 25) * 100_000_007,
        "twice" => 0,
        _ => small,
    }
}

/// Bins for a table, one a `step` with gaps, from bin `from` to bin `to` after [`DAY0`]; what is in `without` is
/// 0 in them.
pub(super) fn bins(table: &[Counter], step: i64, from: i64, to: i64, without: &[&str]) -> Vec<Update> {
    (from..to)
        .filter(|i| i % 97 < 80)
        .map(|i| {
            let begin = DAY0 + i * step;
            let of = |c: &Counter| if without.contains(&c.key) { 0 } else { value(c.key, begin) };
            (begin, table.iter().map(of).collect())
        })
        .collect()
}

pub(super) fn commit(store: &Store, updates: Vec<Update>, now: i64) {
    let mut session = store.open(AT_ONCE, now).unwrap();
    let mut state = session.state.clone();
    for (_, values) in &updates {
        for ((total, value), counter) in
            state.totals.iter_mut().zip(values.to_vec()).zip(store.protocol.counters)
        {
            *total += if counter.kind.is_odometer() { value } else { 0 };
        }
    }
    note_moves(&mut state, &updates);
    state.pushed = updates.last().map_or(state.pushed, |u| u.0 + store.step);
    session.join_sources(&mut state, now).unwrap();
    session.commit(state, updates, now).unwrap();
}

/// As a reading notes when what moved last.
pub(super) fn note_moves(state: &mut State, updates: &[Update]) {
    for (begin, values) in updates {
        values.iter().for_each(|(at, _)| state.moved[at] = *begin);
    }
}

pub(super) fn sound(path: &Path) -> Header {
    match peek(path).unwrap() {
        Look::Sound(header) => *header,
        other => panic!("{other:?}"),
    }
}

pub(super) type Rows = BTreeMap<(&'static str, u64, i64), u64>;

/// Every row of every archive that ends in `from < end <= to`, as librrd reads it: (function, resolution, end) →
/// bits of the value.
pub(super) fn rows(path: &Path, step: i64, source: &str, from: i64, to: i64) -> Rows {
    let _alone = librrd();
    let time = |secs: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(secs.try_into().unwrap());
    let mut rows = Rows::new();
    for archive in archives_of(step.try_into().unwrap()) {
        let resolution = archive.steps as i64 * step;
        let (name, function) = match archive.function.as_str() {
            "MAX" => ("MAX", ConsolidationFn::Max),
            _ => ("AVERAGE", ConsolidationFn::Avg),
        };
        let oldest = to - (archive.rows as i64 - 1) * resolution;
        let seconds = Duration::from_secs(resolution.try_into().unwrap());
        let data = rrd::ops::fetch::fetch(path, function, time(from.max(oldest)), time(to), seconds).unwrap();
        assert_eq!(data.step(), seconds, "librrd chose another archive");
        let column = data.ds_names().iter().position(|n| n == source).unwrap();
        for row in data.rows() {
            let end = row.timestamp().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            let end = i64::try_from(end).unwrap();
            if end > from.max(oldest) && end <= to {
                rows.insert((name, seconds.as_secs(), end), row.as_slice()[column].to_bits());
            }
        }
    }
    assert!(!rows.is_empty());
    rows
}

/// Against files that never were migrated: one of the old table, and one that had the new table from the
/// beginning and zeros in it.
fn history_is_exact(step: i64, cut: i64, end: i64) {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| path(dir.path(), name);
    let (old, new) = (protocol(OLD, &[], &[]), protocol(NEW, &[], &[]));
    let (last, now) = (DAY0 + end * step, DAY0 + end * step + 60);

    let before = store(dir.path(), old, step);
    commit(&before, bins(OLD, step, 0, cut, &[]), now);
    let cut_at = sound(&before.rrd).last_update;
    let after = store(dir.path(), new, step);
    drop(after.open(AT_ONCE, now).unwrap());
    assert_eq!(sound(&after.rrd).last_update, cut_at);
    commit(&after, bins(NEW, step, cut, end, &[]), now);

    let (plain, ideal) = (at("plain.rrd"), at("ideal.rrd"));
    create(&plain, old, step, &bins(OLD, step, 0, cut, &[])).unwrap();
    push(&plain, old, step, &bins(OLD, step, cut, end, &[])).unwrap();
    create(&ideal, new, step, &bins(NEW, step, 0, cut, &["x", "l"])).unwrap();
    push(&ideal, new, step, &bins(NEW, step, cut, end, &[])).unwrap();

    assert_eq!(sound(&after.rrd).mark, sound(&ideal).mark, "the schema is that of a new file");
    for source in KEPT {
        let (is, want) = (rows(&after.rrd, step, source, 0, last), rows(&plain, step, source, 0, last));
        let bad = is.iter().find(|(at, value)| want[*at] != **value);
        assert_eq!((bad, is.len()), (None, want.len()), "{source}, cut {cut}");
    }
    for source in ["x", "l"] {
        let want = rows(&ideal, step, source, 0, last);
        for (at, value) in rows(&after.rrd, step, source, 0, last) {
            if at.2 <= cut_at {
                assert!(f64::from_bits(value).is_nan(), "{source} {at:?}: was not counted then");
            } else {
                assert_eq!(value, want[&at], "{source} {at:?}, cut {cut}");
            }
        }
    }
    let pushed: i128 = bins(NEW, step, cut, end, &[]).iter().map(|u| u.1.get(1)).sum();
    let resolutions = archives_of(step.try_into().unwrap()).into_iter().filter(|a| a.function == "AVERAGE");
    for resolution in resolutions.map(|a| a.steps as i64 * step) {
        let of_x = rows(&after.rrd, step, "x", 0, last);
        let total: f64 = of_x
            .iter()
            .filter(|(at, _)| at.0 == "AVERAGE" && at.1 as i64 == resolution)
            .map(|(at, value)| f64::from_bits(*value).max(0.0) * at.1 as f64)
            .sum();
        assert!(
            (total - pushed as f64).abs() < 1e-6,
            "{resolution} s a row: {total} for {pushed}, cut {cut}"
        );
    }
}

#[test]
fn every_row_of_every_archive_survives() {
    // The last day ends with its rows, all of which are within two days; the cut lies within rows and at the
    // end of 5 minutes, 30 minutes, a day.
    for cut in [3, 1003, 1440] {
        history_is_exact(60, cut, 2880);
    }
    history_is_exact(300, 7, 6 * 288);
}

pub(super) const STEP: i64 = 86_400;

/// The sum of a data source, as its archive of the finest rows has it.
pub(super) fn sum(store: &Store, source: &str, to: i64) -> i128 {
    let all = rows(&store.rrd, store.step, source, DAY0, to);
    let finest = all.iter().filter(|(at, _)| at.0 == "AVERAGE" && at.1 == store.step.unsigned_abs());
    let total: f64 = finest.map(|(_, v)| f64::from_bits(*v)).filter(|v| !v.is_nan()).sum();
    #[allow(clippy::cast_possible_truncation)]
    let whole = (total * store.step as f64).round() as i128;
    whole
}

#[test]
fn a_file_that_loses_a_data_source_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 30 * STEP;
    let grown = store(dir.path(), protocol(NEW, &[], &[]), STEP);
    commit(&grown, bins(NEW, STEP, 0, 10, &[]), now);
    let whole = fs::read(&grown.rrd).unwrap();
    let shrunk = store(dir.path(), protocol(OLD, &[], &[]), STEP);
    commit(&shrunk, bins(OLD, STEP, 10, 20, &[]), now);
    let want: i128 = (0..20).map(|i| value("a", DAY0 + i * STEP)).sum();
    assert_eq!(sum(&shrunk, "a", now), want);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd".to_owned(), format!("p.rrd.old-{now}")]);
    assert!(fs::read(dir.path().join(format!("rrd/p.rrd.old-{now}"))).unwrap() == whole);
    // Back again: nothing is lost by that, and nothing kept.
    commit(&grown, bins(NEW, STEP, 20, 25, &[]), now);
    assert_eq!(names(&dir.path().join("rrd")).len(), 2);
    assert_eq!(sum(&grown, "x", now), (20..25).map(|i| value("x", DAY0 + i * STEP)).sum());
}

#[test]
fn a_broken_configuration_drops_no_data_source() {
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 30 * STEP;
    let whole = store(dir.path(), protocol(NEW, &[], &[]), STEP);
    commit(&whole, bins(NEW, STEP, 0, 10, &[]), now);
    let broken = Store { may_drop: false, ..store(dir.path(), protocol(OLD, &[], &[]), STEP) };
    commit(&broken, bins(OLD, STEP, 10, 20, &[]), now);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"]);
    assert_eq!(broken.read().unwrap().unwrap().bins.len(), 10, "they wait");
    // Mended: the history of what was missing is there, and so is what waited.
    let mut session = whole.open(AT_ONCE, now).unwrap();
    let mut state = session.state.clone();
    let waiting: Vec<Update> =
        std::mem::take(&mut state.bins).into_iter().map(|(k, b)| (k, b.values)).collect();
    state.pushed = DAY0 + 20 * STEP;
    session.commit(state, waiting, now).unwrap();
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"]);
    assert_eq!(sum(&whole, "x", now), (0..10).map(|i| value("x", DAY0 + i * STEP)).sum());
    assert_eq!(sum(&whole, "a", now), (0..20).map(|i| value("a", DAY0 + i * STEP)).sum());
    // A table that only grew is followed all the same.
    let dir = tempfile::tempdir().unwrap();
    commit(&store(dir.path(), protocol(OLD, &[], &[]), STEP), bins(OLD, STEP, 0, 10, &[]), now);
    let broken = Store { may_drop: false, ..store(dir.path(), protocol(NEW, &[], &[]), STEP) };
    drop(broken.open(AT_ONCE, now).unwrap());
    assert_eq!(sound(&broken.rrd).sources.len(), NEW.len());
}

#[test]
fn a_counter_that_may_be_negative_now_goes_on_and_one_that_is_a_level_now_does_not() {
    const NEGATIVE: &[Counter] = &[
        of_kind(CounterKind::Net, "a", "may be negative now"),
        of_kind(CounterKind::Level, "s", "a level now"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 9 * STEP;
    commit(&store(dir.path(), protocol(OLD, &[], &[]), STEP), bins(OLD, STEP, 0, 5, &[]), now);
    let store = store(dir.path(), protocol(NEGATIVE, &[], &[]), STEP);
    commit(&store, vec![(DAY0 + 5 * STEP, vec![-7_000_000_000, 3].into())], now);
    let want: i128 = (0..5).map(|i| value("a", DAY0 + i * STEP)).sum();
    assert_eq!(sum(&store, "a", now), want - 7);
    let level = rows(&store.rrd, STEP, "s", DAY0, now);
    let known: Vec<f64> = level.values().map(|v| f64::from_bits(*v)).filter(|v| !v.is_nan()).collect();
    assert_eq!(known, [3.0, 3.0], "AVERAGE and MAX of the one day");
    assert_eq!(names(&dir.path().join("rrd")).len(), 2, "the sums are kept aside");
}

/// What is true after every migration, however it came about.
fn is_migrated(store: &Store, now: i64, when: &str) {
    commit(store, bins(NEW, STEP, 10, 20, &[]), now);
    for (source, from) in [("a", 0), ("x", 10)] {
        let want: i128 = (from..20).map(|i| value(source, DAY0 + i * STEP)).sum();
        assert_eq!(sum(store, source, now), want, "{source}, {when}");
    }
    assert_eq!(names(store.rrd.parent().unwrap()), ["p.rrd"], "{when}");
    assert_eq!(names(&store.state_dir), ["p.lock", "p.state"], "{when}");
    let state = store.read().unwrap().unwrap();
    assert_eq!(state.rrd, Some(sound(&store.rrd).mark), "{when}");
    assert_eq!(state.totals[2], (0..20).map(|i| value("a", DAY0 + i * STEP)).sum::<i128>(), "{when}");
}

#[test]
fn a_migration_may_die_before_any_operation_and_so_may_its_repair() {
    let now = DAY0 + 30 * STEP;
    let mut steps = Vec::new();
    for first in 0.. {
        let mut died = None;
        for second in (first % 7..).step_by(7) {
            let dir = tempfile::tempdir().unwrap();
            let old = store(dir.path(), protocol(OLD, &[], &[]), STEP);
            commit(&old, bins(OLD, STEP, 0, 10, &[]), now);
            let new = store(dir.path(), protocol(NEW, &[], &[]), STEP);
            crash::arm(first);
            let _ = new.open(AT_ONCE, now);
            died = crash::disarm();
            assert!(matches!(peek(&new.rrd).unwrap(), Look::Sound(_)), "there is always a file to draw from");
            crash::arm(second);
            let _ = new.open(AT_ONCE, now);
            let died_again = crash::disarm();
            assert!(matches!(peek(&new.rrd).unwrap(), Look::Sound(_)), "there is always a file to draw from");
            is_migrated(&new, now, &format!("{died:?} ({first}), then {died_again:?} ({second})"));
            if died_again.is_none() {
                break;
            }
        }
        let Some(step) = died else { break };
        steps.push(step);
    }
    assert_died_before(
        &[
            "write .p.rrd.migrated",
            "fsync .p.rrd.migrated",
            "rename to p.journal",
            "rename to p.rrd",
            "fsync the directory rrd",
        ],
        &steps,
    );
}

#[test]
fn a_loss_may_die_too_and_the_old_file_is_kept_all_the_same() {
    let now = DAY0 + 30 * STEP;
    for survivors in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let new = store(dir.path(), protocol(NEW, &[], &[]), STEP);
        commit(&new, bins(NEW, STEP, 0, 10, &[]), now);
        let whole = fs::read(&new.rrd).unwrap();
        let old = store(dir.path(), protocol(OLD, &[], &[]), STEP);
        crash::arm(survivors);
        let _ = old.open(AT_ONCE, now);
        let died = crash::disarm();
        commit(&old, bins(OLD, STEP, 10, 20, &[]), now);
        assert_eq!(sum(&old, "a", now), (0..20).map(|i| value("a", DAY0 + i * STEP)).sum(), "{died:?}");
        let kept = fs::read(dir.path().join(format!("rrd/p.rrd.old-{now}"))).unwrap();
        assert!(kept == whole, "{died:?}");
        if died.is_none() {
            break;
        }
    }
}

#[test]
fn what_is_no_outgrown_file_of_ours_is_not_migrated() {
    const ONLY_A: &[Counter] = &[count("a", "a", "")];
    const STRANGE: &[Counter] = &[count("strange", "strange", "")];
    let now = DAY0 + 30 * STEP;
    let (old, new) = (protocol(OLD, &[], &[]), protocol(NEW, &[], &[]));
    let begin = || {
        let dir = tempfile::tempdir().unwrap();
        commit(&store(dir.path(), old, STEP), bins(OLD, STEP, 0, 10, &[]), now);
        dir
    };
    // Another step: aside, as ever.
    let dir = begin();
    let other_step = store(dir.path(), new, 7200);
    commit(&other_step, bins(NEW, 7200, 200, 210, &[]), now);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd".to_owned(), format!("p.rrd.old-{now}")]);
    // Not what was written last, but ours: an older copy, which lacks what was pushed since.
    let dir = begin();
    let path = dir.path().join("rrd/p.rrd");
    create(&path, protocol(ONLY_A, &[], &[]), STEP, &bins(ONLY_A, STEP, 0, 3, &[])).unwrap();
    let newer = store(dir.path(), new, STEP);
    commit(&newer, bins(NEW, STEP, 10, 20, &[]), now);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"]);
    assert_eq!(sum(&newer, "a", now), (0..20).map(|i| value("a", DAY0 + i * STEP)).sum());
    // Nothing of ours in it.
    let dir = begin();
    let strange = store(dir.path(), protocol(STRANGE, &[], &[]), STEP);
    commit(&strange, vec![(DAY0 + 10 * STEP, vec![1].into())], now);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd".to_owned(), format!("p.rrd.old-{now}")]);
    // A file whose last update is still to come.
    let dir = begin();
    commit(&store(dir.path(), new, STEP), vec![(DAY0, vec![0; NEW.len()].into())], DAY0 + STEP);
    let aside = names(&dir.path().join("rrd"));
    assert!(aside[1].starts_with("p.rrd.future-"), "{aside:?}");
}

#[test]
fn a_query_changes_nothing_and_sees_the_new_table() {
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 30 * STEP;
    commit(&store(dir.path(), protocol(OLD, &[], &[]), STEP), bins(OLD, STEP, 0, 10, &[]), now);
    let new = store(dir.path(), protocol(NEW, &[], &[]), STEP);
    let before = fs::read(&new.rrd).unwrap();
    let state = new.read().unwrap().unwrap();
    assert_eq!(state.totals[2], (0..10).map(|i| value("a", DAY0 + i * STEP)).sum::<i128>());
    assert!(fs::read(&new.rrd).unwrap() == before);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"]);
}

#[test]
fn with_a_damaged_state_the_bins_wait_until_the_file_is_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 30 * STEP;
    commit(&store(dir.path(), protocol(OLD, &[], &[]), STEP), bins(OLD, STEP, 0, 10, &[]), now);
    fs::write(dir.path().join("state/p.state"), "damaged").unwrap();
    let new = store(dir.path(), protocol(NEW, &[], &[]), STEP);
    without_copies(&new);
    let mut session = new.open(AT_ONCE, now).unwrap();
    assert_eq!(session.origin, StateOrigin::Damaged);
    let state = session.state.clone();
    session.commit(state, bins(NEW, STEP, 10, 12, &[]), now).unwrap();
    drop(session);
    assert_eq!(new.read().unwrap().unwrap().bins.len(), 2, "they wait");
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"], "nothing was set aside");
    let mut session = new.open(AT_ONCE, now).unwrap();
    let mut state = session.state.clone();
    let updates = std::mem::take(&mut state.bins).into_iter().map(|(k, b)| (k, b.values)).collect();
    session.commit(state, updates, now).unwrap();
    assert_eq!(sum(&new, "a", now), (0..12).map(|i| value("a", DAY0 + i * STEP)).sum());
}

#[test]
fn a_commit_that_died_under_the_old_table_is_finished_under_the_new_one() {
    let now = DAY0 + 40 * STEP;
    let mut died_after_the_commit_point = 0;
    // Into a file that is there, and into one that is still to be made.
    for (first, survivors) in (0..60).map(|i| (if i % 2 == 0 { 10 } else { 0 }, i / 2 + 2)) {
        let dir = tempfile::tempdir().unwrap();
        let old = store(dir.path(), protocol(OLD, &[], &[]), STEP);
        commit(&old, bins(OLD, STEP, 0, first, &[]), now);
        crash::arm(survivors);
        let _ = old.open(AT_ONCE, now).and_then(|mut session| {
            let mut state = session.state.clone();
            let updates = bins(OLD, STEP, first, 15, &[]);
            state.totals[1] += updates.iter().map(|u| u.1.get(1)).sum::<i128>();
            state.pushed = DAY0 + 15 * STEP;
            session.commit(state, updates, now)
        });
        let died = crash::disarm();
        let new = store(dir.path(), protocol(NEW, &[], &[]), STEP);
        died_after_the_commit_point += i32::from(new.state_dir.join("p.journal").exists());
        let counted = new.read().unwrap().unwrap().totals[2];
        // What the new version does next: everything that waits is pushed, and one bin more.
        let mut session = new.open(AT_ONCE, now).unwrap();
        let mut state = session.state.clone();
        assert_eq!(state.totals[2], counted, "{died:?}");
        let mut updates: Vec<Update> =
            std::mem::take(&mut state.bins).into_iter().map(|(begin, bin)| (begin, bin.values)).collect();
        updates.push((DAY0 + 20 * STEP, vec![0, 5, 1, 0, 0, 0].into()));
        state.pushed = DAY0 + 21 * STEP;
        session.commit(state, updates, now).unwrap();
        drop(session);
        assert!(new.read().unwrap().unwrap().bins.is_empty(), "{died:?}");
        assert_eq!(sum(&new, "a", now), counted + 1, "{died:?} ({survivors})");
        assert_eq!(sum(&new, "x", now), 5, "{died:?} ({survivors})");
    }
    assert!(died_after_the_commit_point > 10, "{died_after_the_commit_point}");
}

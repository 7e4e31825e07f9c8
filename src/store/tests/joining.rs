//! An RRD has data sources for what ever moved; what moves later joins it, and was 0 before.
use std::fs;

use super::migration::{NEW, STEP, bins, commit, note_moves, rows, sound, sum, value};
use super::*;
use crate::disk::crash;
use crate::error::Result;
use crate::protocol::{CounterKind, IN_SYSLOG, count, of_kind};
use crate::store::rrd::header::{Look, peek};
use crate::store::rrd::{Update, create, push};

/// What moves late.
const LATE: [&str; 2] = ["x", "l"];

fn names_of(path: &Path) -> Vec<String> {
    sound(path).sources.into_iter().map(|source| source.name).collect()
}

/// Against a file that had all data sources from the beginning: the two are the same to the last byte.
fn a_join_is_exact(step: i64, cut: i64, end: i64) {
    let dir = tempfile::tempdir().unwrap();
    let new = protocol(NEW, &[], &[]);
    let now = DAY0 + end * step + 60;
    let store = store(dir.path(), new, step);
    commit(&store, bins(NEW, step, 0, cut / 2, &LATE), now);
    commit(&store, bins(NEW, step, cut / 2, cut, &LATE), now);
    assert_eq!(names_of(&store.rrd), ["p", "a", "n", "s"], "in the order of the table");
    commit(&store, bins(NEW, step, cut, end, &[]), now);
    assert_eq!(names_of(&store.rrd), ["p", "x", "a", "n", "l", "s"]);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"]);

    let ideal = path(dir.path(), "ideal.rrd");
    create(&ideal, new, step, &bins(NEW, step, 0, cut, &LATE)).unwrap();
    push(&ideal, new, step, &bins(NEW, step, cut, end, &[])).unwrap();
    let (is, want) = (fs::read(&store.rrd).unwrap(), fs::read(&ideal).unwrap());
    let differs = is.iter().zip(&want).position(|(is, want)| is != want);
    assert_eq!((differs, is.len()), (None, want.len()), "step {step}, cut {cut}");
}

#[test]
fn what_moves_late_was_zero_to_the_last_byte() {
    for cut in [4, 1003, 1440] {
        a_join_is_exact(60, cut, 2880);
    }
    a_join_is_exact(300, 7, 6 * 288);
    a_join_is_exact(STEP, 10, 20);
}

#[test]
fn an_rrd_of_nothing_has_one_data_source_and_of_what_is_measured_all() {
    const TABLE: &[Counter] = &[count("a", "a", ""), count("b", "b", "")];
    const LEVELS: &[Counter] = &[of_kind(CounterKind::Level, "a", ""), of_kind(CounterKind::Level, "b", "")];
    let dir = tempfile::tempdir().unwrap();
    let counted = store(dir.path(), protocol(TABLE, &[], &[]), STEP);
    commit(&counted, vec![(DAY0, vec![0, 0].into())], DAY0 + 2 * STEP);
    assert_eq!(names_of(&counted.rrd), ["a"]);
    commit(&counted, vec![(DAY0 + STEP, vec![0, 3].into())], DAY0 + 3 * STEP);
    assert_eq!(names_of(&counted.rrd), ["a", "b"]);
    assert_eq!(sum(&counted, "b", DAY0 + 3 * STEP), 3);

    let measured: &'static Protocol = Box::leak(Box::new(Protocol {
        name: "p",
        about: "levels",
        counters: LEVELS,
        measured: true,
        classify: &|_, _, _| Verdict::Known,
        ..IN_SYSLOG
    }));
    let dir = tempfile::tempdir().unwrap();
    let levels = store(dir.path(), measured, STEP);
    commit(&levels, vec![(DAY0, vec![0, 5].into())], DAY0 + 2 * STEP);
    assert_eq!(names_of(&levels.rrd), ["a", "b"]);
}

/// Three commits of the life of a store, in the third of which the late ones move for the first time, as an advance
/// makes it.
fn third(store: &Store, now: i64) -> Result<()> {
    let mut session = store.open(AT_ONCE, now)?;
    let mut state = session.state.clone();
    // It died behind its commit point.
    let from = state.pushed.max(DAY0 + 10 * STEP);
    let mut updates: Vec<Update> =
        std::mem::take(&mut state.bins).into_iter().map(|(begin, bin)| (begin, bin.values)).collect();
    if state.totals[1] == 0 {
        let new = bins(NEW, STEP, (from - DAY0) / STEP, 20, &[]);
        for (_, values) in &new {
            values.iter().filter(|(at, _)| *at == 1 || *at == 2).for_each(|(at, v)| state.totals[at] += v);
        }
        updates.extend(new);
    }
    note_moves(&mut state, &updates);
    state.pushed = DAY0 + 20 * STEP;
    session.join_sources(&mut state, now)?;
    session.commit(state, updates, now)
}

#[test]
fn a_join_in_the_middle_of_life_may_die_at_any_operation_and_so_may_its_repair() {
    use crash::How;
    let now = DAY0 + 30 * STEP;
    let mut steps = Vec::new();
    for how in [How::Before, How::Within, How::After, How::Full, How::Fails] {
        for first in 0.. {
            let mut died = None;
            // Of the other faults none strikes the repair.
            let begin = if how == How::Before { first % 11 } else { 1_000_000 };
            for second in (begin..).step_by(11) {
                let dir = tempfile::tempdir().unwrap();
                let store = store(dir.path(), protocol(NEW, &[], &[]), STEP);
                commit(&store, bins(NEW, STEP, 0, 5, &LATE), now);
                commit(&store, bins(NEW, STEP, 5, 10, &LATE), now);
                assert_eq!(sound(&store.rrd).sources.len(), 4);
                crash::arm_as(first, how);
                let _ = third(&store, now);
                died = crash::disarm();
                assert!(matches!(peek(&store.rrd).unwrap(), Look::Sound(_)), "{how:?} {died:?}");
                crash::arm(second);
                let _ = third(&store, now);
                let died_again = crash::disarm();
                let when = format!("{how:?} {died:?} ({first}), then {died_again:?} ({second})");
                assert!(matches!(peek(&store.rrd).unwrap(), Look::Sound(_)), "{when}");
                third(&store, now).unwrap();
                third(&store, now).unwrap();
                for source in ["x", "a"] {
                    let moves = |i: &i64| source == "a" || *i >= 10;
                    let want: i128 = (0..20).filter(moves).map(|i| value(source, DAY0 + i * STEP)).sum();
                    assert_eq!(sum(&store, source, now), want, "{source}, {when}");
                }
                // Whatever happened, the time before is known to be 0.
                let before = rows(&store.rrd, STEP, "x", DAY0, DAY0 + 10 * STEP);
                assert!(before.values().all(|bits| f64::from_bits(*bits) == 0.0), "{before:?}, {when}");
                assert!(store.read().unwrap().unwrap().bins.is_empty(), "{when}");
                assert_eq!(names(store.rrd.parent().unwrap()), ["p.rrd"], "{when}");
                assert_eq!(names(&store.state_dir), ["p.lock", "p.state"], "{when}");
                if died_again.is_none() {
                    break;
                }
            }
            let Some(step) = died else { break };
            steps.push(step);
        }
    }
    assert_died_before(
        &[
            "write .p.rrd.migrated",
            "fsync .p.rrd.migrated",
            "rename to p.rrd",
            "rename to p.journal",
            "write p.rrd",
        ],
        &steps,
    );
}

/// A commit whose file lacks what moves waits: nothing is dropped.
#[test]
fn what_moves_without_a_data_source_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 30 * STEP;
    let store = store(dir.path(), protocol(NEW, &[], &[]), STEP);
    commit(&store, bins(NEW, STEP, 0, 10, &LATE), now);
    let updates = bins(NEW, STEP, 10, 12, &[]);
    let mut session = store.open(AT_ONCE, now).unwrap();
    let mut state = session.state.clone();
    note_moves(&mut state, &updates);
    state.totals[1] = updates.iter().map(|u| u.1.get(1)).sum();
    state.pushed = DAY0 + 12 * STEP;
    session.commit(state, updates.clone(), now).unwrap();
    drop(session);
    assert_eq!(store.read().unwrap().unwrap().bins.len(), 2, "they wait");
    assert!(push(&store.rrd, store.protocol, STEP, &updates).unwrap_err().to_string().contains("\"x\""));
    third(&store, now).unwrap();
    assert_eq!(sum(&store, "x", now), (10..12).map(|i| value("x", DAY0 + i * STEP)).sum());
    let before = rows(&store.rrd, STEP, "x", DAY0, DAY0 + 10 * STEP);
    assert!(before.values().all(|bits| f64::from_bits(*bits) == 0.0));
}

/// Where it cannot be told what was counted when, the past of what joins is unknown.
#[test]
fn an_older_copy_of_the_rrd_says_nothing_of_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 30 * STEP;
    let store = store(dir.path(), protocol(NEW, &[], &[]), STEP);
    commit(&store, bins(NEW, STEP, 0, 10, &LATE), now);
    let older = fs::read(&store.rrd).unwrap();
    commit(&store, bins(NEW, STEP, 10, 20, &[]), now);
    fs::write(&store.rrd, older).unwrap();
    commit(&store, bins(NEW, STEP, 20, 25, &[]), now);
    assert_eq!(names(&dir.path().join("rrd")), ["p.rrd"]);
    for (source, from) in [("a", 0), ("x", 10)] {
        let want: i128 = (from..25).map(|i| value(source, DAY0 + i * STEP)).sum();
        assert_eq!(sum(&store, source, now), want, "{source}: what was pushed since is pushed again");
    }
    let before = rows(&store.rrd, STEP, "x", DAY0, DAY0 + 10 * STEP);
    assert!(before.values().all(|bits| f64::from_bits(*bits).is_nan()));
}

/// A counter of a newer table, and one of the older table that never moved: the one was not counted, the other was 0.
#[test]
fn what_is_new_in_the_table_is_told_from_what_never_moved() {
    const OLDER: &[Counter] = &[count("a", "a", ""), count("b", "b", "")];
    const NEWER: &[Counter] = &[count("new", "new", ""), count("a", "a", ""), count("b", "b", "")];
    let dir = tempfile::tempdir().unwrap();
    let now = DAY0 + 9 * STEP;
    let day = |n: i64, values: &[i128]| (DAY0 + n * STEP, values.to_vec().into());
    let (old, new) = (protocol(OLDER, &[], &[]), protocol(NEWER, &[], &[]));
    commit(&store(dir.path(), old, STEP), vec![day(0, &[1, 0]), day(1, &[1, 0])], now);
    let store = store(dir.path(), new, STEP);
    commit(&store, vec![day(2, &[0, 1, 0])], now);
    assert_eq!(names_of(&store.rrd), ["new", "a"], "the new one joins before it moves");
    commit(&store, vec![day(3, &[5, 1, 7])], now);
    let column = |source| -> Vec<f64> {
        let rows = rows(&store.rrd, STEP, source, DAY0, DAY0 + 4 * STEP);
        let average = rows.iter().filter(|(at, _)| at.0 == "AVERAGE");
        average.map(|(_, bits)| (f64::from_bits(*bits) * STEP as f64).round()).collect()
    };
    assert_eq!(column("b"), [0.0, 0.0, 0.0, 7.0]);
    let new = column("new");
    assert!(new[0].is_nan() && new[1].is_nan(), "{new:?}");
    assert_eq!(new[2..], [0.0, 5.0]);
}

/// A join that fails when the table grows is not forgotten: from then on it cannot be told what was counted when.
#[test]
fn a_join_that_failed_when_the_table_grew_leaves_an_unknown_past() {
    const OLDER: &[Counter] = &[count("a", "a", ""), count("b", "b", "")];
    const NEWER: &[Counter] = &[count("a", "a", ""), count("b", "b", ""), count("new", "new", "")];
    let now = DAY0 + 9 * STEP;
    let day = |n: i64, values: &[i128]| (DAY0 + n * STEP, values.to_vec().into());
    let mut failed = 0;
    for survivors in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let old = store(dir.path(), protocol(OLDER, &[], &[]), STEP);
        commit(&old, vec![day(0, &[1, 0]), day(1, &[1, 0])], now);
        let store = store(dir.path(), protocol(NEWER, &[], &[]), STEP);
        crash::arm_as(survivors, crash::How::Fails);
        let opened = store.open(AT_ONCE, now).map(drop);
        let Some(struck) = crash::disarm() else { break };
        if opened.is_err() || !struck.contains("migrated") {
            continue;
        }
        failed += 1;
        // The state has the new table now, and the file has not its counter.
        crash::arm_as(survivors, crash::How::Fails);
        let mut session = store.open(AT_ONCE, now).unwrap();
        crash::disarm();
        let mut state = session.state.clone();
        state.totals[0] += 1;
        state.moved[0] = DAY0 + 2 * STEP;
        state.pushed = DAY0 + 3 * STEP;
        session.commit(state, vec![day(2, &[1, 0, 0])], now).unwrap();
        drop(session);
        commit(&store, vec![day(3, &[0, 0, 5])], now);
        let rows = rows(&store.rrd, STEP, "new", DAY0, DAY0 + 4 * STEP);
        let average = rows.iter().filter(|(at, _)| at.0 == "AVERAGE").map(|(_, bits)| f64::from_bits(*bits));
        let new: Vec<f64> = average.map(|rate| (rate * STEP as f64).round()).collect();
        assert!(new[..2].iter().all(|value| value.is_nan()), "{struck}: {new:?}");
        assert_eq!(new[3], 5.0, "{struck}");
        assert_eq!(sum(&store, "a", now), 3, "{struck}");
    }
    assert!(failed > 2, "{failed}");
}

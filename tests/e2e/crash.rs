//! kill -9 of multilog and its processor at once, again and again: everything that multilog wrote
//! is counted and archived exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::count::{self, Counts};
use crate::support::multilog::{Multilog, kill, log_through};
use crate::support::store::{Store, assert_same_bytes, name_of};
use crate::support::{lines, traffic, wait_until};

/// The counts of all chunks and `current`. A kill cuts a line anywhere; what such a stump counts
/// as is for the classifier's own tests, so here the program is asked, in a store of its own.
fn counts_of(chunks: &[Vec<u8>]) -> Counts {
    let (mut whole, mut stumps) = (Vec::new(), traffic(30, 0.001, 1.0));
    let before = count::count(&stumps);
    for line in chunks.iter().flat_map(|chunk| lines(chunk)) {
        if line.ends_with(b"\n") {
            whole.extend(line);
        } else {
            stumps.extend(line);
            stumps.push(b'\n');
        }
    }
    let scratch = Store::new();
    assert!(scratch.postprocess(&stumps).status.success());
    let answer = scratch.query();
    let whole = count::count(&whole);
    let total = |key: &'static str| {
        let unit = if count::FRACTIONS.contains(&key) { 1 } else { 1_000_000_000 };
        whole[key] + answer.nanos(key) / unit - before[key]
    };
    whole.keys().map(|key| (*key, total(key))).collect::<BTreeMap<_, _>>()
}

/// The lines of all chunks, in order of time, each ended by a newline.
fn sorted_lines(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut all: Vec<Vec<u8>> = chunks.iter().flat_map(|chunk| lines(chunk)).map(Vec::from).collect();
    for line in &mut all {
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
    }
    all.sort();
    all.concat()
}

#[test]
fn a_killed_multilog_and_its_processor() {
    let (store, log) = (Store::new(), traffic(31, 0.15, 1.0));
    let lines: Vec<&[u8]> = lines(&log).collect();
    let parts: Vec<Vec<u8>> = lines.chunks(lines.len().div_ceil(9)).map(<[&[u8]]>::concat).collect();
    let (last, killed) = parts.split_last().expect("parts");
    for (round, part) in killed.iter().enumerate() {
        let mut multilog = Multilog::start(&store, 4_096);
        let group = multilog.group();
        let enough = store.rolls() + 2 + round % 2;
        std::thread::scope(|scope| {
            let store = &store;
            scope.spawn(move || {
                wait_until("multilog has rolled", || store.rolls() >= enough);
                // Another instant of the next roll each time.
                std::thread::sleep(Duration::from_millis(7 * round as u64));
                kill(group);
            });
            multilog.feed_until_killed(part);
        });
        multilog.wait_killed();
        match round % 3 {
            0 => {}
            1 => store.flush(),
            _ => drop(store.query()),
        }
    }
    log_through(&store, 4_096, last);

    let names = store.chunk_names();
    let orphans = names.iter().filter(|path| name_of(path).ends_with(".u")).count();
    assert!(orphans >= killed.len(), "{orphans} chunks that nobody processed");
    let mut rolled = store.chunks();
    store.flush();
    assert_same_bytes("the archive, sorted", &sorted_lines(&[store.archived()]), &sorted_lines(&rolled));
    rolled.push(store.current());
    let expected = counts_of(&rolled);
    store.query().assert_counts(&expected);
    store.flush();
    store.query().assert_counts(&expected);
}

/// Killed while nothing rolls, `current` becomes `@….u`, which no processor ever sees.
#[test]
fn lines_that_no_processor_ever_sees() {
    let (store, log) = (Store::new(), traffic(32, 0.02, 1.0));
    let mut multilog = Multilog::start(&store, 1_000_000);
    multilog.feed(&log);
    wait_until("multilog has written", || {
        std::fs::metadata(store.logs().join("current")).is_ok_and(|file| file.len() > 0)
    });
    kill(multilog.group());
    multilog.wait_killed();
    let written = store.current();
    store.query().assert_counts(&counts_of(&[written]));

    log_through(&store, 1_000_000, &traffic(33, 0.01, 1.0));
    assert_eq!(store.rolls(), 0, "nothing rolled");
    let mut all = store.chunks();
    assert_eq!(all.iter().filter(|chunk| !chunk.is_empty()).count(), 1, "one chunk is left over");
    store.flush();
    assert_same_bytes("the archive", &sorted_lines(&[store.archived()]), &sorted_lines(&all));
    all.push(store.current());
    store.query().assert_counts(&counts_of(&all));
}

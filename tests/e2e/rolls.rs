//! Real multilog rolling through `sendlog`: nothing lost, nothing twice, everything in its minute.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::count::{self, Counts};
use crate::support::multilog::{Multilog, log_through};
use crate::support::store::{Store, assert_same_bytes};
use crate::support::{END, lines, pipe_through, rrd, traffic};

/// Panics unless chunks and archive are the input to the byte, and the counters its counts.
fn assert_all_of(store: &Store, log: &[u8]) {
    let rolled = store.chunks().concat();
    let logged = [rolled.as_slice(), &store.current()].concat();
    assert_same_bytes("multilog's files", &logged, log);
    assert_same_bytes("the archive", &store.archived(), &rolled);
    store.query().assert_counts(&count::count(log));
}

/// Panics unless every row of `step` seconds holds the counts of the lines stamped in it, and all
/// rows together the counters.
fn assert_rows(store: &Store, log: &[u8], step: u64) {
    let bins = count::by_bin(log, step);
    let (first, last) = (*bins.keys().next().expect("bins"), *bins.keys().last().expect("bins"));
    let rows = rrd::fetch(&store.rrd(), step, first - step, last);
    let answer = store.query();
    for key in count::count(log).keys().filter(|key| !count::FRACTIONS.contains(key)) {
        let expected: BTreeMap<u64, u128> = bins
            .iter()
            .map(|(end, counts): (&u64, &Counts)| (*end, counts[key]))
            .filter(|(_, count)| *count > 0)
            .collect();
        let source = rrd::source_of(key);
        let got = &rows[source];
        assert_eq!(got, &expected, "{key} by rows of {step} s");
        let total: u128 = got.values().sum();
        assert_eq!(total * 1_000_000_000, answer.nanos(key), "{key}: rows and counter");
    }
}

#[test]
fn many_small_rolls() {
    let (store, log) = (Store::new(), traffic(11, 0.08, 1.0));
    log_through(&store, 4_096, &log);
    assert!(store.rolls() > 50, "{} rolls", store.rolls());
    assert_all_of(&store, &log);
    store.flush();
    assert_all_of(&store, &log);
    assert_rows(&store, &log, 60);
}

#[test]
fn few_large_rolls_over_midnight() {
    let (store, log) = (Store::new(), traffic(12, 0.4, 1.0));
    log_through(&store, 262_144, &log);
    assert!(store.rolls() > 5, "{} rolls", store.rolls());
    assert_all_of(&store, &log);
    assert_eq!(
        store.archive().keys().collect::<Vec<_>>(),
        ["2023/11/14", "2023/11/15"],
        "the days of the archive"
    );
    store.flush();
    assert_rows(&store, &log, 60);
}

#[test]
fn the_archive_goes_by_the_local_date() {
    let store = Store::new().in_zone("Europe/Berlin");
    let log = traffic(13, 0.4, 0.5);
    log_through(&store, 65_536, &log);
    let rolled = store.chunks().concat();
    let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let local = pipe_through(Command::new("tai64nlocal").env("TZ", store.time_zone()), &rolled);
    for (line, local) in lines(&rolled).zip(lines(&local)) {
        let date = String::from_utf8_lossy(&local[..10]).replace('-', "/");
        expected.entry(date).or_default().extend(line);
    }
    let archive = store.archive();
    assert_eq!(archive.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (day, lines) in &archive {
        assert_same_bytes(day, lines, &expected[day]);
    }
}

/// multilog at s4096 cuts such lines: chunks end, and begin, in their middle, and some are all
/// middle.
#[test]
fn lines_longer_than_a_chunk() {
    let store = Store::new();
    let mut log = Vec::new();
    for (number, line) in lines(&traffic(14, 0.03, 1.0)).enumerate() {
        if number % 40 == 3 {
            log.extend(&line[..26]);
            log.extend(format!("delivery {number}: deferral: {}/\n", "long_".repeat(1_800)).bytes());
        } else {
            log.extend(line);
        }
    }
    log_through(&store, 4_096, &log);
    let chunks = store.chunks();
    assert!(chunks.iter().any(|chunk| !chunk.ends_with(b"\n")), "no chunk ends in mid-line");
    assert!(chunks.iter().any(|chunk| !chunk.starts_with(b"@")), "no chunk begins in mid-line");
    assert_all_of(&store, &log);
    store.flush();
    assert_rows(&store, &log, 60);
}

/// Old logs are drawn where they happened, not where they were read.
#[test]
fn three_days_of_old_logs_lie_in_their_hours() {
    let (store, log) = (Store::new(), traffic(15, 3.0, 0.3));
    log_through(&store, 65_536, &log);
    assert!(store.rolls() > 80, "{} rolls", store.rolls());
    store.flush();

    // Hours since 1970 and counts, by awk: seconds are the label's lower hexadecimal digits.
    let program = r#"
        function hex(digits,   n, i) {
            for (i = 1; i <= length(digits); i++)
                n = n * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
            return n
        }
        { hour = int((hex(substr($1, 10, 8)) - 10) / 3600) }
        $2 == "delivery" { n[hour " delivery_" substr($4, 1, length($4) - 1)]++ }
        $2 == "new" { n[hour " message_new"]++ }
        $2 == "end" { n[hour " message_end"]++ }
        $2 == "info" { n[hour " message_bytes"] += $6 }
        $2 == "status:" { n[hour " status_remote_sum"] += substr($6, 1, index($6, "/") - 1) }
        END { for (key in n) printf "%s %.0f\n", key, n[key] }
    "#;
    let counted = pipe_through(Command::new("awk").arg(program), &log);
    let mut expected: BTreeMap<(u64, String), u128> = BTreeMap::new();
    for line in String::from_utf8(counted).expect("UTF-8").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let hour = words[0].parse().expect("an hour");
        expected.insert((hour, words[1].into()), words[2].parse().expect("a count"));
    }

    let mut got: BTreeMap<(u64, String), u128> = BTreeMap::new();
    let end = END as u64;
    for (source, rows) in rrd::fetch(&store.rrd(), 300, end - 3 * 86_400, end) {
        for (time, amount) in rows {
            *got.entry(((time - 300) / 3_600, source.clone())).or_default() += amount;
        }
    }
    let sources: Vec<&str> = vec![
        "delivery_success",
        "delivery_deferral",
        "delivery_failure",
        "message_new",
        "message_end",
        "message_bytes",
        "status_remote_sum",
    ];
    got.retain(|(_, source), _| sources.contains(&source.as_str()));
    expected.retain(|_, count| *count > 0);
    assert!(expected.len() > 400, "{} hours and keys", expected.len());
    assert_eq!(got, expected);
}

#[test]
fn updates_beside_the_rolls_count_nothing_twice() {
    let (store, log) = (Store::new(), traffic(16, 0.05, 1.0));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let updates = scope.spawn(|| {
            let mut updates = 0;
            while !done.load(Ordering::Relaxed) {
                store.run(&["update", "send"]);
                updates += 1;
            }
            updates
        });
        let mut multilog = Multilog::start(&store, 4_096);
        for part in log.chunks(3_000) {
            multilog.feed(part);
        }
        multilog.finish();
        done.store(true, Ordering::Relaxed);
        let updates = updates.join().expect("the updates");
        assert!(updates > 3, "only {updates} updates beside {} rolls", store.rolls());
    });
    assert_all_of(&store, &log);
    store.flush();
    assert_all_of(&store, &log);
    assert_rows(&store, &log, 60);
}

/// The count that a doubtful postmaster would make.
#[test]
fn the_counters_are_what_grep_counts() {
    let (store, log) = (Store::new(), traffic(17, 0.4, 1.0));
    assert!(log.len() > 2_000_000, "{} bytes", log.len());
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{output:?}");
    let answer = store.query();
    for (key, pattern) in [
        ("message_new", "^@[0-9a-f]{24} new msg "),
        ("message_end", "^@[0-9a-f]{24} end msg "),
        ("delivery_success", "^@[0-9a-f]{24} delivery [0-9]+: success: "),
        ("delivery_deferral", "^@[0-9a-f]{24} delivery [0-9]+: deferral: "),
        ("delivery_failure", "^@[0-9a-f]{24} delivery [0-9]+: failure: "),
        ("start_delivery_remote", "^@[0-9a-f]{24} starting delivery [0-9]+: msg [0-9]+ to remote "),
        ("status", "^@[0-9a-f]{24} status: local "),
    ] {
        let counted = pipe_through(Command::new("grep").args(["-E", "-c", pattern]), &log);
        assert_eq!(answer.text(key), String::from_utf8_lossy(&counted).trim(), "{key}");
    }
    let sum = "$2 == \"info\" { n += $6 } END { printf \"%.0f\", n }";
    let bytes = pipe_through(Command::new("awk").arg(sum), &log);
    assert_eq!(answer.text("message_bytes"), String::from_utf8_lossy(&bytes), "message_bytes");
}

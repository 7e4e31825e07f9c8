//! A small file of ours that is no small file: the log's user may make one of 3 GB in a moment, and a terabyte. It is
//! damaged, and nobody reads it: not a query, not root's cron, not a roll.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::{Duration, Instant};

use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{count, traffic};

/// More than a machine of these tests has memory for; it takes no room on the disk.
const GIANT: u64 = 1 << 40;

fn store_with(log: &[u8]) -> Store {
    let store = Store::new();
    let output = store.postprocess(log);
    assert!(output.status.success(), "{}", stderr(&output));
    store.flush();
    store
}

/// Bytes on the disk of all files below `log/DIR`.
fn on_disk(store: &Store, dir: &str) -> u64 {
    let entries = fs::read_dir(store.base().join(dir)).expect("a directory");
    entries.map(|entry| entry.expect("an entry").metadata().expect("a file").blocks() * 512).sum()
}

#[test]
fn none_of_our_files_is_ever_so_large() {
    let log = traffic(511, 0.02, 1.0);
    for (name, found) in [
        ("counters/send.txt", "no counter file has"),
        ("state/send.state", "is damaged"),
        ("state/send.journal", "is damaged"),
        ("state/send.intent", "is damaged"),
    ] {
        println!("{name}");
        let store = store_with(&log);
        let file = store.base().join(name);
        let giant = OpenOptions::new().create(true).append(true).open(&file).expect("a file");
        giant.set_len(GIANT).expect("truncate");
        let begun = Instant::now();
        store.query().assert_counts(&count::count(&log));
        let report = String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
        let line = report.lines().find(|line| line.contains(&file.display().to_string())).expect("the file");
        assert!(line.starts_with("ERROR") && line.contains(found), "{line}");
        let output = store.maillogs(&["update", "send"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("kept as"), "{}", stderr(&output));
        store.query().assert_counts(&count::count(&log));
        let next = traffic(512, 0.02, 1.0);
        assert!(store.postprocess(&next).status.success());
        store.query().assert_counts(&count::count(&[log.clone(), next].concat()));
        // A terabyte would take hours.
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        for dir in ["state", "counters"] {
            assert!(on_disk(&store, dir) < 4 << 20, "nobody copied it: {}", on_disk(&store, dir));
        }
        assert!(fs::metadata(&file).map_or(0, |meta| meta.len()) < 1 << 20, "it was moved away");
    }
}

/// A first run of an older maillogs' counter file, and of a syslog that counts nothing.
#[test]
fn an_older_counter_file_of_a_terabyte_is_not_taken_over() {
    let store = Store::new();
    fs::create_dir(store.base().join("counters")).expect("mkdir");
    let file = store.base().join("counters/smtp.txt");
    fs::write(&file, "smtp_auth_success:7\n").expect("a file");
    OpenOptions::new().append(true).open(&file).expect("a file").set_len(GIANT).expect("truncate");
    store.run(&["smtp"]);
    let output = store.maillogs(&["update", "smtp"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("smtp.txt") && stderr(&output).contains("not taken over"), "{output:?}");
}

/// Below the limit it is read, and what is no counter is kept aside: neither all of it, nor a line of stderr for each.
#[test]
fn what_is_kept_of_a_bad_counter_file_is_small() {
    let log = traffic(513, 0.02, 1.0);
    let store = store_with(&log);
    let file = store.base().join("counters/send.txt");
    let good = fs::read_to_string(&file).expect("counters");
    for bad in
        ["no counter at all\n".repeat(400_000), "\0".repeat(8 << 20), "k:1\n".repeat(10) + &many_keys()]
    {
        fs::write(&file, format!("{good}{bad}")).expect("counters");
        let output = store.maillogs(&["update", "send"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).lines().count() < 40, "{}", stderr(&output).len());
        assert!(stderr(&output).lines().all(|line| line.len() < 1000));
        assert!(on_disk(&store, "counters") < 40 << 20 && on_disk(&store, "state") < 4 << 20);
        let rejected = store.base().join("counters/send.rejected");
        assert!(fs::metadata(&rejected).expect("what was rejected").len() < 1 << 20);
        store.query().assert_counts(&count::count(&log));
        assert!(fs::metadata(&file).expect("counters").len() < 1 << 20, "what is written again is small");
    }
}

/// Half a million counters that are not ours.
fn many_keys() -> String {
    (0..500_000).map(|n| format!("of_others_{n}:{n}\n")).collect()
}

/// What is legitimately large is no giant: a year of minutes is found at a first run.
#[test]
fn a_year_of_minutes_fits() {
    let store = Store::with_syslog();
    let mut lines = String::new();
    for hour in 0..24 * 365 {
        // Without a year in the stamp; the file's own time says which.
        let day = hour / 24;
        let stamp = stamp_of(day, hour % 24);
        lines +=
            &format!("{stamp} mx1 vpopmail[7]: vchkpw-pop3: (PLAIN) login success a@example.org:192.0.2.7\n");
    }
    fs::write(store.syslog(), &lines).expect("syslog");
    store.run(&["update", "pop3"]);
    let answer = Answer::parse(&store.run(&["pop3"]));
    assert_eq!(answer.text("pop3_success"), (24 * 365).to_string());
}

/// RFC 3339 of a day of 2023 and an hour.
fn stamp_of(day: u32, hour: u32) -> String {
    const MONTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (mut day, mut month) = (day, 0);
    while day >= MONTHS[month] {
        day -= MONTHS[month];
        month += 1;
    }
    format!("2023-{:02}-{:02}T{hour:02}:00:00+00:00", month + 1, day + 1)
}

#[test]
fn a_gigabyte_of_nuls_in_a_syslog_costs_no_memory() {
    let store = Store::with_syslog();
    let login =
        "Sep 28 22:45:01 mx1 vpopmail[1]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7\n";
    fs::write(store.syslog(), login).expect("the syslog");
    let file = OpenOptions::new().write(true).open(store.syslog()).expect("the syslog");
    file.write_all_at(login.as_bytes(), 1 << 30).expect("a line behind a hole");
    // A quarter of the hole, with the program and its libraries.
    let limited = |arguments: &str| {
        let command = format!("ulimit -v 262144 && exec '{MAILLOGS}' {arguments}");
        let output = store.command("sh").args(["-c", &command]).output().expect("sh");
        assert!(output.status.success(), "{arguments}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert_eq!(Answer::parse(&limited("pop3")).text("pop3_success"), "2");
    limited("update pop3");
    assert_eq!(Answer::parse(&limited("pop3")).text("pop3_success"), "2");
}

//! More chunks left behind by dead loggers (`@*.u`), rotated files and days of the archive than a process may have
//! files open.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::count;
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, stderr};
use crate::support::{labelled, rrd};

/// So many files may be open at once.
const LIMIT: u32 = 64;
const ORPHANS: u64 = 300;
const BEGIN: u64 = 1_700_000_040;

/// The program with few files open at once; also root cannot have more.
fn limited(store: &Store, program: impl AsRef<Path>) -> Command {
    let mut command = store.command("sh");
    command.args(["-c", &format!("ulimit -n {LIMIT} && exec \"$0\" \"$@\"")]).arg(program.as_ref());
    command
}

fn maillogs(store: &Store, words: &[&str]) -> Output {
    limited(store, MAILLOGS).args(words).output().expect("sh")
}

fn orphan(store: &Store, n: u64) -> PathBuf {
    store.logs().join(format!("@{:016x}00000000.u", (1u64 << 62) + 10 + BEGIN + n * 120 + 119))
}

/// The lines of one chunk: two minutes, three lines.
fn chunk(n: u64) -> String {
    let at = BEGIN + n * 120;
    let line = |after: u64, text: &str| labelled(at + after, n, text);
    line(0, &format!("new msg {n}"))
        + &line(10, &format!("info msg {n}: bytes {} from <a@example.org> qp {n} uid 89", 1_000 + n))
        + &line(70, &format!("end msg {n}"))
}

/// A store with [`ORPHANS`] left-over chunks, the last `previous` and `current` of a logger that runs, and all lines.
fn store() -> (Store, String) {
    let store = Store::with_syslog();
    let mut log = String::new();
    for n in 0..ORPHANS {
        fs::write(orphan(&store, n), chunk(n)).expect("a chunk");
        log += &chunk(n);
    }
    fs::write(store.logs().join("current"), chunk(ORPHANS)).expect("current");
    log += &chunk(ORPHANS);
    (store, log)
}

fn assert_counts(output: &Output, log: &str) {
    assert!(output.status.success(), "{}", stderr(output));
    assert_eq!(stderr(output), "");
    Answer::parse(&String::from_utf8_lossy(&output.stdout)).assert_counts(&count::count(log.as_bytes()));
}

/// Each minute of the RRD holds its lines; `log` ends in the last minute that was pushed.
fn assert_minutes(store: &Store, log: &str) {
    let bins = count::by_bin(log.as_bytes(), 60);
    let last = *bins.keys().last().expect("a bin");
    let rows = rrd::fetch(&store.rrd(), 60, BEGIN / 60 * 60, last);
    for key in ["message_new", "message_bytes", "message_end"] {
        let expected = bins.iter().map(|(end, counts)| (*end, counts[key])).filter(|(_, n)| *n > 0).collect();
        assert_eq!(rows[key], expected, "{key}");
    }
}

#[test]
fn an_update_counts_more_left_over_chunks_than_it_may_open() {
    let (store, log) = store();
    assert_counts(&maillogs(&store, &["send"]), &log);
    let output = maillogs(&store, &["update", "--flush"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    assert_counts(&maillogs(&store, &["send"]), &log);
    let archived: String = (0..ORPHANS).map(chunk).collect();
    assert_same_bytes("the archive", &store.archived(), archived.as_bytes());
    assert_minutes(&store, &log);
    // Again: nothing is new.
    assert!(maillogs(&store, &["update", "--flush"]).status.success());
    assert_counts(&maillogs(&store, &["send"]), &log);
    assert_same_bytes("the archive", &store.archived(), archived.as_bytes());
}

#[test]
fn a_roll_counts_more_left_over_chunks_than_it_may_open() {
    for untai in ["0", "1"] {
        let (store, log) = store();
        fs::write(
            store.config(),
            fs::read_to_string(store.config()).unwrap() + "logs_archive_untai = " + untai,
        )
        .unwrap();
        let (current, previous) = (store.logs().join("current"), store.logs().join("previous"));
        fs::rename(current, &previous).expect("rename");
        let processed = store.path("processed");
        let output = limited(&store, store.sendlog())
            .current_dir(store.logs())
            .stdin(File::open(&previous).expect("previous"))
            .stdout(File::create(&processed).expect("processed"))
            .stderr(Stdio::piped())
            .output()
            .expect("sh");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
        assert_same_bytes("passed through", &fs::read(processed).unwrap(), chunk(ORPHANS).as_bytes());
        fs::remove_file(previous).expect("previous");
        assert_counts(&maillogs(&store, &["send"]), &log);
        if untai == "0" {
            assert_same_bytes("the archive", &store.archived(), log.as_bytes());
        } else {
            let mut local = store.command("tai64nlocal");
            let expected = crate::support::pipe_through(local.stdin(Stdio::piped()), log.as_bytes());
            assert_same_bytes("the archive", &store.archived(), &expected);
        }
        store.flush();
        assert_minutes(&store, &log);
    }
}

/// svlogd has its left-over chunks processed one after the other, and renames them, while others ask.
#[test]
fn a_query_is_right_while_left_over_chunks_are_processed() {
    let (store, log) = store();
    std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            for n in (0..ORPHANS).step_by(9) {
                let (path, processed) = (orphan(&store, n), store.path("processed"));
                let output = limited(&store, store.sendlog())
                    .current_dir(store.logs())
                    .stdin(File::open(&path).expect("a chunk"))
                    .stdout(File::create(&processed).expect("processed"))
                    .stderr(Stdio::piped())
                    .output()
                    .expect("sh");
                assert!(output.status.success(), "{}", stderr(&output));
                fs::rename(&processed, path.with_extension("s")).expect("rename");
                fs::remove_file(&path).expect("unlink");
            }
        });
        let mut asked = 0;
        while !working.is_finished() || asked < 10 {
            assert_counts(&maillogs(&store, &["send"]), &log);
            asked += 1;
        }
        working.join().expect("the processor");
    });
    assert_counts(&maillogs(&store, &["send"]), &log);
}

/// A logger removes the oldest chunks while an update is at them.
#[test]
fn a_left_over_chunk_that_is_removed_before_it_is_archived_is_counted_by_nobody() {
    let (store, _) = store();
    let gone = orphan(&store, ORPHANS - 1);
    // The last of the chunks can be removed at any moment; what was counted is what was archived.
    let remove = std::thread::scope(|scope| {
        let removed = scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(15));
            fs::remove_file(&gone).expect("unlink");
        });
        let output = maillogs(&store, &["update", "--flush"]);
        removed.join().expect("unlink");
        output
    });
    if !remove.status.success() {
        assert!(stderr(&remove).contains("was removed after it was counted"), "{}", stderr(&remove));
    }
    let output = maillogs(&store, &["update", "--flush"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut counted = store.archived();
    counted.extend(chunk(ORPHANS).bytes());
    store.query().assert_counts(&count::count(&counted));
}

/// Rotated files: maillogs was not run for a long time.
#[test]
fn more_rotated_syslogs_than_may_be_opened() {
    let store = Store::with_syslog();
    let line = |n: u64| {
        let time = chrono::DateTime::from_timestamp(i64::try_from(BEGIN + n * 60).unwrap(), 0).unwrap();
        let time = time.format("%Y-%m-%dT%H:%M:%S+00:00");
        format!("{time} mx1 imapd[811]: LOGIN, user=u{n}@example.org, ip=[192.0.2.7], protocol=IMAP\n")
    };
    let ask = |expected: u64| {
        let output = maillogs(&store, &["imap"]);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
        let answer = Answer::parse(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(answer.text("imap_success"), expected.to_string());
    };
    fs::write(store.syslog(), line(0)).unwrap();
    assert!(maillogs(&store, &["update"]).status.success());
    ask(1);
    for n in 1..=200 {
        for old in (1..n).rev() {
            let name = |n: u64| store.path(&format!("maillog.{n}"));
            fs::rename(name(old), name(old + 1)).unwrap();
        }
        fs::rename(store.syslog(), store.path("maillog.1")).unwrap();
        fs::write(store.syslog(), line(n)).unwrap();
    }
    ask(201);
    let output = maillogs(&store, &["update"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    File::options().append(true).open(store.syslog()).unwrap().write_all(line(201).as_bytes()).unwrap();
    ask(202);
    assert!(maillogs(&store, &["update", "--flush"]).status.success());
    ask(202);
}

/// A chunk with lines of more days than files may be open, and the packing of all of them.
#[test]
fn more_days_of_the_archive_than_files_may_be_open() {
    const DAYS: u64 = 80;
    let store = Store::with_syslog();
    let log: String =
        (0..DAYS).map(|day| labelled(BEGIN + day * 86_400, day, &format!("new msg {day}"))).collect();
    let output = store.postprocess_by(limited(&store, store.sendlog()).stdin(Stdio::null()), log.as_bytes());
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    assert_same_bytes("the archive", &store.archived(), log.as_bytes());
    for day in store.archive_days() {
        let file = File::options().append(true).open(day.join("sendlog")).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(7_200)).unwrap();
    }
    let output = maillogs(&store, &["update"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    let days = store.archive_days();
    assert!(
        days.len() as u64 == DAYS
            && days.iter().all(|day| day.join("sendlog.gz").exists() && !day.join("sendlog").exists())
    );
    assert_same_bytes("the archive", &store.archived(), log.as_bytes());
}

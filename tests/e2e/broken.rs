//! Broken surroundings: a graph never stops the mail log; a store that cannot be written stops it,
//! so that nothing is lost.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::store::{Store, assert_same_bytes, stderr};
use crate::support::{count, rrd, traffic, wait_until};

#[test]
fn a_state_that_cannot_be_written_is_a_temporary_failure() {
    let (store, log) = (Store::new(), traffic(61, 0.05, 1.0));
    let state = store.path("log/state");
    fs::write(&state, "not a directory\n").expect("a file in the way");
    let begin = Instant::now();
    let output = store.postprocess(&log);
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
    // svlogd would try again at once.
    assert!(begin.elapsed() >= Duration::from_secs(1), "only {:?}", begin.elapsed());
    assert!(stderr(&output).contains("state"), "{:?}", stderr(&output));
    assert!(store.archived().is_empty(), "archived without a commit");

    fs::remove_file(state).expect("the way is free");
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same_bytes("passed through", &output.stdout, &log);
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
}

#[test]
fn an_archive_that_cannot_be_written_is_a_temporary_failure() {
    let (store, log) = (Store::new(), traffic(62, 0.05, 1.0));
    let year = store.path("log/2023");
    fs::write(&year, "not a directory\n").expect("a file in the way");
    let output = store.postprocess(&log);
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));

    fs::remove_file(year).expect("the way is free");
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
}

/// multilog pauses and comes again with the same chunk until the way is free.
#[test]
fn multilog_waits_for_a_store_that_cannot_be_written() {
    let (store, log) = (Store::new(), traffic(63, 0.03, 1.0));
    let state = store.path("log/state");
    fs::write(&state, "not a directory\n").expect("a file in the way");
    let heard = store.path("heard");
    let mut multilog = store
        .command("multilog")
        .args(["n1000", "s16384"])
        .arg(format!("!exec '{}'", store.sendlog().display()))
        .arg(store.logs())
        .stdin(Stdio::piped())
        .stderr(File::create(&heard).expect("a file"))
        .spawn()
        .expect("multilog");
    let mut stdin = multilog.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        let log = &log;
        scope.spawn(move || stdin.write_all(log).expect("multilog reads"));
        wait_until("multilog has heard of it", || {
            fs::read_to_string(&heard).is_ok_and(|text| text.contains("multilog: warning"))
        });
        fs::remove_file(&state).expect("the way is free");
    });
    assert!(multilog.wait().expect("multilog").success());
    let rolled = store.chunks().concat();
    assert_same_bytes("multilog's files", &[rolled.clone(), store.current()].concat(), &log);
    assert_same_bytes("the archive", &store.archived(), &rolled);
    store.query().assert_counts(&count::count(&log));
}

#[test]
fn an_rrd_that_cannot_be_written_waits() {
    let (store, log) = (Store::new(), traffic(64, 0.05, 1.0));
    let rrds = store.path("log/rrd");
    fs::write(&rrds, "not a directory\n").expect("a file in the way");
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!output.stderr.is_empty(), "a warning is due");
    assert_same_bytes("passed through", &output.stdout, &log);
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));

    fs::remove_file(rrds).expect("the way is free");
    store.flush();
    assert_rrd_totals(&store, &log);
}

/// A damaged file is set aside, never overwritten.
#[test]
fn a_corrupt_rrd_is_set_aside() {
    let (store, log) = (Store::new(), traffic(65, 0.05, 1.0));
    fs::create_dir(store.path("log/rrd")).expect("mkdir");
    fs::write(store.rrd(), "this was an RRD once\n").expect("a broken file");
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!output.stderr.is_empty(), "a warning is due");
    store.flush();
    assert_rrd_totals(&store, &log);
    let aside = fs::read_dir(store.path("log/rrd"))
        .expect("the directory")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().contains(".corrupt-"))
        .expect("the broken file, set aside");
    assert_eq!(fs::read_to_string(aside).expect("the broken file"), "this was an RRD once\n");
}

/// Whether a chunk is to be archived is not guessed: the logger keeps it. What only looks wrong does not stop it.
#[test]
fn a_typo_in_the_configuration() {
    let store = Store::new();
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), format!("{config}logs_archive = \"perhaps\"\n")).expect("toaster.conf");
    let log = traffic(66, 0.02, 1.0);
    let output = store.postprocess(&log);
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
    assert!(stderr(&output).contains("line 5: logs_archive: \"perhaps\""), "{:?}", stderr(&output));
    assert!(output.stdout.is_empty(), "nothing is passed through");
    let output = store.maillogs(&["send"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty() && stderr(&output).contains("logs_archive"), "{output:?}");

    fs::write(store.config(), format!("{config}toaster_hostname = \"<b>\"\n")).expect("toaster.conf");
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("a roll takes the default"), "{:?}", stderr(&output));
    assert_same_bytes("passed through", &output.stdout, &log);

    fs::write(store.config(), format!("{config}logs_taifile = 1\n")).expect("toaster.conf");
    let output = store.maillogs(&["send"]);
    assert!(output.status.success(), "{output:?}");
    assert!(stderr(&output).contains("logs_taifiles"), "the nearest name: {:?}", stderr(&output));
    store.query().assert_counts(&count::count(&log));
}

fn assert_rrd_totals(store: &Store, log: &[u8]) {
    let bins = count::by_bin(log, 60);
    let first = bins.keys().next().expect("bins") - 60;
    let last = *bins.keys().last().expect("bins");
    let rows = rrd::fetch(&store.rrd(), 60, first, last);
    for (key, expected) in count::count(log) {
        if !count::FRACTIONS.contains(&key) {
            let total: u128 = rows[rrd::source_of(key)].values().sum();
            assert_eq!(total, expected, "{key} in the RRD");
        }
    }
}

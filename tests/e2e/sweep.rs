//! What lies in a log directory besides the chunk at hand, and chunks that come twice.

use std::fs;
use std::process::Command;

use crate::support::count;
use crate::support::store::{Store, assert_same_bytes};
use crate::support::{pipe_through, traffic};

#[test]
fn a_chunk_left_over_is_swept_once() {
    let (store, log) = (Store::new(), traffic(41, 0.05, 1.0));
    fs::write(store.logs().join("@40000000655400000badcafe.u"), &log).expect("a chunk");
    store.query().assert_counts(&count::count(&log));
    for _ in 0..2 {
        store.run(&["update"]);
        store.query().assert_counts(&count::count(&log));
        assert_same_bytes("the archive", &store.archived(), &log);
    }
}

/// The logger comes with the same chunk again, as after a crash between our commit and its own.
#[test]
fn a_chunk_that_comes_again_is_passed_through_and_nothing_else() {
    let (store, log) = (Store::new(), traffic(42, 0.05, 1.0));
    for round in 0..3 {
        let output = store.postprocess(&log);
        assert!(output.status.success(), "{output:?}");
        assert_same_bytes(&format!("passed through, round {round}"), &output.stdout, &log);
        store.query().assert_counts(&count::count(&log));
        assert_same_bytes("the archive", &store.archived(), &log);
    }
}

/// `update` counted what was in `current`; the roll counts only the rest.
#[test]
fn a_roll_counts_what_no_update_counted() {
    let (store, log) = (Store::new(), traffic(43, 0.05, 1.0));
    let current = store.logs().join("current");
    for part in [log.len() / 3, log.len() / 2, log.len()] {
        fs::write(&current, &log[..part]).expect("current");
        store.run(&["update"]);
    }
    assert!(store.archived().is_empty(), "archived before the roll");
    fs::remove_file(current).expect("current");
    let output = store.postprocess(&log);
    assert_same_bytes("passed through", &output.stdout, &log);
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
}

/// multilog's own processed chunks were counted when they were processed.
#[test]
fn processed_chunks_are_known() {
    let (store, log) = (Store::new(), traffic(44, 0.02, 1.0));
    fs::write(store.logs().join("@40000000655400000badcafe.s"), &log).expect("a chunk");
    store.run(&["update"]);
    store.query().assert_counts(&count::count(b""));
}

#[test]
fn logs_taifiles_off_passes_nothing_through() {
    let (store, log) = (Store::with("logs_taifiles = 0"), traffic(45, 0.02, 1.0));
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty(), "{} bytes passed through", output.stdout.len());
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
}

#[test]
fn logs_archive_off_archives_nothing() {
    let (store, log) = (Store::with("logs_archive = false"), traffic(46, 0.02, 1.0));
    let output = store.postprocess(&log);
    assert_same_bytes("passed through", &output.stdout, &log);
    store.run(&["update"]);
    assert!(store.archive().is_empty(), "{:?}", store.archive().keys());
    store.query().assert_counts(&count::count(&log));
}

/// The program that comes with multilog says what the archive has to look like.
#[test]
fn logs_archive_untai_writes_what_tai64nlocal_writes() {
    let store = Store::with("logs_archive_untai = 1").in_zone("Europe/Berlin");
    let log = traffic(47, 0.3, 0.3);
    let output = store.postprocess(&log);
    assert_same_bytes("passed through", &output.stdout, &log);
    let local = pipe_through(Command::new("tai64nlocal").env("TZ", store.time_zone()), &log);
    assert_same_bytes("the archive", &store.archived(), &local);
    assert!(store.archive().len() > 1, "one day only");
}

/// The configuration of 2004, unquoted and with comments behind, is read as it is.
#[test]
fn the_old_toaster_conf_is_read() {
    let store = Store::new();
    let config = format!(
        "# Mail::Toaster\nlogs_base             = {}     # where the logs are\nlogs_taifiles = 0 # no\n",
        store.base().display()
    );
    let me = fs::read_to_string(store.config()).expect("toaster.conf");
    let owner: String = me
        .lines()
        .filter(|line| line.starts_with("logs_user") || line.starts_with("logs_group"))
        .map(|line| format!("{}\n", line.replace('"', "")))
        .collect();
    fs::write(store.config(), config + &owner).expect("toaster.conf");
    let log = traffic(48, 0.02, 1.0);
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty(), "{} bytes passed through", output.stdout.len());
    store.query().assert_counts(&count::count(&log));
}

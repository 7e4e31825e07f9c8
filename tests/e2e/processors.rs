//! argv[0] decides who the program is; without an argument it says what it can do.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::count;
use crate::support::store::{MAILLOGS, Store, assert_same_bytes, stderr};
use crate::support::traffic;

/// `program`, run as by multilog, is `sendlog`: it passes through, counts and archives.
fn assert_is_sendlog(store: &Store, program: &mut Command) {
    let log = traffic(51, 0.02, 1.0);
    let output = store.postprocess_by(program, &log);
    assert!(output.status.success(), "{program:?}: {}", stderr(&output));
    assert_same_bytes("passed through", &output.stdout, &log);
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
}

#[test]
fn a_symbolic_link() {
    let store = Store::new();
    assert_is_sendlog(&store, &mut store.command(store.sendlog()));
}

#[test]
fn a_hard_link() {
    let store = Store::new();
    let beside = Path::new(MAILLOGS).parent().expect("a directory");
    let dir = tempfile::tempdir_in(beside).expect("a directory on the same file system");
    let link = dir.path().join("sendlog");
    fs::hard_link(MAILLOGS, &link).expect("a hard link");
    assert_is_sendlog(&store, &mut store.command(&link));
}

#[test]
fn a_copy() {
    let store = Store::new();
    let copy = store.path("sendlog");
    fs::copy(MAILLOGS, &copy).expect("a copy");
    assert_is_sendlog(&store, &mut store.command(&copy));
}

#[test]
fn a_relative_path_typed_in_a_shell() {
    let store = Store::new();
    let mut shell = store.command("/bin/sh");
    assert_is_sendlog(&store, shell.args(["-c", "exec ../../bin/sendlog"]));
}

#[test]
fn a_name_found_in_the_path() {
    let store = Store::new();
    let mut shell = store.command("/bin/sh");
    let command = "PATH=$PWD/../../bin:$PATH exec sendlog";
    assert_is_sendlog(&store, shell.args(["-c", command]));
}

#[test]
fn the_first_argument() {
    let store = Store::new();
    assert_is_sendlog(&store, store.command(MAILLOGS).arg("sendlog"));
}

#[test]
fn smtplog_and_pop3log_pass_through_and_archive() {
    for name in ["smtplog", "pop3log"] {
        let (store, log) = (Store::new(), traffic(52, 0.02, 1.0));
        let link = store.path("bin").join(name);
        symlink(MAILLOGS, &link).expect("a symbolic link");
        let output = store.postprocess_by(&mut store.command(&link), &log);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        assert_same_bytes(name, &output.stdout, &log);
        for day in ["2023/11/14", "2023/11/15"] {
            let archived = store.base().join(day).join(name);
            let stamped_there = archived.exists();
            assert_eq!(stamped_there, day == "2023/11/15", "{}", archived.display());
            if stamped_there {
                assert_same_bytes(name, &fs::read(archived).expect("the archive"), &log);
            }
        }
    }
}

#[test]
fn without_an_argument_it_shows_what_there_is() {
    let output = Store::new().maillogs(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "stdout is for pollers");
    let usage = stderr(&output);
    for word in ["send", "update", "graph", "sendlog", "smtplog", "pop3log"] {
        assert!(
            usage.split(|c: char| !c.is_alphanumeric()).any(|found| found == word),
            "{word} is missing in:\n{usage}"
        );
    }
}

#[test]
fn what_is_not_known_is_a_usage_error() {
    let store = Store::new();
    for arguments in [&["sned"][..], &["send", "--no-such-option"], &["update", "sned"]] {
        let output = store.maillogs(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

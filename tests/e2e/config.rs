//! `maillogs config`: what is in force, for people and for scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::store::{MAILLOGS, Store, stderr};

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn what_is_printed_is_a_toaster_conf_of_the_same_meaning() {
    let store = Store::new();
    let first = store.maillogs(&["config"]);
    assert!(first.status.success(), "{}", stderr(&first));
    fs::write(store.config(), stdout(&first)).expect("toaster.conf");
    let second = store.maillogs(&["config"]);
    assert!(second.status.success(), "{}", stderr(&second));
    let values = |text: String| -> Vec<String> {
        text.lines().map(|line| line.split("  # ").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(values(stdout(&first)), values(stdout(&second)));
}

#[test]
fn the_originals_form_is_converted() {
    let store = Store::new();
    fs::write(store.config(), "logs_base = /logs   # all logs\nvpopmail_user = vpopmail\n")
        .expect("toaster.conf");
    let output = store.maillogs(&["config", "--toml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "logs_base = \"/logs\"   # all logs\nvpopmail_user = \"vpopmail\"\n");
}

#[test]
fn what_is_wrong_is_said_on_stderr_and_fails() {
    let store = Store::new();
    for (text, told) in [
        ("logs_bse = '/l'\n", "line 1: logs_bse: there is no such key; did you mean logs_base?"),
        ("\nlogs_archive_days = 0\n", "line 2: logs_archive_days: 0 is not a number from 1 to 36500"),
        (
            "[[counter]]\nprotocol = 'send'\nname = 'x'\nmatch = '('\n",
            "line 1: counter: match: unclosed group",
        ),
    ] {
        fs::write(store.config(), text).expect("toaster.conf");
        for words in [&["config"][..], &["config", "--toml"]] {
            let output = store.maillogs(words);
            assert_eq!(output.status.code(), Some(1), "{text}");
            assert!(stderr(&output).contains(told), "{}", stderr(&output));
        }
        assert!(stdout(&store.maillogs(&["config"])).contains("logs_archive_days = 31  # default\n"));
    }
    fs::write(store.config(), "logs_base = [\nlogs_user\n").expect("toaster.conf");
    let output = store.maillogs(&["config", "--toml"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
    fs::remove_file(store.config()).expect("toaster.conf");
    let output = store.maillogs(&["config", "--toml"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
}

#[test]
fn a_value_that_cannot_be_read_stops_all() {
    let store = Store::new();
    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), text + "logs_archive_days = \"many\"\n").expect("toaster.conf");
    for words in [&["send"][..], &["update"], &["graph"]] {
        let output = store.maillogs(words);
        let told = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{words:?}");
        assert!(
            told.contains("line 5: logs_archive_days: \"many\"") && told.contains("nothing is done"),
            "{told}"
        );
    }
    let output = store.command(store.sendlog()).output().expect("sendlog");
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
    assert!(stderr(&output).contains("line 5") && stderr(&output).contains("nothing is done"));
}

#[test]
fn where_rights_are_missing_check_is_named() {
    let store = Store::new();
    fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n").expect("current");
    store.run(&["update"]);
    fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n".repeat(2))
        .expect("current");
    // As root the store is worked on as logs_user, as another user the modes are enough.
    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    let lines = text.lines().map(|l| if l.starts_with("logs_user") { "logs_user = \"nobody\"" } else { l });
    fs::write(store.config(), lines.collect::<Vec<_>>().join("\n")).expect("toaster.conf");
    let state = store.base().join("state");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o555)).expect("chmod");
    let output = store.maillogs(&["update", "send"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("Permission denied; run `maillogs check` as root"),
        "{}",
        stderr(&output)
    );
    let found = stdout(&store.maillogs(&["check"]));
    assert!(
        found.lines().any(|l| l.starts_with("ERROR") && l.contains("rights") && l.contains("state")),
        "{found}"
    );
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).expect("chmod");
}

#[test]
fn a_full_disk_behind_stdout_is_said() {
    let store = Store::new();
    for words in [&["send"][..], &["config"], &["check"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = store.command(MAILLOGS).args(words).stdout(full).output().expect("maillogs");
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(stderr(&output).contains("standard output: cannot write"), "{words:?}: {}", stderr(&output));
    }
}

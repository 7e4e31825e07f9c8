//! `maillogs config`: what is in force, for people and for scripts.

use std::fs;

use crate::support::store::{Store, stderr};

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
        ("logs_bse = '/l'\n", "line 1: logs_bse: there is no such key; is logs_base meant?"),
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

//! `maillogs check` on a set-up that is well, and on ones that are not.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use crate::support::store::{Store, stderr};

fn healthy() -> Store {
    let dir = tempfile::tempdir().expect("a directory").keep();
    let syslog = dir.join("maillog");
    let store = Store::with(&format!("logs_syslog = {syslog:?}\n"));
    fs::write(
        &syslog,
        "Sep 28 22:45:00 mx1 vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n",
    )
    .expect("syslog");
    fs::write(
        store.logs().join("current"),
        "@400000006abaee031529cb14 new msg 1\n@400000006abaee041529cb14 end msg 1\n",
    )
    .expect("current");
    store.flush();
    store
}

/// Exit code and text.
fn check(store: &Store) -> (i32, String) {
    let output = store.maillogs(&["check"]);
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert_eq!(stderr(&output), "", "what it found stands on stdout");
    (output.status.code().expect("an exit code"), text)
}

fn finds(store: &Store, level: &str, words: &[&str]) {
    let (code, text) = check(store);
    assert_eq!(code, 1, "{text}");
    let found =
        text.lines().any(|line| line.starts_with(level) && words.iter().all(|word| line.contains(word)));
    assert!(found, "{level} with {words:?} in:\n{text}");
}

#[test]
fn a_healthy_one_is_said_to_be() {
    let store = healthy();
    let (code, text) = check(&store);
    assert_eq!(code, 0, "{text}");
    assert!(text.lines().last().is_some_and(|l| l.starts_with("healthy: 0 errors, 0 warnings")), "{text}");
    println!("{text}");
}

#[test]
fn it_changes_nothing() {
    let store = healthy();
    let look = || -> Vec<_> {
        let mut all = Vec::new();
        for dir in ["log", "log/state", "log/counters", "log/rrd"] {
            for entry in fs::read_dir(store.path(dir)).expect("a directory") {
                let path = entry.expect("an entry").path();
                let meta = fs::metadata(&path).expect("a file");
                all.push((path, meta.len(), meta.modified().expect("a time")));
            }
        }
        all.sort();
        all
    };
    let before = look();
    fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n".repeat(40_000))
        .expect("current");
    check(&store);
    assert_eq!(look(), before);
}

#[test]
fn as_json_it_is_one_document() {
    let store = healthy();
    let report: serde_json::Value =
        serde_json::from_str(&store.run(&["check", "--format", "json"])).expect("JSON");
    assert_eq!(report["ok"], true);
    let names: Vec<_> =
        report["protocols"].as_array().expect("a list").iter().map(|p| p["name"].as_str()).collect();
    assert!(names.contains(&Some("send")) && names.contains(&Some("smtp")), "{names:?}");
}

#[test]
fn a_typo_in_toaster_conf() {
    let store = healthy();
    let text = fs::read_to_string(store.config()).expect("toaster.conf") + "\nlogs_send_dir = \"send\"\n";
    fs::write(store.config(), text).expect("toaster.conf");
    finds(&store, "ERROR", &["configuration", "logs_send_dir", "logs_send_dirs"]);
}

#[test]
fn damaged_files() {
    let store = healthy();
    let flip = |file: &str, at: u64| {
        let file = OpenOptions::new().write(true).open(store.base().join(file)).expect("a file");
        file.write_all_at(b"\xff\xfe", at).expect("damaging it");
    };
    flip("state/send.state", 40);
    finds(&store, "ERROR", &["send", "state", "damaged"]);
    flip("rrd/smtp.rrd", 0);
    finds(&store, "ERROR", &["smtp", "rrd", "damaged"]);
}

#[test]
fn an_edited_counter_file() {
    let store = healthy();
    fs::write(store.path("log/counters/send.txt"), "message_new:7\n").expect("send.txt");
    finds(&store, "WARNING", &["send", "counters", "changed by hand"]);
}

#[test]
fn a_directory_that_everybody_may_write() {
    let store = healthy();
    fs::set_permissions(store.path("log/state"), fs::Permissions::from_mode(0o777)).expect("chmod");
    finds(&store, "ERROR", &["rights", "state", "chmod o-w"]);
}

#[test]
fn a_changed_format_shows_as_lines_of_no_known_form() {
    let store = healthy();
    let lines: String = (0..200).map(|n| format!("@400000006abaee031529{n:04x} fresh msg {n}\n")).collect();
    fs::write(store.logs().join("current"), lines).expect("current");
    store.run(&["update"]);
    finds(&store, "WARNING", &["send", "lines", "no known form"]);
}

#[test]
fn a_busy_counter_that_stands_still_is_missed() {
    let store = healthy();
    let line = |secs: u32, text: &str| format!("@40000000{secs:08x}1529cb14 {text}\n");
    let day = 0x6aba_ee0a;
    let mut text: String = (0..200).map(|n| line(day + n, "new msg 5")).collect();
    text += &(0..200).map(|n| line(day + 2 * 86_400 + n, "end msg 5")).collect::<String>();
    fs::write(store.logs().join("current"), text).expect("current");
    store.run(&["update"]);
    finds(&store, "WARNING", &["send", "silent", "message_new"]);
}

#[test]
fn a_source_that_is_gone() {
    let store = healthy();
    fs::remove_dir_all(store.logs()).expect("removing the log directory");
    finds(&store, "WARNING", &["send", "source", "is gone"]);
}

//! A server without librrd: everything but pictures is as it is elsewhere.

use std::fs::{self, File};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{labelled, preload, rrd};

/// `program` as on a machine where there is no librrd.
fn without_librrd(store: &Store, program: impl AsRef<std::path::Path>) -> Command {
    let mut command = store.command(program);
    command.env("LD_PRELOAD", preload::library("tests/support/no_librrd.c"));
    command
}

fn run(store: &Store, arguments: &[&str]) -> Output {
    without_librrd(store, MAILLOGS).args(arguments).output().expect("maillogs")
}

/// The start of the minute ten minutes ago.
fn recent() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 60 * 60 - 600
}

#[test]
fn the_program_is_not_linked_to_it() {
    let output = Command::new("ldd").arg(MAILLOGS).output().expect("ldd");
    let libraries = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && libraries.contains("libc.so"), "{libraries}");
    for name in ["rrd", "glib", "cairo", "pango", "xml"] {
        assert!(!libraries.contains(name), "{libraries}");
    }
}

#[test]
fn everything_but_pictures_goes_on() {
    let store = Store::new();
    let start = recent();
    let log: String = (0..5).map(|n| labelled(start + n, n, &format!("new msg {n}"))).collect();
    let previous = store.logs().join("previous");
    fs::write(&previous, log).expect("previous");

    let mut roll = without_librrd(&store, store.sendlog());
    let output = roll
        .current_dir(store.logs())
        .stdin(File::open(&previous).expect("previous"))
        .output()
        .expect("sendlog");
    assert!(output.status.success(), "{}", stderr(&output));
    fs::remove_file(&previous).expect("previous");
    let output = run(&store, &["update", "--flush"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    let rows = rrd::fetch(&store.rrd(), 60, start, start + 120);
    assert_eq!(rows["message_new"], [(start + 60, 5)].into());
    let output = run(&store, &["send"]);
    assert_eq!(Answer::parse(&String::from_utf8_lossy(&output.stdout)).text("message_new"), "5");
    let output = run(&store, &["show", "messages"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("essages"), "a chart");

    // What cannot be drawn is one line, however many pictures there would be.
    for arguments in [&["graph"][..], &["graph", "messages", "-o", "one.png"]] {
        let _ = fs::remove_file(store.base().join("graphs/index.html"));
        let output = run(&store, arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.matches("cannot be loaded").count(), 1, "{said}");
        for words in ["librrd", "no-librrd-here.so", "install librrd8 (Debian, Ubuntu) or rrdtool"] {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(!store.path("one.png").exists());
        // The page has its numbers without pictures.
        let page = fs::read_to_string(store.base().join("graphs/index.html")).unwrap_or_default();
        assert_eq!(page.contains("Deliveries"), arguments.len() == 1, "{page}");
    }
    let found = |level: &str| {
        let output = run(&store, &["check"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.lines().any(|l| l.starts_with(level) && l.contains("install librrd8")), "{text}");
    };
    // The directory of the pictures was made by then.
    found("WARNING");
    fs::remove_dir_all(store.base().join("graphs")).expect("graphs_dir");
    found("note");

    // With librrd they are drawn.
    let output = store.maillogs(&["graph"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

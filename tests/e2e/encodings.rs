//! Logs that were made or changed elsewhere: with byte order marks before their lines, or in UTF-16.

use std::fs;
use std::path::Path;

use crate::support::labelled;
use crate::support::store::{Answer, Store, stderr};

const MARK: &str = "\u{feff}";

/// A login of 2026-09-28, at this second of the minute.
fn login(second: u32) -> String {
    format!(
        "Sep 28 22:45:{second:02} mx1 dovecot: imap-login: Login: user=<u{second}@example.org>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, mpid=1, session=<s>\n"
    )
}

fn logins(store: &Store) -> String {
    Answer::parse(&store.run(&["imap"])).text("imap_connect").to_owned()
}

#[test]
fn any_line_of_a_syslog_may_begin_with_a_byte_order_mark() {
    let store = Store::with_syslog();
    // As `cat a b c` has it, b being nothing but a mark.
    fs::write(store.syslog(), format!("{MARK}{}{}{MARK}{MARK}{}{MARK}", login(1), login(2), login(3)))
        .expect("a syslog");
    assert_eq!(logins(&store), "3", "a query");
    store.run(&["update"]);
    assert_eq!(logins(&store), "3", "an update");
    let text = fs::read_to_string(store.syslog()).expect("a syslog");
    fs::write(store.syslog(), text + &login(4)).expect("a syslog");
    assert_eq!(logins(&store), "4", "the mark of a line that was begun");
    store.run(&["update"]);
    assert_eq!(logins(&store), "4");
}

#[test]
fn an_editor_that_puts_a_mark_before_a_counted_log_changes_no_counter() {
    let store = Store::with_syslog();
    let text = login(1) + &login(2);
    fs::write(store.syslog(), &text).expect("a syslog");
    store.run(&["update"]);
    fs::write(store.syslog(), format!("{MARK}{text}{}", login(3))).expect("a syslog");
    store.run(&["update"]);
    assert_eq!(logins(&store), "3");
}

#[test]
fn any_line_of_a_log_directory_may_begin_with_a_byte_order_mark() {
    let store = Store::new();
    let line = |n: u64| labelled(1_790_635_500 + n, n, &format!("new msg {n}"));
    let chunk = format!("{MARK}{}{}{MARK}{}", line(1), line(2), line(3));
    assert!(store.postprocess(chunk.as_bytes()).status.success());
    assert_eq!(store.query().text("message_new"), "3");
    assert_eq!(store.archive().keys().collect::<Vec<_>>(), ["2026/09/28"], "under the lines' own day");
    assert!(store.archived() == chunk.as_bytes(), "as it is");
    fs::write(store.logs().join("current"), format!("{MARK}{}{MARK}{}", line(4), line(5))).expect("current");
    assert_eq!(store.query().text("message_new"), "5");
    store.run(&["update"]);
    assert_eq!(store.query().text("message_new"), "5");
}

#[test]
fn a_marked_line_after_a_chunk_that_was_cut_is_no_rest_of_it() {
    let store = Store::new();
    let line = |n: u64| labelled(1_790_635_500 + n, n, &format!("new msg {n}"));
    let (one, two, three) = (line(1), line(2), line(3));
    let cut = format!("{one}{}", two.trim_end());
    assert!(store.postprocess(cut.as_bytes()).status.success());
    assert!(store.postprocess(format!("{MARK}{three}").as_bytes()).status.success());
    assert_eq!(store.query().text("message_new"), "3");
}

fn utf_16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes_of).collect()
}

/// What `update` and `check` say of `log`, which has UTF-16; `check` does not call that healthy.
fn assert_said(store: &Store, log: &Path, what: &str) {
    let sentence = format!("{}: has lines in UTF-16, of which none can be read or counted", log.display());
    let update = store.maillogs(&["update"]);
    assert!(update.status.success(), "{what}: {}", stderr(&update));
    assert_eq!(stderr(&update).matches(&sentence).count(), 1, "{what}: {}", stderr(&update));
    let check = store.maillogs(&["check"]);
    let report = String::from_utf8(check.stdout).expect("UTF-8");
    assert_eq!(check.status.code(), Some(1), "{what}: {report}");
    let warned = report.lines().filter(|line| line.starts_with("WARNING") && line.contains(" lines "));
    assert_eq!(warned.filter(|line| line.contains(&sentence)).count(), 1, "{what}: {report}");
}

#[test]
fn a_syslog_in_utf_16_is_never_a_silent_zero() {
    for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
        for mark in ["", MARK] {
            let store = Store::with_syslog();
            let text = format!("{mark}{}{}", login(1), login(2));
            fs::write(store.syslog(), utf_16(&text, bytes_of)).expect("a syslog");
            assert_said(&store, &store.syslog(), &text);
            assert_eq!(logins(&store), "0");
        }
        // Behind lines that can be read, before them, and behind those that were counted.
        let wide = utf_16(&(login(3) + &login(4)), bytes_of);
        let plain = login(1) + &login(2);
        let (after, before) = ([plain.as_bytes(), &wide].concat(), [&wide, plain.as_bytes()].concat());
        for mixed in [after, before] {
            let store = Store::with_syslog();
            fs::write(store.syslog(), mixed).expect("a syslog");
            assert_said(&store, &store.syslog(), "a mixture");
            let readable = logins(&store);
            assert!(
                ["1", "2"].contains(&readable.as_str()),
                "the line behind half a newline may be lost: {readable}"
            );
        }
        let store = Store::with_syslog();
        fs::write(store.syslog(), &plain).expect("a syslog");
        store.run(&["update"]);
        fs::write(store.syslog(), [plain.as_bytes(), &wide].concat()).expect("a syslog");
        assert_said(&store, &store.syslog(), "what came later");
        assert_eq!(logins(&store), "2");
    }
}

#[test]
fn a_log_directory_in_utf_16_is_never_a_silent_zero() {
    for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
        let store = Store::new();
        let text = labelled(1_790_635_501, 1, "new msg 1") + &labelled(1_790_635_502, 2, "new msg 2");
        let current = store.logs().join("current");
        fs::write(&current, utf_16(&text, bytes_of)).expect("current");
        assert_said_of_directory(&store);
        assert_eq!(store.query().text("message_new"), "0");
    }
}

fn assert_said_of_directory(store: &Store) {
    let has_lines = "has lines in UTF-16, of which none can be read or counted";
    let update = store.maillogs(&["update"]);
    assert!(stderr(&update).contains(&format!("/send/current: {has_lines}")), "{}", stderr(&update));
    let check = store.maillogs(&["check"]);
    let report = String::from_utf8(check.stdout).expect("UTF-8");
    assert_eq!(check.status.code(), Some(1), "{report}");
    assert!(report.contains(&format!("/send: {has_lines}")), "{report}");
}

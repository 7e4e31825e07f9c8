//! `maillogs check` on a set-up that is well, and on ones that are not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};

use crate::support::store::{Store, stderr};

fn healthy() -> Store {
    let store = Store::with_syslog();
    // With its year: without one, the line would be of the future for a day before each 28 September, 22:45.
    fs::write(
        store.syslog(),
        "2026-09-28T22:45:00+00:00 mx1 vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n",
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
fn a_problem_names_its_file_once() {
    let store = healthy();
    let text = fs::read_to_string(store.config()).expect("toaster.conf") + "\nlogs_send_dir = \"send\"\n";
    fs::write(store.config(), text).expect("toaster.conf");
    let (_, text) = check(&store);
    let line = text.lines().find(|line| line.contains("logs_send_dir:")).expect("the problem");
    assert_eq!(line.matches("toaster.conf: ").count(), 1, "{line}");
}

#[test]
fn what_a_server_does_not_have_is_a_note_a_protocol() {
    let store = Store::new();
    fs::remove_dir(store.logs()).expect("removing the log directory");
    for when in ["before anything was counted", "and afterwards"] {
        let (code, text) = check(&store);
        assert_eq!(code, 0, "{when}: {text}");
        for protocol in ["send", "rbl", "queue"] {
            let about: Vec<&str> =
                text.lines().filter(|l| l.split_whitespace().nth(1) == Some(protocol)).collect();
            let only_that = |l: &&str| l.starts_with("note") && l.contains("is not there");
            assert!(about.len() == 1 && about.iter().all(only_that), "{when}: {about:#?}");
        }
        store.run(&["update"]);
    }
}

#[test]
fn a_fresh_one_stays_fresh() {
    let store = Store::new();
    fs::remove_dir(store.logs()).expect("removing the log directory");
    fs::remove_dir(store.base()).expect("removing logs_base");
    finds(&store, "ERROR", &["rights", "logs_base", "is not there", "make it"]);
    assert!(!store.base().exists(), "check has made it");
}

#[test]
fn a_log_that_toaster_conf_names_and_that_is_not_there() {
    for (key, value) in [
        ("logs_send_dirs", "[\"sent\"]"),
        ("logs_syslog", "[\"/nonexistent/maillog\"]"),
        ("logs_webmail_files", "[\"/nonexistent/userlogins.log\"]"),
        ("logs_haraka_files", "[\"/nonexistent/haraka.log\"]"),
        ("logs_rspamd_files", "[\"/nonexistent/rspamd.log\"]"),
        ("qmail_queue_dir", "\"/nonexistent/queue\""),
        ("[protocol.ftp]\nsource", "\"file:/nonexistent/vsftpd.log\""),
    ] {
        let counter = "[[counter]]\nprotocol = \"ftp\"\nname = \"uploads\"\nmatch = \"OK UPLOAD\"\n";
        let more = if key.contains("ftp") { counter } else { "" };
        let store = Store::with(&format!("{key} = {value}\n{more}"));
        let name = value.trim_matches(['[', ']', '"']).trim_start_matches("file:");
        finds(&store, "WARNING", &["source", name, "toaster.conf names it"]);
    }
}

#[test]
fn a_protocol_without_a_source_tells_the_key_that_gives_it_one() {
    let store = Store::with("logs_syslog = []");
    let (code, text) = check(&store);
    let said = text.lines().any(|line| line.contains("imap") && line.contains("see logs_syslog"));
    assert!(code == 0 && said, "{text}");
}

#[test]
fn a_toaster_conf_that_cannot_be_read() {
    let store = Store::new();
    fs::remove_file(store.config()).expect("toaster.conf");
    finds(
        &store,
        "ERROR",
        &["configuration", "toaster.conf: cannot read: No such file or directory; the built-in"],
    );
}

#[test]
fn when_each_protocol_was_read_is_said() {
    let store = healthy();
    let (_, text) = check(&store);
    for protocol in ["send", "smtp", "imap"] {
        let said = text.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.starts_with(&["ok", protocol, "read"]) && line.contains(" s ago")
        });
        assert!(said, "{protocol}:\n{text}");
    }
    let mut current = OpenOptions::new().append(true).open(store.logs().join("current")).expect("current");
    current.write_all("@400000006abaee051529cb14 new msg 2\n".repeat(9).as_bytes()).expect("writing");
    let (_, text) = check(&store);
    // 9 lines of 36 bytes.
    assert!(text.contains("; 324 bytes have come since"), "{text}");
}

#[test]
fn a_logger_alone_is_no_cron() {
    let store = Store::new();
    fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n").expect("current");
    store.run(&["update", "send"]);
    finds(&store, "WARNING", &["cron", "maillogs update", "has not run yet"]);
}

#[test]
fn a_protocol_that_is_left_behind() {
    let store = healthy();
    fs::create_dir(store.base().join("smtp")).expect("mkdir");
    for name in ["state/rbl.state", "state/rbl.lock", "counters/.rbl.state"] {
        fs::remove_file(store.base().join(name)).expect("a state");
    }
    finds(&store, "WARNING", &["rbl", "read", "was never read to the end", "maillogs update rbl"]);
}

#[test]
fn a_lock_that_somebody_keeps() {
    let store = healthy();
    let lock = fs::File::open(store.base().join("state/send.lock")).expect("the lock");
    lock.lock().expect("locking it");
    finds(&store, "WARNING", &["send", "lock", "send.lock", &format!("by process {} (", std::process::id())]);
    drop(lock);
    assert_eq!(check(&store).0, 0);
}

#[test]
fn files_that_the_owner_may_not_use() {
    let store = healthy();
    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    let nobody = text
        .lines()
        .map(|line| if line.starts_with("logs_user") { "logs_user = \"nobody\"" } else { line })
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(store.config(), nobody).expect("toaster.conf");
    for dir in ["state", "rrd", "counters"] {
        fs::set_permissions(store.base().join(dir), fs::Permissions::from_mode(0o1777)).expect("chmod");
    }
    let stranger = check(&store).1.contains("check was started by");
    assert_eq!(stranger, !nix::unistd::geteuid().is_root(), "root and logs_user may look everywhere");
    for (file, mode) in [("state/send.lock", 0o644), ("rrd/send.rrd", 0o644), ("counters/send.txt", 0o600)] {
        let path = store.base().join(file);
        let before = fs::metadata(&path).expect("a file").permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
        let name = path.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
        let dir = file.split('/').next().expect("a directory");
        let (_, text) = check(&store);
        let said = |line: &&str| {
            line.starts_with("ERROR") && line.contains("rights") && line.contains("may not use")
        };
        assert!(text.lines().filter(said).any(|line| line.contains(dir)), "{name}:\n{text}");
        fs::set_permissions(&path, before).expect("chmod");
    }
}

#[test]
fn a_counter_file_that_is_none() {
    let store = healthy();
    let file = store.path("log/counters/send.txt");
    fs::write(&file, "\u{1}garbage\nnothing\n").expect("send.txt");
    finds(&store, "ERROR", &["send", "counters", "is damaged"]);
    fs::write(&file, "message_new:7\nmessage_end:many\n").expect("send.txt");
    finds(&store, "ERROR", &["send", "counters", "no counters (2)"]);
    fs::remove_file(&file).expect("send.txt");
    finds(&store, "WARNING", &["send", "counters", "is gone"]);
}

#[test]
fn an_rrd_that_is_gone_or_of_another_step() {
    let store = healthy();
    fs::remove_file(store.rrd()).expect("send.rrd");
    finds(&store, "ERROR", &["send", "rrd", "is gone"]);
    let text = fs::read_to_string(store.config()).expect("toaster.conf") + "\nrrd_step = 300\n";
    fs::write(store.config(), text).expect("toaster.conf");
    finds(&store, "ERROR", &["smtp", "rrd", "another step than rrd_step"]);
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
    fs::set_permissions(store.path("log/state"), fs::Permissions::from_mode(0o755)).expect("chmod");
    assert_eq!(check(&store).0, 0);
    fs::set_permissions(store.logs(), fs::Permissions::from_mode(0o777)).expect("chmod");
    finds(&store, "ERROR", &["send", "rights", "log/send", "chmod o-w"]);
}

#[test]
fn a_changed_format_shows_as_lines_of_no_known_form() {
    let store = healthy();
    let lines: String = (0..200).map(|n| format!("@400000006abaee031529{n:04x} fresh msg {n}\n")).collect();
    fs::write(store.logs().join("current"), lines).expect("current");
    store.run(&["update"]);
    finds(&store, "WARNING", &["send", "lines", "were not understood"]);
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

#[test]
fn cron_is_silent_on_a_server_that_lacks_most_programs() {
    let store = Store::with("logs_syslog = []\nqmail_queue_dir = \"/nonexistent/queue\"");
    fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n").expect("current");
    for words in [&["update"][..], &["update", "--flush"], &["graph"], &["graph"]] {
        let output = store.maillogs(words);
        let (code, told) = (output.status.code(), stderr(&output));
        assert_eq!((code, told.as_str(), output.stdout.len()), (Some(0), "", 0), "{words:?}");
    }
}

//! Sources besides log directories: the journal, qmail's queue, files and protocols of one's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::pipe_through;
use crate::support::rrd;
use crate::support::store::{Answer, Store, stderr};

fn value(store: &Store, protocol: &str, key: &str) -> i64 {
    Answer::parse(&store.run(&[protocol])).text(key).parse().expect("a whole number")
}

/// One journal entry in systemd's export format.
fn entry(n: u64, tag: &str, message: &[u8]) -> Vec<u8> {
    let time = 1_790_635_500_000_000 + n * 1_000_000;
    let mut entry = format!(
        "__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID=6fb5f8a0b9d94d6d8c1f3f0f0c1c2d3e\n_HOSTNAME=mx1\nSYSLOG_IDENTIFIER={tag}\nSYSLOG_FACILITY=2\nPRIORITY=6\n",
        n * 1_000_000
    )
    .into_bytes();
    entry.extend_from_slice(b"MESSAGE\n");
    entry.extend_from_slice(&(message.len() as u64).to_le_bytes());
    entry.extend_from_slice(message);
    entry.extend_from_slice(b"\n\n");
    entry
}

fn journal(file: &Path, entries: &[u8]) {
    let remote = ["/usr/lib/systemd/systemd-journal-remote", "/lib/systemd/systemd-journal-remote"];
    let remote = remote.iter().find(|p| Path::new(p).exists()).expect("systemd-journal-remote");
    pipe_through(Command::new(remote).arg("-o").arg(file).arg("-"), entries);
}

#[test]
fn the_journal_is_read_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::with(&format!("logs_syslog = \"journald:{}\"\n", dir.path().display()));
    let login = |n| entry(n, "vpopmail", b"vchkpw-smtp: (PLAIN) login success alice@example.org:192.0.2.7");
    let mut first = login(1);
    first.extend(entry(2, "vpopmail", b"vchkpw-pop3: password fail (pass: 'secret') bob\xff:192.0.2.7"));
    first.extend(entry(3, "dovecot", b"imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.10, TLS\nimap-login: Login: user=<forged>, rip=192.0.2.7"));
    journal(&dir.path().join("a.journal"), &first);
    for _ in 0..2 {
        assert_eq!(value(&store, "smtp", "smtp_auth_success"), 1, "a query");
        store.run(&["update"]);
        assert_eq!(value(&store, "smtp", "smtp_auth_success"), 1, "an update");
    }
    assert_eq!(value(&store, "pop3", "pop3_fail"), 1);
    assert_eq!(value(&store, "imap", "imap_ssl_success"), 1);
    assert_eq!(value(&store, "imap", "imap_success"), 0, "a message is one line");
    let mut more = first;
    more.extend(login(4));
    more.extend(login(5));
    fs::remove_file(dir.path().join("a.journal")).expect("the old journal");
    journal(&dir.path().join("a.journal"), &more);
    // Another file of other ids: the cursor's entry is gone, and the place is found by time.
    assert_eq!(value(&store, "smtp", "smtp_auth_success"), 3, "a query");
    store.run(&["update"]);
    assert_eq!(value(&store, "smtp", "smtp_auth_success"), 3, "an update");
}

fn message(queue: &Path, part: &str, n: u32) {
    let dir = queue.join(part).join((n % 23).to_string());
    fs::create_dir_all(&dir).expect("mkdir");
    fs::write(dir.join(n.to_string()), "x").expect("a message");
}

#[test]
fn the_queue_is_measured_at_each_update() {
    let dir = tempfile::tempdir().expect("a directory");
    let queue = dir.path().join("queue");
    for part in ["mess", "todo", "local", "remote", "info", "intd", "bounce", "lock", "pid"] {
        fs::create_dir_all(queue.join(part)).expect("mkdir");
    }
    let store = Store::with(&format!("qmail_queue_dir = {queue:?}\n"));
    for n in 100..130 {
        message(&queue, "mess", n);
    }
    for n in 100..120 {
        message(&queue, "remote", n);
    }
    for n in 118..125 {
        message(&queue, "local", n);
    }
    let find = |part: &str| -> i64 {
        let command = format!("find {}/{part} -type f | wc -l", queue.display());
        let output = Command::new("sh").args(["-c", &command]).output().expect("find");
        String::from_utf8(output.stdout).expect("UTF-8").trim().parse().expect("a number")
    };
    for (key, part) in
        [("messages", "mess"), ("unprocessed", "todo"), ("local", "local"), ("remote", "remote")]
    {
        assert_eq!(value(&store, "queue", key), find(part), "{key}");
    }
    store.run(&["update", "queue"]);
    // What was measured goes on to be told when the queue cannot be read any more.
    fs::rename(&queue, dir.path().join("away")).expect("moving the queue");
    assert_eq!(value(&store, "queue", "messages"), 30);
    fs::rename(dir.path().join("away"), &queue).expect("moving it back");
    for n in 100..130 {
        let file = queue.join("mess").join((n % 23).to_string()).join(n.to_string());
        fs::remove_file(file).expect("delivered");
    }
    assert_eq!(value(&store, "queue", "messages"), 0, "an empty queue is a value like any other");
}

#[test]
fn own_counters_and_protocols_are_like_the_built_in_ones() {
    let dir = tempfile::tempdir().expect("a directory");
    let syslog = dir.path().join("maillog");
    let config = format!(
        r#"logs_syslog = {syslog:?}
templates_dir = "templates"
[[rbl]]
name = "ownlist"
match = 'ownlist\.example'

[[counter]]
protocol = "rbl"
name = "graylisted"
match = 'DENIED_GRAYLISTED'

[protocol.scores]
source = "syslog"

[[counter]]
protocol = "scores"
name = "rejected"
tag = "rspamd"
match = '\(reject\)'

[[counter]]
protocol = "scores"
name = "bytes"
tag = "rspamd"
match = 'len: (?<len>\S+),'
sum = "len"

[protocol.gate]
source = "multilog:gate"

[[counter]]
protocol = "gate"
name = "opened"
match = '^opened '
"#
    );
    let store = Store::with(&config);
    // With their year: without one, they would be of the future for a day before each 28 September, 22:45.
    fs::write(
        &syslog,
        "2026-09-28T22:45:00+00:00 mx1 rspamd[7]: task; len: 1000, (default: T (reject): [20.0/15.0])\n\
         2026-09-28T22:45:01+00:00 mx1 rspamd[7]: task; len: 2.5, (default: F (no action): [1.0/15.0])\n\
         2026-09-28T22:45:02+00:00 mx1 rspamd[7]: task; len: many, (default: T (reject): [1.0/15.0])\n\
         2026-09-28T22:45:03+00:00 mx1 other[7]: task; len: 5000, (reject)\n",
    )
    .expect("the syslog");
    for (dir, text) in [
        (
            "smtp",
            "@400000006abaee031529cb14 spamdyke[1]: DENIED_GRAYLISTED from: a to: b origin_ip: 192.0.2.1 origin_rdns: x auth: y encryption: z\n@400000006abaee041529cb14 rblsmtpd: 192.0.2.54 pid 9: 451 see http://ownlist.example/spamhaus\n",
        ),
        ("gate", "@400000006abaee031529cb14 opened by x\n@400000006abaee031529cb15 closed\n"),
    ] {
        fs::create_dir(store.base().join(dir)).expect("mkdir");
        fs::write(store.base().join(dir).join("current"), text).expect("current");
    }
    let output = store.maillogs(&["update"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("toaster.conf") && said.contains("line"), "the capture that is no number: {said}");
    assert!(!said.contains("many"), "no text of the log: {said}");
    assert_eq!(value(&store, "rbl", "graylisted"), 1);
    assert_eq!(value(&store, "rbl", "ownlist"), 1);
    assert_eq!(value(&store, "rbl", "spamhaus"), 0, "an own list comes first");
    assert_eq!(value(&store, "scores", "rejected"), 2);
    assert_eq!(Answer::parse(&store.run(&["scores"])).text("bytes"), "1002.5");
    assert_eq!(value(&store, "scores", "bytes_lines"), 3);
    assert_eq!(value(&store, "gate", "opened"), 1);
    store.flush();
    assert!(store.path("log/counters/gate.txt").exists());
    let info =
        Command::new("rrdtool").arg("info").arg(store.path("log/rrd/scores.rrd")).output().expect("rrdtool");
    let info = String::from_utf8(info.stdout).expect("UTF-8");
    for ds in ["ds[rejected]", "ds[bytes]", "ds[bytes_lines]"] {
        assert!(info.contains(ds), "{ds}: {info}");
    }
    fs::create_dir(store.base().join("templates")).expect("mkdir");
    fs::write(
        store.base().join("templates/own.toml"),
        "title = \"Scores\"\nprotocol = \"scores\"\nunit = \"messages\"\nper = \"min\"\ncolumns = [\"total\"]\n\
         data = [{ name = \"rejected\", ds = \"rejected\" }]\n\
         draw = [{ area = \"rejected\", color = \"bad\", legend = \"Rejected\" }]\n",
    )
    .expect("a template");
    store.run(&["graph", "own", "--period", "day", "--theme", "light"]);
    let png = fs::read(store.base().join("graphs/own-day-light.png")).expect("a picture");
    assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn a_counter_that_comes_later_keeps_the_rows_of_the_others() {
    let store = Store::new();
    let dir = store.base().join("smtp");
    fs::create_dir(&dir).expect("mkdir");
    let lines = |from: u32, to: u32| -> String {
        (from..to)
            .map(|n| {
                format!("@4000000045{:06x}1529cb14 spamdyke[1]: DENIED_GRAYLISTED from: {n}\n", 0x0c_023e + n)
            })
            .collect()
    };
    fs::write(dir.join("current"), lines(0, 600)).expect("current");
    store.flush();
    let begin = 0x450c_023e - 10_u64;
    let (from, to) = (begin / 300 * 300, begin / 300 * 300 + 3600);
    let total =
        |ds: &str| -> u128 { rrd::fetch(&store.path("log/rrd/rbl.rrd"), 300, from, to)[ds].values().sum() };
    assert_eq!(total("count"), 600);
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let own = "[[counter]]\nprotocol = \"rbl\"\nname = \"gray\"\nmatch = 'GRAYLISTED'\n";
    fs::write(store.config(), config + own).expect("toaster.conf");
    fs::write(dir.join("current"), lines(0, 900)).expect("current");
    store.flush();
    assert_eq!(value(&store, "rbl", "gray"), 300);
    assert_eq!((total("count"), total("gray")), (900, 300), "the old rows are there");
}

#[test]
fn no_password_of_a_log_line_is_ever_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let syslog = dir.path().join("maillog");
    let store = Store::with(&format!("logs_syslog = {syslog:?}\nlogs_verbose = 1\n"));
    let mut text = String::new();
    for service in ["smtp", "pop3", "imap", "imaps", "webmail", "2525", "nonsense"] {
        text += &format!(
            "Jun  9 08:56:30 www vpopmail[65827]: vchkpw-{service}: password fail (pass: 'hunter2') a@example.com:192.0.2.68\n"
        );
        text += &format!(
            "Jun  9 08:56:30 www vpopmail[65827]: vchkpw-{service}: new words (pass: 'hunter2') a@example.com:192.0.2.68\n"
        );
    }
    text += "Jun  9 08:56:31 www vpopmail[65827]: vchkpw-pop3: password fail (pass: 'hunter2";
    fs::write(&syslog, &text).expect("the syslog");
    fs::create_dir(store.base().join("pop3")).expect("mkdir");
    fs::write(
        store.base().join("pop3/current"),
        "@400000006abaee031529cb14 vchkpw-pop3: password fail (pass: 'hunter2') a:192.0.2.1\n",
    )
    .expect("current");
    let mut said = Vec::new();
    for arguments in [
        &["update", "-v"][..],
        &["smtp", "-v"],
        &["pop3", "-v"],
        &["imap"],
        &["webmail"],
        &["check"],
        &["check", "--format", "json"],
        &["config"],
    ] {
        let output = store.maillogs(arguments);
        said.extend(output.stdout);
        said.extend(output.stderr);
    }
    assert_eq!(value(&store, "smtp", "smtp_auth_fail"), 2);
    assert!(!String::from_utf8_lossy(&said).contains("hunter2"));
    for file in ["counters/smtp_auth.txt", "counters/pop3.txt", "state/smtp.state", "state/pop3.state"] {
        let bytes = fs::read(store.base().join(file)).expect(file);
        assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"), "{file}");
    }
}

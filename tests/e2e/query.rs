//! `maillogs send`: right at any instant, for anyone, on one line.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::support::count::{self, Counts, GAUGES};
use crate::support::multilog::{Multilog, log_through};
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{labelled, lines, traffic};

/// The keys that pollers have read since 2004, in their order.
const ORIGINAL: [&str; 18] = [
    "concurrencyremote",
    "delivery",
    "delivery_deferral",
    "delivery_failure",
    "delivery_success",
    "message_bounce",
    "message_bytes",
    "message_end",
    "message_info",
    "message_new",
    "message_other",
    "other",
    "start_delivery",
    "start_delivery_local",
    "start_delivery_remote",
    "status",
    "status_localp",
    "status_remotep",
];
const NEW: [&str; 10] = [
    "double_bounce",
    "triple_bounce",
    "warning",
    "alert",
    "status_local_sum",
    "status_remote_sum",
    "peak_local",
    "peak_remote",
    "limit_local",
    "limit_remote",
];

#[test]
fn before_the_first_line_every_key_is_there_and_0() {
    let store = Store::new();
    let answer = store.query();
    assert_eq!(answer.keys()[..ORIGINAL.len()], ORIGINAL);
    assert_eq!(answer.keys()[ORIGINAL.len()..], NEW);
    for key in answer.keys() {
        assert_eq!(answer.nanos(key), 0, "{key}");
    }
}

#[test]
fn zeros_for_want_of_a_log_are_not_silent() {
    let store = Store::new();
    fs::remove_dir(store.logs()).expect("rmdir");
    let output = store.maillogs(&["send"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("there is no ") && words.contains("logs_send_dirs"), "{words}");
}

/// snmpd's `extend` takes the first line of stdout and stderr together.
#[test]
fn the_counters_come_before_any_warning() {
    let store = Store::with("logs_grop = \"x\"");
    let output = Command::new("sh")
        .args(["-c", "exec \"$0\" send 2>&1", MAILLOGS])
        .env("TOASTER_CONF", store.config())
        .output()
        .expect("sh");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|l| l.starts_with("concurrencyremote:0:")), "{text}");
    assert!(lines.next().is_some_and(|l| l.contains("logs_grop")), "{text}");
}

#[test]
fn what_no_one_has_committed_yet_is_in_the_answer() {
    let (store, log) = (Store::new(), traffic(21, 0.02, 1.0));
    fs::write(store.logs().join("current"), &log).expect("current");
    store.query().assert_counts(&count::count(&log));
    assert!(!store.path("log/counters/send.txt").exists(), "a query writes nothing");
}

/// Whatever the format: a poller that holds 32 bits may read any of them.
#[test]
fn with_32_bits_every_format_begins_again_at_0() {
    let (store, log) = (Store::new(), traffic(22, 0.02, 1.0));
    assert!(store.postprocess(&log).status.success());
    let new = store.query().text("message_new").parse::<u64>().expect("a number");
    // An edit by hand wins.
    let file = store.path("log/counters/send.txt");
    let counters = fs::read_to_string(&file).expect("send.txt");
    fs::write(&file, counters.replace(&format!("message_new:{new}\n"), "message_new:4294967290\n"))
        .expect("send.txt");
    store.run(&["update"]);
    let more = traffic(23, 0.02, 2.0);
    fs::write(store.logs().join("current"), &more).expect("current");
    let total = 4_294_967_290
        + more.split(|b| *b == b'\n').filter(|line| contains(line, b" new msg ")).count() as u64;
    let expect = |of: u64| {
        assert_eq!(store.query().text("message_new"), of.to_string());
        for (arguments, told) in [
            (&["send", "message_new"][..], format!("{of}\n")),
            (&["send", "message_new", "message_new", "--format", "mrtg"], format!("{of}\n{of}\n")),
            (&["send", "--format", "json"], format!("\"message_new\":{of},")),
            (&["send", "--format", "prometheus"], format!("{of}\n")),
            (&["send", "--format", "nagios"], format!("'send.message_new'={of}c")),
            (&["send", "--format", "checkmk"], format!("message_new={of}|")),
        ] {
            let said = store.run(arguments).replace(": ", ":");
            assert!(said.contains(&told), "{arguments:?}: {told} is not in {said}");
        }
    };
    expect(total);
    let mut config = OpenOptions::new().append(true).open(store.config()).expect("toaster.conf");
    writeln!(config, "counter_bits = 32").expect("toaster.conf");
    assert!(total > 1 << 32, "{total}");
    expect(total - (1 << 32));
}

fn contains(line: &[u8], words: &[u8]) -> bool {
    line.windows(words.len()).any(|part| part == words)
}

#[test]
fn the_average_concurrency_is_a_hundredth_of_the_limit() {
    let (store, log) = (Store::new(), traffic(22, 0.02, 1.0));
    log_through(&store, 262_144, &log);
    let counts = count::count(&log);
    let expected = counts["status_remotep"] as f64 / 1e7 / counts["status"] as f64;
    let answer = store.query();
    let got: f64 = answer.text("concurrencyremote").parse().expect("a number");
    assert!((got - expected).abs() < 1e-6, "{got} instead of {expected}");
}

#[test]
fn gauges_are_those_of_the_last_complete_minute() {
    let (store, log) = (Store::new(), traffic(23, 0.02, 1.0));
    log_through(&store, 262_144, &log);
    store.flush();
    let answer = store.query();
    assert_eq!(answer.text("limit_local"), "10");
    assert_eq!(answer.text("limit_remote"), "120");
    let last = count::by_bin(&log, 60).into_keys().last().expect("bins");
    let (mut local_peak, mut remote_peak) = (0, 0);
    for line in lines(&log) {
        let line = String::from_utf8_lossy(line);
        let nanos = count::unix_nanos(&line).expect("a label");
        if (nanos / 60_000_000_000 + 1) * 60 != last {
            continue;
        }
        if let Some(status) = line[26..].strip_prefix("status: local ") {
            let numbers: Vec<u32> = status
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|digits| digits.parse().ok())
                .collect();
            local_peak = local_peak.max(numbers[0]);
            remote_peak = remote_peak.max(numbers[2]);
        }
    }
    assert_eq!(answer.text("peak_local"), local_peak.to_string());
    assert_eq!(answer.text("peak_remote"), remote_peak.to_string());
}

/// multilog rolls, the processor runs, cron updates, and a poller asks all the while.
#[test]
fn counters_never_go_backwards() {
    let (store, log) = (Store::new(), traffic(24, 0.15, 1.0));
    let lines: Vec<&[u8]> = lines(&log).collect();
    let mut multilog = Multilog::start(&store, 4_096);
    let mut before: Option<Answer> = None;
    let mut queries = 0;
    // About 5,000 bytes at a time: a roll between any two queries, or while one looks.
    for (number, part) in lines.chunks(64).enumerate() {
        multilog.feed(&part.concat());
        if number % 16 == 7 {
            store.run(&["update"]);
        }
        let answer = store.query();
        if let Some(before) = &before {
            for key in before.keys().into_iter().filter(|key| !GAUGES.contains(key)) {
                assert!(
                    answer.nanos(key) >= before.nanos(key),
                    "query {queries}: {key} fell from {} to {}",
                    before.text(key),
                    answer.text(key)
                );
            }
        }
        before = Some(answer);
        queries += 1;
    }
    multilog.finish();
    assert!(store.rolls() >= 50, "{} rolls", store.rolls());
    assert!(queries >= 50, "{queries} queries");
    store.query().assert_counts(&count::count(&log));
}

/// An SNMP agent runs as nobody: it may read, and that is all.
#[test]
fn one_who_may_not_write_gets_the_newest_counts() {
    let (store, log) = (Store::new(), traffic(25, 0.03, 1.0));
    let (old, new) = log.split_at(lines(&log).take(600).map(<[u8]>::len).sum());
    log_through(&store, 16_384, old);
    let written = snapshot(&store);
    append(&store.logs().join("current"), new);

    chmod_all(&store.base(), 0o555, 0o444);
    let output = unprivileged(&store).arg("send").output().expect("the query");
    chmod_all(&store.base(), 0o755, 0o644);
    assert!(output.status.success(), "{}", stderr(&output));
    let answer = Answer::parse(&String::from_utf8_lossy(&output.stdout));
    answer.assert_counts(&count::count(&log));
    assert_eq!(snapshot(&store), written, "a query has written");
}

/// Where even reading is forbidden the last commit is told, and stderr says why.
#[test]
fn one_who_may_not_read_the_log_gets_the_last_commit() {
    let (store, log) = (Store::new(), traffic(26, 0.03, 1.0));
    log_through(&store, 16_384, &log);
    store.run(&["update"]);
    let counted = count::count(&log);
    append(&store.logs().join("current"), &traffic(27, 0.01, 1.0));
    let close = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(store.logs().join("current"), permissions).expect("chmod");
    };
    close(0o000);
    let output = unprivileged(&store).arg("send").output().expect("the query");
    close(0o644);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("current"), "{:?}", stderr(&output));
    Answer::parse(&String::from_utf8_lossy(&output.stdout)).assert_counts(&counted);
}

/// The counter file is an interface too: `key:value` lines, sorted.
#[test]
fn the_counter_file_agrees() {
    let (store, log) = (Store::new(), traffic(28, 0.03, 1.0));
    log_through(&store, 16_384, &log);
    store.run(&["update"]);
    let file = fs::read_to_string(store.path("log/counters/send.txt")).expect("the counter file");
    let pairs: Vec<(&str, &str)> =
        file.lines().map(|line| line.split_once(':').expect("key:value")).collect();
    assert!(pairs.is_sorted_by_key(|(key, _)| *key), "{file}");
    let line: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    let counts: Counts = count::count(&log);
    Answer::parse(&format!("{}\n", line.join(":"))).assert_counts(&counts);
}

#[test]
fn verbose_talks_on_stderr_only() {
    let store = Store::new();
    let plain = store.run(&["send"]);
    assert_eq!(store.run(&["send", "-v"]), plain);
    assert_eq!(store.run(&["send", "-r"]), plain, "-r is accepted and does nothing");
}

/// The program as a user who owns nothing here; where the tests are not root's, as ourselves.
fn unprivileged(store: &Store) -> Command {
    if fs::metadata(store.path("")).expect("the store").uid() != 0 {
        return store.command(MAILLOGS);
    }
    // A copy, as the build directory may be closed to others.
    let copy = store.path("bin/maillogs");
    fs::copy(MAILLOGS, &copy).expect("a copy");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
    let mut command = store.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
    command
}

fn append(file: &Path, lines: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(file).expect("a file");
    file.write_all(lines).expect("appending");
}

/// Every file of the store but `current`, with what it holds.
fn snapshot(store: &Store) -> Vec<(String, Vec<u8>)> {
    let output = Command::new("find").arg(store.base()).args(["-type", "f"]).output();
    let mut files: Vec<(String, Vec<u8>)> = String::from_utf8(output.expect("find").stdout)
        .expect("UTF-8")
        .lines()
        .filter(|path| !path.ends_with("/current"))
        .map(|path| (path.to_owned(), fs::read(path).expect("a file")))
        .collect();
    files.sort();
    files
}

fn chmod_all(dir: &Path, directories: u32, files: u32) {
    for (kind, mode) in [("f", files), ("d", directories)] {
        let status = Command::new("find")
            .arg(dir)
            .args(["-depth", "-type", kind, "-exec", "chmod", &format!("{mode:o}"), "{}", "+"])
            .status();
        assert!(status.expect("find").success());
    }
}

/// A log directory and its key are renamed; until the next update a query finds the old one in the state only.
#[test]
fn a_renamed_log_directory_is_known_by_what_it_holds() {
    // With labels, and without: chunks are known by different things then.
    for labels in [true, false] {
        let store = Store::new();
        let config = fs::read_to_string(store.config()).expect("toaster.conf");
        let name = |name: &str| {
            fs::write(store.config(), format!("{config}logs_send_dirs = [{:?}]\n", store.base().join(name)))
                .expect("toaster.conf");
        };
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
        let line = |n: u64| {
            let text = format!("new msg {n}");
            if labels { labelled(now - 100 + n, n, &text) } else { format!("{}.5 {text}\n", now - 100 + n) }
        };
        name("send");
        fs::write(store.logs().join("current"), line(1) + &line(2)).expect("current");
        store.run(&["update"]);
        let append = |file: &Path, text: String| {
            let mut file = OpenOptions::new().append(true).open(file).expect("a chunk");
            file.write_all(text.as_bytes()).expect("a chunk");
        };
        append(&store.logs().join("current"), line(3));
        assert_eq!(store.query().text("message_new"), "3");
        let sent = store.base().join("sent");
        fs::rename(store.logs(), &sent).expect("rename");
        // The key names the old one still: that is a disk that is not mounted, and no answer is less than the one before.
        let refused = store.maillogs(&["send"]);
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        assert!(refused.stdout.is_empty());
        let said = stderr(&refused);
        assert!(said.contains("/log/send: is not there, and was read before; is it mounted?"), "{said}");
        assert!(said.contains("If it was removed or renamed, maillogs update goes on without it"), "{said}");
        name("sent");
        append(&sent.join("current"), line(4));
        for when in ["before an update", "after it"] {
            let answer = store.maillogs(&["send"]);
            assert!(answer.status.success(), "{when}: {}", stderr(&answer));
            assert_eq!(stderr(&answer), "", "{when}");
            let answer = Answer::parse(&String::from_utf8(answer.stdout).expect("UTF-8"));
            assert_eq!(answer.text("message_new"), "4", "{when}");
            store.run(&["update"]);
        }
        // A new directory that holds nothing of the old one is no renamed one.
        fs::rename(&sent, store.base().join("away")).expect("rename");
        let other = store.base().join("other");
        fs::create_dir(&other).expect("mkdir");
        fs::write(other.join("current"), line(5)).expect("current");
        name("other");
        let refused = store.maillogs(&["send"]);
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("/log/sent: is not there"), "{}", stderr(&refused));
    }
}

//! Whose rights are used for what, and what others chose on its way to a terminal.
//!
//! As root the store belongs to the user 1, whom we are not; as somebody else there is only ourselves, and what root could
//! read and `logs_user` could not is a file that nobody may read.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::stat::Mode;

use crate::support::faults::failing;
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{labelled, rrd};

const SECRET: &str = "correct-horse-battery-staple";

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A store of another user's where that is possible, and a directory `www` for the pictures that is ours alone.
fn store(more: &str) -> Store {
    let store = Store::new();
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let line = |line: &str| match line.split_once(" = ") {
        Some((key @ ("logs_user" | "logs_group"), _)) if is_root() => format!("{key} = \"daemon\"\n"),
        _ => format!("{line}\n"),
    };
    let config: String = config.lines().map(line).collect();
    let (www, syslog) = (store.path("www"), store.syslog());
    fs::write(&syslog, "").expect("a syslog");
    fs::write(store.config(), config + &format!("graphs_dir = {www:?}\nlogs_syslog = {syslog:?}\n{more}"))
        .expect("toaster.conf");
    fs::create_dir(&www).expect("mkdir");
    fs::set_permissions(&www, fs::Permissions::from_mode(0o700)).expect("chmod");
    give(&store.base());
    store
}

/// Everything there is `logs_user`'s.
fn give(path: &Path) {
    if is_root() {
        let owned = Command::new("chown").args(["-Rh", "daemon:daemon"]).arg(path).status().expect("chown");
        assert!(owned.success());
    }
}

/// Runs `maillogs graph`, which must end: what it waits for never comes.
fn graph(store: &Store, arguments: &[&str]) -> Output {
    let output =
        store.command("timeout").args(["60", MAILLOGS, "graph"]).args(arguments).output().expect("timeout");
    assert_ne!(output.status.code(), Some(124), "it hangs: {}", stderr(&output));
    output
}

fn some_mail(store: &Store) {
    let start = now() - 900;
    let log: String = (0..20).map(|n| labelled(start + n * 10, n, &format!("new msg {n}"))).collect();
    assert!(store.postprocess(log.as_bytes()).status.success());
    store.flush();
    give(&store.base());
}

/// Files below `dir` with what they hold.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.filter_map(|path| fs::read(&path).ok().map(|bytes| (path, bytes))).collect()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn what_logs_user_cannot_read_is_not_published() {
    let store = store("templates_dir = \"templates\"\n");
    some_mail(&store);
    let (secret, templates) = (store.path("secret"), store.path("log/templates"));
    fs::create_dir(&templates).expect("mkdir");
    fs::write(&secret, format!("{SECRET}\n")).expect("a secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(if is_root() { 0o600 } else { 0o000 }))
        .expect("chmod");
    let closed = store.path("closed");
    fs::create_dir(&closed).expect("mkdir");
    fs::write(closed.join("style.css"), SECRET).expect("a secret");
    fs::set_permissions(&closed, fs::Permissions::from_mode(if is_root() { 0o700 } else { 0o000 }))
        .expect("chmod");
    symlink(&secret, templates.join("index.html")).expect("symlink");
    symlink("index.html", templates.join("base.html")).expect("symlink");
    symlink(&secret, templates.join("evil.toml")).expect("symlink");
    symlink(closed.join("style.css"), templates.join("style.css")).expect("symlink");
    nix::unistd::mkfifo(&templates.join("graph.html"), Mode::S_IRWXU).expect("mkfifo");
    nix::unistd::mkfifo(&templates.join("deliveries.toml"), Mode::S_IRWXU).expect("mkfifo");
    symlink("/dev/zero", templates.join("zero.toml")).expect("symlink");
    if is_root() {
        // A file whose name another user may make, though not where links are protected.
        fs::hard_link(&secret, templates.join("hard.toml")).expect("link");
    }
    give_links(&templates);
    let output = graph(&store, &["messages", "--period", "day"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    for name in
        ["index.html", "base.html", "evil.toml", "style.css", "graph.html", "deliveries.toml", "zero.toml"]
    {
        assert!(said.contains(&format!("templates/{name}: ")), "{name}: {said}");
    }
    assert!(!said.contains(SECRET), "{said}");
    let published = files(&store.path("www"));
    for (path, bytes) in &published {
        assert!(!holds(bytes, SECRET), "{}", path.display());
        assert_eq!(
            fs::metadata(path).expect("a file").uid(),
            nix::unistd::geteuid().as_raw(),
            "{}",
            path.display()
        );
    }
    let of = |name: &str| published.iter().find(|(path, _)| path.ends_with(name)).map(|(_, bytes)| bytes);
    assert!(holds(of("messages.html").expect("a page"), "messages-day-light.png"), "the others are drawn");
    assert!(of("messages-day-light.png").expect("a picture").starts_with(b"\x89PNG"));

    // check says it before.
    let report = String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
    for name in ["index.html", "evil.toml"] {
        let line = report.lines().find(|line| line.contains("templates") && line.contains(name));
        assert!(line.is_some_and(|line| line.starts_with("WARNING")), "{name}: {report}");
    }
    assert!(!report.contains(SECRET));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("chmod");
}

/// The directory and the links are `logs_user`'s, and what they lead to is not.
fn give_links(dir: &Path) {
    if is_root() {
        let mut all: Vec<PathBuf> =
            fs::read_dir(dir).expect("a directory").map(|e| e.expect("an entry").path()).collect();
        all.retain(|path| !path.ends_with("hard.toml"));
        let owned =
            Command::new("chown").args(["-h", "daemon:daemon"]).arg(dir).args(all).status().expect("chown");
        assert!(owned.success());
    }
}

#[test]
fn a_template_directory_behind_a_link_of_logs_user_is_not_listed() {
    let store = store("templates_dir = \"templates\"\n");
    some_mail(&store);
    let closed = store.path("closed");
    fs::create_dir(&closed).expect("mkdir");
    fs::write(closed.join("secret.toml"), SECRET).expect("a secret");
    fs::set_permissions(&closed, fs::Permissions::from_mode(if is_root() { 0o700 } else { 0o000 }))
        .expect("chmod");
    symlink(&closed, store.path("log/templates")).expect("symlink");
    give_links(&store.base());
    let output = graph(&store, &["messages"]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("chmod");
    let said = stderr(&output);
    assert!(said.contains("templates_dir") && !said.contains("secret"), "{said}");
    assert!(store.path("www/messages-day-light.png").exists());
}

#[test]
fn templates_without_end_end_as_errors() {
    let store = store("templates_dir = \"templates\"\n");
    some_mail(&store);
    let templates = store.path("log/templates");
    fs::create_dir(&templates).expect("mkdir");
    let doubled = "{% set s = s ~ s %}".repeat(40);
    for (text, why) in [
        (
            "{% for a in range(90000) %}{% for b in range(90000) %}{% set c = b %}{% endfor %}{% endfor %}"
                .to_owned(),
            "steps",
        ),
        // A text of 16 TiB, in a few steps.
        (format!("{{% set s = '0123456789abcdef' %}}{doubled}{{{{ s }}}}"), "memory"),
        ("{% for a in range(90000) %}{{ '0123456789abcdef' * 1000 }}{% endfor %}".to_owned(), "MiB"),
        ("{% include 'index.html' %}".to_owned(), "recursion"),
    ] {
        fs::write(templates.join("index.html"), &text).expect("a template");
        give(&templates);
        let output = graph(&store, &["messages", "--force"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("templates/index.html: ") && said.contains(why), "{why}: {said}");
        let index = fs::read_to_string(store.path("www/index.html")).expect("a page");
        assert!(index.contains("href=\"messages.html\""), "the built-in template made it");
        assert!(store.path("www/messages.html").exists());
    }
    // One that ends is used, in both: what it is given is the same in a process of its own.
    fs::write(
        templates.join("index.html"),
        "{{ stages[0].pictures[0].plot.page }} {{ stages[0].pictures[0].plot.legend.rows[0].cells[0] }} {{ host }}",
    )
    .expect("a template");
    give(&templates);
    let output = graph(&store, &["messages", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let index = fs::read_to_string(store.path("www/index.html")).expect("a page");
    assert!(index.starts_with("messages.html 20 "), "{index}");
}

#[test]
fn an_rrd_is_opened_with_the_rights_of_logs_user() {
    let store = store("");
    some_mail(&store);
    // What root alone could read is not drawn, although root draws.
    fs::set_permissions(store.rrd(), fs::Permissions::from_mode(0o000)).expect("chmod");
    if is_root() {
        let owned = Command::new("chown").arg("0:0").arg(store.rrd()).status().expect("chown");
        assert!(owned.success());
    }
    let output = graph(&store, &["messages", "--period", "day"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("send.rrd: cannot open: Permission denied"), "{}", stderr(&output));
    assert!(!store.path("www/messages-day-light.png").exists());
    // A FIFO in its place is waited for by nobody.
    fs::remove_file(store.rrd()).expect("remove");
    nix::unistd::mkfifo(&store.rrd(), Mode::S_IRWXU).expect("mkfifo");
    give(&store.rrd());
    let output = graph(&store, &["messages", "--period", "day"]);
    assert!(stderr(&output).contains("send.rrd"), "{}", stderr(&output));
}

/// Whoever may read the RRD may hold a lock on it: no roll waits for him.
#[test]
fn a_reader_that_locks_the_rrd_delays_no_roll() {
    let store = Store::new();
    let start = now() - 7_200;
    let mut n = 0;
    let mut roll = || {
        let log: String =
            (0..5).map(|i| labelled(start + n * 600 + i * 60, i, &format!("new msg {i}"))).collect();
        n += 1;
        let begun = Instant::now();
        let output = store.postprocess(log.as_bytes());
        assert!(output.status.success(), "{}", stderr(&output));
        (begun.elapsed(), stderr(&output))
    };
    roll();
    store.flush();
    let held = rrd::lock(&store.rrd()).expect("nobody writes");
    let locked: Vec<(Duration, String)> = (0..3).map(|_| roll()).collect();
    drop(held);
    for (took, said) in &locked {
        assert!(*took < Duration::from_millis(1_900), "{took:?}: before, each took two seconds");
        assert_eq!(said.matches("holds a lock").count(), 1, "{said}");
        assert!(said.contains("the graphs wait"), "{said}");
    }
    store.flush();
    let begin = start / 60 * 60 - 60;
    let rows = rrd::fetch(&store.rrd(), 60, begin, now() / 60 * 60);
    assert_eq!(rows["message_new"].values().sum::<u128>(), 20, "no minute is lost");
    assert_eq!(store.query().text("message_new"), "20");
}

/// A process died between its push and the end of its commit, and the next one finds the RRD locked: what was pushed is
/// taken back, because its minutes wait again.
#[test]
fn a_lock_at_the_redo_of_a_push_leaves_no_minute_in_the_rrd_that_waits() {
    let store = Store::new();
    let start = now() - 7_200;
    let mut n = 0;
    let mut roll = |store: &Store| {
        let log: String =
            (0..5).map(|i| labelled(start + n * 600 + i * 60, i, &format!("new msg {i}"))).collect();
        n += 1;
        assert!(store.postprocess(log.as_bytes()).status.success());
    };
    roll(&store);
    store.flush();
    let last = || {
        let output = Command::new("rrdtool").arg("last").arg(store.rrd()).output().expect("rrdtool");
        String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().expect("a time")
    };
    roll(&store);
    // All but its last minute was pushed.
    let before = last();
    let journal = store.base().join("state/send.journal");
    let killed = failing(&store, MAILLOGS.as_ref(), "unlink,unlinkat", "signal=KILL", &[&journal])
        .args(["update", "--flush"])
        .output()
        .expect("strace");
    assert!(journal.exists() && !killed.status.success(), "{}", stderr(&killed));
    assert!(last() > before, "it has pushed");

    let held = rrd::lock(&store.rrd()).expect("nobody writes");
    roll(&store);
    assert!(!journal.exists());
    assert_eq!(last(), before, "its push is undone");
    drop(held);
    let output = store.maillogs(&["update", "--flush"]);
    assert!(output.status.success() && !stderr(&output).contains("counted again"), "{}", stderr(&output));
    let begin = start / 60 * 60 - 60;
    let rows = rrd::fetch(&store.rrd(), 60, begin, now() / 60 * 60);
    assert_eq!(rows["message_new"].values().sum::<u128>(), 15);
    assert_eq!(store.query().text("message_new"), "15");
}

/// Escape sequences, ends of lines and turned writing directions, in all that others name.
const HOSTILE: &str = "a\u{1b}]0;x\u{7}b\u{9b}31mc\u{202e}d\n!e\u{7f}f";

/// Nothing in it but what a terminal shows, and ends of lines.
fn is_harmless(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let acts = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.chars().any(acts), "{what}: {line:?}");
    }
}

#[test]
fn names_reach_no_terminal_as_they_are() {
    let store = store(
        "templates_dir = \"templates\"\n[protocol.own]\nsource = \"syslog\"\nabout = \"a\\u202eb\"\n[[counter]]\nprotocol = \"own\"\nname = \"mine\"\nmatch = 'x'\nhelp = \"c\\u202ed\"\n",
    );
    some_mail(&store);
    let templates = store.path("log/templates");
    fs::create_dir(&templates).expect("mkdir");
    fs::write(templates.join(format!("{HOSTILE}.toml")), "").expect("a template");
    fs::write(templates.join("mine.toml"), format!("title = {HOSTILE:?}\n")).expect("a template");
    // A chunk of that name that cannot be read, a directory, a name that is no UTF-8.
    let chunk = store.logs().join(format!("@400000006abaee0408386019{HOSTILE}.u"));
    symlink("/etc/passwd", &chunk).expect("symlink");
    fs::create_dir(store.path("log").join(HOSTILE)).expect("mkdir");
    let raw = std::ffi::OsStr::from_bytes(b"@400000006abaee0408386020\xff\x1b[2J.u");
    symlink("nowhere", store.logs().join(raw)).expect("symlink");
    let counters = store.path("log/counters/send.txt");
    let text = fs::read_to_string(&counters).expect("the counter file");
    fs::write(&counters, format!("{text}rubbish \u{1b}[31m{}\n", "\u{202e}")).expect("the counter file");
    give(&templates);
    for arguments in [
        &["update"][..],
        &["send"],
        &["graph", "messages"],
        &["graph", HOSTILE],
        &["show", "messages", "--color", "never"],
        &["show", HOSTILE],
        &["check"],
        &["check", "--format", "json"],
        &["config"],
        &["--help"],
        &["own", "--help"],
        &[HOSTILE],
        &["update", HOSTILE],
        &["graph", "--period", HOSTILE],
        &["--config", HOSTILE, "send"],
        &["-o", HOSTILE],
    ] {
        let output = store.maillogs(arguments);
        is_harmless(&format!("stderr of {arguments:?}"), &output.stderr);
        is_harmless(&format!("stdout of {arguments:?}"), &output.stdout);
        for line in stderr(&output).lines() {
            assert!(!line.starts_with('!'), "a line that others wrote: {line:?}");
        }
    }
    // It is told all the same, and TOML and JSON are what they were.
    assert!(stderr(&store.maillogs(&[HOSTILE])).contains("a\\x1b]0;x\\x07b\\u{9b}31mc\\u{202e}d\\n!e\\x7ff"));
    let config: toml::Table = store.run(&["config"]).parse().expect("TOML");
    assert_eq!(config["protocol"]["own"]["about"].as_str(), Some("a\u{202e}b"));
    let json = store.maillogs(&["check", "--format", "json"]).stdout;
    serde_json::from_slice::<serde_json::Value>(&json).expect("JSON");
}

/// A piece of a line that waits for its rest stands in a file that only logs_user reads; who may not counts the line
/// later, and never goes back.
#[test]
fn one_who_may_not_read_a_piece_never_falls_behind() {
    let store = store("");
    let start = now() - 900;
    let lines: Vec<String> = (0..20)
        .map(|n| {
            labelled(start + n, n, &format!("delivery {n}: deferral: (pass: '{SECRET}') alice@example.org/"))
        })
        .collect();
    let log = lines.concat();
    let cut = lines[..12].concat().len() + lines[12].find("') alice").expect("a password");
    let second = lines[..16].concat().len() + 40;
    let chunk = |from: usize, to: usize| {
        assert!(store.postprocess(&log.as_bytes()[from..to]).status.success());
        give(&store.base());
    };
    let asked = |expected: &[&str]| {
        let held = store.path("log/state/send.held");
        let is_there = held.exists();
        if is_there {
            let mode = fs::metadata(&held).expect("the piece").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let mut command = if is_root() {
            let copy = store.path("bin/maillogs");
            fs::copy(MAILLOGS, &copy).expect("a copy");
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
            let mut command = store.command("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
            command
        } else {
            if is_there {
                fs::set_permissions(&held, fs::Permissions::from_mode(0o000)).expect("chmod");
            }
            store.command(MAILLOGS)
        };
        let output = command.arg("send").stdin(Stdio::null()).output().expect("the query");
        if is_there {
            fs::set_permissions(&held, fs::Permissions::from_mode(0o600)).expect("chmod");
        }
        assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
        let told = Answer::parse(&String::from_utf8_lossy(&output.stdout));
        assert!(expected.contains(&told.text("delivery_deferral")), "{told:?} instead of {expected:?}");
        told.text("delivery_deferral").to_owned()
    };
    chunk(0, cut);
    assert_eq!(asked(&["12"]), "12");
    let state = fs::read(store.path("log/state/send.state")).expect("the state");
    assert!(
        !holds(&state, SECRET)
            && holds(&fs::read(store.path("log/state/send.held")).expect("pieces"), SECRET)
    );
    // The rest, in `current`: the line that was begun is counted by who has its beginning, and the others by all.
    fs::write(store.logs().join("current"), &log.as_bytes()[cut..second]).expect("current");
    give(&store.base());
    assert_eq!(asked(&["15"]), "15");
    assert_eq!(store.query().text("delivery_deferral"), "16");
    fs::remove_file(store.logs().join("current")).expect("remove");
    chunk(cut, second);
    assert_eq!(asked(&["16"]), "16");
    chunk(second, log.len());
    assert_eq!(asked(&["20"]), "20");
    assert!(!store.path("log/state/send.held").exists());
}

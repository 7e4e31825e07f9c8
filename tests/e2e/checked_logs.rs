//! What `maillogs check` says of the lines in the logs, and of the rights of who asks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::labelled;
use crate::support::store::Store;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The lines of the report that begin with `level` and hold all of `words`.
fn found(store: &Store, level: &str, words: &[&str]) -> Vec<String> {
    let output = store.maillogs(&["check"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let is_wanted = |line: &&str| line.starts_with(level) && words.iter().all(|word| line.contains(word));
    let found: Vec<String> = text.lines().filter(is_wanted).map(str::to_owned).collect();
    let worst = text.lines().any(|line| line.starts_with("WARNING") || line.starts_with("ERROR"));
    assert_eq!(output.status.code(), Some(i32::from(worst)), "{text}");
    found
}

fn finds(store: &Store, level: &str, words: &[&str]) {
    assert_eq!(found(store, level, words).len(), 1, "{level} {words:?}:\n{}", report(store));
}

fn finds_none(store: &Store, level: &str, words: &[&str]) {
    assert_eq!(found(store, level, words), [""; 0], "{}", report(store));
}

fn report(store: &Store) -> String {
    String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8")
}

fn own_log(config: &str) -> Store {
    let store = Store::with(&format!(
        "logs_syslog = []\n{config}\n[protocol.gate]\nsource = \"multilog:gate\"\n[[counter]]\nprotocol = \"gate\"\nname = \"shut\"\nmatch = \"shut\"\n"
    ));
    fs::create_dir(store.base().join("gate")).expect("mkdir");
    store
}

/// Lines of send with these times.
fn sent(times: impl Iterator<Item = u64>) -> String {
    times.map(|secs| labelled(secs, 7, "new msg 5")).collect()
}

#[test]
fn a_program_of_which_no_line_is_understood() {
    let store = Store::with_syslog();
    let lines = |from: u32, tag: &str, text: &str| -> String {
        (from..from + 9).map(|n| format!("Sep 28 22:45:0{} mx1 {tag}[7]: {text}\n", n % 10)).collect()
    };
    let dovecot = lines(
        0,
        "dovecot",
        "imap-login: Login: user=<a@example.org>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=7, TLS",
    );
    fs::write(store.syslog(), &dovecot).expect("syslog");
    store.run(&["update"]);
    finds_none(&store, "WARNING", &["imap", "lines"]);
    // Beside one that is understood.
    let imapd = lines(0, "imapd", "BEGIN-OF-SESSION a@example.org");
    fs::write(store.syslog(), dovecot + &imapd).expect("syslog");
    finds(
        &store,
        "WARNING",
        &["imap ", "lines", "none of its newest 9 lines of imapd was understood", "maillog"],
    );
    finds_none(&store, "WARNING", &["smtp ", "lines"]);
}

#[test]
fn few_lines_that_are_not_understood_are_a_note() {
    let store = Store::with_syslog();
    let line = |n: u32| format!("Sep 28 22:45:0{n} mx1 imapd[7]: BEGIN-OF-SESSION a@example.org\n");
    fs::write(store.syslog(), (0..4).map(line).collect::<String>()).expect("syslog");
    store.run(&["update"]);
    finds(&store, "note", &["imap ", "lines", "none of its newest 4 lines of imapd"]);
    fs::write(store.syslog(), (0..5).map(line).collect::<String>()).expect("syslog");
    finds(&store, "WARNING", &["imap ", "lines", "none of its newest 5 lines of imapd"]);
}

#[test]
fn a_protocol_whose_source_grows_and_whose_counters_do_not() {
    let store = own_log("");
    let current = store.base().join("gate/current");
    let begin = now() - 100;
    let lines = |text: &str, from: u64| -> String { (0..30).map(|n| labelled(from + n, 7, text)).collect() };
    fs::write(&current, lines("open", begin)).expect("current");
    store.run(&["update"]);
    finds(&store, "WARNING", &["gate ", "100.0 % of 30 lines were not understood", "[[counter]]"]);
    fs::write(&current, lines("open", begin) + &lines("shut", begin + 50)).expect("current");
    store.run(&["update"]);
    finds_none(&store, "WARNING", &["gate "]);
}

#[test]
fn a_protocol_that_fell_asleep() {
    let store = Store::with("logs_syslog = []");
    let pop3 = store.base().join("pop3");
    fs::create_dir(&pop3).expect("mkdir");
    let line = |secs: u64, text: &str| labelled(secs, 7, &format!("pop3d: {text}, ip=[::ffff:192.0.2.7]"));
    let then = now() - 3 * DAY;
    let mut log: String = (0..30).map(|n| line(then + n, "LOGIN, user=a@example.org")).collect();
    fs::write(pop3.join("current"), &log).expect("current");
    store.run(&["update"]);
    let before = store.run(&["pop3"]);
    assert!(before.contains("pop3_success:30:"), "{before}");
    // It is known, and counts nothing.
    log += &(0..30).map(|n| line(now() - 100 + n, "LOGOUT, user=a@example.org")).collect::<String>();
    fs::write(pop3.join("current"), &log).expect("current");
    store.run(&["update"]);
    assert_eq!(store.run(&["pop3"]), before);
    finds(
        &store,
        "WARNING",
        &["pop3 ", "silent", "its source grows", "none of its counters has moved for 2 days"],
    );
}

#[test]
fn a_tag_of_ones_own_that_never_counts() {
    let counter = "[protocol.gate]\nsource = \"syslog\"\n[[counter]]\nprotocol = \"gate\"\nname = \"shut\"\nmatch = \"shut\"\ntag = \"gated\"\n";
    let store = Store::with_syslog();
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), config + counter).expect("toaster.conf");
    let line = |text: &str| format!("Sep 28 22:45:03 mx1 gated[7]: {text}\n");
    fs::write(store.syslog(), line("open").repeat(6)).expect("syslog");
    store.run(&["update"]);
    finds(&store, "WARNING", &["gate ", "none of its newest 6 lines of gated was understood", "[[counter]]"]);
    // What it looks for may be rare.
    fs::write(store.syslog(), line("open").repeat(6) + &line("shut") + &line("open").repeat(6))
        .expect("syslog");
    store.run(&["update"]);
    finds_none(&store, "WARNING", &["gate "]);
}

#[test]
fn lines_from_the_future() {
    let (store, now) = (Store::with_syslog(), now());
    let log = sent(now - 9..now) + &sent(now + 2 * HOUR..now + 2 * HOUR + 3);
    fs::write(store.logs().join("current"), log).expect("current");
    finds(
        &store,
        "WARNING",
        &["send ", "stamps", "log/send: 3 of the newest 12 lines are stamped later than now"],
    );
    // Of a syslog it is said once, though several protocols read it; and whose clock it is.
    fs::write(
        store.syslog(),
        "2199-01-01T00:00:00Z mx7 vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n",
    )
    .expect("syslog");
    finds(
        &store,
        "WARNING",
        &["stamps", "maillog: 1 of the newest 1 lines", "2199-01-01 00:00:00", "the clock of mx7"],
    );
    // A clock that differs by some seconds.
    let store = Store::with_syslog();
    fs::write(store.logs().join("current"), sent(now..now + 20)).expect("current");
    finds_none(&store, "WARNING", &["stamps"]);
}

#[test]
fn a_service_that_is_down_for_longer_than_usual() {
    let store = Store::with("logs_syslog = []");
    let end = now() - 8 * HOUR;
    // A line every ten minutes for five days, in chunks of a day, and a pause of one hour in the oldest.
    for day in (1..=5).rev() {
        let from = end - day * DAY;
        let name = labelled(from + DAY, 9, "").replace(" \n", ".s");
        let is_pause = |secs: &u64| day == 5 && (from + 2 * HOUR..from + 3 * HOUR).contains(secs);
        fs::write(
            store.logs().join(name),
            sent((from..from + DAY).step_by(600).filter(|secs| !is_pause(secs))),
        )
        .expect("a chunk");
    }
    fs::write(store.logs().join("current"), sent(std::iter::once(end))).expect("current");
    store.run(&["update"]);
    finds(
        &store,
        "WARNING",
        &[
            "send ",
            "source",
            "last line 8 h ago",
            "its longest pause in 5 days was 70 min",
            "is its service down",
        ],
    );
    // The same pause where every night is as long.
    let store = Store::with("logs_syslog = []");
    let nightly = (1..=5).rev().flat_map(|day| (0..17).map(move |hour| end - day * DAY + hour * HOUR));
    fs::write(store.logs().join("current"), sent(nightly.chain([end]))).expect("current");
    store.run(&["update"]);
    finds(&store, "ok", &["send ", "source", "last line 8 h ago"]);
    finds_none(&store, "WARNING", &["source"]);
    // Where little is known, nothing is said.
    let store = Store::with("logs_syslog = []");
    fs::write(store.logs().join("current"), sent(now() - 40 * DAY - 60..now() - 40 * DAY - 40))
        .expect("current");
    store.run(&["update"]);
    finds(&store, "note", &["send ", "source", "last line 40 days ago"]);
}

#[test]
fn a_service_that_is_down_where_the_logger_keeps_nothing() {
    for (apart, ago, level) in [(1, 3, "WARNING"), (3, 3, "note"), (3, 5, "WARNING")] {
        let (store, now) = (Store::with("logs_syslog = []\nlogs_taifiles = 0"), now());
        for n in (0..5).rev() {
            let output = store.postprocess(sent(std::iter::once(now - (ago + n * apart) * DAY)).as_bytes());
            assert!(output.status.success() && output.stdout.is_empty());
        }
        assert_eq!(store.chunk_names().len(), 0);
        finds(&store, level, &["send ", "source", &format!("last line {ago} days ago")]);
    }
}

#[test]
fn multilog_without_t() {
    let store = Store::with("logs_syslog = []");
    let current = store.logs().join("current");
    for lines in ["new msg 5\n", "new msg 5\nend msg 5\n"] {
        fs::write(&current, lines).expect("current");
        store.run(&["update"]);
        finds(&store, "WARNING", &["send ", "stamps", "no time stamps", "log/run", "multilog t n288"]);
    }
    // t was taken out, or put in.
    fs::write(&current, sent(now() - 9..now()) + "new msg 6\n").expect("current");
    finds(&store, "WARNING", &["send ", "stamps", "no time stamps"]);
    fs::write(&current, "new msg 6\nnew msg 7\n".to_owned() + &sent(now() - 9..now())).expect("current");
    finds_none(&store, "WARNING", &["stamps"]);
    // The rest of a line that was cut by the end of the chunk before.
    fs::write(&current, "sg 6\n").expect("current");
    let chunk = format!("{}.s", labelled(now(), 9, "").trim_end());
    fs::write(store.logs().join(chunk), sent(now() - 9..now()) + "@40000000").expect("a chunk");
    finds_none(&store, "WARNING", &["stamps"]);
}

#[test]
fn a_directory_that_agents_may_not_use() {
    let store = Store::with("logs_syslog = []");
    fs::write(store.logs().join("current"), sent(now() - 9..now())).expect("current");
    store.run(&["update"]);
    finds(&store, "ok", &["rights", "queries"]);
    for (below, then) in [
        ("log", "gets no answer"),
        ("log/state", "gets no answer"),
        ("log/send", "only the numbers of the last commit"),
    ] {
        let path = store.path(below);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).expect("chmod");
        // A warning where the agent's user is known, else a note.
        let name = format!("{}: with mode 0750", path.display());
        finds(&store, "", &["rights", &name, then, "chmod o+"]);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    fs::set_permissions(store.path(""), fs::Permissions::from_mode(0o750)).expect("chmod");
    let above = store.path("").display().to_string();
    finds(
        &store,
        "",
        &["rights", &format!("{}: with mode 0750", above.trim_end_matches('/')), "gets no answer"],
    );
    fs::set_permissions(store.path(""), fs::Permissions::from_mode(0o755)).expect("chmod");
    fs::set_permissions(store.config(), fs::Permissions::from_mode(0o600)).expect("chmod");
    finds(&store, "", &["rights", "toaster.conf: with mode 0600", "gets no answer", "chmod o+r"]);
}

#[test]
fn a_log_that_is_named_twice_is_counted_once_and_said() {
    let store = Store::new();
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let name = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| store.path(name)).collect();
        fs::write(store.config(), format!("logs_syslog = {paths:?}\n{config}")).expect("toaster.conf");
    };
    let line = |n: u64| {
        format!(
            "Sep 28 22:45:0{n} mx1 imapd[7]: LOGIN, user=a{n}@example.org, ip=[192.0.2.7], port=[{n}], protocol=IMAP\n"
        )
    };
    fs::write(store.syslog(), (0..4).map(line).collect::<String>()).expect("syslog");
    fs::hard_link(store.syslog(), store.path("hard")).expect("a hard link");
    fs::write(store.path("maillog.1"), (5..7).map(line).collect::<String>()).expect("a rotation");
    name(&["maillog", "hard", "maillog.1"]);
    let before = store.run(&["imap"]);
    name(&["maillog"]);
    assert_eq!(store.run(&["imap"]), before);
    assert!(before.contains("imap_success:4:"), "{before}");
    name(&["maillog", "hard", "maillog.1"]);
    let said = |twin: &str| format!("{}:", store.path(twin).display());
    finds(&store, "note", &["source", &said("hard"), "its lines count once"]);
    // Only its name and its times say what it is.
    finds(&store, "WARNING", &["source", &said("maillog.1"), "is not read", "if it is a log of its own"]);
    finds_none(&store, "note", &["source", "maillog: is the same file"]);
}

/// The log that was named until now cannot be read: what is named now waits for an hour.
#[test]
fn a_log_that_is_named_no_more_and_cannot_be_read() {
    let store = Store::with_syslog();
    let line =
        "Sep 28 22:45:01 mx1 imapd[7]: LOGIN, user=a@example.org, ip=[192.0.2.7], port=[1], protocol=IMAP\n";
    fs::write(store.syslog(), line.repeat(4)).expect("syslog");
    store.run(&["update"]);
    fs::remove_file(store.syslog()).expect("removing it");
    fs::create_dir(store.syslog()).expect("a directory in its place");
    fs::write(store.path("new"), line).expect("another log");
    let config = fs::read_to_string(store.config()).expect("toaster.conf").replace("maillog\"", "new\"");
    fs::write(store.config(), config).expect("toaster.conf");
    let words = ["source", "maillog: cannot open", "toaster.conf does not name it any more", "wait until"];
    finds(&store, "ERROR", &words);
}

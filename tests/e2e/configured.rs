//! A toaster.conf that is not whole at one run, and two of them on one store: a chunk is never counted into another
//! store, and no RRD is begun anew for it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::faults::failing;
use crate::support::store::{MAILLOGS, Store, assert_same_bytes, stderr};
use crate::support::{count, labelled, rrd, traffic};

/// `sendlog` has kept its hands off the chunk, and says why.
fn assert_refused(store: &Store, output: &Output, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(111), "{said}");
    assert!(output.stdout.is_empty(), "nothing is passed through");
    assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
    assert!(store.archived().is_empty(), "nothing is archived");
}

fn text(store: &Store) -> String {
    fs::read_to_string(store.config()).expect("toaster.conf")
}

/// How toaster.conf is at one run, with words of what is said of it.
type Spoilt = (&'static str, fn(&Store), &'static [&'static str]);

#[test]
fn what_cannot_be_read_whole_is_not_the_defaults() {
    let cut = |store: &Store, at: usize| fs::write(store.config(), &text(store)[..at]).expect("toaster.conf");
    let cases: [Spoilt; 9] = [
        ("gone", |s| fs::remove_file(s.config()).expect("rm"), &["cannot read", "No such file"]),
        ("empty", |s| fs::write(s.config(), "").expect("write"), &["it is empty"]),
        ("a newline", |s| fs::write(s.config(), "\n").expect("write"), &["it is empty"]),
        ("zeros", |s| fs::write(s.config(), [0; 512]).expect("write"), &["it is empty"]),
        (
            "zeros at the end",
            |s| fs::write(s.config(), text(s) + "\0\0\0").expect("write"),
            &["holds NUL bytes"],
        ),
        (
            "another thing in its place",
            |s| {
                fs::remove_file(s.config()).expect("rm");
                fs::create_dir(s.config()).expect("mkdir");
            },
            &["cannot read", "directory"],
        ),
        (
            "a link to nothing",
            |s| {
                fs::remove_file(s.config()).expect("rm");
                symlink("nothing", s.config()).expect("symlink");
            },
            &["cannot read"],
        ),
        (
            "a wrong value",
            |s| fs::write(s.config(), text(s) + "rrd_step = 7\n").expect("write"),
            &["rrd_step"],
        ),
        (
            "a misspelt key",
            |s| fs::write(s.config(), text(s).replace("logs_base", "logs_bse")).expect("write"),
            &["did you mean logs_base?"],
        ),
    ];
    let log = traffic(501, 0.01, 1.0);
    for (name, spoil, words) in cases {
        println!("{name}");
        let store = Store::new();
        let whole = text(&store);
        spoil(&store);
        let begun = Instant::now();
        let output = store.postprocess(&log);
        assert!(begun.elapsed() >= Duration::from_secs(1), "svlogd would try again at once");
        assert_refused(&store, &output, words);
        assert!(stderr(&output).contains(&store.config().display().to_string()), "{}", stderr(&output));
        for words in [&["send"][..], &["update"], &["graph"], &["show"]] {
            let output = store.maillogs(words);
            assert_eq!(output.status.code(), Some(1), "{words:?}: {}", stderr(&output));
            assert!(output.stdout.is_empty(), "{words:?}: no number that nobody knows");
        }
        // It goes on to tell what is wrong.
        let output = store.maillogs(&["check"]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("ERROR"), "{output:?}");
        let _ = fs::remove_dir(store.config()).or_else(|_| fs::remove_file(store.config()));
        fs::write(store.config(), &whole).expect("toaster.conf");
        let output = store.postprocess(&log);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_same_bytes("passed through", &output.stdout, &log);
        assert_same_bytes("the archive", &store.archived(), &log);
        store.query().assert_counts(&count::count(&log));
    }
    // Cut within a value, and within a key.
    for at in [20, 4] {
        let store = Store::new();
        cut(&store, at);
        assert_refused(&store, &store.postprocess(&log), &["toaster.conf: line 1: "]);
    }
}

#[test]
fn a_system_that_fails_for_a_moment_is_not_the_defaults() {
    let log = traffic(502, 0.01, 1.0);
    let store = Store::new();
    for error in ["EIO", "EMFILE", "ESTALE", "EACCES", "ENOENT", "ENOMEM"] {
        let (config, fault) = (store.config(), format!("error={error}"));
        let output =
            store.postprocess_by(&mut failing(&store, &store.sendlog(), "openat", &fault, &[&config]), &log);
        assert_refused(&store, &output, &["toaster.conf: cannot read: "]);
        let output = failing(&store, MAILLOGS.as_ref(), "openat", &fault, &[&config]).arg("send").output();
        let output = output.expect("strace");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", stderr(&output));
    }
    let output = store.postprocess(&log);
    assert!(output.status.success(), "{}", stderr(&output));
    store.query().assert_counts(&count::count(&log));
    assert_same_bytes("the archive", &store.archived(), &log);
}

/// The program where a user without rights may start it.
fn as_nobody(store: &Store, name: &str) -> Command {
    let program = store.path("bin").join(name);
    let _ = fs::remove_file(&program);
    fs::copy(MAILLOGS, &program).expect("a copy");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    if !nix::unistd::geteuid().is_root() {
        return store.command(program);
    }
    let mut command = store.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

/// As after an edit by root, whose editor has made it for root alone.
#[test]
fn a_processor_that_may_not_read_it_names_its_mode() {
    let (store, log) = (Store::new(), traffic(503, 0.01, 1.0));
    let mode = if nix::unistd::geteuid().is_root() { 0o600 } else { 0 };
    fs::set_permissions(store.config(), fs::Permissions::from_mode(mode)).expect("chmod");
    let output = store.postprocess_by(&mut as_nobody(&store, "sendlog"), &log);
    let path = store.config().display().to_string();
    assert_refused(&store, &output, &[&path, &format!("mode {mode:04o}"), "Permission denied", "chmod"]);
}

/// Root's check tells it before the logger does.
#[test]
fn check_says_that_the_loggers_may_not_read_it() {
    if !nix::unistd::geteuid().is_root() {
        return; // then nobody else reads it for us
    }
    let store = Store::new();
    let text = text(&store).replace("\"root\"", "\"daemon\"");
    fs::write(store.config(), text).expect("toaster.conf");
    assert!(
        Command::new("chown")
            .arg("-R")
            .arg("daemon:daemon")
            .arg(store.base())
            .status()
            .expect("chown")
            .success()
    );
    let told = || String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
    assert!(!told().contains("cannot be read by user"), "{}", told());
    fs::set_permissions(store.config(), fs::Permissions::from_mode(0o600)).expect("chmod");
    let found = told();
    let line = found.lines().find(|line| line.contains("cannot be read by user")).expect("what is wrong");
    assert!(
        line.starts_with("ERROR") && line.contains("toaster.conf") && line.contains("chmod 0644"),
        "{line}"
    );
}

#[test]
fn the_words_of_a_processor_may_name_a_configuration() {
    let (store, log) = (Store::new(), traffic(504, 0.01, 1.0));
    let real = store.path("real.conf");
    fs::rename(store.config(), &real).expect("rename");
    fs::write(store.config(), format!("logs_base = {:?}\n", store.path("wrong"))).expect("toaster.conf");
    for words in [&["--conf", "x"][..], &["--config"], &["-c", "x"], &["--cnofig=x"]] {
        let output = store.postprocess_by(store.command(store.sendlog()).args(words), &log);
        assert_refused(&store, &output, &[words[0].split('=').next().expect("a word")]);
    }
    // What cannot be one is left out, and the one that is named holds.
    let mut command = store.command(store.sendlog());
    let output = store.postprocess_by(command.arg("--config").arg(&real).arg("--whatever"), &log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same_bytes("the archive", &store.archived(), &log);
    assert!(!store.path("wrong").exists());
}

/// That there is such a protocol is known from toaster.conf alone.
#[test]
fn a_protocol_of_its_own_under_a_configuration_that_cannot_be_read() {
    let own = "[protocol.ftp]\nsource = \"multilog:ftp\"\n[[counter]]\nprotocol = \"ftp\"\nname = \"x\"\nmatch = 'x'\n";
    let (store, log) = (Store::with(own), b"x\n".repeat(10));
    let link = store.path("bin/ftplog");
    symlink(MAILLOGS, &link).expect("symlink");
    let whole = text(&store);
    fs::write(store.config(), "").expect("toaster.conf");
    for output in [
        store.postprocess_by(&mut store.command(&link), &log),
        store.postprocess_by(store.command(MAILLOGS).arg("ftplog"), &log),
    ] {
        assert_refused(&store, &output, &["it is empty"]);
    }
    let output = store.maillogs(&["ftp"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", stderr(&output));
    assert!(store.maillogs(&["--help"]).status.success());
    fs::write(store.config(), whole).expect("toaster.conf");
    let output = store.postprocess_by(&mut store.command(&link), &log);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(store.run(&["ftp"]), "x:10\n");
}

/// A configuration that is well and names another store, because its file was found at another place, or has lost a
/// line: the log directory belongs to the store that knows it.
#[test]
fn a_log_directory_is_counted_in_its_own_store() {
    let (store, log) = (Store::new(), traffic(505, 0.02, 1.0));
    let half = log[..log.len() / 2].iter().rposition(|b| *b == b'\n').expect("lines");
    let (first, second) = log.split_at(half + 1);
    let (first, second) = (first.to_vec(), second.to_vec());
    assert!(store.postprocess(&first).status.success());
    let whole = text(&store);
    let other = store.path("other");
    fs::create_dir(&other).expect("mkdir");
    let moved = whole.replace(&format!("{:?}", store.base()), &format!("{other:?}"));
    for more in ["", &format!("logs_send_dirs = [{:?}]\n", store.logs())] {
        fs::write(store.config(), format!("{moved}{more}")).expect("toaster.conf");
        let output = store.postprocess(&second);
        assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
        assert!(output.stdout.is_empty() && fs::read_dir(&other).expect("ls").next().is_none());
        let said = stderr(&output);
        let names = [store.base(), other.clone()].map(|path| said.contains(&path.display().to_string()));
        assert_eq!(names, [true, true], "{said}");
    }
    fs::write(store.config(), whole).expect("toaster.conf");
    assert!(store.postprocess(&second).status.success());
    store.query().assert_counts(&count::count(&log));

    // The store was left on purpose.
    fs::write(store.config(), moved).expect("toaster.conf");
    fs::rename(store.base().join("state"), store.path("old-state")).expect("rename");
    let output = store.postprocess(&first);
    assert!(output.status.success(), "{}", stderr(&output));
    store.query().assert_counts(&count::count(&first));
}

fn olds(store: &Store) -> usize {
    let names =
        fs::read_dir(store.base().join("rrd")).expect("rrd").map(|e| e.expect("an entry").file_name());
    names.filter(|name| name.to_string_lossy().starts_with("send.rrd.")).count()
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Ten messages, one a minute, of a time that lies less than two hours ago.
fn minutes(turn: u64) -> Vec<u8> {
    let begin = now() - 7200 + turn * 600;
    (0..10)
        .map(|n| labelled(begin + n * 60, turn * 100 + n, &format!("new msg {n}")))
        .collect::<String>()
        .into()
}

fn in_rrd(store: &Store) -> u128 {
    let end = now() / 60 * 60;
    rrd::fetch(&store.rrd(), 60, end - 9000, end)[rrd::source_of("message_new")].values().sum()
}

/// With an error of whatever kind in it, no RRD is set aside.
#[test]
fn another_step_waits_until_the_configuration_is_in_order() {
    let store = Store::new();
    assert!(store.postprocess(&minutes(0)).status.success());
    store.flush();
    let whole = text(&store);
    fs::write(store.config(), format!("{whole}rrd_step = 300\ncounter_bits = 16\n")).expect("toaster.conf");
    for turn in 1..4 {
        let output = store.postprocess(&minutes(turn));
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(olds(&store), 0);
    fs::write(store.config(), &whole).expect("toaster.conf");
    // A bin of 300 s may begin before the RRD's last minute: it waits for the next push.
    store.flush();
    store.flush();
    assert_eq!((olds(&store), store.query().text("message_new")), (0, "40"));
    assert_eq!(in_rrd(&store), 40);
    // Where it is meant it is done, once.
    fs::write(store.config(), format!("{whole}rrd_step = 300\n")).expect("toaster.conf");
    assert!(store.postprocess(&minutes(4)).status.success());
    store.flush();
    store.flush();
    assert_eq!((olds(&store), store.query().text("message_new")), (1, "50"));
}

const THREE: &str = "[[counter]]\nprotocol = \"send\"\nname = \"three\"\nmatch = \"msg 3\"\n";

#[test]
fn two_configurations_do_not_take_turns_on_one_store() {
    for (more, words) in [
        (THREE, &["only here there are the counters three"][..]),
        ("rrd_step = 300\n", &["rrd_step is 300 here and 60 there"]),
        (
            "logs_counters = \"elsewhere\"\n",
            &["the counter file is elsewhere/send.txt here and counters/send.txt there"],
        ),
        ("rrd_dir = \"elsewhere\"\n", &["the RRD is elsewhere/send.rrd here and rrd/send.rrd there"]),
    ] {
        println!("{more}");
        let store = Store::new();
        let cron = store.path("cron.conf");
        let sorted = |more: &str| format!("{}{more}", text(&store));
        fs::write(&cron, sorted(more)).expect("cron.conf");
        let named = cron.display().to_string();
        for turn in 0..4 {
            let output = store.postprocess(&minutes(turn));
            assert!(output.status.success(), "{}", stderr(&output));
            store.flush();
            let output = store.maillogs(&["--config", &named, "update", "--flush"]);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{said}");
            let config = store.config().display().to_string();
            assert!(
                [&named[..], &config].iter().chain(words).all(|word| said.contains(word)),
                "{words:?} in {said}"
            );
        }
        assert_eq!(olds(&store), 0, "{more}");
        assert_eq!(store.query().text("message_new"), "40");
        assert_eq!(in_rrd(&store), 40);
        // It changes nothing, so it answers.
        let output = store.maillogs(&["--config", &named, "send"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let answer = String::from_utf8(output.stdout.clone()).expect("UTF-8");
        assert!(answer.contains("message_new:40") && stderr(&output).contains(words[0]), "{output:?}");
        // It draws what there is.
        let drawn = store.path("drawn");
        let output = store.maillogs(&[
            "--config",
            &named,
            "graph",
            "--period",
            "day",
            "-o",
            &drawn.display().to_string(),
        ]);
        if !more.starts_with("rrd_") {
            assert!(output.status.success(), "{}", stderr(&output));
        }
        assert!(drawn.join("messages-day-light.png").exists() || more.starts_with("rrd_"));
        assert!(stderr(&output).contains("drawing what was counted before"), "{}", stderr(&output));
        assert_eq!(olds(&store), 0);
        // A logger under the other one keeps its chunk.
        let mut other = store.command(store.sendlog());
        let output = store.postprocess_by(other.arg("--config").arg(&cron), &minutes(4));
        assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
        let found = store.maillogs(&["--config", &named, "check"]);
        let found = String::from_utf8(found.stdout).expect("UTF-8");
        let said = found.lines().any(|l| l.starts_with("ERROR") && l.contains(words[0]));
        assert!(said, "{found}");
        fs::remove_file(store.logs().join("previous")).expect("previous");
        // The way out: one of them goes, and the form is that of the other.
        fs::remove_file(store.config()).expect("toaster.conf");
        let output = store.maillogs(&["--config", &named, "update", "--flush"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_configuration_that_was_edited_moved_or_linked_is_the_same() {
    let store = Store::new();
    assert!(store.postprocess(&minutes(0)).status.success());
    // Edited.
    let whole = text(&store);
    fs::write(store.config(), format!("{whole}{THREE}")).expect("toaster.conf");
    store.flush();
    assert_eq!(store.query().text("three"), "0");
    // By another name.
    let link = store.path("link.conf");
    symlink(store.config(), &link).expect("symlink");
    let link = link.display().to_string();
    assert_eq!(store.run(&["--config", &link, "update"]), "");
    // Another file of the same form takes turns with it as often as it likes.
    let copy = store.path("copy.conf");
    fs::copy(store.config(), &copy).expect("a copy");
    let copy = copy.display().to_string();
    for _ in 0..2 {
        fs::write(store.logs().join("current"), minutes(1)).expect("current");
        store.run(&["--config", &copy, "update", "--flush"]);
        store.flush();
    }
    // One that means another store by now is in nobody's way.
    fs::write(
        store.config(),
        whole.replace(&format!("{:?}", store.base()), &format!("{:?}", store.path("new"))),
    )
    .expect("toaster.conf");
    fs::write(&copy, format!("{whole}rrd_step = 300\n")).expect("copy.conf");
    let output = store.maillogs(&["--config", &copy, "update"]);
    assert!(output.status.success(), "{}", stderr(&output));
    // Moved.
    let moved = store.path("moved.conf");
    fs::rename(&copy, &moved).expect("rename");
    fs::write(&moved, format!("{whole}{THREE}")).expect("moved.conf");
    let output = store.maillogs(&["--config", &moved.display().to_string(), "update"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// The other file stands, and may mean this store: it is not enough that we may not read it.
#[test]
fn another_configuration_that_cannot_be_read_is_in_the_way() {
    let store = Store::new();
    let cron = store.path("cron.conf");
    fs::write(&cron, format!("{}{THREE}", text(&store))).expect("cron.conf");
    fs::write(store.logs().join("current"), minutes(0)).expect("current");
    store.run(&["--config", &cron.display().to_string(), "update"]);
    fs::write(&cron, "logs_base = [\n").expect("cron.conf");
    let output = store.postprocess(&minutes(1));
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cron.conf, which wanted it in another form and cannot be read now (line 1"),
        "{output:?}"
    );
    fs::remove_file(cron).expect("cron.conf");
    assert!(store.postprocess(&minutes(1)).status.success());
}

/// A disk that is full cuts anywhere; where it can be told from an edit, it is.
#[test]
fn a_configuration_that_was_cut_off_drops_no_counter() {
    let more = format!("logs_archive_days = 300\n# a comment of some length\n{THREE}");
    let store = Store::with(&more);
    assert!(store.postprocess(&minutes(0)).status.success());
    store.flush();
    let whole = text(&store);
    for (from, said) in [(" of some length", "counters three"), ("00\n#", "counters three")] {
        let at = whole.find(from).expect("a place");
        fs::write(store.config(), &whole[..at]).expect("toaster.conf");
        let output = store.postprocess(&minutes(1));
        assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("ends without a newline") && stderr(&output).contains(said),
            "{output:?}"
        );
    }
    assert_eq!(olds(&store), 0);
    // A file that has always ended so, and one that is whole again.
    fs::write(store.config(), whole.trim_end()).expect("toaster.conf");
    let output = store.postprocess(&minutes(1));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!((store.query().text("three"), store.query().text("message_new")), ("2", "20"));
}

#[test]
fn the_path_of_a_configuration_may_be_relative() {
    let store = Store::new();
    let output =
        store.command(MAILLOGS).env("TOASTER_CONF", "toaster.conf").arg("update").output().expect("maillogs");
    assert!(output.status.success(), "{}", stderr(&output));
    let gone = Path::new("gone.conf");
    let output = store.command(MAILLOGS).arg("--config").arg(gone).arg("update").output().expect("maillogs");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

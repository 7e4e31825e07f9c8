//! The command line's words: what is not known, what is wrong, and what is said of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output};

use crate::support::store::{MAILLOGS, Store, stderr};

const GATE: &str = "[protocol.gate]\nsource = \"multilog:gate\"\n[[counter]]\nprotocol = \"gate\"\nname = \"shut\"\nmatch = \"shut\"\n";

/// A store with the protocol `gate`, and below that what spoils its configuration.
fn with_gate(spoilt: &str) -> Store {
    let store = Store::with(&format!("logs_syslog = []\n{GATE}{spoilt}"));
    fs::create_dir(store.base().join("gate")).expect("mkdir");
    symlink(MAILLOGS, store.path("bin/gatelog")).expect("symlink");
    store
}

/// `program` run on a chunk, as a logger does it.
fn on_a_chunk(store: &Store, program: &mut Command) -> Output {
    store.postprocess_by(program, b"@400000006abaee031529cb14 shut\n")
}

#[test]
fn a_protocol_of_ones_own_whose_definition_cannot_be_read() {
    for (spoilt, told) in [
        ("[protocol.x\n", "toaster.conf: line 11: "),
        (
            "[[counters]]\nname = \"x\"\n",
            "toaster.conf: line 11: counters: there is no such table; did you mean [[counter]]?",
        ),
        (
            "[[counter]]\nname = \"x\"\nname = \"y\"\n",
            "toaster.conf: line 13: counter.name: it is given twice, on line 12 and here",
        ),
        (
            "[protocol.gate]\nabout = \"x\"\n",
            "toaster.conf: line 11: protocol.gate: it is given twice, on line 5 and here",
        ),
        // Its own definition is what is wrong.
        (
            "[[counter]]\nprotocol = \"gate\"\nname = \"shut\"\nmatch = \"(\"\n",
            "toaster.conf: line 11: counter: match: unclosed group",
        ),
    ] {
        let store = with_gate(spoilt);
        let (mut by_link, mut by_word) = (store.command(store.path("bin/gatelog")), store.command(MAILLOGS));
        by_word.arg("gatelog");
        for program in [&mut by_link, &mut by_word] {
            let output = on_a_chunk(&store, program);
            let said = stderr(&output);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(111), 0), "{said}");
            assert!(said.contains(told) && said.contains("the logger keeps the chunk"), "{told} in {said}");
            assert!(!said.contains("Usage") && !said.contains("unrecognized"), "{said}");
        }
        for words in [&["gate"][..], &["update", "gate"]] {
            let output = store.maillogs(words);
            let said = stderr(&output);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{words:?}: {said}");
            assert!(said.contains(told) && !said.contains("unrecognized"), "{words:?}: {said}");
        }
        // Once it is mended the logger's next try counts it.
        let text = fs::read_to_string(store.config()).expect("toaster.conf").replace(spoilt, "");
        fs::write(store.config(), text).expect("toaster.conf");
        let output = on_a_chunk(&store, &mut store.command(store.path("bin/gatelog")));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(output.stdout, b"@400000006abaee031529cb14 shut\n");
        assert_eq!(store.run(&["gate"]), "shut:1\n");
    }
}

#[test]
fn a_link_of_a_protocol_that_is_not_defined() {
    let store = Store::with("logs_syslog = []");
    symlink(MAILLOGS, store.path("bin/gatelog")).expect("symlink");
    let output = on_a_chunk(&store, &mut store.command(store.path("bin/gatelog")));
    let said = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(111), 0), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("toaster.conf defines no protocol of that name") && said.contains("[protocol.gate]"),
        "{said}"
    );
}

#[test]
fn a_wrong_name_has_one_exit_code() {
    let store = Store::with("logs_syslog = []");
    let picture = store.path("x.png");
    let picture = picture.to_str().expect("UTF-8");
    for words in [
        &["sned"][..],
        &["help", "sned"],
        &["update", "sned"],
        &["graph", "sned"],
        &["graph", "deliveries", "--period", "decade"],
        &["graph", "deliveries", "--theme", "blue"],
        &["graph", "deliveries", "--format", "gif"],
        &["graph", "sned", "-o", picture],
        &["graph", "deliveries", "--from", "yesterdya", "-o", picture],
        &["graph", "deliveries", "--from", "yesterday"],
        &["graph", "deliveries", "--to", "now"],
        &["show", "sned"],
        &["show", "--period", "decade"],
        &["check", "--format", "xml"],
        &["config", "--yaml"],
        &["gatelog"],
    ] {
        let output = store.maillogs(words);
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(2), 0),
            "{words:?}: {}",
            stderr(&output)
        );
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn update_says_what_it_read() {
    let store = Store::with_syslog();
    fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n".repeat(3))
        .expect("current");
    fs::write(store.syslog(), "Sep 28 22:45:00 mx1 sshd[7]: x\nSep 28 22:45:01 mx1 imapd: x\n")
        .expect("syslog");
    let said = stderr(&store.maillogs(&["-v", "update"]));
    let told = |line: String| assert!(said.lines().any(|found| found == line), "{line} in\n{said}");
    told(format!("maillogs: send: read 3 lines of {}", store.logs().join("current").display()));
    told(format!("maillogs: imap: read 2 lines of {}", store.syslog().display()));
    told("maillogs: rbl: no new lines".to_owned());
    assert_eq!(stderr(&store.maillogs(&["update"])), "");
    let said = stderr(&store.maillogs(&["update", "imap", "-v"]));
    assert_eq!(said, "maillogs: imap: no new lines\n");
}

/// What is wrong, and how it becomes so.
type Spoilt = (&'static str, fn(&Store));

/// As a user to whom a file of mode 0000 is closed: root becomes another one.
fn as_user(store: &Store, words: &[&str]) -> Output {
    let mut command = if nix::unistd::geteuid().is_root() {
        let mut command = store.command("setpriv");
        command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", MAILLOGS]);
        command
    } else {
        store.command(MAILLOGS)
    };
    command.args(words).output().expect("running maillogs")
}

#[test]
fn messages_have_the_systems_words_and_one_line_for_one_file() {
    fn close(store: &Store, path: &str) {
        fs::set_permissions(store.path(path), fs::Permissions::from_mode(0o000)).expect("chmod");
    }
    let spoils: [Spoilt; 7] = [
        ("toaster.conf is closed", |store| close(store, "toaster.conf")),
        ("toaster.conf is gone", |store| fs::remove_file(store.config()).expect("rm")),
        ("the syslog is closed", |store| close(store, "maillog")),
        ("a log is closed", |store| close(store, "log/send/current")),
        ("the state is closed", |store| close(store, "log/state/send.state")),
        ("the store is closed", |store| close(store, "log")),
        ("a template is closed", |store| close(store, "log/templates/own.toml")),
    ];
    for (what, spoil) in spoils {
        let store = Store::with_syslog();
        let text = fs::read_to_string(store.config()).expect("toaster.conf");
        fs::write(store.config(), text + "templates_dir = \"templates\"\n").expect("toaster.conf");
        fs::create_dir(store.path("log/templates")).expect("mkdir");
        fs::write(store.path("log/templates/own.toml"), "title = \"x\"\n").expect("a template");
        fs::write(store.logs().join("current"), "@400000006abaee031529cb14 new msg 1\n").expect("current");
        fs::write(store.syslog(), "Sep 28 22:45:00 mx1 sshd[7]: x\n").expect("syslog");
        store.run(&["update", "--flush"]);
        spoil(&store);
        for words in [
            &["send"][..],
            &["imap"],
            &["update"],
            &["graph", "-o", "/nonexistent/x/y"],
            &["graph", "deliveries", "-o", "/nonexistent/x.png"],
            &["show", "deliveries"],
            &["config"],
            &["config", "--toml"],
            &["check"],
            &["check", "--format", "json"],
        ] {
            let output = as_user(&store, words);
            let said = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
            assert!(!said.contains("os error"), "{what}: {words:?}: {said}");
            // A reason is given once for each file.
            let mut denied: Vec<&str> = said
                .lines()
                .filter(|line| line.contains("Permission denied") || line.contains("No such file"))
                .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
                .collect();
            let all = denied.len();
            denied.sort_unstable();
            denied.dedup();
            assert_eq!(denied.len(), all, "{what}: {words:?}: {said}");
        }
    }
}

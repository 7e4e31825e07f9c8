//! Whose ids root works with: the store never gets files of root's that the loggers cannot write. Only root can change
//! his ids, so these tests do nothing under another user.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::faults::failing;
use crate::support::store::{MAILLOGS, Store, assert_same_bytes, stderr};
use crate::support::{count, traffic};

/// Every Debian has this user and group.
const DAEMON: u32 = 1;

/// A store of `daemon`'s; `None`: we are not root.
fn store_of_daemon() -> Option<Store> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("only root can change his ids: nothing is tested");
        return None;
    }
    let store = Store::new();
    configure(&store, "daemon", "daemon", &store.base());
    chown_all(&store.base());
    Some(store)
}

fn configure(store: &Store, user: &str, group: &str, base: &Path) {
    let text =
        format!("logs_base = {base:?}\nlogs_user = {user:?}\nlogs_group = {group:?}\nlogs_syslog = []\n");
    fs::write(store.config(), text).expect("toaster.conf");
}

fn chown_all(dir: &Path) {
    let status = Command::new("chown").args(["-R", "daemon:daemon"]).arg(dir).status();
    assert!(status.expect("chown").success());
}

/// What below `dir` belongs to root.
fn of_root(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(path) = todo.pop() {
        let meta = fs::symlink_metadata(&path).expect("metadata");
        if meta.is_dir() {
            todo.extend(fs::read_dir(&path).expect("ls").map(|entry| entry.expect("an entry").path()));
        }
        if meta.uid() == 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `sendlog` as daemon's logger runs it.
fn roll(store: &Store, chunk: &[u8]) -> Output {
    let program = store.path("bin/ours");
    if !program.exists() {
        fs::create_dir(&program).expect("mkdir");
        fs::copy(MAILLOGS, program.join("sendlog")).expect("a copy");
    }
    let mut command = store.command("setpriv");
    command.args(["--reuid=daemon", "--regid=daemon", "--clear-groups"]).arg(program.join("sendlog"));
    store.postprocess_by(&mut command, chunk)
}

fn assert_says(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
}

#[test]
fn a_look_up_that_fails_is_an_error() {
    let Some(store) = store_of_daemon() else { return };
    let (passwd, group, switch) =
        (Path::new("/etc/passwd"), Path::new("/etc/group"), Path::new("/etc/nsswitch.conf"));
    for (paths, key) in
        [([passwd, switch], "logs_user: cannot look up daemon"), ([group, switch], ": cannot look up daemon")]
    {
        for error in ["EIO", "EMFILE"] {
            let fault = format!("error={error}");
            for (words, code) in
                [(&["update"][..], 1), (&["send"], 1), (&["graph"], 1), (&["show"], 1), (&["sendlog"], 111)]
            {
                let mut command = failing(&store, MAILLOGS.as_ref(), "openat", &fault, &paths);
                let output = command.args(words).output().expect("strace");
                assert_says(&output, code, &[key]);
                assert!(output.stdout.is_empty());
            }
            assert_eq!(of_root(&store.base()), Vec::<PathBuf>::new());
            let mut command = failing(&store, MAILLOGS.as_ref(), "openat", &fault, &paths);
            let output = command.arg("check").output().expect("strace");
            let report = String::from_utf8(output.stdout.clone()).expect("UTF-8");
            assert_eq!(output.status.code(), Some(1), "{report}");
            let is_it = |line: &str| line.starts_with("ERROR") && line.contains("cannot be looked up");
            assert!(report.lines().any(is_it), "{report}");
        }
    }
    // Only the file of users, where another service says that there is nobody of that name: the store tells.
    let mut command = failing(&store, MAILLOGS.as_ref(), "openat", "error=EIO", &[passwd]);
    command.arg("update").output().expect("strace");
    assert_eq!(of_root(&store.base()), Vec::<PathBuf>::new());
    let log = traffic(521, 0.01, 1.0);
    let output = roll(&store, &log);
    assert!(output.status.success(), "{}", stderr(&output));
    store.query().assert_counts(&count::count(&log));
}

#[test]
fn where_there_is_no_such_user_the_store_tells_whose_it_is() {
    let Some(store) = store_of_daemon() else { return };
    for (user, group, key) in [
        ("nobody-here", "daemon", "logs_user"),
        ("daemon", "none-here", "logs_group"),
        ("nobody-here", "none-here", "logs_user"),
    ] {
        configure(&store, user, group, &store.base());
        let output = store.maillogs(&["update"]);
        assert_says(&output, 0, &[key, "working as user 1 and group 1"]);
        assert_eq!(of_root(&store.base()), Vec::<PathBuf>::new());
        // logs_base of root's, and none at all: nobody knows.
        let theirs = store.path("theirs");
        for base in [theirs.clone(), store.path("none")] {
            let _ = fs::create_dir(&theirs);
            configure(&store, user, group, &base);
            for (words, code) in [(&["update"][..], 1), (&["send"], 1), (&["graph"], 1), (&["sendlog"], 111)]
            {
                let output = store.maillogs(words);
                let way = format!("set {key} in toaster.conf");
                assert_says(&output, code, &[key, "there is no", &way]);
                assert!(output.stdout.is_empty());
            }
            let report = String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
            assert!(report.lines().any(|line| line.starts_with("ERROR") && line.contains(key)), "{report}");
        }
        assert!(fs::read_dir(&theirs).expect("ls").next().is_none() && !store.path("none").exists());
    }
    // The directory of a user that is root's group: what he has of his own is enough.
    configure(&store, "nobody-here", "none-here", &store.base());
    chown(store.base(), Some(DAEMON), Some(0)).expect("chown");
    fs::write(store.logs().join("current"), "x\n").expect("current");
    assert_says(&store.maillogs(&["update"]), 0, &["user 1 and group 1"]);
    // A store of root's on purpose.
    let root = Store::new();
    configure(&root, "root", "none-here", &root.base());
    let output = root.maillogs(&["update"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Half of the way is no way: nothing is done as root.
#[test]
fn ids_that_cannot_be_changed_are_an_error() {
    let Some(store) = store_of_daemon() else { return };
    let run = |call: &str, fault: &str, words: &[&str]| {
        let mut command = failing(&store, MAILLOGS.as_ref(), call, fault, &[]);
        let output = command.args(words).output().expect("strace");
        assert_eq!(of_root(&store.base()), Vec::<PathBuf>::new(), "{call} {fault} {words:?}");
        output
    };
    // To the owner's.
    for call in ["setgroups", "setresgid", "setresuid"] {
        for (words, code) in [(&["update"][..], 1), (&["send"], 1), (&["show"], 1), (&["sendlog"], 111)] {
            let output = run(call, "error=EAGAIN:when=1", words);
            assert_says(&output, code, &["cannot work as user 1 and group 1", "nothing is done as root"]);
            assert!(output.stdout.is_empty());
        }
    }
    // Back from what root reads alone: the queue.
    for call in ["setgroups", "setresgid", "setresuid"] {
        for (words, code) in [(&["update"][..], 1), (&["queue"], 1)] {
            let output = run(call, "error=EPERM:when=3", words);
            assert_says(&output, code, &["cannot give root's rights back", "nothing more is done"]);
            assert!(output.stdout.is_empty());
        }
    }
    // Fewer rights than could be had do no harm.
    assert!(run("setresuid", "error=EPERM:when=2", &["update"]).status.success());
}

#[test]
fn what_root_left_is_given_to_its_owner() {
    let Some(store) = store_of_daemon() else { return };
    let (first, second) = (traffic(522, 0.01, 1.0), traffic(523, 0.01, 1.0));
    // As root wrote it while the user could not be looked up.
    configure(&store, "root", "root", &store.base());
    assert!(store.postprocess(&first).status.success());
    store.flush();
    fs::write(store.base().join("counters/not-ours.txt"), "mine\n").expect("a file");
    let left = of_root(&store.base());
    for name in ["state", "state/send.state", "state/send.lock", "counters/send.txt", "rrd/send.rrd", "2023"]
    {
        assert!(left.contains(&store.base().join(name)), "{name}: {left:?}");
    }
    configure(&store, "daemon", "daemon", &store.base());
    let output = roll(&store, &second);
    assert_eq!(output.status.code(), Some(111), "that is what it is about: {}", stderr(&output));
    fs::remove_file(store.logs().join("previous")).expect("previous");
    let report = String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
    let lock = store.base().join("state/send.lock").display().to_string();
    let line = report.lines().find(|line| line.contains(&lock)).unwrap_or_else(|| panic!("{report}"));
    assert!(line.starts_with("ERROR") && line.contains("next `maillogs update` as root"), "{line}");
    // A query changes nothing.
    store.query();
    assert_eq!(of_root(&store.base()), left);
    assert_says(&store.maillogs(&["update"]), 0, &["belonged to root, and were given to user 1"]);
    assert_eq!(
        of_root(&store.base()),
        [store.base().join("counters/not-ours.txt")],
        "only what is ours by name"
    );
    let output = roll(&store, &second);
    assert!(output.status.success(), "{}", stderr(&output));
    store.query().assert_counts(&count::count(&[first.clone(), second.clone()].concat()));
    assert_same_bytes("the archive", &store.archived(), &[first, second].concat());
    assert_eq!(stderr(&store.maillogs(&["update"])), "", "once");
}

/// The owner may put anything there under our names.
#[test]
fn nothing_is_given_that_was_not_left_by_mistake() {
    let Some(store) = store_of_daemon() else { return };
    store.run(&["update"]);
    let state = store.base().join("state");
    let secret = |path: &Path, mode: u32, text: &str| {
        fs::write(path, text).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
    };
    let put = |name: &str| {
        let path = state.join(name);
        let _ = fs::remove_file(&path);
        path
    };
    // Another name leads to it; he may not read it now; anybody may run it with root's rights; it is a link.
    let outside = store.path("outside");
    secret(&outside, 0o644, "root's");
    fs::hard_link(&outside, put("imap.state")).expect("a hard link");
    secret(&put("imap.lock"), 0o600, "a key");
    secret(&put("webmail.journal"), 0o600, "");
    secret(&put("queue.intent"), 0o4755, "#!");
    symlink(&outside, put("smtp.state")).expect("symlink");
    // Directories that are more than ours.
    let year = store.base().join("2022");
    fs::create_dir_all(year.join("01/02")).expect("mkdir");
    secret(&year.join("01/02/sendlog"), 0o644, "x\n");
    fs::set_permissions(&year, fs::Permissions::from_mode(0o700)).expect("chmod");
    let before = of_root(store.path("").as_path());
    let _ = store.maillogs(&["update", "send"]);
    for path in before.iter().filter(|path| !path.ends_with("log")) {
        assert_eq!(fs::symlink_metadata(path).map_or(0, |meta| meta.uid()), 0, "{}", path.display());
    }
    assert_eq!(fs::metadata(&outside).expect("a file").uid(), 0);
    assert_eq!(fs::metadata(&year).expect("a directory").uid(), 0);
}

#[test]
fn logs_base_is_made_where_only_root_may() {
    let Some(store) = store_of_daemon() else { return };
    let owner = |path: &Path| fs::symlink_metadata(path).map(|meta| (meta.uid(), meta.gid())).ok();
    // Only root may make it, and gives the last one away.
    let base = store.path("srv/log/mail");
    configure(&store, "daemon", "daemon", &base);
    // Of the temporary directory that these tests make their user cannot be sure; of its parts he is.
    store.run(&["update"]);
    assert_eq!(owner(&store.path("srv/log")), Some((0, 0)));
    assert_eq!(owner(&base), Some((DAEMON, DAEMON)));
    assert_eq!(of_root(&base), Vec::<PathBuf>::new());
    // In a directory of the user's it is made with his rights.
    let home = store.path("home");
    fs::create_dir(&home).expect("mkdir");
    chown_all(&home);
    let base = home.join("log/mail");
    configure(&store, "daemon", "daemon", &base);
    store.run(&["update"]);
    assert_eq!(of_root(&home), Vec::<PathBuf>::new());
    assert_eq!(owner(&base), Some((DAEMON, DAEMON)));
    // He has put a link in the way, to where he may not write, and to where he may.
    let etc = store.path("etc");
    fs::create_dir(&etc).expect("mkdir");
    for (link, target) in [("planted", &etc), ("deep/er", &etc)] {
        let link = home.join(link);
        fs::create_dir_all(link.parent().expect("a directory")).expect("mkdir");
        chown_all(link.parent().expect("a directory"));
        symlink(target, &link).expect("symlink");
        configure(&store, "daemon", "daemon", &link.join("mail"));
        let output = store.maillogs(&["update"]);
        assert_says(&output, 1, &["mail", "Permission denied"]);
        assert!(fs::read_dir(&etc).expect("ls").next().is_none(), "root makes nothing behind it");
    }
    let own = home.join("own");
    fs::create_dir(&own).expect("mkdir");
    chown_all(&own);
    symlink(&own, home.join("mine")).expect("symlink");
    configure(&store, "daemon", "daemon", &home.join("mine/mail"));
    store.run(&["update"]);
    assert_eq!(owner(&own.join("mail")), Some((DAEMON, DAEMON)));
    // A link of root's is followed.
    let disk = store.path("disk");
    fs::create_dir(&disk).expect("mkdir");
    symlink(&disk, store.path("var")).expect("symlink");
    configure(&store, "daemon", "daemon", &store.path("var/mail"));
    store.run(&["update"]);
    assert_eq!(owner(&disk.join("mail")), Some((DAEMON, DAEMON)));
}

/// Everybody may write to it: whoever is there first may make it, and root gives nothing away.
#[test]
fn a_directory_of_everybodys_is_no_place_for_root() {
    let Some(store) = store_of_daemon() else { return };
    let shared = store.path("shared");
    fs::create_dir(&shared).expect("mkdir");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).expect("chmod");
    configure(&store, "daemon", "daemon", &shared.join("log/mail"));
    store.run(&["update"]);
    assert_eq!(of_root(&shared), std::slice::from_ref(&shared));
}

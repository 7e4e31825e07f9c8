//! The run files that the README shows, taken from it as they stand, under the real supervisors.
//!
//! What is changed in them is what the README tells to change, the user and the group, and the paths of a real server,
//! which a test must leave alone. Only root can become another user: otherwise the words that do that are taken out.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::readme::{blocks, file};
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, name_of, stderr};
use crate::support::{process, wait_until};

/// How often the service prints the lines of `SAMPLE`: together more than three chunks of the README's size.
const TIMES: u64 = 5_000;
const SAMPLE: &str = "tests/data/samples/qmail-send/classic.log";

/// What one `SAMPLE` counts, by hand, and what grep finds it by.
const COUNTS: [(&str, u64, &str); 6] = [
    ("message_new", 1, " new msg "),
    ("message_info", 1, " info msg "),
    ("message_end", 1, " end msg "),
    ("start_delivery", 2, " starting delivery "),
    ("delivery_success", 2, " delivery [0-9]+: success: "),
    ("status", 2, " status: "),
];

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn me(option: &str) -> String {
    let output = Command::new("id").arg(option).output().expect("id");
    String::from_utf8(output.stdout).expect("a name").trim().to_owned()
}

/// The one block of the README with these words.
fn shown(words: &str) -> String {
    let mut found: Vec<String> = blocks("text").into_iter().filter(|block| block.contains(words)).collect();
    assert_eq!(found.len(), 1, "blocks with {words:?} in README.md: {found:?}");
    found.remove(0)
}

/// A server of this test's own.
struct Server {
    store: Store,
    user: String,
    group: String,
}

impl Server {
    /// With the directories that the README tells to make.
    fn new() -> Self {
        let store = Store::new();
        // As root the logs belong to somebody else, who need not be able to get to where cargo has built the program.
        let (user, group) =
            if is_root() { ("daemon".into(), "daemon".into()) } else { (me("-un"), me("-gn")) };
        let program = store.path("bin/maillogs");
        fs::copy(MAILLOGS, &program).expect("maillogs");
        fs::remove_file(store.sendlog()).expect("sendlog");
        symlink(&program, store.sendlog()).expect("sendlog");
        let config = fs::read_to_string(store.config()).expect("toaster.conf");
        let line = |line: &str| match line.split_once(" = ") {
            Some(("logs_user", _)) => format!("logs_user = {user:?}\n"),
            Some(("logs_group", _)) => format!("logs_group = {group:?}\n"),
            _ => format!("{line}\n"),
        };
        let config: String = config.lines().map(line).collect();
        fs::write(store.config(), config + "logs_syslog = []\n").expect("toaster.conf");
        fs::remove_dir_all(store.base()).expect("a store without directories");
        let server = Server { store, user, group };
        let made = server.store.command("sh").arg("-c").arg(server.adjusted(&shown("install -d"))).status();
        assert!(made.expect("sh").success());
        server
    }

    /// What the README shows, for this server.
    fn adjusted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if !is_root() {
            for words in ["s6-setuidgid qmaill ", "setuidgid qmaill ", "chpst -u qmaill "] {
                text = text.replace(words, "");
            }
        }
        let paths = [("/usr/local/bin/sendlog", self.store.sendlog()), ("/var/log/mail", self.store.base())];
        let names = [("qmaill", &self.user), ("qnofiles", &self.group)];
        let text = names.iter().fold(text, |text, (from, to)| text.replace(from, to));
        paths.iter().fold(text, |text, (from, to)| text.replace(from, &to.display().to_string()))
    }

    /// `maillogs send` as somebody who only may read, as an SNMP agent does.
    fn asked_by_agent(&self) -> Answer {
        let program = self.store.path("bin/maillogs");
        let mut command = self.store.command(if is_root() { Path::new("setpriv") } else { &program });
        if is_root() {
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(&program);
        }
        let output = command.arg("send").output().expect("maillogs");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
        Answer::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// The processed chunks, oldest first, or nothing where the logger or a processor is not done with all of them.
    fn settled(&self) -> Option<Vec<PathBuf>> {
        let names = self.store.chunk_names();
        let done = names.iter().all(|path| name_of(path).ends_with(".s"));
        let rest = ["previous", "processed", "newstate"];
        let busy = rest.iter().any(|name| self.store.logs().join(name).exists());
        let empty = fs::metadata(self.store.logs().join("current")).is_ok_and(|current| current.len() == 0);
        (done && !busy && empty).then_some(names)
    }
}

/// A supervisor, with the service `qmail-send` and its logger. Dropped, it ends both.
struct Supervisor {
    child: Child,
    program: &'static str,
    services: PathBuf,
}

impl Supervisor {
    fn start(program: &'static str, server: &Server, run: &str) -> Self {
        let services = server.store.path("service");
        let (service, log) = (services.join("qmail-send"), services.join("qmail-send/log"));
        fs::create_dir_all(&log).expect("mkdir");
        let lines = server.store.path("lines");
        let text: String = file(SAMPLE)
            .lines()
            .map(|line| line.split_once(' ').expect("a label").1.to_owned() + "\n")
            .collect();
        fs::write(&lines, text.repeat(usize::try_from(TIMES).expect("small"))).expect("lines");
        // Started anew it has nothing more to say.
        let service_run = format!("#!/bin/sh\ncat '{0}'; : >'{0}'\nexec sleep 600\n", lines.display());
        for (dir, text) in [(&service, service_run.as_str()), (&log, run)] {
            fs::write(dir.join("run"), text).expect("run");
            fs::set_permissions(dir.join("run"), fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        let mut command = server.store.command(program);
        command.arg(&services).stdout(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        Supervisor { child, program, services }
    }

    fn log(&self) -> PathBuf {
        self.services.join("qmail-send/log")
    }

    /// Tells the logger to roll.
    fn roll(&self) {
        let mut command = match self.program {
            "svscan" => Command::new("svc"),
            "runsvdir" => Command::new("sv"),
            _ => Command::new("s6-svc"),
        };
        command.arg(if self.program == "runsvdir" { "alarm" } else { "-a" }).arg(self.log());
        let output = command.output().expect("the supervisor's tool");
        assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        end(self.child.id());
        let _ = self.child.wait();
    }
}

/// Ends a process and those that it has started. It is stopped first, so that it does not start others meanwhile.
fn end(pid: u32) {
    // It is no error if the process has ended already.
    let signal = |name: &str| {
        let kill = format!("kill -{name} {pid}");
        let _ = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
    };
    signal("STOP");
    process::children(pid).into_iter().for_each(end);
    signal("KILL");
}

/// Lines that grep -E finds in these files.
fn grep(files: &[PathBuf], pattern: &str) -> u64 {
    let mut command = Command::new("sh");
    command.args(["-c", "cat \"$@\" | grep -cE \"$0\"", pattern]).args(files);
    let output = command.output().expect("grep");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

fn through(program: &'static str, run: &str) {
    let server = Server::new();
    let run = server.adjusted(&shown(run));
    if program == "runsvdir" {
        fs::write(server.store.logs().join("config"), server.adjusted(&shown("|| exit 111")))
            .expect("config");
    }
    let supervisor = Supervisor::start(program, &server, &run);
    let lines = TIMES * 9;
    wait_until("every line is logged", || {
        let mut files = server.store.chunk_names();
        files.push(server.store.logs().join("current"));
        grep(&files, "") == lines
    });
    supervisor.roll();
    let mut chunks = Vec::new();
    wait_until("the logger has rolled", || {
        chunks = server.settled().unwrap_or_default();
        !chunks.is_empty() && grep(&chunks, "") == lines
    });
    // One by its size at least, and the one that was asked for: s6-log goes on while a processor works.
    assert!(chunks.len() >= 2, "{chunks:?}");

    let answer = server.asked_by_agent();
    for (key, each, pattern) in COUNTS {
        let counted = answer.text(key).parse::<u64>().expect("a whole number");
        assert_eq!((counted, grep(&chunks, pattern)), (each * TIMES, each * TIMES), "{program}: {key}");
    }
    let whole: Vec<u8> = chunks.iter().flat_map(|chunk| fs::read(chunk).expect("a chunk")).collect();
    assert_same_bytes("the archive", &server.store.archived(), &whole);
    // Cron works on it as root, and leaves it to the logs' user.
    let output = server.store.maillogs(&["update"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    assert_eq!(server.asked_by_agent().text("message_new"), TIMES.to_string(), "{program}");
    let owner = fs::metadata(server.store.logs()).expect("the log directory").uid();
    assert_eq!(owner == nix::unistd::geteuid().as_raw(), !is_root());
    let others = format!("find '{}' ! -name config ! -uid {owner}", server.store.base().display());
    let others = Command::new("sh").args(["-c", &others]).output().expect("find");
    assert_eq!(String::from_utf8_lossy(&others.stdout), "", "{program}: not the logs' user's");
}

#[test]
fn of_daemontools() {
    through("svscan", "setuidgid qmaill multilog");
}

#[test]
fn of_runit() {
    through("runsvdir", "svlogd -t");
}

#[test]
fn of_s6() {
    through("s6-svscan", "s6-log t");
}

/// The line makes a user and a group of its name, here in the files of another root directory.
#[test]
fn the_user_is_made() {
    let readme = file("README.md");
    let line = readme.split('`').find(|text| text.starts_with("useradd ")).expect("a line in README.md");
    let dir = tempfile::tempdir().expect("a directory");
    let etc = dir.path().join("etc");
    fs::create_dir(&etc).expect("mkdir");
    for name in ["passwd", "shadow", "group", "gshadow"] {
        fs::write(etc.join(name), "").expect("a file");
    }
    let mut words = line.split_whitespace();
    let mut command = Command::new(Path::new("/usr/sbin").join(words.next().expect("a program")));
    let output = command.arg("--prefix").arg(dir.path()).args(words).output().expect("useradd");
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    let read = |name: &str| fs::read_to_string(etc.join(name)).expect("a file");
    let (passwd, group) = (read("passwd"), read("group"));
    let user: Vec<&str> = passwd.trim_end().split(':').collect();
    let group: Vec<&str> = group.trim_end().split(':').collect();
    assert_eq!((user[0], user[6], group[0]), ("maillogs", "/usr/sbin/nologin", "maillogs"));
    assert_eq!(user[3], group[2], "the user's group");
    // Those of the system end at 999.
    assert!((1..=999).contains(&user[2].parse::<u32>().expect("an id")), "{passwd}");
    assert!(!dir.path().join("home").exists());
}

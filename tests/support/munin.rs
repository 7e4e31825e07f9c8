//! Real Munin: plugins under munin-run, a munin-node on a port of its own, and the master's munin-update. All of them are
//! Debian's programs; only where they keep their files is the test's.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddrV4;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::conversation::{Conversation, address};
use super::process::kill_with_children;
use super::store::{MAILLOGS, Store, stderr};

/// The name of the host that the master knows.
const HOST: &str = "mx.example.org";

/// Who runs the master, which refuses to be root: nobody.
const NOBODY: u32 = 65_534;

/// Munin's files, below a store's directory.
pub struct Munin<'s> {
    store: &'s Store,
    dir: PathBuf,
}

/// What a plugin printed: for each graph, for each of its fields, the values with their times.
pub type Values = BTreeMap<String, BTreeMap<String, Vec<(Option<u64>, String)>>>;

impl<'s> Munin<'s> {
    pub fn new(store: &'s Store) -> Self {
        let dir = store.path("munin");
        let munin = Self { store, dir };
        for name in ["plugins", "lib/plugins", "plugin-conf.d", "state", "node", "perl/Munin/Common"] {
            fs::create_dir_all(munin.path(name)).expect("mkdir");
        }
        // Where Debian has put its files stands in one module, which is read before that of the package.
        let defaults = fs::read_to_string("/usr/share/perl5/Munin/Common/Defaults.pm")
            .expect("Munin's defaults: run `make deps-test`");
        let mut moved = defaults;
        let places = [
            ("CONFDIR", ""),
            ("LIBDIR", "lib"),
            ("PLUGSTATE", "state"),
            ("STATEDIR", "node"),
            ("LOGDIR", "node"),
        ];
        for (key, to) in places {
            let begin = format!("our $MUNIN_{key} ");
            let line = moved.lines().find(|line| line.starts_with(&begin)).expect("a default").to_owned();
            let to = if to.is_empty() { munin.dir.clone() } else { munin.path(to) };
            moved = moved.replace(&line, &format!("{begin}= q{{{}}};", to.display()));
        }
        fs::write(munin.path("perl/Munin/Common/Defaults.pm"), moved).expect("the defaults");
        fs::write(munin.path("munin-node.conf"), "log_file /dev/null\n").expect("munin-node.conf");
        munin.configure("");
        munin
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.join(below)
    }

    /// The configuration of all plugins, with more lines.
    pub fn configure(&self, lines: &str) {
        // Who is not root runs plugins as himself, and Munin warns where another user is named.
        let user = if nix::unistd::geteuid().is_root() { "user root\n" } else { "" };
        let text =
            format!("[*]\n{user}env.TOASTER_CONF {}\nenv.TZ UTC\n{lines}\n", self.store.config().display());
        fs::write(self.path("plugin-conf.d/maillogs"), text).expect("plugin-conf.d");
    }

    /// The plugins' clock stands at `now`: of those that munin-run runs, and of a node that is started from now on.
    pub fn set_clock(&self, now: i64) {
        self.configure(&format!(
            "env.FAKETIME_FMT %s\nenv.NO_FAKE_STAT 1\nenv.FAKETIME_DONT_FAKE_MONOTONIC 1\ncommand faketime -f {now} %c"
        ));
    }

    /// A link to the program, as an administrator makes it.
    pub fn link(&self, plugin: &str) {
        symlink(MAILLOGS, self.path("plugins").join(plugin)).expect("symlink");
    }

    /// A plugin of its own, a script.
    pub fn script(&self, plugin: &str, text: &str) {
        let file = self.path("plugins").join(plugin);
        fs::write(&file, text).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// One of Debian's programs, as its first line runs it, with the test's defaults.
    fn perl(&self, program: &str) -> Command {
        let places = ["/usr/sbin", "/usr/bin"].map(|dir| Path::new(dir).join(program));
        let file = places.into_iter().find(|file| file.exists());
        let file = file.unwrap_or_else(|| panic!("there is no {program}: run `make deps-test`"));
        let text = fs::read_to_string(&file).expect("a script");
        let is_tainted = text.lines().next().is_some_and(|line| line.contains('T'));
        let mut command = Command::new("perl");
        command.args(is_tainted.then_some("-T"));
        command.arg(format!("-I{}", self.path("perl").display())).arg(file);
        command.stdin(Stdio::null()).env("LC_ALL", "C");
        command
    }

    /// The links that munin-node-configure would make, by their names, if there is a plugin `maillogs_`.
    pub fn suggested(&self) -> Vec<String> {
        symlink(MAILLOGS, self.path("lib/plugins/maillogs_")).expect("symlink");
        let output = self.perl("munin-node-configure").args(["--shell", "--families", "auto"]).output();
        let output = output.expect("munin-node-configure");
        let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
        assert!(output.status.success(), "{text}{}", stderr(&output));
        let name = |line: &str| {
            let (_, link) = line.rsplit_once('/').expect("a path");
            link.trim_end_matches('\'').to_owned()
        };
        text.lines().map(name).collect()
    }

    /// `munin-run PLUGIN [WHAT]`, whatever becomes of it.
    pub fn try_to_run(&self, plugin: &str, what: &[&str]) -> Output {
        let mut command = self.perl("munin-run");
        command.arg("--ignore-systemd-properties").arg(plugin).args(what).output().expect("munin-run")
    }

    /// The same, which has to succeed; gives what it printed.
    pub fn run(&self, plugin: &str, what: &[&str]) -> String {
        let output = self.try_to_run(plugin, what);
        assert!(output.status.success(), "munin-run {plugin} {what:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What the plugin noted when munin-run ran it.
    pub fn told(&self, plugin: &str) -> String {
        // Below a directory of the user's.
        let users = fs::read_dir(self.path("state")).expect("what was told");
        let files = users.map(|user| user.expect("an entry").path().join(format!("{plugin}-")));
        let told: Vec<String> = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
        assert_eq!(told.len(), 1, "{plugin}");
        told.concat()
    }

    /// The master asks once for everything; gives its log without what it says to find faults.
    pub fn update(&self, node: &Node) -> String {
        // The master stamps what has no time of its own with its own clock, and an RRD takes one value a second.
        let second = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.expect("after 1970").as_secs()
        };
        let before = second();
        super::wait_until("another second", || second() > before);
        let config = self.path("munin.conf");
        let mut text = String::new();
        for key in ["db", "html", "log", "run"] {
            let dir = self.path(key);
            fs::create_dir_all(&dir).expect("mkdir");
            if nix::unistd::geteuid().is_root() {
                chown(&dir, Some(NOBODY), Some(NOBODY)).expect("chown");
            }
            text += &format!("{key}dir {}\n", dir.display());
        }
        text += &format!(
            "tmpldir /etc/munin/templates\nstaticdir /etc/munin/static\n[{HOST}]\n  address {}\n  port {}\n  use_node_name no\n",
            node.address.ip(),
            node.address.port()
        );
        fs::write(&config, text).expect("munin.conf");
        let mut command = if nix::unistd::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args([
                &format!("--reuid={NOBODY}"),
                &format!("--regid={NOBODY}"),
                "--clear-groups",
                "/usr/share/munin/munin-update",
            ]);
            command
        } else {
            Command::new("/usr/share/munin/munin-update")
        };
        let output = command.arg("--config_file").arg(&config).args(["--nofork"]).output();
        let output = output.expect("munin-update");
        assert!(output.status.success(), "munin-update: {}", stderr(&output));
        let log = fs::read_to_string(self.path("log/munin-update.log")).expect("its log");
        let node = fs::read_to_string(self.path("node/node.log")).unwrap_or_default();
        assert!(!log.contains("FATAL"), "{log}\n{node}");
        fs::remove_file(self.path("log/munin-update.log")).expect("its log");
        log
    }

    /// The master's RRD of a field: `maillogs_send` or `maillogs_send-messages`, the field, and the letter of its type.
    pub fn rrd(&self, graph: &str, field: &str, kind: char) -> PathBuf {
        let (_, group) = HOST.split_once('.').expect("a domain");
        self.path("db").join(group).join(format!("{HOST}-{graph}-{field}-{kind}.rrd"))
    }
}

/// A running munin-node. Dropped, it is killed.
pub struct Node {
    child: Child,
    address: SocketAddrV4,
}

impl Node {
    pub fn start(munin: &Munin<'_>) -> Self {
        let address = address();
        let config = munin.path("munin-node.conf");
        let me = |option: &str| {
            let output = Command::new("id").arg(option).output().expect("id");
            String::from_utf8(output.stdout).expect("a name").trim().to_owned()
        };
        let text = format!(
            "log_level 4\nlog_file {dir}/node.log\npid_file {dir}/node.pid\nbackground 0\nsetsid 0\nuser {}\ngroup {}\n\
             host_name {HOST}\nallow ^127\\.0\\.0\\.1$\nhost {}\nport {}\n",
            me("-un"),
            me("-gn"),
            address.ip(),
            address.port(),
            dir = munin.path("node").display(),
        );
        fs::write(&config, text).expect("munin-node.conf");
        let mut command = munin.perl("munin-node");
        let child = command.arg("--config").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let node = Self { child: child.expect("munin-node"), address };
        drop(Conversation::connect(address));
        node
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        kill_with_children(&mut self.child);
    }
}

/// What Munin's master reads of the lines of a plugin: its patterns, once more.
pub fn values(text: &str) -> Values {
    let mut values = Values::new();
    let mut graph = String::new();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').expect("two words");
        if word == "multigraph" {
            rest.clone_into(&mut graph);
            assert!(!values.contains_key(&graph), "the master forgets what came before: {graph}");
            values.insert(graph.clone(), BTreeMap::new());
        } else if let Some(field) = word.strip_suffix(".value") {
            let (when, value) = match rest.split_once(':') {
                Some((when, value)) => (Some(when.parse().expect("an epoch")), value),
                None => (None, rest),
            };
            let fields = values.get_mut(&graph).expect("a graph");
            fields.entry(field.to_owned()).or_default().push((when, value.to_owned()));
        }
    }
    values
}

/// Panics unless each line is one that the master understands, and nothing in it is more than text.
pub fn assert_sound_config(text: &str) {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name != "root"
    };
    let mut graph = String::new();
    let mut labels: BTreeMap<String, u32> = BTreeMap::new();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or_else(|| panic!("one word: {line:?}"));
        assert!(!rest.trim().is_empty() && line.chars().count() <= 340, "{line:?}");
        match word.split_once('.') {
            _ if word == "multigraph" => {
                let parts: Vec<&str> = rest.split('.').collect();
                assert!(parts.len() <= 2 && parts.iter().all(|part| is_name(part)), "{line:?}");
                rest.clone_into(&mut graph);
            }
            Some((field, attribute)) => {
                assert!(is_name(field) && is_name(attribute), "{line:?}");
                if attribute == "label" {
                    *labels.entry(format!("{graph} {field}")).or_default() += 1;
                }
                let is_text = matches!(attribute, "label" | "info");
                assert!(
                    !is_text || !rest.contains(['"', '\\', '{', '}', '#', '|', '$', '%', '`']),
                    "{line:?}"
                );
            }
            None => {
                assert!(word.starts_with("graph_") || word == "update_rate", "{line:?}");
                let is_text = matches!(word, "graph_title" | "graph_info");
                assert!(
                    !is_text || !rest.contains(['"', '\\', '{', '}', '#', '|', '$', '%', '`']),
                    "{line:?}"
                );
            }
        }
    }
    assert!(!labels.is_empty() && labels.values().all(|times| *times == 1), "{labels:?}");
}

/// Gives `file` the modification time `secs`, unix seconds.
pub fn touch(file: &Path, secs: i64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(secs).expect("a time"));
    fs::File::options().append(true).open(file).expect("a file").set_modified(time).expect("utimes");
}

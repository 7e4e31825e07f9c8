//! Real snmpd in the foreground, as its package's unprivileged user where the tests are root's, and net-snmp's clients.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddrV4;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use super::conversation::address;
use super::store::{MAILLOGS, Store, stderr};
use super::{process, wait_until};

/// Where MAILLOGS-MIB is if nothing else is said.
pub const OWN: &str = ".1.3.6.1.4.1.8072.9999.9999.62455";
/// The user of Debian's snmpd.
pub const USER: &str = "Debian-snmp";
/// `nsExtendOutput1Line` and `nsExtendResult` of NET-SNMP-EXTEND-MIB.
pub const OUTPUT: &str = ".1.3.6.1.4.1.8072.1.3.2.3.1.1";
pub const RESULT: &str = ".1.3.6.1.4.1.8072.1.3.2.3.1.4";

/// A running snmpd. Dropped, it is stopped.
pub struct Snmpd {
    child: Child,
    address: SocketAddrV4,
}

/// A value with its type, as the clients print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub kind: String,
    pub text: String,
}

impl Value {
    pub fn number(&self) -> u64 {
        self.text.parse().unwrap_or_else(|_| panic!("not a number: {self:?}"))
    }
}

/// An index that is a text.
pub fn index(text: &str) -> String {
    let letters = text.bytes().map(|byte| format!(".{byte}"));
    std::iter::once(format!(".{}", text.len())).chain(letters).collect()
}

/// The OID of a counter's column.
pub fn counter(column: u32, protocol: &str, key: &str) -> String {
    format!("{OWN}.1.2.1.{column}{}{}", index(protocol), index(key))
}

/// The OID of a protocol's column.
pub fn protocol(column: u32, name: &str) -> String {
    format!("{OWN}.1.1.1.{column}{}", index(name))
}

/// A copy of the program that other users may run: the build directory may be closed to them.
pub fn program(store: &Store) -> PathBuf {
    let copy = store.path("bin/maillogs");
    if !copy.exists() {
        fs::copy(MAILLOGS, &copy).expect("a copy");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    copy
}

/// What snmpd runs: `maillogs WORDS` with the store's toaster.conf.
pub fn command_line(store: &Store, words: &str) -> String {
    format!("{} --config {} {words}", program(store).display(), store.config().display())
}

/// As a user who owns nothing here; where the tests are not root's, as ourselves.
pub fn unprivileged(store: &Store) -> Command {
    let program = program(store);
    if !nix::unistd::geteuid().is_root() {
        return store.command(program);
    }
    let mut command = store.command("setpriv");
    command
        .args([format!("--reuid={USER}"), "--regid=Debian-snmp".into(), "--clear-groups".into()])
        .arg(program);
    command
}

impl Snmpd {
    /// With these lines in its snmpd.conf.
    pub fn start(store: &Store, lines: &[String]) -> Self {
        let address = address();
        let dir = store.path("snmpd");
        fs::create_dir_all(&dir).expect("mkdir");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).expect("chmod");
        let config = dir.join("snmpd.conf");
        let text = format!(
            "agentaddress udp:{address}\nrocommunity public\nrwcommunity private\n{}\n",
            lines.join("\n")
        );
        fs::write(&config, text).expect("snmpd.conf");
        let mut command = store.command("snmpd");
        command.env("SNMP_PERSISTENT_DIR", &dir).env("MIBS", "").args(["-f", "-C", "-Lf", "/dev/null"]);
        // What Debian's snmpd says of a mail server without asking it stands in the way.
        command.args(["-I", "-mta_sendmail", "-c"]).arg(&config);
        if nix::unistd::geteuid().is_root() {
            command.args(["-u", USER, "-g", USER]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("snmpd: {error}: run `make deps-test`"));
        let mut snmpd = Self { child, address };
        wait_until("snmpd answers", || {
            assert!(matches!(snmpd.child.try_wait(), Ok(None)), "snmpd has ended");
            snmpd.get(".1.3.6.1.2.1.1.3.0").is_some()
        });
        snmpd
    }

    /// `ADDRESS:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// What one of net-snmp's clients says.
    pub fn ask(&self, program: &str, community: &str, words: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.env("MIBS", "").args(["-v2c", "-c", community, "-On", "-Oa", "-t", "2", "-r", "0"]);
        command.arg(self.address()).args(words);
        command.output().unwrap_or_else(|error| panic!("{program}: {error}: run `make deps-test`"))
    }

    /// All values below `oid`, by their OIDs, in the order of the walk.
    pub fn walk(&self, oid: &str) -> Vec<(String, Value)> {
        let output = self.ask("snmpwalk", "public", &[oid]);
        assert!(output.status.success(), "{}", stderr(&output));
        values(&String::from_utf8_lossy(&output.stdout))
    }

    /// The same as a map.
    pub fn below(&self, oid: &str) -> BTreeMap<String, Value> {
        self.walk(oid).into_iter().collect()
    }

    /// The value at `oid`; `None`: there is no such instance, or no answer.
    pub fn get(&self, oid: &str) -> Option<Value> {
        let output = self.ask("snmpget", "public", &[oid]);
        values(&String::from_utf8_lossy(&output.stdout)).pop().map(|(_, value)| value)
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        // What it started ends with it.
        process::kill_with_children(&mut self.child);
    }
}

/// `OID = TYPE: VALUE` a line; a text may have several lines.
pub fn values(printed: &str) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = Vec::new();
    for line in printed.lines() {
        let Some((oid, rest)) = line.split_once(" = ").filter(|(oid, _)| oid.starts_with('.')) else {
            panic!("a line of its own: {line:?} in {printed:?}");
        };
        let Some((kind, text)) = rest.split_once(": ") else {
            assert!(rest.starts_with("No ") || rest == "\"\"", "{line}");
            continue;
        };
        let text = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
            None => text.to_owned(),
        };
        all.push((oid.to_owned(), Value { kind: kind.to_owned(), text }));
    }
    all
}

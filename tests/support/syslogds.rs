//! Real syslog daemons, each on a socket and with files of the test's own: nothing that runs on this machine is asked.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{preload, wait_until};

/// A running daemon. Dropped, it is killed.
pub struct Syslogd {
    child: Child,
    socket: PathBuf,
}

impl Drop for Syslogd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Syslogd {
    /// rsyslogd with a file for each of `templates` (the file, the name of the template); `more` of its configuration.
    pub fn rsyslogd(dir: &Path, more: &str, templates: &[(&Path, &str)]) -> Self {
        let root = unpacked("rsyslog");
        let socket = dir.join("rsyslog.sock");
        let mut config = format!(
            "module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket={socket:?})\n{more}\n"
        );
        for (file, template) in templates {
            config += &format!("action(type=\"omfile\" file={file:?} template=\"{template}\")\n");
        }
        let configured = dir.join("rsyslog.conf");
        fs::write(&configured, config).expect("rsyslog.conf");
        let mut command = program(&root, "usr/sbin/rsyslogd");
        command.arg("-n").arg("-M").arg(directory_of(&root, "imuxsock.so"));
        command.arg("-f").arg(configured).arg("-i").arg(dir.join("rsyslog.pid"));
        Self::start(command, socket)
    }

    /// syslog-ng with these destinations (`file("…")` and what belongs to it).
    pub fn syslog_ng(dir: &Path, destinations: &[String]) -> Self {
        let root = unpacked("syslog-ng-core");
        let socket = dir.join("syslog-ng.sock");
        let mut config = format!(
            "@version: 3.38\noptions {{ keep-hostname(yes); stats-freq(0); }};\nsource s {{ unix-dgram({socket:?}); }};\n"
        );
        for (n, destination) in destinations.iter().enumerate() {
            config += &format!(
                "destination d{n} {{ {destination}; }};\nlog {{ source(s); destination(d{n}); }};\n"
            );
        }
        let configured = dir.join("syslog-ng.conf");
        fs::write(&configured, config).expect("syslog-ng.conf");
        let mut command = program(&root, "usr/sbin/syslog-ng");
        command.args(["-F", "--no-caps", "-f"]).arg(configured);
        command
            .arg("-R")
            .arg(dir.join("persist"))
            .arg("-p")
            .arg(dir.join("pid"))
            .arg("-c")
            .arg(dir.join("control"));
        let mut modules = std::ffi::OsString::from("--module-path=");
        modules.push(directory_of(&root, "libaffile.so"));
        command.arg(modules);
        Self::start(command, socket)
    }

    /// BusyBox's syslogd. It knows no socket but /dev/log: a preloaded library gives it another one.
    pub fn busybox(dir: &Path, options: &[&str], file: &Path) -> Self {
        let socket = dir.join("busybox.sock");
        let mut command = Command::new("busybox");
        command.env("LD_PRELOAD", preload::library("tests/support/syslogd.c")).env("DEV_LOG", &socket);
        command.args(["syslogd", "-n"]).args(options).arg("-O").arg(file);
        Self::start(command, socket)
    }

    fn start(mut command: Command, socket: PathBuf) -> Self {
        let child = command.env("TZ", "UTC").stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let daemon = Syslogd { child, socket };
        wait_until("the syslogd listens", || {
            UnixDatagram::unbound().expect("a socket").connect(&daemon.socket).is_ok()
        });
        daemon
    }

    /// Sends messages as syslog(3) does: facility mail, severity info.
    pub fn send(&self, stamp: &str, messages: &[&str]) {
        let socket = UnixDatagram::unbound().expect("a socket");
        socket.connect(&self.socket).expect("the syslogd");
        for message in messages {
            socket.send(format!("<22>{stamp} {message}").as_bytes()).expect("a message");
        }
    }
}

/// Waits until the last line of `file` ends with `text`.
pub fn wait_for_line(file: &Path, text: &str) {
    let last = format!("{text}\n");
    wait_until(&format!("{} has its last line", file.display()), || {
        fs::read_to_string(file).is_ok_and(|log| log.ends_with(&last))
    });
}

/// Where scripts/syslogds.sh unpacked a package.
fn unpacked(package: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/syslogds").join(package);
    assert!(root.join("complete").exists(), "{} is missing: run `make deps`", root.display());
    root
}

/// A program of an unpacked package, with the libraries that came along.
fn program(root: &Path, name: &str) -> Command {
    let mut command = Command::new(root.join(name));
    let libraries = directories(root).into_iter().filter(|dir| has(dir, ".so"));
    command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).expect("paths without colons"));
    command
}

fn directory_of(root: &Path, file: &str) -> PathBuf {
    let found = directories(root).into_iter().find(|dir| dir.join(file).exists());
    found.unwrap_or_else(|| panic!("no {file} in {}", root.display()))
}

fn has(dir: &Path, part: &str) -> bool {
    let entries = fs::read_dir(dir).expect("a directory");
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains(part))
}

/// `root` and all directories below it.
fn directories(root: &Path) -> Vec<PathBuf> {
    let mut all = vec![root.to_owned()];
    let mut at = 0;
    while let Some(dir) = all.get(at) {
        let entries = fs::read_dir(dir).expect("a directory");
        let below: Vec<PathBuf> =
            entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect();
        all.extend(below);
        at += 1;
    }
    all
}

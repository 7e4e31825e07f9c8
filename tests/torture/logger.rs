//! multilog, svlogd and s6-log, fed through a pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::lines::Feed;
use super::process;
use crate::support::multilog::link_to_maillogs;
use crate::support::store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Multilog,
    Svlogd,
    S6Log,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Multilog => "multilog",
            Kind::Svlogd => "svlogd",
            Kind::S6Log => "s6-log",
        }
    }

    /// So long after its processor was killed it waits.
    pub fn pause(self) -> Duration {
        Duration::from_secs(match self {
            Kind::Multilog => 10,
            Kind::Svlogd => 0,
            Kind::S6Log => 2,
        })
    }
}

/// Where `feed`'s logger writes.
pub fn dir(store: &Store, feed: &Feed) -> PathBuf {
    store.base().join(feed.dir)
}

/// What the logger, its processors and all else say.
pub fn said(store: &Store) -> File {
    let path = store.path("stderr");
    OpenOptions::new().append(true).create(true).open(path).expect("stderr")
}

/// A running logger. It and its processors are a process group of their own, which dies with it when this is dropped.
#[derive(Debug)]
pub struct Logger {
    child: Child,
    stdin: Option<ChildStdin>,
    /// What the pipe did not take yet.
    pending: Vec<u8>,
}

impl Logger {
    /// Rolls as often as it can, through `feed`'s processor, and keeps every chunk. With a `shell`, one stays between
    /// the two, as it does with svlogd.
    pub fn start(kind: Kind, store: &Store, feed: &Feed, shell: bool) -> Self {
        let dir = dir(store, feed);
        let processor = store.path("bin").join(feed.log);
        fs::create_dir_all(&dir).expect("mkdir");
        link_to_maillogs(&processor);
        // Where a logger dies whose processor stands still, the kernel sends that a HUP.
        let processor = match shell {
            true => format!("trap '' HUP; '{}' || exit 111", processor.display()),
            false => format!("trap '' HUP; exec '{}'", processor.display()),
        };
        let mut command = store.command(kind.name());
        match kind {
            Kind::Multilog | Kind::S6Log => {
                let mark = if kind == Kind::Multilog { '!' } else { '?' };
                command.args(["n100000", "s4096"]);
                command.arg(format!("{mark}{processor}"));
            }
            Kind::Svlogd => {
                let config = format!("s2500\nn0\n!{processor}\n");
                fs::write(dir.join("config"), config).expect("svlogd's config");
            }
        }
        let mut child = command
            .arg(&dir)
            .stdin(Stdio::piped())
            .stderr(said(store))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", kind.name()));
        let stdin = child.stdin.take().expect("a pipe");
        fcntl(&stdin, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("fcntl");
        Logger { child, stdin: Some(stdin), pending: Vec::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Hands on what the pipe takes. `true`: all of it, and more may come.
    pub fn pump(&mut self) -> bool {
        let Some(stdin) = &mut self.stdin else { return false };
        while !self.pending.is_empty() {
            match stdin.write(&self.pending) {
                Ok(n) => drop(self.pending.drain(..n)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == ErrorKind::BrokenPipe => return false,
                Err(e) => panic!("feeding the logger: {e}"),
            }
        }
        true
    }

    pub fn feed(&mut self, lines: &[u8]) {
        self.pending.extend(lines);
        self.pump();
    }

    /// Kills it alone. `false`: it was dead already.
    pub fn kill(&mut self) -> bool {
        let alive = self.is_alive();
        let _ = self.child.kill();
        self.child.wait().expect("waiting for the logger");
        alive
    }

    /// Kills all that it started too.
    pub fn kill_all(&mut self) -> bool {
        let alive = self.is_alive();
        if alive {
            process::kill_group(self.id());
            self.child.wait().expect("waiting for the logger");
        }
        alive
    }

    /// Ends the input and waits until it has ended. `true`: it was content.
    pub fn finish(&mut self) -> bool {
        process::wait_until("the logger has read all", || self.pump() || !self.is_alive());
        drop(self.stdin.take());
        process::wait_until("the logger ends", || !self.is_alive());
        self.child.wait().expect("waiting for the logger").success()
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        self.kill_all();
    }
}

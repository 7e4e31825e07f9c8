//! One protocol's feed under one configuration: where its files are, and what it reads.
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::feeds::{Feed, feeds};
use super::intake::Intake;
use super::read_options::ReadOptions;
use super::under;
use crate::config::Config;
use crate::error::{At, Result};
use crate::protocol::Protocol;
use crate::protocol::memory::Messages;
use crate::store::files::{Legacy, Store};
use crate::store::session::StateOrigin;
use crate::store::state::State;

/// Runs what must be done as root (opening syslog), if we began as root; else as oneself.
pub type AsRoot = fn(&mut dyn FnMut());

/// One protocol's feed under one configuration.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The configuration in force.
    pub config: &'a Config,
    /// The protocol and its sources.
    pub feed: &'a Feed,
    /// The clock, unix seconds. It is read once the lock is held.
    pub clock: fn() -> i64,
    /// Runs a function with root's rights, to read files of others.
    pub as_root: AsRoot,
}

impl Job<'_> {
    /// Where the protocol's files are.
    pub fn store(&self) -> Store {
        let (config, feed) = (self.config, self.feed);
        let counter_file = config.logs_counters.join(&feed.counter_file);
        Store {
            base: config.logs_base.clone(),
            protocol: feed.protocol,
            legacy: Legacy::candidates(feed.protocol.name, &config.logs_counters, &counter_file),
            counter_file,
            state_dir: config.logs_base.join("state"),
            rrd: self.rrd(),
            step: i64::from(config.rrd_step),
            may_drop: !config.broken,
            under: Some(under::under(config, feed)),
        }
    }

    /// The protocol's RRD; the file need not exist yet.
    pub fn rrd(&self) -> PathBuf {
        self.config.rrd_dir.join(format!("{}.rrd", self.feed.protocol.name))
    }

    /// The processor of another protocol, and that protocol, if the configuration names `directory` for that one and not for this.
    pub(super) fn other_reader_of(&self, directory: &Path) -> Option<(String, &'static Protocol)> {
        let is_it =
            |dir: &PathBuf| dir == directory || std::fs::canonicalize(dir).is_ok_and(|dir| dir == directory);
        if self.feed.directories.iter().any(is_it) {
            return None;
        }
        let other = feeds(self.config).into_iter().find(|feed| feed.directories.iter().any(is_it))?;
        Some((other.log.unwrap_or_default(), other.protocol))
    }

    /// How its sources are read.
    ///
    /// # Errors
    /// When the state is damaged, and how old the counter file is cannot be told.
    pub fn read_options(&self, now: i64, origin: StateOrigin) -> Result<ReadOptions> {
        let known_until = if origin == StateOrigin::Damaged { self.store().counted_until()? } else { None };
        Ok(ReadOptions {
            step: i64::from(self.config.rrd_step),
            tai_offset: self.config.logs_tai_offset,
            now,
            archive: self.config.logs_archive,
            may_time_out: false,
            origin,
            force: false,
            known_until,
        })
    }

    /// The name of its archive; none is written where there is none.
    pub(super) fn log(&self) -> &str {
        self.feed.log.as_deref().unwrap_or_default()
    }

    /// Begins to read from `state`.
    ///
    /// # Errors
    /// When the messages in the queue cannot be read at this moment.
    pub fn intake(&self, how: ReadOptions, mut state: State) -> Result<Intake> {
        let mut earlier = None;
        if let Some(named) = state.messages.file.filter(|_| self.feed.protocol.follows_messages) {
            earlier = self.store().earlier(&named, !how.may_time_out)?;
            if earlier.is_none() {
                // The next commit knows that it is lost, and says so once.
                state.messages.file = None;
            }
        }
        let messages = Messages::of(&state.messages.changed, earlier);
        let untai = self.config.logs_archive_untai;
        Ok(Intake::new(self.feed.protocol, self.log(), untai, how, state, messages))
    }

    /// The directories to read: those of the configuration, and those that a logger ran us in, unless the configuration
    /// names them for another protocol now.
    ///
    /// # Errors
    /// When it cannot be told which directory a path leads to: by another name it would be another directory.
    pub fn directories(&self, state: &State) -> Result<Vec<PathBuf>> {
        let named = self.feed.directories.iter().map(PathBuf::as_path);
        let known = state.ledger.directories.iter().map(|d| Path::new(&d.path));
        let known = known.filter(|path| self.other_reader_of(path).is_none());
        let mut all: Vec<PathBuf> = Vec::new();
        for path in named.chain(known.filter(|p| !p.as_os_str().is_empty())) {
            let path = match std::fs::canonicalize(path) {
                Ok(path) => path,
                // One that was not there when it was met first is known by a name that led nowhere then.
                // So is one that leads nowhere: a file in the place of a directory, a circle of links.
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
                    ) || e.raw_os_error() == Some(nix::libc::ELOOP) =>
                {
                    path.to_owned()
                }
                Err(e) => return Err(e).at("look at", path),
            };
            if !all.contains(&path) {
                all.push(path);
            }
        }
        Ok(all)
    }
}

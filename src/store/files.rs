//! Where a protocol's files are.
use std::path::PathBuf;

use super::under::Under;
use crate::protocol::Protocol;

/// A counter file of an older maillogs. It is read, and left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legacy {
    /// The file.
    pub path: PathBuf,
    /// Does it belong to another protocol, and holds counters of ours too?
    pub shared: bool,
}

/// Where a protocol's files are.
#[derive(Clone, Debug)]
pub struct Store {
    /// `logs_base`: the archive's root.
    pub base: PathBuf,
    /// What is counted.
    pub protocol: &'static Protocol,
    /// The counter file.
    pub counter_file: PathBuf,
    /// Where an older maillogs had it; looked into on the first run, if the counter file is not there.
    pub legacy: Vec<Legacy>,
    /// The directory of state, journal, intent and lock.
    pub state_dir: PathBuf,
    /// The round robin database.
    pub rrd: PathBuf,
    /// One bin, in seconds.
    pub step: i64,
    /// May the RRD lose data sources that the protocol has no more? Not because of a typo in toaster.conf.
    pub may_drop: bool,
    /// The configuration that the store is written under; `None`: it is not checked.
    pub under: Option<Under>,
}

impl Store {
    pub(super) fn file(&self, what: &str) -> PathBuf {
        self.state_dir.join(format!("{}.{what}", self.protocol.name))
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.file("journal")
    }

    /// Has the protocol any counters?
    pub(super) fn counts(&self) -> bool {
        !self.protocol.counters.is_empty()
    }

    /// The copy beside the counter file.
    pub(super) fn counters_copy(&self) -> PathBuf {
        self.counter_file.with_file_name(format!(".{}.state", self.protocol.name))
    }

    /// The copy beside the RRD.
    pub(super) fn rrd_copy(&self) -> PathBuf {
        self.rrd.with_file_name(format!(".{}.state", self.protocol.name))
    }

    /// `logs_base`, by its path without links.
    pub(super) fn real_base(&self) -> PathBuf {
        std::fs::canonicalize(&self.base).unwrap_or_else(|_| self.base.clone())
    }
}

//! How the files of a protocol are.
use std::path::PathBuf;

use super::aside;
use super::files::Store;
use super::record::{LARGEST_RECORD, decode};
use super::rrd::header::Header;
use super::state::State;
use super::upgrade::{Fit, fitness};
use super::wanted;
use crate::disk;
use crate::error::Error;
use crate::ledger::digest;

/// How the files of a protocol are, without changing any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is a state, and it can be read.
    Fine,
    /// There is none yet.
    Fresh,
    /// A state or journal of ours that somebody changed.
    Damaged(PathBuf),
    /// A journal or an intent: a commit is under way, or was cut off.
    Unfinished(PathBuf),
    /// Somebody holds the lock.
    Locked(PathBuf),
    /// The counter file is not as we wrote it.
    Edited(PathBuf),
    /// Something cannot be read; why.
    Unreadable(PathBuf, String),
    /// The state is gone, damaged or older than this copy of it, which the next process goes on from.
    Behind(PathBuf),
    /// A directory of ours is gone with everything in it, since this unix time.
    Vanished(PathBuf, i64),
    /// The counter file is an older one of ours.
    OlderCounters(PathBuf),
    /// A file that was moved out of the way, when (unix seconds), and why.
    Aside(PathBuf, i64, &'static str),
}

/// Why files are moved out of the way, as it stands in their names, and what that means.
const WHY: [(&str, &str); 3] = [
    ("corrupt", "it was damaged"),
    (
        "old",
        "it has data sources or a step that toaster.conf no longer has; the RRD in its place has the rest",
    ),
    ("future", "a clock that was days ahead had written to it"),
];

impl Store {
    /// Has the RRD with this header the data sources of all that the last commit knows, and no others?
    pub fn has_wanted_sources(&self, header: &Header) -> bool {
        match self.read() {
            Ok(Some(state)) => wanted::after(self.protocol, &state, &[], header).sources == header.sources,
            _ => fitness(self, header) == Fit::Good,
        }
    }

    /// Looks at lock, state, journal, intent, counter file, at copies, and at what was moved aside.
    pub fn health(&self, now: i64) -> Vec<Health> {
        let mut found = Vec::new();
        let lock = self.file("lock");
        let held = std::fs::File::open(&lock)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)));
        if held {
            found.push(Health::Locked(lock));
        }
        for name in ["journal", "intent"] {
            match disk::read_within(&self.file(name), LARGEST_RECORD) {
                Ok(None) => {}
                Err(Error::TooLarge { path, .. }) => found.push(Health::Damaged(path)),
                Ok(Some(_)) => found.push(Health::Unfinished(self.file(name))),
                Err(e) => found.push(Health::Unreadable(self.file(name), e.to_string())),
            }
        }
        let path = self.file("state");
        let state = match disk::read_within(&path, LARGEST_RECORD) {
            Err(Error::TooLarge { path, .. }) => {
                found.push(Health::Damaged(path));
                None
            }
            Ok(Some(bytes)) => match decode::<State>(&bytes) {
                Some(state) => Some(state),
                None => {
                    found.push(Health::Damaged(path));
                    None
                }
            },
            Ok(None) => {
                found.push(Health::Fresh);
                None
            }
            Err(e) => {
                found.push(Health::Unreadable(path, e.to_string()));
                None
            }
        };
        for (dir, since) in state.iter().flat_map(|s| &s.vanished) {
            found.push(Health::Vanished(dir.into(), *since));
        }
        match self.newer_copy(state.as_ref()) {
            Ok(None) => {}
            Ok(Some((_, path))) => found.push(Health::Behind(path)),
            Err(e) => found.push(Health::Unreadable(self.counters_copy(), e.to_string())),
        }
        let kept = ["state", "journal", "intent", "held"].map(|name| self.file(name));
        let ours = kept.into_iter().chain([self.counter_file.clone(), self.rrd.clone()]).collect::<Vec<_>>();
        for (path, (name, why)) in ours.iter().flat_map(|path| WHY.map(|why| (path, why))) {
            let aside = aside::all(path, name).into_iter();
            found.extend(aside.map(|(time, file)| Health::Aside(file, time, why)));
        }
        if let Some((state, written)) = state.as_ref().and_then(|s| Some((s, s.counter_file?))) {
            match disk::read(&self.counter_file) {
                Ok(Some(bytes)) if digest(&[&bytes]) == written => found.push(Health::Fine),
                Ok(Some(bytes)) if self.is_older_copy(state, &bytes, now) => {
                    found.push(Health::OlderCounters(self.counter_file.clone()));
                }
                Ok(_) | Err(Error::TooLarge { .. }) => found.push(Health::Edited(self.counter_file.clone())),
                Err(e) => found.push(Health::Unreadable(self.counter_file.clone(), e.to_string())),
            }
        }
        found
    }
}

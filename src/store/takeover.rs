//! The first run: the counters of an older maillogs go on, whatever their file was called.
//!
//! A query before the first commit answers as that commit will, so both decide here.
use std::fmt::Display;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::counters::{self, CounterFile};
use super::files::{Legacy, Store};
use super::rrd::header::{Look, peek};
use super::session::StateOrigin;
use super::state::State;
use super::upgrade::{Fit, fitness};
use crate::disk;
use crate::error::{Error, Result};
use crate::protocol::{OlderFile, shipped};

/// The names, newest first, under which versions 3 to 5 had the counters of `protocol` when their configuration
/// was silent, and whether another protocol's file is meant.
fn names(protocol: &str) -> Vec<(String, bool)> {
    let of = |file: &OlderFile| match file {
        OlderFile::Alone(name) => ((*name).to_owned(), false),
        OlderFile::Shared(name) => ((*name).to_owned(), true),
    };
    let card = shipped().iter().find(|card| card.name == protocol);
    match card.map_or(&[][..], |card| card.older_files) {
        [] => vec![(format!("{protocol}.txt"), false)],
        files => files.iter().map(of).collect(),
    }
}

impl Legacy {
    /// The files below `dir` that may hold older counters of `protocol`, in order of precedence; without
    /// `configured`, which is the counter file itself.
    pub fn candidates(protocol: &str, dir: &Path, configured: &Path) -> Vec<Legacy> {
        names(protocol)
            .into_iter()
            .map(|(name, shared)| Legacy { path: dir.join(name), shared })
            .filter(|legacy| legacy.path != configured)
            .collect()
    }
}

/// What the older files say, if any of them names a counter: each counter by the first that does. `say` is told
/// where it was found.
pub(super) fn older(store: &Store, say: &dyn Fn(&dyn Display)) -> Option<CounterFile> {
    let mut all: Option<CounterFile> = None;
    for Legacy { path, shared } in &store.legacy {
        let bytes = match disk::read(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(e) => {
                say(&format_args!("{e}; its counters are not taken over"));
                continue;
            }
        };
        let parse = if *shared { counters::parse_shared } else { counters::parse };
        let file = parse(store.protocol, &bytes);
        if !file.has_counters() {
            continue;
        }
        let all = all.get_or_insert_with(|| CounterFile {
            totals: vec![None; store.protocol.counters.len()],
            ..CounterFile::default()
        });
        let mut taken = Vec::new();
        for (i, (known, found)) in all.totals.iter_mut().zip(&file.totals).enumerate() {
            if known.is_none() && found.is_some() {
                *known = *found;
                taken.push(store.protocol.counters[i].key);
            }
        }
        for (key, value) in file.extra {
            all.extra.entry(key).or_insert(value);
        }
        let (from, to) = (path.display(), store.counter_file.display());
        if taken.is_empty() {
            say(&format_args!("{from}: older than what was taken over already; left as it is"));
        } else {
            say(&format_args!("{from}: taken over, its counters go on in {to}: {}", taken.join(" ")));
        }
        let lines: Vec<String> = file.rejected.iter().map(|(number, _)| number.to_string()).collect();
        if !lines.is_empty() {
            say(&format_args!(
                "{from}: some lines are not counters and are not taken over: line {}",
                lines.join(", ")
            ));
        }
    }
    all
}

/// This many counters do not stand in alphabetical order by chance.
const TELLING: usize = 9;

/// Is there an RRD or a counter file that this program wrote? Then a store without a state is not new. The Perl
/// maillogs had neither RRDs nor an order in its counter files.
pub(super) fn is_ours(store: &Store) -> bool {
    let has_rrd =
        matches!(peek(&store.rrd), Ok(Look::Sound(header)) if fitness(store, &header) != Fit::Foreign);
    let odometers = store.protocol.counters.iter().filter(|c| c.kind.is_odometer()).count();
    has_rrd
        || (odometers >= TELLING
            && matches!(disk::read(&store.counter_file), Ok(Some(bytes)) if counters::is_as_we_write(store.protocol, &bytes)))
}

impl Store {
    /// What a query begins with before the first commit: what that commit will begin with. Nothing is said.
    ///
    /// # Errors
    /// When the counter file is there and cannot be read.
    pub fn before_first_commit(&self) -> Result<(State, StateOrigin)> {
        let mut state = State::new(self.protocol);
        // A damaged state is set aside by the next commit, which takes the sources as known; so do we.
        let damaged = std::fs::symlink_metadata(self.file("state")).is_ok() || is_ours(self);
        let mut origin = if damaged { StateOrigin::Damaged } else { StateOrigin::First };
        if !self.counts() {
            return Ok((state, origin));
        }
        let file = match disk::read(&self.counter_file) {
            Ok(Some(bytes)) => Some(counters::parse(self.protocol, &bytes)).filter(|f| !f.is_hopeless()),
            Ok(None) if !damaged => older(self, &|_| ()),
            Ok(None) => None,
            // Something else in its place is set aside too.
            Err(Error::TooLarge { .. }) => None,
            Err(_) if std::fs::symlink_metadata(&self.counter_file).is_ok_and(|m| !m.is_file()) => None,
            Err(e) => return Err(e),
        };
        if let Some(file) = file {
            if origin == StateOrigin::First {
                origin = StateOrigin::TakenOver;
            }
            file.put_into(&mut state.totals, &mut state.extra);
        }
        Ok((state, origin))
    }

    /// When the counter file was written last (seconds, nanoseconds): what had been logged by then is in it.
    ///
    /// # Errors
    /// When it may be there, and cannot be looked at.
    pub fn counted_until(&self) -> Result<Option<(i64, i64)>> {
        let meta = match std::fs::symlink_metadata(&self.counter_file) {
            Ok(meta) if meta.is_file() => meta,
            Ok(_) => return Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Error::Io { action: "look at", path: self.counter_file.clone(), source });
            }
        };
        // A file system may keep whole seconds, and the kernel's clock for files ticks every few milliseconds: of
        // two lines of the same tick one may be missed, but none is counted twice.
        Ok(Some(match meta.mtime_nsec() {
            0 => (meta.mtime(), 999_999_999),
            nanos => (meta.mtime(), nanos + 10_000_000),
        }))
    }
}

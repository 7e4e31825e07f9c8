//! The configuration that a store is opened under, and what of it decides how the store looks.
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::ledger::{Digest, digest};
use crate::protocol::{CounterKind, Protocol};

/// What of a configuration decides how the store of a protocol looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// `logs_base`.
    pub base: PathBuf,
    /// `rrd_step`.
    pub step: i64,
    /// The counters, in order, each with its kind.
    pub counters: Vec<String>,
    /// The counter file, below `logs_base` where it is there.
    pub counter_file: PathBuf,
    /// The RRD, likewise.
    pub rrd: PathBuf,
}

/// A configuration as [`Under::read`] finds it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no such file any more, or no such protocol in it.
    Gone,
    /// It cannot be read, or has an error; what was said of it.
    Unreadable(String),
    /// What it wants.
    Wants(Form),
}

/// The configuration that a store is opened under.
#[derive(Clone, Debug)]
pub struct Under {
    /// The file, by the name that it was given; empty: the built-in defaults.
    pub config: String,
    /// The same, by the name that no link is part of.
    pub real: String,
    /// What it wants.
    pub form: Form,
    /// Does its last line lack the newline? Then it may have been cut off.
    pub cut: bool,
    /// Reads what another file wants for a protocol.
    pub read: fn(&Path, &str) -> Found,
}

impl Form {
    /// That of a protocol, with these places.
    pub fn of(protocol: &Protocol, base: &Path, step: i64, counter_file: &Path, rrd: &Path) -> Form {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let real_base = real(base);
        let below = |path: &Path| -> PathBuf {
            let dir = real(path.parent().unwrap_or(path));
            let found = path.strip_prefix(base).or_else(|_| dir.strip_prefix(&real_base));
            match found {
                // The name is the path's last part in both cases.
                Ok(below) if path.starts_with(base) => below.to_owned(),
                Ok(below) => below.join(path.file_name().unwrap_or_default()),
                Err(_) => dir.join(path.file_name().unwrap_or_default()),
            }
        };
        let counters = protocol.counters.iter().map(|c| format!("{} {}", c.key, kind(c.kind))).collect();
        Form { base: base.to_owned(), step, counters, counter_file: below(counter_file), rrd: below(rrd) }
    }

    pub(super) fn counters_digest(&self) -> Digest {
        digest(&[self.counters.join("\n").as_bytes()])
    }

    pub(super) fn places_digest(&self) -> Digest {
        let paths = [&self.counter_file, &self.rrd].map(|path| path.as_os_str().as_encoded_bytes());
        digest(&[&self.step.to_le_bytes(), paths[0], b"\n", paths[1]])
    }

    /// Does it mean the same directory?
    pub(super) fn is_of(&self, base: &Path) -> bool {
        let same = |a: &Path, b: &Path| {
            let id = |path: &Path| std::fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
            id(a).is_some() && id(a) == id(b)
        };
        self.base == base || same(&self.base, base)
    }

    /// What is otherwise in another form, in words.
    pub(super) fn differs(&self, other: &Form) -> String {
        let mut all = Vec::new();
        if self.step != other.step {
            all.push(format!("rrd_step is {} here and {} there", self.step, other.step));
        }
        let only = |these: &Form, those: &Form| -> String {
            let key = |counter: &String| counter.split(' ').next().unwrap_or_default().to_owned();
            let keys = these.counters.iter().filter(|c| !those.counters.contains(c)).map(key);
            keys.collect::<Vec<_>>().join(" ")
        };
        for (keys, place) in [(only(self, other), "here"), (only(other, self), "there")] {
            if !keys.is_empty() {
                all.push(format!("only {place} there are the counters {keys}"));
            }
        }
        for (what, here, there) in
            [("counter file", &self.counter_file, &other.counter_file), ("RRD", &self.rrd, &other.rrd)]
        {
            if here != there {
                all.push(format!("the {what} is {} here and {} there", here.display(), there.display()));
            }
        }
        if all.is_empty() {
            all.push("the counters are in another order".to_owned());
        }
        all.join("; ")
    }
}

fn kind(kind: CounterKind) -> &'static str {
    match kind {
        CounterKind::Count => "count",
        CounterKind::Sum => "sum",
        CounterKind::Net => "net",
        CounterKind::Peak => "peak",
        CounterKind::Level => "level",
        CounterKind::Derived(_) => "derived",
    }
}

//! Under which configurations a store is written.
//!
//! Cron's toaster.conf and the loggers' may be two files: `TOASTER_CONF` is set here and not there. If they mean the
//! same store and want another form of it (one has a counter more, or another step), each run would make the RRD anew
//! as the other one left it. So the state remembers who wrote it last, and the one that comes with another form while
//! the other file still stands is refused. A file that was edited, moved, or means another store by now, is not in the
//! way.
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::commit::Store;
use super::state::{State, Writer};
use crate::error::{Error, Result};
use crate::ledger::{Digest, digest};
use crate::protocol::{Kind, Protocol};

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

/// Of how many configurations the state keeps when they were used.
const MOST: usize = 4;

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

    fn counters_digest(&self) -> Digest {
        digest(&[self.counters.join("\n").as_bytes()])
    }

    fn places_digest(&self) -> Digest {
        let paths = [&self.counter_file, &self.rrd].map(|path| path.as_os_str().as_encoded_bytes());
        digest(&[&self.step.to_le_bytes(), paths[0], b"\n", paths[1]])
    }

    /// Does it mean the same directory?
    fn is_of(&self, base: &Path) -> bool {
        let same = |a: &Path, b: &Path| {
            let id = |path: &Path| std::fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
            id(a).is_some() && id(a) == id(b)
        };
        self.base == base || same(&self.base, base)
    }

    /// What is otherwise in another form, in words.
    fn differs(&self, other: &Form) -> String {
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

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Count => "count",
        Kind::Sum => "sum",
        Kind::Net => "net",
        Kind::Peak => "peak",
        Kind::Level => "level",
        Kind::Derived(_) => "derived",
    }
}

impl Store {
    /// Why the store must not be written under this configuration; `None`: it may. `last` is the last commit.
    pub fn clash(&self, last: &State) -> Option<String> {
        let under = self.under.as_ref()?;
        let writer = last.writers.last()?;
        let form = &under.form;
        if (writer.form, writer.places) == (form.counters_digest(), form.places_digest()) {
            return None;
        }
        let name = self.protocol.name;
        // A link that leads to another file by now is an edit.
        let is_same =
            |file: &str| std::fs::canonicalize(file).is_ok_and(|real| real == Path::new(&under.real));
        if writer.config == under.config || is_same(&writer.config) {
            return under.cut.then(|| self.cut_off(last, writer)).flatten();
        }
        if writer.config.is_empty() {
            return None;
        }
        let here = if under.config.is_empty() { "the built-in defaults" } else { &under.config };
        let (there, base) = (&writer.config, self.base.display());
        let way = "give both the same, or let everybody use one file (--config, TOASTER_CONF), and remove the other";
        match (under.read)(Path::new(there), name) {
            Found::Gone => None,
            Found::Wants(other)
                if !other.is_of(&self.base)
                    || other == (Form { base: other.base.clone(), ..form.clone() }) =>
            {
                None
            }
            Found::Wants(other) => Some(format!(
                "{here}: the store {base} of {name} was last written under {there}, which wants it otherwise: {}; {way}",
                form.differs(&other)
            )),
            Found::Unreadable(why) => Some(format!(
                "{here}: the store {base} of {name} was last written under {there}, which wanted it otherwise and cannot be read now ({why}); {way}"
            )),
        }
    }

    /// Are counter file or RRD wanted elsewhere than the last commit had them? Then they are not gone.
    pub(super) fn has_moved(&self, last: &State) -> bool {
        let (Some(under), Some(writer)) = (&self.under, last.writers.last()) else { return false };
        writer.places != under.form.places_digest()
    }

    /// A file that ends within a line and has lost something was most likely cut off.
    fn cut_off(&self, last: &State, writer: &Writer) -> Option<String> {
        let under = self.under.as_ref()?;
        let lost: Vec<&str> =
            last.keys.iter().map(String::as_str).filter(|key| self.protocol.index(key).is_none()).collect();
        let what = match lost.is_empty() {
            false => format!("no longer has the counters {}", lost.join(" ")),
            true if writer.places != under.form.places_digest() => {
                "has another rrd_step, or other places".to_owned()
            }
            true => return None,
        };
        Some(format!(
            "{}: ends without a newline, and {what}: was it cut off? If it is whole, put a newline at its end",
            under.config
        ))
    }

    /// Refuses to write under a configuration that takes turns with another one.
    pub(super) fn refuse_to_take_turns(&self) -> Result<()> {
        if self.under.is_none() {
            return Ok(());
        }
        let clash = self.last_commit()?.and_then(|last| self.clash(&last));
        clash.map_or(Ok(()), |text| Err(Error::Message(text)))
    }

    /// Notes in a commit under which configuration it is made.
    pub(super) fn sign(&self, state: &mut State, now: i64) {
        let Some(under) = &self.under else { return };
        state.writers.retain(|writer| writer.config != under.config);
        let surplus = (state.writers.len() + 1).saturating_sub(MOST);
        state.writers.drain(..surplus);
        state.writers.push(Writer {
            config: under.config.clone(),
            form: under.form.counters_digest(),
            places: under.form.places_digest(),
            seen: now,
        });
    }
}

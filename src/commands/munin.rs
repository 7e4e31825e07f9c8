//! `maillogs munin NAME`, and `maillogs_NAME`: a plugin of Munin.
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};

use super::context::{job, now, print};
use super::query::ALL;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::export::munin::{self, BEGIN, KEPT, Told};
use crate::ingest::feeds;
use crate::reading::Reading;
use crate::say::warn;
use crate::store::rrd::patient;
use crate::{disk, owner, query};

/// What Munin asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Munin {
    /// A protocol or a section, also as Munin spells it; or [`ALL`].
    pub part: String,
    /// One of [`QUESTIONS`].
    pub what: String,
}

/// What Munin may ask; the first one if it says nothing.
const QUESTIONS: [&str; 4] = ["fetch", "config", "autoconf", "suggest"];

/// `munin-node-configure` looks for these lines in the file of a plugin.
#[used]
static MARKERS: &str = "\n#%# family=auto\n#%# capabilities=autoconf suggest\n";

/// What is told by hand, where no file says what was told before, in seconds.
const BY_HAND: i64 = 900;

impl Munin {
    /// As the command line says it.
    pub(super) fn of(m: &ArgMatches) -> Self {
        let text = |name: &str| m.get_one::<String>(name).cloned().unwrap_or_default();
        Self { part: text("name"), what: text("question") }
    }
}

/// The part that a plugin of this file name is of: `maillogs_send`, or [`ALL`] for `maillogs_`.
pub(super) fn part_of(argv0: &Path) -> Option<String> {
    let part = argv0.file_name()?.to_str()?.strip_prefix(BEGIN)?;
    Some(if part.is_empty() { ALL } else { part }.to_owned())
}

/// Adds the options and their help to the command.
pub(super) fn define(command: Command) -> Command {
    command
        .about("Be a plugin of Munin; called as maillogs_NAME it is that one")
        .arg(
            Arg::new("name")
                .default_value(ALL)
                .value_name("NAME")
                .help("A protocol or a section; all: for autoconf and suggest"),
        )
        .arg(
            Arg::new("question")
                .default_value(QUESTIONS[0])
                .value_parser(PossibleValuesParser::new(QUESTIONS))
                .help("What Munin asks"),
        )
}

/// Answers.
///
/// # Errors
/// When there is no such part, or the answer cannot be printed.
pub(super) fn answer(config: &Config, asked: &Munin) -> Result<()> {
    patient::wait_at_most(patient::SHORT);
    owner::look_as_owner(config)?;
    match asked.what.as_str() {
        "suggest" => print(suggested(config).concat().as_bytes()),
        "autoconf" if asked.part == ALL => {
            let any = !suggested(config).is_empty();
            print(if any { b"yes\n" } else { b"no (nothing was counted yet)\n" })
        }
        "autoconf" => {
            let why = why_not(&reading(config, &asked.part)?);
            print(why.map_or_else(|| "yes\n".to_owned(), |why| format!("no ({why})\n")).as_bytes())
        }
        what => {
            let reading = reading(config, &asked.part)?;
            let is_dirty = std::env::var_os("MUNIN_CAP_DIRTYCONFIG").is_some_and(|set| set == "1");
            let config = if what == "config" { munin::config(&reading) } else { String::new() };
            if what == "config" && !is_dirty {
                return print(config.as_bytes());
            }
            tell(&reading, config)
        }
    }
}

/// What the part is at.
fn reading(config: &Config, name: &str) -> Result<Reading> {
    let feeds = feeds(config);
    let parts = || feeds.iter().flat_map(|feed| feed.protocol.parts().map(move |part| (feed, part)));
    let found = parts()
        .find(|(_, part)| *part == name)
        .or_else(|| parts().find(|(_, part)| munin::plugin(part) == name));
    let reading = found.and_then(|(feed, part)| {
        let job = job(config, feed);
        query::part(feed.protocol, query::glance(&job, now()), part)
    });
    reading.ok_or_else(|| {
        let names: Vec<String> = parts().map(|(_, part)| munin::plugin(part)).collect();
        Error::Usage(format!("munin: there is no {name:?}, only {}", names.join(", ")))
    })
}

/// The names of all plugins that have something to tell, one a line.
fn suggested(config: &Config) -> Vec<String> {
    let mut names = Vec::new();
    for feed in feeds(config) {
        let reading = query::glance(&job(config, &feed), now());
        let parts = query::parts(feed.protocol, reading);
        names.extend(
            parts
                .iter()
                .filter(|part| why_not(part).is_none())
                .map(|part| munin::plugin(part.protocol) + "\n"),
        );
    }
    names
}

/// Why it has nothing to tell; on one line.
fn why_not(reading: &Reading) -> Option<String> {
    let has_moved = reading.counters.iter().filter_map(|counter| counter.value).any(|value| value.moved);
    let why = match (&reading.unknown, &reading.failed) {
        _ if has_moved => return None,
        (Some(why), _) | (None, Some(why)) => why.as_str(),
        (None, None) => "nothing was counted yet",
    };
    Some(why.chars().map(|c| if c.is_control() || "()".contains(c) { ' ' } else { c }).collect())
}

/// Prints `before` and the values, and notes what was told.
fn tell(reading: &Reading, before: String) -> Result<()> {
    let file = std::env::var_os("MUNIN_STATEFILE").filter(|file| !file.is_empty()).map(PathBuf::from);
    let file = file.filter(|file| !owner::is_root() || is_roots(file.parent()));
    let noted = file.as_deref().and_then(noted);
    let is_known =
        reading.unknown.is_none() && reading.counters.iter().any(|counter| counter.value.is_some());
    if !is_known {
        let told = Told::Unknown(noted.map(|(_, last)| last));
        return print((before + &munin::values(reading, &told)).as_bytes());
    }
    if reading.measured {
        return print((before + &munin::values(reading, &Told::Now)).as_bytes());
    }
    let settled = reading.settled;
    // Since the last fetch but one: should its answer be lost on its way to the master, no minute is. The master leaves out
    // what it has.
    let from = match (noted, &file) {
        (Some((last_but_one, _)), _) => last_but_one.max(settled - KEPT),
        (None, Some(_)) => settled - KEPT,
        (None, None) => settled - BY_HAND,
    };
    let steps = query::steps(reading, from.clamp(0, settled.max(0)), settled);
    let steps = match steps {
        Ok(steps) if settled > 0 => steps,
        other => {
            other.err().into_iter().for_each(warn);
            let told = Told::Unknown(noted.map(|(_, last)| last));
            return print((before + &munin::values(reading, &told)).as_bytes());
        }
    };
    print((before + &munin::values(reading, &Told::Steps(&steps))).as_bytes())?;
    let last = noted.map_or(from, |(_, last)| last);
    if let Some(file) = file.filter(|_| noted.is_none_or(|(_, last)| last < settled)) {
        // Without it the next answer is longer, and no less right.
        let text = format!("{last} {settled}\n");
        owner::as_root(&mut || {
            disk::replace(&file, text.as_bytes(), 0o644).err().into_iter().for_each(warn);
        });
    }
    Ok(())
}

/// May root write there? munin-node gives each user's plugins a directory of their own; in another user's root would follow what
/// that user puts there.
fn is_roots(dir: Option<&Path>) -> bool {
    let meta = dir.and_then(|dir| dir.symlink_metadata().ok());
    meta.is_some_and(|meta| meta.is_dir() && meta.uid() == 0 && meta.mode() & 0o022 == 0)
}

/// Until when was told at the last fetch but one, and at the last one, unix seconds. What is in the future was told by a
/// clock that was wrong.
fn noted(file: &Path) -> Option<(i64, i64)> {
    // Its directory is that of the user who has started us.
    let mut bytes = None;
    owner::as_root(&mut || bytes = disk::read(file).map_err(warn).ok().flatten());
    let bytes = bytes?;
    let text = String::from_utf8(bytes).ok()?;
    let (last_but_one, last) = text.trim_end().split_once(' ')?;
    let noted = (last_but_one.parse().ok()?, last.parse().ok()?);
    Some(noted).filter(|(from, to)| from <= to && *to <= now())
}

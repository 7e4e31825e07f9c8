//! A protocol's card: everything that is particular to it, in its own file.
use std::fmt;

use super::attempts;
use super::bulk::{Bulk, Follow};
use super::by_classifier::ByClassifier;
use super::classify::{Classify, LogKind, Raise, Verdict};
use super::conf_sum::ConfSum;
use super::counter::Counter;
use super::memory::Memory;
use super::section::Section;
use crate::line::Line;
use crate::reading::family::Family;
use crate::reading::mta::Fact;
use crate::reading::role::{NOTHING, Overview};

/// Something that is counted from log lines, and all that the rest of the program has to know of it.
#[derive(Clone)]
pub struct Protocol {
    /// As in `maillogs NAME`; also the name of its state and RRD files.
    pub name: &'static str,
    /// Its heading on the pages.
    pub title: &'static str,
    /// One line for the usage.
    pub about: &'static str,
    /// The numbers, in the order in which the query prints them.
    pub counters: &'static [Counter],
    /// Raises what one line counts.
    pub classify: &'static Classify,
    /// Raises what a line counts together with lines before it, after `classify` has known it, and takes note of it.
    pub follow: Option<&'static Follow>,
    /// Does `follow` take note of messages, too?
    pub follows_messages: bool,
    /// The table of how attempts ended that `follow` counts, if it does.
    pub attempts: Option<&'static attempts::Table>,
    /// Makes what counts the usual lines of its log directories faster, and just as `classify` does, if there is something:
    /// see [`Protocol::bulk()`].
    pub bulk: Option<&'static MakeBulk>,
    /// Those of its counters that toaster.conf defines with `sum`.
    pub conf_sums: &'static [&'static ConfSum],
    /// Is syslog read for it? Then its classifier is told [`super::LogKind::Shared`] there.
    pub reads_syslog: bool,
    /// The programs that write the lines which it counts in syslog. Lines of other programs need not be shown to it.
    /// `None`: it may count lines of any program.
    pub writers: Option<Writers>,
    /// The processor of its loggers, if it may have log directories.
    pub processor: Option<Processor>,
    /// The key of toaster.conf that names growing files of its own, if it may have some.
    pub files_key: Option<&'static str>,
    /// Are its gauges measured in qmail's queue, not read from lines? Then a 0 is a value like any other.
    pub measured: bool,
    /// Does it have a counter for each list of [`super::rbl::TABLE`]?
    pub counts_lists: bool,
    /// Its counter file; `None`: `NAME.txt`, which toaster.conf cannot change.
    pub counter_file: Option<CounterFile>,
    /// The names that versions 3 to 5 gave its counter file, newest first; none: `NAME.txt`.
    pub older_files: &'static [OlderFile],
    /// Keys that have another name in the counter file: `(key, name)`.
    pub stored: &'static [(&'static str, &'static str)],
    /// Other names under which older counter files have a key: `(name, key)`.
    pub aliases: &'static [(&'static str, &'static str)],
    /// The counters that tell most of it, each with words for people: `(key, label)`, as for its first graph in Munin; none:
    /// the first of the table.
    pub main_counters: &'static [(&'static str, &'static str)],
    /// The templates of its graphs, `(name, text)`: `templates!["NAME"]`. Without any, a graph is made of its counters.
    pub templates: &'static [(&'static str, &'static str)],
    /// Parts of it that are asked for, shown and drawn by names of their own: `maillogs NAME`. Their lines, counter file and
    /// RRD are the protocol's.
    pub sections: &'static [Section],
    /// Do its graphs stand at the top of the page? All others follow in the order of the usage.
    pub leads_the_page: bool,
    /// By which metrics and labels other programs know its counters, but for those of its sections. What is in none of them is
    /// known by its key.
    pub families: &'static [Family],
    /// What its counters, but for those of its sections, say of the mail server as MTA-MIB asks.
    pub mta: &'static [Fact],
    /// What the overview of the pages has to know of it, but for its sections.
    pub page: Overview,
    /// What it is a second instance of, if toaster.conf made it of a built-in protocol.
    pub like: Option<Like>,
}

/// What a second instance of a built-in protocol was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Like {
    /// The built-in protocol.
    pub original: &'static str,
    /// What may be asked for, and what that is called in the original: `(name, name there)`.
    pub parts: &'static [(&'static str, &'static str)],
}

/// Makes a [`Bulk`].
pub type MakeBulk = dyn Fn() -> Box<dyn Bulk> + Send + Sync;

/// What a logger runs: `multilog … '!exec NAME' DIRECTORY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// What it is called by (argv\[0\]); also the name of its archive, under each day.
    pub name: &'static str,
    /// One line for the usage.
    pub about: &'static str,
    /// The log directories; `None`: `[protocol.NAME]` of toaster.conf names its only one.
    pub directories: Option<Directories>,
}

impl Processor {
    /// That of the protocol `name` of toaster.conf, `NAMElog`. A protocol lives as long as the process, so that its name may
    /// be leaked.
    pub(super) fn of_conf(name: &str) -> Processor {
        Processor {
            name: format!("{name}log").leak(),
            about: "Be the processor of this protocol's logger",
            directories: None,
        }
    }
}

/// The programs that write a protocol's lines of syslog. Every other line that has a host and a tag is
/// [`Verdict::Foreign`] to its classifier. (What has a `(` is no host: Dovecot's own log has a process and its user there.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writers {
    /// Their tags. One that ends with `(`, `/` or `-` stands for all tags that begin with it.
    pub tags: &'static [&'static [u8]],
    /// The beginnings of texts that are the protocol's under any tag.
    pub sentences: &'static [&'static [u8]],
    /// Beginnings of texts that settle what a line counts, whatever follows: the tag, and the beginning, of at most 48 bytes.
    /// The classifier is asked once for each of them, not for each line. The list may be incomplete: it only saves time.
    pub settled: &'static [(&'static [u8], &'static [u8])],
}

impl Writers {
    /// May a line with this tag be the protocol's?
    pub fn have_tag(&self, tag: &[u8]) -> bool {
        self.tags.iter().any(|known| match known.last() {
            Some(b'(' | b'/' | b'-') => tag.starts_with(known),
            _ => tag == *known,
        })
    }
}

/// Log directories of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directories {
    /// The key of toaster.conf.
    pub key: &'static str,
    /// The only directory, below `logs_base`, if toaster.conf does not set the key.
    pub default: &'static str,
}

/// A counter file that toaster.conf may call by another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterFile {
    /// The key of toaster.conf.
    pub key: &'static str,
    /// Its name, if toaster.conf does not set the key.
    pub default: &'static str,
}

/// A counter file of an older version, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlderFile {
    /// Of this protocol alone.
    Alone(&'static str),
    /// Of another protocol, with counters of this one among its own.
    Shared(&'static str),
}

/// What most protocols have in common, to be completed: they read syslog, and toaster.conf has no key for them.
pub const IN_SYSLOG: Protocol = Protocol {
    name: "",
    title: "",
    about: "",
    counters: &[],
    classify: &|_, _, _| Verdict::Foreign,
    follow: None,
    follows_messages: false,
    attempts: None,
    bulk: None,
    conf_sums: &[],
    reads_syslog: true,
    writers: None,
    processor: None,
    files_key: None,
    measured: false,
    counts_lists: false,
    counter_file: None,
    older_files: &[],
    stored: &[],
    aliases: &[],
    main_counters: &[],
    templates: &[],
    sections: &[],
    leads_the_page: false,
    families: &[],
    mta: &[],
    page: NOTHING,
    like: None,
};

/// Templates of the binary, by their names in `templates/`.
macro_rules! templates {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $name, ".toml")))),*]
    };
}
pub(super) use templates;

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protocol").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Protocol {
    /// Raises all that a line counts, and takes note of it.
    #[inline]
    pub fn count(
        &self,
        line: &Line<'_>,
        place: LogKind,
        memory: &mut Memory<'_>,
        raise: &mut Raise<'_>,
    ) -> Verdict {
        let verdict = (self.classify)(line, place, raise);
        if let Some(follow) = self.follow
            && verdict != Verdict::Foreign
        {
            follow(line, place, memory, raise);
        }
        verdict
    }

    /// What counts many lines of its log directories at once.
    pub fn bulk(&self) -> Box<dyn Bulk> {
        self.bulk.map_or_else(
            || Box::new(ByClassifier::following(self.classify, self.follow)) as Box<dyn Bulk>,
            |make| make(),
        )
    }

    /// The key of its log directories in toaster.conf, and the default.
    pub fn directories(&self) -> Option<Directories> {
        self.processor?.directories
    }

    /// The counters that no section has.
    pub fn own_counters(&self) -> impl Iterator<Item = &'static Counter> {
        self.counters
            .iter()
            .enumerate()
            .filter(|(i, _)| self.section(*i).is_none())
            .map(|(_, counter)| counter)
    }

    /// What may be asked for: its own name, and those of its sections.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.sections.iter().map(|section| section.name))
    }

    /// The section that has the counter at `position`; `None`: it is the protocol's own.
    pub fn section(&self, position: usize) -> Option<&'static Section> {
        self.sections.iter().find(|section| section.has(position))
    }

    /// The name of the built-in protocol that it is, or is a second instance of.
    pub fn original(&self) -> &'static str {
        self.like.map_or(self.name, |like| like.original)
    }

    /// The position of `key` in [`Protocol::counters`].
    pub fn index(&self, key: &str) -> Option<usize> {
        self.counters.iter().position(|c| c.key == key)
    }

    /// The name of the counter at `index` in the counter file.
    pub fn stored_name(&self, index: usize) -> &'static str {
        let key = self.counters[index].key;
        self.stored.iter().find(|(k, _)| *k == key).map_or(key, |(_, name)| name)
    }

    /// The position of the counter that a counter file calls `name`: as we write it, by its key, or as an older
    /// version did.
    pub fn stored_index(&self, name: &str) -> Option<usize> {
        let key = self
            .stored
            .iter()
            .find_map(|(key, stored)| (*stored == name).then_some(*key))
            .or_else(|| self.aliases.iter().find_map(|(old, key)| (*old == name).then_some(*key)))
            .unwrap_or(name);
        self.index(key)
    }
}

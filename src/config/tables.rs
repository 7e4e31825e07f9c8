//! The tables of toaster.conf: `[[rbl]]`, `[[counter]]` and `[protocol.NAME]`.
//!
//! An entry that is wrong in any way is reported with its line and left out whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::bytes::{Regex, RegexBuilder};
use toml::{Table, Value};

use super::alarm;
use super::custom::{Alarm, CustomList, CustomProtocol, CustomSource};
use super::document::{Document, Entry};
use super::fields::Config;
use super::problem::{Problem, ProblemKind, Severity};
use super::{keys, like, values};
use crate::protocol::custom::CustomCounter;
use crate::protocol::names::ds_name;
use crate::protocol::{Protocol, rbl, shipped};

/// Names that `[protocol.NAME]` may not have, besides those of the built-in protocols and of their processors: commands
/// that exist or may come, and words that mean something else already.
pub(super) const RESERVED: &[&str] = &[
    "alarm",
    "all",
    "archive",
    "check",
    "completions",
    "config",
    "counters",
    "explain",
    "export",
    "graph",
    "help",
    "import",
    "install",
    "logs",
    "man",
    "munin",
    "push",
    "rebuild",
    "report",
    "show",
    "snmp",
    "test",
    "update",
    "version",
    "yesterday",
];

/// The most memory that a compiled regex may take, in bytes: a logger's processor has a few megabytes for everything.
const LARGEST: usize = 1 << 20;

/// Fills `lists`, `protocols` and `counters` of `config`, whose paths are absolute already.
pub(super) fn read(config: &mut Config, document: &Document, file: &Path, problems: &mut Vec<Problem>) {
    let entry = |key: &str| document.entries.iter().find(|entry| entry.key == key);
    let [lists, protocols, counters, alarms] = [rbl::TABLE, "protocol", "counter", "alarm"].map(entry);
    if [lists, protocols, counters, alarms].iter().all(Option::is_none) {
        return;
    }
    let mut reader = Reader::new(config, file, problems);
    let lists = reader.items(lists);
    reader.read_each(&lists, Reader::list);
    let protocols = reader.named(protocols);
    reader.read_each(&protocols, Reader::protocol);
    let counters = reader.items(counters);
    reader.read_each(&counters, Reader::counter);
    reader.drop_the_empty();
    let alarms = reader.items(alarms);
    if !alarms.is_empty() {
        // Protocols are made once, and the tables that they may need are not read yet: these here are not kept.
        let protocols = reader.config.clone();
        reader.protocols = protocols.all_protocols().to_vec();
        reader.read_each(&alarms, Reader::alarm);
    }
}

/// One entry: a table of texts.
struct Part<'a> {
    /// `rbl`, `counter` or `protocol.NAME`.
    key: String,
    line: usize,
    value: Option<&'a Value>,
}

impl Part<'_> {
    /// Its keys, all of them among `known`.
    fn table(&self, known: &[&str]) -> Result<&Table, String> {
        let Some(Value::Table(table)) = self.value else {
            return Err("it is not a table".into());
        };
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) if keys::KEYS.iter().any(|ours| ours.name == key) => {
                Err(format!("{key} does not belong into a table; move it above all tables"))
            }
            Some(key) => {
                let near = keys::nearest_of(key, known.iter().copied());
                let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                Err(format!("there is no key {key:?} here, only {}{near}", known.join(", ")))
            }
            None => Ok(table),
        }
    }
}

/// The text at `key`, if it is there.
fn text(table: &Table, key: &str) -> Result<Option<String>, String> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => values::sound(text).map(Some).map_err(|e| format!("{key}: {e}")),
        Some(_) => Err(format!("{key} is not text; put it into quotes")),
    }
}

fn required(table: &Table, key: &str) -> Result<String, String> {
    text(table, key)?.ok_or_else(|| format!("{key} is missing"))
}

/// Refuses what is no name of a counter, list or protocol.
fn valid_name(name: String) -> Result<String, String> {
    let fits = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits {
        Ok(name)
    } else {
        let start: String = name.chars().take(60).collect();
        Err(format!("{start:?} is not a name: a letter of a to z, then at most 31 of a to z, 0 to 9 and _"))
    }
}

fn regex(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let built =
        RegexBuilder::new(pattern).unicode(false).case_insensitive(ignore_case).size_limit(LARGEST).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "match: it takes too much memory; repeat less in it".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("match: {} in the regular expression", last.trim_start_matches("error: "))
        }
    })
}

/// What a `[protocol.NAME]` with a key of `[[counter]]` is told, besides `error`.
fn without_patterns(part: &Part<'_>, error: String) -> String {
    let name = part.key.split_once('.').map_or("", |(_, name)| name);
    let keys = part.value.and_then(Value::as_table).map(Table::keys);
    let is_of_counter = |key: &String| ["match", "sum", "tag", "name", "help"].contains(&key.as_str());
    match keys.into_iter().flatten().find(|key| is_of_counter(key)) {
        Some(key) => format!("{key} belongs into a [[counter]] with protocol = {name:?}, below this table"),
        None => error,
    }
}

/// The names that counters of a protocol have already.
#[derive(Clone, Default)]
struct Taken {
    keys: BTreeSet<String>,
    ds: BTreeSet<String>,
}

impl Taken {
    fn names_of(protocol: &Protocol) -> Taken {
        let mut taken = Taken::default();
        for counter in protocol.counters {
            taken.keys.insert(counter.key.into());
            taken.ds.insert(counter.ds.into());
        }
        // Names in counter files are names too.
        let stored = protocol.stored.iter().map(|(_, name)| *name);
        let names = stored.chain(protocol.aliases.iter().map(|(name, _)| *name));
        taken.keys.extend(names.map(String::from));
        taken
    }

    /// Reserves all `keys`, or none of them if one cannot be had.
    fn reserve(&mut self, keys: &[String]) -> Result<(), String> {
        for key in keys {
            // Counter files of the Perl maillogs have these for themselves.
            if key == "created" || key.ends_with("_last") {
                return Err(format!(
                    "{key} is not for counters: older counter files use it; choose another name"
                ));
            }
            if self.keys.contains(key) {
                return Err(format!("there is a counter {key} already; choose another name"));
            }
            if self.ds.contains(&ds_name(key)) {
                let ds = ds_name(key);
                return Err(format!("{key} would share the data source {ds}; choose another name"));
            }
        }
        self.ds.extend(keys.iter().map(|key| ds_name(key)));
        self.keys.extend(keys.iter().cloned());
        Ok(())
    }
}

struct Reader<'a> {
    config: &'a mut Config,
    file: &'a Path,
    problems: &'a mut Vec<Problem>,
    taken: BTreeMap<String, Taken>,
    /// All protocols, where thresholds are read.
    protocols: Vec<&'static Protocol>,
    /// Was a table left out that may define a protocol? Then no message says that there is no such protocol, because
    /// its error was reported.
    is_cut: bool,
}

impl<'a> Reader<'a> {
    fn new(config: &'a mut Config, file: &'a Path, problems: &'a mut Vec<Problem>) -> Reader<'a> {
        let taken =
            shipped().iter().map(|protocol| (protocol.name.to_owned(), Taken::names_of(protocol))).collect();
        let is_cut = problems.iter().any(|p| {
            matches!(p.kind, ProblemKind::Syntax | ProblemKind::UnknownKey) && p.severity == Severity::Error
        });
        Reader { config, file, problems, taken, protocols: Vec::new(), is_cut }
    }

    fn report(&mut self, key: &str, line: usize, text: &str) {
        self.problems.push(Problem {
            severity: Severity::Error,
            kind: ProblemKind::Value,
            file: self.file.to_path_buf(),
            line: Some(line),
            key: Some(key.to_owned()),
            text: format!("{text}; it is left out"),
        });
    }

    /// Reads each of `parts`, and reports those that are wrong.
    fn read_each(&mut self, parts: &[Part<'_>], read: fn(&mut Self, &Part<'_>) -> Result<(), String>) {
        for part in parts {
            if let Err(text) = read(self, part) {
                self.is_cut |= part.key.starts_with("protocol.");
                self.report(&part.key, part.line, &text);
            }
        }
    }

    /// The entries of a `[[list of tables]]`.
    fn items<'e>(&mut self, entry: Option<&'e Entry>) -> Vec<Part<'e>> {
        let Some(entry) = entry else { return Vec::new() };
        let Some(Value::Array(items)) = &entry.value else {
            self.report(&entry.key, entry.line, &format!("it is not a [[{}]]", entry.key));
            return Vec::new();
        };
        let lines = entry.parts.iter().map(|(_, line)| *line);
        let part = |(value, line)| Part { key: entry.key.clone(), line, value: Some(value) };
        items.iter().zip(lines).map(part).collect()
    }

    /// The entries of a table of tables.
    fn named<'e>(&mut self, entry: Option<&'e Entry>) -> Vec<Part<'e>> {
        let Some(entry) = entry else { return Vec::new() };
        let Some(Value::Table(items)) = &entry.value else {
            self.report(&entry.key, entry.line, &format!("it is not a [{}.NAME]", entry.key));
            return Vec::new();
        };
        let part = |(name, line): &(String, usize)| Part {
            key: format!("{}.{name}", entry.key),
            line: *line,
            value: items.get(name),
        };
        entry.parts.iter().map(part).collect()
    }

    fn list(&mut self, part: &Part<'_>) -> Result<(), String> {
        let table = part.table(&["name", "match"])?;
        let name = valid_name(required(table, "name")?)?;
        let pattern = regex(&required(table, "match")?, true)?;
        for card in shipped().iter().filter(|card| card.counts_lists) {
            self.taken.entry(card.name.to_owned()).or_default().reserve(std::slice::from_ref(&name))?;
        }
        self.config.lists.push(CustomList { name, pattern, line: part.line });
        Ok(())
    }

    fn protocol(&mut self, part: &Part<'_>) -> Result<(), String> {
        let table = part.table(&["like", "source", "about"]).map_err(|e| without_patterns(part, e))?;
        let name = part.key.split_once('.').map_or("", |(_, name)| name);
        let name = valid_name(name.to_owned())?;
        let is_taken = |card: &Protocol| {
            card.parts().any(|part| part == name) || card.processor.is_some_and(|p| p.name == name)
        };
        // Each has a processor of its own, `NAMElog`.
        let is_processor = |other: &CustomProtocol| {
            format!("{}log", other.name) == name || format!("{name}log") == other.name
        };
        if RESERVED.contains(&name.as_str())
            || shipped().iter().any(is_taken)
            || self.config.protocols.iter().any(is_processor)
        {
            return Err(format!("maillogs {name} has a meaning already; choose another name"));
        }
        let source = self.source(&required(table, "source")?)?;
        let like = text(table, "like")?.map(|like| like::original(&like, self.config)).transpose()?;
        if let Some(original) = like {
            like::refuse_to_read_twice(self.config, original, &source)?;
        }
        self.refuse_a_directory_of_others(&source)?;
        let about = text(table, "about")?.unwrap_or_default();
        let like = like.map(|original| original.name);
        let protocol = CustomProtocol { name, about, like, source, line: part.line };
        if let Some(key) = keys::counter_file(self.config, &protocol.counter_file()) {
            return Err(format!(
                "its counter file {} is that of {key}; choose another name",
                protocol.counter_file()
            ));
        }
        // Lists of [[rbl]] were read before.
        let taken = like.and_then(|original| self.taken.get(original)).cloned().unwrap_or_default();
        self.taken.insert(protocol.name.clone(), taken);
        self.config.protocols.push(protocol);
        Ok(())
    }

    fn source(&self, source: &str) -> Result<CustomSource, String> {
        let path = |path: &str| match path {
            "" => Err("source: the path is missing".to_owned()),
            path => Ok(self.config.logs_base.join(values::checked_path(path.to_owned())?)),
        };
        match source.split_once(':') {
            None if source == "syslog" => Ok(CustomSource::Syslog),
            Some(("syslog", file)) => path(file).map(CustomSource::SyslogAt),
            Some(("file", file)) => path(file).map(CustomSource::File),
            Some(("multilog", dir)) => path(dir).map(CustomSource::Multilog),
            _ => Err(format!(
                "source {source:?} is none of \"syslog\", \"syslog:PATH\", \"multilog:DIR\" and \"file:PATH\""
            )),
        }
    }

    /// A log directory has one processor, and one protocol.
    fn refuse_a_directory_of_others(&self, source: &CustomSource) -> Result<(), String> {
        let CustomSource::Multilog(dir) = source else { return Ok(()) };
        let c = &*self.config;
        let builtin = c.log_dirs.values().flatten();
        let own = c.protocols.iter().filter_map(|protocol| match &protocol.source {
            CustomSource::Multilog(dir) => Some(dir),
            _ => None,
        });
        if builtin.chain(own).any(|other| other == dir) {
            return Err(format!("{dir:?} is another protocol's already; give that one a [[counter]]"));
        }
        Ok(())
    }

    fn counter(&mut self, part: &Part<'_>) -> Result<(), String> {
        let table = part.table(&["protocol", "name", "match", "sum", "tag", "help"])?;
        let protocol = required(table, "protocol")?;
        if shipped().iter().any(|p| p.name == protocol && p.measured) {
            return Err(format!("{protocol} is measured, not read from lines"));
        }
        let own = self.config.protocols.iter().any(|p| p.name == protocol);
        if !own && shipped().iter().all(|p| p.name != protocol) {
            if self.is_cut {
                return Ok(());
            }
            let start: String = protocol.chars().take(60).collect();
            let own = self.config.protocols.iter().map(|p| p.name.as_str());
            let of_lines = shipped().iter().filter(|p| !p.measured).map(|p| p.name);
            let names: Vec<&str> = of_lines.chain(own).collect();
            let near = keys::nearest_of(&protocol, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(format!("there is no protocol {start:?}, only {}{near}", names.join(", ")));
        }
        let key = valid_name(required(table, "name")?)?;
        let pattern = regex(&required(table, "match")?, false)?;
        let counter = CustomCounter {
            sum: group(table.get("sum"), &pattern)?,
            tag: text(table, "tag")?.map(String::into_bytes),
            help: text(table, "help")?.unwrap_or_default(),
            origin: format!("{}: line {}", self.file.display(), part.line),
            protocol,
            key,
            pattern,
        };
        self.taken.entry(counter.protocol.clone()).or_default().reserve(&counter.keys())?;
        self.config.counters.push(counter);
        Ok(())
    }

    fn alarm(&mut self, part: &Part<'_>) -> Result<(), String> {
        let table = part.table(&["warn", "crit"])?;
        let [warn, crit] = ["warn", "crit"].map(|key| {
            let read = |text: String| {
                let threshold = alarm::threshold(&text, &self.protocols, self.is_cut);
                threshold.map_err(|e| format!("{key}: {e}"))
            };
            text(table, key)?.map(read).transpose()
        });
        let alarm = Alarm { warn: warn?, crit: crit?, line: part.line };
        if alarm.warn.is_none() && alarm.crit.is_none() {
            return Err("warn and crit are missing; one of them is needed".to_owned());
        }
        self.config.alarms.push(alarm);
        Ok(())
    }

    /// Removes and reports protocols that count nothing: a second instance counts what its original does.
    fn drop_the_empty(&mut self) {
        let counters = &self.config.counters;
        let has_some = |p: &CustomProtocol| {
            p.like.is_some() || counters.iter().any(|counter| counter.protocol == p.name)
        };
        let (full, empty): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.config.protocols).into_iter().partition(has_some);
        self.config.protocols = full;
        if self.is_cut {
            return;
        }
        for protocol in empty {
            let text = format!("it counts nothing: no [[counter]] has protocol = {:?}", protocol.name);
            self.report(&format!("protocol.{}", protocol.name), protocol.line, &text);
        }
    }
}

/// The group that `sum` names, or numbers.
fn group(sum: Option<&Value>, pattern: &Regex) -> Result<Option<usize>, String> {
    let known = || {
        let names: Vec<&str> = pattern.capture_names().flatten().collect();
        match names.is_empty() {
            true => "match has none with a name, as (?<bytes>\\d+) has".to_owned(),
            false => format!("match has {}", names.join(", ")),
        }
    };
    match sum {
        None => Ok(None),
        Some(Value::String(name)) => match pattern.capture_names().position(|group| group == Some(name)) {
            Some(at) => Ok(Some(at)),
            None => Err(format!("sum: there is no group {name:?}; {}", known())),
        },
        Some(Value::Integer(number)) => match usize::try_from(*number) {
            Ok(at) if (1..pattern.captures_len()).contains(&at) => Ok(Some(at)),
            _ => Err(format!("sum: there is no group {number}")),
        },
        Some(_) => Err("sum is not the name of a group of match".into()),
    }
}

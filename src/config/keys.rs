//! The table of all keys: which field each one fills, and how its value is read. What each one means stands in `fields`,
//! and what holds without it in `defaults`.

use std::path::Path;
use std::sync::LazyLock;

use toml::Value;

use super::defaults::{counter_files, directories, files};
use super::document::{Document, Entry};
use super::fields::Config;
use super::problem::{Location, Problem, ProblemKind, Severity};
use super::values::*;
use crate::protocol::{CounterFile, Protocol, rbl, shipped};

/// A key that has an effect.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub name: &'static str,
    set: fn(&mut Config, &'static str, &Entry) -> Result<(), String>,
    get: fn(&Config, &'static str) -> Option<Value>,
}

impl Key {
    /// Reads the value into its field; the error says what is wrong with it.
    pub fn read(&self, config: &mut Config, entry: &Entry) -> Result<(), String> {
        (self.set)(config, self.name, entry)
    }

    /// The value in force, as TOML has it; `None`: it is not set.
    pub fn value(&self, config: &Config) -> Option<Value> {
        (self.get)(config, self.name)
    }
}

/// `keys! { TABLE: name: reader, … }`: the field has the key's name, so the table cannot confuse them.
macro_rules! keys {
    ($table:ident: $($name:ident: $read:expr,)*) => {
        const $table: &[Key] = &[$(Key {
            name: stringify!($name),
            set: |config, _, entry| {
                config.$name = $read(entry)?;
                Ok(())
            },
            get: |config, _| config.$name.shown(),
        }),*];
    };
}

/// As [`keys!`], of keys that stand on the cards of protocols: `map` is the field that has a value for each of them.
macro_rules! keys_of_cards {
    ($names:expr, $map:ident, $read:expr) => {
        $names.map(|name| Key {
            name,
            set: |config, name, entry| {
                config.$map.insert(name, $read(entry)?);
                Ok(())
            },
            get: |config, name| config.$map.get(name).cloned().unwrap_or_default().shown(),
        })
    };
}

keys! { STORE:
    logs_base: absolute,
    logs_counters: path,
    logs_user: name,
    logs_group: name,
    logs_verbose: flag,
}
keys! { SYSLOG:
    logs_syslog: |entry| syslog(entry).map(Some),
    logs_syslog_olddir: |entry| absolute(entry).map(Some),
}
keys! { READING:
    logs_tai_offset: |entry| integer(entry, 0..=255).map(Some),
    send_log_method: method,
    smtpd_log_method: method,
    pop3_log_method: method,
    logs_spamdyke: method,
    logs_vchkpw_ports: ports,
    webmail_loopback: loopback,
    qmail_queue_dir: queues,
}
keys! { OUTPUT:
    counter_bits: bits,
    logs_taifiles: flag,
    logs_archive: flag,
    logs_archive_untai: flag,
    logs_archive_purge: flag,
    logs_archive_days: |entry| small(entry, 1..=36_500),
    rrd_dir: path,
    rrd_step: step,
    rrd_daemon: |entry| daemon(entry).map(Some),
    hosts_dir: |entry| absolute(entry).map(Some),
    graphs_dir: path,
    templates_dir: |entry| path(entry).map(Some),
    reasons: flag,
    reasons_file: |entry| path(entry).map(Some),
    providers: flag,
    providers_file: |entry| path(entry).map(Some),
    times: flag,
    report_privacy: flag,
    toaster_hostname: |entry| host(entry).map(Some),
    toaster_admin_email: address,
    mail_command: text,
}

/// Every key, in the order of toaster.conf.
pub(super) static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let mut keys = STORE.to_vec();
    keys.extend(keys_of_cards!(directories().map(|dirs| dirs.key), log_dirs, dirs));
    keys.extend(SYSLOG);
    keys.extend(keys_of_cards!(files(), log_files, paths));
    keys.extend(READING);
    keys.extend(keys_of_cards!(counter_files().map(|file| file.key), counter_files, file_name));
    keys.extend(OUTPUT);
    keys
});

/// Keys of the original that are accepted and no longer act, with the reason.
pub(super) const INACTIVE: &[(&str, &str)] = &[
    ("logs_supervise", "services are stopped and started by their own supervisor"),
    ("logs_pop3d", "the lines themselves tell which POP3 server wrote them"),
    ("logs_debug", "what is done is told with logs_verbose"),
    ("logs_isoqlog", "isoqlog is not run; use maillogs graph"),
    ("qmailanalog_bin", "qmailanalog is not needed; reports are made by maillogs itself"),
];

/// The keys of toaster-watcher.conf that say where lines are.
pub(super) fn methods() -> impl Iterator<Item = &'static str> {
    ["send_log_method", "smtpd_log_method", "pop3_log_method"].into_iter()
}

/// Is `key` also read from toaster-watcher.conf?
pub(super) fn of_watcher(key: &str) -> bool {
    methods().any(|method| method == key) || ["toaster_hostname", "toaster_admin_email"].contains(&key)
}

/// Reads those entries of `document` into `config` that are `wanted`.
pub(super) fn apply(
    config: &mut Config,
    document: &Document,
    file: &Path,
    wanted: &dyn Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) {
    for entry in document.entries.iter().filter(|entry| wanted(&entry.key)) {
        let mut report = |severity, kind, text| {
            let (file, line, key) = (file.to_path_buf(), Some(entry.line), Some(entry.key.clone()));
            problems.push(Problem { severity, kind, file, line, key, text });
        };
        if let Some(key) = KEYS.iter().find(|key| key.name == entry.key) {
            match key.read(config, entry) {
                Ok(()) => {
                    config.origins.insert(key.name, Location { file: file.to_path_buf(), line: entry.line });
                }
                Err(text) if only_looks(key.name) => {
                    report(Severity::Error, ProblemKind::Value, format!("{text}; a roll takes the default"));
                }
                Err(text) => report(Severity::Error, ProblemKind::Value, text),
            }
        } else if let Some(text) = wrong_table(entry) {
            report(Severity::Error, ProblemKind::UnknownKey, text);
        } else if is_ours(&entry.key) && INACTIVE.iter().all(|(name, _)| *name != entry.key) {
            let text = match nearest(&entry.key) {
                Some(name) => format!("there is no such key; did you mean {name}?"),
                None => "there is no such key; take it out, or see the shipped toaster.conf for the keys that exist".into(),
            };
            report(Severity::Warning, ProblemKind::UnknownKey, text);
        }
    }
}

/// Does `key` decide only how something looks, or where pictures and what other machines draw are? A logger's processor works without it, because
/// its task is to keep lines.
pub(super) fn only_looks(key: &str) -> bool {
    const LOOKS: [&str; 10] = [
        "logs_verbose",
        "counter_bits",
        "rrd_daemon",
        "hosts_dir",
        "graphs_dir",
        "templates_dir",
        "toaster_hostname",
        "toaster_admin_email",
        "mail_command",
        "alarm",
    ];
    LOOKS.contains(&key)
}

/// Is the unknown `key` most likely a misspelt one that says where the store is, what is counted or what is kept?
/// With the default of that key, lines would be counted into another store, or an RRD begun anew. A misspelt
/// logs_user or logs_group is harmless: the default user does not write what he has no right to write.
pub(super) fn misspells_what_is_kept(key: &str) -> bool {
    const KEPT: [&str; 8] = [
        "logs_base",
        "logs_counters",
        "logs_syslog",
        "logs_tai_offset",
        "logs_archive",
        "logs_archive_untai",
        "rrd_dir",
        "rrd_step",
    ];
    let is_on_a_card = |name| {
        directories().map(|dirs| dirs.key).chain(counter_files().map(|file| file.key)).any(|key| key == name)
    };
    nearest(key).is_some_and(|name| KEPT.contains(&name) || is_on_a_card(name))
}

/// The tables of ours, and how they are written.
const TABLES: [(&str, &str); 4] = [
    ("counter", "[[counter]]"),
    (rbl::TABLE, "[[rbl]]"),
    ("protocol", "[protocol.NAME]"),
    ("alarm", "[[alarm]]"),
];

/// What is wrong with an entry that is a table unknown to maillogs. It cannot belong to another program, because the
/// original's form of toaster.conf has no tables.
fn wrong_table(entry: &Entry) -> Option<String> {
    let items = match &entry.value {
        Some(Value::Table(table)) => vec![table],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_table).collect(),
        _ => Vec::new(),
    };
    if items.is_empty() || TABLES.iter().any(|(name, _)| *name == entry.key) {
        return None;
    }
    let key = items.iter().flat_map(|table| table.keys()).find(|key| KEYS.iter().any(|k| k.name == **key));
    let way = match (nearest_table(&entry.key), key) {
        (Some(table), _) => format!("; did you mean {table}?"),
        (None, Some(key)) => format!(
            "; {key} and all other keys stand above the tables, without a header: take the line [{}] out",
            entry.key.escape_debug()
        ),
        (None, None) => format!(", only {}", TABLES.map(|(_, written)| written).join(", ")),
    };
    Some(format!("there is no such table{way}"))
}

/// The table of ours whose name is nearly `key`.
fn nearest_table(key: &str) -> Option<&'static str> {
    let names = TABLES.iter().map(|(name, _)| *name);
    let name = nearest_of(key, names)?;
    TABLES.iter().find(|(table, _)| *table == name).map(|(_, written)| *written)
}

/// Can a key of that name belong to maillogs only, so that it must be known?
fn is_ours(key: &str) -> bool {
    ["logs_", "rrd_", "graphs_"].iter().any(|prefix| key.starts_with(prefix))
}

/// The known key that differs from `key` in the fewest letters, if that are at most three.
fn nearest(key: &str) -> Option<&'static str> {
    let active = KEYS.iter().map(|key| key.name);
    nearest_of(key, active.chain(INACTIVE.iter().map(|(name, _)| *name)))
}

/// The one of `names` that differs from `name` in the fewest letters, if that are at most three, and most letters are the
/// same.
pub(super) fn nearest_of<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = |other: &str| 3.min(other.len() / 3);
    names
        .filter(|other| other.len().abs_diff(name.len()) <= most(other))
        .map(|other| (distance(name, other), other))
        .filter(|(distance, other)| *distance <= most(other))
        .min()
        .map(|(_, other)| other)
}

/// How many letters have to be added, taken out or changed to make `b` of `a` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The built-in protocol whose counter file is called `name`: its key, or its own name where it has none.
pub(super) fn counter_file(config: &Config, name: &str) -> Option<&'static str> {
    shipped().iter().find(|card| config.counter_file(card) == name).map(owner)
}

/// What a message calls the counter file of `card`.
fn owner(card: &Protocol) -> &'static str {
    card.counter_file.map_or(card.name, |file| file.key)
}

/// Two protocols must not write one counter file: the one that left its default goes back to it.
pub(super) fn distinct_counter_files(
    config: &mut Config,
    document: &Document,
    file: &Path,
    problems: &mut Vec<Problem>,
) {
    let cards = shipped();
    let names = |config: &Config| cards.iter().map(|card| config.counter_file(card)).collect::<Vec<_>>();
    let defaults = names(&Config::builtin());
    // The defaults differ, so of two equal ones at least one is none; each round makes one more a default.
    while let Some((first, second)) = equal_pair(&names(config)) {
        let is_default = config.counter_file(&cards[second]) == defaults[second];
        let (at, other) = if is_default { (first, second) } else { (second, first) };
        let Some(CounterFile { key, default }) = cards[at].counter_file else { return };
        let name = config.counter_files.insert(key, default.to_owned()).unwrap_or_default();
        config.origins.remove(key);
        problems.push(Problem {
            severity: Severity::Error,
            kind: ProblemKind::Value,
            file: file.to_path_buf(),
            line: document.line(key),
            key: Some(key.to_string()),
            text: format!("{name:?} is the file of {} too", owner(&cards[other])),
        });
    }
}

/// The first two places that hold the same.
fn equal_pair(names: &[String]) -> Option<(usize, usize)> {
    let second = (1..names.len()).find(|&at| names[..at].contains(&names[at]))?;
    Some((names.iter().position(|name| *name == names[second])?, second))
}

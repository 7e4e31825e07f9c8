//! The table of all keys: which field each one fills, and how its value is read.

use std::path::Path;

use toml::Value;

use super::document::{Document, Entry};
use super::values::*;
use super::{Config, Kind, Origin, Problem, Severity};

/// A key that acts.
pub(super) struct Key {
    pub name: &'static str,
    /// Reads the value into its field; the error says what is wrong with it.
    pub set: fn(&mut Config, &Entry) -> Result<(), String>,
    /// The value in force, as TOML has it; `None`: it is not set.
    pub get: fn(&Config) -> Option<Value>,
}

/// `keys! { name: reader, … }`: the field has the key's name, so the table cannot confuse them.
macro_rules! keys {
    ($($name:ident: $read:expr,)*) => {
        pub(super) const KEYS: &[Key] = &[$(Key {
            name: stringify!($name),
            set: |config, entry| {
                config.$name = $read(entry)?;
                Ok(())
            },
            get: |config| config.$name.shown(),
        }),*];
    };
}

keys! {
    logs_base: absolute,
    logs_counters: path,
    logs_user: name,
    logs_group: name,
    logs_verbose: flag,
    logs_send_dirs: dirs,
    logs_smtp_dirs: dirs,
    logs_pop3_dirs: dirs,
    logs_syslog: |entry| syslog(entry).map(Some),
    logs_syslog_olddir: |entry| absolute(entry).map(Some),
    logs_webmail_files: paths,
    logs_tai_offset: |entry| integer(entry, 0..=255).map(Some),
    send_log_method: method,
    smtpd_log_method: method,
    pop3_log_method: method,
    logs_spamdyke: method,
    logs_vchkpw_ports: ports,
    webmail_loopback: loopback,
    qmail_queue_dir: queues,
    logs_send_count: file_name,
    logs_rbl_count: file_name,
    logs_smtp_count: file_name,
    logs_pop3_count: file_name,
    logs_imap_count: file_name,
    logs_web_count: file_name,
    logs_spam_count: file_name,
    logs_virus_count: file_name,
    logs_queue_count: file_name,
    counter_bits: bits,
    logs_taifiles: flag,
    logs_archive: flag,
    logs_archive_untai: flag,
    logs_archive_purge: flag,
    logs_archive_days: |entry| small(entry, 1..=36_500),
    rrd_dir: path,
    rrd_step: step,
    graphs_dir: path,
    templates_dir: |entry| path(entry).map(Some),
    toaster_hostname: |entry| host(entry).map(Some),
    toaster_admin_email: address,
}

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
            match (key.set)(config, entry) {
                Ok(()) => {
                    config.origins.insert(key.name, Origin { file: file.to_path_buf(), line: entry.line });
                }
                Err(text) if only_looks(key.name) => {
                    report(Severity::Error, Kind::Value, format!("{text}; the default is used"));
                }
                Err(text) => report(Severity::Error, Kind::Value, text),
            }
        } else if let Some(text) = wrong_table(entry) {
            report(Severity::Error, Kind::UnknownKey, text);
        } else if is_ours(&entry.key) && INACTIVE.iter().all(|(name, _)| *name != entry.key) {
            let text = match nearest(&entry.key) {
                Some(name) => format!("there is no such key; did you mean {name}?"),
                None => "there is no such key; take it out, or see toaster.conf for those there are".into(),
            };
            report(Severity::Warning, Kind::UnknownKey, text);
        }
    }
}

/// Does the value of `key` change only how something looks, or where pictures of it are? A logger's processor, whose
/// work is to keep lines, does without it.
pub(super) fn only_looks(key: &str) -> bool {
    const LOOKS: [&str; 6] = [
        "logs_verbose",
        "counter_bits",
        "graphs_dir",
        "templates_dir",
        "toaster_hostname",
        "toaster_admin_email",
    ];
    LOOKS.contains(&key)
}

/// Is `key`, which there is not, most likely a misspelt key that says where the store is, what is counted or what is
/// kept? With that key's default, lines would be counted into another store, or an RRD begun anew. Of a misspelt
/// logs_user or logs_group nothing comes of that kind: what the default user may not write he does not write.
pub(super) fn misspells_what_is_kept(key: &str) -> bool {
    const KEPT: [&str; 11] = [
        "logs_base",
        "logs_counters",
        "logs_send_dirs",
        "logs_smtp_dirs",
        "logs_pop3_dirs",
        "logs_syslog",
        "logs_tai_offset",
        "logs_archive",
        "logs_archive_untai",
        "rrd_dir",
        "rrd_step",
    ];
    let is_counter_file = |name: &str| COUNTER_FILES.iter().any(|(key, _)| *key == name);
    nearest(key).is_some_and(|name| KEPT.contains(&name) || is_counter_file(name))
}

/// The tables of ours, and how they are written.
const TABLES: [(&str, &str); 3] =
    [("counter", "[[counter]]"), ("rbl", "[[rbl]]"), ("protocol", "[protocol.NAME]")];

/// What is wrong with an entry that is a table, and none of ours. No other program has tables in its part of
/// toaster.conf: the original's form has none.
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

/// Is a key of that name ours alone, so that we have to know it?
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

/// A key of a counter file's name, and its field.
type CounterFile = (&'static str, fn(&mut Config) -> &mut String);

const COUNTER_FILES: [CounterFile; 9] = [
    ("logs_send_count", |c| &mut c.logs_send_count),
    ("logs_rbl_count", |c| &mut c.logs_rbl_count),
    ("logs_smtp_count", |c| &mut c.logs_smtp_count),
    ("logs_pop3_count", |c| &mut c.logs_pop3_count),
    ("logs_imap_count", |c| &mut c.logs_imap_count),
    ("logs_web_count", |c| &mut c.logs_web_count),
    ("logs_spam_count", |c| &mut c.logs_spam_count),
    ("logs_virus_count", |c| &mut c.logs_virus_count),
    ("logs_queue_count", |c| &mut c.logs_queue_count),
];

/// The key whose counter file is called `name`.
pub(super) fn counter_file(config: &mut Config, name: &str) -> Option<&'static str> {
    COUNTER_FILES.iter().find(|(_, field)| field(config) == name).map(|(key, _)| *key)
}

/// Two protocols must not write one counter file: the one that left its default goes back to it.
pub(super) fn distinct_counter_files(
    config: &mut Config,
    document: &Document,
    file: &Path,
    problems: &mut Vec<Problem>,
) {
    let mut builtin = Config::builtin();
    // The defaults differ, so of two equal ones at least one is none; each round makes one more a default.
    while let Some((first, second)) = equal_pair(&COUNTER_FILES.map(|(_, field)| field(config).clone())) {
        let is_default = |at: usize, config: &mut Config, builtin: &mut Config| {
            COUNTER_FILES[at].1(config) == COUNTER_FILES[at].1(builtin)
        };
        let (at, other) =
            if is_default(second, config, &mut builtin) { (first, second) } else { (second, first) };
        let (key, field) = COUNTER_FILES[at];
        let default = field(&mut builtin).clone();
        let name = std::mem::replace(field(config), default);
        config.origins.remove(key);
        problems.push(Problem {
            severity: Severity::Error,
            kind: Kind::Value,
            file: file.to_path_buf(),
            line: document.line(key),
            key: Some(key.to_string()),
            text: format!("{name:?} is the file of {} too", COUNTER_FILES[other].0),
        });
    }
}

/// The first two places that hold the same.
fn equal_pair(names: &[String]) -> Option<(usize, usize)> {
    let second = (1..names.len()).find(|&at| names[..at].contains(&names[at]))?;
    Some((names.iter().position(|name| *name == names[second])?, second))
}

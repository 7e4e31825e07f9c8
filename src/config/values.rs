//! How values are read. Each function takes an entry and says what is wrong with it, in words that follow
//! `FILE: line N: KEY: `.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use toml::Value;

use super::document::Entry;
use super::fields::{LogMethod, Loopback};
use super::rrd_daemon::RrdDaemon;
use crate::protocol::VCHKPW_SERVICES;

pub(super) fn flag(entry: &Entry) -> Result<bool, String> {
    match &entry.value {
        Some(Value::Boolean(flag)) => Ok(*flag),
        Some(Value::Integer(0)) => Ok(false),
        Some(Value::Integer(1)) => Ok(true),
        _ => Err(format!("{} is neither 0 or 1 nor false or true", shown(entry))),
    }
}

pub(super) fn integer(entry: &Entry, range: std::ops::RangeInclusive<i64>) -> Result<i64, String> {
    match entry.value {
        Some(Value::Integer(number)) if range.contains(&number) => Ok(number),
        _ => Err(format!("{} is not a number from {} to {}", shown(entry), range.start(), range.end())),
    }
}

pub(super) fn small(entry: &Entry, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    let number = integer(entry, i64::from(*range.start())..=i64::from(*range.end()))?;
    u32::try_from(number).map_err(|error| error.to_string())
}

pub(super) fn bits(entry: &Entry) -> Result<u32, String> {
    match entry.value {
        Some(Value::Integer(32)) => Ok(32),
        Some(Value::Integer(64)) => Ok(64),
        _ => Err(format!("{} is neither 32 nor 64", shown(entry))),
    }
}

pub(super) fn step(entry: &Entry) -> Result<u32, String> {
    let step = small(entry, 60..=300)?;
    if 300 % step == 0 { Ok(step) } else { Err(format!("{step} is none of 60, 75, 100, 150 and 300")) }
}

/// Text without control characters; not empty.
pub(super) fn text(entry: &Entry) -> Result<String, String> {
    match &entry.value {
        Some(Value::String(text)) => sound(text),
        Some(Value::Integer(number)) if entry.bare => Ok(number.to_string()),
        Some(Value::Boolean(flag)) if entry.bare => Ok(flag.to_string()),
        _ => Err(format!("{} is not text; put it into quotes", shown(entry))),
    }
}

pub(super) fn sound(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.len() > 4096 {
        return Err(format!("it has {} bytes, more than the 4096 of the longest path", text.len()));
    }
    if text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err(format!("{text:?} holds a control character or is not UTF-8"));
    }
    Ok(text.to_string())
}

/// A list of texts; of the original's form, words with commas or blanks between them.
fn texts(entry: &Entry) -> Result<Vec<String>, String> {
    let wrong = || format!("{} is not a list of texts, as [\"send\", \"send2\"] is", shown(entry));
    match &entry.value {
        Some(Value::Array(items)) => {
            let text = |item: &Value| item.as_str().ok_or_else(wrong).and_then(sound);
            items.iter().map(text).collect()
        }
        Some(_) if entry.bare => {
            let words = text(entry)?;
            let words = words.split(|c: char| c == ',' || c.is_whitespace());
            Ok(words.filter(|word| !word.is_empty()).map(String::from).collect())
        }
        _ => Err(wrong()),
    }
}

/// The name of a user or a group.
pub(super) fn name(entry: &Entry) -> Result<String, String> {
    let name = text(entry)?;
    if name.contains(|c: char| c.is_whitespace() || "/:,".contains(c)) {
        return Err(format!("{name:?} is not the name of a user or group"));
    }
    Ok(name)
}

/// A plain file name: counter files stay in their directory.
pub(super) fn file_name(entry: &Entry) -> Result<String, String> {
    let name = text(entry)?;
    let plain = Path::new(&name).file_name().is_some_and(|last| *last == *name);
    if plain && name.len() <= 200 {
        Ok(name)
    } else {
        Err(format!("{name:?} is not a plain file name; the directory is logs_counters"))
    }
}

pub(super) fn path(entry: &Entry) -> Result<PathBuf, String> {
    checked_path(text(entry)?)
}

/// A path that is absolute or leads below the directory it is relative to.
pub(super) fn checked_path(path: String) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(format!("{path:?} has \"..\" in it; write the whole path"));
    }
    Ok(path)
}

pub(super) fn absolute(entry: &Entry) -> Result<PathBuf, String> {
    let path = path(entry)?;
    if path.is_absolute() { Ok(path) } else { Err(format!("{path:?} does not begin with /")) }
}

pub(super) fn paths(entry: &Entry) -> Result<Vec<PathBuf>, String> {
    texts(entry)?.into_iter().map(checked_path).collect()
}

/// Directories, none of them twice: a line counts once.
pub(super) fn dirs(entry: &Entry) -> Result<Vec<PathBuf>, String> {
    let mut dirs = Vec::new();
    for dir in paths(entry)? {
        if dirs.contains(&dir) {
            return Err(format!("{dir:?} stands in it twice"));
        }
        dirs.push(dir);
    }
    Ok(dirs)
}

/// A text, or a list of them.
fn one_or_more(entry: &Entry) -> Result<Vec<String>, String> {
    match entry.value {
        Some(Value::String(_)) if !entry.bare => text(entry).map(|one| vec![one]),
        _ => texts(entry),
    }
}

/// Files and journals, none of them twice.
pub(super) fn syslog(entry: &Entry) -> Result<Vec<String>, String> {
    let sources = one_or_more(entry)?;
    for (at, source) in sources.iter().enumerate() {
        let path = source.strip_prefix("journald:").unwrap_or(source);
        if source != "journald" && !path.starts_with('/') {
            return Err(format!(
                "{source:?} is neither a path that begins with / nor \"journald\" nor \"journald:/DIRECTORY\""
            ));
        }
        if sources[..at].contains(source) {
            return Err(format!("{source:?} stands in it twice"));
        }
    }
    Ok(sources)
}

/// The directories of qmail's queues, none of them twice.
pub(super) fn queues(entry: &Entry) -> Result<Vec<PathBuf>, String> {
    let mut queues = Vec::new();
    for queue in one_or_more(entry)? {
        let queue = checked_path(queue)?;
        if !queue.is_absolute() {
            return Err(format!("{queue:?} does not begin with /"));
        }
        if queues.contains(&queue) {
            return Err(format!("{queue:?} stands in it twice"));
        }
        queues.push(queue);
    }
    Ok(queues)
}

pub(super) fn method(entry: &Entry) -> Result<LogMethod, String> {
    match text(entry)?.as_str() {
        // Mail::Toaster's three others choose what multilog keeps, not another way.
        "multilog" | "debug" | "stats" | "disabled" => Ok(LogMethod::Multilog),
        "syslog" => Ok(LogMethod::Syslog),
        other => Err(format!("{other:?} is neither \"multilog\" nor \"syslog\"")),
    }
}

pub(super) fn loopback(entry: &Entry) -> Result<Loopback, String> {
    match text(entry)?.as_str() {
        "imapd" => Ok(Loopback::Imapd),
        "all" => Ok(Loopback::All),
        other => Err(format!("{other:?} is neither \"imapd\" nor \"all\"")),
    }
}

/// `{ 2525 = "smtp" }`; of the original's form `2525=smtp 2526=imap`.
pub(super) fn ports(entry: &Entry) -> Result<BTreeMap<u16, String>, String> {
    let pair = |port: &str, service: &str| {
        let number = port.parse().ok().filter(|&number: &u16| number > 0);
        let number = number.ok_or_else(|| format!("{port:?} is not a port from 1 to 65535"))?;
        if !VCHKPW_SERVICES.contains(&service) {
            return Err(format!("{service:?} is none of {}", VCHKPW_SERVICES.join(", ")));
        }
        Ok((number, service.to_string()))
    };
    match &entry.value {
        Some(Value::Table(items)) => {
            items.iter().map(|(port, service)| pair(port, service.as_str().unwrap_or_default())).collect()
        }
        Some(Value::String(_)) if entry.bare => {
            let words = texts(entry)?;
            words
                .iter()
                .map(|word| word.split_once('=').unwrap_or((word, "")))
                .map(|(p, s)| pair(p, s))
                .collect()
        }
        _ => Err(format!("{} is not a table, as {{ 2525 = \"smtp\" }} is", shown(entry))),
    }
}

/// The name of a host.
pub(super) fn host(entry: &Entry) -> Result<String, String> {
    let name = text(entry)?;
    // A name of the DNS has at most 253 characters.
    if name.len() > 253 || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c)) {
        return Err(format!("{name:?} is not the name of a host"));
    }
    Ok(name)
}

/// Where an rrdcached listens.
pub(super) fn daemon(entry: &Entry) -> Result<RrdDaemon, String> {
    RrdDaemon::parse(&text(entry)?)
}

/// Where mail to the administrator goes.
pub(super) fn address(entry: &Entry) -> Result<String, String> {
    let address = text(entry)?;
    // A leading dash would be an option of sendmail.
    if address.starts_with('-') || address.contains(char::is_whitespace) {
        return Err(format!("{address:?} is not a mail address"));
    }
    Ok(address)
}

/// A value as messages show it: on one line, and not all of a long one.
fn shown(entry: &Entry) -> String {
    let Some(value) = &entry.value else {
        return "a number beyond 64 bits".into();
    };
    match value {
        Value::Table(_) => "a table".into(),
        Value::Array(_) => "a list".into(),
        Value::String(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        value => value.to_string(),
    }
}

/// How a value is written, so that it is read as the same.
pub(super) trait Shown {
    /// As TOML has it; `None`: it is not set.
    fn shown(&self) -> Option<Value>;
}

macro_rules! shown {
    ($($kind:ty: $value:expr,)*) => {
        $(impl Shown for $kind {
            fn shown(&self) -> Option<Value> {
                let write: fn(&$kind) -> Value = $value;
                Some(write(self))
            }
        })*
    };
}

shown! {
    bool: |flag| Value::Boolean(*flag),
    i64: |number| Value::Integer(*number),
    u32: |number| Value::Integer((*number).into()),
    String: |text| Value::String(text.clone()),
    PathBuf: |path| Value::String(path.to_string_lossy().into_owned()),
    RrdDaemon: |daemon| Value::String(daemon.to_string()),
    LogMethod: |method| Value::String(match method {
        LogMethod::Multilog => "multilog".into(),
        LogMethod::Syslog => "syslog".into(),
    }),
    Loopback: |loopback| Value::String(match loopback {
        Loopback::Imapd => "imapd".into(),
        Loopback::All => "all".into(),
    }),
    BTreeMap<u16, String>: |ports| {
        let pair = |(port, service): (&u16, &String)| (port.to_string(), Value::String(service.clone()));
        Value::Table(ports.iter().map(pair).collect())
    },
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> Option<Value> {
        Some(Value::Array(self.iter().filter_map(T::shown).collect()))
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Option<Value> {
        self.as_ref().and_then(T::shown)
    }
}

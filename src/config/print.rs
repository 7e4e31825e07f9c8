//! `maillogs config`: what is in force and where it comes from; and a file of the original's form as TOML.

use std::path::Path;

use toml::Value;

use super::custom::{CustomProtocol, CustomSource};
use super::document::{Document, Entry, before_comment};
use super::fields::Config;
use super::find::{read, unread};
use super::keys;
use super::problem::{Location, Problem, ProblemKind, Severity};
use super::read::SHIPPED;
use crate::error;
use crate::protocol::custom::CustomCounter;
use crate::say::{acts_on_terminals, masked};

/// Does `maillogs config` fail for one of `problems`? A key of ours that we do not have is one more reason.
pub fn fails(problems: &[Problem]) -> bool {
    problems.iter().any(|p| p.severity == Severity::Error || p.kind == ProblemKind::UnknownKey)
}

/// Everything that has an effect, in the form of a toaster.conf: each key with the line it comes from, then the
/// tables, then the keys without effect. Keys of other Mail::Toaster parts, where passwords are, are not shown.
pub fn in_force(config: &Config) -> String {
    let mut text = match &config.file {
        Some(file) => format!("# {}\n", plain(&file.display().to_string())),
        None => "# the built-in defaults\n".to_owned(),
    };
    for key in keys::KEYS.iter() {
        let origin = config.origins.get(key.name).map_or_else(|| "default".to_owned(), origin);
        text += &match key.value(config) {
            Some(value) => format!("{} = {}  # {origin}\n", key.name, shown(&value)),
            None => format!("# {} is not set  # {origin}\n", key.name),
        };
    }
    let name = config.file.as_deref().map(file_name).unwrap_or_default();
    let at = |line: usize| format!("{name} line {line}");
    for list in &config.lists {
        let values = [("name", list.name.as_str()), ("match", list.pattern.as_str())];
        text += &table("[[rbl]]", &at(list.line), &values.map(|(key, text)| (key, text.into())));
    }
    for protocol in &config.protocols {
        text += &table(&format!("[protocol.{}]", protocol.name), &at(protocol.line), &of_protocol(protocol));
    }
    for counter in &config.counters {
        let line = counter.origin.rsplit_once(": line ").map_or("", |(_, line)| line);
        text += &table("[[counter]]", &format!("{name} line {line}"), &of_counter(counter));
    }
    for alarm in &config.alarms {
        let values = [("warn", &alarm.warn), ("crit", &alarm.crit)];
        let values = values
            .into_iter()
            .filter_map(|(key, threshold)| Some((key, Value::from(threshold.as_ref()?.to_string()))));
        text += &table("[[alarm]]", &at(alarm.line), &values.collect::<Vec<_>>());
    }
    let inactive: Vec<String> =
        config.inactive().map(|(key, why)| masked(&format!("# {key}: {why}")).into_owned() + "\n").collect();
    if !inactive.is_empty() {
        text += "\n# Set, and without effect:\n";
        text.extend(inactive);
    }
    text
}

fn table(header: &str, origin: &str, values: &[(&str, Value)]) -> String {
    let values = values.iter().map(|(key, value)| format!("{key} = {}\n", shown(value)));
    format!("\n{}  # {origin}\n{}", masked(header), values.collect::<String>())
}

fn of_protocol(protocol: &CustomProtocol) -> Vec<(&'static str, Value)> {
    let source = match &protocol.source {
        CustomSource::Syslog => "syslog".to_owned(),
        CustomSource::SyslogAt(path) => format!("syslog:{}", path.display()),
        CustomSource::Multilog(dir) => format!("multilog:{}", dir.display()),
        CustomSource::File(path) => format!("file:{}", path.display()),
    };
    let like = protocol.like.map(|like| ("like", like.into()));
    let mut values: Vec<(&'static str, Value)> =
        like.into_iter().chain([("source", source.into())]).collect();
    if !protocol.about.is_empty() {
        values.push(("about", protocol.about.as_str().into()));
    }
    values
}

fn of_counter(counter: &CustomCounter) -> Vec<(&'static str, Value)> {
    let mut values = vec![
        ("protocol", counter.protocol.as_str().into()),
        ("name", counter.key.as_str().into()),
        ("match", counter.pattern.as_str().into()),
    ];
    if let Some(group) = counter.sum {
        let name = counter.pattern.capture_names().nth(group).flatten();
        let number = || Value::Integer(i64::try_from(group).unwrap_or_default());
        values.push(("sum", name.map_or_else(number, Value::from)));
    }
    if let Some(tag) = &counter.tag {
        values.push(("tag", String::from_utf8_lossy(tag).into_owned().into()));
    }
    if !counter.help.is_empty() {
        values.push(("help", counter.help.as_str().into()));
    }
    values
}

/// `toaster.conf line 12`.
fn origin(origin: &Location) -> String {
    format!("{} line {}", file_name(&origin.file), origin.line)
}

fn file_name(file: &Path) -> String {
    plain(&file.file_name().unwrap_or(file.as_os_str()).to_string_lossy())
}

/// Text that can stand in a comment: without control characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if acts_on_terminals(c) && c != '\t' { ' ' } else { c }).collect()
}

/// A value as TOML in which nothing is left that a terminal acts on: TOML itself wants only some of that escaped.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().any(acts_on_terminals) => quoted(text),
        Value::Array(values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}

/// A document in which nothing is left that a terminal acts on, where that can be escaped without a change of its
/// values: in comments and in `"texts"`, but not in `'texts'`.
fn escaped(document: String) -> String {
    let acts = |c: char| acts_on_terminals(c) && !matches!(c, '\n' | '\r' | '\t');
    if !document.chars().any(acts) {
        return document;
    }
    let mut without = String::new();
    for c in document.chars() {
        if acts(c) { without += &format!("\\u{:04X}", u32::from(c)) } else { without.push(c) }
    }
    let values = |text: &str| text.parse::<toml::Table>().ok();
    if values(&without).is_some_and(|new| values(&document) == Some(new)) { without } else { document }
}

/// The file that is in force as TOML, which maillogs reads as the same; without a file, the shipped toaster.conf.
///
/// A file of the original's form keeps its order, its comments and the keys of other Mail::Toaster parts, with
/// whatever stands in them: it is a file for its owner, and is to be kept as the old one is. What had no effect
/// (an empty value, a key that stands again further down) becomes a comment. What is TOML already stays as it is.
///
/// # Errors
/// When the file cannot be read, or is neither TOML nor of the original's form.
pub fn to_toml(config: &Config) -> Result<String, Problem> {
    match &config.file {
        None => Ok(SHIPPED.to_owned()),
        Some(file) => {
            let text = read(file).map_err(|error| {
                unread(file, format!("cannot read: {}; it is not converted", error::words(&error)))
            })?;
            convert(&text, file)
        }
    }
}

/// As [`to_toml`], of a file's text.
pub(super) fn convert(text: &str, file: &Path) -> Result<String, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut problems = Vec::new();
    let document = Document::parse(text, file, &mut problems);
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    let entry = |line: usize| document.entries.iter().find(|entry| entry.line == line);
    let convert = |(line, content): (usize, &str)| {
        if line > document.legacy {
            return content.to_owned();
        }
        converted(content.trim_end_matches(['\r', '\n']), entry(line)) + "\n"
    };
    Ok(escaped((1..).zip(text.split_inclusive('\n')).map(convert).collect()))
}

/// A line of the original's form; `entry`: what was read of it.
fn converted(line: &str, entry: Option<&Entry>) -> String {
    let pair = line.split_once('=').zip(entry.and_then(|entry| Some((entry, toml_value(entry)?))));
    let Some(((left, right), (entry, value))) = pair else {
        let blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        return if blank { comment(line) } else { format!("# {}", plain(line)) };
    };
    let word = before_comment(right);
    let indent = right.len() - right.trim_start().len();
    let (before, behind) = (&right[..indent], &right[indent + word.len()..]);
    let padding = &left[left.trim_end().len()..];
    let (padding, before) = (blanks(padding), blanks(before));
    format!("{}{padding}={before}{value}{}", toml_key(&entry.key), comment(behind))
}

/// Blanks and perhaps a comment, as TOML may have them.
fn comment(text: &str) -> String {
    let start = text.len() - text.trim_start().len();
    blanks(&text[..start]) + &plain(&text[start..])
}

/// Blanks in place of `text`, so that columns stay below each other.
fn blanks(text: &str) -> String {
    text.chars().map(|c| if c == '\t' { c } else { ' ' }).collect()
}

fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quoted(key) }
}

/// A basic string of TOML, on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if acts_on_terminals(c) => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// The value of a bare word: what it looks like, unless its key reads that as something else.
fn toml_value(entry: &Entry) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::String(text) => quoted(text),
        value => value.to_string(),
    };
    let looks = entry.value.as_ref()?;
    let Some(key) = keys::KEYS.iter().find(|key| key.name == entry.key) else { return Some(plain(looks)) };
    let read = |bare: bool| {
        let value = Some(looks.clone());
        let entry = Entry { key: entry.key.clone(), line: entry.line, value, bare, parts: Vec::new() };
        let mut config = Config::builtin();
        key.read(&mut config, &entry).ok()?;
        key.value(&config)
    };
    match (read(true), read(false)) {
        (Some(meant), as_text) if as_text.as_ref() != Some(&meant) => Some(meant.to_string()),
        // What is wrong as a list of words must not become right as one text.
        (None, Some(_)) => Some(words(looks).to_string()),
        _ => Some(plain(looks)),
    }
}

fn words(text: &Value) -> Value {
    let text = text.as_str().unwrap_or_default();
    let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    Value::Array(words.map(Value::from).collect())
}

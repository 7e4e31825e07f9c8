//! The text of a configuration → keys and values with their lines.
//!
//! It is TOML, or the original's form: `key = value   # comment`, one a line, values without quotes. A file is of
//! the original's form if it is not TOML, every line of it is of that form, and no value looks like TOML begun. TOML in
//! which a key is given twice is still TOML.
//! Below such keys there may be tables: they are TOML from the first `[header]` on.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::problem::{Problem, ProblemKind, Severity};
use super::twice;

/// A configuration taken apart.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub entries: Vec<Entry>,
    /// All keys and values. In the original's form, the look of a value decides its type.
    pub table: Table,
    /// How many lines at its beginning are of the original's form; 0: it is TOML.
    pub legacy: usize,
}

/// A key at the top level.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    /// From 1.
    pub line: usize,
    /// `None`: a number beyond 64 bits.
    pub value: Option<Value>,
    /// Is it of the original's form: a bare word, of which the key decides the type?
    pub bare: bool,
    /// Of a list, where its items stand; of a table, its keys: `(key, line)`, in the order of the lines. The key of
    /// an item is empty.
    pub parts: Vec<(String, usize)>,
}

impl Document {
    /// Takes `text` apart. Where it is neither form the lines that are TOML are kept and the others reported.
    pub(super) fn parse(text: &str, file: &Path, problems: &mut Vec<Problem>) -> Document {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.iter().all(twice::is_twice) {
            let header = header(text);
            let above = |span: Option<Range<usize>>| span.is_none_or(|span| span.start < header);
            let keys_are_wrong = header == text.len() || errors.iter().any(|error| above(error.span()));
            if keys_are_wrong && let Some(mut document) = Document::legacy(&text[..header]) {
                document.add_tables(&text[header..], file, problems);
                return document;
            }
        }
        let lines = Lines::of(text);
        let mut spoilt = vec![false; lines.0.len() + 1];
        for error in &errors {
            let at = error.span().map(|span| lines.touched(span));
            let line = at.clone().map(|lines| lines.start);
            let first = error.span().filter(|_| twice::is_twice(error)).and_then(|at| twice::first(text, at));
            let (key, text) = match first {
                Some((key, first)) => (Some(key), given_twice(lines.at(first))),
                None => (None, one_line(error.message())),
            };
            let file = file.to_path_buf();
            let problem =
                Problem { severity: Severity::Error, kind: ProblemKind::Syntax, file, line, key, text };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            at.into_iter().for_each(|lines| spoilt[lines].fill(true));
        }
        let mut document = Document::default();
        for (key, value) in table.get_ref() {
            let mut at = lines.touched(key.span().start..value.span().end);
            if under_header(text, value) {
                // Its end is not known: half of a table must not pass for the whole.
                at.end = spoilt.len();
            }
            if spoilt[at.clone()].contains(&true) {
                continue;
            }
            let key = key.get_ref().to_string();
            let parts = parts(value.get_ref(), &lines);
            let value = plain(value.get_ref());
            if let Some(value) = &value {
                document.table.insert(key.clone(), value.clone());
            }
            document.entries.push(Entry { key, line: at.start, value, bare: false, parts });
        }
        document.entries.sort_by_key(|entry| entry.line);
        document
    }

    /// The original's form, if `text` is that. Of a key that stands twice the last value holds, as it did there.
    fn legacy(text: &str) -> Option<Document> {
        let mut document = Document { legacy: text.lines().count(), ..Document::default() };
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (key, value) = content.split_once('=')?;
            let (key, value) = (key.trim(), unquoted(before_comment(value))?);
            if key.is_empty() || key.starts_with('[') {
                return None;
            }
            if document.has(key) {
                document.entries.retain(|entry| entry.key != key);
            }
            // An empty value is the same as none.
            if value.is_empty() {
                document.table.remove(key);
                continue;
            }
            let value = typed(value);
            document.table.insert(key.to_string(), value.clone());
            let (key, value) = (key.to_string(), Some(value));
            document.entries.push(Entry { key, line, value, bare: true, parts: Vec::new() });
        }
        Some(document)
    }

    /// Adds the tables below the keys of the original's form.
    fn add_tables(&mut self, text: &str, file: &Path, problems: &mut Vec<Problem>) {
        if text.is_empty() {
            return;
        }
        // Where they stand is counted from the file's beginning.
        let text = "\n".repeat(self.legacy) + text;
        let tables = Document::parse(&text, file, problems);
        self.entries.retain(|entry| !tables.has(&entry.key));
        self.entries.extend(tables.entries);
        self.table.extend(tables.table);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The line that `key` stands on.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.line)
    }
}

/// The message about a key that was given on line `first` already.
fn given_twice(first: usize) -> String {
    format!("it is given twice, on line {first} and here; take one of them out")
}

/// Where the line of the first `[header]` begins, or the end.
fn header(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    lines.by_ref().take_while(|line| !line.trim_start().starts_with('[')).map(str::len).sum()
}

/// The value up to a `#` at its beginning or after a blank.
pub(super) fn before_comment(value: &str) -> &str {
    let comment = value.match_indices('#').map(|(at, _)| at);
    let end = comment.into_iter().find(|&at| value[..at].chars().next_back().is_none_or(char::is_whitespace));
    value[..end.unwrap_or(value.len())].trim()
}

/// A value without the quotes around it; `None`: it is no word but the beginning of something of TOML.
fn unquoted(value: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote) {
            return inner.strip_suffix(quote).filter(|inner| !inner.contains(quote));
        }
    }
    (!value.starts_with(['[', '{', '=']) && !value.ends_with(['"', '\''])).then_some(value)
}

/// A bare word as what it looks like: a number as it would be printed, `true`, `false`, or text.
fn typed(word: &str) -> Value {
    match word.parse::<i64>() {
        Ok(number) if number.to_string() == word => Value::Integer(number),
        _ => word.parse().map_or_else(|_| Value::String(word.to_string()), Value::Boolean),
    }
}

/// A value without its place in the text; `None`: it holds a number beyond 64 bits.
fn plain(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(when) => Value::Datetime(*when),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| plain(item.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(items) => {
            let item = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                Some((key_text(key), plain(value.get_ref())?))
            };
            Value::Table(items.iter().map(item).collect::<Option<_>>()?)
        }
    })
}

/// The lines of what `value` is made of, where it is a list or a table.
fn parts(value: &DeValue<'_>, lines: &Lines) -> Vec<(String, usize)> {
    let line = |at: Range<usize>| lines.touched(at).start;
    let mut parts: Vec<(String, usize)> = match value {
        DeValue::Array(items) => items.iter().map(|item| (String::new(), line(item.span()))).collect(),
        // The key of a `[table.key]` stands in its header, as its value does.
        DeValue::Table(items) => items.keys().map(|key| (key_text(key), line(key.span()))).collect(),
        _ => Vec::new(),
    };
    // Stable, and a list is in order already.
    parts.sort_by_key(|(_, line)| *line);
    parts
}

fn key_text(key: &Spanned<toml::de::DeString<'_>>) -> String {
    key.get_ref().to_string()
}

/// Does `value` stand under a `[header]`, not behind a `=`?
fn under_header(text: &str, value: &Spanned<DeValue<'_>>) -> bool {
    match value.get_ref() {
        DeValue::Table(_) => !text[value.span().start..].starts_with('{'),
        DeValue::Array(items) => items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))),
        _ => false,
    }
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]).collect())
    }

    /// The line, from 1, of a byte.
    fn at(&self, byte: usize) -> usize {
        self.touched(byte..byte + 1).start
    }

    /// The lines, from 1, that a span of bytes touches.
    fn touched(&self, span: Range<usize>) -> Range<usize> {
        let line = |at: usize| (1 + self.0.partition_point(|&end| end < at)).min(self.0.len());
        let first = line(span.start);
        first..line(span.end.saturating_sub(1)).max(first) + 1
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

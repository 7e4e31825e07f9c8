//! A key that is given twice: where the first one stands. The parser of TOML only tells where the second one is.
use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

/// The last part of a path that is made up, only to be parsed.
const END: &str = "__";

/// Is it the error of a key that is given twice, also across a header and a dotted key?
pub(super) fn is_twice(error: &Error) -> bool {
    let message = error.message();
    message == "duplicate key" || message.starts_with("cannot extend value of type")
}

/// The whole name of the key at `second`, and where the first one of that name begins in `text`. `None`: the first one is
/// in the same statement.
pub(super) fn first(text: &str, second: Range<usize>) -> Option<(String, usize)> {
    let key = text.get(second.clone())?;
    let line = text[..second.start].rfind('\n').map_or(0, |end| end + 1);
    let before = text[line..second.start].trim_start();
    let path = if before.starts_with('[') {
        // The key stands in a header itself.
        [names(before.trim_start_matches('[')), names(key)].concat()
    } else {
        [names(header(&text[..line])), names(before), names(key)].concat()
    };
    let (tables, _) = DeTable::parse_recoverable(&text[..line]);
    let (last, above) = path.split_last()?;
    let mut table = tables.get_ref();
    for name in above {
        table = match table.get(name.as_str())?.get_ref() {
            DeValue::Table(table) => table,
            // Of a [[list]] the last item is the one that is written.
            DeValue::Array(items) => match items.last()?.get_ref() {
                DeValue::Table(table) => table,
                _ => return None,
            },
            _ => return None,
        };
    }
    let (first, _) = table.get_key_value(last.as_str())?;
    Some((path.join("."), first.span().start))
}

/// The path of the last header in `text`; empty, if there is none.
fn header(text: &str) -> &str {
    let is_header =
        |line: &&str| line.trim_start().starts_with('[') && DeTable::parse_recoverable(line).1.is_empty();
    let line = text.lines().rev().find(is_header).unwrap_or_default().trim_start().trim_start_matches('[');
    // Its end and a comment; what is in quotes may hold anything.
    line.rfind(']').map_or("", |end| line[..end].trim_end_matches(']'))
}

/// The names of a dotted key, which may end in a dot.
fn names(dotted: &str) -> Vec<String> {
    let dotted = dotted.trim();
    let statement = match dotted.strip_suffix('.') {
        Some(dotted) => format!("{dotted}.{END} = 0"),
        None if dotted.is_empty() => return Vec::new(),
        None => format!("{dotted}.{END} = 0"),
    };
    let (table, _) = DeTable::parse_recoverable(&statement);
    let mut names = Vec::new();
    let mut table = table.get_ref();
    while let Some((key, value)) = table.iter().next() {
        let DeValue::Table(below) = value.get_ref() else { break };
        names.push(key.get_ref().to_string());
        table = below;
    }
    names
}

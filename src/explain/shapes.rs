//! Lines that nothing understood, by their shapes: what differs from line to line is a placeholder.
use std::collections::HashMap;
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::json;

use super::secrets::{secrets, shown};
use super::seen::Seen;

/// This number of shapes is told apart.
pub(super) const MOST: usize = 10_000;

/// A longer shape is cut, in bytes.
const LONGEST: usize = 240;
/// This number of characters of a line makes its shape.
const READ: usize = 300;
/// And this number of an example is shown.
const EXAMPLE: usize = 120;

/// The lines of one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// How many.
    pub lines: u64,
    /// The first of them, for people: its input and number, and its text.
    pub example: (String, String),
    order: usize,
}

/// Shapes and their lines.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    known: HashMap<String, Group>,
    /// Lines of shapes for which there was no room.
    pub others: u64,
}

impl Shapes {
    /// Adds a line. `example` makes its place and its text, if it is the first one of its shape.
    pub fn add(&mut self, shape: String, example: impl FnOnce() -> (String, String)) {
        let order = self.known.len();
        if let Some(group) = self.known.get_mut(&shape) {
            group.lines += 1;
        } else if order < MOST {
            self.known.insert(shape, Group { lines: 1, example: example(), order });
        } else {
            self.others += 1;
        }
    }

    /// Adds a line, with the program that wrote it.
    pub fn add_line(&mut self, seen: &Seen<'_>) {
        let text = seen.line.text;
        let hidden = secrets(text);
        let tag = seen.line.tag.map(|tag| shown(tag, &[], EXAMPLE) + ": ").unwrap_or_default();
        let of = format!("{tag}{}", shape(&shown(text, &hidden, READ)));
        self.add(of, || {
            let place = format!("{}:{}", shown(seen.input.as_bytes(), &[], READ), seen.number);
            (place, tag + &shown(text, &hidden, EXAMPLE))
        });
    }

    /// For people: a heading, and a line each. Empty: there are none.
    pub fn text(&self, heading: &str) -> String {
        if self.lines() == 0 {
            return String::new();
        }
        let mut text = format!("{}, by shape: {} lines\n", capital(heading), self.lines());
        for (shape, Group { lines, example: (place, example), .. }) in self.sorted() {
            let _ = writeln!(text, "{lines:>9}  {shape}  ({place}: {example})");
        }
        if self.others > 0 {
            let _ = writeln!(text, "{:>9}  other shapes", self.others);
        }
        text + "\n"
    }

    /// As objects of JSON, a line each.
    pub fn objects(&self, verdict: &str) -> String {
        let object = |(shape, group): (&str, &Group)| {
            let (place, example) = &group.example;
            let object = json!({ "verdict": verdict, "lines": group.lines, "shape": shape, "place": place, "example": example });
            format!("{object}\n")
        };
        let mut all: String = self.sorted().into_iter().map(object).collect();
        if self.others > 0 {
            let object = json!({ "verdict": verdict, "lines": self.others, "shape": null, "place": null, "example": null });
            let _ = writeln!(all, "{object}");
        }
        all
    }

    /// The number of lines.
    pub fn lines(&self) -> u64 {
        self.others + self.known.values().map(|group| group.lines).sum::<u64>()
    }

    /// The most frequent first; of equally frequent ones in the order of their first lines.
    pub fn sorted(&self) -> Vec<(&str, &Group)> {
        let mut all: Vec<_> = self.known.iter().map(|(shape, group)| (shape.as_str(), group)).collect();
        all.sort_by_key(|(_, group)| (std::cmp::Reverse(group.lines), group.order));
        all
    }
}

/// With a capital letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// `text`, in which no secret is any more, with placeholders: `{n}` a number, `{ip}` an address, `{mail}` one of a mailbox,
/// `{host}` a name with dots, `{hex}` six or more digits of base 16, `{id}` letters and digits in one.
pub(super) fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while !rest.is_empty() && shape.len() < LONGEST {
        if let Some(length) = ipv6(rest) {
            shape.push_str("{ip}");
            rest = &rest[length..];
            continue;
        }
        let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        if length == 0 {
            let c = rest.chars().next().unwrap_or_default();
            shape.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        // A full stop or a hyphen at the end is the sentence's.
        let (word, after) = rest.split_at(length);
        let inner = word.trim_end_matches(['.', '-']);
        shape.push_str(&placeholder(inner));
        shape.push_str(&word[inner.len()..]);
        rest = after;
    }
    if !rest.is_empty() {
        shape.push('…');
    }
    shape
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '@' | '+')
}

/// The length of the address of IPv6 that `text` begins with.
fn ipv6(text: &str) -> Option<usize> {
    let length = text.find(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').unwrap_or(text.len());
    let behind = text[length..].chars().next();
    if behind.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let address = text[..length].trim_end_matches('.');
    // `::` alone may be anything.
    let is_one = |address: &str| address.len() > 2 && address.parse::<Ipv6Addr>().is_ok();
    let shorter = address.strip_suffix(':').unwrap_or(address);
    [address, shorter].into_iter().find(|address| is_one(address)).map(str::len)
}

/// No word of a language is so long, in bytes.
const LONG: usize = 32;

fn placeholder(word: &str) -> String {
    let has_digits = word.bytes().any(|b| b.is_ascii_digit());
    if word.contains('@') {
        return "{mail}".to_owned();
    }
    if word.parse::<Ipv4Addr>().is_ok() {
        return "{ip}".to_owned();
    }
    if is_host(word) {
        return "{host}".to_owned();
    }
    if word.len() >= LONG {
        return "{id}".to_owned();
    }
    if !has_digits {
        return word.to_owned();
    }
    // Perhaps with a unit behind it.
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &word[number.len()..];
    if unit.len() <= 3
        && number.trim_start_matches(['-', '+']).bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        return format!("{{n}}{unit}");
    }
    if word.len() >= 6 && word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return "{hex}".to_owned();
    }
    let has_letters = word.chars().any(char::is_alphabetic);
    if word.len() >= 8 && has_letters && !word.contains('.') {
        return "{id}".to_owned();
    }
    let mut shape = String::new();
    for c in word.chars() {
        if !c.is_ascii_digit() {
            shape.push(c);
        } else if !shape.ends_with("{n}") {
            shape.push_str("{n}");
        }
    }
    shape
}

/// Two labels or more, the last one of letters.
fn is_host(word: &str) -> bool {
    let Some((before, last)) = word.rsplit_once('.') else { return false };
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()) && before.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_a_placeholder() {
        for (text, expected) in [
            ("connect from mx.example.org[192.0.2.1]:25", "connect from {host}[{ip}]:{n}"),
            (
                "4BX2yZ1z9qT: to=<u@example.org>, delay=0.52, id=9f86d081",
                "{id}: to=<{mail}>, delay={n}, id={hex}",
            ),
            ("took 12ms and 3s over TLSv1.3.", "took {n}ms and {n}s over TLSv{n}.{n}."),
            ("2001:db8::1: refused by 192.0.2.1.", "{ip}: refused by {ip}."),
            ("std::io 12:34:56 -5", "std::io {n}:{n}:{n} {n}"),
            ("192.0.2.1_does_not_like_recipient.", "{ip}_does_not_like_recipient."),
            ("no digits at all", "no digits at all"),
            ("ä1 日本", "ä{n} 日本"),
            ("", ""),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
        let long = shape(&"word ".repeat(500));
        assert!(long.len() < 260 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn there_are_no_more_shapes_than_fit_and_the_most_frequent_stand_first() {
        let mut shapes = Shapes::default();
        let example = |text: &str| ("-:1".to_owned(), text.to_owned());
        for n in 0..MOST + 5 {
            shapes.add(format!("shape {n}"), || example("x"));
        }
        shapes.add("shape 7".into(), || example("not the first"));
        assert_eq!((shapes.others, shapes.lines()), (5, MOST as u64 + 6));
        let sorted = shapes.sorted();
        assert_eq!((sorted[0].0, sorted[0].1.lines, sorted[0].1.example.1.as_str()), ("shape 7", 2, "x"));
        assert_eq!((sorted[1].0, sorted[2].0, sorted.len()), ("shape 0", "shape 1", MOST));
    }
}

//! Haraka's three log formats (`format` of log.ini), taken apart into the same pieces.
//!
//! | format | a line |
//! |---|---|
//! | `default` | `[LEVEL] [UUID] [ORIGIN] MESSAGE k=v …` |
//! | `logfmt` | `level=LEVEL uuid=UUID origin=ORIGIN message=MESSAGE k=v …` |
//! | `json` | `{"level":"LEVEL","uuid":"UUID","origin":"ORIGIN","message":"MESSAGE","k":v,…}` |
use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::scan::bytes;

/// What a text is.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// Of a level that quotes what clients and servers say to each other. Nothing of it is read.
    Quoted,
    /// Of any other level.
    Said(Said<'a>),
}

/// What Haraka or one of its plugins said.
#[derive(Debug)]
pub(super) struct Said<'a> {
    /// `core`, `outbound`, or a plugin.
    pub origin: Cow<'a, [u8]>,
    /// In the default format nothing tells where the message ends: it goes on to the line's end.
    pub message: Cow<'a, [u8]>,
    pairs: Pairs<'a>,
}

#[derive(Debug)]
enum Pairs<'a> {
    /// They stand in the message, behind its first words.
    InMessage,
    /// `k=v …`
    Text(&'a [u8]),
    Json(Vec<(Cow<'a, str>, String)>),
}

/// `text` taken apart. `None`: it is none of the formats.
pub(super) fn entry(text: &[u8]) -> Option<Entry<'_>> {
    match text.first()? {
        b'[' => default_format(text),
        b'l' => logfmt(text),
        b'{' => json(text),
        _ => None,
    }
}

/// What Haraka and its libraries write on standard output when they start, in no format.
const OF_THE_START: [&[u8]; 6] = [
    b"Starting up Haraka version ",
    b"loglevel: ",
    b"log format: ",
    b"loaded TLD files: ",
    b"loaded Public Suffixes: ",
    b"Using iconv-lite only. ",
];

/// Is it a line of no format that Haraka writes when it starts?
pub(super) fn is_of_the_start(text: &[u8]) -> bool {
    OF_THE_START.iter().any(|beginning| text.starts_with(beginning))
}

/// The levels whose lines quote what clients say.
const QUOTED: [&[u8]; 3] = [b"DATA", b"PROTOCOL", b"DEBUG"];

fn is_level(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 7] = [b"INFO", b"NOTICE", b"WARN", b"ERROR", b"CRIT", b"ALERT", b"EMERG"];
    LEVELS.contains(&word)
}

/// Is it `-`, or 8-4-4-4-12 upper-case hexadecimal digits and any number of `.N`?
fn is_uuid(word: &[u8]) -> bool {
    if word == b"-" {
        return true;
    }
    let Some((uuid, mut rest)) = word.split_at_checked(36) else { return false };
    let fits = uuid.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
    });
    while let Some(number) = rest.strip_prefix(b".") {
        let digits = number.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest = &number[digits..];
    }
    fits && rest.is_empty()
}

/// `[WORD]`: the word, and what follows the bracket.
fn in_brackets(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner)?;
    Some((&inner[..end], &inner[end + 1..]))
}

fn default_format(text: &[u8]) -> Option<Entry<'_>> {
    let (level, rest) = in_brackets(text)?;
    let rest = rest.strip_prefix(b" ")?;
    if QUOTED.contains(&level) && rest.starts_with(b"[") {
        return Some(Entry::Quoted);
    }
    let (uuid, rest) = in_brackets(rest)?;
    let (origin, rest) = in_brackets(rest.strip_prefix(b" ")?)?;
    if !is_level(level) || !is_uuid(uuid) || origin.is_empty() {
        return None;
    }
    // A syslog daemon may take the blank off that stands before an empty message.
    let message = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    // Where a message is empty its pairs begin with one blank more.
    let message = message.strip_prefix(b" ").unwrap_or(message);
    let (origin, message) = (Cow::Borrowed(origin), Cow::Borrowed(message));
    Some(Entry::Said(Said { origin, message, pairs: Pairs::InMessage }))
}

fn logfmt(text: &[u8]) -> Option<Entry<'_>> {
    let word = |text: &'static [u8], rest| -> Option<(&[u8], &[u8])> {
        let rest: &[u8] = <[u8]>::strip_prefix(rest, text)?;
        rest.split_at_checked(memchr::memchr(b' ', rest)?)
    };
    let (level, rest) = word(b"level=", text)?;
    if QUOTED.contains(&level) {
        return Some(Entry::Quoted);
    }
    let (uuid, rest) = word(b" uuid=", rest)?;
    let (origin, rest) = word(b" origin=", rest)?;
    if !is_level(level) || !is_uuid(uuid) || origin.is_empty() {
        return None;
    }
    let (message, rest) = value(rest.strip_prefix(b" message=")?)?;
    let pairs = Pairs::Text(rest.strip_prefix(b" ").unwrap_or(rest));
    Some(Entry::Said(Said { origin: Cow::Borrowed(origin), message: unquoted(message), pairs }))
}

/// The value that `text` begins with, quotes included, and what follows it: a blank and more, or nothing. `None`: no
/// value that Haraka writes ends so.
fn value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = 0;
    if text.first() == Some(&b'"') {
        end = 1;
        loop {
            match text.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        end += 1;
    } else {
        end += text.iter().take_while(|b| !matches!(b, b' ' | b'"')).count();
    }
    let (value, rest) = text.split_at_checked(end)?;
    (rest.is_empty() || rest[0] == b' ').then_some((value, rest))
}

/// A value without its quotes and escapes.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")) else {
        return Cow::Borrowed(value);
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        out.push(if byte == b'\\' { bytes.next().copied().unwrap_or(byte) } else { byte });
    }
    Cow::Owned(out)
}

/// An object of JSON. Of its values only strings and numbers are kept.
struct Object<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

enum Scalar<'a> {
    Text(Cow<'a, str>),
    Number(String),
    Other,
}

fn json(text: &[u8]) -> Option<Entry<'_>> {
    if QUOTED.iter().any(|level| {
        let rest = text.strip_prefix(b"{\"level\":\"").and_then(|rest| rest.strip_prefix(*level));
        rest.is_some_and(|rest| rest.starts_with(b"\","))
    }) {
        return Some(Entry::Quoted);
    }
    let Object(pairs) = serde_json::from_slice(text).ok()?;
    let mut pairs = pairs.into_iter();
    let mut next = |name: &str| match pairs.next()? {
        (key, Scalar::Text(value)) if key == name => Some(bytes(value)),
        _ => None,
    };
    let (level, uuid, origin, message) = (next("level")?, next("uuid")?, next("origin")?, next("message")?);
    if !is_level(&level) || !is_uuid(&uuid) {
        return None;
    }
    let pairs = pairs.filter_map(|(key, value)| match value {
        Scalar::Text(text) => Some((key, text.into_owned())),
        Scalar::Number(number) => Some((key, number)),
        Scalar::Other => None,
    });
    Some(Entry::Said(Said { origin, message, pairs: Pairs::Json(pairs.collect()) }))
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    pairs.push((key, map.next_value()?));
                }
                Ok(Object(pairs))
            }
        }
        from.deserialize_map(Pairs)
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                // The shortest decimal that is this number: what JavaScript wrote.
                Ok(Scalar::Number(number.to_string()))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        from.deserialize_any(Any)
    }
}

/// The most pairs that are read. Haraka writes at most 15 in a line.
const MOST: usize = 24;

/// Of a text of this length nobody knows whether a syslog daemon cut it: some do at 1,024 bytes, header included. Then
/// the client whose words it quotes chose what stands at its end.
pub(super) const LONG: usize = 900;

/// The pairs of a line.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pairs: Vec<(&'a [u8], &'a [u8])>,
    /// Can they be believed? Haraka of before August 2017 escaped nothing: a client's word may hold a quote, and what looks
    /// like further pairs. Then a key comes twice, or quotes do not fit, or the line is so long that its end may be missing.
    pub sound: bool,
}

impl<'a> Said<'a> {
    /// The pairs. In the default format they follow the `words` that the message begins with.
    pub(super) fn fields(&'a self, words: usize) -> Fields<'a> {
        match &self.pairs {
            Pairs::InMessage => Fields::of_text(self.message.get(words..).unwrap_or_default()),
            Pairs::Text(text) => Fields::of_text(text),
            Pairs::Json(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes()));
                Fields { pairs: pairs.collect(), sound: true }
            }
        }
    }

    /// Has it these words for a message, and are the rest pairs?
    pub(super) fn says(&self, words: &[u8]) -> bool {
        match self.pairs {
            Pairs::InMessage => {
                let rest = self.message.strip_prefix(words);
                rest.is_some_and(
                    |rest| if words.is_empty() { pair(rest).is_some() } else { rest.starts_with(b" ") },
                )
            }
            _ => *self.message == *words,
        }
    }
}

impl<'a> Fields<'a> {
    fn of_text(text: &'a [u8]) -> Fields<'a> {
        let mut fields = Fields { pairs: Vec::with_capacity(MOST), sound: text.len() < LONG };
        let mut rest = text.strip_prefix(b" ").unwrap_or(text);
        while !rest.is_empty() {
            let Some((key, value, after)) = pair(rest).filter(|_| fields.pairs.len() < MOST) else {
                fields.sound = false;
                break;
            };
            fields.sound &= fields.get(key).is_none();
            fields.pairs.push((key, value));
            rest = after.strip_prefix(b" ").unwrap_or_default();
        }
        fields
    }

    /// The first value of `key`, as it stands in the log.
    pub(super) fn get(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// The first value of `key`, without its quotes; empty where there is none.
    pub(super) fn text(&self, key: &[u8]) -> Cow<'a, [u8]> {
        self.get(key).map(unquoted).unwrap_or_default()
    }
}

/// The only key with a blank.
pub(super) const DELIVERED: &[u8] = b"delivered file";

/// `KEY=VALUE`, and what follows.
fn pair(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let in_key = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let len =
        if text.starts_with(DELIVERED) { DELIVERED.len() } else { text.iter().take_while(in_key).count() };
    let (key, rest) = text.split_at(len);
    let (value, rest) = value(rest.strip_prefix(b"=").filter(|_| !key.is_empty())?)?;
    Some((key, value, rest))
}

//! What of a report may be shown: everybody may read the state, and pages are shown to many.
//!
//! A report holds what clients and other servers wrote. Whatever the setting, it has no control characters and none that turn
//! the direction of writing, and is cut. With [`Hide::is_on`] what is left out is marked by `…`:
//!
//! - what the rules for reasons take for a client's choice: `<…>`, `"…"@…`, every word with `@`;
//! - IPv4 addresses, also with hyphens and within words, and IPv6 addresses;
//! - the name that stands before such an address and a bracket (`mx.example.com[192.0.2.1]`);
//! - names of this host, those below them and below its domain;
//! - the recipient's local part, where it is a word of its own;
//! - paths of at least two parts.
use crate::protocol::reasons;

/// A text is cut behind this number of bytes.
const MOST: usize = 300;

/// What stands for what is left out.
const MARK: &str = "…";

/// What is taken out of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hide {
    /// Are addresses taken out?
    pub is_on: bool,
    /// How this host is called, in lower case.
    pub names: Vec<String>,
}

/// A number for a recipient's local part, in which the case of letters does not matter; 0: there is none.
///
/// Only what is compared with it is found: the number does not say the name.
pub fn mark_of(local: &[u8]) -> u32 {
    let word = |bytes: &[u8]| match bytes.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    if local.is_empty() {
        return 0;
    }
    mark(word(local), word(&local[local.len().saturating_sub(8)..]), local.len())
}

/// As [`mark_of`] of the first `local` bytes of `address`, behind which more stands: fast.
#[inline]
pub fn mark_in(address: &[u8], local: usize) -> u32 {
    let (Some(first), 1..) = (address.first_chunk(), local) else {
        return mark_of(address.get(..local).unwrap_or_default());
    };
    let first = u64::from_le_bytes(*first);
    if local < 8 {
        let first = first & ((1 << (8 * local)) - 1);
        return mark(first, first, local);
    }
    let last = address.get(local - 8..).and_then(|rest| rest.first_chunk());
    mark(first, last.map_or(0, |last| u64::from_le_bytes(*last)), local)
}

/// Of the first and the last eight bytes.
#[inline]
fn mark(first: u64, last: u64, length: usize) -> u32 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let (first, last) = (first | LOWER, last | LOWER);
    let hash = (first ^ last.rotate_left(29) ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    #[allow(clippy::cast_possible_truncation)]
    let mark = (hash >> 32) as u32;
    mark | 1
}

/// What may be shown of a report: what follows `delivery N: failure: `. `recipient`: as [`mark_of`] says it; 0: not known.
pub fn hidden(report: &[u8], recipient: u32, hide: &Hide) -> String {
    let text = reasons::for_people(report, hide.is_on.then_some(MARK));
    let text = without_controls(&text);
    let words = text.split_whitespace().map(|word| {
        if hide.is_on { without_names(&without_addresses(word), recipient, hide) } else { word.to_owned() }
    });
    let words: Vec<String> = words.collect();
    let mut text = words.join(" ");
    if hide.is_on {
        text = without_owners(&text);
        while text.contains("……") {
            text = text.replace("……", MARK);
        }
    }
    cut(text)
}

/// Without what moves a cursor or turns the direction of writing.
fn without_controls(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // What a terminal takes for a command, up to its last letter.
            '\u{1b}' | '\u{9b}' if c == '\u{9b}' || rest.next_if_eq(&'[').is_some() => {
                while rest.next_if(|c| matches!(c, '0'..='?' | ' '..='/')).is_some() {}
                rest.next_if(|c| matches!(c, '@'..='~'));
            }
            c if c.is_control() || is_invisible(c) => kept.push(' '),
            c => kept.push(c),
        }
    }
    kept
}

/// Does it turn the direction of writing, or take no room?
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A word without IP addresses.
fn without_addresses(word: &str) -> String {
    let mut left = String::with_capacity(word.len());
    let mut at = 0;
    while let Some(rest) = word.get(at..).filter(|rest| !rest.is_empty()) {
        let is_begin = !word[..at].ends_with(|c: char| c.is_ascii_digit());
        let length = if is_begin { ipv4(rest).or_else(|| ipv6(&word[..at], rest)) } else { None };
        if let Some(length) = length {
            left += MARK;
            at += length;
        } else {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            left += &rest[..next];
            at += next;
        }
    }
    left
}

/// The length of the IPv4 address that a text begins with, which may have hyphens for its dots.
fn ipv4(text: &str) -> Option<usize> {
    let separator = text.bytes().find(|b| !b.is_ascii_digit()).filter(|b| matches!(b, b'.' | b'-'))?;
    let mut end = 0;
    for number in 0..4 {
        if number > 0 {
            end += (text.as_bytes().get(end) == Some(&separator)).then_some(1)?;
        }
        let digits = text[end..].bytes().take_while(u8::is_ascii_digit).count();
        text.get(end..end + digits)?.parse::<u8>().ok()?;
        end += digits;
    }
    Some(end)
}

/// The length of the IPv6 address that `text` begins with, which stands behind `before`.
fn ipv6(before: &str, text: &str) -> Option<usize> {
    if before.ends_with(|c: char| c.is_ascii_hexdigit() || c == ':') && !before.ends_with("6:") {
        return None;
    }
    let is_part = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let mut end = text.bytes().take_while(is_part).count();
    // What ends a sentence is no part of it.
    while end > 1 {
        let found = &text[..end];
        if found.bytes().filter(|b| *b == b':').count() < 2 {
            return None;
        }
        if found.parse::<std::net::Ipv6Addr>().is_ok() {
            return Some(end);
        }
        end -= if found.ends_with([':', '.']) { 1 } else { return None };
    }
    None
}

/// A word without names of ours, the recipient's local part, and paths.
fn without_names(word: &str, recipient: u32, hide: &Hide) -> String {
    if word.bytes().filter(|b| *b == b'/').count() > 1 && !word.contains("://") {
        return MARK.to_owned();
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=');
    let mut left = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let name = part.trim_matches('.');
        let is_hidden = !name.is_empty()
            && ((recipient != 0 && mark_of(name.as_bytes()) == recipient) || is_ours(name, hide));
        left += if is_hidden { MARK } else { part };
        let next = behind.chars().next().map_or(0, char::len_utf8);
        left += &behind[..next];
        rest = &behind[next..];
    }
    left
}

/// Is it a name of this host, or below one, or below its domain?
fn is_ours(name: &str, hide: &Hide) -> bool {
    let name = name.to_ascii_lowercase();
    let is_below =
        |ours: &str| name.strip_suffix(ours).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    hide.names.iter().filter(|ours| !ours.is_empty()).any(|ours| match ours.split_once('.') {
        // Without a domain it may be any word; with one, it is a host's.
        None => name.strip_prefix(ours.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')),
        Some((_, domain)) => {
            // `co.uk` and `com.au` are no domains of anybody.
            let is_own = domain.split_once('.').is_some_and(|(first, _)| first.len() > 3);
            is_below(ours) || (is_own && is_below(domain))
        }
    })
}

/// Without the names that stand before an address and its bracket.
fn without_owners(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '(']) {
        let (before, from) = rest.split_at(at);
        left += before;
        let inner = from.trim_start_matches(['[', '(']);
        if inner.starts_with(MARK) {
            let end = left.trim_end_matches(' ').len();
            let gap = left[end..].to_owned();
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            let name = left[..end].rsplit(|c| !is_part(c)).next().unwrap_or_default();
            let is_name =
                name.trim_matches('.').contains('.') && name.contains(|c: char| c.is_ascii_alphabetic());
            if is_name && gap.len() < 2 {
                left.truncate(end - name.len());
                left += MARK;
                left += &gap;
            }
        }
        let brackets = from.len() - inner.len();
        left += &from[..brackets];
        rest = inner;
    }
    left + rest
}

/// Not more than [`MOST`] bytes.
fn cut(mut text: String) -> String {
    if text.len() <= MOST {
        return text;
    }
    let room = MOST - MARK.len();
    let end = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.truncate(end);
    text + MARK
}

//! IP addresses, the names that stand before them, and those of this host.
use std::net::Ipv6Addr;

use super::hide::{Hide, MARK};

/// `co.uk` and `com.au` are no domains of anybody.
const OF_NOBODY: &[&str] = &[
    "ac", "co", "com", "ed", "edu", "go", "gob", "gouv", "gov", "govt", "mil", "ne", "net", "nom", "or",
    "org", "school",
];

/// No IPv6 address is longer.
const MOST_IPV6: usize = 45;

/// The digits of an address whose zone is below `ip6.arpa`, of which the last ones may be those of the network alone.
const LEAST_NIBBLES: usize = 16;

/// A text, in which blanks may be `_`, without IP addresses.
pub(super) fn without_ips(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match address_at(&text[..at], &text[at..]) {
            Some((begin, end)) => {
                left += &text[at..at + begin];
                left += MARK;
                at += end;
            }
            None => {
                left.push(c);
                at += c.len_utf8();
            }
        }
    }
    left
}

/// Where an address begins and ends in `text`, if a word that has one begins here, behind `before`.
fn address_at(before: &str, text: &str) -> Option<(usize, usize)> {
    let is_begin = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let whole = |length: usize| (0, length);
    let nibbles =
        || if is_begin { nibbles(text).or_else(|| ipv6_with_hyphens(text)).map(whole) } else { None };
    let ipv4 = || if before.ends_with(|c: char| c.is_ascii_digit()) { None } else { ipv4(text).map(whole) };
    // What looks like one is taken apart once, from its beginning.
    let is_within = |c: char| c.is_ascii_hexdigit() || c == ':';
    let has_begun = before.ends_with(is_within)
        || before.strip_suffix('.').is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()));
    let ipv6 = || if has_begun { None } else { ipv6(text) };
    nibbles().or_else(ipv4).or_else(ipv6)
}

/// The length of the IPv4 address that a text begins with, which may have hyphens or blanks for its dots.
fn ipv4(text: &str) -> Option<usize> {
    let separator = text.bytes().find(|b| !b.is_ascii_digit()).filter(|b| matches!(b, b'.' | b'-' | b'_'))?;
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

/// Where an IPv6 address begins and ends in what looks like one at the beginning of `text`: a word may stand before it that looks
/// like a part of it (`ad:2001:db8::1`), and a port behind it, which goes with it.
fn ipv6(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    // A dot belongs to it only between numbers; else it ends a sentence, or a word begins.
    let is_part = |at: usize| {
        bytes[at].is_ascii_hexdigit()
            || bytes[at] == b':'
            || (bytes[at] == b'.' && at > 0 && is_digit(at - 1) && is_digit(at + 1))
    };
    let end = (0..bytes.len()).find(|at| !is_part(*at)).unwrap_or(bytes.len());
    let run = &text[..end];
    if run.bytes().filter(|b| *b == b':').count() < 2 {
        return None;
    }
    let begins = (0..end).filter(|at| *at == 0 || bytes[at - 1] == b':' || bytes[at - 1] == b'.');
    let begin = begins.into_iter().find(|begin| {
        let longest = end.min(begin + MOST_IPV6);
        (begin + 4..=longest).rev().any(|end| is_ipv6(&run[*begin..end]))
    })?;
    let trimmed = run.trim_end_matches(':').len();
    // `2001:db8::`, a network, ends so.
    Some((begin, if run.ends_with("::") { end } else { trimmed }))
}

/// `Mail::Add` is none, though it could be read as one.
fn is_ipv6(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) && text.parse::<Ipv6Addr>().is_ok()
}

/// The length of the IPv6 address with hyphens for its colons that a text begins with: `2001-db8-0-0--1`.
fn ipv6_with_hyphens(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_hexdigit() && c != '-').unwrap_or(text.len());
    let run = text[..end].trim_end_matches('-');
    let is_whole = !text[run.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let has_parts = run.len() <= MOST_IPV6 && run.bytes().filter(|b| *b == b'-').count() > 2;
    (is_whole && has_parts && is_ipv6(&run.replace('-', ":"))).then_some(run.len())
}

/// The length of an IPv6 address that a text begins with, a digit a part, as it is asked for: `1.0.0.0.…`.
fn nibbles(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_one = |at: usize| {
        bytes.get(at).is_some_and(u8::is_ascii_hexdigit)
            && !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
    };
    let separator = *bytes.get(1).filter(|b| matches!(b, b'.' | b'-' | b'_'))?;
    let mut number = usize::from(is_one(0));
    while number > 0 && bytes.get(2 * number - 1) == Some(&separator) && is_one(2 * number) {
        number += 1;
    }
    (number >= LEAST_NIBBLES).then(|| 2 * number - 1)
}

/// A word without names of ours, and without what stands behind one as a path.
pub(super) fn without_our_names(word: &str, hide: &Hide) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let mut left = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let name = part.trim_matches(['.', '-']);
        if !name.is_empty() && is_ours(name, hide) {
            left += MARK;
            if behind.len() > 1 && behind.starts_with('/') {
                return left + "/" + MARK;
            }
        } else {
            left += part;
        }
        let next = behind.chars().next().map_or(0, char::len_utf8);
        left += &behind[..next];
        rest = &behind[next..];
    }
    left
}

/// Is it a name of this host, or below one, or below its domain? `smtp-mail.example.com` is one of its names, too.
fn is_ours(name: &str, hide: &Hide) -> bool {
    let name = name.to_ascii_lowercase();
    let is_below = |ours: &str| {
        name.strip_suffix(ours).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '-']))
    };
    hide.names.iter().filter(|ours| !ours.is_empty()).any(|ours| match ours.split_once('.') {
        // Without a domain it may be any word; with one, it is a host's.
        None => name.strip_prefix(ours.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')),
        Some((_, domain)) => {
            let is_own = domain
                .split_once('.')
                .is_some_and(|(first, rest)| rest.contains('.') || !OF_NOBODY.contains(&first));
            is_below(ours) || (is_own && is_below(domain))
        }
    })
}

/// A text with blanks, without the names that stand before an address and its bracket.
pub(super) fn without_owners(text: &str) -> String {
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

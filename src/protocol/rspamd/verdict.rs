//! The line of a verdict:
//!
//! ```text
//! id: <MID>, qid: <Q>, ip: IP, user: U, from: <F>, (default: S (ACTION): [X/Y] [SYM(1.00){opt;},…]), len: N, time: Tms, dns req: N, …
//! ```
//!
//! 1.2 to 1.9 have `time: Tms real, Tms virtual`. MID, U, F and what stands behind a symbol are words of clients: a blank can
//! stand in all of them but MID (1.9 and later), so each mark is asked to stand there once.
use memchr::memmem;

use super::super::decimal::{digits, nanos};

/// What a verdict says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub flag: Flag,
    pub action: &'a [u8],
    /// In units of 10⁻⁹; `None`: `nan`, `inf`.
    pub score: Option<i128>,
    /// `None`: it is not certain.
    pub effort: Option<Effort>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Spam,
    Ham,
    Skipped,
}

/// What it took.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Effort {
    pub bytes: u64,
    /// Seconds, in units of 10⁻⁹.
    pub time: i128,
    pub dns_requests: u64,
}

/// Reads `message`. `is_cut`: its end may be missing, so that a mark that stands there once may be a client's. `None`: it is
/// of another form.
pub(super) fn read(message: &[u8], is_cut: bool) -> Option<Found<'_>> {
    const MARK: &[u8] = b" (default: ";
    if !message.starts_with(b"id: <") {
        return None;
    }
    let mark = once(message, MARK)?;
    if is_cut && !is_plain(&message[..mark]) {
        return None;
    }
    let rest = &message[mark + MARK.len()..];
    let (flag, rest) = rest.split_first()?;
    let flag = match flag {
        b'T' => Flag::Spam,
        b'F' => Flag::Ham,
        b'S' => Flag::Skipped,
        _ => return None,
    };
    let (action, rest) = until(rest.strip_prefix(b" (")?, b"): [")?;
    let (score, rest) = until(rest, b"/")?;
    let (required, _) = until(rest, b"] [")?;
    if action.iter().any(|b| matches!(b, b'(' | b')' | b'[' | b']')) {
        return None;
    }
    points(required)?;
    Some(Found {
        flag,
        action,
        score: points(score)?,
        effort: if is_cut { None } else { effort(message, mark) },
    })
}

/// Where `mark` stands, if it does so once.
fn once(text: &[u8], mark: &[u8]) -> Option<usize> {
    let mut places = memmem::find_iter(text, mark);
    places.next().filter(|_| places.next().is_none())
}

/// What stands before the first `end`, and behind it.
fn until<'a>(text: &'a [u8], end: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, end)?;
    Some((&text[..at], &text[at + end.len()..]))
}

/// `-?D+.DD`, in units of 10⁻⁹; `Some(None)`: `nan` or `inf`.
fn points(text: &[u8]) -> Option<Option<i128>> {
    let number = text.strip_prefix(b"-").unwrap_or(text);
    if matches!(number, b"nan" | b"inf") {
        return Some(None);
    }
    let (whole, fraction) = until(number, b".")?;
    digits(whole)?;
    (fraction.len() == 2 && fraction.iter().all(u8::is_ascii_digit)).then(|| nanos(text))?.map(Some)
}

/// Does nothing stand before the verdict but single words, the last of them the sender's address, without a quote in it?
/// Only a quoted address can hold what looks like a verdict, while its own is cut off.
fn is_plain(before: &[u8]) -> bool {
    const NAMES: [&[u8]; 5] = [b"id:", b"qid:", b"ip:", b"user:", b"from:"];
    let mut words = before.split(|&b| b == b' ');
    let mut names = NAMES.iter();
    let mut has_sender = false;
    while let Some(name) = words.next() {
        // Each name at most once, and in this order.
        let Some(value) = words.next().filter(|_| names.any(|known| *known == name)) else { return false };
        has_sender = *name == *b"from:";
        let is_quoted = has_sender && value.iter().any(|b| matches!(b, b'"' | b'\\'));
        let end: &[u8] = if has_sender { b">," } else { b"," };
        if is_quoted || !value.ends_with(end) {
            return false;
        }
    }
    has_sender
}

/// `]), len: N, time: Tms[ real, Tms virtual], dns req: N`, behind `mark`.
fn effort(message: &[u8], mark: usize) -> Option<Effort> {
    const LEN: &[u8] = b"]), len: ";
    let at = once(message, LEN).filter(|&at| at > mark)?;
    let (bytes, rest) = until(&message[at + LEN.len()..], b", time: ")?;
    let (time, rest) = until(rest, b"ms")?;
    let rest = match rest.strip_prefix(b" real, ") {
        Some(rest) => {
            let (cpu, rest) = until(rest, b"ms virtual")?;
            nanos(cpu)?;
            rest
        }
        None => rest,
    };
    let requests = rest.strip_prefix(b", dns req: ")?;
    let requests = requests.split(|&b| b == b',').next()?;
    // Of a thousandth of a second there are three digits more.
    let time = nanos(time).filter(|&time| time >= 0).map(|time| (time + 500) / 1000)?;
    Some(Effort { bytes: digits(bytes)?, time, dns_requests: digits(requests)? })
}

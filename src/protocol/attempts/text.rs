//! What of a report may be shown: everybody may read the state, and pages are shown to many.
//!
//! A report holds what clients and other servers wrote, in whatever words they like. So what is recognised as an address or a name
//! is taken out, and a name that stands there as any other word may stay. Whatever the setting, the text has no control characters
//! and none that turn the direction of writing, and is cut. With [`Hide::is_on`] what is left out is marked by `…`, in this order:
//!
//! - of addresses of the web what follows `?` and `#`, and keys in their paths;
//! - `<…>`, `"…"@…`, and every word with `@`, also where that is encoded (`%40`, `=40`, `(at)`), with up to four words before it that may
//!   belong to it, since `_` in an address is logged as blanks are;
//! - rewritten senders without `@`: SRS, BATV, VERP;
//! - the recipient's local part, where it begins and ends as a word does, also without its extension;
//! - IPv4 and IPv6 addresses, also with hyphens and within words, and the digits of `ip6.arpa`;
//! - paths of at least two parts, and what is below `~joe` or a directory of mailboxes;
//! - names of this host, those below them and below its domain, with the path behind them;
//! - the name that stands before an address and a bracket (`mx.example.com[192.0.2.1]`).
use super::encoded::{decoded, with_signs};
use super::hide::{Hide, MARK};
use super::hosts::{without_ips, without_our_names, without_owners};
use super::mailboxes::{without_addresses, without_recipient};
use super::paths::{without_paths, without_queries};
use crate::protocol::reasons;

/// A text is cut behind this number of bytes.
const MOST: usize = 300;

/// What may be shown of a report: what follows `delivery N: failure: `. `recipient`: as [`super::mark_of`] says it; 0: not known.
pub fn hidden(report: &[u8], recipient: u32, hide: &Hide) -> String {
    // Blanks stay as they are logged until all is found that may have a `_` of its own.
    let text = without_controls(&reasons::for_people(report)).replace(' ', "_");
    if !hide.is_on {
        return cut(with_blanks(&text));
    }
    let text = decoded(&without_queries(&with_signs(&text)));
    let text = without_recipient(&without_addresses(&text, recipient), recipient);
    let text = reasons::without_clients_words(&text.replace('_', " "), MARK).replace(' ', "_");
    let text = with_blanks(&without_paths(&without_ips(&text)));
    let words: Vec<String> = text.split(' ').map(|word| without_our_names(word, hide)).collect();
    let mut text = without_owners(&words.join(" "));
    while text.contains("……") {
        text = text.replace("……", MARK);
    }
    cut(text)
}

/// One blank between the words.
fn with_blanks(text: &str) -> String {
    text.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ")
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

//! Paths of files, and of addresses of the web what says for whom or for which message they are. Host and path of such an address
//! stay: they lead to a page of help. In these texts blanks are `_`.
use super::hide::MARK;

/// Directories that a mailbox is in.
const DIRECTORIES: &[&str] = &[
    "maildir",
    ".maildir",
    "home",
    "user",
    "users",
    "domains",
    "vpopmail",
    "vmail",
    "mailnames",
    "mailboxes",
    "spool",
    "alias",
    "aliases",
];

/// What qmail calls its own files.
const OF_QMAIL: &[&str] = &["users/cdb", "users/assign"];

/// A part of a path that is as long, and has digits, is no word but a key.
const LONG: usize = 16;

/// Without what stands behind the `?` of an address of the web: it names the sender and the client, or opens the door to them.
pub(super) fn without_queries(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut was_query = false;
    for (number, word) in text.split('_').enumerate() {
        // `_` may be one of the query.
        if was_query && goes_on(word) {
            continue;
        }
        if number > 0 {
            left.push('_');
        }
        let begins =
            |at: &usize| word[at + 1..].starts_with(|c: char| c.is_alphanumeric() || "=&%/+-".contains(c));
        let query = word.find('?').filter(|at| *at > 0).filter(begins);
        // `#limits` leads to a part of a page.
        let fragment =
            || word.find('#').filter(|at| word.contains("://") && word[at + 1..].contains(['=', '&']));
        was_query = false;
        let Some(at) = query.or_else(fragment) else {
            left += word;
            continue;
        };
        let (before, query) = word.split_at(at + 1);
        let end = query.find(['<', '>', '"']).unwrap_or(query.len());
        let end = query[..end].trim_end_matches([')', ']', '}', '\'', '.', ',', ':', ';', '!']).len();
        left += before;
        left += MARK;
        left += &query[end..];
        was_query = end == query.len();
    }
    left
}

/// Is it no word, but more of a query?
fn goes_on(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.bytes().any(|b| is(&b));
    word.contains(['=', '&', '%'])
        || (word.len() > 5 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
}

/// Without paths.
pub(super) fn without_paths(text: &str) -> String {
    let mut was_path = false;
    let words = text.split('_').map(|word| {
        // `_` may be one of the path.
        let goes_on = was_path && word.contains('/') && !word.contains("://");
        was_path = goes_on || is_path(word);
        if was_path { MARK.to_owned() } else { without_keys(word) }
    });
    words.collect::<Vec<_>>().join("_")
}

fn is_path(word: &str) -> bool {
    if !word.contains(['/', '~', '\\']) {
        return false;
    }
    let begin = |c: char| matches!(c, '\'' | '"' | '`' | '(' | '[' | '{' | '<' | '=' | ':' | '|');
    let lower = word.to_ascii_lowercase();
    if ["http://", "https://", "ftp://"].iter().any(|scheme| lower.contains(scheme)) {
        return false;
    }
    let last = word.rsplit('=').next().unwrap_or_default().trim_start_matches(begin);
    let name_follows = |sign: char| {
        let mut found = word.match_indices(sign).map(|(at, _)| &word[at + 1..]);
        found.any(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    let (first, rest) = last.split_once('/').unwrap_or((last, ""));
    word.bytes().filter(|b| *b == b'/').count() > 1
        || name_follows('\\')
        // The sign of SPF's rules.
        || (name_follows('~') && !word.contains("~all"))
        || (first.is_empty() && rest.starts_with(|c: char| c.is_ascii_lowercase()))
        || (!rest.is_empty() && !OF_QMAIL.contains(&last) && DIRECTORIES.iter().any(|known| first.eq_ignore_ascii_case(known)))
}

/// An address of the web without parts of its path that are no words.
fn without_keys(word: &str) -> String {
    let Some(at) = word.find("://") else { return word.to_owned() };
    let (scheme, rest) = word.split_at(at + 3);
    let parts = rest.split_inclusive(['/', '#']).enumerate().map(|(number, part)| {
        let is_key = |run: &str| run.len() >= LONG && run.bytes().filter(u8::is_ascii_digit).count() > 1;
        let has_key = part.split(|c: char| !c.is_ascii_alphanumeric()).any(is_key);
        let end = if part.ends_with(['/', '#']) { &part[part.len() - 1..] } else { "" };
        if number > 0 && (has_key || part.starts_with('~')) {
            format!("{MARK}{end}")
        } else {
            part.to_owned()
        }
    });
    scheme.to_owned() + &parts.collect::<String>()
}

//! What of a line may be shown: without passwords, without what a terminal acts on, and not all of a long one.
use std::ops::Range;

use crate::say::masked;

/// What stands in the place of a password.
const STARS: &str = "***";

/// Words that a password follows, behind `=` or `:`.
const WORDS: [&[u8]; 5] = [b"password", b"passwd", b"passphrase", b"pass", b"secret"];

/// Words that a login follows which is only encoded.
const ENCODED: [&[u8]; 4] = [b"auth plain ", b"auth login ", b"authenticate plain ", b"resp="];

/// Where passwords may stand in `text`: vchkpw(8) logs `(pass: 'PASSWORD')` if it is told to, Dovecot `(given password: …)`,
/// and others have their own words. A password may hold anything, so that rather too much is taken than too little.
pub(super) fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in WORDS {
        for at in memchr::memmem::find_iter(&lower, word) {
            let begins = at == 0 || !lower[at - 1].is_ascii_alphanumeric();
            // `clearpasswd=`, but not `bypass: `.
            if !begins && word == b"pass" {
                continue;
            }
            if let Some(begin) = value_behind(&lower, at + word.len()) {
                found.push(begin..end_of_value(text, at, begin));
            }
        }
    }
    for word in ENCODED {
        for at in memchr::memmem::find_iter(&lower, word) {
            let begin = at + word.len();
            let length = text[begin..].iter().take_while(|b| !b" \t,;)>".contains(b)).count();
            found.push(begin..begin + length);
        }
    }
    for at in memchr::memmem::find_iter(text, b"://") {
        // `scheme://USER:PASSWORD@host`
        let begin = at + 3;
        let length = text[begin..].iter().take_while(|b| !b" \t\"'<>".contains(b)).count();
        let place = &text[begin..begin + length];
        if let (Some(colon), Some(end)) = (memchr::memchr(b':', place), memchr::memrchr(b'@', place))
            && colon < end
        {
            found.push(begin + colon + 1..begin + end);
        }
    }
    found.retain(|range| !range.is_empty());
    found
}

/// Where the value begins, if `=` or `:` follows at `at`, perhaps behind the quotation mark that ends a name.
fn value_behind(text: &[u8], at: usize) -> Option<usize> {
    let blanks =
        |at: usize| at + text.get(at..).map_or(0, |rest| rest.iter().take_while(|b| **b == b' ').count());
    let at = match text.get(at)? {
        b'"' | b'\'' => at + 1,
        _ => at,
    };
    let at = blanks(at);
    matches!(text.get(at)?, b'=' | b':').then(|| blanks(at + 1))
}

/// Where a value ends that begins at `begin`; its word stands at `word`.
fn end_of_value(text: &[u8], word: usize, begin: usize) -> usize {
    let value = &text[begin..];
    let last =
        |mark: u8| memchr::memrchr(mark, value).filter(|at| *at > 0).map_or(text.len(), |at| begin + at + 1);
    match value.first() {
        // In an object of JSON a quotation mark within a value has a backslash before it.
        Some(b'"') if text.first() == Some(&b'{') => {
            let mut at = 1;
            while let Some(&byte) = value.get(at).filter(|b| **b != b'"') {
                at += if byte == b'\\' { 2 } else { 1 };
            }
            (begin + at + 1).min(text.len())
        }
        Some(mark @ (b'"' | b'\'')) => last(*mark),
        _ if is_in_brackets(&text[..word]) => {
            memchr::memrchr(b')', value).map_or(text.len(), |at| begin + at)
        }
        _ => text.len(),
    }
}

/// Is there a `(` that nothing closes?
fn is_in_brackets(before: &[u8]) -> bool {
    let opened = memchr::memrchr(b'(', before);
    opened.is_some() && opened > memchr::memrchr(b')', before)
}

/// `text` for people: what `hidden` names as stars, and what a terminal acts on as escapes. Of more than `most` characters
/// the first ones.
pub(super) fn shown(text: &[u8], hidden: &[Range<usize>], most: usize) -> String {
    shown_part(text, 0..text.len(), hidden, most)
}

/// As [`shown()`], of a part of `text`.
pub(super) fn shown_part(text: &[u8], part: Range<usize>, hidden: &[Range<usize>], most: usize) -> String {
    let part = part.start.min(text.len())..part.end.min(text.len());
    let mut out = String::new();
    let mut at = part.start;
    while at < part.end {
        let inside = hidden.iter().filter(|range| range.contains(&at)).map(|range| range.end).max();
        if let Some(end) = inside {
            if !out.ends_with(STARS) {
                out.push_str(STARS);
            }
            at = end;
        } else {
            let next = hidden.iter().map(|range| range.start).filter(|start| *start > at).min();
            let end = next.unwrap_or(part.end).min(part.end);
            escape(&text[at..end], &mut out);
            at = end;
        }
        if out.len() > 8 * most {
            break;
        }
    }
    shortened(&out, most)
}

/// The first `most` characters, and `…` where there are more.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bytes that are no UTF-8 as `\xNN`.
fn escape(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        out.push_str(&masked(chunk.valid()));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(text: &str) -> String {
        shown(text.as_bytes(), &secrets(text.as_bytes()), 200)
    }

    #[test]
    fn passwords_are_stars() {
        for (text, expected) in [
            (
                "vchkpw-smtp: password fail (pass: 'geheim') u@example.org:192.0.2.1",
                "vchkpw-smtp: password fail (pass: ***) u@example.org:192.0.2.1",
            ),
            ("(pass: 'it's (pass: 'x') or')') u@example.org", "(pass: ***) u@example.org"),
            ("(pass: 'geheim", "(pass: ***"),
            (
                "auth: sql(u): Password mismatch (given password: ge) heim)",
                "auth: sql(u): Password mismatch (given password: ***)",
            ),
            ("clearpasswd=geheim and more", "clearpasswd=***"),
            (r#"{"user":"u","password":"ge\"heim","ok":1}"#, r#"{"user":"u","password":***,"ok":1}"#),
            ("AUTH PLAIN AGFsaWNlAGdlaGVpbQ== done", "AUTH PLAIN *** done"),
            ("ldap://u:ge:heim@db.example.org/x", "ldap://u:***@db.example.org/x"),
            ("PASSWD = geheim", "PASSWD = ***"),
        ] {
            assert_eq!(safe(text), expected);
        }
        for text in [
            "vchkpw-smtp: null password given u@example.org:192.0.2.1",
            "rbl: ip=198.51.100.8 query=zen.spamhaus.org result=pass message=''",
            "spf bypass: yes",
            "imap-login: Disconnected (password expired): user=<>",
            "https://example.org:8080/x",
        ] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn a_part_of_a_text_has_no_part_of_a_password() {
        let text = b"a (pass: 'geheim') b";
        let hidden = secrets(text);
        for end in 0..=text.len() {
            for begin in 0..=end {
                let part = shown_part(text, begin..end, &hidden, 200);
                assert!(
                    !"geheim"
                        .split("")
                        .any(|c| !c.is_empty() && !"a pass:()'b*".contains(c) && part.contains(c)),
                    "{part}"
                );
            }
        }
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_and_not_all_of_a_long_line() {
        assert_eq!(safe("a\u{1b}[2Jb\u{7}\u{202e}"), "a\\x1b[2Jb\\x07\\u{202e}");
        assert_eq!(shown(b"a\xff\x80b\xc3\xa4", &[], 200), "a\\xff\\x80bä");
        assert_eq!(shown("ä".repeat(500).as_bytes(), &[], 200), format!("{}…", "ä".repeat(200)));
    }
}

//! Where passwords may stand in a text of a log.
use std::ops::Range;

/// Words that a password follows, behind `=` or `:`.
const WORDS: [&[u8]; 5] = [b"password", b"passwd", b"passphrase", b"pass", b"secret"];

/// Words that a login follows which is only encoded.
const ENCODED: [&[u8]; 4] = [b"auth plain ", b"auth login ", b"authenticate plain ", b"resp="];

/// Where passwords may stand in `text`: vchkpw(8) logs `(pass: 'PASSWORD')` if it is told to, Dovecot `(given password: …)`,
/// and others have their own words. A password may hold anything, so that rather too much is taken than too little.
pub fn secrets(text: &[u8]) -> Vec<Range<usize>> {
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

/// `text` with `***` in the places of passwords.
pub(super) fn without(text: &[u8]) -> Vec<u8> {
    let mut found = secrets(text);
    found.sort_by_key(|range| range.start);
    let mut left = Vec::with_capacity(text.len());
    let mut at = 0;
    for range in found.into_iter().filter(|range| range.end <= text.len()) {
        if range.end <= at {
            continue;
        }
        if range.start >= at {
            left.extend_from_slice(&text[at..range.start]);
            left.extend_from_slice(b"***");
        }
        at = range.end;
    }
    left.extend_from_slice(&text[at..]);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_text_has_no_password() {
        for (text, left) in [
            ("deferral:_(pass:_'geheim')_alice@example.org/", "deferral:_(pass:***)_alice@example.org/"),
            ("(pass: 'geheim') u@example.org", "(pass: ***) u@example.org"),
            ("password=geheim secret=auch", "password=***"),
            (
                "AUTH PLAIN AGFsaWNlAGdlaGVpbQ== and ldap://u:geheim@db/x",
                "AUTH PLAIN *** and ldap://u:***@db/x",
            ),
            ("550 5.1.1 no such user", "550 5.1.1 no such user"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(without(text.as_bytes())).unwrap(), left);
        }
    }
}

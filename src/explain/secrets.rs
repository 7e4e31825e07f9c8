//! What of a line may be shown: without passwords, without what a terminal acts on, and not all of a long one.
use std::ops::Range;

pub(super) use crate::protocol::secrets::secrets;
use crate::say::masked;

/// What stands in the place of a password.
const STARS: &str = "***";

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

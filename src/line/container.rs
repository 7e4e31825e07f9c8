//! What containers put around a line: Docker's json-file, CRI (containerd, CRI-O, podman), docker compose.
//!
//! | form | who |
//! |---|---|
//! | `{"log":"TEXT\n","stream":"stderr","time":"RFC 3339"}`, TEXT with JSON's escapes | Docker's json-file driver |
//! | `RFC3339 stdout F TEXT`, `P` for all but the last part of a line | CRI |
//! | `NAME-1  \| TEXT` | docker compose logs |
//!
//! A line that is too long for a runtime, or that a program writes in pieces, comes in several parts: in json-file only
//! the last one ends with `\n`, in CRI it has `F`. [`super::Parts`] joins them.

use super::header::word;
use super::stamp::Stamp;
use super::syslog;

/// A line, or a part of one, without what the container's runtime put around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wrapped<'a> {
    /// Did the program write it to stderr? Lines of the two streams come in turns, and so do their parts.
    pub stderr: bool,
    /// When the runtime received it.
    pub time: Option<Stamp>,
    /// That time as it stands in the log.
    pub stamp: &'a [u8],
    /// Does the line end here?
    pub ends: bool,
    /// What the program wrote.
    pub text: &'a [u8],
    /// Are there JSON's escapes in `text`?
    pub is_escaped: bool,
}

/// Can a line with this first byte be one of a container's log? A cheap test, before all others.
#[inline]
pub(super) fn may_begin(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'{' | b'0'..=b'9'))
}

/// The wrapped line that `head` begins with. `end`: the last bytes of the same line; of one that is longer than what is
/// kept of a line, only they tell where json-file's text ends and when it was written.
pub(super) fn wrapped<'a>(head: &'a [u8], end: &'a [u8]) -> Option<Wrapped<'a>> {
    if head.first() == Some(&b'{') { json(head, end) } else { cri(head) }
}

/// `RFC3339 stdout|stderr F|P[:TAGS] TEXT`. A host called `stdout` is a host unless `F` or `P` follows.
fn cri(line: &[u8]) -> Option<Wrapped<'_>> {
    // Cheap for the lines of a syslogd with such stamps: a look at one byte behind the first blank.
    let blank = 19 + memchr::memchr(b' ', line.get(19..36.min(line.len()))?)?;
    let rest = line[blank + 1..].strip_prefix(b"std")?;
    let (stderr, rest) = match rest.strip_prefix(b"out ") {
        Some(rest) => (false, rest),
        None => (true, rest.strip_prefix(b"err ")?),
    };
    let (tags, text) = word(rest);
    let (kind, tags) = tags.split_first()?;
    let ends = match kind {
        b'F' => true,
        b'P' => false,
        _ => return None,
    };
    if !tags.is_empty() && tags[0] != b':' {
        return None;
    }
    let (time, len) = syslog::rfc3339(line)?;
    let stamp = &line[..blank];
    (len == blank + 1).then_some(Wrapped { stderr, time: Some(time), stamp, ends, text, is_escaped: false })
}

/// The object that Docker's json-file driver writes: `log`, `stream`, perhaps `attrs`, `time`, in this order.
fn json<'a>(head: &'a [u8], end: &'a [u8]) -> Option<Wrapped<'a>> {
    const STREAM: &[u8] = b"\",\"stream\":\"std";
    let body = head.strip_prefix(b"{\"log\":\"")?;
    let Body { len, newline, is_escaped } = body_of(body);
    let rest = &body[len..];
    let (text, ends, stream, last) = if rest.is_empty() {
        // Its end lies beyond what is kept of a line. If there are so many `attrs` that the end of the text is not in
        // `end` either, it is taken for whole.
        let at = memchr::memmem::rfind(end, STREAM);
        let before = at.map(|at| &end[..at]);
        let ends =
            before.is_none_or(|text| text.ends_with(b"\\n") && backslashes(&text[..text.len() - 1]) % 2 == 1);
        (body, ends, at.map(|at| &end[at + STREAM.len()..]), end)
    } else {
        let stream = rest.strip_prefix(STREAM)?;
        (newline.map_or(&body[..len], |at| &body[..at]), newline.is_some(), Some(stream), rest)
    };
    let stamp = last_time(last).unwrap_or_default();
    Some(Wrapped {
        stderr: stream.is_some_and(|stream| stream.starts_with(b"err")),
        time: syslog::rfc3339_of(stamp).filter(|(_, len)| *len == stamp.len()).map(|(time, _)| time),
        stamp,
        ends,
        text,
        is_escaped,
    })
}

/// A JSON string up to its closing quote.
struct Body {
    len: usize,
    /// Where the `\n` stands that ends the text.
    newline: Option<usize>,
    /// Are there other escapes?
    is_escaped: bool,
}

fn body_of(body: &[u8]) -> Body {
    let (mut at, mut newline, mut is_escaped) = (0, None, false);
    while let Some(found) = memchr::memchr2(b'"', b'\\', &body[at..]) {
        at += found;
        if body[at] == b'"' {
            let at_end = newline.filter(|n| n + 2 == at);
            return Body { len: at, newline: at_end, is_escaped: is_escaped || newline != at_end };
        }
        is_escaped |= newline.is_some() || body.get(at + 1) != Some(&b'n');
        newline = (body.get(at + 1) == Some(&b'n')).then_some(at);
        at = (at + 2).min(body.len());
    }
    Body { len: body.len(), newline: None, is_escaped: is_escaped || newline.is_some() }
}

/// How many backslashes `text` ends with.
fn backslashes(text: &[u8]) -> usize {
    text.iter().rev().take_while(|&&b| b == b'\\').count()
}

/// What stands in the last `"time":"…"`; `attrs` before it hold what people chose.
fn last_time(rest: &[u8]) -> Option<&[u8]> {
    const TIME: &[u8] = b"\"time\":\"";
    let value = &rest[memchr::memmem::rfind(rest, TIME)? + TIME.len()..];
    Some(&value[..memchr::memchr(b'"', value)?])
}

/// Appends `text` to `out` without JSON's escapes, at most `room` bytes of it. An escape that is cut off at the end, or
/// that is none, is dropped.
pub(super) fn unescape(mut text: &[u8], room: usize, out: &mut Vec<u8>) {
    let most = out.len() + room;
    while let Some(at) = memchr::memchr(b'\\', text) {
        out.extend_from_slice(&text[..at]);
        let Some(&escape) = text.get(at + 1) else {
            text = &[];
            break;
        };
        text = &text[at + 2..];
        match escape {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'"' | b'\\' | b'/' => out.push(escape),
            b'u' => text = unicode(text, out),
            _ => {}
        }
        if out.len() >= most {
            break;
        }
    }
    out.extend_from_slice(text);
    out.truncate(most);
}

/// Appends the character whose four hexadecimal digits `text` begins with, a pair of them for one beyond U+FFFF; gives
/// what follows.
fn unicode<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let unit = |text: &[u8]| {
        let digits = std::str::from_utf8(text.get(..4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(text) else { return &text[text.len().min(4)..] };
    let mut rest = &text[4..];
    let second = rest.strip_prefix(b"\\u").and_then(unit).filter(|_| (0xd800..0xdc00).contains(&first));
    let character = char::decode_utf16([first].into_iter().chain(second)).next();
    if second.is_some() && matches!(character, Some(Ok(_))) {
        rest = &rest[6..];
    }
    let character = character.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

/// What follows docker compose's `NAME-1  | `. Only for logs that hold one program's lines: a text may begin so.
pub(super) fn compose(line: &[u8]) -> Option<&[u8]> {
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let len = line.iter().take_while(|b| name(b)).count();
    let blanks = line[len..].iter().take_while(|&&b| b == b' ').count();
    (len > 0 && blanks > 0).then(|| line[len + blanks..].strip_prefix(b"| "))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(wrapped: Option<Wrapped<'_>>) -> Option<(bool, bool, &str)> {
        wrapped.map(|w| (w.stderr, w.ends, std::str::from_utf8(w.text).unwrap()))
    }

    #[test]
    fn lines_of_cri() {
        for (line, expected) in [
            ("2026-11-28T18:00:01.123456789Z stdout F new msg 1", Some((false, true, "new msg 1"))),
            ("2026-11-28T18:00:01.1+00:00 stderr P new", Some((true, false, "new"))),
            ("2026-11-28T18:00:01Z stdout F ", Some((false, true, ""))),
            ("2026-11-28T18:00:01Z stdout F", Some((false, true, ""))),
            ("2026-11-28T18:00:01Z stdout P:tag  a b", Some((false, false, " a b"))),
            ("2026-11-28T18:00:01Z stdout FP x", None),
            ("2026-11-28T18:00:01Z stdout qmail: x", None),
            ("2026-11-28T18:00:01Z stdouts F x", None),
            ("2026-11-28T18:00:01Z mx1 qmail: stdout F x", None),
            ("2026-11-28 18:00:01 stdout F x", None),
            ("2026-13-28T18:00:01Z stdout F x", None),
            ("1790635513.900254022 stdout F x", None),
            ("2026", None),
            ("", None),
        ] {
            assert_eq!(text(wrapped(line.as_bytes(), line.as_bytes())), expected, "{line}");
        }
    }

    #[test]
    fn objects_of_json_file() {
        let end = r#","stream":"stderr","time":"2026-11-28T18:00:01.5Z"}"#;
        for (log, expected, is_escaped) in [
            (r"new msg 1\n", (true, true, "new msg 1"), false),
            (r"new msg 1", (true, false, "new msg 1"), false),
            (r"\n", (true, true, ""), false),
            ("", (true, false, ""), false),
            (r"a \u003cb\u003e\n", (true, true, r"a \u003cb\u003e"), true),
            (r"a\nb\n", (true, true, r"a\nb"), true),
            (r"a\\n", (true, false, r"a\\n"), true),
            (r#"a \"stream\":\"stdout\" \\\n"#, (true, true, r#"a \"stream\":\"stdout\" \\"#), true),
        ] {
            let line = format!("{{\"log\":\"{log}\"{end}");
            let found = wrapped(line.as_bytes(), line.as_bytes());
            assert_eq!(text(found), Some(expected), "{line}");
            // date -u -d 2026-11-28T18:00:01Z +%s
            assert_eq!(found.unwrap().time, Stamp::new(1_795_888_801, 500_000_000), "{line}");
            assert_eq!(found.unwrap().is_escaped, is_escaped, "{line}");
        }
        for line in [
            r#"{"log":"x"}"#,
            r#"{"log":"x","level":"info","time":"2026-11-28T18:00:01.5Z"}"#,
            r#"{"msg":"x","stream":"stdout","time":"2026-11-28T18:00:01.5Z"}"#,
        ] {
            assert_eq!(wrapped(line.as_bytes(), line.as_bytes()), None, "{line}");
        }
        let attrs = r#"{"log":"x\n","stream":"stdout","attrs":{"a":"\"time\":\"b\""},"time":"2026-11-28T18:00:01.5Z"}"#;
        assert_eq!(
            wrapped(attrs.as_bytes(), attrs.as_bytes()).unwrap().time.map(|t| t.secs),
            Some(1_795_888_801)
        );
    }

    #[test]
    fn what_is_kept_of_a_long_object() {
        let long = "x".repeat(5000);
        for (log, ends) in [
            (long.clone(), false),
            (format!("{long}\\n"), true),
            (format!("{long}\\\\n"), false),
            (format!("{long}\\\\\\n"), true),
        ] {
            let line =
                format!("{{\"log\":\"{log}\",\"stream\":\"stderr\",\"time\":\"2026-11-28T18:00:01.5Z\"}}");
            let (head, end) = (&line.as_bytes()[..4096], &line.as_bytes()[line.len() - 256..]);
            let found = wrapped(head, end).unwrap();
            assert_eq!(
                (found.stderr, found.ends, found.text.len()),
                (true, ends, 4096 - 8),
                "{}",
                &line[4990..]
            );
            assert_eq!(found.time.map(|t| t.secs), Some(1_795_888_801));
        }
    }

    #[test]
    fn escapes() {
        for (text, expected) in [
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r"\t\r\n\b\f", "\t\r\n\u{8}\u{c}"),
            (r"\u003ca\u003E\u0026", "<a>&"),
            (r"\u00e4\ud83d\ude00\ufffd", "ä😀\u{fffd}"),
            (r"\ud83d x", "\u{fffd} x"),
            (r"\ude00\u0041", "\u{fffd}A"),
            (r"x\u00", "x"),
            (r"x\", "x"),
            (r"x\qy", "xy"),
        ] {
            let mut out = Vec::new();
            unescape(text.as_bytes(), 4096, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{text}");
        }
        let mut out = b"12".to_vec();
        unescape(br"3\n4567", 3, &mut out);
        assert_eq!(out, b"123\n4");
    }

    #[test]
    fn names_of_compose() {
        for (line, expected) in [
            ("qmail-1     | @4000 x", Some("@4000 x")),
            ("qmail_1  | x", Some("x")),
            ("a.b | ", Some("")),
            ("qmail-1|x", None),
            ("qmail-1 |x", None),
            ("a b | x", None),
            ("  | x", None),
            ("qmail-1", None),
            ("", None),
        ] {
            assert_eq!(compose(line.as_bytes()).map(|t| std::str::from_utf8(t).unwrap()), expected, "{line}");
        }
    }
}

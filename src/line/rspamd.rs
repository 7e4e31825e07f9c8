//! The stamps of rspamd's own file: `2026-11-28 18:00:04 #88(normal) …` in local time, with five digits of a fraction where
//! `log_usec` is on, and `[notice] ` before the `#` where `log_severity` is; as JSON `{"ts": 1795888904.123456, …`.

use super::civil::{self, Civil};
use super::stamp::Stamp;
use super::unix;

/// The stamp that `line` begins with, and its length with the blank. By itself a time of this form tells nothing of who
/// wrote it, so it is one only before what rspamd puts next.
pub(super) fn label(line: &[u8]) -> Option<(Civil, usize)> {
    if line.get(10) != Some(&b' ') {
        return None;
    }
    let (when, len) = civil::date_time(line)?;
    let is_its = matches!(len, 19 | 25) && matches!(line.get(len..len + 2), Some(b" #" | b" ["));
    is_its.then_some((when, len + 1))
}

/// The time of an object of JSON.
pub(super) fn object(line: &[u8]) -> Option<Stamp> {
    let seconds = line.strip_prefix(b"{\"ts\": ")?;
    let (time, len) = unix::number(seconds)?;
    (seconds.get(len) == Some(&b',')).then_some(time)
}

#[cfg(test)]
mod tests {
    use crate::line::Parser;
    use chrono::Utc;

    /// Time and text of `line`, as a parser in UTC reads it.
    fn read(line: &str) -> (Option<(i64, u32)>, String) {
        let mut parser = Parser::in_zone(Utc, 10, 1_795_888_801);
        let line = parser.parse(line.as_bytes());
        assert_eq!((line.tag, line.host, line.continuation), (None, None, false));
        (line.time.map(|t| (t.secs, t.nanos)), String::from_utf8_lossy(line.text).into_owned())
    }

    #[test]
    fn a_time_before_what_rspamd_puts_next() {
        // date -u -d '2026-11-28 18:00:04' +%s
        for (line, nanos, text) in [
            ("2026-11-28 18:00:04 #88(normal) <a>; task; f: x", 0, "#88(normal) <a>; task; f: x"),
            ("2026-11-28 18:00:04.12345 #88(normal) x", 123_450_000, "#88(normal) x"),
            ("2026-11-28 18:00:04 [notice] #88(normal) x", 0, "[notice] #88(normal) x"),
            ("2026-11-28 18:00:04.00001 [info] x", 10_000, "[info] x"),
            ("2026-11-28T18:00:04.5Z 2020-01-01 00:00:00 #88(normal) x", 500_000_000, "#88(normal) x"),
            ("2026-11-28T18:00:04Z stdout F 2026-11-28 18:00:04 #88(normal) x", 0, "#88(normal) x"),
            ("2026-11-28 18:00:04.000000007  2020-01-01 00:00:00.00001 #8(x) y", 7, "#8(x) y"),
        ] {
            assert_eq!(read(line), (Some((1_795_888_804, nanos)), text.to_owned()), "{line}");
        }
    }

    #[test]
    fn what_is_no_stamp_of_rspamd() {
        for line in [
            "2026-11-28 18:00:04 x",
            "2026-11-28 18:00:04  #88(normal) x",
            "2026-11-28 18:00:04.1234 #88(normal) x",
            "2026-11-28 18:00:04.123456 #88(normal) x",
            "2026-11-28 18:00:04#88(normal) x",
            "2026-11-28 18:00:04 ",
            "2026-11-28 18:00:04",
            "2026-02-30 18:00:04 #88(normal) x",
            "2026-11-28 25:00:04 #88(normal) x",
            r#"{"ts": 179588890.5"#,
            r#"{"ts": 1795888905, "pid": 1}"#,
            r#"{"ts": "1795888905.5", "pid": 1}"#,
            r#"{"ts":1795888905.5, "pid": 1}"#,
            r#"{"time": 1795888905.5, "pid": 1}"#,
            "{",
        ] {
            assert_eq!(read(line), (None, line.to_owned()), "{line}");
        }
    }

    #[test]
    fn an_object_has_its_time_and_is_text_as_a_whole() {
        let line = r#"{"ts": 1795888905.123456, "pid": 88, "message": "x"}"#;
        assert_eq!(read(line), (Some((1_795_888_905, 123_456_000)), line.to_owned()));
    }
}

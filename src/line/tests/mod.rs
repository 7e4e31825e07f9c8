//! Whole lines, in zones that do not depend on the machine's.

mod passes;

use chrono::{FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use proptest::prelude::*;

use super::stamp::END;
use super::*;

const STAMPS: &str = include_str!("../../../tests/data/line/stamps.log");
const BAD: &str = include_str!("../../../tests/data/line/stamps-bad.log");

/// 2026-09-28T23:00:00Z, when `stamps.log` was last written.
const MTIME: i64 = 1_790_636_400;

/// 2026-09-28T22:45:13Z, the instant of `stamps.log`.
const INSTANT: i64 = 1_790_635_513;

/// Central Europe: an hour ahead of UTC, two in summer. The clock is set at 01:00 UTC of the last Sunday of March
/// (02:00 → 03:00) and of October (03:00 → 02:00). For 2026 only: 29 March and 25 October.
#[derive(Clone, Copy, Debug)]
pub(super) struct Europe;

impl Europe {
    /// 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z.
    const SUMMER: std::ops::Range<i64> = 1_774_746_000..1_792_890_000;

    fn hours(hours: i32) -> FixedOffset {
        FixedOffset::east_opt(hours * 3600).unwrap()
    }
}

impl TimeZone for Europe {
    type Offset = FixedOffset;

    fn from_offset(_: &FixedOffset) -> Self {
        Europe
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<FixedOffset> {
        self.offset_from_local_datetime(&local.and_hms_opt(0, 0, 0).unwrap())
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
        let local = local.and_utc().timestamp();
        let winter = !Self::SUMMER.contains(&(local - 3600));
        let summer = Self::SUMMER.contains(&(local - 7200));
        match (summer, winter) {
            (true, true) => MappedLocalTime::Ambiguous(Self::hours(2), Self::hours(1)),
            (true, false) => MappedLocalTime::Single(Self::hours(2)),
            (false, true) => MappedLocalTime::Single(Self::hours(1)),
            (false, false) => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> FixedOffset {
        self.offset_from_utc_datetime(&utc.and_hms_opt(0, 0, 0).unwrap())
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
        Self::hours(if Self::SUMMER.contains(&utc.and_utc().timestamp()) { 2 } else { 1 })
    }
}

fn utc(mtime: i64) -> Parser<Utc> {
    Parser::in_zone(Utc, 10, mtime)
}

/// Unix time of a date and time in UTC, computed by chrono alone.
fn unix(rfc3339: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(rfc3339).unwrap().timestamp()
}

fn str(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn every_stamp_of_one_instant() {
    for (number, line) in (1..).zip(STAMPS.lines()) {
        let offset = if [2, 4].contains(&number) { 37 } else { 10 };
        let parsed = Parser::in_zone(Utc, offset, MTIME).parse(line.as_bytes());
        assert_eq!(str(parsed.text), "new msg 71198", "line {number}");
        assert!(!parsed.continuation, "line {number}");
        let nanos = match number {
            1..=4 | 7 | 8 => 900_254_022,
            5 | 6 => 900_250_000,
            10 | 12 | 19 => 0,
            _ => 900_254_000,
        };
        let expected = (number != 22).then_some(Stamp { secs: INSTANT, nanos });
        assert_eq!(parsed.time, expected, "line {number}");
        let (host, tag) = match number {
            10..=14 | 16..=21 => (Some("mx1"), Some("qmail")),
            15 => (None, Some("qmail")),
            _ => (None, None),
        };
        assert_eq!((parsed.host.map(str), parsed.tag.map(str)), (host, tag), "line {number}");
    }
    assert_eq!(STAMPS.lines().count(), 22);
}

#[test]
fn byte_order_marks_are_no_part_of_a_line() {
    for (number, line) in (1..).zip(STAMPS.lines()) {
        for marks in ["\u{feff}", "\u{feff}\u{feff}\u{feff}"] {
            let offset = if [2, 4].contains(&number) { 37 } else { 10 };
            let marked = format!("{marks}{line}");
            let parsed = Parser::in_zone(Utc, offset, MTIME).parse(marked.as_bytes());
            assert_eq!(parsed, Parser::in_zone(Utc, offset, MTIME).parse(line.as_bytes()), "{number}");
            let mut parts = Parts::default();
            let mut parser = Parser::in_zone(Utc, offset, MTIME);
            assert_eq!(parts.parse(&mut parser, marked.as_bytes(), marked.as_bytes()), parsed, "{number}");
        }
    }
    assert_eq!(utc(MTIME).parse("\u{feff}new msg 1".as_bytes()).text, b"new msg 1");
    assert_eq!(utc(MTIME).parse("\u{feff}".as_bytes()), Line::bare(b""));
    // A letter that begins as a mark does, and a mark that is cut off.
    for text in ["\u{f900}x".as_bytes(), b"\xef", b"\xef\xbb", b"\xef\xbb\xbe"] {
        assert_eq!(utc(MTIME).parse(text), Line::bare(text));
    }
}

#[test]
fn a_marked_line_of_a_container_is_joined() {
    let mut parts = Parts::default();
    let mut parser = utc(MTIME);
    let begin = "\u{feff}2026-09-28T22:45:13.900254022Z stderr P new ".as_bytes();
    let end = "\u{feff}2026-09-28T22:45:14.000000000Z stderr F msg 7".as_bytes();
    assert_eq!(part_of(begin, begin), Some((true, false)));
    assert!(parts.parse(&mut parser, begin, begin).continuation);
    let line = parts.parse(&mut parser, end, end);
    assert_eq!((str(line.text), line.time), ("new msg 7", Some(Stamp { secs: INSTANT, nanos: 900_254_022 })));
}

#[test]
fn a_machine_without_a_clock_names_the_program_all_the_same() {
    let line = utc(MTIME).parse(b"<22>1 - mx1 vpopmail 7 - - vchkpw-smtp: x");
    assert_eq!((line.time, line.host.map(str), line.tag.map(str)), (None, Some("mx1"), Some("vpopmail")));
    assert_eq!(str(line.text), "vchkpw-smtp: x");
    let line = utc(MTIME).parse(b"<22>1 - mx1 qmail - - - 1790635513.900254 new msg 1");
    assert_eq!(line.time, Some(Stamp { secs: INSTANT, nanos: 900_254_000 }));
    assert_eq!(str(line.text), "new msg 1");
    for line in ["<22>1 -", "<22>1 -mx1 qmail - - - x", "<22>- mx1 qmail - - - x"] {
        assert_eq!(utc(MTIME).parse(line.as_bytes()), Line::bare(line.as_bytes()), "{line}");
    }
}

#[test]
fn what_is_no_stamp_is_text() {
    for line in BAD.lines() {
        assert_eq!(utc(MTIME).parse(line.as_bytes()), Line::bare(line.as_bytes()), "{line}");
        assert_eq!(label_len(line.as_bytes()), None, "{line}");
    }
    assert_eq!(BAD.lines().count(), 9);
}

#[test]
fn more_that_is_no_stamp() {
    for line in [
        "",
        " @40000000450c020b32315f74 x",
        "2026-02-30 22:45:13.900254022 x",
        "2026-09-28 24:45:13.900254022 x",
        "2026-09-28 22:45:61.900254022 x",
        "2026-09-28 22:45:13.90025402 x",
        "2026-09-28 22:45:13.900254022",
        "2026-09-28 22:45:13 x",
        "2026-09-28_22:45:13.900254 x",
        "2026-09-28T22:45:13.900254 x",
        "2026-09-28T22:45:13+24:00 x",
        "2026-09-28T22:45:13Zx",
        "1969-12-31T23:59:59Z mx1 x: y",
        "2263-01-01T00:00:00Z mx1 x: y",
        "0000-00-00T00:00:00Z mx1 x: y",
        "2026-13-01_22:45:13.90025 x",
        "Sep 31 22:45:13 mx1 x: y",
        "Sep 28 22:45 mx1 x: y",
        "Sep 28 22:45:13",
        "Sep 028 22:45:13 mx1 x: y",
        "Sept 28 22:45:13 mx1 x: y",
        "sep 28 22:45:13 mx1 x: y",
        "<22>new msg 1",
        "<22><22>Sep 28 22:45:13 mx1 x: y",
        "<a1b2c3d4> Successful login for alice@example.org",
        "[100] info: spamd: x",
        "2001:db8::1 x",
    ] {
        assert_eq!(utc(MTIME).parse(line.as_bytes()), Line::bare(line.as_bytes()), "{line}");
    }
}

#[test]
fn a_carriage_return_is_not_text() {
    assert_eq!(utc(MTIME).parse(b"@40000000450c020b32315f74 new msg 1\r").text, b"new msg 1");
    assert_eq!(utc(MTIME).parse(b"new msg 1\r\r").text, b"new msg 1\r");
    assert_eq!(utc(MTIME).parse(b"\r").text, b"");
    assert_eq!(utc(MTIME).parse(b"@40000000450c020b32315f74\r").time, None);
}

#[test]
fn empty_text_after_a_stamp() {
    for line in
        ["@40000000450c020b32315f74 ", "1032237315.334422 ", "Sep 28 22:45:13 mx1 qmail: 1790635513.900254"]
    {
        let parsed = utc(MTIME).parse(line.as_bytes());
        assert!(parsed.time.is_some(), "{line}");
        assert_eq!(parsed.text, b"", "{line}");
    }
}

#[test]
fn splogger_tells_the_true_time_and_what_continues_a_line() {
    let log = include_str!("../../../tests/data/line/qmail-send-derived-splogger.log");
    let lines: Vec<Line<'_>> = log.lines().map(|line| utc(MTIME).parse(line.as_bytes())).collect();
    assert_eq!(lines[0].time, Some(Stamp { secs: 1_276_913_544, nanos: 622_512_000 }));
    assert_eq!(str(lines[2].text), "status: local 0/10 remote 1/20");
    let continued: Vec<&str> = lines.iter().filter(|l| l.continuation).map(|l| str(l.text)).collect();
    assert_eq!(continued, ["delivery 8: success: this_is_the_rest_of_the_line_above/"]);
    assert!(lines.iter().all(|line| line.tag == Some(b"qmail")));
    let bare = utc(MTIME).parse(b"1276913545.100000+rest");
    assert_eq!(
        (bare.text, bare.continuation, bare.time.map(|t| t.secs)),
        (&b"rest"[..], true, Some(1_276_913_545))
    );
}

#[test]
fn a_second_stamp_after_a_label_is_dropped() {
    let label = Some(Stamp { secs: 1_158_414_849, nanos: 842_096_500 });
    for second in ["2026-09-28 22:45:13.900254022  ", "2026-09-28 22:45:13.900254022 ", "1790635513.900254 "]
    {
        let line = format!("@40000000450c020b32315f74 {second}new msg 1");
        let parsed = utc(MTIME).parse(line.as_bytes());
        assert_eq!((parsed.time, parsed.text), (label, &b"new msg 1"[..]), "{line}");
    }
    for text in ["2026-09-28 x", "192.0.2.1 x", "2026-09-28 22:45:13.900254022x", "1 x"] {
        let line = format!("@40000000450c020b32315f74 {text}");
        assert_eq!(str(utc(MTIME).parse(line.as_bytes()).text), text);
    }
}

#[test]
fn lengths_of_labels() {
    for (line, len) in [
        ("@40000000450c020b32315f74 new msg 1", Some(26)),
        ("@40000000450c020b32315f74 2026-09-28 22:45:13.900254022  new msg 1", Some(57)),
        ("2026-09-28 22:45:13.900254022  new msg 1", Some(31)),
        ("2026-09-28 22:45:13.900254022 new msg 1", Some(30)),
        ("2026-09-28_22:45:13.90025 new msg 1", Some(26)),
        ("2026-09-28T22:45:13.90025 new msg 1", Some(26)),
        ("@40000000450c020b32315f74 ", Some(26)),
        ("@40000000450c020b32315f74", None),
        ("2026-09-28T22:45:13.90025Z mx1 qmail: new msg 1", None),
        ("1790635513.900254 new msg 1", None),
        ("Sep 28 22:45:13 mx1 qmail: new msg 1", None),
        ("new msg 1", None),
        ("", None),
    ] {
        assert_eq!(label_len(line.as_bytes()), len, "{line}");
    }
}

#[test]
fn the_year_is_the_nearest_and_at_most_a_day_after_the_file() {
    for (mtime, line, expected) in [
        ("2026-09-28T23:00:00Z", "Sep 28 22:45:13 mx1 x: y", "2026-09-28T22:45:13Z"),
        ("2026-01-01T00:05:00Z", "Dec 31 23:59:59 mx1 x: y", "2025-12-31T23:59:59Z"),
        ("2026-12-31T23:59:00Z", "Jan  1 00:00:01 mx1 x: y", "2027-01-01T00:00:01Z"),
        ("2026-09-28T23:00:00Z", "Sep 29 23:00:00 mx1 x: y", "2026-09-29T23:00:00Z"),
        ("2026-09-28T23:00:00Z", "Sep 29 23:01:00 mx1 x: y", "2025-09-29T23:01:00Z"),
        ("2026-09-28T23:00:00Z", "Oct 1 00:00:00 mx1 x: y", "2025-10-01T00:00:00Z"),
        ("2024-03-01T00:00:00Z", "Feb 29 12:00:00 mx1 x: y", "2024-02-29T12:00:00Z"),
        ("2026-03-01T00:00:00Z", "Feb 29 12:00:00 mx1 x: y", "2024-02-29T12:00:00Z"),
        ("2104-02-01T00:00:00Z", "Feb 29 12:00:00 mx1 x: y", "2096-02-29T12:00:00Z"),
        ("2016-12-31T23:59:59Z", "Dec 31 23:59:60 mx1 x: y", "2017-01-01T00:00:00Z"),
        ("2026-09-28T23:00:00Z", "Sep 8 22:45:13 mx1 x: y", "2026-09-08T22:45:13Z"),
        ("2026-09-28T23:00:00Z", "Sep 08 22:45:13 mx1 x: y", "2026-09-08T22:45:13Z"),
    ] {
        let parsed = utc(unix(mtime)).parse(line.as_bytes());
        assert_eq!(parsed.time.map(|t| t.secs), Some(unix(expected)), "{line} in a file of {mtime}");
        assert_eq!(parsed.text, b"y");
    }
}

#[test]
fn the_year_is_none_before_1970_and_for_any_mtime() {
    assert_eq!(utc(0).parse(b"Sep 28 22:45:13 mx1 x: y").time, None);
    assert_eq!(utc(0).parse(b"Jan  1 22:45:13 mx1 x: y").time.map(|t| t.secs), Some(81_913));
    for mtime in [i64::MIN, -1, 0, 9_246_182_399, i64::MAX] {
        utc(mtime).parse(b"Feb 29 22:45:13 mx1 x: y");
        Parser::new(i64::MIN, mtime).parse(b"Dec 31 22:45:13 mx1 x: y");
    }
}

#[test]
fn local_time_across_the_clock_changes() {
    let mut parser = Parser::in_zone(Europe, 10, unix("2026-12-01T00:00:00Z"));
    for (local, expected) in [
        ("2026-01-10 12:00:00", "2026-01-10T11:00:00Z"),
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
        // Skipped: as if the clock had not been set.
        ("2026-03-29 02:00:00", "2026-03-29T01:00:00Z"),
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
        ("2026-07-10 12:00:00", "2026-07-10T10:00:00Z"),
        ("2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
        // Twice: the first, until a stamp goes back.
        ("2026-10-25 02:00:00", "2026-10-25T00:00:00Z"),
        ("2026-10-25 02:59:59", "2026-10-25T00:59:59Z"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
    ] {
        let secs = Some(unix(expected));
        let s6 = parser.parse(format!("{local}.000000000  x").as_bytes()).time;
        assert_eq!(s6.map(|t| t.secs), secs, "{local}");
        let (month, day) = (&local[5..7], &local[8..10]);
        let month =
            ["Jan", "Mar", "Jul", "Oct"][["01", "03", "07", "10"].iter().position(|m| *m == month).unwrap()];
        let syslog = parser.parse(format!("{month} {day} {} mx1 x: y", &local[11..]).as_bytes()).time;
        assert_eq!(syslog.map(|t| t.secs), secs, "{local}");
    }
}

#[test]
fn this_machines_zone_is_read_as_tai64nlocal_writes_it() {
    // Every hour of 2026 in whatever zone this runs: out and in gives the same instant, but for the second of two
    // equal hours.
    let mut parser = Parser::new(10, MTIME);
    let start = unix("2026-01-01T00:00:00Z");
    for secs in (start..start + 365 * 86_400).step_by(3600) {
        let mut line = Vec::new();
        untai(Stamp { secs, nanos: 681_525_500 }, &mut line);
        let local = chrono::Local.timestamp_opt(secs, 681_525_500).unwrap();
        assert_eq!(str(&line), local.format("%Y-%m-%d %H:%M:%S.%9f").to_string());
        line.extend_from_slice(b" new msg 1");
        let back = parser.parse(&line).time.unwrap();
        if back.secs != secs {
            let mut earlier = Vec::new();
            untai(back, &mut earlier);
            assert!(back.secs < secs && line.starts_with(&earlier), "{}", str(&line));
        }
    }
}

#[test]
fn untai_appends_and_bears_any_stamp() {
    let mut out = b"x ".to_vec();
    untai(Stamp { secs: 1_593_072_009, nanos: 1 }, &mut out);
    assert_eq!(out.len(), 2 + 29);
    assert!(out.starts_with(b"x 2020-06-2") && out.ends_with(b".000000001"));
    for secs in [i64::MIN, -1, 0, END - 1, END, 1 << 40, i64::MAX] {
        untai(Stamp { secs, nanos: u32::MAX }, &mut out);
    }
}

#[test]
fn lines_of_programs_own_files() {
    let dovecot = utc(MTIME).parse(b"Jan 29 09:33:58 pop3-login: Info: Aborted login: user=<a>");
    assert_eq!((dovecot.host, dovecot.tag.map(str)), (None, Some("pop3-login")));
    let spamd = include_str!("../../../tests/data/line/spamd-3.1.log").lines().last().unwrap();
    let spamd = utc(MTIME).parse(spamd.as_bytes());
    assert_eq!(spamd.time, Some(Stamp { secs: unix("2026-09-28T22:41:15Z"), nanos: 761_000_000 }));
    assert!(spamd.text.starts_with(b"[100] info: spamd: identified spam"));
    let roundcube = include_str!("../../../tests/data/line/webmail-roundcube.log").lines().next().unwrap();
    let roundcube = utc(MTIME).parse(roundcube.as_bytes());
    assert_eq!(roundcube.time.map(|t| t.secs), Some(unix("2013-01-22T22:28:21+02:00")));
    assert!(roundcube.text.starts_with(b"FAILED login for user1 "));
}

#[test]
fn hosts_of_repeated_messages() {
    let log = include_str!("../../../tests/data/line/repeated.log");
    let parsed = log.lines().map(|line| utc(MTIME).parse(line.as_bytes()));
    let parts: Vec<_> = parsed.map(|l| (l.host.map(str), l.tag.map(str), str(l.text))).collect();
    assert_eq!(parts[1], (Some("mx1"), None, "last message repeated 3 times"));
    assert_eq!(parts[3], (Some("mx1"), Some("syslogd"), "last message repeated 2 times"));
    assert!(parts[2].2.starts_with("message repeated 2 times: [ vchkpw-smtp: "));
}

#[test]
fn every_line_of_real_logs_has_its_stamp() {
    for log in [
        include_str!("../../../tests/data/line/qmail-send-classic.log"),
        include_str!("../../../tests/data/line/qmail-send-indimail.log"),
        include_str!("../../../tests/data/line/qmail-send-splogger.log"),
        include_str!("../../../tests/data/line/vchkpw-raw-pri.log"),
        include_str!("../../../tests/data/line/webmail-roundcube.log"),
    ] {
        for line in log.lines() {
            assert!(utc(MTIME).parse(line.as_bytes()).time.is_some(), "{line}");
        }
    }
    let raw = include_str!("../../../tests/data/line/vchkpw-raw-pri.log").lines().next().unwrap();
    let raw = utc(MTIME).parse(raw.as_bytes());
    assert_eq!((raw.host, raw.tag.map(str)), (None, Some("vpopmail")));
    assert_eq!(str(raw.text), "vchkpw-smtp: null password given alice@example.invalid:2001:db8::1");
}

/// A sample line with one byte changed, cut off somewhere, or both.
fn nearly_a_stamp() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(STAMPS.lines().chain(BAD.lines()).collect::<Vec<_>>());
    (line, any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>()).prop_map(
        |(line, at, byte, end)| {
            let mut line = line.as_bytes().to_vec();
            let at = at.index(line.len());
            line[at] = byte;
            line.truncate(at.max(end.index(line.len())) + 1);
            line
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_are_taken_apart(
        line in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), nearly_a_stamp()],
        mtime in any::<i64>(),
        tai_offset in any::<i64>(),
    ) {
        let mut parser = Parser::in_zone(Europe, tai_offset, mtime);
        let parsed = parser.parse(&line);
        let whole = line.strip_suffix(b"\r").unwrap_or(&line);
        prop_assert!(std::ptr::eq(parsed.text.as_ptr_range().end, whole.as_ptr_range().end));
        prop_assert!(whole.ends_with(parsed.text));
        if parsed.time.is_none() {
            prop_assert_eq!(parsed, Line::bare(whole));
        }
        // A second look gives the same, whatever the parser remembers.
        prop_assert_eq!(parser.parse(&line), parsed);
        if let Some(len) = label_len(&line) {
            prop_assert!(len <= line.len());
            prop_assert_eq!(line[len - 1], b' ');
        }
    }
}

#[test]
fn a_line_in_parts() {
    let time = Stamp { secs: 1_790_000_000, nanos: 5 };
    let line = Line::of_parts(time, Some(b"mx1"), Some(b"vpopmail"), b"vchkpw-smtp: x\r");
    assert_eq!((line.time, line.host, line.tag), (Some(time), Some(&b"mx1"[..]), Some(&b"vpopmail"[..])));
    assert_eq!((line.text, line.continuation), (&b"vchkpw-smtp: x"[..], false));
    let line = Line::of_parts(time, None, Some(b"qmail"), b"1276913544.622077 new msg 78833");
    assert_eq!(line.time, Stamp::new(1_276_913_544, 622_077_000));
    assert_eq!((line.text, line.continuation), (&b"new msg 78833"[..], false));
    assert!(Line::of_parts(time, None, None, b"1276913544.622077+8833").continuation);
}

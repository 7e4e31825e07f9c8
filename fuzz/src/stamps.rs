//! Stamps: of any line, and of every form there is, written by chrono.
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, FixedOffset, Utc};
use maillogs::line::fuzzing::parser;
use maillogs::line::{Line, Parser, Parts, Stamp, label_len, part_of, tai64n, untai};

use crate::{NOW, lines};

/// multilog's offset, in seconds.
const TAI: i64 = 10;
/// 2^62: where TAI64 puts the beginning of 1970.
const EPOCH: u64 = 1 << 62;
/// 2263-01-01: the first second that is too late for a stamp.
const END: i64 = 9_246_182_400;

/// Bytes as lines, and as the parts of a stamp.
pub fn any(bytes: &[u8]) {
    let mut before = Parser::new(TAI, NOW);
    for line in lines(bytes) {
        any_line(&mut before, line);
    }
    joined(bytes);
    if let Some((parts, text)) = bytes.split_first_chunk::<16>() {
        written(parts, text);
    }
}

/// Lines of containers: those that come in parts are as long as their parts, and what waits can be gone on with.
fn joined(bytes: &[u8]) {
    let mut parser = Parser::new(TAI, NOW).of_own_log(true);
    let (mut parts, mut plain) = (Parts::default(), 0);
    for line in lines(bytes) {
        plain += line.len();
        let joined = parts.parse(&mut parser, line, line);
        assert!(joined.text.len() <= plain, "{joined:?}");
    }
    let unfinished = parts.unfinished();
    if let Some(held) = parts.take_unfinished() {
        let mut again = Parts::default();
        assert!(again.resume(&held), "{}", held.escape_ascii());
        assert!(again.unfinished().iter().zip(unfinished).all(|(again, was)| was || !again));
    }
}

/// One line, read by a parser that has read others.
fn any_line(before: &mut Parser, text: &[u8]) {
    let line = before.parse(text);
    assert_same(line, Parser::new(TAI, NOW).parse(text));
    let trimmed = text.strip_suffix(b"\r").unwrap_or(text);
    assert!(line.after_stamp.ends_with(line.text), "{line:?}");
    if part_of(trimmed, trimmed).is_some() {
        // Something of a container's runtime stands behind the text, or before a priority.
        return;
    }
    assert!(trimmed.ends_with(line.text), "the text is the line's end: {line:?}");
    let head = &trimmed[..trimmed.len() - line.text.len()];
    for part in [line.host, line.tag].into_iter().flatten() {
        let at = part.as_ptr() as usize - head.as_ptr() as usize;
        assert!(at + part.len() <= head.len() && !part.contains(&b' '), "host and tag are words: {line:?}");
    }
    if let Some(Stamp { secs, nanos }) = line.time {
        assert!((0..END).contains(&secs) && nanos < 1_000_000_000, "{line:?}");
    }
    if !text.ends_with(b"\r") {
        let with = [text, b"\r"].concat();
        assert_eq!(before.parse(&with), line, "with a carriage return");
    }
    if line.time.is_some() && !text.starts_with(b"<") {
        let with = [b"<22>", text].concat();
        assert_eq!(before.parse(&with), line, "with a priority");
    }

    assert_eq!(tai64n(text, TAI), plain_tai64n(text, TAI));
    if text.starts_with(b"@") {
        assert_eq!(line.time, tai64n(text, TAI));
        assert_eq!((line.host, line.tag), (None, None));
    }
    if let Some(len) = label_len(text) {
        assert_eq!(label_len(&text[..len]), Some(len), "what makes it a label is within it");
        assert!(text.starts_with(b"@") || len <= 31);
        if text.starts_with(b"@") {
            assert!(line.time.is_some() && trimmed.get(len..).is_none_or(|rest| rest.ends_with(line.text)));
        }
    }
    if let Some(stamp) = line.time {
        round_by_untai(stamp);
    }
}

/// A line means the same whatever stands before it, but for its instant in an hour that comes twice.
pub fn assert_same(line: Line<'_>, alone: Line<'_>) {
    assert_eq!(Line { time: alone.time, ..line }, alone, "it depends on the lines before");
    if line.time != alone.time {
        let local = line.time.zip(alone.time).map(|(a, b)| (local(a), local(b)));
        assert!(local.is_some_and(|(a, b)| a == b), "another local time: {line:?} {alone:?}");
    }
}

/// `stamp` in local time.
fn local(stamp: Stamp) -> Vec<u8> {
    let mut text = Vec::new();
    untai(stamp, &mut text);
    text
}

/// [`tai64n`] as its definition says.
fn plain_tai64n(line: &[u8], offset: i64) -> Option<Stamp> {
    let label = std::str::from_utf8(line.get(..26)?).ok()?;
    let digits = label.strip_prefix('@')?.strip_suffix(' ')?;
    if !digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    let secs = u64::from_str_radix(&digits[..16], 16).ok()?.checked_sub(EPOCH)?;
    let nanos = u32::from_str_radix(&digits[16..], 16).ok()?;
    Stamp::new(i64::try_from(secs).ok()?.checked_sub(offset)?, nanos)
}

/// What [`untai`] writes is read again: as the same, or in the hour that comes twice as the first of the two.
fn round_by_untai(stamp: Stamp) {
    let written = |stamp| {
        let mut text = Vec::new();
        untai(stamp, &mut text);
        text
    };
    let text = written(stamp);
    let read = Parser::new(TAI, NOW).parse(&[&text[..], b" x"].concat()).time;
    // The last hours of 2262 and the first of 1970 are other years in some zones.
    let Some(read) = read else { return assert!(!(86_400..END - 86_400).contains(&stamp.secs)) };
    assert!([0, 3600].contains(&(stamp.secs - read.secs)) && stamp.nanos == read.nanos, "{stamp:?} {read:?}");
    assert_eq!(written(read), text);
}

/// Every form of a date, as chrono writes it, with the header of syslog behind it; `MICR5` stands for five digits of a
/// fraction. Those of [`Zone::Local`] are read in the zone in which they were written.
const FORMS: [(&str, Zone); 12] = [
    ("%Y-%m-%d_%H:%M:%S.MICR5 ", Zone::Utc),
    ("%Y-%m-%dT%H:%M:%S.MICR5 ", Zone::Utc),
    ("%Y-%m-%d %H:%M:%S%.9f  ", Zone::Local),
    ("%Y-%m-%d %H:%M:%S%.9f ", Zone::Local),
    ("[%d-%b-%Y %H:%M:%S%.6f %z]: ", Zone::Local),
    ("[%d-%b-%Y %H:%M:%S] ", Zone::Local),
    ("%b %e %H:%M:%S mx1 qmail[7]: ", Zone::Local),
    ("%b %d %H:%M:%S%.3f <mail.info> mx1 qmail: ", Zone::Local),
    ("%Y-%m-%dT%H:%M:%S%.6f%:z mx1 qmail[7]: ", Zone::Local),
    ("<22>1 %Y-%m-%dT%H:%M:%S%.3fZ mx1 qmail 7 - - ", Zone::Utc),
    ("<22>1 %Y-%m-%dT%H:%M:%S%.9f%z mx1 qmail - id [a b=\"]\"][c] ", Zone::Local),
    ("<6>%b %e %H:%M:%S qmail: ", Zone::Local),
];

#[derive(Clone, Copy, PartialEq)]
enum Zone {
    Utc,
    Local,
}

/// A stamp in each form, before `text`.
fn written(parts: &[u8; 16], text: &[u8]) {
    let [s0, s1, s2, s3, s4, n0, n1, n2, n3, form, z0, z1, tai, ..] = *parts;
    let secs = i64::from_le_bytes([s0, s1, s2, s3, s4, 0, 0, 0]) % END;
    let nanos = u32::from_le_bytes([n0, n1, n2, n3]) % 1_000_000_000;
    let stamp = Stamp { secs, nanos };
    // It must not begin as a second stamp does, or a header, or a blank of the stamp's.
    let text = [b"x", text].concat();
    let text: Vec<u8> = text.into_iter().map(|b| if matches!(b, b'\n' | b'\r') { b'.' } else { b }).collect();

    let offset = i64::from(tai);
    let label = format!("@{:016x}{nanos:08x} ", EPOCH + (secs + offset).unsigned_abs());
    let expected = Line {
        time: Some(stamp),
        tag: None,
        host: None,
        text: &text,
        after_stamp: &text,
        continuation: false,
    };
    let line = [label.as_bytes(), &text].concat();
    assert_eq!(Parser::new(offset, NOW).parse(&line), expected, "{}", line.escape_ascii());
    if secs >= 100_000_000 {
        let line = [format!("{secs}.{nanos:09} ").as_bytes(), &text].concat();
        assert_eq!(Parser::new(offset, NOW).parse(&line), expected, "{}", line.escape_ascii());
    }

    let minutes = i32::from(i16::from_le_bytes([z0, z1])) % (14 * 60);
    let Some(zone) = FixedOffset::east_opt(minutes * 60) else { return };
    let Some(utc) = DateTime::<Utc>::from_timestamp(secs, nanos) else { return };
    let (format, place) = FORMS[usize::from(form) % FORMS.len()];
    let local = match place {
        Zone::Utc => utc.fixed_offset(),
        Zone::Local => utc.with_timezone(&zone),
    };
    let format = format.replace("MICR5", &format!("{:05}", nanos / 10_000));
    let items: Vec<Item<'_>> = StrftimeItems::new(&format).collect();
    let head = local.format_with_items(items.iter()).to_string();
    let digits = match () {
        () if format.contains("%.9f") => 9,
        () if format.contains("%.6f") => 6,
        () if format.contains("%.3f") => 3,
        () if format.contains(":%S.") => 5,
        () => 0,
    };
    let unit = 10_u32.pow(9 - digits);
    let stamp = Stamp { secs, nanos: nanos / unit * unit };
    let line = [head.as_bytes(), &text].concat();
    let read = parser(zone, TAI, secs).parse(&line);
    assert_eq!(read.time, Some(stamp), "{}", line.escape_ascii());
    assert_eq!(read.text, text, "{}", line.escape_ascii());
    let named = format.contains("qmail").then_some(&b"qmail"[..]);
    assert_eq!(read.tag, named, "{}", line.escape_ascii());
}

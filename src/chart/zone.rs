//! Local time with the zone's usual name, as `Mon 23 Nov 2026 12:05 CET`.
//!
//! chrono knows the offset, but not what people call it; that stands in the zone's rule (TZ of
//! POSIX), which is also the last line of every zone file (RFC 8536).

use std::path::{Path, PathBuf};

use chrono::{Local, TimeZone};

/// `time`, Unix seconds, for people.
pub(crate) fn stamp(time: i64) -> String {
    match Local.timestamp_opt(time, 0).single() {
        Some(local) => {
            let offset = local.offset().local_minus_utc();
            let zone = rule().and_then(|rule| abbreviation(&rule, offset));
            let zone = zone.unwrap_or_else(|| offset_name(offset));
            format!("{} {zone}", local.format("%a %-d %b %Y %H:%M"))
        }
        None => format!("@{time}"),
    }
}

/// A span for a title: `1 Mar 2026, 08:00–10:00`, `1 Mar 2026 08:00 – 3 Mar 2026 10:00`.
pub(crate) fn between(from: i64, to: i64) -> String {
    let local = |time| Local.timestamp_opt(time, 0).single();
    let (Some(from), Some(to)) = (local(from), local(to)) else {
        return format!("@{from} – @{to}");
    };
    if from.date_naive() == to.date_naive() {
        format!("{}, {}–{}", from.format("%-d %b %Y"), from.format("%H:%M"), to.format("%H:%M"))
    } else {
        format!("{} – {}", from.format("%-d %b %Y %H:%M"), to.format("%-d %b %Y %H:%M"))
    }
}

/// The rule of the local zone.
fn rule() -> Option<String> {
    let variable = std::env::var("TZ").ok();
    match variable.as_deref().map(|tz| tz.strip_prefix(':').unwrap_or(tz)) {
        None => file_rule(Path::new("/etc/localtime")),
        Some("") => Some("UTC0".to_owned()),
        Some(tz) => {
            let dir = std::env::var_os("TZDIR").map(PathBuf::from);
            let dir = dir.unwrap_or_else(|| "/usr/share/zoneinfo".into());
            file_rule(&dir.join(tz)).or_else(|| Some(tz.to_owned()))
        }
    }
}

/// The last line of a zone file.
fn file_rule(path: &Path) -> Option<String> {
    let is_zone = std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() < 1_000_000);
    let bytes = is_zone.then(|| std::fs::read(path).ok()).flatten()?;
    let bytes = bytes.strip_prefix(b"TZif")?.strip_suffix(b"\n")?;
    let start = bytes.iter().rposition(|b| *b == b'\n')? + 1;
    String::from_utf8(bytes[start..].to_vec()).ok()
}

/// What `rule` (`CET-1CEST,M3.5.0,M10.5.0/3`) calls the time `offset` seconds east of Greenwich.
/// None for zones that have no name but their offset.
fn abbreviation(rule: &str, offset: i32) -> Option<String> {
    let (standard, rest) = name(rule)?;
    let (standard_offset, rest) = seconds_west(rest)?;
    if -standard_offset == offset {
        return named(standard);
    }
    let (summer, rest) = name(rest)?;
    let summer_offset = seconds_west(rest).map_or(standard_offset - 3_600, |(offset, _)| offset);
    (-summer_offset == offset).then(|| named(summer)).flatten()
}

fn named(name: &str) -> Option<String> {
    let letters = name.bytes().all(|b| b.is_ascii_alphabetic());
    letters.then(|| name.to_owned())
}

/// A name, plain or in angle brackets, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('<') {
        return quoted.split_once('>');
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    (end >= 3).then(|| text.split_at(end))
}

/// An offset `[+-]hh[:mm[:ss]]`, in seconds west of Greenwich as POSIX counts, and what follows it.
fn seconds_west(text: &str) -> Option<(i32, &str)> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ':');
    let (number, rest) = text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()));
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let mut seconds = 0;
    for (part, unit) in digits.splitn(3, ':').zip([3_600, 60, 1]) {
        let part: i32 = part.parse().ok().filter(|part| (0..=167).contains(part))?;
        seconds += part * unit;
    }
    Some((sign * seconds, rest))
}

/// `UTC`, `UTC+05:30`.
fn offset_name(offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    match offset.abs() {
        0 => "UTC".to_owned(),
        o => format!("UTC{sign}{:02}:{:02}", o / 3_600, o / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_called_as_people_call_them() {
        for (rule, offset, expected) in [
            ("CET-1CEST,M3.5.0,M10.5.0/3", 3_600, Some("CET")),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 7_200, Some("CEST")),
            ("EST5EDT,M3.2.0,M11.1.0", -14_400, Some("EDT")),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, Some("GMT")),
            ("NST3:30NDT,M3.2.0,M11.1.0", -9_000, Some("NDT")),
            ("UTC0", 0, Some("UTC")),
            ("<+03>-3", 10_800, None),
            ("CET-1", 7_200, None),
            ("Europe/Nowhere", 0, None),
            ("", 0, None),
        ] {
            assert_eq!(abbreviation(rule, offset).as_deref(), expected, "{rule}");
        }
        assert_eq!(offset_name(0), "UTC");
        assert_eq!(offset_name(19_800), "UTC+05:30");
        assert_eq!(offset_name(-12_600), "UTC-03:30");
    }

    #[test]
    fn a_stamp_has_day_time_and_zone() {
        let stamp = stamp(1_795_434_360);
        assert!(stamp.contains("Nov 2026") && stamp.split(' ').count() == 6, "{stamp}");
    }
}

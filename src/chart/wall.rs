//! The local zone in a form in which librrd counts it right.
//!
//! librrd finds the next line of a time axis by adding to the hour, the day or the month of the one before, and asks the
//! C library which time that is, under the rule (summer time or not) that was in force at the line before. After a
//! change of the clocks every line and label is an hour beside its own: weeks begin on Saturday at 23:00. In a zone
//! whose changes are no changes between standard and summer time, but only other distances from UTC, the C library has
//! nothing to go by but the hour. This makes such a zone of the local one, for the time that a picture shows.

use chrono::{Local, TimeZone};

const DAY: i64 = 86_400;

/// The zone for a time axis from `start` to `end` (Unix seconds) as `x_grid` (`rrdgraph(1)`, `--x-grid`) says; none where librrd counts right by itself:
/// where the clocks do not change, and where labels are so near to each other that the hour which comes twice has
/// labels both times.
pub(crate) fn zone(start: i64, end: i64, x_grid: &str) -> Option<Vec<u8>> {
    let fields: Vec<&str> = x_grid.split(':').collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<i64>().ok()).unwrap_or(1);
    let unit = match fields.get(4).copied().unwrap_or_default() {
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => DAY,
        "WEEK" => 7 * DAY,
        "MONTH" => 31 * DAY,
        _ => 366 * DAY,
    };
    // librrd begins to count at the label before the first one that is seen.
    let (every, precision) = (unit * number(5), number(6));
    let from = start - every - precision;
    let changes = changes(from, end + every + precision, |time| {
        Some(Local.timestamp_opt(time, 0).single()?.offset().local_minus_utc().into())
    })?;
    let first = changes.first()?.before;
    changes.iter().any(|change| (change.after - change.before) % every != 0).then(|| file(first, &changes))
}

/// The clocks change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    /// Unix seconds.
    at: i64,
    /// Seconds east of Greenwich.
    before: i64,
    after: i64,
}

/// All changes between two times. `offset` tells the distance from UTC at a time, in seconds east.
fn changes(from: i64, to: i64, offset: impl Fn(i64) -> Option<i64>) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    let (mut time, mut before) = (from, offset(from)?);
    while time < to {
        let next = time + DAY;
        let after = offset(next)?;
        if after != before {
            let (mut low, mut high) = (time, next);
            while high - low > 1 {
                let middle = i64::midpoint(low, high);
                if offset(middle)? == before { low = middle } else { high = middle }
            }
            changes.push(Change { at: late(high, before, after), before, after });
        }
        (time, before) = (next, after);
    }
    Some(changes)
}

/// A day that begins at 01:00, because the clocks are put forward at midnight, has no midnight to draw a line at: in
/// our zone they are put forward an hour later.
fn late(at: i64, before: i64, after: i64) -> i64 {
    let (from, to) = (at + before, at + after);
    let midnight = to.div_euclid(DAY) * DAY;
    if (from..to).contains(&midnight) { at + (to - midnight) } else { at }
}

/// A time zone file (RFC 8536) of these changes, none of them to or from summer time.
fn file(first: i64, changes: &[Change]) -> Vec<u8> {
    let mut offsets = vec![first];
    for change in changes {
        if !offsets.contains(&change.after) {
            offsets.push(change.after);
        }
    }
    // For a reader that knows but the first version, a zone without changes.
    let mut bytes = block(&[], &offsets[..1]);
    bytes.extend(block(changes, &offsets));
    // Nothing is said of the time after the last change.
    bytes.extend(b"\n\n");
    bytes
}

/// A header and its data, with times of 64 bits.
fn block(changes: &[Change], offsets: &[i64]) -> Vec<u8> {
    let name = b"local\0";
    let mut bytes = b"TZif2".to_vec();
    bytes.extend([0; 15]);
    for count in [0, 0, 0, changes.len(), offsets.len(), name.len()] {
        bytes.extend(u32::try_from(count).unwrap_or(0).to_be_bytes());
    }
    for change in changes {
        bytes.extend(change.at.to_be_bytes());
    }
    for change in changes {
        let place = offsets.iter().position(|offset| *offset == change.after).unwrap_or(0);
        bytes.push(u8::try_from(place).unwrap_or(0));
    }
    for offset in offsets {
        bytes.extend(i32::try_from(*offset).unwrap_or(0).to_be_bytes());
        // No summer time; the name begins at the first letter.
        bytes.extend([0, 0]);
    }
    bytes.extend(name);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-29 01:00 UTC, when Berlin's clocks are put forward.
    const SPRING: i64 = 1_774_746_000;

    fn berlin(time: i64) -> Option<i64> {
        Some(if (SPRING..SPRING + 210 * DAY).contains(&time) { 7_200 } else { 3_600 })
    }

    #[test]
    fn changes_are_found_to_the_second() {
        let found = changes(SPRING - 400 * DAY, SPRING + 400 * DAY, berlin).unwrap();
        let expected = [
            Change { at: SPRING, before: 3_600, after: 7_200 },
            Change { at: SPRING + 210 * DAY, before: 7_200, after: 3_600 },
        ];
        assert_eq!(found, expected);
        assert_eq!(changes(SPRING + 1, SPRING + DAY, berlin).unwrap(), []);
        assert_eq!(changes(0, DAY, |_| None), None);
    }

    #[test]
    fn a_day_has_its_midnight() {
        // Cairo, 2025-04-25: 22:00 UTC is 00:00, and clocks are put forward to 01:00.
        let midnight = 1_745_532_000;
        assert_eq!(late(midnight, 7_200, 10_800), midnight + 3_600);
        assert_eq!(late(SPRING, 3_600, 7_200), SPRING);
        // Put back from midnight to 23:00: the day begins but once.
        assert_eq!(late(midnight - 3_600, 10_800, 7_200), midnight - 3_600);
    }

    /// `date` uses the C library.
    #[test]
    fn the_c_library_reads_the_file() {
        let found = changes(SPRING - 40 * DAY, SPRING + 400 * DAY, berlin).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("zone");
        std::fs::write(&path, file(3_600, &found)).unwrap();
        for (time, expected) in [
            (SPRING - 1, "01:59:59 +0100"),
            (SPRING, "03:00:00 +0200"),
            (SPRING + 210 * DAY - 1, "02:59:59 +0200"),
            (SPRING + 210 * DAY, "02:00:00 +0100"),
        ] {
            let mut date = std::process::Command::new("date");
            date.args(["-d", &format!("@{time}"), "+%H:%M:%S %z"]).env("TZ", format!(":{}", path.display()));
            let output = date.output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected);
        }
    }
}

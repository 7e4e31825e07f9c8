//! Labels of the time axis, beside those that Python finds by looking at every minute of the picture.

use std::process::Command;

use super::super::clock::Clock;
use super::super::ticks::{begins, of_time};
use super::*;

/// Prints, of the time between two seconds in a zone: `offset SECOND EAST` where the clocks are first and where they change, and
/// `KIND SECOND LABEL` for each beginning of ten minutes, three hours, a day, a week and a month.
const PYTHON: &str = r#"
import sys
from datetime import datetime
from zoneinfo import ZoneInfo
zone, start, end = ZoneInfo(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
local = lambda t: datetime.fromtimestamp(t, zone)
before = local(start - 60)
seen = {before.date()}
print('offset', start - 60, int(before.utcoffset().total_seconds()))
for t in range(start, end, 60):
    now = local(t)
    if now.utcoffset() != before.utcoffset():
        print('offset', t, int(now.utcoffset().total_seconds()))
    new_day = now.date() not in seen
    seen.add(now.date())
    minute = now.hour * 60 + now.minute
    for kind, length in [('600', 10), ('10800', 180)]:
        # What begins while the clock leaves it out begins with what it shows instead.
        jumped = now.date() == before.date() and minute // length > (before.hour * 60 + before.minute) // length
        if minute % length == 0 or jumped or new_day:
            print(kind, t, now.strftime('%a %-d' if new_day else '%H:%M'))
    if new_day:
        print('day', t, now.strftime('%a %-d'))
        if now.isocalendar()[:2] != before.isocalendar()[:2]:
            print('week', t, now.strftime('%-d %b'))
        if now.month != before.month:
            print('month', t, now.strftime('%Y' if now.month == 1 else '%b'))
    before = now
"#;

struct Expected {
    clock: Clock,
    ticks: Vec<(String, i64, String)>,
}

fn expected(zone: &str, span: Span) -> Expected {
    let mut python = Command::new("python3");
    python.args(["-c", PYTHON, zone, &span.start.to_string(), &span.end.to_string()]);
    let output = python.output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut offsets, mut ticks) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let (kind, time, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let time: i64 = time.parse().unwrap();
        match kind {
            "offset" => offsets.push((time, rest.parse::<i64>().unwrap())),
            kind => ticks.push((kind.to_owned(), time, rest.to_owned())),
        }
    }
    let east = |time: i64| offsets.iter().rev().find(|(at, _)| *at <= time).map_or(offsets[0].1, |o| o.1);
    Expected { clock: Clock::of(span.start - 3_600, span.end, east), ticks }
}

/// Unix seconds of noon in Greenwich on the day after a change of the clocks there.
const DAYS: [(&str, i64); 11] = [
    ("Europe/Berlin", 1_774_785_600),       // 2026-03-29
    ("Europe/Berlin", 1_792_929_600),       // 2026-10-25
    ("America/New_York", 1_772_971_200),    // 2026-03-08
    ("America/New_York", 1_793_534_400),    // 2026-11-01
    ("Australia/Lord_Howe", 1_775_390_400), // 2026-04-05, by half an hour
    ("Australia/Lord_Howe", 1_791_115_200), // 2026-10-04
    ("Pacific/Apia", 1_325_332_800),        // 2011-12-31: there was no 30 December
    ("Pacific/Apia", 1_617_451_200),        // 2021-04-03
    ("Africa/Cairo", 1_745_582_400),        // 2025-04-25, a day without a midnight
    ("Asia/Kathmandu", 1_774_785_600),      // never, and 45 minutes beside the hour
    ("UTC", 1_774_785_600),
];

#[test]
fn labels_stand_where_the_clock_shows_them_also_on_the_days_of_its_changes() {
    let kinds =
        [(Period::Hour, "600"), (Period::Day, "10800"), (Period::Week, "day"), (Period::Month, "week")];
    for (zone, noon) in DAYS {
        for (period, kind) in kinds {
            let span = period.span(noon, 60);
            let expected = expected(zone, span);
            let wanted = expected.ticks.iter().filter(|(of, ..)| of == kind);
            let length = (span.end - span.start) as f64;
            let wanted: Vec<(String, String)> = wanted
                .map(|(_, time, label)| {
                    let at = (time - span.start) as f64 / length * 100.0;
                    let label = if at > 98.0 { String::new() } else { label.clone() };
                    (format!("{at:.1}"), label)
                })
                .collect();
            let ours: Vec<(String, String)> = of_time(period, span, &expected.clock)
                .into_iter()
                .map(|tick| {
                    let at = tick.at.parse::<f64>().unwrap();
                    (format!("{at:.1}"), tick.label + &tick.more)
                })
                .collect();
            // Both are rounded, which may part them by a tenth.
            let near =
                |a: &str, b: &str| (a.parse::<f64>().unwrap() - b.parse::<f64>().unwrap()).abs() < 0.11;
            let same = ours.len() == wanted.len()
                && ours.iter().zip(&wanted).all(|(a, b)| near(&a.0, &b.0) && a.1 == b.1);
            assert!(same, "{zone} {period:?}\n{ours:?}\n{wanted:?}");
            assert!(!ours.is_empty(), "{zone} {period:?}");
        }
    }
}

#[test]
fn months_and_days_begin_where_the_clock_says_so() {
    for (zone, noon) in DAYS {
        let span = Span { start: noon - 70 * 86_400, end: noon + 3 * 86_400, row: 86_400 };
        let expected = expected(zone, span);
        for (period, kind) in [(Period::Year, "month"), (Period::Week, "day")] {
            let wanted: Vec<i64> =
                expected.ticks.iter().filter(|(of, ..)| of == kind).map(|(_, time, _)| *time).collect();
            assert_eq!(begins(period, &expected.clock, span.start, span.end), wanted, "{zone} {kind}");
        }
        let labels: Vec<String> =
            of_time(Period::Year, span, &expected.clock).into_iter().map(|tick| tick.label).collect();
        let is_near = |time: i64| (span.end - time) * 100 < (span.end - span.start) * 2;
        let months = expected.ticks.iter().filter(|(of, ..)| of == "month");
        let wanted: Vec<String> = months
            .map(|(_, time, label)| if is_near(*time) { String::new() } else { label.clone() })
            .collect();
        assert_eq!(labels, wanted, "{zone}");
    }
}

/// What the script of the page makes of the offsets, which are all it knows of the zone.
#[test]
fn the_offsets_of_a_picture_are_those_of_its_time() {
    for (zone, noon) in DAYS {
        let span = Period::Week.span(noon, 60);
        let clock = expected(zone, span).clock;
        let text = clock.offsets(span.start, span.end);
        let numbers: Vec<i64> = text.split(' ').map(|n| n.parse().unwrap()).collect();
        for time in (span.start..span.end).step_by(900) {
            let changed = numbers[1..].chunks(2).rev().find(|change| change[0] <= time);
            assert_eq!(changed.map_or(numbers[0], |change| change[1]), clock.east(time), "{zone} {time}");
        }
    }
}

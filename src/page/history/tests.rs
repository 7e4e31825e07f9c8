//! What is read is compared with a plain count of the events, and with what `rrdtool fetch` prints.
use std::path::Path;
use std::process::Command;

use super::super::local;
use super::*;

use crate::protocol::send::SEND;
use crate::reading::DefinedBy;
use crate::store::rrd::{Update, create, push};

/// 2026-11-28 17:27:36 UTC.
const NOW: i64 = 1_795_886_856;
const DAY: i64 = 86_400;

/// Pseudo-random numbers (splitmix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Messages, each with its time and its bytes, from `from` to [`NOW`].
fn events(seed: u64, from: i64) -> Vec<(i64, i128)> {
    let mut rng = Rng(seed);
    let mut all = Vec::new();
    let mut at = from;
    while at < NOW {
        all.push((at, i128::from(rng.next() % 90_000)));
        at += i64::try_from(1 + rng.next() % 400).unwrap();
    }
    all
}

/// What is counted of `all` from `from` to `to`: messages and bytes.
fn count(all: &[(i64, i128)], from: i64, to: i64) -> (f64, f64) {
    let there = all.iter().filter(|(at, _)| (from..to).contains(at));
    there.fold((0.0, 0.0), |sum, (_, bytes)| (sum.0 + 1.0, sum.1 + *bytes as f64))
}

fn counter(key: &'static str, measure: Measure) -> Counter {
    Counter { key, ds: key, help: "", measure, defined_by: DefinedBy::BuiltIn, value: None }
}

/// A reading of messages and bytes (and failures, of which there were none): what is older than `pushed` is in the RRD at `path`,
/// the rest waits.
fn reading(path: &Path, all: &[(i64, i128)], pushed: i64) -> Reading {
    let place = |key: &str| SEND.index(key).unwrap();
    let (new, bytes) = (place("message_new"), place("message_bytes"));
    let mut updates: Vec<Update> = Vec::new();
    let mut waiting: Vec<(i64, Vec<i128>)> = Vec::new();
    for (at, size) in all {
        let begin = at.div_euclid(60) * 60;
        if begin >= pushed {
            if waiting.last().is_none_or(|(there, _)| *there != begin) {
                waiting.push((begin, vec![0; 3]));
            }
            let values = &mut waiting.last_mut().unwrap().1;
            (values[0], values[1]) = (values[0] + 1, values[1] + size);
            continue;
        }
        let mut values = match updates.last() {
            Some((there, _)) if *there == begin => updates.pop().unwrap().1.to_vec(),
            _ => vec![0; SEND.counters.len()],
        };
        (values[new], values[bytes]) = (values[new] + 1, values[bytes] + size);
        updates.push((begin, values.into()));
    }
    // Up to here everything was pushed, also that nothing happened.
    updates.push((pushed - 60, vec![0; SEND.counters.len()].into()));
    if let [.., (before, _), (last, _)] = &updates[..]
        && before == last
    {
        updates.pop();
    }
    create(path, &SEND, 60, &updates[..1]).unwrap();
    push(path, &SEND, 60, &updates[1..]).unwrap();
    Reading {
        protocol: "send",
        rrd: path.to_owned(),
        step: 60,
        since: all[0].0,
        seen: NOW,
        pushed,
        counters: vec![
            counter("message_new", Measure::Count),
            counter("message_bytes", Measure::Count),
            counter("never_moved", Measure::Count),
        ],
        waiting,
        ..Reading::default()
    }
}

/// Mail, three weeks without anything, mail: of the three weeks nothing is known, wherever they lie and whether what came behind them
/// is in the RRD or waits. Where mail comes every two weeks only, or nothing was logged for a week, nothing came.
#[test]
fn of_weeks_in_which_the_server_was_off_nothing_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let day = |days: i64| NOW - days * DAY;
    let on = |days: std::ops::Range<i64>| day(days.end)..day(days.start);
    let batches = [0..1, 13..14, 26..27, 39..40, 50..51].map(on).to_vec();
    // How many days before now the log begins, when there is mail, until when it was pushed, and which days are not known.
    let cases = [
        ("off", 51, vec![on(23..51), on(0..2)], NOW - 420, Some(4..=22)),
        ("waits", 51, vec![on(23..51), NOW - 1_800..NOW], day(23), Some(2..=22)),
        ("edge", 70, vec![on(69..70), on(0..30)], NOW - 420, Some(32..=59)),
        ("batches", 51, batches, NOW - 420, None),
        ("a week", 51, vec![on(23..51), on(0..16)], NOW - 420, None),
    ];
    for (name, since, mail, pushed, off) in cases {
        let is_there = |(at, _): &(i64, i128)| mail.iter().any(|time| time.contains(at));
        let logged: Vec<(i64, i128)> = events(9, day(since)).into_iter().filter(is_there).collect();
        let path = dir.path().join(format!("{name}.rrd"));
        let pushed = pushed.div_euclid(60) * 60;
        let mut readings = vec![reading(&path, &logged, pushed)];
        let read = |readings: &[Reading], from: i64, to: i64| {
            let (history, problems) = History::read(readings, NOW, &Files::default());
            assert_eq!(problems, Vec::<String>::new(), "{name}");
            history.grew("send", ["message_new"], from, to)
        };
        for days in 2..since.min(60) {
            let (from, to) = (day(days), day(days - 1));
            let (grew, expected) = (read(&readings, from, to), count(&logged, from, to).0);
            match &off {
                Some(off) if off.contains(&days) => assert_eq!(grew, None, "{name}: day {days}"),
                // The border lies in a row of half an hour.
                Some(off) if (off.start() - 2..=off.end() + 2).contains(&days) => {}
                _ => {
                    let grew = grew.unwrap_or_else(|| panic!("{name}: day {days} is not known"));
                    assert!((grew - expected).abs() < 12.0, "{name}: day {days}: {grew}, not {expected}");
                }
            }
        }
        assert_eq!(read(&readings, NOW - 600, NOW), Some(count(&logged, NOW - 600, NOW).0), "{name}");
        if name == "off" {
            // Where another protocol was counted all the time the server was on.
            let path = dir.path().join("other.rrd");
            let other = reading(&path, &events(3, day(since)), pushed);
            readings.push(Reading { protocol: "smtp", ..other });
            assert_eq!(read(&readings, day(20), day(19)), Some(0.0));
        }
    }
}

/// A day by the minute, a week by five of them, two months by half an hour: whatever a stretch is, it has what happened in it;
/// of a row that it cuts it has a part.
#[test]
fn every_stretch_has_what_happened_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("send.rrd");
    let seed = 7;
    let all = events(seed, NOW - 40 * DAY - 1_234);
    let pushed = NOW.div_euclid(60) * 60 - 7 * 60;
    let readings = [reading(&path, &all, pushed)];
    let (history, problems) = History::read(&readings, NOW, &Files::default());
    assert_eq!(problems, Vec::<String>::new());
    let grew = |key: &str, from, to| history.grew("send", [key], from, to).unwrap();
    let mut exact = 0;
    for (from, to) in local::half_hours(NOW) {
        for weeks in 0..=5 {
            let (from, to) = local::stretch_before((from, to.min(NOW)), 7 * weeks);
            // Rows of two weeks have five minutes, older ones half an hour.
            let row = if weeks == 0 {
                1
            } else if weeks == 1 {
                300
            } else {
                1_800
            };
            let to = if weeks == 0 { to } else { to.div_euclid(row) * row };
            let (messages, bytes) = count(&all, from, to);
            let found = (grew("message_new", from, to), grew("message_bytes", from, to));
            assert!((found.0 - messages).abs() < 1e-6, "seed {seed}, {from}..{to}: {found:?} {messages}");
            assert!((found.1 - bytes).abs() < 1e-3, "seed {seed}, {from}..{to}: {found:?} {bytes}");
            exact += 1;
        }
    }
    assert_eq!(exact, 48 * 6);
    // The same by a walk over all half-hours at once.
    let last = local::half_hours(NOW).last().unwrap().1;
    let keys = ["message_new", "never_moved"];
    let series = history.series("send", keys, last - 41 * DAY, last);
    let mut known = 0;
    for (n, value) in series.values.iter().enumerate() {
        let begin = series.from + 1_800 * n as i64;
        let expected = history.grew("send", keys, begin, (begin + 1_800).min(NOW));
        assert!(
            matches!((value, expected), (None, None))
                || value.zip(expected).is_some_and(|(one, other)| (one - other).abs() < 1e-6),
            "{begin}: {value:?}, not {expected:?}"
        );
        known += usize::from(value.is_some());
    }
    assert_eq!(known, 40 * 48, "and the row in which counting began");
    assert_eq!((series.at(last - 1_800), series.at(last)), (*series.values.last().unwrap(), None));
    // The local day until the same minute: the row in which the minute lies counts in part.
    for weeks in 1..=4 {
        let (from, to) = local::day_until(NOW, 7 * weeks);
        let row = if weeks == 1 { 300 } else { 1_800 };
        let cut = to.div_euclid(row) * row;
        let part = (to - cut) as f64 / row as f64;
        let expected = count(&all, from, cut).0 + part * count(&all, cut, cut + row).0;
        let found = grew("message_new", from, to);
        assert!((found - expected).abs() < 1e-6, "{weeks} weeks before: {found}, not {expected}");
    }
    assert_eq!(grew("message_new", all[0].0, NOW), count(&all, all[0].0, NOW).0);
    assert_eq!(
        history.grew("send", ["message_new", "never_moved"], NOW - DAY, NOW),
        Some(count(&all, NOW - DAY, NOW).0)
    );
    assert_eq!(history.last_growth("send").unwrap().0, all.last().unwrap().0.div_euclid(60) * 60);
    assert_eq!(history.since("send"), Some(all[0].0));
}

/// `rrdtool fetch FILE AVERAGE -r ROW -s FROM -e TO`: the sum of row × length of a data source.
fn fetched(path: &Path, source: &str, row: i64, from: i64, to: i64) -> f64 {
    let output = Command::new("rrdtool")
        .arg("fetch")
        .arg(path)
        .args(["AVERAGE", "-r", &row.to_string(), "-s", &from.to_string(), "-e", &(to - row).to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let column = lines.next().unwrap().split_whitespace().position(|name| name == source).unwrap();
    let values =
        lines.skip(1).map(|line| line.split_whitespace().nth(column + 1).unwrap().parse::<f64>().unwrap());
    values.map(|value| value * row as f64).sum()
}

#[test]
fn what_is_in_the_file_is_what_rrdtool_fetches() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("send.rrd");
    let readings = [reading(&path, &events(11, NOW - 40 * DAY), NOW.div_euclid(60) * 60)];
    let (history, _) = History::read(&readings, NOW, &Files::default());
    let day = NOW.div_euclid(DAY) * DAY;
    for (row, back) in [(60, 1), (300, 8), (1_800, 15), (1_800, 29)] {
        let (from, to) = (day - back * DAY, day - back * DAY + DAY / 2);
        let expected = fetched(&path, "message_new", row, from, to);
        let found = history.grew("send", ["message_new"], from, to).unwrap();
        assert!(expected > 100.0 && (found - expected).abs() < 1e-3, "{row} {back}: {found}, not {expected}");
    }
}

#[test]
fn what_is_not_known_is_not_zero() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("send.rrd");
    let since = NOW - 3 * DAY - 100;
    let mut reading = reading(&path, &events(3, since), (NOW - 7_200).div_euclid(60) * 60);
    reading.seen = NOW - 3_600;
    let readings = [reading];
    let (history, _) = History::read(&readings, NOW, &Files::default());
    let grew = |from, to| history.grew("send", ["message_new"], from, to);
    assert_eq!(grew(since - 60, NOW - DAY), None, "before the first line");
    assert_eq!(grew(NOW - DAY, NOW), None, "after the last reading");
    assert!(grew(since, NOW - 3_600).is_some());
    assert!(history.grew_at_least("send", ["message_new"], 0, NOW) > 1_000.0);
    assert_eq!(history.grew("send", ["no_such_counter"], NOW - DAY, NOW - DAY / 2), None);
    assert_eq!(history.grew("nobody", ["message_new"], NOW - DAY, NOW - DAY / 2), None);
    // A file that is lost, and one that is damaged.
    std::fs::write(&path, "no RRD").unwrap();
    let (history, problems) = History::read(&readings, NOW, &Files::default());
    assert!(problems.len() == 1 && problems[0].contains("send.rrd"), "{problems:?}");
    assert_eq!(history.grew("send", ["message_new"], NOW - DAY, NOW - DAY / 2), None);
    assert!(history.grew("send", ["message_new"], NOW - 7_200, NOW - 3_600).is_some(), "it waits");
    // Nothing was ever read.
    let none = [Reading { pushed: 0, since: 0, seen: 0, waiting: Vec::new(), ..readings[0].clone() }];
    std::fs::remove_file(&path).unwrap();
    let (history, problems) = History::read(&none, NOW, &Files::default());
    assert_eq!((problems.len(), history.since("send")), (0, None));
    assert_eq!(history.grew("send", ["message_new"], NOW - 60, NOW), None);
}

/// A store of a few minutes, and one whose RRD cannot be written: everything waits.
#[test]
fn what_waits_is_counted() {
    let bins = |all: &[(i64, i128)]| all.iter().map(|(at, value)| (*at, vec![*value])).collect();
    let minute = NOW.div_euclid(60) * 60;
    let reading = Reading {
        protocol: "send",
        rrd: "/nonexistent/send.rrd".into(),
        step: 60,
        since: minute - 600,
        seen: NOW,
        counters: vec![counter("a", Measure::Count)],
        waiting: bins(&[(minute - 300, 4), (minute - 60, 2), (minute, 5)]),
        ..Reading::default()
    };
    let readings = [reading];
    let (history, _) = History::read(&readings, NOW, &Files::default());
    let grew = |from, to| history.grew("send", ["a"], from, to);
    assert_eq!(grew(minute - 600, NOW), Some(11.0), "all of the minute that is not over happened before now");
    assert_eq!(grew(minute - 600, minute), Some(6.0));
    assert_eq!(grew(minute - 600, minute - 270), Some(2.0), "half of a minute");
    assert_eq!((grew(minute - 240, minute - 60), grew(minute - 601, NOW)), (Some(0.0), None));
    assert_eq!(history.last_growth("send"), Some((minute, minute + 60)));
}

#[test]
fn a_level_is_what_it_was_and_holds_until_it_is_measured_again() {
    let minute = NOW.div_euclid(60) * 60;
    let level = Counter { key: "messages", ..counter("messages", Measure::Level) };
    let reading = Reading {
        protocol: "queue",
        rrd: "/nonexistent/queue.rrd".into(),
        step: 60,
        since: minute - 3_600,
        seen: NOW,
        measured: true,
        counters: vec![level],
        waiting: vec![(minute - 1_800, vec![10]), (minute - 1_200, vec![70]), (minute - 600, vec![40])],
        ..Reading::default()
    };
    let readings = [reading];
    let (history, _) = History::read(&readings, NOW, &Files::default());
    let level = |at| history.level("queue", "messages", at);
    assert_eq!(
        (level(minute - 1_750), level(minute - 1_300), level(NOW)),
        (Some(10.0), Some(70.0), Some(40.0))
    );
    assert_eq!(level(NOW + 60), None, "nobody has looked");
    assert_eq!(level(minute - 7 * DAY), None, "nor then");
    assert_eq!(history.level_mean("queue", "messages", minute - 600, minute - 540), Some(40.0));
    let peak = history.level_peak("queue", "messages", minute - 1_800, NOW).unwrap();
    assert_eq!(peak.0, 70.0);
    assert!((minute - 1_740..minute - 1_200).contains(&peak.1), "{}", minute - peak.1);
    assert_eq!(history.grew("queue", ["messages"], minute - 1_800, minute), None, "a level does not grow");
}

//! The time axes of pictures over changes of the clocks: what librrd drew is read, and compared with what `date` says
//! of each time.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::axis::{self, Axis};
use crate::support::clock::Machine;
use crate::support::store::{MAILLOGS, Store, stderr};

/// A local time, as `date` tells it.
struct Local {
    time: i64,
    /// Month, day of the month, hour, minute, day of the week (0 is Sunday).
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    weekday: u32,
    /// Weekday, month, year.
    names: [String; 3],
    /// Does the day begin here? Where clocks are put forward at midnight, that is at 01:00.
    begins: bool,
}

/// Every `step` seconds from `start` to `end` in a zone.
fn local_times(zone: &str, start: i64, end: i64, step: i64) -> Vec<Local> {
    let times: Vec<i64> = (0..).map(|n| start + n * step).take_while(|time| *time <= end).collect();
    let mut child = Command::new("date")
        .args(["-f", "-", "+%-m %-d %-H %-M %w %a %b %Y"])
        .env("TZ", zone)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("date");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text: String = times.iter().map(|time| format!("@{time}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).expect("date reads"));
    let output = child.wait_with_output().expect("date");
    writer.join().expect("written");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(lines.lines().count(), times.len());
    let mut yesterday = None;
    let local = |(time, line): (&i64, &str)| {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse().expect("a number");
        Local {
            time: *time,
            month: number(0),
            day: number(1),
            hour: number(2),
            minute: number(3),
            weekday: number(4),
            names: [5, 6, 7].map(|at| words[at].to_owned()),
            begins: yesterday.replace(words[1].to_owned()).is_some_and(|day| day != words[1]),
        }
    };
    times.iter().zip(lines.lines()).map(local).collect()
}

/// Where labels stand, and what they say.
struct Rule {
    /// The longest picture (seconds) that is labelled so.
    longest: i64,
    is_at: fn(&Local) -> bool,
    /// Seconds from the line to the label.
    shifted: i64,
    says: fn(&Local) -> String,
}

const DAY: i64 = 86_400;

fn clock(at: &Local) -> String {
    format!("{:02}:{:02}", at.hour, at.minute)
}

const RULES: [Rule; 11] = [
    Rule { longest: 1_200, is_at: |at| at.minute % 5 == 0, shifted: 0, says: clock },
    Rule { longest: 3_600, is_at: |at| at.minute % 10 == 0, shifted: 0, says: clock },
    Rule { longest: 3 * 3_600, is_at: |at| at.minute % 30 == 0, shifted: 0, says: clock },
    Rule { longest: 8 * 3_600, is_at: |at| at.minute == 0, shifted: 0, says: clock },
    Rule { longest: 36 * 3_600, is_at: |at| at.minute == 0 && at.hour % 3 == 0, shifted: 0, says: clock },
    Rule {
        longest: 4 * DAY,
        is_at: |at| at.minute == 0 && at.hour % 12 == 0,
        shifted: 0,
        says: |at| format!("{} {}", at.names[0], clock(at)),
    },
    Rule {
        longest: 12 * DAY,
        is_at: |at| at.begins,
        shifted: DAY / 2,
        says: |at| format!("{} {:02}", at.names[0], at.day),
    },
    Rule {
        longest: 45 * DAY,
        is_at: |at| at.begins && at.weekday == 0,
        shifted: 0,
        says: |at| format!("{:02} {}", at.day, at.names[1]),
    },
    Rule {
        longest: 150 * DAY,
        is_at: |at| at.begins && at.day == 1,
        shifted: 15 * DAY,
        says: |at| at.names[1].clone(),
    },
    Rule {
        longest: 800 * DAY,
        is_at: |at| at.begins && at.day == 1,
        shifted: 15 * DAY,
        says: |at| at.names[1].clone(),
    },
    Rule {
        longest: i64::MAX,
        is_at: |at| at.begins && at.day == 1 && at.month == 1,
        shifted: 365 * DAY / 2,
        says: |at| at.names[2].clone(),
    },
];

/// Panics unless the axis of a picture from `start` to `end` has the lines and labels that it should have.
fn assert_axis(what: &str, axis: &Axis, zone: &str, start: i64, end: i64) {
    let rule = RULES.iter().find(|rule| end - start <= rule.longest).expect("a rule");
    let step = if end - start <= 4 * DAY { 60 } else { 1_800 };
    let before = rule.shifted + step;
    let all: Vec<Local> =
        local_times(zone, start.div_euclid(step) * step - before.div_euclid(step) * step, end, step)
            .into_iter()
            .filter(rule.is_at)
            .collect();
    let place = |time: i64| (time - start) as f64 / (end - start) as f64;
    let within = |place: f64, by: f64| (by / axis.width..=1.0 - by / axis.width).contains(&place);
    // librrd rounds a line to whole pixels; of one at the very edge it is all the same whether it is there.
    let lines: Vec<f64> = all.iter().map(|at| place(at.time)).filter(|place| within(*place, 2.0)).collect();
    let drawn: Vec<f64> = axis.lines.iter().copied().filter(|place| within(*place, 2.0)).collect();
    let near = |a: &f64, b: &f64, by: f64| (a - b).abs() * axis.width <= by;
    assert!(
        lines.len() == drawn.len() && lines.iter().zip(&drawn).all(|(a, b)| near(a, b, 1.01)),
        "{what}: lines at {drawn:?}, not {lines:?}"
    );
    let labels: Vec<(String, f64)> = all
        .iter()
        .map(|at| ((rule.says)(at).replace(' ', ""), place(at.time + rule.shifted)))
        .filter(|(_, place)| within(*place, 8.0))
        .collect();
    let drawn: Vec<(String, f64)> =
        axis.labels.iter().filter(|(_, place)| within(*place, 8.0)).cloned().collect();
    let texts = |labels: &[(String, f64)]| labels.iter().map(|label| label.0.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&drawn), texts(&labels), "{what}: {drawn:?}");
    assert!(!labels.is_empty(), "{what}");
    // A label's own width is guessed, and with it what is at the edge.
    assert!(
        drawn.iter().zip(&labels).all(|(a, b)| near(&a.1, &b.1, 5.0)),
        "{what}: {drawn:?}, not {labels:?}"
    );
}

/// Pictures of every kind whose time has the change at `change` in it.
fn over(zone: &str, change: i64) {
    spans(zone, change);
    periods(zone, change, &["day", "week", "month", "year"]);
}

fn draw(machine: &Machine, arguments: &[&str], what: &str) -> Axis {
    let file = machine.store.path("x.svg");
    let mut command = machine.faked(MAILLOGS);
    let output = command.args(["graph", "messages"]).args(arguments).arg("-o").arg(&file).output();
    let output = output.expect("maillogs");
    assert!(output.status.success(), "{what}: {}", stderr(&output));
    axis::read(&std::fs::read_to_string(&file).expect("a picture"))
}

/// Of any span.
fn spans(zone: &str, change: i64) {
    let mut machine = Machine::new(Store::new().in_zone(zone), change);
    // The length of a picture in minutes, and that of its rows.
    for (minutes, row) in [
        (15, 60),
        (50, 60),
        (170, 60),
        (7 * 60, 60),
        (30 * 60, 300),
        (3 * 1_440, 1_800),
        (10 * 1_440, 1_800),
        (40 * 1_440, 7_200),
        (140 * 1_440, DAY),
        (600 * 1_440, DAY),
    ] {
        let start = change - minutes * 60 / 2;
        let end = start + minutes * 60;
        machine.now = end;
        let what = format!("{zone}, {minutes} min from {start}");
        let axis = draw(&machine, &["--from", &format!("@{start}"), "--to", &format!("@{end}")], &what);
        let (start, end) = (start.div_euclid(row) * row, (end + row - 1).div_euclid(row) * row);
        assert_axis(&what, &axis, zone, start, end);
    }
}

/// Of the time up to now.
fn periods(zone: &str, change: i64, wanted: &[&str]) {
    let mut machine = Machine::new(Store::new().in_zone(zone), change);
    let all = [
        ("day", 300, DAY, 10 * 3_600),
        ("day", 300, DAY, 20 * 3_600),
        ("week", 1_800, 7 * DAY, 2 * DAY + 3_600),
        ("week", 1_800, 7 * DAY, 6 * DAY),
        ("month", 7_200, 31 * DAY, 12 * DAY),
        ("month", 7_200, 31 * DAY, 29 * DAY),
        // The change lies before the picture, in the week that it begins with.
        ("month", 7_200, 31 * DAY, 33 * DAY),
        ("year", DAY, 366 * DAY, 20 * DAY),
        ("year", DAY, 366 * DAY, 200 * DAY),
    ];
    for (period, row, length, after) in all.into_iter().filter(|(period, ..)| wanted.contains(period)) {
        machine.now = change + after;
        let what = format!("{zone}, {period}, {after} s after {change}");
        let axis = draw(&machine, &["--period", period], &what);
        let end = (machine.now + row - 1).div_euclid(row) * row;
        assert_axis(&what, &axis, zone, end - length, end);
        for width in ["40", "80", "200"] {
            let mut command = machine.faked(MAILLOGS);
            command.args(["show", "messages", "--period", period, "--width", width]).env("LC_ALL", "C.UTF-8");
            let output = command.output().expect("maillogs");
            assert!(output.status.success(), "{what}: {}", stderr(&output));
            let text = String::from_utf8(output.stdout).expect("UTF-8");
            assert_terminal(&format!("{what}, {width} columns"), &text, zone, end - length, end);
        }
    }
}

/// Panics unless each mark below a chart stands in the column of the time that its label tells.
fn assert_terminal(what: &str, text: &str, zone: &str, start: i64, end: i64) {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let below = lines.iter().position(|line| line.contains(&'┬')).unwrap_or_else(|| panic!("{what}: {text}"));
    let axis = &lines[below];
    let left = axis.iter().position(|c| matches!(c, '└' | '┼')).expect("a corner") + 1;
    let columns = i64::try_from(axis.len() - left).expect("columns");
    let words: String = lines[below + 1][left..].iter().collect();
    let marks: Vec<i64> = (0..columns).filter(|column| axis[left + *column as usize] == '┬').collect();
    assert!(!marks.is_empty(), "{what}: {text}");
    let time = |column: i64| start + (column * (end - start) + columns - 1) / columns;
    // Labels are words of one or two parts, each around its mark.
    let mut rest: &str = &words;
    for mark in marks {
        let (from, to) = (time(mark), time(mark + 1));
        let step = 60.min(end - start);
        let all = local_times(zone, from.div_euclid(step) * step - step, to, step);
        let told: Vec<String> = all
            .iter()
            .filter(|at| (from..to).contains(&at.time))
            .flat_map(|at| {
                let mut told = vec![clock(at)];
                if at.begins {
                    told.push(format!("{} {}", at.names[0], at.day));
                    told.push(format!("{} {}", at.day, at.names[1]));
                    told.extend((at.day == 1).then(|| at.names[1].clone()));
                }
                told
            })
            .collect();
        let label = rest.trim_start();
        let found = told.iter().filter(|told| label.starts_with(told.as_str())).max_by_key(|told| told.len());
        let found =
            found.unwrap_or_else(|| panic!("{what}: `{label}` at {mark} is none of {told:?}\n{text}"));
        rest = &label[found.len()..];
    }
    assert_eq!(rest.trim(), "", "{what}: {text}");
}

/// The unix time of a change, as `date` finds it: the first second of the new time.
fn change(zone: &str, near: &str) -> i64 {
    let date = |text: &str, format: &str| -> String {
        let output = Command::new("date").args(["-d", text, format]).env("TZ", zone).output().expect("date");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    };
    let mut low: i64 = date(&format!("{near} 12:00"), "+%s").parse().expect("a time");
    let mut high = low + 2 * DAY;
    let offset = |time: i64| date(&format!("@{time}"), "+%z");
    assert_ne!(offset(low), offset(high), "{zone}: no change after {near}");
    while high - low > 1 {
        let middle = (low + high) / 2;
        if offset(middle) == offset(low) { low = middle } else { high = middle }
    }
    high
}

#[test]
fn labels_are_right_over_both_changes_in_berlin() {
    over("Europe/Berlin", change("Europe/Berlin", "2025-10-25"));
    over("Europe/Berlin", change("Europe/Berlin", "2026-03-28"));
}

#[test]
fn labels_are_right_over_both_changes_in_new_york() {
    over("America/New_York", change("America/New_York", "2025-11-01"));
    over("America/New_York", change("America/New_York", "2026-03-07"));
}

/// Half an hour is put forward there, and back.
#[test]
fn labels_are_right_over_both_changes_on_lord_howe() {
    over("Australia/Lord_Howe", change("Australia/Lord_Howe", "2025-10-04"));
    over("Australia/Lord_Howe", change("Australia/Lord_Howe", "2026-04-04"));
}

/// Clocks are put forward at midnight there: the Friday begins at 01:00, and has its line and its label.
#[test]
fn a_day_without_a_midnight_is_labelled_too() {
    periods("Africa/Cairo", change("Africa/Cairo", "2025-04-24"), &["week"]);
}

//! What is known of the time before the first line: nothing, in the RRD and in the numbers of graphs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::support::clock::Machine;
use crate::support::rrd;
use crate::support::store::{MAILLOGS, Store, stderr};

/// 2026-03-10 00:00 UTC.
const MIDNIGHT: i64 = 1_773_100_800;
/// 10:03 on that day.
const BEGIN: i64 = MIDNIGHT + 10 * 3_600 + 180;

/// The AVERAGE rows of a data source that end in `begin + step ..= end`, as `rrdtool fetch` prints them: a rate times
/// the step, rounded; `None`: unknown.
fn rows(file: &Path, source: &str, step: i64, begin: i64, end: i64) -> BTreeMap<i64, Option<i64>> {
    let text = rrd::printed(file, step, begin, end);
    let (header, rows) = text.split_once("\n\n").expect("a header and rows");
    let column = header.split_whitespace().position(|name| name == source).expect("a data source");
    let row = |line: &str| {
        let (time, values) = line.split_once(": ").expect("TIME: VALUES");
        let value: f64 = values.split_whitespace().nth(column).expect("a value").parse().expect("a number");
        (time.parse().expect("a time"), value.is_finite().then(|| (value * step as f64).round() as i64))
    };
    let rows: BTreeMap<i64, Option<i64>> =
        rows.lines().map(row).filter(|(time, _)| (begin + 1..=end).contains(time)).collect();
    let times: Vec<i64> = rows.keys().copied().collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == step), "rows of another resolution: {times:?}");
    rows
}

/// The row of `show` for a legend: total, mean a minute.
fn shown(machine: &Machine, graph: &str, legend: &str, period: &str) -> (String, String) {
    let mut command = machine.faked(MAILLOGS);
    command.args(["show", graph, "--period", period, "--width", "120"]).env("LC_ALL", "C.UTF-8");
    let output = command.output().expect("maillogs");
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // Its name stands at its chart too, and its numbers in the table below.
    let numbers: Vec<&str> = text
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix(legend)?.split_whitespace().collect::<Vec<_>>()))
        .find(|numbers| numbers.len() > 1)
        .unwrap_or_else(|| panic!("{text}"));
    (numbers[0].to_owned(), numbers[1].to_owned())
}

#[test]
fn a_day_begins_with_its_first_line() {
    let mut machine = Machine::new(Store::new(), BEGIN);
    // One message a minute for an hour, and two in the first.
    machine.log_at(BEGIN + 20);
    for minute in 0..60 {
        machine.log_at(BEGIN + 60 * minute);
    }
    machine.now = BEGIN + 3_600;
    machine.update(&["--flush"]);
    let file = machine.store.rrd();
    let minutes = rows(&file, "message_new", 60, MIDNIGHT - 3_600, machine.now);
    for (end, value) in &minutes {
        let expected = match end - 60 - BEGIN {
            ..0 => None,
            0 => Some(2),
            _ => Some(1),
        };
        assert_eq!(*value, expected, "the minute that ends at {end}");
    }
    // Of a longer row that is known in part, `row × step` is what was counted: 10:03 and 10:04 in five minutes.
    let five = rows(&file, "message_new", 300, MIDNIGHT - 3_600, BEGIN + 120);
    assert_eq!(five.values().filter(|value| value.is_some()).count(), 1);
    assert_eq!(five[&(BEGIN + 120)], Some(3));
    let half_hours = rows(&file, "message_new", 1_800, MIDNIGHT, BEGIN + 3_600 - 180);
    let known: Vec<i64> = half_hours.values().flatten().copied().collect();
    assert_eq!((half_hours.len(), known), (22, vec![28, 30]));
    // 61 messages in 60 minutes, in whatever rows they are drawn.
    for period in ["day", "week", "month", "year"] {
        assert_eq!(
            shown(&machine, "messages", "Into the queue", period),
            ("61".into(), "1.02".into()),
            "{period}"
        );
    }
    // The day is over: its row is the day's count.
    machine.now = MIDNIGHT + 86_400 + 600;
    machine.log();
    machine.now += 60;
    machine.update(&["--flush"]);
    let day = rows(&file, "message_new", 86_400, MIDNIGHT - 86_400, MIDNIGHT + 86_400);
    assert_eq!(day.values().copied().collect::<Vec<_>>(), [None, Some(61)]);
    let minutes = (machine.now - BEGIN) / 60;
    for period in ["day", "week", "month", "year"] {
        let (total, mean) = shown(&machine, "messages", "Into the queue", period);
        let mean: f64 = mean.parse().expect("a number");
        assert_eq!(total, "62", "{period}");
        // It has two digits or three.
        assert!((mean - 62.0 / minutes as f64).abs() <= 0.005, "{period}: {mean}");
    }
}

/// Before a minute is over it waits in the state, and `show` has it all the same.
#[test]
fn what_waits_for_the_rrd_is_known_from_its_first_line_on() {
    let mut machine = Machine::new(Store::new(), BEGIN);
    for second in 0..30 {
        machine.log_at(BEGIN + second);
    }
    machine.now = BEGIN + 30;
    for period in ["day", "week", "month", "year"] {
        assert_eq!(
            shown(&machine, "messages", "Into the queue", period),
            ("30".into(), "60.0".into()),
            "{period}"
        );
    }
}

fn add(path: &Path, line: &str) {
    let mut file = File::options().append(true).create(true).open(path).expect("a log");
    file.write_all(line.as_bytes()).expect("writing");
}

/// A line of imapd in the syslog, and one of another program.
fn login(stamp: &str) -> String {
    format!("{stamp} mx1 imapd-ssl: LOGIN, user=a@example.org, ip=[192.0.2.7], port=[40002], protocol=IMAP\n")
}

fn other(stamp: &str) -> String {
    format!("{stamp} mx1 sshd[99]: Server listening on 0.0.0.0 port 22.\n")
}

/// Of imap all is known since a time, and there was one login at another.
fn assert_known_since(machine: &Machine, since: i64, login: i64) {
    let file = machine.store.path("log/rrd/imap.rrd");
    let rows = rows(&file, "imap_ssl_success", 60, since - 3_600, login + 60);
    for (end, value) in &rows {
        let expected = match *end {
            end if end <= since => None,
            end if end > login => Some(1),
            _ => Some(0),
        };
        assert_eq!(*value, expected, "the row that ends at {end}, known since {since}");
    }
    assert_eq!(i64::try_from(rows.len()).expect("rows"), (login + 60 - since) / 60 + 60);
    let minutes = (machine.now - since) as f64 / 60.0;
    let (total, mean) = shown(machine, "imap", "Success, SSL", "month");
    assert_eq!((total.as_str(), mean), ("1", format!("{:.3}", 1.0 / minutes)));
}

#[test]
fn a_log_without_a_line_of_ours_is_known_from_its_first_line_on() {
    let mut machine = Machine::new(Store::with_syslog(), BEGIN);
    let syslog = machine.store.syslog();
    add(&syslog, &other("Mar 10 08:00:00"));
    machine.touch(&syslog);
    machine.update(&[]);
    assert!(!machine.store.path("log/rrd/imap.rrd").exists(), "nothing of imap was counted");
    add(&syslog, &login("Mar 10 12:30:00"));
    machine.now = MIDNIGHT + 13 * 3_600;
    machine.touch(&syslog);
    machine.update(&["--flush"]);
    assert_known_since(&machine, MIDNIGHT + 8 * 3_600, MIDNIGHT + 12 * 3_600 + 1_800);
}

/// The Perl program counted what the log holds: it is read from its end.
#[test]
fn a_store_that_takes_over_counters_is_known_from_its_first_reading_on() {
    let mut machine = Machine::new(Store::with_syslog(), BEGIN);
    let syslog = machine.store.syslog();
    add(&syslog, &login("Mar 10 08:00:00").repeat(5));
    machine.touch(&syslog);
    fs::create_dir(machine.store.path("log/counters")).expect("mkdir");
    fs::write(machine.store.path("log/counters/imap.txt"), "imap_success:1\nimap_ssl_success:33\n")
        .expect("counters");
    machine.update(&[]);
    add(&syslog, &login("Mar 10 12:30:00"));
    machine.now = MIDNIGHT + 13 * 3_600;
    machine.touch(&syslog);
    machine.update(&["--flush"]);
    assert_known_since(&machine, BEGIN, MIDNIGHT + 12 * 3_600 + 1_800);
}

#[test]
fn a_log_that_begins_weeks_ago_is_known_since_then() {
    let machine = Machine::new(Store::with_syslog(), BEGIN);
    let syslog = machine.store.syslog();
    // What was rotated before the first reading is not read.
    let rotated = syslog.with_extension("1");
    add(&rotated, &other("Feb  2 08:30:00"));
    add(&syslog, &other("Feb 20 08:30:00"));
    add(&syslog, &login("Mar 10 09:30:00"));
    machine.touch(&rotated);
    machine.touch(&syslog);
    machine.update(&["--flush"]);
    let file = machine.store.path("log/rrd/imap.rrd");
    let first = MIDNIGHT - 18 * 86_400 + 8 * 3_600 + 1_800;
    let rows = rows(&file, "imap_ssl_success", 1_800, first - 1_800 * 50, MIDNIGHT);
    let known: Vec<i64> = rows.iter().filter(|(_, value)| value.is_some()).map(|(end, _)| *end).collect();
    assert!(rows.values().flatten().all(|value| *value == 0));
    assert_eq!((known.first(), known.last()), (Some(&(first + 1_800)), Some(&MIDNIGHT)));
}

/// Nothing is known of a log that was not there.
#[test]
fn a_protocol_that_is_added_later_is_known_from_its_first_line_on() {
    let mut machine = Machine::new(Store::new(), BEGIN);
    fs::remove_dir(machine.store.logs()).expect("rmdir");
    machine.update(&[]);
    machine.now += 86_400;
    fs::create_dir(machine.store.logs()).expect("mkdir");
    machine.log();
    machine.now += 120;
    machine.update(&["--flush"]);
    let begin = BEGIN + 86_400;
    let rows = rows(&machine.store.rrd(), "message_new", 60, begin - 3_600, begin + 60);
    let known: Vec<(&i64, i64)> = rows.iter().filter_map(|(end, value)| Some((end, (*value)?))).collect();
    assert_eq!(known, [(&(begin + 60), 1)]);
}

/// An empty log is read too, and the first line comes an hour later.
#[test]
fn an_empty_log_is_known_from_its_first_reading_on() {
    let mut machine = Machine::new(Store::new(), BEGIN);
    machine.update(&[]);
    machine.now += 3_600;
    machine.log();
    machine.now += 120;
    machine.update(&["--flush"]);
    let rows = rows(&machine.store.rrd(), "message_new", 60, MIDNIGHT, BEGIN + 3_660);
    let (unknown, known): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, value)| value.is_none());
    assert_eq!((unknown.len(), known.len()), (603, 61));
    assert_eq!((known[0], known[60]), ((BEGIN + 60, Some(0)), (BEGIN + 3_660, Some(1))));
}

//! The day on which the clock is set back: stamps of local time without an offset, an hour of which comes twice. The
//! stamps are written by date(1).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::clock::Machine;
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{pipe_through, rrd};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

/// A line of the log every so many seconds.
const APART: i64 = 10;

/// Zones, and when their clocks are set back: by an hour, by half an hour, by two.
const ZONES: [(&str, i64); 5] = [
    ("Europe/Berlin", 1_792_890_000),
    ("America/New_York", 1_793_512_800),
    ("Australia/Lord_Howe", 1_775_314_800),
    ("Africa/Casablanca", 1_771_120_800),
    ("Antarctica/Troll", 1_792_890_000),
];

/// A format of stamps: for date(1), and whether it is in UTC.
struct Format {
    date: &'static str,
    is_utc: bool,
}

const SYSLOG: Format = Format {
    date: "%b %e %H:%M:%S mx1 vpopmail[1]: vchkpw-pop3: (PLAIN) login success a@example.org:192.0.2.7",
    is_utc: false,
};

/// tai64nlocal(8), s6-log `T`, svlogd(8) `-tt`.
const LABELS: [Format; 3] = [
    Format { date: "%Y-%m-%d %H:%M:%S.%N new msg 1", is_utc: false },
    Format { date: "%Y-%m-%d %H:%M:%S.%N  new msg 1", is_utc: false },
    Format { date: "%Y-%m-%d_%H:%M:%S.00001 new msg 1", is_utc: true },
];

impl Format {
    /// The lines of these instants, as date(1) writes their stamps in `zone`.
    fn lines(&self, zone: &str, times: &[i64]) -> Vec<String> {
        let input: String = times.iter().map(|time| format!("@{time}\n")).collect();
        let zone = if self.is_utc { "UTC" } else { zone };
        let mut date = Command::new("date");
        date.env("TZ", zone).env("LC_ALL", "C").args(["-f", "-", &format!("+{}", self.date)]);
        let output = String::from_utf8(pipe_through(&mut date, input.as_bytes())).expect("UTF-8");
        // No two lines of a logger are of the same nanosecond: that tells one chunk from another.
        let unique =
            |(n, line): (usize, &str)| format!("{}\n", line.replace(".000000000", &format!(".{n:09}")));
        output.lines().enumerate().map(unique).collect()
    }
}

/// The instants of a log around the moment `turn`.
fn times(turn: i64) -> Vec<i64> {
    (0..).map(|n| turn - 150 * MINUTE + n * APART).take_while(|time| *time < turn + 150 * MINUTE).collect()
}

/// The lines of each minute, by its end.
fn minutes(times: &[i64]) -> BTreeMap<u64, u128> {
    let mut minutes = BTreeMap::new();
    for time in times {
        *minutes.entry(((time / MINUTE + 1) * MINUTE).unsigned_abs()).or_default() += 1;
    }
    minutes
}

fn machine(zone: &str, now: i64) -> Machine {
    Machine::new(Store::with_syslog().in_zone(zone), now)
}

fn append(machine: &Machine, path: &Path, text: &str) {
    let mut file = File::options().append(true).create(true).open(path).expect("a log");
    file.write_all(text.as_bytes()).expect("writing");
    machine.touch(path);
}

fn run(machine: &Machine, words: &[&str]) -> String {
    let output = machine.faked(MAILLOGS).args(words).output().expect("maillogs");
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What the RRD of `protocol` holds of `source` by the minute.
fn rows(machine: &Machine, protocol: &str, source: &str, turn: i64) -> BTreeMap<u64, u128> {
    let file = machine.store.path("log/rrd").join(format!("{protocol}.rrd"));
    let at = |time: i64| time.unsigned_abs() / 60 * 60;
    rrd::fetch(&file, 60, at(turn - 3 * HOUR), at(turn + 3 * HOUR)).remove(source).expect("a data source")
}

/// The logger hands over what it wrote.
fn roll(machine: &Machine) {
    let logs = machine.store.logs();
    fs::rename(logs.join("current"), logs.join("previous")).expect("rename");
    let stdin = File::open(logs.join("previous")).expect("previous");
    let mut sendlog = machine.faked(machine.store.sendlog());
    let output = sendlog.current_dir(&logs).stdin(stdin).stdout(Stdio::null()).output().expect("sendlog");
    assert!(output.status.success(), "{}", stderr(&output));
    fs::remove_file(logs.join("previous")).expect("previous");
}

/// One reading of the whole day.
#[test]
fn a_whole_day_at_once_in_every_zone() {
    for (zone, turn) in ZONES {
        let times = times(turn);
        let lines = SYSLOG.lines(zone, &times);
        assert!(lines.iter().any(|line| lines.iter().filter(|other| *other == line).count() == 2), "{zone}");
        for labels in LABELS {
            let mut machine = machine(zone, turn + 150 * MINUTE);
            append(&machine, &machine.store.syslog(), &lines.concat());
            append(&machine, &machine.store.logs().join("current"), &labels.lines(zone, &times).concat());
            machine.now += 2 * MINUTE;
            run(&machine, &["update", "--flush"]);
            let wanted = minutes(&times);
            assert_eq!(rows(&machine, "send", "message_new", turn), wanted, "{zone} {}", labels.date);
            assert_eq!(rows(&machine, "pop3", "pop3_success", turn), wanted, "{zone}");
        }
    }
}

/// A look every five minutes, a roll every quarter of an hour. The poller sees what the commit sees.
#[test]
fn a_look_every_five_minutes() {
    let (zone, turn) = ZONES[0];
    let times = times(turn);
    for labels in &LABELS[..2] {
        let (syslog, labels) = (SYSLOG.lines(zone, &times), labels.lines(zone, &times));
        let mut machine = machine(zone, times[0]);
        let (log, current) = (machine.store.syslog(), machine.store.logs().join("current"));
        let each = usize::try_from(5 * MINUTE / APART).expect("a number");
        for (look, (syslog, labels)) in (1..).zip(syslog.chunks(each).zip(labels.chunks(each))) {
            machine.now += 5 * MINUTE - APART;
            append(&machine, &log, &syslog.concat());
            append(&machine, &current, &labels.concat());
            machine.now += APART + 2;
            if look % 3 == 0 {
                let answer = Answer::parse(&run(&machine, &["pop3"]));
                assert_eq!(answer.text("pop3_success"), (look * each).to_string());
                roll(&machine);
            }
            run(&machine, &["update"]);
            machine.now -= 2;
        }
        machine.now += 2 * MINUTE;
        run(&machine, &["update", "--flush"]);
        let wanted = minutes(&times);
        assert_eq!(rows(&machine, "send", "message_new", turn), wanted);
        assert_eq!(rows(&machine, "pop3", "pop3_success", turn), wanted);
    }
}

/// Nothing is logged in the first pass, then in the second one; and the other way round.
#[test]
fn one_pass_is_silent() {
    let (zone, turn) = ZONES[0];
    for silent in [turn - HOUR..turn, turn..turn + HOUR] {
        let times: Vec<i64> = times(turn).into_iter().filter(|time| !silent.contains(time)).collect();
        let (syslog, labels) = (SYSLOG.lines(zone, &times), LABELS[1].lines(zone, &times));
        let mut machine = machine(zone, times[0]);
        let mut next = 0;
        while machine.now < turn + 151 * MINUTE {
            machine.now += 5 * MINUTE;
            while next < times.len() && times[next] < machine.now {
                append(&machine, &machine.store.syslog(), &syslog[next]);
                append(&machine, &machine.store.logs().join("current"), &labels[next]);
                next += 1;
            }
            run(&machine, &["update"]);
        }
        run(&machine, &["update", "--flush"]);
        let wanted = minutes(&times);
        assert_eq!(rows(&machine, "send", "message_new", turn), wanted, "{silent:?}");
        assert_eq!(rows(&machine, "pop3", "pop3_success", turn), wanted, "{silent:?}");
    }
}

/// A syslog is emptied, or a new one takes its place, between the passes: what is written to it then is stamped before
/// what was counted last. And one that is edited in the second pass is known as far as it was counted.
#[test]
fn a_syslog_that_is_emptied_or_edited() {
    let (zone, turn) = ZONES[0];
    let until = |end: i64| (turn - 2 * HOUR..end).step_by(10);
    let mut lines = BTreeMap::new();
    let times: Vec<i64> = until(turn + HOUR).collect();
    lines.extend(times.iter().copied().zip(SYSLOG.lines(zone, &times)));
    let text = |from: i64, to: i64| lines.range(from..to).map(|(_, line)| line.as_str()).collect::<String>();
    let emptied = turn - 10 * MINUTE;
    for (how, first, second) in [
        ("emptied", emptied, turn + 5 * MINUTE),
        ("replaced", emptied, turn + 5 * MINUTE),
        ("edited", turn + 30 * MINUTE, turn + 35 * MINUTE),
    ] {
        let mut machine = machine(zone, first);
        let log = machine.store.syslog();
        append(&machine, &log, &text(0, first));
        machine.now += 2;
        run(&machine, &["update"]);
        machine.now = second;
        let (new, from) = match how {
            "edited" => (text(0, second).replace("example.org", "x"), first),
            _ => (text(turn, second), turn),
        };
        if how != "emptied" {
            fs::remove_file(&log).expect("the log");
        }
        File::create(&log).expect("the log");
        append(&machine, &log, &new);
        machine.now += 2;
        run(&machine, &["update"]);
        machine.now = turn + HOUR;
        append(&machine, &log, &text(second, turn + HOUR));
        machine.now += 2 * MINUTE;
        run(&machine, &["update", "--flush"]);
        let counted: Vec<i64> = until(first).chain((from..turn + HOUR).step_by(10)).collect();
        assert_eq!(rows(&machine, "pop3", "pop3_success", turn), minutes(&counted), "{how}");
    }
}

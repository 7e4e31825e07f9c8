//! Clocks that are set: whatever they show, nothing is lost, and the RRD goes on as soon as they are right.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::support::clock::Machine;
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, stderr};
use crate::support::{lines, pipe_through, rrd};

/// 2026-06-10 12:00 UTC.
const NOON: i64 = 1_781_092_800;
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 86_400;

/// A logger, cron and a poller over `minutes`, one look every `apart` of them; a roll every third time.
fn run_for(machine: &mut Machine, minutes: i64, apart: i64) {
    for look in 0..minutes / apart {
        machine.log_at(machine.now + 3);
        machine.log_at(machine.now + 40);
        machine.now += apart * MINUTE;
        if look % 3 == 2 {
            machine.roll();
        } else {
            machine.update(&[]);
        }
    }
}

fn counted(machine: &Machine) -> u128 {
    lines(&machine.log).count() as u128
}

/// At the end: all is archived, once.
fn assert_archived(machine: &mut Machine) {
    machine.log();
    machine.roll();
    let sort = |log: &[u8]| {
        let mut all: Vec<&[u8]> = lines(log).collect();
        all.sort();
        all.concat()
    };
    assert_same_bytes("the archive", &sort(&machine.store.archived()), &sort(&machine.log));
}

#[test]
fn an_hour_back() {
    let mut machine = Machine::new(Store::new(), NOON);
    run_for(&mut machine, 12, 2);
    let true_again = machine.now;
    machine.now -= HOUR;
    run_for(&mut machine, 60, 6);
    // The hour that came twice is in the first minute that was not in the RRD yet.
    run_for(&mut machine, 20, 2);
    machine.now += 2 * MINUTE;
    let files = machine.assert_rrds_hold(counted(&machine));
    assert_eq!(files.len(), 1, "an hour is no reason for a new RRD: {files:?}");
    machine.assert_minutes_since(true_again + 2 * MINUTE);
    assert_archived(&mut machine);
}

/// Up to a day: the minutes wait until the clock has passed the last one of the RRD, which stays where it is.
#[test]
fn some_hours_back() {
    for hours in [2, 23] {
        let mut machine = Machine::new(Store::new(), NOON);
        run_for(&mut machine, 12, 2);
        machine.now += 2 * MINUTE;
        machine.update(&["--flush"]);
        let last = machine.now;
        machine.now -= hours * HOUR;
        machine.before = machine.log.len();
        machine.log();
        machine.now += 2 * MINUTE;
        let output = machine.update(&["--flush"]);
        assert!(stderr(&output).contains("holds minutes in the future"), "{}", stderr(&output));
        for _ in 0..4 {
            machine.now += (last - machine.now) / 5;
            run_for(&mut machine, 6, 2);
        }
        assert_eq!(machine.rrds("send").len(), 1, "nothing is moved aside");
        machine.now = last + 2 * MINUTE;
        run_for(&mut machine, 20, 2);
        machine.now += 2 * MINUTE;
        let files = machine.assert_rrds_hold(counted(&machine));
        assert_eq!(files.len(), 1, "{hours} hours: {files:?}");
        // What waited is in the first minute that could take it.
        machine.assert_minutes_since(last + 3 * MINUTE);
        assert_archived(&mut machine);
    }
}

/// Two days: the file is moved aside, and what it has of the time before is in the new one.
#[test]
fn two_days_back() {
    let mut machine = Machine::new(Store::new(), NOON);
    run_for(&mut machine, 12, 2);
    machine.now += 2 * MINUTE;
    machine.update(&["--flush"]);
    let (past, wrong) = (counted(&machine), machine.now + 2 * 86_400);
    let real = machine.now + 10 * MINUTE;
    machine.now = wrong;
    run_for(&mut machine, 20, 2);
    machine.now += 2 * MINUTE;
    machine.update(&["--flush"]);
    let ahead = counted(&machine) - past;
    machine.now = real;
    machine.before = machine.log.len();
    let begin = machine.now;
    machine.log();
    machine.now += 2 * MINUTE;
    let output = machine.update(&["--flush"]);
    assert!(stderr(&output).contains("a new one is begun"), "{}", stderr(&output));
    machine.now += 2 * MINUTE;
    let output = machine.update(&["--flush"]);
    assert!(stderr(&output).contains("send.rrd.future-"), "the way out: {}", stderr(&output));
    run_for(&mut machine, 20, 2);
    machine.now += 2 * MINUTE;
    machine.update(&["--flush"]);
    let files = machine.rrds("send");
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!(machine.total(&files[0], "message_new"), counted(&machine) - ahead, "history and all since");
    machine.assert_minutes_since(begin + 4 * MINUTE);
    assert_archived(&mut machine);
}

/// A machine boots with a wrong clock, which is set a few minutes later.
#[test]
fn a_year_ahead_for_some_minutes() {
    for minutes in [2, 8, 30] {
        let mut machine = Machine::new(Store::with("logs_archive_purge = 1\n"), NOON);
        run_for(&mut machine, 12, 2);
        let (before, past) = (machine.now, counted(&machine));
        machine.now += YEAR;
        run_for(&mut machine, minutes, 2);
        machine.now = before + minutes * MINUTE;
        let begin = machine.now + MINUTE;
        machine.update(&[]);
        machine.now += 2 * MINUTE;
        run_for(&mut machine, 20, 2);
        machine.now += 2 * MINUTE;
        // What was logged before the clock went wrong is in both.
        let files = machine.assert_rrds_hold_twice(counted(&machine), past);
        // Ten minutes are too short for a wrong clock to get into the RRD.
        assert_eq!(files.len(), if minutes > 10 { 2 } else { 1 }, "{minutes} minutes: {files:?}");
        machine.assert_minutes_since(begin);
        assert_archived(&mut machine);
    }
}

/// Only cron's run saw the wrong time, not the logger.
#[test]
fn a_year_ahead_for_one_update() {
    for words in [&[][..], &["--flush"]] {
        let mut machine = Machine::new(Store::with("logs_archive_purge = 1\n"), NOON);
        run_for(&mut machine, 12, 2);
        machine.roll();
        machine.log();
        let archived = machine.store.archived();
        machine.now += YEAR;
        machine.update(words);
        assert_same_bytes("the archive", &machine.store.archived(), &archived);
        machine.now -= YEAR;
        let begin = machine.now + MINUTE;
        machine.now += 2 * MINUTE;
        run_for(&mut machine, 20, 2);
        machine.now += 2 * MINUTE;
        let files = machine.assert_rrds_hold(counted(&machine));
        assert_eq!(files.len(), 1, "{files:?}");
        machine.assert_minutes_since(begin);
        // A protocol without lines was read to its end in a year that is to come: that is no reason to say that others were not.
        let output = machine.faked(MAILLOGS).arg("check").output().expect("maillogs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("was read to the end") && !said.contains("but other protocols were"), "{said}");
        assert_archived(&mut machine);
    }
}

/// Without a battery the clock begins in 1970, or where its makers left it.
#[test]
fn far_back_at_boot() {
    // What is in an RRD of the year 2000 is older than ten years as soon as the clock is right.
    for (wrong, too_old) in [(5, 0), (40 * MINUTE, 0), (946_684_800, 6), (1_577_836_800, 0)] {
        let mut machine = Machine::new(Store::new(), NOON);
        run_for(&mut machine, 12, 2);
        machine.now += 2 * MINUTE;
        machine.update(&["--flush"]);
        let before = machine.now;
        machine.now = wrong;
        run_for(&mut machine, 6, 2);
        machine.now = before + 20 * MINUTE;
        machine.update(&[]);
        machine.now += 12 * MINUTE;
        machine.update(&[]);
        let begin = machine.now;
        run_for(&mut machine, 20, 2);
        machine.now += 2 * MINUTE;
        let files = machine.assert_rrds_hold(counted(&machine) - too_old);
        assert_eq!(files.len(), if wrong < YEAR { 1 } else { 2 }, "{files:?}");
        machine.assert_minutes_since(begin);
        assert_archived(&mut machine);
    }
}

#[test]
fn lines_of_1970_and_2100() {
    let mut machine = Machine::new(Store::new(), NOON);
    run_for(&mut machine, 6, 2);
    machine.log_at(7);
    machine.log_at(4_102_444_800);
    machine.roll();
    machine.now += 5 * MINUTE;
    let begin = machine.now;
    run_for(&mut machine, 10, 2);
    machine.now += 2 * MINUTE;
    let files = machine.assert_rrds_hold(counted(&machine));
    assert_eq!(files.len(), 1, "{files:?}");
    machine.assert_minutes_since(begin);
    assert_archived(&mut machine);
    let days: Vec<String> = machine.store.archive().into_keys().collect();
    assert_eq!(days, ["1970/01/01", "2026/06/10"], "a line of the future stands under today");
}

/// The first line of all is of 1970: no RRD keeps it, and none is blocked by it.
#[test]
fn a_first_line_of_1970() {
    let mut machine = Machine::new(Store::new(), NOON);
    machine.log_at(7);
    machine.log_at(4_102_444_800);
    machine.update(&[]);
    machine.now += 2 * MINUTE;
    machine.update(&["--flush"]);
    let begin = machine.now + 12 * MINUTE;
    run_for(&mut machine, 20, 2);
    machine.now += 2 * MINUTE;
    machine.assert_rrds_hold(counted(&machine) - 1);
    machine.assert_minutes_since(begin);
    assert_archived(&mut machine);
}

/// Days of 25 and of 23 hours.
#[test]
fn summer_time_ends_and_begins() {
    // 2026-10-24 and 2027-03-27, 21:00 UTC.
    for begin in [1_792_875_600, 1_806_181_200] {
        let mut machine = Machine::new(Store::new().in_zone("Europe/Berlin"), begin);
        for _ in 0..27 {
            for tens in 0..6 {
                machine.log_at(machine.now + tens * 10 * MINUTE + 17);
            }
            machine.now += HOUR - 20;
            machine.update(&[]);
            machine.now += 20;
            machine.roll();
        }
        machine.now += 2 * MINUTE;
        let files = machine.assert_rrds_hold(counted(&machine));
        assert_eq!(files.len(), 1, "{files:?}");
        machine.assert_minutes_since(begin);
        let local = pipe_through(Command::new("tai64nlocal").env("TZ", "Europe/Berlin"), &machine.log);
        let mut days: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (line, local) in lines(&machine.log).zip(lines(&local)) {
            let day = String::from_utf8_lossy(&local[..10]).replace('-', "/");
            days.entry(day).or_default().extend(line);
        }
        assert_eq!(days.len(), 3);
        assert_eq!(machine.store.archive(), days);
    }
}

/// A syslog tells local time: an hour comes twice, or another host tells one that there is not.
#[test]
fn a_syslog_while_the_clocks_change() {
    // 2026-10-25 and 2027-03-28 01:00 UTC; hours east of UTC before and after it.
    for (turn, date, before, after) in [(1_792_890_000, "Oct 25", 2, 1), (1_806_195_600, "Mar 28", 1, 2)] {
        let mut machine = Machine::new(Store::with_syslog().in_zone("Europe/Berlin"), turn - 70 * MINUTE);
        let mut text = String::new();
        let mut logged = 0;
        let mut bins: BTreeMap<u64, u128> = BTreeMap::new();
        while machine.now < turn + 4 * HOUR {
            let east = if machine.now < turn { before } else { after };
            let mut stamps = vec![machine.now + east * HOUR + 5];
            if (turn..turn + 10 * MINUTE).contains(&machine.now) {
                // An hour that was, or one that never is.
                stamps.push(machine.now + before * HOUR + 5);
            }
            for local in stamps {
                let (hours, minutes) = (local / HOUR % 24, local / MINUTE % 60);
                text += &format!(
                    "{date} {hours:02}:{minutes:02}:05 mx1 vpopmail[7]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n"
                );
                logged += 1;
            }
            *bins.entry(u64::try_from(machine.now + MINUTE).expect("a time")).or_default() += 1;
            machine.now += 10 * MINUTE;
            fs::write(machine.store.syslog(), &text).expect("syslog");
            machine.touch(&machine.store.syslog());
            for words in [&["smtp"][..], &["update"], &["smtp"]] {
                let output = machine.faked(MAILLOGS).args(words).output().expect("maillogs");
                assert!(output.status.success(), "{}", stderr(&output));
                if words == ["smtp"] {
                    let answer = Answer::parse(&String::from_utf8_lossy(&output.stdout));
                    assert_eq!(answer.text("smtp_auth_success"), logged.to_string(), "at {}", machine.now);
                }
            }
        }
        machine.update(&["--flush"]);
        let files = machine.rrds("smtp");
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(machine.total(&files[0], "smtp_auth_success"), logged);
        let (begin, end) = (u64::try_from(turn + 70 * MINUTE).expect("a time"), machine.now.unsigned_abs());
        let rows = rrd::fetch(&files[0], 60, begin, end);
        bins.retain(|at, _| *at > begin);
        assert_eq!(rows["smtp_auth_success"], bins, "by the minute, once the time is plain again");
    }
}

/// No command comes to grief over a clock that is nowhere near today: before 1970, at the ends of what 32 bits hold, in
/// the year 9999. What was logged is counted once, and the chunk is passed through.
#[test]
fn every_command_at_odd_times() {
    let log = "@400000006553f20000000001 new msg 1\n@400000000000000000000001 new msg 2\n\
               @3ffffffffffffff000000001 new msg 3\n@40000000ffffffff00000001 new msg 4\n\
               @7fffffffffffffff00000001 end msg 4\n";
    for time in [
        "1901-12-13 00:00:00",
        "1969-12-31 23:59:00",
        "2038-01-19 03:14:09",
        "2106-02-07 06:28:17",
        "9999-12-31 23:59:59",
    ] {
        let store = Store::with_syslog();
        let stamps = ["2026-11-28T10:00:00+00:00", "Nov 28 10:00:01", "Feb 29 10:00:01"];
        let syslog = stamps
            .map(|stamp| format!("{stamp} mx1 imapd[811]: LOGIN, user=u, ip=[192.0.2.7], protocol=IMAP\n"));
        fs::write(store.syslog(), syslog.concat()).expect("syslog");
        let faked = |program: &std::path::Path| {
            let mut command = store.faketime(&["-f", &format!("@{time}")]);
            command.env("NO_FAKE_STAT", "1").arg(program);
            command
        };
        let output = store.postprocess_by(&mut faked(&store.sendlog()), log.as_bytes());
        assert!(output.status.success(), "a roll at {time}: {}", stderr(&output));
        assert_same_bytes("passed through", &output.stdout, log.as_bytes());
        let picture = store.path("picture.png").display().to_string();
        for words in [
            &["update"][..],
            &["check"],
            &["show"],
            &["show", "--period", "year"],
            &["graph", "deliveries", "--period", "month", "--theme", "light"],
            &["graph", "deliveries", "--from", "-2h", "-o", &picture],
            &[
                "graph",
                "deliveries",
                "--from",
                "1900-01-01 00:00",
                "--to",
                "9999-01-01 00:00",
                "-o",
                &picture,
            ],
            &["update", "--flush"],
            &["update", "--flush"],
        ] {
            let output = faked(MAILLOGS.as_ref()).args(words).output().expect("faketime");
            let said = stderr(&output);
            // A distance from a moment before 2000 is not a time that a picture can have.
            let most = if words.contains(&"--from") { 2 } else { 1 };
            assert!(
                output.status.code().is_some_and(|code| code <= most),
                "{words:?} at {time}: {} {said}",
                output.status
            );
            assert!(!said.contains("panicked") && !said.contains("defect"), "{words:?} at {time}: {said}");
        }
        // What lies before 1970 is no label, so its line is another.
        for (protocol, key, expected) in
            [("send", "message_new", "2"), ("send", "message_other", "3"), ("imap", "imap_success", "3")]
        {
            let output = faked(MAILLOGS.as_ref()).arg(protocol).output().expect("faketime");
            assert!(output.status.success(), "a query at {time}: {}", stderr(&output));
            let answer = Answer::parse(&String::from_utf8_lossy(&output.stdout));
            assert_eq!(answer.text(key), expected, "{protocol} at {time}");
        }
    }
}

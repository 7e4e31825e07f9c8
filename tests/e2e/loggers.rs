//! The labels of real loggers, run at times that are set: multilog and svlogd write unix time + 10 s, s6-log true TAI,
//! which is 27 s later. Which of them it was is found without a key of toaster.conf.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Command;

use crate::support::clock::Machine;
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{pipe_through, rrd};

const MINUTE: i64 = 60;

/// 2026-06-10 12:00:50 UTC: 27 s later it is another minute.
const BEGIN: i64 = 1_781_092_850;

/// A logger: its name, and its words before the directory.
type Logger = (&'static str, &'static [&'static str]);

const MULTILOG: Logger = ("multilog", &["t"]);
const SVLOGD: Logger = ("svlogd", &["-t"]);
const S6_LOG: Logger = ("s6-log", &["t"]);
const S6_LOG_BOTH: Logger = ("s6-log", &["t", "T"]);

/// The logger writes these lines now into the directory `send`, and ends.
fn log(machine: &Machine, (name, words): Logger, more: &[&str], text: &str) {
    let mut logger: Command = machine.faked(name);
    logger.args(words).args(more).arg(machine.store.logs());
    pipe_through(&mut logger, text.as_bytes());
    touch(machine);
}

/// What a logger writes at a time that is set bears the true time.
fn touch(machine: &Machine) {
    machine.touch(&machine.store.logs().join("current"));
}

/// The output of `maillogs`, which may find something wrong.
fn said(machine: &Machine, words: &[&str]) -> String {
    let output = machine.faked(MAILLOGS).args(words).output().expect("maillogs");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output))
}

/// Looks a minute after the line.
fn update(machine: &mut Machine) {
    machine.now += MINUTE;
    let said = said(machine, &["update"]);
    assert_eq!(said, "");
    machine.now -= MINUTE;
}

/// The messages by the minute, as minutes after [`BEGIN`]'s.
fn minutes(machine: &mut Machine) -> BTreeMap<i64, u128> {
    machine.now += 3 * MINUTE;
    assert_eq!(said(machine, &["update", "--flush"]), "");
    let (begin, end) = (BEGIN.unsigned_abs() / 60 * 60, machine.now.unsigned_abs() / 60 * 60);
    let mut rows = rrd::fetch(&machine.store.rrd(), 60, begin, end);
    let rows = rows.remove("message_new").expect("a data source");
    rows.into_iter().map(|(at, count)| ((at - begin).cast_signed() / MINUTE - 1, count)).collect()
}

fn counted(machine: &Machine) -> String {
    Answer::parse(&said(machine, &["send"])).text("message_new").to_owned()
}

#[test]
fn the_minutes_are_right_whichever_logger_wrote() {
    for (logger, at_first) in [(MULTILOG, 0), (SVLOGD, 0), (S6_LOG, 1), (S6_LOG_BOTH, 0)] {
        let mut machine = Machine::new(Store::new(), BEGIN);
        for n in 0..6 {
            machine.now = BEGIN + n * 5 * MINUTE;
            log(&machine, logger, &[], &format!("new msg {n}\n"));
            update(&mut machine);
        }
        let is_s6 = logger.0 == "s6-log";
        let check = said(&machine, &["check"]);
        assert_eq!(check.contains("its labels are s6-log's, 37 s ahead of unix time"), is_s6, "{check}");
        // Of s6-log's labels alone three looks are needed.
        let wanted = [at_first, 5 + at_first, 10, 15, 20, 25].map(|minute| (minute, 1));
        assert_eq!(minutes(&mut machine), BTreeMap::from(wanted), "{logger:?}");
        assert_eq!(counted(&machine), "6");
    }
}

/// A processor of s6-log counts under what the looks before have told, and the archive has the line's own day and time.
#[test]
fn a_roll_of_s6_log() {
    let config = "logs_archive_untai = true";
    let mut machine = Machine::new(Store::with(config), BEGIN);
    for n in 0..3 {
        machine.now = BEGIN + n * 5 * MINUTE;
        log(&machine, S6_LOG, &[], &format!("new msg {n}\n"));
        update(&mut machine);
    }
    machine.now = BEGIN + 15 * MINUTE;
    let many: String = (0..300).map(|n| format!("new msg {n}\n")).collect();
    let processor = format!("?exec '{}'", machine.store.sendlog().display());
    log(&machine, S6_LOG, &["s4096", &processor], &many);
    update(&mut machine);
    assert_eq!(counted(&machine), "303");
    let archived = machine.store.archived();
    let first = String::from_utf8_lossy(&archived).lines().nth(5).map(str::to_owned);
    assert!(first.expect("lines").starts_with("2026-06-10 12:15:50."), "the time of the line");
    let wanted = [(1, 1), (6, 1), (10, 1), (15, 300)];
    assert_eq!(minutes(&mut machine), BTreeMap::from(wanted));
}

/// What was counted under the other offset is known by its label all the same: a chunk that lost its end loses nothing
/// else, though the new lines are of the very seconds by which the offsets differ.
#[test]
fn the_offset_is_found_in_a_chunk_that_lost_its_end() {
    let mut machine = Machine::new(Store::new(), BEGIN);
    for n in 0..2 {
        machine.now = BEGIN + n * 5 * MINUTE;
        log(&machine, S6_LOG, &[], &format!("new msg {n}\n"));
        update(&mut machine);
    }
    let current = machine.store.logs().join("current");
    let text = fs::read_to_string(&current).expect("current");
    let first = text.find('\n').expect("a line") as u64 + 1;
    File::options().write(true).open(&current).expect("current").set_len(first).expect("truncate");
    for (seconds, n) in [(20, 2), (300, 3)] {
        machine.now = BEGIN + 5 * MINUTE + seconds;
        log(&machine, S6_LOG, &[], &format!("new msg {n}\n"));
    }
    machine.now += MINUTE;
    let said = said(&machine, &["update"]);
    assert!(said.contains("1 lines, up to 2026-06-10 12:05:50, are taken as counted"), "{said}");
    assert!(said.contains("and 2 later ones are counted"), "{said}");
    assert_eq!(counted(&machine), "4");
    assert_eq!(self::said(&machine, &["update"]), "");
    assert_eq!(counted(&machine), "4");
}

/// The key rules; where the files tell otherwise, `check` says so.
#[test]
fn the_key_rules() {
    // With 37 s taken off, multilog's lines of second 50 are of second 23 of the same minute.
    for (key, logger, minute) in [(10, S6_LOG, 1), (37, S6_LOG, 0), (37, MULTILOG, 0), (10, MULTILOG, 0)] {
        let mut machine = Machine::new(Store::with(&format!("logs_tai_offset = {key}")), BEGIN);
        for n in 0..4 {
            machine.now = BEGIN + n * 5 * MINUTE;
            log(&machine, logger, &[], &format!("new msg {n}\n"));
            update(&mut machine);
        }
        let check = said(&machine, &["check"]);
        let differs = (key == 37) != (logger == S6_LOG);
        assert_eq!(check.contains("take the key out of toaster.conf"), differs, "{check}");
        let wanted = [0, 5, 10, 15].map(|at| (at + minute, 1));
        assert_eq!(minutes(&mut machine), BTreeMap::from(wanted), "{key} {logger:?}");
    }
}

/// Files that were restored, so that their times are those of the copy, tell nothing, and neither does a single look.
#[test]
fn what_tells_nothing_changes_nothing() {
    let mut machine = Machine::new(Store::new(), BEGIN);
    for n in 0..5 {
        machine.now = BEGIN + n * 5 * MINUTE;
        log(&machine, S6_LOG, &[], &format!("new msg {n}\n"));
        machine.now += 200;
        touch(&machine);
        machine.now -= 200;
        machine.now += 240;
        assert_eq!(said(&machine, &["update"]), "");
        machine.now -= 240;
    }
    assert!(!said(&machine, &["check"]).contains("s6-log's"));
    let wanted = [1, 6, 11, 16, 21].map(|minute| (minute, 1));
    assert_eq!(minutes(&mut machine), BTreeMap::from(wanted));
}

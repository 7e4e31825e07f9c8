//! Is everything there once: in the passed-through files, the archive, the counters, the RRD?

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use chrono::DateTime;

use super::lines::{Log, number};
use super::logger;
use super::report::Report;
use super::worker::Fed;
use super::written::{Stump, Written};
use crate::support::count::{self, Counts};
use crate::support::store::{Answer, Store};
use crate::support::{lines, pipe_through, rrd};

/// Counts by minute, by the unix time at which it ends.
type Minutes = BTreeMap<u64, Counts>;

/// Looks at what became of all logs of one protocol, in a store in which nothing runs any more.
pub fn judge(store: &Store, fed: &mut [Fed]) -> Report {
    let mut report = Report::default();
    fed.iter_mut().for_each(|fed| report.add(std::mem::take(&mut fed.report)));
    let protocol = fed[0].log.feed.protocol;
    store.run(&["update", "--flush", protocol]);
    let all: Vec<Written> = fed
        .iter()
        .map(|fed| Written::read(&logger::dir(store, fed.log.feed), fed.log.is_labelled()))
        .collect();
    for (fed, written) in fed.iter().zip(&all) {
        report.lines += written.lines.len();
        report.stumps += written.stumps.len();
        judge_files(fed, written, &mut report);
        for name in store.chunk_names_of(fed.log.feed.dir) {
            let name = name.to_string_lossy();
            report.rolls += usize::from(name.ends_with(".s"));
            report.orphans += usize::from(name.ends_with(".u"));
        }
    }
    judge_archive(store, fed, &all, &mut report);
    judge_counts(store, fed, &all, &mut report);
    // What was looked at once more is no news.
    let before = store.run(&[protocol]);
    store.run(&["update", "--flush", protocol]);
    if store.run(&[protocol]) != before {
        report.note("another update counts something".to_owned());
    }
    look_for_remains(&store.base(), &mut report);
    report
}

/// Passed-through chunks, left-over ones and `current`: every line once, in order, to the byte.
fn judge_files(fed: &Fed, written: &Written, report: &mut Report) {
    let Fed { log, end, .. } = fed;
    let mut times = vec![0u32; end - log.first()];
    for line in &written.lines {
        match log.time(line).and(number(line)).and_then(|n| times.get_mut(n - log.first())) {
            Some(times) => *times += 1,
            None => report.note(format!("no line of ours: {:?}", String::from_utf8_lossy(line))),
        }
    }
    for (n, &times) in times.iter().enumerate().filter(|(_, times)| **times != 1) {
        report.note(format!("the logger's files: line {n} stands there {times} times"));
        report.lost += u64::from(times == 0);
        report.doubled += u64::from(times.saturating_sub(1));
    }
    if written.bytes() != log.lines(log.first()..*end) {
        report.note("the logger's files are not the input to the byte".to_owned());
        report.lost += 1;
    }
}

/// Each line of the chunks once, under its own date; and each stump.
fn judge_archive(store: &Store, fed: &[Fed], all: &[Written], report: &mut Report) {
    let mut missing: HashMap<Vec<u8>, i64> = HashMap::new();
    for (written, fed) in all.iter().zip(fed) {
        let mut expect = |line: Vec<u8>| *missing.entry(line).or_default() += 1;
        let mut stumps = written.stumps.iter().peekable();
        for (at, line) in written.lines[..written.rolled].iter().enumerate() {
            let mut cut = Vec::new();
            while let Some(stump) = stumps.next_if(|stump| stump.at <= at) {
                cut.extend_from_slice(&stump.bytes);
                if fed.log.is_labelled() {
                    expect(std::mem::take(&mut cut));
                }
            }
            // Without labels nothing tells where a line begins.
            cut.extend_from_slice(&line[..line.len() - 1]);
            expect(cut);
        }
        stumps.map(|stump| &stump.bytes).chain(&written.begun).for_each(|part| expect(part.clone()));
    }
    let archive = store.archive_of(fed[0].log.feed.log);
    for (day, bytes) in &archive {
        for line in lines(bytes) {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            *missing.entry(text.to_vec()).or_default() -= 1;
            let labelled = line.starts_with(b"@");
            if let Some(time) = fed.iter().find_map(|fed| fed.log.time(line)).filter(|_| labelled) {
                let date = DateTime::from_timestamp(time, 0).expect("a time").format("%Y/%m/%d").to_string();
                if date != *day {
                    report.note(format!("under {day}: {:?}", String::from_utf8_lossy(line)));
                    report.archive += 1;
                }
            }
        }
    }
    for (line, times) in missing.into_iter().filter(|(_, times)| *times != 0) {
        let what = if times > 0 { "is missing" } else { "is too much" };
        report.note(format!("the archive: {:?} {what} ({times})", String::from_utf8_lossy(&line)));
        report.archive += times.unsigned_abs();
        let side = if times > 0 { &mut report.lost } else { &mut report.doubled };
        *side += times.unsigned_abs();
    }
}

/// Counters and rows against the lines; the program itself is asked what a stump is.
fn judge_counts(store: &Store, fed: &[Fed], all: &[Written], report: &mut Report) {
    let feed = fed[0].log.feed;
    let (mut minutes, mut expected) = (Minutes::new(), Counts::new());
    for (Fed { log, .. }, written) in fed.iter().zip(all) {
        add_minutes(&mut minutes, by_minute(log, &written.lines));
        add(&mut expected, &feed.counts(&written.bytes()));
        if !written.stumps.is_empty() {
            let (counts, rows) = count_stumps(log, &written.stumps);
            add_minutes(&mut minutes, rows);
            add(&mut expected, &counts);
        }
    }
    let answer = Answer::parse(&store.run(&[feed.protocol]));
    for (key, &expected) in &expected {
        let unit = if count::FRACTIONS.contains(key) { 1 } else { 1_000_000_000 };
        let got = answer.nanos(key) / unit;
        if got != expected {
            report.note(format!("{key} is {got}, not {expected}"));
            let side = if got < expected { &mut report.lost } else { &mut report.doubled };
            *side += 1;
        }
    }
    let file = store.base().join(format!("rrd/{}.rrd", feed.protocol));
    if !fed.iter().all(|fed| fed.log.is_labelled()) {
        // They have the time at which they were read: the last minutes are not over.
        return;
    }
    let rows = rows(&file, &minutes);
    for key in expected.keys().filter(|key| !count::FRACTIONS.contains(key)) {
        let drawn = &rows[rrd::source_of(key)];
        let mut ends: Vec<&u64> = drawn.keys().chain(minutes.keys()).collect();
        ends.sort_unstable();
        ends.dedup();
        // With several loggers one may be ahead of another, whose lines then go to the next bin that is not drawn yet.
        let in_order = fed.len() == 1 && fed[0].in_order;
        for end in ends.into_iter().filter(|_| in_order) {
            let is = drawn.get(end).copied().unwrap_or(0);
            let should = minutes.get(end).and_then(|counts| counts.get(key)).copied().unwrap_or(0);
            if is != should {
                report.note(format!("RRD: {key} in the minute up to {end} is {is}, not {should}"));
                report.rrd += 1;
            }
        }
        let sum = drawn.values().sum::<u128>();
        if sum * 1_000_000_000 != answer.nanos(key) {
            report.note(format!("RRD: {key} is {sum} in all, the counter {}", answer.text(key)));
            report.rrd += 1;
        }
    }
}

fn by_minute(log: &Log, all: &[Vec<u8>]) -> Minutes {
    let mut minutes: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for line in all {
        let time = log.time(line).expect("a line of ours");
        let end = (time.cast_unsigned() / 60 + 1) * 60;
        minutes.entry(end).or_default().extend(line);
    }
    minutes.into_iter().map(|(end, lines)| (end, log.feed.counts(&lines))).collect()
}

fn add(to: &mut Counts, more: &Counts) {
    for (key, more) in more {
        *to.entry(key).or_default() += more;
    }
}

fn add_minutes(to: &mut Minutes, more: Minutes) {
    for (end, counts) in more {
        add(to.entry(end).or_default(), &counts);
    }
}

/// The rows from the first of these minutes to some after the last.
fn rows(file: &Path, minutes: &Minutes) -> rrd::Rows {
    let (first, last) = minutes.first_key_value().zip(minutes.last_key_value()).expect("lines");
    rrd::fetch(file, 60, first.0 - 60, last.0 + 600)
}

/// What a stump counts as is for the classifier's own tests, so here the program is asked, in a store of its own and
/// with each stump behind the line that it followed.
fn count_stumps(log: &Log, stumps: &[Stump]) -> (Counts, Minutes) {
    let feed = log.feed;
    let scratch = Store::with_syslog();
    let (mut all, mut known) = (Vec::new(), Vec::new());
    for Stump { bytes, before, .. } in stumps {
        all.extend_from_slice(before);
        all.extend_from_slice(bytes);
        all.push(b'\n');
        known.push(before.clone());
    }
    known.retain(|line| !line.is_empty());
    pipe_through(scratch.command(crate::support::store::MAILLOGS).arg(feed.log), &all);
    scratch.run(&["update", "--flush", feed.protocol]);
    let answer = Answer::parse(&scratch.run(&[feed.protocol]));
    let mut counts = feed.counts(&known.concat());
    for (key, known) in &mut counts {
        let unit = if count::FRACTIONS.contains(key) { 1 } else { 1_000_000_000 };
        *known = answer.nanos(key) / unit - *known;
    }
    if !log.is_labelled() {
        return (counts, Minutes::new());
    }
    let known = by_minute(log, &known);
    let rows = rows(&scratch.base().join(format!("rrd/{}.rrd", feed.protocol)), &known);
    let mut minutes = Minutes::new();
    for key in counts.keys().filter(|key| !count::FRACTIONS.contains(key)) {
        for (&end, amount) in &rows[rrd::source_of(key)] {
            let known = known.get(&end).map_or(0, |counts| counts[key]);
            minutes.entry(end).or_default().insert(key, amount - known);
        }
    }
    (counts, minutes)
}

/// Nothing is under way, and nothing was taken for broken.
fn look_for_remains(base: &Path, report: &mut Report) {
    for below in ["state", "rrd", "counters"] {
        for entry in fs::read_dir(base.join(below)).into_iter().flatten() {
            let name = entry.expect("an entry").file_name().into_string().expect("a name");
            let is_aside = ["-", "journal", "intent", "rejected"].iter().any(|part| name.contains(part));
            if is_aside && !name.starts_with('.') {
                report.note(format!("{below}/{name} is left"));
            }
        }
    }
}

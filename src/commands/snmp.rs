//! `maillogs snmp`: the program of snmpd's `pass_persist`.
//!
//! snmpd waits for every answer and does nothing else meanwhile, so nothing is read while it asks: a thread of its own reads
//! again and again, and answers come from what it has read last.
use std::io::{ErrorKind, Read, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::context::{now, print, with_way_out};
use crate::config::{Config, Problem};
use crate::error::{At, Error, Result};
use crate::export::snmp::oid::Oid;
use crate::export::snmp::table::Table;
use crate::export::snmp::talk::Talk;
use crate::export::snmp::{mib, mta, own};
use crate::ingest::{Feed, Job, feeds};
use crate::reading::Reading;
use crate::say::{gathered, warn};
use crate::store::rrd::patient;
use crate::{owner, query};

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snmp {
    /// Where the own tables are.
    pub base: Oid,
    /// Answer MTA-MIB and NETWORK-SERVICES-MIB instead of the own tables.
    pub mta: bool,
    /// Print the own MIB, and answer nothing.
    pub mib: bool,
    /// Seconds from one reading to the next.
    pub interval: u64,
}

/// Adds the options.
pub(super) fn define(command: Command) -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    command
        .about("Answer snmpd, which starts this as its pass_persist program")
        .arg(
            Arg::new("oid")
                .long("oid")
                .value_name("OID")
                .value_parser(|text: &str| text.parse::<Oid>().and_then(mib::place))
                .help(format!("Where MAILLOGS-MIB is; without this {}", Oid::new(&mib::PLAYPEN))),
        )
        .arg(
            Arg::new("interval")
                .long("interval")
                .value_name("SECONDS")
                .default_value("15")
                .value_parser(value_parser!(u64).range(1..=300))
                .help("Seconds from one reading of the logs to the next; questions are answered from memory"),
        )
        .arg(flag("mta", "Answer MTA-MIB and NETWORK-SERVICES-MIB, not MAILLOGS-MIB"))
        .arg(flag("mib", "Print MAILLOGS-MIB for the OID in force").conflicts_with("mta"))
}

impl Snmp {
    /// As the command line says it.
    pub(super) fn of(matches: &ArgMatches) -> Snmp {
        Snmp {
            base: matches.get_one::<Oid>("oid").cloned().unwrap_or_else(|| Oid::new(&mib::PLAYPEN)),
            mta: matches.get_flag("mta"),
            mib: matches.get_flag("mib"),
            interval: matches.get_one::<u64>("interval").copied().unwrap_or(15),
        }
    }

    /// The subtrees that are answered.
    fn roots(&self) -> Vec<Oid> {
        if self.mta {
            vec![Oid::new(&mta::NETWORK_SERVICES), Oid::new(&mta::MTA)]
        } else {
            vec![self.base.clone()]
        }
    }

    /// Does it need the numbers of this protocol?
    fn wants(&self, feed: &Feed) -> bool {
        let protocol = feed.protocol;
        let facts =
            protocol.mta.len() + protocol.sections.iter().map(|section| section.mta.len()).sum::<usize>();
        !self.mta || (facts > 0 && protocol.like.is_none())
    }

    fn table(&self, readings: &[Reading], activity: &mut mta::Activity) -> Table {
        let rows = if self.mta {
            let now = now();
            activity.note(readings, now);
            mta::rows(readings, activity, now)
        } else {
            own::rows(readings, &self.base)
        };
        Table::new(self.roots(), rows)
    }
}

/// Answers until snmpd closes standard input.
///
/// # Errors
/// When it is not known as whom to read, no thread can be made, or the reading has ended.
pub(super) fn answer(config: &Config, what: &Snmp) -> Result<()> {
    if what.mib {
        return print(mib::module(&what.base).as_bytes());
    }
    // Before there is a second thread: the ids are the whole process's.
    owner::look_as_owner(config)?;
    let memory = Arc::new(Memory::new(Table::new(what.roots(), Vec::new())));
    let (config, what, shared) = (config.clone(), what.clone(), Arc::clone(&memory));
    let reading = move || {
        // A panic says what it is by itself.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| read_for_ever(config, &what, &shared)));
        shared.end();
    };
    std::thread::Builder::new().spawn(reading).at("start a thread of", Path::new("maillogs snmp"))?;
    converse(&memory)
}

/// What was read last.
struct Memory {
    latest: Mutex<Latest>,
    changed: Condvar,
    /// What is told instead of what is too old.
    nothing: Arc<Table>,
}

struct Latest {
    /// The table, and when it was made; `None`: nothing was read yet.
    table: Option<(Arc<Table>, Instant)>,
    /// Will nothing be read any more?
    has_ended: bool,
}

/// A table that is older is told no more: who reads has hung, for instance on a disk that does not answer.
const OLDEST: Duration = Duration::from_secs(600);
/// The longest pause between two readings.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long the first question waits for the first reading, which is that of the last commits and takes a few milliseconds.
const FIRST: Duration = Duration::from_millis(100);

impl Memory {
    fn new(nothing: Table) -> Memory {
        let latest = Mutex::new(Latest { table: None, has_ended: false });
        Memory { latest, changed: Condvar::new(), nothing: Arc::new(nothing) }
    }

    fn put(&self, table: Table) {
        let newest = Some((Arc::new(table), Instant::now()));
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut latest.table, newest);
        drop(latest);
        self.changed.notify_all();
        // To free it takes longer than an answer may.
        drop(before);
    }

    fn end(&self) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
        self.changed.notify_all();
    }

    /// What is told now. `None`: nothing is read any more.
    fn table(&self, wait: Duration) -> Option<Arc<Table>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let is_awaited = |latest: &mut Latest| latest.table.is_none() && !latest.has_ended;
        let (latest, _) =
            self.changed.wait_timeout_while(latest, wait, is_awaited).unwrap_or_else(PoisonError::into_inner);
        if latest.has_ended {
            return None;
        }
        let fresh = latest.table.as_ref().filter(|(_, made)| made.elapsed() < OLDEST);
        Some(fresh.map_or_else(|| Arc::clone(&self.nothing), |(table, _)| Arc::clone(table)))
    }
}

/// Lines that are longer are nothing that snmpd says.
const LONGEST_LINE: usize = 4_096;

/// Answers what standard input asks.
fn converse(memory: &Memory) -> Result<()> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut block, mut line) = ([0; 4_096], Vec::new());
    let (mut talk, mut wait) = (Talk::default(), FIRST);
    loop {
        let read = match input.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(e).at("read", Path::new("standard input")),
        };
        for &byte in block.get(..read).unwrap_or_default() {
            if byte != b'\n' {
                // One byte too many makes it a line that is not understood.
                if line.len() <= LONGEST_LINE {
                    line.push(byte);
                }
                continue;
            }
            let Some(table) = memory.table(if line.starts_with(b".") { wait } else { Duration::ZERO }) else {
                return Err(Error::Message(
                    "snmp: the logs are read no more; snmpd starts this program again".to_owned(),
                ));
            };
            if line.starts_with(b".") {
                wait = Duration::ZERO;
            }
            let answer = talk.line(&line, || &table);
            line.clear();
            let Some(answer) = answer else { continue };
            // snmpd has gone, and that is its right.
            match output.write_all(answer.as_bytes()).and_then(|()| output.flush()) {
                Err(e) if e.kind() == ErrorKind::BrokenPipe => return Ok(()),
                written => written.at("write", Path::new("standard output"))?,
            }
        }
    }
}

/// Reads what is asked for, again and again.
fn read_for_ever(config: Config, what: &Snmp, memory: &Memory) {
    let mut source = Source { stamp: stamp(&config), config };
    let mut said: Vec<String> = Vec::new();
    let mut known: Vec<(Reading, Instant)> = Vec::new();
    let mut activity = mta::Activity::default();
    let mut is_first = true;
    loop {
        let began = Instant::now();
        let ((), now_said) = gathered(|| {
            let before = if is_first { last_commits(&source.config, what) } else { Vec::new() };
            if !before.is_empty() {
                memory.put(what.table(&before, &mut activity));
            }
            source.read_anew_if_changed();
            known = read(&source.config, what, &known);
            memory.put(what.table(&parts(&source.config, &known), &mut activity));
        });
        // What is wrong for hours is said once.
        now_said.iter().filter(|line| !said.contains(line)).for_each(warn);
        said = now_said;
        is_first = false;
        // Where much is to be read, as while no update has run for long, it takes a quarter of the time at most.
        let took = began.elapsed();
        let pause = Duration::from_secs(what.interval).saturating_sub(took).max(took * 3).min(LONGEST_PAUSE);
        std::thread::sleep(pause);
    }
}

/// toaster.conf, and by what it is seen that it has changed.
struct Source {
    config: Config,
    stamp: Option<Stamp>,
}

/// The inode, the length and the time of the last change of toaster.conf.
type Stamp = (u64, u64, i64, i64);

fn stamp(config: &Config) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(config.file.as_ref()?).ok()?;
    Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

impl Source {
    /// snmpd runs for months: a protocol that toaster.conf gains has to be answered, too.
    fn read_anew_if_changed(&mut self) {
        let stamp = stamp(&self.config);
        if stamp.is_none() || stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        let (config, problems) = Config::load(self.config.file.as_deref());
        problems.iter().for_each(warn);
        if !problems.iter().any(Problem::stops) {
            self.config = config;
        }
    }
}

fn job<'a>(config: &'a Config, feed: &'a Feed) -> Job<'a> {
    super::context::job(config, feed)
}

/// The readings of the last commits, where there are some: they are there at once, and truer than nothing.
fn last_commits(config: &Config, what: &Snmp) -> Vec<Reading> {
    let wanted: Vec<Feed> = feeds(config).into_iter().filter(|feed| what.wants(feed)).collect();
    let known = |feed: &Feed| {
        let reading = unless_outdated(query::last_commit(&job(config, feed), now()).ok()?, now());
        let has_counted =
            reading.since != 0 || reading.counters.iter().any(|c| c.value.is_some_and(|v| v.moved));
        (reading.commit != 0 && has_counted).then(|| query::parts(feed.protocol, reading))
    };
    wanted.iter().filter_map(known).flatten().collect()
}

/// A reading of each protocol that is wanted, and when it was made.
fn read(config: &Config, what: &Snmp, known: &[(Reading, Instant)]) -> Vec<(Reading, Instant)> {
    // The sum is a whole process's; each reading gets it anew.
    patient::wait_at_most(patient::SHORT);
    let of = |feed: &Feed| {
        let job = job(config, feed);
        let error = match query::again(&job, now()) {
            Ok(reading) => return (unless_outdated(reading, now()), Instant::now()),
            Err(error) => error,
        };
        // A log that is just being rotated: what it was a moment ago is true still.
        let kept = known.iter().find(|(reading, made)| {
            reading.protocol == feed.protocol.name && reading.failed.is_none() && made.elapsed() < OLDEST
        });
        match (&error, kept) {
            (Error::Passing(_), Some(kept)) => kept.clone(),
            _ => {
                warn(with_way_out(&error));
                (query::unreadable(&job, &error), Instant::now())
            }
        }
    };
    feeds(config).iter().filter(|feed| what.wants(feed)).map(of).collect()
}

/// What was measured longer ago is not what it is now, seconds: cron measures every few minutes, and only root may.
const LAST_MEASURED: i64 = 3_600;

/// The reading, in which nothing is known if it is measured, not read from lines, and that was long ago.
fn unless_outdated(reading: Reading, now: i64) -> Reading {
    let is_outdated = reading.measured && !reading.complete && now - reading.seen > LAST_MEASURED;
    let why = || "it was not measured for more than an hour; let cron run maillogs update as root".to_owned();
    Reading { unknown: reading.unknown.or_else(|| is_outdated.then(why)), ..reading }
}

/// The readings of the protocols, and of their sections.
fn parts(config: &Config, known: &[(Reading, Instant)]) -> Vec<Reading> {
    let feeds = feeds(config);
    let of = |(reading, _): &(Reading, Instant)| {
        let feed = feeds.iter().find(|feed| feed.protocol.name == reading.protocol);
        feed.map(|feed| query::parts(feed.protocol, reading.clone())).unwrap_or_default()
    };
    known.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::snmp::table::Value;

    fn told(memory: &Memory) -> Option<bool> {
        let oid = Oid::new(&[1, 5, 1]);
        memory.table(Duration::ZERO).map(|table| table.get(&oid).is_some())
    }

    #[test]
    fn what_is_too_old_is_told_no_more() {
        let root = Oid::new(&[1, 5]);
        let memory = Memory::new(Table::new(vec![root.clone()], Vec::new()));
        assert_eq!(told(&memory), Some(false), "nothing was read yet");
        let table = || Table::new(vec![root.clone()], vec![(Oid::new(&[1, 5, 1]), Value::Counter64(1))]);
        memory.put(table());
        assert_eq!(told(&memory), Some(true));
        let age = |by: Duration| {
            let mut latest = memory.latest.lock().unwrap();
            latest.table = Some((
                Arc::new(table()),
                Instant::now().checked_sub(by).expect("a machine that is up for so long"),
            ));
        };
        age(OLDEST / 2);
        assert_eq!(told(&memory), Some(true));
        age(OLDEST);
        assert_eq!(told(&memory), Some(false));
        memory.end();
        assert_eq!(told(&memory), None, "snmpd is to start the program again");
    }

    #[test]
    fn what_was_measured_long_ago_is_not_known() {
        let now = 1_795_132_800;
        let is_known = |measured, complete, seen| {
            let reading = Reading { measured, complete, seen, ..Reading::default() };
            unless_outdated(reading, now).unknown.is_none()
        };
        assert!(
            is_known(true, false, now - 3_600)
                && !is_known(true, false, now - 3_601)
                && !is_known(true, false, 0)
        );
        assert!(is_known(true, true, 0), "it is being measured");
        assert!(is_known(false, false, 0), "lines count for ever");
    }

    #[test]
    fn the_first_question_waits_for_the_first_reading_and_no_longer_than_it_may() {
        let memory = Memory::new(Table::default());
        let began = Instant::now();
        assert!(memory.table(Duration::from_millis(20)).is_some());
        assert!(began.elapsed() >= Duration::from_millis(20));
        let began = Instant::now();
        std::thread::scope(|scope| {
            let reading = std::thread::Builder::new();
            reading.spawn_scoped(scope, || memory.put(Table::default())).expect("a thread");
            assert!(memory.table(Duration::from_secs(60)).is_some());
        });
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

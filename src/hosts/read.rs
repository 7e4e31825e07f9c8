//! What many hosts have pushed: a reading of each protocol of each host, and of all of them together.
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::name::{self, MOST_FILES};
use crate::calendar::Calendar;
use crate::dir::{self, Kind};
use crate::error::{At, Error, Result};
use crate::ingest::Job;
use crate::protocol::{Counter, CounterKind, Protocol};
use crate::query;
use crate::reading::Reading;
use crate::store::rrd::finest::Finest;
use crate::store::rrd::open::OpenRrd;
use crate::store::rrd::sum::{Summand, sum};
use crate::store::state::State;

/// A host of which nothing has come for this time (seconds) is silent.
const SILENT: i64 = 1_800;

/// Of more hosts only the first are read: pictures of thousands are another program's work.
const MOST: usize = 500;

/// A host that has pushed.
#[derive(Clone, Debug)]
pub struct Host {
    /// The name of its directory.
    pub name: String,
    /// What each of its protocols, and each section of one, is at. The values of counters are what its RRDs have in all.
    pub readings: Vec<Reading>,
    /// The end of the newest minute that has come, unix seconds.
    pub last: i64,
    /// Has nothing come for half an hour?
    pub is_silent: bool,
}

/// All hosts.
#[derive(Debug)]
pub struct Hosts {
    /// By name.
    pub hosts: Vec<Host>,
    /// The sum of all.
    pub cluster: Vec<Reading>,
    /// Each protocol and section as it is where nothing has come of it.
    nothing: Vec<Reading>,
    /// What could not be read; all else was.
    pub problems: Vec<String>,
    /// RRDs that were put together for this.
    _made: TempDir,
}

impl Hosts {
    /// The readings of this host, or of [`name::CLUSTER`]; of a protocol of which nothing has come, one that says so. `None`:
    /// there is no such host.
    pub fn of(&self, name: &str) -> Option<Vec<Reading>> {
        let known = match name {
            name::CLUSTER => &self.cluster,
            _ => &self.hosts.iter().find(|host| host.name == name)?.readings,
        };
        let whole = |none: &Reading| {
            known.iter().find(|reading| reading.protocol == none.protocol).unwrap_or(none).clone()
        };
        Some(self.nothing.iter().map(whole).collect())
    }
}

/// What the files of a protocol have in all.
#[derive(Clone, Debug, Default)]
struct Known {
    totals: Vec<i128>,
    today: Vec<i128>,
    levels: Vec<i128>,
}

/// A protocol of a host, as it is read.
struct Part {
    host: usize,
    summand: Summand,
    known: Known,
}

/// Reads the hosts of the directory `all` at `now` (unix seconds), each of the protocols of `jobs`.
///
/// # Errors
/// When the directory cannot be read, or there is no room for what is put together.
pub fn read(all: &Path, jobs: &[Job<'_>], now: i64) -> Result<Hosts> {
    let mut problems = Vec::new();
    let names = names(all, &mut problems).at("read", all)?;
    let temporary = std::env::temp_dir();
    let made =
        tempfile::Builder::new().prefix("maillogs-").tempdir().at("make a directory in", &temporary)?;
    let mut hosts: Vec<Host> = names
        .into_iter()
        .map(|name| Host { name, readings: Vec::new(), last: 0, is_silent: false })
        .collect();
    let (mut cluster, mut nothing) = (Vec::new(), Vec::new());
    for job in jobs {
        let protocol = job.feed.protocol;
        let none = reading(job, &Known::new(protocol), made.path().join("none.rrd"), 0, now);
        let none = Reading { unknown: Some("nothing of it has come".to_owned()), ..none };
        nothing.extend(query::parts(protocol, none));
        let mut parts = Vec::new();
        for (host, of) in hosts.iter().enumerate() {
            match part(&all.join(&of.name), host, job, now) {
                Ok(part) => parts.extend(part),
                Err(e) => problems.push(e.to_string()),
            }
        }
        for part in &parts {
            let host = &mut hosts[part.host];
            let whole = match part.summand.only() {
                Some(file) => file.to_owned(),
                None => {
                    let to = made.path().join(format!("{}-{}.rrd", part.host, protocol.name));
                    let step = i64::from(job.config.rrd_step);
                    if let Err(e) =
                        sum(&to, protocol, step, std::slice::from_ref(&part.summand), part.summand.last)
                    {
                        problems.push(e.to_string());
                        continue;
                    }
                    to
                }
            };
            host.last = host.last.max(part.summand.last);
            host.readings
                .extend(query::parts(protocol, reading(job, &part.known, whole, part.summand.last, now)));
        }
        match together(job, parts, made.path(), now) {
            Ok(sum) => cluster.extend(sum.into_iter().flat_map(|reading| query::parts(protocol, reading))),
            Err(e) => problems.push(e.to_string()),
        }
    }
    hosts.retain(|host| !host.readings.is_empty());
    hosts.iter_mut().for_each(|host| host.is_silent = now - host.last > SILENT);
    Ok(Hosts { hosts, cluster, nothing, problems, _made: made })
}

/// The directories that can be hosts', by name.
fn names(all: &Path, problems: &mut Vec<String>) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in dir::read(all)? {
        let entry = entry?;
        if !matches!(entry.kind(), Ok(Kind::Directory)) {
            continue;
        }
        if let Some(name) = entry.name().filter(|name| name::checked(name).is_ok()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    if names.len() > MOST {
        problems.push(format!(
            "{}: has {} hosts, of which the first {MOST} are read; for more, let VictoriaMetrics scrape them",
            all.display(),
            names.len()
        ));
        names.truncate(MOST);
    }
    Ok(names)
}

/// What a host has of a protocol. `None`: nothing.
fn part(dir: &Path, host: usize, job: &Job<'_>, now: i64) -> Result<Option<Part>> {
    let (protocol, mut files) = (job.feed.protocol, Vec::new());
    for number in 1..=MOST_FILES {
        let Some(file) = OpenRrd::open(&dir.join(name::file(protocol.name, number)))? else { break };
        files.push(file);
    }
    if files.is_empty() {
        return Ok(None);
    }
    let summand = Summand::of(files, i64::from(job.config.rrd_step))?;
    if summand.last > now + 86_400 {
        let file = dir.join(name::file(protocol.name, 1));
        return Err(Error::Message(format!(
            "{}: has minutes of the future; move it away there",
            file.display()
        )));
    }
    let known = known(protocol, &summand.finest()?, now);
    Ok(Some(Part { host, summand, known }))
}

/// The sum of a protocol of all hosts. `None`: none has it.
fn together(job: &Job<'_>, parts: Vec<Part>, made: &Path, now: i64) -> Result<Option<Reading>> {
    // It ends where the last one of those ends that go on.
    let newest = parts.iter().map(|part| part.summand.last).max();
    let going_on = parts.iter().map(|part| part.summand.last).filter(|last| now - last <= SILENT).min();
    let Some(until) = going_on.or(newest) else { return Ok(None) };
    let protocol = job.feed.protocol;
    let mut known = Known::new(protocol);
    parts.iter().for_each(|part| known.add(&part.known));
    let summands: Vec<Summand> = parts.into_iter().map(|part| part.summand).collect();
    let to = made.join(format!("{}.rrd", protocol.name));
    sum(&to, protocol, i64::from(job.config.rrd_step), &summands, until)?;
    Ok(Some(reading(job, &known, to, until, now)))
}

/// What a protocol is at by RRDs alone, which end at `until`.
fn reading(job: &Job<'_>, known: &Known, rrd: PathBuf, until: i64, now: i64) -> Reading {
    let mut state = State::new(job.feed.protocol);
    let today = Calendar::new(now).today();
    state.totals.clone_from(&known.totals);
    state.gauges.clone_from(&known.levels);
    state.newest_day = known.today.iter().map(|amount| (today, *amount)).collect();
    state.seen = until;
    // What only the host itself knows is not told here.
    Reading { rrd, whole: None, ..query::of_state(job, state, now) }
}

impl Known {
    fn new(protocol: &Protocol) -> Self {
        let none = vec![0; protocol.counters.len()];
        Self { totals: none.clone(), today: none.clone(), levels: none }
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut [i128], from: &[i128]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.totals, &other.totals);
        add(&mut self.today, &other.today);
        add(&mut self.levels, &other.levels);
    }
}

/// Adds up all rows.
fn known(protocol: &Protocol, files: &[Finest], now: i64) -> Known {
    let mut known = Known::new(protocol);
    let mut calendar = Calendar::new(now);
    let today = calendar.today();
    for file in files {
        let places: Vec<Option<(usize, &Counter)>> = file
            .names
            .iter()
            .map(|name| protocol.counters.iter().enumerate().find(|(_, counter)| counter.ds == name))
            .collect();
        for row in &file.rows {
            let is_today = row.begin > now - 2 * 86_400 && calendar.day(row.begin) == today;
            for (place, rate) in places.iter().zip(&row.rates).filter(|(_, rate)| rate.is_finite()) {
                let Some((at, counter)) = place else { continue };
                let value = amount(counter.kind, *rate, row.end - row.begin);
                if counter.kind.is_gauge() {
                    known.levels[*at] = value;
                    continue;
                }
                known.totals[*at] += value;
                if is_today {
                    known.today[*at] += value;
                }
            }
        }
    }
    known
}

/// What came in `seconds`, or stood at, in the units of the counter.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an RRD holds doubles")]
fn amount(kind: CounterKind, rate: f64, seconds: i64) -> i128 {
    match kind {
        CounterKind::Count => (rate * seconds as f64).round() as i128,
        CounterKind::Sum | CounterKind::Net => (rate * seconds as f64 * 1e9).round() as i128,
        CounterKind::Peak | CounterKind::Level => rate.round() as i128,
        CounterKind::Derived(_) => 0,
    }
}

//! What many hosts have pushed: a reading of each protocol of each host, and of all of them together.
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::name::{self, GAPS, MOST_FILES};
use crate::calendar::Calendar;
use crate::dir::{self, Kind};
use crate::error::{At, Error, Result};
use crate::ingest::Job;
use crate::protocol::{Counter, Protocol};
use crate::query;
use crate::reading::Reading;
use crate::store::rrd::amount;
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
    /// The end of the newest minute that has come, unix seconds; 0: nothing of it can be read.
    pub last: i64,
    /// Has nothing come for half an hour?
    pub is_silent: bool,
}

/// All hosts of a directory.
#[derive(Debug)]
pub struct Hosts<'j> {
    all: &'j Path,
    jobs: &'j [Job<'j>],
    now: i64,
    /// By name.
    pub hosts: Vec<Host>,
    /// What of the directory cannot be read, in a line each; all else was.
    pub problems: Vec<String>,
}

/// What a host, or all of them together, is at.
#[derive(Debug)]
pub struct HostReadings {
    /// Each protocol, and each section of one. The values of counters are what the RRDs have in all. Of a protocol of which
    /// nothing has come it is said that it is not known.
    pub readings: Vec<Reading>,
    /// What could not be read; all else was.
    pub problems: Vec<String>,
    /// RRDs that were put together for this.
    _made: TempDir,
}

/// What the files of a protocol have in all.
#[derive(Clone, Debug, Default)]
struct Known {
    totals: Vec<i128>,
    today: Vec<i128>,
    /// What stood last; `None`: that is not known.
    levels: Vec<Option<i128>>,
}

impl<'j> Hosts<'j> {
    /// Looks at the hosts of the directory `all` at `now` (unix seconds), of which the protocols of `jobs` may have come.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn look(all: &'j Path, jobs: &'j [Job<'j>], now: i64) -> Result<Self> {
        let mut problems = Vec::new();
        let names = names(all, &mut problems).at("read", all)?;
        let mut hosts = Self { all, jobs, now, hosts: Vec::new(), problems };
        for name in names {
            let mut last: Option<i64> = None;
            for job in jobs {
                match hosts.summand(&name, job) {
                    Ok(summand) => last = last.max(summand.map(|summand| summand.last)),
                    // It is told where it is read; the host is there.
                    Err(_) => last = last.max(Some(0)),
                }
            }
            if let Some(last) = last {
                hosts.hosts.push(Host { name, last, is_silent: now - last > SILENT });
            }
        }
        Ok(hosts)
    }

    /// What this host, or [`name::CLUSTER`], is at, of the protocols for which `is_wanted` is true. `None`: there is no such
    /// host.
    ///
    /// # Errors
    /// When there is no room for what is put together.
    pub fn of(&self, name: &str, is_wanted: &dyn Fn(&Protocol) -> bool) -> Result<Option<HostReadings>> {
        if name != name::CLUSTER && self.hosts.iter().all(|host| host.name != name) {
            return Ok(None);
        }
        let temporary = std::env::temp_dir();
        let made = tempfile::Builder::new().prefix("maillogs-").tempdir();
        let made = made.at("make a directory in", &temporary)?;
        let (mut readings, mut problems) = (Vec::new(), Vec::new());
        for job in self.jobs.iter().filter(|job| is_wanted(job.feed.protocol)) {
            let protocol = job.feed.protocol;
            let to = made.path().join(format!("{}.rrd", protocol.name));
            let found = match name {
                name::CLUSTER => self.together(job, &to, &mut problems),
                _ => self.one(name, job, &to),
            };
            let reading = found.unwrap_or_else(|e| {
                problems.push(e.to_string());
                None
            });
            let reading = reading.unwrap_or_else(|| {
                let none = reading_of(job, &Known::new(protocol), to, 0, self.now);
                Reading { unknown: Some("nothing of it has come".to_owned()), ..none }
            });
            readings.extend(query::parts(protocol, reading));
        }
        Ok(Some(HostReadings { readings, problems, _made: made }))
    }

    /// The files that a host has of a protocol. `None`: there are none.
    fn summand(&self, host: &str, job: &Job<'_>) -> Result<Option<Summand>> {
        let (dir, protocol, mut files) = (self.all.join(host), job.feed.protocol, Vec::new());
        let mut missing = 0;
        for number in 1..=MOST_FILES {
            match OpenRrd::open(&dir.join(name::file(protocol.name, number)))? {
                Some(file) => files.push(file),
                None if missing < GAPS => missing += 1,
                None => break,
            }
        }
        if files.is_empty() {
            return Ok(None);
        }
        let Some(summand) = Summand::of(files, protocol, i64::from(job.config.rrd_step))? else {
            return Ok(None);
        };
        if summand.last > self.now + 86_400 {
            let file = dir.join(name::file(protocol.name, 1));
            let file = file.display();
            return Err(Error::Message(format!("{file}: has minutes of the future; move it away there")));
        }
        Ok(Some(summand))
    }

    /// A protocol of a host; if it has several files, they are put together at `to`.
    fn one(&self, host: &str, job: &Job<'_>, to: &Path) -> Result<Option<Reading>> {
        let (protocol, step) = (job.feed.protocol, i64::from(job.config.rrd_step));
        let Some(summand) = self.summand(host, job)? else { return Ok(None) };
        let known = known(protocol, &summand.finest()?, self.now);
        let last = summand.last;
        let rrd = match summand.only() {
            Some(file) => file.to_owned(),
            None => {
                sum(to, protocol, step, &[summand], last)?;
                to.to_owned()
            }
        };
        Ok(Some(reading_of(job, &known, rrd, last, self.now)))
    }

    /// The sum of a protocol of all hosts, put together at `to`. `None`: none has it.
    fn together(&self, job: &Job<'_>, to: &Path, problems: &mut Vec<String>) -> Result<Option<Reading>> {
        let protocol = job.feed.protocol;
        let (mut all, mut summands) = (Known::new(protocol), Vec::new());
        for host in &self.hosts {
            let read = self.summand(&host.name, job).and_then(|summand| {
                let Some(summand) = summand else { return Ok(()) };
                let mut known = known(protocol, &summand.finest()?, self.now);
                if self.now - summand.last > SILENT {
                    // What stood there when it stopped says nothing of now.
                    known.levels.fill(None);
                }
                all.add(&known);
                summands.push(summand);
                Ok(())
            });
            if let Err(e) = read {
                problems.push(e.to_string());
            }
        }
        // It ends where the first one of those ends that go on.
        let lasts = || summands.iter().map(|summand| summand.last);
        let going_on = lasts().filter(|last| self.now - last <= SILENT).min();
        let Some(until) = going_on.or(lasts().max()) else { return Ok(None) };
        sum(to, protocol, i64::from(job.config.rrd_step), &summands, until)?;
        Ok(Some(reading_of(job, &all, to.to_owned(), until, self.now)))
    }
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

/// What a protocol is at by RRDs alone, which end at `until`.
fn reading_of(job: &Job<'_>, known: &Known, rrd: PathBuf, until: i64, now: i64) -> Reading {
    let mut state = State::new(job.feed.protocol);
    let today = Calendar::new(now).today();
    state.totals.clone_from(&known.totals);
    state.gauges = known.levels.iter().map(|level| level.unwrap_or(0)).collect();
    state.newest_day = known.today.iter().map(|amount| (today, *amount)).collect();
    state.seen = until;
    // What only the host itself knows is not told here.
    let mut reading = Reading { rrd, whole: None, ..query::of_state(job, state, now) };
    for (at, counter) in reading.counters.iter_mut().enumerate() {
        if job.feed.protocol.counters[at].kind.is_gauge() && known.levels[at].is_none() {
            counter.value = None;
        }
    }
    reading
}

impl Known {
    fn new(protocol: &Protocol) -> Self {
        let none = vec![0; protocol.counters.len()];
        Self { totals: none.clone(), today: none, levels: vec![None; protocol.counters.len()] }
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut [i128], from: &[i128]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.totals, &other.totals);
        add(&mut self.today, &other.today);
        for (to, from) in self.levels.iter_mut().zip(&other.levels) {
            *to = to.map_or(*from, |to| Some(to + from.unwrap_or(0)));
        }
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
                    known.levels[*at] = Some(value);
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

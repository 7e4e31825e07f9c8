//! `advance`: the one operation that everything else is made of.
//!
//! Under the protocol's lock: finish or undo what a crash left, read every source from its cursor to
//! its end, classify, tally by step, commit. A roll, `maillogs update` and `maillogs graph` are all
//! this; a query is its reading half, in memory.
mod beginning;
mod feeds;
mod gather;
mod plan;
mod repeat;
mod snapshot;
mod streams;
mod under;

pub use crate::source::machine::name as machine_name;
pub use crate::source::offset::S6_LOG;
pub use feeds::{Feed, PERSONALITIES, Personality, Syslog, feeds, own_log};
pub use gather::{Gather, How};
pub use snapshot::Snapshot;
pub use streams::{GIVEN_UP, read_streams, stream_names};

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::calendar::Calendar;
use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::say::warn;
use crate::source::directory::Listing;
use crate::source::opener::most_held;
use crate::source::queue;
use crate::source::stdin::Input;
use crate::store::files::{Legacy, Store};
use crate::store::pack;
use crate::store::rrd::{FUTURE, Update};
use crate::store::session::{Session, StateOrigin};
use crate::store::state::State;
use crate::store::state::size::MOST_BINS;
use crate::tally;

/// So long (seconds) bins wait for a source that cannot be read: root's cron may read what a logger's user may not.
const WAITS: i64 = 3600;

/// As long a personality waits for the lock.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs what must be done as root (opening syslog), if we began as root; else as oneself.
pub type AsRoot = fn(&mut dyn FnMut());

/// One protocol's feed under one configuration.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is in force.
    pub config: &'a Config,
    /// What is fed.
    pub feed: &'a Feed,
    /// The clock, unix seconds. It is read once the lock is held.
    pub clock: fn() -> i64,
    /// The rights to read what others keep.
    pub as_root: AsRoot,
}

/// How an advance is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Push every bin whose end is past.
    pub flush: bool,
    /// Count stdin even if its content is known.
    pub force: bool,
    /// How long to wait for the lock.
    pub patience: Duration,
    /// Say which lines were read.
    pub verbose: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { flush: false, force: false, patience: PATIENCE, verbose: false }
    }
}

/// Advances several protocols together: what they read of the same stream is read once. Each commits for itself; one
/// that fails does not keep the others from it. The results are in the order of `jobs`.
pub fn advance_all(jobs: &[Job<'_>], options: Options) -> Vec<Result<()>> {
    let stores: Vec<Store> = jobs.iter().map(Job::store).collect();
    // Nobody waits for a lock while he holds others: a logger's processor may be waiting for one of those.
    let at_once = Options { patience: Duration::ZERO, ..options };
    let mut turns: Vec<Result<Turn<'_>>> =
        jobs.iter().zip(&stores).map(|(job, store)| Turn::begin(*job, store, None, at_once)).collect();
    let mut readers: Vec<_> = turns.iter_mut().flatten().map(Turn::reader).collect();
    read_streams(&mut readers);
    let mut results: Vec<Result<()>> =
        turns.into_iter().map(|turn| turn?.finish(&mut || Ok(()), options)).collect();
    for (job, result) in jobs.iter().zip(&mut results) {
        if matches!(result, Err(Error::Locked { .. })) {
            *result = job.advance(None, &mut || Ok(()), options);
        }
    }
    results
}

/// One protocol's advance between its lock and its commit.
struct Turn<'a> {
    job: Job<'a>,
    session: Session<'a>,
    gather: Gather,
    now: i64,
    /// Was everything read?
    complete: bool,
    had_input: bool,
}

/// One that reads streams: a turn, or a query.
pub struct Reader<'r, 'j> {
    /// Whose.
    pub job: Job<'j>,
    /// Into what.
    pub gather: &'r mut Gather,
    /// `false`: something could not be read; it was said.
    pub complete: &'r mut bool,
    /// Does a logger wait for us?
    pub is_roll: bool,
}

impl<'a> Turn<'a> {
    fn begin(job: Job<'a>, store: &'a Store, input: Option<&Input>, options: Options) -> Result<Self> {
        let session = store.open(options.patience, (job.clock)())?;
        let now = (job.clock)();
        let how = How { may_time_out: true, force: options.force, ..job.how(now, session.origin)? };
        let mut state = session.state.clone();
        mend_bins(store, &mut state, now);
        let (mut gather, mut complete) = job.gather_all(how, &state, input)?;
        complete &= job.measure(&mut gather, now);
        Ok(Turn { job, session, gather, now, complete, had_input: input.is_some() })
    }

    fn reader(&mut self) -> Reader<'_, 'a> {
        let Turn { job, gather, complete, had_input, .. } = self;
        Reader { job: *job, gather, complete, is_roll: *had_input }
    }

    fn finish(self, pass: &mut dyn FnMut() -> Result<()>, options: Options) -> Result<()> {
        let Turn { job, mut session, gather, now, complete, had_input } = self;
        if options.verbose {
            tell(job.feed, &gather.lines_read());
        }
        let (mut state, plan, files) = gather.finish();
        state.keep_within(job.feed.protocol, MOST_BINS);
        if complete {
            state.seen = now;
            job.was_read(&mut state, now);
        }
        // A line that waits belongs to the bin of its own time: for a while no bin is closed without it.
        let since = now - session.state.seen;
        // A clock that was ahead may have told when that was.
        let waits = !complete && since.abs() < WAITS && !options.flush;
        state.ledger.prune(now);
        session.archive(job.log(), &plan.days(), &plan.with(&files), pass, now)?;
        let updates = if waits { Vec::new() } else { job.take_due(&mut state, now, options.flush) };
        if had_input || session.edited || is_news(&state, &session.state, &updates) || session.rrd_lacks() {
            session.commit(state, updates, now)
        } else if state.seen >= session.state.seen + SEEN_APART {
            session.note(state)
        } else {
            Ok(())
        }
    }
}

impl Job<'_> {
    /// Where the protocol's files are.
    pub fn store(&self) -> Store {
        let (config, feed) = (self.config, self.feed);
        let counter_file = config.logs_counters.join(&feed.counter_file);
        Store {
            base: config.logs_base.clone(),
            protocol: feed.protocol,
            legacy: Legacy::of(feed.protocol.name, &config.logs_counters, &counter_file),
            counter_file,
            state_dir: config.logs_base.join("state"),
            rrd: config.rrd_dir.join(format!("{}.rrd", feed.protocol.name)),
            step: i64::from(config.rrd_step),
            may_drop: !config.broken,
            under: Some(under::under(config, feed)),
        }
    }

    /// How its sources are read.
    ///
    /// # Errors
    /// When the state is damaged, and how old the counter file is cannot be told.
    pub fn how(&self, now: i64, origin: StateOrigin) -> Result<How> {
        let known_until = if origin == StateOrigin::Damaged { self.store().counted_until()? } else { None };
        Ok(How {
            step: i64::from(self.config.rrd_step),
            tai_offset: self.config.logs_tai_offset,
            now,
            archive: self.config.logs_archive,
            may_time_out: false,
            origin,
            force: false,
            known_until,
        })
    }

    /// The name of its archive; none is written where there is none.
    fn log(&self) -> &str {
        self.feed.log.as_deref().unwrap_or_default()
    }

    /// Begins to read from `state`.
    pub fn gather(&self, how: How, state: State) -> Gather {
        Gather::new(self.feed.protocol, self.log(), self.config.logs_archive_untai, how, state)
    }

    /// The directories to read: those of the configuration, and those that a logger ran us in.
    ///
    /// # Errors
    /// When it cannot be told which directory a path leads to: by another name it would be another directory.
    pub fn directories(&self, state: &State) -> Result<Vec<PathBuf>> {
        let named = self.feed.directories.iter().map(PathBuf::as_path);
        let known = state.ledger.directories.iter().map(|d| Path::new(&d.path));
        let mut all: Vec<PathBuf> = Vec::new();
        for path in named.chain(known.filter(|p| !p.as_os_str().is_empty())) {
            let path = match std::fs::canonicalize(path) {
                Ok(path) => path,
                // One that was not there when it was met first is known by a name that led nowhere then.
                // So is one that leads nowhere: a file in the place of a directory, a circle of links.
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
                    ) || e.raw_os_error() == Some(nix::libc::ELOOP) =>
                {
                    path.to_owned()
                }
                Err(e) => return Err(e).at("look at", path),
            };
            if !all.contains(&path) {
                all.push(path);
            }
        }
        Ok(all)
    }

    /// The one operation. `input` is what the logger hands to us; `pass` copies it to where it goes.
    ///
    /// # Errors
    /// When the lock, a source that is ours, the state or the archive cannot be had. Nothing has
    /// happened then, or the next process finishes it.
    pub fn advance(
        &self,
        input: Option<Input>,
        pass: &mut dyn FnMut() -> Result<()>,
        options: Options,
    ) -> Result<()> {
        if let Some(directory) = input.as_ref().and_then(|input| input.directory.as_deref()) {
            self.refuse_to_count_elsewhere(directory)?;
        }
        let store = self.store();
        let mut turn = Turn::begin(*self, &store, input.as_ref(), options)?;
        read_streams(&mut [turn.reader()]);
        turn.finish(pass, options)
    }

    /// Measures qmail's queues into now's bin. `false`: they could not be read, and it was said.
    pub fn measure(&self, gather: &mut Gather, now: i64) -> bool {
        if self.feed.queues.is_empty() {
            return true;
        }
        let mut found = Ok(None);
        (self.as_root)(&mut || found = queue::measure(&self.feed.queues, now));
        match found {
            Ok(Some(queue)) => gather.measured(|raise| queue.raise(raise)),
            Ok(None) => {}
            Err(e) => {
                let is_news = gather.cannot_read(self.feed.protocol.name);
                if gather.is_query() && !e.is_denied() {
                    gather.fail(e);
                } else if is_news {
                    warn(e);
                }
                return false;
            }
        }
        true
    }

    /// Compresses the archive's days that are over; where it is asked for, removes the old ones.
    /// `logs` are the names that archives of any protocol have.
    ///
    /// # Errors
    /// When a file of the archive cannot be read, written or removed.
    pub fn tidy(&self, logs: &[&str], patience: Duration) -> Result<()> {
        let (config, store, now) = (self.config, self.store(), (self.clock)());
        let Some(log) = self.feed.log.as_deref().filter(|_| config.logs_archive) else { return Ok(()) };
        let today = Calendar::new(now).today();
        let kept = i64::from(config.logs_archive_days) * 86_400;
        let days = pack::days(&store.base)?;
        let oldest = Calendar::new(now - kept).today();
        // A clock that is ahead for once must not make all of them old: as many as are kept are never too many.
        let surplus = days.len().saturating_sub(config.logs_archive_days as usize);
        for (n, day) in days.into_iter().enumerate() {
            if config.logs_archive_purge && day < oldest && n < surplus {
                pack::purge(&store.base, day, logs)?;
            } else if day < today {
                pack::pack(&store, log, day, now, patience)?;
            }
        }
        Ok(())
    }

    /// Every source, oldest lines first. A directory that cannot be read is said and left out: its lines wait.
    /// What was handed to us is read all the same, and whether or not it still stands in its directory. `true`:
    /// everything was read.
    fn gather_all(&self, how: How, state: &State, input: Option<&Input>) -> Result<(Gather, bool)> {
        let own = input.and_then(|i| i.directory.clone());
        let mut unread: Vec<String> = Vec::new();
        let mut wait = |directory: &Path, e: Error| {
            let name = directory.display().to_string();
            if !state.unread.contains(&name) {
                warn(format_args!("{e}; the lines of {name} wait"));
            }
            unread.push(name);
        };
        // What was handed to us is read whatever is the matter with the other directories.
        let mut directories = match self.directories(state) {
            Err(Error::Io { path, action, source }) if own.is_some() => {
                let directory = path.clone();
                wait(&directory, Error::Io { path, action, source });
                Vec::new()
            }
            found => found?,
        };
        if let Some(own) = &own
            && !directories.contains(own)
        {
            directories.push(own.clone());
        }
        let most = most_held(directories.len());
        'anew: loop {
            let mut gather = self.gather(how, state.clone());
            for (i, directory) in directories.iter().enumerate() {
                let stdin = input.filter(|_| own.as_ref() == Some(directory));
                let opened = gather.open(directory, stdin, most).unwrap_or_else(|e| {
                    wait(directory, e);
                    Listing::default()
                });
                let listing = match stdin {
                    Some(stdin) => opened.with(&stdin.chunk)?,
                    None => opened,
                };
                match gather.read_directory(directory, listing) {
                    Ok(()) => {}
                    Err(e) if stdin.is_some() => return Err(e),
                    // Part of it may be counted by now: without it, from the beginning.
                    Err(e) => {
                        wait(directory, e);
                        directories.remove(i);
                        continue 'anew;
                    }
                }
            }
            if let Some(input) = input.filter(|i| i.directory.is_none()) {
                gather.loose(input)?;
            }
            let complete = unread.is_empty();
            for name in unread {
                gather.cannot_read(&name);
            }
            return Ok((gather, complete));
        }
    }

    /// Takes the bins that are complete out of the state, to be pushed.
    fn take_due(&self, state: &mut State, now: i64, flush: bool) -> Vec<Update> {
        let protocol = self.feed.protocol;
        let step = i64::from(self.config.rrd_step);
        let mut updates = Vec::new();
        for _ in 0..tally::due(&state.bins, state.pushed, step, now, flush) {
            let Some((begin, bin)) = state.bins.pop_first() else { break };
            let has_gauge = protocol.measured
                || protocol.counters.iter().zip(&bin.values).any(|(c, v)| c.kind.is_gauge() && *v != 0);
            if has_gauge {
                state.gauges.clone_from(&bin.values);
            }
            state.pushed = begin + step;
            updates.push((begin, bin.values));
        }
        updates
    }
}

/// A clock that is set back by less (seconds) is not worth a word.
const AHEAD: i64 = 3600;

/// So many days of bins wait for an RRD that cannot be written; then the oldest are put together.
const WAITING_DAYS: i64 = 31;

/// Brings the waiting bins into order when the world has changed under them: `rrd_step` is another,
/// the clock was set back (what begins after now belongs to now's bin), or too many wait.
fn mend_bins(store: &Store, state: &mut State, now: i64) {
    let today = tally::begin(now, store.step);
    if state.pushed > now + FUTURE {
        // The RRD is moved aside when the next bin is pushed: it holds the future.
        warn(format_args!(
            "{}: holds times that are still to come (was the clock wrong?); a new one is begun when the next step ends",
            store.rrd.display()
        ));
        state.pushed = today;
    } else if state.pushed > now + AHEAD {
        warn(format_args!(
            "{}: holds minutes that are still to come (was the clock wrong?); those from now on wait for {} min until they are over",
            store.rrd.display(),
            (state.pushed - now) / 60
        ));
    }
    // The step may be another than when it was pushed, and a clock that ran ahead may have told these times.
    state.pushed = tally::begin(state.pushed, store.step);
    for bin in state.bins.values_mut() {
        bin.born = bin.born.min(now);
        bin.touched = bin.touched.min(now);
    }
    let odd: Vec<i64> = state.bins.keys().copied().filter(|k| k % store.step != 0).collect();
    for begin in odd {
        tally::move_bin(store.protocol, &mut state.bins, begin, tally::begin(begin, store.step));
    }
    let most = usize::try_from(WAITING_DAYS * 86_400 / store.step).unwrap_or(usize::MAX);
    while state.bins.len() > most
        && let Some((&oldest, &next)) = state.bins.keys().next().zip(state.bins.keys().nth(1))
    {
        tally::move_bin(store.protocol, &mut state.bins, oldest, next);
    }
    // Where a clock without a battery begins there is no RRD.
    let earliest = tally::begin(tally::EARLIEST, store.step);
    let floor = today.max(state.pushed).max(earliest);
    let early: Vec<i64> = state.bins.range(floor + 1..).map(|(k, _)| *k).collect();
    for begin in early {
        tally::move_bin(store.protocol, &mut state.bins, begin, floor);
    }
    let ancient: Vec<i64> = state.bins.range(..earliest).map(|(k, _)| *k).collect();
    for begin in ancient {
        tally::move_bin(store.protocol, &mut state.bins, begin, earliest);
    }
    let (newest_day, newest_bin) = (Calendar::new(now).today(), today.max(earliest));
    state.newest_day.iter_mut().for_each(|(day, _)| *day = newest_day.min(*day));
    state.moved.iter_mut().for_each(|moved| *moved = newest_bin.min(*moved));
}

/// Says which lines of which files a protocol has read.
fn tell(feed: &Feed, read: &[(String, u64)]) {
    let name = feed.protocol.name;
    for (source, lines) in read {
        let noun = if *lines == 1 { "line" } else { "lines" };
        warn(format_args!("{name}: read {lines} {noun} of {source}"));
    }
    if read.is_empty() && !feed.protocol.measured {
        warn(format_args!("{name}: no new lines"));
    }
}

/// Graphs draw zeros up to `seen`, so it must move on in a quiet night: after so many seconds.
const SEEN_APART: i64 = 60;

/// Is there anything that a commit would keep, besides that we looked?
fn is_news(new: &State, old: &State, updates: &[Update]) -> bool {
    let mut old = old.clone();
    for (was, is) in old.ledger.cursors.iter_mut().zip(&new.ledger.cursors) {
        was.seen = is.seen;
    }
    for (was, is) in old.ledger.streams.iter_mut().zip(&new.ledger.streams) {
        was.seen = is.seen;
    }
    if old.number > 0 {
        old.seen = new.seen;
    }
    !updates.is_empty() || old != *new
}

/// Copies the input to stdout, whole, and makes it durable: svlogd does not.
///
/// # Errors
/// When either cannot be read or written.
pub fn pass_through(input: &std::fs::File, length: u64) -> Result<()> {
    use std::io::Write;
    use std::os::fd::AsFd;
    let name = Path::new("standard output");
    let mut stdout = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().at("open", name)?);
    crate::disk::copy(input, 0, length, &mut stdout).at("write", name)?;
    stdout.flush().at("write", name)?;
    match stdout.sync_all() {
        // A pipe, a terminal, /dev/null: nothing to make durable.
        Err(e)
            if !matches!(
                e.raw_os_error(),
                Some(nix::libc::EINVAL | nix::libc::EROFS | nix::libc::ENOTSUP)
            ) =>
        {
            Err(e).at("fsync", name)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

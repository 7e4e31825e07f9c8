//! The one operation, from the lock to the commit.
use std::time::Duration;

use super::bins::mend_bins;
use super::feeds::Feed;
use super::intake::Intake;
use super::job::Job;
use super::read_options::ReadOptions;
use super::reader::Reader;
use super::streams::read_streams;
use crate::error::{Error, Result};
use crate::say::warn;
use crate::source::stdin::Input;
use crate::store::files::Store;
use crate::store::rrd::Update;
use crate::store::session::Session;
use crate::store::state::State;
use crate::store::state::size::MOST_BINS;

/// How long, in seconds, counts wait before they go to the RRD while a source cannot be read: root's cron may read what a
/// logger's user may not.
const WAITS: i64 = 3600;

/// How long a postprocessor waits for the lock.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How an advance is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Push every bin whose end is past.
    pub flush: bool,
    /// Count stdin even if its content is known.
    pub force: bool,
    /// How long to wait for the lock.
    pub patience: Duration,
    /// Say how many lines were read of which file.
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
    let mut turns: Vec<Result<LockedAdvance<'_>>> = jobs
        .iter()
        .zip(&stores)
        .map(|(job, store)| LockedAdvance::begin(*job, store, None, at_once))
        .collect();
    let mut readers: Vec<_> = turns.iter_mut().flatten().map(LockedAdvance::reader).collect();
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
struct LockedAdvance<'a> {
    job: Job<'a>,
    session: Session<'a>,
    intake: Intake,
    now: i64,
    /// Was everything read?
    complete: bool,
    had_input: bool,
}

impl<'a> LockedAdvance<'a> {
    fn begin(job: Job<'a>, store: &'a Store, input: Option<&Input>, options: Options) -> Result<Self> {
        let session = store.open(options.patience, (job.clock)())?;
        let now = (job.clock)();
        let how = ReadOptions {
            may_time_out: true,
            force: options.force,
            ..job.read_options(now, session.origin)?
        };
        let mut state = session.state.clone();
        mend_bins(store, &mut state, now);
        let (mut intake, mut complete) = job.read_directories(how, &state, input)?;
        complete &= job.measure(&mut intake, now);
        Ok(LockedAdvance { job, session, intake, now, complete, had_input: input.is_some() })
    }

    fn reader(&mut self) -> Reader<'_, 'a> {
        let LockedAdvance { job, intake, complete, had_input, .. } = self;
        Reader { job: *job, intake, complete, is_roll: *had_input }
    }

    fn finish(self, pass: &mut dyn FnMut() -> Result<()>, options: Options) -> Result<()> {
        let LockedAdvance { job, mut session, intake, now, complete, had_input } = self;
        if options.verbose {
            tell(job.feed, &intake.lines_read());
        }
        let (mut state, plan, files) = intake.finish();
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
        session.join_sources(&mut state, now)?;
        session.archive(job.log(), &plan.days(), &plan.with_files(&files), pass, now)?;
        let updates = if waits { Vec::new() } else { job.take_due(&mut state, now, options.flush) };
        if had_input || session.edited || is_news(&state, &session.state, &updates) || session.rrd_lacks() {
            return session.commit(state, updates, now);
        }
        if state.seen >= session.state.seen + SEEN_APART {
            session.note(state)?;
        }
        session.mend_copies()
    }
}

impl Job<'_> {
    /// Advances one protocol. `input` is the chunk that a logger hands to us; `pass` copies it to standard output.
    ///
    /// # Errors
    /// If the lock cannot be had, or a source of this protocol, the state or the archive cannot be read or written.
    /// Then nothing has changed, or the next process finishes the commit.
    pub fn advance(
        &self,
        input: Option<Input>,
        pass: &mut dyn FnMut() -> Result<()>,
        options: Options,
    ) -> Result<()> {
        if let Some(directory) = input.as_ref().and_then(|input| input.directory.as_deref()) {
            self.refuse_to_count_for_another(directory)?;
            self.refuse_to_count_elsewhere(directory)?;
        }
        let store = self.store();
        let mut turn = LockedAdvance::begin(*self, &store, input.as_ref(), options)?;
        read_streams(&mut [turn.reader()]);
        turn.finish(pass, options)
    }
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

/// If no line comes, the state is written again after this many seconds, only for its `seen`: graphs draw zeros up to
/// it, so it must move on in a quiet night as well.
const SEEN_APART: i64 = 60;

/// Is there anything to commit besides the fact that the sources were read?
fn is_news(new: &State, old: &State, updates: &[Update]) -> bool {
    let mut old = old.clone();
    for (was, is) in old.ledger.cursors.iter_mut().zip(&new.ledger.cursors) {
        was.seen = is.seen;
    }
    for (was, is) in old.ledger.streams.iter_mut().zip(&new.ledger.streams) {
        // Where the clock was ahead, its time is set right.
        was.seen = was.seen.max(is.seen);
    }
    if old.number > 0 {
        old.seen = new.seen;
    }
    !updates.is_empty() || old != *new
}

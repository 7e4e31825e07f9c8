//! The read side: the last commit, and in memory what lies beyond its reading positions.
//!
//! No lock, no write, no fsync; right at any instant, also while a logger rolls and a processor works. What comes of it is
//! a [`Reading`]; `build` makes it of a state.
mod build;
mod minutes;
mod parts;
mod steps;

pub use minutes::minutes;
pub use parts::{part, parts};
pub use steps::steps;

use std::path::Path;
use std::time::Duration;

use crate::error::{At, Error, Result};
use crate::ingest::{Intake, Job, Options, ReadOptions, Reader, Snapshot, gone, read_streams};
use crate::reading::Reading;
use crate::say::warn;
use crate::store::session::StateOrigin;
use crate::store::state::State;

/// What a look at the sources found.
#[derive(Debug)]
pub struct Found {
    /// The state that a commit would make of it; its number is that of the last commit.
    pub state: State,
    /// Bytes that lay beyond the cursors.
    pub new_bytes: u64,
    /// Was every source read to its end?
    pub complete: bool,
    /// Can the state not be read, and no copy of it, so that this is what the counter file says?
    pub damaged: bool,
    /// Why the values may be less than those of the look before: a source could not be read at this moment.
    pub failed: Option<Error>,
    /// Which source is closed to this user, so that its lines since the last commit are not in the values.
    pub closed: Option<String>,
}

impl Found {
    /// What the protocol is at by it; `now` is the time of the look, Unix seconds.
    pub fn reading(self, job: &Job<'_>, now: i64) -> Reading {
        let settled = self.complete.then(|| job.settled(&self.state, now));
        let reading = build::of_state(job, self.state, now);
        Reading {
            seen: if self.complete { now } else { reading.seen },
            settled: settled.unwrap_or(reading.settled),
            complete: self.complete,
            failed: self.failed.map(|e| e.to_string()),
            closed: self.closed,
            new_bytes: self.new_bytes,
            ..reading
        }
    }
}

/// What the protocol is at by the last commit alone; no source is read. `now` in Unix seconds.
///
/// # Errors
/// When the last commit is there and cannot be read.
pub fn last_commit(job: &Job<'_>, now: i64) -> Result<Reading> {
    let state = job.store().read()?.unwrap_or_else(|| State::new(job.feed.protocol));
    Ok(build::of_state(job, state, now))
}

/// What the protocol is at by this state, which need not be the one of this machine.
pub fn of_state(job: &Job<'_>, state: State, now: i64) -> Reading {
    build::of_state(job, state, now)
}

/// In the place of [`last_commit`], where that cannot be read for the reason `why`.
pub fn unreadable(job: &Job<'_>, why: &Error) -> Reading {
    build::unreadable(job, why)
}

/// A file that is being rotated or compressed is whole again in a moment: so often, and so far apart, it is looked at.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// From this many bytes beyond the reading positions on, a query commits what it read, if it may write, so that the next
/// queries need not read it again.
const WORTH_A_COMMIT: u64 = 1 << 20;

/// Answers at `now` (unix seconds), and never with less than before: where a source is closed to this user, with what
/// was counted of it last, and where it cannot be read for another reason, not at all.
///
/// # Errors
/// When the last commit is there and cannot be read, or a source cannot be read at this moment.
pub fn query(job: &Job<'_>, now: i64) -> Result<Reading> {
    answer(job, whole(look(job, now)?)?, now)
}

/// As [`query`], for several protocols: what they share, a syslog or the journal, is read once.
pub fn query_all(jobs: &[Job<'_>], now: i64) -> Vec<Result<Reading>> {
    let share = |job: &&Job<'_>| job.feed.has_streams();
    let shared: Vec<Job<'_>> = jobs.iter().filter(share).copied().collect();
    let mut looks = look_together(&shared, now).into_iter();
    let of_one = |job: &Job<'_>| {
        let looked = if share(&job) { looks.next().flatten() } else { None };
        match looked {
            Some(found) if found.failed.is_none() => answer(job, found, now),
            // Something changed under it: it is looked at again alone.
            _ => query(job, now),
        }
    };
    jobs.iter().map(of_one).collect()
}

/// What `found` answers.
fn answer(job: &Job<'_>, mut found: Found, now: i64) -> Result<Reading> {
    if let Some(clash) = job.store().clash(&found.state) {
        warn(format_args!("{clash}; nothing is counted under it until then"));
    }
    let unknown = unknown(job, &found.state);
    if found.state.number == 0 {
        unknown.iter().for_each(warn);
    }
    if found.new_bytes > WORTH_A_COMMIT {
        let at_once = Options { patience: Duration::ZERO, ..Options::default() };
        // A user who may not write, a lock that is held: the answer in memory is as good.
        if job.advance(None, &mut || Ok(()), at_once).is_ok() {
            found = Found { new_bytes: found.new_bytes, ..whole(look(job, now)?)? };
        }
    }
    Ok(Reading { unknown, ..found.reading(job, now) })
}

/// As [`query`], for a process that asks again and again, and may have read toaster.conf long ago: it commits nothing. What was
/// never counted, for want of a log, is not known, also where it was committed that there is none.
///
/// # Errors
/// As [`query`], and when the last commit is damaged: what the next one will begin with may be less than what was told before.
pub fn again(job: &Job<'_>, now: i64) -> Result<Reading> {
    if base(job)?.1 == StateOrigin::Damaged {
        let name = job.feed.protocol.name;
        return Err(Error::Message(format!(
            "{name}: the state and its copies are damaged; run maillogs update"
        )));
    }
    let found = whole(look(job, now)?)?;
    let unknown = unknown(job, &found.state);
    Ok(Reading { unknown, ..found.reading(job, now) })
}

/// As [`query`], but where a source cannot be read it gives what was counted last, and why; and it commits nothing. What
/// cannot be read at all has no values, and says why.
pub fn glance(job: &Job<'_>, now: i64) -> Reading {
    match look(job, now) {
        Ok(found) => {
            let damaged = found.damaged.then(|| {
                let dir = job.store().state_dir;
                format!(
                    "{}: the state is damaged; the next update goes on from the counter file",
                    dir.display()
                )
            });
            let unknown = damaged.or_else(|| nothing(job, &found.state));
            Reading { unknown, ..found.reading(job, now) }
        }
        Err(e) => unreadable(job, &e),
    }
}

/// Why nothing is known yet, where nothing was ever counted and there is nothing to be read.
fn unknown(job: &Job<'_>, state: &State) -> Option<String> {
    let has_counted =
        state.moved.iter().any(|moved| *moved != 0) || state.totals.iter().any(|total| *total != 0);
    let missing = if has_counted { None } else { job.missing(state) };
    missing.map(|missing| format!("nothing was counted yet, and {missing}"))
}

/// As [`unknown`], and also where an update has looked and found nothing to be read, or nothing to be measured.
fn nothing(job: &Job<'_>, state: &State) -> Option<String> {
    let is_empty = state.totals.iter().all(|total| *total == 0);
    let is_begun = state.since > 0 || state.pushed > 0;
    let missing = || job.missing(state).map(|missing| format!("nothing was counted yet, and {missing}"));
    match job.feed.protocol.measured {
        true if is_empty => Some(missing().unwrap_or_else(|| "it was never measured".to_owned())),
        false if is_empty && !is_begun => missing(),
        _ => unknown(job, state),
    }
}

fn whole(found: Found) -> Result<Found> {
    match found.failed {
        Some(e) => Err(e),
        None => Ok(found),
    }
}

/// Reads as [`query`] does, and commits nothing whatever it finds; where a source cannot be read, it gives what was counted
/// last, and why.
///
/// # Errors
/// When the last commit is there and cannot be read.
pub fn look(job: &Job<'_>, now: i64) -> Result<Found> {
    for tries in 1..=MOST_TRIES {
        match look_once(job, now)? {
            // A left-over chunk that is gone when its turn comes is gone at the next try, too.
            None => {}
            Some(Found { failed: Some(Error::Passing(_)), .. }) if tries < TRIES => std::thread::sleep(PAUSE),
            Some(found) => return Ok(found),
        }
    }
    Err(Error::Message("left-over chunks (@*.u) come and go faster than they can be read".to_owned()))
}

/// How often a look is begun anew because a left-over chunk was gone when its turn came.
const MOST_TRIES: u32 = 50;

/// `None`: a chunk was removed or processed while this was at it.
fn look_once(job: &Job<'_>, now: i64) -> Result<Option<Found>> {
    let Some(mut begun) = Begun::new(job, now)? else { return Ok(None) };
    read_streams(&mut [begun.reader()]);
    Ok(Some(begun.end()))
}

/// Looks at protocols that share a log. `None`: something came in between, or something is wrong with it.
fn look_together(jobs: &[Job<'_>], now: i64) -> Vec<Option<Found>> {
    let mut all: Vec<Option<Begun<'_>>> =
        jobs.iter().map(|job| Begun::new(job, now).ok().flatten()).collect();
    let mut readers: Vec<Reader<'_, '_>> = all.iter_mut().flatten().map(Begun::reader).collect();
    read_streams(&mut readers);
    all.into_iter().map(|begun| begun.map(Begun::end)).collect()
}

/// A look, before the logs that every program writes to are read.
struct Begun<'j> {
    job: Job<'j>,
    base: State,
    intake: Intake,
    complete: bool,
    damaged: bool,
    /// How the reading of the log directories ended.
    read: Result<()>,
}

impl<'j> Begun<'j> {
    /// Reads the log directories. `None`: a chunk was removed or processed meanwhile.
    fn new(job: &Job<'j>, now: i64) -> Result<Option<Self>> {
        let Snapshot { state: base, origin, opened } = Snapshot::take(job, &mut || base(job))?;
        let damaged = origin == StateOrigin::Damaged;
        let how = ReadOptions { archive: false, ..job.read_options(now, origin)? };
        let mut intake = job.intake(how, base.clone())?;
        if base.messages.file.is_some() && intake.state.messages.file.is_none() {
            // A commit may have come in between, and have taken the file away.
            let is_newer = |state: State| state.number != base.number;
            if job.store().read()?.is_some_and(is_newer) {
                return Ok(None);
            }
        }
        let read = opened.and_then(|all| {
            if let Some(dir) =
                gone::needed(&base, &all, now).at("read", Path::new("the log directories"))?.first()
            {
                return Err(Error::Passing(format!(
                    "{}: is not there, and was read before; is it mounted? If it was removed or renamed, maillogs update goes on without it",
                    dir.display()
                )));
            }
            all.into_iter().try_for_each(|(dir, listing)| intake.read_directory(&dir, listing))
        });
        if intake.missed {
            return Ok(None);
        }
        let complete = job.measure(&mut intake, now);
        Ok(Some(Self { job: *job, base, intake, complete, damaged, read }))
    }

    fn reader<'r>(&'r mut self) -> Reader<'r, 'j> {
        Reader { job: self.job, intake: &mut self.intake, complete: &mut self.complete, is_roll: false }
    }

    fn end(self) -> Found {
        let Self { job, base, mut intake, mut complete, damaged, read } = self;
        if let Err(e) = read {
            let (failed, closed) = if e.is_denied() {
                warn(format_args!("{e}; this is what was counted before"));
                (intake.failed, Some(e.to_string()))
            } else {
                (Some(e), None)
            };
            return Found { state: base, new_bytes: 0, complete: false, damaged, failed, closed };
        }
        let (new_bytes, failed) = (intake.new_bytes, intake.failed.take());
        complete &= failed.is_none();
        let (state, ..) = intake.finish();
        // Only root may read all of qmail's queue: what root has measured holds.
        let is_closed = !complete && failed.is_none() && !job.feed.protocol.measured;
        let closed = is_closed.then(|| "a source is closed to this user, and its lines wait".to_owned());
        Found { state, new_bytes, complete, damaged, failed, closed }
    }
}

/// The last commit; before the first one, what the Perl maillogs left.
fn base(job: &Job<'_>) -> Result<(State, StateOrigin)> {
    let store = job.store();
    if let Some(state) = store.read()? {
        return Ok((state, StateOrigin::Known));
    }
    store.before_first_commit()
}

//! The read side: the last commit, and in memory what lies beyond its cursors.
//!
//! No lock, no write, no fsync; right at any instant, also while a logger rolls and a processor works.
use std::time::Duration;

use crate::error::{Error, Result, warn};
use crate::ingest::{Job, Options, Reader, Snapshot, read_streams};
use crate::store::commit::Origin;
use crate::store::state::State;

/// What a query found.
#[derive(Debug)]
pub struct Answer {
    /// By position in the protocol's table.
    pub values: Vec<i128>,
    /// The commit that it is based on; 0: none yet.
    pub commit: u64,
    /// Bytes that lay beyond the cursors.
    pub new_bytes: u64,
    /// The state that they would make.
    pub state: State,
    /// Was every source read to its end?
    pub complete: bool,
}

/// So much beyond the cursors is committed, if it may be, instead of being read again by every query.
const WORTH_A_COMMIT: u64 = 1 << 20;

/// Answers at `now` (unix seconds).
///
/// # Errors
/// When the last commit is there and cannot be read.
pub fn query(job: &Job<'_>, now: i64) -> Result<Answer> {
    let mut answer = look(job, now)?;
    if answer.commit == 0
        && let Some(missing) = job.missing(&answer.state)
    {
        warn(format_args!("nothing was counted yet, and {missing}"));
    }
    if answer.new_bytes > WORTH_A_COMMIT {
        let at_once = Options { patience: Duration::ZERO, ..Options::default() };
        // A user who may not write, a lock that is held: the answer in memory is as good.
        if job.advance(None, &mut || Ok(()), at_once).is_ok() {
            answer = Answer { new_bytes: answer.new_bytes, ..look(job, now)? };
        }
    }
    Ok(answer)
}

/// As [`query`], and commits nothing whatever it finds.
///
/// # Errors
/// When the last commit is there and cannot be read.
pub fn look(job: &Job<'_>, now: i64) -> Result<Answer> {
    for _ in 0..TRIES {
        if let Some(answer) = look_once(job, now)? {
            return Ok(answer);
        }
    }
    Err(Error::Message("left-over chunks (@*.u) come and go faster than they can be read".to_owned()))
}

/// A left-over chunk that is gone when its turn comes is gone at the next try, too; so often others may go meanwhile.
const TRIES: u32 = 50;

/// `None`: a chunk was removed or processed while this was at it.
fn look_once(job: &Job<'_>, now: i64) -> Result<Option<Answer>> {
    let protocol = job.feed.protocol;
    let step = i64::from(job.config.rrd_step);
    let Snapshot { state: base, origin, opened } = Snapshot::take(job, &mut || base(job))?;
    let commit = base.number;
    let how = crate::ingest::How { archive: false, ..job.how(now, origin) };
    let mut gather = job.gather(how, base.clone());
    let read = opened
        .and_then(|all| all.into_iter().try_for_each(|(dir, listing)| gather.read_directory(&dir, listing)));
    if gather.missed {
        return Ok(None);
    }
    let mut complete = job.measure(&mut gather, now);
    read_streams(&mut [Reader { job: *job, gather: &mut gather, complete: &mut complete, is_roll: false }]);
    if let Err(e) = read {
        warn(format_args!("{e}; this is what was counted before"));
        let values = base.values(protocol, now, step);
        return Ok(Some(Answer { values, commit, new_bytes: 0, state: base, complete: false }));
    }
    let new_bytes = gather.new_bytes;
    let (state, ..) = gather.finish();
    Ok(Some(Answer { values: state.values(protocol, now, step), commit, new_bytes, state, complete }))
}

/// The last commit; before the first one, what the Perl maillogs left.
fn base(job: &Job<'_>) -> Result<(State, Origin)> {
    let store = job.store();
    if let Some(state) = store.read()? {
        return Ok((state, Origin::Known));
    }
    store.before_first_commit()
}

//! Log directories as they are at one moment, while loggers roll and processors commit: for a query, which has no
//! lock.
//!
//! The chunks are opened and held, and then the last commit is read. Every line that stood there is in that commit or
//! beyond its cursors, whatever was committed, renamed or removed in between, and none is in both; so a query needs
//! one look, however often others commit. A chunk without labels has one identity while it grows and another one when
//! it is finished. If there are such chunks, a snapshot is valid only if no commit came in between.
//!
//! Where more `@*.u` were left behind than files may be open at once, some of them are opened only when they are read.
//! One that is gone then was removed, or processed by a younger commit: the query has to be done anew.
use std::path::PathBuf;

use super::job::Job;
use crate::error::Result;
use crate::source::directory::{Chunk, Found, Listing, list};
use crate::source::identity::head;
use crate::source::opener::most_held;
use crate::store::session::StateOrigin;
use crate::store::state::State;

/// How often the directories are looked at anew while commits are made meanwhile.
const TRIES: u32 = 50;

/// What a query counts from, and what it reads.
#[derive(Debug)]
pub struct Snapshot {
    /// The last commit.
    pub state: State,
    /// Where it came from.
    pub origin: StateOrigin,
    /// The log directories; or why one of them cannot be read.
    pub opened: Result<Vec<(PathBuf, Listing)>>,
}

impl Snapshot {
    /// Opens the log directories, and then reads the last commit by `last`.
    ///
    /// # Errors
    /// Those of `last`.
    pub fn take(job: &Job<'_>, last: &mut dyn FnMut() -> Result<(State, StateOrigin)>) -> Result<Self> {
        let (mut before, _) = last()?;
        let mut tries = 0;
        loop {
            let directories = job.directories(&before)?;
            let most = most_held(directories.len());
            let open = |dir: PathBuf| list(&dir, &before.ledger, None, most).map(|listing| (dir, listing));
            let mut opened: Result<Vec<_>> = directories.iter().cloned().map(open).collect();
            let (state, origin) = last()?;
            tries += 1;
            if state.number != before.number {
                let are_known = opened.as_ref().is_ok_and(|all| all.iter().all(|(_, l)| has_labels(l)));
                let settled = are_known && job.directories(&state)? == directories;
                if !settled && tries < TRIES {
                    before = state;
                    continue;
                }
                // Positions in the ledger that was, of chunks of which nothing is to be read.
                opened.iter_mut().flatten().for_each(|(_, listing)| listing.done.clear());
            }
            return Ok(Self { state, origin, opened });
        }
    }
}

/// Has every chunk a label, by which it is known for ever?
fn has_labels(listing: &Listing) -> bool {
    let labelled = |chunk: &Chunk| head(&chunk.file, true).is_ok_and(|head| head.label.is_some());
    listing.chunks.iter().all(|found| match found {
        Found::Open(chunk) => labelled(chunk),
        // One that is gone is missed when its turn comes.
        Found::Waiting(waiting) => waiting.open().is_ok_and(|chunk| chunk.is_none_or(|c| labelled(&c))),
    })
}

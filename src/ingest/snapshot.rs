//! Log directories as they are at one moment, while loggers roll and processors commit: for a query, which has no
//! lock.
//!
//! The chunks are opened and held, and then the last commit is read. Every line that stood there is in that commit or
//! beyond its cursors, whatever was committed, renamed or removed in between, and none is in both; so a query needs
//! one look, however often others commit. A chunk without labels is known by one thing while it grows and by another
//! when it is finished: where there are such, no commit may have come in between.
use std::path::PathBuf;

use super::Job;
use crate::error::Result;
use crate::source::directory::{Listing, list};
use crate::source::identity::head;
use crate::store::commit::Origin;
use crate::store::state::State;

/// So often the directories are looked at anew.
const TRIES: u32 = 50;

/// What a query counts from, and what it reads.
#[derive(Debug)]
pub struct Snapshot {
    /// The last commit.
    pub state: State,
    /// Where it came from.
    pub origin: Origin,
    /// The log directories; or why one of them cannot be read.
    pub opened: Result<Vec<(PathBuf, Listing)>>,
}

impl Snapshot {
    /// `last` reads the last commit.
    ///
    /// # Errors
    /// Those of `last`.
    pub fn take(job: &Job<'_>, last: &mut dyn FnMut() -> Result<(State, Origin)>) -> Result<Self> {
        let (mut before, _) = last()?;
        let mut tries = 0;
        loop {
            let directories = job.directories(&before);
            let open = |dir: PathBuf| list(&dir, &before.ledger, None).map(|listing| (dir, listing));
            let mut opened: Result<Vec<_>> = directories.iter().cloned().map(open).collect();
            let (state, origin) = last()?;
            tries += 1;
            if state.number != before.number {
                let are_known = opened.as_ref().is_ok_and(|all| all.iter().all(|(_, l)| has_labels(l)));
                let settled = are_known && job.directories(&state) == directories;
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
    listing.chunks.iter().all(|chunk| head(&chunk.file, true).is_ok_and(|head| head.label.is_some()))
}

//! Finds a chunk in the ledger, quickly also if there are many thousands of both.
use std::collections::{BTreeSet, HashMap};
use std::io;

use crate::ledger::{Digest, Identity, Ledger};
use crate::source::directory::Chunk;
use crate::source::identity::grew_from;

/// Up to this many chunks are looked for one after the other, which is faster than to make an index.
const FEW: u32 = 16;

/// Finds chunks in the ledger.
#[derive(Debug, Default)]
pub(super) struct Known {
    searches: u32,
    index: Option<Index>,
}

/// The positions of the ledger's chunks.
#[derive(Debug, Default)]
struct Index {
    labels: HashMap<Digest, usize>,
    growing: BTreeSet<usize>,
}

impl Index {
    fn of(ledger: &Ledger) -> Self {
        let mut index = Index::default();
        ledger.cursors.iter().enumerate().for_each(|(at, cursor)| index.note(at, &cursor.identity));
        index
    }

    fn note(&mut self, at: usize, identity: &Identity) {
        self.growing.remove(&at);
        match identity {
            Identity::Label(label) => {
                self.labels.insert(*label, at);
            }
            Identity::Growing { .. } => {
                self.growing.insert(at);
            }
            Identity::Whole { .. } => {}
        }
    }
}

impl Known {
    /// The position of the one that has grown to be this file, which had no label or was changed, or else of the chunk
    /// with this label.
    ///
    /// # Errors
    /// When the chunk cannot be read.
    pub(super) fn find(
        &mut self,
        ledger: &Ledger,
        label: Option<Digest>,
        chunk: &Chunk,
    ) -> io::Result<Option<usize>> {
        self.searches += 1;
        let index = match &self.index {
            None if self.searches <= FEW => {
                let grown = last_grown(ledger, chunk, (0..ledger.cursors.len()).rev())?;
                return Ok(grown.or_else(|| label.and_then(|label| ledger.find(&Identity::Label(label)))));
            }
            _ => self.index.get_or_insert_with(|| Index::of(ledger)),
        };
        let grown = last_grown(ledger, chunk, index.growing.iter().rev().copied())?;
        Ok(grown.or_else(|| label.and_then(|label| index.labels.get(&label)).copied()))
    }

    /// The ledger's chunk at this position is this one now.
    pub(super) fn note(&mut self, at: usize, identity: &Identity) {
        if let Some(index) = &mut self.index {
            index.note(at, identity);
        }
    }
}

/// The first of `positions` whose chunk has grown to be this one.
fn last_grown(
    ledger: &Ledger,
    chunk: &Chunk,
    positions: impl Iterator<Item = usize>,
) -> io::Result<Option<usize>> {
    for at in positions {
        if let Some(cursor) = ledger.cursors.get(at)
            && grew_from(cursor, &chunk.file, &chunk.meta)?
        {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

//! Beginnings of lines that wait for their rest, apart from the state.
//!
//! Everybody may read the state, because pollers do; but a piece of a line may hold a password, which vpopmail writes to
//! its log. So the state holds a name for each piece ([`Tail::Kept`]), and `state/P.held`, which only the log's user may
//! read, holds the pieces. A name is random: it tells nothing of the text, as a hash of it would, and it never comes
//! to mean another one.
//!
//! The file is written before the commit that names a new piece, with the pieces of the commit before it as well; after
//! the commit it loses what is named no more. So whatever dies when, the pieces of the last commit are there. A reader
//! that may not read the file counts such a line only after the next commit has counted it.
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::record::{Record, decode, encode, read_any};
use super::state::State;
use crate::disk;
use crate::error::{Error, Result};
use crate::ledger::{Digest, Directory, Tail, new_identity};

/// The pieces by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beginnings(Vec<(Digest, Vec<u8>)>);

impl Record for Beginnings {
    fn from_v1(_: &[u8]) -> Option<Self> {
        None
    }

    fn from_v2(_: &[u8]) -> Option<Self> {
        None
    }

    fn from_v3(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn from_v4(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn from_v5(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

fn tails(directory: &Directory) -> [&Tail; 2] {
    [&directory.count_tail, &directory.archive_tail]
}

fn names(state: &State) -> impl Iterator<Item = Digest> {
    let all = state.ledger.directories.iter().flat_map(tails);
    all.filter_map(|tail| if let Tail::Kept { name, .. } = tail { Some(*name) } else { None })
}

impl Beginnings {
    fn text(&self, name: Digest) -> Option<&Vec<u8>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// Takes the pieces out of `state`. `true`: some are new here.
    pub(super) fn take_from(&mut self, state: &mut State) -> bool {
        let known = self.0.len();
        for directory in &mut state.ledger.directories {
            for tail in [&mut directory.count_tail, &mut directory.archive_tail] {
                if let Tail::Held { text, time, since } = tail {
                    let (text, time, since) = (std::mem::take(text), *time, *since);
                    let name = match self.0.iter().find(|(_, known)| *known == text) {
                        Some((name, _)) => *name,
                        None => {
                            let name = new_identity();
                            self.0.push((name, text));
                            name
                        }
                    };
                    *tail = Tail::Kept { name, time, since };
                }
            }
        }
        self.0.len() > known
    }

    /// Puts the pieces back into `state`. `false`: one is not here; its line is not counted, nor is its rest.
    pub(super) fn put_into(&self, state: &mut State) -> bool {
        let mut all = true;
        for directory in &mut state.ledger.directories {
            let lost = [Tail::Open, Tail::Closed];
            for (tail, lost) in [&mut directory.count_tail, &mut directory.archive_tail].into_iter().zip(lost)
            {
                if let Tail::Kept { name, time, since } = tail {
                    *tail = match self.text(*name) {
                        Some(text) => Tail::Held { text: text.clone(), time: *time, since: *since },
                        None => {
                            all = false;
                            lost
                        }
                    };
                }
            }
        }
        all
    }

    /// Those that `state` names.
    pub(super) fn named_in(&self, state: &State) -> Self {
        let mut held = self.clone();
        held.0.retain(|(known, _)| names(state).any(|name| name == *known));
        held
    }

    /// Writes what is to be at `path`: a file that nobody else may read, or none.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        if self.0.is_empty() { disk::remove(path) } else { disk::replace(path, &encode(self), 0o600) }
    }
}

/// Puts the pieces of `state` back for a reader without a lock. `false`: one is missing, perhaps because a commit came
/// in between.
///
/// # Errors
/// When the file is there and cannot be read, though we may.
pub(super) fn put_back(path: &Path, state: &mut State) -> Result<bool> {
    if names(state).next().is_none() {
        return Ok(true);
    }
    match read_any(path) {
        Ok(bytes) => {
            let held: Option<Beginnings> = bytes.and_then(|bytes| decode(&bytes));
            Ok(held.unwrap_or_default().put_into(state))
        }
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Beginnings::default().put_into(state);
            Ok(true)
        }
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    fn state(pieces: &[&str]) -> State {
        let mut state = State::new(&SEND);
        let tail = |text: &str| Tail::Held { text: text.into(), time: 1, since: 2 };
        for (n, piece) in pieces.iter().enumerate() {
            let path = format!("/d{n}");
            let (count_tail, archive_tail) = (tail(piece), tail(&format!("{piece} archived")));
            state.ledger.directories.push(Directory {
                path,
                count_tail,
                archive_tail,
                ..Directory::default()
            });
        }
        state
    }

    #[test]
    fn pieces_leave_nothing_in_the_state_and_come_back() {
        let whole = state(&["(pass: 'secret')", "(pass: 'battery')"]);
        let (mut held, mut sealed) = (Beginnings::default(), whole.clone());
        assert!(held.take_from(&mut sealed));
        let bytes = encode(&sealed);
        for word in ["secret", "battery", "(pass"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
        }
        // The same text twice makes no other state for who may see only that.
        let (mut again, mut other) = (Beginnings::default(), whole.clone());
        again.take_from(&mut other);
        assert_ne!(encode(&other), bytes, "a name is no hash of the text");
        let mut back: State = decode(&bytes).unwrap();
        assert!(held.put_into(&mut back));
        assert_eq!(back, whole);
        // What is known already has its name, and the file need not be written.
        assert!(!held.take_from(&mut back));
        assert_eq!(back, sealed);
    }

    #[test]
    fn what_is_missing_counts_nothing() {
        let (mut held, mut sealed) = (Beginnings::default(), state(&["a", "b"]));
        held.take_from(&mut sealed);
        held.0.remove(0);
        assert!(!held.put_into(&mut sealed));
        let tails: Vec<[&Tail; 2]> = sealed.ledger.directories.iter().map(tails).collect();
        assert_eq!(*tails[0][0], Tail::Open);
        assert!(matches!(tails[1][0], Tail::Held { text, .. } if text == b"b"));
    }
}

//! What was pushed to the RRD lately, minute by minute: an RRD that is gone, damaged or an older copy is filled again
//! from it.
//!
//! Two files that are only appended to, one beside the state and one beside the counters, so that a restore of either
//! leaves the other. At a megabyte a file begins anew, and the one before it is kept. Nothing waits for the disk: what
//! a loss of power has torn has a wrong checksum and is passed over.
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;

use super::files::Store;
use super::rrd::Update;
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};
use crate::ledger::digest;

/// What a record begins with: its length and checksum follow.
const BEGIN: &[u8; 4] = b"\nmin";
/// Bytes before a record's body.
const FRONT: usize = 4 + 4 + 8;
/// At this size a file begins anew.
const MOST: u64 = 1 << 20;

/// The body: the step in seconds, the end of the minute that was pushed before, the begin of this one, and by key the
/// values that are not 0.
type Body<'a> = (i64, i64, i64, Vec<(&'a str, i128)>);

/// What was pushed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pushed {
    /// Oldest first.
    pub(super) minutes: Vec<Update>,
    /// Spans of time (unix seconds) of which it is not known what was pushed.
    pub(super) unknown: Vec<(i64, i64)>,
}

impl Store {
    /// The files, without the ones before them.
    fn minutes_files(&self) -> [PathBuf; 2] {
        let name = format!(".{}.minutes", self.protocol.name);
        [self.state_dir.join(&name), self.counter_file.with_file_name(name)]
    }

    /// Notes what was pushed after a minute that ended at `before` (unix seconds). What cannot be noted is missing
    /// only if the RRD is lost as well.
    pub(super) fn note_minutes(&self, before: i64, updates: &[Update]) {
        // Of more than fits, as after a first run, the newest are kept.
        let (mut all, mut records, mut body) = (Vec::new(), Vec::new(), (self.step, 0, 0, Vec::new()));
        for (i, (begin, values)) in updates.iter().enumerate().rev() {
            (body.1, body.2) = (i.checked_sub(1).map_or(before, |i| updates[i].0 + self.step), *begin);
            body.3.clear();
            body.3.extend(values.iter().map(|(at, value)| (self.protocol.counters[at].key, value)));
            let from = all.len();
            all = with_record(all, &body);
            if all.len() as u64 > MOST {
                break;
            }
            records.push(from..all.len());
        }
        let mut bytes = Vec::with_capacity(all.len());
        for record in records.into_iter().rev() {
            bytes.extend_from_slice(all.get(record).unwrap_or_default());
        }
        for path in self.minutes_files() {
            // Where it belongs to somebody else, after a restore, it begins anew.
            if append(&path, &bytes).is_err() && path.parent().is_some_and(Path::is_dir) {
                let _ = disk::replace_lightly(&path, &bytes, 0o644);
            }
        }
    }

    /// If there was no room to write `path`, which is needed, removes the files beside it that are needed only after
    /// a loss. Returns whether one was removed.
    pub(super) fn made_room(&self, error: &Error, path: &Path) -> bool {
        let is_full = matches!(error, Error::Io { source, .. } if matches!(source.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT)));
        let beside = |file: &&PathBuf| is_full && file.parent() == path.parent() && file.exists();
        let minutes = self.minutes_files().into_iter().flat_map(|file| [disk::with_end(&file, ".old"), file]);
        let all: Vec<PathBuf> = minutes.chain([self.counters_copy()]).collect();
        let removed = all.iter().filter(beside).filter(|file| disk::remove(file).is_ok()).count();
        removed > 0
    }

    /// What was pushed from `from` to `to` (unix seconds), as far as it is known.
    pub(super) fn pushed_minutes(&self, from: i64, to: i64) -> Pushed {
        let mut minutes: BTreeMap<i64, (i64, Vec<i128>)> = BTreeMap::new();
        for path in self.minutes_files() {
            for path in [disk::with_end(&path, ".old"), path] {
                let Ok(Some(bytes)) = disk::read(&path) else { continue };
                for (step, before, begin, values) in records(&bytes) {
                    if step != self.step || !(from..to).contains(&begin) {
                        continue;
                    }
                    let mut all = vec![0; self.protocol.counters.len()];
                    for (key, value) in values {
                        if let Some(slot) = self.protocol.index(key).and_then(|i| all.get_mut(i)) {
                            *slot = value;
                        }
                    }
                    // A minute is pushed once in the life of a file; of a later one, what came last is true.
                    minutes.insert(begin, (before, all));
                }
            }
        }
        let mut pushed = Pushed::default();
        let mut known_to = from;
        for (begin, (before, values)) in minutes {
            if before > known_to {
                pushed.unknown.push((known_to, before));
            }
            known_to = begin + self.step;
            pushed.minutes.push((begin, values.into()));
        }
        if known_to < to {
            pushed.unknown.push((known_to, to));
        }
        pushed
    }
}

/// `all` with one record more.
fn with_record(mut all: Vec<u8>, body: &Body<'_>) -> Vec<u8> {
    let begin = all.len();
    all.extend_from_slice(BEGIN);
    all.extend_from_slice(&[0; FRONT - BEGIN.len()]);
    let mut all = postcard::to_extend(body, all).unwrap_or_default();
    if let Some((front, body)) = all.get_mut(begin..).and_then(|record| record.split_at_mut_checked(FRONT)) {
        front[4..8].copy_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        front[8..].copy_from_slice(&digest(&[body])[..8]);
    }
    all
}

fn append(path: &PathBuf, bytes: &[u8]) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() > MOST => disk::rename(path, &disk::with_end(path, ".old"))?,
        _ => {}
    }
    let open = || {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path)
    };
    let mut file = disk::change(Change::Create(path), open).at("open", path)?;
    disk::change(Change::Write(path), || file.write_all(bytes)).at("write", path)
}

/// The whole records of a file.
fn records(bytes: &[u8]) -> impl Iterator<Item = Body<'_>> {
    memchr::memmem::find_iter(bytes, BEGIN).filter_map(|at| {
        let front = bytes.get(at..at + FRONT)?;
        let length = u32::from_le_bytes(front[4..8].try_into().ok()?);
        let body = bytes.get(at + FRONT..)?.get(..usize::try_from(length).ok()?)?;
        if digest(&[body])[..8] != front[8..] {
            return None;
        }
        postcard::from_bytes(body).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DAY0, protocol, store};
    use super::*;
    use crate::protocol::{Counter, count};

    const TABLE: &[Counter] = &[count("a", "a", ""), count("b", "b", "")];

    #[test]
    fn what_was_pushed_is_read_back_around_torn_records() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), protocol(TABLE, &[], &[]), 60);
        std::fs::create_dir(dir.path().join("state")).unwrap();
        std::fs::create_dir(dir.path().join("counters")).unwrap();
        let minute = |n: i64| (DAY0 + 60 * n, vec![i128::from(n), 0].into());
        store.note_minutes(DAY0, &[minute(1), minute(2)]);
        for path in store.minutes_files() {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        }
        store.note_minutes(DAY0 + 180, &[minute(3), minute(4)]);
        let all = store.pushed_minutes(DAY0, DAY0 + 300);
        assert_eq!(all.minutes, [minute(1), minute(3), minute(4)]);
        assert_eq!(all.unknown, [(DAY0 + 120, DAY0 + 180)], "the second minute was torn");
        let third = store.pushed_minutes(DAY0 + 180, DAY0 + 240);
        assert_eq!((third.minutes, third.unknown), (vec![minute(3)], vec![]));
        let later = store.pushed_minutes(DAY0 + 300, DAY0 + 600);
        assert_eq!((later.minutes, later.unknown), (vec![], vec![(DAY0 + 300, DAY0 + 600)]));
        std::fs::remove_file(dir.path().join("state/.p.minutes")).unwrap();
        assert_eq!(store.pushed_minutes(DAY0, DAY0 + 86_400).minutes.len(), 3);
    }

    #[test]
    fn two_megabytes_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), protocol(TABLE, &[], &[]), 60);
        std::fs::create_dir(dir.path().join("state")).unwrap();
        let minute = |n: i64| (DAY0 + 60 * n, vec![1, i128::MAX].into());
        for hundred in 0..900 {
            let all: Vec<Update> = (0..100).map(|n| minute(hundred * 100 + n)).collect();
            store.note_minutes(DAY0, &all);
        }
        let size: u64 = super::super::tests::names(&dir.path().join("state"))
            .iter()
            .map(|name| std::fs::metadata(dir.path().join("state").join(name)).unwrap().len())
            .sum();
        assert!((MOST..2 * MOST + 20_000).contains(&size), "{size}");
        let kept = store.pushed_minutes(DAY0, i64::MAX).minutes;
        assert_eq!(kept.last(), Some(&minute(89_999)));
        assert!(kept.len() > 10_000);
    }
}

//! The journal, and the commit's RRD step: what is pushed, to which file, and what happens if that cannot
//! be done. Nothing here fails: whatever is wrong with the RRD, the mail log goes on and the bins wait.
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::commit::Store;
use super::disk;
use super::migrate::{self, Fit};
use super::rrd::header::{Header, Look, look, put_back};
use super::rrd::{Update, create, push};
use super::state::{Record, RrdMark, State};
use super::v1::StateV1;
use super::v2::StateV2;
use crate::error::{Result, warn};
use crate::tally;

/// An RRD whose last update lies more than this after now was fed by a wrong clock (seconds).
pub(super) const FUTURE: i64 = 3600;

/// The RRD before the journal's updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RrdBefore {
    file: (u64, u64),
    mark: RrdMark,
    last_update: i64,
    header: Vec<u8>,
}

/// What step 4 needs, with absolute values: applying it twice is applying it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) state: State,
    /// Bins to push; they are no longer in `state.bins`.
    pub(super) updates: Vec<Update>,
    /// `state.pushed` and `state.gauges` if the push cannot be done.
    pub(super) pushed_before: i64,
    pub(super) gauges_before: Vec<i128>,
    /// `None`: the RRD was to be created.
    pub(super) rrd: Option<RrdBefore>,
    /// How often a later process began to redo it, as long as the RRD may not be done.
    pub(super) redone: u32,
}

impl Record for Journal {
    fn from_v1(bytes: &[u8]) -> Option<Self> {
        // All of the journal behind its state is as it was.
        let (state, rest) = postcard::take_from_bytes::<StateV1>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, redone) = postcard::from_bytes(rest).ok()?;
        Some(Journal { state: state.into(), updates, pushed_before, gauges_before, rrd, redone })
    }

    fn from_v2(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV2>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, redone) = postcard::from_bytes(rest).ok()?;
        Some(Journal { state: state.into(), updates, pushed_before, gauges_before, rrd, redone })
    }

    fn is_whole(&self) -> bool {
        let width = self.state.keys.len();
        self.state.is_whole()
            && self.gauges_before.len() == width
            && self.updates.iter().all(|(_, values)| values.len() == width)
    }
}

/// Puts the journal's updates back among the waiting bins.
fn hold(journal: &mut Journal, now: i64) {
    for (begin, values) in journal.updates.drain(..) {
        journal.state.bins.insert(begin, tally::Bin { values, born: now, touched: 0 });
    }
    journal.state.pushed = journal.pushed_before;
    journal.state.gauges.clone_from(&journal.gauges_before);
}

/// Before the journal is written: is there an RRD to push to, and what does it look like? Whatever is
/// wrong with it, the mail log goes on and the bins wait.
pub(super) fn prepare(store: &Store, journal: &mut Journal, now: i64) {
    let Some(first) = journal.updates.first().map(|u| u.0) else { return };
    let path = &store.rrd;
    let aside = |why: &str, what: &str| match disk::set_aside(path, why, now) {
        Ok(aside) => {
            warn(format_args!("{}: {what}; kept as {}, a new one is begun", path.display(), aside.display()));
            true
        }
        Err(e) => {
            warn(format_args!("{e}; {what}, the graphs wait"));
            false
        }
    };
    if let Some(dir) = path.parent()
        && let Err(e) = disk::make_dir(dir)
    {
        warn(format_args!("{e}; the counters go on, the graphs wait"));
        return hold(journal, now);
    }
    if let Err(e) = migrate::finish(store, journal.state.rrd, now) {
        warn(format_args!("{e}; the counters go on, the graphs wait"));
        return hold(journal, now);
    }
    let created = match look(path) {
        Err(e) => {
            warn(format_args!("{e}; the counters go on, the graphs wait"));
            false
        }
        Ok(Look::Missing) => {
            if journal.state.rrd.is_some() {
                warn(format_args!("{}: is gone; a new one is begun", path.display()));
            }
            true
        }
        Ok(Look::Broken(why)) => aside("corrupt", &format!("is damaged: {why}")),
        Ok(Look::Sound(header)) => {
            let fit = migrate::fit(store, &header);
            let ours = journal.state.rrd.is_none_or(|mark| mark == header.mark);
            if !ours {
                aside("corrupt", "is not the file that was written last")
            } else if fit == Fit::Foreign && !store.may_drop {
                warn(format_args!(
                    "{}: has other data sources or another step than are needed now; it stays until toaster.conf is in order, and the graphs wait",
                    path.display()
                ));
                false
            } else if fit == Fit::Foreign {
                aside("old", "has other data sources or another step than are needed now")
            } else if header.last_update > now + FUTURE {
                aside("future", "was updated with a time that is still to come (was the clock wrong?)")
            } else if fit == Fit::Outgrown {
                // The next process brings it up to date before it reads anything, or says why it cannot.
                false
            } else if header.last_update > first {
                warn(format_args!(
                    "{}: was updated by somebody else; its next bin takes what it lacks",
                    path.display()
                ));
                hold(journal, now);
                move_behind(store, journal, header.last_update);
                return;
            } else {
                let Header { bytes, file, mark, last_update, .. } = *header;
                journal.rrd = Some(RrdBefore { file, mark, last_update, header: bytes });
                return;
            }
        }
    };
    if !created {
        hold(journal, now);
    }
}

/// The journal of a commit that died is lost, and the RRD may have been pushed to by it: its bins, which were counted
/// once more now, are not pushed again.
pub(super) fn leave_out(store: &Store, journal: &mut Journal, now: i64) {
    let Ok(Look::Sound(header)) = look(&store.rrd) else { return };
    let floor = tally::begin(header.last_update + store.step - 1, store.step);
    if floor <= journal.pushed_before
        || header.last_update > now + FUTURE
        || journal.state.rrd.is_some_and(|mark| mark != header.mark)
    {
        return;
    }
    journal.updates.retain(|(begin, _)| *begin >= floor);
    journal.state.bins.retain(|begin, _| *begin >= floor);
    journal.state.pushed = journal.state.pushed.max(floor);
    journal.pushed_before = floor;
    warn(format_args!(
        "{}: was updated by a commit whose journal is lost; what it has is not pushed again",
        store.rrd.display()
    ));
}

/// Bins that begin before `last_update` cannot be pushed any more: the first that can takes them.
fn move_behind(store: &Store, journal: &mut Journal, last_update: i64) {
    let floor = tally::begin(last_update + store.step - 1, store.step);
    let late: Vec<i64> = journal.state.bins.range(..floor).map(|(k, _)| *k).collect();
    for begin in late {
        tally::move_bin(store.protocol, &mut journal.state.bins, begin, floor);
    }
    journal.state.pushed = floor;
}

/// Pushes, or leaves the file as if nothing had been.
fn push_or_undo(store: &Store, before: &RrdBefore, updates: &[Update], now: i64) -> Result<()> {
    let path = &store.rrd;
    let pushed = push(path, store.protocol, store.step, before.last_update, updates);
    if pushed.is_err() {
        let _ = mend(path, &before.header, now);
    }
    pushed
}

/// Puts the header back. If that cannot be done, nobody knows what the file holds: it is moved aside.
fn mend(path: &Path, header: &[u8], now: i64) -> Result<()> {
    // Nothing was done to it: it may not be ours to write.
    if matches!(look(path), Ok(Look::Sound(is)) if is.bytes == header) {
        return Ok(());
    }
    // Half of it may be written, so it is tried once more.
    put_back(path, header).or_else(|_| put_back(path, header)).inspect_err(|e| {
        warn(format_args!("{e}; the RRD cannot be mended"));
        let _ = disk::set_aside(path, "corrupt", now);
    })
}

/// A journal that was written under another table or for another step: its bins mean nothing to the file that
/// is pushed to now. What was done of the push is undone, and they wait in the state, which `fit` brings up to
/// date.
pub(super) fn outdated(store: &Store, journal: &mut Journal, now: i64) {
    let Some(last) = journal.updates.last().map(|u| u.0) else { return };
    let keys = store.protocol.counters.iter().map(|c| c.key);
    let same_step =
        journal.rrd.as_ref().is_none_or(|r| r.header.get(40..48) == Some(&store.step.to_le_bytes()));
    if journal.state.keys.iter().map(String::as_str).eq(keys) && same_step {
        return;
    }
    let path = &store.rrd;
    let _ = match (&journal.rrd, look(path)) {
        // It was to be created: what stands there holds these bins and no others.
        (None, Ok(Look::Sound(_))) => {
            disk::remove(path).or_else(|_| disk::set_aside(path, "corrupt", now).map(drop))
        }
        (Some(before), Ok(Look::Sound(is)))
            if is.file == before.file
                && is.mark == before.mark
                && (before.last_update..=last.saturating_add_unsigned(is.step)).contains(&is.last_update) =>
        {
            mend(path, &before.header, now)
        }
        _ => Ok(()),
    };
    hold(journal, now);
}

/// Step 4, the RRD. Never fails: what cannot be pushed waits.
pub(super) fn apply(store: &Store, journal: &mut Journal, redo: bool, now: i64) {
    let Some(end) = journal.updates.last().map(|u| u.0 + store.step) else { return };
    let (path, protocol, step) = (&store.rrd, store.protocol, store.step);
    if redo && journal.redone > 2 {
        if !matches!(look(path), Ok(Look::Missing)) {
            match disk::set_aside(path, "corrupt", now) {
                Ok(aside) => warn(format_args!(
                    "{}: two processes died while updating it; kept as {}",
                    path.display(),
                    aside.display()
                )),
                Err(e) => warn(e),
            }
        }
        return hold(journal, now);
    }
    let result = match &journal.rrd {
        // The file was to be created. If it stands already, it holds exactly these bins or is not ours.
        None => create(path, protocol, step, &journal.updates),
        Some(before) if !redo => push_or_undo(store, before, &journal.updates, now),
        Some(before) => match look(path) {
            Ok(Look::Sound(is)) if is.mark == before.mark => {
                let same = is.file == before.file && (before.last_update..=end).contains(&is.last_update);
                if same {
                    mend(path, &before.header, now)
                        .and_then(|()| push_or_undo(store, before, &journal.updates, now))
                } else {
                    let rest: Vec<Update> =
                        journal.updates.iter().filter(|u| u.0 >= is.last_update).cloned().collect();
                    if rest.len() < journal.updates.len() {
                        warn(format_args!(
                            "{}: was changed by somebody else during a commit; {} bins up to its last update are left out of it",
                            path.display(),
                            journal.updates.len() - rest.len()
                        ));
                    }
                    push(path, protocol, step, is.last_update, &rest)
                }
            }
            Ok(Look::Missing) => create(path, protocol, step, &journal.updates),
            Ok(_) => match disk::set_aside(path, "corrupt", now) {
                Ok(aside) => {
                    warn(format_args!(
                        "{}: is damaged; kept as {}, a new one is begun",
                        path.display(),
                        aside.display()
                    ));
                    create(path, protocol, step, &journal.updates)
                }
                Err(e) => Err(e),
            },
            Err(e) => Err(e),
        },
    };
    match result {
        Ok(()) => match look(path) {
            Ok(Look::Sound(header)) => journal.state.rrd = Some(header.mark),
            _ => journal.state.rrd = None,
        },
        Err(e) => {
            warn(format_args!("{e}; the counters go on, the graphs wait"));
            hold(journal, now);
        }
    }
}

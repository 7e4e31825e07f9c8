//! Step 4 of a commit, the RRD: the journal's updates are pushed exactly once, whichever process dies at whatever
//! moment.
use std::path::Path;

use crate::disk;
use crate::error::Result;
use crate::say::warn;
use crate::store::aside;
use crate::store::files::Store;
use crate::store::journal::{Journal, RrdBefore, requeue_bins};
use crate::store::past::past;
use crate::store::rrd::header::{Look, peek, put_back};
use crate::store::rrd::{Update, create_from, push};

/// Pushes all updates, or leaves the file as it was before.
fn push_or_undo(store: &Store, before: &RrdBefore, updates: &[Update], now: i64) -> Result<()> {
    let path = &store.rrd;
    let pushed = push(path, store.protocol, store.step, before.last_update, updates);
    if pushed.is_err() {
        let _ = restore_header(path, &before.header, now);
    }
    pushed
}

/// Puts the header back, which undoes the push: the next one writes the same rows again. Sometimes this cannot be
/// made durable (a disk that fails, a quota). If a loss of power undoes it, the file ends later than the state says,
/// and is compared with the bins that wait.
fn restore_header(path: &Path, header: &[u8], now: i64) -> Result<()> {
    let is_back = || matches!(peek(path), Ok(Look::Sound(is)) if is.bytes == header);
    // Nothing was done to it: it may not be ours to write.
    if is_back() {
        return Ok(());
    }
    put_back(path, header).or_else(|_| put_back(path, header)).or_else(|e| {
        if is_back() {
            return Ok(());
        }
        warn(format_args!("{e}; the RRD cannot be repaired"));
        let _ = aside::set_aside(path, "corrupt", now);
        Err(e)
    })
}

/// A journal that was written under another table or for another step: its bins mean nothing to the file that
/// is pushed to now. What was done of the push is undone, and they wait in the state, which is brought up to date with the table.
pub(in crate::store) fn undo_if_table_changed(store: &Store, journal: &mut Journal, now: i64) {
    let Some(last) = journal.updates.last().map(|u| u.0) else { return };
    let keys = store.protocol.counters.iter().map(|c| c.key);
    let same_step =
        journal.rrd.as_ref().is_none_or(|r| r.header.get(40..48) == Some(&store.step.to_le_bytes()));
    if journal.state.keys.iter().map(String::as_str).eq(keys) && same_step {
        return;
    }
    let path = &store.rrd;
    let _ = match (&journal.rrd, peek(path)) {
        // It was to be created: what stands there holds these bins and no others.
        (None, Ok(Look::Sound(_))) => {
            disk::remove(path).or_else(|_| aside::set_aside(path, "corrupt", now).map(drop))
        }
        (Some(before), Ok(Look::Sound(is)))
            if is.file == before.file
                && is.mark == before.mark
                && (before.last_update..=last.saturating_add_unsigned(is.step)).contains(&is.last_update) =>
        {
            restore_header(path, &before.header, now)
        }
        _ => Ok(()),
    };
    requeue_bins(journal, now);
}

/// How often in a row a push has to be given up, each time because two processes died at it, before the file is taken
/// for damaged. Fewer deaths prove nothing: the processes may have been killed.
const DEATHS: u32 = 3;

/// Undoes a push at which two processes died. If that happens again and again, librrd crashes on the file, which is
/// then taken for damaged.
fn give_up(path: &Path, journal: &mut Journal, now: i64) {
    journal.state.rrd_deaths += 1;
    let there = peek(path);
    if journal.state.rrd_deaths >= DEATHS && !matches!(there, Ok(Look::Missing)) {
        journal.state.rrd_deaths = 0;
        return match aside::set_aside(path, "corrupt", now) {
            Ok(aside) => warn(format_args!(
                "{}: processes die again and again while they update it; {aside}",
                path.display()
            )),
            Err(e) => warn(e),
        };
    }
    match (&journal.rrd, there) {
        // It was to be created: what stands there holds these bins and no others.
        (None, Ok(Look::Sound(_))) => drop(disk::remove(path)),
        (Some(before), Ok(Look::Sound(is))) if is.file == before.file && is.mark == before.mark => {
            let _ = restore_header(path, &before.header, now);
        }
        _ => {}
    }
}

/// Step 4, the RRD. Never fails: what cannot be pushed waits.
pub(in crate::store) fn apply(store: &Store, journal: &mut Journal, redo: bool, now: i64) {
    let Some(end) = journal.updates.last().map(|u| u.0 + store.step) else { return };
    let (path, protocol, step) = (&store.rrd, store.protocol, store.step);
    if redo && journal.redone > 2 {
        give_up(path, journal, now);
        return requeue_bins(journal, now);
    }
    let result = match &journal.rrd {
        // The file was to be created. If it stands already, it holds exactly these bins or is not ours.
        None => create_from(path, protocol, step, &journal.updates, &past(store, &journal.state, now)),
        Some(before) if !redo => push_or_undo(store, before, &journal.updates, now),
        Some(before) => match peek(path) {
            Ok(Look::Sound(is)) if is.mark == before.mark => {
                let same = is.file == before.file && (before.last_update..=end).contains(&is.last_update);
                if !same && is.last_update < before.last_update {
                    // An older copy: the next commit fills it.
                    return requeue_bins(journal, now);
                } else if same {
                    restore_header(path, &before.header, now)
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
            // Gone since, or damaged: whoever commits next sees to it, and says so.
            Ok(_) => return requeue_bins(journal, now),
            Err(e) => Err(e),
        },
    };
    if result.is_ok() {
        let refilled = usize::try_from(journal.refilled).unwrap_or(usize::MAX);
        // Before the first RRD of all nothing was pushed.
        let before = if journal.state.rrd.is_some() { journal.state.rrd_end } else { i64::MIN };
        store.note_minutes(before, journal.updates.get(refilled..).unwrap_or_default());
    }
    match result {
        Ok(()) => match peek(path) {
            Ok(Look::Sound(header)) => {
                journal.state.rrd_end = header.last_update;
                journal.state.rrd_deaths = 0;
                journal.state.rrd = Some(header.mark);
            }
            _ => journal.state.rrd = None,
        },
        Err(e) => {
            warn(format_args!("{e}; the counters go on, the graphs wait"));
            requeue_bins(journal, now);
        }
    }
}

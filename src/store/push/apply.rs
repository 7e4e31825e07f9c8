//! Step 4 of a commit, the RRD: the journal's updates are pushed exactly once, whichever process dies at whatever
//! moment. What is written follows from the header that the journal has, so that the next process writes the same again.
use crate::disk;
use crate::error::{Error, Result};
use crate::say::warn;
use crate::store::aside;
use crate::store::files::Store;
use crate::store::journal::{Journal, RrdBefore, requeue_bins};
use crate::store::past::past;
use crate::store::rrd::Past;
use crate::store::rrd::header::{Header, Look};
use crate::store::rrd::{LockedRrd, Update, create_from, header::peek};
use crate::store::state::State;
use crate::store::wanted;

/// Pushes all updates, or leaves the file as it was before.
fn push_or_undo(store: &Store, rrd: &LockedRrd, before: &Header, updates: &[Update], now: i64) -> Result<()> {
    let pushed = rrd.push(before, store.protocol, store.step, updates);
    if pushed.is_err() {
        let _ = restore_header(rrd, &before.bytes, now);
    }
    pushed
}

/// Puts the header back, which undoes the push: the next one writes the same rows again. Sometimes this cannot be
/// made durable (a disk that fails, a quota). If a loss of power undoes it, the file ends later than the state says,
/// and is compared with the bins that wait.
fn restore_header(rrd: &LockedRrd, header: &[u8], now: i64) -> Result<()> {
    let is_back = || matches!(rrd.peek(), Ok(Look::Sound(is)) if is.bytes == header);
    // Nothing was done to it.
    if is_back() {
        return Ok(());
    }
    rrd.write_header(header).or_else(|_| rrd.write_header(header)).or_else(|e| {
        if is_back() {
            return Ok(());
        }
        warn(format_args!("{e}; the RRD cannot be repaired"));
        let _ = aside::set_aside(rrd.path(), "corrupt", now);
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
        (Some(before), Ok(Look::Sound(_))) => undo(store, before, last, now),
        _ => Ok(()),
    };
    requeue_bins(journal, now);
}

/// Undoes a push whose last bin begins at `last`, if it was to the file that is there.
fn undo(store: &Store, before: &RrdBefore, last: i64, now: i64) -> Result<()> {
    let Some(rrd) = LockedRrd::open_to_undo(&store.rrd)? else { return Ok(()) };
    match rrd.peek()? {
        Look::Sound(is) if is_of(&is, before, last.saturating_add_unsigned(is.step)) => {
            restore_header(&rrd, &before.header, now)
        }
        _ => Ok(()),
    }
}

/// Is a file with the header `is` the one from before a push up to `end`, as it was or with some of that push?
fn is_of(is: &Header, before: &RrdBefore, end: i64) -> bool {
    is.file == before.file && is.mark == before.mark && (before.last_update..=end).contains(&is.last_update)
}

/// What became of a push to a file that was there.
enum Done {
    Pushed,
    /// The file is gone since, damaged, or an older copy: whoever commits next sees to it, and says so.
    Waits,
}

/// Pushes the journal's updates to the file that the journal tells of, perhaps not for the first time.
fn push_to(store: &Store, journal: &Journal, before: &RrdBefore, end: i64, now: i64) -> Result<Done> {
    let rrd = match LockedRrd::open(&store.rrd) {
        Ok(Some(rrd)) => rrd,
        Ok(None) => return Ok(Done::Waits),
        // Its bins will wait: what a process that died has pushed of them must not stay.
        Err(e) => {
            let _ = undo(store, before, end - store.step, now);
            return Err(e);
        }
    };
    let is = match rrd.peek()? {
        Look::Sound(is) if is.mark == before.mark => is,
        _ => return Ok(Done::Waits),
    };
    if is_of(&is, before, end) {
        let before = Header::parse(before.header.clone(), before.mark.size, before.file)
            .map_err(|why| Error::Message(format!("{}: {why}", store.journal().display())))?;
        push_or_undo(store, &rrd, &before, &journal.updates, now)?;
    } else if is.last_update < before.last_update {
        return Ok(Done::Waits);
    } else {
        let rest: Vec<Update> = journal.updates.iter().filter(|u| u.0 >= is.last_update).cloned().collect();
        if rest.len() < journal.updates.len() {
            warn(format_args!(
                "{}: was changed by somebody else during a commit; {} bins up to its last update are left out of it",
                store.rrd.display(),
                journal.updates.len() - rest.len()
            ));
        }
        push_or_undo(store, &rrd, &is, &rest, now)?;
    }
    Ok(Done::Pushed)
}

/// Makes the file that the journal's updates begin, with the data sources of what was ever counted.
fn create_new(store: &Store, journal: &Journal, now: i64) -> Result<()> {
    let (protocol, updates) = (store.protocol, &journal.updates);
    let past = past(store, &journal.state, now);
    let wanted = match &past {
        Past::Of(file) => match peek(file)? {
            Look::Sound(old) => wanted::after(protocol, &journal.state, updates, &old),
            _ => wanted::of_new(protocol, &journal.state, updates),
        },
        Past::Known(_) => wanted::of_new(protocol, &journal.state, updates),
    };
    create_from(&store.rrd, protocol, store.step, &wanted, updates, &past)
}

/// Step 4, the RRD. Never fails: what cannot be pushed waits.
pub(in crate::store) fn apply(store: &Store, journal: &mut Journal, now: i64) {
    let Some(end) = journal.updates.last().map(|u| u.0 + store.step) else { return };
    let path = &store.rrd;
    let result = match &journal.rrd {
        // The file was to be created. If it stands already, it holds exactly these bins or is not ours.
        None => create_new(store, journal, now).map(|()| Done::Pushed),
        Some(before) => push_to(store, journal, before, end, now),
    };
    match result {
        Ok(Done::Pushed) => {
            let refilled = usize::try_from(journal.refilled).unwrap_or(usize::MAX);
            // Before the first RRD of all nothing was pushed.
            let before = if journal.state.rrd.is_some() { journal.state.rrd_end } else { i64::MIN };
            store.note_minutes(before, journal.updates.get(refilled..).unwrap_or_default());
            match peek(path) {
                Ok(Look::Sound(header)) => {
                    journal.state.rrd_end = header.last_update;
                    journal.state.rrd = Some(header.mark);
                    if journal.rrd.is_none() {
                        let keys = store.protocol.counters.iter().map(|counter| counter.key);
                        journal.state.table = State::table_of(keys);
                        journal.state.newcomers.clear();
                    }
                }
                _ => journal.state.rrd = None,
            }
        }
        Ok(Done::Waits) => requeue_bins(journal, now),
        Err(e) => {
            warn(format_args!("{e}; the counters go on, the graphs wait"));
            requeue_bins(journal, now);
        }
    }
}

//! Before the journal is written: decides which bins are pushed to which RRD, and which ones wait.
use std::collections::BTreeSet;
use std::path::Path;

use crate::calendar::to_the_minute;
use crate::disk;
use crate::error::Result;
use crate::ledger::Digest;
use crate::say::warn;
use crate::store::aside;
use crate::store::files::Store;
use crate::store::journal::{Journal, RrdBefore, requeue_bins};
use crate::store::past::{has_past, refill};
use crate::store::rrd::header::{Header, Look, peek};
use crate::store::rrd::{FUTURE, Rows, lacking, rows};
use crate::store::state::State;
use crate::store::upgrade::{Fit, finish, fitness, is_damaged};
use crate::store::vanished::{PATIENCE_FOR_RRDS, until};
use crate::tally;

/// Before the journal is written: is there an RRD to push to, and what does it look like? Whatever is
/// wrong with it, the mail log goes on and the bins wait.
///
/// `moved`: the configuration wants it elsewhere than the last commit had it.
pub(in crate::store) fn prepare(store: &Store, journal: &mut Journal, moved: bool, now: i64) {
    if journal.updates.is_empty() && !lacks(store, &journal.state) {
        return;
    }
    let first = journal.updates.first().map_or(i64::MAX, |u| u.0);
    match target(store, journal, moved, now) {
        Ok(Target::Other) => {
            // What the one before had is not in this one.
            let state = &mut journal.state;
            let known = if state.rrd_end > 0 { state.rrd_end.min(first) } else { first };
            state.since = state.since.max(known);
        }
        Ok(Target::New) => {
            // Of one that was moved aside because of its time the new one takes over the days before this one.
            let midnight = first.div_euclid(86_400).saturating_mul(86_400);
            refill(store, journal, if has_past(store, now) { midnight } else { i64::MIN });
            if journal.updates.is_empty() {
                journal.state.rrd = None;
            }
        }
        Ok(Target::Sound(header)) if header.last_update > first => {
            lift(store, journal, header.last_update, now);
        }
        Ok(Target::Sound(header)) => {
            if header.last_update < journal.state.rrd_end && journal.state.rrd.is_some() {
                warn(format_args!(
                    "{}: ends at {}, and was written until {}: an older copy stands there",
                    store.rrd.display(),
                    to_the_minute(header.last_update),
                    to_the_minute(journal.state.rrd_end)
                ));
                refill(store, journal, header.last_update);
            }
            if journal.updates.is_empty() {
                journal.state.rrd_end = header.last_update;
            }
            let Header { bytes, file, mark, last_update, .. } = *header;
            journal.rrd = Some(RrdBefore { file, mark, last_update, header: bytes });
        }
        Ok(Target::None) => requeue_bins(journal, now),
        Err(e) => {
            warn(format_args!("{e}; the counters go on, the graphs wait"));
            requeue_bins(journal, now);
        }
    }
}

/// Has somebody taken the RRD away, or put an older copy in its place?
pub(in crate::store) fn lacks(store: &Store, state: &State) -> bool {
    state.rrd.is_some()
        && match peek(&store.rrd) {
            Ok(Look::Missing) => true,
            Ok(Look::Sound(header)) => {
                header.last_update < state.rrd_end && fitness(store, &header) == Fit::Good
            }
            _ => false,
        }
}

/// Where the bins go.
enum Target {
    /// Into a file that is made.
    New,
    /// Into a file that is made, and that takes nothing over from the one before it.
    Other,
    /// Into the file that is there.
    Sound(Box<Header>),
    /// Nowhere now; the reason was said.
    None,
}

fn target(store: &Store, journal: &mut Journal, moved: bool, now: i64) -> Result<Target> {
    let path = &store.rrd;
    let dir = path.parent().unwrap_or(path);
    if journal.state.rrd.is_some()
        && journal.state.store != Digest::default()
        && !moved
        && is_gone(path)
        && is_gone(&store.rrd_copy())
        && let Some(until) = until(&mut journal.state.vanished, dir, PATIENCE_FOR_RRDS, now)
    {
        warn(format_args!(
            "{}: is gone with everything in it (is its disk not mounted?); the minutes wait for it until {}; to begin a new RRD now: mkdir -p {} && touch {}",
            dir.display(),
            to_the_minute(until),
            dir.display(),
            store.rrd_copy().display()
        ));
        return Ok(Target::None);
    }
    journal.state.vanished.remove(&*dir.to_string_lossy());
    disk::make_dir(dir)?;
    finish(store, journal.state.rrd, now)?;
    let header = match peek(path)? {
        Look::Missing => {
            if journal.state.rrd.is_some() {
                warn(format_args!("{}: is gone; a new one is begun", path.display()));
            }
            return Ok(Target::New);
        }
        Look::Broken(why) => return begin_anew(path, "corrupt", &format!("is damaged: {why}"), now),
        Look::Sound(header) => header,
    };
    let ahead = header.last_update - now;
    let fit = fitness(store, &header);
    if fit != Fit::Foreign && is_damaged(store, &header, journal.state.rrd) {
        return begin_anew(path, "corrupt", "is damaged: its header is not as it was made", now);
    }
    match fit {
        Fit::Foreign if !store.may_drop => {
            warn(format_args!(
                "{}: does not fit toaster.conf, which has an error; the graphs wait until that is mended",
                path.display()
            ));
            Ok(Target::None)
        }
        // Where toaster.conf has another step now, the file is still the one that was written last.
        Fit::Foreign if journal.state.rrd.is_some_and(|mark| mark != header.mark) => {
            begin_anew(path, "corrupt", "is damaged, or not the file that was written last", now)
        }
        Fit::Foreign => {
            let what = "has other data sources or another step than are needed now";
            begin_anew(path, "old", what, now).map(|target| match target {
                Target::New => Target::Other,
                target => target,
            })
        }
        _ if ahead > FUTURE => {
            let what = "was updated with a time in the future (was the clock wrong?)";
            begin_anew(path, "future", what, now)
        }
        // The next process brings it up to date before it reads anything, or says why it cannot.
        Fit::Outgrown => Ok(Target::None),
        Fit::Good if ahead > 0 => {
            warn(format_args!(
                "{}: has minutes until {}, which is in the future (was the clock wrong?); those of now wait until then",
                path.display(),
                to_the_minute(header.last_update)
            ));
            Ok(Target::None)
        }
        Fit::Good if lacking(&header, store.protocol, &journal.updates).is_some() => Ok(Target::None),
        Fit::Good => Ok(Target::Sound(header)),
    }
}

fn is_gone(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

/// Moves the file aside, so that a new one takes its place. If that cannot be done, the bins wait.
fn begin_anew(path: &Path, why: &str, what: &str, now: i64) -> Result<Target> {
    match aside::set_aside(path, why, now) {
        Ok(aside) => {
            warn(format_args!("{}: {what}; {aside}, a new one is begun", path.display()));
            Ok(Target::New)
        }
        Err(e) => {
            warn(format_args!(
                "{e}; {what}: nothing is written to it before it can be moved away, and its graphs wait"
            ));
            Ok(Target::None)
        }
    }
}

/// Handles an RRD that ends behind the first of the journal's bins. Bins that were never pushed are added to the
/// first one that still can be. Bins that may have been pushed by a later commit, of which the state was lost, are
/// compared with the RRD's rows.
fn lift(store: &Store, journal: &mut Journal, last_update: i64, now: i64) {
    let known = journal.state.rrd_end;
    requeue_bins(journal, now);
    let floor = tally::bin_begin(last_update + store.step - 1, store.step);
    let has = if known < last_update {
        rows(&store.rrd, store.protocol, store.step, known, floor)
    } else {
        Ok(Rows::new())
    };
    let has = has.unwrap_or_else(|e| {
        warn(format_args!("{e}; everything that was counted up to its end is assumed to be in it"));
        Rows::new()
    });
    // A late line may have been pushed to a later minute than its own: what a minute has too much is taken from the next.
    let mut surplus = vec![0; store.protocol.counters.len()];
    let (mut again, mut lacking) = (0u64, 0u64);
    let none = vec![0; store.protocol.counters.len()];
    let begins: BTreeSet<i64> = journal
        .state
        .bins
        .range(known.min(floor)..floor)
        .map(|(k, _)| *k)
        .chain(has.keys().copied())
        .collect();
    for begin in begins {
        let bin = journal.state.bins.get_mut(&begin);
        again += u64::from(bin.is_some());
        let mut values = bin.as_ref().map_or_else(|| none.clone(), |bin| bin.values.to_vec());
        let row = has.get(&begin);
        for (i, counter) in store.protocol.counters.iter().enumerate() {
            let value = match row {
                Some(row) if !counter.kind.is_gauge() => values[i] - row[i] - surplus[i],
                // A level, or a time of which only longer rows are left.
                _ => 0,
            };
            values[i] = value.max(0);
            surplus[i] = if row.is_some() { (-value).max(0) } else { surplus[i] };
        }
        lacking += u64::from(values.iter().any(|v| *v != 0));
        if let Some(bin) = bin {
            bin.values = values.into();
        }
    }
    if again > 0 {
        warn(format_args!(
            "{}: ends at {}, later than the last commit that is known: {again} minutes were counted again, and {lacking} of them are incomplete in it; what is missing is added to its next minute",
            store.rrd.display(),
            to_the_minute(last_update),
        ));
    }
    move_behind(store, journal, last_update);
    journal.state.bins.retain(|_, bin| !bin.values.are_zero());
}

/// Handles the loss of the journal of a commit that died, and that may have pushed to the RRD: its bins, which were
/// counted once more now, are not pushed again.
pub(in crate::store) fn skip_already_pushed(store: &Store, journal: &mut Journal, now: i64) {
    let Ok(Look::Sound(header)) = peek(&store.rrd) else { return };
    let floor = tally::bin_begin(header.last_update + store.step - 1, store.step);
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
        "{}: was updated by a commit of which the journal is lost; minutes that it has are not written again",
        store.rrd.display()
    ));
}

/// Bins that begin before `last_update` cannot be pushed any more: the first that can takes them.
fn move_behind(store: &Store, journal: &mut Journal, last_update: i64) {
    let floor = tally::bin_begin(last_update + store.step - 1, store.step);
    let late: Vec<i64> = journal.state.bins.range(..floor).map(|(k, _)| *k).collect();
    for begin in late {
        tally::move_bin(store.protocol, &mut journal.state.bins, begin, floor);
    }
    journal.state.pushed = floor;
}

//! The journal, and the commit's RRD step: what is pushed, to which file, and what happens if that cannot
//! be done. Nothing here fails: whatever is wrong with the RRD, the mail log goes on and the bins wait.
use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::aside;
use super::commit::Store;
use super::migrate::{self, Fit};
use super::past::{has_past, past, refill};
use super::rrd::header::{Header, Look, put_back};
use super::rrd::{FUTURE, Rows, Update, create_from, push, rows};
use super::state::State;
use super::state::v1::StateV1;
use super::state::v2::StateV2;
use super::state::v3::StateV3;
use super::vanished::{PATIENCE_FOR_RRDS, local, until};
use crate::disk;
use crate::error::Result;
use crate::ledger::Digest;
use crate::say::warn;
use crate::store::record::Record;
use crate::store::rrd::header::peek;
use crate::store::rrd::mark::RrdMark;
use crate::tally;

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
    /// How many of the first updates were pushed once before, to an RRD that is lost.
    pub(super) refilled: u32,
}

impl Record for Journal {
    fn from_v1(bytes: &[u8]) -> Option<Self> {
        // All of the journal behind its state is as it was.
        let (state, rest) = postcard::take_from_bytes::<StateV1>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, redone) = postcard::from_bytes(rest).ok()?;
        let state = StateV3::from(state).into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, redone, refilled: 0 })
    }

    fn from_v2(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV2>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, redone) = postcard::from_bytes(rest).ok()?;
        let state = StateV3::from(state).into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, redone, refilled: 0 })
    }

    fn from_v3(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV3>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, redone, refilled) =
            postcard::from_bytes(rest).ok()?;
        let state = state.into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, redone, refilled })
    }

    fn is_whole(&self) -> bool {
        let width = self.state.keys.len();
        self.state.is_whole()
            && self.gauges_before.len() == width
            && self.updates.iter().all(|(_, values)| values.len() == width)
    }
}

/// Puts the journal's updates back among the waiting bins, but for those that were pushed once before: they are found
/// again where they were found this time.
fn let_wait(journal: &mut Journal, now: i64) {
    let refilled = usize::try_from(std::mem::take(&mut journal.refilled)).unwrap_or(usize::MAX);
    for (begin, values) in journal.updates.drain(..).skip(refilled) {
        journal.state.bins.insert(begin, tally::Bin { values, born: now, touched: 0 });
    }
    journal.state.pushed = journal.pushed_before;
    journal.state.gauges.clone_from(&journal.gauges_before);
}

/// Before the journal is written: is there an RRD to push to, and what does it look like? Whatever is
/// wrong with it, the mail log goes on and the bins wait.
///
/// `moved`: the configuration wants it elsewhere than the last commit had it.
pub(super) fn prepare(store: &Store, journal: &mut Journal, moved: bool, now: i64) {
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
                    local(header.last_update),
                    local(journal.state.rrd_end)
                ));
                refill(store, journal, header.last_update);
            }
            if journal.updates.is_empty() {
                journal.state.rrd_end = header.last_update;
            }
            let Header { bytes, file, mark, last_update, .. } = *header;
            journal.rrd = Some(RrdBefore { file, mark, last_update, header: bytes });
        }
        Ok(Target::None) => let_wait(journal, now),
        Err(e) => {
            warn(format_args!("{e}; the counters go on, the graphs wait"));
            let_wait(journal, now);
        }
    }
}

/// Has somebody taken the RRD away, or put an older copy in its place?
pub(super) fn lacks(store: &Store, state: &State) -> bool {
    state.rrd.is_some()
        && match peek(&store.rrd) {
            Ok(Look::Missing) => true,
            Ok(Look::Sound(header)) => {
                header.last_update < state.rrd_end && migrate::fit(store, &header) == Fit::Good
            }
            _ => false,
        }
}

/// Where the bins go.
enum Target {
    /// Into a file that is made.
    New,
    /// The same, and what the one before had is not for it.
    Other,
    /// Into the file that is there.
    Sound(Box<Header>),
    /// Nowhere now; why was said.
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
            local(until),
            dir.display(),
            store.rrd_copy().display()
        ));
        return Ok(Target::None);
    }
    journal.state.vanished.remove(&*dir.to_string_lossy());
    disk::make_dir(dir)?;
    migrate::finish(store, journal.state.rrd, now)?;
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
    let fit = migrate::fit(store, &header);
    if fit != Fit::Foreign && migrate::is_damaged(store, &header, journal.state.rrd) {
        return begin_anew(path, "corrupt", "is damaged: its header is not as it was made", now);
    }
    match fit {
        Fit::Foreign if !store.may_drop => {
            warn(format_args!(
                "{}: does not fit to toaster.conf, which has an error; the graphs wait until that is mended",
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
            let what = "was updated with a time that is still to come (was the clock wrong?)";
            begin_anew(path, "future", what, now)
        }
        // The next process brings it up to date before it reads anything, or says why it cannot.
        Fit::Outgrown => Ok(Target::None),
        Fit::Good if ahead > 0 => {
            warn(format_args!(
                "{}: has minutes until {}, which is still to come (was the clock wrong?); those of now wait until then",
                path.display(),
                local(header.last_update)
            ));
            Ok(Target::None)
        }
        Fit::Good => Ok(Target::Sound(header)),
    }
}

fn is_gone(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

/// Moves the file aside, whose place a new one takes. Where that cannot be done the bins wait.
fn begin_anew(path: &Path, why: &str, what: &str, now: i64) -> Result<Target> {
    match aside::set_aside(path, why, now) {
        Ok(aside) => {
            warn(format_args!("{}: {what}; {aside}, a new one is begun", path.display()));
            Ok(Target::New)
        }
        Err(e) => {
            warn(format_args!("{e}; {what}, the graphs wait"));
            Ok(Target::None)
        }
    }
}

/// The RRD ends behind the first of the journal's bins. Those that were pushed by nobody go to the first one that can
/// still be. Those that a later commit may have pushed, of which the state was lost, are compared with its rows.
fn lift(store: &Store, journal: &mut Journal, last_update: i64, now: i64) {
    let known = journal.state.rrd_end;
    let_wait(journal, now);
    let floor = tally::begin(last_update + store.step - 1, store.step);
    let has = if known < last_update {
        rows(&store.rrd, store.protocol, store.step, known, floor)
    } else {
        Ok(Rows::new())
    };
    let has = has.unwrap_or_else(|e| {
        warn(format_args!("{e}; what was counted until its end is taken as being in it"));
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
        let mut nothing = none.clone();
        let values = bin.map_or(&mut nothing, |bin| &mut bin.values);
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
    }
    if again > 0 {
        warn(format_args!(
            "{}: ends at {}, later than the last commit that is known: {again} minutes were counted again, and {lacking} of them do not stand in it as a whole; what it lacks of them is added to its next minute",
            store.rrd.display(),
            local(last_update),
        ));
    }
    move_behind(store, journal, last_update);
    journal.state.bins.retain(|_, bin| bin.values.iter().any(|v| *v != 0));
}

/// The journal of a commit that died is lost, and the RRD may have been pushed to by it: its bins, which were counted
/// once more now, are not pushed again.
pub(super) fn leave_out(store: &Store, journal: &mut Journal, now: i64) {
    let Ok(Look::Sound(header)) = peek(&store.rrd) else { return };
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

/// Puts the header back. What was written of the push then is as if it had not been, and is written again by the next
/// one. That this is on the disk cannot always be had (a disk that fails, a quota): if it is lost with the machine,
/// the file ends later than the state says, and is compared with what waits.
fn mend(path: &Path, header: &[u8], now: i64) -> Result<()> {
    let is_back = || matches!(peek(path), Ok(Look::Sound(is)) if is.bytes == header);
    // Nothing was done to it: it may not be ours to write.
    if is_back() {
        return Ok(());
    }
    put_back(path, header).or_else(|_| put_back(path, header)).or_else(|e| {
        if is_back() {
            return Ok(());
        }
        warn(format_args!("{e}; the RRD cannot be mended"));
        let _ = aside::set_aside(path, "corrupt", now);
        Err(e)
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
            mend(path, &before.header, now)
        }
        _ => Ok(()),
    };
    let_wait(journal, now);
}

/// So often in a row a push is given up after two processes died at it, before the file is taken for damaged: whoever
/// was killed did not die of it.
const DEATHS: u32 = 3;

/// Two processes died at this push: it is undone. Where that goes on, librrd dies of the file.
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
            let _ = mend(path, &before.header, now);
        }
        _ => {}
    }
}

/// Step 4, the RRD. Never fails: what cannot be pushed waits.
pub(super) fn apply(store: &Store, journal: &mut Journal, redo: bool, now: i64) {
    let Some(end) = journal.updates.last().map(|u| u.0 + store.step) else { return };
    let (path, protocol, step) = (&store.rrd, store.protocol, store.step);
    if redo && journal.redone > 2 {
        give_up(path, journal, now);
        return let_wait(journal, now);
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
                    return let_wait(journal, now);
                } else if same {
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
            // Gone since, or damaged: whoever commits next sees to it, and says so.
            Ok(_) => return let_wait(journal, now),
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
            let_wait(journal, now);
        }
    }
}

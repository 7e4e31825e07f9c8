//! What a new RRD has of the time before it was made, and what an older copy lacks.
use std::path::{Path, PathBuf};

use super::aside;
use super::files::Store;
use super::journal::Journal;
use super::rrd::{Past, Update};
use super::state::State;

use crate::calendar::to_the_minute;
use crate::say::warn;
use crate::tally::Values;

/// A commit that was cut off is finished within this time (seconds), or its RRD begins without a past.
const LATELY: i64 = 3600;

/// Pushes once more what was pushed after `from` (unix seconds) and is missing in the RRD, as far as that is known.
pub(super) fn refill(store: &Store, journal: &mut Journal, from: i64) {
    let until = journal.state.rrd_end.min(journal.updates.first().map_or(i64::MAX, |u| u.0));
    if journal.state.rrd.is_none() || from >= until {
        return;
    }
    let again = store.pushed_minutes(from, until);
    if let Some((_, to)) = again.unknown.first().filter(|(begin, _)| *begin == i64::MIN) {
        journal.state.since = journal.state.since.max(*to);
    }
    let unknown: Vec<String> = again
        .unknown
        .iter()
        .map(|(from, to)| match *from {
            i64::MIN => format!("before {}", to_the_minute(*to)),
            from => format!("from {} to {}", to_the_minute(from), to_the_minute(*to)),
        })
        .collect();
    let unknown = match unknown.is_empty() {
        true => String::new(),
        false => format!("; what was counted {} is in no graph", unknown.join(" and ")),
    };
    warn(format_args!(
        "{}: {} that it had {} written again{unknown}",
        store.rrd.display(),
        if again.minutes.len() == 1 {
            "1 minute".to_owned()
        } else {
            format!("{} minutes", again.minutes.len())
        },
        if again.minutes.len() == 1 { "is" } else { "are" },
    ));
    // Without these updates the RRD would have 0 in the time of which what was counted is lost.
    let lost = again.unknown.iter().filter(|(begin, end)| *begin > i64::MIN && end - begin >= store.step);
    let lost = lost.map(|(_, end)| (end - store.step, Values::unknown(journal.state.keys.len())));
    let mut updates: Vec<Update> = again.minutes.into_iter().chain(lost).collect();
    updates.sort_by_key(|(begin, _)| *begin);
    journal.refilled = u32::try_from(updates.len()).unwrap_or(u32::MAX);
    journal.updates.splice(0..0, updates);
}

/// The past of a new file.
pub(super) fn past(store: &Store, state: &State, now: i64) -> Past {
    let since = if state.since > 0 { state.since } else { i64::MAX };
    moved_aside(&store.rrd, now).map_or(Past::Known(since), Past::Of)
}

/// The file that was moved aside in this commit because it ends days after now: its past is that of the new one.
fn moved_aside(path: &Path, now: i64) -> Option<PathBuf> {
    let lately = |(time, _): &(i64, PathBuf)| (now - LATELY..=now).contains(time);
    aside::all(path, "future").into_iter().filter(lately).max().map(|(_, file)| file)
}

/// Was a file moved aside because it ends days after now?
pub(super) fn has_past(store: &Store, now: i64) -> bool {
    moved_aside(&store.rrd, now).is_some()
}

//! Which data sources the RRD of a protocol has: those of the counters that ever moved, and those that it has already.
//! A server uses a few of the many counters of a table, and a data source takes 350 KB whether it is used or not.
//!
//! A counter that moves for the first time joins the file before its first minute is pushed (see `migrate`). Of the time
//! before that:
//!
//! - **It was 0** wherever the file knows anything, if the file was written under a table that had the counter: the
//!   counter was counted all along and never moved.
//! - **It is unknown** if the counter is new in the table, as after an upgrade or an edit of toaster.conf. Nobody
//!   counted it then. Such a counter joins at once, before it moves, so that from then on 0 is true.
//!
//! The state says which is the case. Its `table` is the hash of the table all of whose new counters have joined the file
//! that was written last. Where that is the table of now, the counters that the file lacks never moved. Where it is the
//! one that the state was written with, the counters that are in the one of now alone are new
//! (`State::newcomers`). In all other cases (the file is an older copy, the state was damaged or is one of an older
//! version, a join could not be made and the table is not known any more), it cannot be told what was counted when: all
//! counters join at once, and their past is unknown.
//!
//! A protocol that measures has all of its data sources always: what it measured may have been 0.
use super::rrd::header::Header;
use super::rrd::{Update, Wanted, source_of};
use super::state::State;
use crate::protocol::Protocol;

/// Of each counter of the table: did it ever move, or does it in `updates`?
pub(super) fn moved(protocol: &Protocol, state: &State, updates: &[Update]) -> Vec<bool> {
    let ever = |values: &[i128], at: usize| values.get(at).is_some_and(|value| *value != 0);
    let mut moved: Vec<bool> = (0..protocol.counters.len())
        .map(|at| {
            protocol.measured
                || state.moved.get(at).is_some_and(|begin| *begin != 0)
                || ever(&state.totals, at)
                || ever(&state.gauges, at)
        })
        .collect();
    let waiting = state.bins.values().map(|bin| &bin.values);
    for (at, value) in waiting.chain(updates.iter().map(|(_, values)| values)).flat_map(|v| v.iter()) {
        if let Some(moved) = moved.get_mut(at).filter(|_| value != 0) {
            *moved = true;
        }
    }
    moved
}

/// The data sources of a file that is made now. An RRD needs one at least.
pub(super) fn of_new(protocol: &Protocol, state: &State, updates: &[Update]) -> Wanted {
    let moved = moved(protocol, state, updates);
    let all = || protocol.counters.iter().zip(&moved).filter_map(|(c, moved)| Some((source_of(c)?, *moved)));
    let mut sources: Vec<_> = all().filter(|(_, moved)| *moved).map(|(source, _)| source).collect();
    if sources.is_empty() {
        sources.extend(all().map(|(source, _)| source).next());
    }
    Wanted { were_zero: vec![false; sources.len()], sources }
}

/// The data sources of the file that goes on with the one that has the header `old`.
pub(super) fn after(protocol: &Protocol, state: &State, updates: &[Update], old: &Header) -> Wanted {
    let moved = moved(protocol, state, updates);
    let same_table = state.table == State::table_of(protocol.counters.iter().map(|c| c.key));
    let is_certain = state.rrd == Some(old.mark) && (same_table || !state.newcomers.is_empty());
    let mut wanted = Wanted { sources: Vec::new(), were_zero: Vec::new() };
    for (at, counter) in protocol.counters.iter().enumerate() {
        let Some(source) = source_of(counter) else { continue };
        let is_there = old.sources.iter().any(|old| old.name == source.name);
        let is_new = state.newcomers.contains(&at);
        if is_certain && !is_there && !is_new && !moved[at] {
            continue;
        }
        // What moved before the file ended was never in it under this name.
        let was_zero = state.moved.get(at).is_none_or(|begin| *begin == 0 || *begin >= old.last_update);
        wanted.sources.push(source);
        wanted.were_zero.push(is_certain && !is_there && !is_new && was_zero);
    }
    wanted
}

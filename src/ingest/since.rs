//! From when on everything is known.
use super::read_options::ReadOptions;
use crate::store::state::State;
use crate::tally;

/// Notes the first line of a reading: from the first one that was ever read on everything is known, whether or not it
/// counted anything.
pub(super) fn known_since(state: &mut State, first: Option<i64>, how: &ReadOptions) {
    if let Some(first) = first.filter(|_| is_new(state)) {
        let first = tally::bin_begin(first.min(how.now).max(tally::EARLIEST), how.step);
        state.since = if state.since == 0 { first } else { state.since.min(first) };
    }
}

/// Was nothing pushed to an RRD yet? Once something was, a line that comes late no longer changes the time from which
/// on everything is known.
pub(super) fn is_new(state: &State) -> bool {
    state.pushed == 0 && state.rrd.is_none()
}

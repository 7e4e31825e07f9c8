//! Records as the first version of this program wrote them, so that its state and a journal that it left go on.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Understood;
use super::v2::{CursorV2, DirectoryV2, LedgerV2, StateV2};
use super::v3::StateV3;
use crate::ledger::Digest;
use crate::store::rrd::mark::RrdMark;
use crate::tally::Bins;

/// `Ledger` without streams.
#[derive(Serialize, Deserialize)]
struct LedgerV1 {
    cursors: Vec<CursorV2>,
    directories: Vec<DirectoryV2>,
}

/// `State` as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StateV1 {
    number: u64,
    keys: Vec<String>,
    totals: Vec<i128>,
    extra: BTreeMap<String, String>,
    counter_file: Option<Digest>,
    bins: Bins,
    pushed: i64,
    gauges: Vec<i128>,
    seen: i64,
    ledger: LedgerV1,
    rrd: Option<RrdMark>,
    open_archives: BTreeMap<String, String>,
}

impl From<StateV1> for StateV3 {
    fn from(old: StateV1) -> StateV3 {
        let width = old.keys.len();
        let LedgerV1 { cursors, directories } = old.ledger;
        StateV3::from(StateV2 {
            number: old.number,
            keys: old.keys,
            totals: old.totals,
            extra: old.extra,
            counter_file: old.counter_file,
            bins: old.bins,
            pushed: old.pushed,
            gauges: old.gauges,
            seen: old.seen,
            ledger: LedgerV2 { cursors, directories, streams: Vec::new() },
            rrd: old.rrd,
            open_archives: old.open_archives,
            newest_day: vec![(0, 0); width],
            moved: vec![0; width],
            understood: Understood::default(),
            understood_lately: (0, Understood::default()),
            unread: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::send::SEND;
    use crate::store::journal::Journal;
    use crate::store::record::decode;
    use crate::store::state::State;

    fn file(name: &str) -> Vec<u8> {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/state");
        std::fs::read(dir.join(name)).unwrap()
    }

    #[test]
    fn a_state_of_the_first_version_goes_on() {
        let state: State = decode(&file("v1.state")).unwrap();
        let total = |state: &State, key: &str| state.totals[SEND.index(key).unwrap()];
        // The lines of tests/data/samples/qmail-send/classic.log.
        assert_eq!(
            (state.number, total(&state, "message_new"), total(&state, "delivery_success")),
            (1, 1, 2)
        );
        assert_eq!(state.ledger.cursors.len(), 1);
        assert_eq!(state.moved.len(), state.keys.len());
        let mut fitted = state.clone();
        fitted.remap_to(&SEND);
        assert_eq!(fitted.moved.len(), SEND.counters.len());
        // Counters that came later begin at 0; all others are what they were.
        for (i, counter) in SEND.counters.iter().enumerate() {
            let was = state.keys.iter().position(|key| key == counter.key);
            let before =
                was.map_or((0, 0, (0, 0)), |i| (state.totals[i], state.moved[i], state.newest_day[i]));
            assert_eq!((fitted.totals[i], fitted.moved[i], fitted.newest_day[i]), before, "{}", counter.key);
        }
    }

    #[test]
    fn a_journal_of_the_first_version_is_finished() {
        let journal: Journal = decode(&file("v1.journal")).unwrap();
        assert_eq!(journal.state.number, 2);
        assert!(!journal.updates.is_empty());
    }
}

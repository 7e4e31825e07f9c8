//! The journal: what a commit has yet to do once it has happened.
use serde::{Deserialize, Serialize};

use super::record::Record;
use super::rrd::Update;
use super::rrd::mark::RrdMark;
use super::state::State;
use super::state::v1::StateV1;
use super::state::v2::StateV2;
use super::state::v3::StateV3;
use super::state::v4::StateV4;
use super::state::v5::StateV5;
use crate::tally;

/// The RRD before the journal's updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RrdBefore {
    pub(super) file: (u64, u64),
    pub(super) mark: RrdMark,
    pub(super) last_update: i64,
    pub(super) header: Vec<u8>,
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
    /// What earlier versions counted here (how often a later process began to redo it) does not matter any more.
    pub(super) unused: u32,
    /// How many of the first updates were pushed once before, to an RRD that is lost.
    pub(super) refilled: u32,
}

impl Record for Journal {
    fn from_v1(bytes: &[u8]) -> Option<Self> {
        // All of the journal behind its state is as it was.
        let (state, rest) = postcard::take_from_bytes::<StateV1>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, unused) = postcard::from_bytes(rest).ok()?;
        let state = StateV3::from(state).into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, unused, refilled: 0 })
    }

    fn from_v2(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV2>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, unused) = postcard::from_bytes(rest).ok()?;
        let state = StateV3::from(state).into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, unused, refilled: 0 })
    }

    fn from_v3(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV3>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, unused, refilled) =
            postcard::from_bytes(rest).ok()?;
        let state = state.into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, unused, refilled })
    }

    fn from_v4(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV4>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, unused, refilled) =
            postcard::from_bytes(rest).ok()?;
        let state = state.into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, unused, refilled })
    }

    fn from_v5(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = postcard::take_from_bytes::<StateV5>(bytes).ok()?;
        let (updates, pushed_before, gauges_before, rrd, unused, refilled) =
            postcard::from_bytes(rest).ok()?;
        let state = state.into();
        Some(Journal { state, updates, pushed_before, gauges_before, rrd, unused, refilled })
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
pub(super) fn requeue_bins(journal: &mut Journal, now: i64) {
    let refilled = usize::try_from(std::mem::take(&mut journal.refilled)).unwrap_or(usize::MAX);
    for (begin, values) in journal.updates.drain(..).skip(refilled) {
        journal.state.bins.insert(begin, tally::Bin { values, born: now, touched: 0 });
    }
    journal.state.pushed = journal.pushed_before;
    journal.state.gauges.clone_from(&journal.gauges_before);
}

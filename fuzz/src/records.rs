//! State, journal and intent. Each input is a record's body; the frame with its checksum is made here, so that nearly
//! every input gets behind it.
use maillogs::ledger::digest;
use maillogs::protocol::{Protocol, Settings, builtin};
use maillogs::store::archive::Intent;
use maillogs::store::fuzzing::journal;
use maillogs::store::record::{Record, decode, encode};
use maillogs::store::state::State;
use std::sync::OnceLock;

const MAGIC: &[u8] = b"maillog1";

/// Magic word and checksum before `body`.
fn framed(body: &[u8]) -> Vec<u8> {
    [MAGIC, &digest(&[body]), body].concat()
}

/// Reads `bytes` (a file of ours, or the body of one) as each record.
pub fn any(bytes: &[u8]) {
    assert!(decode::<State>(bytes).is_none_or(|_| bytes.starts_with(MAGIC)));
    let body = if bytes.starts_with(MAGIC) { bytes.get(24..).unwrap_or_default() } else { bytes };
    let file = framed(body);
    if let Some(intent) = again::<Intent>(&file) {
        assert!(intent.files.len() <= file.len());
    }
    if let Some(once) = journal(&file) {
        assert_eq!(journal(&once), Some(once), "a journal that is written again is the same");
    }
    if let Some(state) = again::<State>(&file) {
        goes_on(state);
    }
    // So much as one bit that is changed is noticed.
    if let Some(last) = file.len().checked_sub(1) {
        let mut changed = file.clone();
        changed[last] ^= 1;
        assert!(decode::<State>(&changed).is_none());
        assert!(decode::<State>(&file[..last]).is_none());
    }
}

/// The record, which is the same after it was written and read.
fn again<T: Record + PartialEq + std::fmt::Debug>(file: &[u8]) -> Option<T> {
    let record: T = decode(file)?;
    assert_eq!(decode(&encode(&record)).as_ref(), Some(&record));
    Some(record)
}

/// A state of whatever was once a protocol's becomes one of today's.
fn goes_on(state: State) {
    static ALL: OnceLock<Vec<&Protocol>> = OnceLock::new();
    for protocol in ALL.get_or_init(|| builtin(&Settings::default())) {
        let mut state = state.clone();
        state.remap_to(protocol);
        let width = protocol.counters.len();
        assert_eq!(state.keys.len(), width);
        assert!(
            [state.totals.len(), state.gauges.len(), state.newest_day.len(), state.moved.len()] == [width; 4]
        );
        assert!(state.bins.values().all(|bin| bin.values.len() == width));
        assert!(
            state.ledger.streams.iter().flat_map(|s| &s.hosts).flat_map(|h| &h.raised).all(|r| r.0 < width)
        );
        state.ledger.prune(crate::NOW);
        state.ledger.done();
        let fitted = state.clone();
        state.remap_to(protocol);
        assert_eq!(state, fitted, "what fits stays as it is");
    }
}

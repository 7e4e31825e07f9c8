//! Records as the second version of this program wrote them, so that its state and a journal that it left go on.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Understood;
use super::v3::{DirectoryV3, LedgerV3, PositionV3, StateV3, StreamV3};
use crate::ledger::{Cursor, Digest, Hint, Identity, LastLine, Tail};
use crate::store::rrd::mark::RrdMark;
use crate::tally::Bins;

/// [`Cursor`] without what stands before the place.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct CursorV2 {
    identity: Identity,
    counted: u64,
    archived: u64,
    finished: bool,
    seen: i64,
    hint: Option<Hint>,
}

/// [`DirectoryV3`] without the nanoseconds of its last line.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DirectoryV2 {
    path: String,
    labelled: bool,
    count_tail: Tail,
    archive_tail: Tail,
    archive_day: u32,
    last_time: i64,
}

/// [`LastLine`] without its time.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LastLineV2 {
    host: Vec<u8>,
    raised: Vec<(usize, i128)>,
}

/// [`StreamV3`] without the number of lines of its last second, and without its machine.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StreamV2 {
    name: String,
    position: Option<PositionV3>,
    before: Option<PositionV3>,
    journal: Option<String>,
    from_end: bool,
    own: bool,
    known_to: i64,
    last_time: i64,
    hosts: Vec<LastLineV2>,
    seen: i64,
}

/// [`LedgerV3`] of those.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LedgerV2 {
    pub(in crate::store) cursors: Vec<CursorV2>,
    pub(in crate::store) directories: Vec<DirectoryV2>,
    pub(in crate::store) streams: Vec<StreamV2>,
}

/// [`StateV3`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StateV2 {
    pub(in crate::store) number: u64,
    pub(in crate::store) keys: Vec<String>,
    pub(in crate::store) totals: Vec<i128>,
    pub(in crate::store) extra: BTreeMap<String, String>,
    pub(in crate::store) counter_file: Option<Digest>,
    pub(in crate::store) bins: Bins,
    pub(in crate::store) pushed: i64,
    pub(in crate::store) gauges: Vec<i128>,
    pub(in crate::store) seen: i64,
    pub(in crate::store) ledger: LedgerV2,
    pub(in crate::store) rrd: Option<RrdMark>,
    pub(in crate::store) open_archives: BTreeMap<String, String>,
    pub(in crate::store) newest_day: Vec<(u32, i128)>,
    pub(in crate::store) moved: Vec<i64>,
    pub(in crate::store) understood: Understood,
    pub(in crate::store) understood_lately: (u32, Understood),
    pub(in crate::store) unread: Vec<String>,
}

impl From<CursorV2> for Cursor {
    fn from(old: CursorV2) -> Cursor {
        let CursorV2 { identity, counted, archived, finished, seen, hint } = old;
        Cursor { identity, counted, archived, finished, seen, hint, tail: None }
    }
}

impl From<DirectoryV2> for DirectoryV3 {
    fn from(old: DirectoryV2) -> DirectoryV3 {
        let DirectoryV2 { path, labelled, count_tail, archive_tail, archive_day, last_time } = old;
        // Of which nanosecond the last line was is not known: the whole second is taken as counted.
        let last_nanos = 999_999_999;
        DirectoryV3 { path, labelled, count_tail, archive_tail, archive_day, last_time, last_nanos }
    }
}

impl From<LastLineV2> for LastLine {
    fn from(old: LastLineV2) -> LastLine {
        let LastLineV2 { host, raised } = old;
        LastLine { host, raised, time: 0 }
    }
}

impl From<StreamV2> for StreamV3 {
    fn from(old: StreamV2) -> StreamV3 {
        StreamV3 {
            name: old.name,
            position: old.position,
            before: old.before,
            journal: old.journal,
            from_end: old.from_end,
            own: old.own,
            known_to: old.known_to,
            last_time: old.last_time,
            // How many lines of the last second were counted is not known: all of them are taken as counted.
            last_lines: u64::MAX,
            machine: String::new(),
            hosts: old.hosts.into_iter().map(LastLine::from).collect(),
            seen: old.seen,
        }
    }
}

impl From<StateV2> for StateV3 {
    fn from(old: StateV2) -> StateV3 {
        let LedgerV2 { cursors, directories, streams } = old.ledger;
        StateV3 {
            number: old.number,
            keys: old.keys,
            totals: old.totals,
            extra: old.extra,
            counter_file: old.counter_file,
            bins: old.bins,
            pushed: old.pushed,
            gauges: old.gauges,
            seen: old.seen,
            ledger: LedgerV3 {
                cursors: cursors.into_iter().map(Cursor::from).collect(),
                directories: directories.into_iter().map(DirectoryV3::from).collect(),
                streams: streams.into_iter().map(StreamV3::from).collect(),
            },
            rrd: old.rrd,
            rrd_end: if old.rrd.is_some() { old.pushed } else { 0 },
            rrd_deaths: 0,
            open_archives: old.open_archives,
            newest_day: old.newest_day,
            moved: old.moved,
            understood: old.understood,
            understood_lately: old.understood_lately,
            unread: old.unread,
            store: Digest::default(),
            writers: Vec::new(),
            committed: 0,
            base: String::new(),
            counter_files: Vec::new(),
            vanished: BTreeMap::new(),
            archived: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::{Settings, builtin};
    use crate::store::journal::Journal;
    use crate::store::record::decode;
    use crate::store::state::State;

    fn file(name: &str) -> Vec<u8> {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/state");
        std::fs::read(dir.join(name)).unwrap()
    }

    /// Three logins of a syslog were counted, then two more.
    #[test]
    fn a_state_and_a_journal_of_the_second_version_go_on() {
        let all = builtin(&Settings::default());
        let pop3 = all.iter().find(|p| p.name == "pop3").unwrap();
        let success = |state: &State| state.totals[pop3.index("pop3_success").unwrap()];
        let state: State = decode(&file("v2.state")).unwrap();
        assert_eq!((state.number, success(&state)), (1, 3));
        let stream = &state.ledger.streams[0];
        assert_eq!((stream.position.as_ref().unwrap().counted, stream.last_lines), (264, u64::MAX));
        let journal: Journal = decode(&file("v2.journal")).unwrap();
        assert_eq!((journal.state.number, success(&journal.state)), (2, 5));
        assert!(!journal.updates.is_empty());
    }
}

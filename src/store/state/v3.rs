//! Records as the third version of this program wrote them, so that its state and a journal that it left go on.
//! Older records become these first.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::v4::{DirectoryV4, LedgerV4, StateV4, StreamV4};
use super::{State, Understood, Writer};
use crate::ledger::{Cursor, Digest, LastLine, Offset, Position, Tail};
use crate::store::rrd::mark::RrdMark;
use crate::tally::Bins;

/// A directory as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DirectoryV3 {
    pub(in crate::store) path: String,
    pub(in crate::store) labelled: bool,
    pub(in crate::store) count_tail: Tail,
    pub(in crate::store) archive_tail: Tail,
    pub(in crate::store) archive_day: u32,
    pub(in crate::store) last_time: i64,
    pub(in crate::store) last_nanos: u32,
}

/// [`Position`] without the path.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct PositionV3 {
    head_length: u64,
    head: Digest,
    counted: u64,
    tail: Digest,
    file: (u64, u64),
    mtime: i64,
}

/// A stream as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StreamV3 {
    pub(in crate::store) name: String,
    pub(in crate::store) position: Option<PositionV3>,
    pub(in crate::store) before: Option<PositionV3>,
    pub(in crate::store) journal: Option<String>,
    pub(in crate::store) from_end: bool,
    pub(in crate::store) own: bool,
    pub(in crate::store) known_to: i64,
    pub(in crate::store) last_time: i64,
    pub(in crate::store) last_lines: u64,
    pub(in crate::store) machine: String,
    pub(in crate::store) hosts: Vec<LastLine>,
    pub(in crate::store) seen: i64,
}

/// A ledger of those.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LedgerV3 {
    pub(in crate::store) cursors: Vec<Cursor>,
    pub(in crate::store) directories: Vec<DirectoryV3>,
    pub(in crate::store) streams: Vec<StreamV3>,
}

/// [`State`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StateV3 {
    pub(in crate::store) number: u64,
    pub(in crate::store) keys: Vec<String>,
    pub(in crate::store) totals: Vec<i128>,
    pub(in crate::store) extra: BTreeMap<String, String>,
    pub(in crate::store) counter_file: Option<Digest>,
    pub(in crate::store) bins: Bins,
    pub(in crate::store) pushed: i64,
    pub(in crate::store) gauges: Vec<i128>,
    pub(in crate::store) seen: i64,
    pub(in crate::store) ledger: LedgerV3,
    pub(in crate::store) rrd: Option<RrdMark>,
    pub(in crate::store) rrd_end: i64,
    pub(in crate::store) rrd_deaths: u32,
    pub(in crate::store) open_archives: BTreeMap<String, String>,
    pub(in crate::store) newest_day: Vec<(u32, i128)>,
    pub(in crate::store) moved: Vec<i64>,
    pub(in crate::store) understood: Understood,
    pub(in crate::store) understood_lately: (u32, Understood),
    pub(in crate::store) unread: Vec<String>,
    pub(in crate::store) store: Digest,
    pub(in crate::store) writers: Vec<Writer>,
    pub(in crate::store) committed: i64,
    pub(in crate::store) base: String,
    pub(in crate::store) counter_files: Vec<u64>,
    pub(in crate::store) vanished: BTreeMap<String, i64>,
    pub(in crate::store) archived: Option<(String, u64)>,
}

impl From<DirectoryV3> for DirectoryV4 {
    fn from(old: DirectoryV3) -> DirectoryV4 {
        let DirectoryV3 { path, labelled, count_tail, archive_tail, archive_day, last_time, last_nanos } =
            old;
        DirectoryV4 {
            path,
            labelled,
            count_tail,
            archive_tail,
            archive_day,
            last_time,
            last_nanos,
            offset: Offset::default(),
        }
    }
}

impl From<PositionV3> for Position {
    fn from(old: PositionV3) -> Position {
        let PositionV3 { head_length, head, counted, tail, file, mtime } = old;
        Position { head_length, head, counted, tail, file, path: String::new(), mtime }
    }
}

impl From<StreamV3> for StreamV4 {
    fn from(old: StreamV3) -> StreamV4 {
        StreamV4 {
            name: old.name,
            position: old.position.map(Position::from),
            before: old.before.map(Position::from),
            journal: old.journal,
            from_end: old.from_end,
            own: old.own,
            known_to: old.known_to,
            last_time: old.last_time,
            last_lines: old.last_lines,
            machine: old.machine,
            hosts: old.hosts,
            seen: old.seen,
        }
    }
}

impl From<StateV3> for StateV4 {
    fn from(old: StateV3) -> StateV4 {
        let LedgerV3 { cursors, directories, streams } = old.ledger;
        StateV4 {
            number: old.number,
            keys: old.keys,
            totals: old.totals,
            extra: old.extra,
            counter_file: old.counter_file,
            bins: old.bins,
            pushed: old.pushed,
            gauges: old.gauges,
            seen: old.seen,
            ledger: LedgerV4 {
                cursors,
                directories: directories.into_iter().map(DirectoryV4::from).collect(),
                streams: streams.into_iter().map(StreamV4::from).collect(),
            },
            rrd: old.rrd,
            rrd_end: old.rrd_end,
            table: 0,
            open_archives: old.open_archives,
            newest_day: old.newest_day,
            moved: old.moved,
            understood: old.understood,
            understood_lately: old.understood_lately,
            unread: old.unread,
            store: old.store,
            writers: old.writers,
            committed: old.committed,
            base: old.base,
            counter_files: old.counter_files,
            vanished: old.vanished,
            archived: old.archived,
            since: 0,
        }
    }
}

impl From<StateV3> for State {
    fn from(old: StateV3) -> State {
        StateV4::from(old).into()
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
    fn a_state_and_a_journal_of_the_third_version_go_on() {
        let all = builtin(&Settings::default());
        let pop3 = all.iter().find(|p| p.name == "pop3").unwrap();
        let success = |state: &State| state.totals[pop3.index("pop3_success").unwrap()];
        let state: State = decode(&file("v3.state")).unwrap();
        assert_eq!((state.number, success(&state)), (1, 3));
        let stream = &state.ledger.streams[0];
        // `stat -c %s` of the three lines; one of them has the last second.
        assert_eq!((stream.position.as_ref().unwrap().counted, stream.last_lines), (276, 1));
        let journal: Journal = decode(&file("v3.journal")).unwrap();
        assert_eq!((journal.state.number, success(&journal.state)), (2, 5));
        assert!(!journal.updates.is_empty());
    }
}

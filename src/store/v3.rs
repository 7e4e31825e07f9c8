//! Records as the third version of this program wrote them, so that its state and a journal that it left go on.
//! Older records become these first.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{RrdMark, State, Understood, Writer};
use crate::ledger::{Cursor, Digest, Directory, LastLine, Ledger, Offset, Position, Stream, Tail};
use crate::tally::Bins;

/// [`Directory`] as it was.
#[derive(Serialize, Deserialize)]
pub(super) struct DirectoryV3 {
    pub(super) path: String,
    pub(super) labelled: bool,
    pub(super) count_tail: Tail,
    pub(super) archive_tail: Tail,
    pub(super) archive_day: u32,
    pub(super) last_time: i64,
    pub(super) last_nanos: u32,
}

/// [`Position`] without the path.
#[derive(Serialize, Deserialize)]
pub(super) struct PositionV3 {
    head_length: u64,
    head: Digest,
    counted: u64,
    tail: Digest,
    file: (u64, u64),
    mtime: i64,
}

/// [`Stream`] as it was.
#[derive(Serialize, Deserialize)]
pub(super) struct StreamV3 {
    pub(super) name: String,
    pub(super) position: Option<PositionV3>,
    pub(super) before: Option<PositionV3>,
    pub(super) journal: Option<String>,
    pub(super) from_end: bool,
    pub(super) own: bool,
    pub(super) known_to: i64,
    pub(super) last_time: i64,
    pub(super) last_lines: u64,
    pub(super) machine: String,
    pub(super) hosts: Vec<LastLine>,
    pub(super) seen: i64,
}

/// [`Ledger`] of those.
#[derive(Serialize, Deserialize)]
pub(super) struct LedgerV3 {
    pub(super) cursors: Vec<Cursor>,
    pub(super) directories: Vec<DirectoryV3>,
    pub(super) streams: Vec<StreamV3>,
}

/// [`State`] as it was.
#[derive(Serialize, Deserialize)]
pub(super) struct StateV3 {
    pub(super) number: u64,
    pub(super) keys: Vec<String>,
    pub(super) totals: Vec<i128>,
    pub(super) extra: BTreeMap<String, String>,
    pub(super) counter_file: Option<Digest>,
    pub(super) bins: Bins,
    pub(super) pushed: i64,
    pub(super) gauges: Vec<i128>,
    pub(super) seen: i64,
    pub(super) ledger: LedgerV3,
    pub(super) rrd: Option<RrdMark>,
    pub(super) rrd_end: i64,
    pub(super) rrd_deaths: u32,
    pub(super) open_archives: BTreeMap<String, String>,
    pub(super) newest_day: Vec<(u32, i128)>,
    pub(super) moved: Vec<i64>,
    pub(super) understood: Understood,
    pub(super) understood_lately: (u32, Understood),
    pub(super) unread: Vec<String>,
    pub(super) store: Digest,
    pub(super) writers: Vec<Writer>,
    pub(super) committed: i64,
    pub(super) base: String,
    pub(super) counter_files: Vec<u64>,
    pub(super) vanished: BTreeMap<String, i64>,
    pub(super) archived: Option<(String, u64)>,
}

impl From<DirectoryV3> for Directory {
    fn from(old: DirectoryV3) -> Directory {
        let DirectoryV3 { path, labelled, count_tail, archive_tail, archive_day, last_time, last_nanos } =
            old;
        Directory {
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

impl From<StreamV3> for Stream {
    fn from(old: StreamV3) -> Stream {
        Stream {
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

impl From<StateV3> for State {
    fn from(old: StateV3) -> State {
        let LedgerV3 { cursors, directories, streams } = old.ledger;
        State {
            number: old.number,
            keys: old.keys,
            totals: old.totals,
            extra: old.extra,
            counter_file: old.counter_file,
            bins: old.bins,
            pushed: old.pushed,
            gauges: old.gauges,
            seen: old.seen,
            ledger: Ledger {
                cursors,
                directories: directories.into_iter().map(Directory::from).collect(),
                streams: streams.into_iter().map(Stream::from).collect(),
            },
            rrd: old.rrd,
            rrd_end: old.rrd_end,
            rrd_deaths: old.rrd_deaths,
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

#[cfg(test)]
mod tests {
    use crate::protocol::{Settings, builtin};
    use crate::store::push::Journal;
    use crate::store::state::{State, decode};

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

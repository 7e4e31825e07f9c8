//! Records as the fourth version of this program wrote them: without what is open in a source, and without the messages in
//! the queue. Older records become these first.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Messages, State, Understood, Writer};
use crate::ledger::{Cursor, Digest, Directory, LastLine, Ledger, Offset, Open, Position, Stream, Tail};
use crate::protocol::attempts::Kept;
use crate::store::rrd::mark::RrdMark;
use crate::tally::Bins;

/// [`Directory`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DirectoryV4 {
    pub(in crate::store) path: String,
    pub(in crate::store) labelled: bool,
    pub(in crate::store) count_tail: Tail,
    pub(in crate::store) archive_tail: Tail,
    pub(in crate::store) archive_day: u32,
    pub(in crate::store) last_time: i64,
    pub(in crate::store) last_nanos: u32,
    pub(in crate::store) offset: Offset,
}

/// [`Stream`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StreamV4 {
    pub(in crate::store) name: String,
    pub(in crate::store) position: Option<Position>,
    pub(in crate::store) before: Option<Position>,
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

/// [`Ledger`] of those.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LedgerV4 {
    pub(in crate::store) cursors: Vec<Cursor>,
    pub(in crate::store) directories: Vec<DirectoryV4>,
    pub(in crate::store) streams: Vec<StreamV4>,
}

/// [`State`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StateV4 {
    pub(in crate::store) number: u64,
    pub(in crate::store) keys: Vec<String>,
    pub(in crate::store) totals: Vec<i128>,
    pub(in crate::store) extra: BTreeMap<String, String>,
    pub(in crate::store) counter_file: Option<Digest>,
    pub(in crate::store) bins: Bins,
    pub(in crate::store) pushed: i64,
    pub(in crate::store) gauges: Vec<i128>,
    pub(in crate::store) seen: i64,
    pub(in crate::store) ledger: LedgerV4,
    pub(in crate::store) rrd: Option<RrdMark>,
    pub(in crate::store) rrd_end: i64,
    pub(in crate::store) table: u32,
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
    pub(in crate::store) since: i64,
}

impl From<DirectoryV4> for Directory {
    fn from(old: DirectoryV4) -> Directory {
        Directory {
            path: old.path,
            labelled: old.labelled,
            count_tail: old.count_tail,
            archive_tail: old.archive_tail,
            archive_day: old.archive_day,
            last_time: old.last_time,
            last_nanos: old.last_nanos,
            offset: old.offset,
            open: Open::default(),
        }
    }
}

impl From<StreamV4> for Stream {
    fn from(old: StreamV4) -> Stream {
        Stream {
            name: old.name,
            position: old.position,
            before: old.before,
            journal: old.journal,
            from_end: old.from_end,
            own: old.own,
            known_to: old.known_to,
            last_time: old.last_time,
            last_lines: old.last_lines,
            machine: old.machine,
            hosts: old.hosts,
            seen: old.seen,
            open: Open::default(),
        }
    }
}

impl From<StateV4> for State {
    fn from(old: StateV4) -> State {
        let LedgerV4 { cursors, directories, streams } = old.ledger;
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
                last_source: 0,
            },
            rrd: old.rrd,
            rrd_end: old.rrd_end,
            table: old.table,
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
            since: old.since,
            messages: Messages::default(),
            tables: Vec::new(),
            attempts: Kept::default(),
            newcomers: Vec::new(),
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

    /// Three logins of a syslog and two lines of a log directory were counted, then two logins and one line more.
    #[test]
    fn a_state_and_a_journal_of_the_fourth_version_go_on() {
        let all = builtin(&Settings::default());
        let pop3 = all.iter().find(|p| p.name == "pop3").unwrap();
        let total = |state: &State, key: &str| state.totals[pop3.index(key).unwrap()];
        let state: State = decode(&file("v4.state")).unwrap();
        assert_eq!((state.number, total(&state, "pop3_success"), total(&state, "tcp_connect")), (1, 3, 1));
        let stream = &state.ledger.streams[0];
        // `stat -c %s` of the three lines; one of them has the last second.
        assert_eq!((stream.position.as_ref().unwrap().counted, stream.last_lines), (282, 1));
        // 0x6abaee22 - 10: the newest label, which is of multilog.
        assert_eq!(state.ledger.directories[0].last_time, 0x6aba_ee22 - 10);
        let journal: Journal = decode(&file("v4.journal")).unwrap();
        let after = &journal.state;
        assert_eq!((after.number, total(after, "pop3_success"), total(after, "tcp_connect")), (2, 5, 2));
        assert!(!journal.updates.is_empty());
    }
}

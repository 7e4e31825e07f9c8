//! Records as the fifth version of this program wrote them: deliveries without their recipients, and no table of how attempts
//! ended. Older records become what this program has now without them.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Messages, State, TableUse, Understood, Writer};
use crate::ledger::{
    Cursor, Delivery, DeliveryKey, Digest, Directory, LastLine, Ledger, Offset, Open, Position, Stream, Tail,
};
use crate::protocol::attempts::Kept;
use crate::store::rrd::mark::RrdMark;
use crate::tally::Bins;

/// [`Delivery`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DeliveryV5 {
    message: u64,
    to: u8,
    begun: Option<i64>,
}

/// [`Open`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct OpenV5 {
    source: u32,
    deliveries: Vec<(DeliveryKey, DeliveryV5)>,
}

/// [`Directory`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DirectoryV5 {
    path: String,
    labelled: bool,
    count_tail: Tail,
    archive_tail: Tail,
    archive_day: u32,
    last_time: i64,
    last_nanos: u32,
    offset: Offset,
    open: OpenV5,
}

/// [`Stream`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StreamV5 {
    name: String,
    position: Option<Position>,
    before: Option<Position>,
    journal: Option<String>,
    from_end: bool,
    own: bool,
    known_to: i64,
    last_time: i64,
    last_lines: u64,
    machine: String,
    hosts: Vec<LastLine>,
    seen: i64,
    open: OpenV5,
}

/// [`Ledger`] of those.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LedgerV5 {
    cursors: Vec<Cursor>,
    directories: Vec<DirectoryV5>,
    streams: Vec<StreamV5>,
    last_source: u32,
}

/// [`State`] as it was.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StateV5 {
    number: u64,
    keys: Vec<String>,
    totals: Vec<i128>,
    extra: BTreeMap<String, String>,
    counter_file: Option<Digest>,
    bins: Bins,
    pushed: i64,
    gauges: Vec<i128>,
    seen: i64,
    ledger: LedgerV5,
    rrd: Option<RrdMark>,
    rrd_end: i64,
    table: u32,
    open_archives: BTreeMap<String, String>,
    newest_day: Vec<(u32, i128)>,
    moved: Vec<i64>,
    understood: Understood,
    understood_lately: (u32, Understood),
    unread: Vec<String>,
    store: Digest,
    writers: Vec<Writer>,
    committed: i64,
    base: String,
    counter_files: Vec<u64>,
    vanished: BTreeMap<String, i64>,
    archived: Option<(String, u64)>,
    since: i64,
    messages: Messages,
    tables: Vec<TableUse>,
}

impl From<OpenV5> for Open {
    fn from(old: OpenV5) -> Open {
        let delivery = |DeliveryV5 { message, to, begun }| Delivery { message, to, begun, recipient: 0 };
        let deliveries = old.deliveries.into_iter().map(|(key, old)| (key, delivery(old)));
        Open { source: old.source, deliveries: deliveries.collect() }
    }
}

impl From<DirectoryV5> for Directory {
    fn from(old: DirectoryV5) -> Directory {
        Directory {
            path: old.path,
            labelled: old.labelled,
            count_tail: old.count_tail,
            archive_tail: old.archive_tail,
            archive_day: old.archive_day,
            last_time: old.last_time,
            last_nanos: old.last_nanos,
            offset: old.offset,
            open: old.open.into(),
        }
    }
}

impl From<StreamV5> for Stream {
    fn from(old: StreamV5) -> Stream {
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
            open: old.open.into(),
        }
    }
}

impl From<StateV5> for State {
    fn from(old: StateV5) -> State {
        let LedgerV5 { cursors, directories, streams, last_source } = old.ledger;
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
                last_source,
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
            messages: old.messages,
            tables: old.tables,
            attempts: Kept::default(),
            newcomers: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::attempts::Kept;
    use crate::protocol::{Settings, builtin};
    use crate::store::journal::Journal;
    use crate::store::record::decode;
    use crate::store::state::State;

    fn file(name: &str) -> Vec<u8> {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/state");
        std::fs::read(dir.join(name)).unwrap()
    }

    /// Of one message a delivery to Google was put off and one to Microsoft begun; then that one succeeded, one to a mailbox
    /// here was begun, and the message left the queue.
    #[test]
    fn a_state_and_a_journal_of_the_fifth_version_go_on_without_a_table_of_attempts() {
        let all = builtin(&Settings::default());
        let send = all.iter().find(|p| p.name == "send").unwrap();
        let total = |state: &State, key: &str| state.totals[send.index(key).unwrap()];
        let open = |state: &State| {
            let open = &state.ledger.directories[0].open;
            open.deliveries
                .iter()
                .map(|(key, open)| (key.number, open.to, open.recipient))
                .collect::<Vec<_>>()
        };
        let state: State = decode(&file("v5.state")).unwrap();
        assert_eq!((state.number, total(&state, "why_greylisted"), total(&state, "def_google")), (1, 1, 1));
        assert_eq!(open(&state), [(2, 2, 0)]);
        assert_eq!((state.messages.changed.len(), state.tables.len()), (1, 2));
        // The newest label, which is of multilog.
        assert_eq!(state.ledger.directories[0].last_time, 0x6b0d_f3e2 - 10);
        // That there is none does not mean that there was nothing.
        assert_eq!((state.attempts, state.ledger.last_source), (Kept::default(), 1));
        let journal: Journal = decode(&file("v5.journal")).unwrap();
        let after = &journal.state;
        assert_eq!((after.number, total(after, "ok_microsoft"), total(after, "message_end")), (2, 1, 1));
        assert_eq!((open(after), after.messages.changed.len()), (vec![(3, 0, 0)], 0));
        assert!(!journal.updates.is_empty());
    }
}

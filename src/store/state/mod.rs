//! What a protocol's state file holds.
mod read;
mod remap;
pub mod size;
pub(super) mod v1;
pub(super) mod v2;
pub(super) mod v3;
pub(super) mod v4;
pub(super) mod v5;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rrd::mark::RrdMark;
use crate::ledger::{Digest, Ledger, Message, MessageKey, digest};
use crate::protocol::attempts::Kept;
use crate::protocol::{CounterKind, Known, Protocol};
use crate::tally::{Bin, Bins};

/// How many lines of a protocol's programs were understood, and how many were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Understood {
    /// Lines that a rule knows.
    pub known: u64,
    /// Lines that no rule knows.
    pub unknown: u64,
}

impl Understood {
    /// Both.
    pub fn all(self) -> u64 {
        self.known + self.unknown
    }

    /// Adds those of another reading.
    pub fn add(&mut self, more: Understood) {
        self.known += more.known;
        self.unknown += more.unknown;
    }
}

/// Everything that a commit makes true at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Commits so far.
    pub number: u64,
    /// The protocol's counter keys when this was written, in the order of all values below.
    pub keys: Vec<String>,
    /// The running total of each counter, in the order of `keys`; 0 for gauges and derived values. Of a
    /// `CounterKind::Sum` or `Net` in units of 10⁻⁹.
    pub totals: Vec<i128>,
    /// Lines of the counter file that are not counters of ours (the Perl program's `created` …).
    pub extra: BTreeMap<String, String>,
    /// Hash of the counter file as we wrote it, to notice an edit by hand.
    pub counter_file: Option<Digest>,
    /// The bins that are not in the RRD yet.
    pub bins: Bins,
    /// End of the last bin in the RRD, unix seconds; 0: none.
    pub pushed: i64,
    /// Gauges of the newest bin that is in the RRD and has any.
    pub gauges: Vec<i128>,
    /// When an advance last read every source to its end, unix seconds.
    pub seen: i64,
    /// Chunks and directories.
    pub ledger: Ledger,
    /// The RRD as we left it.
    pub rrd: Option<RrdMark>,
    /// When the RRD ended after our last push, unix seconds; 0: not known.
    pub rrd_end: i64,
    /// The beginning of the hash of the table ([`State::table_of`]) under which the RRD was made, or whose new counters all
    /// have joined it since: see `store::wanted`. What earlier versions counted here is no such hash.
    pub table: u32,
    /// Archive files that end in mid-line, by path below `logs_base`: which directory's line it is.
    pub open_archives: BTreeMap<String, String>,
    /// Of each counter the newest local day (`YYYYMMDD`; 0: none) on which it moved, and by how much then.
    pub newest_day: Vec<(u32, i128)>,
    /// Of each counter when it moved last: the begin of that bin, unix seconds; 0: never.
    pub moved: Vec<i64>,
    /// Lines since the first commit.
    pub understood: Understood,
    /// The newest local day (`YYYYMMDD`; 0: none) on which lines were read, and those lines: a changed format shows
    /// in them at once.
    pub understood_lately: (u32, Understood),
    /// Sources that could not be read when an advance last tried: it was said, and need not be at every run.
    pub unread: Vec<String>,
    /// What tells this store from every other one; all zero before the first commit.
    pub store: Digest,
    /// Under which configurations it was written, the newest last.
    pub writers: Vec<Writer>,
    /// When the last commit was made, unix seconds; 0: not known.
    pub committed: i64,
    /// `logs_base` when it was made, by the name that no link is part of.
    pub base: String,
    /// The first 8 bytes of the hashes of the last counter files but one that were written, to tell them from an edit.
    pub counter_files: Vec<u64>,
    /// Directories of ours that were gone when an advance last looked, and since when (unix seconds).
    pub vanished: BTreeMap<String, i64>,
    /// The archive file that was appended to last, by path below `logs_base`, and its length then.
    pub archived: Option<(String, u64)>,
    /// From when on RRD and waiting bins together have everything, unix seconds: what is before that is not known to be
    /// nothing. 0: an older version did not keep it, or there is nothing yet.
    pub since: i64,
    /// The messages in the queue.
    pub messages: Messages,
    /// The tables of rules by which counters were raised, each with its version and the time from which on it was used; the
    /// newest last.
    pub tables: Vec<TableUse>,
    /// How attempts to deliver ended today and yesterday.
    pub attempts: Kept,
    /// In memory alone: the positions of the counters that the table of now has and that of the last commit had not, where
    /// the RRD was made ready for that one.
    #[serde(skip)]
    pub newcomers: Vec<usize>,
}

/// Messages of which the lines were seen that took them into the queue: those that a file of their own holds (see
/// `store::queue_file`), and what has changed since that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// In the order of their keys; `None`: it has left the queue.
    pub changed: Vec<(MessageKey, Option<Message>)>,
    /// The file; `None`: there is none, and `changed` has all of them.
    pub file: Option<QueueFile>,
}

/// Which file of messages belongs to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueFile {
    /// The random name that stands in it.
    pub identity: Digest,
    /// Which of the two files it is. The other one belongs to an earlier commit.
    pub second: bool,
    /// The number of messages in it.
    pub messages: u64,
}

/// From when on a table of rules was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableUse {
    /// Its name: `reasons`, `providers`.
    pub name: String,
    /// As the table says it.
    pub version: u32,
    /// When it was first used, unix seconds.
    pub since: i64,
}

/// A configuration under which the store was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The file; empty: the built-in defaults.
    pub config: String,
    /// Hash of the counters.
    pub form: Digest,
    /// Hash of the step, and of where counter file and RRD are.
    pub places: Digest,
    /// When it was used last, unix seconds.
    pub seen: i64,
}

impl State {
    /// Before the first commit.
    pub fn new(protocol: &Protocol) -> Self {
        let width = protocol.counters.len();
        State {
            number: 0,
            keys: protocol.counters.iter().map(|c| c.key.to_owned()).collect(),
            totals: vec![0; width],
            extra: BTreeMap::new(),
            counter_file: None,
            bins: Bins::new(),
            pushed: 0,
            gauges: vec![0; width],
            seen: 0,
            ledger: Ledger::default(),
            rrd: None,
            rrd_end: 0,
            table: 0,
            open_archives: BTreeMap::new(),
            newest_day: vec![(0, 0); width],
            moved: vec![0; width],
            understood: Understood::default(),
            understood_lately: (0, Understood::default()),
            unread: Vec::new(),
            store: Digest::default(),
            writers: Vec::new(),
            committed: 0,
            base: String::new(),
            counter_files: Vec::new(),
            vanished: BTreeMap::new(),
            archived: None,
            since: 0,
            messages: Messages::default(),
            tables: Vec::new(),
            attempts: Kept::default(),
            newcomers: Vec::new(),
        }
    }

    /// What is kept of a table of counters, of which `keys` are the keys.
    pub fn table_of<'k>(keys: impl Iterator<Item = &'k str>) -> u32 {
        let parts: Vec<&[u8]> = keys.map(str::as_bytes).collect();
        let hash = digest(&parts);
        u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]])
    }

    /// Replaces the unpushed bins by `bins`, in which something was raised, and adds to the odometers what they
    /// gained. `day` tells the local day (`YYYYMMDD`) of a time.
    pub fn absorb_bins(&mut self, protocol: &Protocol, bins: Bins, mut day: impl FnMut(i64) -> u32) {
        let (mut values, mut before) = (Vec::new(), Vec::new());
        for (begin, bin) in &bins {
            let was = self.bins.get(begin);
            if was == Some(bin) {
                continue;
            }
            let day = day(*begin);
            let Some(was) = was else {
                bin.values
                    .iter()
                    .for_each(|(counter, gain)| self.gains(protocol, counter, gain, (*begin, day)));
                continue;
            };
            bin.values.unpack(&mut values);
            was.values.unpack(&mut before);
            for (counter, (value, before)) in values.iter().zip(&before).enumerate() {
                if value != before {
                    self.gains(protocol, counter, value - before, (*begin, day));
                }
            }
        }
        self.bins = bins;
    }

    /// A counter rose by `gain` in the bin that begins `at` (unix seconds) on a day (`YYYYMMDD`).
    fn gains(&mut self, protocol: &Protocol, counter: usize, gain: i128, (at, day): (i64, u32)) {
        self.moved[counter] = self.moved[counter].max(at);
        if !protocol.counters[counter].kind.is_odometer() {
            return;
        }
        self.totals[counter] += gain;
        match &mut self.newest_day[counter] {
            (newest, amount) if *newest == day => *amount += gain,
            newest if newest.0 < day => *newest = (day, gain),
            _ => {}
        }
    }

    /// The values that a query shows at `now` (unix seconds): odometers, the gauges of the last
    /// complete bin that has any, derived values.
    pub fn values(&self, protocol: &Protocol, now: i64, step: i64) -> Vec<i128> {
        let mut values = self.totals.clone();
        let gauges: Vec<usize> =
            protocol.counters.iter().enumerate().filter(|(_, c)| c.kind.is_gauge()).map(|(i, _)| i).collect();
        // A measured value is true when it was measured; the highest of a bin when the bin is over.
        let tells = |(begin, bin): &(&i64, &Bin)| {
            protocol.measured
                || (**begin + step <= now && bin.values.iter().any(|(i, _)| gauges.contains(&i)))
        };
        let newest = self.bins.iter().rev().find(tells).map(|(_, bin)| bin.values.to_vec());
        let newest = newest.as_ref().unwrap_or(&self.gauges);
        for &i in &gauges {
            values[i] = newest[i];
        }
        for (i, counter) in protocol.counters.iter().enumerate() {
            if let CounterKind::Derived(compute) = counter.kind {
                let first = protocol.section(i).map_or(0, |section| section.first);
                let (values_of, newest_day) = (&values[first..], &self.newest_day[first..]);
                values[i] = compute(&Known { values: values_of, newest_day });
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    #[test]
    fn odometers_gain_what_the_bins_gain() {
        let mut state = State::new(&SEND);
        let i = SEND.index("delivery").unwrap();
        let bin = |n: i128| {
            let mut values = vec![0; SEND.counters.len()];
            values[i] = n;
            Bin { values: values.into(), born: 0, touched: 0 }
        };
        let day = |secs: i64| if secs < 120 { 20260928 } else { 20260929 };
        state.absorb_bins(&SEND, [(0, bin(3))].into(), day);
        state.absorb_bins(&SEND, [(0, bin(5)), (60, bin(1))].into(), day);
        assert_eq!((state.totals[i], state.newest_day[i], state.moved[i]), (6, (20260928, 6), 60));
        state.absorb_bins(&SEND, [(0, bin(9)), (60, bin(1)), (120, bin(2))].into(), day);
        assert_eq!((state.totals[i], state.newest_day[i], state.moved[i]), (12, (20260929, 2), 120));
        state.absorb_bins(&SEND, [(0, bin(10)), (60, bin(1)), (120, bin(2))].into(), day);
        assert_eq!(
            (state.totals[i], state.newest_day[i]),
            (13, (20260929, 2)),
            "a late line of the day before"
        );
    }
}

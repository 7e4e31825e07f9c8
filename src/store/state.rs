//! What a protocol's state file holds, and its form on disk: a magic word, a checksum, a versioned
//! record.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counters::{show, value_of};
use super::v1::StateV1;
use super::v2::StateV2;
use super::v3::StateV3;
use crate::ledger::{Digest, Ledger, digest};
use crate::protocol::custom::lines_key;
use crate::protocol::{Kind, Known, Protocol};
use crate::tally::{Bin, Bins};

/// What the RRD looked like after our last push: its size in bytes and the hash of its static header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RrdMark {
    /// Size in bytes; it never changes in the life of a file.
    pub size: u64,
    /// Hash of what `rrdcreate` wrote: step, data sources, archives.
    pub schema: Digest,
}

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
    /// Odometers by position; 0 for gauges and derived values.
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
    /// How often in a row a push was given up because processes died at it.
    pub rrd_deaths: u32,
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

/// What is kept in a file of ours, and can be read from an older version's.
pub trait Record: Serialize + for<'de> Deserialize<'de> {
    /// The record of these bytes of the first version.
    fn from_v1(bytes: &[u8]) -> Option<Self>;

    /// The record of these bytes of the second version.
    fn from_v2(bytes: &[u8]) -> Option<Self>;

    /// The record of these bytes of the third version.
    fn from_v3(bytes: &[u8]) -> Option<Self>;

    /// Do its parts fit to each other? What does not was never written by us, whatever its checksum says.
    fn is_whole(&self) -> bool {
        true
    }
}

impl Record for State {
    fn from_v1(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV1>(bytes).ok().map(|old| StateV3::from(old).into())
    }

    fn from_v2(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV2>(bytes).ok().map(|old| StateV3::from(old).into())
    }

    fn from_v3(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<StateV3>(bytes).ok().map(State::from)
    }

    fn is_whole(&self) -> bool {
        let width = self.keys.len();
        let hosts = self.ledger.streams.iter().flat_map(|stream| &stream.hosts);
        [self.totals.len(), self.gauges.len(), self.newest_day.len(), self.moved.len()] == [width; 4]
            && self.bins.values().all(|bin| bin.values.len() == width)
            && hosts.flat_map(|host| &host.raised).all(|(counter, _)| *counter < width)
    }
}

const MAGIC: &[u8; 8] = b"maillog1";

/// The version of records, as the first byte of their body: version 1 has 0 there.
const VERSION: u8 = 3;

/// A record with magic word, checksum and version.
pub fn encode<T: Record>(record: &T) -> Vec<u8> {
    let body = postcard::to_extend(record, vec![VERSION]).unwrap_or_default();
    let mut bytes = Vec::with_capacity(body.len() + 24);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&digest(&[&body]));
    bytes.extend_from_slice(&body);
    bytes
}

/// What [`encode`] wrote; `None` if so much as a bit of it was changed.
pub fn decode<T: Record>(bytes: &[u8]) -> Option<T> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sum, body) = rest.split_at_checked(16)?;
    if digest(&[body]) != *sum {
        return None;
    }
    let record = match body.split_first()? {
        (0, record) => T::from_v1(record),
        (1, record) => T::from_v2(record),
        (2, record) => T::from_v3(record),
        (&VERSION, record) => postcard::from_bytes(record).ok(),
        _ => None,
    };
    record.filter(T::is_whole)
}

/// Do a file's first 8 bytes say that it is a record of ours?
pub fn is_record(front: &[u8; 8]) -> bool {
    front == MAGIC
}

/// The number of the commit that a state's first bytes tell, without a look at the rest.
pub fn number_of(front: &[u8]) -> Option<u64> {
    let body = front.strip_prefix(MAGIC)?.get(16..)?;
    postcard::take_from_bytes(body.get(1..)?).ok().map(|(number, _)| number)
}

/// The way from one table's order of values to another's.
struct Refit {
    place: Vec<Option<usize>>,
    width: usize,
}

impl Refit {
    /// The values of the old table in the order of the new one.
    fn values<T: Copy + Default>(&self, old: &[T]) -> Vec<T> {
        let mut new = vec![T::default(); self.width];
        for (value, place) in old.iter().zip(&self.place) {
            if let Some(slot) = place.and_then(|i| new.get_mut(i)) {
                *slot = *value;
            }
        }
        new
    }
}

impl State {
    /// Before the first commit.
    pub fn new(protocol: &Protocol) -> Self {
        let width = protocol.counters.len();
        State {
            number: 0,
            keys: keys(protocol),
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
            rrd_deaths: 0,
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
        }
    }

    /// Brings the values into the order of today's table: a newer maillogs may have more counters.
    /// Counters that are no longer in the table go to `extra`, so that nothing is forgotten: one that is back, because
    /// toaster.conf was broken for a while, goes on.
    pub fn fit(&mut self, protocol: &Protocol) {
        let now = keys(protocol);
        if self.keys == now {
            return;
        }
        let old = std::mem::replace(&mut self.keys, now);
        let place: Vec<Option<usize>> = old.iter().map(|k| protocol.index(k)).collect();
        let refit = Refit { place: place.clone(), width: protocol.counters.len() };
        for (i, key) in old.iter().enumerate() {
            if place[i].is_none() && self.totals[i] != 0 {
                // Its kind is known no more; but of all counters that can go, only a sum has its lines beside it.
                let is_sum = old.contains(&lines_key(key));
                let kind = if is_sum { Kind::Sum } else { Kind::Count };
                self.extra.insert(key.clone(), show(kind, self.totals[i]));
            }
        }
        self.totals = refit.values(&self.totals);
        for (total, counter) in self.totals.iter_mut().zip(protocol.counters) {
            if counter.kind.is_odometer()
                && !old.iter().any(|key| key == counter.key)
                && let Some(value) = self.extra.remove(counter.key).and_then(|v| value_of(counter.kind, &v))
            {
                *total = value;
            }
        }
        self.gauges = refit.values(&self.gauges);
        for bin in self.bins.values_mut() {
            bin.values = refit.values(&bin.values);
        }
        self.newest_day = refit.values(&self.newest_day);
        self.moved = refit.values(&self.moved);
        for last in self.ledger.streams.iter_mut().flat_map(|s| &mut s.hosts) {
            let moved = |(i, amount): &(usize, i128)| Some(((*place.get(*i)?)?, *amount));
            last.raised = last.raised.iter().filter_map(moved).collect();
        }
    }

    /// Replaces the unpushed bins by `bins`, in which something was raised, and adds to the odometers what they
    /// gained. `day` tells the local day (`YYYYMMDD`) of a time.
    pub fn take(&mut self, protocol: &Protocol, bins: Bins, mut day: impl FnMut(i64) -> u32) {
        let none = Bin { values: vec![0; protocol.counters.len()], born: 0, touched: 0 };
        for (begin, bin) in &bins {
            let was = self.bins.get(begin).unwrap_or(&none);
            if was == bin {
                continue;
            }
            let day = day(*begin);
            for (i, counter) in protocol.counters.iter().enumerate() {
                let gain = bin.values[i] - was.values[i];
                if gain == 0 {
                    continue;
                }
                self.moved[i] = self.moved[i].max(*begin);
                if !counter.kind.is_odometer() {
                    continue;
                }
                self.totals[i] += gain;
                match &mut self.newest_day[i] {
                    (newest, amount) if *newest == day => *amount += gain,
                    newest if newest.0 < day => *newest = (day, gain),
                    _ => {}
                }
            }
        }
        self.bins = bins;
    }

    /// The values that a query shows at `now` (unix seconds): odometers, the gauges of the last
    /// complete bin that has any, derived values.
    pub fn values(&self, protocol: &Protocol, now: i64, step: i64) -> Vec<i128> {
        let mut values = self.totals.clone();
        let gauges: Vec<usize> =
            protocol.counters.iter().enumerate().filter(|(_, c)| c.kind.is_gauge()).map(|(i, _)| i).collect();
        // A measured value is true when it was measured; the highest of a bin when the bin is over.
        let tells = |(begin, bin): &(&i64, &Bin)| {
            protocol.measured || (**begin + step <= now && gauges.iter().any(|&i| bin.values[i] != 0))
        };
        let newest = self.bins.iter().rev().find(tells).map_or(&self.gauges, |(_, bin)| &bin.values);
        for &i in &gauges {
            values[i] = newest[i];
        }
        for (i, counter) in protocol.counters.iter().enumerate() {
            if let Kind::Derived(compute) = counter.kind {
                values[i] = compute(&Known { values: &values, newest_day: &self.newest_day });
            }
        }
        values
    }
}

fn keys(protocol: &Protocol) -> Vec<String> {
    protocol.counters.iter().map(|c| c.key.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{LastLine, Stream};
    use crate::protocol::send::SEND;

    #[test]
    fn a_changed_bit_or_a_lost_byte_is_noticed() {
        let mut state = State::new(&SEND);
        state.number = 7;
        state.totals[1] = i128::from(u64::MAX) * 3;
        let bytes = encode(&state);
        assert_eq!(decode(&bytes), Some(state));
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut broken = bytes.clone();
                broken[i] ^= 1 << bit;
                assert!(decode::<State>(&broken).is_none(), "bit {bit} of byte {i}");
            }
            assert!(decode::<State>(&bytes[..i]).is_none(), "{i} bytes");
        }
    }

    #[test]
    fn a_state_whose_parts_do_not_fit_is_none() {
        let whole = State::new(&SEND);
        assert!(decode::<State>(&encode(&whole)).is_some());
        let bin = Bin { values: vec![0; 3], born: 0, touched: 0 };
        let last = LastLine { host: Vec::new(), raised: vec![(SEND.counters.len(), 1)], time: 0 };
        let stream = Stream { hosts: vec![last], ..Stream::default() };
        let spoil: [&dyn Fn(&mut State); 7] = [
            &|state| state.keys.push("one_more".into()),
            &|state| state.totals.truncate(1),
            &|state| state.gauges.clear(),
            &|state| state.newest_day.push((0, 0)),
            &|state| state.moved.truncate(1),
            &|state| drop(state.bins.insert(60, bin.clone())),
            &|state| state.ledger.streams.push(stream.clone()),
        ];
        for (i, spoil) in spoil.iter().enumerate() {
            let mut state = whole.clone();
            spoil(&mut state);
            assert!(decode::<State>(&encode(&state)).is_none(), "{i}");
        }
    }

    #[test]
    fn values_follow_their_keys_into_a_newer_table() {
        let mut state = State::new(&SEND);
        state.keys = vec!["status".into(), "gone".into(), "delivery".into()];
        state.totals = vec![1, 2, 3];
        state.gauges = vec![0; 3];
        state.newest_day = vec![(1, 1), (2, 2), (3, 3)];
        state.moved = vec![10, 20, 30];
        state.bins.insert(60, Bin { values: vec![4, 5, 6], born: 0, touched: 0 });
        state.fit(&SEND);
        assert_eq!(state.totals[SEND.index("status").unwrap()], 1);
        assert_eq!(state.totals[SEND.index("delivery").unwrap()], 3);
        assert_eq!(state.bins[&60].values[SEND.index("delivery").unwrap()], 6);
        assert_eq!(state.newest_day[SEND.index("delivery").unwrap()], (3, 3));
        assert_eq!(state.moved[SEND.index("status").unwrap()], 10);
        assert_eq!(state.extra["gone"], "2");
    }

    #[test]
    fn a_counter_that_was_gone_for_a_while_goes_on() {
        use crate::protocol::{Counter, Place, custom};
        let own = |key: &str, sum: Option<usize>| custom::OwnCounter {
            protocol: "own".into(),
            key: key.into(),
            help: String::new(),
            pattern: regex::bytes::Regex::new("(x)").unwrap(),
            sum,
            tag: None,
            origin: String::new(),
        };
        let table = |own: &[custom::OwnCounter]| -> &'static Protocol {
            Box::leak(Box::new(custom::protocol("own", "", Place::Own, own)))
        };
        let all = table(&[own("lines", None), own("amount", Some(1))]);
        let keys: Vec<&str> = all.counters.iter().map(|c: &Counter| c.key).collect();
        assert_eq!(keys, ["lines", "amount", "amount_lines"]);
        let mut state = State::new(all);
        state.totals = vec![7, 12_500_000_000, 3];
        let was = state.totals.clone();
        state.fit(table(&[]));
        let extra: Vec<(&str, &str)> = state.extra.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(extra, [("amount", "12.5"), ("amount_lines", "3"), ("lines", "7")]);
        state.fit(all);
        assert_eq!(state.totals, was);
        assert!(state.extra.is_empty());
    }

    #[test]
    fn odometers_gain_what_the_bins_gain() {
        let mut state = State::new(&SEND);
        let i = SEND.index("delivery").unwrap();
        let bin = |n: i128| {
            let mut values = vec![0; SEND.counters.len()];
            values[i] = n;
            Bin { values, born: 0, touched: 0 }
        };
        let day = |secs: i64| if secs < 120 { 20260928 } else { 20260929 };
        state.take(&SEND, [(0, bin(3))].into(), day);
        state.take(&SEND, [(0, bin(5)), (60, bin(1))].into(), day);
        assert_eq!((state.totals[i], state.newest_day[i], state.moved[i]), (6, (20260928, 6), 60));
        state.take(&SEND, [(0, bin(9)), (60, bin(1)), (120, bin(2))].into(), day);
        assert_eq!((state.totals[i], state.newest_day[i], state.moved[i]), (12, (20260929, 2), 120));
        state.take(&SEND, [(0, bin(10)), (60, bin(1)), (120, bin(2))].into(), day);
        assert_eq!(
            (state.totals[i], state.newest_day[i]),
            (13, (20260929, 2)),
            "a late line of the day before"
        );
    }
}

//! Counters by bin: a bin is one RRD step, and a line belongs to the bin of its own time.
//!
//! Pure: no file, no clock. The caller says what "now" is and which bins the RRD has already.
mod values;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::protocol::{CounterKind, Protocol, Raise};
pub use values::Values;

/// What one RRD step holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// By position in the protocol's table.
    pub values: Values,
    /// Wall time (unix seconds) at which its first line was read.
    pub born: i64,
    /// Wall time (unix seconds) at which its last line was read.
    pub touched: i64,
}

/// Bins by their begin (unix seconds, a multiple of the step).
pub type Bins = BTreeMap<i64, Bin>;

/// 1980-01-01 00:00 UTC: no RRD begins earlier, so no bin does.
pub const EARLIEST: i64 = 315_532_800;

/// A bin to which lines are added.
#[derive(Clone)]
struct Open {
    begin: i64,
    values: Vec<i128>,
    born: i64,
    touched: i64,
}

/// Adds lines up, bin by bin.
#[derive(Clone)]
pub struct Tally {
    step: i64,
    now: i64,
    /// No bin that begins before this can still be pushed to the RRD.
    floor: i64,
    bins: Bins,
    // The bin that the last line went to, taken out of the map, with the span of line times that
    // lead to it: nearly every line goes where the one before it went.
    open: Option<Open>,
    /// Zeros, for the next one, and room to pack its values.
    spare: (Vec<i128>, Vec<u8>),
    from: i64,
    to: i64,
    /// The earliest bin that a line led to.
    earliest: i64,
}

impl Tally {
    /// Goes on from `bins`. `step` and `now` in seconds; `pushed` is the end of the last bin that is
    /// in the RRD already.
    pub fn new(protocol: &'static Protocol, step: i64, now: i64, pushed: i64, bins: Bins) -> Self {
        Tally {
            step,
            now,
            floor: pushed.max(bin_begin(EARLIEST, step)),
            bins,
            open: None,
            spare: (vec![0; protocol.counters.len()], Vec::new()),
            from: i64::MAX,
            to: i64::MIN,
            earliest: i64::MAX,
        }
    }

    /// The begin of the earliest bin that a line led to, whether or not the line raised anything.
    pub fn earliest(&self) -> Option<i64> {
        (self.earliest != i64::MAX).then_some(self.earliest)
    }

    /// The values that a line with the time `secs` raises.
    ///
    /// A line stamped after now goes to now's bin; one whose bin is in the RRD already goes to the
    /// first bin that can still be pushed. Nothing is dropped for its time.
    #[inline]
    pub fn values_at(&mut self, secs: i64) -> Raise<'_> {
        if !self.is_open_at(secs) {
            self.turn_to(secs);
        }
        match &mut self.open {
            Some(bin) => Raise(&mut bin.values),
            None => unreachable!("turn_to opens a bin"),
        }
    }

    /// Did the last line have the bin of a line with the time `secs`? Then [`Tally::values_at`] leaves no trace if nothing is
    /// raised.
    #[inline]
    pub fn is_open_at(&self, secs: i64) -> bool {
        secs >= self.from && secs < self.to
    }

    /// The times around `secs`, from the first one to before the second one, whose lines raise the same values as a line of
    /// `secs`.
    pub fn span_of(&mut self, secs: i64) -> (i64, i64) {
        if !self.is_open_at(secs) {
            self.turn_to(secs);
        }
        (self.from, self.to)
    }

    #[cold]
    fn turn_to(&mut self, secs: i64) {
        self.close();
        let wanted = bin_begin(secs.min(self.now), self.step);
        let key = wanted.max(self.floor);
        self.earliest = self.earliest.min(key);
        (self.from, self.to) = (wanted, wanted + self.step);
        // Lines before the floor and after now share their bin with others; a narrow span is enough.
        let (now, mut values) = (self.now, std::mem::take(&mut self.spare.0));
        let mut born = now;
        if let Some(bin) = self.bins.remove(&key) {
            bin.values.unpack(&mut values);
            born = bin.born;
        }
        self.open = Some(Open { begin: key, values, born, touched: now });
        if secs > self.now {
            (self.from, self.to) = (secs, secs + 1);
        } else {
            self.to = self.to.min(self.now + 1);
        }
    }

    fn close(&mut self) {
        if let Some(Open { begin, mut values, born, touched }) = self.open.take() {
            let (zeros, room) = &mut self.spare;
            let packed = Values::with(room, &values);
            // A line that raises nothing leaves no bin behind.
            if !packed.are_zero() {
                self.bins.insert(begin, Bin { values: packed, born, touched });
                values.fill(0);
            }
            *zeros = values;
        }
    }

    /// The bins with everything that was raised.
    pub fn finish(mut self) -> Bins {
        self.close();
        self.bins
    }
}

/// The begin of the bin in which `secs` lies.
pub fn bin_begin(secs: i64, step: i64) -> i64 {
    secs.div_euclid(step) * step
}

/// Adds `from` to `into`, each value as its kind wants it.
pub fn merge(protocol: &Protocol, into: &mut [i128], from: &[i128]) {
    for ((counter, into), from) in protocol.counters.iter().zip(into).zip(from) {
        match counter.kind {
            CounterKind::Count | CounterKind::Sum | CounterKind::Net => *into += from,
            CounterKind::Peak => *into = (*into).max(*from),
            CounterKind::Level => {
                if *from != 0 || protocol.measured {
                    *into = *from;
                }
            }
            CounterKind::Derived(_) => {}
        }
    }
}

/// Moves the bin at `from` into the one at `to`.
pub fn move_bin(protocol: &Protocol, bins: &mut Bins, from: i64, to: i64) {
    if from == to {
        return;
    }
    if let Some(bin) = bins.remove(&from) {
        match bins.get_mut(&to) {
            None => {
                bins.insert(to, bin);
            }
            Some(other) => {
                let mut values = other.values.to_vec();
                merge(protocol, &mut values, &bin.values.to_vec());
                other.values = values.into();
                other.touched = other.touched.max(bin.touched);
            }
        }
    }
}

/// A clock that was wrong at boot is mended within this time (seconds).
const BOOT: i64 = 600;
/// A line of the bin before may still be on its way this long after the bin's end (seconds).
pub const LATE: i64 = 10;

/// How many of the oldest bins can be pushed to the RRD at `now` (unix seconds).
///
/// A bin is complete when its end is 10 s past and a line of a later bin was seen, or when its end is
/// past and no line came into it for one step of wall time; with `flush`, when its end is past. One
/// that would carry the RRD more than a day forward to within an hour of now waits 10 minutes: if the
/// clock was wrong, it is set by then.
pub fn due(bins: &Bins, pushed: i64, step: i64, now: i64, flush: bool) -> usize {
    let newest = bins.keys().next_back().copied();
    let mut reached = pushed;
    bins.iter()
        .take_while(|(begin, bin)| {
            let end = *begin + step;
            let complete =
                (end + LATE <= now && newest > Some(**begin)) || now - bin.touched >= step || flush;
            let leap = reached != 0 && end - reached > 86_400 && end > now - 3600;
            let settled = !leap || now - bin.born >= BOOT || flush;
            reached = end;
            end <= now && complete && settled
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    const NEW: usize = 9;
    const E: i64 = EARLIEST;

    fn news(bins: &Bins) -> Vec<(i64, i128)> {
        bins.iter().map(|(k, b)| (*k - E, b.values.get(NEW))).collect()
    }

    #[test]
    fn a_line_goes_to_the_bin_of_its_own_time() {
        let mut tally = Tally::new(&SEND, 60, E + 10_000, 0, Bins::new());
        for secs in [60, 61, 119, 120, 60, 59, 0] {
            tally.values_at(E + secs).one(NEW);
        }
        assert_eq!(news(&tally.finish()), [(0, 2), (60, 4), (120, 1)]);
    }

    #[test]
    fn a_late_line_goes_to_the_first_bin_that_can_be_pushed() {
        let mut tally = Tally::new(&SEND, 60, E + 10_000, E + 180, Bins::new());
        for secs in [60, 179, 180, 239, 240] {
            tally.values_at(E + secs).one(NEW);
        }
        assert_eq!(news(&tally.finish()), [(180, 4), (240, 1)]);
    }

    #[test]
    fn a_line_of_the_future_goes_to_nows_bin() {
        let mut tally = Tally::new(&SEND, 60, E + 1000, 0, Bins::new());
        for secs in [999, 1000, 1001, 4_000_000_000, 961, 959] {
            tally.values_at(E + secs).one(NEW);
        }
        assert_eq!(news(&tally.finish()), [(900, 1), (960, 5)]);
    }

    #[test]
    fn a_line_from_before_all_rrds_goes_to_the_first_bin_there_can_be() {
        let mut tally = Tally::new(&SEND, 60, E + 1000, 0, Bins::new());
        tally.values_at(60).one(NEW);
        tally.values_at(-5).one(NEW);
        assert_eq!(news(&tally.finish()), [(0, 2)]);
    }

    #[test]
    fn bins_go_on_where_they_were() {
        let mut tally = Tally::new(&SEND, 60, E + 100, 0, Bins::new());
        tally.values_at(E + 10).one(NEW);
        let bins = tally.finish();
        let mut tally = Tally::new(&SEND, 60, E + 200, 0, bins);
        tally.values_at(E + 20).one(NEW);
        let bins = tally.finish();
        assert_eq!(news(&bins), [(0, 2)]);
        assert_eq!((bins[&E].born - E, bins[&E].touched - E), (100, 200));
    }

    fn bins(list: &[(i64, i64, i64)]) -> Bins {
        list.iter()
            .map(|&(begin, born, touched)| (begin, Bin { values: Values::default(), born, touched }))
            .collect()
    }

    #[test]
    fn a_bin_is_pushed_when_it_is_complete() {
        let two = bins(&[(0, 50, 50), (60, 65, 65)]);
        assert_eq!(due(&two, 0, 60, 69, false), 0, "9 s after its end a line may be on its way");
        assert_eq!(due(&two, 0, 60, 70, false), 1, "10 s after its end, with a later line seen");
        assert_eq!(due(&two, 0, 60, 124, false), 1, "the last one: only 59 s without a line");
        assert_eq!(due(&two, 0, 60, 125, false), 2, "the last one: a step without a line");
        let one = bins(&[(0, 50, 50)]);
        assert_eq!(due(&one, 0, 60, 100, false), 0);
        assert_eq!(due(&one, 0, 60, 60, true), 1, "flush");
        assert_eq!(due(&one, 0, 60, 59, true), 0, "never before its end");
    }

    #[test]
    fn a_leap_of_more_than_a_day_to_about_now_waits_ten_minutes() {
        let day = 86_400;
        let begin = 10 * day;
        let jump = bins(&[(begin, begin + 70, begin + 70), (begin + 60, begin + 70, begin + 70)]);
        assert_eq!(due(&jump, 60, 60, begin + 300, false), 0);
        assert_eq!(due(&jump, 60, 60, begin + 70 + 600, false), 2);
        assert_eq!(due(&jump, 60, 60, begin + 130, true), 2, "flush is asked for by hand");
        assert_eq!(due(&jump, begin - 60, 60, begin + 130, false), 2, "no leap");
        assert_eq!(due(&jump, 60, 60, begin + day, false), 2, "old lines are no wrong clock");
    }

    #[test]
    fn a_move_keeps_sums_and_peaks() {
        let mut tally = Tally::new(&SEND, 60, E + 1000, 0, Bins::new());
        for (secs, peak) in [(10, 7), (70, 3)] {
            let mut raise = tally.values_at(E + secs);
            raise.one(NEW);
            raise.peak(24, peak);
        }
        let mut bins = tally.finish();
        move_bin(&SEND, &mut bins, E, E + 60);
        assert_eq!(news(&bins), [(60, 2)]);
        assert_eq!(bins[&(E + 60)].values.get(24), 7);
    }
}

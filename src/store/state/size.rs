//! How large a state may become: every query reads it, and one that is too large is taken for damaged.
use super::State;
use crate::protocol::Protocol;
use crate::tally::{self, Bins};

/// The most bytes that the minutes in a state take. The rest of it (the ledger, counters of other versions) has at
/// least as much room again.
pub const MOST_BINS: usize = 128 << 20;

/// This number of bins always fits, however many counters there are.
const FEW: usize = 5_000;

impl State {
    /// Puts the oldest bins together until all of them take at most `most` bytes. Nothing of them is lost but their
    /// own minute: what waits for so long stands in the coarse rows of the RRD alone.
    pub fn keep_within(&mut self, protocol: &Protocol, most: usize) {
        while self.bins.len() > FEW && at_most(&self.bins) > most && size(&self.bins) > most {
            let older: Vec<i64> = self.bins.keys().copied().take(self.bins.len() / 2).collect();
            for pair in older.chunks_exact(2) {
                tally::move_bin(protocol, &mut self.bins, pair[0], pair[1]);
            }
        }
    }
}

/// The bins take no more bytes than this in a state, which is found sooner than their number.
fn at_most(bins: &Bins) -> usize {
    /// Three times, each of at most ten bytes.
    const TIMES: usize = 30;
    bins.values().map(|bin| TIMES + bin.values.at_most()).sum()
}

/// How many bytes the bins take in a state.
fn size(bins: &Bins) -> usize {
    postcard::to_extend(bins, Counted(0)).map_or(0, |counted| counted.0)
}

/// Bytes of which only the number is kept.
struct Counted(usize);

impl Extend<u8> for Counted {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        self.0 += bytes.into_iter().count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use crate::tally::Bin;

    fn state(bins: i64, value: impl Fn(i64) -> i128) -> State {
        let mut state = State::new(&SEND);
        for n in 0..bins {
            let values = vec![value(n); SEND.counters.len()].into();
            state.bins.insert(n * 60, Bin { values, born: n * 60, touched: n * 60 });
        }
        state
    }

    #[test]
    fn the_oldest_minutes_are_put_together_and_no_count_is_lost() {
        let mut small = state(20_000, |n| i128::from(n % 300));
        let before = size(&small.bins);
        small.keep_within(&SEND, before / 2);
        assert!(size(&small.bins) <= before / 2);
        let count = SEND.index("message_new").unwrap();
        let sum: i128 = small.bins.values().map(|bin| bin.values.get(count)).sum();
        assert_eq!(sum, (0..20_000).map(|n| i128::from(n % 300)).sum::<i128>());
        let newest: Vec<i64> = small.bins.keys().rev().take(100).copied().collect();
        assert_eq!(newest, (0..100).map(|n| (19_999 - n) * 60).collect::<Vec<_>>(), "the newest stay");
    }

    /// What waits at most where an RRD cannot be written, of large values: it stays as it is.
    #[test]
    fn a_month_of_busy_minutes_is_small_enough() {
        let mut month = state(31 * 1440, |n| 1_000_000 + i128::from(n));
        let bytes = size(&month.bins);
        assert!(bytes <= at_most(&month.bins));
        assert!(bytes < MOST_BINS, "{bytes}");
        month.keep_within(&SEND, MOST_BINS);
        assert_eq!(month.bins.len(), 31 * 1440);
    }
}

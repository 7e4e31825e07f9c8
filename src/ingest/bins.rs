//! The bins that wait: which are complete, and what becomes of them when the world has changed under them.
use super::job::Job;
use crate::calendar::Calendar;
use crate::say::warn;
use crate::store::files::Store;
use crate::store::rrd::{FUTURE, Update};
use crate::store::state::State;
use crate::tally;

impl Job<'_> {
    /// Takes the bins that are complete out of the state, to be pushed.
    pub(super) fn take_due(&self, state: &mut State, now: i64, flush: bool) -> Vec<Update> {
        let protocol = self.feed.protocol;
        let step = i64::from(self.config.rrd_step);
        let due = tally::due(&state.bins, state.pushed, step, now, flush);
        let mut updates = Vec::with_capacity(due);
        let mut with_gauge = None;
        let may_have_gauges = protocol.counters.iter().any(|counter| counter.kind.is_gauge());
        for _ in 0..due {
            let Some((begin, bin)) = state.bins.pop_first() else { break };
            let has_gauge = protocol.measured
                || (may_have_gauges
                    && bin.values.iter().any(|(at, _)| protocol.counters[at].kind.is_gauge()));
            if has_gauge {
                with_gauge = Some(updates.len());
            }
            state.pushed = begin + step;
            updates.push((begin, bin.values));
        }
        if let Some((_, values)) = with_gauge.and_then(|at: usize| updates.get(at)) {
            values.unpack(&mut state.gauges);
        }
        updates
    }

    /// Until when, at `now` (unix seconds), no line is expected any more in the steps of `state`, by the same rule as the
    /// one by which they are pushed. 0: nothing was read to its end.
    pub fn settled(&self, state: &State, now: i64) -> i64 {
        let step = i64::from(self.config.rrd_step);
        if now <= 0 {
            return 0;
        }
        let due = tally::due(&state.bins, state.pushed, step, now, false);
        let over = state.bins.keys().take(due).next_back().map_or(0, |begin| begin + step);
        // A step without a line waits as one does that has lines: for a line of a later one, or for a step.
        let quiet = match state.bins.keys().nth(due) {
            Some(next) => tally::bin_begin(now - tally::LATE, step).min(*next),
            None => tally::bin_begin(now - step, step),
        };
        over.max(quiet).max(state.pushed).min(tally::bin_begin(now, step))
    }
}

/// If the clock is set back by fewer seconds than this, nothing is said.
const AHEAD: i64 = 3600;

/// How many days of minutes wait at most for an RRD that cannot be written. Of more, the oldest one is added to the next.
const WAITING_DAYS: i64 = 31;

/// Brings the waiting bins into order where `rrd_step` was changed, the clock was set back (what begins after now belongs
/// to now's bin), or too many wait.
pub(super) fn mend_bins(store: &Store, state: &mut State, now: i64) {
    let today = tally::bin_begin(now, store.step);
    if state.pushed > now + FUTURE {
        // The RRD is moved aside when the next bin is pushed: it holds the future.
        warn(format_args!(
            "{}: holds times in the future (was the clock wrong?); a new one is begun when the next minute is over",
            store.rrd.display()
        ));
        state.pushed = today;
    } else if state.pushed > now + AHEAD {
        warn(format_args!(
            "{}: holds minutes in the future (was the clock wrong?); those from now on wait for {} min until they are over",
            store.rrd.display(),
            (state.pushed - now) / 60
        ));
    }
    // The step may be another than when it was pushed, and a clock that ran ahead may have told these times.
    state.pushed = tally::bin_begin(state.pushed, store.step);
    for bin in state.bins.values_mut() {
        bin.born = bin.born.min(now);
        bin.touched = bin.touched.min(now);
    }
    let odd: Vec<i64> = state.bins.keys().copied().filter(|k| k % store.step != 0).collect();
    for begin in odd {
        tally::move_bin(store.protocol, &mut state.bins, begin, tally::bin_begin(begin, store.step));
    }
    let most = usize::try_from(WAITING_DAYS * 86_400 / store.step).unwrap_or(usize::MAX);
    while state.bins.len() > most
        && let Some((&oldest, &next)) = state.bins.keys().next().zip(state.bins.keys().nth(1))
    {
        tally::move_bin(store.protocol, &mut state.bins, oldest, next);
    }
    // Where a clock without a battery begins there is no RRD.
    let earliest = tally::bin_begin(tally::EARLIEST, store.step);
    let floor = today.max(state.pushed).max(earliest);
    let early: Vec<i64> = state.bins.range(floor + 1..).map(|(k, _)| *k).collect();
    for begin in early {
        tally::move_bin(store.protocol, &mut state.bins, begin, floor);
    }
    let ancient: Vec<i64> = state.bins.range(..earliest).map(|(k, _)| *k).collect();
    for begin in ancient {
        tally::move_bin(store.protocol, &mut state.bins, begin, earliest);
    }
    let (newest_day, newest_bin) = (Calendar::new(now).today(), today.max(earliest));
    state.newest_day.iter_mut().for_each(|(day, _)| *day = newest_day.min(*day));
    state.moved.iter_mut().for_each(|moved| *moved = newest_bin.min(*moved));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::ingest::feed_of;
    use crate::protocol::send::SEND;
    use crate::tally::Bin;

    #[test]
    fn a_step_is_settled_when_no_line_of_it_is_expected_any_more() {
        let config = Config::default();
        let feed = feed_of(&config, &SEND);
        let job = Job { config: &config, feed: &feed, clock: || 0, as_root: |what| what() };
        // Bins by their begin, each with the time at which its last line was read.
        let settled = |pushed: i64, bins: &[(i64, i64)], now: i64| {
            let mut state = State::new(&SEND);
            state.pushed = pushed;
            for (begin, touched) in bins {
                let mut values = vec![0; SEND.counters.len()];
                values[0] = 1;
                state.bins.insert(*begin, Bin { values: values.into(), born: *touched, touched: *touched });
            }
            job.settled(&state, now)
        };
        assert_eq!(settled(600, &[], 0), 0, "nothing was read to its end");
        // Without any line a step waits for a step.
        assert_eq!([899, 900, 959, 960].map(|now| settled(600, &[], now)), [780, 840, 840, 900]);
        // A line of a later step makes those before it complete, ten seconds after their end: with lines, and without.
        for bins in [&[(780, 835), (840, 841)][..], &[(840, 841)]] {
            assert_eq!(
                [845, 849, 850, 899].map(|now| settled(780, bins, now)),
                [780, 780, 840, 840],
                "{bins:?}"
            );
        }
        // The newest one itself waits for a step after its last line.
        assert_eq!([900, 904, 905, 960].map(|now| settled(780, &[(840, 845)], now)), [840, 840, 900, 900]);
        // What was pushed is, whatever the rule says; but no time that is still to come.
        assert_eq!((settled(840, &[], 850), settled(9_000, &[], 850)), (840, 840));
    }
}

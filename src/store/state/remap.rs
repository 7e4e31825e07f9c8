//! The values of a state, brought into the order of another table of counters.
use super::State;
use crate::protocol::custom::lines_key;
use crate::protocol::{Counter, CounterKind, Protocol};
use crate::store::counters::{format_value, value_of};

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
    /// Brings the values into the order of today's table: a newer maillogs may have more counters. Counters that are
    /// no longer in the table go to `extra`, so that nothing is forgotten: a counter that was missing only while
    /// toaster.conf had an error goes on later.
    pub fn remap_to(&mut self, protocol: &Protocol) {
        let now = keys(protocol);
        if self.keys == now {
            return;
        }
        let old = std::mem::replace(&mut self.keys, now);
        if self.table == Self::table_of(old.iter().map(String::as_str)) {
            let has_source = |counter: &Counter| !matches!(counter.kind, CounterKind::Derived(_));
            let is_new = |counter: &Counter| has_source(counter) && !old.iter().any(|key| key == counter.key);
            let counters = protocol.counters.iter().enumerate();
            self.newcomers = counters.filter(|(_, counter)| is_new(counter)).map(|(at, _)| at).collect();
            if self.newcomers.is_empty() {
                self.table = Self::table_of(self.keys.iter().map(String::as_str));
            }
        }
        let place: Vec<Option<usize>> = old.iter().map(|k| protocol.index(k)).collect();
        let refit = Refit { place: place.clone(), width: protocol.counters.len() };
        for (i, key) in old.iter().enumerate() {
            if place[i].is_none() && self.totals[i] != 0 {
                // Its kind is known no more; but of all counters that can go, only a sum has its lines beside it.
                let is_sum = old.contains(&lines_key(key));
                let kind = if is_sum { CounterKind::Sum } else { CounterKind::Count };
                self.extra.insert(key.clone(), format_value(kind, self.totals[i]));
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
            bin.values = refit.values(&bin.values.to_vec()).into();
        }
        self.newest_day = refit.values(&self.newest_day);
        self.moved = refit.values(&self.moved);
        for last in self.ledger.streams.iter_mut().flat_map(|s| &mut s.hosts) {
            let moved = |(i, amount): &(usize, i128)| Some(((*place.get(*i)?)?, *amount));
            last.raised = last.raised.iter().filter_map(moved).collect();
        }
    }
}

fn keys(protocol: &Protocol) -> Vec<String> {
    protocol.counters.iter().map(|c| c.key.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use crate::tally::Bin;

    #[test]
    fn values_follow_their_keys_into_a_newer_table() {
        let mut state = State::new(&SEND);
        state.keys = vec!["status".into(), "gone".into(), "delivery".into()];
        state.totals = vec![1, 2, 3];
        state.gauges = vec![0; 3];
        state.newest_day = vec![(1, 1), (2, 2), (3, 3)];
        state.moved = vec![10, 20, 30];
        state.bins.insert(60, Bin { values: vec![4, 5, 6].into(), born: 0, touched: 0 });
        state.remap_to(&SEND);
        assert_eq!(state.totals[SEND.index("status").unwrap()], 1);
        assert_eq!(state.totals[SEND.index("delivery").unwrap()], 3);
        assert_eq!(state.bins[&60].values.get(SEND.index("delivery").unwrap()), 6);
        assert_eq!(state.newest_day[SEND.index("delivery").unwrap()], (3, 3));
        assert_eq!(state.moved[SEND.index("status").unwrap()], 10);
        assert_eq!(state.extra["gone"], "2");
    }

    #[test]
    fn a_counter_that_was_gone_for_a_while_goes_on() {
        use crate::protocol::{Counter, LogKind, custom};
        let own = |key: &str, sum: Option<usize>| custom::CustomCounter {
            protocol: "own".into(),
            key: key.into(),
            help: String::new(),
            pattern: regex::bytes::Regex::new("(x)").unwrap(),
            sum,
            tag: None,
            origin: String::new(),
        };
        let table = |own: &[custom::CustomCounter]| -> &'static Protocol {
            Box::leak(Box::new(custom::protocol("own", "", LogKind::Dedicated, own)))
        };
        let all = table(&[own("lines", None), own("amount", Some(1))]);
        let keys: Vec<&str> = all.counters.iter().map(|c: &Counter| c.key).collect();
        assert_eq!(keys, ["lines", "amount", "amount_lines"]);
        let mut state = State::new(all);
        state.totals = vec![7, 12_500_000_000, 3];
        let was = state.totals.clone();
        state.remap_to(table(&[]));
        let extra: Vec<(&str, &str)> = state.extra.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(extra, [("amount", "12.5"), ("amount_lines", "3"), ("lines", "7")]);
        state.remap_to(all);
        assert_eq!(state.totals, was);
        assert!(state.extra.is_empty());
    }
}

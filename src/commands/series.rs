//! The RRD of every protocol, as charts are drawn from it.
use super::context::{job, with_way_out};
use crate::chart::series::{Counted, DefinedBy, Measure, Series};
use crate::config::Config;
use crate::error::Result;
use crate::ingest::{Feed, feeds};
use crate::protocol::{CounterKind, shipped};
use crate::say::warn;

/// The RRD of every protocol, and what is counted in it.
pub(crate) fn series(config: &Config) -> Result<Vec<Series>> {
    let lists: Vec<&str> = config.lists.iter().map(|list| list.name.as_str()).collect();
    let counted = |feed: &Feed| -> Vec<Counted> {
        let protocol = feed.protocol;
        // A protocol without a template has a graph of its counters, as those of toaster.conf have.
        let card = shipped().iter().find(|card| card.name == protocol.name && !card.templates.is_empty());
        let ours = card.map_or(0, |card| card.counters.len());
        let of = |(n, counter): (usize, &crate::protocol::Counter)| {
            let measure = match counter.kind {
                CounterKind::Count => Measure::Count,
                CounterKind::Sum | CounterKind::Net => Measure::Amount,
                CounterKind::Peak | CounterKind::Level => Measure::Level,
                CounterKind::Derived(_) => return None,
            };
            let defined_by = match n {
                n if n < ours => DefinedBy::BuiltIn,
                _ if protocol.counts_lists && lists.contains(&counter.key) => DefinedBy::List,
                _ => DefinedBy::Counter,
            };
            Some(Counted { key: counter.key.to_owned(), ds: counter.ds.to_owned(), measure, defined_by })
        };
        protocol.counters.iter().enumerate().filter_map(of).collect()
    };
    let mut series = Vec::new();
    for feed in &feeds(config) {
        let store = job(config, feed).store();
        // One that cannot be read spoils no picture of the others.
        let seen = store.read().unwrap_or_else(|e| {
            warn(with_way_out(&e));
            None
        });
        let (seen, since) = seen.map_or((0, 0), |state| (state.seen, state.since));
        series.push(Series {
            protocol: feed.protocol.name.to_owned(),
            rrd: store.rrd,
            step: config.rrd_step,
            seen,
            since,
            measured: feed.protocol.measured,
            holds: feed.protocol.measured,
            counters: counted(feed),
        });
    }
    Ok(series)
}

//! `maillogs check`: is all well? It looks and changes nothing.
//!
//! What is looked at: toaster.conf, the ids and rights of `logs_user`, the store of each protocol (lock, state,
//! counter file, RRD against the protocol's table), its sources and when their last lines were, whether lines have the
//! right time and are understood, whether counters fell silent, whether agents may ask, when all was read last, whether
//! cron runs us, and the graphs: templates, their directory, whether they are drawn, and the fonts.
//!
//! | [`Finding::check`] | file |
//! |---|---|
//! | `configuration` | `configuration` |
//! | `rights` | `places`; those of SNMP agents `agents` |
//! | `lock`, `state`, `counters`, `rrd` | `protocols` |
//! | `source`, `labels`, `stamps` | `sources`, `newest` |
//! | `lines`, `silent` | `counting` |
//! | `read`, `cron` | `reading` |
//! | `templates`, `graphs`, `fonts` | `graphs` |
//! | `alarm` | `alarms` |
mod agents;
mod alarms;
mod configuration;
mod counting;
mod finding;
mod graphs;
mod holder;
mod newest;
mod places;
mod print;
mod protocols;
mod reading;
mod sources;

use crate::config::{Config, Problem};
use crate::ingest::{AsRoot, Job, feeds};
use crate::reading::Reading;

pub use finding::{Finding, Level, Report, Source, Summary};
pub use print::{json, text};

/// Looks at everything. Graphs draw from `readings`; `clock` gives unix seconds; `as_root` runs what needs root's rights.
/// Where we are root and could not take the ids of the store's owner, we `may_look` at no log and no store.
pub fn check(
    config: &Config,
    problems: &[Problem],
    readings: &[Reading],
    clock: fn() -> i64,
    as_root: AsRoot,
    may_look: bool,
) -> Report {
    let mut report = Report::default();
    configuration::check(&mut report, config, problems);
    if config.file.is_none() && !problems.is_empty() {
        // What the defaults name is another server's.
        return report;
    }
    places::check(&mut report, config, may_look);
    if !may_look {
        return report;
    }
    let feeds = feeds(config);
    for feed in &feeds {
        protocols::check(&mut report, &Job { config, feed, clock, as_root });
    }
    agents::check(&mut report, config, &feeds);
    reading::check(&mut report, &feeds, clock());
    graphs::check(&mut report, config, readings, as_root, clock());
    alarms::check(&mut report, config, clock, as_root);
    report.ok = report.findings.iter().all(|f| f.level <= Level::Note);
    report
}

//! `maillogs check`: is all well? It looks and changes nothing.
//!
//! What is looked at: toaster.conf, the ids and rights of `logs_user`, the store of each protocol (lock, state,
//! counter file, RRD against the protocol's table), its sources and when their last lines were, whether lines have the
//! right time and are understood, whether counters fell silent, whether agents may ask, when all was read last, whether
//! cron runs us, and the graphs: templates, their directory, whether they are drawn, and the fonts.
mod agents;
mod counting;
mod graphs;
mod holder;
mod newest;
mod places;
mod print;
mod protocols;
mod reading;
mod report;
mod sources;

use std::os::unix::fs::MetadataExt;

use nix::unistd::geteuid;

use crate::config::{Config, Kind, Problem, Severity};
use crate::error::words;
use crate::graph::Series;
use crate::ingest::{AsRoot, Job, feeds};

pub use print::{json, text};
pub use report::{Finding, Level, Report, Source, Summary};

/// Looks at everything. Graphs draw from `series`; `clock` gives unix seconds; `as_root` runs what needs root's rights. Where we are root and
/// could not take the ids of the store's owner, we `may_look` at no log and no store.
pub fn check(
    config: &Config,
    problems: &[Problem],
    series: &[Series],
    clock: fn() -> i64,
    as_root: AsRoot,
    may_look: bool,
) -> Report {
    let mut report = Report::default();
    configuration(&mut report, config, problems);
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
    reading::check(&mut report, clock());
    graphs::check(&mut report, config, series, as_root, clock());
    report.ok = report.findings.iter().all(|f| f.level <= Level::Note);
    report
}

fn configuration(report: &mut Report, config: &Config, problems: &[Problem]) {
    let file = config.file.as_ref().map_or("built-in defaults".to_owned(), |f| f.display().to_string());
    if problems.is_empty() {
        report.add(Level::Ok, "configuration", &file, "every key is understood");
    }
    if let Some(file) = config.file.as_ref().filter(|_| !geteuid().is_root()) {
        // Root reads it whatever its mode is; with root's rights given away it shows what the loggers can do.
        if let Err(e) = std::fs::File::open(file) {
            let mode =
                std::fs::metadata(file).map(|meta| format!(", it has mode {:04o}", meta.mode() & 0o7777));
            let text = format!(
                "cannot be read by user {} ({}{}), as whom the loggers' processors work: they exit 111 until it can; chmod 0644 lets everybody read it",
                geteuid(),
                words(&e),
                mode.unwrap_or_default()
            );
            report.add(Level::Error, "configuration", file.display().to_string(), text);
        }
    }
    for problem in problems {
        let fault = problem.severity == Severity::Error || problem.kind == Kind::UnknownKey;
        let level = if fault { Level::Error } else { Level::Warning };
        let file = problem.file.display().to_string();
        let said = problem.to_string();
        let text = said.strip_prefix(&format!("{file}: ")).unwrap_or(&said);
        report.add(level, "configuration", &file, text);
    }
    for (key, why) in config.inactive() {
        report.add(Level::Note, "configuration", key, format!("no longer acts: {why}"));
    }
}

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
mod sources;

use std::os::unix::fs::MetadataExt;

use nix::unistd::geteuid;
use serde::Serialize;

use crate::chart::series::Series;
use crate::config::{Config, Kind, Problem, Severity};
use crate::error::words;
use crate::ingest::{AsRoot, Feed, Job, feeds};

pub use print::{json, text};

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing, and no fault.
    Note,
    /// Something is or will be missing.
    Warning,
    /// Something does not work.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub level: Level,
    /// What kind of thing: `configuration`, `rights`, `source`, `stamps`, `lock`, `state`, `counters`, `rrd`,
    /// `lines`, `silent`, `read`, `cron`, `templates`, `graphs`, `fonts`.
    pub check: &'static str,
    /// The protocol, where it is one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Which thing: a path, a key, a counter.
    pub subject: String,
    /// How it is, and the way out.
    pub text: String,
}

/// What was read of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Has it a source, or had it one? If not, this server does not use it.
    pub used: bool,
    /// Commits so far.
    pub commits: u64,
    /// When all of its sources were last read to their end, unix seconds; 0: never.
    pub seen: i64,
    /// Its sources, as they are read.
    pub sources: Vec<Source>,
    /// Lines of its programs that were understood.
    pub lines_known: u64,
    /// Lines of its programs that were not understood.
    pub lines_unknown: u64,
    /// Bytes that wait beyond its cursors.
    pub waiting_bytes: u64,
}

/// A log directory, a syslog file, a journal, a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Path, or `journald`.
    pub name: String,
    /// Is it there?
    pub present: bool,
    /// Did toaster.conf name it, or did a logger run us in it?
    pub named: bool,
    /// Unix time of its last stamped line; 0: none.
    pub last_line: i64,
}

/// All that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Is nothing worse than a note?
    pub ok: bool,
    /// Things, in the order in which they were looked at.
    pub findings: Vec<Finding>,
    /// Protocols, in the order of the usage.
    pub protocols: Vec<Summary>,
}

impl Report {
    fn add(
        &mut self,
        level: Level,
        check: &'static str,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) {
        let (subject, text) = (subject.into(), text.into());
        self.findings.push(Finding { level, check, protocol: None, subject, text });
    }

    /// As [`Report::add`], unless it was said of this subject.
    fn once(&mut self, level: Level, check: &'static str, subject: &str, text: String) {
        if !self.findings.iter().any(|f| f.check == check && f.subject == subject && f.level == level) {
            self.add(level, check, subject, text);
        }
    }

    fn of(
        &mut self,
        feed: &Feed,
        level: Level,
        check: &'static str,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.about(feed.protocol.name, level, check, subject, text);
    }

    fn about(
        &mut self,
        protocol: &str,
        level: Level,
        check: &'static str,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) {
        let (subject, text) = (subject.into(), text.into());
        self.findings.push(Finding { level, check, protocol: Some(protocol.to_owned()), subject, text });
    }
}

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

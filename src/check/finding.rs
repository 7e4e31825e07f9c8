//! What was found.
use serde::Serialize;

use crate::ingest::Feed;
use crate::reading::threshold::Verdict;

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
    /// What kind of thing: `alarm`, `configuration`, `rights`, `source`, `labels`, `stamps`, `lock`, `state`, `counters`, `rrd`,
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
    /// The thresholds of toaster.conf. Each is a finding, too.
    #[serde(skip)]
    pub alarms: Vec<Verdict>,
}

impl Report {
    pub(super) fn add(
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
    pub(super) fn once(&mut self, level: Level, check: &'static str, subject: &str, text: String) {
        if !self.findings.iter().any(|f| f.check == check && f.subject == subject && f.level == level) {
            self.add(level, check, subject, text);
        }
    }

    pub(super) fn about_feed(
        &mut self,
        feed: &Feed,
        level: Level,
        check: &'static str,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.about(feed.protocol.name, level, check, subject, text);
    }

    pub(super) fn about(
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

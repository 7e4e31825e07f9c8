//! What toaster.conf defines: lists, protocols and where their lines stand.
use std::path::PathBuf;

use regex::bytes::Regex;

use crate::protocol::LogKind;
use crate::protocol::custom;
use crate::reading::threshold::Threshold;

/// A DNS blocklist: one `[[rbl]]`.
#[derive(Clone, Debug)]
pub struct CustomList {
    /// The counter.
    pub name: String,
    /// What the list's name or text holds; ASCII case is ignored.
    pub pattern: Regex,
    /// Where it stands, from 1.
    pub line: usize,
}

impl PartialEq for CustomList {
    /// Compares the patterns by their text.
    fn eq(&self, other: &CustomList) -> bool {
        let fields = |l: &CustomList| (l.name.clone(), l.pattern.as_str().to_owned(), l.line);
        fields(self) == fields(other)
    }
}

/// Thresholds for `check` and `alarm`: one `[[alarm]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// What is worth a look.
    pub warn: Option<Threshold>,
    /// When somebody has to do something.
    pub crit: Option<Threshold>,
    /// Where it stands, from 1.
    pub line: usize,
}

/// Where an own protocol's lines stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CustomSource {
    /// A log directory.
    Multilog(PathBuf),
    /// What `logs_syslog` names.
    Syslog,
    /// A file that every program may write to, besides those that `logs_syslog` names.
    SyslogAt(PathBuf),
    /// A file of its own, rotated as syslog's are.
    File(PathBuf),
}

impl CustomSource {
    /// Do all programs write to it? Then only lines of its own programs are the protocol's.
    pub fn is_shared(&self) -> bool {
        matches!(self, CustomSource::Syslog | CustomSource::SyslogAt(_))
    }
}

/// A protocol: one `[protocol.NAME]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomProtocol {
    /// As in `maillogs NAME`.
    pub name: String,
    /// One line for the usage; may be empty.
    pub about: String,
    /// The built-in protocol that it is a second instance of.
    pub like: Option<&'static str>,
    /// Absolute, as far as `logs_base` is.
    pub source: CustomSource,
    /// Where it stands, from 1.
    pub line: usize,
}

impl CustomProtocol {
    /// The plain name of its counter file in `logs_counters`.
    pub fn counter_file(&self) -> String {
        format!("{}.txt", self.name)
    }

    /// What `protocol` has to know of it.
    pub(super) fn plain(&self) -> custom::CustomProtocol {
        let place = if self.source.is_shared() { LogKind::Shared } else { LogKind::Dedicated };
        let (name, about) = (self.name.clone(), self.about.clone());
        custom::CustomProtocol { name, about, place, like: self.like }
    }
}

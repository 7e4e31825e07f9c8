//! toaster.conf → [`Config`].
//!
//! Reading never fails: a key that cannot be read keeps its default and becomes a [`Problem`]. Who reads decides what
//! a problem means. `maillogs config` and `check` go on and report all of them. Everything else does nothing when
//! there is an error: with a default in the place of what was meant, lines would be counted into another store. A
//! logger's processor then exits 111, so that the logger keeps the chunk and tries again; only what changes nothing
//! but how something looks does not stop it ([`Problem::stops_a_roll`]).
//!
//! `find` finds and reads files, `document` takes their text apart (TOML, or the original's unquoted form; `twice` finds
//! the first of two equal keys), `keys`
//! is the table of all keys, `values` reads what they say, `own` reads the tables (`[[rbl]]`, `[[counter]]`,
//! `[protocol.NAME]`), `print` shows what is in force. To add a key: a field here, its default in `builtin`, a
//! row in `keys`, its text in toaster.conf; a test says which of them is missing.

mod document;
mod find;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod own;
pub mod print;
#[cfg(test)]
mod tests;
mod twice;
mod values;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use document::Document;
pub use own::{OwnList, OwnProtocol, OwnSource};

use crate::protocol::custom::{self, OwnCounter};
use crate::protocol::{Protocol, Settings};

/// The shipped toaster.conf: the defaults, each with its meaning.
pub const SHIPPED: &str = include_str!("../../toaster.conf");

/// How a program's lines get into a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogMethod {
    /// A directory of multilog, svlogd or s6-log.
    Multilog,
    /// The syslog file or the journal.
    Syslog,
}

/// Whose logins from this host are webmail's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loopback {
    /// Those of Courier's imapd, as the Perl maillogs counted them.
    Imapd,
    /// Those of imapd-ssl and Dovecot too.
    All,
}

/// What toaster.conf says. The fields are its keys; their meaning is told in toaster.conf. Keys that stand on the card
/// of a protocol are together in a map, one for each kind of key.
///
/// All paths are absolute, as far as `logs_base` is.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// The file that was read; `None`: the built-in defaults.
    pub file: Option<PathBuf>,
    /// The same file by the one name that no symbolic link is part of.
    pub real_file: Option<PathBuf>,
    /// Its last line has no newline: it may have been cut off.
    pub unended: bool,
    /// The file as it stands, with the keys of others.
    pub raw: toml::Table,
    /// Where the keys stand that were read; what is not among them has its default.
    pub origins: BTreeMap<&'static str, Origin>,
    /// Is there an error in it? Then counters of toaster.conf may be missing that it means to have.
    pub broken: bool,

    pub logs_base: PathBuf,
    pub logs_counters: PathBuf,
    pub logs_user: String,
    pub logs_group: String,
    pub logs_verbose: bool,

    /// The log directories of each protocol that has some, by the key on its card (`logs_send_dirs` …).
    pub log_dirs: BTreeMap<&'static str, Vec<PathBuf>>,
    /// Files, `journald` or `journald:/DIRECTORY`; `None`: the first that exists of the usual files, else the journal.
    pub logs_syslog: Option<Vec<String>>,
    /// Where logrotate's `olddir` is.
    pub logs_syslog_olddir: Option<PathBuf>,
    /// The growing files of each protocol that may have some, by the key on its card (`logs_webmail_files`).
    pub log_files: BTreeMap<&'static str, Vec<PathBuf>>,
    /// Seconds between a TAI64N label and unix time; `None`: each log directory's files tell, 10 until they do.
    pub logs_tai_offset: Option<i64>,
    pub send_log_method: LogMethod,
    pub smtpd_log_method: LogMethod,
    pub pop3_log_method: LogMethod,
    pub logs_spamdyke: LogMethod,
    /// Port → the service that vchkpw serves there.
    pub logs_vchkpw_ports: BTreeMap<u16, String>,
    pub webmail_loopback: Loopback,
    pub qmail_queue_dir: Vec<PathBuf>,

    /// The names of the counter files in `logs_counters`, by the key on the protocol's card (`logs_send_count` …).
    pub counter_files: BTreeMap<&'static str, String>,
    /// 32 or 64.
    pub counter_bits: u32,

    pub logs_taifiles: bool,
    pub logs_archive: bool,
    pub logs_archive_untai: bool,
    pub logs_archive_purge: bool,
    pub logs_archive_days: u32,

    pub rrd_dir: PathBuf,
    /// Seconds; a divisor of a day.
    pub rrd_step: u32,
    pub graphs_dir: PathBuf,
    /// `None`: only the built-in templates.
    pub templates_dir: Option<PathBuf>,

    /// `None`: as the machine calls itself.
    pub toaster_hostname: Option<String>,
    pub toaster_admin_email: String,

    /// `[[rbl]]`.
    pub lists: Vec<OwnList>,
    /// `[[counter]]`.
    pub counters: Vec<OwnCounter>,
    /// `[protocol.NAME]`.
    pub protocols: Vec<OwnProtocol>,
    /// See [`Config::all_protocols`].
    pub made: Made,
}

/// The protocols of one configuration, made when they are first asked for. Everything refers to them, so that their
/// memory is never given back: that of one configuration, or of two, because a process loads no more.
#[derive(Default)]
pub struct Made(OnceCell<Vec<&'static Protocol>>);

impl Clone for Made {
    /// A copy of a configuration may be changed before its protocols are asked for.
    fn clone(&self) -> Made {
        Made::default()
    }
}

impl PartialEq for Made {
    /// They follow from the rest of the configuration.
    fn eq(&self, _: &Made) -> bool {
        true
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.get().fmt(f)
    }
}

/// They are there whole or not at all, also after a panic.
impl std::panic::RefUnwindSafe for Made {}

/// Where something stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Read, but perhaps not what was meant.
    Warning,
    /// Not read: a default stands in its place.
    Error,
}

/// What kind of thing a [`Problem`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A file is missing, too long, or may not be read.
    File,
    /// A line is not TOML.
    Syntax,
    /// A key or a table of ours that we do not have: `config` and `check` fail on it.
    UnknownKey,
    /// A value of the wrong type or out of range.
    Value,
}

/// Something in the configuration that is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub severity: Severity,
    pub kind: Kind,
    pub file: PathBuf,
    /// From 1.
    pub line: Option<usize>,
    pub key: Option<String>,
    /// What is wrong; the way out.
    pub text: String,
}

impl Problem {
    /// Is nothing to be done until this is mended? The value that stands in the place of what was meant may be that
    /// of another server.
    pub fn stops(&self) -> bool {
        let misspelt = || self.key.as_deref().is_some_and(keys::misspells_what_is_kept);
        self.severity == Severity::Error || (self.kind == Kind::UnknownKey && misspelt())
    }

    /// Must a logger's processor not go on either, and exit 111? It goes on with the default where only the looks of
    /// something are concerned.
    pub fn stops_a_roll(&self) -> bool {
        let looks = self.kind == Kind::Value && self.key.as_deref().is_some_and(keys::only_looks);
        self.stops() && !looks
    }
}

impl fmt::Display for Problem {
    /// One line: `FILE: line N: KEY: what is wrong; the way out`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{}: ", key.escape_debug())?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for Problem {}

impl Default for Config {
    /// The shipped toaster.conf; nothing of it depends on the machine.
    fn default() -> Self {
        let (config, _) = Config::parse(SHIPPED, Path::new("toaster.conf"));
        Config { file: None, origins: BTreeMap::new(), ..config }
    }
}

impl Config {
    /// Reads the configuration from text; `file` is its name in messages.
    pub fn parse(text: &str, file: &Path) -> (Config, Vec<Problem>) {
        Config::assemble(text, file, |_, _, _| {})
    }

    /// Defaults, then `text`, then what `more` adds.
    fn assemble(
        text: &str,
        file: &Path,
        more: impl FnOnce(&mut Config, &Document, &mut Vec<Problem>),
    ) -> (Config, Vec<Problem>) {
        let mut problems = Vec::new();
        let document = Document::parse(text, file, &mut problems);
        let mut config = Config::builtin();
        keys::apply(&mut config, &document, file, &|_| true, &mut problems);
        more(&mut config, &document, &mut problems);
        (config.finish(document, file, &mut problems), problems)
    }

    /// What holds where the file is silent, or wrong. Paths are as in toaster.conf, not yet absolute.
    fn builtin() -> Config {
        Config {
            file: None,
            real_file: None,
            unended: false,
            broken: false,
            raw: toml::Table::new(),
            origins: BTreeMap::new(),
            logs_base: "/var/log/mail".into(),
            logs_counters: "counters".into(),
            logs_user: "qmaill".into(),
            logs_group: "qnofiles".into(),
            logs_verbose: false,
            log_dirs: keys::directories().map(|dirs| (dirs.key, vec![dirs.default.into()])).collect(),
            logs_syslog: None,
            logs_syslog_olddir: None,
            log_files: keys::files().map(|key| (key, Vec::new())).collect(),
            logs_tai_offset: None,
            send_log_method: LogMethod::Multilog,
            smtpd_log_method: LogMethod::Multilog,
            pop3_log_method: LogMethod::Syslog,
            logs_spamdyke: LogMethod::Multilog,
            logs_vchkpw_ports: BTreeMap::new(),
            webmail_loopback: Loopback::Imapd,
            qmail_queue_dir: vec!["/var/qmail/queue".into()],
            counter_files: keys::counter_files().map(|file| (file.key, file.default.to_owned())).collect(),
            counter_bits: 64,
            logs_taifiles: true,
            logs_archive: true,
            logs_archive_untai: false,
            logs_archive_purge: false,
            logs_archive_days: 31,
            rrd_dir: "rrd".into(),
            rrd_step: 60,
            graphs_dir: "graphs".into(),
            templates_dir: None,
            toaster_hostname: None,
            toaster_admin_email: "postmaster".into(),
            lists: Vec::new(),
            counters: Vec::new(),
            protocols: Vec::new(),
            made: Made::default(),
        }
    }

    /// Keys that were set and no longer act, each with why.
    pub fn inactive(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        keys::INACTIVE.iter().copied().filter(|(key, _)| self.raw.contains_key(*key))
    }

    /// What the classifiers need of it.
    pub fn settings(&self) -> Settings {
        let in_syslog = |method: LogMethod| method == LogMethod::Syslog;
        Settings {
            vchkpw_ports: self.logs_vchkpw_ports.clone(),
            webmail_loopback_all: self.webmail_loopback == Loopback::All,
            send_in_syslog: in_syslog(self.send_log_method),
            smtpd_in_syslog: in_syslog(self.smtpd_log_method),
            pop3_in_syslog: in_syslog(self.pop3_log_method),
            spamdyke_in_syslog: in_syslog(self.logs_spamdyke),
            lists: self.lists.iter().map(|list| (list.name.clone(), list.pattern.clone())).collect(),
        }
    }

    /// The log directories that the key on the protocol's card names.
    pub fn directories(&self, protocol: &Protocol) -> Vec<PathBuf> {
        protocol.directories().and_then(|dirs| self.log_dirs.get(dirs.key)).cloned().unwrap_or_default()
    }

    /// The growing files that the key on the protocol's card names.
    pub fn files(&self, protocol: &Protocol) -> Vec<PathBuf> {
        protocol.files_key.and_then(|key| self.log_files.get(key)).cloned().unwrap_or_default()
    }

    /// The plain name of the protocol's counter file in `logs_counters`.
    pub fn counter_file(&self, protocol: &Protocol) -> String {
        let named = protocol.counter_file.and_then(|file| self.counter_files.get(file.key));
        named.cloned().unwrap_or_else(|| format!("{}.txt", protocol.name))
    }

    /// Every protocol: the built-in ones as the settings want them and with their own counters, then those of
    /// `[protocol.NAME]`, in the order of [`Config::protocols`]. They are made at the first call.
    pub fn all_protocols(&self) -> &[&'static Protocol] {
        self.made.0.get_or_init(|| {
            let own: Vec<custom::OwnProtocol> = self.protocols.iter().map(OwnProtocol::plain).collect();
            custom::all(&self.settings(), &self.counters, &own)
        })
    }

    /// The same configuration of other protocols.
    #[cfg(test)]
    pub(crate) fn with_protocols(self, protocols: Vec<&'static Protocol>) -> Config {
        Config { made: Made(OnceCell::from(protocols)), ..self }
    }

    /// What needs all keys at once: counter files must differ, paths become absolute, own protocols have theirs.
    fn finish(mut self, document: Document, file: &Path, problems: &mut Vec<Problem>) -> Config {
        keys::distinct_counter_files(&mut self, &document, file, problems);
        let base = self.logs_base.clone();
        let lists = self.log_dirs.values_mut().chain(self.log_files.values_mut()).flatten();
        let single = [&mut self.logs_counters, &mut self.rrd_dir, &mut self.graphs_dir];
        for path in single.into_iter().chain(lists).chain(&mut self.templates_dir) {
            // An absolute path stays what it is.
            *path = base.join(&*path);
        }
        own::read(&mut self, &document, file, problems);
        self.raw = document.table;
        self.file = Some(file.to_path_buf());
        self
    }
}

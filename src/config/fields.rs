//! The fields of [`Config`], and what is asked of them.
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::custom::{Alarm, CustomList, CustomProtocol};
use super::problem::Location;
use super::rrd_daemon::RrdDaemon;
use crate::protocol::attempts::Hide;
use crate::protocol::custom::{self, CustomCounter};
use crate::protocol::providers::{self, Providers};
use crate::protocol::reasons::{self, Reasons};
use crate::protocol::{Protocol, Settings};

/// How a program's lines get into a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogMethod {
    /// A directory of multilog, svlogd or s6-log.
    Multilog,
    /// The syslog file or the journal.
    Syslog,
}

/// Which IMAP servers' logins from this host are counted as webmail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loopback {
    /// Those of Courier's imapd, as the Perl maillogs counted them.
    Imapd,
    /// Those of imapd-ssl and Dovecot too.
    All,
}

/// What toaster.conf says. The fields are its keys, each with its default after the semicolon; toaster.conf itself says
/// more of them. Keys that stand on the card of a protocol are together in a map, one for each kind of key.
///
/// All paths are absolute, as far as `logs_base` is.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// The file that was read; `None`: the built-in defaults.
    pub file: Option<PathBuf>,
    /// The same file, by its path without symbolic links.
    pub real_file: Option<PathBuf>,
    /// Its last line has no newline: it may have been cut off.
    pub unended: bool,
    /// The file as it stands, with the keys of others.
    pub raw: toml::Table,
    /// Where the keys stand that were read; what is not among them has its default.
    pub origins: BTreeMap<&'static str, Location>,
    /// Has it an error? Then counters may be missing here that it is meant to define.
    pub broken: bool,

    /// The directory of the mail logs and of the store; `/var/log/mail`.
    pub logs_base: PathBuf,
    /// The directory of the counter files; `counters`.
    pub logs_counters: PathBuf,
    /// The user that the logs and the store belong to; `qmaill`.
    pub logs_user: String,
    /// The group that they belong to; `qnofiles`.
    pub logs_group: String,
    /// Whether to tell on stderr what is done; no.
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
    /// How qmail-send's lines get into a file; multilog.
    pub send_log_method: LogMethod,
    /// How qmail-smtpd's lines get into a file; multilog.
    pub smtpd_log_method: LogMethod,
    /// How the POP3 server's lines get into a file; syslog.
    pub pop3_log_method: LogMethod,
    /// How spamdyke's lines get into a file; multilog.
    pub logs_spamdyke: LogMethod,
    /// Port → the service that vchkpw serves there.
    pub logs_vchkpw_ports: BTreeMap<u16, String>,
    /// Which IMAP logins from this host count as webmail; Courier's `imapd`.
    pub webmail_loopback: Loopback,
    /// qmail's queues; `/var/qmail/queue`.
    pub qmail_queue_dir: Vec<PathBuf>,

    /// The names of the counter files in `logs_counters`, by the key on the protocol's card (`logs_send_count` …).
    pub counter_files: BTreeMap<&'static str, String>,
    /// How many bits printed values have, 32 or 64; 64.
    pub counter_bits: u32,

    /// Whether a processor passes the lines on, so that the logger keeps its `@….s`; yes.
    pub logs_taifiles: bool,
    /// Whether all lines are kept by day below `logs_base`; yes.
    pub logs_archive: bool,
    /// Whether that archive has local times in place of TAI64N labels; no.
    pub logs_archive_untai: bool,
    /// Whether days older than `logs_archive_days` are removed from the archive; no.
    pub logs_archive_purge: bool,
    /// Days; 31.
    pub logs_archive_days: u32,

    /// The directory of the round robin databases; `rrd`.
    pub rrd_dir: PathBuf,
    /// One step of the RRDs, in seconds: 60, 75, 100, 150 or 300; 60.
    pub rrd_step: u32,
    /// The rrdcached that minutes are pushed to; `None`: there is none.
    pub rrd_daemon: Option<RrdDaemon>,
    /// Where the RRDs of many hosts are, a directory each; `None`: they are not here.
    pub hosts_dir: Option<PathBuf>,
    /// The directory of pictures and pages; `graphs`.
    pub graphs_dir: PathBuf,
    /// `None`: only the built-in templates.
    pub templates_dir: Option<PathBuf>,

    /// Is it counted why deliveries were put off or failed? Yes.
    pub reasons: bool,
    /// The rules that decide it; `None`: those of the binary.
    pub reasons_file: Option<PathBuf>,
    /// What stands in that file.
    pub reasons_table: Option<ReasonsTable>,
    /// Is it counted to which large providers deliveries go? Yes.
    pub providers: bool,
    /// The table of their domains; `None`: that of the binary.
    pub providers_file: Option<PathBuf>,
    /// What stands in that file.
    pub providers_table: Option<ProvidersTable>,
    /// Are the times of deliveries and messages counted? Yes.
    pub times: bool,
    /// Are addresses taken out of the last text of each reason? Yes.
    pub report_privacy: bool,

    /// `None`: as the machine calls itself.
    pub toaster_hostname: Option<String>,
    /// Who gets the daily report; `postmaster`.
    pub toaster_admin_email: String,
    /// What takes a mail on its standard input, for a shell; `/usr/sbin/sendmail -t -i`.
    pub mail_command: String,

    /// `[[rbl]]`.
    pub lists: Vec<CustomList>,
    /// `[[counter]]`.
    pub counters: Vec<CustomCounter>,
    /// `[protocol.NAME]`.
    pub protocols: Vec<CustomProtocol>,
    /// `[[alarm]]`.
    pub alarms: Vec<Alarm>,
    /// See [`Config::all_protocols`].
    pub made: Made,
}

/// The table of `providers_file`. It lives as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct ProvidersTable(pub &'static providers::Table);

impl PartialEq for ProvidersTable {
    /// Always equal, because the table follows from the file's name.
    fn eq(&self, _: &ProvidersTable) -> bool {
        true
    }
}

/// The table of `reasons_file`. It lives as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct ReasonsTable(pub &'static reasons::Table);

impl PartialEq for ReasonsTable {
    /// Always equal, because the table follows from the file's name.
    fn eq(&self, _: &ReasonsTable) -> bool {
        true
    }
}

/// The protocols of one configuration, made when they are first needed. Everything refers to them, so their memory is
/// never freed. That does not add up, because a process loads no more than two configurations.
#[derive(Default)]
pub struct Made(OnceCell<Vec<&'static Protocol>>);

impl Clone for Made {
    /// Empty: a copy of a configuration may be changed before its protocols are needed, so it makes its own.
    fn clone(&self) -> Made {
        Made::default()
    }
}

impl PartialEq for Made {
    /// Always equal, because the protocols follow from the other fields of the configuration.
    fn eq(&self, _: &Made) -> bool {
        true
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.get().fmt(f)
    }
}

/// If making the protocols panics, the cell stays empty and is never half filled. So a `Config` may be used after
/// such a panic was caught.
impl std::panic::RefUnwindSafe for Made {}

impl Config {
    /// What the classifiers need to know of it.
    pub fn settings(&self) -> Settings {
        let in_syslog = |method: LogMethod| method == LogMethod::Syslog;
        Settings {
            vchkpw_ports: self.logs_vchkpw_ports.clone(),
            webmail_loopback_all: self.webmail_loopback == Loopback::All,
            send_in_syslog: in_syslog(self.send_log_method),
            smtpd_in_syslog: in_syslog(self.smtpd_log_method),
            pop3_in_syslog: in_syslog(self.pop3_log_method),
            spamdyke_in_syslog: in_syslog(self.logs_spamdyke),
            reasons: match (self.reasons, self.reasons_table) {
                (false, _) => Reasons::Off,
                (true, Some(table)) => Reasons::Of(table.0),
                (true, None) => Reasons::Shipped,
            },
            providers: match (self.providers, self.providers_table) {
                (false, _) => Providers::Off,
                (true, Some(table)) => Providers::Of(table.0),
                (true, None) => Providers::Shipped,
            },
            no_times: !self.times,
            hide: self.hide(),
            lists: self.lists.iter().map(|list| (list.name.clone(), list.pattern.clone())).collect(),
        }
    }

    /// What is taken out of reports that are shown.
    fn hide(&self) -> Hide {
        if !self.report_privacy {
            return Hide::default();
        }
        let machine = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
        let names = self.toaster_hostname.iter().chain([&machine]);
        let mut names: Vec<String> = names.map(|name| name.to_ascii_lowercase()).collect();
        names.dedup();
        Hide { is_on: true, names }
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

    /// Every protocol: the built-in ones as the settings want them and with their own counters, each followed by those of
    /// `[protocol.NAME]` that are `like` it; then the others of these. They are made at the first call.
    pub fn all_protocols(&self) -> &[&'static Protocol] {
        self.made.0.get_or_init(|| custom::all(&self.settings(), &self.counters, &self.own_protocols()))
    }

    /// Those of `[protocol.NAME]`, as far as it concerns how lines are counted.
    pub fn own_protocols(&self) -> Vec<custom::CustomProtocol> {
        self.protocols.iter().map(CustomProtocol::plain).collect()
    }

    /// The same configuration with other protocols.
    #[cfg(test)]
    pub(crate) fn with_protocols(self, protocols: Vec<&'static Protocol>) -> Config {
        Config { made: Made(OnceCell::from(protocols)), ..self }
    }
}

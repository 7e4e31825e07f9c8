//! What holds where toaster.conf is silent.
use std::collections::BTreeMap;

use super::fields::{Config, LogMethod, Loopback, Made};
use crate::protocol::{CounterFile, Directories, Protocol, shipped};

/// Syslog's file without `logs_syslog`: the first of these that exists.
pub const USUAL_SYSLOGS: [&str; 4] =
    ["/var/log/maillog", "/var/log/mail.log", "/var/log/messages", "/var/log/system.log"];

impl Config {
    /// What holds where the file is silent, or wrong. Paths are as in toaster.conf, not yet absolute.
    pub(super) fn builtin() -> Config {
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
            log_dirs: directories().map(|dirs| (dirs.key, vec![dirs.default.into()])).collect(),
            logs_syslog: None,
            logs_syslog_olddir: None,
            log_files: files().map(|key| (key, Vec::new())).collect(),
            logs_tai_offset: None,
            send_log_method: LogMethod::Multilog,
            smtpd_log_method: LogMethod::Multilog,
            pop3_log_method: LogMethod::Syslog,
            logs_spamdyke: LogMethod::Multilog,
            logs_vchkpw_ports: BTreeMap::new(),
            webmail_loopback: Loopback::Imapd,
            qmail_queue_dir: vec!["/var/qmail/queue".into()],
            counter_files: counter_files().map(|file| (file.key, file.default.to_owned())).collect(),
            counter_bits: 64,
            logs_taifiles: true,
            logs_archive: true,
            logs_archive_untai: false,
            logs_archive_purge: false,
            logs_archive_days: 31,
            rrd_dir: "rrd".into(),
            rrd_step: 60,
            rrd_daemon: None,
            hosts_dir: None,
            graphs_dir: "graphs".into(),
            templates_dir: None,
            reasons: true,
            reasons_file: None,
            reasons_table: None,
            providers: true,
            providers_file: None,
            providers_table: None,
            times: true,
            report_privacy: true,
            toaster_hostname: None,
            toaster_admin_email: "postmaster".into(),
            mail_command: "/usr/sbin/sendmail -t -i".into(),
            lists: Vec::new(),
            counters: Vec::new(),
            protocols: Vec::new(),
            alarms: Vec::new(),
            made: Made::default(),
        }
    }
}

/// The log directories on the cards, in the order of the usage.
pub(super) fn directories() -> impl Iterator<Item = Directories> {
    shipped().iter().filter_map(Protocol::directories)
}

/// The keys of growing files on the cards, in the order of the usage.
pub(super) fn files() -> impl Iterator<Item = &'static str> {
    shipped().iter().filter_map(|card| card.files_key)
}

/// The counter files on the cards, in the order of the usage.
pub(super) fn counter_files() -> impl Iterator<Item = CounterFile> {
    shipped().iter().filter_map(|card| card.counter_file)
}

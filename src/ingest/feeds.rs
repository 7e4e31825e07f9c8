//! Where each protocol's lines stand, under one configuration.
use std::path::PathBuf;

use crate::config::{Config, LogMethod};
use crate::protocol::Protocol;

/// A logger's processor: what it is called by (argv\[0\]), and whose lines it is given.
#[derive(Debug)]
pub struct Personality {
    /// The name of the link, and of its archive.
    pub log: &'static str,
    /// The protocol.
    pub protocol: &'static str,
}

/// Every processor, in the order of the usage.
pub const PERSONALITIES: &[Personality] = &[
    Personality { log: "sendlog", protocol: "send" },
    Personality { log: "smtplog", protocol: "rbl" },
    Personality { log: "pop3log", protocol: "pop3" },
];

/// Syslog's file where toaster.conf is silent: the first of these that exists.
pub const SYSLOGS: [&str; 4] =
    ["/var/log/maillog", "/var/log/mail.log", "/var/log/messages", "/var/log/system.log"];

/// Which streams (syslog files, journals) a protocol reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syslog {
    /// None: its programs do not write there.
    Unused,
    /// These, as toaster.conf names them.
    Named(Vec<String>),
    /// The usual one of this machine.
    Usual,
}

/// One protocol and its sources.
#[derive(Clone, Debug)]
pub struct Feed {
    /// What its lines count.
    pub protocol: &'static Protocol,
    /// The name of its archive, under each day.
    pub log: String,
    /// Log directories that the configuration names.
    pub directories: Vec<PathBuf>,
    /// Logs that every program writes to.
    pub syslog: Syslog,
    /// Growing files of its own.
    pub files: Vec<PathBuf>,
    /// qmail's queues, to be measured.
    pub queues: Vec<PathBuf>,
    /// The counter file's name.
    pub counter_file: String,
    /// Where the Perl maillogs of some version had its counters, if toaster.conf was silent.
    pub legacy: Vec<&'static str>,
}

impl Feed {
    /// Does it read anything besides its log directories?
    pub fn has_streams(&self) -> bool {
        self.syslog != Syslog::Unused || !self.files.is_empty()
    }
}

/// Every protocol, as toaster.conf has it.
pub fn protocols(config: &Config) -> Vec<&'static Protocol> {
    let _ = config;
    crate::protocol::builtin(&Default::default())
}

/// Every protocol with its sources, in the order of the usage.
pub fn feeds(config: &Config) -> Vec<Feed> {
    protocols(config).into_iter().map(|protocol| feed_of(config, protocol)).collect()
}

fn feed_of(config: &Config, protocol: &'static Protocol) -> Feed {
    let syslog = |used: bool| match (&config.logs_syslog, used) {
        (_, false) => Syslog::Unused,
        (Some(names), true) => Syslog::Named(vec![names.clone()]),
        (None, true) => Syslog::Usual,
    };
    let in_syslog = |method: LogMethod| method == LogMethod::Syslog;
    let named = |key: &str, value: &str, usual: &str, legacy: &[&'static str]| {
        // A file that toaster.conf names is that file and no other.
        let silent = !config.raw.contains_key(key) || value == usual;
        (value.to_owned(), if silent { legacy.to_vec() } else { Vec::new() })
    };
    let mut feed = Feed {
        protocol,
        log: format!("{}log", protocol.name),
        directories: Vec::new(),
        syslog: Syslog::Unused,
        files: Vec::new(),
        queues: Vec::new(),
        counter_file: format!("{}.txt", protocol.name),
        legacy: Vec::new(),
    };
    let c = config;
    (feed.counter_file, feed.legacy) = match protocol.name {
        "send" => named("logs_send_count", &c.logs_send_count, "send.txt", &[]),
        "rbl" => named("logs_rbl_count", &c.logs_rbl_count, "smtp_rbl.txt", &["rbl.txt"]),
        "smtp" => {
            named("logs_smtp_count", &c.logs_smtp_count, "smtp_auth.txt", &["smtp.txt", "smtp_rbl.txt"])
        }
        "pop3" => named("logs_pop3_count", &c.logs_pop3_count, "pop3.txt", &[]),
        "imap" => named("logs_imap_count", &c.logs_imap_count, "imap.txt", &[]),
        "webmail" => named("logs_web_count", &c.logs_web_count, "webmail.txt", &["web.txt"]),
        "spamassassin" => named("logs_spam_count", &c.logs_spam_count, "spam.txt", &[]),
        "qmailscanner" => named("logs_virus_count", &c.logs_virus_count, "virus.txt", &[]),
        _ => (feed.counter_file, Vec::new()),
    };
    match protocol.name {
        "send" => {
            feed.directories.clone_from(&c.logs_send_dirs);
            feed.syslog = syslog(in_syslog(c.send_log_method));
        }
        "rbl" => {
            feed.log = "smtplog".to_owned();
            feed.directories.clone_from(&c.logs_smtp_dirs);
            let methods = [c.send_log_method, c.smtpd_log_method, c.logs_spamdyke];
            feed.syslog = syslog(methods.into_iter().any(in_syslog));
        }
        "pop3" => {
            feed.directories.clone_from(&c.logs_pop3_dirs);
            feed.syslog = syslog(in_syslog(c.pop3_log_method));
        }
        "smtp" | "imap" | "spamassassin" | "qmailscanner" => feed.syslog = syslog(true),
        "webmail" => {
            feed.syslog = syslog(true);
            feed.files.clone_from(&c.logs_webmail_files);
        }
        _ => {}
    }
    feed
}

//! Where each protocol's lines stand, under one configuration.
use std::path::PathBuf;

use crate::config::{Config, LogMethod, OwnSource};
use crate::protocol::{Place, Protocol};

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

/// What the processor of an own protocol with a log directory is called.
pub fn own_log(protocol: &Protocol) -> String {
    format!("{}log", protocol.name)
}

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
    /// The name of its archive, under each day, and of the processor that is given its chunks; `None`: it has no log
    /// directories.
    pub log: Option<String>,
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
}

impl Feed {
    /// Does it read anything besides its log directories?
    pub fn has_streams(&self) -> bool {
        self.syslog != Syslog::Unused || !self.files.is_empty()
    }
}

/// Every protocol with its sources, in the order of the usage.
pub fn feeds(config: &Config) -> Vec<Feed> {
    config.all_protocols().into_iter().map(|protocol| feed_of(config, protocol)).collect()
}

fn feed_of(config: &Config, protocol: &'static Protocol) -> Feed {
    let syslog = |used: bool| match (&config.logs_syslog, used) {
        (_, false) => Syslog::Unused,
        (Some(names), true) => Syslog::Named(names.clone()),
        (None, true) => Syslog::Usual,
    };
    let in_syslog = |method: LogMethod| method == LogMethod::Syslog;
    let mut feed = Feed {
        protocol,
        log: PERSONALITIES.iter().find(|p| p.protocol == protocol.name).map(|p| p.log.to_owned()),
        directories: Vec::new(),
        syslog: Syslog::Unused,
        files: Vec::new(),
        queues: Vec::new(),
        counter_file: format!("{}.txt", protocol.name),
    };
    let c = config;
    match protocol.name {
        "send" => feed.counter_file.clone_from(&c.logs_send_count),
        "rbl" => feed.counter_file.clone_from(&c.logs_rbl_count),
        "smtp" => feed.counter_file.clone_from(&c.logs_smtp_count),
        "pop3" => feed.counter_file.clone_from(&c.logs_pop3_count),
        "imap" => feed.counter_file.clone_from(&c.logs_imap_count),
        "webmail" => feed.counter_file.clone_from(&c.logs_web_count),
        "spamassassin" => feed.counter_file.clone_from(&c.logs_spam_count),
        "qmailscanner" => feed.counter_file.clone_from(&c.logs_virus_count),
        "queue" => feed.counter_file.clone_from(&c.logs_queue_count),
        _ => {}
    }
    match protocol.name {
        "send" => {
            feed.directories.clone_from(&c.logs_send_dirs);
            feed.syslog = syslog(in_syslog(c.send_log_method));
        }
        "rbl" => {
            feed.directories.clone_from(&c.logs_smtp_dirs);
            let methods = [c.send_log_method, c.smtpd_log_method, c.logs_spamdyke];
            feed.syslog = syslog(methods.into_iter().any(in_syslog));
        }
        "pop3" => {
            feed.directories.clone_from(&c.logs_pop3_dirs);
            feed.syslog = syslog(in_syslog(c.pop3_log_method));
        }
        "webmail" => {
            feed.syslog = syslog(true);
            feed.files.clone_from(&c.logs_webmail_files);
        }
        "queue" => feed.queues.clone_from(&c.qmail_queue_dir),
        _ => feed.syslog = syslog(protocol.home == Place::Shared),
    }
    if let Some(own) = c.protocols.iter().find(|p| p.name == protocol.name) {
        match &own.source {
            OwnSource::Multilog(dir) => {
                feed.log = Some(own_log(protocol));
                feed.directories.push(dir.clone());
            }
            OwnSource::Syslog => feed.syslog = syslog(true),
            OwnSource::File(file) => feed.files.push(file.clone()),
        }
    }
    feed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_protocol_has_a_source_and_a_counter_file_of_its_own() {
        let feeds = feeds(&Config::default());
        for feed in &feeds {
            let name = feed.protocol.name;
            assert!(feed.has_streams() || !feed.directories.is_empty() || !feed.queues.is_empty(), "{name}");
            assert_eq!(feeds.iter().filter(|f| f.counter_file == feed.counter_file).count(), 1, "{name}");
            assert_eq!(
                feed.log.is_some(),
                !feed.directories.is_empty(),
                "{name}: an archive is of directories"
            );
        }
        let logs: Vec<&str> = feeds.iter().filter_map(|f| f.log.as_deref()).collect();
        assert_eq!(logs, ["sendlog", "smtplog", "pop3log"]);
    }
}

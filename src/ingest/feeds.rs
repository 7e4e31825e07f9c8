//! Where each protocol's lines stand, under one configuration.
use std::path::PathBuf;

use crate::config::{Config, CustomSource, USUAL_SYSLOGS};
use crate::protocol::Protocol;

#[cfg(test)]
thread_local! {
    /// The usual files of a test.
    pub static PRETENDED: std::cell::RefCell<Option<Vec<String>>> = const { std::cell::RefCell::new(None) };
}

/// Syslog's file where toaster.conf is silent: the first of these that exists.
pub fn usual_syslogs() -> Vec<String> {
    #[cfg(test)]
    if let Some(names) = PRETENDED.with_borrow(Clone::clone) {
        return names;
    }
    USUAL_SYSLOGS.map(str::to_owned).to_vec()
}

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
    config.all_protocols().iter().map(|protocol| feed_of(config, protocol)).collect()
}

/// `protocol` with its sources.
pub fn feed_of(config: &Config, protocol: &'static Protocol) -> Feed {
    let own = config.protocols.iter().find(|own| own.name == protocol.name).map(|own| &own.source);
    let syslog = match (own, &config.logs_syslog) {
        _ if !protocol.reads_syslog => Syslog::Unused,
        (Some(CustomSource::SyslogAt(file)), _) => Syslog::Named(vec![file.to_string_lossy().into_owned()]),
        (_, Some(names)) => Syslog::Named(names.clone()),
        (_, None) => Syslog::Usual,
    };
    let (mut directories, mut files) = (config.directories(protocol), config.files(protocol));
    match own {
        Some(CustomSource::Multilog(dir)) => directories.push(dir.clone()),
        Some(CustomSource::File(file)) => files.push(file.clone()),
        Some(CustomSource::Syslog | CustomSource::SyslogAt(_)) | None => {}
    }
    let has_directories = protocol.directories().is_some() || !directories.is_empty();
    Feed {
        protocol,
        log: protocol.processor.filter(|_| has_directories).map(|processor| processor.name.to_owned()),
        directories,
        syslog,
        files,
        queues: if protocol.measured { config.qmail_queue_dir.clone() } else { Vec::new() },
        counter_file: config.counter_file(protocol),
    }
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

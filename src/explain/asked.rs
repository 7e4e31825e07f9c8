//! Which protocols are asked about a line, and as which kind of log.
use crate::config::Config;
use crate::ingest::feeds;
use crate::protocol::{LogKind, Protocol, builtin, custom};

/// A protocol that is asked.
#[derive(Debug)]
pub(super) struct Asked {
    /// As toaster.conf wants it.
    pub protocol: &'static Protocol,
    /// The same without the counters of toaster.conf. `None`: it has no others.
    pub plain: Option<&'static Protocol>,
    /// May it have logs of its own: a logger's directories, or files?
    pub has_own_logs: bool,
}

/// A question to one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The position among those who are asked.
    pub asked: usize,
    /// The line is taken as one of such a log.
    pub place: LogKind,
}

/// Of whom a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// That is not known; its lines may tell.
    Unknown,
    /// Of every program: toaster.conf names it as syslog, for the protocols of these names.
    Shared(&'static [&'static str]),
    /// Of the protocol of this name: a file of one of its log directories, or a day of the archive.
    Directory(&'static str),
    /// Of the protocol of this name, a growing file.
    File(&'static str),
}

/// All who may be asked.
#[derive(Debug)]
pub(super) struct Panel {
    /// In the order of the usage.
    pub all: Vec<Asked>,
    /// Did the command line name them?
    pub are_named: bool,
    /// Protocols as they would be if all programs wrote to syslog: those that do not read it under this toaster.conf.
    pub elsewhere: Vec<&'static Protocol>,
}

/// The questions about the lines of one log.
#[derive(Debug)]
pub(super) struct Questions {
    /// Of lines that a header of syslog stands before.
    pub headed: Vec<Question>,
    /// Of all others.
    pub bare: Vec<Question>,
    /// Is it known that all who are asked read this log? Otherwise who does not understand a line that has no header is not
    /// the one who reads it.
    pub is_certain: bool,
    /// Do its lines have nothing before them but what a logger or a container writes?
    pub is_own: bool,
    /// Does "last message repeated" mean the line before, as in a log that a syslogd writes?
    pub is_stream: bool,
}

impl Panel {
    /// Those whom `names` names, by their own names or those of their sections; all, if there are none.
    pub fn new(config: &Config, names: &[String]) -> Panel {
        let settings = config.settings();
        let is_wanted = |protocol: &Protocol| {
            names.is_empty() || protocol.parts().any(|part| names.iter().any(|name| name == part))
        };
        // Where nothing was added, the protocol itself is the plain one.
        let bare = if config.counters.is_empty() {
            config.all_protocols().to_vec()
        } else {
            custom::all(&settings, &[], &config.own_protocols())
        };
        let plain = |protocol: &Protocol| {
            let found = bare.iter().copied().find(|plain| plain.name == protocol.name);
            found.filter(|plain| !plain.counters.is_empty())
        };
        let all = feeds(config)
            .into_iter()
            .filter(|feed| !feed.protocol.measured && is_wanted(feed.protocol))
            .map(|feed| Asked {
                protocol: feed.protocol,
                plain: plain(feed.protocol),
                has_own_logs: feed.log.is_some()
                    || !feed.files.is_empty()
                    || feed.protocol.files_key.is_some()
                    || config
                        .protocols
                        .iter()
                        .any(|own| own.name == feed.protocol.name && !own.source.is_shared()),
            })
            .collect();
        let reads = |name: &str| config.all_protocols().iter().any(|p| p.name == name && p.reads_syslog);
        let elsewhere = builtin(&settings.all_in_syslog())
            .into_iter()
            .filter(|protocol| protocol.reads_syslog && is_wanted(protocol) && !reads(protocol.name))
            .collect();
        Panel { all, are_named: !names.is_empty(), elsewhere }
    }

    /// Whom to ask about the lines of a log.
    pub fn questions(&self, whose: Whose) -> Questions {
        let of = |is_headed: bool| -> Vec<Question> {
            let place = |asked: &Asked| self.place(asked, whose, is_headed);
            let all = self.all.iter().enumerate();
            all.filter_map(|(at, asked)| Some(Question { asked: at, place: place(asked)? })).collect()
        };
        let (headed, bare) = (of(true), of(false));
        let own = |question: &Question| question.place == LogKind::Dedicated;
        Questions {
            is_certain: self.are_named
                || whose != Whose::Unknown
                || bare.iter().filter(|q| own(q)).count() < 2,
            is_own: !bare.is_empty() && headed.iter().chain(&bare).all(own),
            is_stream: !matches!(whose, Whose::Directory(_)),
            headed,
            bare,
        }
    }

    /// As which kind of log `asked` reads a line. `None`: it does not read it, or the line may be anybody's, and a built-in
    /// protocol of which `asked` is a second instance says the same.
    fn place(&self, asked: &Asked, whose: Whose, is_headed: bool) -> Option<LogKind> {
        let place = self.place_of_its_own(asked, whose, is_headed)?;
        let same = |other: &&Asked| self.place_of_its_own(other, whose, is_headed) == Some(place);
        let original = asked.protocol.original();
        let mut others = self.all.iter().filter(|other| other.protocol.name == original);
        let is_said = !self.are_named && whose == Whose::Unknown && asked.protocol.like.is_some();
        (!is_said || !others.any(|other| same(&other))).then_some(place)
    }

    fn place_of_its_own(&self, asked: &Asked, whose: Whose, is_headed: bool) -> Option<LogKind> {
        let reads_syslog = asked.protocol.reads_syslog;
        let shared = reads_syslog.then_some(LogKind::Shared);
        let own = asked.has_own_logs.then_some(LogKind::Dedicated);
        match whose {
            Whose::Directory(name) | Whose::File(name) => {
                let is_its = name == asked.protocol.name || self.are_named;
                is_its.then_some(LogKind::Dedicated)
            }
            Whose::Shared(_) if self.are_named => shared.or(Some(LogKind::Dedicated)),
            Whose::Shared(names) => shared.filter(|_| names.contains(&asked.protocol.name)),
            Whose::Unknown if is_headed && self.are_named => shared.or(Some(LogKind::Dedicated)),
            Whose::Unknown if is_headed => shared,
            Whose::Unknown => own.or(shared),
        }
    }
}

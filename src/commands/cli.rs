//! The command line: words only, no look at the world.
//!
//! The commands and options stand in `definition`. argv\[0\] chooses a processor.
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::check::Check;
use super::context::strings;
use super::export::Export;
use super::graph::Graph;
use super::munin::{self, Munin};
use super::query::Query;
use super::show::Show;
use super::snmp::Snmp;
use super::{definition, explain};
use crate::explain::Options;
use crate::protocol::Protocol;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Be a logger's processor, by its name (`sendlog` …).
    Process {
        /// The name of the processor.
        log: String,
        /// Count the input even if it is known.
        force: bool,
    },
    /// Print counters.
    Query(Query),
    /// Read every source and commit.
    Update {
        /// Empty: all.
        protocols: Vec<String>,
        /// Write all minutes that are over to the RRDs.
        flush: bool,
    },
    /// Bring minutes to an rrdcached.
    Push {
        /// Empty: all.
        protocols: Vec<String>,
    },
    /// Draw.
    Graph(Graph),
    /// Draw in the terminal.
    Show(Show),
    /// Answer snmpd.
    Snmp(Snmp),
    /// Check whether all is well.
    /// Print where the counters stood at the end of each minute.
    Export(Export),
    Check(Check),
    /// Be a plugin of Munin.
    Munin(Munin),
    /// Send the mails of alarms.
    Alarm,
    /// Say what lines count.
    Explain(Options),
    /// Print what of toaster.conf is in force.
    Config {
        /// Print the file as TOML instead.
        toml: bool,
    },
}

/// A command line that was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `-v`.
    pub verbose: bool,
    /// What to do.
    pub action: Action,
}

/// The processor that we were called as, if the file name of argv\[0\] is the name of one.
pub fn known_processor(argv0: &Path, protocols: &[&'static Protocol]) -> Option<String> {
    let name = argv0.file_name()?;
    processors(protocols).find(|log| name == log.as_str())
}

/// The names of all processors: those of qmail's loggers, then those of toaster.conf's protocols.
fn processors(protocols: &[&'static Protocol]) -> impl Iterator<Item = String> {
    protocols.iter().filter_map(|p| p.processor).map(|processor| processor.name.to_owned())
}

/// Understands a command line, argv\[0\] included, when there are these `protocols`.
///
/// # Errors
/// clap's own, worded for the user. A processor ignores words that it does not understand, because the mail log must
/// not stop for a typo. A word that may have been meant to name a configuration is an error all the same.
pub fn parse(args: &[OsString], protocols: &[&'static Protocol]) -> Result<Call, clap::Error> {
    let me = args.first().and_then(|a| known_processor(Path::new(a), protocols));
    let plugin = args.first().and_then(|a| munin::part_of(Path::new(a)));
    let rest = || args.iter().skip(1).cloned();
    let words: Vec<OsString> = match (me, plugin) {
        (Some(log), _) => ["maillogs".into(), log.into()].into_iter().chain(rest()).collect(),
        (None, Some(part)) => {
            ["maillogs".into(), "munin".into(), part.into()].into_iter().chain(rest()).collect()
        }
        (None, None) => args.to_vec(),
    };
    let named = words.get(1).and_then(|w| processors(protocols).find(|log| w.as_os_str() == log.as_str()));
    let understood = definition::named(protocols, &words)
        .try_get_matches_from(&words)
        .or_else(|_| definition::whole(protocols).try_get_matches_from(&words));
    match (understood, named) {
        (Ok(matches), _) => Ok(understand(&matches, protocols)),
        (Err(e), _) if !e.use_stderr() => Err(e),
        (Err(e), Some(log)) => {
            let config = config_of(args);
            if config.is_none() && args.iter().skip(1).any(|word| may_mean_config(word)) {
                return Err(e);
            }
            crate::say::warn(e.to_string().lines().next().unwrap_or_default());
            let action = Action::Process { log, force: false };
            Ok(Call { config, verbose: false, action })
        }
        (Err(e), None) => Err(e),
    }
}

/// `--config` without a file, `--conf`, `-c`: without it another store would be written.
fn may_mean_config(word: &OsStr) -> bool {
    [&b"--c"[..], b"-c"].iter().any(|start| word.as_bytes().starts_with(start))
}

/// The file name of argv\[0\], if it may be that of a processor.
pub fn possible_processor(args: &[OsString]) -> Option<String> {
    let me = Path::new(args.first()?).file_name()?.to_str()?;
    let is_plugin = munin::part_of(Path::new(me)).is_some();
    (me.ends_with("log") && me != "maillogs" && !is_plugin).then(|| me.to_owned())
}

/// Is this command line a processor's, of a protocol that only toaster.conf may define? By the name it was called by,
/// or by its first word.
pub fn may_be_processor(args: &[OsString]) -> bool {
    let is_log = |word: &OsStr| word.as_bytes().ends_with(b"log") && word != "maillogs";
    if args.first().is_some_and(|me| munin::part_of(Path::new(me)).is_some()) {
        return false;
    }
    let me = args.first().and_then(|me| Path::new(me).file_name());
    let mut words = args.iter().skip(1).map(OsString::as_os_str);
    let mut first = None;
    while let Some(word) = words.next() {
        if word == "--config" {
            words.next();
        } else if !word.as_bytes().starts_with(b"-") {
            first = Some(word);
            break;
        }
    }
    me.into_iter().chain(first).any(is_log)
}

/// Does this command line, which may have words that we do not know, ask for a plug-in's answer of `check`?
pub fn is_for_nagios(args: &[OsString]) -> bool {
    ["check", "--nagios"].iter().all(|word| args.iter().any(|arg| arg == word))
}

/// The `--config` of a command line that may hold words we do not know, or ask for help.
pub fn config_of(args: &[OsString]) -> Option<PathBuf> {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(file) = word.as_bytes().strip_prefix(b"--config=") {
            return Some(PathBuf::from(OsStr::from_bytes(file)));
        }
    }
    None
}

fn understand(matches: &ArgMatches, protocols: &[&'static Protocol]) -> Call {
    let action = match matches.subcommand() {
        Some((log, m)) if processors(protocols).any(|name| name == log) => {
            Action::Process { log: log.to_owned(), force: m.get_flag("force") }
        }
        Some(("update", m)) => {
            Action::Update { protocols: strings(m, "protocol"), flush: m.get_flag("flush") }
        }
        Some(("push", m)) => Action::Push { protocols: strings(m, "protocol") },
        Some(("graph", m)) => Action::Graph(Graph::of(m)),
        Some(("show", m)) => Action::Show(Show::of(m)),
        Some(("snmp", m)) => Action::Snmp(Snmp::of(m)),
        Some(("export", m)) => Action::Export(Export::of(m)),
        Some(("check", m)) => Action::Check(Check::of(m)),
        Some(("munin", m)) => Action::Munin(Munin::of(m)),
        Some(("alarm", _)) => Action::Alarm,
        Some(("explain", m)) => Action::Explain(explain::options(m)),
        Some(("config", m)) => Action::Config { toml: m.get_flag("toml") },
        Some((name, m)) => Action::Query(Query::of(name, m)),
        // A command is required.
        None => Action::Config { toml: false },
    };
    Call {
        config: matches.get_one::<PathBuf>("config").cloned(),
        verbose: matches.get_flag("verbose"),
        action,
    }
}

#[cfg(test)]
mod tests;

//! Every command and option: one definition feeds the parser, the help and the usage.
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use super::{check, explain, export, graph, munin, push, query, show, snmp};
use crate::protocol::{Counter, CounterKind, Processor, Protocol};
use crate::say::masked;

/// All commands and options, with their help, when there are these `protocols`.
pub(crate) fn whole(protocols: &[&'static Protocol]) -> Command {
    define(protocols, None)
}

/// Only the commands that one of `words` is the name of, and without the help of the protocols.
///
/// It is enough for a command line that is right: which command is meant, and with which options, never depends on a
/// command that no word names. It is not enough for a help or for an error, because those list or suggest other
/// commands. To define all of them takes longer than to answer a query.
pub(super) fn named(protocols: &[&'static Protocol], words: &[OsString]) -> Command {
    define(protocols, Some(words))
}

/// Adds options and help to a command that has its name.
type Define<'d> = &'d dyn Fn(Command) -> Command;

fn define(protocols: &[&'static Protocol], words: Option<&[OsString]>) -> Command {
    let is_wanted = |name: &str| words.is_none_or(|words| words.iter().any(|word| word == name));
    let queries: Vec<Command> = match words {
        Some(_) => {
            let names = protocols.iter().flat_map(|protocol| protocol.parts());
            names.filter(|name| is_wanted(name)).map(|name| query::define(Command::new(name))).collect()
        }
        None => protocols.iter().flat_map(|protocol| queries(protocol)).collect(),
    };
    let commands: [(&str, Define<'_>); 12] = [
        (query::ALL, &|command| query::define(command).about("Print the counters of all protocols")),
        ("update", &|command| update(command, protocols)),
        ("push", &|command| push::define(command, protocols)),
        ("graph", &graph::define),
        ("show", &show::define),
        ("check", &check::define),
        ("munin", &munin::define),
        ("alarm", &alarm),
        ("config", &config),
        ("export", &export::define),
        ("explain", &|command| explain::define(command, protocols)),
        ("snmp", &snmp::define),
    ];
    let commands = commands.into_iter().filter(|(name, _)| is_wanted(name));
    let processors = protocols.iter().filter_map(|p| p.processor);
    root()
        .subcommands(queries)
        .subcommands(commands.map(|(name, define)| define(Command::new(name))))
        .subcommands(processors.filter(|processor| is_wanted(processor.name)).map(process))
}

/// What stands before a command, or without one.
fn root() -> Command {
    Command::new("maillogs")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Counts what a mail server does: exact counters, RRDs and graphs from the logs of qmail.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_help_heading("Protocols and commands")
        .after_help("As multilog's processor: multilog t n288 s1000000 '!exec /usr/local/bin/sendlog' /var/log/mail/send")
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .global(true)
                .value_parser(value_parser!(PathBuf))
                .help("Read this toaster.conf instead of the first that is found"),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Say more on stderr"),
        )
        .arg(
            Arg::new("reset")
                .short('r')
                .global(true)
                .hide(true)
                .action(ArgAction::SetTrue)
                .help("Accepted for the Perl maillogs' sake; does nothing"),
        )
}

/// The queries of a protocol: its own, and those of its sections.
fn queries(protocol: &Protocol) -> Vec<Command> {
    let query = |name: &'static str, about: &str, counters: &[&Counter]| {
        query::define(Command::new(name))
            .about(format!("Print the counters: {}", masked(about)))
            .after_help(counter_help(counters))
    };
    let own: Vec<&Counter> = protocol.own_counters().collect();
    let sections = protocol
        .sections
        .iter()
        .map(|section| query(section.name, section.about, &section.counters.iter().collect::<Vec<_>>()));
    std::iter::once(query(protocol.name, protocol.about, &own)).chain(sections).collect()
}

fn update(command: Command, protocols: &[&'static Protocol]) -> Command {
    command
        .about("Count what is new, also what a logger that died has left, and write complete minutes to the RRDs (cron)")
        .arg(
            Arg::new("protocol")
                .num_args(0..)
                .value_parser(PossibleValuesParser::new(protocols.iter().map(|p| p.name)))
                .help("Only these protocols; without any, all of them"),
        )
        .arg(
            Arg::new("flush")
                .long("flush")
                .action(ArgAction::SetTrue)
                .help("Write all minutes that are over to the RRDs, without waiting for late lines"),
        )
}

fn alarm(command: Command) -> Command {
    command.about("Send a mail when an [[alarm]] of toaster.conf begins, and one when it ends (cron)")
}

fn config(command: Command) -> Command {
    command.about("Print the settings that are in force, and where each of them comes from").arg(
        Arg::new("toml").long("toml").action(ArgAction::SetTrue).help("Print toaster.conf converted to TOML"),
    )
}

fn process(processor: Processor) -> Command {
    // Those of toaster.conf's protocols are not in the usage.
    Command::new(processor.name).about(processor.about).hide(processor.directories.is_none()).arg(
        Arg::new("force")
            .long("force")
            .action(ArgAction::SetTrue)
            .help("Count the input even if its content was counted before"),
    )
}

/// Keys with what each means, a line each or more, below each other.
fn counter_help(counters: &[&Counter]) -> String {
    /// Columns, as clap has them.
    const WIDTH: usize = 100;
    let longest = counters.iter().map(|c| c.key.len()).max().unwrap_or(0);
    let mut text = String::from("Keys:");
    for counter in counters {
        let kind = match counter.kind {
            CounterKind::Count => "",
            CounterKind::Sum => " (sum)",
            CounterKind::Net => " (sum; may fall)",
            CounterKind::Peak | CounterKind::Level => " (gauge)",
            CounterKind::Derived(_) => " (computed from others)",
        };
        text += &format!("\n  {:longest$} ", counter.key);
        let mut column = longest + 3;
        for word in format!("{}{kind}", masked(counter.help)).split(' ') {
            let wide = word.chars().count();
            if column + 1 + wide > WIDTH {
                text += &format!("\n{:column$}", "", column = longest + 3);
                column = longest + 3;
            }
            text += &format!(" {word}");
            column += 1 + wide;
        }
    }
    text
}

//! `maillogs explain`: what each line of a log counts, and by which rule.
use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::context::{now, strings, unless_closed, with_way_out};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::explain::{Options, explain};
use crate::protocol::Protocol;
use crate::say::warn;

/// What the words of the command line say.
pub(super) fn options(m: &ArgMatches) -> Options {
    Options {
        files: m.get_many::<PathBuf>("file").map(|files| files.cloned().collect()).unwrap_or_default(),
        day: m.get_one::<u32>("archive").copied(),
        protocols: strings(m, "protocol"),
        unknown: m.get_flag("unknown"),
        summary: m.get_flag("summary"),
        json: m.get_one::<String>("format").is_some_and(|format| format == "json"),
    }
}

/// Adds the options and their help to the command.
pub(super) fn define(command: Command, protocols: &[&'static Protocol]) -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let names: Vec<&'static str> = protocols.iter().flat_map(|protocol| protocol.parts()).collect();
    command
        .about("Say of each line of a log what it counts, by which rule, and in which minute; reads only")
        .after_help(
            "Without a FILE, lines are read from standard input: maillogs explain --unknown < /var/log/maillog\n\
             A log that toaster.conf names is taken as what it says; of any other, a line with a header of syslog is\n\
             shown to all who read syslog, and one without to those who have logs of their own.",
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .num_args(0..)
                .value_parser(value_parser!(PathBuf))
                .help("Logs, also packed ones (gzip, bzip2, xz, zstd); - is standard input"),
        )
        .arg(
            Arg::new("archive")
                .long("archive")
                .value_name("DAY")
                .value_parser(day)
                .conflicts_with("file")
                .help("Read the archive of this day (YYYY-MM-DD) in place of files"),
        )
        .arg(
            Arg::new("protocol")
                .long("protocol")
                .value_name("NAME")
                .action(ArgAction::Append)
                .value_parser(PossibleValuesParser::new(names))
                .help("Ask only this protocol, as its own logs are read where it has some; may be repeated"),
        )
        .arg(flag("unknown", "Only the lines that nothing understood, by their shapes").conflicts_with("summary"))
        .arg(flag("summary", "Only the summary: lines by verdict, and what all of them count"))
        .arg(
            Arg::new("format")
                .long("format")
                .default_value("text")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .help("text: for people; json: an object a line"),
        )
}

/// `2026-11-28` as 20261128.
fn day(text: &str) -> std::result::Result<u32, String> {
    let wrong = || format!("{text:?} is no day; it is written YYYY-MM-DD, as 2026-11-28");
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = text.parse::<NaiveDate>().ok().filter(|_| is_plain).ok_or_else(wrong)?;
    date.format("%Y%m%d").to_string().parse().map_err(|_| wrong())
}

/// Explains what `options` name.
///
/// # Errors
/// When something could not be read, after all the rest was, or standard output cannot be written to.
pub(super) fn print(config: &Config, options: &Options) -> Result<()> {
    let out = stdout();
    // Whoever looks on sees each line at once: `tail -f maillog | maillogs explain`.
    let mut out: Box<dyn Write> =
        if out.is_terminal() { Box::new(out) } else { Box::new(BufWriter::with_capacity(1 << 16, out)) };
    let mut failures = 0;
    let mut failed = |e: Error| {
        warn(with_way_out(&e));
        failures += 1;
    };
    unless_closed(explain(config, options, now(), &mut out, &mut failed))?;
    match failures {
        0 => Ok(()),
        _ => Err(Error::Message("not everything could be read, as said above".to_owned())),
    }
}

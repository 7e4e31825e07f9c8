//! `maillogs export`: where the counters stood at the end of each minute, with the minute's own stamp, for databases that
//! take old samples. What a collector missed is sent later; a minute that is in the RRD is the same whenever it is sent.
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::context::{host, job, now, print, strings, with_way_out};
use super::query::{ALL, parts, replace_if_file};
use crate::chart::when;
use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::export::prometheus::{Dialect, minutes};
use crate::export::{groups, influx};
use crate::ingest::feeds;
use crate::reading::Reading;
use crate::say::warn;
use crate::{disk, owner, query};

/// What is to be exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Protocols and sections; none: all.
    pub parts: Vec<String>,
    /// Minutes that end behind this time, as people write it.
    pub since: Option<String>,
    /// And not behind this one.
    pub until: Option<String>,
    /// A name of [`FORMATS`].
    pub format: String,
    /// The file that keeps the stamp of the last minute which was sent.
    pub cursor: Option<PathBuf>,
    /// How many minutes before that are sent again.
    pub again: u32,
    /// The program that gets the samples on its standard input, and its arguments.
    pub to: Vec<String>,
}

const FORMATS: [&str; 3] = ["prometheus", "openmetrics", "influx"];

/// An RRD has the last two days by the minute.
const KEPT: i64 = 2 * 86_400;
/// For how many seconds minutes without lines are sent again: a logger may have been stuck.
const OPEN: i64 = 3_600;
/// A clock that is set back by less is no matter.
const AHEAD: i64 = 3_600;

/// Adds the options of the command.
pub(super) fn define(command: Command) -> Command {
    let time = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("TIME").allow_hyphen_values(true).help(help)
    };
    command
        .about("Print where the counters stood at the end of each minute, for databases that take old samples")
        .arg(Arg::new("part").num_args(0..).value_name("PROTOCOL").help("Only these protocols and sections [default: all]"))
        .arg(
            Arg::new("format")
                .long("format")
                .default_value("prometheus")
                .value_parser(PossibleValuesParser::new(FORMATS))
                .help("What reads it: VictoriaMetrics' import (milliseconds), promtool (seconds), InfluxDB"),
        )
        .arg(time("since", "Only minutes that end later than this [default: two days ago]"))
        .arg(time("until", "Only minutes that end no later than this [default: the last one that is complete]"))
        .arg(
            Arg::new("cursor")
                .long("cursor")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with("since")
                .help("Begin where the last export with this file ended; it moves when all was sent"),
        )
        .arg(
            Arg::new("again")
                .long("again")
                .value_name("MINUTES")
                .value_parser(value_parser!(u32).range(0..=2_880))
                .default_value("10")
                .help("With --cursor: send this number of minutes before it again, which a database that died may have lost"),
        )
        .arg(
            Arg::new("to")
                .last(true)
                .num_args(0..)
                .value_name("COMMAND")
                .help("Start this program without a shell, and give it the samples; the cursor moves only if it exits with 0"),
        )
}

impl Export {
    /// What the words of the command line say.
    pub(super) fn of(m: &ArgMatches) -> Self {
        let time = |name| m.get_one::<String>(name).cloned();
        Self {
            parts: strings(m, "part"),
            since: time("since"),
            until: time("until"),
            format: m.get_one::<String>("format").cloned().unwrap_or_default(),
            cursor: m.get_one::<PathBuf>("cursor").cloned(),
            again: m.get_one::<u32>("again").copied().unwrap_or_default(),
            to: strings(m, "to"),
        }
    }
}

/// Exports what is asked.
///
/// # Errors
/// When a part is no protocol or a time is none, the RRDs cannot be read, or the samples cannot be given away.
pub(super) fn export(config: &Config, what: &Export) -> Result<()> {
    let all = [ALL.to_owned()];
    let names = parts(config, if what.parts.is_empty() { &all } else { &what.parts })?;
    owner::look_as_owner(config)?;
    let now = now();
    let sent = what.cursor.as_deref().map_or_else(|| Ok(Sent::default()), Sent::read)?;
    let until = what.until.as_deref().map_or(Ok(now), |text| time("--until", text, now))?;
    let since = what.since.as_deref().map(|text| time("--since", text, now)).transpose()?;
    let again = i64::from(what.again) * 60;
    let begin = |name: &str| {
        since.unwrap_or_else(|| sent.of(name, now).map_or(now - KEPT, |sent| sent.saturating_sub(again)))
    };
    let (mut readings, mut first_error) = (Vec::<Reading>::new(), None);
    for feed in feeds(config) {
        let asked: Vec<&String> =
            names.iter().filter(|name| feed.protocol.parts().any(|part| part == name.as_str())).collect();
        let Some(since) = asked.iter().map(|name| begin(name)).min() else { continue };
        match query::minutes(&job(config, &feed), since, until, now) {
            Ok(reading) => readings
                .extend(asked.iter().filter_map(|name| query::part(feed.protocol, reading.clone(), name))),
            // The others are sent; of this one the cursor stays.
            Err(e) => {
                if let Some(before) = first_error.replace(e) {
                    warn(with_way_out(&before));
                }
            }
        }
    }
    let bytes = match what.format.as_str() {
        "influx" => influx::minutes(&readings, &host(config)),
        "openmetrics" => minutes(&groups::groups(&readings), &readings, Dialect::OpenMetrics),
        _ => minutes(&groups::groups(&readings), &readings, Dialect::Prometheus),
    };
    give(&what.to, bytes.as_bytes())?;
    if let Some(file) = &what.cursor {
        sent.with(&readings).write(file)?;
    }
    first_error.map_or(Ok(()), Err)
}

/// A time as people write it.
fn time(option: &str, text: &str, now: i64) -> Result<i64> {
    when::time(text, now, now).map_err(|e| Error::Usage(format!("{option} {e}")))
}

/// Gives the samples to a program, or to standard output.
fn give(to: &[String], bytes: &[u8]) -> Result<()> {
    let [program, arguments @ ..] = to else { return print(bytes) };
    if bytes.is_empty() {
        return Ok(());
    }
    let mut given = Ok(());
    // With the rights of who has started us, as a program behind a pipe would have them.
    owner::as_root(&mut || given = run(program, arguments, bytes));
    given
}

fn run(program: &str, arguments: &[String], bytes: &[u8]) -> Result<()> {
    let path = Path::new(program);
    let mut child = Process::new(program).args(arguments).stdin(Stdio::piped()).spawn().at("start", path)?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(bytes));
    let status = child.wait().at("wait for", path)?;
    // One that has heard enough may succeed.
    if !status.success() {
        return Err(Error::Message(format!(
            "{program}: {status}; what it was given is sent again the next time"
        )));
    }
    written.at("write to", path)
}

/// Up to which minute each protocol and section was sent: lines of `NAME STAMP`, in unix seconds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sent(BTreeMap<String, i64>);

impl Sent {
    fn read(file: &Path) -> Result<Sent> {
        let mut bytes = Ok(None);
        owner::as_root(&mut || bytes = disk::read_within(file, 1 << 20));
        let text = String::from_utf8_lossy(&bytes?.unwrap_or_default()).into_owned();
        let line = |line: &str| {
            let (name, stamp) = line.split_once(' ')?;
            Some((name.to_owned(), stamp.parse().ok()?))
        };
        let all: Option<BTreeMap<String, i64>> = text.lines().map(line).collect();
        all.map(Sent).ok_or_else(|| {
            Error::Message(format!(
                "{}: is no file of this command; name another one, or remove it to send the last two days",
                file.display()
            ))
        })
    }

    /// `None`: it was never sent, or when the clock was wrong.
    fn of(&self, name: &str, now: i64) -> Option<i64> {
        let sent = *self.0.get(name)?;
        if sent > now.saturating_add(AHEAD) {
            warn(format_args!(
                "{name} was exported at a time that is to come (was the clock wrong?); two days are sent"
            ));
            return None;
        }
        Some(sent)
    }

    /// With the last minutes of `readings`. A minute behind the RRD may still change: up to an hour of them is sent again.
    fn with(mut self, readings: &[Reading]) -> Sent {
        for reading in readings {
            if let Some((end, _)) = reading.minutes.last() {
                let sent = (*end).min(reading.pushed.max(end - OPEN));
                self.0.insert(reading.protocol.to_owned(), sent);
            }
        }
        self
    }

    fn write(&self, file: &Path) -> Result<()> {
        let text: String = self.0.iter().map(|(name, stamp)| format!("{name} {stamp}\n")).collect();
        let mut written = Ok(());
        owner::as_root(&mut || written = replace_if_file(file, text.as_bytes()));
        written
    }
}

//! `maillogs PROTOCOL…`: counters, in the format that a monitoring system reads.
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::context::{feed, host, job, now, print, strings, with_way_out};
use super::exit::FAILED;
use super::hosts::{self, Of};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::export::prometheus::Dialect;
use crate::export::{groups, influx, json, prometheus, small, text};
use crate::hosts::read::{HostReadings, Hosts};
use crate::ingest::{Feed, Job, feeds};
use crate::protocol::Protocol;
use crate::query;
use crate::reading::{Counter, Measure, Reading, Value};
use crate::say::warn;
use crate::store::rrd::patient;
use crate::{disk, owner};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The names of protocols, sections and counters, in the order of the command line; the first one is a protocol's or a
    /// section's, or [`ALL`].
    pub words: Vec<String>,
    /// A name of [`FORMATS`].
    pub format: String,
    /// The file to write instead of standard output.
    pub output: Option<PathBuf>,
    /// Whose counters.
    pub of: Of,
}

/// Stands for all protocols and their sections.
pub(super) const ALL: &str = "all";

/// How counters can be printed.
const FORMATS: [&str; 10] = [
    "text",
    "json",
    "prometheus",
    "openmetrics",
    "influx",
    "nagios",
    "checkmk",
    "zabbix",
    "librenms",
    "mrtg",
];

/// Adds the options of a query.
pub(super) fn define(command: Command) -> Command {
    hosts::define(command, "Of each host that has pushed to hosts_dir, with a label host: prometheus, openmetrics")
        .arg(
            Arg::new("word")
                .num_args(0..)
                .value_name("KEY|PROTOCOL")
                .help("Print these counters only, a value a line; or further protocols"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .default_value("text")
                .value_parser(PossibleValuesParser::new(FORMATS))
                .help("What reads it"),
        )
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Replace this file at once, so that who reads it never sees a half (node_exporter's textfile directory)"),
        )
}

impl Query {
    /// As the command line says it.
    pub(super) fn of(name: &str, matches: &ArgMatches) -> Query {
        Query {
            words: std::iter::once(name.to_owned()).chain(strings(matches, "word")).collect(),
            format: matches.get_one::<String>("format").cloned().unwrap_or_default(),
            output: matches.get_one::<PathBuf>("output").cloned(),
            of: Of::asked(matches),
        }
    }
}

impl Query {
    /// Does who reads the format take what is said on stderr for a part of it? What is wrong stands in the answer.
    pub(super) fn is_mixed_with_errors(&self) -> bool {
        ["nagios", "checkmk", "zabbix", "librenms", "mrtg"].contains(&self.format.as_str())
    }
}

/// What the words of a query mean.
#[derive(Debug, Default, PartialEq, Eq)]
struct Meant {
    /// Protocols and sections, each once.
    parts: Vec<String>,
    /// Counters, each with its part's name.
    keys: Vec<(String, String)>,
}

/// Prints what is asked, and returns the exit code.
///
/// # Errors
/// When a word is neither a protocol nor a counter, a reading fails, or the answer cannot be written.
pub(super) fn answer(config: &Config, query: &Query, verbose: bool) -> Result<u8> {
    let meant = meant(config, &query.words)?;
    let is_all = query.words.first().is_some_and(|word| word == ALL);
    // A poller waits for the answer.
    patient::wait_at_most(patient::SHORT);
    // Only a query that finds much to count writes, and then as the owner of the store.
    owner::look_as_owner(config)?;
    let now = now();
    let (bytes, code, is_whole) = match &query.of {
        Of::Here => {
            let (readings, is_whole) = read(config, &meant.parts, now, verbose, query.format == "text")?;
            // A server need not have every protocol that there is.
            let is_there = |reading: &Reading| !is_all || reading.unknown.is_none() || query.format == "text";
            let readings = readings.into_iter().filter(is_there);
            let readings: Vec<Reading> = match query.format.as_str() {
                "text" => readings.collect(),
                _ => readings.map(without_guesses).collect(),
            };
            let (bytes, code) = printed(&host(config), config.counter_bits, query, &meant, &readings, now)?;
            (bytes, code, is_whole)
        }
        Of::One(name) => hosts::with(config, |all| {
            let found = of_host(all, name, &meant)?;
            let (bytes, code) = printed(name, config.counter_bits, query, &meant, &found.readings, now)?;
            Ok((bytes, code, found.problems.is_empty()))
        })?,
        Of::All => hosts::with(config, |all| {
            let (mut of, mut is_whole) = (Vec::new(), all.problems.is_empty());
            for host in &all.hosts {
                let found = of_host(all, &host.name, &meant)?;
                is_whole &= found.problems.is_empty();
                of.push((host.name.clone(), only_asked(&found.readings, &meant)));
            }
            Ok((of_hosts(&query.format, &of)?, 0, is_whole))
        })?,
    };
    match &query.output {
        Some(file) => replace(file, bytes.as_bytes())?,
        None => print(bytes.as_bytes())?,
    }
    Ok(if code == 0 && !is_whole { FAILED } else { code })
}

/// Without zeros that nothing says: of a level that no line has told, and of a mean of nothing.
fn without_guesses(mut reading: Reading) -> Reading {
    let measured = reading.measured;
    for counter in &mut reading.counters {
        let is_guess = |value: &Value| match counter.measure {
            Measure::Derived => value.total == 0,
            Measure::Level => !value.moved && !measured,
            Measure::Count | Measure::Sum | Measure::Net => false,
        };
        counter.value = counter.value.filter(|value| !is_guess(value));
    }
    reading
}

/// What a host is at: the parts that were asked for, in that order.
fn of_host(all: &Hosts<'_>, name: &str, meant: &Meant) -> Result<HostReadings> {
    let is_wanted =
        |protocol: &Protocol| protocol.parts().any(|part| meant.parts.iter().any(|wanted| wanted == part));
    let mut found = hosts::readings(all, name, &is_wanted)?;
    let find = |part: &String| found.readings.iter().find(|reading| reading.protocol == part).cloned();
    found.readings = meant.parts.iter().filter_map(find).collect();
    Ok(found)
}

/// What each of the hosts is at.
fn of_hosts(format: &str, hosts: &[(String, Vec<Reading>)]) -> Result<String> {
    let (groups, readings) = groups::of_hosts(hosts);
    match format {
        "prometheus" => Ok(prometheus::text(&groups, &readings, Dialect::Prometheus)),
        "openmetrics" => Ok(prometheus::text(&groups, &readings, Dialect::OpenMetrics)),
        _ => Err(Error::Usage(
            "--hosts has a label for each host: add --format prometheus or openmetrics, or name one host with --host".to_owned(),
        )),
    }
}

/// A reading of each part, and whether each could be read. Where only one is asked for, what went wrong with it is an error.
fn read(
    config: &Config,
    parts: &[String],
    now: i64,
    verbose: bool,
    is_text: bool,
) -> Result<(Vec<Reading>, bool)> {
    let of_parts: Vec<Feed> = parts.iter().map(|name| feed(config, name)).collect::<Result<_>>()?;
    let mut asked: Vec<&Feed> = Vec::new();
    for feed in &of_parts {
        if !asked.iter().any(|known| known.protocol.name == feed.protocol.name) {
            asked.push(feed);
        }
    }
    let jobs: Vec<Job<'_>> = asked.iter().map(|feed| job(config, feed)).collect();
    let (mut of_protocols, mut is_whole) = (Vec::new(), true);
    for (job, reading) in jobs.iter().zip(query::query_all(&jobs, now)) {
        let reading = match reading {
            Ok(reading) => reading,
            Err(e) if parts.len() == 1 && is_text => return Err(e),
            Err(e) => {
                warn(with_way_out(&e));
                is_whole = false;
                query::unreadable(job, &e)
            }
        };
        if verbose {
            warn(format_args!(
                "commit {}, {} bytes beyond its reading positions",
                reading.commit, reading.new_bytes
            ));
        }
        of_protocols.push(reading);
    }
    let readings = parts.iter().zip(&of_parts).filter_map(|(name, feed)| {
        let at = asked.iter().position(|known| known.protocol.name == feed.protocol.name)?;
        query::part(feed.protocol, of_protocols.get(at)?.clone(), name)
    });
    Ok((readings.collect(), is_whole))
}

/// Protocols and sections by their names; [`ALL`] stands for all of them. A word that is none is an error.
pub(super) fn parts(config: &Config, words: &[String]) -> Result<Vec<String>> {
    let meant = meant(config, words)?;
    match meant.keys.first() {
        None => Ok(meant.parts),
        Some((_, key)) => {
            Err(Error::Usage(format!("{key}: is no protocol; single counters are not exported")))
        }
    }
}

/// What the words mean: protocols and sections, and keys of the one that was named last.
fn meant(config: &Config, words: &[String]) -> Result<Meant> {
    let feeds = feeds(config);
    let part_of = |name: &str| feeds.iter().find(|feed| feed.protocol.parts().any(|part| part == name));
    let has_key = |part: &str, key: &str| {
        part_of(part).is_some_and(|feed| {
            let section = feed.protocol.sections.iter().find(|section| section.name == part);
            match section {
                Some(section) => section.counters.iter().any(|counter| counter.key == key),
                None => feed.protocol.own_counters().any(|counter| counter.key == key),
            }
        })
    };
    let mut meant = Meant::default();
    let add = |meant: &mut Meant, part: &str| {
        if !meant.parts.iter().any(|known| known == part) {
            meant.parts.push(part.to_owned());
        }
    };
    let mut last = String::new();
    for word in words {
        if word == ALL && last.is_empty() {
            feeds.iter().flat_map(|feed| feed.protocol.parts()).for_each(|part| add(&mut meant, part));
            word.clone_into(&mut last);
        } else if has_key(&last, word) {
            meant.keys.push((last.clone(), word.clone()));
        } else if part_of(word).is_some() {
            add(&mut meant, word);
            word.clone_into(&mut last);
        } else if let Some((part, key)) = word.split_once('.')
            && has_key(part, key)
        {
            add(&mut meant, part);
            meant.keys.push((part.to_owned(), key.to_owned()));
        } else {
            if last.is_empty() {
                return Err(Error::Usage(format!("{word}: is no protocol; `maillogs --help` lists them")));
            }
            let help = if last == ALL { "PROTOCOL" } else { &last };
            return Err(Error::Usage(format!(
                "{word}: is no counter of {help}, and no protocol; `maillogs {help} --help` lists the counters, `maillogs --help` the protocols"
            )));
        }
    }
    Ok(meant)
}

/// The answer, and the exit code.
fn printed(
    host: &str,
    counter_bits: u32,
    query: &Query,
    meant: &Meant,
    all: &[Reading],
    now: i64,
) -> Result<(String, u8)> {
    let mut readings = only_asked(all, meant);
    // Whatever the format is: a poller that holds 32 bits reads any of them.
    if counter_bits < 64 {
        readings.iter_mut().for_each(|reading| text::wrapped(reading, counter_bits));
    }
    let readings = &readings;
    Ok(match query.format.as_str() {
        "json" => (json::json(readings, host, now), 0),
        "prometheus" => (prometheus::text(&groups::groups(readings), readings, Dialect::Prometheus), 0),
        "openmetrics" => (prometheus::text(&groups::groups(readings), readings, Dialect::OpenMetrics), 0),
        "influx" => (influx::lines(readings, host, now), 0),
        "nagios" => small::nagios(readings),
        "checkmk" => (small::checkmk(readings), 0),
        "zabbix" => (json::zabbix(readings), 0),
        "librenms" => (json::librenms(readings), 0),
        "mrtg" => match asked(readings, meant)[..] {
            [first, second] => (small::mrtg(first, second, host), 0),
            _ => {
                return Err(Error::Usage(
                    "--format mrtg prints two counters: maillogs send delivery_success delivery_failure --format mrtg"
                        .to_owned(),
                ));
            }
        },
        _ if !meant.keys.is_empty() => (values(&asked(readings, meant))?, 0),
        _ => (lines(readings), 0),
    })
}

/// A bare value a line.
fn values(asked: &[small::Asked<'_>]) -> Result<String> {
    let value = |asked: &small::Asked<'_>| {
        small::value(*asked).map(|value| value + "\n").ok_or_else(|| {
            let (reading, counter) = asked;
            let why = reading.unknown.as_ref().or(reading.failed.as_ref());
            let why = why.map_or("it is not known", String::as_str);
            Error::Message(format!("{}.{}: {why}", reading.protocol, counter.key))
        })
    };
    asked.iter().map(value).collect()
}

/// The line of the Perl maillogs; of several, each behind its name.
fn lines(readings: &[Reading]) -> String {
    let named = |reading: &Reading| {
        let name = if readings.len() > 1 { format!("{} ", reading.protocol) } else { String::new() };
        name + &text::line(reading)
    };
    readings.iter().map(named).collect()
}

/// The readings with the counters alone that were asked for, if any were.
fn only_asked(readings: &[Reading], meant: &Meant) -> Vec<Reading> {
    let mut readings = readings.to_vec();
    if meant.keys.is_empty() {
        return readings;
    }
    for reading in &mut readings {
        let part = reading.protocol;
        if meant.keys.iter().any(|(of, _)| of == part) {
            reading
                .counters
                .retain(|counter| meant.keys.iter().any(|(of, key)| of == part && key == counter.key));
            reading.whole = None;
        }
    }
    readings
}

/// The counters that were asked for, in that order.
fn asked<'a>(readings: &'a [Reading], meant: &Meant) -> Vec<(&'a Reading, &'a Counter)> {
    let find = |(part, key): &(String, String)| {
        let reading = readings.iter().find(|reading| reading.protocol == part)?;
        Some((reading, reading.counter(key)?))
    };
    meant.keys.iter().filter_map(find).collect()
}

/// Replaces the file at once, with the rights of who has started us.
fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    let mut written = Ok(());
    owner::as_root(&mut || written = replace_if_file(file, bytes));
    written
}

/// A link or a device in its place may be meant to stay.
pub(super) fn replace_if_file(file: &Path, bytes: &[u8]) -> Result<()> {
    match file.symlink_metadata() {
        Ok(meta) if !meta.is_file() => {
            let what = if meta.is_symlink() { "a link: name the file that it leads to" } else { "no file" };
            Err(Error::Message(format!("{}: is {what}; it is left alone", file.display())))
        }
        _ => disk::replace_by_anyone(file, bytes, 0o644),
    }
}

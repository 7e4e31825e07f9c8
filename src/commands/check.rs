//! `maillogs check`.
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::context::{now, print, print_for_people, readings, strings};
use super::exit::FAILED;
use crate::alarm::{Asked, verdicts};
use crate::calendar::to_the_minute;
use crate::check::{self, Level, Report};
use crate::config::{Config, Problem};
use crate::error::Error;
use crate::export::nagios::{self, Line, State};
use crate::owner;
use crate::reading::threshold::{self, Threshold};
use crate::say::{gathered, masked, warn};

/// How what was found is told, and which thresholds of the command line are judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// As JSON.
    pub json: bool,
    /// As a plug-in of Nagios.
    pub nagios: bool,
    /// `--warn`.
    pub warn: Vec<String>,
    /// `--crit`.
    pub crit: Vec<String>,
}

impl Check {
    /// As the command line says it.
    pub(super) fn of(m: &ArgMatches) -> Self {
        Self {
            json: m.get_one::<String>("format").is_some_and(|format| format == "json"),
            nagios: m.get_flag("nagios"),
            warn: strings(m, "warn"),
            crit: strings(m, "crit"),
        }
    }
}

/// Adds the options and their help to the command.
pub(super) fn define(command: Command) -> Command {
    let threshold = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("THRESHOLD")
            .action(ArgAction::Append)
            .requires("nagios")
            .help(help)
    };
    command
        .about("Check whether all is well: configuration, rights, sources, reading positions, databases; exit 0 or 1")
        .arg(
            Arg::new("format")
                .long("format")
                .default_value("text")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .help("How to print what was found"),
        )
        .arg(
            Arg::new("nagios")
                .long("nagios")
                .action(ArgAction::SetTrue)
                .conflicts_with("format")
                .help("Be a plug-in of Nagios or Icinga: a status line, performance data, exit 0 to 3"),
        )
        .arg(threshold("warn", "Look at this alone, and exit 1 if it is so: 'send.delivery_failure > 5/min'"))
        .arg(threshold("crit", "The same, and exit 2: 'queue.oldest > 4h', 'providers.google.deferred > 20%'"))
}

/// Prints what was found.
pub(super) fn check(config: &Config, problems: &[Problem], asked: &Check) -> ExitCode {
    if asked.nagios && !(asked.warn.is_empty() && asked.crit.is_empty()) {
        let (judged, _) = gathered(|| judge(config, problems, asked));
        return match judged {
            Ok((lines, data)) => tell(&lines, &data),
            Err(why) => unknown(&why),
        };
    }
    // The report has findings of its own about what these two warn of.
    let ((looked, readings), _) = gathered(|| {
        let looked = owner::look_as_owner(config);
        let readings = if looked.is_ok() { readings(config, now()) } else { Vec::new() };
        (looked, readings)
    });
    let report = check::check(config, problems, &readings, now, owner::as_root, looked.is_ok());
    if asked.nagios {
        let data = nagios::performance(&report.alarms);
        return tell(&lines(&report, looked.err()), &data);
    }
    let text = if asked.json { check::json(&report) } else { check::text(&report) };
    match print_for_people(text.as_bytes()) {
        Ok(()) if report.ok => return ExitCode::SUCCESS,
        Ok(()) => {}
        Err(e) => warn(e),
    }
    ExitCode::from(FAILED)
}

/// Says, as a plug-in of Nagios does, that nothing can be told, and why.
pub(super) fn unknown(why: &str) -> ExitCode {
    tell(&[(State::Unknown, masked(why).into_owned())], &[])
}

fn tell(lines: &[Line], data: &[String]) -> ExitCode {
    let (text, code) = nagios::answer(lines, data);
    match print(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(e) => {
            warn(e);
            ExitCode::from(State::Unknown.code())
        }
    }
}

/// The thresholds of the command line.
fn judge(config: &Config, problems: &[Problem], asked: &Check) -> Result<(Vec<Line>, Vec<String>), String> {
    if let Some(problem) = problems.iter().find(|problem| problem.stops()) {
        return Err(problem.to_string());
    }
    let read = |level, texts: &[String]| -> Result<Vec<Asked>, String> {
        texts.iter().map(|text| Threshold::parse(text).map(|threshold| (level, threshold))).collect()
    };
    let mut all = read(threshold::Level::Critical, &asked.crit)?;
    all.extend(read(threshold::Level::Warning, &asked.warn)?);
    let say = |e: Error| e.to_string();
    owner::look_as_owner(config).map_err(say)?;
    let verdicts = verdicts(config, &all, now, owner::as_root).map_err(say)?;
    let lines = verdicts.iter().map(|verdict| masked_line(nagios::line(verdict, &to_the_minute)));
    Ok((lines.collect(), nagios::performance(&verdicts)))
}

/// The findings that are not well, and the thresholds of toaster.conf.
fn lines(report: &Report, cannot_look: Option<Error>) -> Vec<Line> {
    let mut lines: Vec<Line> = cannot_look.into_iter().map(|e| (State::Unknown, e.to_string())).collect();
    for finding in &report.findings {
        let state = match finding.level {
            Level::Error if finding.check == "alarm" && !report.alarms.is_empty() => continue,
            Level::Warning if finding.check == "alarm" => continue,
            // What a protocol is at cannot be told.
            Level::Error if finding.check == "state" => State::Unknown,
            Level::Error => State::Critical,
            Level::Warning => State::Warning,
            Level::Ok | Level::Note => continue,
        };
        let of = finding.protocol.as_deref().map_or_else(String::new, |protocol| format!("{protocol} "));
        lines.push((state, format!("{of}{}: {}: {}", finding.check, finding.subject, finding.text)));
    }
    if lines.is_empty() {
        let used = report.protocols.iter().filter(|protocol| protocol.used).count();
        lines.push((State::Ok, format!("healthy, {used} protocols are counted")));
    }
    lines.extend(report.alarms.iter().map(|verdict| nagios::line(verdict, &to_the_minute)));
    lines.into_iter().map(masked_line).collect()
}

fn masked_line((state, text): Line) -> Line {
    (state, masked(&text).into_owned())
}

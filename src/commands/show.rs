//! `maillogs show`: what a query reads, as charts in the terminal. Like a query it has no lock and writes nothing, so
//! that everybody may call it who may read the logs.
use std::io::IsTerminal;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};

use super::context::{host, job, now, print_for_people, readings, strings, with_way_out};
use super::hosts::{self, Of};
use super::span::{self, FromTo};
use crate::chart::theme::Theme;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::{Feed, feeds};
use crate::reading::Reading;
use crate::say::warn;
use crate::terminal::{self, Options, Terminal, When, Wishes};
use crate::{owner, query};

/// What is to be shown in the terminal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Show {
    /// Templates by name; empty: all that have data.
    pub names: Vec<String>,
    /// One of [`span::PERIODS`]; none: a day, or the span.
    pub period: Option<String>,
    /// A span instead of a period.
    pub span: FromTo,
    /// `auto`, `always` or `never`.
    pub color: String,
    /// `light` or `dark`; none: what the terminal says.
    pub theme: Option<String>,
    /// Columns; none: the terminal's.
    pub width: Option<u16>,
    /// Lines of each chart; none: what fits.
    pub height: Option<u16>,
    /// The host that the graphs are of: this machine, or one or all of those that pushed to it.
    pub of: Of,
}

impl Show {
    /// What the words of the command line say.
    pub(super) fn of(m: &ArgMatches) -> Self {
        Self {
            names: strings(m, "name"),
            period: m.get_one::<String>("period").cloned(),
            span: FromTo::of(m),
            color: m.get_one::<String>("color").cloned().unwrap_or_default(),
            theme: m.get_one::<String>("theme").cloned(),
            width: m.get_one::<u16>("width").copied(),
            height: m.get_one::<u16>("height").copied(),
            of: Of::asked(m),
        }
    }
}

/// Adds the options and their help to the command.
pub(super) fn define(command: Command) -> Command {
    let one_of = |name: &'static str, values: &[&'static str], help: &'static str| {
        let values = PossibleValuesParser::new(values.to_vec());
        Arg::new(name).long(name).value_name("WHICH").value_parser(values).help(help)
    };
    let number = |name: &'static str, range: std::ops::RangeInclusive<i64>, help: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u16).range(range)).help(help)
    };
    let command = command
        .about("Draw graphs in the terminal, up to this moment; reads only")
        .arg(Arg::new("name").num_args(0..).help("Only these graphs; else all that have data"))
        .arg(one_of("period", &span::PERIODS, "The span up to now [default: day]"));
    let command = hosts::define_one(command);
    span::define(command, "Where the span begins, instead of --period")
        .arg(
            one_of(
                "color",
                &["auto", "always", "never"],
                "auto: if it is a terminal, and NO_COLOR is not set",
            )
            .default_value("auto"),
        )
        .arg(one_of("theme", &["light", "dark"], "The terminal's background; else what COLORFGBG says"))
        .arg(number("width", 40..=300, "Columns, instead of the terminal's"))
        .arg(number(
            "height",
            1..=100,
            "Lines of each chart, without axis and legend; without colours each series has a chart",
        ))
}

/// Draws what `what` names.
///
/// # Errors
/// A name that no graph has; something that could not be shown.
pub(super) fn show(config: &Config, what: &Show) -> Result<()> {
    owner::look_as_owner(config)?;
    let now = now();
    let options = |host: String, readings: Vec<Reading>| -> Result<Options> {
        Ok(Options {
            names: what.names.clone(),
            stretch: what.span.stretch("show", what.period.as_deref(), now)?,
            templates_dir: config.templates_dir.clone(),
            now,
            host,
            readings,
            terminal: detected(what),
            height: what.height.map(usize::from),
        })
    };
    if let Of::One(name) = &what.of {
        return hosts::with(config, |all| {
            let found = hosts::readings(all, name, &|_| true)?;
            let known = found.readings.clone();
            let mut look = |part: &str| known.iter().find(|reading| reading.protocol == part).cloned();
            print_charts(&options(hosts::title(all, name), found.readings.clone())?, &mut look)
        });
    }
    let options = options(host(config), readings(config, now))?;
    let all = feeds(config);
    let mut looked_at: Vec<(&str, Option<Reading>)> = Vec::new();
    let mut look = |protocol: &str| {
        let is_part = |feed: &&Feed| feed.protocol.parts().any(|part| part == protocol);
        let feed = all.iter().find(is_part)?;
        // A protocol and its sections are of one moment.
        let name = feed.protocol.name;
        let known = looked_at.iter().find(|(known, _)| *known == name).map(|(_, reading)| reading.clone());
        let reading = known.unwrap_or_else(|| {
            let reading = read(config, feed, now).map_err(|e| warn(with_way_out(&e))).ok();
            looked_at.push((name, reading.clone()));
            reading
        });
        query::part(feed.protocol, reading?, protocol)
    };
    print_charts(&options, &mut look)
}

/// Prints the charts of what `look` finds of a protocol.
fn print_charts(options: &Options, look: &mut dyn FnMut(&str) -> Option<Reading>) -> Result<()> {
    let shown = terminal::show(options, look).map_err(|e| Error::Usage(e.to_string()))?;
    print_for_people(shown.text.as_bytes())?;
    shown.problems.iter().for_each(warn);
    match shown.problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Message("not every graph could be shown, as said above".to_owned())),
    }
}

fn detected(what: &Show) -> Terminal {
    let stdout = std::io::stdout();
    let size = stdout.is_terminal().then(|| {
        terminal_size::terminal_size_of(&stdout)
            .map_or((0, 0), |(columns, lines)| (usize::from(columns.0), usize::from(lines.0)))
    });
    let wishes = Wishes {
        color: match what.color.as_str() {
            "always" => When::Always,
            "never" => When::Never,
            _ => When::Auto,
        },
        theme: Theme::ALL.into_iter().find(|theme| what.theme.as_deref() == Some(theme.name())),
        width: what.width.map(usize::from),
    };
    Terminal::detect(wishes, size, |name| std::env::var(name).ok())
}

/// The last commit, what waits for the RRD, and what the sources hold beyond it.
fn read(config: &Config, feed: &Feed, now: i64) -> Result<Reading> {
    let job = job(config, feed);
    let reading = query::look(&job, now)?.reading(&job, now);
    if let Some(why) = &reading.failed {
        warn(format_args!("{why}; its latest lines may be missing"));
    }
    Ok(reading)
}

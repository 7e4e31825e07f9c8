//! `maillogs graph`: what is drawn of whom, and where it goes.
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::context::{host, now, print, readings_with_reasons, strings, with_way_out};
use super::hosts::{self, Of};
use super::span::{self, FromTo};
use super::update::update;
use crate::chart::period::{Period, Stretch};
use crate::chart::theme::Theme;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::hosts::name::CLUSTER;
use crate::ingest::Options;
use crate::owner;
use crate::picture::{self, Format};
use crate::reading::Reading;
use crate::say::warn;

/// What is to be drawn.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Graph {
    /// Templates by name; empty: all.
    pub names: Vec<String>,
    /// Of [`span::PERIODS`]; empty: the usual ones.
    pub periods: Vec<String>,
    /// Empty: all.
    pub themes: Vec<String>,
    /// `png` or `svg`.
    pub format: Option<String>,
    /// A directory instead of `graphs_dir`, or a file for one picture, or `-`.
    pub output: Option<PathBuf>,
    /// The span of one picture, instead of a period.
    pub span: FromTo,
    /// Draw what is fresh, too.
    pub force: bool,
    /// Write the pages alone, and draw no picture.
    pub pages: bool,
    /// The host that the graphs are of: this machine, or one or all of those that pushed to it.
    pub of: Of,
}

impl Graph {
    /// What the words of the command line say.
    pub(super) fn of(m: &ArgMatches) -> Self {
        Self {
            names: strings(m, "name"),
            periods: strings(m, "period"),
            themes: strings(m, "theme"),
            format: m.get_one::<String>("format").cloned(),
            output: m.get_one::<PathBuf>("output").cloned(),
            span: FromTo::of(m),
            force: m.get_flag("force"),
            pages: m.get_flag("pages"),
            of: Of::asked(m),
        }
    }
}

/// Adds the options and their help to the command.
pub(super) fn define(command: Command) -> Command {
    let several = |name: &'static str, values: &'static [&'static str], help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(PossibleValuesParser::new(values))
            .help(help)
    };
    let command = command
        .about("Draw the graphs and their page (cron)")
        .arg(Arg::new("name").num_args(0..).help("Only these graphs; else all"))
        .arg(several(
            "period",
            &span::PERIODS,
            "Only this period; may be given again [default: all but the hour]",
        ))
        .arg(several("theme", &["light", "dark"], "Only this theme"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_parser(PossibleValuesParser::new(["png", "svg"]))
                .help("The pictures' format [default: png, or as the file is called]"),
        )
        .arg(
            Arg::new("output")
                .long("output")
                .short('o')
                .value_name("DIR|FILE|-")
                .value_parser(value_parser!(PathBuf))
                .help(
                    "Where to write, instead of graphs_dir; FILE.png, FILE.svg or - (stdout) for one picture",
                ),
        );
    let command = hosts::define(
        command,
        "Of each host that has pushed to hosts_dir, and of the sum of all, each in a directory of its own",
    );
    span::define(command, "Where the span of one picture begins, instead of --period; it needs --output FILE")
        .arg(
            Arg::new("pages")
                .long("pages")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["name", "period", "theme", "format", "from", "force"])
                .help("Write the pages alone, without drawing any picture file"),
        )
        .arg(Arg::new("force").long("force").action(ArgAction::SetTrue).help("Draw anew what is still fresh"))
}

/// Counts what is new, then draws.
pub(super) fn draw(config: &Config, what: &Graph, verbose: bool) -> Result<()> {
    owner::become_owner(config)?;
    if what.of != Of::Here {
        return draw_hosts(config, what, verbose);
    }
    let updated = update(config, &[], Options { verbose, ..Options::default() });
    if let Err(e) = &updated {
        warn(with_way_out(e));
        warn("not everything could be counted; drawing what was counted before");
    }
    let readings = readings_with_reasons(config, now(), updated.as_ref().err());
    let mut options = options(config, what);
    if let Some((stretch, output)) = one_picture(what, options.now)? {
        options.as_root = to_write_as(config, output);
        return draw_one(&options, stretch, &readings, output);
    }
    options.as_root = to_write_as(config, &options.output);
    let is_whole = draw_all(&options, &readings, verbose)?;
    as_they_should_be(is_whole && readings.iter().all(|reading| reading.failed.is_none()))
}

/// Draws all pictures and pages of a directory. `false`: not all could be, which was said.
fn draw_all(options: &picture::Options, readings: &[Reading], verbose: bool) -> Result<bool> {
    let report = picture::draw(options, readings).map_err(worded)?;
    for problem in &report.problems {
        warn(problem);
    }
    if verbose {
        warn(format_args!("{} drawn, {} fresh, in {}", report.drawn, report.fresh, options.output.display()));
    }
    Ok(report.problems.is_empty())
}

fn as_they_should_be(are: bool) -> Result<()> {
    match are {
        true => Ok(()),
        false => Err(Error::Message("the pictures are not all as they should be, as said above".to_owned())),
    }
}

/// Draws the hosts that have pushed to this machine, each into a directory of its name, and the sum of all. Nothing is
/// counted first: the lines are elsewhere.
fn draw_hosts(config: &Config, what: &Graph, verbose: bool) -> Result<()> {
    hosts::with(config, |all| {
        let mut options = options(config, what);
        if let Some((stretch, output)) = one_picture(what, options.now)? {
            let Of::One(name) = &what.of else {
                return Err(Error::Usage(
                    "graph: one file holds one picture: name one host with --host, or cluster".to_owned(),
                ));
            };
            options.host = hosts::title(all, name);
            options.as_root = to_write_as(config, output);
            return draw_one(&options, stretch, &hosts::readings(all, name, &|_| true)?.readings, output);
        }
        let names: Vec<&str> = match &what.of {
            Of::One(name) => vec![name],
            _ => std::iter::once(CLUSTER).chain(all.hosts.iter().map(|host| host.name.as_str())).collect(),
        };
        let (base, mut is_whole) = (options.output.clone(), all.problems.is_empty());
        for name in names {
            let found = hosts::readings(all, name, &|_| true)?;
            options.output = base.join(name);
            options.as_root = to_write_as(config, &options.output);
            options.host = hosts::title(all, name);
            options.among = Some(hosts::among(all, name));
            is_whole &= found.problems.is_empty();
            is_whole &= draw_all(&options, &found.readings, verbose)?;
        }
        as_they_should_be(is_whole)
    })
}

/// A name that there is not is the command line's fault.
fn worded(error: picture::Error) -> Error {
    match error {
        picture::Error::UnknownGraph { .. } => Error::Usage(error.to_string()),
        _ => Error::Message(error.to_string()),
    }
}

/// What is drawn, if it is one picture into one file: of any span, or into a file or to stdout.
fn one_picture(what: &Graph, now: i64) -> Result<Option<(Stretch, &Path)>> {
    let usage = |text: &str| Err(Error::Usage(text.to_owned()));
    let output = what.output.as_deref();
    let is_file = output.is_some_and(|output| {
        output == Path::new("-") || extension(output).is_some_and(|e| e == "png" || e == "svg")
    });
    let contradicts = |format: &String| output.and_then(extension).is_some_and(|e| is_file && e != *format);
    if what.format.as_ref().is_some_and(contradicts) {
        return usage(
            "graph: --format and the end of the file's name say different things: leave out --format",
        );
    }
    let is_span = what.span != FromTo::default();
    if !is_span && !is_file {
        return Ok(None);
    }
    let period = what.periods.first().map(String::as_str);
    let Some(output) = output.filter(|_| is_file) else {
        what.span.stretch("graph", period, now)?;
        return usage("graph: --from needs a file to draw to: -o FILE.png, -o FILE.svg, or -o - for stdout");
    };
    if what.names.len() != 1 || what.periods.len() > 1 || what.themes.len() > 1 {
        return usage("graph: one file holds one picture: name one graph, one period, one theme");
    }
    Ok(Some((what.span.stretch("graph", period, now)?, output)))
}

/// The end of a file's name, in small letters.
fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase())
}

fn draw_one(options: &picture::Options, stretch: Stretch, readings: &[Reading], output: &Path) -> Result<()> {
    if output == Path::new("-") && nix::unistd::isatty(std::io::stdout()).unwrap_or(false) {
        return Err(Error::Usage(
            "graph: a picture is not for a terminal: use -o FILE, or a pipe".to_owned(),
        ));
    }
    let picture = picture::one(options, stretch, readings).map_err(worded)?;
    if let Some(problem) = picture::missing_fonts() {
        warn(problem);
    }
    if output == Path::new("-") {
        return print(&picture);
    }
    picture::write(output, &picture, options.now, options.as_root).map_err(|e| Error::Message(e.to_string()))
}

/// How `output` is written to, if that is root's. Below logs_base the log's user may put a link in the place of any
/// directory: only he goes there.
fn to_write_as(config: &Config, output: &Path) -> Option<picture::AsRoot> {
    (owner::is_root() && !is_below(output, &config.logs_base)).then_some(owner::as_root)
}

/// Is `path` in `base`, by its name or in truth?
fn is_below(path: &Path, base: &Path) -> bool {
    let truly = |path: &Path| {
        path.ancestors().find_map(|p| std::fs::canonicalize(p).ok()).unwrap_or_else(|| path.to_owned())
    };
    path.starts_with(base) || truly(path).starts_with(truly(base))
}

fn options(config: &Config, what: &Graph) -> picture::Options {
    let themes = Theme::ALL.into_iter().filter(|theme| what.themes.iter().any(|name| name == theme.name()));
    let is_svg = match (&what.format, &what.output) {
        (Some(format), _) => format == "svg",
        (None, Some(output)) => extension(output).is_some_and(|e| e == "svg"),
        (None, None) => false,
    };
    let mut periods: Vec<Period> = what.periods.iter().map(|name| span::named(name)).collect();
    periods.sort();
    periods.dedup();
    picture::Options {
        names: what.names.clone(),
        periods,
        themes: themes.collect(),
        format: if is_svg { Format::Svg } else { Format::Png },
        output: what.output.clone().unwrap_or_else(|| config.graphs_dir.clone()),
        as_root: None,
        templates_dir: config.templates_dir.clone(),
        now: now(),
        force: what.force,
        only_pages: what.pages,
        host: host(config),
        pages_apart: true,
        among: None,
    }
}

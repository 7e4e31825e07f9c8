//! `maillogs graph`: what is drawn of whom, and where it goes.
use std::io::Write;
use std::path::Path;

use super::{job, now, update, with_way_out};
use crate::cli::{Call, Graph};
use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::figures;
use crate::graph::{self, Counted, Format, Measure, Origin, Period, Series, Stretch, Theme};
use crate::ingest::{Feed, Options, feeds};
use crate::owner;
use crate::protocol::{Kind, Settings, builtin};
use crate::say::warn;

/// Counts what is new, then draws.
pub(super) fn draw(config: &Config, what: &Graph, call: &Call) -> Result<()> {
    owner::become_owner(config)?;
    if let Err(e) = update(config, &[], Options { verbose: call.verbose, ..Options::default() }) {
        warn(with_way_out(&e));
        warn("not everything could be counted; drawing what was counted before");
    }
    let series = series(config)?;
    let mut options = options(config, what);
    if let Some((stretch, output)) = one_picture(what)? {
        options.as_root = to_write_as(config, output);
        return draw_one(&options, &stretch, &series, output);
    }
    let unread = numbers(config, &mut options);
    options.as_root = to_write_as(config, &options.output);
    let report = graph::draw(&options, &series).map_err(worded)?;
    for problem in &report.problems {
        warn(problem);
    }
    if call.verbose {
        warn(format_args!("{} drawn, {} fresh, in {}", report.drawn, report.fresh, options.output.display()));
    }
    if report.problems.is_empty() && !unread {
        Ok(())
    } else {
        Err(Error::Message("the pictures are not all as they should be, as said above".to_owned()))
    }
}

/// A name or a time that there is not is the command line's fault.
pub(crate) fn worded(error: graph::Error) -> Error {
    match error {
        graph::Error::UnknownGraph { .. } | graph::Error::Time(_) => Error::Usage(error.to_string()),
        _ => Error::Message(error.to_string()),
    }
}

/// The RRD of every protocol, and what is counted in it.
pub(crate) fn series(config: &Config) -> Result<Vec<Series>> {
    let plain = builtin(&Settings::default());
    let lists: Vec<&str> = config.lists.iter().map(|list| list.name.as_str()).collect();
    let counted = |feed: &Feed| -> Vec<Counted> {
        let protocol = feed.protocol;
        let ours = plain.iter().find(|p| p.name == protocol.name).map_or(0, |p| p.counters.len());
        let of = |(n, counter): (usize, &crate::protocol::Counter)| {
            let measure = match counter.kind {
                Kind::Count => Measure::Count,
                Kind::Sum | Kind::Net => Measure::Amount,
                Kind::Peak | Kind::Level => Measure::Level,
                Kind::Derived(_) => return None,
            };
            let origin = match n {
                n if n < ours => Origin::BuiltIn,
                _ if protocol.name == "rbl" && lists.contains(&counter.key) => Origin::List,
                _ => Origin::Counter,
            };
            Some(Counted { key: counter.key.to_owned(), ds: counter.ds.to_owned(), measure, origin })
        };
        protocol.counters.iter().enumerate().filter_map(of).collect()
    };
    let mut series = Vec::new();
    for feed in &feeds(config) {
        let store = job(config, feed).store();
        // One that cannot be read spoils no picture of the others.
        let seen = store.read().unwrap_or_else(|e| {
            warn(with_way_out(&e));
            None
        });
        let (seen, since) = seen.map_or((0, 0), |state| (state.seen, state.since));
        series.push(Series {
            protocol: feed.protocol.name.to_owned(),
            rrd: store.rrd,
            step: config.rrd_step,
            seen,
            since,
            measured: feed.protocol.measured,
            holds: feed.protocol.measured,
            counters: counted(feed),
        });
    }
    Ok(series)
}

/// Puts what every protocol is at into the options; is there one of which that cannot be read?
fn numbers(config: &Config, options: &mut graph::Options) -> bool {
    let (now, step) = (options.now, i64::from(config.rrd_step));
    let mut unread = false;
    for feed in &feeds(config) {
        options.figures.push(match job(config, feed).store().read() {
            Ok(Some(state)) => figures::of(feed.protocol, Some(&state), now, step),
            Ok(None) => figures::none(feed.protocol, now, step),
            Err(_) => {
                unread = true;
                figures::of(feed.protocol, None, now, step)
            }
        });
    }
    unread
}

/// What is drawn, if it is one picture into one file: of any span, or into a file or to stdout.
fn one_picture(what: &Graph) -> Result<Option<(Stretch, &Path)>> {
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
    if what.from.is_none() && what.to.is_some() {
        return usage("graph: --to without --from: say where the span begins");
    }
    if what.from.is_none() && !is_file {
        return Ok(None);
    }
    let Some(output) = output.filter(|_| is_file) else {
        return usage("graph: --from needs a file to draw to: -o FILE.png, -o FILE.svg, or -o - for stdout");
    };
    if what.names.len() != 1 || what.periods.len() > 1 || what.themes.len() > 1 {
        return usage("graph: one file holds one picture: name one graph, one period, one theme");
    }
    let stretch = match (&what.from, what.periods.first()) {
        (Some(_), Some(_)) => return usage("graph: --from and --period exclude each other; leave one out"),
        (Some(from), None) => Stretch::Between(from.clone(), what.to.clone()),
        (None, period) => Stretch::Period(period.map_or(Period::Day, |name| period_of(name))),
    };
    Ok(Some((stretch, output)))
}

/// The end of a file's name, in small letters.
fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase())
}

fn draw_one(options: &graph::Options, stretch: &Stretch, series: &[Series], output: &Path) -> Result<()> {
    if output == Path::new("-") && nix::unistd::isatty(std::io::stdout()).unwrap_or(false) {
        return Err(Error::Usage(
            "graph: a picture is not for a terminal: use -o FILE, or a pipe".to_owned(),
        ));
    }
    let picture = graph::one(options, stretch, series).map_err(worded)?;
    if let Some(problem) = graph::missing_fonts() {
        warn(problem);
    }
    if output == Path::new("-") {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(&picture).and_then(|()| stdout.flush());
        return written.at("write", Path::new("standard output"));
    }
    graph::write(output, &picture, options.now, options.as_root).map_err(|e| Error::Message(e.to_string()))
}

/// How `output` is written to, if that is root's. Below logs_base the log's user may put a link in the place of any
/// directory: only he goes there.
fn to_write_as(config: &Config, output: &Path) -> Option<graph::AsRoot> {
    (owner::is_root() && !is_below(output, &config.logs_base)).then_some(owner::as_root)
}

/// Is `path` in `base`, by its name or in truth?
fn is_below(path: &Path, base: &Path) -> bool {
    let truly = |path: &Path| {
        path.ancestors().find_map(|p| std::fs::canonicalize(p).ok()).unwrap_or_else(|| path.to_owned())
    };
    path.starts_with(base) || truly(path).starts_with(truly(base))
}

fn period_of(name: &str) -> Period {
    Period::ALL.into_iter().find(|period| period.name() == name).unwrap_or(Period::Day)
}

fn options(config: &Config, what: &Graph) -> graph::Options {
    let themes = Theme::ALL.into_iter().filter(|theme| what.themes.iter().any(|name| name == theme.name()));
    let is_svg = match (&what.format, &what.output) {
        (Some(format), _) => format == "svg",
        (None, Some(output)) => extension(output).is_some_and(|e| e == "svg"),
        (None, None) => false,
    };
    let mut periods: Vec<Period> = what.periods.iter().map(|name| period_of(name)).collect();
    periods.sort();
    periods.dedup();
    graph::Options {
        names: what.names.clone(),
        periods,
        themes: themes.collect(),
        format: if is_svg { Format::Svg } else { Format::Png },
        output: what.output.clone().unwrap_or_else(|| config.graphs_dir.clone()),
        as_root: None,
        templates_dir: config.templates_dir.clone(),
        now: now(),
        force: what.force,
        host: host(config),
        figures: Vec::new(),
        pages_apart: true,
    }
}

/// What this server is called.
pub(crate) fn host(config: &Config) -> String {
    if let Some(name) = &config.toaster_hostname {
        return name.clone();
    }
    let mut name = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    if name.is_empty() {
        name.push_str("localhost");
    }
    name
}

//! Templates → pictures and the page.
//!
//! [`draw`] is the whole of it: `template` says what a graph shows, `rows` reads the values and
//! makes them whole at their newest end, `legend` computes the numbers, `args` spells it all for
//! librrd, `render` calls it, `folder` keeps what it drew, `page` lists the pictures that are there.
//!
//! All is read and drawn with the rights that the process has; only `folder` may take root's.

mod args;
mod axis;
mod folder;
mod fonts;
mod fresh;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod legend;
mod page;
mod period;
mod render;
mod rows;
mod rpn;
mod scene;
pub mod show;
mod template;
mod text;
mod theme;
mod wall;
mod when;
mod zone;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use folder::AsRoot;
pub use fonts::problem as missing_fonts;
pub use page::{Figure, Figures, RENDER_A_PAGE, render_a_page};
pub use period::Period;
pub use theme::Theme;

use crate::store::rrd::graph_v::RrdError;
use folder::Folder;
use fresh::{is_fresh, pixel};
use period::Window;
use template::Template;

/// An RRD that graphs may draw from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What templates call it.
    pub protocol: String,
    /// The file; it need not exist yet.
    pub rrd: PathBuf,
    /// Seconds of a step.
    pub step: u32,
    /// When its sources were last read to their end, Unix seconds: up to here nothing in the RRD
    /// means that nothing happened.
    pub seen: i64,
    /// From when on nothing in the RRD means that nothing happened, Unix seconds; 0: since its first row.
    pub since: i64,
    /// Does it measure something at times? Before the first time the RRD knows nothing of it.
    pub measured: bool,
    /// Is what was measured last drawn up to `seen`?
    pub holds: bool,
    /// What is counted in it.
    pub counters: Vec<Counted>,
}

/// One DS of an RRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The counter's name.
    pub key: String,
    /// Its DS.
    pub ds: String,
    /// What its numbers are.
    pub measure: Measure,
    /// Who wants it counted.
    pub origin: Origin,
}

/// What a counter's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Events.
    Count,
    /// Sums of anything.
    Amount,
    /// What stands at a time.
    Level,
}

/// Where a counter is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the binary.
    BuiltIn,
    /// By `[[rbl]]` of toaster.conf.
    List,
    /// By `[[counter]]`.
    Counter,
}

impl Counted {
    fn is_of(&self, kind: template::Own) -> bool {
        matches!(
            (kind, self.origin),
            (template::Own::Lists, Origin::List) | (template::Own::Counters, Origin::Counter)
        )
    }
}

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Twice the pixels, for sharp letters on every screen.
    Png,
    /// A vector picture.
    Svg,
}

impl Format {
    /// The end of a file's name, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

/// What to draw, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of graphs; empty: all.
    pub names: Vec<String>,
    /// Which periods; empty: all.
    pub periods: Vec<Period>,
    /// Which themes; empty: both.
    pub themes: Vec<Theme>,
    /// How pictures are stored.
    pub format: Format,
    /// The directory of pictures and page; it is made if it does not exist.
    pub output: PathBuf,
    /// If that directory is root's, how it is looked at and written to.
    pub as_root: Option<AsRoot>,
    /// Templates that replace or join those of the binary.
    pub templates_dir: Option<PathBuf>,
    /// The end of every picture, Unix seconds.
    pub now: i64,
    /// Draw also what is still fresh.
    pub force: bool,
    /// The host's name, for pictures and page; may be empty.
    pub host: String,
    /// Numbers for the pages, a protocol each.
    pub figures: Vec<Figures>,
    /// Are templates of pages that are not ours rendered in a process of their own, with bounds? It is this program,
    /// which has to know [`RENDER_A_PAGE`].
    pub pages_apart: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Pictures written.
    pub drawn: usize,
    /// Pictures left as they are: no pixel of them would have changed.
    pub fresh: usize,
    /// What could not be drawn and why, one line each; everything else was.
    pub problems: Vec<String>,
}

/// Why nothing at all could be drawn, or the page could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no template has.
    #[error("there is no graph `{name}`; there are {known}")]
    UnknownGraph {
        /// The name, shortened.
        name: String,
        /// All names there are, with commas.
        known: String,
    },
    /// The directory cannot be made, or the page not written in it.
    #[error("{}: {}; name a directory that can be written with --output or graphs_dir", .path.display(), crate::error::words(.source))]
    Output {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A time that is none, or a span that cannot be drawn.
    #[error("{0}")]
    Time(String),
    /// The one picture that was asked for cannot be drawn.
    #[error("{0}")]
    One(String),
    /// The page could not be put together.
    #[error("index.html: {0}")]
    Page(#[from] minijinja::Error),
}

/// Draws every picture that is not fresh as `NAME-PERIOD-THEME.png`, and writes the pages that show
/// all pictures that are there.
///
/// A template, an RRD or a picture that fails is told in the report and stops no other.
///
/// # Errors
/// A name in `options.names` that no template has; a directory that cannot be written.
pub fn draw(options: &Options, series: &[Series]) -> Result<Report, Error> {
    let (templates, problems) = template::load(options.templates_dir.as_deref(), series);
    let mut report = Report { problems, ..Report::default() };
    check_names(&options.names, &templates, &report.problems)?;
    let folder = Folder::open(&options.output, true, options.as_root)
        .map_err(|source| Error::Output { path: options.output.clone(), source })?;

    let time = zone::stamp(options.now);
    for template in &templates {
        if options.names.is_empty() || options.names.contains(&template.name) {
            draw_graph(options, &folder, series, template, &time, &mut report);
        }
    }
    if report.drawn > 0 {
        report.problems.extend(fonts::problem());
    }

    let (pages, problems) = page::pages(&templates, options, &folder)?;
    report.problems.extend(problems);
    // One that cannot be written is told of, and the others are.
    for (name, html) in pages {
        let written = folder.write(&name, html.as_bytes(), at(options.now));
        match written.map_err(|source| Error::Output { path: options.output.join(&name), source }) {
            Err(error) if name == "index.html" => return Err(error),
            Err(error) => report.problems.push(error.to_string()),
            Ok(()) => {}
        }
    }
    Ok(report)
}

/// What is wrong with the templates of `dir`, and with those that are made from what is counted; one line each, with file
/// and line.
#[must_use]
pub fn template_problems(dir: Option<&Path>, series: &[Series]) -> Vec<String> {
    let (templates, mut problems) = template::load(dir, series);
    problems.extend(templates.iter().flat_map(|template| template.unknown_sources(series)));
    // Of a directory that is closed enough was said.
    let is_closed = |dir: &Path| {
        std::fs::metadata(dir.join(".")).is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied)
    };
    problems.extend(dir.filter(|dir| !is_closed(dir)).map(page::problems).unwrap_or_default());
    problems
}

/// Why root does not write pictures to the directory at `path`, if it is there: the link in its way that others may have
/// planted.
#[must_use]
pub fn refused_directory(path: &Path, as_root: AsRoot) -> Option<String> {
    match Folder::open(path, false, Some(as_root)) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Some(format!(
            "{}: {error}; root writes nothing there; name the directory that it leads to, or chmod go-w",
            path.display()
        )),
        _ => None,
    }
}

/// Every name must be that of a template; one that is broken has been told of.
fn check_names(names: &[String], templates: &[Template], problems: &[String]) -> Result<(), Error> {
    let known = |name: &String| templates.iter().any(|template| template.name == *name);
    let broken = |name: &String| {
        let file = format!("{name}.toml:");
        problems.iter().any(|problem| problem.contains(&file))
    };
    match names.iter().find(|name| !known(name) && !broken(name)) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<_> = templates.iter().map(|t| t.name.as_str()).collect();
            Err(Error::UnknownGraph { name: text::excerpt(name), known: names.join(", ") })
        }
    }
}

/// What one picture shows.
#[derive(Debug, Clone)]
pub enum Stretch {
    /// The time up to now.
    Period(Period),
    /// From and to, as people write them.
    Between(String, Option<String>),
}

/// Draws one picture of one graph into memory: the first of `options.names`, in the first of its themes.
///
/// # Errors
/// One line: a name that no template has, a template or an RRD that is broken, a time that is none.
pub fn one(options: &Options, stretch: &Stretch, series: &[Series]) -> Result<Vec<u8>, Error> {
    let (templates, problems) = template::load(options.templates_dir.as_deref(), series);
    check_names(&options.names, &templates, &problems)?;
    let wanted = options.names.first();
    let Some(template) = templates.iter().find(|template| Some(&template.name) == wanted) else {
        return Err(Error::One(problems.join("; ")));
    };
    let step = step(series);
    let window = match stretch {
        Stretch::Period(period) => Window::of(*period, options.now, step),
        Stretch::Between(from, to) => {
            let (from, to) = when::span(from, to.as_deref(), options.now).map_err(Error::Time)?;
            Window::between(from, to, options.now, step, template.width)
        }
    };
    let values = rows::load(template, window.span, series).map_err(Error::One)?;
    let arguments = args::arguments(&args::Picture {
        template,
        window: &window,
        theme: options.themes.first().copied().unwrap_or(Theme::Light),
        format: options.format,
        values: values.as_ref(),
        host: &options.host,
        time: &zone::stamp(options.now),
    });
    render::picture(&arguments, window.zone.as_deref())
        .map_err(|error| Error::One(refused(template, values.as_ref(), &error)))
}

/// What librrd says of a picture, in one line that names the template.
fn refused(template: &Template, values: Option<&rows::Values>, error: &RrdError) -> String {
    let words = values.map_or_else(|| error.to_string(), |values| values.words(error));
    format!("{}: {words}", template.file)
}

/// Writes what [`one`] drew to `path`, which appears whole or not at all.
///
/// # Errors
/// Those of the file system.
pub fn write(path: &Path, picture: &[u8], now: i64, as_root: Option<AsRoot>) -> Result<(), Error> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let written = match name {
        Some(name) => {
            Folder::open(dir, false, as_root).and_then(|folder| folder.write(&name, picture, at(now)))
        }
        None => Err(std::io::Error::from(std::io::ErrorKind::IsADirectory)),
    };
    written.map_err(|source| Error::Output { path: path.to_owned(), source })
}

/// The coarsest step of all RRDs, in seconds.
fn step(series: &[Series]) -> i64 {
    series.iter().map(|series| i64::from(series.step)).max().unwrap_or(60)
}

/// All pictures of one graph.
fn draw_graph(
    options: &Options,
    folder: &Folder,
    series: &[Series],
    template: &Template,
    time: &str,
    report: &mut Report,
) {
    let or_all = |periods: &[Period]| match periods {
        [] => Period::ALL.to_vec(),
        some => some.to_vec(),
    };
    let themes = match options.themes.as_slice() {
        [] => &Theme::ALL,
        some => some,
    };
    let step = step(series);
    let has_data = fresh::has_data(template, series);
    for period in or_all(&options.periods) {
        let file = |theme| file_name(&template.name, period, theme, options.format);
        let (fresh, stale): (Vec<Theme>, Vec<Theme>) = themes.iter().partition(|theme| {
            let seen = || folder.picture(&file(**theme));
            !options.force
                && seen().is_some_and(|seen| is_fresh(options.now, template, period, has_data, seen))
        });
        report.fresh += fresh.len();
        if stale.is_empty() {
            continue;
        }
        let window = Window::of(period, options.now, step);
        let values = match rows::load(template, window.span, series) {
            Ok(values) => values,
            Err(problem) => {
                tell(report, problem);
                continue;
            }
        };
        // By its time an empty frame is told from others: it goes as soon as there is something to draw.
        let modified = match values {
            Some(_) => options.now,
            None => options.now - pixel(template, period),
        };
        for theme in stale {
            let arguments = args::arguments(&args::Picture {
                template,
                window: &window,
                theme,
                format: options.format,
                values: values.as_ref(),
                host: &options.host,
                time,
            });
            let name = file(theme);
            let drawn = render::picture(&arguments, window.zone.as_deref());
            let done = drawn.map_err(|error| refused(template, values.as_ref(), &error)).and_then(|bytes| {
                folder.write(&name, &bytes, at(modified)).map_err(|error| {
                    format!(
                        "{}: {}: {}",
                        template.file,
                        options.output.display(),
                        crate::error::words(&error)
                    )
                })
            });
            match done {
                Ok(()) => report.drawn += 1,
                Err(error) => tell(report, error),
            }
        }
    }
}

/// Says a thing once, however many pictures it spoils.
fn tell(report: &mut Report, problem: String) {
    if !report.problems.contains(&problem) {
        report.problems.push(problem);
    }
}

fn file_name(graph: &str, period: Period, theme: Theme, format: Format) -> String {
    let (period, theme) = (period.name(), theme.name());
    format!("{graph}-{period}-{theme}.{}", format.extension())
}

fn at(time: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.max(0).unsigned_abs())
}

fn unix(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

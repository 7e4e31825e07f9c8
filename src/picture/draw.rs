//! All pictures that are not fresh, and the pages that show them.
use std::time::SystemTime;

use super::folder::Folder;
use super::fresh::{self, is_fresh, pixel, unix};
use super::one::{refused, step};
use super::options::{Error, Format, Options, Report, at, file_name};
use super::{args, fonts, render};
use crate::chart::files::Files;
use crate::chart::period::{Period, Window};
use crate::chart::template::{self, Template, check_names};
use crate::chart::theme::Theme;
use crate::chart::{rows, zone};
use crate::page::{self, PictureFile, Shown, Site, Written, page_name};
use crate::reading::Reading;
use crate::store::rrd::graph_v::can_draw;

/// Draws every picture that is not fresh as `NAME-PERIOD-THEME.png`, and writes the pages that show
/// all pictures that are there and the numbers of `readings`.
///
/// A template, an RRD or a picture that fails is named in the report and does not stop the others.
///
/// # Errors
/// A name in `options.names` that no template has; a directory that cannot be written.
pub fn draw(options: &Options, readings: &[Reading]) -> Result<Report, Error> {
    let (templates, problems) = template::load(options.templates_dir.as_deref(), readings);
    let mut report = Report { problems, ..Report::default() };
    check_names(&options.names, &templates, &report.problems)?;
    let folder = Folder::open(&options.output, true, options.as_root)
        .map_err(|source| Error::Output { path: options.output.clone(), source })?;

    let drawing = Drawing {
        options,
        folder: &folder,
        readings,
        time: &zone::stamp(options.now),
        program: fresh::program(),
    };
    for template in templates.iter().filter(|_| !options.only_pages) {
        if options.names.is_empty() || options.names.contains(&template.name) {
            drawing.draw_graph(template, &mut report);
        }
    }
    if report.drawn > 0 {
        report.problems.extend(fonts::problem());
    }
    drawing.write_pages(&templates, &mut report)?;
    Ok(report)
}

/// What all pictures and pages have in common.
struct Drawing<'d> {
    options: &'d Options,
    folder: &'d Folder,
    readings: &'d [Reading],
    /// Now, for people.
    time: &'d str,
    /// When the program was made.
    program: Option<SystemTime>,
}

impl Drawing<'_> {
    /// All pictures of one graph.
    fn draw_graph(&self, template: &Template, report: &mut Report) {
        let Self { options, folder, readings, time, program } = *self;
        let periods = match options.periods.as_slice() {
            [] => &Period::USUAL,
            some => some,
        };
        let themes = match options.themes.as_slice() {
            [] => &Theme::ALL,
            some => some,
        };
        let step = step(readings);
        let has_data = fresh::has_data(template, readings);
        if !has_data && options.among.is_some() {
            return;
        }
        for period in periods.iter().copied() {
            let file = |theme| file_name(&template.name, period, theme, options.format);
            let (fresh, stale): (Vec<Theme>, Vec<Theme>) = themes.iter().partition(|theme| {
                let seen = || folder.picture(&file(**theme));
                !options.force
                    && seen()
                        .is_some_and(|seen| is_fresh(options.now, template, program, period, has_data, seen))
            });
            report.fresh += fresh.len();
            if stale.is_empty() {
                continue;
            }
            // The pages are written all the same.
            if let Err(why) = can_draw() {
                return tell(report, why);
            }
            let window = Window::of(period, options.now, step);
            let values = match rows::load(
                template,
                window.span,
                readings,
                rows::Waiting::LeftOut,
                &Files::default(),
            ) {
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
                let done =
                    drawn.map_err(|error| refused(template, values.as_ref(), &error)).and_then(|bytes| {
                        folder.write(&name, &bytes, at(modified)).map_err(|error| {
                            format!(
                                "{}: {}",
                                options.output.join(&name).display(),
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

    /// Has a graph a page? Where some are named, these have one, and those that have one already.
    fn has_page(&self, template: &Template) -> bool {
        let Self { options, folder, readings, .. } = *self;
        let is_meant = options.names.is_empty()
            || options.names.contains(&template.name)
            || folder.modified(&page_name(&template.name)).is_some();
        is_meant && (options.among.is_none() || fresh::has_data(template, readings))
    }

    /// A graph, and its pictures that are there. That of an hour was drawn because somebody asked for it: once it is over,
    /// it is not shown as the last one.
    fn shown<'t>(&self, template: &'t Template) -> Shown<'t> {
        let Self { options, folder, .. } = *self;
        let mut files = Vec::new();
        for period in Period::ALL {
            for (theme, format) in Theme::ALL.into_iter().flat_map(|t| [(t, Format::Png), (t, Format::Svg)]) {
                let name = file_name(&template.name, period, theme, format);
                let Some(seen) = folder.picture(&name) else { continue };
                let is_over = options.now - unix(seen.modified) >= period.seconds();
                if period != Period::Hour || !is_over {
                    let density = match format {
                        Format::Png => 2,
                        Format::Svg => 1,
                    };
                    let size = (seen.size.0.div_ceil(density), seen.size.1.div_ceil(density));
                    files.push(PictureFile { name, period, theme, size });
                }
            }
        }
        Shown { template, files }
    }

    /// Writes the pages on which anything changed.
    fn write_pages(&self, templates: &[Template], report: &mut Report) -> Result<(), Error> {
        let Self { options, folder, readings, .. } = *self;
        let may_keep = report.drawn == 0 && !options.force;
        let site = Site {
            graphs: templates
                .iter()
                .filter(|template| self.has_page(template))
                .map(|t| self.shown(t))
                .collect(),
            readings,
            host: &options.host,
            now: options.now,
            templates_dir: options.templates_dir.as_deref(),
            pages_apart: options.pages_apart,
            among: options.among.as_ref(),
        };
        let written = may_keep.then_some(folder as &dyn Written);
        let (pages, problems) = page::pages(&site, written)?;
        problems.into_iter().for_each(|problem| tell(report, problem));
        // One that cannot be written is told of, and the others are.
        for (name, html) in pages {
            if !options.force && folder.is_of_others(&name) {
                let path = options.output.join(&name);
                let words = "was not written by maillogs, and is left as it is: move it away, or name another graphs_dir, or \
                             replace it with --force";
                tell(report, format!("{}: {words}", path.display()));
                continue;
            }
            let written = folder.write(&name, html.as_bytes(), at(options.now));
            match written.map_err(|source| Error::Output { path: options.output.join(&name), source }) {
                Err(error) if name == "index.html" => return Err(error),
                Err(error) => report.problems.push(error.to_string()),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

impl Written for Folder {
    fn time(&self, name: &str) -> Option<i64> {
        self.modified(name).map(unix)
    }

    fn has(&self, name: &str, html: &[u8], time: i64) -> bool {
        self.has(name, html, at(time))
    }
}

/// Adds a problem to the report once, however many pictures it concerns.
fn tell(report: &mut Report, problem: String) {
    if !report.problems.contains(&problem) {
        report.problems.push(problem);
    }
}

//! One picture of any span, into memory or into a file.
use std::path::Path;

use super::folder::{AsRoot, Folder};
use super::options::{Error, Options, at};
use super::{args, render};
use crate::chart::files::Files;
use crate::chart::period::Stretch;
use crate::chart::template::{self, Template, check_names};
use crate::chart::theme::Theme;
use crate::chart::{rows, zone};
use crate::reading::Reading;
use crate::store::rrd::graph_v::{RrdError, can_draw};

/// Draws one picture of one graph into memory: the first of `options.names`, in the first of its themes.
///
/// # Errors
/// One line: a name that no template has, a template or an RRD that is broken; no librrd.
pub fn one(options: &Options, stretch: Stretch, readings: &[Reading]) -> Result<Vec<u8>, Error> {
    let (templates, problems) = template::load(options.templates_dir.as_deref(), readings);
    check_names(&options.names, &templates, &problems)?;
    let wanted = options.names.first();
    let Some(template) = templates.iter().find(|template| Some(&template.name) == wanted) else {
        return Err(Error::One(problems.join("; ")));
    };
    can_draw().map_err(Error::Librrd)?;
    let window = stretch.window(options.now, step(readings), template.width);
    let values = rows::load(template, window.span, readings, rows::Waiting::LeftOut, &Files::default())
        .map_err(Error::One)?;
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

/// What librrd says of a picture, in one line that names the template.
pub(super) fn refused(template: &Template, values: Option<&rows::Values>, error: &RrdError) -> String {
    let words = values.map_or_else(|| error.to_string(), |values| values.words(&error.to_string()));
    format!("{}: {words}", template.file)
}

/// The coarsest step of all RRDs, in seconds.
pub(super) fn step(readings: &[Reading]) -> i64 {
    readings.iter().map(|reading| i64::from(reading.step)).max().unwrap_or(60)
}

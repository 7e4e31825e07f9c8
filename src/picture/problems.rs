//! What `maillogs check` asks about pictures without drawing any.
use std::path::Path;

use super::folder::{AsRoot, Folder};
use crate::chart::template;
use crate::page;
use crate::reading::Reading;
use crate::store::rrd::graph_v::can_draw;

/// What is wrong with the templates of `dir`, and with those that are made from what is counted; one line each, with file
/// and line.
#[must_use]
pub fn template_problems(dir: Option<&Path>, readings: &[Reading]) -> Vec<String> {
    let (templates, mut problems) = template::load(dir, readings);
    problems.extend(templates.iter().flat_map(|template| template.unknown_sources(readings)));
    // That a directory may not be read was reported already.
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

/// One line that says what to install, if librrd is missing.
#[must_use]
pub fn missing_librrd() -> Option<String> {
    can_draw().err()
}

//! The graphs that have a page, and what that is called.
use crate::chart::period::Period;
use crate::chart::template::Template;
use crate::chart::theme::Theme;

/// A graph that has a page.
#[derive(Debug)]
pub(crate) struct Shown<'s> {
    /// What it shows.
    pub template: &'s Template,
    /// Its pictures that are there.
    pub files: Vec<PictureFile>,
}

/// The file of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PictureFile {
    /// Its name; it lies beside the pages.
    pub name: String,
    /// The span that it shows.
    pub period: Period,
    /// The pages that it is made for.
    pub theme: Theme,
    /// In CSS pixels: of a PNG half of its own.
    pub size: (u32, u32),
}

/// The file of a graph's page. No name of a graph has a dot: this is not another graph's, nor a page of another kind.
pub(crate) fn page_name(graph: &str) -> String {
    match graph {
        name if name == "index" || name == "why" || name.ends_with("-why") => format!("{name}.graph.html"),
        name => format!("{name}.html"),
    }
}

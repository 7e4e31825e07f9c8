//! What is to be drawn, and the report on what was drawn.
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::folder::AsRoot;
use crate::chart::period::Period;
use crate::chart::template::UnknownGraph;
use crate::chart::theme::Theme;
use crate::page::Among;

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
    /// Which periods; empty: the usual ones.
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
    /// Write the pages alone. They need no picture: what is there already they name.
    pub only_pages: bool,
    /// The host's name, for pictures and page; may be empty.
    pub host: String,
    /// Are templates of pages that are not ours rendered in a process of their own, with bounds? It is this program,
    /// which has to know [`crate::page::RENDER_A_PAGE`].
    pub pages_apart: bool,
    /// Where those of many hosts are drawn: nothing is drawn of what a host does not count, and pages lead to the others.
    pub among: Option<Among>,
}

/// What was drawn, what needed no drawing, and what could not be drawn.
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
    #[error(transparent)]
    UnknownGraph(#[from] UnknownGraph),
    /// The directory cannot be made, or the page not written in it.
    #[error("{}: {}; name a directory that can be written with --output or graphs_dir", .path.display(), crate::error::words(.source))]
    Output {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// librrd is not there.
    #[error("{0}")]
    Librrd(String),
    /// The one picture that was asked for cannot be drawn.
    #[error("{0}")]
    One(String),
    /// The page could not be put together.
    #[error("index.html: {0}")]
    Page(#[from] minijinja::Error),
}

/// The name of the file of a picture.
pub(super) fn file_name(graph: &str, period: Period, theme: Theme, format: Format) -> String {
    let (period, theme) = (period.name(), theme.name());
    format!("{graph}-{period}-{theme}.{}", format.extension())
}

/// `time` (Unix seconds) as file systems have it.
pub(super) fn at(time: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.max(0).unsigned_abs())
}

//! Doors for the fuzz targets: what becomes of a template, without an RRD or a directory.
use std::path::Path;

use super::Format;
use super::args::{self, Picture};
use crate::chart::period::Period;
use crate::chart::period::Window;
use crate::chart::rows::{Edge, Filled, Values};
use crate::chart::template::{self, Source, Template};
use crate::chart::theme::Theme;
use crate::page::{self, Shown, Site};
use crate::store::rrd::graph_v::graph_v;

/// 2026-11-23 11:46 UTC.
const NOW: i64 = 1_795_434_360;

/// A checked template.
pub struct Checked(Template);

/// Reads a template's text, as if it stood in `t.toml`.
///
/// # Errors
/// What is wrong with it, on one line.
pub fn template(toml: &str) -> Result<Checked, String> {
    template::parse("t", "t.toml", toml, None, &[]).map(Checked)
}

impl Checked {
    /// Its title.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// How many data and drawings it has.
    pub fn size(&self) -> (usize, usize) {
        (self.0.data.len(), self.0.draw.len())
    }

    /// The arguments for librrd. `rrd`: the file, and the values that every DS of it has, one row after the other, and
    /// again from the first; without it nothing was counted yet.
    pub fn arguments(
        &self,
        period: Period,
        theme: Theme,
        host: &str,
        rrd: Option<(&Path, &[f64])>,
    ) -> Vec<String> {
        let window = Window::of(period, NOW, 60);
        let span = window.span;
        let edge = Edge { last_update: NOW - 600, seen: NOW, horizon: span.end - span.row, since: None };
        let values = rrd.map(|(path, rows)| {
            let mut values = Values {
                span,
                filled: Vec::new(),
                values: Vec::new(),
                edge,
                since: vec![None; self.0.data.len()],
                shifts: self.0.data.iter().map(|d| d.shift.map_or(Some(0), |s| s.seconds(span))).collect(),
                held: Vec::new(),
            };
            for data in &self.0.data {
                let (filled, column) = match &data.source {
                    Source::Rpn(rpn) | Source::Mean { rpn, .. } => {
                        (None, rpn.rows(span.rows(), |data| &values.values[data]))
                    }
                    Source::Ds { ds, cf, .. } => {
                        let column: Vec<f64> = rows.iter().copied().cycle().take(span.rows()).collect();
                        let patch = Some((span.end - span.row, 0.5));
                        let (path, ds, cf) = (path.to_owned(), ds.clone(), *cf);
                        (
                            Some(Filled {
                                path,
                                ds,
                                absent: false,
                                cf,
                                span,
                                shift: 0,
                                edge,
                                patch,
                                first: None,
                                quiet: 0.0,
                            }),
                            column,
                        )
                    }
                };
                values.filled.push(filled);
                values.values.push(column);
            }
            values
        });
        args::arguments(&Picture {
            template: &self.0,
            window: &window,
            theme,
            format: Format::Png,
            values: values.as_ref(),
            host,
            time: "Mon 23 Nov 2026 12:46 CET",
        })
    }

    /// Its page.
    ///
    /// # Errors
    /// The template engine's own words.
    pub fn page(&self, host: &str) -> Result<String, String> {
        let site = Site {
            graphs: vec![Shown { template: &self.0, files: Vec::new() }],
            readings: &[],
            host,
            now: NOW,
            templates_dir: None,
            pages_apart: false,
            among: None,
        };
        let (pages, _) = page::pages(&site, None).map_err(|error| error.to_string())?;
        Ok(pages.into_iter().find(|(name, _)| name == "t.html").map(|(_, html)| html).unwrap_or_default())
    }
}

/// What librrd says to `arguments`.
///
/// # Errors
/// librrd's own words.
pub fn draw(arguments: &[String]) -> Result<Vec<u8>, String> {
    graph_v(arguments, None).map_err(|error| error.to_string())
}

//! Templates: one TOML file a graph, read and checked before anything is drawn from it.
//!
//! ```toml
//! title    = "Deliveries"          # at most 60 characters
//! protocol = "send"                # whose RRD
//! unit     = "deliveries"          # of the left axis
//! per      = "min"                 # rates are a second in the RRD; s, min or h. Leave it out for
//!                                  # what is not a rate
//! columns  = ["total", "avg"]      # of total, avg, p95, max, last
//! width    = 720                   # of the canvas, in pixels; these are the defaults
//! height   = 220
//! data = [                         # values by name, each from the RRD or from those above it
//!   { name = "ok", ds = "delivery_success" },               # cf = "max": highest step of a row
//!   { name = "all", rpn = "ok,10,+" },                      # rrdgraph_rpn(1)
//!   { name = "both", sum = ["ok", "all"] },                 # what is unknown counts as nothing
//!   { name = "size", mean = ["bytes", "ok"] },              # bytes for each ok
//!   { name = "most", ds = "peak_smtp", rate = false },      # not a rate, in a graph of rates
//!   { name = "mine", own = "lists" },                       # the sum of toaster.conf's own lists
//! ]
//! draw = [                         # from back to front; what has a legend gets a row of numbers
//!   { area = "ok", color = "good", legend = "Success", stack = false },
//!   { line = "all", color = "#123456", width = 1.5, dashes = [4, 3], legend = "All", max = "ok" },
//!   { hrule = 20.0, color = "bad", legend = "Limit" },      # hrule = "most": its last value
//!   { row = "all", legend = "Total" },                      # numbers only
//!   { area = "both", color = "blue", legend = "B", optional = true }, # only where it is not 0
//!   { each = "mine", stack = true },                        # an area for each own list
//! ]
//! ```
//!
//! `check` reads one, `load` finds them all, `own` makes those of toaster.conf's own protocols and counters.
//! templates/README.md is the same for people.

mod check;
mod load;
mod own;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use serde::Deserialize;

use super::rpn::Rpn;
use super::text;
use super::theme::Color;
use super::{Counted, Series};
use crate::store::rrd::graph_v::Cf;

#[cfg(test)]
pub(super) use load::EMBEDDED;
pub(super) use load::{load, read_small};
pub(super) use own::Kind as Own;

/// The most entries of `data`, and of `draw`.
const MAX_ENTRIES: usize = 64;
/// The longest title, in columns: what fits over a canvas of the usual width.
const MAX_TITLE: usize = 60;
/// The longest legend, unit and name.
const MAX_LEGEND: usize = 30;

/// A checked template.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// Its file's name without `.toml`; the first part of its pictures' names.
    pub name: String,
    /// What errors call it.
    pub file: String,
    /// When its file was changed; none for one of the binary.
    pub modified: Option<SystemTime>,
    pub title: String,
    /// What stands at the left axis.
    pub label: String,
    /// What rates of the RRD, a second, are multiplied with; 1 where nothing is a rate.
    pub factor: f64,
    pub columns: Vec<Column>,
    /// Of the canvas, in pixels of the simple resolution.
    pub width: u32,
    pub height: u32,
    pub data: Vec<Data>,
    pub draw: Vec<Draw>,
}

/// A column of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Column {
    Total,
    Avg,
    P95,
    Max,
    Last,
}

/// A series of values by time.
#[derive(Debug, Clone)]
pub(super) struct Data {
    pub name: String,
    pub source: Source,
    /// Is it so many a second, to be multiplied with the template's factor and to be summed up?
    pub rate: bool,
}

/// Where values come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Rows of an RRD.
    Ds { protocol: String, ds: String, cf: Cf },
    /// Computed from data before it.
    Rpn(Rpn),
    /// One by another: `rpn` gives the quotient of a row, its mean over many rows is that of their sums.
    Mean { rpn: Rpn, per: usize },
}

/// One thing that is drawn or told.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    pub shape: Shape,
    pub color: Color,
    /// What its row of the legend is called; none: no row.
    pub legend: Option<String>,
    pub dashes: Option<[f64; 2]>,
    /// The data whose highest value is the row's maximum.
    pub max: Option<usize>,
    /// Is it left out where all of it is 0 or unknown?
    pub optional: bool,
}

/// What is drawn; numbers are indices of the template's data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Area {
        data: usize,
        stack: bool,
    },
    Line {
        data: usize,
        width: f64,
        stack: bool,
    },
    Rule {
        value: Level,
    },
    /// Nothing: a row of the legend only.
    Row {
        data: usize,
    },
}

impl Shape {
    /// The data it shows; none for a rule.
    pub(super) fn data(self) -> Option<usize> {
        match self {
            Self::Area { data, .. } | Self::Line { data, .. } | Self::Row { data } => Some(data),
            Self::Rule { .. } => None,
        }
    }
}

/// Where a rule is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level {
    At(f64),
    /// At the last value above 0 of this data.
    Last(usize),
}

impl Template {
    /// Whose data it draws; some of them may be named more than once.
    pub(super) fn protocols(&self) -> impl Iterator<Item = &str> {
        self.data.iter().filter_map(|data| match &data.source {
            Source::Ds { protocol, .. } => Some(protocol.as_str()),
            Source::Rpn(_) | Source::Mean { .. } => None,
        })
    }

    /// Data sources that nobody counts; one line each.
    pub(super) fn unknown_sources(&self, series: &[Series]) -> Vec<String> {
        let unknown = |(n, data): (usize, &Data)| {
            let Source::Ds { protocol, ds, .. } = &data.source else { return None };
            let counters = &series.iter().find(|series| series.protocol == *protocol)?.counters;
            let names: Vec<&str> =
                counters.iter().map(|c| c.ds.as_str()).filter(|name| !name.is_empty()).collect();
            (!names.contains(&ds.as_str())).then(|| {
                format!(
                    "{}: data[{n}].ds: {protocol} has no `{}`; it has {}",
                    self.file,
                    text::plain(ds),
                    names.join(", ")
                )
            })
        };
        self.data.iter().enumerate().filter_map(unknown).collect()
    }

    /// What values of `data` are multiplied with for the graph's unit.
    pub(super) fn factor_of(&self, data: usize) -> f64 {
        if self.data[data].rate { self.factor } else { 1.0 }
    }
}

/// Reads one template. An error is one line: file, key, what is wrong, what would be right.
pub(super) fn parse(
    name: &str,
    file: &str,
    toml: &str,
    modified: Option<SystemTime>,
    series: &[Series],
) -> Result<Template, String> {
    let raw: check::RawTemplate = toml::from_str(toml).map_err(|error| {
        let line =
            error.span().map_or(1, |span| toml[..span.start.min(toml.len())].matches('\n').count() + 1);
        let message = text::fit(&text::plain(error.message()), 300);
        // The key, which the parser does not tell of a wrong value.
        let key = toml.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
        let key =
            key.filter(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let at = key.map(|key| format!(" (at `{key}`)")).unwrap_or_default();
        format!("{file}: line {line}: {message}{at}; templates/README.md says what is possible")
    })?;
    check::check(name, file, raw, modified, series).map_err(|problem| format!("{file}: {problem}"))
}

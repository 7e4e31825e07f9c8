//! A checked template: what a graph shows.
use std::time::SystemTime;

use serde::Deserialize;

use crate::chart::rpn::Rpn;
use crate::chart::shift::Shift;
use crate::chart::text;
use crate::chart::theme::Color;
use crate::reading::Reading;
use crate::reading::stage::Stage;
use crate::store::rrd::fetch::Cf;

/// The most entries of `data`, and of `draw`.
pub(super) const MAX_ENTRIES: usize = 64;
/// The most entries of `draw` that have a shift: for each, data is read once more.
pub(super) const MAX_SHIFTS: usize = 4;
/// The longest title, in columns: what fits over a canvas of the usual width.
pub(super) const MAX_TITLE: usize = 60;
/// The longest name of a graph: that of a second instance's begins with the instance's name.
pub(super) const MAX_NAME: usize = 64;
/// The longest sentence about a graph.
pub(super) const MAX_ABOUT: usize = 240;
/// The longest legend, unit and name of a data.
pub(super) const MAX_LEGEND: usize = 30;

/// A checked template.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    /// Its file's name without `.toml`; the first part of its pictures' names.
    pub name: String,
    /// What errors call it.
    pub file: String,
    /// When its file was changed; none for one of the binary.
    pub modified: Option<SystemTime>,
    pub title: String,
    /// What it shows, in one sentence; may be empty.
    pub about: String,
    /// What the parts of its stack are, in the plural: `lists`. It may be empty.
    pub parts: String,
    /// What stands at the left axis.
    pub label: String,
    /// The factor from the RRD's rates, which are per second, to the graph's unit; 1 if nothing is a rate.
    pub factor: f64,
    pub columns: Vec<Column>,
    /// Of the canvas, in pixels of the simple resolution.
    pub width: u32,
    pub height: u32,
    /// The stage of a message's way that it belongs to, on the overview.
    pub stage: Stage,
    /// Does it take a whole row of its stage, where there is room for two pictures beside each other?
    pub wide: bool,
    /// Is it drawn on the overview? Else it is linked there.
    pub overview: bool,
    pub data: Vec<Data>,
    pub draw: Vec<Draw>,
}

/// A column of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Column {
    Total,
    Avg,
    P95,
    Max,
    Last,
}

/// A series of values by time.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    pub name: String,
    pub source: Source,
    /// Is it a rate per second? A rate is multiplied by the template's factor, and has a total.
    pub rate: bool,
    /// By how much its values are earlier than the picture, where it is the copy of a data that is drawn so; all copies
    /// stand after the data of the file.
    pub shift: Option<Shift>,
}

/// Where values come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Rows of an RRD.
    Ds { protocol: String, ds: String, cf: Cf },
    /// Computed from data before it.
    Rpn(Rpn),
    /// One divided by another: `rpn` gives the quotient of a single row; the mean over several rows is the quotient
    /// of their sums.
    Mean { rpn: Rpn, per: usize },
}

/// One thing that is drawn or told.
#[derive(Debug, Clone)]
pub(crate) struct Draw {
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
pub(crate) enum Shape {
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

impl Draw {
    /// The same of other data: `other` gives the index of an entry by that of the one which is drawn here.
    pub(super) fn of(self, mut other: impl FnMut(usize) -> usize) -> Self {
        let shape = match self.shape {
            Shape::Area { data, stack } => Shape::Area { data: other(data), stack },
            Shape::Line { data, width, stack } => Shape::Line { data: other(data), width, stack },
            Shape::Row { data } => Shape::Row { data: other(data) },
            rule @ Shape::Rule { .. } => rule,
        };
        Self { shape, max: self.max.map(other), ..self }
    }
}

impl Shape {
    /// The data it shows; none for a rule.
    pub(crate) fn data(self) -> Option<usize> {
        match self {
            Self::Area { data, .. } | Self::Line { data, .. } | Self::Row { data } => Some(data),
            Self::Rule { .. } => None,
        }
    }
}

/// Where a rule is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Level {
    At(f64),
    /// At the last value above 0 of this data.
    Last(usize),
}

impl Template {
    /// The protocols whose data it draws; a protocol may come more than once.
    pub(crate) fn protocols(&self) -> impl Iterator<Item = &str> {
        self.data.iter().filter_map(|data| match &data.source {
            Source::Ds { protocol, .. } => Some(protocol.as_str()),
            Source::Rpn(_) | Source::Mean { .. } => None,
        })
    }

    /// The data sources that no protocol has, with a line of text for each.
    pub(crate) fn unknown_sources(&self, readings: &[Reading]) -> Vec<String> {
        let unknown = |(n, data): (usize, &Data)| {
            let Source::Ds { protocol, ds, .. } = &data.source else { return None };
            if data.shift.is_some() {
                return None;
            }
            let reading = readings.iter().find(|reading| reading.protocol == *protocol)?;
            let names: Vec<&str> = reading.sources().map(|counter| counter.ds).collect();
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

    /// The factor from values of `data` to the graph's unit.
    pub(crate) fn factor_of(&self, data: usize) -> f64 {
        if self.data[data].rate { self.factor } else { 1.0 }
    }
}

/// Whether `name` may name a graph: it becomes part of file names and links.
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        && !name.starts_with('-')
}

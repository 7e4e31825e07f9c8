//! What stands in the file of a template, before it is checked.
use serde::Deserialize;

use super::model::Column;
use crate::chart::shift::Shift;
use crate::reading::stage::Stage;
use crate::reading::{Counter, DefinedBy};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTemplate {
    pub title: String,
    pub about: Option<String>,
    pub parts: Option<String>,
    pub protocol: String,
    pub unit: String,
    pub per: Option<Per>,
    pub columns: Vec<Column>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub stage: Option<Stage>,
    #[serde(default)]
    pub wide: bool,
    pub overview: Option<bool>,
    pub data: Vec<RawData>,
    pub draw: Vec<RawDraw>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Per {
    S,
    Min,
    H,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawData {
    pub name: String,
    pub ds: Option<String>,
    pub cf: Option<RawCf>,
    pub protocol: Option<String>,
    pub rpn: Option<String>,
    pub sum: Option<Vec<String>>,
    pub mean: Option<[String; 2]>,
    pub rate: Option<bool>,
    pub own: Option<CustomKind>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawCf {
    Average,
    Max,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDraw {
    pub area: Option<String>,
    pub line: Option<String>,
    pub hrule: Option<RawLevel>,
    pub row: Option<String>,
    pub each: Option<String>,
    pub color: Option<String>,
    pub legend: Option<String>,
    #[serde(default)]
    pub stack: bool,
    #[serde(default)]
    pub optional: bool,
    pub width: Option<f64>,
    pub dashes: Option<[f64; 2]>,
    pub max: Option<String>,
    pub shift: Option<Shift>,
}

/// A number, or the name of a data.
#[derive(Deserialize)]
#[serde(untagged, expecting = "hrule is a number, or the name of a data")]
pub(super) enum RawLevel {
    At(f64),
    Last(String),
}

/// Which counters of toaster.conf a data with `own` takes.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum CustomKind {
    /// The lists of toaster.conf's `[[rbl]]` tables.
    Lists,
    /// The counters of its `[[counter]]` tables.
    Counters,
}

impl CustomKind {
    /// Is `counter` one of these?
    pub(super) fn has(self, counter: &Counter) -> bool {
        matches!(
            (self, counter.defined_by),
            (Self::Lists, DefinedBy::List) | (Self::Counters, DefinedBy::Counter)
        )
    }
}

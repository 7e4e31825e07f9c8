//! The stages of the overview: each with its numbers, the pictures of its graphs, and links to the others.
use serde::Serialize;

use super::colours::Colours;
use super::overview::Place;
use super::plot::{self, Material, Plot, Size};
use super::shown::{Shown, page_name};
use crate::chart::period::Period;
use crate::chart::template::{Source, Template};
use crate::chart::text;
use crate::reading::Reading;

/// A stage as the overview has it.
#[derive(Debug, Serialize)]
pub(crate) struct StageView {
    /// Its numbers.
    pub place: Place,
    /// The pictures of its graphs, of the last 24 hours.
    pub pictures: Vec<Picture>,
    /// Its graphs that are only linked.
    pub links: Vec<Link>,
}

/// A picture of a stage.
#[derive(Debug, Serialize)]
pub(crate) struct Picture {
    /// The picture.
    pub plot: Plot,
    /// Does it take a row for itself, where there is room for two beside each other?
    pub wide: bool,
}

/// The page of a graph.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Link {
    /// The graph's title.
    pub title: String,
    /// The file of its page.
    pub page: String,
}

/// The stages that have pictures, links, or numbers, in the order of `places`; and the links of graphs of which nothing was
/// ever counted.
pub(super) fn stages(
    graphs: &[Shown<'_>],
    places: &[Place],
    material: Material<'_>,
    now: i64,
    colours: &mut Colours,
) -> (Vec<StageView>, Vec<Link>) {
    let readings = material.readings;
    let span = plot::span(Period::Day, readings, now);
    let mut stages: Vec<StageView> = places
        .iter()
        .map(|place| StageView { place: place.clone(), pictures: Vec::new(), links: Vec::new() })
        .collect();
    let mut empty = Vec::new();
    for template in graphs.iter().map(|shown| shown.template) {
        let link = link(template);
        let stage = stages.iter_mut().find(|stage| stage.place.stage == template.stage);
        match stage {
            Some(stage) if has_data(template, readings) => {
                if template.overview {
                    let (plot, _) = plot::read(template, Period::Day, span, material, Size::Small);
                    colours.add_all(&plot.colours);
                    stage.pictures.push(Picture { plot, wide: template.wide });
                } else {
                    stage.links.push(link);
                }
            }
            _ => empty.push(link),
        }
    }
    stages.retain(|stage| {
        !(stage.pictures.is_empty() && stage.links.is_empty() && stage.place.rows.is_empty())
    });
    (stages, empty)
}

/// The link to a graph's page.
pub(super) fn link(template: &Template) -> Link {
    Link { title: text::plain(&template.title), page: page_name(&template.name) }
}

/// Was anything counted of what a graph shows? Of what is not known, a picture may well show something.
fn has_data(template: &Template, readings: &[Reading]) -> bool {
    template.data.iter().any(|data| {
        let Source::Ds { protocol, ds, .. } = &data.source else { return false };
        let reading = readings.iter().find(|reading| reading.protocol == *protocol);
        reading.and_then(|reading| reading.source(ds)?.value).is_none_or(|value| value.moved)
    })
}

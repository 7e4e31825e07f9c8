//! What toaster.conf adds: its own lists in a template that asks for them, and a graph for each own protocol and for
//! the own counters of each built-in one.

use serde::Deserialize;

use super::check::{Per, RawData, RawDraw, RawTemplate};
use super::{Column, Counted, MAX_LEGEND, MAX_TITLE, Series, Template, check, load, text};
use crate::graph::{Measure, Origin};

/// Which counters of toaster.conf a data with `own` takes.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(in crate::graph) enum Kind {
    /// `[[rbl]]`
    Lists,
    /// `[[counter]]`
    Counters,
}

/// Colours of areas that nobody chose, each told apart from the one before it by its lightness too.
const AREAS: [&str; 6] = ["pink-area", "sand-area", "plum-area", "mint-area", "brown-area", "blue-area"];
/// The same of lines.
const LINES: [&str; 6] = ["blue", "orange", "teal", "purple", "grey", "good-line"];
/// Of more than so many lines nobody can tell which is which.
const MOST_LINES: usize = 6;

/// Puts the counters that toaster.conf has in the place of `own` and `each`.
pub(super) fn expand(raw: &mut RawTemplate, series: &[Series]) -> Result<(), String> {
    let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut data = Vec::new();
    for (n, mut entry) in std::mem::take(&mut raw.data).into_iter().enumerate() {
        let Some(kind) = entry.own.take() else {
            data.push(entry);
            continue;
        };
        if entry.ds.is_some() || entry.rpn.is_some() || entry.sum.is_some() || entry.mean.is_some() {
            return Err(format!("data[{n}].own: stands alone; remove the others"));
        }
        if entry.cf.is_some() || entry.rate.is_some() {
            return Err(format!("data[{n}].own: takes neither `cf` nor `rate`; remove them"));
        }
        if data.is_empty() {
            return Err(format!("data[{n}].own: cannot be the first data; put another before it"));
        }
        let protocol = entry.protocol.take().unwrap_or_else(|| raw.protocol.clone());
        let found = series.iter().find(|series| series.protocol == protocol);
        let counters: Vec<&Counted> =
            found.iter().flat_map(|series| &series.counters).filter(|counted| counted.is_of(kind)).collect();
        let mut members = Vec::new();
        for (i, counted) in counters.into_iter().enumerate() {
            // Own lists come and go, and no list must spoil the graph.
            let name = format!("{}_{i}", entry.name);
            let (protocol, ds) = (Some(protocol.clone()), Some(counted.ds.clone()));
            data.push(RawData { name: name.clone(), ds, protocol, ..RawData::default() });
            members.push((name, legend(&counted.key)));
        }
        let (sum, rpn) = match members.is_empty() {
            true => (None, data.first().map(|first: &RawData| format!("{},0,*", first.name))),
            false => (Some(members.iter().map(|(name, _)| name.clone()).collect()), None),
        };
        groups.push((entry.name.clone(), members));
        data.push(RawData { name: entry.name, sum, rpn, ..RawData::default() });
    }
    raw.data = data;

    let mut draw = Vec::new();
    for entry in std::mem::take(&mut raw.draw) {
        let group = entry.each.as_ref().and_then(|each| groups.iter().find(|(name, _)| name == each));
        let Some((_, members)) = group else {
            draw.push(entry);
            continue;
        };
        let spare = entry.color.is_some() || entry.legend.is_some() || entry.max.is_some();
        if spare
            || entry.width.is_some()
            || entry.dashes.is_some()
            || entry.area.is_some()
            || entry.line.is_some()
        {
            return Err("draw: `each` takes `stack` and `optional` only; remove the others".to_owned());
        }
        for (i, (name, legend)) in members.iter().enumerate() {
            draw.push(RawDraw {
                area: Some(name.clone()),
                color: Some(AREAS[i % AREAS.len()].to_owned()),
                legend: Some(legend.clone()),
                stack: entry.stack,
                optional: entry.optional,
                ..RawDraw::default()
            });
        }
    }
    raw.draw = draw;
    Ok(())
}

/// Adds the graphs of own protocols and counters to `templates`, but for names that are `taken` by the user's files.
pub(super) fn add(
    series: &[Series],
    taken: &[String],
    templates: &mut Vec<Template>,
    problems: &mut Vec<String>,
) {
    for series in series {
        let of = |measure| {
            let own = series.counters.iter().filter(|counted| counted.origin == Origin::Counter);
            own.filter(|counted| counted.measure == measure).collect::<Vec<_>>()
        };
        let all_own = series.counters.iter().all(|counted| counted.origin == Origin::Counter);
        let base = graph_name(&series.protocol);
        for (measure, what) in
            [(Measure::Count, ""), (Measure::Amount, "amounts"), (Measure::Level, "levels")]
        {
            let counters = of(measure);
            for (n, some) in counters.chunks(MOST_LINES).enumerate() {
                let mut name = base.clone();
                for part in [if all_own { "" } else { "own" }, what] {
                    if !part.is_empty() {
                        name = format!("{name}-{part}");
                    }
                }
                if n > 0 {
                    name = format!("{name}-{}", n + 1);
                }
                let exists = |name: &String| templates.iter().any(|template| template.name == *name);
                if exists(&name) && !taken.contains(&name) {
                    name = format!("own-{name}");
                }
                if taken.contains(&name) || exists(&name) || !load::is_name(&name) {
                    continue;
                }
                match made(&name, series, measure, some, all_own) {
                    Ok(template) => templates.push(template),
                    Err(problem) => problems.push(format!("the graph of {}: {problem}", series.protocol)),
                }
            }
        }
    }
}

/// A template for these counters of one protocol: a line each.
fn made(
    name: &str,
    series: &Series,
    measure: Measure,
    counters: &[&Counted],
    all_own: bool,
) -> Result<Template, String> {
    let title = match (all_own, measure) {
        (true, Measure::Amount) => format!("{}: amounts", series.protocol),
        (true, _) => series.protocol.clone(),
        (false, _) => format!("{}: own counters", series.protocol),
    };
    let (unit, per, columns) = match measure {
        Measure::Count => {
            ("events", Some(Per::Min), vec![Column::Total, Column::Avg, Column::Max, Column::Last])
        }
        Measure::Amount => {
            ("amount", Some(Per::Min), vec![Column::Total, Column::Avg, Column::Max, Column::Last])
        }
        Measure::Level => ("level", None, vec![Column::Avg, Column::P95, Column::Max, Column::Last]),
    };
    let names: Vec<String> = (0..counters.len()).map(|n| format!("v{n}")).collect();
    let data = names.iter().zip(counters).map(|(name, counted)| RawData {
        name: name.clone(),
        ds: Some(counted.ds.clone()),
        ..RawData::default()
    });
    let draw = names.iter().zip(counters).enumerate().map(|(n, (name, counted))| RawDraw {
        line: Some(name.clone()),
        width: Some(1.4),
        color: Some(LINES[n % LINES.len()].to_owned()),
        legend: Some(legend(&counted.key)),
        ..RawDraw::default()
    });
    // A pale area under the only line of a graph.
    let mut pale = Vec::new();
    if let [only] = names.as_slice() {
        let (area, color) = (Some(only.clone()), Some("blue-pale".to_owned()));
        pale.push(RawDraw { area, color, ..RawDraw::default() });
    }
    let raw = RawTemplate {
        title: text::fit(&text::plain(&title), MAX_TITLE),
        protocol: series.protocol.clone(),
        unit: unit.to_owned(),
        per,
        columns,
        width: None,
        height: None,
        data: data.collect(),
        draw: pale.into_iter().chain(draw).collect(),
    };
    check::check(name, &format!("the graph {name} of toaster.conf's counters"), raw, None, &[])
}

/// A counter's key as a legend: what cannot be drawn is left out, and it is cut where it is too long.
fn legend(key: &str) -> String {
    let fitted = text::fit(text::plain(key).trim(), MAX_LEGEND);
    if fitted.trim().is_empty() { "?".to_owned() } else { fitted }
}

/// A protocol's name as a graph's, which becomes part of file names and links.
fn graph_name(protocol: &str) -> String {
    protocol.to_ascii_lowercase().chars().take(MAX_LEGEND - 12).collect()
}

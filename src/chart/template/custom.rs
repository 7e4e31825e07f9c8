//! A graph for each protocol of toaster.conf, and for the counters that toaster.conf adds to each built-in protocol.
use super::check::check;
use super::expand::legend;
use super::model::{Column, MAX_LEGEND, MAX_TITLE, Template, is_name};
use super::raw::{Per, RawData, RawDraw, RawTemplate};
use crate::chart::text;
use crate::reading::{Counter, DefinedBy, Measure, Reading};

/// The colours of lines for which no template chooses one. Neighbours differ in lightness as well.
const LINES: [&str; 6] = ["blue", "orange", "teal", "purple", "grey", "good-line"];
/// With more lines than this in one graph, they can no longer be told apart.
const MOST_LINES: usize = 6;

/// What counters of one graph have in common: its unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Events,
    Amounts,
    Levels,
}

impl Sort {
    /// None: it cannot be drawn.
    fn of(measure: Measure) -> Option<Self> {
        match measure {
            Measure::Count => Some(Self::Events),
            Measure::Sum | Measure::Net => Some(Self::Amounts),
            Measure::Level => Some(Self::Levels),
            Measure::Derived => None,
        }
    }
}

/// Adds graphs of toaster.conf's protocols and counters to `templates`, except under names that the user's files have
/// `taken`.
pub(super) fn add(
    readings: &[Reading],
    taken: &[String],
    templates: &mut Vec<Template>,
    problems: &mut Vec<String>,
) {
    for reading in readings {
        let is_own = |counter: &&Counter| counter.defined_by == DefinedBy::Counter;
        let all_own = reading.sources().all(|counter| is_own(&counter));
        let base = graph_name(reading.protocol);
        for (sort, what) in [(Sort::Events, ""), (Sort::Amounts, "amounts"), (Sort::Levels, "levels")] {
            let own = reading.sources().filter(is_own);
            let counters: Vec<_> = own.filter(|counter| Sort::of(counter.measure) == Some(sort)).collect();
            let graphs = counters.chunks(MOST_LINES);
            let count = graphs.len();
            for (n, some) in graphs.enumerate() {
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
                if taken.contains(&name) || exists(&name) || !is_name(&name) {
                    continue;
                }
                let mut title = title(reading.protocol, sort, all_own);
                if count > 1 {
                    title = format!("{title}, {} of {count}", n + 1);
                }
                match made(&name, &title, reading.protocol, sort, some) {
                    Ok(template) => templates.push(template),
                    Err(problem) => problems.push(format!("the graph of {}: {problem}", reading.protocol)),
                }
            }
        }
    }
}

/// What a graph of own counters is called.
fn title(protocol: &str, sort: Sort, all_own: bool) -> String {
    match (all_own, sort) {
        (true, Sort::Amounts) => format!("{protocol}: amounts"),
        (true, _) => protocol.to_owned(),
        (false, _) => format!("{protocol}: own counters"),
    }
}

/// A template that draws one line for each of these counters of a protocol.
fn made(
    name: &str,
    title: &str,
    protocol: &str,
    sort: Sort,
    counters: &[&Counter],
) -> Result<Template, String> {
    let (unit, per, columns) = match sort {
        Sort::Events => {
            ("events", Some(Per::Min), vec![Column::Total, Column::Avg, Column::Max, Column::Last])
        }
        Sort::Amounts => {
            ("amount", Some(Per::Min), vec![Column::Total, Column::Avg, Column::Max, Column::Last])
        }
        Sort::Levels => ("level", None, vec![Column::Avg, Column::P95, Column::Max, Column::Last]),
    };
    let names: Vec<String> = (0..counters.len()).map(|n| format!("v{n}")).collect();
    let data = names.iter().zip(counters).map(|(name, counter)| RawData {
        name: name.clone(),
        ds: Some(counter.ds.to_owned()),
        ..RawData::default()
    });
    let draw = names.iter().zip(counters).enumerate().map(|(n, (name, counter))| RawDraw {
        line: Some(name.clone()),
        width: Some(1.4),
        color: Some(LINES[n % LINES.len()].to_owned()),
        legend: Some(legend(counter.key)),
        ..RawDraw::default()
    });
    // A pale area under the only line of a graph.
    let mut pale = Vec::new();
    if let [only] = names.as_slice() {
        let (area, color) = (Some(only.clone()), Some("blue-pale".to_owned()));
        pale.push(RawDraw { area, color, ..RawDraw::default() });
    }
    let raw = RawTemplate {
        title: text::truncate(&text::plain(title), MAX_TITLE),
        about: None,
        parts: None,
        protocol: protocol.to_owned(),
        unit: unit.to_owned(),
        per,
        columns,
        width: None,
        height: None,
        stage: None,
        wide: false,
        overview: None,
        data: data.collect(),
        draw: pale.into_iter().chain(draw).collect(),
    };
    check(name, &format!("the graph {name} of toaster.conf's counters"), raw, None, &[])
}

/// A protocol's name as a graph's, which becomes part of file names and links.
fn graph_name(protocol: &str) -> String {
    protocol.to_ascii_lowercase().chars().take(MAX_LEGEND - 12).collect()
}

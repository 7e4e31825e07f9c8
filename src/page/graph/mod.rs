//! The page of one graph: its pictures by period, their values as tables, and the counters behind them.

#[cfg(test)]
mod tests;
pub(crate) mod values;

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Serialize;

use super::colours::Colours;
use super::figures::{self, Group};
use super::plot::{self, Material, Plot, Size};
use super::shown::{PictureFile, Shown};
use crate::chart::period::Period;
use crate::chart::template::{Source, Template};
use crate::chart::text;
use crate::chart::theme::Theme;
use crate::reading::Reading;

/// What the page of a graph shows.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    pub title: String,
    /// What the graph shows, in a sentence; may be empty.
    pub about: String,
    /// Does a picture of it have a line of the week before?
    pub before: bool,
    pub periods: Vec<Part>,
    /// What is counted, by protocol.
    pub counted: Vec<Counted>,
    #[serde(skip)]
    pub colours: Colours,
}

/// One period.
#[derive(Debug, Serialize)]
pub(crate) struct Part {
    /// `day`, `Day`, `Last 24 hours`.
    pub name: &'static str,
    pub button: String,
    pub heading: String,
    /// Is it the one that is shown at first?
    pub first: bool,
    pub plot: Plot,
    pub table: Option<values::Table>,
    pub files: Vec<File>,
}

/// A picture file that is there.
#[derive(Debug, Serialize)]
pub(crate) struct File {
    pub name: String,
    /// `light PNG`.
    pub words: String,
}

/// What is counted of a protocol.
#[derive(Debug, Serialize)]
pub(crate) struct Counted {
    /// What the pictures show and is not 0.
    pub drawn: Group,
    /// The others that are not 0.
    pub others: Group,
    /// How many there are of each.
    pub of_drawn: usize,
    pub of_others: usize,
}

/// At most this number of pages is made at a time: each holds the rows that it shows.
const WORKERS: usize = 4;

/// As [`page`], of all graphs, on as many processors as there are; and what is done `meanwhile` in this thread, which then helps.
pub(crate) fn pages<T>(
    shown: &[Shown<'_>],
    material: Material<'_>,
    now: i64,
    meanwhile: impl FnOnce() -> T,
) -> (T, Vec<Page>) {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(WORKERS);
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || next.fetch_add(1, Ordering::Relaxed);
        let numbers = std::iter::repeat_with(take).take_while(|n| *n < shown.len());
        numbers.map(|n| (n, page(&shown[n], material, now))).collect::<Vec<_>>()
    };
    let (done, mut made) = thread::scope(|scope| {
        // Where no more threads are to be had, those that there are do it all.
        let start = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..workers).filter_map(start).collect();
        let done = meanwhile();
        let mut made = work();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        (done, made)
    });
    made.sort_by_key(|(n, _)| *n);
    (done, made.into_iter().map(|(_, page)| page).collect())
}

/// The page of a graph at `now`, Unix seconds. The clock has to know the last 13 months at least.
pub(crate) fn page(shown: &Shown<'_>, material: Material<'_>, now: i64) -> Page {
    let readings = material.readings;
    let template = shown.template;
    let mut colours = Colours::default();
    let mut periods = Vec::new();
    for period in Period::ALL {
        // That of an hour is there where somebody has it drawn.
        if period == Period::Hour && !shown.files.iter().any(|file| file.period == period) {
            continue;
        }
        let span = plot::span(period, readings, now);
        let (plot, values) = plot::read(template, period, span, material, Size::Big);
        colours.add_all(&plot.colours);
        let values = values.filter(|_| plot.nothing.is_none());
        let table = values.and_then(|values| values::table(template, period, &values, material));
        periods.push(Part {
            name: period.name(),
            button: capital(period.name()),
            heading: capital(period.words()),
            first: period == Period::Day,
            plot,
            table,
            files: files(period, &shown.files),
        });
    }
    Page {
        title: text::plain(&template.title),
        about: text::plain(&template.about),
        before: periods.iter().any(|part| part.plot.legend.rows.iter().any(|row| row.marks == ["sw r"])),
        counted: counted(template, readings),
        periods,
        colours,
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn files(period: Period, all: &[PictureFile]) -> Vec<File> {
    let of_period = all.iter().filter(|file| file.period == period);
    let mut files: Vec<&PictureFile> = of_period.collect();
    files.sort_by_key(|file| file.theme != Theme::Light);
    let words = |file: &PictureFile| {
        let kind = file.name.rsplit_once('.').map_or("", |(_, kind)| kind).to_uppercase();
        format!("{} {}", file.theme.name(), text::plain(&kind))
    };
    files.into_iter().map(|file| File { name: file.name.clone(), words: words(file) }).collect()
}

/// The counters of each protocol that the graph draws.
fn counted(template: &Template, readings: &[Reading]) -> Vec<Counted> {
    let mut of: Vec<&Reading> = Vec::new();
    for name in template.protocols() {
        let reading = readings.iter().find(|reading| reading.protocol == name);
        of.extend(reading.filter(|reading| !of.iter().any(|o| o.protocol == reading.protocol)));
    }
    let one = |reading: &Reading| {
        let is_drawn = |ds: &str| {
            template.data.iter().any(|data| match &data.source {
                Source::Ds { protocol, ds: of, .. } => protocol == reading.protocol && of == ds,
                _ => false,
            })
        };
        let drawn = figures::some(reading, |counter| !counter.ds.is_empty() && is_drawn(counter.ds));
        let others = figures::some(reading, |counter| counter.ds.is_empty() || !is_drawn(counter.ds));
        let count = |group: &Group| group.counters.len() + group.values.len();
        Counted { of_drawn: count(&drawn), of_others: count(&others), drawn, others }
    };
    let all = of.into_iter().map(one);
    all.filter(|counted| counted.of_drawn + counted.of_others > 0).collect()
}

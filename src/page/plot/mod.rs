//! A picture in a page: an SVG whose paths are the rows, and around it axes, marks and the legend as HTML.
//!
//! [`plot()`] is a pure function of what a template asks for and of the rows that are there; `templates/page/plot.html` only places
//! what it gives. `rows` says which rows are drawn, `shapes` and `curve` make paths of them, `ticks` the axes, `legend` the
//! table, `clock` is the local one.

pub(crate) mod clock;
mod curve;
mod legend;
mod rows;
mod shapes;
mod size;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod ticks;

use serde::Serialize;

use super::colours::Colours;
use super::shown::page_name;
use crate::chart::files::Files;
use crate::chart::period::{Period, Span};
use crate::chart::rows::{self as file, Values, Waiting};
use crate::chart::scene::{self, Form};
use crate::chart::template::{Source, Template};
use crate::chart::text;
use crate::reading::Reading;
use clock::Clock;
pub(crate) use legend::Legend;
pub(crate) use shapes::Path;
pub(crate) use size::Size;
use ticks::{Tick, per_cent};

/// What a picture is made of.
pub(crate) struct Subject<'a> {
    pub template: &'a Template,
    pub period: Period,
    /// The time that it shows; that of `values`, where there are any.
    pub span: Span,
    /// None: nothing was ever counted.
    pub values: Option<&'a Values>,
    pub readings: &'a [Reading],
    pub clock: &'a Clock,
    pub size: Size,
}

/// What all pictures of some pages are made from.
#[derive(Clone, Copy)]
pub(crate) struct Material<'a> {
    pub readings: &'a [Reading],
    pub files: &'a Files,
    pub clock: &'a Clock,
}

/// A picture, as a template places it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plot {
    pub graph: String,
    /// The file of the graph's page.
    pub page: String,
    pub title: String,
    /// What the left axis counts: `deliveries a minute`.
    pub unit: String,
    /// `day`, and `last 24 hours`.
    pub period: &'static str,
    pub words: &'static str,
    pub big: bool,
    /// The first second, the seconds of a row, how many there are: Unix seconds.
    pub start: i64,
    pub row: i64,
    pub rows: usize,
    /// The newest row that is drawn, and its time; none: there is none.
    pub newest: Option<usize>,
    pub at: String,
    /// Distances from UTC, for the page's script: [`Clock::offsets`].
    pub offsets: String,
    /// The power of ten that is one unit of the paths.
    pub exponent: i32,
    /// `viewBox`, and how far up zero is in it.
    pub view: String,
    pub top: i64,
    /// How far zero is from the bottom, in per cent.
    pub zero: String,
    pub paths: Vec<Path>,
    /// Labels of the left axis, and those of the time axis.
    pub y: Vec<Tick>,
    pub x: Vec<Tick>,
    /// Times of which nothing is known.
    pub bands: Vec<Band>,
    /// What the picture says, for who does not see it.
    pub label: String,
    pub legend: Legend,
    /// There is nothing to be drawn.
    pub nothing: Option<Nothing>,
    /// Why the rows could not be read: a line that names the file.
    #[serde(skip)]
    pub problem: Option<String>,
    #[serde(skip)]
    pub colours: Colours,
}

/// A time of which nothing is known, in per cent of the picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Band {
    pub left: String,
    pub width: String,
    pub words: String,
    /// Is there room for the words?
    pub is_wide: bool,
}

/// What is said instead of a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Nothing {
    pub what: String,
    pub why: String,
}

/// The time that pictures of `period` show at `now`, Unix seconds: the same for all graphs of these readings.
pub(crate) fn span(period: Period, readings: &[Reading], now: i64) -> Span {
    let step = readings.iter().map(|reading| i64::from(reading.step)).max().unwrap_or(60);
    period.span(now, step)
}

/// The picture of a graph over `span`, and the rows of the RRDs that it is made of. Where they cannot be read it says so.
pub(crate) fn read(
    template: &Template,
    period: Period,
    span: Span,
    material: Material<'_>,
    size: Size,
) -> (Plot, Option<Values>) {
    let Material { readings, files, clock } = material;
    let values = file::load(template, span, readings, Waiting::LeftOut, files);
    let subject = |values| Subject { template, period, span, values, readings, clock, size };
    match values {
        Ok(values) => (plot(&subject(values.as_ref())), values),
        Err(problem) => {
            let nothing = Nothing { what: "It cannot be read".to_owned(), why: text::plain(&problem) };
            (Plot { nothing: Some(nothing), problem: Some(problem), ..empty(&subject(None)) }, None)
        }
    }
}

/// The picture of `subject`.
pub(crate) fn plot(subject: &Subject<'_>) -> Plot {
    let Subject { template, period, span, clock, size, .. } = *subject;
    let values = subject.values.filter(|_| was_counted(template, subject.readings));
    let mut plot = empty(subject);
    let Some(values) = values else {
        plot.nothing = Some(nothing(subject));
        return plot;
    };
    let scene = scene::drawn(template, values);
    let by = match (size, period) {
        (_, Period::Hour | Period::Year) => 1,
        _ => size.rows_in_one(curves(&scene)),
    };
    let drawn = rows::Drawn::of(template, values, by);
    // Half an hour of a day, three hours of a week.
    let calm = if period == Period::Hour { 5 } else { 6 / by.min(6) };
    let shapes = shapes::shapes(template, &scene, &drawn, calm, size.units());
    let newest = newest(template, &drawn);

    plot.row = drawn.span.row;
    plot.rows = drawn.span.rows();
    plot.newest = newest;
    let start_of = |row: usize| drawn.span.row_end(row) - drawn.span.row;
    plot.at = newest.map(|row| time_of_row(clock, start_of(row), drawn.span.row)).unwrap_or_default();
    plot.exponent = shapes.exponent;
    plot.view = format!("0 0 {} {}", plot.rows, (shapes.upper - shapes.lower).max(1));
    plot.top = shapes.upper;
    plot.zero = per_cent(-shapes.axis.lower, shapes.axis.upper - shapes.axis.lower);
    let most = if size == Size::Small { 4 } else { 7 };
    plot.y = ticks::of_values(&shapes.axis, most);
    plot.x = ticks::of_time(period, drawn.span, clock);
    plot.bands = bands(template, values, span, clock);
    plot.legend = legend::legend(template, values, &scene, &drawn, &shapes, size, newest);
    for draw in &scene {
        let is_pale = matches!(draw.form, Form::Area { .. }) && draw.legend.is_none();
        if draw.form != Form::Row {
            plot.colours.add(&draw.color, is_pale);
        }
    }
    plot.label = label(&plot);
    plot.paths = shapes.paths;
    plot
}

/// How many curves are drawn of `scene`: a line along an area, and an area under a line, are none by themselves.
fn curves(scene: &[scene::Drawn]) -> usize {
    let drawn = scene.iter().filter(|draw| matches!(draw.form, Form::Area { .. } | Form::Line { .. }));
    let mut data: Vec<usize> = drawn.filter_map(|draw| draw.data).collect();
    data.sort_unstable();
    data.dedup();
    data.len()
}

/// A picture without anything in it.
fn empty(subject: &Subject<'_>) -> Plot {
    let Subject { template, period, span, clock, size, .. } = *subject;
    Plot {
        graph: template.name.clone(),
        page: page_name(&template.name),
        title: text::plain(&template.title),
        unit: unit(template),
        period: period.name(),
        words: period.words(),
        big: size == Size::Big,
        start: span.start,
        row: span.row,
        rows: span.rows(),
        newest: None,
        at: String::new(),
        offsets: clock.offsets(span.start, span.end),
        exponent: 0,
        view: format!("0 0 {} 1", span.rows()),
        top: 1,
        zero: "0".to_owned(),
        paths: Vec::new(),
        y: Vec::new(),
        x: Vec::new(),
        bands: Vec::new(),
        label: String::new(),
        legend: Legend { columns: Vec::new(), rows: Vec::new(), decimals: 0, is_long: false },
        nothing: None,
        problem: None,
        colours: Colours::default(),
    }
}

/// What stands at the left axis, in words.
fn unit(template: &Template) -> String {
    let label = text::plain(&template.label);
    for (short, long) in [(" / s", " a second"), (" / min", " a minute"), (" / h", " an hour")] {
        if let Some(unit) = label.strip_suffix(short) {
            return format!("{unit}{long}");
        }
    }
    label
}

/// The beginning of a row, as the script of the page writes it too: the longer a row, the less of it.
pub(crate) fn time_of_row(clock: &Clock, start: i64, row: i64) -> String {
    match row {
        // The days of an RRD are those of UTC: the one here that most of it lies in.
        86_400.. => clock.format(start + row / 2, "%a %-d %b"),
        1_800.. => clock.format(start, "%a %-d %H:%M"),
        _ => clock.format(start, "%H:%M"),
    }
}

/// The newest row that is drawn of anything that is not of an earlier time.
fn newest(template: &Template, drawn: &rows::Drawn) -> Option<usize> {
    let known = |n: usize, row: usize| template.data[n].shift.is_none() && drawn.values[n][row].is_finite();
    (0..drawn.span.rows()).rev().find(|row| (0..template.data.len()).any(|n| known(n, *row)))
}

/// Did any counter of it ever count anything? Of what is not known, a picture may well show something.
fn was_counted(template: &Template, readings: &[Reading]) -> bool {
    template.data.iter().any(|data| {
        let Source::Ds { protocol, ds, .. } = &data.source else { return false };
        let reading = readings.iter().find(|reading| reading.protocol == *protocol);
        reading.and_then(|reading| reading.source(ds)?.value).is_none_or(|value| value.moved)
    })
}

/// The times of which nothing is known: before counting began, and what was not read yet.
fn bands(template: &Template, values: &Values, span: Span, clock: &Clock) -> Vec<Band> {
    let own = (0..template.data.len()).filter(|n| template.data[*n].shift.is_none());
    let is_known = |row: usize| own.clone().any(|n| values.values[n][row].is_finite());
    let first = (0..span.rows()).find(|row| is_known(*row));
    let whole = (span.end - span.start) as f64;
    let band = |from: i64, to: i64, words: String| Band {
        left: per_cent((from - span.start) as f64, whole),
        width: per_cent((to - from) as f64, whole),
        words,
        is_wide: (to - from) as f64 > whole / 6.0,
    };
    let mut bands = Vec::new();
    let begins = first.map(|row| span.row_end(row) - span.row);
    let since = own.clone().filter_map(|n| values.since[n]).min();
    if let Some(begins) = begins.filter(|begins| *begins > span.start) {
        // Of the row in which counting began the later part is known.
        let begins = since.filter(|since| (begins..begins + span.row).contains(since)).unwrap_or(begins);
        bands.push(band(span.start, begins, "Not counted yet".to_owned()));
    }
    let horizon = values.edge.horizon.max(span.start);
    if span.end - horizon > 2 * span.row {
        bands.push(band(
            horizon,
            span.end,
            format!("Not read since {}", clock.format(values.edge.seen, "%a %-d %b %H:%M")),
        ));
    }
    bands
}

/// What is said instead of a picture: what was looked for, and since when.
fn nothing(subject: &Subject<'_>) -> Nothing {
    let Subject { template, readings, clock, .. } = *subject;
    let mut of: Vec<&Reading> = Vec::new();
    for name in template.protocols() {
        let reading = readings.iter().find(|reading| reading.protocol == name);
        if let Some(reading) = reading.filter(|reading| !of.iter().any(|o| o.protocol == reading.protocol)) {
            of.push(reading);
        }
    }
    let trouble = of.iter().find_map(|reading| reading.failed.as_ref().or(reading.unknown.as_ref()));
    let about: Vec<&str> = of.iter().map(|reading| reading.about).filter(|about| !about.is_empty()).collect();
    let about = if about.is_empty() { template.title.as_str().to_owned() } else { about.join(", and for ") };
    let since = of.iter().map(|reading| reading.since).filter(|since| *since > 0).min();
    let waits = was_counted(template, readings) && of.iter().any(|reading| !reading.waiting.is_empty());
    let why = match (trouble, since) {
        (Some(trouble), _) => format!("Not known: {trouble}"),
        _ if waits => {
            let what = "What was counted is not in the RRD yet".to_owned();
            let why =
                "It waits for an RRD, which is made or filled again by the next update or roll.".to_owned();
            return Nothing { what, why };
        }
        (None, Some(since)) => {
            let since = clock.format(since, "%a %-d %b %Y, %H:%M");
            format!("Looked for {about} since {since}; there was nothing of this.")
        }
        (None, None) => format!("Looked for {about}; there was nothing of this so far."),
    };
    Nothing { what: "Nothing counted yet".to_owned(), why: text::plain(&why) }
}

/// What the picture says, for who does not see it.
fn label(plot: &Plot) -> String {
    let mut label = format!("{}, {}, {}.", plot.title, plot.words, plot.unit);
    let first = |row: &legend::Row| row.cells.first().filter(|cell| !cell.is_empty()).cloned();
    let rows = plot.legend.rows.iter().filter_map(|row| Some(format!("{} {}", row.name, first(row)?)));
    let rows: Vec<String> = rows.collect();
    if let Some(column) = plot.legend.columns.first().filter(|_| !rows.is_empty()) {
        label += &format!(" {column}: {}.", rows.join(", "));
    }
    for band in &plot.bands {
        label += &format!(" {} for a part of it.", band.words);
    }
    label
}

//! Graphs in the terminal: the same templates, rows and numbers as of the pictures, as text.
//!
//! `detect` says what can be shown, `waiting` adds what is not in the RRD yet, `chart` puts a graph together:
//! `cell` makes a character, `raster` makes eighths and dots of the values, `scale` the axes, `table` the legend, `paint` the escape sequences.

mod cell;
mod chart;
mod detect;
mod paint;
mod raster;
mod scale;
mod table;
mod waiting;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use detect::{Depth, Terminal, WIDTHS, When, Wishes};

use crate::chart::files::Files;
use crate::chart::period::Stretch;
use crate::chart::template::{self, Template, UnknownGraph, check_names};
use crate::chart::{rows, scene, zone};
use crate::reading::Reading;
use chart::Chart;

/// What to show, and on what.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of graphs; empty: all that have data.
    pub names: Vec<String>,
    /// The time that is shown.
    pub stretch: Stretch,
    /// Every protocol, by its last commit: some of the templates come from what is counted.
    pub readings: Vec<Reading>,
    /// Templates that replace or join those of the binary.
    pub templates_dir: Option<PathBuf>,
    /// Unix seconds.
    pub now: i64,
    /// The host's name; may be empty.
    pub host: String,
    /// What is drawn on.
    pub terminal: Terminal,
    /// Lines of each chart, without axis and legend; none: what fits.
    pub height: Option<usize>,
}

/// The text that was drawn, and what could not be drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Lines for standard output.
    pub text: String,
    /// One line for each thing that could not be shown, with the reason. Everything else is in `text`.
    pub problems: Vec<String>,
}

/// Draws as text. `look` reads a protocol up to now, and is asked for those that are shown only, once each; it gives none
/// for a protocol that there is not.
///
/// # Errors
/// A name in `options.names` that no template has.
pub fn show(options: &Options, look: &mut dyn FnMut(&str) -> Option<Reading>) -> Result<Shown, UnknownGraph> {
    let (templates, problems) = template::load(options.templates_dir.as_deref(), &options.readings);
    check_names(&options.names, &templates, &problems)?;
    let mut shown = Shown { problems, ..Shown::default() };
    let (mut asked, mut readings) = (BTreeSet::new(), Vec::new());
    let wanted = |t: &&Template| options.names.is_empty() || options.names.contains(&t.name);
    let time = zone::stamp(options.now);
    let files = Files::default();
    for template in templates.iter().filter(wanted) {
        for protocol in template.protocols() {
            if asked.insert(protocol) {
                readings.extend(look(protocol));
            }
        }
        let is_drawn = |reading: &&Reading| template.protocols().any(|name| name == reading.protocol);
        let step = readings.iter().filter(is_drawn).map(|reading| i64::from(reading.step)).max();
        let window = options.stretch.window(options.now, step.unwrap_or(60), template.width);
        let span = window.span;
        let values = match rows::load(template, span, &readings, rows::Waiting::Added, &files) {
            Ok(values) => values,
            Err(problem) => {
                if !shown.problems.contains(&problem) {
                    shown.problems.push(problem);
                }
                continue;
            }
        };
        let values = waiting::add(template, span, values, &readings);
        if values.is_none() && options.names.is_empty() {
            continue;
        }
        if !shown.text.is_empty() {
            shown.text.push('\n');
        }
        let alone = options.names.len() == 1;
        let chart = Chart {
            template,
            window: &window,
            values: values.as_ref(),
            drawn: values.as_ref().map(|values| scene::drawn(template, values)).unwrap_or_default(),
            terminal: &options.terminal,
            exact: options.height,
            rows: height(template, &options.terminal, alone),
            host: &options.host,
            time: &time,
            zone: time.rsplit(' ').next().unwrap_or_default(),
        };
        for line in chart.lines() {
            line.write(&options.terminal, &mut shown.text);
        }
    }
    if shown.text.is_empty() && shown.problems.is_empty() {
        shown
            .text
            .push_str("no data yet: the first is there when a line was logged and maillogs update has run\n");
    }
    Ok(shown)
}

/// Lines of a chart that nobody has said: one fills the terminal, with the prompt below it; of several each is
/// moderate.
fn height(template: &Template, terminal: &Terminal, alone: bool) -> usize {
    match terminal.lines {
        Some(lines) if alone => lines.saturating_sub(Chart::others(template) + 1).clamp(6, 24),
        _ if alone => 12,
        _ => 10,
    }
}

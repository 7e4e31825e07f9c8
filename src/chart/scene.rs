//! What a picture shows of its template, now that the values are known: series without anything are left out, rules get
//! their level, rows their numbers. Pictures and the terminal draw from this.

use super::legend::{self, Stats};
use super::rows::Values;
use super::template::{Draw, Level, Shape, Source, Template};
use super::text;
use super::theme::{AREAS, Color};

/// A limit of at least this many times the highest value stands in the legend only. If it were drawn, everything else
/// would lie flat at the bottom of the picture.
const FAR: f64 = 3.0;

/// One element of the picture: it is drawn, or stands in the legend only.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    pub form: Form,
    /// The template's data whose numbers it tells; none for a rule.
    pub data: Option<usize>,
    pub color: Color,
    pub dashes: Option<[f64; 2]>,
    /// What its row of the legend is called; none: no row.
    pub legend: Option<String>,
    /// The numbers of its row; none for a rule.
    pub stats: Option<Stats>,
}

/// How it is drawn; `data` are indices of the template's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
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
        value: f64,
    },
    /// A row of the legend only.
    Row,
}

/// The elements of `template` that `values` has anything for, from back to front.
pub(crate) fn drawn(template: &Template, values: &Values) -> Vec<Drawn> {
    elements(template, values, |draw| stats(template, values, draw))
}

/// As [`drawn`], without any numbers of the legend.
pub(crate) fn without_stats(template: &Template, values: &Values) -> Vec<Drawn> {
    elements(template, values, |_| None)
}

fn elements(template: &Template, values: &Values, stats: impl Fn(&Draw) -> Option<Stats>) -> Vec<Drawn> {
    let mut all: Vec<Drawn> = Vec::new();
    for draw in &template.draw {
        if draw.optional && draw.shape.data().is_some_and(|data| is_empty(values, data)) {
            continue;
        }
        // Where counting began later, a line of the time before would be a name without anything.
        let earlier = draw.shape.data().filter(|data| template.data[*data].shift.is_some());
        if earlier.is_some_and(|data| values.values[data].iter().all(|value| value.is_nan())) {
            continue;
        }
        // What the first of a stack would stand on may have been left out.
        let on = |stack: bool| {
            stack && all.iter().any(|d| matches!(d.form, Form::Area { .. } | Form::Line { .. }))
        };
        let level = match draw.shape {
            Shape::Rule { value: Level::Last(data) } => last(template, values, data),
            _ => None,
        };
        let form = match draw.shape {
            Shape::Area { data, stack } => Form::Area { data, stack: on(stack) },
            Shape::Line { data, width, stack } => Form::Line { data, width, stack: on(stack) },
            Shape::Row { .. } => Form::Row,
            Shape::Rule { value: Level::At(value) } => Form::Rule { value },
            Shape::Rule { value: Level::Last(_) } => match level {
                None => continue,
                Some(value) if value <= highest(template, values) * FAR => Form::Rule { value },
                Some(_) => Form::Row,
            },
        };
        let legend = draw.legend.as_ref().map(|legend| {
            let plain = text::plain(legend);
            level.map_or(plain.clone(), |level| format!("{plain} {}", legend::number(level, 0, 1e9)))
        });
        all.push(Drawn {
            form,
            data: draw.shape.data(),
            color: untaken(&draw.color, form, &all),
            dashes: draw.dashes,
            legend,
            stats: stats(draw),
        });
    }
    all
}

/// The colour of an area: its own, unless another area of the picture has that already. A template may give one to two
/// series of which it expects that one is left out; where both are there, they could touch, and the legend would have
/// the colour twice.
fn untaken(own: &Color, form: Form, before: &[Drawn]) -> Color {
    let Form::Area { stack: true, .. } = form else { return own.clone() };
    let areas = before.iter().filter(|drawn| matches!(drawn.form, Form::Area { .. }));
    let taken: Vec<&Color> = areas.map(|drawn| &drawn.color).collect();
    let is_taken = |color: &Color| taken.iter().any(|taken| taken.looks_like(color));
    if !is_taken(own) {
        return own.clone();
    }
    let others = AREAS.iter().filter_map(|name| Color::parse(name).ok());
    let free = others.clone().find(|color| !is_taken(color));
    // Of more series than colours at least neighbours differ.
    let is_other = |color: &Color| !taken.last().is_some_and(|last| last.looks_like(color));
    free.or_else(|| others.clone().find(is_other)).unwrap_or_else(|| own.clone())
}

/// The numbers of one row of the legend.
fn stats(template: &Template, values: &Values, draw: &Draw) -> Option<Stats> {
    let data = draw.shape.data()?;
    let peaks = draw.max.map(|max| values.values[max].as_slice());
    let weights = match template.data[data].source {
        Source::Mean { per, .. } => Some(values.values[per].as_slice()),
        _ => None,
    };
    let factor = template.factor_of(data);
    let mut stats =
        legend::stats(&values.values[data], peaks, weights, factor, values.span, values.edge(data));
    if !template.data[data].rate {
        stats.total = None;
    }
    Some(stats)
}

/// Is there nothing but 0 and what is not known?
fn is_empty(values: &Values, data: usize) -> bool {
    values.values[data].iter().all(|value| value.is_nan() || *value == 0.0)
}

/// The last value above 0 that is drawn of `data`.
fn last(template: &Template, values: &Values, data: usize) -> Option<f64> {
    let known = values.values[data].iter().rev().find(|value| value.is_finite() && **value > 0.0);
    known.map(|value| value * template.factor_of(data))
}

/// The highest value that areas and lines show.
fn highest(template: &Template, values: &Values) -> f64 {
    let shapes = template.draw.iter().map(|draw| match draw.shape {
        Shape::Area { data, stack } => Some(Form::Area { data, stack }),
        Shape::Line { data, width, stack } => Some(Form::Line { data, width, stack }),
        _ => None,
    });
    extent(template, values, shapes.flatten()).1
}

/// The lowest and the highest value of what is drawn.
pub(crate) fn extent(template: &Template, values: &Values, forms: impl Iterator<Item = Form>) -> (f64, f64) {
    let (mut lowest, mut highest) = (0.0_f64, 0.0_f64);
    let mut stacked = vec![0.0; values.span.rows()];
    for form in forms {
        match form {
            Form::Area { data, stack } | Form::Line { data, stack, .. } => {
                let factor = template.factor_of(data);
                let horizon = values.edge(data).horizon;
                let drawn = (0..values.span.rows()).take_while(|row| values.span.row_end(*row) <= horizon);
                for row in drawn {
                    let (base, value) = (&mut stacked[row], values.values[data][row]);
                    let value = if value.is_finite() { value * factor } else { 0.0 };
                    *base = if stack { *base + value } else { value };
                    lowest = lowest.min(*base);
                    highest = highest.max(*base);
                }
            }
            Form::Rule { value } => {
                lowest = lowest.min(value);
                highest = highest.max(value);
            }
            Form::Row => {}
        }
    }
    (lowest, highest)
}

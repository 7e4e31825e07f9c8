//! What is drawn of a template, as paths: parts of a stack as sums, the highest first, so that the next one covers the rest of it.

use serde::Serialize;

use super::curve::{self, Units};
use super::rows::Drawn;
use crate::chart::axis::{Axis, axis};
use crate::chart::scene::{self, Form};
use crate::chart::template::Template;
use crate::page::colours;

/// A path of the picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Path {
    /// Classes of CSS: how it is drawn, and its colours.
    pub class: String,
    /// Its shape, as `curve` writes it.
    pub d: String,
    /// The path that it stands on in a stack, by its number.
    pub on: Option<usize>,
    /// The width of a line, and its dashes, in pixels; empty: none.
    pub width: String,
    pub dashes: String,
}

/// All paths, and what is needed to place them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shapes {
    pub axis: Axis,
    /// The power of ten that one unit is.
    pub exponent: i32,
    /// The lower and the upper end of the picture, in units.
    pub lower: i64,
    pub upper: i64,
    pub paths: Vec<Path>,
    /// For each element of the scene the path that shows it.
    pub path_of: Vec<Option<usize>>,
    /// For each path the units of each row: of a part of a stack the sum up to it.
    pub units: Vec<Units>,
}

/// An element that has rows.
struct Element {
    /// Its number in the scene.
    of: usize,
    data: usize,
    form: Form,
    /// What it is worth by itself in each row.
    rows: Vec<f64>,
    /// The element that it stands on.
    on: Option<usize>,
    /// The pale area under it, where that is drawn by the same path.
    pale: Option<String>,
}

/// The paths of `scene`, of which `drawn` has the rows. `calm` says how many of them an earlier time is averaged over, `least` how
/// many units there are at least from the lower end of the picture to its upper one.
pub(super) fn shapes(
    template: &Template,
    scene: &[scene::Drawn],
    drawn: &Drawn,
    calm: usize,
    least: f64,
) -> Shapes {
    let rows = drawn.span.rows();
    let elements = elements(template, scene, drawn, calm);

    // How high everything is, before there are units.
    let mut sums: Vec<Vec<f64>> = Vec::new();
    let (mut lowest, mut highest) = (0.0_f64, 0.0_f64);
    for element in &elements {
        let below = element.on.map(|on| sums[on].clone());
        let sum: Vec<f64> = (0..rows)
            .map(|row| {
                let own = Some(element.rows[row]).filter(|value| value.is_finite()).unwrap_or(0.0);
                below.as_ref().map_or(0.0, |below| below[row]) + own
            })
            .collect();
        lowest = sum.iter().copied().fold(lowest, f64::min);
        highest = sum.iter().copied().fold(highest, f64::max);
        sums.push(sum);
    }
    for drawn in scene {
        if let Form::Rule { value } = drawn.form {
            lowest = lowest.min(value);
            highest = highest.max(value);
        }
    }
    let axis = axis(lowest, highest);
    #[allow(clippy::cast_possible_truncation)] // between -20 and 20
    let exponent = ((axis.upper - axis.lower) / least).log10().floor() as i32;
    let unit = |value: f64| units(value, exponent);

    let mut shapes = Shapes {
        lower: unit(axis.lower),
        upper: unit(axis.upper),
        exponent,
        axis,
        paths: Vec::new(),
        path_of: vec![None; scene.len()],
        units: Vec::new(),
    };
    // Parts are rounded, and then added: what is read of a part is the part, to half a unit.
    let mut bases: Vec<Vec<i64>> = Vec::new();
    let mut known: Vec<Units> = Vec::new();
    for element in &elements {
        let parts: Units = element.rows.iter().map(|v| v.is_finite().then(|| unit(*v))).collect();
        let below = element.on.map_or_else(|| vec![0; rows], |on| bases[on].clone());
        let sum: Vec<i64> = below.iter().zip(&parts).map(|(below, part)| below + part.unwrap_or(0)).collect();
        known.push(sum.iter().zip(&parts).map(|(sum, part)| part.map(|_| *sum)).collect());
        bases.push(sum);
    }
    let falls = falls(&elements, &bases);
    for (at, draw) in order(&elements, scene, &falls) {
        match at {
            Place::Rule(value) => shapes.paths.push(Path {
                class: format!("ln {}", colours::class(&scene[draw].color)),
                d: curve::level(unit(value), rows),
                on: None,
                width: "1".to_owned(),
                dashes: dashes(scene[draw].dashes),
            }),
            Place::Element(n) => {
                shapes.paths.push(path(&elements, n, &scene[draw], &known[n], &bases, falls[n]));
            }
        }
        shapes.path_of[draw] = Some(shapes.paths.len() - 1);
        shapes.units.push(match at {
            Place::Rule(_) => Vec::new(),
            Place::Element(n) => known[n].clone(),
        });
    }
    // What an element stands on is known by its number in the picture now.
    for element in &elements {
        let on = element.on.and_then(|on| shapes.path_of[elements[on].of]);
        if let Some(path) = shapes.path_of[element.of] {
            shapes.paths[path].on = on;
        }
    }
    shapes
}

/// `value` in units of this power of ten.
pub(super) fn units(value: f64, exponent: i32) -> i64 {
    #[allow(clippy::cast_possible_truncation)] // it saturates
    let units = (value / 10_f64.powi(exponent)).round() as i64;
    units.clamp(-1_000_000_000_000_000, 1_000_000_000_000_000)
}

/// What of the scene has rows and is drawn: an outline without a name, and a pale area under a line, are drawn by the path
/// that has the same rows.
fn elements(template: &Template, scene: &[scene::Drawn], drawn: &Drawn, calm: usize) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    // The last element that was drawn, which the next one may stand on.
    let mut last: Option<usize> = None;
    for (of, draw) in scene.iter().enumerate() {
        let (data, stack, is_line) = match draw.form {
            Form::Area { data, stack } => (data, stack, false),
            Form::Line { data, stack, .. } => (data, stack, true),
            Form::Rule { .. } | Form::Row => continue,
        };
        let is_outline = is_line
            && !stack
            && draw.legend.is_none()
            && elements.iter().any(|e| e.data == data && matches!(e.form, Form::Area { .. }));
        if is_outline {
            last = elements.iter().position(|e| e.data == data);
            continue;
        }
        let stands_alone = |n: usize, elements: &[Element]| !elements.iter().any(|e| e.on == Some(n));
        let under = elements.iter().position(|e| {
            let is_pale = matches!(e.form, Form::Area { stack: false, .. }) && scene[e.of].legend.is_none();
            is_line && !stack && is_pale && e.data == data && draw.dashes.is_none()
        });
        if let Some(under) = under.filter(|under| stands_alone(*under, &elements)) {
            // It is drawn where the line is.
            elements[under].pale = Some(colours::class(&scene[elements[under].of].color));
            elements[under].of = of;
            elements[under].form = draw.form;
            last = Some(under);
            continue;
        }
        let is_earlier = template.data[data].shift.is_some();
        let rows = match is_earlier && is_line {
            true => drawn.calm(data, calm),
            false => drawn.values[data].clone(),
        };
        let on = last.filter(|_| stack);
        elements.push(Element { of, data, form: draw.form, rows, on, pale: None });
        last = Some(elements.len() - 1);
    }
    elements
}

#[derive(Clone, Copy)]
enum Place {
    Element(usize),
    Rule(f64),
}

/// In which order everything is painted, each with its number in the scene: as in the template, but the areas of a stack from
/// its top down, and the lines of it upon them. `falls` says of an element whether its stack needs no such order.
fn order(elements: &[Element], scene: &[scene::Drawn], falls: &[bool]) -> Vec<(Place, usize)> {
    let mut order: Vec<(Place, usize)> = Vec::new();
    let mut painted = vec![false; elements.len()];
    for (of, draw) in scene.iter().enumerate() {
        if let Form::Rule { value } = draw.form {
            order.push((Place::Rule(value), of));
            continue;
        }
        let Some(first) = elements.iter().position(|e| e.of == of).filter(|first| !painted[*first]) else {
            continue;
        };
        let stack = above(elements, first);
        let is_area = |n: &&usize| matches!(elements[**n].form, Form::Area { .. });
        let mut areas: Vec<usize> = stack.iter().filter(is_area).copied().collect();
        if !falls[first] {
            areas.reverse();
        }
        let lines = stack.iter().filter(|n| !is_area(n)).copied();
        for n in areas.into_iter().chain(lines) {
            painted[n] = true;
            order.push((Place::Element(n), elements[n].of));
        }
    }
    order
}

/// Element `first`, what stands on it, what stands on that, and so on.
fn above(elements: &[Element], first: usize) -> Vec<usize> {
    let mut stack = vec![first];
    while let Some(next) = elements.iter().position(|e| e.on.is_some() && e.on == stack.last().copied()) {
        stack.push(next);
    }
    stack
}

/// Of each element: does a part of its stack take something off? A sum covers what lies under it only where none does.
fn falls(elements: &[Element], bases: &[Vec<i64>]) -> Vec<bool> {
    let mut falls = vec![false; elements.len()];
    for first in (0..elements.len()).filter(|n| elements[*n].on.is_none()) {
        let stack = above(elements, first);
        let steps = stack.windows(2).map(|pair| (&bases[pair[0]], &bases[pair[1]]));
        let is_below_zero = stack.len() > 1 && bases[first].iter().any(|base| *base < 0);
        if is_below_zero
            || steps.into_iter().any(|(low, high)| low.iter().zip(high).any(|(low, high)| high < low))
        {
            stack.iter().for_each(|n| falls[*n] = true);
        }
    }
    falls
}

/// The path of element `n`.
fn path(
    elements: &[Element],
    n: usize,
    draw: &scene::Drawn,
    known: &Units,
    bases: &[Vec<i64>],
    falls: bool,
) -> Path {
    let element = &elements[n];
    let color = colours::class(&draw.color);
    let is_stacked = element.on.is_some() || elements.iter().any(|e| e.on == Some(n));
    let width = match element.form {
        Form::Line { width, .. } => format!("{width}"),
        _ => String::new(),
    };
    let is_line = matches!(element.form, Form::Line { .. });
    let class = match (&element.pale, is_line, is_stacked) {
        (Some(pale), ..) => format!("ln {color} on {pale}-fill"),
        (None, true, _) => format!("ln {color}"),
        (None, false, true) => format!("st {color}"),
        (None, false, false) => format!("ar {color}"),
    };
    let d = match (is_line && element.pale.is_none(), element.on) {
        (true, _) => curve::line(known),
        (false, Some(on)) if falls => curve::band(known, &bases[on]),
        (false, _) => curve::area(known),
    };
    Path { class, d, on: None, width, dashes: dashes(draw.dashes) }
}

fn dashes(dashes: Option<[f64; 2]>) -> String {
    dashes.map_or_else(String::new, |[on, off]| format!("{on} {off}"))
}

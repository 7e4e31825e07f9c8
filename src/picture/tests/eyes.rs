//! Series that touch, or cross, are told apart by people who do not see red or green.
//!
//! The colours as they stand on the canvas go through the matrices of Machado, Oliveira and Fernandes (2009) for
//! protanopia and deuteranopia (severity 1, linear RGB); what is left must differ by [`APART`] in CIELAB (1976). A
//! difference of 2.3 is just seen between large fields side by side. A boundary of a few pixels and a box of the
//! legend, found again in the picture, want a multiple of it: 12 is five times that.

use std::fmt::Write;

use super::decoded::{Rgb, blend, canvas, colour};
use super::*;
use crate::chart::template::{Draw, Shape};

const APART: f64 = 12.0;

type Matrix = [[f64; 3]; 3];

const PROTANOPIA: Matrix =
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
const DEUTERANOPIA: Matrix =
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
/// From linear sRGB to XYZ of D65.
const XYZ: Matrix =
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]];

fn times(matrix: Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// CIELAB of `rgb` as such an eye sees it.
fn seen(rgb: Rgb, eye: Matrix) -> [f64; 3] {
    let linear = rgb.map(|byte| {
        let value = f64::from(byte) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let xyz = times(XYZ, times(eye, linear).map(|value| value.clamp(0.0, 1.0)));
    let white = [0.95047, 1.0, 1.08883];
    let [x, y, z] = std::array::from_fn(|n| {
        let ratio: f64 = xyz[n] / white[n];
        if ratio > 216.0 / 24_389.0 { ratio.cbrt() } else { ratio * 24_389.0 / 3_132.0 + 16.0 / 116.0 }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn difference(a: Rgb, b: Rgb, eye: Matrix) -> f64 {
    let (a, b) = (seen(a, eye), seen(b, eye));
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Each two that must not be mistaken: neighbours in a stack, also where one optional series between them is
/// left out, and lines. A dashed line is told from one that is not by its dashes, a rule of the same colour too.
fn pairs(draw: &[Draw]) -> Vec<(&Draw, &Draw)> {
    let named = |draw: &&Draw| draw.legend.is_some();
    let areas: Vec<&Draw> =
        draw.iter().filter(|d| matches!(d.shape, Shape::Area { .. })).filter(named).collect();
    let mut pairs = Vec::new();
    for (n, upper) in areas.iter().enumerate().skip(1) {
        if matches!(upper.shape, Shape::Area { stack: true, .. }) {
            pairs.push((areas[n - 1], *upper));
            if n > 1 && areas[n - 1].optional {
                pairs.push((areas[n - 2], *upper));
            }
        }
    }
    let is_line = |d: &&Draw| matches!(d.shape, Shape::Line { .. } | Shape::Rule { .. });
    let lines: Vec<&Draw> = draw.iter().filter(is_line).collect();
    for (n, one) in lines.iter().enumerate() {
        let others = lines[n + 1..].iter().filter(|other| other.dashes.is_some() == one.dashes.is_some());
        pairs.extend(others.map(|other| (*one, *other)));
    }
    pairs
}

#[test]
fn neighbours_are_told_apart_without_red_and_green() {
    let (templates, _) = template::load(None, &[]);
    let (mut told, mut compared) = (String::new(), 0);
    for template in &templates {
        for (one, other) in pairs(&template.draw) {
            for theme in Theme::ALL {
                let on_canvas = |draw: &Draw| blend(canvas(theme), colour(draw.color.in_theme(theme)));
                for (name, eye) in [("protanopia", PROTANOPIA), ("deuteranopia", DEUTERANOPIA)] {
                    compared += 1;
                    let apart = difference(on_canvas(one), on_canvas(other), eye);
                    if apart < APART {
                        let (one, other) = (&one.legend, &other.legend);
                        let (graph, theme) = (&template.name, theme.name());
                        writeln!(told, "{graph}, {theme}, {name}: {one:?} and {other:?}: {apart:.1}")
                            .unwrap();
                    }
                }
            }
        }
    }
    assert!(told.is_empty(), "less than {APART} apart:\n{told}");
    assert!(compared > 100, "{compared}");
}

/// A line of an earlier time crosses everything, and is seen upon everything: the canvas, and each area with a name.
#[test]
fn an_earlier_line_is_seen_on_every_area() {
    let (templates, _) = template::load(None, &[]);
    let (mut told, mut compared) = (String::new(), 0);
    for template in &templates {
        let is_earlier = |d: &&Draw| d.shape.data().is_some_and(|data| template.data[data].shift.is_some());
        for line in template.draw.iter().filter(is_earlier) {
            for theme in Theme::ALL {
                let areas = template.draw.iter().filter(|d| matches!(d.shape, Shape::Area { .. }));
                let areas = areas.map(|area| blend(canvas(theme), colour(area.color.in_theme(theme))));
                for behind in std::iter::once(canvas(theme)).chain(areas) {
                    for eye in [PROTANOPIA, DEUTERANOPIA] {
                        compared += 1;
                        let apart =
                            difference(blend(behind, colour(line.color.in_theme(theme))), behind, eye);
                        if apart < APART {
                            let (graph, theme) = (&template.name, theme.name());
                            writeln!(told, "{graph}, {theme}: on {behind:?}: {apart:.1}").unwrap();
                        }
                    }
                }
            }
        }
    }
    assert!(told.is_empty(), "less than {APART} apart:\n{told}");
    assert!(compared > 100, "{compared}");
}

/// The outline of an area says where it ends, and no more: it is not as far from the area as the area from the canvas,
/// and where it is the brighter of the two not half as far.
#[test]
fn an_outline_is_quieter_than_its_area() {
    let (templates, _) = template::load(None, &[]);
    let mut compared = 0;
    for template in &templates {
        for line in template.draw.iter().filter(|d| d.legend.is_none()) {
            let Shape::Line { data, .. } = line.shape else { continue };
            let is_its = |d: &&Draw| matches!(d.shape, Shape::Area { data: of, .. } if of == data);
            let Some(area) = template.draw.iter().filter(is_its).find(|d| d.legend.is_some()) else {
                continue;
            };
            for theme in Theme::ALL {
                let area = blend(canvas(theme), colour(area.color.in_theme(theme)));
                let line = blend(area, colour(line.color.in_theme(theme)));
                for eye in [PROTANOPIA, DEUTERANOPIA] {
                    compared += 1;
                    let (step, height) = (difference(line, area, eye), difference(area, canvas(theme), eye));
                    let (graph, theme) = (&template.name, theme.name());
                    let most = if theme == "dark" { 0.4 } else { 0.75 };
                    assert!(step < most * height, "{graph}, {theme}: {step:.1} of {height:.1}");
                    assert!(step > 5.0, "{graph}, {theme}: an outline that nobody sees: {step:.1}");
                }
            }
        }
    }
    assert!(compared >= 16, "{compared}");
}

/// The measure itself: white and black are 100 apart to every eye, a pure red and a green of its luminance are one
/// colour to few.
#[test]
fn the_measure_measures() {
    for eye in [PROTANOPIA, DEUTERANOPIA] {
        assert!((difference([0; 3], [255; 3], eye) - 100.0).abs() < 0.1);
        assert!(difference([255, 0, 0], [0, 0, 255], eye) > 60.0);
    }
    let usual = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let (red, green) = ([0xb0, 0x50, 0x30], [0x60, 0x78, 0x28]);
    assert!(difference(red, green, DEUTERANOPIA) < difference(red, green, usual) / 2.0);
}

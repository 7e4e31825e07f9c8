//! What a picture in a page says is what was counted, read off its paths again.

mod clocks;
pub(crate) mod real;

use minijinja::{AutoEscape, Environment, context};

use super::*;
use crate::chart::rows::Edge;
use crate::chart::template;
use crate::reading::{Counter, DefinedBy, Measure, Value};

/// 2026-11-23 11:45 UTC, the end of a row of any picture but those of a month and a year.
pub(crate) const END: i64 = 1_795_434_300;

/// A template, from what stands behind its head.
pub(super) fn template(data_and_draw: &str) -> Template {
    let head = "title = \"T\"\nprotocol = \"send\"\nunit = \"n\"\nper = \"min\"\ncolumns = [\"total\", \"avg\", \"max\"]\n";
    template::parse("t", "t.toml", &(head.to_owned() + data_and_draw), None, &[]).unwrap()
}

/// Values of a day, each row 300 seconds, in rates a second; those that are lacking at the beginning are unknown.
fn day(template: &Template, columns: &[Vec<f64>]) -> Values {
    let span = Period::Day.span(END, 60);
    let edge = Edge { last_update: END, seen: END, horizon: END, since: None };
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (n, data) in template.data.iter().enumerate() {
        values.push(match &data.source {
            Source::Ds { .. } => {
                let mut column = vec![f64::NAN; span.rows() - columns[n].len()];
                column.extend(&columns[n]);
                column
            }
            Source::Rpn(rpn) | Source::Mean { rpn, .. } => rpn.rows(span.rows(), |data| &values[data]),
        });
    }
    let many = template.data.len();
    Values {
        span,
        filled: vec![None; many],
        values,
        edge,
        since: vec![None; many],
        shifts: vec![Some(0); many],
        held: Vec::new(),
    }
}

pub(super) fn drawn(template: &Template, values: Option<&Values>, size: Size, readings: &[Reading]) -> Plot {
    let period = Period::Day;
    let span = period.span(END, 60);
    let clock = Clock::of(span.start, span.end, |_| 0);
    plot(&Subject { template, period, span, values, readings, clock: &clock, size })
}

/// The values of a path, one for each row: what a reader of SVG makes of it who knows nothing of us.
pub(super) fn read(d: &str, rows: usize) -> Vec<Option<i64>> {
    let mut values = vec![None; rows];
    let (mut x, mut y) = (0_usize, 0_i64);
    let mut rest = d;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1);
        let numbers: Vec<i64> = rest[1..end].split_whitespace().map(|n| n.parse().unwrap()).collect();
        match (command, numbers.as_slice()) {
            ('M', [to_x, to_y]) => (x, y) = (usize::try_from(*to_x).unwrap(), *to_y),
            ('V', [to]) => y = *to,
            ('v', [by]) => y += by,
            ('h', [count]) if *count > 0 => {
                for _ in 0..*count {
                    values[x] = Some(y);
                    x += 1;
                }
            }
            ('h', [count]) => x -= usize::try_from(-count).unwrap(),
            other => panic!("{other:?} in {d}"),
        }
        rest = &rest[end..];
    }
    assert!(x <= rows);
    values
}

/// The value of a row of the legend at a row of the picture, as the script of the page reads it.
pub(super) fn value(plot: &Plot, name: &str, row: usize) -> Option<f64> {
    let legend = plot.legend.rows.iter().find(|r| r.name == name).expect(name);
    let units = |path: usize| read(&plot.paths[path].d, plot.rows)[row];
    let part = |path: usize| {
        let own = units(path)?;
        let mut below = plot.paths[path].on;
        while let Some(on) = below {
            if let Some(under) = units(on) {
                return Some(own - under);
            }
            below = plot.paths[on].on;
        }
        Some(own)
    };
    let parts = legend.paths.split_whitespace().filter_map(|path| part(path.parse().unwrap()));
    parts.reduce(|a, b| a + b).map(|units| units as f64 * 10_f64.powi(plot.exponent))
}

pub(crate) fn html(plot: &Plot) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("plot.html", include_str!("../../../templates/page/plot.html")).unwrap();
    environment.get_template("plot.html").unwrap().render(context! { plot }).unwrap()
}

const STACK: &str = r#"
    data = [{ name = "a", ds = "a" }, { name = "b", ds = "b" }, { name = "c", ds = "c" }]
    draw = [
      { area = "a", color = "good", legend = "A" },
      { area = "b", color = "warn", legend = "B", stack = true },
      { area = "c", color = "bad", legend = "C", stack = true },
      { line = "a", color = "good-line" },
      { hrule = 90.0, color = "grey", dashes = [4, 3], legend = "Limit" },
    ]"#;

fn stack() -> Template {
    template(STACK)
}

/// Rates for so many counts in each row of five minutes.
fn rates(counts: impl IntoIterator<Item = u32>) -> Vec<f64> {
    counts.into_iter().map(|count| f64::from(count) / 300.0).collect()
}

#[test]
fn parts_are_painted_as_sums_and_read_as_parts() {
    let template = template(STACK);
    let counts: [Vec<u32>; 3] = [7, 3, 11].map(|n| (0..288).map(|row| row * n % 97).collect());
    let values = day(&template, &counts.clone().map(rates));
    let plot = drawn(&template, Some(&values), Size::Big, &[]);
    // The highest sum first, and no outline of what has one.
    let classes: Vec<&str> = plot.paths.iter().map(|path| path.class.as_str()).collect();
    assert_eq!(classes, ["st bad", "st warn", "st good", "ln grey"]);
    assert_eq!(plot.paths.iter().map(|path| path.on).collect::<Vec<_>>(), [Some(1), Some(2), None, None]);
    assert_eq!((plot.paths[3].dashes.as_str(), plot.exponent), ("4 3", -1));
    for row in 0..288 {
        for (name, counts) in ["A", "B", "C"].iter().zip(&counts) {
            let expected = f64::from(counts[row]) / 5.0;
            let read = value(&plot, name, row).unwrap();
            assert!((read - expected).abs() < 0.005 + 1e-9, "{name} {row}: {read}, {expected}");
        }
        let all: u32 = counts.iter().map(|counts| counts[row]).sum();
        let top = read(&plot.paths[0].d, 288)[row].unwrap();
        assert!((top as f64 / 10.0 - f64::from(all) / 5.0).abs() < 1e-9, "{row}");
        assert!((value(&plot, "All", row).unwrap() - f64::from(all) / 5.0).abs() < 0.02, "{row}");
    }
    // As many as were counted, and what share each is.
    let cells = |name: &str| plot.legend.rows.iter().find(|row| row.name == name).unwrap().cells.clone();
    let sums: Vec<u32> = counts.iter().map(|counts| counts.iter().sum()).collect();
    let whole: u32 = sums.iter().sum();
    let grouped = |n: u32| format!("{},{:03}", n / 1_000, n % 1_000);
    for (name, sum) in ["A", "B", "C"].iter().zip(&sums) {
        let share = format!("{:.1}\u{202f}%", f64::from(*sum) * 100.0 / f64::from(whole));
        assert_eq!(cells(name)[..2], [grouped(*sum), share], "{name}");
    }
    assert_eq!(cells("All")[..2], [grouped(whole), String::new()]);
    assert_eq!(plot.legend.columns, ["Total", "Share", "Avg", "Max"]);
}

#[test]
fn what_is_unknown_is_a_gap_and_no_zero() {
    let template = template(STACK);
    let mut a = rates([0; 100]);
    a[40] = f64::NAN;
    let mut b = rates([30; 100]);
    b[60] = f64::NAN;
    b[40] = f64::NAN;
    let mut c = rates([15; 100]);
    c[40] = f64::NAN;
    let values = day(&template, &[a, b, c]);
    let plot = drawn(&template, Some(&values), Size::Big, &[]);
    let at = |name, row: usize| value(&plot, name, 188 + row);
    assert_eq!((at("A", 39), at("B", 39), at("C", 39)), (Some(0.0), Some(6.0), Some(3.0)));
    assert_eq!((at("A", 40), at("B", 40), at("C", 40), at("All", 40)), (None, None, None, None));
    // Of one part nothing is known: the others are, and stand upon what is.
    assert_eq!(
        (at("A", 60), at("B", 60), at("C", 60), at("All", 60)),
        (Some(0.0), None, Some(3.0), Some(3.0))
    );
    assert!((0..188).all(|row| value(&plot, "A", row).is_none()));
    // The time before is said to be unknown: 188 rows of 288.
    assert_eq!(plot.bands.len(), 1, "{:?}", plot.bands);
    let band = &plot.bands[0];
    let expected = ("0", "65.28", "Not counted yet", true);
    assert_eq!((band.left.as_str(), band.width.as_str(), band.words.as_str(), band.is_wide), expected);
    assert!(plot.label.contains("Not counted yet"), "{}", plot.label);
}

#[test]
fn what_was_not_read_is_hatched_and_not_zero() {
    let template = template(STACK);
    let mut values = day(&template, &[(); 3].map(|()| rates([15; 288])));
    values.edge = Edge { last_update: END - 30_000, seen: END - 30_000, horizon: END - 30_000, since: None };
    let plot = drawn(&template, Some(&values), Size::Big, &[]);
    assert_eq!(plot.newest, Some(187));
    assert_eq!((value(&plot, "A", 187), value(&plot, "A", 188)), (Some(3.0), None));
    let band = &plot.bands[0];
    let expected = ("65.28", "34.72", "Not read since Mon 23 Nov 03:25");
    assert_eq!((band.left.as_str(), band.width.as_str(), band.words.as_str()), expected);
    assert_eq!(plot.at, "03:20");
}

#[test]
fn a_part_that_takes_something_off_is_drawn_as_a_band() {
    let template = template(STACK);
    let down = (0..288).map(|row| if row % 2 == 0 { -0.05 } else { 0.05 }).collect();
    let values = day(&template, &[rates([50; 288]), down, rates([5; 288])]);
    let plot = drawn(&template, Some(&values), Size::Big, &[]);
    let classes: Vec<&str> = plot.paths.iter().map(|path| path.class.as_str()).collect();
    // What stands on another is painted after it then.
    assert_eq!(classes, ["st good", "st warn", "st bad", "ln grey"]);
    for row in 0..288 {
        let expected = if row % 2 == 0 { -3.0 } else { 3.0 };
        let read = [value(&plot, "A", row), value(&plot, "B", row), value(&plot, "C", row)];
        assert_eq!(read, [Some(10.0), Some(expected), Some(1.0)], "{row}");
    }
    assert!(plot.paths[1].d.contains("h-1"), "{}", plot.paths[1].d);
}

#[test]
fn values_below_zero_have_their_place() {
    let template = template(
        r#"data = [{ name = "a", ds = "a" }]
        draw = [{ area = "a", color = "blue-pale" }, { line = "a", color = "blue", width = 1.6, legend = "A" }]"#,
    );
    let values = day(&template, &[(0..288).map(|row| if row < 144 { -0.5 } else { 1.0 }).collect()]);
    let plot = drawn(&template, Some(&values), Size::Big, &[]);
    // One path is the line and the pale area under it.
    assert_eq!(plot.paths.len(), 1);
    assert_eq!(plot.paths[0].class, "ln blue on blue-pale-fill");
    assert_eq!(plot.paths[0].width, "1.6");
    assert_eq!((value(&plot, "A", 0), value(&plot, "A", 287)), (Some(-30.0), Some(60.0)));
    let zero: f64 = plot.zero.parse().unwrap();
    let label =
        |text: &str| plot.y.iter().find(|tick| tick.label == text).unwrap().at.parse::<f64>().unwrap();
    assert!((label("0") - zero).abs() < 0.02 && label("-20") < zero && label("60") > zero, "{:?}", plot.y);
    // From top to bottom of the picture: what lies between its ends.
    let view: Vec<i64> = plot.view.split(' ').map(|n| n.parse().unwrap()).collect();
    assert!(view[3] > plot.top && plot.top > 0, "{view:?} {}", plot.top);
    let css = plot.colours.css();
    assert!(css.contains(".blue-pale-fill{--f:") && css.contains(".blue{--c:"), "{css}");
}

#[test]
fn a_small_picture_has_a_third_of_the_rows_and_a_short_legend() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let data: String = names.map(|name| format!("{{ name = \"{name}\", ds = \"{name}\" }},")).concat();
    let draw: String = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            format!(
                "{{ area = \"{name}\", color = \"#{n}{n}0000\", legend = \"{}\", stack = {} }},",
                name.to_uppercase(),
                n > 0
            )
        })
        .collect();
    let template =
        Template { parts: "lists".into(), ..template(&format!("data = [{data}]\ndraw = [{draw}]")) };
    // The second and the fifth are the smallest, and the last two come next.
    let sizes = [60_u32, 5, 50, 40, 10, 30, 20];
    let counts: Vec<Vec<u32>> =
        sizes.iter().map(|size| (0..288).map(|row| size + row * size % 13).collect()).collect();
    let columns: Vec<Vec<f64>> = counts.iter().map(|counts| rates(counts.clone())).collect();
    let values = day(&template, &columns);
    let plot = drawn(&template, Some(&values), Size::Small, &[]);
    assert_eq!((plot.rows, plot.row, plot.paths.len()), (96, 900, 7));
    let rows: Vec<&str> = plot.legend.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows, ["A", "C", "D", "F", "3 more lists"]);
    let rest = [1, 4, 6];
    let half = 10_f64.powi(plot.exponent) / 2.0 + 1e-9;
    for row in 0..96 {
        let of = |n: usize| f64::from(counts[n][3 * row..3 * row + 3].iter().sum::<u32>()) / 15.0;
        for (name, n) in [("A", 0), ("C", 2), ("D", 3), ("F", 5)] {
            assert!((value(&plot, name, row).unwrap() - of(n)).abs() <= half, "{name} {row}");
        }
        let all: f64 = rest.iter().map(|n| of(*n)).sum();
        assert!((value(&plot, "3 more lists", row).unwrap() - all).abs() <= 3.0 * half, "{row}");
    }
    // A large one of as many curves has half of the rows, and all of them where there are few.
    let many = drawn(&template, Some(&values), Size::Big, &[]);
    assert_eq!((many.rows, many.row), (144, 600));
    let few = stack();
    let few = drawn(&few, Some(&day(&few, &columns[..3])), Size::Big, &[]);
    assert_eq!((few.rows, few.row), (288, 300));
    // Totals of five digits have room on a phone, those of seven have not.
    let much: Vec<Vec<f64>> =
        columns[..3].iter().map(|rates| rates.iter().map(|r| r * 100.0).collect()).collect();
    let much = drawn(&stack(), Some(&day(&stack(), &much)), Size::Big, &[]);
    assert!(!few.legend.is_long && much.legend.is_long, "{:?} {:?}", few.legend, much.legend);
    let last = plot.legend.rows.last().unwrap();
    let total: u32 = rest.iter().map(|n| counts[*n].iter().sum::<u32>()).sum();
    assert_eq!(last.cells, [format!("{},{:03}", total / 1_000, total % 1_000)]);
    assert_eq!(last.marks, ["sw x110000 n", "sw x440000 n", "sw x660000 n"]);
    assert_eq!(plot.legend.columns, ["24 h"]);
}

#[test]
fn the_numbers_are_those_of_the_picture_files_and_of_the_terminal() {
    let template = template(STACK);
    let values = day(&template, &[7, 3, 11].map(|n| rates((0..288).map(|row| row * n % 97))));
    let scene = scene::drawn(&template, &values);
    let titled: Vec<_> = scene.iter().filter_map(|d| Some((d.legend.as_deref()?, d.stats))).collect();
    let table = crate::chart::legend::table(&template.columns, &titled);
    let plot = drawn(&template, Some(&values), Size::Big, &[]);
    for line in &table.rows[..3] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let row = plot.legend.rows.iter().find(|row| row.name == words[0]).unwrap();
        assert_eq!([&row.cells[0], &row.cells[2], &row.cells[3]], [words[1], words[2], words[3]]);
    }
}

#[test]
fn what_has_no_sum_says_how_much_it_was_at_most() {
    let template = template(
        r#"data = [{ name = "a", ds = "a" }, { name = "most", ds = "b", rate = false }]
        draw = [{ area = "a", color = "good", legend = "A" }, { line = "most", color = "blue", legend = "At once" }]"#,
    );
    let values = day(&template, &[rates([15; 288]), (0..288).map(|row| f64::from(row % 23)).collect()]);
    let cells = |size| drawn(&template, Some(&values), size, &[]).legend.rows[1].cells.clone();
    assert_eq!(cells(Size::Small), ["max 22.0"]);
    assert_eq!(cells(Size::Big), ["", "10.8", "22.0"]);
}

#[test]
fn nothing_that_a_template_says_is_more_than_text() {
    let evil = r#"<script>alert(1)</script>"'&--><b onload=x>"#;
    let short = r#"<i>"'&</i>"#;
    let template = Template {
        title: evil.into(),
        label: format!("{short} / min"),
        parts: short.into(),
        ..template(
            &STACK
                .replace("legend = \"A\"", &format!("legend = '''{short}'''"))
                .replace("\"good\"", "\"#12aB34\""),
        )
    };
    let values = day(&template, &[(); 3].map(|()| rates([15; 288])));
    let about: &'static str = "</div><script>";
    let reading = Reading { protocol: "send", about, since: END - 90_000, ..Reading::default() };
    for size in [Size::Big, Size::Small] {
        for values in [Some(&values), None] {
            let html = html(&drawn(&template, values, size, std::slice::from_ref(&reading)));
            for part in ["<script", "<i>", "<b onload", "\"'", "&-", "</div><s"] {
                assert!(!html.contains(part), "{part} is in\n{html}");
            }
            let ids = html.matches("class=\"").count();
            assert!(ids > 1, "{html}");
            assert!(values.is_none() || html.contains("x12ab34"), "{html}");
        }
    }
}

#[test]
fn where_nothing_was_ever_counted_it_is_said_what_was_looked_for() {
    let template = template(STACK);
    let counted = |moved| Some(Value { total: 0, today: Some(0), moved });
    let counter = |moved| Counter {
        key: "a",
        ds: "a",
        help: "",
        measure: Measure::Count,
        defined_by: DefinedBy::BuiltIn,
        value: counted(moved),
    };
    let reading = |moved| {
        let counters = ["a", "b", "c"].map(|ds| Counter { ds, ..counter(moved) }).to_vec();
        vec![Reading {
            protocol: "send",
            about: "logins over IMAP",
            since: END - 90_000,
            counters,
            ..Reading::default()
        }]
    };
    let values = day(&template, &[(); 3].map(|()| rates([0; 288])));
    let plot = drawn(&template, Some(&values), Size::Small, &reading(false));
    let nothing = plot.nothing.expect("nothing");
    assert_eq!(
        nothing.why,
        "Looked for logins over IMAP since Sun 22 Nov 2026, 10:45; there was nothing of this."
    );
    assert!(plot.paths.is_empty());
    // A quiet day is zero.
    let quiet = drawn(&template, Some(&values), Size::Small, &reading(true));
    assert!(quiet.nothing.is_none());
    assert_eq!(value(&quiet, "A", 50), Some(0.0));
    let failed = Reading { failed: Some("log/send: permission denied".into()), ..reading(false).remove(0) };
    let why = drawn(&template, None, Size::Small, &[failed]).nothing.unwrap().why;
    assert_eq!(why, "Not known: log/send: permission denied");
}

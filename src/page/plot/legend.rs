//! The legend: a row for each element that has a name, with the value at the time that is read, and the numbers of the whole
//! picture.

use serde::Serialize;

use super::rows::Drawn;
use super::shapes::Shapes;
use super::size::Size;
use crate::chart::legend::{self, Stats, number};
use crate::chart::rows::Values;
use crate::chart::scene::{self, Form};
use crate::chart::template::{Column, Template};
use crate::page::colours;

/// The most parts of a stack that a small picture's legend names one by one; of more it names [`NAMED`], and the rest in one row.
const PARTS: usize = 5;
const NAMED: usize = 4;
/// The most colours that are shown beside the rest.
const COLOURS: usize = 6;

/// Numbers of more characters are long: `83.4 %` is not, `12,345.6` is.
const SHORT: usize = 6;

/// The table under a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Legend {
    /// Headings of the columns after the name and the value that is read.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    /// Digits after the point of the value that is read.
    pub decimals: usize,
    /// Is a number so long that six columns do not fit beside each other on a phone?
    pub is_long: bool,
}

/// A row of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    pub name: String,
    /// Classes of the coloured marks before its name.
    pub marks: Vec<String>,
    /// The paths of which the value is read, by their numbers and with a space between; empty: none.
    pub paths: String,
    /// The value of the newest row that is drawn.
    pub at: String,
    /// What stands in each column.
    pub cells: Vec<String>,
    /// Is it no part of the picture, but about all of it?
    pub about_all: bool,
}

/// A row before it is written.
struct Entry {
    name: String,
    marks: Vec<String>,
    paths: Vec<usize>,
    stats: Option<Stats>,
    about_all: bool,
    /// Is it a part of a stack?
    part: bool,
    /// Is it made of several rows, so that not every column means something of it?
    summed: bool,
    /// Is there a sum of it? A level has none.
    rate: bool,
}

/// The legend of `scene`; `newest` is the row that is read at first.
pub(super) fn legend(
    template: &Template,
    values: &Values,
    scene: &[scene::Drawn],
    drawn: &Drawn,
    shapes: &Shapes,
    size: Size,
    newest: Option<usize>,
) -> Legend {
    let parts = parts(scene, shapes);
    let mut entries: Vec<Entry> = Vec::new();
    for (n, draw) in scene.iter().enumerate() {
        let Some(name) = draw.legend.clone() else { continue };
        let paths = match draw.form {
            Form::Row => same_as_stack(draw, template, scene, drawn, &parts, shapes),
            // A limit is the same at all times.
            Form::Rule { .. } => Vec::new(),
            _ => shapes.path_of[n].into_iter().collect(),
        };
        let is_row = draw.form == Form::Row && draw.stats.is_some();
        if is_row && size == Size::Small {
            continue;
        }
        let is_earlier = draw.data.is_some_and(|data| template.data[data].shift.is_some());
        let color = colours::class(&draw.color);
        let mark = match draw.form {
            Form::Area { .. } => format!("sw {color}"),
            Form::Line { .. } if is_earlier => "sw r".to_owned(),
            Form::Line { .. } | Form::Rule { .. } => format!("sw l {color}"),
            Form::Row => String::new(),
        };
        entries.push(Entry {
            name,
            marks: if mark.is_empty() { Vec::new() } else { vec![mark] },
            part: parts.contains(&n) && parts.len() > 1,
            paths,
            stats: draw.stats,
            about_all: is_row || is_earlier,
            summed: false,
            rate: draw.data.is_none_or(|data| template.data[data].rate),
        });
    }
    if size == Size::Small {
        shorten(&mut entries, &template.parts);
    } else {
        add_sum(&mut entries, template, values, scene, &parts);
    }
    let all: Vec<Option<Stats>> = entries.iter().map(|entry| entry.stats).collect();
    let columns = columns(template, &entries, size);
    // The digits are those of the whole table that the picture files have.
    let digits = legend::decimals_of(&template.columns, &all);
    let of_unit = usize::try_from(-shapes.exponent).unwrap_or_default();
    let decimals = digits.min(of_unit);
    let whole: f64 = entries.iter().filter(|e| e.part).filter_map(|e| e.stats?.total).sum();
    let cells = legend::cells(&template.columns, &all);
    let rows = entries.iter().zip(&cells).map(|(entry, cells)| {
        let of = |column: &Option<Column>| match column {
            Some(column) => {
                let at = template.columns.iter().position(|c| c == column);
                let cell = at.map(|at| cells[at].clone()).unwrap_or_default();
                match column {
                    Column::Total if !entry.rate => highest(size, template, cells),
                    // What is not known of a sum is not asked of it.
                    _ if entry.summed && cell == "–" => String::new(),
                    _ => cell,
                }
            }
            None => share(entry, whole),
        };
        Row {
            name: entry.name.clone(),
            marks: entry.marks.clone(),
            paths: entry.paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            at: newest.map_or_else(String::new, |row| at(entry, shapes, row, decimals)),
            cells: columns.iter().map(|(column, _)| of(column)).collect(),
            about_all: entry.about_all,
        }
    });
    let rows: Vec<Row> = rows.collect();
    let is_long = rows
        .iter()
        .flat_map(|row| row.cells.iter().chain([&row.at]))
        .any(|number| number.chars().count() > SHORT);
    Legend { columns: columns.into_iter().map(|(_, name)| name).collect(), rows, decimals, is_long }
}

/// What stands in the column of sums where there is none: where it is the only column, the highest value.
fn highest(size: Size, template: &Template, cells: &[String]) -> String {
    let max = template.columns.iter().position(|column| *column == Column::Max);
    let max = max.and_then(|at| cells.get(at)).filter(|cell| size == Size::Small && !cell.is_empty());
    max.map_or_else(String::new, |max| format!("max {max}"))
}

/// The elements of the scene that are parts of the first stack of the picture that has more than one.
fn parts(scene: &[scene::Drawn], shapes: &Shapes) -> Vec<usize> {
    let of_path = |path: usize| shapes.path_of.iter().position(|of| *of == Some(path));
    for (first, path) in shapes.path_of.iter().enumerate() {
        let Some(path) = path.filter(|path| shapes.paths[*path].on.is_none()) else { continue };
        let mut all = vec![first];
        let mut top = path;
        while let Some(next) = shapes.paths.iter().position(|p| p.on == Some(top)) {
            all.extend(of_path(next));
            top = next;
        }
        all.retain(|n| scene[*n].legend.is_some());
        if all.len() > 1 {
            return all;
        }
    }
    Vec::new()
}

/// The paths of a row that tells the sum of a stack; none if it tells something else.
fn same_as_stack(
    draw: &scene::Drawn,
    template: &Template,
    scene: &[scene::Drawn],
    drawn: &Drawn,
    parts: &[usize],
    shapes: &Shapes,
) -> Vec<usize> {
    let data = draw.data.filter(|data| template.data[*data].shift.is_none());
    let Some(data) = data else { return Vec::new() };
    let of_parts: Vec<usize> = parts.iter().filter_map(|n| scene[*n].data).collect();
    let is_sum = |row: usize| {
        let known = of_parts.iter().map(|part| drawn.values[*part][row]).filter(|value| value.is_finite());
        let sum = known.clone().sum::<f64>();
        let own = drawn.values[data][row];
        match known.count() {
            0 => !own.is_finite(),
            _ => (own - sum).abs() <= sum.abs() * 1e-9 + 1e-9,
        }
    };
    if of_parts.len() < 2 || !(0..drawn.span.rows()).all(is_sum) {
        return Vec::new();
    }
    parts.iter().filter_map(|n| shapes.path_of[*n]).collect()
}

/// Of more than a few parts of a stack only the largest stay, in their order, and a row that sums up the rest.
fn shorten(entries: &mut Vec<Entry>, words: &str) {
    let total = |entry: &Entry| entry.stats.and_then(|s| s.total.or(s.avg)).unwrap_or(0.0);
    let mut sizes: Vec<(usize, f64)> =
        entries.iter().enumerate().filter(|(_, e)| e.part).map(|(n, e)| (n, total(e))).collect();
    if sizes.len() <= PARTS {
        return;
    }
    sizes.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut rest: Vec<usize> = sizes[NAMED..].iter().map(|(n, _)| *n).collect();
    rest.sort_unstable();
    let sum = |get: fn(&Stats) -> Option<f64>| {
        rest.iter().filter_map(|n| get(entries[*n].stats.as_ref()?)).reduce(|a, b| a + b)
    };
    // Of the highest values there is no sum: they need not be of one time.
    let stats =
        Stats { total: sum(|s| s.total), avg: sum(|s| s.avg), last: sum(|s| s.last), ..Stats::default() };
    let words = if words.is_empty() { String::new() } else { format!(" {words}") };
    let entry = Entry {
        name: format!("{} more{words}", rest.len()),
        marks: rest.iter().flat_map(|n| entries[*n].marks.clone()).take(COLOURS).map(|m| m + " n").collect(),
        paths: rest.iter().flat_map(|n| entries[*n].paths.clone()).collect(),
        stats: Some(stats),
        about_all: false,
        part: true,
        summed: true,
        rate: true,
    };
    let after = sizes[..NAMED].iter().map(|(n, _)| *n).max().unwrap_or_default();
    let at = entries.iter().take(after + 1).enumerate().filter(|(n, _)| !rest.contains(n)).count();
    let mut n = 0;
    entries.retain(|_| {
        n += 1;
        !rest.contains(&(n - 1))
    });
    entries.insert(at, entry);
}

/// A row that sums up a stack of rates, where the template has none.
fn add_sum(
    entries: &mut Vec<Entry>,
    template: &Template,
    values: &Values,
    scene: &[scene::Drawn],
    parts: &[usize],
) {
    let data: Vec<usize> = parts.iter().filter_map(|n| scene[*n].data).collect();
    let is_told = entries.iter().any(|entry| entry.about_all && entry.paths.len() > 1);
    if data.len() < 2 || is_told || !data.iter().all(|data| template.data[*data].rate) {
        return;
    }
    let sum: Vec<f64> = (0..values.span.rows())
        .map(|row| {
            let known = data.iter().map(|data| values.values[*data][row]).filter(|value| value.is_finite());
            known.reduce(|a, b| a + b).unwrap_or(f64::NAN)
        })
        .collect();
    let stats =
        legend::stats(&sum, None, None, template.factor_of(data[0]), values.span, values.edge(data[0]));
    let paths = entries.iter().filter(|entry| entry.part).flat_map(|entry| entry.paths.clone()).collect();
    // The highest mean of a row is no highest step, as the parts have it.
    let stats = Some(Stats { max: None, ..stats });
    let entry = Entry {
        name: "All".to_owned(),
        marks: Vec::new(),
        paths,
        stats,
        about_all: true,
        part: false,
        summed: true,
        rate: true,
    };
    let at = entries.iter().position(|entry| entry.about_all).unwrap_or(entries.len());
    entries.insert(at, entry);
}

/// The columns after the value that is read: none stands for the share of a stack.
fn columns(template: &Template, entries: &[Entry], size: Size) -> Vec<(Option<Column>, String)> {
    let has_total = template.columns.contains(&Column::Total);
    if size == Size::Small {
        return match (has_total, template.columns.contains(&Column::Max)) {
            (true, _) => vec![(Some(Column::Total), "24 h".to_owned())],
            (false, true) => vec![(Some(Column::Max), "24 h max".to_owned())],
            (false, false) => vec![(Some(Column::Avg), "24 h avg".to_owned())],
        };
    }
    let mut columns = Vec::new();
    for column in &template.columns {
        columns.push((Some(*column), legend::heading(*column).to_owned()));
        if *column == Column::Total && entries.iter().any(|entry| entry.part) {
            columns.push((None, "Share".to_owned()));
        }
    }
    columns
}

/// How much of its stack a part is.
fn share(entry: &Entry, whole: f64) -> String {
    let total = entry.stats.and_then(|stats| stats.total).filter(|_| entry.part && whole > 0.0);
    // A narrow space that is no place to break a line.
    total.map_or_else(String::new, |total| {
        format!("{}\u{202f}%", number(total / whole * 100.0, 1, f64::INFINITY))
    })
}

/// The value of a row of the picture.
fn at(entry: &Entry, shapes: &Shapes, row: usize, decimals: usize) -> String {
    if entry.paths.is_empty() {
        return String::new();
    }
    let known = entry.paths.iter().filter_map(|path| part(shapes, *path, row));
    known
        .reduce(|a, b| a + b)
        .map_or_else(|| "–".to_owned(), |units| written(units, shapes.exponent, decimals))
}

/// So many units, rounded as whole numbers: the script of the page, which reads them off a path, comes to the same digits.
fn written(units: i64, exponent: i32, decimals: usize) -> String {
    let digits = usize::try_from(-exponent).unwrap_or_default();
    let cut = 10_i64.pow(u32::try_from(digits.saturating_sub(decimals)).unwrap_or_default().min(18));
    let rounded = (units.abs() + cut / 2) / cut * units.signum();
    let one = match exponent {
        0.. => 10_f64.powi(exponent),
        _ => 10_f64.powi(-i32::try_from(digits.min(decimals)).unwrap_or_default()),
    };
    number(rounded as f64 * one, decimals, legend::LARGE)
}

/// What a path is worth in a row by itself, in units: without what it stands on.
pub(super) fn part(shapes: &Shapes, path: usize, row: usize) -> Option<i64> {
    let sum = *shapes.units[path].get(row)?;
    let mut below = shapes.paths[path].on;
    while let Some(on) = below {
        if let Some(Some(under)) = shapes.units[on].get(row) {
            return Some(sum? - under);
        }
        below = shapes.paths[on].on;
    }
    sum
}

//! What is drawn is as high as the RRD says: the pixels of each series, found by its own colour, beside what
//! `rrdtool fetch` reads, for every shipped template in both themes.
//!
//! The place of the canvas is what the command `rrdtool graphv` tells of these arguments; templates are read as TOML
//! and computed by a second implementation, below. The resolution is that of the picture, twice the simple one.

use std::collections::HashMap;
use std::process::Command;

use super::decoded::{Pixels, Rgb, blend, canvas, colour, distance};
use super::plateaus::{self, LENGTH};
use super::*;
use crate::chart::theme::Color;

/// How far from its height anything may be drawn, in pixels of the picture.
const WITHIN: f64 = 2.0;

fn rrdtool(arguments: &[&str]) -> String {
    let mut command = Command::new("rrdtool");
    let output = command.args(arguments).env("LC_ALL", "C").env("TZ", "UTC").output().expect("rrdtool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The row of five minutes that ends at `end`, by data source.
fn row(rrd: &Path, cf: &str, end: i64) -> HashMap<String, f64> {
    let (start, end) = ((end - 300).to_string(), end.to_string());
    let text = rrdtool(&["fetch", rrd.to_str().unwrap(), cf, "-r", "300", "-s", &start, "-e", &end]);
    let (header, rows) = text.split_once("\n\n").expect("a header");
    let line = rows.lines().find_map(|line| line.strip_prefix(&format!("{end}: "))).expect("the row");
    let values = line.split_whitespace().map(|value| value.parse::<f64>().expect("a number"));
    header.split_whitespace().map(str::to_owned).zip(values).collect()
}

/// One row of all data of a template, each in the graph's unit.
fn values(toml: &toml::Table, dir: &Path, end: i64) -> HashMap<String, f64> {
    let text = |table: &toml::Table, key: &str| table.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    let factor = match text(toml, "per").as_deref() {
        Some("min") => 60.0,
        Some("h") => 3_600.0,
        _ => 1.0,
    };
    let mut raw: HashMap<String, f64> = HashMap::new();
    let mut scaled = HashMap::new();
    for data in toml["data"].as_array().unwrap() {
        let data = data.as_table().unwrap();
        let name = text(data, "name").unwrap();
        let names = |key: &str| -> Option<Vec<f64>> {
            let names = data.get(key)?.as_array()?;
            Some(names.iter().map(|name| raw[name.as_str().unwrap()]).collect())
        };
        let value = if let Some(ds) = text(data, "ds") {
            let protocol = text(data, "protocol").or(text(toml, "protocol")).unwrap();
            let cf = text(data, "cf").unwrap_or("average".into()).to_uppercase();
            let cards = builtin(&Settings::default());
            let card = cards.iter().find(|card| card.parts().any(|part| part == protocol)).unwrap();
            row(&dir.join(format!("{}.rrd", card.name)), &cf, end)[&ds]
        } else if let Some(values) = names("sum") {
            values.iter().sum()
        } else if let Some(values) = names("mean") {
            values[0] / values[1]
        } else if let Some(rpn) = text(data, "rpn") {
            let mut stack: Vec<f64> = Vec::new();
            for word in rpn.split(',') {
                let mut pop = || stack.pop().expect("a value");
                let value = match word {
                    "/" | "*" | "+" | "-" | "EQ" | "MAX" => {
                        let (b, a) = (pop(), pop());
                        match word {
                            "/" => a / b,
                            "*" => a * b,
                            "+" => a + b,
                            "-" => a - b,
                            "MAX" => a.max(b),
                            _ => f64::from(u8::from(a == b)),
                        }
                    }
                    "IF" => {
                        let (otherwise, then, condition) = (pop(), pop(), pop());
                        if condition != 0.0 { then } else { otherwise }
                    }
                    word => word.parse().unwrap_or_else(|_| raw[word]),
                };
                stack.push(value);
            }
            stack[0]
        } else {
            0.0 // toaster.conf's own counters: there are none here
        };
        let rate = data.get("rate").and_then(toml::Value::as_bool).unwrap_or(true);
        scaled.insert(name.clone(), if rate { value * factor } else { value });
        raw.insert(name, value);
    }
    scaled
}

/// Something in one column of pixels: from `top` to `bottom`, counted downwards.
struct Layer {
    what: String,
    top: f64,
    bottom: f64,
    /// Of a line: the middle of it.
    line: Option<f64>,
    dashed: bool,
    color: (Rgb, f64),
}

/// The canvas in pixels of the picture, and its axes.
struct Geometry {
    left: f64,
    width: f64,
    bottom: f64,
    per_unit: f64,
    lower: f64,
}

impl Geometry {
    fn of(arguments: &[String], scratch: &Path) -> Self {
        let file = scratch.join("told.png");
        let mut all = vec!["graphv", file.to_str().unwrap()];
        all.extend(arguments.iter().map(String::as_str));
        let told = rrdtool(&all);
        let number = |key: &str| -> f64 {
            let line = told.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
            line.unwrap_or_else(|| panic!("no {key} in {told}")).parse().unwrap()
        };
        let option = |name: &str| -> f64 {
            let at = arguments.iter().position(|argument| argument == name).unwrap();
            arguments[at + 1].parse().unwrap()
        };
        let (lower, upper) = (option("--lower-limit"), option("--upper-limit"));
        let height = 2.0 * option("--height");
        // librrd tells the simple resolution's numbers, or those of the zoom: the canvas's height says which.
        let zoom = height / number("graph_height");
        Self {
            left: number("graph_left") * zoom,
            width: 2.0 * option("--width"),
            bottom: number("graph_top") * zoom + height,
            per_unit: height / (upper - lower),
            lower,
        }
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - (value - self.lower) * self.per_unit
    }
}

/// Everything a template draws at one time, from back to front; the second one of `values` is of a week before.
fn layers(
    toml: &toml::Table,
    values: &[HashMap<String, f64>; 2],
    theme: Theme,
    canvas: &Geometry,
    arguments: &[String],
) -> Vec<Layer> {
    let mut layers = Vec::new();
    let mut below = 0.0;
    for draw in toml["draw"].as_array().unwrap() {
        let text = |key: &str| draw.get(key).and_then(toml::Value::as_str);
        let Some(name) = text("area").or(text("line")).or(text("hrule")) else { continue };
        let stacked = draw.get("stack").and_then(toml::Value::as_bool) == Some(true);
        let base = if stacked { below } else { 0.0 };
        let is_earlier = text("shift").inspect(|shift| assert_eq!(*shift, "1w")).is_some();
        let value = base + values[usize::from(is_earlier)][name];
        let (top, bottom, line) = if text("area").is_some() {
            (canvas.y(value), canvas.y(base), None)
        } else {
            let width = draw.get("width").map_or(1.0, |w| w.as_float().unwrap());
            (canvas.y(value) - width, canvas.y(value) + width, Some(canvas.y(value)))
        };
        if text("hrule").is_none() {
            below = value;
        }
        let own = colour(Color::parse(text("color").unwrap()).unwrap().in_theme(theme));
        let color = text("legend").and_then(|legend| drawn_in(arguments, legend)).unwrap_or(own);
        // An area has another colour than its template says only where one before it has that.
        assert!(
            color == own || stacked && layers.iter().any(|before: &Layer| before.color == own),
            "{draw}: {color:?}"
        );
        let dashed = draw.get("dashes").is_some();
        layers.push(Layer { what: draw.to_string(), top, bottom, line, dashed, color });
    }
    layers
}

/// The colour in which librrd is told to draw what has this name in the legend.
fn drawn_in(arguments: &[String], legend: &str) -> Option<(Rgb, f64)> {
    let has_name = |text: &str| {
        text.trim_start().strip_prefix(legend).is_some_and(|rest| rest.is_empty() || rest.starts_with("  "))
    };
    arguments
        .iter()
        .filter(|argument| argument.starts_with("AREA:") || argument.starts_with("LINE"))
        .find_map(|argument| {
            let (hex, text) = argument.split_once('#')?.1.split_once(':')?;
            has_name(text.strip_prefix("legend=").unwrap_or(text)).then(|| colour(&format!("#{hex}")))
        })
}

/// What the pixels at `y` are like when `layers` are painted upon each other.
fn painted(layers: &[Layer], theme: Theme, y: f64) -> Rgb {
    let there = layers.iter().filter(|layer| (layer.top..=layer.bottom).contains(&y));
    there.fold(canvas(theme), |under, layer| blend(under, layer.color))
}

#[test]
fn every_series_is_as_high_as_the_rrd_says() {
    let dir = tempfile::tempdir().unwrap();
    let readings = plateaus::readings_of_two_weeks(dir.path());
    // In the middle of a plateau and of an hour: no line of the grid is there.
    let midnight = NOW.div_euclid(86_400) * 86_400;
    let minutes = [2 - 4, 3 - 4, 4 - 4].map(|n| midnight + n * LENGTH + LENGTH / 2 - 30 * 60);
    let (mut measured, mut wrong) = (0, Vec::new());
    for (name, text) in EMBEDDED.iter() {
        let toml: toml::Table = toml::from_str(text).unwrap();
        let (templates, _) = template::load(None, &[]);
        let template = templates.iter().find(|template| template.name == *name).unwrap();
        let rows = minutes
            .map(|minute| [minute, minute - 7 * 86_400].map(|minute| values(&toml, dir.path(), minute)));
        for theme in Theme::ALL {
            let arguments = plateaus::arguments(template, Period::Day, theme, &readings);
            let pixels = Pixels::of(&render::picture(&arguments, None).unwrap());
            let canvas = Geometry::of(&arguments, dir.path());
            let time = |option: &str| -> i64 {
                let at = arguments.iter().position(|argument| argument == option).unwrap();
                arguments[at + 1].parse().unwrap()
            };
            let (start, end) = (time("--start"), time("--end"));
            for (minute, row) in minutes.iter().zip(&rows) {
                let x = canvas.left + (minute - start) as f64 / (end - start) as f64 * canvas.width;
                let layers = layers(&toml, row, theme, &canvas, &arguments);
                for n in 0..layers.len() {
                    measured += 1;
                    // Of a dashed line, where a dash is.
                    let columns = if layers[n].dashed { 16 } else { 1 };
                    let seen = (0..columns)
                        .map(|right| {
                            is_drawn(&pixels, &canvas, &layers, n, theme, x.round() as usize + right)
                        })
                        .reduce(Result::or);
                    if let Some(Err(why)) = seen {
                        let what = &layers[n].what;
                        wrong.push(format!("{name}, {}, at {minute}: {what}: {why}", theme.name()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {measured}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(measured > 3 * 2 * 16, "{measured}");
}

/// Looks for series number `n` by the colour that it has where it is on top of what is behind it.
fn is_drawn(
    pixels: &Pixels,
    canvas: &Geometry,
    layers: &[Layer],
    n: usize,
    theme: Theme,
    x: usize,
) -> Result<(), String> {
    let layer = &layers[n];
    let fine = |from: f64, to: f64| {
        (0..).map(move |step| from + 0.05 * f64::from(step)).take_while(move |y| *y < to)
    };
    // The highest place of it, at least two pixels of one colour.
    let (own, expected) = match layer.line {
        Some(middle) => (painted(layers, theme, middle), middle),
        None => fine(layer.top, layer.bottom)
            .map(|y| (painted(layers, theme, y + 0.01), y))
            .find(|(own, y)| (1..40).all(|step| painted(layers, theme, y + 0.05 * f64::from(step)) == *own))
            .ok_or("it is hidden")?,
    };
    // A template may use a colour twice, far apart.
    let twins = layers.iter().filter(|other| other.color == layer.color).count();
    let grid: Vec<(Rgb, f64)> = match theme {
        Theme::Light => vec![colour("#1F29370C"), colour("#1F29372A")],
        Theme::Dark => vec![colour("#E5E7EB0E"), colour("#E5E7EB2E")],
    };
    let looks: Vec<Rgb> = std::iter::once(own).chain(grid.iter().map(|line| blend(own, *line))).collect();
    let (first, last) = ((canvas.y(canvas.lower) - 440.0).max(0.0) as usize, canvas.bottom as usize);
    let off =
        |y: usize| looks.iter().map(|look| distance(pixels.at(x, y), *look)).fold(f64::INFINITY, f64::min);
    // A thin line has no pixel of its own alone: the one that is nearest to its colour.
    let best = (first..last).map(off).min_by(f64::total_cmp).ok_or("an empty canvas")?;
    if best > if layer.line.is_some() { 60.0 } else { 8.0 } {
        return Err(format!("no pixel of {own:?}; the nearest is off by {best:.0}"));
    }
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for y in (first..last).filter(|y| off(*y) <= best.max(4.0) + 4.0) {
        match runs.last_mut() {
            // A seam of two areas is no pixel of either; nor is a line of the grid on its edge.
            Some((_, end)) if y - *end <= 2 => *end = y,
            _ => runs.push((y, y)),
        }
    }
    // The edge of something else may look like an area for a pixel.
    runs.retain(|(top, end)| layer.line.is_some() || end - top >= 2);
    let mut found: Vec<f64> = runs
        .iter()
        .map(|(top, end)| if layer.line.is_some() { (top + end + 1) as f64 / 2.0 } else { *top as f64 })
        .collect();
    if twins > 1 {
        found.sort_by(|a, b| (a - expected).abs().total_cmp(&(b - expected).abs()));
    }
    let found = *found.first().ok_or("no pixels of it")?;
    if (found - expected).abs() > WITHIN {
        return Err(format!("{own:?} is at {found}, not at {expected:.1} (off by {best:.0})"));
    }
    Ok(())
}

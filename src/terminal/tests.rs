//! Charts of values that the tests choose, decoded from what the terminal would get.

use super::chart::Chart;
use super::raster::{Dots, Join, Scale, block, fill, resample};
use super::*;
use crate::chart::period::{Period, Span, Window};
use crate::chart::rows::{Edge, Values};
use crate::chart::scene;
use crate::chart::text;
use crate::chart::theme::Theme;

const SPAN: Span = Span { start: 1_795_348_800, end: 1_795_435_200, row: 300 };

const AREAS: &str = r##"
title = "Mail"
protocol = "send"
unit = "messages"
columns = ["avg", "max", "last"]
data = [ { name = "a", ds = "a" }, { name = "b", ds = "b" }, { name = "c", ds = "c" } ]
draw = [
  { area = "a", color = "#00aa00", legend = "First" },
  { area = "b", color = "#aaaa00", legend = "Second", stack = true },
  { area = "c", color = "#aa0000", legend = "Third", stack = true },
]
"##;

struct Random(u64);

impl Random {
    /// Between 0 and 1 (splitmix64).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() * most as f64) as usize
    }
}

fn terminal(width: usize, depth: Depth) -> Terminal {
    Terminal { width, lines: None, depth, theme: Some(Theme::Dark), unicode: true }
}

fn values(columns: Vec<Vec<f64>>, horizon: i64) -> Values {
    let edge = Edge { last_update: horizon, seen: horizon, horizon, since: None };
    let (filled, since) = (vec![None; columns.len()], vec![None; columns.len()]);
    let shifts = vec![Some(0); columns.len()];
    Values { span: SPAN, filled, values: columns, edge, since, shifts, held: Vec::new() }
}

fn draw(toml: &str, values: Option<&Values>, terminal: Terminal, exact: Option<usize>) -> String {
    let template = template::parse("t", "t.toml", toml, None, &[]).unwrap();
    let window = Window { span: SPAN, ..Window::of(Period::Day, SPAN.end, 300) };
    let chart = Chart {
        template: &template,
        window: &window,
        values,
        drawn: values.map(|values| scene::drawn(&template, values)).unwrap_or_default(),
        terminal: &terminal,
        exact,
        rows: 10,
        host: "mx1",
        time: "Mon 23 Nov 2026 12:00 CET",
        zone: "CET",
    };
    let mut out = String::new();
    for line in chart.lines() {
        line.write(&terminal, &mut out);
    }
    out
}

/// A cell as a terminal understands it: character, foreground, background.
type Cell = (char, String, String);

/// The lines of `text` by cell; knows of SGR what true colours need.
fn decode(text: &str) -> Vec<Vec<Cell>> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let (mut cells, mut fore, mut back) = (Vec::new(), String::new(), String::new());
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            if let Some(code) = rest.strip_prefix("\x1b[") {
                let (codes, after) = code.split_once('m').expect("SGR only");
                rest = after;
                let all: Vec<&str> = codes.split(';').collect();
                let color = |kind: &str| {
                    let at = all.windows(2).position(|w| w == [kind, "2"])?;
                    Some(all[at + 2..at + 5].join(","))
                };
                if codes == "0" {
                    (fore, back) = (String::new(), String::new());
                }
                fore = color("38").unwrap_or(fore);
                back = color("48").unwrap_or(back);
                continue;
            }
            cells.push((c, fore.clone(), back.clone()));
            rest = &rest[c.len_utf8()..];
        }
        lines.push(cells);
    }
    lines
}

/// The lines of the chart's cells, behind the vertical axis.
fn plot(text: &str) -> Vec<Vec<Cell>> {
    let lines = decode(text).into_iter();
    lines
        .filter_map(|line| {
            let at = line.iter().position(|(c, ..)| matches!(c, '│' | '┤'))?;
            Some(line[at + 1..].to_vec())
        })
        .collect()
}

/// Eighths of `color` in column `x`.
fn eighths(plot: &[Vec<Cell>], x: usize, color: &str) -> usize {
    let of = |line: &Vec<Cell>| {
        let Some((c, fore, back)) = line.get(x) else { return 0 };
        let below = " ▁▂▃▄▅▆▇█".chars().position(|block| block == *c).unwrap_or(0);
        (if fore == color { below } else { 0 }) + (if back == color { 8 - below } else { 0 })
    };
    plot.iter().map(of).sum()
}

#[test]
fn heights_of_stacked_areas_are_the_values_within_an_eighth() {
    let mut random = Random(7);
    // 96 columns of 3 rows each; no cell has more than two colours: each series is higher than one.
    let series: Vec<Vec<f64>> =
        (0..3).map(|_| (0..96).flat_map(|_| [8.0 + 20.0 * random.next(); 3]).collect::<Vec<f64>>()).collect();
    let all = values(series.clone(), SPAN.end);
    let text = draw(AREAS, Some(&all), terminal(96 + 5, Depth::True), Some(20));
    let plot = plot(&text);
    assert_eq!(plot.len(), 20, "{text}");
    // What an eighth is worth follows from the sum of all.
    let (mut shown, mut meant) = (0, 0.0);
    for x in 0..96 {
        for (color, values) in ["0,170,0", "170,170,0", "170,0,0"].iter().zip(&series) {
            shown += eighths(&plot, x, color);
            meant += values[3 * x];
        }
    }
    let eighth = meant / shown as f64;
    for x in 0..96 {
        for (color, values) in ["0,170,0", "170,170,0", "170,0,0"].iter().zip(&series) {
            let (shown, meant) = (eighths(&plot, x, color) as f64, values[3 * x] / eighth);
            assert!((shown - meant).abs() <= 1.05, "column {x}, {color}: {shown} instead of {meant}");
        }
    }
    // And the axis says so: the bar of the highest label's value would end in its line.
    let (from_top, label) = text
        .lines()
        .skip(1)
        .enumerate()
        .find_map(|(n, line)| {
            Some((n, line.split_once('┤')?.0.rsplit(' ').find(|w| w.parse::<f64>().is_ok())?))
        })
        .map(|(n, label)| (n, label.parse::<f64>().unwrap()))
        .unwrap();
    let height = label / eighth / 8.0;
    let line = (20 - from_top) as f64;
    assert!(line - 1.05 <= height && height <= line + 0.05, "{label} in line {line}, drawn {height} high");
}

#[test]
fn columns_keep_the_sum_of_the_rows_and_peaks_their_height() {
    let mut random = Random(11);
    for columns in [1, 7, 34, 96, 144, 288, 290, 577] {
        let rows: Vec<f64> = (0..288).map(|_| random.next() * 50.0).collect();
        let sum: f64 = rows.iter().sum::<f64>() / 288.0;
        let mean = resample(&rows, SPAN, SPAN.end, columns, Join::Mean);
        assert_eq!(mean.len(), columns);
        assert!((mean.iter().sum::<f64>() / columns as f64 - sum).abs() < 1e-9, "{columns}");
        let peaks = resample(&rows, SPAN, SPAN.end, columns, Join::Highest);
        let highest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        assert_eq!(highest(&peaks), highest(&rows), "{columns}");
    }
    // What is not known is in no mean, and what is not over is not drawn.
    let rows: Vec<f64> = (0..288).map(|n| if n % 2 == 0 { 4.0 } else { f64::NAN }).collect();
    let half = resample(&rows, SPAN, SPAN.start + 43_200, 72, Join::Mean);
    assert!(half[..36].iter().all(|value| *value == 4.0) && half[36..].iter().all(|value| value.is_nan()));
}

#[test]
fn dots_stand_where_the_values_are() {
    let mut random = Random(3);
    let scale = Scale { lower: -10.0, upper: 30.0 };
    for (columns, rows) in [(1, 1), (30, 4), (140, 25)] {
        let values: Vec<f64> = (0..2 * columns).map(|_| random.next() * 40.0 - 10.0).collect();
        let mut dots = Dots::new(columns, rows);
        dots.line(scale, &values, false, 5);
        for (x, value) in values.iter().enumerate() {
            // From the top, as the numbers of the dots go: 1 2 3 7, and 4 5 6 8 at their right.
            let y = ((30.0 - value) / 40.0 * 4.0 * rows as f64).ceil() as usize - 1;
            let number = [[1, 2, 3, 7], [4, 5, 6, 8]][x % 2][y % 4];
            let (bits, series) = dots.cell(x / 2, y / 4).expect("a dot");
            assert!(bits >> (number - 1) & 1 == 1 && series == 5, "{value} at {x}: {bits:b}");
        }
    }
}

#[test]
fn where_three_meet_in_a_cell_the_thin_one_stays() {
    let one = |runs: &[(usize, Option<usize>)]| -> Vec<Option<usize>> {
        runs.iter().flat_map(|(n, series)| vec![*series; *n]).collect()
    };
    let shown = |runs: &[(usize, Option<usize>)]| {
        let block = block(&one(runs));
        (block.lower, block.eighths, block.upper)
    };
    assert_eq!(shown(&[(8, Some(1))]), (Some(1), 8, Some(1)));
    assert_eq!(shown(&[(8, None)]), (None, 8, None));
    assert_eq!(shown(&[(3, Some(1)), (5, None)]), (Some(1), 3, None));
    assert_eq!(shown(&[(3, None), (5, Some(2))]), (None, 3, Some(2)));
    assert_eq!(shown(&[(6, Some(1)), (1, Some(2)), (1, None)]), (Some(1), 6, Some(2)));
    // A little of something is seen.
    let mut column = vec![None; 16];
    fill(&mut column, Scale { lower: 0.0, upper: 100.0 }, 0.0, 0.01, 4);
    assert_eq!(column.iter().filter(|one| one.is_some()).count(), 1);
    fill(&mut column, Scale { lower: 0.0, upper: 100.0 }, 100.0, 100.01, 5);
    assert_eq!(column[15], Some(5));
}

/// Without colours, of values that everybody can follow: a ramp, a step, and a peak.
fn known() -> Values {
    let ramp = (0..288).map(|n| f64::from(n) / 10.0).collect();
    let step = (0..288).map(|n| if n < 144 { 0.0 } else { 8.0 }).collect();
    let peak = (0..288).map(|n| if n == 100 { 90.0 } else { 0.0 }).collect();
    values(vec![ramp, step, peak], SPAN.end - 3_600)
}

#[test]
fn without_colours_each_series_has_a_chart_of_its_own() {
    for width in [60, 100] {
        let text = draw(AREAS, Some(&known()), terminal(width, Depth::None), None);
        assert!(!text.contains('\x1b'), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        for (n, name) in ["First", "Second", "Third"].iter().enumerate() {
            assert_eq!(lines[1 + 4 * n].trim(), *name, "{text}");
        }
        let plot = plot(&text);
        assert_eq!(plot.len(), 9, "{text}");
        // The peak of one row is one column, the step is there in the second half only.
        let columns = plot[0].len();
        let full = |rows: std::ops::Range<usize>, x: usize| {
            rows.clone().any(|row| plot[row].get(x).is_some_and(|(c, ..)| ('▁'..='█').contains(c)))
        };
        assert!((1..=2).contains(&(0..columns).filter(|x| full(6..9, *x)).count()), "{text}");
        assert!(!full(3..6, columns / 2 - 2) && full(3..6, columns / 2 + 2), "{text}");
    }
}

/// In one chart, and in one for each series.
#[test]
fn a_chart_has_the_lines_that_were_asked_for_and_numbers_at_its_axis() {
    for height in [1, 2, 3, 5, 11, 40] {
        for (depth, charts) in [(Depth::True, 1), (Depth::None, 3)] {
            let text = draw(AREAS, Some(&known()), terminal(60, depth), Some(height));
            assert_eq!(plot(&text).len(), charts * height, "{text}");
            let lines = decode(&text);
            let lines = lines.iter().map(|line| line.iter().map(|cell| cell.0).collect::<String>());
            let axis: Vec<String> =
                lines.filter_map(|line| Some(line.split_once(['┤', '│', '┼', '└'])?.0.to_owned())).collect();
            let number = |words: &String| words.trim().parse::<f64>().ok();
            let charts = axis[..charts * height].chunks(height);
            assert!(
                charts.clone().all(|chart| chart.iter().any(|words| number(words) > Some(0.0))),
                "{text}"
            );
            assert_eq!(axis.last().and_then(number), Some(0.0), "{text}");
        }
    }
}

#[test]
fn what_was_not_read_yet_is_a_band_and_nothing_is_told_so() {
    let text = draw(AREAS, Some(&known()), terminal(80, Depth::True), None);
    let plot = plot(&text);
    // The last hour of 24, in 75 columns: three.
    for line in &plot {
        let dots = line.iter().filter(|(c, ..)| *c == '·').count();
        assert_eq!(dots, 3, "{text}");
        assert!(line[line.len() - 3..].iter().all(|(c, ..)| *c == '·'), "{text}");
    }
    let text = draw(AREAS, None, terminal(80, Depth::True), None);
    assert!(text.contains("no data yet") && !text.contains("First"), "{text}");
}

#[test]
fn rules_are_dashed_and_lines_are_dots() {
    let toml = AREAS.replace(
        "{ area = \"c\", color = \"#aa0000\", legend = \"Third\", stack = true }",
        "{ line = \"c\", color = \"#aa0000\" }, { hrule = 60, color = \"#0000aa\", legend = \"Limit\" }",
    );
    let text = draw(&toml, Some(&known()), terminal(80, Depth::True), None);
    let plot = plot(&text);
    let is_dots = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
    let limit: Vec<usize> = (0..75)
        .filter(|x| {
            plot.iter().any(|line| line.get(*x).is_some_and(|(c, f, _)| is_dots(*c) && f == "0,0,170"))
        })
        .collect();
    assert!((25..=45).contains(&limit.len()), "{limit:?}\n{text}");
    assert!(limit.windows(2).any(|pair| pair[1] - pair[0] > 1), "{limit:?}");
    assert!(plot.iter().flatten().any(|(c, fore, _)| is_dots(*c) && fore == "170,0,0"), "{text}");
    assert!(text.contains("Limit"), "{text}");
}

/// It goes on to the right end, where this week is not known yet, in a colour of its own or the text's.
#[test]
fn a_week_before_is_a_line_over_the_areas_up_to_the_right_end() {
    let toml = AREAS.replace(
        "stack = true },\n]",
        "stack = true },\n  { line = \"a\", color = \"#fafafa\", shift = \"1w\", legend = \"Before\" },\n]",
    );
    let with = |before: f64| {
        let mut all = known();
        all.values.push(vec![before; 288]);
        all.filled.push(None);
        all.since.push(None);
        all.shifts.push(Some(604_800));
        all
    };
    let all = with(60.0);
    let text = draw(&toml, Some(&all), terminal(80, Depth::True), Some(9));
    let plot = plot(&text);
    let is_before = |(c, fore, _): &Cell| ('\u{2801}'..='\u{28ff}').contains(c) && fore == "250,250,250";
    let lines: Vec<usize> = (0..9).filter(|row| plot[*row].iter().any(is_before)).collect();
    assert_eq!(lines.len(), 1, "{text}");
    let columns = plot[lines[0]].len();
    assert_eq!(plot[lines[0]].iter().filter(|cell| is_before(cell)).count(), columns, "{text}");
    // In the line that the axis calls 60.
    assert!(text.lines().nth(1 + lines[0]).is_some_and(|line| line.contains("60 ┤")), "{text}");
    assert!(text.contains("Before") && text.contains("60.0"), "{text}");
    // One of sixteen colours would be good or bad.
    let text = draw(&toml, Some(&all), terminal(80, Depth::Sixteen), Some(9));
    assert!(text.lines().any(|line| line.starts_with("━━ Before")), "{text}");
    // Where nothing is known of it there is no name.
    let text = draw(&toml, Some(&with(f64::NAN)), terminal(80, Depth::True), Some(9));
    assert!(!text.contains("Before"), "{text}");
}

#[test]
fn no_size_and_no_value_breaks_a_line() {
    let mut random = Random(99);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e300, -1e300, 1e-300, 5e-324, 1e15];
    for turn in 0..300 {
        let width = 40 + random.below(261);
        let depth = [Depth::None, Depth::Sixteen, Depth::Cube, Depth::True][random.below(4)];
        let terminal = Terminal {
            width,
            lines: None,
            depth,
            theme: [None, Some(Theme::Light), Some(Theme::Dark)][random.below(3)],
            unicode: random.below(3) > 0,
        };
        let column = |random: &mut Random| {
            let size = 10_f64.powf(random.next() * 24.0 - 8.0);
            let sign = if random.below(3) == 0 { -1.0 } else { 1.0 };
            (0..288)
                .map(|_| match random.below(20) {
                    0 => odd[random.below(odd.len())],
                    _ => sign * size * random.next(),
                })
                .collect::<Vec<f64>>()
        };
        let columns = (0..3).map(|_| column(&mut random)).collect();
        let horizon = SPAN.start + i64::try_from(random.below(90_000)).unwrap();
        let exact = (random.below(2) == 0).then(|| 1 + random.below(100));
        let toml = match random.below(3) {
            0 => AREAS.replace("area =", "line ="),
            1 => AREAS
                .replace("\"Mail\"", "\"漢字📬 Mail 漢字📬 of the whole company\"")
                .replace("First", "漢字📬⚡"),
            _ => AREAS.to_owned(),
        };
        let text = draw(&toml, Some(&values(columns, horizon)), terminal, exact);
        for (cells, line) in decode(&text).iter().zip(text.lines()) {
            let wide: usize = cells.iter().map(|(c, ..)| text::width(&c.to_string())).sum();
            assert!(wide <= width, "turn {turn}: {wide} columns instead of {width}: {line}");
            assert!(terminal.unicode || line.is_ascii(), "turn {turn}: {line}");
            assert!(!line.contains("NaN") && !line.contains("inf"), "turn {turn}: {line}");
        }
    }
}

#[test]
fn hostile_text_reaches_no_terminal() {
    for name in ["\u{202e}gnp", "a\u{2066}b", "\u{200d}\u{feff}x", "📬⚡ mail", "<b>%n", "\\u001b[31m"] {
        let quoted = toml::Value::from(name).to_string();
        let toml =
            AREAS.replace("\"Mail\"", &quoted).replace("\"First\"", &quoted).replace("\"messages\"", &quoted);
        for depth in [Depth::None, Depth::True] {
            let text = draw(&toml, Some(&known()), terminal(80, depth), None);
            let without = text.replace("\x1b[", "");
            let unseen = |c: char| {
                (c.is_control() && c != '\n')
                    || ('\u{200b}'..='\u{200f}').contains(&c)
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2060}'..='\u{206f}').contains(&c)
                    || c == '\u{feff}'
            };
            assert!(!without.contains(unseen), "{name:?}: {text:?}");
            assert!(depth != Depth::None || !text.contains('\x1b'), "{text:?}");
        }
    }
}

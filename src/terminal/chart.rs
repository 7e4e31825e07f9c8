//! One graph → lines: areas as blocks of eighths with lines of braille over them, in one chart; or, where colours do
//! not tell the series from each other, each series in a small chart of its own below the one before. Fill patterns
//! in one chart would be as coarse as a line of text, and more than three cannot be told apart.

use super::cell::{cell, letter};
use super::detect::{Depth, Terminal};
use super::paint::{Line, Paint, Palette, Quiet, Rgb, Style, clean, shade};
use super::raster::{Dots, Join, fill, resample};
use super::scale::{Left, left, times};
use super::table::table;
use crate::chart::period::Window;
use crate::chart::rows::Values;
use crate::chart::scene::{Drawn, Form};
use crate::chart::template::{Source, Template};
use crate::chart::text;
use crate::store::rrd::fetch::Cf;

/// What is drawn, and on what.
pub(super) struct Chart<'a> {
    pub template: &'a Template,
    pub window: &'a Window,
    /// None: nothing was ever counted.
    pub values: Option<&'a Values>,
    /// What of the template there is to be seen in them.
    pub drawn: Vec<Drawn>,
    pub terminal: &'a Terminal,
    /// Lines of the chart, if the user said so.
    pub exact: Option<usize>,
    /// About how many there are otherwise.
    pub rows: usize,
    pub host: &'a str,
    /// Time and zone, and the zone alone.
    pub time: &'a str,
    pub zone: &'a str,
}

/// How one entry of a template's `draw` is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Blocks,
    Dots {
        dashed: bool,
    },
    /// In the legend only.
    Not,
}

/// An entry, how it is drawn, and from where to where it reaches, column by column.
type Pile = (usize, Way, Vec<(f64, f64)>);

impl Chart<'_> {
    /// All of it.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = self.heading();
        let Some(values) = self.values else {
            lines.extend(self.empty());
            return lines;
        };
        match self.palette() {
            Some(palette) => {
                lines.extend(self.together(values, &palette));
                lines.extend(self.legend(Some(&palette)));
            }
            None => {
                lines.extend(self.one_by_one(values));
                lines.extend(self.legend(None));
            }
        }
        lines
    }

    /// How many lines there are besides the chart's own.
    pub(super) fn others(template: &Template) -> usize {
        5 + template.draw.iter().filter(|draw| draw.legend.is_some()).count()
    }

    fn heading(&self) -> Vec<Line> {
        let quiet = Quiet::new(self.terminal);
        let bold = Style { bold: true, ..Style::default() };
        let width = self.terminal.width;
        let title = text::truncate(&clean(&format!("{}, {}", self.template.title, self.window.words)), width);
        let unit = text::truncate(&clean(&self.template.label), width);
        let mut used = text::width(&title);
        let mut first = Line::default();
        first.push(&title, bold);
        let beside = used + 3 + text::width(&unit) <= width;
        if beside {
            first.push("   ", Style::default());
            first.push(&unit, quiet.axis);
            used += 3 + text::width(&unit);
        }
        let host = text::truncate(&clean(self.host), 40);
        let corner = format!("{host}  {}", self.time);
        let corner =
            [corner.trim_start(), self.time].into_iter().find(|c| used + 3 + text::width(c) <= width);
        if let Some(corner) = corner {
            first.push(&" ".repeat(width - used - text::width(corner)), Style::default());
            first.push(corner, quiet.axis);
        }
        let mut lines = vec![first];
        if !beside {
            let mut second = Line::default();
            second.push(&unit, quiet.axis);
            lines.push(second);
        }
        lines
    }

    /// The colour of an entry, and whether it is so pale that it only goes with a line.
    fn color(&self, draw: &Drawn) -> (Rgb, bool) {
        shade(&draw.color, self.terminal)
    }

    /// A pale area is the shade under its line, and a line along an area's edge is the edge.
    fn way(&self, draw: &Drawn) -> Way {
        match draw.form {
            Form::Area { data, .. } => {
                let of = |d: &Drawn| matches!(d.form, Form::Line { data: of, .. } if of == data);
                let has_line = self.drawn.iter().any(of);
                let shades =
                    self.terminal.theme.is_some() && matches!(self.terminal.depth, Depth::True | Depth::Cube);
                if self.color(draw).1 && has_line && !shades { Way::Not } else { Way::Blocks }
            }
            Form::Line { data, .. } => {
                let of = |d: &&Drawn| matches!(d.form, Form::Area { data: of, .. } if of == data);
                match self.drawn.iter().filter(of).any(|area| !self.color(area).1) {
                    true => Way::Not,
                    false => Way::Dots { dashed: draw.dashes.is_some() },
                }
            }
            Form::Rule { .. } => Way::Dots { dashed: true },
            Form::Row => Way::Not,
        }
    }

    /// Is it of an earlier time than the chart?
    fn is_earlier(&self, draw: &Drawn) -> bool {
        let (Form::Area { data, .. } | Form::Line { data, .. }) = draw.form else { return false };
        self.template.data[data].shift.is_some()
    }

    /// What `draw` is painted with. Of sixteen colours none is neutral but the text's own.
    fn paint(&self, draw: &Drawn, palette: &Palette) -> Paint {
        match self.terminal.depth {
            Depth::Sixteen if self.is_earlier(draw) => Paint::Own,
            _ => palette.of(self.color(draw).0),
        }
    }

    /// The colours of a common chart. `None` if the terminal has no colours, or too few, or lacks the characters for
    /// it.
    fn palette(&self) -> Option<Palette> {
        if self.terminal.depth == Depth::None || !self.terminal.unicode {
            return None;
        }
        let is_own = |draw: &Drawn| self.terminal.depth == Depth::Sixteen && self.is_earlier(draw);
        let drawn = self.drawn.iter().filter(|draw| self.way(draw) != Way::Not && !is_own(draw));
        let wanted: Vec<Rgb> = drawn.map(|draw| self.color(draw).0).collect();
        Palette::new(&wanted, self.terminal.depth)
    }

    /// The values of an entry by column, in the graph's unit.
    fn columns(&self, values: &Values, data: usize, columns: usize) -> Vec<f64> {
        let join = match &self.template.data[data].source {
            Source::Ds { cf: Cf::Max, .. } => Join::Highest,
            _ => Join::Mean,
        };
        let horizon = values.edge(data).horizon;
        let mut sampled = resample(&values.values[data], values.span, horizon, columns, join);
        sampled.iter_mut().for_each(|value| *value *= self.template.factor_of(data));
        sampled
    }

    /// From where to where each entry reaches that is drawn: areas by column, lines by half a column.
    fn piles(&self, values: &Values, width: usize) -> Vec<Pile> {
        let mut piles = Vec::new();
        let (mut coarse, mut fine) = (vec![0.0; width], vec![0.0; width * 2]);
        for (n, draw) in self.drawn.iter().enumerate() {
            let (data, stack) = match draw.form {
                Form::Area { data, stack } | Form::Line { data, stack, .. } => (data, stack),
                Form::Rule { value } => {
                    piles.push((n, self.way(draw), vec![(0.0, value); width * 2]));
                    continue;
                }
                Form::Row => continue,
            };
            let pile = |below: &mut Vec<f64>| -> Vec<(f64, f64)> {
                let values = self.columns(values, data, below.len());
                let one = |(below, value): (&mut f64, f64)| {
                    let from = if stack { *below } else { 0.0 };
                    *below = if value.is_finite() { from + value } else { from };
                    (from, from + value)
                };
                below.iter_mut().zip(values).map(one).collect()
            };
            let (areas, lines) = (pile(&mut coarse), pile(&mut fine));
            match self.way(draw) {
                Way::Blocks => piles.push((n, Way::Blocks, areas)),
                way @ Way::Dots { .. } => piles.push((n, way, lines)),
                Way::Not => {}
            }
        }
        piles
    }

    /// Every entry in one chart.
    fn together(&self, values: &Values, palette: &Palette) -> Vec<Line> {
        let rows = self.exact.unwrap_or(self.rows);
        let (left, gutter) = self.settle(|width| {
            let (lowest, highest) = extent(&self.piles(values, width));
            vec![left(lowest, highest, rows, self.exact.is_some())]
        });
        let Some(left) = left.into_iter().next() else { return Vec::new() };
        let width = self.terminal.width - gutter - 1;
        let mut areas = vec![vec![None; left.rows * 8]; width];
        let mut dots = Dots::new(width, left.rows);
        for (n, way, pile) in self.piles(values, width) {
            match way {
                Way::Blocks => {
                    for (column, (from, to)) in areas.iter_mut().zip(pile) {
                        fill(column, left.scale, from, to, n);
                    }
                }
                Way::Dots { dashed } => {
                    let tops: Vec<f64> = pile.into_iter().map(|(_, to)| to).collect();
                    dots.line(left.scale, &tops, dashed, n);
                }
                Way::Not => {}
            }
        }
        let paint = |n: usize| self.paint(&self.drawn[n], palette);
        let mut lines = self.framed(&left, gutter, values, |column, row| {
            let eighths = &areas[column][(left.rows - 1 - row) * 8..][..8];
            cell(eighths, dots.cell(column, row), &paint)
        });
        lines.extend(self.below(gutter, &left));
        lines
    }

    /// The series that are told apart by where they stand: name, entry, values.
    fn series(&self) -> Vec<(String, &Drawn, usize)> {
        let mut series: Vec<(String, &Drawn, usize)> = Vec::new();
        for named in [true, false] {
            for draw in self.drawn.iter().filter(|draw| draw.legend.is_some() == named) {
                if let Form::Area { data, .. } | Form::Line { data, .. } = draw.form
                    && !series.iter().any(|(_, _, known)| *known == data)
                {
                    let name = draw.legend.as_deref().unwrap_or(&self.template.data[data].name);
                    series.push((clean(name), draw, data));
                }
            }
        }
        series
    }

    /// Each series in a chart of its own, with an axis of its own.
    fn one_by_one(&self, values: &Values) -> Vec<Line> {
        let series = self.series();
        let rows = self.exact.unwrap_or(3);
        let (axes, gutter) = self.settle(|width| {
            let axis = |(_, _, data): &(String, &Drawn, usize)| {
                let drawn =
                    self.columns(values, *data, width).into_iter().map(|value| (0.0, value)).collect();
                let (lowest, highest) = extent(&[(0, Way::Blocks, drawn)]);
                left(lowest, highest, rows, true)
            };
            series.iter().map(axis).collect()
        });
        let width = self.terminal.width - gutter - 1;
        let palette = Palette::new(
            &series.iter().map(|(_, draw, _)| self.color(draw).0).collect::<Vec<_>>(),
            self.terminal.depth,
        );
        let mut lines = Vec::new();
        for (n, ((name, draw, data), left)) in series.iter().zip(&axes).enumerate() {
            let mut heading = Line::plain(&" ".repeat(gutter + 1));
            heading.push(&text::truncate(name, width), Style { bold: true, ..Style::default() });
            lines.push(heading);
            let mut columns = vec![vec![None; left.rows * 8]; width];
            for (column, value) in columns.iter_mut().zip(self.columns(values, *data, width)) {
                fill(column, left.scale, 0.0, value, n);
            }
            let fore = palette.as_ref().map_or(Paint::Own, |palette| self.paint(draw, palette));
            lines.extend(self.framed(left, gutter, values, |column, row| {
                let eighths = &columns[column][(left.rows - 1 - row) * 8..][..8];
                match self.terminal.unicode {
                    true => cell(eighths, None, &|_| fore),
                    false => letter(eighths).map(|c| (c, Style { fore, ..Style::default() })),
                }
            }));
        }
        if let Some(last) = axes.last() {
            lines.extend(self.below(gutter, last));
        }
        lines
    }

    /// The axes of a chart, and the columns left of it. They depend on each other: the labels take columns from the
    /// chart, and with fewer columns its highest value may be another.
    fn settle(&self, axes: impl Fn(usize) -> Vec<Left>) -> (Vec<Left>, usize) {
        let mut gutter = self.zone_width() + 1;
        loop {
            let axes = axes(self.terminal.width - gutter - 1);
            let wanted = axes.iter().map(|left| self.gutter(left)).max().unwrap_or(gutter);
            if wanted <= gutter {
                return (axes, gutter);
            }
            gutter = wanted;
        }
    }

    /// Columns left of the vertical line.
    fn gutter(&self, left: &Left) -> usize {
        left.width().max(self.zone_width()) + 1
    }

    fn zone_width(&self) -> usize {
        text::width(self.zone).min(9)
    }

    /// Lines of a chart with the axis at their left; `drawn` gives a cell by column and line from the top, and none
    /// where there is nothing.
    fn framed(
        &self,
        left: &Left,
        gutter: usize,
        values: &Values,
        drawn: impl Fn(usize, usize) -> Option<(char, Style)>,
    ) -> Vec<Line> {
        let quiet = Quiet::new(self.terminal);
        let width = self.terminal.width - gutter - 1;
        let span = values.span;
        let unread = span.end - values.edge.horizon > 2 * span.row;
        let mut lines = Vec::new();
        for row in 0..left.rows {
            let label = left.labels.iter().find(|(line, _)| *line == left.rows - row);
            let mut line = Line::default();
            let words = label.map_or("", |(_, label)| label.as_str());
            line.push(&text::pad_left(words, gutter - 1), quiet.axis);
            line.push(if label.is_some() { " ┤" } else { " │" }, quiet.axis);
            for column in 0..width {
                let begins = span.start + (span.end - span.start) * int(column) / int(width);
                let (c, style) = drawn(column, row).unwrap_or({
                    match (unread && begins >= values.edge.horizon, label) {
                        (true, _) => ('·', quiet.faint),
                        // Without colours lines across would be taken for data.
                        (false, Some(_)) if self.terminal.depth != Depth::None && self.terminal.unicode => {
                            ('┈', quiet.faint)
                        }
                        (false, _) => (' ', Style::default()),
                    }
                });
                line.push(c.encode_utf8(&mut [0; 4]), style);
            }
            lines.push(line);
        }
        lines
    }

    /// The time axis, with the zone at its left.
    fn below(&self, gutter: usize, left: &Left) -> Vec<Line> {
        let quiet = Quiet::new(self.terminal);
        let width = self.terminal.width - gutter - 1;
        let mut marks = vec!['─'; width];
        let mut words = String::new();
        for (column, label) in times(self.window.span, width) {
            let letters = text::width(&label);
            let from = (column + 1).saturating_sub(letters.div_ceil(2)).min(width.saturating_sub(letters));
            let used = text::width(&words);
            if from > used || used == 0 {
                words += &" ".repeat(from - used);
                words += &label;
                marks[column] = '┬';
            }
        }
        let label = left.labels.iter().find(|(line, _)| *line == 0);
        let mut axis = Line::default();
        axis.push(&text::pad_left(label.map_or("", |(_, label)| label), gutter - 1), quiet.axis);
        axis.push(if label.is_some() { " ┼" } else { " └" }, quiet.axis);
        axis.push(&marks.into_iter().collect::<String>(), quiet.axis);
        let mut below = Line::default();
        below.push(&text::pad_left(&text::truncate(self.zone, gutter - 1), gutter - 1), quiet.axis);
        below.push(&format!("  {words}"), quiet.axis);
        vec![axis, below]
    }

    fn empty(&self) -> Vec<Line> {
        let quiet = Quiet::new(self.terminal);
        let gutter = self.zone_width() + 1;
        let width = self.terminal.width - gutter - 1;
        let mut lines = Vec::new();
        for row in 0..3 {
            let mut line = Line::default();
            line.push(&" ".repeat(gutter), quiet.axis);
            line.push("│", quiet.axis);
            let words = if row == 1 { "no data yet" } else { "" };
            line.push(&" ".repeat((width - text::width(words)) / 2), quiet.axis);
            line.push(words, quiet.axis);
            lines.push(line);
        }
        let none =
            Left { scale: super::raster::Scale { lower: 0.0, upper: 1.0 }, rows: 3, labels: Vec::new() };
        lines.extend(self.below(gutter, &none));
        lines
    }

    /// The numbers, which are those of the rows, not of columns.
    fn legend(&self, palette: Option<&Palette>) -> Vec<Line> {
        let template = self.template;
        let named: Vec<(&Drawn, String)> =
            self.drawn.iter().filter_map(|draw| Some((draw, clean(draw.legend.as_deref()?)))).collect();
        let entries: Vec<_> = named.iter().map(|(draw, name)| (name.as_str(), draw.stats)).collect();
        if entries.is_empty() {
            return Vec::new();
        }
        let quiet = Quiet::new(self.terminal);
        let mut rows = table(&template.columns, &entries, self.terminal.width - 3).into_iter();
        let mut lines = Vec::new();
        let mut header = Line::plain("   ");
        header.push(&rows.next().unwrap_or_default(), quiet.axis);
        lines.push(header);
        for ((draw, _), row) in named.iter().zip(rows) {
            let mark = match draw.form {
                Form::Area { .. } => "██ ",
                Form::Line { .. } if draw.dashes.is_none() => "━━ ",
                Form::Line { .. } | Form::Rule { .. } => "╌╌ ",
                Form::Row => "   ",
            };
            // Without colours the names stand at the charts themselves.
            let mark = if palette.is_none() { "   " } else { mark };
            let fore = palette.map_or(Paint::Own, |palette| self.paint(draw, palette));
            let mut line = Line::default();
            line.push(mark, Style { fore, ..Style::default() });
            line.push(&row, Style::default());
            lines.push(line);
        }
        lines
    }
}

/// The lowest and the highest value that is drawn.
fn extent(piles: &[Pile]) -> (f64, f64) {
    let tops = piles.iter().flat_map(|(_, _, pile)| pile).map(|(_, to)| *to).filter(|to| to.is_finite());
    tops.fold((0.0, 0.0), |(low, high): (f64, f64), top| (low.min(top), high.max(top)))
}

fn int(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

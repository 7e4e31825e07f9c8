//! Values → eighths of a cell and braille dots. Pure: it knows no colour and no terminal.

use crate::chart::period::Span;

/// How the rows that fall into one column are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// Their mean by time: what is drawn has the sum of the rows.
    Mean,
    /// The highest: of peaks the mean says nothing.
    Highest,
}

#[allow(clippy::cast_precision_loss)] // seconds of a span and columns are far below 2^52
fn float(value: i64) -> f64 {
    value as f64
}

/// `rows` of `span` that end at `horizon` or before, as `columns` of equal length in time. NaN where nothing is known.
pub(super) fn resample(rows: &[f64], span: Span, horizon: i64, columns: usize, join: Join) -> Vec<f64> {
    let mut sum = vec![0.0; columns];
    let mut weight = vec![0.0; columns];
    let whole = i64::try_from(rows.len()).unwrap_or(i64::MAX).max(1);
    let width = i64::try_from(columns).unwrap_or(i64::MAX).max(1);
    for (i, value) in rows.iter().enumerate() {
        if !value.is_finite() || span.row_end(i) > horizon {
            continue;
        }
        // In units of one row's length divided by the columns, so that all ends are whole numbers.
        let i = i64::try_from(i).unwrap_or_default();
        let (mut from, end) = (i * width, (i + 1) * width);
        while from < end {
            let column = from / whole;
            let until = ((column + 1) * whole).min(end);
            let slot = usize::try_from(column).unwrap_or_default().min(columns - 1);
            let seconds = float(until - from);
            match join {
                Join::Mean => sum[slot] += value * seconds,
                Join::Highest if weight[slot] > 0.0 => sum[slot] = f64::max(sum[slot], *value),
                Join::Highest => sum[slot] = *value,
            }
            weight[slot] += seconds;
            from = until;
        }
    }
    let both = sum.into_iter().zip(weight);
    both.map(|(sum, weight)| match join {
        _ if weight == 0.0 => f64::NAN,
        Join::Mean => sum / weight,
        Join::Highest => sum,
    })
    .collect()
}

/// Where values lie between the lower and the upper end of the left axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub lower: f64,
    pub upper: f64,
}

impl Scale {
    /// The height of `value` in units of which the whole axis has `parts`.
    pub(super) fn at(self, value: f64, parts: usize) -> f64 {
        #[allow(clippy::cast_precision_loss)] // some thousand
        let parts = parts as f64;
        let share = (value - self.lower) / (self.upper - self.lower);
        if share.is_finite() { share.clamp(0.0, 1.0) * parts } else { 0.0 }
    }

    /// The part, from 0 at the bottom, in which `value` lies.
    fn part(self, value: f64, parts: usize) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 0 and parts
        let part = self.at(value, parts).floor() as usize;
        part.min(parts.saturating_sub(1))
    }
}

/// Fills the eighths of a column, from the bottom, between the values `from` and `to` with `series`. What is there at
/// all has one eighth at least.
pub(super) fn fill(column: &mut [Option<usize>], scale: Scale, from: f64, to: f64, series: usize) {
    let parts = column.len();
    if parts == 0 || from.is_nan() || to.is_nan() || from == to {
        return;
    }
    let round = |value: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 0 and parts
        let part = scale.at(value, parts).round() as usize;
        part
    };
    let (low, high) = (round(from.min(to)), round(from.max(to)));
    let low = low.min(parts - 1);
    column[low..high.max(low + 1)].fill(Some(series));
}

/// What one cell of areas shows: two things at most, one above the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub lower: Option<usize>,
    pub upper: Option<usize>,
    /// How many eighths the lower one has; 8: the cell is all its.
    pub eighths: usize,
}

/// The block that is nearest to the eight eighths of a cell. It can show two series only. If there are more, one that
/// loses a part of its height is preferred to one that disappears.
pub(super) fn block(eighths: &[Option<usize>]) -> Block {
    let mut present: Vec<Option<usize>> = Vec::new();
    for one in eighths {
        if !present.contains(one) {
            present.push(*one);
        }
    }
    let mut best = (usize::MAX, Block { lower: None, upper: None, eighths: 8 });
    for (n, lower) in present.iter().enumerate() {
        for upper in &present[n..] {
            for split in 1..=eighths.len() {
                let shown = |i: usize| if i < split { *lower } else { *upper };
                if split < eighths.len() && lower == upper {
                    continue;
                }
                let wrong = eighths.iter().enumerate().filter(|(i, one)| shown(*i) != **one).count();
                let lost = present
                    .iter()
                    .filter(|one| **one != *lower && (**one != *upper || split == eighths.len()))
                    .map(|one| if one.is_some() { 4 } else { 2 })
                    .sum::<usize>();
                let cost = 4 * wrong + lost;
                if cost < best.0 {
                    let upper = if split == eighths.len() { *lower } else { *upper };
                    best = (cost, Block { lower: *lower, upper, eighths: split });
                }
            }
        }
    }
    best.1
}

/// Braille dots, two by four in a cell, with the line that was drawn last in it.
#[derive(Debug, Clone)]
pub(super) struct Dots {
    columns: usize,
    rows: usize,
    cells: Vec<(u8, usize)>,
}

/// Bits of U+2800: by column, from the top.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

impl Dots {
    /// None set.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows, cells: vec![(0, 0); columns * rows] }
    }

    /// The dots of a cell, `row` from the top, and the series that they belong to.
    pub(super) fn cell(&self, column: usize, row: usize) -> Option<(u8, usize)> {
        self.cells.get(row * self.columns + column).copied().filter(|(bits, _)| *bits != 0)
    }

    /// Sets the dot `x` from the left and `y` from the bottom.
    fn set(&mut self, x: usize, y: usize, series: usize) {
        if x / 2 >= self.columns || y / 4 >= self.rows {
            return;
        }
        let cell = &mut self.cells[(self.rows - 1 - y / 4) * self.columns + x / 2];
        cell.0 |= BITS[x % 2][3 - y % 4];
        cell.1 = series;
    }

    /// A line through `values`, one a dot's column, without gaps where it is steep. Dashed: four dots, and a gap of
    /// four.
    pub(super) fn line(&mut self, scale: Scale, values: &[f64], dashed: bool, series: usize) {
        let mut before: Option<usize> = None;
        for (x, value) in values.iter().enumerate().take(self.columns * 2) {
            if !value.is_finite() {
                before = None;
                continue;
            }
            let y = scale.part(*value, self.rows * 4);
            if !dashed || x % 8 < 4 {
                // From half way to where the one before ended; that one has its half.
                let from = before.map_or(y, |before| match before < y {
                    true => before + 1,
                    false if before > y => before - 1,
                    false => y,
                });
                for between in from.min(y)..=from.max(y) {
                    self.set(x, between, series);
                }
            }
            before = Some(y);
        }
    }
}

//! The numbers under a picture: computed from the rows that are drawn, since librrd's own sums
//! drift where it reduces rows to pixels.

use super::period::Span;
use super::rows::Edge;
use super::template::Column;
use super::text;

/// The numbers of one series, in the graph's unit; none where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Stats {
    /// Sum of value × seconds in the RRD's own unit: how many there were.
    pub total: Option<f64>,
    pub avg: Option<f64>,
    pub p95: Option<f64>,
    pub max: Option<f64>,
    pub last: Option<f64>,
}

impl Stats {
    fn get(&self, column: Column) -> Option<f64> {
        match column {
            Column::Total => self.total,
            Column::Avg => self.avg,
            Column::P95 => self.p95,
            Column::Max => self.max,
            Column::Last => self.last,
        }
    }
}

/// The numbers of `values`, which has one value for each row of `span` (NaN where unknown). `factor` converts them to
/// the graph's unit. The highest value is taken from `peaks`, where given. Rows are weighted by their lengths, and by
/// `weights`, where given: the mean of a few messages is not worth as much as the mean of many.
///
/// A row that is not over is weighted by the time that was seen of it, and the first row by the time that is known of
/// it. The newest row can be the highest or the last value only once it is drawn.
pub(crate) fn stats(
    values: &[f64],
    peaks: Option<&[f64]>,
    weights: Option<&[f64]>,
    factor: f64,
    span: Span,
    edge: Edge,
) -> Stats {
    let seconds = |row: usize| {
        let end = span.row_end(row);
        #[allow(clippy::cast_precision_loss)] // seconds of a row are far below 2^52
        let seconds = (end.min(edge.seen) - edge.known(end - span.row, end)).max(0) as f64;
        seconds * weights.map_or(1.0, |weights| weights[row])
    };
    let known = values.iter().enumerate().filter(|(_, value)| value.is_finite());
    let drawn = known.clone().filter(|(row, _)| span.row_end(*row) <= edge.horizon);
    let mut drawn: Vec<f64> = drawn.map(|(_, value)| *value).collect();
    let last = drawn.last().copied();
    let count: f64 = known.clone().map(|(row, value)| value * seconds(row)).sum();
    let time: f64 = known.map(|(row, _)| seconds(row)).sum();
    let peaks = peaks.unwrap_or_default().iter().copied().filter(|peak| peak.is_finite());
    // Nearest rank: a value that occurred.
    let rank = (drawn.len() * 95).div_ceil(100);
    let p95 = rank.checked_sub(1).map(|rank| *drawn.select_nth_unstable_by(rank, f64::total_cmp).1);
    let scaled = |value: f64| value * factor;
    Stats {
        total: (time > 0.0).then(|| count.round()),
        avg: (time > 0.0).then(|| scaled(count / time)),
        p95: p95.map(scaled),
        max: drawn.into_iter().chain(peaks).reduce(f64::max).map(scaled),
        last: last.map(scaled),
    }
}

/// The legend as text in columns, for a fixed-width font.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub header: String,
    pub rows: Vec<String>,
}

/// The least width of a column and of the names, so that the pictures of one graph line up with each other.
const COLUMN: usize = 11;
const NAME: usize = 12;
/// From here on a rate has a prefix of the SI.
pub(crate) const LARGE: f64 = 1e6;

/// What stands in each of `columns` for each of `entries`: nothing where one has no numbers, a dash where one is not known.
pub(crate) fn cells(columns: &[Column], entries: &[Option<Stats>]) -> Vec<Vec<String>> {
    let decimals = decimals_of(columns, entries);
    let cell = |stats: Option<Stats>, column: Column| match stats.map(|stats| stats.get(column)) {
        None => String::new(),
        Some(None) => "–".to_owned(),
        Some(Some(value)) if column == Column::Total => number(value, 0, 1e9),
        Some(Some(value)) => number(value, decimals, LARGE),
    };
    let row = |stats: &Option<Stats>| columns.iter().map(|column| cell(*stats, *column)).collect();
    entries.iter().map(row).collect()
}

/// Digits after the point for all rates of a table.
pub(crate) fn decimals_of(columns: &[Column], entries: &[Option<Stats>]) -> usize {
    let rates: Vec<f64> = entries
        .iter()
        .filter_map(|stats| *stats)
        .flat_map(|stats| columns.iter().map(move |column| (*column, stats.get(*column))))
        .filter(|(column, _)| *column != Column::Total)
        .filter_map(|(_, value)| value)
        .collect();
    decimals(&rates)
}

/// What a column is called.
pub(crate) fn heading(column: Column) -> &'static str {
    match column {
        Column::Total => "Total",
        Column::Avg => "Avg",
        Column::P95 => "95th %",
        Column::Max => "Max",
        Column::Last => "Last",
    }
}

/// Writes `entries` (name, numbers; none for a name alone) in `columns`.
pub(crate) fn table(columns: &[Column], entries: &[(&str, Option<Stats>)]) -> Table {
    let names = entries.iter().map(|(name, _)| text::width(name));
    let name_width = names.max().unwrap_or_default().max(NAME);
    let cells = cells(columns, &entries.iter().map(|(_, stats)| *stats).collect::<Vec<_>>());

    let mut header = " ".repeat(name_width);
    let mut rows: Vec<String> = entries.iter().map(|(name, _)| text::pad_right(name, name_width)).collect();
    for (n, column) in columns.iter().enumerate() {
        let widest = cells.iter().map(|cells| text::width(&cells[n])).max();
        let width = (widest.unwrap_or_default() + 2).max(COLUMN);
        header += &text::pad_left(heading(*column), width);
        for (row, cells) in rows.iter_mut().zip(&cells) {
            *row += &text::pad_left(&cells[n], width);
        }
    }
    for row in &mut rows {
        row.truncate(row.trim_end().len());
    }
    Table { header, rows }
}

/// As few digits after the point as tell these rates apart.
pub(crate) fn decimals(rates: &[f64]) -> usize {
    let sizes = rates.iter().map(|value| value.abs());
    let largest = sizes.clone().fold(0.0, f64::max);
    let smallest = sizes.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    match largest {
        l if l >= 10_000.0 => 0,
        l if l >= 10.0 && smallest >= 0.05 => 1,
        l if l >= 0.5 => 2,
        _ => 3,
    }
}

/// `value` with thousands separators and `decimals` digits; from `large` on three digits and a
/// prefix of the SI. Never a negative zero.
pub(crate) fn number(value: f64, decimals: usize, large: f64) -> String {
    if value.abs() >= large {
        let (scaled, prefix) = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")]
            .into_iter()
            .find(|(unit, _)| value.abs() >= *unit)
            .map_or((value / 1e3, "k"), |(unit, prefix)| (value / unit, prefix));
        let decimals = match scaled.abs() {
            s if s >= 99.95 => 0,
            s if s >= 9.995 => 1,
            _ => 2,
        };
        return format!("{scaled:.decimals$} {prefix}");
    }
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::new();
    if value < 0.0 && digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text.push('-');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 300 s from 0 on, all of them seen.
    fn of(values: &[f64], peaks: Option<&[f64]>, factor: f64) -> Stats {
        let end = 300 * i64::try_from(values.len()).unwrap();
        seen(values, peaks, factor, end, end)
    }

    fn seen(values: &[f64], peaks: Option<&[f64]>, factor: f64, seen: i64, horizon: i64) -> Stats {
        let span = Span { start: 0, end: 300 * i64::try_from(values.len()).unwrap(), row: 300 };
        let edge = Edge { last_update: seen, seen, horizon, since: None };
        stats(values, peaks, None, factor, span, edge)
    }

    #[test]
    fn numbers_of_known_rows_only() {
        let values = [f64::NAN, 1.0, 3.0, 0.0, f64::NAN];
        let stats = of(&values, Some(&[f64::NAN, 9.0]), 60.0);
        assert_eq!(stats.total, Some(1_200.0));
        assert_eq!(stats.avg, Some(80.0));
        assert_eq!(stats.p95, Some(180.0));
        assert_eq!(stats.max, Some(540.0));
        assert_eq!(stats.last, Some(0.0));
        assert_eq!(of(&[f64::NAN], None, 1.0), Stats::default());
    }

    #[test]
    fn the_row_that_is_not_over_counts_as_long_as_it_was_seen() {
        let stats = seen(&[1.0, 1.0, 4.0], None, 1.0, 700, 600);
        assert_eq!(stats.total, Some(1_000.0));
        assert_eq!(stats.avg, Some(1_000.0 / 700.0));
        assert_eq!((stats.max, stats.last), (Some(1.0), Some(1.0)));
        let stats = seen(&[1.0, 1.0, 4.0], None, 1.0, 760, 900);
        assert_eq!((stats.max, stats.last), (Some(4.0), Some(4.0)));
    }

    #[test]
    fn a_mean_is_that_of_all_and_not_of_the_rows() {
        // 1 message of 9, 99 messages of 1: the mean is 1.08.
        let span = Span { start: 0, end: 600, row: 300 };
        let edge = Edge { last_update: 600, seen: 600, horizon: 600, since: None };
        let stats = stats(&[9.0, 1.0], None, Some(&[1.0, 99.0]), 1.0, span, edge);
        assert_eq!(stats.avg, Some(1.08));
        assert_eq!((stats.max, stats.last), (Some(9.0), Some(1.0)));
    }

    #[test]
    fn totals_are_whole_and_exact() {
        // Rows as librrd keeps them: counts divided by the step.
        let counts = [7_u32, 0, 12, 999, 3];
        let values: Vec<_> = counts.iter().map(|n| f64::from(*n) / 300.0).collect();
        let sum = f64::from(counts.iter().sum::<u32>());
        assert_eq!(of(&values, None, 60.0).total, Some(sum));
    }

    #[test]
    fn the_95th_percentile_is_a_value_that_occurred() {
        let values: Vec<_> = (1..=100).map(f64::from).collect();
        assert_eq!(of(&values, None, 1.0).p95, Some(95.0));
        assert_eq!(of(&[4.0], None, 1.0).p95, Some(4.0));
    }

    #[test]
    fn numbers_can_be_read() {
        for (value, decimals, expected) in [
            (0.0, 1, "0.0"),
            (-0.0, 1, "0.0"),
            (-0.04, 1, "0.0"),
            (-1.5, 1, "-1.5"),
            (999.96, 1, "1,000.0"),
            (41_731.0, 0, "41,731"),
            (1_234_567.0, 0, "1,234,567"),
            (999_999_999.0, 0, "999,999,999"),
            (1_234_567_890.0, 0, "1.23 G"),
            (98_765_432_100.0, 0, "98.8 G"),
            (2e16, 0, "20.0 P"),
        ] {
            assert_eq!(number(value, decimals, 1e9), expected);
        }
    }

    #[test]
    fn decimals_follow_the_table() {
        assert_eq!(decimals(&[39.4, 0.4, 0.0]), 1);
        assert_eq!(decimals(&[39.4, 0.004]), 2);
        assert_eq!(decimals(&[3.0]), 2);
        assert_eq!(decimals(&[0.01]), 3);
        assert_eq!(decimals(&[200_000.0, 1.0]), 0);
        assert_eq!(decimals(&[10_000.0, 1.0]), 0);
        assert_eq!(decimals(&[9_999.0, 1.0]), 1);
        assert_eq!(decimals(&[]), 3);
    }

    #[test]
    fn the_table_lines_up() {
        let stats = |total, avg| Some(Stats { total: Some(total), avg: Some(avg), ..Stats::default() });
        let columns = [Column::Total, Column::Avg, Column::Max];
        let entries =
            [("Success", stats(41_731.0, 14.5)), ("Äußerst lang", stats(0.0, 0.4)), ("Limit", None)];
        let table = table(&columns, &entries);
        assert_eq!(table.header, "                  Total        Avg        Max");
        assert_eq!(table.rows[0], "Success          41,731       14.5          –");
        assert_eq!(table.rows[1], "Äußerst lang          0        0.4          –");
        assert_eq!(table.rows[2], "Limit");
    }
}

//! The spans that are drawn, and in which rows.

use serde::Deserialize;

use super::wall;

/// Which span a picture covers, up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// The last hour, in rows of a minute.
    Hour,
    /// The last 24 hours, in rows of 5 minutes.
    Day,
    /// The last 7 days, in rows of 30 minutes.
    Week,
    /// The last 31 days, in rows of 2 hours.
    Month,
    /// The last 366 days, in rows of a day (a year of 2-hour rows is noise).
    Year,
}

/// What one picture or chart is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// The time up to now.
    Period(Period),
    /// From and to, Unix seconds.
    Between(i64, i64),
}

impl Stretch {
    /// What stands on the time axis at `now`, of RRDs of which the coarsest step is `step` seconds, on a canvas of `width`
    /// pixels.
    pub(crate) fn window(self, now: i64, step: i64, width: u32) -> Window {
        match self {
            Self::Period(period) => Window::of(period, now, step),
            Self::Between(from, to) => Window::between(from, to, now, step, width),
        }
    }
}

/// A stretch of whole rows: `start` and `end` in Unix seconds are multiples of `row`, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub start: i64,
    pub end: i64,
    pub row: i64,
}

impl Span {
    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from((self.end - self.start) / self.row).unwrap_or_default()
    }

    /// When row `index` ends.
    pub(crate) fn row_end(&self, index: usize) -> i64 {
        self.start + (i64::try_from(index).unwrap_or_default() + 1) * self.row
    }
}

/// What a picture's time axis shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub span: Span,
    /// For the title, after the graph's own.
    pub words: String,
    /// Lines and labels of the time axis, as `rrdgraph(1)` reads `--x-grid`.
    pub x_grid: &'static str,
    /// The time zone in which librrd is to place them; none: the process's own.
    pub zone: Option<Vec<u8>>,
}

/// The rows that every RRD has, and for how long it keeps them, in seconds.
const KEPT: [(i64, i64); 5] =
    [(60, 2 * 86_400), (300, 14 * 86_400), (1_800, 62 * 86_400), (7_200, 730 * 86_400), (86_400, i64::MAX)];

/// Grids of the time axis (`--x-grid` of rrdgraph(1)), each with the longest span in seconds for which it is used.
const GRIDS: [(i64, &str); 11] = [
    (1_200, "MINUTE:1:MINUTE:5:MINUTE:5:0:%H:%M"),
    (3_600, "MINUTE:1:MINUTE:10:MINUTE:10:0:%H:%M"),
    (3 * 3_600, "MINUTE:5:MINUTE:30:MINUTE:30:0:%H:%M"),
    (8 * 3_600, "MINUTE:10:HOUR:1:HOUR:1:0:%H:%M"),
    (36 * 3_600, "HOUR:1:HOUR:3:HOUR:3:0:%H:%M"),
    (4 * 86_400, "HOUR:2:HOUR:12:HOUR:12:0:%a %H:%M"),
    (12 * 86_400, "HOUR:6:DAY:1:DAY:1:86400:%a %d"),
    (45 * 86_400, "DAY:1:WEEK:1:WEEK:1:0:%d %b"),
    (150 * 86_400, "WEEK:1:MONTH:1:MONTH:1:2592000:%b"),
    (800 * 86_400, "MONTH:1:MONTH:1:MONTH:1:2592000:%b"),
    (i64::MAX, "MONTH:3:YEAR:1:YEAR:1:31536000:%Y"),
];

impl Window {
    /// The period that ends at `now`, Unix seconds, in RRDs whose coarsest step is `step` seconds.
    pub(crate) fn of(period: Period, now: i64, step: i64) -> Self {
        Self::new(period.span(now, step), period.words().into(), period.x_grid())
    }

    /// Any span from `from` to `to`, made larger to whole rows: the finest that are not more than one a pixel of
    /// `width`, and that are kept for as long as `from` lies before `now`.
    pub(crate) fn between(from: i64, to: i64, now: i64, step: i64, width: u32) -> Self {
        let fits = |row: i64| (to - from).div_euclid(row) <= i64::from(width);
        let kept = |keeps: i64| now.saturating_sub(from) < keeps;
        let row = KEPT.into_iter().find(|(row, keeps)| fits(*row) && kept(*keeps));
        let row = whole_steps(row.map_or(86_400, |(row, _)| row), step);
        let span = Span { start: from.div_euclid(row) * row, end: next_row(to, row), row };
        let length = span.end - span.start;
        let x_grid = GRIDS.iter().find(|(longest, _)| length <= *longest).map_or(GRIDS[10].1, |g| g.1);
        // What is drawn and summed up, which may be a little more than was asked for.
        Self::new(span, super::zone::between(span.start, span.end), x_grid)
    }

    fn new(span: Span, words: String, x_grid: &'static str) -> Self {
        Self { span, words, x_grid, zone: wall::zone(span.start, span.end, x_grid) }
    }
}

/// The smallest number of whole steps that is not less than `row` seconds.
fn whole_steps(row: i64, step: i64) -> i64 {
    step.max(1) * ((row + step.max(1) - 1) / step.max(1))
}

/// The row boundary at `time` or next after it.
pub(crate) fn next_row(time: i64, row: i64) -> i64 {
    (time + row - 1).div_euclid(row) * row
}

/// The row boundary nearest to `time`.
pub(crate) fn nearest_row(time: i64, row: i64) -> i64 {
    (time + row / 2).div_euclid(row) * row
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];
    /// Those that are drawn where nobody names one. A picture of an hour is another one each minute: to draw all of them
    /// so often would be most of the work of a small server, and few are ever looked at.
    pub const USUAL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// Its name in the names of files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// For a title.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Hour => "last hour",
            Self::Day => "last 24 hours",
            Self::Week => "last 7 days",
            Self::Month => "last 31 days",
            Self::Year => "last 12 months",
        }
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
            Self::Month => 31 * 86_400,
            Self::Year => 366 * 86_400,
        }
    }

    /// Seconds a row covers, in an RRD of `step` seconds. Each but the hour, which has no more than 60, gives 288 to 372
    /// rows: about two pixels a row, so that librrd never has to reduce, and no number is invented.
    fn row(self, step: i64) -> i64 {
        let row = match self {
            Self::Hour => 60,
            Self::Day => 300,
            Self::Week => 1_800,
            Self::Month => 7_200,
            Self::Year => 86_400,
        };
        whole_steps(row, step)
    }

    /// The rows to draw at `now`, Unix seconds, from RRDs whose coarsest step is `step` seconds.
    pub(crate) fn span(self, now: i64, step: i64) -> Span {
        let row = self.row(step);
        let end = next_row(now, row);
        Span { start: end - next_row(self.seconds(), row), end, row }
    }

    /// Lines and labels of the time axis, as `rrdgraph(1)` reads `--x-grid`.
    fn x_grid(self) -> &'static str {
        match self {
            Self::Hour => "MINUTE:1:MINUTE:10:MINUTE:10:0:%H:%M",
            Self::Day => "HOUR:1:HOUR:3:HOUR:3:0:%H:%M",
            Self::Week => "HOUR:6:DAY:1:DAY:1:86400:%a %d",
            Self::Month => "DAY:1:WEEK:1:WEEK:1:0:%d %b",
            Self::Year => "MONTH:1:MONTH:1:MONTH:1:2592000:%b",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_whole_rows_about_now() {
        let now = 1_795_434_360; // 2026-11-23 11:46 UTC
        for period in Period::ALL {
            let span = period.span(now, 60);
            assert_eq!((span.start % span.row, span.end % span.row), (0, 0));
            assert_eq!(span.end - span.start, period.seconds());
            assert!((0..span.row).contains(&(span.end - now)), "{period:?}");
            let rows = if period == Period::Hour { 60..=60 } else { 280..=380 };
            assert!(rows.contains(&span.rows()), "{period:?}");
            assert_eq!(span.row_end(span.rows() - 1), span.end);
        }
    }

    #[test]
    fn any_span_has_the_finest_rows_that_fit_and_are_kept() {
        let now = 1_795_434_360;
        let row =
            |from: i64, length: i64| Window::between(now - from, now - from + length, now, 60, 720).span.row;
        assert_eq!(row(7_200, 7_200), 60);
        assert_eq!(row(86_400, 86_400), 300);
        assert_eq!(row(3 * 86_400, 7_200), 300);
        assert_eq!(row(20 * 86_400, 7_200), 1_800);
        assert_eq!(row(100 * 86_400, 60), 7_200);
        assert_eq!(row(900 * 86_400, 60), 86_400);
        assert_eq!(row(62 * 86_400, 31 * 86_400), 7_200);
        let window = Window::between(now - 100, now, now, 60, 720);
        assert!(window.span.start <= now - 100 && window.span.end >= now);
        assert_eq!((window.span.start % 60, window.span.end % 60), (0, 0));
        // The title says what is drawn, not what was asked for.
        let window = Window::between(now - 86_400 * 3 + 7, now - 86_400 * 3 + 71, now, 60, 720);
        assert_eq!(window.words, crate::chart::zone::between(window.span.start, window.span.end));
        assert_eq!(window.span.end - window.span.start, 300);
    }

    #[test]
    fn the_time_axis_has_a_few_labels_whatever_its_length() {
        let unit = |name: &str| match name {
            "MINUTE" => 60,
            "HOUR" => 3_600,
            "DAY" => 86_400,
            "WEEK" => 7 * 86_400,
            "MONTH" => 30 * 86_400,
            "YEAR" => 365 * 86_400,
            other => panic!("{other}"),
        };
        for n in 0..200 {
            let length = (300.0 * 1.06_f64.powi(n)) as i64;
            if length > 3_650 * 86_400 {
                break;
            }
            let window = Window::between(0, length, length, 60, 720);
            let fields: Vec<&str> = window.x_grid.split(':').collect();
            let label = unit(fields[4]) * fields[5].parse::<i64>().unwrap();
            assert!((1..=27).contains(&(length / label)), "{length} s: {}", window.x_grid);
        }
    }

    #[test]
    fn coarse_steps_make_coarse_rows() {
        assert_eq!(Period::Day.span(1_000_000, 600).row, 600);
        assert_eq!(Period::Day.span(1_000_000, 7).row, 301);
    }

    #[test]
    fn boundaries_are_their_own_next_and_nearest() {
        assert_eq!((nearest_row(149, 300), next_row(149, 300)), (0, 300));
        assert_eq!((nearest_row(150, 300), next_row(150, 300)), (300, 300));
        assert_eq!((nearest_row(300, 300), next_row(300, 300)), (300, 300));
    }
}

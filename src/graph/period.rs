//! The spans that are drawn, and in which rows.

use serde::Deserialize;

/// Which span a picture covers, up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// The last 24 hours, in rows of 5 minutes.
    Day,
    /// The last 7 days, in rows of 30 minutes.
    Week,
    /// The last 31 days, in rows of 2 hours.
    Month,
    /// The last 366 days, in rows of a day (a year of 2-hour rows is noise).
    Year,
}

/// A stretch of whole rows: `start` and `end` in Unix seconds are multiples of `row`, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: i64,
    pub end: i64,
    pub row: i64,
}

impl Span {
    /// How many rows it has.
    pub(super) fn rows(&self) -> usize {
        usize::try_from((self.end - self.start) / self.row).unwrap_or_default()
    }

    /// When row `index` ends.
    pub(super) fn row_end(&self, index: usize) -> i64 {
        self.start + (i64::try_from(index).unwrap_or_default() + 1) * self.row
    }
}

/// The row boundary at `time` or next after it.
pub(super) fn next_row(time: i64, row: i64) -> i64 {
    (time + row - 1).div_euclid(row) * row
}

/// The row boundary nearest to `time`.
pub(super) fn nearest_row(time: i64, row: i64) -> i64 {
    (time + row / 2).div_euclid(row) * row
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// As in a file's name and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// For a title.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Day => "last 24 hours",
            Self::Week => "last 7 days",
            Self::Month => "last 31 days",
            Self::Year => "last 12 months",
        }
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        86_400
            * match self {
                Self::Day => 1,
                Self::Week => 7,
                Self::Month => 31,
                Self::Year => 366,
            }
    }

    /// Seconds a row covers, in an RRD of `step` seconds. Each gives 288 to 372 rows: about two
    /// pixels a row, so that librrd never has to reduce, and no number is invented.
    fn row(self, step: i64) -> i64 {
        let row = match self {
            Self::Day => 300,
            Self::Week => 1_800,
            Self::Month => 7_200,
            Self::Year => 86_400,
        };
        step.max(1) * ((row + step.max(1) - 1) / step.max(1))
    }

    /// The rows to draw at `now`, Unix seconds, from RRDs whose coarsest step is `step` seconds.
    pub(super) fn span(self, now: i64, step: i64) -> Span {
        let row = self.row(step);
        let end = next_row(now, row);
        Span { start: end - next_row(self.seconds(), row), end, row }
    }

    /// Lines and labels of the time axis, as `rrdgraph(1)` reads `--x-grid`.
    pub(super) fn x_grid(self) -> &'static str {
        match self {
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
            assert!((280..=380).contains(&span.rows()), "{period:?}");
            assert_eq!(span.row_end(span.rows() - 1), span.end);
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

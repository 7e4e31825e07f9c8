//! What is known of the rows of an RRD: from when on and until when, and the values that follow where the file has none, or
//! has them by other rows.

use super::period::Span;
use crate::store::rrd::fetch::Cf;

/// Where an RRD's knowledge ends, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The end of the last step that is in the file.
    pub last_update: i64,
    /// Until when the sources were read, never before `last_update`. Nothing was logged between the two.
    pub seen: i64,
    /// Rows that end after this are not drawn: of the row in which `seen` lies, half must have
    /// passed, or its rate would be that of a few minutes. Their counts are in the legend.
    pub horizon: i64,
    /// From when on values are known. The row in which this moment lies is weighted by the part that is known.
    pub since: Option<i64>,
}

impl Edge {
    /// From when on the row from `begin` to `end` is known.
    pub(crate) fn known(&self, begin: i64, end: i64) -> i64 {
        self.since.filter(|since| (begin..end).contains(since)).unwrap_or(begin)
    }

    /// The same of values that are drawn `seconds` later than they were.
    pub(super) fn later(self, seconds: i64) -> Self {
        Self {
            last_update: self.last_update + seconds,
            seen: self.seen + seconds,
            horizon: self.horizon + seconds,
            since: self.since.map(|since| since + seconds),
        }
    }
}

/// When rows of an RRD end, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Seconds of a row.
    pub(super) step: i64,
    pub(super) first_end: i64,
}

impl Stretch {
    /// When row `index` ends.
    fn row_end(self, index: usize) -> i64 {
        self.first_end + i64::try_from(index).unwrap_or_default() * self.step
    }
}

#[allow(clippy::cast_precision_loss)] // seconds of a span are far below 2^52
fn float(value: i64) -> f64 {
    value as f64
}

/// The rows of `span` from rows of the file, which may be finer, coarser, and more of them. A row of the file that is
/// `divided` by all of its time, though not all of it is known, is made a rate of the time that is.
pub(super) fn resample(
    rows: Stretch,
    column: &[f64],
    span: Span,
    cf: Cf,
    edge: Edge,
    divided: bool,
) -> Vec<f64> {
    let mut sum = vec![0.0; span.rows()];
    let mut weight = vec![0.0; span.rows()];
    for (i, value) in column.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let (begin, end) = (rows.row_end(i) - rows.step, rows.row_end(i));
        let known = edge.known(begin, end);
        // Most rows are those of the picture: they stay as they are, to the last digit.
        if rows.step == span.row && known == begin && (begin - span.start) % span.row == 0 {
            if let Some(target) = usize::try_from((begin - span.start) / span.row).ok()
                && let (Some(sum), Some(weight)) = (sum.get_mut(target), weight.get_mut(target))
            {
                (*sum, *weight) = (*value, 1.0);
            }
            continue;
        }
        let value = if divided { value * float(rows.step) / float(end - known) } else { *value };
        let end = end.min(span.end);
        let mut from = known.max(span.start);
        while from < end {
            let target = (from - span.start) / span.row;
            let until = (span.start + (target + 1) * span.row).min(end);
            let target = usize::try_from(target).unwrap_or_default();
            let seconds = float(until - from);
            match cf {
                Cf::Average => sum[target] += value * seconds,
                Cf::Max if weight[target] > 0.0 => sum[target] = f64::max(sum[target], value),
                Cf::Max => sum[target] = value,
            }
            weight[target] += seconds;
            from = until;
        }
    }
    let values = sum.into_iter().zip(weight);
    values
        .map(|(sum, weight)| match cf {
            _ if weight == 0.0 => f64::NAN,
            Cf::Average => sum / weight,
            Cf::Max => sum,
        })
        .collect()
}

/// The value of the row in which the last update lies, from its steps, up to `seen`: what was
/// logged divided by the time that was seen of it; after the last update it is `quiet`.
pub(super) fn newest_row(steps: Stretch, column: &[f64], row: i64, edge: Edge, cf: Cf, quiet: f64) -> f64 {
    let from = edge.last_update.div_euclid(row) * row;
    let until = edge.seen.min(from + row);
    let mut sum = 0.0;
    let mut highest = f64::NAN;
    for (i, value) in column.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let end = steps.row_end(i).min(until);
        let begin = (steps.row_end(i) - steps.step).max(from);
        if begin < end {
            sum += value * float(end - begin);
            highest = f64::max(highest, *value);
        }
    }
    match cf {
        _ if highest.is_nan() => f64::NAN,
        Cf::Average => {
            (sum + quiet * float((until - edge.last_update).max(0))) / float(until - edge.known(from, until))
        }
        Cf::Max => highest,
    }
}

/// Fills in what the file does not say: `newest` for the row of the last update, `quiet` up to `seen`.
/// What lies before the first data stays unknown. Gives the end and value of the row of the last
/// update if it is drawn.
pub(super) fn fill(
    values: &mut [f64],
    span: Span,
    edge: Edge,
    newest: f64,
    quiet: f64,
) -> Option<(i64, f64)> {
    let mut patch = None;
    for (i, value) in values.iter_mut().enumerate() {
        let end = span.row_end(i);
        if end <= edge.last_update {
            continue;
        }
        *value = if end - span.row >= edge.seen {
            f64::NAN
        } else if end - span.row < edge.last_update {
            patch = (newest.is_finite() && end <= edge.horizon).then_some((end, newest));
            newest
        } else {
            quiet
        };
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::period::nearest_row;

    const SPAN: Span = Span { start: 0, end: 1_200, row: 300 };

    /// Rows of an RRD, and their values.
    struct Rows(Stretch, Vec<f64>);

    fn rows(step: i64, first_end: i64, values: &[f64]) -> Rows {
        Rows(Stretch { step, first_end }, values.to_vec())
    }

    fn same(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_nan() && b.is_nan() || a == b)
    }

    #[test]
    fn rows_of_any_length_keep_their_sum() {
        let nan = f64::NAN;
        let edge = Edge { last_update: 1_200, seen: 1_200, horizon: 1_200, since: None };
        let average = |rows: &Rows| resample(rows.0, &rows.1, SPAN, Cf::Average, edge, true);
        assert!(same(&average(&rows(300, 0, &[9., 1., 2., nan, 4., 9.])), &[1., 2., nan, 4.]));
        assert!(same(&average(&rows(600, 600, &[1., 3.])), &[1., 1., 3., 3.]));
        assert!(same(&average(&rows(150, 150, &[1., 3., nan, 2., nan, nan, 0., 8.])), &[2., 2., nan, 4.]));
        let fine = rows(150, 150, &[1., 3., nan, 2., nan, nan, -1., -8.]);
        assert!(same(&resample(fine.0, &fine.1, SPAN, Cf::Max, edge, false), &[3., 2., nan, -1.]));
    }

    #[test]
    fn a_row_that_is_not_over_counts_what_was_seen_of_it() {
        // 120 in the first two minutes of the row 600..900, then nothing, seen until 840.
        let steps = rows(60, 540, &[7., 7., 1., 1.]);
        let edge = Edge { last_update: 720, seen: 840, horizon: 900, since: None };
        assert_eq!(newest_row(steps.0, &steps.1, 300, edge, Cf::Average, 0.0), 0.5);
        assert_eq!(newest_row(steps.0, &steps.1, 300, edge, Cf::Max, 0.0), 1.0);
        let later = Edge { seen: 9_000, ..edge };
        assert_eq!(newest_row(steps.0, &steps.1, 300, later, Cf::Average, 0.0), 0.4);
    }

    #[test]
    fn what_is_measured_holds_until_it_is_measured_again() {
        let steps = rows(60, 660, &[7., 7.]);
        let edge = Edge { last_update: 720, seen: 1_100, horizon: 1_200, since: None };
        let newest = newest_row(steps.0, &steps.1, 300, edge, Cf::Average, 7.0);
        assert_eq!(newest, 7.0);
        let mut values = [7., 7., f64::NAN, f64::NAN];
        fill(&mut values, SPAN, edge, newest, 7.0);
        assert!(same(&values, &[7., 7., 7., 7.]), "{values:?}");
    }

    #[test]
    fn a_quiet_night_is_zero_and_the_future_unknown() {
        let nan = f64::NAN;
        let filled = |last_update, seen| {
            let mut values = [nan, 5., nan, nan];
            let horizon = nearest_row(seen, 300);
            let edge = Edge { last_update, seen, horizon, since: None };
            let patch = fill(&mut values, SPAN, edge, 0.4, 0.0);
            (values, patch)
        };
        let (values, patch) = filled(600, 1_200);
        assert!(same(&values, &[nan, 5., 0., 0.]) && patch.is_none());
        let (values, patch) = filled(720, 1_200);
        assert!(same(&values, &[nan, 5., 0.4, 0.]) && patch == Some((900, 0.4)));
        // Not half of the row has passed: counted, not drawn.
        let (values, patch) = filled(720, 740);
        assert!(same(&values, &[nan, 5., 0.4, nan]) && patch.is_none());
        let (values, patch) = filled(720, 760);
        assert!(same(&values, &[nan, 5., 0.4, nan]) && patch == Some((900, 0.4)));
    }
}

//! The rows that a picture draws: those of the RRDs, or on a small picture each of several of them.

use crate::chart::period::Span;
use crate::chart::rows::Values;
use crate::chart::template::{Cf, Source, Template};

/// What is drawn of each of the template's data.
pub(super) struct Drawn {
    /// Rows of the picture.
    pub span: Span,
    /// For each of the template's data a value for each row, in the graph's unit. NaN: unknown, or not drawn yet.
    pub values: Vec<Vec<f64>>,
}

impl Drawn {
    /// The rows of `values`, `by` of which become one: the mean of what is known of them, of highest steps the highest. What is
    /// computed from other data is computed from the longer rows.
    pub(super) fn of(template: &Template, values: &Values, by: usize) -> Self {
        let by = by.max(1);
        let fine = values.span;
        let rows = fine.rows().div_ceil(by);
        let row = fine.row * i64::try_from(by).unwrap_or(1);
        let end = fine.start + i64::try_from(rows).unwrap_or_default() * row;
        let span = Span { start: fine.start, end, row };
        let mut all: Vec<Vec<f64>> = Vec::with_capacity(template.data.len());
        for (n, data) in template.data.iter().enumerate() {
            let merged = match &data.source {
                _ if values.shifts[n].is_none() => vec![f64::NAN; rows],
                Source::Rpn(rpn) | Source::Mean { rpn, .. } if by > 1 => rpn.rows(rows, |data| &all[data]),
                Source::Ds { cf, .. } => merged(values, n, by, *cf),
                Source::Rpn(_) | Source::Mean { .. } => merged(values, n, by, Cf::Average),
            };
            all.push(merged);
        }
        for (n, values) in all.iter_mut().enumerate() {
            let factor = template.factor_of(n);
            values.iter_mut().for_each(|value| *value *= factor);
        }
        Self { span, values: all }
    }

    /// A series that is averaged to calmer rows, each as long as `by` of the picture's, and drawn in these.
    pub(super) fn calm(&self, data: usize, by: usize) -> Vec<f64> {
        let calm = self.values[data].chunks(by.max(1)).flat_map(|chunk| {
            let known: Vec<f64> = chunk.iter().copied().filter(|value| value.is_finite()).collect();
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            // A time of which nothing is known stays a gap, also within a calm row.
            chunk.iter().map(move |value| if value.is_finite() { mean } else { f64::NAN })
        });
        calm.collect()
    }
}

/// The rows of data `n` that are drawn, `by` of which become one.
fn merged(values: &Values, n: usize, by: usize, cf: Cf) -> Vec<f64> {
    let (span, edge) = (values.span, values.edge(n));
    let of_chunk = |(chunk, some): (usize, &[f64])| {
        let (mut sum, mut weight, mut highest) = (0.0, 0.0, f64::NAN);
        for (at, value) in some.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let end = span.row_end(chunk * by + at);
            if end > edge.horizon {
                continue;
            }
            let seconds = (end.min(edge.seen) - edge.known(end - span.row, end)).max(0) as f64;
            sum += value * seconds;
            weight += seconds;
            highest = f64::max(highest, *value);
        }
        match cf {
            Cf::Max => highest,
            Cf::Average if weight > 0.0 => sum / weight,
            Cf::Average => f64::NAN,
        }
    };
    if by == 1 {
        // As they are, without a detour by which the last digit would change.
        let row = |(row, value): (usize, &f64)| match span.row_end(row) <= edge.horizon {
            true => *value,
            false => f64::NAN,
        };
        return values.values[n].iter().enumerate().map(row).collect();
    }
    values.values[n].chunks(by).enumerate().map(of_chunk).collect()
}

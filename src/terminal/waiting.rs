//! What was counted and is not in the RRD yet: bins that wait in the state, and lines that nobody has committed. They
//! are added to the rows, so that a chart ends now.

use crate::chart::period::{Span, next_row};
use crate::chart::rows::{Edge, Values};
use crate::chart::template::{Source, Template};
use crate::reading::{Measure, Reading};
use crate::store::rrd::fetch::Cf;

/// Measurements that are further apart than this (seconds) say nothing of the time between them.
const HELD: i64 = 3600;

/// Adds what waits to `values`.
pub(super) fn add(
    template: &Template,
    span: Span,
    values: Option<Values>,
    readings: &[Reading],
) -> Option<Values> {
    let of = |protocol: &str| readings.iter().find(|reading| reading.protocol == protocol);
    let mut values = values.or_else(|| begun(template, span, of))?;
    for (n, data) in template.data.iter().enumerate() {
        match &data.source {
            Source::Ds { protocol, ds, cf } => {
                let Some(reading) = of(protocol) else { continue };
                let Some(shift) = values.shifts[n] else { continue };
                let Some(at) = reading.counters.iter().position(|c| c.ds == *ds) else { continue };
                let pushed = values.filled[n].as_ref().map(|filled| filled.edge.last_update);
                if pushed.is_none() {
                    values.since[n] = since(reading);
                }
                let edge = Edge { seen: reading.seen, since: values.since[n], ..values.edge };
                let span = Span { start: span.start - shift, end: span.end - shift, ..span };
                add_bins(&mut values.values[n], span, *cf, reading, at, pushed, edge);
            }
            Source::Rpn(rpn) | Source::Mean { rpn, .. } if values.shifts[n].is_some() => {
                let computed = rpn.rows(span.rows(), |data| &values.values[data]);
                values.values[n] = computed;
                values.since[n] = rpn.uses().filter_map(|data| values.since[data]).min();
            }
            Source::Rpn(_) | Source::Mean { .. } => {}
        }
    }
    Some(values)
}

/// Values of which nothing is known, for a protocol whose first bins wait: there is no RRD before one is complete.
fn begun<'a>(template: &Template, span: Span, of: impl Fn(&str) -> Option<&'a Reading>) -> Option<Values> {
    let first = template.data.iter().find_map(|data| match &data.source {
        Source::Ds { protocol, .. } => {
            let reading = of(protocol)?;
            let since = since(reading).filter(|since| *since < reading.seen)?;
            Some((since, reading.seen))
        }
        Source::Rpn(_) | Source::Mean { .. } => None,
    });
    let (last_update, seen) = first?;
    Some(Values {
        span,
        filled: vec![None; template.data.len()],
        values: vec![vec![f64::NAN; span.rows()]; template.data.len()],
        edge: Edge { last_update, seen, horizon: next_row(seen, span.row), since: None },
        since: vec![None; template.data.len()],
        // Nothing is known of an earlier time.
        shifts: template.data.iter().map(|data| data.shift.is_none().then_some(0)).collect(),
        held: Vec::new(),
    })
}

/// From when on a protocol is known that has no RRD yet: at the latest from its first bin on.
fn since(reading: &Reading) -> Option<i64> {
    let (first, _) = reading.waiting.first()?;
    Some(if reading.since > 0 { reading.since.min(*first) } else { *first })
}

#[allow(clippy::cast_precision_loss)] // seconds of a span are far below 2^52
fn float(value: i64) -> f64 {
    value as f64
}

/// Adds the bins of the counter at `at`, of which `pushed` is the end of what the RRD has.
fn add_bins(
    rows: &mut [f64],
    span: Span,
    cf: Cf,
    reading: &Reading,
    at: usize,
    pushed: Option<i64>,
    edge: Edge,
) {
    let (step, measure, seen) = (i64::from(reading.step.max(1)), reading.counters[at].measure, edge.seen);
    let is_level = measure == Measure::Level;
    let Some(known) = pushed.or(edge.since) else { return };
    for (row, value) in rows.iter_mut().enumerate() {
        let end = span.row_end(row);
        if pushed.is_none() && value.is_nan() && end > known && end - span.row < seen {
            *value = 0.0;
        }
    }
    let mut before = known;
    for (begin, values) in &reading.waiting {
        // A push between the two readings: it is in the RRD by now.
        if begin + step <= known || *begin >= seen {
            continue;
        }
        let held = reading.measured && is_level && (0..=HELD).contains(&(begin - before));
        let from = if held { before } else { *begin };
        let to = (begin + step).min(seen);
        before = begin + step;
        let value = measure.float(values.get(at).copied().unwrap_or_default());
        for (row, sum) in rows.iter_mut().enumerate() {
            let end = span.row_end(row);
            let (start, until) = (edge.known(end - span.row, end), end.min(seen));
            let shared = float(to.min(until) - from.max(start));
            if shared <= 0.0 {
                continue;
            }
            let so_far = if sum.is_finite() { *sum } else { 0.0 };
            *sum = match (cf, is_level) {
                (Cf::Max, true) => so_far.max(value),
                (Cf::Max, false) => so_far.max(value / float(step)),
                (Cf::Average, true) => so_far + value * shared / float(until - start),
                // The whole of it happened in the time that was seen.
                (Cf::Average, false) => so_far + value / float(to - from) * shared / float(until - start),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Counter, DefinedBy};

    const SPAN: Span = Span { start: 0, end: 1_200, row: 300 };

    fn waiting(measure: Measure, measured: bool, bins: &[(i64, i128)]) -> Reading {
        let (defined_by, value) = (DefinedBy::BuiltIn, None);
        let counter = Counter { key: "a", ds: "a", help: "", measure, defined_by, value };
        let waiting = bins.iter().map(|(begin, value)| (*begin, vec![*value])).collect();
        Reading { step: 60, measured, counters: vec![counter], waiting, ..Reading::default() }
    }

    fn edge(seen: i64, since: Option<i64>) -> Edge {
        Edge { last_update: 0, seen, horizon: seen, since }
    }

    #[test]
    fn counts_are_added_once_and_whole() {
        // In the RRD up to 600, read at 930: 30 s of the row 900..1200, half of the bin 900..960.
        let mut rows = [1.0, 2.0, 0.0, 0.0];
        let bins = waiting(Measure::Count, false, &[(540, 7), (600, 30), (840, 60), (900, 6)]);
        add_bins(&mut rows, SPAN, Cf::Average, &bins, 0, Some(600), edge(930, None));
        let meant = [1.0, 2.0, 90.0 / 300.0, 6.0 / 30.0];
        assert!(rows.iter().zip(meant).all(|(row, meant)| (row - meant).abs() < 1e-12), "{rows:?}");
        let mut peaks = [1.0, 2.0, 0.0, 0.0];
        add_bins(&mut peaks, SPAN, Cf::Max, &bins, 0, Some(600), edge(930, None));
        assert_eq!(peaks, [1.0, 2.0, 1.0, 0.1]);
        // Of a bin that is not over, all that was counted so far: 1.5 in 30 s.
        let bins = waiting(Measure::Sum, false, &[(900, 1_500_000_000)]);
        let mut rows = [0.0; 4];
        add_bins(&mut rows, SPAN, Cf::Average, &bins, 0, Some(600), edge(930, None));
        assert_eq!(rows, [0.0, 0.0, 0.0, 1.5 / 30.0]);
    }

    #[test]
    fn a_first_bin_makes_known_what_follows_it() {
        let mut rows = [f64::NAN; 4];
        add_bins(
            &mut rows,
            SPAN,
            Cf::Average,
            &waiting(Measure::Count, false, &[(360, 30)]),
            0,
            None,
            edge(900, Some(360)),
        );
        assert!(rows[0].is_nan() && rows[3].is_nan());
        // Of the row 300..600 nothing is known up to 360.
        assert_eq!(rows[1..3], [30.0 / 240.0, 0.0]);
    }

    /// As in a chart that reaches into the future: a day before its end is now.
    #[test]
    fn what_waits_is_also_the_newest_of_an_earlier_series() {
        let toml = "title = \"T\"\nprotocol = \"p\"\nunit = \"n\"\ncolumns = [\"total\"]\ndata = [{ name = \"a\", ds = \"a\" }]\n\
                    draw = [{ line = \"a\", color = \"before\", shift = \"1d\" }]";
        let template = crate::chart::template::parse("t", "t.toml", toml, None, &[]).unwrap();
        let day = 86_400;
        let reading =
            Reading { protocol: "p", seen: 900, ..waiting(Measure::Count, false, &[(660, 30), (840, 6)]) };
        let row = [1.0, 2.0, 0.0, f64::NAN];
        let values = Values {
            span: Span { start: day, end: day + 1_200, row: 300 },
            filled: vec![None, None],
            values: vec![vec![f64::NAN; 4], row.to_vec()],
            edge: Edge { last_update: 600, seen: 900, horizon: 900, since: None },
            since: vec![None, None],
            shifts: vec![Some(0), Some(day)],
            held: Vec::new(),
        };
        let span = values.span;
        let values = add(&template, span, Some(values), &[reading]).unwrap();
        // Both bins of the row from 600 to 900, which is known from the first of them on.
        assert_eq!(values.values[1][..3], [1.0, 2.0, 36.0 / 240.0]);
        assert!(values.values[1][3].is_nan() && values.values[0].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn what_is_measured_holds_since_the_measurement_before() {
        let mut rows = [5.0, 5.0, 0.0, 0.0];
        let bins = waiting(Measure::Level, true, &[(840, 8)]);
        add_bins(&mut rows, SPAN, Cf::Average, &bins, 0, Some(600), edge(900, None));
        assert_eq!(rows, [5.0, 5.0, 8.0, 0.0]);
        // A peak of a log is that of its own minute.
        let mut rows = [5.0, 5.0, 0.0, 0.0];
        let bins = waiting(Measure::Level, false, &[(840, 8)]);
        add_bins(&mut rows, SPAN, Cf::Average, &bins, 0, Some(600), edge(900, None));
        assert_eq!(rows, [5.0, 5.0, 8.0 / 5.0, 0.0]);
    }
}

//! What a protocol counted step by step: the rows of its RRD, and behind them what waits for it.
use crate::error::Result;
use crate::reading::steps::{Steps, adds_up};
use crate::reading::{Counter, Measure, Reading};
use crate::store::rrd::fetch::{Cf, Reader, Rows};
use crate::store::rrd::open::OpenRrd;

/// Measurements that are further apart than this (seconds) say nothing of the time between them.
const HELD: i64 = 3600;

/// The steps of `reading` from `from` to `to` (unix seconds), as far as they lie in complete steps that end no later than
/// [`Reading::settled`].
///
/// # Errors
/// When the RRD cannot be read.
pub fn steps(reading: &Reading, from: i64, to: i64) -> Result<Steps> {
    let step = i64::from(reading.step.max(1));
    let from = from.div_euclid(step) * step;
    let to = to.min(reading.settled).div_euclid(step) * step;
    let count = usize::try_from((to - from) / step).unwrap_or_default();
    let mut steps = Steps { step, from, rows: Vec::with_capacity(count) };
    // What was pushed since the state was read is in the state's bins or came later: the state says what the file has.
    let pushed = reading.pushed.div_euclid(step) * step;
    let file = if from < pushed.min(to) { file(reading, from, pushed.min(to), step)? } else { None };
    for n in 0..count {
        let begin = from + step * i64::try_from(n).unwrap_or_default();
        let row = |at: usize, counter: &Counter| match &file {
            _ if counter.ds.is_empty() => None,
            _ if begin >= pushed => waiting(reading, at, counter.measure, begin, step),
            Some(file) => file.value(reading, counter, begin),
            None => None,
        };
        let row = reading.counters.iter().enumerate().map(|(at, counter)| row(at, counter));
        steps.rows.push(row.collect());
    }
    Ok(steps)
}

/// What waits of the step that begins at `begin`.
fn waiting(reading: &Reading, at: usize, measure: Measure, begin: i64, step: i64) -> Option<i128> {
    let first = || reading.waiting.first().map(|(begin, _)| *begin);
    let since = [reading.since, reading.pushed].into_iter().find(|since| *since > 0).or_else(first)?;
    if begin + step <= since {
        return None;
    }
    let value = |values: &Vec<i128>| values.get(at).copied();
    let next = reading.waiting.partition_point(|(there, _)| *there < begin);
    let found = reading.waiting.get(next);
    if !(reading.measured && measure == Measure::Level) {
        // In a step without a bin nothing was logged, and a level that lines tell is not known.
        let nothing = if measure == Measure::Level { None } else { Some(0) };
        return found.filter(|(there, _)| *there == begin).map_or(nothing, |(_, values)| value(values));
    }
    // What is measured holds back to the measurement before.
    let (there, values) = found?;
    let before = match next.checked_sub(1) {
        Some(before) => reading.waiting[before].0 + step,
        None => reading.pushed,
    };
    let holds = *there == begin || (before > 0 && there - before <= HELD);
    value(values).filter(|_| holds)
}

/// Rows of one step of a file.
struct File {
    rows: Rows,
    /// The column that is known for most of the rows: of what joined the file later the time before may be unknown.
    best: usize,
}

/// The rows of a step from `from` to `to`. `None`: there is no file, or it has only longer ones of that time.
fn file(reading: &Reading, from: i64, to: i64, step: i64) -> Result<Option<File>> {
    let Some(held) = OpenRrd::open(&reading.rrd)? else { return Ok(None) };
    let rows = Reader::of(&held)?.fetch(Cf::Average, from, to, step)?;
    if rows.step != step || rows.names.is_empty() {
        return Ok(None);
    }
    let known =
        |at: &usize| rows.values.iter().skip(*at).step_by(rows.names.len()).filter(|v| v.is_finite()).count();
    let best = (0..rows.names.len()).rev().max_by_key(known).unwrap_or_default();
    Ok(Some(File { rows, best }))
}

impl File {
    /// The value of the row that begins at `begin`.
    fn value(&self, reading: &Reading, counter: &Counter, begin: i64) -> Option<i128> {
        let names = &self.rows.names;
        let row = usize::try_from((begin + self.rows.step - self.rows.first_end) / self.rows.step).ok()?;
        let of = |column: usize| {
            self.rows.values.get(row * names.len() + column).copied().filter(|value| value.is_finite())
        };
        match names.iter().position(|name| name == counter.ds) {
            Some(column) => Some(amount(counter.measure, of(column)?, self.rows.step)),
            // What never moved has no data source, and was 0 wherever the file knows anything; but of what is measured the
            // file knows nothing before the first measurement.
            None => of(self.best).filter(|_| !reading.measured).map(|_| 0),
        }
    }
}

/// The value that a rate over one step was made from.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an RRD holds doubles")]
fn amount(measure: Measure, rate: f64, step: i64) -> i128 {
    let value = if adds_up(measure) { rate * step as f64 } else { rate };
    (if measure.is_fraction() { value * 1e9 } else { value }).round() as i128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::DefinedBy;

    fn reading(measure: Measure, measured: bool, bins: &[(i64, i128)]) -> Reading {
        let counter =
            Counter { key: "a", ds: "a", help: "", measure, defined_by: DefinedBy::BuiltIn, value: None };
        let waiting = bins.iter().map(|(begin, value)| (*begin, vec![*value])).collect();
        Reading {
            step: 60,
            measured,
            since: 600,
            settled: 1_200,
            counters: vec![counter],
            waiting,
            ..Reading::default()
        }
    }

    fn values(reading: &Reading, from: i64, to: i64) -> Vec<Option<i128>> {
        steps(reading, from, to).unwrap().rows.into_iter().map(|row| row[0]).collect()
    }

    #[test]
    fn a_step_without_lines_is_zero_where_anything_is_known_and_unknown_before() {
        let counts = reading(Measure::Count, false, &[(660, 7), (1_200, 9)]);
        assert_eq!(values(&counts, 480, 840), [None, None, Some(0), Some(7), Some(0), Some(0)]);
        // Nothing beyond what is settled.
        assert_eq!(values(&counts, 1_140, 2_000), [Some(0)]);
        assert_eq!(values(&Reading { since: 0, ..counts.clone() }, 600, 720), [None, Some(7)]);
        let none = Reading { since: 0, waiting: Vec::new(), ..counts.clone() };
        assert_eq!(values(&none, 660, 720), [None]);
        // What the state has pushed is in the file, and there is none.
        assert_eq!(values(&Reading { pushed: 720, ..counts }, 660, 780), [None, Some(0)]);
    }

    #[test]
    fn a_measurement_holds_back_to_the_one_before() {
        let levels = reading(Measure::Level, true, &[(660, 7), (780, 9)]);
        assert_eq!(values(&levels, 600, 900), [None, Some(7), Some(9), Some(9), None]);
        let levels = Reading { pushed: 600, ..levels };
        assert_eq!(values(&levels, 600, 720), [Some(7), Some(7)]);
    }
}

//! What was unlike other days: half-hours of the last 24 hours that had much more of something than usual.
//!
//! Usual is *m*: of the same half-hour of the last four same weekdays the median, and so of the one before and the one behind it;
//! the highest of these three, so that what comes every day at the same minute, or a little earlier or later, is no event. A
//! half-hour is unlike the others if it has more than 2 *m* + 3 √*m* + 10, and more than three times what some half-hour of
//! nearly every day has: mail that comes in bursts at any time of the day, as that of lists, is like other days. Where a subject
//! is a part of something (put off of what was tried) and there is more of the rest, *m* is higher by as much.
use crate::page::local::HALF_HOURS;

/// So many of seven days have a half-hour as high as what is taken to be usual on any day.
const OF_SEVEN: usize = 6;
/// How many times as high as that an event is.
const TIMES: f64 = 3.0;
/// At most so many events are told.
pub(super) const MOST: usize = 5;

/// A number; `None`: it is not known.
type Known = Option<f64>;

/// The values of one subject.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    /// The last 48 half-hours, oldest first.
    pub now: Vec<Option<f64>>,
    /// The same ones of earlier weeks, each with one more before and one more behind them: 50.
    pub earlier: Vec<Vec<Option<f64>>>,
    /// The highest half-hour of each of the last days before these, as far as they are known.
    pub peaks: Vec<f64>,
    /// Of all that it is a part of: the last 48 half-hours, and those of earlier weeks as above.
    pub among: Option<(Vec<Known>, Vec<Vec<Known>>)>,
}

/// Half-hours that were unlike those of other days, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    /// The first of them, and the one behind the last.
    pub first: usize,
    pub end: usize,
    /// How many there were, and how many are usual.
    pub number: f64,
    pub usual: f64,
    /// By which events are ordered.
    pub strength: f64,
}

impl Values {
    /// What is usual in half-hour `n`. `None`: nothing is known of earlier weeks.
    pub(super) fn usual(&self, n: usize) -> Option<f64> {
        highest_median(&self.earlier, n)
    }

    /// What is to be expected in half-hour `n`, where there may be more of the rest of what it is a part of.
    fn expected(&self, n: usize) -> Option<f64> {
        let usual = self.usual(n)?;
        let more = self.among.as_ref().and_then(|(now, earlier)| {
            let rest = now.get(n).copied().flatten()? - self.now.get(n).copied().flatten()?;
            let usual_rest = highest_median(earlier, n)? - usual;
            Some(((rest.max(0.0) + 10.0) / (usual_rest.max(0.0) + 10.0)).max(1.0))
        });
        Some(usual * more.unwrap_or(1.0))
    }

    /// What some half-hour of nearly every day has.
    fn on_any_day(&self) -> f64 {
        let mut peaks = self.peaks.clone();
        peaks.sort_by(f64::total_cmp);
        let days = peaks.len();
        peaks.get((days * (7 - OF_SEVEN)) / 7).copied().unwrap_or_default()
    }

    /// What was unlike other days, in the order of time.
    pub(super) fn runs(&self) -> Vec<Run> {
        let on_any_day = self.on_any_day();
        let is_unlike = |n: usize| {
            let number = self.now.get(n).copied().flatten()?;
            let expected = self.expected(n)?;
            Some(number > 2.0 * expected + 3.0 * expected.sqrt() + 10.0 && number > TIMES * on_any_day)
        };
        let mut found: Vec<(usize, usize)> = Vec::new();
        for n in (0..HALF_HOURS).filter(|n| is_unlike(*n) == Some(true)) {
            match found.last_mut() {
                // One half-hour between two does not part them.
                Some((_, end)) if n <= *end + 1 => *end = n + 1,
                _ => found.push((n, n + 1)),
            }
        }
        let run = |(first, end): (usize, usize)| {
            let number = (first..end).filter_map(|n| self.now.get(n).copied().flatten()).sum();
            let usual = (first..end).filter_map(|n| self.usual(n)).sum();
            let expected = (first..end).filter_map(|n| self.expected(n)).sum();
            Run { first, end, number, usual, strength: strength(number, expected) }
        };
        found.into_iter().map(run).collect()
    }
}

/// The highest of the medians of half-hour `n` of earlier weeks, of the one before and of the one behind it.
fn highest_median(earlier: &[Vec<Option<f64>>], n: usize) -> Option<f64> {
    let of = |behind: usize| {
        median(earlier.iter().filter_map(|week| week.get(n + behind).copied().flatten()).collect())
    };
    (0..3).filter_map(of).reduce(f64::max)
}

fn strength(number: f64, usual: f64) -> f64 {
    (number - usual) / (usual + 10.0).sqrt()
}

/// The middle one; of two the mean. `None`: there is none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => values.get(half).copied(),
        _ => Some(values.get(half - 1)?.midpoint(*values.get(half)?)),
    }
}

/// Of all events the strongest, the newest first. Of those of one protocol that overlap only the strongest is told: a wave of
/// connections is one event, and not also one of each thing that became of them. `all`: whose each one is, and when it was.
pub(super) fn strongest<T>(mut all: Vec<(&str, Run, T)>) -> Vec<(Run, T)> {
    all.sort_by(|one, other| other.1.strength.total_cmp(&one.1.strength));
    let mut kept: Vec<(&str, Run, T)> = Vec::new();
    for (of, run, what) in all {
        let overlaps = |(known, other, _): &(&str, Run, T)| {
            *known == of && run.first < other.end && other.first < run.end
        };
        if kept.len() < MOST && !kept.iter().any(overlaps) {
            kept.push((of, run, what));
        }
    }
    kept.sort_by_key(|(_, run, _)| std::cmp::Reverse((run.end, run.first)));
    kept.into_iter().map(|(_, run, what)| (run, what)).collect()
}

#[cfg(test)]
mod tests;

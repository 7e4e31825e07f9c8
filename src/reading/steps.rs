//! What a protocol counted in each step of a stretch of time: the rows of its RRD and what waits for it, as one plain value.
use super::Measure;

/// Steps, oldest first, without a gap between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// Seconds of a step.
    pub step: i64,
    /// When the first one begins, Unix seconds.
    pub from: i64,
    /// What each step has: a value for each counter of the reading, in its order and in the units of its measure. `None`:
    /// it is not known.
    pub rows: Vec<Vec<Option<i128>>>,
}

impl Steps {
    /// When the last one ends, Unix seconds.
    pub fn end(&self) -> i64 {
        self.from + self.step * i64::try_from(self.rows.len()).unwrap_or_default()
    }

    /// What the counter at `at` has in all of them together. `None`: of one of them it is not known.
    pub fn sum(&self, at: usize) -> Option<i128> {
        self.rows.iter().map(|row| row.get(at).copied().flatten()).sum()
    }

    /// Where the counter at `at`, which is at `total` now, stood at the end of each step, the newest first: `(end, total)`.
    /// `beyond` is what it gained after the last one. It ends before the first step, counted backwards, of which nothing is
    /// known.
    pub fn totals(&self, at: usize, total: i128, beyond: i128) -> Vec<(i64, i128)> {
        let (mut end, mut total) = (self.end(), total - beyond);
        let mut totals = Vec::with_capacity(self.rows.len());
        for row in self.rows.iter().rev() {
            totals.push((end, total));
            let Some(gained) = row.get(at).copied().flatten() else { break };
            (end, total) = (end - self.step, total - gained);
        }
        totals
    }
}

/// Is what a step has of such a counter an amount, which adds up?
pub fn adds_up(measure: Measure) -> bool {
    matches!(measure, Measure::Count | Measure::Sum | Measure::Net)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(rows: &[Option<i128>]) -> Steps {
        Steps { step: 60, from: 600, rows: rows.iter().map(|value| vec![*value]).collect() }
    }

    #[test]
    fn totals_go_back_from_now() {
        let some = steps(&[Some(1), Some(0), Some(5)]);
        assert_eq!((some.end(), some.sum(0)), (780, Some(6)));
        // 100 now, of which 2 came after 780.
        assert_eq!(some.totals(0, 100, 2), [(780, 98), (720, 93), (660, 93)]);
    }

    #[test]
    fn what_is_not_known_ends_the_tale_and_has_no_sum() {
        let some = steps(&[Some(1), None, Some(5)]);
        assert_eq!(some.sum(0), None);
        // Where it stood at 720 is known; what it gained until then is not.
        assert_eq!(some.totals(0, 100, 0), [(780, 100), (720, 95)]);
        assert_eq!((steps(&[]).sum(0), steps(&[]).end()), (Some(0), 600));
    }
}

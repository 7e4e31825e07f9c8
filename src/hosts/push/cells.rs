//! What a file on the other side is to be told: the rows of the local RRD, in the order of that file's data sources.
use crate::store::rrd::finest::{FineRow, Finest};

/// More than this (units of 10⁻⁹) is no number that was ever counted in a row; the RRD is damaged there.
const TOO_MUCH: f64 = 1e27;

/// 24 hours, in seconds.
const DAY: i64 = 86_400;

/// Where the values of a data source of the other side come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This column of the local RRD. An amount is what came in a row, anything else what stood in it.
    Column {
        /// Its position.
        at: usize,
        /// Is it an amount?
        is_amount: bool,
        /// Of whole things?
        is_count: bool,
        /// Is it what stood at the end of a row? Where nothing was logged it stands where it stood.
        is_level: bool,
    },
    /// The local RRD has no such data source, because the counter never moved: it is 0 wherever anything is known.
    Zero,
    /// No counter of ours has it.
    Nothing,
}

impl Origin {
    /// Is it what came in a row?
    pub(super) fn is_amount(self) -> bool {
        matches!(self, Self::Zero | Self::Column { is_amount: true, .. })
    }

    /// What it is where nothing was logged.
    pub(super) fn quiet(self) -> Option<i128> {
        match self {
            Self::Nothing | Self::Column { is_level: true, .. } => None,
            Self::Zero | Self::Column { .. } => Some(0),
        }
    }
}

/// The values of a stretch of time, in units of 10⁻⁹; `None`: unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) begin: i64,
    pub(super) end: i64,
    pub(super) cells: Vec<Option<i128>>,
}

impl Row {
    /// Is nothing in it but zeros and what is unknown?
    pub(super) fn is_quiet(&self) -> bool {
        self.cells.iter().all(|cell| cell.unwrap_or(0) == 0)
    }
}

/// The rows of `finest` by these origins. What is known in none of them is left out at the beginning.
///
/// Of a day in which an amount became known the time before is 0, as it is in the local RRD: otherwise the row of the whole
/// day would leave that time out of its mean, and say too much.
pub(super) fn rows(finest: &Finest, origins: &[Origin]) -> Vec<Row> {
    let mut rows: Vec<Row> = finest.rows.iter().map(|row| of_row(row, origins)).collect();
    let known = rows.iter().position(|row| row.cells.iter().any(Option::is_some));
    rows.drain(..known.unwrap_or(rows.len()));
    let mut known_on = vec![None; origins.len()];
    for row in rows.iter_mut().rev() {
        let day = row.begin.div_euclid(DAY);
        for ((cell, known_on), origin) in row.cells.iter_mut().zip(&mut known_on).zip(origins) {
            match cell {
                Some(_) => *known_on = Some(day),
                None if origin.is_amount() && *known_on == Some(day) => *cell = Some(0),
                None => {}
            }
        }
    }
    rows
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an RRD holds doubles")]
fn of_row(row: &FineRow, origins: &[Origin]) -> Row {
    let seconds = (row.end - row.begin) as f64;
    let is_known = row.rates.iter().any(|rate| rate.is_finite());
    let cell = |origin: &Origin| match *origin {
        Origin::Nothing => None,
        Origin::Zero => is_known.then_some(0),
        Origin::Column { at, is_amount, is_count, .. } => {
            let rate = row.rates.get(at).copied().filter(|rate| rate.is_finite())?;
            let value = if is_amount { rate * seconds } else { rate };
            let value = if is_count { value.round() * 1e9 } else { (value * 1e9).round() };
            (value.abs() < TOO_MUCH).then_some(value as i128)
        }
    };
    Row { begin: row.begin, end: row.end, cells: origins.iter().map(cell).collect() }
}

/// Adds what is owed of earlier rows: `first` to the first row, which may be less than nothing, and `later`, of each data
/// source, to the first row of the next hour in which it is known. What is known in none stays owed.
pub(super) fn pay(rows: &mut [Row], first: &[i128], later: &[i128]) {
    let Some(begin) = rows.first().map(|row| row.begin) else { return };
    for (at, (first, later)) in first.iter().zip(later).enumerate() {
        let add =
            |cell: &mut Option<i128>, more: i128| *cell = cell.map(|cell| (cell + more).max(cell.min(0)));
        if let Some(row) = rows.first_mut() {
            add(&mut row.cells[at], *first);
        }
        let next = rows.iter_mut().find(|row| row.begin < begin + 3_600 && row.cells[at].is_some());
        if let Some(row) = next {
            add(&mut row.cells[at], *later);
        }
    }
}

/// Rows that touch and say nothing but the same zeros are one.
pub(super) fn merged(rows: Vec<Row>) -> Vec<Row> {
    let mut merged: Vec<Row> = Vec::new();
    for row in rows {
        match merged.last_mut() {
            Some(last) if last.end == row.begin && last.cells == row.cells && row.is_quiet() => {
                last.end = row.end
            }
            _ => merged.push(row),
        }
    }
    merged
}

/// Fills the time from `last`, where the other side ends, to the first of `rows`: the day of that one is 0, what was before
/// it is unknown.
pub(super) fn lead(last: i64, rows: &[Row], origins: &[Origin]) -> Vec<Row> {
    let Some(first) = rows.first().filter(|first| last < first.begin) else { return Vec::new() };
    let midnight = (first.begin.div_euclid(DAY) * DAY).max(last);
    let row = |begin, end, is_known: bool| {
        let cell = |origin: &Origin| (is_known && origin.is_amount()).then_some(0);
        Row { begin, end, cells: origins.iter().map(cell).collect() }
    };
    [row(last, midnight, false), row(midnight, first.begin, true)]
        .into_iter()
        .filter(|row| row.begin < row.end)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Origin = Origin::Column { at: 0, is_amount: true, is_count: true, is_level: false };
    const LEVEL: Origin = Origin::Column { at: 1, is_amount: false, is_count: false, is_level: true };

    fn row(begin: i64, end: i64, cells: &[Option<i128>]) -> Row {
        Row { begin, end, cells: cells.to_vec() }
    }

    #[test]
    fn rows_become_amounts_and_levels() {
        let nan = f64::NAN;
        let fine = |begin, end, rates: [f64; 2]| FineRow { begin, end, rates: rates.to_vec() };
        let finest = Finest {
            names: vec!["a".into(), "b".into()],
            rows: vec![
                fine(DAY - 60, DAY, [nan, nan]),
                fine(DAY, DAY + 300, [nan, 4.5]),
                fine(DAY + 300, DAY + 360, [7.0 / 60.0, 3.0]),
                fine(DAY + 360, DAY + 420, [1e30, nan]),
            ],
        };
        let one = 1_000_000_000;
        assert_eq!(
            rows(&finest, &[LEVEL, COUNT, Origin::Zero, Origin::Nothing]),
            [
                row(DAY, DAY + 300, &[Some(4_500_000_000), Some(0), Some(0), None]),
                row(DAY + 300, DAY + 360, &[Some(3 * one), Some(7 * one), Some(0), None]),
                row(DAY + 360, DAY + 420, &[None, None, Some(0), None]),
            ]
        );
    }

    #[test]
    fn what_is_owed_is_told_where_it_is_known() {
        let mut rows = vec![
            row(0, 60, &[None, Some(5), Some(1), None]),
            row(60, 120, &[Some(2), Some(6), Some(1), None]),
            row(120, 180, &[Some(2), Some(6), Some(1), None]),
        ];
        pay(&mut rows, &[0, 0, -3, 0], &[7, 8, 2, 9]);
        assert_eq!(
            rows,
            [
                row(0, 60, &[None, Some(13), Some(2), None]),
                row(60, 120, &[Some(9), Some(6), Some(1), None]),
                row(120, 180, &[Some(2), Some(6), Some(1), None]),
            ]
        );
        pay(&mut [], &[], &[]);
    }

    #[test]
    fn quiet_minutes_are_one_row_and_what_came_before_the_first_is_told_apart() {
        let zero = |begin| row(begin, begin + 60, &[Some(0), None]);
        let busy = |begin| row(begin, begin + 60, &[Some(1), None]);
        let rows =
            vec![zero(0), zero(60), busy(120), busy(180), zero(240), row(300, 360, &[Some(0), Some(0)])];
        let expected = [
            row(0, 120, &[Some(0), None]),
            busy(120),
            busy(180),
            zero(240),
            row(300, 360, &[Some(0), Some(0)]),
        ];
        assert_eq!(merged(rows), expected);
        let first = [busy(DAY + 600)];
        assert_eq!(
            lead(DAY - 60, &first, &[COUNT, LEVEL]),
            [row(DAY - 60, DAY, &[None, None]), row(DAY, DAY + 600, &[Some(0), None])]
        );
        assert_eq!(lead(DAY + 540, &first, &[COUNT, LEVEL]), [row(DAY + 540, DAY + 600, &[Some(0), None])]);
        assert_eq!(lead(DAY + 600, &first, &[COUNT, LEVEL]), []);
    }
}

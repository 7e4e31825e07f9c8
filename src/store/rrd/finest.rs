//! All that a file knows, each stretch of time by the finest rows that are left of it.
use super::fetch::{Cf, Reader, Rows};
use super::places::Places;
use crate::error::{Error, Result};

/// Rows one behind the other, without a gap between them: minutes of the last days, longer rows of the time before.
#[derive(Clone, Debug, Default)]
pub struct Finest {
    /// The data sources, in the order of the file.
    pub names: Vec<String>,
    /// Oldest first.
    pub rows: Vec<FineRow>,
}

/// What a file knows of a stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct FineRow {
    /// Where it begins and ends, unix seconds.
    pub begin: i64,
    /// The end.
    pub end: i64,
    /// Of each data source the mean a second, NaN where it is unknown.
    pub rates: Vec<f64>,
}

impl Reader<'_> {
    /// All rows that end after `from` (unix seconds). The first may begin before that.
    ///
    /// # Errors
    /// When the file cannot be read, or has no archives of means.
    pub fn finest(&self, from: i64) -> Result<Finest> {
        let names: Vec<String> = self.header().sources.iter().map(|source| source.name.clone()).collect();
        let mut finest = Finest { names, rows: Vec::new() };
        for rows in self.stretches(from)? {
            let mut end = rows.first_end;
            for rates in rows.values.chunks_exact(rows.names.len().max(1)) {
                finest.rows.push(FineRow { begin: end - rows.step, end, rates: rates.to_vec() });
                end += rows.step;
            }
        }
        Ok(finest)
    }

    /// As [`Self::finest`], as stretches of rows that are equally long, the oldest first.
    ///
    /// # Errors
    /// Those of [`Self::finest`].
    pub(crate) fn stretches(&self, from: i64) -> Result<Vec<Rows>> {
        let header = self.header();
        let means = header.archives.iter().zip(Places::of(header));
        let mut archives: Vec<Places> = means
            .filter(|(archive, _)| archive.function == Cf::Average.as_str())
            .map(|(_, places)| places)
            .collect();
        archives.sort_by_key(|places| places.period);
        let mut pieces = Vec::new();
        // Where the finer rows begin.
        let mut until = i64::MAX;
        for (n, places) in archives.iter().enumerate() {
            let to = until.min(places.newest);
            // From here on there is a row of this length for all of each longer one.
            let longer = archives.get(n + 1).map_or(places.period, |longer| longer.period);
            let begin = (places.oldest() - places.period).max(0);
            let cut = (begin + longer - 1).div_euclid(longer) * longer;
            let first = cut.max(from.div_euclid(places.period) * places.period);
            if first < to {
                pieces.push((first, to, places.period));
            }
            until = until.min(cut.max(0));
            if first > cut {
                break;
            }
        }
        let mut stretches = Vec::new();
        for (first, to, period) in pieces.into_iter().rev() {
            let mut rows = self.fetch(Cf::Average, first, to, period)?;
            if rows.step != period {
                let path = self.path().display();
                return Err(Error::Message(format!(
                    "{path}: has no rows of {period} seconds where it should"
                )));
            }
            // What is fetched may begin earlier and end later.
            let after = |time: i64| {
                let rows = (time - rows.first_end).div_euclid(period) + 1;
                usize::try_from(rows).unwrap_or_default()
            };
            let (before, until) = (after(first.max(from)), after(to));
            let width = rows.names.len();
            rows.values.truncate(until * width);
            rows.values.drain(..(before * width).min(rows.values.len()));
            rows.first_end += i64::try_from(before).unwrap_or_default() * period;
            stretches.push(rows);
        }
        Ok(stretches)
    }
}

#[cfg(test)]
mod tests {
    use super::super::open::OpenRrd;
    use super::super::{Update, create, push};
    use super::*;
    use crate::protocol::send::SEND;

    /// 2026-09-22T00:00:00Z.
    const DAY0: i64 = 1_790_035_200;

    fn update(begin: i64, new: i128) -> Update {
        let mut values = vec![0; SEND.counters.len()];
        values[SEND.index("message_new").unwrap()] = new;
        (begin, values.into())
    }

    /// Whatever the time from which on it is asked: what is counted is in exactly one row, and rows touch.
    #[test]
    fn rows_touch_and_hold_all_that_was_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("send.rrd");
        let updates: Vec<Update> = (0..90 * 24)
            .map(|hour| update(DAY0 + 37_320 + hour * 3_600 + (hour * 7 % 60) * 60, 1 + i128::from(hour)))
            .collect();
        create(&path, &SEND, 60, &updates[..1]).unwrap();
        push(&path, &SEND, 60, &updates[1..]).unwrap();
        let end = updates.last().unwrap().0 + 60;
        for back in [
            0,
            60,
            3_600,
            2 * 86_400 - 60,
            2 * 86_400,
            2 * 86_400 + 60,
            13 * 86_400 + 7_260,
            61 * 86_400 + 60,
            89 * 86_400,
            200 * 86_400,
        ] {
            let from = end - back;
            let held = OpenRrd::open(&path).unwrap().unwrap();
            let finest = Reader::of(&held).unwrap().finest(from).unwrap();
            let column = finest.names.iter().position(|name| name == "message_new").unwrap();
            assert!(finest.rows.windows(2).all(|two| two[0].end == two[1].begin));
            assert_eq!(finest.rows.last().map_or(end, |row| row.end), end);
            let Some(first) = finest.rows.first() else {
                assert_eq!(back, 0);
                continue;
            };
            assert!(first.end > from && (first.begin <= from || back > 90 * 86_400), "{back}");
            let counted: f64 = finest
                .rows
                .iter()
                .filter(|row| row.rates[column].is_finite())
                .map(|row| (row.rates[column] * (row.end - row.begin) as f64).round())
                .sum();
            let expected: i128 = updates
                .iter()
                .filter(|(begin, _)| *begin >= first.begin)
                .map(|(_, values)| values.get(SEND.index("message_new").unwrap()))
                .sum();
            assert_eq!(counted as i128, expected, "{back}");
        }
    }
}

//! What usually comes in as long as nothing came now.
use super::events::median;
use crate::page::local::{self, WEEKS};

const HOUR: i64 = 3_600;

/// How many there were on earlier same weekdays in the time in which there is nothing now, from `last` to `until`; `of` says how
/// many there were between two times. In the first week other days are all that is known.
///
/// What comes each week at nearly the same time may come a little later than the last one did: the beginning is left out.
pub(super) fn in_the_same_time(last: i64, until: i64, of: impl Fn(i64, i64) -> Option<f64>) -> Vec<f64> {
    earlier((last + ((until - last) / 4).clamp(60, HOUR), until), of).0
}

/// What is told of it: of the whole time the median, and whether it is of other days than the same weekday.
pub(super) fn told(last: i64, until: i64, of: impl Fn(i64, i64) -> Option<f64>) -> Option<(f64, bool)> {
    let (numbers, is_other) = earlier((last + 60, until), of);
    Some((median(numbers)?, is_other))
}

/// How many there were in the same stretch of earlier same weekdays; or of other days, if these are all that is known.
fn earlier(stretch: (i64, i64), of: impl Fn(i64, i64) -> Option<f64>) -> (Vec<f64>, bool) {
    let earlier = |days: &mut dyn Iterator<Item = u64>| -> Vec<f64> {
        let stretches = days.map(|days| local::stretch_before(stretch, days));
        stretches.filter(|(from, to)| from < to).filter_map(|(from, to)| of(from, to)).collect()
    };
    let weeks = earlier(&mut (1..=WEEKS).map(|week| 7 * week));
    if weeks.is_empty() { (earlier(&mut (1..7)), true) } else { (weeks, false) }
}

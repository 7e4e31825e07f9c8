//! The sentences at the top.
use serde::Serialize;

use super::amounts::{Amounts, Hours};
use super::shown::{Shown, Which};
use super::words::{inner, number, per_cent, share};
use crate::page::local;
use crate::reading::attempts::{Day, Words};

/// A bit of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bit {
    /// The text.
    pub text: String,
    /// Does it stand out?
    pub strong: bool,
}

/// A stretch of the day is told if it is not longer than this number of hours.
const LONGEST: usize = 6;

fn plain(text: impl Into<String>) -> Bit {
    Bit { text: text.into(), strong: false }
}

fn strong(text: impl Into<String>) -> Bit {
    Bit { text: text.into(), strong: true }
}

/// What is said of the day.
pub(super) fn lead(shown: &Shown<'_>, words: &Words, amounts: &Amounts<'_>) -> Vec<Bit> {
    let (put_off, failed) = shown.day.sum(|_| true);
    let delivered: u64 = shown.day.delivered.iter().sum();
    let all = delivered + put_off + failed;
    let from = if shown.is_whole() { String::new() } else { format!(" from {}", local::clock(shown.since)) };
    let begin = shown.day.begin;
    let until = format!(" until {}", local::clock(amounts.until()));
    let when = match shown.which {
        Which::Today => format!("Today{from}{until}, "),
        Which::Yesterday if amounts.is_over() => format!("Yesterday, {}{from}: ", local::day(begin)),
        Which::Yesterday => format!("Yesterday, {}{from}{until}: ", local::day(begin)),
    };
    let mut bits = vec![plain(when)];
    if all == 0 {
        bits.push(plain("no attempt to deliver has ended."));
        return bits;
    }
    let attempts_are = if all == 1 { "attempt" } else { "attempts" };
    let were = if put_off == 1 { "was" } else { "were" };
    bits.push(strong(format!("{} of {} {attempts_are}", number(put_off), number(all))));
    bits.push(plain(format!(" {were} put off and ")));
    bits.push(strong(number(failed)));
    bits.push(plain(" failed for good."));
    bits.extend(most_put_off(shown.day, words, amounts, put_off));
    bits.extend(most_failed(shown.day, words, failed));
    bits
}

/// The place and reason of the largest part of what was put off.
fn most_put_off(day: &Day, words: &Words, amounts: &Amounts<'_>, put_off: u64) -> Vec<Bit> {
    let most = day.cells.iter().max_by_key(|cell| cell.put_off).filter(|cell| cell.put_off > 0);
    let Some((cell, place, class)) =
        most.and_then(|cell| Some((cell, words.places.get(cell.place)?, words.classes.get(cell.class)?)))
    else {
        return Vec::new();
    };
    let part = match share(cell.put_off, put_off) {
        share if share >= 1.0 => " All of what was put off, ",
        share if share > 0.5 => " Most of what was put off, ",
        _ => " The largest part of what was put off, ",
    };
    let mut bits = vec![
        plain(part),
        strong(number(cell.put_off)),
        plain(format!(", was for {}: ", place.name)),
        strong(inner(class.label)),
    ];
    let hours = place.series.as_ref().map(|series| amounts.by_hour(&series.put_off));
    match hours.and_then(|hours| narrowest(&hours)) {
        Some((from, to)) => bits.push(plain(format!(
            ", mostly between {} and {}.",
            local::clock(from),
            if local::clock(to) == "00:00" {
                "24:00".to_owned()
            } else {
                local::clock(to.min(amounts.until()))
            }
        ))),
        None => bits.push(plain(".")),
    }
    bits
}

/// The shortest stretch of whole hours in which three quarters of all fell, if it is short and all hours are known.
fn narrowest(hours: &[Hours]) -> Option<(i64, i64)> {
    let values = hours.iter().map(|hour| hour.value).collect::<Option<Vec<f64>>>()?;
    let all: f64 = values.iter().sum();
    if all <= 0.0 || hours.len() <= LONGEST {
        return None;
    }
    for length in 1..=LONGEST {
        let sums = values.windows(length).map(|window| window.iter().sum::<f64>());
        let best = sums.enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
        if let Some((first, sum)) = best
            && sum >= 0.75 * all
        {
            return Some((hours.get(first)?.begin, hours.get(first + length - 1)?.end));
        }
    }
    None
}

/// The reason of most of what failed.
fn most_failed(day: &Day, words: &Words, failed: u64) -> Vec<Bit> {
    let classes = words.classes.iter().enumerate();
    let numbers = classes.map(|(at, class)| (day.sum(|cell| cell.class == at).1, class));
    let most = numbers.max_by_key(|(number, _)| *number).filter(|(number, _)| *number > 0);
    let Some((number, class)) = most else { return Vec::new() };
    let part = share(number, failed);
    let part = if part >= 1.0 { "All".to_owned() } else { per_cent(part) };
    vec![plain(format!(" {part} of what failed: ")), strong(inner(class.label)), plain(".")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(values: &[Option<f64>]) -> Vec<Hours> {
        let hour =
            |(n, value): (i64, &Option<f64>)| Hours { begin: n * 3600, end: n * 3600 + 3600, value: *value };
        (0..).zip(values).map(hour).collect()
    }

    #[test]
    fn the_hours_in_which_most_fell() {
        let told = |values: &[f64]| narrowest(&hours(&values.iter().map(|v| Some(*v)).collect::<Vec<_>>()));
        assert_eq!(told(&[1.0, 1.0, 0.0, 60.0, 30.0, 2.0, 3.0, 3.0]), Some((3 * 3600, 5 * 3600)));
        assert_eq!(told(&[0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0]), Some((2 * 3600, 3 * 3600)));
        // All over the day.
        assert_eq!(told(&[1.0; 20]), None);
        assert_eq!(told(&[0.0; 20]), None);
        assert_eq!(
            narrowest(&hours(&[Some(9.0), None, Some(0.0), Some(0.0), Some(0.0), Some(0.0), Some(0.0)])),
            None
        );
    }
}

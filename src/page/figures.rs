//! Numbers on the pages: what the counters of a protocol are at, and how much they grew today.
//! Where they stand on the overview is said in `templates/page/index.html`.

use serde::Serialize;

use crate::chart::text;
use crate::reading::{Counter, Reading, Value};

/// A protocol's numbers as a template has them.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    name: String,
    title: String,
    about: String,
    /// What only grows: with today's growth.
    pub(super) counters: Vec<Row>,
    /// What is as it is now.
    pub(super) values: Vec<Row>,
}

/// One of its numbers.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    key: String,
    label: String,
    help: String,
    today: String,
    total: String,
}

impl Group {
    fn of<'a>(reading: &Reading, rows: impl Iterator<Item = (Figure<'a>, String)>) -> Self {
        let title = if reading.title.is_empty() { reading.protocol } else { reading.title };
        let mut group = Self {
            name: text::plain(reading.protocol),
            title: text::plain(title),
            about: text::plain(reading.about),
            counters: Vec::new(),
            values: Vec::new(),
        };
        for ((counter, value), label) in rows {
            let print = |value| number(&counter.measure.print(value));
            let row = Row {
                key: text::plain(counter.key),
                label,
                help: text::plain(counter.help),
                today: value.today.map(print).unwrap_or_default(),
                total: print(value.total),
            };
            let list = if value.today.is_some() { &mut group.counters } else { &mut group.values };
            list.push(row);
        }
        group
    }
}

/// A counter, and what it is at.
type Figure<'a> = (&'a Counter, Value);

/// The counters of which it is known what they are at.
fn figures(reading: &Reading) -> impl Iterator<Item = Figure<'_>> {
    reading.counters.iter().filter_map(|counter| Some((counter, counter.value?)))
}

/// Those of a protocol's numbers that are not 0 and of which `is_one` holds.
pub(super) fn some(reading: &Reading, is_one: impl Fn(&Counter) -> bool) -> Group {
    let rows = figures(reading).filter(|(counter, value)| value.total != 0 && is_one(counter));
    Group::of(reading, rows.map(|figure| (figure, text::plain(figure.0.key))))
}

/// A decimal number for people: digits in groups of three, at most three after the point.
fn number(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("\u{2212}", digits),
        None => ("", text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return text::plain(text);
    }
    let mut grouped = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let part = part.get(..part.len().min(3)).unwrap_or_default().trim_end_matches('0');
    if !part.is_empty() {
        grouped = format!("{grouped}.{part}");
    }
    // A trace below zero is no negative zero.
    if grouped == "0" { grouped } else { format!("{sign}{grouped}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{DefinedBy, Measure};

    #[test]
    fn numbers_are_grouped_and_short() {
        for (plain, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("18446744073709551615", "18,446,744,073,709,551,615"),
            ("-1234.5", "\u{2212}1,234.5"),
            ("0.0004", "0"),
            ("-0.0004", "0"),
            ("12.500000001", "12.5"),
            ("<b>", "<b>"),
        ] {
            assert_eq!(number(plain), shown, "{plain}");
        }
    }

    fn counter(key: &'static str, total: i128, today: Option<i128>) -> Counter {
        let (help, defined_by) = ("help", DefinedBy::BuiltIn);
        let measure = if today.is_some() { Measure::Count } else { Measure::Level };
        let value = Some(Value { total, today, moved: total != 0 });
        Counter { key, ds: key, help, measure, defined_by, value }
    }

    fn reading(protocol: &'static str, counters: &[Counter]) -> Reading {
        Reading { protocol, about: "about", counters: counters.to_vec(), ..Reading::default() }
    }

    #[test]
    fn a_graphs_page_has_all_that_is_not_zero() {
        let all =
            reading("send", &[counter("a", 0, Some(0)), counter("b", 7, Some(3)), counter("c", 2, None)]);
        let group = some(&all, |_| true);
        let keys = |rows: &[Row]| rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>();
        assert_eq!(
            (keys(&group.counters), keys(&group.values)),
            (vec!["b".to_owned()], vec!["c".to_owned()])
        );
        assert_eq!((group.counters[0].today.as_str(), group.values[0].today.as_str()), ("3", ""));
    }
}

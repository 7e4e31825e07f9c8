//! Numbers on the pages: what the counters of a protocol are at, and how much they grew today.

use serde::Serialize;

use crate::chart::text;

/// What is known of a protocol's counters; plain data, so that a page needs no store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// As in `maillogs NAME`, and in templates.
    pub protocol: String,
    /// Its heading; empty: its name.
    pub title: String,
    /// One line for people.
    pub about: String,
    /// The counters that the overview shows, with words for people: the first four of them that ever counted anything.
    /// None: the first four of the table.
    pub overview: &'static [(&'static str, &'static str)],
    /// In the order of the query; empty when its state cannot be read.
    pub counters: Vec<Figure>,
}

/// One counter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figure {
    /// As the query names it.
    pub key: String,
    /// Its data source; empty if it has none.
    pub ds: String,
    /// One line for people.
    pub help: String,
    /// As the query prints it: a decimal number.
    pub total: String,
    /// By how much it grew on the local day of now; none for what is not a counter (a queue's size).
    pub today: Option<String>,
    /// Whether it ever counted anything.
    pub moved: bool,
}

/// How many rows a protocol has on the overview.
const ROWS: usize = 4;

/// A protocol's numbers as a template has them.
#[derive(Debug, Serialize)]
pub(super) struct Group {
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
pub(super) struct Row {
    key: String,
    label: String,
    help: String,
    today: String,
    total: String,
}

impl Group {
    fn of<'a>(figures: &Figures, rows: impl Iterator<Item = (&'a Figure, String)>) -> Self {
        let title = if figures.title.is_empty() { &figures.protocol } else { &figures.title };
        let mut group = Self {
            name: text::plain(&figures.protocol),
            title: text::plain(title),
            about: text::plain(&figures.about),
            counters: Vec::new(),
            values: Vec::new(),
        };
        for (figure, label) in rows {
            let row = Row {
                key: text::plain(&figure.key),
                label,
                help: text::plain(&figure.help),
                today: figure.today.as_deref().map(number).unwrap_or_default(),
                total: number(&figure.total),
            };
            let list = if figure.today.is_some() { &mut group.counters } else { &mut group.values };
            list.push(row);
        }
        group
    }
}

/// The few numbers of every protocol that ever counted anything.
pub(super) fn overview(all: &[Figures]) -> Vec<Group> {
    let moving = all.iter().filter(|figures| figures.counters.iter().any(|counter| counter.moved));
    moving
        .map(|figures| {
            let of = |&(key, label): &(&str, &str)| {
                let figure = figures.counters.iter().find(|counter| counter.key == key)?;
                Some((figure, label.to_owned()))
            };
            let known: Vec<(&Figure, String)> = figures.overview.iter().filter_map(of).collect();
            let few = known.len() <= ROWS;
            let rows: Vec<(&Figure, String)> =
                known.into_iter().filter(|(figure, _)| few || figure.moved).take(ROWS).collect();
            let first = || {
                let all = figures.counters.iter().filter(|counter| counter.today.is_some());
                all.map(|counter| (counter, text::plain(&counter.key))).take(ROWS).collect()
            };
            let rows = if rows.is_empty() { first() } else { rows };
            Group::of(figures, rows.into_iter())
        })
        .filter(|group| !(group.counters.is_empty() && group.values.is_empty()))
        .collect()
}

/// All numbers of a protocol that are not 0.
pub(super) fn whole(figures: &Figures) -> Group {
    let rows = figures.counters.iter().filter(|counter| counter.total != "0");
    Group::of(figures, rows.map(|counter| (counter, text::plain(&counter.key))))
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
    use crate::protocol::shipped;

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

    fn figure(key: &str, total: &str, today: Option<&str>) -> Figure {
        Figure {
            key: key.into(),
            ds: key.into(),
            help: format!("help of {key}"),
            total: total.into(),
            today: today.map(str::to_owned),
            moved: total != "0",
        }
    }

    fn figures(protocol: &str, counters: &[Figure]) -> Figures {
        let card = shipped().iter().find(|card| card.name == protocol);
        Figures {
            protocol: protocol.into(),
            title: card.map(|card| card.title.to_owned()).unwrap_or_default(),
            about: "about".into(),
            overview: card.map_or(&[], |card| card.overview),
            counters: counters.to_vec(),
        }
    }

    #[test]
    fn the_overview_has_few_rows_and_no_protocol_without_any_data() {
        let own: Vec<Figure> = ["a", "b", "c", "d", "e"].map(|key| figure(key, "1", Some("0"))).to_vec();
        let rbl = [("ham", "5"), ("spamhaus", "0"), ("spamcop", "3")]
            .map(|(key, total)| figure(key, total, Some("2")));
        let all = [
            figures("send", &[figure("delivery_success", "0", Some("0"))]),
            figures("own", &own),
            figures("rbl", &rbl),
            figures("queue", &[figure("messages", "12", None)]),
            figures("gone", &[]),
        ];
        let shown: Vec<(String, Vec<String>)> = overview(&all)
            .into_iter()
            .map(|group| {
                let rows = group.counters.iter().chain(&group.values);
                (group.title, rows.map(|row| format!("{} {}", row.label, row.total)).collect())
            })
            .collect();
        let expected: [(&str, &[&str]); 3] = [
            ("own", &["a 1", "b 1", "c 1", "d 1"]),
            ("Incoming SMTP", &["Let in 5", "Spamhaus blocked 0", "SpamCop blocked 3"]),
            ("Queue", &["Messages 12"]),
        ];
        assert_eq!(shown.len(), expected.len(), "{shown:?}");
        for ((title, rows), (expected, wanted)) in shown.iter().zip(expected) {
            assert_eq!((title.as_str(), rows.join("; ")), (expected, wanted.join("; ")));
        }
    }

    #[test]
    fn a_graphs_page_has_all_that_is_not_zero() {
        let all = figures(
            "send",
            &[figure("a", "0", Some("0")), figure("b", "7", Some("3")), figure("c", "2", None)],
        );
        let group = whole(&all);
        let keys = |rows: &[Row]| rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>();
        assert_eq!(
            (keys(&group.counters), keys(&group.values)),
            (vec!["b".to_owned()], vec!["c".to_owned()])
        );
        assert_eq!((group.counters[0].today.as_str(), group.values[0].today.as_str()), ("3", ""));
    }
}

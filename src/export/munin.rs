//! A plugin of Munin (<https://guide.munin-monitoring.org/en/latest/plugin/protocol.html>): what a reading has, as graphs of
//! fields, and where each field stood at the end of every minute.
use std::fmt::Write;

use crate::reading::family::{Bucket, Unit};
use crate::reading::steps::Steps;
use crate::reading::{Counter, Measure, Reading};

/// What the graph names of all plugins begin with; behind it stands the part.
pub const BEGIN: &str = "maillogs_";

/// The name of a part as Munin has it, which allows no other sign than `_`.
pub fn plugin(part: &str) -> String {
    part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// For how many seconds Munin keeps every step. Older rows are longer.
pub const KEPT: i64 = 2 * 86_400;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<'a> {
    /// Nothing is known. The end of the last step that was told before, Unix seconds: so that Munin takes the minutes since
    /// then when they are known.
    Unknown(Option<i64>),
    /// Where each field stands now: what is measured now and then has nothing between.
    Now,
    /// Where each field stood at the end of each of these steps. The last one ends where the reading is settled.
    Steps(&'a Steps),
}

/// The graphs and their fields.
pub fn config(reading: &Reading) -> String {
    let mut text = String::new();
    for graph in graphs(reading) {
        // A string cannot fail to grow.
        let _ = writeln!(text, "multigraph {}", graph.name);
        let _ = writeln!(text, "graph_title {}", plain(&graph.title, 120));
        let _ = writeln!(text, "graph_category mail");
        let _ = writeln!(text, "graph_info {}", plain(&graph.info, 300));
        // What may be below 0 has no lowest line.
        let least = if graph.kind == Kind::Rate { "" } else { " -l 0" };
        let _ = writeln!(text, "graph_args --base 1000{least}");
        let _ = match graph.kind {
            Kind::Amount => {
                writeln!(text, "graph_period minute\ngraph_vlabel {} per ${{graph_period}}", graph.unit)
            }
            Kind::Rate => writeln!(text, "graph_period minute\ngraph_vlabel per ${{graph_period}}"),
            Kind::Level => writeln!(text, "graph_scale no\ngraph_vlabel {}", graph.unit),
        };
        if !reading.measured {
            let step = i64::from(reading.step.max(1));
            let _ = writeln!(text, "update_rate {step}\ngraph_data_size {}", data_size(step));
        }
        for field in &graph.fields {
            let name = &field.name;
            let _ = writeln!(text, "{name}.label {}", plain(&field.label, 40));
            let _ = writeln!(text, "{name}.info {}", plain(field.counter.help, 300));
            let _ = match kind(field.counter.measure) {
                Kind::Amount if field.counter.measure == Measure::Sum => {
                    writeln!(text, "{name}.type DERIVE\n{name}.min 0\n{name}.cdef {name},{MILLION},/")
                }
                Kind::Amount => writeln!(text, "{name}.type DERIVE\n{name}.min 0"),
                Kind::Rate | Kind::Level => writeln!(text, "{name}.type GAUGE"),
            };
        }
    }
    text
}

/// The values of the fields of all graphs.
pub fn values(reading: &Reading, told: &Told<'_>) -> String {
    let mut text = String::new();
    for graph in graphs(reading) {
        let _ = writeln!(text, "multigraph {}", graph.name);
        for field in &graph.fields {
            field.values(reading, told, &mut text);
        }
    }
    text
}

/// rrdtool takes whole numbers alone for what it makes a rate of: sums are told in millionths.
const MILLION: i128 = 1_000_000;

/// Of every step 2 days, of 5 minutes 9, of half an hour 45, of a day 450, as Munin draws day, week, month and year.
fn data_size(step: i64) -> String {
    let rows = [(step, 2), (300, 9), (1_800, 45), (86_400, 450)];
    let mut rows = rows.into_iter().filter(|(row, _)| *row >= step).collect::<Vec<_>>();
    rows.dedup_by(|next, before| {
        let is_same = next.0 == before.0;
        if is_same {
            before.1 = next.1;
        }
        is_same
    });
    let mut text = "custom ".to_owned();
    for (n, (row, days)) in rows.iter().enumerate() {
        let _ = if n == 0 { write!(text, "{days}d") } else { write!(text, ", {row}s for {days}d") };
    }
    text
}

/// How a field is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Where it stands in all; Munin makes a rate of it.
    Amount,
    /// As the rate of each step, because the sum of it may fall.
    Rate,
    /// Where it stands.
    Level,
}

fn kind(measure: Measure) -> Kind {
    match measure {
        Measure::Count | Measure::Sum => Kind::Amount,
        Measure::Net => Kind::Rate,
        Measure::Level | Measure::Derived => Kind::Level,
    }
}

/// One graph: fields of one kind and unit.
struct Graph<'a> {
    name: String,
    title: String,
    info: String,
    unit: &'static str,
    kind: Kind,
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    name: String,
    label: String,
    /// Its place among the counters of the reading.
    at: usize,
    counter: &'a Counter,
}

impl Field<'_> {
    fn values(&self, reading: &Reading, told: &Told<'_>, text: &mut String) {
        let Field { name, at, counter, .. } = self;
        let (value, steps) = match (told, counter.value) {
            (Told::Now, Some(value)) => {
                let _ = writeln!(text, "{name}.value {}", number(counter.measure, value.total));
                return;
            }
            (Told::Steps(steps), Some(value)) => (value, steps),
            (Told::Unknown(Some(last)), _) => {
                let _ = writeln!(text, "{name}.value {last}:U");
                return;
            }
            _ => {
                let _ = writeln!(text, "{name}.value U");
                return;
            }
        };
        let known: Vec<(i64, i128)> = match kind(counter.measure) {
            Kind::Amount => {
                let later = reading.waiting.iter().filter(|(begin, _)| *begin >= steps.end());
                let beyond = later.filter_map(|(_, values)| values.get(*at)).sum();
                steps.totals(*at, value.total, beyond)
            }
            Kind::Rate | Kind::Level => {
                let rows = (1..).zip(&steps.rows);
                let value =
                    |(n, row): (i64, &Vec<_>)| Some((steps.from + n * steps.step, row.get(*at).copied()??));
                let mut known: Vec<_> = rows.filter_map(value).collect();
                known.reverse();
                known
            }
        };
        if known.is_empty() {
            let _ = writeln!(text, "{name}.value {}:U", steps.end());
        }
        for (end, value) in known.iter().rev() {
            let value = match kind(counter.measure) {
                Kind::Rate => Measure::Net.print(value / i128::from(steps.step)),
                _ => number(counter.measure, *value),
            };
            let _ = writeln!(text, "{name}.value {end}:{value}");
        }
    }
}

/// A number as Munin's files take it.
fn number(measure: Measure, value: i128) -> String {
    match measure {
        // Units of 10⁻⁹; of the total, so that nothing is rounded twice.
        Measure::Sum => value.div_euclid(1_000).to_string(),
        measure => measure.print(value),
    }
}

/// The first graph is made of the counters that the overview of the pages chooses, and leads to the others: one for each
/// family, and those of the counters that are in none.
fn graphs(reading: &Reading) -> Vec<Graph<'_>> {
    let fields = fields(reading);
    let root = format!("{BEGIN}{}", plugin(reading.protocol));
    let title = if reading.title.is_empty() { reading.protocol } else { reading.title };
    let chosen = |(key, label): &(&str, &str)| {
        let (_, field) = fields.iter().find(|(_, field)| field.counter.key == *key)?;
        Some(Field { label: (*label).to_owned(), ..field.copy() })
    };
    let mut first: Vec<Field<'_>> = reading.main_counters.iter().filter_map(chosen).collect();
    if first.is_empty() {
        first = fields
            .iter()
            .map(|(_, field)| Field { label: field.counter.key.to_owned(), ..field.copy() })
            .collect();
    }
    let Some(leader) = first.first().map(|field| class(field.counter.measure)) else { return Vec::new() };
    first.retain(|field| class(field.counter.measure) == leader);
    if reading.main_counters.is_empty() {
        first.truncate(8);
    }
    let mut graphs = vec![Graph {
        name: root.clone(),
        title: format!("Mail: {title}"),
        info: reading.about.to_owned(),
        unit: "number",
        kind: kind(first[0].counter.measure),
        fields: first,
    }];
    // The first kind of a family has its name.
    let mut leaders: Vec<(Option<usize>, &str)> = vec![(None, "")];
    for (family, field) in fields {
        let own = class(field.counter.measure);
        let leader = leaders.iter().find(|(known, _)| *known == family).map(|(_, class)| *class);
        if leader.is_none() {
            leaders.push((family, own));
        }
        let end = if leader.unwrap_or(own) == own { "" } else { own };
        let name = family.map_or("other", |family| reading.families[family].name);
        let name = format!("{root}.{}{end}", plugin(name));
        if let Some(graph) = graphs.iter_mut().skip(1).find(|graph| graph.name == name) {
            graph.fields.push(field);
            continue;
        }
        let (about, unit) = match family {
            Some(family) => (reading.families[family].help, reading.families[family].unit),
            None => ("what no other graph has", Unit::None),
        };
        let unit = match (unit, field.counter.measure) {
            (Unit::Bytes, _) => "bytes",
            (Unit::Seconds, measure) if measure != Measure::Count => "seconds",
            _ => "number",
        };
        graphs.push(Graph {
            name,
            title: format!("{title}: {about}"),
            info: format!("{}; {about}", reading.about),
            unit,
            kind: kind(field.counter.measure),
            fields: vec![field],
        });
    }
    // Of few counters the first graph has all that another one of those without a family would have.
    let has_all = |graph: &Graph<'_>| {
        let first = &graphs[0].fields;
        graph.fields.iter().all(|field| first.iter().any(|there| there.at == field.at))
    };
    let other =
        graphs.iter().skip(1).position(|graph| graph.name == format!("{root}.other") && has_all(graph));
    if let Some(other) = other {
        graphs.remove(other + 1);
    }
    graphs
}

/// What the name of a graph ends with, so that no graph has fields of two kinds.
fn class(measure: Measure) -> &'static str {
    match measure {
        Measure::Count => "",
        Measure::Sum => "_sum",
        Measure::Net => "_net",
        Measure::Level | Measure::Derived => "_level",
    }
}

impl<'a> Field<'a> {
    fn copy(&self) -> Field<'a> {
        Field { name: self.name.clone(), label: self.label.clone(), at: self.at, counter: self.counter }
    }
}

/// All counters that have a past, each with the place of its family. What is computed from the others has none.
fn fields(reading: &Reading) -> Vec<(Option<usize>, Field<'_>)> {
    let mut names: Vec<String> = Vec::new();
    let mut fields = Vec::new();
    for (at, counter) in reading.counters.iter().enumerate() {
        if counter.measure == Measure::Derived {
            continue;
        }
        let found = reading.families.iter().enumerate();
        let found = found.filter_map(|(n, family)| Some((n, family.place(counter.key)?))).next();
        let label = found.as_ref().map_or_else(
            || counter.key.to_owned(),
            |(_, place)| {
                let bound = match place.bucket {
                    Some(Bucket::Within("+Inf")) => Some("longer".to_owned()),
                    Some(Bucket::Within(seconds)) => Some(format!("up to {seconds} s")),
                    Some(Bucket::Sum) => Some("seconds".to_owned()),
                    None => None,
                };
                let words: Vec<String> =
                    place.values.iter().map(|value| (*value).to_owned()).chain(bound).collect();
                if words.is_empty() { counter.key.to_owned() } else { words.join(" ") }
            },
        );
        // A name that is there already, as of `a-b` and `a_b`, gets a number.
        let plain = field_name(counter.key);
        let name = (1..).map(|n| if n == 1 { plain.clone() } else { format!("{plain}_{n}") });
        let name = name.into_iter().find(|name| !names.contains(name)).unwrap_or_default();
        names.push(name.clone());
        fields.push((found.map(|(n, _)| n), Field { name, label, at, counter }));
    }
    fields
}

/// A key as the name of a field: `[A-Za-z_][A-Za-z0-9_]*`; `root` has another meaning in Munin.
fn field_name(key: &str) -> String {
    let name = plugin(key);
    match name.chars().next() {
        Some(first) if !first.is_ascii_digit() && name != "root" => name,
        _ => format!("_{name}"),
    }
}

/// A text that can stand in Munin's files and graphs: on one line, of at most `most` characters, and without what its files or
/// rrdtool act on.
fn plain(text: &str, most: usize) -> String {
    let kept = |c: char| {
        let is_safe = c.is_alphanumeric() || " .,;:()/-+_@=*'<>!?&[]".contains(c);
        if is_safe { c } else { ' ' }
    };
    let text: String = text.chars().map(kept).take(most).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::family::Member::{Histogram, Key, Rest};
    use crate::reading::family::{Family, family, family_in};
    use crate::reading::{DefinedBy, Value};

    const FAMILIES: &[Family] = &[
        family("ended", "how they ended", &["to"], &[Rest("ok_", &[])]),
        family_in("took", "how long", Unit::Seconds, &[], &[Histogram("t", &[])]),
        family_in("oldest", "age", Unit::Seconds, &[], &[Key("oldest", &[])]),
    ];

    fn reading(counters: &[(&'static str, Measure, Option<i128>)]) -> Reading {
        let counter = |(key, measure, total): &(&'static str, Measure, Option<i128>)| Counter {
            key,
            ds: key,
            help: "help",
            measure: *measure,
            defined_by: DefinedBy::BuiltIn,
            value: total.map(|total| Value { total, ..Value::default() }),
        };
        Reading {
            protocol: "two-parts",
            about: "what it is",
            step: 60,
            families: FAMILIES,
            counters: counters.iter().map(counter).collect(),
            ..Reading::default()
        }
    }

    fn lines<'t>(text: &'t str, field: &str) -> Vec<&'t str> {
        text.lines().filter(|line| line.split(['.', ' ']).next() == Some(field)).collect()
    }

    /// The first graph has all of the few counters, and so also what has no family.
    #[test]
    fn each_counter_is_in_the_graph_of_its_family_under_a_name_of_its_own() {
        let reading = reading(&[
            ("ok_a-b", Measure::Count, Some(1)),
            ("ok_a_b", Measure::Count, Some(2)),
            ("t_1h", Measure::Count, Some(3)),
            ("t_longer", Measure::Count, Some(3)),
            ("t_seconds", Measure::Sum, Some(1_234_567_891)),
            ("mean", Measure::Derived, Some(7)),
            ("oldest", Measure::Level, Some(9)),
            ("root", Measure::Count, Some(4)),
            ("2nd", Measure::Net, Some(-1_500_000_000)),
        ]);
        let config = config(&reading);
        let graphs: Vec<&str> = config.lines().filter_map(|line| line.strip_prefix("multigraph ")).collect();
        assert_eq!(
            graphs,
            [
                "maillogs_two_parts",
                "maillogs_two_parts.ended",
                "maillogs_two_parts.took",
                "maillogs_two_parts.took_sum",
                "maillogs_two_parts.oldest",
                "maillogs_two_parts.other_net"
            ]
        );
        assert_eq!(lines(&config, "ok_a_b_2")[0], "ok_a_b_2.label ok_a_b");
        assert!(config.contains("\nok_a_b.label a-b\n") && config.contains("\nt_1h.label up to 3600 s\n"));
        assert!(
            config.contains("t_seconds.cdef t_seconds,1000000,/\n") && config.contains("_root.type DERIVE\n")
        );
        assert!(config.contains("_2nd.type GAUGE\n") && config.contains("oldest.type GAUGE\n"));
        assert!(!config.contains("mean"), "it has no past");
        let now = values(&reading, &Told::Now);
        assert!(now.contains("t_seconds.value 1234567\n") && now.contains("oldest.value 9\n"), "{now}");
    }

    #[test]
    fn what_waits_is_not_in_the_value_of_the_minute_before() {
        let mut reading = reading(&[("ok_a", Measure::Count, Some(10)), ("net", Measure::Net, Some(0))]);
        reading.waiting = vec![(60, vec![3, 0]), (120, vec![2, -90_000_000_000]), (180, vec![1, 0])];
        let rows = vec![vec![Some(3), Some(0)], vec![Some(2), Some(-90_000_000_000)]];
        let steps = Steps { step: 60, from: 60, rows };
        let told = values(&reading, &Told::Steps(&steps));
        assert_eq!(lines(&told, "ok_a")[..2], ["ok_a.value 120:7", "ok_a.value 180:9"]);
        // As a rate: 90 less in a minute.
        assert_eq!(lines(&told, "net"), ["net.value 120:0", "net.value 180:-1.5"]);
    }

    #[test]
    fn what_is_not_known_is_u_and_never_0() {
        let reading = reading(&[("ok_a", Measure::Count, None), ("oldest", Measure::Level, Some(0))]);
        for (told, expected) in [
            (Told::Unknown(None), "ok_a.value U"),
            (Told::Unknown(Some(600)), "ok_a.value 600:U"),
            (Told::Now, "ok_a.value U"),
            (Told::Steps(&Steps { step: 60, from: 600, rows: vec![vec![None, None]] }), "ok_a.value U"),
        ] {
            let text = values(&reading, &told);
            assert!(lines(&text, "ok_a").iter().all(|line| *line == expected), "{told:?}: {text}");
        }
        let steps = Steps { step: 60, from: 600, rows: vec![vec![None, None]] };
        assert_eq!(lines(&values(&reading, &Told::Steps(&steps)), "oldest"), ["oldest.value 660:U"]);
    }

    #[test]
    fn munin_keeps_each_step_for_two_days_and_no_row_is_shorter() {
        assert_eq!(data_size(60), "custom 2d, 300s for 9d, 1800s for 45d, 86400s for 450d");
        assert_eq!(data_size(300), "custom 9d, 1800s for 45d, 86400s for 450d");
        assert_eq!(data_size(600), "custom 2d, 1800s for 45d, 86400s for 450d");
        assert_eq!(data_size(86_400), "custom 450d");
    }
}

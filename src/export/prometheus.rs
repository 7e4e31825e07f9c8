//! The text formats of Prometheus (<https://prometheus.io/docs/instrumenting/exposition_formats/>) and of OpenMetrics
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>).
use std::fmt::Write;

use super::groups::{Amount, Group, Kind, Series};
use crate::reading::Reading;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Version 0.0.4, as node_exporter's textfile collector reads it.
    Prometheus,
    /// Version 1.0, which names its units and has an end.
    OpenMetrics,
}

/// What `groups` stand at now.
pub fn text(groups: &[Group], readings: &[Reading], dialect: Dialect) -> String {
    written(groups, dialect, |series| {
        series.now(readings).map(|amount| (amount, String::new())).into_iter().collect()
    })
}

/// What `groups` stood at at the end of each minute of their readings, each with its stamp: in milliseconds for Prometheus,
/// and in seconds for OpenMetrics.
pub fn minutes(groups: &[Group], readings: &[Reading], dialect: Dialect) -> String {
    let stamp = |end: i64| match dialect {
        Dialect::Prometheus => format!(" {end}000"),
        Dialect::OpenMetrics => format!(" {end}"),
    };
    written(groups, dialect, |series| {
        let reading = series.reading().and_then(|reading| readings.get(reading));
        let ends = reading.iter().flat_map(|reading| &reading.minutes).map(|(end, _)| *end);
        let then = ends.enumerate();
        then.filter_map(|(minute, end)| Some((series.then(readings, minute)?, stamp(end)))).collect()
    })
}

/// The groups with what `amounts` says of each series, and what is to stand behind each number.
fn written(groups: &[Group], dialect: Dialect, amounts: impl Fn(&Series) -> Vec<(Amount, String)>) -> String {
    let mut text = String::new();
    for group in groups {
        let mut numbers = String::new();
        for series in &group.series {
            for (amount, stamp) in amounts(series) {
                lines(&mut numbers, group, series, &amount, &stamp);
            }
        }
        if !numbers.is_empty() {
            head(&mut text, group, dialect);
            text += &numbers;
        }
    }
    if dialect == Dialect::OpenMetrics {
        text += "# EOF\n";
    }
    text
}

/// What stands before the numbers of a group.
fn head(text: &mut String, group: &Group, dialect: Dialect) {
    let kind = match group.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    // OpenMetrics calls a counter by its name without `_total`.
    let suffix = if dialect == Dialect::Prometheus { suffix(group.kind) } else { "" };
    let Group { name, help, unit, .. } = group;
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    // A string cannot fail to grow.
    let _ = writeln!(text, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}");
    if dialect == Dialect::OpenMetrics && !unit.is_empty() {
        let _ = writeln!(text, "# UNIT {name} {unit}");
    }
}

/// What the name of a number of this kind ends with.
fn suffix(kind: Kind) -> &'static str {
    if kind == Kind::Counter { "_total" } else { "" }
}

fn lines(text: &mut String, group: &Group, series: &Series, amount: &Amount, stamp: &str) {
    let name = &group.name;
    match amount {
        Amount::Number(number) => {
            let labels = labels(&series.labels, None);
            let _ = writeln!(text, "{name}{}{labels} {number}{stamp}", suffix(group.kind));
        }
        Amount::Histogram { buckets, sum } => {
            for (bound, within) in buckets {
                let labels = labels(&series.labels, Some(bound));
                let _ = writeln!(text, "{name}_bucket{labels} {within}{stamp}");
            }
            let count = buckets.last().map_or(0, |(_, within)| *within);
            let own = labels(&series.labels, None);
            let _ = writeln!(text, "{name}_sum{own} {sum}{stamp}\n{name}_count{own} {count}{stamp}");
        }
    }
}

/// `{name="value",…}`; nothing if there is no label. `bound`: of a histogram's bucket.
fn labels(labels: &[(&'static str, String)], bound: Option<&str>) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let own = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    let all: Vec<String> = own.chain(bound.map(|bound| format!("le=\"{bound}\""))).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

//! The text formats of Prometheus (<https://prometheus.io/docs/instrumenting/exposition_formats/>) and of OpenMetrics
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>).
use std::fmt::Write;

use super::groups::{Amount, Group, Kind, Series};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Version 0.0.4, as node_exporter's textfile collector reads it.
    Prometheus,
    /// Version 1.0, which names its units and has an end.
    OpenMetrics,
}

/// `groups` as text.
pub fn text(groups: &[Group], dialect: Dialect) -> String {
    let mut text = String::new();
    for group in groups {
        head(&mut text, group, dialect);
        for series in &group.series {
            lines(&mut text, group, series);
        }
    }
    if dialect == Dialect::OpenMetrics {
        text += "# EOF\n";
    }
    text
}

/// What stands before the numbers of a group.
pub(super) fn head(text: &mut String, group: &Group, dialect: Dialect) {
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
pub(super) fn suffix(kind: Kind) -> &'static str {
    if kind == Kind::Counter { "_total" } else { "" }
}

fn lines(text: &mut String, group: &Group, series: &Series) {
    let name = &group.name;
    match &series.value {
        Amount::Number(number) => {
            let _ = writeln!(text, "{name}{}{} {number}", suffix(group.kind), labels(&series.labels, None));
        }
        Amount::Histogram { buckets, sum } => {
            for (bound, within) in buckets {
                let _ = writeln!(text, "{name}_bucket{} {within}", labels(&series.labels, Some(bound)));
            }
            let count = buckets.last().map_or(0, |(_, within)| *within);
            let own = labels(&series.labels, None);
            let _ = writeln!(text, "{name}_sum{own} {sum}\n{name}_count{own} {count}");
        }
    }
}

/// `{name="value",…}`; nothing if there is no label. `bound`: of a histogram's bucket.
pub(super) fn labels(labels: &[(&'static str, String)], bound: Option<&str>) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let own = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    let all: Vec<String> = own.chain(bound.map(|bound| format!("le=\"{bound}\""))).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

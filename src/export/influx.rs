//! Readings in the line protocol of InfluxDB (<https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/>): a
//! line a protocol, its counters as fields.
use crate::reading::{Measure, Reading};

/// A line for each reading that has values: `maillogs,host=…,protocol=… key=5i,… NANOSECONDS`. Whole numbers have an `i`
/// behind them. `now`: unix seconds.
pub fn lines(readings: &[Reading], host: &str, now: i64) -> String {
    let line = |reading: &Reading| {
        let fields: Vec<String> = reading
            .counters
            .iter()
            .filter_map(|counter| {
                let number = counter.measure.print(counter.value?.total);
                let end = if matches!(counter.measure, Measure::Count | Measure::Level) { "i" } else { "" };
                Some(format!("{}={number}{end}", escaped(counter.key)))
            })
            .collect();
        (!fields.is_empty() && reading.unknown.is_none()).then(|| {
            format!(
                "maillogs,host={},protocol={} {} {now}000000000\n",
                escaped(host),
                escaped(reading.protocol),
                fields.join(",")
            )
        })
    };
    readings.iter().filter_map(line).collect()
}

/// A name or a value of a tag, or a name of a field.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Neither can be written.
            '\n' | '\r' => escaped.push_str("\\ "),
            ',' | '=' | ' ' | '\\' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    // A backslash at the end would take what follows for its own.
    if text.ends_with('\\') {
        escaped.push(' ');
    }
    escaped
}

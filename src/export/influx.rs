//! Readings in the line protocol of InfluxDB (<https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/>): a
//! line a protocol, its counters as fields.
use crate::reading::{Counter, Reading};

/// A line for each reading that has values: `maillogs,host=…,protocol=… key=5,… NANOSECONDS`. `now`: unix
/// seconds.
pub fn lines(readings: &[Reading], host: &str, now: i64) -> String {
    let total = |counter: &Counter| Some(counter.value?.total);
    let known = readings.iter().filter(|reading| reading.unknown.is_none());
    known.map(|reading| line(reading, host, now, reading.counters.iter().map(total))).collect()
}

/// The same of the end of each minute.
pub fn minutes(readings: &[Reading], host: &str) -> String {
    let minutes =
        readings.iter().flat_map(|reading| reading.minutes.iter().map(move |minute| (reading, minute)));
    minutes.map(|(reading, (end, totals))| line(reading, host, *end, totals.iter().copied())).collect()
}

/// Nothing, if no total is known.
fn line(reading: &Reading, host: &str, time: i64, totals: impl Iterator<Item = Option<i128>>) -> String {
    let field = |(counter, total): (&Counter, Option<i128>)| {
        // All are floats: a field of the same name in another protocol may have a fraction, and a field has one type.
        Some(format!("{}={}", escaped(counter.key), counter.measure.print(total?)))
    };
    let fields: Vec<String> = reading.counters.iter().zip(totals).filter_map(field).collect();
    if fields.is_empty() {
        return String::new();
    }
    let (host, protocol) = (escaped(host), escaped(reading.protocol));
    format!("maillogs,host={host},protocol={protocol} {} {time}000000000\n", fields.join(","))
}

/// A name or a value of a tag, or a name of a field.
fn escaped(text: &str) -> String {
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

//! Readings for programs that want one line: Nagios and Icinga, Checkmk, MRTG; and bare values.
use crate::reading::{Counter, Measure, Reading};

/// A counter, and the reading that it is of.
pub type Asked<'a> = (&'a Reading, &'a Counter);

/// The counter's value, as the text has it. `None`: it is not known.
pub fn value((reading, counter): Asked<'_>) -> Option<String> {
    let value = counter.value.filter(|_| reading.unknown.is_none())?;
    Some(counter.measure.print(value.total))
}

/// MRTG's four lines: two values, how long the server is up (which is not known here), and a name. What is not known is
/// `UNKNOWN`.
pub fn mrtg(first: Asked<'_>, second: Asked<'_>, host: &str) -> String {
    // MRTG reads whole numbers alone.
    let whole = |asked| value(asked).map(|value| value.split('.').next().unwrap_or_default().to_owned());
    let line = |asked| whole(asked).unwrap_or_else(|| "UNKNOWN".to_owned());
    format!("{}\n{}\n\n{}\n", line(first), line(second), plain(host))
}

/// A status line with performance data, as Nagios' guide to plug-ins has it: `MAILLOGS OK - … | 'send.delivery_success'=5c;;;0`.
/// The second value is the exit code: 0, or 3 where something is not known.
pub fn nagios(readings: &[Reading]) -> (String, u8) {
    let why = readings.iter().find_map(|reading| {
        let why = reading.trouble().or(reading.unknown.as_ref())?;
        Some(format!("{}: {}", reading.protocol, plain(why)))
    });
    let (word, code) = if why.is_some() { ("UNKNOWN", 3) } else { ("OK", 0) };
    let names: Vec<&str> = readings.iter().map(|reading| reading.protocol).collect();
    let told = why.unwrap_or_else(|| names.join(", "));
    let data = performance(readings);
    let data = if data.is_empty() { String::new() } else { format!(" | {}", data.join(" ")) };
    (format!("MAILLOGS {word} - {told}{data}\n"), code)
}

/// `'LABEL'=VALUE[c];;;0` of each counter that has a value: `c` marks what only grows.
pub fn performance(readings: &[Reading]) -> Vec<String> {
    let all =
        readings.iter().flat_map(|reading| reading.counters.iter().map(move |counter| (reading, counter)));
    let one = |asked: Asked<'_>| {
        let (reading, counter) = asked;
        let (unit, least) = match counter.measure {
            Measure::Count | Measure::Sum => ("c", ";;;0"),
            Measure::Level => ("", ";;;0"),
            Measure::Net | Measure::Derived => ("", ""),
        };
        Some(format!("'{}.{}'={}{unit}{least}", label(reading.protocol), label(counter.key), value(asked)?))
    };
    all.filter_map(one).collect()
}

/// A local check of Checkmk, a line a reading: `0 "maillogs send" key=5|other=7 about`.
pub fn checkmk(readings: &[Reading]) -> String {
    let line = |reading: &Reading| {
        let values = reading.counters.iter().filter_map(|counter| {
            // A metric's name may have no `=` and no `|`.
            let name: String =
                counter.key.chars().map(|c| if "=|;, ".contains(c) { '_' } else { c }).collect();
            Some(format!("{name}={}", value((reading, counter))?))
        });
        let values: Vec<String> = values.collect();
        let metrics = if values.is_empty() { "-".to_owned() } else { values.join("|") };
        let why = reading.trouble().or(reading.unknown.as_ref());
        let (state, told) = why.map_or((0, reading.about), |why| (3, why.as_str()));
        format!("{state} \"maillogs {}\" {metrics} {}\n", reading.protocol, plain(told))
    };
    readings.iter().map(line).collect()
}

/// A label of performance data may hold anything but `=` and `'`.
fn label(text: &str) -> String {
    text.chars().map(|c| if c == '=' || c == '\'' || c == '|' || c.is_control() { '_' } else { c }).collect()
}

/// On one line, and without what would end it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '|' { ' ' } else { c }).collect()
}

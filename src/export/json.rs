//! Readings as JSON: for programs in general, for LibreNMS, and for Zabbix.
use serde_json::{Map, Number, Value, json};

use crate::reading::{Counter, Measure, Reading};

/// `{"host": …, "time": …, "protocols": {"send": {"counters": {"delivery_success": 5, …}, …}, …}}`. A number that is not
/// known is `null`; `failed` and `unknown` say why, or are `null`.
pub fn json(readings: &[Reading], host: &str, now: i64) -> String {
    let protocols = readings.iter().map(|reading| {
        let mut object = json!({
            "about": reading.about,
            "counters": counters(reading),
            "today": today(reading),
            "commit": (reading.commit > 0).then_some(reading.commit),
            "read": (reading.seen > 0).then_some(reading.seen),
            "complete": reading.complete,
            "failed": reading.trouble(),
            "unknown": reading.unknown,
        });
        if let (Some(whole), Some(object)) = (&reading.whole, object.as_object_mut()) {
            let sources = whole.sources.iter().map(|(source, time)| (source.clone(), json!(time)));
            object.insert("last_line".to_owned(), Value::Object(sources.collect()));
            object.insert("understood".to_owned(), json!(whole.lines.map(|(understood, _)| understood)));
            object.insert("not_understood".to_owned(), json!(whole.lines.map(|(_, not)| not)));
        }
        (reading.protocol.to_owned(), object)
    });
    let protocols: Map<String, Value> = protocols.collect();
    format!("{}\n", json!({ "host": host, "time": now, "protocols": protocols }))
}

/// What LibreNMS reads of an application through `extend`: `{"version": 1, "error": 0, "errorString": "", "data": {…}}`.
pub fn librenms(readings: &[Reading]) -> String {
    let wrong: Vec<String> = readings
        .iter()
        .filter_map(|reading| {
            let why = reading.trouble().or(reading.unknown.as_ref())?;
            Some(format!("{}: {why}", reading.protocol))
        })
        .collect();
    let known = readings.iter().filter(|reading| reading.unknown.is_none());
    let data: Map<String, Value> =
        known.map(|reading| (reading.protocol.to_owned(), Value::Object(counters(reading)))).collect();
    let object = json!({
        "version": 1,
        "error": u8::from(!wrong.is_empty()),
        "errorString": wrong.join("; "),
        "data": data,
    });
    format!("{object}\n")
}

/// What Zabbix reads as a master item: `{"data": [{"protocol": …, "key": …, "kind": …, "help": …, "value": …}, …]}`, one
/// object a counter that has a value. Discovery rules and dependent items take it apart by JSONPath.
pub fn zabbix(readings: &[Reading]) -> String {
    let objects = readings.iter().flat_map(|reading| {
        reading.counters.iter().filter_map(|counter| {
            Some(json!({
                "protocol": reading.protocol,
                "key": counter.key,
                "kind": kind(counter.measure),
                "help": counter.help,
                "value": value(counter).filter(|_| reading.unknown.is_none())?,
            }))
        })
    });
    format!("{}\n", json!({ "data": objects.collect::<Vec<_>>() }))
}

fn kind(measure: Measure) -> &'static str {
    match measure {
        Measure::Count | Measure::Sum => "counter",
        Measure::Net | Measure::Level | Measure::Derived => "gauge",
    }
}

fn counters(reading: &Reading) -> Map<String, Value> {
    let value = |counter: &Counter| value(counter).filter(|_| reading.unknown.is_none());
    reading.counters.iter().map(|counter| (counter.key.to_owned(), json!(value(counter)))).collect()
}

fn today(reading: &Reading) -> Map<String, Value> {
    let grown = |counter: &Counter| Some(number(counter.measure, counter.value?.today?));
    let all = reading.counters.iter().filter_map(|counter| Some((counter.key.to_owned(), grown(counter)?)));
    all.collect()
}

fn value(counter: &Counter) -> Option<Value> {
    Some(number(counter.measure, counter.value?.total))
}

/// A decimal number, with all of its digits.
fn number(measure: Measure, value: i128) -> Value {
    let text = measure.print(value);
    text.parse::<Number>().map_or(Value::String(text), Value::Number)
}

//! A line as one object of JSON, with the same keys for every line.
use serde_json::{Map, Value, json};

use super::block::rule;
use super::details::{Details, HitSays, PartSays};
use super::seen::{Clock, Judged};
use crate::protocol::reasons::Told;
use crate::protocol::{LogKind, Verdict};

/// The object, with a newline behind it. `table`: what the table of the rules for reasons is called.
pub(super) fn object(details: &Details, table: &str) -> String {
    let parts: Vec<Value> = details.parts.iter().map(|part| says(part, table)).collect();
    let hits: Vec<Value> = details
        .hits
        .iter()
        .map(|HitSays { kind, name, part, counts, says }| {
            json!({ "kind": kind, "name": name, "hit": part, "counts": counts, "says": says })
        })
        .collect();
    let object = json!({
        "input": details.input,
        "line": details.number,
        "time": details.time,
        "time_of": match details.clock {
            Clock::Stamp => "stamp",
            Clock::Before => "line before",
            Clock::Reading => "reading",
        },
        "bin": details.bin,
        "host": details.host,
        "program": details.program,
        "text": details.text,
        "verdict": word(details.judged),
        "protocols": parts,
        "definitions": hits,
        "notes": details.notes,
    });
    format!("{object}\n")
}

/// One word, which stays the same.
pub(super) fn word(judged: Judged) -> &'static str {
    match judged {
        Judged::Counted => "counted",
        Judged::Known => "known",
        Judged::Unknown => "unknown",
        Judged::Foreign => "foreign",
        Judged::Part(_) => "part",
        Judged::Repeats => "repeats",
    }
}

/// Keys and amounts, which are numbers.
pub(super) fn amounts(counters: &[(&'static str, String)]) -> Value {
    let number =
        |amount: &String| serde_json::from_str(amount).unwrap_or_else(|_| Value::String(amount.clone()));
    let pairs = counters.iter().map(|(key, amount)| ((*key).to_owned(), number(amount)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn says(part: &PartSays, table: &str) -> Value {
    json!({
        "name": part.name,
        "log": match part.place {
            LogKind::Dedicated => "own",
            LogKind::Shared => "syslog",
        },
        "verdict": match part.verdict {
            Verdict::Known => "known",
            Verdict::Unknown => "unknown",
            Verdict::Foreign => "foreign",
        },
        "counters": amounts(&part.counters),
        "needs": part.needs,
        "reason": part.why.as_ref().map(|told| why(told, table)),
        "signed": part.signed,
    })
}

fn why(told: &Told, table: &str) -> Value {
    json!({
        "class": told.class,
        "means": told.means,
        "do": told.todo,
        "expired": told.expired,
        "phase": told.phase,
        "code": told.code,
        "status": told.status,
        "rule": rule(told, table),
    })
}

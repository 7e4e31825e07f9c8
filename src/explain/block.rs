//! A line for people: a block of rows.
use std::fmt::Write;

use super::details::{Details, HitSays, PartSays};
use super::seen::{Clock, Judged};
use crate::calendar::{to_the_minute, to_the_second};
use crate::protocol::reasons::{Rule, Told};
use crate::protocol::{LogKind, Verdict};

/// How wide the names of rows are, in columns.
const NAMES: usize = 14;

/// Rows of a name and a text.
struct Rows(String);

impl Rows {
    fn row(&mut self, name: &str, text: &str) {
        // Nothing can be done about a string that cannot grow.
        let _ = writeln!(self.0, "  {name:<NAMES$}{text}");
    }
}

/// The block of a line, with an empty line behind it. `table`: what the table of the rules for reasons is called, `step`:
/// seconds a bin.
pub(super) fn block(details: &Details, table: &str, step: i64) -> String {
    let mut rows = Rows(format!("{}:{}\n", details.input, details.number));
    rows.row("time", &time(details, step));
    if let Some(host) = &details.host {
        rows.row("host", host);
    }
    if let Some(program) = &details.program {
        rows.row("program", program);
    }
    if !details.text.is_empty() {
        rows.row("text", &details.text);
    }
    for note in &details.notes {
        rows.row("note", note);
    }
    for part in &details.parts {
        says(&mut rows, part, table);
    }
    for HitSays { kind, name, part, says, .. } in &details.hits {
        rows.row(kind, &format!("{name}: match hits \"{part}\"; {says}"));
    }
    rows.row("verdict", verdict(details.judged));
    rows.0 + "\n"
}

/// In one or two words.
pub(super) fn verdict(judged: Judged) -> &'static str {
    match judged {
        Judged::Counted => "counted",
        Judged::Known => "understood, counts nothing",
        Judged::Unknown => "not understood",
        Judged::Foreign => "of another program",
        Judged::Part(_) => "a piece of a line",
        Judged::Repeats => "repeats another line",
    }
}

fn time(details: &Details, step: i64) -> String {
    let bin = match step {
        60 => format!("counts in the minute {}", to_the_minute(details.bin)),
        _ => format!("counts in the {step} s from {}", to_the_second(details.bin)),
    };
    match details.clock {
        Clock::Stamp => format!("{}; {bin}", to_the_second(details.time)),
        Clock::Before => {
            format!("no stamp: the time of the line before, {}; {bin}", to_the_second(details.time))
        }
        Clock::Reading => "no stamp: the time of the line before, or of the reading".to_owned(),
    }
}

fn says(rows: &mut Rows, part: &PartSays, table: &str) {
    let counters: Vec<String> = part.counters.iter().map(|(key, amount)| format!("{key} {amount}")).collect();
    let counters = if counters.is_empty() { "nothing".to_owned() } else { counters.join(", ") };
    let kind = match part.place {
        LogKind::Dedicated => "as a log of its own",
        LogKind::Shared => "as syslog",
    };
    let understood = if part.verdict == Verdict::Unknown { "; not understood" } else { "" };
    if part.why.is_some() {
        rows.row(part.name, &counters);
    } else {
        rows.row(part.name, &format!("{counters}  ({kind}{understood})"));
    }
    if let Some(text) = &part.needs {
        rows.row("", &format!("counts the same if it is cut behind \"{text}\""));
    }
    if let Some(told) = &part.why {
        why(rows, told, table);
    }
    if let Some(service) = part.signed {
        rows.row(
            "",
            &format!(
                "signed: the reply has words of {service} in it (told only; recipients' domains are counted)"
            ),
        );
    }
}

fn why(rows: &mut Rows, told: &Told, table: &str) {
    rows.row("", &format!("class {}: {}", told.class, told.means));
    rows.row("", &rule(told, table));
    if told.phase.is_some() || !told.code.is_empty() {
        let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let phase = told.phase.unwrap_or("not known");
        rows.row(
            "",
            &format!("phase {phase}, code {}, status {}", or_none(&told.code), or_none(&told.status)),
        );
    }
    if told.expired {
        rows.row("", "given up: the message had been in the queue for too long");
    }
    rows.row("", &format!("to do: {}", told.todo));
}

/// Which rule decided.
pub(super) fn rule(told: &Told, table: &str) -> String {
    match &told.rule {
        Rule::Own { number, line, begins, holds } => {
            let holds = holds.map_or_else(String::new, |word| format!(", and holds {word:?}"));
            format!(
                "by [[own]] number {number}, line {line} of {table}: the report begins with {begins:?}{holds}"
            )
        }
        Rule::Reply { number, line, held } => {
            let held: Vec<String> = held.iter().map(|(field, part)| format!("{field} {part:?}")).collect();
            format!("by [[reply]] number {number}, line {line} of {table}: {}", held.join(", "))
        }
        Rule::Login => "by no rule of the table: the other server refused the login".to_owned(),
        Rule::None => format!("no rule of {table} holds"),
    }
}

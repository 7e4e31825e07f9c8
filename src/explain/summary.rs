//! What all lines count together.
use std::fmt::Write;

use serde_json::{Value, json};

use super::asked::Asked;
use super::definitions::Definitions;
use super::details::Circumstances;
use super::json::amounts;
use super::seen::{Judged, Seen};
use crate::protocol::CounterKind;
use crate::say::masked;
use crate::store::counters::format_value;

/// Numbers of lines, and sums.
#[derive(Debug)]
pub(super) struct Summary {
    /// Lines that were read.
    pub lines: u64,
    counted: u64,
    known: u64,
    unknown: u64,
    foreign: u64,
    parts: u64,
    repeats: u64,
    /// Values of each who is asked.
    sums: Vec<Vec<i128>>,
}

/// Keys and amounts of a part.
type Part = (&'static str, Vec<(&'static str, String)>);

impl Summary {
    /// Nothing yet.
    pub fn new(all: &[Asked]) -> Summary {
        Summary {
            lines: 0,
            counted: 0,
            known: 0,
            unknown: 0,
            foreign: 0,
            parts: 0,
            repeats: 0,
            sums: all.iter().map(|asked| vec![0; asked.protocol.counters.len()]).collect(),
        }
    }

    /// Adds a line.
    pub fn add(&mut self, seen: &Seen<'_>, all: &[Asked]) {
        self.lines += 1;
        *match seen.judged {
            Judged::Counted => &mut self.counted,
            Judged::Known => &mut self.known,
            Judged::Unknown => &mut self.unknown,
            Judged::Foreign => &mut self.foreign,
            Judged::Part(_) => &mut self.parts,
            Judged::Repeats => &mut self.repeats,
        } += 1;
        for answer in seen.answers {
            let counters = all[answer.asked].protocol.counters;
            for &(counter, amount) in &answer.raised {
                let sum = &mut self.sums[answer.asked][counter];
                match counters[counter].kind {
                    CounterKind::Peak => *sum = amount.max(*sum),
                    CounterKind::Level => *sum = amount,
                    CounterKind::Derived(_) => {}
                    CounterKind::Count | CounterKind::Sum | CounterKind::Net => *sum += amount,
                }
            }
        }
    }

    /// The parts that are wanted and counted something.
    fn by_part(&self, circumstances: &Circumstances<'_>) -> Vec<Part> {
        let mut parts = Vec::new();
        for (Asked { protocol, .. }, sums) in circumstances.panel.all.iter().zip(&self.sums) {
            for part in protocol.parts().filter(|part| circumstances.is_wanted(protocol.name, part)) {
                let is_its =
                    |at: usize| protocol.section(at).map_or(protocol.name, |section| section.name) == part;
                let raised = sums.iter().enumerate().filter(|(at, sum)| **sum != 0 && is_its(*at));
                let printed: Vec<(&'static str, String)> = raised
                    .map(|(at, sum)| {
                        (protocol.counters[at].key, format_value(protocol.counters[at].kind, *sum))
                    })
                    .collect();
                if !printed.is_empty() {
                    parts.push((part, printed));
                }
            }
        }
        parts
    }

    /// For people.
    pub fn text(&self, circumstances: &Circumstances<'_>, definitions: &Definitions<'_>) -> String {
        let mut text = format!("Lines: {}\n", self.lines);
        for (number, words) in [
            (self.counted, "counted"),
            (self.known, "understood, count nothing"),
            (self.repeats, "repeat another line"),
            (self.parts, "pieces of lines"),
            (self.unknown, "not understood (--unknown groups them)"),
            (self.foreign, "of other programs"),
        ] {
            if number > 0 {
                let _ = writeln!(text, "  {number:>9}  {words}");
            }
        }
        let parts = self.by_part(circumstances);
        text += if parts.is_empty() { "Counters: none moved\n" } else { "Counters:\n" };
        for (name, counters) in parts {
            let counters: Vec<String> =
                counters.iter().map(|(key, amount)| format!("{key} {amount}")).collect();
            let _ = writeln!(text, "  {name:<14}{}", counters.join(", "));
        }
        if !definitions.is_empty() {
            text += "Definitions of toaster.conf, lines that their match hits, and lines that they count:\n";
            for at in 0..definitions.counts.len() {
                let (kind, name) = definitions.name(at);
                let (hits, counts) = (definitions.hits[at], definitions.counts[at]);
                let _ = writeln!(text, "  {hits:>9} {counts:>9}  {kind} {}", masked(&name));
            }
        }
        text
    }

    /// As an object.
    pub fn object(&self, circumstances: &Circumstances<'_>, definitions: &Definitions<'_>) -> String {
        let counters: serde_json::Map<String, Value> = self
            .by_part(circumstances)
            .iter()
            .map(|(name, counters)| ((*name).to_owned(), amounts(counters)))
            .collect();
        let defined: Vec<Value> = (0..definitions.counts.len())
            .map(|at| {
                let (kind, name) = definitions.name(at);
                json!({ "kind": kind, "name": name, "hits": definitions.hits[at], "counts": definitions.counts[at] })
            })
            .collect();
        let object = json!({ "summary": {
            "lines": self.lines,
            "counted": self.counted,
            "known": self.known,
            "repeats": self.repeats,
            "parts": self.parts,
            "unknown": self.unknown,
            "foreign": self.foreign,
            "counters": counters,
            "definitions": defined,
        }});
        format!("{object}\n")
    }
}

//! What the `[[counter]]` and `[[rbl]]` of toaster.conf say of a line.
use std::ops::Range;

use super::asked::Asked;
use super::seen::{Answer, Judged, Seen};
use crate::config::Config;
use crate::line::Line;
use crate::protocol::custom::{Amount, CustomCounter, Found};
use crate::protocol::rbl::list_text;

/// What one definition says of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Its number: the counters first, then the lists.
    pub at: usize,
    /// What its `match` hits: bytes of the line's text.
    pub part: Range<usize>,
    /// What follows of that.
    pub outcome: Outcome,
}

/// What follows of a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It counts, and adds what `sum` captures.
    Counts(Option<Amount>),
    /// The line has another tag than the counter asks for.
    AnotherTag,
    /// The counter's protocol, or the protocol of the lists, does not read such a line.
    NotAsked,
    /// An earlier `[[rbl]]`, of this number, hits as well: the first one counts.
    Later(usize),
    /// The line names no list that turned a client away, so it is compared with none.
    NoList,
}

/// All definitions.
pub(super) struct Definitions<'c> {
    config: &'c Config,
    /// How many lines each of them counts.
    pub counts: Vec<u64>,
    /// How many lines its `match` hits.
    pub hits: Vec<u64>,
}

impl<'c> Definitions<'c> {
    /// Those of `config`.
    pub fn new(config: &'c Config) -> Definitions<'c> {
        let number = config.counters.len() + config.lists.len();
        Definitions { config, counts: vec![0; number], hits: vec![0; number] }
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// What kind of definition it is, and its name.
    pub fn name(&self, at: usize) -> (&'static str, String) {
        match self.counter(at) {
            Some(counter) => ("[[counter]]", format!("{} of {}", counter.key, counter.protocol)),
            None => {
                let list =
                    at.checked_sub(self.config.counters.len()).and_then(|at| self.config.lists.get(at));
                ("[[rbl]]", list.map(|list| list.name.clone()).unwrap_or_default())
            }
        }
    }

    /// The counter of this number.
    pub fn counter(&self, at: usize) -> Option<&'c CustomCounter> {
        self.config.counters.get(at)
    }

    /// What they say of a line; those that hit nothing say nothing. `all` are asked.
    pub fn of(&mut self, seen: &Seen<'_>, all: &[Asked]) -> Vec<Hit> {
        if self.is_empty() || seen.judged == Judged::Repeats {
            return Vec::new();
        }
        let mut hits = Vec::new();
        // A protocol whose counter hits never says that the line is another program's, so who has no answer was not asked.
        for (at, counter) in self.config.counters.iter().enumerate() {
            let Some(found) = counter.find(&seen.line) else { continue };
            let is_asked = answer_of(&counter.protocol, seen, all).is_some();
            let Found { whole: part, is_of_tag, amount } = found;
            let outcome = match (is_of_tag, is_asked) {
                (false, _) => Outcome::AnotherTag,
                (true, false) => Outcome::NotAsked,
                (true, true) => Outcome::Counts(amount),
            };
            hits.push(Hit { at, part, outcome });
        }
        self.lists(seen, all, &mut hits);
        for hit in &hits {
            self.hits[hit.at] += 1;
            self.counts[hit.at] += u64::from(matches!(hit.outcome, Outcome::Counts(_)));
        }
        hits
    }

    fn lists(&self, seen: &Seen<'_>, all: &[Asked], hits: &mut Vec<Hit>) {
        let answer = seen.answers.iter().find(|answer| all[answer.asked].protocol.counts_lists);
        let place = answer.map(|answer| answer.place);
        let named =
            place.and_then(|place| list_text(&seen.line, place)).and_then(|text| within(&seen.line, text));
        let compared = named.clone().unwrap_or(0..seen.line.text.len());
        let mut first = None;
        for (number, list) in self.config.lists.iter().enumerate() {
            let at = self.config.counters.len() + number;
            let text = seen.line.text.get(compared.clone()).unwrap_or_default();
            let Some(found) = list.pattern.find(text) else { continue };
            let outcome = match (place, &named, first) {
                (None, ..) => Outcome::NotAsked,
                (_, None, _) => Outcome::NoList,
                (.., Some(first)) => Outcome::Later(first),
                (.., None) => {
                    first = Some(at);
                    Outcome::Counts(None)
                }
            };
            let part = compared.start + found.start()..compared.start + found.end();
            hits.push(Hit { at, part, outcome });
        }
    }
}

/// The answer of the protocol of this name.
fn answer_of<'s>(name: &str, seen: &'s Seen<'_>, all: &[Asked]) -> Option<&'s Answer> {
    seen.answers.iter().find(|answer| all[answer.asked].protocol.name == name)
}

/// Where `part` stands in the line's text.
fn within(line: &Line<'_>, part: &[u8]) -> Option<Range<usize>> {
    let begin = (part.as_ptr() as usize).checked_sub(line.text.as_ptr() as usize)?;
    (begin + part.len() <= line.text.len()).then_some(begin..begin + part.len())
}

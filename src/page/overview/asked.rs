//! Who answers the questions of the overview on this server, and what they say.
use super::newest::newest;
use crate::page::history::History;
use crate::reading::role::{Of, Role};
use crate::reading::{Counter, DefinedBy, Measure, OLD, Reading};

/// A program that did nothing for so long (seconds) answers only if no other one does.
const LATELY: i64 = 28 * 86_400;

/// The readings, their history, and who of them answers what.
#[derive(Debug)]
pub(super) struct Asked<'r> {
    pub readings: &'r [Reading],
    pub history: &'r History<'r>,
    pub now: i64,
    /// Who answers, and the built-in protocol that they are or are instances of.
    chosen: Vec<(Of, &'static str)>,
}

/// Counters of a reading that are added up.
#[derive(Debug, Clone)]
pub(super) struct Sum<'r> {
    pub reading: &'r Reading,
    pub keys: Vec<&'static str>,
}

/// A stretch of time that numbers are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub from: i64,
    pub to: i64,
    /// Is it the local day, of which a counter itself knows its growth?
    pub is_day: bool,
}

impl<'r> Asked<'r> {
    pub(super) fn of(readings: &'r [Reading], history: &'r History<'r>, now: i64) -> Self {
        let mut asked = Self { readings, history, now, chosen: Vec::new() };
        for of in readings.iter().flat_map(|reading| reading.page.answers.iter().map(|answer| answer.of)) {
            if !asked.chosen.iter().any(|(known, _)| *known == of)
                && let Some(part) = asked.choose(of)
            {
                asked.chosen.push((of, part));
            }
        }
        asked
    }

    /// Of those who could answer the first one that did anything lately, or ever, or the first one.
    fn choose(&self, of: Of) -> Option<&'static str> {
        let can = |reading: &&Reading| reading.page.answers.iter().any(|answer| answer.of == of);
        let all = || self.readings.iter().filter(can);
        let did = |reading: &&Reading, lately: bool| {
            reading.page.answers.iter().filter(|answer| answer.of == of).any(|answer| {
                let grow = |key: &&str| reading.counter(key).is_some_and(grows);
                let keys = answer.keys.iter().copied().filter(grow);
                match lately {
                    true => {
                        let grew = |key| {
                            self.history.grew_at_least(reading.protocol, [key], self.now - LATELY, self.now)
                        };
                        keys.into_iter().any(|key| grew(key) > 0.0)
                    }
                    false => {
                        reading.counters.iter().any(|counter| counter.value.is_some_and(|value| value.moved))
                    }
                }
            })
        };
        let first =
            all().find(|reading| did(reading, true)).or_else(|| all().find(|reading| did(reading, false)));
        first.or_else(|| all().next()).map(|reading| original(reading))
    }

    /// Is `reading` one of those who answer for `of`?
    pub(super) fn is_chosen(&self, reading: &Reading, of: Of) -> bool {
        self.chosen.iter().any(|(known, part)| *known == of && *part == original(reading))
    }

    /// The counters that answer `role`; none: nobody does.
    pub(super) fn sums(&self, role: Role) -> Vec<Sum<'r>> {
        let of_reading = |reading: &'r Reading| {
            let answer = reading.page.answers.iter().find(|answer| answer.role == role)?;
            self.is_chosen(reading, answer.of)
                .then(|| Sum { reading, keys: keys(reading, answer.keys, answer.lists) })
        };
        self.readings.iter().filter_map(of_reading).collect()
    }

    /// How much of it there was in `span`. `None`: nobody answers, or it is not known.
    pub(super) fn grew(&self, role: Role, span: Span) -> Option<f64> {
        let sums = self.sums(role);
        if sums.is_empty() {
            return None;
        }
        sums.iter().map(|sum| sum.grew(self.history, span)).sum()
    }

    /// As [`Self::grew`], between two times.
    pub(super) fn between(&self, role: Role, from: i64, to: i64) -> Option<f64> {
        self.grew(role, Span { from, to, is_day: false })
    }

    /// What a level is at. `None`: nobody answers, it was never measured, or it is measured no more.
    pub(super) fn level(&self, role: Role) -> Option<f64> {
        let sums = self.sums(role);
        let measured = sums.into_iter().filter(|sum| sum.was_ever());
        let value = |sum: Sum<'_>| {
            let last = newest(sum.reading, self.history, self.now);
            if sum.reading.measured && last.is_none_or(|last| self.now - last > OLD) {
                return None;
            }
            let counter = sum.reading.counter(sum.keys.first()?)?;
            Some(counter.measure.float(counter.value?.total))
        };
        measured.map(value).reduce(|one, other| Some(one? + other?)).flatten()
    }

    /// What a level was at `at`.
    pub(super) fn level_at(&self, role: Role, at: i64) -> Option<f64> {
        let sums = self.sums(role);
        let value = |sum: &Sum<'_>| self.history.level(sum.reading.protocol, sum.keys.first()?, at);
        sums.iter().map(value).reduce(|one, other| Some(one? + other?)).flatten()
    }

    /// Until when those who answer `role` were read: the first of them. 0: nobody answers, or never.
    pub(super) fn seen(&self, role: Role) -> i64 {
        self.sums(role).iter().map(|sum| sum.reading.seen).min().unwrap_or_default()
    }
}

impl Sum<'_> {
    /// How much there was in `span`.
    pub(super) fn grew(&self, history: &History<'_>, span: Span) -> Option<f64> {
        // Where nothing more is read it ends there; of a time in which nothing was read nothing is known.
        let to = span.to.min(self.reading.seen);
        if to <= span.from {
            return None;
        }
        if !span.is_day {
            return history.grew(self.reading.protocol, self.keys.iter().copied(), span.from, to);
        }
        let today = |key: &&str| {
            let counter = self.reading.counter(key)?;
            Some(counter.measure.float(counter.value?.today?))
        };
        self.keys.iter().map(today).sum()
    }

    /// Did the reading ever count anything?
    pub(super) fn was_ever(&self) -> bool {
        self.reading.counters.iter().any(|counter| counter.value.is_some_and(|value| value.moved))
    }
}

/// The built-in protocol, or section of one, that a reading is of.
pub(super) fn original(reading: &Reading) -> &'static str {
    reading.like.map_or(reading.protocol, |like| like.part)
}

/// The keys, and those of toaster.conf's lists if they belong to them.
pub(super) fn keys(reading: &Reading, keys: &[&'static str], lists: bool) -> Vec<&'static str> {
    // A counter of a part that toaster.conf leaves out is not there.
    let mut all: Vec<&'static str> =
        keys.iter().copied().filter(|key| reading.counter(key).is_some()).collect();
    let is_list = |counter: &&Counter| lists && counter.defined_by == DefinedBy::List;
    let own = reading.counters.iter().filter(is_list).map(|counter| counter.key);
    all.extend(own.filter(|key| !keys.contains(key)));
    all
}

/// Does a counter only ever grow?
pub(super) fn grows(counter: &Counter) -> bool {
    counter.measure == Measure::Count && !counter.ds.is_empty()
}

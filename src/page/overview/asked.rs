//! Who answers the questions of the overview on this server, and what they say.
use super::newest::newest;
use crate::page::history::History;
use crate::reading::role::{Answer, Of, Role};
use crate::reading::{Counter, DefinedBy, Measure, OLD, Reading};

/// Which program answers is decided by what each of them did in this time, in seconds.
const LATELY: i64 = 28 * 86_400;
/// A program that did less than this part of what another one did does not answer.
const SHARE: f64 = 0.1;
/// Another program is taken to have followed one that has done nothing for longer than this, in seconds,
const FOLLOWED: i64 = 3_600;
/// if by its own mean this number of messages would have come to it in that time,
const EXPECTED: f64 = 10.0;
/// and if the other one did at least this part of that number more than it did before.
const PART: f64 = 0.5;

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

    /// Who of those who could answer for `of` does: the first one that did a tenth of what any other did lately, or the one that
    /// took over from it; of those who did nothing lately the first that ever did anything, or the first.
    fn choose(&self, of: Of) -> Option<&'static str> {
        let can = |reading: &&Reading| reading.page.answers.iter().any(|answer| answer.of == of);
        let mut all: Vec<&'static str> = Vec::new();
        for part in self.readings.iter().filter(can).map(original) {
            if !all.contains(&part) {
                all.push(part);
            }
        }
        let of_part = |part: &'static str| self.readings.iter().filter(move |r| original(r) == part);
        let keys = |reading: &'r Reading| {
            let is_number = |answer: &&Answer| answer.of == of && answer.role != Role::Bytes;
            let answers = reading.page.answers.iter().filter(is_number);
            let keys = answers.flat_map(|answer| answer.keys.iter().copied());
            keys.filter(|key| reading.counter(key).is_some_and(grows)).collect::<Vec<_>>()
        };
        // A message counts in several counters: as many were there as the highest says.
        let did = |part: &'static str, from: i64, to: i64| {
            let grew = |reading: &'r Reading| {
                let of_key = |key| self.history.grew_at_least(reading.protocol, [key], from, to);
                keys(reading).into_iter().map(of_key).fold(0.0, f64::max)
            };
            of_part(part).map(grew).sum::<f64>()
        };
        let (from, now) = (self.now - LATELY, self.now);
        let lately: Vec<f64> = all.iter().map(|part| did(part, from, now)).collect();
        let most = lately.iter().copied().fold(0.0, f64::max);
        let Some(first) = lately.iter().position(|number| most > 0.0 && *number >= SHARE * most) else {
            let moved =
                |part: &&&'static str| of_part(part).any(|r| !never(r) && r.counters.iter().any(has_moved));
            return all.iter().find(moved).or(all.first()).copied();
        };
        let grown = |reading: &'r Reading| self.history.last_growth_of(reading.protocol, &keys(reading));
        let last = of_part(all[first]).filter_map(grown).map(|(_, end)| end).max();
        let begun = of_part(all[first]).filter_map(|r| self.history.since(r.protocol)).min();
        // What was not read is no silence.
        let seen = of_part(all[first]).map(|reading| reading.seen).min().unwrap_or(now).min(now);
        let is_read = of_part(all[first]).all(|reading| reading.trouble().is_none());
        let (last, begun) = (last.unwrap_or(now).min(seen), begun.unwrap_or(from).max(from));
        let per_time = |number: f64| number / float((last - begun).max(FOLLOWED)) * float(seen - last);
        let expected = per_time(lately[first]);
        if is_read && seen - last > FOLLOWED && expected >= EXPECTED {
            // One that goes on as before does other work.
            let more = |part: &&&'static str| did(part, last, seen) - per_time(did(part, begun, last));
            let next = all.iter().max_by(|one, other| more(one).total_cmp(&more(other)));
            if let Some(next) = next.filter(|next| more(next) >= PART * expected) {
                return Some(next);
            }
        }
        Some(all[first])
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
        let mut sums: Vec<Sum<'r>> = self.readings.iter().filter_map(of_reading).collect();
        // What never counted anything adds nothing, and has no past by which anything could be known.
        if sums.iter().any(|sum| !never(sum.reading)) {
            sums.retain(|sum| !never(sum.reading));
        }
        sums
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

    /// As [`Self::between`], where of some who answer it is not known: at least so much it was.
    pub(super) fn at_least(&self, role: Role, from: i64, to: i64) -> Option<f64> {
        let span = Span { from, to, is_day: false };
        let known = self.sums(role).into_iter().filter_map(|sum| sum.grew(self.history, span));
        known.reduce(|one, other| one + other)
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
        let counted: f64 = self.keys.iter().map(today).sum::<Option<f64>>()?;
        // A process of another time zone begins the day of the counters anew. Rows that have clearly more of it tell the whole,
        // if none of them is of two days.
        let is_exact = span.from.rem_euclid(i64::from(self.reading.step.max(1))) == 0;
        let rows = history.grew(self.reading.protocol, self.keys.iter().copied(), span.from, to);
        let rows = rows.filter(|_| is_exact);
        Some(rows.filter(|rows| *rows > counted * 1.02 + 10.0).unwrap_or(counted))
    }

    /// Did the reading ever count anything?
    pub(super) fn was_ever(&self) -> bool {
        self.reading.counters.iter().any(has_moved)
    }
}

/// Is it known of a reading that it never counted anything?
fn never(reading: &Reading) -> bool {
    reading.counters.iter().all(|counter| counter.value.is_some_and(|value| !value.moved))
}

fn has_moved(counter: &Counter) -> bool {
    counter.value.is_some_and(|value| value.moved)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of some months are far below 2^52")]
fn float(seconds: i64) -> f64 {
    seconds as f64
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

//! What was unlike other days, in words: how much, how much is usual, and what was measured at the same time.
use serde::Serialize;

use super::asked::{self, Asked};
use super::events::{Run, Values, median, strongest};
use super::spark::Spark;
use crate::page::history::Series;
use crate::page::local::{self, HALF_HOUR, WEEKS};
use crate::page::words::{self, THIN};
use crate::reading::role::{Fact, Role, Subject};
use crate::reading::{DefinedBy, OLD, Reading};

/// Less than this (seconds) is counted: there are no other days yet.
const WEEK: i64 = 7 * 86_400;
/// Days before these of which the highest half-hour is known.
const DAYS: i64 = 28;

/// What was unlike other days.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Unlike {
    /// Which days: `Saturdays`.
    pub days: String,
    /// The newest first.
    pub events: Vec<Event>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Event {
    /// When it began, for machines.
    pub datetime: String,
    /// From when to when: `12:30–14:00`, or `Fri 21:00–22:00`.
    pub time: String,
    /// The graph that shows it, by its name; empty: none does.
    pub graph: String,
    /// How many.
    pub number: String,
    /// Behind the number: `failed SMTP logins, where about 30 are usual.`
    pub words: String,
    /// What was measured at the same time; may be empty.
    pub facts: String,
    /// The day, and what is usual.
    pub spark: Spark,
}

/// A subject of one reading.
struct Found<'r> {
    reading: &'r Reading,
    subject: &'static Subject,
    keys: Vec<&'static str>,
    values: Values,
}

/// All that was unlike other days. `None`: less than a week is counted, or nothing was read lately.
pub(super) fn unlike(asked: &Asked<'_>) -> Option<Unlike> {
    let slots = local::half_hours(asked.now);
    let mut all = Vec::new();
    let mut is_compared = false;
    for reading in asked.readings {
        let since = asked.history.since(reading.protocol);
        if since.is_none_or(|since| asked.now - since < WEEK) {
            continue;
        }
        // Of what was not read lately nothing is known that could be unlike.
        is_compared |= !reading.page.subjects.is_empty() && asked.now - reading.seen <= OLD;
        for subject in reading.page.subjects {
            if subject.of.is_some_and(|of| !asked.is_chosen(reading, of)) {
                continue;
            }
            let keys = asked::keys(reading, subject.keys, subject.lists);
            let Some(values) = values(asked, reading, subject, &keys, &slots) else { continue };
            for run in values.runs() {
                let found = Found { reading, subject, keys: keys.clone(), values: values.clone() };
                all.push((reading.protocol, run, found));
            }
        }
    }
    let event = |(run, found): (Run, Found<'_>)| event(asked, &slots, run, &found);
    let days = format!("{}s", local::weekday(asked.now));
    is_compared.then(|| Unlike { days, events: strongest(all).into_iter().map(event).collect() })
}

/// The values of a subject. `None`: it never happened in these weeks, or there are no such counters.
fn values(
    asked: &Asked<'_>,
    reading: &Reading,
    subject: &Subject,
    keys: &[&'static str],
    slots: &[(i64, i64)],
) -> Option<Values> {
    let (first, end) = (slots.first()?.0, slots.last()?.1);
    let moved =
        |key: &&str| reading.counter(key).and_then(|counter| counter.value).is_none_or(|value| value.moved);
    let keys: Vec<&str> = keys.iter().copied().filter(moved).collect();
    if keys.is_empty() {
        return None;
    }
    let from = first - (DAYS + 1) * 86_400;
    let series = |keys: &[&str]| asked.history.series(reading.protocol, keys.iter().copied(), from, end);
    let all = series(&keys);
    let now = |series: &Series| slots.iter().map(|(begin, _)| series.at(*begin)).collect::<Vec<_>>();
    let among = (!subject.among.is_empty()).then(|| {
        let all = series(subject.among);
        (now(&all), earlier(&all, slots))
    });
    let peak = |day: i64| {
        let day = slots.iter().filter_map(|(begin, _)| all.at(begin - day * 86_400));
        day.reduce(f64::max)
    };
    Some(Values {
        now: now(&all),
        earlier: earlier(&all, slots),
        peaks: (1..=DAYS).filter_map(peak).collect(),
        among,
    })
}

/// The same half-hours of earlier weeks, with one more before and one more behind them.
fn earlier(series: &Series, slots: &[(i64, i64)]) -> Vec<Vec<Option<f64>>> {
    let of_week = |week: u64| {
        let at = |begin: i64| series.at(local::days_before(begin, 7 * week));
        let before = slots.first().map(|(begin, _)| begin - HALF_HOUR);
        let behind = slots.last().map(|(_, end)| *end);
        let begins = before.into_iter().chain(slots.iter().map(|(begin, _)| *begin)).chain(behind);
        begins.map(at).collect()
    };
    (1..=WEEKS).map(of_week).collect()
}

fn event(asked: &Asked<'_>, slots: &[(i64, i64)], run: Run, found: &Found<'_>) -> Event {
    let from = slots.get(run.first).map_or(asked.now, |slot| slot.0);
    let to = slots.get(run.end - 1).map_or(asked.now, |slot| slot.1);
    let usual = match run.usual {
        few if few < 0.5 => "none are usual".to_owned(),
        usual if words::about(usual) == "1" => "about 1 is usual".to_owned(),
        usual => format!("about {} are usual", words::about(usual)),
    };
    let facts = found.subject.facts.iter().filter_map(|fact| tell(asked, *fact, from, to, run.number, found));
    // One or two are read; more are not.
    let facts: Vec<String> = facts.take(2).collect();
    let line: Vec<Option<f64>> = (0..slots.len()).map(|n| found.values.usual(n)).collect();
    // An instance has only those graphs in which no other protocol stands.
    let graph = match found.reading.like {
        None => found.subject.graph.to_owned(),
        Some(like) if like.templates.iter().any(|(name, _)| *name == found.subject.graph) => {
            format!("{}-{}", like.instance, found.subject.graph)
        }
        Some(_) => String::new(),
    };
    let subject = match found.reading.like {
        None => found.subject.words.to_owned(),
        Some(like) => format!("{} ({})", found.subject.words, like.instance),
    };
    Event {
        datetime: local::machine(from),
        time: local::span(from, to, asked.now),
        graph,
        number: words::count(run.number),
        words: format!("{subject}, where {usual}."),
        facts: facts.join(" "),
        spark: Spark::of(found.subject.color, &found.values.now, &line),
    }
}

/// A fact in a sentence. `None`: it is not known, or says nothing.
fn tell(asked: &Asked<'_>, fact: Fact, from: i64, to: i64, number: f64, found: &Found<'_>) -> Option<String> {
    let (history, reading) = (asked.history, found.reading);
    // The last half-hour may not be over.
    let to = to.min(reading.seen);
    let grew =
        |reading: &Reading, keys: &[&str]| history.grew(reading.protocol, keys.iter().copied(), from, to);
    match fact {
        Fact::Share(words) => {
            let share = 100.0 * number / grew(reading, found.subject.among).filter(|all| *all > 0.0)?;
            Some(format!("{}{THIN}% {words}.", words::percent(share)))
        }
        Fact::Largest { before, section, parts } => {
            let of = if section.is_empty() { reading } else { section_of(asked, reading, section)? };
            let own = of.counters.iter().filter(|counter| {
                section.is_empty()
                    && found.keys.contains(&counter.key)
                    && counter.defined_by == DefinedBy::List
            });
            let own = own
                .map(|counter| (counter.key, counter.key))
                .filter(|(key, _)| parts.iter().all(|(known, _)| known != key));
            let all = parts.iter().copied().chain(own);
            let amounts = all.filter_map(|(key, name)| Some((grew(of, &[key])?, name)));
            let (most, name) = amounts.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
            let share = 100.0 * most / number;
            (share >= 30.0).then(|| {
                format!(
                    "{}{THIN}% of them {before} {}.",
                    words::percent(share.min(100.0)),
                    crate::chart::text::plain(name)
                )
            })
        }
        Fact::Succeeded(keys) => {
            let now = grew(reading, keys)?;
            let earlier = (1..=WEEKS).filter_map(|week| {
                let (from, to) = local::stretch_before((from, to), 7 * week);
                history.grew(reading.protocol, keys.iter().copied(), from, to)
            });
            let usual = median(earlier.collect())?;
            let slack = 2.0 * (usual + 1.0).sqrt() + 0.25 * usual;
            Some(match now - usual {
                off if off.abs() <= slack => {
                    "As many succeeded as usual, so somebody probably tries passwords.".to_owned()
                }
                _ => {
                    format!("{} succeeded, where about {} are usual.", words::count(now), words::about(usual))
                }
            })
        }
        Fact::Encrypted(plain, encrypted) => {
            let (plain, encrypted) = (grew(reading, plain)?, grew(reading, encrypted)?);
            let few = |few: f64| few <= 0.1 * (plain + encrypted);
            let most = |rest: f64, how: &str| match rest {
                0.0 => format!("All of them {how}."),
                rest => format!("All but {} of them {how}.", words::count(rest)),
            };
            match (few(plain), few(encrypted)) {
                (true, _) => Some(most(plain, "encrypted")),
                (_, true) => Some(most(encrypted, "without encryption")),
                _ => None,
            }
        }
        Fact::Queue => {
            let sums = asked.sums(Role::Waiting);
            let sum = sums.first()?;
            let (peak, at) = history.level_peak(sum.reading.protocol, sum.keys.first()?, from, to)?;
            let before = history.level(sum.reading.protocol, sum.keys.first()?, from)?;
            (peak > 1.5 * before + 10.0).then(|| {
                format!("The queue rose to {} messages at {}.", words::count(peak), local::clock(at))
            })
        }
        Fact::Peak(key, words) => {
            let (peak, _) = history.level_peak(reading.protocol, key, from, to)?;
            (peak >= 2.0).then(|| format!("At most {} {words}.", words::count(peak)))
        }
    }
}

/// The section `name` of the same instance of the protocol that `reading` is of.
fn section_of<'r>(asked: &Asked<'r>, reading: &Reading, name: &str) -> Option<&'r Reading> {
    let instance = |reading: &Reading| reading.like.map(|like| like.instance);
    let is_it = |other: &&Reading| asked::original(other) == name && instance(other) == instance(reading);
    asked.readings.iter().find(is_it)
}

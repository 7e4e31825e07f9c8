//! Whether a protocol's lines are understood, and whether its counters move.
use std::collections::BTreeMap;

use super::finding::{Level, Report};
use super::sources::{Seen, lasting};
use crate::calendar::to_the_minute;
use crate::ingest::Job;
use crate::protocol::CounterKind;
use crate::store::state::{State, Understood};

const DAY: i64 = 86_400;
/// A change of a table of rules is told for this time (seconds).
const LATELY: i64 = 31 * DAY;
/// A counter that rose by at least this number on its last day is reported when it stands still.
const BUSY: i128 = 100;
/// With fewer lines than this, the share of lines that are understood says nothing.
const TELLING: u64 = 100;
/// From this number of lines of a program on it is no accident if none of them was understood.
const NONE_OF: u64 = 5;
/// The same number for the lines of one day. It is higher, because lines that are understood may come later that day.
const NONE_OF_DAY: u64 = 20;

pub(super) fn check(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Seen]) {
    let is_said = understood(report, job, state);
    rules(report, job, state, (job.clock)());
    programs(report, job, state, sources, is_said);
    if !job.feed.protocol.measured && !asleep(report, job, state, sources) {
        silent(report, job, state, sources);
    }
}

/// Reports programs of which none of the newest lines was understood. `is_said`: this was reported for the whole
/// protocol already.
fn programs(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Seen], is_said: bool) {
    for seen in sources {
        let none: BTreeMap<_, _> = seen.newest.iter().flat_map(|newest| &newest.programs).collect();
        for (program, lines) in none.into_iter().filter(|(_, lines)| lines.known == 0) {
            let program = String::from_utf8_lossy(program);
            let is_ours = |tag: &Option<Vec<u8>>| tag.as_deref() == Some(program.as_bytes());
            let is_own = job
                .config
                .counters
                .iter()
                .any(|counter| counter.protocol == job.feed.protocol.name && is_ours(&counter.tag));
            // What [[counter]] looks for may be rare.
            if (is_said && program.is_empty()) || (is_own && state.totals.iter().any(|total| *total != 0)) {
                continue;
            }
            let of = if program.is_empty() { String::new() } else { format!(" of {program}") };
            let way = if is_own || is_defined(job) { MATCHES } else { FORMATS };
            let text = format!("none of its newest {} lines{of} was understood: {way}", lines.unknown);
            let level = if lines.unknown >= NONE_OF { Level::Warning } else { Level::Note };
            report.about_feed(job.feed, level, "lines", &seen.source.name, text);
        }
    }
}

/// Reports sections of which the rules did not know more than a tenth on the newest day that tells something, and those of
/// which another table of rules was used lately.
fn rules(report: &mut Report, job: &Job<'_>, state: &State, now: i64) {
    for section in job.feed.protocol.sections {
        let mut tables = state.tables.iter().rev().filter(|used| used.name == section.name);
        if let (Some(last), Some(before)) = (tables.next(), tables.next())
            && last.since > now - LATELY
        {
            let text = format!(
                "counted by version {} of its table since {}, by version {} before: the shares before and after are not to be compared without a thought",
                last.version,
                to_the_minute(last.since),
                before.version
            );
            report.about_feed(job.feed, Level::Note, "rules", section.name, text);
        }
        let Some(unknown) = section.unknown else { continue };
        let of = |at: usize| state.newest_day.get(section.first + at).copied().unwrap_or_default();
        let day = (0..unknown.of).map(|at| of(at).0).max().unwrap_or_default();
        let on = |at: usize| if of(at).0 == day { of(at).1 } else { 0 };
        let all: i128 = (0..unknown.of).map(on).sum();
        let other = section.counters.iter().position(|counter| counter.key == unknown.key).map_or(0, on);
        if all >= BUSY && other * 10 > all {
            let text = format!("{} % of the {all} {}", 100 * other / all, unknown.way);
            report.about_feed(job.feed, Level::Warning, "rules", unknown.key, text);
        }
    }
}

/// Does it count nothing but what toaster.conf looks for?
fn is_defined(job: &Job<'_>) -> bool {
    let protocol = job.feed.protocol;
    protocol.like.is_none() && job.config.protocols.iter().any(|own| own.name == protocol.name)
}

/// Reports the share of lines that were not understood. Returns whether it is too large.
fn understood(report: &mut Report, job: &Job<'_>, state: &State) -> bool {
    let name = job.feed.protocol.name;
    let (ever, lately) = (state.understood, state.understood_lately.1);
    let is_none = |lines: Understood, least: u64| lines.known == 0 && lines.unknown >= least;
    // What is read now tells more than what was read for years, if it is enough.
    let is_lately = lately.all() >= TELLING || is_none(lately, NONE_OF_DAY);
    let lines = if is_lately { lately } else { ever };
    let (unknown, all) = (lines.unknown, lines.all());
    if all == 0 {
        return false;
    }
    let percent = u128::from(unknown) * 1000 / u128::from(all);
    let share = format!("{}.{} % of {all} lines were not understood", percent / 10, percent % 10);
    let is_wrong =
        (all >= TELLING && unknown * 10 > all) || is_none(lately, NONE_OF_DAY) || is_none(ever, NONE_OF);
    if is_wrong {
        let way = if is_defined(job) { MATCHES } else { FORMATS };
        report.about_feed(job.feed, Level::Warning, "lines", name, format!("{share}: {way}"));
    } else {
        report.about_feed(job.feed, Level::Ok, "lines", name, share);
    }
    is_wrong
}

/// What may be the matter with lines that are not understood, and the way out.
const FORMATS: &str = "has a program changed what it logs? See the formats in README.md";
/// The same of counters that toaster.conf defines.
const MATCHES: &str = "do the `match` patterns of its [[counter]] tables fit these lines?";

/// Reports that no counter of the protocol moves while its source grows. Returns whether that is so.
fn asleep(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Seen]) -> bool {
    let name = job.feed.protocol.name;
    let moved = state.moved.iter().copied().max().unwrap_or(0);
    let last = |seen: &Seen| seen.source.last_line;
    let dedicated = sources.iter().filter(|seen| seen.is_dedicated()).map(last).max().unwrap_or(0);
    let never = moved == 0 && state.totals.iter().all(|total| *total == 0);
    let (lines, text) = if never {
        let text = "and none of its counters has ever moved".to_owned();
        (state.understood.all(), text)
    } else if moved > 0 && dedicated - moved >= DAY {
        let text = format!("and none of its counters has moved for {}", lasting(dedicated - moved));
        (state.understood_lately.1.all(), text)
    } else {
        return false;
    };
    if lines >= NONE_OF_DAY {
        let text = format!(
            "its source grows ({lines} lines were read), {text}: has a program changed what it logs, or is it another program's log?"
        );
        report.about_feed(job.feed, Level::Warning, "silent", name, text);
        return true;
    }
    let grows = sources.iter().any(|seen| last(seen) > 0);
    if never && grows && is_defined(job) {
        let text = "has counted nothing yet, and its source grows: no line matches its [[counter]] tables";
        report.about_feed(job.feed, Level::Note, "silent", name, text);
    }
    false
}

/// Reports counters that have stood still for a day, while lines of their source still come.
fn silent(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Seen]) {
    let Some(last) = sources.iter().map(|seen| seen.source.last_line).max().filter(|last| *last > 0) else {
        return;
    };
    let mut quiet = Vec::new();
    for (i, counter) in job.feed.protocol.counters.iter().enumerate() {
        let moved = state.moved.get(i).copied().unwrap_or(0);
        if moved == 0 || last - moved < DAY || matches!(counter.kind, CounterKind::Derived(_)) {
            continue;
        }
        let busy = state.newest_day.get(i).is_some_and(|(_, amount)| *amount >= BUSY)
            && matches!(counter.kind, CounterKind::Count);
        if busy {
            let text = format!(
                "has not moved since {} before the last line; did a program change what it logs?",
                lasting(last - moved)
            );
            report.about_feed(job.feed, Level::Warning, "silent", counter.key, text);
        } else {
            quiet.push(counter.key);
        }
    }
    if !quiet.is_empty() {
        let text = format!("not moved for a day: {}", quiet.join(", "));
        report.about_feed(job.feed, Level::Note, "silent", job.feed.protocol.name, text);
    }
}

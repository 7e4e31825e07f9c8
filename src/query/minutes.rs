//! Where counters stood at the end of each minute: of the last commit alone, and of what is in the RRD.
//!
//! The RRD has what came in each minute, the state what came in all. So the total at the end of a minute is that of the
//! commit without what waits for the RRD and without what the RRD has of later minutes. What is in the RRD does not change any
//! more: a late line goes to the next minute that is written. So such a minute has the same totals whenever it is asked for,
//! unless somebody edits the counter file.
//!
//! Behind the last minute of the RRD nothing was logged up to where the sources were read. These minutes are told, too; but a
//! line that comes late may still change them ([`Reading::pushed`]).
use super::build;
use crate::error::{Error, Result};
use crate::ingest::Job;
use crate::protocol::Protocol;
use crate::reading::{Counter, Measure, Reading};
use crate::store::rrd::{archives_of, known_rows};
use crate::store::state::State;
use crate::tally::LATE;

/// What the protocol is at by the last commit, with the minutes that end behind `since` and not behind `until` (Unix seconds),
/// as far as the RRD has minutes: two days. Where the RRD begins within that time, the end of the minute before its first one is
/// there, too, so that what came in that one can be told. `now` in Unix seconds.
///
/// # Errors
/// When the last commit or the RRD cannot be read.
pub fn minutes(job: &Job<'_>, since: i64, until: i64, now: i64) -> Result<Reading> {
    let state = job.store().read()?.unwrap_or_else(|| State::new(job.feed.protocol));
    let since = since.max(0);
    let (protocol, step, pushed) = (job.feed.protocol, i64::from(job.config.rrd_step), state.pushed);
    // What waits is not over, and minutes in which nothing came are over when all was read a moment later.
    let next = state.bins.keys().next().copied().unwrap_or(state.seen - LATE).min(now);
    let is_new = state.number == 0;
    let mut reading = build::of_state(job, state, now);
    if is_new {
        reading.unknown = Some("nothing was counted yet".to_owned());
        return Ok(reading);
    }
    if pushed == 0 {
        return Ok(reading);
    }
    // At the end of the last minute that is in the RRD.
    let mut totals = Totals::of(&reading, protocol);
    let mut minutes = Vec::new();
    let quiet = (next.min(until) - pushed).div_euclid(step);
    let quiet = (1..=quiet).rev().map(|n| pushed + n * step).take_while(|end| *end > since);
    minutes.extend(quiet.map(|end| (end, totals.with(&[]))));
    let rows = archives_of(job.config.rrd_step).first().map_or(0, |finest| finest.rows);
    let oldest = pushed - i64::try_from(rows).unwrap_or(0) * step;
    let from = (since.div_euclid(step) * step).clamp(oldest, (pushed - step).max(oldest));
    let rows = known_rows(&job.rrd(), protocol, step, from, pushed)?;
    if since < pushed && !rows.contains_key(&(pushed - step)) {
        return Err(Error::Message(format!(
            "{}: does not have the minutes up to the last commit; run maillogs update",
            job.rrd().display()
        )));
    }
    // What is before the first value is not known, and nothing that stood still.
    let (mut known, mut before) = (minutes.len(), None);
    for (begin, row) in rows.into_iter().rev().filter(|(begin, _)| begin + step <= pushed) {
        let end = begin + step;
        if end <= since {
            break;
        }
        if end <= until {
            minutes.push((end, totals.with(&row)));
        }
        totals.take(&row);
        if row.iter().any(Option::is_some) {
            known = minutes.len();
            before = Some((begin, totals.with(&[])));
        }
    }
    minutes.truncate(known);
    minutes.extend(before.filter(|(end, _)| *end > since && *end <= until));
    minutes.reverse();
    reading.minutes = minutes;
    Ok(reading)
}

/// Where each counter stood.
struct Totals {
    totals: Vec<i128>,
    only_grow: Vec<bool>,
    /// Those that cannot be below 0.
    positive: Vec<bool>,
}

impl Totals {
    /// At the last commit, without what waits for the RRD.
    fn of(reading: &Reading, protocol: &Protocol) -> Totals {
        let waits =
            |i: usize| -> i128 { reading.waiting.iter().filter_map(|(_, values)| values.get(i)).sum() };
        let total = |(i, counter): (usize, &Counter)| counter.value.map_or(0, |value| value.total) - waits(i);
        Totals {
            totals: reading.counters.iter().enumerate().map(total).collect(),
            only_grow: protocol.counters.iter().map(|counter| counter.kind.is_odometer()).collect(),
            positive: reading.counters.iter().map(|counter| counter.measure != Measure::Net).collect(),
        }
    }

    /// With the levels of a row.
    fn with(&self, row: &[Option<i128>]) -> Vec<Option<i128>> {
        let total = |(i, total): (usize, &i128)| {
            if !*self.only_grow.get(i)? {
                return row.get(i).copied().flatten();
            }
            // Somebody has edited the counter file: how much it was before is not known.
            let is_known = *total >= 0 || !*self.positive.get(i)?;
            is_known.then_some(*total)
        };
        self.totals.iter().enumerate().map(total).collect()
    }

    /// Goes back by what a row has.
    fn take(&mut self, row: &[Option<i128>]) {
        for (total, value) in self.totals.iter_mut().zip(row) {
            *total -= value.unwrap_or(0);
        }
    }
}

//! What the overview says: the answer, who was heard, eight figures, what was unlike other days, the way of a message.
//!
//! All of it is a function of readings, their history and the time. Templates only place it.
//!
//! | file | what |
//! |---|---|
//! | `asked` | who answers the questions of the overview on this server |
//! | `verdict` | the answer in a sentence |
//! | `newest` | when there was anything of a protocol last |
//! | `silence` | what usually comes in as long as nothing came now |
//! | `heard` | when each source was heard last, and how often it usually is |
//! | `figures` | the eight figures |
//! | `events` | which half-hours were unlike those of other days; pure |
//! | `unlike` | the same in words |
//! | `way` | the stages and their numbers |
//! | `spark` | small pictures |
mod asked;
mod events;
mod figures;
mod heard;
mod newest;
mod silence;
mod spark;
#[cfg(test)]
mod tests;
mod unlike;
mod verdict;
mod way;

use serde::Serialize;

pub use figures::Figure;
pub use heard::{Heard, Source};
pub use spark::{Spark, Strip};
pub use unlike::{Event, Unlike};
pub use verdict::{Piece, Sign, Verdict};
pub use way::{Place, Row};

use super::history::{History, KEPT};
use super::local::{self, MORNING, WEEKS};
use crate::reading::Reading;
use crate::reading::role::Role;
use asked::{Asked, Span};
use silence::in_the_same_time;
use verdict::{Flow, Known};

/// Seconds of an hour and of a day.
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// All that the overview says.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Overview {
    /// Is mail flowing?
    pub verdict: Verdict,
    /// When each source was heard last.
    pub heard: Heard,
    /// The figures; none: nothing is counted yet.
    pub figures: Vec<Figure>,
    /// Of which time the figures are: `Today until 17:27`.
    pub span: String,
    /// Which days they are compared with: `Saturdays`.
    pub days: String,
    /// Is any of them compared with earlier days, and is a week before known?
    pub is_compared: bool,
    /// What was unlike other days; none: less than a week is counted.
    pub unlike: Option<Unlike>,
    /// The stages of a message's way.
    pub places: Vec<Place>,
}

/// The overview of `readings` and their `history` at `now`, Unix seconds.
pub fn overview(readings: &[Reading], history: &History<'_>, now: i64) -> Overview {
    let asked = Asked::of(readings, history, now);
    let heard = heard::heard(readings, history, now);
    let span = span(&asked);
    let figures = figures::figures(&asked, span);
    let known = known(&asked, &heard);
    let is_compared = figures.iter().any(|figure| figure.usual.is_some() || !figure.spark.line.is_empty());
    let what = if span.is_day { "Today" } else { "The last 24 hours" };
    Overview {
        verdict: verdict::verdict(&known),
        heard,
        figures,
        span: format!("{what} until {}", local::clock(span.to)),
        days: format!("{}s", local::weekday(now)),
        is_compared,
        unlike: unlike::unlike(&asked),
        places: way::places(&asked, span),
    }
}

/// What figures are told of: the local day, or in the small hours the last 24 hours, if these are known.
fn span(asked: &Asked<'_>) -> Span {
    let now = asked.now;
    let (from, to) = local::day_until(now, 0);
    let day = Span { from, to, is_day: true };
    let since = asked.readings.iter().filter_map(|reading| asked.history.since(reading.protocol)).min();
    let is_known = since.is_some_and(|since| since <= now - DAY);
    if local::hour(now) >= MORNING || !is_known {
        return day;
    }
    Span { from: local::days_before(now, 1), to: now, is_day: false }
}

/// What the verdict is made of.
fn known(asked: &Asked<'_>, heard: &Heard) -> Known {
    let mail = [Role::Entered, Role::Delivered];
    let sums: Vec<asked::Sum<'_>> = mail.into_iter().flat_map(|role| asked.sums(role)).collect();
    let counted: Vec<&Reading> = sums
        .iter()
        .filter(|sum| sum.was_ever() || sum.reading.failed.is_some())
        .map(|sum| sum.reading)
        .collect();
    let of = if counted.is_empty() {
        asked.readings.iter().filter(|reading| is_there(reading)).collect()
    } else {
        counted.clone()
    };
    let trouble = of.iter().find_map(|reading| reading.trouble().cloned());
    let seen = of.iter().map(|reading| reading.seen).min().unwrap_or_default();
    let until = asked.now.min(seen.max(1));
    let flow = |from: i64, to: i64| Flow {
        messages: asked.between(Role::Entered, from, to),
        deliveries: asked.between(Role::Delivered, from, to),
    };
    let hour_before = |days: u64| local::stretch_before((until - HOUR, until), days);
    let earlier = (1..=WEEKS).map(|week| hour_before(7 * week)).map(|(from, to)| flow(from, to));
    let midnight = local::midnight(asked.now);
    let day = Span { from: midnight, to: asked.now, is_day: true };
    let attempts = [Role::Delivered, Role::PutOff, Role::Failed];
    let attempts: Option<f64> =
        attempts.map(|role| asked.between(role, until - 1_800, until)).into_iter().sum();
    let last = mail.into_iter().filter_map(|role| last_of(asked, role, until)).max();
    let last_delivery = last_of(asked, Role::Delivered, until);
    let came = |roles: &[Role], from: i64, to: i64| {
        let known = roles.iter().filter_map(|role| asked.at_least(*role, from, to));
        known.reduce(|one, other| one + other)
    };
    let usual = |roles: &[Role], last: Option<i64>| {
        last.map_or_else(Vec::new, |last| in_the_same_time(last, until, |from, to| came(roles, from, to)))
    };
    let told = last.and_then(|last| silence::told(last, until, |from, to| came(&mail, from, to)));
    let in_history = of.iter().filter_map(|reading| asked.history.since(reading.protocol)).min();
    let counting = of.iter().map(|reading| reading.since).filter(|since| *since > 0).min();
    let counting = counting.filter(|_| !counted.is_empty());
    let since = in_history.into_iter().chain(counting).min();
    // A row may be as long as a day.
    let lost = in_history.unwrap_or(until).min(until);
    let is_lost = |since: i64| lost > since.max(asked.now - KEPT) + 2 * DAY;
    let expected = last.zip(in_history).map_or(0.0, |(last, begun)| {
        let sums = mail.into_iter().flat_map(|role| asked.sums(role));
        let grew = |sum: asked::Sum<'_>| {
            let keys: &[&str] = &sum.keys;
            asked.history.grew_at_least(sum.reading.protocol, keys.iter().copied(), begun, last)
        };
        sums.map(grew).sum::<f64>() / heard::float((last - begun).max(HOUR))
            * heard::float((until - last).max(0))
    });
    let others = [
        (Role::LoggedIn, "logins"),
        (Role::LetIn, "connections to the SMTP port"),
        (Role::Spam, "messages that are spam"),
    ];
    let others = others
        .into_iter()
        .filter(|(role, _)| asked.sums(*role).iter().any(asked::Sum::was_ever))
        .filter_map(|(role, words)| Some((words, asked.between(role, until - HOUR, until)?)));
    Known {
        now: asked.now,
        mta: counted.first().map(|reading| heard::name(reading)),
        seen,
        trouble,
        since,
        hour: flow(until - HOUR, until),
        day: Flow { messages: asked.grew(Role::Entered, day), deliveries: asked.grew(Role::Delivered, day) },
        earlier: earlier.collect(),
        attempts,
        succeeded: asked.between(Role::Delivered, until - 1_800, until),
        last,
        usual: usual(&mail, last),
        told,
        known_from: in_history,
        expected,
        lost: counting.filter(|since| is_lost(*since)).map(|_| lost),
        last_delivery,
        usual_deliveries: usual(&[Role::Delivered], last_delivery),
        waiting: asked.level(Role::Waiting),
        oldest: asked.level(Role::Oldest).map(figures::whole),
        sources: heard.ever,
        never: heard.rows.len() - heard.ever,
        logs: heard.logs,
        silent: heard.rows.iter().filter(|row| row.is_silent).map(|row| row.name.clone()).collect(),
        slowest: heard.slowest,
        others: others.collect(),
    }
}

fn is_there(reading: &Reading) -> bool {
    reading.counters.iter().any(|counter| counter.value.is_some_and(|value| value.moved))
}

/// The minute in which there was something of `role` last, before `until`. `None`: nothing is known of it in two months.
fn last_of(asked: &Asked<'_>, role: Role, until: i64) -> Option<i64> {
    let last = |sum: &asked::Sum<'_>| {
        let keys: &[&str] = &sum.keys;
        asked.history.last_growth_of(sum.reading.protocol, keys)
    };
    asked.sums(role).iter().filter_map(last).map(|(begin, end)| begin.max(end - 60).min(until)).max()
}

//! The eight figures: a number each, the day as a small picture, and the last weeks as marks.
use serde::Serialize;

use super::asked::{Asked, Span};
use super::spark::{Spark, Strip};
use crate::page::local::{self, WEEKS};
use crate::page::words::{self, THIN};
use crate::reading::role::Role;

/// What a page of reasons explains.
const PUT_OFF: &str = "Put off";
const FAILED: &str = "Failed";

/// Of fewer events nothing is compared.
const FEWEST: f64 = 50.0;

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// The page that explains it; empty: there is none.
    pub page: String,
    /// The number; `–`: it is not known.
    pub number: String,
    /// What stands small behind it.
    pub unit: &'static str,
    /// Of what, and what it means.
    pub note: String,
    /// The last 24 hours, and the same hours of the week before.
    pub spark: Spark,
    /// The same weekdays of the last weeks; none: nothing is compared.
    pub usual: Option<Strip>,
}

impl Figure {
    /// Is it told on a page of reasons why it is so many?
    pub(crate) fn has_reasons(&self) -> bool {
        [PUT_OFF, FAILED].contains(&self.name)
    }
}

/// A figure of amounts: of what, and whether as a share of something.
struct Amount<'a> {
    name: &'static str,
    role: Role,
    /// Of what it is a share; none: of nothing.
    of: &'a [Role],
    /// Is the number the share?
    is_share: bool,
    /// The sentence under the number, from the number itself and that of all.
    note: &'a dyn Fn(f64, Option<f64>) -> String,
}

/// The figures of this server, in their order: those that somebody counts.
pub(super) fn figures(asked: &Asked<'_>, span: Span) -> Vec<Figure> {
    let entered = |_: f64, _: Option<f64>| {
        let bytes = asked.grew(Role::Bytes, span).map(|bytes| format!(", {}", words::bytes(bytes)));
        let bounces = asked.grew(Role::Bounced, span).map(|number| match words::count(number).as_str() {
            "1" => "; 1 is a bounce".to_owned(),
            many => format!("; {many} are bounces"),
        });
        format!("messages{}{}", bytes.unwrap_or_default(), bounces.unwrap_or_default())
    };
    let of_all = |all: Option<f64>, words: &str| {
        all.map_or(String::new(), |all| format!("of {} {words}", words::count(all)))
    };
    let share = |number: f64, all: Option<f64>, what: &str| match all.filter(|all| *all > 0.0) {
        Some(all) => {
            format!("{}{THIN}% of {} {what}", words::percent(100.0 * number / all), words::count(all))
        }
        None => String::new(),
    };
    let attempts = [Role::Delivered, Role::PutOff, Role::Failed];
    let put_off = |number: f64, _| format!("{}; they are tried again", plural(number, "attempt"));
    let failed = |number: f64, _| format!("{}; the sender was told", plural(number, "attempt"));
    let delivered = |_, all| of_all(all, "attempts to deliver");
    let blocked = |number, all| match share(number, all, "to the port") {
        none if none.is_empty() => "connections".to_owned(),
        share => format!("connections, {share}"),
    };
    let spam = |number: f64, all| format!("{} {}", words::count(number), of_all(all, "messages looked at"));
    let logins = |number, all| share(number, all, "to send or read");
    let before = [
        Amount { name: "Into the queue", role: Role::Entered, of: &[], is_share: false, note: &entered },
        Amount { name: "Delivered", role: Role::Delivered, of: &attempts, is_share: false, note: &delivered },
        Amount { name: PUT_OFF, role: Role::PutOff, of: &attempts, is_share: true, note: &put_off },
        Amount { name: FAILED, role: Role::Failed, of: &attempts, is_share: true, note: &failed },
    ];
    let both = [Role::LoggedIn, Role::LoginFailed];
    let behind = [
        Amount {
            name: "Blocked by lists",
            role: Role::Blocked,
            of: &[Role::LetIn],
            is_share: false,
            note: &blocked,
        },
        Amount { name: "Spam", role: Role::Spam, of: &[Role::Spam, Role::Ham], is_share: true, note: &spam },
        Amount { name: "Failed logins", role: Role::LoginFailed, of: &both, is_share: false, note: &logins },
    ];
    let amount = |amount: &Amount<'_>| figure(asked, span, amount);
    before.iter().filter_map(amount).chain(waiting(asked)).chain(behind.iter().filter_map(amount)).collect()
}

/// `1 attempt`, `4,150 attempts`.
fn plural(number: f64, word: &str) -> String {
    let number = words::count(number);
    if number == "1" { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// A figure. `None`: nobody on this server counts it.
fn figure(asked: &Asked<'_>, span: Span, amount: &Amount<'_>) -> Option<Figure> {
    let sums = asked.sums(amount.role);
    if !sums.iter().any(super::asked::Sum::was_ever) {
        return None;
    }
    // Where nothing more is read, earlier days end at the same minute as what is known of this one.
    let seen = asked.seen(amount.role);
    let span = Span { to: span.to.min(seen.max(span.from)), ..span };
    let all_of = |span: Span| -> Option<f64> {
        let parts = amount.of.iter().map(|role| asked.grew(*role, span));
        if amount.of.is_empty() { None } else { parts.sum() }
    };
    let value = |span: Span| {
        let number = asked.grew(amount.role, span)?;
        match amount.is_share {
            false => Some((number, number)),
            true => {
                let all = all_of(span)?;
                (all > 0.0).then(|| (100.0 * number / all, all))
            }
        }
    };
    let spark = spark(asked, amount.role);
    let Some(number) = asked.grew(amount.role, span) else {
        return Some(Figure {
            name: amount.name,
            number: "–".into(),
            note: "not known".into(),
            spark,
            ..Figure::default()
        });
    };
    let all = all_of(span);
    let now = value(span);
    let (shown, unit) = match (amount.is_share, now) {
        (false, _) => (words::count(number), ""),
        (true, Some((share, _))) => (format!("{share:.1}"), "%"),
        // Of nothing there is no share.
        (true, None) => ("–".to_owned(), ""),
    };
    let usual = now.filter(|(_, events)| *events >= FEWEST).and_then(|(now, _)| {
        let earlier = (1..=WEEKS).filter_map(|week| {
            let (from, to) = earlier(span, 7 * week);
            Some(value(Span { from, to, is_day: false })?.0)
        });
        strip(asked.now, now, &earlier.collect::<Vec<f64>>(), amount.is_share)
    });
    let note = (amount.note)(number, all);
    Some(Figure { name: amount.name, number: shown, unit, note, spark, usual, ..Figure::default() })
}

/// The same span so many days earlier.
pub(super) fn earlier(span: Span, days: u64) -> (i64, i64) {
    if span.is_day {
        return local::day_until(span.to, days);
    }
    (local::days_before(span.from, days), local::days_before(span.to, days))
}

/// The strip of `now` among the `earlier` weekdays.
fn strip(time: i64, now: f64, earlier: &[f64], is_share: bool) -> Option<Strip> {
    let (low, high) = (earlier.iter().copied().reduce(f64::min)?, earlier.iter().copied().reduce(f64::max)?);
    let print = |value: f64| match is_share {
        false => words::count(value),
        true if high < 9.95 => format!("{value:.1}"),
        true => format!("{value:.0}"),
    };
    let unit = if is_share { format!("{THIN}%") } else { String::new() };
    let range = format!("{}{unit}", words::range(&print(low), &print(high)));
    let day = local::weekday(time);
    let words = match earlier.len() {
        1 => format!("last {day}: "),
        days => format!("last {} {day}s: ", words::small(days)),
    };
    Strip::of(now, earlier, words, range)
}

/// The last 24 hours of `role`, and the same hours of the week before.
fn spark(asked: &Asked<'_>, role: Role) -> Spark {
    let seen = asked.seen(role).min(asked.now);
    let now = local::half_hours(asked.now).into_iter().map(|(from, to)| {
        let until = to.min(seen);
        // Of a half-hour that is not over it is the rate, once half of it has passed.
        let part = float(until - from) / float(to - from);
        (part >= 0.5).then(|| asked.between(role, from, until)).flatten().map(|number| number / part)
    });
    let before = local::half_hours(asked.now).into_iter().map(|stretch| {
        let (from, to) = local::stretch_before(stretch, 7);
        asked.between(role, from, to)
    });
    Spark::of("blue-area", &now.collect::<Vec<_>>(), &before.collect::<Vec<_>>())
}

/// What waits in the queue.
fn waiting(asked: &Asked<'_>) -> Option<Figure> {
    let number = asked.level(Role::Waiting)?;
    let oldest = asked.level(Role::Oldest).filter(|_| number >= 1.0);
    let note = match oldest {
        Some(seconds) => format!(
            "{}, the oldest for {}",
            if number < 1.5 { "message" } else { "messages" },
            words::duration(whole(seconds))
        ),
        None => "messages".to_owned(),
    };
    let mean = |(from, to): (i64, i64)| {
        let sums = asked.sums(Role::Waiting);
        let of = |sum: &super::asked::Sum<'_>| {
            asked.history.level_mean(sum.reading.protocol, sum.keys.first()?, from, to)
        };
        sums.iter().map(of).sum::<Option<f64>>()
    };
    let slots = local::half_hours(asked.now);
    let now: Vec<Option<f64>> = slots.iter().map(|slot| mean(*slot)).collect();
    let before: Vec<Option<f64>> = slots.iter().map(|slot| mean(local::stretch_before(*slot, 7))).collect();
    let at = asked.now.min(asked.seen(Role::Waiting));
    let earlier =
        (1..=WEEKS).filter_map(|week| asked.level_at(Role::Waiting, local::days_before(at, 7 * week)));
    let usual = strip(asked.now, number, &earlier.collect::<Vec<f64>>(), false).filter(|_| number >= FEWEST);
    let spark = Spark::of("blue-area", &now, &before);
    let number = words::count(number);
    Some(Figure { name: "Waiting now", number, note, spark, usual, ..Figure::default() })
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of some years are far below 2^63")]
pub(super) fn whole(seconds: f64) -> i64 {
    seconds as i64
}

#[expect(clippy::cast_precision_loss, reason = "seconds of some days are far below 2^52")]
fn float(seconds: i64) -> f64 {
    seconds as f64
}

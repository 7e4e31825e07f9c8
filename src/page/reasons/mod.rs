//! The page that says why mail was put off, or failed: to which providers, for which reasons, when, and what to do about it.
//!
//! How many ended how stands in the table of [`Attempts`]; what is usual, and the hours of the day, in the rows of the counters.
//! Of a reason those have both outcomes together, so that what is compared with earlier days is its share of all that was not
//! taken, and not of one outcome.
//!
//! | file | purpose |
//! |---|---|
//! | `shown` | which day is told |
//! | `rows` | the rows of the tables |
//! | `amounts` | what counters gained, by hours and on earlier weekdays |
//! | `lead` | the sentences at the top |
//! | `words` | numbers and shares for people |
mod amounts;
mod lead;
mod rows;
mod shown;
mod words;

use serde::Serialize;

use super::history::History;
use super::local::{self, MORNING};
use crate::reading::Reading;
use crate::reading::attempts::{Attempts, Words};
use amounts::Amounts;
pub use amounts::Tick;
pub use lead::Bit;
pub use rows::{Hour, Provider, Reason, Usual};
use shown::{Shown, Which};
use words::number;

/// The page of one protocol's attempts.
#[derive(Debug, Serialize)]
pub struct ReasonsPage {
    /// The file: `why.html`, or of a second instance `NAME-why.html`. A graph's page has the graph's name.
    pub file: String,
    /// Its heading.
    pub title: String,
    /// Today, and where anything is known of it yesterday.
    pub days: Vec<ReasonsDay>,
}

/// A day's attempts.
#[derive(Debug, Serialize)]
pub struct ReasonsDay {
    /// `today` or `yesterday`.
    pub name: &'static str,
    /// The same for people.
    pub button: &'static str,
    /// Is it the one that is seen at first?
    pub first: bool,
    /// The sentences at the top, in bits of which some are strong.
    pub lead: Vec<Bit>,
    /// What is to be known of the numbers: from when on they count, that a source could not be read. May be empty.
    pub notes: Vec<String>,
    /// How the tables are read.
    pub key: String,
    /// How many hours the day has.
    pub hours: usize,
    /// Where the hours of the day stand on their axis.
    pub axis: Vec<Tick>,
    /// Where attempts went.
    pub providers: Vec<Provider>,
    /// What is tried again, and what is not, by reason; one of which there is nothing is left out.
    pub parts: Vec<Part>,
    /// What is said instead of tables where nothing is to be told.
    pub nothing: Option<Nothing>,
}

/// The reasons of one outcome.
#[derive(Debug, Serialize)]
pub struct Part {
    /// Its heading.
    pub heading: &'static str,
    /// The anchor of its heading.
    pub id: String,
    /// Are they told in the colour of failures?
    pub is_bad: bool,
    /// All of them.
    pub total: String,
    /// One each, the most frequent first.
    pub rows: Vec<Reason>,
}

/// What is said where nothing is to be told.
#[derive(Debug, Serialize)]
pub struct Nothing {
    /// In a few words.
    pub heading: String,
    /// A sentence.
    pub text: String,
}

/// The page of `of`, one of `readings`, at `now` (Unix seconds). `None`: its attempts are not counted, or there was none of
/// which anything is known.
pub fn page(of: &Reading, readings: &[Reading], history: &History<'_>, now: i64) -> Option<ReasonsPage> {
    let attempts = of.attempts.as_ref()?;
    let words = attempts.words();
    let moved = Amounts::new(of, readings, history, attempts.today.begin, now);
    let has_moved = words.classes.iter().any(|class| moved.has_moved(class.counter));
    if attempts.today.is_empty() && attempts.yesterday.is_empty() && !has_moved {
        return None;
    }
    let made = |which, amounts| day(of, attempts, &words, &Shown::new(attempts, which), amounts);
    let mut days = vec![made(Which::Today, &moved)];
    if attempts.since > 0 && attempts.since < attempts.today.begin {
        let amounts = Amounts::new(of, readings, history, attempts.yesterday.begin, now);
        if amounts.until() > attempts.yesterday.begin {
            days.push(made(Which::Yesterday, &amounts));
        }
    }
    // In the night there is little of today yet.
    let first = if local::hour(now) < MORNING { days.len() - 1 } else { 0 };
    days[first].first = true;
    let (title, file) = match of.like.map(|like| like.instance) {
        Some(name) => (format!("{name}: why mail was put off"), format!("{name}-why.html")),
        None => ("Why mail was put off".to_owned(), "why.html".to_owned()),
    };
    Some(ReasonsPage { file, title, days })
}

/// What is told of a day.
fn day(
    of: &Reading,
    attempts: &Attempts,
    words: &Words,
    shown: &Shown<'_>,
    amounts: &Amounts<'_>,
) -> ReasonsDay {
    let until = amounts.until();
    let is_known = attempts.since > 0 && until > shown.day.begin;
    let (put_off, failed) = shown.day.sum(|_| true);
    let nothing = if !is_known {
        Some(not_known(attempts, until))
    } else if put_off + failed == 0 {
        Some(none(attempts, shown.which))
    } else {
        None
    };
    let mut notes = Vec::new();
    if let Some(trouble) = of.trouble() {
        notes.push(format!("These are the numbers of the last commit: {trouble}."));
    }
    if is_known && !shown.is_whole() {
        notes.push(format!(
            "Counted since {}: what ended before is in none of these numbers.",
            local::clock(attempts.since)
        ));
    }
    let rows = rows::Rows { shown, words, amounts };
    let (name, button) = match shown.which {
        Which::Today => ("today", "Today"),
        Which::Yesterday => ("yesterday", "Yesterday"),
    };
    let is_shown = nothing.is_none();
    let part = |heading, id, total: u64, is_bad| Part {
        heading,
        id: format!("{name}-{id}"),
        is_bad,
        total: number(total),
        rows: if is_shown { rows.reasons(is_bad) } else { Vec::new() },
    };
    let parts = [
        part("Put off, and tried again", "put-off", put_off, false),
        part("Failed for good", "failed", failed, true),
    ];
    let weekday = local::weekday(shown.day.begin);
    let same = if amounts.is_over() { "" } else { " until the same minute" };
    ReasonsDay {
        name,
        button,
        first: false,
        lead: if is_known { lead::lead(shown, words, amounts) } else { Vec::new() },
        notes,
        key: format!(
            "The stronger an hour’s colour, the more of the row’s own attempts fell into it. “Usual”: the same share on the \
             last four {weekday}s{same}, as far as they are known; ↑ is above it. Of a reason it is the share of all attempts that \
             were not taken, put off or failed: of earlier days nothing finer is known."
        ),
        hours: amounts.hours(),
        axis: amounts.axis(),
        providers: if is_shown { rows.providers() } else { Vec::new() },
        parts: parts.into_iter().filter(|part| !part.rows.is_empty()).collect(),
        nothing,
    }
}

/// Nothing is known of today.
fn not_known(attempts: &Attempts, until: i64) -> Nothing {
    let text = if attempts.since == 0 {
        "How attempts ended is kept from the next update on.".to_owned()
    } else if until > 0 {
        format!("The logs were last read on {}, {}.", local::day(until), local::clock(until))
    } else {
        "The logs were not read yet.".to_owned()
    };
    Nothing { heading: "Nothing is known of today".to_owned(), text }
}

/// Nothing was put off on the day, and nothing failed.
fn none(attempts: &Attempts, which: Which) -> Nothing {
    if which == Which::Yesterday {
        let delivered: u64 = attempts.yesterday.delivered.iter().sum();
        let text = if delivered == 1 {
            "1 delivery succeeded.".to_owned()
        } else {
            format!("{} deliveries succeeded.", number(delivered))
        };
        return Nothing { heading: "Nothing was put off yesterday, and nothing failed".to_owned(), text };
    }
    let (put_off, failed) = attempts.yesterday.sum(|_| true);
    let since = attempts.since;
    let yesterday = || format!("Yesterday {} were put off and {} failed.", number(put_off), number(failed));
    let text = if since > attempts.today.begin {
        format!("Counted since {}.", local::clock(since))
    } else if since > attempts.yesterday.begin {
        format!("Counted since {}, {}. {}", local::day(since), local::clock(since), yesterday())
    } else {
        yesterday()
    };
    Nothing { heading: "Nothing was put off today, and nothing failed".to_owned(), text }
}

#[cfg(test)]
mod tests;

//! A message's way through the server: a link with a number for each stage, and the numbers beside its pictures.
use serde::Serialize;

use super::asked::{Asked, Span, Sum, keys};
use super::figures::whole;
use super::heard;
use crate::page::words;
use crate::reading::role::Role;
use crate::reading::stage::Stage;

/// At most so many numbers stand beside the pictures of a stage.
const MOST: usize = 5;

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Which.
    pub stage: Stage,
    /// For people.
    pub title: &'static str,
    /// What happens there.
    pub about: &'static str,
    /// The number of its link; empty: there is none.
    pub number: String,
    /// The numbers beside its pictures.
    pub rows: Vec<Row>,
}

/// A number beside the pictures of a stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// The number.
    pub number: String,
}

fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Connections => "Connections",
        Stage::Filters => "Filters",
        Stage::Queue => "Queue",
        Stage::Deliveries => "Deliveries",
        Stage::Logins => "Logins",
        Stage::Own => "Own protocols",
    }
}

fn about(stage: Stage) -> &'static str {
    match stage {
        Stage::Connections => "Who comes to the SMTP port, and who is turned away before a message is begun.",
        Stage::Filters => "What the filters let through, and what they refuse.",
        Stage::Queue => "What came in to be delivered, what left, and what waits.",
        Stage::Deliveries => "What became of the attempts to deliver, and how long they took.",
        Stage::Logins => "Who logs in to send or to read, and who does not get in.",
        Stage::Own => "What toaster.conf counts besides.",
    }
}

/// All stages, in the order of the way.
pub(super) fn places(asked: &Asked<'_>, span: Span) -> Vec<Place> {
    let place = |stage| {
        let rows = rows(asked, stage, span);
        Place {
            stage,
            title: title(stage),
            about: about(stage),
            number: number(asked, stage, span, &rows),
            rows,
        }
    };
    Stage::ALL.into_iter().map(place).collect()
}

/// What stands at the link of a stage. Where nobody answers it is the first number of the stage.
fn number(asked: &Asked<'_>, stage: Stage, span: Span, rows: &[Row]) -> String {
    let told = |role, words: &str| {
        let is_counted = asked.sums(role).iter().any(Sum::was_ever);
        let number = asked.grew(role, span).filter(|_| is_counted)?;
        Some(format!("{} {words}", words::count(number)))
    };
    let text = match stage {
        Stage::Connections => told(Role::LetIn, "let in"),
        Stage::Filters => told(Role::Passed, "let in"),
        Stage::Queue => {
            let (came, left) = (told(Role::Entered, "in"), told(Role::Left, "out"));
            let both: Vec<String> = came.into_iter().chain(left).collect();
            Some(both.join(", ")).filter(|text| !text.is_empty())
        }
        Stage::Deliveries => told(Role::Delivered, "delivered"),
        Stage::Logins => told(Role::LoggedIn, "succeeded"),
        Stage::Own => return String::new(),
    };
    let first = || rows.first().map(|row| format!("{}: {}", row.label, row.number));
    text.or_else(first).unwrap_or_default()
}

/// The numbers of a stage: first those that ever moved, in the order of the protocols; of the queue also what waits.
fn rows(asked: &Asked<'_>, stage: Stage, span: Span) -> Vec<Row> {
    let mut rows = Vec::new();
    for reading in asked.readings {
        for row in reading.page.rows.iter().filter(|row| row.stage == stage) {
            let sum = Sum { reading, keys: keys(reading, row.keys, row.lists) };
            let moved = sum.keys.iter().any(|key| {
                reading.counter(key).and_then(|counter| counter.value).is_some_and(|value| value.moved)
            });
            if let Some(number) = sum.grew(asked.history, span).filter(|_| moved) {
                // Of a second instance it is said whose number it is.
                let label = match reading.like {
                    None => row.label.to_owned(),
                    Some(like) => format!("{}: {}", like.instance, row.label),
                };
                rows.push(Row { label, number: words::count(number) });
            }
        }
        if stage == Stage::Own
            && reading.page.answers.is_empty()
            && reading.page.stage == Stage::Own
            && reading.whole.is_some()
        {
            let mut own = reading.sources().filter(|counter| super::asked::grows(counter));
            let first = own.find(|counter| counter.value.is_some_and(|value| value.moved));
            let number = first
                .and_then(|c| Sum { reading, keys: vec![c.key] }.grew(asked.history, span))
                .map(words::count);
            rows.extend(number.map(|number| Row { label: heard::name(reading), number }));
        }
    }
    rows.truncate(MOST);
    if stage == Stage::Queue
        && let Some(waiting) = asked.level(Role::Waiting)
    {
        rows.truncate(MOST - 2);
        rows.push(Row { label: "Waiting now".into(), number: words::count(waiting) });
        if let Some(oldest) = asked.level(Role::Oldest).filter(|_| waiting >= 1.0) {
            rows.push(Row { label: "The oldest".into(), number: words::duration(whole(oldest)) });
        }
    }
    rows
}

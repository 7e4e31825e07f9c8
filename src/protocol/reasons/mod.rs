//! Why deliveries did not succeed: each report of a deferral or a failure is put into one of a closed set of classes.
//!
//! | file | purpose |
//! |---|---|
//! | `classes` | the classes, each with its counter and with what a postmaster should do |
//! | `report` | takes a report apart: how far the session was, the other server's reply |
//! | `reply` | a reply's code, status and words, without what a client chose |
//! | `lines` | the rules of the binary, ready to be read fast |
//! | `table` | the rules of `reasons.toml`, or of the file that `reasons_file` names |
//! | `told` | which rule decides what is said of a line, for people |
//!
//! A success is never looked at: a 250 may quote anything.
mod classes;
mod lines;
mod reply;
mod report;
mod table;
mod told;

use std::sync::LazyLock;

use super::section::Unknown;
pub(super) use classes::COUNTERS;
pub use classes::{CLASSES, Outcome};
use report::Report;
pub use table::Table;
pub use told::{Rule, Told};

/// The table of the binary, and the same as `lines` reads it.
pub const SHIPPED: &str = include_str!("reasons.toml");
const LINES: &str = include_str!("reasons.lines");

/// The position of the last class in [`COUNTERS`], which is `other`, and of `expired` behind it.
const OTHER: usize = CLASSES.len() - 2;
const EXPIRED: usize = CLASSES.len() - 1;

/// The rules of the binary.
fn shipped() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| match lines::read(LINES) {
        Some(table) => table,
        None => unreachable!("the table of the binary, which the tests read"),
    });
    &TABLE
}

/// The reports that no rule knew.
pub(super) const UNKNOWN: Unknown = Unknown {
    key: "why_other",
    of: EXPIRED,
    way: "reasons why deliveries failed are not known to the rules: they are too old, or a large receiver has new texts; update maillogs, or add rules (reasons_file)",
};

/// Which rules decide.
#[derive(Clone, Copy, Debug, Default)]
pub enum Reasons {
    /// None: reasons are not counted, and there is no counter of them.
    Off,
    /// Those of the binary.
    #[default]
    Shipped,
    /// Those of the file that toaster.conf names.
    Of(&'static Table),
}

/// Why a delivery did not succeed: positions in [`COUNTERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// The class of the reason.
    pub(super) reason: usize,
    /// The message had been in the queue for too long.
    pub(super) expired: Option<usize>,
}

impl Why {
    /// The position of the class in [`CLASSES`].
    pub(super) fn class(self) -> usize {
        self.reason + 1
    }
}

impl Reasons {
    /// The version of the rules; 0: there are none.
    pub fn version(self) -> u32 {
        match self {
            Reasons::Off => 0,
            Reasons::Shipped => lines::version(LINES),
            Reasons::Of(table) => table.version,
        }
    }

    /// Why the delivery did not succeed of which `report` tells: what follows `delivery N: deferral: ` or `failure: `.
    /// `None`: nobody asks.
    pub(super) fn why(self, report: &[u8], outcome: Outcome) -> Option<Why> {
        let table = match self {
            Reasons::Off => return None,
            Reasons::Shipped => shipped(),
            Reasons::Of(table) => table,
        };
        let report = Report::of(without_queue(report));
        // `accepted`, by a rule that does not ask for the outcome, is no reason.
        let reason = table.decide(&report, outcome).and_then(|class| class.checked_sub(1)).unwrap_or(OTHER);
        Some(Why { reason, expired: report.expired.then_some(EXPIRED) })
    }
}

impl Reasons {
    /// What the rules say of the text of a line of qmail-send, and which of them decides. `None`: the text is no report of a
    /// delivery that did not succeed, or reasons are not counted.
    pub fn tell(self, text: &[u8]) -> Option<Told> {
        // Those of the binary with the lines they stand at, which to read takes longer than a query may take.
        static READ: LazyLock<Option<Table>> = LazyLock::new(|| Table::parse(SHIPPED).ok());
        let shipped = READ.as_ref()?;
        let table = match self {
            Reasons::Off => return None,
            Reasons::Shipped => shipped,
            Reasons::Of(table) => table,
        };
        let (outcome, report) = told::report_of(text)?;
        let report = Report::of(without_queue(report));
        Some(Told::of(table, shipped, &report, outcome))
    }
}

impl Reasons {
    /// What each class but the first one means, and what is to be done about it, in the order of [`CLASSES`].
    pub(super) fn words(self) -> Vec<(String, String)> {
        let own = match self {
            Reasons::Of(table) => table.notes.classes.as_slice(),
            Reasons::Off | Reasons::Shipped => &[],
        };
        // The help of a counter says both.
        let shipped = |class: usize| {
            let help = COUNTERS[class - 1].help;
            let (means, todo) = help.split_once("; ").unwrap_or((help, ""));
            (means.to_owned(), todo.to_owned())
        };
        let of = |class: usize| {
            let own = own.iter().find(|(of, ..)| *of == class);
            own.map_or_else(|| shipped(class), |(_, means, todo)| (means.clone(), todo.clone()))
        };
        (1..CLASSES.len()).map(of).collect()
    }
}

/// What a report of a delivery that did not succeed says, for people: the other server's reply, or else qmail's own words. Its
/// blanks are `_`, as they are logged.
pub(super) fn for_people(report: &[u8]) -> String {
    let Report { text, reply, .. } = Report::of(without_queue(report));
    reply::for_people(reply.unwrap_or_else(|| text.strip_suffix(b"/").unwrap_or(text)))
}

/// A text with blanks, with `mark` in the place of what a client chose: `"…"@…`, `<…>`, every word with `@`.
pub(super) fn without_clients_words(text: &str, mark: &str) -> String {
    reply::without_clients_words(text, Some(mark))
}

/// Without indimail's ` queueN` at the end of each line.
fn without_queue(report: &[u8]) -> &[u8] {
    let digits = report.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (text, number) = report.split_at(report.len() - digits);
    match text.strip_suffix(b" queue") {
        Some(text) if !number.is_empty() => text,
        _ => report,
    }
}

#[cfg(test)]
mod tests;

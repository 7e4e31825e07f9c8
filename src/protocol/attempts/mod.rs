//! How attempts to deliver ended today and yesterday: where they went, why they did not succeed, and what was said last.
//!
//! Place and reason are a small closed set each, so that no row of this table has a name that comes from a log. It is counted
//! where a line ends an attempt, by the time of that line; what ended before yesterday is in no table. Of each reason the last
//! text is kept as it was logged, and made fit to be shown only when the reading is over: there may be thousands of them.
//!
//! | file | purpose |
//! |---|---|
//! | `kept` | the table as a commit keeps it |
//! | `text` | what of a report may be shown, by the files below |
//! | `hide` | what is to be taken out, and what stands in its place |
//! | `encoded` | what stands for characters of addresses |
//! | `mailboxes` | addresses of mail and the recipient's name |
//! | `mark` | the number by which that name is found |
//! | `hosts` | IP addresses and names of hosts |
//! | `paths` | paths, and the queries of addresses of the web |
mod encoded;
mod hide;
mod hosts;
mod kept;
mod mailboxes;
mod mark;
mod paths;
mod text;

pub use hide::Hide;
pub(super) use kept::UNSEEN;
pub use kept::{Cell, Day, FROM_THE_BEGINNING, Kept, Text, whole_since};
pub use mark::{mark_in, mark_of};
pub use text::hidden;

use super::reasons::{CLASSES, Outcome};
use super::secrets;
use crate::calendar::day_of;
use crate::reading::attempts::Told;

/// What the table is made of, and where the same is counted: it stands on a protocol's card.
#[derive(Clone, Copy)]
pub struct Table {
    /// The keys of the places that attempts go to.
    pub places: &'static [&'static str],
    /// The position of the counter of the first class that is a reason.
    pub first: usize,
    /// The positions of the counters of all that succeeded, was put off, failed.
    pub outcomes: [usize; 3],
    /// What of a report may be shown.
    pub hide: &'static Hide,
    /// What people are told of places and classes: of all of them, in their order, but for the first class.
    pub told: Told,
}

/// A number that is shared by attempts of one outcome, place and class.
const OUTCOMES: usize = 2;

/// No more bytes of a report than this are read: the reply of another server may be as long as it likes.
const LONGEST: usize = 2048;

/// The table, while lines are read.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    table: Option<&'static Table>,
    /// Today, the day before, all that is older, and then days to come. Empty without a table.
    days: Vec<Count>,
    /// When tomorrow begins, unix seconds.
    tomorrow: i64,
    /// By class and outcome.
    texts: Vec<Last>,
    since: i64,
}

/// The local day that something is counted on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalDay {
    /// `YYYYMMDD`.
    pub date: u32,
    /// When it begins, unix seconds.
    pub begin: i64,
}

/// What one day has.
#[derive(Clone, Debug, Default)]
struct Count {
    day: LocalDay,
    /// Those that succeeded, by place.
    succeeded: [u64; MOST_PLACES],
    /// The others, by place, class and outcome; empty as long as there is none.
    numbers: Vec<u64>,
}

/// No table has more places.
const MOST_PLACES: usize = 32;

/// The position of the days before yesterday, of which nothing is kept.
const OLDER: usize = 2;

/// No more days to come are told apart. There are some where the clock was set back, or was ahead: their lines are counted as
/// those of today once it is that day. The first ones that are met are kept.
const MOST_TO_COME: usize = 4;

/// The last text of a class and an outcome.
#[derive(Clone, Debug, Default)]
enum Last {
    #[default]
    None,
    /// One of an earlier commit.
    Kept(Text),
    /// Where it is said in full, in a buffer that is used again and again.
    Read { nanos: i64, report: Vec<u8>, recipient: u32 },
}

impl Last {
    fn nanos(&self) -> i64 {
        match self {
            Last::None => i64::MIN,
            Last::Kept(text) => text.nanos,
            Last::Read { nanos, .. } => *nanos,
        }
    }
}

const NANO: i64 = 1_000_000_000;

/// An attempt that ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// Where it went: a position in [`Table::places`].
    pub(super) place: u8,
    /// To whom, as [`mark_of`] says it; 0: not known.
    pub(super) recipient: u32,
}

impl Attempts {
    /// Goes on from the last commit. `days`: today, and the day before.
    pub fn of(table: Option<&'static Table>, kept: &Kept, days: [LocalDay; 2]) -> Attempts {
        let Some(table) = table else { return Attempts::default() };
        let mut all = Attempts {
            table: Some(table),
            days: [days[0], days[1], LocalDay { date: 0, begin: i64::MIN }]
                .map(|day| Count { day, ..Count::default() })
                .into(),
            // No day has 36 hours, and none less than twelve.
            tomorrow: day_of(days[0].begin.saturating_add(36 * 3600)).1,
            texts: Vec::new(),
            since: kept.since,
        };
        for Day { date, cells } in &kept.days {
            let day = match days.iter().position(|day| *date == day.date) {
                Some(day) => day,
                // The clock was set back, or had been ahead.
                None if *date > days[0].date => all.slot_of_day_to_come(*date),
                None => OLDER,
            };
            if day == OLDER {
                continue;
            }
            for cell in cells {
                let (place, class) = (kept.place(table.places, cell.place), kept.class(cell.class));
                if class == 0 {
                    all.days[day].succeeded[place % MOST_PLACES] += cell.put_off;
                    continue;
                }
                for (failed, number) in [cell.put_off, cell.failed].into_iter().enumerate() {
                    if number > 0 {
                        *all.days[day].at(table, place, class, failed) += number;
                    }
                }
            }
        }
        // One of a clock that was ahead would be the last one for long.
        let shown = days[1].begin.saturating_mul(NANO)..(days[0].begin + 2 * 86_400).saturating_mul(NANO);
        // What was kept as it was logged is not told any more once that is not wanted.
        let may_be = |text: &&Text| shown.contains(&text.nanos) && (text.hidden || !table.hide.is_on);
        for text in kept.texts.iter().filter(may_be) {
            let class = kept.class(text.class);
            *all.text(class, text.failed) = Last::Kept(text.clone());
        }
        all
    }

    /// Is anything counted?
    #[inline]
    pub(super) fn are_counted(&self) -> bool {
        self.table.is_some()
    }

    /// From when on: it was nothing before.
    pub fn begin_at(&mut self, since: i64) {
        if self.since == 0 && self.table.is_some() {
            self.since = since;
        }
    }

    /// Takes into account that the last commit was made at `kept_at` by a clock that may have been ahead of `now`.
    pub fn was_kept_at(&mut self, kept_at: i64, now: i64) {
        self.since = whole_since(self.since, kept_at, now);
    }

    /// The position of a day to come.
    #[cold]
    fn slot_of_day_to_come(&mut self, date: u32) -> usize {
        if self.table.is_none() {
            return OLDER;
        }
        let first = OLDER + 1;
        if let Some(at) = self.days[first..].iter().position(|count| count.day.date == date) {
            return first + at;
        }
        if self.days.len() >= first + MOST_TO_COME {
            return OLDER;
        }
        let day = LocalDay { date, begin: i64::MAX };
        self.days.push(Count { day, ..Count::default() });
        self.days.len() - 1
    }

    fn text(&mut self, class: usize, failed: bool) -> &mut Last {
        if self.texts.is_empty() {
            self.texts.resize(CLASSES.len() * OUTCOMES, Last::None);
        }
        &mut self.texts[class * OUTCOMES + usize::from(failed)]
    }

    /// The day of a time (unix seconds), for the two functions below. Lines of one step have one.
    #[inline]
    pub(super) fn day_of(&mut self, secs: i64) -> usize {
        if secs >= self.tomorrow {
            return self.slot_of_day_to_come(day_of(secs).0);
        }
        self.days.iter().take(OLDER).position(|count| secs >= count.day.begin).unwrap_or(OLDER)
    }

    /// An attempt succeeded on a day.
    #[inline]
    pub(super) fn succeeded(&mut self, ended: Ended, day: usize) {
        if let Some(count) = self.days.get_mut(day) {
            count.succeeded[usize::from(ended.place) % MOST_PLACES] += 1;
        }
    }

    /// An attempt did not succeed, for a reason of this class (a position in [`CLASSES`]), on a day and at a time (unix
    /// nanoseconds). `report`: as it was logged.
    pub(super) fn not_succeeded(
        &mut self,
        ended: Ended,
        class: usize,
        outcome: Outcome,
        (day, nanos): (usize, i64),
        report: &[u8],
    ) {
        let Some(table) = self.table.filter(|_| day != OLDER) else { return };
        let Some(count) = self.days.get_mut(day) else { return };
        let failed = outcome == Outcome::Failure;
        *count.at(table, usize::from(ended.place), class, usize::from(failed)) += 1;
        let last = self.text(class, failed);
        if nanos >= last.nanos() {
            let mut room = match std::mem::take(last) {
                Last::Read { report, .. } => report,
                _ => Vec::new(),
            };
            room.clear();
            // Its end tells what is no part of the reply.
            let end = report.len().saturating_sub(LONGEST / 4);
            let (begin, end) = match report.get(..LONGEST) {
                Some(begin) => (begin, report.get(end.max(LONGEST)..).unwrap_or_default()),
                None => (report, &[][..]),
            };
            room.extend_from_slice(begin);
            room.extend_from_slice(end);
            *last = Last::Read { nanos, report: room, recipient: ended.recipient };
        }
    }

    /// A line that raised these counters came `times` times more. A delivery ends only once, so that where the others went is
    /// not known.
    pub fn repeated(&mut self, raised: &[(usize, i128)], times: u32, secs: i64) {
        let Some(table) = self.table else { return };
        let has = |counter: usize| raised.iter().any(|(raised, _)| *raised == counter);
        let Some(outcome) = table.outcomes.iter().position(|counter| has(*counter)) else { return };
        let class = match outcome {
            0 => Some(0),
            _ => (1..CLASSES.len()).find(|class| has(table.first + class - 1)),
        };
        let unseen = table.places.iter().position(|place| *place == UNSEEN);
        let (Some(class), Some(place)) = (class, unseen) else { return };
        let day = self.day_of(secs);
        let Some(day) = self.days.get_mut(day) else { return };
        match class {
            0 => day.succeeded[place % MOST_PLACES] += u64::from(times),
            _ => *day.at(table, place, class, outcome.saturating_sub(1)) += u64::from(times),
        }
    }

    /// For the next commit.
    pub fn finish(self) -> Kept {
        let Some(table) = self.table else { return Kept::default() };
        let names = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        let texts = self.texts.into_iter().enumerate().filter_map(|(at, last)| {
            let (class, failed) = (u8::try_from(at / OUTCOMES).ok()?, at % OUTCOMES == 1);
            Some(match last {
                Last::None => return None,
                Last::Kept(text) => Text { class, failed, ..text },
                Last::Read { nanos, report, recipient } => Text {
                    class,
                    failed,
                    nanos,
                    hidden: table.hide.is_on,
                    // No password is kept where others may read it, whatever toaster.conf says of addresses.
                    text: hidden(&secrets::without(&report), recipient, table.hide),
                },
            })
        });
        let mut days = self.days;
        days.swap_remove(OLDER);
        days.sort_by_key(|count| count.day.date);
        let days = days.into_iter().filter_map(Count::finish).collect();
        Kept {
            since: self.since,
            places: names(table.places),
            classes: names(CLASSES),
            texts: texts.collect(),
            days,
        }
    }
}

impl Count {
    #[inline]
    fn at(&mut self, table: &Table, place: usize, class: usize, outcome: usize) -> &mut u64 {
        if self.numbers.is_empty() {
            self.numbers.resize(table.places.len() * CLASSES.len() * OUTCOMES, 0);
        }
        &mut self.numbers[(place * CLASSES.len() + class) * OUTCOMES + outcome]
    }

    fn finish(self) -> Option<Day> {
        let of = |place: usize, class: usize| match class {
            0 => [self.succeeded[place], 0],
            _ => {
                let at = (place * CLASSES.len() + class) * OUTCOMES;
                [at, at + 1].map(|at| self.numbers.get(at).copied().unwrap_or_default())
            }
        };
        let all = (0..MOST_PLACES).flat_map(|place| (0..CLASSES.len()).map(move |class| (place, class)));
        let cells = all.filter_map(|(place, class)| {
            let [put_off, failed] = of(place, class);
            let (place, class) = (u8::try_from(place).ok()?, u8::try_from(class).ok()?);
            (put_off + failed > 0).then_some(Cell { place, class, put_off, failed })
        });
        let cells: Vec<Cell> = cells.collect();
        (!cells.is_empty()).then_some(Day { date: self.day.date, cells })
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("places", &self.places).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

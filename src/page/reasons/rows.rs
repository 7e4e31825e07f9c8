//! The rows of the tables.
use serde::Serialize;

use super::amounts::{self, Amounts, Hours};
use super::shown::{Shown, Which};
use super::words::{inner, is_above, number, per_cent, range, share};
use crate::page::local;
use crate::reading::attempts::{Cell, Class, Sum, Words};

/// Of this number of places is told that they cause a reason.
const CAUSES: usize = 3;
/// Steps of colour above nothing.
const STEPS: u8 = 4;
/// A smaller share is not told.
const FEW: f64 = 0.005;

/// A place that attempts went to.
#[derive(Debug, Serialize)]
pub struct Provider {
    /// Its name.
    pub label: String,
    /// What belongs to it.
    pub has: String,
    /// All attempts.
    pub attempts: String,
    /// Those that were taken, and their share.
    pub delivered: Amount,
    /// Those that were put off.
    pub put_off: Amount,
    /// Their share on other days.
    pub usual: Usual,
    /// Those that failed.
    pub failed: Amount,
    /// When it put off.
    pub hours: Vec<Hour>,
    /// The same in words.
    pub hours_words: String,
    /// The reason of most of it; empty: there is none.
    pub because: String,
}

/// A number and its share.
#[derive(Debug, Serialize)]
pub struct Amount {
    /// The number.
    pub number: String,
    /// Of the row's attempts.
    pub share: String,
}

/// A share on other days.
#[derive(Debug, Default, Serialize)]
pub struct Usual {
    /// `4–41 %`; empty: it is not known.
    pub text: String,
    /// Is the day's above it?
    pub is_above: bool,
}

/// An hour of the day.
#[derive(Debug, Serialize)]
pub struct Hour {
    /// Where it begins in the row, in hours.
    pub at: usize,
    /// 0: nothing; 1 to 4 in steps of the row's highest. `None`: it is not known.
    pub step: Option<u8>,
}

/// A reason.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// Its name.
    pub label: String,
    /// What it means.
    pub means: String,
    /// Its attempts of this outcome.
    pub attempts: String,
    /// Their share of all of this outcome.
    pub share: String,
    /// The length of its bar, in per cent of the longest.
    pub bar: f64,
    /// Its share of all attempts that were not taken; empty: it is told where most of its attempts are, under the other outcome.
    pub of_all: String,
    /// The same on other days.
    pub usual: Usual,
    /// When it was told.
    pub hours: Vec<Hour>,
    /// The same in words.
    pub hours_words: String,
    /// What to do.
    pub todo: String,
    /// Who causes it: places with their shares.
    pub causes: String,
    /// What was said last; empty: nothing is kept.
    pub text: String,
    /// When that was.
    pub said: String,
}

/// What rows are made of.
pub(super) struct Rows<'a> {
    pub(super) shown: &'a Shown<'a>,
    pub(super) words: &'a Words,
    pub(super) amounts: &'a Amounts<'a>,
}

impl Rows<'_> {
    /// Those of places, the one that put off most first.
    pub(super) fn providers(&self) -> Vec<Provider> {
        let day = self.shown.day;
        let mut rows: Vec<((u64, u64, u64), Provider)> = Vec::new();
        for (at, place) in self.words.places.iter().enumerate() {
            let (put_off, failed) = day.sum(|cell| cell.place == at);
            let delivered = day.delivered(at);
            let all = delivered + put_off + failed;
            if all == 0 {
                continue;
            }
            let part =
                |number_of: u64| Amount { number: number(number_of), share: per_cent(share(number_of, all)) };
            let (usual, hours, hours_words) = match &place.series {
                None => (Usual::default(), Vec::new(), String::new()),
                Some(series) => {
                    let usual = self.amounts.usual(&series.put_off, &amounts::all(series));
                    let usual = self.usual(usual, share(put_off, all));
                    let hours = self.amounts.by_hour(&series.put_off);
                    let words = in_words(&hours, "put off by hour");
                    (usual, self.hours(&hours), words)
                }
            };
            rows.push((
                (put_off, failed, all),
                Provider {
                    label: place.label.clone(),
                    has: place.has.clone(),
                    attempts: number(all),
                    delivered: part(delivered),
                    put_off: part(put_off),
                    usual,
                    failed: part(failed),
                    hours,
                    hours_words,
                    because: self.because(at),
                },
            ));
        }
        rows.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// The class of most of what a place put off; where that is nothing, of what failed there.
    fn because(&self, place: usize) -> String {
        let cells = || self.shown.day.cells.iter().filter(|cell| cell.place == place);
        let of = |number: fn(&Cell) -> u64| {
            cells().max_by_key(|cell| number(cell)).filter(|cell| number(cell) > 0)
        };
        let most = of(|cell| cell.put_off).or_else(|| of(|cell| cell.failed));
        let class = most.and_then(|cell| self.words.classes.get(cell.class));
        class.map(|class| class.label.to_owned()).unwrap_or_default()
    }

    /// Those of reasons, of one outcome, the most frequent first.
    pub(super) fn reasons(&self, failed: bool) -> Vec<Reason> {
        let of = |(put_off, failed_for_good): (u64, u64)| if failed { failed_for_good } else { put_off };
        let day = self.shown.day;
        let classes = self.words.classes.iter().enumerate();
        let numbers = classes.map(|(at, class)| (of(day.sum(|cell| cell.class == at)), at, class));
        let mut numbers: Vec<_> = numbers.filter(|(number, ..)| *number > 0).collect();
        numbers.sort_by_key(|(number, at, _)| (std::cmp::Reverse(*number), *at));
        let most = numbers.first().map_or(0, |(number, ..)| *number);
        let total = of(day.sum(|_| true));
        let all = &self.words.all;
        let not_taken: u64 = {
            let (put_off, failed) = day.sum(|_| true);
            put_off + failed
        };
        let row = |(number_of, at, class): (u64, usize, &Class)| {
            let counter = Sum::of(class.counter);
            let hours = self.amounts.by_hour(&counter);
            let both = day.sum(|cell| cell.class == at);
            let of_all = share(both.0 + both.1, not_taken);
            let is_told = 2 * number_of >= both.0 + both.1;
            let usual = self.usual(self.amounts.usual(&counter, &[&all.put_off, &all.failed]), of_all);
            let text = self.shown.texts.iter().find(|text| text.class == at && text.failed == failed);
            Reason {
                label: class.label.to_owned(),
                means: class.means.clone(),
                attempts: number(number_of),
                share: per_cent(share(number_of, total)),
                bar: (share(number_of, most) * 1000.0).round() / 10.0,
                of_all: if is_told { per_cent(of_all) } else { String::new() },
                usual: if is_told { usual } else { Usual::default() },
                hours_words: in_words(&hours, "put off or failed by hour"),
                hours: self.hours(&hours),
                todo: class.todo.clone(),
                causes: self.causes(at, failed),
                text: text.map(|text| text.text.clone()).unwrap_or_default(),
                said: text.map(|text| self.said(text.time)).unwrap_or_default(),
            }
        };
        numbers.into_iter().map(row).collect()
    }

    /// When a text was logged: the clock, and the day where it is the other one.
    fn said(&self, time: i64) -> String {
        let is_before = time < self.shown.day.begin;
        let day = match self.shown.which {
            Which::Today if is_before => "yesterday, ",
            Which::Yesterday if local::midnight(time) > self.shown.day.begin => "today, ",
            _ => "",
        };
        format!("{day}{}", local::clock(time))
    }

    /// The places that cause a reason, with their shares of it.
    fn causes(&self, class: usize, failed: bool) -> String {
        let of = |cell: &&Cell| if failed { cell.failed } else { cell.put_off };
        let mut cells: Vec<_> = self.shown.day.cells.iter().filter(|cell| cell.class == class).collect();
        cells.sort_by_key(|cell| std::cmp::Reverse(of(cell)));
        let all: u64 = cells.iter().map(of).sum();
        let told = cells.iter().filter(|cell| share(of(cell), all) >= FEW && of(cell) > 0).take(CAUSES);
        let cause = |cell: &&Cell| {
            let name = self.words.places.get(cell.place).map_or("", |place| &place.name);
            format!("{name} {}", per_cent(share(of(cell), all)))
        };
        told.map(cause).collect::<Vec<_>>().join(", ")
    }

    fn usual(&self, known: Option<(f64, f64, usize)>, now: f64) -> Usual {
        match known.filter(|_| self.shown.is_whole()) {
            None => Usual::default(),
            Some((low, high, _)) => Usual { text: range(low, high), is_above: is_above(now, high) },
        }
    }

    fn hours(&self, hours: &[Hours]) -> Vec<Hour> {
        let highest = hours.iter().filter_map(|hour| hour.value).fold(0.0, f64::max);
        let step = |value: f64| match value {
            v if v <= 0.0 => 0,
            v => (1..STEPS).find(|step| v * f64::from(STEPS) <= highest * f64::from(*step)).unwrap_or(STEPS),
        };
        let hours = hours.iter().take(self.amounts.hours()).enumerate();
        hours.map(|(at, hour)| Hour { at, step: hour.value.map(step) }).collect()
    }
}

/// What a row of hours shows, for who cannot see it.
fn in_words(hours: &[Hours], what: &str) -> String {
    let known = hours.iter().filter_map(|hour| Some((hour, hour.value?)));
    let most = known.reduce(|best, next| if next.1 > best.1 { next } else { best });
    match most {
        None => format!("{what}: not known"),
        Some((_, most)) if most <= 0.0 => format!("{what}: none"),
        Some((hour, most)) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of an hour")]
            let most = number(most.round() as u64);
            inner(&format!("{what}; most at {}, {most}", local::clock(hour.begin)))
        }
    }
}

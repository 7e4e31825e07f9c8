//! What counters gained in any stretch of the last two months, and what levels were: the rows of the RRDs, each file opened
//! once, and behind them what waits for it.
//!
//! The finest rows that are left of a time are taken. Of a row, or of a bin, of which only a part lies in the stretch, that part
//! is counted: nothing else is known of where in the row its events were. What is not known of all of a stretch is `None`.
mod file;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::local::HALF_HOUR;
use crate::chart::files::Files;
use crate::reading::{Counter, Measure, Reading};
use file::{Column, File, Row};

/// So far back rows are read (seconds): for so long an RRD keeps rows of half an hour.
pub const KEPT: i64 = 62 * 86_400;

/// The server was off for the longest stretch in which nothing at all was counted, if it lasted longer than this (seconds), and more
/// than [`FAR`] times as long as the second longest. Its days are not compared with others.
const OFF: i64 = 8 * 86_400;
/// A server that sends mail every two weeks has several stretches of two weeks without anything: it was not off in the longest of them.
const FAR: i64 = 4;

/// The last two months of all protocols.
#[derive(Debug)]
pub struct History<'r> {
    parts: Vec<Part<'r>>,
    files: Vec<File>,
}

/// What is known of one reading.
#[derive(Debug)]
struct Part<'r> {
    reading: &'r Reading,
    /// Its file among those that could be read.
    file: Option<usize>,
    /// Until when rows of the file count, and from when on what waits does.
    pushed: i64,
    /// From when on nothing but what waits means that nothing happened; `i64::MAX`: nothing is known yet.
    known: i64,
    /// When the server was off: of that time nothing is known.
    off: Option<(i64, i64)>,
}

/// All of a row or a bin.
struct Whole {
    amount: f64,
    /// Does it tell that the time is known? A bin does not: it waits in a time of which that is told already.
    is_known: bool,
}

/// What counters gained in half-hours that follow each other.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// When the first one begins, Unix seconds.
    pub from: i64,
    /// `None`: of a part of it nothing is known.
    pub values: Vec<Option<f64>>,
}

impl Series {
    /// That of the half-hour that begins at `begin`.
    pub fn at(&self, begin: i64) -> Option<f64> {
        let place = usize::try_from((begin - self.from).div_euclid(HALF_HOUR)).ok()?;
        self.values.get(place).copied().flatten()
    }
}

/// A part of a stretch, and how much of a counter is in it.
struct Piece {
    begin: i64,
    end: i64,
    amount: f64,
}

impl<'r> History<'r> {
    /// Reads the files of all `readings` at `now` (Unix seconds). What could not be read is told, one line a file, and is not
    /// known.
    pub(crate) fn read(readings: &'r [Reading], now: i64, files: &Files) -> (Self, Vec<String>) {
        let mut history = Self { parts: Vec::new(), files: Vec::new() };
        let mut problems = Vec::new();
        let mut opened: Vec<(&Path, Option<usize>)> = Vec::new();
        for reading in readings {
            let path = reading.rrd.as_path();
            let file = match opened.iter().find(|(known, _)| *known == path) {
                Some((_, file)) => *file,
                None => {
                    let file = File::read(path, now - KEPT, files).unwrap_or_else(|problem| {
                        problems.push(problem);
                        None
                    });
                    let at = file.map(|file| {
                        history.files.push(file);
                        history.files.len() - 1
                    });
                    opened.push((path, at));
                    at
                }
            };
            history.parts.push(Part::of(reading, file.map(|at| (at, &history.files[at]))));
        }
        if let Some(off) = history.off() {
            history.files.iter_mut().for_each(|file| file.forget(off));
            history.parts.iter_mut().for_each(|part| part.off = Some(off));
        }
        (history, problems)
    }

    /// When the server was off, `(begin, end)`.
    fn off(&self) -> Option<(i64, i64)> {
        let mut moved: Vec<(i64, i64)> = self.files.iter().flat_map(File::moved).collect();
        for part in &self.parts {
            moved.extend(part.reading.waiting.iter().map(|(begin, _)| (*begin, begin + part.step())));
        }
        moved.sort_unstable();
        // Rows before the first movement are known to be zero: that stretch counts, too.
        let mut until = self.files.iter().filter_map(File::known_since).min()?;
        let mut silent = Vec::new();
        for (begin, end) in moved {
            if begin > until {
                silent.push((begin - until, (until, begin)));
            }
            until = until.max(end);
        }
        silent.sort_unstable();
        let (longest, off) = silent.pop()?;
        let next = silent.last().map_or(0, |(seconds, _)| *seconds);
        // The last hour of the stretch stays known. Without it the page could not tell, in the first hour after the server is back, how
        // much came in the last hour.
        (longest > OFF && longest > FAR * next).then_some((off.0, off.1 - 3_600))
    }

    /// By how much the counters `keys` of `protocol` (or of a section) grew together from `from` to `to`, Unix seconds.
    /// `None`: of a part of the stretch, or of one of the counters, it is not known.
    pub fn grew<'k>(
        &self,
        protocol: &str,
        keys: impl IntoIterator<Item = &'k str>,
        from: i64,
        to: i64,
    ) -> Option<f64> {
        let part = self.part(protocol)?;
        keys.into_iter().map(|key| part.grew(self.file(part), part.counter(key)?, from, to)).sum()
    }

    /// As [`Self::grew`], of as much of the stretch as is known: at least so much it was.
    pub fn grew_at_least<'k>(
        &self,
        protocol: &str,
        keys: impl IntoIterator<Item = &'k str>,
        from: i64,
        to: i64,
    ) -> f64 {
        let Some(part) = self.part(protocol) else { return 0.0 };
        let counters = keys.into_iter().filter_map(|key| part.counter(key));
        let pieces = counters.flat_map(|counter| part.pieces(self.file(part), counter, from, to));
        pieces.map(|piece| piece.amount).sum()
    }

    /// What the counters `keys` of `protocol` gained together in each half-hour from `from` to `to`. Of the last one it is what is
    /// known up to the last reading.
    pub fn series<'k>(
        &self,
        protocol: &str,
        keys: impl IntoIterator<Item = &'k str>,
        from: i64,
        to: i64,
    ) -> Series {
        let count = usize::try_from((to - from) / HALF_HOUR).unwrap_or_default();
        let mut series = Series { from, values: vec![None; count] };
        let Some(part) = self.part(protocol) else { return series };
        let mut sums = vec![Some(0.0); count];
        for key in keys {
            let Some(counter) = part.counter(key) else { return series };
            let (mut amounts, mut known) = (vec![0.0; count], vec![0; count]);
            part.visit(self.file(part), counter, from, to, &mut |stretch, piece| {
                let slots =
                    |time: i64| usize::try_from((time - from).div_euclid(HALF_HOUR)).unwrap_or_default();
                for slot in slots(stretch.0.max(from))..=slots((stretch.1 - 1).clamp(from, to - 1)) {
                    let begin = from + i64::try_from(slot).unwrap_or_default() * HALF_HOUR;
                    let common = stretch.1.min(begin + HALF_HOUR) - stretch.0.max(begin);
                    if let (Some(amount), Some(seconds)) = (amounts.get_mut(slot), known.get_mut(slot))
                        && common > 0
                    {
                        *amount += piece.amount * part_of(stretch, (begin, begin + HALF_HOUR));
                        *seconds += if piece.is_known { common } else { 0 };
                    }
                }
            });
            for (slot, sum) in sums.iter_mut().enumerate() {
                let begin = from + i64::try_from(slot).unwrap_or_default() * HALF_HOUR;
                // Nobody has looked later.
                let wanted = (begin + HALF_HOUR).min(part.reading.seen) - begin;
                let is_known = wanted > 0 && known[slot] >= wanted;
                *sum = sum.filter(|_| is_known).map(|sum| sum + amounts[slot]);
            }
        }
        series.values = sums;
        series
    }

    /// What the level `key` of `protocol` was at `at`. `None`: it is not known.
    pub fn level(&self, protocol: &str, key: &str, at: i64) -> Option<f64> {
        let part = self.part(protocol)?;
        let (at_position, counter) = part.counter(key)?;
        if at <= part.pushed {
            return self.file(part)?.level(counter, at);
        }
        part.waiting_level(self.file(part), at_position, counter, at)
    }

    /// The mean of the level `key` of `protocol` from `from` to `to`, of as much of it as is known.
    pub fn level_mean(&self, protocol: &str, key: &str, from: i64, to: i64) -> Option<f64> {
        let mut sum = (0.0, 0.0);
        for (begin, end, value) in self.levels(protocol, key, from, to) {
            sum = (sum.0 + value * float(end - begin), sum.1 + float(end - begin));
        }
        (sum.1 > 0.0).then(|| sum.0 / sum.1)
    }

    /// The highest value of the level `key` of `protocol` from `from` to `to`, and when it was first that high. Rows of the
    /// last two days are those of a step; of earlier ones only means are left.
    pub fn level_peak(&self, protocol: &str, key: &str, from: i64, to: i64) -> Option<(f64, i64)> {
        let all = self.levels(protocol, key, from, to).into_iter();
        all.map(|(begin, _, value)| (value, begin))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
    }

    /// Since when the counters of `protocol` are known without a gap that was seen at its beginning, Unix seconds. `None`:
    /// nothing of it is known yet.
    pub fn since(&self, protocol: &str) -> Option<i64> {
        let part = self.part(protocol)?;
        let in_file = self.file(part).and_then(|file| {
            let first = file.rows().find(|row| file.best().of(*row).is_some())?;
            Some(part.known_from(first)).filter(|since| *since < part.pushed)
        });
        in_file.or_else(|| (part.known < i64::MAX).then_some(part.known))
    }

    /// Until when the sources of `protocol` were read to their end, Unix seconds; 0: never.
    pub fn seen(&self, protocol: &str) -> i64 {
        self.part(protocol).map_or(0, |part| part.reading.seen)
    }

    /// The newest step in which a counter of `protocol` grew, `(begin, end)`. `None`: none is known in which one did.
    pub fn last_growth(&self, protocol: &str) -> Option<(i64, i64)> {
        let part = self.part(protocol)?;
        let keys: Vec<&str> = part.reading.counters.iter().map(|counter| counter.key).collect();
        self.last_growth_of(protocol, &keys)
    }

    /// As [`Self::last_growth`], of the counters `keys` alone.
    pub fn last_growth_of(&self, protocol: &str, keys: &[&str]) -> Option<(i64, i64)> {
        let part = self.part(protocol)?;
        let grows = |counter: &&Counter| {
            keys.contains(&counter.key) && !counter.ds.is_empty() && counter.measure != Measure::Level
        };
        let all = part.reading.counters.iter().enumerate();
        let grow: Vec<usize> = all.filter(|(_, counter)| grows(counter)).map(|(at, _)| at).collect();
        let moved = |values: &[i128]| grow.iter().any(|at| values.get(*at).is_some_and(|value| *value != 0));
        if let Some((begin, _)) = part.reading.waiting.iter().rev().find(|(_, values)| moved(values)) {
            return Some((*begin, begin + part.step()));
        }
        let file = self.file(part)?;
        let counters = || part.reading.sources().filter(grows);
        let columns: Vec<Column<'_>> = counters().filter_map(|counter| file.column(counter, true)).collect();
        let mut rows = file.rows().rev().filter(|row| row.end <= part.pushed);
        let grew = |row: &Row| columns.iter().any(|column| column.of(*row).is_some_and(|rate| rate > 0.0));
        rows.find(grew).map(|row| (row.begin, row.end))
    }

    fn part(&self, protocol: &str) -> Option<&Part<'r>> {
        self.parts.iter().find(|part| part.reading.protocol == protocol)
    }

    fn file(&self, part: &Part<'_>) -> Option<&File> {
        part.file.and_then(|at| self.files.get(at))
    }

    /// The stretches of a level, `(begin, end, value)`.
    fn levels(&self, protocol: &str, key: &str, from: i64, to: i64) -> Vec<(i64, i64, f64)> {
        let Some(part) = self.part(protocol) else { return Vec::new() };
        let Some((at, counter)) = part.counter(key) else { return Vec::new() };
        let file = self.file(part);
        let mut all = Vec::new();
        if let Some(file) = file {
            let column = file.column(counter, part.reading.measured);
            for row in file.between(from, to.min(part.pushed)) {
                if let Some(value) = column.and_then(|column| column.of(row)) {
                    all.push((row.begin.max(from), row.end.min(to).min(part.pushed), value));
                }
            }
        }
        let step = part.step();
        let to = to.min(part.reading.seen);
        let mut begin = from.max(part.pushed);
        while begin < to {
            let end = ((begin.div_euclid(step) + 1) * step).min(to);
            if let Some(value) = part.waiting_level(file, at, counter, end) {
                all.push((begin, end, value));
            }
            begin = end;
        }
        all
    }
}

impl<'r> Part<'r> {
    fn of(reading: &'r Reading, file: Option<(usize, &File)>) -> Self {
        let end = file.map_or(0, |(_, file)| file.end);
        let pushed = if reading.pushed > 0 { reading.pushed } else { end };
        let first = || reading.waiting.first().map(|(begin, _)| *begin);
        let known = match pushed {
            1.. => Some(pushed.max(reading.since)),
            _ => Some(reading.since).filter(|since| *since > 0).or_else(first),
        };
        Self { reading, file: file.map(|(at, _)| at), pushed, known: known.unwrap_or(i64::MAX), off: None }
    }

    fn step(&self) -> i64 {
        i64::from(self.reading.step.max(1))
    }

    fn counter(&self, key: &str) -> Option<(usize, &'r Counter)> {
        let found = self.reading.counters.iter().position(|counter| counter.key == key)?;
        self.reading.counters.get(found).map(|counter| (found, counter))
    }

    /// From when on a row is known.
    fn known_from(&self, row: Row) -> i64 {
        let since = self.reading.since;
        if (row.begin..row.end).contains(&since) { since } else { row.begin }
    }

    fn grew(&self, file: Option<&File>, counter: (usize, &Counter), from: i64, to: i64) -> Option<f64> {
        if counter.1.ds.is_empty() || counter.1.measure == Measure::Level {
            return None;
        }
        let (mut until, mut sum) = (from, 0.0);
        for piece in self.pieces(file, counter, from, to) {
            sum += piece.amount;
            if piece.begin > until {
                return None;
            }
            until = until.max(piece.end);
        }
        (until >= to).then_some(sum)
    }

    /// The known parts of the stretch, and what each has of it. Those that tell what is known come in the order of time.
    fn pieces(&self, file: Option<&File>, counter: (usize, &Counter), from: i64, to: i64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.visit(file, counter, from, to, &mut |(begin, end), whole| {
            let amount = whole.amount * part_of((begin, end), (from, to));
            let (begin, end) = if whole.is_known { (begin.max(from), end.min(to)) } else { (from, from) };
            pieces.push(Piece { begin, end, amount });
        });
        pieces
    }

    /// Gives each row and bin of which a part lies in the stretch to `take`, whole: from when to when it is, and what it has.
    fn visit(
        &self,
        file: Option<&File>,
        (at, counter): (usize, &Counter),
        from: i64,
        to: i64,
        take: &mut dyn FnMut((i64, i64), Whole),
    ) {
        if counter.ds.is_empty() || from >= to {
            return;
        }
        if let Some(file) = file {
            let column = file.column(counter, self.reading.measured);
            for row in file.between(from, to.min(self.pushed)) {
                let Some(rate) = column.and_then(|column| column.of(row)) else { continue };
                let amount = whole(counter.measure, rate * float(row.end - row.begin));
                take((self.known_from(row), row.end), Whole { amount, is_known: true });
            }
        }
        let (begin, end) = (from.max(self.known), to.min(self.reading.seen));
        let off = self.off.unwrap_or((end, end));
        for (begin, end) in [(begin, end.min(off.0)), (begin.max(off.1), end)] {
            if begin < end {
                take((begin, end), Whole { amount: 0.0, is_known: true });
            }
        }
        let first = self.reading.waiting.partition_point(|(there, _)| there + self.step() <= from);
        for (there, values) in self.reading.waiting.iter().skip(first).take_while(|(there, _)| *there < to) {
            // Of the minute that is not over everything was before the last reading.
            let over = (there + self.step()).min(self.reading.seen.max(there + 1));
            let amount = values.get(at).map_or(0.0, |value| counter.measure.float(*value));
            take((*there, over), Whole { amount, is_known: false });
        }
    }

    /// What waits of a level at `at`, which lies behind what was pushed. What is measured holds until it is measured again.
    fn waiting_level(&self, file: Option<&File>, position: usize, counter: &Counter, at: i64) -> Option<f64> {
        if at > self.reading.seen || at <= self.known {
            return None;
        }
        let value =
            |(_, values): &(i64, Vec<i128>)| values.get(position).map(|value| counter.measure.float(*value));
        let next = self.reading.waiting.partition_point(|(there, _)| there + self.step() < at);
        let found = self.reading.waiting.get(next);
        if !self.reading.measured {
            return found.filter(|(there, _)| *there < at).and_then(value);
        }
        let before = next.checked_sub(1).and_then(|before| self.reading.waiting.get(before));
        let in_file = || file.and_then(|file| file.level(counter, self.pushed));
        found.and_then(value).or_else(|| before.and_then(value)).or_else(in_file)
    }
}

/// Which part of the first stretch lies in the second.
fn part_of((begin, end): (i64, i64), (from, to): (i64, i64)) -> f64 {
    let common = end.min(to) - begin.max(from);
    if common <= 0 { 0.0 } else { float(common) / float(end - begin) }
}

/// The amount that a mean was made of: whole, where only whole ones are counted.
fn whole(measure: Measure, amount: f64) -> f64 {
    if measure == Measure::Count { amount.round() } else { amount }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of some years are far below 2^52")]
fn float(seconds: i64) -> f64 {
    seconds as f64
}

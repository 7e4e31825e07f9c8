//! From which time the lines of a file are.
use std::collections::{HashSet, VecDeque};
use std::io;

use super::by_time::AHEAD;
use super::compressed::Content;
use super::content::Open;
use super::cut_lines::rest_before_a_line;
use super::log::Clock;
use crate::error::{At, Result};
use crate::line::Parser;
use crate::source::lines::{LINE_LIMIT, RawLine, walk_with};

/// When the first and the last lines of a file were logged, in unix seconds.
pub(super) type Times = (i64, i64);

/// Where several hosts write to one log, its lines may be out of order by up to this number of seconds.
pub(super) const UNORDERED: i64 = 10;

/// The time of either end is that of the line in the middle of this many lines, at most a third of all. One host's clock
/// may be wrong.
const LINES: usize = 9;
/// How many bytes of either end are read of a file that is not packed.
pub(super) const PART: u64 = 1 << 15;

/// Of which time the lines of a file are, in unix seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamps {
    pub times: Times,
    /// The first of all stamps.
    pub first: i64,
    /// The newest one.
    pub newest: i64,
}

impl Open {
    /// The time of its beginning and of its end. `None`: none of its lines has a time.
    pub(super) fn times(&self, clock: Clock) -> Result<Option<Times>> {
        Ok(self.stamps(clock)?.map(|stamps| stamps.times))
    }

    /// The same, and what may be of a host whose clock is wrong.
    pub(super) fn stamps(&self, clock: Clock) -> Result<Option<Stamps>> {
        let written = self.mtime / 1_000_000_000;
        let mut parser = Parser::new(clock.tai_offset, written);
        let ahead = clock.now.max(written) + AHEAD;
        let (mut first, mut last, mut lines) = (Vec::new(), VecDeque::new(), 0usize);
        let mut newest = i64::MIN;
        let mut last_line = Vec::new();
        let mut meet = |text: &[u8]| {
            last_line.clear();
            last_line.extend_from_slice(&text[..text.len().min(LINE_LIMIT)]);
            let Some(stamp) = parser.parse(text).time.filter(|stamp| stamp.secs <= ahead) else { return };
            lines += 1;
            newest = newest.max(stamp.secs);
            if first.len() < LINES {
                first.push(stamp.secs);
            }
            last.push_back(stamp.secs);
            if last.len() > LINES {
                last.pop_front();
            }
        };
        let length = self.length()?;
        let parts = if self.compression.is_packed() || length <= 2 * PART {
            [(0, length), (0, 0)]
        } else {
            [(0, PART), (length - PART, length)]
        };
        for (from, to) in parts.into_iter().filter(|(from, to)| from < to) {
            // The first line of the second part is half a line.
            self.walk_from(from, to, |line| {
                if from == 0 || line.start > from {
                    meet(line.text);
                }
            })
            .at("read", &self.path)?;
        }
        // A loss of power may have left the beginning of a line, and the next one was written behind it.
        if lines > 0
            && let Some(length) = rest_before_a_line(&last_line, &mut parser)
            && let Some(stamp) = parser.parse(&last_line[length..]).time.filter(|stamp| stamp.secs <= ahead)
        {
            newest = newest.max(stamp.secs);
        }
        let very_first = first.first().copied();
        let whole = first.first().zip(last.back());
        let is_short = whole.is_none_or(|(first, last)| (last - first).abs() <= UNORDERED);
        let wanted = if is_short { 1 } else { (lines / 3).clamp(1, LINES) };
        // Of an even number the outer one of the two in the middle.
        let middle = |mut times: Vec<i64>, is_end: bool| {
            times.sort_unstable();
            times.get((times.len() - usize::from(!is_end && !times.is_empty())) / 2).copied()
        };
        let last = last.into_iter().rev().take(wanted).collect();
        first.truncate(wanted);
        let times = middle(first, false).zip(middle(last, true));
        Ok(times.zip(very_first).map(|(times, first)| Stamps { times, first, newest }))
    }

    /// Its last lines, a few of them, as they stand there.
    pub(super) fn last_lines(&self) -> Result<HashSet<Vec<u8>>> {
        let (packed, length) = (self.compression.is_packed(), self.length()?);
        let from = if packed { 0 } else { length.saturating_sub(PART) };
        let mut last = VecDeque::new();
        self.walk_from(from, length, |line| {
            if line.terminated && (from == 0 || line.start > from) {
                last.push_back(line.text.to_vec());
                if last.len() > LINES {
                    last.pop_front();
                }
            }
        })
        .at("read", &self.path)?;
        Ok(last.into_iter().collect())
    }

    /// Takes the lines out of `lines` that stand in it.
    pub(super) fn strike(&self, lines: &mut HashSet<Vec<u8>>) -> Result<()> {
        let strike = |line: RawLine<'_>| {
            lines.remove(line.text);
        };
        self.walk_from(0, self.length()?, strike).at("read", &self.path)?;
        Ok(())
    }

    /// Do all of its last lines stand in `whole`?
    pub(super) fn ends_within(&self, whole: &Open) -> Result<bool> {
        let mut last_lines = self.last_lines()?;
        whole.strike(&mut last_lines)?;
        Ok(last_lines.is_empty())
    }

    /// Do the lines that it begins with, a few of them and none later than `time`, stand in `old` as they are?
    pub(super) fn begins_within(&self, old: &Open, time: i64, clock: Clock) -> Result<bool> {
        let mut parser = Parser::new(clock.tai_offset, self.mtime / 1_000_000_000);
        let lines = self.first_lines().map(|line| line.strip_suffix(b"\n").unwrap_or(line)).take(LINES);
        let is_old = |line: &&[u8]| parser.parse(line).time.is_some_and(|stamp| stamp.secs <= time);
        let mut first: HashSet<Vec<u8>> = lines.take_while(is_old).map(<[u8]>::to_vec).collect();
        if first.is_empty() {
            return Ok(false);
        }
        old.strike(&mut first)?;
        Ok(first.is_empty())
    }

    pub(super) fn walk_from(&self, from: u64, to: u64, each: impl FnMut(RawLine<'_>)) -> io::Result<u64> {
        let mut content = Content::open(self.held()?, self.compression, from)?;
        walk_with(|block, _| content.fill(block), from, to, each)
    }

    /// Does more than half of the lines that it begins with stand in the beginning of `other` as well?
    pub(super) fn shares_most_lines(&self, other: &Open) -> bool {
        let theirs: HashSet<&[u8]> = other.first_lines().collect();
        let (all, shared) = self
            .first_lines()
            .fold((0, 0), |(all, shared), line| (all + 1, shared + usize::from(theirs.contains(line))));
        2 * shared > all
    }
}

//! Is a file whose name begins with the live one a rotation, or a copy that somebody made? Editors, backups and
//! administrators leave copies beside a log, also of files that were counted long ago, and changed ones.
//!
//! A log is one after the other: the lines of a rotation are of the time between those of its neighbours. A file that
//! has the content of a known one, or whose lines are of a time that is known or is another file's, is a copy. One whose
//! last lines stand in other files of the log is an extract.
use std::path::Path;

use super::by_time::limit;
use super::content::{Match, Open};
use super::look::Look;
use super::plan::{Trouble, Try, was_written_after};
use super::siblings::{Kin, Sibling};
use crate::store::ledger::{Position, Stream};

/// When the first and the last lines of a file were logged, in unix seconds.
pub(super) type Times = (i64, i64);

impl Look<'_> {
    /// Is the sibling of number `i`, whose name may be that of a copy, a rotation with lines that `stream` has not
    /// counted?
    pub fn is_rotation(
        &mut self,
        all: &[Sibling],
        i: usize,
        stream: &Stream,
        position: &Position,
    ) -> Try<bool> {
        let Some(sibling) = all.get(i).filter(|s| s.kin == Kin::Likely && s.entry.size > 0) else {
            return Ok(false);
        };
        // A file too many would count twice.
        let is_younger = sibling.compression.is_packed() || sibling.entry.mtime > position.mtime;
        if !is_younger || !was_written_after(sibling, position, stream) {
            return Ok(false);
        }
        let was_open = self.held(i).is_some();
        let is_new = self.open(i, sibling).map(drop);
        let is_new = match is_new.and_then(|()| self.is_new(all, i, stream, position)) {
            Err(Trouble::Failed(e)) => {
                self.said.push(format!(
                    "{e}; if it is a rotation of {}, its lines are missing",
                    self.log.path.display()
                ));
                false
            }
            other => other?,
        };
        if !is_new && !was_open {
            self.close(i);
        }
        Ok(is_new)
    }

    fn is_new(&mut self, all: &[Sibling], i: usize, stream: &Stream, position: &Position) -> Try<bool> {
        let Some(open) = self.held(i) else { return Ok(false) };
        // Where nothing could be unpacked, it is no archive, or one that is being made of a file beside it.
        if open.first_lines().next().is_none() && open.compression.is_packed() {
            return Ok(false);
        }
        for known in [Some(position), stream.before.as_ref()].into_iter().flatten() {
            if known.counted > 0 && open.matches(known)? != Match::No {
                return Ok(false);
            }
        }
        let Some(end) = open.end()? else { return Ok(false) };
        if self.live.as_ref().map(|live| live.matches(&end)).transpose()? == Some(Match::Full) {
            return Ok(false);
        }
        let Some(times) = open.times(self.log.clock)? else {
            if stream.last_time == 0 {
                let path = open.path.display();
                self.said.push(format!(
                    "{path}: its lines have no time that tells whether it is a rotation or a copy: they are not counted"
                ));
            }
            return Ok(false);
        };
        if is_known(open, times, stream) {
            return Ok(false);
        }
        // Of an extract, made by grep or by a filter of the syslogd, they stand in other files of the log as well.
        let mut last_lines = open.last_lines()?;
        let most = last_lines.len();
        for (k, other) in all.iter().enumerate().filter(|(k, _)| *k != i) {
            let is_ours = || other.entry.file == position.file;
            let is_before = other.kin == Kin::Likely && k < i;
            if !(other.is_sure() || is_ours() || is_before)
                || !was_written_after_or_ours(other, position, stream)
            {
                continue;
            }
            let was_open = self.held(k).is_some();
            let clock = self.log.clock;
            let open = self.open(k, other)?;
            let (its, has_all) = (open.times(clock)?, open.matches(&end)? == Match::Full);
            if !has_all {
                open.strike(&mut last_lines)?;
            }
            if !was_open {
                self.close(k);
            }
            if has_all {
                return Ok(false);
            }
            if its.is_some_and(|its| is_same_time(times, its)) {
                self.is_taken_for_a_copy(i, &other.path);
                return Ok(false);
            }
        }
        let live = self.live.as_ref().map(|live| live.times(self.log.clock)).transpose()?.flatten();
        // Or for another log.
        if live.is_some_and(|live| is_same_time(times, live) || times.0 > live.1 + UNORDERED) {
            self.is_taken_for_a_copy(i, self.log.path);
            return Ok(false);
        }
        if let Some(live) = &self.live {
            live.strike(&mut last_lines)?;
        }
        if most > 0 && 2 * last_lines.len() <= most {
            self.is_taken_for_a_copy(i, self.log.path);
            return Ok(false);
        }
        Ok(true)
    }

    fn is_taken_for_a_copy(&mut self, i: usize, other: &Path) {
        let Some(copy) = self.held(i).map(|open| open.path.display().to_string()) else { return };
        let other = other.display();
        self.said.push(format!(
            "{copy}: is not counted: by the time or the text of its lines it is no rotation, but a copy or an extract of {other}, or another log"
        ));
    }

    /// Is the live file a changed copy of the sibling of number `i`? `sed -i.bak` and editors make a new file, and keep
    /// the old one under another name.
    pub fn is_live_changed(&mut self, all: &[Sibling], i: usize, position: &Position) -> Try<bool> {
        let Some(sibling) = all.get(i) else { return Ok(false) };
        let clock = self.log.clock;
        let Some(live) = &self.live else { return Ok(false) };
        let live_times = live.times(clock)?;
        let times = self.open(i, sibling)?.times(clock)?;
        if let (Some(times), Some(its)) = (times, live_times)
            && times.0 < times.1
        {
            let is_long = (times.1 - times.0).min(its.1 - its.0) > UNORDERED;
            // What is rotated ends where the next file begins.
            let begins_so = its.0 - times.0 < times.1 - its.0;
            return Ok(begins_so || (is_long && is_same_time(times, its)));
        }
        let (Some(live), Some(old)) = (&self.live, self.held(i)) else { return Ok(false) };
        // A file that was renamed is the same, and so is one that was emptied.
        let is_copy = !old.compression.is_packed() && old.id != position.file && live.id != position.file;
        Ok(live.size > 0 && (is_copy || live.shares_most_lines(old)))
    }
}

/// Where several hosts write to one log, its lines may be out of order by so many seconds.
const UNORDERED: i64 = 10;

/// Is no line of `open` later than what was counted? What was packed may have lost the fraction of its time: of that
/// second all is known.
pub(super) fn is_known(open: &Open, times: Times, stream: &Stream) -> bool {
    let (last, limit) = (times.1, limit(stream));
    last < limit || (last == limit && open.compression.is_packed())
}

/// Was it written to since `position` was left, or is it the file of `position`?
fn was_written_after_or_ours(sibling: &Sibling, position: &Position, stream: &Stream) -> bool {
    sibling.entry.file == position.file || was_written_after(sibling, position, stream)
}

/// Is more than half of the time of one that of the other as well?
fn is_same_time(a: Times, b: Times) -> bool {
    let both = a.1.min(b.1) - a.0.max(b.0);
    let is_within = |a: Times, b: Times| b.0 < a.0 && a.1 < b.1;
    both.saturating_mul(2) > (a.1 - a.0).min(b.1 - b.0) && both > 0 || is_within(a, b) || is_within(b, a)
}

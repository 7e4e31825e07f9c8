//! Is a file whose name begins with the live one a rotation, or a copy that somebody made? Editors, backups and
//! administrators leave copies beside a log, also of files that were counted long ago, and changed ones.
//!
//! A log is one after the other: the lines of a rotation are of the time between those of its neighbours. A file that
//! has the content of a known one, or whose lines are of a time that is known or is another file's, is a copy.
use std::path::Path;

use super::by_time::limit;
use super::content::Match;
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
        if !was_written_after(sibling, position, stream) {
            return Ok(false);
        }
        let was_open = self.held(i).is_some();
        match self.open(i, sibling) {
            Ok(_) => {}
            Err(Trouble::Changed) => return Err(Trouble::Changed),
            Err(Trouble::Failed(e)) => {
                self.said.push(format!(
                    "{e}; if it is a rotation of {}, its lines are missing",
                    self.log.path.display()
                ));
                return Ok(false);
            }
        }
        let is_new = self.is_new(all, i, stream, position)?;
        if !is_new && !was_open {
            self.close(i);
        }
        Ok(is_new)
    }

    fn is_new(&mut self, all: &[Sibling], i: usize, stream: &Stream, position: &Position) -> Try<bool> {
        let Some(open) = self.held(i) else { return Ok(false) };
        for known in [Some(position), stream.before.as_ref()].into_iter().flatten() {
            if known.counted > 0 && open.matches(known)? != Match::No {
                return Ok(false);
            }
        }
        if self.is_copy_of_live(i)? {
            return Ok(false);
        }
        let Some(times) = open.times(self.log.clock)? else {
            if stream.last_time == 0 && position.counted > 0 {
                let path = open.path.display();
                self.said.push(format!(
                    "{path}: its lines have no time that tells whether it is a rotation or a copy: they are not counted"
                ));
            }
            return Ok(false);
        };
        if times.1 < limit(stream) {
            return Ok(false);
        }
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
            let its = self.open(k, other)?.times(clock)?;
            if !was_open {
                self.close(k);
            }
            if its.is_some_and(|its| is_same_time(times, its)) {
                self.is_taken_for_a_copy(i, &other.path);
                return Ok(false);
            }
        }
        let live = self.live.as_ref().map(|live| live.times(self.log.clock)).transpose()?.flatten();
        if live.is_some_and(|live| is_same_time(times, live)) {
            self.is_taken_for_a_copy(i, self.log.path);
            return Ok(false);
        }
        Ok(true)
    }

    fn is_taken_for_a_copy(&mut self, i: usize, other: &Path) {
        let Some(copy) = self.held(i).map(|open| open.path.display().to_string()) else { return };
        let other = other.display();
        self.said.push(format!(
            "{copy}: is taken for a copy of {other}, of whose time its lines are, and is not counted"
        ));
    }

    /// Is the live file a changed copy of the sibling of number `i`? `sed -i.bak` and editors make a new file, and keep
    /// the old one under another name.
    pub fn is_live_changed(&mut self, all: &[Sibling], i: usize) -> Try<bool> {
        let Some(sibling) = all.get(i) else { return Ok(false) };
        let clock = self.log.clock;
        let Some(live) = &self.live else { return Ok(false) };
        let live_times = live.times(clock)?;
        let times = self.open(i, sibling)?.times(clock)?;
        if let (Some(times), Some(its)) = (times, live_times)
            && times.1 - times.0 > UNORDERED
            && its.1 - its.0 > UNORDERED
        {
            return Ok(is_same_time(times, its));
        }
        let (Some(live), Some(old)) = (&self.live, self.held(i)) else { return Ok(false) };
        Ok(live.shares_most_lines(old))
    }
}

/// Where several hosts write to one log, its lines may be out of order by so many seconds.
const UNORDERED: i64 = 10;

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

//! Is a file whose name begins with the live one a rotation, or a copy that somebody made? Editors, backups and
//! administrators leave copies beside a log, also of files that were counted long ago, and changed ones.
//!
//! A log is one after the other: the lines of a rotation are of the time between those of its neighbours. A file that
//! has the content of a known one, or whose lines are of a time that is known or is another file's, is a copy. One whose
//! last lines stand in other files of the log is an extract.
use std::path::Path;

use super::Clock;
use super::alike::is_made_of;
use super::by_time::limit;
use super::catch_up::{SECOND, Trouble, Try, tells, was_written_after};
use super::content::{Match, Open};
use super::doubles::TELLING;
use super::look::Look;
use super::siblings::{Kin, Sibling};
use super::times::{Times, UNORDERED};
use crate::error::Result;
use crate::ledger::{Position, Stream};

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
        let (Some(open), Some(sibling)) = (self.held(i), all.get(i)) else { return Ok(false) };
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
        let mut most = last_lines.len();
        let first = open.first_lines().next().map(<[u8]>::to_vec);
        for (k, other) in all.iter().enumerate().filter(|(k, _)| *k != i) {
            let is_ours = other.entry.file == position.file;
            // `other` may be a copy as well: its name does not tell.
            let is_undecided = other.kin == Kin::Likely && !is_ours;
            let is_wanted = match is_undecided {
                true => k < i || may_be_longer(other, sibling),
                false => other.is_sure() || is_ours,
            };
            if !is_wanted || !was_written_after_or_ours(other, position, stream) {
                continue;
            }
            let was_open = self.held(k).is_some();
            let clock = self.log.clock;
            let open = self.open(k, other)?;
            let its = open.times(clock)?;
            let has_all = open.matches(&end)? == Match::Full;
            // What begins otherwise is no beginning of it, and need not be unpacked to its end.
            let its_end = if open.first_lines().next() == first.as_deref() { open.end()? } else { None };
            // Of two files of which one goes on where the other ends, the shorter one may be the copy.
            let is_its_beginning = match &its_end {
                Some(its_end) if is_undecided || its_end.counted < end.counted => {
                    self.held(i).map(|open| open.matches(its_end)).transpose()? == Some(Match::Full)
                }
                _ => false,
            };
            let is_copy =
                has_all && (k < i || (!is_its_beginning && self.is_rotation(all, k, stream, position)?));
            let is_compared = !is_copy && !is_its_beginning && (k < i || !is_undecided);
            if (is_compared || (is_its_beginning && !is_undecided))
                && let Some(open) = self.held(k)
            {
                let before = last_lines.len();
                open.strike(&mut last_lines)?;
                // What goes on where a rotation ends is judged by what stands behind that.
                if is_its_beginning {
                    most -= before - last_lines.len();
                }
            }
            if !was_open {
                self.close(k);
            }
            if is_copy {
                return Ok(false);
            }
            if !is_compared {
                continue;
            }
            if its.is_some_and(|its| is_same_time(times, its)) {
                self.is_taken_for_a_copy(i, &other.path);
                return Ok(false);
            }
        }
        let live_times = self.live.as_ref().map(|live| live.times(self.log.clock)).transpose()?.flatten();
        // What goes on where the live file ends is the file that an editor made the live one of.
        let holds_live = match (&self.live, self.held(i)) {
            (Some(live), Some(open)) => match live.whole()? {
                Some(end) => {
                    (end.counted >= TELLING || live_times.is_some()) && open.matches(&end)? == Match::Full
                }
                None => false,
            },
            _ => false,
        };
        if holds_live {
            if let Some(live) = &self.live {
                live.strike(&mut last_lines)?;
            }
            return Ok(!last_lines.is_empty());
        }
        // Or for another log.
        if live_times.is_some_and(|live| is_same_time(times, live) || times.0 > live.1 + UNORDERED) {
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

    /// Is a sibling neither a further copy of the file of `position` nor one of the live file?
    pub(super) fn is_another(
        &mut self,
        i: usize,
        sibling: &Sibling,
        stream: &Stream,
        position: &Position,
    ) -> Try<bool> {
        let open = self.open(i, sibling)?;
        let is_ours = tells(position, stream) && open.matches(position)? == Match::Full;
        Ok(!is_ours && !self.is_copy_of_live(i)?)
    }

    /// Where names do not tell which file is younger: is the open sibling of number `i` not the one before ours, and not
    /// all of it earlier than what was counted?
    pub(super) fn is_later(&self, i: usize, stream: &Stream) -> Try<bool> {
        let Some(open) = self.held(i) else { return Ok(false) };
        if let Some(before) = &stream.before
            && open.matches(before)? == Match::Full
        {
            return Ok(false);
        }
        Ok(open.times(self.log.clock)?.is_none_or(|times| !is_known(open, times, stream)))
    }

    /// As [`Look::is_later`], of a file in which the end of the known part is searched for afterwards: there a few new
    /// lines behind many known ones, which only the newest stamp tells, are enough. What an editor made of the file before
    /// ours begins as that does, and goes on behind it.
    pub(super) fn has_later_lines(&self, i: usize, stream: &Stream) -> Try<bool> {
        let Some(open) = self.held(i) else { return Ok(false) };
        if let Some(before) = &stream.before
            && open.matches(before)? == Match::Full
            && open.end()?.is_none_or(|end| end.counted <= before.counted)
        {
            return Ok(false);
        }
        let stamps = open.stamps(self.log.clock)?;
        Ok(stamps.is_none_or(|s| s.newest > stream.last_time || !is_known(open, s.times, stream)))
    }

    /// Is the sibling of number `i` the changed text of the one of number `ours`, with no line that is later than what was
    /// counted? Where a log has rotations under names of two kinds, those of one kind are copies that somebody made.
    pub(super) fn is_ours_changed(
        &mut self,
        all: &[Sibling],
        i: usize,
        ours: usize,
        stream: &Stream,
    ) -> Try<bool> {
        let (Some(sibling), Some(our)) = (all.get(i), all.get(ours)) else { return Ok(false) };
        if !sibling.is_named_otherwise(our) {
            return Ok(false);
        }
        let clock = self.log.clock;
        let stamps = self.open(ours, our)?.stamps(clock)?;
        let its = self.open(i, sibling)?.stamps(clock)?;
        match (self.held(i).zip(its), self.held(ours).zip(stamps)) {
            (Some(new), Some(old)) => Ok(new.1.newest <= limit(stream) && is_made_of(new, old, clock)?),
            _ => Ok(false),
        }
    }

    pub(super) fn is_taken_for_a_copy(&mut self, i: usize, other: &Path) {
        let Some(copy) = self.held(i).map(|open| open.path.display().to_string()) else { return };
        let other = other.display();
        let text = format!(
            "{copy}: is not counted: by the time or the text of its lines it is no rotation, but a copy or an extract of {other}, or another log"
        );
        if !self.said.contains(&text) {
            self.said.push(text);
        }
    }

    /// Is the sibling of number `i`, which has the content of `position`, the old text of the live file or of a rotation
    /// that was changed since? `sed -i.bak` and editors make a new file, and keep the old one under another name; and
    /// what somebody copied before keeps it. Gives the number of the changed file; the live one has the number that no
    /// sibling has.
    pub fn is_old_text(
        &mut self,
        all: &[Sibling],
        i: usize,
        stream: &Stream,
        position: &Position,
    ) -> Try<Option<usize>> {
        let Some(sibling) = all.get(i) else { return Ok(None) };
        self.open(i, sibling)?;
        let clock = self.log.clock;
        let is_sure = sibling.is_sure();
        let was_emptied = self.was_emptied_and_rotated(all, i, position)?;
        if let (Some(old), Some(live)) = (self.held(i), &self.live)
            && !was_emptied
            && is_changed(old, is_sure, live, position, clock)?
        {
            return Ok(Some(usize::MAX));
        }
        for (k, other) in all.iter().enumerate() {
            let is_another_log = !other.is_sure() || other.may_be_another_log(sibling);
            if k == i || is_another_log || other.entry.mtime < position.mtime {
                continue;
            }
            let was_open = self.held(k).is_some();
            self.open(k, other)?;
            let is_to_be_read = other.is_younger(sibling) == Some(true) || self.has_later_lines(k, stream)?;
            let is_it = match (self.held(i), self.held(k)) {
                (Some(old), Some(new)) => {
                    is_to_be_read
                        && new.matches(position)? != Match::Full
                        && is_changed(old, is_sure, new, position, clock)?
                        && !(is_sure && other.is_younger(sibling).is_none() && new.ends_within(old)?)
                }
                _ => false,
            };
            if !was_open {
                self.close(k);
            }
            if is_it {
                return Ok(Some(k));
            }
        }
        Ok(None)
    }

    /// Was the file of `position` emptied when the copy of number `i` was made of it (`copytruncate`), and did it become a
    /// rotation itself? Then the live file is no changed copy of it.
    fn was_emptied_and_rotated(&mut self, all: &[Sibling], i: usize, position: &Position) -> Try<bool> {
        let is_it = |s: &Sibling| s.is_sure() && s.entry.file == position.file;
        let Some((k, it)) = all.iter().enumerate().find(|(k, s)| *k != i && is_it(s)) else {
            return Ok(false);
        };
        if it.entry.size == 0 {
            return Ok(true);
        }
        let clock = self.log.clock;
        let its = self.open(k, it)?.stamps(clock)?;
        let copy = self.held(i).map(|copy| copy.stamps(clock)).transpose()?.flatten();
        Ok(copy.zip(its).is_some_and(|(copy, its)| its.first >= copy.times.1))
    }
}

/// Is `new` a changed copy of `old`, which has the content of `position`? `is_sure`: the name of `old` is that of a
/// rotation, which may be a copy too.
fn is_changed(old: &Open, is_sure: bool, new: &Open, position: &Position, clock: Clock) -> Result<bool> {
    // A file that was renamed is the same, and so is one that was emptied.
    let mut is_copy = !old.compression.is_packed() && old.id != position.file && new.id != position.file;
    let (stamps, its) = (old.stamps(clock)?, new.stamps(clock)?);
    // The file itself under the name of a rotation is one, unless the other file begins before its end. A logger may begin
    // several files in one second.
    let begins_before_its_end = stamps.zip(its).is_some_and(|(old, new)| new.first < old.times.1);
    if is_sure && old.id == position.file && !begins_before_its_end {
        return Ok(false);
    }
    // What follows a rotation begins later than that ends, or with lines that do not stand in it. A line whose stamp was cut
    // has none.
    is_copy &= !is_sure
        || match (stamps, its) {
            (Some(s), Some(its)) => {
                its.first <= s.first || its.times.0 < s.times.1 || new.begins_within(old, s.newest, clock)?
            }
            (s, _) => s.is_some(),
        };
    let (Some(stamps), Some(its)) = (stamps, its) else {
        return Ok(new.size > 0 && (is_copy || new.shares_most_lines(old)));
    };
    let (time, new_time) = (stamps.times, its.times);
    let is_long = (time.1 - time.0).min(new_time.1 - new_time.0) > UNORDERED;
    // What is rotated ends where the next file begins.
    let begins_so = new_time.0 - time.0 < time.1 - new_time.0;
    let is_of_one_moment = time.1 - time.0 <= if is_copy { UNORDERED } else { 0 };
    let may_be = is_of_one_moment
        || begins_so
        || its.first == stamps.first
        || (is_long && is_same_time(time, new_time))
        || (is_copy && new.begins_within(old, stamps.newest, clock)?);
    Ok(may_be && is_made_of((new, its), (old, stamps), clock)?)
}

/// Is no line of `open` later than the last counted one? If its last line is of the same second, the file may have lines of
/// that second that were not counted. But one whose time has no fraction may have lost it when it was packed, so that it
/// only seems to be written to later: it is taken as counted.
fn is_known(open: &Open, times: Times, stream: &Stream) -> bool {
    let (last, limit) = (times.1, limit(stream));
    let has_lost_its_fraction = open.compression.is_packed() && open.mtime % SECOND == 0;
    last < limit || (last == limit && has_lost_its_fraction)
}

/// May `a` hold more than `b`? The size of a packed file does not tell how much that holds.
fn may_be_longer(a: &Sibling, b: &Sibling) -> bool {
    a.compression.is_packed() || b.compression.is_packed() || a.entry.size > b.entry.size
}

/// Was it written to since `position` was left, or is it the file of `position`?
pub(super) fn was_written_after_or_ours(sibling: &Sibling, position: &Position, stream: &Stream) -> bool {
    sibling.entry.file == position.file || was_written_after(sibling, position, stream)
}

/// Is more than half of the time of one that of the other as well?
pub(super) fn is_same_time(a: Times, b: Times) -> bool {
    let both = a.1.min(b.1) - a.0.max(b.0);
    let is_within = |a: Times, b: Times| b.0 < a.0 && a.1 < b.1;
    both.saturating_mul(2) > (a.1 - a.0).min(b.1 - b.0) && both > 0 || is_within(a, b) || is_within(b, a)
}

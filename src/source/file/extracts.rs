//! Which files have the name of a rotation, of another scheme than that of ours, and are none? Somebody wrote a day of the
//! log to `mail.log.20261128` for a colleague, or `split -d` made `mail.log.00` of it; `dovecot-2.log` is another log beside
//! `dovecot.log`.
use super::ages::LONG;
use super::by_time::limit;
use super::catch_up::{Try, was_written_after};
use super::content::Match;
use super::copies::{is_same_time, was_written_after_or_ours};
use super::look::Look;
use super::siblings::Sibling;
use super::times::{Times, UNORDERED};
use crate::ledger::{Position, Stream};

impl Look<'_> {
    /// Is the open sibling of number `i`, whose name does not tell whether it is younger than the one of number `ours`, no
    /// rotation by its lines? A younger one begins after what was counted, and its lines stand nowhere else.
    pub(super) fn is_no_rotation(
        &mut self,
        all: &[Sibling],
        i: usize,
        ours: usize,
        stream: &Stream,
        position: &Position,
    ) -> Try<bool> {
        let clock = self.log.clock;
        let (Some(sibling), Some(our)) = (all.get(i), all.get(ours)) else { return Ok(false) };
        let Some(open) = self.held(i) else { return Ok(false) };
        let (Some(times), Some(end)) = (open.times(clock)?, open.end()?) else { return Ok(false) };
        let mut last_lines = open.last_lines()?;
        let most = last_lines.len();
        let live = self.live.as_ref().map(|live| live.times(clock)).transpose()?.flatten();
        // Another log is no news at each rotation, nor at each look until the live file gets a line.
        let is_another_log = sibling.may_be_another_log(our);
        let began_before = times.0 + UNORDERED < limit(stream);
        if is_another_log && (live.is_none() || began_before || self.is_beside_live(i)?) {
            return Ok(true);
        }
        if times.0 + LONG < limit(stream) {
            self.is_taken_for_a_copy(i, &our.path);
            return Ok(true);
        }
        for (k, other) in all.iter().enumerate().filter(|(k, _)| *k != i) {
            let is_certain = k == ours || other.is_younger(our).is_some();
            let is_wanted = if is_certain {
                was_written_after_or_ours(other, position, stream)
            } else {
                other.is_sure() && was_written_after(other, position, stream)
            };
            if !is_wanted && k != ours {
                continue;
            }
            let was_open = self.held(k).is_some();
            let its = self.open(k, other)?;
            let (its_times, its_end) = (its.times(clock)?, its.end()?);
            // Of two files of which none is certain the shorter one is the extract.
            let is_longer = its_end.is_some_and(|its| its.counted > end.counted);
            // What is the beginning of another file is known without a word.
            let is_beginning = is_longer && its.matches(&end)? == Match::Full;
            if is_certain || is_longer {
                its.strike(&mut last_lines)?;
            }
            if !was_open {
                self.close(k);
            }
            if is_beginning {
                return Ok(true);
            }
            if is_certain && its_times.is_some_and(|its| is_same_time(times, its)) {
                self.is_taken_for_a_copy(i, &other.path);
                return Ok(true);
            }
        }
        self.live.as_ref().map(|live| live.strike(&mut last_lines)).transpose()?;
        let is_extract = most > 0 && 2 * last_lines.len() <= most;
        if is_extract || live.is_some_and(|its| is_same_time(times, its)) || is_another_log {
            self.is_taken_for_a_copy(i, self.log.path);
            return Ok(true);
        }
        Ok(false)
    }

    /// Is the open sibling of number `i`, whose name is that of a younger one, a part of the one of number `ours` or of the
    /// live file? What follows another file does not begin before that ends.
    pub(super) fn is_part(&mut self, all: &[Sibling], i: usize, ours: usize) -> Try<bool> {
        let clock = self.log.clock;
        let Some(our) = all.get(ours) else { return Ok(false) };
        self.open(ours, our)?;
        let Some(open) = self.held(i) else { return Ok(false) };
        let Some(times) = open.times(clock)? else { return Ok(false) };
        for whole in self.held(ours).into_iter().chain(&self.live) {
            let is_within = |its: Times| its.0 <= times.0 && times.0 < its.1 && times.1 <= its.1;
            if whole.times(clock)?.is_some_and(is_within) && open.ends_within(whole)? {
                let path = whole.path.clone();
                // What is the beginning of another file is known without a word.
                if open.end()?.map(|end| whole.matches(&end)).transpose()? != Some(Match::Full) {
                    self.is_taken_for_a_copy(i, &path);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Was the open sibling of number `i` still written to when the live file was?
    pub(super) fn is_beside_live(&self, i: usize) -> Try<bool> {
        let clock = self.log.clock;
        let live = self.live.as_ref().map(|live| live.times(clock)).transpose()?.flatten();
        let its = self.held(i).map(|open| open.times(clock)).transpose()?.flatten();
        Ok(its.zip(live).is_some_and(|(its, live)| its.1 > live.0 + UNORDERED))
    }
}

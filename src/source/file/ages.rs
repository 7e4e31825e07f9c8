//! Do the names of rotations tell their age? Some programs number days or hours (`mail.log.$(date +%u)`, `%d`, `%H`), or
//! write the day before the month (`dateformat -%d%m%Y`): such numbers rise while others fall, or begin anew. The last
//! writes of the files and the times of their lines tell then.
use std::collections::BTreeMap;

use super::by_time::limit;
use super::catch_up::{SECOND, Try, tells, was_written_after};
use super::content::Match;
use super::look::Look;
use super::siblings::{Age, Kin, LABELS, Sibling};
use crate::ledger::{Position, Stream};

/// A clock that is set right, or a copy, makes a file seem older than it is by less than this number of seconds.
pub(super) const LONG: i64 = 600;

impl Look<'_> {
    /// Does a name contradict the times, so that those of its scheme tell no age? It is noted, and the next list goes by the
    /// last writes of the files. `ours` is the number of the file of `position`.
    pub(super) fn names_begin_anew(
        &mut self,
        all: &[Sibling],
        ours: usize,
        stream: &Stream,
        position: &Position,
    ) -> Try<bool> {
        if self.log.clock.now < stream.seen {
            return Ok(false);
        }
        let mut by_age: Vec<(usize, &Age, i64, usize)> = Vec::new();
        for (i, sibling) in all.iter().enumerate() {
            let Kin::Sure(age, scheme) = &sibling.kin else { continue };
            if *scheme == LABELS || *age == Age::Untold {
                continue;
            }
            let is_younger = all.get(ours).and_then(|ours| sibling.is_younger(ours)) == Some(true);
            if is_younger && self.is_before(i, sibling, stream)? {
                return Ok(self.untold.insert(*scheme));
            }
            if i == ours {
                by_age.push((*scheme, age, position.mtime, i));
            } else if was_written_after(sibling, position, stream) {
                by_age.push((*scheme, age, sibling.entry.mtime, i));
            }
        }
        by_age.sort_unstable();
        for pair in by_age.windows(2) {
            let &[(scheme, _, written, i), (its_scheme, _, its_written, k)] = pair else { continue };
            if scheme == its_scheme
                && i != ours
                && written > its_written
                && self.follows(all, i, k, ours, stream, position)?
            {
                return Ok(self.untold.insert(scheme));
            }
        }
        Ok(false)
    }

    /// Is it the file before ours by its content?
    fn is_before(&mut self, i: usize, sibling: &Sibling, stream: &Stream) -> Try<bool> {
        let Some(before) = stream.before.as_ref().filter(|before| tells(before, stream)) else {
            return Ok(false);
        };
        let was_open = self.held(i).is_some();
        let is_it = self.open(i, sibling)?.matches(before)? == Match::Full;
        if !was_open {
            self.close(i);
        }
        Ok(is_it)
    }

    /// Are all lines of the file of number `i` later than those of the file of number `k`, and than what was counted?
    fn follows(
        &mut self,
        all: &[Sibling],
        i: usize,
        k: usize,
        ours: usize,
        stream: &Stream,
        position: &Position,
    ) -> Try<bool> {
        let (Some(sibling), Some(other)) = (all.get(i), all.get(k)) else { return Ok(false) };
        let clock = self.log.clock;
        if !self.is_another(i, sibling, stream, position)? || !self.is_later(i, stream)? {
            return Ok(false);
        }
        let times = self.held(i).map(|open| open.times(clock)).transpose()?.flatten();
        let mut after = limit(stream);
        if k != ours
            && let Some(its) = self.open(k, other)?.times(clock)?
        {
            after = after.max(its.1);
        }
        Ok(times.is_some_and(|times| times.0 > after))
    }

    /// Does the open sibling of number `i` end long before what was counted, though its name is that of a younger one? Where
    /// the clock was set back, the live file is older than ours as well, and names are right. A live file that is not
    /// there tells nothing: many programs make it with the first line.
    pub(super) fn is_long_over(
        &mut self,
        i: usize,
        sibling: &Sibling,
        stream: &Stream,
        position: &Position,
    ) -> Try<bool> {
        let is_older = |mtime: i64| mtime.saturating_add(LONG * SECOND) < position.mtime;
        let was_set_back = self.live.as_ref().is_some_and(|live| live.mtime < position.mtime)
            || self.log.clock.now < stream.seen;
        if was_set_back || !is_older(sibling.entry.mtime) {
            return Ok(false);
        }
        let Some(open) = self.held(i) else { return Ok(false) };
        let is_over = open.times(self.log.clock)?.is_none_or(|times| times.1 + LONG < limit(stream));
        if is_over {
            self.close(i);
        }
        Ok(is_over)
    }

    /// Where names do not tell which of the files `new` is older, and a script wrote them anew in any order, their lines do.
    pub(super) fn sort_by_lines(&mut self, all: &[Sibling], new: &mut [usize]) -> Try<()> {
        let tells = |a: &usize, b: &usize| {
            all.get(*a).zip(all.get(*b)).is_none_or(|(a, b)| a.is_younger(b).is_some())
        };
        if new.iter().zip(new.iter().skip(1)).all(|(a, b)| tells(a, b)) {
            return Ok(());
        }
        let mut times = BTreeMap::new();
        for (n, &i) in new.iter().enumerate() {
            let Some(sibling) = all.get(i) else { continue };
            let clock = self.log.clock;
            match self.open(i, sibling)?.stamps(clock)? {
                Some(stamps) => drop(times.insert(i, (stamps.first, stamps.times.1, stamps.newest))),
                None if sibling.entry.size == 0 => {}
                None => return Ok(()),
            }
            self.let_go(i, n);
        }
        new.sort_by_key(|i| times.get(i).copied());
        Ok(())
    }
}

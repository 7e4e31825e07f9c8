//! What was written to files that were read before: to the one before ours, and to a copy that took the place of ours.
use super::by_time::Search;
use super::catch_up::{Span, Trouble, Try, was_written_after};
use super::content::Match;
use super::look::Look;
use super::siblings::Sibling;
use crate::ledger::{Position, Stream};

impl Look<'_> {
    /// The place from which on the rotation of number `i`, which has the content of `position` as ours has, goes on
    /// otherwise: somebody put a copy of the log in its place, which was written to and rotated then.
    pub(super) fn goes_on(
        &mut self,
        all: &[Sibling],
        i: usize,
        ours: usize,
        position: &Position,
    ) -> Try<Option<u64>> {
        let (Some(sibling), Some(our)) = (all.get(i), all.get(ours)) else { return Ok(None) };
        let is_younger = sibling.is_younger(our).unwrap_or(sibling.entry.mtime > our.entry.mtime);
        if !sibling.is_sure() || !is_younger || sibling.entry.mtime < position.mtime {
            return Ok(None);
        }
        if self.open(i, sibling)?.matches(position)? != Match::Full || self.is_copy_of_live(i)? {
            return Ok(None);
        }
        self.parts_from(all, position, ours, i)
    }

    /// Do the lines of the sibling of number `i` begin later than those of the file of number `ours`? The live file has the
    /// number that no sibling has.
    fn begins_later(&mut self, i: usize, sibling: &Sibling, all: &[Sibling], ours: usize) -> Try<bool> {
        let clock = self.log.clock;
        let its = self.open(i, sibling)?.stamps(clock)?;
        let our = match all.get(ours) {
            Some(our) => self.open(ours, our)?.stamps(clock)?,
            None => self.live.as_ref().map(|live| live.stamps(clock)).transpose()?.flatten(),
        };
        Ok(its.zip(our).is_some_and(|(its, our)| its.first > our.first))
    }

    /// Does the open sibling of number `i`, which has the content of `before`, have that of ours too? Then an editor made ours
    /// of the file before it, and what stands behind `before` was counted in ours.
    fn has_ours(&self, i: usize, stream: &Stream, before: &Position) -> Try<bool> {
        let ours = stream.position.as_ref().filter(|ours| ours.counted > before.counted);
        match (ours, self.held(i)) {
            (Some(ours), Some(open)) => Ok(open.matches(ours)? == Match::Full),
            _ => Ok(false),
        }
    }

    /// What was written to the file before ours since it was read: where it stands, and what is to be read of it.
    pub(super) fn growth(
        &mut self,
        all: &[Sibling],
        stream: &Stream,
        before: &Position,
        ours: usize,
    ) -> Try<(Option<Position>, Vec<Span>)> {
        let older: Vec<(usize, &Sibling)> = all
            .iter()
            .enumerate()
            // Where names do not tell the age, a file that is written to seems to be younger than it is.
            .filter(|(i, s)| match all.get(ours).and_then(|ours| s.is_younger(ours)) {
                Some(is_younger) => *i != ours && !is_younger,
                None => *i != ours && !all.get(ours).is_some_and(|ours| s.may_be_another_log(ours)),
            })
            .collect();
        let hinted = older.iter().find(|(_, s)| s.entry.file == before.file).copied();
        if let Some((_, Sibling { entry, .. })) = hinted
            && entry.mtime == before.mtime
            && entry.size == before.counted
        {
            return Ok((Some(before.clone()), vec![]));
        }
        let mut has_copy = false;
        for (i, sibling) in hinted.into_iter().chain(older.iter().rev().copied()) {
            let is_hinted = hinted.is_some_and(|(hinted, _)| hinted == i);
            let matches = self.open(i, sibling).and_then(|open| Ok(open.matches(before)?));
            let matches = match matches {
                Err(Trouble::Failed(_)) if !(sibling.is_sure() || is_hinted) => continue,
                other => other?,
            };
            let may_be_it = is_hinted || (sibling.is_sure() && self.may_have_more(i, sibling, before));
            if matches == Match::Full && may_be_it && !self.has_ours(i, stream, before)? {
                return Ok((None, vec![Span { file: i, from: before.counted, is_before: true }]));
            }
            has_copy |= matches == Match::Full;
        }
        // What begins as it did and has any other name is a copy of it, or was put together from it and others.
        if has_copy {
            return Ok((Some(before.clone()), vec![]));
        }
        self.search(stream, before)?;
        // Its lines were changed, by a script that anonymises for one. Of the last second of all that was counted
        // nobody knows how much stood here.
        let whole_second = Stream { last_lines: u64::MAX, ..stream.clone() };
        for (i, sibling) in older.iter().rev().copied() {
            if !sibling.is_sure() || !was_written_after(sibling, before, stream) {
                continue;
            }
            // Where names do not tell the age, their lines do: what was logged before ours does not begin after it.
            let tells_age = all.get(ours).is_some_and(|ours| sibling.is_younger(ours).is_some());
            if !tells_age && (self.begins_later(i, sibling, all, ours)? || self.is_copy_of_live(i)?) {
                continue;
            }
            // A copy of ours, which begins when ours does, is not the file before it.
            if !tells_age
                && let Some(our) = all.get(ours)
                && let Some(end) = self.open(i, sibling)?.end()?
                && self.open(ours, our)?.matches(&end)? == Match::Full
            {
                continue;
            }
            let mut search = Search::new(&whole_second, before, self.log.clock);
            let (from, _) = search.place(self.open(i, sibling)?, false)?;
            if search.is_sure() {
                return Ok((None, vec![Span { file: i, from, is_before: true }]));
            }
        }
        Ok((None, vec![]))
    }
}

//! Which files each stream has still to read, and from where on.
use super::by_time::{Search, limit};
use super::catch_up::{CatchUp, SECOND, Trouble, Try, is_packed_since, tells, was_written_after};
use super::content::{Match, Open, before_all};
use super::cut_lines::STAMP;
use super::doubles::TELLING;
use super::find_again::is_as_it_was;
use super::log::Log;
use super::look::Look;
use super::siblings::Sibling;
use crate::ledger::{Position, Stream};
use crate::source::identity::mtime;

/// Has it the path that the file of `position` had?
fn is_at(sibling: &Sibling, position: &Position) -> bool {
    sibling.path.to_str() == Some(&position.path)
}

/// One look at the live file and its siblings, and the plans by it.
pub(super) fn attempt(log: Log<'_>, streams: &[&Stream]) -> Try<(Vec<Open>, Vec<CatchUp>)> {
    let positions = streams.iter().flat_map(|s| s.position.iter().chain(&s.before));
    let mut look = Look::new(log, positions)?;
    let plans = loop {
        let known = (look.strays.len(), look.untold.len());
        let plans = look.plans(streams)?;
        // What was found under any name has its place among the others now, and names that tell no age give none.
        if (look.strays.len(), look.untold.len()) == known {
            break plans;
        }
        look.relist();
    };
    look.unchanged()?;
    look.finish(plans)
}

/// Is the live file or one of its siblings the one of `position`?
pub(super) fn is_there(log: Log<'_>, position: &Position) -> Try<bool> {
    let mut look = Look::new(log, std::iter::once(position))?;
    if position.counted == 0 {
        return Ok(false);
    }
    if let Some(live) = &look.live
        && live.matches(position)? == Match::Full
    {
        return Ok(true);
    }
    let all = look.siblings()?;
    Ok(matches!(look.find(&all, position, None)?, Some((_, Match::Full))))
}

fn is_same_place(a: &Stream, b: &Stream) -> bool {
    let facts = |s: &Stream| (s.from_end, s.known_to, s.last_time, s.last_lines);
    facts(a) == facts(b) && a.position == b.position && a.before == b.before
}

impl Look<'_> {
    fn plans(&mut self, streams: &[&Stream]) -> Try<Vec<CatchUp>> {
        let mut plans: Vec<CatchUp> = Vec::new();
        for (i, stream) in streams.iter().enumerate() {
            // Those that stand at the same place have the same to read.
            let same = streams.iter().take(i).position(|other| is_same_place(other, stream));
            let plan = match same.and_then(|same| plans.get(same)) {
                Some(plan) => plan.clone(),
                None => {
                    (self.looked, self.said) = Default::default();
                    let plan = self.plan(stream)?;
                    CatchUp { said: std::mem::take(&mut self.said), ..plan }
                }
            };
            plans.push(plan);
        }
        Ok(plans)
    }

    fn plan(&mut self, stream: &Stream) -> Try<CatchUp> {
        let Some(position) = &stream.position else { return self.first_sight(stream) };
        if position.counted == 0 {
            return self.by_time(stream, position, None);
        }
        let in_live = self.live.as_ref().map(|live| live.matches(position)).transpose()? == Some(Match::Full);
        let is_ours = self.live.as_ref().is_some_and(|live| live.id == position.file);
        // The number of an inode comes back at once: ours may have been packed since, and an older copy of it put in its place.
        let is_itself = is_ours && in_live && !self.was_rotated_since(stream, position);
        let is_live = in_live
            && (is_itself
                || (is_ours && !tells(position, stream))
                || (tells(position, stream) && !self.has_its_twin(position)?));
        if !is_live && !tells(position, stream) {
            return self.by_time(stream, position, None);
        }
        let mut plan = CatchUp { position: Some(position.clone()), ..CatchUp::default() };
        // All that was known was a part of a stamp, and any line begins so: it was emptied, and is written to again.
        if is_live && position.counted <= STAMP as u64 && limit(stream) > 0 {
            let is_new = self.live.as_ref().is_some_and(|live| live.begins_after(limit(stream)));
            if is_new {
                return self.by_time(stream, position, None);
            }
        }
        if is_live && is_ours && stream.before.is_none() {
            plan.read(usize::MAX, position.counted);
            return Ok(plan);
        }
        let all = self.siblings()?;
        let found = if is_live {
            Some((all.len(), Match::Full))
        } else {
            self.find(&all, position, stream.before.as_ref())?
        };
        // A copy that somebody made may hold as much as was read, and ours more.
        let is_it = |s: &Sibling| s.is_sure() || s.entry.file == position.file;
        if !matches!(found, Some((i, Match::Full)) if all.get(i).is_none_or(is_it)) {
            self.search(stream, position)?;
        }
        let Some((ours, how)) = found else {
            if self.live.is_none() {
                // In the middle of a rotation, or its disk is not mounted: it will come.
                return Ok(CatchUp { before: stream.before.clone(), is_away: true, ..plan });
            }
            return self.by_time(stream, position, None);
        };
        if self.names_begin_anew(&all, ours, stream, position)? {
            return Ok(plan);
        }
        // A rotated file that was read to its end and packed is what its name says.
        let may_be_old_text = |s: &Sibling| {
            how == Match::Full
                || !s.is_sure()
                || (s.was_linked() && !self.is_link())
                || s.entry.file != position.file
        };
        // The file that was made of ours, and from where on it has lines of its own.
        let mut changed = None;
        if all.get(ours).is_some_and(may_be_old_text)
            && let Some(new) = self.is_old_text(&all, ours, stream, position)?
        {
            match self.written_on(&all, stream, position, ours, new)? {
                Some(from) => changed = Some((new, from)),
                None => return self.by_time(stream, position, Some(ours)),
            }
        }
        let begin_of = |i: usize| changed.filter(|(new, _)| *new == i).map_or(0, |(_, from)| from);
        if let Some(before) = &stream.before {
            (plan.before, plan.spans) = self.growth(&all, stream, before, ours)?;
        }
        if how == Match::Full {
            let mut from = position.counted;
            if !is_ours && let Some(old) = self.own_file(&all, position, ours)? {
                match self.written_on(&all, stream, position, old, ours)? {
                    Some(its) => {
                        plan.read(old, position.counted);
                        from = its;
                    }
                    None => plan.left = self.held(old).map(Open::whole).transpose()?.flatten(),
                }
            }
            let was_set_back = self.log.clock.now < stream.seen;
            if was_set_back || all.get(ours).is_none_or(|s| self.may_have_more(ours, s, position)) {
                plan.read(self.number(ours), from);
            }
        } else if let Some(sibling) = all.get(ours) {
            if sibling.entry.file != position.file {
                plan.lost = self.open(ours, sibling)?.damage_before(position.counted)?;
            }
            // It lost its end and was written to again before it was rotated.
            if !is_as_it_was(sibling, position) && was_written_after(sibling, position, stream) {
                let mut search = Search::new(stream, position, self.log.clock);
                let (from, _) = search.place(self.open(ours, sibling)?, false)?;
                if search.is_sure() {
                    plan.read(ours, from);
                    plan.lost = search.sentence(self.log.path);
                    plan.is_by_time = true;
                }
            }
        }
        for (i, sibling) in all.iter().enumerate().filter(|(i, _)| ours < all.len() && *i != ours) {
            let is_new = if changed.is_some_and(|(new, _)| new == i) {
                true
            } else if !sibling.is_sure() {
                self.is_rotation(&all, i, stream, position)?
            } else if let Some(is_younger) = all.get(ours).and_then(|ours| sibling.is_younger(ours)) {
                is_younger
                    && self.is_another(i, sibling, stream, position)?
                    && !self.is_long_over(i, sibling, stream, position)?
                    && !self.is_part(&all, i, ours)?
            } else {
                let written = sibling.entry.mtime;
                (written > position.mtime || (i > ours && written == position.mtime))
                    && self.is_another(i, sibling, stream, position)?
                    && self.is_later(i, stream)?
                    && !self.is_ours_changed(&all, i, ours, stream)?
                    && !self.is_no_rotation(&all, i, ours, stream, position)?
            };
            if is_new {
                plan.read(i, begin_of(i));
            } else if how == Match::Full
                && let Some(from) = self.goes_on(&all, i, ours, position)?
            {
                plan.read(i, from);
            }
            self.let_go(i, plan.spans.len());
        }
        plan.leave_out(&self.copies(&all, &plan.whole(), Some(ours), stream)?);
        if ours < all.len() && self.live.is_some() {
            let mut from = begin_of(usize::MAX).max(self.live_from(&all, &plan.whole())?);
            // Somebody put what was rotated, or the beginning of it, before what was written since.
            if how == Match::Full && in_live && (stream.last_time > 0 || position.counted >= TELLING) {
                let its = self.parts_from(&all, position, ours, usize::MAX)?;
                from = from.max(its.unwrap_or(self.live.as_ref().map_or(0, |live| live.size)));
            }
            plan.read(usize::MAX, from);
        }
        Ok(plan)
    }

    /// Is there a packed rotation that was written to after `position` was left, so that it may be the file of `position`?
    /// Where the directory cannot be read, there is none: the live file alone can be read then.
    fn was_rotated_since(&mut self, stream: &Stream, position: &Position) -> bool {
        // Every query asks. Where nothing was made, renamed or removed beside the live file since, nothing has to be listed.
        let beside = self.live.as_ref().and_then(|live| live.real().parent());
        let written = beside.and_then(|dir| std::fs::metadata(dir).ok()).map(|meta| mtime(&meta));
        if written.is_some_and(|written| written < position.mtime) {
            return false;
        }
        let all = self.siblings().unwrap_or_default();
        let may_be_it =
            |s: &Sibling| s.is_sure() && s.compression.is_packed() && s.entry.mtime >= position.mtime;
        tells(position, stream) && all.iter().any(may_be_it)
    }

    /// Is a rotated file the one of `position` as well, with lines that the live file has not? Every file of some
    /// programs begins with the same line, and only that was counted.
    fn has_its_twin(&mut self, position: &Position) -> Try<bool> {
        let all = self.siblings()?;
        match self.find(&all, position, None)? {
            Some((i, Match::Full)) => {
                let is_rotation = |s: &Sibling| s.is_sure() && self.may_have_more(i, s, position);
                Ok(all.get(i).is_some_and(is_rotation) && !self.is_copy_of_live(i)?)
            }
            _ => Ok(false),
        }
    }

    /// The live file from its beginning or its end; what was rotated before is not ours. But where the log takes another's
    /// place, what was written to the rotated ones since that one ended is ours too.
    fn first_sight(&mut self, stream: &Stream) -> Try<CatchUp> {
        let from_end = stream.from_end;
        let all = self.siblings()?;
        if stream.known_to > 0 && !from_end {
            let path = self.live.as_ref().map(Open::real_path).unwrap_or_default();
            let ended = before_all(stream.known_to.saturating_mul(SECOND), path);
            let known = Stream { last_time: stream.known_to, last_lines: u64::MAX, ..stream.clone() };
            let new = self.written_since(&all, &known, &ended)?;
            if !new.is_empty() {
                let mut plan = CatchUp { position: Some(ended), ..CatchUp::default() };
                new.iter().for_each(|&i| plan.read(i, 0));
                if self.live.is_some() {
                    let from = self.live_from(&all, &new)?;
                    plan.read(usize::MAX, from);
                }
                return Ok(plan);
            }
        }
        let sure = || all.iter().enumerate().filter(|(_, s)| s.is_sure() && !s.is_ambiguous());
        let last = sure().map(|(_, s)| s.entry.mtime).max().unwrap_or(i64::MIN);
        let path = self.live.as_ref().map(Open::real_path).unwrap_or_default();
        let mut plan = CatchUp { position: Some(before_all(last, path)), ..CatchUp::default() };
        // Its writer may have the youngest of them still open: what comes to it from now on is ours.
        if let Some((i, youngest)) = sure().next_back()
            && youngest.entry.mtime == last
            && let Some(end) = self.end_of(i, youngest)?
        {
            plan.position = Some(end);
        }
        if let Some(live) = &self.live {
            let from = if from_end { live.last_line_end()? } else { 0 };
            plan.read(usize::MAX, from);
        }
        Ok(plan)
    }

    /// The present end of a sibling. `None`: it is empty, packed, a copy of the live file, or may not be read.
    fn end_of(&mut self, i: usize, sibling: &Sibling) -> Try<Option<Position>> {
        match self.open(i, sibling).map(drop) {
            Err(Trouble::Changed) => Err(Trouble::Changed),
            Err(Trouble::Failed(_)) => Ok(None),
            Ok(()) if self.is_copy_of_live(i)? => Ok(None),
            Ok(()) => Ok(self.held(i).map(Open::whole).transpose()?.flatten()),
        }
    }

    /// No file is ours by its content: what is to be read of the siblings that were written to after ours was read, and
    /// of the live file, goes by the times of their lines.
    /// `old`: the sibling that has its old text.
    fn by_time(&mut self, stream: &Stream, position: &Position, old: Option<usize>) -> Try<CatchUp> {
        let before_all = before_all(position.mtime, position.path.clone());
        let mut plan = CatchUp { position: Some(before_all), is_by_time: true, ..CatchUp::default() };
        let all = self.siblings()?;
        if self.names_begin_anew(&all, usize::MAX, stream, position)? {
            return Ok(plan);
        }
        let mut search = Search::new(stream, position, self.log.clock);
        let mut new = self.written_since(&all, stream, position)?;
        self.sort_by_lines(&all, &mut new)?;
        for i in new {
            let Some(sibling) = all.get(i) else { continue };
            let (from, is_exact) = search.place(self.open(i, sibling)?, false)?;
            if is_exact {
                plan.spans.clear();
            }
            plan.read(i, from);
            self.let_go(i, plan.spans.len());
        }
        if let Some(live) = &self.live {
            let (from, is_exact) = search.place(live, true)?;
            if is_exact {
                plan.spans.clear();
            }
            let from = from.max(self.live_from(&all, &plan.whole())?);
            plan.read(usize::MAX, from);
        }
        let old = old.and_then(|i| all.get(i).map(|sibling| (i, sibling)));
        if let Some((i, sibling)) = old
            && sibling.entry.file == position.file
        {
            plan.left = self.open(i, sibling)?.whole()?;
        }
        let where_it_is = match old {
            Some((_, old)) => format!("its old text stands in {}", old.path.display()),
            None => self.places(),
        };
        plan.lost = search.sentence(self.log.path).map(|text| format!("{text}; {where_it_is}"));
        Ok(plan)
    }

    /// The siblings that were written to after the file of `position` was read, the oldest first.
    fn written_since(&mut self, all: &[Sibling], stream: &Stream, position: &Position) -> Try<Vec<usize>> {
        let is_mixed = all.iter().zip(all.iter().skip(1)).any(|(a, b)| a.is_younger(b).is_none());
        let mut new = Vec::new();
        for (i, sibling) in all.iter().enumerate() {
            let is_new = if sibling.is_sure() {
                was_written_after(sibling, position, stream)
                    && !is_packed_since(all, sibling, position, stream)
                    && self.is_another(i, sibling, stream, position)?
                    && (!is_mixed || is_at(sibling, position) || self.has_later_lines(i, stream)?)
                    && !(sibling.is_ambiguous() && self.is_beside_live(i)?)
            } else {
                self.is_rotation(all, i, stream, position)?
            };
            if is_new {
                new.push(i);
            }
            self.let_go(i, new.len());
        }
        let copies = self.copies(all, &new, None, stream)?;
        new.retain(|i| !copies.contains(i));
        Ok(new)
    }
}

//! Which of the siblings is the file that was being read, by its content.
use std::cmp::Reverse;

use super::catch_up::{SECOND, Trouble, Try};
use super::content::{Match, Open};
use super::look::Look;
use super::siblings::Sibling;
use crate::error::Result;
use crate::ledger::Position;

/// Is it the file of `position`, and was it not written to since? The time of a packed file may have lost its
/// fraction.
pub(super) fn is_as_it_was(sibling: &Sibling, position: &Position) -> bool {
    let lost = if sibling.compression.is_packed() { SECOND } else { 1 };
    sibling.entry.file == position.file
        && (0..lost).contains(&position.mtime.saturating_sub(sibling.entry.mtime))
}

/// Has `open`, which has the content of `position`, that of the file before it as well, if there is one, and more of that?
/// Where an editor made ours of the other one, ours too begins as that did.
fn is_the_one_before(open: &Open, position: &Position, before: Option<&Position>) -> Result<bool> {
    let Some(before) = before else { return Ok(false) };
    let may_be_it = open.id == before.file || before.counted > position.counted;
    Ok(may_be_it && open.matches(before)? == Match::Full)
}

impl Look<'_> {
    /// The sibling that is `position`'s file: of several the one whose name says that it is a rotation, else the longest.
    /// The file of `before` begins in the same way where an editor made ours of it.
    pub(super) fn find(
        &mut self,
        all: &[Sibling],
        position: &Position,
        before: Option<&Position>,
    ) -> Try<Option<(usize, Match)>> {
        let hinted = all.iter().position(|s| s.entry.file == position.file);
        if let Some(i) = hinted
            && let Some(sibling) = all.get(i)
            && sibling.compression.is_packed()
            && is_as_it_was(sibling, position)
            && !self.is_followed(all, i)
        {
            // An archive that was read to its end.
            return Ok(Some((i, Match::Short)));
        }
        let (sure, others): (Vec<usize>, Vec<usize>) =
            (0..all.len()).rev().partition(|&i| all.get(i).is_some_and(Sibling::is_sure));
        let mut short = None;
        let mut hinted_is_full = false;
        let mut all_full: Vec<usize> = Vec::new();
        for i in hinted.into_iter().chain(sure).chain(others) {
            let Some(sibling) = all.get(i) else { continue };
            let is_needed = self.held(i).is_some();
            // Ours was written to when it was read, and no program that packs or copies makes that older.
            let is_older = sibling.entry.mtime.saturating_add(SECOND) < position.mtime;
            let is_hinted = hinted == Some(i);
            // A name that says that it is a rotation is believed. Somebody may have copied ours under one, but not before we
            // read it.
            let is_found = all_full.iter().any(|&k| all.get(k).is_some_and(Sibling::is_sure));
            if is_found && (!sibling.is_sure() || is_older) {
                continue;
            }
            self.looked.insert(sibling.path.display().to_string());
            let may_fail = is_found || is_older || !(sibling.is_sure() || is_hinted);
            let open = match self.open(i, sibling) {
                Err(Trouble::Failed(_)) if may_fail => continue,
                other => other?,
            };
            let matches = match open.matches(position) {
                Ok(Match::Full) if !is_hinted && is_the_one_before(open, position, before)? => Match::No,
                // An archive that is being made stands beside what it is made of.
                Err(_) if is_found || !(sibling.is_sure() || is_hinted) => Match::No,
                other => other?,
            };
            match matches {
                Match::Full if sibling.is_sure() && is_hinted => {
                    let older = self.older_one(all, i, position, before)?;
                    return Ok(Some((older.unwrap_or(i), Match::Full)));
                }
                // An editor keeps the file itself under another name (`sed -i.bak`), and what it makes anew is gone on with
                // and rotated: a rotation that has more is ours then, but no other file is.
                Match::Full if sibling.is_sure() || is_hinted || !hinted_is_full => {
                    hinted_is_full |= is_hinted;
                    all_full.push(i);
                }
                Match::Full => {}
                // A copy that was made before tells nothing.
                Match::Short if sibling.is_sure() => short = short.or(Some((i, Match::Short))),
                // There may be thousands of them: not all are held open.
                Match::Short | Match::No if !is_needed => self.close(i),
                Match::Short | Match::No => {}
            }
        }
        let ours = match all_full[..] {
            [only] => Some(only),
            _ => self.best_of(all, &all_full, position, hinted)?,
        };
        let Some(ours) = ours else { return Ok(short) };
        let older = self.older_one(all, ours, position, before)?;
        Ok(Some((older.unwrap_or(ours), Match::Full)))
    }

    /// The oldest rotation before the one of number `i` that was written to since `position` was left, has its content as
    /// well, and has lines that the one of number `i` has not: a copy of ours was put in the place of the log, and was rotated
    /// after it. It may have got the number of the inode of ours, which was packed.
    fn older_one(
        &mut self,
        all: &[Sibling],
        i: usize,
        position: &Position,
        before: Option<&Position>,
    ) -> Try<Option<usize>> {
        let Some(sibling) = all.get(i) else { return Ok(None) };
        for (k, other) in all.iter().enumerate() {
            if other.is_younger(sibling) != Some(false) || k == i || other.entry.mtime < position.mtime {
                continue;
            }
            let was_open = self.held(k).is_some();
            let is_it = match self.open(k, other) {
                Err(Trouble::Failed(_)) => false,
                other => {
                    let open = other?;
                    open.matches(position)? == Match::Full && !is_the_one_before(open, position, before)?
                }
            };
            if is_it && self.parts_from(all, position, i, k)?.is_some() {
                return Ok(Some(k));
            }
            if !was_open {
                self.close(k);
            }
        }
        Ok(None)
    }

    /// Of the siblings of the numbers `full`, which all have the content of `position`: one that may have more, one with
    /// the name of a rotation, the longest, the file itself, the oldest, because a copy is younger. What stands first in this
    /// list decides.
    fn best_of(
        &mut self,
        all: &[Sibling],
        full: &[usize],
        position: &Position,
        hinted: Option<usize>,
    ) -> Try<Option<usize>> {
        let mut best = None;
        for &i in full {
            let Some(sibling) = all.get(i) else { continue };
            let length = self.open(i, sibling)?.end()?.map_or(0, |end| end.counted);
            let may_have_more = self.may_have_more(i, sibling, position);
            let age = Reverse((sibling.entry.mtime, i));
            best = best.max(Some((may_have_more, sibling.is_sure(), length, hinted == Some(i), age)));
        }
        Ok(best.map(|(.., Reverse((_, i)))| i))
    }

    /// May the open sibling of number `i` have lines that were not there when `position` was left? A copy that was made
    /// before that may have lines behind the position too, if ours lost its end.
    pub(super) fn may_have_more(&self, i: usize, sibling: &Sibling, position: &Position) -> bool {
        let compression = self.held(i).map_or(sibling.compression, |open| open.compression);
        // A program that restores files may keep but the seconds of their times.
        let lost = if sibling.entry.mtime % SECOND == 0 { SECOND - 1 } else { 0 };
        sibling.entry.file == position.file
            || compression.is_packed()
            || sibling.entry.mtime.saturating_add(lost) >= position.mtime
    }
}

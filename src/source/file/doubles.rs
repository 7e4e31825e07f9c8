//! What stands in two files at once, though nothing in their names says so: a copy that somebody made of a log under the
//! name of a rotation (`cp -p mail.log mail.log-20261129`), and a log that its writer goes on with under the name that
//! an editor gave it (`mail.log~`), beside the copy of it that has the live name.
use std::collections::{BTreeMap, BTreeSet};

use super::alike::{equal_until, shared_until};
use super::by_time::{Search, limit};
use super::catch_up::{Trouble, Try};
use super::content::{Match, Open};
use super::look::Look;
use super::siblings::Sibling;
use super::times::Stamps;
use crate::ledger::{Position, Stream};

/// A file of at least this number of bytes can be the beginning of another one only if it was copied from that; shorter
/// ones only if their lines have a time.
pub const TELLING: u64 = 256;

impl Look<'_> {
    /// The numbers of those siblings in `new` that have the beginning of another file as their content: of another
    /// one in `new`, of the sibling `ours` or of the live file. Of two equal files the younger one is taken for the
    /// copy.
    pub fn copies(
        &mut self,
        all: &[Sibling],
        new: &[usize],
        ours: Option<usize>,
        stream: &Stream,
    ) -> Try<BTreeSet<usize>> {
        // Most files have a first line of their own, and only those that have it in common are compared.
        let mut by_first_line: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (n, &i) in new.iter().chain(&ours).enumerate() {
            let Some(sibling) = all.get(i) else { continue };
            let first = self.open(i, sibling)?.first_lines().next().map(<[u8]>::to_vec);
            if let Some(first) = first {
                by_first_line.entry(first).or_default().push(i);
            }
            self.let_go(i, n);
        }
        let mut copies = BTreeSet::new();
        for &i in new {
            if self.is_copy_of_a_known_one(all, i, new, ours, stream)? {
                copies.insert(i);
            }
        }
        for (first, group) in &by_first_line {
            let is_in_live = self.live.as_ref().is_some_and(|live| live.first_lines().next() == Some(first));
            if group.len() < 2 && !is_in_live {
                continue;
            }
            for (n, &i) in group.iter().enumerate().filter(|(_, i)| Some(**i) != ours) {
                if self.is_beginning_of_another(all, i, group, &copies)? {
                    copies.insert(i);
                }
                self.let_go(i, n);
            }
        }
        Ok(copies)
    }

    /// Is the sibling of number `i` a copy of a rotation that is not to be read, because it was counted long ago? A rotation
    /// that ends later than what was counted was not: it is left out because it is a copy itself.
    fn is_copy_of_a_known_one(
        &mut self,
        all: &[Sibling],
        i: usize,
        new: &[usize],
        ours: Option<usize>,
        stream: &Stream,
    ) -> Try<bool> {
        let Some(sibling) = all.get(i).filter(|s| !s.compression.is_packed()) else { return Ok(false) };
        // The size spares most of them from being opened.
        let may_be_it = |k: usize, s: &Sibling| {
            s.is_sure()
                && !s.compression.is_packed()
                && s.entry.size == sibling.entry.size
                && s.entry.mtime < sibling.entry.mtime
                && ours != Some(k)
                && !new.contains(&k)
        };
        let known: Vec<usize> =
            (0..all.len()).filter(|&k| all.get(k).is_some_and(|s| may_be_it(k, s))).collect();
        if known.is_empty() {
            return Ok(false);
        }
        let clock = self.log.clock;
        let open = self.open(i, sibling)?;
        let Some(end) = open.end()? else { return Ok(false) };
        if end.counted < TELLING && open.times(clock)?.is_none() {
            return Ok(false);
        }
        for k in known {
            let Some(other) = all.get(k) else { continue };
            let was_open = self.held(k).is_some();
            let is_it = match self.open(k, other) {
                Err(Trouble::Failed(_)) => false,
                other => {
                    let other = other?;
                    let has_later = |stamps: Stamps| stamps.times.1 > limit(stream);
                    other.matches(&end)? == Match::Full && !other.stamps(clock)?.is_some_and(has_later)
                }
            };
            if !was_open {
                self.close(k);
            }
            if is_it {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The place from which on the live file has lines that stand in none of the siblings `new`, which are read from
    /// their beginning.
    pub fn live_from(&mut self, all: &[Sibling], new: &[usize]) -> Try<u64> {
        let Some(end) = self.live.as_ref().map(Open::whole).transpose()?.flatten() else { return Ok(0) };
        let clock = self.log.clock;
        let mut from = 0;
        for (n, &i) in new.iter().enumerate() {
            let Some(sibling) = all.get(i) else { continue };
            let begins_so = match (self.held(i), &self.live) {
                (Some(open), Some(live)) => open.first_lines().next() == live.first_lines().next(),
                _ => true,
            };
            if !begins_so {
                continue;
            }
            let open = self.open(i, sibling)?;
            if !sibling.is_sure() && open.matches(&end)? == Match::Full {
                return Ok(end.counted);
            }
            // An older copy of what was rotated, put in the place of the live file.
            if open.times(clock)?.is_some()
                && let (Some(open), Some(live)) = (self.held(i), &self.live)
            {
                let shared = equal_until(open, live, 0)?;
                from = from.max(if shared >= TELLING { shared } else { 0 });
            }
            self.let_go(i, n);
        }
        Ok(from)
    }

    fn is_beginning_of_another(
        &mut self,
        all: &[Sibling],
        i: usize,
        group: &[usize],
        copies: &BTreeSet<usize>,
    ) -> Try<bool> {
        let Some(sibling) = all.get(i) else { return Ok(false) };
        let clock = self.log.clock;
        let open = self.open(i, sibling)?;
        let Some(end) = open.end()? else { return Ok(false) };
        if end.counted < TELLING && open.times(clock)?.is_none() {
            return Ok(false);
        }
        if self.live.as_ref().map(|live| live.matches(&end)).transpose()? == Some(Match::Full) {
            return Ok(true);
        }
        for &k in group.iter().filter(|k| **k != i && !copies.contains(k)) {
            let Some(other) = all.get(k) else { continue };
            let other = self.open(k, other)?;
            // Of two equal ones the older one is no copy.
            if other.matches(&end)? == Match::Full
                && (k < i || other.end()?.is_some_and(|its| its.counted > end.counted))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The sibling other than `ours` that is the file of `position` itself, whatever it is called. An editor gave it another
    /// name, and made ours of it.
    pub fn own_file(&mut self, all: &[Sibling], position: &Position, ours: usize) -> Try<Option<usize>> {
        let is_it = |s: &Sibling| {
            s.entry.file == position.file
                && !s.compression.is_packed()
                && s.entry.size >= position.counted
                && position.counted > 0
        };
        let our = all.get(ours);
        if our.is_some_and(|our| our.entry.file == position.file) {
            return Ok(None);
        }
        // A younger rotation only has got the number of its inode.
        let is_it = |s: &Sibling| is_it(s) && our.and_then(|our| s.is_younger(our)) != Some(true);
        let Some((i, sibling)) = all.iter().enumerate().find(|(_, s)| is_it(s)) else {
            let stray = self.list_all(true)?.into_iter().find(is_it);
            if let Some(stray) = stray
                && self.open_new(&stray)?.matches(position)? == Match::Full
            {
                // It has a number once the siblings are listed again.
                self.strays.push(stray.path);
            }
            return Ok(None);
        };
        Ok((self.open(i, sibling)?.matches(position)? == Match::Full).then_some(i))
    }

    /// Does the file of number `old`, which has the content of `position`, hold lines that the file of number `new`, which
    /// somebody made of it, does not hold? Its writer may not have noticed that it got another name. Gives the place from
    /// which on the new file has lines of its own. The live file has the number that no sibling has.
    pub fn written_on(
        &mut self,
        all: &[Sibling],
        stream: &Stream,
        position: &Position,
        old: usize,
        new: usize,
    ) -> Try<Option<u64>> {
        for i in [old, new] {
            if let Some(sibling) = all.get(i) {
                self.open(i, sibling)?;
            }
        }
        let new = if new < all.len() { self.held(new) } else { self.live.as_ref() };
        let (Some(old), Some(new)) = (self.held(old), new) else { return Ok(None) };
        if position.counted == 0 || old.matches(position)? != Match::Full {
            return Ok(None);
        }
        let clock = self.log.clock;
        let known = match new.matches(position)? {
            Match::Full => position.counted,
            _ => Search::new(stream, position, clock).place(new, true)?.0,
        };
        let (shared, has_last) = shared_until(old, position.counted, new, known, clock)?;
        // What it has was there when the other one was made of it.
        Ok((!has_last).then_some(shared.max(known)))
    }

    /// From where on the file of number `other`, which has the content of `position` as well, has lines that do not stand in
    /// the file of number `ours`. `None`: it has none. The live file has the number that no sibling has.
    pub fn parts_from(
        &mut self,
        all: &[Sibling],
        position: &Position,
        ours: usize,
        other: usize,
    ) -> Try<Option<u64>> {
        for i in [ours, other] {
            if let Some(sibling) = all.get(i) {
                self.open(i, sibling)?;
            }
        }
        let other = if other < all.len() { self.held(other) } else { self.live.as_ref() };
        let (Some(ours), Some(other)) = (self.held(ours), other) else { return Ok(None) };
        let from = equal_until(ours, other, position.counted)?;
        Ok(other.end()?.is_some_and(|end| end.counted > from).then_some(from))
    }
}

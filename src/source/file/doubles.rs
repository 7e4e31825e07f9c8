//! What stands in two files at once, though nothing in their names says so: a copy that somebody made of a log under the
//! name of a rotation (`cp -p mail.log mail.log-20261129`), and a log that its writer goes on with under the name that
//! an editor gave it (`mail.log~`), beside the copy of it that has the live name.
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::by_time::Search;
use super::catch_up::Try;
use super::content::{Match, Open};
use super::look::Look;
use super::siblings::Sibling;
use crate::error::{At, Result};
use crate::ledger::{Position, Stream};

/// A file of at least this number of bytes can be the beginning of another one only if it was copied from that; shorter
/// ones only if their lines have a time.
pub(super) const TELLING: u64 = 256;

/// A file that is still being written to under another name.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenOn {
    /// The sibling's number.
    pub sibling: usize,
    /// From where on the file that the editor made has lines that are not in it.
    pub from: u64,
}

impl Look<'_> {
    /// The numbers of those siblings in `new` that have the beginning of another file as their content: of another
    /// one in `new`, of the sibling `ours` or of the live file. Of two equal files the younger one is taken for the
    /// copy.
    pub fn copies(&mut self, all: &[Sibling], new: &[usize], ours: Option<usize>) -> Try<BTreeSet<usize>> {
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

    /// The place from which on the live file has lines that stand in none of the siblings `new`, which are read from
    /// their beginning.
    pub fn live_from(&mut self, all: &[Sibling], new: &[usize]) -> Try<u64> {
        let Some(end) = self.live.as_ref().map(Open::whole).transpose()?.flatten() else { return Ok(0) };
        for &i in new {
            if let Some(sibling) = all.get(i)
                && !sibling.is_sure()
                && self.open(i, sibling)?.matches(&end)? == Match::Full
            {
                return Ok(end.counted);
            }
        }
        Ok(0)
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

    /// The file of `position`, where an editor gave it another name and its writer did not notice: it holds lines that the
    /// file of number `new`, which the editor made of it, does not hold. The live file has the number that no sibling has.
    pub fn written_on(
        &mut self,
        all: &[Sibling],
        stream: &Stream,
        position: &Position,
        new: usize,
    ) -> Try<Option<WrittenOn>> {
        let is_it = |s: &Sibling| {
            s.entry.file == position.file
                && !s.is_sure()
                && !s.compression.is_packed()
                && s.entry.size > position.counted
        };
        let Some((i, sibling)) = all.iter().enumerate().find(|(i, s)| *i != new && is_it(s)) else {
            return Ok(None);
        };
        if position.counted == 0 || self.open(i, sibling)?.matches(position)? != Match::Full {
            return Ok(None);
        }
        if let Some(new_sibling) = all.get(new) {
            self.open(new, new_sibling)?;
        }
        let new = if new < all.len() { self.held(new) } else { self.live.as_ref() };
        let (Some(old), Some(new)) = (self.held(i), new) else { return Ok(None) };
        let known = match new.matches(position)? {
            Match::Full => position.counted,
            _ => Search::new(stream, position, self.log.clock).place(new, true)?.0,
        };
        let (shared, has_last) = shared_until(old, position.counted, new)?;
        // What it has was there when the editor made the other one of it.
        Ok((!has_last).then_some(WrittenOn { sibling: i, from: shared.max(known) }))
    }
}

/// Where the last line ends in `new` that stands in `old` after `from`, and is it the last one there?
fn shared_until(old: &Open, from: u64, new: &Open) -> Result<(u64, bool)> {
    let hasher = RandomState::new();
    let (mut lines, mut last) = (HashSet::new(), None);
    old.walk_from(from, old.length()?, |line| {
        if line.terminated {
            last = Some(hasher.hash_one(line.text));
            lines.extend(last);
        }
    })
    .at("read", &old.path)?;
    let (mut until, mut has_last) = (0, last.is_none());
    new.walk_from(0, new.length()?, |line| {
        let hash = hasher.hash_one(line.text);
        if line.terminated && lines.contains(&hash) {
            until = line.end;
            has_last |= Some(hash) == last;
        }
    })
    .at("read", &new.path)?;
    Ok((until, has_last))
}

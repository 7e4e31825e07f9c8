//! Who has still to read what.
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::compressed::Compression;
use super::content::{Match, Open, before_all};
use super::siblings::{self, Sibling};
use crate::error::{Error, Result};
use crate::source::opener::{Opener, most_held};
use crate::store::ledger::{Position, Stream};

use super::Reached;

/// bzip2(1) keeps times without their fraction (nanoseconds).
const SECOND: i64 = 1_000_000_000;

/// A part of a file: from a place to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Which file: while planning, the sibling's number; then its number in the snapshot.
    file: usize,
    /// From where on, in bytes of what it held before compression.
    from: u64,
    /// Is it the growth of the file before ours?
    is_before: bool,
}

/// What one stream has still to read, and where it stands afterwards.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// A sentence for stderr: lines may be lost, and why.
    pub lost: Option<String>,
    spans: Vec<Span>,
    /// Where the stream stands if no span has anything.
    position: Option<Position>,
    before: Option<Position>,
}

/// Why a look was no good.
pub(super) enum Trouble {
    /// Somebody rotates at this moment.
    Changed,
    Failed(Error),
}

impl From<Error> for Trouble {
    fn from(e: Error) -> Trouble {
        Trouble::Failed(e)
    }
}

type Try<T> = std::result::Result<T, Trouble>;

impl Plan {
    /// From where on the snapshot's file of this number is read. `None`: not at all.
    pub fn from(&self, file: usize) -> Option<u64> {
        self.spans.iter().find(|s| s.file == file).map(|s| s.from)
    }

    /// Where the stream stands after `files` were read up to `ends`: in the last file that has a line that is counted.
    /// A rotated file may still grow, since its writer has it open until it is told.
    pub(super) fn reached(&self, files: &[Open], ends: &[Option<Position>]) -> Reached {
        let (mut position, mut before) = (self.position.clone(), self.before.clone());
        // An archive does not grow any more.
        let grows = |span: &Span| files.get(span.file).is_some_and(|f| !f.compression.is_packed());
        let mut may_grow = true;
        for span in &self.spans {
            let end = ends.get(span.file).and_then(Option::as_ref);
            let Some(end) = end.filter(|end| end.counted >= span.from.max(1)) else { continue };
            if span.is_before {
                before = Some(end.clone()).filter(|_| grows(span));
                continue;
            }
            if span.from == 0 {
                before = position.filter(|p| p.counted > 0 && may_grow);
            }
            may_grow = grows(span);
            position = Some(end.clone());
        }
        Reached { position, before }
    }
}

/// One look at the live file and its siblings, and the plans by it.
pub(super) fn attempt(
    path: &Path,
    olddir: Option<&Path>,
    streams: &[&Stream],
    opener: &dyn Opener,
) -> Try<(Vec<Open>, Vec<Plan>)> {
    let mut look = Look {
        path,
        olddir,
        opener,
        most_held: most_held(1),
        live: open_live(path, opener)?,
        siblings: None,
        opened: vec![],
    };
    let mut plans = Vec::new();
    for stream in streams {
        plans.push(look.plan(stream)?);
    }
    look.unchanged()?;
    look.finish(plans)
}

fn open_live(path: &Path, opener: &dyn Opener) -> Result<Option<Open>> {
    let file = opener.open(path).map_err(|e| unreadable("open", path, &e))?;
    file.map(|file| Open::new(path, file, Compression::None)).transpose()
}

fn unreadable(action: &'static str, path: &Path, e: &io::Error) -> Error {
    if e.kind() != io::ErrorKind::PermissionDenied {
        return Error::Io { action, path: path.to_owned(), source: io::Error::new(e.kind(), e.to_string()) };
    }
    Error::Message(format!(
        "{}: cannot {action}: Permission denied; add the user to the group that may read it (often adm), or run `maillogs update` as root",
        path.display()
    ))
}

struct Look<'a> {
    path: &'a Path,
    olddir: Option<&'a Path>,
    opener: &'a dyn Opener,
    most_held: usize,
    live: Option<Open>,
    /// The oldest first; `None`: nobody asked yet.
    siblings: Option<Vec<Sibling>>,
    /// Those of the siblings that are open. The number after the last sibling's is the live file's.
    opened: Vec<Option<Open>>,
}

impl Look<'_> {
    fn directories(&self) -> Vec<(PathBuf, bool)> {
        let parent = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut all = vec![(parent.to_owned(), true)];
        for (dir, is_named) in
            [(self.olddir, true), (Some(Path::new("old")), false), (Some(Path::new("OLD")), false)]
        {
            if let Some(dir) = dir.map(|d| parent.join(d))
                && !all.iter().any(|(known, _)| *known == dir)
            {
                all.push((dir, is_named));
            }
        }
        all
    }

    fn list(&self) -> Result<Vec<Sibling>> {
        let name = self.path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let mut all = Vec::new();
        for (dir, is_named) in self.directories() {
            match self.opener.list(&dir, &|found| siblings::is_sibling(name, found)) {
                Ok(entries) => all.extend(siblings::of(name, &dir, entries)),
                // Nobody said that rotated files are there; it may be a link that somebody planted.
                Err(e)
                    if !is_named
                        && matches!(
                            e.kind(),
                            io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
                        ) => {}
                Err(e) => return Err(unreadable("read", &dir, &e)),
            }
        }
        // Where the live name is a link to a file with a date, that file is the live one.
        let live = self.live.as_ref().map(|l| l.id);
        all.retain(|s| Some(s.entry.file) != live);
        Ok(siblings::in_order(all))
    }

    fn siblings(&mut self) -> Result<Vec<Sibling>> {
        if self.siblings.is_none() {
            let list = self.list()?;
            self.opened = list.iter().map(|_| None).collect();
            self.siblings = Some(list);
        }
        Ok(self.siblings.clone().unwrap_or_default())
    }

    /// The open sibling of number `i`.
    fn open(&mut self, i: usize, sibling: &Sibling) -> Try<&Open> {
        let slot = self.opened.get_mut(i).ok_or(Trouble::Changed)?;
        if !slot.as_ref().is_some_and(Open::is_held) {
            let file = self.opener.open(&sibling.path).map_err(|e| unreadable("open", &sibling.path, &e))?;
            let file = Open::new(&sibling.path, file.ok_or(Trouble::Changed)?, sibling.compression)?;
            if file.id != sibling.entry.file {
                return Err(Trouble::Changed);
            }
            *slot = Some(file);
        }
        slot.as_ref().ok_or(Trouble::Changed)
    }

    fn close(&mut self, i: usize) {
        if let Some(slot) = self.opened.get_mut(i) {
            *slot = None;
        }
    }

    /// After a long time without us there may be thousands of files to read: of those that `plan` needs only some are
    /// held open, the others are opened again when they are read.
    fn bound(&mut self, i: usize, plan: &Plan) {
        if plan.spans.len() > self.most_held
            && let Some(Some(open)) = self.opened.get_mut(i)
        {
            open.close(self.opener);
        }
    }

    fn plan(&mut self, stream: &Stream) -> Try<Plan> {
        let Some(position) = &stream.position else { return self.first_sight(stream.from_end) };
        if position.counted == 0 {
            return self.younger_than(position, None);
        }
        let is_live = match &self.live {
            Some(live) if live.matches(position)? == Match::Full => {
                live.id == position.file || !self.has_its_twin(position)?
            }
            _ => false,
        };
        if is_live && stream.before.is_none() {
            return Ok(Plan {
                spans: vec![Span { file: usize::MAX, from: position.counted, is_before: false }],
                position: Some(position.clone()),
                ..Plan::default()
            });
        }
        let all = self.siblings()?;
        let found = if is_live { Some((all.len(), Match::Full)) } else { self.find(&all, position)? };
        let Some((ours, how)) = found else {
            if self.live.is_none() {
                // In the middle of a rotation, or its disk is not mounted: it will come.
                let (position, before) = (stream.position.clone(), stream.before.clone());
                return Ok(Plan { position, before, ..Plan::default() });
            }
            return self.younger_than(position, Some(self.gone(position)));
        };
        let mut plan = Plan { position: Some(position.clone()), ..Plan::default() };
        if let Some(before) = &stream.before {
            (plan.before, plan.spans) = self.growth(&all, before, ours)?;
        }
        if how == Match::Full {
            plan.spans.push(Span { file: self.number(ours), from: position.counted, is_before: false });
        } else if let Some(sibling) = all.get(ours).filter(|s| s.entry.file != position.file) {
            plan.lost = self.open(ours, sibling)?.damage_before(position.counted)?;
        }
        for (i, sibling) in all.iter().enumerate().skip(ours + 1) {
            // A further copy of ours is not younger.
            if self.open(i, sibling)?.matches(position)? != Match::Full && !self.is_copy_of_live(i)? {
                plan.spans.push(Span { file: i, from: 0, is_before: false });
            }
            self.bound(i, &plan);
        }
        if ours < all.len() && self.live.is_some() {
            plan.spans.push(Span { file: usize::MAX, from: 0, is_before: false });
        }
        Ok(plan)
    }

    /// Is a rotated file the one of `position` as well, with lines that the live file has not? Every file of some
    /// programs begins with the same line, and only that was counted.
    fn has_its_twin(&mut self, position: &Position) -> Try<bool> {
        let all = self.siblings()?;
        match self.find(&all, position)? {
            Some((i, Match::Full)) => Ok(!self.is_copy_of_live(i)?),
            _ => Ok(false),
        }
    }

    /// The live file has the number that no sibling has.
    fn number(&self, i: usize) -> usize {
        if i < self.opened.len() { i } else { usize::MAX }
    }

    fn gone(&self, position: &Position) -> String {
        format!(
            "{}: the file of which {} bytes were counted is gone: it was truncated, or removed after a rotation; what was written to it after that is not counted",
            self.path.display(),
            position.counted
        )
    }

    /// The live file from its beginning or its end; what was rotated before is not ours.
    fn first_sight(&mut self, from_end: bool) -> Try<Plan> {
        let all = self.siblings()?;
        let last = all.iter().map(|s| s.entry.mtime).max().unwrap_or(i64::MIN);
        let mut plan = Plan { position: Some(before_all(last)), ..Plan::default() };
        // Its writer may have the youngest of them still open: what comes to it from now on is ours.
        if let Some((i, youngest)) = all.iter().enumerate().next_back()
            && youngest.entry.mtime == last
            && let Some(end) = self.end_of(i, youngest)?
        {
            plan.position = Some(end);
        }
        if let Some(live) = &self.live {
            let from = if from_end { live.last_line_end()? } else { 0 };
            plan.spans.push(Span { file: usize::MAX, from, is_before: false });
        }
        Ok(plan)
    }

    /// The present end of a sibling. `None`: it is empty, packed, a copy of the live file, or may not be read.
    fn end_of(&mut self, i: usize, sibling: &Sibling) -> Try<Option<Position>> {
        match self.open(i, sibling).map(drop) {
            Err(Trouble::Changed) => Err(Trouble::Changed),
            Err(Trouble::Failed(_)) => Ok(None),
            Ok(()) if self.is_copy_of_live(i)? => Ok(None),
            Ok(()) => match self.opened.get(i) {
                Some(Some(open)) => Ok(open.whole()?),
                _ => Ok(None),
            },
        }
    }

    /// The siblings that were written to after `position`'s file was read, and the live file, each from its beginning.
    fn younger_than(&mut self, position: &Position, lost: Option<String>) -> Try<Plan> {
        let mut plan = Plan { lost, position: Some(before_all(position.mtime)), ..Plan::default() };
        for (i, sibling) in self.siblings()?.iter().enumerate() {
            if sibling.entry.mtime > position.mtime {
                self.open(i, sibling)?;
                if !self.is_copy_of_live(i)? {
                    plan.spans.push(Span { file: i, from: 0, is_before: false });
                }
                self.bound(i, &plan);
            }
        }
        if self.live.is_some() {
            plan.spans.push(Span { file: usize::MAX, from: 0, is_before: false });
        }
        Ok(plan)
    }

    /// The sibling that is `position`'s file.
    fn find(&mut self, all: &[Sibling], position: &Position) -> Try<Option<(usize, Match)>> {
        let hinted = all.iter().position(|s| s.entry.file == position.file);
        if let Some(i) = hinted
            && let Some(sibling) = all.get(i)
            && sibling.compression.is_packed()
            && sibling.entry.mtime == position.mtime
            && !self.is_followed(all, i)
        {
            // An archive that was read to its end.
            return Ok(Some((i, Match::Short)));
        }
        let mut short = None;
        for i in hinted.into_iter().chain((0..all.len()).rev()) {
            let Some(sibling) = all.get(i) else { continue };
            let is_needed = matches!(self.opened.get(i), Some(Some(_)));
            // Ours was written to when it was read, and no program that packs or copies makes that older.
            let is_older = sibling.entry.mtime.saturating_add(SECOND) < position.mtime;
            let open = match self.open(i, sibling) {
                Err(Trouble::Failed(_)) if is_older => continue,
                other => other?,
            };
            match open.matches(position)? {
                Match::Full => return Ok(Some((i, Match::Full))),
                Match::Short => short = short.or(Some((i, Match::Short))),
                // There may be thousands of them: not all are held open.
                Match::No if !is_needed => self.close(i),
                Match::No => {}
            }
        }
        Ok(short)
    }

    /// Has the live file all that the open sibling of number `i` has? Then it is a copy, perhaps still being made, and
    /// the live name wins.
    fn is_copy_of_live(&self, i: usize) -> Result<bool> {
        let (Some(Some(sibling)), Some(live)) = (self.opened.get(i), &self.live) else { return Ok(false) };
        match sibling.whole()? {
            Some(whole) => Ok(live.matches(&whole)? == Match::Full),
            None => Ok(false),
        }
    }

    /// What was written to the file before ours since it was read: where it stands, and what is to be read of it.
    fn growth(
        &mut self,
        all: &[Sibling],
        before: &Position,
        ours: usize,
    ) -> Try<(Option<Position>, Vec<Span>)> {
        let older = all.get(..ours).unwrap_or_default();
        let hinted = older.iter().position(|s| s.entry.file == before.file);
        if let Some(entry) = hinted.and_then(|i| all.get(i)).map(|s| &s.entry)
            && entry.mtime == before.mtime
            && entry.size == before.counted
        {
            return Ok((Some(before.clone()), vec![]));
        }
        for i in hinted.into_iter().chain((0..older.len()).rev()) {
            let Some(sibling) = older.get(i) else { continue };
            if self.open(i, sibling)?.matches(before)? == Match::Full {
                return Ok((None, vec![Span { file: i, from: before.counted, is_before: true }]));
            }
        }
        Ok((None, vec![]))
    }

    /// Is there anything in a file that is younger than the sibling of number `i`?
    fn is_followed(&self, all: &[Sibling], i: usize) -> bool {
        all.iter().skip(i + 1).any(|s| s.entry.size > 0) || self.live.as_ref().is_some_and(|l| l.size > 0)
    }

    /// Was nothing renamed, removed or truncated while we looked?
    fn unchanged(&mut self) -> Try<()> {
        let Some(siblings) = &self.siblings else { return Ok(()) };
        let names = |list: &[Sibling]| -> BTreeSet<(PathBuf, (u64, u64))> {
            list.iter().map(|s| (s.path.clone(), s.entry.file)).collect()
        };
        let (was, now) = (names(siblings), names(&self.list()?));
        let live = open_live(self.path, self.opener)?;
        let same = match (&self.live, &live) {
            (Some(was), Some(now)) => was.id == now.id && was.size <= now.size,
            (None, None) => true,
            _ => false,
        };
        if same && was == now { Ok(()) } else { Err(Trouble::Changed) }
    }

    /// The files that somebody reads, the oldest first, and the plans with their numbers.
    fn finish(mut self, mut plans: Vec<Plan>) -> Try<(Vec<Open>, Vec<Plan>)> {
        let all = self.siblings.take().unwrap_or_default();
        let used: BTreeSet<usize> = plans.iter().flat_map(|p| p.spans.iter().map(|s| s.file)).collect();
        let followed: BTreeSet<usize> = (0..all.len()).filter(|&i| self.is_followed(&all, i)).collect();
        let mut files = Vec::new();
        let mut numbers = Vec::new();
        for i in used {
            let file = match self.opened.get_mut(i) {
                Some(slot) => slot.take(),
                None => self.live.take(),
            };
            let mut file = file.ok_or(Trouble::Changed)?;
            file.finished = followed.contains(&i);
            numbers.push(i);
            files.push(file);
        }
        for span in plans.iter_mut().flat_map(|p| p.spans.iter_mut()) {
            span.file = numbers.iter().position(|&n| n == span.file).unwrap_or(usize::MAX);
        }
        Ok((files, plans))
    }
}

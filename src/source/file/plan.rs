//! Who has still to read what.
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::Clock;
use super::by_time::{Search, newest};
use super::compressed::Compression;
use super::content::{Match, Open, before_all};
use super::siblings::{self, Sibling};
use crate::error::{Error, Result};
use crate::source::opener::{Opener, most_held};
use crate::store::ledger::{Position, Stream};

use super::Reached;

/// bzip2(1) keeps times without their fraction (nanoseconds).
const SECOND: i64 = 1_000_000_000;

/// So many bytes (less than a line of syslog has) tell no file from another: a log that was cut within its first stamp
/// begins as all of them do.
const SHORTEST: u64 = 32;

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
    /// Is the file that was read away at this moment, under every name?
    pub is_away: bool,
    /// Was the place found by the times of the lines? Then not all that is read need be younger than the last reading.
    is_by_time: bool,
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

    /// What is known of the lines that `stream` has still to read (unix seconds, 0: nothing): when the newest line was
    /// logged that comes before them, and after which moment they were written.
    pub fn begins_after(&self, stream: &Stream) -> (i64, i64) {
        if self.is_by_time { (newest(stream), 0) } else { (stream.last_time, stream.seen) }
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

/// Was it written to after the file of `position` was read? What was packed may have kept but the seconds of its time,
/// and the clock of files ticks every few milliseconds: where the times of the lines decide, a file too many does no
/// harm.
fn was_written_after(sibling: &Sibling, position: &Position, stream: &Stream) -> bool {
    let lost = if sibling.compression.is_packed() { SECOND } else { 0 };
    let tick = i64::from(position.counted > 0 && stream.last_time > 0);
    sibling.entry.mtime.saturating_add(lost).saturating_add(tick) > position.mtime
}

/// One look at the live file and its siblings, and the plans by it.
pub(super) fn attempt(
    path: &Path,
    olddir: Option<&Path>,
    streams: &[&Stream],
    clock: Clock,
    opener: &dyn Opener,
) -> Try<(Vec<Open>, Vec<Plan>)> {
    let live = open_live(path, opener)?;
    let most_held = most_held(1);
    let mut look = Look { path, olddir, opener, clock, most_held, live, siblings: None, opened: vec![] };
    let mut plans: Vec<Plan> = Vec::new();
    for (i, stream) in streams.iter().enumerate() {
        // Those that stand at the same place have the same to read.
        let same = streams.iter().take(i).position(|other| is_same_place(other, stream));
        let plan = match same.and_then(|same| plans.get(same)) {
            Some(plan) => plan.clone(),
            None => look.plan(stream)?,
        };
        plans.push(plan);
    }
    look.unchanged()?;
    look.finish(plans)
}

/// Is the live file or one of its siblings the one of `position`?
pub(super) fn is_there(
    path: &Path,
    olddir: Option<&Path>,
    position: &Position,
    clock: Clock,
    opener: &dyn Opener,
) -> Try<bool> {
    let live = open_live(path, opener)?;
    let most_held = most_held(1);
    let mut look = Look { path, olddir, opener, clock, most_held, live, siblings: None, opened: vec![] };
    if position.counted == 0 {
        return Ok(false);
    }
    if let Some(live) = &look.live
        && live.matches(position)? == Match::Full
    {
        return Ok(true);
    }
    let all = look.siblings()?;
    Ok(matches!(look.find(&all, position)?, Some((_, Match::Full))))
}

fn is_same_place(a: &Stream, b: &Stream) -> bool {
    let facts = |s: &Stream| (s.from_end, s.last_time, s.last_lines);
    facts(a) == facts(b) && a.position == b.position && a.before == b.before
}

fn open_live(path: &Path, opener: &dyn Opener) -> Result<Option<Open>> {
    let file = opener.open(path).map_err(|e| unreadable("open", path, &e))?;
    file.map(|file| Open::new(path, file, Compression::None)).transpose()
}

fn unreadable(action: &'static str, path: &Path, e: &io::Error) -> Error {
    if e.kind() != io::ErrorKind::PermissionDenied {
        return Error::Io { action, path: path.to_owned(), source: io::Error::new(e.kind(), e.to_string()) };
    }
    Error::Denied(format!(
        "{}: cannot {action}: Permission denied; add the user to the group that may read it (often adm), or run `maillogs update` as root",
        path.display()
    ))
}

struct Look<'a> {
    path: &'a Path,
    olddir: Option<&'a Path>,
    opener: &'a dyn Opener,
    clock: Clock,
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
            return self.by_time(stream, position);
        }
        let is_live = match &self.live {
            Some(live) if live.matches(position)? == Match::Full => {
                live.id == position.file || !self.has_its_twin(position)?
            }
            _ => false,
        };
        if !is_live && position.counted < SHORTEST && stream.last_time > 0 {
            return self.by_time(stream, position);
        }
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
                return Ok(Plan { position, before, is_away: true, ..Plan::default() });
            }
            return self.by_time(stream, position);
        };
        let mut plan = Plan { position: Some(position.clone()), ..Plan::default() };
        if let Some(before) = &stream.before {
            (plan.before, plan.spans) = self.growth(&all, stream, before, ours)?;
        }
        if how == Match::Full {
            plan.spans.push(Span { file: self.number(ours), from: position.counted, is_before: false });
        } else if let Some(sibling) = all.get(ours) {
            if sibling.entry.file != position.file {
                plan.lost = self.open(ours, sibling)?.damage_before(position.counted)?;
            }
            // It lost its end and was written to again before it was rotated.
            let is_as_it_was = (sibling.entry.file, sibling.entry.mtime) == (position.file, position.mtime);
            if !is_as_it_was && was_written_after(sibling, position, stream) {
                let mut search = Search::new(stream, position, self.clock);
                let (from, _) = search.place(self.open(ours, sibling)?, false)?;
                if search.is_sure() {
                    plan.spans.push(Span { file: ours, from, is_before: false });
                    plan.lost = search.sentence(self.path);
                    plan.is_by_time = true;
                }
            }
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

    /// No file is ours by its content: what is to be read of the siblings that were written to after ours was read, and
    /// of the live file, goes by the times of their lines.
    fn by_time(&mut self, stream: &Stream, position: &Position) -> Try<Plan> {
        let position_before = Some(before_all(position.mtime));
        let mut plan = Plan { position: position_before, is_by_time: true, ..Plan::default() };
        let mut search = Search::new(stream, position, self.clock);
        for (i, sibling) in self.siblings()?.iter().enumerate() {
            if was_written_after(sibling, position, stream) {
                self.open(i, sibling)?;
                if !self.is_copy_of_live(i)?
                    && let Some(Some(open)) = self.opened.get(i)
                {
                    let (from, is_exact) = search.place(open, false)?;
                    if is_exact {
                        plan.spans.clear();
                    }
                    plan.spans.push(Span { file: i, from, is_before: false });
                }
                self.bound(i, &plan);
            }
        }
        if let Some(live) = &self.live {
            let (from, is_exact) = search.place(live, true)?;
            if is_exact {
                plan.spans.clear();
            }
            plan.spans.push(Span { file: usize::MAX, from, is_before: false });
        }
        plan.lost = search.sentence(self.path);
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
        stream: &Stream,
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
        // Its lines were changed, by a script that anonymises for one. Of the last second of all that was counted
        // nobody knows how much stood here.
        let whole_second = Stream { last_lines: u64::MAX, ..stream.clone() };
        for (i, sibling) in
            older.iter().enumerate().rev().filter(|(_, s)| was_written_after(s, before, stream))
        {
            let mut search = Search::new(&whole_second, before, self.clock);
            let (from, _) = search.place(self.open(i, sibling)?, false)?;
            if search.is_sure() {
                return Ok((None, vec![Span { file: i, from, is_before: true }]));
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

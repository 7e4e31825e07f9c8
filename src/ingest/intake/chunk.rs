//! One chunk of a log directory.
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Intake;
use super::known::Known;
use super::pass::{Begins, Pass, Work};
use crate::disk;
use crate::error::{At, Result};
use crate::ingest::archive_plan::Kept;
use crate::ledger::{Cursor, Identity, Tail};
use crate::line::Parts;
use crate::say::warn;
use crate::source::directory::{Chunk, Role};
use crate::source::encoding;
use crate::source::identity::{growing, head, mtime, tail, whole};
use crate::source::lines::{part_by_time, walk_chunk};
use crate::source::parts::{complete_to, unfinished_before};
use crate::store::session::StateOrigin;

impl Intake {
    /// Reads a chunk from where it is counted and archived to its end.
    pub(super) fn chunk(&mut self, directory: usize, chunk: Chunk, is_pipe: bool, at: &Path) -> Result<()> {
        let path = at.join(&chunk.name);
        let now = self.how.now;
        // What is written after this moment comes next time.
        let size = chunk.file.metadata().at("look at", &path)?.len();
        if size == 0 {
            return Ok(());
        }
        let finished = chunk.role.is_finished();
        let head = head(&chunk.file, finished).at("read", &path)?;
        let labelled = head.label.is_some();
        if labelled {
            self.state.ledger.directories[directory].labelled = true;
        }
        let mut known = self.known.find(&self.state.ledger, head.label, &chunk).at("read", &path)?;
        let ledger = &self.state.ledger;
        let mut identity = head.label.map(Identity::Label);
        if identity.is_none() && finished {
            let whole = whole(&chunk.file, if is_pipe { 0 } else { mtime(&chunk.meta) }).at("read", &path)?;
            known = known.or_else(|| ledger.find(&whole));
            identity = Some(whole);
        }
        if identity.is_none() && known.is_none() && !head.complete_line {
            return Ok(()); // nothing of it can be counted yet
        }
        if self.how.force
            && chunk.role == Role::Stdin
            && let Some(old) = known.take()
        {
            self.state.ledger.cursors.remove(old);
            self.known = Known::default();
        }
        // One that was changed since it was counted has a position of its own, beside that of the others that begin so.
        let ledger = &self.state.ledger;
        let is_one_of_its_own = known
            .is_some_and(|i| matches!(ledger.cursors[i].identity, Identity::Growing { .. }))
            && head.label.is_some_and(|label| ledger.find(&Identity::Label(label)).is_some());
        if is_one_of_its_own {
            identity = None;
        }
        let mut cursor = match known {
            Some(i) => self.state.ledger.cursors[i].clone(),
            None => Cursor {
                identity: Identity::Whole { digest: [0; 16], mtime: 0 },
                counted: 0,
                archived: 0,
                finished: false,
                seen: now,
                hint: None,
                tail: None,
            },
        };
        let skip = known.is_none() && self.is_known_anyway(chunk.role);
        let mut is_changed = false;
        if known.is_none()
            && chunk.role == Role::Stdin
            && !self.how.force
            && !self.state.ledger.directories[directory].path.is_empty()
            && let Some(until) = self.how.known_until
        {
            // An update has counted those before while the chunk was `current`.
            let mut parser = self.parser(chunk.meta.mtime());
            let written = (chunk.meta.mtime(), chunk.meta.mtime_nsec());
            cursor.counted =
                part_by_time(&chunk.file, size, &mut parser, until, written).at("read", &path)?.place;
        } else if !skip && !self.how.force {
            is_changed = self
                .by_time(directory, &chunk, size, known.is_some(), &mut cursor, &path)
                .at("read", &path)?;
            if is_changed && labelled && known.take().is_some() {
                identity = None;
            }
        }
        let lines = self.lines;
        let since =
            if is_changed { 0 } else { self.written_after(directory, &chunk, &cursor, known.is_some()) };
        let encoding = self.read(directory, &chunk, size, &mut cursor, skip, since).at("read", &path)?;
        if let Some(encoding) = encoding {
            warn(format_args!("{}: {}", path.display(), encoding::sentence(encoding)));
        }
        if self.lines > lines {
            self.chunks_read.push((path.display().to_string(), self.lines - lines));
        }
        cursor.seen = now;
        // A shorter copy of it tells nothing of what stands before that place.
        if size >= cursor.counted {
            cursor.tail = Some(tail(&chunk.file, cursor.counted).at("read", &path)?);
        }
        cursor.finished |= finished;
        cursor.identity = match identity {
            Some(identity) => identity,
            None => growing(&chunk.file, &chunk.meta, cursor.counted).at("read", &path)?,
        };
        if finished && cursor.archived >= cursor.counted {
            cursor.hint = Some(chunk.hint());
        }
        let at = known.unwrap_or(self.state.ledger.cursors.len());
        self.known.note(at, &cursor.identity);
        match known {
            Some(i) => self.state.ledger.cursors[i] = cursor,
            None => self.state.ledger.cursors.push(cursor),
        }
        self.files.push(Kept::Open(chunk.file));
        Ok(())
    }

    /// Are the lines of a new chunk of this role taken as counted before? On the first run after the Perl maillogs
    /// those of an orphan are, and with a damaged state all but those on stdin.
    pub(super) fn is_known_anyway(&self, role: Role) -> bool {
        match self.how.origin {
            StateOrigin::Known | StateOrigin::First => false,
            StateOrigin::TakenOver => role == Role::Orphan,
            StateOrigin::Damaged => role != Role::Stdin,
        }
    }

    /// Counts and archives what lies beyond the two positions of `cursor`. What is to be counted was written after
    /// `since`. Returns the encoding of lines that cannot be read, if there are any.
    pub(super) fn read(
        &mut self,
        directory: usize,
        chunk: &Chunk,
        size: u64,
        cursor: &mut Cursor,
        skip: bool,
        since: i64,
    ) -> std::io::Result<Option<&'static str>> {
        let finished = chunk.role.is_finished();
        let archive = self.how.archive && chunk.role.is_archived_now() && !skip;
        let (count_from, archive_from) = (cursor.counted, cursor.archived);
        let from = if archive { count_from.min(archive_from) } else { count_from };
        if from >= size {
            cursor.archived =
                if archive { size.max(archive_from) } else { self.archived_without(chunk, cursor, skip) };
            return Ok(None);
        }
        self.new_bytes += size.saturating_sub(count_from);
        let parser = self.parser(chunk.meta.mtime());
        // A chunk that was finished and is longer now: did it end in mid-line?
        let extends = |from: u64| -> std::io::Result<bool> {
            Ok(from > 0 && from < size && cursor.finished && !ends_line(&chunk.file, from)?)
        };
        let in_a_counted_line = from == count_from && extends(count_from)?;
        let in_an_archived_line = archive && archive_from > 0 && !ends_line(&chunk.file, archive_from)?;
        let position = self.files.len();
        let mut directories = std::mem::take(&mut self.state.ledger.directories);
        let here = &mut directories[directory];
        self.deliveries = self.take_up(&mut here.open);
        self.before = here.last_time;
        let loose = here.path.is_empty();
        let mut begins = Begins {
            after: Some((here.last_time, since)),
            in_a_counted_line,
            count: (count_from == 0 && !loose).then(|| std::mem::take(&mut here.count_tail)),
            archive: (archive_from == 0 && !loose).then(|| std::mem::take(&mut here.archive_tail)),
            in_an_archived_line,
        };
        if loose && archive && archive_from == 0 {
            self.plan.end_line("", here.archive_day);
        }
        let mut parts = Parts::default();
        let mut resumed = None;
        match &mut begins.count {
            Some(tail @ Tail::Held { .. }) if tail.held().is_some_and(|text| parts.resume(text)) => {
                resumed = Some(std::mem::take(tail));
            }
            _ => parts.skip(unfinished_before(&chunk.file, from)?),
        }
        let size = if finished { size } else { complete_to(&chunk.file, from, size, parts.unfinished())? };
        let work = Work {
            intake: self,
            here,
            begins,
            count_from,
            archive_from: archive.then_some(archive_from),
            skip,
            finished,
            position,
            counted: count_from,
            is_beyond: from >= count_from,
            encoding: None,
            window: None,
        };
        let mut pass = Pass { parser, parts, work };
        let end = walk_chunk(&chunk.file, from, size, &mut pass)?;
        let Pass { mut parts, work: Work { begins, counted, encoding, .. }, .. } = pass;
        let here = &mut directories[directory];
        // A beginning that met no line (an unfinished one in `current`) waits on.
        if let Some(tail) = begins.count {
            here.count_tail = tail;
        }
        if let Some(tail) = begins.archive {
            here.archive_tail = tail;
        }
        if let Some(tail) = resumed.filter(|_| counted == count_from) {
            here.count_tail = tail;
        } else if let Some(text) = parts.take_unfinished() {
            if finished && !loose && here.count_tail == Tail::Closed {
                here.count_tail = Tail::Held { text, time: self.before, since: self.how.now };
            } else {
                let time = self.before;
                self.count_held(here, &text, time);
            }
        }
        let deliveries = std::mem::take(&mut self.deliveries);
        here.open = self.put_down(deliveries);
        self.state.ledger.directories = directories;
        cursor.counted = counted;
        cursor.archived = if archive { end } else { self.archived_without(chunk, cursor, skip) };
        Ok(encoding)
    }

    /// The new `archived` position of a chunk of which nothing is archived now.
    pub(super) fn archived_without(&self, chunk: &Chunk, cursor: &Cursor, skip: bool) -> u64 {
        let moves_with_the_count = !self.how.archive || (skip && chunk.role == Role::Orphan);
        if moves_with_the_count { cursor.counted } else { cursor.archived }
    }
}

fn ends_line(file: &File, offset: u64) -> std::io::Result<bool> {
    let mut byte = [0];
    Ok(disk::read_at(file, &mut byte, offset - 1)? == 1 && byte[0] == b'\n')
}

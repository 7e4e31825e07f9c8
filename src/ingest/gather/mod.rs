//! Reads every source of a protocol from its cursors to its end, into a new state and an archive plan.
//!
//! The same reading serves the commit and the query (which throws the plan away), so that both say
//! the same numbers.
mod archive;
mod changed;
mod known;
mod stream;
mod times;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::beginning;
use super::plan::{Kept, Plan};
use crate::calendar::Calendar;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::ledger::{Cursor, Directory, Identity, Tail};
use crate::line::{Line, Parser, Parts, label_len};
use crate::protocol::{Place, Protocol, Raise, Verdict};
use crate::source::directory::{Chunk, Found, Listing, Role, list};
use crate::source::identity::{growing, head, mtime, tail, whole};
use crate::source::lines::{LINE_LIMIT, RawLine, part, walk_chunk};
use crate::source::offset::MULTILOG;
use crate::source::parts::{complete_to, unfinished_before};
use crate::source::stdin::Input;
use crate::store::session::StateOrigin;
use crate::store::state::{State, Understood};
use crate::tally::Tally;
use known::Known;
pub use stream::Checkpoint;
use stream::Reading;

/// A piece shorter than this may be the beginning of a label; it is not archived before the rest is
/// there, because the label tells the day.
const MAY_BE_A_LABEL: usize = 64;

/// How the reading is to be done.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Seconds a bin.
    pub step: i64,
    /// `logs_tai_offset`; `None`: what the directory's files tell.
    pub tai_offset: Option<i64>,
    /// Unix seconds.
    pub now: i64,
    /// `logs_archive`; off: "archived up to" moves with the count.
    pub archive: bool,
    /// May a line be given up waiting for? Only a commit may: it goes by the clock.
    pub may_time_out: bool,
    /// What a chunk without a cursor means.
    pub origin: StateOrigin,
    /// Count stdin even if it is known.
    pub force: bool,
    /// With a damaged state: what was logged up to this time (seconds, nanoseconds) was counted.
    pub known_until: Option<(i64, i64)>,
}

/// Everything that one reading found.
pub struct Gather {
    protocol: &'static Protocol,
    how: How,
    /// By how much the labels of the directory are ahead that is read.
    tai_offset: i64,
    tally: Tally,
    calendar: Calendar,
    /// The state as it will be; its bins are in the tally until [`Gather::finish`].
    pub state: State,
    /// What is to be archived.
    pub plan: Plan,
    /// The chunks' files, for the plan.
    pub files: Vec<Kept>,
    /// A chunk that was listed was gone when its turn came: it was removed, or processed by a commit that is younger
    /// than the state that this reading began from.
    pub missed: bool,
    /// Bytes that lay beyond the cursors.
    pub new_bytes: u64,
    understood: Understood,
    /// Lines of log directories that were counted.
    lines: u64,
    /// How many of them stood in which chunk.
    chunks_read: Vec<(String, u64)>,
    known: Known,
    /// Of each stream in the ledger, by position; `None`: not read yet.
    readings: Vec<Option<Reading>>,
    /// What one line raises, before it is known how often.
    scratch: Vec<i128>,
    /// Sources that cannot be read.
    unread: Vec<String>,
    /// The time of the line before of the chunk that is read, for one without a stamp; 0: there was none.
    before: i64,
    /// Streams whose file is away at this moment.
    away: Vec<usize>,
    /// Why a query has no answer: one without this source would be less than the one before.
    pub failed: Option<Error>,
}

impl Gather {
    /// Begins from the last commit. `log` is the archive's file name.
    pub fn new(protocol: &'static Protocol, log: &str, untai: bool, how: How, state: State) -> Self {
        let tally = Tally::new(protocol, how.step, how.now, state.pushed, state.bins.clone());
        let plan = Plan::new(log, untai, how.tai_offset.unwrap_or(MULTILOG), state.open_archives.clone());
        let calendar = Calendar::new(how.now);
        Gather {
            protocol,
            how,
            tai_offset: how.tai_offset.unwrap_or(MULTILOG),
            tally,
            calendar,
            state,
            plan,
            files: Vec::new(),
            missed: false,
            new_bytes: 0,
            understood: Understood::default(),
            lines: 0,
            chunks_read: Vec::new(),
            known: Known::default(),
            readings: Vec::new(),
            scratch: vec![0; protocol.counters.len()],
            unread: Vec::new(),
            before: 0,
            away: Vec::new(),
            failed: None,
        }
    }

    /// Is it thrown away after it was answered?
    pub fn is_query(&self) -> bool {
        !self.how.may_time_out
    }

    /// Notes the first reason why there is no answer.
    pub fn fail(&mut self, reason: Error) {
        self.failed.get_or_insert(reason);
    }

    /// Opens what the log directory at `path` holds for us; `stdin` is the chunk that was handed to us,
    /// if it is of it. At most `most_held` left-over chunks are open afterwards. Nothing is counted yet.
    ///
    /// # Errors
    /// When something in it cannot be opened.
    pub fn open(&self, path: &Path, stdin: Option<&Input>, most_held: usize) -> Result<Listing> {
        list(path, &self.state.ledger, stdin.map(|s| disk::file_id(&s.chunk.meta)), most_held)
    }

    /// Reads what was opened at `path`.
    ///
    /// # Errors
    /// When a chunk cannot be read to its end. Part of it may be in the tally then: what was gathered
    /// must not be committed.
    pub fn read_directory(&mut self, path: &Path, listing: Listing) -> Result<()> {
        let known = self.state.ledger.directory(&path.to_string_lossy());
        if listing.is_missing && self.how.may_time_out && self.state.ledger.directories[known].last_time > 0 {
            // A query may know then that nothing more will come of it.
            self.unread.push(path.to_string_lossy().into_owned());
        }
        self.find_offset(known, path, &listing)?;
        for &done in &listing.done {
            self.state.ledger.cursors[done].seen = self.how.now;
        }
        for found in listing.chunks {
            match found {
                Found::Open(chunk) => self.chunk(known, chunk, false, path)?,
                Found::Waiting(waiting) => match waiting.open()? {
                    Some(chunk) => {
                        let before = self.files.len();
                        self.chunk(known, chunk, false, path)?;
                        // Not held any longer.
                        if let Some(kept) = self.files.get_mut(before) {
                            *kept = Kept::Named { path: waiting.path, file: waiting.file };
                        }
                    }
                    None => self.missed = true,
                },
            }
        }
        if self.how.may_time_out {
            self.give_up_waiting(known);
        }
        Ok(())
    }

    /// Reads a stdin that belongs to no directory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn loose(&mut self, input: &Input) -> Result<()> {
        let known = self.state.ledger.directory("");
        self.find_offset(known, Path::new(""), &Listing::default())?;
        self.chunk(known, input.chunk.again()?, input.is_pipe, Path::new("standard input"))
    }

    /// The state with all bins.
    pub fn finish(mut self) -> (State, Plan, Vec<Kept>) {
        self.state.open_archives.clone_from(&self.plan.open);
        self.state.unread = self.unread;
        self.state.understood.add(self.understood);
        if self.understood.all() > 0 {
            let today = self.calendar.today();
            if self.state.understood_lately.0 != today {
                self.state.understood_lately = (today, Understood::default());
            }
            self.state.understood_lately.1.add(self.understood);
        }
        let first = self.readings.iter().flatten().filter_map(|reading| reading.first);
        let first = first.chain(self.tally.earliest()).min();
        beginning::known_since(&mut self.state, first, &self.how);
        for (stream, reading) in self.state.ledger.streams.iter_mut().zip(self.readings) {
            if let Some(reading) = reading {
                reading.end(stream);
            }
        }
        let calendar = &mut self.calendar;
        self.state.absorb_bins(self.protocol, self.tally.finish(), |secs| calendar.day(secs));
        (self.state, self.plan, self.files)
    }

    fn chunk(&mut self, directory: usize, chunk: Chunk, is_pipe: bool, at: &Path) -> Result<()> {
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
            cursor.counted = part(&chunk.file, size, &mut parser, until, written).at("read", &path)?.place;
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
        self.read(directory, &chunk, size, &mut cursor, skip, since).at("read", &path)?;
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

    /// On the first run after the Perl maillogs, or with a damaged state: counted by somebody before us.
    fn is_known_anyway(&self, role: Role) -> bool {
        match self.how.origin {
            StateOrigin::Known | StateOrigin::First => false,
            StateOrigin::TakenOver => role == Role::Orphan,
            StateOrigin::Damaged => role != Role::Stdin,
        }
    }

    /// Counts and archives what lies beyond the two positions of `cursor`. What is to be counted was written after `since`.
    fn read(
        &mut self,
        directory: usize,
        chunk: &Chunk,
        size: u64,
        cursor: &mut Cursor,
        skip: bool,
        since: i64,
    ) -> std::io::Result<()> {
        let finished = chunk.role.is_finished();
        let archive = self.how.archive && chunk.role.is_archived_now() && !skip;
        let (count_from, archive_from) = (cursor.counted, cursor.archived);
        let from = if archive { count_from.min(archive_from) } else { count_from };
        if from >= size {
            cursor.archived =
                if archive { size.max(archive_from) } else { self.archived_without(chunk, cursor, skip) };
            return Ok(());
        }
        self.new_bytes += size.saturating_sub(count_from);
        let mut parser = self.parser(chunk.meta.mtime());
        let mut counted = count_from;
        // A chunk that was finished and is longer now: did it end in mid-line? Its rest counts nothing.
        let extends = |from: u64| -> std::io::Result<bool> {
            Ok(from > 0 && from < size && cursor.finished && !ends_line(&chunk.file, from)?)
        };
        let mut count_skips = from == count_from && extends(count_from)?;
        let mut archive_continues = archive && archive_from > 0 && !ends_line(&chunk.file, archive_from)?;
        let position = self.files.len();
        let mut directories = std::mem::take(&mut self.state.ledger.directories);
        let here = &mut directories[directory];
        self.before = here.last_time;
        let mut begins_after = Some((here.last_time, since));
        let loose = here.path.is_empty();
        let mut count_begins = (count_from == 0 && !loose).then(|| std::mem::take(&mut here.count_tail));
        let mut archive_begins =
            (archive_from == 0 && !loose).then(|| std::mem::take(&mut here.archive_tail));
        if loose && archive && archive_from == 0 {
            self.plan.end_line("", here.archive_day);
        }
        // Of a container's log: lines that come in parts.
        let mut parts = Parts::default();
        let mut resumed = None;
        match &mut count_begins {
            Some(tail @ Tail::Held { .. }) if tail.held().is_some_and(|text| parts.resume(text)) => {
                resumed = Some(std::mem::take(tail));
            }
            _ => parts.skip(unfinished_before(&chunk.file, from)?),
        }
        let size = if finished { size } else { complete_to(&chunk.file, from, size, parts.unfinished())? };
        let mut is_beyond = from >= count_from;
        let end = walk_chunk(&chunk.file, from, size, |raw| {
            if raw.start >= count_from
                && let Some((last, since)) = begins_after.take()
            {
                parser.resume(last, since);
            }
            if !is_beyond && raw.start >= count_from {
                // What was unfinished there was counted as it was.
                is_beyond = true;
                drop(parts.take());
            }
            let line = parts.parse(&mut parser, raw.text, raw.last);
            if raw.is_room() {
                if finished && raw.start >= count_from {
                    counted = raw.end;
                }
            } else if raw.start >= count_from && !skip && (raw.terminated || finished) {
                counted = raw.end;
                if std::mem::take(&mut count_skips) {
                    // the rest of a line that was counted
                } else {
                    match count_begins.take() {
                        Some(tail) => self.count_first(here, tail, &raw, &line),
                        None => self.count(here, &raw, &line),
                    }
                }
            } else if skip && (raw.terminated || finished) {
                counted = raw.end;
                if let Some(stamp) = line.time {
                    self.meets(here, stamp);
                }
            }
            if archive && raw.start >= archive_from {
                let tail = archive_begins.take().unwrap_or_default();
                let continues = std::mem::take(&mut archive_continues);
                self.archive(here, tail, continues, position, &raw, &line);
            }
        })?;
        // A beginning that met no line (an unfinished one in `current`) waits on.
        if let Some(tail) = count_begins {
            here.count_tail = tail;
        }
        if let Some(tail) = archive_begins {
            here.archive_tail = tail;
        }
        if let Some(tail) = resumed.filter(|_| counted == count_from) {
            here.count_tail = tail;
        } else if let Some(text) = parts.take() {
            if finished && !loose && here.count_tail == Tail::Closed {
                here.count_tail = Tail::Held { text, time: self.before, since: self.how.now };
            } else {
                let time = self.before;
                self.count_held(here, &text, time);
            }
        }
        self.state.ledger.directories = directories;
        cursor.counted = counted;
        cursor.archived = if archive { end } else { self.archived_without(chunk, cursor, skip) };
        Ok(())
    }

    /// "Archived up to" of a chunk of which nothing is archived now.
    fn archived_without(&self, chunk: &Chunk, cursor: &Cursor, skip: bool) -> u64 {
        let moves_with_the_count = !self.how.archive || (skip && chunk.role == Role::Orphan);
        if moves_with_the_count { cursor.counted } else { cursor.archived }
    }

    /// Counts a chunk's first line, given how the chunk before ended.
    fn count_first(&mut self, here: &mut Directory, tail: Tail, raw: &RawLine<'_>, line: &Line<'_>) {
        let begins_a_line = matches!(tail, Tail::Closed) || label_len(raw.text).is_some();
        match tail {
            Tail::Held { text, time, since } if !begins_a_line => {
                let mut joined = text;
                let room = LINE_LIMIT - joined.len().min(LINE_LIMIT);
                joined.extend_from_slice(&raw.text[..raw.text.len().min(room)]);
                if raw.terminated || joined.len() >= LINE_LIMIT {
                    self.count_held(here, &joined, time);
                    here.count_tail = if raw.terminated { Tail::Closed } else { Tail::Open };
                } else {
                    here.count_tail = Tail::Held { text: joined, time, since };
                }
                return;
            }
            Tail::Open | Tail::Kept { .. } if !begins_a_line => {
                here.count_tail = if raw.terminated { Tail::Closed } else { Tail::Open };
                return;
            }
            // The logger died: the line had its end, only its newline is missing.
            Tail::Held { text, time, .. } => self.count_held(here, &text, time),
            Tail::Open | Tail::Kept { .. } | Tail::Closed => {}
        }
        self.count(here, raw, line);
    }

    /// Counts one line.
    #[inline]
    fn count(&mut self, here: &mut Directory, raw: &RawLine<'_>, line: &Line<'_>) {
        let in_parts =
            !raw.terminated && !here.path.is_empty() && (here.labelled || begins_like_a_label(raw.text));
        if in_parts && raw.text.len() < LINE_LIMIT {
            here.count_tail = Tail::Held { text: raw.text.to_vec(), time: self.before, since: self.how.now };
            return;
        }
        if in_parts {
            here.count_tail = Tail::Open;
        }
        let time = match line.time {
            Some(stamp) => {
                self.meets(here, stamp);
                stamp.secs
            }
            None if self.before != 0 => self.before,
            None => self.how.now,
        };
        let verdict = (self.protocol.classify)(line, Place::Own, &mut self.tally.at(time));
        self.lines += 1;
        self.judge(verdict);
    }

    #[inline]
    fn judge(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Foreign => {}
            Verdict::Known => self.understood.known += 1,
            Verdict::Unknown => self.understood.unknown += 1,
        }
    }

    /// Takes what was measured now.
    pub fn measured(&mut self, measurement: impl FnOnce(&mut Raise<'_>)) {
        measurement(&mut self.tally.at(self.how.now));
    }

    /// Unix seconds.
    pub fn now(&self) -> i64 {
        self.how.now
    }

    /// The source `name` cannot be read: is that to be said? An advance says it once, a query each time.
    pub fn cannot_read(&mut self, name: &str) -> bool {
        let is_known = self.state.unread.iter().any(|n| n == name);
        self.unread.push(name.to_owned());
        !(is_known && self.how.may_time_out)
    }

    /// The source `name` was not for us to read: what was known of it stays.
    pub fn still_unread(&mut self, name: &str) {
        if self.state.unread.iter().any(|n| n == name) {
            self.unread.push(name.to_owned());
        }
    }

    fn count_held(&mut self, here: &mut Directory, text: &[u8], time: i64) {
        let mut parser = self.parser_after(here);
        // Only parts of a container's log are more than one.
        for text in text.split(|&b| b == b'\n') {
            let line = parser.parse(text);
            let time = match line.time {
                Some(stamp) => {
                    self.meets(here, stamp);
                    stamp.secs
                }
                None if time != 0 => time,
                None => self.how.now,
            };
            let verdict = (self.protocol.classify)(&line, Place::Own, &mut self.tally.at(time));
            self.judge(verdict);
        }
    }

    /// For the lines of a file that was written to last at `mtime` (unix seconds).
    pub(super) fn parser(&self, mtime: i64) -> Parser {
        Parser::new(self.tai_offset, mtime).of_own_log(true)
    }

    /// A line that waits for its rest, while nothing came after it for a whole step, is finished.
    fn give_up_waiting(&mut self, directory: usize) {
        let mut directories = std::mem::take(&mut self.state.ledger.directories);
        let here = &mut directories[directory];
        if let Tail::Held { text, time, since } = &here.count_tail
            && *since + self.how.step <= self.how.now
        {
            let (text, time) = (text.clone(), *time);
            self.count_held(here, &text, time);
            here.count_tail = Tail::Open;
        }
        self.state.ledger.directories = directories;
    }
}

/// `@400…` cut off before its blank?
fn begins_like_a_label(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'@', rest)) => rest.iter().take(24).all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        _ => false,
    }
}

fn ends_line(file: &File, offset: u64) -> std::io::Result<bool> {
    let mut byte = [0];
    Ok(disk::read_at(file, &mut byte, offset - 1)? == 1 && byte[0] == b'\n')
}

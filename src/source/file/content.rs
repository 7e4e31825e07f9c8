//! One open log file: is it the one that we know, and what are its lines?
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use super::compressed::{Compression, Content};
use super::cut_lines::{Uncut, stands_after};
use crate::disk::{file_id, read_at};
use crate::error::{At, Error, Result};
use crate::ledger::{Digest, Position, digest};
use crate::line::Parser;
use crate::source::encoding;
use crate::source::identity::mtime;
use crate::source::lines::{Visit, walk_mended};
use crate::source::opener::Opener;
use crate::source::parts;

/// The number of bytes at the beginning of a file by which it is known again.
const HEAD: usize = 1024;
/// The number of bytes before the place where counting goes on that must be the same, too.
pub(super) const TAIL: usize = 256;
/// A damaged archive that was written to so lately is not finished.
const BEING_WRITTEN: Duration = Duration::from_secs(60);

/// An open log file.
#[derive(Debug)]
pub struct Open {
    /// Its name when it was opened.
    pub path: PathBuf,
    /// The same without links, for [`Position::path`].
    real: PathBuf,
    /// Its modification time in unix nanoseconds when it was opened: stamps without a year take theirs from it.
    pub mtime: i64,
    /// Is a younger file written to already? Then an unfinished last line stays so.
    pub finished: bool,
    pub(super) id: (u64, u64),
    pub(super) owner: (u32, u32),
    pub(super) size: u64,
    pub(super) compression: Compression,
    file: Held,
    head: Vec<u8>,
    /// Why its beginning could not be unpacked.
    head_damage: Option<String>,
}

/// An open file, or how it is opened again.
#[derive(Debug)]
enum Held {
    Open(File),
    /// Closed after the look at it: there may be more of them than files may be open at once.
    Closed(Again),
}

struct Again(Rc<dyn Opener>);

impl fmt::Debug for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

/// Is a file the one of a position?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Another file.
    No,
    /// It has the same beginning, but ends before the position: a copy that was made before we read last.
    Short,
    /// It is that file.
    Full,
}

/// How far a file was read.
#[derive(Debug)]
pub(super) struct End {
    pub position: Position,
    /// Sentences: the archive is damaged; its text is none that can be read.
    pub said: Vec<String>,
}

impl Open {
    /// `opened` is what [`Opener::follow`] gave for `path`.
    pub(super) fn new(path: &Path, opened: (File, PathBuf), compression: Compression) -> Result<Open> {
        let (file, real) = opened;
        let meta = file.metadata().at("look at", path)?;
        let mut head = vec![0; HEAD];
        let mut content = Content::open(&file, compression, 0).at("read", path)?;
        let got = content.fill(&mut head).at("read", path)?;
        let head_damage = content.damage.take();
        drop(content);
        head.truncate(got);
        let file = Held::Open(file);
        Ok(Open {
            path: path.to_owned(),
            real,
            owner: (meta.uid(), meta.gid()),
            mtime: mtime(&meta),
            finished: false,
            id: file_id(&meta),
            size: meta.len(),
            compression,
            file,
            head,
            head_damage,
        })
    }

    /// The open file.
    pub(super) fn held(&self) -> io::Result<&File> {
        match &self.file {
            Held::Open(file) => Ok(file),
            Held::Closed(_) => Err(io::Error::new(io::ErrorKind::NotFound, "it is not open any more")),
        }
    }

    /// Is it open?
    pub(super) fn is_held(&self) -> bool {
        matches!(self.file, Held::Open(_))
    }

    /// The same file, open again. `None`: another stands in its place now.
    fn open_again(&self, opener: &dyn Opener) -> Result<Option<Open>> {
        let Some(file) = opener.open(&self.path).at("open", &self.path)? else { return Ok(None) };
        if file_id(&file.metadata().at("look at", &self.path)?) != self.id {
            return Ok(None);
        }
        Ok(Some(Open {
            path: self.path.clone(),
            real: self.real.clone(),
            head: self.head.clone(),
            head_damage: self.head_damage.clone(),
            file: Held::Open(file),
            ..*self
        }))
    }

    /// Closes it until it is read.
    pub(super) fn close(&mut self, opener: &dyn Opener) {
        self.file = Held::Closed(Again(opener.again()));
    }

    /// Is it the file of `position`?
    pub(super) fn matches(&self, position: &Position) -> Result<Match> {
        let head = usize::try_from(position.head_length).ok().and_then(|n| self.head.get(..n));
        let Some(head) = head else {
            if let Some(why) = &self.head_damage {
                self.damaged(why)?;
            }
            return Ok(Match::No);
        };
        if digest(&[head]) != position.head {
            return Ok(Match::No);
        }
        if !self.compression.is_packed() {
            let meta = self.held().and_then(|file| file.metadata()).at("look at", &self.path)?;
            if meta.len() < position.counted {
                return Ok(Match::Short);
            }
        }
        let (tail, _) = self.before(position.counted).at("read", &self.path)?;
        if tail.len() as u64 == tail_length(position.counted) {
            return Ok(if digest(&[&tail]) == position.tail { Match::Full } else { Match::No });
        }
        self.damage_before(position.counted)?;
        Ok(Match::Short)
    }

    /// Has it the beginning of `position`, whatever follows?
    pub(super) fn begins_as(&self, position: &Position) -> bool {
        let head = usize::try_from(position.head_length).ok().and_then(|n| self.head.get(..n));
        position.counted > 0 && head.is_some_and(|head| digest(&[head]) == position.head)
    }

    /// What it holds from `from` on, unpacked.
    pub(super) fn content(&self, from: u64) -> Result<Content<'_>> {
        let content = self.held().and_then(|file| Content::open(file, self.compression, from));
        content.at("read", &self.path)
    }

    /// How far it is to be read: an archive to its end, wherever that is.
    pub(super) fn length(&self) -> Result<u64> {
        let meta = self.held().and_then(|file| file.metadata()).at("look at", &self.path)?;
        Ok(if self.compression.is_packed() { u64::MAX } else { meta.len() })
    }

    /// The sentence that says why it cannot be unpacked up to `place`; `None`: it can, or it is whole and ends before.
    pub(super) fn damage_before(&self, place: u64) -> Result<Option<String>> {
        let (_, damage) = self.before(place).at("read", &self.path)?;
        damage.map(|why| self.damaged(&why)).transpose()
    }

    /// The last bytes before `place`, at most 256; fewer than there should be where the file ends before it. And why
    /// it could not be unpacked so far.
    fn before(&self, place: u64) -> io::Result<(Vec<u8>, Option<String>)> {
        let length = tail_length(place);
        let mut tail = vec![0; usize::try_from(length).unwrap_or(TAIL)];
        let mut content = Content::open(self.held()?, self.compression, place - length)?;
        let got = content.fill(&mut tail)?;
        tail.truncate(got);
        Ok((tail, content.damage))
    }

    /// The position at its present end. `None`: it is empty, or packed (no copy is made so).
    pub(super) fn whole(&self) -> Result<Option<Position>> {
        let counted = self.held().and_then(|file| file.metadata()).at("look at", &self.path)?.len();
        if counted == 0 || self.compression.is_packed() {
            return Ok(None);
        }
        let (tail, _) = self.before(counted).at("read", &self.path)?;
        Ok(Some(self.position(&self.head, counted, &tail, self.mtime)))
    }

    /// The position at its present end, packed or not. `None`: it is empty.
    pub(super) fn end(&self) -> Result<Option<Position>> {
        if !self.compression.is_packed() {
            return self.whole();
        }
        let mut trace = Trace::new(Vec::new(), Vec::new(), 0);
        let mut content = self.content(0)?;
        let (mut block, mut length) = (vec![0; 1 << 16], 0);
        loop {
            let got = content.fill(&mut block).at("read", &self.path)?;
            if got == 0 {
                break;
            }
            trace.note(&block[..got], length);
            length += got as u64;
        }
        Ok((length > 0).then(|| self.position(&trace.head, length, &trace.window, self.mtime)))
    }

    fn position(&self, head: &[u8], counted: u64, tail: &[u8], mtime: i64) -> Position {
        let head = head_of(head, counted);
        let (head_length, head) = (head.len() as u64, digest(&[head]));
        let (file, path) = (self.id, self.real_path());
        Position { head_length, head, counted, tail: digest(&[tail]), file, path, mtime }
    }

    /// The complete lines in its first 1 KiB.
    pub(super) fn first_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head.split_inclusive(|&b| b == b'\n').filter(|line| line.ends_with(b"\n"))
    }

    /// For [`Position::path`].
    pub(super) fn real_path(&self) -> String {
        self.real.to_str().unwrap_or_default().to_owned()
    }

    /// Its path without links.
    pub(super) fn real(&self) -> &Path {
        &self.real
    }

    /// The place behind its last newline.
    pub(super) fn last_line_end(&self) -> Result<u64> {
        let mut end = self.held().and_then(|file| file.metadata()).at("look at", &self.path)?.len();
        let mut block = vec![0; 1 << 16];
        while end > 0 {
            let start = end.saturating_sub(block.len() as u64);
            let want = block.len().min(usize::try_from(end - start).unwrap_or(usize::MAX));
            let got = self
                .held()
                .and_then(|file| read_at(file, &mut block[..want], start))
                .at("read", &self.path)?;
            if let Some(newline) = memchr::memrchr(b'\n', &block[..got]) {
                return Ok(start + newline as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }

    /// Shows `visit` every line from `from` on. `None`: it was truncated meanwhile, or renamed while it was not open.
    ///
    /// A first line that begins before `from` was counted already, as far as it went then; its rest counts nothing. But a
    /// rest that begins with a stamp and a program is a line of its own: the one before was cut by a loss of power.
    pub(super) fn read(&self, from: u64, visit: &mut impl Visit) -> Result<Option<End>> {
        match &self.file {
            Held::Open(_) => self.read_held(from, visit),
            Held::Closed(Again(opener)) => match self.open_again(opener.as_ref())? {
                Some(open) => open.read_held(from, visit),
                None => Ok(None),
            },
        }
    }

    fn read_held(&self, from: u64, visit: &mut impl Visit) -> Result<Option<End>> {
        let meta = self.held().and_then(|file| file.metadata()).at("look at", &self.path)?;
        let to = match () {
            () if self.compression.is_packed() => u64::MAX,
            () if self.finished || meta.len() < from => meta.len(),
            // A line that comes in parts waits for the last of them, as one waits for its newline.
            () => self
                .held()
                .and_then(|file| parts::complete_to(file, from, meta.len(), [false; 2]))
                .at("read", &self.path)?,
        };
        let (window, _) = self.before(from).at("read", &self.path)?;
        if to < from || window.len() as u64 != tail_length(from) {
            return Ok(None);
        }
        let is_rest = window.last().is_some_and(|&b| b != b'\n');
        let mut trace = Trace::new(self.head.clone(), window, from);
        let mut content = self.content(from)?;
        let read = |block: &mut [u8], at| {
            let got = content.fill(block)?;
            trace.note(&block[..got], at);
            Ok(got)
        };
        let parser = || self.parser();
        let mut lines = Uncut { from, is_rest, finished: self.finished, parser, encoding: None, visit };
        let end = walk_mended(read, from, to, &mut lines).at("read", &self.path)?;
        let encoding = lines.encoding;
        let damage = content.damage.take().map(|why| self.damaged(&why)).transpose()?;
        let unread = encoding.map(|name| format!("{}: {}", self.path.display(), encoding::sentence(name)));
        let said = damage.into_iter().chain(unread).collect();
        let (counted, tail) = trace.counted(end, self.finished);
        if !self.compression.is_packed() && !self.still_holds(&trace.head, end, counted, &tail)? {
            return Ok(None);
        }
        let position = self.position(&trace.head, counted, &tail, mtime(&meta));
        Ok(Some(End { position, said }))
    }

    /// Of stdout and stderr of a container: is there an unfinished line before `at`? Its beginning was counted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unfinished_before(&self, at: u64) -> io::Result<[bool; 2]> {
        match &self.file {
            Held::Open(file) if !self.compression.is_packed() => parts::unfinished_before(file, at),
            _ => Ok([false; 2]),
        }
    }

    /// For lines whose years make no difference.
    fn parser(&self) -> Parser {
        Parser::new(0, self.mtime / 1_000_000_000)
    }

    /// Does a whole line of syslog that was logged after `time` stand at its beginning?
    pub(super) fn begins_after(&self, time: i64) -> bool {
        self.first_lines().next().is_some_and(|line| stands_after(time, line, &mut self.parser()))
    }

    /// Does it still hold what was read of it?
    fn still_holds(&self, head: &[u8], end: u64, counted: u64, tail: &[u8]) -> Result<bool> {
        let size = self.held().and_then(|file| file.metadata()).at("look at", &self.path)?.len();
        let mut now = vec![0; head.len()];
        let got = self.held().and_then(|file| read_at(file, &mut now, 0)).at("read", &self.path)?;
        let (tail_now, _) = self.before(counted).at("read", &self.path)?;
        Ok(size >= end && now.get(..got) == Some(head) && tail_now == tail)
    }

    /// The sentence about an archive that can be unpacked only in part.
    ///
    /// # Errors
    /// When it was written to just now: it will be whole soon.
    fn damaged(&self, why: &str) -> Result<String> {
        let modified = self.held().and_then(|file| file.metadata()?.modified()).at("look at", &self.path)?;
        let path = self.path.display();
        if SystemTime::now().duration_since(modified).unwrap_or_default() < BEING_WRITTEN {
            let text = format!("{path}: is being compressed; its lines are counted at the next run");
            return Err(Error::Passing(text));
        }
        Ok(format!(
            "{path}: is damaged ({why}): what lies beyond is not counted; compress it anew if you have the original"
        ))
    }
}

/// What passes by while a file is read.
struct Trace {
    head: Vec<u8>,
    /// The last bytes, at most 256.
    window: Vec<u8>,
    /// The place behind the last newline, and the last bytes before that place.
    line_end: (u64, Vec<u8>),
}

impl Trace {
    fn new(head: Vec<u8>, window: Vec<u8>, from: u64) -> Trace {
        Trace { head, line_end: (from, window.clone()), window }
    }

    fn note(&mut self, block: &[u8], at: u64) {
        let missing = usize::try_from(self.head.len() as u64 - at.min(self.head.len() as u64)).ok();
        if at <= self.head.len() as u64
            && self.head.len() < HEAD
            && let Some(more) = missing.and_then(|n| block.get(n..))
        {
            self.head.extend_from_slice(&more[..more.len().min(HEAD - self.head.len())]);
        }
        if let Some(newline) = memchr::memrchr(b'\n', block) {
            let mut before = self.window.clone();
            push_last(&mut before, &block[..=newline]);
            self.line_end = (at + newline as u64 + 1, before);
        }
        push_last(&mut self.window, block);
    }

    /// The place up to which lines are counted, and the last bytes before it.
    fn counted(&self, end: u64, finished: bool) -> (u64, Vec<u8>) {
        if finished { (end, self.window.clone()) } else { self.line_end.clone() }
    }
}

fn push_last(window: &mut Vec<u8>, more: &[u8]) {
    window.extend_from_slice(&more[more.len().saturating_sub(TAIL)..]);
    window.drain(..window.len().saturating_sub(TAIL));
}

pub(super) fn tail_length(counted: u64) -> u64 {
    counted.min(TAIL as u64)
}

/// The part of `head` that makes the identity: of what is counted, up to a line end if there is one.
fn head_of(head: &[u8], counted: u64) -> &[u8] {
    let head = &head[..head.len().min(usize::try_from(counted).unwrap_or(HEAD))];
    memchr::memrchr(b'\n', head).map_or(head, |newline| &head[..=newline])
}

/// The position of a reader that has met no line yet: of rotated files, those written after `mtime` (unix
/// nanoseconds) are new to it. `path` is where the live file was then.
pub(super) fn before_all(mtime: i64, path: String) -> Position {
    let nothing: Digest = digest(&[]);
    Position { head_length: 0, head: nothing, counted: 0, tail: nothing, file: (0, 0), path, mtime }
}

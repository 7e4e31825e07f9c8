//! Which bytes go to which day of the archive.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::disk;
use crate::disk::copy;
use crate::line::{tai64n, untai};
use crate::source::lines::walk;
use crate::store::archive::{Pieces, name_of};

/// `@` and 24 hexadecimal digits.
const LABEL: usize = 25;

/// Part of a day's file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Bytes(Vec<u8>),
    /// Bytes of the chunk with this position, the labels of which are ahead of unix time by `tai_offset` seconds; does the
    /// span begin with a line?
    Span {
        chunk: usize,
        from: u64,
        to: u64,
        at_line: bool,
        tai_offset: i64,
    },
}

/// What an advance archives, in order.
#[derive(Debug)]
pub struct ArchivePlan {
    log: String,
    untai: bool,
    /// By how many seconds the labels of the lines that are added now are ahead of unix time.
    tai_offset: i64,
    pieces: Vec<(u32, What)>,
    /// Files that end in mid-line, and the directory whose line it is (see `State::open_archives`).
    pub open: BTreeMap<String, String>,
}

impl ArchivePlan {
    /// An empty plan. `log` is the file's name under a day; `open` comes from the state.
    pub fn new(log: &str, untai: bool, tai_offset: i64, open: BTreeMap<String, String>) -> Self {
        ArchivePlan { log: log.to_owned(), untai, tai_offset, pieces: Vec::new(), open }
    }

    /// The labels of what is added from now on are ahead of unix time by `tai_offset` seconds.
    pub fn labels_are_ahead_by(&mut self, tai_offset: i64) {
        self.tai_offset = tai_offset;
    }

    /// A whole line, or the beginning of one, or its rest if it `continues` the line of `directory`.
    pub fn line(
        &mut self,
        directory: &str,
        day: u32,
        chunk: usize,
        (from, to): (u64, u64),
        continues: bool,
        ends: bool,
    ) {
        // Nearly always: the next line of the same day, right behind the one before.
        let open = self.is_open(day);
        if let Some((last, What::Span { chunk: c, to: end, .. })) = self.pieces.last_mut()
            && *last == day
            && *c == chunk
            && *end == from
            && !continues
            && !open
        {
            *end = to;
        } else {
            self.make_room(directory, day, continues);
            let (at_line, tai_offset) = (!continues, self.tai_offset);
            self.pieces.push((day, What::Span { chunk, from, to, at_line, tai_offset }));
        }
        self.mark(directory, day, ends);
    }

    /// Adds bytes that stand in no chunk, or in none any more.
    pub fn bytes(&mut self, directory: &str, day: u32, bytes: Vec<u8>, continues: bool, ends: bool) {
        self.make_room(directory, day, continues);
        self.pieces.push((day, What::Bytes(bytes)));
        self.mark(directory, day, ends);
    }

    /// The unfinished line of `directory` in the file of `day` turned out to be finished.
    pub fn end_line(&mut self, directory: &str, day: u32) {
        let name = name_of(day, &self.log);
        if self.open.get(&name).is_some_and(|d| d == directory) {
            self.open.remove(&name);
            self.pieces.push((day, What::Bytes(b"\n".to_vec())));
        }
    }

    /// Adds a line in two parts: its beginning `text`, which was held, and its rest, the bytes `(from, to)` of
    /// `chunk`, of which `rest` are the first.
    #[allow(clippy::too_many_arguments)]
    pub fn joined(
        &mut self,
        directory: &str,
        day: u32,
        text: &[u8],
        chunk: usize,
        (from, to): (u64, u64),
        rest: &[u8],
        ends: bool,
    ) {
        let (head, skip) = self.begin(text, rest);
        self.bytes(directory, day, head, false, false);
        self.line(directory, day, chunk, (from + skip, to), true, ends);
    }

    /// Adds the held text `text`, which turned out to be a whole line.
    pub fn held(&mut self, directory: &str, day: u32, text: &[u8]) {
        let (mut line, _) = self.begin(text, b"");
        line.push(b'\n');
        self.bytes(directory, day, line, false, true);
    }

    /// The beginning `text` of a line, with its label in the form in which it is archived; and how many bytes of
    /// `rest`, which follows, belong to that label.
    fn begin(&self, text: &[u8], rest: &[u8]) -> (Vec<u8>, u64) {
        // The cut may lie within the label.
        let mut label = text[..text.len().min(LABEL + 1)].to_vec();
        let borrowed = rest.len().min(LABEL + 1 - label.len());
        label.extend_from_slice(&rest[..borrowed]);
        match tai64n(&label, self.tai_offset).filter(|_| self.untai) {
            None => (text.to_vec(), 0),
            Some(stamp) => {
                let mut head = Vec::new();
                untai(stamp, &mut head);
                head.extend_from_slice(text.get(LABEL..).unwrap_or_default());
                (head, LABEL.saturating_sub(text.len()) as u64)
            }
        }
    }

    /// Does the file of `day` end in mid-line?
    #[inline]
    fn is_open(&self, day: u32) -> bool {
        !self.open.is_empty() && self.open.contains_key(&name_of(day, &self.log))
    }

    fn make_room(&mut self, directory: &str, day: u32, continues: bool) {
        if self.open.is_empty() {
            return;
        }
        // Another directory's line, or one of ours that was never finished, stands open there.
        let name = name_of(day, &self.log);
        if self.open.get(&name).is_some_and(|d| d != directory || !continues) {
            self.open.remove(&name);
            self.pieces.push((day, What::Bytes(b"\n".to_vec())));
        }
    }

    fn mark(&mut self, directory: &str, day: u32, ends: bool) {
        if !ends {
            self.open.insert(name_of(day, &self.log), directory.to_owned());
        } else if !self.open.is_empty() {
            self.open.remove(&name_of(day, &self.log));
        }
    }

    /// The days that something goes to, in order.
    pub fn days(&self) -> Vec<u32> {
        let mut days: Vec<u32> = self.pieces.iter().map(|p| p.0).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The plan together with the files of the chunks, by position.
    pub fn with_files<'a>(&'a self, files: &'a [Kept]) -> Planned<'a> {
        Planned { plan: self, files }
    }
}

/// The file of a chunk that was read.
#[derive(Debug)]
pub enum Kept {
    /// It is still open.
    Open(File),
    /// It was opened to be read, and is opened again to be archived: there may be more of them than files may be open
    /// at once.
    Named {
        /// Where it stands.
        path: PathBuf,
        /// Device number, inode number.
        file: (u64, u64),
    },
}

impl Kept {
    /// Does something with the open file.
    fn read(&self, act: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        let (path, file) = match self {
            Kept::Open(file) => return act(file),
            Kept::Named { path, file } => (path, *file),
        };
        if let Some(open) = disk::open(path).map_err(io::Error::other)?
            && disk::file_id(&open.metadata()?) == file
        {
            return act(&open);
        }
        let text = format!("{} was removed after it was counted; all is counted anew", path.display());
        Err(io::Error::new(io::ErrorKind::NotFound, text))
    }
}

/// A [`ArchivePlan`] and the files that it speaks of.
#[derive(Debug)]
pub struct Planned<'a> {
    plan: &'a ArchivePlan,
    files: &'a [Kept],
}

impl Pieces for Planned<'_> {
    fn write(&self, day: u32, out: &mut dyn Write) -> io::Result<()> {
        for (_, piece) in self.plan.pieces.iter().filter(|p| p.0 == day) {
            match piece {
                What::Bytes(bytes) => out.write_all(bytes)?,
                What::Span { chunk, from, to, at_line, tai_offset } if self.plan.untai => {
                    self.files[*chunk]
                        .read(|file| self.write_untai(file, (*from, *to), (*at_line, *tai_offset), out))?;
                }
                What::Span { chunk, from, to, .. } => {
                    self.files[*chunk].read(|file| copy(file, *from, *to, out))?;
                }
            }
        }
        Ok(())
    }
}

impl Planned<'_> {
    /// Copies lines with their labels as tai64nlocal(8) writes them.
    fn write_untai(
        &self,
        file: &File,
        (from, to): (u64, u64),
        (mut at_line, tai_offset): (bool, i64),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut failed = Ok(());
        let mut local = Vec::new();
        walk(file, from, to, |line| {
            if failed.is_err() {
                return;
            }
            let mut at = line.start;
            if at_line && let Some(stamp) = tai64n(line.text, tai_offset) {
                local.clear();
                untai(stamp, &mut local);
                failed = out.write_all(&local);
                at += LABEL as u64;
            }
            at_line = true;
            let text = &line.text[usize::try_from(at - line.start).unwrap_or(0)..];
            let rest = line.end - at;
            let newline = u64::from(line.terminated);
            failed = std::mem::replace(&mut failed, Ok(())).and_then(|()| {
                if text.len() as u64 + newline == rest {
                    out.write_all(text)?;
                    if line.terminated { out.write_all(b"\n") } else { Ok(()) }
                } else {
                    copy(file, at, line.end, out)
                }
            });
        })?;
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(text: &str) -> Kept {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Kept::Open(file)
    }

    fn written(plan: &ArchivePlan, files: &[Kept], day: u32) -> String {
        let mut out = Vec::new();
        plan.with_files(files).write(day, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn neighbouring_lines_of_a_day_are_one_copy() {
        let files = [file_of("one\ntwo\nthree\n")];
        let mut plan = ArchivePlan::new("sendlog", false, 10, BTreeMap::new());
        plan.line("d", 1, 0, (0, 4), false, true);
        plan.line("d", 1, 0, (4, 8), false, true);
        plan.line("d", 2, 0, (8, 14), false, true);
        assert_eq!(plan.pieces.len(), 2);
        assert_eq!(plan.days(), [1, 2]);
        assert_eq!(written(&plan, &files, 1), "one\ntwo\n");
        assert_eq!(written(&plan, &files, 2), "three\n");
    }

    #[test]
    fn a_line_in_two_chunks_is_one_line_unless_another_directory_comes_between() {
        let files = [file_of("half"), file_of(" a line\n"), file_of("other\n")];
        let mut plan = ArchivePlan::new("sendlog", false, 10, BTreeMap::new());
        plan.line("d", 1, 0, (0, 4), false, false);
        plan.line("d", 1, 1, (0, 8), true, true);
        assert_eq!(written(&plan, &files, 1), "half a line\n");
        let mut plan = ArchivePlan::new("sendlog", false, 10, BTreeMap::new());
        plan.line("d", 1, 0, (0, 4), false, false);
        plan.line("e", 1, 2, (0, 6), false, true);
        plan.line("d", 1, 1, (0, 8), true, true);
        assert_eq!(written(&plan, &files, 1), "half\nother\n a line\n");
        assert!(plan.open.is_empty());
    }

    #[test]
    fn an_unfinished_line_of_another_day_does_not_part_the_lines() {
        let files = [file_of("half"), file_of("one\ntwo\nthree\n")];
        let mut plan = ArchivePlan::new("sendlog", false, 10, BTreeMap::new());
        plan.line("d", 1, 0, (0, 4), false, false);
        for (from, to) in [(0, 4), (4, 8), (8, 14)] {
            plan.line("e", 2, 1, (from, to), false, true);
        }
        assert_eq!(plan.pieces.len(), 2);
        assert_eq!(written(&plan, &files, 2), "one\ntwo\nthree\n");
        assert_eq!(plan.open.len(), 1);
    }

    #[test]
    fn labels_become_local_time_only_at_a_lines_begin() {
        let label = "@400000006abaee0335a8c946";
        let mut local = Vec::new();
        untai(tai64n(format!("{label} ").as_bytes(), 10).unwrap(), &mut local);
        let local = String::from_utf8(local).unwrap();
        let first = format!("{label} one {label} \nplain\n");
        let files = [file_of(&first), file_of(&format!("{label} x\n"))];
        let mut plan = ArchivePlan::new("sendlog", true, 10, BTreeMap::new());
        plan.line("d", 1, 0, (0, first.len() as u64), false, true);
        assert_eq!(written(&plan, &files, 1), format!("{local} one {label} \nplain\n"));
        for cut in 0..27u64 {
            let whole = format!("{label} x\n");
            let (a, b) = whole.split_at(usize::try_from(cut).unwrap());
            let mut plan = ArchivePlan::new("sendlog", true, 10, BTreeMap::new());
            plan.joined("d", 1, a.as_bytes(), 1, (cut, 28), b.trim_end().as_bytes(), true);
            assert_eq!(written(&plan, &files, 1), format!("{local} x\n"), "cut at {cut}");
        }
        let mut plan = ArchivePlan::new("sendlog", true, 10, BTreeMap::new());
        plan.held("d", 1, format!("{label} all").as_bytes());
        assert_eq!(written(&plan, &files, 1), format!("{local} all\n"));
    }

    #[test]
    fn a_chunk_that_was_closed_is_opened_again_or_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("@400000006553f2000000000a.u");
        std::fs::write(&path, "one\n").unwrap();
        let file = disk::file_id(&std::fs::metadata(&path).unwrap());
        let files = [Kept::Named { path: path.clone(), file }];
        for untai in [false, true] {
            let mut plan = ArchivePlan::new("sendlog", untai, 10, BTreeMap::new());
            plan.line("d", 1, 0, (0, 4), false, true);
            assert_eq!(written(&plan, &files, 1), "one\n");
        }
        let mut plan = ArchivePlan::new("sendlog", false, 10, BTreeMap::new());
        plan.line("d", 1, 0, (0, 4), false, true);
        // Another file in its place, then none.
        std::fs::write(dir.path().join("new"), "two\n").unwrap();
        std::fs::rename(dir.path().join("new"), &path).unwrap();
        let error = plan.with_files(&files).write(1, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("was removed after it was counted"), "{error}");
        std::fs::remove_file(&path).unwrap();
        assert!(plan.with_files(&files).write(1, &mut Vec::new()).is_err());
    }
}

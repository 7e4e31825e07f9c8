//! A log file that every program writes to and that is rotated: one consistent look at it and at its rotated
//! siblings, and what each reader has still to read of them.
//!
//! A file is known by its content ([`Position`]): what it begins with and what stands before the place where counting
//! stopped. Names, inodes and times only say where to look first. So a file is found again after a rename, in the copy
//! that `copytruncate` made, and in an archive of any kind; what was written to it since is read, then every younger
//! file, then the live one.
//!
//! Where no file is found that way, the times of the lines decide.
//!
//! | step | file |
//! |---|---|
//! | one look at all files: `Look` | `look`; which names are those of rotations, and their order: `siblings`, `linked` |
//! | what is still to be read: `Look::plan` | `plan`, `catch_up`; what came to files that were read before: `growth` |
//! | whether names tell the age: `Look::names_begin_anew` | `ages` |
//! | which file is ours by its content: `Look::find` | `find_again`; under a name that says nothing `strays` |
//! | what is a copy, what was changed, what is another log | `copies`, `doubles`, `alike`, `extracts` |
//! | where the known part ends by the times of the lines | `by_time`, `times` |
//! | what a file holds, packed or not | `content`, `compressed`; what a loss of power left of a line: `cut_lines` |
//!
//! Several readers (one a protocol) share one look. They may stand in different files: a crash between two commits
//! leaves them so. Each has its own [`CatchUp`], each file is read once.
mod ages;
mod alike;
mod by_time;
mod catch_up;
mod compressed;
mod content;
mod copies;
mod cut_lines;
mod doubles;
mod extracts;
mod find_again;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod growth;
mod linked;
mod log;
mod look;
mod plan;
mod siblings;
mod strays;
mod times;

use std::path::{Path, PathBuf};

pub use by_time::AHEAD;
pub use catch_up::{CatchUp, Reached, SHORTEST};
pub use compressed::{Compression, Content};
pub use content::Open;
pub use doubles::TELLING;
pub use log::Clock;

use super::lines::{RawLine, Visit};
use super::opener::Opener;
use crate::error::{At, Error, Result};
use crate::ledger::{Position, Stream};
use crate::line::Run;
use catch_up::Trouble;
use log::Log;

/// The files that somebody has still to read, open, the oldest first.
#[derive(Debug)]
pub struct Snapshot {
    files: Vec<Open>,
}

/// Which streams a line is for.
#[derive(Clone, Copy, Debug)]
pub struct Readers<'a> {
    from: &'a [u64],
    start: u64,
}

impl Readers<'_> {
    /// Has the stream of this number not counted it yet?
    pub fn has(self, stream: usize) -> bool {
        self.from.get(stream).is_some_and(|&from| self.start >= from)
    }
}

/// What is done with the lines of a snapshot.
pub trait Follow {
    /// Takes as many lines of `run` as it likes, from the first one on, and returns their number: as [`Visit::run`]. All of
    /// them stand in `file`, and are for the streams that the first one is for.
    fn run(&mut self, _file: &Open, _run: Run<'_>, _readers: Readers<'_>) -> usize {
        0
    }

    /// Takes one line of `file`.
    fn line(&mut self, file: &Open, raw: &RawLine<'_>, readers: Readers<'_>);
}

impl<F: FnMut(&Open, &RawLine<'_>, Readers<'_>)> Follow for F {
    fn line(&mut self, file: &Open, raw: &RawLine<'_>, readers: Readers<'_>) {
        self(file, raw, readers);
    }
}

/// The lines of one file.
struct OfFile<'a, F> {
    file: &'a Open,
    from: &'a [u64],
    follow: &'a mut F,
}

impl<F: Follow> Visit for OfFile<'_, F> {
    fn run(&mut self, run: Run<'_>) -> usize {
        if self.from.iter().any(|&from| from > run.start() && from < u64::MAX) {
            return 0;
        }
        self.follow.run(self.file, run, Readers { from: self.from, start: run.start() })
    }

    fn line(&mut self, raw: &RawLine<'_>) {
        self.follow.line(self.file, raw, Readers { from: self.from, start: raw.start });
    }
}

/// How a reading ended.
#[derive(Debug)]
pub enum Outcome {
    /// Everything was read.
    Done {
        /// One for each plan.
        reached: Vec<Reached>,
        /// Sentences for stderr: archives that are damaged, text that cannot be read.
        said: Vec<String>,
    },
    /// A file was truncated while it was read: forget every line of this reading and open anew.
    Changed,
}

/// How often a look is taken again if files were renamed during it. A rotation takes milliseconds.
const TRIES: u32 = 30;

/// Opens what `streams` have still to read of the log file at `path`. Rotated files are looked for in its directory,
/// there in `old` and `OLD`, and in `olddir` (relative: below its directory).
///
/// `others` are further logs that are read: they are no rotations of this one. If names change between the first look and
/// the last, all is done anew.
///
/// # Errors
/// When a file or directory that is needed cannot be read; when an archive that is needed is damaged and less than a
/// minute old (it is being written).
pub fn open(
    path: &Path,
    olddir: Option<&Path>,
    others: &[PathBuf],
    streams: &[&Stream],
    clock: Clock,
    opener: &dyn Opener,
) -> Result<(Snapshot, Vec<CatchUp>)> {
    let log = Log { path, olddir, others, clock, opener };
    for attempt in 0..TRIES {
        match plan::attempt(log, streams) {
            Ok((files, plans)) => return Ok((Snapshot { files }, plans)),
            Err(Trouble::Failed(e)) => return Err(e),
            Err(Trouble::Changed) if attempt > 2 => std::thread::sleep(std::time::Duration::from_millis(10)),
            Err(Trouble::Changed) => {}
        }
    }
    Err(Error::Passing(format!(
        "{}: is being rotated again and again; its lines are counted at the next run",
        path.display()
    )))
}

/// Is the file of `position` the log at `path` or one of its rotated siblings?
///
/// # Errors
/// When one of them cannot be read.
pub fn is_there(
    path: &Path,
    olddir: Option<&Path>,
    position: &Position,
    clock: Clock,
    opener: &dyn Opener,
) -> Result<bool> {
    let log = Log { path, olddir, others: &[], clock, opener };
    for _ in 0..TRIES {
        match plan::is_there(log, position) {
            Ok(is_there) => return Ok(is_there),
            Err(Trouble::Failed(e)) => return Err(e),
            Err(Trouble::Changed) => {}
        }
    }
    Ok(false)
}

/// Has `path` the name of a rotation of the log at `log`, in a directory where its rotations stand? Only names that tell
/// an age are meant: any other one may be a log of its own.
pub fn names_a_rotation(log: &Path, path: &Path, olddir: Option<&Path>) -> bool {
    let name_of = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let (Some(dir), Some(name), Some(its)) = (log.parent(), name_of(log), name_of(path)) else {
        return false;
    };
    let below = [Some(Path::new("old")), Some(Path::new("OLD")), olddir].into_iter().flatten();
    let is_beside =
        path.parent().is_some_and(|its| its == dir || below.into_iter().any(|below| dir.join(below) == its));
    is_beside && matches!(siblings::Names::new([name], []).kin(&its), Some(siblings::Kin::Sure(..)))
}

/// Is the file of device and inode `id`, which has the path `except`, a rotation of the log at `path` by another name? Where
/// it cannot be told, it is none.
pub fn is_a_sibling(
    path: &Path,
    except: &Path,
    id: (u64, u64),
    olddir: Option<&Path>,
    opener: &dyn Opener,
) -> bool {
    let log = Log { path, olddir, others: &[], clock: Clock { tai_offset: 0, now: 0 }, opener };
    let all = look::Look::new(log, std::iter::empty()).and_then(|look| look.list_all(false));
    all.is_ok_and(|all| all.iter().any(|sibling| sibling.entry.file == id && sibling.path != except))
}

/// By how many seconds the lines of two files that follow one another may be out of order.
const OUT_OF_ORDER: i64 = 10;

/// Is the end of the file at `path` later than the beginning of the log at `log`? Then it is no rotation of that. `None`: one
/// of the two is not there, has no lines, or none with a time.
///
/// # Errors
/// When one of them cannot be read.
pub fn goes_on_beside(log: &Path, path: &Path, clock: Clock, opener: &dyn Opener) -> Result<Option<bool>> {
    let times = |path: &Path| {
        let file = opener.follow(path).at("open", path)?;
        let open = file.map(|file| {
            let compression = Compression::by_content(&file.0, Compression::None).at("read", path)?;
            Open::new(path, file, compression)
        });
        open.transpose()?.map(|open| open.times(clock)).transpose().map(Option::flatten)
    };
    Ok(times(log)?.zip(times(path)?).map(|(log, other)| other.1 > log.0 + OUT_OF_ORDER))
}

impl Snapshot {
    /// The open files, the oldest first.
    pub fn files(&self) -> &[Open] {
        &self.files
    }

    /// Reads each file once, from the first place where one of `plans` needs it, and shows `follow` every line with the
    /// streams it is for. An unfinished last line waits, unless lines were written to a younger file already.
    ///
    /// # Errors
    /// When a file cannot be read, or an archive is damaged and less than a minute old (it is being written).
    pub fn read(&self, plans: &[CatchUp], follow: &mut impl Follow) -> Result<Outcome> {
        let mut said = Vec::new();
        let mut ends = Vec::new();
        for (i, file) in self.files.iter().enumerate() {
            let from: Vec<u64> = plans.iter().map(|p| p.from(i).unwrap_or(u64::MAX)).collect();
            let Some(first) = from.iter().copied().min().filter(|&first| first < u64::MAX) else {
                ends.push(None);
                continue;
            };
            let end = file.read(first, &mut OfFile { file, from: &from, follow })?;
            let Some(end) = end else { return Ok(Outcome::Changed) };
            said.extend(end.said);
            ends.push(Some(end.position));
        }
        Ok(Outcome::Done { reached: plans.iter().map(|p| p.reached(&self.files, &ends)).collect(), said })
    }
}

#[cfg(test)]
pub(crate) mod tests;

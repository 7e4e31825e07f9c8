//! Whether two names are those of one log.
use std::path::{Path, PathBuf};

use super::job::Job;
use super::named::{Likeness, Named};
use super::rights::Rights;
use crate::disk::file_id;
use crate::error::Result;
use crate::ledger::{Position, Stream};
use crate::source::file;
use crate::source::journal::JOURNAL;
use crate::source::machine;
use crate::source::offset::MULTILOG;

/// The longest chain of links that is followed.
const MOST_LINKS: usize = 8;

/// A name without doubled slashes and `.`; `..` stays, because it may follow a link.
pub(super) fn clean(name: &str) -> String {
    match name {
        "journald:" => JOURNAL.to_owned(),
        _ => Path::new(name).components().collect::<PathBuf>().to_string_lossy().into_owned(),
    }
}

/// The path without links, also where they lead to a file that is being rotated at this moment.
pub(super) fn truly(path: &Path) -> PathBuf {
    truly_within(path, MOST_LINKS)
}

fn truly_within(path: &Path, links: usize) -> PathBuf {
    if let Ok(path) = std::fs::canonicalize(path) {
        return path;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return path.to_owned() };
    match std::fs::read_link(path) {
        Ok(target) if links > 0 => truly_within(&parent.join(target), links - 1),
        _ => std::fs::canonicalize(parent).map_or_else(|_| path.to_owned(), |parent| parent.join(name)),
    }
}

/// The paths of the logs that are no rotations of the log `name`, whatever their names: those that are read, too. Where that
/// log is read for the first time, one that may be a rotation is left alone.
pub(super) fn others(named: &Named, name: &str, is_new: bool) -> Vec<PathBuf> {
    let guesses = named.twins.iter().filter(|twin| is_new && twin.is_guess).map(|twin| &twin.name);
    let read = named.read.iter().map(|(other, _)| other).filter(|other| *other != name);
    read.chain(guesses).flat_map(|other| [PathBuf::from(other), truly(Path::new(other))]).collect()
}

impl Job<'_> {
    /// Is the log of another machine's stream ours by its content? Then this machine was renamed or set up anew.
    pub(super) fn is_ours(&self, stream: &Stream) -> Result<bool> {
        let position = stream.position.as_ref().filter(|_| !stream.name.starts_with(JOURNAL));
        position.map_or(Ok(false), |position| self.is_there(&stream.name, position))
    }

    /// Is `name` the log of `stream` by another name: spelt otherwise, behind a link, or moved there?
    ///
    /// Where the old name still leads to the file that was read, or to a rotation of it, another file of the same content
    /// is a copy: the old log may have lines that the copy has not. Of another machine's stream only the content tells: the
    /// same name there is that of another file.
    pub(super) fn likeness(&self, stream: &Stream, name: &str) -> Result<Likeness> {
        let is_foreign = !stream.machine.is_empty() && stream.machine != machine::name();
        if !is_foreign && clean(&stream.name) == clean(name) {
            return Ok(Likeness::Same);
        }
        if [&stream.name, name].iter().any(|name| name.starts_with(JOURNAL)) {
            return Ok(Likeness::Other);
        }
        let (was, is) = (Path::new(&stream.name), Path::new(name));
        if !is_foreign && truly(was) == truly(is) {
            return Ok(Likeness::Same);
        }
        let position = stream.position.as_ref().filter(|position| position.counted >= file::SHORTEST);
        let Some(position) = position else { return Ok(Likeness::Other) };
        let is_found =
            if is_foreign { self.has_come(name, position)? } else { self.is_there(name, position)? };
        if !is_found {
            return Ok(Likeness::Other);
        }
        let is_it = |path| self.file(path) == Some(position.file);
        // If the old name cannot be read (a directory stands there now), the log is where its content is.
        let is_same = (is_it(was) && is_it(is)) || !self.is_there(&stream.name, position).unwrap_or(false);
        Ok(match is_same {
            true => Likeness::Same,
            false if is_foreign || self.has_come(name, position)? => Likeness::Copy,
            false => Likeness::Other,
        })
    }

    /// Is the file of `position` the log `name` or one of its rotations?
    pub(super) fn is_there(&self, name: &str, position: &Position) -> Result<bool> {
        let clock =
            file::Clock { tai_offset: self.config.logs_tai_offset.unwrap_or(MULTILOG), now: (self.clock)() };
        let olddir = self.config.logs_syslog_olddir.as_deref();
        file::is_there(Path::new(name), olddir, position, clock, &Rights(self.as_root))
    }

    /// The same, without a look at the place where the file was read: there it may still be, beside another log.
    pub(super) fn has_come(&self, name: &str, position: &Position) -> Result<bool> {
        self.is_there(name, &Position { path: String::new(), ..position.clone() })
    }

    /// Device and inode of what `path` leads to.
    fn file(&self, path: &Path) -> Option<(u64, u64)> {
        Rights(self.as_root).look_at(path).map(|meta| file_id(&meta))
    }
}

//! A log directory of multilog(8), svlogd(8) or s6-log(8): `current`, `previous`, and the `@*.u` that
//! nobody processed.
use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::identity::mtime;
use crate::dir;
use crate::disk;
use crate::error::{At, Error, Result};
use crate::ledger::{Hint, Ledger};
use crate::say::warn;

/// The role of a chunk in its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `@*.u`: finished, and nobody will ever hand it to us.
    Orphan,
    /// `previous` while another process, or none, works on it: finished, archived by its own roll.
    Previous,
    /// What the logger hands to us now: finished.
    Stdin,
    /// `current`: grows.
    Current,
}

impl Role {
    /// Is it complete, so that nothing will follow its last byte?
    pub fn is_finished(self) -> bool {
        self != Role::Current
    }

    /// Is it archived by this process?
    pub fn is_archived_now(self) -> bool {
        matches!(self, Role::Orphan | Role::Stdin)
    }
}

/// One open chunk.
#[derive(Debug)]
pub struct Chunk {
    /// Open for reading; only ever read by offset.
    pub file: File,
    /// Its metadata when it was opened.
    pub meta: Metadata,
    /// File name in its directory; empty for a pipe.
    pub name: String,
    /// Its role.
    pub role: Role,
}

impl Chunk {
    /// The same chunk with a descriptor of its own.
    ///
    /// # Errors
    /// When its descriptor cannot be duplicated.
    pub fn again(&self) -> Result<Chunk> {
        let file = self.file.try_clone().at("read", Path::new("standard input"))?;
        Ok(Chunk { file, meta: self.meta.clone(), name: self.name.clone(), role: self.role })
    }

    /// The hint by which a finished chunk is recognised without opening it.
    pub fn hint(&self) -> Hint {
        hint(&self.name, &self.meta)
    }
}

fn hint(name: &str, meta: &Metadata) -> Hint {
    Hint { name: name.to_owned(), inode: meta.ino(), size: meta.len(), mtime: mtime(meta) }
}

/// One of a directory's chunks.
#[derive(Debug)]
pub enum Found {
    /// It is open.
    Open(Chunk),
    /// An `@*.u` that is opened when its turn comes: there may be more of them than files may be open at once.
    Waiting(Waiting),
}

impl Found {
    fn role(&self) -> Role {
        match self {
            Found::Open(chunk) => chunk.role,
            Found::Waiting(_) => Role::Orphan,
        }
    }
}

/// An `@*.u` that was found and is not open.
#[derive(Debug)]
pub struct Waiting {
    /// Where it stands.
    pub path: PathBuf,
    /// Device number, inode number.
    pub file: (u64, u64),
}

impl Waiting {
    /// Opens it. `None`: it is not there any more. Its logger has removed it, or has had it processed meanwhile.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> Result<Option<Chunk>> {
        let (dir, name) = (self.path.parent(), self.path.file_name().and_then(|name| name.to_str()));
        let chunk = open(dir.unwrap_or(Path::new("")), name.unwrap_or_default(), Role::Orphan)?;
        Ok(chunk.filter(|chunk| disk::file_id(&chunk.meta) == self.file))
    }
}

/// What a directory holds for us.
#[derive(Debug, Default)]
pub struct Listing {
    /// Oldest first: `@*.u`, `previous`, `current`.
    pub chunks: Vec<Found>,
    /// Positions in the ledger of finished chunks that need not be opened.
    pub done: Vec<usize>,
    /// Is there no such directory?
    pub is_missing: bool,
}

impl Listing {
    /// Adds `stdin` if it was not found in its directory: that could not be read, or a restarted logger has removed
    /// the file meanwhile.
    ///
    /// # Errors
    /// When its descriptor cannot be duplicated.
    pub fn with_stdin(mut self, stdin: &Chunk) -> Result<Listing> {
        if !self.chunks.iter().any(|c| c.role() == Role::Stdin) {
            let at = self.chunks.iter().position(|c| c.role() == Role::Current).unwrap_or(self.chunks.len());
            self.chunks.insert(at, Found::Open(stdin.again()?));
        }
        Ok(self)
    }
}

/// Opens everything in `dir` that may have lines for us. A chunk that is the file of `stdin`
/// (device, inode) gets [`Role::Stdin`].
///
/// They are opened in the order of the flow, `current` before `previous` before `@*.u`, and held: a
/// chunk that moves on meanwhile is met again further down, never missed, and taken once. Of the `@*.u`, which move
/// seldom, only `most_held` are held.
///
/// # Errors
/// When the directory or a chunk in it cannot be read. A directory that is not there is empty.
pub fn list(dir: &Path, ledger: &Ledger, stdin: Option<(u64, u64)>, most_held: usize) -> Result<Listing> {
    let mut listing = Listing::default();
    let mut held: HashSet<(u64, u64)> = HashSet::new();
    let mut later = Vec::new();
    for (name, role) in [("current", Role::Current), ("previous", Role::Previous)] {
        if let Some(chunk) = open(dir, name, role)?
            && held.insert(disk::file_id(&chunk.meta))
        {
            later.push(chunk);
        }
    }
    let entries = match dir::read(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            listing.is_missing = true;
            return Ok(listing);
        }
        Err(e) => return Err(e).at("read", dir),
    };
    let mut orphans: Vec<String> = Vec::new();
    for entry in entries {
        let entry = entry.at("read", dir)?;
        let name = entry.name().unwrap_or_default();
        if name.starts_with('@') && name.ends_with(".u") {
            orphans.push(name.to_owned());
        }
    }
    orphans.sort();
    let done = ledger.done();
    for name in orphans {
        let path = dir.join(&name);
        let meta = std::fs::symlink_metadata(&path).ok();
        let file = meta.as_ref().map(disk::file_id);
        if let Some(meta) = &meta
            && let Some(&known) = done.get(&hint(&name, meta))
            && stdin != file
        {
            listing.done.push(known);
            continue;
        }
        if listing.chunks.len() >= most_held
            && let Some(file) = file
            && stdin != Some(file)
        {
            if held.insert(file) {
                listing.chunks.push(Found::Waiting(Waiting { path, file }));
            }
            continue;
        }
        if let Some(chunk) = open(dir, &name, Role::Orphan)?
            && held.insert(disk::file_id(&chunk.meta))
        {
            listing.chunks.push(Found::Open(chunk));
        }
    }
    listing.chunks.extend(later.into_iter().rev().map(Found::Open));
    for found in &mut listing.chunks {
        if let Found::Open(chunk) = found
            && stdin == Some(disk::file_id(&chunk.meta))
        {
            chunk.role = Role::Stdin;
        }
    }
    Ok(listing)
}

fn open(dir: &Path, name: &str, role: Role) -> Result<Option<Chunk>> {
    open_by(&disk::open, dir, name, role)
}

fn open_by(
    open: &dyn Fn(&Path) -> Result<Option<File>>,
    dir: &Path,
    name: &str,
    role: Role,
) -> Result<Option<Chunk>> {
    let path = dir.join(name);
    let file = loop {
        let looked = std::fs::symlink_metadata(&path).ok();
        match &looked {
            Some(meta) if !meta.is_file() => {
                warn(format_args!("{}: is not a regular file and is not read", path.display()));
                return Ok(None);
            }
            // multilog makes `current` with mode 0600 and opens it to readers in a second step: a query between
            // the two must not fail.
            Some(meta) if meta.len() == 0 => return Ok(None),
            _ => {}
        }
        match open(&path) {
            Ok(Some(file)) => break file,
            Ok(None) => return Ok(None),
            // That new `current` may have come after the look.
            Err(Error::Io { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied && is_another(&path, looked.as_ref()) => {
            }
            Err(e) => return Err(e),
        }
    };
    let meta = file.metadata().at("look at", &path)?;
    Ok(Some(Chunk { file, meta, name: name.to_owned(), role }))
}

/// Is the file at `path` another one than that of `before` (another inode), or gone?
fn is_another(path: &Path, before: Option<&Metadata>) -> bool {
    std::fs::symlink_metadata(path).ok().map(|m| disk::file_id(&m)) != before.map(disk::file_id)
}

/// Is descriptor 0 the `previous` or an `@*.u` of the directory we run in? That is how multilog,
/// s6-log and svlogd hand a chunk to their processor.
///
/// # Errors
/// When it cannot be looked at. Where we may not look, it is none.
pub fn name_in(dir: &Path, file: (u64, u64)) -> Result<Option<String>> {
    let look = |name: &str| -> Result<bool> {
        let path = dir.join(name);
        match std::fs::symlink_metadata(&path) {
            Ok(meta) => Ok(meta.is_file() && disk::file_id(&meta) == file),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
                Ok(false)
            }
            Err(e) => Err(e).at("look at", &path),
        }
    };
    if look("previous")? {
        return Ok(Some("previous".to_owned()));
    }
    let entries = match dir::read(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        Err(e) => return Err(e).at("read", dir),
    };
    for entry in entries {
        let entry = entry.at("read", dir)?;
        if let Some(name) = entry.name()
            && name.starts_with('@')
            && name.ends_with(".u")
            && look(name)?
        {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::fs::{rename, write};

    /// Of many left-over chunks only some are open; the others are found again when their turn comes, or are gone.
    #[test]
    fn left_over_chunks_beyond_the_bound_are_opened_when_their_turn_comes() {
        let dir = tempfile::tempdir().unwrap();
        let name = |n: u32| dir.path().join(format!("@40000000000000000000000{n}.u"));
        (0..6).for_each(|n| write(name(n), format!("line {n}\n")).unwrap());
        write(dir.path().join("current"), "current\n").unwrap();
        let stdin = disk::file_id(&std::fs::metadata(name(5)).unwrap());
        let listing = list(dir.path(), &Ledger::default(), Some(stdin), 2).unwrap();
        let open = |found: &Found| matches!(found, Found::Open(_));
        assert_eq!(
            listing.chunks.iter().map(open).collect::<Vec<_>>(),
            [true, true, false, false, false, true, true]
        );
        let roles: Vec<Role> = listing.chunks.iter().map(Found::role).collect();
        assert_eq!(roles[4..], [Role::Orphan, Role::Stdin, Role::Current]);
        // One is removed, one replaced by another file.
        std::fs::remove_file(name(2)).unwrap();
        write(dir.path().join("new"), "line 3\n").unwrap();
        rename(dir.path().join("new"), name(3)).unwrap();
        let waiting = listing.chunks.iter().filter_map(|found| match found {
            Found::Open(_) => None,
            Found::Waiting(waiting) => Some(waiting.open().unwrap().map(|chunk| chunk.name)),
        });
        let there = name(4).file_name().unwrap().to_str().map(str::to_owned);
        assert_eq!(waiting.collect::<Vec<_>>(), [None, None, there]);
    }

    /// A roll between the look and the opening: the new `current` is closed to us until multilog's next step.
    #[test]
    fn a_current_that_is_not_yet_opened_to_readers_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let (current, previous) = (dir.path().join("current"), dir.path().join("previous"));
        write(&current, "a line\n").unwrap();
        let tries = Cell::new(0);
        let denied = |path: &Path| -> Result<Option<File>> {
            tries.set(tries.get() + 1);
            if tries.get() == 1 {
                rename(&current, &previous).unwrap();
                write(&current, "").unwrap();
            }
            Err(io::Error::from(io::ErrorKind::PermissionDenied)).at("open", path)
        };
        assert!(open_by(&denied, dir.path(), "current", Role::Current).unwrap().is_none());
        assert_eq!(tries.get(), 1);
        // One that stays closed is an error.
        assert!(open_by(&denied, dir.path(), "previous", Role::Previous).is_err());
        assert_eq!(tries.get(), 2);
    }
}

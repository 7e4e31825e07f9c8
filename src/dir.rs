//! The entries of a directory.
//!
//! `std::fs::read_dir` panics if closing the directory fails, which may happen over a network. Here such a failure is
//! ignored, because all entries have been read by then. And nix treats an error while reading as the end of the
//! directory.
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, open};

/// The type of an entry. A symbolic link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

/// One entry; never `.` or `..`.
#[derive(Clone, Debug)]
pub struct Entry {
    path: PathBuf,
    kind: Option<Kind>,
}

impl Entry {
    /// Its name in the directory.
    pub fn file_name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Its name, if it is UTF-8.
    pub fn name(&self) -> Option<&str> {
        self.file_name().to_str()
    }

    /// The directory's path and its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    ///
    /// # Errors
    /// If the directory does not name the type, and the entry itself cannot be examined.
    pub fn kind(&self) -> io::Result<Kind> {
        if let Some(kind) = self.kind {
            return Ok(kind);
        }
        let meta = self.metadata()?;
        Ok(match (meta.is_file(), meta.is_dir()) {
            (true, _) => Kind::File,
            (_, true) => Kind::Directory,
            _ => Kind::Other,
        })
    }

    /// Its metadata at this moment. A symbolic link is not followed.
    ///
    /// # Errors
    /// If they cannot be read, for instance because the entry is gone.
    pub fn metadata(&self) -> io::Result<Metadata> {
        std::fs::symlink_metadata(&self.path)
    }
}

/// The entries of a directory, in no order.
pub struct Entries {
    dir: PathBuf,
    /// `None`: reading failed, and nothing more can be read.
    entries: Option<Dir>,
}

/// Opens the directory at `path` and reads it entry by entry.
///
/// # Errors
/// If it cannot be opened. If reading fails later, the next entry is an error, and the last one.
pub fn read(path: &Path) -> io::Result<Entries> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    read_open(open(path, flags, Mode::empty())?, path)
}

/// As [`read`], for a directory that is already open: its entries from the first one on. `path` is its path.
///
/// # Errors
/// When it cannot be read.
pub fn read_open(dir: impl Into<OwnedFd>, path: &Path) -> io::Result<Entries> {
    Ok(Entries { dir: path.to_owned(), entries: Some(Dir::new(dir.into())?) })
}

impl Iterator for Entries {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.entries.as_mut()?.next()? {
                Ok(entry) => entry,
                Err(errno) => {
                    self.entries = None;
                    return Some(Err(errno.into()));
                }
            };
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => None,
                FileType::RegularFile => Some(Kind::File),
                FileType::Directory => Some(Kind::Directory),
                _ => Some(Kind::Other),
            };
            let path = self.dir.join(OsString::from(OsStr::from_bytes(name)));
            return Some(Ok(Entry { path, kind }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, write};
    use std::os::unix::fs::symlink;

    #[test]
    fn the_entries_are_those_of_the_directory() {
        let temp = tempfile::tempdir().unwrap();
        write(temp.path().join("file"), "12345").unwrap();
        create_dir(temp.path().join("directory")).unwrap();
        symlink("file", temp.path().join("link")).unwrap();
        write(temp.path().join(OsStr::from_bytes(b"\xff")), "").unwrap();
        let mut found: Vec<Entry> = read(temp.path()).unwrap().map(Result::unwrap).collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let names: Vec<&[u8]> = found.iter().map(|e| e.file_name().as_bytes()).collect();
        assert_eq!(names, [&b"directory"[..], b"file", b"link", b"\xff"]);
        let kinds: Vec<Kind> = found.iter().map(|e| e.kind().unwrap()).collect();
        assert_eq!(kinds, [Kind::Directory, Kind::File, Kind::Other, Kind::File]);
        let unknown = Entry { kind: None, ..found[2].clone() };
        assert_eq!(unknown.kind().unwrap(), Kind::Other);
        assert_eq!(found[1].metadata().unwrap().len(), 5);
        assert_eq!(found[3].name(), None);
        assert_eq!(read(&temp.path().join("none")).err().unwrap().kind(), io::ErrorKind::NotFound);
        assert_eq!(read(&temp.path().join("file")).err().unwrap().kind(), io::ErrorKind::NotADirectory);
    }
}

//! librrd's own lock, and an RRD that is open to be changed under it: while it is held, librrd neither reads nor writes
//! the file.
//!
//! It is a lock of fcntl(2) on the whole file, which belongs to the process. It is gone as soon as the process closes any
//! descriptor of the file: nothing else here may open it meanwhile.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use super::header::{self, Look};
use super::patient::Pauses;
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};

/// Takes librrd's lock on the open file at `path`: the exclusive one to write, a shared one to read.
///
/// # Errors
/// When others hold locks on it for longer than this process may wait.
pub(super) fn lock(file: &File, operation: FlockOperation, path: &Path) -> Result<()> {
    let mut pauses = Pauses::new();
    loop {
        match fcntl_lock(file, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            // A reader (rrdtool graph, a backup) is over soon.
            Err(Errno::AGAIN | Errno::ACCESS) if pauses.wait() => {}
            Err(Errno::AGAIN | Errno::ACCESS) => {
                let path = path.display();
                let text = format!("{path}: another program holds a lock on it (fuser {path} names it)");
                return Err(Error::Message(text));
            }
            Err(e) => return Err(io::Error::from(e)).at("lock", path),
        }
    }
}

/// An RRD that nobody else changes or reads.
#[derive(Debug)]
pub struct LockedRrd {
    file: File,
    path: PathBuf,
}

impl LockedRrd {
    /// Opens the file at `path`, never through a link. `None`: there is none.
    ///
    /// # Errors
    /// When it may not be written, is no regular file, or is locked by others for too long.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let Some(file) = disk::open_to_change(path)? else { return Ok(None) };
        lock(&file, FlockOperation::NonBlockingLockExclusive, path)?;
        Ok(Some(Self { file, path: path.to_owned() }))
    }

    /// As [`LockedRrd::open`], but where others hold it for too long, without the lock: only to put a header back that the
    /// file had before.
    ///
    /// # Errors
    /// When it may not be written, or is no regular file.
    pub fn open_to_undo(path: &Path) -> Result<Option<Self>> {
        let Some(file) = disk::open_to_change(path)? else { return Ok(None) };
        // Another program that reads the file meanwhile may see it half changed. That passes; minutes that stayed in the
        // file although they wait to be pushed would be there for good.
        let _ = lock(&file, FlockOperation::NonBlockingLockExclusive, path);
        Ok(Some(Self { file, path: path.to_owned() }))
    }

    /// Where it stood when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it looks like.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn peek(&self) -> Result<Look> {
        header::peek_at(&self.file, &self.path)
    }

    /// Writes pieces of rows, each at its place. Until the header is written too, the file takes them for its oldest rows.
    pub(super) fn write_rows(&self, rows: &[(u64, Vec<u8>)]) -> Result<()> {
        let write = || rows.iter().try_for_each(|(at, bytes)| self.file.write_all_at(bytes, *at));
        disk::change(Change::Write(&self.path), write).at("write", &self.path)
    }

    /// Writes a header over that of the file, and makes all that was written durable. If it is that of before an update, the
    /// oldest rows stay wrong until the next update, which writes them again: then the file is as if nothing had happened in
    /// between.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_header(&self, header: &[u8]) -> Result<()> {
        disk::change(Change::Write(&self.path), || self.file.write_all_at(header, 0))
            .at("write", &self.path)?;
        disk::fdatasync(&self.path, &self.file)
    }
}

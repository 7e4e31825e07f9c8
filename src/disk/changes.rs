//! The kinds of changes to a file system.
use std::path::Path;

/// One change to a file system, and the names it is made to.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A directory is made.
    MakeDir(&'a Path),
    /// A file is made, empty.
    Create(&'a Path),
    /// Bytes are written, at the end or in place, or the file is cut.
    Write(&'a Path),
    /// What was written is made durable.
    Fsync(&'a Path),
    /// The second name means what the first one did.
    Rename(&'a Path, &'a Path),
    /// Both names mean what the first one does.
    Link(&'a Path, &'a Path),
    /// A name is removed.
    Remove(&'a Path),
    /// The names in a directory are made durable.
    FsyncDir(&'a Path),
}

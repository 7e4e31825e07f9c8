//! What the logger hands to its processor: the regular file `previous` (or svlogd's `@*.u`), or, by
//! hand, any file or pipe.
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::directory::{Chunk, Role, name_in};
use crate::disk;
use crate::error::{At, Result};

/// Descriptor 0, ready to be read by offset.
#[derive(Debug)]
pub struct Input {
    /// The chunk.
    pub chunk: Chunk,
    /// The log directory it belongs to; `None`: none.
    pub directory: Option<PathBuf>,
    /// Was it a pipe? Then its times mean nothing.
    pub is_pipe: bool,
}

/// Takes descriptor 0. A pipe is read to its end first, into a nameless file in `spool`.
///
/// # Errors
/// When it cannot be read, or the nameless file cannot be written.
pub fn open(spool: &Path) -> Result<Input> {
    let name = Path::new("standard input");
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().at("open", name)?);
    let meta = file.metadata().at("look at", name)?;
    if meta.is_file() {
        let (directory, name) = match place(disk::file_id(&meta))? {
            Some((directory, name)) => (Some(directory), name),
            None => (None, String::new()),
        };
        return Ok(Input { chunk: Chunk { file, meta, name, role: Role::Stdin }, directory, is_pipe: false });
    }
    disk::make_dir(spool)?;
    let mut copy = tempfile::tempfile_in(spool).at("make a temporary file in", spool)?;
    io::copy(&mut io::stdin().lock(), &mut copy).at("read", name)?;
    copy.rewind().at("read", name)?;
    let meta = copy.metadata().at("look at", name)?;
    let chunk = Chunk { file: copy, meta, name: String::new(), role: Role::Stdin };
    Ok(Input { chunk, directory: None, is_pipe: true })
}

/// The working directory and the name in it, if a logger handed this file to us. An error is no answer: the chunk would
/// be taken for one that belongs nowhere, and a line that began in the chunk before would not be put together.
fn place(file: (u64, u64)) -> Result<Option<(PathBuf, String)>> {
    let whole = Path::new("the working directory");
    let dir = match std::env::current_dir() {
        Ok(dir) => dir,
        // It was removed.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).at("look at", whole),
    };
    let is_closed =
        |e: &io::Error| matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
    let dir = match std::fs::canonicalize(&dir) {
        Ok(dir) => dir,
        // A directory above it is closed to us, if a second look fails as well. The system's own answer has no links in it.
        Err(e) if is_closed(&e) => match std::fs::metadata(&dir) {
            Ok(_) => dir,
            Err(e) if is_closed(&e) => return Ok(None),
            Err(e) => return Err(e).at("look at", whole),
        },
        Err(e) => return Err(e).at("look at", whole),
    };
    Ok(name_in(&dir, file)?.map(|name| (dir, name)))
}

//! What the logger hands to its processor: the regular file `previous` (or svlogd's `@*.u`), or, by
//! hand, any file or pipe.
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::directory::{Chunk, Role, name_in};
use crate::error::{At, Result};
use crate::store::disk;

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
pub fn take(spool: &Path) -> Result<Input> {
    let name = Path::new("standard input");
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().at("open", name)?);
    let meta = file.metadata().at("look at", name)?;
    if meta.is_file() {
        let cwd = std::env::current_dir().and_then(std::fs::canonicalize).ok();
        let place = cwd.and_then(|dir| name_in(&dir, disk::file_id(&meta)).map(|name| (dir, name)));
        let (directory, name) = place.map_or((None, String::new()), |(d, n)| (Some(d), n));
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

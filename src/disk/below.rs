//! Files below a directory that others may write to: no symbolic link on the way is followed.
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::{Change, change};
use crate::error::{At, Error, Result};

/// Opens `base/name`, where no component of `name` may be a symbolic link. `None`: it does not exist.
pub fn open_below(base: &Path, name: &str, flags: OFlag, make: bool) -> Result<Option<File>> {
    let path = base.join(name);
    let Some((dir, leaf)) = open_parent(base, name, make)? else { return Ok(None) };
    let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    match openat(&dir, leaf, flags, Mode::from_bits_truncate(0o644)) {
        Ok(fd) => {
            let file = File::from(fd);
            if !file.metadata().at("look at", &path)?.is_file() {
                return Err(Error::Message(format!(
                    "{}: is not a regular file; move it away",
                    path.display()
                )));
            }
            Ok(Some(file))
        }
        Err(Errno::ENOENT) => Ok(None),
        Err(Errno::ELOOP) => Err(Error::Message(format!(
            "{}: is a symbolic link, which is not followed here; move it away",
            path.display()
        ))),
        Err(e) => Err(e).at("open", &path),
    }
}

/// Removes `base/name`, where no component of `name` may be a symbolic link. It is no error if it does not exist.
pub fn remove_below(base: &Path, name: &str) -> Result<()> {
    let Some((dir, leaf)) = open_parent(base, name, false)? else { return Ok(()) };
    let path = base.join(name);
    let remove = || match unlinkat(&dir, leaf, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(e) => Err(e.into()),
    };
    change(Change::Remove(&path), remove).at("remove", &path)
}

fn open_parent<'a>(base: &Path, name: &'a str, make: bool) -> Result<Option<(File, &'a OsStr)>> {
    let mut dir = File::open(base).at("open", base)?;
    let mut at = PathBuf::from(base);
    let (parents, leaf) = name.rsplit_once('/').unwrap_or(("", name));
    for part in parents.split('/').filter(|p| !p.is_empty()) {
        at.push(part);
        if make {
            let make = || match mkdirat(&dir, part, Mode::from_bits_truncate(0o755)) {
                Ok(()) | Err(Errno::EEXIST) => Ok(()),
                Err(e) => Err(e.into()),
            };
            change(Change::MakeDir(&at), make).at("make the directory", &at)?;
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        match openat(&dir, part, flags, Mode::empty()) {
            Ok(fd) => dir = File::from(fd),
            Err(Errno::ENOENT) if !make => return Ok(None),
            Err(e) => return Err(e).at("open", &at),
        }
    }
    Ok(Some((dir, OsStr::new(leaf))))
}

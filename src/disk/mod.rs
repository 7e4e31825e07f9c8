//! Every change that the store makes to a file system goes through here: temporary file → fsync →
//! rename → fsync of the directory, never through a symbolic link.
//!
//! Each of them is one [`Change`]. In the shipped program that is a name for a call; in tests the process can die
//! before, within or after any of them, the disk can be full, and the power can fail (`disk::crash`), so that
//! recovery is proven at every step.
pub mod below;
mod changes;
#[cfg(test)]
pub mod crash;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc;

pub use changes::Change;

use crate::error::{At, Error, Result};

/// Makes one change.
#[inline]
pub fn change<T>(_what: Change<'_>, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    #[cfg(test)]
    return crash::change(_what, act);
    #[cfg(not(test))]
    act()
}

/// Opens for reading; never through a symbolic link, never hanging on a fifo. `None`: not there.
pub fn open(path: &Path) -> Result<Option<File>> {
    open_as(path, OpenOptions::new().read(true))
}

/// As [`open`], to be read and written in place.
pub fn open_to_change(path: &Path) -> Result<Option<File>> {
    open_as(path, OpenOptions::new().read(true).write(true))
}

fn open_as(path: &Path, options: &mut OpenOptions) -> Result<Option<File>> {
    match options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path) {
        Ok(file) => {
            if !file.metadata().at("look at", path)?.is_file() {
                return Err(Error::Message(format!(
                    "{}: is not a regular file; move it away",
                    path.display()
                )));
            }
            Ok(Some(file))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) if e.raw_os_error() == Some(libc::ELOOP) => Err(Error::Message(format!(
            "{}: is a symbolic link, which is not followed here; move it away",
            path.display()
        ))),
        Err(e) => Err(e).at("open", path),
    }
}

/// No small file of ours is larger, in bytes: a counter file has a few thousand, an intent a line for each day.
pub const LARGEST: u64 = 16 << 20;

/// The whole content of a small file. `None`: not there.
///
/// # Errors
/// [`Error::TooLarge`], of which nothing was read; or when it cannot be read.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    read_within(path, LARGEST)
}

/// As [`read`], of at most `most` bytes.
///
/// # Errors
/// As [`read`].
pub fn read_within(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let too_large = || Error::TooLarge { path: path.to_owned(), most };
    if file.metadata().at("look at", path)?.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(most + 1).read_to_end(&mut bytes).at("read", path)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(Some(bytes)) }
}

/// Replaces `path` by `bytes`, durably: temporary file, fsync, rename. The directory is *not* synced;
/// see [`sync_dir`].
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temporary = temporary(path);
    let result = write_new(&temporary, bytes, mode).and_then(|()| rename(&temporary, path));
    if result.is_err() {
        let _ = remove(&temporary);
    }
    result
}

/// As [`replace`], where several processes may do it at once: the last one wins, and none of them sees another's half.
pub fn replace_by_anyone(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temporary = with_end(&temporary(path), &format!(".{}", std::process::id()));
    let result = write_new(&temporary, bytes, mode).and_then(|()| rename(&temporary, path));
    if result.is_err() {
        let _ = remove(&temporary);
    }
    result
}

/// As [`replace`], but nothing waits for the disk: after a loss of power the file may be the old one, or torn.
pub fn replace_lightly(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temporary = temporary(path);
    let write = || {
        let mut file = create(&temporary, mode)?;
        change(Change::Write(&temporary), || file.write_all(bytes)).at("write", &temporary)
    };
    let result = write().and_then(|()| rename(&temporary, path));
    if result.is_err() {
        let _ = remove(&temporary);
    }
    result
}

/// The path with `end` behind its name.
pub fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// `DIR/.NAME.tmp`: one writer at a time, under the lock, so one name is enough.
pub fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = create(path, mode)?;
    change(Change::Write(path), || file.write_all(bytes)).at("write", path)?;
    fsync(path, &file)
}

/// Makes a file anew, to be written.
pub fn create(path: &Path, mode: u32) -> Result<File> {
    // What a crash left of an earlier try; anything may be in its place, so it is not opened.
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => {
            change(Change::Remove(path), || std::fs::remove_dir(path)).at("remove the directory", path)?;
        }
        Ok(_) => remove(path)?,
        Err(_) => {}
    }
    let file = change(Change::Create(path), || {
        OpenOptions::new().write(true).create_new(true).mode(mode).custom_flags(libc::O_NOFOLLOW).open(path)
    })
    .at("create", path)?;
    // The umask of the logger that started us must not hide the counters from the SNMP agent.
    file.set_permissions(std::fs::Permissions::from_mode(mode)).at("chmod", path)?;
    Ok(file)
}

/// Makes a file durable.
pub fn fsync(path: &Path, file: &File) -> Result<()> {
    change(Change::Fsync(path), || sync(file, File::sync_all)).at("fsync", path)
}

/// Makes the content of a file durable, but not its times.
pub fn fdatasync(path: &Path, file: &File) -> Result<()> {
    change(Change::Fsync(path), || sync(file, File::sync_data)).at("fsync", path)
}

/// Unit tests do not wait for the disk: they die at each step thousands of times, which would take hours. They test
/// that syncing is asked for; the tests of the whole program do wait.
fn sync(file: &File, how: fn(&File) -> io::Result<()>) -> io::Result<()> {
    if cfg!(test) { Ok(()) } else { how(file) }
}

/// Renames within the store.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    change(Change::Rename(from, to), || std::fs::rename(from, to)).at("replace", to)
}

/// Removes a file. It is no error if it does not exist.
pub fn remove(path: &Path) -> Result<()> {
    match change(Change::Remove(path), || std::fs::remove_file(path)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e).at("remove", path),
        _ => Ok(()),
    }
}

/// Makes durable what was created, renamed or removed in `dir`. `dir` may be a link (`/var/log/mail` often is one);
/// then the directory that it leads to is meant, which is the one that was written to.
pub fn sync_dir(dir: &Path) -> Result<()> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(dir).at("open", dir)?;
    change(Change::FsyncDir(dir), || sync(&file, File::sync_all)).at("fsync", dir)
}

/// Makes a directory (0755) and those above it that are missing.
pub fn make_dir(dir: &Path) -> Result<()> {
    match std::fs::metadata(dir) {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => return Err(Error::Message(format!("{}: is not a directory; move it away", dir.display()))),
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e).at("look at", dir),
        Err(_) => {}
    }
    if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
        make_dir(parent)?;
    }
    match change(Change::MakeDir(dir), || std::fs::create_dir(dir)) {
        Ok(()) => {
            let _ = std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755));
            sync_name(dir)
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e).at("make the directory", dir),
    }
}

/// Makes the name of a directory durable; without its name nothing in it is. If the directory above may not be
/// opened, this cannot be done, and is no error.
pub fn sync_name(dir: &Path) -> Result<()> {
    match dir.parent().filter(|p| !p.as_os_str().is_empty()).map(sync_dir) {
        Some(Err(Error::Io { source, .. })) if source.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced.unwrap_or(Ok(())),
    }
}

/// Reads up to `buf.len()` bytes at `offset`; fewer only at the end of the file.
pub fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// Device and inode: which file a descriptor or name means at this moment.
pub fn file_id(meta: &std::fs::Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// Does something other than a regular file stand there: a directory, a link, a fifo?
pub fn is_something_else(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|m| !m.is_file())
}

/// Copies `[from, to)` of `file` to `out`.
pub fn copy(file: &File, from: u64, to: u64, out: &mut dyn Write) -> io::Result<()> {
    let most = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let mut buffer = vec![0u8; most.min(1 << 18)];
    let mut at = from;
    while at < to {
        let want = buffer.len().min(usize::try_from(to - at).unwrap_or(usize::MAX));
        let got = match file.read_at(&mut buffer[..want], at) {
            Ok(0) => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the log became shorter while it was read",
                ));
            }
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        out.write_all(&buffer[..got])?;
        at += got as u64;
    }
    Ok(())
}

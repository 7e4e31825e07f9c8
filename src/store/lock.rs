//! One writer a protocol at a time: `flock` on `state/P.lock`.
//!
//! The kernel releases it with the process, however it dies; the file itself stays.
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::libc;

use crate::disk::{self, Change};
use crate::error::{At, Error, Result};

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Waits at most `patience` for the lock at `path`.
///
/// # Errors
/// [`Error::Locked`] when another process held it all the time; [`Error::Io`] when the file cannot
/// be made or opened.
pub fn lock(path: &Path, patience: Duration) -> Result<Lock> {
    let open = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
    };
    let open = || disk::change(Change::Create(path), open);
    let file = match open() {
        // Removed, not moved: rmdir(2) can never take away the file that another process has locked by now.
        Err(e) if e.raw_os_error() == Some(libc::EISDIR) && std::fs::remove_dir(path).is_ok() => open(),
        other => other,
    }
    .at("open", path)?;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::Error(e)) => return Err(e).at("lock", path),
            Err(TryLockError::WouldBlock) => {
                let waited = begun.elapsed();
                if waited >= patience {
                    return Err(Error::Locked { path: path.to_owned(), seconds: waited.as_secs() });
                }
                std::thread::sleep(pause.min(patience - waited));
                pause = (pause * 2).min(Duration::from_millis(50));
            }
        }
    }
}

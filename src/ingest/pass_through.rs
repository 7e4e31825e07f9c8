//! What a logger hands to us, handed on.
use std::path::Path;

use crate::disk;
use crate::error::{At, Result};

/// Copies the input to stdout, whole, and makes it durable: svlogd does not.
///
/// # Errors
/// When either cannot be read or written.
pub fn pass_through(input: &std::fs::File, length: u64) -> Result<()> {
    use std::io::Write;
    use std::os::fd::AsFd;
    let name = Path::new("standard output");
    let mut stdout = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().at("open", name)?);
    disk::copy(input, 0, length, &mut stdout).at("write", name)?;
    stdout.flush().at("write", name)?;
    match stdout.sync_all() {
        // A pipe, a terminal, /dev/null: nothing to make durable.
        Err(e)
            if !matches!(
                e.raw_os_error(),
                Some(nix::libc::EINVAL | nix::libc::EROFS | nix::libc::ENOTSUP)
            ) =>
        {
            Err(e).at("fsync", name)
        }
        _ => Ok(()),
    }
}

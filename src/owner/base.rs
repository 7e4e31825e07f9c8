//! `logs_base` is made as root where only root may make it, and given to the owner of the logs.
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{fchown, geteuid};

use super::who::Owner;
use crate::error::{At, Result};
use crate::source::opener;

/// Makes `base` and what is missing above it, as root, and gives `base` to `owner`. Root makes a directory only in one
/// of his own that nobody else may write to, and works on descriptors that he holds: everywhere else a name may lead
/// anywhere a moment later. What is missing there the owner of the logs makes with his own rights, if he can.
///
/// # Errors
/// When a directory cannot be made or given away.
pub(super) fn make(base: &Path, owner: &Owner) -> Result<()> {
    let mut left_to_him = false;
    let made = opener::open_making(base, &mut |above, name, is_last| {
        let meta = above.metadata()?;
        if meta.uid() != geteuid().as_raw() || meta.mode() & 0o022 != 0 {
            left_to_him = true;
            return Err(Errno::ENOENT.into());
        }
        match mkdirat(above, name, Mode::from_bits_truncate(0o755)) {
            // Somebody else was faster: it is his to give away.
            Err(Errno::EEXIST) => return Ok(()),
            other => other?,
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let dir = File::from(openat(above, name, flags, Mode::empty())?);
        // Whatever the umask is.
        dir.set_permissions(Permissions::from_mode(0o755))?;
        if is_last {
            fchown(&dir, Some(owner.uid), Some(owner.gid))?;
        }
        dir.sync_all()
    });
    match made {
        Ok(_) => Ok(()),
        Err(_) if left_to_him => Ok(()),
        // A link that only he may follow, a directory that root may not read over the network: with his rights it is
        // tried again, and said.
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        Err(e) => Err(e).at("make the directory", base),
    }
}

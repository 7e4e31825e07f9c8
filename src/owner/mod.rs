//! As root, the store is worked on as `logs_user:logs_group`, so that a root cron and a qmaill
//! multilog share one store, and so that a link that the log's user may plant leads to nothing he
//! could not reach himself.
//!
//! Where it is not known for certain who that is, or the ids cannot be taken, nothing is done: what root leaves in the
//! store, the loggers' processors cannot write any more.
mod base;
mod mend;
mod who;

use std::io;
use std::panic::resume_unwind;

use nix::unistd::{Gid, Uid, getegid, geteuid, getgroups, getuid, setegid, seteuid, setgroups};

use crate::config::Config;
use crate::error::{Error, Result, words};
use crate::say::warn;

pub use mend::roots_files;
pub use who::{Owner, owner};

/// Takes the effective ids of the log's owner, if we are root. Makes `logs_base` for him if it is missing, and gives
/// him what an earlier run of root's left there.
///
/// # Errors
/// When it is not known who that is, or his ids cannot be taken: then nothing must be done.
pub fn become_owner(config: &Config) -> Result<()> {
    work_as_owner(config, true)
}

/// As [`become_owner`], but makes no directory and gives no file away.
///
/// # Errors
/// As [`become_owner`].
pub fn look_as_owner(config: &Config) -> Result<()> {
    work_as_owner(config, false)
}

fn work_as_owner(config: &Config, may_change: bool) -> Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let owner = owner(config)?;
    if let Some(text) = &owner.instead {
        warn(text);
    }
    if may_change && !owner.uid.is_root() {
        base::make(&config.logs_base, &owner)?;
        mend::give(config, &owner);
    }
    take_ids(&owner).map_err(|e| {
        let e = io::Error::from(e);
        Error::Message(format!(
            "cannot work as user {} and group {} (logs_user, logs_group): {}; nothing is done as root",
            owner.uid,
            owner.gid,
            words(&e)
        ))
    })
}

fn take_ids(owner: &Owner) -> nix::Result<()> {
    if owner.uid.is_root() && owner.gid == getegid() {
        return Ok(());
    }
    setgroups(&[owner.gid])?;
    setegid(owner.gid)?;
    seteuid(owner.uid)
}

/// Takes root's ids back, if we began with them, for what must be done as root (`graphs_dir`, syslog). If that fails,
/// the process goes on with fewer rights than it could have.
pub fn back_to_root() {
    if getuid().is_root() && !geteuid().is_root() && seteuid(Uid::from_raw(0)).is_ok() {
        let _ = setegid(Gid::from_raw(0));
        let _ = setgroups(&[Gid::from_raw(0)]);
    }
}

/// Root's rights could not be given back: the process must do nothing more. Thrown by [`as_root`], as a panic that
/// says nothing by itself.
#[derive(Debug)]
pub struct RightsKept;

/// Were we started as root?
pub fn is_root() -> bool {
    getuid().is_root()
}

/// Does `what` as root, if we were started as root, and goes back to the ids we had.
pub fn as_root(what: &mut dyn FnMut()) {
    let (uid, gid) = (geteuid(), getegid());
    if uid.is_root() || !getuid().is_root() {
        return what();
    }
    let groups = getgroups();
    back_to_root();
    what();
    if !geteuid().is_root() {
        return;
    }
    let given = setgroups(&groups.unwrap_or_else(|_| vec![gid]))
        .and_then(|()| setegid(gid))
        .and_then(|()| seteuid(uid));
    if let Err(e) = given {
        let e = io::Error::from(e);
        warn(format_args!("cannot give root's rights back: {}; nothing more is done", words(&e)));
        resume_unwind(Box::new(RightsKept));
    }
}

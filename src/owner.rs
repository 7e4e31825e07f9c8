//! As root, the store is worked on as `logs_user:logs_group`, so that a root cron and a qmaill
//! multilog share one store, and so that a link that the log's user may plant leads to nothing he
//! could not reach himself.
use std::path::PathBuf;

use nix::unistd::{Gid, Group, Uid, User, chown, getegid, geteuid, getuid, setegid, seteuid, setgroups};

use crate::config::Config;
use crate::error::warn;

/// Takes the effective ids of the log's owner, if we are root and there is such a user; makes
/// `logs_base` for him if it is missing.
pub fn become_owner(config: &Config) {
    work_as_owner(config, true);
}

/// As [`become_owner`], and makes nothing.
pub fn look_as_owner(config: &Config) {
    work_as_owner(config, false);
}

fn work_as_owner(config: &Config, may_make: bool) {
    if !geteuid().is_root() {
        return;
    }
    let user = User::from_name(&config.logs_user).ok().flatten();
    let group = Group::from_name(&config.logs_group).ok().flatten();
    let (Some(user), Some(group)) = (&user, &group) else {
        let (what, name) =
            if user.is_none() { ("user", &config.logs_user) } else { ("group", &config.logs_group) };
        warn(format_args!(
            "there is no {what} {name}: the store is written as root; make it, or set logs_user and logs_group in toaster.conf"
        ));
        return;
    };
    if let Err(e) = take_ids(user.uid, group.gid, may_make.then_some(&config.logs_base)) {
        warn(format_args!(
            "cannot work as {}:{}: {e}; going on as root",
            config.logs_user, config.logs_group
        ));
        back_to_root();
    }
}

fn take_ids(uid: Uid, gid: Gid, to_make: Option<&PathBuf>) -> nix::Result<()> {
    if let Some(base) = to_make
        && std::fs::symlink_metadata(base).is_err()
        && std::fs::create_dir_all(base).is_ok()
    {
        chown(base, Some(uid), Some(gid))?;
    }
    if uid.is_root() && gid == getegid() {
        return Ok(());
    }
    setgroups(&[gid])?;
    setegid(gid)?;
    seteuid(uid)
}

/// What must be done as root (`graphs_dir`, syslog): takes root's ids back, if we had them.
pub fn back_to_root() {
    if getuid().is_root() && !geteuid().is_root() && seteuid(Uid::from_raw(0)).is_ok() {
        let _ = setegid(Gid::from_raw(0));
        let _ = setgroups(&[Gid::from_raw(0)]);
    }
}

/// Were we started as root?
pub fn is_root() -> bool {
    getuid().is_root()
}

/// Does `what` as root, if we were started as root, and goes back to the ids we had.
pub fn as_root(what: &mut dyn FnMut()) {
    let (uid, gid) = (geteuid(), getegid());
    let groups = nix::unistd::getgroups();
    back_to_root();
    what();
    if getuid().is_root() && !uid.is_root() {
        let _ = setgroups(&groups.unwrap_or_else(|_| vec![gid]));
        let _ = setegid(gid);
        if seteuid(uid).is_err() {
            warn("cannot give root's rights back; going on as root");
        }
    }
}

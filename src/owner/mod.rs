//! As root, the store is worked on as `logs_user:logs_group`, so that a root cron and a qmaill
//! multilog share one store, and so that a link that the log's user may plant leads to nothing he
//! could not reach himself.
//!
//! Where it is not known for certain who that is, or the ids cannot be taken, nothing is done: what root leaves in the
//! store, the loggers' processors cannot write any more.
mod base;
mod mend;

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::resume_unwind;

use nix::unistd::{Gid, Group, Uid, User, getegid, geteuid, getgroups, getuid, setegid, seteuid, setgroups};

use crate::config::Config;
use crate::error::{Error, Result, words};
use crate::say::warn;
use crate::source::opener;

pub use mend::roots_files;

/// The user and group that the store belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: Uid,
    /// The group.
    pub gid: Gid,
    /// `logs_user` or `logs_group` does not exist: what is used instead, and the way out.
    pub instead: Option<String>,
}

/// Takes the effective ids of the log's owner, if we are root. Makes `logs_base` for him if it is missing, and gives
/// him what an earlier run of root's left there.
///
/// # Errors
/// When it is not known who that is, or his ids cannot be taken: then nothing must be done.
pub fn become_owner(config: &Config) -> Result<()> {
    work_as_owner(config, true)
}

/// As [`become_owner`], and makes and mends nothing.
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

/// Who owns the logs: `logs_user` and `logs_group`. Where there is no such user or group, the owner of `logs_base`
/// tells, if he is not root.
///
/// # Errors
/// When they cannot be looked up, or there is nobody who tells.
pub fn owner(config: &Config) -> Result<Owner> {
    let (user, group) = (&config.logs_user, &config.logs_group);
    let found_user = found("logs_user", user, User::from_name(user))?;
    let found_group = found("logs_group", group, Group::from_name(group))?;
    let (uid, gid) = match (&found_user, &found_group) {
        (Some(user), Some(group)) => return Ok(Owner { uid: user.uid, gid: group.gid, instead: None }),
        (Some(user), None) if user.uid.is_root() => (user.uid, user.gid),
        (user, group) => {
            let (key, kind, name) = match user {
                None => ("logs_user", "user", &config.logs_user),
                Some(_) => ("logs_group", "group", &config.logs_group),
            };
            let base = tells(config, key, kind, name)?;
            let uid = user.as_ref().map_or_else(|| Uid::from_raw(base.uid()), |user| user.uid);
            let gid = match group {
                Some(group) => group.gid,
                // The group of root is not a user's to have.
                None if base.gid() == 0 => primary_group(uid, user.as_ref())?,
                None => Gid::from_raw(base.gid()),
            };
            (uid, gid)
        }
    };
    let missing = match (found_user, found_group) {
        (Some(_), _) => format!("logs_group: there is no group {group}"),
        (None, _) => format!("logs_user: there is no user {user}"),
    };
    let way = "make it, or name another one in toaster.conf";
    let instead = format!("{missing}; working as user {uid} and group {gid}, as logs_base tells; {way}");
    Ok(Owner { uid, gid, instead: Some(instead) })
}

fn found<T>(key: &str, name: &str, found: nix::Result<Option<T>>) -> Result<Option<T>> {
    found.map_err(|e| {
        let e = io::Error::from(e);
        Error::Message(format!("{key}: cannot look up {name}: {}; nothing is done as root", words(&e)))
    })
}

/// `logs_base`, whose owner is not root, and stands for `name`, which does not exist.
fn tells(config: &Config, key: &str, kind: &str, name: &str) -> Result<Metadata> {
    let base = config.logs_base.display();
    let nobody = |why: String| {
        Error::Message(format!(
            "{key}: there is no {kind} {name}, and logs_base {base} {why}; make the {kind}, or set {key} in toaster.conf"
        ))
    };
    let meta = match opener::open_directory(&config.logs_base).and_then(|dir| dir.metadata()) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(nobody("is not there to tell whose it is".into()));
        }
        Err(e) => return Err(nobody(format!("cannot be looked at: {}", words(&e)))),
    };
    if meta.uid() == 0 {
        return Err(nobody("belongs to root".into()));
    }
    Ok(meta)
}

/// The group that a user has of his own accord.
fn primary_group(uid: Uid, user: Option<&User>) -> Result<Gid> {
    let known = match user {
        Some(user) => Some(user.clone()),
        None => found("logs_user", &uid.to_string(), User::from_uid(uid))?,
    };
    known.map(|user| user.gid).filter(|gid| gid.as_raw() != 0).ok_or_else(|| {
        Error::Message(format!(
            "logs_group: there is no such group, and logs_base belongs to user {uid} and root's group; set logs_group in toaster.conf"
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

/// What must be done as root (`graphs_dir`, syslog): takes root's ids back, if we had them. Where that fails we go on
/// with fewer rights than we could have.
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

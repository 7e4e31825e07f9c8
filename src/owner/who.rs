//! Which user and group the logs and the store belong to.
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::unistd::{Gid, Group, Uid, User};

use crate::config::Config;
use crate::error::{Error, Result, words};
use crate::source::opener;

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
    let instead =
        format!("{missing}; working as user {uid} and group {gid}, going by the owner of logs_base; {way}");
    Ok(Owner { uid, gid, instead: Some(instead) })
}

fn found<T>(key: &str, name: &str, found: nix::Result<Option<T>>) -> Result<Option<T>> {
    found.map_err(|e| {
        let e = io::Error::from(e);
        Error::Message(format!("{key}: cannot look up {name}: {}; nothing is done as root", words(&e)))
    })
}

/// The metadata of `logs_base`, whose owner is used because `name` does not exist. It is an error if that is root.
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
            return Err(nobody("does not exist, so that its owner cannot be used".into()));
        }
        Err(e) => return Err(nobody(format!("cannot be looked at: {}", words(&e)))),
    };
    if meta.uid() == 0 {
        return Err(nobody("belongs to root".into()));
    }
    Ok(meta)
}

/// The primary group of a user.
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

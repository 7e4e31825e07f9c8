//! The directories of the store: there, writable by `logs_user`, and by nobody else; and their files.
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{AccessFlags, Gid, Group, Uid, User, faccessat, geteuid};

use super::finding::{Level, Report};
use crate::config::Config;
use crate::error::words;
use crate::ingest::Feed;
use crate::owner;

/// `may_look`: are we not root, or did we become the owner of the logs?
pub(super) fn check(report: &mut Report, config: &Config, may_look: bool) {
    for (key, name, found) in [
        ("logs_user", &config.logs_user, User::from_name(&config.logs_user).map(|found| found.is_some())),
        ("logs_group", &config.logs_group, Group::from_name(&config.logs_group).map(|found| found.is_some())),
    ] {
        match found {
            Ok(true) => report.add(Level::Ok, "rights", key, format!("{name} is there")),
            Ok(false) => {
                let text = format!("there is no {name}: make it, or name another in toaster.conf");
                report.add(Level::Error, "rights", key, text);
            }
            Err(e) => {
                let why = words(&std::io::Error::from(e));
                let text = format!(
                    "{name} cannot be looked up: {why}; until it can, nothing is done as root (see /etc/nsswitch.conf)"
                );
                report.add(Level::Error, "rights", key, text);
            }
        }
    }
    let owner = match owner::owner(config) {
        Ok(owner) => Some(owner),
        Err(e) => {
            let text = format!("{e}; until then root does nothing");
            report.add(Level::Error, "rights", "logs_base", text);
            None
        }
    };
    if !may_look {
        let text = "the store and the logs were not checked: root does not read them as root, because their owner could change them meanwhile";
        return report.add(Level::Error, "rights", config.logs_base.display().to_string(), text);
    }
    if let Some(owner) = &owner {
        let left = owner::roots_files(config, owner);
        for path in left {
            let text = "belongs to root, and the loggers' processors cannot write it; the next `maillogs update` as root gives it to logs_user";
            report.add(Level::Error, "rights", path.display().to_string(), text);
        }
    }
    let owner = owner.map(|owner| (owner.uid, owner.gid));
    if let Some((uid, _)) = owner
        && geteuid() != uid
        && !geteuid().is_root()
    {
        let text = format!(
            "check was started by user id {}: it reports everything that only root or logs_user may read as an error",
            geteuid()
        );
        report.add(Level::Note, "rights", "logs_user", text);
    }
    let state = config.logs_base.join("state");
    let dirs = [
        ("logs_base", config.logs_base.as_path()),
        ("logs_counters", &config.logs_counters),
        ("state", &state),
        ("rrd_dir", &config.rrd_dir),
    ];
    for (key, dir) in dirs {
        directory(report, key, dir, owner);
        if let Some(owner) = owner {
            files(report, key, dir, owner);
        }
    }
}

/// The files of a directory of the store that `logs_user` cannot use: a run of root's, before there was such a user,
/// makes them so.
fn files(report: &mut Report, key: &str, dir: &Path, owner: (Uid, Gid)) {
    let mut locked_out = Vec::new();
    for entry in crate::dir::read(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        // What is replaced as a whole needs to be read; a lock and an RRD are written in place.
        // Messages in the queue: `send.queue.1`.
        let is_queue = path.file_name().is_some_and(|name| name.to_string_lossy().contains(".queue."));
        let bits = match path.extension().and_then(OsStr::to_str) {
            Some("1" | "2") if is_queue => READ,
            Some("lock" | "packing" | "rrd" | "minutes") => READ | WRITE,
            Some("state" | "journal" | "intent" | "held" | "txt") => READ,
            _ => continue,
        };
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() && !may(&meta, path, owner, bits) {
            locked_out.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    locked_out.sort();
    let Some(first) = locked_out.first() else { return };
    let more = match locked_out.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!("logs_user may not use {first}{more}; chown the files there to logs_user:logs_group");
    report.add(Level::Error, "rights", format!("{key} {}", dir.display()), text);
}

fn directory(report: &mut Report, key: &str, dir: &Path, owner: Option<(Uid, Gid)>) {
    let subject = format!("{key} {}", dir.display());
    let meta = match std::fs::metadata(dir) {
        Ok(meta) => meta,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let level = if key == "logs_base" { Level::Error } else { Level::Note };
            let way = if key == "logs_base" { "make it, or set logs_base" } else { "the next run makes it" };
            return report.add(level, "rights", subject, format!("is not there; {way}"));
        }
        Err(e) => {
            return report.add(
                Level::Error,
                "rights",
                subject,
                format!("cannot be looked at: {}", words(&e)),
            );
        }
    };
    if !meta.is_dir() {
        return report.add(Level::Error, "rights", subject, "is not a directory; move it away");
    }
    if is_open(&meta) {
        let text = "everybody may write there, and put a link in the place of a file; chmod o-w";
        report.add(Level::Error, "rights", &subject, text);
    }
    match owner {
        Some(owner) if !may(&meta, dir, owner, WRITE | SEARCH) => {
            let text = format!(
                "its owner {}:{} with mode {:04o} does not let logs_user write; chown it to logs_user:logs_group",
                meta.uid(),
                meta.gid(),
                meta.mode() & 0o7777
            );
            report.add(Level::Error, "rights", subject, text);
        }
        _ => report.add(Level::Ok, "rights", subject, "can be written by logs_user"),
    }
}

/// May every user replace the files in this directory?
pub(super) fn is_open(meta: &Metadata) -> bool {
    meta.is_dir() && meta.mode() & 0o002 != 0 && meta.mode() & 0o1000 == 0
}

/// A log directory: what anybody may put there is counted as the logger's.
pub(super) fn log_directory(report: &mut Report, feed: &Feed, dir: &Path) {
    if std::fs::metadata(dir).is_ok_and(|meta| is_open(&meta)) {
        let text = "everybody may write there, and what lies there is counted; chmod o-w";
        report.about_feed(feed, Level::Error, "rights", dir.display().to_string(), text);
    }
}

/// The rights to read, write and search, as bits of a mode.
const READ: u32 = 4;
pub(super) const WRITE: u32 = 2;
pub(super) const SEARCH: u32 = 1;

/// Has the owner of the logs the rights `bits` on `path`?
pub(super) fn may(meta: &Metadata, path: &Path, (uid, gid): (Uid, Gid), bits: u32) -> bool {
    // With his ids the system says it best: ACLs, read-only mounts.
    if geteuid() == uid {
        let mut flags = AccessFlags::empty();
        flags.set(AccessFlags::R_OK, bits & READ != 0);
        flags.set(AccessFlags::W_OK, bits & WRITE != 0);
        flags.set(AccessFlags::X_OK, bits & SEARCH != 0);
        let here = nix::fcntl::AT_FDCWD;
        return faccessat(here, path, flags, nix::fcntl::AtFlags::AT_EACCESS).is_ok();
    }
    let his = if meta.uid() == uid.as_raw() {
        meta.mode() >> 6
    } else if meta.gid() == gid.as_raw() {
        meta.mode() >> 3
    } else {
        meta.mode()
    };
    uid.is_root() || his & bits == bits
}

//! Files that a run as root left in the store by mistake: the loggers' processors cannot write them, and the mail log
//! stops. The next run as root gives them to the owner of the logs.
//!
//! The owner may write to the directories that root looks at here, and put anything there under our names. So a file
//! is given away only if that gives him nothing he had not before: it has our name and the mode that we give to such a
//! file (everybody may read it, or it is an empty lock), it belongs to root, no other name leads to it, and it is held
//! open, without following links, while all of that is looked at.
use std::fs::File;
use std::path::{Path, PathBuf};

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::{Uid, fchown};

use super::who::Owner;
use crate::config::Config;
use crate::disk;
use crate::ingest::feeds;
use crate::say::warn;
use crate::source::opener;
use crate::store::record::is_record;

/// The kinds of files that are given away, each under a name of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Directory,
    /// 0644.
    File,
    /// 0600, and empty.
    Lock,
    /// 0600, and a record of ours.
    Record,
}

/// Gives root's files in the store to their owner, and says how many they were.
pub(super) fn give(config: &Config, owner: &Owner) {
    let mut given = Vec::new();
    each(config, owner.uid, &mut |above, name, path, what| {
        let done = hold(above, name, what)
            .is_some_and(|file| fchown(&file, Some(owner.uid), Some(owner.gid)).is_ok());
        if done {
            given.push(path.to_owned());
        }
    });
    if let Some(text) = told(&given) {
        warn(format_args!("{text} belonged to root, and were given to user {}", owner.uid));
    }
}

/// The files and directories of the store that the next run as root will give to their owner.
pub fn roots_files(config: &Config, owner: &Owner) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if !owner.uid.is_root() {
        each(config, owner.uid, &mut |_, _, path, _| found.push(path.to_owned()));
    }
    found
}

/// `/var/log/mail/state/send.lock and 3 more`.
fn told(paths: &[PathBuf]) -> Option<String> {
    let first = paths.first()?.display();
    Some(match paths.len() - 1 {
        0 => format!("{first}"),
        more => format!("{first} and {more} more"),
    })
}

/// Opens what `each` found, if it is still of the same kind.
fn hold(above: &File, name: &str, what: What) -> Option<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = File::from(openat(above, name, flags, Mode::empty()).ok()?);
    let begins_as_ours = || {
        let mut front = [0; 8];
        matches!(disk::read_at(&file, &mut front, 0), Ok(8)) && is_record(&front)
    };
    let is_it = fstat(&file).is_ok_and(|stat| is_roots(&stat, what));
    (is_it && (what != What::Record || begins_as_ours())).then_some(file)
}

fn is_roots(stat: &FileStat, what: What) -> bool {
    let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
    let mode = stat.st_mode & 0o7777;
    stat.st_uid == 0
        && match what {
            What::Directory => kind == SFlag::S_IFDIR && mode == 0o755,
            What::File => kind == SFlag::S_IFREG && stat.st_nlink == 1 && mode == 0o644,
            What::Lock => kind == SFlag::S_IFREG && stat.st_nlink == 1 && mode == 0o600 && stat.st_size == 0,
            What::Record => kind == SFlag::S_IFREG && stat.st_nlink == 1 && mode == 0o600 && stat.st_size > 0,
        }
}

type Visit<'v> = &'v mut dyn FnMut(&File, &str, &Path, What);

/// Calls `visit` with what belongs to root and has a name of ours, below directories that belong to `uid`.
fn each(config: &Config, uid: Uid, visit: Visit<'_>) {
    let feeds = feeds(config);
    let mut state = Vec::new();
    for name in feeds.iter().map(|feed| feed.protocol.name) {
        state.extend(["state", "journal", "intent"].map(|kind| (format!("{name}.{kind}"), What::File)));
        state.extend(["lock", "packing"].map(|kind| (format!("{name}.{kind}"), What::Lock)));
        state.push((format!("{name}.held"), What::Record));
    }
    let minutes = |name: &str| [format!(".{name}.minutes"), format!(".{name}.minutes.old")];
    let (mut counters, mut rrds) = (Vec::new(), Vec::new());
    for feed in &feeds {
        let name = feed.protocol.name;
        state.extend(minutes(name).map(|name| (name, What::File)));
        counters.extend(minutes(name).map(|name| (name, What::File)));
        counters.extend([feed.counter_file.clone(), format!(".{name}.state")].map(|name| (name, What::File)));
        rrds.extend([format!("{name}.rrd"), format!(".{name}.state")].map(|name| (name, What::File)));
    }
    let base = &config.logs_base;
    for (dir, names) in
        [(&base.join("state"), state), (&config.logs_counters, counters), (&config.rrd_dir, rrds)]
    {
        let Some(dir_file) = directory_of_store(base, dir, uid, visit) else { continue };
        for (name, what) in names {
            look(&dir_file, &name, dir, what, visit);
        }
    }
    let logs: Vec<&str> = feeds.iter().filter_map(|feed| feed.log.as_deref()).collect();
    if let Some(base_file) = his(base, uid) {
        archive(&base_file, base, &[4, 2, 2], &logs, uid, visit);
    }
}

/// `path`, if it is a directory of `uid`'s.
fn his(path: &Path, uid: Uid) -> Option<File> {
    let dir = opener::open_directory(path).ok()?;
    fstat(&dir).is_ok_and(|stat| stat.st_uid == uid.as_raw()).then_some(dir)
}

/// A directory of the store: below `logs_base` every part of the way is ours, and may be root's by mistake.
fn directory_of_store(base: &Path, dir: &Path, uid: Uid, visit: Visit<'_>) -> Option<File> {
    let Ok(below) = dir.strip_prefix(base) else { return his(dir, uid) };
    let (mut at, mut path) = (his(base, uid)?, base.to_owned());
    for part in below {
        at = enter(&at, part.to_str()?, &path, uid, visit)?;
        path.push(part);
    }
    Some(at)
}

/// Goes into a directory of the store that is `uid`'s, or root's by mistake.
fn enter(above: &File, name: &str, path: &Path, uid: Uid, visit: Visit<'_>) -> Option<File> {
    look(above, name, path, What::Directory, visit);
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let dir = File::from(openat(above, name, flags, Mode::empty()).ok()?);
    let is_ours = |stat: FileStat| stat.st_uid == uid.as_raw() || is_roots(&stat, What::Directory);
    fstat(&dir).is_ok_and(is_ours).then_some(dir)
}

fn look(above: &File, name: &str, path: &Path, what: What, visit: Visit<'_>) {
    if fstatat(above, name, AtFlags::AT_SYMLINK_NOFOLLOW).is_ok_and(|stat| is_roots(&stat, what)) {
        visit(above, name, &path.join(name), what);
    }
}

/// Looks through `YYYY/MM/DD`: `digits` are those of the names on each level.
fn archive(dir: &File, path: &Path, digits: &[usize], logs: &[&str], uid: Uid, visit: Visit<'_>) {
    let Some((wanted, deeper)) = digits.split_first() else {
        for log in logs {
            look(dir, log, path, What::File, visit);
            look(dir, &format!("{log}.gz"), path, What::File, visit);
        }
        return;
    };
    let Ok(listed) = dir.try_clone().and_then(|copy| crate::dir::read_open(copy, path)) else { return };
    let names: Vec<String> = listed
        .filter_map(|entry| entry.ok()?.name().map(str::to_owned))
        .filter(|name| name.len() == *wanted && name.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    for name in names {
        if let Some(inner) = enter(dir, &name, path, uid, visit) {
            archive(&inner, &path.join(&name), deeper, logs, uid, visit);
        }
    }
}

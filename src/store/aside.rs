//! Files that are moved out of the way because something is wrong with them: `NAME.WHY-TIME`, never over another.
//!
//! One file of each kind is kept. If the same thing goes wrong again and again, the file that was moved away first
//! has the history, and those after it have next to nothing.
use std::fmt;
use std::path::{Path, PathBuf};

use crate::disk::{Change, change, read, remove, rename, replace, temporary, write_new};
use crate::error::{Error, Result};

/// The first one that was moved aside stays for so long (seconds) whatever comes; then the next one takes its place.
const STAYS: i64 = 31 * 86_400;

/// What became of a file that was moved aside.
#[derive(Debug)]
pub struct Aside {
    /// The file that is kept.
    pub path: PathBuf,
    /// Is it an earlier one, and was this one removed?
    pub is_earlier: bool,
}

impl fmt::Display for Aside {
    /// The rest of a sentence that begins with the file and what is wrong with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_earlier {
            write!(f, "removed, because {} from an earlier time is kept", self.path.display())
        } else {
            write!(f, "kept as {}", self.path.display())
        }
    }
}

/// Moves a broken file out of the way, and says where it is.
pub fn set_aside(path: &Path, why: &str, now: i64) -> Result<Aside> {
    let aside = free_name(path, why, now)?;
    rename(path, &aside)?;
    Ok(keep_one(path, why, aside, now))
}

/// Keeps a broken file aside, and leaves it in its place too: where there is no state, for one, all that
/// the sources hold would be new. What is no file is moved.
pub fn link_aside(path: &Path, why: &str, now: i64) -> Result<Aside> {
    let aside = free_name(path, why, now)?;
    if change(Change::Link(path, &aside), || std::fs::hard_link(path, &aside)).is_err() {
        // A file system without links, or without room for another name.
        match read(path) {
            Ok(Some(bytes)) => replace(&aside, &bytes, 0o644)?,
            _ => rename(path, &aside)?,
        }
    }
    Ok(keep_one(path, why, aside, now))
}

/// As [`replace`], and keeps aside what stood there. Without room for the new one nothing is moved.
pub fn replace_kept(path: &Path, bytes: &[u8], why: &str, now: i64) -> Result<Aside> {
    let temporary = temporary(path);
    let result = write_new(&temporary, bytes, 0o644).and_then(|()| {
        let kept = link_aside(path, why, now)?;
        rename(&temporary, path)?;
        Ok(kept)
    });
    if result.is_err() {
        let _ = remove(&temporary);
    }
    result
}

fn free_name(path: &Path, why: &str, now: i64) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 0..1000 {
        let suffix = if n == 0 { String::new() } else { format!(".{n}") };
        let aside = path.with_file_name(format!("{name}.{why}-{now}{suffix}"));
        if std::fs::symlink_metadata(&aside).is_err() {
            return Ok(aside);
        }
    }
    Err(Error::Message(format!("{}: too many broken files stand beside it; remove them", path.display())))
}

/// Removes all that were moved aside from `path` for the same reason but one. What cannot be removed stays.
fn keep_one(path: &Path, why: &str, new: PathBuf, now: i64) -> Aside {
    let others: Vec<(i64, PathBuf)> =
        all(path, why).into_iter().filter(|(_, file)| *file != new && file.is_file()).collect();
    let first = others.iter().filter(|(time, _)| (now - STAYS..=now).contains(time)).min();
    let kept = match first {
        Some((_, first)) if new.is_file() => Aside { path: first.clone(), is_earlier: true },
        _ => Aside { path: new.clone(), is_earlier: false },
    };
    for file in others.iter().map(|(_, file)| file).chain([&new]).filter(|file| **file != kept.path) {
        let _ = remove(file);
    }
    kept
}

/// What was moved aside from `path` as `why`, and when (unix seconds).
pub fn all(path: &Path, why: &str) -> Vec<(i64, PathBuf)> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let prefix = format!("{}.{why}-", name.to_string_lossy());
    let Ok(entries) = crate::dir::read(dir) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.name().map(str::to_owned));
    let aside = |name: String| {
        let time = name.strip_prefix(&prefix)?.split('.').next()?.parse().ok()?;
        Some((time, dir.join(name)))
    };
    names.filter_map(aside).collect()
}

//! How files outside the store are opened: never through a symbolic link that somebody may have planted.
//!
//! A link is followed only where its directory belongs to root (or to ourselves) and nobody else can write to
//! it. Every component of the path is held to that, and so is every component of what a link leads to: root's cron
//! reads logs in directories of the log's user. Grants of an access control list show as the group's bits.
use std::collections::{BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use nix::unistd::geteuid;

/// A file of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the directory.
    pub name: String,
    /// Device number, inode number.
    pub file: (u64, u64),
    /// Size in bytes.
    pub size: u64,
    /// Modification time in unix nanoseconds.
    pub mtime: i64,
    /// Its owner and its group.
    pub owner: (u32, u32),
}

/// How files outside the store are opened and listed: with our own rights ([`Plain`]), or as root where we began
/// as root.
pub trait Opener {
    /// Opens a regular file for reading, and tells its path without links. `None`: it is not there.
    ///
    /// # Errors
    /// When it cannot be opened, is no regular file, or lies behind a link that is not followed.
    fn follow(&self, path: &Path) -> io::Result<Option<(File, PathBuf)>>;

    /// Opens a regular file for reading. `None`: it is not there.
    ///
    /// # Errors
    /// Those of [`Opener::follow`].
    fn open(&self, path: &Path) -> io::Result<Option<File>> {
        Ok(self.follow(path)?.map(|(file, _)| file))
    }

    /// The regular files of `dir` whose names are `wanted`, in no order. A directory that is not there is empty.
    ///
    /// # Errors
    /// When the directory cannot be read, or lies behind a link that is not followed.
    fn list(&self, dir: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<Entry>>;

    /// The same, to be kept.
    fn again(&self) -> Rc<dyn Opener>;
}

/// Opens with the rights that the process has at that moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

/// Opens the directory at `path` with the rights that the process has at that moment.
///
/// # Errors
/// When it is not there, cannot be opened, or lies behind a link that is not followed.
pub fn directory(path: &Path) -> io::Result<File> {
    Ok(open_last(path, Last::Directory)?.0)
}

/// The names in a directory for which `wanted` holds, sorted; of more than `most` the first ones, and `true`. What they
/// name may be anything, also a link.
///
/// # Errors
/// When the directory cannot be read, or lies behind a link that is not followed.
pub fn names(path: &Path, most: usize, wanted: &dyn Fn(&OsStr) -> bool) -> io::Result<(Vec<OsString>, bool)> {
    let mut names = BTreeSet::new();
    let mut more = false;
    for entry in crate::dir::read_open(directory(path)?, path)? {
        let entry = entry?;
        let name = entry.file_name();
        if wanted(name) {
            names.insert(name.to_owned());
            if names.len() > most {
                names.pop_last();
                more = true;
            }
        }
    }
    Ok((names.into_iter().collect(), more))
}

impl Opener for Plain {
    fn follow(&self, path: &Path) -> io::Result<Option<(File, PathBuf)>> {
        match open_last(path, Last::Regular) {
            Ok(found) => Ok(Some(found)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn list(&self, dir: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<Entry>> {
        let entries = match open_last(dir, Last::Directory) {
            Ok((dir, _)) => dir,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(e) => return Err(e),
        };
        let mut names = Vec::new();
        for entry in crate::dir::read_open(entries.try_clone()?, dir)? {
            if let Some(name) = entry?.name()
                && wanted(name)
            {
                names.push(name.to_owned());
            }
        }
        let mut found = Vec::new();
        for name in names {
            match fstatat(&entries, name.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
                Ok(stat) if kind_of(&stat) == SFlag::S_IFREG => found.push(entry(name, &stat)),
                Ok(_) => {}
                // Renamed meanwhile; whoever asked looks a second time.
                Err(Errno::ENOENT) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(found)
    }

    fn again(&self) -> Rc<dyn Opener> {
        Rc::new(*self)
    }
}

#[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // their types differ from system to system
fn entry(name: String, stat: &FileStat) -> Entry {
    let mtime =
        (stat.st_mtime as i64).saturating_mul(1_000_000_000).saturating_add(stat.st_mtime_nsec as i64);
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let file = (stat.st_dev as u64, stat.st_ino as u64);
    Entry { name, file, size, mtime, owner: (stat.st_uid, stat.st_gid) }
}

fn kind_of(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

/// How many files of each of `sources` are held open, at most, where there may be any number of them: an eighth of those
/// that this process may have open, since several protocols are read together, and each has an archive and logs besides.
pub fn most_held(sources: usize) -> usize {
    let may = getrlimit(Resource::RLIMIT_NOFILE).map_or(256, |(may, _)| may);
    let share = usize::try_from(may.saturating_sub(32) / 8).unwrap_or(usize::MAX);
    (share / sources.max(1)).clamp(1, 512)
}

/// May a link in the directory that looks like `meta` be followed?
pub fn may_follow(meta: &Metadata) -> bool {
    let owner = meta.uid();
    (owner == 0 || owner == geteuid().as_raw()) && meta.mode() & 0o022 == 0
}

/// The most links that are followed in one path, as in the kernel.
const MOST_LINKS: usize = 40;

/// A directory that is only passed through needs no right to read it.
#[cfg(target_os = "linux")]
const PASS: OFlag = OFlag::O_PATH;
#[cfg(not(target_os = "linux"))]
const PASS: OFlag = OFlag::O_RDONLY;

/// What a path has to lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Regular,
    Directory,
}

/// Opens a directory, by the same rule.
///
/// # Errors
/// When it is not there, cannot be opened, or lies behind a link that is not followed.
pub fn open_directory(path: &Path) -> io::Result<File> {
    directory(path)
}

/// Opens a directory, of which some of the way may be missing: `make` is given the directory that is there, the name
/// that is missing in it, and whether that is the last one of the path.
///
/// # Errors
/// As [`open_directory`]; or what `make` says.
pub fn open_making(
    path: &Path,
    make: &mut dyn FnMut(&File, &OsStr, bool) -> io::Result<()>,
) -> io::Result<File> {
    Ok(walk(path, Last::Directory, make)?.0)
}

fn open_last(path: &Path, last: Last) -> io::Result<(File, PathBuf)> {
    walk(path, last, &mut |_, _, _| Err(Errno::ENOENT.into()))
}

fn walk(
    path: &Path,
    last: Last,
    make: &mut dyn FnMut(&File, &OsStr, bool) -> io::Result<()>,
) -> io::Result<(File, PathBuf)> {
    const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
    let mut links = 0;
    let mut todo = components(path);
    let mut at = start(if path.is_absolute() { "/" } else { "." })?;
    // Where we are, without links.
    let mut real = PathBuf::from(if path.is_absolute() { "/" } else { "" });
    while let Some(name) = todo.pop_front() {
        let look = || fstatat(&at, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
        let stat = match look() {
            Err(Errno::ENOENT) => {
                make(&at, &name, todo.is_empty())?;
                look()?
            }
            other => other?,
        };
        let kind = kind_of(&stat);
        if kind == SFlag::S_IFLNK {
            if !may_follow(&at.metadata()?) {
                return Err(refused("it is a symbolic link in a directory that others can write"));
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(Errno::ELOOP.into());
            }
            let target = PathBuf::from(readlinkat(&at, name.as_os_str())?);
            if target.is_absolute() {
                at = start("/")?;
                real = PathBuf::from("/");
            }
            for component in components(&target).into_iter().rev() {
                todo.push_front(component);
            }
            continue;
        }
        // Above `.` there is a name that is not known.
        if name != ".." || (!real.pop() && real.as_os_str().is_empty()) {
            real.push(&name);
        }
        if !todo.is_empty() {
            let flags = PASS | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            at = File::from(openat(&at, name.as_os_str(), flags, Mode::empty())?);
        } else if last == Last::Directory {
            let dir = openat(&at, name.as_os_str(), READ | OFlag::O_DIRECTORY, Mode::empty())?;
            return Ok((File::from(dir), real));
        } else if kind == SFlag::S_IFREG {
            let flags = READ | OFlag::O_NONBLOCK;
            let file = File::from(openat(&at, name.as_os_str(), flags, Mode::empty())?);
            // What stood there a moment ago may have been replaced.
            return if file.metadata()?.is_file() {
                Ok((file, real))
            } else {
                Err(refused("it is no regular file"))
            };
        } else {
            break;
        }
    }
    match last {
        Last::Regular => Err(refused("it is no regular file")),
        // The root, or where a link to it led.
        Last::Directory => {
            Ok((File::from(openat(&at, ".", READ | OFlag::O_DIRECTORY, Mode::empty())?), real))
        }
    }
}

fn components(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter(|c| matches!(c, Component::Normal(_) | Component::ParentDir));
    named.map(|c| c.as_os_str().to_owned()).collect()
}

fn start(path: &str) -> io::Result<File> {
    let flags = PASS | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(File::from(nix::fcntl::open(path, flags, Mode::empty())?))
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::file_id;
    use crate::source::identity::mtime;
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A directory of ours alone, or one that all can write.
    fn make(parent: &Path, name: &str, mode: u32) -> PathBuf {
        let dir = parent.join(name);
        create_dir(&dir).unwrap();
        set_permissions(&dir, Permissions::from_mode(mode)).unwrap();
        dir
    }

    fn content(path: &Path) -> String {
        let mut text = String::new();
        Plain.open(path).unwrap().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn refusal(path: &Path) -> String {
        Plain.open(path).unwrap_err().to_string()
    }

    #[test]
    fn links_are_followed_only_where_nobody_else_can_plant_them() {
        let temp = tempfile::tempdir().unwrap();
        let ours = make(temp.path(), "ours", 0o755);
        let theirs = make(temp.path(), "theirs", 0o777);
        let group = make(temp.path(), "group", 0o775);
        write(ours.join("log"), "one").unwrap();
        write(theirs.join("log"), "two").unwrap();
        for dir in [&ours, &theirs, &group] {
            symlink(ours.join("log"), dir.join("link")).unwrap();
        }
        assert_eq!(content(&ours.join("link")), "one");
        let (_, real) = Plain.follow(&theirs.join("../ours/link")).unwrap().unwrap();
        assert_eq!(real, std::fs::canonicalize(ours.join("log")).unwrap());
        assert_eq!(content(&theirs.join("log")), "two");
        assert!(refusal(&theirs.join("link")).contains("symbolic link"));
        assert!(refusal(&group.join("link")).contains("symbolic link"));

        // A good link that leads to a bad one, and a bad one in the middle of the path.
        symlink("../theirs/link", ours.join("over")).unwrap();
        assert!(refusal(&ours.join("over")).contains("symbolic link"));
        symlink(&ours, theirs.join("dir")).unwrap();
        assert!(refusal(&theirs.join("dir/log")).contains("symbolic link"));
        symlink(&theirs, ours.join("dir")).unwrap();
        assert_eq!(content(&ours.join("dir/log")), "two");
        assert_eq!(content(&ours.join("../theirs/log")), "two");
        symlink("circle", ours.join("circle")).unwrap();
        assert_eq!(Plain.open(&ours.join("circle")).unwrap_err().raw_os_error(), Some(nix::libc::ELOOP));
    }

    #[test]
    fn only_regular_files_are_opened_and_nothing_hangs() {
        let temp = tempfile::tempdir().unwrap();
        let fifo = temp.path().join("fifo");
        nix::unistd::mkfifo(&fifo, Mode::S_IRUSR).unwrap();
        assert!(refusal(&fifo).contains("no regular file"));
        assert!(refusal(temp.path()).contains("no regular file"));
        assert!(refusal(Path::new("/dev/null")).contains("no regular file"));
        assert!(Plain.open(&temp.path().join("none")).unwrap().is_none());
        assert!(Plain.open(&temp.path().join("none/none")).unwrap().is_none());
    }

    #[test]
    fn a_listing_has_the_wanted_regular_files() {
        let temp = tempfile::tempdir().unwrap();
        write(temp.path().join("a1"), "12345").unwrap();
        write(temp.path().join("b1"), "").unwrap();
        symlink("a1", temp.path().join("a2")).unwrap();
        create_dir(temp.path().join("a3")).unwrap();
        let found = Plain.list(temp.path(), &|name| name.starts_with('a')).unwrap();
        let meta = std::fs::metadata(temp.path().join("a1")).unwrap();
        let owner = (meta.uid(), meta.gid());
        let expected = Entry { name: "a1".into(), file: file_id(&meta), size: 5, mtime: mtime(&meta), owner };
        assert_eq!(found, [expected]);
        assert_eq!(Plain.list(&temp.path().join("none"), &|_| true).unwrap(), []);
        assert_eq!(Plain.list(&temp.path().join("a1"), &|_| true).unwrap(), []);
    }

    #[test]
    fn a_directory_behind_a_planted_link_is_not_listed() {
        let temp = tempfile::tempdir().unwrap();
        let (ours, theirs) = (make(temp.path(), "ours", 0o755), make(temp.path(), "theirs", 0o777));
        write(ours.join("log.1"), "one").unwrap();
        symlink(&ours, theirs.join("old")).unwrap();
        symlink(&ours, ours.join("old")).unwrap();
        let refused = Plain.list(&theirs.join("old"), &|_| true).unwrap_err();
        assert!(refused.to_string().contains("symbolic link"));
        let names = |dir: &Path| -> Vec<String> {
            Plain.list(dir, &|n| n.starts_with("log")).unwrap().into_iter().map(|e| e.name).collect()
        };
        assert_eq!(names(&ours.join("old")), ["log.1"]);
        assert_eq!(names(&ours.join("old/../ours")), ["log.1"]);
    }
}

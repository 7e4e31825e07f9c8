//! The directory that pictures and pages go to.
//!
//! It is the only thing of a drawing that may be root's: everything that is read for a picture belongs to `logs_user`, or
//! to somebody he chooses, and is read with his rights. So each look at this directory and each write to it takes root's
//! rights for itself, and gives them back. Root follows no link there that others may have planted, and works on the
//! directory that was opened, whatever takes its place meanwhile.
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path};
use std::time::SystemTime;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::render;
use crate::dir;
use crate::page;
use crate::source::opener;

/// Does something with root's rights, and goes back to those that the process had.
pub type AsRoot = fn(&mut dyn FnMut());

/// The open directory, and how root's rights are taken for it.
#[derive(Debug)]
pub(super) struct Folder {
    dir: File,
    as_root: Option<AsRoot>,
    /// What was seen of the pictures, each of which is asked for twice: whether it is fresh, and for its page.
    seen: RefCell<HashMap<String, Option<Seen>>>,
}

/// A picture's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Width and height in pixels.
    pub size: (u32, u32),
    pub modified: SystemTime,
}

fn with_rights<T>(as_root: Option<AsRoot>, what: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let Some(as_root) = as_root else { return what() };
    let (mut what, mut done) = (Some(what), None);
    as_root(&mut || done = what.take().map(|what| what()));
    done.unwrap_or_else(|| Err(io::Error::other("nothing was done")))
}

impl Folder {
    /// Opens the directory at `path`; where it is missing, it is made, if `may_make`.
    ///
    /// # Errors
    /// Those of the file system; as root also that it lies behind a link that others may have planted.
    pub(super) fn open(path: &Path, may_make: bool, as_root: Option<AsRoot>) -> io::Result<Self> {
        let dir = with_rights(as_root, || match as_root {
            Some(_) if may_make => make_all(path),
            Some(_) => opener::directory(path),
            None => {
                if may_make {
                    std::fs::create_dir_all(path)?;
                }
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                Ok(File::from(nix::fcntl::open(path, flags, Mode::empty())?))
            }
        })?;
        let folder = Self { dir, as_root, seen: RefCell::default() };
        if may_make {
            // What cannot be removed now is tried again by the next drawing.
            let _ = with_rights(as_root, || folder.sweep(path));
        }
        Ok(folder)
    }

    /// Removes what killed processes have left of pictures that they were writing. Whoever writes one holds its lock.
    fn sweep(&self, path: &Path) -> io::Result<()> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        for entry in dir::read_open(self.dir.try_clone()?, path)? {
            let entry = entry?;
            let Some(name) = entry.name().filter(|name| is_temporary(name)) else { continue };
            let Ok(file) = openat(&self.dir, name, flags, Mode::empty()).map(File::from) else { continue };
            if file.metadata().is_ok_and(|meta| meta.is_file()) && file.try_lock().is_ok() {
                let _ = unlinkat(&self.dir, name, UnlinkatFlags::NoRemoveDir);
            }
        }
        Ok(())
    }

    /// The picture `name`; none if it is no picture, or no plain file: others may write in the directory, and a FIFO
    /// would be waited for.
    pub(super) fn picture(&self, name: &str) -> Option<Seen> {
        if let Some(seen) = self.seen.borrow().get(name) {
            return *seen;
        }
        let seen = self.look(name);
        self.seen.borrow_mut().insert(name.to_owned(), seen);
        seen
    }

    fn look(&self, name: &str) -> Option<Seen> {
        let (file, meta) = self.plain_file(name)?;
        // Without room for all of it many small parts would be read.
        let mut head = Vec::with_capacity(HEAD);
        file.take(HEAD as u64).read_to_end(&mut head).ok()?;
        Some(Seen { size: render::size(&head)?, modified: meta.modified().ok()? })
    }

    fn plain_file(&self, name: &str) -> Option<(File, Metadata)> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let open = || Ok(File::from(openat(&self.dir, name, flags, Mode::empty())?));
        let file = with_rights(self.as_root, open).ok()?;
        let meta = file.metadata().ok()?;
        meta.is_file().then_some((file, meta))
    }

    /// The time of the plain file `name`.
    pub(super) fn modified(&self, name: &str) -> Option<SystemTime> {
        self.plain_file(name)?.1.modified().ok()
    }

    /// Is the file `name` as [`Folder::write`] would leave it?
    pub(super) fn has(&self, name: &str, bytes: &[u8], modified: SystemTime) -> bool {
        let Some((file, meta)) = self.plain_file(name) else { return false };
        let is_alike = meta.len() == bytes.len() as u64
            && meta.permissions().mode() & 0o7777 == MODE
            && meta.modified().is_ok_and(|time| time == modified);
        let mut there = Vec::with_capacity(bytes.len());
        is_alike && file.take(meta.len()).read_to_end(&mut there).is_ok() && there == bytes
    }

    /// Is there a page `name` that we have not written? Ours are marked. A link is no page.
    pub(super) fn is_of_others(&self, name: &str) -> bool {
        let Some((file, meta)) = self.plain_file(name) else { return false };
        let mut there = Vec::new();
        let is_read = file.take(LOOKED_AT).read_to_end(&mut there).is_ok();
        let has = |mark: &&str| memchr::memmem::find(&there, mark.as_bytes()).is_some();
        meta.len() > 0 && !(is_read && page::MARKS.iter().any(has))
    }

    /// Puts `bytes` at `name`, readable for all, with `modified` as its time. What stands there is replaced, a symlink
    /// too: whoever looks sees the old file or the new one.
    ///
    /// # Errors
    /// Those of the file system; nothing is left behind then.
    pub(super) fn write(&self, name: &str, bytes: &[u8], modified: SystemTime) -> io::Result<()> {
        self.seen.borrow_mut().remove(name);
        with_rights(self.as_root, || {
            let (temporary, mut file) = self.temporary()?;
            let written = file
                .write_all(bytes)
                // Not subject to the umask: a web server reads them.
                .and_then(|()| file.set_permissions(Permissions::from_mode(MODE)))
                .and_then(|()| file.set_modified(modified))
                .and_then(|()| Ok(renameat(&self.dir, temporary.as_str(), &self.dir, name)?));
            if written.is_err() {
                let _ = unlinkat(&self.dir, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
            }
            written
        })
    }

    /// A new file under a name that nobody else has, locked for as long as it is open.
    fn temporary(&self) -> io::Result<(String, File)> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut refused = Errno::EEXIST;
        for n in 0..100u32 {
            let nanos = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
            let name = format!("{BEGIN}{}-{nanos}-{n}{END}", std::process::id());
            match openat(&self.dir, name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR) {
                Ok(file) => {
                    let file = File::from(file);
                    // Where the file system has no locks, nobody removes it.
                    let _ = file.try_lock();
                    // Another process may have found it before it was locked.
                    if file.metadata()?.nlink() > 0 {
                        return Ok((name, file));
                    }
                }
                Err(Errno::EEXIST) => {}
                Err(e) => {
                    refused = e;
                    break;
                }
            }
        }
        Err(refused.into())
    }
}

/// The first bytes of a picture, in which its size stands.
const HEAD: usize = 1_024;
/// How many bytes of a page are searched for our mark: more than any page of ours has.
const LOOKED_AT: u64 = 32 << 20;
/// Everybody may read a picture and a page.
const MODE: u32 = 0o644;

/// How the name of a picture begins and ends while it is being written.
const BEGIN: &str = ".maillogs-";
const END: &str = ".tmp";

fn is_temporary(name: &str) -> bool {
    let middle = name.strip_prefix(BEGIN).and_then(|name| name.strip_suffix(END));
    middle.is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}

/// The directory at `path`, made where it is missing, of which every part is looked at and then held.
fn make_all(path: &Path) -> io::Result<File> {
    let missing = match opener::directory(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => e,
        found => return found,
    };
    // `a/..` of what is not there is nothing that could be made.
    let name = match path.components().next_back() {
        Some(Component::Normal(name)) => name,
        _ => return Err(missing),
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = make_all(parent)?;
    match mkdirat(&parent, name, Mode::from_bits_truncate(0o755)) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(e) => return Err(e.into()),
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(File::from(openat(&parent, name, flags, Mode::empty())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    /// As if we were root and stayed it: the rules for links are those of root.
    fn strictly(what: &mut dyn FnMut()) {
        what();
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x06\x42\0\0\x02\xc0";

    #[test]
    fn a_symlink_is_replaced_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("precious");
        std::fs::write(&precious, "precious").unwrap();
        symlink(&precious, dir.path().join("a.png")).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for as_root in [None, Some(strictly as AsRoot)] {
            let folder = Folder::open(dir.path(), true, as_root).unwrap();
            folder.write("a.png", PNG, time).unwrap();
            assert_eq!(std::fs::read(&precious).unwrap(), b"precious");
            let written = std::fs::symlink_metadata(dir.path().join("a.png")).unwrap();
            assert!(written.is_file());
            assert_eq!(written.permissions().mode() & 0o777, 0o644);
            assert_eq!(folder.picture("a.png"), Some(Seen { size: (1602, 704), modified: time }));
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn root_goes_through_no_link_that_others_may_have_planted() {
        let dir = tempfile::tempdir().unwrap();
        let (theirs, precious) = (dir.path().join("theirs"), dir.path().join("precious"));
        std::fs::create_dir(&precious).unwrap();
        std::fs::create_dir(&theirs).unwrap();
        std::fs::set_permissions(&theirs, Permissions::from_mode(0o777)).unwrap();
        symlink(&precious, theirs.join("www")).unwrap();
        for path in [theirs.join("www"), theirs.join("www/mail"), theirs.join("www/mail/a/b")] {
            let refused = Folder::open(&path, true, Some(strictly)).unwrap_err().to_string();
            assert!(refused.contains("symbolic link"), "{refused}");
        }
        assert_eq!(std::fs::read_dir(&precious).unwrap().count(), 0);
        // One's own link is followed, and what is missing behind it is made.
        symlink(&precious, dir.path().join("www")).unwrap();
        let folder = Folder::open(&dir.path().join("www/mail/graphs"), true, Some(strictly)).unwrap();
        folder.write("x.html", b"x", SystemTime::now()).unwrap();
        assert_eq!(std::fs::read(precious.join("mail/graphs/x.html")).unwrap(), b"x");
        let made = std::fs::metadata(precious.join("mail")).unwrap();
        assert_eq!(made.permissions().mode() & 0o022, 0);
        assert!(Folder::open(&dir.path().join("none"), false, Some(strictly)).is_err());
        assert!(Folder::open(&dir.path().join("none/.."), true, Some(strictly)).is_err());
    }

    #[test]
    fn a_directory_that_is_moved_away_is_still_the_one_that_is_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let (www, other) = (dir.path().join("www"), dir.path().join("other"));
        std::fs::create_dir(&other).unwrap();
        let folder = Folder::open(&www, true, Some(strictly)).unwrap();
        std::fs::rename(&www, dir.path().join("moved")).unwrap();
        symlink(&other, &www).unwrap();
        folder.write("a.png", PNG, SystemTime::now()).unwrap();
        assert!(dir.path().join("moved/a.png").exists() && !other.join("a.png").exists());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_being_written_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (elsewhere, dir) = (dir.path().join("elsewhere"), dir.path().join("www"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(&elsewhere, "precious").unwrap();
        for as_root in [None, Some(strictly as AsRoot)] {
            let writer = Folder::open(&dir, true, as_root).unwrap();
            let (name, being_written) = writer.temporary().unwrap();
            std::fs::write(dir.join(".maillogs-1-2-0.tmp"), "half a picture").unwrap();
            symlink(&elsewhere, dir.join(".maillogs-1-3-0.tmp")).unwrap();
            nix::unistd::mkfifo(&dir.join(".maillogs-1-4-0.tmp"), Mode::S_IRWXU).unwrap();
            std::fs::write(dir.join(".maillogs-notes.tmp"), "somebody's").unwrap();
            let names = || {
                let entries = std::fs::read_dir(&dir).unwrap();
                let names: std::collections::BTreeSet<String> =
                    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
                names
            };
            let others =
                [".maillogs-1-3-0.tmp", ".maillogs-1-4-0.tmp", ".maillogs-notes.tmp"].map(str::to_owned);
            // Who only looks removes nothing.
            Folder::open(&dir, false, as_root).unwrap();
            assert_eq!(names().len(), 5);
            Folder::open(&dir, true, as_root).unwrap();
            assert_eq!(names(), others.iter().cloned().chain([name]).collect());
            drop(being_written);
            Folder::open(&dir, true, as_root).unwrap();
            assert_eq!(names(), others.iter().cloned().collect());
            assert_eq!(std::fs::read(&elsewhere).unwrap(), b"precious");
            for name in others {
                std::fs::remove_file(dir.join(name)).unwrap();
            }
        }
    }

    #[test]
    fn a_fifo_is_no_picture_and_nothing_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        nix::unistd::mkfifo(&dir.path().join("a.png"), Mode::S_IRWXU).unwrap();
        let folder = Folder::open(dir.path(), true, None).unwrap();
        assert_eq!(folder.picture("a.png"), None);
        assert_eq!(folder.picture("none.png"), None);
    }
}

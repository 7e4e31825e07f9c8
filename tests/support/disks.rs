//! Small disks that are full: a tmpfs each, in a mount namespace of the test's own, so that nothing is left mounted
//! however a test ends. Where none may be mounted (a container without that right, a chroot, which has no mount point
//! at its root), a preloaded library makes ordinary directories look like small disks to the programs under test.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::{Whence, lseek};
use tempfile::TempDir;

use super::preload;

/// Set in a process that may mount.
const OURS: &str = "MAILLOGS_TEST_MAY_MOUNT";

/// What the small disks of this process are made with, where it may not mount.
struct Preloaded {
    library: PathBuf,
    /// Holds a file for each disk.
    registry: TempDir,
}

static PRELOADED: OnceLock<Preloaded> = OnceLock::new();

fn preloaded() -> &'static Preloaded {
    PRELOADED.get_or_init(|| Preloaded {
        library: preload::library("tests/support/small_disk.c"),
        registry: tempfile::tempdir().expect("a directory"),
    })
}

/// Lets `command` see the small disks that are directories, if there are any in this process.
pub fn shown_to(command: &mut Command) {
    if let Some(Preloaded { library, registry }) = PRELOADED.get() {
        command.env("LD_PRELOAD", library).env("SMALL_DISKS", registry.path());
    }
}

/// Bytes that a tmpfs allocates at once: 4096 on most machines.
fn page() -> u64 {
    let output = Command::new("getconf").arg("PAGESIZE").output().expect("getconf");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// Can this process make small disks? Where it may not mount, but a process in a mount namespace of its own may, the
/// test `name` of the module `module` is run once more in such a process, and has to pass there; its caller then has
/// nothing left to do.
pub fn are_ours(module: &str, name: &str) -> bool {
    if std::env::var_os(OURS).is_some() {
        return true;
    }
    let Some(flags) = how_to_unshare() else {
        preloaded();
        return true;
    };
    let test = format!("{}::{name}", module.split_once("::").expect("a module of this crate").1);
    let output = Command::new("unshare")
        .args(flags)
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(OURS, "1")
        .stdin(Stdio::null())
        .output()
        .expect("unshare");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test}, in a mount namespace of its own: {}", output.status);
    let passed = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(passed, "no test of the name {test}");
    false
}

/// As root a mount namespace is enough; others need a user namespace around it. `None`: neither may mount, or
/// `MAILLOGS_TEST_DISKS=preloaded` asks for the way that is gone then.
fn how_to_unshare() -> Option<&'static [&'static str]> {
    if std::env::var_os("MAILLOGS_TEST_DISKS").is_some_and(|way| way == "preloaded") {
        return None;
    }
    let place = tempfile::tempdir().expect("a directory");
    [&["-m"][..], &["-r", "-m"]].into_iter().find(|flags| {
        let mut unshare = Command::new("unshare");
        unshare.args(*flags).args(["mount", "-t", "tmpfs", "maillogs"]).arg(place.path());
        unshare.output().expect("unshare, of Debian's package util-linux").status.success()
    })
}

/// How much of a disk is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// So many pages.
    Pages(u64),
    /// All pages, and so many inodes.
    Inodes(u64),
}

/// A small disk.
pub struct Disk {
    dir: PathBuf,
    page: u64,
    pages: u64,
    inodes: u64,
    /// Where it is registered, if it is a directory.
    registered: Option<PathBuf>,
}

impl Disk {
    /// One of `pages` pages and `inodes` inodes at `dir`, which is made.
    pub fn mount(dir: &Path, pages: u64, inodes: u64) -> Self {
        if std::env::var_os(OURS).is_none() {
            return Self::in_directory(dir, pages, inodes);
        }
        fs::create_dir_all(dir).expect("mkdir");
        let page = page();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("mode=755,size={},nr_inodes={inodes}", pages * page)])
            .arg("maillogs")
            .arg(dir)
            .status();
        assert!(status.expect("mount").success(), "mounting {}", dir.display());
        Self { dir: dir.to_owned(), page, pages, inodes, registered: None }
    }

    /// A directory that looks like a small disk to programs that it is [shown to](shown_to).
    pub fn in_directory(dir: &Path, pages: u64, inodes: u64) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(dir).expect("mkdir");
        let dir = fs::canonicalize(dir).expect("a directory");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed).to_string();
        let registered = Some(preloaded().registry.path().join(number));
        let disk = Self { dir, page: 4096, pages, inodes, registered };
        disk.register(pages, inodes);
        disk
    }

    fn register(&self, pages: u64, inodes: u64) {
        let Some(file) = &self.registered else { return };
        let text = format!("{pages} {inodes} {}\n", self.dir.display());
        fs::write(file, text).expect("the registry");
    }

    /// Pages and inodes that are used. A hole of a file takes no page.
    fn used(&self) -> (u64, u64) {
        let (mut pages, mut inodes, mut dirs) = (0, 0, vec![self.dir.clone()]);
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).expect("a directory") {
                let entry = entry.expect("an entry");
                inodes += 1;
                match entry.file_type().expect("a type") {
                    kind if kind.is_dir() => dirs.push(entry.path()),
                    kind if kind.is_file() => pages += self.pages_of(&entry.path()),
                    _ => {}
                }
            }
        }
        (pages, inodes)
    }

    fn pages_of(&self, file: &Path) -> u64 {
        let file = File::open(file).expect("a file");
        let (mut pages, mut at) = (0, 0);
        while let Ok(data) = lseek(&file, at, Whence::SeekData) {
            let hole = lseek(&file, data, Whence::SeekHole).expect("the end of the data");
            pages += u64::try_from(hole - data).expect("a length").div_ceil(self.page);
            at = hole;
        }
        pages
    }

    fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    /// Fills it but for what is to be left.
    pub fn fill(&self, left: Left) {
        if self.registered.is_some() {
            let (pages, inodes) = self.used();
            return match left {
                Left::Pages(left) => self.register(pages + left, self.inodes),
                Left::Inodes(left) => self.register(self.pages, inodes + left),
            };
        }
        match left {
            Left::Pages(left) => {
                let mut file = File::create(self.ballast()).expect("a file");
                let page = vec![b'x'; usize::try_from(self.page).expect("a page")];
                let mut pages = 0;
                while file.write_all(&page).is_ok() {
                    pages += 1;
                }
                assert!(pages >= left, "only {pages} pages were free");
                file.set_len((pages - left) * self.page).expect("truncating");
            }
            Left::Inodes(left) => {
                fs::create_dir(self.ballast()).expect("mkdir");
                let names: Vec<PathBuf> = (0..)
                    .map(|n| self.ballast().join(format!("{n}")))
                    .take_while(|name| OpenOptions::new().write(true).create_new(true).open(name).is_ok())
                    .collect();
                for name in names.iter().rev().take(usize::try_from(left).expect("few")) {
                    fs::remove_file(name).expect("removing");
                }
            }
        }
    }

    /// Somebody made room.
    pub fn make_room(&self) {
        if self.registered.is_some() {
            return self.register(self.pages, self.inodes);
        }
        let ballast = self.ballast();
        let removed = if ballast.is_dir() { fs::remove_dir_all(&ballast) } else { fs::remove_file(&ballast) };
        removed.expect("removing");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        match &self.registered {
            Some(file) => drop(fs::remove_file(file)),
            None => drop(Command::new("umount").arg("-l").arg(&self.dir).status()),
        }
    }
}

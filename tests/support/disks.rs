//! Small disks that are full: a tmpfs each, in a mount namespace of the test's own, so that nothing is left
//! mounted however a test ends.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes that a tmpfs allocates at once: 4096 on most machines.
fn page() -> u64 {
    let output = Command::new("getconf").arg("PAGESIZE").output().expect("getconf");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// May this process mount? Where it may not yet, the test `name` of the module `module` is run once more, in a
/// mount namespace of its own, and has to pass there; its caller then has nothing left to do.
pub fn are_ours(module: &str, name: &str) -> bool {
    const OURS: &str = "MAILLOGS_TEST_MAY_MOUNT";
    if std::env::var_os(OURS).is_some() {
        return true;
    }
    let test = format!("{}::{name}", module.split_once("::").expect("a module of this crate").1);
    let output = Command::new("unshare")
        .args(how_to_unshare())
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

/// As root a mount namespace is enough; others need a user namespace around it.
pub fn how_to_unshare() -> &'static [&'static str] {
    let place = tempfile::tempdir().expect("a directory");
    let mut said = String::new();
    for flags in [&["-m"][..], &["-r", "-m"]] {
        let output = Command::new("unshare")
            .args(flags)
            .args(["mount", "-t", "tmpfs", "maillogs"])
            .arg(place.path())
            .output()
            .expect("unshare, of Debian's package util-linux");
        if output.status.success() {
            return flags;
        }
        said += &String::from_utf8_lossy(&output.stderr);
    }
    panic!(
        "this test mounts small disks: run it as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone): {said}"
    );
}

/// How much of a disk is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// So many pages.
    Pages(u64),
    /// All pages, and so many inodes.
    Inodes(u64),
}

/// A tmpfs.
pub struct Disk {
    dir: PathBuf,
    page: u64,
}

impl Disk {
    /// Mounts one of `pages` pages and `inodes` inodes at `dir`, which is made.
    pub fn mount(dir: &Path, pages: u64, inodes: u64) -> Self {
        fs::create_dir_all(dir).expect("mkdir");
        let page = page();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("mode=755,size={},nr_inodes={inodes}", pages * page)])
            .arg("maillogs")
            .arg(dir)
            .status();
        assert!(status.expect("mount").success(), "mounting {}", dir.display());
        Self { dir: dir.to_owned(), page }
    }

    fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    /// Fills it but for what is to be left.
    pub fn fill(&self, left: Left) {
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
        let ballast = self.ballast();
        let removed = if ballast.is_dir() { fs::remove_dir_all(&ballast) } else { fs::remove_file(&ballast) };
        removed.expect("removing");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.dir).status();
    }
}

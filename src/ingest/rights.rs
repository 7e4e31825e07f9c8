//! The rights with which logs are opened that others keep.
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::job::AsRoot;
use crate::source::opener::{Entry, Opener, Plain};

/// Opens with our own rights, and where they are not enough with those that we began with.
pub(super) struct Rights(pub AsRoot);

impl Opener for Rights {
    fn follow(&self, path: &Path) -> io::Result<Option<(File, PathBuf)>> {
        match Plain.follow(path) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                let mut opened = Err(e);
                (self.0)(&mut || opened = Plain.follow(path));
                opened
            }
            other => other,
        }
    }

    fn list(&self, dir: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<Entry>> {
        match Plain.list(dir, wanted) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                let mut listed = Err(e);
                (self.0)(&mut || listed = Plain.list(dir, wanted));
                listed
            }
            other => other,
        }
    }

    fn again(&self) -> Rc<dyn Opener> {
        Rc::new(Rights(self.0))
    }
}

impl Rights {
    /// What `path` leads to. `None`: it cannot be looked at, or is not there.
    pub(super) fn look_at(&self, path: &Path) -> Option<Metadata> {
        let mut meta = std::fs::metadata(path);
        if meta.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied) {
            (self.0)(&mut || meta = std::fs::metadata(path));
        }
        meta.ok()
    }
}

//! The logs that toaster.conf names for a protocol.
use crate::protocol::LogKind;

/// The logs that every program writes to, and a protocol's own files.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// The logs that are read, and for each whether it holds lines of this protocol only.
    pub read: Vec<(String, LogKind)>,
    /// Further names of those.
    pub twins: Vec<Twin>,
    /// Device and inode of what the names lead to, where there are several.
    pub files: Vec<(String, (u64, u64))>,
}

impl Twin {
    /// What is to be said of a log that may be a rotation.
    pub fn guess(&self) -> String {
        format!(
            "is not read, because its name and the times of its lines are those of a rotation of {}; if it is a log of its own, all of it counts as soon as it has a line that is later than the first line there",
            self.of.escape_debug()
        )
    }
}

impl Named {
    /// Device and inode of what a name leads to.
    pub fn file(&self, name: &str) -> Option<(u64, u64)> {
        self.files.iter().find(|(named, _)| named == name).map(|(_, file)| *file)
    }
}

/// A name that is not read, because another one is that log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// As toaster.conf names it.
    pub name: String,
    /// Whether it would hold lines of this protocol only.
    pub place: LogKind,
    /// The name by which the log is read.
    pub of: String,
    /// Is it a file of its own name, a hard link or a rotation, and no symbolic link?
    pub is_file: bool,
    /// Do only its name and the times of its lines say that it is a rotation? It may be a log of its own.
    pub is_guess: bool,
}

/// What a log is to one that was read by another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// It is that log.
    Same,
    /// It has the content of that log, and so has the log of the old name.
    Copy,
    /// It is another log.
    Other,
}

//! The logs that toaster.conf names for a protocol.
use crate::protocol::LogKind;

/// The logs that every program writes to, and a protocol's own files.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// The logs that are read, and for each whether it holds lines of this protocol only.
    pub read: Vec<(String, LogKind)>,
    /// Further names of those.
    pub twins: Vec<Twin>,
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
}

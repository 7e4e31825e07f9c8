//! The logs that toaster.conf names for a protocol.
use crate::protocol::LogKind;

/// The logs that every program writes to, and a protocol's own files.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Those that are read, and whose lines they hold.
    pub read: Vec<(String, LogKind)>,
    /// Further names of those.
    pub twins: Vec<Twin>,
}

/// A name that is not read, because another one is that log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// As toaster.conf names it.
    pub name: String,
    /// Whose lines it would hold.
    pub place: LogKind,
    /// The name by which the log is read.
    pub of: String,
    /// Is it a file of its own name, a hard link or a rotation, and no symbolic link?
    pub is_file: bool,
}

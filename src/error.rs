//! One error type: every message names the file and says what could not be done, so that a
//! postmaster can act on the line alone.
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong below the command line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused an operation on a file.
    #[error("{}: cannot {action}: {}", path.display(), Plain(source))]
    Io {
        /// What was tried, as a verb: `open`, `write`, `rename`.
        action: &'static str,
        /// The file it was tried on.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another process held the protocol's lock for longer than we may wait.
    #[error("{}: still locked after {seconds} s by another maillogs; it is tried again", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long was waited, in seconds.
        seconds: u64,
    },
    /// A file of maillogs that should be small, and is far too large.
    #[error("{}: has more than {most} bytes, which no such file of maillogs has; move it away", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How large it may be, in bytes.
        most: u64,
    },
    /// A source that this user may not read, already worded for the reader.
    #[error("{0}")]
    Denied(String),
    /// A source that cannot be read at this moment, and very likely can be a moment later; already worded.
    #[error("{0}")]
    Passing(String),
    /// The command line names something that does not exist, or contradicts itself; already worded.
    #[error("{0}")]
    Usage(String),
    /// Anything else, already worded for the reader.
    #[error("{0}")]
    Message(String),
}

impl Error {
    /// Does this process lack the rights? Then trying again does not help, whereas any other failure may be over a
    /// moment later.
    pub fn is_denied(&self) -> bool {
        match self {
            Error::Io { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
            Error::Denied(_) => true,
            _ => false,
        }
    }
}

/// What the system says, without ` (os error 28)`.
#[must_use]
pub fn words(error: &io::Error) -> String {
    Plain(error).to_string()
}

/// `std::io::Error` without its ` (os error 28)`.
struct Plain<'a>(&'a io::Error);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match text.find(" (os error") {
            Some(end) => f.write_str(&text[..end]),
            None => f.write_str(&text),
        }
    }
}

/// The result of everything below the command line.
pub type Result<T> = std::result::Result<T, Error>;

/// Gives an `io::Result` its file and its verb.
pub trait At<T> {
    /// Says which `action` on which `path` failed.
    fn at(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::Io { action, path: path.to_owned(), source })
    }
}

impl<T> At<T> for nix::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|errno| Error::Io { action, path: path.to_owned(), source: errno.into() })
    }
}

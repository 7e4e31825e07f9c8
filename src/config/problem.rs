//! What is not as it should be in toaster.conf, and where it stands.
use std::fmt;
use std::path::PathBuf;

/// Where something stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Read, but perhaps not what was meant.
    Warning,
    /// Not read: a default stands in its place.
    Error,
}

/// What kind of thing a [`Problem`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProblemKind {
    /// A file is missing, too long, or may not be read.
    File,
    /// A line is not TOML.
    Syntax,
    /// A key or a table of ours that we do not have: `config` and `check` fail on it.
    UnknownKey,
    /// A value of the wrong type or out of range.
    Value,
}

/// Something in the configuration that is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The file that it is in.
    pub file: PathBuf,
    /// The line, from 1; `None`: it is about the whole file.
    pub line: Option<usize>,
    /// The key that it is about.
    pub key: Option<String>,
    /// What is wrong, and the way out.
    pub text: String,
}

impl fmt::Display for Problem {
    /// One line: `FILE: line N: KEY: what is wrong; the way out`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{}: ", key.escape_debug())?;
        }
        f.write_str(&self.text)
    }
}

impl std::error::Error for Problem {}

//! The fields that are read of a journal's entry.
use crate::line::Stamp;

/// An entry of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// When its program logged it, else when journald received it.
    pub time: Stamp,
    /// `_HOSTNAME`.
    pub host: Option<&'a [u8]>,
    /// `SYSLOG_IDENTIFIER`, else the program's name (`_COMM`).
    pub tag: Option<&'a [u8]>,
    /// `SYSLOG_PID`, else `_PID`.
    pub pid: Option<&'a [u8]>,
    /// The first line of its message, at most [`crate::source::lines::LINE_LIMIT`] bytes of it.
    pub message: &'a [u8],
}

//! A log line, taken apart.

use super::stamp::Stamp;

/// A line is classified by its first bytes; how long it goes on does not matter, so that a line of a gigabyte costs no
/// memory. rspamd writes up to 8,192 bytes of a verdict, and JSON's escapes come on top of that.
pub const LINE_LIMIT: usize = 16_384;

/// The byte order mark that editors and other systems put before a text in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// `line` without byte order marks before it. Where files were put together, any line may begin with one.
#[inline]
pub fn without_marks(line: &[u8]) -> &[u8] {
    if line.first() == MARK.first() { behind_marks(line) } else { line }
}

#[cold]
fn behind_marks(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_prefix(MARK) {
        line = rest;
    }
    line
}

/// A log line taken apart. All slices are parts of the line that was parsed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// When it was written; `None`: it has no stamp.
    pub time: Option<Stamp>,
    /// The program that syslog names, without `[PID]`.
    pub tag: Option<&'a [u8]>,
    /// The host that syslog names.
    pub host: Option<&'a [u8]>,
    /// What follows stamp, syslog header and splogger's fraction.
    pub text: &'a [u8],
    /// All that follows the stamp. Where no syslogd put a header there, a text such as `status: local 1/10` looks as if
    /// it had one; a protocol that finds nothing in `text` may look here.
    pub after_stamp: &'a [u8],
    /// splogger's `SEC.USEC+text`: the rest of the line before, counts nothing.
    pub continuation: bool,
}

impl<'a> Line<'a> {
    /// A line of one stamp and text: no syslog header.
    #[inline]
    pub(super) fn stamped(time: Stamp, text: &'a [u8]) -> Line<'a> {
        Line::stamped_or_not(Some(time), text)
    }

    /// A line without a syslog header.
    #[inline]
    pub(super) fn stamped_or_not(time: Option<Stamp>, text: &'a [u8]) -> Line<'a> {
        Line { time, tag: None, host: None, text, after_stamp: text, continuation: false }
    }

    /// A line without a stamp: all of it is text.
    pub(super) fn bare(text: &'a [u8]) -> Line<'a> {
        Line::stamped_or_not(None, text)
    }
}

//! What a stream has still to read.
use std::collections::BTreeSet;

use super::by_time::newest;
use super::content::Open;
use super::siblings::Sibling;
use crate::error::Error;
use crate::ledger::{Position, Stream};

/// bzip2(1) keeps times without their fraction (nanoseconds).
pub(super) const SECOND: i64 = 1_000_000_000;

/// Where a stream stands after its reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// For [`Stream::position`].
    pub position: Option<Position>,
    /// For [`Stream::before`].
    pub before: Option<Position>,
}

/// A part of a file: from a place to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Which file: while planning, the sibling's number; then its number in the snapshot.
    pub(super) file: usize,
    /// From where on, in bytes of what it held before compression.
    pub(super) from: u64,
    /// Is it the growth of the file before ours?
    pub(super) is_before: bool,
}

/// What one stream has still to read, and where it stands afterwards.
#[derive(Clone, Debug, Default)]
pub struct CatchUp {
    /// A sentence for stderr: lines may be lost, and why.
    pub lost: Option<String>,
    /// Further sentences, about files that are not counted.
    pub said: Vec<String>,
    /// Is the file that was being read missing at this moment, under every name?
    pub is_away: bool,
    /// Was the place found by the times of the lines? Then not all that is read need be younger than the last reading.
    pub(super) is_by_time: bool,
    pub(super) spans: Vec<Span>,
    /// Where the stream stands if no span has anything.
    pub(super) position: Option<Position>,
    pub(super) before: Option<Position>,
    /// The end of the file that was being read, where another file goes on with its text while it still stands there: its
    /// writer may not have noticed.
    pub(super) left: Option<Position>,
}

/// Why a look has to be taken again, or has failed.
pub(super) enum Trouble {
    /// The log is being rotated at this moment.
    Changed,
    Failed(Error),
}

impl From<Error> for Trouble {
    fn from(e: Error) -> Trouble {
        Trouble::Failed(e)
    }
}

pub(super) type Try<T> = Result<T, Trouble>;

impl CatchUp {
    /// From where on the snapshot's file of this number is read. `None`: not at all.
    pub fn from(&self, file: usize) -> Option<u64> {
        self.spans.iter().find(|s| s.file == file).map(|s| s.from)
    }

    /// What is known of the lines that `stream` has still to read (unix seconds, 0: nothing): when the newest line was
    /// logged that comes before them, and after which moment they were written.
    pub fn begins_after(&self, stream: &Stream) -> (i64, i64) {
        if self.is_by_time { (newest(stream), 0) } else { (stream.last_time, stream.seen) }
    }

    /// The numbers of the files that are read from their beginning.
    pub(super) fn whole(&self) -> Vec<usize> {
        self.spans.iter().filter(|s| s.from == 0 && !s.is_before).map(|s| s.file).collect()
    }

    /// Their numbers.
    pub(super) fn files(&self) -> impl Iterator<Item = usize> {
        self.spans.iter().map(|s| s.file)
    }

    /// Replaces the number of each file by its place in `numbers`.
    pub(super) fn renumber(&mut self, numbers: &[usize]) {
        for span in &mut self.spans {
            span.file = numbers.iter().position(|&n| n == span.file).unwrap_or(usize::MAX);
        }
    }

    /// The snapshot's file of this number is read from here on.
    pub(super) fn read(&mut self, file: usize, from: u64) {
        self.spans.push(Span { file, from, is_before: false });
    }

    /// The files of these numbers are not read.
    pub(super) fn leave_out(&mut self, files: &BTreeSet<usize>) {
        self.spans.retain(|s| !files.contains(&s.file));
    }

    /// Where the stream stands after `files` were read up to `ends`: in the last file that has a line that is counted.
    /// A rotated file may still grow, since its writer has it open until it is told.
    pub(super) fn reached(&self, files: &[Open], ends: &[Option<Position>]) -> Reached {
        let (mut position, mut before) = (self.position.clone(), self.before.clone());
        // An archive does not grow any more.
        let grows = |span: &Span| files.get(span.file).is_some_and(|f| !f.compression.is_packed());
        let (mut may_grow, mut is_first) = (true, true);
        for span in &self.spans {
            let end = ends.get(span.file).and_then(Option::as_ref);
            let Some(end) = end.filter(|end| end.counted >= span.from.max(1)) else { continue };
            if span.is_before {
                before = Some(end.clone()).filter(|_| grows(span));
                continue;
            }
            let mut end = end.clone();
            if !grows(span) {
                // What was packed may have lost the fraction of its time.
                end.mtime = position.as_ref().map_or(end.mtime, |before| before.mtime.max(end.mtime));
            }
            // One that an editor made begins as the file before it, which its writer may go on with.
            let left = self.left.clone().filter(|left| is_first && left.file != end.file);
            if left.is_some() {
                before = left;
            } else if span.from == 0 || !is_first {
                before = position.filter(|p| p.counted > 0 && may_grow);
            }
            (may_grow, is_first) = (grows(span), false);
            position = Some(end);
        }
        Reached { position, before }
    }
}

/// A position with fewer counted bytes than this cannot tell one file from another: this is less than a line of
/// syslog, and a log that was cut within its first stamp begins as all the others do.
pub const SHORTEST: u64 = 32;

/// Does the content of `position` tell its file from others? Where lines have no times, nothing else does.
pub(super) fn tells(position: &Position, stream: &Stream) -> bool {
    position.counted >= SHORTEST || (position.counted > 0 && stream.last_time == 0)
}

/// Was it written to after the file of `position` was read? A packed file may have kept only the seconds of its time,
/// and file times advance in steps of a few milliseconds. So the answer may be `true` for a file too many, which does
/// no harm, because the times of its lines decide.
pub(super) fn was_written_after(sibling: &Sibling, position: &Position, stream: &Stream) -> bool {
    let lost = if sibling.compression.is_packed() { SECOND } else { 0 };
    let tick = i64::from(position.counted > 0 && stream.last_time > 0);
    sibling.entry.mtime.saturating_add(lost).saturating_add(tick) > position.mtime
}

/// Was a file that seems to be written to since `position` was left only packed since? Then one that is younger by its name,
/// and not packed, was not written to since either.
pub(super) fn is_packed_since(
    all: &[Sibling],
    sibling: &Sibling,
    position: &Position,
    stream: &Stream,
) -> bool {
    let is_later_and_over = |other: &Sibling| {
        other.entry.size > 0
            && !other.compression.is_packed()
            && other.is_younger(sibling) == Some(true)
            && !was_written_after(other, position, stream)
    };
    sibling.compression.is_packed() && all.iter().any(is_later_and_over)
}

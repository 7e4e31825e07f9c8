//! The third of the facts that make a position: when the last line was logged that was counted. It decides where content
//! and offset do not fit any more: after a loss of power, an editor, a script that anonymises, a copy restored.
//!
//! The candidates are the live file and the rotated ones that were written to since; they are looked through, the
//! oldest first, for the place where the known part ends:
//!
//! 1. A line at whose end the last 256 bytes are those before the position tells it exactly: something earlier in the
//!    file was changed.
//! 2. Else the first line that was logged later. Of lines of the very second in which counting stopped as many are
//!    known as were counted in it. Everything after that line counts, whatever its stamp: clocks are set back, and
//!    many hosts write to one file. A line without a stamp belongs to the line before it.
//! 3. Where lines have no stamps at all, a file that begins as ours did, or is not smaller, is known as far as ours
//!    was counted; any other one is new.
//!
//! So the limit holds for one reading, and in it up to one place.
use std::cell::RefCell;

use super::compressed::Content;
use super::content::{Open, TAIL, tail_length};
use super::log::Clock;
use crate::calendar::to_the_second;
use crate::error::{At, Result};
use crate::ledger::{Position, Stream, digest};
use crate::line::Parser;
use crate::source::lines::{LINE_LIMIT, OneByOne, RawLine, walk_mended};

/// A stamp that is so far (seconds) ahead of the clock and of its file's last write was given by a host with a wrong
/// clock. It tells nothing: neither how far was counted nor that a line is new.
pub const AHEAD: i64 = 600;

/// The most places that are remembered where the last bytes fit: lines may repeat each other.
const MOST_PLACES: usize = 1000;

/// Where the known part of a file ends, and how many lines lie before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    at: u64,
    lines: u64,
}

/// What is known of a file: everything, up to where content tells, or up to where time tells.
#[derive(Debug, Default)]
struct Scan {
    /// Its end, an unfinished last line included.
    end: u64,
    /// Complete lines.
    lines: u64,
    /// Where the bytes before a line's end are those before the position.
    same_tail: Vec<Place>,
    /// The first later line, or the first one of the last second that is more than were counted in it.
    later: Option<Place>,
    /// Lines of the last second before that, and the first of them.
    in_last_second: u64,
    first_in_it: Option<Place>,
    /// Is there an earlier line before that?
    has_older: bool,
    /// The last stamp that can be true.
    last_stamp: Option<i64>,
    /// The end of the last line that lies not beyond the bytes that were counted.
    counted: Place,
    /// Where within the line before the later one a further line begins: the file was cut there, and the next line was
    /// written behind what was left.
    glued: Option<u64>,
}

/// The newest stamp that was counted of `stream`. If that stamp was ahead of the clock when it was counted, it tells
/// nothing, and the time of that reading is used: what was logged until then was counted.
pub(super) fn limit(stream: &Stream) -> i64 {
    let Stream { last_time, seen, .. } = stream;
    if *seen > 0 && *last_time > seen + AHEAD { *seen } else { *last_time }
}

/// What was logged last before a new line of `stream`, unix seconds; nothing may have been logged when it was read last.
pub(super) fn newest(stream: &Stream) -> i64 {
    stream.last_time.max(stream.seen)
}

/// Looks through the candidates of one stream, the oldest first.
#[derive(Debug)]
pub(super) struct Search<'a> {
    stream: &'a Stream,
    position: &'a Position,
    clock: Clock,
    /// Was the place found already? Then everything that follows it counts.
    open: bool,
    /// Was the place found by content?
    exact: bool,
    /// How many lines of the last counted second were met so far.
    met: u64,
    has_older: bool,
    stamped: bool,
    /// Was the file found that stands for ours, of those without stamps?
    replaced: bool,
    known: u64,
    later: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(stream: &'a Stream, position: &'a Position, clock: Clock) -> Self {
        Search {
            stream,
            position,
            clock,
            open: false,
            exact: false,
            met: 0,
            has_older: false,
            stamped: false,
            replaced: false,
            known: 0,
            later: 0,
        }
    }

    /// From where on `file` counts. `true`: content told it, so that all files before this one are known.
    pub(super) fn place(&mut self, file: &Open, is_live: bool) -> Result<(u64, bool)> {
        let scan = self.scan(file)?;
        let (place, exact) = self.decide(file, &scan, is_live);
        if exact && !self.exact {
            // What was taken for new before is older than this.
            (self.known, self.later) = (self.known + self.later, 0);
            self.exact = true;
        }
        self.known += place.lines;
        self.later += scan.lines - place.lines.min(scan.lines);
        self.met += scan.in_last_second;
        self.has_older |= scan.has_older;
        self.stamped |= scan.last_stamp.is_some() && self.stream.last_time > 0;
        Ok((place.at, exact))
    }

    /// Is the place certain enough to read on there in a file that was read to its end before?
    pub(super) fn is_sure(&self) -> bool {
        self.exact || (self.open && self.stamped)
    }

    fn decide(&mut self, file: &Open, scan: &Scan, is_live: bool) -> (Place, bool) {
        let (start, end) = (Place::default(), Place { at: scan.end, lines: scan.lines });
        if scan.end == 0 {
            return (start, false);
        }
        // A first line that was cut within its stamp tells nothing; as everywhere, what is left of it is known.
        if scan.lines == 0 && scan.last_stamp.is_none() && limit(self.stream) > 0 {
            return (end, false);
        }
        let by_time = match (scan.last_stamp, scan.later, scan.glued) {
            (None, _, None) => None,
            _ if limit(self.stream) == 0 => None,
            // A rotated file of long ago whose lines have no year may seem to be of today in its middle.
            (Some(last), Some(_), _) if !is_live && last < limit(self.stream) => Some(end),
            (_, later, Some(at)) => Some(Place { at, lines: later.unwrap_or(end).lines.saturating_sub(1) }),
            (_, later, None) => Some(later.unwrap_or(end)),
        };
        let aim = by_time.map_or(self.position.counted, |place| place.at);
        if !self.exact
            && let Some(place) = scan.same_tail.iter().min_by_key(|place| place.at.abs_diff(aim))
        {
            self.open = true;
            return (*place, true);
        }
        if self.open {
            return (start, false);
        }
        let head = file.begins_as(self.position);
        let is_smaller = self.position.counted == 0 || scan.end < self.position.counted;
        if let Some(place) = by_time {
            // Nothing in it is older than what was counted last: it was emptied and is written to again, or all that ever
            // stood there is of one second. Who empties a log keeps the file, and a script or an editor makes a new one.
            let nothing_older = !self.has_older && !scan.has_older && self.met == 0;
            let is_emptied = (self.position.counted == 0 && is_live) || file.id == self.position.file;
            // What was only packed since is not new; some programs keep but the seconds of its time.
            let is_written_since = is_live || file.mtime > self.position.mtime;
            let is_new = nothing_older && !head && is_emptied && is_written_since;
            let meets_nothing_known = !scan.has_older && scan.in_last_second == 0;
            self.open = place != end || is_new;
            let is_whole = is_new || (meets_nothing_known && self.open);
            return (if is_whole && scan.glued.is_none() { start } else { place }, false);
        }
        // No stamps. The first of the candidates is ours, changed.
        if std::mem::replace(&mut self.replaced, true) || (is_smaller && !head) {
            self.open = true;
            return (start, false);
        }
        self.open = true;
        (scan.counted, false)
    }

    /// A file that does not begin as ours did may be new: its first stamp may be of the second pass of an hour that comes
    /// twice.
    fn parser(&self, file: &Open) -> Parser {
        let mut parser =
            Parser::new(self.clock.tai_offset, file.mtime / 1_000_000_000).of_own_log(self.stream.own);
        if !file.begins_as(self.position) {
            parser.resume(newest(self.stream), 0);
        }
        parser
    }

    fn scan(&self, file: &Open) -> Result<Scan> {
        let mut scan = Scan::default();
        let (limit, in_second) = (limit(self.stream), self.stream.last_lines.saturating_sub(self.met));
        let ahead = self.clock.now.max(file.mtime / 1_000_000_000) + AHEAD;
        let mut parser = self.parser(file);
        let tail_length = usize::try_from(tail_length(self.position.counted)).unwrap_or(TAIL);
        let to = file.length()?;
        let held = file.held().at("read", &file.path)?;
        let mut content = Content::open(held, file.compression, 0).at("read", &file.path)?;
        // The block that is being taken apart, and what stands before it.
        let recent = RefCell::new((Vec::new(), 0u64));
        let read = |block: &mut [u8], at: u64| {
            let got = content.fill(block)?;
            let mut recent = recent.borrow_mut();
            let (bytes, begin) = &mut *recent;
            let kept = bytes.len().min(TAIL);
            bytes.drain(..bytes.len() - kept);
            bytes.extend_from_slice(&block[..got]);
            *begin = at - kept as u64;
            Ok(got)
        };
        let mut last_known: Option<(u64, Vec<u8>)> = None;
        let note = |line: RawLine<'_>| {
            let stamp = parser.parse(line.text).time.map(|stamp| stamp.secs).filter(|&secs| secs <= ahead);
            let here = Place { at: line.start, lines: scan.lines };
            scan.last_stamp = stamp.or(scan.last_stamp);
            if let Some(secs) = stamp.filter(|_| scan.later.is_none()) {
                if secs < limit {
                    scan.has_older = true;
                } else if secs == limit && scan.in_last_second < in_second {
                    scan.in_last_second += 1;
                    scan.first_in_it.get_or_insert(here);
                } else {
                    scan.later = Some(here);
                }
            }
            if !line.terminated {
                return;
            }
            scan.lines += 1;
            if scan.later.is_none() {
                let whole = line.end - line.start == line.text.len() as u64 + 1;
                last_known = whole.then(|| {
                    let mut text = last_known.take().map_or_else(Vec::new, |(_, text)| text);
                    text.clear();
                    text.extend_from_slice(line.text);
                    (line.start, text)
                });
            }
            if line.end <= self.position.counted {
                scan.counted = Place { at: line.end, lines: scan.lines };
            }
            let recent = recent.borrow();
            let (bytes, begin) = &*recent;
            let until = usize::try_from(line.end - begin).unwrap_or(usize::MAX);
            if tail_length > 0
                && scan.same_tail.len() < MOST_PLACES
                && let Some(tail) = until.checked_sub(tail_length).and_then(|from| bytes.get(from..until))
                && digest(&[tail]) == self.position.tail
            {
                scan.same_tail.push(Place { at: line.end, lines: scan.lines });
            }
        };
        scan.end = walk_mended(read, 0, to, &mut OneByOne(note)).at("read", &file.path)?;
        if let Some(first) = scan.first_in_it.filter(|first| self.is_older_copy(file, &scan, *first)) {
            // Those that were counted in the last second are not in it.
            (scan.later, scan.in_last_second) = (Some(first), 0);
        }
        let is_before = |start: u64| scan.later.is_none_or(|later| start < later.at);
        if let Some((start, text)) = last_known.filter(|(start, _)| limit > 0 && is_before(*start)) {
            let mut parser = Parser::new(self.clock.tai_offset, file.mtime / 1_000_000_000);
            parser.resume(limit, 0);
            let begins = |from: &usize| {
                let line = parser.parse(&text[*from..]);
                line.tag.is_some()
                    && line.host.is_some()
                    && line.time.is_some_and(|stamp| stamp.secs > limit && stamp.secs <= ahead)
            };
            let found = (1..text.len().min(LINE_LIMIT)).find(begins);
            scan.glued = found.map(|from| start + from as u64);
        }
        Ok(scan)
    }

    /// Did a copy that was made earlier take the place of ours, so that its first line of the last second, at `first`, is
    /// a new one? It begins as ours did, and far from where the lines of that second stood: as many as were counted in
    /// it, each of twice the usual length, would have begun further down.
    fn is_older_copy(&self, file: &Open, scan: &Scan, first: Place) -> bool {
        const MARGIN: u64 = 1024;
        let usual = scan.end / scan.lines.max(1) + 1;
        let most = self.stream.last_lines.saturating_mul(2 * usual).saturating_add(MARGIN);
        file.begins_as(self.position) && first.at.saturating_add(most) < self.position.counted
    }

    /// What is to be said: nothing where content told the place.
    pub(super) fn sentence(&self, path: &std::path::Path) -> Option<String> {
        let Search { known, later, position, .. } = self;
        let (path, counted) = (path.display(), position.counted);
        if self.exact || (counted == 0 && *known == 0) {
            return None;
        }
        if *known == 0 {
            return Some(format!(
                "{path}: the file of which {counted} bytes were counted is gone: it was truncated, or removed after a rotation; what was written to it after that is missing from the counters; all of the {later} lines that stand there now are counted"
            ));
        }
        let by = if self.stamped {
            let time = to_the_second(self.stream.last_time);
            format!(
                "{known} lines, up to {time}, are taken as counted before, and {later} later ones are counted"
            )
        } else {
            format!(
                "its lines have no time: the first {known} are taken as counted before, and {later} are counted"
            )
        };
        Some(format!(
            "{path}: is not as it was when {counted} bytes of it were counted (cut short, edited, restored from a copy or replaced): {by}; what was logged after that and does not stand there is missing from the counters"
        ))
    }
}

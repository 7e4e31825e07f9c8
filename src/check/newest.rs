//! What the newest lines of a source tell: whether they are understood, whose clock is ahead, whether they have stamps
//! at all, and how long the usual pauses of a log directory are. Only a bounded part of each source is read.
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::Config;
use crate::ingest::Job;
use crate::line::{Line, Parser, tai64n};
use crate::protocol::{LogKind, Raise, Verdict};
use crate::source::encoding;
use crate::source::lines::walk;
use crate::source::offset::MULTILOG;
use crate::source::opener::{Opener, Plain};
use crate::store::state::Understood;

/// The newest bytes of a log directory are read, up to this number; on a usual server they hold some days.
const OF_DIRECTORY: u64 = 8 << 20;
/// The same for a log file, which holds the lines of many programs and is read once for each protocol.
const OF_FILE: u64 = 1 << 20;
/// A stamp may be later than now by this (seconds): clocks of two hosts differ a little.
const AHEAD: i64 = 60;
/// The newest chunks are looked at, up to this number.
const MOST_CHUNKS: usize = 10_000;

/// What was found in the newest lines of a source.
#[derive(Default)]
pub(super) struct Newest {
    /// Lines of the protocol's programs, by the program's name in syslog (empty: without one).
    pub programs: BTreeMap<Vec<u8>, Understood>,
    /// Lines of all programs.
    pub lines: u64,
    /// How many of them are stamped later than now.
    pub ahead: u64,
    /// The latest such stamp (unix seconds), and the host that the line names.
    pub latest: Option<(i64, Vec<u8>)>,
    /// Has the last line no stamp?
    pub is_bare: bool,
    /// What lines are written in that cannot be read.
    pub encoding: Option<&'static str>,
    /// Of a log directory: the pauses between its lines.
    pub pauses: Pauses,
}

/// The pauses between lines that follow each other.
#[derive(Clone, Copy, Default)]
pub(super) struct Pauses {
    /// The time of the first line, unix seconds; 0: no line has a stamp.
    pub first: i64,
    /// The time of the last one.
    pub last: i64,
    /// The longest pause between two, in seconds.
    pub longest: i64,
}

impl Pauses {
    fn meets(&mut self, secs: i64) {
        *self = self.and(Pauses { first: secs, last: secs, longest: 0 });
    }

    /// Joins these pauses with those of lines that were logged after them.
    fn and(self, later: Pauses) -> Pauses {
        if self.first == 0 || later.first == 0 {
            return if self.first == 0 { later } else { self };
        }
        let between = later.first - self.last;
        let longest = self.longest.max(later.longest).max(between);
        Pauses { first: self.first, last: self.last.max(later.last), longest }
    }
}

/// One look at a source.
struct Look<'a> {
    job: &'a Job<'a>,
    place: LogKind,
    now: i64,
    tai_offset: i64,
    found: Newest,
    /// Has a chunk a first line without a stamp? It may be the rest of a line.
    has_rest: bool,
    scratch: Vec<i128>,
}

impl<'a> Look<'a> {
    fn new(job: &'a Job<'a>, place: LogKind, now: i64, tai_offset: i64) -> Look<'a> {
        let scratch = vec![0; job.feed.protocol.counters.len()];
        Look { job, place, now, tai_offset, found: Newest::default(), has_rest: false, scratch }
    }

    fn line(&mut self, line: &Line<'_>) {
        self.found.lines += 1;
        if let Some(stamp) = line.time.filter(|stamp| stamp.secs > self.now + AHEAD) {
            self.found.ahead += 1;
            if self.found.latest.as_ref().is_none_or(|(secs, _)| *secs < stamp.secs) {
                self.found.latest = Some((stamp.secs, line.host.unwrap_or_default().to_owned()));
            }
        }
        let verdict = (self.job.feed.protocol.classify)(line, self.place, &mut Raise(&mut self.scratch));
        let tag = line.tag.unwrap_or_default();
        let lines = match verdict {
            Verdict::Foreign if !is_counted_tag(self.job.config, self.job.feed.protocol.name, tag) => return,
            Verdict::Known => Understood { known: 1, unknown: 0 },
            Verdict::Foreign | Verdict::Unknown => Understood { known: 0, unknown: 1 },
        };
        match self.found.programs.get_mut(tag) {
            Some(sum) => sum.add(lines),
            None => drop(self.found.programs.insert(tag.to_owned(), lines)),
        }
    }

    /// Reads the last `most` bytes of `file`; how many there were, and the pauses between its lines.
    fn chunk(&mut self, file: &File, most: u64) -> io::Result<(u64, Pauses)> {
        let meta = file.metadata()?;
        let size = meta.len();
        let from = size.saturating_sub(most);
        let mut parser = Parser::new(self.tai_offset, meta.mtime());
        let (mut pauses, mut stamped) = (Pauses::default(), None);
        walk(file, from, size, |raw| {
            // What is read first may be the rest of a line; what is read last may go on.
            let is_first = raw.start == from;
            if (is_first && from > 0) || !raw.terminated {
                return;
            }
            self.found.encoding = self.found.encoding.or_else(|| encoding::of_line(raw.text));
            let line = parser.parse(raw.text);
            if let Some(stamp) = line.time {
                pauses.meets(stamp.secs);
            } else if is_first {
                self.has_rest = true;
                return;
            }
            stamped = Some(line.time.is_some());
            self.line(&line);
        })?;
        self.found.is_bare = stamped == Some(false);
        Ok((size - from, pauses))
    }
}

/// Does a `[[counter]]` of `protocol` name this program? Then its lines are expected to be counted.
fn is_counted_tag(config: &Config, protocol: &str, tag: &[u8]) -> bool {
    !tag.is_empty() && config.counters.iter().any(|c| c.protocol == protocol && c.tag.as_deref() == Some(tag))
}

/// Looks at the chunks of a log directory, the newest first; its labels are `tai_offset` seconds ahead of unix time. `None`: it cannot be read, as is said elsewhere.
pub(super) fn of_directory(job: &Job<'_>, dir: &Path, now: i64, tai_offset: i64) -> Option<Newest> {
    newest_bytes(job, dir, now, tai_offset, OF_DIRECTORY)
}

/// As [`of_directory`], of the newest `most` bytes.
fn newest_bytes(job: &Job<'_>, dir: &Path, now: i64, tai_offset: i64, most: u64) -> Option<Newest> {
    let mut names: Vec<String> = Vec::new();
    for entry in crate::dir::read(dir).ok()?.flatten() {
        let name = entry.name().unwrap_or_default();
        if name.starts_with('@') {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    names.truncate(MOST_CHUNKS);
    let mut look = Look::new(job, LogKind::Dedicated, now, tai_offset);
    let (mut left, mut pauses, mut is_bare) = (most, Pauses::default(), None);
    for name in ["current", "previous"].into_iter().chain(names.iter().map(String::as_str)) {
        if left == 0 {
            // Of the others the names tell when they ended: no pause in one is longer than from one name to the next.
            pauses = named(name, tai_offset).and(pauses);
            continue;
        }
        let Ok(Some(file)) = Plain.open(&dir.join(name)) else { continue };
        let lines = look.found.lines;
        let Ok((read, older)) = look.chunk(&file, left) else { continue };
        left -= read;
        pauses = older.and(pauses);
        if look.found.lines > lines {
            is_bare.get_or_insert(look.found.is_bare);
        }
    }
    let is_bare = is_bare.unwrap_or(look.has_rest);
    Some(Newest { pauses, is_bare, ..look.found })
}

/// What a chunk's name tells of its lines: when it ended.
fn named(name: &str, tai_offset: i64) -> Pauses {
    let label = name.get(..25).and_then(|label| tai64n(format!("{label} ").as_bytes(), tai_offset));
    label.map_or_else(Pauses::default, |stamp| Pauses { first: stamp.secs, last: stamp.secs, longest: 0 })
}

/// Looks at the end of a log file. `None`: it cannot be read, as is said elsewhere.
pub(super) fn of_file(job: &Job<'_>, file: &Path, place: LogKind, now: i64) -> Option<Newest> {
    let mut opened = Plain.open(file);
    if opened.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied) {
        (job.as_root)(&mut || opened = Plain.open(file));
    }
    let mut look = Look::new(job, place, now, job.config.logs_tai_offset.unwrap_or(MULTILOG));
    look.chunk(&opened.ok()??, OF_FILE).ok()?;
    Some(look.found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::feeds;

    /// A TAI64N label of multilog's.
    fn label(secs: i64) -> String {
        format!("@{:016x}00000000", (1_i64 << 62) + 10 + secs)
    }

    fn lines(times: &[i64]) -> String {
        times.iter().map(|secs| format!("{} new msg 7\n", label(*secs))).collect()
    }

    #[test]
    fn pauses_are_those_between_lines_and_at_most_those_between_names() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let now = 1_800_000_000;
        // Chunks are named by when they ended.
        write(&(label(now - 5_000) + ".s"), &lines(&[now - 9_000, now - 5_000]));
        write(&(label(now - 3_000) + ".u"), &lines(&[now - 4_990, now - 3_000]));
        write("previous", "");
        write("current", &lines(&[now - 2_500, now - 2_400]));
        write("state", "of multilog");
        let config = Config::default();
        let feeds = feeds(&config);
        let job = Job { config: &config, feed: &feeds[0], clock: || 0, as_root: |what| what() };
        let found = |most: u64| {
            let newest = newest_bytes(&job, dir.path(), now, 10, most).unwrap();
            let Pauses { first, last, longest } = newest.pauses;
            (newest.lines, now - first, now - last, longest)
        };
        assert_eq!(found(1 << 20), (6, 9_000, 2_400, 4_000));
        // Of the oldest chunk only the name is looked at; of the one before, its second line is read.
        let line = lines(&[now]).len() as u64;
        assert_eq!(found(4 * line), (4, 5_000, 2_400, 1_990));
        assert_eq!(found(3 * line + 5), (3, 5_000, 2_400, 2_000));
    }

    #[test]
    fn of_too_many_chunks_the_newest_are_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let now = 1_800_000_000;
        let most = i64::try_from(MOST_CHUNKS).unwrap();
        // A directory lists its names in an order of its own, so that some of each part come last.
        for age in 1..=most + 500 {
            let text = if age <= most { lines(&[now - age]) } else { String::from("too old\n") };
            std::fs::write(dir.path().join(label(now - age) + ".s"), text).unwrap();
        }
        let config = Config::default();
        let feeds = feeds(&config);
        let job = Job { config: &config, feed: &feeds[0], clock: || 0, as_root: |what| what() };
        let newest = newest_bytes(&job, dir.path(), now, 10, u64::MAX).unwrap();
        let Pauses { first, last, .. } = newest.pauses;
        assert_eq!((newest.lines, now - first, now - last), (u64::try_from(most).unwrap(), most, 1));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_pause() {
        let mut pauses = Pauses::default();
        [100, 110, 50, 105, 120].into_iter().for_each(|secs| pauses.meets(secs));
        assert_eq!((pauses.first, pauses.last, pauses.longest), (100, 120, 10));
    }
}

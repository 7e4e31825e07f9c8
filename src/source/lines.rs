//! A chunk of log → its lines, with large reads and never by mmap: a file that is truncated meanwhile
//! would be a SIGBUS.
use std::fs::File;
use std::io;

use super::encoding;
use super::newlines::newlines;
use crate::disk::read_at;
pub use crate::line::LINE_LIMIT;
use crate::line::{Parser, Run};

/// A block stays in the processor's cache while its lines are read.
const BLOCK: usize = 1 << 16;

/// Of a line that is longer than [`LINE_LIMIT`] the last bytes are kept as well, this number of them.
const LAST: usize = 256;

/// One line of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Offset of its first byte.
    pub start: u64,
    /// Offset behind it, its newline included.
    pub end: u64,
    /// Its first [`LINE_LIMIT`] bytes, without the newline.
    pub text: &'a [u8],
    /// The line to its end, or as much of its end as is kept, without the newline.
    pub last: &'a [u8],
    /// Did it end with a newline?
    pub terminated: bool,
    /// Its encoding, if that cannot be read. Not every line is examined, and none where NUL bytes are kept.
    pub encoding: Option<&'static str>,
}

impl RawLine<'_> {
    /// Are there only NUL bytes in it? Then it is no line, but room that a program reserved behind the last line, or
    /// that a crash left.
    pub fn is_room(&self) -> bool {
        !self.terminated && self.text.is_empty()
    }
}

/// What is done with the lines of a chunk.
pub trait Visit {
    /// Takes as many lines of `run` as it likes, from the first one on, and returns their number. The next one is given to
    /// [`Visit::line`], and after it those that follow may be offered again.
    fn run(&mut self, run: Run<'_>) -> usize;

    /// Takes one line.
    fn line(&mut self, raw: &RawLine<'_>);
}

/// Lines that are taken one by one.
pub struct OneByOne<F>(pub F);

impl<F: FnMut(RawLine<'_>)> Visit for OneByOne<F> {
    #[inline]
    fn run(&mut self, _: Run<'_>) -> usize {
        0
    }

    #[inline]
    fn line(&mut self, raw: &RawLine<'_>) {
        self.0(*raw);
    }
}

/// Calls `each` for every line that begins in `[from, to)`, in order; the last one may lack its
/// newline. Returns the offset at which the data ended, at most `to`.
///
/// # Errors
/// When the file cannot be read.
pub fn walk(file: &File, from: u64, to: u64, each: impl FnMut(RawLine<'_>)) -> io::Result<u64> {
    walk_with(|block, at| read_at(file, block, at), from, to, each)
}

/// As [`walk`], without the NUL bytes before lines: what a file system shows where it has no data, because power was lost
/// or a program reserved room. NULs within a line are part of it.
///
/// # Errors
/// When the file cannot be read.
pub fn walk_chunk(file: &File, from: u64, to: u64, visit: &mut impl Visit) -> io::Result<u64> {
    walk_any(|block, at| read_at(file, block, at), from, to, Nuls::BeforeLines, visit)
}

/// As [`walk_chunk`], or with `nuls_end_lines` as [`walk_mended`], over all bytes that `read` supplies. It may fill less of a block than it has room
/// for; the first time that it fills nothing is the end.
///
/// # Errors
/// When `read` fails.
pub fn walk_supplied(
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    nuls_end_lines: bool,
    visit: &mut impl Visit,
) -> io::Result<u64> {
    let nuls = if nuls_end_lines { Nuls::EndLines } else { Nuls::BeforeLines };
    walk_any(|block, _| read(block), 0, u64::MAX, nuls, visit)
}

/// A chunk that is parted by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parted {
    /// Where its first later line begins; its end, if there is none.
    pub place: u64,
    /// Lines before that.
    pub earlier: u64,
    /// Lines from there on.
    pub later: u64,
    /// Is there a line of exactly that time, and is the first one with a stamp earlier?
    pub holds: bool,
}

/// Where the first line begins that was logged after `until` (unix seconds, nanoseconds). Without any stamp the time of
/// the last write, `written`, tells for all of them.
///
/// # Errors
/// When the file cannot be read.
pub fn part_by_time(
    file: &File,
    size: u64,
    parser: &mut Parser,
    until: (i64, i64),
    written: (i64, i64),
) -> io::Result<Parted> {
    let (mut first, mut place, mut lines) = (None, None, 0);
    let mut parted = Parted::default();
    let mut each = OneByOne(|line: RawLine<'_>| {
        if let Some(stamp) = parser.parse(line.text).time.filter(|_| place.is_none()) {
            let time = (stamp.secs, i64::from(stamp.nanos));
            parted.holds |= time == until && first.is_some_and(|first| first < until);
            first.get_or_insert(time);
            if time > until {
                place = Some(line.start);
                parted.earlier = lines;
            }
        }
        lines += 1;
    });
    walk_chunk(file, 0, size, &mut each)?;
    match place {
        Some(place) => parted.place = place,
        None if first.is_some() || written <= until => (parted.place, parted.earlier) = (size, lines),
        None => {}
    }
    parted.later = lines - parted.earlier;
    Ok(parted)
}

/// As [`walk`], over the bytes that `read` supplies. `read` fills a block with the bytes from an offset on, and fills
/// less of it only at the end of the data. It is called for one block after the other, from `from` on.
///
/// # Errors
/// When `read` fails.
pub fn walk_with(
    read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
    from: u64,
    to: u64,
    each: impl FnMut(RawLine<'_>),
) -> io::Result<u64> {
    walk_any(read, from, to, Nuls::Kept, &mut OneByOne(each))
}

/// As [`walk_with`], for a log that is written to again after a loss of power, or that was truncated under a writer who
/// goes on at his old place. Nobody writes NUL bytes to a log: they are what a file system shows where it has no data,
/// and the next line is written right behind them. Of a line with NULs in it what stands behind the last ones is the
/// line, however many there are.
///
/// # Errors
/// When `read` fails.
pub fn walk_mended(
    read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
    from: u64,
    to: u64,
    visit: &mut impl Visit,
) -> io::Result<u64> {
    walk_any(read, from, to, Nuls::EndLines, visit)
}

/// What NUL bytes mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Nuls {
    /// They are bytes as any others.
    #[default]
    Kept,
    /// Before a line they are nothing.
    BeforeLines,
    /// A line begins behind them, too: what stands before them in a line was cut off there.
    EndLines,
}

impl Nuls {
    /// The line without them.
    fn strip(self, line: &[u8]) -> &[u8] {
        match self {
            Nuls::Kept => line,
            _ if is_hole(line) => &[],
            Nuls::BeforeLines => &line[line.iter().take_while(|&&b| b == 0).count()..],
            Nuls::EndLines => without_nuls(line),
        }
    }
}

fn walk_any(
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
    from: u64,
    to: u64,
    nuls: Nuls,
    visit: &mut impl Visit,
) -> io::Result<u64> {
    let mut block = vec![0u8; BLOCK.min(usize::try_from(to.saturating_sub(from)).unwrap_or(BLOCK).max(1))];
    let mut places = Vec::new();
    let mut at = from;
    // The beginning of a line that goes on in the next block.
    let mut carry = Carry { nuls, ..Carry::default() };
    let mut carry_start = from;
    while at < to {
        let want = block.len().min(usize::try_from(to - at).unwrap_or(usize::MAX));
        let got = read(&mut block[..want], at)?;
        if got == 0 {
            break;
        }
        let block = &block[..got];
        let has_nuls = nuls != Nuls::Kept && memchr::memchr(0, block).is_some();
        let found = newlines(block, &mut places);
        let mut ends = &places[..found];
        let mut rest = 0;
        if carry_start < at
            && let Some((&newline, others)) = ends.split_first()
        {
            let newline = newline as usize;
            carry.keep(&block[..newline]);
            visit.line(&carry.line(carry_start, at + newline as u64 + 1, true));
            carry.clear();
            (rest, ends) = (newline + 1, others);
        }
        loop {
            if !has_nuls && nuls != Nuls::Kept {
                let taken = visit.run(Run::new(block, rest, ends, at));
                if let Some((before, others)) = ends.split_at_checked(taken)
                    && let Some(&newline) = before.last()
                {
                    (rest, ends) = (newline as usize + 1, others);
                }
            }
            let Some((&newline, others)) = ends.split_first() else { break };
            let newline = newline as usize;
            let text = &block[rest..newline];
            let (last, encoding) =
                if has_nuls { (nuls.strip(text), encoding::of_line(text)) } else { (text, None) };
            let text = &last[..last.len().min(LINE_LIMIT)];
            let (start, end) = (at + rest as u64, at + newline as u64 + 1);
            visit.line(&RawLine { start, end, text, last, terminated: true, encoding });
            (rest, ends) = (newline + 1, others);
        }
        if rest > 0 || carry_start >= at {
            carry_start = at + rest as u64;
        }
        carry.keep(&block[rest..]);
        at += got as u64;
    }
    if carry_start < at {
        visit.line(&carry.line(carry_start, at, false));
    }
    Ok(at)
}

/// What is kept of a line that goes over more than one block.
#[derive(Default)]
struct Carry {
    nuls: Nuls,
    /// Its first bytes, at most [`LINE_LIMIT`].
    text: Vec<u8>,
    /// Its last bytes, if it is longer: at most [`LAST`].
    last: Vec<u8>,
    /// Does what was met of it end in NULs?
    is_broken: bool,
}

impl Carry {
    /// Adds what follows.
    fn keep(&mut self, more: &[u8]) {
        let mut more = more;
        if self.nuls == Nuls::BeforeLines && self.text.is_empty() {
            more = self.nuls.strip(more);
        } else if self.nuls == Nuls::EndLines && (self.is_broken || memchr::memchr(0, more).is_some()) {
            let text = self.nuls.strip(more);
            let ends_in_nuls = more.last() == Some(&0) || (more.is_empty() && self.is_broken);
            // Something follows NULs: what stands before them is another line.
            if !text.is_empty() && (self.is_broken || text.as_ptr() != more.as_ptr()) {
                self.clear();
            }
            self.is_broken = ends_in_nuls;
            more = text;
        }
        let room = LINE_LIMIT - self.text.len().min(LINE_LIMIT);
        self.text.extend_from_slice(&more[..more.len().min(room)]);
        if more.len() > room {
            self.last.extend_from_slice(&more[more.len().saturating_sub(LAST)..]);
            self.last.drain(..self.last.len().saturating_sub(LAST));
        }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.last.clear();
        self.is_broken = false;
    }

    fn line(&self, start: u64, end: u64, terminated: bool) -> RawLine<'_> {
        let last = if self.last.is_empty() { &self.text } else { &self.last };
        RawLine { start, end, text: &self.text, last, terminated, encoding: None }
    }
}

/// Is there nothing but NULs? At the speed of memory, for holes of gigabytes.
fn is_hole(bytes: &[u8]) -> bool {
    const NULS: &[u8; 4096] = &[0; 4096];
    bytes.chunks(NULS.len()).all(|chunk| chunk == &NULS[..chunk.len()])
}

/// What stands behind the last NULs of a line that has some; where nothing does, what stands before the NULs at its end.
fn without_nuls(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let text = &line[..end];
    memchr::memrchr(0, text).map_or(text, |nul| &text[nul + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    type Owned = (u64, u64, Vec<u8>, bool);

    fn lines(bytes: &[u8], from: u64, to: u64) -> Vec<Owned> {
        let mut lines = Vec::new();
        walk(&file_of(bytes), from, to, |l| lines.push((l.start, l.end, l.text.to_vec(), l.terminated)))
            .unwrap();
        lines
    }

    /// The same by splitting the whole text.
    fn model(bytes: &[u8], from: u64) -> Vec<Owned> {
        let mut at = from;
        bytes[usize::try_from(from).unwrap()..]
            .split_inclusive(|&b| b == b'\n')
            .map(|line| {
                let start = at;
                at += line.len() as u64;
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                (start, at, text[..text.len().min(LINE_LIMIT)].to_vec(), line.ends_with(b"\n"))
            })
            .collect()
    }

    #[test]
    fn lines_longer_than_a_block_are_one_line() {
        for length in [LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5]
        {
            let mut bytes = vec![b'a'; length];
            bytes.extend_from_slice(b"\nshort\n\nlast");
            assert!(lines(&bytes, 0, u64::MAX) == model(&bytes, 0), "{length}");
            bytes.insert(0, b'\n');
            assert!(lines(&bytes, 0, u64::MAX) == model(&bytes, 0), "{length} after a newline");
        }
    }

    #[test]
    fn reading_stops_at_the_given_end() {
        assert_eq!(
            lines(b"one\ntwo\nthree\n", 4, 10),
            [(4, 8, b"two".to_vec(), true), (8, 10, b"th".to_vec(), false)]
        );
    }

    #[test]
    fn what_stands_behind_nuls_is_the_line_wherever_a_block_ends() {
        for nuls in [1, 5, LINE_LIMIT, BLOCK - 6, BLOCK - 5, BLOCK, 2 * BLOCK + 3] {
            for (before, after) in [("", "new"), ("half", "new"), ("half", "")] {
                let mut bytes = b"one\n".to_vec();
                bytes.extend_from_slice(before.as_bytes());
                bytes.extend(std::iter::repeat_n(0, nuls));
                bytes.extend_from_slice(after.as_bytes());
                bytes.extend_from_slice(b"\ntwo\n");
                let file = file_of(&bytes);
                let mut texts: Vec<Vec<u8>> = Vec::new();
                let read = |block: &mut [u8], at| read_at(&file, block, at);
                walk_mended(read, 0, u64::MAX, &mut OneByOne(|l: RawLine<'_>| texts.push(l.text.to_vec())))
                    .unwrap();
                let middle = if after.is_empty() { before } else { after };
                assert_eq!(texts, [b"one".to_vec(), middle.as_bytes().to_vec(), b"two".to_vec()], "{nuls}");
                assert!(lines(&bytes, 0, u64::MAX) == model(&bytes, 0), "{nuls}");
            }
        }
    }

    #[test]
    fn nuls_before_a_line_of_a_chunk_are_nothing_and_those_within_it_are_its_own() {
        for nuls in [1, 5, LINE_LIMIT, BLOCK - 6, BLOCK - 5, BLOCK, 2 * BLOCK + 3] {
            let hole = vec![0; nuls];
            let bytes = [b"one\n", &hole[..], b"two\nth\0ree\n", &hole, b"\n", &hole].concat();
            let mut texts: Vec<(Vec<u8>, bool)> = Vec::new();
            let note = |l: RawLine<'_>| texts.push((l.text.to_vec(), l.is_room()));
            walk_chunk(&file_of(&bytes), 0, u64::MAX, &mut OneByOne(note)).unwrap();
            let expected: [(&[u8], bool); 5] =
                [(b"one", false), (b"two", false), (b"th\0ree", false), (b"", false), (b"", true)];
            assert_eq!(texts, expected.map(|(text, is_room)| (text.to_vec(), is_room)), "{nuls}");
        }
    }

    /// Takes as many lines of each run as `wanted` says, in turns, and notes all lines.
    struct Some<'a> {
        log: &'a [u8],
        wanted: std::iter::Cycle<std::slice::Iter<'a, usize>>,
        lines: Vec<Owned>,
        in_runs: usize,
    }

    impl Visit for Some<'_> {
        fn run(&mut self, run: Run<'_>) -> usize {
            let wanted = *self.wanted.next().unwrap();
            let mut texts = Vec::new();
            let taken = run.take_while(|rest, length| {
                let is_wanted = texts.len() < wanted;
                if is_wanted {
                    assert_eq!(rest.iter().position(|b| *b == b'\n'), Some(length));
                    texts.push(rest[..length].to_vec());
                }
                is_wanted
            });
            assert_eq!(taken, texts.len());
            let mut start = run.start();
            for (n, text) in texts.into_iter().enumerate() {
                let end = run.end_of(n + 1);
                let at = |offset: u64| usize::try_from(offset).unwrap();
                assert_eq!(self.log[at(start)..at(end)], *[&text[..], b"\n"].concat());
                self.lines.push((start, end, text[..text.len().min(LINE_LIMIT)].to_vec(), true));
                start = end;
            }
            self.in_runs += taken;
            taken
        }

        fn line(&mut self, l: &RawLine<'_>) {
            self.lines.push((l.start, l.end, l.text.to_vec(), l.terminated));
        }
    }

    proptest! {
        #[test]
        fn lines_are_the_same_whoever_takes_how_many_at_once(
            lengths in proptest::collection::vec(prop_oneof![9 => 0usize..200, 1 => 0..3 * BLOCK], 1..300),
            wanted in proptest::collection::vec(prop_oneof![Just(0), 1usize..20, Just(usize::MAX)], 1..5),
            ends in any::<bool>(),
        ) {
            let mut log: Vec<u8> = lengths.iter().flat_map(|&length| [vec![b'x'; length], vec![b'\n']]).flatten().collect();
            if !ends {
                log.extend_from_slice(b"the rest");
            }
            let wanted_lines = model(&log, 0);
            let mut some = Some { log: &log, wanted: wanted.iter().cycle(), lines: vec![], in_runs: 0 };
            walk_chunk(&file_of(&log), 0, u64::MAX, &mut some).unwrap();
            prop_assert!(some.lines == wanted_lines);
            // The only run of a short log may be asked for no line.
            let may_take_none = wanted[0] == 0 || lengths.iter().any(|l| *l > 200);
            prop_assert!(some.in_runs > 0 || may_take_none);
            // Where a run has a NUL in it, all its lines are given one by one.
            log[0] = 0;
            let mut some = Some { log: &log, wanted: [usize::MAX].iter().cycle(), lines: vec![], in_runs: 0 };
            walk_chunk(&file_of(&log), 0, log.len().min(BLOCK) as u64, &mut some).unwrap();
            prop_assert_eq!(some.in_runs, 0);
        }
    }

    #[test]
    fn nuls_do_not_count_for_the_length_of_a_line() {
        let text = vec![b'x'; LINE_LIMIT + 300];
        for nuls in [1, LINE_LIMIT, BLOCK, 2 * BLOCK + 7] {
            let bytes = [&vec![0; nuls], &text[..], b"end\n"].concat();
            let file = file_of(&bytes);
            let mut ends: Vec<(usize, Vec<u8>)> = Vec::new();
            let mut note = |l: RawLine<'_>| ends.push((l.text.len(), l.last[l.last.len() - 5..].to_vec()));
            walk_chunk(&file, 0, u64::MAX, &mut OneByOne(&mut note)).unwrap();
            walk_mended(|block, at| read_at(&file, block, at), 0, u64::MAX, &mut OneByOne(&mut note))
                .unwrap();
            assert_eq!(ends, vec![(LINE_LIMIT, b"xxend".to_vec()); 2], "{nuls}");
        }
    }

    #[test]
    fn the_end_of_a_long_line_is_kept_wherever_a_block_ends() {
        for length in [100, LINE_LIMIT, LINE_LIMIT + 5, BLOCK - 3, BLOCK, BLOCK + 2, 3 * BLOCK + 1] {
            let line: Vec<u8> = (0..length).map(|n| b'a' + (n % 23) as u8).collect();
            for before in [0, BLOCK - 2] {
                let bytes = [&vec![b'\n'; before], &line[..], b"\n"].concat();
                let mut last = Vec::new();
                walk(&file_of(&bytes), 0, u64::MAX, |l| last = l.last.to_vec()).unwrap();
                assert!(line.ends_with(&last) && last.len() >= LAST.min(length), "{length} {}", last.len());
            }
        }
    }

    proptest! {
        #[test]
        fn as_split_does(
            parts in proptest::collection::vec((0usize..3, 0usize..200_000, any::<u8>()), 0..12),
            from in 0usize..1000,
        ) {
            let mut bytes = Vec::new();
            for (newlines, length, byte) in parts {
                bytes.extend(std::iter::repeat_n(byte, length));
                bytes.extend(std::iter::repeat_n(b'\n', newlines));
            }
            let from = from.min(bytes.len()) as u64;
            prop_assert!(lines(&bytes, from, u64::MAX) == model(&bytes, from));
        }
    }
}

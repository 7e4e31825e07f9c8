//! Lines that a container's log holds in several parts: where a growing log may be read to, and what stands before the
//! place where reading goes on.
//!
//! A part without its line's end waits, as an unfinished last line does, and so does everything behind it: its end
//! comes in a moment, and no position has to remember it.
use std::fs::File;
use std::io;

use crate::disk::read_at;
use crate::line::part_of;

/// The bytes before a place that are looked through, at most. The end of a line that has more parts than fit in here is not
/// waited for.
const WINDOW: u64 = 1 << 18;

/// The first bytes of a line that tell whether it is of a container's log.
const BEGINNING: usize = 64;

/// Where `file`, which grows, is to be read to, from `from` on: its `size`, or the first part of a line that has no end
/// yet. `before`: which of stdout and stderr had an unfinished line before `from`.
///
/// # Errors
/// When the file cannot be read.
pub fn complete_to(file: &File, from: u64, size: u64, before: [bool; 2]) -> io::Result<u64> {
    let begun = before.map(|is_open| (is_open && size - from <= WINDOW).then_some(from));
    let (open, mut whole) = open_parts(file, from, size, begun)?;
    let mut to = open.into_iter().flatten().min().unwrap_or(size);
    // A line of the other stream that goes on behind that place waits as well. The last one to end is looked at first.
    while let Some((begin, end)) = whole.pop() {
        if begin < to && to < end {
            to = begin;
        }
    }
    Ok(to)
}

/// Which of stdout and stderr have an unfinished line before `at`. That is so only where [`complete_to`] did not wait any
/// longer: within a line of a great many parts.
///
/// # Errors
/// When the file cannot be read.
pub fn unfinished_before(file: &File, at: u64) -> io::Result<[bool; 2]> {
    if at == 0 || !is_wrapped(file, at)? {
        return Ok([false; 2]);
    }
    let (open, _) = open_parts(file, 0, at, [None; 2])?;
    Ok(open.map(|open| open.is_some()))
}

/// Does a line of a container's log begin at `at`?
fn is_wrapped(file: &File, at: u64) -> io::Result<bool> {
    let mut begin = [0; BEGINNING];
    let got = read_at(file, &mut begin, at)?;
    // Docker's object is told by how it begins; here its end is not at hand.
    Ok(begin[..got].starts_with(b"{\"log\":\"") || part_of(&begin[..got], &[]).is_some())
}

/// Of stdout and stderr: where the unfinished line begins, if there is one at `to`.
type OpenAt = [Option<u64>; 2];

/// Where lines are unfinished at `to`, and where those begin and end that come in parts and are finished. Looks at whole
/// lines from `from` on, and no further back than [`WINDOW`].
fn open_parts(file: &File, from: u64, to: u64, begun: OpenAt) -> io::Result<(OpenAt, Vec<(u64, u64)>)> {
    let begin = from.max(to.saturating_sub(WINDOW));
    let mut bytes = vec![0; usize::try_from(to - begin).unwrap_or_default()];
    let got = read_at(file, &mut bytes, begin)?;
    let (mut open, mut whole) = (begun, Vec::new());
    let mut at = begin;
    for (number, line) in bytes[..got].split_inclusive(|&b| b == b'\n').enumerate() {
        let start = at;
        at += line.len() as u64;
        let Some(text) = line.strip_suffix(b"\n").filter(|_| number > 0 || begin == from) else { continue };
        if let Some((is_stderr, ends)) = part_of(text, text) {
            let open = &mut open[usize::from(is_stderr)];
            if !ends {
                open.get_or_insert(start);
            } else if let Some(begin) = open.take() {
                whole.push((begin, at));
            }
        }
    }
    Ok((open, whole))
}

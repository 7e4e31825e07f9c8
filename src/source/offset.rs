//! By how many seconds the TAI64N labels of a log directory are ahead of unix time: 10 with multilog(8) and svlogd(8),
//! which add a fixed number, 37 with s6-log, which writes true TAI.
//!
//! The labels themselves do not tell. Two things do:
//!
//! - A line that has s6-log's other stamp as well (`t T`): both are of the same instant, to the nanosecond.
//! - When the file was last written: a logger writes a line within moments of its label. One look may mislead, because
//!   the clock was set or a file was restored; several looks do not, at lines that are at least a minute apart.
//!
//! A file system whose clock is not ours tells nothing where its times are ahead of ours, and neither does a file that
//! was written long before or after its newest label.
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use super::directory::Chunk;
use crate::disk::read_at;
use crate::ledger::Offset;
use crate::line::{Parser, label_len, second_stamp, tai64n};

/// What multilog and svlogd add to unix time.
pub const MULTILOG: i64 = 10;
/// The distance of TAI from UTC since 2017.
pub const S6_LOG: i64 = 37;

/// The offset is certain after this number of looks in a row …
const LOOKS: u8 = 3;
/// … if the first and the last line are so far apart (seconds): a clock that was set back misleads for less.
const APART: i64 = 60;

/// A logger writes a line at most this number of seconds after its label.
const LATE: i64 = 3;
/// The time of a file may be that of the clock's tick before.
const TICK: i64 = 1;

/// A longer line at the end of a chunk tells nothing.
const WINDOW: u64 = 8192;

/// Looks at the newest line of `chunk`, at `now` (unix seconds).
///
/// # Errors
/// When the chunk cannot be read.
pub fn learn(offset: &mut Offset, chunk: &Chunk, now: i64) -> io::Result<()> {
    if let Some((label, by_stamp)) = newest(&chunk.file, chunk.meta.len())? {
        observe(offset, label, by_stamp, chunk.meta.mtime(), now);
    }
    Ok(())
}

/// The label of the last whole line (seconds, nothing taken off), and by how much it is ahead of a second stamp.
fn newest(file: &File, size: u64) -> io::Result<Option<(i64, Option<i64>)>> {
    let from = size.saturating_sub(WINDOW);
    let mut bytes = vec![0; usize::try_from(size - from).unwrap_or_default()];
    let got = read_at(file, &mut bytes, from)?;
    let whole = bytes[..got].iter().rposition(|&b| b == b'\n').map_or(0, |end| end);
    let begin = bytes[..whole].iter().rposition(|&b| b == b'\n').map(|end| end + 1);
    let Some(begin) = begin.or((from == 0).then_some(0)) else { return Ok(None) };
    let line = &bytes[begin..whole];
    let Some(stamp) = tai64n(line, 0).filter(|_| label_len(line).is_some()) else { return Ok(None) };
    let ahead = second_stamp(line, &mut Parser::new(0, i64::MAX / 2))
        .filter(|second| second.nanos == stamp.nanos)
        .map(|second| stamp.secs - second.secs)
        .filter(|ahead| [MULTILOG, S6_LOG].contains(ahead));
    Ok(Some((stamp.secs, ahead)))
}

fn observe(offset: &mut Offset, label: i64, by_stamp: Option<i64>, written: i64, now: i64) {
    if label <= offset.last {
        return;
    }
    let told = by_stamp.or_else(|| by_time(label, written, now));
    let Some(told) = told.and_then(|told| u8::try_from(told).ok()) else { return };
    if told != offset.told {
        *offset = Offset { told, looks: 0, first: label, ..*offset };
    }
    offset.last = label;
    offset.looks = offset.looks.saturating_add(1).min(LOOKS);
    if by_stamp.is_some() || (offset.looks >= LOOKS && label - offset.first >= APART) {
        offset.known = told;
    }
}

/// What the time of the last write tells: the label is by that much ahead of it.
fn by_time(label: i64, written: i64, now: i64) -> Option<i64> {
    let fits = |offset: &i64| {
        let logged = label - offset;
        (logged - TICK..=logged + LATE).contains(&written) && logged <= now + TICK
    };
    [MULTILOG, S6_LOG].into_iter().find(fits).filter(|_| written <= now + TICK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const NOW: i64 = 1_790_635_500;

    /// Looks at lines that were logged at these times under `ahead`, and when their file was written and looked at.
    fn looks(ahead: i64, looks: &[(i64, i64, i64)]) -> Offset {
        let mut offset = Offset::default();
        for &(logged, written, now) in looks {
            observe(&mut offset, NOW + logged + ahead, None, NOW + written, NOW + now);
        }
        offset
    }

    #[test]
    fn three_looks_a_minute_apart_make_it_certain() {
        for ahead in [MULTILOG, S6_LOG] {
            let at =
                |times: &[i64]| looks(ahead, &times.iter().map(|&t| (t, t, t + 1)).collect::<Vec<_>>()).known;
            assert_eq!(i64::from(at(&[0, 300, 600])), ahead);
            assert_eq!(i64::from(at(&[0, 30, 60])), ahead);
            assert_eq!(at(&[0, 300]), 0, "two looks");
            assert_eq!(at(&[0, 20, 59]), 0, "within a minute");
            assert_eq!(at(&[0, 300, 300, 300]), 0, "the same line");
            let late: Vec<_> = [0, 300, 600].map(|t| (t, t + 3, t + 300)).into();
            assert_eq!(i64::from(looks(ahead, &late).known), ahead, "written after three seconds");
        }
    }

    #[test]
    fn what_tells_nothing() {
        for ahead in [MULTILOG, S6_LOG] {
            let none = |what: &str, look: fn(i64) -> (i64, i64, i64)| {
                let all: Vec<_> = [0, 300, 600, 900].map(look).into();
                assert_eq!(looks(ahead, &all).known, 0, "{what}, {ahead}");
            };
            none("restored with new times", |t| (t, t + 90_000, t + 90_000));
            none("copied with the time of another file", |t| (t, t - 5000, t));
            none("a file server's clock is ahead", |t| (t, t + 60, t + 1));
            none("a file server's clock is behind by ten seconds", |t| (t, t - 10, t + 1));
            // A server whose clock is behind or ahead by the very difference of the two is not told from the other logger.
        }
    }

    /// Set back by 27 s: for so long multilog's labels are of the future, as s6-log's always seem.
    #[test]
    fn a_clock_that_is_set_misleads_for_a_look_only() {
        let stepped = [(0, 0, 1), (27, 0, 1), (300, 300, 301), (600, 600, 601), (900, 900, 901)];
        assert_eq!(looks(MULTILOG, &stepped[..4]).known, 0);
        assert_eq!(i64::from(looks(MULTILOG, &stepped).known), MULTILOG);
    }

    #[test]
    fn another_logger_takes_its_place() {
        let mut offset = looks(MULTILOG, &[0, 300, 600].map(|t| (t, t, t)));
        for (n, known) in [(1, MULTILOG), (2, MULTILOG), (3, S6_LOG), (4, S6_LOG)] {
            let t = NOW + 600 + n * 300;
            observe(&mut offset, t + S6_LOG, None, t, t);
            assert_eq!(i64::from(offset.known), known, "{n}");
        }
    }

    #[test]
    fn the_newest_whole_line() {
        let label = |secs: i64| format!("@{:016x}{:08x} ", (1i64 << 62) + secs, 7);
        let of = |text: String| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            newest(&file, text.len() as u64).unwrap()
        };
        assert_eq!(of(String::new()), None);
        assert_eq!(of(format!("{}one", label(100))), None, "no whole line");
        assert_eq!(of(format!("{}one\n", label(100))), Some((100, None)));
        assert_eq!(of(format!("{}one\n{}two\n{}thr", label(100), label(200), label(300))), Some((200, None)));
        assert_eq!(of(format!("{}one\ntwo\n", label(100))), None);
        assert_eq!(of(format!("{}one\n{}{}\n", label(100), label(200), "x".repeat(9000))), None, "too long");
        assert_eq!(of(format!("{}{}\n{}two\n", label(1), "x".repeat(9000), label(200))), Some((200, None)));
    }

    #[test]
    fn a_line_with_both_stamps_tells_at_once() {
        for (ahead, known) in [(S6_LOG, 37), (MULTILOG, 10), (36, 0)] {
            let stamp = crate::line::Stamp { secs: NOW, nanos: 900_254_022 };
            let mut line = format!("@{:016x}{:08x} ", (1i64 << 62) + NOW + ahead, stamp.nanos).into_bytes();
            crate::line::untai(stamp, &mut line);
            line.extend_from_slice(b"  new msg 1\n");
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&line).unwrap();
            let (label, by_stamp) = newest(&file, line.len() as u64).unwrap().unwrap();
            let mut offset = Offset::default();
            observe(&mut offset, label, by_stamp, NOW - 90_000, NOW);
            assert_eq!(offset.known, known);
        }
    }
}

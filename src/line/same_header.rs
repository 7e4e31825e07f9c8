//! Lines of a syslog whose header differs from that of a line before them in its second only: whether a line is one is told
//! by comparing words, without taking its stamp apart and without asking for the host.
//!
//! ```text
//! Sep 28 22:45:13 mx1 dovecot: imap-login: Login: …
//! =============ss=====
//! 2026-09-28T22:45:13.123456+02:00 mx1 dovecot: imap-login: Login: …
//! =================ssfffffff==========
//! ```
//!
//! What is marked `=` has to be the same, `s` is the second, and `f` any digits, of which nobody asks the value. The minute
//! and its year, the zone and the host are those of the line before then.
use super::fields::Line;
use super::header::Header;
use super::stamp::Stamp;
use super::syslog;

/// A longer header is not compared.
const LONGEST: usize = 64;
/// A line may be one if it has this number of bytes, with what follows it in its block.
pub const HEADER_LOOK: usize = LONGEST;
const WORDS: usize = LONGEST / 8;

/// A header, by words of eight bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    /// What has to be the same; 0 where it need not be.
    same: [u64; WORDS],
    /// Which bits of it have to be the same.
    mask: [u64; WORDS],
    /// The highest bit of each byte that has to be a digit.
    digits: [u64; WORDS],
}

/// The header of lines of one minute and one host.
#[derive(Clone, Debug)]
pub struct SameHeader {
    words: Words,
    /// Where the second stands, where the stamp ends with its blank, and where the host ends with its.
    second: usize,
    stamp: usize,
    length: usize,
    host: Box<[u8]>,
    /// The unix time of the minute's begin.
    minute: i64,
    /// Is it in local time?
    is_local: bool,
}

/// What a line says of its program.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name.
    pub tag: Tag,
    /// Where the text begins in the line. If it `is_plain`, just there; otherwise blanks, splogger's fraction or illumos'
    /// `[ID …]` may come before it.
    pub text: usize,
    /// The first byte there.
    pub begin: u8,
    /// Does the text itself begin at `text`?
    pub is_plain: bool,
}

/// A tag of at most 23 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its bytes, the first of them lowest, and zeros behind them.
    pub words: [u64; 3],
    /// How many there are.
    pub length: usize,
}

impl Tag {
    /// What stands before the first blank, colon or bracket. `None`: there is none in the first 24 bytes.
    #[inline(always)]
    fn of(head: &[u8; 32]) -> Option<Tag> {
        let words = [word(head, 0), word(head, 8), word(head, 16)];
        let ends = |word: u64| {
            let ends = places(word, b' ') | places(word, b':') | places(word, b'[');
            // Where the first of them is, and the lowest bit of its byte.
            (ends != 0).then(|| (first(ends), (ends & ends.wrapping_neg()) >> 7))
        };
        // Most tags are short.
        if let Some((bytes, above)) = ends(words[0]) {
            return Some(Tag { words: [words[0] & above.wrapping_sub(1), 0, 0], length: bytes });
        }
        if let Some((bytes, above)) = ends(words[1]) {
            return Some(Tag { words: [words[0], words[1] & above.wrapping_sub(1), 0], length: 8 + bytes });
        }
        let (bytes, above) = ends(words[2])?;
        Some(Tag { words: [words[0], words[1], words[2] & above.wrapping_sub(1)], length: 16 + bytes })
    }
}

impl SameHeader {
    /// The header of `line`, which is what `raw` was taken apart to. `minute`: the begin of its minute in unix time, if its
    /// stamp is in local time. `None`: it has none of the two forms.
    pub(super) fn of(raw: &[u8], line: &Line<'_>, minute: Option<i64>) -> Option<SameHeader> {
        let host = line.host?;
        let is_local = raw.first()?.is_ascii_uppercase();
        let (second, stamp) = if is_local { (13, 16) } else { place_of_rfc3339(raw)? };
        let length = stamp + host.len() + 1;
        // A name with a bracket is none of a host: Dovecot's own log has a process there. The text of a line without a host may begin with `last message repeated`, and runtimes write `stdout` for a host.
        let is_plain = !matches!(host, b"last" | b"stdout" | b"stderr") && !host.contains(&b'(');
        let has_form = !is_local || [3, 6, 9, 12, 15].map(|at| raw.get(at)) == b"  :: ".each_ref().map(Some);
        if !is_plain || !has_form || length > LONGEST || raw.len() < length || line.continuation {
            return None;
        }
        if raw[stamp..].strip_prefix(host).and_then(<[u8]>::first) != Some(&b' ') {
            return None;
        }
        let fraction = fraction(raw, second);
        let is_digit = |at: usize| (second..second + 2).contains(&at) || fraction.contains(&at);
        if !raw[second..second + 2].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let minute = if is_local {
            minute?
        } else {
            syslog::rfc3339(raw)?.0.secs - i64::from((raw[second] & 0x0f) * 10 + (raw[second + 1] & 0x0f))
        };
        let mut words = Words::default();
        for (at, &byte) in raw.iter().enumerate().take(length) {
            let (word, bits) = (at / 8, 8 * (at % 8));
            if is_digit(at) {
                words.digits[word] |= 0x80 << bits;
            } else {
                words.same[word] |= u64::from(byte) << bits;
                words.mask[word] |= 0xff << bits;
            }
        }
        Some(SameHeader { words, second, stamp, length, host: host.into(), minute, is_local })
    }

    /// The second of the minute (0 to 59) at which a line was written that begins with `head`. `None`: it has another
    /// header.
    #[inline(always)]
    pub fn second_of(&self, head: &[u8; HEADER_LOOK]) -> Option<u8> {
        let Words { same, mask, digits } = &self.words;
        let mut differs = 0;
        // All of them, whatever the header's length: of what stands behind it the masks are 0, and pairs of words are compared
        // at once then.
        for i in 0..WORDS {
            let word = u64::from_le_bytes(head.as_chunks::<8>().0[i]);
            let number = word ^ u64::from_ne_bytes([b'0'; 8]);
            // The highest bit of a byte that is above 9. What is carried reaches a byte only from one that is none.
            let above = number.wrapping_add(u64::from_ne_bytes([0x76; 8])) | number;
            differs |= ((word & mask[i]) ^ same[i]) | (above & digits[i]);
        }
        let (tens, ones) =
            (head[self.second % HEADER_LOOK] & 0x0f, head[(self.second + 1) % HEADER_LOOK] & 0x0f);
        (differs == 0 && tens < 6).then_some(tens * 10 + ones)
    }

    /// The program that a line of this header says it is of. `rest` begins with the line, which has `length` bytes. `None`:
    /// no tag follows the header, or a long one, or the block ends soon.
    #[inline(always)]
    pub fn program(&self, rest: &[u8], length: usize) -> Option<Program> {
        let head: &[u8; 32] = rest.get(self.length..)?.first_chunk()?;
        let tag = Tag::of(head)?;
        let end = tag.length;
        // Further blanks and tabs are none of the tag.
        if end == 0 || head[0] == b'\t' {
            return None;
        }
        let colon = match head[end] {
            b':' => end,
            // Up to the first bracket; a blank before it would be none of a process number's.
            b'[' => {
                let number = word(head, end + 1);
                let close = places(number, b']');
                if close == 0 || first(places(number, b' ')) < first(close) {
                    return None;
                }
                end + 2 + first(close)
            }
            _ => return None,
        };
        let text = self.length + colon + 2;
        if rest.get(self.length + colon..text)? != b": " || text >= length {
            return None;
        }
        let begin = rest[text];
        let is_plain = !matches!(begin, b' ' | b'\t' | b'[' | b'0'..=b'9' | b'\r');
        Some(Program { tag, text, begin, is_plain })
    }

    /// A line of this header, which `rest` begins with and which has `length` bytes, and its second.
    #[inline(never)]
    pub fn line_of<'a>(&self, rest: &'a [u8], length: usize) -> Option<(u8, Line<'a>)> {
        let second = self.second_of(rest.first_chunk()?)?;
        let program = self.program(rest, length)?;
        Some((second, self.line(rest.get(..length)?, second, &program)?))
    }

    /// A line of this header, without its newline, and of `program`.
    #[inline]
    pub fn line<'a>(&self, raw: &'a [u8], second: u8, program: &Program) -> Option<Line<'a>> {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let time = Some(Stamp { secs: self.minute + i64::from(second), nanos: 0 });
        let host = raw.get(self.stamp..self.length - 1);
        let tag = raw.get(self.length..self.length + program.tag.length);
        let after_stamp = raw.get(self.stamp..)?;
        if program.is_plain {
            let text = raw.get(program.text..)?;
            return Some(Line { time, tag, host, text, after_stamp, continuation: false });
        }
        Some(Header::of(host, tag, raw.get(program.text - 1..)?).line(time, after_stamp))
    }

    /// Does it name the same host as `other`?
    pub fn has_host_of(&self, other: &SameHeader) -> bool {
        self.host == other.host
    }

    /// The begin of the minute, unix seconds.
    pub fn minute(&self) -> i64 {
        self.minute
    }

    /// Is its stamp in local time?
    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }
}

#[inline]
fn word(head: &[u8; 32], at: usize) -> u64 {
    head.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

/// The highest bit of each byte of `word` that is `byte`, and perhaps of bytes behind the first of them.
#[inline]
fn places(word: u64, byte: u8) -> u64 {
    let other = word ^ u64::from_ne_bytes([byte; 8]);
    other.wrapping_sub(u64::from_ne_bytes([1; 8])) & !other & u64::from_ne_bytes([0x80; 8])
}

/// The first byte that is meant by `places`; 8: there is none.
#[inline]
fn first(places: u64) -> usize {
    places.trailing_zeros() as usize / 8
}

/// Where the second of an RFC 3339 stamp stands, and where the stamp ends with its blank.
fn place_of_rfc3339(raw: &[u8]) -> Option<(usize, usize)> {
    const SECOND: usize = 17;
    let form = [4, 7, 10, 13, 16].map(|at| raw.get(at));
    if form != b"--T::".each_ref().map(Some) {
        return None;
    }
    let end = raw.iter().take(LONGEST).position(|&b| b == b' ')?;
    (end > SECOND + 2).then_some((SECOND, end + 1))
}

/// The digits of the fraction behind the second at `second`.
fn fraction(raw: &[u8], second: usize) -> std::ops::Range<usize> {
    let begin = second + 3;
    let has_point = raw.get(second + 2) == Some(&b'.');
    let digits = raw.iter().skip(begin).take_while(|b| b.is_ascii_digit() && has_point).count();
    begin..begin + digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Parser;
    use crate::line::tests::Europe;
    use proptest::prelude::*;

    /// 2026-09-28T23:00:00Z
    const WRITTEN: i64 = 1_790_636_400;

    const LINES: [&str; 8] = [
        "Sep 28 22:45:13 mx1 dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, TLS",
        "Sep  8 02:05:09 mail.example.org vpopmail[940]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.1",
        "2026-09-28T22:45:13.123456+02:00 mx1 spamd[7]: spamd: clean message (0.1/5.0) for a:89 in 0.1 seconds, 9 bytes.",
        "2026-09-28T22:45:13Z 2001:db8::1 qmail: 1790635513.9 new msg 1, which goes on for long enough to be looked at",
        "Sep 28 22:45:13 mx1 qmail: [ID 748625 mail.info] 1276913544.622077 new msg 78833 and some more of the text here",
        "Sep 28 22:45:13 mx1 kernel no tag at all, but a text that goes on and on and on until it is long enough for all",
        "Sep 28 22:45:13 last message repeated 3 times, which is not the end of the line as it would have to be for that",
        "2026-09-28T22:45:13.5+02:00 stdout F a line of a container's log, and more of it so that it is long enough, too",
    ];

    fn parsed<'a>(parser: &mut Parser, raw: &'a [u8]) -> Line<'a> {
        let line = parser.parse(raw);
        Line { time: line.time.map(|stamp| Stamp { nanos: 0, ..stamp }), ..line }
    }

    /// Where `raw` has the header of `before`, it is taken apart as the parser does it. Returns whether it has.
    fn is_the_same(before: &[u8], raw: &[u8]) -> bool {
        let mut parser = Parser::new(10, WRITTEN);
        let line = parser.parse(before);
        let Some(header) = parser.same_header(before, &line) else { return false };
        let Some(head) = raw.first_chunk() else { return false };
        let Some(second) = header.second_of(head) else { return false };
        let Some(program) = header.program(raw, raw.len()) else { return false };
        let Some(line) = header.line(raw, second, &program) else { return false };
        let tag: Vec<u8> = program.tag.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(Some(&tag[..program.tag.length]), line.tag);
        assert!(tag[program.tag.length..].iter().all(|b| *b == 0));
        // Only splogger's own time has a fraction here.
        let line = Line { time: line.time.map(|stamp| Stamp { nanos: 0, ..stamp }), ..line };
        assert_eq!(line, parsed(&mut parser, raw), "{}", raw.escape_ascii());
        true
    }

    #[test]
    fn lines_of_a_minute_are_taken_apart_as_the_parser_does_it() {
        let taken = LINES.map(|line| is_the_same(line.as_bytes(), line.as_bytes()));
        assert_eq!(taken, [true, true, true, true, true, false, false, false]);
        for line in &LINES[..5] {
            let second = if line.starts_with('S') { 13 } else { 17 };
            for value in 0..=99 {
                let mut other = line.as_bytes().to_vec();
                other[second..second + 2].copy_from_slice(format!("{value:02}").as_bytes());
                assert_eq!(is_the_same(line.as_bytes(), &other), value < 60, "{value}");
            }
        }
    }

    #[test]
    fn whatever_byte_stands_anywhere_a_line_is_taken_apart_the_same() {
        for line in LINES {
            for place in 0..70 {
                for byte in 0..=u8::MAX {
                    let mut other = line.as_bytes().to_vec();
                    other[place] = byte;
                    is_the_same(line.as_bytes(), &other);
                    is_the_same(&other, line.as_bytes());
                }
            }
        }
    }

    #[test]
    fn where_an_hour_comes_twice_nothing_is_compared() {
        let local = b"Oct 25 02:30:00 mx1 dovecot: imap-login: Login: user=<a>";
        let with_zone = b"2026-10-25T02:30:00+02:00 mx1 dovecot: imap-login: Login: user=<a>";
        for (raw, compared) in [(&local[..], false), (with_zone, true)] {
            let mut parser = Parser::in_zone(Europe, 10, 1_792_900_000);
            let line = parser.parse(raw);
            assert_eq!(parser.same_header(raw, &line).is_some(), compared);
        }
    }

    proptest! {
        #[test]
        fn a_text_may_be_anything(
            before in proptest::sample::select(&LINES[..5]),
            rest in proptest::collection::vec(prop_oneof![3 => b' '..=b'~', 1 => any::<u8>()], 0..80),
            cut in 0usize..60,
        ) {
            let before = before.as_bytes();
            let raw = [&before[..before.len().min(cut + 16)], &rest].concat();
            is_the_same(before, &raw);
            let raw = [&before[..20], &rest, b": some text that makes it long enough to be looked at, at last"].concat();
            is_the_same(before, &raw);
        }
    }
}

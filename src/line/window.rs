//! Labels that differ from one that was read before in their last ten digits only: whether such a line is one is told by
//! comparing words, without taking the label apart.
//!
//! A TAI64N label (`tai64n`) is `@`, 16 digits of the seconds, 8 of the nanoseconds, and a blank. The 14 digits before the
//! last two of the seconds change every 256 seconds. A window is those seconds of them that belong together, because
//! their lines go to the same minute and the same day; of a line within it only the second counts, and which line is the
//! newest.
use super::fields::Line;
use super::parser::after_label;
use super::stamp::Stamp;
use super::tai64n::{LABEL, are_digits, eight_digits, tai64n};

/// The labels of a window have this number of bytes in common.
const COMMON: usize = 15;
/// Where the digits of the nanoseconds begin.
const NANOS: usize = 17;

/// Seconds whose labels begin alike.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Bytes 0 to 7 and 7 to 14 of the labels.
    first: u64,
    second: u64,
    /// The last two digits of the first second, as a number, and how many seconds there are.
    from: u32,
    width: u32,
    /// The unix time of the second whose last two digits are 00.
    base: i64,
    /// The last ten digits of the newest label that was met, as they stand there: lower-case digits are in the order of
    /// their values.
    newest: (u16, u64),
    /// The last two digits of the label that was met last, as a number.
    last: u32,
}

/// A label of a window, as far as it differs from the others.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// The last two digits of the seconds, as a number, and as they stand there.
    second: u32,
    digits: u16,
    /// The digits of the nanoseconds, the first of them highest.
    nanos: u64,
}

/// Where the text of a line begins, behind its label.
pub const TEXT: usize = LABEL;

/// 10⁹ in eight digits: fewer nanoseconds than that are in a label.
const BILLION: u64 = u64::from_be_bytes(*b"3b9aca00");

/// Digits that are none are worth this, which no sum of two digits comes near.
const NONE: u32 = 0x8000;

/// What a hexadecimal digit is worth.
static DIGIT: [u32; 256] = {
    let mut digit = [NONE; 256];
    let mut i = 0;
    while i < 16 {
        digit[b"0123456789abcdef"[i] as usize] = i as u32;
        i += 1;
    }
    digit
};

impl Window {
    /// The seconds from `from` to before `to` (unix time) whose labels begin as that of `line`, which has the offset
    /// `tai_offset`. `None`: `line` begins with no label, or with one outside of these seconds.
    pub fn around(line: &[u8], tai_offset: i64, (from, to): (i64, i64)) -> Option<Window> {
        let Stamp { secs, .. } = tai64n(line, tai_offset)?;
        let label = line.first_chunk::<LABEL>()?;
        let low = i64::from(second_of(label));
        let base = secs - low;
        let (from, to) = ((from - base).max(0), (to - base).min(256));
        if !(from..to).contains(&low) {
            return None;
        }
        let number = |n: i64| u32::try_from(n).unwrap_or(0);
        Some(Window {
            first: word(label, 0),
            second: word(label, COMMON - 8),
            from: number(from),
            width: number(to - from),
            base,
            newest: (0, 0),
            last: number(low),
        })
    }

    /// Does `line` begin with a label of this window?
    #[inline]
    pub fn is_of(&self, line: &[u8]) -> bool {
        self.label_of(line).is_some()
    }

    /// The label that `line` begins with, if it is one of this window.
    #[inline]
    pub fn label_of(&self, line: &[u8]) -> Option<Label> {
        let label = line.first_chunk::<LABEL>()?;
        let second = second_of(label);
        let nanos = word(label, NANOS).swap_bytes();
        let is_one = (word(label, 0) == self.first)
            & (word(label, COMMON - 8) == self.second)
            & (second.wrapping_sub(self.from) < self.width)
            & are_digits(nanos)
            & (nanos < BILLION)
            & (label[LABEL - 1] == b' ');
        is_one.then(|| Label {
            second,
            digits: u16::from_be_bytes([label[COMMON], label[COMMON + 1]]),
            nanos,
        })
    }

    /// A line of this window, without its newline, taken apart as [`super::Parser::parse`] does it.
    #[inline]
    pub fn line<'a>(&self, line: &'a [u8]) -> Line<'a> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some((label, rest)) = line.split_first_chunk::<LABEL>() else { return Line::bare(line) };
        let secs = self.base + i64::from(second_of(label));
        after_label(Stamp { secs, nanos: nanos_of(word(label, NANOS).swap_bytes()) }, rest)
    }

    /// The unix time, in nanoseconds, of a line that begins with a label of this window.
    #[inline]
    pub fn nanos(&self, line: &[u8]) -> i64 {
        let Some(label) = line.first_chunk::<LABEL>() else { return 0 };
        let nanos = eight_digits(word(label, NANOS).swap_bytes());
        let secs = self.base + i64::from(second_of(label));
        secs.saturating_mul(1_000_000_000).saturating_add(i64::from(nanos))
    }

    /// Notes that a line with this label was met, as the last one.
    #[inline]
    pub fn note(&mut self, label: Label) {
        self.last = label.second;
        self.newest = self.newest.max((label.digits, label.nanos));
    }

    /// The unix time of the line that was met last.
    pub fn last(&self) -> i64 {
        self.base + i64::from(self.last)
    }

    /// The newest stamp of the lines that were met; `None`: there was none since the last call.
    pub fn take_newest(&mut self) -> Option<Stamp> {
        let (second, nanos) = std::mem::take(&mut self.newest);
        let [tens, ones] = second.to_be_bytes().map(|digit| DIGIT[usize::from(digit)]);
        (second != 0).then(|| Stamp { secs: self.base + i64::from(tens << 4 | ones), nanos: nanos_of(nanos) })
    }
}

/// The last two digits of the seconds, as a number; [`NONE`] or more: they are no digits.
#[inline]
fn second_of(label: &[u8; LABEL]) -> u32 {
    (DIGIT[usize::from(label[COMMON])] << 4) + DIGIT[usize::from(label[COMMON + 1])]
}

/// The nanoseconds that eight digits stand for, the first of them highest.
fn nanos_of(digits: u64) -> u32 {
    digits.to_be_bytes().iter().fold(0, |n, digit| n << 4 | DIGIT[usize::from(*digit)])
}

#[inline]
fn word(label: &[u8; LABEL], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&label[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label(secs: i64, nanos: u32, offset: i64) -> String {
        format!("@{:016x}{nanos:08x} ", (1_u64 << 62) + u64::try_from(secs + offset).unwrap())
    }

    #[test]
    fn a_window_ends_where_it_was_told_and_where_labels_begin_otherwise() {
        // 0x6abaee00 is a second whose last two digits are 00.
        let base = 0x6aba_ee00 - 10;
        for (from, to) in [(base - 5, base + 60), (base + 3, base + 4), (base + 200, base + 300)] {
            let within = from.max(base)..to.min(base + 256);
            let first = label(within.start, 1, 10);
            let window = Window::around(first.as_bytes(), 10, (from, to)).unwrap();
            for secs in base - 300..base + 600 {
                let holds = window.is_of(label(secs, 999_999_999, 10).as_bytes());
                assert_eq!(holds, within.contains(&secs), "{secs} of {from}..{to}");
            }
        }
    }

    #[test]
    fn every_byte_at_every_place_is_read_as_the_parser_reads_it() {
        let whole = label(0x6aba_ee42, 0x1a2b_3c4d, 10);
        let secs = tai64n(whole.as_bytes(), 10).unwrap().secs;
        let span = (secs - 1000, secs + 1000);
        let window = Window::around(whole.as_bytes(), 10, span).unwrap();
        for place in 0..LABEL {
            for byte in 0..=u8::MAX {
                let mut line = whole.clone().into_bytes();
                line[place] = byte;
                let stamp = tai64n(&line, 10);
                let mut window = window;
                let holds = window.is_of(&line);
                // Those whose first digits differ are of another window.
                let is_of_this = stamp.is_some() && place >= COMMON || line == whole.as_bytes();
                assert_eq!(holds, is_of_this, "{}", line.escape_ascii());
                if holds {
                    window.note(window.label_of(&line).unwrap());
                    let nanos = stamp.map(|stamp| stamp.secs * 1_000_000_000 + i64::from(stamp.nanos));
                    assert_eq!(Some(window.nanos(&line)), nanos);
                    assert_eq!(window.take_newest(), stamp);
                    assert_eq!(Some(window.last()), stamp.map(|stamp| stamp.secs));
                }
            }
        }
        assert!(!window.is_of(&whole.as_bytes()[..LABEL - 1]));
    }

    proptest! {
        #[test]
        fn the_newest_line_is_the_newest_whatever_their_order(
            lines in proptest::collection::vec((0i64..256, 0u32..1_000_000_000), 1..20),
            offset in 0i64..100,
        ) {
            let base = 0x6aba_ee00 - offset;
            let span = (base, base + 256);
            let mut window = Window::around(label(base, 0, offset).as_bytes(), offset, span).unwrap();
            prop_assert_eq!(window.take_newest(), None);
            for (secs, nanos) in &lines {
                let line = label(base + secs, *nanos, offset);
                prop_assert!(window.is_of(line.as_bytes()));
                window.note(window.label_of(line.as_bytes()).unwrap());
                prop_assert_eq!(window.last(), base + secs);
            }
            let (secs, nanos) = lines.iter().max().unwrap();
            prop_assert_eq!(window.take_newest(), Some(Stamp { secs: base + secs, nanos: *nanos }));
        }
    }
}

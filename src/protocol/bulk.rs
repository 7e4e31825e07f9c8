//! Counting many lines at once.
//!
//! A classifier asks each line everything, and is the reference. A [`Bulk`] knows the few forms in which a program writes
//! nearly all of its lines, byte for byte, and refuses every line that it has not fully recognized: that one is counted by
//! the classifier. So a bulk has to be right in what it takes, and never in what it leaves.
//!
//! A protocol without a bulk of its own has [`super::ByClassifier`]: it spares its lines what comes before the classifier.
use super::classify::{LogKind, Raise, Verdict};
use super::memory::Memory;
use crate::line::{LINE_LIMIT, Line, Run, TEXT, Window};

/// How a protocol counts what several lines say together.
pub type Follow = dyn Fn(&Line<'_>, LogKind, &mut Memory<'_>, &mut Raise<'_>) + Send + Sync;

/// Counts the usual lines of a protocol. All that it takes in one call belongs to one bin.
pub trait Bulk {
    /// Takes the lines of `run`, from the first one on, whose labels are in `window` and whose texts it knows, and raises
    /// what they count. `memory`: what is remembered of their source.
    fn take(
        &mut self,
        run: &Run<'_>,
        window: &mut Window,
        raise: &mut Raise<'_>,
        memory: &mut Memory<'_>,
    ) -> Taken;

    /// Looks at a text that it did not take: the next ones may be like it.
    fn learn(&mut self, _text: &[u8]) {}
}

/// Lines that were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// All of them.
    pub lines: usize,
    /// Those of [`Verdict::Known`].
    pub known: usize,
    /// Those of [`Verdict::Unknown`].
    pub unknown: usize,
}

impl Taken {
    /// Notes a line.
    #[inline]
    fn note(&mut self, verdict: Verdict) {
        self.lines += 1;
        match verdict {
            Verdict::Foreign => {}
            Verdict::Known => self.known += 1,
            Verdict::Unknown => self.unknown += 1,
        }
    }
}

/// Bytes of a text that are looked at by words.
pub(super) const LOOK: usize = 96;

/// A line that a bulk may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'a> {
    /// The first bytes of its text. The text ends at the first newline, and what follows that belongs to other lines.
    pub look: &'a [u8; LOOK],
    /// What is left of the block from the line's beginning on.
    rest: &'a [u8],
    /// The bytes before its newline.
    length: usize,
}

impl<'a> Offer<'a> {
    /// The line with its label, without its newline.
    #[inline]
    pub fn line(&self) -> &'a [u8] {
        self.rest.get(..self.length).unwrap_or_default()
    }

    /// The text from `at` on, without its newline and one `\r` before that.
    #[inline]
    pub fn text(&self, at: usize) -> &'a [u8] {
        let text = self.rest.get(TEXT + at..self.length).unwrap_or_default();
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// When the line was written, by its label in `window`: unix nanoseconds.
    #[inline]
    pub fn time(&self, window: &Window) -> i64 {
        window.nanos(self.rest)
    }

    /// Is the text known to its end, as it is where lines are taken one by one?
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.length <= LINE_LIMIT
    }
}

/// Offers `take` each line, until it refuses one (`None`) or a label is not in `window`.
#[inline]
pub(super) fn take_while(
    run: &Run<'_>,
    window: &mut Window,
    mut take: impl FnMut(Offer<'_>, &Window) -> Option<Verdict>,
) -> Taken {
    let mut taken = Taken::default();
    run.take_while(|rest, length| {
        // The last lines of a block, behind which less stands, are the classifier's.
        let Some(look) = rest.get(TEXT..).and_then(|text| text.first_chunk()) else { return false };
        let Some(label) = window.label_of(rest) else { return false };
        let Some(verdict) = take(Offer { look, rest, length }, window) else { return false };
        window.note(label);
        taken.note(verdict);
        true
    });
    taken
}

/// The eight bytes at `at`, the first of them lowest. `at` is at most [`LOOK`] - 8.
#[inline]
pub(super) fn word(text: &[u8; LOOK], at: usize) -> u64 {
    text.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

/// Up to eight bytes as the lowest ones of a word, and a mask of them.
pub(super) const fn bytes(text: &[u8]) -> (u64, u64) {
    let (mut word, mut mask, mut i) = (0, 0, 0);
    while i < text.len() {
        word |= (text[i] as u64) << (8 * i);
        mask |= 0xff << (8 * i);
        i += 1;
    }
    (word, mask)
}

/// Does `word` begin with these bytes?
#[inline]
pub(super) fn begins(word: u64, (bytes, mask): (u64, u64)) -> bool {
    word & mask == bytes
}

/// The number of decimal digits that stand at `at`; at most 15 are counted.
#[inline]
pub(super) fn digits(text: &[u8; LOOK], at: usize) -> usize {
    let first = digits_of(word(text, at));
    if first < 8 { first } else { 8 + digits_of(word(text, at + 8)).min(7) }
}

/// The number of decimal digits that a word begins with.
#[inline]
fn digits_of(word: u64) -> usize {
    let digits = word ^ every(b'0');
    // The highest bit of a byte that is above 9. What is carried from it reaches only the bytes behind it.
    let other = (digits.wrapping_add(every(0x76)) | digits) & every(0x80);
    other.trailing_zeros() as usize / 8
}

/// The decimal number that a word begins with, and its digits: one to seven of them. `None`: there are fewer or more.
#[inline]
pub(super) fn number(word: u64) -> Option<(u64, usize)> {
    let digits = digits_of(word);
    if digits == 0 || digits > 7 {
        return None;
    }
    // Moved to the end, so that zeros stand before it. Then pairs, fours and all eight digits become numbers.
    let value = (word ^ every(b'0')) << (64 - 8 * digits);
    let value = (value & every(0x0f)).wrapping_mul(10 << 8 | 1) >> 8;
    let value = (value & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 << 16 | 1) >> 16;
    let value = (value & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 << 32 | 1) >> 32;
    Some((value, digits))
}

/// The decimal number that stands at `at`, and its digits: one to fourteen of them. `None`: there are fewer or more.
#[inline]
pub(super) fn long_number(text: &[u8; LOOK], at: usize) -> Option<(u64, usize)> {
    let first = word(text, at);
    if let Some(number) = number(first) {
        return Some(number);
    }
    if digits_of(first) < 8 {
        return None;
    }
    let (rest, digits) = number(word(text, at + 7))?;
    // The first seven of them, and those behind.
    let (begin, _) = number(first & (u64::MAX >> 8))?;
    Some((begin * TENS[digits] + rest, 7 + digits))
}

/// Powers of ten.
const TENS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

const fn every(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[cfg(test)]
pub(super) mod tests;

//! Where everything stands in an RRD file, and the numbers there.
//!
//! Layout (rrd_format.h, version 3 and later, 64 bits): `stat_head`, a `ds_def` a data source, an
//! `rra_def` an archive, `live_head`, a `pdp_prep` a data source, a `cdp_prep` a data source and
//! archive, an `rra_ptr` an archive; then the rows. The first three never change in a file's life
//! (the *schema*); the others are all that an update changes besides the rows it writes.
//!
//! The numbers below are bytes: sizes of these parts, and where a field stands within its part.

pub(super) const STAT_HEAD: usize = 128;
pub(super) const VERSION: usize = 4;
pub(super) const FLOAT_COOKIE: usize = 16;
pub(super) const SOURCES: usize = 24;
pub(super) const ARCHIVES: usize = 32;
pub(super) const STEP: usize = 40;

/// Of a `ds_def` and an `rra_def` alike.
pub(super) const DEFINITION: usize = 120;
pub(super) const KIND: usize = 20;
pub(super) const HEARTBEAT: usize = 40;
pub(super) const MINIMUM: usize = 48;
pub(super) const MAXIMUM: usize = 56;
pub(super) const ROWS: usize = 24;
pub(super) const STEPS: usize = 32;
/// The part of a row that may be unknown.
pub(super) const XFF: usize = 40;

pub(super) const LIVE_HEAD: usize = 16;
pub(super) const MICROSECONDS: usize = 8;

pub(super) const PDP_PREP: usize = 112;
pub(super) const UNKNOWN_SECONDS: usize = 32;
pub(super) const AMOUNT: usize = 40;

pub(super) const CDP_PREP: usize = 80;
pub(super) const VALUE: usize = 0;
pub(super) const UNKNOWN_STEPS: usize = 8;
pub(super) const PRIMARY: usize = 64;
pub(super) const SECONDARY: usize = 72;

pub(super) const POINTER: usize = 8;

/// A text and a zero after it: a name, and a last value.
pub(super) const WORD: usize = 20;
pub(super) const LAST_VALUE: usize = 30;

/// A number that tells a file of this kind of machine.
pub(super) const COOKIE: f64 = 8.642135E130;

/// Bytes before the rows.
pub(super) fn header_size(sources: usize, archives: usize) -> usize {
    let of_sources = (DEFINITION + PDP_PREP) * sources;
    let of_archives = (DEFINITION + CDP_PREP * sources + POINTER) * archives;
    STAT_HEAD + LIVE_HEAD + of_sources + of_archives
}

/// The eight bytes at `at`.
fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    word
}

pub(super) fn integer(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(eight(bytes, at))
}

/// An integer that counts something in memory; one that is too large for that is the largest.
pub(super) fn count(bytes: &[u8], at: usize) -> usize {
    usize::try_from(integer(bytes, at)).unwrap_or(usize::MAX)
}

pub(super) fn time(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(eight(bytes, at))
}

pub(super) fn float(bytes: &[u8], at: usize) -> f64 {
    f64::from_le_bytes(eight(bytes, at))
}

/// A text of at most 19 bytes and a zero.
pub(super) fn word(bytes: &[u8], at: usize) -> String {
    let word = bytes[at..at + WORD].split(|&b| b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(word).into_owned()
}

pub(super) fn put_integer(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

pub(super) fn put_time(bytes: &mut [u8], at: usize, value: i64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

pub(super) fn put_float(bytes: &mut [u8], at: usize, value: f64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// A text in a field of `length` bytes: cut so that a zero stands behind it, and zeros to the end.
pub(super) fn put_text(bytes: &mut [u8], at: usize, length: usize, text: &str) {
    let field = &mut bytes[at..at + length];
    field.fill(0);
    let text = &text.as_bytes()[..text.len().min(length - 1)];
    field[..text.len()].copy_from_slice(text);
}

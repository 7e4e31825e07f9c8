//! A number for a recipient's local part, by which it is found in what another server says. The number does not say the name.
//!
//! Of `bob-list` and `bob+tag` another server may name the mailbox alone. So the number of a local part with such an extension is
//! made of two smaller ones, of the whole and of what stands before the extension.

/// Says that the number is made of two.
const HAS_EXTENSION: u32 = 0b10;

/// How many bits the second of the two has, which is compared with many words by itself. The first one, of the whole, needs fewer,
/// since the second one must be right for it, too.
const OF_BASE: u32 = 20;
const OF_WHOLE: u32 = 30 - OF_BASE;

/// What stands before an extension is a name only if it is as long as this; `a-b` has none.
const SHORTEST: usize = 3;

/// The number of a recipient's local part, in which the case of letters does not matter; 0: there is none.
pub fn mark_of(local: &[u8]) -> u32 {
    mark_in(local, local.len())
}

/// As [`mark_of`] of the first `local` bytes of `address`, behind which more stands: fast.
#[inline]
pub fn mark_in(address: &[u8], local: usize) -> u32 {
    let local = local.min(address.len());
    if local == 0 {
        return 0;
    }
    let whole = hash_in(address, local);
    match base_in(address, local) {
        None => (whole & !HAS_EXTENSION) | 1,
        Some(base) => of_both(whole, address, base),
    }
}

/// Few have an extension.
#[cold]
fn of_both(whole: u32, address: &[u8], base: usize) -> u32 {
    base_bits(hash_in(address, base)) | (whole >> (32 - OF_WHOLE)) << 2 | HAS_EXTENSION | 1
}

/// May `name` be what `mark` stands for? Of a local part with an extension that is also what stands before the extension.
pub(super) fn is_marked(mark: u32, name: &[u8]) -> bool {
    if mark == 0 || name.is_empty() {
        return false;
    }
    if mark & HAS_EXTENSION == 0 || base_in(name, name.len()).is_some() {
        return mark_of(name) == mark;
    }
    base_bits(hash_in(name, name.len())) == base_bits(mark)
}

#[inline]
fn base_bits(hash: u32) -> u32 {
    hash & (u32::MAX << (32 - OF_BASE))
}

/// The length of what stands before an extension in the first `length` bytes, behind which more may stand.
#[inline]
fn base_in(bytes: &[u8], length: usize) -> Option<usize> {
    // It is looked for in eight bytes at once: most local parts are not longer, and have none.
    let mut begin = 0;
    while begin < length {
        let rest = &bytes[begin..];
        let sign = match rest.first_chunk() {
            Some(eight) => first_sign(u64::from_le_bytes(*eight)),
            None => sign_at_the_end(rest),
        };
        if sign < 8 {
            let at = begin + sign;
            return (at < length && at >= SHORTEST).then_some(at);
        }
        begin += 8;
    }
    None
}

/// As [`first_sign`], of less than eight bytes: where nothing stands behind the address.
#[cold]
fn sign_at_the_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| matches!(b, b'-' | b'+')).unwrap_or(8)
}

/// Which of eight bytes is the first `-` or `+`; 8: none.
#[inline]
fn first_sign(eight: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The lowest bit that is set is that of the first byte that is 0.
    let zeros = |eight: u64| eight.wrapping_sub(ONES) & !eight & (ONES << 7);
    let signs = zeros(eight ^ (ONES * 0x2b)) | zeros(eight ^ (ONES * 0x2d));
    signs.trailing_zeros() as usize / 8
}

/// Of the first and the last eight of `length` bytes, behind which more may stand.
#[inline]
fn hash_in(bytes: &[u8], length: usize) -> u32 {
    let Some(first) = bytes.first_chunk() else {
        let all = bytes[..length].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        return hash(all, all, length);
    };
    let first = u64::from_le_bytes(*first);
    if length < 8 {
        let first = first & ((1 << (8 * length)) - 1);
        return hash(first, first, length);
    }
    let last = bytes.get(length - 8..).and_then(|rest| rest.first_chunk());
    hash(first, last.map_or(0, |last| u64::from_le_bytes(*last)), length)
}

#[inline]
fn hash(first: u64, last: u64, length: usize) -> u32 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let (first, last) = (first | LOWER, last | LOWER);
    let hash = (first ^ last.rotate_left(29) ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    #[allow(clippy::cast_possible_truncation)]
    let hash = (hash >> 32) as u32;
    hash
}

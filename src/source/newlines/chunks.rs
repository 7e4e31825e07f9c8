//! From a bit for each byte of a chunk to the places of the newlines.

/// Bytes that are compared before their newlines are noted.
pub(super) const CHUNK: usize = 64;

/// Notes the places of the newlines of `block` in `places`, in order, and returns their number. `bits` tells which bytes of a
/// chunk are newlines, the first byte by the lowest bit; `places` has room for [`CHUNK`] more than there are bytes.
#[inline(always)]
pub(super) fn collect(block: &[u8], places: &mut [u32], bits: impl Fn(&[u8; CHUNK]) -> u64) -> usize {
    let (chunks, rest) = block.as_chunks::<CHUNK>();
    let (mut found, mut at) = (0, 0);
    for chunk in chunks {
        found += note(bits(chunk), at, &mut places[found..]);
        at += CHUNK as u32;
    }
    let mut last = [0; CHUNK];
    last[..rest.len()].copy_from_slice(rest);
    found + note(bits(&last), at, &mut places[found..])
}

/// Notes the places of the bits of one chunk, which begins at `at`, and returns their number.
#[inline(always)]
fn note(mut bits: u64, at: u32, places: &mut [u32]) -> usize {
    let number = bits.count_ones() as usize;
    // A line is rarely shorter than 32 bytes: two places are noted without asking whether there are two.
    if let Some([first, second, ..]) = places.first_chunk_mut::<2>() {
        *first = at + bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        *second = at + bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
    }
    for place in places.iter_mut().take(number).skip(2) {
        *place = at + bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
    }
    number
}

//! Where the newlines of a block are, all at once: looking for one after the other costs a call and a branch that cannot be
//! foreseen for every line.
//!
//! A processor with AVX2 compares 32 bytes at once, and is asked for it when the program runs; any other one compares
//! eight. Both give a bit for each of 64 bytes, and from there on they are one.
#[cfg(target_arch = "x86_64")]
mod avx2;
mod chunks;

use chunks::{CHUNK, collect};

/// Notes the places of the newlines of `block` in `places`, in order, and returns their number. What stands in `places` behind
/// them means nothing.
///
/// `block` has at most 2³² bytes.
pub fn newlines(block: &[u8], places: &mut Vec<u32>) -> usize {
    // The places of a chunk are noted without asking how many there are.
    if places.len() < block.len() + CHUNK {
        places.resize(block.len() + CHUNK, 0);
    }
    #[cfg(target_arch = "x86_64")]
    if avx2::is_there() {
        return avx2::newlines(block, places);
    }
    collect(block, places, portable)
}

/// One bit for each byte: is it a newline? Eight bytes at a time, as one number.
#[inline]
fn portable(chunk: &[u8; CHUNK]) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let (words, _) = chunk.as_chunks::<8>();
    words.iter().enumerate().fold(0, |bits, (n, word)| {
        let other = u64::from_le_bytes(*word) ^ u64::from_ne_bytes([b'\n'; 8]);
        // The highest bit of each byte that is 0; no sum is carried into the next byte.
        let is_zero = !(((other & LOW) + LOW) | other | LOW);
        // The product puts these eight bits side by side into the highest byte.
        bits | (is_zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * n)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(block: &[u8], way: impl Fn(&[u8], &mut Vec<u32>) -> usize) -> Vec<usize> {
        let mut places = vec![u32::MAX; block.len() + CHUNK];
        let number = way(block, &mut places);
        places[..number].iter().map(|&place| place as usize).collect()
    }

    fn are_found(block: &[u8]) {
        let want: Vec<usize> =
            block.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place).collect();
        assert!(places(block, newlines) == want);
        assert!(places(block, |block, places| collect(block, places, portable)) == want);
    }

    #[test]
    fn every_byte_but_a_newline_is_none() {
        for length in 0..=3 * CHUNK {
            are_found(&vec![b'\n'; length]);
            are_found(&vec![0; length]);
        }
        for byte in 0..=u8::MAX {
            for around in [0, b'\n', 0xff, byte] {
                for place in 0..CHUNK + 9 {
                    let mut block = vec![around; CHUNK + 9];
                    block[place] = byte;
                    are_found(&block);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn they_are_found_wherever_they_are(
            block in proptest::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b'\n')], 0..700),
        ) {
            are_found(&block);
        }
    }
}

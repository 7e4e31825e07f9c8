//! The newlines of a chunk by AVX2, 32 bytes at once.
#![allow(unsafe_code)]
use std::arch::x86_64::{_mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_setr_epi64x};

use super::chunks::{CHUNK, collect};

/// Does this processor have what [`newlines`] is compiled for? It is asked once.
pub(super) fn is_there() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt")
}

pub(super) fn newlines(block: &[u8], places: &mut [u32]) -> usize {
    // SAFETY: the only caller has asked `is_there`.
    unsafe { with_avx2(block, places) }
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn with_avx2(block: &[u8], places: &mut [u32]) -> usize {
    let newline = _mm256_set1_epi8(b'\n' as i8);
    collect(block, places, |chunk: &[u8; CHUNK]| {
        let (words, _) = chunk.as_chunks::<8>();
        // The compiler makes one load of the four.
        let word = |n: usize| i64::from_le_bytes(words[n]);
        let half = |n: usize| -> u64 {
            let bytes = _mm256_setr_epi64x(word(n), word(n + 1), word(n + 2), word(n + 3));
            u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, newline)).cast_unsigned())
        };
        half(0) | half(4) << 32
    })
}

//! Where recipients of other hosts go, remembered: the same few domains come again and again.
use super::follow::Follow;

/// The places of the domains that were asked for last.
#[derive(Debug)]
pub(super) struct Places([Known; SLOTS]);

const SLOTS: usize = 64;

/// A domain of at most 16 bytes, as two words, its length, and its place.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    words: [u64; 2],
    length: u8,
    place: u8,
}

impl Default for Places {
    fn default() -> Places {
        Places([Known::default(); SLOTS])
    }
}

impl Places {
    /// As [`Follow::place`], where the last `@` stands at `at`.
    #[inline]
    pub(super) fn of(&mut self, recipient: &[u8], at: Option<usize>, follow: &Follow) -> u8 {
        let Some(at) = at else { return follow.place(recipient) };
        let domain = recipient.get(at + 1..).unwrap_or_default();
        // Both words together are all of it.
        let (Some(first), Some(last), 8..=16) = (domain.first_chunk(), domain.last_chunk(), domain.len())
        else {
            return follow.place(recipient);
        };
        let (words, length) = ([u64::from_le_bytes(*first), u64::from_le_bytes(*last)], domain.len() as u8);
        let hash = (words[0] ^ words[1].rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let known = &mut self.0[(hash >> 58) as usize % SLOTS];
        if known.words != words || known.length != length {
            *known = Known { words, length, place: follow.place(recipient) };
        }
        known.place
    }
}

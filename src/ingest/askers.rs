//! Which protocols a line of a log of every program is shown to.
use crate::line::Line;
use crate::protocol::{Protocol, Writers};

/// One bit for each protocol that reads the log.
pub(super) type Askers = u64;

/// The most protocols that there are bits for.
pub(super) const MOST: usize = Askers::BITS as usize;

/// The number of tags that are remembered.
const SLOTS: usize = 256;
/// A longer tag is not remembered.
const LONGEST: usize = 24;

/// A tag and those who ask for it.
#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: [u8; LONGEST],
    length: u8,
    askers: Askers,
}

/// Finds them by the tag.
#[derive(Debug)]
pub(super) struct ByTag {
    writers: Vec<Option<Writers>>,
    /// Those who ask for sentences under any tag.
    by_sentence: Askers,
    slots: Box<[Slot; SLOTS]>,
}

impl ByTag {
    /// For `protocols`, in the order of their bits: at most [`MOST`].
    pub fn new<'p>(protocols: impl Iterator<Item = &'p Protocol>) -> ByTag {
        let writers: Vec<Option<Writers>> = protocols.map(|protocol| protocol.writers).collect();
        let by_sentence = bits(&writers, |writers| writers.is_some_and(|w| !w.sentences.is_empty()));
        // An empty tag is none, so that no line finds an empty slot.
        let empty = Slot { tag: [0; LONGEST], length: 0, askers: 0 };
        ByTag { writers, by_sentence, slots: Box::new([empty; SLOTS]) }
    }

    /// Those to whom `line`, which has a host and the tag `tag`, may belong.
    #[inline]
    pub fn of(&mut self, line: &Line<'_>, tag: &[u8]) -> Askers {
        let askers = self.of_tag(tag);
        if self.by_sentence & !askers == 0 || !matches!(line.text.first(), Some(b'A'..=b'Z')) {
            return askers;
        }
        askers | self.of_sentence(line.text)
    }

    #[inline]
    fn of_tag(&mut self, tag: &[u8]) -> Askers {
        let mut key = [0; LONGEST];
        let Some(begin) = key.get_mut(..tag.len()) else { return self.search(tag) };
        begin.copy_from_slice(tag);
        let word = |at: usize| key[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let mixed = (word(0) ^ word(8).rotate_left(23) ^ word(16).rotate_left(41))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = &self.slots[(mixed >> 56) as usize % SLOTS];
        if usize::from(slot.length) == tag.len() && slot.tag == key {
            return slot.askers;
        }
        let askers = self.search(tag);
        let length = u8::try_from(tag.len()).unwrap_or_default();
        self.slots[(mixed >> 56) as usize % SLOTS] = Slot { tag: key, length, askers };
        askers
    }

    #[cold]
    fn search(&self, tag: &[u8]) -> Askers {
        bits(&self.writers, |writers| writers.is_none_or(|w| w.tags.contains(&tag)))
    }

    fn of_sentence(&self, text: &[u8]) -> Askers {
        bits(&self.writers, |writers| {
            writers.is_some_and(|w| w.sentences.iter().any(|sentence| text.starts_with(sentence)))
        })
    }
}

/// The bits of those for whom `asks` is true.
fn bits(writers: &[Option<Writers>], asks: impl Fn(Option<Writers>) -> bool) -> Askers {
    writers.iter().enumerate().filter(|(_, w)| asks(**w)).fold(0, |bits, (i, _)| bits | 1 << i)
}

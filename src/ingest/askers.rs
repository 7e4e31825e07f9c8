//! Which protocols a line of a log of every program is shown to.
use crate::line::Tag;
use crate::protocol::{Protocol, Writers};

/// One bit for each protocol that reads the log.
pub(super) type Askers = u64;

/// The most protocols that there are bits for.
pub(super) const MOST: usize = Askers::BITS as usize;

/// The number of tags that are remembered.
const SLOTS: usize = 256;

/// Bytes of a text that are looked at.
const BEGINNING: usize = 24;

/// A tag and those who ask for it.
#[derive(Clone, Debug)]
struct Slot {
    tag: Tag,
    askers: Askers,
    /// Texts, and who does not ask for them.
    foreign: Vec<(Beginning, Askers)>,
}

/// How a text begins: up to [`BEGINNING`] bytes of it, and which bits of these are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beginning {
    bytes: [u64; BEGINNING / 8],
    mask: [u64; BEGINNING / 8],
}

impl Beginning {
    /// `None`: it is longer.
    fn of(text: &[u8]) -> Option<Beginning> {
        let (mut bytes, mut mask) = ([0; BEGINNING], [0; BEGINNING]);
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        mask[..text.len()].fill(0xff);
        Some(Beginning { bytes: words(&bytes), mask: words(&mask) })
    }
}

fn words(bytes: &[u8; BEGINNING]) -> [u64; BEGINNING / 8] {
    let word = |at: usize| bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    [word(0), word(8), word(16)]
}

/// Finds the askers of a line by its tag, and remembers them.
#[derive(Debug)]
pub(super) struct ByTag {
    writers: Vec<Option<Writers>>,
    /// Those who ask for sentences under any tag.
    by_sentence: Askers,
    slots: Vec<Slot>,
}

impl ByTag {
    /// For `protocols`, in the order of their bits: at most [`MOST`].
    pub fn new<'p>(protocols: impl Iterator<Item = &'p Protocol>) -> ByTag {
        let writers: Vec<Option<Writers>> = protocols.map(|protocol| protocol.writers).collect();
        let by_sentence = bits(&writers, |w| !w.sentences.is_empty(), false);
        // No line has an empty tag, so that none finds an empty slot.
        let empty = Slot { tag: Tag { words: [0; 3], length: 0 }, askers: 0, foreign: Vec::new() };
        ByTag { writers, by_sentence, slots: vec![empty; SLOTS] }
    }

    /// The protocols that may count a line with the tag `tag`. `begin`: the first bytes of its text. Without them some
    /// protocols are asked that would count none of its lines; that costs time only.
    #[inline]
    pub fn of(&mut self, tag: &Tag, begin: Option<&[u8; BEGINNING]>) -> Askers {
        let [a, b, c] = tag.words;
        let mixed = (a ^ b.rotate_left(23) ^ c.rotate_left(41)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = usize::from((mixed >> 56) as u8) % SLOTS;
        if self.slots[slot].tag != *tag {
            self.slots[slot] = self.search(tag);
        }
        let slot = &self.slots[slot];
        let mut askers = slot.askers;
        if let Some(begin) = begin.filter(|_| !slot.foreign.is_empty()) {
            let begin = words(begin);
            for (text, not) in &slot.foreign {
                let differs =
                    (0..begin.len()).fold(0, |d, i| d | ((begin[i] & text.mask[i]) ^ text.bytes[i]));
                if differs == 0 {
                    askers &= !not;
                    break;
                }
            }
        }
        askers
    }

    #[cold]
    fn search(&self, tag: &Tag) -> Slot {
        let bytes: Vec<u8> = tag.words.iter().flat_map(|word| word.to_le_bytes()).take(tag.length).collect();
        let is_its = |w: &Writers| w.tags.contains(&bytes.as_slice());
        let mut foreign: Vec<(Beginning, Askers)> = Vec::new();
        for (_, text) in
            self.writers.iter().flatten().flat_map(|w| w.foreign).filter(|(tag, _)| *tag == bytes)
        {
            let Some(begin) = Beginning::of(text) else { continue };
            if !foreign.iter().any(|(known, _)| *known == begin) {
                foreign.push((
                    begin,
                    bits(&self.writers, |w| w.foreign.contains(&(bytes.as_slice(), text)), false),
                ));
            }
        }
        Slot { tag: *tag, askers: bits(&self.writers, is_its, true), foreign }
    }

    /// Is there one that asks for sentences, and does not ask for the line anyway?
    #[inline]
    pub fn asks_for_sentences(&self, askers: Askers) -> bool {
        self.by_sentence & !askers != 0
    }

    /// Those who ask for a text under any tag.
    pub fn of_sentence(&self, text: &[u8]) -> Askers {
        bits(&self.writers, |w| w.sentences.iter().any(|sentence| text.starts_with(sentence)), false)
    }
}

/// The bits of those for whom `asks` is true; `all`: of one that reads any program's lines.
fn bits(writers: &[Option<Writers>], asks: impl Fn(&Writers) -> bool, all: bool) -> Askers {
    let asks = |w: &Option<Writers>| w.as_ref().map_or(all, &asks);
    writers.iter().enumerate().filter(|(_, w)| asks(w)).fold(0, |bits, (i, _)| bits | 1 << i)
}

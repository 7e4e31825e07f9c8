//! Which protocols a line of a log of every program is shown to, and what it counts if its beginning settles that.
use crate::line::{Line, Tag};
use crate::protocol::{LogKind, Protocol, Raise, Verdict};

/// One bit for each protocol that reads the log.
pub(super) type Askers = u64;

/// The most protocols that there are bits for.
pub(super) const MOST: usize = Askers::BITS as usize;

/// The number of tags that are remembered.
const SLOTS: usize = 256;

/// Bytes of a text that are looked at.
pub(super) const TEXT_LOOK: usize = 48;

/// A text as words.
type Words = [u64; TEXT_LOOK / 8];

/// What a line counts for one protocol, known before it is read.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    /// The protocol's bit has this number.
    pub asker: usize,
    pub verdict: Verdict,
    /// Counters by position in the protocol's table, and what they are raised by.
    pub raises: Box<[(usize, i128)]>,
}

/// What is to be done with a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// Those who have to read it.
    pub ask: Askers,
    /// What the beginning of the text settles.
    pub settled: Box<[Settled]>,
    /// Those for whom it may be a line of theirs.
    pub all: Askers,
}

impl Answer {
    fn new(ask: Askers, settled: Vec<Settled>) -> Answer {
        let all = settled.iter().fold(ask, |all, settled| all | 1 << settled.asker);
        Answer { ask, settled: settled.into(), all }
    }
}

/// A text that begins with certain bytes.
#[derive(Clone, Debug)]
struct Beginning {
    bytes: Words,
    mask: Words,
    bucket: u8,
    answer: Answer,
}

/// A tag, and what is to be done with its lines.
#[derive(Clone, Debug)]
struct Slot {
    tag: Tag,
    /// The bytes, of the first two words of a text, that every beginning has.
    same: [u64; 2],
    /// The first of the beginnings of each bucket.
    first: [u16; BUCKETS],
    /// By bucket; of two that a text may begin with the longer one stands first.
    beginnings: Box<[Beginning]>,
    /// For all other texts.
    otherwise: Answer,
}

const BUCKETS: usize = 64;

/// Finds what is to be done with a line by its tag and the beginning of its text, and remembers it.
#[derive(Debug)]
pub(super) struct ByTag {
    protocols: Vec<&'static Protocol>,
    /// Those who ask for sentences under any tag.
    by_sentence: Askers,
    slots: Vec<Slot>,
}

impl ByTag {
    /// For `protocols`, in the order of their bits: at most [`MOST`].
    pub fn new(protocols: impl Iterator<Item = &'static Protocol>) -> ByTag {
        let protocols: Vec<_> = protocols.collect();
        let has_sentences =
            |protocol: &Protocol| protocol.writers.is_some_and(|writers| !writers.sentences.is_empty());
        let by_sentence = bits(&protocols, has_sentences);
        // No line has an empty tag, so that none finds an empty slot.
        let empty = Slot::new(Tag { words: [0; 3], length: 0 }, Vec::new(), Answer::default());
        ByTag { protocols, by_sentence, slots: vec![empty; SLOTS] }
    }

    /// Where [`ByTag::answer`] finds what is known of `tag`.
    #[inline]
    pub fn place(&mut self, tag: &Tag) -> usize {
        let [a, b, c] = tag.words;
        let mixed = (a ^ b.rotate_left(23) ^ c.rotate_left(41)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = usize::from((mixed >> 56) as u8) % SLOTS;
        if self.has(place, tag) {
            return place;
        }
        // Two tags of one place would put each other out, line by line.
        let beside = place ^ 1;
        if self.has(beside, tag) {
            return beside;
        }
        let place = if self.slots[place].tag.length == 0 { place } else { beside };
        self.slots[place] = self.search(tag);
        place
    }

    #[inline]
    fn has(&self, place: usize, tag: &Tag) -> bool {
        let Tag { words: [a, b, c], length } = self.slots[place].tag;
        let [x, y, z] = tag.words;
        // Word by word: what was just written in words is slow to be read in longer pieces.
        (a ^ x) | (b ^ y) | (c ^ z) | (length ^ tag.length) as u64 == 0
    }

    /// What is to be done with a line of the tag that has this place. `begin`: the first bytes of its text. Without them some
    /// protocols are asked that would count none of its lines; that costs time only.
    #[inline]
    pub fn answer(&self, place: usize, begin: Option<&[u8; TEXT_LOOK]>) -> &Answer {
        let slot = &self.slots[place];
        begin.and_then(|begin| slot.of_text(begin)).unwrap_or(&slot.otherwise)
    }

    #[cold]
    fn search(&self, tag: &Tag) -> Slot {
        let bytes: Vec<u8> = tag.words.iter().flat_map(|word| word.to_le_bytes()).take(tag.length).collect();
        let ask =
            bits(&self.protocols, |protocol| protocol.writers.is_none_or(|writers| writers.have_tag(&bytes)));
        let settle = |protocol: &Protocol| {
            let settled = protocol.writers.map_or(&[][..], |writers| writers.settled);
            settled.iter().filter(|(tag, _)| *tag == bytes).map(|(_, text)| *text)
        };
        let mut texts: Vec<&[u8]> = self.protocols.iter().flat_map(|protocol| settle(protocol)).collect();
        texts.sort_unstable();
        texts.dedup();
        let answers = texts.into_iter().map(|text| {
            let (mut ask, mut all) = (ask, Vec::new());
            for (asker, protocol) in self.protocols.iter().enumerate() {
                if !settle(protocol).any(|known| text.starts_with(known)) {
                    continue;
                }
                let Some(settled) = settled(protocol, asker, &bytes, text) else { continue };
                ask &= !(1 << asker);
                if settled.verdict != Verdict::Foreign {
                    all.push(settled);
                }
            }
            (text, Answer::new(ask, all))
        });
        Slot::new(*tag, answers.collect(), Answer::new(ask, Vec::new()))
    }

    /// Is there one that asks for sentences, and does not ask for the line anyway?
    #[inline]
    pub fn asks_for_sentences(&self, askers: Askers) -> bool {
        self.by_sentence & !askers != 0
    }

    /// Those who ask for a text under any tag.
    pub fn of_sentence(&self, text: &[u8]) -> Askers {
        bits(&self.protocols, |protocol| {
            protocol.writers.is_some_and(|w| w.sentences.iter().any(|sentence| text.starts_with(sentence)))
        })
    }
}

/// What the classifier says of all lines with this tag that begin with `text`. `None`: it raises a gauge, whose value may be
/// lower than the one that stands there.
fn settled(protocol: &Protocol, asker: usize, tag: &[u8], text: &[u8]) -> Option<Settled> {
    let line = Line {
        time: None,
        tag: Some(tag),
        host: Some(b"localhost"),
        text,
        after_stamp: text,
        continuation: false,
    };
    let mut values = vec![0; protocol.counters.len()];
    let verdict = (protocol.classify)(&line, LogKind::Shared, &mut Raise(&mut values));
    let raises = values.iter().enumerate().filter(|(_, value)| **value != 0);
    let raises: Box<[(usize, i128)]> = raises.map(|(counter, value)| (counter, *value)).collect();
    let adds = raises.iter().all(|(counter, _)| protocol.counters[*counter].kind.is_odometer());
    adds.then_some(Settled { asker, verdict, raises })
}

impl Slot {
    fn new(tag: Tag, texts: Vec<(&[u8], Answer)>, otherwise: Answer) -> Slot {
        let texts =
            texts.into_iter().filter_map(|(text, answer)| Some((text.len(), as_words(text)?, answer)));
        let mut texts: Vec<(usize, Words, Answer)> = texts.collect();
        let shortest = texts.iter().map(|(length, ..)| *length).min().unwrap_or(0);
        let same = [mask_of(shortest.min(8)), mask_of(shortest.saturating_sub(8).min(8))];
        texts.sort_by_key(|(length, words, _)| (bucket(words, same), std::cmp::Reverse(*length)));
        let beginnings = texts.into_iter().map(|(length, bytes, answer)| Beginning {
            bytes,
            mask: std::array::from_fn(|i| mask_of(length.saturating_sub(8 * i).min(8))),
            bucket: bucket(&bytes, same),
            answer,
        });
        let beginnings: Box<[Beginning]> = beginnings.collect();
        let first = std::array::from_fn(|of| {
            let before = beginnings.iter().take_while(|beginning| usize::from(beginning.bucket) < of);
            u16::try_from(before.count()).unwrap_or(u16::MAX)
        });
        Slot { tag, same, first, beginnings, otherwise }
    }

    /// What is to be done with a text, if it begins with bytes that are known.
    #[inline]
    fn of_text(&self, begin: &[u8; TEXT_LOOK]) -> Option<&Answer> {
        if self.beginnings.is_empty() {
            return None;
        }
        let begin = words(begin);
        let bucket = bucket(&begin, self.same);
        let from = self.first[usize::from(bucket) % BUCKETS];
        let of_bucket = self.beginnings.get(usize::from(from)..)?.iter();
        for beginning in of_bucket {
            if beginning.begins(&begin) {
                return Some(&beginning.answer);
            }
            if beginning.bucket != bucket {
                break;
            }
        }
        None
    }
}

impl Beginning {
    #[inline]
    fn begins(&self, text: &Words) -> bool {
        let all = text.iter().zip(&self.mask).zip(&self.bytes);
        all.fold(0, |differs, ((word, mask), bytes)| differs | ((word & mask) ^ bytes)) == 0
    }
}

/// The bucket of a text, of which `same` says what belongs to every beginning.
#[inline]
fn bucket(text: &Words, same: [u64; 2]) -> u8 {
    let mixed = (text[0] & same[0]) ^ (text[1] & same[1]).rotate_left(29);
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as u8
}

/// The lowest `bytes` of a word; at most 8.
fn mask_of(bytes: usize) -> u64 {
    if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 }
}

/// `None`: it is longer than what is looked at.
fn as_words(text: &[u8]) -> Option<Words> {
    let mut bytes = [0; TEXT_LOOK];
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    Some(words(&bytes))
}

#[inline]
fn words(bytes: &[u8; TEXT_LOOK]) -> Words {
    let mut words = Words::default();
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// The bits of those for whom `asks` is true.
fn bits(protocols: &[&Protocol], asks: impl Fn(&Protocol) -> bool) -> Askers {
    protocols.iter().enumerate().filter(|(_, protocol)| asks(protocol)).fold(0, |bits, (i, _)| bits | 1 << i)
}

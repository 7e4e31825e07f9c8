//! What a protocol remembers of the lines of a source, in order to count what several of them say together: which
//! deliveries are open, which messages are in the queue.
//!
//! It is part of the reading position, so that any cut of a log gives the same counts. Both tables are bounded; of more
//! than that the oldest are given up. Where more messages are in the queue than are remembered, which of them are given up
//! depends on how the log is cut.
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::attempts::Attempts;
use crate::ledger::{Delivery, DeliveryKey, Message, MessageKey, Open};

/// qmail-send has at most 255 deliveries open in each of its channels, and 65,000 with patches.
pub const MOST_DELIVERIES: usize = 65_536;

/// No queue that can be worked off has more messages. A commit keeps this number of them, and a reading up to the same number of new ones.
pub const MOST_MESSAGES: usize = 200_000;

/// What is remembered of a source, while one of its lines is counted.
#[derive(Debug)]
pub struct Memory<'a> {
    /// Those of this source.
    pub deliveries: &'a mut Deliveries,
    /// Those of all sources.
    pub messages: &'a mut Messages,
    /// How attempts ended, of all sources.
    pub attempts: &'a mut Attempts,
    /// The time that the line counts by, unix seconds.
    pub time: i64,
}

/// The open deliveries of a source.
///
/// qmail-send numbers them one after the other, so that those which are open have numbers that are near each other: nearly
/// all of them stand in a ring, at the place that their number has in it.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    source: u32,
    ring: Vec<Option<(DeliveryKey, Delivery)>>,
    /// Those of which the place in the ring is taken, and no number of one of them is higher than this.
    others: HashMap<DeliveryKey, Delivery, Seed>,
    highest: u64,
    len: usize,
    given_up: u64,
}

/// Places in the ring.
const PLACES: usize = 512;

#[inline]
#[allow(clippy::cast_possible_truncation)]
fn place_of(key: DeliveryKey) -> usize {
    (key.number as usize ^ key.origin as usize) % PLACES
}

impl Deliveries {
    /// Goes on from what the last commit has.
    pub fn of(open: &Open) -> Deliveries {
        let mut all = Deliveries { source: open.source, ..Deliveries::default() };
        for (key, delivery) in &open.deliveries {
            all.put(*key, *delivery);
        }
        all
    }

    /// For the next commit.
    pub fn finish(self) -> Open {
        let ring = self.ring.into_iter().flatten();
        let mut deliveries: Vec<_> = ring.chain(self.others).collect();
        deliveries.sort_unstable_by_key(|(key, _)| *key);
        Open { source: self.source, deliveries }
    }

    /// How many were given up because too many were open.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// A delivery has begun. One of the same number that is open ended without a line: its process died.
    #[inline]
    pub(super) fn begin(&mut self, key: DeliveryKey, delivery: Delivery) {
        if key.number == 1 {
            // qmail-send counts from 1 on for as long as it runs.
            self.restart(key.origin);
        }
        if self.len >= MOST_DELIVERIES {
            self.give_up();
        }
        self.put(key, delivery);
    }

    #[inline]
    fn put(&mut self, key: DeliveryKey, delivery: Delivery) {
        match self.ring.get_mut(place_of(key)) {
            Some(Some((known, there))) if *known == key => *there = delivery,
            Some(place @ None) if key.number > self.highest => {
                *place = Some((key, delivery));
                self.len += 1;
            }
            _ => self.put_elsewhere(key, delivery),
        }
    }

    #[cold]
    fn put_elsewhere(&mut self, key: DeliveryKey, delivery: Delivery) {
        if self.ring.is_empty() {
            self.ring.resize(PLACES, None);
        }
        let known = self.others.remove(&key);
        self.len += usize::from(known.is_none());
        match self.ring.get_mut(place_of(key)) {
            Some(place @ None) => *place = Some((key, delivery)),
            _ => {
                self.highest = self.highest.max(key.number);
                self.others.insert(key, delivery);
            }
        }
    }

    /// A delivery has ended. `None`: its beginning was not seen.
    #[inline]
    pub(super) fn end(&mut self, key: DeliveryKey) -> Option<Delivery> {
        let place = self.ring.get_mut(place_of(key))?;
        let ended = match place {
            Some((known, delivery)) if *known == key => {
                let delivery = *delivery;
                *place = None;
                Some(delivery)
            }
            _ if key.number > self.highest => None,
            _ => self.others.remove(&key),
        };
        self.len -= usize::from(ended.is_some());
        ended
    }

    /// qmail-send was started anew: what was open has ended without a line.
    pub(super) fn restart(&mut self, origin: u32) {
        if self.len > 0 {
            self.keep(|key| key.origin != origin);
        }
    }

    fn keep(&mut self, is_kept: impl Fn(&DeliveryKey) -> bool) {
        for place in &mut self.ring {
            if place.as_ref().is_some_and(|(key, _)| !is_kept(key)) {
                *place = None;
            }
        }
        self.others.retain(|key, _| is_kept(key));
        self.highest = self.others.keys().map(|key| key.number).max().unwrap_or(0);
        self.len = self.ring.iter().flatten().count() + self.others.len();
    }

    /// Gives up the oldest quarter, so that this is seldom done.
    #[cold]
    fn give_up(&mut self) {
        let ring = self.ring.iter().flatten().map(|(key, delivery)| (delivery.begun, *key));
        let others = self.others.iter().map(|(key, delivery)| (delivery.begun, *key));
        let mut all: Vec<(Option<i64>, DeliveryKey)> = ring.chain(others).collect();
        all.sort_unstable();
        all.truncate(MOST_DELIVERIES / 4);
        self.given_up += all.len() as u64;
        for (_, key) in all {
            self.end(key);
        }
    }

    /// The key of a message of this source.
    #[inline]
    pub(super) fn message(&self, origin: u32, number: u64) -> MessageKey {
        // Sources are few, and their numbers small.
        MessageKey { number, origin: origin ^ self.source.wrapping_mul(0x9e37_79b1) }
    }
}

/// Messages that were in the queue at the last commit.
pub trait Earlier: std::fmt::Debug {
    /// The message of this key; `None`: there is none.
    fn find(&mut self, key: MessageKey) -> Option<Message>;
}

/// The messages in the queue of which the beginnings were seen.
#[derive(Debug, Default)]
pub struct Messages {
    /// What differs from `earlier`; `None`: it has left the queue.
    changed: HashMap<MessageKey, Option<Message>, Seed>,
    earlier: Option<Box<dyn Earlier>>,
    given_up: u64,
}

/// A copy of what has changed.
#[derive(Clone, Debug)]
pub struct Mark(HashMap<MessageKey, Option<Message>, Seed>, u64);

impl Messages {
    /// Goes on from the last commit: what has `changed` since the messages of `earlier` were written.
    pub fn of(changed: &[(MessageKey, Option<Message>)], earlier: Option<Box<dyn Earlier>>) -> Messages {
        let mut all = HashMap::with_hasher(Seed::default());
        all.extend(changed.iter().copied());
        Messages { changed: all, earlier, given_up: 0 }
    }

    /// What has changed since the messages of `earlier` were written, in the order of the keys.
    pub fn finish(self) -> Vec<(MessageKey, Option<Message>)> {
        let mut changed: Vec<_> = self.changed.into_iter().collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        changed
    }

    /// A copy, for [`Messages::go_back_to`].
    pub fn mark(&self) -> Mark {
        Mark(self.changed.clone(), self.given_up)
    }

    /// Forgets what came after `mark`.
    pub fn go_back_to(&mut self, mark: Mark) {
        let Mark(changed, given_up) = mark;
        (self.changed, self.given_up) = (changed, given_up);
    }

    /// How many were given up because too many were in the queue.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// A message was taken into the queue at `begun` (unix nanoseconds). One of the same number that is there has left it
    /// without a line: its number is that of a file, and comes back.
    #[inline]
    pub(super) fn begin(&mut self, key: MessageKey, begun: i64) {
        if self.changed.len() >= 2 * MOST_MESSAGES {
            self.give_up();
        }
        self.changed.insert(key, Some(Message { begun, delivered: false }));
    }

    /// A delivery of the message succeeded. Returns when the message was taken into the queue, if this was the first one that
    /// did; `None`: it was not, or the message's beginning was not seen.
    #[inline]
    pub(super) fn succeed(&mut self, key: MessageKey) -> Option<i64> {
        match self.changed.get_mut(&key) {
            Some(Some(message)) => {
                (!std::mem::replace(&mut message.delivered, true)).then_some(message.begun)
            }
            Some(None) => None,
            None => {
                let message = self.earlier.as_mut()?.find(key).filter(|message| !message.delivered)?;
                self.changed.insert(key, Some(Message { delivered: true, ..message }));
                Some(message.begun)
            }
        }
    }

    /// The message has left the queue. Returns when it was taken into it; `None`: its beginning was not seen.
    #[inline]
    pub(super) fn end(&mut self, key: MessageKey) -> Option<i64> {
        let changed = self.changed.remove(&key);
        let earlier = self.earlier.as_mut().and_then(|earlier| earlier.find(key));
        if earlier.is_some() {
            self.changed.insert(key, None);
        }
        changed.unwrap_or(earlier).map(|message| message.begun)
    }

    /// Gives up the oldest of the new ones, half of all, so that this is seldom done.
    #[cold]
    fn give_up(&mut self) {
        let mut all: Vec<(i64, MessageKey)> =
            self.changed.iter().filter_map(|(key, message)| Some((message.as_ref()?.begun, *key))).collect();
        all.sort_unstable();
        all.truncate(MOST_MESSAGES);
        self.given_up += all.len() as u64;
        for (_, key) in all {
            self.end(key);
        }
    }
}

/// What hashes are made with. The keys are numbers of the log, which everybody who may write to syslog can choose: so it
/// differs from one process to the next.
#[derive(Clone, Copy, Debug)]
struct Seed(u64);

impl Default for Seed {
    fn default() -> Seed {
        Seed(RandomState::new().hash_one(0))
    }
}

/// Hashes numbers by multiplications.
#[derive(Debug)]
struct Product(u64);

impl BuildHasher for Seed {
    type Hasher = Product;

    #[inline]
    fn build_hasher(&self) -> Product {
        Product(self.0)
    }
}

impl Hasher for Product {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.0 ^ number) * u128::from(ODD);
        #[allow(clippy::cast_possible_truncation)]
        let (low, high) = (product as u64, (product >> 64) as u64);
        self.0 = low ^ high.rotate_left(32);
    }
}

#[cfg(test)]
mod tests;

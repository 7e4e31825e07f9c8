//! What a protocol remembers of the lines of a source, in order to count what several of them say together: which
//! deliveries are open, which messages are in the queue.
//!
//! It is part of the reading position, so that any cut of a log gives the same counts. Both tables are bounded; of more
//! than that the oldest are given up.
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::ledger::{Delivery, DeliveryKey, Message, MessageKey, Open};

/// qmail-send has at most 255 deliveries open in each of its channels, and 65,000 with patches.
pub const MOST_DELIVERIES: usize = 65_536;

/// No queue that can be worked off has more messages.
pub const MOST_MESSAGES: usize = 200_000;

/// What is remembered of a source, while one of its lines is counted.
#[derive(Debug)]
pub struct Memory<'a> {
    /// Those of this source.
    pub deliveries: &'a mut Deliveries,
    /// Those of all sources.
    pub messages: &'a mut Messages,
}

/// The open deliveries of a source.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    source: u32,
    open: HashMap<DeliveryKey, Delivery, Seed>,
    given_up: u64,
}

impl Deliveries {
    /// Goes on from what the last commit has.
    pub fn of(open: &Open) -> Deliveries {
        let mut all = HashMap::with_hasher(Seed::default());
        all.extend(open.deliveries.iter().copied());
        Deliveries { source: open.source, open: all, given_up: 0 }
    }

    /// For the next commit.
    pub fn finish(self) -> Open {
        let mut deliveries: Vec<_> = self.open.into_iter().collect();
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
        if self.open.len() >= MOST_DELIVERIES {
            self.give_up();
        }
        self.open.insert(key, delivery);
    }

    /// A delivery has ended. `None`: its beginning was not seen.
    #[inline]
    pub(super) fn end(&mut self, key: DeliveryKey) -> Option<Delivery> {
        self.open.remove(&key)
    }

    /// qmail-send was started anew: what was open has ended without a line.
    pub(super) fn restart(&mut self, origin: u32) {
        if !self.open.is_empty() {
            self.open.retain(|key, _| key.origin != origin);
        }
    }

    /// Gives up the oldest quarter, so that this is seldom done.
    #[cold]
    fn give_up(&mut self) {
        let mut all: Vec<(Option<i64>, DeliveryKey)> =
            self.open.iter().map(|(key, delivery)| (delivery.begun, *key)).collect();
        all.sort_unstable();
        all.truncate(MOST_DELIVERIES / 4);
        self.given_up += all.len() as u64;
        for (_, key) in all {
            self.open.remove(&key);
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

//! What several lines of qmail-send say together: to which provider a delivery goes that ends otherwise, how long it took,
//! how long a message was in the queue.
//!
//! A delivery has a number from its beginning to its end, and a message has one from `new msg` to `end msg`. Both numbers
//! come back: a delivery's when qmail-send is started anew, a message's when its file is removed. In syslog and in the logs
//! of indimail's several queues, numbers of more than one qmail-send stand side by side: host and queue tell them apart.
use super::super::attempts::{Ended, mark_in};
use super::super::classify::{LogKind, Raise};
use super::super::memory::Memory;
use super::super::providers::{self, Providers};
use super::super::reasons::{Outcome, Reasons};
use super::super::scan::number;
use super::super::times::{
    FIRST_TIME, Histogram, LOCAL_TIME, QUEUE_TIME, REMOTE_TIME, UNSEEN_DELIVERY, UNSEEN_QUEUE,
};
use super::attempts;
use super::result::reported;
use crate::ledger::{Delivery, DeliveryKey};
use crate::line::{Line, Stamp};

/// Under these tags qmail-send writes to syslog.
pub(super) const TAGS: &[&[u8]] = &[b"qmail", b"qmail-send"];

/// Deliveries to local mailboxes go here; those to a provider to one more than its position.
pub(super) const LOCAL: u8 = 0;
/// What goes through a channel that qmail-send does not have.
const ELSEWHERE: u8 = u8::MAX;
/// To another host, where providers are not counted.
const ANYWHERE: u8 = u8::MAX - 1;

/// What is counted, and where the counters begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Follow {
    /// By which table, and the position of the section's first counter.
    pub(super) providers: (Providers, usize),
    /// The same of the times; `None`: they are not counted.
    pub(super) times: Option<usize>,
    /// By which rules it is told why attempts did not succeed, for the table of them.
    pub(super) reasons: Reasons,
}

/// It is not known where it went, and to whom.
pub(super) const NOWHERE: Ended = Ended { place: attempts::UNSEEN, recipient: 0 };

/// Which qmail-send writes a line, and when (unix nanoseconds; `None`: the line has no stamp).
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) origin: u32,
    pub(super) time: Option<i64>,
}

impl Follow {
    /// Is there anything to be counted?
    pub(super) fn counts(&self) -> bool {
        !matches!(self.providers.0, Providers::Off) || self.times.is_some()
    }

    /// Takes note of a line that the classifier has counted.
    pub(super) fn line(
        &self,
        line: &Line<'_>,
        place: LogKind,
        memory: &mut Memory<'_>,
        raise: &mut Raise<'_>,
    ) {
        // A counter of toaster.conf may count lines of other programs.
        let is_ours = place == LogKind::Dedicated || line.tag.is_some_and(|tag| TAGS.contains(&tag));
        if line.continuation || !is_ours {
            return;
        }
        let nanos =
            |stamp: Stamp| stamp.secs.saturating_mul(1_000_000_000).saturating_add(stamp.nanos.into());
        let time = line.time.map(nanos);
        let mut found = self.text(line.text, line.host.unwrap_or_default(), time, memory, raise);
        if found.is_none() && place == LogKind::Dedicated && line.after_stamp.len() != line.text.len() {
            // As in the classifier: what looks like a header of syslog may be the text.
            found = self.text(line.after_stamp, b"", time, memory, raise);
        }
        if memory.attempts.are_counted()
            && let Some((outcome, report)) = reported(line, place)
        {
            let time = time.unwrap_or_else(|| memory.time.saturating_mul(1_000_000_000));
            self.attempted(found.flatten().unwrap_or(NOWHERE), outcome, report, time, memory);
        }
    }

    /// Takes note of an attempt in the table of them. `time`: in unix nanoseconds.
    fn attempted(&self, ended: Ended, outcome: Outcome, report: &[u8], time: i64, memory: &mut Memory<'_>) {
        let day = memory.attempts.day_of(memory.time);
        if outcome == Outcome::Success {
            memory.attempts.succeeded(ended, day);
        } else if let Some(why) = self.reasons.why(report, outcome) {
            memory.attempts.not_succeeded(ended, why.class(), outcome, (day, time), report);
        }
    }

    /// What ended, if something did. `None`: no line that is followed.
    fn text(
        &self,
        text: &[u8],
        host: &[u8],
        time: Option<i64>,
        memory: &mut Memory<'_>,
        raise: &mut Raise<'_>,
    ) -> Option<Option<Ended>> {
        let (text, queue) = without_queue(text);
        let writing = |queue: &[u8]| Writing { origin: origin(host, queue), time };
        if let Some(rest) = text.strip_prefix(b"delivery ") {
            let (number, of, rest) = id(rest)?;
            let rest = rest.strip_prefix(b": ")?;
            let outcome = [Outcome::Success, Outcome::Deferral, Outcome::Failure]
                .into_iter()
                .zip([b"success: ".as_slice(), b"deferral: ", b"failure: "])
                .find_map(|(outcome, begin)| rest.starts_with(begin).then_some(outcome));
            let writing = writing(queue.or(of).unwrap_or_default());
            return Some(Some(self.ended(number, outcome, writing, memory, raise)));
        } else if let Some(rest) = text.strip_prefix(b"starting delivery ") {
            let (number, of, rest) = id(rest)?;
            let (message, _, rest) = id(rest.strip_prefix(b": msg ")?)?;
            let place = rest.strip_prefix(b" to ")?;
            let recipient = || place.get(1 + memchr::memchr(b' ', place)?..);
            let to = if place.starts_with(b"local ") {
                LOCAL
            } else if place.starts_with(b"remote ") || is_supplementary(place) {
                self.place(recipient()?)
            } else {
                ELSEWHERE
            };
            let recipient =
                recipient().map_or(0, |name| recipient_of(name, memchr::memrchr(b'@', name), to == LOCAL));
            let writing = writing(queue.or(of).unwrap_or_default());
            self.begun(number, Delivery { message, to, begun: time, recipient }, writing, memory, raise);
        } else if let Some(rest) = text.strip_prefix(b"new msg ") {
            let (message, of, _) = id(rest)?;
            self.new_message(message, writing(queue.or(of).unwrap_or_default()), memory);
        } else if let Some(rest) = text.strip_prefix(b"end msg ") {
            let (message, of, _) = id(rest)?;
            self.left_queue(message, writing(queue.or(of).unwrap_or_default()), memory, raise);
        } else if text.starts_with(b"status: exiting") {
            memory.deliveries.restart(origin(host, queue.unwrap_or_default()));
        } else {
            return None;
        }
        Some(None)
    }

    /// The place that a delivery to this recipient of another host goes to.
    #[inline]
    pub(super) fn place(&self, recipient: &[u8]) -> u8 {
        match (self.providers.0.table(), memchr::memrchr(b'@', recipient)) {
            (None, _) => ANYWHERE,
            (Some(table), Some(at)) => 1 + table.provider(recipient.get(at + 1..).unwrap_or_default()),
            (Some(_), None) => 1 + providers::OTHER,
        }
    }

    /// A delivery has begun.
    #[inline]
    pub(super) fn begun(
        &self,
        number: u64,
        delivery: Delivery,
        writing: Writing,
        memory: &mut Memory<'_>,
        raise: &mut Raise<'_>,
    ) {
        let key = DeliveryKey { origin: writing.origin, number };
        memory.deliveries.begin(key, delivery);
        if let Some(counter) = self.counter(delivery.to, providers::BEGUN) {
            raise.one(counter);
        }
    }

    /// A delivery has ended. `outcome`: `None`, if its report cannot be read. Returns where it went.
    #[inline]
    pub(super) fn ended(
        &self,
        number: u64,
        outcome: Option<Outcome>,
        writing: Writing,
        memory: &mut Memory<'_>,
        raise: &mut Raise<'_>,
    ) -> Ended {
        let Some(delivery) = memory.deliveries.end(DeliveryKey { origin: writing.origin, number }) else {
            if let Some(first) = self.times {
                raise.one(first + UNSEEN_DELIVERY);
            }
            if !matches!(self.providers.0, Providers::Off) {
                raise.one(self.providers.1 + providers::UNSEEN);
            }
            return NOWHERE;
        };
        let ended = Ended { place: self.place_of_attempt(delivery.to), recipient: delivery.recipient };
        let Some(outcome) = outcome else { return ended };
        let of = match outcome {
            Outcome::Success => providers::DELIVERED,
            Outcome::Deferral => providers::DEFERRED,
            Outcome::Failure => providers::FAILED,
        };
        if delivery.to == ANYWHERE && !matches!(self.providers.0, Providers::Off) {
            raise.one(self.providers.1 + providers::UNSEEN);
        }
        let took = elapsed(delivery.begun, writing.time);
        if let Some(counter) = self.counter(delivery.to, of) {
            raise.one(counter);
            if let (Some(took), Some(counter)) = (took, self.counter(delivery.to, providers::SECONDS)) {
                raise.add(counter, took.unsigned_abs());
            }
        }
        let Some(first) = self.times else { return ended };
        let histogram = match delivery.to {
            LOCAL => Some(LOCAL_TIME),
            ELSEWHERE => None,
            _ => Some(REMOTE_TIME),
        };
        if let (Some(took), Some(histogram)) = (took, histogram) {
            note(histogram, first, took, raise);
        }
        if outcome == Outcome::Success {
            let key = memory.deliveries.message(writing.origin, delivery.message);
            let begun = memory.messages.succeed(key);
            if let Some(took) = elapsed(begun, writing.time) {
                note(FIRST_TIME, first, took, raise);
            }
        }
        ended
    }

    /// The place in the table of attempts.
    #[inline]
    fn place_of_attempt(&self, to: u8) -> u8 {
        match to {
            ELSEWHERE => attempts::UNSEEN,
            ANYWHERE if matches!(self.providers.0, Providers::Off) => attempts::REMOTE,
            ANYWHERE => attempts::UNSEEN,
            place if place < attempts::REMOTE => place,
            _ => attempts::UNSEEN,
        }
    }

    /// A message was taken into the queue.
    #[inline]
    pub(super) fn new_message(&self, number: u64, writing: Writing, memory: &mut Memory<'_>) {
        if let (Some(_), Some(begun)) = (self.times, writing.time) {
            memory.messages.begin(memory.deliveries.message(writing.origin, number), begun);
        }
    }

    /// A message has left the queue.
    #[inline]
    pub(super) fn left_queue(
        &self,
        number: u64,
        writing: Writing,
        memory: &mut Memory<'_>,
        raise: &mut Raise<'_>,
    ) {
        let Some(first) = self.times else { return };
        let begun = memory.messages.end(memory.deliveries.message(writing.origin, number));
        match (begun, writing.time) {
            (Some(begun), Some(now)) => note(QUEUE_TIME, first, now.saturating_sub(begun).max(0), raise),
            // Without stamps there are no times, and none is missed.
            (_, None) => {}
            (None, Some(_)) => raise.one(first + UNSEEN_QUEUE),
        }
    }

    /// A counter of the provider that is this place; `None`: it is none, or providers are not counted.
    #[inline]
    fn counter(&self, to: u8, of: usize) -> Option<usize> {
        let (table, first) = self.providers;
        if matches!(table, Providers::Off) {
            return None;
        }
        Some(first + providers::counter(to.checked_sub(1)?, of)?)
    }
}

/// The mark of a recipient, whose domain begins behind `at`. Of a virtual domain's mailbox on this server (`is_local`) the local part
/// stands behind the domain: `example.com-joe@example.com`.
#[inline]
pub(super) fn recipient_of(recipient: &[u8], at: Option<usize>, is_local: bool) -> u32 {
    let Some(at) = at else { return 0 };
    let virtual_domain = || {
        let (local, domain) = recipient.split_at_checked(at)?;
        let name = local.strip_prefix(domain.get(1..)?)?.strip_prefix(b"-")?;
        Some(at - name.len())
    };
    let begin = if is_local { virtual_domain().unwrap_or(0) } else { 0 };
    mark_in(recipient.get(begin..).unwrap_or_default(), at - begin)
}

/// `supplN `: one of the further channels of conf-channels, which lead to other hosts.
pub(super) fn is_supplementary(place: &[u8]) -> bool {
    place.strip_prefix(b"suppl").and_then(number).is_some_and(|(_, rest)| rest.starts_with(b" "))
}

/// The nanoseconds from `begun` to `now`; 0, if the clock was set back between them.
#[inline]
fn elapsed(begun: Option<i64>, now: Option<i64>) -> Option<i64> {
    Some(now?.saturating_sub(begun?).max(0))
}

#[inline]
fn note(histogram: Histogram, first: usize, took: i64, raise: &mut Raise<'_>) {
    raise.one(first + histogram.bucket(took));
    raise.add(first + histogram.sum(), took.unsigned_abs());
}

/// A number, the queue behind it if there is one, and what follows.
type Id<'a> = (u64, Option<&'a [u8]>, &'a [u8]);

/// The number that `text` begins with, and the queue that indimail writes behind it (`2.queue5`).
fn id(text: &[u8]) -> Option<Id<'_>> {
    let (id, rest) = number(text)?;
    let queue = rest.strip_prefix(b".queue").and_then(|digits| Some((digits, number(digits)?.1)));
    Some(match queue {
        Some((digits, rest)) => (id, digits.get(..digits.len() - rest.len()), rest),
        None => (id, None, rest),
    })
}

/// A text without ` queueN` at its end, and N.
fn without_queue(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (before, queue) = text.split_at(text.len() - digits);
    match before.strip_suffix(b" queue") {
        Some(before) if !queue.is_empty() => (before, Some(queue)),
        _ => (text, None),
    }
}

/// Tells one qmail-send from another by its host and its queue; 0: there is neither.
fn origin(host: &[u8], queue: &[u8]) -> u32 {
    if host.is_empty() && queue.is_empty() {
        return 0;
    }
    let bytes = host.iter().chain(b" ").chain(queue);
    // FNV-1a: it stays what it is from one version to the next.
    bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests;

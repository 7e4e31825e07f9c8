//! The lines that qmail-send writes all day, counted many at once: messages that come and go, deliveries that begin and end,
//! and the status line after each of them.
//!
//! A text is compared eight bytes at a time with what qmail-send.c writes, up to the word that decides what is counted. The
//! numbers of messages and deliveries must be decimal, and where they are followed nothing may stand behind them that tells
//! one queue from another. Everything else is the classifier's: other words, indimail's
//! `2.queue5`, a message of ten megabytes and more, other channels.
//!
//! Status lines are the most frequent ones, and the limits in them hardly ever change. The limits of the last line are
//! kept, so that only the two numbers before them are read; their shares of the limits come from tables.
mod limits;

use super::super::attempts::Ended as Attempt;
use super::super::bulk::{
    Bulk, LOOK, Offer, Taken, begins, bytes, digits, long_number, number, take_while, word,
};
use super::super::classify::{Raise, Verdict};
use super::super::memory::Memory;
use super::super::reasons::{Outcome, Reasons};
use super::counters::{
    DELIVERY, DELIVERY_DEFERRAL, DELIVERY_FAILURE, DELIVERY_SUCCESS, LIMIT_LOCAL, LIMIT_REMOTE,
    MESSAGE_BOUNCE, MESSAGE_BYTES, MESSAGE_END, MESSAGE_INFO, MESSAGE_NEW, PEAK_LOCAL, PEAK_REMOTE,
    START_DELIVERY, START_LOCAL, START_REMOTE, STATUS, STATUS_LOCAL_SUM, STATUS_LOCALP, STATUS_REMOTE_SUM,
    STATUS_REMOTEP, raise_why,
};
use super::follow::{Follow, LOCAL, NOWHERE, Writing, recipient_of};
use super::places::Places;
use crate::ledger::Delivery;
use crate::line::{Run, Window};
use limits::{Limits, limits_of};

/// Keeps the limits of the last status line.
#[derive(Debug)]
pub(super) struct SendBulk {
    limits: Option<Limits>,
    reasons: Reasons,
    follow: Follow,
    places: Places,
}

impl SendBulk {
    /// With these rules for why deliveries fail, and with what is followed.
    pub(super) fn with(reasons: Reasons, follow: Follow) -> Self {
        SendBulk { limits: None, reasons, follow, places: Places::default() }
    }
}

/// What the lines of one bin raise. No bin has so many lines in one block that 64 bits would not do.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    new: u64,
    end: u64,
    bounce: u64,
    info: u64,
    bytes: u64,
    local: u64,
    remote: u64,
    success: u64,
    deferral: u64,
    failure: u64,
    status: u64,
    local_share: u64,
    remote_share: u64,
    local_sum: u64,
    remote_sum: u64,
    local_peak: u64,
    remote_peak: u64,
}

impl Bulk for SendBulk {
    fn take(
        &mut self,
        run: &Run<'_>,
        window: &mut Window,
        raise: &mut Raise<'_>,
        memory: &mut Memory<'_>,
    ) -> Taken {
        // The loop works on values that nothing else can reach, so that they may stay in registers.
        let (mut counted, limits) = (Counted::default(), &mut self.limits);
        let (reasons, follow, places) = (self.reasons, self.follow, &mut self.places);
        let (are_deliveries_followed, are_messages_followed) = (follow.counts(), follow.times.is_some());
        let are_attempts_counted = memory.attempts.are_counted();
        let day = memory.attempts.day_of(memory.time);
        let taken = take_while(run, window, |offer, window| {
            // Why a delivery failed, and where it goes, is told by the end of the text, too.
            if !offer.is_whole() {
                return None;
            }
            let seen = see(offer.look, &mut counted, limits)?;
            let is_followed = match seen {
                Seen::Counted => false,
                Seen::New | Seen::End => are_messages_followed,
                Seen::Begun(_) | Seen::Ended(..) => are_deliveries_followed,
            };
            let (mut attempt, mut time) = (NOWHERE, 0);
            if is_followed {
                time = offer.time(window);
                let writing = Writing { origin: 0, time: Some(time) };
                attempt = followed(seen, &offer, &follow, places, writing, memory, raise)?;
            }
            counted.note(seen);
            if let Seen::Ended(Ended { outcome, .. }) = seen {
                if outcome != Outcome::Success {
                    not_succeeded(&offer, reasons, (attempt, day, time), memory, raise);
                } else if are_attempts_counted {
                    memory.attempts.succeeded(attempt, day);
                }
            }
            Some(Verdict::Known)
        });
        if taken.lines > 0 {
            counted.raise(self.limits.as_ref(), raise);
        }
        taken
    }

    #[cold]
    fn learn(&mut self, text: &[u8]) {
        if let Some(limits) = limits_of(text)
            && self.limits.as_ref().is_none_or(|known| known.limits != limits)
        {
            self.limits = Some(Limits::new(limits));
        }
    }
}

/// Raises why a delivery that is told by the text of `offer` did not succeed, and takes note of it: where it went, on which day and
/// when it ended.
#[cold]
fn not_succeeded(
    offer: &Offer<'_>,
    reasons: Reasons,
    (attempt, day, time): (Attempt, usize, i64),
    memory: &mut Memory<'_>,
    raise: &mut Raise<'_>,
) {
    let text = offer.text(0);
    let Some(at) = memchr::memmem::find(text, b": ") else { return };
    let rest = text.get(at + 2..).unwrap_or_default();
    let (outcome, report) = match rest.strip_prefix(b"deferral: ") {
        Some(report) => (Outcome::Deferral, report),
        None => (Outcome::Failure, rest.strip_prefix(b"failure: ").unwrap_or_default()),
    };
    let why = reasons.why(report, outcome);
    raise_why(why, raise);
    if let Some(why) = why
        && memory.attempts.are_counted()
    {
        memory.attempts.not_succeeded(attempt, why.class(), outcome, (day, time), report);
    }
}

/// What a line is.
#[derive(Clone, Copy, Debug)]
enum Seen {
    /// One that is counted already.
    Counted,
    New,
    End,
    Begun(Begun),
    Ended(Ended),
}

/// A delivery that began: its number and that of its message, and where in the text the recipient begins.
#[derive(Clone, Copy, Debug)]
struct Begun {
    number: u64,
    message: u64,
    to: usize,
    is_local: bool,
}

/// A delivery that ended: its number, and where in the text the report begins, or one byte before that.
#[derive(Clone, Copy, Debug)]
struct Ended {
    number: u64,
    outcome: Outcome,
    report: usize,
}

/// What the line of this text is. `None`: none of the usual ones, and nothing was counted.
#[inline]
fn see(text: &[u8; LOOK], counted: &mut Counted, limits: &mut Option<Limits>) -> Option<Seen> {
    const STATUS: (u64, u64) = bytes(b"status: ");
    const STARTING: (u64, u64) = bytes(b"starting");
    const DELIVERY: (u64, u64) = bytes(b"delivery");
    const NEW: (u64, u64) = bytes(b"new msg");
    const END: (u64, u64) = bytes(b"end msg");
    const INFO: (u64, u64) = bytes(b"info msg");
    const BOUNCE: (u64, u64) = bytes(b"bounce");
    let first = word(text, 0);
    let is_counted = if begins(first, STATUS) {
        limits.as_mut().is_some_and(|limits| status(text, counted, limits))
    } else if begins(first, STARTING) {
        return starting(text).map(Seen::Begun);
    } else if begins(first, DELIVERY) {
        return delivery(text).map(Seen::Ended);
    } else if begins(first, INFO) {
        info(text, counted)
    } else if begins(first, NEW) {
        return Some(Seen::New);
    } else if begins(first, END) {
        return Some(Seen::End);
    } else if begins(first, BOUNCE) {
        counted.bounce += 1;
        true
    } else {
        false
    };
    is_counted.then_some(Seen::Counted)
}

/// Where the number of `new msg N` and `end msg N` is, and that of `delivery N: …`.
const MESSAGE: usize = 8;
const NUMBER: usize = 9;
/// … and that of `starting delivery N: …`.
const STARTING_NUMBER: usize = 18;

/// Takes note of a line, and returns where an attempt went that ended. `None`: it is told from the lines of other queues by what stands behind it, and nothing was noted.
#[inline]
fn followed(
    seen: Seen,
    offer: &Offer<'_>,
    follow: &Follow,
    places: &mut Places,
    writing: Writing,
    memory: &mut Memory<'_>,
    raise: &mut Raise<'_>,
) -> Option<Attempt> {
    let text = offer.look;
    match seen {
        Seen::Counted => {}
        Seen::New | Seen::End => {
            let (number, digits) = long_number(text, MESSAGE)?;
            // Nothing else stands in the line.
            if text[MESSAGE - 1] != b' ' || !offer.text(MESSAGE + digits).is_empty() {
                return None;
            }
            if let Seen::New = seen {
                follow.new_message(number, writing, memory);
            } else {
                follow.left_queue(number, writing, memory, raise);
            }
        }
        Seen::Begun(Begun { number, message, to, is_local }) => {
            let recipient = offer.text(to);
            // It may be the number of a queue.
            if recipient.last().is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let at = memchr::memrchr(b'@', recipient);
            let to = if is_local { LOCAL } else { places.of(recipient, at, follow) };
            let recipient = recipient_of(recipient, at, is_local);
            let delivery = Delivery { message, to, begun: writing.time, recipient };
            follow.begun(number, delivery, writing, memory, raise);
        }
        Seen::Ended(Ended { number, outcome, report }) => {
            // A report ends so.
            if offer.text(report).last() != Some(&b'/') {
                return None;
            }
            return Some(follow.ended(number, Some(outcome), writing, memory, raise));
        }
    }
    Some(NOWHERE)
}

/// `status: local A/LIMIT remote B/LIMIT`, with the limits that are known.
#[inline]
fn status(text: &[u8; LOOK], counted: &mut Counted, limits: &mut Limits) -> bool {
    const LOCAL: (u64, u64) = bytes(b"local ");
    const AT: usize = 14;
    if !begins(word(text, 8), LOCAL) {
        return false;
    }
    let Some((local, digits)) = number(word(text, AT)) else { return false };
    let middle = AT + digits;
    if !begins(word(text, middle), limits.middle[0]) || !begins(word(text, middle + 8), limits.middle[1]) {
        return false;
    }
    let at = middle + limits.middle_length;
    let Some((remote, digits)) = number(word(text, at)) else { return false };
    if !begins(word(text, at + digits), limits.end) {
        return false;
    }
    let (Some(local_share), Some(remote_share)) = (limits.share(0, local), limits.share(1, remote)) else {
        return false;
    };
    counted.status += 1;
    counted.local_share += local_share;
    counted.remote_share += remote_share;
    counted.local_sum += local;
    counted.remote_sum += remote;
    counted.local_peak = counted.local_peak.max(local);
    counted.remote_peak = counted.remote_peak.max(remote);
    true
}

/// `starting delivery N: msg M to local RECIPIENT`, `… to remote RECIPIENT`.
#[inline]
fn starting(text: &[u8; LOOK]) -> Option<Begun> {
    const DELIVERY: (u64, u64) = bytes(b" deliver");
    const Y: (u64, u64) = bytes(b"y ");
    const MSG: (u64, u64) = bytes(b": msg ");
    const TO_LOCAL: [(u64, u64); 2] = [bytes(b" to loca"), bytes(b"l ")];
    const TO_REMOTE: [(u64, u64); 2] = [bytes(b" to remo"), bytes(b"te ")];
    if !begins(word(text, 8), DELIVERY) || !begins(word(text, 16), Y) {
        return None;
    }
    let (number, digits) = long_number(text, STARTING_NUMBER)?;
    let at = STARTING_NUMBER + digits;
    if !begins(word(text, at), MSG) {
        return None;
    }
    let (message, digits) = long_number(text, at + 6)?;
    let at = at + 6 + digits;
    let (to, rest) = (word(text, at), word(text, at + 8));
    if begins(to, TO_LOCAL[0]) && begins(rest, TO_LOCAL[1]) {
        Some(Begun { number, message, to: at + 10, is_local: true })
    } else if begins(to, TO_REMOTE[0]) && begins(rest, TO_REMOTE[1]) {
        Some(Begun { number, message, to: at + 11, is_local: false })
    } else {
        None
    }
}

/// `delivery N: success: REPORT`, `… deferral: …`, `… failure: …`.
#[inline]
fn delivery(text: &[u8; LOOK]) -> Option<Ended> {
    const COLON: (u64, u64) = bytes(b": ");
    const SUCCESS: (u64, u64) = bytes(b"success:");
    const DEFERRAL: (u64, u64) = bytes(b"deferral");
    const FAILURE: (u64, u64) = bytes(b"failure:");
    if text[NUMBER - 1] != b' ' {
        return None;
    }
    let (number, digits) = long_number(text, NUMBER)?;
    let at = NUMBER + digits;
    if !begins(word(text, at), COLON) {
        return None;
    }
    let (result, rest) = (word(text, at + 2), word(text, at + 10));
    let ends = begins(rest, bytes(b" "));
    let outcome = if begins(result, SUCCESS) && ends {
        Outcome::Success
    } else if begins(result, DEFERRAL) && begins(rest, COLON) {
        Outcome::Deferral
    } else if begins(result, FAILURE) && ends {
        Outcome::Failure
    } else {
        return None;
    };
    Some(Ended { number, outcome, report: at + 11 })
}

/// `info msg N: bytes B from …`.
#[inline]
fn info(text: &[u8; LOOK], counted: &mut Counted) -> bool {
    const BYTES: (u64, u64) = bytes(b": bytes ");
    const FROM: (u64, u64) = bytes(b" from");
    const AT: usize = 9;
    if text[AT - 1] != b' ' {
        return false;
    }
    let Some(at) = behind_a_number(text, AT) else { return false };
    if !begins(word(text, at), BYTES) {
        return false;
    }
    let Some((bytes, digits)) = number(word(text, at + 8)) else { return false };
    if !begins(word(text, at + 8 + digits), FROM) {
        return false;
    }
    counted.info += 1;
    counted.bytes += bytes;
    true
}

/// Where the number that stands at `at` ends; `None`: there is none, or one of 15 digits and more.
#[inline]
fn behind_a_number(text: &[u8; LOOK], at: usize) -> Option<usize> {
    let digits = digits(text, at);
    (1..15).contains(&digits).then_some(at + digits)
}

impl Counted {
    /// Notes a line that [`see`] has not counted.
    #[inline]
    fn note(&mut self, seen: Seen) {
        match seen {
            Seen::Counted => {}
            Seen::New => self.new += 1,
            Seen::End => self.end += 1,
            Seen::Begun(Begun { is_local: true, .. }) => self.local += 1,
            Seen::Begun(_) => self.remote += 1,
            Seen::Ended(Ended { outcome: Outcome::Success, .. }) => self.success += 1,
            Seen::Ended(Ended { outcome: Outcome::Deferral, .. }) => self.deferral += 1,
            Seen::Ended(Ended { outcome: Outcome::Failure, .. }) => self.failure += 1,
        }
    }

    /// Raises all of it. `limits`: those of its status lines.
    fn raise(&self, limits: Option<&Limits>, raise: &mut Raise<'_>) {
        raise.add(MESSAGE_NEW, self.new);
        raise.add(MESSAGE_END, self.end);
        raise.add(MESSAGE_BOUNCE, self.bounce);
        raise.add(MESSAGE_INFO, self.info);
        raise.add(MESSAGE_BYTES, self.bytes);
        raise.add(START_DELIVERY, self.local + self.remote);
        raise.add(START_LOCAL, self.local);
        raise.add(START_REMOTE, self.remote);
        raise.add(DELIVERY, self.success + self.deferral + self.failure);
        raise.add(DELIVERY_SUCCESS, self.success);
        raise.add(DELIVERY_DEFERRAL, self.deferral);
        raise.add(DELIVERY_FAILURE, self.failure);
        if let Some(Limits { limits: [local, remote], .. }) = limits
            && self.status > 0
        {
            raise.add(STATUS, self.status);
            raise.add(STATUS_LOCALP, self.local_share);
            raise.add(STATUS_REMOTEP, self.remote_share);
            raise.add(STATUS_LOCAL_SUM, self.local_sum);
            raise.add(STATUS_REMOTE_SUM, self.remote_sum);
            raise.peak(PEAK_LOCAL, self.local_peak);
            raise.peak(PEAK_REMOTE, self.remote_peak);
            raise.level(LIMIT_LOCAL, *local);
            raise.level(LIMIT_REMOTE, *remote);
        }
    }
}

#[cfg(test)]
mod tests;

//! The lines that stand in qmail-smtpd's log all day, counted many at once: connections of tcpserver, senders and
//! recipients of CHKUSER, clients that a list of rblsmtpd turned away.
//!
//! A text is compared eight bytes at a time with what these programs write, up to the word that decides what is counted.
//! The beginning of the text finds the group, as the classifier finds it; what the comparisons do not know goes to the file
//! of the group, and what is of none of these groups to the whole classifier.
use super::super::bulk::{Bulk, LOOK, Offer, Taken, begins, bytes, digits, number, take_while, word};
use super::super::by_classifier::ByClassifier;
use super::super::classify::{Raise, Verdict};
use super::super::memory::Memory;
use super::super::tcpserver;
use super::common::{self, known};
use super::keys::{TCP, TCP_SLOTS};
use super::lists::Lists;
use super::{chkuser, rblsmtpd};
use crate::line::{Run, Window};

/// Knows the lists, and the classifier for all other lines.
pub(super) struct RblBulk {
    pub(super) lists: &'static Lists,
    pub(super) others: ByClassifier,
}

impl Bulk for RblBulk {
    fn take(
        &mut self,
        run: &Run<'_>,
        window: &mut Window,
        raise: &mut Raise<'_>,
        _: &mut Memory<'_>,
    ) -> Taken {
        take_while(run, window, |offer, window| self.count(&offer, window, raise))
    }
}

impl RblBulk {
    /// Counts a line. `None`: it is not counted here.
    #[inline]
    fn count(&self, offer: &Offer<'_>, window: &Window, raise: &mut Raise<'_>) -> Option<Verdict> {
        const TCPSERVER: [(u64, u64); 2] = [bytes(b"tcpserve"), bytes(b"r: ")];
        const CHKUSER: (u64, u64) = bytes(b"CHKUSER ");
        const RBLSMTPD: [(u64, u64); 2] = [bytes(b"rblsmtpd"), bytes(b": ")];
        let (first, second) = (word(offer.look, 0), word(offer.look, 8));
        if begins(first, TCPSERVER[0]) && begins(second, TCPSERVER[1]) {
            raise.one(common::COUNT);
            return match tcp(offer.look) {
                Some(Tcp::Event(counter)) => Some(known(TCP + counter, raise)),
                Some(Tcp::Status(now)) => {
                    raise.peak(TCP + tcpserver::PEAK, now);
                    Some(known(TCP + tcpserver::STATUS, raise))
                }
                None => Some(tcpserver::classify(offer.text(11), TCP_SLOTS, raise)),
            };
        }
        if begins(first, CHKUSER) {
            raise.one(common::COUNT);
            return match chkuser(offer.look) {
                Some(counter) => Some(known(counter, raise)),
                None => Some(chkuser::classify(offer.text(8), raise)),
            };
        }
        if begins(first, RBLSMTPD[0]) && begins(second, RBLSMTPD[1]) {
            // Which list it is may be told by the last bytes of the text.
            if !offer.is_whole() {
                return None;
            }
            raise.one(common::COUNT);
            return Some(rblsmtpd::classify(offer.text(10), self.lists, raise));
        }
        self.others.count(offer, window, raise)
    }
}

/// What a line of tcpserver tells.
enum Tcp {
    /// One event more of this counter, by its position in tcpserver's table.
    Event(usize),
    /// This number of connections.
    Status(u64),
}

/// `tcpserver: pid N from …`, `… ok N …`, `… deny N …`, `… end N …`, `… status: A/B`. `None`: another text, or numbers of
/// many digits.
#[inline]
fn tcp(text: &[u8; LOOK]) -> Option<Tcp> {
    const AT: usize = 11;
    const STATUS: (u64, u64) = bytes(b"status: ");
    const PID: (u64, u64) = bytes(b"pid ");
    const OK: (u64, u64) = bytes(b"ok ");
    const DENY: (u64, u64) = bytes(b"deny ");
    const END: (u64, u64) = bytes(b"end ");
    let first = word(text, AT);
    let (counter, at) = if begins(first, STATUS) {
        return status(text, AT + 8);
    } else if begins(first, END) {
        (tcpserver::END, AT + 4)
    } else if begins(first, OK) {
        (tcpserver::OK, AT + 3)
    } else if begins(first, PID) {
        (tcpserver::CONNECT, AT + 4)
    } else if begins(first, DENY) {
        (tcpserver::DENY, AT + 5)
    } else {
        return None;
    };
    (text[at + some_digits(text, at)?] == b' ').then_some(Tcp::Event(counter))
}

/// `A/B` at `at`, and a blank or the end of the line behind it.
#[inline]
fn status(text: &[u8; LOOK], at: usize) -> Option<Tcp> {
    let (now, length) = number(word(text, at))?;
    let at = at + length;
    if text[at] != b'/' {
        return None;
    }
    let end = at + 1 + some_digits(text, at + 1)?;
    matches!(text[end], b'\n' | b' ').then_some(Tcp::Status(now))
}

/// The number of digits at `at`, 1 to 14: a number that fits in 64 bits.
#[inline]
fn some_digits(text: &[u8; LOOK], at: usize) -> Option<usize> {
    let digits = digits(text, at);
    (1..15).contains(&digits).then_some(digits)
}

/// The counter of `CHKUSER accepted rcpt: …`, `… accepted sender: …`, `… rejected …`. `None`: another text.
#[inline]
fn chkuser(text: &[u8; LOOK]) -> Option<usize> {
    const ACCEPTED: (u64, u64) = bytes(b"accepted");
    const REJECTED: (u64, u64) = bytes(b"rejected");
    const RCPT: (u64, u64) = bytes(b" rcpt:");
    const SENDER: (u64, u64) = bytes(b" sender:");
    let (verdict, rest) = (word(text, 8), word(text, 16));
    if begins(verdict, ACCEPTED) && begins(rest, RCPT) {
        Some(common::HAM)
    } else if begins(verdict, ACCEPTED) && begins(rest, SENDER) {
        Some(common::SENDER_ACCEPTED)
    } else if begins(verdict, REJECTED) && text[16] == b' ' {
        Some(common::CHKUSER)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;

//! What a classifier is given, and what it says of a line.
use std::collections::BTreeMap;

use super::attempts::Hide;
use super::providers::Providers;
use super::reasons::Reasons;
use crate::line::Line;

/// Does a log hold only lines of one protocol, or those of every program?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Nothing but lines of this protocol: a log directory, a file of its own.
    Dedicated,
    /// Lines of every program: syslog, the journal. Only the tag of a line tells which program wrote it.
    Shared,
}

/// What a classifier says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another program's: it raised nothing.
    Foreign,
    /// Understood, also if it means nothing to be counted.
    Known,
    /// Of a program of this protocol, but no rule knows it: it raised `other`, or nothing. Many of these show
    /// that a program writes another format than we know.
    Unknown,
}

/// What toaster.conf says of how lines are read.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `logs_vchkpw_ports`: port → one of vchkpw's services.
    pub vchkpw_ports: BTreeMap<u16, String>,
    /// `webmail_loopback = "all"`.
    pub webmail_loopback_all: bool,
    /// qmail-send writes to syslog.
    pub send_in_syslog: bool,
    /// qmail-smtpd and what runs with it write to syslog.
    pub smtpd_in_syslog: bool,
    /// The POP3 server writes to syslog.
    pub pop3_in_syslog: bool,
    /// spamdyke writes to syslog.
    pub spamdyke_in_syslog: bool,
    /// Which rules decide why a delivery did not succeed.
    pub reasons: Reasons,
    /// Which table decides which provider a delivery goes to.
    pub providers: Providers,
    /// Are the times of deliveries and messages not counted?
    pub no_times: bool,
    /// What is taken out of the reports that are shown.
    pub hide: Hide,
    /// The lists of `[[rbl]]`, each with its name and the pattern that the text of the list matches. They are tested before
    /// the built-in ones.
    pub lists: Vec<(String, regex::bytes::Regex)>,
}

impl Settings {
    /// The same where every program writes to syslog.
    pub fn all_in_syslog(&self) -> Settings {
        Settings {
            send_in_syslog: true,
            smtpd_in_syslog: true,
            pop3_in_syslog: true,
            spamdyke_in_syslog: true,
            ..self.clone()
        }
    }
}

/// How a protocol reads one line.
pub type Classify = dyn Fn(&Line<'_>, LogKind, &mut Raise<'_>) -> Verdict + Send + Sync;

/// Where a classifier raises counters: the values of one bin, by position in the protocol's table.
pub struct Raise<'a>(pub &'a mut [i128]);

impl Raise<'_> {
    /// One event more.
    #[inline]
    pub fn one(&mut self, counter: usize) {
        self.0[counter] += 1;
    }

    /// `amount` more: events, bytes, or units of 10⁻⁹ for a [`CounterKind::Sum`](super::counter::CounterKind::Sum).
    #[inline]
    pub fn add(&mut self, counter: usize, amount: u64) {
        self.0[counter] += i128::from(amount);
    }

    /// `amount` more, in units of 10⁻⁹, for a [`CounterKind::Net`](super::counter::CounterKind::Net).
    #[inline]
    pub fn net(&mut self, counter: usize, amount: i128) {
        self.0[counter] += amount;
    }

    /// A value for a [`CounterKind::Peak`](super::counter::CounterKind::Peak).
    #[inline]
    pub fn peak(&mut self, counter: usize, value: u64) {
        let slot = &mut self.0[counter];
        *slot = (*slot).max(i128::from(value));
    }

    /// A value for a [`CounterKind::Level`](super::counter::CounterKind::Level).
    #[inline]
    pub fn level(&mut self, counter: usize, value: u64) {
        self.0[counter] = i128::from(value);
    }
}

/// `numerator / denominator` in units of 10⁻⁹, rounded half up once. `denominator` is not 0.
#[inline]
pub fn nanofraction(numerator: u64, denominator: u64) -> u64 {
    const NANO: u64 = 1_000_000_000;
    // The common case fits in 64 bits, where a division costs a third.
    if numerator < 4_000_000_000 && denominator < 4_000_000_000 {
        return (2 * NANO * numerator + denominator) / (2 * denominator);
    }
    let (n, d) = (u128::from(numerator), u128::from(denominator));
    u64::try_from((2 * u128::from(NANO) * n + d) / (2 * d)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_rounded_once() {
        assert_eq!(nanofraction(1, 3), 333_333_333);
        assert_eq!(nanofraction(2, 3), 666_666_667);
        assert_eq!(nanofraction(1, 10), 100_000_000);
        assert_eq!(nanofraction(10, 10), 1_000_000_000);
        assert_eq!(nanofraction(0, 7), 0);
        assert_eq!(nanofraction(5_000_000_000, 5_000_000_000), 1_000_000_000);
        assert_eq!(nanofraction(u64::MAX, 1), u64::MAX);
    }
}

//! What is counted: one file a protocol, and the registry that everything else derives from.
//!
//! # How to add one that reads syslog
//! 1. Write its file: a table of [`Counter`]s, a `classify` function, and a card ([`Protocol`]) with what is particular
//!    to it, ended by `..IN_SYSLOG`. The smallest is [`qmailscanner`] (`src/protocol/qmailscanner.rs`).
//! 2. Name it here: `pub mod`, and its line in [`BUILTIN`].
//! 3. Put lines into `tests/data/samples`, with what each raises; `samples.rs` says how.
//! 4. Draw it, if a graph of all its counters is not enough: a template in `templates/`, named on the card.
//!
//! Everything else asks the card: query, counter file, RRD, help, pages, `check`. No other module compares a protocol's
//! name (`src/layers.rs` tests that). Tests refuse a protocol with a counter that no sample raises, without help texts
//! or valid DS names. A protocol knows no file, no clock and no store, and of toaster.conf only [`Settings`]: text in,
//! counters out.
mod card;
pub mod custom;
pub mod imap;
mod login;
pub mod names;
pub mod pop3;
mod program;
pub mod qmailscanner;
pub mod queue;
pub mod rbl;
#[cfg(test)]
mod samples;
mod scan;
pub mod send;
pub mod smtp;
pub mod spamassassin;
mod table;
mod tcpserver;
pub mod webmail;

use std::sync::LazyLock;

pub use card::{CounterFile, Directories, IN_SYSLOG, OlderFile, Processor, Protocol};
pub use login::SERVICES as VCHKPW_SERVICES;

use crate::line::Line;

/// What kind of number a counter is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Whole events; only ever grows. RRD: ABSOLUTE.
    Count,
    /// A sum of fractions in units of 10⁻⁹, each term rounded once, so that any order of the lines
    /// gives the same sum; only ever grows. RRD: ABSOLUTE.
    Sum,
    /// As [`Kind::Sum`], of terms that may be below 0 (a spam score): it may fall. RRD: ABSOLUTE.
    Net,
    /// The highest value in a bin. RRD: GAUGE.
    Peak,
    /// The last value in a bin. RRD: GAUGE.
    Level,
    /// Computed by the query from the other values, in units of 10⁻⁹; stored nowhere.
    Derived(fn(&Known<'_>) -> i128),
}

impl Kind {
    /// Is it stored in the counter file for ever?
    pub fn is_odometer(self) -> bool {
        matches!(self, Kind::Count | Kind::Sum | Kind::Net)
    }

    /// Does it describe one bin instead of all time?
    pub fn is_gauge(self) -> bool {
        matches!(self, Kind::Peak | Kind::Level)
    }
}

/// What a [`Kind::Derived`] value may be computed from, all by position in the protocol's table.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Odometers and gauges.
    pub values: &'a [i128],
    /// Of each counter: the newest local day (`YYYYMMDD`; 0: none yet) on which it moved, by the lines' own
    /// time, and by how much it did on that day.
    pub newest_day: &'a [(u32, i128)],
}

/// One number of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// Name in the query, and in the counter file unless [`Protocol::stored`] has another.
    pub key: &'static str,
    /// Name of the data source in the RRD, at most 19 of `[A-Za-z0-9_-]`; empty for derived ones.
    pub ds: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// One line for people.
    pub help: &'static str,
}

/// A counter of whole events.
pub const fn count(key: &'static str, ds: &'static str, help: &'static str) -> Counter {
    Counter { key, ds, kind: Kind::Count, help }
}

/// A counter of whole events whose key is its DS name too.
pub const fn events(key: &'static str, help: &'static str) -> Counter {
    of(Kind::Count, key, help)
}

/// A value that the query computes.
pub const fn derived(key: &'static str, compute: fn(&Known<'_>) -> i128, help: &'static str) -> Counter {
    Counter { key, ds: "", kind: Kind::Derived(compute), help }
}

/// A counter of another kind whose key is its DS name too.
pub const fn of(kind: Kind, key: &'static str, help: &'static str) -> Counter {
    Counter { key, ds: key, kind, help }
}

/// Whose log a line stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In one that holds nothing but this protocol's lines: a log directory, a file of its own.
    Own,
    /// In one that every program writes to: syslog, the journal. Only the program's tag tells whose line it is.
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
    pub vchkpw_ports: std::collections::BTreeMap<u16, String>,
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
    /// `[[rbl]]`: own lists, tested before the built-in ones: name, and what the text of a list holds.
    pub lists: Vec<(String, regex::bytes::Regex)>,
}

/// How a protocol reads one line.
pub type Classify = dyn Fn(&Line<'_>, Place, &mut Raise<'_>) -> Verdict + Send + Sync;

/// The built-in protocols, in the order of the usage. Each is made from what toaster.conf says.
pub const BUILTIN: &[fn(&Settings) -> Protocol] = &[
    send::protocol,
    rbl::protocol,
    smtp::protocol,
    pop3::protocol,
    imap::protocol,
    webmail::protocol,
    spamassassin::protocol,
    qmailscanner::protocol,
    queue::protocol,
];

/// The built-in protocols as they are where toaster.conf is silent: what stands on their cards.
pub fn shipped() -> &'static [Protocol] {
    static SHIPPED: LazyLock<Vec<Protocol>> =
        LazyLock::new(|| BUILTIN.iter().map(|make| make(&Settings::default())).collect());
    &SHIPPED
}

/// All of [`BUILTIN`] under other settings, for as long as the process lives: for tests and tools.
pub fn builtin(settings: &Settings) -> Vec<&'static Protocol> {
    BUILTIN.iter().map(|make| &*Box::leak(Box::new(make(settings)))).collect()
}

/// Where a classifier raises counters: the values of one bin, by position in the protocol's table.
pub struct Raise<'a>(pub &'a mut [i128]);

impl Raise<'_> {
    /// One event more.
    #[inline]
    pub fn one(&mut self, counter: usize) {
        self.0[counter] += 1;
    }

    /// `amount` more: events, bytes, or units of 10⁻⁹ for a [`Kind::Sum`].
    #[inline]
    pub fn add(&mut self, counter: usize, amount: u64) {
        self.0[counter] += i128::from(amount);
    }

    /// `amount` more, in units of 10⁻⁹, for a [`Kind::Net`].
    #[inline]
    pub fn net(&mut self, counter: usize, amount: i128) {
        self.0[counter] += amount;
    }

    /// A value for a [`Kind::Peak`].
    #[inline]
    pub fn peak(&mut self, counter: usize, value: u64) {
        let slot = &mut self.0[counter];
        *slot = (*slot).max(i128::from(value));
    }

    /// A value for a [`Kind::Level`].
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
    use std::collections::BTreeSet;

    #[test]
    fn every_protocol_is_complete() {
        for protocol in builtin(&Settings::default()) {
            let mut keys = BTreeSet::new();
            let mut names = BTreeSet::new();
            for counter in protocol.counters {
                let at = format!("{}: {}", protocol.name, counter.key);
                assert!(keys.insert(counter.key), "{at}: the key is there twice");
                assert!(!counter.help.is_empty(), "{at}: no help text");
                if matches!(counter.kind, Kind::Derived(_)) {
                    assert!(counter.ds.is_empty(), "{at}: a derived value has no DS");
                    continue;
                }
                assert!(names.insert(counter.ds), "{at}: the DS name is there twice");
                assert!((1..=19).contains(&counter.ds.len()), "{at}: DS name of 1 to 19 characters");
                assert!(
                    counter.ds.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
                    "{at}: DS name of letters, digits, _ and -"
                );
                if counter.key.len() <= 19 {
                    assert_eq!(counter.ds, counter.key, "{at}: a short key is its own DS name");
                }
            }
            let named = protocol.stored.iter().map(|s| s.0).chain(protocol.aliases.iter().map(|a| a.1));
            for key in named {
                assert!(protocol.index(key).is_some(), "{}: no counter {key}", protocol.name);
            }
            assert!(!protocol.about.is_empty(), "{}: no line for the usage", protocol.name);
            assert!(!protocol.title.is_empty(), "{}: no heading", protocol.name);
            for (key, _) in protocol.overview {
                assert!(
                    protocol.index(key).is_some(),
                    "{}: the overview has no counter {key}",
                    protocol.name
                );
            }
            for (name, text) in protocol.templates {
                assert!(
                    text.contains(&format!("protocol = \"{}\"", protocol.name)),
                    "{}: {name}",
                    protocol.name
                );
            }
        }
    }

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

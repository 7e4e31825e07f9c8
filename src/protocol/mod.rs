//! What is counted: one file a protocol, and the registry that everything else derives from.
//!
//! # How to add one
//! 1. Copy [`send`] (`src/protocol/send.rs`): a table of [`Counter`]s, a `classify` function and
//!    the sample lines with what each must raise.
//! 2. Add it to [`PROTOCOLS`].
//!
//! The counter file, the query, the RRD's data sources and the help come from the table; the
//! registry's test refuses a protocol without samples, help texts or valid DS names. A protocol
//! knows no file, no clock, no configuration and no store: text in, counters out.
pub mod send;

use crate::line::Line;

/// What kind of number a counter is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Whole events; only ever grows. RRD: ABSOLUTE.
    Count,
    /// A sum of fractions in units of 10⁻⁹, each term rounded once, so that any order of the lines
    /// gives the same sum; only ever grows. RRD: ABSOLUTE.
    Sum,
    /// The highest value in a bin. RRD: GAUGE.
    Peak,
    /// The last value in a bin. RRD: GAUGE.
    Level,
    /// Computed by the query from the other values, in units of 10⁻⁹; stored nowhere.
    Derived(fn(&[i128]) -> i128),
}

impl Kind {
    /// Is it stored in the counter file, growing for ever?
    pub fn is_odometer(self) -> bool {
        matches!(self, Kind::Count | Kind::Sum)
    }

    /// Does it describe one bin instead of all time?
    pub fn is_gauge(self) -> bool {
        matches!(self, Kind::Peak | Kind::Level)
    }
}

/// One number of a protocol.
#[derive(Debug)]
pub struct Counter {
    /// Name in the query and in the counter file.
    pub key: &'static str,
    /// Name of the data source in the RRD, at most 19 of `[A-Za-z0-9_-]`; empty for derived ones.
    pub ds: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// One line for people.
    pub help: &'static str,
}

/// A line with what it must raise: `(key, amount)`, sums in units of 10⁻⁹.
pub type Sample = (&'static str, &'static [(&'static str, i128)]);

/// Something that is counted from log lines.
#[derive(Debug)]
pub struct Protocol {
    /// As in `maillogs NAME`; also the name of its state and RRD files.
    pub name: &'static str,
    /// One line for the usage.
    pub about: &'static str,
    /// The numbers, in the order in which the query prints them.
    pub counters: &'static [Counter],
    /// Raises what one line counts.
    pub classify: fn(&Line<'_>, &mut Raise<'_>),
    /// Lines that document and test it.
    pub samples: &'static [Sample],
}

impl Protocol {
    /// The position of `key` in [`Protocol::counters`].
    pub fn index(&self, key: &str) -> Option<usize> {
        self.counters.iter().position(|c| c.key == key)
    }
}

/// Every protocol, in the order of the usage.
pub const PROTOCOLS: &[&Protocol] = &[&send::SEND];

/// What `smtplog` is fed with: passed through and archived, not counted yet.
pub const SMTPD: Protocol = uncounted("rbl", "what qmail-smtpd's directory holds");
/// What `pop3log` is fed with: passed through and archived, not counted yet.
pub const POP3D: Protocol = uncounted("pop3", "what the POP3 server's directory holds");

const fn uncounted(name: &'static str, about: &'static str) -> Protocol {
    Protocol { name, about, counters: &[], classify: |_, _| {}, samples: &[] }
}

/// Looks a protocol up by its name.
pub fn find(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().copied().find(|p| p.name == name)
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
    use crate::line::Parser;
    use std::collections::BTreeSet;

    #[test]
    fn every_protocol_is_complete() {
        for protocol in PROTOCOLS {
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
            assert!(!protocol.samples.is_empty(), "{}: no sample lines", protocol.name);
            assert!(!protocol.about.is_empty(), "{}: no line for the usage", protocol.name);
        }
    }

    #[test]
    fn every_sample_counts_what_it_says() {
        for protocol in PROTOCOLS {
            let mut raised = BTreeSet::new();
            for (line, expected) in protocol.samples {
                let mut values = vec![0i128; protocol.counters.len()];
                (protocol.classify)(
                    &Parser::new(10, 1_790_635_513).parse(line.as_bytes()),
                    &mut Raise(&mut values),
                );
                let mut want = vec![0i128; protocol.counters.len()];
                for (key, amount) in *expected {
                    let i = protocol.index(key).unwrap_or_else(|| panic!("{line}: no counter {key}"));
                    want[i] = *amount;
                    raised.insert(*key);
                }
                assert_eq!(values, want, "{}: {line}", protocol.name);
            }
            for counter in protocol.counters {
                let derived = matches!(counter.kind, Kind::Derived(_));
                assert!(
                    derived || raised.contains(counter.key),
                    "{}: no sample raises {}",
                    protocol.name,
                    counter.key
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

//! Own counters and own protocols: what toaster.conf adds to the built-in ones, without code.
//!
//! An own counter counts the lines whose text (behind stamp and syslog header) its regex finds; with `sum` it adds
//! up what one of the regex's groups captures. The config makes and checks them; here they become protocols like
//! the built-in ones. What is made here is leaked: protocols are made once and live as long as the process.
use std::ops::Range;

use regex::bytes::Regex;

use super::BUILTIN;
use super::card::{IN_SYSLOG, Processor, Protocol};
use super::classify::{Classify, LogKind, Raise, Settings, Verdict};
use super::conf_sum::ConfSum;
use super::counter::{Counter, CounterKind};
use super::like::instance;
use super::names::ds_name;
use crate::line::Line;

/// A counter of toaster.conf: one `[[counter]]`.
#[derive(Clone, Debug)]
pub struct CustomCounter {
    /// The protocol it belongs to, built-in or own.
    pub protocol: String,
    /// Its name, which no other counter of the protocol has.
    pub key: String,
    /// One line for people; empty: one is made.
    pub help: String,
    /// What the text of its lines holds.
    pub pattern: Regex,
    /// The group whose decimals are added up, by number; then `key` is the sum, and the lines are counted as
    /// [`lines_key`]. `None`: `key` counts the lines.
    pub sum: Option<usize>,
    /// Only lines with exactly this syslog tag.
    pub tag: Option<Vec<u8>>,
    /// Where it stands: `FILE: line N`.
    pub origin: String,
}

impl PartialEq for CustomCounter {
    /// Compares the patterns by their text.
    fn eq(&self, other: &CustomCounter) -> bool {
        let fields = |c: &CustomCounter| {
            let text = [&c.protocol, &c.key, &c.help, &c.origin].map(String::clone);
            (text, c.pattern.as_str().to_owned(), c.sum, c.tag.clone())
        };
        fields(self) == fields(other)
    }
}

impl CustomCounter {
    /// The names of the counters that it becomes: one, or the sum and its lines.
    pub fn keys(&self) -> Vec<String> {
        let lines = self.sum.map(|_| lines_key(&self.key));
        std::iter::once(self.key.clone()).chain(lines).collect()
    }

    /// What its `match` finds in the text of `line`, whatever the line's tag. `None`: nothing, so that it does not count it.
    pub fn find(&self, line: &Line<'_>) -> Option<Found> {
        if line.continuation {
            return None;
        }
        let captures = self.pattern.captures(line.text)?;
        let whole = captures.get(0)?.range();
        let amount = self.sum.map(|group| match captures.get(group) {
            None => Amount::LeftOut,
            Some(amount) => match nano(amount.as_bytes()) {
                Some(nanos) => Amount::Number(amount.range(), nanos),
                None => Amount::NotANumber(amount.range()),
            },
        });
        let is_of_tag = self.tag.is_none() || self.tag.as_deref() == line.tag;
        Some(Found { whole, is_of_tag, amount })
    }
}

/// What the `match` of a [`CustomCounter`] found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where: bytes of the text.
    pub whole: Range<usize>,
    /// Has the line the tag that the counter asks for? Without it, it does not count.
    pub is_of_tag: bool,
    /// What `sum` captures; `None`: it counts lines only.
    pub amount: Option<Amount>,
}

/// What `sum` of a [`CustomCounter`] captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// A decimal: bytes of the text, and units of 10⁻⁹.
    Number(Range<usize>, i128),
    /// Something else, which adds nothing.
    NotANumber(Range<usize>),
    /// Nothing: the expression matches without the group.
    LeftOut,
}

/// The counter of the lines that the sum `key` was made of.
pub fn lines_key(key: &str) -> String {
    format!("{key}_lines")
}

/// A protocol of toaster.conf: one `[protocol.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomProtocol {
    /// As in `maillogs NAME`.
    pub name: String,
    /// One line for the usage; empty: one is made.
    pub about: String,
    /// Where its lines stand.
    pub place: LogKind,
    /// The built-in protocol that it is a second instance of; `None`: it counts nothing but its own counters.
    pub like: Option<&'static str>,
}

/// All protocols: the built-in ones with their own counters, each followed by its second instances, then those of
/// toaster.conf in its order. They live as long as the process.
pub fn all(
    settings: &Settings,
    counters: &[CustomCounter],
    own: &[CustomProtocol],
) -> Vec<&'static Protocol> {
    let of = |name: &str| -> Vec<CustomCounter> {
        counters.iter().filter(|counter| counter.protocol == name).cloned().collect()
    };
    let mut all = Vec::new();
    for make in BUILTIN {
        let base = make(settings);
        let name = base.name;
        all.push(extend(base, &of(name)));
        for own in own.iter().filter(|own| own.like == Some(name)) {
            let base = instance(*make, settings, &own.name, &own.about, own.place);
            all.push(extend(base, &of(&own.name)));
        }
    }
    let own = own.iter().filter(|own| own.like.is_none());
    all.extend(own.map(|p| protocol(&p.name, &p.about, p.place, &of(&p.name))));
    all.into_iter().map(|protocol| &*Box::leak(Box::new(protocol))).collect()
}

/// `base` with the counters `own` behind its own. A line that one of them matches is known, whatever `base` says.
pub fn extend(base: Protocol, own: &[CustomCounter]) -> Protocol {
    if own.is_empty() {
        return base;
    }
    let Table { counters, rules, conf_sums } = table(base.counters, own);
    let first = base.classify;
    let classify = move |line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>| {
        let verdict = first(line, place, raise);
        if count_all(&rules, line, raise) { Verdict::Known } else { verdict }
    };
    // What takes many lines at once does not know the rules, which may be about any program's lines.
    Protocol { counters, classify: leaked(classify), bulk: None, writers: None, conf_sums, ..base }
}

/// A protocol that counts nothing but `own`.
pub fn protocol(name: &str, about: &str, home: LogKind, own: &[CustomCounter]) -> Protocol {
    let Table { counters, rules, conf_sums } = table(&[], own);
    let classify = move |line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>| {
        match (count_all(&rules, line, raise), place) {
            (true, _) => Verdict::Known,
            // Every line of its own log is its.
            (false, LogKind::Dedicated) => Verdict::Unknown,
            (false, LogKind::Shared) => Verdict::Foreign,
        }
    };
    let about = if about.is_empty() { "as toaster.conf says" } else { about };
    Protocol {
        name: text(name),
        title: text(name),
        about: text(about),
        counters,
        classify: leaked(classify),
        conf_sums,
        reads_syslog: home == LogKind::Shared,
        processor: Some(Processor::of_conf(name)),
        ..IN_SYSLOG
    }
}

fn text(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn leaked<F>(classify: F) -> &'static Classify
where
    F: Fn(&Line<'_>, LogKind, &mut Raise<'_>) -> Verdict + Send + Sync + 'static,
{
    Box::leak(Box::new(classify))
}

/// An own counter at its place in a protocol's table.
struct Rule {
    pattern: Regex,
    tag: Option<Vec<u8>>,
    raises: Raises,
}

enum Raises {
    /// The counter of the lines.
    Lines(usize),
    /// The sum, followed by the counter of its lines.
    Sum { at: usize, group: usize, sum: &'static ConfSum },
}

/// What counters of toaster.conf add to a protocol.
struct Table {
    /// The protocol's counters, with those of toaster.conf behind them.
    counters: &'static [Counter],
    /// What raises those of toaster.conf.
    rules: Vec<Rule>,
    /// Those of them that are sums.
    conf_sums: &'static [&'static ConfSum],
}

/// The table `base` with the counters of `own` behind it, and what raises those.
fn table(base: &[Counter], own: &[CustomCounter]) -> Table {
    let mut counters = base.to_vec();
    let (mut rules, mut sums) = (Vec::new(), Vec::new());
    for counter in own {
        let at = counters.len();
        let kinds = if counter.sum.is_some() {
            &[CounterKind::Sum, CounterKind::Count][..]
        } else {
            &[CounterKind::Count]
        };
        for (key, kind) in counter.keys().iter().zip(kinds) {
            let help = match (counter.help.as_str(), kind, counter.sum) {
                ("", CounterKind::Sum, _) => format!("sum of what toaster.conf's {} captures", counter.key),
                ("", ..) => format!("lines that toaster.conf's {} matches", counter.key),
                (help, CounterKind::Count, Some(_)) => format!("{help} (lines)"),
                (help, ..) => help.to_owned(),
            };
            let (key, ds, help) = (text(key), text(&ds_name(key)), text(&help));
            counters.push(Counter { key, ds, kind: *kind, help });
        }
        let raises = match counter.sum {
            Some(group) => {
                let counted_by = lines_key(&counter.key);
                let sum = ConfSum::new(counter.origin.clone(), counter.key.clone(), counted_by);
                let sum: &'static ConfSum = Box::leak(Box::new(sum));
                sums.push(sum);
                Raises::Sum { at, group, sum }
            }
            None => Raises::Lines(at),
        };
        rules.push(Rule { pattern: counter.pattern.clone(), tag: counter.tag.clone(), raises });
    }
    let conf_sums = Box::leak(sums.into_boxed_slice());
    Table { counters: Box::leak(counters.into_boxed_slice()), rules, conf_sums }
}

/// Raises the counters of all `rules` that match `line`. Returns whether any does.
fn count_all(rules: &[Rule], line: &Line<'_>, raise: &mut Raise<'_>) -> bool {
    // The rest of a line that splogger cut counts nothing.
    if line.continuation {
        return false;
    }
    let mut any = false;
    for rule in rules {
        any |= rule.count(line, raise);
    }
    any
}

impl Rule {
    /// Raises its counters if `line` matches.
    fn count(&self, line: &Line<'_>, raise: &mut Raise<'_>) -> bool {
        if self.tag.is_some() && self.tag.as_deref() != line.tag {
            return false;
        }
        match self.raises {
            Raises::Lines(at) => {
                let matches = self.pattern.is_match(line.text);
                if matches {
                    raise.one(at);
                }
                matches
            }
            Raises::Sum { at, group, sum } => {
                let Some(captures) = self.pattern.captures(line.text) else { return false };
                raise.one(at + 1);
                match captures.get(group).map(|amount| nano(amount.as_bytes())) {
                    Some(Some(amount)) => raise.net(at, amount),
                    Some(None) => sum.not_a_number(),
                    // A group that the regex itself leaves out has no amount.
                    None => {}
                }
                true
            }
        }
    }
}

/// A decimal that is not negative (`12`, `0.5`, `.5`, `12.`), in units of 10⁻⁹, rounded half up once. `None`: it is
/// none, or has more than 15 digits before the point, as no amount in a log has.
fn nano(text: &[u8]) -> Option<i128> {
    const MOST: usize = 15;
    let point = text.iter().position(|&b| b == b'.').unwrap_or(text.len());
    let (whole, fraction) = text.split_at(point);
    let fraction = fraction.strip_prefix(b".").unwrap_or(fraction);
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let zeros = whole.iter().take_while(|&&b| b == b'0').count();
    if whole.len() - zeros > MOST {
        return None;
    }
    let nine = whole.iter().copied().chain(fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9));
    let units = nine.fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    let up = fraction.get(9).is_some_and(|&digit| digit >= b'5');
    Some(units + i128::from(up))
}

#[cfg(test)]
mod tests;

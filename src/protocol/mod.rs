//! What is counted: one file a protocol, and the registry that everything else derives from.
//!
//! # How to add one that reads syslog
//! 1. Write its file: a table of [`Counter`]s, a `classify` function, and a card ([`Protocol`]) with what is particular
//!    to it, ended by `..IN_SYSLOG`. The smallest is [`qmailscanner`] (`src/protocol/qmailscanner.rs`).
//! 2. Name it here: `pub mod`, and its line in [`BUILTIN`].
//! 3. Put lines into `tests/data/samples`, with what each raises; `samples.rs` says how.
//! 4. Name its metrics and their labels on the card (`families`), for Prometheus and others; without that a counter is known
//!    by its key.
//! 5. Draw it, if a graph of all its counters is not enough: a template in `templates/`, named on the card.
//!
//! Everything else asks the card: query, counter file, RRD, help, pages, `check`. No other module compares a protocol's
//! name (`src/layers.rs` tests that). Tests refuse a protocol with a counter that no sample raises, without help texts
//! or valid DS names. A protocol knows no file, no clock and no store, and of toaster.conf only [`Settings`]: text in,
//! counters out.
pub mod attempts;
mod bulk;
mod by_classifier;
mod card;
mod classify;
mod conf_sum;
mod counter;
mod counter_table;
pub mod custom;
mod decimal;
pub mod delivery;
pub mod haraka;
pub mod imap;
pub mod like;
mod login;
pub mod memory;
pub mod names;
pub mod pop3;
pub mod postfix;
mod program;
pub mod providers;
pub mod qmailscanner;
pub mod queue;
pub mod rbl;
pub mod reasons;
pub mod rspamd;
#[cfg(test)]
mod samples;
mod scan;
pub mod secrets;
mod section;
pub mod send;
pub mod smtp;
pub mod spamassassin;
mod tcpserver;
pub mod times;
pub mod webmail;

use std::sync::LazyLock;

pub use bulk::{Bulk, Follow, Taken};
pub use by_classifier::ByClassifier;
pub use card::{
    CounterFile, Directories, IN_SYSLOG, Like, MakeBulk, OlderFile, Processor, Protocol, Writers,
};
pub use classify::{Classify, LogKind, Raise, Settings, Verdict, nanofraction};
pub use counter::{Counter, CounterKind, Known, count, derived, events, of_kind};
pub use login::SERVICES as VCHKPW_SERVICES;
pub use section::{Section, Unknown};

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
    delivery::protocol,
    postfix::protocol,
    haraka::protocol,
    rspamd::protocol,
    queue::protocol,
];

/// The built-in protocols as they are where toaster.conf is silent: what stands on their cards.
pub fn shipped() -> &'static [Protocol] {
    static SHIPPED: LazyLock<Vec<Protocol>> =
        LazyLock::new(|| BUILTIN.iter().map(|make| make(&Settings::default())).collect());
    &SHIPPED
}

/// Makes every protocol of [`BUILTIN`] under `settings`. Its memory is never freed, so it is for tests and tools only.
pub fn builtin(settings: &Settings) -> Vec<&'static Protocol> {
    BUILTIN.iter().map(|make| &*Box::leak(Box::new(make(settings)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::family::Family;
    use std::collections::BTreeSet;

    /// Other programs know a number by its metric and its labels: each counter has one place, and no two have the same.
    #[test]
    fn every_counter_has_a_metric_of_its_own() {
        let mut places = BTreeSet::new();
        let mut families: Vec<&Family> = Vec::new();
        for protocol in shipped() {
            let own: Vec<&Counter> = protocol.own_counters().collect();
            let sections =
                protocol.sections.iter().map(|s| (s.name, s.families, s.counters.iter().collect()));
            for (part, of, counters) in
                std::iter::once((protocol.name, protocol.families, own)).chain(sections)
            {
                for counter in &counters {
                    let at = format!("{part}: {}", counter.key);
                    let found: Vec<_> = of.iter().filter_map(|f| Some((f, f.place(counter.key)?))).collect();
                    if matches!(counter.kind, CounterKind::Derived(_)) {
                        assert!(found.is_empty(), "{at}: others compute it from the rest");
                        continue;
                    }
                    let [(family, place)] = &found[..] else { panic!("{at}: {found:?}") };
                    assert_eq!(place.values.len(), family.labels.len(), "{at}: a value for each label");
                    assert!(
                        places.insert((family.name, place.values.clone(), format!("{:?}", place.bucket))),
                        "{at}: another counter is {} {:?}",
                        family.name,
                        place.values
                    );
                }
                for family in of {
                    let name = format!("{part}: {}", family.name);
                    let is_name =
                        |text: &str| text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
                    assert!(is_name(family.name) && family.labels.iter().all(|l| is_name(l)), "{name}");
                    let reserved = ["protocol", "source", "log", "le", "job", "instance", "host", "quantile"];
                    assert!(!family.labels.iter().any(|label| reserved.contains(label)), "{name}");
                    for end in ["_total", "_count", "_sum", "_bucket", "_seconds", "_bytes", "_info"] {
                        assert!(!family.name.ends_with(end), "{name}: the formats add {end}");
                    }
                    let members = family.members.iter().filter(|member| {
                        let alone = Family { members: std::slice::from_ref(member), ..*family };
                        counters.iter().any(|counter| alone.place(counter.key).is_some())
                    });
                    assert_eq!(members.count(), family.members.len(), "{name}: a member is no counter");
                    let same = families.iter().find(|known| known.name == family.name);
                    if let Some(same) = same {
                        assert_eq!(
                            (same.help, same.unit, same.labels),
                            (family.help, family.unit, family.labels),
                            "{name}"
                        );
                    }
                    families.push(family);
                }
            }
        }
        assert!(places.len() > 400, "{}", places.len());
    }

    /// What the overview names exists: every counter, and the graph that an event links to.
    #[test]
    fn what_the_overview_asks_is_there() {
        use crate::reading::role::{Fact, Of, Overview, Role};
        let levels = [Role::Waiting, Role::Oldest];
        let graphs: Vec<&str> = shipped()
            .iter()
            .flat_map(|card| card.templates.iter().chain(card.sections.iter().flat_map(|s| s.templates)))
            .map(|(name, _)| *name)
            .collect();
        let mut answered = BTreeSet::new();
        for card in shipped() {
            let own: Vec<&Counter> = card.own_counters().collect();
            let sections = card.sections.iter().map(|s| (s.page, s.counters.iter().collect()));
            for (page, counters) in sections.chain([(card.page, own)]) {
                let page: Overview = page;
                let find = |key: &str| {
                    let found = counters.iter().find(|counter: &&&Counter| counter.key == key);
                    *found.unwrap_or_else(|| panic!("{}: the overview has no counter {key}", card.name))
                };
                let grow = |keys: &[&str]| {
                    keys.iter().for_each(|key| assert!(find(key).kind.is_odometer(), "{key}"))
                };
                grow(page.lines);
                for answer in page.answers {
                    let is_level = levels.contains(&answer.role);
                    assert!(!answer.keys.is_empty());
                    answer
                        .keys
                        .iter()
                        .for_each(|key| assert_eq!(find(key).kind.is_gauge(), is_level, "{key}"));
                    assert!(!answer.lists || card.counts_lists, "{}", card.name);
                    assert!(
                        answered.insert((card.name, answer.role)),
                        "{}: {:?} twice",
                        card.name,
                        answer.role
                    );
                    let logs_in = matches!(answer.role, Role::LoggedIn | Role::LoginFailed);
                    assert_eq!(matches!(answer.of, Of::Logins(_)), logs_in);
                }
                for row in page.rows {
                    grow(row.keys);
                    assert!(!row.lists || card.counts_lists);
                }
                for subject in page.subjects {
                    grow(subject.keys);
                    grow(subject.among);
                    assert!(graphs.contains(&subject.graph), "{}", subject.graph);
                    assert!(["blue-area", "plum-area", "warn", "bad"].contains(&subject.color));
                    for fact in subject.facts {
                        match *fact {
                            Fact::Largest { section: "", parts, .. } => {
                                parts.iter().for_each(|(key, _)| grow(&[key]));
                            }
                            Fact::Largest { section, parts, .. } => {
                                let section =
                                    card.sections.iter().find(|s| s.name == section).expect("a section");
                                let is_its = |key: &str| section.counters.iter().any(|c| c.key == key);
                                assert!(parts.iter().all(|(key, _)| is_its(key)), "{}", section.name);
                            }
                            Fact::Succeeded(keys) => grow(keys),
                            Fact::Encrypted(plain, encrypted) => {
                                grow(plain);
                                grow(encrypted);
                            }
                            Fact::Share(_) => assert!(!subject.among.is_empty()),
                            Fact::Peak(key, _) => assert!(find(key).kind.is_gauge(), "{key}"),
                            Fact::Queue => {}
                        }
                    }
                }
            }
        }
        let roles: BTreeSet<Role> = answered.iter().map(|(_, role)| *role).collect();
        assert_eq!(roles.len(), 16, "every question has an answer: {roles:?}");
        // Each list that a metric names is among those that block.
        let card = shipped().iter().find(|card| card.counts_lists).unwrap();
        let of = card.page.answers.iter().find(|answer| answer.lists).unwrap();
        let family = card.families.iter().find(|family| family.labels == ["list"]).unwrap();
        let lists = card.counters.iter().filter(|counter| family.place(counter.key).is_some());
        assert!(lists.clone().count() > 15 && lists.clone().all(|list| of.keys.contains(&list.key)));
    }

    #[test]
    fn every_protocol_is_complete() {
        for protocol in builtin(&Settings::default()) {
            let mut keys = BTreeSet::new();
            let mut names = BTreeSet::new();
            for counter in protocol.counters {
                let at = format!("{}: {}", protocol.name, counter.key);
                assert!(keys.insert(counter.key), "{at}: the key is there twice");
                assert!(!counter.help.is_empty(), "{at}: no help text");
                if matches!(counter.kind, CounterKind::Derived(_)) {
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
            for (key, _) in protocol.main_counters {
                assert!(
                    protocol.index(key).is_some(),
                    "{}: main_counters: there is no counter {key}",
                    protocol.name
                );
            }
            let parts = protocol.sections.iter().map(|section| (section.name, section.templates));
            for (part, templates) in parts.chain([(protocol.name, protocol.templates)]) {
                for (name, text) in templates {
                    assert!(text.contains(&format!("protocol = \"{part}\"")), "{part}: {name}");
                }
            }
            for section in protocol.sections {
                let (name, counters) = (section.name, section.counters);
                assert!(
                    counters
                        .iter()
                        .enumerate()
                        .all(|(i, counter)| { protocol.index(counter.key) == Some(section.first + i) }),
                    "{name}: its counters stand elsewhere"
                );
                assert!(
                    section.main_counters.iter().all(|(key, _)| counters.iter().any(|c| c.key == *key)),
                    "{name}"
                );
                assert!(!section.templates.is_empty() && !section.title.is_empty(), "{name}");
            }
        }
    }
}

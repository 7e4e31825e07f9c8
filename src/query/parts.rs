//! What a protocol is at → the same of its own counters, and of each of its sections.
use crate::protocol::{Protocol, Section};
use crate::reading::Reading;

/// The reading of the part of `protocol` that is called `name`: the protocol itself, or a section. `None`: it has none of
/// that name.
pub fn part(protocol: &Protocol, reading: Reading, name: &str) -> Option<Reading> {
    parts(protocol, reading).into_iter().find(|part| part.protocol == name)
}

/// The reading of what is the protocol's own, and behind it that of each section.
pub fn parts(protocol: &Protocol, reading: Reading) -> Vec<Reading> {
    if protocol.sections.is_empty() {
        return vec![reading];
    }
    let sections = protocol.sections.iter().map(|section| Reading {
        protocol: section.name,
        title: section.title,
        about: section.about,
        overview: section.overview,
        ..of(protocol, &reading, Some(section))
    });
    std::iter::once(of(protocol, &reading, None)).chain(sections).collect()
}

/// The same with those counters alone that are in `section`, or in none.
fn of(protocol: &Protocol, reading: &Reading, section: Option<&Section>) -> Reading {
    let is_its =
        |position: usize| protocol.section(position).map(|s| s.name) == section.map(|section| section.name);
    fn its<T: Clone>(all: &[T], is_its: impl Fn(usize) -> bool) -> Vec<T> {
        all.iter().enumerate().filter(|(position, _)| is_its(*position)).map(|(_, one)| one.clone()).collect()
    }
    let waiting = reading.waiting.iter().map(|(begin, values)| (*begin, its(values, is_its)));
    Reading {
        counters: its(&reading.counters, is_its),
        waiting: waiting.collect(),
        ..Reading { counters: Vec::new(), waiting: Vec::new(), ..reading.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use crate::reading::{Counter, DefinedBy, Measure, Value};

    #[test]
    fn each_counter_is_in_one_part_and_keeps_its_values() {
        let counters = SEND.counters.iter().enumerate().map(|(i, counter)| Counter {
            key: counter.key,
            ds: counter.ds,
            help: "",
            measure: Measure::Count,
            defined_by: DefinedBy::BuiltIn,
            value: Some(Value { total: i as i128, ..Value::default() }),
        });
        // A counter of toaster.conf stands behind all others.
        let own = Counter { key: "mine", ..counters.clone().next().unwrap() };
        let reading = Reading {
            protocol: "send",
            waiting: vec![(60, (0..=SEND.counters.len() as i128).collect())],
            counters: counters.chain([own]).collect(),
            ..Reading::default()
        };
        let all = parts(&SEND, reading.clone());
        assert_eq!(all.iter().map(|part| part.protocol).collect::<Vec<_>>(), ["send", "reasons"]);
        for counter in &reading.counters {
            let parts: Vec<&Reading> =
                all.iter().filter(|part| part.counter(counter.key).is_some()).collect();
            assert_eq!(parts.len(), 1, "{}", counter.key);
            let is_why = counter.key.starts_with("why_") || counter.key == "expired";
            assert_eq!(parts[0].protocol == "reasons", is_why, "{}", counter.key);
            assert_eq!(parts[0].counter(counter.key), Some(counter));
        }
        for part in &all {
            assert_eq!(part.waiting[0].1.len(), part.counters.len());
            let total = |counter: &Counter| counter.value.unwrap().total;
            let first = part
                .counters
                .iter()
                .map(total)
                .zip(&part.waiting[0].1)
                .all(|(total, value)| total == *value || total == 0);
            assert!(first);
        }
        assert!(part(&SEND, reading, "no-such-part").is_none());
    }
}

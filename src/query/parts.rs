//! What a protocol is at → the same of its own counters, and of each of its sections.
use crate::protocol::{Protocol, Section};
use crate::reading::{Like, Reading};

/// The reading of the part of `protocol` that is called `name`: the protocol itself, or a section. `None`: it has none of
/// that name.
pub fn part(protocol: &Protocol, reading: Reading, name: &str) -> Option<Reading> {
    if name == protocol.name {
        return Some(only(protocol, reading, None));
    }
    let section = protocol.sections.iter().find(|section| section.name == name)?;
    Some(only(protocol, reading, Some(section)))
}

/// The reading of what is the protocol's own, and behind it that of each section.
pub fn parts(protocol: &Protocol, reading: Reading) -> Vec<Reading> {
    let sections = protocol.sections.iter().map(|section| only(protocol, reading.clone(), Some(section)));
    let sections: Vec<Reading> = sections.collect();
    std::iter::once(only(protocol, reading, None)).chain(sections).collect()
}

/// The same with those counters alone that are in `section`, or in none.
fn only(protocol: &Protocol, mut reading: Reading, section: Option<&Section>) -> Reading {
    let (name, templates) =
        section.map_or((protocol.name, protocol.templates), |section| (section.name, section.templates));
    reading.like = protocol.like.and_then(|like| {
        let (_, part) = like.parts.iter().find(|(own, _)| *own == name)?;
        Some(Like { instance: protocol.name, part, templates })
    });
    if protocol.sections.is_empty() {
        return reading;
    }
    let wanted = section.map(|section| section.name);
    let is_its = |position: usize| protocol.section(position).map(|section| section.name) == wanted;
    retain(&mut reading.counters, is_its);
    reading.waiting.iter_mut().for_each(|(_, values)| retain(values, is_its));
    reading.minutes.iter_mut().for_each(|(_, totals)| retain(totals, is_its));
    if let Some(section) = section {
        reading.attempts = None;
        (reading.protocol, reading.title) = (section.name, section.title);
        (reading.about, reading.main_counters) = (section.about, section.main_counters);
        (reading.families, reading.mta, reading.whole) = (section.families, section.mta, None);
        reading.page = section.page;
    }
    reading
}

/// Keeps what stands at the positions for which `is_its` is true.
fn retain<T>(all: &mut Vec<T>, is_its: impl Fn(usize) -> bool) {
    let mut position = 0;
    all.retain(|_| {
        position += 1;
        is_its(position - 1)
    });
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
        let last = Value { total: SEND.counters.len() as i128, ..Value::default() };
        let own = Counter { key: "mine", value: Some(last), ..counters.clone().next().unwrap() };
        let reading = Reading {
            protocol: "send",
            waiting: vec![(60, (0..=SEND.counters.len() as i128).collect())],
            counters: counters.chain([own]).collect(),
            ..Reading::default()
        };
        let all = parts(&SEND, reading.clone());
        assert_eq!(
            all.iter().map(|part| part.protocol).collect::<Vec<_>>(),
            ["send", "reasons", "providers", "times"]
        );
        for counter in &reading.counters {
            let parts: Vec<&Reading> =
                all.iter().filter(|part| part.counter(counter.key).is_some()).collect();
            assert_eq!(parts.len(), 1, "{}", counter.key);
            let is_why = counter.key.starts_with("why_") || counter.key == "expired";
            assert_eq!(parts[0].protocol == "reasons", is_why, "{}", counter.key);
            assert_eq!(parts[0].counter(counter.key), Some(counter));
        }
        for part in &all {
            // As the values were chosen, each counter is at what waits of it.
            let totals: Vec<i128> =
                part.counters.iter().map(|counter| counter.value.unwrap().total).collect();
            assert_eq!(totals, part.waiting[0].1);
            assert_eq!(super::part(&SEND, reading.clone(), part.protocol).as_ref(), Some(part));
        }
        assert!(part(&SEND, reading, "no-such-part").is_none());
    }
}

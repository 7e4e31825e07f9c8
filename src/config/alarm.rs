//! The thresholds of `[[alarm]]`.
use super::keys;
use crate::protocol::Protocol;
use crate::reading::Measure;
use crate::reading::family::Family;
use crate::reading::threshold::Threshold;

/// The threshold that `text` writes, about a counter of `protocols`. `is_cut`: some of them may be missing because their tables
/// were left out, which was said.
pub(super) fn threshold(
    text: &str,
    protocols: &[&'static Protocol],
    is_cut: bool,
) -> Result<Threshold, String> {
    let threshold = Threshold::parse(text)?;
    match part(&threshold.part, protocols) {
        Some((counters, families)) => threshold.find(&counters, families).map(|_| ())?,
        None if is_cut => {}
        None => {
            let names: Vec<&str> = protocols.iter().flat_map(|protocol| protocol.parts()).collect();
            let near = keys::nearest_of(&threshold.part, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(format!(
                "there is no protocol {:?}, only {}{near}",
                threshold.part,
                names.join(", ")
            ));
        }
    }
    Ok(threshold)
}

/// Counters by their keys, and their families.
type Part = (Vec<(&'static str, Measure)>, &'static [Family]);

/// The counters of a protocol or a section, and their families.
fn part(name: &str, protocols: &[&'static Protocol]) -> Option<Part> {
    let protocol = protocols.iter().find(|protocol| protocol.parts().any(|part| part == name))?;
    let section = protocol.sections.iter().find(|section| section.name == name);
    Some(match section {
        Some(section) => {
            let counters = section.counters.iter().map(|counter| (counter.key, counter.kind.measure()));
            (counters.collect(), section.families)
        }
        None => {
            let counters = protocol.own_counters().map(|counter| (counter.key, counter.kind.measure()));
            (counters.collect(), protocol.families)
        }
    })
}

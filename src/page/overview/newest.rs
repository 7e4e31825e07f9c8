//! When there was anything of a protocol last.
use crate::page::history::History;
use crate::reading::Reading;

/// The time of its newest line. The minute in which anything was counted last is the protocol's; in a log that others write to as
/// well, the newest line may be another's.
pub(super) fn newest(reading: &Reading, history: &History<'_>, now: i64) -> Option<i64> {
    let sources = reading.whole.iter().flat_map(|whole| &whole.sources);
    let stamp = sources.map(|(_, time)| *time).filter(|time| *time > 0).max();
    match (history.last_growth(reading.protocol), stamp) {
        (Some((begin, end)), Some(stamp)) if (begin..end).contains(&stamp) => Some(stamp),
        (Some((begin, end)), _) => Some(begin.max(end - 60).min(now)),
        // It moved before all that the RRD has, or it never did.
        (None, Some(stamp)) if moved(reading) => Some(stamp),
        _ => None,
    }
}

/// Did it ever count anything?
pub(super) fn moved(reading: &Reading) -> bool {
    reading.counters.iter().any(|counter| counter.value.is_some_and(|value| value.moved))
}

//! How an attempt ended, by the line that tells it: read once for what the line counts, and once for the table of attempts.
use super::super::classify::LogKind;
use super::super::reasons::Outcome;
use crate::line::Line;

/// How an attempt ended of which a line tells that the classifier has counted, and the report on it. `None`: it tells of something
/// else, or cannot be read.
pub(super) fn reported<'a>(line: &Line<'a>, place: LogKind) -> Option<(Outcome, &'a [u8])> {
    let is_event = |text: &[u8]| {
        let begins: [&[u8]; 7] = [
            b"delivery ",
            b"status:",
            b"starting delivery ",
            b"new msg",
            b"end msg",
            b"info msg ",
            b"bounce",
        ];
        begins.iter().any(|begin| text.starts_with(begin))
    };
    let is_behind = place == LogKind::Dedicated && line.after_stamp.len() != line.text.len();
    let text = if is_behind && !is_event(line.text) { line.after_stamp } else { line.text };
    result(text.strip_prefix(b"delivery ")?)
}

/// How a delivery ended, and the report, from the text after `delivery `.
#[inline]
pub(super) fn result(rest: &[u8]) -> Option<(Outcome, &[u8])> {
    let result = word(rest)?.strip_prefix(b": ")?;
    let is = |begin: &[u8], outcome| result.strip_prefix(begin).map(|report| (outcome, report));
    is(b"success: ", Outcome::Success)
        .or_else(|| is(b"deferral: ", Outcome::Deferral))
        .or_else(|| is(b"failure: ", Outcome::Failure))
}

/// Skips one id (`196548`, indimail's `2.queue5`): what follows it, or `None` if there is none.
#[inline]
pub(super) fn word(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&b| b == b':' || b == b' ')?;
    if end == 0 { None } else { Some(&text[end..]) }
}

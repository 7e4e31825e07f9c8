//! Labels of a chunk's first line, which may have been cut off.
use crate::line::{label_len, without_marks};

/// A piece shorter than this may be the beginning of a label; it is not archived before the rest is
/// there, because the label tells the day.
pub(super) const MAY_BE_A_LABEL: usize = 64;

/// `@400…` cut off before its blank?
pub(super) fn begins_like_a_label(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'@', rest)) => rest.iter().take(24).all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        _ => false,
    }
}

/// A logger's label stands before each line that it writes, and nowhere else.
pub(super) fn begins_with_a_label(text: &[u8]) -> bool {
    label_len(without_marks(text)).is_some()
}

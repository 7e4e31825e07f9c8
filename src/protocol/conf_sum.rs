//! What toaster.conf's counters with `sum` could not add up, for one warning at the end of a run.
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter of toaster.conf that is a sum, and how many of its lines had no number in them.
#[derive(Debug)]
pub struct ConfSum {
    origin: String,
    key: String,
    counted_by: String,
    not_numbers: AtomicU64,
}

impl ConfSum {
    /// The sum `key`, which stands at `origin` (`FILE: line N`); the counter `counted_by` counts its lines.
    pub fn new(origin: String, key: String, counted_by: String) -> ConfSum {
        ConfSum { origin, key, counted_by, not_numbers: AtomicU64::new(0) }
    }

    /// In one more line, what `sum` captures is not a number.
    #[cold]
    pub(super) fn not_a_number(&self) {
        self.not_numbers.fetch_add(1, Ordering::Relaxed);
    }

    /// One line for stderr, with nothing in it that comes from a log. `None`: every line had a number.
    pub fn warning(&self) -> Option<String> {
        let ConfSum { origin, key, counted_by, .. } = self;
        let lines = self.not_numbers.load(Ordering::Relaxed);
        (lines > 0).then(|| {
            format!(
                "{origin}: counter {key}: what sum captures is not a number in {lines} lines; they are in {counted_by} \
                 and add nothing: narrow the group in match"
            )
        })
    }
}

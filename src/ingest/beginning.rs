//! Whether there is anything to be read, and from when on it was.
use std::path::PathBuf;

use super::{How, Job, Syslog, stream_names};
use crate::store::state::State;
use crate::tally;

impl Job<'_> {
    /// Why there is nothing to be read, and the way out; `None`: there is a source, or may be one.
    pub fn missing(&self, state: &State) -> Option<String> {
        let feed = self.feed;
        let there = |paths: &[PathBuf]| paths.iter().any(|p| p.exists());
        let dirs = self.directories(state).unwrap_or_else(|_| self.feed.directories.clone());
        if there(&dirs) || there(&feed.files) || there(&feed.queues) {
            return None;
        }
        if feed.syslog != Syslog::Unused {
            let none = stream_names(self, &state.ledger.streams, (self.clock)()).is_empty();
            return none.then(|| {
                "there is no syslog file and no journal; see logs_syslog in toaster.conf".to_owned()
            });
        }
        if !feed.queues.is_empty() {
            return Some(format!("there is no {}; see qmail_queue_dir in toaster.conf", list(&feed.queues)));
        }
        let key = feed.protocol.directories().map_or("[protocol]", |directories| directories.key);
        Some(format!("there is no {}; see logs_base and {key} in toaster.conf", list(&dirs)))
    }

    /// Notes the first reading to the end, if it found no line: from then on everything is known.
    pub(super) fn was_read(&self, state: &mut State, now: i64) {
        if state.since == 0 && is_new(state) && self.missing(state).is_none() {
            state.since = tally::begin(now, i64::from(self.config.rrd_step));
        }
    }
}

/// Notes the first line of a reading: from the first one that was ever read on everything is known, whether or not it
/// counted anything.
pub(super) fn known_since(state: &mut State, first: Option<i64>, how: &How) {
    if let Some(first) = first.filter(|_| is_new(state)) {
        let first = tally::begin(first.min(how.now).max(tally::EARLIEST), how.step);
        state.since = if state.since == 0 { first } else { state.since.min(first) };
    }
}

/// Was nothing pushed to an RRD yet? Of what was, a line that comes late changes no more from when on it is known.
fn is_new(state: &State) -> bool {
    state.pushed == 0 && state.rrd.is_none()
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

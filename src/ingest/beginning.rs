//! Whether there is anything to be read, and from when on it was.
use std::path::PathBuf;

use super::feeds::Syslog;
use super::job::Job;
use super::since::is_new;
use super::stream_names::stream_names;
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
            let none = stream_names(self, &state.ledger.streams, (self.clock)()).read.is_empty();
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
            state.since = tally::bin_begin(now, i64::from(self.config.rrd_step));
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

//! A directory of ours that is gone with everything in it. Its disk may not be mounted yet, as at a boot, so it is
//! waited for. Whoever removed one file on purpose left the others, and the copy of the state beside them.
use std::collections::BTreeMap;
use std::path::Path;

use chrono::{Local, TimeZone};

use super::commit::Session;
use crate::error::{Error, Result};

/// How long (seconds) a directory is waited for, without which nothing can be committed …
const PATIENCE: i64 = 3600;
/// … and one of RRDs, whose minutes wait in the state meanwhile.
pub(super) const PATIENCE_FOR_RRDS: i64 = 86_400;

/// Until when (unix seconds) the directory `dir`, which is not there at `now`, is waited for. `None`: for long enough.
pub(super) fn until(gone: &mut BTreeMap<String, i64>, dir: &Path, patience: i64, now: i64) -> Option<i64> {
    let dir = dir.to_string_lossy().into_owned();
    let since = gone.entry(dir.clone()).or_insert(now);
    // A clock that was ahead when it was missed first must not make us wait for longer.
    *since = (*since).min(now);
    let until = *since + patience;
    if now < until {
        return Some(until);
    }
    gone.remove(&dir);
    None
}

/// A time for people, in local time to the minute.
pub(super) fn local(secs: i64) -> String {
    let time = Local.timestamp_opt(secs, 0).earliest();
    time.map_or_else(|| secs.to_string(), |time| time.format("%Y-%m-%d %H:%M").to_string())
}

impl Session<'_> {
    /// Nothing can be committed while `dir` is gone: says so until it has been for an hour. `go_on` says how to go on
    /// without it at once.
    ///
    /// # Errors
    /// While the directory is waited for.
    pub(super) fn wait_for(&mut self, dir: &Path, go_on: &str, now: i64) -> Result<()> {
        let mut state = self.state.clone();
        let until = until(&mut state.vanished, dir, PATIENCE, now);
        if state.vanished != self.state.vanished && until.is_some() {
            self.note(state)?;
        } else {
            self.state = state;
        }
        let Some(until) = until else { return Ok(()) };
        Err(Error::Message(format!(
            "{}: is gone with everything in it (is its disk not mounted?); it is waited for until {}; {go_on}",
            dir.display(),
            local(until)
        )))
    }

    /// It is there: should it go once more, that is another time.
    pub(super) fn is_there(&mut self, dir: &Path) {
        if self.state.vanished.remove(&*dir.to_string_lossy()).is_some() {
            self.edited = true;
        }
    }
}

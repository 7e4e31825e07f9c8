//! A directory of ours that is gone with everything in it. Its disk may not be mounted yet, as at a boot, so it is
//! waited for. Whoever removed one file on purpose left the others, and the copy of the state beside them.
use std::collections::BTreeMap;
use std::path::Path;

/// How long (seconds) a directory is waited for, without which nothing can be committed …
pub(super) const PATIENCE: i64 = 3600;
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

//! What processes that died have left beside the RRD: librrd makes a file under a name of its own, with six letters at
//! its end, and renames it.
use std::path::Path;

use super::files::Store;
use crate::disk;

/// Letters that mkstemp(3) puts at the end of a name.
const LETTERS: usize = 6;

/// Removes librrd's temporary files of our RRD. The lock is held: nobody is making one. What cannot be removed harms
/// nobody, and is tried again.
pub(super) fn remove(store: &Store) {
    let Some(dir) = store.rrd.parent() else { return };
    let Some(name) = store.rrd.file_name().map(|name| name.to_string_lossy().into_owned()) else { return };
    let ours = [format!(".{name}.tmp"), format!(".{name}.migrated")];
    for found in names(dir) {
        let is_left = |ours: &String| {
            found
                .strip_prefix(ours.as_str())
                .is_some_and(|end| end.len() == LETTERS && end.bytes().all(|b| b.is_ascii_alphanumeric()))
        };
        if ours.iter().any(is_left) {
            let _ = disk::remove(&dir.join(&found));
        }
    }
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = crate::dir::read(dir) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.name().map(str::to_owned)).collect()
}

//! A directory of this process. libFuzzer ends without cleaning up: `scripts/fuzz.sh` removes them all.
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The directory.
pub fn dir() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| tempfile::tempdir().expect("a temporary directory").keep())
}

/// The file `name` in it, holding `bytes`.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir().join(name);
    std::fs::write(&path, bytes).expect("a file in the temporary directory");
    path
}

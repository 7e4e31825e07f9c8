//! Libraries for `LD_PRELOAD`, built from the C sources that stand beside the tests.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library of a source, which is named by its path below the project's directory; built once for each version of it.
pub fn library(source: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let mut hasher = DefaultHasher::new();
    fs::read(&source).expect("the source of a library").hash(&mut hasher);
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = source.file_stem().expect("a name").to_string_lossy().into_owned();
    let library = dir.join(format!("{name}-{:016x}.so", hasher.finish()));
    if !library.exists() {
        fs::create_dir_all(dir).expect("mkdir");
        // Several processes may build it at the same time: each has a file of its own, and either will do.
        let mine = library.with_extension(std::process::id().to_string());
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o"]).arg(&mine).arg(&source).arg("-ldl");
        assert!(cc.status().expect("cc; scripts/deps.sh installs it").success(), "{cc:?}");
        fs::rename(&mine, &library).expect("rename");
    }
    library
}

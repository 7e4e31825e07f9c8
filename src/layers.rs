//! Holds the modules to the one direction of data that ARCHITECTURE.md draws.
use std::fs;
use std::path::Path;

/// Module, and the modules of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("line", &[]),
    ("error", &[]),
    ("say", &[]),
    ("calendar", &[]),
    ("ledger", &[]),
    ("dir", &[]),
    ("disk", &["error"]),
    ("protocol", &["line"]),
    ("tally", &["protocol"]),
    ("store", &["calendar", "dir", "disk", "error", "ledger", "protocol", "say", "tally"]),
    ("source", &["calendar", "dir", "disk", "error", "ledger", "line", "protocol", "say", "store"]),
    (
        "ingest",
        &[
            "calendar", "config", "disk", "error", "ledger", "line", "protocol", "say", "source", "store",
            "tally",
        ],
    ),
    ("query", &["error", "say", "ingest", "store", "protocol"]),
    ("output", &["protocol", "store"]),
    ("graph", &["dir", "error", "say", "source", "store"]),
    ("figures", &["graph", "protocol", "store"]),
    ("config", &["error", "protocol", "say"]),
    (
        "check",
        &[
            "calendar", "config", "dir", "disk", "error", "say", "graph", "ingest", "line", "owner",
            "protocol", "query", "source", "store",
        ],
    ),
    ("owner", &["config", "dir", "disk", "error", "say", "ingest", "source", "store"]),
    ("cli", &["error", "ingest", "protocol", "say"]),
];

fn is_test(path: &Path) -> bool {
    let below = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path);
    below.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs")
}

fn sources(path: &Path, found: &mut Vec<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), found);
        }
    } else if path.extension().is_some_and(|e| e == "rs") && !is_test(path) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        found.extend(code.lines().map(|l| format!("{}: {l}", path.display())));
    }
}

#[test]
fn modules_use_only_what_they_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (module, allowed) in MAY_USE {
        let mut lines = Vec::new();
        sources(&src.join(module), &mut lines);
        let file = src.join(format!("{module}.rs"));
        if file.exists() {
            sources(&file, &mut lines);
        }
        assert!(!lines.is_empty(), "{module}: no source");
        for line in lines {
            let code = line.split("//").next().unwrap_or_default();
            for used in code.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(
                    used == *module || allowed.contains(&used.as_str()),
                    "{module} may not use {used}: {line}"
                );
            }
        }
    }
}

#[test]
fn nothing_panics_where_a_directory_cannot_be_closed() {
    let mut lines = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut lines);
    // `protocol/samples.rs` is of tests.
    for line in
        lines.iter().filter(|l| !l.contains("/src/layers.rs:") && !l.contains("/src/protocol/samples.rs:"))
    {
        let line = line.split("//").next().unwrap_or_default();
        assert!(
            !line.contains("fs::read_dir") && !line.contains("::remove_dir_all"),
            "crate::dir does it: {line}"
        );
    }
}

#[test]
fn only_the_rrd_module_is_unsafe_and_only_main_exits() {
    let mut lines = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut lines);
    for line in lines.iter().filter(|l| !l.contains("/src/layers.rs:")) {
        // lib.rs denies it everywhere; this is who may lift that.
        assert!(!line.contains("allow(unsafe_code)") || line.contains("/src/store/rrd/"), "{line}");
        assert!(!line.contains("process::exit"), "{line}");
    }
}

/// The standard library panics in these, where another call of it gives an error.
#[test]
fn nothing_panics_where_no_thread_can_be_made_or_stdout_is_closed() {
    let mut lines = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut lines);
    for line in lines.iter().filter(|l| !l.contains("/src/layers.rs:")) {
        let line = line.split("//").next().unwrap_or_default();
        for call in ["thread::spawn", "thread::scope", "print!(", "println!("] {
            assert!(!line.contains(call), "{line}");
        }
    }
}

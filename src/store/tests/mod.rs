//! The store by itself, with protocols whose tables change from one version to the next.
mod damage;
mod faults;
mod joining;
mod migration;
mod takeover;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::protocol::{Counter, IN_SYSLOG, Protocol, Verdict};
use crate::store::files::Store;

/// 2026-09-27 00:00 UTC.
pub(super) const DAY0: i64 = 1_790_467_200;

/// A protocol of these counters; nothing is ever read by it.
pub(super) fn protocol(
    counters: &'static [Counter],
    stored: &'static [(&'static str, &'static str)],
    aliases: &'static [(&'static str, &'static str)],
) -> &'static Protocol {
    Box::leak(Box::new(Protocol {
        name: "p",
        about: "a table",
        counters,
        classify: &|_, _, _| Verdict::Known,
        stored,
        aliases,
        ..IN_SYSLOG
    }))
}

/// A store below `dir`.
pub(super) fn store(dir: &Path, protocol: &'static Protocol, step: i64) -> Store {
    Store {
        base: dir.to_owned(),
        protocol,
        counter_file: dir.join("counters/p.txt"),
        legacy: Vec::new(),
        state_dir: dir.join("state"),
        rrd: dir.join("rrd/p.rrd"),
        step,
        may_drop: true,
        under: None,
    }
}

/// What stood beside the counters and the RRD is gone: the state is all that there is.
fn without_copies(store: &Store) {
    for path in [store.counters_copy(), store.rrd_copy()] {
        let _ = std::fs::remove_file(path);
    }
}

const AT_ONCE: Duration = Duration::ZERO;

/// The names of the files in a directory, in order, without the second copies of the state.
pub(super) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e: std::io::Result<std::fs::DirEntry>| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !(name.starts_with('.') && (name.ends_with(".state") || name.ends_with(".minutes"))));
    names.sort();
    names
}

fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join(name)
}

/// Asserts that a process died before each of the changes `wanted`, where `steps` are those before which one died.
fn assert_died_before(wanted: &[&str], steps: &[String]) {
    for step in wanted {
        assert!(steps.iter().any(|s| s == step), "never died before: {step}, but before {steps:?}");
    }
}

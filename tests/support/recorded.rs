//! Sessions of real programs: what client and server counted, against what maillogs and grep(1) count in the log.
//!
//! Some were recorded, in tests/data/recorded, log and counts. They are read where the program cannot be run, and that is said.
//!
//! `MAILLOGS_RECORD=1 make test` records them anew.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::store::{Answer, Store};

/// Counters by their keys, each as a query prints it. What is not named is 0.
pub type Seen = BTreeMap<String, String>;

/// Where a session stands, without `.log` and `.seen`.
fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded").join(name)
}

/// The log of a recorded session, and what was seen in it.
pub fn read(name: &str) -> (Vec<u8>, Seen) {
    let log = fs::read(place(name).with_extension("log")).expect("a recorded log");
    let seen = fs::read_to_string(place(name).with_extension("seen")).expect("what was seen");
    let seen = seen.lines().map(|line| {
        let (key, value) = line.split_once(' ').expect("a key and a value");
        (key.to_owned(), value.to_owned())
    });
    (log, seen.collect())
}

/// Keeps a session, if that is asked for.
pub fn keep(name: &str, log: &[u8], seen: &Seen) {
    if std::env::var_os("MAILLOGS_RECORD").is_some() {
        fs::create_dir_all(place(name).parent().expect("a directory")).expect("mkdir");
        fs::write(place(name).with_extension("log"), log).expect("a log");
        let seen: String = seen.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
        fs::write(place(name).with_extension("seen"), seen).expect("what was seen");
    }
}

/// Says that a recorded session is read, and why: also where the test succeeds, and at the end of `make test`.
pub fn said(why: &str) {
    // The test's own output would be kept back.
    let _ = std::io::stderr()
        .write_all(format!("\nreal programs: {why}: a recorded session is read\n").as_bytes());
}

/// What client and server counted.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<&'static str, u64>);

impl Ledger {
    pub fn add(&mut self, key: &'static str, by: u64) {
        *self.0.entry(key).or_default() += by;
    }

    pub fn one(&mut self, key: &'static str) {
        self.add(key, 1);
    }

    pub fn get(&self, key: &str) -> u64 {
        self.0.get(key).copied().unwrap_or_default()
    }

    pub fn seen(&self) -> Seen {
        self.0.iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect()
    }
}

/// A decimal without the zeros at its end.
fn plain(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

/// Panics unless every key of the answer has the value that was seen.
pub fn assert_seen(what: &str, answer: &Answer, seen: &Seen) {
    let keys = answer.keys();
    for key in seen.keys() {
        assert!(keys.contains(&key.as_str()), "{what}: no key {key}");
    }
    let differ: Vec<String> = keys
        .iter()
        .map(|key| (key, answer.text(key), seen.get(*key).map_or("0", String::as_str)))
        .filter(|(_, got, seen)| plain(got) != plain(seen))
        .map(|(key, got, seen)| format!("{key}: counted {got}, seen {seen}"))
        .collect();
    assert!(differ.is_empty(), "{what}:\n{}", differ.join("\n"));
}

/// Lines of `log` that `grep -P` finds.
pub fn grep(log: &Path, pattern: &str) -> u64 {
    let output = Command::new("grep").args(["-acP", "--", pattern]).arg(log).output().expect("grep");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

/// The sum of the numbers that `grep -oP` finds in `log`, with three decimals.
pub fn sum(log: &Path, pattern: &str) -> String {
    const ADD: &str = r#"grep -aoP -- "$1" "$2" | awk '{ s += $1 } END { printf "%.3f", s }'"#;
    let output = Command::new("sh").args(["-c", ADD, "sh", pattern]).arg(log).output().expect("sh");
    String::from_utf8(output.stdout).expect("a number")
}

/// Hands `log` to a store in five pieces, cut anywhere, with an update behind each, and asks at the end.
pub fn in_pieces(config: &str, protocol: &str, log: &[u8]) -> Answer {
    let store = Store::with("");
    let (own, file) = (store.config(), store.path("the.log"));
    let named =
        fs::read_to_string(&own).expect("toaster.conf") + &config.replace("LOG", &file.to_string_lossy());
    fs::write(own, named).expect("toaster.conf");
    let mut out = File::create(&file).expect("the log");
    for piece in log.chunks(log.len() / 5 + 1) {
        out.write_all(piece).expect("the log");
        store.run(&["update", protocol]);
    }
    Answer::parse(&store.run(&[protocol]))
}

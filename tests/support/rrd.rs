//! Reads an RRD the way a postmaster would: with `rrdtool fetch`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::ops::{Deref, DerefMut, Index};
use std::path::Path;
use std::process::Command;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// What rows of `step` seconds hold, by data source, then by the unix time at which the row ends:
/// a rate times the step, rounded; rows that are unknown or zero are left out. A counter that never moved has no data
/// source, and `rows["its_name"]` is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<String, BTreeMap<u64, u128>>);

impl Deref for Rows {
    type Target = BTreeMap<String, BTreeMap<u64, u128>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Index<&str> for Rows {
    type Output = BTreeMap<u64, u128>;

    fn index(&self, name: &str) -> &Self::Output {
        static NONE: BTreeMap<u64, u128> = BTreeMap::new();
        self.0.get(name).unwrap_or(&NONE)
    }
}

impl IntoIterator for Rows {
    type Item = (String, BTreeMap<u64, u128>);
    type IntoIter = std::collections::btree_map::IntoIter<String, BTreeMap<u64, u128>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What `rrdtool fetch` prints of the AVERAGE rows of `step` seconds that end in `begin + step ..= end`.
pub fn printed(file: &Path, step: impl Display, begin: impl Display, end: impl Display) -> String {
    let mut command = Command::new("rrdtool");
    command
        .arg("fetch")
        .arg(file)
        .args(["AVERAGE", "--resolution", &step.to_string()])
        .args(["--start", &begin.to_string(), "--end", &end.to_string()])
        .env("LC_ALL", "C");
    let output = command.output().expect("rrdtool");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8 from rrdtool")
}

/// Fetches the AVERAGE rows of `step` seconds that end in `begin + step ..= end`; both are
/// multiples of `step`.
pub fn fetch(file: &Path, step: u64, begin: u64, end: u64) -> Rows {
    let text = printed(file, step, begin, end);
    let (header, rows) = text.split_once("\n\n").expect("a header and rows");
    let names: Vec<&str> = header.split_whitespace().collect();
    let mut fetched = Rows(names.iter().map(|name| ((*name).to_owned(), BTreeMap::new())).collect());
    let mut before = None;
    for row in rows.lines() {
        let (time, values) = row.split_once(": ").expect("TIME: VALUES");
        let time: u64 = time.parse().expect("a time");
        let distance = time - before.unwrap_or(time - step);
        assert_eq!(distance, step, "rows of another resolution");
        before = Some(time);
        if time <= begin || time > end {
            continue;
        }
        for (name, value) in names.iter().zip(values.split_whitespace()) {
            let amount = (value.parse::<f64>().expect("a number") * step as f64).round();
            if amount > 0.0 {
                fetched.get_mut(*name).expect("a name").insert(time, amount as u128);
            }
        }
    }
    fetched
}

/// The data source of a counter: its own name, or a shorter one where librrd's 19 characters do
/// not hold it.
pub fn source_of(key: &str) -> &str {
    match key {
        "start_delivery_local" => "start_local",
        "start_delivery_remote" => "start_remote",
        key => key,
    }
}

/// Locks an RRD against writers, as a backup would: until the file is closed. `None`: one writes just now.
pub fn lock(file: &Path) -> Option<File> {
    let file = File::open(file).expect("an RRD");
    let whole = libc::flock {
        l_type: libc::F_RDLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_SETLK(&whole)).is_ok().then_some(file)
}

//! The rotated siblings of a log file: which names are some, and which is older.
//!
//! | name | who |
//! |---|---|
//! | `maillog.0`, `mail.log.1`, `maillog-1` | newsyslog(8), logrotate(8), savelog(8): the higher, the older |
//! | `maillog-20260928`, `-2026092813`, `-1790000000`, `-2026-09-28` | logrotate(8) `dateext`, `dateformat` |
//! | `maillog-20260928-1`, `maillog.20260928` | the same, and by hand |
//! | `maillog.20260928T000000` | newsyslog(8) `-t` |
//! | `mail.1.log`, `mail-20260928.log` | logrotate(8) `extension .log` |
//!
//! Each may end in `.gz`, `.bz2`, `.xz`, `.zst` or `.zstd`.
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::compressed::Compression;
use crate::source::opener::Entry;

/// What a rotated file's name says of its age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// The higher, the older.
    Number(Reverse<u64>),
    /// The groups of digits of a date: the higher, the younger.
    Date(Vec<u64>),
}

/// A rotated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sibling {
    pub path: PathBuf,
    pub entry: Entry,
    pub compression: Compression,
    age: Age,
    /// Digits of the first group: dates of two forms cannot be compared.
    scheme: usize,
}

/// Is `name` that of a rotated `live`?
pub(super) fn is_sibling(live: &str, name: &str) -> bool {
    age(live, Compression::of(name).0).is_some()
}

/// The rotated files of `live` among `entries` of `dir`.
pub(super) fn of<'a>(live: &str, dir: &'a Path, entries: Vec<Entry>) -> impl Iterator<Item = Sibling> + 'a {
    let live = live.to_owned();
    entries.into_iter().filter_map(move |entry| {
        let (stem, compression) = Compression::of(&entry.name);
        let (age, scheme) = age(&live, stem)?;
        Some(Sibling { path: dir.join(&entry.name), compression, age, scheme, entry })
    })
}

/// The oldest first. Of a file and its compressed copy the plain one is whole, so it alone is taken; of two names of
/// one file, one.
pub(super) fn in_order(all: impl IntoIterator<Item = Sibling>) -> Vec<Sibling> {
    let mut by_stem: BTreeMap<PathBuf, Sibling> = BTreeMap::new();
    for sibling in all {
        let stem = sibling.path.with_file_name(Compression::of(&sibling.entry.name).0);
        match by_stem.get(&stem) {
            Some(held) if held.compression <= sibling.compression => {}
            _ => {
                by_stem.insert(stem, sibling);
            }
        }
    }
    let mut list: Vec<Sibling> = by_stem.into_values().collect();
    let one_scheme = list.windows(2).all(|pair| matches!(pair, [a, b] if a.scheme == b.scheme));
    list.sort_by(|a, b| {
        let by_name = if one_scheme { a.age.cmp(&b.age) } else { std::cmp::Ordering::Equal };
        by_name.then_with(|| (a.entry.mtime, &a.path).cmp(&(b.entry.mtime, &b.path)))
    });
    let mut seen = HashSet::new();
    list.retain(|s| seen.insert(s.entry.file));
    list
}

/// The age that `stem` (without the ending of a compression) names, and the digits of its first group.
fn age(live: &str, stem: &str) -> Option<(Age, usize)> {
    let after = |base: &str| stem.strip_prefix(base).and_then(suffix);
    let inside = || {
        let base = live.strip_suffix(".log")?;
        stem.strip_suffix(".log")?.strip_prefix(base).and_then(suffix)
    };
    after(live).or_else(inside)
}

fn suffix(text: &str) -> Option<(Age, usize)> {
    let (dot, digits) = match (text.strip_prefix('.'), text.strip_prefix('-')) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let mut groups = Vec::new();
    let mut first = 0;
    for group in digits.split(['-', '.', '_', 'T']) {
        if group.is_empty() || group.len() > 18 || !group.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        if groups.is_empty() {
            first = group.len();
        }
        groups.push(group.parse().ok()?);
    }
    match groups[..] {
        [number] if first <= if dot { 5 } else { 3 } => Some((Age::Number(Reverse(number)), 0)),
        _ if first >= 4 => Some((Age::Date(groups), first)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of `dir` with modification times 1, 2, 3 …, as they are ordered.
    fn ordered(live: &str, names: &[&str]) -> Vec<String> {
        let entry = |(i, name): (usize, &&str)| Entry {
            name: (*name).to_owned(),
            file: (1, i as u64),
            size: 1,
            mtime: i as i64,
        };
        let entries = names.iter().enumerate().map(entry).collect();
        in_order(of(live, Path::new("/v"), entries)).into_iter().map(|s| s.entry.name).collect()
    }

    #[test]
    fn numbers_fall_and_dates_rise() {
        assert_eq!(
            ordered("maillog", &["maillog.0", "maillog.10.gz", "maillog.2.bz2", "maillog.1.xz"]),
            ["maillog.10.gz", "maillog.2.bz2", "maillog.1.xz", "maillog.0"]
        );
        assert_eq!(
            ordered(
                "m",
                &["m-20260929", "m-20260928-2.zst", "m-20260928.zstd", "m-20260928-10", "m-20260101"]
            ),
            ["m-20260101", "m-20260928.zstd", "m-20260928-2.zst", "m-20260928-10", "m-20260929"]
        );
        assert_eq!(
            ordered("m", &["m.20260929T000000", "m.20260928T230000.bz2"]),
            ["m.20260928T230000.bz2", "m.20260929T000000"]
        );
        assert_eq!(ordered("m", &["m-2026-10-01", "m-2026-09-30"]), ["m-2026-09-30", "m-2026-10-01"]);
        assert_eq!(ordered("mail.log", &["mail.1.log", "mail.2.log.gz"]), ["mail.2.log.gz", "mail.1.log"]);
    }

    #[test]
    fn mixed_schemes_go_by_their_last_write() {
        assert_eq!(
            ordered("m", &["m.2", "m-20200101", "m.1", "m-2019123123"]),
            ["m.2", "m-20200101", "m.1", "m-2019123123"]
        );
    }

    #[test]
    fn the_plain_file_beats_its_compressed_copy() {
        assert_eq!(ordered("m", &["m.1.gz", "m.1", "m.2.zst", "m.2.gz"]), ["m.2.gz", "m.1"]);
    }

    #[test]
    fn two_names_of_one_file_are_one() {
        let entry = |name: &str| Entry { name: name.into(), file: (1, 7), size: 1, mtime: 1 };
        let list = in_order(of("m", Path::new("/v"), vec![entry("m.1"), entry("m.2")]));
        assert_eq!(list.len(), 1);
    }

    #[test]
    fn other_names_are_none() {
        for name in [
            "m",
            "m.",
            "m-",
            "m.gz",
            "m.1.tmp",
            "m.old",
            "m2.1",
            "mm.1",
            "m.1x",
            "m.-1",
            "m.1..2",
            "m.1.lz4",
            "",
            "m.1234567890123456789",
        ] {
            assert!(!is_sibling("m", name), "{name}");
        }
        assert!(is_sibling("m", "m.1.zst"));
    }
}

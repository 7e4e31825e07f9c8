//! The rotated siblings of a log file: which names are those of rotations, and which file is older.
//!
//! | name | who |
//! |---|---|
//! | `maillog.0`, `mail.log.1`, `maillog-1` | newsyslog(8), logrotate(8), savelog(8): the higher, the older |
//! | `maillog-20260928`, `-2026092813`, `-1790000000`, `-2026-09-28` | logrotate(8) `dateext`, `dateformat` |
//! | `maillog-20260928-1`, `maillog.20260928` | the same, and by hand |
//! | `maillog.20260928T000000` | newsyslog(8) `-t` |
//! | `mail.1.log`, `mail-20260928.log` | logrotate(8) `extension .log` |
//! | `@40….s`, `@40….u`, `previous`, beside `current` | multilog(8), s6-log(8), svlogd(8) |
//! | `mail-2026-09-27.log`, where a link leads to `mail-2026-09-28.log` | cron(8), rsyslogd(8) |
//!
//! Each may end in `.gz`, `.bz2`, `.xz`, `.zst` or `.zstd`.
//!
//! Any other name that begins with the live one (`mail.log.old`, `mail.log~`, `mail.log.1-2026112817.backup`) may be a
//! rotation or a copy of one: see `copies`. A file of yet another name is a rotation if its content says so.
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
    /// Nothing: what the names of its scheme count begins anew.
    Untold,
}

/// What a name says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    /// It is a rotation, of this age. Ages of two schemes cannot be compared.
    Sure(Age, usize),
    /// It is a rotation, or somebody's copy.
    Likely,
    /// Nothing.
    Stray,
}

/// A rotated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sibling {
    pub path: PathBuf,
    pub entry: Entry,
    /// As its name says; the content of the open file may say otherwise.
    pub compression: Compression,
    pub kin: Kin,
    /// May the rights of root be used to open it?
    pub is_trusted: bool,
}

impl Sibling {
    /// Is it a rotation by its name?
    pub fn is_sure(&self) -> bool {
        matches!(self.kin, Kin::Sure(..))
    }

    /// Is it known by its name because a link led to it?
    pub fn was_linked(&self) -> bool {
        matches!(self.kin, Kin::Sure(_, scheme) if scheme >= LINKED)
    }

    /// May it be another log, by its name? Two logs are often called `dovecot.log` and `dovecot-2.log`, or `maillog` and
    /// `maillog-2`.
    pub fn is_ambiguous(&self) -> bool {
        match &self.kin {
            Kin::Sure(Age::Number(_) | Age::Untold, scheme) => {
                [DASHED, INSIDE, INSIDE + DASHED].contains(scheme)
            }
            _ => false,
        }
    }

    /// The same, where `ours` is a rotation: nobody rotates one log under names of several schemes.
    pub fn may_be_another_log(&self, ours: &Sibling) -> bool {
        match (&self.kin, &ours.kin) {
            (Kin::Sure(_, scheme), Kin::Sure(_, of)) => scheme != of && self.is_ambiguous(),
            _ => false,
        }
    }

    /// Do the names of both tell that they are rotations, in two different ways?
    pub fn is_named_otherwise(&self, other: &Sibling) -> bool {
        matches!((&self.kin, &other.kin), (Kin::Sure(_, scheme), Kin::Sure(_, of)) if scheme != of)
    }

    /// Is it younger than `other`? `None`: the names of the two do not tell.
    pub fn is_younger(&self, other: &Sibling) -> Option<bool> {
        match (&self.kin, &other.kin) {
            (Kin::Sure(age, scheme), Kin::Sure(its, of)) if scheme == of && age != its => Some(age > its),
            _ => None,
        }
    }
}

/// The names of one log's files.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    live: Vec<String>,
    read: Vec<String>,
}

/// The scheme of a logger's names.
pub(super) const LABELS: usize = 24;
/// Of a name with a `-`, as opposed to a `.`, before its first digit …
const DASHED: usize = 32;
/// … and of one whose digits stand before the extension.
const INSIDE: usize = 64;
/// The lowest of the schemes of names that a link led to before: each form has its own.
pub(super) const LINKED: usize = 128;

impl Names {
    /// Of a log whose live file has the names `live`, and whose files that were read last had the names `read`.
    pub fn new(live: impl IntoIterator<Item = String>, read: impl IntoIterator<Item = String>) -> Names {
        let live: Vec<String> = live.into_iter().collect();
        let read = read.into_iter().filter(|name| !live.contains(name)).collect();
        Names { live, read }
    }

    /// What `name` says of a file. `None`: nothing.
    pub fn kin(&self, name: &str) -> Option<Kin> {
        let (stem, _) = Compression::by_name(name);
        if self.live.iter().any(|live| live == "current")
            && let Some(age) = logged(name)
        {
            return Some(Kin::Sure(age, LABELS));
        }
        if let Some((age, scheme)) = self.live.iter().find_map(|live| age(live, stem)) {
            return Some(Kin::Sure(age, scheme));
        }
        if self.is_linked(stem) {
            let (form, groups) = shape(stem).unwrap_or_else(|| (stem.to_owned(), vec![]));
            return Some(Kin::Sure(Age::Date(groups), scheme_of(&form, 0)));
        }
        if let Some(kin) = self.rotation_of_linked(stem) {
            return Some(kin);
        }
        let is_live = self.live.iter().any(|live| live == name);
        (!is_live && (self.begins_as_live(stem) || self.precedes(stem))).then_some(Kin::Likely)
    }

    /// What the name of a rotation says of it if a link led to that file before it was rotated: `0.log.20261129-091500`, where
    /// `0.log` was read.
    fn rotation_of_linked(&self, stem: &str) -> Option<Kin> {
        let was_linked = |base: &str| self.read.iter().any(|read| read == base) || self.is_linked(base);
        stem.match_indices(['.', '-']).filter(|(at, _)| *at > 0).find_map(|(at, _)| {
            let (base, rest) = stem.split_at(at);
            let (age, scheme) = suffix(rest).filter(|_| was_linked(base))?;
            Some(Kin::Sure(age, scheme_of(base, scheme)))
        })
    }

    /// Does it differ from the name of a file that was read last in its digits only?
    pub fn is_like_read(&self, stem: &str) -> bool {
        let form = |name: &str| shape(name).map(|(form, _)| form);
        let found = form(stem);
        found.is_some() && self.read.iter().any(|read| form(Compression::by_name(read).0) == found)
    }

    /// Has it the form of what a link leads to, and lower numbers?
    fn precedes(&self, stem: &str) -> bool {
        let [link, target] = &self.live[..] else { return false };
        let (found, target) = (shape(stem), Some(target).filter(|t| *t != link).and_then(|t| shape(t)));
        found.zip(target).is_some_and(|(found, target)| found.0 == target.0 && found.1 < target.1)
    }

    fn begins_as_live(&self, stem: &str) -> bool {
        let rest = self.live.iter().filter_map(|live| stem.strip_prefix(live.as_str()));
        rest.into_iter().any(|rest| !rest.starts_with(char::is_alphanumeric) && !names_a_severity(rest))
    }

    /// Is it the name of a file that was read last, or one between it and what a link leads to now? Those differ in
    /// their digits only.
    fn is_linked(&self, stem: &str) -> bool {
        let was_read = self.read.iter().any(|read| Compression::by_name(read).0 == stem);
        if was_read && !self.begins_as_live(stem) {
            return true;
        }
        let Some((form, groups)) = shape(stem) else { return false };
        let shapes = |names: &[String]| -> Vec<Vec<u64>> {
            let all = names.iter().filter_map(|name| shape(name));
            all.filter(|(of, _)| *of == form).map(|(_, groups)| groups).collect()
        };
        let now = shapes(&self.live);
        let is_between = |was: &Vec<u64>, now: &Vec<u64>| {
            was != now && *now != groups && (was.min(now)..=was.max(now)).contains(&&groups)
        };
        shapes(&self.read).iter().any(|was| now.iter().any(|now| is_between(was, now)))
    }
}

/// The scheme of the names that have this text in common, and of one of them this number.
fn scheme_of(text: &str, number: usize) -> usize {
    let sum = text.bytes().fold(number, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    sum.max(LINKED)
}

/// Is what follows the live name that of a severity, and perhaps of a rotation? Beside `mail` many syslogds write
/// `mail.info`, `mail.warn` and `mail.err`, logs of their own that have some of the same lines.
fn names_a_severity(rest: &str) -> bool {
    const SEVERITIES: [&str; 13] = [
        "debug", "info", "notice", "warn", "warning", "warnings", "err", "error", "errors", "crit", "alert",
        "emerg", "panic",
    ];
    let word = rest.get(1..).unwrap_or_default().split(|c: char| !c.is_ascii_alphanumeric()).next();
    word.is_some_and(|word| SEVERITIES.contains(&word))
}

/// `name` with a `0` in the place of each group of digits, and the groups. `None`: it has none.
pub(super) fn shape(name: &str) -> Option<(String, Vec<u64>)> {
    let mut form = String::with_capacity(name.len());
    let mut groups = Vec::new();
    let mut rest = name;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        groups.push(from[..end].parse().ok()?);
        form.push_str(before);
        form.push('0');
        rest = &from[end..];
    }
    form.push_str(rest);
    (!groups.is_empty()).then_some((form, groups))
}

/// Do two paths differ in their digits only?
pub(super) fn is_alike(a: &Path, b: &Path) -> bool {
    let form = |path: &Path| path.to_str().and_then(shape).map(|(form, _)| form);
    a == b || (form(a).is_some() && form(a) == form(b))
}

/// The age of what a logger made of `current`.
fn logged(name: &str) -> Option<Age> {
    if matches!(name, "previous" | "processed") {
        return Some(Age::Date(vec![u64::MAX]));
    }
    let label = label(name)?;
    let part = |digits: &str| u64::from_str_radix(digits, 16).ok();
    Some(Age::Date(vec![part(&label[..16])?, part(&label[16..])?]))
}

/// The 24 digits in `@….s`, `.u` or `.t`.
fn label(name: &str) -> Option<&str> {
    let rest = name.strip_prefix('@')?;
    let label = [".s", ".u", ".t"].iter().find_map(|end| rest.strip_suffix(end))?;
    (label.len() == 24 && label.bytes().all(|b| b.is_ascii_hexdigit())).then_some(label)
}

/// What a file has in common with another form of it, and which form is to be preferred: the lowest. Of what a logger
/// hands to its processor and what that has written so far (`processed`, `.t`), the first is whole.
fn form_of(sibling: &Sibling) -> (PathBuf, u8) {
    let name = sibling.entry.name.as_str();
    if sibling.kin == Kin::Sure(Age::Date(vec![u64::MAX]), LABELS) {
        return (sibling.path.with_file_name("previous"), u8::from(name == "processed"));
    }
    match label(name) {
        Some(label) if matches!(sibling.kin, Kin::Sure(_, LABELS)) => {
            let rank = if name.ends_with(".u") { 0 } else { 1 + u8::from(name.ends_with(".t")) };
            (sibling.path.with_file_name(label), rank)
        }
        _ => (sibling.path.with_file_name(Compression::by_name(name).0), sibling.compression as u8),
    }
}

/// The oldest first. Of a file and its compressed copy the plain one is whole, so it alone is taken; of two names of
/// one file, one. Where names do not tell the order, the last write does.
pub(super) fn in_order(all: impl IntoIterator<Item = Sibling>) -> Vec<Sibling> {
    let mut by_form: BTreeMap<PathBuf, (u8, Sibling)> = BTreeMap::new();
    for sibling in all {
        let (form, rank) = form_of(&sibling);
        match by_form.get(&form) {
            Some((held, _)) if *held <= rank => {}
            _ => {
                by_form.insert(form, (rank, sibling));
            }
        }
    }
    let written = |s: &Sibling| (s.entry.mtime, s.path.clone());
    let siblings = by_form.into_values().map(|(_, sibling)| sibling);
    let (mut list, mut others): (Vec<Sibling>, Vec<Sibling>) = siblings.partition(Sibling::is_sure);
    // Of one moment, names of one scheme tell.
    list.sort_by_key(|s| match &s.kin {
        Kin::Sure(age, scheme) => (s.entry.mtime, Some((*scheme, age.clone())), s.path.clone()),
        _ => (s.entry.mtime, None, s.path.clone()),
    });
    if let Some(Kin::Sure(_, scheme)) = list.first().map(|s| &s.kin)
        && list.iter().all(|s| matches!(&s.kin, Kin::Sure(_, other) if other == scheme))
    {
        list.sort_by(|a, b| match (&a.kin, &b.kin) {
            (Kin::Sure(a, _), Kin::Sure(b, _)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        });
    }
    others.sort_by_key(written);
    for other in others {
        let older = list.iter().rposition(|s| s.entry.mtime < other.entry.mtime);
        list.insert(older.map_or(0, |i| i + 1), other);
    }
    // The name that tells the age is kept.
    let sure: HashSet<(u64, u64)> = list.iter().filter(|s| s.is_sure()).map(|s| s.entry.file).collect();
    let mut seen = HashSet::new();
    list.retain(|s| (s.is_sure() || !sure.contains(&s.entry.file)) && seen.insert(s.entry.file));
    list
}

/// The age that `stem` (without the ending of a compression) names, and its scheme.
fn age(live: &str, stem: &str) -> Option<(Age, usize)> {
    let after = |base: &str| stem.strip_prefix(base).and_then(suffix);
    let inside = || {
        let (base, extension) = live.rsplit_once('.').filter(|(base, _)| !base.is_empty())?;
        stem.strip_suffix(extension)?.strip_suffix('.')?.strip_prefix(base).and_then(suffix)
    };
    let inside = || inside().map(|(age, scheme)| (age, scheme + INSIDE));
    after(live).or_else(inside)
}

/// The age, and the digits of its first group (0: a number) with the separator.
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
    let dashed = if dot { 0 } else { DASHED };
    match groups[..] {
        [number] if first <= if dot { 5 } else { 3 } => Some((Age::Number(Reverse(number)), dashed)),
        _ if first >= 4 => Some((Age::Date(groups), first + dashed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of `dir` with modification times 1, 2, 3 …, as they are ordered.
    fn ordered(live: &str, names: &[&str]) -> Vec<String> {
        in_order_of(&Names::new([live.to_owned()], []), names)
    }

    fn in_order_of(of: &Names, names: &[&str]) -> Vec<String> {
        let siblings = names.iter().enumerate().filter_map(|(i, name)| sibling(of, name, i as u64));
        in_order(siblings).into_iter().map(|s| s.entry.name).collect()
    }

    fn sibling(of: &Names, name: &str, inode: u64) -> Option<Sibling> {
        let mtime = i64::try_from(inode).unwrap();
        let entry = Entry { name: name.to_owned(), file: (1, inode), size: 1, mtime, owner: (0, 0) };
        let (path, compression) = (Path::new("/v").join(name), Compression::by_name(name).1);
        Some(Sibling { path, entry, compression, kin: of.kin(name)?, is_trusted: true })
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
    fn of_one_moment_names_of_one_scheme_tell() {
        let names = Names::new(["m".to_owned()], []);
        let one_moment = |(i, name): (usize, &&str)| {
            let mut sibling = sibling(&names, name, i as u64)?;
            sibling.entry.mtime = 7;
            Some(sibling)
        };
        let list = in_order(["m.1", "m-20260928", "m.2", "m.10"].iter().enumerate().filter_map(one_moment));
        let list: Vec<String> = list.into_iter().map(|s| s.entry.name).collect();
        assert_eq!(list, ["m.10", "m.2", "m.1", "m-20260928"]);
    }

    #[test]
    fn the_plain_file_beats_its_compressed_copy() {
        assert_eq!(ordered("m", &["m.1.gz", "m.1", "m.2.zst", "m.2.gz"]), ["m.2.gz", "m.1"]);
    }

    #[test]
    fn two_names_of_one_file_are_one() {
        let names = Names::new(["m".to_owned()], []);
        let list = in_order(["m.1", "m.2", "m.old"].iter().filter_map(|name| sibling(&names, name, 7)));
        assert_eq!(list.len(), 1);
        assert!(list[0].is_sure());
    }

    #[test]
    fn loggers_have_names_of_their_own_beside_current() {
        let label = |n: u32| format!("@40000000{n:016x}");
        let names: Vec<String> = ["previous".to_owned(), "processed".to_owned()]
            .into_iter()
            .chain([format!("{}.s", label(3)), format!("{}.u", label(2)), format!("{}.t", label(2))])
            .chain([format!("{}.s", label(1)), "state".to_owned(), "lock".to_owned(), "@1.s".to_owned()])
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let wanted = [format!("{}.s", label(1)), format!("{}.u", label(2)), format!("{}.s", label(3))];
        let wanted: Vec<String> = wanted.into_iter().chain(["previous".to_owned()]).collect();
        assert_eq!(ordered("current", &names), wanted);
        assert_eq!(ordered("current", &["processed"]), ["processed"]);
        assert!(ordered("maillog", &names).is_empty());
    }

    #[test]
    fn what_a_link_led_to_before_and_what_lies_between() {
        let names = Names::new(
            ["maillog".to_owned(), "mail-2026-10-02.log".to_owned()],
            ["mail-2026-09-29.log".to_owned()],
        );
        let found = [
            "mail-2026-10-01.log",
            "mail-2026-09-29.log.gz",
            "mail-2026-09-28.log",
            "mail-2026-10-02.log",
            "mail-2026-10-03.log",
            "mail-2026-09-30.log",
            "auth-2026-09-30.log",
        ];
        let wanted = ["mail-2026-09-29.log.gz", "mail-2026-09-30.log", "mail-2026-10-01.log"];
        let sure = |name: &&str| matches!(names.kin(name), Some(Kin::Sure(..)));
        assert_eq!(in_order_of(&names, &found.into_iter().filter(sure).collect::<Vec<_>>()), wanted);
        let likely: Vec<&str> = found.into_iter().filter(|n| names.kin(n) == Some(Kin::Likely)).collect();
        assert_eq!(likely, ["mail-2026-09-28.log"]);
        assert!(is_alike(Path::new("/l/2026/09/30"), Path::new("/l/2026/10/01")));
        assert!(!is_alike(Path::new("/l/2026/09/30"), Path::new("/m/2026/10/01")));
        assert!(!is_alike(Path::new("/l/a"), Path::new("/l/b")));
    }

    #[test]
    fn other_names_that_begin_with_the_live_one_stand_by_their_last_write() {
        let (older, younger) = ("m.1-2026112817.backup", "m.old.gz");
        assert_eq!(
            ordered("m", &["m.3", older, "m.2", younger, "m.1"]),
            ["m.3", older, "m.2", younger, "m.1"]
        );
        assert_eq!(ordered("m", &["m~", "m.2", "m.1"]), ["m~", "m.2", "m.1"]);
        assert_eq!(ordered("m", &["m.1", "m.2", "m.save"]), ["m.2", "m.1", "m.save"]);
    }

    #[test]
    fn other_names_are_none() {
        let kin = |name| Names::new(["m".to_owned()], []).kin(name);
        for name in ["m", "m2.1", "mm.1", "m1", "n.1", ".m.swp", "#m#", ""] {
            assert_eq!(kin(name), None, "{name}");
        }
        for name in ["m.info", "m.warn.1", "m.err-20260928.xz", "m-errors", "m.warnings.old"] {
            assert_eq!(kin(name), None, "{name}");
        }
        assert_eq!(kin("m.information"), Some(Kin::Likely));
        for name in ["m.", "m-", "m.gz", "m.1.tmp", "m.old", "m.1x", "m.-1", "m.1..2", "m.1.lz4", "m~", "m,v"]
        {
            assert_eq!(kin(name), Some(Kin::Likely), "{name}");
        }
        assert_eq!(kin("m.1234567890123456789"), Some(Kin::Likely));
        assert!(matches!(kin("m.1.zst"), Some(Kin::Sure(..))));
    }
}

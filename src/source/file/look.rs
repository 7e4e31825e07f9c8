//! One look at a log file and at everything that may be a rotation of it: what is there, in which order, and whether
//! it stayed so while it was looked at.
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::catch_up::{CatchUp, Trouble, Try};
use super::compressed::Compression;
use super::content::{Match, Open};
use super::linked::Range;
use super::log::Log;
use super::siblings::{self, Age, Kin, Names, Sibling, is_alike, shape};
use crate::error::{At, Error, Result};
use crate::ledger::Position;
use crate::source::opener::{Opener, Plain, most_held};

/// A directory in which rotations of a log may stand.
struct Directory {
    path: PathBuf,
    /// Did somebody say that they are there?
    is_named: bool,
    /// May the rights of root be used in it?
    is_trusted: bool,
}

pub(super) struct Look<'a> {
    pub log: Log<'a>,
    pub live: Option<Open>,
    most_held: usize,
    names: Names,
    /// What a link led to between the files that were read and the live one.
    ranges: Vec<Range>,
    directories: Vec<Directory>,
    /// The oldest first; `None`: nobody asked yet.
    siblings: Option<Vec<Sibling>>,
    /// Those of the siblings that are open. The number after the last sibling's is the live file's.
    opened: Vec<Option<Open>>,
    /// Files of any name whose content says that they are siblings.
    pub(super) strays: Vec<PathBuf>,
    /// The schemes of names that tell no age.
    pub(super) untold: BTreeSet<usize>,
    /// What was opened in search of a file, and what could not be.
    pub(super) looked: BTreeSet<String>,
    /// How many further files there are that the search did not get to.
    pub(super) not_looked_at: usize,
    /// Sentences for stderr.
    pub(super) said: Vec<String>,
}

impl<'a> Look<'a> {
    /// `positions` are those of the files that may have to be found.
    pub fn new<'p>(log: Log<'a>, positions: impl Iterator<Item = &'p Position>) -> Result<Look<'a>> {
        let live = open_live(&log)?;
        let read: BTreeSet<&Path> =
            positions.filter(|p| !p.path.is_empty()).map(|p| Path::new(p.path.as_str())).collect();
        let real = live.as_ref().map(|live| live.real().to_owned());
        let name_of = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let live_names = [Some(log.path), real.as_deref()].into_iter().flatten().filter_map(name_of);
        let ranges: Vec<Range> = match &real {
            Some(real) => read.iter().filter_map(|was| Range::new(was, real)).collect(),
            None => vec![],
        };
        Ok(Look {
            log,
            live,
            most_held: most_held(1),
            names: Names::new(live_names, read.iter().filter_map(|path| name_of(path))),
            directories: directories(&log, real.as_deref(), &read, &ranges),
            ranges,
            siblings: None,
            opened: vec![],
            strays: vec![],
            untold: BTreeSet::new(),
            looked: BTreeSet::new(),
            not_looked_at: 0,
            said: vec![],
        })
    }

    /// The siblings, in no order; `true`: and all other regular files. A file of a name that says nothing may be anybody's: the
    /// rights of root are used for one of the live file's owner and group.
    pub(super) fn list_all(&self, of_any_name: bool) -> Result<Vec<Sibling>> {
        let (mut all, live) = (Vec::new(), self.live.as_ref());
        for dir in &self.directories {
            let by_name = |name: &str| {
                let stem = dir.path.join(Compression::by_name(name).0);
                let linked = self.ranges.iter().find_map(|range| range.kin(&stem));
                linked.or_else(|| self.names.kin(name))
            };
            let otherwise = |name: &str| match self.strays.contains(&dir.path.join(name)) {
                false if live.is_some() && self.is_like_known(name) => Some(Kin::Likely),
                is_stray => (is_stray || of_any_name).then_some(Kin::Stray),
            };
            let kin = |name: &str| by_name(name).or_else(|| otherwise(name));
            match self.opener(dir.is_trusted).list(&dir.path, &|name| kin(name).is_some()) {
                Ok(entries) => all.extend(entries.into_iter().filter_map(|entry| {
                    let (path, kin) = (dir.path.join(&entry.name), kin(&entry.name)?);
                    let compression = Compression::by_name(&entry.name).1;
                    let is_ours =
                        || by_name(&entry.name).is_some() || live.is_some_and(|l| l.owner == entry.owner);
                    let is_trusted = dir.is_trusted && is_ours();
                    Some(Sibling { path, compression, kin, entry, is_trusted })
                })),
                // Nobody said that rotated files are there; it may be a link that somebody planted.
                Err(e) if !dir.is_named && is_closed(&e) => {}
                Err(e) => return Err(unreadable("read", &dir.path, &e)),
            }
        }
        // Where the live name is a link to a file with a date, that file is the live one.
        all.retain(|s| live.is_none_or(|live| s.entry.file != live.id) && !self.log.is_of_another(&s.path));
        Ok(all)
    }

    /// Does a name that says nothing differ only in its digits from one that our files had? A log that is rotated to
    /// `mail_20261127.log` is rotated to `mail_20261128.log` next.
    fn is_like_known(&self, name: &str) -> bool {
        let form = |name: &str| shape(Compression::by_name(name).0).map(|(form, _)| form);
        let found = form(name);
        let is_like = |known: &Path| known.file_name().and_then(|known| form(known.to_str()?)) == found;
        found.is_some()
            && (self.names.is_like_read(Compression::by_name(name).0)
                || self.strays.iter().any(|s| is_like(s)))
    }

    fn list(&self) -> Result<Vec<Sibling>> {
        let mut all = self.list_all(false)?;
        for sibling in &mut all {
            if let Kin::Sure(age, scheme) = &mut sibling.kin
                && self.untold.contains(scheme)
            {
                *age = Age::Untold;
            }
        }
        Ok(siblings::in_order(all))
    }

    pub fn siblings(&mut self) -> Result<Vec<Sibling>> {
        if self.siblings.is_none() {
            let list = self.list()?;
            self.opened = list.iter().map(|_| None).collect();
            self.siblings = Some(list);
        }
        Ok(self.siblings.clone().unwrap_or_default())
    }

    /// Lists the siblings again, with what was learnt of names since.
    pub fn relist(&mut self) {
        self.siblings = None;
    }

    /// Opens with the rights of root if needed, where a directory is trusted, and otherwise with our own only.
    fn opener(&self, is_trusted: bool) -> &'a dyn Opener {
        if is_trusted { self.log.opener } else { &Plain }
    }

    /// The open sibling of number `i`.
    pub fn open(&mut self, i: usize, sibling: &Sibling) -> Try<&Open> {
        let is_held = self.held(i).is_some_and(Open::is_held);
        let opened = if is_held { None } else { Some(self.open_new(sibling)?) };
        let slot = self.opened.get_mut(i).ok_or(Trouble::Changed)?;
        *slot = opened.or_else(|| slot.take());
        slot.as_ref().ok_or(Trouble::Changed)
    }

    pub(super) fn open_new(&self, sibling: &Sibling) -> Try<Open> {
        let opener = self.opener(sibling.is_trusted);
        let opened = opener.follow(&sibling.path).map_err(|e| unreadable("open", &sibling.path, &e))?;
        let opened = opened.ok_or(Trouble::Changed)?;
        let compression =
            Compression::by_content(&opened.0, sibling.compression).at("read", &sibling.path)?;
        let open = Open::new(&sibling.path, opened, compression)?;
        if open.id == sibling.entry.file { Ok(open) } else { Err(Trouble::Changed) }
    }

    /// Does the name of the log lead to a file of another name?
    pub fn is_link(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.real().file_name() != self.log.path.file_name())
    }

    /// The sibling of number `i`, if it is open.
    pub fn held(&self, i: usize) -> Option<&Open> {
        self.opened.get(i).and_then(Option::as_ref)
    }

    pub fn close(&mut self, i: usize) {
        if let Some(slot) = self.opened.get_mut(i) {
            *slot = None;
        }
    }

    /// After a long time without us there may be thousands of files to read: of those that `plan` needs only some are
    /// held open, the others are opened again when they are read.
    pub fn let_go(&mut self, i: usize, needed: usize) {
        if needed > self.most_held
            && let Some(Some(open)) = self.opened.get_mut(i)
        {
            open.close(self.log.opener);
        }
    }

    /// The live file has the number that no sibling has.
    pub fn number(&self, i: usize) -> usize {
        if i < self.opened.len() { i } else { usize::MAX }
    }

    /// Has the live file all that the open sibling of number `i` has? Then it is a copy, perhaps still being made, and
    /// the live name wins.
    pub fn is_copy_of_live(&self, i: usize) -> Result<bool> {
        let (Some(sibling), Some(live)) = (self.held(i), &self.live) else { return Ok(false) };
        // An archive is unpacked to its end only if it begins as the live file does.
        if let Some(first) = sibling.first_lines().next()
            && live.first_lines().next() != Some(first)
        {
            return Ok(false);
        }
        match sibling.end()? {
            Some(whole) => Ok(live.matches(&whole)? == Match::Full),
            None => Ok(false),
        }
    }

    /// Is there anything in a file that is younger than the sibling of number `i`?
    pub fn is_followed(&self, all: &[Sibling], i: usize) -> bool {
        let follows = |s: &Sibling| s.is_sure() && s.entry.size > 0;
        all.iter().skip(i + 1).any(follows) || self.live.as_ref().is_some_and(|l| l.size > 0)
    }

    /// Was nothing renamed, removed or truncated while we looked?
    pub fn unchanged(&mut self) -> Try<()> {
        let Some(siblings) = &self.siblings else { return Ok(()) };
        let names = |list: &[Sibling]| -> BTreeSet<(PathBuf, (u64, u64))> {
            list.iter().map(|s| (s.path.clone(), s.entry.file)).collect()
        };
        let (was, now) = (names(siblings), names(&self.list()?));
        let live = open_live(&self.log)?;
        let same = match (&self.live, &live) {
            (Some(was), Some(now)) => was.id == now.id && was.size <= now.size,
            (None, None) => true,
            _ => false,
        };
        if same && was == now { Ok(()) } else { Err(Trouble::Changed) }
    }

    /// The files that somebody reads, the oldest first, and the plans with their numbers.
    pub fn finish(mut self, mut plans: Vec<CatchUp>) -> Try<(Vec<Open>, Vec<CatchUp>)> {
        let all = self.siblings.take().unwrap_or_default();
        let used: BTreeSet<usize> = plans.iter().flat_map(CatchUp::files).collect();
        let followed: BTreeSet<usize> = (0..all.len()).filter(|&i| self.is_followed(&all, i)).collect();
        let mut files = Vec::new();
        let mut numbers = Vec::new();
        for i in used {
            let file = match self.opened.get_mut(i) {
                Some(slot) => slot.take(),
                None => self.live.take(),
            };
            let mut file = file.ok_or(Trouble::Changed)?;
            file.finished = followed.contains(&i);
            numbers.push(i);
            files.push(file);
        }
        plans.iter_mut().for_each(|plan| plan.renumber(&numbers));
        Ok((files, plans))
    }
}

/// Where rotations of `log`, whose live file is `real`, are looked for: beside its name, in `old`, `OLD` and `olddir`
/// there; beside the file that a link leads to; where the files `read` stood when they were read, and between those and
/// the live one. A directory that we know from the state alone is looked into with the rights of root only if it differs
/// from that of the live file in its digits only: whoever may write the state may not have everything read.
fn directories(
    log: &Log<'_>,
    real: Option<&Path>,
    read: &BTreeSet<&Path>,
    ranges: &[Range],
) -> Vec<Directory> {
    let mut all: Vec<Directory> = Vec::new();
    let mut add = |path: PathBuf, is_named: bool, is_trusted: bool| {
        if !all.iter().any(|known| known.path == path) {
            all.push(Directory { path, is_named, is_trusted });
        }
    };
    let parent = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut beside = |dir: PathBuf, is_named: bool| {
        add(dir.clone(), is_named, true);
        if let Some(olddir) = log.olddir {
            add(dir.join(olddir), is_named, true);
        }
        add(dir.join("old"), false, true);
        add(dir.join("OLD"), false, true);
    };
    beside(parent(log.path), true);
    let now = real.map(parent);
    if let Some(now) = &now {
        beside(now.clone(), false);
    }
    let between = ranges.iter().flat_map(Range::directories);
    for dir in read.iter().map(|path| parent(path)).chain(between) {
        let is_trusted = now.as_ref().is_some_and(|now| is_alike(now, &dir));
        add(dir, false, is_trusted);
    }
    all
}

fn is_closed(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput)
}

fn open_live(log: &Log<'_>) -> Result<Option<Open>> {
    match log.opener.follow(log.path) {
        Ok(file) => file.map(|file| Open::new(log.path, file, Compression::None)).transpose(),
        // multilog makes `current` with mode 0600, and opens it to readers in a second step.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied && is_new_current(log) => Ok(None),
        Err(e) => Err(unreadable("open", log.path, &e)),
    }
}

fn is_new_current(log: &Log<'_>) -> bool {
    let parent = log.path.parent().unwrap_or(Path::new(""));
    let is_current = log.path.file_name().is_some_and(|name| name == "current");
    let list = || log.opener.list(parent, &|name| name == "current").unwrap_or_default();
    is_current && list().first().is_some_and(|entry| entry.size == 0)
}

pub(super) fn unreadable(action: &'static str, path: &Path, e: &io::Error) -> Error {
    if e.kind() != io::ErrorKind::PermissionDenied {
        return Error::Io { action, path: path.to_owned(), source: io::Error::new(e.kind(), e.to_string()) };
    }
    Error::Denied(format!(
        "{}: cannot {action}: Permission denied; add the user to the group that may read it (often adm), or run `maillogs update` as root",
        path.display()
    ))
}

//! The commit: everything of a protocol changes at once, or not at all, whatever dies when.
//!
//! 1. lock; finish (journal) or undo (intent) what a crash left
//! 2. intent → pass through → append to the archive (all of it undoable)
//! 3. **journal**: from here on it has happened
//! 4. RRD, state, counter file: each idempotent, redone from the journal if need be
//! 5. intent away, journal away
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::archive::{self, Intent, Pieces};
use super::lock::{Lock, lock};
use super::push::{self, Journal};
use super::rrd::Update;
use super::state::{State, decode, digest, encode};
use super::takeover::{self, Legacy};
use super::{counters, disk};
use crate::error::{Error, Result, warn};
use crate::protocol::Protocol;

/// Where a protocol's files are.
#[derive(Clone, Debug)]
pub struct Store {
    /// `logs_base`: the archive's root.
    pub base: PathBuf,
    /// What is counted.
    pub protocol: &'static Protocol,
    /// The counter file.
    pub counter_file: PathBuf,
    /// Where an older maillogs had it; looked into on the first run, if the counter file is not there.
    pub legacy: Vec<Legacy>,
    /// The directory of state, journal, intent and lock.
    pub state_dir: PathBuf,
    /// The round robin database.
    pub rrd: PathBuf,
    /// One bin, in seconds.
    pub step: i64,
    /// May the RRD lose data sources that the protocol has no more? Not because of a typo in toaster.conf.
    pub may_drop: bool,
}

impl Store {
    pub(super) fn file(&self, what: &str) -> PathBuf {
        self.state_dir.join(format!("{}.{what}", self.protocol.name))
    }

    fn journal(&self) -> PathBuf {
        self.file("journal")
    }

    /// Does the protocol count at all?
    pub(super) fn counts(&self) -> bool {
        !self.protocol.counters.is_empty()
    }

    /// The last commit, without a lock: the journal's if one is there, else the state's. `None`:
    /// nothing was ever committed, or what there is cannot be read (the next commit says so).
    ///
    /// # Errors
    /// When a file is there and may not be read.
    pub fn read(&self) -> Result<Option<State>> {
        // A commit between two reads moves the journal's content to the state: look again.
        for _ in 0..100 {
            let journal = self.read_journal()?;
            let state = disk::read(&self.file("state"))?;
            let again = self.read_journal()?;
            if journal.as_ref().map(|j| j.state.number) != again.as_ref().map(|j| j.state.number) {
                continue;
            }
            let state = state.and_then(|bytes| decode::<State>(&bytes));
            let mut newest = match (journal.map(|j| j.state), state) {
                (Some(j), Some(s)) => Some(if j.number >= s.number { j } else { s }),
                (j, s) => j.or(s),
            };
            if let Some(state) = &mut newest {
                state.fit(self.protocol);
            }
            return Ok(newest);
        }
        Err(Error::Message(format!("{}: changes faster than it can be read", self.journal().display())))
    }

    fn read_journal(&self) -> Result<Option<Journal>> {
        Ok(disk::read(&self.journal())?.and_then(|bytes| decode(&bytes)))
    }

    /// Takes the lock, waiting at most `patience`, finishes or undoes what a crash left, and brings the RRD's
    /// data sources up to date.
    ///
    /// # Errors
    /// [`Error::Locked`]; or when state or archive cannot be written.
    pub fn open(&self, patience: Duration, now: i64) -> Result<Session<'_>> {
        disk::make_dir(&self.state_dir)?;
        let lock = lock(&self.file("lock"), patience)?;
        if self.counts()
            && let Some(dir) = self.counter_file.parent()
        {
            disk::make_dir(dir)?;
        }
        let mut session = Session {
            store: self,
            _lock: lock,
            state: State::new(self.protocol),
            origin: Origin::Known,
            edited: false,
            intent: None,
        };
        session.recover(now)?;
        session.migrate(now)?;
        Ok(session)
    }
}

/// How the files of a protocol are, without changing any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is a state, and it can be read.
    Fine,
    /// There is none yet.
    Fresh,
    /// A state or journal of ours that somebody changed.
    Damaged(PathBuf),
    /// A journal or an intent: a commit is under way, or was cut off.
    Unfinished(PathBuf),
    /// Somebody holds the lock.
    Locked(PathBuf),
    /// The counter file is not as we wrote it.
    Edited(PathBuf),
    /// Something cannot be read; why.
    Unreadable(PathBuf, String),
}

impl Store {
    /// Looks at lock, state, journal, intent and counter file.
    pub fn health(&self) -> Vec<Health> {
        let mut found = Vec::new();
        let lock = self.file("lock");
        let held = std::fs::File::open(&lock)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)));
        if held {
            found.push(Health::Locked(lock));
        }
        for name in ["journal", "intent"] {
            match disk::read(&self.file(name)) {
                Ok(None) => {}
                Ok(Some(_)) => found.push(Health::Unfinished(self.file(name))),
                Err(e) => found.push(Health::Unreadable(self.file(name), e.to_string())),
            }
        }
        let path = self.file("state");
        let state = match disk::read(&path) {
            Ok(Some(bytes)) => match decode::<State>(&bytes) {
                Some(state) => Some(state),
                None => {
                    found.push(Health::Damaged(path));
                    None
                }
            },
            Ok(None) => {
                found.push(Health::Fresh);
                None
            }
            Err(e) => {
                found.push(Health::Unreadable(path, e.to_string()));
                None
            }
        };
        if let Some(written) = state.and_then(|s| s.counter_file) {
            match disk::read(&self.counter_file) {
                Ok(Some(bytes)) if digest(&[&bytes]) == written => found.push(Health::Fine),
                Ok(_) => found.push(Health::Edited(self.counter_file.clone())),
                Err(e) => found.push(Health::Unreadable(self.counter_file.clone(), e.to_string())),
            }
        }
        found
    }
}

/// Where the state of a session came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Read from the state file.
    Known,
    /// There was none: the first run.
    First,
    /// There was none, but a counter file: taken over from the Perl maillogs.
    TakenOver,
    /// It was damaged: what the sources hold now is taken as known.
    Damaged,
}

/// The right to write, from [`Store::open`].
#[derive(Debug)]
pub struct Session<'s> {
    pub(super) store: &'s Store,
    _lock: Lock,
    /// The last commit.
    pub state: State,
    /// Where it came from.
    pub origin: Origin,
    /// The counter file was changed by hand: there is something to commit.
    pub edited: bool,
    intent: Option<Intent>,
}

impl Session<'_> {
    fn recover(&mut self, now: i64) -> Result<()> {
        let store = self.store;
        let journal_path = store.journal();
        let mut no_journal = false;
        let journal = match read_or_aside(&journal_path, now)? {
            None => {
                no_journal = true;
                None
            }
            Some(bytes) => match decode::<Journal>(&bytes) {
                Some(journal) => Some(journal),
                None if bytes.is_empty() => {
                    disk::remove(&journal_path)?;
                    None
                }
                None => {
                    let aside = disk::set_aside(&journal_path, "corrupt", now)?;
                    warn(format_args!(
                        "{}: damaged, kept as {}; going on from the commit before it",
                        journal_path.display(),
                        aside.display()
                    ));
                    None
                }
            },
        };
        let state_path = store.file("state");
        match read_or_aside(&state_path, now)? {
            None if journal.is_some() => {}
            None => self.origin = Origin::First,
            Some(bytes) => match decode::<State>(&bytes) {
                Some(state) => self.state = state,
                None => {
                    if !bytes.is_empty() {
                        // Never moved: where there is no state, all that the sources hold is new.
                        let kept = disk::copy_aside(&state_path, &bytes, "corrupt", now)?;
                        warn(format_args!("{}: damaged, kept as {}", state_path.display(), kept.display()));
                    }
                    // Until the next commit it must not look as if there never was a state: an empty one says so.
                    disk::replace(&state_path, b"", 0o644)?;
                    disk::sync_dir(&store.state_dir)?;
                    if journal.is_none() {
                        self.origin = Origin::Damaged;
                    }
                }
            },
        }
        self.state.fit(store.protocol);
        let mut redone = false;
        if let Some(mut journal) = journal {
            if journal.state.number >= self.state.number {
                push::outdated(store, &mut journal, now);
                journal.state.fit(store.protocol);
                let as_it_was = encode(&journal);
                journal.redone += 1;
                disk::replace(&journal_path, &encode(&journal), 0o644)?;
                disk::sync_dir(&store.state_dir)?;
                self.apply(journal, true, now).inspect_err(|_| {
                    // A full disk, a directory we may not write: that is no death, and no fault of the RRD.
                    let _ = disk::replace(&journal_path, &as_it_was, 0o644);
                })?;
                redone = true;
            } else {
                disk::remove(&journal_path)?;
            }
        }
        let unfinished = no_journal && self.origin == Origin::Damaged;
        self.undo_stale_intent(redone, unfinished, now)?;
        self.read_counter_file(now)
    }

    /// Cuts the archive back if the intent is that of a commit that did not come about: the next one; or,
    /// `unfinished`, whichever it is, where the state is damaged and cannot tell, for an intent goes before its
    /// journal does.
    fn undo_stale_intent(&mut self, redone: bool, unfinished: bool, now: i64) -> Result<()> {
        let path = self.store.file("intent");
        let Some(bytes) = read_or_aside(&path, now)? else { return Ok(()) };
        if let Some(intent) =
            decode::<Intent>(&bytes).filter(|i| !redone && (unfinished || i.number == self.state.number + 1))
        {
            archive::cut_back(&self.store.base, &intent)?;
        }
        disk::remove(&path)
    }

    /// An edit by hand wins; so does a removal. On the first run the file is taken over.
    fn read_counter_file(&mut self, now: i64) -> Result<()> {
        let (path, protocol) = (&self.store.counter_file, self.store.protocol);
        if !self.store.counts() {
            return Ok(());
        }
        let bytes = match disk::read(path) {
            Ok(bytes) => bytes,
            Err(_) if std::fs::symlink_metadata(path).is_ok_and(|m| !m.is_file()) => {
                let aside = disk::set_aside(path, "corrupt", now)?;
                warn(format_args!(
                    "{}: is not a file, kept as {}; written anew",
                    path.display(),
                    aside.display()
                ));
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        let Some(bytes) = bytes else {
            if self.origin == Origin::First
                && let Some(older) = takeover::older(self.store, &|text| warn(text))
            {
                self.origin = Origin::TakenOver;
                self.edited = true;
                older.put_into(&mut self.state.totals, &mut self.state.extra);
            } else if self.state.counter_file.take().is_some() {
                warn(format_args!("{}: was removed by hand; counting begins at 0", path.display()));
                self.state.totals.fill(0);
                self.edited = true;
            }
            return Ok(());
        };
        if self.state.counter_file == Some(digest(&[&bytes])) {
            return Ok(());
        }
        self.edited = true;
        let file = counters::parse(protocol, &bytes);
        if !file.rejected.is_empty() {
            let kept = path.with_extension("rejected");
            let text: String = file.rejected.iter().map(|(n, line)| format!("line {n}: {line}\n")).collect();
            disk::replace(&kept, text.as_bytes(), 0o644)?;
            for (number, line) in &file.rejected {
                let line: String =
                    line.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect();
                warn(format_args!(
                    "{}: line {number}: \"{line}\" is no counter; the line is kept aside in {}",
                    path.display(),
                    kept.display()
                ));
            }
        }
        if file.is_hopeless() {
            let aside = disk::set_aside(path, "corrupt", now)?;
            warn(format_args!("{}: cannot be read, kept as {}", path.display(), aside.display()));
            return Ok(());
        }
        match self.origin {
            Origin::First => {
                self.origin = Origin::TakenOver;
                warn(format_args!("{}: taken over; its counters go on", path.display()));
            }
            Origin::Damaged => warn(format_args!("{}: its counters go on", path.display())),
            _ => warn(format_args!("{}: was changed by hand; its values are taken", path.display())),
        }
        file.put_into(&mut self.state.totals, &mut self.state.extra);
        Ok(())
    }

    /// Step 2: writes the intent, calls `pass` (the pass-through), appends the archive. If any of it
    /// fails, everything is as it was.
    ///
    /// # Errors
    /// What `pass` said; or when intent or archive cannot be written.
    pub fn archive(
        &mut self,
        log: &str,
        days: &[u32],
        pieces: &dyn Pieces,
        pass: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        if days.is_empty() {
            return pass();
        }
        let base = &self.store.base;
        let files = days.iter().map(|&day| archive::target(base, day, log)).collect::<Result<Vec<_>>>()?;
        let intent = Intent { number: self.state.number + 1, files };
        let path = self.store.file("intent");
        disk::replace(&path, &encode(&intent), 0o644)?;
        disk::sync_dir(&self.store.state_dir)?;
        let done = pass().and_then(|()| {
            intent
                .files
                .iter()
                .zip(days)
                .try_for_each(|((name, _), &day)| archive::append(base, name, day, pieces))
        });
        self.intent = Some(intent);
        done.inspect_err(|_| self.take_back())
    }

    /// Cuts the archive back at once; if that fails too, the intent stays and the next process does it.
    fn take_back(&mut self) {
        if let Some(intent) = self.intent.take()
            && archive::cut_back(&self.store.base, &intent).is_ok()
        {
            let _ = disk::remove(&self.store.file("intent"));
        }
    }

    /// Steps 3 to 5. `updates` are the bins to push, oldest first, which are no longer in
    /// `state.bins`; `state.pushed` is the end of the last of them.
    ///
    /// # Errors
    /// Before the journal stands: nothing has happened. After: the next process finishes it.
    pub fn commit(&mut self, mut state: State, updates: Vec<Update>, now: i64) -> Result<()> {
        state.number = self.state.number + 1;
        if self.store.counts() {
            let text = counters::format(self.store.protocol, &state.totals, &state.extra);
            state.counter_file = Some(digest(&[text.as_bytes()]));
        }
        let mut journal = Journal {
            state,
            updates,
            pushed_before: self.state.pushed,
            gauges_before: self.state.gauges.clone(),
            rrd: None,
            redone: 0,
        };
        push::prepare(self.store, &mut journal, now);
        let written = disk::replace(&self.store.journal(), &encode(&journal), 0o644);
        if let Err(e) = written {
            self.take_back();
            return Err(e);
        }
        disk::sync_dir(&self.store.state_dir)?;
        self.apply(journal, false, now)
    }

    /// Keeps `state`, which says nothing more than the last commit but when its sources were looked at last. One
    /// rename does it, and if that is lost with the machine, nothing is.
    ///
    /// # Errors
    /// When it cannot be written; nothing has happened then.
    pub fn note(&mut self, state: State) -> Result<()> {
        disk::replace(&self.store.file("state"), &encode(&state), 0o644)?;
        self.state = state;
        Ok(())
    }

    /// Steps 4 and 5.
    fn apply(&mut self, mut journal: Journal, redo: bool, now: i64) -> Result<()> {
        let store = self.store;
        push::apply(store, &mut journal, redo, now);
        let state = journal.state;
        disk::replace(&store.file("state"), &encode(&state), 0o644)?;
        if store.counts() {
            let text = counters::format(store.protocol, &state.totals, &state.extra);
            disk::replace(&store.counter_file, text.as_bytes(), 0o644)?;
            if let Some(dir) = store.counter_file.parent() {
                disk::sync_dir(dir)?;
            }
        }
        disk::sync_dir(&store.state_dir)?;
        disk::remove(&store.file("intent"))?;
        disk::remove(&store.journal())?;
        self.intent = None;
        self.state = state;
        Ok(())
    }
}

/// Reads a file of ours; something else in its place (a directory, a link, a fifo) is moved aside and read
/// as empty.
fn read_or_aside(path: &Path, now: i64) -> Result<Option<Vec<u8>>> {
    match disk::read(path) {
        Err(_) if std::fs::symlink_metadata(path).is_ok_and(|m| !m.is_file()) => {
            let aside = disk::set_aside(path, "corrupt", now)?;
            warn(format_args!("{}: is not a file, kept as {}", path.display(), aside.display()));
            Ok(Some(Vec::new()))
        }
        other => other,
    }
}

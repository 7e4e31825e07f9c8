//! The commit: everything of a protocol changes at once, or not at all, whatever dies when.
//!
//! 1. lock; finish (journal) or undo (intent) what a crash left
//! 2. intent → pass through → append to the archive (all of it undoable)
//! 3. **journal**: from here on it has happened
//! 4. RRD, state, counter file: each idempotent, redone from the journal if need be
//! 5. intent away, journal away
use std::path::PathBuf;
use std::time::Duration;

use super::archive::{self, Intent, Pieces};
use super::held::{self, Held};
use super::lock::{Lock, lock};
use super::push::{self, Journal};
use super::rrd::Update;
use super::state::State;
use super::takeover::Legacy;
use super::writers::Under;
use super::{aside, counters, leftovers};
use crate::disk;
use crate::disk::is_something_else;
use crate::error::{Error, Result};
use crate::ledger::{Digest, digest, new_identity};
use crate::protocol::Protocol;
use crate::say::warn;
use crate::store::record::{LARGEST_RECORD, decode, encode, read_any, read_or_aside};

/// How many earlier counter files are remembered by their hash.
const REMEMBERED: usize = 64;

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
    /// The configuration; `None`: it is not asked for.
    pub under: Option<Under>,
}

impl Store {
    pub(super) fn file(&self, what: &str) -> PathBuf {
        self.state_dir.join(format!("{}.{what}", self.protocol.name))
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.file("journal")
    }

    /// Does the protocol count at all?
    pub(super) fn counts(&self) -> bool {
        !self.protocol.counters.is_empty()
    }

    /// The last commit, without a lock: the journal's if one is there, else the state's, or a copy of a later one.
    /// `None`: nothing was ever committed, or what there is cannot be read (the next commit says so).
    ///
    /// # Errors
    /// When a file is there and may not be read.
    pub fn read(&self) -> Result<Option<State>> {
        let mut newest = self.last_commit()?;
        if let Some(state) = &mut newest {
            state.remap_to(self.protocol);
        }
        Ok(newest)
    }

    /// As [`Store::read`], with the counters that the table had then.
    pub(super) fn last_commit(&self) -> Result<Option<State>> {
        // A commit between two reads moves the journal's content to the state: look again.
        let mut lacking = None;
        for _ in 0..100 {
            let journal = self.read_journal()?;
            let state = read_any(&self.file("state"))?;
            let again = self.read_journal()?;
            if journal.as_ref().map(|j| j.state.number) != again.as_ref().map(|j| j.state.number) {
                continue;
            }
            let state = state.and_then(|bytes| decode::<State>(&bytes));
            let mut newest = match (journal.map(|j| j.state), state) {
                (Some(j), Some(s)) => Some(if j.number >= s.number { j } else { s }),
                (j, s) => j.or(s),
            };
            // A part of the store may have been lost, or restored from a backup.
            if let Some((copy, _)) = self.newer_copy(newest.as_ref())? {
                newest = Some(copy);
            }
            if let Some(state) = &mut newest
                && !held::put_back(&self.file("held"), state)?
                && lacking != Some(state.number)
            {
                lacking = Some(state.number);
                continue;
            }
            return Ok(newest);
        }
        Err(Error::Message(format!("{}: changes faster than it can be read", self.journal().display())))
    }

    fn read_journal(&self) -> Result<Option<Journal>> {
        Ok(read_any(&self.journal())?.and_then(|bytes| decode(&bytes)))
    }

    /// Takes the lock, waiting at most `patience`, finishes or undoes what a crash left, and brings the RRD's
    /// data sources up to date.
    ///
    /// # Errors
    /// [`Error::Locked`]; or when state or archive cannot be written.
    pub fn open(&self, patience: Duration, now: i64) -> Result<Session<'_>> {
        disk::make_dir(&self.state_dir)?;
        let lock = lock(&self.file("lock"), patience)?;
        self.refuse_to_take_turns()?;
        let mut session = Session {
            store: self,
            _lock: lock,
            state: State::new(self.protocol),
            origin: Origin::Known,
            edited: false,
            lost_journal: false,
            held: Held::default(),
            intent: None,
            archived: None,
        };
        session.recover(now)?;
        if self.counts()
            && let Some(dir) = self.counter_file.parent()
        {
            disk::make_dir(dir)?;
        }
        leftovers::remove(self);
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
    /// The state is gone, damaged or older than this copy of it, which the next process goes on from.
    Behind(PathBuf),
    /// A directory of ours is gone with everything in it, since this unix time.
    Vanished(PathBuf, i64),
    /// The counter file is an older one of ours.
    OlderCounters(PathBuf),
    /// A file that was moved out of the way, when (unix seconds), and why.
    Aside(PathBuf, i64, &'static str),
}

/// Why files are moved out of the way, as it stands in their names, and what that means.
const WHY: [(&str, &str); 3] = [
    ("corrupt", "it was damaged"),
    (
        "old",
        "it has data sources or a step that toaster.conf no longer has; the RRD in its place has the rest",
    ),
    ("future", "a clock that was days ahead had written to it"),
];

impl Store {
    /// Looks at lock, state, journal, intent, counter file, at copies, and at what was moved aside.
    pub fn health(&self, now: i64) -> Vec<Health> {
        let mut found = Vec::new();
        let lock = self.file("lock");
        let held = std::fs::File::open(&lock)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)));
        if held {
            found.push(Health::Locked(lock));
        }
        for name in ["journal", "intent"] {
            match disk::read_within(&self.file(name), LARGEST_RECORD) {
                Ok(None) => {}
                Err(Error::TooLarge { path, .. }) => found.push(Health::Damaged(path)),
                Ok(Some(_)) => found.push(Health::Unfinished(self.file(name))),
                Err(e) => found.push(Health::Unreadable(self.file(name), e.to_string())),
            }
        }
        let path = self.file("state");
        let state = match disk::read_within(&path, LARGEST_RECORD) {
            Err(Error::TooLarge { path, .. }) => {
                found.push(Health::Damaged(path));
                None
            }
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
        for (dir, since) in state.iter().flat_map(|s| &s.vanished) {
            found.push(Health::Vanished(dir.into(), *since));
        }
        match self.newer_copy(state.as_ref()) {
            Ok(None) => {}
            Ok(Some((_, path))) => found.push(Health::Behind(path)),
            Err(e) => found.push(Health::Unreadable(self.counters_copy(), e.to_string())),
        }
        let kept = ["state", "journal", "intent", "held"].map(|name| self.file(name));
        let ours = kept.into_iter().chain([self.counter_file.clone(), self.rrd.clone()]).collect::<Vec<_>>();
        for (path, (name, why)) in ours.iter().flat_map(|path| WHY.map(|why| (path, why))) {
            let aside = aside::all(path, name).into_iter();
            found.extend(aside.map(|(time, file)| Health::Aside(file, time, why)));
        }
        if let Some((state, written)) = state.as_ref().and_then(|s| Some((s, s.counter_file?))) {
            match disk::read(&self.counter_file) {
                Ok(Some(bytes)) if digest(&[&bytes]) == written => found.push(Health::Fine),
                Ok(Some(bytes)) if self.is_older_copy(state, &bytes, now) => {
                    found.push(Health::OlderCounters(self.counter_file.clone()));
                }
                Ok(_) | Err(Error::TooLarge { .. }) => found.push(Health::Edited(self.counter_file.clone())),
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
    /// There was a journal that cannot be read: state and RRD may be further than the counter file and the state.
    pub(super) lost_journal: bool,
    /// The beginnings of lines that wait for their rest.
    pub(super) held: Held,
    intent: Option<Intent>,
    /// The archive file that was appended to last since the last commit, and its length.
    archived: Option<(String, u64)>,
}

impl Session<'_> {
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
        now: i64,
    ) -> Result<()> {
        if days.is_empty() {
            return pass();
        }
        self.wait_for_archive(now)?;
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
        self.archived = match &done {
            Ok(()) => archive::last_of(base, &intent)?,
            Err(_) => None,
        };
        self.intent = Some(intent);
        done.inspect_err(|_| self.take_back())
    }

    /// The archive's years are gone, all of them: their disk may not be mounted.
    fn wait_for_archive(&mut self, now: i64) -> Result<()> {
        let Some((name, _)) = &self.state.archived else { return Ok(()) };
        let (year, month) = (name.get(..4).unwrap_or_default(), name.get(..7).unwrap_or_default());
        let (dir, month) = (self.store.base.join(year), self.store.base.join(month));
        if archive::has_years(&self.store.base)? {
            self.is_there(&dir);
            return Ok(());
        }
        self.wait_for(&dir, &format!("to go on without it now: mkdir -p {}", month.display()), now)
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
        state.committed = now;
        state.base = self.store.real_base().to_string_lossy().into_owned();
        // What was found there or gone meanwhile is known to the session alone.
        state.vanished.clone_from(&self.state.vanished);
        if state.store == Digest::default() {
            state.store = new_identity();
        }
        if let Some(archived) = self.archived.take() {
            state.archived = Some(archived);
        }
        self.store.sign(&mut state, now);
        if self.store.counts() {
            let text = counters::format(self.store.protocol, &state.totals, &state.extra);
            let written = digest(&[text.as_bytes()]);
            if let Some(last) = self.state.counter_file.filter(|last| *last != written) {
                let surplus = (state.counter_files.len() + 1).saturating_sub(REMEMBERED);
                state.counter_files.drain(..surplus);
                state.counter_files.push(u64::from_le_bytes(last[..8].try_into().unwrap_or_default()));
            }
            state.counter_file = Some(written);
        }
        let mut journal = Journal {
            state,
            updates,
            pushed_before: self.state.pushed,
            gauges_before: self.state.gauges.clone(),
            rrd: None,
            redone: 0,
            refilled: 0,
        };
        if self.lost_journal {
            push::leave_out(self.store, &mut journal, now);
        }
        let moved = self.store.has_moved(&self.state);
        push::prepare(self.store, &mut journal, moved, now);
        let written = self
            .take_held(&mut journal.state)
            .and_then(|()| self.sync_names())
            .and_then(|()| disk::replace(&self.store.journal(), &encode(&journal), 0o644));
        if let Err(e) = written {
            // Over a network a rename may be done and its answer lost.
            let is_there = |there: Journal| there.state.number == journal.state.number;
            if !self.store.read_journal().is_ok_and(|there| there.is_some_and(is_there)) {
                self.take_back();
            }
            return Err(e);
        }
        disk::sync_dir(&self.store.state_dir)?;
        self.apply(journal, false, now)
    }

    /// Is there something for a commit to do at the RRD, though no minute is complete?
    pub fn rrd_lacks(&self) -> bool {
        push::lacks(self.store, &self.state)
    }

    /// Before the first commit: who made the directories may have died before their names were durable.
    fn sync_names(&self) -> Result<()> {
        if self.state.number > 0 {
            return Ok(());
        }
        let counters = self.store.counter_file.parent().filter(|_| self.store.counts());
        let rrds = self.store.rrd.parent().filter(|dir| dir.is_dir());
        [Some(self.store.state_dir.as_path()), counters, rrds]
            .into_iter()
            .flatten()
            .try_for_each(disk::sync_name)
    }

    /// Keeps `state`, which says nothing more than the last commit but when its sources were looked at last. One
    /// rename does it, and if that is lost with the machine, nothing is.
    ///
    /// # Errors
    /// When it cannot be written; nothing has happened then.
    pub fn note(&mut self, mut state: State) -> Result<()> {
        self.take_held(&mut state)?;
        disk::replace(&self.store.file("state"), &encode(&state), 0o644)?;
        self.state = state;
        self.put_back_held();
        Ok(())
    }

    /// Steps 4 and 5.
    pub(super) fn apply(&mut self, mut journal: Journal, redo: bool, now: i64) -> Result<()> {
        let store = self.store;
        push::apply(store, &mut journal, redo, now);
        let state = journal.state;
        let bytes = encode(&state);
        let write = || disk::replace(&store.file("state"), &bytes, 0o644);
        write().or_else(|e| if store.made_room(&e, &store.file("state")) { write() } else { Err(e) })?;
        if store.counts() {
            if let Some(dir) = store.counter_file.parent() {
                disk::make_dir(dir)?;
            }
            let text = counters::format(store.protocol, &state.totals, &state.extra);
            if is_something_else(&store.counter_file) {
                let kept = aside::replace_kept(&store.counter_file, text.as_bytes(), "corrupt", now)?;
                let path = store.counter_file.display();
                warn(format_args!("{path}: is not a file, {}; written anew", kept));
            } else {
                let write = || disk::replace(&store.counter_file, text.as_bytes(), 0o644);
                write()
                    .or_else(|e| if store.made_room(&e, &store.counter_file) { write() } else { Err(e) })?;
            }
            if let Some(dir) = store.counter_file.parent() {
                disk::sync_dir(dir)?;
            }
        }
        disk::sync_dir(&store.state_dir)?;
        store.write_copies(&bytes, state.rrd.is_some() && store.rrd.is_file());
        read_or_aside(&store.file("intent"), now)?;
        disk::remove(&store.file("intent"))?;
        disk::remove(&store.journal())?;
        self.intent = None;
        self.drop_held(&state);
        self.state = state;
        self.put_back_held();
        Ok(())
    }
}

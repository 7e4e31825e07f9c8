//! The commit: all files of a protocol change together or not at all, whichever process dies at whatever moment.
//!
//! 1. lock; finish (journal) or undo (intent) what a crash left
//! 2. intent → pass through → append to the archive (all of it undoable)
//! 3. **journal**: from here on it has happened
//! 4. RRD, state, counter file: each idempotent, redone from the journal if need be
//! 5. intent away, journal away
use super::archive::{self, Intent, Pieces};
use super::journal::Journal;
use super::record::{encode, read_or_aside};
use super::rrd::Update;
use super::session::Session;
use super::state::State;
use super::{aside, counters, push};
use crate::disk::{self, is_something_else};
use crate::error::Result;
use crate::ledger::{Digest, digest, new_identity};
use crate::say::warn;

/// How many earlier counter files are remembered by their hash.
const REMEMBERED: usize = 64;

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

    /// Waits, for a limited time, if all years of the archive are gone: their disk may not be mounted.
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
        state.committed = now;
        self.commit_what_was_read(state, updates, now)
    }

    /// As [`Session::commit`], but [`State::committed`] stays: for a commit before anything is read. What ended since the one before
    /// is still to be counted, also if this process dies first.
    ///
    /// # Errors
    /// As [`Session::commit`].
    pub(super) fn commit_what_was_read(
        &mut self,
        mut state: State,
        updates: Vec<Update>,
        now: i64,
    ) -> Result<()> {
        state.number = self.state.number + 1;
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
        self.store.note_tables(&mut state, now);
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
            unused: 0,
            refilled: 0,
        };
        if self.lost_journal {
            push::skip_already_pushed(self.store, &mut journal, now);
        }
        let moved = self.store.has_moved(&self.state);
        push::prepare(self.store, &mut journal, moved, now);
        self.settle_queue(&mut journal.state);
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
        self.apply(journal, now)
    }

    /// Is there something for a commit to do at the RRD, though no minute is complete?
    pub fn rrd_lacks(&self) -> bool {
        push::lacks(self.store, &self.state)
    }

    /// Before the first commit, makes the names of the directories durable: the process that made them may have died
    /// before that.
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

    /// Steps 4 and 5.
    pub(super) fn apply(&mut self, mut journal: Journal, now: i64) -> Result<()> {
        let store = self.store;
        push::apply(store, &mut journal, now);
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
                warn(format_args!("{path}: is not a file, {kept}; written anew"));
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
        store.write_copies(&bytes, &state);
        read_or_aside(&store.file("intent"), now)?;
        disk::remove(&store.file("intent"))?;
        disk::remove(&store.journal())?;
        self.intent = None;
        self.drop_held(&state);
        let queue_file = self.state.messages.file;
        self.state = state;
        self.put_back_held();
        if let Some(before) = queue_file {
            self.drop_queue(before);
        }
        Ok(())
    }
}

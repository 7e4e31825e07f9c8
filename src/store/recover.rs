//! What the next process finds after a crash, or after somebody damaged a file: finished, undone, or kept aside.
use std::cmp::Ordering;
use std::path::Path;

use super::archive::{self, Intent};
use super::journal::Journal;
use super::record::{decode, read_or_aside};
use super::rrd::header::{Look, peek};
use super::session::{Session, StateOrigin};
use super::state::State;
use super::upgrade::{Fit, fitness};
use super::{aside, counters, push, takeover};
use crate::disk;
use crate::disk::is_something_else;
use crate::error::{Error, Result};
use crate::ledger::{Digest, digest};
use crate::say::warn;
use crate::tally;

/// How many unreadable lines of a counter file are quoted in warnings; all of them are kept aside.
const REJECTED_SAID: usize = 20;

impl Session<'_> {
    /// Finishes or undoes what a crash left, and reads state and counter file.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub(super) fn recover(&mut self, now: i64) -> Result<()> {
        let store = self.store;
        self.read_held(now)?;
        let journal_path = store.journal();
        let mut no_journal = false;
        let journal = match read_or_aside(&journal_path, now)? {
            None => {
                no_journal = true;
                None
            }
            Some(bytes) => match decode::<Journal>(&bytes) {
                Some(journal) => Some(journal),
                // Until the next commit it must not look as if there never was a journal: an empty one says so.
                None if bytes.is_empty() => {
                    self.lost_journal = true;
                    disk::replace(&journal_path, b"", 0o644)?;
                    disk::sync_dir(&store.state_dir)?;
                    None
                }
                None => {
                    self.lost_journal = true;
                    let aside = aside::replace_kept(&journal_path, b"", "corrupt", now)?;
                    hide(&aside.path);
                    disk::sync_dir(&store.state_dir)?;
                    warn(format_args!(
                        "{}: damaged, {}; going on from the commit before it",
                        journal_path.display(),
                        aside
                    ));
                    None
                }
            },
        };
        let state_path = store.file("state");
        let mut what = "is older than its copy";
        match read_or_aside(&state_path, now)? {
            None if journal.is_some() => {}
            None => {
                self.origin = StateOrigin::First;
                what = "is gone";
            }
            Some(bytes) => match decode::<State>(&bytes) {
                Some(state) => self.state = state,
                None => {
                    // Until the next commit it must not look as if there never was a state: an empty one says so.
                    if bytes.is_empty() {
                        disk::replace(&state_path, b"", 0o644)?;
                    } else {
                        let kept = aside::replace_kept(&state_path, b"", "corrupt", now)?;
                        hide(&kept.path);
                        warn(format_args!("{}: damaged, {}", state_path.display(), kept));
                    }
                    disk::sync_dir(&store.state_dir)?;
                    if journal.is_none() {
                        self.origin = StateOrigin::Damaged;
                        what = "was damaged";
                    }
                }
            },
        }
        let last = journal.as_ref().map(|j| &j.state).filter(|s| s.number >= self.state.number);
        let last = last.or_else(|| (self.origin == StateOrigin::Known).then_some(&self.state));
        let journal = match store.newer_copy(last)? {
            None => journal,
            Some((copy, path)) => {
                warn(format_args!(
                    "{}: {what}; going on from the copy {}, of commit {}",
                    state_path.display(),
                    path.display(),
                    copy.number
                ));
                (self.state, self.origin) = (copy, StateOrigin::Known);
                self.edited = true;
                if journal.is_some() {
                    disk::remove(&journal_path)?;
                }
                None
            }
        };
        if self.origin == StateOrigin::First && takeover::is_ours(store) {
            self.origin = StateOrigin::Damaged;
            warn(format_args!("{}: is gone, and this store is not new", state_path.display()));
        }
        self.state.remap_to(store.protocol);
        if self.origin == StateOrigin::Damaged {
            self.go_behind_rrd(now);
        }
        let mut redone = false;
        if let Some(mut journal) = journal {
            if journal.state.number >= self.state.number {
                push::undo_if_table_changed(store, &mut journal, now);
                journal.state.remap_to(store.protocol);
                self.take_held(&mut journal.state)?;
                self.apply(journal, now)?;
                redone = true;
            } else {
                disk::remove(&journal_path)?;
            }
        }
        self.put_back_held();
        self.edited |= self.lost_journal;
        let unfinished = no_journal && self.origin == StateOrigin::Damaged;
        self.undo_stale_intent(redone, unfinished, now)?;
        self.compare_archive(now);
        self.read_counter_file(now)
    }

    /// Is the archive's newest file as long as the last commit left it? Somebody may have restored it, or all the rest.
    fn compare_archive(&mut self, now: i64) {
        let Some((name, was)) = &self.state.archived else { return };
        let path = self.store.base.join(name);
        // Only a word depends on it: where it cannot be told, the next append says why.
        let Ok(length) = archive::length_of(&self.store.base, name) else { return };
        let Some(length) = length else {
            // All years of an archive are waited for; older days are purged, and days that are over are packed.
            let may_be_purged = archive::is_before_yesterday(name, now);
            let has_years = archive::has_years(&self.store.base).unwrap_or(false);
            if has_years && !may_be_purged && !archive::is_packed(&self.store.base, name) {
                warn(format_args!(
                    "{}: is gone and had {was} bytes: an older copy of the archive stands there, without the lines that were archived since",
                    path.display()
                ));
                (self.state.archived, self.edited) = (None, true);
            }
            return;
        };
        match length.cmp(was) {
            Ordering::Equal => return,
            Ordering::Less => warn(format_args!(
                "{}: has {length} bytes and had {was}: an older copy stands there, without the lines that were archived since",
                path.display()
            )),
            Ordering::Greater => warn(format_args!(
                "{}: has {length} bytes and had {was} at the last commit that is known: lines may stand in it twice from there on",
                path.display()
            )),
        }
        self.state.archived = Some((name.clone(), length));
        self.edited = true;
    }

    /// Cuts the archive back if the intent is that of a commit that did not come about: the next one; or,
    /// `unfinished`, whichever it is, where the state is damaged and cannot tell, for an intent goes before its
    /// journal does.
    fn undo_stale_intent(&mut self, redone: bool, unfinished: bool, now: i64) -> Result<()> {
        let path = self.store.file("intent");
        let Some(bytes) = read_or_aside(&path, now)? else { return Ok(()) };
        match decode::<Intent>(&bytes) {
            Some(intent) if !redone && (unfinished || intent.number == self.state.number + 1) => {
                archive::cut_back(&self.store.base, &intent)?;
            }
            None if !redone && !bytes.is_empty() => {
                let kept = aside::set_aside(&path, "corrupt", now)?;
                warn(format_args!(
                    "{}: damaged, {}; the archive may have the lines of a commit twice that was cut off",
                    path.display(),
                    kept
                ));
            }
            _ => {}
        }
        disk::remove(&path)
    }

    /// Without a state it is not known whether the last minutes in the RRD are complete, so the next line is counted
    /// in a minute behind them.
    fn go_behind_rrd(&mut self, now: i64) {
        if let Ok(Look::Sound(header)) = peek(&self.store.rrd)
            && header.last_update <= now
            && fitness(self.store, &header) != Fit::Foreign
        {
            self.state.pushed = tally::bin_begin(header.last_update + self.store.step - 1, self.store.step);
            self.state.rrd = Some(header.mark);
            self.state.rrd_end = header.last_update;
        }
    }

    /// Handles a counter file that is gone. If everything in its directory is gone, the directory is waited for.
    /// Otherwise somebody removed the file, in order to begin at 0.
    fn counter_file_is_gone(&mut self, now: i64) -> Result<()> {
        let path = self.store.counter_file.clone();
        let has_copy = std::fs::symlink_metadata(self.store.counters_copy()).is_ok();
        let dir = path.parent().unwrap_or(&path).to_owned();
        self.edited = true;
        if self.store.has_moved(&self.state) {
            return Ok(());
        }
        if !has_copy && self.state.store != Digest::default() {
            let go_on = format!(
                "to write the counters anew, as they were, do it now: mkdir -p {} && touch {}",
                dir.display(),
                path.display()
            );
            return self.wait_for(&dir, &go_on, now);
        }
        self.state.counter_file = None;
        warn(format_args!("{}: was removed by hand; counting begins at 0", path.display()));
        self.state.totals.fill(0);
        Ok(())
    }

    /// Reads the counter file. Where somebody edited or removed it, that is followed. On the first run the file is
    /// taken over.
    fn read_counter_file(&mut self, now: i64) -> Result<()> {
        let (path, protocol) = (&self.store.counter_file, self.store.protocol);
        if !self.store.counts() {
            return Ok(());
        }
        let bytes = match disk::read(path) {
            Ok(bytes) => bytes,
            Err(_) if is_something_else(path) => return self.write_counters_anew("is not a file", now),
            Err(Error::TooLarge { .. }) => {
                return self.write_counters_anew("is larger than any counter file", now);
            }
            Err(e) => return Err(e),
        };
        let Some(bytes) = bytes else {
            if self.origin == StateOrigin::First
                && let Some(older) = takeover::older(self.store, &|text| warn(text))
            {
                self.origin = StateOrigin::TakenOver;
                self.edited = true;
                older.put_into(&mut self.state.totals, &mut self.state.extra);
            } else if self.origin == StateOrigin::Damaged {
                warn(format_args!("{}: is gone, as is the state; counting begins at 0", path.display()));
            } else if self.state.counter_file.is_some() {
                return self.counter_file_is_gone(now);
            }
            return Ok(());
        };
        if let Some(dir) = path.parent() {
            self.is_there(dir);
        }
        if self.state.counter_file == Some(digest(&[&bytes])) {
            return Ok(());
        }
        let written = counters::format(protocol, &self.state.totals, &self.state.extra);
        if self.state.counter_file == Some(digest(&[written.as_bytes()]))
            && written.as_bytes().starts_with(&bytes)
        {
            return self.write_counters_anew("is cut short", now);
        }
        if self.origin == StateOrigin::Known && self.store.is_older_copy(&self.state, &bytes, now) {
            let text = counters::format(protocol, &self.state.totals, &self.state.extra);
            disk::replace(path, text.as_bytes(), 0o644)?;
            self.edited = true;
            warn(format_args!(
                "{}: is an older copy, from before the last commit; it was written anew with the values of that commit",
                path.display()
            ));
            return Ok(());
        }
        if self.lost_journal && self.origin == StateOrigin::Known {
            return self.write_counters_anew("is not what the last commit would have written", now);
        }
        self.edited = true;
        let file = counters::parse(protocol, &bytes);
        if !file.rejected.is_empty() {
            let kept = path.with_extension("rejected");
            // Nobody knows what it is that stands there.
            disk::replace(&kept, counters::rejected(&file.rejected).as_bytes(), 0o600)?;
            for (number, line) in file.rejected.iter().take(REJECTED_SAID) {
                let line: String = line.chars().take(60).collect();
                warn(format_args!(
                    "{}: line {number}: \"{line}\" is no counter; the line is kept aside in {}",
                    path.display(),
                    kept.display()
                ));
            }
            if let Some(more @ 1..) = file.rejected.len().checked_sub(REJECTED_SAID) {
                warn(format_args!("{}: {more} more lines are no counters", path.display()));
            }
        }
        if file.is_hopeless() {
            return self.write_counters_anew("cannot be read", now);
        }
        match self.origin {
            StateOrigin::First => {
                self.origin = StateOrigin::TakenOver;
                warn(format_args!("{}: taken over; its counters go on", path.display()));
            }
            StateOrigin::Damaged => {
                let missing = file.missing(protocol);
                warn(format_args!("{}: its counters go on", path.display()));
                if !missing.is_empty() || !bytes.ends_with(b"\n") {
                    let kept = aside::link_aside(path, "corrupt", now)?;
                    warn(format_args!(
                        "{}: seems to be cut short, {}; these begin at 0: {}",
                        path.display(),
                        kept,
                        if missing.is_empty() { "none".to_owned() } else { missing.join(" ") }
                    ));
                }
            }
            _ => warn(format_args!("{}: was changed by hand; its values are taken", path.display())),
        }
        file.put_into(&mut self.state.totals, &mut self.state.extra);
        Ok(())
    }

    /// Keeps a faulty counter file aside, and writes a new one at once. If there were none, the next process would
    /// take that for somebody's wish to begin at 0.
    fn write_counters_anew(&mut self, wrong: &str, now: i64) -> Result<()> {
        let path = &self.store.counter_file;
        let (kept, then) = if self.origin == StateOrigin::Known {
            let text = counters::format(self.store.protocol, &self.state.totals, &self.state.extra);
            let kept = aside::replace_kept(path, text.as_bytes(), "corrupt", now)?;
            (kept, "written anew, as the last commit had it")
        } else {
            (aside::set_aside(path, "corrupt", now)?, "counting begins at 0")
        };
        if let Some(dir) = path.parent() {
            disk::sync_dir(dir)?;
        }
        self.edited = true;
        warn(format_args!("{}: {wrong}, {}; {then}", path.display(), kept));
        Ok(())
    }
}

/// Lets only the log's user read a damaged state or journal that was kept. One of an older version may hold the
/// beginning of a line, and with it a password.
fn hide(kept: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if !is_something_else(kept) {
        let _ = std::fs::set_permissions(kept, std::fs::Permissions::from_mode(0o600));
    }
}

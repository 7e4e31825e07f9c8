//! What the next process finds after a crash, or after somebody damaged a file: finished, undone, or kept aside.
use std::path::Path;

use super::archive::{self, Intent};
use super::commit::{Origin, Session};
use super::push::{self, Journal};
use super::state::{State, decode, digest, encode};
use super::{counters, disk, takeover};
use crate::error::{Result, warn};

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
                    let aside = disk::replace_kept(&journal_path, b"", "corrupt", now)?;
                    hide(&aside);
                    disk::sync_dir(&store.state_dir)?;
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
                    // Until the next commit it must not look as if there never was a state: an empty one says so.
                    if bytes.is_empty() {
                        disk::replace(&state_path, b"", 0o644)?;
                    } else {
                        let kept = disk::replace_kept(&state_path, b"", "corrupt", now)?;
                        hide(&kept);
                        warn(format_args!("{}: damaged, kept as {}", state_path.display(), kept.display()));
                    }
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
                self.take_held(&mut journal.state)?;
                let as_it_was = encode(&journal);
                // The state is written after the RRD: a death from there on says nothing of that.
                journal.redone += u32::from(journal.state.number > self.state.number);
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
        self.put_back_held();
        self.edited |= self.lost_journal;
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
        match decode::<Intent>(&bytes) {
            Some(intent) if !redone && (unfinished || intent.number == self.state.number + 1) => {
                archive::cut_back(&self.store.base, &intent)?;
            }
            None if !redone && !bytes.is_empty() => {
                let kept = disk::set_aside(&path, "corrupt", now)?;
                warn(format_args!(
                    "{}: damaged, kept as {}; the archive may have the lines of a commit twice that was cut off",
                    path.display(),
                    kept.display()
                ));
            }
            _ => {}
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
            Err(_) if is_something_else(path) => return self.write_counters_anew("is not a file", now),
            Err(e) => return Err(e),
        };
        let Some(bytes) = bytes else {
            if self.origin == Origin::First
                && let Some(older) = takeover::older(self.store, &|text| warn(text))
            {
                self.origin = Origin::TakenOver;
                self.edited = true;
                older.put_into(&mut self.state.totals, &mut self.state.extra);
            } else if self.origin == Origin::Damaged {
                warn(format_args!("{}: is gone, as is the state; counting begins at 0", path.display()));
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
        let written = counters::format(protocol, &self.state.totals, &self.state.extra);
        if self.state.counter_file == Some(digest(&[written.as_bytes()]))
            && written.as_bytes().starts_with(&bytes)
        {
            return self.write_counters_anew("is cut short", now);
        }
        if self.lost_journal && self.origin == Origin::Known {
            return self.write_counters_anew("is not what the last commit would have written", now);
        }
        self.edited = true;
        let file = counters::parse(protocol, &bytes);
        if !file.rejected.is_empty() {
            let kept = path.with_extension("rejected");
            let text: String = file.rejected.iter().map(|(n, line)| format!("line {n}: {line}\n")).collect();
            // Nobody knows what it is that stands there.
            disk::replace(&kept, text.as_bytes(), 0o600)?;
            for (number, line) in &file.rejected {
                let line: String = line.chars().take(60).collect();
                warn(format_args!(
                    "{}: line {number}: \"{line}\" is no counter; the line is kept aside in {}",
                    path.display(),
                    kept.display()
                ));
            }
        }
        if file.is_hopeless() {
            return self.write_counters_anew("cannot be read", now);
        }
        match self.origin {
            Origin::First => {
                self.origin = Origin::TakenOver;
                warn(format_args!("{}: taken over; its counters go on", path.display()));
            }
            Origin::Damaged => {
                let missing = file.missing(protocol);
                warn(format_args!("{}: its counters go on", path.display()));
                if !missing.is_empty() || !bytes.ends_with(b"\n") {
                    let kept = disk::link_aside(path, "corrupt", now)?;
                    warn(format_args!(
                        "{}: seems to be cut short, kept as {}; these begin at 0: {}",
                        path.display(),
                        kept.display(),
                        if missing.is_empty() { "none".to_owned() } else { missing.join(" ") }
                    ));
                }
            }
            _ => warn(format_args!("{}: was changed by hand; its values are taken", path.display())),
        }
        file.put_into(&mut self.state.totals, &mut self.state.extra);
        Ok(())
    }

    /// Something is wrong with the counter file. It is kept aside, and there is one again at once: if it were gone, the
    /// next process would take that for somebody's wish to begin at 0.
    fn write_counters_anew(&mut self, wrong: &str, now: i64) -> Result<()> {
        let path = &self.store.counter_file;
        let (kept, then) = if self.origin == Origin::Known {
            let text = counters::format(self.store.protocol, &self.state.totals, &self.state.extra);
            let kept = disk::replace_kept(path, text.as_bytes(), "corrupt", now)?;
            (kept, "written anew, as the last commit had it")
        } else {
            (disk::set_aside(path, "corrupt", now)?, "counting begins at 0")
        };
        if let Some(dir) = path.parent() {
            disk::sync_dir(dir)?;
        }
        self.edited = true;
        warn(format_args!("{}: {wrong}, kept as {}; {then}", path.display(), kept.display()));
        Ok(())
    }
}

/// A state or a journal of an older version may hold the beginning of a line, which may hold a password: nobody reads a
/// damaged one but the log's user.
fn hide(kept: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if !is_something_else(kept) {
        let _ = std::fs::set_permissions(kept, std::fs::Permissions::from_mode(0o600));
    }
}

/// Is there something else than a file: a directory, a link, a fifo?
pub(super) fn is_something_else(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|m| !m.is_file())
}

/// Reads a file of ours; something else in its place is read as empty, which no file of ours is.
pub(super) fn read_any(path: &Path) -> Result<Option<Vec<u8>>> {
    match disk::read(path) {
        Err(_) if is_something_else(path) => Ok(Some(Vec::new())),
        other => other,
    }
}

/// As [`read_any`]; something else in its place is moved aside.
pub(super) fn read_or_aside(path: &Path, now: i64) -> Result<Option<Vec<u8>>> {
    let bytes = read_any(path)?;
    if is_something_else(path) {
        let aside = disk::set_aside(path, "corrupt", now)?;
        warn(format_args!("{}: is not a file, kept as {}", path.display(), aside.display()));
    }
    Ok(bytes)
}

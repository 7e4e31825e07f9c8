//! What is read besides streams: log directories, what a logger hands to us, and qmail's queue.
use std::path::Path;

use super::intake::Intake;
use super::job::Job;
use super::read_options::ReadOptions;
use crate::error::{Error, Result};
use crate::say::warn;
use crate::source::directory::Listing;
use crate::source::opener::most_held;
use crate::source::queue;
use crate::source::stdin::Input;
use crate::store::state::State;

impl Job<'_> {
    /// Measures qmail's queues into now's bin. `false`: they could not be read, and it was said.
    pub fn measure(&self, intake: &mut Intake, now: i64) -> bool {
        if self.feed.queues.is_empty() {
            return true;
        }
        let mut found = Ok(None);
        (self.as_root)(&mut || found = queue::measure(&self.feed.queues, now));
        match found {
            Ok(Some(queue)) => intake.measured(|raise| queue.raise(raise)),
            Ok(None) => {}
            Err(e) => {
                let is_news = intake.cannot_read(self.feed.protocol.name);
                if intake.is_query() && !e.is_denied() {
                    intake.fail(e);
                } else if is_news {
                    warn(e);
                }
                return false;
            }
        }
        true
    }

    /// Every source, oldest lines first. A directory that cannot be read is said and left out: its lines wait.
    /// What was handed to us is read all the same, and whether or not it still stands in its directory. `true`:
    /// everything was read.
    pub(super) fn read_directories(
        &self,
        how: ReadOptions,
        state: &State,
        input: Option<&Input>,
    ) -> Result<(Intake, bool)> {
        let own = input.and_then(|i| i.directory.clone());
        let mut unread: Vec<String> = Vec::new();
        let mut wait = |directory: &Path, e: Error| {
            let name = directory.display().to_string();
            if !state.unread.contains(&name) {
                warn(format_args!("{e}; the lines of {name} wait"));
            }
            unread.push(name);
        };
        // What was handed to us is read whatever is the matter with the other directories.
        let mut directories = match self.directories(state) {
            Err(Error::Io { path, action, source }) if own.is_some() => {
                let directory = path.clone();
                wait(&directory, Error::Io { path, action, source });
                Vec::new()
            }
            found => found?,
        };
        if let Some(own) = &own
            && !directories.contains(own)
        {
            directories.push(own.clone());
        }
        let most = most_held(directories.len());
        'anew: loop {
            let mut intake = self.intake(how, state.clone())?;
            for (i, directory) in directories.iter().enumerate() {
                let stdin = input.filter(|_| own.as_ref() == Some(directory));
                let opened = intake.open(directory, stdin, most).unwrap_or_else(|e| {
                    wait(directory, e);
                    Listing::default()
                });
                let listing = match stdin {
                    Some(stdin) => opened.with_stdin(&stdin.chunk)?,
                    None => opened,
                };
                match intake.read_directory(directory, listing) {
                    Ok(()) => {}
                    Err(e) if stdin.is_some() => return Err(e),
                    // Part of it may be counted by now: without it, from the beginning.
                    Err(e) => {
                        wait(directory, e);
                        directories.remove(i);
                        continue 'anew;
                    }
                }
            }
            if let Some(input) = input.filter(|i| i.directory.is_none()) {
                intake.loose(input)?;
            }
            let complete = unread.is_empty();
            for name in unread {
                intake.cannot_read(&name);
            }
            return Ok((intake, complete));
        }
    }
}

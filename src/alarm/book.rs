//! What has begun, and which mails were not sent yet.
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::calendar::to_the_minute;
use crate::disk;
use crate::error::{Error, Result};
use crate::reading::threshold::Verdict;
use crate::say::warn;
use crate::store::aside::set_aside;

/// The form of the file that this program writes.
const VERSION: u32 = 1;

/// The most mails that may wait to be sent. A mail command that fails for weeks is not to fill the disk.
const MOST: usize = 500;

/// All that is remembered between two runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    version: u32,
    /// What has begun and has not ended: since when, Unix seconds, by level and threshold.
    begun: BTreeMap<String, i64>,
    /// How many mails there were.
    written: u64,
    /// The mails that were not sent yet, oldest first.
    pub mails: Vec<Mail>,
}

/// A mail to be sent. Whenever it is tried, it is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mail {
    /// Its number, from 1.
    pub number: u64,
    /// The level and the threshold, as people read them.
    pub level: String,
    /// See `level`.
    pub threshold: String,
    /// Has it begun? If not, it has ended.
    pub begins: bool,
    /// When that was noticed, Unix seconds.
    pub at: i64,
    /// Of one that has ended: when it began.
    pub since: i64,
    /// What was found.
    pub found: String,
}

impl Book {
    /// What stands in `file`; nothing, if there is none. A damaged one is set aside: then what is so now begins anew.
    ///
    /// # Errors
    /// When it cannot be read, or was written by a newer version.
    pub(super) fn read(file: &Path, now: i64) -> Result<Book> {
        let bytes = match disk::read(file) {
            Ok(None) => return Ok(Book { version: VERSION, ..Book::default() }),
            Ok(Some(bytes)) => bytes,
            Err(Error::TooLarge { .. }) => Vec::new(),
            Err(e) => return Err(e),
        };
        match serde_json::from_slice::<Book>(&bytes) {
            Ok(book) if book.version == VERSION => Ok(book),
            Ok(book) => Err(Error::Message(format!(
                "{}: is of version {}, and this maillogs knows version {VERSION}; install the newer one again, or move the file away",
                file.display(),
                book.version
            ))),
            Err(_) => {
                let aside = set_aside(file, "corrupt", now)?;
                warn(format_args!(
                    "{}: is damaged and was {aside}; of alarms that last, the mail comes once more",
                    file.display()
                ));
                Ok(Book { version: VERSION, ..Book::default() })
            }
        }
    }

    /// Replaces `file`, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let mut bytes = serde_json::to_vec(self).map_err(|e| Error::Message(e.to_string()))?;
        bytes.push(b'\n');
        disk::replace(file, &bytes, 0o644)?;
        file.parent().map_or(Ok(()), disk::sync_dir)
    }

    /// Notes what began and what ended by `verdicts`, at `now`, and the mails about it. What is not known does neither, and
    /// what toaster.conf does not have any more is forgotten.
    pub(super) fn turn(&mut self, verdicts: &[Verdict], now: i64) {
        let name = |verdict: &Verdict| format!("{} {}", verdict.level.name(), verdict.threshold);
        self.begun.retain(|begun, _| verdicts.iter().any(|verdict| name(verdict) == *begun));
        for verdict in verdicts {
            let Ok(judged) = &verdict.found else { continue };
            let since = if judged.holds {
                if self.begun.contains_key(&name(verdict)) {
                    continue;
                }
                self.begun.insert(name(verdict), now);
                now
            } else {
                let Some(since) = self.begun.remove(&name(verdict)) else { continue };
                since
            };
            self.written += 1;
            self.mails.push(Mail {
                number: self.written,
                level: verdict.level.name().to_owned(),
                threshold: verdict.threshold.to_string(),
                begins: judged.holds,
                at: now,
                since,
                found: verdict.words(&to_the_minute),
            });
        }
        if let Some(more) = self.mails.len().checked_sub(MOST).filter(|more| *more > 0) {
            warn(format_args!("{more} mails that could not be sent for long are given up"));
            self.mails.drain(..more);
        }
    }
}

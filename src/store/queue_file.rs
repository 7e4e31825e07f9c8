//! The messages in the queue, in a file of their own, so that neither a query nor a small roll reads all of them.
//!
//! The state holds what has changed since that file was written. Once that is much, a commit writes the file anew, before its
//! journal, and the state of that commit names it. There are two files, which take turns: the one of the commit before
//! stays, for those who read that commit. A file that is not the one that the state names (after a restore, say) is not used: the
//! messages that were in it are left out of the times, and count as messages whose beginning was not seen.
//!
//! A header of 64 bytes: magic word, random name, number of messages, hash. Then pages of 4,096 bytes: the hash of the page,
//! and 170 messages of 24 bytes, in the order of their keys. So a message is found by a look at a few pages, and damage costs
//! the messages of one page.
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::files::Store;
use super::session::Session;
use super::state::{Messages, QueueFile, State};
use crate::disk;
use crate::error::{At, Error, Result};
use crate::ledger::{Digest, Message, MessageKey, digest, new_identity};
use crate::protocol::memory::{Earlier, MOST_MESSAGES};
use crate::say::warn;

const MAGIC: &[u8; 8] = b"maillogq";
const HEADER: usize = 64;
const PAGE: usize = 4096;
const RECORD: usize = 24;
/// Messages in a page, behind its hash.
const EACH: usize = (PAGE - 16) / RECORD;

/// This number of changes may stand in the state. Reading them costs a query a hundredth of what it costs at all.
const FEW: usize = 512;

/// A file of messages, of which pages are read as they are needed.
#[derive(Debug)]
struct QueueTable {
    path: PathBuf,
    file: File,
    identity: Digest,
    messages: usize,
    /// The pages that were read; `None`: damaged.
    pages: HashMap<usize, Option<Vec<(MessageKey, Message)>>>,
}

impl Store {
    fn queue_path(&self, second: bool) -> PathBuf {
        self.file(if second { "queue.2" } else { "queue.1" })
    }

    /// What finds the messages of the file that a state names; `None`: it is lost, which is said unless this `is_query`.
    ///
    /// # Errors
    /// When it cannot be read at this moment.
    pub fn earlier(&self, named: &QueueFile, is_query: bool) -> Result<Option<Box<dyn Earlier>>> {
        let path = self.queue_path(named.second);
        match QueueTable::open(&path, named) {
            Ok(table) => Ok(Some(Box::new(table))),
            Err(Unusable::Now(e)) => Err(e),
            Err(Unusable::Lost(why)) => {
                if !is_query {
                    let (path, messages) = (path.display(), named.messages);
                    warn(format_args!(
                        "{path}: {why}; the {messages} messages that were in it are left out of the times"
                    ));
                }
                Ok(None)
            }
        }
    }
}

/// Why a file cannot be used.
enum Unusable {
    /// It is not the one that is named, or damaged.
    Lost(&'static str),
    /// It cannot be opened or read at this moment.
    Now(Error),
}

impl Session<'_> {
    /// Writes the file of messages anew, if there is too much beside it in `state`, which is about to be committed.
    ///
    /// Where it cannot be written, all stays in the state.
    pub(super) fn settle_queue(&self, state: &mut State) {
        // A commit that only makes room in the RRD leaves them as they are: what is committed next goes on from them.
        if state.messages.changed.len() <= FEW || state.messages == self.state.messages {
            return;
        }
        let (all, given_up) = match whole(self.store, &state.messages) {
            Ok(whole) => whole,
            Err(e) => {
                return warn(format_args!(
                    "{e}; the messages in the queue stand in the state until it can be read"
                ));
            }
        };
        if given_up > 0 {
            warn(format_args!(
                "{}: more than {MOST_MESSAGES} messages are in the queue; the oldest {given_up} are given up: the times of these are not counted",
                self.store.protocol.name
            ));
        }
        if all.len() <= FEW {
            let changed = all.into_iter().map(|(key, message)| (key, Some(message))).collect();
            state.messages = Messages { changed, file: None };
            return;
        }
        let second = self.state.messages.file.is_some_and(|file| !file.second);
        let identity = new_identity();
        let path = self.store.queue_path(second);
        // The journal that names it comes after it, also if a loss of power decides what is kept.
        let written = disk::replace(&path, &encode(identity, &all), 0o644)
            .and_then(|()| disk::sync_dir(&self.store.state_dir));
        match written {
            Ok(()) => {
                let file = Some(QueueFile { identity, second, messages: all.len() as u64 });
                state.messages = Messages { changed: Vec::new(), file };
            }
            Err(e) => warn(format_args!(
                "{e}; the messages in the queue stand in the state until it can be written"
            )),
        }
    }

    /// Removes a file of messages that no commit needs any more: the one that neither the last commit has, nor the one before,
    /// of which `before` is the file. That may still be read; it is written over, or removed, when there is a file again.
    pub(super) fn drop_queue(&self, before: QueueFile) {
        if self.state.messages.file.is_none() {
            // If it cannot be removed, it stays, and is not used.
            let _ = disk::remove(&self.store.queue_path(!before.second));
        }
    }
}

/// All messages, in the order of their keys, at most [`MOST_MESSAGES`], and the number of those that were given up.
///
/// # Errors
/// When the file cannot be read at this moment.
fn whole(store: &Store, messages: &Messages) -> Result<(Vec<(MessageKey, Message)>, usize)> {
    let mut of_file: Vec<(MessageKey, Message)> = Vec::new();
    if let Some(named) = messages.file {
        match QueueTable::open(&store.queue_path(named.second), &named) {
            Ok(mut table) => {
                for page in 0..table.messages.div_ceil(EACH) {
                    of_file.extend(table.page(page).into_iter().flatten().copied());
                }
            }
            Err(Unusable::Now(e)) => return Err(e),
            // It was said when it was missed.
            Err(Unusable::Lost(_)) => {}
        }
    }
    let mut all = Vec::with_capacity(of_file.len() + messages.changed.len());
    let mut of_file = of_file.into_iter().peekable();
    // Both are in the order of their keys.
    for (key, message) in &messages.changed {
        while let Some(before) = of_file.next_if(|(known, _)| known < key) {
            all.push(before);
        }
        of_file.next_if(|(known, _)| known == key);
        all.extend(message.map(|message| (*key, message)));
    }
    all.extend(of_file);
    let given_up = all.len().saturating_sub(MOST_MESSAGES);
    if given_up > 0 {
        let mut begun: Vec<i64> = all.iter().map(|(_, message)| message.begun).collect();
        begun.sort_unstable();
        let oldest = begun[given_up];
        // Of those that are just as old as the oldest one that stays some may have to go.
        let mut ties = begun[..given_up].iter().filter(|begun| **begun == oldest).count();
        all.retain(|(_, message)| {
            let is_tie = message.begun == oldest && ties > 0;
            ties -= usize::from(is_tie);
            message.begun >= oldest && !is_tie
        });
    }
    Ok((all, given_up))
}

fn encode(identity: Digest, all: &[(MessageKey, Message)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + all.len().div_ceil(EACH) * PAGE);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&identity);
    bytes.extend_from_slice(&(all.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&digest(&[&bytes]));
    bytes.resize(HEADER, 0);
    for (number, page) in all.chunks(EACH).enumerate() {
        let mut body = Vec::with_capacity(PAGE);
        for (key, message) in page {
            body.extend_from_slice(&key.number.to_le_bytes());
            body.extend_from_slice(&key.origin.to_le_bytes());
            body.extend_from_slice(&u32::from(message.delivered).to_le_bytes());
            body.extend_from_slice(&message.begun.to_le_bytes());
        }
        body.resize(EACH * RECORD, 0);
        bytes.extend_from_slice(&hash_of(identity, number, &body));
        bytes.extend_from_slice(&body);
    }
    bytes
}

/// The hash of a page, which no other page of any other file has.
fn hash_of(identity: Digest, number: usize, body: &[u8]) -> Digest {
    digest(&[&identity, &(number as u64).to_le_bytes(), body])
}

impl QueueTable {
    /// Opens the file that a state names.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn open(path: &Path, named: &QueueFile) -> std::result::Result<QueueTable, Unusable> {
        let lost = |why| Err(Unusable::Lost(why));
        let file = match disk::open(path) {
            Ok(Some(file)) => file,
            Ok(None) => return lost("is gone"),
            Err(_) if disk::is_something_else(path) => return lost("is not a file"),
            Err(e) => return Err(Unusable::Now(e)),
        };
        let mut header = [0; HEADER];
        let read = disk::read_at(&file, &mut header, 0).at("read", path).map_err(Unusable::Now)?;
        let (front, sum) = (&header[..32], &header[32..48]);
        if read < HEADER || digest(&[front]) != *sum || !front.starts_with(MAGIC) {
            return lost("is damaged");
        }
        if front[8..24] != named.identity || front[24..32] != named.messages.to_le_bytes() {
            return lost("is of another commit");
        }
        let Ok(messages) = usize::try_from(named.messages) else { return lost("is damaged") };
        let identity = named.identity;
        Ok(QueueTable { path: path.to_owned(), file, identity, messages, pages: HashMap::new() })
    }

    /// Looks into every page, where a damaged one does not tell which messages are before it.
    fn find_in_all(&mut self, key: MessageKey) -> Option<Message> {
        (0..self.messages.div_ceil(EACH)).find_map(|number| {
            let page = self.page(number)?;
            let at = page.binary_search_by_key(&key, |(known, _)| *known).ok()?;
            page.get(at).map(|(_, message)| *message)
        })
    }

    /// The messages of a page, in the order of their keys; `None`: it is damaged, which is said once.
    fn page(&mut self, number: usize) -> Option<&Vec<(MessageKey, Message)>> {
        let QueueTable { path, file, identity, messages, pages } = self;
        let page = pages.entry(number).or_insert_with(|| {
            let records = messages.saturating_sub(number * EACH).min(EACH);
            let page = read_page(file, *identity, number, records);
            if page.is_none() {
                warn(format_args!(
                    "{}: {records} messages cannot be read, and are left out of the times",
                    path.display()
                ));
            }
            page
        });
        page.as_ref()
    }
}

fn read_page(
    file: &File,
    identity: Digest,
    number: usize,
    records: usize,
) -> Option<Vec<(MessageKey, Message)>> {
    let mut page = [0; PAGE];
    let read = disk::read_at(file, &mut page, (HEADER + number * PAGE) as u64).ok()?;
    let (sum, body) = page.split_at(16);
    if read < PAGE || hash_of(identity, number, body) != *sum {
        return None;
    }
    let records = body.chunks_exact(RECORD).take(records).map(|record| {
        let number = u64::from_le_bytes(*record.first_chunk()?);
        let origin = u32::from_le_bytes(*record.get(8..)?.first_chunk()?);
        let delivered = record.get(12) == Some(&1);
        let begun = i64::from_le_bytes(*record.last_chunk()?);
        Some((MessageKey { number, origin }, Message { begun, delivered }))
    });
    records.collect()
}

impl Earlier for QueueTable {
    fn find(&mut self, key: MessageKey) -> Option<Message> {
        let (mut from, mut to) = (0, self.messages.div_ceil(EACH));
        while from < to {
            let middle = from + (to - from) / 2;
            let Some(page) = self.page(middle) else { return self.find_in_all(key) };
            match (page.first(), page.last()) {
                (Some((first, _)), _) if key < *first => to = middle,
                (_, Some((last, _))) if key > *last => from = middle + 1,
                _ => {
                    let at = page.binary_search_by_key(&key, |(known, _)| *known).ok()?;
                    return page.get(at).map(|(_, message)| *message);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;

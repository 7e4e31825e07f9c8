//! How far each chunk of log was counted and archived, and the hash by which contents are known.
//!
//! A chunk is known by its content, never by its inode: `current` becomes `previous`, `@….u` and our
//! stdin under the same identity, and inode numbers come back at once (see ARCHITECTURE.md).
use std::collections::HashMap;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};

/// 128 bits that name a content (SipHash-2-4-128 with a fixed key).
pub type Digest = [u8; 16];

/// SipHash-2-4-128 of `bytes` under the fixed key of maillogs.
pub fn digest(parts: &[&[u8]]) -> Digest {
    let mut hasher = SipHasher24::new_with_keys(0x6d61_696c_6c6f_6773, 1);
    for part in parts {
        hasher.write(part);
    }
    hasher.finish128().as_bytes()
}

/// A random name, which nothing else has.
pub fn new_identity() -> Digest {
    use std::hash::{BuildHasher, RandomState};
    let mut identity = [0; 16];
    for half in identity.chunks_mut(8) {
        // The standard library's keys are random, and differ from one to the next.
        half.copy_from_slice(&RandomState::new().hash_one(half.len()).to_le_bytes());
    }
    identity
}

/// What identifies a chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identity {
    /// Hash up to the end of the first labelled line. Its label has nanoseconds, so it is unique.
    Label(Digest),
    /// A finished chunk without any label: hash of all of it, and the time (unix nanoseconds) of its
    /// last write, which tells two equal middle parts of one long line from each other.
    Whole {
        /// Hash of the whole content.
        digest: Digest,
        /// Modification time; 0 for a pipe.
        mtime: i64,
    },
    /// A growing chunk without any label: which file it is, and the hash of its first bytes.
    Growing {
        /// Device number.
        device: u64,
        /// Inode number.
        inode: u64,
        /// Birth time in unix nanoseconds, 0 where the file system has none.
        birth: i64,
        /// How many bytes `head` covers.
        length: u64,
        /// Hash of the first `length` bytes.
        head: Digest,
    },
}

/// Name, inode, size and time of a finished chunk, by which it is recognised without being opened again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hint {
    /// File name in its directory.
    pub name: String,
    /// Inode number.
    pub inode: u64,
    /// Size in bytes.
    pub size: u64,
    /// Modification time in unix nanoseconds.
    pub mtime: i64,
}

/// A chunk and its two positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Which chunk.
    pub identity: Identity,
    /// Bytes that are counted.
    pub counted: u64,
    /// Bytes that are archived.
    pub archived: u64,
    /// Was it counted to its very end as a finished chunk, an unfinished last line included?
    pub finished: bool,
    /// Unix seconds at which an advance saw its file last.
    pub seen: i64,
    /// Set once the chunk is finished: how it is recognised without being opened.
    pub hint: Option<Hint>,
    /// Hash of the last 256 bytes (or fewer) before `counted`; `None`: not known.
    pub tail: Option<Digest>,
}

impl Tail {
    /// The beginning of a line that waits for its rest.
    pub fn held(&self) -> Option<&[u8]> {
        if let Tail::Held { text, .. } = self { Some(text) } else { None }
    }
}

/// How the last line that was read from a directory ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tail {
    /// With a newline.
    #[default]
    Closed,
    /// In the middle of the line. Its bytes so far wait for the rest, which the next chunk begins with.
    Held {
        /// The line's beginning, without its end.
        text: Vec<u8>,
        /// Unix time of the line before, for a line without a stamp.
        time: i64,
        /// Wall time (unix seconds) at which it began to wait.
        since: i64,
    },
    /// In the middle of a line that was processed already. What follows, up to the newline, is the rest of that line.
    Open,
    /// The form of `Held` in the state file. Everybody may read that file, and the beginning of a line may hold a
    /// password, so the beginning stands in another file, under this name (see `store::beginnings`). A process that
    /// has read the state turns `Kept` into `Held` if it may read that other file, and otherwise into `Open`.
    Kept {
        /// A random name for the beginning.
        name: Digest,
        /// As in `Held`.
        time: i64,
        /// As in `Held`.
        since: i64,
    },
}

/// By how many seconds the labels of a directory are ahead of unix time, as far as its files show it
/// (`source::offset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The offset in seconds, once it is certain; 0: it is not.
    pub known: u8,
    /// The offset with which [`Directory::last_time`] was computed; 0: not noted.
    pub used: u8,
    /// The offset that the latest observations showed; 0: there was no observation.
    pub told: u8,
    /// How many observations in a row showed that offset, up to the number that makes it certain.
    pub looks: u8,
    /// The label of the line at the first of these observations, in seconds, before any offset is subtracted.
    pub first: i64,
    /// The label of the line at the last of these observations.
    pub last: i64,
}

/// What is known of a directory (or of stdin, whose path is empty).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Absolute path; empty for a stdin that belongs to no directory.
    pub path: String,
    /// Do its lines have labels?
    pub labelled: bool,
    /// The unfinished line of the count.
    pub count_tail: Tail,
    /// The unfinished line of the archive.
    pub archive_tail: Tail,
    /// The archive's day on which this directory's last line stands (`YYYYMMDD`; 0: none yet).
    pub archive_day: u32,
    /// The newest stamp of a counted line, unix time. Stamps of a clock that was far ahead are ignored.
    pub last_time: i64,
    /// Its nanoseconds.
    pub last_nanos: u32,
    /// By how many seconds its labels are ahead of unix time.
    pub offset: Offset,
    /// What has begun in its lines and not ended yet.
    pub open: Open,
}

/// What has begun in the lines of a source and not ended yet, for protocols that count what several lines say together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// A number that no other source of the ledger has, to tell its messages from theirs; 0: it was not needed yet. A log
    /// that is a copy of another one has the number of that.
    pub source: u32,
    /// Deliveries, in the order of their keys.
    pub deliveries: Vec<(DeliveryKey, Delivery)>,
}

/// Names a delivery of a source while it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryKey {
    /// Hash of what tells one qmail-send from another in the same source: the host, the queue; 0: nothing does.
    pub origin: u32,
    /// The number that qmail-send gave it.
    pub number: u64,
}

/// A delivery that has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The number of its message.
    pub message: u64,
    /// Where it goes to, as the protocol numbers the places.
    pub to: u8,
    /// When it began, unix nanoseconds; `None`: the line had no stamp.
    pub begun: Option<i64>,
    /// A number for its recipient, to find that in what is said of it (`protocol::attempts`); 0: it is not known.
    pub recipient: u32,
}

/// Names a message while it is in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageKey {
    /// Its number.
    pub number: u64,
    /// Hash of the number of its source ([`Open::source`]) and of [`DeliveryKey::origin`].
    pub origin: u32,
}

/// A message in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it was taken into the queue, unix nanoseconds.
    pub begun: i64,
    /// Has one of its deliveries succeeded?
    pub delivered: bool,
}

/// A place in a file that grows and is rotated. The file is known by its content: what it begins with, and what
/// stands before the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How many bytes `head` covers, to a line end, at most 1 KiB.
    pub head_length: u64,
    /// Hash of the first `head_length` bytes.
    pub head: Digest,
    /// Bytes that are counted (of what it held before compression).
    pub counted: u64,
    /// Hash of the last 256 bytes (or fewer) before `counted`.
    pub tail: Digest,
    /// Device number and inode number. They say which file to try first, and never identify it.
    pub file: (u64, u64),
    /// Its path without links when it was read last, which says where to look for it after a link has moved; empty:
    /// not known.
    pub path: String,
    /// Its modification time (unix nanoseconds) when it was read last. If none of the rotated files is this one,
    /// those that were modified later are read as younger ones.
    pub mtime: i64,
}

/// What the last line of a host raised, for "last message repeated N times".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLine {
    /// The host that syslog names; empty: none.
    pub host: Vec<u8>,
    /// The counters by position in the protocol's table, and their amounts.
    pub raised: Vec<(usize, i128)>,
    /// Unix time of that line; 0: not known.
    pub time: i64,
}

/// How far a log that every program writes to (a syslog file with its rotated siblings, the journal) was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The live file's absolute path; `journald` or `journald:DIRECTORY`.
    pub name: String,
    /// Where counting goes on in a file; `None`: no line of it was met yet.
    pub position: Option<Position>,
    /// The file before it, which a program that still has it open may go on writing to.
    pub before: Option<Position>,
    /// Where counting goes on in the journal (`journalctl --after-cursor`).
    pub journal: Option<String>,
    /// Are the lines that it holds when it is first found taken as counted? Then reading starts at its end.
    pub from_end: bool,
    /// Does it hold nothing but this protocol's lines?
    pub own: bool,
    /// Lines up to this unix second were counted in the stream that this one replaces; 0: none were.
    pub known_to: i64,
    /// The newest stamp of a counted line, unix time. Stamps of hosts whose clocks are far ahead are ignored.
    pub last_time: i64,
    /// How many lines of that second were counted: stamps of syslog have whole seconds.
    pub last_lines: u64,
    /// The machine whose log it is; empty: written by a version that did not note it.
    pub machine: String,
    /// What the last line of each host raised, the newest last, at most 1,000; hosts whose last line raised nothing
    /// are not in it.
    pub hosts: Vec<LastLine>,
    /// Unix seconds at which it was last read to its end.
    pub seen: i64,
    /// What has begun in its lines and not ended yet.
    pub open: Open,
}

/// Every chunk that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The chunks, oldest first.
    pub cursors: Vec<Cursor>,
    /// The directories.
    pub directories: Vec<Directory>,
    /// The logs that every program writes to, and files of a protocol's own.
    pub streams: Vec<Stream>,
    /// The last number that a source was given ([`Open::source`]); 0: none was.
    pub last_source: u32,
}

/// How many chunks are remembered whose files are gone …
const KEPT: usize = 4096;
/// … and for how many seconds.
const KEPT_FOR: i64 = 31 * 86_400;

impl Ledger {
    /// The position of the directory at `path`, which is added if it is new.
    pub fn directory(&mut self, path: &str) -> usize {
        match self.directories.iter().position(|d| d.path == path) {
            Some(i) => i,
            None => {
                self.directories.push(Directory { path: path.to_owned(), ..Directory::default() });
                self.directories.len() - 1
            }
        }
    }

    /// The stream of this name that `machine` reads, or that was read before machines were noted.
    pub fn stream(&self, name: &str, machine: &str) -> Option<usize> {
        let of = |machine: &str| self.streams.iter().position(|s| s.name == name && s.machine == machine);
        of(machine).or_else(|| of(""))
    }

    /// A number for a source, which no other one has or had.
    pub fn new_source(&mut self) -> u32 {
        self.last_source += 1;
        self.last_source
    }

    /// The position of the chunk of this identity.
    pub fn find(&self, identity: &Identity) -> Option<usize> {
        self.cursors.iter().rposition(|c| c.identity == *identity)
    }

    /// The finished files that are known to be counted and archived to their end, and their positions.
    pub fn done(&self) -> HashMap<&Hint, usize> {
        let is_done = |c: &Cursor, h: &Hint| c.finished && c.counted >= h.size && c.archived >= h.size;
        let cursors = self.cursors.iter().enumerate();
        cursors.filter_map(|(i, c)| c.hint.as_ref().filter(|h| is_done(c, h)).map(|h| (h, i))).collect()
    }

    /// Forgets chunks that cannot come back: those not `seen` at `now`, beyond the newest 4,096 or
    /// 31 days.
    pub fn prune(&mut self, now: i64) {
        let gone = self.cursors.iter().filter(|c| c.seen != now).count();
        let mut surplus = gone.saturating_sub(KEPT);
        self.cursors.retain(|c| {
            if c.seen == now {
                return true;
            }
            if surplus > 0 {
                surplus -= 1;
                return false;
            }
            c.seen > now - KEPT_FOR
        });
    }
}

//! The form on disk of what the store keeps: a magic word, a checksum, a versioned record.
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::aside;
use crate::disk::{self, is_something_else};
use crate::error::{Error, Result};
use crate::ledger::digest;
use crate::say::warn;

/// No state and no journal is larger, in bytes. Usually they have some thousand, but all minutes that are not in the
/// RRD yet stand there. 31 days of them are 44,640; of a wide protocol (200 counters, most of them 1 byte in a quiet
/// minute and 2 or 3 in a busy one, and 20 bytes for the minute itself) that is 10 to 28 MB. A first run may find a year
/// in an old syslog: 525,600 minutes, 120 MB. Where there would be more the oldest are put together (`state::size`), so
/// that what is written always fits.
pub const LARGEST_RECORD: u64 = 256 << 20;

/// What is kept in a file of ours, and can be read from an older version's.
pub trait Record: Serialize + for<'de> Deserialize<'de> {
    /// The record of these bytes of the first version.
    fn from_v1(bytes: &[u8]) -> Option<Self>;

    /// The record of these bytes of the second version.
    fn from_v2(bytes: &[u8]) -> Option<Self>;

    /// The record of these bytes of the third version.
    fn from_v3(bytes: &[u8]) -> Option<Self>;

    /// The record of these bytes of the fourth version.
    fn from_v4(bytes: &[u8]) -> Option<Self>;

    /// The record of these bytes of the fifth version.
    fn from_v5(bytes: &[u8]) -> Option<Self>;

    /// Checks that every vector of values has the length of the table. A record in which one has not was never written by
    /// this program, whatever its checksum says.
    fn is_whole(&self) -> bool {
        true
    }
}

const MAGIC: &[u8; 8] = b"maillog1";

/// The version of records, as the first byte of their body: version 1 has 0 there.
const VERSION: u8 = 5;

/// A record with magic word, checksum and version.
pub fn encode<T: Record>(record: &T) -> Vec<u8> {
    const BODY: usize = 24;
    let mut front = [0; BODY + 1];
    front[..MAGIC.len()].copy_from_slice(MAGIC);
    front[BODY] = VERSION;
    let mut bytes = postcard::to_extend(record, front.to_vec()).unwrap_or_default();
    if let Some((front, body)) = bytes.split_at_mut_checked(BODY) {
        front[MAGIC.len()..].copy_from_slice(&digest(&[body]));
    }
    bytes
}

/// What [`encode`] wrote; `None` if so much as a bit of it was changed.
pub fn decode<T: Record>(bytes: &[u8]) -> Option<T> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sum, body) = rest.split_at_checked(16)?;
    if digest(&[body]) != *sum {
        return None;
    }
    let record = match body.split_first()? {
        (0, record) => T::from_v1(record),
        (1, record) => T::from_v2(record),
        (2, record) => T::from_v3(record),
        (3, record) => T::from_v4(record),
        (4, record) => T::from_v5(record),
        (&VERSION, record) => postcard::from_bytes(record).ok(),
        _ => None,
    };
    record.filter(T::is_whole)
}

/// Do a file's first 8 bytes say that it is a record of ours?
pub fn is_record(front: &[u8; 8]) -> bool {
    front == MAGIC
}

/// The number of the commit that a state's first bytes tell, without a look at the rest.
pub fn number_of(front: &[u8]) -> Option<u64> {
    let body = front.strip_prefix(MAGIC)?.get(16..)?;
    postcard::take_from_bytes(body.get(1..)?).ok().map(|(number, _)| number)
}

/// What stands for the content of a file that is too large to be ours: no record begins so.
const TOO_LARGE: &[u8] = b"too large";

/// Reads a file of ours; something else in its place is read as empty, which no file of ours is, and one that is too
/// large as damaged.
pub fn read_any(path: &Path) -> Result<Option<Vec<u8>>> {
    match disk::read_within(path, LARGEST_RECORD) {
        Err(_) if is_something_else(path) => Ok(Some(Vec::new())),
        Err(Error::TooLarge { .. }) => Ok(Some(TOO_LARGE.to_vec())),
        other => other,
    }
}

/// As [`read_any`]; something else in its place is moved aside.
pub fn read_or_aside(path: &Path, now: i64) -> Result<Option<Vec<u8>>> {
    let bytes = read_any(path)?;
    if is_something_else(path) {
        let aside = aside::set_aside(path, "corrupt", now)?;
        warn(format_args!("{}: is not a file, {}", path.display(), aside));
    }
    Ok(bytes)
}

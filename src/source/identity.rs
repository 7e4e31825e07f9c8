//! Which chunk is this? Its content says so; see [`crate::ledger`].
use std::fs::{File, Metadata};
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::MetadataExt;

use siphasher::sip128::{Hasher128, SipHasher24};

use crate::disk::{file_id, read_at};
use crate::ledger::{Cursor, Digest, Identity, digest};
use crate::line::label_len;

/// This number of bytes of the first line, and of what stands before it, tell a chunk from others. States that were
/// written before keep their meaning only if it stays as it is.
const KNOWN_BY: usize = 4096;

/// A first label that does not come within this many bytes is not looked for any further.
const SEARCH: usize = 1 << 20;

/// What the beginning of a chunk tells.
#[derive(Debug, Default)]
pub struct Head {
    /// The identity by the first labelled line, once that line is complete.
    pub label: Option<Digest>,
    /// Is there a complete line at all?
    pub complete_line: bool,
}

/// Looks at a chunk's beginning. A labelled line without its newline counts if the chunk is `finished`.
///
/// # Errors
/// When the file cannot be read.
pub fn head(file: &File, finished: bool) -> io::Result<Head> {
    let mut buffer = Vec::new();
    for window in [2 * KNOWN_BY, 1 << 16, SEARCH] {
        let old = buffer.len();
        buffer.resize(window, 0);
        let got = old + read_at(file, &mut buffer[old..], old as u64)?;
        let all = got < window;
        buffer.truncate(got);
        let mut found = Head { label: None, complete_line: buffer.contains(&b'\n') };
        let mut start = 0;
        for line in buffer.split_inclusive(|&b| b == b'\n') {
            if label_len(line).is_some() {
                let complete = line.ends_with(b"\n") || line.len() >= KNOWN_BY || (finished && all);
                if !complete {
                    break;
                }
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                let before = &buffer[..start.min(KNOWN_BY)];
                let offset = (start as u64).to_le_bytes();
                found.label = Some(digest(&[before, &offset, &text[..text.len().min(KNOWN_BY)]]));
                return Ok(found);
            }
            start += line.len();
        }
        if all || window == SEARCH {
            return Ok(found);
        }
    }
    Ok(Head::default())
}

/// The identity of a finished chunk without labels. `mtime` in unix nanoseconds, 0 for a pipe.
///
/// # Errors
/// When the file cannot be read.
pub fn whole(file: &File, mtime: i64) -> io::Result<Identity> {
    Ok(Identity::Whole { digest: hash_to(file, u64::MAX)?, mtime })
}

/// The identity of a growing chunk without labels, of which `counted` bytes are counted.
///
/// # Errors
/// When the file cannot be read.
pub fn growing(file: &File, meta: &Metadata, counted: u64) -> io::Result<Identity> {
    let length = counted.min(KNOWN_BY as u64);
    let (device, inode) = file_id(meta);
    Ok(Identity::Growing { device, inode, birth: birth(meta), length, head: hash_to(file, length)? })
}

/// How many bytes before the place where counting goes on have to be the same.
const TAIL: u64 = 256;

/// Hash of the last bytes before `place`, at most 256.
///
/// # Errors
/// When the file cannot be read.
pub fn tail(file: &File, place: u64) -> io::Result<Digest> {
    let length = place.min(TAIL);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    let got = read_at(file, &mut bytes, place - length)?;
    Ok(digest(&[&bytes[..got]]))
}

/// Is this cursor the growing chunk that `file` was when it was looked at last?
///
/// # Errors
/// When the file cannot be read. Then the question has no answer, and `false` would be wrong: an unknown chunk is
/// counted from its beginning.
pub fn grew_from(cursor: &Cursor, file: &File, meta: &Metadata) -> io::Result<bool> {
    let Identity::Growing { device, inode, birth: born, length, head } = &cursor.identity else {
        return Ok(false);
    };
    Ok((*device, *inode) == file_id(meta)
        && *born == birth(meta)
        && meta.len() >= *length
        && hash_to(file, *length)? == *head)
}

/// Modification time in unix nanoseconds.
pub fn mtime(meta: &Metadata) -> i64 {
    meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec())
}

fn birth(meta: &Metadata) -> i64 {
    let since = meta.created().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    since.and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(0)
}

fn hash_to(file: &File, length: u64) -> io::Result<Digest> {
    let mut hasher = SipHasher24::new_with_keys(0x6d61_696c_6c6f_6773, 2);
    let mut block = vec![0u8; 1 << 16];
    let mut at = 0;
    while at < length {
        let want = block.len().min(usize::try_from(length - at).unwrap_or(usize::MAX));
        let got = read_at(file, &mut block[..want], at)?;
        if got == 0 {
            break;
        }
        hasher.write(&block[..got]);
        at += got as u64;
    }
    Ok(hasher.finish128().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const LABEL: &str = "@400000006abaee0408386019 ";

    fn file_of(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn label(text: &str, finished: bool) -> Option<Digest> {
        head(&file_of(text), finished).unwrap().label
    }

    #[test]
    fn the_identity_holds_while_the_chunk_grows() {
        let one = label(&format!("{LABEL}new msg 1\n"), false);
        assert!(one.is_some());
        assert_eq!(one, label(&format!("{LABEL}new msg 1\n{LABEL}end msg 1\n"), false));
        assert_eq!(one, label(&format!("{LABEL}new msg 1"), true), "finished without its newline");
        assert_ne!(one, label(&format!("{LABEL}new msg 2\n"), false));
    }

    #[test]
    fn an_incomplete_first_line_is_no_identity_yet() {
        assert_eq!(label(&format!("{LABEL}new ms"), false), None);
        assert_eq!(label("@4000", false), None);
    }

    #[test]
    fn the_rest_of_a_long_line_may_come_first() {
        let rest = "x".repeat(9000);
        let one = label(&format!("{rest}\n{LABEL}new msg 1\n"), false);
        assert!(one.is_some());
        assert_ne!(one, label(&format!("{LABEL}new msg 1\n"), false));
        let far = "y".repeat(300_000);
        assert!(label(&format!("{far}\n{LABEL}new msg 1\n"), false).is_some());
    }

    #[test]
    fn unlabelled_chunks_of_equal_bytes_differ_by_their_time() {
        let file = file_of("aaaa");
        assert_eq!(whole(&file, 5).unwrap(), whole(&file_of("aaaa"), 5).unwrap());
        assert_ne!(whole(&file, 5).unwrap(), whole(&file, 6).unwrap());
        assert_ne!(whole(&file, 5).unwrap(), whole(&file_of("aaab"), 5).unwrap());
    }
}

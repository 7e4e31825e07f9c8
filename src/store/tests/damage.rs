//! An RRD that was damaged, at every length of its header and in its bits (at full size all of the schema, and every
//! seventh behind it, which meets each bit of a number): it is seen before anything is
//! written, or an update lives through it.
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use super::*;
use crate::protocol::send::SEND;
use crate::store::rrd::header::{Header, Look, peek};
use crate::store::rrd::{Update, create, push};

fn update(begin: i64) -> Update {
    let mut values = vec![0; SEND.counters.len()];
    values[SEND.index("message_new").unwrap()] = 7;
    (begin, values.into())
}

fn sound(path: &Path) -> Header {
    match peek(path).unwrap() {
        Look::Sound(header) => *header,
        other => panic!("{other:?}"),
    }
}

/// Every one of them, or each `nth` unless all are asked for.
fn some(all: usize, nth: usize) -> impl Iterator<Item = usize> {
    let full = std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full");
    (0..all).step_by(if full { 1 } else { nth })
}

#[test]
fn every_length_and_every_bit_of_an_rrds_header() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = dir.path().join("x.rrd");
    create(&path, &SEND, 60, &[update(DAY0), update(DAY0 + 600)]).unwrap();
    let (good, is) = (fs::read(&path).unwrap(), sound(&path));
    let (head, schema) = (is.bytes.len(), 128 + 120 * (is.sources.len() + is.archives.len()));
    let file = File::options().read(true).write(true).open(&path).unwrap();

    let mut pushed = 0;
    // Behind the schema stand the same few numbers for each data source and archive.
    for bit in some(head * 8, 211).filter(|bit| bit / 8 < schema || bit % 7 == 0 || bit % 211 == 0) {
        let (byte, flipped) = (bit / 8, [is.bytes[bit / 8] ^ (1 << (bit % 8))]);
        file.write_all_at(&flipped, byte as u64).unwrap();
        match peek(&path).unwrap() {
            // What an update changes has no checksum: an update goes on with it.
            Look::Sound(found) if found.mark == is.mark => {
                // Other bits of what is unknown mean the same.
                let was = f64::from_le_bytes(is.bytes[byte / 8 * 8..][..8].try_into().unwrap());
                assert!(byte >= schema || was.is_nan(), "bit {bit} of the schema");
                let begin = DAY0 + 1200;
                let _ = push(&path, &SEND, 60, &[update(begin)]);
                pushed += 1;
            }
            Look::Sound(_) | Look::Broken(_) => {}
            Look::Missing => panic!("bit {bit}: the file is gone"),
        }
        // An update writes the header and some rows, at places that the header tells.
        if byte >= schema {
            file.write_all_at(&is.bytes, 0).unwrap();
        } else {
            file.write_all_at(&is.bytes[byte..=byte], byte as u64).unwrap();
        }
        assert_eq!(file.metadata().unwrap().len(), good.len() as u64, "bit {bit}: the size");
    }
    assert!(pushed > 0);
    for length in some(head, 37).collect::<Vec<_>>().into_iter().rev() {
        file.set_len(length as u64).unwrap();
        assert!(matches!(peek(&path).unwrap(), Look::Broken(_)), "{length} bytes");
    }
}

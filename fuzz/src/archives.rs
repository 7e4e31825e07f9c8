//! Packed logs: what comes before the damage is good, and memory is bounded.
use std::fs::File;

use maillogs::source::file::fuzzing::unpack;

use crate::scratch;

/// As much is looked at of what is unpacked, in bytes.
const MOST: usize = 1 << 18;

/// So much before the damage may be lost, in bytes: flate2 unpacks 32 KiB at a time, and gives none of them.
const LOST: usize = 33 << 10;

/// How the bytes are packed, by how they begin; of others, whatever they will be taken for.
fn name(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x1f, 0x8b, ..] => "m.1.gz",
        [b'B', b'Z', b'h', ..] => "m.1.bz2",
        [0xfd, b'7', b'z', ..] => "m.1.xz",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "m.1.zst",
        _ => ["m.1", "m.1.gz", "m.1.bz2", "m.1.xz", "m.1.zst"][bytes.len() % 5],
    }
}

/// A file of these bytes.
pub fn any(bytes: &[u8]) {
    let name = name(bytes);
    let file = File::open(scratch::file("packed", bytes)).expect("it was just written");
    let from = |place: usize| unpack(&file, name, place as u64, MOST).expect("the disk does not fail");
    let (all, damage) = from(0);
    if name == "m.1" {
        assert!(all == bytes && damage.is_none());
    }
    for place in [1, all.len() / 2, all.len()] {
        let (rest, _) = from(place);
        let here = all.get(place..).unwrap_or_default();
        // Of more than is looked at, that is not all.
        let seen = if all.len() < MOST { rest.len() } else { rest.len().min(here.len()) };
        ends_alike(name, &rest[..seen], here);
        // By what stands before the place where counting stopped a file is known again.
        let start = place.saturating_sub(256).min(all.len());
        let end = place.min(all.len());
        let (window, _) = unpack(&file, name, start as u64, end - start).expect("the disk does not fail");
        assert!(window == all[start..end], "{name} before {place}");
    }
    // One that is still being written holds the beginning; where there is damage, both may end a little before it.
    let half = File::open(scratch::file("half", &bytes[..bytes.len() / 2])).expect("it was just written");
    let (beginning, _) = unpack(&half, name, 0, MOST).expect("the disk does not fail");
    if !all.starts_with(&beginning) {
        ends_alike(name, &beginning, &all);
    }
}

/// The same as far as both go, and the same length but for what a read loses before the damage.
fn ends_alike(name: &str, one: &[u8], other: &[u8]) {
    let both = one.len().min(other.len());
    assert!(one[..both] == other[..both], "{name}: not the same bytes");
    let longest = one.len().max(other.len());
    assert!(both + LOST > longest, "{name}: {} and {} bytes", one.len(), other.len());
}

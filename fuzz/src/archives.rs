//! Packed logs: what comes before the damage is good, and memory is bounded.
use std::fs::File;

use maillogs::source::file::fuzzing::unpack;

use crate::scratch;

/// As much is looked at of what is unpacked, in bytes.
const MOST: usize = 1 << 18;

/// So much before the damage may be lost, in bytes.
const PIECE: usize = 1024;

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
        let (rest, its_damage) = from(place);
        let here = all.get(place..).unwrap_or_default();
        assert!(rest.starts_with(here), "{name} from {place}");
        if all.len() < MOST {
            assert!(rest.len() == here.len() && its_damage == damage, "{name} from {place}");
        }
    }
    // One that is still being written holds the beginning; where there is damage, both may end a little before it.
    let half = File::open(scratch::file("half", &bytes[..bytes.len() / 2])).expect("it was just written");
    let (beginning, _) = unpack(&half, name, 0, MOST).expect("the disk does not fail");
    let both = beginning.len().min(all.len());
    assert!(beginning[..both] == all[..both], "{name}: half of it is not its beginning");
    assert!(
        both + PIECE >= beginning.len(),
        "{name}: of all there are {both} bytes, of half {}",
        beginning.len()
    );
}

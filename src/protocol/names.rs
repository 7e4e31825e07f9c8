//! Names of data sources for counters that toaster.conf names: an RRD allows 19 characters (rrdcreate(1)).

/// The longest name of a data source.
const LONGEST: usize = 19;

/// The DS name of the counter `key`: the key itself, or [`hashed_ds_name`] where an RRD would not take it.
pub fn ds_name(key: &str) -> String {
    let valid = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if valid && (1..=LONGEST).contains(&key.len()) { key.to_owned() } else { hashed_ds_name(key) }
}

/// The first 14 characters of `key`, `_`, and four hexadecimal digits of a hash of all of it.
///
/// The same key gives the same name in every version: it names data that is already in RRD files.
pub fn hashed_ds_name(key: &str) -> String {
    let mut name: String = key.chars().take(LONGEST - 5).collect();
    name = name.replace(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'), "_");
    let hash = fnv1a(key.as_bytes());
    format!("{name}_{:04x}", (hash >> 16) ^ (hash & 0xffff))
}

/// FNV-1a of 32 bits: what the standard library hashes with may change from one compiler to the next.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of draft-eastlake-fnv.
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn a_short_key_is_its_own_name() {
        assert_eq!(ds_name("graylisted"), "graylisted");
        assert_eq!(ds_name("nineteen-characters"), "nineteen-characters");
    }

    #[test]
    fn what_an_rrd_would_not_take_is_cut_and_hashed() {
        // 0xbf9c ^ 0xf968
        assert_eq!(hashed_ds_name("foobar"), "foobar_46f4");
        let (one, two) = ("a_very_long_name_of_one", "a_very_long_name_of_two");
        assert_eq!(ds_name(one).len(), 19);
        assert!(ds_name(one).starts_with("a_very_long_na_"));
        assert_ne!(ds_name(one), ds_name(two));
        assert!(ds_name("zen.spamhaus").starts_with("zen_spamhaus_"));
        assert!(ds_name("").starts_with('_'));
    }

    proptest! {
        #[test]
        fn any_key_has_a_name(key in ".{0,40}") {
            let name = ds_name(&key);
            prop_assert!((1..=19).contains(&name.len()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        }
    }
}

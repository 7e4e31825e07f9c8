//! Names of data sources for keys that toaster.conf or a log made.

/// The longest name of a data source (rrdcreate(1)).
const LONGEST: usize = 19;

/// The name of the data source of `key`: the key itself where it fits, else its beginning and four hexadecimal
/// digits of its hash, so that it is the same for ever and differs from that of a key with the same beginning.
pub fn ds_name(key: &str) -> String {
    if key.len() <= LONGEST {
        return key.to_owned();
    }
    let start: String = key.chars().take(LONGEST - 5).collect();
    format!("{start}_{:04x}", fnv1a(key.as_bytes()) & 0xffff)
}

/// FNV-1a of 32 bits.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // The published vectors of 32 bits.
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn a_long_key_is_cut_and_told_apart() {
        assert_eq!(ds_name("nineteen_characters"), "nineteen_characters");
        let (one, two) = (ds_name("twenty_characters_xx"), ds_name("twenty_characters_xy"));
        assert_eq!((one.len(), two.len()), (19, 19));
        assert!(one.starts_with("twenty_charact_") && one != two, "{one} {two}");
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    }
}

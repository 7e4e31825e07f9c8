//! Words of a text; and what holds every bulk to its classifier.
pub(in crate::protocol) mod comparison;

use super::*;

fn word_of(text: &[u8]) -> u64 {
    let mut word = [b' '; 8];
    word[..text.len()].copy_from_slice(text);
    u64::from_le_bytes(word)
}

#[test]
fn numbers_of_one_to_seven_digits() {
    for value in (0..2_000).chain([9_999, 10_000, 99_999, 123_456, 999_999, 1_000_000, 9_999_999]) {
        let text = value.to_string();
        assert_eq!(number(word_of(text.as_bytes())), Some((value, text.len())), "{value}");
    }
    assert_eq!(number(word_of(b"0000012")), Some((12, 7)));
    for none in [&b""[..], b"x", b"12345678", b"-1", b" 1", b"\n", b"/", b":"] {
        assert_eq!(number(word_of(none)), None, "{}", none.escape_ascii());
    }
}

#[test]
fn every_byte_but_ten_ends_the_digits() {
    for byte in 0..=u8::MAX {
        for place in 0..20 {
            let mut text = [b'7'; LOOK];
            text[place] = byte;
            let want = if byte.is_ascii_digit() { 15 } else { place.min(15) };
            assert_eq!(digits(&text, 0), want, "{byte:#04x} at {place}");
        }
    }
}

#[test]
fn a_word_begins_with_bytes() {
    for length in 0..=8 {
        let begin = bytes(&b"starting"[..length]);
        assert!(begins(word_of(b"starting"), begin));
        assert_eq!(begins(word_of(b"startinG"), begin), length < 8);
    }
}

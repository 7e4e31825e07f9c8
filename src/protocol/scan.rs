//! Small readers that several protocols share: each takes the bytes at hand and gives what follows.
use std::borrow::Cow;

/// A decimal number that fits in 64 bits, and what follows it.
#[inline]
pub(super) fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut value: u64 = 0;
    let mut digits = 0;
    while let Some(digit) = text.get(digits).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        digits += 1;
    }
    if digits == 0 { None } else { Some((value, &text[digits..])) }
}

/// `A/B`, and what follows it.
#[inline]
pub(super) fn fraction(text: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (above, rest) = number(text)?;
    let (below, rest) = number(rest.strip_prefix(b"/")?)?;
    Some((above, below, rest))
}

/// Up to the first blank, and what follows that blank.
#[inline]
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => text.split_at(text.len()),
    }
}

/// Where `needle`, which is short, stands last in `text`. Making one of memchr's searchers would take longer than this.
#[inline]
pub(super) fn rfind(text: &[u8], needle: &[u8]) -> Option<usize> {
    let last = needle.len().checked_sub(1)?;
    memchr::memrchr_iter(needle[last], text)
        .filter_map(|end| end.checked_sub(last))
        .find(|&at| text[at..].starts_with(needle))
}

/// Where `needle`, which is short and begins with a byte that is rare, stands in `text`.
#[inline]
pub(super) fn find_all<'a>(text: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = needle.first().copied().unwrap_or_default();
    memchr::memchr_iter(first, text).filter(move |&at| text[at..].starts_with(needle))
}

/// The program that `text` says it is of, `NAME: REST` or `NAME[PID]: REST`, and REST. A name has at most 15
/// characters.
#[inline]
pub(super) fn program(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = end_of_name(text)?;
    let (name, mut rest) = text.split_at(end);
    if let Some(pid) = rest.strip_prefix(b"[") {
        rest = number(pid)?.1.strip_prefix(b"]")?;
    }
    Some((name, rest.strip_prefix(b": ")?))
}

/// Where the first colon, bracket or blank stands in the first 16 bytes.
#[inline]
fn end_of_name(text: &[u8]) -> Option<usize> {
    let Some(bytes) = text.first_chunk() else {
        return text.iter().position(|b| matches!(b, b':' | b'[' | b' '));
    };
    let bytes = u128::from_le_bytes(*bytes);
    // The highest bit of each byte that is `byte`, and perhaps of bytes behind the first of them.
    let places = |byte: u8| {
        let other = bytes ^ u128::from_ne_bytes([byte; 16]);
        other.wrapping_sub(u128::from_ne_bytes([1; 16])) & !other & u128::from_ne_bytes([0x80; 16])
    };
    let places = places(b':') | places(b'[') | places(b' ');
    (places != 0).then(|| places.trailing_zeros() as usize / 8)
}

/// The bytes of a text, which need not be copied.
pub(super) fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs() {
        for (text, expected) in [
            ("rblsmtpd: x", Some(("rblsmtpd", "x"))),
            ("spamdyke[7]: ALLOWED", Some(("spamdyke", "ALLOWED"))),
            ("tcpserver: ", Some(("tcpserver", ""))),
            ("fifteen-letters: x", Some(("fifteen-letters", "x"))),
            ("sixteen-letters-: x", None),
            ("simscan:[7]:CLEAN: x", None),
            ("spamdyke[]: x", None),
            ("spamdyke[7]x: x", None),
            ("mail recv: x", None),
            ("tcpserver:x", None),
            ("tcpserver:", None),
            ("", None),
        ] {
            let expected = expected.map(|(name, rest)| (name.as_bytes(), rest.as_bytes()));
            assert_eq!(program(text.as_bytes()), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_name_ends_at_the_first_of_its_ends(text in proptest::collection::vec(
            proptest::prop_oneof![proptest::sample::select(b":[ a\xba\x3b\x39\0\xff".to_vec()), proptest::num::u8::ANY],
            0..24,
        )) {
            let end = text.iter().take(16).position(|b| matches!(b, b':' | b'[' | b' '));
            proptest::prop_assert_eq!(end_of_name(&text), end);
        }

        #[test]
        fn what_is_found_is_what_memmem_finds(
            text in "[ab:, ]{0,40}",
            needle in proptest::sample::select(vec![": ", ", ", "a", "ab", "a:, ", "::", "bb", "aba"]),
        ) {
            let (text, needle) = (text.as_bytes(), needle.as_bytes());
            proptest::prop_assert_eq!(rfind(text, needle), memchr::memmem::rfind(text, needle));
            let all: Vec<usize> = (0..text.len()).filter(|&at| text[at..].starts_with(needle)).collect();
            proptest::prop_assert_eq!(find_all(text, needle).collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn numbers_and_words() {
        assert_eq!(number(b"12/x"), Some((12, &b"/x"[..])));
        assert_eq!(number(b"18446744073709551615"), Some((u64::MAX, &b""[..])));
        assert_eq!(number(b"18446744073709551616"), None);
        assert_eq!(number(b"x"), None);
        assert_eq!(fraction(b"1/2 x"), Some((1, 2, &b" x"[..])));
        assert_eq!(fraction(b"1:2"), None);
        assert_eq!(word(b"a b c"), (&b"a"[..], &b"b c"[..]));
        assert_eq!(word(b"a"), (&b"a"[..], &b""[..]));
    }
}

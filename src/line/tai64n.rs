//! TAI64N labels: `@`, 24 hex digits, one blank, as multilog(8) `t`, svlogd(8) `-t` and s6-log `t` write them.
//!
//! The first 16 digits are 2^62 + offset + unix seconds, the last 8 the nanoseconds. multilog and svlogd add a
//! fixed offset of 10 s, s6-log the true distance of TAI from UTC (37 s since 2017): `logs_tai_offset`.
//!
//! This is the hot path of every qmail log, so eight digits are decoded at a time within one `u64`.

use super::stamp::Stamp;

/// Bytes of a label with its blank.
pub(super) const LABEL: usize = 26;

/// 2^62: where TAI64 puts the beginning of 1970 (TAI).
const EPOCH: u64 = 1 << 62;

/// The unix time of the TAI64N label that `line` begins with, `tai_offset` seconds being taken off.
///
/// `None` where it is no label: capital digits, another number of digits, no blank after them, more than
/// 999,999,999 nanoseconds, or an instant that [`Stamp::new`] refuses.
#[inline]
pub fn tai64n(line: &[u8], tai_offset: i64) -> Option<Stamp> {
    let label = line.first_chunk::<LABEL>()?;
    let eight = |at| Some(u64::from_be_bytes(*label[at..].first_chunk()?));
    // Until 2106 all labels begin alike.
    let high =
        if label.starts_with(b"@40000000") { Hex { value: 0x4000_0000, bad: 0 } } else { hex(eight(1)?) };
    let (low, nanos) = (hex(eight(9)?), hex(eight(17)?));
    if label[0] != b'@' || label[LABEL - 1] != b' ' || high.bad | low.bad | nanos.bad != 0 {
        return None;
    }
    let tai = u64::from(high.value) << 32 | u64::from(low.value);
    let secs = i64::try_from(tai.checked_sub(EPOCH)?).ok()?;
    Stamp::new(secs.checked_sub(tai_offset)?, nanos.value)
}

/// Eight bytes taken for hex digits.
struct Hex {
    value: u32,
    /// 0 if all of them were of `[0-9a-f]`.
    bad: u64,
}

/// Are the eight bytes hex digits?
#[inline]
pub(super) fn are_digits(bytes: u64) -> bool {
    hex(bytes).bad == 0
}

/// The number that eight hex digits stand for, the first of them in the highest byte.
#[inline]
pub(super) fn eight_digits(digits: u64) -> u32 {
    hex(digits).value
}

/// Decodes eight digits, the first in the highest byte, all at once and without a branch.
#[inline]
fn hex(x: u64) -> Hex {
    // What a digit is worth, were it one: bit 6 tells letters, and as 'a' & 15 is 1, they lack 9.
    let letter = x >> 6 & every(1);
    let worth = (x & every(0x0f)) + letter * 9;
    // It was one if that is below 16, and written down gives the digit back. No byte of it is above 24 + 6, so
    // nothing is carried into the next byte.
    let above_nine = (worth + every(6)) >> 4 & every(1);
    let written = worth + every(b'0') + above_nine * u64::from(b'a' - 10 - b'0');
    let bad = written ^ x | worth & every(0xf0);
    let bytes = (worth | worth >> 4) & 0x00ff_00ff_00ff_00ff;
    let words = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    Hex { value: (words | words >> 16) as u32, bad }
}

/// A `u64` of eight times the byte `b`.
const fn every(b: u8) -> u64 {
    u64::from_ne_bytes([b; 8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_of_multilog_is_ten_seconds_ahead_of_unix_time() {
        // 0x450c020b = 1158414859, 0x32315f74 = 842096500.
        let stamp = tai64n(b"@40000000450c020b32315f74 new msg 71198", 10);
        assert_eq!(stamp, Some(Stamp { secs: 1_158_414_849, nanos: 842_096_500 }));
    }

    #[test]
    fn a_label_of_s6_log_is_37_seconds_ahead() {
        let stamp = tai64n(b"@400000006abaee1e35a8c946 new msg 71198", 37);
        assert_eq!(stamp, Some(Stamp { secs: 1_790_635_513, nanos: 900_254_022 }));
    }

    #[test]
    fn text_may_be_empty() {
        assert!(tai64n(b"@40000000450c020b32315f74 ", 10).is_some());
    }

    #[test]
    fn what_is_no_label() {
        for line in [
            &b""[..],
            b"@",
            b"@ new msg 1",
            b"@40000000450c020b32315f74",
            b"@40000000450c020b32315f74\tnew msg 1",
            b"@40000000450c020b32315f7 new msg 1",
            b"@40000000450c020b32315f740 new msg 1",
            b"@40000000450C020B32315F74 new msg 1",
            b"@4000000045g0020b32315f74 new msg 1",
            b"@40000000450c020b3231/f74 new msg 1",
            b"@40000000450c020b3231:f74 new msg 1",
            b"@40000000450c020b3231`f74 new msg 1",
            b"@40000000450c020b3231\xb1f74 new msg 1",
            b" @40000000450c020b32315f74 new msg 1",
        ] {
            assert_eq!(tai64n(line, 10), None, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn nanoseconds_end_at_999999999() {
        assert!(tai64n(b"@40000000450c020b3b9ac9ff x", 10).is_some());
        assert_eq!(tai64n(b"@40000000450c020b3b9aca00 x", 10), None);
    }

    #[test]
    fn only_1970_to_2262() {
        let zero = Stamp { secs: 0, nanos: 0 };
        assert_eq!(tai64n(b"@400000000000000a00000000 x", 10), Some(zero));
        assert_eq!(tai64n(b"@400000000000000900000000 x", 10), None);
        assert_eq!(tai64n(b"@3fffffffffffffff00000000 x", 10), None);
        // 2262-12-31T23:59:59Z = 9246182399 = 0x2271d8bff, and the second after it.
        assert!(tai64n(b"@40000002271d8bff00000000 x", 0).is_some());
        assert_eq!(tai64n(b"@40000002271d8c0000000000 x", 0), None);
        assert_eq!(tai64n(b"@7fffffffffffffff00000000 x", i64::MIN), None);
        assert_eq!(tai64n(b"@7fffffffffffffff00000000 x", i64::MAX), None);
        assert_eq!(tai64n(b"@ffffffffffffffff00000000 x", 10), None);
    }

    #[test]
    fn of_all_bytes_sixteen_are_digits() {
        for byte in 0..=u8::MAX {
            let expected = (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
            for place in 0..8 {
                let mut digits = *b"90afb8c1";
                digits[place] = byte;
                let good = hex(u64::from_be_bytes(digits)).bad == 0;
                assert_eq!(good, expected.is_some(), "{}", digits.escape_ascii());
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(secs in 0..9_246_182_400_i64, nanos in 0..1_000_000_000_u32, offset in 0..100_i64) {
            let line = format!("@{:016x}{nanos:08x} x", (1_u64 << 62) + (secs + offset) as u64);
            prop_assert_eq!(tai64n(line.as_bytes(), offset), Some(Stamp { secs, nanos }));
        }

        #[test]
        fn hex_agrees_with_std(digits in "[0-9a-fA-G/:`g ]{8}") {
            let plain = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let expected = plain.then(|| u32::from_str_radix(&digits, 16).unwrap());
            let Hex { value, bad } = hex(u64::from_be_bytes(digits.as_bytes().try_into().unwrap()));
            prop_assert_eq!((bad == 0).then_some(value), expected);
        }
    }
}

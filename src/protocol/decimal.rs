//! Decimal numbers as programs print them: scores, seconds, bytes.
use memchr::memchr;

/// How many units of 10⁻⁹ are 1.
pub(super) const NANO: i128 = 1_000_000_000;

/// A decimal number below 10¹⁵, perhaps below 0, in units of 10⁻⁹; what is beyond that is rounded once.
#[inline]
pub(super) fn nanos(text: &[u8]) -> Option<i128> {
    let (sign, number) = text.strip_prefix(b"-").map_or((1, text), |number| (-1, number));
    match short(number) {
        Some(value) => Some(sign * i128::from(value)),
        None => any_length(text),
    }
}

/// A number of at most nine digits, in units of 10⁻⁹. `None`: it is longer, or none.
#[inline]
fn short(text: &[u8]) -> Option<u64> {
    const UNITS: [u64; 9] =
        [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10];
    let (mut value, mut point) = (0, None);
    for (at, &byte) in text.iter().enumerate().take(11) {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() && at > 0 => point = Some(at),
            _ => return None,
        }
    }
    let places = point.map_or(0, |point| text.len() - point - 1);
    let digits = text.len() - usize::from(point.is_some());
    if digits == 0 || digits > 9 {
        return None;
    }
    UNITS.get(places).map(|unit| value * unit)
}

#[cold]
fn any_length(text: &[u8]) -> Option<i128> {
    let (sign, text) = text.strip_prefix(b"-").map_or((1, text), |text| (-1, text));
    let point = memchr(b'.', text).unwrap_or(text.len());
    let (whole, fraction) = text.split_at_checked(point)?;
    let mut value = i128::from(digits(whole)?);
    if !fraction.is_empty() {
        let fraction = fraction.get(1..).filter(|fraction| fraction.iter().all(u8::is_ascii_digit))?;
        let mut places = fraction.iter().map(|b| i128::from(b - b'0')).chain(std::iter::repeat(0));
        for place in places.by_ref().take(9) {
            value = value * 10 + place;
        }
        value += i128::from(places.next() >= Some(5));
    } else {
        value *= NANO;
    }
    Some(sign * value)
}

/// A number of 1 to 15 digits.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    text.iter().try_fold(0u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("5.0", Some(5 * NANO)),
            ("-1.2", Some(-1_200_000_000)),
            ("0.1", Some(100_000_000)),
            ("3.", Some(3 * NANO)),
            ("999999999999999.999999999", Some(999_999_999_999_999_999_999_999)),
            ("0.0000000004", Some(0)),
            ("0.0000000005", Some(1)),
            ("-0.00000000049", Some(0)),
            ("1.9999999999", Some(2 * NANO)),
            ("", None),
            ("-", None),
            ("+1", None),
            (".5", None),
            ("1e3", None),
            ("1.2.3", None),
            ("1,5", None),
            ("nan", None),
            ("--1", None),
            ("1000000000000000", None),
        ] {
            assert_eq!(nanos(text.as_bytes()), value, "{text}");
        }
    }
}

//! Unix seconds with a fraction of 1 to 9 digits, as splogger(8) (6 digits) and tai64nfrac (9 digits) write them.
//!
//! splogger cuts a line of more than 800 bytes; each further piece has a `+` in place of the blank.

use super::civil;
use super::stamp::Stamp;

/// A fraction stamp that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fraction {
    pub time: Stamp,
    /// Bytes up to the text, the blank or `+` included.
    pub len: usize,
    /// It was followed by `+`.
    pub continuation: bool,
}

/// The stamp that `line` begins with, followed by a blank or a `+`.
///
/// The seconds need nine digits or ten (1973 to 2262): a text that begins with a small fraction keeps it.
pub(super) fn fraction(line: &[u8]) -> Option<Fraction> {
    let (time, len) = number(line)?;
    let continuation = match line.get(len)? {
        b' ' => false,
        b'+' => true,
        _ => return None,
    };
    Some(Fraction { time, len: len + 1, continuation })
}

/// As [`fraction`], but the line may end right after it: a syslog daemon takes blanks off the end.
pub(super) fn fraction_or_end(line: &[u8]) -> Option<Fraction> {
    let whole = || number(line).filter(|&(_, len)| len == line.len());
    fraction(line).or_else(|| whole().map(|(time, len)| Fraction { time, len, continuation: false }))
}

/// `SECONDS.FRACTION`: the instant and its length.
pub(super) fn number(line: &[u8]) -> Option<(Stamp, usize)> {
    let digits = line.iter().take(11).take_while(|b| b.is_ascii_digit()).count();
    if !(9..=10).contains(&digits) {
        return None;
    }
    let secs = line[..digits].iter().fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    let (nanos, len) = civil::fraction(&line[digits..])?;
    Some((Stamp::new(secs, nanos)?, digits + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &[u8]) -> Option<(i64, u32, usize, bool)> {
        fraction(line).map(|f| (f.time.secs, f.time.nanos, f.len, f.continuation))
    }

    #[test]
    fn one_to_nine_digits() {
        assert_eq!(at(b"1032237315.3 x"), Some((1_032_237_315, 300_000_000, 13, false)));
        assert_eq!(at(b"1032237315.334422 x"), Some((1_032_237_315, 334_422_000, 18, false)));
        assert_eq!(at(b"1032237315.000000007 x"), Some((1_032_237_315, 7, 21, false)));
        assert_eq!(at(b"100000000.5 "), Some((100_000_000, 500_000_000, 12, false)));
    }

    #[test]
    fn a_plus_continues_the_line_before() {
        assert_eq!(at(b"1276913545.100000+delivery 8"), Some((1_276_913_545, 100_000_000, 18, true)));
    }

    #[test]
    fn what_is_none() {
        for line in [
            &b""[..],
            b"1032237315",
            b"1032237315 x",
            b"1032237315. x",
            b"1032237315.x",
            b"1032237315.0000000001 x",
            b"1032237315.334422",
            b"1032237315.334422-x",
            b"9246182400.0 x",
            b"99999999.5 x",
            b"99999999999999999999.5 x",
            b"192.0.2.1 pid 4",
        ] {
            assert_eq!(at(line), None, "{}", line.escape_ascii());
        }
        assert!(at(b"9246182399.9 x").is_some());
    }

    #[test]
    fn at_the_end_of_a_syslog_line() {
        assert_eq!(fraction_or_end(b"1032237315.334422").map(|f| f.len), Some(17));
        assert_eq!(fraction_or_end(b"1032237315.334422 x").map(|f| f.len), Some(18));
        assert_eq!(fraction_or_end(b"1032237315.334422x"), None);
    }
}

//! The counter file: one `key:value` a line, sorted: the interface that other pollers read.
//!
//! Files of the Perl maillogs are read as they are: any order, their housekeeping keys kept.
use std::collections::BTreeMap;

use crate::protocol::{Kind, Protocol};

/// What a counter file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CounterFile {
    /// Odometers by position in the protocol's table; `None`: the file does not name it.
    pub totals: Vec<Option<i128>>,
    /// Lines that are no counters of the protocol.
    pub extra: BTreeMap<String, String>,
    /// Lines that cannot be read: number (from 1), text.
    pub rejected: Vec<(usize, String)>,
}

/// Reads a counter file's text.
pub fn parse(protocol: &Protocol, bytes: &[u8]) -> CounterFile {
    let mut file = CounterFile { totals: vec![None; protocol.counters.len()], ..CounterFile::default() };
    for (number, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let Some((key, value)) = text.split_once(':').map(|(k, v)| (k.trim(), v.trim())) else {
            file.rejected.push((number + 1, text.to_owned()));
            continue;
        };
        let counter = protocol.index(key).filter(|&i| !protocol.counters[i].kind.is_gauge());
        let value_of = |i: usize| match protocol.counters[i].kind {
            Kind::Sum | Kind::Derived(_) => parse_decimal(value),
            Kind::Net => match value.strip_prefix('-') {
                Some(value) => parse_decimal(value).map(|v| -v),
                None => parse_decimal(value),
            },
            _ => value.parse::<u64>().ok().map(i128::from),
        };
        match counter.map(|i| (i, value_of(i))) {
            Some((_, None)) => file.rejected.push((number + 1, text.to_owned())),
            Some((i, Some(value))) if protocol.counters[i].kind.is_odometer() => file.totals[i] = Some(value),
            Some(_) => {} // computed by every query: what stands in the file is of no use
            None => {
                file.extra.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    file
}

/// The counter file's text.
pub fn format(protocol: &Protocol, totals: &[i128], extra: &BTreeMap<String, String>) -> String {
    let mut lines: BTreeMap<&str, String> = extra.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    for (counter, value) in protocol.counters.iter().zip(totals) {
        if counter.kind.is_odometer() {
            lines.insert(counter.key, show(counter.kind, *value));
        }
    }
    lines.iter().map(|(key, value)| format!("{key}:{value}\n")).collect()
}

/// A value as the query and the counter file print it.
pub fn show(kind: Kind, value: i128) -> String {
    match kind {
        Kind::Sum | Kind::Net | Kind::Derived(_) => decimal(value),
        Kind::Count | Kind::Peak | Kind::Level => value.to_string(),
    }
}

const NANO: i128 = 1_000_000_000;

/// Units of 10⁻⁹ as a decimal without trailing zeros.
pub fn decimal(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, part) =
        (nanos.unsigned_abs() / NANO.unsigned_abs(), nanos.unsigned_abs() % NANO.unsigned_abs());
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let part = format!("{part:09}");
    format!("{sign}{whole}.{}", part.trim_end_matches('0'))
}

/// A decimal, as Perl printed it too (`1.5e-05`), in units of 10⁻⁹.
fn parse_decimal(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().ok().filter(|e| (-30..=30).contains(e))?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.len() <= 20 && s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty())
        || !digits(whole)
        || part.len() > 40
        || !part.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let all = format!("{whole}{part}");
    // value = all · 10^(exponent − part.len()); in units of 10⁻⁹ nine powers more.
    let power = exponent - i32::try_from(part.len()).ok()? + 9;
    let kept = if power < 0 { all.len().saturating_sub(power.unsigned_abs() as usize) } else { all.len() };
    let value: i128 = if kept == 0 { 0 } else { all[..kept].parse().ok()? };
    if power > 0 { value.checked_mul(10i128.checked_pow(power.unsigned_abs())?) } else { Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    #[test]
    fn decimals_have_no_trailing_zeros() {
        assert_eq!(decimal(0), "0");
        assert_eq!(decimal(100_000_000), "0.1");
        assert_eq!(decimal(12_500_000_000), "12.5");
        assert_eq!(decimal(1), "0.000000001");
        assert_eq!(decimal(3_000_000_000), "3");
    }

    #[test]
    fn decimals_are_read_back() {
        for nanos in [0, 1, 999_999_999, 1_000_000_000, 123_456_789_012_345_678] {
            assert_eq!(parse_decimal(&decimal(nanos)), Some(nanos));
        }
        assert_eq!(parse_decimal("1.5e-05"), Some(15_000));
        assert_eq!(parse_decimal("1e3"), Some(1_000_000_000_000));
        assert_eq!(parse_decimal("0.1234567891"), Some(123_456_789));
        for bad in ["", ".", "x", "1.x", "-1", "1e99", "1e", "0x10"] {
            assert_eq!(parse_decimal(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_of_the_perl_program_is_read_as_it_is() {
        let text = "status:5\ncreated:1120000000\nstatus_localp:1.25\nmessage_new:12x\nnonsense\nmessage_bytes:99\n\n";
        let file = parse(&SEND, text.as_bytes());
        let total = |key: &str| file.totals[SEND.index(key).unwrap()];
        assert_eq!(total("status"), Some(5));
        assert_eq!(total("status_localp"), Some(1_250_000_000));
        assert_eq!(total("message_bytes"), Some(99));
        assert_eq!(total("delivery"), None);
        assert_eq!(file.extra["created"], "1120000000");
        assert_eq!(file.rejected, [(4, "message_new:12x".into()), (5, "nonsense".into())]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut totals = vec![0; SEND.counters.len()];
        for (i, counter) in SEND.counters.iter().enumerate() {
            if counter.kind.is_odometer() {
                totals[i] = i as i128 * 1_000_000_007;
            }
        }
        let extra = [("created".to_owned(), "1".to_owned())].into();
        let text = format(&SEND, &totals, &extra);
        let keys: Vec<&str> = text.lines().map(|l| l.split(':').next().unwrap()).collect();
        assert!(keys.is_sorted());
        let file = parse(&SEND, text.as_bytes());
        assert_eq!(file.extra, extra);
        assert!(file.rejected.is_empty());
        for (i, counter) in SEND.counters.iter().enumerate() {
            assert_eq!(file.totals[i], counter.kind.is_odometer().then_some(totals[i]), "{}", counter.key);
        }
    }
}

//! The counter file: one `key:value` a line, sorted: the interface that other pollers read.
//!
//! Files of the Perl maillogs are read as they are: any order, older names, numbers as Perl prints them, their
//! housekeeping keys kept.
use std::collections::BTreeMap;

use crate::protocol::{CounterKind, Protocol};

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

/// How a file names a counter, in order of precedence. Of two lines with the same precedence the later one is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// As we write it, and as version 5 did: what went on counting last.
    Stored,
    Key,
    /// As version 4 did. Version 5 left such lines standing, with what they had come to.
    Alias,
    /// By any name, but with an empty value, which Perl took for 0.
    Empty,
}

impl CounterFile {
    /// Lines, but no counter among them: something else stands in the counter file's place.
    pub fn is_hopeless(&self) -> bool {
        !self.has_counters() && !self.rejected.is_empty()
    }

    /// Does it name a counter of the protocol?
    pub fn has_counters(&self) -> bool {
        self.totals.iter().any(Option::is_some)
    }

    /// The counters of the protocol that it does not name.
    pub fn missing(&self, protocol: &Protocol) -> Vec<&'static str> {
        let all = protocol.counters.iter().zip(&self.totals);
        all.filter(|(c, total)| c.kind.is_odometer() && total.is_none()).map(|(c, _)| c.key).collect()
    }

    /// Puts what the file says in the place of what was there.
    pub fn put_into(self, totals: &mut [i128], extra: &mut BTreeMap<String, String>) {
        for (total, read) in totals.iter_mut().zip(self.totals) {
            *total = read.unwrap_or(*total);
        }
        extra.extend(self.extra);
    }
}

/// The most bytes that are kept of other programs' lines, and of lines that cannot be read. Those of other programs
/// stand in the state, which every query reads.
const MOST_KEPT: usize = 1 << 18;

/// The lines that are no counters, as they are kept: as many as fit, and the beginning of long ones.
pub fn rejected(lines: &[(usize, String)]) -> String {
    let mut text = String::new();
    for (n, (number, line)) in lines.iter().enumerate() {
        if text.len() > MOST_KEPT {
            text += &format!("{} more lines\n", lines.len() - n);
            break;
        }
        let start: String = line.chars().take(1000).collect();
        text += &format!("line {number}: {start}\n");
    }
    text
}

/// Reads a counter file's text.
pub fn parse(protocol: &Protocol, bytes: &[u8]) -> CounterFile {
    parse_names(protocol, bytes, |name| {
        let i = protocol.stored_index(name)?;
        let how = match name {
            _ if name == protocol.stored_name(i) => Name::Stored,
            _ if name == protocol.counters[i].key => Name::Key,
            _ => Name::Alias,
        };
        Some((i, how))
    })
}

/// Reads a file that other protocols share: only what has the counter's full key is ours, for `connect` may be
/// anybody's; and nothing else in it is of our concern. Nor is a counter of toaster.conf, which has but one name:
/// both protocols may have one of that name, and what stands there is the other's.
pub fn parse_shared(protocol: &Protocol, bytes: &[u8]) -> CounterFile {
    let was_ours = |i: &usize| protocol.stored_name(*i) != protocol.counters[*i].key;
    let file =
        parse_names(protocol, bytes, |name| protocol.index(name).filter(was_ours).map(|i| (i, Name::Key)));
    CounterFile { totals: file.totals, ..CounterFile::default() }
}

fn parse_names(
    protocol: &Protocol,
    bytes: &[u8],
    find: impl Fn(&str) -> Option<(usize, Name)>,
) -> CounterFile {
    let mut file = CounterFile { totals: vec![None; protocol.counters.len()], ..CounterFile::default() };
    let mut named = vec![Name::Empty; protocol.counters.len()];
    let mut extra = 0;
    for (number, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
        if text.is_empty() {
            continue;
        }
        let Some((key, value)) = text.split_once(':').map(|(k, v)| (k.trim(), v.trim())) else {
            file.rejected.push((number + 1, text.to_owned()));
            continue;
        };
        let Some((i, how)) = find(key) else {
            extra += key.len() + value.len();
            if extra > MOST_KEPT {
                file.rejected.push((number + 1, text.to_owned()));
                continue;
            }
            file.extra.insert(key.to_owned(), value.to_owned());
            continue;
        };
        let kind = protocol.counters[i].kind;
        if !kind.is_odometer() {
            continue; // computed by every query: what stands in the file is of no use
        }
        let how = if value.is_empty() { Name::Empty } else { how };
        match value_of(kind, value) {
            None => file.rejected.push((number + 1, text.to_owned())),
            Some(_) if file.totals[i].is_some() && how > named[i] => {}
            Some(value) => {
                file.totals[i] = Some(value);
                named[i] = how;
            }
        }
    }
    file
}

/// A value of this kind as a counter file has it.
pub fn value_of(kind: CounterKind, text: &str) -> Option<i128> {
    match (kind, text.strip_prefix('-')) {
        _ if text.is_empty() => Some(0),
        (CounterKind::Net, Some(text)) => parse_decimal(text).map(|v| -v),
        (CounterKind::Sum | CounterKind::Net, _) => parse_decimal(text),
        _ => parse_count(text),
    }
}

/// The counter file's text.
pub fn format(protocol: &Protocol, totals: &[i128], extra: &BTreeMap<String, String>) -> String {
    let is_counter =
        |name: &str| protocol.stored_index(name).is_some_and(|i| protocol.counters[i].kind.is_odometer());
    // A counter that was gone for a version and is back again may stand there under its key.
    let kept = extra.iter().filter(|(name, _)| !is_counter(name));
    let mut lines: BTreeMap<&str, String> = kept.map(|(k, v)| (k.as_str(), v.clone())).collect();
    for (i, (counter, value)) in protocol.counters.iter().zip(totals).enumerate() {
        if counter.kind.is_odometer() {
            lines.insert(protocol.stored_name(i), format_value(counter.kind, *value));
        }
    }
    lines.iter().map(|(key, value)| format!("{key}:{value}\n")).collect()
}

/// Are these bytes a counter file as this program writes it, with every counter in its place? The Perl maillogs wrote
/// them in the order of a hash.
pub fn is_as_we_write(protocol: &Protocol, bytes: &[u8]) -> bool {
    let file = parse(protocol, bytes);
    let names =
        bytes.split(|&b| b == b'\n').map(|line| line.split(|&b| b == b':').next().unwrap_or_default());
    file.rejected.is_empty()
        && file.missing(protocol).is_empty()
        && bytes.ends_with(b"\n")
        && names.take_while(|name| !name.is_empty()).is_sorted()
}

/// A value as the query and the counter file print it.
pub fn format_value(kind: CounterKind, value: i128) -> String {
    kind.measure().print(value)
}

const NANO: i128 = 1_000_000_000;

/// A decimal, as Perl printed it too (`1.5e-05`), in units of 10⁻⁹. None is larger than a count can be: what is
/// written of it must be read again, and leave room for more.
fn parse_decimal(text: &str) -> Option<i128> {
    parse_scaled(text, 9).map(|(value, _)| value).filter(|value| *value <= i128::from(u64::MAX) * NANO)
}

/// A whole number of at most 64 bits, also as Perl prints a large one (`4.29497e+09`, `1e+15`).
fn parse_count(text: &str) -> Option<i128> {
    if let Ok(value) = text.parse::<u64>() {
        return Some(value.into());
    }
    parse_scaled(text, 0).filter(|(value, exact)| *exact && u64::try_from(*value).is_ok()).map(|(v, _)| v)
}

/// A decimal in units of `10^-places`, and whether nothing was cut off it.
fn parse_scaled(text: &str, places: i32) -> Option<(i128, bool)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().ok().filter(|e| (-30..=30).contains(e))?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str, most: usize| s.len() <= most && s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole, 20) || !digits(part, 40) {
        return None;
    }
    let all = format!("{whole}{part}");
    // value = all · 10^(exponent − part.len()); in units of 10^-places so many powers more.
    let power = exponent - i32::try_from(part.len()).ok()? + places;
    let cut = if power < 0 { power.unsigned_abs() as usize } else { 0 };
    let (kept, lost) = all.split_at(all.len().saturating_sub(cut));
    let value: i128 = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    let power = power.max(0).unsigned_abs();
    Some((value.checked_mul(10i128.checked_pow(power)?)?, lost.bytes().all(|b| b == b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;

    #[test]
    fn decimals_are_read_back() {
        let decimal = |nanos| format_value(CounterKind::Sum, nanos);
        for nanos in [0, 1, 999_999_999, 1_000_000_000, 123_456_789_012_345_678] {
            assert_eq!(parse_decimal(&decimal(nanos)), Some(nanos));
        }
        assert_eq!(parse_decimal("1.5e-05"), Some(15_000));
        assert_eq!(parse_decimal("1e3"), Some(1_000_000_000_000));
        assert_eq!(parse_decimal("0.1234567891"), Some(123_456_789));
        let largest = "18446744073709551615";
        assert_eq!(parse_decimal(largest).map(decimal).as_deref(), Some(largest));
        for bad in ["18446744073709551616", "1e25", "1.5e29", "", ".", "x", "1.x", "-1", "1e99", "1e", "0x10"]
        {
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
    fn a_mark_of_byte_order_is_no_part_of_a_name() {
        for line in ["\u{feff}delivery:7", " \u{feff} delivery:7", "\u{feff}\u{feff}delivery:7"] {
            let file = parse(&SEND, line.as_bytes());
            assert_eq!(file.totals[SEND.index("delivery").unwrap()], Some(7), "{line:?}");
            assert!(file.extra.is_empty(), "{line:?}: it would be written, and read as another");
        }
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

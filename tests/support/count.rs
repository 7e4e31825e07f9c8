//! An independent count of a qmail-send log: FORMATS 3 once more, as plainly as it can be said.

use std::collections::BTreeMap;

use super::lines;

/// Every counter and every sum of the send log by its key; sums of fractions in units of 10⁻⁹.
pub type Counts = BTreeMap<&'static str, u128>;

/// Keys of a query that are neither count nor sum: they may fall.
pub const GAUGES: [&str; 5] =
    ["concurrencyremote", "peak_local", "peak_remote", "limit_local", "limit_remote"];

/// The keys whose values have a fraction.
pub const FRACTIONS: [&str; 2] = ["status_localp", "status_remotep"];

const KEYS: [&str; 23] = [
    "delivery",
    "delivery_deferral",
    "delivery_failure",
    "delivery_success",
    "message_bounce",
    "message_bytes",
    "message_end",
    "message_info",
    "message_new",
    "message_other",
    "other",
    "start_delivery",
    "start_delivery_local",
    "start_delivery_remote",
    "status",
    "status_localp",
    "status_remotep",
    "double_bounce",
    "triple_bounce",
    "warning",
    "alert",
    "status_local_sum",
    "status_remote_sum",
];

/// Counts all lines of `log`, an unfinished last one too.
pub fn count(log: &[u8]) -> Counts {
    let mut counts: Counts = KEYS.into_iter().map(|key| (key, 0)).collect();
    for line in lines(log) {
        add_line(&mut counts, String::from_utf8_lossy(line).trim_end_matches('\n'));
    }
    counts
}

fn add_line(counts: &mut Counts, line: &str) {
    let mut add = |key: &'static str, by: u128| *counts.get_mut(key).expect("a known key") += by;
    let (stamped, text) = match unix_nanos(line) {
        Some(_) => (true, &line[26..]),
        None => (false, line),
    };
    let words: Vec<&str> = text.split(' ').collect();
    if text.starts_with("new msg") {
        add("message_new", 1);
    } else if text.starts_with("info msg ") {
        add("message_info", 1);
        if words.get(3) == Some(&"bytes") && words.get(5) == Some(&"from") {
            add("message_bytes", words[4].parse().expect("a number of bytes"));
        }
    } else if text.starts_with("starting delivery ") {
        add("start_delivery", 1);
        match words.get(6) {
            Some(&"local") => add("start_delivery_local", 1),
            Some(&"remote") => add("start_delivery_remote", 1),
            _ => {}
        }
    } else if text.starts_with("delivery ") {
        add("delivery", 1);
        match words.get(2) {
            Some(&"success:") => add("delivery_success", 1),
            Some(&"deferral:") => add("delivery_deferral", 1),
            Some(&"failure:") => add("delivery_failure", 1),
            _ => {}
        }
    } else if text.starts_with("status: local ") {
        add("status", 1);
        let used = |word: Option<&&str>| -> Option<(u128, u128)> {
            let (used, limit) = word?.split_once('/')?;
            Some((used.parse().ok()?, limit.parse().ok()?))
        };
        if let (Some((local, local_limit)), Some("remote"), Some((remote, remote_limit))) =
            (used(words.get(2)), words.get(3).copied(), used(words.get(4)))
        {
            // Each term rounded once, half up: 10⁻⁹ is the unit.
            let fraction = |used, limit| (2 * used * 1_000_000_000 + limit) / (2 * limit);
            add("status_localp", fraction(local, local_limit));
            add("status_remotep", fraction(remote, remote_limit));
            add("status_local_sum", local);
            add("status_remote_sum", remote);
        }
    } else if text.starts_with("end msg") {
        add("message_end", 1);
    } else if text.starts_with("bounce") {
        add("message_bounce", 1);
    } else if stamped && !text.is_empty() {
        add("other", 1);
        for (prefix, key) in [
            ("double bounce: ", "double_bounce"),
            ("triple bounce: ", "triple_bounce"),
            ("warning: ", "warning"),
            ("alert: ", "alert"),
        ] {
            if text.starts_with(prefix) {
                add(key, 1);
            }
        }
    } else {
        add("message_other", 1);
    }
}

/// The time of a line with a TAI64N label, nanoseconds since 1970.
pub fn unix_nanos(line: &str) -> Option<u64> {
    let label = line.get(..26)?.strip_prefix('@')?.strip_suffix(' ')?;
    if !label.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let seconds = u64::from_str_radix(&label[..16], 16).ok()?;
    let nanos = u64::from_str_radix(&label[16..], 16).ok()?;
    Some((seconds - (1 << 62) - 10) * 1_000_000_000 + nanos)
}

/// The counts of `log` by bins of `step` seconds, each by the unix time at which it ends: the time
/// by which an RRD calls a row.
pub fn by_bin(log: &[u8], step: u64) -> BTreeMap<u64, Counts> {
    let mut bins: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for line in lines(log) {
        let nanos = unix_nanos(&String::from_utf8_lossy(line)).expect("a labelled line");
        let end = (nanos / 1_000_000_000 / step + 1) * step;
        bins.entry(end).or_default().extend(line);
    }
    bins.into_iter().map(|(end, lines)| (end, count(&lines))).collect()
}

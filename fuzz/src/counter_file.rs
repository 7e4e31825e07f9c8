//! The counter file: no number in it is lost, and what is written is read.
use std::collections::BTreeMap;
use std::sync::OnceLock;

use maillogs::protocol::{Protocol, Settings, builtin};
use maillogs::store::counters::{CounterFile, format, parse, parse_shared};

/// Reads `text` as the counter file of every protocol.
pub fn any(text: &[u8]) {
    static ALL: OnceLock<Vec<&Protocol>> = OnceLock::new();
    for protocol in ALL.get_or_init(|| builtin(&Settings::default())) {
        of(protocol, text);
    }
}

fn of(protocol: &Protocol, bytes: &[u8]) {
    let file = parse(protocol, bytes);
    everything_is_somewhere(protocol, bytes, &file);
    let shared = parse_shared(protocol, bytes);
    assert!(shared.extra.is_empty() && shared.rejected.is_empty());

    let mut totals = vec![0; protocol.counters.len()];
    let mut extra = BTreeMap::new();
    let CounterFile { totals: read, extra: kept, .. } = parse(protocol, bytes);
    file.put_into(&mut totals, &mut extra);
    assert_eq!(extra, kept);
    let text = format(protocol, &totals, &extra);
    let again = parse(protocol, text.as_bytes());
    assert_eq!(again.rejected, [], "{}: it writes what it cannot read:\n{text}", protocol.name);
    for (i, counter) in protocol.counters.iter().enumerate() {
        let expected = counter.kind.is_odometer().then_some(read[i].unwrap_or(0));
        assert_eq!(again.totals[i], expected, "{}: {}", protocol.name, counter.key);
    }
    for (key, value) in &again.extra {
        assert_eq!(extra.get(key), Some(value), "{}: {key:?}", protocol.name);
    }
    for (key, value) in &extra {
        let is_counter = protocol.stored_index(key).is_some();
        assert!(is_counter || again.extra.get(key) == Some(value), "{}: {key:?} is lost", protocol.name);
    }
    assert_eq!(format(protocol, &totals, &again.extra), text);
}

/// Every line with something on it is a counter, kept, or rejected.
fn everything_is_somewhere(protocol: &Protocol, bytes: &[u8], file: &CounterFile) {
    for (number, line) in (1..).zip(bytes.split(|&b| b == b'\n')) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if line.is_empty() || file.rejected.iter().any(|(n, _)| *n == number) {
            continue;
        }
        let (key, _) = line.split_once(':').expect("a line without a colon is rejected");
        match protocol.stored_index(key.trim()) {
            Some(i) if protocol.counters[i].kind.is_odometer() => {
                assert!(file.totals[i].is_some(), "line {number}: {line:?}");
            }
            // Computed by every query.
            Some(_) => {}
            None => assert!(file.extra.contains_key(key.trim()), "line {number}: {line:?}"),
        }
    }
}

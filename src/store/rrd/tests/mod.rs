//! Files that we made, read back by librrd.
mod equal;
mod made;
mod read;
mod reference;

use std::path::Path;
use std::time::{Duration, SystemTime};

use rrd::ConsolidationFn;

use super::header::{Header, Look, peek};
use super::schema::rows_of;
use super::*;
use crate::protocol::Protocol;

fn update(begin: i64, new: i128) -> Update {
    let mut values = vec![0; SEND.counters.len()];
    values[SEND.index("message_new").unwrap()] = new;
    values[SEND.index("status_localp").unwrap()] = new * 100_000_000;
    values[SEND.index("peak_local").unwrap()] = new;
    (begin, values.into())
}

fn sound(path: &Path) -> Header {
    match peek(path).unwrap() {
        Look::Sound(header) => *header,
        other => panic!("{other:?}"),
    }
}

fn fetch(path: &Path, from: i64, to: i64, resolution: u64, ds: &str) -> Vec<(i64, f64)> {
    let _alone = librrd();
    let data = rrd::ops::fetch::fetch(
        path,
        ConsolidationFn::Avg,
        time(from),
        time(to),
        Duration::from_secs(resolution),
    )
    .unwrap();
    let i = data.ds_names().iter().position(|n| n == ds).unwrap();
    data.rows()
        .iter()
        .map(|r| {
            let end = r.timestamp().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            (i64::try_from(end).unwrap(), r.as_slice()[i])
        })
        .filter(|(_, v)| !v.is_nan())
        .collect()
}

/// The counters of `send` that no section has: a file with all of them would be seven times as large.
const SEND: Protocol = Protocol {
    counters: crate::protocol::send::SEND.counters.split_at(28).0,
    sections: &[],
    ..crate::protocol::send::SEND
};

/// `secs` (unix), as librrd is told.
fn time(secs: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap_or(0))
}

const T: i64 = 1_790_000_040 / 60 * 60;

#[test]
fn a_measurement_holds_back_to_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("queue.rrd");
    let protocol = crate::protocol::queue::protocol(&crate::protocol::Settings::default());
    let noon = 1_790_640_000;
    let at = |begin: i64, messages: i128| {
        let mut values = vec![0; protocol.counters.len()];
        values[protocol.index("queue_reads").unwrap()] = 1;
        values[protocol.index("messages").unwrap()] = messages;
        (begin, values.into())
    };
    create(&path, &protocol, 60, &[at(noon, 7), at(noon + 300, 9), at(noon + 8040, 4), at(noon + 8340, 0)])
        .unwrap();
    let rows: std::collections::BTreeMap<i64, f64> =
        fetch(&path, noon - 60, noon + 8460, 60, "messages").into_iter().collect();
    assert!(!rows.contains_key(&noon), "nobody measured before");
    assert_eq!(rows[&(noon + 60)], 7.0);
    for end in (noon + 120..=noon + 360).step_by(60) {
        assert_eq!(rows[&end], 9.0, "{}", end - noon);
    }
    assert!(!rows.contains_key(&(noon + 3960)), "more than an hour");
    assert_eq!(rows[&(noon + 8280)], 0.0);
    let reads: f64 = fetch(&path, noon - 60, noon + 8460, 60, "queue_reads")
        .iter()
        .map(|r| r.1 * 60.0)
        .filter(|v| v.is_finite())
        .sum();
    assert!((reads - 4.0).abs() < 1e-9, "{reads}");
}

#[test]
fn a_longer_step_shortens_no_archive() {
    assert_eq!(rows_of(60), [(1, 2880), (5, 4032), (30, 2976), (120, 8772), (1440, 3653)]);
    assert_eq!(rows_of(300), [(1, 4032), (6, 2976), (24, 8772), (288, 3653)], "5 minutes are kept 14 days");
    assert_eq!(rows_of(86_400), [(1, 3653)]);
}

#[test]
fn rows_are_the_bins_and_gaps_are_zero() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.rrd");
    create(&path, &SEND, 60, &[update(T, 7), update(T + 600, 5)]).unwrap();
    let rows = fetch(&path, T - 120, T + 660, 60, "message_new");
    for (end, value) in rows {
        let expected = match end - 60 - T {
            0 => 7.0,
            600 => 5.0,
            _ => 0.0,
        };
        assert!((value * 60.0 - expected).abs() < 1e-9, "{end}: {value}");
    }
    push(&path, &SEND, 60, &[update(T + 660, 3)]).unwrap();
    let total: f64 = fetch(&path, T, T + 720, 60, "message_new").iter().map(|r| r.1 * 60.0).sum();
    assert!((total - 15.0).abs() < 1e-9);
    let share: f64 = fetch(&path, T, T + 720, 60, "status_localp").iter().map(|r| r.1 * 60.0).sum();
    assert!((share - 1.5).abs() < 1e-9);
}

#[test]
fn the_header_says_what_rrd_info_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.rrd");
    create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
    let header = sound(&path);
    let _alone = librrd();
    let mut info = rrd::ops::info::info(&path).unwrap();
    let mut count = |key: &str| info.remove(key).unwrap().into_count().unwrap();
    assert_eq!(header.bytes.len() as u64, count("header_size"));
    assert_eq!(header.last_update as u64, count("last_update"));
    assert_eq!(header.step, count("step"));
    assert_eq!(header.sources.len(), SEND.counters.len() - 1);
}

#[test]
fn the_same_updates_after_the_header_is_put_back_give_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.rrd");
    create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
    let before = sound(&path);
    let updates: Vec<Update> =
        (1..200).map(|i| update(T + 60 * i + if i > 100 { 6000 } else { 0 }, i.into())).collect();
    push(&path, &SEND, 60, &updates).unwrap();
    let once = std::fs::read(&path).unwrap();
    LockedRrd::open(&path).unwrap().unwrap().write_header(&before.bytes).unwrap();
    push(&path, &SEND, 60, &updates).unwrap();
    assert!(once == std::fs::read(&path).unwrap());
}

#[test]
fn damage_is_seen_before_librrd_sees_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.rrd");
    assert!(matches!(peek(&path).unwrap(), Look::Missing));
    create(&path, &SEND, 60, &[update(T, 7)]).unwrap();
    let good = std::fs::read(&path).unwrap();
    let header = sound(&path);
    for length in (0..header.bytes.len()).step_by(97).chain([good.len() - 1]) {
        std::fs::write(&path, &good[..length]).unwrap();
        assert!(matches!(peek(&path).unwrap(), Look::Broken(_)), "{length} bytes");
    }
    // Numbers with which librrd writes beyond its buffers: the step, the steps of a row, the last update.
    let row = 128 + 120 * header.sources.len() + 32;
    for (at, numbers) in [
        (40, &[0, 86_401, 1 << 62, u64::MAX][..]),
        (row, &[0, 1 << 40, u64::MAX]),
        (header.live_head().start, &[1 << 40, 1 << 63, u64::MAX]),
    ] {
        for number in numbers {
            let mut bad = good.clone();
            bad[at..at + 8].copy_from_slice(&number.to_le_bytes());
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(peek(&path).unwrap(), Look::Broken(_)), "{number} at {at}");
        }
    }
    // And words that librrd does not know, or that do not end.
    let archive = 128 + 120 * header.sources.len();
    for (at, word) in [
        (128, &b"a_name_of_just_twenty"[..20]),
        (148, b"COMPUTE"),
        (148, b"GAUGES"),
        (archive, b"FAILURES"),
        (archive, b"AX"),
        (header.pdp_prep(0).start, &[b'7'; 30]),
    ] {
        let mut bad = good.clone();
        bad[at..at + word.len()].copy_from_slice(word);
        std::fs::write(&path, &bad).unwrap();
        assert!(matches!(peek(&path).unwrap(), Look::Broken(_)), "{} at {at}", word.escape_ascii());
    }
    let schema = 128 + 120 * (header.sources.len() + 10);
    for byte in (0..schema).step_by(13) {
        let mut bad = good.clone();
        bad[byte] ^= 4;
        // Other bits of what is unknown mean the same.
        let word = |bytes: &[u8]| f64::from_le_bytes(bytes[byte / 8 * 8..][..8].try_into().unwrap());
        if word(&good).is_nan() && word(&bad).is_nan() {
            continue;
        }
        std::fs::write(&path, &bad).unwrap();
        let noticed = match peek(&path).unwrap() {
            Look::Sound(h) => h.mark != header.mark,
            _ => true,
        };
        assert!(noticed, "byte {byte}");
    }
}

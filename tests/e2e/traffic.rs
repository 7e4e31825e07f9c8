//! The generator's promises, checked by a pass that knows only the lines.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::support::traffic::{LIMITS, Traffic};
use crate::support::{END, count, lines, traffic};

fn text(log: &[u8]) -> impl Iterator<Item = &str> {
    lines(log).map(|line| std::str::from_utf8(line).expect("UTF-8").trim_end())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(traffic(7, 0.2, 1.0), traffic(7, 0.2, 1.0));
    assert_ne!(traffic(7, 0.2, 1.0), traffic(8, 0.2, 1.0));
}

#[test]
fn labels_rise_within_the_span() {
    let log = traffic(1, 0.5, 1.0);
    let stamps: Vec<u64> = text(&log).map(|line| count::unix_nanos(line).expect("a label")).collect();
    assert!(stamps.is_sorted_by(|before, after| before < after));
    let end = END as u64 * 1_000_000_000;
    assert!(stamps[0] >= end - 43_200_000_000_000);
    assert!(*stamps.last().expect("lines") < end);
}

#[test]
fn without_labels_the_lines_are_the_same() {
    let mut bare = Vec::new();
    let mut server = Traffic { seed: 3, end: END, days: 0.1, rate: 1.0, utc_offset: 0, labels: false };
    server.write(&mut bare).expect("writing to memory");
    let mut labelled = Vec::new();
    server.labels = true;
    let written = server.write(&mut labelled).expect("writing to memory");
    assert!(text(&labelled).map(|line| &line[26..]).eq(text(&bare)));
    assert_eq!(written, text(&bare).count() as u64);
}

/// Reads the log as a bookkeeper would and panics at the first entry that has no ground.
#[test]
fn life_cycles_are_consistent() {
    let log = traffic(5, 3.0, 1.0);
    let mut queue: HashMap<&str, &str> = HashMap::new(); // message → last event
    let mut seen_ids = HashSet::new();
    let mut reused = 0;
    let mut running: HashMap<&str, (&str, usize)> = HashMap::new(); // delivery → message, channel
    let mut in_flight = [0u32; 2];
    for line in text(&log) {
        let words: Vec<&str> = line[26..].split(' ').collect();
        match words[0] {
            "new" => {
                assert!(queue.insert(words[2], "new").is_none(), "new twice: {line}");
                reused += u32::from(!seen_ids.insert(words[2]));
            }
            "info" => {
                let message = words[2].trim_end_matches(':');
                assert_eq!(queue.insert(message, "info"), Some("new"), "{line}");
                assert!(words[4].parse::<u64>().is_ok_and(|bytes| bytes > 0), "{line}");
            }
            "starting" => {
                assert!(queue.contains_key(words[4]), "no such message: {line}");
                let channel = usize::from(words[6] == "remote");
                let delivery = words[2].trim_end_matches(':');
                let before = running.insert(delivery, (words[4], channel));
                assert!(before.is_none(), "started twice: {line}");
                in_flight[channel] += 1;
            }
            "delivery" => {
                let delivery = words[1].trim_end_matches(':');
                let (message, channel) = running.remove(delivery).expect(line);
                assert!(queue.contains_key(message), "ended before its delivery: {line}");
                assert!(["success:", "deferral:", "failure:"].contains(&words[2]), "{line}");
                assert!(words[3].ends_with('/') && words.len() == 4, "{line}");
                in_flight[channel] -= 1;
            }
            "status:" => {
                let [local, remote] = in_flight;
                assert!(local <= LIMITS[0] && remote <= LIMITS[1], "{line}");
                let expected = format!("status: local {local}/{} remote {remote}/{}", LIMITS[0], LIMITS[1]);
                assert_eq!(&line[26..], expected);
            }
            "bounce" => {
                assert_eq!(queue.insert(words[2], "bounce"), Some("info"), "{line}");
            }
            "triple" => {
                let message = words[3].trim_start_matches("bounce/");
                assert_eq!(queue.insert(message, "bounce"), Some("info"), "{line}");
            }
            "end" => {
                assert!(queue.remove(words[2]).is_some(), "no such message: {line}");
                assert!(running.values().all(|(message, _)| *message != words[2]), "{line}");
            }
            _ => panic!("not a line of qmail-send: {line}"),
        }
    }
    assert!(reused > 1_000, "queue ids come back: {reused}");
    let lines = text(&log).count();
    assert!((250_000..600_000).contains(&lines), "{lines} lines in three days");
}

#[test]
fn an_outage_shows_as_a_hump_of_deferrals() {
    let log = traffic(1, 3.0, 1.0);
    let hours = count::by_bin(&log, 3_600);
    let deferrals: BTreeMap<u64, u128> =
        hours.iter().map(|(end, counts)| (*end, counts["delivery_deferral"])).collect();
    let mut sorted: Vec<u128> = deferrals.values().copied().collect();
    sorted.sort_unstable();
    let median = sorted[sorted.len() / 2];
    let humps = deferrals.values().filter(|&&count| count > 8 * median).count();
    assert!((2..=8).contains(&humps), "{humps} hours above eight times {median}");
    let busiest = text(&log)
        .filter_map(|line| line[26..].strip_prefix("status: local "))
        .filter_map(|status| status.split([' ', '/']).nth(3)?.parse::<u32>().ok())
        .max();
    assert!((60..=LIMITS[1]).contains(&busiest.expect("status lines")), "{busiest:?}");
}

#[test]
fn no_two_hours_are_alike() {
    let log = traffic(1, 3.0, 1.0);
    let hours = count::by_bin(&log, 3_600);
    let loads: Vec<u128> = hours.values().map(|counts| counts["message_new"]).collect();
    let distinct: HashSet<u128> = loads.iter().copied().collect();
    assert!(distinct.len() * 10 > loads.len() * 8, "{loads:?}");
    let (least, most) = (loads.iter().min().expect("hours"), loads.iter().max().expect("hours"));
    assert!(most > &(5 * least), "by day {most}, by night {least}");
}

//! The sample lines of tests/data/samples against counts that were written down by hand.
//!
//! Beside each `FILE.log` stands `FILE.expected`; its lines:
//!
//! | line | meaning |
//! |---|---|
//! | `feed PROTOCOL own` | the file is read as a log of that protocol's own |
//! | `feed PROTOCOL shared` | … as syslog, where only the tag tells whose line it is |
//! | `PROTOCOL KEY AMOUNT` | what all of its lines raise together (sums as decimals); what is not named is 0 |
//! | `unknown PROTOCOL NUMBER` | so many lines are of its programs but of no known form |
//! | `# …` | why a line counts nothing |
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Kind, Place, Raise, Settings, Verdict, builtin};
use crate::line::{Parser, Parts};

/// 2026-09-28T23:00:00Z: the time of every sample file.
const MTIME: i64 = 1_790_636_400;

fn logs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut logs = Vec::new();
    for program in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(program.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                logs.push(path);
            }
        }
    }
    logs.sort();
    assert!(!logs.is_empty());
    logs
}

/// A decimal in units of 10⁻⁹.
fn nanos(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    sign * format!("{whole}{part:0<9}").parse::<i128>().unwrap()
}

fn settings() -> Settings {
    Settings {
        vchkpw_ports: [(2525, "smtp".to_owned())].into(),
        send_in_syslog: true,
        smtpd_in_syslog: true,
        spamdyke_in_syslog: true,
        ..Settings::default()
    }
}

#[test]
fn the_samples_raise_what_was_written_down_by_hand() {
    let protocols = builtin(&settings());
    let mut wrong = Vec::new();
    for path in logs() {
        let name = format!("{}", path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display());
        let expected = fs::read_to_string(path.with_extension("expected"))
            .unwrap_or_else(|e| panic!("{name}: its .expected: {e}"));
        let mut feeds = Vec::new();
        let mut amounts: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for line in expected.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["feed", protocol, "own"] => feeds.push((protocol, Place::Own)),
                ["feed", protocol, "shared"] => feeds.push((protocol, Place::Shared)),
                [protocol, key, amount] => {
                    assert!(amounts.insert((protocol, key), amount).is_none(), "{name}: twice: {line}");
                }
                _ => panic!("{name}: cannot be read: {line}"),
            }
        }
        let log = fs::read(&path).unwrap();
        for (protocol, place) in feeds {
            let protocol =
                protocols.iter().find(|p| p.name == protocol).unwrap_or_else(|| panic!("{name}: {protocol}"));
            let mut values = vec![0i128; protocol.counters.len()];
            let mut unknown = 0;
            let mut parser = Parser::new(10, MTIME).of_own_log(place == Place::Own);
            let mut parts = Parts::default();
            for line in log.split_inclusive(|&b| b == b'\n').map(|l| l.strip_suffix(b"\n").unwrap_or(l)) {
                let line = parts.parse(&mut parser, line, line);
                let verdict = (protocol.classify)(&line, place, &mut Raise(&mut values));
                unknown += i128::from(verdict == Verdict::Unknown);
            }
            for (counter, value) in protocol.counters.iter().zip(values) {
                let amount = amounts.remove(&(protocol.name, counter.key)).unwrap_or("0");
                let want = match counter.kind {
                    Kind::Sum | Kind::Net => nanos(amount),
                    _ => amount.parse().unwrap(),
                };
                if value != want {
                    wrong.push(format!("{name}: {} {}: {value}, by hand {want}", protocol.name, counter.key));
                }
            }
            let want = amounts.remove(&("unknown", protocol.name)).unwrap_or("0").parse().unwrap();
            if unknown != want {
                wrong.push(format!("{name}: unknown {}: {unknown}, by hand {want}", protocol.name));
            }
        }
        assert!(amounts.is_empty(), "{name}: not fed or no such counter: {amounts:?}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

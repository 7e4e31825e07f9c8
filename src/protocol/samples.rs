//! The sample lines of tests/data/samples against counts that were written down by hand.
//!
//! Beside each `FILE.log` stands `FILE.expected`; its lines:
//!
//! | line | meaning |
//! |---|---|
//! | `feed PROTOCOL own` | the file is read as a log of that protocol's own |
//! | `feed PROTOCOL shared` | … as syslog, where only the tag tells whose line it is |
//! | `PROTOCOL KEY AMOUNT` | what all of its lines raise together (sums as decimals); what is not named is 0 |
//! | `line N PROTOCOL KEY AMOUNT …` | what line N (from 1) raises alone, as pairs of a key and an amount |
//! | `unknown PROTOCOL NUMBER` | this number of lines are of its programs, and are not understood |
//! | `# …` | why a line counts nothing |
//!
//! In a file with `line`s every line is read by itself, as if no other stood before it, so that what several lines say
//! together is not asked for. What is not named is 0 there too: a line without a `line` raises nothing.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::attempts::Attempts;
use super::builtin;
use super::card::Protocol;
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::CounterKind;
use super::memory::{Deliveries, Memory, Messages};
use crate::line::{Line, Parser, Parts};

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

/// What an `.expected` says.
#[derive(Default)]
struct Expected {
    feeds: Vec<(String, LogKind)>,
    /// Protocol, line (0: all together), key → amount. The key of `unknown` is that word.
    amounts: BTreeMap<(String, usize, String), String>,
    by_line: bool,
}

impl Expected {
    fn parse(text: &str, name: &str) -> Expected {
        let mut expected = Expected::default();
        for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let mut add = |protocol: &str, at: usize, key: &str, amount: &str| {
                let place = (protocol.to_owned(), at, key.to_owned());
                assert!(expected.amounts.insert(place, amount.to_owned()).is_none(), "{name}: twice: {line}");
            };
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["feed", protocol, "own"] => expected.feeds.push((protocol.to_owned(), LogKind::Dedicated)),
                ["feed", protocol, "shared"] => expected.feeds.push((protocol.to_owned(), LogKind::Shared)),
                ["line", number, protocol, ref pairs @ ..] if !pairs.is_empty() && pairs.len() % 2 == 0 => {
                    expected.by_line = true;
                    let number = number.parse().unwrap_or_else(|_| panic!("{name}: no number: {line}"));
                    pairs.chunks(2).for_each(|pair| add(protocol, number, pair[0], pair[1]));
                }
                ["unknown", protocol, number] => add(protocol, 0, "unknown", number),
                [protocol, key, amount] => add(protocol, 0, key, amount),
                _ => panic!("{name}: cannot be read: {line}"),
            }
        }
        expected
    }
}

/// What the lines of `log` raise one after the other, and how many of them are of no known form. `follows`: also what they
/// say together.
fn read(protocol: &Protocol, place: LogKind, log: &[u8], follows: bool) -> (Vec<i128>, i128) {
    let mut values = vec![0i128; protocol.counters.len()];
    let mut unknown = 0;
    let mut parser = Parser::new(10, MTIME).of_own_log(place == LogKind::Dedicated);
    let mut parts = Parts::default();
    let (mut deliveries, mut messages) = (Deliveries::default(), Messages::default());
    for line in log.split_inclusive(|&b| b == b'\n').map(|l| l.strip_suffix(b"\n").unwrap_or(l)) {
        let line = parts.parse(&mut parser, line, line);
        let raise = &mut Raise(&mut values);
        let verdict = if follows {
            let (deliveries, messages) = (&mut deliveries, &mut messages);
            let mut memory = Memory { deliveries, messages, attempts: &mut Attempts::default(), time: 0 };
            protocol.count(&line, place, &mut memory, raise)
        } else {
            (protocol.classify)(&line, place, raise)
        };
        unknown += i128::from(verdict == Verdict::Unknown);
    }
    (values, unknown)
}

/// What stands behind a beginning that settles what a line counts does not change it: not the rest of any line of the
/// samples, nor a part of such a line, nor other bytes.
#[test]
fn what_a_beginning_settles_holds_whatever_follows() {
    let texts: Vec<Vec<u8>> = logs().iter().flat_map(|log| texts_of(&fs::read(log).unwrap())).collect();
    let (mut compared, mut counted) = (0, 0);
    let loopback_all = Settings { webmail_loopback_all: true, ..settings() };
    for protocol in [settings(), loopback_all].iter().flat_map(builtin) {
        let Some(writers) = protocol.writers else { continue };
        for (tag, beginning) in writers.settled {
            assert!(beginning.len() <= 48, "{}: {}", protocol.name, beginning.escape_ascii());
            let says = |text: &[u8]| {
                let (time, host) = (None, Some(&b"mx1"[..]));
                let line = Line { time, tag: Some(tag), host, text, after_stamp: text, continuation: false };
                let mut values = vec![0; protocol.counters.len()];
                let verdict = (protocol.classify)(&line, LogKind::Shared, &mut Raise(&mut values));
                (verdict, values)
            };
            let settled = says(beginning);
            counted += usize::from(settled.1.iter().any(|value| *value != 0));
            for text in &texts {
                let (front, back) = text.split_at(text.len() / 3);
                let noise: Vec<u8> = back.iter().rev().map(|byte| byte ^ 0x95).collect();
                // Also the rest of a text with this beginning.
                let rest = text.strip_prefix(*beginning).unwrap_or(front);
                for rest in [text, rest, back, &noise] {
                    let (text, name) = ([*beginning, rest].concat(), protocol.name);
                    assert_eq!(says(&text), settled, "{name}: {}", text.escape_ascii());
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100_000 && counted > 60, "{compared} {counted}");
}

/// The texts of a log's lines.
fn texts_of(log: &[u8]) -> Vec<Vec<u8>> {
    let mut parser = Parser::new(10, MTIME);
    log.split(|&b| b == b'\n').map(|raw| parser.parse(raw).text.to_vec()).collect()
}

/// The lines of other programs than [`Writers`](super::Writers) names are not shown to a protocol.
#[test]
fn to_each_protocol_the_lines_of_all_programs_but_its_writers_are_foreign() {
    let protocols = builtin(&settings());
    let all = BTreeSet::from_iter(protocols.iter().filter_map(|p| p.writers).flat_map(|w| w.tags).copied());
    let further: [&[u8]; 8] =
        [b"postfix/smtpd", b"imap", b"login", b"WARNING", b"userlogins", b"errors", b"auth", b"php"];
    let (mut foreign, mut its) = (0, 0);
    for log in logs() {
        let text = fs::read(&log).unwrap();
        for raw in text.split(|&b| b == b'\n') {
            let mut parser = Parser::new(10, MTIME);
            let line = parser.parse(raw);
            for tag in all.iter().copied().chain(further).chain(line.tag) {
                let line = Line { tag: Some(tag), host: Some(b"mx1"), ..line };
                for protocol in &protocols {
                    let Some(writers) = protocol.writers else { continue };
                    let mut values = vec![0; protocol.counters.len()];
                    let verdict = (protocol.classify)(&line, LogKind::Shared, &mut Raise(&mut values));
                    let may_be_its = writers.have_tag(tag)
                        || writers.sentences.iter().any(|sentence| line.text.starts_with(sentence));
                    let is_foreign = verdict == Verdict::Foreign && values.iter().all(|v| *v == 0);
                    assert!(may_be_its || is_foreign, "{}: {}", protocol.name, raw.escape_ascii());
                    foreign += usize::from(!may_be_its);
                    its += usize::from(!is_foreign);
                }
            }
        }
    }
    assert!(foreign > 10_000 && its > 1_000, "{foreign} {its}");
    let reads_all = |p: &&&Protocol| p.reads_syslog && p.writers.is_none();
    assert_eq!(
        protocols.iter().filter(reads_all).count(),
        0,
        "every built-in protocol that reads syslog names its writers"
    );
}

#[test]
fn the_samples_raise_what_was_written_down_by_hand() {
    let protocols = builtin(&settings());
    let mut wrong = Vec::new();
    let mut raised: BTreeSet<(&str, &str)> = BTreeSet::new();
    for path in logs() {
        let name = format!("{}", path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display());
        let expected = fs::read_to_string(path.with_extension("expected"))
            .unwrap_or_else(|e| panic!("{name}: its .expected: {e}"));
        let Expected { feeds, mut amounts, by_line } = Expected::parse(&expected, &name);
        let log = fs::read(&path).unwrap();
        for (protocol, place) in feeds {
            let protocol =
                protocols.iter().find(|p| p.name == protocol).unwrap_or_else(|| panic!("{name}: {protocol}"));
            let mut amount = |line: usize, key: &str| {
                amounts.remove(&(protocol.name.to_owned(), line, key.to_owned())).unwrap_or("0".to_owned())
            };
            let lines: Vec<(usize, &[u8])> = if by_line {
                (1..).zip(log.split_inclusive(|&b| b == b'\n')).collect()
            } else {
                vec![(0, &log)]
            };
            let mut all_unknown = 0;
            for (number, line) in lines {
                let (values, unknown) = read(protocol, place, line, !by_line);
                all_unknown += unknown;
                for (counter, value) in protocol.counters.iter().zip(values) {
                    let amount = amount(number, counter.key);
                    let want = match counter.kind {
                        CounterKind::Sum | CounterKind::Net => nanos(&amount),
                        _ => amount.parse().unwrap(),
                    };
                    if value != want {
                        let at = format!("{name}: line {number}: {} {}", protocol.name, counter.key);
                        wrong.push(format!("{at}: {value}, by hand {want}"));
                    }
                    if value != 0 {
                        raised.insert((protocol.name, counter.key));
                    }
                }
            }
            // A file with `line`s states no number of unknown lines, because each line is read by itself.
            let want = amount(0, "unknown").parse().unwrap();
            if !by_line && all_unknown != want {
                wrong.push(format!("{name}: unknown {}: {all_unknown}, by hand {want}", protocol.name));
            }
        }
        assert!(amounts.is_empty(), "{name}: not fed, or no such line or counter: {amounts:?}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    for protocol in protocols.iter().filter(|p| !p.measured) {
        for counter in protocol.counters.iter().filter(|c| !matches!(c.kind, CounterKind::Derived(_))) {
            assert!(
                raised.contains(&(protocol.name, counter.key)),
                "{}: no sample raises {}",
                protocol.name,
                counter.key
            );
        }
    }
}

//! For tests: a bulk against the classifier, line by line.
use super::super::super::classify::{LogKind, Raise, Verdict};
use super::super::super::memory::{Deliveries, Memory, Messages};
use super::super::{Bulk, LOOK};
use crate::line::{Parser, Run, TEXT, Window};
use crate::protocol::Protocol;
use crate::protocol::attempts::{Attempts, Kept, LocalDay};

const OFFSET: i64 = 10;
/// `@400000006abaee…`: seconds of one window.
const FROM: i64 = 0x6aba_ee00 - OFFSET;

/// The label of a second of the window.
pub(in crate::protocol) fn label(second: i64) -> String {
    format!("@{:016x}{:08x} ", (1_u64 << 62) + u64::try_from(FROM + OFFSET + second).unwrap(), 123_456_789)
}

/// A log of these texts, each under a label of the window.
pub(in crate::protocol) fn log_of<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> Vec<u8> {
    let lines = texts.into_iter().zip(0..).map(|(text, n)| [label(n % 256).as_bytes(), text, b"\n"].concat());
    let mut log = lines.collect::<Vec<_>>().concat();
    // The last lines of a block are left to the classifier.
    log.extend_from_slice(last_line().as_bytes());
    log
}

/// The line that [`log_of`] ends with.
pub(in crate::protocol) fn last_line() -> String {
    format!("{}{}\n", label(255), "x".repeat(2 * LOOK))
}

/// What lines raise; those that are known, and those that are not; what is remembered of them.
#[derive(Debug, Default)]
struct Counting {
    values: Vec<i128>,
    known: usize,
    unknown: usize,
    deliveries: Deliveries,
    messages: Messages,
    attempts: Attempts,
}

impl Counting {
    fn of(protocol: &Protocol) -> Counting {
        // A window is of one day.
        let days = [FROM, FROM - 86_400].map(|begin| LocalDay { date: u32::try_from(begin).unwrap(), begin });
        let attempts = Attempts::of(protocol.attempts, &Kept::default(), days);
        Counting { values: vec![0; protocol.counters.len()], attempts, ..Counting::default() }
    }

    /// All of it, to be compared.
    fn finish(self) -> impl PartialEq + std::fmt::Debug {
        let open = self.deliveries.finish();
        let attempts = self.attempts.finish();
        (self.values, self.known, self.unknown, open, self.messages.finish(), attempts)
    }
}

fn by_itself(protocol: &Protocol, line: &[u8], counting: &mut Counting) {
    let line = &line[..line.len().min(crate::line::LINE_LIMIT)];
    let line = Parser::new(OFFSET, FROM + 1000).of_own_log(true).parse(line);
    let time = line.time.map_or(FROM, |stamp| stamp.secs);
    let Counting { values, deliveries, messages, attempts, .. } = counting;
    let mut memory = Memory { deliveries, messages, attempts, time };
    let verdict = protocol.count(&line, LogKind::Dedicated, &mut memory, &mut Raise(values));
    counting.known += usize::from(verdict == Verdict::Known);
    counting.unknown += usize::from(verdict == Verdict::Unknown);
}

/// What all lines of `log` raise, by the classifier alone.
fn classified(protocol: &Protocol, log: &[u8]) -> Counting {
    let mut counted = Counting::of(protocol);
    for line in log.split_inclusive(|b| *b == b'\n') {
        by_itself(protocol, line.strip_suffix(b"\n").unwrap_or(line), &mut counted);
    }
    counted
}

/// The same with a bulk, and how many lines it took.
fn in_bulk(protocol: &Protocol, bulk: &mut dyn Bulk, log: &[u8]) -> (Counting, usize) {
    let mut counted = Counting::of(protocol);
    let mut taken = 0;
    let mut window = Window::around(label(0).as_bytes(), OFFSET, (FROM, FROM + 256)).unwrap();
    let places: Vec<u32> = (0..).zip(log).filter(|(_, b)| **b == b'\n').map(|(place, _)| place).collect();
    let (mut begin, mut next) = (0, 0);
    while next < places.len() {
        let run = Run::new(log, begin, &places[next..], 0);
        let Counting { values, deliveries, messages, attempts, .. } = &mut counted;
        let mut memory = Memory { deliveries, messages, attempts, time: window.last() };
        let took = bulk.take(&run, &mut window, &mut Raise(values), &mut memory);
        counted.known += took.known;
        counted.unknown += took.unknown;
        (taken, next) = (taken + took.lines, next + took.lines);
        begin = usize::try_from(run.end_of(took.lines)).unwrap();
        if let Some(&place) = places.get(next) {
            let line = &log[begin..place as usize];
            by_itself(protocol, line, &mut counted);
            bulk.learn(line.get(TEXT..).unwrap_or_default());
            (begin, next) = (place as usize + 1, next + 1);
        }
    }
    (counted, taken)
}

/// Holds both to the same, and returns how many lines were taken.
pub(in crate::protocol) fn is_the_same(protocol: &Protocol, log: &[u8]) -> usize {
    let (counted, taken) = in_bulk(protocol, &mut *protocol.bulk(), log);
    assert_eq!(counted.finish(), classified(protocol, log).finish(), "{}", log.escape_ascii());
    taken
}

/// Holds both to the same on every sample of these programs, as it is, and with each of its texts under a label of the
/// window. Returns how many of those lines were taken.
pub(in crate::protocol) fn the_samples_count_the_same(protocol: &Protocol, programs: &[&str]) -> usize {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut taken = 0;
    for program in programs {
        for entry in std::fs::read_dir(dir.join(program)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                let log = std::fs::read(&path).unwrap();
                is_the_same(protocol, &log);
                let texts = log.split(|b| *b == b'\n').map(|line| {
                    if line.starts_with(b"@4") { line.get(TEXT..).unwrap_or(line) } else { line }
                });
                taken += is_the_same(protocol, &log_of(texts));
            }
        }
    }
    taken
}

/// Holds both to the same for each of `texts` with every byte in the place of each of its first 64, behind `before`.
pub(in crate::protocol) fn every_byte_counts_the_same(protocol: &Protocol, before: &[u8], texts: &[&[u8]]) {
    for text in texts {
        let log = log_of([before, text]);
        let begin = log.len() - last_line().len() - text.len() - 1;
        for place in 0..=text.len().min(64) {
            for byte in 0..=u8::MAX {
                let mut log = log.clone();
                log[begin + place] = byte;
                is_the_same(protocol, &log);
            }
        }
    }
}

/// Holds both to the same for `texts` that end anywhere.
pub(in crate::protocol) fn ends_anywhere_count_the_same(protocol: &Protocol, before: &[u8], texts: &[&[u8]]) {
    for text in texts {
        for length in 0..=text.len() {
            for end in ["", "\r", " ", ":", "/", "0", "\r\r"] {
                let cut = [&text[..length], end.as_bytes()].concat();
                is_the_same(protocol, &log_of([before, &cut, text]));
            }
        }
    }
}

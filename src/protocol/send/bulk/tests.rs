//! What is taken many at once raises what the classifier raises, line by line.
use super::super::super::classify::{LogKind, Verdict};
use super::super::SEND;
use super::*;
use crate::line::{Parser, TEXT};
use proptest::prelude::*;

const OFFSET: i64 = 10;
/// `@400000006abaee…`: seconds of one window.
const FROM: i64 = 0x6aba_ee00 - OFFSET;

fn label(second: i64) -> String {
    format!("@{:016x}{:08x} ", (1_u64 << 62) + u64::try_from(FROM + OFFSET + second).unwrap(), 123_456_789)
}

/// What all lines of `log` raise, by the classifier alone.
fn classified(log: &[u8]) -> (Vec<i128>, u64) {
    let mut values = vec![0; SEND.counters.len()];
    let mut known = 0;
    for line in log.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = Parser::new(OFFSET, FROM + 1000).parse(line);
        let verdict = (SEND.classify)(&line, LogKind::Dedicated, &mut Raise(&mut values));
        known += u64::from(verdict == Verdict::Known);
    }
    (values, known)
}

/// The same with a bulk, and how many lines it took.
fn in_bulk(log: &[u8]) -> (Vec<i128>, u64, usize) {
    let mut bulk = SendBulk::default();
    let mut values = vec![0; SEND.counters.len()];
    let (mut known, mut taken) = (0, 0);
    let mut window = Window::around(label(0).as_bytes(), OFFSET, (FROM, FROM + 256)).unwrap();
    let places: Vec<u32> = (0..).zip(log).filter(|(_, b)| **b == b'\n').map(|(place, _)| place).collect();
    let (mut begin, mut next) = (0, 0);
    while next < places.len() {
        let run = Run::new(log, begin, &places[next..], 0);
        let lines = bulk.take(&run, &mut window);
        bulk.raise(&mut Raise(&mut values));
        (taken, known, next) = (taken + lines, known + lines as u64, next + lines);
        begin = usize::try_from(run.end_of(lines)).unwrap();
        if let Some(&place) = places.get(next) {
            let line = Parser::new(OFFSET, FROM + 1000).parse(&log[begin..place as usize]);
            let verdict = (SEND.classify)(&line, LogKind::Dedicated, &mut Raise(&mut values));
            known += u64::from(verdict == Verdict::Known);
            bulk.learn(line.text);
            (begin, next) = (place as usize + 1, next + 1);
        }
    }
    (values, known, taken)
}

/// Holds both to the same, and returns how many lines were taken.
fn is_the_same(log: &[u8]) -> usize {
    let (values, known, taken) = in_bulk(log);
    assert_eq!((values, known), classified(log), "{}", log.escape_ascii());
    taken
}

/// Texts that qmail-send writes all day.
const USUAL: [&str; 12] = [
    "new msg 196548",
    "info msg 196548: bytes 2343 from <a@example.org> qp 8392 uid 7791",
    "starting delivery 8: msg 196548 to local b@example.net",
    "status: local 1/10 remote 0/20",
    "starting delivery 123456789012: msg 12884901889 to remote c@example.net",
    "status: local 1/10 remote 1/20",
    "delivery 8: success: did_0+0+1/",
    "delivery 9: deferral: Connected_to_192.0.2.1_but_greeting_failed./",
    "delivery 10: failure: Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/",
    "status: local 0/10 remote 20/20",
    "bounce msg 196548 qp 8401",
    "end msg 196548",
];

fn log_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<u8> {
    let lines = texts.into_iter().zip(0..).map(|(text, n)| format!("{}{text}\n", label(n % 256)));
    let mut log = lines.collect::<String>().into_bytes();
    // The last lines of a block are left to the classifier.
    log.extend_from_slice(format!("{}{}\n", label(255), "x".repeat(2 * LOOK)).as_bytes());
    log
}

#[test]
fn the_usual_lines_are_taken_but_for_the_first_with_these_limits() {
    assert_eq!(is_the_same(&log_of(USUAL)), USUAL.len() - 1);
    assert_eq!(is_the_same(&log_of([USUAL; 20].concat())), 20 * USUAL.len() - 1);
}

#[test]
fn other_limits_are_learnt_again() {
    let other = ["status: local 3/120 remote 7/255", "status: local 120/120 remote 254/255"];
    let texts = [&USUAL[..], &other, &other, &USUAL].concat();
    assert_eq!(is_the_same(&log_of(texts.iter().copied())), texts.len() - 3);
}

#[test]
fn whatever_byte_stands_anywhere_both_count_the_same() {
    for text in USUAL {
        let before = ["status: local 0/10 remote 0/20", text];
        let log = log_of(before);
        let begin = log.len() - label(0).len() - 2 * LOOK - 1 - text.len() - 1;
        for place in 0..=text.len().min(64) {
            for byte in 0..=u8::MAX {
                let mut log = log.clone();
                log[begin + place] = byte;
                is_the_same(&log);
            }
        }
    }
}

#[test]
fn a_text_may_end_anywhere() {
    for text in USUAL {
        for length in 0..=text.len() {
            for end in ["", "\r", " ", ":", "/", "0"] {
                let cut = format!("{}{end}", &text[..length]);
                is_the_same(&log_of(["status: local 0/10 remote 0/20", &cut, text]));
            }
        }
    }
}

#[test]
fn numbers_are_taken_that_a_classifier_would_read_so() {
    for n in ["0", "7", "99", "0010", "1001", "9999999", "10000000", "18446744073709551616", "", "-1", "+1"] {
        for text in [
            format!("info msg {n}: bytes {n} from <>"),
            format!("delivery {n}: success: x"),
            format!("starting delivery {n}: msg {n} to local x"),
            format!("status: local {n}/10 remote 0/20"),
            format!("status: local 0/10 remote {n}/20"),
            format!("status: local 0/{n} remote 0/20"),
            format!("status: local 0/10 remote 0/{n}"),
        ] {
            is_the_same(&log_of(["status: local 0/10 remote 0/20", &text, &text, USUAL[3]]));
        }
    }
}

#[test]
fn the_samples_count_the_same() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut taken = 0;
    for program in ["qmail-send", "sqmail", "other", "qmail-smtpd"] {
        for entry in std::fs::read_dir(dir.join(program)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                let log = std::fs::read(&path).unwrap();
                // As they are, and each text under labels of the window.
                is_the_same(&log);
                let texts = log.split(|b| *b == b'\n').map(|line| {
                    let line = if line.starts_with(b"@4") { line.get(TEXT..).unwrap_or(line) } else { line };
                    String::from_utf8_lossy(line).into_owned()
                });
                let texts: Vec<String> = texts.collect();
                taken += is_the_same(&log_of(texts.iter().map(String::as_str)));
            }
        }
    }
    assert!(taken > 20, "{taken} lines");
}

fn text() -> impl Strategy<Value = String> {
    let number = prop_oneof![4 => (0u64..1200).prop_map(|n| n.to_string()), 1 => any::<u64>().prop_map(|n| n.to_string())];
    let limits =
        prop_oneof![6 => Just("10"), 1 => Just("20"), 1 => Just("1000"), 1 => Just("0"), 1 => Just("1001")];
    prop_oneof![
        4 => proptest::sample::select(&USUAL[..]).prop_map(str::to_owned),
        4 => (number.clone(), limits.clone(), number.clone(), limits, 0usize..3).prop_map(|(a, b, c, d, end)| {
            format!("status: local {a}/{b} remote {c}/{d}{}", ["", " exitasap", " (held)"][end])
        }),
        2 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("info msg {a}: bytes {b} from <x>")),
        1 => number.prop_map(|n| format!("delivery {n}: success: x")),
        1 => "[ -~]{0,80}",
        1 => (proptest::sample::select(&USUAL[..]), 0usize..60, any::<char>()).prop_map(|(text, at, c)| {
            text.chars().enumerate().map(|(n, t)| if n == at { c } else { t }).filter(|c| *c != '\n').collect()
        }),
    ]
}

proptest! {
    #[test]
    fn any_lines_count_the_same(texts in proptest::collection::vec(text(), 0..60)) {
        is_the_same(&log_of(texts.iter().map(String::as_str)));
    }
}

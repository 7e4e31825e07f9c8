//! What holds for every classifier, whatever the line.
use std::sync::OnceLock;

use maillogs::line::{Line, Parser, Run, Stamp, Window};
use maillogs::protocol::attempts::Attempts;
use maillogs::protocol::memory::{Deliveries, Memory, Messages};
use maillogs::protocol::{CounterKind, LogKind, Protocol, Raise, Settings, Taken, Verdict, builtin};
use maillogs::source::lines::LINE_LIMIT;
use maillogs::store::state::State;
use maillogs::tally::{Bins, Tally};

use crate::{NOW, lines};

/// No line is worth more: as many lines as anybody will ever log add up within 128 bits.
const MOST: i128 = 1 << 84;
/// What stands in a bin before a line comes.
const BEFORE: i128 = 7;
/// Seconds a bin.
const STEP: i64 = 60;

/// The protocol `name` as it is without a toaster.conf, and with one that reads everything from syslog.
fn protocols(name: &str) -> impl Iterator<Item = &'static Protocol> {
    static ALL: OnceLock<Vec<&Protocol>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let everything = Settings {
            vchkpw_ports: [(2525, "smtp".to_owned()), (1143, "imap".to_owned())].into(),
            webmail_loopback_all: true,
            send_in_syslog: true,
            smtpd_in_syslog: true,
            pop3_in_syslog: true,
            spamdyke_in_syslog: true,
            ..Settings::default()
        };
        [builtin(&Settings::default()), builtin(&everything)].concat()
    });
    let found: Vec<_> = all.iter().copied().filter(|protocol| protocol.name == name).collect();
    assert_eq!(found.len(), 2, "{name}");
    found.into_iter()
}

/// What was remembered of lines.
#[derive(Default)]
struct Remembered {
    deliveries: Deliveries,
    messages: Messages,
    attempts: Attempts,
}

impl Remembered {
    fn memory(&mut self) -> Memory<'_> {
        let Remembered { deliveries, messages, attempts } = self;
        Memory { deliveries, messages, attempts, time: NOW }
    }
}

/// What counts lines many at once raises what the classifier raises.
fn in_bulk(protocol: &'static Protocol, log: &[u8]) {
    const OFFSET: i64 = 10;
    let mut bulk = protocol.bulk();
    let mut parser = Parser::new(OFFSET, NOW);
    let mut window: Option<Window> = None;
    let (mut values, mut expected) = (vec![0; protocol.counters.len()], vec![0; protocol.counters.len()]);
    let places: Vec<u32> =
        (0..).zip(log).filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place).collect();
    let (mut begin, mut next) = (0, 0);
    let (mut one_by_one, mut at_once) = (Remembered::default(), Remembered::default());
    let mut classify = |begin: usize, end: usize, into: &mut Vec<i128>, remembered: &mut Remembered| {
        let line = parser.parse(&log[begin..end.min(begin + LINE_LIMIT)]);
        let verdict = protocol.count(&line, LogKind::Dedicated, &mut remembered.memory(), &mut Raise(into));
        (verdict, line.time.map(|stamp| stamp.secs), line.text)
    };
    while next < places.len() {
        let run = Run::new(log, begin, &places[next..], 0);
        let taken = window.as_mut().map_or_else(Taken::default, |window| {
            bulk.take(&run, window, &mut Raise(&mut values), &mut at_once.memory())
        });
        let (mut known, mut unknown) = (0, 0);
        for &end in &places[next..next + taken.lines] {
            let (verdict, time, _) = classify(begin, end as usize, &mut expected, &mut one_by_one);
            assert!(time.is_some());
            known += usize::from(verdict == Verdict::Known);
            unknown += usize::from(verdict == Verdict::Unknown);
            begin = end as usize + 1;
        }
        assert!((known, unknown) == (taken.known, taken.unknown));
        assert!(values == expected, "{values:?} {expected:?}");
        next += taken.lines;
        let Some(&end) = places.get(next) else { break };
        let (_, time, text) = classify(begin, end as usize, &mut expected, &mut one_by_one);
        let mut again = vec![0; values.len()];
        classify(begin, end as usize, &mut again, &mut at_once);
        values.clone_from(&expected);
        bulk.learn(text);
        window = time.and_then(|secs| {
            let begin_of_bin = secs - secs % STEP;
            Window::around(&log[begin..end as usize], OFFSET, (begin_of_bin, begin_of_bin + STEP))
        });
        (begin, next) = (end as usize + 1, next + 1);
    }
}

/// Reads `log` with the classifier of the built-in protocol `name`, in every place and setting.
pub fn builtin_protocol(name: &str, log: &[u8]) {
    for protocol in protocols(name) {
        in_bulk(protocol, log);
        for place in [LogKind::Dedicated, LogKind::Shared] {
            protocol_in(protocol, place, log);
            for line in lines(log) {
                let line = Parser::new(10, NOW).parse(line);
                if let (LogKind::Shared, Some(writers), Some(tag), Some(host)) =
                    (place, protocol.writers, line.tag, line.host)
                    && !host.contains(&b'(')
                    && !writers.have_tag(tag)
                    && !writers.sentences.iter().any(|sentence| line.text.starts_with(sentence))
                {
                    let (verdict, raised) = raises(protocol, place, &line);
                    assert!(
                        verdict == Verdict::Foreign,
                        "none of its writers, but {raised:?}: {}",
                        shown(&line)
                    );
                }
                settled(protocol, place, &line);
                if place == LogKind::Shared && !of_squirrelmail(line.text) {
                    let line = Line { tag: Some(b"no-such-program"), ..line };
                    let (verdict, raised) = raises(protocol, place, &line);
                    assert!(verdict == Verdict::Foreign, "the tag decides, but {raised:?}: {}", shown(&line));
                }
                if line.continuation {
                    let (_, raised) = raises(protocol, place, &line);
                    assert!(
                        raised.iter().all(|&v| v == 0),
                        "the rest of a cut line raises {raised:?}: {}",
                        shown(&line)
                    );
                }
            }
        }
    }
}

/// A line whose beginning settles what it counts counts that, whatever follows.
fn settled(protocol: &Protocol, place: LogKind, line: &Line<'_>) {
    let Some(writers) = protocol.writers.filter(|_| place == LogKind::Shared && !line.continuation) else {
        return;
    };
    if line.host.is_none_or(|host| host.contains(&b'(')) {
        return;
    }
    for (tag, text) in writers.settled.iter().filter(|(_, text)| line.text.starts_with(text)) {
        let line = Line { tag: Some(tag), ..*line };
        let (whole, beginning) =
            (raises(protocol, place, &line), raises(protocol, place, &Line { text, ..line }));
        assert!(whole == beginning, "{whole:?}, but {beginning:?}: {}", shown(&line));
    }
}

/// Is it one of the sentences that count whoever logs them? They come under the tag of PHP, which may be any.
fn of_squirrelmail(text: &[u8]) -> bool {
    text.starts_with(b"Successful webmail login: by ") || text.starts_with(b"Failed webmail login: by ")
}

/// Reads `log` as `protocol` does, where all of its lines stand in a log of the kind `place`.
pub fn protocol_in(protocol: &'static Protocol, place: LogKind, log: &[u8]) {
    let mut parser = Parser::new(10, NOW);
    let mut sums = vec![0; protocol.counters.len()];
    let mut timed = Vec::new();
    for text in lines(log) {
        let line = parser.parse(text);
        crate::stamps::assert_same(line, Parser::new(10, NOW).parse(text));
        let raised = line_in(protocol, place, &line);
        for ((sum, counter), raised) in sums.iter_mut().zip(protocol.counters).zip(raised) {
            *sum += if counter.kind.is_odometer() { raised } else { 0 };
        }
        timed.push((line.time.map_or(NOW, |stamp| stamp.secs), line));
    }
    let whole = tallied(protocol, place, [&timed[..], &[]]);
    let cuts = if timed.len() <= 6 { 0..timed.len() } else { timed.len() / 2..timed.len() / 2 + 1 };
    for cut in cuts {
        let (left, right) = timed.split_at(cut);
        assert_eq!(tallied(protocol, place, [left, right]), whole, "cut before line {cut}");
    }
    let mut state = State::new(protocol);
    state.absorb_bins(protocol, whole, |_| 20_260_928);
    let totals: Vec<i128> = state.totals.clone();
    assert_eq!(totals, sums, "the odometers are what the lines raised one by one");
    state.values(protocol, NOW + 2 * STEP, STEP);
}

/// The bins of two readings, the second of which goes on where the first ended.
fn tallied(protocol: &'static Protocol, place: LogKind, parts: [&[(i64, Line<'_>)]; 2]) -> Bins {
    let mut bins = Bins::new();
    for part in parts {
        let mut tally = Tally::new(protocol, STEP, NOW, 0, bins);
        for (time, line) in part {
            (protocol.classify)(line, place, &mut tally.values_at(*time));
        }
        bins = tally.finish();
    }
    bins
}

/// A line for people.
fn shown(line: &Line<'_>) -> String {
    let [host, tag] =
        [line.host, line.tag].map(|part| part.map(<[u8]>::escape_ascii).map(|part| part.to_string()));
    format!("{:?} host {host:?} tag {tag:?} {}", line.time, line.text.escape_ascii())
}

/// What one line raises in an empty bin, and what the classifier says of it.
fn raises(protocol: &Protocol, place: LogKind, line: &Line<'_>) -> (Verdict, Vec<i128>) {
    let mut values = vec![0; protocol.counters.len()];
    let verdict = (protocol.classify)(line, place, &mut Raise(&mut values));
    (verdict, values)
}

/// Checks one line, and says what it raises.
fn line_in(protocol: &Protocol, place: LogKind, line: &Line<'_>) -> Vec<i128> {
    let (verdict, raised) = raises(protocol, place, line);
    let foreign = verdict == Verdict::Foreign;
    assert!(
        !foreign || raised.iter().all(|&v| v == 0),
        "another program's line raises {raised:?}: {}",
        shown(line)
    );

    // A line adds to its bin the same whatever is in it.
    let mut values = vec![BEFORE; raised.len()];
    assert_eq!((protocol.classify)(line, place, &mut Raise(&mut values)), verdict, "{}", shown(line));
    for ((counter, &raised), &value) in protocol.counters.iter().zip(&raised).zip(&values) {
        let key = counter.key;
        let lowest = if matches!(counter.kind, CounterKind::Net) { -MOST } else { 0 };
        assert!((lowest..=MOST).contains(&raised), "{key}: {raised}");
        match counter.kind {
            CounterKind::Count | CounterKind::Sum | CounterKind::Net => {
                assert_eq!(value, BEFORE + raised, "{key}")
            }
            CounterKind::Peak => assert_eq!(value, BEFORE.max(raised), "{key}"),
            CounterKind::Level => {
                assert!(value == raised || (raised == 0 && value == BEFORE), "{key}: {value}")
            }
            CounterKind::Derived(_) => {
                assert!(raised == 0 && value == BEFORE, "{key} is computed, not raised")
            }
        }
    }

    // Neither the moment nor the host is what is counted.
    if line.time.is_some() {
        let later = Line { time: Stamp::new(NOW - 86_400, 5), ..*line };
        assert_eq!(
            raises(protocol, place, &later),
            (verdict, raised.clone()),
            "at another time: {}",
            shown(line)
        );
        // Without its label it is still that line, if it was understood.
        let cut = Line { time: None, ..*line };
        let (_, left) = raises(protocol, place, &cut);
        let known = verdict == Verdict::Known && !line.text.is_empty();
        // qmail-send's own log has a counter for lines without one.
        let other = protocol.index("message_other").is_some_and(|at| left[at] == 1);
        assert!(!known || left == raised || other, "without its label it raises {left:?}: {}", shown(line));
    }
    // dovecot's own log has something else in the host's place, with a bracket in it.
    if line.host.is_some_and(|host| !host.contains(&b'(')) {
        let elsewhere = Line { host: Some(b"mx2"), ..*line };
        assert_eq!(
            raises(protocol, place, &elsewhere),
            (verdict, raised.clone()),
            "elsewhere: {}",
            shown(line)
        );
    }
    raised
}

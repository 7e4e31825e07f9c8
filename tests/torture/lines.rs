//! Numbered lines of several days, each with a time of its own; what they raise is counted a second time here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::count::{self, Counts};
use crate::support::lines;

/// `@`, 24 digits and a blank.
pub const LABEL: usize = 26;

/// So many bits of a label's nanoseconds are the line's number.
const NUMBER: u32 = 20;

/// Whose lines they are.
#[derive(Debug)]
pub struct Feed {
    pub protocol: &'static str,
    /// The processor, and its archive.
    pub log: &'static str,
    /// The logger's directory below `logs_base`.
    pub dir: &'static str,
}

pub const SEND: Feed = Feed { protocol: "send", log: "sendlog", dir: "send" };
pub const SMTP: Feed = Feed { protocol: "rbl", log: "smtplog", dir: "smtp" };
/// Another listener, of the same protocol.
pub const SUBMIT: Feed = Feed { protocol: "rbl", log: "smtplog", dir: "submit" };

impl Feed {
    /// The text of line `n`: neighbours raise different counters, and every sum has its own share of it.
    pub fn text(&self, n: usize, kind: Lines) -> String {
        if self.protocol == "rbl" {
            return match n % 3 {
                0 => format!("rblsmtpd: 192.0.2.7 pid {n}: 451 https://www.spamhaus.org/"),
                1 => format!("badmailfrom: <n{n}@example.org> at 192.0.2.7"),
                _ => {
                    format!("simscan:[{n}]:CLEAN (1.20/5.00/5.00):0.0213s:Hello:192.0.2.7:a@example.org:b@c")
                }
            };
        }
        match n % 7 {
            0 => format!("new msg {n}"),
            // rrdtool prints eleven digits of a rate: what a minute holds has fewer.
            1 => format!("info msg {n}: bytes {} from <a@example.org> qp {n} uid 89", 1_000 + n * n % 99_991),
            2 => format!("starting delivery {n}: msg {n} to remote b@example.org"),
            3 if kind != Lines::Bare => format!("status: local {}/10 remote {}/255", n % 11, n % 256),
            4 => format!("delivery {n}: success: 192.0.2.9_accepted_message./Remote_host_said:_250_ok/"),
            5 if kind == Lines::Long && n.is_multiple_of(5) => {
                format!("delivery {n}: deferral: {}/", "a_long_story_".repeat(150 + n % 250))
            }
            5 => format!("delivery {n}: deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection./"),
            // Of a line without a label its text has to tell the number.
            _ => format!("end msg {n}"),
        }
    }

    /// What `log` counts.
    pub fn counts(&self, log: &[u8]) -> Counts {
        if self.protocol == "send" {
            return count::count(log);
        }
        let mut counts: Counts = ["spamhaus", "badmailfrom", "ham", "count"].map(|key| (key, 0)).into();
        let mut add = |key| *counts.get_mut(key).expect("a known key") += 1;
        for line in lines(log) {
            match line.get(LABEL).expect("a text") {
                b'r' => add("spamhaus"),
                b'b' => add("badmailfrom"),
                b's' => add("ham"),
                _ => panic!("no line of ours: {}", String::from_utf8_lossy(line)),
            }
            add("count");
        }
        counts
    }
}

/// The input of one logger, as far as it was thought of.
#[derive(Debug)]
pub struct Log {
    pub feed: &'static Feed,
    /// The number of its first line.
    first: usize,
    /// When each line happened, unix seconds.
    times: Vec<i64>,
    /// How often each was begun anew.
    again: BTreeMap<usize, u32>,
    step: i64,
    until: i64,
    last: Instant,
    kind: Lines,
}

/// What lines are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    Labelled,
    /// And some are longer than a chunk.
    Long,
    /// Without labels.
    Bare,
}

impl Log {
    /// About `expected` lines over 36 hours, from number `first` on.
    pub fn new(feed: &'static Feed, first: usize, expected: i64, kind: Lines) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let now = i64::try_from(now.as_secs()).expect("a time");
        let span: i64 = 36 * 3600;
        let times = vec![(now - span) / 60 * 60];
        Log {
            feed,
            first,
            times,
            again: BTreeMap::new(),
            step: (span / expected).max(1),
            until: now - 600,
            last: Instant::now(),
            kind,
        }
    }

    /// When this line happened, if it is one of ours.
    pub fn time(&self, line: &[u8]) -> Option<i64> {
        self.times.get(number(line)?.checked_sub(self.first)?).copied()
    }

    pub fn is_labelled(&self) -> bool {
        self.kind != Lines::Bare
    }

    /// The number of its first line.
    pub fn first(&self) -> usize {
        self.first
    }

    /// The number of the line that is still to be thought of.
    pub fn end(&self) -> usize {
        self.first + self.times.len()
    }

    /// Thinks of one more. A bin that nothing came into for a minute of real time is closed: after a pause the lines
    /// go on in the next one.
    pub fn grow(&mut self) {
        let last = self.times[self.times.len() - 1];
        let paused = self.last.elapsed() > Duration::from_secs(15);
        let next = if paused { (last / 60 + 1) * 60 } else { last + self.step };
        self.times.push(next.min(self.until).max(last));
        self.last = Instant::now();
    }

    /// Line `n` with its newline.
    pub fn line(&self, n: usize) -> Vec<u8> {
        let text = self.feed.text(n, self.kind);
        if self.kind == Lines::Bare {
            return format!("{text}\n").into_bytes();
        }
        let nanos = self.again.get(&n).unwrap_or(&0) << NUMBER | u32::try_from(n).expect("a small number");
        format!("@40000000{:08x}{nanos:08x} {text}\n", self.times[n - self.first] + 10).into_bytes()
    }

    /// A line that a logger may have begun to write gets a new label for the next one, as it would in truth: no
    /// two chunks begin with the same label.
    pub fn again(&mut self, n: usize) {
        *self.again.entry(n).or_default() += 1;
    }

    /// These lines.
    pub fn lines(&self, range: Range<usize>) -> Vec<u8> {
        range.flat_map(|n| self.line(n)).collect()
    }
}

/// The number of a line that has its whole label, or none.
pub fn number(line: &[u8]) -> Option<usize> {
    if !line.starts_with(b"@") {
        let digits =
            line.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
        return String::from_utf8(digits.copied().collect()).ok()?.parse().ok();
    }
    let label = line.get(..LABEL)?;
    if !label.starts_with(b"@40000000") || label[LABEL - 1] != b' ' {
        return None;
    }
    let nanos = usize::from_str_radix(std::str::from_utf8(&label[17..25]).ok()?, 16).ok()?;
    Some(nanos & ((1 << NUMBER) - 1))
}

//! "last message repeated N times", as the reading of a log takes it: see `ingest::repeat`, which counts it. A test holds both
//! to the same sums.
use std::collections::HashMap;

use super::seen::Answer;
use crate::line::Line;

/// How many hosts are remembered; of more, all but those of the last lines are forgotten.
const HOSTS: usize = 2000;

/// The number of lines that can be in a second, and the most repetitions that one line may stand for.
const RATE: i64 = 20_000;
const MOST: u32 = 1_000_000;

/// What a line says of how often another one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says<'a> {
    /// Nothing.
    Nothing,
    /// The last line of its host came this number of times more.
    Last(u32),
    /// The text, which stands in the line, came this number of times.
    This(u32, &'a [u8]),
}

/// What `line` says.
pub(super) fn says<'a>(line: &Line<'a>) -> Says<'a> {
    if matches!(line.tag, None | Some(b"syslogd"))
        && let Some((times, b"" | b"s")) = line.text.strip_prefix(b"last message repeated ").and_then(times)
    {
        return Says::Last(times);
    }
    let inner = || {
        let (times, rest) = times(line.text.strip_prefix(b"message repeated ")?)?;
        let rest = rest.strip_prefix(b"s").unwrap_or(rest);
        Some(Says::This(times, rest.strip_prefix(b": [ ")?.strip_suffix(b"]")?))
    };
    if line.tag.is_some() { inner().unwrap_or(Says::Nothing) } else { Says::Nothing }
}

/// `N time`, and what follows it.
fn times(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let times = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    Some((times, text[digits..].strip_prefix(b" time")?))
}

/// The last line of a host.
#[derive(Debug, Default)]
pub(super) struct Last {
    /// What it raised.
    pub answers: Vec<Answer>,
    /// Its number; 0: there was none.
    pub number: u64,
    /// Unix seconds.
    pub time: i64,
    repeated: u32,
    turn: u64,
}

impl Last {
    /// How many of `times` repetitions can be, from `since` to `time`.
    pub fn possible(&mut self, times: u32, since: i64, time: i64) -> u32 {
        let seconds = time.saturating_sub(since).max(0);
        if seconds > 0 {
            self.repeated = 0;
        }
        let most = seconds.saturating_add(1).saturating_mul(RATE) - i64::from(self.repeated);
        let possible = times.min(MOST).min(u32::try_from(most.max(0)).unwrap_or(MOST));
        self.repeated += possible;
        possible
    }
}

/// The last line of each host.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    here: Vec<u8>,
    known: HashMap<Vec<u8>, Last>,
    turns: u64,
}

impl Hosts {
    /// The last line of `host`; without one, of the host that was named last.
    pub fn last_of(&mut self, host: Option<&[u8]>) -> &mut Last {
        if let Some(host) = host.filter(|host| *host != self.here) {
            host.clone_into(&mut self.here);
        }
        self.turns += 1;
        if self.known.len() > HOSTS {
            let old = self.turns.saturating_sub(HOSTS as u64);
            self.known.retain(|_, last| last.turn > old);
        }
        let last = self.known.entry(self.here.clone()).or_default();
        last.turn = self.turns;
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Parser;

    #[test]
    fn both_forms_are_told_from_what_others_write() {
        for (line, said) in [
            ("Sep 28 22:53:31 mx1 last message repeated 3 times", Says::Last(3)),
            ("Sep 28 22:53:31 mx1 syslogd: last message repeated 1 time", Says::Last(1)),
            ("Sep 28 22:53:31 mx1 vpopmail[9]: last message repeated 3 times", Says::Nothing),
            ("Sep 28 22:53:31 mx1 last message repeated 3 times or so", Says::Nothing),
            ("Sep 28 22:53:31 mx1 vpopmail[9]: message repeated 2 times: [ a [b]]", Says::This(2, b"a [b]")),
            ("Sep 28 22:53:31 mx1 vpopmail[9]: message repeated 2 times: [ a", Says::Nothing),
        ] {
            assert_eq!(says(&Parser::new(10, 1_790_635_513).parse(line.as_bytes())), said, "{line}");
        }
    }

    #[test]
    fn more_than_can_be_is_not_believed() {
        let mut last = Last::default();
        assert_eq!([9_000, 9_000, 9_000].map(|n| last.possible(n, 50, 50)), [9_000, 9_000, 2_000]);
        assert_eq!(last.possible(u32::MAX, 50, 51), 40_000);
        assert_eq!(last.possible(u32::MAX, 51, 5000), 1_000_000);
    }

    #[test]
    fn hosts_are_forgotten_when_there_are_too_many() {
        let mut hosts = Hosts::default();
        for n in 0..10_000u64 {
            hosts.last_of(Some(&n.to_be_bytes())).number = n;
        }
        assert!(hosts.known.len() <= HOSTS + 1);
        assert_eq!(hosts.last_of(None).number, 9_999);
        assert_eq!(hosts.last_of(Some(&9_000u64.to_be_bytes())).number, 9_000);
        assert_eq!(hosts.last_of(Some(&1u64.to_be_bytes())).number, 0);
    }
}

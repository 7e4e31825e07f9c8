//! "last message repeated N times": what syslogd(8) and rsyslogd(8) write instead of equal lines.
use std::collections::HashMap;

use crate::ledger::LastLine;
use crate::line::Line;

/// How many hosts are remembered: of more, those that wrote last.
const HOSTS: usize = 1000;

/// The number of lines a second that a syslogd can take in if it does nothing else. Its stamps have whole seconds, so
/// that two lines with the same stamp may lie nearly a second apart.
const RATE: i64 = 20_000;

/// The most repetitions that one line may stand for: syslogd(8) says how often a line was repeated after ten minutes
/// at the latest, rsyslogd(8) sooner.
const MOST: u32 = 1_000_000;

/// What a line says of lines before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat<'a> {
    /// Nothing: it is a line of its own.
    None,
    /// `last message repeated N times`: the last line of its host came N times more.
    Last(u32),
    /// `TAG[PID]: message repeated N times: [ TEXT]` (rsyslog): TEXT came N times.
    This(u32, &'a [u8]),
}

/// Is it one of the two? Only syslogd itself writes the first: without a tag, or under its own.
#[inline]
pub fn repeat<'a>(line: &Line<'a>) -> Repeat<'a> {
    match line.text.first() {
        Some(b'l') if matches!(line.tag, None | Some(b"syslogd")) => last(line.text),
        Some(b'm') if line.tag.is_some() => this(line.text),
        _ => Repeat::None,
    }
}

fn last(text: &[u8]) -> Repeat<'_> {
    let times = text.strip_prefix(b"last message repeated ").and_then(times);
    match times {
        Some((n, b"" | b"s")) => Repeat::Last(n),
        _ => Repeat::None,
    }
}

fn this(text: &[u8]) -> Repeat<'_> {
    let times = text.strip_prefix(b"message repeated ").and_then(times);
    let inner = times.and_then(|(n, rest)| {
        let rest = rest.strip_prefix(b"s").unwrap_or(rest);
        Some((n, rest.strip_prefix(b": [ ")?.strip_suffix(b"]")?))
    });
    inner.map_or(Repeat::None, |(n, text)| Repeat::This(n, text))
}

/// `N time`, and what follows it.
fn times(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let n = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    Some((n, text[digits..].strip_prefix(b" time")?))
}

/// Counters by position in the protocol's table, and their amounts.
type Raised = Vec<(usize, i128)>;

/// The last line of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// What it raised.
    pub raised: Raised,
    /// When it was logged, unix seconds; 0: not known.
    pub time: i64,
    /// How often it may have come.
    pub rate: Rate,
}

/// How many repetitions of a host's last line were counted in the second of the line before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rate(u32);

impl Rate {
    /// How many of the `times` repetitions that a line claims are possible, if it has the time `time` and the line
    /// before it the time `before`. Any user of the machine can write such lines, so the claim is not simply
    /// believed.
    pub fn possible(&mut self, times: u32, before: i64, time: i64) -> u32 {
        let seconds = time.saturating_sub(before).max(0);
        if seconds > 0 {
            self.0 = 0;
        }
        let most = seconds.saturating_add(1).saturating_mul(RATE) - i64::from(self.0);
        let possible = times.min(MOST).min(u32::try_from(most.max(0)).unwrap_or(MOST));
        self.0 += possible;
        possible
    }
}

/// What the last line of each host raised.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    // Nearly every line is of the host of the line before.
    here: Vec<u8>,
    last: Last,
    others: HashMap<Vec<u8>, (u64, Last)>,
    turns: u64,
}

impl Hosts {
    /// As the state has it.
    pub fn from_list(list: &[LastLine]) -> Self {
        let mut hosts = Hosts::default();
        for last in list {
            hosts.turn_to(&last.host);
            hosts.last = Last { raised: last.raised.clone(), time: last.time, rate: Rate::default() };
        }
        hosts
    }

    /// What the last line of this host raised, to be read or set. If no host is named, the one that was named last is
    /// meant.
    #[inline]
    pub fn last_of(&mut self, host: Option<&[u8]>) -> &mut Last {
        if let Some(host) = host
            && host != self.here
        {
            self.turn_to(host);
        }
        &mut self.last
    }

    #[cold]
    fn turn_to(&mut self, host: &[u8]) {
        self.turns += 1;
        let last = self.others.remove(host).map(|(_, last)| last).unwrap_or_default();
        if self.last.raised.is_empty() {
            self.here.clear();
            self.here.extend_from_slice(host);
            self.last = last;
            return;
        }
        let (left, had) =
            (std::mem::replace(&mut self.here, host.to_vec()), std::mem::replace(&mut self.last, last));
        self.others.insert(left, (self.turns, had));
        if self.others.len() > 2 * HOSTS {
            let mut turns: Vec<u64> = self.others.values().map(|o| o.0).collect();
            turns.sort_unstable();
            let oldest = turns[turns.len() - HOSTS];
            self.others.retain(|_, (turn, _)| *turn >= oldest);
        }
    }

    /// For the state: the host that wrote last is the last.
    pub fn list(self) -> Vec<LastLine> {
        let mut others: Vec<_> = self.others.into_iter().collect();
        others.sort_unstable_by_key(|(_, (turn, _))| *turn);
        let line = |host, last: Last| LastLine { host, raised: last.raised, time: last.time };
        let mut list: Vec<LastLine> = others.into_iter().map(|(host, (_, last))| line(host, last)).collect();
        // Also where it raised nothing: a line that names no host is of it.
        list.push(line(self.here, self.last));
        let surplus = list.len().saturating_sub(HOSTS);
        list.drain(..surplus);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Parser;

    fn of(line: &[u8]) -> Repeat<'_> {
        repeat(&Parser::new(10, 1_790_635_513).parse(line))
    }

    #[test]
    fn only_syslogd_says_that_a_line_was_repeated() {
        for line in [
            "Sep 28 22:53:31 mx1 last message repeated 3 times",
            "Sep 28 22:53:31 mx1 syslogd: last message repeated 3 times",
            "Sep 28 22:53:31 last message repeated 3 times",
            "Sep 28 22:53:31 <2.6> mx1 last message repeated 3 times",
        ] {
            assert_eq!(of(line.as_bytes()), Repeat::Last(3), "{line}");
        }
        assert_eq!(of(b"Sep 28 22:53:31 mx1 last message repeated 1 time"), Repeat::Last(1));
        for line in [
            "Sep 28 22:53:31 mx1 vpopmail[9]: last message repeated 3 times",
            "Sep 28 22:53:31 mx1 last message repeated 3 times or so",
            "Sep 28 22:53:31 mx1 last message repeated -3 times",
            "Sep 28 22:53:31 mx1 last message repeated 99999999999 times",
            "Sep 28 22:53:31 mx1 message repeated 2 times: [ vchkpw-smtp: x]",
            "Sep 28 22:53:31 mx1 vpopmail[9]: message repeated 2 times: [ vchkpw-smtp: x",
        ] {
            assert_eq!(of(line.as_bytes()), Repeat::None, "{line}");
        }
        assert_eq!(
            of(b"Sep 28 22:53:32 mx1 vpopmail[940]: message repeated 2 times: [ vchkpw-smtp: x [y]]"),
            Repeat::This(2, b"vchkpw-smtp: x [y]")
        );
    }

    #[test]
    fn no_more_repetitions_than_can_be() {
        let possible = |times, seconds| Rate::default().possible(times, T, T + seconds);
        assert_eq!(possible(4_294_967_295, 0), 20_000);
        assert_eq!(possible(4_294_967_295, -3600), 20_000, "the clock was set back");
        assert_eq!(possible(4_294_967_295, 30), 620_000);
        assert_eq!(possible(4_294_967_295, 600), 1_000_000);
        assert_eq!(Rate::default().possible(4_294_967_295, i64::MIN, i64::MAX), 1_000_000);
        for (times, seconds) in [(1, 0), (19_999, 0), (20_000, 0), (600_000, 30), (1_000_000, 600)] {
            assert_eq!(possible(times, seconds), times);
        }
        // Many such lines within a second are no more than one.
        let mut last = Rate::default();
        assert_eq!([9_000, 9_000, 9_000, 9_000].map(|n| last.possible(n, T, T)), [9_000, 9_000, 2_000, 0]);
        assert_eq!((last.possible(u32::MAX, T, T + 1), last.possible(5, T + 1, T + 1)), (40_000, 0));
        assert_eq!(last.possible(5, T + 1, T + 3), 5);
    }

    const T: i64 = 1_790_635_513;

    #[test]
    fn each_host_has_its_own_last_line() {
        let mut hosts = Hosts::default();
        hosts.last_of(Some(b"a")).raised = vec![(1, 1)];
        hosts.last_of(Some(b"b")).raised = vec![(2, 1)];
        assert_eq!(hosts.last_of(Some(b"a")).raised, [(1, 1)]);
        hosts.last_of(Some(b"a")).raised.clear();
        let mut again = Hosts::from_list(&hosts.list());
        assert_eq!(again.last_of(None).raised, [], "the last one is a's");
        assert_eq!(again.last_of(Some(b"a")).raised, []);
        assert_eq!(again.last_of(Some(b"b")).raised, [(2, 1)]);
        assert_eq!(again.last_of(None).raised, [(2, 1)]);
    }

    #[test]
    fn a_thousand_hosts_are_remembered_those_that_wrote_last() {
        let mut hosts = Hosts::default();
        for n in 0..5000u32 {
            hosts.last_of(Some(&n.to_be_bytes())).raised = vec![(0, i128::from(n))];
        }
        let list = hosts.list();
        assert_eq!(list.len(), 1000);
        assert_eq!(list[0].raised, [(0, 4000)]);
        assert_eq!(list[999].raised, [(0, 4999)]);
    }
}

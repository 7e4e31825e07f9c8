//! How far the reading of a stream has come.
use crate::ingest::repeat::{Hosts, Last};
use crate::ledger::Stream;
use crate::line::Line;
use crate::protocol::attempts::Attempts;
use crate::protocol::memory::{Deliveries, Mark};
use crate::source::file::AHEAD;
use crate::store::state::Understood;
use crate::tally::Tally;

/// A copy of everything that was counted up to one moment.
#[derive(Clone)]
pub struct Checkpoint {
    pub(super) tally: Tally,
    pub(super) messages: Mark,
    pub(super) attempts: Attempts,
    pub(super) readings: Vec<Option<Reading>>,
    pub(super) understood: Understood,
    pub(super) new_bytes: u64,
}

/// A stream that is being read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) hosts: Hosts,
    /// The deliveries that are open.
    pub(super) deliveries: Deliveries,
    /// The time of the line before, for one without a stamp; 0: there was none.
    pub(super) time: i64,
    /// The time of the first line that was read now, if it has a stamp.
    pub(super) first: Option<i64>,
    /// For [`Stream::last_time`] and [`Stream::last_lines`].
    pub(super) newest: (i64, u64),
    pub(super) known_to: i64,
    /// Lines up to `known_to`.
    pub(super) known: u64,
    /// Lines that were read.
    pub(super) lines: u64,
    /// Was it said already that a line claims an impossible number of repetitions?
    pub(super) told: bool,
}

/// Many lines of a stream, of one host, one behind the other: what is noted of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch {
    /// Lines.
    lines: u64,
    /// Their bytes, with their newlines.
    pub bytes: u64,
    /// The time of the newest of them (unix seconds), and the number of those that have it.
    newest: (i64, u64),
    /// The time of the last one, unix seconds.
    last: i64,
}

impl Stretch {
    /// Notes a line of the time `secs`.
    #[inline]
    pub fn meets(&mut self, secs: i64) {
        self.lines += 1;
        self.last = secs;
        if secs > self.newest.0 {
            self.newest = (secs, 1);
        } else if secs == self.newest.0 {
            self.newest.1 += 1;
        }
    }
}

impl Reading {
    /// Goes on with a stream at `line`.
    pub(super) fn beginning_with(line: &Line<'_>, known: &Stream, deliveries: Deliveries) -> Reading {
        Reading {
            deliveries,
            first: line.time.map(|stamp| stamp.secs),
            hosts: Hosts::from_list(&known.hosts),
            time: known.last_time,
            newest: (known.last_time, known.last_lines),
            known_to: known.known_to,
            known: 0,
            lines: 0,
            told: false,
        }
    }

    /// Has the log a line that is later than those of the log that it replaces, or about as late as the newest of them?
    pub(super) fn has_begun(&self) -> bool {
        self.lines > self.known || (self.lines > 0 && self.newest.0 + AHEAD >= self.known_to)
    }

    /// For the state. Returns the deliveries that are open.
    pub(super) fn end(self, stream: &mut Stream) -> Deliveries {
        stream.hosts = self.hosts.list();
        (stream.last_time, stream.last_lines) = self.newest;
        self.deliveries
    }

    /// The times of lines need not rise: many hosts write to one log, and clocks are set back.
    #[inline]
    pub(super) fn meets(&mut self, secs: i64, now: i64) {
        self.time = secs;
        if secs == self.newest.0 {
            self.newest.1 = self.newest.1.saturating_add(1);
        } else if secs > self.newest.0 && secs <= now + AHEAD {
            self.newest = (secs, 1);
        }
    }

    /// Notes a stretch of lines of `host`. Returns what is known of the last one; what that raised is for the caller to fill in.
    pub(super) fn passes(&mut self, stretch: &Stretch, host: Option<&[u8]>) -> &mut Last {
        self.lines += stretch.lines;
        self.time = stretch.last;
        let (secs, lines) = stretch.newest;
        if secs > self.newest.0 {
            self.newest = (secs, lines);
        } else if secs == self.newest.0 {
            self.newest.1 = self.newest.1.saturating_add(lines);
        }
        let last = self.hosts.last_of(host);
        last.time = stretch.last;
        last.raised.clear();
        last
    }
}

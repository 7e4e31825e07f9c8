//! Many lines of a stream at once: of one host, one behind the other, none of which says that another one was repeated.
use super::Intake;
use super::reading::Stretch;
use super::stream::{raise_times, what_repeats};
use crate::ingest::askers::Settled;
use crate::line::Line;
use crate::protocol::memory::Memory;
use crate::protocol::{LogKind, Raise, Verdict};
use crate::source::file::AHEAD;

impl Intake {
    /// May the stream at `stream` in the ledger be read in stretches? Its first line is counted by itself, and so is each
    /// that may be known from another log.
    pub fn may_begin_a_stretch(&self, stream: usize) -> bool {
        let reading = self.readings.get(stream).and_then(Option::as_ref);
        reading.is_some_and(|reading| reading.known_to == 0 && reading.time != 0)
    }

    /// The latest time (unix seconds) that is not taken for that of a clock which was ahead.
    pub fn latest(&self) -> i64 {
        self.how.now + AHEAD
    }

    /// Counts a line of the stream at `stream` in the ledger that has the time `secs`, if it is one of the protocol's.
    #[inline]
    pub fn line_of_a_stretch(&mut self, stream: usize, line: &Line<'_>, secs: i64) {
        let classify = self.protocol.classify;
        let verdict = if self.tally.is_open_at(secs) {
            classify(line, LogKind::Shared, &mut self.tally.values_at(secs))
        } else {
            // Only a line of the protocol's opens a bin.
            let verdict = classify(line, LogKind::Shared, &mut Raise(&mut self.scratch));
            if verdict != Verdict::Foreign {
                raise_times(self.protocol, &self.scratch, 1, &mut self.tally.values_at(secs));
                self.scratch.fill(0);
            }
            verdict
        };
        if let Some(follow) = self.protocol.follow
            && verdict != Verdict::Foreign
            && let Some(reading) = self.readings.get_mut(stream).and_then(Option::as_mut)
        {
            let (messages, attempts) = (&mut self.messages, &mut self.attempts);
            let mut memory = Memory { deliveries: &mut reading.deliveries, messages, attempts, time: secs };
            follow(line, LogKind::Shared, &mut memory, &mut self.tally.values_at(secs));
        }
        self.judge(verdict);
    }

    /// Counts a line of the time `secs` whose beginning settles what it counts.
    #[inline]
    pub(in crate::ingest) fn settled_line(&mut self, settled: &Settled, secs: i64) {
        let values = self.tally.values_at(secs).0;
        for (counter, amount) in &settled.raises {
            values[*counter] += amount;
        }
        self.judge(settled.verdict);
    }

    /// Notes a stretch of the stream at `stream` in the ledger, of lines of `host`. `last`: its last line, if that may be
    /// the protocol's.
    pub fn end_of_a_stretch(
        &mut self,
        stream: usize,
        stretch: &Stretch,
        host: Option<&[u8]>,
        last: Option<&Line<'_>>,
    ) {
        let Some(reading) = self.readings.get_mut(stream).and_then(Option::as_mut) else { return };
        self.new_bytes += stretch.bytes;
        let of_host = reading.passes(stretch, host);
        // What it raised was added already, but nobody asked what that was.
        if let Some(line) = last
            && (self.protocol.classify)(line, LogKind::Shared, &mut Raise(&mut self.scratch))
                != Verdict::Foreign
        {
            what_repeats(self.protocol, &mut self.scratch, &mut of_host.raised);
        }
    }
}

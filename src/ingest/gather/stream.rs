//! The streams of a reading: syslog files, the journal, files of a protocol's own.
use super::super::repeat::{Hosts, Repeat};
use super::Gather;
use crate::line::Line;
use crate::protocol::{Kind, Place, Protocol, Raise, Verdict};
use crate::store::commit::Origin;
use crate::store::state::Understood;
use crate::tally::Tally;

/// What was counted at one moment.
#[derive(Clone)]
pub struct Checkpoint {
    tally: Tally,
    readings: Vec<Option<Reading>>,
    understood: Understood,
    new_bytes: u64,
}

/// A stream that is being read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) hosts: Hosts,
    pub(super) last_time: i64,
    known_to: i64,
}

impl Gather {
    /// To go back to, if a stream cannot be read to its end.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            tally: self.tally.clone(),
            readings: self.readings.clone(),
            understood: self.understood,
            new_bytes: self.new_bytes,
        }
    }

    /// As if nothing had been read since.
    pub fn go_back_to(&mut self, checkpoint: &Checkpoint) {
        let Checkpoint { tally, readings, understood, new_bytes } = checkpoint.clone();
        (self.tally, self.readings, self.understood, self.new_bytes) =
            (tally, readings, understood, new_bytes);
    }

    /// The stream at `stream` in the ledger was read to its end.
    pub fn stream_read(&mut self, stream: usize) {
        let stream = &mut self.state.ledger.streams[stream];
        stream.seen = self.how.now;
        stream.from_end = false;
        stream.known_to = 0;
    }

    /// The positions in the ledger of the streams that are read now.
    ///
    /// One that takes another's place (a syslog instead of the journal, another file) holds its lines too: it counts
    /// from where the other one ended.
    pub fn streams(&mut self, named: &[(String, Place)]) -> Vec<usize> {
        let known = self.state.ledger.streams.len();
        let all: Vec<usize> = named.iter().map(|(name, place)| self.stream(name, *place)).collect();
        let streams = &mut self.state.ledger.streams;
        let (read, left): (Vec<_>, Vec<_>) =
            streams.iter().enumerate().filter(|(_, s)| !s.own).partition(|(i, _)| all.contains(i));
        // If one of today's was read since, the place of a log that is read no more was taken by it then.
        let taken = read.iter().map(|(_, s)| s.seen).max().unwrap_or(0);
        let ended = left.iter().filter(|(_, s)| s.seen > taken).map(|(_, s)| s.last_time).max().unwrap_or(0);
        for &i in &all {
            // One that waits to be read since it stood beside the other is no heir of it.
            let comes = i >= known || streams[i].seen > 0;
            if comes && !streams[i].own {
                streams[i].known_to = streams[i].known_to.max(ended);
            }
        }
        all
    }

    /// The position in the ledger of a stream; of a new one it is noted whether what it holds is known already.
    fn stream(&mut self, name: &str, place: Place) -> usize {
        let known = self.state.ledger.streams.len();
        let at = self.state.ledger.stream(name);
        if at == known {
            let counted_by_another = matches!(self.how.origin, Origin::TakenOver | Origin::Damaged);
            self.state.ledger.streams[at].from_end = counted_by_another;
            self.state.ledger.streams[at].own = place == Place::Own;
        }
        at
    }

    /// Counts one line of the stream at `stream` in the ledger.
    #[inline]
    pub fn stream_line(&mut self, stream: usize, place: Place, line: &Line<'_>, repeat: Repeat<'_>) {
        if self.readings.len() <= stream {
            self.readings.resize_with(stream + 1, || None);
        }
        let known = &self.state.ledger.streams[stream];
        let reading = self.readings[stream].get_or_insert_with(|| Reading {
            hosts: Hosts::of(&known.hosts),
            last_time: known.last_time,
            known_to: known.known_to,
        });
        let time = match line.time {
            Some(stamp) => {
                reading.last_time = stamp.secs;
                stamp.secs
            }
            None if reading.last_time != 0 => reading.last_time,
            None => self.how.now,
        };
        let raised = reading.hosts.at(line.host);
        if time <= reading.known_to {
            raised.clear();
            return;
        }
        let (line, times) = match repeat {
            Repeat::None => (*line, 1),
            Repeat::This(times, text) => (Line { text, ..*line }, times),
            Repeat::Last(times) => {
                if !raised.is_empty() {
                    let tallied = self.tally.at(time);
                    for (counter, amount) in raised {
                        tallied.0[*counter] += *amount * i128::from(times);
                    }
                }
                return;
            }
        };
        let verdict = (self.protocol.classify)(&line, place, &mut Raise(&mut self.scratch));
        raised.clear();
        if verdict != Verdict::Foreign {
            raise_times(self.protocol, &mut self.scratch, times, raised, &mut self.tally.at(time));
            self.judge(verdict);
        }
    }
}

/// Adds what one line raised `times` times, and empties `scratch`. `raised` gets what a repetition would raise.
fn raise_times(
    protocol: &Protocol,
    scratch: &mut [i128],
    times: u32,
    raised: &mut Vec<(usize, i128)>,
    tallied: &mut Raise<'_>,
) {
    for (i, (counter, amount)) in protocol.counters.iter().zip(scratch).enumerate() {
        if *amount == 0 {
            continue;
        }
        let amount = std::mem::take(amount);
        let slot = &mut tallied.0[i];
        match counter.kind {
            Kind::Peak => *slot = (*slot).max(amount),
            Kind::Level => *slot = amount,
            Kind::Derived(_) => {}
            Kind::Count | Kind::Sum | Kind::Net => {
                *slot += amount * i128::from(times);
                raised.push((i, amount));
            }
        }
    }
}

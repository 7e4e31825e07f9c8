//! The streams of a reading: syslog files, the journal, files of a protocol's own.
use super::Intake;
use super::reading::{Checkpoint, Reading};
use crate::calendar::to_the_second;
use crate::error::{Error, Result};
use crate::ingest::read_options::GIVEN_UP;
use crate::ingest::repeat::{Last, Repeat};
use crate::ledger::Stream;
use crate::line::Line;
use crate::protocol::memory::Memory;
use crate::protocol::{CounterKind, LogKind, Protocol, Raise, Verdict};
use crate::say::warn;
use crate::source::journal::JOURNAL;
use crate::source::machine::{self, host};
use crate::store::session::StateOrigin;

/// Tells of a stream of another machine whether its log is that of this one.
type IsOurs<'a> = &'a dyn Fn(&Stream) -> Result<bool>;

impl Intake {
    /// A checkpoint to go back to if a stream cannot be read to its end.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            tally: self.tally.clone(),
            messages: self.messages.mark(),
            attempts: self.attempts.clone(),
            readings: self.readings.clone(),
            understood: self.understood,
            new_bytes: self.new_bytes,
        }
    }

    /// Undoes everything that was read since the checkpoint.
    pub fn go_back_to(&mut self, checkpoint: &Checkpoint) {
        let Checkpoint { tally, messages, attempts, readings, understood, new_bytes } = checkpoint.clone();
        self.messages.go_back_to(messages);
        (self.tally, self.readings, self.understood, self.new_bytes) =
            (tally, readings, understood, new_bytes);
        self.attempts = attempts;
    }

    /// The stream at `stream` in the ledger is a file that was read before and is not there at this moment. `false`:
    /// without it we cannot answer, because what was read of it and is not committed would be missing.
    pub fn stream_is_away(&mut self, stream: usize) -> bool {
        if self.left.contains(&stream) {
            return false;
        }
        self.away.push(stream);
        !self.is_query() || self.state.ledger.streams[stream].seen <= self.how.now - GIVEN_UP
    }

    /// The stream at `stream` in the ledger was read to its end.
    pub fn stream_read(&mut self, stream: usize) {
        if self.away.contains(&stream) {
            // A clock that was ahead may have told when it was read last.
            let seen = &mut self.state.ledger.streams[stream].seen;
            *seen = self.how.now.min(*seen);
            return;
        }
        if !self.left.contains(&stream) && self.is_waited_for(stream) {
            return;
        }
        let known = self.readings.get(stream).and_then(Option::as_ref).map_or(0, |reading| reading.known);
        let now = self.how.now;
        let is_left = self.left.contains(&stream);
        let stream = &mut self.state.ledger.streams[stream];
        if !is_left {
            stream.seen = now;
        }
        if std::mem::take(&mut stream.from_end) && stream.last_time == 0 {
            // What it held is known, whenever that was logged.
            (stream.last_time, stream.last_lines) = (now, u64::MAX);
        }
        if stream.name.starts_with(JOURNAL) && stream.journal.is_none() {
            // No entry came since the log ended that it replaces.
            return;
        }
        if std::mem::take(&mut stream.known_to) > 0 && known > 0 {
            warn(format_args!(
                "{}: {known} of its lines are not later than the last counted line of the log that it replaces or is a copy of, or of another machine's, and are taken as counted",
                stream.name.escape_debug()
            ));
        }
    }

    /// The positions in the ledger of the streams that are read now.
    ///
    /// One that takes another's place (a syslog instead of the journal, another file) holds its lines too: it counts
    /// from where the other one ended.
    ///
    /// `is_ours` tells of a stream of another machine whether its log is that of this one, by its content.
    ///
    /// If `is_ours` fails, it cannot be told now whose log that is, and nothing may be read of it.
    pub fn streams(
        &mut self,
        named: &[(String, LogKind)],
        is_ours: IsOurs<'_>,
    ) -> Vec<(usize, Option<Error>)> {
        let known = self.state.ledger.streams.len();
        let machine = machine::name();
        let found: Vec<(usize, Option<Error>)> =
            named.iter().map(|(name, place)| self.stream(name, *place, &machine, is_ours)).collect();
        let all: Vec<usize> = found.iter().map(|(i, _)| *i).collect();
        let streams = &self.state.ledger.streams;
        let here = |s: &Stream| !s.own && (s.machine.is_empty() || s.machine == machine);
        let (read, left): (Vec<_>, Vec<_>) =
            streams.iter().enumerate().filter(|(_, s)| here(s)).partition(|(i, _)| all.contains(i));
        let newest = |left: &[(usize, &Stream)], is_in_place: &dyn Fn(i64) -> bool| {
            let left = left.iter().filter(|(_, s)| s.seen > 0 && is_in_place(s.seen));
            left.map(|(i, _)| self.newest_of(*i)).max().unwrap_or(0)
        };
        // If one of today's was read since, the place of a log that is read no more was taken by it then. One that comes
        // when the other one leaves takes its place now.
        let taken = read.iter().map(|(_, s)| s.seen).max().unwrap_or(0);
        let (ended, ends) = (newest(&left, &|seen| seen > taken), newest(&left, &|seen| seen >= taken));
        let streams = &mut self.state.ledger.streams;
        // Or one that is waited for, since it has no line yet: then a further new one takes no place.
        let is_waited_for = |&i: &usize| i < known && !streams[i].own && streams[i].known_to > 0;
        let ends = |is_new: bool| if is_new && all.iter().any(is_waited_for) { 0 } else { ends };
        let (ends, ends_of_new) = (ends(false), ends(true));
        for &i in &all {
            // One that waits to be read since it stood beside the other is no heir of it.
            let known_to = match &streams[i] {
                _ if i >= known => ends_of_new,
                s if s.seen == 0 && s.known_to > 0 => ends,
                s if s.seen > 0 => ended,
                _ => 0,
            };
            if !streams[i].own {
                streams[i].known_to = streams[i].known_to.max(known_to);
            }
        }
        found
    }

    /// The position in the ledger of a stream; of a new one it is noted whether what it holds is known already.
    fn stream(
        &mut self,
        name: &str,
        place: LogKind,
        machine: &str,
        is_ours: IsOurs<'_>,
    ) -> (usize, Option<Error>) {
        if let Some(at) = self.state.ledger.stream(name, machine) {
            machine.clone_into(&mut self.state.ledger.streams[at].machine);
            return (at, None);
        }
        let streams = &self.state.ledger.streams;
        let mut others: Vec<usize> = (0..streams.len()).filter(|&i| streams[i].name == name).collect();
        others.sort_by_key(|&i| std::cmp::Reverse(streams[i].seen));
        for &at in &others {
            match is_ours(&streams[at]) {
                Ok(false) => {}
                Err(e) => return (at, Some(e)),
                Ok(true) => {
                    let was =
                        std::mem::replace(&mut self.state.ledger.streams[at].machine, machine.to_owned());
                    let (name, was, is) = (name.escape_debug(), host(&was), host(machine));
                    self.note(format_args!(
                        "{name}: was read on {was} until now, and is this machine's ({is}) by its content: it goes on where {was} left it"
                    ));
                    return (at, None);
                }
            }
        }
        let known_to = others.iter().map(|&i| streams[i].last_time).max().unwrap_or(0);
        if let Some(other) = others.first().map(|&i| host(&streams[i].machine).to_owned()) {
            let (name, is) = (name.escape_debug(), host(machine));
            self.note(format_args!(
                "{name}: is read on {is} for the first time, and was counted on {other} already: of this machine's log only those lines count that are later than {}",
                to_the_second(known_to)
            ));
        }
        let counted_by_another = matches!(self.how.origin, StateOrigin::TakenOver | StateOrigin::Damaged);
        self.state.ledger.streams.push(Stream {
            name: name.to_owned(),
            machine: machine.to_owned(),
            from_end: counted_by_another,
            own: place == LogKind::Dedicated,
            known_to,
            ..Stream::default()
        });
        (self.state.ledger.streams.len() - 1, None)
    }

    /// What was read beyond the cursors: each file or stream, and its lines.
    pub fn lines_read(&self) -> Vec<(String, u64)> {
        let streams = self.state.ledger.streams.iter().zip(&self.readings);
        let streams =
            streams.filter_map(|(stream, reading)| Some((stream.name.clone(), reading.as_ref()?.lines)));
        self.chunks_read.iter().cloned().chain(streams).filter(|(_, lines)| *lines > 0).collect()
    }

    /// Warns of something, if this is an advance. A query stays silent, because each one would say the same.
    pub(super) fn note(&self, text: std::fmt::Arguments<'_>) {
        if !self.is_query() {
            warn(text);
        }
    }

    /// Counts one line of the stream at `stream` in the ledger.
    #[inline]
    pub fn stream_line(&mut self, stream: usize, place: LogKind, line: &Line<'_>, repeat: Repeat<'_>) {
        if self.readings.get(stream).is_none_or(Option::is_none) {
            self.begin_reading(stream, line);
        }
        let known = &self.state.ledger.streams[stream];
        let Some(reading) = self.readings.get_mut(stream).and_then(Option::as_mut) else { return };
        let before = reading.time;
        reading.lines += 1;
        if let Some(stamp) = line.time {
            reading.meets(stamp.secs, self.how.now);
        }
        let time = if reading.time == 0 { self.how.now } else { reading.time };
        let last = reading.hosts.last_of(line.host);
        let since = if last.time == 0 { before } else { last.time };
        last.time = time;
        if time <= reading.known_to {
            reading.known += 1;
            last.raised.clear();
            return;
        }
        let told = &mut reading.told;
        let mut bounded = |last: &mut Last, times: u32| {
            let before = if since == 0 { time } else { since };
            let possible = last.rate.possible(times, before, time);
            if possible < times && !std::mem::replace(told, true) {
                warn(format_args!(
                    "{}: a line says that another one was repeated {times} times; within {} s that cannot be, and {possible} are counted (every user of a machine can write such a line)",
                    known.name.escape_debug(),
                    (time - before).max(0) + 1
                ));
            }
            possible
        };
        let (line, times) = match repeat {
            Repeat::None => (*line, 1),
            Repeat::This(times, text) => (Line { text, ..*line }, times),
            Repeat::Last(times) => {
                if !last.raised.is_empty() {
                    let times = bounded(last, times);
                    let tallied = self.tally.values_at(time);
                    for (counter, amount) in &last.raised {
                        tallied.0[*counter] += *amount * i128::from(times);
                    }
                    self.attempts.repeated(&last.raised, times, time);
                }
                return;
            }
        };
        let verdict = (self.protocol.classify)(&line, place, &mut Raise(&mut self.scratch));
        last.raised.clear();
        if verdict != Verdict::Foreign {
            let times = if times > 1 { bounded(last, times) } else { 1 };
            raise_times(self.protocol, &self.scratch, times, &mut self.tally.values_at(time));
            what_repeats(self.protocol, &mut self.scratch, &mut last.raised);
            if let Some(follow) = self.protocol.follow {
                // A delivery ends once, however often its line is repeated.
                let (messages, attempts) = (&mut self.messages, &mut self.attempts);
                let mut memory = Memory { deliveries: &mut reading.deliveries, messages, attempts, time };
                follow(&line, place, &mut memory, &mut self.tally.values_at(time));
                // As often as it counts, but for once.
                if times > 1 {
                    self.attempts.repeated(&last.raised, times - 1, time);
                }
            }
            self.judge(verdict);
        }
    }

    /// Begins to read the stream at `stream` in the ledger, of which `line` is the first.
    #[cold]
    fn begin_reading(&mut self, stream: usize, line: &Line<'_>) {
        if self.readings.len() <= stream {
            self.readings.resize_with(stream + 1, || None);
        }
        let mut open = std::mem::take(&mut self.state.ledger.streams[stream].open);
        let deliveries = self.take_up(&mut open);
        let known = &mut self.state.ledger.streams[stream];
        known.open = open;
        self.readings[stream] = Some(Reading::beginning_with(line, known, deliveries));
    }
}

/// Adds `times` times what one line raised, which is in `scratch`.
pub(super) fn raise_times(protocol: &Protocol, scratch: &[i128], times: u32, tallied: &mut Raise<'_>) {
    for ((counter, amount), slot) in protocol.counters.iter().zip(scratch).zip(&mut *tallied.0) {
        if *amount == 0 {
            continue;
        }
        match counter.kind {
            CounterKind::Peak => *slot = (*slot).max(*amount),
            CounterKind::Level => *slot = *amount,
            CounterKind::Derived(_) => {}
            CounterKind::Count | CounterKind::Sum | CounterKind::Net => *slot += amount * i128::from(times),
        }
    }
}

/// Gives `raised` what a repetition of a line would raise that raised `scratch`, and empties that.
pub(super) fn what_repeats(protocol: &Protocol, scratch: &mut [i128], raised: &mut Vec<(usize, i128)>) {
    for (i, (counter, amount)) in protocol.counters.iter().zip(scratch).enumerate() {
        let amount = std::mem::take(amount);
        if amount != 0 && matches!(counter.kind, CounterKind::Count | CounterKind::Sum | CounterKind::Net) {
            raised.push((i, amount));
        }
    }
}

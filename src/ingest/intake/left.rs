//! The streams of logs that have another name now, of those that are named no more, and of those that are named twice.
use std::collections::HashMap;

use super::Intake;
use crate::error::{Error, Result};
use crate::ingest::named::{Named, Twin};
use crate::ledger::Stream;
use crate::protocol::LogKind;
use crate::source::machine;

/// Tells whether a name is that of a stream's log.
type IsSame<'a> = &'a dyn Fn(&Stream, &str) -> Result<bool>;

/// Was nothing read of it yet?
fn is_unread(stream: &Stream) -> bool {
    stream.seen == 0 && stream.position.is_none() && stream.journal.is_none()
}

fn is_here(stream: &Stream, machine: &str) -> bool {
    stream.machine.is_empty() || stream.machine == machine
}

impl Intake {
    /// Where a log of `named` is one that was read by another name, its stream has the new name from now on.
    ///
    /// Returns the logs of which this cannot be told now, each with the reason.
    pub fn take_over(&mut self, named: &Named, is_same: IsSame<'_>) -> HashMap<String, Error> {
        let machine = machine::name();
        let mut unsure = HashMap::new();
        for (name, _) in &named.read {
            let known = self.state.ledger.stream(name, &machine);
            let streams = &mut self.state.ledger.streams;
            if known.is_some_and(|known| !is_unread(&streams[known])) {
                continue;
            }
            // Of two names of one file the one that was read until now may stay with a rotation of it.
            let is_twin = |s: &Stream| named.twins.iter().any(|twin| twin.of == *name && twin.name == s.name);
            let is_named = |s: &Stream| named.read.iter().any(|(n, _)| *n == s.name);
            let is_other = |s: &Stream| is_here(s, &machine) && !is_unread(s) && !is_named(s);
            let mut others: Vec<usize> = (0..streams.len()).filter(|&i| is_other(&streams[i])).collect();
            others.sort_by_key(|&i| std::cmp::Reverse((is_twin(&streams[i]), streams[i].seen)));
            for other in others {
                let is_it = if is_twin(&streams[other]) { Ok(true) } else { is_same(&streams[other], name) };
                match is_it {
                    Ok(false) => continue,
                    Ok(true) => {
                        name.clone_into(&mut streams[other].name);
                        known.map(|known| streams.remove(known));
                    }
                    Err(e) => drop(unsure.insert(name.clone(), e)),
                }
                break;
            }
        }
        unsure
    }

    /// The streams that were read until now, and that toaster.conf does not name any more. A log that was left before was
    /// read for the last time before one that is named now, or, where none is, before the last reading of all.
    pub fn leaving(&mut self, named: &Named) -> Vec<usize> {
        let machine = machine::name();
        let streams = &self.state.ledger.streams;
        let twins = named.twins.iter().map(|twin| (&twin.name, twin.place));
        let names: Vec<(&String, LogKind)> =
            named.read.iter().map(|(name, place)| (name, *place)).chain(twins).collect();
        let is_named = |stream: &Stream| names.iter().any(|(name, _)| **name == stream.name);
        let last_read = |own: bool| {
            let is_any = names.iter().any(|(_, place)| own == (*place == LogKind::Dedicated));
            let all = streams.iter().filter(|s| s.own == own && is_here(s, &machine) && is_named(s));
            match self.state.seen {
                _ if is_any => all.map(|s| s.seen).max().unwrap_or(0),
                0 => i64::MAX,
                seen => seen,
            }
        };
        let is_left = |s: &Stream| {
            let was_read = s.seen > 0 && (s.position.is_some() || s.journal.is_some());
            was_read && is_here(s, &machine) && !is_named(s) && s.seen >= last_read(s.own)
        };
        self.left = (0..streams.len()).filter(|&i| is_left(&streams[i])).collect();
        self.left.clone()
    }

    /// Notes that the rest of the stream at `stream` cannot be read now.
    pub fn wait_for(&mut self, stream: usize) {
        self.left.retain(|&left| left != stream);
    }

    /// The time of the last counted line of a stream, in this reading or before.
    pub(super) fn newest_of(&self, stream: usize) -> i64 {
        let reading = self.readings.get(stream).and_then(Option::as_ref);
        reading.map_or_else(|| self.state.ledger.streams[stream].last_time, |reading| reading.newest.0)
    }

    /// Notes which names are further ones of a log that is read.
    pub fn note_twins(&mut self, twins: &[Twin]) {
        self.twins = twins.iter().filter(|twin| twin.is_file).cloned().collect();
    }

    /// For the state, after all was read: which logs were left, and what is known of those that are named twice.
    pub(super) fn settle_names(&mut self) {
        let Intake { left, twins, state, how, .. } = self;
        for &left in left.iter() {
            let stream = &mut state.ledger.streams[left];
            let before = if state.seen > 0 { how.now.min(state.seen) } else { how.now };
            stream.seen = stream.seen.min(before - 1).max(1);
        }
        let machine = machine::name();
        for twin in twins.iter() {
            let Some(of) = state.ledger.stream(&twin.of, &machine) else { continue };
            let of = &state.ledger.streams[of];
            // Once it is another file, it counts from where the log ended of which it was a name.
            let known = Stream {
                name: twin.name.clone(),
                own: twin.place == LogKind::Dedicated,
                known_to: of.last_time,
                from_end: of.last_time == 0 && of.position.as_ref().is_some_and(|p| p.counted > 0),
                machine: machine.clone(),
                ..Stream::default()
            };
            match state.ledger.stream(&twin.name, &machine) {
                Some(at) => state.ledger.streams[at] = known,
                None => state.ledger.streams.push(known),
            }
        }
    }
}

//! The streams of logs that have another name now, of those that are named no more, and of those that are named twice.
use std::collections::HashMap;

use super::Intake;
use super::reading::Reading;
use crate::error::{Error, Result};
use crate::ingest::named::{Likeness, Named, Twin};
use crate::ledger::{Position, Stream};
use crate::protocol::LogKind;
use crate::source::file::TELLING;
use crate::source::journal::JOURNAL;
use crate::source::machine::{self, host};

/// The logs that are named now wait for the last lines of one that is left until it has not been read for this long
/// (seconds).
const WAITS: i64 = 3600;

/// Tells what the log of a name is to a stream's.
type Compare<'a> = &'a dyn Fn(&Stream, &str) -> Result<Likeness>;
/// Tells whether the log of a stream is at its old place, by its content.
type IsThere<'a> = &'a dyn Fn(&Stream) -> Result<bool>;

/// Was nothing read of it yet?
fn is_unread(stream: &Stream) -> bool {
    stream.seen == 0 && stream.position.is_none() && stream.journal.is_none()
}

/// Was as much counted of it that another log, which begins so, can only be a copy?
fn tells_a_copy(stream: &Stream) -> bool {
    stream.position.as_ref().is_some_and(|position| position.counted >= TELLING)
}

/// Was no line of it met, though it may have been looked for?
fn is_empty(stream: &Stream) -> bool {
    let is_at_beginning = |position: &Position| position.counted == 0 || position.path != stream.name;
    stream.last_time == 0 && stream.journal.is_none() && stream.position.as_ref().is_none_or(is_at_beginning)
}

fn is_here(stream: &Stream, machine: &str) -> bool {
    stream.machine.is_empty() || stream.machine == machine
}

impl Intake {
    /// Where a log of `named` is one that was read by another name, its stream has the new name from now on.
    ///
    /// A container that is made anew has another host name, and its log may have another path: so the streams of other
    /// machines are compared as well, after those of this one.
    ///
    /// Returns the logs of which this cannot be told now, each with the reason.
    pub fn take_over(&mut self, named: &Named, compare: Compare<'_>) -> HashMap<String, Error> {
        let machine = machine::name();
        let mut unsure = HashMap::new();
        self.exchange(named, &machine, compare);
        for (name, place) in &named.read {
            let known = self.state.ledger.stream(name, &machine);
            let streams = &mut self.state.ledger.streams;
            if known.is_some_and(|known| !is_empty(&streams[known])) {
                continue;
            }
            // Of two names of one file the one that was read until now may stay with a rotation of it.
            let is_twin = |s: &Stream| named.twins.iter().any(|twin| twin.of == *name && twin.name == s.name);
            let is_named = |s: &Stream| named.read.iter().any(|(n, _)| *n == s.name);
            // Of two places that are named the log may have been moved from one to the other.
            let is_of_kind = |s: &Stream| s.own == (*place == LogKind::Dedicated);
            let is_other = |s: &Stream| match (is_named(s), is_here(s, &machine)) {
                (false, true) => !is_unread(s),
                (false, false) => !is_unread(s) && is_of_kind(s),
                (true, is_here) => s.name != *name && is_here && !is_empty(s) && is_of_kind(s),
            };
            let mut others: Vec<usize> = (0..streams.len()).filter(|&i| is_other(&streams[i])).collect();
            others.sort_by_key(|&i| {
                let s = &streams[i];
                std::cmp::Reverse((!is_named(s), is_here(s, &machine), is_twin(s), s.seen))
            });
            for other in others {
                let stream = &mut streams[other];
                let is_ours = is_here(stream, &machine);
                let was_named = is_named(stream);
                let likeness =
                    if is_ours && is_twin(stream) { Ok(Likeness::Same) } else { compare(stream, name) };
                match likeness {
                    Ok(Likeness::Other) => continue,
                    // Both are read on, and what they have in common is counted once.
                    // A line or two may be the same in two logs.
                    Ok(Likeness::Copy) if was_named && !tells_a_copy(stream) => continue,
                    Ok(Likeness::Copy) if was_named => {
                        let copy = Stream { name: name.clone(), before: None, ..stream.clone() };
                        self.copies.push((name.clone(), stream.name.clone()));
                        match known {
                            Some(known) => streams[known] = copy,
                            None => streams.push(copy),
                        }
                    }
                    Ok(Likeness::Copy) if is_ours => continue,
                    // This machine has its log under the old name too: it was renamed, and that log is left now.
                    Ok(Likeness::Copy) => machine.clone_into(&mut stream.machine),
                    Ok(Likeness::Same) => {
                        let was = std::mem::replace(&mut stream.name, name.clone());
                        let on = std::mem::replace(&mut stream.machine, machine.clone());
                        known.map(|known| streams.remove(known));
                        if !is_ours {
                            let (name, was) = (name.escape_debug(), was.escape_debug());
                            let (on, is) = (host(&on), host(&machine));
                            self.note(format_args!(
                                "{name}: was read on {on} as {was} until now, and is this machine's ({is}) by its content: it goes on where {on} left it"
                            ));
                        }
                    }
                    Err(e) => drop(unsure.insert(name.clone(), e)),
                }
                break;
            }
        }
        unsure
    }

    /// Logs that are named have exchanged their names: their streams do so, too. Which file each name leads to now says where
    /// to look, and the content decides.
    fn exchange(&mut self, named: &Named, machine: &str, compare: Compare<'_>) {
        let streams = &self.state.ledger.streams;
        let mut moved: Vec<(usize, &String)> = Vec::new();
        for (name, _) in &named.read {
            let Some(known) = self.state.ledger.stream(name, machine) else { continue };
            let is_now = |s: &Stream| s.position.as_ref().is_some_and(|p| Some(p.file) == named.file(name));
            if is_empty(&streams[known]) || is_now(&streams[known]) {
                continue;
            }
            let is_other = |s: &Stream| {
                s.name != *name
                    && is_here(s, machine)
                    && is_now(s)
                    && named.read.iter().any(|(n, _)| *n == s.name)
            };
            if let Some(other) = streams.iter().position(is_other)
                && compare(&streams[other], name).is_ok_and(|likeness| likeness == Likeness::Same)
            {
                moved.push((other, name));
            }
        }
        // Where one of them has no new name, it was removed or rotated, and what takes its name is told by its content.
        let is_complete =
            moved.iter().all(|(other, _)| moved.iter().any(|(_, name)| **name == streams[*other].name));
        if is_complete {
            for (other, name) in moved {
                name.clone_into(&mut self.state.ledger.streams[other].name);
            }
        }
    }

    /// Is the log of this name a copy of another one that is read as well?
    pub fn is_copy(&self, name: &str) -> bool {
        self.copies.iter().any(|(copy, _)| copy == name)
    }

    /// The stream at `stream`, a copy of another one that was read now, goes on where that ended.
    pub fn begin_copy(&mut self, stream: usize) {
        let name = &self.state.ledger.streams[stream].name;
        let Some((_, of)) = self.copies.iter().find(|(copy, _)| copy == name) else { return };
        if let Some(of) = self.state.ledger.stream(of, &machine::name()) {
            self.state.ledger.streams[stream].known_to = self.newest_of(of);
        }
    }

    /// The streams that were read until now, and that toaster.conf does not name any more. A log that was left before was
    /// read for the last time before one that is named now, or, where none of these was read yet, before the others that
    /// were left, or, where none is named, before the last reading of all.
    ///
    /// A machine of which nothing was read yet may have had another name until now: the streams that another machine read
    /// last are among them, if `is_there` finds their logs by content.
    pub fn leaving(&mut self, named: &Named, is_there: IsThere<'_>) -> Vec<usize> {
        let machine = machine::name();
        let streams = &self.state.ledger.streams;
        let twins = named.twins.iter().map(|twin| (&twin.name, twin.place));
        let names: Vec<(&String, LogKind)> =
            named.read.iter().map(|(name, place)| (name, *place)).chain(twins).collect();
        let is_named = |stream: &Stream| names.iter().any(|(name, _)| **name == stream.name);
        let newest = |own: bool, wanted: &dyn Fn(&Stream) -> bool| {
            streams.iter().filter(|s| s.own == own && wanted(s)).map(|s| s.seen).max().unwrap_or(0)
        };
        let here = |s: &Stream| is_here(s, &machine);
        let last_read = |own: bool| {
            let is_any = names.iter().any(|(_, place)| own == (*place == LogKind::Dedicated));
            match (newest(own, &|s| here(s) && is_named(s)), self.state.seen) {
                (0, _) if is_any => newest(own, &here),
                (seen, _) if is_any => seen,
                (_, 0) => i64::MAX,
                (_, seen) => seen,
            }
        };
        let is_left = |s: &Stream| {
            let was_read = s.seen > 0 && (s.position.is_some() || s.journal.is_some());
            match (was_read && !is_named(s), here(s)) {
                (false, _) => false,
                (true, true) => {
                    let waits = newest(s.own, &|s| here(s) && is_named(s)) == 0
                        && self.state.unread.contains(&s.name);
                    waits || s.seen >= last_read(s.own)
                }
                (true, false) => {
                    newest(s.own, &here) == 0
                        && s.seen >= newest(s.own, &|_| true)
                        && names.iter().any(|(_, place)| s.own == (*place == LogKind::Dedicated))
                        && is_there(s).unwrap_or(false)
                }
            }
        };
        self.left = (0..streams.len()).filter(|&i| is_left(&streams[i])).collect();
        self.left.clone()
    }

    /// Notes that the rest of the stream at `stream` cannot be read now. Returns until when the logs that are named now wait
    /// for it: until it was not read for an hour. Where the clock was ahead at its last reading, that was at this moment at
    /// the latest.
    ///
    /// `None`: that time is over, and it is given up.
    pub fn wait_for(&mut self, stream: usize) -> Option<i64> {
        self.left.retain(|&left| left != stream);
        let now = self.how.now;
        if self.state.ledger.streams[stream].seen <= now - WAITS {
            self.leave(stream);
            return None;
        }
        // All of them: which was read later than another decides which are left.
        self.state.ledger.streams.iter_mut().for_each(|s| s.seen = s.seen.min(now));
        Some(self.state.ledger.streams[stream].seen + WAITS)
    }

    /// The stream at `stream` was read for the last time.
    fn leave(&mut self, stream: usize) {
        let state = &mut self.state;
        let before = if state.seen > 0 { self.how.now.min(state.seen) } else { self.how.now };
        let stream = &mut state.ledger.streams[stream];
        stream.seen = stream.seen.min(before - 1).max(1);
    }

    /// Of the stream at `stream`, which is named: do those that it replaces have to be read on, because it has no line yet?
    /// The key may be edited before the syslogd writes to the new log. A log with the same lines, all of them counted, has
    /// some that are about as late as those.
    pub(super) fn is_waited_for(&mut self, stream: usize) -> bool {
        let streams = &self.state.ledger.streams;
        let known = &streams[stream];
        let is_replaced = |&&left: &&usize| streams[left].own == known.own && streams[left].seen > known.seen;
        let replaced: Vec<usize> = self.left.iter().filter(is_replaced).copied().collect();
        let has_begun = known.from_end
            || known.name.starts_with(JOURNAL)
            || self.readings.get(stream).and_then(Option::as_ref).is_some_and(Reading::has_begun);
        if replaced.is_empty() || has_begun {
            return false;
        }
        let name = known.name.clone();
        let before = replaced.first().map(|&left| streams[left].name.clone()).unwrap_or_default();
        self.read_on.extend(replaced);
        if self.cannot_read(&name) {
            let (name, before) = (name.escape_debug(), before.escape_debug());
            self.note(format_args!(
                "{name}: toaster.conf names it, and it is not there or has no new line; {before} is read on until it has one"
            ));
        }
        true
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
        let left = std::mem::take(&mut self.left);
        for &at in &left {
            let (own, now) = (self.state.ledger.streams[at].own, self.how.now);
            let is_heir = |(i, s): (usize, &Stream)| !left.contains(&i) && s.own == own && s.seen == now;
            let has_heir = self.state.ledger.streams.iter().enumerate().any(is_heir);
            if self.read_on.contains(&at) && !has_heir {
                self.state.ledger.streams[at].seen = now;
            } else {
                self.leave(at);
            }
        }
        let Intake { twins, state, .. } = self;
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

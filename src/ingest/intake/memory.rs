//! What is remembered of the lines of a source, between the commit and the reading.
use super::Intake;
use crate::ledger::{Directory, Open};
use crate::line::Line;
use crate::protocol::attempts::FROM_THE_BEGINNING;
use crate::protocol::memory::{Deliveries, MOST_DELIVERIES, MOST_MESSAGES, Memory};
use crate::protocol::{LogKind, Verdict};
use crate::store::session::StateOrigin;

impl Intake {
    /// Takes up the open deliveries of a source that is about to be read. What was noted by a protocol that follows none any
    /// more would be wrong when it follows them again.
    pub(super) fn take_up(&mut self, open: &mut Open) -> Deliveries {
        if self.protocol.follow.is_none() {
            *open = Open::default();
            return Deliveries::default();
        }
        if open.source == 0 {
            open.source = self.state.ledger.new_source();
        }
        Deliveries::of(open)
    }

    /// What is to be committed of a source that was read.
    pub(super) fn put_down(&mut self, deliveries: Deliveries) -> Open {
        if self.protocol.follow.is_none() {
            return Open::default();
        }
        let given_up = deliveries.given_up();
        if given_up > 0 {
            self.note(format_args!(
                "{}: more than {MOST_DELIVERIES} deliveries are open (are lines of the log lost?); the oldest {given_up} are given up: where they end is not known",
                self.protocol.name
            ));
        }
        deliveries.finish()
    }

    /// Counts a line of a directory in the bin of `time` (unix seconds).
    pub(super) fn raise_all(&mut self, line: &Line<'_>, time: i64) -> Verdict {
        let Intake { protocol, tally, deliveries, messages, attempts, .. } = self;
        let mut memory = Memory { deliveries, messages, attempts, time };
        protocol.count(line, LogKind::Dedicated, &mut memory, &mut tally.values_at(time))
    }

    /// Runs `read` with the open deliveries of a directory.
    pub(super) fn with_deliveries_of<T>(
        &mut self,
        here: &mut Directory,
        read: impl FnOnce(&mut Intake, &mut Directory) -> T,
    ) -> T {
        self.deliveries = self.take_up(&mut here.open);
        let result = read(self, here);
        let deliveries = std::mem::take(&mut self.deliveries);
        here.open = self.put_down(deliveries);
        result
    }

    /// The attempts that ended, for the state.
    pub(super) fn end_attempts(&mut self) {
        let how = &self.how;
        // What was read before they were counted is not in the table.
        let before = self.state.seen.max(self.state.committed);
        let since = match self.state.number {
            0 if how.origin != StateOrigin::Damaged => FROM_THE_BEGINNING,
            _ if how.origin != StateOrigin::Damaged && before > 0 => before.min(how.now),
            _ => how.now,
        };
        self.attempts.was_kept_at(before, how.now);
        self.attempts.begin_at(since);
        self.state.attempts = std::mem::take(&mut self.attempts).finish();
    }

    /// The messages, for the state.
    pub(super) fn end_memory(&mut self) {
        if !self.protocol.follows_messages {
            // They would be wrong when messages are followed again.
            self.state.messages = crate::store::state::Messages::default();
            return;
        }
        let messages = std::mem::take(&mut self.messages);
        let given_up = messages.given_up();
        if given_up > 0 {
            self.note(format_args!(
                "{}: more than {MOST_MESSAGES} messages are in the queue; the oldest {given_up} are given up: the times of these are not counted",
                self.protocol.name
            ));
        }
        self.state.messages.changed = messages.finish();
    }
}

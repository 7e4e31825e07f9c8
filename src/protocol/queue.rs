//! `queue`: what waits in qmail's queue, measured at each update. No line of any log counts in it.
//!
//! The queue is read by `source::queue`; here is what its numbers are called.
use super::card::templates;
use super::card::{CounterFile, IN_SYSLOG, Protocol};
use super::classify::{Raise, Settings};
use super::counter::{CounterKind, events, of_kind};
use super::counter_table::counters;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, Unit, family, family_in};
use crate::reading::mta::{Asked, Fact, Group, fact_while};
use crate::reading::role::{Of, Overview, Role, answer};
use crate::reading::stage::Stage;

/// The protocol `queue`; nothing of toaster.conf changes it.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "queue",
        title: "Queue",
        about: "what waits in qmail's queue",
        counters: COUNTERS,
        reads_syslog: false,
        measured: true,
        counter_file: Some(CounterFile { key: "logs_queue_count", default: "queue.txt" }),
        main_counters: &[
            ("messages", "Messages"),
            ("unprocessed", "Not yet looked at"),
            ("local", "For local mailboxes"),
            ("remote", "For remote hosts"),
        ],
        templates: templates!["queue"],
        leads_the_page: true,
        families: FAMILIES,
        page: PAGE,
        mta: MTA,
        ..IN_SYSLOG
    }
}

const PAGE: Overview = Overview {
    heard: "",
    lines: &[],
    answers: &[answer(Role::Waiting, Of::Queue, &["messages"]), answer(Role::Oldest, Of::Queue, &["oldest"])],
    subjects: &[],
    rows: &[],
    stage: Stage::Queue,
};

const FAMILIES: &[Family] = &[
    family("queue_measurements", "how often the queue was measured", &[], &[Key("queue_reads", &[])]),
    family("queue_messages", "messages in the queue", &[], &[Key("messages", &[])]),
    family(
        "queue_messages_unprocessed",
        "messages in the queue that qmail-send has not looked at yet",
        &[],
        &[Key("unprocessed", &[])],
    ),
    family(
        "queue_messages_to_deliver",
        "messages in the queue with recipients to be delivered",
        &["channel"],
        &[Key("local", &["local"]), Key("remote", &["remote"])],
    ),
    family_in(
        "queue_oldest_message_age",
        "age of the oldest message in the queue; 0 if there is none",
        Unit::Seconds,
        &[],
        &[Key("oldest", &[])],
    ),
];

/// Nothing of it is known before the queue was measured; and of an empty queue there is no oldest message.
const MTA: &[Fact] = &[
    fact_while(Asked::StoredMessages, "messages", "queue_reads"),
    fact_while(Asked::Stored(Group::Local), "local", "queue_reads"),
    fact_while(Asked::Stored(Group::Remote), "remote", "queue_reads"),
    fact_while(Asked::OldestMessage, "oldest", "messages"),
];

counters! {
    const COUNTERS = [
        READS: events("queue_reads", "how often the queue was measured"),
        MESSAGES: of_kind(CounterKind::Level, "messages", "messages in the queue (mess), as qmail-qstat counts them"),
        UNPROCESSED: of_kind(CounterKind::Level, "unprocessed", "messages that qmail-send has not looked at yet (todo)"),
        LOCAL: of_kind(CounterKind::Level, "local", "messages with local recipients to be delivered"),
        REMOTE: of_kind(CounterKind::Level, "remote", "messages with remote recipients to be delivered"),
        OLDEST: of_kind(CounterKind::Level, "oldest", "age of the oldest message in seconds; 0 if there is none"),
    ];
}

/// What was found in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Messages.
    pub messages: u64,
    /// Messages that qmail-send has not looked at yet.
    pub unprocessed: u64,
    /// Messages with local recipients to be delivered.
    pub local: u64,
    /// Messages with remote recipients to be delivered.
    pub remote: u64,
    /// Age of the oldest message in seconds; 0: there is none.
    pub oldest: u64,
}

impl Queue {
    /// One measurement more, into the bin of the time it was made.
    pub fn raise(&self, raise: &mut Raise<'_>) {
        raise.one(READS);
        raise.level(MESSAGES, self.messages);
        raise.level(UNPROCESSED, self.unprocessed);
        raise.level(LOCAL, self.local);
        raise.level(REMOTE, self.remote);
        raise.level(OLDEST, self.oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Parser;
    use crate::protocol::classify::{LogKind, Verdict};

    #[test]
    fn a_measurement_raises_each_number_under_its_name() {
        let protocol = protocol(&Settings::default());
        let mut values = vec![0; protocol.counters.len()];
        let queue = Queue { messages: 7, unprocessed: 2, local: 3, remote: 4, oldest: 90 };
        let empty = Queue::default();
        queue.raise(&mut Raise(&mut values));
        let named = |key: &str| values[protocol.index(key).unwrap()];
        let keys = ["queue_reads", "messages", "unprocessed", "local", "remote", "oldest"];
        assert_eq!(keys.map(named), [1, 7, 2, 3, 4, 90]);
        empty.raise(&mut Raise(&mut values));
        assert_eq!(values, [2, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn no_line_counts() {
        let protocol = protocol(&Settings::default());
        let mut values = vec![0; protocol.counters.len()];
        for text in ["@40000000450c020b32315f74 new msg 71198", "", "messages in queue: 7"] {
            let line = Parser::new(10, 1_790_635_513).parse(text.as_bytes());
            for place in [LogKind::Dedicated, LogKind::Shared] {
                assert_eq!((protocol.classify)(&line, place, &mut Raise(&mut values)), Verdict::Foreign);
            }
        }
        assert_eq!(values, [0; 6]);
    }
}

//! What MTA-MIB (RFC 2789) and NETWORK-SERVICES-MIB (RFC 2788) ask of a mail server, as far as counters tell it.
//!
//! A protocol's card says which of its counters answers which question; SNMP's tables are made of that.

/// A question, and the counter that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The question.
    pub asked: Asked,
    /// The counter's key.
    pub key: &'static str,
    /// The answer is known only while the counter of this key is above 0: how often something was measured, for instance.
    pub while_any: Option<&'static str>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// How many messages were taken into the queue.
    ReceivedMessages,
    /// How many bytes they had.
    ReceivedBytes,
    /// How many messages are in the queue.
    StoredMessages,
    /// How many recipients were delivered to.
    DeliveredRecipients,
    /// How many messages in the queue have recipients of this group.
    Stored(Group),
    /// How many seconds the oldest message has been in the queue.
    OldestMessage,
    /// How many deliveries of this group were begun.
    Begun(Group),
    /// How many connections to the SMTP server were let in.
    LetIn,
    /// How many connections to the SMTP server were turned away.
    TurnedAway,
    /// How many deliveries did not succeed for a reason for which this enhanced status code stands (RFC 3463): class,
    /// subject, detail.
    Error(u32, u32, u32),
}

/// What MTA-MIB calls a group: a part of the mail server that has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The queue and all deliveries out of it.
    Queue,
    /// Deliveries to local mailboxes.
    Local,
    /// Deliveries to other hosts.
    Remote,
    /// The SMTP server.
    Smtpd,
}

/// The counter `key` answers what is `asked`.
pub const fn fact(asked: Asked, key: &'static str) -> Fact {
    Fact { asked, key, while_any: None }
}

/// The counter `key` answers what is `asked` while the counter `any` is above 0.
pub const fn fact_while(asked: Asked, key: &'static str, any: &'static str) -> Fact {
    Fact { asked, key, while_any: Some(any) }
}

//! How deliveries end, and the classes of reasons why they do not succeed.
use crate::protocol::counter::{Counter, CounterKind};

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The message was taken.
    Success,
    /// It is tried again.
    Deferral,
    /// It is given back.
    Failure,
}

impl Outcome {
    pub(super) fn named(name: &str) -> Option<Outcome> {
        Some(match name {
            "success" => Outcome::Success,
            "deferral" => Outcome::Deferral,
            "failure" => Outcome::Failure,
            _ => return None,
        })
    }
}

/// `CLASS: COUNTER, HELP;`: what the class means, and what a postmaster should do about it.
macro_rules! classes {
    ($($key:literal: $counter:literal, $help:literal;)*) => {
        /// The names of all classes, in the order of their counters. `accepted` has none: those are the successes.
        pub const CLASSES: &[&str] = &["accepted", $($key),*];
        /// A counter for each class but the first, and one for what was given up.
        pub(in crate::protocol) const COUNTERS: &[Counter] = &[
            $(Counter { key: $counter, ds: $counter, kind: CounterKind::Count, help: $help },)*
            Counter {
                key: "expired",
                ds: "expired",
                kind: CounterKind::Count,
                help: "deliveries given up because the message had been in the queue for too long (also counted by their reason)",
            },
        ];
    };
}

classes! {
    "greylisted": "why_greylisted", "put off on purpose, a later attempt is taken; nothing to do, unless it does not end: look whether attempts come from changing addresses";
    "rate_limited": "why_rate_limited", "too many messages, recipients or connections in a time; send slower to this provider, and look for a user or form that sends in bulk";
    "reputation": "why_reputation", "the receiver itself distrusts our address, network or domain; ask its postmaster page for removal, and look for spam that leaves the server";
    "blocklisted": "why_blocklisted", "our address or domain is on a block list that the reply names; look it up there, end the cause, ask for removal";
    "authentication": "why_authentication", "SPF, DKIM or DMARC did not pass; mend the DNS records and the signing (forwarded mail needs SRS or ARC)";
    "identity": "why_identity", "reverse DNS, HELO name or the sender's domain does not resolve or fit; set PTR and A record alike, and control/helohost or control/me to that name";
    "tls": "why_tls", "an encrypted connection was required and failed; look at certificates and at control/tlshosts";
    "content": "why_content", "the message was taken for spam or malware, or its headers are malformed; look at it, and for a compromised account if there are many";
    "user_unknown": "why_user_unknown", "no such mailbox, or it is closed; clean the list of recipients (many at once hurt the reputation)";
    "mailbox_full": "why_mailbox_full", "the mailbox is over its quota; nothing to do, the recipient must make room";
    "too_large": "why_too_large", "the message is larger than the receiver takes; lower control/databytes for users, or tell them";
    "policy": "why_policy", "refused by a rule or without a reason, relaying refused, a login asked for; read the texts, check control/smtproutes and its password";
    "dns": "why_dns", "no host was found for the recipient's domain, or the resolver failed; look at the resolver if many are temporary, else the sender mistyped";
    "connection": "why_connection", "no connection, it broke, or the greeting was no invitation; wait if it is one host, look at the firewall and at port 25 if it is all of them";
    "remote_trouble": "why_remote_trouble", "the other server has trouble of its own and says no more; wait";
    "protocol": "why_protocol", "the servers did not understand each other, a loop, an address that is not ASCII; read the texts, and for loops look at forwarding";
    "local_trouble": "why_local_trouble", "trouble on this machine: memory, control files, a program of qmail, a mailbox's directory; look at once";
    "other": "why_other", "no rule knew the report; if these grow, the table of reasons is too old: update it, or add a rule (reasons_file)";
}

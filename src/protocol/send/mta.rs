//! What the counters of `send` and of its sections say of the mail server, as MTA-MIB asks.
//!
//! Left out is what these counters do not tell for certain. A message that left the queue may have been delivered or may have
//! bounced, so that it is not known how many were transmitted. The most deliveries in flight are those of the last step in
//! which there was a change, so that it is not known how many there are now.
use crate::reading::mta::{Asked, Fact, Group, fact};

/// Of `send` itself.
pub(super) const SEND: &[Fact] = &[
    fact(Asked::ReceivedMessages, "message_new"),
    fact(Asked::ReceivedBytes, "message_bytes"),
    fact(Asked::DeliveredRecipients, "delivery_success"),
    fact(Asked::Begun(Group::Queue), "start_delivery"),
    fact(Asked::Begun(Group::Local), "start_delivery_local"),
    fact(Asked::Begun(Group::Remote), "start_delivery_remote"),
];

/// Of `reasons`: the status code that stands for each class, whatever code the other server gave. All of them are registered
/// (<https://www.iana.org/assignments/smtp-enhanced-status-codes>), and each stands for one class.
pub(super) const REASONS: &[Fact] = &[
    fact(Asked::Error(4, 7, 1), "why_greylisted"),
    fact(Asked::Error(4, 7, 28), "why_rate_limited"),
    fact(Asked::Error(4, 7, 0), "why_reputation"),
    fact(Asked::Error(5, 7, 0), "why_blocklisted"),
    fact(Asked::Error(5, 7, 26), "why_authentication"),
    fact(Asked::Error(5, 7, 25), "why_identity"),
    fact(Asked::Error(5, 7, 10), "why_tls"),
    fact(Asked::Error(5, 6, 0), "why_content"),
    fact(Asked::Error(5, 1, 1), "why_user_unknown"),
    fact(Asked::Error(4, 2, 2), "why_mailbox_full"),
    fact(Asked::Error(5, 3, 4), "why_too_large"),
    fact(Asked::Error(5, 7, 1), "why_policy"),
    fact(Asked::Error(5, 1, 2), "why_dns"),
    fact(Asked::Error(4, 4, 1), "why_connection"),
    fact(Asked::Error(4, 3, 0), "why_remote_trouble"),
    fact(Asked::Error(5, 5, 0), "why_protocol"),
    fact(Asked::Error(4, 3, 5), "why_local_trouble"),
    fact(Asked::Error(5, 0, 0), "why_other"),
    fact(Asked::Error(5, 4, 7), "expired"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{reasons, shipped};
    use std::collections::BTreeSet;

    #[test]
    fn every_class_has_a_status_code_of_its_own() {
        let keys: Vec<&str> = REASONS.iter().map(|fact| fact.key).collect();
        assert_eq!(keys, reasons::COUNTERS.iter().map(|counter| counter.key).collect::<Vec<_>>());
        let mut codes = BTreeSet::new();
        for fact in REASONS {
            let Asked::Error(class, subject, detail) = fact.asked else { panic!("{fact:?}") };
            assert!((4..=5).contains(&class) && subject <= 7 && detail <= 30, "{fact:?}");
            assert!(codes.insert((class, subject, detail)), "{fact:?}: another class has it");
        }
    }

    #[test]
    fn every_fact_is_of_counters_of_its_own_part() {
        let mut asked: Vec<Asked> = Vec::new();
        for card in shipped() {
            let own = (card.mta, card.own_counters().map(|counter| counter.key).collect::<Vec<_>>());
            let sections = card.sections.iter().map(|s| (s.mta, s.counters.iter().map(|c| c.key).collect()));
            for (facts, keys) in sections.chain([own]) {
                for fact in facts {
                    assert!(keys.contains(&fact.key), "{fact:?}");
                    assert!(fact.while_any.is_none_or(|any| keys.contains(&any)), "{fact:?}");
                    assert!(!asked.contains(&fact.asked), "{fact:?}: answered twice");
                    asked.push(fact.asked);
                }
            }
        }
        assert!(asked.len() > 30, "{asked:?}");
    }
}

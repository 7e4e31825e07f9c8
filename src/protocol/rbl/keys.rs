//! The table of `rbl`: the groups that it is composed of, then toaster.conf's own lists.
use regex::bytes::Regex;

use super::lists::Lists;
use super::{common, qlog, spamdyke, sqmail};
use crate::protocol::counter::{Counter, count};
use crate::protocol::counter_table::groups;
use crate::protocol::names::{ds_name, hashed_ds_name};
use crate::protocol::tcpserver::{self, Slots};

groups! {
    pub(super) const BUILTIN = [
        COMMON: common::COUNTERS,
        SPAMDYKE: spamdyke::COUNTERS,
        SQMAIL: sqmail::COUNTERS,
        QLOG: qlog::COUNTERS,
        TCP: &tcpserver::counters("peak_smtp"),
    ];
}
// All groups raise the common counters, at the positions of their own table.
const _: () = assert!(COMMON == 0);

/// tcpserver's counters.
pub(super) const TCP_SLOTS: Slots = Slots { first: TCP, other: Some(common::OTHER) };

/// The whole table, and the lists that raise counters of it. `own`: name of each of toaster.conf's lists, and what
/// its text holds.
pub(super) fn with_lists(own: &[(String, Regex)]) -> (Vec<Counter>, Lists) {
    let mut counters = BUILTIN.to_vec();
    let mut lists = Vec::new();
    for (name, pattern) in own {
        // A second pattern of a name, or another one for a list that we know, raises the same counter.
        let position = counters.iter().position(|c| c.key == name).unwrap_or_else(|| {
            counters.push(of_list(name, &counters));
            counters.len() - 1
        });
        lists.push((position, pattern.clone()));
    }
    (counters, Lists::new(lists))
}

/// The counter of a list of toaster.conf, with a DS name that none of `others` has.
fn of_list(name: &str, others: &[Counter]) -> Counter {
    let mut ds = ds_name(name);
    if others.iter().any(|c| c.ds == ds) {
        ds = hashed_ds_name(name);
    }
    let help = format!("connections that the list {name} of toaster.conf turned away");
    // As the protocol itself these live as long as the process.
    count(name.to_owned().leak(), ds.leak(), help.leak())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_keys_come_first_and_have_their_old_names() {
        let first: Vec<&str> = BUILTIN.iter().take(21).map(|c| c.key).collect();
        let order = "badhelo badmailfrom badmailto chkuser count dns dsbl ham ignorant maps monkeys njabl ordb \
                     other services sorbs spamassassin spamcop spamhaus virus visi";
        assert_eq!(first.join(" "), order);
        assert_eq!(common::ALIASES.len(), 21);
        for (key, (old, new)) in first.iter().zip(common::ALIASES) {
            assert_eq!((format!("smtp_block_{key}").as_str(), *key), (*old, *new));
        }
    }

    #[test]
    fn own_lists_come_last_each_with_a_name_of_its_own() {
        let own = |name: &str| (name.to_owned(), Regex::new(name).unwrap());
        let names = ["mine", "denied_access", "spamhaus", "a_list_with_a_very_long_name", "mine"];
        let (counters, _) = with_lists(&names.map(own));
        let added: Vec<_> = counters[BUILTIN.len()..].iter().map(|c| c.key).collect();
        assert_eq!(added, ["mine", "denied_access", "a_list_with_a_very_long_name"]);
        let names: std::collections::BTreeSet<&str> = counters.iter().map(|c| c.ds).collect();
        assert_eq!(names.len(), counters.len(), "a DS name is there twice");
        assert!(counters.iter().all(|c| c.ds.len() <= 19));
    }
}

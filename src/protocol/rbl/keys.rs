//! The table of `rbl`: the original's 21 keys, ours group by group, toaster.conf's own lists.
use regex::bytes::Regex;

use super::lists::Lists;
use super::{qlog, spamdyke, sqmail};
use crate::protocol::names::{ds_name, hashed_ds_name};
use crate::protocol::tcpserver::{self, Slots};
use crate::protocol::{Counter, count};

// Positions in the table; the test `positions` holds them to it.
pub(super) const BADHELO: usize = 0;
pub(super) const BADMAILFROM: usize = 1;
pub(super) const BADMAILTO: usize = 2;
pub(super) const CHKUSER: usize = 3;
pub(super) const COUNT: usize = 4;
pub(super) const DNS: usize = 5;
pub(super) const DSBL: usize = 6;
pub(super) const HAM: usize = 7;
pub(super) const IGNORANT: usize = 8;
pub(super) const MAPS: usize = 9;
pub(super) const MONKEYS: usize = 10;
pub(super) const NJABL: usize = 11;
pub(super) const ORDB: usize = 12;
pub(super) const OTHER: usize = 13;
pub(super) const SERVICES: usize = 14;
pub(super) const SORBS: usize = 15;
pub(super) const SPAMASSASSIN: usize = 16;
pub(super) const SPAMCOP: usize = 17;
pub(super) const SPAMHAUS: usize = 18;
pub(super) const VIRUS: usize = 19;
pub(super) const VISI: usize = 20;
pub(super) const SENDER_ACCEPTED: usize = 21;
pub(super) const SIMSCAN_REGEX: usize = 22;
pub(super) const SIMSCAN_PASS: usize = 23;
pub(super) const SIMSCAN_RELAY: usize = 24;
pub(super) const AUTH_OK: usize = 25;
pub(super) const AUTH_FAIL: usize = 26;
pub(super) const BARRACUDA: usize = 27;
pub(super) const UCEPROTECT: usize = 28;
pub(super) const SPFBL: usize = 29;
pub(super) const PSBL: usize = 30;
pub(super) const MAILSPIKE: usize = 31;
pub(super) const ABUSEAT: usize = 32;
pub(super) const NORDSPAM: usize = 33;
/// First of spamdyke's.
pub(super) const SPAMDYKE: usize = 34;
/// First of s/qmail's.
pub(super) const SQMAIL: usize = SPAMDYKE + spamdyke::LEN;
/// First of the qlog patch's.
pub(super) const QLOG: usize = SQMAIL + sqmail::LEN;
/// tcpserver's.
pub(super) const TCP_SLOTS: Slots = Slots { first: QLOG + qlog::LEN, other: Some(OTHER) };

const FIRST: [Counter; SPAMDYKE] = [
    count("badhelo", "badhelo", "clients turned away for their HELO (control/badhelo)"),
    count("badmailfrom", "badmailfrom", "senders turned away by control/badmailfrom"),
    count("badmailto", "badmailto", "recipients turned away by control/badmailto or badrcptto"),
    count("chkuser", "chkuser", "senders and recipients that CHKUSER turned away"),
    count("count", "count", "all lines, but for empty ones"),
    count("dns", "dns", "clients turned away for want of a reverse DNS entry"),
    count("dsbl", "dsbl", "connections that the list dsbl.org turned away"),
    count("ham", "ham", "recipients that CHKUSER, messages that simscan let in"),
    count("ignorant", "ignorant", "connections that the list rfc-ignorant.org turned away"),
    count("maps", "maps", "connections that the list mail-abuse.org turned away"),
    count("monkeys", "monkeys", "connections that the list monkeys.com turned away"),
    count("njabl", "njabl", "connections that the list njabl.org turned away"),
    count("ordb", "ordb", "connections that the list ordb.org turned away"),
    count("other", "other", "other lines, with those of lists that have no counter"),
    count("services", "services", "connections that the list services.net turned away"),
    count("sorbs", "sorbs", "connections that the list sorbs.net turned away"),
    count("spamassassin", "spamassassin", "messages that simscan turned away or dropped as spam"),
    count("spamcop", "spamcop", "connections that the list spamcop.net turned away"),
    count("spamhaus", "spamhaus", "connections that the lists of spamhaus.org turned away"),
    count("virus", "virus", "messages that simscan turned away or dropped for a virus or an attachment"),
    count("visi", "visi", "connections that the list visi.com turned away"),
    count("sender_accepted", "sender_accepted", "senders that CHKUSER let in"),
    count("simscan_regex", "simscan_regex", "messages that a pattern of simscan turned away"),
    count("simscan_pass", "simscan_pass", "spam that simscan let pass"),
    count("simscan_relay", "simscan_relay", "messages of clients that may relay, which simscan did not scan"),
    count(
        "qmail_smtpd_auth_ok",
        "qmail_smtpd_auth_ok",
        "clients that authenticated, by qmail-smtpd's own line",
    ),
    count("qmail_smtpd_auth_fail", "smtpd_auth_fail", "failed authentications, by qmail-smtpd's own line"),
    count("barracuda", "barracuda", "connections that the list of Barracuda turned away"),
    count("uceprotect", "uceprotect", "connections that the lists of UCEPROTECT turned away"),
    count("spfbl", "spfbl", "connections that the list spfbl.net turned away"),
    count("psbl", "psbl", "connections that the list psbl.org turned away"),
    count("mailspike", "mailspike", "connections that the list mailspike.net turned away"),
    count("abuseat", "abuseat", "connections that the list abuseat.org turned away"),
    count("nordspam", "nordspam", "connections that the list nordspam.com turned away"),
];

macro_rules! aliases {
    ($($key:literal)*) => { &[$((concat!("smtp_block_", $key), $key)),*] };
}

/// What Mail::Toaster 4 called the keys in its counter file.
pub(super) const ALIASES: &[(&str, &str)] = aliases!(
    "badhelo" "badmailfrom" "badmailto" "chkuser" "count" "dns" "dsbl" "ham" "ignorant" "maps" "monkeys" "njabl"
    "ordb" "other" "services" "sorbs" "spamassassin" "spamcop" "spamhaus" "virus" "visi"
);

/// The whole table, and the lists that raise counters of it. `own`: name of each of toaster.conf's lists, and what
/// its text holds.
pub(super) fn with_lists(own: &[(String, Regex)]) -> (Vec<Counter>, Lists) {
    let mut counters = FIRST.to_vec();
    counters.extend(spamdyke::counters());
    counters.extend(sqmail::counters());
    counters.extend(qlog::counters());
    counters.extend(tcpserver::counters("peak_smtp"));
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
    fn positions() {
        let (counters, _) = with_lists(&[]);
        let tcp = TCP_SLOTS.first;
        for (position, key) in [
            (BADHELO, "badhelo"),
            (BADMAILFROM, "badmailfrom"),
            (BADMAILTO, "badmailto"),
            (CHKUSER, "chkuser"),
            (COUNT, "count"),
            (DNS, "dns"),
            (DSBL, "dsbl"),
            (HAM, "ham"),
            (IGNORANT, "ignorant"),
            (MAPS, "maps"),
            (MONKEYS, "monkeys"),
            (NJABL, "njabl"),
            (ORDB, "ordb"),
            (OTHER, "other"),
            (SERVICES, "services"),
            (SORBS, "sorbs"),
            (SPAMASSASSIN, "spamassassin"),
            (SPAMCOP, "spamcop"),
            (SPAMHAUS, "spamhaus"),
            (VIRUS, "virus"),
            (VISI, "visi"),
            (SENDER_ACCEPTED, "sender_accepted"),
            (SIMSCAN_REGEX, "simscan_regex"),
            (SIMSCAN_PASS, "simscan_pass"),
            (SIMSCAN_RELAY, "simscan_relay"),
            (AUTH_OK, "qmail_smtpd_auth_ok"),
            (AUTH_FAIL, "qmail_smtpd_auth_fail"),
            (BARRACUDA, "barracuda"),
            (UCEPROTECT, "uceprotect"),
            (SPFBL, "spfbl"),
            (PSBL, "psbl"),
            (MAILSPIKE, "mailspike"),
            (ABUSEAT, "abuseat"),
            (NORDSPAM, "nordspam"),
            (SPAMDYKE, "spamdyke_allowed"),
            (SQMAIL, "accept"),
            (QLOG, "qlog_alarmtimeout"),
            (tcp, "tcp_connect"),
            (tcp + 5, "peak_smtp"),
        ] {
            assert_eq!(counters[position].key, key);
        }
        assert_eq!(counters.len(), tcp + 6);
    }

    #[test]
    fn the_originals_keys_come_first_and_have_their_old_names() {
        let (counters, _) = with_lists(&[]);
        let first: Vec<&str> = counters.iter().take(21).map(|c| c.key).collect();
        let order = "badhelo badmailfrom badmailto chkuser count dns dsbl ham ignorant maps monkeys njabl ordb \
                     other services sorbs spamassassin spamcop spamhaus virus visi";
        assert_eq!(first.join(" "), order);
        assert_eq!(ALIASES.len(), 21);
        for (key, (old, new)) in first.iter().zip(ALIASES) {
            assert_eq!((format!("smtp_block_{key}").as_str(), *key), (*old, *new));
        }
    }

    #[test]
    fn own_lists_come_last_each_with_a_name_of_its_own() {
        let own = |name: &str| (name.to_owned(), Regex::new(name).unwrap());
        let names = ["mine", "denied_access", "spamhaus", "a_list_with_a_very_long_name", "mine"];
        let (builtin, _) = with_lists(&[]);
        let (counters, _) = with_lists(&names.map(own));
        let added: Vec<_> = counters[builtin.len()..].iter().map(|c| c.key).collect();
        assert_eq!(added, ["mine", "denied_access", "a_list_with_a_very_long_name"]);
        let names: std::collections::BTreeSet<&str> = counters.iter().map(|c| c.ds).collect();
        assert_eq!(names.len(), counters.len(), "a DS name is there twice");
        assert!(counters.iter().all(|c| c.ds.len() <= 19));
    }
}

//! The counters that are of no one group: the original's 21 keys, and what several groups raise. They come first.
use crate::protocol::classify::{Raise, Verdict};
use crate::protocol::counter::{count, events};
use crate::protocol::counter_table::counters;

counters! {
    pub(super) const COUNTERS = [
        BADHELO: events("badhelo", "clients turned away for their HELO (control/badhelo)"),
        BADMAILFROM: events("badmailfrom", "senders turned away by control/badmailfrom"),
        BADMAILTO: events("badmailto", "recipients turned away by control/badmailto or badrcptto"),
        CHKUSER: events("chkuser", "senders and recipients that CHKUSER turned away"),
        COUNT: events("count", "all lines, but for empty ones"),
        DNS: events("dns", "clients turned away for want of a reverse DNS entry"),
        DSBL: events("dsbl", "connections that the list dsbl.org turned away"),
        HAM: events("ham", "recipients that CHKUSER, messages that simscan let in"),
        IGNORANT: events("ignorant", "connections that the list rfc-ignorant.org turned away"),
        MAPS: events("maps", "connections that the list mail-abuse.org turned away"),
        MONKEYS: events("monkeys", "connections that the list monkeys.com turned away"),
        NJABL: events("njabl", "connections that the list njabl.org turned away"),
        ORDB: events("ordb", "connections that the list ordb.org turned away"),
        OTHER: events("other", "other lines, with those of lists that have no counter"),
        SERVICES: events("services", "connections that the list services.net turned away"),
        SORBS: events("sorbs", "connections that the list sorbs.net turned away"),
        SPAMASSASSIN: events("spamassassin", "messages that simscan turned away or dropped as spam"),
        SPAMCOP: events("spamcop", "connections that the list spamcop.net turned away"),
        SPAMHAUS: events("spamhaus", "connections that the lists of spamhaus.org turned away"),
        VIRUS: events("virus", "messages that simscan turned away or dropped for a virus or an attachment"),
        VISI: events("visi", "connections that the list visi.com turned away"),
        SENDER_ACCEPTED: events("sender_accepted", "senders that CHKUSER let in"),
        SIMSCAN_REGEX: events("simscan_regex", "messages that a pattern of simscan turned away"),
        SIMSCAN_PASS: events("simscan_pass", "spam that simscan let pass"),
        SIMSCAN_RELAY: events("simscan_relay", "messages of clients that may relay, which simscan did not scan"),
        AUTH_OK: events("qmail_smtpd_auth_ok", "clients that authenticated, by qmail-smtpd's own line"),
        AUTH_FAIL: count(
            "qmail_smtpd_auth_fail",
            "smtpd_auth_fail",
            "failed authentications, by qmail-smtpd's own line",
        ),
        BARRACUDA: events("barracuda", "connections that the list of Barracuda turned away"),
        UCEPROTECT: events("uceprotect", "connections that the lists of UCEPROTECT turned away"),
        SPFBL: events("spfbl", "connections that the list spfbl.net turned away"),
        PSBL: events("psbl", "connections that the list psbl.org turned away"),
        MAILSPIKE: events("mailspike", "connections that the list mailspike.net turned away"),
        ABUSEAT: events("abuseat", "connections that the list abuseat.org turned away"),
        NORDSPAM: events("nordspam", "connections that the list nordspam.com turned away"),
    ];
}

macro_rules! aliases {
    ($($key:literal)*) => { &[$((concat!("smtp_block_", $key), $key)),*] };
}

/// What Mail::Toaster 4 called the keys in its counter file.
pub(super) const ALIASES: &[(&str, &str)] = aliases!(
    "badhelo" "badmailfrom" "badmailto" "chkuser" "count" "dns" "dsbl" "ham" "ignorant" "maps" "monkeys" "njabl"
    "ordb" "other" "services" "sorbs" "spamassassin" "spamcop" "spamhaus" "virus" "visi"
);

/// A line of a known form.
pub(super) fn known(counter: usize, raise: &mut Raise<'_>) -> Verdict {
    raise.one(counter);
    Verdict::Known
}

/// A line that no rule knows.
pub(super) fn unknown(raise: &mut Raise<'_>) -> Verdict {
    raise.one(OTHER);
    Verdict::Unknown
}

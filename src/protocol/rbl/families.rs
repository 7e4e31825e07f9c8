//! By which metrics and labels other programs know the counters of `rbl`.
use crate::reading::family::Member::{Key, Rest};
use crate::reading::family::{Family, family};

/// Those of toaster.conf's lists are in `blocked`, too.
pub(super) const FAMILIES: &[Family] = &[
    family(
        "blocked",
        "connections that a DNS list turned away",
        &["list"],
        &[
            Key("dsbl", &["dsbl"]),
            Key("ignorant", &["ignorant"]),
            Key("maps", &["maps"]),
            Key("monkeys", &["monkeys"]),
            Key("njabl", &["njabl"]),
            Key("ordb", &["ordb"]),
            Key("services", &["services"]),
            Key("sorbs", &["sorbs"]),
            Key("spamcop", &["spamcop"]),
            Key("spamhaus", &["spamhaus"]),
            Key("visi", &["visi"]),
            Key("barracuda", &["barracuda"]),
            Key("uceprotect", &["uceprotect"]),
            Key("spfbl", &["spfbl"]),
            Key("psbl", &["psbl"]),
            Key("mailspike", &["mailspike"]),
            Key("abuseat", &["abuseat"]),
            Key("nordspam", &["nordspam"]),
        ],
    ),
    family(
        "smtp_turned_away",
        "clients, senders, recipients and messages that were turned away at SMTP",
        &["by"],
        &[
            Key("badhelo", &["badhelo"]),
            Key("badmailfrom", &["badmailfrom"]),
            Key("badmailto", &["badmailto"]),
            Key("chkuser", &["chkuser"]),
            Key("dns", &["reverse_dns"]),
            Key("spamassassin", &["simscan_spam"]),
            Key("virus", &["simscan_virus"]),
            Key("simscan_regex", &["simscan_pattern"]),
        ],
    ),
    family(
        "smtp_let_in",
        "senders, recipients and messages that were let in at SMTP",
        &["what"],
        &[
            Key("ham", &["recipient_or_message"]),
            Key("sender_accepted", &["sender"]),
            Key("simscan_pass", &["spam"]),
            Key("simscan_relay", &["relayed_message"]),
        ],
    ),
    family(
        "smtp_auth",
        "clients that tried to authenticate, by the program that says so",
        &["by", "result"],
        &[
            Key("qmail_smtpd_auth_ok", &["qmail-smtpd", "success"]),
            Key("qmail_smtpd_auth_fail", &["qmail-smtpd", "failure"]),
            Key("spamdyke_failed_auth", &["spamdyke", "failure"]),
        ],
    ),
    family("smtp_log_lines", "lines of the SMTP servers' logs", &[], &[Key("count", &[])]),
    family(
        "smtp_other_lines",
        "lines of the SMTP servers' logs that are of nothing else",
        &[],
        &[Key("other", &[])],
    ),
    family(
        "spamdyke_verdicts",
        "recipients and connections that spamdyke let in or turned away",
        &["verdict"],
        &[Key("spamdyke_allowed", &["allowed"]), Key("spamdyke_denied", &["denied"])],
    ),
    family(
        "spamdyke_denials",
        "recipients and connections that spamdyke turned away, by why",
        &["reason"],
        &[Rest("denied_", &[])],
    ),
    family(
        "spamdyke_events",
        "what else spamdyke says of connections",
        &["event"],
        &[
            Key("spamdyke_timeout", &["timeout"]),
            Key("spamdyke_failed_tls", &["failed_tls"]),
            Key("spamdyke_unknown_auth", &["unknown_auth"]),
            Key("spamdyke_other", &["other"]),
        ],
    ),
    family(
        "sqmail_verdicts",
        "clients, senders and recipients that s/qmail let in or turned away",
        &["verdict"],
        &[Key("accept", &["accept"]), Key("reject", &["reject"])],
    ),
    family("sqmail_rejections", "what s/qmail turned away, by why", &["reason"], &[Rest("reject_", &[])]),
    family("qlog_results", "lines of qlog, by their result", &["result"], &[Rest("qlog_", &[])]),
    family(
        "tcpserver_connections",
        "connections of a tcpserver, by what became of them",
        &["service", "event"],
        &[
            Key("tcp_connect", &["smtp", "accepted"]),
            Key("tcp_ok", &["smtp", "let_in"]),
            Key("tcp_deny", &["smtp", "turned_away"]),
            Key("tcp_end", &["smtp", "ended"]),
        ],
    ),
    family(
        "tcpserver_status_lines",
        "status lines of a tcpserver, one at every connect and end",
        &["service"],
        &[Key("tcp_status", &["smtp"])],
    ),
    family(
        "tcpserver_connections_peak",
        "most connections at once in the last complete step",
        &["service"],
        &[Key("peak_smtp", &["smtp"])],
    ),
];

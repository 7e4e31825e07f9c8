//! The counters of `haraka`, and which of them belong to a plugin.
use super::super::counter::{CounterKind, events, of_kind};
use super::super::counter_table::counters;

counters! {
    pub(super) const COUNTERS = [
        CONNECT: events("connect", "sessions begun"),
        DISCONNECT: events("disconnect", "sessions ended"),
        SESSION_SECONDS: of_kind(CounterKind::Sum, "session_seconds", "seconds that sessions lasted"),
        RELAY: events("relay", "sessions that were allowed to relay"),
        EARLY: events("early", "sessions that talked too early"),
        TLS: events("tls", "sessions with TLS"),
        ERRORS: events("errors", "commands that were not understood"),
        TXNS: events("txns", "transactions begun"),
        BYTES: events("bytes", "bytes of message data received"),
        RCPT_OK: events("rcpt_ok", "recipients accepted"),
        RCPT_DEFER: events("rcpt_defer", "recipients put off"),
        RCPT_REJECT: events("rcpt_reject", "recipients refused"),
        MSG_OK: events("msg_ok", "messages accepted"),
        MSG_DEFER: events("msg_defer", "messages put off"),
        MSG_REJECT: events("msg_reject", "messages refused"),
        REFUSED: events("refused", "sessions that got at least one refusal"),
        MESSAGE: events("message", "messages whose data was read"),
        DATA_SECONDS: of_kind(CounterKind::Sum, "data_seconds", "seconds that plugins took for the data"),
        QUEUED: events("queued", "messages handed on"),
        DENY: events("deny", "refusals that a plugin asked for"),
        DENY_ACCESS: events("deny_access", "refusals that access lists asked for"),
        DENY_ATTACHMENT: events("deny_attachment", "refusals that attachment asked for"),
        DENY_BOUNCE: events("deny_bounce", "refusals that bounce asked for"),
        DENY_CLAMD: events("deny_clamd", "refusals that clamd asked for"),
        DENY_DCC: events("deny_dcc", "refusals that dcc asked for"),
        DENY_DKIM: events("deny_dkim", "refusals that dkim asked for"),
        DENY_DNSLIST: events("deny_dnslist", "refusals that dns-list asked for"),
        DENY_EARLY_TALKER: events("deny_early_talker", "refusals that early_talker asked for"),
        DENY_FCRDNS: events("deny_fcrdns", "refusals that fcrdns asked for"),
        DENY_GEOIP: events("deny_geoip", "refusals that geoip asked for"),
        DENY_GREYLIST: events("deny_greylist", "refusals that greylist asked for"),
        DENY_HEADERS: events("deny_headers", "refusals that headers asked for"),
        DENY_HELO: events("deny_helo", "refusals that helo.checks asked for"),
        DENY_IS_RESOLVABLE: events("deny_is_resolvable", "refusals that mail_from.is_resolvable asked for"),
        DENY_KARMA: events("deny_karma", "refusals that karma asked for"),
        DENY_LIMIT: events("deny_limit", "refusals that limit asked for"),
        DENY_QMAIL_DELIV: events("deny_qmail_deliv", "refusals that qmail-deliverable asked for"),
        DENY_RELAY: events("deny_relay", "refusals that relay asked for"),
        DENY_RSPAMD: events("deny_rspamd", "refusals that rspamd asked for"),
        DENY_SPAMASSASSIN: events("deny_spamassassin", "refusals that spamassassin asked for"),
        DENY_SPF: events("deny_spf", "refusals that spf asked for"),
        DENY_TLS: events("deny_tls", "refusals that tls asked for"),
        DENY_URIBL: events("deny_uribl", "refusals that uribl asked for"),
        DENY_OTHER: events("deny_other", "refusals that other plugins asked for"),
        DENY_OVERRIDDEN: events("deny_overridden", "refusals that a plugin asked for and that were not carried out"),
        AUTH_FAIL: events("auth_fail", "failed logins"),
        AUTH_OK: events("auth_ok", "successful logins"),
        OUT_DELIVERED: events("out_delivered", "outbound deliveries done"),
        OUT_RCPT: events("out_rcpt", "recipients of outbound deliveries"),
        OUT_SECONDS: of_kind(CounterKind::Sum, "out_seconds", "seconds that outbound deliveries had waited"),
        OUT_TLS: events("out_tls", "outbound deliveries over TLS"),
        OUT_FIRST: events("out_first", "outbound deliveries at the first try"),
        OUT_DEFERRED: events("out_deferred", "outbound deliveries put off"),
        OUT_BOUNCED: events("out_bounced", "outbound messages given back"),
        OUT_DOUBLE: events("out_double", "bounces that could not be given back"),
        OTHER: events("haraka_other", "lines that are none of Haraka's log formats"),
    ];
}

/// The counter of the refusals that `plugin` asked for. Besides today's names these are the ones that Haraka's own
/// plugins had before. Whoever writes a plugin chooses its name, so all others have one counter together.
pub(super) fn deny_of(plugin: &[u8]) -> usize {
    match plugin {
        b"access"
        | b"connect.rdns_access"
        | b"mail_from.access"
        | b"mail_from.blocklist"
        | b"rcpt_to.access"
        | b"rcpt_to.blocklist"
        | b"rdns.regexp" => DENY_ACCESS,
        b"attachment" => DENY_ATTACHMENT,
        b"bounce" | b"mail_from.nobounces" => DENY_BOUNCE,
        b"clamd" => DENY_CLAMD,
        b"dcc" => DENY_DCC,
        b"dkim" | b"dkim_sign" | b"dkim_verify" => DENY_DKIM,
        b"dns-list" | b"dnslist" | b"dnsbl" | b"dnswl" | b"backscatterer" => DENY_DNSLIST,
        b"early_talker" => DENY_EARLY_TALKER,
        b"fcrdns" | b"connect.fcrdns" => DENY_FCRDNS,
        b"geoip" => DENY_GEOIP,
        b"greylist" => DENY_GREYLIST,
        b"headers"
        | b"data.headers"
        | b"data.nomsgid"
        | b"data.noreceived"
        | b"data.rfc5322_header_checks" => DENY_HEADERS,
        b"helo" | b"helo.checks" => DENY_HELO,
        b"is_resolvable" | b"mail_from.is_resolvable" => DENY_IS_RESOLVABLE,
        b"karma" => DENY_KARMA,
        b"limit" | b"max_unrecognized_commands" | b"rate_limit" | b"rcpt_to.max_count" => DENY_LIMIT,
        b"qmail_deliv" | b"qmail-deliverable" | b"rcpt_to.qmail_deliverable" => DENY_QMAIL_DELIV,
        b"relay" | b"relay_acl" | b"relay_all" => DENY_RELAY,
        b"rspamd" => DENY_RSPAMD,
        b"spamassassin" => DENY_SPAMASSASSIN,
        b"spf" => DENY_SPF,
        b"tls" => DENY_TLS,
        b"uribl" | b"data.uribl" => DENY_URIBL,
        _ => DENY_OTHER,
    }
}

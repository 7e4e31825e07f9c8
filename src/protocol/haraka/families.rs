//! By which metrics and labels other programs know the counters of `haraka`.
use crate::reading::family::Member::{Key, Rest};
use crate::reading::family::{Family, Unit, family, family_in};

/// All of them.
pub(super) const FAMILIES: &[Family] = &[
    family(
        "haraka_connections",
        "sessions of Haraka",
        &["event"],
        &[Key("connect", &["begun"]), Key("disconnect", &["ended"])],
    ),
    family_in(
        "haraka_sessions",
        "seconds that sessions lasted",
        Unit::Seconds,
        &[],
        &[Key("session_seconds", &[])],
    ),
    family(
        "haraka_sessions_with",
        "sessions that had something",
        &["what"],
        &[
            Key("relay", &["relay"]),
            Key("early", &["early_talker"]),
            Key("tls", &["tls"]),
            Key("refused", &["refusal"]),
        ],
    ),
    family("haraka_command_errors", "commands that were not understood", &[], &[Key("errors", &[])]),
    family("haraka_transactions", "transactions begun", &[], &[Key("txns", &[])]),
    family_in("haraka_received", "bytes of message data received", Unit::Bytes, &[], &[Key("bytes", &[])]),
    family(
        "haraka_recipients",
        "recipients, by what Haraka said",
        &["result"],
        &[Key("rcpt_ok", &["accepted"]), Key("rcpt_defer", &["deferred"]), Key("rcpt_reject", &["rejected"])],
    ),
    family(
        "haraka_messages",
        "messages, by what Haraka said",
        &["result"],
        &[Key("msg_ok", &["accepted"]), Key("msg_defer", &["deferred"]), Key("msg_reject", &["rejected"])],
    ),
    family("haraka_messages_read", "messages of which the data was read", &[], &[Key("message", &[])]),
    family_in(
        "haraka_data",
        "seconds that plugins took for the data",
        Unit::Seconds,
        &[],
        &[Key("data_seconds", &[])],
    ),
    family("haraka_messages_queued", "messages handed on", &[], &[Key("queued", &[])]),
    family("haraka_refusals", "refusals that a plugin asked for", &[], &[Key("deny", &[])]),
    family(
        "haraka_refusals_by_plugin",
        "refusals, by the plugin that asked for them",
        &["plugin"],
        &[Rest("deny_", &[])],
    ),
    family(
        "logins",
        "logins, by whether the connection was encrypted (unknown: the log does not say) and how they ended",
        &["service", "tls", "result"],
        &[
            Key("auth_ok", &["haraka", "unknown", "success"]),
            Key("auth_fail", &["haraka", "unknown", "failure"]),
        ],
    ),
    family(
        "haraka_outbound",
        "outbound deliveries, by how they ended",
        &["result"],
        &[
            Key("out_delivered", &["delivered"]),
            Key("out_deferred", &["deferred"]),
            Key("out_bounced", &["bounced"]),
            Key("out_double", &["double_bounce"]),
        ],
    ),
    family("haraka_outbound_recipients", "recipients of outbound deliveries", &[], &[Key("out_rcpt", &[])]),
    family_in(
        "haraka_outbound_waited",
        "seconds that outbound deliveries had waited",
        Unit::Seconds,
        &[],
        &[Key("out_seconds", &[])],
    ),
    family(
        "haraka_outbound_with",
        "outbound deliveries that had something",
        &["what"],
        &[Key("out_tls", &["tls"]), Key("out_first", &["first_try"])],
    ),
    family(
        "haraka_other_lines",
        "lines that are none of Haraka's log formats",
        &[],
        &[Key("haraka_other", &[])],
    ),
];

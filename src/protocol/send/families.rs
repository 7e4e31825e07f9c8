//! By which metrics and labels other programs know the counters of `send` and of its sections.
use crate::reading::family::Member::{Histogram, Key, Rest};
use crate::reading::family::{Family, Unit, family, family_in};

/// Of `send` itself.
pub(super) const SEND: &[Family] = &[
    family(
        "deliveries",
        "delivery attempts that ended, by how they did",
        &["result"],
        &[
            Key("delivery_success", &["success"]),
            Key("delivery_deferral", &["deferral"]),
            Key("delivery_failure", &["failure"]),
        ],
    ),
    family(
        "delivery_reports",
        "delivery attempts that ended, with those of which the report cannot be read",
        &[],
        &[Key("delivery", &[])],
    ),
    family(
        "deliveries_started",
        "delivery attempts begun",
        &["channel"],
        &[Key("start_delivery_local", &["local"]), Key("start_delivery_remote", &["remote"])],
    ),
    family("delivery_starts", "delivery attempts begun, of all channels", &[], &[Key("start_delivery", &[])]),
    family(
        "messages",
        "messages, by what was logged of them",
        &["event"],
        &[
            Key("message_new", &["new"]),
            Key("message_info", &["info"]),
            Key("message_bounce", &["bounce"]),
            Key("message_end", &["end"]),
        ],
    ),
    family(
        "discarded_bounces",
        "bounces of bounces that were discarded",
        &["kind"],
        &[Key("double_bounce", &["double"]), Key("triple_bounce", &["triple"])],
    ),
    family_in(
        "message",
        "bytes of the messages taken into the queue",
        Unit::Bytes,
        &[],
        &[Key("message_bytes", &[])],
    ),
    family(
        "send_unread_lines",
        "lines of qmail-send without a stamp or without a text",
        &[],
        &[Key("message_other", &[])],
    ),
    family(
        "send_other_lines",
        "other lines of qmail-send: warnings, alerts, double and triple bounces, exiting",
        &[],
        &[Key("other", &[])],
    ),
    family(
        "send_complaints",
        "warnings and alerts of qmail-send",
        &["severity"],
        &[Key("warning", &["warning"]), Key("alert", &["alert"])],
    ),
    family(
        "send_status_lines",
        "status lines of qmail-send, one at every change of the concurrency",
        &[],
        &[Key("status", &[])],
    ),
    family(
        "delivery_slots_used_share",
        "sum over the status lines of the used share of the delivery slots",
        &["channel"],
        &[Key("status_localp", &["local"]), Key("status_remotep", &["remote"])],
    ),
    family(
        "deliveries_in_flight_seen",
        "sum over the status lines of the deliveries in flight",
        &["channel"],
        &[Key("status_local_sum", &["local"]), Key("status_remote_sum", &["remote"])],
    ),
    family(
        "deliveries_in_flight_peak",
        "most deliveries in flight in the last complete step",
        &["channel"],
        &[Key("peak_local", &["local"]), Key("peak_remote", &["remote"])],
    ),
    family(
        "delivery_slots",
        "delivery slots (concurrencylocal, concurrencyremote)",
        &["channel"],
        &[Key("limit_local", &["local"]), Key("limit_remote", &["remote"])],
    ),
];

/// Of `reasons`.
pub(super) const REASONS: &[Family] = &[
    family(
        "delivery_problems",
        "delivery attempts that were put off or failed, by why",
        &["reason"],
        &[Rest("why_", &[])],
    ),
    family(
        "deliveries_given_up",
        "recipients given up because the message had been in the queue for too long",
        &[],
        &[Key("expired", &[])],
    ),
];

/// Of `providers`.
pub(super) const PROVIDERS: &[Family] = &[
    family(
        "provider_deliveries_started",
        "delivery attempts begun to a provider",
        &["provider"],
        &[Rest("go_", &[])],
    ),
    family(
        "provider_deliveries",
        "delivery attempts to a provider that ended, by how they did",
        &["provider", "result"],
        &[Rest("ok_", &["success"]), Rest("def_", &["deferral"]), Rest("fail_", &["failure"])],
    ),
    family_in(
        "provider_delivery",
        "seconds that the delivery attempts to a provider took",
        Unit::Seconds,
        &["provider"],
        &[Rest("took_", &[])],
    ),
    family(
        "provider_deliveries_unseen",
        "delivery attempts that ended and of which the beginning is not in the log",
        &[],
        &[Key("to_unseen", &[])],
    ),
];

/// Of `times`.
pub(super) const TIMES: &[Family] = &[
    family_in(
        "delivery_duration",
        "how long delivery attempts took, however they ended",
        Unit::Seconds,
        &["channel"],
        &[Histogram("remote", &["remote"]), Histogram("local", &["local"])],
    ),
    family_in(
        "message_first_delivery_duration",
        "how long it took from the queue to the first delivery of a message that succeeded",
        Unit::Seconds,
        &[],
        &[Histogram("first", &[])],
    ),
    family_in(
        "message_queue_duration",
        "how long messages were in the queue",
        Unit::Seconds,
        &[],
        &[Histogram("queue", &[])],
    ),
    family(
        "durations_unseen",
        "messages and delivery attempts that ended and of which the beginning is not in the log",
        &["of"],
        &[Key("queue_unseen", &["message"]), Key("delivery_unseen", &["delivery"])],
    ),
];

//! What the overview of the pages asks of `send` and its sections.
use crate::reading::role::Role::{Bounced, Bytes, Delivered, Entered, Failed, Left, PutOff};
use crate::reading::role::{Fact, NOTHING, Of, Overview, Subject, answer, row};
use crate::reading::stage::Stage::{Deliveries, Queue};

/// Attempts that ended.
const ENDED: &[&str] = &["delivery_success", "delivery_deferral", "delivery_failure"];

/// Of `send` itself.
pub(super) const SEND: Overview = Overview {
    heard: "send",
    lines: &[
        "message_new",
        "message_info",
        "start_delivery",
        "delivery",
        "status",
        "message_end",
        "message_bounce",
        "other",
    ],
    answers: &[
        answer(Entered, Of::Mta, &["message_new"]),
        answer(Left, Of::Mta, &["message_end"]),
        answer(Bounced, Of::Mta, &["message_bounce"]),
        answer(Bytes, Of::Mta, &["message_bytes"]),
        answer(Delivered, Of::Mta, &["delivery_success"]),
        answer(PutOff, Of::Mta, &["delivery_deferral"]),
        answer(Failed, Of::Mta, &["delivery_failure"]),
    ],
    subjects: &[
        Subject {
            words: "messages into the queue",
            graph: "messages",
            keys: &["message_new"],
            lists: false,
            of: Some(Of::Mta),
            among: &[],
            color: "blue-area",
            facts: &[Fact::Queue],
        },
        Subject {
            words: "deliveries put off",
            graph: "deliveries",
            keys: &["delivery_deferral"],
            lists: false,
            of: Some(Of::Mta),
            among: ENDED,
            color: "warn",
            facts: &[
                Fact::Share("of what was tried in that time"),
                Fact::Largest { before: "to", section: "providers", parts: PUT_OFF_BY },
                Fact::Queue,
            ],
        },
        Subject {
            words: "deliveries failed",
            graph: "deliveries",
            keys: &["delivery_failure"],
            lists: false,
            of: Some(Of::Mta),
            among: ENDED,
            color: "bad",
            facts: &[
                Fact::Share("of what was tried in that time"),
                Fact::Largest { before: "to", section: "providers", parts: FAILED_BY },
            ],
        },
    ],
    rows: &[
        row(Queue, "In", &["message_new"]),
        row(Queue, "Out", &["message_end"]),
        row(Queue, "Bounces", &["message_bounce"]),
        row(Deliveries, "Attempts", &["delivery"]),
        row(Deliveries, "Delivered", &["delivery_success"]),
        row(Deliveries, "Put off", &["delivery_deferral"]),
        row(Deliveries, "Failed", &["delivery_failure"]),
    ],
    stage: Deliveries,
};

/// Of `reasons`, `providers` and `times`.
pub(super) const SECTION: Overview = Overview { stage: Deliveries, ..NOTHING };

macro_rules! by_provider {
    ($($key:literal: $words:literal),*) => {
        const PUT_OFF_BY: &[(&str, &str)] = &[$((concat!("def_", $key), $words)),*];
        const FAILED_BY: &[(&str, &str)] = &[$((concat!("fail_", $key), $words)),*];
    };
}

// Short names; what goes to no provider is `other` in both.
by_provider!(
    "google": "Google", "microsoft": "Microsoft", "yahoo": "Yahoo", "apple": "Apple", "gmx": "GMX", "t-online": "T-Online",
    "comcast": "Comcast", "orange": "Orange", "mailru": "Mail.ru", "yandex": "Yandex", "tencent": "Tencent",
    "netease": "NetEase", "proton": "Proton", "other": "smaller servers"
);

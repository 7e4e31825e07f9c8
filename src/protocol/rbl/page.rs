//! What the overview of the pages asks of `rbl`.
use crate::reading::role::Role::{Blocked, LetIn, Passed};
use crate::reading::role::{Answer, Fact, Of, Overview, Row, Subject, answer, row};
use crate::reading::stage::Stage::{Connections, Filters};

/// The lists by the counters of this program, those by which spamdyke turned away recipients, and those of s/qmail.
const LISTS: &[&str] = &[
    "spamhaus",
    "barracuda",
    "spamcop",
    "sorbs",
    "uceprotect",
    "spfbl",
    "psbl",
    "mailspike",
    "abuseat",
    "nordspam",
    "dsbl",
    "ignorant",
    "maps",
    "monkeys",
    "njabl",
    "ordb",
    "services",
    "visi",
    "denied_rbl_match",
    "denied_rhsbl_match",
    "reject_rbl",
];

const NAMES: &[(&str, &str)] = &[
    ("spamhaus", "Spamhaus"),
    ("barracuda", "Barracuda"),
    ("spamcop", "SpamCop"),
    ("sorbs", "SORBS"),
    ("uceprotect", "UCEPROTECT"),
    ("spfbl", "SPFBL"),
    ("psbl", "PSBL"),
    ("mailspike", "Mailspike"),
    ("abuseat", "CBL"),
    ("nordspam", "NordSpam"),
];

/// What is turned away for another reason than a list.
const REFUSED: &[&str] = &[
    "badhelo",
    "badmailfrom",
    "badmailto",
    "chkuser",
    "dns",
    "spamassassin",
    "virus",
    "simscan_regex",
    "spamdyke_denied",
    "reject",
];

/// All of it.
pub(super) const PAGE: Overview = Overview {
    heard: "SMTP port",
    lines: &["count"],
    answers: &[
        answer(LetIn, Of::Port, &["tcp_ok"]),
        Answer { lists: true, ..answer(Blocked, Of::Port, LISTS) },
        answer(Passed, Of::Port, &["ham"]),
    ],
    subjects: &[
        Subject {
            words: "connections blocked by lists",
            graph: "rbl",
            keys: LISTS,
            lists: true,
            of: None,
            among: &[],
            color: "plum-area",
            facts: &[
                Fact::Largest { before: "by", section: "", parts: NAMES },
                Fact::Peak("peak_smtp", "sessions at once"),
            ],
        },
        Subject {
            words: "connections to the SMTP port",
            graph: "smtp-sessions",
            keys: &["tcp_ok", "tcp_deny"],
            lists: false,
            of: None,
            among: &[],
            color: "blue-area",
            facts: &[Fact::Peak("peak_smtp", "sessions at once")],
        },
        Subject {
            words: "refusals of the SMTP filters",
            graph: "smtp-filter",
            keys: REFUSED,
            lists: false,
            of: None,
            among: &[],
            color: "plum-area",
            facts: &[Fact::Largest {
                before: "for",
                section: "",
                parts: &[
                    ("chkuser", "an unknown user (CHKUSER)"),
                    ("badhelo", "a bad HELO"),
                    ("badmailfrom", "a bad sender"),
                    ("badmailto", "a bad recipient"),
                    ("dns", "want of a reverse DNS entry"),
                    ("spamassassin", "spam"),
                    ("virus", "a virus"),
                    ("spamdyke_denied", "a rule of spamdyke"),
                    ("reject", "a rule of s/qmail"),
                ],
            }],
        },
    ],
    rows: &[
        row(Connections, "Opened", &["tcp_connect"]),
        row(Connections, "Let in", &["tcp_ok"]),
        row(Connections, "Turned away by rules", &["tcp_deny"]),
        Row { lists: true, ..row(Connections, "Blocked by lists", LISTS) },
        row(Filters, "Let in", &["ham"]),
        row(Filters, "Turned away", REFUSED),
        row(Filters, "Viruses", &["virus"]),
    ],
    stage: Connections,
};

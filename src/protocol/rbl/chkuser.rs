//! CHKUSER, the patch of qmail-smtpd that looks whether senders and recipients exist.
//!
//! `CHKUSER accepted rcpt: from <…> remote <…> rcpt <…> : found existing recipient`: the words before the first
//! colon are CHKUSER's, sender, HELO and recipient are the client's. Source: doc/CHKUSER.log_format.
use super::common::{self, known, unknown};
use crate::protocol::{Raise, Sample, Verdict};

/// Raises what a line counts, `rest` being what follows `CHKUSER `.
pub(super) fn classify(rest: &[u8], raise: &mut Raise<'_>) -> Verdict {
    let verdict = &rest[..memchr::memchr(b':', rest).unwrap_or(rest.len())];
    match verdict {
        b"accepted rcpt" | b"accepted any rcpt" => known(common::HAM, raise),
        b"accepted sender" | b"accepted doublebounce" => known(common::SENDER_ACCEPTED, raise),
        // What comes next decides, or a line of its own has told: these neither let in nor turn away.
        b"relaying rcpt" | b"no auth resource" | b"must auth" | b"mbx overquota" | b"intrusion threshold" => {
            known(common::OTHER, raise)
        }
        _ if verdict.starts_with(b"rejected ") => known(common::CHKUSER, raise),
        _ => unknown(raise),
    }
}

/// Lines that document and test this group.
pub(super) const SAMPLES: &[Sample] = &[
    (
        "@400000006abaee6000000000 CHKUSER accepted rcpt: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("ham", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER accepted any rcpt: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("ham", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER accepted sender: from <bob@example.com|remoteinfo/auth:|chkuser-identify:> remote <helo:x>",
        &[("count", 1), ("sender_accepted", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER accepted doublebounce: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("sender_accepted", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER rejected rcpt: from <b@example.com::> remote <CHKUSER accepted rcpt:unknown:198.51.100.8> rcpt <>",
        &[("count", 1), ("chkuser", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER relaying rcpt: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER wonders: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("other", 1)],
    ),
];

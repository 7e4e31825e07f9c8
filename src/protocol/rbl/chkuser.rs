//! CHKUSER, the patch of qmail-smtpd that looks whether senders and recipients exist.
//!
//! `CHKUSER accepted rcpt: from <…> remote <…> rcpt <…> : found existing recipient`: the words before the first
//! colon are CHKUSER's, sender, HELO and recipient are the client's. Source: doc/CHKUSER.log_format.
use super::common::{self, known, unknown};
use crate::protocol::classify::{Raise, Verdict};

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

//! What qmail-send logs of a delivery that ended, taken apart: `delivery N: failure: REPORT`.
//!
//! qmail-send writes a newline as `/`, and `%`, blanks and what is no ASCII as `_`; a real `/` or `_` looks the same. A report
//! is made of
//!
//! 1. perhaps a prefix of a patch: `<From:SENDER_To:RECIPIENT>_` or `(RECIPIENT)_` before an address, or words on the
//!    login that was not possible;
//! 2. what qmail-remote says, which tells how far the session was ([`Phase`]);
//! 3. `/Remote_host_said:_` and the reply, with all of its lines;
//! 4. perhaps `Giving_up_on_IP./`, or what STARTTLS agreed on;
//! 5. perhaps `I'm_not_going_to_try_again;…`, by which qmail-send made a failure of a deferral.
//!
//! Without part 3 all of it is qmail's own.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// How far a session was when it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Greeting,
    Helo,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
}

/// The phases, each with its name in a table.
const PHASES: [(&str, Phase); 7] = [
    ("greeting", Phase::Greeting),
    ("helo", Phase::Helo),
    ("auth", Phase::Auth),
    ("mail", Phase::Mail),
    ("rcpt", Phase::Rcpt),
    ("data", Phase::Data),
    ("body", Phase::Body),
];

impl Phase {
    /// By its name in a table.
    pub(super) fn named(name: &str) -> Option<Phase> {
        PHASES.iter().find(|(known, _)| *known == name).map(|(_, phase)| *phase)
    }

    /// Its name in a table.
    pub(super) fn name(self) -> &'static str {
        PHASES.iter().find(|(_, phase)| *phase == self).map_or("", |(name, _)| name)
    }
}

/// A report, without what a client chose outside of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report<'a> {
    /// Parts 2 to 4.
    pub(super) text: &'a [u8],
    pub(super) phase: Option<Phase>,
    /// What the other server said, without part 4; `None`: nothing.
    pub(super) reply: Option<&'a [u8]>,
    /// Does part 5 stand at its end?
    pub(super) expired: bool,
}

/// What stands before a reply.
const SAID: &[u8] = b"Remote_host_said:_";
const EXPIRED: &[u8] = b"I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./";

/// What qmail-remote says behind an address, and the phase in which it does.
const BEHIND_ADDRESS: [(&[u8], Option<Phase>); 4] = [
    (b"_does_not_like_recipient.", Some(Phase::Rcpt)),
    (b"_failed_on_DATA_command.", Some(Phase::Data)),
    (b"_failed_after_I_sent_the_message.", Some(Phase::Body)),
    (b"_accepted_message", None),
];

/// What it says behind `Connected_to_` and an address.
const CONNECTED: [(&[u8], Phase); 4] = [
    (b"_but_greeting_failed.", Phase::Greeting),
    (b"_but_my_name_was_rejected.", Phase::Helo),
    (b"_but_authentication_was_rejected", Phase::Auth),
    (b"_but_sender_was_rejected.", Phase::Mail),
];

impl<'a> Report<'a> {
    /// Takes apart what follows `delivery N: failure: `, or `deferral: `.
    pub(super) fn of(report: &'a [u8]) -> Report<'a> {
        let (report, expired) = match report.strip_suffix(EXPIRED) {
            Some(rest) => (rest, true),
            None => (report, false),
        };
        let text = without_prefix(report);
        let phase = phase(text);
        // Qmail's own words may quote what a client chose: a domain that holds what stands before a reply.
        let is_remotes = text.starts_with(b"Connected_to_") || behind_address(text).is_some();
        let reply = if is_remotes { reply(text).map(without_end) } else { None };
        Report { text, phase, reply, expired }
    }
}

/// Without part 1.
fn without_prefix(report: &[u8]) -> &[u8] {
    const LOGIN: [&[u8]; 2] = [
        b"User_and_password_not_set,_continuing_without_authentication./",
        b"no_supported_AUTH_method_found,_continuing_without_authentication./",
    ];
    let report = LOGIN.iter().find_map(|words| report.strip_prefix(*words)).unwrap_or(report);
    let end: &[u8] = match report.first() {
        Some(b'<') if report.starts_with(b"<From:") => b">_",
        Some(b'(') => b")_",
        _ => return report,
    };
    // The addresses are the client's, and may hold all that qmail-remote writes. So the prefix ends as late as possible, where
    // qmail-remote's own words begin.
    let ends = memchr::memmem::find_iter(report, end).map(|at| &report[at + end.len()..]);
    ends.filter(|rest| behind_address(rest).is_some()).last().unwrap_or(report)
}

/// The words of [`BEHIND_ADDRESS`] that follow the address at the beginning of `text`.
fn behind_address(text: &[u8]) -> Option<Option<Phase>> {
    let rest = text.get(address(text)..)?;
    BEHIND_ADDRESS.iter().find_map(|(words, phase)| rest.starts_with(words).then_some(*phase))
}

/// The length of the address that `text` begins with.
fn address(text: &[u8]) -> usize {
    text.iter().take(45).take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')).count()
}

fn phase(text: &[u8]) -> Option<Phase> {
    if let Some(rest) = text.strip_prefix(b"Connected_to_") {
        let rest = rest.get(address(rest)..).unwrap_or_default();
        return CONNECTED.iter().find_map(|(words, phase)| rest.starts_with(words).then_some(*phase));
    }
    behind_address(text).flatten()
}

/// Part 3: the reply, to the end of the report.
fn reply(text: &[u8]) -> Option<&[u8]> {
    static FINDER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(SAID));
    let at = FINDER.find(text)?;
    // qmail-remote puts it at the beginning of a line.
    let begins = at == 0 || text.get(at - 1) == Some(&b'/');
    begins.then(|| text.get(at + SAID.len()..))?
}

/// Without part 4.
fn without_end(reply: &[u8]) -> &[u8] {
    let mut reply = reply;
    // The certificate's names have slashes of their own.
    if reply.ends_with(b";/")
        && let Some(at) = memchr::memmem::rfind(reply, b"/STARTTLS_proto=")
    {
        reply = &reply[..at];
    }
    reply = reply.strip_suffix(b"/").unwrap_or(reply);
    match memchr::memrchr(b'/', reply) {
        Some(at) if reply[at..].starts_with(b"/Giving_up_on_") => &reply[..at],
        _ => reply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(report: &str) -> (Option<Phase>, Option<String>, bool) {
        let report = Report::of(report.as_bytes());
        let reply = report.reply.map(|reply| String::from_utf8_lossy(reply).into_owned());
        (report.phase, reply, report.expired)
    }

    #[test]
    fn the_phase_and_the_reply() {
        for (report, phase, reply) in [
            (
                "Connected_to_192.0.2.1_but_greeting_failed./Remote_host_said:_554_no/",
                Some(Phase::Greeting),
                Some("554_no"),
            ),
            (
                "Connected_to_2001:db8::1_but_my_name_was_rejected./Remote_host_said:_550_no/",
                Some(Phase::Helo),
                Some("550_no"),
            ),
            (
                "Connected_to_192.0.2.1_but_authentication_was_rejected_(x)./Remote_host_said:_535_no/",
                Some(Phase::Auth),
                Some("535_no"),
            ),
            ("Connected_to_192.0.2.1_but_sender_was_rejected./", Some(Phase::Mail), None),
            (
                "192.0.2.1_does_not_like_recipient./Remote_host_said:_550-a/550_b/Giving_up_on_192.0.2.1./",
                Some(Phase::Rcpt),
                Some("550-a/550_b"),
            ),
            ("192.0.2.1_failed_on_DATA_command./Remote_host_said:_451_x/", Some(Phase::Data), Some("451_x")),
            (
                "192.0.2.1_failed_after_I_sent_the_message./Remote_host_said:_554_x/STARTTLS_proto=TLSv1.3;_cipher=x;/",
                Some(Phase::Body),
                Some("554_x"),
            ),
            (
                "(u@example.com)_192.0.2.1_does_not_like_recipient./Remote_host_said:_550_x/",
                Some(Phase::Rcpt),
                Some("550_x"),
            ),
            ("Sorry,_I_couldn't_find_any_host_named_x._(#5.1.2)/", None, None),
            ("", None, None),
        ] {
            assert_eq!(of(report), (phase, reply.map(str::to_owned), false), "{report}");
        }
        let expired =
            "Sorry._(#4.4.1)/I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./";
        assert!(of(expired).2 && !of(&format!("{expired}x")).2);
    }

    #[test]
    fn what_a_client_wrote_before_the_words_of_qmail_remote_is_not_read() {
        let forged = "<From:\"x>_192.0.2.9_failed_on_DATA_command./Remote_host_said:_250_ok\"@a_To:u@b>_192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_x/Giving_up_on_192.0.2.1./";
        assert_eq!(of(forged), (Some(Phase::Rcpt), Some("550_5.1.1_x".to_owned()), false));
        // A server may quote what stands before it, but not with these words behind an address.
        let quoted = "<From:a@b_To:u@c>_192.0.2.1_does_not_like_recipient./Remote_host_said:_550_<u@c>_192.0.2.9_is_listed/";
        assert_eq!(of(quoted).1.unwrap(), "550_<u@c>_192.0.2.9_is_listed");
    }
}

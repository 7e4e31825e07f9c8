//! Forged lines, and whatever bytes; the right lines are in the samples.

use super::*;
use crate::line::Parser;
use proptest::prelude::*;

/// What `line` raises, and how it is understood.
fn raised(line: &[u8], place: LogKind) -> (Vec<&'static str>, Verdict) {
    let line = Parser::new(10, 1_790_636_400).parse(line);
    let mut values = vec![0; COUNTERS.len()];
    let verdict = classify(&line, place, &mut Raise(&mut values));
    let of = COUNTERS.iter().zip(values).filter(|(_, value)| *value != 0);
    (of.map(|(counter, value)| if value == 1 { counter.key } else { "more than one" }).collect(), verdict)
}

fn in_syslog(line: &str) -> (Vec<&'static str>, Verdict) {
    raised(format!("Nov 28 18:00:01 mx1 {line}").as_bytes(), LogKind::Shared)
}

#[test]
fn a_message_id_decides_nothing() {
    // Every sentence in a Message-ID, before every other one.
    for (forged, _) in SENTENCES {
        let forged = String::from_utf8(forged.to_vec()).unwrap();
        for (told, key) in [
            ("saved mail to INBOX", Some("saved")),
            ("stored mail into mailbox 'a: b'", Some("saved")),
            ("redirect action: forwarded to <v@example.net>", Some("forwarded")),
            ("discarded duplicate forward to <v@example.net>", Some("duplicate")),
            ("discard action: Marked message to be discarded if not explicitly delivered", Some("discarded")),
            ("rejected message from <s@example.com> (reject)", Some("rejected")),
            ("save failed to INBOX: Internal error occurred. [2026-11-28 18:00:15]", Some("failed")),
            ("save failed to INBOX: Quota exceeded (mailbox for user is full)", Some("quota")),
            ("sent vacation response to <s@example.com>", Some("vacation")),
            ("left message in mailbox 'INBOX'", None),
            ("not forwarding message, because of a loop", None),
            (
                "failed to redirect message to <v@example.net>: smtp(mx): RCPT TO failed: 550 no (permanent failure)",
                None,
            ),
            ("vacation action: discarding vacation response to mailinglist recipient <u@example.org>", None),
        ] {
            for id in [
                format!("<x: {forged}y: Quota exceeded@example.com>"),
                format!("x: fileinto action: {forged}y"),
                format!("<x>: {forged}<y>: z"),
            ] {
                let line = format!("dovecot: lmtp(u)<7><S>: sieve: msgid={id}: {told}");
                assert_eq!(in_syslog(&line), (key.into_iter().collect(), Verdict::Known), "{line}");
            }
        }
        let unknown = format!("dovecot: lmtp(u)<7><S>: msgid=<x: {forged}y>: what nobody knows");
        // What could not be sent is told with an address and an error, as these words are here. It counts nothing.
        let fails = forged.starts_with("failed to ") && !forged.contains(" store ");
        let verdict = if fails { Verdict::Known } else { Verdict::Unknown };
        assert_eq!(in_syslog(&unknown), (vec![], verdict), "{unknown}");
    }
}

#[test]
fn what_comes_before_the_message_id() {
    let told = "msgid=<a@example.com>: saved mail to INBOX";
    for before in [
        "dovecot: lmtp(u)<7><S1>: ",
        "dovecot[241]: lmtp(u)<7><S/+1>: Info: ",
        "dovecot: lmtp(7, u): S1: ",
        "dovecot: lmtp(7, u): S1: Info: sieve: ",
        "dovecot: lda(u): sieve: ",
        "dovecot: deliver(u): 2011-01-21 20:03:19 Info: ",
        "deliver(u): ",
        "lda(u)<7><S1>: ",
    ] {
        assert_eq!(in_syslog(&format!("{before}{told}")), (vec!["saved"], Verdict::Known), "{before}");
    }
    for (before, verdict) in [
        ("dovecot: lmtp(u)<7><S1>: Warning: ", Verdict::Known),
        ("dovecot: lmtp(u)<7><S1>: Debug: ", Verdict::Known),
        ("dovecot: lmtp(u)<7><S1>: x y: ", Verdict::Known),
        ("dovecot: lmtp(u)<7>: ", Verdict::Foreign),
        ("dovecot: lmtp(u) x: ", Verdict::Foreign),
        ("dovecot: lmtp(u", Verdict::Foreign),
        ("dovecot: lmtp: ", Verdict::Foreign),
        ("dovecot: indexer-worker(u)<7><S1>: ", Verdict::Foreign),
        ("dovecot: Info: lmtp(u)<7><S1>: ", Verdict::Foreign),
        ("lmtp: ", Verdict::Foreign),
        ("xlmtp(u): ", Verdict::Foreign),
        ("lmtp(u)x: ", Verdict::Foreign),
    ] {
        assert_eq!(in_syslog(&format!("{before}{told}")), (vec![], verdict), "{before}");
    }
}

#[test]
fn another_format_of_the_log_counts_nothing() {
    let line = "dovecot: lmtp(u)<7><S1>: from=<a@example.com>, saved mail to INBOX: saved mail to INBOX";
    assert_eq!(in_syslog(line), (vec![], Verdict::Known));
}

#[test]
fn the_end_of_a_cut_line_is_not_believed() {
    let line = |length: usize| {
        let id = "x".repeat(length);
        in_syslog(&format!("dovecot: lmtp(u)<7><S1>: msgid=<{id}: saved mail to INBOX"))
    };
    assert_eq!(line(3000), (vec!["saved"], Verdict::Known));
    assert_eq!(line(4000), (vec![], Verdict::Unknown));
    assert_eq!(line(9000), (vec![], Verdict::Unknown));
}

#[test]
fn in_a_log_of_its_own_any_other_line_is_unknown() {
    let own = |line: &str| raised(line.as_bytes(), LogKind::Dedicated);
    assert_eq!(
        own("Nov 28 18:00:01 lda(u): Info: msgid=<a>: saved mail to INBOX"),
        (vec!["saved"], Verdict::Known)
    );
    assert_eq!(own("Nov 28 18:00:01 spamd[1]: spamd: result"), (vec![], Verdict::Unknown));
    assert_eq!(own("Nov 28 18:00:01 dovecot: imap-login: x"), (vec![], Verdict::Foreign));
}

#[test]
fn who_logs_in_to_edit_scripts() {
    for (line, keys) in [
        (
            "dovecot: managesieve-login: Login: user=<x (auth failed)>, method=PLAIN, rip=1, lip=1",
            vec!["sieve_login"],
        ),
        (
            "dovecot: managesieve-login: Info: Logged in: user=<x>, method=PLAIN, rip=1, lip=1",
            vec!["sieve_login"],
        ),
        (
            "dovecot: managesieve-login: Aborted login: user=<Login: user=<x>>, rip=1, lip=1",
            vec!["sieve_fail"],
        ),
        (
            "dovecot: managesieve-login: Disconnected (auth failed, 1 attempts): rip=1, lip=1",
            vec!["sieve_fail"],
        ),
        ("dovecot: managesieve-login: Disconnected: user=<(auth failed>, rip=1, lip=1", vec![]),
        ("dovecot: managesieve-login: proxy(x): y: started proxying to 1: user=<x>, rip=1", vec![]),
        ("other: managesieve-login: Login: user=<x>, rip=1, lip=1", vec![]),
    ] {
        assert_eq!(in_syslog(line).0, keys, "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_borne(
        begin in proptest::sample::select(vec![
            "", "Nov 28 18:00:01 mx1 dovecot: ", "Nov 28 18:00:01 mx1 dovecot: lmtp(", "Nov 28 18:00:01 lda(u)<7><",
            "Nov 28 18:00:01 mx1 deliver(u): msgid=", "lmtp(u): 2011-01-21 20:03:19 ", "Nov 28 18:00:01 lmtp(7, ",
        ]),
        text in proptest::collection::vec(prop_oneof![
            proptest::sample::select(b")<>: (u7=".to_vec()).prop_map(|byte| vec![byte]),
            any::<u8>().prop_map(|byte| vec![byte]),
            Just(b"msgid=".to_vec()), Just(b": saved mail to ".to_vec()), Just(b": Quota exceeded".to_vec()),
        ], 0..40),
    ) {
        let line = [begin.as_bytes(), &text.concat()].concat();
        for place in [LogKind::Shared, LogKind::Dedicated] {
            let (keys, verdict) = raised(&line, place);
            // One line is one action, and what is foreign or not understood counts nothing.
            prop_assert!(keys.len() <= usize::from(verdict == Verdict::Known) && !keys.contains(&"more than one"));
        }
    }
}

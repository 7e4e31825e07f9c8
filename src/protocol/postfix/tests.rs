//! Forged lines, numbers, and whatever bytes; the right lines are in the samples.

use super::*;
use crate::line::Parser;
use proptest::prelude::*;

/// What `line` raises, as `KEY AMOUNT`, and how it is understood.
fn raised(line: &[u8], place: LogKind) -> (Vec<String>, Verdict) {
    let line = Parser::new(10, 1_790_636_400).parse(line);
    let mut values = vec![0; COUNTERS.len()];
    let verdict = classify(&line, place, &mut Raise(&mut values));
    let of = COUNTERS.iter().zip(values).filter(|(_, value)| *value != 0);
    (of.map(|(counter, value)| format!("{} {value}", counter.key)).collect(), verdict)
}

fn in_syslog(line: &str) -> (Vec<String>, Verdict) {
    raised(format!("Nov 28 18:00:01 mx1 {line}").as_bytes(), LogKind::Shared)
}

const DEFERRED_LINE: &str =
    ">, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (connect: timed out)";

#[test]
fn a_recipient_of_any_name_is_not_delivered_to() {
    for recipient in [
        "\"x, status=sent (ok)\"@example.org",
        "\"x>, delay=7, dsn=2.0.0, status=sent (ok\"@example.org",
        "\"dsn=5.1.1, status=bounced \"@example.org",
        "x>, orig_to=<y, status=sent (@example.org",
        "relay=x@example.org",
        "\", status=expired, returned to sender\"@example.org",
        "NOQUEUE: reject: RCPT from x[1]: 450@example.org",
    ] {
        let (keys, verdict) = in_syslog(&format!("postfix/smtp[5]: 4AC3: to=<{recipient}{DEFERRED_LINE}"));
        let right = ["deferred 1", "delay_sum 1000000000", "deferred_network 1"];
        assert_eq!(
            (keys.as_slice(), verdict),
            (&right.map(str::to_owned)[..], Verdict::Known),
            "{recipient}"
        );
    }
    for recipient in [
        "\"x>, relay=y, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (\"@example.org",
        "x>, relay=y, status=sent (ok)@example.org",
        "\", relay=\"@example.org",
        "\"x>, relay=a, relay=b\"@example.org",
    ] {
        let (keys, verdict) = in_syslog(&format!("postfix/smtp[5]: 4AC3: to=<{recipient}{DEFERRED_LINE}"));
        assert_eq!((keys, verdict), (vec!["postfix_other 1".to_owned()], Verdict::Unknown), "{recipient}");
    }
}

#[test]
fn the_end_of_a_cut_line_is_not_believed() {
    let forged = "x>, relay=y, delay=0, dsn=2.0.0, status=sent (";
    let line =
        format!("postfix/smtp[5]: 4AC3: to=<\"{forged}{}\"@example.org{DEFERRED_LINE}", "x".repeat(5000));
    assert_eq!(in_syslog(&line), (vec!["postfix_other 1".to_owned()], Verdict::Unknown));
    let sender = format!("{}, status=expired, returned to sender", "x".repeat(4000));
    assert_eq!(in_syslog(&format!("postfix/qmgr[1]: 4AC3: from=<{sender}>, size=1")).0, Vec::<String>::new());
}

#[test]
fn numbers() {
    for (text, value) in [
        ("0,", Some(0)),
        ("0.51,", Some(510_000_000)),
        ("55175,", Some(55_175_000_000_000)),
        ("1.000001,", Some(1_000_001_000)),
        ("1.123456789,", Some(1_123_456_789)),
        ("1.1234567891,", None),
        ("1.,", None),
        (".5,", None),
        ("-1,", None),
        ("1", None),
        ("1 ,", None),
        ("18446744073709551615,", None),
        ("18446744073.999999999,", None),
        ("", None),
    ] {
        assert_eq!(seconds(text.as_bytes()), value, "{text}");
    }
    for (text, class) in [
        ("4.1.1", Some(0)),
        ("5.7.509, x", Some(6)),
        ("2.0.0", None),
        ("4.0.0", None),
        ("4.8.0", None),
        ("4.1", None),
        ("4.10.1", None),
        ("41.1.1", None),
        ("", None),
    ] {
        assert_eq!(class_of(text.as_bytes()), class, "{text}");
    }
}

#[test]
fn what_the_client_may_try_again() {
    for (text, temporary) in [
        ("RCPT from unknown[192.0.2.9]: 450 4.7.1 x", Some(true)),
        ("END-OF-MESSAGE from mx.example.org[2001:db8::1]: 4.7.1 x", Some(true)),
        ("RCPT from [192.0.2.9]:4000: 450 x", Some(true)),
        ("RCPT from [192.0.2.9]:4000: 550 x", Some(false)),
        ("RCPT from unknown[192.0.2.9]: 554 5.7.1 <[1]: 450>", Some(false)),
        ("RCPT from unknown [192.0.2.9]: 450", None),
        ("RCPT from unknown[192.0.2.9] 450", None),
        ("header x]: 450 from unknown[192.0.2.9]; from=<a>: 4.7.1 x", None),
        ("body RCPT from unknown[192.0.2.9]: 450", None),
        (" from unknown[192.0.2.9]: 450", None),
        ("RCPT from unknown[192.0.2.9", None),
        ("", None),
    ] {
        assert_eq!(is_temporary(text.as_bytes()), temporary, "{text}");
    }
}

#[test]
fn of_which_programs_it_is() {
    for (tag, program) in [
        ("postfix/smtp", Some("smtp")),
        ("postfix/relay/smtp", Some("smtp")),
        ("postfix-out/submissions/smtpd", Some("smtpd")),
        ("postfix", None),
        ("postfix-policyd-spf", None),
        ("postfixx/smtp", None),
        ("xpostfix/smtp", None),
        ("smtp", None),
    ] {
        assert_eq!(process(tag.as_bytes()), program.map(str::as_bytes), "{tag}");
    }
    assert_eq!(raised(b"Nov 28 18:00:01 mx1 other: x", LogKind::Dedicated).1, Verdict::Unknown);
}

proptest! {
    #[test]
    fn any_bytes_are_borne(
        program in proptest::sample::select(vec!["smtp", "qmgr", "smtpd", "postscreen", "cleanup", "pipe", "x/y", ""]),
        text in proptest::collection::vec(prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            proptest::sample::select(vec![
                "4AC3: ", "to=<", "from=<", ", relay=", ", delay=1", ", dsn=4.1.1", ", status=", "sent (", "deferred (",
                ", status=expired, returned to sender", "reject: ", "milter-", "RCPT from x[1]: ", ":25: ", "4",
            ]).prop_map(|text| text.as_bytes().to_vec()),
        ], 0..24),
    ) {
        let line = [format!("Nov 28 18:00:01 mx1 postfix/{program}[5]: ").as_bytes(), &text.concat()].concat();
        let (keys, verdict) = raised(&line, LogKind::Shared);
        let events = ["sent", "deferred", "bounced", "expired", "rejected", "postfix_other"];
        let events: Vec<_> = keys.iter().filter(|key| events.iter().any(|event| **key == format!("{event} 1"))).collect();
        prop_assert!(events.len() <= 1 && (events.len() == 1 || keys.is_empty()), "{:?}", keys);
        prop_assert_eq!(verdict == Verdict::Unknown, keys == ["postfix_other 1"]);
    }
}

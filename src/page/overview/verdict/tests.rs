//! Each rule of the verdict, on both sides of its borders.
use super::*;

/// Saturday 28 November 2026, 17:27:36 UTC.
const NOW: i64 = 1_795_886_856;

/// A server on which all is well.
fn well() -> Known {
    let flow = |messages, deliveries| Flow { messages: Some(messages), deliveries: Some(deliveries) };
    Known {
        now: NOW,
        mta: Some("qmail-send".into()),
        seen: NOW - 1,
        since: Some(NOW - 40 * DAY),
        hour: flow(688.0, 811.0),
        day: flow(11_355.0, 13_100.0),
        earlier: vec![flow(650.0, 790.0), flow(700.0, 850.0), flow(630.0, 760.0), flow(690.0, 800.0)],
        attempts: Some(600.0),
        succeeded: Some(400.0),
        last: Some(NOW - 2),
        usual: vec![],
        last_delivery: Some(NOW - 2),
        usual_deliveries: vec![],
        waiting: Some(89.0),
        oldest: Some(98_880),
        sources: 10,
        logs: 9,
        slowest: Some(96),
        ..Known::default()
    }
}

fn text(verdict: &Verdict) -> String {
    let lead: String = verdict.lead.iter().map(|piece| piece.text.as_str()).collect();
    format!("{}: {lead}", verdict.title).replace(words::THIN, " ")
}

fn clock(ago: i64) -> String {
    local::clock(NOW - ago)
}

#[test]
fn mail_is_flowing() {
    let found = verdict(&well());
    assert_eq!((found.sign, found.look), (Sign::Ok, false));
    let day = local::weekday(NOW);
    assert_eq!(
        text(&found),
        format!(
            "Mail is flowing: In the hour until {}, 688 messages came into the queue and 811 deliveries succeeded, about as many as \
             on other {day}s. 89 messages wait; the oldest came 27 h 28 min ago. All ten sources were heard in the last two minutes.",
            clock(1)
        )
    );
    let strong: Vec<&str> =
        found.lead.iter().filter(|piece| piece.strong).map(|piece| piece.text.as_str()).collect();
    assert_eq!(strong.len(), 4, "{strong:?}");
    assert_eq!(strong[..3], ["688 messages", "811 deliveries", "89"]);
}

/// `(what is different, the sign, how title and sentence go)`.
type Case = (&'static str, fn(&mut Known), Sign, &'static [&'static str]);

#[test]
fn each_rule_on_both_sides_of_its_border() {
    let cases: &[Case] = &[
        (
            "read just now and a source was not",
            |k| k.trouble = Some("syslog: permission denied".into()),
            Sign::Unknown,
            &["Not known since", "Not every log could be read: syslog: permission denied."],
        ),
        ("read 15 minutes ago", |k| k.seen = NOW - 900, Sign::Ok, &["Mail is flowing"]),
        (
            "read longer ago",
            |k| k.seen = NOW - 901,
            Sign::Unknown,
            &["Not known since", "were last read 15 min before"],
        ),
        (
            "read long ago, for a reason",
            |k| {
                k.seen = NOW - 22_920;
                k.trouble = Some("syslog: permission denied".into());
            },
            Sign::Unknown,
            &[
                "Not known since",
                "6 h 22 min before this page was made: syslog: permission denied. Everything below ends there.",
            ],
        ),
        ("the clock was set back", |k| k.seen = NOW + 7_000, Sign::Ok, &["Mail is flowing"]),
        (
            "never read",
            |k| {
                k.seen = 0;
                k.since = None;
            },
            Sign::Unknown,
            &["Nothing is known yet", "No log of qmail-send"],
        ),
        (
            "never read, for a reason",
            |k| {
                k.seen = 0;
                k.trouble = Some("no such directory".into());
            },
            Sign::Unknown,
            &["Nothing is known yet", "no such directory."],
        ),
        ("read, and nothing counted", |k| k.since = None, Sign::Unknown, &["Nothing is counted yet"]),
        (
            "a day less a second",
            |k| k.since = Some(NOW - DAY + 1),
            Sign::Unknown,
            &[
                "Counting since ",
                "The first day. 11,355 messages came into the queue and 13,100 deliveries succeeded so far.",
                "the first same weekday is ",
            ],
        ),
        ("a day", |k| k.since = Some(NOW - DAY), Sign::Ok, &["Mail is flowing"]),
        (
            "an unread source on the first day",
            |k| {
                k.since = Some(NOW - 100);
                k.seen = NOW - 1_000;
            },
            Sign::Unknown,
            &["Not known since"],
        ),
        // Half an hour of silence.
        (
            "half an hour",
            |k| {
                k.last = Some(NOW - 1_800);
                k.usual = vec![300.0; 4];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "a second more",
            |k| {
                k.last = Some(NOW - 1_801);
                k.usual = vec![300.0; 4];
                k.told = Some((400.0, false));
            },
            Sign::Stop,
            &[
                "No mail since",
                "for 30 min; on other Saturdays about 400 come in the same time.",
                "89 messages wait",
            ],
        ),
        (
            "hours",
            |k| {
                k.last = Some(NOW - 12_120);
                k.usual = vec![2_300.0, 2_100.0, 2_500.0, 2_200.0];
                k.told = Some((2_300.0, true));
            },
            Sign::Stop,
            &["No mail since", "for 3 h 22 min; on other days about", "come in the same time"],
        ),
        // A small server at night: one message in two hours is usual, and five hours are silent.
        (
            "a silent night",
            |k| {
                k.last = Some(NOW - 5 * 3_600);
                k.usual = vec![2.0, 3.0, 2.0, 4.0];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "ten usual gaps",
            |k| {
                k.last = Some(NOW - 20 * 3_600);
                k.usual = vec![10.0; 4];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "eleven",
            |k| {
                k.last = Some(NOW - 22 * 3_600);
                k.usual = vec![11.0; 4];
            },
            Sign::Stop,
            &["No mail since", "for 22 h"],
        ),
        (
            "three mails a day, silent for two days",
            |k| {
                k.last = Some(NOW - 2 * DAY);
                k.usual = vec![6.0; 4];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "three mails a day, silent for four days",
            |k| {
                k.last = Some(NOW - 4 * DAY);
                k.usual = vec![12.0; 4];
            },
            Sign::Stop,
            &["No mail since", "for 4 days"],
        ),
        (
            "the median, not the busiest day",
            |k| {
                k.last = Some(NOW - 5_000);
                k.usual = vec![8.0, 9.0, 10.0, 900.0];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "nothing in the hour, and nothing to compare with",
            |k| {
                k.last = Some(NOW - 5_000);
                k.hour = Flow { messages: Some(0.0), deliveries: Some(0.0) };
            },
            Sign::Unknown,
            &["No mail since", "for 1 h 23 min; whether that is unusual is not known"],
        ),
        (
            "a weekend of which nothing is known",
            |k| {
                k.last = Some(NOW - 3 * DAY);
                k.hour = Flow { messages: Some(0.0), deliveries: Some(0.0) };
                k.expected = 5_000.0;
            },
            Sign::Unknown,
            &["No mail since", "whether that is unusual is not known"],
        ),
        (
            "more than a weekend",
            |k| {
                k.last = Some(NOW - 3 * DAY - 1);
                k.hour = Flow { messages: Some(0.0), deliveries: Some(0.0) };
                k.expected = 11.0;
            },
            Sign::Stop,
            &["No mail since", "no new message and no delivery for 3 days. 89 messages wait"],
        ),
        (
            "more than a weekend, where little comes",
            |k| {
                k.last = Some(NOW - 3 * DAY - 1);
                k.hour = Flow { messages: Some(0.0), deliveries: Some(0.0) };
                k.expected = 10.0;
            },
            Sign::Unknown,
            &["No mail since", "whether that is unusual is not known"],
        ),
        (
            "more than four weeks",
            |k| {
                k.last = Some(NOW - 28 * DAY - 1);
                k.hour = Flow { messages: None, deliveries: Some(0.0) };
            },
            Sign::Stop,
            &["No mail since", "for 28 days"],
        ),
        (
            "longer than anything is known",
            |k| {
                k.last = None;
                k.hour = Flow { messages: Some(0.0), deliveries: Some(0.0) };
            },
            Sign::Stop,
            &["No mail in the last two months", "for 62 days"],
        ),
        (
            "an RRD that was lost two hours ago, and nothing since",
            |k| {
                (k.last, k.known_from, k.lost) = (None, Some(NOW - 7_200), Some(NOW - 7_200));
                k.earlier.clear();
                k.hour = Flow { messages: Some(0.0), deliveries: Some(0.0) };
            },
            Sign::Unknown,
            &[
                "No mail since",
                " at least",
                "for 2 h; whether that is unusual is not known. The RRD has nothing",
            ],
        ),
        (
            "an RRD that was lost, and weeks since to compare with",
            |k| k.lost = Some(NOW - 30 * DAY),
            Sign::Ok,
            &["about as many as on other Saturdays. 89 messages wait"],
        ),
        (
            "an RRD that was lost",
            |k| {
                k.lost = Some(NOW - 7_200);
                k.earlier.clear();
            },
            Sign::Ok,
            &[
                "Mail is flowing",
                "The RRD has nothing of the time before ",
                "so that there is nothing to compare with.",
            ],
        ),
        (
            "the hour is not known",
            |k| k.hour = Flow::default(),
            Sign::Unknown,
            &["Not known whether mail is flowing", "it is not known how much came and went."],
        ),
        (
            "nothing to compare with",
            |k| {
                k.last = Some(NOW - 5_000);
                k.usual = vec![];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "a stamp of the future",
            |k| {
                k.last = Some(NOW + 86_400);
                k.usual = vec![300.0; 4];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "nothing ever",
            |k| {
                k.last = None;
                k.usual = vec![];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        // Nothing delivered.
        (
            "many attempts in vain",
            |k| k.succeeded = Some(0.0),
            Sign::Stop,
            &[
                "Nothing is delivered since",
                "In the last half-hour 600 attempts to deliver ended, and none succeeded.",
            ],
        ),
        (
            "many attempts in vain, as on other nights",
            |k| {
                k.succeeded = Some(0.0);
                k.last_delivery = Some(NOW - 4 * 3_600);
                k.usual_deliveries = vec![0.0, 0.0, 3.0, 0.0];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "many attempts in vain where one usually succeeds",
            |k| {
                k.succeeded = Some(0.0);
                k.last_delivery = Some(NOW - 4 * 3_600);
                k.usual_deliveries = vec![1.0; 4];
            },
            Sign::Stop,
            &["Nothing is delivered since"],
        ),
        ("one of them succeeded", |k| k.succeeded = Some(1.0), Sign::Ok, &["Mail is flowing"]),
        (
            "one attempt on a small server at night",
            |k| {
                k.attempts = Some(1.0);
                k.succeeded = Some(0.0);
                k.last_delivery = Some(NOW - 7_200);
                k.usual_deliveries = vec![3.0; 4];
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "one attempt where many usually succeed",
            |k| {
                k.attempts = Some(1.0);
                k.succeeded = Some(0.0);
                k.last_delivery = Some(NOW - 7_200);
                k.usual_deliveries = vec![30.0; 4];
            },
            Sign::Stop,
            &["Nothing is delivered since", "1 attempt to deliver ended"],
        ),
        (
            "19 attempts in vain",
            |k| {
                k.attempts = Some(19.0);
                k.succeeded = Some(0.0);
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "20",
            |k| {
                k.attempts = Some(20.0);
                k.succeeded = Some(0.0);
            },
            Sign::Stop,
            &["Nothing is delivered"],
        ),
        ("not known whether they succeeded", |k| k.succeeded = None, Sign::Ok, &["Mail is flowing"]),
        (
            "no attempts",
            |k| {
                k.attempts = Some(0.0);
                k.succeeded = Some(0.0);
            },
            Sign::Ok,
            &["Mail is flowing"],
        ),
        (
            "no mail comes first",
            |k| {
                k.succeeded = Some(0.0);
                k.last = Some(NOW - 3_600);
                k.usual = vec![300.0; 4];
            },
            Sign::Stop,
            &["No mail since"],
        ),
        // The sentence.
        ("more than usual", |k| k.hour.messages = Some(900.0), Sign::Ok, &["more than on other"]),
        (
            "fewer than usual",
            |k| {
                k.hour.messages = Some(500.0);
                k.hour.deliveries = Some(500.0);
            },
            Sign::Ok,
            &["fewer than on other"],
        ),
        (
            "one more and the other fewer",
            |k| {
                k.hour.messages = Some(900.0);
                k.hour.deliveries = Some(100.0);
            },
            Sign::Ok,
            &["100 deliveries succeeded."],
        ),
        ("nothing to compare", |k| k.earlier.clear(), Sign::Ok, &["811 deliveries succeeded."]),
        (
            "no queue is measured",
            |k| {
                k.waiting = None;
                k.oldest = None;
            },
            Sign::Ok,
            &["Saturdays. All ten sources"],
        ),
        (
            "an empty queue",
            |k| {
                k.waiting = Some(0.0);
                k.oldest = Some(0);
            },
            Sign::Ok,
            &["Nothing waits in the queue."],
        ),
        (
            "one message",
            |k| {
                k.waiting = Some(1.0);
                k.oldest = Some(90);
            },
            Sign::Ok,
            &["1 message waits; it came 1 min ago."],
        ),
        ("a silent source", |k| k.silent = vec!["Webmail".into()], Sign::Ok, &["Webmail is silent."]),
        (
            "several",
            |k| k.silent = vec!["a*b".into(), "c".into()],
            Sign::Ok,
            &["a\u{2217}b and c are silent."],
        ),
        (
            "the only source",
            |k| {
                k.sources = 1;
                k.logs = 1;
                k.slowest = Some(3);
            },
            Sign::Ok,
            &["The only source was heard in the last minute."],
        ),
        (
            "sources that never were",
            |k| k.never = 2,
            Sign::Ok,
            &["Ten of twelve sources were heard in the last"],
        ),
        (
            "only a queue that is measured",
            |k| {
                k.mta = None;
                k.logs = 0;
            },
            Sign::Unknown,
            &["Nothing is counted yet"],
        ),
        ("a quiet source", |k| k.slowest = Some(4_000), Sign::Ok, &["were heard in the last 2 h."]),
        // Postfix logs no message that comes in.
        (
            "deliveries alone",
            |k| {
                k.hour.messages = None;
                k.earlier.clear();
            },
            Sign::Ok,
            &[", 811 deliveries succeeded."],
        ),
        // A server without messages and deliveries.
        (
            "logins alone",
            |k| {
                k.mta = None;
                k.others = vec![("logins", 1_234.0)];
            },
            Sign::Ok,
            &[
                "Logs are read",
                "it is not known whether mail flows. In the hour until",
                "there were 1,234 logins.",
            ],
        ),
        (
            "logins alone, unread",
            |k| {
                k.mta = None;
                k.seen = NOW - 7_200;
            },
            Sign::Unknown,
            &["Not known since", "2 h before"],
        ),
        (
            "logins alone, silent",
            |k| {
                k.mta = None;
                k.silent = vec!["IMAP".into()];
            },
            Sign::Stop,
            &["A source is silent", "IMAP is silent."],
        ),
        (
            "nothing at all",
            |k| *k = Known { now: NOW, ..Known::default() },
            Sign::Unknown,
            &["Nothing is counted yet"],
        ),
    ];
    for (what, change, sign, parts) in cases {
        let mut known = well();
        change(&mut known);
        let found = verdict(&known);
        let said = text(&found).replace(&format!("{}s", local::weekday(NOW)), "Saturdays");
        assert_eq!(found.sign, *sign, "{what}: {said}");
        for part in *parts {
            assert!(said.contains(part), "{what}: `{part}` is not in: {said}");
        }
        assert!(!said.contains('*') && !said.contains("  ") && !said.contains(".."), "{what}: {said}");
        assert_eq!(
            found.look,
            sign == &Sign::Stop || (*sign == Sign::Unknown && !said.starts_with("Counting")),
            "{what}"
        );
    }
}

/// Whatever is not known: a sentence comes of it, and no number that nobody counted.
#[test]
fn any_gap_makes_a_sentence() {
    for bits in 0..256_u32 {
        let mut known = well();
        let is = |bit: u32| bits & (1 << bit) != 0;
        if is(0) {
            known.hour.messages = None
        }
        if is(1) {
            known.hour.deliveries = None
        }
        if is(2) {
            known.earlier.clear()
        }
        if is(3) {
            known.waiting = None
        }
        if is(4) {
            known.oldest = None
        }
        if is(5) {
            known.slowest = None
        }
        if is(6) {
            (known.attempts, known.succeeded) = (None, None)
        }
        if is(7) {
            (known.last, known.last_delivery) = (None, None)
        }
        let said = text(&verdict(&known));
        let title = match is(0) && is(1) {
            true => "Not known whether mail is flowing: Of the hour until ",
            false => "Mail is flowing: In the hour until ",
        };
        assert!(said.starts_with(title) && said.ends_with('.'), "{said}");
        assert!(!said.contains(" 0 ") && !said.contains("  "), "{said}");
    }
}

use super::*;
use crate::protocol::send::SEND;

fn days() -> [LocalDay; 2] {
    [LocalDay { date: 2, begin: 2000 }, LocalDay { date: 1, begin: 1000 }]
}

fn begin(kept: &Kept) -> Attempts {
    Attempts::of(SEND.attempts, kept, days())
}

fn at(secs: i64) -> i64 {
    secs * NANO
}

const TO: Ended = Ended { place: 1, recipient: 0 };

fn put_off(attempts: &mut Attempts, class: usize, secs: i64, reply: &str) {
    let report =
        format!("192.0.2.1_does_not_like_recipient./Remote_host_said:_{reply}/Giving_up_on_192.0.2.1./");
    let day = attempts.day_of(secs);
    attempts.not_succeeded(TO, class, Outcome::Deferral, (day, at(secs)), report.as_bytes());
}

#[test]
fn what_ended_counts_on_the_day_of_its_line_and_before_yesterday_on_none() {
    let mut attempts = begin(&Kept::default());
    for secs in [999, 1000, 1999, 2000, 2001, 9000] {
        put_off(&mut attempts, 1, secs, "451_later");
        let day = attempts.day_of(secs);
        attempts.succeeded(TO, day);
    }
    attempts.not_succeeded(Ended { place: 0, recipient: 0 }, 17, Outcome::Failure, (0, at(2000)), b"x");
    let kept = attempts.finish();
    let cell = |place, class, put_off, failed| Cell { place, class, put_off, failed };
    assert_eq!(
        kept.days,
        [
            Day { date: 1, cells: vec![cell(1, 0, 2, 0), cell(1, 1, 2, 0)] },
            Day { date: 2, cells: vec![cell(0, 17, 0, 1), cell(1, 0, 3, 0), cell(1, 1, 3, 0)] },
        ]
    );
    // What is kept goes on; and nothing changes where nothing is read.
    assert_eq!(begin(&kept).finish(), kept);
    let mut again = begin(&kept);
    put_off(&mut again, 1, 1500, "451_later");
    assert_eq!(again.finish().days[0].cells[1].put_off, 3);
}

#[test]
fn the_day_before_yesterday_is_forgotten_and_a_day_to_come_stays_what_it_is() {
    let cells = vec![Cell { place: 1, class: 1, put_off: 1, failed: 0 }];
    let day = |date| Day { date, cells: cells.clone() };
    let names = begin(&Kept::default()).finish();
    let kept = Kept { days: vec![day(0), day(1), day(2), day(3)], ..names };
    let days: Vec<(u32, u64)> =
        begin(&kept).finish().days.iter().map(|day| (day.date, day.cells[0].put_off)).collect();
    assert_eq!(days, [(1, 1), (2, 1), (3, 1)]);
    // No more than a few, so that a clock that runs wild fills no state.
    let kept = Kept { days: (0..40).map(day).collect(), ..kept };
    assert_eq!(begin(&kept).finish().days.len(), 2 + MOST_TO_COME);
}

/// The days of a time, as a reading takes them.
fn days_at(now: i64) -> [LocalDay; 2] {
    let day = |secs| {
        let (date, begin) = day_of(secs);
        LocalDay { date, begin }
    };
    [day(now), day(day(now).begin - 1)]
}

/// An update at `now` that reads `lines`, each with its time. `kept_at`: when the last commit was.
fn update(kept: &Kept, kept_at: i64, now: i64, lines: &[i64]) -> Kept {
    let mut attempts = Attempts::of(SEND.attempts, kept, days_at(now));
    attempts.was_kept_at(kept_at, now);
    for secs in lines {
        put_off(&mut attempts, 1, *secs, "451_later");
        let day = attempts.day_of(*secs);
        attempts.succeeded(TO, day);
    }
    attempts.finish()
}

/// The attempts of the day of `now`, and of the one before.
fn numbers(kept: &Kept, now: i64) -> [u64; 2] {
    days_at(now).map(|LocalDay { date, .. }| {
        let cells = kept.days.iter().filter(|day| day.date == date).flat_map(|day| &day.cells);
        cells.map(|cell| cell.put_off + cell.failed).sum()
    })
}

const DAY: i64 = 86_400;
/// Noon of a day, in UTC.
const NOON: i64 = 20_000 * DAY + DAY / 2;

/// A job of cron may run before the clock is set: nothing is lost by it, also of the lines that it reads.
#[test]
fn a_clock_that_was_behind_for_once_loses_no_attempt() {
    let begun = Kept { since: FROM_THE_BEGINNING, ..Kept::default() };
    let kept = update(&begun, NOON, NOON, &[NOON - DAY, NOON - DAY + 1, NOON - 5]);
    assert_eq!(numbers(&kept, NOON), [2, 4]);
    let behind = NOON - 5 * DAY;
    let kept = update(&kept, NOON, behind, &[NOON - 3, behind]);
    assert_eq!(
        (numbers(&kept, behind), kept.since),
        ([2, 0], behind),
        "what was before is not known any more"
    );
    let kept = update(&kept, behind, NOON + 60, &[NOON + 50]);
    assert_eq!((numbers(&kept, NOON + 60), kept.since), ([6, 4], behind));
}

/// By a clock that is ahead both days are gone: they are told as not known.
#[test]
fn a_clock_that_was_ahead_for_once_makes_the_days_before_unknown() {
    let begun = Kept { since: FROM_THE_BEGINNING, ..Kept::default() };
    let kept = update(&begun, NOON, NOON, &[NOON - DAY, NOON - 5]);
    let ahead = NOON + 5 * DAY;
    let kept = update(&kept, NOON, ahead, &[NOON - 3, ahead]);
    assert_eq!((numbers(&kept, ahead), kept.since), ([2, 0], FROM_THE_BEGINNING));
    let kept = update(&kept, ahead, NOON + 60, &[NOON + 50]);
    assert_eq!((numbers(&kept, NOON + 60), kept.since), ([2, 0], NOON + 60));
    // What was counted ahead is that day's once it comes.
    assert_eq!(numbers(&kept, ahead), [2, 0]);
    // By a day, today is still there; by less, all is.
    let tomorrow = NOON + DAY;
    assert_eq!(whole_since(5, tomorrow, NOON), days_at(NOON)[0].begin);
    assert_eq!(whole_since(NOON - 9, tomorrow, NOON), NOON - 9);
    for (kept_at, now) in [(NOON + 1, NOON), (NOON, NOON), (NOON, NOON + 90 * DAY)] {
        assert_eq!(whole_since(5, kept_at, now), 5);
    }
    assert_eq!(whole_since(0, ahead, NOON), 0);
}

#[test]
fn another_versions_places_and_classes_are_found_by_their_names() {
    let mut attempts = begin(&Kept::default());
    put_off(&mut attempts, 3, 2000, "550_distrusted");
    let mut kept = attempts.finish();
    let class = usize::from(kept.texts[0].class);
    // A version with one place and one class more, in front of all, and with another class in the place of `tls`.
    kept.places.insert(0, "moon".to_owned());
    kept.classes.insert(0, "vapour".to_owned());
    for cell in kept.days.iter_mut().flat_map(|day| &mut day.cells) {
        (cell.place, cell.class) = (cell.place + 1, cell.class + 1);
    }
    kept.texts[0].class += 1;
    kept.days[0].cells.push(Cell { place: 0, class: 0, put_off: 5, failed: 0 });
    let again = begin(&kept).finish();
    let table = SEND.attempts.unwrap();
    let cells = &again.days[0].cells;
    assert_eq!(
        (table.places[usize::from(cells[0].place)], cells[0].class, cells[0].put_off),
        ("google", 3, 1)
    );
    let other = (table.places[usize::from(cells[1].place)], CLASSES[usize::from(cells[1].class)]);
    assert_eq!((other, cells[1].put_off), (("unseen", "other"), 5));
    assert_eq!(usize::from(again.texts[0].class), class);
}

#[test]
fn the_last_text_is_the_one_of_the_latest_time() {
    let mut attempts = begin(&Kept::default());
    for (secs, reply) in [(2005, "451_b"), (2001, "451_a"), (2005, "451_c"), (900, "451_z")] {
        put_off(&mut attempts, 1, secs, reply);
    }
    let kept = attempts.finish();
    assert_eq!((kept.texts.len(), &*kept.texts[0].text, kept.texts[0].nanos), (1, "451 c", at(2005)));
    let mut again = begin(&kept);
    put_off(&mut again, 1, 2004, "451_d");
    assert_eq!(again.clone().finish().texts, kept.texts);
    put_off(&mut again, 1, 2006, "451_e");
    assert_eq!(again.finish().texts[0].text, "451 e");
    // A text of the day before yesterday is not kept.
    let later = [LocalDay { date: 9, begin: 9000 }, LocalDay { date: 8, begin: 8000 }];
    assert_eq!(Attempts::of(SEND.attempts, &kept, later).finish().texts, []);
}

#[test]
fn a_repeated_line_counts_where_it_is_not_known_where_it_went() {
    let mut attempts = begin(&Kept::default());
    let position = |key: &str| SEND.index(key).unwrap();
    let raised = [(position("delivery"), 1), (position("delivery_failure"), 1), (position("why_dns"), 1)];
    attempts.repeated(&raised, 7, 2500);
    attempts.repeated(&[(position("delivery"), 1), (position("delivery_success"), 1)], 2, 1500);
    attempts.repeated(&[(position("message_new"), 1)], 2, 2500);
    let kept = attempts.finish();
    let dns = u8::try_from(CLASSES.iter().position(|class| *class == "dns").unwrap()).unwrap();
    assert_eq!(kept.days[1].cells, [Cell { place: 16, class: dns, put_off: 0, failed: 7 }]);
    assert_eq!(kept.days[0].cells, [Cell { place: 16, class: 0, put_off: 2, failed: 0 }]);
}

#[test]
fn texts_that_were_kept_as_logged_go_when_they_are_to_be_hidden() {
    let open: &'static Table =
        Box::leak(Box::new(Table { hide: Box::leak(Box::new(Hide::default())), ..*SEND.attempts.unwrap() }));
    let mut attempts = Attempts::of(Some(open), &Kept::default(), days());
    put_off(&mut attempts, 1, 2000, "451_<u@example.org>:_later");
    let kept = attempts.finish();
    assert_eq!((&*kept.texts[0].text, kept.texts[0].hidden), ("451 <u@example.org>: later", false));
    assert_eq!(Attempts::of(Some(open), &kept, days()).finish().texts, kept.texts);
    assert_eq!(begin(&kept).finish().texts, []);
    assert_eq!(begin(&kept).finish().days, kept.days);
}

#[test]
fn without_a_table_nothing_is_kept() {
    let mut attempts = Attempts::of(None, &begin(&Kept::default()).finish(), days());
    put_off(&mut attempts, 1, 2000, "451_later");
    attempts.begin_at(5);
    assert_eq!(attempts.finish(), Kept::default());
}

fn shown(report: &str, recipient: &str) -> String {
    let hide = Hide { is_on: true, names: vec!["mail.example.com".to_owned(), "mx7".to_owned()] };
    hidden(report.as_bytes(), mark_of(recipient.as_bytes()), &hide)
}

fn reply(text: &str, recipient: &str) -> String {
    shown(
        &format!("192.0.2.9_does_not_like_recipient./Remote_host_said:_{text}/Giving_up_on_192.0.2.9./"),
        recipient,
    )
}

#[test]
fn addresses_are_taken_out() {
    for (said, recipient, is) in [
        (
            "451_4.7.1_Greylisted,_try_again_in_300_seconds",
            "joe",
            "451 4.7.1 Greylisted, try again in 300 seconds",
        ),
        (
            "550-5.7.1_You_are/550-5.7.1_blocked./550_5.7.1__See_https://a.example/x?y=1",
            "joe",
            "550 5.7.1 You are 5.7.1 blocked. 5.7.1 See https://a.example/x?y=1",
        ),
        ("550_5.1.1_<joe@example.org>:_User_unknown", "joe", "550 5.1.1 …: User unknown"),
        ("550_5.1.1_joe@example.org_is_unknown", "joe", "550 5.1.1 … is unknown"),
        ("550_\"joe_x\"@example.org_is_unknown", "joe", "550 … is unknown"),
        ("550_5.1.1_Joe_Doe_is_not_Joe.Doe's_name", "joe", "550 5.1.1 … Doe is not Joe.Doe's name"),
        ("550_5.1.1_mailbox_JOE.DOE._is_full", "joe.doe", "550 5.1.1 mailbox … is full"),
        ("550_joe.doe@example.org.invalid:_no", "joe.doe", "550 … no"),
        ("550_[203.0.113.5]_is_listed_by_zen.spamhaus.org", "joe", "550 […] is listed by zen.spamhaus.org"),
        (
            "550_see_https://www.spamhaus.org/query/ip/203.0.113.5.",
            "joe",
            "550 see https://www.spamhaus.org/query/ip/….",
        ),
        ("554_5.113.0.203.bl.example.net_says_no", "joe", "554 ….bl.example.net says no"),
        ("550_host-203-0-113-5.isp.example_is_dynamic", "joe", "550 host-….isp.example is dynamic"),
        ("550_[IPv6:2001:db8::1]_and_2001:db8:0:0:0:0:0:25:_no_PTR", "joe", "550 [IPv…] and …: no PTR"),
        (
            "421_10:20:30_is_a_time,_4.7.1_a_status_and_256.1.1.1_nothing",
            "joe",
            "421 10:20:30 is a time, 4.7.1 a status and 256.1.1.1 nothing",
        ),
        ("550_mail.example.com[203.0.113.5]_blocked", "joe", "550 …[…] blocked"),
        ("550_relay.provider.example_([203.0.113.5])_blocked", "joe", "550 … ([…]) blocked"),
        ("550_you_(203.0.113.5)_blocked", "joe", "550 you (…) blocked"),
        (
            "550_HELO_MAIL.Example.com_or_a.mail.example.com_or_other.example.com_or_xexample.com",
            "joe",
            "550 HELO … or … or … or xexample.com",
        ),
        ("550_mx7.lan_is_no_name,_mx7_is_a_word", "joe", "550 … is no name, mx7 is a word"),
    ] {
        assert_eq!(reply(said, recipient), is, "{said}");
    }
    assert_eq!(
        shown("Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/", "joe"),
        "Sorry, no mailbox here by that name. (#5.1.1)"
    );
    assert_eq!(shown("192.0.2.101_x/Remote_host_said:_554_no/", "joe"), "… x/Remote host said: 554 no");
    assert_eq!(
        shown("can_not_open_/home/vpopmail/domains/example.org/joe/Maildir/", "joe"),
        "can not open …"
    );
    assert_eq!(
        shown(
            "192.0.2.9_does_not_like_recipient./Remote_host_said:_550_no/STARTTLS_proto=TLSv1.3;_cipher=x;_subject=/CN=mx.example.org;_issuer=/O=x;/",
            "joe"
        ),
        "550 no"
    );
}

/// What names an address must not be found in what is shown, whatever stands around it.
#[test]
fn hostile_texts_are_made_harmless() {
    let html = reply("550_<script>alert(1)</script>_</td>_\"onload=x_'&amp;_]]>", "joe");
    assert!(!html.contains("script>alert"), "{html}");
    for (said, is) in [
        ("550_\x1b[31mred\x1b[0m_\x07_\u{9b}2Jx\u{1b}]0;t", "550 red x ]0;t"),
        ("550_a\u{202e}b\u{200b}c\u{2066}d\u{feff}e\0f", "550 a b c d e f"),
        ("550_\u{5d0}\u{5d1}", "550 \u{5d0}\u{5d1}"),
        ("", ""),
    ] {
        assert_eq!(reply(said, "joe"), is, "{said:?}");
    }
    let long = reply(&format!("550_{}", "ä_x".repeat(4000)), "joe");
    assert!(long.len() <= 300 && long.ends_with('…'), "{}", long.len());
    let mut attempts = begin(&Kept::default());
    put_off(&mut attempts, 1, 2000, &format!("451_{}", "y".repeat(10_000)));
    assert!(attempts.finish().texts[0].text.len() <= 300);
    // As logged, but harmless, where nothing is to be hidden.
    let open = |text: &str| {
        let report = format!("192.0.2.9_does_not_like_recipient./Remote_host_said:_{text}/");
        hidden(report.as_bytes(), mark_of(b"joe"), &Hide::default())
    };
    assert_eq!(
        open("550_<joe@example.org>_[192.0.2.1]_\x1b[1m\u{202e}x"),
        "550 <joe@example.org> [192.0.2.1] x"
    );
}

proptest::proptest! {
    #[test]
    fn a_recipient_is_known_by_its_local_part_wherever_it_stands(local in "[a-zA-Z0-9._-]{0,20}", behind in "@[a-z.]{0,12}") {
        let address = format!("{local}{behind}");
        let mark = mark_in(address.as_bytes(), local.len());
        proptest::prop_assert_eq!(mark, mark_of(local.to_ascii_uppercase().as_bytes()));
        proptest::prop_assert_eq!(mark == 0, local.is_empty());
        proptest::prop_assert_ne!(mark_of(format!("{local}x").as_bytes()), mark);
    }

    #[test]
    fn any_report_becomes_a_short_text_without_controls(report in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600), is_on: bool) {
        let hide = Hide { is_on, names: vec!["mail.example.com".to_owned()] };
        for report in [report.clone(), [b"192.0.2.9_does_not_like_recipient./Remote_host_said:_".as_slice(), &report].concat()] {
            let text = hidden(&report, 7, &hide);
            proptest::prop_assert!(text.len() <= 300);
            proptest::prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            proptest::prop_assert!(!is_on || !text.contains('@'), "{text:?}");
        }
    }

    #[test]
    fn no_address_is_left(a: u8, b: u8, c: u8, d: u8, before in "[a-z (\\[=/:_.]{0,9}", behind in "[a-z )\\],;:_]{0,9}") {
        let address = format!("{a}.{b}.{c}.{d}");
        let text = reply(&format!("550_{before}{address}{behind}"), "joe");
        proptest::prop_assert!(!text.contains(&address), "{text:?}");
    }
}

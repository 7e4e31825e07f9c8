use super::*;
use crate::protocol::send::SEND;

mod texts;

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

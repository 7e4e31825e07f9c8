//! Overviews of servers that never were: what is told is what their readings say.
use super::*;
use crate::chart::files::Files;
use crate::page::templates::{Own, Templates};
use crate::page::words::{self, THIN};
use crate::protocol::shipped;
use crate::reading::stage::Stage;
use crate::reading::{Counter, DefinedBy, Measure, Value, Whole};
use std::sync::LazyLock;

/// Saturday 28 November 2026, 17:27:36 by the local clock, wherever the test runs.
static NOW: LazyLock<i64> = LazyLock::new(|| crate::chart::when::time("2026-11-28 17:27:36", 0, 0).unwrap());
const STEP: i64 = 1_800;

/// The reading of `name`, a protocol or a section, of which `amount` tells what each counter had in the half-hour that begins at a time;
/// of a level what it was. Everything waits for an RRD that is not there.
fn reading(name: &str, from: i64, amount: &dyn Fn(&str, i64) -> i128) -> Reading {
    let card = shipped().iter().find(|card| card.parts().any(|part| part == name)).unwrap();
    let section = card.sections.iter().find(|section| section.name == name);
    let counters: Vec<&crate::protocol::Counter> = match section {
        Some(section) => section.counters.iter().collect(),
        None => card.own_counters().collect(),
    };
    let begins: Vec<i64> =
        (0..).map(|n| from.div_euclid(STEP) * STEP + n * STEP).take_while(|begin| *begin < *NOW).collect();
    let waiting: Vec<(i64, Vec<i128>)> = begins
        .iter()
        .map(|begin| (*begin, counters.iter().map(|counter| amount(counter.key, *begin)).collect()))
        .collect();
    let midnight = local::midnight(*NOW);
    let counters = counters.iter().enumerate().map(|(at, counter)| {
        let level = counter.kind.is_gauge();
        let all = || waiting.iter().map(|(begin, values)| (*begin, values[at]));
        let total = if level {
            all().next_back().map_or(0, |(_, value)| value)
        } else {
            all().map(|(_, value)| value).sum()
        };
        let today = all().filter(|(begin, _)| *begin >= midnight).map(|(_, value)| value).sum();
        let value =
            Value { total, today: (!level).then_some(today), moved: all().any(|(_, value)| value != 0) };
        let defined_by = DefinedBy::BuiltIn;
        let measure = counter.kind.measure();
        Counter {
            key: counter.key,
            ds: counter.ds,
            help: counter.help,
            measure,
            defined_by,
            value: Some(value),
        }
    });
    let counters: Vec<Counter> = counters.collect();
    let whole =
        Whole { committed: *NOW, lines: None, sources: vec![(format!("/log/{}", card.name), *NOW - 3)] };
    Reading {
        protocol: section.map_or(card.name, |section| section.name),
        title: section.map_or(card.title, |section| section.title),
        rrd: format!("/nonexistent/{}.rrd", card.name).into(),
        step: 1_800,
        since: from,
        seen: *NOW,
        measured: card.measured,
        page: section.map_or(card.page, |section| section.page),
        whole: section.is_none().then_some(whole),
        counters,
        waiting,
        ..Reading::default()
    }
}

fn made(readings: &[Reading]) -> Overview {
    made_at(*NOW, readings)
}

fn made_at(now: i64, readings: &[Reading]) -> Overview {
    let (history, problems) = History::read(readings, now, &Files::default());
    assert_eq!(problems, Vec::<String>::new());
    overview(readings, &history, now)
}

static FIVE_WEEKS: LazyLock<i64> = LazyLock::new(|| *NOW - 36 * 86_400);

/// What qmail-send has in a half-hour: the same at all times, but for put-offs from 09:00 to 10:30 of the last day.
fn send(key: &str, begin: i64) -> i128 {
    let storm = (local::midnight(*NOW) + 32_400..local::midnight(*NOW) + 37_800).contains(&begin);
    match key {
        "message_new" | "message_info" | "message_end" => 40,
        "message_bytes" => 40_000_000,
        "message_bounce" => 1,
        "delivery_success" => 50,
        "delivery_deferral" if storm => 400,
        "delivery_deferral" => 4,
        "delivery_failure" => 2,
        "delivery" if storm => 452,
        "delivery" => 56,
        "def_google" if storm => 300,
        "def_other" if storm => 100,
        _ => 0,
    }
}

fn queue(key: &str, begin: i64) -> i128 {
    let storm = (local::midnight(*NOW) + 32_400..local::midnight(*NOW) + 43_200).contains(&begin);
    match key {
        "queue_reads" => 6,
        "messages" if storm => 700,
        "messages" => 80,
        "oldest" => 98_880,
        _ => 0,
    }
}

fn plain(text: &str) -> String {
    text.replace(THIN, " ")
}

fn figure<'o>(overview: &'o Overview, name: &str) -> &'o Figure {
    let found = overview.figures.iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("{name}: {:?}", overview.figures))
}

#[test]
fn a_qmail_server() {
    let readings = [
        reading("send", *FIVE_WEEKS, &send),
        reading("providers", *FIVE_WEEKS, &send),
        reading("queue", *FIVE_WEEKS, &queue),
    ];
    let found = made(&readings);
    assert_eq!(found.verdict.title, "Mail is flowing");
    let lead: String = found.verdict.lead.iter().map(|piece| piece.text.as_str()).collect();
    assert!(plain(&lead).contains("80 messages wait; the oldest came 27 h 28 min ago"), "{lead}");
    assert!(lead.contains(", about as many as on other "), "{lead}");
    let names: Vec<&str> = found.figures.iter().map(|figure| figure.name).collect();
    assert_eq!(names, ["Into the queue", "Delivered", "Put off", "Failed", "Waiting now"]);
    let today = |key| readings[0].counter(key).unwrap().value.unwrap().today.unwrap() as f64;
    assert_eq!(figure(&found, "Into the queue").number, words::count(today("message_new")));
    assert_eq!(figure(&found, "Delivered").number, words::count(today("delivery_success")));
    let all = today("delivery_success") + today("delivery_deferral") + today("delivery_failure");
    assert_eq!(figure(&found, "Put off").number, format!("{:.1}", 100.0 * today("delivery_deferral") / all));
    let usual = figure(&found, "Put off").usual.clone().unwrap();
    assert_eq!(
        (plain(&usual.range).as_str(), usual.ticks.len()),
        ("7.1 %", 4),
        "4 of 56 in every other week"
    );
    let waiting = figure(&found, "Waiting now");
    assert_eq!(
        (waiting.number.as_str(), plain(&waiting.note).as_str()),
        ("80", "messages, the oldest for 27 h 28 min")
    );
    let unlike = found.unlike.unwrap();
    let [event] = &unlike.events[..] else { panic!("{:?}", unlike.events) };
    assert_eq!(
        (event.number.as_str(), event.words.as_str()),
        ("1,200", "deliveries put off, where about 12 are usual.")
    );
    assert_eq!(event.graph, "deliveries");
    assert_eq!(plain(&event.facts), "88 % of what was tried in that time. 75 % of them to Google.");
    assert!(event.spark.area.contains("V100") && !event.spark.line.is_empty());
    let numbers: Vec<&str> = found.places.iter().map(|place| place.number.as_str()).collect();
    let of_way = |key, words: &str| format!("{} {words}", words::count(today(key)));
    assert_eq!(numbers[2], format!("{}, {}", of_way("message_new", "in"), of_way("message_end", "out")));
    assert_eq!(numbers[3], of_way("delivery_success", "delivered"));
    assert_eq!((numbers[0], numbers[1], numbers[4]), ("", "", ""), "nobody counts these");
}

/// Of two that hand mail to each other one is told of; scanners and logins likewise.
#[test]
fn no_message_is_told_twice() {
    let postfix = |key: &str, _| match key {
        "sent" => 30,
        "deferred" => 3,
        "bounced" => 1,
        _ => 0,
    };
    let haraka = |key: &str, _| match key {
        "connect" => 70,
        "msg_ok" => 20,
        "auth_fail" => 5,
        "auth_ok" => 9,
        _ => 0,
    };
    let nothing = |_: &str, _| 0;
    let today = |reading: &Reading, key| reading.counter(key).unwrap().value.unwrap().today.unwrap() as f64;
    // No qmail: the first that counts anything is Postfix.
    let readings = [
        reading("send", *FIVE_WEEKS, &nothing),
        reading("postfix", *FIVE_WEEKS, &postfix),
        reading("haraka", *FIVE_WEEKS, &haraka),
    ];
    let found = made(&readings);
    assert_eq!(figure(&found, "Delivered").number, words::count(today(&readings[1], "sent")));
    assert_eq!(figure(&found, "Failed logins").number, words::count(today(&readings[2], "auth_fail")));
    assert!(!found.figures.iter().any(|figure| figure.name == "Into the queue"), "Postfix does not tell");
    assert_eq!(found.verdict.title, "Mail is flowing");
    assert_eq!(found.places[0].number, format!("{} let in", words::count(today(&readings[2], "connect"))));
    assert_eq!(found.heard.rows.len(), 3, "the log of send is its own: {:?}", found.heard.rows);
    // A second qmail-send is another one's mail.
    let like = |reading: Reading, instance: &'static str| Reading {
        protocol: instance,
        rrd: format!("/nonexistent/{instance}.rrd").into(),
        like: Some(crate::reading::Like { instance, part: reading.protocol, templates: &[] }),
        ..reading
    };
    let readings = [
        reading("send", *FIVE_WEEKS, &send),
        reading("haraka", *FIVE_WEEKS, &haraka),
        like(reading("send", *FIVE_WEEKS, &send), "second"),
    ];
    let found = made(&readings);
    assert_eq!(
        figure(&found, "Into the queue").number,
        words::count(2.0 * today(&readings[0], "message_new"))
    );
    // One that was added just now does not make it the first day.
    let added = like(reading("send", *NOW - 3_600, &send), "second");
    assert_eq!(made(&[readings[0].clone(), added]).verdict.title, "Mail is flowing");
}

fn nothing(_: &str, _: i64) -> i128 {
    0
}

/// What Postfix has in a half-hour.
fn postfix(key: &str, _: i64) -> i128 {
    match key {
        "sent" => 30,
        "deferred" => 3,
        _ => 0,
    }
}

fn instance(reading: Reading, instance: &'static str) -> Reading {
    Reading {
        protocol: instance,
        rrd: format!("/nonexistent/{instance}.rrd").into(),
        like: Some(crate::reading::Like { instance, part: reading.protocol, templates: &[] }),
        ..reading
    }
}

fn lead(found: &Overview) -> String {
    found.verdict.lead.iter().map(|piece| piece.text.as_str()).collect()
}

/// A program that never did anything has no past, and takes none from its second instance.
#[test]
fn a_second_instance_answers_alone_where_the_first_never_did_anything() {
    let first = reading("postfix", *FIVE_WEEKS, &nothing);
    let found = made(&[first.clone(), instance(reading("postfix", *FIVE_WEEKS, &postfix), "mx2")]);
    assert!(lead(&found).contains("about as many as on other "), "{}", lead(&found));
    assert!(figure(&found, "Delivered").usual.is_some());
    let stopped = NOW.div_euclid(STEP) * STEP - 6 * STEP;
    let until = |key: &str, begin: i64| if begin < stopped { postfix(key, begin) } else { 0 };
    let found = made(&[first, instance(reading("postfix", *FIVE_WEEKS, &until), "mx2")]);
    assert!(found.verdict.title.starts_with("No mail since "), "{}", found.verdict.title);
    // Of an instance that was added an hour ago the past is not known: that of the other one says enough.
    let readings = [
        reading("postfix", *FIVE_WEEKS, &until),
        instance(reading("postfix", stopped - 2 * STEP, &until), "mx2"),
    ];
    assert!(made(&readings).verdict.title.starts_with("No mail since "));
}

/// Who took over from another program is asked, and who does next to nothing is not.
#[test]
fn the_program_that_does_the_work_is_asked() {
    let moved = local::midnight(*NOW) - 10 * 86_400;
    let before = |key: &str, begin: i64| if begin < moved { send(key, begin) } else { 0 };
    let after = |key: &str, begin: i64| if begin < moved { 0 } else { postfix(key, begin) };
    let sent = |found: &Overview| figure(found, "Delivered").number.clone();
    let today = |reading: &Reading, key| {
        words::count(reading.counter(key).unwrap().value.unwrap().today.unwrap() as f64)
    };
    let both = [reading("send", *FIVE_WEEKS, &before), reading("postfix", *FIVE_WEEKS, &after)];
    let found = made(&both);
    assert_eq!((found.verdict.title.as_str(), sent(&found)), ("Mail is flowing", today(&both[1], "sent")));
    let once_a_day = |key: &str, begin: i64| {
        let is_it = begin.rem_euclid(86_400) < STEP;
        if is_it && ["delivery_success", "message_new", "delivery"].contains(&key) { 1 } else { 0 }
    };
    let both = [reading("send", *FIVE_WEEKS, &once_a_day), reading("postfix", *FIVE_WEEKS, &postfix)];
    assert_eq!(sent(&made(&both)), today(&both[1], "sent"));
    // One that was there before, and goes on as it did, has other work.
    let stopped = NOW.div_euclid(STEP) * STEP - 6 * STEP;
    let until = |key: &str, begin: i64| if begin < stopped { send(key, begin) } else { 0 };
    let both = [reading("send", *FIVE_WEEKS, &until), reading("postfix", *FIVE_WEEKS, &postfix)];
    assert!(made(&both).verdict.title.starts_with("No mail since "), "{:?}", made(&both).verdict);
    // What cannot be read is not taken for silent.
    let unread = Reading { seen: stopped, ..reading("send", *FIVE_WEEKS, &until) };
    let found = made(&[unread, reading("postfix", *FIVE_WEEKS, &after)]);
    assert!(found.verdict.title.starts_with("Not known since "), "{}", found.verdict.title);
    // What the host's own cron sends does not take over from a qmail that died.
    let died = NOW.div_euclid(STEP) * STEP - 40 * STEP;
    let until = |key: &str, begin: i64| if begin < died { send(key, begin) } else { 0 };
    let little = |key: &str, _: i64| if key == "sent" { 1 } else { 0 };
    let both = [reading("send", *FIVE_WEEKS, &until), reading("postfix", *FIVE_WEEKS, &little)];
    assert!(made(&both).verdict.title.starts_with("No mail since "), "{:?}", made(&both).verdict);
}

/// A time without mail that other weeks have too is no silence; one that is longer than all that is known is.
#[test]
fn silence_is_judged_by_the_same_time_of_other_weeks() {
    let office = |key: &str, begin: i64| match (local::hour(begin), local::weekday(begin).as_str()) {
        (_, "Saturday" | "Sunday") => 0,
        (8..18, _) => send(key, begin),
        _ => 0,
    };
    // A Saturday, 17:27: nothing since Friday evening.
    let found = made(&[reading("send", *FIVE_WEEKS, &office)]);
    assert_eq!((found.verdict.title.as_str(), found.heard.rows[0].is_silent), ("Mail is flowing", false));
    // No mail on Friday either.
    let friday = local::midnight(*NOW) - 86_400;
    let until = |key: &str, begin: i64| if begin < friday { office(key, begin) } else { 0 };
    let found = made(&[reading("send", *FIVE_WEEKS, &until)]);
    assert!(found.verdict.title.starts_with("No mail since Thu"), "{}", found.verdict.title);
    assert!(found.heard.rows[0].is_silent, "{:?}", found.heard.rows);
    // Backlog is tried again at night, in vain, as on every night.
    let nights = |key: &str, begin: i64| match key {
        "delivery_deferral" | "delivery" => 40 + office(key, begin),
        key => office(key, begin),
    };
    assert_eq!(made(&[reading("send", *FIVE_WEEKS, &nights)]).verdict.title, "Mail is flowing");
    // Dead for longer than rows are kept.
    for days in [30, 61, 63, 90] {
        let died = *NOW - days * 86_400;
        let until = |key: &str, begin: i64| if begin < died { send(key, begin) } else { 0 };
        let mut reading = reading("send", *NOW - 120 * 86_400, &until);
        reading.whole.as_mut().unwrap().sources[0].1 = died;
        let found = made(&[reading]);
        assert!(found.verdict.title.starts_with("No mail "), "{days}: {}", found.verdict.title);
        assert_eq!((found.verdict.sign, found.heard.rows[0].is_silent), (Sign::Stop, true), "{days}");
    }
    // Dead on the first day: what is usual nobody knows, but it is not flowing.
    for (hours, sign) in [(5, Sign::Unknown), (60, Sign::Unknown), (100, Sign::Stop)] {
        let died = *NOW - hours * 3_600;
        let until = |key: &str, begin: i64| if begin < died { send(key, begin) } else { 0 };
        let found = made(&[reading("send", died - 20 * 3_600, &until)]);
        assert!(found.verdict.title.starts_with("No mail since "), "{hours}: {}", found.verdict.title);
        assert_eq!(found.verdict.sign, sign, "{hours}");
    }
}

/// A server whose RRD was lost is not one that counts since today.
#[test]
fn a_lost_rrd_is_no_first_day() {
    let mut lost = reading("send", *FIVE_WEEKS, &send);
    lost.pushed = NOW.div_euclid(STEP) * STEP - 8 * STEP;
    lost.waiting.retain(|(begin, _)| *begin >= lost.pushed);
    let found = made(&[lost.clone()]);
    assert_eq!(found.verdict.title, "Mail is flowing");
    assert!(lead(&found).contains("The RRD has nothing of the time before "), "{}", lead(&found));
    let stopped = *NOW - 3 * 3_600;
    lost.waiting.retain(|(begin, _)| *begin < stopped);
    let found = made(&[lost]);
    assert_eq!(found.verdict.sign, Sign::Unknown);
    assert!(found.verdict.title.starts_with("No mail since "), "{}", found.verdict.title);
}

/// A server that only has logins says nothing of ports and scanners that it does not have, nor of days that were not read.
#[test]
fn what_is_not_there_is_not_told() {
    let imap =
        |key: &str, _: i64| if key == "imap_ssl_success" || key == "imap_ssl_connect" { 40 } else { 0 };
    let names = ["smtp", "rbl", "spamassassin"].map(|name| reading(name, *FIVE_WEEKS, &nothing));
    let mut readings = vec![reading("imap", *FIVE_WEEKS, &imap)];
    readings.extend(names);
    let found = made(&readings);
    assert_eq!(found.verdict.title, "Logs are read");
    assert!(lead(&found).contains(" logins. ") && !lead(&found).contains("connections"), "{}", lead(&found));
    assert!(found.unlike.is_some());
    let unread = Reading { seen: *NOW - 2 * 86_400, ..readings.swap_remove(0) };
    assert!(made(&[unread]).unlike.is_none());
}

/// A process in another time zone begins the day of the counters anew: the rows know all of it.
#[test]
fn a_day_that_was_begun_anew_is_told_by_its_rows() {
    let mut begun = reading("send", *FIVE_WEEKS, &send);
    let today = begun.counter("message_new").unwrap().value.unwrap().today.unwrap();
    for value in begun.counters.iter_mut().filter_map(|counter| counter.value.as_mut()) {
        value.today = value.today.map(|today| today / 100);
    }
    let found = made(&[begun]);
    assert_eq!(figure(&found, "Into the queue").number, words::count(today as f64));
}

#[test]
fn the_first_days() {
    let since = *NOW - 3 * 3_600;
    let found = made(&[reading("send", since, &send), reading("queue", since, &queue)]);
    assert!(found.verdict.title.starts_with("Counting since "), "{}", found.verdict.title);
    assert!(found.unlike.is_none() && found.figures.iter().all(|figure| figure.usual.is_none()));
    // A week and no more: one earlier weekday, of which the beginning may lack.
    let found = made(&[reading("send", *NOW - 9 * 86_400, &send)]);
    assert_eq!(found.verdict.title, "Mail is flowing");
    assert!(found.unlike.is_some());
    let usual = figure(&found, "Into the queue").usual.clone().unwrap();
    assert_eq!((usual.ticks.len(), usual.words), (1, format!("last {}: ", local::weekday(*NOW))));
    // Nothing at all.
    let found = made(&[]);
    assert_eq!((found.verdict.title.as_str(), found.figures.len()), ("Nothing is counted yet", 0));
    let unread = Reading {
        seen: 0,
        since: 0,
        failed: Some("x.state: damaged".into()),
        ..reading("send", *NOW - 60, &|_, _| 0)
    };
    let found = made(&[unread]);
    assert_eq!(found.verdict.title, "Nothing is known yet");
}

/// In the small hours the day has hardly begun: the last 24 hours are told, and so they are of the weeks before.
#[test]
fn before_the_morning_the_last_24_hours_are_told() {
    let at = |clock: &str| crate::chart::when::time(&format!("2026-11-28 {clock}"), 0, 0).unwrap();
    let read_at = |now: i64, since: i64| {
        let mut reading = reading("send", since, &send);
        reading.waiting.retain(|(begin, _)| *begin < now);
        Reading { seen: now, ..reading }
    };
    let night = at("05:59:00").div_euclid(STEP) * STEP;
    let found = made_at(night, &[read_at(night, *FIVE_WEEKS)]);
    assert_eq!(found.span, format!("The last 24 hours until {}", local::clock(night)));
    let entered = figure(&found, "Into the queue");
    assert_eq!(entered.number, "1,920", "48 half-hours of 40");
    let usual = entered.usual.clone().unwrap();
    assert_eq!((usual.range.as_str(), found.places[2].number.as_str()), ("1,920", "1,920 in, 1,920 out"));
    // Also what toaster.conf counts besides: the first of its counters that ever moved.
    let own = Reading {
        protocol: "own",
        title: "Own",
        page: Default::default(),
        rrd: "/nonexistent/own.rrd".into(),
        ..read_at(night, *FIVE_WEEKS)
    };
    let first = own.counters.iter().find(|c| c.measure == Measure::Count && c.value.unwrap().moved).unwrap();
    let begins = (1..=48).map(|n| night - n * STEP);
    let sum: i128 = begins.map(|begin| send(first.key, begin)).sum();
    let found = made_at(night, std::slice::from_ref(&own));
    let rows = &found.places.iter().find(|place| place.stage == Stage::Own).unwrap().rows;
    assert_eq!((rows[0].label.as_str(), rows[0].number.clone()), ("Own", words::count(sum as f64)));
    // What was not read is no 0.
    let found = made_at(night, &[Reading { seen: night - 100_000, ..own }]);
    assert!(found.places.iter().all(|place| place.rows.is_empty()), "{:?}", found.places);
    let morning = at("06:00:00");
    assert_eq!(made_at(morning, &[read_at(morning, *FIVE_WEEKS)]).span, "Today until 06:00");
    // Nothing is known of the day before.
    let found = made_at(night, &[read_at(night, night - 7_200)]);
    assert!(found.span.starts_with("Today until "), "{}", found.span);
}

/// What was not read on this day is not 0 on it.
#[test]
fn what_is_not_known_is_no_number() {
    let midnight = local::midnight(*NOW);
    let old = Reading { seen: midnight - 600, ..reading("send", *FIVE_WEEKS, &send) };
    let found = made(&[old]);
    let is_unknown = |figure: &Figure| figure.number == "–" && figure.usual.is_none();
    assert!(found.figures.iter().all(is_unknown), "{:?}", found.figures);
    let is_empty = |place: &Place| place.number.is_empty() && place.rows.is_empty();
    assert!(found.places.iter().all(is_empty), "{:?}", found.places);
    let told = format!("not read since {}", words::moment(midnight - 600, *NOW));
    assert_eq!(found.heard.rows[0].usual, told);
}

/// What waited when the queue was measured for the last time is not what waits now.
#[test]
fn a_queue_that_is_measured_no_more_is_not_told() {
    let send = reading("send", *FIVE_WEEKS, &send);
    let measured_until = |stopped: i64| {
        let mut queue = reading("queue", *FIVE_WEEKS, &queue);
        queue.waiting.retain(|(begin, _)| *begin < stopped);
        queue.whole.as_mut().unwrap().sources[0].1 = stopped;
        made(&[send.clone(), queue])
    };
    let found = measured_until(*NOW);
    assert!(lead(&found).contains("80 messages wait"), "{}", lead(&found));
    assert_eq!(figure(&found, "Waiting now").number, "80");
    let stopped = NOW.div_euclid(STEP) * STEP - 40 * STEP;
    let found = measured_until(stopped);
    assert!(!lead(&found).contains("wait"), "{}", lead(&found));
    assert!(found.figures.iter().all(|figure| figure.name != "Waiting now"), "{:?}", found.figures);
    let row = &found.heard.rows[1];
    let told = format!("not measured since {}", words::moment(stopped - 60, *NOW));
    assert_eq!((row.usual.as_str(), row.is_silent), (told.as_str(), true));
    let of_queue = found.places.iter().find(|place| place.stage == Stage::Queue).unwrap();
    assert!(of_queue.rows.iter().all(|row| row.label != "Waiting now"), "{of_queue:?}");
}

#[test]
fn silence_is_told() {
    let stopped = NOW.div_euclid(STEP) * STEP - 6 * STEP;
    let until = |key: &str, begin: i64| if begin < stopped { send(key, begin) } else { 0 };
    let found = made(&[reading("send", *FIVE_WEEKS, &until), reading("queue", *FIVE_WEEKS, &queue)]);
    assert_eq!(found.verdict.sign, Sign::Stop);
    assert!(found.verdict.title.starts_with("No mail since "), "{}", found.verdict.title);
    assert!(found.heard.rows[0].is_silent && !found.heard.rows[1].is_silent, "{:?}", found.heard);
    // Attempts, and no success.
    let in_vain = |key: &str, begin: i64| match key {
        "delivery_success" if begin >= stopped => 0,
        key => send(key, begin),
    };
    // Half-hours are bins here, so that a part of one may have to be enough.
    let found = made(&[reading("send", *FIVE_WEEKS, &in_vain)]);
    assert!(found.verdict.title.starts_with("Nothing is delivered since "), "{:?}", found.verdict);
    // A log that could not be read for an hour.
    let old = Reading { seen: *NOW - 3_600, ..reading("send", *FIVE_WEEKS, &send) };
    let found = made(&[old]);
    assert!(found.verdict.title.starts_with("Not known since "), "{}", found.verdict.title);
}

/// Nothing that a log or toaster.conf says is more than text on the page.
#[test]
fn hostile_names_are_text() {
    let hostile = "<script>alert(1)</script>*\u{202e}\"'&amp;\n";
    let own = Reading {
        protocol: "own",
        title: hostile,
        page: crate::reading::role::NOTHING,
        failed: Some(hostile.into()),
        whole: Some(Whole { sources: vec![(hostile.into(), *NOW)], ..Whole::default() }),
        counters: vec![Counter {
            key: hostile,
            ds: "a",
            help: hostile,
            measure: Measure::Count,
            defined_by: DefinedBy::Counter,
            value: Some(Value { total: 7, today: Some(7), moved: true }),
        }],
        waiting: vec![(*NOW - 3_600, vec![7])],
        rrd: "/nonexistent/own.rrd".into(),
        step: 60,
        since: *FIVE_WEEKS,
        seen: *NOW,
        ..Reading::default()
    };
    let mut sent = reading("send", *FIVE_WEEKS, &send);
    sent.failed = Some(hostile.into());
    let html = rendered(&made(&[sent, own]));
    for part in ["<script", "\u{202e}", "&amp;amp;amp;"] {
        assert!(!html.contains(part), "{part}: {html}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "{html}");
}

/// All fragments in one text.
fn rendered(overview: &Overview) -> String {
    let names = ["verdict", "heard", "figures", "events", "way"];
    let page: String = names.iter().map(|name| format!("{{% include \"{name}.html\" %}}\n")).collect();
    let page = page + "{% for place in overview.places %}{% include \"stage.html\" %}{% endfor %}";
    let own = Own { name: "index.html".into(), path: "index.html".into(), text: page };
    Templates::with(vec![own])
        .by_own("index.html", &minijinja::context! { overview, time => "17:27" })
        .unwrap()
}

/// What HTML has to open it has to close; and nothing unknown is printed as a word of the program.
#[test]
fn the_fragments_are_well_formed() {
    let readings = [reading("send", *FIVE_WEEKS, &send), reading("queue", *FIVE_WEEKS, &queue)];
    for found in [made(&readings), made(&[]), made(&[reading("send", *NOW - 600, &send)])] {
        let html = rendered(&found);
        for word in [">none<", "undefined", "NaN", "null", "Some("] {
            assert!(!html.contains(word), "{word}: {html}");
        }
        let tags = [
            "div", "h1", "h2", "p", "table", "tbody", "tr", "th", "td", "section", "dl", "dt", "dd", "svg",
            "ul", "li", "a", "nav", "span", "b", "g", "time",
        ];
        for tag in tags {
            let open = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            assert_eq!(open, html.matches(&format!("</{tag}>")).count(), "{tag}: {html}");
        }
    }
}

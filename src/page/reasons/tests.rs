use std::collections::BTreeMap;

use super::*;
use crate::chart::files::Files;
use crate::page::{Site, pages as site_pages};
use crate::reading::attempts::{Cell, Class, Day, Place, Series, Sum, Text, Told, Words};
use crate::reading::{Counter, DefinedBy, Measure, Value};

/// An attempt that ended: when, where, for which class (`None`: it succeeded), for good?
type Event = (i64, usize, Option<usize>, bool);

const PLACES: [&str; 3] = ["Here", "Apex (apex.example)", "Bell"];
const KEYS: [&str; 12] = [
    "ok", "def", "fail", "why_slow", "why_user", "ok_a", "def_a", "fail_a", "ok_b", "def_b", "fail_b",
    "unseen",
];

fn words() -> Words {
    let series = |[ok, def, fail]: [&'static str; 3]| Series {
        delivered: Sum::of(ok),
        put_off: Sum::of(def),
        failed: Sum::of(fail),
    };
    let rest = |all: &'static str, a, b| Sum { plus: vec![all], minus: vec![a, b], unless: vec!["unseen"] };
    let here = Series {
        delivered: rest("ok", "ok_a", "ok_b"),
        put_off: rest("def", "def_a", "def_b"),
        failed: rest("fail", "fail_a", "fail_b"),
    };
    let all = [here, series(["ok_a", "def_a", "fail_a"]), series(["ok_b", "def_b", "fail_b"])];
    let places = PLACES.into_iter().zip(all).map(|(label, series)| Place {
        key: label,
        label: label.to_owned(),
        name: label.split(" (").next().unwrap().to_owned(),
        has: format!("{label}.example"),
        series: Some(series),
    });
    let class = |key, counter, label: &'static str| Class {
        key,
        counter,
        label,
        means: format!("It is {key}."),
        todo: format!("Mend {key}."),
    };
    Words {
        places: places.collect(),
        classes: vec![class("slow", "why_slow", "Too slow"), class("user", "why_user", "No such user")],
        all: series(["ok", "def", "fail"]),
    }
}

/// What was counted of `events` at `now`; `since`: from when on the table was.
fn reading(events: &[Event], since: i64, now: i64) -> Reading {
    let mut bins: BTreeMap<i64, Vec<i128>> = BTreeMap::new();
    let begin = local::midnight(now);
    let before = local::midnight(begin - 1);
    let day = |begin: i64| Day { date: 1, begin, delivered: vec![0; 3], cells: Vec::new() };
    let mut days = [day(begin), day(before)];
    for &(time, place, class, failed) in events {
        let values = bins.entry(time.div_euclid(60) * 60).or_insert_with(|| vec![0; KEYS.len()]);
        let mut raise = |key: &str| values[KEYS.iter().position(|known| *known == key).unwrap()] += 1;
        let of = match (class, failed) {
            (None, _) => "ok",
            (_, false) => "def",
            (_, true) => "fail",
        };
        raise(of);
        if place > 0 {
            raise(&format!("{of}_{}", ["", "a", "b"][place]));
        }
        if let Some(class) = class {
            raise(["why_slow", "why_user"][class]);
        }
        let day = usize::from(time < begin);
        if time < before || time < since {
            continue;
        }
        let day = &mut days[day];
        let Some(class) = class else {
            day.delivered[place] += 1;
            continue;
        };
        let at = day.cells.iter().position(|cell| (cell.place, cell.class) == (place, class));
        let at = at.unwrap_or_else(|| {
            day.cells.push(Cell { place, class, ..Cell::default() });
            day.cells.len() - 1
        });
        if failed {
            day.cells[at].failed += 1;
        } else {
            day.cells[at].put_off += 1;
        }
    }
    let counters = KEYS.iter().enumerate().map(|(at, key)| Counter {
        key,
        ds: key,
        help: "",
        measure: Measure::Count,
        defined_by: DefinedBy::BuiltIn,
        value: Some(Value {
            total: bins.values().map(|values| values[at]).sum(),
            today: Some(bins.range(begin..).map(|(_, values)| values[at]).sum()),
            moved: bins.values().any(|values| values[at] > 0),
        }),
    });
    let [today, yesterday] = days;
    Reading {
        protocol: "m",
        rrd: "/nonexistent/m.rrd".into(),
        step: 60,
        seen: now,
        since: now - 40 * 86_400,
        settled: now,
        complete: true,
        counters: counters.collect(),
        waiting: bins.into_iter().collect(),
        attempts: Some(Attempts { since, told: Told(&words), today, yesterday, texts: Vec::new() }),
        ..Reading::default()
    }
}

/// 2026-11-28 17:27:36 UTC.
const NOW: i64 = 1_795_886_856;

/// `n` attempts, one a second from `time` on.
fn some(n: i64, time: i64, place: usize, class: Option<usize>, failed: bool) -> Vec<Event> {
    (0..n).map(|second| (time + second, place, class, failed)).collect()
}

/// Four earlier weeks with 10 of 100 put off at Apex, then 12, 14, 16; today 40 of 100, of which 30 were between 9 and 11; and
/// one that failed here.
fn usual_events(now: i64) -> Vec<Event> {
    let mut events = Vec::new();
    for week in 1..=4 {
        let begin = local::midnight(local::days_before(now, 7 * week));
        let put_off = 8 + 2 * i64::try_from(week).unwrap();
        events.extend(some(100 - put_off, begin + 3600, 1, None, false));
        events.extend(some(put_off, begin + 7200, 1, Some(0), false));
        events.extend(some(4, begin + 7300, 2, Some(1), true));
        // Of the rest of that day nothing counts.
        events.extend(some(500, begin + 86_000, 1, Some(0), false));
    }
    let begin = local::midnight(now);
    events.extend(some(60, begin + 100, 1, None, false));
    events.extend(some(10, begin + 1800, 1, Some(0), false));
    events.extend(some(20, begin + 9 * 3600 + 30, 1, Some(0), false));
    events.extend(some(10, begin + 10 * 3600 + 30, 1, Some(0), false));
    events.extend(some(3, begin + 11 * 3600, 2, None, false));
    events.extend(some(1, begin + 12 * 3600, 0, Some(1), true));
    events
}

fn page_of(readings: &[Reading], now: i64) -> Option<ReasonsPage> {
    let (history, problems) = History::read(readings, now, &Files::default());
    assert_eq!(problems, Vec::<String>::new());
    page(&readings[0], readings, &history, now)
}

/// What the page says of today.
fn made(readings: &[Reading], now: i64) -> Option<ReasonsDay> {
    let today = page_of(readings, now)?.days.swap_remove(0);
    assert_eq!((today.name, today.first), ("today", true));
    Some(today)
}

fn text(bits: &[Bit]) -> String {
    bits.iter().map(|bit| bit.text.as_str()).collect()
}

fn text_of(day: &ReasonsDay) -> String {
    text(&day.lead)
}

fn bare(text: &str) -> String {
    text.replace('\u{202f}', " ")
}

#[test]
fn each_row_has_its_numbers_its_hours_and_what_is_usual() {
    let readings = [reading(&usual_events(NOW), 1, NOW)];
    let page = made(&readings, NOW).unwrap();
    assert!(page.nothing.is_none() && page.notes.is_empty(), "{page:?}");
    let clock = local::clock(NOW);
    let nine = local::clock(local::midnight(NOW) + 9 * 3600);
    assert_eq!(
        bare(&text(&page.lead)),
        format!(
            "Today until {clock}, 40 of 104 attempts were put off and 1 failed for good. All of what was put off, 40, was for Apex: too slow, mostly between {nine} and 11:00. All of what failed: no such user."
        )
    );
    let rows: Vec<_> = page.providers.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(rows, ["Apex (apex.example)", "Here", "Bell"]);
    let apex = &page.providers[0];
    assert_eq!(
        (&*apex.attempts, &*apex.delivered.number, &*apex.put_off.number, &*apex.failed.number),
        ("100", "60", "40", "0")
    );
    assert_eq!(bare(&apex.put_off.share), "40 %");
    assert_eq!((&*bare(&apex.usual.text), apex.usual.is_above), ("10–16 %", true));
    assert_eq!(apex.because, "Too slow");
    // 10 in the first hour, 20 from nine on, 10 from ten on; the hour of now is the last.
    let steps: Vec<Option<u8>> = apex.hours.iter().map(|hour| hour.step).collect();
    let mut want = vec![Some(0); 18];
    (want[0], want[9], want[10]) = (Some(2), Some(4), Some(2));
    assert_eq!(steps, want);
    assert_eq!(apex.hours_words, format!("put off by hour; most at {nine}, 20"));
    assert_eq!((&*page.providers[2].put_off.number, &*bare(&page.providers[2].usual.text)), ("0", "0 %"));
    assert!(!page.providers[2].usual.is_above);
    let [put_off, failed] = &page.parts[..] else { panic!("{page:?}") };
    assert_eq!((&*put_off.total, put_off.rows.len(), &*failed.total, failed.rows.len()), ("40", 1, "1", 1));
    let slow = &put_off.rows[0];
    assert_eq!(
        (&*slow.label, &*slow.attempts, &*bare(&slow.share), slow.bar),
        ("Too slow", "40", "100 %", 100.0)
    );
    // 40 of 41; 10 of 14 to 16 of 20 in the weeks before.
    assert_eq!(
        (&*bare(&slow.of_all), &*bare(&slow.usual.text), slow.usual.is_above),
        ("98 %", "71–80 %", true)
    );
    assert_eq!((&*slow.todo, &*bare(&slow.causes)), ("Mend slow.", "Apex 100 %"));
    let user = &failed.rows[0];
    assert_eq!(
        (&*bare(&user.of_all), &*bare(&user.usual.text), user.usual.is_above),
        ("2.4 %", "20–29 %", false)
    );
    assert_eq!(bare(&user.causes), "Here 100 %");
}

/// As sed and awk would count them: each number of the page is that of the events, and those of the counters of today.
#[test]
fn numbers_are_those_of_the_counters() {
    let mut seed = 1_234_567_u64;
    println!("seed {seed}");
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..20 {
        let begin = local::midnight(NOW);
        let events: Vec<Event> = (0..400)
            .map(|_| {
                let time = begin - 3600 + i64::try_from(next(17 * 3600)).unwrap();
                let class = usize::try_from(next(3)).unwrap().checked_sub(1);
                (time, usize::try_from(next(3)).unwrap(), class, class.is_some() && next(3) == 0)
            })
            .collect();
        let readings = [reading(&events, 1, NOW)];
        let page = made(&readings, NOW).unwrap();
        let today = |key: &str| readings[0].counter(key).unwrap().value.unwrap().today.unwrap().to_string();
        for (label, of) in [("Apex (apex.example)", "a"), ("Bell", "b")] {
            let row = page.providers.iter().find(|row| row.label == label).unwrap();
            let keys = ["ok", "def", "fail"].map(|outcome| today(&format!("{outcome}_{of}")));
            assert_eq!([&row.delivered.number, &row.put_off.number, &row.failed.number], keys.each_ref());
            // The hours that are not empty.
            let index = PLACES.iter().position(|place| *place == label).unwrap();
            for hour in &row.hours {
                let from = begin + i64::try_from(hour.at).unwrap() * 3600;
                let within = events.iter().filter(|event| (from..from + 3600).contains(&event.0));
                let any =
                    within.filter(|(_, place, class, failed)| *place == index && class.is_some() && !failed);
                assert_eq!(hour.step != Some(0), any.count() > 0, "{label} {}", hour.at);
            }
        }
        assert_eq!(
            page.parts.iter().map(|part| part.total.clone()).collect::<Vec<_>>(),
            [today("def"), today("fail")]
        );
        for (class, label) in ["Too slow", "No such user"].into_iter().enumerate() {
            for part in &page.parts {
                let row = part.rows.iter().find(|row| row.label == label).unwrap();
                let of_it = events.iter().filter(|event| event.0 >= begin && event.2 == Some(class));
                assert_eq!(row.attempts, of_it.filter(|event| event.3 == part.is_bad).count().to_string());
            }
        }
    }
}

#[test]
fn what_is_not_known_is_no_zero() {
    let begin = local::midnight(NOW);
    // Counted since noon: no comparison, and that is said.
    let readings = [reading(&usual_events(NOW), begin + 10 * 3600, NOW)];
    let page = made(&readings, NOW).unwrap();
    let ten = local::clock(begin + 10 * 3600);
    assert_eq!(page.notes, [format!("Counted since {ten}: what ended before is in none of these numbers.")]);
    assert!(text(&page.lead).starts_with(&format!("Today from {ten} until ")), "{}", text(&page.lead));
    assert!(page.providers.iter().all(|row| row.usual.text.is_empty() && !row.usual.is_above));
    // Where it is not known of all where they went, the hours of this server are not known.
    let mut events = reading(&usual_events(NOW), 1, NOW);
    let unseen = KEYS.iter().position(|key| *key == "unseen").unwrap();
    let noon = events.waiting.iter().position(|(time, _)| *time == begin + 12 * 3600).unwrap();
    events.waiting[noon].1[unseen] = 1;
    let page = made(&[events], NOW).unwrap();
    let here = page.providers.iter().find(|row| row.label == "Here").unwrap();
    assert_eq!(
        here.hours.iter().filter(|hour| hour.step.is_none()).map(|hour| hour.at).collect::<Vec<_>>(),
        [12]
    );
    assert_eq!(here.failed.number, "1");
    // Nothing today, some yesterday.
    let readings = [reading(&some(3, begin - 100, 1, Some(0), false), 1, NOW)];
    let nothing = made(&readings, NOW).unwrap().nothing.unwrap();
    assert_eq!(nothing.text, "Yesterday 3 were put off and 0 failed.");
    // A table that is not counted yet, of a protocol that is.
    let readings = [reading(&usual_events(NOW), 0, NOW)];
    let page = made(&readings, NOW).unwrap();
    assert_eq!(page.nothing.unwrap().heading, "Nothing is known of today");
    assert!(page.lead.is_empty() && page.parts.is_empty() && page.providers.is_empty());
    // Logs that were last read yesterday say nothing of today.
    let readings = [Reading { seen: begin - 60, ..reading(&usual_events(NOW), 1, NOW) }];
    let nothing = made(&readings, NOW).unwrap().nothing.unwrap();
    assert!(
        nothing.text.starts_with("The logs were last read on ") && nothing.text.contains("23:59"),
        "{}",
        nothing.text
    );
    // Nothing was ever put off, and nothing is counted at all.
    assert!(made(&[reading(&[], 1, NOW)], NOW).is_none());
    assert!(made(&[Reading { attempts: None, ..reading(&usual_events(NOW), 1, NOW) }], NOW).is_none());
}

#[test]
fn a_second_instance_has_a_page_of_its_own() {
    let like = crate::reading::Like { instance: "out", part: "m", templates: &[] };
    let readings = [Reading { like: Some(like), ..reading(&usual_events(NOW), 1, NOW) }];
    let page = page_of(&readings, NOW).unwrap();
    assert_eq!((&*page.file, &*page.title), ("out-why.html", "out: why mail was put off"));
    let page = page_of(&[reading(&usual_events(NOW), 1, NOW)], NOW).unwrap();
    assert_eq!((&*page.file, &*page.title), ("why.html", "Why mail was put off"));
}

#[test]
fn hostile_texts_are_text() {
    let mut reading = reading(&usual_events(NOW), 1, NOW);
    let attempts = reading.attempts.as_mut().unwrap();
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>&amp;]]>{{ 7*7 }}{% raw %}\u{5d0}\u{5d1}";
    attempts.texts = vec![Text { class: 0, failed: false, time: NOW - 60, text: hostile.to_owned() }];
    attempts.told = Told(Box::leak(Box::new(move || {
        let mut words = words();
        for place in &mut words.places {
            (place.label, place.name) = (hostile.to_owned(), hostile.to_owned());
        }
        words
    })));
    let readings = [reading];
    let site = Site {
        graphs: Vec::new(),
        readings: &readings,
        host: "mx1",
        now: NOW,
        templates_dir: None,
        pages_apart: false,
        among: None,
    };
    let (pages, problems) = site_pages(&site, None).unwrap();
    assert_eq!(problems, Vec::<String>::new());
    let (_, html) = pages.iter().find(|(name, _)| name == "why.html").unwrap();
    for part in ["<script>alert", "<img", "onerror=alert(1)>", "'><b>"] {
        assert!(!html.contains(part), "{part} is in\n{html}");
    }
    assert!(
        html.contains("&lt;img") && html.contains("{{ 7*7 }}") && html.contains("<bdi dir=\"auto\">"),
        "{html}"
    );
    // What is opened is closed, and stands in what it may stand in.
    let mut open: Vec<&str> = Vec::new();
    // Without the script and the styles of every page, which are no markup.
    let (before, rest) = html.split_once("<style>").unwrap();
    let (styles, rest) = rest.split_once("</style>").unwrap();
    let (between, rest) = rest.rsplit_once("<script>").unwrap();
    let (_, behind) = rest.split_once("</script>").unwrap();
    assert!(!styles.contains("alert(1)"));
    let markup = [before, between, behind].concat();
    for tag in markup.split('<').skip(1) {
        let name = tag.split([' ', '>', '/', '\n']).find(|name| !name.is_empty()).unwrap_or_default();
        let is_void = ["!doctype", "meta", "link", "br", "img", "input"].contains(&name)
            || tag.split('>').next().unwrap().ends_with('/');
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !is_void {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

/// The day after the one of [`usual_events`], whose numbers then are yesterday's, and all of them.
#[test]
fn yesterday_is_told_whole_and_in_the_night_first() {
    let begin = local::midnight(NOW);
    let now = begin + 86_400 + 2 * 3600;
    let mut events = usual_events(NOW);
    events.extend(some(7, begin + 86_400 + 60, 2, Some(0), false));
    let page = page_of(&[reading(&events, 1, now)], now).unwrap();
    let [today, yesterday] = &page.days[..] else { panic!("{page:?}") };
    assert_eq!((today.first, yesterday.first, yesterday.name), (false, true, "yesterday"));
    assert!(text(&today.lead).starts_with("Today until 02:00, 7 of 7 attempts were put off"), "{today:?}");
    assert_eq!(
        bare(&text(&yesterday.lead)),
        "Yesterday, Sat 28 Nov: 40 of 104 attempts were put off and 1 failed for good. All of what was put off, 40, was for Apex: too slow, mostly between 09:00 and 11:00. All of what failed: no such user."
    );
    assert!(yesterday.key.contains("last four Saturdays, as far"), "{}", yesterday.key);
    let apex = &yesterday.providers[0];
    assert_eq!((&*apex.attempts, &*apex.put_off.number, apex.hours.len()), ("100", "40", 24));
    let full: Vec<usize> =
        apex.hours.iter().filter(|hour| hour.step != Some(0)).map(|hour| hour.at).collect();
    assert_eq!(full, [0, 9, 10]);
    // Of other days all counts, because all of yesterday does: also what was put off in their last 400 seconds. That makes 410
    // of 500 to 416 of 500.
    assert_eq!((&*bare(&apex.usual.text), apex.usual.is_above), ("82–83 %", false));
    // From six o'clock on today is told first.
    let morning = begin + 86_400 + 6 * 3600;
    let page = page_of(&[reading(&events, 1, morning)], morning).unwrap();
    assert_eq!(page.days.iter().map(|day| day.first).collect::<Vec<_>>(), [true, false]);
    // What was said today is told as such among yesterday's.
    let mut reading = reading(&events, 1, now);
    let texts = |time| vec![Text { class: 0, failed: false, time, text: "450 later".to_owned() }];
    for (time, said) in [(now - 60, "today, 01:59"), (begin + 60, "00:01"), (begin + 86_399, "23:59")] {
        reading.attempts.as_mut().unwrap().texts = texts(time);
        let page = page_of(std::slice::from_ref(&reading), now).unwrap();
        assert_eq!(page.days[1].parts[0].rows[0].said, said);
    }
    // A table that began today says nothing of yesterday; one that began yesterday compares nothing.
    let since = |since| page_of(&[self::reading(&events, since, now)], now).unwrap();
    assert_eq!(since(begin + 86_400).days.len(), 1);
    let page = since(begin + 3600);
    assert!(
        text_of(&page.days[1]).starts_with("Yesterday, Sat 28 Nov from 01:00: 30 of 34 attempts"),
        "{page:?}"
    );
    assert!(page.days[1].providers.iter().all(|row| row.usual.text.is_empty()));
    // Logs that were last read yesterday.
    let page = page_of(&[Reading { seen: begin + 43_200, ..self::reading(&events, 1, now) }], now).unwrap();
    assert!(page.days[0].nothing.is_some());
    assert!(text_of(&page.days[1]).starts_with("Yesterday, Sat 28 Nov until 12:00: "), "{page:?}");
    assert_eq!(page.days[1].providers[0].hours.len(), 12);
}

#[test]
fn a_day_before_is_told_as_such() {
    let mut reading = reading(&usual_events(NOW), 1, NOW);
    let begin = local::midnight(NOW);
    let text = |time, failed| Text { class: usize::from(failed), failed, time, text: "450 later".to_owned() };
    reading.attempts.as_mut().unwrap().texts = vec![text(begin - 60, true), text(begin + 60, false)];
    let page = made(&[reading], NOW).unwrap();
    assert_eq!(
        (&*page.parts[0].rows[0].said, &*page.parts[0].rows[0].text),
        (&*local::clock(begin + 60), "450 later")
    );
    assert_eq!(page.parts[1].rows[0].said, "yesterday, 23:59");
}

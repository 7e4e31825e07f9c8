//! How attempts ended on two days, by an independent, naive reading of the log as a whole; and what is kept of them when.
use super::*;
use crate::protocol::attempts::Kept;
use crate::reading::attempts::{Attempts, Day};
use crate::store::state::State;

/// By local date, place, class (empty: it succeeded) and outcome.
type Told = BTreeMap<(String, &'static str, &'static str, &'static str), u64>;

/// The table of a query.
pub(super) fn attempts(world: &World) -> Option<Attempts> {
    query(&world.job(), NOW.get()).unwrap().attempts
}

/// Its two days.
pub(super) fn told(attempts: &Attempts) -> Told {
    let mut told = Told::new();
    let words = attempts.words();
    for Day { date, delivered, cells, .. } in [&attempts.today, &attempts.yesterday] {
        for (place, number) in words.places.iter().zip(delivered).filter(|(_, number)| **number > 0) {
            told.insert((date.to_string(), place.key, "", "success"), *number);
        }
        for cell in cells {
            let (place, class) = (words.places[cell.place].key, words.classes[cell.class].key);
            for (outcome, number) in [("deferral", cell.put_off), ("failure", cell.failed)] {
                if number > 0 {
                    told.insert((date.to_string(), place, class, outcome), number);
                }
            }
        }
    }
    told
}

fn date(time: i64) -> String {
    use chrono::TimeZone;
    chrono::Local.timestamp_opt(time, 0).unwrap().format("%Y%m%d").to_string()
}

/// What [`line_of`] wrote, read as a whole; and the last text of what was put off.
pub(super) fn attempts_model(lines: &[(String, i64)]) -> (Told, Option<String>) {
    let days = [date(NOW.get()), date(NOW.get() - 86_400)];
    let mut told = Told::new();
    let mut open: BTreeMap<&str, &str> = BTreeMap::new();
    let mut last: Option<(&str, String)> = None;
    for (line, time) in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[1] {
            "starting" => {
                if words[3] == "1:" {
                    open.clear();
                }
                let place = match words[8] {
                    "b@gmail.com" => "google",
                    "b@hotmail.de" => "microsoft",
                    _ => "other",
                };
                open.insert(words[3], place);
            }
            "delivery" => {
                let place = open.remove(words[2]).unwrap_or("unseen");
                if !days.contains(&date(*time)) {
                    continue;
                }
                let (class, outcome) =
                    if words[3] == "success:" { ("", "success") } else { ("other", "deferral") };
                *told.entry((date(*time), place, class, outcome)).or_default() += 1;
                if outcome == "deferral" && last.as_ref().is_none_or(|(stamp, _)| *stamp <= words[0]) {
                    let report = words.get(4).unwrap_or(&"").trim_end_matches('/');
                    let is_long = report.len() > 300;
                    let text = if is_long { format!("{}…", &report[..297]) } else { report.to_owned() };
                    last = Some((words[0], text));
                }
            }
            _ => {}
        }
    }
    (told, last.map(|(_, text)| text))
}

/// The table has what the log has, and its sums are those of the counters of that day.
pub(super) fn check_attempts(world: &World, lines: &[(String, i64)]) {
    let Some(attempts) = attempts(world) else {
        assert!(!world.follows, "where deliveries are followed, the table is counted");
        return;
    };
    let (want, text) = attempts_model(lines);
    assert_eq!(told(&attempts), want, "attempts");
    let texts: Vec<&str> = attempts.texts.iter().map(|text| text.text.as_str()).collect();
    assert_eq!(texts, text.as_deref().into_iter().collect::<Vec<_>>(), "the last text");
}

/// The growth of a counter today, as the query says it.
fn today(world: &World, key: &str) -> u64 {
    let reading = query(&world.job(), NOW.get()).unwrap();
    u64::try_from(reading.counter(key).unwrap().value.unwrap().today.unwrap()).unwrap()
}

#[test]
fn sums_are_those_of_the_counters_through_a_commit_and_beyond_it() {
    let mut world = World::following();
    let now = NOW.get();
    // All of today, in the night's first hours: those before them are of yesterday.
    let kinds: Vec<(u8, u16)> = (0..200u8).map(|i| ([2, 3, 2, 4, 0, 6][usize::from(i % 6)], 1)).collect();
    let lines: Vec<(String, i64)> = log_of(&kinds)
        .iter()
        .enumerate()
        .map(|(i, (line, _))| {
            let time = now - 400 + i64::try_from(i).unwrap();
            (format!("@{:016x}{i:08x} {}", (1i64 << 62) + 10 + time, &line[26..]), time)
        })
        .collect();
    world.write(&text_of(&lines[..120]));
    world.roll();
    world.write(&text_of(&lines[120..]));
    for _ in 0..2 {
        let attempts = attempts(&world).unwrap();
        let class = attempts.words().classes.iter().position(|class| class.key == "other").unwrap();
        assert_eq!(attempts.words().classes[class].counter, "why_other");
        let (put_off, failed) = attempts.today.sum(|cell| cell.class == class);
        assert_eq!((put_off + failed, failed), (today(&world, "why_other"), 0));
        assert!(put_off > 20, "{put_off}");
        for place in ["google", "microsoft", "other"] {
            let at = attempts.words().places.iter().position(|known| known.key == place).unwrap();
            let (put_off, failed) = attempts.today.sum(|cell| cell.place == at);
            let keys = ["ok", "def", "fail"].map(|of| today(&world, &format!("{of}_{place}")));
            assert_eq!([attempts.today.delivered(at), put_off, failed], keys, "{place}");
        }
        check_attempts(&world, &lines);
        // Once beyond the commit, once within.
        world.update().unwrap();
    }
}

/// A line that comes late counts on the day of its own time, though its minute is in the RRD already; one of the day before
/// yesterday in no table.
#[test]
fn a_late_line_counts_on_its_own_day() {
    let mut world = World::following();
    let midnight = crate::calendar::day_of(NOW.get()).1;
    let line = |time: i64, n: usize, text: &str| {
        (format!("@{:016x}{n:08x} {text}\n", (1i64 << 62) + 10 + time), time)
    };
    let deferral = "delivery 5: deferral: xxx/";
    let mut lines = vec![line(midnight + 30, 1, "new msg 7"), line(midnight + 100, 2, deferral)];
    world.write(&text_of(&lines));
    world.roll();
    world.flush();
    for (n, time) in [(3, midnight - 1), (4, midnight - 86_400 * 3), (5, midnight)] {
        let late = line(time, n, deferral);
        world.write(late.0.as_bytes());
        world.roll();
        lines.push(late);
    }
    check_attempts(&world, &lines);
    let attempts = attempts(&world).unwrap();
    assert_eq!((attempts.today.sum(|_| true), attempts.yesterday.sum(|_| true)), ((2, 0), (1, 0)));
    // The next day it is all of the day before; the day after that nothing, and no line came.
    for (days, left) in [(1, (2, 0)), (2, (0, 0))] {
        NOW.set(midnight + 86_400 * days + 7200);
        let attempts = self::attempts(&world).unwrap();
        assert_eq!(
            (attempts.today.sum(|_| true), attempts.yesterday.sum(|_| true)),
            ((0, 0), left),
            "{days}"
        );
        assert_eq!(attempts.texts.len(), usize::from(days == 1));
        world.update().unwrap();
    }
}

/// Each time a line stands in syslog once more it counts a reason, and where that delivery went is not known.
#[test]
fn what_syslogd_says_of_repeated_lines_is_in_the_table() {
    let mut world = World::following();
    let log = world.config.logs_base.join("maillog");
    let time = |second: i64| {
        use chrono::TimeZone;
        chrono::Local.timestamp_opt(NOW.get() - 100 + second, 0).unwrap().to_rfc3339()
    };
    world.configure(&format!("send_log_method = \"syslog\"\nlogs_syslog = [{log:?}]\n"));
    let report = "192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_No_such_user_here/Giving_up_on_192.0.2.1./";
    let lines = [
        format!("{} mx1 qmail: starting delivery 7: msg 5 to remote u@gmail.com", time(0)),
        format!("{} mx1 qmail: delivery 7: failure: {report}", time(10)),
        format!("{} mx1 last message repeated 3 times", time(20)),
        format!("{} mx1 qmail: message repeated 4 times: [ delivery 8: failure: {report}]", time(30)),
        format!("{} mx1 qmail: delivery x: failure: {report}", time(31)),
    ];
    fs::write(&log, lines.join("\n") + "\n").unwrap();
    for _ in 0..2 {
        let told = told(&attempts(&world).unwrap());
        let cell = |place| told.get(&(date(NOW.get()), place, "user_unknown", "failure")).copied();
        assert_eq!((cell("google"), cell("unseen")), (Some(1), Some(8)));
        assert_eq!(told.values().sum::<u64>(), today(&world, "why_user_unknown"));
        world.update().unwrap();
    }
}

/// What was read before the table was counted is not in it: that is said, and no 0.
#[test]
fn since_when_the_table_counts() {
    let mut world = World::following();
    let midnight = crate::calendar::day_of(NOW.get()).1;
    NOW.set(midnight + 36_000);
    let deferral = |time: i64, n: i64| {
        (format!("@{:016x}{n:08x} delivery 5: deferral: xxx/\n", (1i64 << 62) + 10 + time), time)
    };
    let first = deferral(midnight + 3600, 1);
    world.write(first.0.as_bytes());
    world.roll();
    world.update().unwrap();
    let counted = attempts(&world).unwrap();
    assert_eq!(counted.since, midnight + 3600, "from the first line on that was ever read");
    // As a version without the table leaves it.
    let without = |world: &World| {
        let store = world.job().store();
        let mut session = store.open(Duration::ZERO, NOW.get()).unwrap();
        let state = State { attempts: Kept::default(), ..session.state.clone() };
        session.commit(state, Vec::new(), NOW.get()).unwrap();
    };
    without(&world);
    let unknown = crate::query::last_commit(&world.job(), NOW.get()).unwrap().attempts.unwrap();
    assert_eq!((unknown.since, told(&unknown).len()), (0, 0));
    let second = deferral(midnight + 36_100, 2);
    world.write(second.0.as_bytes());
    NOW.set(midnight + 36_200);
    for _ in 0..2 {
        let known = attempts(&world).unwrap();
        assert_eq!((known.since, known.today.sum(|_| true)), (midnight + 36_000, (1, 0)));
        world.update().unwrap();
    }
    // Reasons are not counted for a while: then it begins anew.
    world.configure("reasons = false\n");
    NOW.set(midnight + 40_000);
    world.write(deferral(midnight + 39_000, 3).0.as_bytes());
    world.update().unwrap();
    assert_eq!(attempts(&world), None);
    world.configure("");
    assert_eq!(attempts(&world).unwrap().since, midnight + 40_000);
    assert_eq!(told(&attempts(&world).unwrap()).len(), 0);
    // What came between the last commit and the first one with the table is in it, though the RRD gets room for the counters in a
    // commit of its own; also if a process dies behind that one.
    world.write(deferral(midnight + 40_100, 4).0.as_bytes());
    NOW.set(midnight + 40_900);
    let make_room = |world: &World| {
        let before = world.job().store().read().unwrap().unwrap().number;
        let after = world.job().store().open(Duration::ZERO, NOW.get()).unwrap().state.number;
        assert!(after > before, "there was a commit");
    };
    for step in 0..3 {
        let known = attempts(&world).unwrap();
        assert_eq!((known.since, known.today.sum(|_| true)), (midnight + 40_000, (1, 0)), "{step}");
        if step == 0 {
            make_room(&world);
            NOW.set(midnight + 41_000);
        } else {
            world.update().unwrap();
        }
    }
}

/// `providers` and `times` change the table of counters, too.
#[test]
fn what_ends_while_the_counters_change_is_in_the_table() {
    let mut world = World::following();
    let midnight = crate::calendar::day_of(NOW.get()).1;
    NOW.set(midnight + 36_000);
    let deferral = |time: i64, n: i64| {
        (format!("@{:016x}{n:08x} delivery 5: deferral: xxx/\n", (1i64 << 62) + 10 + time), time)
    };
    world.write(deferral(midnight + 35_000, 1).0.as_bytes());
    world.update().unwrap();
    // Where both are off there is no table.
    for (number, keys) in
        ["times = false", "providers = false\ntimes = false", "providers = false", ""].iter().enumerate()
    {
        let now = midnight + 36_000 + 1000 * i64::try_from(number + 1).unwrap();
        let before = attempts(&world).map(|known| (known.since, known.today.sum(|_| true).0));
        world.configure(&format!("{keys}\n"));
        world.write(deferral(now - 500, 2 + i64::try_from(number).unwrap()).0.as_bytes());
        NOW.set(now);
        world.update().unwrap();
        let after = attempts(&world).map(|known| (known.since, known.today.sum(|_| true).0));
        let has_table = number != 1;
        let want = match before {
            _ if !has_table => None,
            Some((since, sum)) => Some((since, sum + 1)),
            None => Some((now - 1000, 1)),
        };
        assert_eq!(after, want, "{keys:?}");
    }
}

/// A clock that is five days behind at one run: all is there when it is right again.
#[test]
fn a_clock_that_was_behind_at_one_run_loses_no_attempt() {
    let mut world = World::following();
    let midnight = crate::calendar::day_of(NOW.get()).1;
    let right = midnight + 36_000;
    NOW.set(right);
    let mut lines = Vec::new();
    for (n, time) in [(1, midnight - 50), (2, midnight + 50), (3, right - 5)] {
        let line = format!("@{:016x}{n:08x} delivery 5: deferral: xxx/\n", (1i64 << 62) + 10 + time);
        lines.push((line, time));
    }
    world.write(text_of(&lines[..2]).as_ref());
    world.update().unwrap();
    NOW.set(right - 5 * 86_400);
    world.write(lines[2].0.as_bytes());
    world.update().unwrap();
    assert!(attempts(&world).unwrap().since > right - 6 * 86_400);
    NOW.set(right + 60);
    for _ in 0..2 {
        let known = attempts(&world).unwrap();
        assert_eq!((known.today.sum(|_| true), known.yesterday.sum(|_| true)), ((2, 0), (1, 0)));
        world.update().unwrap();
    }
}

/// As in the first table, under another name.
#[test]
fn a_second_instance_has_a_table_of_its_own() {
    let mut world = World::following();
    let dir = world.config.logs_base.join("out");
    fs::create_dir(&dir).unwrap();
    world.configure(&format!("[protocol.out]\nlike = \"send\"\nsource = \"multilog:{}\"\n", dir.display()));
    let line = format!("@{:016x}00000001 delivery 5: deferral: xxx/\n", (1i64 << 62) + 10 + NOW.get() - 60);
    fs::write(dir.join("current"), line).unwrap();
    let feeds = feeds(&world.config);
    let out = feeds.iter().find(|feed| feed.protocol.name == "out").unwrap();
    let job = Job { feed: out, ..world.job() };
    job.advance(None, &mut || Ok(()), Options::default()).unwrap();
    let of_it = query(&job, NOW.get()).unwrap().attempts.unwrap();
    assert_eq!(
        told(&of_it).into_keys().collect::<Vec<_>>(),
        [(date(NOW.get()), "unseen", "other", "deferral")]
    );
    assert_eq!(told(&attempts(&world).unwrap()).len(), 0);
}

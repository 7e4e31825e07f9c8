//! The page of reasons: its numbers and hours beside a count of the whole log in Python (`tests/reference/attempts.py`), over a
//! day's change, on a day of 25 hours, and whoever is killed meanwhile.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use crate::support::clock::Machine;
use crate::support::pipe_through;
use crate::support::store::{MAILLOGS, Store, stderr};

/// A report, a word that it alone has, and the reason's name on the page.
const KINDS: [(&str, &str, &str); 6] = [
    (
        "deferral: 192.0.2.1_does_not_like_recipient./Remote_host_said:_451_4.7.1_<joe@example.org>:_Greylisted_[203.0.113.77]/Giving_up_on_192.0.2.1./",
        "Greylisted",
        "Greylisted",
    ),
    (
        "deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
        "establish",
        "No connection",
    ),
    ("deferral: CNAME_lookup_failed_temporarily._(#4.4.3)/", "CNAME", "Name not resolved"),
    (
        "failure: 192.0.2.2_does_not_like_recipient./Remote_host_said:_550_5.1.1_User_unknown/Giving_up_on_192.0.2.2./",
        "User_unknown",
        "No such mailbox",
    ),
    ("failure: The_planets_are_not_aligned./", "planets", "Not known to the rules"),
    ("success: 192.0.2.4_accepted_message./Remote_host_said:_250_ok,_not_Greylisted/", "", ""),
];

/// A recipient, its place, and that one's name on the page.
const TO: [(&str, &str, &str); 5] = [
    ("remote joe@gmail.com", "google", "Google (Gmail)"),
    ("remote joe@hotmail.co.uk", "microsoft", "Microsoft (Outlook, Hotmail)"),
    ("remote joe@example.org", "other", "All other servers"),
    ("local example.com-joe@example.com", "local", "This server"),
    ("", "unseen", "Not known where to"),
];

/// `date -d TEXT +%s` in Munich.
fn date(text: &str) -> i64 {
    let output =
        Command::new("date").env("TZ", "Europe/Berlin").args(["-d", text, "+%s"]).output().expect("date");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a time")
}

/// Chance by `MAILLOGS_SEED`, which is printed.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let chosen = std::env::var("MAILLOGS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = chosen.unwrap_or_else(|| u64::from(UNIX_EPOCH.elapsed().expect("now").subsec_nanos()));
        println!("MAILLOGS_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most as u64).expect("below")
    }
}

/// Deliveries from `from` to `to`, one in about two minutes.
fn log(chance: &mut Chance, number: &mut usize, from: i64, to: i64) -> Vec<u8> {
    let mut log = String::new();
    let mut time = from;
    while time < to - 3 {
        *number += 1;
        let stamp = |time: i64| format!("@{:016x}{number:08x}", (1i64 << 62) + 10 + time);
        let (recipient, ..) = TO[chance.below(TO.len())];
        if !recipient.is_empty() {
            log += &format!("{} starting delivery {number}: msg 7 to {recipient}\n", stamp(time));
        }
        log += &format!("{} delivery {number}: {}\n", stamp(time + 2), KINDS[chance.below(KINDS.len())].0);
        time += 3 + i64::try_from(chance.below(240)).expect("a number");
    }
    log.into_bytes()
}

/// Of each place and outcome, and of each reason and outcome, the number; and of each place what was put off by hour.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    places: BTreeMap<(String, &'static str), u64>,
    reasons: BTreeMap<(String, &'static str), u64>,
    hours: BTreeMap<(String, usize), u64>,
}

/// What Python counts from `from` to `to`.
fn reference(log: &[u8], from: i64, to: i64) -> Counted {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("python3");
    python
        .arg(root.join("tests/reference/attempts.py"))
        .arg(root.join("src/protocol/providers/providers.toml"))
        .args([from.to_string(), to.to_string()])
        .args(KINDS.iter().filter(|kind| !kind.1.is_empty()).map(|(_, word, name)| format!("{word}={name}")));
    let printed = String::from_utf8(pipe_through(&mut python, log)).expect("text");
    let mut counted = Counted::default();
    let place = |key: &str| TO.iter().find(|to| to.1 == key).expect("a place").2.to_owned();
    for line in printed.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["cell", key, outcome, reason, number] => {
                let outcome = ["success", "deferral", "failure"].into_iter().find(|known| *known == outcome);
                let (outcome, number) =
                    (outcome.expect("an outcome"), number.parse::<u64>().expect("a number"));
                *counted.places.entry((place(key), outcome)).or_default() += number;
                if !reason.is_empty() {
                    *counted.reasons.entry((reason.to_owned(), outcome)).or_default() += number;
                }
            }
            ["hour", key, hour, number] => {
                let hour = hour.parse().expect("an hour");
                counted.hours.insert((place(key), hour), number.parse().expect("a number"));
            }
            _ => panic!("{line}"),
        }
    }
    counted
}

/// The text of a piece of HTML, its tags as blanks.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' => (is_tag, text) = (false, text + " "),
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between two others.
fn between<'t>(html: &'t str, begin: &str, end: &str) -> &'t str {
    let rest = html.split_once(begin).unwrap_or_else(|| panic!("{begin} is not in {html}")).1;
    rest.split_once(end).map_or(rest, |(inner, _)| inner)
}

fn number(text: &str) -> u64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// What the page says of a day, and the steps of its hours.
fn read(html: &str, day: &str) -> (Counted, BTreeMap<String, Vec<String>>) {
    let html = of_day(html, day);
    let mut counted = Counted::default();
    let mut steps = BTreeMap::new();
    for row in html.split("<tr class=\"prov\">").skip(1) {
        let row = row.split("</tr>").next().expect("a row");
        let label = text(between(row, "<b>", "</b>"));
        for (column, outcome) in [("Delivered", "success"), ("Put off", "deferral"), ("Failed", "failure")] {
            let cell = between(row, &format!("data-l=\"{column}\""), "</td>");
            let amount = number(&text(between(cell, "<span class=\"s\">", "</span>")));
            if amount > 0 {
                counted.places.insert((label.clone(), outcome), amount);
            }
        }
        let rects =
            row.split("<rect class=\"").skip(1).map(|rect| rect.split('"').next().unwrap().to_owned());
        steps.insert(label, rects.collect());
    }
    for (id, outcome) in [("put-off", "deferral"), ("failed", "failure")] {
        let begin = format!("<section class=\"block\" aria-labelledby=\"{day}-{id}\">");
        let section = between(html, &begin, "</section>");
        for row in between(section, "<tbody", "</tbody>").split("<tr>").skip(1) {
            let amount = number(&text(between(between(row, "data-l=\"Attempts\"", "</td>"), ">", "<span")));
            counted.reasons.insert((text(between(row, "<b>", "</b>")), outcome), amount);
        }
    }
    (counted, steps)
}

/// The part of the page that tells `today` or `yesterday`.
fn of_day<'t>(html: &'t str, day: &str) -> &'t str {
    let html = between(html, &format!("<section class=\"period p-{day}\""), "</main>");
    html.split("<section class=\"period").next().expect("a part")
}

/// Draws the page at the machine's time.
fn page(machine: &Machine) -> String {
    let output = machine.faked(MAILLOGS).args(["graph", "--pages"]).output().expect("maillogs");
    assert!(output.status.success(), "{}", stderr(&output));
    fs::read_to_string(machine.store.base().join("graphs/why.html")).expect("the page of reasons")
}

/// The page says what Python counts of the day that begins at `midnight`, also hour by hour.
fn check(machine: &Machine, midnight: i64, hours: usize) -> String {
    let html = page(machine);
    let want = reference(&machine.log, midnight, machine.now);
    assert_day(
        &html,
        "today",
        &want,
        hours,
        usize::try_from((machine.now - midnight + 3599) / 3600).expect("hours"),
    );
    html
}

/// A day's part of the page says what was counted, for each of the hours that have begun.
fn assert_day(html: &str, day: &str, want: &Counted, hours: usize, passed: usize) {
    let (said, steps) = read(html, day);
    assert_eq!((&said.places, &said.reasons), (&want.places, &want.reasons));
    let html = of_day(html, day);
    assert!(html.contains(&format!("viewBox=\"0 0 {hours} 1\"")), "a day of {hours} hours");
    for (_, _, label) in TO.into_iter().filter(|to| !["unseen", "local"].contains(&to.1)) {
        let of = |hour: usize| want.hours.get(&(label.to_owned(), hour)).copied().unwrap_or(0);
        let highest = (0..passed).map(of).max().unwrap_or(0);
        let step =
            |hour: usize| format!("h{}", if highest == 0 { 0 } else { (4 * of(hour)).div_ceil(highest) });
        assert_eq!(steps[label], (0..passed).map(step).collect::<Vec<_>>(), "{label}");
    }
}

#[test]
fn each_number_is_that_of_the_log_over_midnight_and_a_day_of_25_hours() {
    let (yesterday, today, tomorrow) = (date("2026-10-24"), date("2026-10-25"), date("2026-10-26"));
    assert_eq!(tomorrow - today, 25 * 3600);
    let mut chance = Chance::new();
    let mut number = 0;
    let store = Store::new().in_zone("Europe/Berlin");
    let mut machine = Machine::new(store, yesterday + 15 * 3600);
    let mut write = |machine: &mut Machine, from: i64, to: i64| {
        let lines = log(&mut chance, &mut number, from, to);
        let current = machine.store.logs().join("current");
        let mut all = fs::read(&current).unwrap_or_default();
        all.extend(&lines);
        fs::write(&current, all).expect("current");
        machine.log.extend(&lines);
        machine.now = to;
        machine.touch(&current);
    };
    // From the first line on everything is known, and that is said.
    write(&mut machine, yesterday + 12 * 3600, yesterday + 15 * 3600);
    machine.roll();
    let html = page(&machine);
    assert!(
        html.contains("Today from 12:00 until 15:00, ") && html.contains("Counted since 12:00"),
        "{html}"
    );
    let (said, _) = read(&html, "today");
    let want = reference(&machine.log, yesterday, machine.now);
    assert_eq!((said.places, said.reasons), (want.places, want.reasons));
    // Over midnight in one chunk; the processor is killed in between.
    let last = machine.now;
    write(&mut machine, last, today + 9 * 3600);
    let logs = machine.store.logs();
    fs::rename(logs.join("current"), logs.join("previous")).expect("a chunk");
    for _ in 0..3 {
        let mut processor = machine
            .faked(machine.store.sendlog())
            .current_dir(&logs)
            .stdin(File::open(logs.join("previous")).expect("previous"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sendlog");
        std::thread::sleep(std::time::Duration::from_millis(chance_of(&machine)));
        let _ = processor.kill();
        processor.wait().expect("it ends");
    }
    fs::rename(logs.join("previous"), logs.join("current")).expect("a chunk");
    machine.roll();
    let html = check(&machine, today, 25);
    assert!(html.contains("Today until 08:00, "), "the clock was set back by an hour");
    // A part of it is committed, and a part waits.
    let last = machine.now;
    write(&mut machine, last, today + 17 * 3600 + 1000);
    let html = check(&machine, today, 25);
    // What was said last stands there without the addresses.
    let said = text(between(&html, "<blockquote class=\"said\">", "</blockquote>"));
    assert!(html.contains("451 4.7.1 …: Greylisted […]"), "{said}");
    for hidden in ["203.0.113.77", "joe@", "192.0.2.1"] {
        assert!(!html.contains(hidden), "{hidden}");
    }
    // The next day has its own numbers, and begins with none.
    machine.now = tomorrow + 60;
    let html = page(&machine);
    assert!(html.contains("Nothing was put off today, and nothing failed"), "{html}");
    let want = reference(&machine.log, today, tomorrow);
    assert_day(&html, "yesterday", &want, 25, 25);
    assert!(html.contains("value=\"yesterday\" id=\"p-yesterday\" checked"), "{html}");
    let (put_off, failed) = machine_sums(&want);
    assert!(
        text(&html).contains(&format!("Yesterday {put_off} were put off and {failed} failed.")),
        "{html}"
    );
    write(&mut machine, tomorrow + 60, tomorrow + 4 * 3600);
    check(&machine, tomorrow, 24);
}

/// Milliseconds after which a processor is killed.
fn chance_of(machine: &Machine) -> u64 {
    machine.log.len() as u64 % 17
}

fn machine_sums(counted: &Counted) -> (String, String) {
    let sum = |of: &str| {
        let all = counted.places.iter().filter(|((_, outcome), _)| *outcome == of).map(|(_, number)| number);
        let digits = all.sum::<u64>().to_string();
        let at = digits.len().saturating_sub(3);
        if at == 0 { digits } else { format!("{},{}", &digits[..at], &digits[at..]) }
    };
    (sum("deferral"), sum("failure"))
}

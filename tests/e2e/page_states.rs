//! What the overview says on other days: pages that the program made itself at a clock that stands, and what a browser shows of them.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::page::assert_valid;
use crate::support::browser::{Browser, Chromium, key};
use crate::support::clock::Machine;
use crate::support::store::{MAILLOGS, Store, stderr};
use crate::support::traffic::{Log, Traffic};

/// Saturday 28 November 2026, 17:27:00 UTC.
const NOW: i64 = 1_795_886_820;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A server at [`NOW`], whose logs of qmail-send and the SMTP port go back some days and end at these times.
fn machine(days: f64, send: i64, smtp: i64) -> Machine {
    let store = Store::with_syslog();
    let smtp_dir = store.base().join("smtp");
    fs::create_dir(&smtp_dir).expect("mkdir");
    fs::write(store.syslog(), "").expect("a syslog");
    let machine = Machine::new(store, NOW);
    for (log, dir, end) in [(Log::Send, machine.store.logs(), send), (Log::Smtpd, smtp_dir, smtp)] {
        let days = days - (NOW - end) as f64 / DAY as f64;
        let traffic = Traffic { seed: 3, end, days, rate: 0.1, utc_offset: 0, labels: true };
        let path = dir.join("current");
        traffic.write_log(log, &mut File::create(&path).expect("a log")).expect("a log");
        machine.touch(&path);
    }
    machine.touch(&machine.store.syslog());
    machine
}

/// Draws at the machine's clock; gives the overview's file.
fn draw(machine: &Machine) -> PathBuf {
    let output = machine.faked(MAILLOGS).args(["graph", "--pages"]).output().expect("maillogs");
    let dir = machine.store.base().join("graphs");
    assert!(dir.join("index.html").is_file(), "{}", stderr(&output));
    assert_valid(&dir);
    dir.join("index.html")
}

/// What the page says at the top, in a browser; the picture of it is kept where `MAILLOGS_SEEN` names a directory.
fn says(browser: &Chromium, page: &PathBuf, name: &str) -> (String, String, String, String) {
    // To the browser's clock, which is right, it would be old.
    let html = fs::read_to_string(page).expect("a page");
    let (before, rest) = html.split_once("class=\"made\" datetime=\"").expect("when it was made");
    let after = rest.split_once('"').expect("its end").1;
    let copy = page.with_file_name("seen.html");
    fs::write(&copy, format!("{before}class=\"made\" datetime=\"2099-01-01T00:00:00Z\"{after}"))
        .expect("a copy");
    browser.look(1280, 900, "light");
    browser.open(&copy);
    let script = "
        const text = s => document.querySelector(s)?.innerText.replaceAll('\\u202f', ' ') ?? '';
        return [text('.verdict'), text('.verdict + .lead'), document.querySelector('.verdict .st').getAttribute('class'), text('.heard')];";
    let said = browser.run(script);
    if let Some(dir) = std::env::var_os("MAILLOGS_SEEN") {
        let picture = browser.screenshot();
        fs::write(PathBuf::from(dir).join(format!("{name}.png.base64")), picture).expect("a picture");
    }
    // Whatever the state: nothing sticks out, and names of sources stay words.
    for width in [320, 390, 768, 1024] {
        browser.look(width, 900, "light");
        let wrong = browser.run(
            "const high = [...document.querySelectorAll('.heard th')].filter(th => th.getBoundingClientRect().height > 50);
            return [Math.max(0, document.documentElement.scrollWidth - innerWidth), ...high.map(th => th.innerText)];",
        );
        assert_eq!(wrong, json!([0]), "{name} at {width}");
    }
    fs::remove_file(&copy).expect("rm");
    assert_eq!(browser.console(), Vec::<String>::new());
    let part = |n: usize| said[n].as_str().expect("text").to_owned();
    (part(0), part(1), part(2), part(3))
}

fn lines_of(log: &[u8], word: &str) -> usize {
    String::from_utf8_lossy(log).lines().filter(|line| line.contains(word)).count()
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    match digits.len() {
        0..=3 => digits,
        n => format!("{},{}", &digits[..n - 3], &digits[n - 3..]),
    }
}

#[test]
fn the_first_day() {
    // Counting began at 08:12.
    let machine = machine(9.25 / 24.0, NOW, NOW);
    let (title, lead, sign, _) = says(&Chromium::start(), &draw(&machine), "first-day");
    assert_eq!((title.as_str(), sign.as_str()), ("Counting since 08:12", "st un"), "{lead}");
    let log = machine.store.current();
    for (word, words) in [("new msg", "messages came"), (": success:", "succeeded so far")] {
        let number = grouped(lines_of(&log, word));
        assert!(lead.contains(&number) && lead.contains(words), "{number} {words}: {lead}");
    }
    assert!(
        lead.starts_with("The first day. ") && lead.contains("the first same weekday is Sat 5 Dec"),
        "{lead}"
    );
}

#[test]
fn a_source_that_fell_silent() {
    let machine = machine(9.0, NOW - 3 * HOUR - 22 * 60, NOW);
    let (title, lead, sign, heard) = says(&Chromium::start(), &draw(&machine), "silent");
    let last = machine.store.current();
    let last = last.rsplit(|byte| *byte == b'\n').find(|line| !line.is_empty()).expect("a line");
    let stamp = i64::from_str_radix(std::str::from_utf8(&last[1..17]).expect("a stamp"), 16)
        .expect("a stamp")
        - (1 << 62)
        - 10;
    let clock = format!("{:02}:{:02}", stamp % DAY / HOUR, stamp % HOUR / 60);
    assert_eq!(
        (title.as_str(), sign.as_str()),
        (format!("No mail since {clock}").as_str(), "st stop"),
        "{lead}"
    );
    assert!(
        lead.contains("3 h 2")
            && lead.contains("; on other Saturdays about ")
            && lead.contains(" come in the same time."),
        "{lead}"
    );
    let silent: Vec<&str> = heard.lines().filter(|line| line.contains("silent, usually every")).collect();
    assert_eq!(silent.len(), 1, "{heard}");
    assert!(silent[0].starts_with("send") && silent[0].contains(&clock), "{heard}");
}

#[test]
fn nothing_is_delivered() {
    let machine = machine(9.0, NOW, NOW);
    // From 15:05 on all that was tried was put off.
    let since = NOW - 2 * HOUR - 22 * 60;
    let label = format!("@{:016x}", (1i64 << 62) + 10 + since);
    let log = String::from_utf8(machine.store.current()).expect("a log");
    let log: Vec<String> = log
        .lines()
        .map(|line| match line {
            line if line > label.as_str() => {
                line.replace(": success:", ": deferral:").replace(": failure:", ": deferral:")
            }
            line => line.to_owned(),
        })
        .collect();
    let current = machine.store.logs().join("current");
    fs::write(&current, log.join("\n") + "\n").expect("current");
    machine.touch(&current);
    let last = log.iter().rfind(|line| line.contains(": success:")).expect("a delivery");
    let stamp = i64::from_str_radix(&last[1..17], 16).expect("a stamp") - (1 << 62) - 10;
    let clock = format!("{:02}:{:02}", stamp % DAY / HOUR, stamp % HOUR / 60);
    let (title, lead, sign, _) = says(&Chromium::start(), &draw(&machine), "nothing-delivered");
    assert_eq!(
        (title.as_str(), sign.as_str()),
        (format!("Nothing is delivered since {clock}").as_str(), "st stop"),
        "{lead}"
    );
    assert!(
        lead.starts_with("In the last half-hour ") && lead.contains(" to deliver ended, and none succeeded."),
        "{lead}"
    );
    assert!(lead.contains("maillogs check tells more"), "{lead}");
}

#[test]
fn a_log_that_may_not_be_read() {
    let machine = machine(9.0, NOW, NOW);
    let browser = Chromium::start();
    let (title, ..) = says(&browser, &draw(&machine), "flowing");
    assert_eq!(title, "Mail is flowing");
    // Root may read everything: then the logs are read as somebody else.
    if nix::unistd::geteuid().is_root() {
        let config = fs::read_to_string(machine.store.config()).expect("toaster.conf");
        let line = |line: &str| match line.split_once(" = ") {
            Some((key @ ("logs_user" | "logs_group"), _)) => format!("{key} = \"daemon\"\n"),
            _ => format!("{line}\n"),
        };
        fs::write(machine.store.config(), config.lines().map(line).collect::<String>())
            .expect("toaster.conf");
        let base = machine.store.base();
        let owned = Command::new("chown").args(["-Rh", "daemon:daemon"]).arg(base).status().expect("chown");
        assert!(owned.success());
    }
    let current = machine.store.logs().join("current");
    fs::set_permissions(&current, fs::Permissions::from_mode(0o000)).expect("chmod");
    let later = Machine::new(machine.store, NOW + 6 * HOUR);
    let (title, lead, sign, _) = says(&browser, &draw(&later), "not-readable");
    fs::set_permissions(&current, fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(title.starts_with("Not known since 17:2"), "{title}: {lead}");
    assert_eq!(sign, "st un", "{lead}");
    assert!(
        lead.starts_with("The logs were last read ") && lead.to_lowercase().contains("permission denied"),
        "{lead}"
    );
    assert!(lead.contains("6 h") && lead.contains("maillogs check tells more"), "{lead}");
}

#[test]
fn no_log_at_all() {
    let machine = Machine::new(Store::new(), NOW);
    let page = draw(&machine);
    let (title, lead, sign, _) = says(&Chromium::start(), &page, "no-data");
    assert_eq!(sign, "st un", "{title} {lead}");
    assert!(["Nothing is known yet", "Nothing is counted yet"].contains(&title.as_str()), "{title}: {lead}");
    // What is not known is no number.
    let html = fs::read_to_string(page).expect("a page");
    assert!(!html.contains("<dd class=\"n\">0</dd>"), "{html}");
}

#[test]
fn a_cron_that_died() {
    let machine = machine(9.0, NOW, NOW);
    let page = draw(&machine);
    let browser = Chromium::start();
    browser.look(1280, 900, "light");
    browser.open(&page);
    let said = browser.run("return [document.querySelector('.verdict').innerText, document.querySelector('.stale').innerText, document.body.className]");
    assert_eq!(said[0], json!("Mail is flowing"));
    let stale = said[1].as_str().expect("text");
    assert!(
        stale.starts_with("This page is ")
            && stale.contains(" old: ")
            && stale.contains("Sat 28 Nov 2026 17:27 UTC, not of now"),
        "{stale}"
    );
    assert!(said[2].as_str().expect("classes").contains("old"));
}

/// Both changes of a year, within the pictures of a day: labels of the axis, and of each row as it is read.
#[test]
fn summer_time_begins_and_ends_within_a_picture() {
    let browser = Chromium::start();
    // 29 March 2026 and 25 October 2026, 11:30 in Berlin.
    for now in [1_774_776_600, 1_792_924_200] {
        let store = Store::new().in_zone("Europe/Berlin");
        let traffic = Traffic { seed: 5, end: now, days: 2.0, rate: 0.05, utc_offset: 3_600, labels: true };
        let current = store.logs().join("current");
        traffic.write(&mut File::create(&current).expect("a log")).expect("a log");
        let machine = Machine::new(store, now);
        machine.touch(&current);
        let page = draw(&machine);
        browser.look(1280, 900, "light");
        browser.open(&page);
        let ticks = browser.run("
            const plot = document.querySelector('#deliveries .plot'), { t, s, n } = plot.dataset;
            return [+t, +s, +n, ...[...plot.querySelectorAll('.x')].filter(x => x.querySelector('b')).map(x => [parseFloat(x.style.left), x.querySelector('b').textContent])]");
        let ticks = ticks.as_array().expect("ticks");
        let number = |n: usize| ticks[n].as_i64().expect("a number");
        let (start, step, rows) = (number(0), number(1), number(2));
        assert!(ticks.len() > 8, "{ticks:?}");
        let local = |time: i64, format: &str| {
            let output = machine
                .store
                .command("date")
                .args(["-d", &format!("@{time}"), format])
                .output()
                .expect("date");
            String::from_utf8(output.stdout).expect("a date").trim().to_owned()
        };
        for tick in &ticks[3..] {
            let at = tick[0].as_f64().expect("a place") / 100.0 * (step * rows) as f64;
            // The place is rounded to a hundredth of a per cent: some seconds of a day.
            let time = (start + at.round() as i64 + 30) / 60 * 60;
            let label = tick[1].as_str().expect("a label");
            let wanted = if label.contains(':') { "+%H:%M" } else { "+%a %-d" };
            assert_eq!(label, local(time, wanted), "{now}: {tick}");
            assert_eq!(local(time, "+%M"), "00", "{now}: {tick}");
        }
        browser.run("document.querySelector('#at').focus()");
        browser.press(key::HOME);
        let mut clocks = Vec::new();
        for row in 0..rows {
            let at = browser.run("return [document.querySelector('.scrub output').textContent, document.querySelector('th.at').textContent]");
            assert_eq!(at[0], at[1]);
            assert_eq!(at[0], json!(local(start + row * step, "+%H:%M")), "{now}: row {row}");
            clocks.push(at[0].clone());
            browser.press(key::RIGHT);
        }
        // The hour from two to three does not exist on one of the days, and is there twice on the other.
        let two = clocks
            .iter()
            .filter(|clock| clock.as_str().is_some_and(|clock| clock.starts_with("02:")))
            .count();
        assert_eq!(two, if now == 1_774_776_600 { 0 } else { 8 }, "{clocks:?}");
    }
}

//! The overview's numbers beside a count of the logs in Python (`tests/reference/overview.py`), over a month in which the clocks
//! were changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use crate::support::clock::Machine;
use crate::support::store::{MAILLOGS, Store, stderr};
use crate::support::traffic::{Log, Traffic};

/// Saturday 7 November 2026, 17:30:00 in Berlin: on 25 October the clocks were put back. On a half-hour, so that no row of an RRD is
/// cut.
const NOW: i64 = 1_794_069_000;

/// The months's logs: each with its part of the ordinary load.
const LOGS: [(&str, Log, f64); 3] =
    [("send", Log::Send, 0.1), ("smtpd", Log::Smtpd, 0.05), ("syslog", Log::Syslog, 0.04)];

/// Digits in groups of three.
fn grouped(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(|group| group.iter().collect()).collect();
    groups.join(",")
}

/// A page's text: tags are taken out, and what is in `svg`.
fn text(html: &str) -> String {
    let (mut text, mut is_tag) = (String::new(), false);
    let parts = html.split("<svg").enumerate().map(|(n, part)| match n {
        0 => part,
        _ => part.split_once("</svg>").map_or("", |(_, rest)| rest),
    });
    for c in parts.collect::<String>().chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text.replace('\u{202f}', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The figure `name` as text.
fn figure(html: &str, name: &str) -> String {
    // Some of them lead to the page that explains them.
    let linked = html.split_once(&format!("\">{name}</a></dt>"));
    let found = linked.or_else(|| html.split_once(&format!("<dt>{name}</dt>")));
    let after = found.unwrap_or_else(|| panic!("no {name}")).1;
    text(after.split_once("</dl>").expect("its end").0)
}

#[test]
fn the_numbers_of_the_overview_are_those_of_the_logs() {
    let seed = 11;
    let list = "[[rbl]]\nname = \"example_list\"\nmatch = 'bl\\.example\\.org'\n";
    let store = Store::with("").in_zone("Europe/Berlin");
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let syslog = format!("logs_syslog = {:?}\n", store.syslog());
    fs::write(store.config(), config + &syslog + list).expect("toaster.conf");
    fs::create_dir_all(store.base().join("smtp")).expect("mkdir");
    let paths = [store.logs().join("current"), store.base().join("smtp/current"), store.syslog()];
    for ((_, log, rate), path) in LOGS.into_iter().zip(&paths) {
        let traffic = Traffic { seed, end: NOW, days: 31.0, rate, utc_offset: 3_600, labels: true };
        let mut out = BufWriter::new(File::create(path).expect("a log"));
        traffic.write_log(log, &mut out).expect("writing");
    }
    let machine = Machine::new(store, NOW);
    paths.iter().for_each(|path| machine.touch(path));
    let output = machine.faked(MAILLOGS).args(["graph", "--pages"]).output().expect("maillogs");
    assert!(output.status.success(), "{}", stderr(&output));
    let html = fs::read_to_string(machine.store.base().join("graphs/index.html")).expect("index.html");

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/overview.py");
    let mut python = Command::new("python3");
    let output = python.arg(script).arg(NOW.to_string()).args(&paths).env("TZ", "Europe/Berlin").output();
    let output = output.expect("python3");
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = String::from_utf8(output.stdout).expect("text");
    let mut counted: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in printed.lines() {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        counted.insert((words[0].clone(), words[1].clone()), words[2..].to_vec());
    }
    let of = |what: &str, key: &str| &counted[&(what.to_owned(), key.to_owned())];
    let today = |key: &str| grouped(&of("today", key)[0]);
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let usual = |key: &str| {
        let [low, high] = &of("usual", key)[..] else { panic!("{key}") };
        format!("last four Saturdays: {}–{}", grouped(low), grouped(high))
    };
    let share = |key: &str| {
        let [low, high] = &of("usual", key)[..] else { panic!("{key}") };
        let (low, high) = (number(low), number(high));
        let print = |value: f64| if high < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        let range =
            if print(low) == print(high) { print(low) } else { format!("{}–{}", print(low), print(high)) };
        let now = number(&of("share", key)[0]);
        (format!("{now:.1} %"), format!("last four Saturdays: {range} %"))
    };
    let expect = |name: &str, parts: &[String]| {
        let figure = figure(&html, name);
        for part in parts {
            assert!(figure.contains(part.as_str()), "{name}: `{part}` is not in `{figure}`\n{printed}");
        }
    };
    let bytes = number(&of("today", "bytes")[0]);
    expect(
        "Into the queue",
        &[
            format!("{} messages, {:.0} MB", today("entered"), bytes / 1e6),
            format!("; {} are bounces", today("bounces")),
            usual("entered"),
        ],
    );
    expect(
        "Delivered",
        &[format!("{} of {} attempts", today("delivered"), today("attempts")), usual("delivered")],
    );
    for (name, key, note) in [("Put off", "put_off", "attempts; they"), ("Failed", "failed", "attempts; the")]
    {
        let (now, earlier) = share(key);
        expect(name, &[format!("{now} {} {note}", today(key)), earlier]);
    }
    let looked_at = number(&of("today", "spam")[0]) + number(&of("today", "ham")[0]);
    let (now, earlier) = share("spam");
    expect(
        "Spam",
        &[format!("{now} {} of {} messages", today("spam"), grouped(&looked_at.to_string())), earlier],
    );
    expect("Blocked by lists", &[format!("{} connections", today("blocked")), usual("blocked")]);
    expect("Blocked by lists", &[format!("of {} to the port", today("let_in"))]);
    let tried = number(&of("today", "login_ok")[0]) + number(&of("today", "login_failed")[0]);
    expect("Failed logins", &[today("login_failed"), format!("of {} to send", grouped(&tried.to_string()))]);
    expect("Failed logins", &[usual("login_failed")]);

    // The last hour, in the sentence.
    let lead =
        text(html.split_once("class=\"lead\"").expect("the lead").1.split_once("</p>").expect("its end").0);
    let hour = |key: &str| grouped(&of("hour", key)[0]);
    let sentence = format!(
        "In the hour until 17:30, {} messages came into the queue and {} deliveries succeeded",
        hour("entered"),
        hour("delivered")
    );
    assert!(lead.contains(&sentence), "{lead}\n{printed}");
    assert!(html.contains("<span>Mail is flowing</span>"));

    // What was unlike other Saturdays.
    let events: Vec<_> = counted.iter().filter(|((what, _), _)| what == "event").collect();
    assert!(!events.is_empty(), "seed {seed}: no storm of put-offs on the last day");
    let told = text(
        html.split_once("class=\"events\"").expect("events").1.split_once("</ul>").expect("their end").0,
    );
    for ((_, time), found) in events {
        let [number_of, about, share] = &found[..] else { panic!("{found:?}") };
        let about = number(about);
        let about = if about < 0.5 { "none are".to_owned() } else { format!("about {} are", about.round()) };
        let expected = format!(
            "{time} {} deliveries put off, where {about} usual. {:.0} % of what was tried in that time.",
            grouped(number_of),
            number(share)
        );
        assert!(told.contains(&expected), "`{expected}` is not in `{told}`");
    }
}

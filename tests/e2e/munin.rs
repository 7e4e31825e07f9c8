//! `maillogs munin`, under real Munin: its munin-run, its munin-node over TCP, and the RRDs that its munin-update fills.

use std::fs;
use std::process::Command;

use crate::support::count::{self, Counts};
use crate::support::munin::{Munin, Node, Values, assert_sound_config, touch, values};
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{END, lines, rrd, traffic};

/// Half an hour of traffic that ends at [`END`].
const DAYS: f64 = 0.02;

/// The lines of `log` up to `until`, unix seconds.
fn up_to(log: &[u8], until: i64) -> Vec<u8> {
    let until = u64::try_from(until).expect("a time") * 1_000_000_000;
    let is_before =
        |line: &&[u8]| count::unix_nanos(&String::from_utf8_lossy(line)).expect("a labelled line") < until;
    lines(log).take_while(is_before).flatten().copied().collect()
}

/// `current` holds all lines up to `until`, written then.
fn log_up_to(store: &Store, log: &[u8], until: i64) {
    let current = store.logs().join("current");
    fs::write(&current, up_to(log, until)).expect("current");
    touch(&current, until);
}

/// `maillogs update` at `now`.
fn update(store: &Store, now: i64) {
    let mut command = store.faketime(&["-f", &now.to_string()]);
    command.env("FAKETIME_FMT", "%s").env("NO_FAKE_STAT", "1").args([MAILLOGS, "update"]);
    let output = command.output().expect("maillogs");
    assert!(output.status.success(), "{}", stderr(&output));
}

/// What was counted up to `end`, by an independent count of the log.
fn counted(log: &[u8], end: u64) -> Counts {
    count::count(&up_to(log, i64::try_from(end).expect("a time")))
}

/// Each value that was told is the counter at the end of that minute; gives the first and the last of them.
fn assert_told(log: &[u8], told: &Values, field: &str) -> (u64, u64) {
    let graphs = told.values().filter_map(|fields| fields.get(field));
    let mut span = None;
    for values in graphs {
        let mut before = None;
        for (when, value) in values {
            let when = when.expect("an epoch");
            assert!(when % 60 == 0 && before.is_none_or(|before| when == before + 60), "{field}: {when}");
            before = Some(when);
            let unit = if count::FRACTIONS.contains(&field) { 1_000 } else { 1 };
            let counts = counted(log, when);
            let (_, expected) = counts.iter().find(|(key, _)| **key == field).expect("a counter");
            assert_eq!(*value, (expected / unit).to_string(), "{field} at {when}");
        }
        let both = (values[0].0.expect("an epoch"), before.expect("a value"));
        assert!(span.is_none_or(|span| span == both));
        span = Some(both);
    }
    span.unwrap_or_else(|| panic!("{field} is in no graph: {told:?}"))
}

/// From the RRD, from what waits for it, and from what nobody has committed: one value for each minute.
#[test]
fn each_minute_since_the_last_fetch_is_told_with_its_time() {
    let (store, log) = (Store::new(), traffic(31, DAYS, 1.0));
    let munin = Munin::new(&store);
    munin.link("maillogs_send");
    let begin = count::by_bin(&log, 60).into_keys().next().expect("a line");
    let first = END - 1_200 + 20;
    log_up_to(&store, &log, first - 150);
    update(&store, first - 150);
    log_up_to(&store, &log, first);
    munin.set_clock(first);
    let config = munin.run("maillogs_send", &["config"]);
    assert_sound_config(&config);
    for line in
        ["update_rate 60", "delivery_success.type DERIVE", "delivery_success.min 0", "peak_remote.type GAUGE"]
    {
        assert!(config.lines().any(|l| l == line), "{line}: {config}");
    }
    let told = values(&munin.run("maillogs_send", &[]));
    let complete = u64::try_from(first / 60 * 60).expect("a time");
    for field in counted(&log, 0).keys() {
        // Before the first line nothing is known; the counter stood at 0 when its minute began.
        assert_eq!(assert_told(&log, &told, field), (begin - 60, complete), "{field}");
    }
    // Five minutes later; and the answer before may have been lost.
    let second = first + 300;
    log_up_to(&store, &log, second);
    update(&store, second);
    munin.set_clock(second);
    let told = values(&munin.run("maillogs_send", &[]));
    assert_eq!(assert_told(&log, &told, "delivery_success"), (begin - 60, complete + 300));
    munin.set_clock(second + 300);
    log_up_to(&store, &log, second + 300);
    let told = values(&munin.run("maillogs_send", &[]));
    assert_eq!(assert_told(&log, &told, "delivery_success"), (complete + 60, complete + 600));
    // A level is that of each minute.
    let peaks = told.values().find_map(|fields| fields.get("limit_remote")).expect("a level");
    assert!(peaks.iter().any(|(_, value)| value == "120"), "{peaks:?}");
    // Nothing is told that is not complete: within the minute no more comes.
    munin.set_clock(second + 310);
    let again = values(&munin.run("maillogs_send", &[]));
    assert_eq!(assert_told(&log, &again, "delivery_success"), (complete + 360, complete + 600));
    // Five seconds after its end a line of it may still be on its way.
    for (later, last) in [(345, 600), (351, 660)] {
        log_up_to(&store, &log, second + later);
        munin.set_clock(second + later);
        let told = values(&munin.run("maillogs_send", &[]));
        assert_eq!(assert_told(&log, &told, "delivery_success"), (complete + 360, complete + last));
    }
}

/// Over TCP, three fetches five minutes apart, and then a store that was begun anew.
#[test]
fn the_master_s_rows_are_what_was_logged_in_each_minute() {
    let (store, log) = (Store::new(), traffic(32, DAYS, 1.0));
    let munin = Munin::new(&store);
    munin.link("maillogs_send");
    munin.link("maillogs_queue");
    let mut now = END - 1_200 + 20;
    let mut said = String::new();
    for _ in 0..3 {
        log_up_to(&store, &log, now);
        update(&store, now);
        munin.set_clock(now);
        said = munin.update(&Node::start(&munin));
        // At its first run it wants to tune files that it has not made yet.
        let wrong = said
            .lines()
            .find(|l| (l.contains("ERROR") && !l.contains(" Tuning ")) || l.contains("lines had errors"));
        assert_eq!(wrong, None, "{said}");
        now += 300;
    }
    let last = u64::try_from((now - 300) / 60 * 60).expect("a time");
    let bins = count::by_bin(&log, 60);
    let begin = *bins.keys().next().expect("a line") - 60;
    assert!(munin.rrd("maillogs_send", "message_new", 'd').exists(), "{said}");
    for (graph, field) in [
        ("maillogs_send", "delivery_success"),
        ("maillogs_send", "message_new"),
        ("maillogs_send-deliveries", "delivery_deferral"),
        ("maillogs_send-messages", "message_end"),
        ("maillogs_send-message", "message_bytes"),
    ] {
        let file = munin.rrd(graph, field, 'd');
        let printed = rrd::printed(&file, 60, begin, last);
        let (_, printed) = printed.split_once("\n\n").expect("rows");
        let mut met = 0;
        for row in printed.lines() {
            let (time, rate) = row.split_once(": ").expect("TIME: RATE");
            let time: u64 = time.parse().expect("a time");
            if time > last || time <= begin {
                continue;
            }
            met += 1;
            let rate: f64 = rate.parse().expect("a number");
            let grown = bins.get(&time).map_or(0, |counts| counts[field]);
            assert_eq!((rate * 60.0).round(), grown as f64, "{field} in the minute that ends at {time}");
        }
        assert_eq!(met, (last - begin) / 60, "{field}");
    }
    // A store that is begun anew, with less than before: no row is higher than what was logged in any minute.
    for dir in ["counters", "state", "rrd"] {
        fs::remove_dir_all(store.base().join(dir)).expect("a directory of the store");
    }
    let late: Vec<u8> = lines(&log)
        .filter(|line| {
            let nanos = count::unix_nanos(&String::from_utf8_lossy(line)).expect("a label");
            nanos >= last * 1_000_000_000 && nanos < (last + 240) * 1_000_000_000
        })
        .flatten()
        .copied()
        .collect();
    assert!(count::count(&late)["message_new"] > 0);
    let again = i64::try_from(last).expect("a time") + 320;
    fs::write(store.logs().join("current"), &late).expect("current");
    touch(&store.logs().join("current"), again);
    update(&store, again);
    munin.set_clock(again);
    munin.update(&Node::start(&munin));
    let highest = bins.values().map(|counts| counts["message_new"]).max().expect("a minute");
    let file = munin.rrd("maillogs_send", "message_new", 'd');
    let rows = rrd::fetch(&file, 60, last, last + 300);
    assert!(rows["42"].values().all(|grown| *grown <= highest), "{rows:?}");
}

/// Before anything was counted, where there is no log, and where the store is damaged.
#[test]
fn what_is_not_known_is_u() {
    let store = Store::with("logs_syslog = []\nqmail_queue_dir = \"/nonexistent/queue\"");
    let munin = Munin::new(&store);
    for plugin in ["maillogs_send", "maillogs_rbl", "maillogs_queue", "maillogs_providers"] {
        munin.link(plugin);
    }
    let all_unknown = |plugin: &str| {
        let text = munin.run(plugin, &[]);
        let told = values(&text);
        let all: Vec<&str> = told
            .values()
            .flat_map(|fields| fields.values().flatten())
            .map(|(_, value)| value.as_str())
            .collect();
        assert!(!all.is_empty() && all.iter().all(|value| *value == "U"), "{plugin}: {text}");
        assert_sound_config(&munin.run(plugin, &["config"]));
    };
    fs::remove_dir(store.logs()).expect("rmdir");
    for when in ["before an update", "after it"] {
        for plugin in ["maillogs_send", "maillogs_rbl", "maillogs_queue", "maillogs_providers"] {
            all_unknown(plugin);
            let why = munin.run(plugin, &["autoconf"]);
            assert!(why.starts_with("no (") && why.ends_with(")\n"), "{when}: {why}");
        }
        store.run(&["update"]);
    }
    // A damaged store: no copy of the state can be read.
    fs::create_dir(store.logs()).expect("mkdir");
    fs::write(store.logs().join("current"), traffic(33, 0.005, 1.0)).expect("current");
    store.flush();
    let told = values(&munin.run("maillogs_send", &[]));
    assert!(told["maillogs_send"]["message_new"].iter().any(|(_, value)| value != "U" && value != "0"));
    for file in ["state/send.state", "counters/.send.state", "rrd/.send.state"] {
        fs::write(store.base().join(file), "nonsense").expect("a state");
    }
    // It was told before, and Munin is to take the minutes since then when they are known.
    let told = values(&munin.run("maillogs_send", &[]));
    let all = told.values().flat_map(|fields| fields.values().flatten());
    assert!(
        all.clone().count() > 20 && all.clone().all(|(when, value)| when.is_some() && value == "U"),
        "{told:?}"
    );
    fs::remove_dir_all(store.path("munin/state")).expect("what was told");
    fs::create_dir(store.path("munin/state")).expect("mkdir");
    all_unknown("maillogs_send");
    store.run(&["update"]);
    let told = values(&munin.run("maillogs_send", &[]));
    let counted = store.query();
    let (_, last) = told["maillogs_send"]["message_new"].last().expect("a value");
    assert_eq!(last, counted.text("message_new"));
}

/// Quotes, braces, backslashes, a name that Munin has for itself, 400 characters.
#[test]
fn no_text_of_toaster_conf_breaks_the_answer() {
    let bad = r#"a \"b\" {c} \\ #d |e $f `g` %h"#;
    let long = "x".repeat(400);
    let store = Store::with(&format!(
        "[[counter]]\nprotocol = \"send\"\nname = \"root\"\nmatch = 'new msg'\nhelp = \"{bad}\"\n\
         [[counter]]\nprotocol = \"own\"\nname = \"lines\"\nmatch = 'new msg'\nhelp = \"{long}\"\n\
         [protocol.own]\nsource = \"file:own.log\"\nabout = \"{bad} {long}\""
    ));
    let munin = Munin::new(&store);
    munin.link("maillogs_send");
    munin.link("maillogs_own");
    let log = traffic(34, 0.005, 1.0);
    fs::write(store.logs().join("current"), &log).expect("current");
    fs::write(store.base().join("own.log"), &log).expect("a log");
    store.flush();
    for plugin in ["maillogs_send", "maillogs_own"] {
        assert_sound_config(&munin.run(plugin, &["config"]));
        values(&munin.run(plugin, &[]));
    }
    let news = count::count(&log)["message_new"].to_string();
    let told = values(&munin.run("maillogs_send", &[]));
    let own = told.values().find_map(|fields| fields.get("_root")).expect("the counter");
    assert_eq!(own.last().map(|(_, value)| value), Some(&news));
}

/// As `munin-node-configure` finds out what to link.
#[test]
fn munin_is_told_which_plugins_there_are() {
    let store = Store::new();
    let munin = Munin::new(&store);
    for plugin in ["maillogs_", "maillogs_send", "maillogs_second_reasons"] {
        munin.link(plugin);
    }
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let second = "[protocol.second]\nlike = \"send\"\nsource = \"multilog:second\"\n";
    fs::write(store.config(), config + second).expect("toaster.conf");
    fs::create_dir(store.base().join("second")).expect("mkdir");
    let log = traffic(35, 0.005, 1.0);
    fs::write(store.base().join("second/current"), &log).expect("current");
    store.flush();
    let suggested = munin.run("maillogs_", &["suggest"]);
    let names: Vec<&str> = suggested.lines().collect();
    assert!(names.contains(&"second") && names.contains(&"second_reasons"), "{suggested}");
    assert!(!names.contains(&"send") && !names.contains(&"postfix"), "{suggested}");
    assert_eq!(munin.run("maillogs_", &["autoconf"]), "yes\n");
    assert_eq!(munin.run("maillogs_send", &["autoconf"]), "no (nothing was counted yet)\n");
    assert_eq!(munin.run("maillogs_second_reasons", &["autoconf"]), "yes\n");
    let config = munin.run("maillogs_second_reasons", &["config"]);
    assert!(config.starts_with("multigraph maillogs_second_reasons\n"), "{config}");
    // By hand it is the same, and a name that there is not is an error.
    assert_eq!(store.run(&["munin", "second-reasons", "config"]), config);
    let wrong = store.maillogs(&["munin", "sned"]);
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(2), 0));
    assert!(stderr(&wrong).contains("there is no \"sned\", only send, "), "{}", stderr(&wrong));
    // munin-node-configure finds out the same.
    let links: Vec<String> = munin.suggested();
    let mut expected: Vec<String> = names.iter().map(|name| format!("maillogs_{name}")).collect();
    expected.sort();
    assert_eq!(links, expected);
}

/// The plugins that came with the Perl maillogs take the line of the query apart at each colon.
#[test]
fn a_plugin_that_splits_the_line_at_colons_goes_on_working() {
    let (store, log) = (Store::new(), traffic(36, 0.01, 1.0));
    let munin = Munin::new(&store);
    munin.script(
        "qmail_send",
        &format!(
            "#!/usr/bin/perl\nuse strict;\nmy %value = split(/:/, `{MAILLOGS} send`);\n\
             if (($ARGV[0] || '') eq 'config') {{ print \"graph_title qmail\\nok.label ok\\n\"; exit; }}\n\
             chomp %value;\nprint \"ok.value $value{{delivery_success}}\\nnew.value $value{{message_new}}\\n\";\n"
        ),
    );
    fs::write(store.logs().join("current"), &log).expect("current");
    let counts = count::count(&log);
    let expected = format!("ok.value {}\nnew.value {}\n", counts["delivery_success"], counts["message_new"]);
    assert_eq!(munin.run("qmail_send", &[]), expected);
    Answer::parse(&store.run(&["send"])).assert_counts(&counts);
}

/// As an administrator may have set it up: `user root`, and a store of another user's.
#[test]
fn as_root_it_notes_what_was_told_in_a_directory_of_root_s() {
    let store = Store::new();
    let munin = Munin::new(&store);
    munin.link("maillogs_send");
    fs::write(store.logs().join("current"), traffic(37, 0.005, 1.0)).expect("current");
    store.flush();
    if nix::unistd::geteuid().is_root() {
        let config = fs::read_to_string(store.config()).expect("toaster.conf");
        let config = config.replace("logs_user = \"root\"", "logs_user = \"nobody\"");
        fs::write(store.config(), config.replace("logs_group = \"root\"", "logs_group = \"nogroup\""))
            .expect("toaster.conf");
        let status = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(store.base()).status();
        assert!(status.expect("chown").success());
    }
    let output = munin.try_to_run("maillogs_send", &[]);
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
    let state = munin.told("maillogs_send");
    let told: Vec<i64> = state.split_whitespace().map(|time| time.parse().expect("a time")).collect();
    assert!(told.len() == 2 && told[1] - told[0] == 2 * 86_400, "{state}");
}

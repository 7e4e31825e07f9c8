//! Lines that come hours late, clocks that were ahead, machines of one name, and RRDs that are older than what was counted: what
//! is here is there in the end, or it is said.

use super::*;

const HOUR: i64 = 3_600;

/// Messages there in all.
fn there(daemon: &Rrdcached, host: &Host) -> u128 {
    host.machine.total(&daemon.file(host.name, "send"), "message_new")
}

fn said(host: &Host) -> String {
    let output = host.run(&["push"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    stderr(&output)
}

/// Lets time pass, as cron does: a count and a push every `pause` seconds.
fn pass(host: &mut Host, seconds: i64, pause: i64) {
    for _ in 0..seconds / pause {
        host.machine.now += pause;
        host.update();
        host.push();
    }
}

#[test]
fn lines_that_come_hours_late_are_told_and_what_comes_after_days_is_said_to_be_lacking() {
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    host.machine.log();
    pass(&mut host, 4 * HOUR, 1_200);
    // Another machine's log was stuck.
    for minute in 0..7 {
        host.machine.log_at(begin + 1_800 + minute * 60);
    }
    pass(&mut host, 600, 600);
    host.machine.log();
    pass(&mut host, 2 * HOUR, 1_200);
    assert_eq!(there(&daemon, &host), 9);
    // A second time, and older than that which was told before.
    let before = host.machine.now;
    pass(&mut host, 30 * HOUR, 2 * HOUR);
    for minute in 0..5 {
        host.machine.log_at(before + HOUR + minute * 60);
    }
    pass(&mut host, 2 * HOUR, 1_200);
    assert_eq!(there(&daemon, &host), 14);
    // Nothing was told twice, however long it is looked at.
    pass(&mut host, 60 * HOUR, HOUR);
    assert_eq!(there(&daemon, &host), 14);
    // Two days late, less an hour: there may be no minutes of it any more before it is made up for.
    let now = host.machine.now;
    host.machine.log_at(now - 47 * HOUR);
    host.machine.log_at(now - 47 * HOUR + 60);
    host.machine.now += 120;
    host.flush();
    let mut lacks = Vec::new();
    for _ in 0..30 {
        host.machine.now += 300;
        host.update();
        let output = host.run(&["push"]);
        if !output.status.success() {
            lacks.push(stderr(&output));
        }
    }
    assert!(!lacks.is_empty(), "nothing was said");
    for lack in &lacks {
        assert!(
            lack.contains("mx1/send.rrd: 2 of message_new came more than 43 hours late")
                && lack.contains("Move that file away"),
            "{lack}"
        );
    }
    // The way out.
    daemon.kill();
    fs::remove_file(daemon.file("mx1", "send")).expect("rm");
    daemon.go_on();
    host.push();
    assert_eq!(there(&daemon, &host), 16);
}

/// Then the file ends with what is here from now on, and that is not compared again.
#[test]
fn lines_that_come_hours_late_together_with_new_ones_are_told() {
    let daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    host.machine.log();
    pass(&mut host, 4 * HOUR + 1_200, 1_200);
    for minute in 0..7 {
        host.machine.log_at(begin + 1_800 + minute * 60);
    }
    for _ in 0..40 {
        host.machine.log();
        host.machine.now += 120;
        host.flush();
        host.push();
    }
    assert_eq!(there(&daemon, &host), 48);
}

#[test]
fn a_clock_that_was_ahead_is_named_and_what_it_kept_out_is_made_up_for() {
    let daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    host.machine.log();
    host.machine.now += 120;
    host.update();
    host.push();
    host.machine.now += 20 * HOUR;
    host.update();
    host.push();
    host.machine.now -= 20 * HOUR;
    for hour in 0..22 {
        host.machine.now += HOUR;
        host.machine.log_at(host.machine.now - 60);
        host.update();
        if hour < 19 {
            let said = said(&host);
            assert!(
                said.contains("mx1/send.rrd: ends in the future") && said.contains("clock ahead"),
                "{said}"
            );
        } else {
            host.push();
        }
    }
    pass(&mut host, 2 * HOUR, 600);
    assert_eq!(there(&daemon, &host), 23);
}

#[test]
fn two_machines_of_one_name_are_found_out_also_while_both_are_quiet() {
    const SAID: &str = "mx1/send.rrd: another machine writes it, too";
    // What the second one has of the first minute, of which the first machine has three: something else, or nothing.
    for first_minute in [1, 0] {
        let daemon = Rrdcached::start();
        let [mut one, mut other] = [quiet_host("mx1", &daemon), quiet_host("mx1", &daemon)];
        let begin = one.machine.now;
        for n in 0..3 {
            one.machine.log_at(begin + n);
        }
        for late in [0, 300, 301].into_iter().skip(1 - first_minute) {
            other.machine.log_at(begin + late);
        }
        for (host, seconds) in [(&mut one, HOUR), (&mut other, HOUR + 300)] {
            host.machine.now += seconds;
            host.flush();
        }
        // Both end with minutes in which nothing was logged.
        one.push();
        if first_minute == 1 {
            let before = fs::read(daemon.file("mx1", "send")).expect("an RRD");
            assert!(said(&other).contains(SAID));
            assert!(fs::read(daemon.file("mx1", "send")).expect("an RRD") == before, "nothing was added");
            continue;
        }
        // It knows nothing of that time; but the first one knows all of the other's.
        other.push();
        one.machine.now += 600;
        one.update();
        assert!(said(&one).contains(SAID));
    }
}

#[test]
fn of_minutes_that_a_restored_rrd_lacks_nothing_is_told_before_they_are_back() {
    let daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    host.machine.log();
    host.machine.now += 120;
    host.flush();
    let rrd = host.machine.store.rrd();
    let backup = fs::read(&rrd).expect("an RRD");
    host.machine.log_at(begin + 121);
    host.machine.now += 1_200;
    host.flush();
    assert_ne!(fs::read(&rrd).expect("an RRD"), backup);
    fs::write(&rrd, backup).expect("an RRD");
    host.push();
    assert_eq!(messages(&daemon, &host, "send", begin), [(60, 1)]);
    host.machine.log();
    host.machine.now += 600;
    host.flush();
    host.push();
    assert_eq!(messages(&daemon, &host, "send", begin), [(60, 1), (180, 1), (1_380, 1)]);
}

#[test]
fn a_counter_that_is_taken_out_of_toaster_conf_does_not_make_the_host_silent() {
    let daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let config = host.machine.store.config();
    let text = fs::read_to_string(&config).expect("toaster.conf");
    let counter = "[[counter]]\nprotocol = \"send\"\nname = \"mine\"\nmatch = \"^bounce msg\"\n";
    let log = |host: &mut Host, text: &str| {
        let current = host.machine.store.logs().join("current");
        let line = labelled(u64::try_from(host.machine.now).expect("a time"), 7, text);
        let mut file = File::options().append(true).create(true).open(&current).expect("current");
        file.write_all(line.as_bytes()).expect("writing");
        host.machine.touch(&current);
        host.machine.now += 120;
        host.flush();
        host.push();
    };
    log(&mut host, "new msg 1");
    fs::write(&config, format!("{text}{counter}")).expect("toaster.conf");
    log(&mut host, "new msg 2");
    log(&mut host, "bounce msg 1 qp 2");
    let files = || {
        let names = (2..9).map(|n| daemon.file("mx1", &format!("send.{n}")));
        names.filter(|file| file.exists()).collect::<Vec<_>>()
    };
    let has_mine = |file: &std::path::PathBuf| {
        let output = std::process::Command::new("rrdtool").arg("info").arg(file).output().expect("rrdtool");
        String::from_utf8_lossy(&output.stdout).contains("ds[mine]")
    };
    assert!(files().iter().any(has_mine), "{:?}", files());
    fs::write(&config, &text).expect("toaster.conf");
    for n in 3..20 {
        host.machine.now += 300;
        log(&mut host, &format!("new msg {n}"));
    }
    let last = |file: &std::path::PathBuf| {
        let output = std::process::Command::new("rrdtool").arg("last").arg(file).output().expect("rrdtool");
        String::from_utf8_lossy(&output.stdout).trim().parse::<i64>().expect("a time")
    };
    let first = last(&daemon.file("mx1", "send"));
    assert!(host.machine.now - first < 600);
    for file in files() {
        assert_eq!(last(&file), first, "{file:?}");
    }
    // A machine that draws, which still has the counter.
    let conf = format!("hosts_dir = {:?}\n", daemon.base());
    for conf in [conf.clone(), format!("{conf}{counter}")] {
        let centre = Machine::new(Store::with(&conf), host.machine.now);
        let run = |words: &[&str]| {
            let output = centre.faked(MAILLOGS).args(words).output().expect("maillogs");
            assert!(output.status.success(), "{words:?}: {}", stderr(&output));
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        for of in ["mx1", "cluster"] {
            assert_eq!(run(&["send", "message_new", "--host", of]).trim(), "19", "{of}");
        }
        let text = run(&["all", "--hosts", "--format", "prometheus"]);
        let line = text
            .lines()
            .find(|line| line.starts_with("maillogs_newest_minute_timestamp_seconds{protocol=\"send\""))
            .unwrap_or_else(|| panic!("{text}"));
        let newest: f64 = line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a time");
        assert!(newest >= first as f64, "{line}");
    }
}

#[test]
fn a_level_that_nobody_told_is_not_zero_and_one_of_a_silent_host_is_not_of_now() {
    let daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let current = host.machine.store.logs().join("current");
    let begin = host.machine.now;
    let line = labelled(u64::try_from(begin).expect("a time"), 7, "status: local 3/10 remote 4/20");
    fs::write(&current, line).expect("current");
    host.machine.touch(&current);
    host.machine.now += 120;
    host.flush();
    host.machine.now += 900;
    host.flush();
    host.push();
    let time = |time: i64| u64::try_from(time).expect("a time");
    let values: Vec<f64> = (1..9)
        .map(|n| daemon.file("mx1", &if n == 1 { "send".to_owned() } else { format!("send.{n}") }))
        .filter(|file| file.exists())
        .flat_map(|file| {
            let text = rrd::printed(&file, 60, time(begin), time(host.machine.now));
            let mut lines = text.lines();
            let names = lines.next().expect("names").split_whitespace();
            let column = names.into_iter().position(|name| name == "limit_remote");
            let of_row = |row: &str| row.split_whitespace().nth(column? + 1)?.parse::<f64>().ok();
            lines.skip(1).filter_map(of_row).filter(|value| value.is_finite()).collect::<Vec<_>>()
        })
        .collect();
    assert!(!values.is_empty() && values.iter().all(|value| *value == 20.0), "{values:?}");
    let conf = format!("hosts_dir = {:?}\n", daemon.base());
    let mut centre = Machine::new(Store::with(&conf), host.machine.now);
    let run = |centre: &Machine, words: &[&str]| {
        let output = centre.faked(MAILLOGS).args(words).output().expect("maillogs");
        (output.status.success(), String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned())
    };
    for of in ["mx1", "cluster"] {
        assert_eq!(run(&centre, &["send", "limit_remote", "--host", of]), (true, "20".to_owned()), "{of}");
    }
    centre.now += 86_400;
    let (_, of_all) = run(&centre, &["send", "limit_remote", "--host", "cluster"]);
    assert!(!of_all.contains("20") && of_all != "0", "{of_all:?}");
}

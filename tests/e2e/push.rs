//! Many hosts and one rrdcached: what was counted on each is in its RRDs on the other machine, whatever becomes of the daemon.

mod late;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::clock::Machine;
use crate::support::rrdcached::{Rrdcached, sums};
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::{END, count, labelled, lines, rrd};

/// A host: its machine, and its logs that are still to come.
struct Host {
    name: &'static str,
    machine: Machine,
    send: Vec<u8>,
    smtp: Vec<u8>,
    written: [usize; 2],
}

/// Seconds of the stamp of a line.
fn seconds(line: &[u8]) -> i64 {
    let digits = std::str::from_utf8(&line[1..17]).expect("hexadecimal digits");
    i64::from_str_radix(digits, 16).expect("a label") - (1 << 62) - 10
}

impl Host {
    fn new(name: &'static str, daemon: &str, now: i64) -> Self {
        let store = Store::with(&format!("rrd_daemon = {daemon:?}\ntoaster_hostname = {name:?}\n"));
        fs::create_dir(store.base().join("smtp")).expect("mkdir");
        Self { name, machine: Machine::new(store, now), send: Vec::new(), smtp: Vec::new(), written: [0; 2] }
    }

    /// An hour of qmail-send's log, and of the log of blocklists, that ends at `end`.
    fn with_an_hour(mut self, end: i64, seed: u64) -> Self {
        let log = crate::support::traffic_until(end, seed, 1.0 / 24.0, 2.0);
        self.send = lines(&log).filter(|line| seconds(line) <= end).collect::<Vec<_>>().concat();
        let lists = ["https://www.spamhaus.org/", "http://www.spamcop.net/", "http://dsbl.org/"];
        for n in 0..600 + seed * 7 {
            let at = u64::try_from(end).expect("a time") - 3_600 + n * 3_600 / (600 + seed * 7);
            let list = lists[usize::try_from((n + n / 7 * seed) % 3).expect("small")];
            self.smtp.extend(
                labelled(at, n, &format!("rblsmtpd: 192.0.2.{} pid {n}: 451 {list}", n % 250)).bytes(),
            );
        }
        self
    }

    /// What the programs have logged by now.
    fn log(&mut self) {
        for (n, (dir, all)) in [("send", &self.send), ("smtp", &self.smtp)].into_iter().enumerate() {
            let new: Vec<u8> = lines(&all[self.written[n]..])
                .take_while(|line| seconds(line) < self.machine.now)
                .collect::<Vec<_>>()
                .concat();
            let current = self.machine.store.base().join(dir).join("current");
            let mut file = File::options().append(true).create(true).open(&current).expect("current");
            file.write_all(&new).expect("writing");
            self.machine.touch(&current);
            self.written[n] += new.len();
        }
    }

    fn run(&self, words: &[&str]) -> Output {
        self.machine.faked(MAILLOGS).args(words).output().expect("maillogs")
    }

    fn update(&self) {
        let output = self.run(&["update"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    /// Counts, and writes every minute that is over.
    fn flush(&self) {
        let output = self.run(&["update", "--flush"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    fn push(&self) {
        let output = self.run(&["push"]);
        assert!(output.status.success() && output.stderr.is_empty(), "{}: {}", self.name, stderr(&output));
    }

    /// What the query says of each data source of a protocol, in units of 10⁻⁹.
    fn counters(&self, protocol: &str) -> BTreeMap<String, i128> {
        let parts: &[&str] =
            if protocol == "send" { &["send", "reasons", "providers", "times"] } else { &[protocol] };
        let mut all = BTreeMap::new();
        for part in parts {
            let output = self.run(&[part]);
            let answer = Answer::parse(&String::from_utf8(output.stdout).expect("UTF-8"));
            for key in answer.keys() {
                let is_sum = !count::GAUGES.contains(&key) && !key.contains("_p50") && !key.contains("_p9");
                if is_sum && answer.text(key) != "0" {
                    let value = i128::try_from(answer.nanos(key)).expect("a number");
                    all.insert(rrd::source_of(key).to_owned(), value);
                }
            }
        }
        all
    }

    /// What its files on the other side hold, all of them together.
    fn far(&self, daemon: &Rrdcached, protocol: &str, end: i64) -> BTreeMap<String, i128> {
        let mut all = BTreeMap::new();
        for number in 1..=16 {
            let name = if number == 1 { protocol.to_owned() } else { format!("{protocol}.{number}") };
            let file = daemon.file(self.name, &name);
            if !file.exists() {
                break;
            }
            for (source, sum) in sums(&file, 60, end - 2 * 86_400, end) {
                assert!(all.insert(source.clone(), sum).is_none(), "{source} is in two files");
            }
        }
        all
    }
}

/// Both agree in all that is counted, to the microsecond.
fn assert_same(what: &str, far: &BTreeMap<String, i128>, near: &BTreeMap<String, i128>) {
    let mut compared = 0;
    for (name, near) in near {
        let Some(far) = far.get(name) else { continue };
        assert!((far - near).abs() < 20_000, "{what}: {name}: {far} there and {near} here");
        compared += 1;
    }
    let lacks: Vec<&String> = near.keys().filter(|name| !far.contains_key(*name)).collect();
    assert!(compared > 3, "{what}: {compared} compared; not there: {lacks:?}");
    let derived = |name: &&&String| ["concurrencyremote", "status"].contains(&name.as_str());
    assert!(lacks.iter().all(|name| derived(&name)), "{what}: not there: {lacks:?}");
}

/// splitmix64.
fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

fn seed() -> u64 {
    let chosen = std::env::var("MAILLOGS_SEED").ok().and_then(|seed| seed.parse().ok());
    let time = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos());
    let seed = chosen.unwrap_or_else(time);
    println!("MAILLOGS_SEED={seed}");
    seed
}

/// An hour of three hosts, a push every four minutes, twenty times `kill -9` in the middle of one, and a stretch without a
/// daemon.
#[test]
fn three_hosts_lose_nothing_though_the_daemon_is_killed_twenty_times() {
    let mut seed = seed();
    let mut daemon = Rrdcached::start();
    let begin = END / 3_600 * 3_600;
    let end = begin + 3_600;
    let mut hosts = ["mx1", "mx2.example.com", "relay"]
        .into_iter()
        .zip(1..)
        .map(|(name, n)| Host::new(name, &daemon.address(), begin).with_an_hour(end, n))
        .collect::<Vec<_>>();
    let (mut killed, mut refused, mut failed, mut halves) = (0, 0, 0, 0);
    for wave in 1..=15 {
        let is_away = (6..9).contains(&wave);
        if wave == 6 {
            daemon.kill();
            killed += 1;
        }
        if wave == 9 {
            daemon.go_on();
        }
        for host in &mut hosts {
            host.machine.now = begin + wave * 240;
            host.log();
        }
        let update = |host: &Host| host.machine.faked(MAILLOGS).arg("update").spawn().expect("maillogs");
        for mut update in hosts.iter().map(update).collect::<Vec<_>>() {
            assert!(update.wait().expect("its end").success());
        }
        let spared = usize::try_from(chance(&mut seed) % 3).expect("small");
        for (n, host) in hosts.iter().enumerate() {
            if is_away {
                let output = host.run(&["push"]);
                assert_eq!(output.status.code(), Some(1));
                let said = stderr(&output);
                assert!(
                    said.contains(&format!("{}: cannot connect to rrdcached", daemon.address())),
                    "{said}"
                );
                refused += 1;
            } else if n != spared && killed < 20 {
                let mut push = host.machine.faked(MAILLOGS);
                let push =
                    push.arg("push").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("maillogs");
                std::thread::sleep(Duration::from_micros(30_000 + chance(&mut seed) % 60_000));
                daemon.kill();
                killed += 1;
                let output = push.wait_with_output().expect("its end");
                failed += i32::from(!output.status.success());
                daemon.go_on();
            } else {
                halves += push_or_make_anew(host, &mut daemon);
            }
        }
    }
    assert_eq!((killed, refused), (20, 9));
    println!("{failed} pushes were broken off by a kill, {halves} files were left half written");
    let mut all: BTreeMap<(&str, String), [i128; 2]> = BTreeMap::new();
    for host in &mut hosts {
        host.machine.now = end + 3_600;
        host.log();
        host.update();
        halves += push_or_make_anew(host, &mut daemon);
        let counted = count::count(&host.send);
        let now = host.machine.now;
        for protocol in ["send", "rbl"] {
            let (far, near) = (host.far(&daemon, protocol, now), host.counters(protocol));
            assert_same(&format!("{} {protocol}", host.name), &far, &near);
            for (name, value) in &near {
                let sum = all.entry((protocol, name.clone())).or_default();
                sum[0] += far.get(name).copied().unwrap_or(*value);
                sum[1] += value;
            }
        }
        // The same by another count of the log.
        let far = host.far(&daemon, "send", now);
        for key in ["message_new", "delivery_success", "delivery_deferral", "message_bytes"] {
            assert_eq!(
                far[key],
                i128::try_from(counted[key]).expect("small") * 1_000_000_000,
                "{}: {key}",
                host.name
            );
        }
    }
    for ((protocol, name), [far, near]) in all {
        assert!((far - near).abs() < 60_000, "{protocol}.{name} of all hosts: {far} there, {near} counted");
    }
    // Rarely a kill meets librrd between two parts of a file: else it would be our fault.
    assert!(halves <= 2, "{halves} files");
}

/// Pushes. Where a daemon that was killed has left a file half written, does what the message says, and pushes again; gives how many
/// files that were.
fn push_or_make_anew(host: &Host, daemon: &mut Rrdcached) -> u32 {
    let mut files = 0;
    loop {
        let output = host.run(&["push"]);
        let said = stderr(&output);
        let Some((before, _)) = said.split_once(": another machine writes it, too") else {
            assert!(output.status.success() && said.is_empty(), "{}: {said}", host.name);
            return files;
        };
        assert!(said.contains("or rrdcached was killed while it wrote") && files < 2, "{said}");
        let name = before.rsplit(": ").next().expect("the file's name");
        println!("{said}");
        daemon.kill();
        let file = daemon.base().join(name);
        fs::rename(&file, file.with_extension("half")).unwrap_or_else(|e| panic!("{name}: {e}: {said}"));
        daemon.go_on();
        files += 1;
    }
}

/// A host whose lines are written one by one.
fn quiet_host(name: &'static str, daemon: &Rrdcached) -> Host {
    // 10:00:00 UTC.
    Host::new(name, &daemon.address(), END / 86_400 * 86_400 + 10 * 3_600)
}

/// What is known there of messages, each minute by its end, since the time of `since`.
fn messages(daemon: &Rrdcached, host: &Host, name: &str, since: i64) -> Vec<(i64, u128)> {
    let time = |time: i64| u64::try_from(time).expect("a time");
    let rows = rrd::fetch(&daemon.file(host.name, name), 60, time(since), time(host.machine.now) / 60 * 60);
    rows["message_new"]
        .iter()
        .map(|(end, value)| (i64::try_from(*end).expect("a time") - since, *value))
        .collect()
}

#[test]
fn a_line_that_comes_when_its_minute_was_told_to_be_quiet_is_counted_in_a_later_one() {
    let daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    for _ in 0..3 {
        host.machine.log();
    }
    host.machine.now += 3_000;
    host.flush();
    host.push();
    // Nothing was logged for 50 minutes: that is known there up to five minutes ago.
    let last = |daemon: &Rrdcached, host: &Host| {
        let output =
            std::process::Command::new("rrdtool").arg("last").arg(daemon.file(host.name, "send")).output();
        String::from_utf8_lossy(&output.expect("rrdtool").stdout).trim().parse::<i64>().expect("a time")
            - begin
    };
    assert_eq!(last(&daemon, &host), 2_700);
    host.push();
    assert_eq!(last(&daemon, &host), 2_700);
    // The clock of another machine was slow.
    host.machine.log_at(begin + 1_200);
    host.machine.log_at(begin + 1_230);
    host.machine.now += 60;
    host.flush();
    host.machine.now += 60;
    host.flush();
    host.push();
    host.machine.now += 600;
    host.flush();
    host.push();
    host.push();
    assert_eq!(messages(&daemon, &host, "send", begin), [(60, 3), (2_760, 2)]);
    let near = rrd::fetch(
        &host.machine.store.rrd(),
        60,
        u64::try_from(begin).unwrap(),
        u64::try_from(begin + 3_600).unwrap(),
    );
    assert_eq!(near["message_new"].values().copied().collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn a_counter_that_moves_later_gets_a_file_with_its_past() {
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    let log = |host: &Host, text: &str| {
        let current = host.machine.store.logs().join("current");
        let line = labelled(u64::try_from(host.machine.now).expect("a time"), 1, text);
        let mut file = File::options().append(true).create(true).open(&current).expect("current");
        file.write_all(line.as_bytes()).expect("writing");
        host.machine.touch(&current);
    };
    let files = |daemon: &Rrdcached| -> Vec<String> {
        let dir = fs::read_dir(daemon.base().join("mx1")).expect("the host's directory");
        let mut names: Vec<String> =
            dir.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.retain(|name| name.starts_with("send."));
        names.sort();
        names
    };
    let step = |host: &mut Host, text: &str| {
        log(host, text);
        host.machine.now += 120;
        host.flush();
        host.push();
    };
    step(&mut host, "new msg 1");
    assert_eq!(files(&daemon), ["send.rrd"]);
    step(&mut host, "starting delivery 1: msg 1 to local a@b");
    assert_eq!(files(&daemon), ["send.2.rrd", "send.rrd"]);
    // It was counted before, and was 0.
    let file = daemon.file("mx1", "send.2");
    let time = |time: i64| u64::try_from(time).expect("a time");
    let text = rrd::printed(&file, 60, time(begin), time(begin + 120));
    let column =
        text.lines().next().expect("names").split_whitespace().position(|name| name == "start_delivery");
    let known =
        text.lines().skip(2).filter_map(|row| row.split_whitespace().nth(column.expect("a column") + 1));
    assert_eq!(
        known.take(2).map(|value| value.parse::<f64>().expect("known")).collect::<Vec<_>>(),
        [0.0, 0.0]
    );
    // The third one is the last that has few; the next one has all that are left, so that there are never many.
    step(&mut host, "bounce msg 1 qp 2");
    step(&mut host, "warning: x");
    let all = files(&daemon);
    assert!(all.len() > 3 && all.len() < 8, "{all:?}");
    step(&mut host, "delivery 1: success: did_0+0+1/");
    step(&mut host, "end msg 1");
    assert_eq!(files(&daemon), all);
    let near = host.counters("send");
    assert!(near.len() > 8, "{near:?}");
    assert_same("send", &host.far(&daemon, "send", host.machine.now), &near);
    // One that is taken away is made anew, with all that there is here.
    for name in ["send", "send.3"] {
        daemon.kill();
        fs::remove_file(daemon.file("mx1", name)).expect("rm");
        daemon.go_on();
        host.push();
        assert_eq!(files(&daemon), all);
        assert_same(name, &host.far(&daemon, "send", host.machine.now), &near);
    }
}

#[test]
fn after_days_without_a_daemon_longer_rows_are_sent_and_the_sums_are_the_same() {
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    let mut logged = 0;
    for n in 0..40 {
        for _ in 0..=n % 3 {
            host.machine.log();
            logged += 1;
        }
        // What the minutes of an hour have is not the same in each.
        host.machine.now += 60 * (1 + n % 7);
        host.flush();
        match n {
            10 => {
                host.push();
                daemon.kill();
            }
            25 => host.machine.now += 3 * 86_400,
            _ => {}
        }
    }
    host.machine.now += 120;
    host.flush();
    assert!(!host.run(&["push"]).status.success());
    daemon.go_on();
    host.push();
    host.machine.now += 120;
    host.flush();
    host.push();
    let sum = |step: i64, from: i64, to: i64| {
        let sums = sums(&daemon.file("mx1", "send"), step, from, to);
        sums.iter().find(|(name, _)| name == "message_new").expect("its column").1
    };
    // The minutes of the last two days, and of the time before the rows of five minutes.
    let cut = host.machine.now / 300 * 300 - 86_400;
    let all = sum(300, begin / 300 * 300, cut) + sum(60, cut, host.machine.now / 60 * 60);
    assert_eq!(all, logged * 1_000_000_000);
}

#[test]
fn of_a_longer_row_whose_beginning_was_sent_the_rest_is_sent() {
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let begin = host.machine.now;
    host.machine.log_at(begin + 60);
    host.machine.log_at(begin + 120);
    host.machine.now += 180;
    host.flush();
    host.push();
    daemon.kill();
    for second in [185, 240, 241] {
        host.machine.log_at(begin + second);
    }
    host.machine.now = begin + 300;
    host.flush();
    // By now there are only rows of five minutes of that time, here.
    host.machine.now = begin + 3 * 86_400;
    host.machine.log();
    host.machine.now += 120;
    host.flush();
    daemon.go_on();
    host.push();
    host.push();
    let sum = |from: i64, to: i64| {
        let sums = sums(&daemon.file("mx1", "send"), 300, from, to);
        sums.iter().find(|(name, _)| name == "message_new").expect("its column").1 / 1_000_000_000
    };
    assert_eq!(sum(begin, begin + 300), 5);
    assert_eq!(host.machine.total(&daemon.file("mx1", "send"), "message_new"), 6);
}

/// Levels, and rows between two measurements, come to the other side as they stand here; and of two machines of one name the
/// second one is found out.
#[test]
fn what_is_measured_is_there_as_it_stands_here() {
    let dir = tempfile::tempdir().expect("a directory");
    let queue = dir.path().join("queue");
    for part in ["mess/1", "todo", "local/1", "remote/1", "info", "intd", "bounce", "lock", "pid"] {
        fs::create_dir_all(queue.join(part)).expect("mkdir");
    }
    let daemon = Rrdcached::start();
    let with_queue = |mut host: Host| {
        let config = host.machine.store.config();
        let text = fs::read_to_string(&config).expect("toaster.conf");
        fs::write(config, format!("{text}qmail_queue_dir = {queue:?}\n")).expect("toaster.conf");
        host.machine.now += 7;
        host
    };
    let [mut host, mut other] = [(); 2].map(|()| with_queue(quiet_host("mx1", &daemon)));
    let begin = host.machine.now / 3_600 * 3_600;
    for (n, pause) in [60, 60, 120, 300, 4_000, 60, 300, 60].into_iter().enumerate() {
        for m in 0..3 * (n + 1) % 7 {
            fs::write(queue.join("mess/1").join(format!("{n}0{m}")), "x").expect("a message");
        }
        host.machine.now += pause;
        host.flush();
        if n % 3 != 1 {
            host.push();
        }
    }
    host.push();
    let time = |time: i64| u64::try_from(time).expect("a time");
    // From the first measurement on: what was before it is 0 there, on that day, where it is an amount.
    let rows = |file: &std::path::Path| -> Vec<String> {
        let text = rrd::printed(file, 60, time(begin), time(begin + 6_000)).replace("-nan", "nan");
        text.lines().skip(2).skip_while(|row| row.matches("nan").count() > 3).map(str::to_owned).collect()
    };
    let here = host.machine.store.path("log/rrd/queue.rrd");
    let (near, far) = (rows(&here), rows(&daemon.file("mx1", "queue")));
    assert!(near.iter().filter(|row| !row.contains("nan")).count() > 10, "{near:#?}");
    assert!(near.iter().any(|row| row.contains("nan")), "{near:#?}");
    assert_eq!(far, near);

    for (host, message) in [(&mut other, "999"), (&mut host, "9999")] {
        host.machine.now = begin + 9_000;
        for _ in 0..3 {
            fs::write(queue.join("mess/1").join(format!("{message}{}", host.machine.now)), "x")
                .expect("a message");
            host.flush();
            host.machine.now += 60;
        }
    }
    other.run(&["push", "queue"]);
    let output = host.run(&["push", "queue"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("mx1/queue.rrd: another machine writes it, too"), "{said}");
}

#[test]
fn two_machines_of_one_name_are_refused() {
    let daemon = Rrdcached::start();
    let [mut one, mut other] = [quiet_host("mx1", &daemon), quiet_host("mx1", &daemon)];
    one.machine.log();
    one.machine.now += 120;
    one.flush();
    one.push();
    for _ in 0..2 {
        other.machine.log();
    }
    other.machine.now += 120;
    other.flush();
    let before = fs::read(daemon.file("mx1", "send")).expect("an RRD");
    let output = other.run(&["push"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("mx1/send.rrd: another machine writes it, too") && said.contains("toaster_hostname"),
        "{said}"
    );
    assert!(fs::read(daemon.file("mx1", "send")).expect("an RRD") == before);
    // The first one goes on.
    one.machine.log();
    one.machine.now += 120;
    one.flush();
    one.push();
}

#[test]
fn what_is_wrong_is_said_with_the_address_and_the_way_out() {
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let said = |host: &Host| {
        let output = host.run(&["push"]);
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    assert!(said(&host).contains("nothing was counted yet; run `maillogs update`"));
    host.machine.log();
    host.machine.now += 120;
    host.flush();
    let config = host.machine.store.config();
    let text = fs::read_to_string(&config).expect("toaster.conf");
    let with = |from: &str, to: &str| fs::write(&config, text.replace(from, to)).expect("toaster.conf");
    for name in ["..", ".hidden", "a..b", "cluster", "-x"] {
        with("\"mx1\"", &format!("{name:?}"));
        let said = said(&host);
        assert!(said.contains(&format!("{name:?} cannot be this host's name on another machine")), "{said}");
    }
    assert_eq!(fs::read_dir(daemon.base()).expect("its directory").count(), 0);
    with("rrd_daemon", "# rrd_daemon");
    assert!(said(&host).contains("set rrd_daemon"));
    with("", "");
    // A file of another program.
    fs::create_dir(daemon.base().join("mx1")).expect("mkdir");
    let file = daemon.file("mx1", "send");
    for (source, words) in [
        ("DS:message_new:COUNTER:600:0:U", "its data source \"message_new\" is of another kind"),
        ("DS:x:GAUGE:600:0:U", "ends within a minute"),
    ] {
        let begin = (host.machine.now - 7).to_string();
        let made = std::process::Command::new("rrdtool")
            .args([
                "create",
                file.to_str().expect("UTF-8"),
                "-s",
                "60",
                "-b",
                &begin,
                source,
                "RRA:AVERAGE:0.5:1:10",
            ])
            .status();
        assert!(made.expect("rrdtool").success());
        let said = said(&host);
        assert!(said.contains("mx1/send.rrd") && said.contains("move that file away"), "{said}");
        assert!(said.contains(words) || said.contains("ends within a minute"), "{said}");
        // The daemon knows it until it is started again.
        daemon.kill();
        fs::remove_file(&file).expect("rm");
        daemon.go_on();
    }
    daemon.kill();
    assert!(said(&host).contains("cannot connect to rrdcached"));
    daemon.go_on();
    host.push();
    assert_eq!(messages(&daemon, &host, "send", host.machine.now - 600).len(), 1);
}

#[test]
fn a_daemon_that_may_not_do_it_says_so_and_what_we_name_then_is_enough() {
    let port = crate::support::conversation::address().to_string();
    for (options, is_enough) in
        [(["-P", "FLUSH,LAST,INFO", "-l", &port], false), (["-P", COMMANDS, "-l", &port], true)]
    {
        let daemon = Rrdcached::with(&options);
        let store = Store::with(&format!("rrd_daemon = {port:?}\ntoaster_hostname = \"mx1\"\n"));
        let mut machine = Machine::new(store, END);
        machine.log();
        machine.now += 3_600;
        let run = |words: &[&str]| machine.faked(MAILLOGS).args(words).output().expect("maillogs");
        assert!(run(&["update", "--flush"]).status.success());
        let output = run(&["push"]);
        let said = stderr(&output);
        assert_eq!(output.status.success(), is_enough, "{said}");
        if is_enough {
            assert_eq!(machine.total(&daemon.file("mx1", "send"), "message_new"), 1);
        } else {
            assert!(said.contains(&format!("{port}: CREATE mx1/send.rrd: it says: ")), "{said}");
            assert!(
                said.contains("let this socket use FLUSH, LAST, INFO, FETCH, CREATE, BATCH and UPDATE"),
                "{said}"
            );
        }
    }
}

/// What rrdcached has to allow, as the message names it.
const COMMANDS: &str = "FLUSH,LAST,INFO,FETCH,CREATE,BATCH,UPDATE";

/// Whatever happens in whatever order: lines that come late, quiet hours, days without a push, a daemon that dies.
#[test]
fn whatever_happens_the_other_side_has_in_the_end_what_was_counted() {
    let mut seed = seed();
    let mut roll = |sides: u64| i64::try_from(chance(&mut seed) % sides).expect("small");
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    let (mut logged, mut done) = (0u128, Vec::new());
    for _ in 0..60 {
        for _ in 0..roll(4) {
            // Up to twenty minutes late, and now and then up to ten hours.
            let late = match roll(9) {
                0 => roll(36_000),
                1..=3 => roll(1_200),
                _ => 0,
            };
            host.machine.log_at(host.machine.now - late);
            logged += 1;
        }
        let pause = match roll(12) {
            0 => 3_000 + roll(9_000),
            1 => 50_000 + roll(150_000),
            _ => 20 + roll(300),
        };
        host.machine.now += pause;
        match roll(3) {
            0 => host.update(),
            _ => host.flush(),
        }
        let push = roll(5);
        match push {
            0 => {}
            1 => {
                host.push();
                daemon.kill();
                daemon.go_on();
            }
            2 => {
                let mut push = host.machine.faked(MAILLOGS);
                let mut push = push.arg("push").stderr(Stdio::null()).spawn().expect("maillogs");
                std::thread::sleep(Duration::from_millis(u64::try_from(roll(60)).expect("small")));
                daemon.kill();
                push.wait().expect("its end");
                daemon.go_on();
            }
            _ => host.push(),
        }
        done.push((pause, push));
    }
    // In any hour it is looked at all of two days.
    for _ in 0..12 {
        host.machine.now += 700;
        host.flush();
        host.push();
    }
    assert_eq!(host.machine.total(&host.machine.store.rrd(), "message_new"), logged, "here: {done:?}");
    assert_eq!(host.machine.total(&daemon.file("mx1", "send"), "message_new"), logged, "there: {done:?}");
}

#[test]
fn a_daemon_that_stands_still_is_given_up_and_gets_its_minutes_later() {
    let mut daemon = Rrdcached::start();
    let mut host = quiet_host("mx1", &daemon);
    host.machine.log();
    host.machine.now += 120;
    host.flush();
    daemon.stand_still(true);
    let output = host.run(&["push"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("{}: rrdcached has not answered for 20 seconds", daemon.address())),
        "{said}"
    );
    daemon.stand_still(false);
    host.push();
    assert_eq!(host.machine.total(&daemon.file("mx1", "send"), "message_new"), 1);
}

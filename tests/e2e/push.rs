//! Many hosts and one rrdcached: what was counted on each is in its RRDs on the other machine, whatever becomes of the daemon.

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
            let list = lists[usize::try_from(n * seed % 3).expect("small")];
            self.smtp.extend(labelled(at, n, &format!("rblsmtpd: 192.0.2.{} pid {n}: 451 {list}", n % 250)).bytes());
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

    fn push(&self) {
        let output = self.run(&["push"]);
        assert!(output.status.success() && output.stderr.is_empty(), "{}: {}", self.name, stderr(&output));
    }

    /// What the query says of each data source of a protocol, in units of 10⁻⁹.
    fn counters(&self, protocol: &str) -> BTreeMap<String, i128> {
        let parts: &[&str] = if protocol == "send" { &["send", "reasons", "providers", "times"] } else { &[protocol] };
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

/// An hour of three hosts, a push every two minutes, twenty times `kill -9` in the middle of one, and a stretch without a
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
    let (mut killed, mut refused, mut failed) = (0, 0, 0);
    for wave in 1..=30 {
        let is_away = (12..17).contains(&wave);
        if wave == 12 {
            daemon.kill();
            killed += 1;
        }
        if wave == 17 {
            daemon.go_on();
        }
        for host in &mut hosts {
            host.machine.now = begin + wave * 120;
            host.log();
            host.update();
        }
        let victim = usize::try_from(chance(&mut seed) % 3).expect("small");
        for (n, host) in hosts.iter().enumerate() {
            if is_away {
                let output = host.run(&["push"]);
                assert_eq!(output.status.code(), Some(1));
                let said = stderr(&output);
                assert!(said.contains(&format!("{}: cannot connect to rrdcached", daemon.address())), "{said}");
                refused += 1;
            } else if n == victim && killed < 20 {
                let mut push = host.machine.faked(MAILLOGS);
                let push = push.arg("push").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("maillogs");
                std::thread::sleep(Duration::from_micros(30_000 + chance(&mut seed) % 60_000));
                daemon.kill();
                killed += 1;
                let output = push.wait_with_output().expect("its end");
                failed += i32::from(!output.status.success());
                daemon.go_on();
            } else {
                host.push();
            }
        }
    }
    assert_eq!((killed, refused), (20, 15));
    println!("{failed} pushes were broken off by a kill");
    let mut all: BTreeMap<(&str, String), [i128; 2]> = BTreeMap::new();
    for host in &mut hosts {
        host.machine.now = end + 3_600;
        host.log();
        host.update();
        host.push();
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
            assert_eq!(far[key], i128::try_from(counted[key]).expect("small") * 1_000_000_000, "{}: {key}", host.name);
        }
    }
    for ((protocol, name), [far, near]) in all {
        assert!((far - near).abs() < 60_000, "{protocol}.{name} of all hosts: {far} there, {near} counted");
    }
}

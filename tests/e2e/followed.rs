//! What several lines say together: providers and times, beside a count of the whole log in Python
//! (`tests/reference/followed.py`), however the log is cut, rolled and read, and whoever is killed meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::UNIX_EPOCH;

use crate::support::store::{Answer, Store};
use crate::support::{END, lines, pipe_through, rrd, traffic};

/// The counters of the two sections as the reference counts them, in units of 10⁻⁹. Those that are not named are 0.
fn reference(log: &[u8]) -> BTreeMap<String, u128> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("python3");
    python
        .arg(root.join("tests/reference/followed.py"))
        .arg(root.join("src/protocol/providers/providers.toml"));
    let printed = String::from_utf8(pipe_through(&mut python, log)).expect("text");
    let line = |line: &str| {
        let (key, amount) = line.split_once(' ').expect("KEY AMOUNT");
        let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
        (key.to_owned(), format!("{whole}{part:0<9}").parse().expect("a number"))
    };
    printed.lines().map(line).collect()
}

/// The counters of both sections that `answers` say, without those that are 0.
fn counted(store: &Store) -> BTreeMap<String, u128> {
    let mut all = BTreeMap::new();
    for section in ["providers", "times"] {
        let answer = Answer::parse(&store.run(&[section]));
        all.extend(answer.keys().iter().map(|key| ((*key).to_owned(), answer.nanos(key))));
    }
    let is_quantile = |key: &String| ["_p50", "_p95", "_p99"].iter().any(|end| key.ends_with(end));
    all.retain(|key, amount| *amount != 0 && !is_quantile(key));
    all
}

/// Chance by `MAILLOGS_SEED`, which is printed.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let chosen = std::env::var("MAILLOGS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = chosen.unwrap_or_else(|| u64::from(UNIX_EPOCH.elapsed().expect("now").subsec_nanos()));
        println!("MAILLOGS_SEED={seed}");
        Chance(seed)
    }

    fn below(&mut self, most: usize) -> usize {
        // Knuth's multiplier; the upper bits are good enough.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most as u64).expect("below")
    }
}

/// A log directory into which a log is written little by little, and rolled as multilog does it.
struct Logger<'a> {
    store: &'a Store,
    /// The chunk that was rolled and is not processed yet.
    rolled: Option<Vec<u8>>,
}

impl Logger<'_> {
    fn write(&self, bytes: &[u8]) {
        let mut file = fs::File::options()
            .append(true)
            .create(true)
            .open(self.store.logs().join("current"))
            .expect("current");
        file.write_all(bytes).expect("room");
    }

    /// `current` becomes `previous`, and the processor is started with it.
    fn processor(&mut self) -> Child {
        let (current, previous) = (self.store.logs().join("current"), self.store.logs().join("previous"));
        if self.rolled.is_none() {
            fs::rename(&current, &previous).expect("a chunk");
            fs::write(&current, "").expect("room");
            self.rolled = Some(fs::read(&previous).expect("the chunk"));
        }
        let mut command = self.store.command(self.store.sendlog());
        command.current_dir(self.store.logs());
        let chunk = fs::File::open(&previous).expect("the chunk");
        command.stdin(chunk).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a processor")
    }

    /// The processor succeeded.
    fn is_done(&mut self) {
        self.rolled = None;
        fs::remove_file(self.store.logs().join("previous")).expect("the chunk");
    }
}

#[test]
fn a_week_however_it_is_cut_and_killed_is_what_python_counts() {
    let mut chance = Chance::new();
    let log = traffic(77, 7.0, 0.02);
    let want = reference(&log);
    assert!(want.len() > 60, "{want:?}");
    let store = Store::new();
    let mut logger = Logger { store: &store, rolled: None };
    let all: Vec<&[u8]> = lines(&log).collect();
    let (mut at, mut kills, mut rolls, mut queries) = (0, 0, 0, 0);
    let mut before = BTreeMap::new();
    while at < all.len() {
        let next = (at + 1 + chance.below(900)).min(all.len());
        logger.write(&all[at..next].concat());
        at = next;
        match chance.below(6) {
            0 | 1 => {
                let mut processor = logger.processor();
                if chance.below(2) == 0 {
                    // Somewhere in its life, which lasts some milliseconds.
                    std::thread::sleep(std::time::Duration::from_micros(chance.below(9_000) as u64));
                    processor.kill().expect("a child");
                    kills += 1;
                }
                if processor.wait().expect("a child").success() {
                    logger.is_done();
                    rolls += 1;
                }
            }
            2 => drop(store.run(&["update", "send"])),
            3 => {
                let mut update = store.command(env!("CARGO_BIN_EXE_maillogs"));
                update.args(["update", "send"]).stderr(Stdio::null());
                let mut update = update.spawn().expect("an update");
                std::thread::sleep(std::time::Duration::from_micros(chance.below(9_000) as u64));
                update.kill().expect("a child");
                update.wait().expect("a child");
                kills += 1;
            }
            _ => {
                // A query has all that was logged so far, and none of it twice.
                let now = counted(&store);
                for (key, amount) in &before {
                    assert!(now.get(key) >= Some(amount), "{key} went backwards");
                }
                before = now;
                queries += 1;
                if queries % 5 == 0 {
                    assert_eq!(before, reference(&all[..at].concat()), "after {at} lines");
                }
            }
        }
    }
    println!("{} lines, {kills} kills, {rolls} rolls, {queries} queries", all.len());
    assert_eq!(counted(&store), want);
    while !logger.processor().wait().expect("a child").success() {}
    logger.is_done();
    store.flush();
    assert_eq!(counted(&store), want);
    // Rows of two hours reach back for a month; the last of them is not over.
    let last = Command::new("rrdtool").arg("last").arg(store.rrd()).output().expect("rrdtool").stdout;
    let last: u64 = String::from_utf8_lossy(&last).trim().parse().expect("a time");
    let (begin, over) = ((END as u64 - 8 * 86_400) / 7_200 * 7_200, last / 7_200 * 7_200);
    let rows = rrd::fetch(&store.rrd(), 7_200, begin, over);
    let minutes = rrd::fetch(&store.rrd(), 60, over, last);
    for key in ["go_google", "ok_google", "def_google", "first_10s", "queue_1m", "remote_2s"] {
        let sum: u128 = rows[key].values().chain(minutes[key].values()).sum();
        assert_eq!(sum * 1_000_000_000, want.get(key).copied().unwrap_or(0), "{key} in the RRD");
    }
}

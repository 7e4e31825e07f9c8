//! The store against a plain model: what was logged is what is counted, archived and in the RRD,
//! however the log is cut into chunks, whoever reads it when, and whatever operation the process dies
//! before.
use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

mod attempts;
mod containers;
mod crashes;
mod cuts;
mod damage;
mod followed;
mod held;
mod in_bulk;
mod model;
mod named;
mod positions;
mod power;
mod replaced;
mod rotations;
mod snapshots;
mod streams;
mod surroundings;

use super::*;
use crate::config::Config;
use crate::disk::{self, change, crash, file_id};
use crate::error::{At, Result};
use crate::line::LINE_LIMIT;
use crate::protocol::send::SEND;
use crate::query::query;
use crate::source::directory::{Chunk, Role};
use crate::source::stdin::Input;
use crate::store::session::StateOrigin;
use crate::tally;
use attempts::check_attempts;
use followed::{followed, followed_model, is_followed};

/// 2026-09-28 22:45:00 UTC: the days turn within the logs of these tests.
const T0: i64 = 1_790_635_500;

thread_local! {
    static NOW: std::cell::Cell<i64> = const { std::cell::Cell::new(T0 + 100_000) };
}

/// A log directory, the logger that writes it, and the store.
struct World {
    _dir: tempfile::TempDir,
    config: Config,
    feed: Feed,
    log: PathBuf,
    /// Distinct write times, as a real roll has them.
    writes: i64,
    /// `.u` files so far.
    orphans: u32,
    /// What was passed through.
    passed: Vec<u8>,
    /// Is what several lines say together counted?
    follows: bool,
}

impl World {
    /// Each line counts by itself.
    fn new() -> World {
        World::of(false)
    }

    /// What several lines say together is counted, too. That makes RRDs three times as large.
    fn following() -> World {
        World::of(true)
    }

    fn of(follows: bool) -> World {
        NOW.set(T0 + 100_000);
        let dir = scratch();
        let base = dir.path().canonicalize().unwrap();
        let config = Config {
            logs_counters: base.join("counters"),
            rrd_dir: base.join("rrd"),
            log_dirs: [("logs_send_dirs", vec![base.join("send")])].into(),
            logs_base: base.clone(),
            providers: follows,
            times: follows,
            ..Config::default()
        };
        fs::create_dir(base.join("send")).unwrap();
        let feed = feeds(&config).remove(0);
        World {
            _dir: dir,
            config,
            feed,
            log: base.join("send"),
            writes: 0,
            orphans: 0,
            passed: Vec::new(),
            follows,
        }
    }

    /// With more lines of toaster.conf from now on.
    fn configure(&mut self, more: &str) {
        let base = &self.config.logs_base;
        let rest = if self.follows { "" } else { "providers = false\ntimes = false\n" };
        let text = format!("logs_base = {base:?}\n{rest}{more}");
        let (config, problems) = Config::parse(&text, Path::new("toaster.conf"));
        assert_eq!(problems, []);
        self.feed = feeds(&config).remove(0);
        self.config = config;
    }

    fn job(&self) -> Job<'_> {
        Job { config: &self.config, feed: &self.feed, clock: || NOW.get(), as_root: |what| what() }
    }

    fn touch(&mut self, path: &Path) {
        self.writes += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_790_000_000, u32::try_from(self.writes).unwrap());
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_times(FileTimes::new().set_modified(time))
            .unwrap();
    }

    /// The logger writes.
    fn write(&mut self, bytes: &[u8]) {
        use std::io::Write;
        let path = self.log.join("current");
        File::options().append(true).create(true).open(&path).unwrap().write_all(bytes).unwrap();
        self.touch(&path);
    }

    /// `current` → `previous`, a new `current`.
    fn turn(&mut self) {
        fs::rename(self.log.join("current"), self.log.join("previous")).unwrap();
        File::create(self.log.join("current")).unwrap();
    }

    /// What the logger hands to its processor.
    fn process(&mut self) -> Result<()> {
        let path = self.log.join("previous");
        let file = File::open(&path).unwrap();
        let meta = file.metadata().unwrap();
        let processed = self.log.join("processed");
        File::create(&processed).unwrap();
        let mut pass = || {
            let bytes = fs::read(&path).unwrap();
            change(disk::Change::Write(&processed), || fs::write(&processed, bytes))
                .at("write", &processed)?;
            change(disk::Change::Fsync(&processed), || Ok(())).at("fsync", &processed)
        };
        let chunk = Chunk { file, meta, name: "previous".into(), role: Role::Stdin };
        let input = Input { chunk, directory: Some(self.log.clone()), is_pipe: false };
        self.job().advance(Some(input), &mut pass, Options::default())?;
        self.passed.extend(fs::read(&processed).unwrap());
        fs::remove_file(processed).unwrap();
        fs::remove_file(path).unwrap();
        Ok(())
    }

    fn roll(&mut self) {
        self.turn();
        self.process().unwrap();
    }

    /// A roll of these lines, and a second one that dies when its journal has reached the RRD.
    fn die_with_a_journal(&mut self, lines: &[(String, i64)]) {
        self.write(&text_of(&lines[..25]));
        self.roll();
        self.write(&text_of(&lines[25..]));
        self.turn();
        crash::arm_at("create .send.state.tmp");
        self.process().unwrap_err();
        crash::disarm().unwrap();
    }

    /// The logger is killed: nobody will process what stands there.
    fn kill_logger(&mut self) {
        for name in ["previous", "current"] {
            let path = self.log.join(name);
            if path.exists() {
                self.orphans += 1;
                fs::rename(path, self.log.join(format!("@{:024x}.u", self.orphans))).unwrap();
            }
        }
    }

    fn update(&self) -> Result<()> {
        self.job().advance(None, &mut || Ok(()), Options::default())
    }

    fn flush(&self) {
        self.job().advance(None, &mut || Ok(()), Options { flush: true, ..Options::default() }).unwrap();
    }

    fn query(&self) -> BTreeMap<&'static str, i128> {
        let reading = query(&self.job(), NOW.get()).unwrap();
        reading.counters.iter().map(|counter| (counter.key, counter.value.unwrap().total)).collect()
    }

    /// The archive's days.
    fn days(&self) -> Vec<PathBuf> {
        let mut days = Vec::new();
        for year in subdirs(&self.config.logs_base, 4) {
            for month in subdirs(&year, 2) {
                days.extend(subdirs(&month, 2));
            }
        }
        days.sort();
        days
    }

    /// All that is archived. Where a day stands there plain and packed, the plain file is whole.
    fn archive(&self) -> Vec<u8> {
        use std::io::Read;
        let mut all = Vec::new();
        for day in self.days() {
            if let Ok(plain) = fs::read(day.join("sendlog")) {
                all.extend(plain);
            } else if let Ok(packed) = File::open(day.join("sendlog.gz")) {
                flate2::read::MultiGzDecoder::new(packed).read_to_end(&mut all).unwrap();
            }
        }
        all
    }

    /// Packs the days that are over, which nobody has written to for long.
    fn tidy(&self) -> Result<()> {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        for day in self.days() {
            if let Ok(plain) = File::options().write(true).open(day.join("sendlog")) {
                plain.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
            }
        }
        self.job().tidy(&["sendlog"], Duration::ZERO)
    }

    /// Per bin, what the RRD says of `ds`.
    fn rows(&self, ds: &str) -> BTreeMap<i64, i128> {
        self.rows_of("send", ds)
    }

    /// The same of another protocol's.
    fn rows_of(&self, protocol: &str, ds: &str) -> BTreeMap<i64, i128> {
        self.rows_of_step(protocol, ds, 60)
    }

    /// The same in rows of `step` seconds.
    fn rows_of_step(&self, protocol: &str, ds: &str, step: u32) -> BTreeMap<i64, i128> {
        let path = self.config.rrd_dir.join(format!("{protocol}.rrd"));
        if !path.exists() {
            return BTreeMap::new();
        }
        let _alone = crate::store::rrd::librrd();
        let time = |secs: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap());
        let seconds = Duration::from_secs(step.into());
        let (from, to) = (time(T0 - 600), time(NOW.get()));
        let data = rrd::ops::fetch::fetch(&path, rrd::ConsolidationFn::Avg, from, to, seconds).unwrap();
        assert_eq!(data.step(), seconds);
        // What never moved has no column.
        let Some(column) = data.ds_names().iter().position(|n| n == ds) else { return BTreeMap::new() };
        data.rows()
            .iter()
            .filter_map(|row| {
                let end = row.timestamp().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
                let count = (row.as_slice()[column] * f64::from(step)).round();
                #[allow(clippy::cast_possible_truncation)]
                (count > 0.0).then(|| (i64::try_from(end).unwrap() - i64::from(step), count as i128))
            })
            .collect()
    }
}

/// A directory in memory where there is one: most of a test's time is the writing of RRDs.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn subdirs(dir: &Path, digits: usize) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            name.len() == digits && name.bytes().all(|b| b.is_ascii_digit())
        })
        .collect()
}

/// Labelled lines: (text, unix time). Times rise by up to two hours, so that days turn.
fn log_of(choices: &[(u8, u16)]) -> Vec<(String, i64)> {
    let mut time = T0;
    choices
        .iter()
        .enumerate()
        .map(|(i, &(kind, gap))| {
            time += i64::from(gap);
            line_of(i, kind, time)
        })
        .collect()
}

/// The labelled line of this number, at `time`.
fn line_of(i: usize, kind: u8, time: i64) -> (String, i64) {
    // Numbers come back, as those of messages and deliveries do.
    let (message, delivery) = (i % 7, i / 6 % 9);
    let domain = ["gmail.com", "hotmail.de", "example.com"][i % 3];
    let text = match kind % 8 {
        0 => format!("new msg {message}"),
        1 => format!("info msg {message}: bytes {} from <a@example.org> qp 1 uid 2", 100 + i),
        2 => format!("starting delivery {delivery}: msg {message} to remote b@{domain}"),
        3 => format!("delivery {delivery}: success: fine/"),
        4 => format!("delivery {delivery}: deferral: {}/", "x".repeat(i * 7 % 300)),
        5 => "status: local 1/3 remote 2/7".to_owned(),
        6 => format!("end msg {message}"),
        _ => format!("warning: {}", "y".repeat(if i % 11 == 7 { LINE_LIMIT + 904 } else { 3 })),
    };
    (format!("@{:016x}{:08x} {text}\n", (1i64 << 62) + 10 + time, i), time)
}

/// The counters of whole lines by an independent, naive reading.
fn model(lines: &[(String, i64)]) -> BTreeMap<&'static str, i128> {
    let mut want: BTreeMap<&'static str, i128> = BTreeMap::new();
    for (line, _) in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut raise = |key| *want.entry(key).or_default() += 1;
        match words[1] {
            "new" => raise("message_new"),
            "end" => raise("message_end"),
            "starting" => {
                raise("start_delivery");
                raise("start_delivery_remote");
            }
            "delivery" => {
                raise("delivery");
                raise(if words[3] == "success:" { "delivery_success" } else { "delivery_deferral" });
                if words[3] == "deferral:" {
                    // Of a report that holds nothing but `x` no rule knows the reason.
                    raise("why_other");
                }
            }
            "info" => {
                raise("message_info");
                *want.entry("message_bytes").or_default() += words[5].parse::<i128>().unwrap();
            }
            "status:" => {
                raise("status");
                *want.entry("status_localp").or_default() += 333_333_333;
                *want.entry("status_remotep").or_default() += 285_714_286;
                *want.entry("status_local_sum").or_default() += 1;
                *want.entry("status_remote_sum").or_default() += 2;
            }
            "warning:" => {
                raise("other");
                raise("warning");
            }
            other => panic!("{other}"),
        }
    }
    want
}

/// Those that each line raises by itself.
fn odometers(values: &BTreeMap<&'static str, i128>) -> BTreeMap<&'static str, i128> {
    let keys = SEND.counters.iter().filter(|c| c.kind.is_odometer() && !is_followed(c.key)).map(|c| c.key);
    keys.filter_map(|k| values.get(k).filter(|v| **v != 0).map(|v| (k, *v))).collect()
}

fn text_of(lines: &[(String, i64)]) -> Vec<u8> {
    lines.iter().flat_map(|l| l.0.bytes()).collect()
}

/// Everything that was logged is counted, archived and in the RRD, once. What is archived is what was
/// rolled or orphaned; all of it, at the end of a test.
fn check_all(world: &World, lines: &[(String, i64)]) {
    assert_eq!(odometers(&world.query()), model(lines), "counters");
    let together = if world.feed.protocol.follow.is_some() { followed_model(lines) } else { BTreeMap::new() };
    assert_eq!(followed(&world.query()), together, "what several lines say together");
    check_attempts(world, lines);
    let archive = world.archive();
    assert!(archive == text_of(lines), "archive: {} bytes, log: {}", archive.len(), text_of(lines).len());
    world.flush();
    for (key, ds) in [("message_new", "message_new"), ("start_delivery_remote", "start_remote")] {
        let mut want: BTreeMap<i64, i128> = BTreeMap::new();
        for (line, time) in lines {
            if model(&[(line.clone(), *time)]).contains_key(key) {
                *want.entry(time.div_euclid(60) * 60).or_default() += 1;
            }
        }
        assert_eq!(world.rows(ds), want, "{ds} in the RRD");
        // The rows that librrd made of these: all but the one that is not over.
        let mut coarse: BTreeMap<i64, i128> = BTreeMap::new();
        for (bin, count) in want {
            *coarse.entry(bin.div_euclid(300) * 300).or_default() += count;
        }
        let rows = world.rows_of_step("send", ds, 300);
        let last = world.rows(ds).into_keys().next_back();
        let over = |row: &i64| last.is_some_and(|last| last >= *row + 300);
        coarse.retain(|row, _| over(row));
        assert!(coarse.iter().all(|(row, count)| rows.get(row) == Some(count)), "{ds}: {coarse:?} {rows:?}");
    }
    let file = fs::read_to_string(world.config.logs_counters.join("send.txt")).unwrap();
    let read = crate::store::counters::parse(&SEND, file.as_bytes());
    let kept: BTreeMap<&'static str, i128> =
        SEND.counters.iter().zip(read.totals).filter_map(|(c, v)| Some((c.key, v?))).collect();
    assert_eq!(odometers(&kept), model(lines), "counter file");
    // Seconds have nine digits there.
    assert_eq!(followed(&kept), together, "counter file, what several lines say together");
}

fn choices() -> impl Strategy<Value = Vec<(u8, u16)>> {
    proptest::collection::vec((any::<u8>(), prop_oneof![4 => 0u16..90, 1 => 0u16..7200]), 1..60)
}

impl World {
    /// A roll whose processor never came to anything: `previous` stands there until the next roll,
    /// as the logger tries again.
    fn turn_and_leave(&mut self) {
        self.turn();
        self.update().unwrap();
        self.query();
        self.process().unwrap();
    }
}

fn some_lines() -> Vec<(String, i64)> {
    log_of(&(0..40u8).map(|i| (i.wrapping_mul(37), u16::from(i) * 11)).collect::<Vec<_>>())
}

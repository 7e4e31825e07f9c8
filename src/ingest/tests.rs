//! The store against a plain model: what was logged is what is counted, archived and in the RRD,
//! however the log is cut into chunks, whoever reads it when, and whatever operation the process dies
//! before.
use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::protocol::send::SEND;
use crate::query::query;
use crate::source::directory::{Chunk, Role};
use crate::store::crash;
use crate::store::disk::file_id;

const FEED: &Feed = &FEEDS[0];
/// 2026-09-28 22:45:00 UTC: the days turn within the logs of these tests.
const T0: i64 = 1_790_635_500;

thread_local! {
    static NOW: std::cell::Cell<i64> = const { std::cell::Cell::new(T0 + 100_000) };
}

/// A log directory, the logger that writes it, and the store.
struct World {
    _dir: tempfile::TempDir,
    config: Config,
    log: PathBuf,
    /// Distinct write times, as a real roll has them.
    writes: i64,
    /// `.u` files so far.
    orphans: u32,
    /// What was passed through.
    passed: Vec<u8>,
}

impl World {
    fn new() -> World {
        NOW.set(T0 + 100_000);
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let config = Config {
            logs_counters: base.join("counters"),
            rrd_dir: base.join("rrd"),
            logs_send_dirs: vec![base.join("send")],
            logs_smtp_dirs: vec![],
            logs_pop3_dirs: vec![],
            logs_base: base.clone(),
            ..Config::default()
        };
        fs::create_dir(base.join("send")).unwrap();
        World { _dir: dir, config, log: base.join("send"), writes: 0, orphans: 0, passed: Vec::new() }
    }

    fn job(&self) -> Job<'_> {
        Job { config: &self.config, feed: FEED, clock: || NOW.get() }
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
        let mut passed = Vec::new();
        let mut pass = || {
            crate::store::disk::gate("pass through").at("write", Path::new("stdout"))?;
            passed = fs::read(&path).unwrap();
            Ok(())
        };
        let chunk = Chunk { file, meta, name: "previous".into(), role: Role::Stdin };
        let input = Input { chunk, directory: Some(self.log.clone()), is_pipe: false };
        self.job().advance(Some(input), &mut pass, Options::default())?;
        self.passed.extend(passed);
        fs::remove_file(path).unwrap();
        Ok(())
    }

    fn roll(&mut self) {
        self.turn();
        self.process().unwrap();
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
        let answer = query(&self.job(), NOW.get()).unwrap();
        SEND.counters.iter().zip(answer.values).map(|(c, v)| (c.key, v)).collect()
    }

    fn archive(&self) -> Vec<u8> {
        let mut files = Vec::new();
        for year in subdirs(&self.config.logs_base, 4) {
            for month in subdirs(&year, 2) {
                for day in subdirs(&month, 2) {
                    files.push(day.join("sendlog"));
                }
            }
        }
        files.sort();
        files.iter().flat_map(|f| fs::read(f).unwrap()).collect()
    }

    /// Per bin, what the RRD says of `ds`.
    fn rows(&self, ds: &str) -> BTreeMap<i64, i128> {
        let path = self.config.rrd_dir.join("send.rrd");
        if !path.exists() {
            return BTreeMap::new();
        }
        let _alone = crate::store::rrd::librrd();
        let time = |secs: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap());
        let step = Duration::from_secs(60);
        let data =
            rrd::ops::fetch::fetch(&path, rrd::ConsolidationFn::Avg, time(T0 - 600), time(NOW.get()), step)
                .unwrap();
        let column = data.ds_names().iter().position(|n| n == ds).unwrap();
        data.rows()
            .iter()
            .filter_map(|row| {
                let end = row.timestamp().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
                let count = (row.as_slice()[column] * 60.0).round();
                #[allow(clippy::cast_possible_truncation)]
                (count > 0.0).then(|| (i64::try_from(end).unwrap() - 60, count as i128))
            })
            .collect()
    }
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
            let text = match kind % 8 {
                0 => format!("new msg {i}"),
                1 => format!("info msg {i}: bytes {} from <a@example.org> qp 1 uid 2", 100 + i),
                2 => format!("starting delivery {i}: msg 5 to remote b@example.com"),
                3 => format!("delivery {i}: success: fine/"),
                4 => format!("delivery {i}: deferral: {}/", "x".repeat(i * 7 % 300)),
                5 => "status: local 1/3 remote 2/7".to_owned(),
                6 => format!("end msg {i}"),
                _ => format!("warning: {}", "y".repeat(if i % 11 == 7 { 5000 } else { 3 })),
            };
            (format!("@{:016x}{:08x} {text}\n", (1i64 << 62) + 10 + time, i), time)
        })
        .collect()
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

fn odometers(values: &BTreeMap<&'static str, i128>) -> BTreeMap<&'static str, i128> {
    let keys = SEND.counters.iter().filter(|c| c.kind.is_odometer()).map(|c| c.key);
    keys.filter_map(|k| values.get(k).filter(|v| **v != 0).map(|v| (k, *v))).collect()
}

fn text_of(lines: &[(String, i64)]) -> Vec<u8> {
    lines.iter().flat_map(|l| l.0.bytes()).collect()
}

/// Everything that was logged is counted, archived and in the RRD, once. What is archived is what was
/// rolled or orphaned; all of it, at the end of a test.
fn check_all(world: &World, lines: &[(String, i64)]) {
    assert_eq!(odometers(&world.query()), model(lines), "counters");
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
    }
    let file = fs::read_to_string(world.config.logs_counters.join("send.txt")).unwrap();
    let read = crate::store::counters::parse(&SEND, file.as_bytes());
    let kept: BTreeMap<&'static str, i128> =
        SEND.counters.iter().zip(read.totals).filter_map(|(c, v)| Some((c.key, v?))).collect();
    assert_eq!(odometers(&kept), model(lines), "counter file");
}

fn choices() -> impl Strategy<Value = Vec<(u8, u16)>> {
    proptest::collection::vec((any::<u8>(), prop_oneof![4 => 0u16..90, 1 => 0u16..7200]), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Cut at any byte, with queries and updates in between, rolled or orphaned: the same as the whole.
    #[test]
    fn any_cut_of_a_labelled_log_is_the_whole_log(
        choices in choices(),
        cuts in proptest::collection::vec((0usize..20_000, 0u8..6), 0..12),
    ) {
        let lines = log_of(&choices);
        let text = text_of(&lines);
        let mut cuts: Vec<(usize, u8)> = cuts.into_iter().map(|(at, what)| (at % (text.len() + 1), what)).collect();
        cuts.sort_unstable();
        let mut world = World::new();
        let mut before = BTreeMap::new();
        let mut from = 0;
        for (to, what) in cuts {
            world.write(&text[from..to]);
            from = to;
            match what {
                0 | 1 => world.roll(),
                2 => world.update().unwrap(),
                3 => world.kill_logger(),
                4 => world.turn_and_leave(),
                _ => {}
            }
            let now = world.query();
            for (key, value) in odometers(&before) {
                prop_assert!(now[key] >= value, "{key} went backwards from {value} to {}", now[key]);
            }
            before = now;
        }
        world.write(&text[from..]);
        world.roll();
        world.update().unwrap();
        check_all(&world, &lines);
    }

    /// Without labels, cut at line ends.
    #[test]
    fn any_cut_at_line_ends_of_an_unlabelled_log_is_the_whole_log(
        choices in choices(),
        cuts in proptest::collection::vec((0usize..60, 0u8..4), 0..8),
    ) {
        let lines: Vec<String> = log_of(&choices).into_iter().map(|(l, _)| l[26..].to_owned()).collect();
        let mut cuts: Vec<(usize, u8)> = cuts.into_iter().map(|(at, what)| (at % (lines.len() + 1), what)).collect();
        cuts.sort_unstable();
        let mut world = World::new();
        let mut from = 0;
        for (to, what) in cuts {
            world.write(lines[from..to].concat().as_bytes());
            from = to;
            match what {
                0 => world.roll(),
                1 => world.update().unwrap(),
                2 => world.kill_logger(),
                _ => drop(world.query()),
            }
        }
        world.write(lines[from..].concat().as_bytes());
        world.roll();
        world.update().unwrap();
        let starts = |prefix: &str| lines.iter().filter(|l| l.starts_with(prefix)).count() as i128;
        let values = world.query();
        prop_assert_eq!(values["message_new"], starts("new msg"));
        prop_assert_eq!(values["delivery"], starts("delivery "));
        prop_assert_eq!(values["message_other"], starts("warning: "));
        prop_assert!(world.archive() == lines.concat().as_bytes());
    }

    /// Any bytes: no panic, nothing lost of the archive.
    #[test]
    fn any_bytes_are_archived_as_they_are(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..6)) {
        let mut world = World::new();
        let mut all = Vec::new();
        for chunk in chunks {
            let chunk = [&chunk[..], b"\n"].concat();
            world.write(&chunk);
            all.extend(&chunk);
            drop(world.query());
            world.roll();
        }
        let values = world.query();
        prop_assert!(world.archive() == all);
        prop_assert_eq!(values["message_other"] + values["other"], all.split(|&b| b == b'\n').count() as i128 - 1);
    }
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

/// Runs `act` on fresh worlds, dying before operation 0, 1, 2 … until it no longer dies; after each
/// death `again` is what the survivors do. Returns what it died before.
fn die_everywhere(
    prepare: impl Fn(&mut World),
    act: impl Fn(&mut World) -> Result<()>,
    again: impl Fn(&mut World),
    check: impl Fn(&World),
) -> Vec<&'static str> {
    let mut died_before = Vec::new();
    for survivors in 0.. {
        let mut world = World::new();
        prepare(&mut world);
        let before = odometers(&world.query());
        crash::arm(survivors);
        let result = act(&mut world);
        let Some(step) = crash::disarm() else {
            result.unwrap();
            check(&world);
            break;
        };
        died_before.push(step);
        let between = world.query();
        for (key, value) in before {
            assert!(between[key] >= value, "before {step} ({survivors}): {key} went backwards");
        }
        again(&mut world);
        for (key, value) in odometers(&between) {
            assert!(world.query()[key] >= value, "after {step} ({survivors}): {key} went backwards");
        }
        check(&world);
    }
    died_before
}

fn some_lines() -> Vec<(String, i64)> {
    log_of(&(0..40u8).map(|i| (i.wrapping_mul(37), u16::from(i) * 11)).collect::<Vec<_>>())
}

#[test]
fn a_roll_may_die_before_any_operation() {
    let lines = some_lines();
    let (first, second) = lines.split_at(25);
    let steps = die_everywhere(
        |world| {
            world.write(&text_of(first));
            world.roll();
            world.write(&text_of(second));
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
    for step in [
        "lock",
        "write a temporary file",
        "fsync a temporary file",
        "rename",
        "fsync a directory",
        "pass through",
        "open an archive",
        "append to an archive",
        "fsync an archive",
        "update the RRD",
        "fdatasync the RRD",
        "remove",
    ] {
        assert!(steps.contains(&step), "never died before: {step}");
    }
}

#[test]
fn the_first_roll_of_all_may_die_before_any_operation() {
    let lines = some_lines();
    let steps = die_everywhere(
        |world| {
            world.write(&text_of(&lines));
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
    assert!(steps.contains(&"create the RRD"));
}

#[test]
fn a_roll_and_its_logger_may_die_together_before_any_operation() {
    let lines = some_lines();
    let (first, second) = lines.split_at(20);
    die_everywhere(
        |world| {
            world.write(&text_of(first));
            world.roll();
            world.write(&text_of(second));
            world.turn();
        },
        World::process,
        |world| {
            world.kill_logger();
            world.update().unwrap();
        },
        |world| check_all(world, &lines),
    );
}

#[test]
fn an_update_may_die_before_any_operation() {
    let lines = some_lines();
    let (first, second) = lines.split_at(20);
    die_everywhere(
        |world| {
            world.write(&text_of(first));
            world.kill_logger();
            world.write(&text_of(second));
        },
        |world| world.update(),
        |world| world.update().unwrap(),
        |world| {
            let mut again = World {
                passed: vec![],
                _dir: tempfile::tempdir().unwrap(),
                config: world.config.clone(),
                log: world.log.clone(),
                ..*world
            };
            again.roll();
            check_all(&again, &lines);
        },
    );
}

#[test]
fn a_recovery_may_die_too() {
    let lines = some_lines();
    let (first, second) = lines.split_at(25);
    // The first death is right after the commit point: the first removal is that of the intent.
    for first_death in [24u64, 28, 30, 32, 34, 36, 38] {
        die_everywhere(
            |world| {
                world.write(&text_of(first));
                world.roll();
                world.write(&text_of(second));
                world.turn();
                crash::arm(first_death);
                let _ = world.process();
                crash::disarm();
                if !world.log.join("previous").exists() {
                    fs::write(world.log.join("previous"), text_of(second)).unwrap();
                }
            },
            World::process,
            |world| world.process().unwrap(),
            |world| check_all(world, &lines),
        );
    }
}

#[test]
fn a_rerun_counts_nothing_and_passes_through() {
    let lines = some_lines();
    let mut world = World::new();
    world.write(&text_of(&lines));
    world.turn();
    let copy = fs::read(world.log.join("previous")).unwrap();
    world.process().unwrap();
    fs::write(world.log.join("previous"), &copy).unwrap();
    world.process().unwrap();
    assert!(world.passed == [text_of(&lines), text_of(&lines)].concat());
    fs::write(world.log.join("@400000006abaee0408386019.u"), &copy).unwrap();
    world.update().unwrap();
    check_all(&world, &lines);
}

#[test]
fn identity_is_content_not_inode() {
    let lines = some_lines();
    let mut world = World::new();
    world.write(&text_of(&lines[..20]));
    world.roll();
    // The next chunk overwrites a file of the same inode.
    world.write(b"");
    let inode = |w: &World| file_id(&fs::metadata(w.log.join("current")).unwrap());
    let before = inode(&world);
    world.write(&text_of(&lines[20..30]));
    world.update().unwrap();
    fs::write(world.log.join("current"), text_of(&lines[20..30])).unwrap();
    world.roll_keeping(before);
    world.write(&text_of(&lines[30..]));
    world.roll();
    check_all(&world, &lines);
}

impl World {
    fn roll_keeping(&mut self, inode: (u64, u64)) {
        assert_eq!(file_id(&fs::metadata(self.log.join("current")).unwrap()), inode);
        self.roll();
    }
}

#[test]
fn an_edit_of_the_counter_file_wins_and_its_removal_too() {
    let mut world = World::new();
    world.write(b"@400000006abaee0408386019 new msg 1\n");
    world.update().unwrap();
    let path = world.config.logs_counters.join("send.txt");
    fs::write(&path, "message_new:1000\ncreated:7\n").unwrap();
    world.write(b"@400000006abaee0408386020 new msg 2\n");
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 1001);
    assert!(fs::read_to_string(&path).unwrap().contains("created:7\n"));
    fs::remove_file(&path).unwrap();
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 0);
}

#[test]
fn perls_counters_go_on_and_its_orphans_are_known() {
    let mut world = World::new();
    fs::create_dir_all(&world.config.logs_counters).unwrap();
    fs::write(world.config.logs_counters.join("send.txt"), "created:1\nmessage_new:41\n").unwrap();
    fs::write(world.log.join("@400000006abaee0308386019.u"), "@400000006abaee0308386019 new msg 0\n")
        .unwrap();
    world.write(b"@400000006abaee0408386019 new msg 1\n");
    assert_eq!(world.query()["message_new"], 42);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 42);
}

#[test]
fn a_damaged_state_doubles_nothing() {
    let mut world = World::new();
    let lines = some_lines();
    world.write(&text_of(&lines[..20]));
    world.roll();
    world.write(&text_of(&lines[20..30]));
    world.update().unwrap();
    let before = odometers(&world.query());
    let path = world.config.logs_base.join("state/send.state");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(odometers(&world.query()), before, "before the repair");
    world.update().unwrap();
    assert_eq!(odometers(&world.query()), before);
    world.write(&text_of(&lines[30..]));
    world.roll();
    assert_eq!(odometers(&world.query()), model(&lines));
    let aside = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("send.state.corrupt-"));
    assert_eq!(aside.count(), 1);
}

#[test]
fn a_broken_rrd_stops_nothing_and_its_bins_wait() {
    let mut world = World::new();
    let lines = some_lines();
    fs::create_dir(&world.config.rrd_dir).unwrap();
    let path = world.config.rrd_dir.join("send.rrd");
    // Not even a directory can be made there.
    fs::remove_dir(&world.config.rrd_dir).unwrap();
    fs::write(&world.config.rrd_dir, "in the way").unwrap();
    world.write(&text_of(&lines[..20]));
    world.roll();
    fs::remove_file(&world.config.rrd_dir).unwrap();
    world.write(&text_of(&lines[20..]));
    world.roll();
    check_all(&world, &lines);
    // A damaged one is moved aside.
    fs::write(&path, "no RRD").unwrap();
    world.write(b"@400000006abb0000083860ff new msg 1\n");
    world.flush();
    assert_eq!(world.rows("message_new").values().sum::<i128>(), 1);
    let aside = fs::read_dir(&world.config.rrd_dir).unwrap().count();
    assert_eq!(aside, 2);
}

#[test]
fn an_unfinished_line_waits_for_its_rest_and_is_given_up_after_a_step() {
    let mut world = World::new();
    world.write(b"@400000006abaee0408386019 new msg 1\n@400000006abaee0408386020 new msg 2");
    world.turn();
    world.process().unwrap();
    assert_eq!(world.query()["message_new"], 1);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 1);
    NOW.set(NOW.get() + 60);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 2);
    // Its newline comes after all, and the next line.
    world.write(b"\n@400000006abaee0508386020 new msg 3\n");
    world.roll();
    assert_eq!(world.query()["message_new"], 3);
    assert_eq!(world.query()["message_other"], 0);
}

#[test]
fn an_orphan_without_its_newline_gets_it_when_the_next_chunk_begins() {
    let mut world = World::new();
    world.write(b"@400000006abaee0408386019 new msg 1\n@400000006abaee0408386020 delivery 1: success: long enough to be no label/");
    world.kill_logger();
    world.update().unwrap();
    world.write(b"@400000006abaee0508386020 new msg 3\n");
    world.roll();
    let text = String::from_utf8(world.archive()).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert_eq!(world.query()["delivery_success"], 1);
    assert_eq!(world.query()["message_new"], 2);
}

#[test]
fn lines_of_the_past_and_the_future_are_counted_and_do_not_block_the_rrd() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 3000);
    world.write(format!("{} new msg 1\n{} new msg 2\n", label(60), label(T0)).as_bytes());
    world.update().unwrap();
    world.write(format!("{} new msg 3\n{} new msg 4\n", label(4_102_444_800), label(T0 + 60)).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 3200);
    world.write(format!("{} new msg 5\n", label(T0 + 3100)).as_bytes());
    world.flush();
    world.roll();
    assert_eq!(world.query()["message_new"], 5);
    assert_eq!(world.rows("message_new").values().sum::<i128>(), 4, "one lies in 1970");
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty() && state.pushed <= NOW.get());
}

#[test]
fn a_clock_set_back_loses_nothing() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 400 * 86_400);
    world.write(format!("{} new msg 1\n", label(NOW.get() - 100)).as_bytes());
    world.flush();
    NOW.set(T0 + 1000);
    world.write(format!("{} new msg 2\n", label(T0 + 900)).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 2000);
    world.flush();
    assert_eq!(world.query()["message_new"], 2);
    assert_eq!(world.rows("message_new").values().sum::<i128>(), 1);
    let aside = fs::read_dir(&world.config.rrd_dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("send.rrd.future-"));
    assert_eq!(aside.count(), 1);
}

/// `tests/data/send/CASE.log` raises what `CASE.expected` says, written by hand: every key that it
/// does not name is 0. Read in place, and again by a roll.
#[test]
fn sample_logs_count_what_was_written_down_for_them() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/send");
    let mut cases = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "log") {
            continue;
        }
        cases += 1;
        let expected = fs::read_to_string(path.with_extension("expected")).unwrap();
        let mut want: BTreeMap<&str, String> = SEND.counters.iter().map(|c| (c.key, "0".into())).collect();
        for line in expected.lines() {
            let (key, value) = line.split_once(':').unwrap();
            *want.get_mut(key).unwrap_or_else(|| panic!("{}: {key}", path.display())) = value.to_owned();
        }
        let mut world = World::new();
        world.write(&fs::read(&path).unwrap());
        for pass in ["in place", "rolled"] {
            let got = world.query();
            for counter in SEND.counters {
                let value = crate::store::counters::show(counter.kind, got[counter.key]);
                assert_eq!(value, want[counter.key], "{} {pass}: {}", path.display(), counter.key);
            }
            if pass == "in place" {
                world.roll();
            }
        }
    }
    assert!(cases >= 10, "only {cases} cases");
}

#[test]
fn a_pipe_is_judged_by_its_content() {
    let world = World::new();
    let lines = some_lines();
    let feed = |bytes: &[u8], force: bool| {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        let meta = file.metadata().unwrap();
        let chunk = Chunk { file, meta, name: String::new(), role: Role::Stdin };
        let input = Input { chunk, directory: None, is_pipe: true };
        let options = Options { force, ..Options::default() };
        world.job().advance(Some(input), &mut || Ok(()), options).unwrap();
    };
    feed(&text_of(&lines[..10]), false);
    feed(&text_of(&lines[..10]), false);
    assert_eq!(odometers(&world.query()), model(&lines[..10]), "the same again");
    feed(&text_of(&lines[..25]), false);
    assert_eq!(odometers(&world.query()), model(&lines[..25]), "its extension");
    assert!(world.archive() == text_of(&lines[..25]));
    feed(&text_of(&lines[..3]), true);
    let twice: Vec<_> = lines[..25].iter().chain(&lines[..3]).cloned().collect();
    assert_eq!(odometers(&world.query()), model(&twice), "by force");
    // The last line of a closed pipe counts without its newline, and its newline is no line.
    let world = World::new();
    let feed_new = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        let meta = file.metadata().unwrap();
        let chunk = Chunk { file, meta, name: String::new(), role: Role::Stdin };
        let input = Input { chunk, directory: None, is_pipe: true };
        world.job().advance(Some(input), &mut || Ok(()), Options::default()).unwrap();
    };
    let text = text_of(&lines[..6]);
    feed_new(&text[..text.len() - 1]);
    assert_eq!(odometers(&world.query()), model(&lines[..6]));
    feed_new(&text);
    assert_eq!(odometers(&world.query()), model(&lines[..6]));
    assert!(world.archive() == text);
    feed_new(&text_of(&lines[6..9]));
    assert_eq!(odometers(&world.query()), model(&lines[..9]));
    assert!(world.archive() == text_of(&lines[..9]));
}

#[test]
fn the_directories_of_the_store_may_be_links() {
    let mut world = World::new();
    let lines = some_lines();
    let base = world.config.logs_base.clone();
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["counters", "state", "rrd"] {
        fs::create_dir(elsewhere.path().join(name)).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join(name), base.join(name)).unwrap();
    }
    let link = base.with_extension("link");
    std::os::unix::fs::symlink(&base, &link).unwrap();
    world.config.logs_base = link.clone();
    world.write(&text_of(&lines[..20]));
    world.roll();
    world.write(&text_of(&lines[20..]));
    world.roll();
    check_all(&world, &lines);
    fs::remove_file(link).unwrap();
}

#[test]
fn a_counter_file_that_cannot_be_written_costs_no_rrd() {
    let mut world = World::new();
    let lines = some_lines();
    world.write(&text_of(&lines[..20]));
    world.roll();
    world.flush();
    // As a full disk or a directory of another owner would: it fails after the commit point.
    let in_the_way = world.config.logs_counters.join(".send.txt.tmp");
    fs::create_dir(&in_the_way).unwrap();
    world.write(&text_of(&lines[20..]));
    world.turn();
    for _ in 0..6 {
        assert!(world.process().is_err());
    }
    fs::remove_dir(in_the_way).unwrap();
    world.process().unwrap();
    check_all(&world, &lines);
    assert_eq!(fs::read_dir(&world.config.rrd_dir).unwrap().count(), 1, "nothing was moved aside");
}

#[test]
fn a_clock_that_ran_ahead_at_boot_does_not_stop_the_rrd() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 200);
    world.write(format!("{} new msg 1\n", label(T0 + 10)).as_bytes());
    world.flush();
    // Two days later the machine boots with a clock of next year, which is mended at once.
    NOW.set(T0 + 365 * 86_400);
    world.write(format!("{} new msg 2\n", label(NOW.get())).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 2 * 86_400);
    world.write(format!("{} new msg 3\n", label(NOW.get())).as_bytes());
    world.update().unwrap();
    NOW.set(NOW.get() + 900);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 3);
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty(), "they are in the RRD");
    assert_eq!(state.pushed, T0 + 2 * 86_400 + 60);
}

#[test]
fn another_step_begins_at_its_own_bins() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 200);
    world.write(format!("{} new msg 1\n", label(T0 + 70)).as_bytes());
    world.flush();
    world.config.rrd_step = 300;
    NOW.set(T0 + 2000);
    world.write(format!("{} new msg 2\n", label(T0 + 130)).as_bytes());
    world.flush();
    let state = world.job().store().read().unwrap().unwrap();
    assert_eq!(state.pushed % 300, 0, "no bin across two rows");
    assert_eq!(world.query()["message_new"], 2);
}

#[test]
fn what_was_handed_to_us_is_read_even_if_its_directory_shows_it_no_more() {
    let lines = some_lines();
    for readable in [true, false] {
        let mut world = World::new();
        world.write(&text_of(&lines));
        world.turn();
        let file = File::open(world.log.join("previous")).unwrap();
        let meta = file.metadata().unwrap();
        let chunk = Chunk { file, meta, name: "previous".into(), role: Role::Stdin };
        fs::remove_file(world.log.join("previous")).unwrap();
        if !readable {
            fs::remove_dir_all(&world.log).unwrap();
            fs::write(&world.log, "a file").unwrap();
        }
        let input = Input { chunk, directory: Some(world.log.clone()), is_pipe: false };
        world.job().advance(Some(input), &mut || Ok(()), Options::default()).unwrap();
        check_all(&world, &lines);
    }
}

#[test]
fn the_repair_of_a_damaged_state_may_die_before_any_operation() {
    let lines = some_lines();
    let prepare = |world: &mut World| {
        world.write(&text_of(&lines[..20]));
        world.roll();
        world.write(&text_of(&lines[20..]));
        world.update().unwrap();
    };
    let state = |world: &World| world.config.logs_base.join("state/send.state");
    die_everywhere(
        |world| {
            prepare(world);
            fs::write(state(world), "damaged").unwrap();
        },
        |world| world.update(),
        |world| world.update().unwrap(),
        |world| assert_eq!(odometers(&world.query()), model(&lines), "doubled"),
    );
    for name in ["send.state", "send.journal", "send.intent"] {
        let mut world = World::new();
        prepare(&mut world);
        let path = state(&world).with_file_name(name);
        let _ = fs::remove_file(&path);
        fs::create_dir(&path).unwrap();
        world.update().unwrap();
        assert_eq!(odometers(&world.query()), model(&lines), "a directory as {name}");
    }
}

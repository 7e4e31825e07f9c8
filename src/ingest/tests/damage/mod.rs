//! Files of ours that somebody damaged: cut at any length, a bit flipped, something else in their place; one of
//! them, or two at once; in a quiet hour, or while a commit is unfinished.
use std::os::unix::fs::{FileExt, MetadataExt};

use super::*;

mod unfinished;

/// What befalls a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    /// Only so many bytes are left.
    Cut(usize),
    /// This bit is the other way.
    Flip(usize),
    /// Something else stands in it.
    Garbage,
    /// It is an empty directory.
    Directory,
    /// It is a directory with something in it.
    Filled,
    Fifo,
    /// It is a symbolic link, to what it was.
    Link,
}

const OTHERS: [Damage; 5] = [Damage::Garbage, Damage::Directory, Damage::Filled, Damage::Fifo, Damage::Link];

fn ruin(path: &Path, damage: Damage) {
    let bytes = fs::read(path).unwrap();
    let elsewhere = path.parent().unwrap().parent().unwrap().join("elsewhere");
    match damage {
        Damage::Cut(length) => return fs::write(path, &bytes[..length]).unwrap(),
        Damage::Garbage => return fs::write(path, "Garbage, of no form\0 at all.\n".repeat(9)).unwrap(),
        Damage::Flip(bit) => {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            return fs::write(path, bytes).unwrap();
        }
        _ => fs::remove_file(path).unwrap(),
    }
    match damage {
        Damage::Fifo => nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        Damage::Link => {
            fs::write(&elsewhere, bytes).unwrap();
            std::os::unix::fs::symlink(elsewhere, path).unwrap();
        }
        _ => {
            fs::create_dir(path).unwrap();
            if damage == Damage::Filled {
                fs::write(path.join("kept"), "").unwrap();
            }
        }
    }
}

fn is_full() -> bool {
    std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full")
}

/// splitmix64, from `MAILLOGS_SEED` or the clock.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let chosen = std::env::var("MAILLOGS_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let seed = chosen.unwrap_or_else(|| u64::from(clock));
        println!("MAILLOGS_SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % most as u64).unwrap()
    }
}

/// Every way to damage a file of `length` bytes; `some` cuts and flips of them unless all are asked for.
fn ways(length: usize, some: usize, random: &mut Random) -> Vec<Damage> {
    let mut all: Vec<Damage> = OTHERS.into();
    if is_full() {
        all.extend((0..length).map(Damage::Cut));
        all.extend((0..length * 8).map(Damage::Flip));
    } else if length > 0 {
        all.extend([Damage::Cut(0), Damage::Cut(length - 1)]);
        all.extend((0..some).map(|_| Damage::Cut(random.below(length))));
        all.extend((0..some).map(|_| Damage::Flip(random.below(length * 8))));
    }
    all
}

/// The files of a world, to be put back after each damage.
struct Scene {
    world: World,
    lines: Vec<(String, i64)>,
    files: Vec<(PathBuf, Vec<u8>, SystemTime)>,
    /// What the RRD held.
    in_rrd: i128,
}

const PAGE: usize = 4096;

fn time(secs: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap())
}

/// The counters' file was written now.
fn stamp_counters(world: &World) {
    let file = File::options().write(true).open(counters(world)).unwrap();
    file.set_times(FileTimes::new().set_modified(time(NOW.get()))).unwrap();
}

fn counters(world: &World) -> PathBuf {
    world.config.logs_counters.join("send.txt")
}

fn state(world: &World, what: &str) -> PathBuf {
    world.config.logs_base.join(format!("state/send.{what}"))
}

fn rrd(world: &World) -> PathBuf {
    world.config.rrd_dir.join("send.rrd")
}

/// What was kept of damaged files.
fn kept(of: &Path) -> Vec<PathBuf> {
    let name = format!("{}.corrupt-", of.file_name().unwrap().to_string_lossy());
    let mut found: Vec<PathBuf> = fs::read_dir(of.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&name))
        .collect();
    found.sort();
    found
}

/// Rolled: lines up to [`ROLLED`]; counted by an update: up to [`COUNTED`]; logged: up to [`LOGGED`].
const ROLLED: usize = 15;
const COUNTED: usize = 25;
const LOGGED: usize = 28;

impl Scene {
    /// Without the copies of the state and what was pushed lately: the state is all that there is.
    fn new() -> Scene {
        let mut scene = Scene::with_copies();
        let is_copy = |path: &Path| path.file_name().unwrap().as_encoded_bytes().starts_with(b".send.");
        scene.files.retain(|(path, ..)| !is_copy(path));
        scene
    }

    fn with_copies() -> Scene {
        let mut world = World::new();
        let lines = some_lines();
        NOW.set(lines[ROLLED - 1].1 + 100);
        world.write(&text_of(&lines[..ROLLED]));
        world.roll();
        world.flush();
        NOW.set(lines[COUNTED - 1].1 + 5);
        world.write(&text_of(&lines[ROLLED..COUNTED]));
        world.update().unwrap();
        stamp_counters(&world);
        world.write(&text_of(&lines[COUNTED..LOGGED]));
        NOW.set(lines[LOGGED - 1].1 + 5);
        let in_rrd = world.rows("message_new").values().sum();
        let mut scene = Scene { world, lines, files: Vec::new(), in_rrd };
        let base = scene.world.config.logs_base.clone();
        scene.remember(&base);
        scene
    }

    fn remember(&mut self, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.remember(&path);
            } else {
                let modified = fs::metadata(&path).unwrap().modified().unwrap();
                self.files.push((path.clone(), fs::read(&path).unwrap(), modified));
            }
        }
    }

    /// Everything as it was. Thousands of cases begin with this, and next to nothing of an RRD changes in one: only
    /// the pages that did are written.
    fn again(&mut self) -> &mut World {
        NOW.set(self.lines[LOGGED - 1].1 + 5);
        self.clear(&self.world.config.logs_base);
        for (path, bytes, modified) in &self.files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::options().write(true).create(true).truncate(false).open(path).unwrap();
            let now = fs::read(path).unwrap();
            file.set_len(bytes.len() as u64).unwrap();
            for (n, page) in bytes.chunks(PAGE).enumerate() {
                let at = n * PAGE;
                if now.get(at..at + page.len()) != Some(page) {
                    file.write_all_at(page, at as u64).unwrap();
                }
            }
            file.set_times(FileTimes::new().set_modified(*modified)).unwrap();
        }
        &mut self.world
    }

    /// What was not there goes, and what is no plain file any more.
    fn clear(&self, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let is_kept = |(kept, ..): &(PathBuf, Vec<u8>, SystemTime)| kept.starts_with(&path);
            let meta = fs::symlink_metadata(&path).unwrap();
            let is_file = self.files.iter().any(|(kept, ..)| *kept == path);
            if meta.is_dir() && !is_file && self.files.iter().any(is_kept) {
                self.clear(&path);
            } else if meta.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else if !(meta.is_file() && is_file && meta.nlink() == 1) {
                fs::remove_file(path).unwrap();
            }
        }
    }

    fn model(&self, to: usize) -> BTreeMap<&'static str, i128> {
        model(&self.lines[..to])
    }
}

/// `values` and what the lines raise.
fn plus(values: &BTreeMap<&'static str, i128>, lines: &[(String, i64)]) -> BTreeMap<&'static str, i128> {
    let mut sum = values.clone();
    for (key, more) in model(lines) {
        *sum.entry(key).or_default() += more;
    }
    sum
}

/// The next lines count, and everything that was logged is archived once.
fn goes_on(world: &mut World, lines: &[(String, i64)], from: &BTreeMap<&'static str, i128>, what: &str) {
    NOW.set(lines.last().unwrap().1 + 5);
    world.write(&text_of(&lines[LOGGED..]));
    world.roll();
    assert_eq!(odometers(&world.query()), plus(from, &lines[LOGGED..]), "{what}: the lines after it");
    assert!(world.archive() == text_of(lines), "{what}: the archive");
    // Whatever became of the RRD, nothing waits for ever.
    NOW.set(NOW.get() + 7200);
    world.flush();
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty(), "{what}: bins that are not pushed");
}

#[test]
fn a_damaged_state() {
    let (mut scene, mut random) = (Scene::new(), Random::new());
    let length = fs::read(state(&scene.world, "state")).unwrap().len();
    for damage in ways(length, 40, &mut random) {
        for rolls in [false, true] {
            let what = format!("{damage:?}, then {}", if rolls { "a roll" } else { "an update" });
            let lines = scene.lines.clone();
            let (counted, logged) = (scene.model(COUNTED), scene.model(LOGGED));
            let world = scene.again();
            let path = state(world, "state");
            ruin(&path, damage);
            // What the sources hold now is taken as known.
            assert_eq!(odometers(&world.query()), counted, "{what}: the query before the repair");
            let want = if rolls {
                // But for what the logger hands to us and nobody can have counted: it came later.
                world.roll();
                logged
            } else {
                world.update().unwrap();
                counted
            };
            assert_eq!(odometers(&world.query()), want, "{what}: the query after the repair");
            assert_eq!(kept(&path).len(), usize::from(damage != Damage::Cut(0)), "{what}: kept");
            goes_on(world, &lines, &want, &what);
        }
    }
}

/// Where its copies are left nothing is missed, whatever else is damaged.
#[test]
fn a_damaged_state_with_copies() {
    let (mut scene, mut random) = (Scene::with_copies(), Random::new());
    let length = fs::read(state(&scene.world, "state")).unwrap().len();
    for damage in ways(length, 10, &mut random) {
        for other in [None, Some("counters/.send.state"), Some("rrd/.send.state"), Some("counters/send.txt")]
        {
            let what = format!("{damage:?}, and {other:?}");
            let (lines, logged, mut random) = (scene.lines.clone(), scene.model(LOGGED), Random::new());
            let world = scene.again();
            ruin(&state(world, "state"), damage);
            if let Some(other) = other {
                let other = world.config.logs_base.join(other);
                let length = fs::read(&other).unwrap().len();
                ruin(&other, Damage::Cut(random.below(length)));
            }
            assert_eq!(odometers(&world.query()), logged, "{what}: the query before the repair");
            world.update().unwrap();
            assert_eq!(odometers(&world.query()), logged, "{what}: the query after the repair");
            goes_on(world, &lines, &logged, &what);
            assert_eq!(
                world.rows("message_new").values().sum::<i128>(),
                model(&lines)["message_new"],
                "{what}"
            );
        }
    }
}

/// A damaged RRD is filled again with what was pushed lately.
#[test]
fn a_damaged_rrd_with_its_minutes() {
    let (mut scene, mut random) = (Scene::with_copies(), Random::new());
    for damage in ways(2000, 10, &mut random).into_iter().filter(|damage| !matches!(damage, Damage::Flip(_)))
    {
        let what = format!("{damage:?}");
        let (lines, logged) = (scene.lines.clone(), scene.model(LOGGED));
        let world = scene.again();
        ruin(&rrd(world), damage);
        world.update().unwrap();
        goes_on(world, &lines, &logged, &what);
        assert_eq!(world.rows("message_new").values().sum::<i128>(), model(&lines)["message_new"], "{what}");
    }
}

/// The counters as a plain reading of the damaged file finds them; `None`: it has no such line.
fn plain_value(text: &[u8], key: &str) -> Option<i128> {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().rfind(|line| line.trim().split(':').next().is_some_and(|k| k.trim() == key))?;
    let value = line.trim().split_once(':')?.1.trim();
    if value.is_empty() {
        return Some(0);
    }
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let is_sum = ["status_localp", "status_remotep"].contains(&key);
    if !is_sum {
        return whole.parse::<u64>().ok().filter(|_| part.is_empty()).map(i128::from);
    }
    let digits: i128 = format!("{part:0<9}").get(..9)?.parse::<u64>().ok()?.into();
    Some(whole.parse::<u64>().ok().map(i128::from)? * 1_000_000_000 + digits)
}

#[test]
fn a_damaged_counter_file() {
    let (mut scene, mut random) = (Scene::new(), Random::new());
    let length = fs::read(counters(&scene.world)).unwrap().len();
    for damage in ways(length, 60, &mut random) {
        let what = format!("{damage:?}");
        let lines = scene.lines.clone();
        let (counted, logged) = (scene.model(COUNTED), scene.model(LOGGED));
        let world = scene.again();
        let path = counters(world);
        ruin(&path, damage);
        let text = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        assert_eq!(odometers(&world.query()), logged, "{what}: a query goes by the state");
        world.update().unwrap();
        let got = odometers(&world.query());
        if let Damage::Flip(_) = damage {
            // A number is a number: it may be an edit by hand, which wins.
            for counter in SEND.counters.iter().filter(|c| c.kind.is_odometer()) {
                let key = counter.key;
                let was = plain_value(&text, key).unwrap_or(counted.get(key).copied().unwrap_or(0));
                let new = model(&lines[COUNTED..LOGGED]).get(key).copied().unwrap_or(0);
                let is = got.get(key).copied().unwrap_or(0);
                assert_eq!(is, was + new, "{what}: {key}");
            }
        } else {
            assert_eq!(got, logged, "{what}");
            assert_eq!(kept(&path).len(), 1, "{what}: kept");
        }
        goes_on(world, &lines, &got, &what);
    }
}

#[test]
fn a_damaged_lock() {
    let mut scene = Scene::new();
    for damage in OTHERS {
        let what = format!("{damage:?}");
        let lines = scene.lines.clone();
        let logged = scene.model(LOGGED);
        let world = scene.again();
        let path = state(world, "lock");
        ruin(&path, damage);
        assert_eq!(odometers(&world.query()), logged, "{what}");
        let done = world.update();
        assert_eq!(odometers(&world.query()), logged, "{what}");
        // Another process may hold what stood there: it is not ours to move.
        if matches!(damage, Damage::Filled | Damage::Link) {
            assert!(done.unwrap_err().to_string().contains("send.lock"), "{what}");
            if damage == Damage::Filled {
                fs::remove_dir_all(&path).unwrap()
            } else {
                fs::remove_file(&path).unwrap()
            }
            world.update().unwrap();
        } else {
            done.unwrap();
        }
        goes_on(world, &lines, &logged, &what);
    }
}

/// Something in the place of files that only a commit has.
#[test]
fn a_stray_journal_or_intent() {
    let (mut scene, mut random) = (Scene::new(), Random::new());
    for name in ["journal", "intent"] {
        for damage in ways(200, 20, &mut random) {
            let what = format!("{name}: {damage:?}");
            let lines = scene.lines.clone();
            let logged = scene.model(LOGGED);
            let world = scene.again();
            let path = state(world, name);
            fs::copy(state(world, "state"), &path).unwrap();
            ruin(&path, damage);
            assert_eq!(odometers(&world.query()), logged, "{what}");
            world.update().unwrap();
            assert_eq!(odometers(&world.query()), logged, "{what}");
            assert_eq!(kept(&path).len(), usize::from(damage != Damage::Cut(0)), "{what}: kept");
            goes_on(world, &lines, &logged, &what);
        }
    }
}

#[test]
fn a_damaged_rrd() {
    let (mut scene, mut random) = (Scene::new(), Random::new());
    let header = match crate::store::rrd::header::peek(&rrd(&scene.world)).unwrap() {
        crate::store::rrd::header::Look::Sound(header) => *header,
        other => panic!("{other:?}"),
    };
    let (head, size) = (header.bytes.len(), usize::try_from(header.mark.size).unwrap());
    let schema = 128 + 120 * (header.sources.len() + header.archives.len());
    assert!(scene.in_rrd > 0);
    let mut damages: Vec<Damage> = OTHERS.into();
    // The step: 60 becomes 188.
    damages.push(Damage::Flip(40 * 8 + 7));
    if is_full() {
        // Each one of them is looked at in `store::tests::damage`.
        damages.extend((0..500).map(|_| Damage::Cut(random.below(head))));
        damages.extend((0..500).map(|_| Damage::Cut(random.below(size))));
        damages.extend((0..1000).map(|_| Damage::Flip(random.below(schema * 8))));
        damages.extend((0..2000).map(|_| Damage::Flip(random.below(head * 8))));
    } else {
        damages.extend([0, 1, 127, 128, head - 1, head, size - 1].map(Damage::Cut));
        damages.extend((0..20).map(|_| Damage::Cut(random.below(head))));
        damages.extend((0..20).map(|_| Damage::Cut(random.below(size))));
        damages.extend((0..40).map(|_| Damage::Flip(random.below(schema * 8))));
        damages.extend((0..60).map(|_| Damage::Flip(random.below(head * 8))));
    }
    for damage in damages {
        let what = format!("{damage:?}");
        let lines = scene.lines.clone();
        let (logged, in_rrd) = (scene.model(LOGGED), scene.in_rrd);
        let world = scene.again();
        let path = rrd(world);
        ruin(&path, damage);
        assert_eq!(odometers(&world.query()), logged, "{what}");
        world.update().unwrap();
        assert_eq!(odometers(&world.query()), logged, "{what}");
        goes_on(world, &lines, &logged, &what);
        // What an update changes in the header has no checksum; other bits of what is unknown mean the same.
        let is_harmless = |bit: usize| {
            let mut word: [u8; 8] = header.bytes[bit / 64 * 8..][..8].try_into().unwrap();
            let was_unknown = f64::from_le_bytes(word).is_nan();
            word[bit / 8 % 8] ^= 1 << (bit % 8);
            bit >= schema * 8 || (was_unknown && f64::from_le_bytes(word).is_nan())
        };
        if !matches!(damage, Damage::Flip(bit) if is_harmless(bit)) {
            assert_eq!(kept(&path).len(), 1, "{what}: kept");
            let rows: i128 = world.rows("message_new").values().sum();
            assert_eq!(rows, model(&lines)["message_new"] - in_rrd, "{what}: the new RRD");
        }
    }
}

#[test]
fn two_damaged_files() {
    let mut scene = Scene::new();
    let all: [fn(&World) -> PathBuf; 4] = [|w| state(w, "state"), counters, rrd, |w| state(w, "lock")];
    for (i, one) in all.into_iter().enumerate() {
        for other in &all[..i] {
            for damage in [Damage::Cut(70), Damage::Cut(0), Damage::Garbage, Damage::Directory, Damage::Fifo]
            {
                let lines = scene.lines.clone();
                let (counted, logged) = (scene.model(COUNTED), scene.model(LOGGED));
                let world = scene.again();
                let paths = [one(world), other(world)];
                let what = format!("{damage:?} of {paths:?}");
                for path in &paths {
                    // A lock is empty as it is.
                    if !path.ends_with("send.lock") || !matches!(damage, Damage::Cut(_)) {
                        ruin(path, damage);
                    }
                }
                world.query();
                world.update().unwrap();
                let got = odometers(&world.query());
                let (no_state, no_counters) =
                    (paths.contains(&state(world, "state")), paths.contains(&counters(world)));
                if !no_state {
                    assert_eq!(got, logged, "{what}");
                } else if !no_counters {
                    assert_eq!(got, counted, "{what}");
                } else {
                    for (key, value) in &got {
                        assert!(counted[key] == *value, "{what}: {key}");
                    }
                }
                goes_on(world, &lines, &got, &what);
                for path in paths.iter().filter(|p| !p.ends_with("send.lock")) {
                    let empty = damage == Damage::Cut(0)
                        && (*path == state(world, "state") || no_state && *path == counters(world));
                    assert!(empty || kept(path).len() == 1, "{what}: kept of {path:?}");
                }
            }
        }
    }
}

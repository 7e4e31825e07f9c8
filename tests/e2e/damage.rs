//! Files that somebody damaged, as a postmaster meets them: what is said, where the file is kept, and that nothing is
//! doubled. Every length and every bit is tried within the process (`ingest::tests::damage`); here are some of them.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::count::{self, Counts};
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, name_of, stderr};
use crate::support::{labelled, lines, rrd, traffic};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Cut(usize),
    Flip(usize),
    Garbage,
    Directory,
    Fifo,
    Link,
}

/// A store as it was at one moment, to be damaged again and again.
struct Scene {
    store: Store,
    /// Rolled, counted by an update, and logged after it; the next lines.
    parts: [Vec<u8>; 4],
}

fn nanos(line: &[u8]) -> u64 {
    count::unix_nanos(&String::from_utf8_lossy(line)).expect("a label")
}

impl Scene {
    fn new() -> Self {
        // Where a counter moves for the first time, an RRD is made anew: here the lines of both parts move the same ones.
        let store = Store::with("providers = false\ntimes = false");
        let log = traffic(95, 0.03, 1.0);
        let all: Vec<&[u8]> = lines(&log).collect();
        let part = |from: usize, to: usize| all[from * all.len() / 8..to * all.len() / 8].concat();
        let parts = [part(0, 3), part(3, 5), part(5, 6), part(6, 8)];
        assert!(store.postprocess(&parts[0]).status.success());
        store.flush();
        let current = store.logs().join("current");
        fs::write(&current, &parts[1]).expect("current");
        store.run(&["update"]);
        // As if it had been counted when it was logged.
        let counted = nanos(lines(&parts[1]).last().expect("a line"));
        let counters = File::options().write(true).open(store.path("log/counters/send.txt")).expect("a file");
        // What was logged a tick of the kernel's clock later is taken for counted, too.
        let tick = Duration::from_millis(10);
        counters.set_modified(UNIX_EPOCH + Duration::from_nanos(counted) - tick).expect("utimes");
        fs::write(&current, parts[1..3].concat()).expect("current");
        let scene = Self { store, parts };
        scene.copy("log", "kept");
        scene
    }

    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.store.path(from), self.store.path(to));
        let copied = Command::new("cp").arg("-a").args([from, to]).status().expect("cp");
        assert!(copied.success());
    }

    /// Everything as it was.
    fn again(&self) {
        fs::remove_dir_all(self.store.base()).expect("removing");
        self.copy("kept", "log");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.store.base().join(name)
    }

    fn ruin(&self, name: &str, damage: Damage) {
        let path = self.file(name);
        let mut bytes = fs::read(&path).expect("a file");
        match damage {
            Damage::Cut(length) => return fs::write(path, &bytes[..length]).expect("cutting"),
            Damage::Flip(bit) => {
                bytes[bit / 8] ^= 1 << (bit % 8);
                return fs::write(path, bytes).expect("flipping");
            }
            Damage::Garbage => return fs::write(path, "no file of ours\n").expect("writing"),
            _ => fs::remove_file(&path).expect("removing"),
        }
        match damage {
            Damage::Directory => fs::create_dir(path).expect("mkdir"),
            Damage::Link => symlink(self.store.path("kept").join(name), path).expect("a link"),
            _ => assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success()),
        }
    }

    /// The second copies of the state are lost too.
    fn without_copies(&self) {
        for copy in ["counters/.send.state", "rrd/.send.state"] {
            fs::remove_file(self.file(copy)).expect("a copy");
        }
    }

    fn query(&self) -> Answer {
        let output = self.store.maillogs(&["send"]);
        assert_eq!(output.status.code(), Some(0), "a query: {}", stderr(&output));
        Answer::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// What was counted before the damage, and what was logged.
    fn counts(&self) -> [Counts; 2] {
        [count::count(&self.parts[..2].concat()), count::count(&self.parts[..3].concat())]
    }

    /// The logger rolls `current`, and after it the next lines: they count, and all is archived once.
    fn goes_on(&self) {
        let before = self.query();
        let current = self.store.logs().join("current");
        let chunk = fs::read(&current).expect("current");
        fs::remove_file(current).expect("current");
        for part in [&chunk, &self.parts[3]] {
            let output = self.store.postprocess(part);
            assert!(output.status.success(), "{}", stderr(&output));
        }
        let after = self.query();
        for (key, more) in count::count(&self.parts[3]) {
            let unit = if count::FRACTIONS.contains(&key) { 1 } else { 1_000_000_000 };
            assert_eq!(after.nanos(key), before.nanos(key) + more * unit, "{key}");
        }
        assert_same_bytes("the archive", &self.store.archived(), &self.parts.concat());
    }

    fn kept(&self, name: &str) -> usize {
        let path = self.file(name);
        let beginning = format!("{}.corrupt-", name_of(&path));
        let entries = fs::read_dir(path.parent().expect("a directory")).expect("a directory");
        entries.filter(|e| name_of(&e.as_ref().expect("an entry").path()).starts_with(&beginning)).count()
    }
}

fn is_full() -> bool {
    std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full")
}

/// Something else in the place of a file of `length` bytes, and some cuts and flips, by `MAILLOGS_SEED`.
fn ways(length: usize) -> Vec<Damage> {
    let chosen = std::env::var("MAILLOGS_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut seed: u64 =
        chosen.unwrap_or_else(|| u64::from(UNIX_EPOCH.elapsed().expect("now").subsec_nanos()));
    println!("MAILLOGS_SEED={seed}");
    let mut below = |most: usize| {
        // Knuth's multiplier; the upper bits are good enough.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((seed >> 33) % most as u64).expect("below")
    };
    let mut all = vec![Damage::Garbage, Damage::Directory, Damage::Fifo, Damage::Link, Damage::Cut(0)];
    for _ in 0..if is_full() { 250 } else { 8 } {
        all.extend([Damage::Cut(below(length)), Damage::Flip(below(8 * length))]);
    }
    all
}

fn says(output: &Output, words: &str) {
    let said = stderr(output);
    assert!(said.contains(words), "{words:?} in {said:?}");
    assert!(!said.contains("panicked") && !said.contains("defect"), "{said}");
}

#[test]
fn a_damaged_state_is_kept_and_nothing_is_doubled() {
    let scene = Scene::new();
    let name = "state/send.state";
    let [counted, logged] = scene.counts();
    for damage in ways(fs::read(scene.file(name)).expect("the state").len()) {
        for rolls in [false, true] {
            println!("{damage:?}, then a roll: {rolls}");
            scene.again();
            scene.without_copies();
            scene.ruin(name, damage);
            scene.query().assert_counts(&counted);
            if rolls {
                // A chunk that updates have counted in part, and nobody knows up to where.
                let current = scene.store.logs().join("current");
                let chunk = fs::read(&current).expect("current");
                fs::write(&current, "").expect("current");
                let output = scene.store.postprocess(&chunk);
                assert!(output.status.success(), "{}", stderr(&output));
                says(&output, "send.txt: its counters go on");
                scene.query().assert_counts(&logged);
            } else {
                let output = scene.store.maillogs(&["update", "send"]);
                assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
                says(&output, "send.txt: its counters go on");
                if damage != Damage::Cut(0) {
                    says(&output, "send.state");
                }
                scene.query().assert_counts(&counted);
            }
            assert_eq!(scene.kept(name), usize::from(damage != Damage::Cut(0)));
            scene.goes_on();
        }
    }
}

#[test]
fn a_damaged_counter_file_is_said() {
    let scene = Scene::new();
    let name = "counters/send.txt";
    let [_, logged] = scene.counts();
    for damage in ways(fs::read(scene.file(name)).expect("the counters").len()) {
        println!("{damage:?}");
        scene.again();
        scene.ruin(name, damage);
        scene.query().assert_counts(&logged);
        let output = scene.store.maillogs(&["update", "send"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        says(&output, "send.txt: ");
        if !matches!(damage, Damage::Flip(_)) {
            says(&output, "written anew");
            scene.query().assert_counts(&logged);
            assert_eq!(scene.kept(name), 1);
        } else if !stderr(&output).contains("changed by hand") {
            panic!("a flipped bit may be an edit: {}", stderr(&output));
        }
        scene.goes_on();
    }
}

#[test]
fn a_damaged_state_costs_nothing_where_a_copy_of_it_is_left() {
    let scene = Scene::new();
    let [_, logged] = scene.counts();
    let length = fs::read(scene.file("state/send.state")).expect("the state").len();
    for lost in ["counters/.send.state", "rrd/.send.state"] {
        for damage in ways(length) {
            for counters_too in [false, true] {
                println!("{damage:?}, without {lost}, the counter file as well: {counters_too}");
                scene.again();
                fs::remove_file(scene.file(lost)).expect("a copy");
                scene.ruin("state/send.state", damage);
                if counters_too {
                    scene.ruin("counters/send.txt", Damage::Garbage);
                }
                scene.query().assert_counts(&logged);
                let output = scene.store.maillogs(&["update", "send"]);
                assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
                says(&output, "send.state: was damaged; going on from the copy");
                scene.query().assert_counts(&logged);
                scene.goes_on();
            }
        }
    }
}

#[test]
fn with_state_and_counter_file_damaged_what_is_lost_is_said() {
    let scene = Scene::new();
    for damage in [Damage::Cut(0), Damage::Cut(60), Damage::Garbage, Damage::Directory, Damage::Fifo] {
        println!("{damage:?}");
        scene.again();
        scene.without_copies();
        scene.ruin("state/send.state", damage);
        scene.ruin("counters/send.txt", damage);
        scene.query();
        let output = scene.store.maillogs(&["update", "send"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        says(&output, "begin");
        says(&output, "at 0");
        scene.goes_on();
    }
    scene.again();
    scene.without_copies();
    scene.ruin("state/send.state", Damage::Garbage);
    fs::remove_file(scene.file("counters/send.txt")).expect("removing");
    says(&scene.store.maillogs(&["update", "send"]), "counting begins at 0");
}

#[test]
fn a_damaged_rrd_stops_nothing() {
    let scene = Scene::new();
    let name = "rrd/send.rrd";
    let [_, logged] = scene.counts();
    let info = Command::new("rrdtool").arg("info").arg(scene.file(name)).output().expect("rrdtool");
    let text = String::from_utf8(info.stdout).expect("UTF-8");
    let header = text.lines().find_map(|line| line.strip_prefix("header_size = ")).expect("header_size");
    let header: usize = header.parse().expect("a number");
    for damage in ways(header) {
        println!("{damage:?}");
        scene.again();
        scene.ruin(name, damage);
        scene.query().assert_counts(&logged);
        let output = scene.store.maillogs(&["update", "send", "--flush"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        scene.query().assert_counts(&logged);
        if !matches!(damage, Damage::Flip(_)) {
            says(&output, "send.rrd");
            assert_eq!(scene.kept(name), 1);
        }
        scene.goes_on();
        let info = Command::new("rrdtool").arg("info").arg(scene.file(name)).output().expect("rrdtool");
        assert!(info.status.success(), "{info:?}");
    }
}

#[test]
fn a_damaged_lock_is_said() {
    let scene = Scene::new();
    let name = "state/send.lock";
    let [_, logged] = scene.counts();
    for damage in [Damage::Garbage, Damage::Directory, Damage::Fifo, Damage::Link] {
        println!("{damage:?}");
        scene.again();
        scene.ruin(name, damage);
        scene.query().assert_counts(&logged);
        let output = scene.store.maillogs(&["update", "send"]);
        if damage == Damage::Link {
            assert_eq!(output.status.code(), Some(1));
            says(&output, "send.lock");
            fs::remove_file(scene.file(name)).expect("removing");
        } else {
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        }
        scene.goes_on();
    }
}

/// Who may not read a file of ours says which, and goes no further.
#[test]
fn files_that_may_not_be_read() {
    let scene = Scene::new();
    let [_, logged] = scene.counts();
    let is_root = nix::unistd::geteuid().is_root();
    let program = scene.store.path("bin/maillogs");
    fs::copy(MAILLOGS, &program).expect("a copy");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
    let run = |arguments: &[&str]| {
        let mut command = scene.store.command(if is_root { "setpriv".as_ref() } else { program.as_path() });
        if is_root {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        }
        command.args(arguments).output().expect("maillogs")
    };
    for (name, mode, update, query) in [
        ("state/send.state", 0, 1, 1),
        ("state/send.lock", 0, 1, 0),
        ("counters/send.txt", 0, 1, 0),
        ("rrd/send.rrd", 0, 0, 0),
        // As root has put it back from a backup.
        ("rrd/send.rrd", 0o444, 0, 0),
        ("send/current", 0, 0, 0),
    ] {
        println!("{name}");
        scene.again();
        if is_root {
            let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(scene.store.base()).status();
            assert!(owned.expect("chown").success());
        }
        let close = |mode| {
            fs::set_permissions(scene.file(name), fs::Permissions::from_mode(mode)).expect("chmod");
        };
        close(mode);
        let asked = run(&["send"]);
        assert_eq!(asked.status.code(), Some(query), "{}", stderr(&asked));
        if query != 0 {
            assert!(asked.stdout.is_empty(), "a number that nobody knows");
            says(&asked, name);
        } else if name != "send/current" {
            Answer::parse(&String::from_utf8_lossy(&asked.stdout)).assert_counts(&logged);
        }
        let updated = run(&["update", "send", "--flush"]);
        assert_eq!(updated.status.code(), Some(update), "{}", stderr(&updated));
        says(&updated, name);
        close(0o644);
        assert!(run(&["update", "send"]).status.success());
        let asked = run(&["send"]);
        Answer::parse(&String::from_utf8_lossy(&asked.stdout)).assert_counts(&logged);
        assert_eq!(scene.kept(name), 0, "nothing is wrong with it");
        if is_root {
            let owned = Command::new("chown").args(["-R", "0:0"]).arg(scene.store.base()).status();
            assert!(owned.expect("chown").success());
        }
        scene.goes_on();
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// `rrdtool restore` writes other bits for what is unknown, and means the same: the way of a database to another machine.
#[test]
fn an_rrd_that_was_dumped_and_restored_goes_on() {
    let store = Store::new();
    let start = now() - 20 * 86_400;
    let log: String = (0..400).map(|n| labelled(start + n * 3_600, n, &format!("new msg {n}"))).collect();
    assert!(store.postprocess(log.as_bytes()).status.success());
    store.flush();
    let dump = store.path("dump.xml");
    let rrdtool = |words: &[&std::ffi::OsStr]| {
        let output = Command::new("rrdtool").args(words).output().expect("rrdtool");
        assert!(output.status.success(), "{}", stderr(&output));
        output.stdout
    };
    fs::write(&dump, rrdtool(&["dump".as_ref(), store.rrd().as_os_str()])).expect("a dump");
    let before = fs::read(store.rrd()).expect("an RRD");
    rrdtool(&["restore".as_ref(), "-f".as_ref(), dump.as_os_str(), store.rrd().as_os_str()]);
    assert!(fs::read(store.rrd()).expect("an RRD") != before, "it has other bits");

    let more = labelled(now() - 7_200, 1, "new msg 1");
    let output = store.postprocess(more.as_bytes());
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    store.flush();
    let sum = |step: u64, begin: u64, end: u64| {
        let rows = rrd::fetch(&store.rrd(), step, begin / step * step - step, end / step * step);
        rows["message_new"].values().sum::<u128>()
    };
    let end = start + 400 * 3_600;
    assert_eq!([sum(1_800, start, end), sum(60, now() - 9_000, now())], [400, 1]);
    let aside = fs::read_dir(store.rrd().parent().expect("a directory")).expect("rrd").flatten();
    assert_eq!(aside.filter(|e| e.file_name().to_string_lossy().contains("corrupt")).count(), 0);
}

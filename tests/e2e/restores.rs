//! Parts of a store that are lost, or restored from last night's backup without the others: each of them and each two,
//! of a protocol that reads multilog's directory and of one that reads syslog. What was counted stays counted, and
//! nothing twice; the RRDs hold it; and what happened is said.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::rrd;
use crate::support::store::{Answer, MAILLOGS, Store, stderr};

const PARTS: [&str; 4] = ["state", "counters", "rrd", "archive"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// As it was last night.
    Older,
    /// With its directory.
    Gone,
    /// The directory is there, as where a disk is mounted, and empty.
    Empty,
}

/// A store with a hundred lines a protocol, its backup, and a hundred more.
struct Scene {
    store: Store,
    /// Of the lines of this protocol's log: the unix time of each.
    now: u64,
}

impl Scene {
    /// It is 13 o'clock where the store stands: all lines are of one day.
    fn new() -> Self {
        Self::at(13)
    }

    /// It is `hour` o'clock where the store stands.
    fn at(hour: i64) -> Self {
        let store = Store::with_syslog().where_it_is(hour);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() / 60 * 60;
        let scene = Self { store, now };
        scene.log(20_000, 0..100);
        scene.copy("log", "backup");
        scene.log(9_000, 100..200);
        scene.copy("log", "kept");
        scene
    }

    /// Lines of both logs from `ago` seconds before now on, one each 30 s: a half is rolled, a half is in `current`.
    fn log(&self, ago: u64, numbers: std::ops::Range<u64>) {
        let time = |n: u64| self.now - ago + 30 * (n - numbers.start);
        let labelled = |n| format!("@{:016x}{n:08x} new msg {n}\n", (1u64 << 62) + 10 + time(n));
        let half = numbers.start + 50;
        let previous = self.store.logs().join("current");
        let mut chunk = fs::read(&previous).unwrap_or_default();
        chunk.extend((numbers.start..half).flat_map(|n| labelled(n).into_bytes()));
        let _ = fs::remove_file(&previous);
        assert!(self.store.postprocess(&chunk).status.success());
        fs::write(&previous, (half..numbers.end).map(labelled).collect::<String>()).expect("current");
        let mut syslog = fs::read_to_string(self.store.syslog()).unwrap_or_default();
        for n in numbers.clone() {
            let stamp = stamp_of(time(n), self.store.time_zone());
            syslog +=
                &format!("{stamp} mx vpopmail[{n}]: vchkpw-pop3: login success u{n}@example.org:10.0.0.1\n");
        }
        fs::write(self.store.syslog(), syslog).expect("syslog");
        self.store.flush();
    }

    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.store.path(from), self.store.path(to));
        let copied = Command::new("cp").arg("-a").args([from, to]).status().expect("cp");
        assert!(copied.success());
    }

    /// Everything as it was, but for these parts.
    fn lose(&self, parts: &[&str], loss: Loss) {
        fs::remove_dir_all(self.store.base()).expect("removing");
        self.copy("kept", "log");
        for name in parts.iter().flat_map(|part| self.directories(part)) {
            fs::remove_dir_all(self.store.base().join(&name)).expect("removing");
            match loss {
                Loss::Older if self.store.path("backup").join(&name).exists() => {
                    self.copy(&format!("backup/{name}"), &format!("log/{name}"));
                }
                Loss::Empty => fs::create_dir(self.store.base().join(&name)).expect("mkdir"),
                Loss::Older | Loss::Gone => {}
            }
        }
    }

    /// Those of a part. Of the archive each year has one: in the night to 1 January there are two.
    fn directories(&self, part: &str) -> Vec<String> {
        if part != "archive" {
            return vec![part.to_owned()];
        }
        let mut years: Vec<String> =
            self.store.archive().into_keys().map(|day| day[..4].to_owned()).collect();
        years.dedup();
        assert!(!years.is_empty(), "an archive");
        years
    }

    fn counted(&self) -> [u128; 2] {
        let of = |protocol: &str, key: &str| {
            Answer::parse(&self.store.run(&[protocol])).nanos(key) / 1_000_000_000
        };
        [of("send", "message_new"), of("pop3", "pop3_success")]
    }

    fn in_rrds(&self) -> [u128; 2] {
        let of = |protocol: &str, source: &str| {
            let file = self.store.base().join(format!("rrd/{protocol}.rrd"));
            if !file.exists() {
                return 0;
            }
            let rows = rrd::fetch(&file, 60, self.now - 24_000, self.now);
            rows[source].values().sum()
        };
        [of("send", "message_new"), of("pop3", "pop3_success")]
    }
}

/// As syslog stamps a line.
fn stamp_of(secs: u64, zone: &str) -> String {
    let mut date = Command::new("date");
    date.args(["-d", &format!("@{secs}"), "+%b %e %H:%M:%S"]).env("LC_ALL", "C").env("TZ", zone);
    String::from_utf8(date.output().expect("date").stdout).expect("UTF-8").trim_end().to_owned()
}

/// Each part and each two of them.
fn subsets() -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&str>> = PARTS.iter().map(|part| vec![*part]).collect();
    for (i, one) in PARTS.iter().enumerate() {
        all.extend(PARTS[i + 1..].iter().map(|other| vec![*one, *other]));
    }
    all
}

const ALL: [u128; 2] = [200, 200];

#[test]
fn older_parts_are_seen_through() {
    // At 4 o'clock last night's backup has no line of this day: the archive has not even its file.
    for (scene, parts) in [(Scene::new(), subsets()), (Scene::at(4), vec![vec!["archive"]])]
        .iter()
        .flat_map(|(scene, all)| all.iter().map(move |parts| (scene, parts)))
    {
        scene.lose(parts, Loss::Older);
        assert_eq!(scene.counted(), ALL, "{parts:?}: a query before anything is mended");
        let output = scene.store.maillogs(&["update", "--flush"]);
        assert_eq!(output.status.code(), Some(0), "{parts:?}: {}", stderr(&output));
        println!(
            "{parts:?} older: counted {:?}, in the RRDs {:?}\n{}",
            scene.counted(),
            scene.in_rrds(),
            stderr(&output)
        );
        assert_eq!((scene.counted(), scene.in_rrds()), (ALL, ALL), "{parts:?}");
        for part in parts {
            let said = match *part {
                "archive" => "without the lines that were archived since",
                "rrd" => "are written again\n",
                // Where another copy is as new as the counters were.
                "counters" => "older copy",
                _ => "is older than its copy",
            };
            assert!(stderr(&output).contains(said), "{parts:?}: {said}: {}", stderr(&output));
        }
        let output = scene.store.maillogs(&["update", "--flush"]);
        assert_eq!(stderr(&output), "", "{parts:?}: said twice");
        assert_eq!((scene.counted(), scene.in_rrds()), (ALL, ALL), "{parts:?}: once more");
    }
}

#[test]
fn parts_that_are_gone_are_waited_for_or_made_anew() {
    let scene = Scene::new();
    for loss in [Loss::Gone, Loss::Empty] {
        for parts in subsets() {
            let has = |part| parts.contains(&part);
            scene.lose(&parts, loss);
            assert_eq!(scene.counted(), ALL, "{loss:?} {parts:?}: a query before anything is mended");
            let output = scene.store.maillogs(&["update", "--flush"]);
            println!("{loss:?} {parts:?}: {}\n{}", output.status, stderr(&output));
            assert_eq!(scene.counted(), ALL, "{loss:?} {parts:?}: a query while it is waited for");
            // A counter file is waited for, and nothing is committed without it; the minutes of an RRD wait.
            let waits = has("counters");
            assert_eq!(output.status.code(), Some(i32::from(waits)), "{loss:?} {parts:?}");
            for part in
                ["counters", "rrd"].into_iter().filter(|part| has(part) && (*part == "counters" || !waits))
            {
                let dir = scene.store.base().join(part);
                let said = format!("{}: is gone with everything in it", dir.display());
                assert!(stderr(&output).contains(&said), "{loss:?} {parts:?}: {}", stderr(&output));
            }
            // The way that was told.
            for (part, files) in
                [("counters", ["send.txt", "pop3.txt"]), ("rrd", [".send.state", ".pop3.state"])]
            {
                let dir = scene.store.base().join(part);
                if has(part) {
                    fs::create_dir_all(&dir).expect("mkdir -p");
                    files.iter().for_each(|file| drop(fs::File::create(dir.join(file)).expect("touch")));
                }
            }
            scene.store.maillogs(&["update", "--flush"]);
            assert_eq!((scene.counted(), scene.in_rrds()), (ALL, ALL), "{loss:?} {parts:?}: mended");
        }
    }
}

/// What was waited for in vain is made anew: counters and archive after an hour, an RRD after a day.
#[test]
fn nothing_is_waited_for_for_ever() {
    let scene = Scene::new();
    let later = |ahead: &str, arguments: &[&str]| {
        let mut command = scene.store.faketime(&["-f", ahead, MAILLOGS]);
        command.args(arguments);
        command.output().expect("faketime")
    };
    scene.lose(&["counters", "rrd"], Loss::Gone);
    assert_eq!(scene.store.maillogs(&["update"]).status.code(), Some(1));
    let output = later("+50m", &["update"]);
    assert_eq!(output.status.code(), Some(1), "before the hour is over: {}", stderr(&output));
    let output = later("+70m", &["update"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let written = fs::read_to_string(scene.store.base().join("counters/send.txt")).expect("counters");
    assert!(written.contains("message_new:200\n") || written.contains("\nnew:200\n"), "{written}");
    assert_eq!(scene.in_rrds(), [0, 0], "the RRD is waited for for longer");
    let output = later("+26h", &["update", "--flush"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!((scene.counted(), scene.in_rrds()), (ALL, ALL));

    // A roll is what archives.
    scene.lose(&["archive"], Loss::Gone);
    let chunk = fs::read(scene.store.logs().join("current")).expect("current");
    fs::remove_file(scene.store.logs().join("current")).expect("current");
    let output = scene.store.postprocess(&chunk);
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
    assert_eq!(output.stdout, b"", "nothing is passed through that comes again");
    assert!(stderr(&output).contains("to go on without it now: mkdir -p"), "{}", stderr(&output));
    assert_eq!(scene.counted(), ALL);
    let mut roll = scene.store.faketime(&["-f", "+70m"]);
    roll.arg(scene.store.sendlog());
    let output = scene.store.postprocess_by(&mut roll, &chunk);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(output.stdout, chunk);
    assert_eq!(scene.store.archived(), chunk);
    assert_eq!(scene.counted(), ALL);
}

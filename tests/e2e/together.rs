//! Everything at once on one store: loggers that roll, cron, pollers, graphs, a backup. Nothing is lost, nothing
//! counts twice, and whoever looks sees what is true.

mod held;
mod rolling;
mod same;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::count::{self, GAUGES};
use crate::support::multilog::Multilog;
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, name_of, stderr};
use crate::support::{full_size, labelled, lines, rrd};

const DAY: u64 = 86_400;

/// A log that is fed without pause.
struct Feed {
    /// Below `logs_base`.
    dir: &'static str,
    processor: &'static str,
    /// What its lines say, one after the other.
    texts: &'static [&'static str],
    /// Lines that were handed over.
    fed: AtomicU64,
}

impl Feed {
    const fn new(dir: &'static str, processor: &'static str, texts: &'static [&'static str]) -> Self {
        Self { dir, processor, texts, fed: AtomicU64::new(0) }
    }

    /// Lines handed over so far that say the first of the texts.
    fn first_texts(&self) -> u64 {
        self.fed.load(Ordering::SeqCst).div_ceil(self.texts.len() as u64)
    }

    /// Feeds lines whose stamps run from `end` - [`SPAN`] to `end` while the clock runs to `until`; gives all of them.
    fn feed(&self, multilog: &mut Multilog, end: u64, until: Instant) -> Vec<u8> {
        let (begun, mut log, mut n) = (Instant::now(), Vec::new(), 0);
        let whole = until - begun;
        loop {
            let part = (begun.elapsed().as_secs_f64() / whole.as_secs_f64()).min(1.0);
            let over = part >= 1.0;
            let secs = end - SPAN + (SPAN as f64 * part) as u64;
            let mut batch = String::new();
            for _ in 0..if over { 1 } else { 20 } {
                batch += &labelled(secs.min(end - 1), n, self.texts[n as usize % self.texts.len()]);
                n += 1;
            }
            self.fed.store(n, Ordering::SeqCst);
            log.extend(batch.bytes());
            multilog.feed(batch.as_bytes());
            if over {
                return log;
            }
        }
    }
}

/// The stamps' span: so much of an RRD stands in rows of five minutes.
const SPAN: u64 = 10 * DAY;

/// What processes say on stderr, and how often each was run.
#[derive(Default)]
struct Heard {
    said: Mutex<Vec<String>>,
    runs: Mutex<BTreeMap<&'static str, u32>>,
}

impl Heard {
    /// Runs the command, which has to succeed; gives its stdout.
    fn run(&self, what: &'static str, command: &mut Command) -> String {
        let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(output.status.success(), "{what}: {}: {}", output.status, stderr(&output));
        self.note(what, &output);
        String::from_utf8(output.stdout).expect("UTF-8 on stdout")
    }

    fn note(&self, what: &'static str, output: &Output) {
        *self.runs.lock().unwrap().entry(what).or_default() += 1;
        self.said.lock().unwrap().extend(stderr(output).lines().map(|line| format!("{what}: {line}")));
    }
}

/// Sets the flag when it goes, also in a panic: nothing runs on for ever.
struct Finally<'a>(&'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn everything_at_once() {
    let store = Store::with("logs_smtp_dirs = [\"smtp\", \"submit\"]\n");
    let length = Duration::from_secs(if full_size() { 60 } else { 8 });
    let feeds = [
        Feed::new("smtp", "smtplog", &["rblsmtpd: 192.0.2.7 pid 9: 451 https://www.spamhaus.org/"]),
        Feed::new("submit", "smtplog", &["badmailfrom: <x@example.org> at 192.0.2.7"]),
        Feed::new(
            "send",
            "sendlog",
            &[
                "new msg 4711",
                "info msg 4711: bytes 2345 from <a@example.org> qp 9 uid 7",
                "starting delivery 7: msg 4711 to remote b@example.com",
                "status: local 1/10 remote 7/120",
                "delivery 7: success: 192.0.2.1_accepted_message./",
                "end msg 4711",
            ],
        ),
    ];
    for feed in &feeds {
        fs::create_dir_all(store.base().join(feed.dir)).expect("mkdir");
    }
    symlink(MAILLOGS, store.path("bin/maillogs")).expect("symlink");
    // All days are over, so that they are compressed while their lines still come.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let end = (now - DAY - 7_200) / 300 * 300;
    let (heard, done) = (Heard::default(), AtomicBool::new(false));
    let mut multilogs: Vec<Multilog> = Vec::new();
    for feed in &feeds {
        let said = File::create(store.path(feed.dir)).expect("a file");
        let dir = store.base().join(feed.dir);
        multilogs.push(Multilog::by(feed.processor, &store, &dir, 32_768, Stdio::from(said)));
    }
    let mut pictures = 0;
    let logs: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let (store, heard, done, feeds) = (&store, &heard, &done, &feeds);
        let _finally = Finally(done);
        let until = Instant::now() + length;
        let rolling: Vec<_> = multilogs
            .into_iter()
            .zip(feeds)
            .map(|(mut multilog, feed)| {
                scope.spawn(move || {
                    let log = feed.feed(&mut multilog, end, until);
                    multilog.finish();
                    log
                })
            })
            .collect();
        let again = move |mut run: Box<dyn FnMut() + Send>| {
            while !done.load(Ordering::SeqCst) {
                run();
            }
        };
        let update = |what, words: &'static [&'static str]| {
            let run = move || drop(heard.run(what, store.command(store.path("bin/maillogs")).args(words)));
            scope.spawn(move || again(Box::new(run)));
        };
        update("update", &["update"]);
        update("update --flush", &["update", "--flush", "rbl", "smtp"]);
        scope.spawn(move || {
            let mut queries = Queries::default();
            again(Box::new(move || queries.ask(store, heard, feeds)));
        });
        scope.spawn(move || {
            let output = store.path("graphs");
            again(Box::new(move || {
                let mut command = store.command(store.path("bin/maillogs"));
                command.args(["graph", "--force", "--period", "day", "--period", "week", "--output"]);
                heard.run("graph", command.arg(&output));
            }));
        });
        scope.spawn(move || again(Box::new(move || back_up(store, heard))));
        scope.spawn(move || again(Box::new(move || make_days_quiet(store))));
        let looking = scope.spawn(move || look_at_pictures(&store.path("graphs"), done));
        let logs = rolling.into_iter().map(|feeding| feeding.join().expect("a feed")).collect();
        done.store(true, Ordering::SeqCst);
        pictures = looking.join().expect("the pictures");
        logs
    });
    store.flush();

    for feed in &feeds {
        let said = fs::read_to_string(store.path(feed.dir)).expect("multilog's stderr");
        // A reader of the RRD may be in the way for a moment: the minutes wait.
        let said: Vec<&str> =
            said.lines().filter(|line| !line.contains("another program holds a lock on it")).collect();
        assert!(said.is_empty(), "{}: multilog and its processor: {said:?}", feed.dir);
    }
    let said = heard.said.into_inner().unwrap();
    let said: Vec<String> =
        said.into_iter().filter(|line| !line.contains("another program holds a lock on it")).collect();
    assert!(said.is_empty(), "said on stderr:\n{}", said.join("\n"));
    let fed: Vec<u64> = feeds.iter().map(|feed| feed.fed.load(Ordering::SeqCst)).collect();
    let runs = heard.runs.into_inner().unwrap();
    println!("lines {fed:?}, runs {runs:?}, whole pictures {pictures}");
    for what in ["update", "update --flush", "query", "graph", "check"] {
        assert!(runs.get(what).is_some_and(|runs| *runs > 0), "{what}: {runs:?}");
    }
    assert!(pictures > 0, "no picture was looked at");
    assert_all_is_there(&store, &feeds, &logs, end);
}

/// What a poller got before.
#[derive(Default)]
struct Queries {
    asked: usize,
    before: BTreeMap<&'static str, Answer>,
}

impl Queries {
    /// Asks for the next protocol: nothing may go backwards, nothing be more than was fed.
    fn ask(&mut self, store: &Store, heard: &Heard, feeds: &[Feed; 3]) {
        let protocol = ["rbl", "send"][self.asked % 2];
        // By the name that cron uses, and by its own.
        let programs = [store.path("bin/maillogs"), MAILLOGS.into()];
        let mut command = store.command(&programs[self.asked / 2 % 2]);
        let answer = Answer::parse(&heard.run("query", command.arg(protocol)));
        let most: &[(&str, u64)] = match protocol {
            "rbl" => &[("spamhaus", feeds[0].first_texts()), ("badmailfrom", feeds[1].first_texts())],
            _ => &[("message_new", feeds[2].first_texts())],
        };
        for (key, fed) in most {
            let counted: u64 = answer.text(key).parse().expect("a whole number");
            assert!(counted <= *fed, "{key}: {counted} of {fed} lines");
        }
        if let Some(before) = self.before.get(protocol) {
            let odometers =
                before.keys().into_iter().filter(|key| !GAUGES.contains(key) && *key != "peak_smtp");
            for key in odometers {
                let (was, is) = (before.text(key), answer.text(key));
                assert!(answer.nanos(key) >= before.nanos(key), "{protocol}: {key} fell from {was} to {is}");
            }
        }
        self.before.insert(protocol, answer);
        self.asked += 1;
        if self.asked.is_multiple_of(4) {
            let output = store.maillogs(&["check"]);
            heard.note("check", &output);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            for trouble in ["cut off", "by hand", "damaged", "is gone", "has been held"] {
                assert!(!text.contains(trouble), "{trouble}:\n{text}");
            }
        }
    }
}

/// Reads the RRDs with rrdtool, and keeps writers from them for a moment.
fn back_up(store: &Store, heard: &Heard) {
    for name in ["rbl", "send"] {
        let file = store.base().join(format!("rrd/{name}.rrd"));
        if !file.exists() {
            continue;
        }
        for words in [["lastupdate"].as_slice(), &["fetch", "AVERAGE"]] {
            let mut command = Command::new("rrdtool");
            let output = command.arg(words[0]).arg(&file).args(&words[1..]).output().expect("rrdtool");
            let said = stderr(&output);
            assert!(output.status.success() || said.contains("could not lock"), "rrdtool: {said}");
            *heard.runs.lock().unwrap().entry("rrdtool").or_default() += 1;
        }
        if let Some(locked) = rrd::lock(&file) {
            std::thread::sleep(Duration::from_millis(100));
            drop(locked);
        }
    }
    std::thread::sleep(Duration::from_millis(150));
}

/// As if nobody had written to the archive for hours: its days are compressed now.
fn make_days_quiet(store: &Store) {
    let hours_ago = SystemTime::now() - Duration::from_secs(3 * 3_600);
    for log in ["sendlog", "smtplog"] {
        for day in store.archive_days() {
            // It may have been compressed just now.
            if let Ok(file) = File::options().append(true).open(day.join(log)) {
                file.set_modified(hours_ago).expect("setting a time");
            }
        }
    }
    std::thread::sleep(Duration::from_millis(200));
}

/// Reads every picture while it is being replaced; gives how many times a whole one was read.
fn look_at_pictures(dir: &Path, done: &AtomicBool) -> usize {
    let mut looked = 0;
    while !done.load(Ordering::SeqCst) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if !name_of(&path).starts_with('.') && name_of(&path).ends_with(".png") {
                let bytes = fs::read(&path).expect("a picture");
                assert!(is_whole(&bytes), "{}: {} bytes", path.display(), bytes.len());
                looked += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    looked
}

/// Is it a PNG from its signature to its last chunk?
fn is_whole(png: &[u8]) -> bool {
    let Some(mut rest) = png.strip_prefix(b"\x89PNG\r\n\x1a\n") else { return false };
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((chunk, behind)) = behind.split_at_checked(4 + length + 4) else { return false };
        if chunk.starts_with(b"IEND") {
            return behind.is_empty();
        }
        rest = behind;
    }
    false
}

/// multilog's files, the archive, the counters and the RRDs are the input, each line once.
fn assert_all_is_there(store: &Store, feeds: &[Feed; 3], logs: &[Vec<u8>], end: u64) {
    let mut archived: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (feed, log) in feeds.iter().zip(logs) {
        let dir = store.base().join(feed.dir);
        let mut names: Vec<_> =
            fs::read_dir(&dir).expect("a log directory").map(|e| e.unwrap().path()).collect();
        names.retain(|path| name_of(path).starts_with('@'));
        names.sort();
        assert!(names.len() > 5, "{}: {} rolls", feed.dir, names.len());
        let rolled: Vec<u8> = names.iter().flat_map(|name| fs::read(name).expect("a chunk")).collect();
        let current = fs::read(dir.join("current")).expect("current");
        assert_same_bytes(feed.dir, &[rolled.as_slice(), &current].concat(), log);
        archived.entry(feed.processor).or_default().extend(rolled);
    }
    let mut packed = 0;
    for (log, expected) in archived {
        let mut got: Vec<u8> = store.archive_of(log).into_values().flatten().collect();
        let sort = |log: &mut Vec<u8>| {
            let mut all: Vec<&[u8]> = lines(log).collect();
            all.sort();
            *log = all.concat();
        };
        let mut expected = expected;
        sort(&mut expected);
        sort(&mut got);
        assert_same_bytes(log, &got, &expected);
        for day in store.archive_days() {
            let both = (day.join(log).exists(), day.join(format!("{log}.gz")).exists());
            assert_ne!(both, (true, true), "{}/{log} stands there twice", day.display());
            packed += usize::from(both.1);
        }
    }
    println!("compressed days {packed}");
    assert!(packed >= 1, "{packed} days were compressed");

    let fed = |i: usize| u128::from(feeds[i].fed.load(Ordering::SeqCst));
    let rbl = Answer::parse(&store.run(&["rbl"]));
    for (key, expected) in [("spamhaus", fed(0)), ("badmailfrom", fed(1)), ("count", fed(0) + fed(1))] {
        assert_eq!(rbl.nanos(key), expected * 1_000_000_000, "{key}");
    }
    store.query().assert_counts(&count::count(&logs[2]));

    // Rows of a minute stand there for two days only.
    for (step, begin) in [(300, end - SPAN), (60, end - 2 * DAY + 3_600)] {
        let rows = rrd::fetch(&store.rrd(), step, begin, end);
        let bins = count::by_bin(&logs[2], step);
        for key in count::count(&logs[2]).keys().filter(|key| !count::FRACTIONS.contains(key)) {
            let counts = bins.range(begin + 1..).map(|(time, counts)| (*time, counts[key]));
            let expected: BTreeMap<u64, u128> = counts.filter(|(_, count)| *count > 0).collect();
            assert_eq!(rows[rrd::source_of(key)], expected, "{key} by rows of {step} s");
        }
    }
    // Of two logs one may be ahead: what comes late stands in a later row, never in an earlier one.
    let file = store.base().join("rrd/rbl.rrd");
    let mut rows = rrd::fetch(&file, 300, end - SPAN, end);
    for (source, late) in rrd::fetch(&file, 60, end, end + 7_200) {
        rows.get_mut(&source).expect("the same sources").extend(late);
    }
    for (i, key) in [(0, "spamhaus"), (1, "badmailfrom")] {
        let mut logged: BTreeMap<u64, u128> = BTreeMap::new();
        for line in lines(&logs[i]) {
            let nanos = count::unix_nanos(&String::from_utf8_lossy(line)).expect("a label");
            *logged.entry((nanos / 300_000_000_000 + 1) * 300).or_default() += 1;
        }
        assert_eq!(rows[key].values().sum::<u128>(), fed(i), "{key} in the RRD");
        for time in logged.keys().chain(rows[key].keys()) {
            let to = |all: &BTreeMap<u64, u128>| all.range(..=time).map(|(_, n)| n).sum::<u128>();
            assert!(
                to(&rows[key]) <= to(&logged),
                "{key}: more in the RRD at {time} than was logged till then"
            );
        }
    }
}

//! Full disks: each place that is written to lies on a small disk of its own, which is full, or becomes so in the
//! middle. Nothing is lost or doubled, and a query tells the truth all the time.

mod special;

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Mutex;

use crate::support::count::{self, Counts};
use crate::support::disks::{self, Disk, Left};
use crate::support::rrd;
use crate::support::store::{Answer, Store, assert_same_bytes, name_of, stderr};
use crate::support::{lines, traffic};

/// What lies on the small disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Counters,
    Archive,
    State,
    Rrd,
    /// The logger's `processed`.
    Stdout,
    /// All of `logs_base`, with the log directory in it.
    All,
}

/// What happens once there is room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The logger tries again with the same chunk.
    Again,
    /// The logger died meanwhile: its chunk is an `@….u`, which nobody will hand to us.
    Orphan,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    place: Place,
    left: Left,
    /// Is it the first roll of all?
    first: bool,
    then: Then,
}

/// A store with one small disk.
struct World {
    disk: Disk,
    store: Store,
    processed: PathBuf,
}

/// What was found in a case: a row of the table.
struct Row {
    case: Case,
    roll: i32,
    stood: String,
    update: i32,
    after_update: String,
    again: i32,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { case, roll, stood, update, after_update, again } = self;
        let place = format!("{:?}", case.place);
        let left = format!("{:?}", case.left);
        let when = if case.first { "first" } else { "later" };
        let then = if case.then == Then::Again { "same chunk again" } else { "orphan, update" };
        write!(
            f,
            "{place:9} {left:14} {when}  {roll:4}  {stood:30} {update:6}  {after_update:30} {again:4}  {then}: once"
        )
    }
}

const HEADING: &str = "place     left           roll   exit  what stood                     update  what stood then                exit  with room again";

impl World {
    fn new(place: Place, config: &str) -> Self {
        // The disks are as large as RRDs are without these sections.
        let store = Store::with(&format!("providers = false\ntimes = false\n{config}"));
        let (dir, pages) = match place {
            // Of every protocol a counter file, and what stands beside it.
            Place::Counters => ("log/counters", 64),
            // The year of the test's lines.
            Place::Archive => ("log/2023", 2000),
            Place::State => ("log/state", 200),
            Place::Rrd => ("log/rrd", 7000),
            Place::Stdout => ("out", 200),
            Place::All => ("log", 7000),
        };
        let disk = Disk::mount(&store.path(dir), pages, 256);
        fs::create_dir_all(store.logs()).expect("mkdir");
        let processed =
            if place == Place::Stdout { store.path("out/processed") } else { store.logs().join("processed") };
        Self { disk, store, processed }
    }

    /// The logger turns `current` into `previous`, and opens what is passed through.
    fn turn(&self, chunk: &[u8]) {
        fs::write(self.previous(), chunk).expect("previous");
        File::create(&self.processed).expect("processed");
    }

    fn previous(&self) -> PathBuf {
        self.store.logs().join("previous")
    }

    /// The logger runs its processor on `previous`, which is done with if that succeeds.
    fn process(&self, chunk: &[u8]) -> Output {
        let output = self
            .store
            .command(self.store.sendlog())
            .current_dir(self.store.logs())
            .stdin(File::open(self.previous()).expect("previous"))
            .stdout(File::create(&self.processed).expect("processed"))
            .stderr(Stdio::piped())
            .output()
            .expect("sendlog");
        if output.status.success() {
            let passed = fs::read(&self.processed).expect("processed");
            assert_same_bytes("passed through", &passed, chunk);
            fs::remove_file(self.previous()).expect("previous");
            fs::remove_file(&self.processed).expect("processed");
        }
        output
    }

    fn roll(&self, chunk: &[u8]) {
        self.turn(chunk);
        let output = self.process(chunk);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    fn kill_logger(&self) {
        if self.previous().exists() {
            fs::rename(self.previous(), self.store.logs().join("@400000006553f100000000ff.u"))
                .expect("rename");
            fs::remove_file(&self.processed).expect("processed");
        }
    }

    fn update(&self) -> Output {
        self.store.maillogs(&["update", "send"])
    }

    /// The number of the last commit, as a query says it, and what is unfinished.
    fn stands(&self) -> String {
        let output = self.store.maillogs(&["send", "-v"]);
        let said = stderr(&output);
        let number = said.split("commit ").nth(1).and_then(|rest| rest.split(',').next());
        let number = number.unwrap_or_else(|| panic!("no commit in {said:?}"));
        let mut text = format!("commit {number}");
        for name in ["intent", "journal"] {
            if self.store.path(&format!("log/state/send.{name}")).exists() {
                text += " + ";
                text += name;
            }
        }
        text
    }

    /// Panics unless a query says exactly what was logged.
    fn query(&self, counts: &Counts) {
        let output = self.store.maillogs(&["send"]);
        assert_eq!(output.status.code(), Some(0), "a query: {}", stderr(&output));
        Answer::parse(&String::from_utf8_lossy(&output.stdout)).assert_counts(counts);
    }

    /// Panics unless counters, counter file, archive and RRD hold `log`, once, and nothing unfinished is left.
    fn holds_once(&self, log: &[u8]) {
        self.holds_once_by(60, log);
    }

    /// As [`Self::holds_once`]; the rows are of `step` seconds.
    fn holds_once_by(&self, step: u64, log: &[u8]) {
        let counts = count::count(log);
        self.query(&counts);
        self.store.flush();
        self.query(&counts);
        assert_same_bytes("the archive", &self.store.archived(), log);
        let file = fs::read_to_string(self.store.path("log/counters/send.txt")).expect("the counter file");
        Answer::parse(&format!("{}\n", file.trim_end().replace('\n', ":"))).assert_counts(&counts);
        assert_rows(&self.store, log, step);
        for (dir, expected) in [("counters", "send.txt"), ("rrd", "send.rrd")] {
            assert_eq!(self.own_files(dir), [expected], "in {dir}");
        }
        let mut state = self.own_files("state");
        state.retain(|name| ![".state", ".lock", ".packing"].iter().any(|lasts| name.ends_with(lasts)));
        assert!(state.is_empty(), "{state:?}");
    }

    /// What we made in a directory for `send`, and whatever is no protocol's.
    fn own_files(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(self.store.base().join(dir)).expect("a directory");
        let mut names: Vec<String> =
            entries.map(|e| name_of(&e.expect("an entry").path()).to_owned()).collect();
        let others = [
            "rbl",
            "smtp",
            "pop3",
            "imap",
            "spam",
            "virus",
            "webmail",
            "queue",
            "qmailscanner",
            "delivery",
            "postfix",
            "haraka",
            "rspamd",
        ];
        let is_copy =
            |name: &str| name.starts_with('.') && (name.ends_with(".state") || name.ends_with(".minutes"));
        names.retain(|name| {
            !others.iter().any(|other| name.starts_with(other)) && name != "ballast" && !is_copy(name)
        });
        names.sort();
        names
    }
}

/// Panics unless each row of `step` seconds holds the lines of that time.
fn assert_rows(store: &Store, log: &[u8], step: u64) {
    let bins = count::by_bin(log, step);
    let (first, last) = (*bins.keys().next().expect("bins"), *bins.keys().last().expect("bins"));
    let rows = rrd::fetch(&store.rrd(), step, first - step, last);
    for key in count::count(log).keys().filter(|key| !count::FRACTIONS.contains(key)) {
        let expected = bins.iter().map(|(end, counts)| (*end, counts[key])).filter(|(_, count)| *count > 0);
        assert_eq!(rows[rrd::source_of(key)], expected.collect(), "{key} by rows of {step} s");
    }
}

/// A night's log in three parts that share no minute; the second has lines of two days.
fn parts() -> [Vec<u8>; 3] {
    let log = traffic(91, 0.13, 0.25);
    let all: Vec<&[u8]> = lines(&log).collect();
    let minute =
        |line: &[u8]| count::unix_nanos(&String::from_utf8_lossy(line)).expect("a label") / 60_000_000_000;
    let turn =
        |from: usize| (from..all.len()).find(|&i| minute(all[i]) != minute(all[i - 1])).expect("a minute");
    let (one, two) = (turn(all.len() / 20), turn(all.len() * 19 / 20));
    [all[..one].concat(), all[one..two].concat(), all[two..].concat()]
}

fn run(case: Case, parts: &[Vec<u8>; 3]) -> Row {
    let Case { place, left, first, then } = case;
    let world = World::new(place, "");
    let [before, chunk, after] = parts;
    let mut log = Vec::new();
    if !first {
        world.roll(before);
        world.store.flush();
        log.extend(before);
    }
    world.turn(chunk);
    world.disk.fill(left);
    log.extend(chunk);
    let counts = count::count(&log);
    world.query(&counts);

    let output = world.process(chunk);
    let roll = output.status.code().unwrap_or_else(|| panic!("sendlog: {}", output.status));
    if roll != 0 || (place == Place::Rrd && left == Left::Pages(0) && first) {
        assert!(!stderr(&output).is_empty(), "nothing was said");
    }
    world.query(&counts);
    let stood = world.stands();
    let update = world.update().status.code().expect("an exit code");
    world.query(&counts);
    // As cron tries, again and again.
    for _ in 0..3 {
        world.update();
    }
    world.query(&counts);
    let after_update = world.stands();
    let again = if roll == 0 { 0 } else { world.process(chunk).status.code().expect("an exit code") };
    world.query(&counts);

    world.disk.make_room();
    world.query(&counts);
    match then {
        Then::Again if again != 0 => {
            let output = world.process(chunk);
            assert!(output.status.success(), "{}", stderr(&output));
        }
        Then::Again => {}
        Then::Orphan => world.kill_logger(),
    }
    world.query(&counts);
    let output = world.store.maillogs(&["update"]);
    assert!(output.status.success(), "{}", stderr(&output));
    world.query(&counts);
    world.holds_once(&log);
    world.roll(after);
    log.extend(after);
    world.holds_once(&log);
    Row { case, roll, stood, update, after_update, again }
}

/// Runs all of them, some at a time, for a processor that fails sleeps a second; gives the rows in order.
fn run_all(cases: Vec<Case>) -> Vec<Row> {
    let parts = parts();
    let all = cases.len();
    let queue: Mutex<VecDeque<(usize, Case)>> = Mutex::new(cases.into_iter().enumerate().collect());
    let rows: Mutex<Vec<(usize, Row)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("the queue").pop_front();
                    let Some((number, case)) = next else { break };
                    let row = std::panic::catch_unwind(|| run(case, &parts));
                    let row = row.unwrap_or_else(|_| panic!("this was {case:?}"));
                    rows.lock().expect("the rows").push((number, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("the rows");
    rows.sort_by_key(|(number, _)| *number);
    assert_eq!(rows.len(), all);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Each of `lefts`, at the first roll and at a later one, and what happens then in turns; with
/// `MAILLOGS_TORTURE=full` all from the least to the most of them, and both ends of each.
fn cases(place: Place, lefts: &[Left]) -> Vec<Case> {
    let full = std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full");
    let mut all = Vec::new();
    for (number, &left) in lefts.iter().enumerate() {
        for first in [true, false] {
            let thens = [Then::Again, Then::Orphan];
            let thens = if full { &thens[..] } else { &thens[(number + usize::from(first)) % 2..][..1] };
            all.extend(thens.iter().map(|&then| Case { place, left, first, then }));
        }
    }
    all
}

fn pages(some: &[u64], most: u64) -> Vec<Left> {
    let full = std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full");
    if full && most < 1000 {
        (0..=most).map(Left::Pages).collect()
    } else {
        some.iter().map(|&n| Left::Pages(n)).collect()
    }
}

fn print(rows: &[Row]) {
    println!("{HEADING}");
    rows.iter().for_each(|row| println!("{row}"));
}

/// The exit codes: nothing that keeps the mail may go on without the disk, and with room for all everything does.
fn assert_codes(rows: &[Row], most: Left) {
    for row in rows {
        let Case { left, .. } = row.case;
        let (roll, update) = (row.roll, row.update);
        assert!([0, 111].contains(&roll) && [0, 1].contains(&update), "{row}");
        // What stands beside the counters for the case that something is lost gives its room to them.
        let gives_room = row.case.place == Place::Counters && !row.case.first;
        if (left == Left::Pages(0) || left == Left::Inodes(0)) && !gives_room {
            assert_eq!(roll, 111, "{row}");
        }
        if left == most {
            assert_eq!((roll, update), (0, 0), "{row}");
        }
    }
}

#[test]
fn a_full_disk_of_the_counters() {
    if !disks::are_ours(module_path!(), "a_full_disk_of_the_counters") {
        return;
    }
    let mut lefts = pages(&[0, 1], 2);
    lefts.extend([0, 1].map(Left::Inodes));
    let rows = run_all(cases(Place::Counters, &lefts));
    print(&rows);
    assert_codes(&rows, Left::Inodes(1));
    for row in rows.iter().filter(|row| row.roll != 0) {
        assert_eq!(row.update, 1, "{row}");
        assert!(row.stood.ends_with("journal"), "it is beyond the commit point: {row}");
    }
}

#[test]
fn a_full_disk_of_the_archive() {
    if !disks::are_ours(module_path!(), "a_full_disk_of_the_archive") {
        return;
    }
    let most = parts()[1].len() as u64 / 4096 + 4;
    let mut lefts = pages(&[0, 1, most / 2, most - 4, most], most);
    lefts.extend([0, 1, 3, 5].map(Left::Inodes));
    let rows = run_all(cases(Place::Archive, &lefts));
    print(&rows);
    assert_codes(&rows, Left::Pages(most));
    for row in rows.iter().filter(|row| row.roll != 0) {
        assert!(!row.stood.contains('+'), "it was taken back at once: {row}");
        assert_eq!(row.update, 0, "what is in a chunk is counted all the same: {row}");
    }
}

#[test]
fn a_full_disk_of_the_state() {
    if !disks::are_ours(module_path!(), "a_full_disk_of_the_state") {
        return;
    }
    let mut lefts = pages(&[0, 2, 3, 6, 10, 40], 40);
    lefts.extend([0, 1, 2, 3].map(Left::Inodes));
    let rows = run_all(cases(Place::State, &lefts));
    print(&rows);
    assert_codes(&rows, Left::Pages(40));
    assert!(rows.iter().any(|row| row.roll == 111 && row.case.left != Left::Pages(0)), "none in the middle");
}

#[test]
fn a_full_disk_of_stdout() {
    if !disks::are_ours(module_path!(), "a_full_disk_of_stdout") {
        return;
    }
    let most = parts()[1].len() as u64 / 4096 + 1;
    let rows = run_all(cases(Place::Stdout, &pages(&[0, 1, most / 2, most - 1, most], most)));
    print(&rows);
    assert_codes(&rows, Left::Pages(most));
    for row in rows.iter().filter(|row| row.roll != 0) {
        assert!(!row.stood.contains('+'), "it was taken back at once: {row}");
        assert_eq!(row.update, 0, "an update has no stdout: {row}");
    }
}

#[test]
fn a_full_disk_of_the_rrd_stops_nothing() {
    if !disks::are_ours(module_path!(), "a_full_disk_of_the_rrd_stops_nothing") {
        return;
    }
    let mut lefts = pages(&[0, 3, 2360, 2361], 2400);
    lefts.extend([0, 1].map(Left::Inodes));
    let rows = run_all(cases(Place::Rrd, &lefts));
    print(&rows);
    for row in &rows {
        assert_eq!((row.roll, row.update), (0, 0), "a graph stops the mail log: {row}");
    }
}

#[test]
fn a_full_disk_of_everything() {
    if !disks::are_ours(module_path!(), "a_full_disk_of_everything") {
        return;
    }
    let mut lefts = pages(&[0, 4, 20, 40, 60, 80, 120], 140);
    lefts.push(Left::Pages(2600));
    lefts.extend([0, 1, 3, 9].map(Left::Inodes));
    let rows = run_all(cases(Place::All, &lefts));
    print(&rows);
    assert_codes(&rows, Left::Pages(2600));
}

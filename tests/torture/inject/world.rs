//! A store whose state can be brought back, the program on it with or without a fault, and what must be true of it in
//! the end.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::fault::{Fault, library};
use crate::support::count::{self, Counts};
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes};
use crate::support::{labelled, rrd};
use crate::torture::lines::{LABEL, Lines, SEND};

/// A minute of the evening of the 14th of November 2023; the second part of the lines runs beyond midnight UTC.
const BEGIN: u64 = 1_700_000_040;

/// No run of the program takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run ended.
pub struct Run {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Run {
    /// The exit code; `None`: it died of a signal.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

pub struct World {
    pub store: Store,
    /// A copy of what the store was.
    saved: Option<PathBuf>,
    /// Lines of qmail-send's log, as they were written.
    pub log: Vec<u8>,
    /// What of it the archive has in the end: what left `current`.
    pub archived: Vec<u8>,
    /// When lines about IMAP were logged.
    pub logins: Vec<u64>,
    /// Lines that a counter of toaster.conf counts.
    pub own: Option<Vec<u8>>,
    /// Without labels: their minute is that in which they are read.
    pub bare: bool,
    next: usize,
    /// Which `rename` of a roll is its commit point.
    pub journal_rename: OnceCell<u32>,
}

/// How much a world had logged at a moment.
#[derive(Clone, Debug)]
pub struct Mark {
    log: usize,
    archived: usize,
    logins: usize,
    own: usize,
    next: usize,
}

/// Lines that are written at once, in seconds after [`BEGIN`].
#[derive(Clone, Copy)]
pub struct Span(pub u64, pub u64);

pub const BEFORE: Span = Span(0, 1_200);
pub const CHUNK: Span = Span(3_600, 9_000);
pub const CURRENT: Span = Span(9_600, 10_200);
pub const AFTER: Span = Span(12_000, 12_600);

impl World {
    pub fn new(config: &str) -> Self {
        let store = Store::with_syslog();
        let text = fs::read_to_string(store.config()).expect("toaster.conf");
        let graphs = format!("graphs_dir = {:?}\n", store.path("graphs"));
        fs::write(store.config(), text + &graphs + config).expect("toaster.conf");
        World {
            store,
            saved: None,
            log: vec![],
            archived: vec![],
            logins: vec![],
            own: None,
            bare: false,
            next: 0,
            journal_rename: OnceCell::new(),
        }
    }

    /// More lines for toaster.conf.
    pub fn configure(&self, config: &str) {
        let mut file = File::options().append(true).open(self.store.config()).expect("toaster.conf");
        file.write_all(config.as_bytes()).expect("toaster.conf");
    }

    /// New lines of qmail-send, one each 90 seconds.
    pub fn lines(&mut self, Span(from, to): Span) -> Vec<u8> {
        let mut lines = Vec::new();
        for at in (from..to).step_by(90) {
            let text = SEND.text(self.next, Lines::Labelled);
            let line = labelled(BEGIN + at, self.next as u64, &text);
            lines.extend(line[if self.bare { LABEL } else { 0 }..].bytes());
            self.next += 1;
        }
        self.log.extend(&lines);
        if let Some(own) = &mut self.own {
            own.extend(&lines);
        }
        lines
    }

    /// New lines of an IMAP server in syslog, one each 5 minutes.
    pub fn logins(&mut self, Span(from, to): Span) -> Vec<u8> {
        let mut lines = String::new();
        for at in (from..to).step_by(300) {
            let secs = BEGIN + at;
            self.logins.push(secs);
            let time = chrono::DateTime::from_timestamp(i64::try_from(secs).expect("a time"), 0);
            let time = time.expect("a time").format("%Y-%m-%dT%H:%M:%S+00:00");
            lines += &format!(
                "{time} mx1 imapd[811]: LOGIN, user=u{at}@example.org, ip=[192.0.2.7], protocol=IMAP\n"
            );
        }
        lines.into_bytes()
    }

    pub fn append_syslog(&mut self, span: Span) {
        let lines = self.logins(span);
        let file = File::options().append(true).create(true).open(self.store.syslog());
        file.expect("syslog").write_all(&lines).expect("syslog");
    }

    /// logrotate packs the syslog as `maillog.1.gz`, and a new one begins.
    pub fn rotate_syslog(&mut self) {
        let path = self.store.syslog();
        let packed = File::create(path.with_extension("1.gz")).expect("maillog.1.gz");
        let mut gz = GzEncoder::new(packed, Compression::default());
        gz.write_all(&fs::read(&path).expect("syslog")).and_then(|()| gz.finish().map(drop)).expect("gzip");
        fs::write(path, "").expect("syslog");
    }

    /// The logger turns `current` into `previous`.
    pub fn turn(&mut self, span: Span) {
        let chunk = self.lines(span);
        self.archived.extend(&chunk);
        fs::write(self.previous(), chunk).expect("previous");
    }

    /// The same of a logger that cuts a line into two chunks.
    pub fn turn_in_mid_line(&mut self, span: Span) -> Vec<u8> {
        let chunk = self.lines(span);
        self.archived.extend(&chunk);
        let (chunk, rest) = chunk.split_at(chunk.len() - 17);
        fs::write(self.previous(), chunk).expect("previous");
        rest.to_vec()
    }

    /// The chunk with the rest of that line.
    pub fn turn_with(&mut self, rest: Vec<u8>, span: Span) {
        let chunk = self.lines(span);
        self.archived.extend(&chunk);
        fs::write(self.previous(), [rest, chunk].concat()).expect("previous");
    }

    /// The logger writes `current`, which is rolled later.
    pub fn write_current(&mut self, lines: &[u8]) {
        fs::write(self.store.logs().join("current"), lines).expect("current");
    }

    pub fn turn_current(&mut self) {
        let current = self.store.logs().join("current");
        self.archived.extend(fs::read(&current).expect("current"));
        fs::rename(current, self.previous()).expect("rename");
    }

    /// The logger died with `previous` unprocessed: a new one has left it behind.
    pub fn orphan(&self) {
        fs::rename(self.previous(), self.store.logs().join("@400000006553f2000000000a.u")).expect("rename");
        let _ = fs::remove_file(self.processed());
    }

    pub fn previous(&self) -> PathBuf {
        self.store.logs().join("previous")
    }

    fn processed(&self) -> PathBuf {
        self.store.logs().join("processed")
    }

    pub fn lines_so_far(&self) -> Mark {
        let own = self.own.as_ref().map_or(0, Vec::len);
        Mark {
            log: self.log.len(),
            archived: self.archived.len(),
            logins: self.logins.len(),
            own,
            next: self.next,
        }
    }

    /// As if nothing had been logged since.
    pub fn forget_since(&mut self, mark: Mark) {
        self.log.truncate(mark.log);
        self.archived.truncate(mark.archived);
        self.logins.truncate(mark.logins);
        if let Some(own) = &mut self.own {
            own.truncate(mark.own);
        }
        self.next = mark.next;
    }

    /// Keeps a copy of everything as it is.
    pub fn save(&mut self) {
        let saved = self.store.path("saved");
        for name in ["log", "graphs", "maillog", "maillog.1.gz"] {
            copy(&self.store.path(name), &saved.join(name));
        }
        self.saved = Some(saved);
    }

    /// Everything as it was when it was saved.
    pub fn restore(&self) {
        let saved = self.saved.as_ref().expect("it was saved");
        for name in ["log", "graphs", "maillog", "maillog.1.gz"] {
            let path = self.store.path(name);
            let _ = fs::remove_dir_all(&path);
            let _ = fs::remove_file(&path);
            copy(&saved.join(name), &path);
        }
    }

    /// Runs the processor on `previous`, as its logger does. If it succeeds, the logger is done with the chunk.
    pub fn roll(&self, fault: Option<&Fault>) -> Run {
        let mut command = self.store.command(self.store.sendlog());
        command.current_dir(self.store.logs());
        command.stdin(File::open(self.previous()).expect("previous"));
        let run = self.run(command, fault, &self.processed());
        if run.code() == Some(0) {
            let chunk = fs::read(self.previous()).expect("previous");
            assert_same_bytes("passed through", &run.stdout, &chunk);
            fs::remove_file(self.previous()).expect("previous");
            fs::remove_file(self.processed()).expect("processed");
        }
        run
    }

    /// Runs `maillogs WORDS`.
    pub fn maillogs(&self, words: &[&str], fault: Option<&Fault>) -> Run {
        let mut command = self.store.command(MAILLOGS);
        command.args(words);
        self.run(command, fault, &self.store.path("stdout"))
    }

    /// Where the library lists the calls of the last run.
    pub fn calls(&self) -> PathBuf {
        self.store.path("calls")
    }

    /// fontconfig's configuration, with a cache of its own.
    fn fonts(&self) -> PathBuf {
        let (file, cache) = (self.store.path("fonts.conf"), self.store.path("fonts"));
        let text = format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig><cachedir>{}</cachedir>\
             <include>/etc/fonts/fonts.conf</include></fontconfig>\n",
            cache.display()
        );
        fs::write(&file, text).expect("fonts.conf");
        file
    }

    fn run(&self, mut command: Command, fault: Option<&Fault>, stdout: &Path) -> Run {
        let stderr = self.store.path("stderr");
        command.stdout(File::create(stdout).expect("stdout")).stderr(File::create(&stderr).expect("stderr"));
        let _ = fs::remove_file(self.calls());
        command.env("LD_PRELOAD", library());
        // fontconfig keeps what it found, and where fonts could not be read it keeps that there are none.
        command.env("FONTCONFIG_FILE", self.fonts());
        match fault {
            Some(fault) => command.env("INJECT", fault.spec()),
            None => command.env("INJECT_LOG", self.calls()),
        };
        let mut child = command.spawn().expect("maillogs");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("waiting") {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it does not come to its end");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let said = fs::read(&stderr).expect("stderr");
        Run {
            status,
            stdout: fs::read(stdout).unwrap_or_default(),
            stderr: String::from_utf8_lossy(&said).into_owned(),
        }
    }

    /// Panics unless it succeeds.
    pub fn must(&self, run: Run) -> Run {
        assert_eq!(run.code(), Some(0), "without a fault: {}", run.stderr);
        run
    }

    /// Panics unless an undisturbed query says exactly what was logged.
    pub fn query(&self) {
        let run = self.must(self.maillogs(&["send"], None));
        self.assert_answer(&run, false);
        if !self.logins.is_empty() {
            let run = self.must(self.maillogs(&["imap"], None));
            self.assert_answer(&run, true);
        }
    }

    /// Panics unless the run printed one line with exactly what was logged.
    pub fn assert_answer(&self, run: &Run, imap: bool) {
        let answer = Answer::parse(&String::from_utf8_lossy(&run.stdout));
        if imap {
            assert_eq!(answer.text("imap_success"), self.logins.len().to_string(), "imap_success");
            return;
        }
        answer.assert_counts(&self.counts());
        if let Some(own) = &self.own {
            assert_eq!(answer.text("finished"), ends(own).to_string(), "the counter of toaster.conf");
        }
    }

    fn counts(&self) -> Counts {
        count::count(&self.log)
    }

    /// Panics unless counter file, RRD and archive hold everything once.
    pub fn assert_holds_once(&self) {
        self.query();
        let file = fs::read_to_string(self.store.path("log/counters/send.txt")).expect("the counter file");
        Answer::parse(&format!("{}\n", file.trim_end().replace('\n', ":"))).assert_counts(&self.counts());
        assert_same_bytes("the archive", &self.store.archived(), &self.archived);
        if !self.bare {
            self.assert_rows();
        }
        if !self.logins.is_empty() {
            let mut rows: BTreeMap<u64, u128> = Default::default();
            for secs in &self.logins {
                *rows.entry((secs / 60 + 1) * 60).or_default() += 1;
            }
            let (begin, end) = (self.logins[0] / 60 * 60, self.logins[self.logins.len() - 1] / 60 * 60 + 60);
            let got = rrd::fetch(&self.store.path("log/rrd/imap.rrd"), 60, begin, end);
            assert_eq!(got["imap_success"], rows, "the RRD of imap");
        }
    }

    fn assert_rows(&self) {
        let bins = count::by_bin(&self.log, 60);
        let (first, last) = (*bins.keys().next().expect("bins"), *bins.keys().last().expect("bins"));
        let rows = rrd::fetch(&self.store.rrd(), 60, first - 60, last);
        for key in self.counts().keys().filter(|key| !count::FRACTIONS.contains(key)) {
            let expected: BTreeMap<u64, u128> =
                bins.iter().map(|(end, counts)| (*end, counts[key])).filter(|(_, n)| *n > 0).collect();
            let got = &rows[rrd::source_of(key)];
            let sums = (got.values().sum::<u128>(), expected.values().sum::<u128>());
            assert_eq!(sums.0, sums.1, "the RRD's sum of {key}");
            assert_eq!(got, &expected, "the RRD's minutes of {key}");
        }
        if let Some(own) = &self.own {
            assert_eq!(rows["finished"].values().sum::<u128>(), ends(own), "the RRD's sum of finished");
        }
    }

    /// The names of everything that stands in the store, but for the logger's files.
    pub fn names(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for root in ["log", "graphs"] {
            walk(&self.store.path(root), &mut |path| {
                let name = path.strip_prefix(self.store.path("")).expect("below");
                // What belongs to the minute and the day of the test.
                let text = name.to_string_lossy();
                let is_of_now = self.bare
                    && (["log/rrd", "log/20"].iter().any(|of| text.starts_with(of))
                        || text.ends_with(".minutes"));
                if !name.starts_with("log/send")
                    && !name.to_string_lossy().ends_with(".packing")
                    && !is_of_now
                {
                    all.insert(name.display().to_string());
                }
            });
        }
        all
    }
}

fn ends(log: &[u8]) -> u128 {
    crate::support::lines(log).filter(|line| line[26..].starts_with(b"end msg")).count() as u128
}

fn walk(dir: &Path, found: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let entry = entry.expect("an entry");
        found(&entry.path());
        if entry.file_type().expect("a type").is_dir() {
            walk(&entry.path(), found);
        }
    }
}

/// Copies a file or a directory, if it is there, with the times of the files.
fn copy(from: &Path, to: &Path) {
    let Ok(meta) = fs::symlink_metadata(from) else { return };
    if meta.is_dir() {
        fs::create_dir_all(to).expect("mkdir");
        for entry in fs::read_dir(from).expect("a directory") {
            let name = entry.expect("an entry").file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a directory")).expect("mkdir");
        fs::copy(from, to).expect("a copy");
        let file = File::options().append(true).open(to).expect("a file");
        file.set_modified(meta.modified().expect("a time")).expect("utimes");
    }
}

//! A machine whose clock is set: the program under libfaketime, logs written at the clock's time, and what RRDs hold in
//! all, also those that were moved aside.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use super::store::{Answer, MAILLOGS, Store, assert_same_bytes, name_of, stderr};
use super::{count, rrd};

/// A store, its clock, and all that was logged.
pub struct Machine {
    pub store: Store,
    /// The clock, unix seconds.
    pub now: i64,
    /// Every line so far.
    pub log: Vec<u8>,
    /// What of it was logged before the clock was set back.
    pub before: usize,
    written: u32,
}

impl Machine {
    pub fn new(store: Store, now: i64) -> Self {
        let machine = Self { store, now, log: Vec::new(), before: 0, written: 0 };
        let date = machine.faked("date").arg("+%s").output().expect("faketime, of Debian's package faketime");
        assert_eq!(String::from_utf8_lossy(&date.stdout).trim(), now.to_string(), "libfaketime does nothing");
        machine
    }

    /// `program` with the clock standing at now. Files bear the times that they were given here.
    pub fn faked(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.store.faketime(&["-f", &self.now.to_string()]);
        command.env("FAKETIME_FMT", "%s").env("NO_FAKE_STAT", "1").arg(program.as_ref());
        command
    }

    /// A message in the log, stamped `at`.
    pub fn log_at(&mut self, at: i64) {
        self.written += 1;
        let line = format!("@{:016x}{:08x} new msg {}\n", (1i64 << 62) + 10 + at, self.written, self.written);
        let current = self.store.logs().join("current");
        let mut file = File::options().append(true).create(true).open(&current).expect("current");
        file.write_all(line.as_bytes()).expect("writing");
        self.touch(&current);
        self.log.extend(line.bytes());
    }

    /// Stamped now.
    pub fn log(&mut self) {
        self.log_at(self.now);
    }

    /// Gives a file the time of the clock.
    pub fn touch(&self, path: &Path) {
        let time = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.now).expect("a time"));
        let file = File::options().append(true).open(path).expect("a file");
        file.set_modified(time).expect("utimes");
    }

    /// The logger rolls `current`.
    pub fn roll(&self) {
        let logs = self.store.logs();
        let (previous, processed) = (logs.join("previous"), logs.join("processed"));
        if !logs.join("current").exists() {
            return;
        }
        fs::rename(logs.join("current"), &previous).expect("rename");
        let output = self
            .faked(self.store.sendlog())
            .current_dir(&logs)
            .stdin(File::open(&previous).expect("previous"))
            .stdout(File::create(&processed).expect("processed"))
            .stderr(Stdio::piped())
            .output()
            .expect("sendlog");
        assert!(output.status.success(), "a roll at {}: {}", self.now, stderr(&output));
        let (given, passed) = (fs::read(&previous), fs::read(&processed));
        assert_same_bytes("passed through", &passed.expect("processed"), &given.expect("previous"));
        fs::remove_file(previous).expect("previous");
        fs::remove_file(processed).expect("processed");
        self.query();
    }

    /// Cron's, with these words.
    pub fn update(&self, words: &[&str]) -> Output {
        let output = self.faked(MAILLOGS).arg("update").args(words).output().expect("maillogs");
        assert!(output.status.success(), "an update at {}: {}", self.now, stderr(&output));
        self.query();
        output
    }

    /// As [`Self::update`] with everything that is over, of a log that the test writes itself.
    pub fn update_quietly(&self) {
        let output = self.faked(MAILLOGS).args(["update", "--flush"]).output().expect("maillogs");
        assert!(output.status.success(), "an update at {}: {}", self.now, stderr(&output));
    }

    /// Panics unless it says what was logged.
    pub fn query(&self) {
        let output = self.faked(MAILLOGS).arg("send").output().expect("maillogs");
        assert!(output.status.success(), "a query at {}: {}", self.now, stderr(&output));
        Answer::parse(&String::from_utf8_lossy(&output.stdout)).assert_counts(&count::count(&self.log));
    }

    /// The RRDs of `protocol`: the one in use, and those that were moved aside for their future.
    pub fn rrds(&self, protocol: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.store.path("log/rrd")).expect("the RRDs");
        let name = format!("{protocol}.rrd");
        let mut all: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| name_of(path) == name || name_of(path).starts_with(&format!("{name}.future-")))
            .collect();
        all.sort();
        all
    }

    /// All that `file` holds of a data source: its days, and the minutes of the day that is not over.
    pub fn total(&self, file: &Path, source: &str) -> u128 {
        let last = Command::new("rrdtool").arg("last").arg(file).output().expect("rrdtool");
        let last: u64 = String::from_utf8_lossy(&last.stdout).trim().parse().expect("a time");
        let day = last / 86_400 * 86_400;
        let days = rrd::fetch(file, 86_400, day - 3_600 * 86_400, day);
        let minutes = rrd::fetch(file, 60, day, last);
        [days, minutes].iter().flat_map(|rows| rows[source].values()).sum()
    }

    /// Everything was pushed, and all RRDs together hold what was counted; gives the files.
    pub fn assert_rrds_hold(&self, counted: u128) -> Vec<PathBuf> {
        self.assert_rrds_hold_twice(counted, 0)
    }

    /// The same, where `twice` lines are in one that was moved aside, and in the one that went on with its past.
    pub fn assert_rrds_hold_twice(&self, counted: u128, twice: u128) -> Vec<PathBuf> {
        self.update(&["--flush"]);
        let files = self.rrds("send");
        let total: u128 = files.iter().map(|file| self.total(file, "message_new")).sum();
        let twice = if files.len() > 1 { twice } else { 0 };
        assert_eq!(total, counted + twice, "in {files:?}");
        files
    }

    /// Panics unless the RRD's minutes from `begin` on are those of the lines stamped since, and logged since the clock
    /// was set back.
    pub fn assert_minutes_since(&self, begin: i64) {
        let begin = u64::try_from(begin).expect("a time");
        let now = u64::try_from(self.now).expect("a time") / 60 * 60;
        let got = &rrd::fetch(&self.store.rrd(), 60, begin, now)["message_new"];
        let bins = count::by_bin(&self.log[self.before..], 60);
        let want = bins.iter().filter(|(end, _)| (begin + 1..=now).contains(end));
        let want = want.map(|(end, counts)| (*end, counts["message_new"])).collect();
        assert_eq!(got, &want, "by the minute since {begin}");
    }
}

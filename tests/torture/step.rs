//! At which step of its commit a process stands: what the disk and the kernel's table of locks show of it.
//!
//! The steps are those of `src/store/commit.rs`.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::lines::Feed;
use super::process;
use crate::support::store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Before,
    Reading,
    Archive,
    Journal,
    Rrd,
    State,
    Counters,
    After,
    Ended,
}

impl Step {
    pub const ALL: [Step; 9] = [
        Step::Before,
        Step::Reading,
        Step::Archive,
        Step::Journal,
        Step::Rrd,
        Step::State,
        Step::Counters,
        Step::After,
        Step::Ended,
    ];

    pub fn is_locked(self) -> bool {
        self != Step::Before && self != Step::Ended
    }

    pub fn text(self) -> &'static str {
        match self {
            Step::Before => "0 before the lock",
            Step::Reading => "1 locked: recovers, reads",
            Step::Archive => "2 intent, pass through, archive",
            Step::Journal => "3 writes the journal",
            Step::Rrd => "4 journal stands: RRD",
            Step::State => "4 writes the state",
            Step::Counters => "4 state stands: counter file",
            Step::After => "5 takes intent and journal away",
            Step::Ended => "- unlocked: ends, or packs old days",
        }
    }
}

/// Which file stands under a name: inode, and when it was changed last.
type Look = Option<(u64, i64, i64)>;

/// A store's files at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sight {
    intent: Look,
    intent_tmp: Look,
    journal: Look,
    journal_tmp: Look,
    state_tmp: Look,
    counters: Look,
    /// The commits' numbers.
    journal_number: Option<u64>,
    state_number: Option<u64>,
}

/// What to wait for.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    Time(Duration),
    At(Step),
}

/// Follows one process from its beginning.
#[derive(Debug)]
pub struct Watch {
    process: u32,
    state: PathBuf,
    counters: PathBuf,
    protocol: &'static str,
    /// As it was before the process had the lock.
    before: Sight,
    had_lock: bool,
    saw_journal: bool,
    saw_intent: bool,
}

impl Watch {
    pub fn begin(store: &Store, feed: &Feed, process: u32) -> Self {
        let counters = match feed.protocol {
            "rbl" => "smtp_rbl.txt".to_owned(),
            protocol => format!("{protocol}.txt"),
        };
        let mut watch = Watch {
            process,
            state: store.base().join("state"),
            counters: store.base().join("counters").join(counters),
            protocol: feed.protocol,
            before: Sight::default(),
            had_lock: false,
            saw_journal: false,
            saw_intent: false,
        };
        watch.before = watch.sight();
        watch
    }

    /// Waits for `aim`, and a little longer; then stops the process. At which step does it stand? `None`: it came
    /// to its end before.
    pub fn stop_at(&mut self, aim: Aim, longer: Duration) -> Option<Step> {
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(40);
        loop {
            if !process::is_alive(self.process) || Instant::now() > deadline {
                return None;
            }
            let step = self.look();
            match aim {
                Aim::Time(time) if begun.elapsed() < time => {}
                Aim::At(target) if step < target => {}
                _ => break,
            }
            std::thread::sleep(Duration::from_micros(20));
        }
        if !longer.is_zero() {
            std::thread::sleep(longer);
        }
        process::stop(self.process).then(|| self.look())
    }

    /// Did two processes die redoing this journal's commit? The third would take the RRD for poisoned, as it should.
    pub fn is_redone(&self) -> bool {
        let journal = fs::read(self.file("P.journal")).unwrap_or_default();
        // It is the last that stands in a journal.
        journal.last().is_some_and(|&times| times > 1)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state.join(name.replace('P', self.protocol))
    }

    fn look(&mut self) -> Step {
        let sight = self.sight();
        if !process::holds_lock(self.process, &self.file("P.lock")) {
            if !self.had_lock {
                self.before = sight;
                return Step::Before;
            }
            return Step::Ended;
        }
        self.had_lock = true;
        if self.before.journal.is_some() && sight.journal.is_none() {
            // A dead one's commit is finished: now comes its own.
            self.before = sight.clone();
            (self.saw_journal, self.saw_intent) = (false, false);
        }
        let before = &self.before;
        let is_new = |now: Look, then: Look| now.is_some() && now != then;
        // What a dead one left stands until it is recovered from.
        let journal = is_new(sight.journal, before.journal);
        let intent = is_new(sight.intent, before.intent) || is_new(sight.intent_tmp, before.intent_tmp);
        self.saw_journal |= journal;
        self.saw_intent |= intent;
        if journal {
            if sight.journal_number > sight.state_number {
                let writes = is_new(sight.state_tmp, before.state_tmp);
                return if writes { Step::State } else { Step::Rrd };
            }
            let written = is_new(sight.counters, before.counters);
            let gone = sight.intent.is_none() && self.saw_intent;
            return if written && gone { Step::After } else { Step::Counters };
        }
        if sight.journal.is_some() {
            Step::Reading
        } else if is_new(sight.journal_tmp, before.journal_tmp) {
            Step::Journal
        } else if intent {
            Step::Archive
        } else if self.saw_journal || sight.state_number > before.state_number {
            Step::After
        } else {
            Step::Reading
        }
    }

    fn sight(&self) -> Sight {
        Sight {
            intent: look(&self.file("P.intent")),
            intent_tmp: look(&self.file(".P.intent.tmp")),
            journal: look(&self.file("P.journal")),
            journal_tmp: look(&self.file(".P.journal.tmp")),
            state_tmp: look(&self.file(".P.state.tmp")),
            counters: look(&self.counters),
            journal_number: number(&self.file("P.journal")),
            state_number: number(&self.file("P.state")),
        }
    }
}

fn look(path: &Path) -> Look {
    fs::symlink_metadata(path).ok().map(|meta| (meta.ino(), meta.ctime(), meta.ctime_nsec()))
}

/// The commit's number, which stands first in a record, behind a head of 25 bytes: seven bits a byte.
fn number(path: &Path) -> Option<u64> {
    let mut bytes = [0; 34];
    File::open(path).ok()?.read_exact(&mut bytes).ok()?;
    let mut number = 0;
    for (i, byte) in bytes[25..].iter().enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

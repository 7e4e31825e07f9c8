//! Reads every source of a protocol from its cursors to its end, into a new state and an archive plan.
//!
//! The same reading serves the commit and the query (which throws the plan away), so that both say
//! the same numbers.
mod archive;
mod changed;
mod chunk;
mod count;
mod known;
mod labels;
mod left;
mod memory;
mod pass;
mod reading;
mod stream;
mod stretch;
mod times;

use std::path::Path;

use super::archive_plan::{ArchivePlan, Kept};
use super::named::Twin;
use super::read_options::ReadOptions;
use super::since::known_since;
use crate::calendar::{Calendar, day_of};
use crate::disk;
use crate::error::{Error, Result};
use crate::protocol::attempts::{Attempts, LocalDay};
use crate::protocol::memory::{Deliveries, Messages};
use crate::protocol::{Bulk, Protocol, Raise};
use crate::source::directory::{Found, Listing, list};
use crate::source::offset::MULTILOG;
use crate::source::stdin::Input;
use crate::store::state::{State, Understood};
use crate::tally::Tally;
use known::Known;
use reading::Reading;
pub use reading::{Checkpoint, Stretch};

/// Everything that one reading found.
pub struct Intake {
    protocol: &'static Protocol,
    how: ReadOptions,
    /// By how many seconds the labels of the directory that is being read are ahead of unix time.
    tai_offset: i64,
    tally: Tally,
    /// What counts the protocol's usual lines many at once.
    bulk: Box<dyn Bulk>,
    /// The open deliveries of the directory that is being read.
    deliveries: Deliveries,
    /// The messages in the queues of all sources.
    messages: Messages,
    /// How attempts ended today and yesterday.
    attempts: Attempts,
    calendar: Calendar,
    /// The state as it will be; its bins are in the tally until [`Intake::finish`].
    pub state: State,
    /// What is to be archived.
    pub plan: ArchivePlan,
    /// The chunks' files, for the plan.
    pub files: Vec<Kept>,
    /// A chunk that was listed was gone when its turn came: it was removed, or processed by a commit that is younger
    /// than the state that this reading began from.
    pub missed: bool,
    /// Bytes that lay beyond the cursors.
    pub new_bytes: u64,
    understood: Understood,
    /// Lines of log directories that were counted.
    lines: u64,
    /// Each chunk that such lines stood in, and their number.
    chunks_read: Vec<(String, u64)>,
    known: Known,
    /// Of each stream in the ledger, by position; `None`: not read yet.
    readings: Vec<Option<Reading>>,
    /// What one line raises, before it is known how often it counts.
    scratch: Vec<i128>,
    /// Sources that cannot be read.
    unread: Vec<String>,
    /// The time of the previous line of the chunk that is being read, for a line without a stamp; 0: there was none.
    before: i64,
    /// Streams whose file is away at this moment.
    away: Vec<usize>,
    /// Streams that toaster.conf does not name any more, and that are read for the last time.
    left: Vec<usize>,
    /// Those of them that are read on, because what replaces them has no line yet.
    read_on: Vec<usize>,
    /// Logs that are copies of others of this machine's, and the names of those.
    copies: Vec<(String, String)>,
    /// Further names of files that are read.
    twins: Vec<Twin>,
    /// Why a query has no answer: without this source its numbers would be lower than those of an earlier one.
    pub failed: Option<Error>,
}

/// The local day of `now` (unix seconds), and the one before.
fn two_days(now: i64) -> [LocalDay; 2] {
    let day = |secs: i64| {
        let (date, begin) = day_of(secs);
        LocalDay { date, begin }
    };
    let today = day(now);
    [today, day(today.begin - 1)]
}

impl Intake {
    /// Begins from the last commit. `log` is the archive's file name, `messages` what that commit knows of the queue.
    pub fn new(
        protocol: &'static Protocol,
        log: &str,
        untai: bool,
        how: ReadOptions,
        state: State,
        messages: Messages,
    ) -> Self {
        let tally = Tally::new(protocol, how.step, how.now, state.pushed, state.bins.clone());
        let plan =
            ArchivePlan::new(log, untai, how.tai_offset.unwrap_or(MULTILOG), state.open_archives.clone());
        let calendar = Calendar::new(how.now);
        let days = if protocol.attempts.is_some() { two_days(how.now) } else { Default::default() };
        let attempts = Attempts::of(protocol.attempts, &state.attempts, days);
        Intake {
            protocol,
            how,
            tai_offset: how.tai_offset.unwrap_or(MULTILOG),
            tally,
            bulk: protocol.bulk(),
            deliveries: Deliveries::default(),
            messages,
            attempts,
            calendar,
            state,
            plan,
            files: Vec::new(),
            missed: false,
            new_bytes: 0,
            understood: Understood::default(),
            lines: 0,
            chunks_read: Vec::new(),
            known: Known::default(),
            readings: Vec::new(),
            scratch: vec![0; protocol.counters.len()],
            unread: Vec::new(),
            before: 0,
            away: Vec::new(),
            left: Vec::new(),
            read_on: Vec::new(),
            copies: Vec::new(),
            twins: Vec::new(),
            failed: None,
        }
    }

    /// Is this the reading of a query, which is thrown away afterwards?
    pub fn is_query(&self) -> bool {
        !self.how.may_time_out
    }

    /// Notes the first reason why there is no answer.
    pub fn fail(&mut self, reason: Error) {
        self.failed.get_or_insert(reason);
    }

    /// Opens what the log directory at `path` holds for us; `stdin` is the chunk that was handed to us,
    /// if it is of it. At most `most_held` left-over chunks are open afterwards. Nothing is counted yet.
    ///
    /// # Errors
    /// When something in it cannot be opened.
    pub fn open(&self, path: &Path, stdin: Option<&Input>, most_held: usize) -> Result<Listing> {
        list(path, &self.state.ledger, stdin.map(|s| disk::file_id(&s.chunk.meta)), most_held)
    }

    /// Reads what was opened at `path`.
    ///
    /// # Errors
    /// When a chunk cannot be read to its end. Part of it may be in the tally then: what was gathered
    /// must not be committed.
    pub fn read_directory(&mut self, path: &Path, listing: Listing) -> Result<()> {
        let known = self.state.ledger.directory(&path.to_string_lossy());
        if listing.is_missing && self.how.may_time_out && self.state.ledger.directories[known].last_time > 0 {
            // A query may know then that nothing more will come of it.
            self.unread.push(path.to_string_lossy().into_owned());
        }
        self.find_offset(known, path, &listing)?;
        for &done in &listing.done {
            self.state.ledger.cursors[done].seen = self.how.now;
        }
        for found in listing.chunks {
            match found {
                Found::Open(chunk) => self.chunk(known, chunk, false, path)?,
                Found::Waiting(waiting) => match waiting.open()? {
                    Some(chunk) => {
                        let before = self.files.len();
                        self.chunk(known, chunk, false, path)?;
                        // Not held any longer.
                        if let Some(kept) = self.files.get_mut(before) {
                            *kept = Kept::Named { path: waiting.path, file: waiting.file };
                        }
                    }
                    None => self.missed = true,
                },
            }
        }
        if self.how.may_time_out {
            self.give_up_waiting(known);
        }
        Ok(())
    }

    /// Reads a stdin that belongs to no directory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn loose(&mut self, input: &Input) -> Result<()> {
        let known = self.state.ledger.directory("");
        self.find_offset(known, Path::new(""), &Listing::default())?;
        self.chunk(known, input.chunk.again()?, input.is_pipe, Path::new("standard input"))
    }

    /// The state with all bins.
    pub fn finish(mut self) -> (State, ArchivePlan, Vec<Kept>) {
        self.state.open_archives.clone_from(&self.plan.open);
        self.state.unread = std::mem::take(&mut self.unread);
        self.state.understood.add(self.understood);
        if self.understood.all() > 0 {
            let today = self.calendar.today();
            if self.state.understood_lately.0 != today {
                self.state.understood_lately = (today, Understood::default());
            }
            self.state.understood_lately.1.add(self.understood);
        }
        let first = self.readings.iter().flatten().filter_map(|reading| reading.first);
        let first = first.chain(self.tally.earliest()).min();
        known_since(&mut self.state, first, &self.how);
        let mut streams = std::mem::take(&mut self.state.ledger.streams);
        for (stream, reading) in streams.iter_mut().zip(std::mem::take(&mut self.readings)) {
            if let Some(reading) = reading {
                let deliveries = reading.end(stream);
                stream.open = self.put_down(deliveries);
            }
        }
        self.state.ledger.streams = streams;
        self.settle_names();
        self.end_memory();
        self.end_attempts();
        let calendar = &mut self.calendar;
        self.state.absorb_bins(self.protocol, self.tally.finish(), |secs| calendar.day(secs));
        (self.state, self.plan, self.files)
    }

    /// Takes what was measured now.
    pub fn measured(&mut self, measurement: impl FnOnce(&mut Raise<'_>)) {
        measurement(&mut self.tally.values_at(self.how.now));
    }

    /// Was a line of the protocol's programs met in this reading?
    pub fn has_met_its_own(&self) -> bool {
        self.understood.all() > 0
    }

    /// Unix seconds.
    pub fn now(&self) -> i64 {
        self.how.now
    }

    /// The source `name` cannot be read: is that to be said? An advance says it once, a query each time.
    pub fn cannot_read(&mut self, name: &str) -> bool {
        let is_known = self.state.unread.iter().any(|n| n == name);
        self.unread.push(name.to_owned());
        !(is_known && self.how.may_time_out)
    }

    /// Notes that this process did not try to read the source `name`: whether it could be read before stays in the
    /// state.
    pub fn still_unread(&mut self, name: &str) {
        if self.state.unread.iter().any(|n| n == name) {
            self.unread.push(name.to_owned());
        }
    }
}

//! `advance`: the one operation that everything else is made of.
//!
//! Under the protocol's lock: finish or undo what a crash left, read every source from its cursor to
//! its end, classify, tally by step, commit. A roll, `maillogs update` and `maillogs graph` are all
//! this; a query is its reading half, in memory.
mod gather;
mod plan;

pub use gather::{Gather, How};
pub use plan::Calendar;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Config;
use crate::error::{At, Error, Result, warn};
use crate::protocol::{POP3D, Protocol, SMTPD, send::SEND};
use crate::source::directory::Listing;
use crate::source::stdin::Input;
use crate::store::commit::{Origin, Store};
use crate::store::pack;
use crate::store::rrd::Update;
use crate::store::state::State;
use crate::tally;

/// A logger's processor: what it is called, what it counts, where its lines stand.
#[derive(Debug)]
pub struct Feed {
    /// The personality (argv\[0\]) and the name of its archive.
    pub log: &'static str,
    /// What its lines count.
    pub protocol: &'static Protocol,
    /// The log directories that the configuration names.
    pub directories: fn(&Config) -> &[PathBuf],
    /// The counter file's name.
    pub counter_file: fn(&Config) -> &str,
}

/// Every processor, in the order of the usage.
pub const FEEDS: &[Feed] = &[
    Feed {
        log: "sendlog",
        protocol: &SEND,
        directories: |c| &c.logs_send_dirs,
        counter_file: |c| &c.logs_send_count,
    },
    Feed {
        log: "smtplog",
        protocol: &SMTPD,
        directories: |c| &c.logs_smtp_dirs,
        counter_file: |c| &c.logs_rbl_count,
    },
    Feed {
        log: "pop3log",
        protocol: &POP3D,
        directories: |c| &c.logs_pop3_dirs,
        counter_file: |c| &c.logs_pop3_count,
    },
];

/// As long a personality waits for the lock.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One protocol's feed under one configuration.
#[derive(Debug)]
pub struct Job<'a> {
    /// What is in force.
    pub config: &'a Config,
    /// What is fed.
    pub feed: &'static Feed,
    /// The clock, unix seconds. It is read once the lock is held.
    pub clock: fn() -> i64,
}

/// How an advance is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Push every bin whose end is past.
    pub flush: bool,
    /// Count stdin even if its content is known.
    pub force: bool,
    /// How long to wait for the lock.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options { flush: false, force: false, patience: PATIENCE }
    }
}

impl Job<'_> {
    /// Where the protocol's files are.
    pub fn store(&self) -> Store {
        let (config, feed) = (self.config, self.feed);
        Store {
            base: config.logs_base.clone(),
            protocol: feed.protocol,
            counter_file: config.logs_counters.join((feed.counter_file)(config)),
            legacy: Vec::new(),
            state_dir: config.logs_base.join("state"),
            rrd: config.rrd_dir.join(format!("{}.rrd", feed.protocol.name)),
            step: i64::from(config.rrd_step),
        }
    }

    /// How its sources are read.
    pub fn how(&self, now: i64, origin: Origin) -> How {
        How {
            step: i64::from(self.config.rrd_step),
            tai_offset: self.config.logs_tai_offset,
            now,
            archive: self.config.logs_archive,
            may_time_out: false,
            origin,
            force: false,
        }
    }

    /// Begins to read from `state`.
    pub fn gather(&self, how: How, state: State) -> Gather {
        Gather::new(self.feed.protocol, self.feed.log, self.config.logs_archive_untai, how, state)
    }

    /// The directories to read: those of the configuration, and those that a logger ran us in.
    pub fn directories(&self, state: &State) -> Vec<PathBuf> {
        let named = (self.feed.directories)(self.config).iter().map(PathBuf::as_path);
        let known = state.ledger.directories.iter().map(|d| Path::new(&d.path));
        let mut all: Vec<PathBuf> = Vec::new();
        for path in named.chain(known.filter(|p| !p.as_os_str().is_empty())) {
            // One that was not there when it was met first is known by a name that led nowhere then.
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            if !all.contains(&path) {
                all.push(path);
            }
        }
        all
    }

    /// The one operation. `input` is what the logger hands to us; `pass` copies it to where it goes.
    ///
    /// # Errors
    /// When the lock, a source that is ours, the state or the archive cannot be had. Nothing has
    /// happened then, or the next process finishes it.
    pub fn advance(
        &self,
        input: Option<Input>,
        pass: &mut dyn FnMut() -> Result<()>,
        options: Options,
    ) -> Result<()> {
        let store = self.store();
        let mut session = store.open(options.patience, (self.clock)())?;
        let now = (self.clock)();
        let how = How { may_time_out: true, force: options.force, ..self.how(now, session.origin) };
        let mut state = session.state.clone();
        mend_bins(&store, &mut state, now);
        let had_input = input.is_some();
        let (gather, complete) = self.gather_all(how, &state, input.as_ref())?;
        let (mut state, plan, files) = gather.finish();
        if complete {
            state.seen = now;
        }
        state.ledger.prune(now);
        session.archive(self.feed.log, &plan.days(), &plan.with(&files), pass)?;
        let updates = self.take_due(&mut state, now, options.flush);
        if had_input || session.edited || is_news(&state, &session.state, &updates) {
            session.commit(state, updates, now)?;
        }
        Ok(())
    }

    /// Compresses the archive's days that are over; where it is asked for, removes the old ones.
    ///
    /// # Errors
    /// When a file of the archive cannot be read, written or removed.
    pub fn tidy(&self, patience: Duration) -> Result<()> {
        let (config, store, now) = (self.config, self.store(), (self.clock)());
        if !config.logs_archive {
            return Ok(());
        }
        let today = Calendar::new(now).today();
        let kept = i64::from(config.logs_archive_days) * 86_400;
        let oldest = Calendar::new(now - kept).today();
        let logs: Vec<&str> = FEEDS.iter().map(|f| f.log).collect();
        for day in pack::days(&store.base)? {
            if config.logs_archive_purge && day < oldest {
                pack::purge(&store.base, day, &logs)?;
            } else if day < today {
                pack::pack(&store, self.feed.log, day, now, patience)?;
            }
        }
        Ok(())
    }

    /// Every source, oldest lines first. A directory that cannot be read is said and left out: its lines wait.
    /// What was handed to us is read all the same, and whether or not it still stands in its directory. `true`:
    /// everything was read.
    fn gather_all(&self, how: How, state: &State, input: Option<&Input>) -> Result<(Gather, bool)> {
        let mut directories = self.directories(state);
        let own = input.and_then(|i| i.directory.clone());
        if let Some(own) = &own
            && !directories.contains(own)
        {
            directories.push(own.clone());
        }
        let mut complete = true;
        'anew: loop {
            let mut gather = self.gather(how, state.clone());
            for (i, directory) in directories.iter().enumerate() {
                let stdin = input.filter(|_| own.as_ref() == Some(directory));
                let opened = gather.open(directory, stdin).unwrap_or_else(|e| {
                    warn(format_args!("{e}; the lines of {} wait", directory.display()));
                    complete = false;
                    Listing::default()
                });
                let listing = match stdin {
                    Some(stdin) => opened.with(&stdin.chunk)?,
                    None => opened,
                };
                match gather.read_directory(directory, listing) {
                    Ok(()) => {}
                    Err(e) if stdin.is_some() => return Err(e),
                    // Part of it may be counted by now: without it, from the beginning.
                    Err(e) => {
                        warn(format_args!("{e}; the lines of {} wait", directory.display()));
                        complete = false;
                        directories.remove(i);
                        continue 'anew;
                    }
                }
            }
            if let Some(input) = input.filter(|i| i.directory.is_none()) {
                gather.loose(input)?;
            }
            return Ok((gather, complete));
        }
    }

    /// Takes the bins that are complete out of the state, to be pushed.
    fn take_due(&self, state: &mut State, now: i64, flush: bool) -> Vec<Update> {
        let protocol = self.feed.protocol;
        let step = i64::from(self.config.rrd_step);
        let mut updates = Vec::new();
        for _ in 0..tally::due(&state.bins, state.pushed, step, now, flush) {
            let Some((begin, bin)) = state.bins.pop_first() else { break };
            let has_gauge =
                protocol.counters.iter().zip(&bin.values).any(|(c, v)| c.kind.is_gauge() && *v != 0);
            if has_gauge {
                state.gauges.clone_from(&bin.values);
            }
            state.pushed = begin + step;
            updates.push((begin, bin.values));
        }
        updates
    }
}

/// So many days of bins wait for an RRD that cannot be written; then the oldest are put together.
const WAITING_DAYS: i64 = 31;

/// Brings the waiting bins into order when the world has changed under them: `rrd_step` is another,
/// the clock was set back (what begins after now belongs to now's bin), or too many wait.
fn mend_bins(store: &Store, state: &mut State, now: i64) {
    let today = tally::begin(now, store.step);
    if state.pushed > now + 3600 {
        // The RRD is moved aside when the next bin is pushed: it holds the future.
        warn(format_args!(
            "{}: holds times that are still to come (was the clock wrong?); a new one is begun when the next step ends",
            store.rrd.display()
        ));
        state.pushed = today;
    }
    // The step may be another than when it was pushed, and a clock that ran ahead may have told these times.
    state.pushed = tally::begin(state.pushed, store.step);
    for bin in state.bins.values_mut() {
        bin.born = bin.born.min(now);
        bin.touched = bin.touched.min(now);
    }
    let odd: Vec<i64> = state.bins.keys().copied().filter(|k| k % store.step != 0).collect();
    for begin in odd {
        tally::move_bin(store.protocol, &mut state.bins, begin, tally::begin(begin, store.step));
    }
    let most = usize::try_from(WAITING_DAYS * 86_400 / store.step).unwrap_or(usize::MAX);
    while state.bins.len() > most
        && let Some((&oldest, &next)) = state.bins.keys().next().zip(state.bins.keys().nth(1))
    {
        tally::move_bin(store.protocol, &mut state.bins, oldest, next);
    }
    let floor = today.max(state.pushed);
    let early: Vec<i64> = state.bins.range(floor + 1..).map(|(k, _)| *k).collect();
    for begin in early {
        tally::move_bin(store.protocol, &mut state.bins, begin, floor);
    }
}

/// Is there anything that a commit would keep, besides that we looked?
fn is_news(new: &State, old: &State, updates: &[Update]) -> bool {
    let mut old = old.clone();
    for (was, is) in old.ledger.cursors.iter_mut().zip(&new.ledger.cursors) {
        was.seen = is.seen;
    }
    // Graphs draw zeros up to `seen`, so it must move on in a quiet night.
    old.seen = new.seen.min(old.seen + 59);
    !updates.is_empty() || old != *new
}

/// Copies the input to stdout, whole, and makes it durable: svlogd does not.
///
/// # Errors
/// When either cannot be read or written.
pub fn pass_through(input: &std::fs::File, length: u64) -> Result<()> {
    use std::io::Write;
    use std::os::fd::AsFd;
    let name = Path::new("standard output");
    let mut stdout = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().at("open", name)?);
    crate::store::archive::copy(input, 0, length, &mut stdout).at("write", name)?;
    stdout.flush().at("write", name)?;
    match stdout.sync_all() {
        // A pipe, a terminal, /dev/null: nothing to make durable.
        Err(e)
            if !matches!(
                e.raw_os_error(),
                Some(nix::libc::EINVAL | nix::libc::EROFS | nix::libc::ENOTSUP)
            ) =>
        {
            Err(e).at("fsync", name)
        }
        _ => Ok(()),
    }
}

/// The feed of a protocol or a personality.
///
/// # Errors
/// When there is none of that name.
pub fn feed(name: &str) -> Result<&'static Feed> {
    FEEDS
        .iter()
        .find(|f| f.log == name || f.protocol.name == name)
        .ok_or_else(|| Error::Message(format!("{name}: there is no such protocol")))
}

#[cfg(test)]
mod tests;

//! What the commands share: the job, the clock, the host's name, standard output.
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;

use super::exit::FAILED;
use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::ingest::{Feed, Job, feeds};
use crate::reading::{OLD, Reading};
use crate::say::warn;
use crate::{owner, query};

/// The message of `error`; where rights were missing it points to `maillogs check`.
pub(super) fn with_way_out(error: &Error) -> String {
    match error {
        Error::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            format!("{error}; run `maillogs check` as root: it says which user has to own it")
        }
        _ => error.to_string(),
    }
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn job<'a>(config: &'a Config, feed: &'a Feed) -> Job<'a> {
    Job { config, feed, clock: now, as_root: owner::as_root }
}

/// The feed of a protocol, or of one that has a section of this name.
pub(super) fn feed(config: &Config, protocol: &str) -> Result<Feed> {
    let found = feeds(config).into_iter().find(|feed| feed.protocol.parts().any(|part| part == protocol));
    found.ok_or_else(|| Error::Message(format!("{protocol}: there is no such protocol")))
}

/// What every protocol, and every section of one, is at by its last commit. One that cannot be read spoils nothing of the
/// others: it is said.
pub(super) fn readings(config: &Config, now: i64) -> Vec<Reading> {
    let parts = |feed: &Feed| query::parts(feed.protocol, last_commit(&job(config, feed), now));
    feeds(config).iter().flat_map(parts).collect()
}

/// As [`readings`], after an update that failed with `error`: what could not be read for a while says why.
pub(super) fn readings_with_reasons(config: &Config, now: i64, error: Option<&Error>) -> Vec<Reading> {
    let of = |feed: &Feed| {
        let job = job(config, feed);
        let mut reading = last_commit(&job, now);
        if reading.failed.is_none() && reading.seen > 0 && now - reading.seen > OLD {
            let looked = query::glance(&job, now);
            // The values are those of the commit, and right: only its lines since then wait.
            reading.closed = looked.closed.or(looked.failed).or_else(|| error.map(ToString::to_string));
        }
        query::parts(feed.protocol, reading)
    };
    feeds(config).iter().flat_map(of).collect()
}

fn last_commit(job: &Job<'_>, now: i64) -> Reading {
    query::last_commit(job, now).unwrap_or_else(|e| {
        warn(with_way_out(&e));
        query::unreadable(job, &e)
    })
}

/// What this server is called.
pub(super) fn host(config: &Config) -> String {
    if let Some(name) = &config.toaster_hostname {
        return name.clone();
    }
    let mut name = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    if name.is_empty() {
        name.push_str("localhost");
    }
    name
}

/// Writes `text` to standard output.
///
/// # Errors
/// When it is closed or full.
pub(super) fn print(text: &[u8]) -> Result<()> {
    printed(std::io::stdout().lock().write_all(text))
}

/// As [`print()`], for people: `| head` has seen enough, and is no error.
///
/// # Errors
/// When it is full.
pub(super) fn print_for_people(text: &[u8]) -> Result<()> {
    unless_closed(print(text))
}

/// Prints a help, or the version.
pub(super) fn print_help(help: &clap::Error) -> ExitCode {
    match unless_closed(printed(help.print())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            warn(e);
            ExitCode::from(FAILED)
        }
    }
}

/// Flushes standard output, so that an error that comes late is noticed.
fn printed(written: std::io::Result<()>) -> Result<()> {
    written.and_then(|()| std::io::stdout().flush()).at("write", Path::new("standard output"))
}

/// Who has closed the pipe has seen enough.
pub(super) fn unless_closed(printed: Result<()>) -> Result<()> {
    match printed {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// All values of an argument.
pub(super) fn strings(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).map(|values| values.cloned().collect()).unwrap_or_default()
}

//! One protocol: its lock, state, counter file and RRD, its sources, and whether its lines are understood.
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Level, Report, Source, Summary, holder, places};
use crate::config::Config;
use crate::error::{Error, hold_warnings, take_warnings};
use crate::ingest::{Job, S6_LOG, Syslog, machine_name, stream_names};
use crate::protocol::Kind;
use crate::query;
use crate::store::commit::{Health, Store};
use crate::store::counters;
use crate::store::disk;
use crate::store::push::FUTURE;
use crate::store::rrd::header::{Look, look};
use crate::store::state::State;

const DAY: i64 = 86_400;
/// A counter that moved so often on its last day is missed when it stands still.
const BUSY: i128 = 100;
/// So many lines tell how many of them are understood.
const TELLING: u64 = 100;
/// A commit takes less; who holds the lock for longer hangs.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn check(report: &mut Report, job: &Job<'_>) {
    let (store, now) = (job.store(), (job.clock)());
    hold_warnings();
    let answer = query::look(job, now);
    let mut said = take_warnings();
    if let Ok(answer) = &answer {
        said.extend(answer.failed.iter().map(ToString::to_string));
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(e) => return report.of(job.feed, Level::Error, "state", path(&store.state_dir), e.to_string()),
    };
    for text in said {
        report.of(job.feed, Level::Error, "source", job.feed.protocol.name, text);
    }
    let sources = sources(job, &answer.state, now);
    let used =
        sources.iter().any(|s| s.present || s.last_line > 0) || answer.state.totals.iter().any(|t| *t != 0);
    health(report, job, &store, used);
    if let Some(clash) = store.clash(&answer.state) {
        report.of(job.feed, Level::Error, "configuration", path(&store.base), clash);
    }
    database(report, job, &store, &answer.state, now, used);
    tell_sources(report, job, &answer.state, &sources, now);
    understood(report, job, &answer.state);
    silent(report, job, &answer.state, &sources);
    report.protocols.push(Summary {
        name: job.feed.protocol.name.to_owned(),
        used,
        commits: answer.commit,
        seen: answer.state.seen,
        sources,
        lines_known: answer.state.understood.known,
        lines_unknown: answer.state.understood.unknown,
        waiting_bytes: answer.new_bytes,
    });
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Lock, state, journal, counter file. Of a protocol that is not used only what is wrong is said.
fn health(report: &mut Report, job: &Job<'_>, store: &Store, used: bool) {
    let number = || store.read().ok().flatten().map_or(0, |state| state.number);
    for health in settled(|| (number(), store.health((job.clock)()))) {
        let (check, level, subject, text) = match health {
            Health::Fine => ("state", Level::Ok, path(&store.state_dir), "can be read".to_owned()),
            Health::Fresh => {
                ("state", Level::Note, path(&store.state_dir), "nothing was counted yet".to_owned())
            }
            Health::Damaged(file) => (
                "state",
                Level::Error,
                path(&file),
                "is damaged; the next update sets it aside and goes on from a copy of it, or else from the counter file"
                    .to_owned(),
            ),
            Health::Unfinished(file) => (
                "state",
                Level::Warning,
                path(&file),
                "a commit was cut off; the next update finishes it".to_owned(),
            ),
            Health::Locked(file) => ("lock", Level::Warning, path(&file), held(&file)),
            Health::Edited(file) => edited(store, &file),
            Health::Unreadable(file, why) => ("state", Level::Error, path(&file), why),
            Health::Behind(copy) => (
                "state",
                Level::Warning,
                path(&store.state_dir),
                format!(
                    "the state is gone or older than its copy {}; the next update goes on from that",
                    path(&copy)
                ),
            ),
            Health::Vanished(dir, since) => (
                "state",
                Level::Error,
                path(&dir),
                format!("is gone with everything in it, noticed {}; mount its disk, or do what update says", ago((job.clock)() - since)),
            ),
            Health::OlderCounters(file) => (
                "counters",
                Level::Warning,
                path(&file),
                "is an older copy; the next update writes it anew".to_owned(),
            ),
            Health::Aside(file, time, why) => (
                "state",
                Level::Note,
                path(&file),
                format!("was moved aside {} because {why}; remove it when nobody needs it", ago((job.clock)() - time)),
            ),
        };
        if used || level > Level::Note {
            report.of(job.feed, level, check, subject, text);
        }
    }
}

/// A lock that is not given back.
fn held(lock: &Path) -> String {
    let seconds = PATIENCE.as_secs();
    match holder::holder(lock) {
        Some(holder) => format!(
            "has been held for {seconds} s by {holder}; if it hangs, kill it: the next one finishes what it began"
        ),
        None => {
            format!("has been held for {seconds} s; a maillogs may hang: `fuser -v {}` names it", path(lock))
        }
    }
}

/// What is wrong and stays so: a commit that is under way holds the lock, and looks like one that was cut off. It may
/// begin while we look: what is wrong has to be so twice, with no commit in between. `look` gives the number of the
/// last commit, and after that how all is.
fn settled(mut look: impl FnMut() -> (u64, Vec<Health>)) -> Vec<Health> {
    let begun = Instant::now();
    let (mut first, mut before) = (None, None);
    loop {
        let (number, found) = look();
        let locked = found.iter().any(|h| matches!(h, Health::Locked(_)));
        let well = found.iter().all(|h| matches!(h, Health::Fine | Health::Fresh | Health::Aside(..)));
        let now = (number, found);
        if well || (!locked && before.as_ref() == Some(&now)) {
            return now.1;
        }
        first = first.or(Some(number));
        if begun.elapsed() >= PATIENCE {
            // Of a commit that is not over, only this can be said; where others came meanwhile, nothing hangs.
            let hangs = first == Some(number);
            return now.1.into_iter().filter(|_| hangs).filter(|h| matches!(h, Health::Locked(_))).collect();
        }
        before = Some(now);
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A counter file that is not as it was written.
fn edited(store: &Store, file: &Path) -> (&'static str, Level, String, String) {
    let way = "the next update writes it anew";
    let read = disk::read(file).map(|bytes| bytes.map(|bytes| counters::parse(store.protocol, &bytes)));
    let (level, text) = match read {
        Ok(None) => (Level::Warning, format!("is gone; {way}")),
        Err(Error::TooLarge { most, .. }) => {
            let text = format!(
                "has more than {most} bytes, which no counter file has; the next update keeps it aside, and the counters go on"
            );
            (Level::Error, text)
        }
        Ok(Some(read)) if read.is_hopeless() => {
            (Level::Error, "is damaged; the next update keeps it aside, and the counters go on".to_owned())
        }
        Ok(Some(read)) if !read.rejected.is_empty() => {
            let lines: Vec<String> =
                read.rejected.iter().take(20).map(|(line, _)| line.to_string()).collect();
            let text = format!(
                "has lines that are no counters ({}); the next update keeps them aside",
                lines.join(", ")
            );
            (Level::Error, text)
        }
        _ => (Level::Warning, "was changed by hand; the next update takes its values".to_owned()),
    };
    ("counters", level, path(file), text)
}

fn database(report: &mut Report, job: &Job<'_>, store: &Store, state: &State, now: i64, used: bool) {
    let subject = path(&store.rrd);
    let mut say = |level, text: &str| report.of(job.feed, level, "rrd", &subject, text);
    let wanted = store.protocol.counters.iter().map(|c| c.ds).filter(|ds| !ds.is_empty());
    match look(&store.rrd) {
        Err(e) => say(Level::Error, &e.to_string()),
        Ok(Look::Missing) if !used => {}
        Ok(Look::Missing) if state.pushed == 0 => say(Level::Note, "is made when the first step is complete"),
        Ok(Look::Missing) => say(
            Level::Error,
            "is gone; the next update begins a new one, with the minutes that were written lately",
        ),
        Ok(Look::Broken(why)) => {
            say(Level::Error, &format!("is damaged ({why}); it is set aside at the next push"));
        }
        Ok(Look::Sound(header)) => {
            if i64::try_from(header.step) != Ok(store.step) {
                say(Level::Error, "has another step than rrd_step; it is set aside at the next push");
            } else if !header.sources.iter().map(|s| s.name.as_str()).eq(wanted) {
                say(Level::Warning, "lacks data sources of today's table; the next update migrates it");
            } else if header.last_update > now + FUTURE {
                say(
                    Level::Error,
                    "has times that are days ahead (was the clock wrong?); the next push moves it aside, and a new one goes on with its past",
                );
            } else if header.last_update > now + 3600 {
                say(
                    Level::Warning,
                    &format!(
                        "has minutes that are still to come (was the clock wrong?); those from now on wait for {} min until they are over",
                        (header.last_update - now) / 60
                    ),
                );
            } else if header.last_update < state.rrd_end {
                say(
                    Level::Warning,
                    "is an older copy; the next update writes the minutes again that it lacks, as far as they are known",
                );
            } else {
                say(Level::Ok, "has the data sources of the protocol's table");
            }
        }
    }
}

/// Every source, whether it is there, and when its last line was.
fn sources(job: &Job<'_>, state: &State, now: i64) -> Vec<Source> {
    let feed = job.feed;
    let mut sources = Vec::new();
    for dir in job.directories(state).unwrap_or_else(|_| feed.directories.clone()) {
        let known = state.ledger.directories.iter().find(|d| Path::new(&d.path) == dir);
        sources.push(Source {
            name: path(&dir),
            present: dir.is_dir(),
            named: feed.directories.iter().any(|d| d.canonicalize().is_ok_and(|d| d == dir) || *d == dir),
            last_line: known.map_or(0, |d| d.last_time),
        });
    }
    for (name, _) in stream_names(job, &state.ledger.streams, now) {
        let ledger = &state.ledger;
        let known = ledger.stream(&name, &machine_name()).and_then(|at| ledger.streams.get(at));
        let present = name.starts_with("journald") || Path::new(&name).exists();
        sources.push(Source { present, named: true, last_line: known.map_or(0, |s| s.last_time), name });
    }
    for queue in &feed.queues {
        sources.push(Source { name: path(queue), present: queue.is_dir(), named: true, last_line: 0 });
    }
    sources
}

/// Says of every source how it is. That there is no POP3 server is no fault; that a log has gone is one, and that
/// there is none where toaster.conf says so of its own accord.
fn tell_sources(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Source], now: i64) {
    let feed = job.feed;
    let usual = Config::default();
    for source in sources {
        let wanted = source.named && is_asked_for(job, &usual, Path::new(&source.name));
        let (level, text) = match (source.present, source.last_line) {
            (true, _) if feed.queues.iter().any(|q| path(q) == source.name) => {
                (Level::Ok, "is there".to_owned())
            }
            (true, 0) => (Level::Ok, "no stamped line yet".to_owned()),
            (true, last) => {
                let level = if now - last > DAY { Level::Note } else { Level::Ok };
                (level, format!("last line {}", ago(now - last)))
            }
            (false, 0) if wanted => (
                Level::Warning,
                "toaster.conf names it, and it is not there; make it, or take it out".to_owned(),
            ),
            (false, 0) => (Level::Note, "is not there".to_owned()),
            (false, last) => (Level::Warning, format!("is gone; its last line was {}", ago(now - last))),
        };
        let unnamed =
            if source.named { "" } else { " (a logger ran us there; toaster.conf does not name it)" };
        report.of(feed, level, "source", &source.name, text + unnamed);
        labels(report, job, state, source);
        places::log_directory(report, feed, Path::new(&source.name));
    }
    if sources.is_empty() {
        let text = job.missing(state).unwrap_or_else(|| "it has no source".to_owned());
        report.of(feed, Level::Note, "source", feed.protocol.name, text);
    }
}

/// Says of a log directory that its labels are s6-log's, and how that is known.
fn labels(report: &mut Report, job: &Job<'_>, state: &State, source: &Source) {
    let Some(known) = state.ledger.directories.iter().find(|d| d.path == source.name) else { return };
    let found = i64::from(known.offset.known);
    let name = |offset| if offset == S6_LOG { "s6-log" } else { "multilog or svlogd" };
    match job.config.logs_tai_offset {
        None if found == S6_LOG => {
            let text = format!(
                "its labels are s6-log's, {S6_LOG} s ahead of unix time, as the times of its files tell"
            );
            report.of(job.feed, Level::Ok, "labels", &source.name, text);
        }
        Some(set) if found > 0 && found != set => {
            let text = format!(
                "logs_tai_offset = {set}, and the times of its files tell that its labels are those of {}, {found} s ahead of unix time; take the key out of toaster.conf",
                name(found)
            );
            report.of(job.feed, Level::Warning, "labels", &source.name, text);
        }
        _ => {}
    }
}

/// Does toaster.conf name `source` of its own accord, or is it only where one would look?
fn is_asked_for(job: &Job<'_>, usual: &Config, source: &Path) -> bool {
    let (config, feed) = (job.config, job.feed);
    if feed.directories.iter().any(|dir| dir == source) {
        let dirs =
            [&usual.logs_send_dirs, &usual.logs_smtp_dirs, &usual.logs_pop3_dirs].into_iter().flatten();
        let mut names = dirs.filter_map(|dir| dir.strip_prefix(&usual.logs_base).ok());
        return !names.any(|name| config.logs_base.join(name) == source);
    }
    if feed.queues.iter().any(|queue| queue == source) {
        return !usual.qmail_queue_dir.iter().any(|queue| queue == source);
    }
    feed.files.iter().any(|file| file == source) || matches!(feed.syslog, Syslog::Named(_))
}

/// `3 min ago`.
pub(super) fn ago(secs: i64) -> String {
    match secs {
        i64::MIN..=-60 => format!("{} s in the future", -secs),
        -59..120 => format!("{} s ago", secs.max(0)),
        120..7200 => format!("{} min ago", secs / 60),
        7200..172_800 => format!("{} h ago", secs / 3600),
        _ => format!("{} days ago", secs / DAY),
    }
}

/// The share of lines of no known form.
fn understood(report: &mut Report, job: &Job<'_>, state: &State) {
    // What is read now tells more than what was read for years, if it is enough.
    let lately = state.understood_lately.1;
    let lines = if lately.all() >= TELLING { lately } else { state.understood };
    let (unknown, all) = (lines.unknown, lines.all());
    if all == 0 {
        return;
    }
    let percent = u128::from(unknown) * 1000 / u128::from(all);
    let share = format!("{}.{} % of {all} lines are of no known form", percent / 10, percent % 10);
    if all >= TELLING && unknown * 10 > all {
        let text = format!("{share}: has a program changed what it logs? See the formats in README.md");
        report.of(job.feed, Level::Warning, "lines", job.feed.protocol.name, text);
    } else {
        report.of(job.feed, Level::Ok, "lines", job.feed.protocol.name, share);
    }
}

/// Counters that moved and stand still for a day, while their source goes on.
fn silent(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Source]) {
    let Some(last) = sources.iter().map(|s| s.last_line).max().filter(|last| *last > 0) else { return };
    let mut quiet = Vec::new();
    for (i, counter) in job.feed.protocol.counters.iter().enumerate() {
        let moved = state.moved.get(i).copied().unwrap_or(0);
        if moved == 0 || last - moved < DAY || matches!(counter.kind, Kind::Derived(_)) {
            continue;
        }
        let busy = state.newest_day.get(i).is_some_and(|(_, amount)| *amount >= BUSY)
            && matches!(counter.kind, Kind::Count);
        if busy {
            let text = format!(
                "has not moved since {} before the last line; did a program change what it logs?",
                ago(last - moved).trim_end_matches(" ago")
            );
            report.of(job.feed, Level::Warning, "silent", counter.key, text);
        } else {
            quiet.push(counter.key);
        }
    }
    if !quiet.is_empty() {
        let text = format!("not moved for a day: {}", quiet.join(", "));
        report.of(job.feed, Level::Note, "silent", job.feed.protocol.name, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settles(looks: Vec<(u64, Vec<Health>)>) -> Vec<Health> {
        let mut looks = looks.into_iter();
        let found = settled(|| looks.next().expect("settled before"));
        assert_eq!(looks.next(), None);
        found
    }

    /// Where the lock was free a moment before its journal was found.
    #[test]
    fn a_commit_that_begins_while_we_look_is_not_cut_off() {
        let cut_off = || vec![Health::Unfinished("send.journal".into())];
        let edited = || vec![Health::Edited("send.txt".into())];
        let locked = || vec![Health::Locked("send.lock".into()), Health::Fine];
        assert_eq!(settles(vec![(7, cut_off()), (8, vec![Health::Fine])]), [Health::Fine]);
        assert_eq!(
            settles(vec![(7, edited()), (8, cut_off()), (8, locked()), (9, cut_off()), (9, cut_off())]),
            cut_off()
        );
        assert_eq!(settles(vec![(7, cut_off()), (8, cut_off()), (9, vec![Health::Fresh])]), [Health::Fresh]);
    }
}

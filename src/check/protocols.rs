//! One protocol: its lock, state, counter file and RRD, then its sources and what it counts.
use std::path::Path;
use std::time::{Duration, Instant};

use super::finding::{Finding, Level, Report, Summary};
use super::sources::{self, ago};
use super::{counting, holder};
use crate::disk;
use crate::error::Error;
use crate::ingest::Job;
use crate::query;
use crate::say::gathered;
use crate::store::counters;
use crate::store::files::Store;
use crate::store::health::Health;
use crate::store::rrd::FUTURE;
use crate::store::rrd::header::{Look, peek};
use crate::store::state::State;

/// A commit takes less time than this. A process that holds the lock for longer hangs.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn check(report: &mut Report, job: &Job<'_>) {
    let (store, now) = (job.store(), (job.clock)());
    let (found, mut said) = gathered(|| query::look(job, now));
    if let Ok(found) = &found {
        said.extend(found.failed.iter().map(ToString::to_string));
    }
    let found = match found {
        Ok(found) => found,
        Err(e) => {
            let dir = path(&store.state_dir);
            // Of a file that logs_user may not read, that was said.
            let is_it =
                |f: &Finding| f.check == "rights" && f.level == Level::Error && f.subject.ends_with(&dir);
            if !(e.is_denied() && report.findings.iter().any(is_it)) {
                report.about_feed(job.feed, Level::Error, "state", dir, e.to_string());
            }
            return;
        }
    };
    for text in said {
        // Of a syslog that several protocols read it is said once.
        if report.findings.iter().any(|f| f.text == text) {
            continue;
        }
        report.about_feed(job.feed, Level::Error, "source", job.feed.protocol.name, text);
    }
    let sources = sources::sources(job, &found.state, now);
    let used = sources.iter().any(|seen| seen.source.present || seen.source.last_line > 0)
        || found.state.totals.iter().any(|t| *t != 0);
    health(report, job, &store, used);
    if let Some(clash) = store.clash(&found.state) {
        report.about_feed(job.feed, Level::Error, "configuration", path(&store.base), clash);
    }
    database(report, job, &store, &found.state, now, used);
    sources::tell(report, job, &found.state, &sources, now);
    counting::check(report, job, &found.state, &sources);
    report.protocols.push(Summary {
        name: job.feed.protocol.name.to_owned(),
        used,
        commits: found.state.number,
        seen: found.state.seen,
        sources: sources.into_iter().map(|seen| seen.source).collect(),
        lines_known: found.state.understood.known,
        lines_unknown: found.state.understood.unknown,
        waiting_bytes: found.new_bytes,
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
            report.about_feed(job.feed, level, check, subject, text);
        }
    }
}

/// The text about a lock that has been held for too long.
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

/// The problems that persist. A commit that is under way holds the lock and looks like one that was cut off, and it
/// may begin during the check. So a problem is reported only if it is found twice, with no commit in between. `look`
/// returns the number of the last commit, and the condition of the files after it.
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

/// The finding about a counter file that is not as maillogs wrote it.
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
    let mut say = |level, text: &str| report.about_feed(job.feed, level, "rrd", &subject, text);
    match peek(&store.rrd) {
        Err(e) => say(Level::Error, &e.to_string()),
        Ok(Look::Missing) if !used => {}
        Ok(Look::Missing) if state.pushed == 0 => {
            say(Level::Note, "is made when the first minute is complete")
        }
        Ok(Look::Missing) => say(
            Level::Error,
            "is gone; the next update begins a new one, with the minutes that were written lately",
        ),
        Ok(Look::Broken(why)) => {
            say(
                Level::Error,
                &format!("is damaged ({why}); the next update sets it aside and begins a new one"),
            );
        }
        Ok(Look::Sound(header)) => {
            if i64::try_from(header.step) != Ok(store.step) {
                say(
                    Level::Error,
                    "has another step than rrd_step; the next update sets it aside and begins a new one",
                );
            } else if !store.has_wanted_sources(&header) {
                say(Level::Warning, "lacks data sources for some of the counters; the next update adds them");
            } else if header.last_update > now + FUTURE {
                say(
                    Level::Error,
                    "has times that are days ahead (was the clock wrong?); the next update moves it aside, and a new one goes on with its past",
                );
            } else if header.last_update > now + 3600 {
                say(
                    Level::Warning,
                    &format!(
                        "has minutes in the future (was the clock wrong?); those from now on wait for {} min until they are over",
                        (header.last_update - now) / 60
                    ),
                );
            } else if header.last_update < state.rrd_end {
                say(
                    Level::Warning,
                    "is an older copy; the next update writes the missing minutes again, as far as they are known",
                );
            } else {
                say(Level::Ok, "has the data sources of all that was counted");
            }
        }
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

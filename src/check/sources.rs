//! The sources of a protocol: whether each is there, when its last line was, and what its newest lines tell.
use std::path::Path;

use chrono::NaiveDate;

use super::finding::{Level, Report, Source};
use super::newest::{self, Newest};
use super::places;
use crate::calendar::to_the_second;
use crate::config::Config;
use crate::ingest::{Job, S6_LOG, Syslog, elsewhere, machine_name, stream_names};
use crate::protocol::LogKind;
use crate::source::encoding;
use crate::source::journal::{self, JOURNAL};
use crate::source::offset::MULTILOG;
use crate::store::archive::name_of;
use crate::store::pack;
use crate::store::state::State;

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// The pauses of a log directory are known once its chunks go back this far (seconds), because that includes two
/// nights.
const TELLING: i64 = 2 * DAY;
/// A log directory pauses for longer than usual if it does so for this many times its longest pause.
const LONGER: i64 = 2;
/// The newest days of the archive that are looked at to learn the usual pauses, at most.
const MOST_DAYS: usize = 31;
/// With fewer days than this the usual pauses are not known.
const FEWEST_DAYS: usize = 3;

/// A source, and what its newest lines tell.
pub(super) struct Seen {
    pub source: Source,
    /// `None`: it has no lines, is not there or cannot be read.
    pub newest: Option<Newest>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    Stream(LogKind),
    Queue,
}

impl Seen {
    /// Is every line of it the protocol's?
    pub fn is_dedicated(&self) -> bool {
        matches!(self.kind, Kind::Directory | Kind::Stream(LogKind::Dedicated))
    }
}

/// Every source, whether it is there, and when its last line was.
pub(super) fn sources(job: &Job<'_>, state: &State, now: i64) -> Vec<Seen> {
    let feed = job.feed;
    let mut sources = Vec::new();
    for dir in job.directories(state).unwrap_or_else(|_| feed.directories.clone()) {
        let known = state.ledger.directories.iter().find(|d| Path::new(&d.path) == dir);
        let source = Source {
            name: path(&dir),
            present: dir.is_dir(),
            named: feed.directories.iter().any(|d| d.canonicalize().is_ok_and(|d| d == dir) || *d == dir),
            last_line: known.map_or(0, |d| d.last_time),
        };
        let found = known.map(|d| i64::from(d.offset.known)).filter(|found| *found > 0);
        let tai_offset = job.config.logs_tai_offset.or(found).unwrap_or(MULTILOG);
        let newest = if source.present { newest::of_directory(job, &dir, now, tai_offset) } else { None };
        sources.push(Seen { source, newest, kind: Kind::Directory });
    }
    for (name, place) in stream_names(job, &state.ledger.streams, now).read {
        let ledger = &state.ledger;
        let known = ledger.stream(&name, &machine_name()).and_then(|at| ledger.streams.get(at));
        let file = Path::new(&name);
        let present = name.starts_with("journald") || file.exists();
        let newest = if file.is_absolute() { newest::of_file(job, file, place, now) } else { None };
        let source = Source { present, named: true, last_line: known.map_or(0, |s| s.last_time), name };
        sources.push(Seen { source, newest, kind: Kind::Stream(place) });
    }
    for queue in &feed.queues {
        let source = Source { name: path(queue), present: queue.is_dir(), named: true, last_line: 0 };
        sources.push(Seen { source, newest: None, kind: Kind::Queue });
    }
    sources
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Reports the condition of every source. A source that was never there is no fault, because a server may have no
/// POP3. But it is one if a log has disappeared, or if toaster.conf explicitly names a log that does not exist.
pub(super) fn tell(report: &mut Report, job: &Job<'_>, state: &State, sources: &[Seen], now: i64) {
    let feed = job.feed;
    let usual = Config::default();
    for Seen { source, newest, kind } in sources {
        let wanted = source.named && is_asked_for(job, &usual, Path::new(&source.name));
        let (level, text) = match (source.present, source.last_line) {
            (true, _) if *kind == Kind::Queue => (Level::Ok, "is there".to_owned()),
            (true, 0) if newest.as_ref().is_some_and(|newest| newest.is_bare) => {
                (Level::Ok, "has lines without stamps".to_owned())
            }
            (true, 0) => (Level::Ok, "no stamped line yet".to_owned()),
            (true, last) => {
                let alone = sources.iter().filter(|s| s.kind == Kind::Directory).count() == 1;
                let down = newest
                    .as_ref()
                    .filter(|_| *kind == Kind::Directory)
                    .and_then(|newest| why_it_is_down(job, newest, now - last, alone));
                match down {
                    Some(why) => (
                        Level::Warning,
                        format!("last line {}; {why}: is its service down, or its logger?", ago(now - last)),
                    ),
                    None if now - last > DAY => {
                        let way = way_to_the_journal(job, *kind, &source.name);
                        (Level::Note, format!("last line {}{way}", ago(now - last)))
                    }
                    None => (Level::Ok, format!("last line {}", ago(now - last))),
                }
            }
            (false, 0) if wanted => (
                Level::Warning,
                "toaster.conf names it, and it is not there; make it, or take it out".to_owned(),
            ),
            (false, 0) => (Level::Note, "is not there".to_owned()),
            (false, last) => (Level::Warning, format!("is gone; its last line was {}", ago(now - last))),
        };
        let unnamed = match (source.named, source.present) {
            (true, _) => "",
            (false, true) => " (a logger ran us there; toaster.conf does not name it)",
            (false, false) => {
                " (toaster.conf does not name it; a logger ran us there, or it was named before)"
            }
        };
        report.about_feed(feed, level, "source", &source.name, text + unnamed);
        labels(report, job, state, source);
        places::log_directory(report, feed, Path::new(&source.name));
        if let Some(newest) = newest {
            stamps(report, job, source, *kind, newest);
        }
    }
    let named = stream_names(job, &state.ledger.streams, now);
    if let Some((other, text)) = elsewhere(job, state, &named, now) {
        report.about_feed(feed, Level::Warning, "source", other, text);
    }
    for twin in named.twins.iter().filter(|twin| twin.name != twin.of) {
        let (what, of) =
            (if twin.is_file { "the same file as, or a rotation of," } else { "a link to" }, &twin.of);
        let (level, text) = if twin.is_guess {
            (Level::Warning, twin.guess())
        } else {
            let way = "its lines count once; take one of the two out of toaster.conf";
            (Level::Note, format!("is {what} {of}, which is read: {way}"))
        };
        report.once(level, "source", &twin.name, text);
    }
    if sources.is_empty() {
        let text = job.missing(state).unwrap_or_else(|| "it has no source".to_owned());
        report.about_feed(feed, Level::Note, "source", feed.protocol.name, text);
    }
}

/// What to do if a file is no longer written to because its syslog daemon was removed and the journal has all lines.
fn way_to_the_journal(job: &Job<'_>, kind: Kind, name: &str) -> &'static str {
    let is_usual =
        kind == Kind::Stream(LogKind::Shared) && job.feed.syslog == Syslog::Usual && name != JOURNAL;
    if is_usual && journal::is_there() {
        "; if its lines go to the journal now, set logs_syslog = \"journald\" in toaster.conf"
    } else {
        ""
    }
}

/// Why a pause of `secs` seconds is unusually long for the log directory. `None`: it is not, or the usual pauses are
/// not known. `alone`: the protocol's archive has no other directory's lines.
fn why_it_is_down(job: &Job<'_>, newest: &Newest, secs: i64, alone: bool) -> Option<String> {
    let pauses = newest.pauses;
    let gap = archived_apart(job, alone);
    if pauses.last - pauses.first >= TELLING {
        let longest = pauses.longest.max((gap.unwrap_or(1) - 1) * DAY);
        return (secs > (LONGER * longest).max(HOUR)).then(|| {
            let (longest, known) = (lasting(longest), lasting(pauses.last - pauses.first));
            format!("its longest pause in {known} was {longest}")
        });
    }
    let days = gap?;
    (alone && secs > (days + 1) * DAY).then(|| {
        format!("in the archive its days are at most {days} {} apart", if days == 1 { "day" } else { "days" })
    })
}

/// The largest distance, in days, between two days of which the archive has this log. `None`: there are too few to
/// tell.
fn archived_apart(job: &Job<'_>, alone: bool) -> Option<i64> {
    let (base, log) = (&job.config.logs_base, job.feed.log.as_deref()?);
    let days = pack::days(base).ok().filter(|_| alone)?;
    let has = |day: &u32| {
        let plain = base.join(name_of(*day, log));
        plain.exists() || plain.with_file_name(format!("{log}.gz")).exists()
    };
    let number = |day: u32| {
        let year = i32::try_from(day / 10_000).ok()?;
        NaiveDate::from_ymd_opt(year, day / 100 % 100, day % 100).map(|date| date.to_epoch_days())
    };
    let newest_first = days.into_iter().rev().filter(has).take(MOST_DAYS);
    let numbers: Vec<i32> = newest_first.filter_map(number).collect();
    let apart = numbers.windows(2).map(|pair| i64::from(pair[0] - pair[1])).max();
    apart.filter(|_| numbers.len() >= FEWEST_DAYS)
}

/// Lines that cannot be read, that claim to be of a later time than now, or that have no time.
fn stamps(report: &mut Report, job: &Job<'_>, source: &Source, kind: Kind, newest: &Newest) {
    let mut say = |check, text: String| match kind {
        // One that several protocols read is told of once.
        Kind::Stream(LogKind::Shared) => report.once(Level::Warning, check, &source.name, text),
        _ => report.about_feed(job.feed, Level::Warning, check, &source.name, text),
    };
    if let Some(name) = newest.encoding {
        say("lines", encoding::sentence(name));
        return;
    }
    if let Some((latest, host)) = &newest.latest {
        let host = String::from_utf8_lossy(host);
        let (named, whose) = match host.as_ref() {
            "" => (String::new(), "the machine that writes them".to_owned()),
            host => (format!(", of host {host}"), host.to_owned()),
        };
        let (ahead, lines, latest) = (newest.ahead, newest.lines, to_the_second(*latest));
        say(
            "stamps",
            format!(
                "{ahead} of the newest {lines} lines are stamped later than now, the latest {latest}{named}: they are counted in the minute in which they are read; set the clock of {whose}"
            ),
        );
    }
    if kind == Kind::Directory && newest.is_bare {
        say("stamps", "its lines have no time stamps: they are counted in the minute in which they are read, and nothing but \
             their content tells chunks apart; in the service's log/run put t before the other arguments of multilog \
             or s6-log (multilog t n288 …), or -t behind svlogd, and restart the logger"
            .to_owned());
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
            report.about_feed(job.feed, Level::Ok, "labels", &source.name, text);
        }
        Some(set) if found > 0 && found != set => {
            let text = format!(
                "logs_tai_offset = {set}, and the times of its files tell that its labels are those of {}, {found} s ahead of unix time; take the key out of toaster.conf",
                name(found)
            );
            report.about_feed(job.feed, Level::Warning, "labels", &source.name, text);
        }
        _ => {}
    }
}

/// Does toaster.conf name `source` explicitly, or is it only the usual place?
fn is_asked_for(job: &Job<'_>, usual: &Config, source: &Path) -> bool {
    let (config, feed) = (job.config, job.feed);
    if feed.directories.iter().any(|dir| dir == source) {
        let dirs = usual.log_dirs.values().flatten();
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
        i64::MIN..=-60 => format!("{} in the future", lasting(-secs)),
        _ => format!("{} ago", lasting(secs)),
    }
}

/// `3 min`.
pub(super) fn lasting(secs: i64) -> String {
    match secs {
        i64::MIN..120 => format!("{} s", secs.max(0)),
        120..7200 => format!("{} min", secs / 60),
        7200..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} days", secs / DAY),
    }
}

//! Sends the minutes that an rrdcached elsewhere lacks.
//!
//! Nothing is noted here of what was sent: the other side is asked each time. Its journal is not durable (rrdcached 1.7 loses
//! what it acknowledged when it is killed), so it is let write what it has (FLUSH), asked where it ends (LAST), and given
//! only what is newer, minute by minute in the order of time. Wherever it died, what it has is a beginning of that.
//!
//! | file | what it is for |
//! |---|---|
//! | `cells` | what a file on the other side is to be told |
//! | `compare` | what a file lacks of the past, and whether another machine has told of it |
//! | `lines` | the lines that say it, none of them too long |
//! | `local` | what there is here |
//! | `far` | a file on the other side, and whether we alone write it |
mod cells;
mod compare;
mod far;
mod lines;
mod local;

use super::name::{GAPS, MOST_FILES};
use crate::error::Result;
use crate::protocol::CounterKind;
use crate::store::rrd::daemon::Daemon;
use crate::store::rrd::fetch::Reader;
use crate::store::rrd::finest::Finest;
use crate::store::rrd::header::Source;
use crate::store::rrd::open::OpenRrd;
use crate::store::rrd::sources_of;
use cells::{Origin, Row};
use far::{FarFile, LOOK_BACK};

pub use local::Local;

/// More files of few data sources than this are not begun: the next one has all that are left.
const SMALL_FILES: usize = 3;

/// Lines of one batch.
const BATCH: usize = 1_000;

/// What was sent of a protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Files that were made.
    pub made: usize,
    /// Updates.
    pub updates: usize,
}

/// Sends what `daemon` lacks of `local`, to the files of `host`.
///
/// # Errors
/// When the RRD cannot be read; when the daemon cannot be reached, refuses or says nonsense; when another machine writes these
/// files. Nothing is lost: what was not sent is sent the next time.
pub fn push(daemon: &mut Daemon, host: &str, local: &Local) -> Result<Sent> {
    let mut sent = Sent::default();
    let Some(held) = OpenRrd::open(&local.rrd)? else { return Ok(sent) };
    let mut files = far_files(daemon, host, local)?;
    let reader = Reader::of(&held)?;
    let end = (reader.last_update().div_euclid(local.step) * local.step).min(local.now);
    let lacks = lacking(local, &reader.finest(end)?.names, &files);
    let from = match lacks.is_empty() {
        false => 0,
        true => files.iter().map(|(_, file)| file.last).min().unwrap_or(0) - LOOK_BACK,
    };
    let mut finest = reader.finest(from.max(0))?;
    finest.rows.retain(|row| row.end <= end);
    drop(reader);
    for group in lines::groups(&lines::file(host, local.protocol.name, 1), local.step, lacks) {
        let origins = origins(local, &finest, group.iter().map(|source| source.name.as_str()));
        // A counter of which nothing is known yet has time.
        let Some(first) = cells::rows(&finest, &origins).first().map(|row| row.begin) else { continue };
        let is_free = |number: &usize| files.iter().all(|(taken, _)| taken != number);
        let number = (1..).find(is_free).unwrap_or(MOST_FILES);
        let name = lines::file(host, local.protocol.name, number);
        daemon.tell(&lines::create(&name, local.step, first.div_euclid(86_400) * 86_400, &group))?;
        sent.made += 1;
        let made = FarFile::look(daemon, &name)?;
        let gone = || daemon.error(format_args!("{name} is gone as soon as it is made; look at it there"));
        files.push((number, made.ok_or_else(gone)?));
    }
    for (_, file) in &files {
        sent.updates += push_file(daemon, local, &finest, end, file)?;
    }
    Ok(sent)
}

/// The files that the other side has, each with its number. One may have been moved away.
fn far_files(daemon: &mut Daemon, host: &str, local: &Local) -> Result<Vec<(usize, FarFile)>> {
    let mut files = Vec::new();
    let mut missing = 0;
    for number in 1..=MOST_FILES {
        let Some(file) = FarFile::look(daemon, &lines::file(host, local.protocol.name, number))? else {
            missing += 1;
            if missing > GAPS {
                break;
            }
            continue;
        };
        file.check(daemon, local)?;
        files.push((number, file));
    }
    Ok(files)
}

/// The data sources that no file there has yet, in the order of the protocol's table: of those that the local RRD has, and
/// after some such files of all that there are.
fn lacking(local: &Local, there: &[String], files: &[(usize, FarFile)]) -> Vec<Source> {
    let has =
        |name: &str| files.iter().any(|(_, file)| file.info.sources.iter().any(|source| source.name == name));
    let mut lacks: Vec<Source> =
        sources_of(local.protocol).into_iter().filter(|source| !has(&source.name)).collect();
    let is_wanted = |source: &Source| there.contains(&source.name);
    if !lacks.iter().any(is_wanted) || files.len() >= MOST_FILES {
        return Vec::new();
    }
    if files.len() < SMALL_FILES {
        lacks.retain(is_wanted);
    }
    lacks
}

/// Where the values of these data sources come from.
fn origins<'n>(local: &Local, finest: &Finest, names: impl Iterator<Item = &'n str>) -> Vec<Origin> {
    names
        .map(|name| {
            let Some(counter) = local.protocol.counters.iter().find(|counter| counter.ds == name) else {
                return Origin::Nothing;
            };
            let is_amount = !counter.kind.is_gauge();
            let is_level = matches!(counter.kind, CounterKind::Level);
            match finest.names.iter().position(|there| there == name) {
                Some(at) => Origin::Column {
                    at,
                    is_amount,
                    is_count: is_amount && !counter.kind.measure().is_fraction(),
                    is_level,
                },
                None if local.protocol.measured || is_level => Origin::Nothing,
                None => Origin::Zero,
            }
        })
        .collect()
}

/// Sends what is newer than what `file` has; returns the number of updates.
fn push_file(daemon: &mut Daemon, local: &Local, finest: &Finest, end: i64, file: &FarFile) -> Result<usize> {
    let origins = origins(local, finest, file.info.sources.iter().map(|source| source.name.as_str()));
    if origins.iter().all(|origin| *origin == Origin::Nothing) {
        return go_on(daemon, local, end, file);
    }
    let mut rows = cells::rows(finest, &origins);
    // Of a quiet time there need not be any row; of an unknown one there is nothing to say.
    if rows.is_empty() && !finest.rows.is_empty() {
        return Ok(0);
    }
    // The newest minute that is known ends here or nothing was logged since; unless the RRD is an older one.
    let quiet = |begin: i64, end: i64| Row { begin, end, cells: origins.iter().map(|o| o.quiet()).collect() };
    if local.quiet_until > end && end >= local.pushed {
        // What is owed to the first minute is not to be spread over all.
        let begin = end.max(file.last);
        let seen = end.max((file.last - LOOK_BACK).div_euclid(local.step) * local.step);
        let minutes = (0..(begin - seen).div_euclid(local.step)).map(|n| seen + n * local.step);
        rows.extend(minutes.map(|minute| quiet(minute, minute + local.step)));
        let next = (begin + local.step).min(local.quiet_until);
        rows.extend(
            [(begin, next), (next, local.quiet_until)]
                .into_iter()
                .filter(|(b, e)| b < e)
                .map(|(b, e)| quiet(b, e)),
        );
    }
    let until = rows.last().map_or(end, |row| row.end);
    let owed = file.owed(daemon, local, &rows, &origins, (end, until))?;
    let mut new: Vec<Row> = rows.into_iter().filter(|row| row.end > file.last).collect();
    cells::pay(&mut new, &owed.first, &owed.later);
    let mut all = cells::lead(file.last, &new, &origins);
    all.append(&mut new);
    let sent = send(daemon, file, &cells::merged(all))?;
    match owed.too_old {
        Some((source, amount)) => Err(file.too_late(daemon, &source, amount)),
        None => Ok(sent),
    }
}

/// Of a file whose counters are all gone, as from toaster.conf, it is said that nothing is known: otherwise the host would seem
/// to have stopped.
fn go_on(daemon: &mut Daemon, local: &Local, end: i64, file: &FarFile) -> Result<usize> {
    let end = end.max(local.quiet_until);
    if end <= file.last {
        return Ok(0);
    }
    let cells = vec![None; file.info.sources.len()];
    send(daemon, file, &[Row { begin: file.last, end, cells }])
}

/// Sends these rows; returns how many there were.
fn send(daemon: &mut Daemon, file: &FarFile, all: &[Row]) -> Result<usize> {
    let Some(last) = all.last().map(|row| row.end) else { return Ok(0) };
    for some in all.chunks(BATCH) {
        let lines: Vec<String> =
            some.iter().map(|row| lines::update(&file.name, row.end, &row.cells)).collect();
        let refused = daemon.batch(&lines)?;
        if let Some((number, why)) = refused.first() {
            let line = lines.get(number - 1).map_or("", String::as_str);
            return Err(match why.contains("illegal attempt to update") {
                true => file.two_writers(daemon, why),
                false => daemon.refused(line.split_once(':').map_or(line, |(begin, _)| begin), why),
            });
        }
    }
    file.has_all(daemon, last)?;
    Ok(all.len())
}

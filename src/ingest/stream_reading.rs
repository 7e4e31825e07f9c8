//! Reads one log that every program writes to, for all protocols that it feeds.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::intake::Checkpoint;
use super::reader::{Part, Reader};
use super::repeat::repeat;
use super::rights::Rights;
use super::stretch::StreamPass;
use crate::error::{Error, Result};
use crate::ledger::Stream;
use crate::line::{Line, Parser};
use crate::protocol::LogKind;
use crate::say::warn;
use crate::source::file::{self, Outcome};
use crate::source::journal::{self, Begin, JOURNAL};
use crate::source::offset::MULTILOG;

/// A file that is truncated again and again while it is read is left to the next run.
const TRIES: u32 = 5;

pub(super) fn checkpoints(readers: &[Reader<'_, '_>], parts: &[Part]) -> Vec<Checkpoint> {
    parts.iter().map(|p| readers[p.reader].intake.checkpoint()).collect()
}

/// The end of a reading: what was read counts, or nothing of it.
pub(super) fn settle(
    readers: &mut [Reader<'_, '_>],
    parts: &[Part],
    before: &[Checkpoint],
    name: &str,
    read: Result<()>,
) {
    match read {
        Ok(()) => parts.iter().for_each(|p| readers[p.reader].intake.stream_read(p.stream)),
        Err(e) => {
            go_back(readers, parts, before);
            let mut is_news = false;
            for part in parts {
                let reader = &mut readers[part.reader];
                *reader.complete = false;
                // A logger's processor runs as the log's user, whom syslog may be closed to: cron reads it as root.
                if reader.is_roll {
                    reader.intake.still_unread(name);
                } else {
                    is_news |= reader.intake.cannot_read(name);
                }
            }
            let queries: Vec<usize> =
                parts.iter().map(|p| p.reader).filter(|at| readers[*at].intake.is_query()).collect();
            match queries[..] {
                [first, ref others @ ..] if !e.is_denied() => {
                    for at in others {
                        readers[*at].intake.fail(Error::Message(e.to_string()));
                    }
                    readers[first].intake.fail(e);
                }
                _ if is_news => warn(format_args!("{e}; its lines wait")),
                _ => {}
            }
        }
    }
}

/// Undoes the reading of a stream.
pub(super) fn go_back(readers: &mut [Reader<'_, '_>], parts: &[Part], before: &[Checkpoint]) {
    for (part, checkpoint) in parts.iter().zip(before) {
        readers[part.reader].intake.go_back_to(checkpoint);
    }
}

/// Adds `part` to those of the log `name`.
pub(super) fn add(names: &mut Vec<(String, Vec<Part>)>, name: String, part: Part) {
    match names.iter_mut().find(|(n, _)| *n == name) {
        Some((_, parts)) => parts.push(part),
        None => names.push((name, vec![part])),
    }
}

/// Parts of a log that were read together, the checkpoints to go back to, and the result of the reading.
type Read = (Vec<Part>, Vec<Checkpoint>, Result<()>);

/// Reads the log `name` to its end. `others` are further logs that are read.
pub(super) fn read(
    readers: &mut [Reader<'_, '_>],
    name: &str,
    others: &[PathBuf],
    parts: Vec<Part>,
) -> Vec<Read> {
    let Some(directory) = name.strip_prefix(JOURNAL).map(|rest| rest.strip_prefix(':').unwrap_or(rest))
    else {
        let before = checkpoints(readers, &parts);
        let read = read_file(readers, &parts, Path::new(name), others, &before);
        return vec![(parts, before, read)];
    };
    // Each place by itself: where one cannot be read, what was counted from another stays.
    let places = by_place(readers, parts).into_iter();
    let read = places.map(|(from, parts)| {
        let before = checkpoints(readers, &parts);
        let read = read_journal(readers, &parts, directory, from);
        (parts, before, read)
    });
    read.collect()
}

fn read_file(
    readers: &mut [Reader<'_, '_>],
    parts: &[Part],
    path: &Path,
    others: &[PathBuf],
    before: &[Checkpoint],
) -> Result<()> {
    let Some(job) = parts.first().map(|p| readers[p.reader].job) else { return Ok(()) };
    let opener = Rights(job.as_root);
    let originals: Vec<Stream> =
        parts.iter().map(|p| readers[p.reader].intake.state.ledger.streams[p.stream].clone()).collect();
    for _ in 0..TRIES {
        let streams: Vec<&Stream> = originals.iter().collect();
        let clock =
            file::Clock { tai_offset: job.config.logs_tai_offset.unwrap_or(MULTILOG), now: (job.clock)() };
        let (snapshot, plans) =
            file::open(path, job.config.logs_syslog_olddir.as_deref(), others, &streams, clock, &opener)?;
        let is_own = parts.iter().all(|part| part.place == LogKind::Dedicated);
        let parser = Parser::new(clock.tai_offset, clock.now).of_own_log(is_own);
        let mut pass = StreamPass::new(readers, parts, &plans, &originals, parser);
        let outcome = snapshot.read(&plans, &mut pass)?;
        match outcome {
            Outcome::Changed => go_back(readers, parts, before),
            Outcome::Done { reached, said } => {
                pass.count_unfinished();
                for ((part, plan), reached) in parts.iter().zip(&plans).zip(reached) {
                    let intake = &mut *readers[part.reader].intake;
                    if plan.is_away && !intake.stream_is_away(part.stream) {
                        return Err(Error::Passing(format!(
                            "{}: is not there, and was read before; is it being rotated?",
                            path.display()
                        )));
                    }
                    let stream = &mut intake.state.ledger.streams[part.stream];
                    stream.position = reached.position;
                    stream.before = reached.before;
                }
                let lost = plans.iter().flat_map(|p| p.lost.iter().chain(&p.said).cloned());
                lost.chain(said).collect::<BTreeSet<String>>().into_iter().for_each(warn);
                return Ok(());
            }
        }
    }
    Err(Error::Passing(format!("{}: is truncated again and again", path.display())))
}

/// Groups the parts by their places in the journal.
fn by_place(readers: &[Reader<'_, '_>], parts: Vec<Part>) -> Vec<(Begin, Vec<Part>)> {
    let mut places: Vec<(Begin, Vec<Part>)> = Vec::new();
    for part in parts {
        let from = begin(readers, &part);
        match places.iter_mut().find(|(place, _)| *place == from) {
            Some((_, here)) => here.push(part),
            None => places.push((from, vec![part])),
        }
    }
    places
}

/// Reads the journal once for all of `parts`, which stand at `from`.
fn read_journal(readers: &mut [Reader<'_, '_>], parts: &[Part], directory: &str, from: Begin) -> Result<()> {
    let place = if directory.is_empty() {
        journal::JournalLocation::System
    } else {
        journal::JournalLocation::Directory(directory.into())
    };
    let Some(job) = parts.first().map(|p| readers[p.reader].job) else { return Ok(()) };
    let mut started = None;
    (job.as_root)(&mut || started = Some(journal::start(&place, from.clone())));
    let Some(reading) = started else { return Ok(()) };
    let last = reading?.read(|entry| {
        let line = Line::of_parts(entry.time, entry.host, entry.tag, entry.message);
        let repeat = repeat(&line);
        for part in parts {
            let intake = &mut *readers[part.reader].intake;
            intake.new_bytes += entry.message.len() as u64;
            intake.stream_line(part.stream, part.place, &line, repeat);
        }
    })?;
    if let Some(cursor) = last {
        for part in parts {
            readers[part.reader].intake.state.ledger.streams[part.stream].journal = Some(cursor.clone());
        }
    }
    Ok(())
}

/// Where in the journal one of `readers` goes on.
fn begin(readers: &[Reader<'_, '_>], part: &Part) -> Begin {
    let stream = &readers[part.reader].intake.state.ledger.streams[part.stream];
    match (&stream.journal, stream.from_end, stream.known_to) {
        (Some(cursor), ..) => Begin::After(cursor.clone()),
        (None, true, _) => Begin::End,
        (None, false, 0) => Begin::Oldest,
        (None, false, last) => Begin::Since(last + 1),
    }
}

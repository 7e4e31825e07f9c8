//! Where toaster.conf names no syslog: do the lines of a protocol go to another of the usual files by now?
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::feeds::{Syslog, usual_syslogs};
use super::job::Job;
use super::named::Named;
use super::rights::Rights;
use crate::disk::file_id;
use crate::ledger::Stream;
use crate::line::Parser;
use crate::protocol::{LogKind, Raise, Verdict};
use crate::source::file::AHEAD;
use crate::source::journal::JOURNAL;
use crate::source::lines::walk;
use crate::source::offset::MULTILOG;
use crate::source::opener::Opener;
use crate::store::state::State;

/// How long, in seconds, nothing must have been written to a log before another one with newer lines takes its place. Two
/// logs that have the same lines get them in the same moment.
const STILL: i64 = 600;
/// How long, in seconds, a protocol must have counted nothing before its lines are looked for in other logs.
const SILENT: i64 = 3600;
/// How many bytes at the end of another log are read to find its newest line.
const PART: u64 = 1 << 15;

/// The log to which the protocol's lines go instead of that of `before`, which stands still. It holds what was logged since,
/// so that it counts from where that one ended.
pub(super) fn moved_to(job: &Job<'_>, before: &Stream, now: i64) -> Option<String> {
    if before.name == JOURNAL {
        return None;
    }
    let written =
        Rights(job.as_root).look_at(Path::new(&before.name)).map_or(before.seen, |meta| meta.mtime());
    if now - written < STILL {
        return None;
    }
    // A log that has the same lines, or some of them, has none that are later, though a host's clock may be ahead.
    let counted = if before.last_time > before.seen + AHEAD { before.seen } else { before.last_time };
    has_newer_lines(job, &before.name, counted.max(written + AHEAD), now)
}

/// The name of another usual log that holds newer lines of the protocol, while the log that is read goes on without any, and
/// the warning about it. It is not read on its own account, because it is not known up to where its lines were counted.
pub fn elsewhere(job: &Job<'_>, state: &State, named: &Named, now: i64) -> Option<(String, String)> {
    let (name, _) = named.read.iter().find(|(_, place)| *place == LogKind::Shared)?;
    if job.feed.syslog != Syslog::Usual || name == JOURNAL {
        return None;
    }
    let moved = state.moved.iter().copied().max().unwrap_or(0);
    if now - moved < SILENT {
        return None;
    }
    let other = has_newer_lines(job, name, moved + i64::from(job.config.rrd_step), now)?;
    let protocol = job.feed.protocol.name;
    let text = format!(
        "has lines of {protocol} that are not counted: {name} is read instead, where {protocol} has had none for more than an hour; set logs_syslog = [{name:?}, {other:?}] in toaster.conf, or the one of them that has all"
    );
    Some((other, text))
}

/// The first of the usual logs, but for `name`, among whose newest lines are some of the protocol's that are later than
/// `after`.
fn has_newer_lines(job: &Job<'_>, name: &str, after: i64, now: i64) -> Option<String> {
    let rights = Rights(job.as_root);
    let ours = rights.look_at(Path::new(name)).map(|meta| file_id(&meta));
    usual_syslogs().into_iter().filter(|other| other != name).find(|other| {
        let meta = rights.look_at(Path::new(other));
        let is_newer = meta.as_ref().is_some_and(|meta| {
            meta.is_file() && meta.mtime() > after && Some(file_id(meta)) != ours && meta.len() > 0
        });
        is_newer && newest_line(job, Path::new(other), now).is_some_and(|newest| newest > after)
    })
}

/// When the newest of the protocol's lines at the end of a log was logged. `None`: none is there, or it cannot be read.
fn newest_line(job: &Job<'_>, path: &Path, now: i64) -> Option<i64> {
    let (file, _) = Rights(job.as_root).follow(path).ok()??;
    let meta = file.metadata().ok()?;
    let from = meta.len().saturating_sub(PART);
    let mut parser = Parser::new(job.config.logs_tai_offset.unwrap_or(MULTILOG), meta.mtime());
    let protocol = job.feed.protocol;
    let mut scratch = vec![0; protocol.counters.len()];
    let mut newest = None;
    walk(&file, from, meta.len(), |raw| {
        // What is read first may be the rest of a line.
        if !raw.terminated || (raw.start == from && from > 0) {
            return;
        }
        let line = parser.parse(raw.text);
        let time = line.time.map(|stamp| stamp.secs).filter(|secs| *secs <= now + AHEAD);
        if time > newest
            && (protocol.classify)(&line, LogKind::Shared, &mut Raise(&mut scratch)) != Verdict::Foreign
        {
            newest = time;
        }
    })
    .ok()?;
    newest
}

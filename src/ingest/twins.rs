//! Logs that toaster.conf names twice: by a link, as a hard link, or by the name of one of their own rotations.
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::job::Job;
use super::named::Twin;
use super::rights::Rights;
use super::same_log::truly;
use crate::disk::file_id;
use crate::ledger::{Position, Stream};
use crate::protocol::LogKind;
use crate::source::file;
use crate::source::journal::JOURNAL;
use crate::source::offset::MULTILOG;

/// A name, and what it leads to.
struct Look<'a> {
    name: &'a str,
    path: std::path::PathBuf,
    meta: Option<Metadata>,
}

/// How a name is another one of a log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Link,
    /// A hard link, or a rotation by its content.
    File,
    /// A rotation by its name and the times of its lines.
    Guess,
}

/// Takes those of `names` out that are other names of others. `known` are the streams that were read before.
pub(super) fn take_out_twins(
    job: &Job<'_>,
    names: &mut Vec<(String, LogKind)>,
    known: &[Stream],
) -> Vec<Twin> {
    if names.len() < 2 {
        return Vec::new();
    }
    let rights = Rights(job.as_root);
    let look = |(name, _): &(String, LogKind)| (truly(Path::new(name)), rights.look_at(Path::new(name)));
    let looks: Vec<_> = names.iter().map(look).collect();
    let looks: Vec<Look<'_>> =
        names.iter().zip(looks).map(|((name, _), (path, meta))| Look { name, path, meta }).collect();
    let mut of: Vec<Option<(usize, How)>> = vec![None; names.len()];
    // Its own rotation goes, whichever of the two is named first; of two names of one file the second one does.
    for is_equal in [false, true] {
        for kept in 0..looks.len() {
            for other in (0..looks.len()).filter(|&other| other != kept) {
                if of[kept].is_some() || of[other].is_some() {
                    continue;
                }
                let (a, b) = (&looks[kept], &looks[other]);
                if [a, b].iter().any(|look| look.name.starts_with(JOURNAL)) {
                    continue;
                }
                if is_equal && other > kept && (a.path == b.path || is_one_file(a, b)) {
                    of[other] = Some((kept, if a.path == b.path { How::Link } else { How::File }));
                } else if !is_equal && a.path != b.path && !is_one_file(a, b) {
                    of[other] = rotation(job, a, b, known).map(|how| (kept, how));
                }
            }
        }
    }
    drop(looks);
    let all = std::mem::take(names);
    let mut twins = Vec::new();
    for ((name, place), of) in all.iter().zip(&of) {
        match of {
            None => names.push((name.clone(), *place)),
            Some((kept, how)) => {
                let of = all.get(*kept).map(|(name, _)| name.clone()).unwrap_or_default();
                let (is_file, is_guess) = (*how == How::File, *how == How::Guess);
                twins.push(Twin { name: name.clone(), place: *place, of, is_file, is_guess });
            }
        }
    }
    twins
}

fn is_one_file(a: &Look<'_>, b: &Look<'_>) -> bool {
    a.meta.as_ref().zip(b.meta.as_ref()).is_some_and(|(a, b)| file_id(a) == file_id(b))
}

/// Is `other` a rotation of `log`: by being the file that was read as `log`, as a hard link to a rotation, or by its name?
///
/// The name alone says nothing: `dovecot-2.log` may be a second server's log beside `dovecot.log`. It is one if it was read as
/// a log of its own, or goes on while `log` does.
fn rotation(job: &Job<'_>, log: &Look<'_>, other: &Look<'_>, known: &[Stream]) -> Option<How> {
    let olddir = job.config.logs_syslog_olddir.as_deref();
    let is_named_so = file::names_a_rotation(&log.path, &other.path, olddir);
    // The two may have exchanged their names.
    let its_file = |stream: &Stream| stream.position.as_ref().map(|position| position.file);
    let is_now = log.meta.as_ref().map(file_id);
    if is_now.is_some() && known.iter().any(|s| s.name == other.name && has_lines(s) && its_file(s) == is_now)
    {
        return None;
    }
    if let Some(meta) = &other.meta {
        let id = file_id(meta);
        let streams = known.iter().filter(|stream| stream.name == log.name);
        let mut read = streams.flat_map(|stream| stream.position.iter().chain(&stream.before));
        let is_it = |position: &Position| {
            // The log finds it among its rotations: else it was moved, and goes on under the other name.
            let is_found =
                || [other, log].iter().all(|look| job.is_there(look.name, position).unwrap_or(false));
            (position.file == id && is_found())
                || (is_named_so && job.has_come(other.name, position).unwrap_or(false))
        };
        let is_sibling = || file::is_a_sibling(&log.path, &other.path, id, olddir, &Rights(job.as_root));
        if read.any(is_it) || (!is_named_so && meta.nlink() > 1 && is_sibling()) {
            return Some(How::File);
        }
    }
    let mut its = known.iter().filter(|stream| stream.name == other.name);
    if !is_named_so || its.any(has_lines) {
        return None;
    }
    // It was a rotation before: `intake::left` notes how far it is known then.
    let mut its = known.iter().filter(|stream| stream.name == other.name);
    let was_rotation = its.any(|s| s.seen == 0 && s.position.is_none() && (s.known_to > 0 || s.from_end));
    let clock =
        file::Clock { tai_offset: job.config.logs_tai_offset.unwrap_or(MULTILOG), now: (job.clock)() };
    let goes_on = file::goes_on_beside(&log.path, &other.path, clock, &Rights(job.as_root));
    match (goes_on, was_rotation) {
        (Ok(Some(true)), _) | (Ok(None) | Err(_), false) => None,
        (_, true) => Some(How::File),
        (Ok(Some(false)), false) => Some(How::Guess),
    }
}

/// Was a line of it read?
fn has_lines(stream: &Stream) -> bool {
    stream.seen > 0
        && (stream.last_time > 0 || stream.position.as_ref().is_some_and(|position| position.counted > 0))
}

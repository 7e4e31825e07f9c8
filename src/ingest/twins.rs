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

/// A name, and what it leads to.
struct Look<'a> {
    name: &'a str,
    path: std::path::PathBuf,
    meta: Option<Metadata>,
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
    let mut of: Vec<Option<(usize, bool)>> = vec![None; names.len()];
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
                    of[other] = Some((kept, a.path != b.path));
                } else if !is_equal && a.path != b.path && !is_one_file(a, b) && is_rotation(job, a, b, known)
                {
                    of[other] = Some((kept, true));
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
            Some((kept, is_file)) => {
                let of = all.get(*kept).map(|(name, _)| name.clone()).unwrap_or_default();
                twins.push(Twin { name: name.clone(), place: *place, of, is_file: *is_file });
            }
        }
    }
    twins
}

fn is_one_file(a: &Look<'_>, b: &Look<'_>) -> bool {
    a.meta.as_ref().zip(b.meta.as_ref()).is_some_and(|(a, b)| file_id(a) == file_id(b))
}

/// Is `other` a rotation of `log`: by its name, which also a file has that is not there at this moment; by being the file
/// that was read as `log`; or as a hard link to one?
fn is_rotation(job: &Job<'_>, log: &Look<'_>, other: &Look<'_>, known: &[Stream]) -> bool {
    let olddir = job.config.logs_syslog_olddir.as_deref();
    if file::names_a_rotation(&log.path, &other.path, olddir) {
        return true;
    }
    let Some(meta) = &other.meta else { return false };
    let id = file_id(meta);
    let streams = known.iter().filter(|stream| stream.name == log.name);
    let mut read = streams.flat_map(|stream| stream.position.iter().chain(&stream.before));
    let is_it =
        |position: &Position| position.file == id && job.is_there(other.name, position).unwrap_or(false);
    if read.any(is_it) {
        return true;
    }
    meta.nlink() > 1 && file::is_a_sibling(&log.path, &other.path, id, olddir, &Rights(job.as_root))
}

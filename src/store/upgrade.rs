//! Whether an RRD fits the table of counters, and the file that replaces it if it does not: see `migrate`.
use std::path::{Path, PathBuf};

use super::aside;
use super::files::Store;
use super::rrd::header::{Header, Look, Source, peek};
use super::rrd::mark::RrdMark;
use super::rrd::transplant::{origins, transplant};
use super::rrd::{FUTURE, archives_of, sources_of};
use crate::disk;
use crate::error::Result;
use crate::say::warn;

/// Can today's bins be pushed to a file?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Yes.
    Good,
    /// Once its data sources are those of today.
    Outgrown,
    /// No: it has another step, or nothing of ours.
    Foreign,
}

/// Does the file with this header have the step and the data sources of today?
pub(super) fn fitness(store: &Store, header: &Header) -> Fit {
    let wanted = sources_of(store.protocol);
    if i64::try_from(header.step) != Ok(store.step) {
        Fit::Foreign
    } else if header.sources == wanted {
        Fit::Good
    } else if origins(&header.sources, &wanted).iter().any(Option::is_some)
        && u32::try_from(store.step).is_ok_and(|step| header.archives == archives_of(step))
    {
        Fit::Outgrown
    } else {
        Fit::Foreign
    }
}

/// Was this file, which is sound and is not the one that was written last, damaged in its header? One that has nothing
/// but data sources of today's table, and not all of them, is an older copy.
pub(super) fn is_damaged(store: &Store, header: &Header, mark: Option<RrdMark>) -> bool {
    let wanted = sources_of(store.protocol);
    let is_older =
        fitness(store, header) == Fit::Outgrown && header.sources.iter().all(|s| wanted.contains(s));
    mark.is_some_and(|mark| mark != header.mark) && !is_older
}

/// `rrd/.send.rrd.migrated`: complete once the state names it.
fn pending(rrd: &Path) -> PathBuf {
    let name = rrd.file_name().unwrap_or_default().to_string_lossy();
    rrd.with_file_name(format!(".{name}.migrated"))
}

/// Makes the new file if one is needed, and says how it is recognised.
pub(super) fn begin(store: &Store, mark: Option<RrdMark>, now: i64) -> Result<Option<RrdMark>> {
    if store.protocol.counters.is_empty() {
        return Ok(None);
    }
    // What cannot be looked at or is damaged: the next push says so.
    let Ok(Look::Sound(old)) = peek(&store.rrd) else { return Ok(None) };
    if is_damaged(store, &old, mark)
        || old.last_update > now + FUTURE
        || fitness(store, &old) != Fit::Outgrown
    {
        return Ok(None);
    }
    let lost = missing(&old.sources, &sources_of(store.protocol));
    if !store.may_drop && !lost.is_empty() {
        warn(format_args!(
            "{}: keeps {} until toaster.conf is in order; the graphs wait",
            store.rrd.display(),
            list(&lost)
        ));
        return Ok(None);
    }
    let to = pending(&store.rrd);
    let made = transplant(&store.rrd, &old, &to, store.protocol, store.step);
    if made.is_err() {
        let _ = disk::remove(&to);
    }
    Ok(Some(made?.mark))
}

/// Puts a new file that the state names in the place of the old one, which is kept where it has what the new
/// one has not. A new file that the state does not name is removed.
pub(super) fn finish(store: &Store, mark: Option<RrdMark>, now: i64) -> Result<()> {
    let (path, new) = (&store.rrd, pending(&store.rrd));
    let header = match peek(&new)? {
        Look::Missing => return Ok(()),
        Look::Sound(header) if Some(header.mark) == mark => header,
        _ if new.is_dir() => return aside::set_aside(&new, "corrupt", now).map(drop),
        _ => return disk::remove(&new),
    };
    match peek(path)? {
        Look::Sound(there) if there.mark == header.mark => return disk::remove(&new),
        Look::Sound(old) => {
            let gained = missing(&header.sources, &old.sources);
            let lost = missing(&old.sources, &header.sources);
            if lost.is_empty() {
                warn(format_args!("{}: has new data sources: {}", path.display(), list(&gained)));
            } else {
                let kept = aside::link_aside(path, "old", now)?;
                warn(format_args!(
                    "{}: new data sources: {}; no longer counted: {}; the RRD with all of them was {}",
                    path.display(),
                    list(&gained),
                    list(&lost),
                    kept
                ));
            }
        }
        Look::Broken(why) => {
            let kept = aside::set_aside(path, "corrupt", now)?;
            warn(format_args!("{}: is damaged: {why}; {}", path.display(), kept));
        }
        Look::Missing => {}
    }
    disk::rename(&new, path)?;
    path.parent().map_or(Ok(()), disk::sync_dir)
}

/// The data sources of `these` whose history `those` do not have.
fn missing<'a>(these: &'a [Source], those: &[Source]) -> Vec<&'a str> {
    let found = origins(those, these);
    these.iter().zip(found).filter(|(_, at)| at.is_none()).map(|(s, _)| s.name.as_str()).collect()
}

fn list(names: &[&str]) -> String {
    // Those of the old file are what somebody wrote there.
    let plain = |name: &&str| name.replace(|c: char| !c.is_ascii_graphic(), "?");
    if names.is_empty() { "none".to_owned() } else { names.iter().map(plain).collect::<Vec<_>>().join(" ") }
}

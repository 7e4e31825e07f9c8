//! Whether an RRD fits the table of counters and has the data sources that are wanted, and the file that replaces it if
//! not: see `migrate`.
use std::path::{Path, PathBuf};

use super::aside;
use super::files::Store;
use super::rrd::carry::origins;
use super::rrd::header::{Header, Look, Source, peek};
use super::rrd::mark::RrdMark;
use super::rrd::transplant::transplant;
use super::rrd::{FUTURE, archives_of, blank, sources_of};
use super::state::State;
use super::wanted;
use crate::disk;
use crate::error::Result;
use crate::say::warn;

/// Can today's bins be pushed to a file?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Yes: all of its data sources are of the table. It may have only some of them.
    Good,
    /// Once it has no data sources but those of today.
    Outgrown,
    /// No: it has another step, or nothing of ours.
    Foreign,
}

/// Does the file with this header have the step of today, and data sources of today's table?
pub(super) fn fitness(store: &Store, header: &Header) -> Fit {
    let table = sources_of(store.protocol);
    let has_archives = u32::try_from(store.step).is_ok_and(|step| header.archives == archives_of(step));
    if i64::try_from(header.step) != Ok(store.step) {
        Fit::Foreign
    } else if header.sources == table || has_archives && are_of(&header.sources, &table) {
        Fit::Good
    } else if has_archives && origins(&header.sources, &table).iter().any(Option::is_some) {
        Fit::Outgrown
    } else {
        Fit::Foreign
    }
}

/// Are `these` some of the data sources of `table`?
fn are_of(these: &[Source], table: &[Source]) -> bool {
    these.iter().all(|source| table.contains(source))
}

/// Was this file, which is sound and is not the one that was written last, damaged in its header? One that is, to the
/// byte, as we make files of some of the data sources of today's table, is another copy.
pub(super) fn is_damaged(store: &Store, header: &Header, mark: Option<RrdMark>) -> bool {
    mark.is_some_and(|mark| mark != header.mark)
        && !(are_of(&header.sources, &sources_of(store.protocol))
            && blank(&header.sources, store.step, 0).mark == header.mark)
}

/// `rrd/.send.rrd.migrated`: complete once the state names it.
fn pending(rrd: &Path) -> PathBuf {
    let name = rrd.file_name().unwrap_or_default().to_string_lossy();
    rrd.with_file_name(format!(".{name}.migrated"))
}

/// What [`begin`] came to.
pub(super) enum Begun {
    /// There is no file that could go on, or it must stay as it is.
    Nothing,
    /// The file has all data sources that are wanted, and no others.
    Complete,
    /// A new file was made, which is recognised by this.
    Made {
        mark: RrdMark,
        /// The data sources of which it does not know the past.
        unknown: Vec<String>,
    },
}

/// Makes the new file if one is needed for what `state` has counted.
pub(super) fn begin(store: &Store, state: &State, now: i64) -> Result<Begun> {
    if store.protocol.counters.is_empty() {
        return Ok(Begun::Nothing);
    }
    // What cannot be looked at or is damaged: the next push says so.
    let Ok(Look::Sound(old)) = peek(&store.rrd) else { return Ok(Begun::Nothing) };
    if is_damaged(store, &old, state.rrd)
        || old.last_update > now + FUTURE
        || fitness(store, &old) == Fit::Foreign
    {
        return Ok(Begun::Nothing);
    }
    let wanted = wanted::after(store.protocol, state, &[], &old);
    if old.sources == wanted.sources {
        return Ok(Begun::Complete);
    }
    let lost = missing(&old.sources, &wanted.sources);
    if !store.may_drop && !lost.is_empty() {
        warn(format_args!(
            "{}: keeps {} until toaster.conf is in order; the graphs wait",
            store.rrd.display(),
            list(&lost)
        ));
        return Ok(Begun::Nothing);
    }
    let to = pending(&store.rrd);
    let made = transplant(&store.rrd, &old, &to, store.protocol, store.step, &wanted);
    if made.is_err() {
        let _ = disk::remove(&to);
    }
    let gained = missing(&wanted.sources, &old.sources);
    let were_zero = |name: &str| {
        wanted.sources.iter().zip(&wanted.were_zero).any(|(source, zero)| *zero && source.name == name)
    };
    let unknown = gained.into_iter().filter(|name| !were_zero(name)).map(str::to_owned).collect();
    Ok(Begun::Made { mark: made?.mark, unknown })
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
            if !lost.is_empty() {
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

/// Names of data sources, for people.
pub(super) fn list(names: &[&str]) -> String {
    // Those of the old file are what somebody wrote there.
    let plain = |name: &&str| name.replace(|c: char| !c.is_ascii_graphic(), "?");
    if names.is_empty() { "none".to_owned() } else { names.iter().map(plain).collect::<Vec<_>>().join(" ") }
}

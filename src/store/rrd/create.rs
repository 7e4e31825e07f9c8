//! A new file.
use std::path::{Path, PathBuf};
use std::time::Duration;

use rrd::ConsolidationFn;
use rrd::ops::create::{Archive, DataSource, DataSourceName};

use super::history;
use super::librrd::{librrd, refused, time};
use super::schema::{ABSOLUTE, DAY, HEARTBEAT, rows_of, sources_of};
use super::update::{Update, push};
use crate::disk::{self, Change};
use crate::error::{At, Result};
use crate::protocol::Protocol;

/// Makes a new RRD at `path` that holds `updates`, oldest first: as a temporary file that is renamed, so that it is
/// there whole or not at all. A file that stands there is replaced, and is gone if this fails.
///
/// librrd is told that nothing happened since 00:00 UTC of the day on which it begins: a consolidated row that began
/// before the file would leave the unknown part out of its average and be too high. The rows that are over by then are
/// made unknown afterwards.
pub fn create(path: &Path, protocol: &Protocol, step: i64, updates: &[Update]) -> Result<()> {
    create_from(path, protocol, step, updates, &Past::Known(i64::MAX))
}

/// What a new file has of the time before its first bin.
#[derive(Clone, Debug)]
pub enum Past {
    /// That nothing happened since this time (unix seconds). The time before it is unknown.
    Known(i64),
    /// The rows of this file.
    Of(PathBuf),
}

/// As [`create`], with a past.
pub fn create_from(
    path: &Path,
    protocol: &Protocol,
    step: i64,
    updates: &[Update],
    past: &Past,
) -> Result<()> {
    let temporary = disk::temporary(path);
    let first = updates.first().map_or(0, |u| u.0);
    let begin = match past {
        Past::Known(since) => first.min(*since).div_euclid(step) * step,
        Past::Of(_) => first,
    };
    let made = create_at(&temporary, protocol, step, begin, updates).and_then(|()| {
        history::forget(&temporary, begin)?;
        if let Past::Of(before) = past {
            history::take_over(before, &temporary, begin)?;
        }
        disk::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), disk::sync_dir)
    });
    if made.is_err() {
        let _ = disk::remove(&temporary);
        // One that may vanish with the power, or that a process which died has made of the same updates: they wait
        // now, and must not stand in it as well.
        let _ = disk::remove(path);
    }
    made
}

/// A file in which nothing happened from 00:00 UTC of the day of `begin` up to the first of `updates`.
pub(super) fn create_at(
    path: &Path,
    protocol: &Protocol,
    step: i64,
    begin: i64,
    updates: &[Update],
) -> Result<()> {
    disk::remove(path)?;
    let start = begin.div_euclid(DAY) * DAY;
    let mut sources = Vec::new();
    for source in sources_of(protocol) {
        let name = DataSourceName::new(&source.name).map_err(|e| refused(path, e))?;
        let minimum = source.has_minimum;
        sources.push(if source.kind == ABSOLUTE {
            DataSource::absolute(&name, HEARTBEAT, minimum.then_some(0), None)
        } else {
            DataSource::gauge(&name, HEARTBEAT, minimum.then_some(0.0), None)
        });
    }
    let mut archives = Vec::new();
    let own = u32::try_from(step).unwrap_or(60);
    for cf in [ConsolidationFn::Avg, ConsolidationFn::Max] {
        for (steps, rows) in rows_of(own) {
            archives.push(Archive::new(cf, 0.5, steps, rows).map_err(|e| refused(path, e))?);
        }
    }
    {
        let _alone = librrd();
        let step = Duration::from_secs(u64::from(own));
        disk::change(Change::Create(path), || {
            Ok(rrd::ops::create::create(path, time(start), step, false, None, &[], &sources, &archives))
        })
        .at("create", path)?
        .map_err(|e| refused(path, e))?;
    }
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).at("chmod", path)?;
    push(path, protocol, step, updates)
}

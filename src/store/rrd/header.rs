//! The header of an RRD file, read by ourselves: librrd accepts nearly any damaged one.
//!
//! Layout (rrd_format.h, version 3 and later, 64 bits): `stat_head`, a `ds_def` a data source, an
//! `rra_def` an archive, `live_head`, a `pdp_prep` a data source, a `cdp_prep` a data source and
//! archive, an `rra_ptr` an archive; then the rows. The first three never change in a file's life
//! (the *schema*); the others are all that an update changes besides the rows it writes.
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use crate::error::{At, Result};
use crate::store::disk;
use crate::store::state::{RrdMark, digest};

const STAT_HEAD: usize = 128;
const DEFINITION: usize = 120; // ds_def and rra_def alike
const LIVE_HEAD: usize = 16;
const PDP_PREP: usize = 112;
const CDP_PREP: usize = 80;
const POINTER: usize = 8;
/// More data sources or archives than any sane file has: a damaged count must not allocate.
const SANE: usize = 2000;

/// The header of a file, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Every byte before the rows.
    pub bytes: Vec<u8>,
    /// Device and inode of the file.
    pub file: (u64, u64),
    /// Size of the file and hash of its schema.
    pub mark: RrdMark,
    /// Unix time of the last update.
    pub last_update: i64,
    /// Names of the data sources, in order.
    pub sources: Vec<String>,
    /// Step in seconds.
    pub step: u64,
}

/// What stands at an RRD's path.
#[derive(Debug)]
pub enum Look {
    /// Nothing.
    Missing,
    /// A file that librrd may open.
    Sound(Box<Header>),
    /// A file that it may not, and why.
    Broken(String),
}

/// Looks at the file at `path` without librrd.
///
/// # Errors
/// When the file cannot be opened or read at all (permissions, I/O).
pub fn look(path: &Path) -> Result<Look> {
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Look::Missing),
        Err(e) => return Err(e).at("look at", path),
        Ok(meta) if !meta.is_file() => return Ok(Look::Broken("it is not a regular file".into())),
        Ok(_) => {}
    }
    let Some(file) = disk::open(path)? else { return Ok(Look::Missing) };
    read(&file, path)
}

fn read(file: &File, path: &Path) -> Result<Look> {
    let meta = file.metadata().at("look at", path)?;
    let mut head = [0u8; STAT_HEAD];
    if disk::read_at(file, &mut head, 0).at("read", path)? < STAT_HEAD {
        return Ok(Look::Broken("it is shorter than a header".into()));
    }
    if &head[..4] != b"RRD\0" || f64::from_le_bytes(eight(&head, 16)) != 8.642135E130 {
        return Ok(Look::Broken("it does not begin as an RRD of this machine does".into()));
    }
    let (sources, archives) = (count(&head, 24), count(&head, 32));
    if sources == 0 || archives == 0 || sources > SANE || archives > SANE {
        return Ok(Look::Broken("its header is damaged".into()));
    }
    let schema = STAT_HEAD + DEFINITION * (sources + archives);
    let pointers = schema + LIVE_HEAD + PDP_PREP * sources + CDP_PREP * sources * archives;
    let length = pointers + POINTER * archives;
    let mut bytes = vec![0; length];
    if disk::read_at(file, &mut bytes, 0).at("read", path)? < length {
        return Ok(Look::Broken("it ends within its header".into()));
    }
    let mut rows = 0usize;
    for archive in 0..archives {
        let definition = STAT_HEAD + DEFINITION * (sources + archive);
        let row_count = count(&bytes, definition + 24);
        if count(&bytes, pointers + POINTER * archive) >= row_count {
            return Ok(Look::Broken("an archive's position lies outside of the archive".into()));
        }
        rows = rows.saturating_add(row_count);
    }
    let size = rows.saturating_mul(8 * sources).saturating_add(length);
    if meta.size() != size as u64 {
        return Ok(Look::Broken(format!("it has {} bytes, its header says {size}", meta.size())));
    }
    let names = (0..sources)
        .map(|i| {
            let name = &bytes[STAT_HEAD + DEFINITION * i..][..20];
            String::from_utf8_lossy(name.split(|&b| b == 0).next().unwrap_or_default()).into_owned()
        })
        .collect();
    Ok(Look::Sound(Box::new(Header {
        file: disk::file_id(&meta),
        mark: RrdMark { size: meta.size(), schema: digest(&[&bytes[..schema]]) },
        last_update: i64::from_le_bytes(eight(&bytes, schema)),
        sources: names,
        step: u64::from_le_bytes(eight(&head, 40)),
        bytes,
    })))
}

/// Writes a header back over that of the same file: with the same updates again after it, the file
/// is as if nothing had happened in between.
pub fn put_back(path: &Path, bytes: &[u8]) -> Result<()> {
    disk::gate("put the RRD's header back").at("write", path)?;
    let file = std::fs::OpenOptions::new().write(true).open(path).at("open", path)?;
    file.write_all_at(bytes, 0).at("write", path)?;
    file.sync_data().at("fsync", path)
}

fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    word
}

fn count(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(eight(bytes, at))).unwrap_or(usize::MAX)
}

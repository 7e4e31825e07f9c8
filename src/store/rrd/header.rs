//! The header of an RRD file, read by ourselves: librrd accepts nearly any damaged one.
//!
//! Layout (rrd_format.h, version 3 and later, 64 bits): `stat_head`, a `ds_def` a data source, an
//! `rra_def` an archive, `live_head`, a `pdp_prep` a data source, a `cdp_prep` a data source and
//! archive, an `rra_ptr` an archive; then the rows. The first three never change in a file's life
//! (the *schema*); the others are all that an update changes besides the rows it writes.
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::mark::RrdMark;
use crate::disk::{self, Change};
use crate::error::{At, Result};
use crate::ledger::digest;

const STAT_HEAD: usize = 128;
const DEFINITION: usize = 120; // ds_def and rra_def alike
const LIVE_HEAD: usize = 16;
const PDP_PREP: usize = 112;
const CDP_PREP: usize = 80;
const POINTER: usize = 8;
/// A text and a zero after it, in bytes: a name, and a last value.
const WORD: usize = 20;
const LAST_VALUE: usize = 30;
/// More data sources or archives than any sane file has: a damaged count must not allocate.
const SANE: usize = 2000;
/// Seconds: no row is longer, no step longer than a day. With an absurd one librrd writes beyond its buffers.
const LONGEST_ROW: usize = 3660 * 86_400;
const LONGEST_STEP: usize = 86_400;
/// Kinds of data sources and consolidation functions; librrd crashes where another word stands.
const KINDS: [&str; 6] = ["ABSOLUTE", "GAUGE", "COUNTER", "DERIVE", "DCOUNTER", "DDERIVE"];
const FUNCTIONS: [&str; 4] = ["AVERAGE", "MAX", "MIN", "LAST"];
/// 2263-01-01T00:00:00Z: no update is later.
const END: i64 = 9_246_182_400;

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
    /// The data sources, in order.
    pub sources: Vec<Source>,
    /// The archives, in order.
    pub archives: Vec<Archive>,
    /// Step in seconds.
    pub step: u64,
}

/// A data source, as far as it decides what its rows mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// `ABSOLUTE` or `GAUGE`.
    pub kind: String,
    /// Is there a lowest value, below which everything is unknown?
    pub has_minimum: bool,
}

/// A round robin archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// `AVERAGE` or `MAX`.
    pub function: String,
    /// Rows.
    pub rows: usize,
    /// Steps a row.
    pub steps: usize,
}

impl Header {
    /// Bytes of the schema: of what never changes.
    pub fn schema(&self) -> usize {
        STAT_HEAD + DEFINITION * (self.sources.len() + self.archives.len())
    }

    /// Where the state of data source `source` in the unfinished step stands.
    pub fn pdp_prep(&self, source: usize) -> Range<usize> {
        let at = self.schema() + LIVE_HEAD + PDP_PREP * source;
        at..at + PDP_PREP
    }

    /// Where the state of data source `source` in the unfinished row of `archive` stands.
    pub fn cdp_prep(&self, archive: usize, source: usize) -> Range<usize> {
        let at = self.pdp_prep(self.sources.len()).start + CDP_PREP * (archive * self.sources.len() + source);
        at..at + CDP_PREP
    }

    /// Where the archives' positions stand: the rest of the header.
    pub fn pointers(&self) -> Range<usize> {
        self.cdp_prep(self.archives.len(), 0).start..self.bytes.len()
    }

    /// Which row of an archive was written last.
    pub fn pointer(&self, archive: usize) -> usize {
        count(&self.bytes, self.pointers().start + POINTER * archive)
    }

    /// Where the time of the last update stands.
    pub fn live_head(&self) -> Range<usize> {
        self.schema()..self.schema() + LIVE_HEAD
    }
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
pub fn peek(path: &Path) -> Result<Look> {
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Look::Missing),
        Err(e) => return Err(e).at("look at", path),
        Ok(meta) if !meta.is_file() => return Ok(Look::Broken("it is not a regular file".into())),
        Ok(_) => {}
    }
    let Some(file) = disk::open(path)? else { return Ok(Look::Missing) };
    peek_at(&file, path)
}

/// Looks at an open file, which stood at `path`.
///
/// # Errors
/// When it cannot be read.
pub fn peek_at(file: &File, path: &Path) -> Result<Look> {
    let meta = file.metadata().at("look at", path)?;
    let mut head = [0u8; STAT_HEAD];
    if disk::read_at(file, &mut head, 0).at("read", path)? < STAT_HEAD {
        return Ok(Look::Broken("it is shorter than a header".into()));
    }
    if &head[..4] != b"RRD\0" || f64::from_le_bytes(eight(&head, 16)) != 8.642135E130 {
        return Ok(Look::Broken("it does not begin as an RRD of this machine does".into()));
    }
    let (sources, archives) = (count(&head, 24), count(&head, 32));
    let step = count(&head, 40);
    let damaged = || Ok(Look::Broken("its header is damaged".into()));
    if sources == 0 || archives == 0 || sources > SANE || archives > SANE {
        return damaged();
    }
    if !(1..=LONGEST_STEP).contains(&step) {
        return damaged();
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
        let (row_count, steps) = (count(&bytes, definition + 24), count(&bytes, definition + 32));
        if !(1..=LONGEST_ROW / step).contains(&steps) {
            return damaged();
        }
        if count(&bytes, pointers + POINTER * archive) >= row_count {
            return Ok(Look::Broken("an archive's position lies outside of the archive".into()));
        }
        rows = rows.saturating_add(row_count);
    }
    let size = rows.saturating_mul(8 * sources).saturating_add(length);
    if meta.size() != size as u64 {
        return Ok(Look::Broken(format!("it has {} bytes, its header says {size}", meta.size())));
    }
    let last_update = i64::from_le_bytes(eight(&bytes, schema));
    if !(0..END).contains(&last_update) {
        return damaged();
    }
    let definition = |i: usize| STAT_HEAD + DEFINITION * i;
    let source = |i: usize| Source {
        name: word(&bytes, definition(i)),
        kind: word(&bytes, definition(i) + 20),
        has_minimum: !f64::from_le_bytes(eight(&bytes, definition(i) + 48)).is_nan(),
    };
    let archive = |i: usize| Archive {
        function: word(&bytes, definition(sources + i)),
        rows: count(&bytes, definition(sources + i) + 24),
        steps: count(&bytes, definition(sources + i) + 32),
    };
    let all_sources: Vec<Source> = (0..sources).map(source).collect();
    let all_archives: Vec<Archive> = (0..archives).map(archive).collect();
    let has_words = all_sources.iter().all(|s| s.name.len() < WORD && KINDS.contains(&s.kind.as_str()))
        && all_archives.iter().all(|a| FUNCTIONS.contains(&a.function.as_str()));
    // The last value of a data source is a text, too.
    let last_value = |i: usize| &bytes[schema + LIVE_HEAD + PDP_PREP * i..][..LAST_VALUE];
    if !has_words || !(0..sources).all(|i| last_value(i).contains(&0)) {
        return damaged();
    }
    Ok(Look::Sound(Box::new(Header {
        file: disk::file_id(&meta),
        mark: RrdMark { size: meta.size(), schema: digest(&[&bytes[..schema]]) },
        last_update,
        sources: all_sources,
        archives: all_archives,
        step: step as u64,
        bytes,
    })))
}

/// Writes a header back over that of the same file: with the same updates again after it, the file
/// is as if nothing had happened in between.
pub fn put_back(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = std::fs::OpenOptions::new().write(true).open(path).at("open", path)?;
    disk::change(Change::Write(path), || file.write_all_at(bytes, 0)).at("write", path)?;
    disk::fdatasync(path, &file)
}

fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    word
}

/// A text of at most 19 bytes and a zero.
fn word(bytes: &[u8], at: usize) -> String {
    let word = bytes[at..at + WORD].split(|&b| b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(word).into_owned()
}

fn count(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(eight(bytes, at))).unwrap_or(usize::MAX)
}

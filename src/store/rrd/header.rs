//! The header of an RRD file, read by ourselves: librrd accepts nearly any damaged one.
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::layout::{
    ARCHIVES, CDP_PREP, COOKIE, DEFINITION, FLOAT_COOKIE, HEARTBEAT, KIND, LAST_VALUE, LIVE_HEAD, MINIMUM,
    PDP_PREP, POINTER, ROWS, SOURCES, STAT_HEAD, STEP, STEPS, VERSION, WORD, count, float, header_size, time,
    word,
};
use super::mark::RrdMark;
use crate::disk;
use crate::error::{At, Result};
use crate::ledger::digest;

/// More data sources or archives than any sane file has: a damaged count must not allocate.
const SANE: usize = 2000;
/// Seconds: no row is longer, no step longer than a day. With an absurd one librrd writes beyond its buffers.
const LONGEST_ROW: usize = 3660 * 86_400;
const LONGEST_STEP: usize = 86_400;
/// Kinds of data sources and consolidation functions; librrd crashes where another word stands.
const KINDS: [&str; 6] = ["ABSOLUTE", "GAUGE", "COUNTER", "DERIVE", "DCOUNTER", "DDERIVE"];
const FUNCTIONS: [&str; 4] = ["AVERAGE", "MAX", "MIN", "LAST"];
/// Those of the layout that is read here.
const VERSIONS: [&[u8]; 3] = [b"0003\0", b"0004\0", b"0005\0"];
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
        self.definition(self.sources.len() + self.archives.len())
    }

    /// Where a definition begins: those of the data sources come first, then those of the archives.
    pub(super) fn definition(&self, number: usize) -> usize {
        STAT_HEAD + DEFINITION * number
    }

    /// Where the time of the last update stands.
    pub fn live_head(&self) -> Range<usize> {
        self.schema()..self.schema() + LIVE_HEAD
    }

    /// Where the state of data source `source` in the unfinished step stands.
    pub fn pdp_prep(&self, source: usize) -> Range<usize> {
        let at = self.live_head().end + PDP_PREP * source;
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

    /// Reads the bytes of a header, and perhaps some more behind them, of a file of `size` bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(mut bytes: Vec<u8>, size: u64, file: (u64, u64)) -> std::result::Result<Self, String> {
        let (sources, archives, length) = measure(&bytes)?;
        if bytes.len() < length {
            return Err("it ends within its header".into());
        }
        bytes.truncate(length);
        let damaged = || "its header is damaged".to_owned();
        let step = count(&bytes, STEP);
        let definition = |i: usize| STAT_HEAD + DEFINITION * i;
        let schema = definition(sources + archives);
        let mut rows = 0usize;
        for archive in 0..archives {
            let row_count = count(&bytes, definition(sources + archive) + ROWS);
            if !(1..=LONGEST_ROW / step).contains(&count(&bytes, definition(sources + archive) + STEPS)) {
                return Err(damaged());
            }
            if count(&bytes, length - POINTER * (archives - archive)) >= row_count {
                return Err("an archive's position lies outside of the archive".into());
            }
            rows = rows.saturating_add(row_count);
        }
        let wanted = rows.saturating_mul(8 * sources).saturating_add(length);
        if size != wanted as u64 {
            return Err(format!("it has {size} bytes, its header says {wanted}"));
        }
        let last_update = time(&bytes, schema);
        if !(0..END).contains(&last_update) {
            return Err(damaged());
        }
        let source = |i: usize| Source {
            name: word(&bytes, definition(i)),
            kind: word(&bytes, definition(i) + KIND),
            has_minimum: !float(&bytes, definition(i) + MINIMUM).is_nan(),
        };
        let archive = |i: usize| Archive {
            function: word(&bytes, definition(sources + i)),
            rows: count(&bytes, definition(sources + i) + ROWS),
            steps: count(&bytes, definition(sources + i) + STEPS),
        };
        let all_sources: Vec<Source> = (0..sources).map(source).collect();
        let all_archives: Vec<Archive> = (0..archives).map(archive).collect();
        let has_words = all_sources.iter().all(|s| s.name.len() < WORD && KINDS.contains(&s.kind.as_str()))
            && all_archives.iter().all(|a| FUNCTIONS.contains(&a.function.as_str()));
        // The last value of a data source is a text, too.
        let last_value = |i: usize| &bytes[schema + LIVE_HEAD + PDP_PREP * i..][..LAST_VALUE];
        if !has_words || !(0..sources).all(|i| last_value(i).contains(&0)) {
            return Err(damaged());
        }
        Ok(Self {
            file,
            mark: RrdMark { size, schema: digest(&[&of_one_unknown(&bytes[..schema])]) },
            last_update,
            sources: all_sources,
            archives: all_archives,
            step: step as u64,
            bytes,
        })
    }
}

/// The definitions of a file, with the same bits wherever a number is unknown: `rrdtool restore` writes others than
/// `rrdtool create`, and means the same.
fn of_one_unknown(definitions: &[u8]) -> Vec<u8> {
    let mut definitions = definitions.to_vec();
    for definition in definitions.get_mut(STAT_HEAD..).unwrap_or_default().chunks_exact_mut(DEFINITION) {
        for number in definition[HEARTBEAT..].chunks_exact_mut(8) {
            if float(number, 0).is_nan() {
                number.copy_from_slice(&f64::NAN.to_le_bytes());
            }
        }
    }
    definitions
}

/// How many data sources and archives a file has, and how many bytes its header, by its first bytes.
fn measure(head: &[u8]) -> std::result::Result<(usize, usize, usize), String> {
    if head.len() < STAT_HEAD {
        return Err("it is shorter than a header".into());
    }
    let is_rrd =
        &head[..4] == b"RRD\0" && VERSIONS.iter().any(|version| head[VERSION..].starts_with(version));
    if !is_rrd || float(head, FLOAT_COOKIE) != COOKIE {
        return Err("it does not begin as an RRD of this machine does".into());
    }
    let (sources, archives) = (count(head, SOURCES), count(head, ARCHIVES));
    let are_sane = (1..=SANE).contains(&sources) && (1..=SANE).contains(&archives);
    if !are_sane || !(1..=LONGEST_STEP).contains(&count(head, STEP)) {
        return Err("its header is damaged".into());
    }
    Ok((sources, archives, header_size(sources, archives)))
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
    let mut bytes = vec![0; STAT_HEAD];
    let read = disk::read_at(file, &mut bytes, 0).at("read", path)?;
    bytes.truncate(read);
    let length = match measure(&bytes) {
        Ok((_, _, length)) => length,
        Err(why) => return Ok(Look::Broken(why)),
    };
    bytes.resize(length, 0);
    let read = disk::read_at(file, &mut bytes, 0).at("read", path)?;
    bytes.truncate(read);
    Ok(match Header::parse(bytes, meta.size(), disk::file_id(&meta)) {
        Ok(header) => Look::Sound(Box::new(header)),
        Err(why) => Look::Broken(why),
    })
}

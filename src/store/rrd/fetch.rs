//! The rows that a file has of a time, chosen as `rrdtool fetch` chooses them (`rrdfetch(1)`).
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{FlockOperation, fcntl_lock};

use super::header::{Archive, Header, Look};
use super::locked::lock;
use super::open::OpenRrd;
use super::places::Places;
use crate::error::{At, Error, Result};

/// Consolidation function of the rows asked for (`rrdcreate(1)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cf {
    /// Mean of the steps in a row.
    Average,
    /// Highest step in a row.
    Max,
}

impl Cf {
    /// As `DEF` and `rrdtool fetch` spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Average => "AVERAGE",
            Self::Max => "MAX",
        }
    }
}

/// Bytes that are read of a file at a time.
const BUFFER: usize = 64 << 10;

/// Rows of one RRD, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Seconds a row covers; what the file has, which need not be what was asked for.
    pub step: i64,
    /// Unix time at which the first row ends.
    pub first_end: i64,
    /// The data sources, in the order of the file.
    pub names: Vec<String>,
    /// One row after the other, each as long as `names`; NaN where unknown.
    pub values: Vec<f64>,
}

/// An RRD that nobody writes as long as this lives: its header, and its rows.
#[derive(Debug)]
pub(crate) struct Reader<'r> {
    rrd: &'r OpenRrd,
    header: Header,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let _ = fcntl_lock(self.rrd.file(), FlockOperation::Unlock);
    }
}

impl<'r> Reader<'r> {
    /// Waits for a writer, as long as this process may.
    ///
    /// # Errors
    /// When it cannot be read or is damaged, or when another program writes it for too long.
    pub(crate) fn of(rrd: &'r OpenRrd) -> Result<Self> {
        lock(rrd.file(), FlockOperation::NonBlockingLockShared, rrd.path())?;
        let look = rrd.peek();
        if let Ok(Look::Sound(header)) = look {
            return Ok(Self { rrd, header: *header });
        }
        let _ = fcntl_lock(rrd.file(), FlockOperation::Unlock);
        let why = match look? {
            Look::Broken(why) => why,
            _ => "it is gone".to_owned(),
        };
        Err(Error::Message(format!("{}: is damaged: {why}", rrd.path().display())))
    }

    /// The header of the file.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Where the file stood when it was opened.
    pub(super) fn path(&self) -> &std::path::Path {
        self.rrd.path()
    }

    /// Time of the last update, in unix seconds.
    pub(crate) fn last_update(&self) -> i64 {
        self.header.last_update
    }

    /// The rows that cover `start`..`end` (unix seconds), as near to `step` seconds as the file has them. The last one
    /// ends behind `end`.
    ///
    /// # Errors
    /// When it cannot be read, or has no rows of this kind.
    pub(crate) fn fetch(&self, cf: Cf, start: i64, end: i64, step: i64) -> Result<Rows> {
        let (start, end, path) = (start.max(0), end.max(0), self.rrd.path());
        let places = self.choose(cf, start, step.max(1)).ok_or_else(|| {
            Error::Message(format!("{}: has no archive of {}", path.display(), cf.as_str()))
        })?;
        let step = places.period;
        let first_end = start - start % step + step;
        let last_end = (end - end % step + step).max(first_end);
        let width = self.header.sources.len();
        let count = usize::try_from((last_end - first_end) / step + 1).unwrap_or(0);
        let mut values = vec![f64::NAN; count * width];
        let known = first_end.max(places.oldest())..=last_end.min(places.newest);
        if !known.is_empty() {
            let before = usize::try_from((known.start() - first_end) / step).unwrap_or(0);
            let rows = usize::try_from((known.end() - known.start()) / step + 1).unwrap_or(0);
            let into = &mut values[before * width..(before + rows) * width];
            self.read(&places, *known.start(), into).at("read", path)?;
        }
        let names = self.header.sources.iter().map(|source| source.name.clone()).collect();
        Ok(Rows { step, first_end, names, values })
    }

    /// The rows of an archive that end in `first..=last`, one after the other.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn stretch(&self, places: &Places, first: i64, last: i64) -> Result<Vec<f64>> {
        let rows = usize::try_from((last - first) / places.period + 1).unwrap_or(0);
        let mut values = vec![f64::NAN; rows * self.header.sources.len()];
        self.read(places, first, &mut values).at("read", self.rrd.path())?;
        Ok(values)
    }

    /// Reads one row after the other, of which the first ends at `end`. They may go on at the archive's first place.
    fn read(&self, places: &Places, end: i64, into: &mut [f64]) -> io::Result<()> {
        let at = places.place(end);
        let until_the_end = usize::try_from((places.end() - at) / 8).unwrap_or(usize::MAX).min(into.len());
        let (first, rest) = into.split_at_mut(until_the_end);
        let mut bytes = vec![0; BUFFER.min(first.len().max(rest.len()) * 8)];
        for (mut at, values) in [(at, first), (places.begin(), rest)] {
            for values in values.chunks_mut(BUFFER / 8) {
                let bytes = &mut bytes[..values.len() * 8];
                self.rrd.file().read_exact_at(bytes, at)?;
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f64::from_le_bytes(*bytes);
                }
                at += bytes.len() as u64;
            }
        }
        Ok(())
    }

    /// Of the archives that reach back to `start` the one whose rows are nearest to `step` seconds; if there are none, the
    /// one that has the most of the time, and of several the nearest.
    fn choose(&self, cf: Cf, start: i64, step: i64) -> Option<Places> {
        // A row of one step is the same by any function.
        let fits = |archive: &Archive| archive.function == cf.as_str() || archive.steps == 1;
        let archives = self.header.archives.iter().zip(Places::of(&self.header));
        let fitting = || archives.clone().filter(|(archive, _)| fits(archive)).map(|(_, places)| places);
        let begin = |places: &Places| places.oldest() - places.period;
        let off = |places: &Places| (step - places.period).abs();
        let full = fitting().filter(|places| begin(places) <= start).min_by_key(off);
        full.or_else(|| fitting().min_by_key(|places| (begin(places), off(places))))
    }
}

//! The archive by date: `logs_base/YYYY/MM/DD/sendlog`, and the intent that makes it undoable.
//!
//! Before the first byte is appended, every file's length is written down (the *intent*). If the
//! commit does not come about, each file is cut back to that length.
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::calendar::Calendar;
use crate::disk::below::{open_below, remove_below};
use crate::disk::{self, Change};
use crate::error::{At, Error, Result};

/// What is about to be appended to: path below `logs_base` and the length before, `None`: absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The commit that this belongs to.
    pub number: u64,
    /// The files.
    pub files: Vec<(String, Option<u64>)>,
}

impl Record for Intent {
    fn from_v1(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn from_v2(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn from_v3(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn from_v4(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn from_v5(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// Bytes for one archive file, in the order in which they are appended.
pub trait Pieces {
    /// Writes everything that goes to the file of this day (`YYYYMMDD`).
    ///
    /// # Errors
    /// When the source cannot be read or `out` cannot be written.
    fn write(&self, day: u32, out: &mut dyn Write) -> io::Result<()>;
}

/// `2026/11/23/sendlog` for 20261123.
pub fn name_of(day: u32, log: &str) -> String {
    format!("{:04}/{:02}/{:02}/{log}", day / 10_000, day / 100 % 100, day % 100)
}

/// Which file takes the lines of `day`: the plain one, or the compressed one where only that is there
/// any more; and its length now.
pub fn target(base: &Path, day: u32, log: &str) -> Result<(String, Option<u64>)> {
    let plain = name_of(day, log);
    if let Some(size) = length_of(base, &plain)? {
        return Ok((plain, Some(size)));
    }
    let packed = format!("{plain}.gz");
    match length_of(base, &packed)? {
        Some(size) => Ok((packed, Some(size))),
        None => Ok((plain, None)),
    }
}

/// Appends the pieces of `day` to `name` and makes them durable. A compressed file gets a further
/// gzip member.
pub fn append(base: &Path, name: &str, day: u32, pieces: &dyn Pieces) -> Result<()> {
    let path = base.join(name);
    let opened = disk::change(Change::Create(&path), || {
        Ok(open_below(base, name, OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT, true))
    });
    let Some(file) = opened.at("open", &path)?? else {
        return Err(Error::Message(format!("{}: cannot be made", path.display())));
    };
    disk::change(Change::Write(&path), || {
        if name.ends_with(".gz") {
            let mut out = GzEncoder::new(&file, Compression::default());
            pieces.write(day, &mut out)?;
            out.finish().map(drop)
        } else {
            let mut out = BufWriter::with_capacity(1 << 18, &file);
            pieces.write(day, &mut out)?;
            out.flush()
        }
    })
    .at("append to", &path)?;
    disk::fsync(&path, &file)?;
    // The names on the way to it may all be new.
    let mut dir = path.parent();
    while let Some(d) = dir.filter(|d| d.starts_with(base)) {
        disk::sync_dir(d)?;
        dir = d.parent();
    }
    Ok(())
}

/// The file of an intent that was appended to last, and its length now.
pub(super) fn last_of(base: &Path, intent: &Intent) -> Result<Option<(String, u64)>> {
    let Some((name, _)) = intent.files.last() else { return Ok(None) };
    Ok(length_of(base, name)?.map(|length| (name.clone(), length)))
}

/// The length of `base/name` in bytes. `None`: it is not there.
pub(super) fn length_of(base: &Path, name: &str) -> Result<Option<u64>> {
    let Some(file) = open_below(base, name, OFlag::O_RDONLY, false)? else { return Ok(None) };
    Ok(Some(file.metadata().at("look at", &base.join(name))?.len()))
}

/// Is the day of `name`, a file of the archive, before yesterday?
pub(super) fn is_before_yesterday(name: &str, now: i64) -> bool {
    let day = name.get(..10).map(|day| day.replace('/', "")).and_then(|day| day.parse::<u32>().ok());
    day.is_some_and(|day| day < Calendar::new(now).day(now - 86_400))
}

/// Was `base/name` packed, by us or by somebody else?
pub(super) fn is_packed(base: &Path, name: &str) -> bool {
    let is_there = |end| matches!(length_of(base, &format!("{name}.{end}")), Ok(Some(_)));
    ["gz", "xz", "zst", "bz2"].into_iter().any(is_there)
}

/// Is there a year of an archive below `base`, with a month in it? The directory of a year alone may be the place
/// where a disk is to be mounted.
pub(super) fn has_years(base: &Path) -> Result<bool> {
    for entry in crate::dir::read(base).at("read", base)? {
        let entry = entry.at("read", base)?;
        let name = entry.file_name();
        let is_year = name.len() == 4 && name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if is_year && crate::dir::read(entry.path()).is_ok_and(|mut months| months.next().is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes back what an unfinished commit appended: a file that was absent is removed, a longer one is
/// cut; one that is shorter or gone is left alone.
pub fn cut_back(base: &Path, intent: &Intent) -> Result<()> {
    for (name, before) in &intent.files {
        let path = base.join(name);
        match before {
            None => remove_below(base, name)?,
            Some(length) => {
                if let Some(file) = open_below(base, name, OFlag::O_WRONLY, false)?
                    && file.metadata().at("look at", &path)?.len() > *length
                {
                    disk::change(Change::Write(&path), || file.set_len(*length)).at("cut", &path)?;
                    disk::fsync(&path, &file)?;
                }
            }
        }
    }
    Ok(())
}

//! Days of the archive that are over: compressed, and after `logs_archive_days` removed.
//!
//! Compressing takes its time, and a lock that only those wait for who compress too; the protocol's lock is taken
//! for the swap only, and the swap is given up if a late line came meanwhile. After a crash in it both files stand
//! there: the plain one is whole.
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::archive::name_of;
use super::files::Store;
use super::lock::lock;
use crate::dir::{self, Kind};
use crate::disk::{self, Change, copy};
use crate::error::{At, Error, Result};

/// Nobody has written to the file for this long (seconds): the rolls of that day are over, too.
const QUIET: i64 = 3600;

/// The days that the archive holds, as `YYYYMMDD`, oldest first: only directories of exactly that
/// shape, no symbolic links.
///
/// # Errors
/// When a directory cannot be read.
pub fn days(base: &Path) -> Result<Vec<u32>> {
    let mut days = Vec::new();
    for (year, in_year) in numbered(base, 4)? {
        for (month, in_month) in numbered(&in_year, 2)? {
            for (day, _) in numbered(&in_month, 2)? {
                if (1..=12).contains(&month) && (1..=31).contains(&day) {
                    days.push(year * 10_000 + month * 100 + day);
                }
            }
        }
    }
    days.sort_unstable();
    Ok(days)
}

fn numbered(dir: &Path, digits: usize) -> Result<Vec<(u32, PathBuf)>> {
    let entries = match dir::read(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e).at("read", dir),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.at("read", dir)?;
        let name = entry.name().unwrap_or_default();
        let shaped = name.len() == digits && name.bytes().all(|b| b.is_ascii_digit());
        // A symbolic link is not a directory here.
        if shaped && entry.kind().is_ok_and(|kind| kind == Kind::Directory) {
            found.push((name.parse().unwrap_or(0), entry.path().to_owned()));
        }
    }
    Ok(found)
}

/// Compresses the file of `day` if nobody has written to it for an hour at `now` (unix seconds).
/// `true`: it is compressed now. Where another process compresses, nothing is done.
///
/// # Errors
/// When a file cannot be read or written, or the lock cannot be had within `patience`.
pub fn pack(store: &Store, log: &str, day: u32, now: i64, patience: Duration) -> Result<bool> {
    let plain = store.base.join(name_of(day, log));
    let Some(file) = disk::open(&plain)? else { return Ok(false) };
    let before = file.metadata().at("look at", &plain)?;
    if before.mtime() + QUIET > now {
        return Ok(false);
    }
    // The temporary file has one name: another process would put what we have half written in the archive's place.
    disk::make_dir(&store.state_dir)?;
    let _alone = match lock(&store.file("packing"), Duration::ZERO) {
        Err(Error::Locked { .. }) => return Ok(false),
        other => other?,
    };
    let packed = store.base.join(name_of(day, &format!("{log}.gz")));
    let temporary = disk::temporary(&packed);
    let done = compress(&file, before.len(), &temporary).and_then(|()| {
        // The lock, and with it the end of whatever a crash left: its intent may name this file.
        let _session = store.open(patience, now)?;
        let unchanged = disk::open(&plain)?.is_some_and(|now| {
            now.metadata()
                .is_ok_and(|m| m.len() == before.len() && disk::file_id(&m) == disk::file_id(&before))
        });
        if !unchanged {
            return Ok(false);
        }
        disk::rename(&temporary, &packed)?;
        let dir = plain.parent().unwrap_or(&store.base);
        disk::sync_dir(dir)?;
        disk::remove(&plain)?;
        disk::sync_dir(dir)?;
        Ok(true)
    });
    if !matches!(done, Ok(true)) {
        let _ = disk::remove(&temporary);
    }
    done
}

fn compress(file: &File, length: u64, to: &Path) -> Result<()> {
    let out = disk::create(to, 0o644)?;
    disk::change(Change::Write(to), || {
        let mut gz = GzEncoder::new(io::BufWriter::new(&out), Compression::default());
        copy(file, 0, length, &mut gz)?;
        gz.finish()?.flush()
    })
    .at("compress to", to)?;
    disk::fsync(to, &out)
}

/// Removes our files of `day` and the directories that are empty after it.
///
/// # Errors
/// When a file cannot be removed.
pub fn purge(base: &Path, day: u32, logs: &[&str]) -> Result<()> {
    let mut dir = base.join(name_of(day, "x"));
    dir.pop();
    for log in logs {
        for name in [format!("{log}.gz"), (*log).to_owned()] {
            disk::remove(&dir.join(name))?;
        }
    }
    // Whatever else stands there is not ours, and keeps its directory.
    for _ in 0..3 {
        if std::fs::remove_dir(&dir).is_err() {
            break;
        }
        dir.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::send::SEND;
    use std::fs;
    use std::io::Read;

    fn store(base: &Path) -> Store {
        Store {
            base: base.to_owned(),
            protocol: &SEND,
            counter_file: base.join("counters/x.txt"),
            legacy: Vec::new(),
            state_dir: base.join("state"),
            rrd: base.join("rrd/x.rrd"),
            step: 60,
            may_drop: true,
            under: None,
        }
    }

    const LATER: i64 = 4_000_000_000;

    #[test]
    fn a_day_that_is_over_is_compressed_once() {
        let dir = tempfile::tempdir().unwrap();
        let day = dir.path().join("2026/11/22");
        fs::create_dir_all(&day).unwrap();
        fs::write(day.join("smtplog"), "one\ntwo\n").unwrap();
        let store = store(dir.path());
        let at_once = fs::metadata(day.join("smtplog")).unwrap().mtime() + 10;
        assert!(!pack(&store, "smtplog", 20_261_122, at_once, Duration::ZERO).unwrap(), "still warm");
        // A crash between rename and removal leaves both: the plain one is whole.
        fs::write(day.join("smtplog.gz"), "half").unwrap();
        assert!(pack(&store, "smtplog", 20_261_122, LATER, Duration::ZERO).unwrap());
        assert!(!pack(&store, "smtplog", 20_261_122, LATER, Duration::ZERO).unwrap());
        let names: Vec<_> = fs::read_dir(&day).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["smtplog.gz"]);
        let mut text = String::new();
        let packed = File::open(day.join("smtplog.gz")).unwrap();
        flate2::read::MultiGzDecoder::new(packed).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn only_days_of_the_exact_shape_are_known_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path();
        for name in ["2026/11/22", "2026/11/2x", "2026/13/01", "counters/11/22", "202/11/22", "2025/01/02"] {
            fs::create_dir_all(base.join(name)).unwrap();
            fs::write(base.join(name).join("smtplog"), "x").unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir_all(elsewhere.path().join("03/04")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), base.join("2024")).unwrap();
        assert_eq!(days(base).unwrap(), [20_250_102, 20_261_122]);
        fs::write(base.join("2026/11/22/mine"), "not ours").unwrap();
        purge(base, 20_250_102, &["sendlog", "smtplog"]).unwrap();
        purge(base, 20_261_122, &["sendlog", "smtplog"]).unwrap();
        assert!(!base.join("2025").exists());
        assert!(!base.join("2026/11/22/smtplog").exists());
        assert!(base.join("2026/11/22/mine").exists());
    }
}

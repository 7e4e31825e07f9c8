//! What can go wrong at a change to a file system, for tests: the process dies before it, within it or after it;
//! the disk is full; the device fails. And a record of all changes, from which the loss of power is played
//! (`tests/power.rs`).
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::libc;

use super::changes::Change;

/// What happens at the chosen change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The process dies before it: this and every later change of the thread fails.
    Before,
    /// It dies while the bytes are written: the file has half of them. What is no write is not done.
    Within,
    /// It is done, and then the process dies.
    After,
    /// From here on there is no space for new files and bytes (`ENOSPC`); half a write succeeds.
    Full,
    /// The device fails, this once (`EIO`); half a write succeeds.
    Fails,
}

/// A change and what it left: enough to do it again elsewhere.
#[derive(Clone, Debug)]
pub enum Event {
    /// A directory was made.
    MakeDir(PathBuf),
    /// A file was made, empty.
    Create(PathBuf),
    /// The file's whole content after it.
    Write(PathBuf, Vec<u8>),
    /// A file was made durable.
    Fsync(PathBuf),
    /// The second name means what the first one did.
    Rename(PathBuf, PathBuf),
    /// Both names mean what the first one does.
    Link(PathBuf, PathBuf),
    /// A name was removed.
    Remove(PathBuf),
    /// The names in a directory were made durable.
    FsyncDir(PathBuf),
}

#[derive(Default)]
struct Faults {
    /// When it happens; what.
    armed: Option<(When, How)>,
    /// It happened: at which change.
    struck: Option<String>,
    record: Option<Vec<Event>>,
}

#[derive(Clone, Copy)]
enum When {
    /// After so many changes.
    Count(u64),
    /// At the change of this name.
    Name(&'static str),
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::default();
}

/// The next `survivors` changes succeed; the process dies before the one after them.
pub fn arm(survivors: u64) {
    arm_as(survivors, How::Before);
}

/// The next `survivors` changes succeed; this happens at the one after them.
pub fn arm_as(survivors: u64, how: How) {
    FAULTS.with_borrow_mut(|f| {
        f.armed = Some((When::Count(survivors), how));
        f.struck = None;
    });
}

/// The process dies before the change of this name (as [`disarm`] gives it).
pub fn arm_at(name: &'static str) {
    FAULTS.with_borrow_mut(|f| {
        f.armed = Some((When::Name(name), How::Before));
        f.struck = None;
    });
}

/// Back to life, and room on the disk. Did it happen, and at which change?
pub fn disarm() -> Option<String> {
    FAULTS.with_borrow_mut(|f| {
        f.armed = None;
        f.struck.take()
    })
}

/// From here on every change is remembered.
pub fn record() {
    FAULTS.with_borrow_mut(|f| f.record = Some(Vec::new()));
}

/// What was remembered; no more is.
pub fn recorded() -> Vec<Event> {
    FAULTS.with_borrow_mut(|f| f.record.take()).unwrap_or_default()
}

pub(super) fn change<T>(what: Change<'_>, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let how = FAULTS.with_borrow_mut(|f| {
        let (when, how) = f.armed.as_mut()?;
        if f.struck.is_some() {
            return Some((*how, false));
        }
        match when {
            When::Count(left) if *left > 0 => {
                *left -= 1;
                return None;
            }
            When::Name(wanted) if *wanted != name(what) => return None,
            _ => f.struck = Some(name(what)),
        }
        Some((*how, true))
    });
    let dead = || io::Error::other(format!("killed at: {}", name(what)));
    match how {
        None | Some((How::Fails, false)) => done(what, act()),
        Some((How::Before, _) | (How::Within | How::After, false)) => Err(dead()),
        Some((How::Within, true)) => half(what, act).and(Err(dead())),
        Some((How::After, true)) => act().and(Err(dead())),
        Some((How::Fails, true)) => half(what, act).and(Err(io::Error::from_raw_os_error(libc::EIO))),
        Some((How::Full, _)) => match what {
            Change::MakeDir(path) | Change::Create(path) if path.exists() => done(what, act()),
            // Within the blocks that it has, a file can be written.
            Change::Write(path) if in_place(path) => done(what, act()),
            Change::MakeDir(_) | Change::Create(_) | Change::Write(_) | Change::Link(..) => {
                half(what, act).and(Err(io::Error::from_raw_os_error(libc::ENOSPC)))
            }
            _ => done(what, act()),
        },
    }
}

/// Is it written where it stands already? An RRD is.
fn in_place(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "rrd") && path.exists()
}

/// Remembers a change that was made.
fn done<T>(what: Change<'_>, result: io::Result<T>) -> io::Result<T> {
    FAULTS.with_borrow_mut(|f| {
        if let (Some(record), Ok(_)) = (&mut f.record, &result) {
            record.push(event(what));
        }
    });
    result
}

fn event(what: Change<'_>) -> Event {
    match what {
        Change::MakeDir(dir) => Event::MakeDir(dir.into()),
        Change::Create(path) => Event::Create(path.into()),
        Change::Write(path) => Event::Write(path.into(), fs::read(path).unwrap_or_default()),
        Change::Fsync(path) => Event::Fsync(path.into()),
        Change::Rename(from, to) => Event::Rename(from.into(), to.into()),
        Change::Link(from, to) => Event::Link(from.into(), to.into()),
        Change::Remove(path) => Event::Remove(path.into()),
        Change::FsyncDir(dir) => Event::FsyncDir(dir.into()),
    }
}

/// Does half of a write; nothing of anything else.
fn half<T>(what: Change<'_>, act: impl FnOnce() -> io::Result<T>) -> io::Result<()> {
    let Change::Write(path) = what else { return Ok(()) };
    let before = fs::read(path).unwrap_or_default();
    act()?;
    let mut after = Vec::new();
    let mut file = File::options().read(true).write(true).open(path)?;
    file.read_to_end(&mut after)?;
    if after.starts_with(&before) {
        return file.set_len((before.len() + (after.len() - before.len()) / 2) as u64);
    }
    if after.len() < before.len() {
        // It is cut: all at once.
        return Ok(());
    }
    for (page, bytes) in before.chunks(512).enumerate().filter(|(page, _)| page % 2 == 1) {
        file.write_all_at(bytes, page as u64 * 512)?;
    }
    file.flush()
}

/// A change in words, alike for all days: `rename send.journal`.
fn name(what: Change<'_>) -> String {
    let (verb, path) = match what {
        Change::MakeDir(path) => ("make the directory", path),
        Change::Create(path) => ("create", path),
        Change::Write(path) => ("write", path),
        Change::Fsync(path) => ("fsync", path),
        Change::Rename(_, path) => ("rename to", path),
        Change::Link(_, path) => ("link to", path),
        Change::Remove(path) => ("remove", path),
        Change::FsyncDir(path) => ("fsync the directory", path),
    };
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let of_a_day = !file.is_empty() && file.bytes().all(|b| b.is_ascii_digit());
    let above = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    if of_a_day {
        format!("{verb} of a day")
    } else if above.bytes().all(|b| b.is_ascii_digit()) {
        format!("{verb} archive {file}")
    } else if file.starts_with(".tmp") {
        // The tests' own directory: logs_base.
        format!("{verb} logs_base")
    } else {
        format!("{verb} {}", file.split_once("-1").map_or(&*file, |(kept, _)| kept))
    }
}

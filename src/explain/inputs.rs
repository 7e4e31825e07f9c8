//! What is read: standard input, files, days of the archive; and of whom each of them is.
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{Local, NaiveDate, NaiveTime, TimeZone};
use nix::fcntl::OFlag;

use super::asked::{Panel, Whose};
use crate::config::Config;
use crate::disk::below::open_below;
use crate::error::{At, Error, Result};
use crate::ingest::{Feed, Syslog, feeds};
use crate::line::Parser;
use crate::source::file::{Compression, Content};
use crate::source::lines::{Visit, walk_supplied};
use crate::source::offset::MULTILOG;

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Standard input.
    Stdin,
    /// A file.
    Path(PathBuf),
    /// A file of the archive, below `logs_base`; the protocol, and the day (`YYYYMMDD`).
    Archive(String, &'static str, u32),
}

/// A log that is open.
pub(super) struct Input {
    /// What it is called for people.
    pub name: String,
    /// Of whom it is.
    pub whose: Whose,
    /// By how many seconds its labels are ahead of unix time.
    tai_offset: i64,
    /// When it was last written, unix seconds.
    written: i64,
    file: File,
    /// Where its bytes to be read begin and end; `None`: it is no file but a pipe or the like.
    span: Option<(u64, u64)>,
}

/// The files of the archive that hold `day`: of those protocols that are asked and have one.
///
/// # Errors
/// When there is none.
pub(super) fn archived(config: &Config, panel: &Panel, day: u32) -> Result<Vec<Place>> {
    let mut found = Vec::new();
    for feed in feeds(config) {
        let Some(log) = feed
            .log
            .as_ref()
            .filter(|_| panel.all.iter().any(|asked| asked.protocol.name == feed.protocol.name))
        else {
            continue;
        };
        // Where both stand there the plain one is whole.
        for end in ["", ".gz", ".zst", ".xz", ".bz2"] {
            let name = format!("{}{end}", crate::store::archive::name_of(day, log));
            if open_below(&config.logs_base, &name, OFlag::O_RDONLY, false)?.is_some() {
                found.push(Place::Archive(name, feed.protocol.name, day));
                break;
            }
        }
    }
    if found.is_empty() {
        let dir = config.logs_base.join(crate::store::archive::name_of(day, ""));
        return Err(Error::Message(format!(
            "{}: the archive has no log of that day for those who are asked",
            dir.display()
        )));
    }
    Ok(found)
}

/// Opens what stands at `place`. `now` in unix seconds.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn open(config: &Config, place: &Place, now: i64) -> Result<Input> {
    let (name, file, whose) = match place {
        Place::Stdin => {
            let name = Path::new("standard input");
            let file = File::from(io::stdin().as_fd().try_clone_to_owned().at("read", name)?);
            ("-".to_owned(), file, Whose::Unknown)
        }
        Place::Path(path) => {
            let file = File::open(path).at("open", path)?;
            (path.display().to_string(), file, whose(config, path))
        }
        Place::Archive(name, protocol, _) => {
            let path = config.logs_base.join(name);
            let file = open_below(&config.logs_base, name, OFlag::O_RDONLY, false)?;
            let file = file.ok_or_else(|| Error::Message(format!("{}: is gone", path.display())))?;
            (path.display().to_string(), file, Whose::Directory(protocol))
        }
    };
    let meta = file.metadata().at("look at", Path::new(&name))?;
    if meta.is_dir() {
        return Err(Error::Message(format!("{name}: is a directory; name its files")));
    }
    let written = if meta.is_file() { meta.mtime() } else { now };
    let written = match place {
        // A day that was packed was written to before that.
        Place::Archive(.., day) => written.min(end_of(*day).unwrap_or(written)),
        _ => written,
    };
    let tai_offset = config.logs_tai_offset.or_else(|| known_offset(config, whose)).unwrap_or(MULTILOG);
    // A shell may have read the first lines of its standard input.
    let from = if meta.is_file() { (&file).stream_position().at("read", Path::new(&name))? } else { 0 };
    let span = meta.is_file().then_some((from, meta.len()));
    Ok(Input { name, whose, tai_offset, written, file, span })
}

/// The end of a local day (`YYYYMMDD`), unix seconds.
fn end_of(day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(day / 10_000).ok()?, day / 100 % 100, day % 100)?;
    let midnight = date.succ_opt()?.and_time(NaiveTime::MIN);
    Local.from_local_datetime(&midnight).latest().map(|time| time.timestamp())
}

/// Of whom toaster.conf says that the file is.
fn whose(config: &Config, path: &Path) -> Whose {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = real(path);
    let is_same_log = |log: &Path| {
        let log = real(log);
        // A rotation has the log's name with something behind it.
        let name = |path: &Path| path.file_name().map(|name| name.as_encoded_bytes().to_vec());
        path == log
            || (path.parent() == log.parent()
                && name(&path).zip(name(&log)).is_some_and(|(path, log)| {
                    path.strip_prefix(&log[..]).is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-')))
                }))
    };
    let feeds = feeds(config);
    let of = |feed: &Feed| -> Option<Whose> {
        if feed.directories.iter().any(|dir| path.parent() == Some(&real(dir))) {
            return Some(Whose::Directory(feed.protocol.name));
        }
        feed.files.iter().any(|file| is_same_log(file)).then_some(Whose::File(feed.protocol.name))
    };
    let is_syslog = |feed: &Feed| match &feed.syslog {
        Syslog::Named(names) => names.iter().any(|name| is_same_log(Path::new(name))),
        Syslog::Unused | Syslog::Usual => false,
    };
    let readers: Vec<&str> =
        feeds.iter().filter(|feed| is_syslog(feed)).map(|feed| feed.protocol.name).collect();
    let shared = (!readers.is_empty()).then(|| Whose::Shared(readers.leak()));
    feeds.iter().find_map(of).or(shared).unwrap_or(Whose::Unknown)
}

/// By how many seconds labels are ahead of unix time, if the last commit of the protocol knows it for all of its directories.
fn known_offset(config: &Config, whose: Whose) -> Option<i64> {
    let Whose::Directory(name) = whose else { return None };
    let feed = feeds(config).into_iter().find(|feed| feed.protocol.name == name)?;
    let clock: fn() -> i64 = || 0;
    let job = crate::ingest::Job { config, feed: &feed, clock, as_root: |act| act() };
    let state = job.store().read().ok().flatten()?;
    let mut used = state.ledger.directories.iter().map(|dir| dir.offset.used).filter(|used| *used > 0);
    let first = used.next()?;
    used.all(|other| other == first).then_some(i64::from(first))
}

impl Input {
    /// What takes its lines apart.
    pub fn parser(&self) -> Parser {
        Parser::new(self.tai_offset, self.written)
    }

    /// Shows all lines to `visit`, until `is_enough`.
    ///
    /// # Errors
    /// When it cannot be read, or what it is packed in is damaged.
    pub fn walk(&self, visit: &mut impl Visit, is_enough: &Cell<bool>) -> Result<()> {
        let path = Path::new(&self.name);
        let nuls_end_lines = !matches!(self.whose, Whose::Directory(_));
        let Some((from, size)) = self.span else {
            let mut file = &self.file;
            let read = |block: &mut [u8]| if is_enough.get() { Ok(0) } else { patiently(&mut file, block) };
            return walk_supplied(read, nuls_end_lines, visit).map(drop).at("read", path);
        };
        let kind = Compression::by_content(&self.file, Compression::None).at("read", path)?;
        let from = if kind.is_packed() { 0 } else { from };
        let mut content = Content::open(&self.file, kind, from).at("read", path)?;
        let mut left = size.saturating_sub(from);
        let read = |block: &mut [u8]| {
            // What is written to a log meanwhile, perhaps by ourselves, comes next time.
            let most = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let got = if is_enough.get() { 0 } else { content.fill(&mut block[..most])? };
            if !kind.is_packed() {
                left -= got as u64;
            }
            Ok(got)
        };
        walk_supplied(read, nuls_end_lines, visit).at("read", path)?;
        match content.damage {
            None => Ok(()),
            Some(damage) => Err(Error::Message(format!("{}: is damaged: {damage}", self.name))),
        }
    }
}

fn patiently(file: &mut &File, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(block) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

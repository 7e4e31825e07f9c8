//! Rotations of every kind, on real files.
mod any_name;
mod by_time;
mod changed;
mod copies;
mod cycles;
mod doubles;
mod extracts;
mod links;
mod model;
mod races;
mod rotations;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::source::opener::Plain;

/// Opens what `streams` have still to read of the only log that is read.
fn open(
    path: &Path,
    olddir: Option<&Path>,
    streams: &[&Stream],
    clock: Clock,
    opener: &dyn Opener,
) -> Result<(Snapshot, Vec<CatchUp>)> {
    super::open(path, olddir, &[], streams, clock, opener)
}

/// 2026-09-28 22:45:00 UTC.
const CLOCK: Clock = Clock { tai_offset: 10, now: 1_790_635_500 };

/// What the writers and rotators of a log do in its directory.
#[derive(Clone)]
pub(crate) struct Dir(pub(crate) PathBuf);

impl Dir {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// `log.1` → `log.2` and so on, with their archives.
    pub(crate) fn make_room(&self) {
        for n in (1..30).rev() {
            for ending in ["", ".gz", ".bz2", ".xz", ".zst"] {
                let from = format!("log.{n}{ending}");
                if self.path(&from).exists() {
                    self.rename(&from, &format!("log.{}{ending}", n + 1));
                }
            }
        }
    }

    pub(crate) fn copytruncate(&self, to: &str) {
        std::fs::copy(self.path("log"), self.path(to)).unwrap();
        self.truncate();
    }

    pub(crate) fn truncate(&self) {
        OpenOptions::new().write(true).open(self.path("log")).unwrap().set_len(0).unwrap();
    }

    /// Packs `name` by the real program, which takes the plain file away.
    pub(crate) fn pack(&self, program: &str, name: &str) {
        let mut command = Command::new(program);
        if program == "zstd" {
            command.args(["-q", "--rm"]);
        }
        assert!(command.arg(self.path(name)).status().unwrap().success(), "{program}");
    }
}

/// The unix second of a line that begins as RFC 3339 has it.
fn time_of(line: &str) -> Option<i64> {
    let stamp = line.split(' ').next()?;
    chrono::DateTime::parse_from_rfc3339(stamp).ok().map(|time| time.timestamp())
}

/// A log directory, and streams that read `log` in it.
struct Place {
    dir: Dir,
    _temp: tempfile::TempDir,
    streams: Vec<Stream>,
    /// What each stream has got.
    got: Vec<Vec<String>>,
    /// What was said on stderr.
    said: Vec<String>,
    olddir: Option<PathBuf>,
    /// The name of the log.
    live: &'static str,
}

impl std::ops::Deref for Place {
    type Target = Dir;

    fn deref(&self) -> &Dir {
        &self.dir
    }
}

impl Place {
    fn new(streams: usize) -> Place {
        let temp = tempfile::tempdir().unwrap();
        Place {
            dir: Dir(temp.path().to_owned()),
            _temp: temp,
            streams: vec![Stream::default(); streams],
            got: vec![vec![]; streams],
            said: vec![],
            olddir: None,
            live: "log",
        }
    }

    /// With one stream that reads the log of this name.
    fn of(live: &'static str) -> Place {
        Place { live, ..Place::new(1) }
    }

    /// Reads for the streams of these numbers, as one process does.
    fn try_poll_by(&mut self, numbers: &[usize], opener: &dyn Opener) -> Result<()> {
        loop {
            let streams: Vec<&Stream> = numbers.iter().map(|&n| &self.streams[n]).collect();
            let (snapshot, plans) =
                open(&self.path(self.live), self.olddir.as_deref(), &streams, CLOCK, opener)?;
            let mut new = vec![vec![]; numbers.len()];
            let outcome =
                snapshot.read(&plans, &mut |_: &Open, line: &RawLine<'_>, readers: Readers<'_>| {
                    for (i, new) in new.iter_mut().enumerate() {
                        if readers.has(i) {
                            new.push(String::from_utf8_lossy(line.text).into_owned());
                        }
                    }
                })?;
            let Outcome::Done { reached, said } = outcome else { continue };
            self.said.extend(said);
            self.said.extend(plans.into_iter().flat_map(|p| p.lost.into_iter().chain(p.said)));
            for ((&n, reached), new) in numbers.iter().zip(reached).zip(new) {
                let stream = &mut self.streams[n];
                stream.position = reached.position;
                stream.before = reached.before;
                for time in new.iter().filter_map(|line| time_of(line)) {
                    match time.cmp(&stream.last_time) {
                        std::cmp::Ordering::Less => {}
                        std::cmp::Ordering::Equal => stream.last_lines += 1,
                        std::cmp::Ordering::Greater => (stream.last_time, stream.last_lines) = (time, 1),
                    }
                }
                self.got[n].extend(new);
            }
            return Ok(());
        }
    }

    /// Reads for all streams.
    fn poll(&mut self) {
        let all: Vec<usize> = (0..self.streams.len()).collect();
        self.try_poll_by(&all, &Plain).unwrap();
    }

    /// What the first stream has got since it was asked last.
    fn news(&mut self) -> Vec<String> {
        self.poll();
        std::mem::take(&mut self.got[0])
    }

    fn lost(&mut self) -> String {
        std::mem::take(&mut self.said).join("\n")
    }
}

/// A place with one stream that has read the lines `1` and `2`.
fn begun() -> Place {
    let mut place = Place::new(1);
    place.append("log", "1\n2\n");
    assert_eq!(place.news(), ["1", "2"]);
    place
}

fn age(path: &Path, seconds: u64) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
}

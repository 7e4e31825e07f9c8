//! journald, read by journalctl(1) in its export format.
//!
//! Reading goes on at the entry of the stored cursor, and that entry is skipped. `--after-cursor` would do it, but it
//! also skips the first entry that follows where the cursor's own was vacuumed (systemd 252).
mod entry;
mod export;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

use std::ffi::OsString;
use std::io::{self, BufReader, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use crate::calendar::to_the_second;
use crate::error::{At, Error, Result, words};
use crate::say::warn;
pub use entry::Entry;
use export::Reader;

/// Which journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalLocation {
    /// This machine's.
    System,
    /// The journal files of a directory.
    Directory(PathBuf),
}

/// Where reading begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the oldest entry.
    Oldest,
    /// With the first entry that journald received at this unix second or later.
    Since(i64),
    /// At the present end: no entry, only the cursor.
    End,
    /// After the entry of this cursor.
    After(String),
}

/// The name of the journal in toaster.conf and in the state, alone or before `:DIRECTORY`.
pub const JOURNAL: &str = "journald";

/// The program, by the names it may have: PATH may be anybody's.
const PROGRAMS: [&str; 2] = ["/usr/bin/journalctl", "/bin/journalctl"];
/// Where journald keeps its files or its socket.
const TRACES: [&str; 3] = ["/run/systemd/journal", "/var/log/journal", "/run/log/journal"];
/// The most bytes that are kept of what journalctl says on stderr.
const COMPLAINT: usize = 2048;

/// Is there a journal, and the program that reads it?
pub fn is_there() -> bool {
    program().is_some() && TRACES.iter().any(|dir| Path::new(dir).is_dir())
}

fn program() -> Option<&'static Path> {
    PROGRAMS.iter().map(Path::new).find(|p| p.is_file())
}

/// A journalctl that says nothing for so long (milliseconds) hangs: its disk is gone, or it is stopped. Whoever waits
/// for it holds locks that a logger's processor may be waiting for.
const PATIENCE: u16 = 20_000;

/// journalctl's output, for which nobody waits for ever.
#[derive(Debug)]
struct Output {
    pipe: ChildStdout,
    /// Milliseconds.
    patience: u16,
}

impl Read for Output {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match poll(&mut [PollFd::new(self.pipe.as_fd(), PollFlags::POLLIN)], self.patience) {
                Ok(0) => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "it says nothing and seems to hang"));
                }
                Ok(_) => return self.pipe.read(buf),
                // A signal is no word of journalctl's, and not every reader begins its wait again: `fill_buf` does not.
                Err(Errno::EINTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// A journalctl that runs. It is ended when this is dropped.
#[derive(Debug)]
pub struct Reading {
    child: Child,
    out: BufReader<Output>,
    complaint: Option<JoinHandle<Vec<u8>>>,
    from: Begin,
}

/// Starts journalctl with the rights of this moment (a real or effective root reads everything; others need the group
/// systemd-journal). [`Reading::read`] needs none.
///
/// # Errors
/// When there is no journalctl, or it cannot be started.
pub fn start(place: &JournalLocation, from: Begin) -> Result<Reading> {
    let Some(program) = program() else {
        return Err(Error::Message(format!(
            "journald: there is no {}; install systemd, or set logs_syslog in toaster.conf to a file",
            PROGRAMS.join(" or ")
        )));
    };
    let mut child = Command::new(program)
        .args(arguments(place, &from))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .at("run", program)?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Error::Message("journald: journalctl has no output".to_owned()));
    };
    // `std::thread::spawn` would panic where no further thread may be made.
    let complaint = std::thread::Builder::new().spawn(move || {
        let (mut err, mut text) = (err, Vec::new());
        let _ = err.by_ref().take(COMPLAINT as u64).read_to_end(&mut text);
        // It must not wait for us to read more.
        let _ = io::copy(&mut err, &mut io::sink());
        text
    });
    let complaint = complaint.at("run", program).inspect_err(|_| {
        let _ = child.kill();
        let _ = child.wait();
    })?;
    Ok(Reading {
        child,
        out: BufReader::with_capacity(1 << 16, Output { pipe: out, patience: PATIENCE }),
        complaint: Some(complaint),
        from,
    })
}

fn arguments(place: &JournalLocation, from: &Begin) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        ["-o", "export", "--no-pager", "-q"].iter().map(OsString::from).collect();
    arguments.push(format!("--output-fields={}", export::FIELDS.join(",")).into());
    if let JournalLocation::Directory(dir) = place {
        let mut argument = OsString::from("--directory=");
        argument.push(dir);
        arguments.push(argument);
    }
    match from {
        Begin::Oldest => {}
        Begin::Since(second) => arguments.push(format!("--since=@{second}").into()),
        // `-n 0 --show-cursor` fails on an empty journal (systemd before 254).
        Begin::End => arguments.push("--lines=1".into()),
        Begin::After(cursor) => arguments.push(format!("--cursor={cursor}").into()),
    }
    arguments
}

impl Reading {
    /// Gives every entry to `each` and says at which cursor it ended: that of the last entry, or the one it began
    /// with. `None`: the journal is empty and always was.
    ///
    /// # Errors
    /// When journalctl fails, with its own words and a way out.
    pub fn read(mut self, mut each: impl FnMut(Entry<'_>)) -> Result<Option<String>> {
        let mut cursor = match &self.from {
            Begin::After(cursor) => Some(cursor.clone()),
            _ => None,
        };
        // The entries that may be older than the cursor's: until its own is met, or one that is later.
        let mut searched = cursor.clone();
        let mut reader = Reader::new(&mut self.out);
        let outcome = loop {
            match reader.next() {
                Ok(None) => break Ok(()),
                Ok(Some(record)) => {
                    let mut known = self.from == Begin::End
                        || cursor.as_deref().is_some_and(|c| same_entry(c, record.cursor()));
                    if known {
                        searched = None;
                    } else if let Some(last) = &searched {
                        known = is_not_later(last, record.cursor());
                        if !known {
                            lost(last);
                            searched = None;
                        }
                    }
                    if !record.cursor().is_empty() && (searched.is_none() || !known) {
                        cursor = Some(record.cursor().to_owned());
                    }
                    if !known && let Some(entry) = record.entry() {
                        each(entry);
                    }
                }
                Err(e) => break Err(e),
            }
        };
        if outcome.is_err() {
            let _ = self.child.kill();
        }
        let status = self.child.wait().at("wait for", Path::new("journalctl"))?;
        let complaint = self.complaint.take().and_then(|c| c.join().ok()).unwrap_or_default();
        outcome.map_err(|e| {
            Error::Message(format!("journald: cannot read what journalctl says: {}", words(&e)))
        })?;
        if !status.success() {
            return Err(failed(&status.to_string(), &complaint));
        }
        Ok(cursor)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.complaint.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn failed(status: &str, complaint: &[u8]) -> Error {
    let line = complaint.split(|&b| b == b'\n').next().unwrap_or_default();
    let words = line.escape_ascii().to_string();
    let text = format!("journald: journalctl failed ({status}): {words}");
    if !words.contains("ermission") {
        return Error::Message(text);
    }
    let way_out = "add the user to the group systemd-journal, or run `maillogs update` as root";
    Error::Denied(format!("{text}; {way_out}"))
}

/// A part of a cursor.
fn cursor_field<'a>(cursor: &'a str, name: &str) -> Option<&'a str> {
    cursor.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// The entry of the cursor `last` is gone. Was the entry of `cursor` received no later than that one? Within one
/// journal it was received later, because journalctl goes by the numbers of the entries, and prints those behind
/// `last`. If the two cursors are of different journals, or the journal was begun anew, the time decides.
fn is_not_later(last: &str, cursor: &str) -> bool {
    let time = |cursor| cursor_field(cursor, "t").and_then(|micros| u64::from_str_radix(micros, 16).ok());
    let is_same_journal =
        cursor_field(last, "s").is_some() && cursor_field(last, "s") == cursor_field(cursor, "s");
    !is_same_journal && time(last).zip(time(cursor)).is_some_and(|(last, this)| this <= last)
}

/// Says that the entry of the cursor `last` is gone.
fn lost(last: &str) {
    let micros = cursor_field(last, "t").and_then(|micros| i64::from_str_radix(micros, 16).ok());
    let time = micros.map_or_else(|| "it".to_owned(), |micros| to_the_second(micros / 1_000_000));
    warn(format_args!(
        "journald: the last counted entry is gone (it was vacuumed, or this is another journal): counting goes on with entries later than {time}; entries after it that are gone as well are missing from the counters"
    ));
}

/// Are two cursors those of one entry? One entry may stand in several files, each of which numbers it differently
/// (`s` and `i`); boot, times and the hash of its fields are its own.
fn same_entry(a: &str, b: &str) -> bool {
    let own = |cursor: &str| -> Vec<String> {
        let parts = cursor.split(';').filter(|p| !p.starts_with("s=") && !p.starts_with("i="));
        parts.map(str::to_owned).collect()
    };
    let (own_a, own_b) = (own(a), own(b));
    a == b || (own_a.len() >= 4 && own_a == own_b)
}

#[cfg(test)]
mod tests;

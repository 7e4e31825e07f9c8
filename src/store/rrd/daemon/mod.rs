//! rrdcached's own text protocol (`rrdcached(1)`, "PROTOCOL"), as far as it is needed to bring minutes to another machine.
//!
//! What the daemon says comes from another machine: a line has a bound, so has their number, a number is read as one or is
//! an error, and whoever waits for the daemon does so for a bounded time. Every error names its address.
mod told;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, words};

pub use told::{Fetched, Info, SourceInfo};
use told::{LATEST, MOST_LINES, fetched, info};

/// A line for the daemon stays below this. Its buffer has 4,096 bytes: of an update of 4,107 bytes it said that all was
/// well, and had lost it after its next start.
pub const LONGEST_LINE: usize = 4_000;

/// How long the daemon may take to let us in, and for each answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The slowest that what we send may be taken, in bytes a second: the deadline grows with its length.
const SLOWEST: u64 = 20_000;
/// No line of an answer is longer, in bytes.
const LONGEST_ANSWER: usize = 65_536;
/// A line in an error message is not longer, in characters.
const SHOWN: usize = 200;

/// Where an rrdcached listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listens {
    /// At this socket.
    Unix(PathBuf),
    /// At this port of this host.
    Tcp(String, u16),
}

/// A connection to an rrdcached.
pub struct Daemon {
    address: String,
    stream: Box<dyn Stream>,
    /// What was read and not taken yet.
    read: Vec<u8>,
    patience: Duration,
    /// Was every answer whole, and understood?
    is_sound: bool,
}

/// A socket whose reads and writes end.
trait Stream: Read + Write + Send {
    fn wait_at_most(&self, time: Duration) -> io::Result<()>;
}

impl Stream for UnixStream {
    fn wait_at_most(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

impl Stream for TcpStream {
    fn wait_at_most(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

/// What the daemon answers to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What stands behind the number, and that number of lines.
    Done(String, Vec<String>),
    /// Why it was not done.
    Refused(String),
}

impl Daemon {
    /// Connects; in errors it is called `name`.
    ///
    /// # Errors
    /// When nobody listens there, or does not let us in for 20 seconds.
    pub fn connect(name: String, listens: Listens) -> Result<Self> {
        Self::connect_within(name, listens, PATIENCE)
    }

    fn connect_within(name: String, listens: Listens, patience: Duration) -> Result<Self> {
        let failed = |why: &str| {
            Error::Message(format!(
                "{name}: cannot connect to rrdcached: {why}; is it running, and may this user open its socket? Nothing is lost: the next push sends it"
            ))
        };
        // A name that is looked up, and a socket whose queue is full, may take any time.
        let (sender, receiver) = mpsc::channel();
        let connecting = move || {
            let stream = match &listens {
                Listens::Unix(path) => {
                    UnixStream::connect(path).map(|stream| Box::new(stream) as Box<dyn Stream>)
                }
                Listens::Tcp(host, port) => {
                    tcp(host, *port, patience).map(|stream| Box::new(stream) as Box<dyn Stream>)
                }
            };
            let _ = sender.send(stream);
        };
        std::thread::Builder::new().spawn(connecting).map_err(|e| failed(&words(&e)))?;
        let stream = match receiver.recv_timeout(patience) {
            Ok(stream) => stream.map_err(|e| failed(&words(&e)))?,
            Err(_) => {
                return Err(failed(&format!("it did not let us in for {} seconds", patience.as_secs())));
            }
        };
        Ok(Self { address: name, stream, read: Vec::new(), patience, is_sound: true })
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Can it be given another command? Not after it broke off, hung, or said what is no answer.
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// An error of this daemon.
    pub fn error(&self, what: impl fmt::Display) -> Error {
        Error::Message(format!("{}: {what}", self.address))
    }

    /// Gives a command, of one line.
    ///
    /// # Errors
    /// When the daemon cannot be reached any more, hangs, or says what is no answer.
    pub fn ask(&mut self, command: &str) -> Result<Answer> {
        self.write(command)?;
        let answer = self.answer();
        self.is_sound &= answer.is_ok();
        answer
    }

    /// As [`Daemon::ask`], of a command that has to succeed: the lines of its answer.
    ///
    /// # Errors
    /// Those of [`Daemon::ask`], and what the daemon refuses.
    pub fn tell(&mut self, command: &str) -> Result<Vec<String>> {
        match self.ask(command)? {
            Answer::Done(_, lines) => Ok(lines),
            Answer::Refused(why) => Err(self.refused(command, &why)),
        }
    }

    /// The error of a command that was refused.
    pub fn refused(&self, command: &str, why: &str) -> Error {
        let mut parts = command.split(' ');
        let (verb, file) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let way = match why.to_ascii_lowercase() {
            why if why.contains("permission denied") => {
                "; let this socket use FLUSH, LAST, INFO, FETCH, CREATE, BATCH and UPDATE (rrdcached -P), and its user write below -b"
            }
            why if why.contains("recursively create") || (verb == "CREATE" && is_absent(&why)) => {
                "; start rrdcached with -R, so that it makes directories"
            }
            why if why.contains("file exists") => {
                "; another machine has made it just now, or the file before it was taken away: give each machine a toaster_hostname of its own, or move the file away"
            }
            _ => "",
        };
        self.error(format_args!("{verb} {file}: it says: {}{way}", shown(why)))
    }

    /// When the last update was that it has of `file`, also of what it has not written yet. `None`: there is no such file.
    ///
    /// # Errors
    /// Those of [`Daemon::tell`].
    pub fn last(&mut self, file: &str) -> Result<Option<i64>> {
        let command = format!("LAST {file}");
        match self.ask(&command)? {
            Answer::Done(text, _) => {
                let time = text.trim().parse().ok().filter(|time| (0..=LATEST).contains(time));
                time.map(Some).ok_or_else(|| self.nonsense(&text))
            }
            Answer::Refused(why) if is_absent(&why) => Ok(None),
            Answer::Refused(why) => Err(self.refused(&command, &why)),
        }
    }

    /// Lets it write what it has of `file`. `false`: there is no such file.
    ///
    /// # Errors
    /// Those of [`Daemon::tell`].
    pub fn flush(&mut self, file: &str) -> Result<bool> {
        let command = format!("FLUSH {file}");
        match self.ask(&command)? {
            Answer::Done(..) => Ok(true),
            Answer::Refused(why) if is_absent(&why) => Ok(false),
            Answer::Refused(why) => Err(self.refused(&command, &why)),
        }
    }

    /// What the file is made of, and where it ends.
    ///
    /// # Errors
    /// Those of [`Daemon::tell`].
    pub fn info(&mut self, file: &str) -> Result<Info> {
        let lines = self.tell(&format!("INFO {file}"))?;
        info(&lines).map_err(|line| self.nonsense(&line))
    }

    /// The rows of `step` seconds of the mean that end after `from` and not after `to`. `None`: it has only longer ones of
    /// that time.
    ///
    /// # Errors
    /// Those of [`Daemon::tell`].
    pub fn fetch(&mut self, file: &str, step: i64, from: i64, to: i64) -> Result<Option<Fetched>> {
        let lines = self.tell(&format!("FETCH {file} AVERAGE {from} {to}"))?;
        let fetched = fetched(&lines, step).map_err(|line| self.nonsense(&line))?;
        Ok(fetched.map(|mut fetched| {
            fetched.rows.retain(|(end, _)| *end > from && *end <= to);
            fetched
        }))
    }

    /// Gives these lines as one batch, and returns what it refused, each with the number of its line (from 1).
    ///
    /// # Errors
    /// Those of [`Daemon::tell`].
    pub fn batch(&mut self, lines: &[String]) -> Result<Vec<(usize, String)>> {
        self.tell("BATCH")?;
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum::<usize>() + 2);
        for line in lines {
            if line.len() >= LONGEST_LINE || line.contains('\n') || line == "." {
                return Err(self.error("a line for it is too long; nothing of this file was sent"));
            }
            text += line;
            text.push('\n');
        }
        text.push('.');
        let refused = match self.ask(&text)? {
            Answer::Done(_, refused) => refused,
            Answer::Refused(why) => return Err(self.refused("BATCH", &why)),
        };
        let parse = |line: &String| {
            let (number, why) = line.split_once(' ')?;
            let number = number.parse().ok().filter(|number| (1..=lines.len()).contains(number))?;
            Some((number, why.to_owned()))
        };
        refused.iter().map(|line| parse(line).ok_or_else(|| self.nonsense(line))).collect()
    }

    fn write(&mut self, line: &str) -> Result<()> {
        let sent = self.write_within(format!("{line}\n").as_bytes());
        self.is_sound &= sent.is_ok();
        sent.map_err(|e| self.broken(&e))
    }

    fn write_within(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + self.patience + Duration::from_secs(bytes.len() as u64 / SLOWEST);
        while !bytes.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.wait_at_most(left)?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.stream.flush()
    }

    /// Reads an answer: a number, a text, and where the number is above 0, that number of lines.
    fn answer(&mut self) -> Result<Answer> {
        let deadline = Instant::now() + self.patience;
        let line = self.line(deadline)?;
        let (number, text) = line.split_once(' ').unwrap_or((&line, ""));
        let number: i64 = number.parse().map_err(|_| self.nonsense(&line))?;
        if number < 0 {
            return Ok(Answer::Refused(text.to_owned()));
        }
        if number > MOST_LINES {
            return Err(self.nonsense(&line));
        }
        let lines = (0..number).map(|_| self.line(deadline)).collect::<Result<Vec<_>>>()?;
        Ok(Answer::Done(text.to_owned(), lines))
    }

    /// The next line, without its end.
    fn line(&mut self, deadline: Instant) -> Result<String> {
        let mut looked = 0;
        loop {
            if let Some(end) = self.read[looked..].iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=looked + end).collect();
                let line = String::from_utf8_lossy(&line[..line.len() - 1]).into_owned();
                return Ok(line.trim_end_matches('\r').to_owned());
            }
            looked = self.read.len();
            if looked > LONGEST_ANSWER {
                return Err(self.error("does not speak as rrdcached does: a line of it has no end; is it another program's port?"));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.hangs());
            }
            self.stream.wait_at_most(left).map_err(|e| self.broken(&e))?;
            let mut some = [0; 16_384];
            match self.stream.read(&mut some) {
                Ok(0) => {
                    return Err(self.error(
                        "rrdcached has closed the connection; nothing is lost: the next push sends it again",
                    ));
                }
                Ok(read) => self.read.extend_from_slice(&some[..read]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.broken(&e)),
            }
        }
    }

    fn hangs(&self) -> Error {
        self.error(format_args!(
            "rrdcached has not answered for {} seconds; look at it there. Nothing is lost: the next push sends it again",
            self.patience.as_secs()
        ))
    }

    fn broken(&self, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => self.hangs(),
            _ => self.error(format_args!(
                "the connection to rrdcached broke off: {}; nothing is lost: the next push sends it again",
                words(error)
            )),
        }
    }

    fn nonsense(&self, line: &str) -> Error {
        self.error(format_args!(
            "does not speak as rrdcached does: {:?}; is it another program's port? Nothing is lost: the next push sends it again",
            shown(line)
        ))
    }
}

fn tcp(host: &str, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return stream.set_nodelay(true).map(|()| stream),
            Err(e) => failed = e,
        }
    }
    Err(failed)
}

/// Says the daemon that the file is not there?
fn is_absent(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    why.starts_with("no such file") || why.ends_with("no such file or directory")
}

/// The beginning of what the daemon said.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn connect(path: PathBuf, milliseconds: u64) -> Result<Daemon> {
        let name = format!("unix:{}", path.display());
        Daemon::connect_within(name, Listens::Unix(path), Duration::from_millis(milliseconds))
    }

    /// A daemon that says `answer` to the first line, and then nothing.
    fn said(answer: &'static [u8], stays: bool) -> (Daemon, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut some = [0; 1024];
            let _ = stream.read(&mut some);
            let _ = stream.write_all(answer);
            while stays && stream.read(&mut some).is_ok_and(|read| read > 0) {}
        };
        std::thread::Builder::new().spawn(serve).unwrap();
        (connect(path, 300).unwrap(), dir)
    }

    #[test]
    fn nonsense_is_an_error_with_the_address_and_ends() {
        let long: &[u8] = Box::leak(vec![b'1'; LONGEST_ANSWER * 2].into_boxed_slice());
        for (answer, stays, words) in [
            (&b"hello\n"[..], true, "does not speak as rrdcached does: \"hello\""),
            (b"\xff\xfe\n", true, "does not speak as rrdcached does"),
            (b"0 soon\n", true, "does not speak as rrdcached does: \"soon\""),
            (b"0 99999999999\n", true, "does not speak"),
            (b"0 -1\n", true, "does not speak"),
            (b"99999999999999999999 x\n", true, "does not speak"),
            (b"9000000 lines follow\n", true, "does not speak"),
            (b"3 lines follow\na\n", true, "has not answered for"),
            (b"3 lines follow\na\n", false, "has closed the connection"),
            (b"", true, "has not answered for"),
            (b"", false, "has closed the connection"),
            (long, true, "a line of it has no end"),
            (b"-1 bad \x1b]0;x\x07\n", true, "LAST h/x.rrd: it says: bad"),
        ] {
            let (mut daemon, dir) = said(answer, stays);
            let begun = Instant::now();
            let error = daemon.last("h/x.rrd").unwrap_err().to_string();
            let address = format!("unix:{}", dir.path().join("s").display());
            assert!(error.starts_with(&address) && error.contains(words), "{error}");
            assert!(begun.elapsed() < Duration::from_secs(5));
        }
    }

    #[test]
    fn a_daemon_that_sends_a_byte_now_and_then_does_not_hold_us() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(b"1").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        std::thread::Builder::new().spawn(serve).unwrap();
        let mut daemon = connect(path, 300).unwrap();
        let begun = Instant::now();
        assert!(daemon.last("x").unwrap_err().to_string().contains("has not answered"));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn who_does_not_let_us_in_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        // The kernel lets in as many as its queue holds; then connect(2) waits.
        let mut held = Vec::new();
        let error = loop {
            match connect(path.clone(), 200) {
                Ok(daemon) => held.push(daemon),
                Err(e) => break e.to_string(),
            }
            assert!(held.len() < 10_000);
        };
        assert!(error.contains("it did not let us in"), "{error}");
        let none = connect(dir.path().join("none"), 200).err().unwrap().to_string();
        assert!(none.contains("/none: cannot connect to rrdcached: No such file or directory"), "{none}");
    }

    #[test]
    fn each_refusal_has_its_way_out() {
        let (daemon, _dir) = said(b"", true);
        for (command, why, way) in [
            ("CREATE h/x.rrd -b 1", "No permission to recursively create: /x/h", "start rrdcached with -R"),
            (
                "CREATE h/x.rrd -b 1",
                "RRD Error: creating '/x': No such file or directory",
                "start rrdcached with -R",
            ),
            ("CREATE h/x.rrd -b 1", "RRD Error: creating '/x': File exists", "toaster_hostname of its own"),
            ("INFO h/x.rrd", "Permission denied.", "let this socket use FLUSH"),
        ] {
            let text = daemon.refused(command, why).to_string();
            assert!(text.contains(why) && text.contains(way) && text.contains("h/x.rrd"), "{text}");
        }
    }
}

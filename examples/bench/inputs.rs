//! The logs, which are invented once and kept, and what is in them, found by grep and awk.
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// When the logs end: 2023-11-14, which is long over, so that every minute of them is complete.
pub const END: u64 = 1_700_000_000;

/// The program, or the kind of log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Send,
    Smtp,
    Maillog,
}

/// How a value is found without maillogs.
#[derive(Clone, Copy)]
enum Other {
    /// The number of lines that `grep -E` finds.
    Grep(&'static str),
    /// The sum that awk prints.
    Awk(&'static str),
}
use Other::{Awk, Grep};

impl Kind {
    /// What `qmail-traffic` calls it, and how many MB a day of its ordinary load are.
    fn traffic(self) -> (&'static str, f64) {
        match self {
            Kind::Send => ("send", 9.0),
            Kind::Smtp => ("smtpd", 18.7),
            Kind::Maillog => ("syslog", 11.3),
        }
    }

    /// Counters that are looked at after every timed run: protocol, key, and how else its value is found.
    fn checks(self) -> &'static [(&'static str, &'static str, Other)] {
        match self {
            Kind::Send => &[
                ("send", "message_new", Grep("^@[0-9a-f]{24} new msg ")),
                ("send", "message_end", Grep("^@[0-9a-f]{24} end msg ")),
                ("send", "message_bytes", Awk("$2 == \"info\" { sum += $6 } END { printf \"%.0f\", sum }")),
                ("send", "start_delivery_local", Grep("^@[0-9a-f]{24} starting delivery .* to local ")),
                ("send", "start_delivery_remote", Grep("^@[0-9a-f]{24} starting delivery .* to remote ")),
                ("send", "delivery_success", Grep("^@[0-9a-f]{24} delivery [0-9]+: success: ")),
                ("send", "delivery_deferral", Grep("^@[0-9a-f]{24} delivery [0-9]+: deferral: ")),
                ("send", "delivery_failure", Grep("^@[0-9a-f]{24} delivery [0-9]+: failure: ")),
                ("send", "status", Grep("^@[0-9a-f]{24} status: ")),
                (
                    "send",
                    "status_local_sum",
                    Awk("$2 == \"status:\" { sum += $4 } END { printf \"%.0f\", sum }"),
                ),
            ],
            Kind::Smtp => &[
                ("rbl", "count", Grep("")),
                ("rbl", "tcp_connect", Grep("^@[0-9a-f]{24} tcpserver: pid ")),
                ("rbl", "tcp_deny", Grep("^@[0-9a-f]{24} tcpserver: deny ")),
                ("rbl", "tcp_status", Grep("^@[0-9a-f]{24} tcpserver: status: ")),
                ("rbl", "sender_accepted", Grep("^@[0-9a-f]{24} CHKUSER accepted sender: ")),
                ("rbl", "chkuser", Grep("^@[0-9a-f]{24} CHKUSER rejected ")),
                ("rbl", "badhelo", Grep("^@[0-9a-f]{24} qmail-smtpd\\[[0-9]+\\]: badhelo: ")),
                ("rbl", "simscan_relay", Grep("^@[0-9a-f]{24} simscan:\\[[0-9]+\\]:RELAYCLIENT:")),
                ("rbl", "spamhaus", Grep("^@[0-9a-f]{24} rblsmtpd: .*spamhaus")),
                (
                    "rbl",
                    "qmail_smtpd_auth_ok",
                    Grep("^@[0-9a-f]{24} qmail-smtpd\\[[0-9]+\\]: auth: auth-success "),
                ),
            ],
            Kind::Maillog => &[
                ("spamassassin", "sa_ham", Grep("^[^ ]+ mail spamd\\[[0-9]+\\]: spamd: clean message ")),
                ("spamassassin", "sa_spam", Grep("^[^ ]+ mail spamd\\[[0-9]+\\]: spamd: identified spam ")),
                ("qmailscanner", "qs_clean", Grep("^[^ ]+ mail qmail-scanner\\[[0-9]+\\]: Clear:")),
                (
                    "smtp",
                    "smtp_auth_success",
                    Grep(
                        "^[^ ]+ mail vpopmail\\[[0-9]+\\]: vchkpw-(smtp|smtps|submission): .* login success ",
                    ),
                ),
                (
                    "pop3",
                    "pop3_ssl_success",
                    Grep("^[^ ]+ mail vpopmail\\[[0-9]+\\]: vchkpw-pop3s: .* login success "),
                ),
                ("imap", "imap_ssl_success", Grep("^[^ ]+ mail dovecot: imap-login: Login: .*, TLS, ")),
            ],
        }
    }
}

/// A log, and what it must count.
pub struct Input {
    pub kind: Kind,
    pub path: PathBuf,
    pub lines: u64,
    pub bytes: u64,
    /// Protocol, key, value.
    pub expected: Vec<(&'static str, &'static str, u64)>,
}

/// Makes logs in a directory.
pub struct Inputs {
    pub dir: PathBuf,
    pub traffic: PathBuf,
}

impl Inputs {
    /// A log of about `megabytes` MB that spans `days` days, kept from an earlier run if there is one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn log(&self, kind: Kind, megabytes: f64, days: f64) -> Result<Input> {
        let path = self.dir.join(format!("{}-{megabytes}-MB-{days}-days.log", kind.traffic().0));
        if !path.exists() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            eprintln!("bench: writing {name}");
            let part = path.with_extension("part");
            self.write(kind, megabytes, days, END, &part)?;
            fs::rename(&part, &path)?;
        }
        Input::of(kind, &path)
    }

    /// Writes a log of about `megabytes` MB that spans `days` days and ends at `end`, in Unix seconds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, kind: Kind, megabytes: f64, days: f64, end: u64, to: &Path) -> Result<()> {
        let (name, a_day) = kind.traffic();
        let mut rate = megabytes / days / a_day;
        // How much a day has depends on the day, and a little on what else is going on: the second log is near enough.
        for _ in 0..2 {
            let status = Command::new(&self.traffic)
                .args(["--log", name, "--end", &end.to_string(), "--days", &days.to_string()])
                .args(["--rate", &rate.to_string()])
                .stdout(File::create(to)?)
                .status()?;
            if !status.success() {
                return Err(format!("qmail-traffic: {status}").into());
            }
            let written = fs::metadata(to)?.len() as f64 / 1e6;
            if (0.98..1.02).contains(&(written / megabytes)) {
                break;
            }
            rate *= megabytes / written.max(0.001);
        }
        Ok(())
    }
}

impl Input {
    /// Finds what `path` holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(kind: Kind, path: &Path) -> Result<Self> {
        let bytes = fs::metadata(path)?.len();
        let lines = found(path, Grep(""))?;
        let expected =
            kind.checks().iter().map(|&(protocol, key, how)| Ok((protocol, key, found(path, how)?)));
        Ok(Self { kind, path: path.to_owned(), lines, bytes, expected: expected.collect::<Result<_>>()? })
    }

    /// Writes the whole lines of the first `most` bytes after `from` to `to`; gives where they end.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn cut(&self, from: u64, most: u64, to: &Path) -> Result<u64> {
        use std::io::Seek;
        let mut file = File::open(&self.path)?;
        file.seek(std::io::SeekFrom::Start(from))?;
        let mut reader = BufReader::new(file);
        let mut out = std::io::BufWriter::new(File::create(to)?);
        let (mut at, mut line) = (from, Vec::new());
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)? as u64;
            if read == 0 || at + read > from + most {
                out.flush()?;
                return Ok(at);
            }
            out.write_all(&line)?;
            at += read;
        }
    }
}

fn found(path: &Path, how: Other) -> Result<u64> {
    let mut command = match how {
        Grep(pattern) => {
            let mut grep = Command::new("grep");
            grep.args(["-c", "-E", "-e", pattern]);
            grep
        }
        Awk(program) => {
            let mut awk = Command::new("awk");
            awk.arg(program);
            awk
        }
    };
    let output = command.arg(path).env("LC_ALL", "C").stderr(Stdio::inherit()).output()?;
    // grep ends with 1 where it finds nothing.
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| format!("{}: grep or awk said {text:?}", path.display()).into())
}

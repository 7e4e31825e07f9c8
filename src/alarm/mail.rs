//! A message, and the command that takes it.
//!
//! Nothing that others chose is an argument or a name of a variable: all that the command gets is the message, as its standard
//! input. In the header stand the address, the host's name and the threshold, of which no character can end a line.
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use chrono::{Local, TimeZone};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getegid, geteuid};

use super::book::Mail;
use crate::calendar::to_the_minute;
use crate::error::words;
use crate::ingest::AsRoot;
use crate::say::masked;

/// The command has to be done in this time.
const LIMIT: Duration = Duration::from_secs(60);

/// No field of the header is longer, in characters.
const LONGEST: usize = 300;

/// The message about `mail`, from the server `host` to the address `to`.
pub(super) fn message(mail: &Mail, host: &str, to: &str) -> Vec<u8> {
    let Mail { number, level, threshold, begins, at, since, found } = mail;
    // Whatever stands in them is on one line.
    let (threshold, found) = (masked(threshold), masked(found));
    let time = Local.timestamp_opt(*at, 0).earliest();
    let date = time.map_or_else(String::new, |time| format!("Date: {}\n", time.to_rfc2822()));
    let name: String =
        host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).take(200).collect();
    let name = if name.is_empty() { "localhost".to_owned() } else { name };
    let subject = if *begins { format!("{level}: {threshold}") } else { format!("over: {threshold}") };
    let text = if *begins {
        format!(
            "{level} since {}: {threshold}\n\nIt is {found}.\n\nOne more mail comes when it is over.\n",
            to_the_minute(*at)
        )
    } else {
        format!(
            "Over since {}: {threshold}\n\nIt is {found}.\nIt had begun at {}.\n",
            to_the_minute(*at),
            to_the_minute(*since)
        )
    };
    let body: Vec<String> = text.lines().map(cut).collect();
    // The same mail has the same Message-ID, so that whoever gets it twice can tell.
    format!(
        "To: {to}\nSubject: {subject}\n{date}Message-ID: <maillogs.{at}.{number}@{name}>\nAuto-Submitted: auto-generated\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n\n-- \nmaillogs on {name}\n",
        to = field(to),
        subject = field(&format!("[{name}] {subject}")),
        body = body.join("\n"),
    )
    .into_bytes()
}

/// The first part of a line, up to the length that a line of mail may have.
fn cut(line: &str) -> String {
    let end = line.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 900).last();
    line[..end.unwrap_or_default()].to_owned()
}

/// A text as a field of a header may have it: printable ASCII on one line.
fn field(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).take(LONGEST).collect()
}

/// Gives `message` to `command`, which is toaster.conf's and may be anything that a shell understands. It runs with the ids that we
/// work with, also as its real ones. `near`: a file of ours, beside which the message may be kept meanwhile.
///
/// # Errors
/// Why it was not sent.
pub(super) fn send(command: &str, message: &[u8], near: &Path, as_root: AsRoot) -> Result<(), String> {
    let failed = |what: &str, e: &std::io::Error| format!("{what}: {}", words(e));
    // A pipe could be full before anybody reads from it.
    let input = || -> std::io::Result<File> {
        let mut file = tempfile::tempfile_in(near.parent().unwrap_or(near))?;
        file.write_all(message)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    };
    let input = input().map_err(|e| failed("the message cannot be written", &e))?;
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).current_dir("/").stdin(input).stdout(Stdio::null()).process_group(0);
    let (uid, gid) = (geteuid(), getegid());
    let mut started = None;
    as_root(&mut || {
        if geteuid() != uid {
            shell.uid(uid.as_raw()).gid(gid.as_raw());
        }
        started = Some(shell.spawn());
    });
    let mut child = match started {
        Some(Ok(child)) => child,
        Some(Err(e)) => return Err(failed("it cannot be started", &e)),
        None => return Err("it was not started".to_owned()),
    };
    match wait(&mut child, LIMIT) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(match (status.code(), status.signal()) {
            (Some(code), _) => format!("it exits {code}"),
            (_, signal) => format!("signal {} has ended it", signal.unwrap_or_default()),
        }),
        Ok(None) => Err(format!("it was not done after {} s", LIMIT.as_secs())),
        Err(e) => Err(failed("it cannot be waited for", &e)),
    }
}

/// How it ended. `None`: it did not in time, and was killed with all that it started.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let (begun, mut pause) = (Instant::now(), Duration::from_millis(2));
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= limit {
            if let Ok(id) = i32::try_from(child.id()) {
                let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(begins: bool, threshold: &str, found: &str) -> Mail {
        let (level, threshold, found) = ("critical".into(), threshold.into(), found.into());
        Mail { number: 7, level, threshold, begins, at: 1_795_434_360, since: 1_795_430_000, found }
    }

    /// A text of a log stands in the body alone, and there on one line.
    #[test]
    fn no_text_can_make_a_header() {
        let bad = "x\r\nBcc: everybody@example.org\n\n\u{1b}[31m\u{2028}ü";
        for begins in [true, false] {
            for message in [
                message(&mail(begins, "a.b > 1/h", bad), "mx.example.org", "postmaster"),
                message(&mail(begins, bad, "5/h"), "mx.example.org", "postmaster"),
                message(&mail(begins, "a.b > 1/h", "5/h"), bad, bad),
            ] {
                let message = String::from_utf8(message).unwrap();
                let (head, body) = message.split_once("\n\n").unwrap();
                assert!(head.is_ascii() && !head.contains(['\r', '\u{1b}']), "{head:?}");
                let names: Vec<&str> = head.lines().map(|line| line.split_once(": ").unwrap().0).collect();
                assert_eq!(
                    names,
                    [
                        "To",
                        "Subject",
                        "Date",
                        "Message-ID",
                        "Auto-Submitted",
                        "MIME-Version",
                        "Content-Type",
                        "Content-Transfer-Encoding"
                    ]
                );
                assert!(!body.contains(['\r', '\u{1b}', '\u{2028}']), "{body:?}");
                assert!(body.lines().all(|line| !line.starts_with("Bcc")), "{body:?}");
            }
        }
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_what_it_has_started() {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "sleep 600 & echo $!; wait"]).process_group(0).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut started = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut started).unwrap();
        assert_eq!(wait(&mut child, Duration::from_millis(20)).unwrap(), None);
        // Killed it is at once; it is gone when whoever has inherited it has waited for it. Its end of the pipe is closed.
        assert_eq!(std::io::Read::read(&mut out, &mut [0; 1]).unwrap(), 0, "{started} lives");
        let mut child = Command::new("/bin/sh").args(["-c", "exit 3"]).spawn().unwrap();
        assert_eq!(wait(&mut child, LIMIT).unwrap().and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn no_line_is_longer_than_mail_allows() {
        let long = "y€".repeat(2_000);
        let message = message(&mail(true, &long, &long), &long, &long);
        assert!(message.split(|byte| *byte == b'\n').all(|line| line.len() < 998));
    }
}

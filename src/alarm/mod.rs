//! Thresholds of toaster.conf and of the command line: whether they are crossed, and one mail when that begins and one when
//! it ends.
//!
//! | file | purpose |
//! |---|---|
//! | `judge` | thresholds → verdicts, by what the protocols are at |
//! | `book` | what has begun, and which mails were not sent yet: one small file |
//! | `mail` | a message, and the command that takes it |
mod book;
mod judge;
mod mail;

use std::path::Path;
use std::time::Duration;

use crate::calendar::to_the_minute;
use crate::config::Config;
use crate::disk;
use crate::error::{Error, Result};
use crate::ingest::AsRoot;
use crate::say::warn;
use crate::store::lock::lock;
use book::Book;

pub use judge::{Asked, configured, verdicts};

/// How long one process waits for another one: a little longer than that one waits for its mail command.
const PATIENCE: Duration = Duration::from_secs(90);

/// Who runs us.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Unix seconds. It is read once the lock is held.
    pub clock: fn() -> i64,
    /// Runs what needs root's rights.
    pub as_root: AsRoot,
    /// What this server is called.
    pub host: &'a str,
}

/// Judges all thresholds of toaster.conf, notes which began and which ended, and sends a mail for each that did, and
/// those that could not be sent before. Returns what was found.
///
/// # Errors
/// When another process does this for too long, the file cannot be read or written, or a mail cannot be sent. What is not sent is
/// tried again at the next run.
pub fn run(config: &Config, around: Surroundings<'_>) -> Result<Vec<String>> {
    let dir = config.logs_base.join("state");
    disk::make_dir(&dir)?;
    let _held = lock(&dir.join("alarm.lock"), PATIENCE)?;
    let (file, now) = (dir.join("alarm.state"), (around.clock)());
    let mut book = Book::read(&file, now)?;
    let before = book.clone();
    let verdicts = verdicts(config, &configured(config), around.clock, around.as_root)?;
    let told = verdicts.iter().map(|verdict| {
        let is = match &verdict.found {
            Ok(judged) if judged.holds => verdict.level.name(),
            Ok(_) => "ok",
            Err(_) => "unknown",
        };
        format!("{is}: {}: {}", verdict.threshold, verdict.words(&to_the_minute))
    });
    let told = told.collect();
    book.turn(&verdicts, now);
    // What began is known before anybody is told of it: whoever is killed while he sends a mail sends the same one again.
    if book != before {
        book.write(&file)?;
    }
    send(config, &mut book, &file, around)?;
    Ok(told)
}

/// Sends the mails of the book, the oldest first, and strikes each out when it is sent.
fn send(config: &Config, book: &mut Book, file: &Path, around: Surroundings<'_>) -> Result<()> {
    while let Some(next) = book.mails.first() {
        let message = mail::message(next, around.host, &config.toaster_admin_email);
        if let Err(why) = mail::send(&config.mail_command, &message, file, around.as_root) {
            let waits = book.mails.len();
            return Err(Error::Message(format!(
                "mail_command: {why}; {waits} {} at the next run",
                if waits == 1 { "mail is tried again" } else { "mails are tried again" }
            )));
        }
        book.mails.remove(0);
        if let Err(e) = book.write(file) {
            warn("the mail was sent, and will come again");
            return Err(e);
        }
    }
    Ok(())
}
